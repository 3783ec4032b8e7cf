package io.forestall.risk;

import static io.forestall.risk.DiskMetric.COMMAND_TIMEOUTS;
import static io.forestall.risk.DiskMetric.OFFLINE_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.PENDING_SECTORS;
import static io.forestall.risk.DiskMetric.POWER_CYCLES;
import static io.forestall.risk.DiskMetric.POWER_ON_HOURS;
import static io.forestall.risk.DiskMetric.REALLOCATED_SECTORS;
import static io.forestall.risk.DiskMetric.REPORTED_UNCORRECTABLE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What must hold of any weights that ship, however they were trained. */
class TrainedModelsTest {
  private static Assessment after(int days, int quietDays, boolean onlyOldMetrics) {
    DiskRiskEngine engine =
        new DiskRiskEngine(RiskPolicy.defaults(), ModelSet.of(TrainedModels.defaultDiskModel()));
    DiskState state = DiskState.fresh();
    Assessment last = null;
    for (int day = 0; day < days; day++) {
      double errors = day < quietDays ? 0 : 8.0 * (day - quietDays + 1);
      double hours = 9000 + 24.0 * day;
      DiskSample sample =
          onlyOldMetrics
              ? Worlds.sample(
                  day, REALLOCATED_SECTORS, errors, PENDING_SECTORS, errors, POWER_ON_HOURS, hours)
              : Worlds.sample(
                  day,
                  REALLOCATED_SECTORS,
                  errors,
                  PENDING_SECTORS,
                  errors,
                  OFFLINE_UNCORRECTABLE,
                  errors,
                  REPORTED_UNCORRECTABLE,
                  0,
                  COMMAND_TIMEOUTS,
                  0,
                  POWER_CYCLES,
                  5,
                  POWER_ON_HOURS,
                  hours);
      last = engine.observe(state, sample);
      assertThat(state.toBytes()).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
    }
    assertThat(last).isNotNull();
    return java.util.Objects.requireNonNull(last);
  }

  @Test
  void theDefaultModelHasTheShapeAndNameThatTheRestCountsOn() {
    StoredModel file = TrainedModels.defaultDiskModelFile();
    assertThat(file.id()).isEqualTo("disk-ensemble");
    assertThat(file.format()).isEqualTo(EnsembleFile.FORMAT);
    assertThat(file.mode()).isEqualTo(FailureMode.DISK);
    assertThat(file.horizonMillis()).isEqualTo(RiskPolicy.defaults().horizonMillis());
    SequenceModel model = file.compile();
    assertThat(model.inputs()).isEqualTo(FeatureExtractor.INPUTS);
    assertThat(model.stateFloats()).isEqualTo(192);
    assertThat(TrainedModels.defaultDiskModelCard()).contains("Backblaze").contains("30 days");
  }

  @Test
  void aQuietDiskIsHealthyAndADyingOneIsNot() {
    for (boolean onlyOldMetrics : new boolean[] {false, true}) {
      Assessment quiet = after(120, 120, onlyOldMetrics);
      Assessment dying = after(120, 100, onlyOldMetrics);
      assertThat(quiet.tier()).isEqualTo(Tier.HEALTHY);
      assertThat(quiet.probability()).isLessThan(0.01);
      assertThat(dying.probability()).isGreaterThan(10 * quiet.probability());
      // A scale on which the worst disk is never critical would be of no use to anyone.
      assertThat(dying.tier())
          .as("tier at probability %s", dying.probability())
          .isEqualTo(Tier.CRITICAL);
      List<ReasonPart> reasons = dying.modes().get(0).reasons();
      ReasonPart parts = reasons.get(reasons.size() - 1);
      assertThat(parts.metric()).isEqualTo("ensemble");
      assertThat(parts.contribution()).as("it tells the others in another way").isZero();
      assertThat(parts.text())
          .matches(
              "of all this the ensemble's sequences say [+-]\\d.*, trees say \\+\\d.*, detectors"
                  + " say .* and rules say .* nats");
      assertThat(dying.modes().get(0).reasons())
          .isNotEmpty()
          .extracting(ReasonPart::metric)
          .containsAnyOf("smart_5_raw", "smart_197_raw", "smart_198_raw");
    }
  }
}
