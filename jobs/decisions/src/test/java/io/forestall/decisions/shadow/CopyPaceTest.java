package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.shadow.CopyPace.Bounds;
import org.junit.jupiter.api.Test;

class CopyPaceTest {
  private static final int CHUNK = 1_000_000;
  private static final Bounds BOUNDS = new Bounds(4_000_000, 40_000_000, 8_000_000, 1.5, 1_000);

  private final CopyPace pace = new CopyPace(BOUNDS, 0);
  private long now;

  /** Asks whenever it may for so long; bytes asked for. */
  private long fetch(long millis, long latencyMicros, long usualMicros) {
    long bytes = 0;
    for (long end = now + millis; now < end; now++) {
      if (pace.mayAsk(now)) {
        pace.asked(CHUNK);
        pace.heard(latencyMicros, usualMicros);
        bytes += CHUNK;
      }
    }
    return bytes;
  }

  @Test
  void itGetsFasterStepByStepUpToItsMost() {
    assertThat(fetch(1_000, 500, 500)).isBetween(4_000_000L, 6_000_000L);
    assertThat(fetch(1_000, 500, 500)).isBetween(11_000_000L, 13_000_000L);
    fetch(4_000, 500, 500);
    assertThat(pace.bytesPerSecond()).isEqualTo(40_000_000);
    assertThat(fetch(1_000, 500, 500)).isBetween(39_000_000L, 41_000_000L);
  }

  @Test
  void itHalvesAsLongAsClientsAreSlowerThanUsualAndNeverStops() {
    fetch(6_000, 500, 500);
    fetch(1_001, 2_000, 500);
    assertThat(pace.bytesPerSecond()).isEqualTo(20_000_000);
    fetch(20_000, 2_000, 500);
    assertThat(pace.bytesPerSecond()).isEqualTo(4_000_000);
    assertThat(fetch(1_000, 2_000, 500)).isBetween(3_000_000L, 5_000_000L);
  }

  @Test
  void aLittleSlowerIsNoEffectAndWithoutClientsThereIsNone() {
    fetch(3_000, 1_749, 500);
    assertThat(pace.bytesPerSecond()).isGreaterThanOrEqualTo(20_000_000);
    fetch(2_000, -1, -1);
    fetch(2_000, 1_000_000, -1);
    assertThat(pace.bytesPerSecond()).isEqualTo(40_000_000);
  }

  @Test
  void zerosAreFetchedFasterAndNotForNothing() {
    long bytes = 0;
    for (; now < 1_000; now++) {
      while (pace.mayAsk(now)) {
        pace.asked(CHUNK);
        pace.empty(CHUNK);
        bytes += CHUNK;
      }
    }

    assertThat(bytes).isBetween(60_000_000L, 68_000_000L);
  }

  @Test
  void whatWasNotUsedIsNotEarned() {
    now = 60_000;
    assertThat(pace.mayAsk(now)).isTrue();
    assertThat(pace.bytesPerSecond()).isEqualTo(4_000_000);
    assertThat(fetch(1_000, 500, 500)).as("a burst is a quarter of a second").isLessThan(7_000_000);
  }

  @Test
  void itSaysWhenItMayAskAgain() {
    assertThat(pace.nextMillis(1_000)).isEqualTo(1_000);
    pace.asked(9_000_000);
    long next = pace.nextMillis(1_000);
    assertThat(next).isBetween(2_900L, 3_100L);
    assertThat(pace.mayAsk(1_001)).isFalse();
    assertThat(new CopyPace(BOUNDS, 0).mayAsk(0)).as("nothing is there at first").isFalse();
  }

  @Test
  void boundsThatAllowNothingAreRefused() {
    assertThatThrownBy(() -> new Bounds(0, 1, 1, 2, 0)).hasMessageContaining("a pace needs");
    assertThatThrownBy(() -> new Bounds(2, 1, 1, 2, 0)).hasMessageContaining("a pace needs");
    assertThatThrownBy(() -> new Bounds(1, 1, 1, 1, 0)).hasMessageContaining("a pace needs");
  }
}
