package io.forestall.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModelSet;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.series.EnsembleDetector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Small worlds through the whole pipeline: what is planted is found, and nobody else is blamed. */
final class FaultTrialTest {

  private static final long HOUR = 3_600_000L;

  private static FaultTrial.Options options(long seed, int faults, FaultKind... kinds) {
    return new FaultTrial.Options(
        seed, 12, 4, 1_717_372_800_000L, 1, 60_000, HOUR, 10 * HOUR, faults, Set.of(kinds));
  }

  private static FaultTrial.Result run(FaultTrial.Options options) {
    return FaultTrial.run(
        options,
        OfflineSense.Settings.defaults(),
        ModelSet.of(TrainedModels.defaultDiskModel()),
        EnsembleDetector::standard);
  }

  @Test
  void findsWhatWasPlantedAndBlamesNobodyElse() {
    List<FaultTrial.Outcome> outcomes = new ArrayList<>();
    for (long seed = 101; seed <= 102; seed++) {
      FaultTrial.Result result =
          run(
              options(
                  seed,
                  1,
                  FaultKind.DYING_NIC,
                  FaultKind.FLAPPING_LINK,
                  FaultKind.CRASH_LOOP,
                  FaultKind.SILENT_NODE,
                  FaultKind.CLOCK_JUMP,
                  FaultKind.DUPLICATE_FRAMES,
                  FaultKind.RENAMED_EXPORTER));
      outcomes.addAll(result.outcomes());
      assertThat(result.falseAlarms()).as("seed %d", seed).isEmpty();
    }
    assertThat(outcomes).hasSizeGreaterThan(11);
    assertThat(outcomes)
        .allSatisfy(
            outcome -> {
              assertThat(outcome.found()).as("%s", outcome).isTrue();
              assertThat(outcome.delayMillis()).as("%s", outcome).isLessThan(HOUR / 2);
              assertThat(outcome.wrong()).as("%s", outcome).isEmpty();
            });
  }

  @Test
  void findsALeakBeforeTheMemoryIsGone() {
    FaultTrial.Result result = run(options(103, 2, FaultKind.MEMORY_LEAK));
    assertThat(result.outcomes()).hasSize(2);
    for (FaultTrial.Outcome outcome : result.outcomes()) {
      assertThat(outcome.found()).as("%s", outcome).isTrue();
      assertThat(outcome.foundMillis()).isLessThan(outcome.fault().endMillis());
      assertThat(outcome.wrong()).isEmpty();
    }
  }

  @Test
  void saysTheSameTwice() {
    FaultTrial.Options options = options(104, 1, FaultKind.DYING_NIC, FaultKind.SLOW_DISK);
    assertThat(run(options)).isEqualTo(run(options));
  }

  @Test
  void aHealthyFleetIsLeftInPeace() {
    FaultTrial.Result result = run(options(105, 1, FaultKind.DYING_NIC).healthy());
    assertThat(result.outcomes()).isEmpty();
    assertThat(result.falseAlarms()).isEmpty();
    assertThat(result.samples()).isGreaterThan(100_000);
    assertThat(result.nodeWeeks()).isBetween(0.9, 1.1);
  }

  @Test
  void reportsCountsDelaysAndRates() {
    Fault fault = new Fault("a", FaultKind.DYING_NIC, "node/n-0001", 1_000, 10_000, 1);
    Fault other = new Fault("b", FaultKind.DYING_NIC, "node/n-0002", 1_000, 10_000, 1);
    FaultReport report =
        FaultReport.of(
            List.of(
                new FaultTrial.Result(
                    List.of(
                        new FaultTrial.Outcome(fault, 4_000, List.of()),
                        new FaultTrial.Outcome(other, -1, List.of("node/n-0003 NETWORK"))),
                    List.of(new FaultTrial.FalseAlarm("node/n-0004", FailureMode.SOFTWARE, 5, "")),
                    2,
                    10)),
            List.of(new FaultTrial.Result(List.of(), List.of(), 4, 5)));
    assertThat(report.kinds())
        .containsExactly(new FaultReport.Line(FaultKind.DYING_NIC, 2, 1, 3_000, 3_000, 1));
    assertThat(report.falseAlarms()).containsEntry(FailureMode.SOFTWARE, 0.5);
    assertThat(report.falseAlarmsHealthy()).containsEntry(FailureMode.SOFTWARE, 0.0);
    assertThat(report.samples()).isEqualTo(15);
  }
}
