package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ForegroundLatencyTest {
  private final ForegroundLatency latency = new ForegroundLatency(0);

  /** One window of clients that wait so long. */
  private void window(long second, long micros) {
    latency.answered(micros, second * 1_000 + 100);
    latency.answered(micros, second * 1_000 + 900);
  }

  @Test
  void nothingIsSaidBeforeAnybodyAsked() {
    assertThat(latency.latencyMicros(5_000)).isNegative();
    assertThat(latency.usualMicros(5_000)).isNegative();
  }

  @Test
  void whatIsUsualIsLearnedWhileNothingIsFetched() {
    for (int second = 0; second < 30; second++) {
      window(second, second < 15 ? 400 : 800);
    }
    assertThat(latency.latencyMicros(30_000)).isEqualTo(800);
    assertThat(latency.usualMicros(30_000)).isBetween(770L, 800L);
  }

  @Test
  void aSlownessThatFetchingMakesDoesNotBecomeUsual() {
    window(0, 400);
    for (int second = 1; second < 60; second++) {
      latency.fetched(second * 1_000L);
      window(second, 9_000);
    }
    assertThat(latency.latencyMicros(60_000)).isEqualTo(9_000);
    assertThat(latency.usualMicros(60_000)).isEqualTo(400);
  }

  @Test
  void whoIsFetchedFromSinceItsFirstClientHasTheFirstWindowForUsual() {
    for (int second = 0; second < 10; second++) {
      latency.fetched(second * 1_000L);
      window(second, second == 0 ? 500 : 5_000);
    }
    assertThat(latency.usualMicros(10_000)).isEqualTo(500);
  }

  @Test
  void whatLiesBackSaysNothingOfNow() {
    window(0, 400);
    assertThat(latency.latencyMicros(1_500)).isEqualTo(400);
    assertThat(latency.latencyMicros(9_000)).isNegative();
    assertThat(latency.usualMicros(9_000)).isEqualTo(400);
  }
}
