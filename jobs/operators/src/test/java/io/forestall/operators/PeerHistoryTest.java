package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PeerHistoryTest {

  private static final long WINDOW = 100;

  private static PeerSummary window(long endMillis) {
    return new PeerSummary(
        "g",
        endMillis - WINDOW,
        endMillis,
        new int[Signal.COUNT],
        SignalSample.absentValues(),
        SignalSample.absentValues(),
        Double.NaN,
        Double.NaN,
        Double.NaN);
  }

  private static long endMillis(PeerHistory history, long millis) {
    return Objects.requireNonNull(history.at(millis, WINDOW)).endMillis();
  }

  @Test
  void newestWindowThatIsClosedAndNotTooOld() {
    PeerHistory history = PeerHistory.EMPTY.with(window(1000)).with(window(1200));
    assertThat(endMillis(history, 1200)).isEqualTo(1200);
    assertThat(endMillis(history, 1199)).isEqualTo(1000);
    assertThat(endMillis(history, 1500)).as("up to four back").isEqualTo(1200);
    assertThat(history.at(1600, WINDOW)).as("too old to compare with").isNull();
    assertThat(history.at(999, WINDOW)).isNull();
    assertThat(PeerHistory.EMPTY.at(999, WINDOW)).isNull();
  }

  @Test
  void orderOfArrivalDoesNotMatterAndTheNumberIsBounded() {
    long seed = 7;
    List<PeerSummary> windows = new ArrayList<>();
    for (int i = 1; i <= 30; i++) {
      windows.add(window(i * WINDOW));
    }
    Collections.shuffle(windows, new Random(seed));
    PeerHistory history = PeerHistory.EMPTY;
    for (PeerSummary window : windows) {
      history = history.with(window).with(window);
    }
    assertThat(history.windows())
        .as("seed %d", seed)
        .extracting(PeerSummary::endMillis)
        .containsExactly(3000L, 2900L, 2800L, 2700L, 2600L, 2500L, 2400L, 2300L);
  }

  @Test
  void windowThatASampleMayLookAt() {
    // A minute of out-of-orderness, windows of five: a sample at 12:07 looks at 11:55 to 12:00
    // (12:01 is five minutes and one behind it).
    long noon = 12 * 3_600_000L;
    long minute = 60_000;
    assertThat(EventWindows.closedMillis(noon + 7 * minute, 5 * minute, minute)).isEqualTo(noon);
    assertThat(EventWindows.closedMillis(noon + 6 * minute, 5 * minute, minute)).isEqualTo(noon);
    assertThat(EventWindows.closedMillis(noon + 6 * minute - 1, 5 * minute, minute))
        .isEqualTo(noon - 5 * minute);
    assertThat(EventWindows.endMillis(noon, 5 * minute)).isEqualTo(noon + 5 * minute);
    assertThat(EventWindows.endMillis(noon - 1, 5 * minute)).isEqualTo(noon);
  }
}
