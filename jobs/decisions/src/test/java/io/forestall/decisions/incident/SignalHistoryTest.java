package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What spoke in each past incident surprises nobody; what never spoke does. */
class SignalHistoryTest {

  private static final Subject A = Subject.node("a");
  private static final Subject B = Subject.node("b");

  @Test
  void theUsualIsNoSurprise() {
    SignalHistory history = new SignalHistory();
    double unknown = history.surprise(A, "s");
    for (int i = 0; i < 20; i++) {
      history.learn(Map.of(A, Set.of("s")));
    }
    assertThat(history.surprise(A, "s")).isLessThan(0.5).isLessThan(unknown);
    assertThat(history.surprise(A, "other"))
        .isGreaterThan(history.surprise(B, "s"))
        .isGreaterThan(2);
  }

  @Test
  void aSignalThatAllThingsShowIsLessSurprisingOnANewOne() {
    SignalHistory history = new SignalHistory();
    for (int i = 0; i < 10; i++) {
      history.learn(
          Map.of(
              Subject.node("n" + i % 3),
              Set.of("often"),
              Subject.node("m" + i),
              Set.of("seldom" + i)));
    }
    assertThat(history.surprise(B, "often")).isLessThan(history.surprise(B, "never"));
  }

  @Test
  void oldIncidentsFade() {
    SignalHistory history = new SignalHistory();
    history.learn(Map.of(A, Set.of("s")));
    double fresh = history.surprise(A, "s");
    for (int i = 0; i < 30; i++) {
      history.learn(Map.of(B, Set.of("t")));
    }
    assertThat(history.surprise(A, "s")).isGreaterThan(fresh + 1);
  }
}
