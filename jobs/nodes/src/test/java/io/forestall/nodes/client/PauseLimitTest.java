package io.forestall.nodes.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PauseLimitTest {
  private final PauseLimit limit = new PauseLimit();

  @Test
  void oneASecondIsToldForEachVolume() {
    assertThat(limit.tells("v", 20, 10_000)).isTrue();
    assertThat(limit.tells("v", 20, 10_000)).isFalse();
    assertThat(limit.tells("v", 20, 10_999)).isFalse();
    assertThat(limit.tells("w", 20, 10_999)).isTrue();
    assertThat(limit.tells("v", 20, 11_000)).isTrue();
  }

  @Test
  void aShortPauseDoesNotHideALongOneAfterIt() {
    assertThat(limit.tells("v", 21, 10_000)).isTrue();
    assertThat(limit.tells("v", 336, 10_600)).isTrue();
    assertThat(limit.tells("v", 300, 10_700)).as("a second since the newest").isFalse();
    assertThat(limit.tells("v", 20, 11_600)).isTrue();
  }
}
