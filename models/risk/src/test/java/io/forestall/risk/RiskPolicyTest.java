package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RiskPolicyTest {
  private static final RiskPolicy POLICY = RiskPolicy.defaults();

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.0001, 0",
    "0.005, 25",
    "0.02, 40",
    "0.06, 60",
    "0.12, 80",
    "0.9, 100",
    "0.99, 100",
    "1, 100"
  })
  void anchorsHaveTheirScores(double probability, double score) {
    assertThat(POLICY.score(probability)).isCloseTo(score, within(1e-9));
  }

  @Test
  void halfWayInLogOddsIsHalfWayInScore() {
    double between = 1 / (1 + Math.exp(-(RiskPolicy.logOdds(0.02) + RiskPolicy.logOdds(0.06)) / 2));
    assertThat(POLICY.score(between)).isCloseTo(50, within(1e-9));
  }

  @Test
  void scoreNeverFallsWhenTheProbabilityGrows() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 200_000; i++) {
      double p = Math.pow(random.nextDouble(), 1 + random.nextInt(8));
      double q = i % 2 == 0 ? Math.nextUp(p) : Math.min(1, p * (1 + random.nextDouble()));
      assertThat(POLICY.score(q))
          .as("%s after %s", q, p)
          .isGreaterThanOrEqualTo(POLICY.score(p))
          .isBetween(0.0, 100.0);
    }
  }

  @Test
  void contradictionsAreNamed() {
    RiskPolicy.Band band = POLICY.watch();
    assertRefused("left below", () -> with(POLICY.anchors(), new RiskPolicy.Band(30, 30), 1000));
    assertRefused(
        "entered in order", () -> with(POLICY.anchors(), new RiskPolicy.Band(70, 30), 1000));
    assertRefused("left in order", () -> with(POLICY.anchors(), new RiskPolicy.Band(60, 55), 1000));
    assertRefused("two anchors", () -> with(List.of(new RiskPolicy.Anchor(0.5, 50)), band, 1000));
    assertRefused(
        "not be below the one before it",
        () ->
            with(
                List.of(new RiskPolicy.Anchor(0.5, 50), new RiskPolicy.Anchor(0.6, 49)),
                band,
                1000));
    assertRefused(
        "between 0 and 1",
        () ->
            with(List.of(new RiskPolicy.Anchor(0, 0), new RiskPolicy.Anchor(0.6, 49)), band, 1000));
    assertRefused("horizon must be above 0", () -> with(POLICY.anchors(), band, 0));
  }

  private static void assertRefused(
      String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Risk policy: ")
        .hasMessageContaining(message);
  }

  private static RiskPolicy with(
      List<RiskPolicy.Anchor> anchors, RiskPolicy.Band watch, long horizonMillis) {
    return new RiskPolicy(
        horizonMillis,
        anchors,
        watch,
        POLICY.warning(),
        POLICY.critical(),
        0,
        0,
        POLICY.staleAfterMillis(),
        POLICY.unknownAfterMillis(),
        0.1,
        30,
        1,
        0.01,
        5);
  }
}
