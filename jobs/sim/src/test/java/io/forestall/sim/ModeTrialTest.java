package io.forestall.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModeModel.Subject;
import io.forestall.risk.ModelSet;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.series.EwmaDetector;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ModeTrialTest {
  private static final long HOUR = 3_600_000L;

  private static List<EvidenceTally> run(long seed, Set<FaultKind> kinds, ModeModel modes) {
    return ModeTrial.run(
        new FaultTrial.Options(seed, 6, 2, 1_717_372_800_000L, 1, 60_000, HOUR, 8 * HOUR, 1, kinds),
        OfflineSense.Settings.defaults(modes),
        ModelSet.of(TrainedModels.defaultDiskModel()),
        () -> new EwmaDetector(0.1));
  }

  private static EvidenceTally of(List<EvidenceTally> all, Subject subject, FailureMode mode) {
    return all.stream()
        .filter(each -> each.subject() == subject && each.mode() == mode)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void countsEvidenceWithFaultsAndWithout() {
    EnumSet<FaultKind> kinds = EnumSet.of(FaultKind.DYING_NIC, FaultKind.SLOW_DISK);
    List<EvidenceTally> all = run(7, kinds, ModeModel.none());
    EvidenceTally network = of(all, Subject.MACHINE, FailureMode.NETWORK);
    assertThat(network.faultCount()).isEqualTo(1);
    assertThat(network.faultsFrom(EvidenceTally.step(6))).as("it was clearly seen").isEqualTo(1);
    assertThat(network.withCount()).as("examples of two hours and one before").isBetween(20L, 50L);
    assertThat(network.withoutCount()).isGreaterThan(1000);
    assertThat(network.nodeWeeks()).isEqualTo(6 * 16 / (7 * 24.0));
    assertThat(of(all, Subject.DRIVE, FailureMode.FAIL_SLOW).faultCount()).isEqualTo(1);
    EvidenceTally links = of(all, Subject.LINK, FailureMode.NETWORK);
    assertThat(links.faultCount()).isZero();
    assertThat(links.withoutCount()).as("links that nobody blames are examples").isPositive();
  }

  @Test
  void theSameSeedGivesTheSameCountsWhateverModelIsInUse() {
    EnumSet<FaultKind> kinds = EnumSet.of(FaultKind.CRASH_LOOP);
    List<EvidenceTally> one = run(3, kinds, ModeModel.none());
    List<EvidenceTally> other = run(3, kinds, TrainedModels.nodeModes());
    assertThat(other).hasSameSizeAs(one);
    for (int i = 0; i < one.size(); i++) {
      assertThat(other.get(i).with).isEqualTo(one.get(i).with);
      assertThat(other.get(i).without).isEqualTo(one.get(i).without);
      assertThat(other.get(i).faults).isEqualTo(one.get(i).faults);
      assertThat(other.get(i).calmDays).isEqualTo(one.get(i).calmDays);
    }
  }
}
