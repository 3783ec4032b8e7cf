package io.forestall.risk.symptom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.FailureMode;
import io.forestall.risk.RiskPolicy;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SymptomPolicyTest {
  private final SymptomPolicy defaults = SymptomPolicy.defaults();

  @Test
  void theDefaultHorizonsAreThoseOfTheModes() {
    assertThat(defaults.horizonMillisOf(FailureMode.NETWORK)).isEqualTo(3_600_000L);
    assertThat(defaults.horizonMillisOf(FailureMode.SOFTWARE)).isEqualTo(6 * 3_600_000L);
    assertThat(defaults.horizonMillisOf(FailureMode.FAIL_SLOW)).isEqualTo(24 * 3_600_000L);
    assertThatThrownBy(() -> defaults.horizonMillisOf(FailureMode.UNKNOWN))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** No single piece of evidence makes a machine critical; several of a mode together do. */
  @ParameterizedTest
  @EnumSource(
      value = FailureMode.class,
      names = {"DISK", "NETWORK", "SOFTWARE", "FAIL_SLOW"})
  void theDefaultWeightsNeedMoreThanOneSign(FailureMode mode) {
    RiskPolicy risk = RiskPolicy.defaults();
    double prior = defaults.priorOf(mode);
    double all = Math.log(prior / (1 - prior));
    for (Evidence evidence : Evidence.values()) {
      if (evidence.mode() != mode) {
        continue;
      }
      Double weight = defaults.weights().get(evidence);
      assertThat(weight).isEqualTo(evidence.defaultWeight());
      double alone = Math.log(prior / (1 - prior)) + evidence.defaultWeight();
      assertThat(risk.score(1 / (1 + Math.exp(-alone))))
          .as("%s alone", evidence)
          .isLessThan(mode == FailureMode.SOFTWARE ? 90 : 80);
      all += evidence.defaultWeight();
    }
    assertThat(risk.score(1 / (1 + Math.exp(-all)))).isGreaterThan(80);
    assertThat(risk.score(prior)).as("nothing speaks for it").isLessThan(10);
  }

  @Test
  void everyWeightPriorAndHorizonIsAsked() {
    Map<Evidence, Double> lacking = new EnumMap<>(defaults.weights());
    lacking.remove(Evidence.RESTARTS);
    assertThatThrownBy(() -> with(defaults.horizonMillis(), defaults.priors(), lacking))
        .hasMessage("Symptom policy: evidence RESTARTS needs a weight of 0 to 20 nats, not null");
    Map<Evidence, Double> wild = new EnumMap<>(defaults.weights());
    wild.put(Evidence.RESTARTS, Double.NaN);
    assertThatThrownBy(() -> with(defaults.horizonMillis(), defaults.priors(), wild))
        .hasMessageContaining("RESTARTS");
    Map<FailureMode, Double> priors = new HashMap<>(defaults.priors());
    priors.put(FailureMode.DISK, 1.0);
    assertThatThrownBy(() -> with(defaults.horizonMillis(), priors, defaults.weights()))
        .hasMessage("Symptom policy: mode DISK needs a prior between 0 and 1, not 1.0");
    Map<FailureMode, Long> horizons = new HashMap<>(defaults.horizonMillis());
    horizons.remove(FailureMode.NETWORK);
    assertThatThrownBy(() -> with(horizons, defaults.priors(), defaults.weights()))
        .hasMessage("Symptom policy: mode NETWORK needs a horizon above 0");
  }

  private SymptomPolicy with(
      Map<FailureMode, Long> horizons,
      Map<FailureMode, Double> priors,
      Map<Evidence, Double> weights) {
    return new SymptomPolicy(
        horizons,
        priors,
        weights,
        defaults.detailed(),
        defaults.aloneFactor(),
        defaults.matureMillis(),
        defaults.matureSamples(),
        defaults.settleMillis(),
        defaults.missingAfterMillis(),
        defaults.anomalyEnter(),
        defaults.anomalyExit(),
        defaults.anomalyOf(),
        defaults.anomalyBegin(),
        defaults.anomalyEnd(),
        defaults.notableNats(),
        defaults.notableMillis(),
        defaults.reasonFloorNats(),
        defaults.maximumReasons(),
        defaults.maximumPathMembers(),
        defaults.maximumBlameEdges());
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 10, 100, 200, 10",
    "1, 0, 100, 200, 10",
    "1, 5000, 100, 200, 10",
    "1, 10, 200, 200, 10",
    "1, 10, 100, 200, 0",
  })
  void aNodePolicyThatContradictsItselfIsRefused(
      int tolerated, int disks, long stale, long unknown, long blame) {
    RiskPolicy risk = NodeRiskPolicy.defaults().risk();
    assertThatThrownBy(() -> new NodeRiskPolicy(risk, tolerated, disks, stale, unknown, blame))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Node risk policy: ");
  }

  @Test
  void machinesAreStaleSoonVolumesMayBeIdle() {
    assertThat(NodeRiskPolicy.defaults().risk().staleAfterMillis()).isEqualTo(5 * 60_000L);
    assertThat(NodeRiskPolicy.defaults().risk().unknownAfterMillis()).isEqualTo(30 * 60_000L);
    assertThat(NodeRiskPolicy.volumes().risk().unknownAfterMillis()).isEqualTo(24 * 3_600_000L);
    assertThat(NodeRiskPolicy.defaults().risk().anchors())
        .isEqualTo(RiskPolicy.defaults().anchors());
  }
}
