package io.forestall.operators;

import static io.forestall.operators.TestingMachines.START_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.Tier;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.Event;
import io.forestall.schemas.Risk;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NodeRiskFunctionTest {

  private static final long STEP = 15_000;
  private static final long MINUTE = 60_000;

  private static KeyedHarness<String, NodeInput, Void, RiskUpdate> harness(
      RiskHarness.Backend backend, @Nullable OperatorSubtaskState from) throws Exception {
    SenseSettings settings = SenseSettings.defaults();
    return KeyedHarness.of(
        new NodeRiskFunction(settings, new StandardEngines(settings)),
        NodeInput::entity,
        Types.STRING,
        RiskUpdate.type(),
        backend,
        from);
  }

  private static KeyedHarness<String, NodeInput, Void, RiskUpdate> harness() throws Exception {
    return harness(RiskHarness.Backend.HEAP, null);
  }

  private static Finding finding(String entity, int step, FailureMode mode, double probability) {
    return new Finding(
        entity,
        START_MILLIS + step * STEP,
        1,
        step + 1,
        List.of(new ModeAssessment(mode, probability, 3_600_000, "symptoms", 1, List.of())));
  }

  private static NodeInput own(String entity, int step, double probability) {
    return NodeInput.finding(finding(entity, step, FailureMode.SOFTWARE, probability), "");
  }

  private static NodeInput share(String disk, int step, double probability) {
    return NodeInput.disk(
        "node/n-1",
        new DiskShare(
            disk,
            START_MILLIS + step * STEP,
            probability,
            30 * 86_400_000L,
            90,
            Tier.CRITICAL,
            false,
            "m",
            3));
  }

  private static List<Risk> risks(KeyedHarness<?, ?, ?, RiskUpdate> harness) {
    return harness.output().stream().map(RiskUpdate::risk).filter(Objects::nonNull).toList();
  }

  private static Risk last(KeyedHarness<?, ?, ?, RiskUpdate> harness) {
    List<Risk> risks = risks(harness);
    return risks.get(risks.size() - 1);
  }

  @Test
  void findingsBlameAndDisksBecomeOneScore() throws Exception {
    try (var harness = harness()) {
      harness.send(own("node/n-1", 0, 0.0003));
      double quiet = last(harness).getScore();
      harness.send(
          NodeInput.blame(finding("node/n-1", 1, FailureMode.NETWORK, 0.6)),
          own("node/n-1", 2, 0.0003));
      Risk blamed = last(harness);
      assertThat(blamed.getScore()).isGreaterThan(quiet + 30);
      assertThat(blamed.getModes())
          .extracting(mode -> mode.getMode())
          .contains(io.forestall.schemas.FailureMode.NETWORK);
      harness.send(share("a", 3, 0.9), share("b", 3, 0.9), own("node/n-1", 4, 0.0003));
      assertThat(last(harness).getModes())
          .filteredOn(mode -> mode.getMode() == io.forestall.schemas.FailureMode.DISK)
          .singleElement()
          .satisfies(mode -> assertThat(mode.getProbability()).isBetween(0.7, 0.9));
      harness.send(
          NodeInput.diskGone("node/n-1", "a", START_MILLIS + 5 * STEP), own("node/n-1", 6, 0.0003));
      assertThat(last(harness).getModes())
          .filteredOn(mode -> mode.getMode() == io.forestall.schemas.FailureMode.DISK)
          .allSatisfy(mode -> assertThat(mode.getProbability()).isLessThan(0.1));
      List<Event> events = harness.side(SenseTags.PREDICTED_EVENTS);
      assertThat(events).isNotEmpty();
      assertThat(events.get(0).getType()).isEqualTo("node.failed");
      assertThat(events.get(0).getSummary()).startsWith("Node n-1 is ");
    }
  }

  private static NodeInput wrong(String finding, int step) {
    return NodeInput.wrongBytes("node/n-1", finding, START_MILLIS + step * STEP);
  }

  private static final long WRONG_LASTS = 3 * 86_400_000L;

  /** Bytes that the comparison of copies found to be not what the node wrote. */
  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void wrongBytesMoveTheScoreOnceEachAndAreForgotten(RiskHarness.Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    double quiet;
    double once;
    try (var harness = harness(backend, null)) {
      harness.send(own("node/n-1", 0, 0.0003));
      quiet = last(harness).getScore();
      harness.send(wrong("copy.diverged/node/n-1/v/0/1/0", 1));
      once = last(harness).getScore();
      assertThat(once).isGreaterThan(quiet + 5);
      assertThat(last(harness).getModes())
          .filteredOn(mode -> mode.getMode() == io.forestall.schemas.FailureMode.DISK)
          .singleElement()
          .satisfies(
              mode ->
                  assertThat(mode.getReasons())
                      .extracting(io.forestall.schemas.Reason::getText)
                      .containsExactly(
                          "one range of its copies held other bytes than it wrote, in the last"
                              + " days"));
      int told = risks(harness).size();
      harness.send(wrong("copy.diverged/node/n-1/v/0/1/0", 2));
      assertThat(risks(harness)).as("a repeat says nothing").hasSize(told);
      snapshot = harness.snapshot();
    }
    try (var harness = harness(backend, snapshot)) {
      harness.send(wrong("copy.diverged/node/n-1/v/0/1/0", 3));
      assertThat(risks(harness)).as("not after a restore either").isEmpty();
      for (int range = 1; range < 10; range++) {
        harness.send(wrong("copy.diverged/node/n-1/v/0/1/" + range, 3));
      }
      assertThat(last(harness).getScore()).as("ten are no accident").isGreaterThan(once + 20);
      // It is heard all the time, so that only what was found is forgotten.
      int days = (int) (WRONG_LASTS / STEP) + 10;
      harness.send(own("node/n-1", days, 0.0003));
      harness.reach(START_MILLIS + days * STEP);
      assertThat(last(harness).getScore()).isLessThan(quiet + 1);
      assertThat(last(harness).getModes())
          .noneMatch(mode -> mode.getMode() == io.forestall.schemas.FailureMode.DISK);
    }
  }

  @Test
  void whoOnlyHadWrongBytesIsForgottenWithThem() throws Exception {
    try (var harness = harness()) {
      harness.send(wrong("a", 0));
      assertThat(risks(harness)).hasSize(1);
      harness.reach(START_MILLIS + WRONG_LASTS + 1);
      assertThat(harness.output().get(harness.output().size() - 1).risk()).isNull();
      assertThat(harness.timers()).isZero();
    }
  }

  @Test
  void repeatSaysNothing() throws Exception {
    try (var harness = harness()) {
      harness.send(own("node/n-1", 3, 0.1), own("node/n-1", 3, 0.9), own("node/n-1", 2, 0.9));
      assertThat(risks(harness)).hasSize(1);
    }
  }

  /** Half silence: one of two machines stops. Silence: then the other one. */
  @Test
  void silenceMakesStaleThenUnknownAndNeverHealth() throws Exception {
    try (var harness = harness()) {
      for (int step = 0; step < 40; step++) {
        harness.send(own("node/n-1", step, 0.0003));
        if (step < 20) {
          harness.send(own("node/n-2", step, 0.0003));
        }
      }
      long stopMillis = START_MILLIS + 19 * STEP;
      harness.reach(stopMillis + 5 * MINUTE - 1);
      assertThat(risks(harness)).noneMatch(Risk::getStale);
      harness.reach(stopMillis + 5 * MINUTE);
      Risk stale = last(harness);
      assertThat(stale.getEntity().getId()).isEqualTo("n-2");
      assertThat(stale.getStale()).isTrue();
      assertThat(stale.getTimeMillis()).isEqualTo(stopMillis + 5 * MINUTE);
      assertThat(risks(harness).stream().filter(Risk::getStale)).hasSize(1);
      harness.reach(stopMillis + 2 * 3_600_000);
      for (String node : List.of("n-1", "n-2")) {
        List<Risk> of =
            risks(harness).stream().filter(r -> r.getEntity().getId().equals(node)).toList();
        assertThat(of.get(of.size() - 1).getTier()).isEqualTo(io.forestall.schemas.Tier.UNKNOWN);
      }
      assertThat(harness.timers()).isZero();
      harness.send(own("node/n-2", 1000, 0.0003));
      assertThat(last(harness).getStale()).as("back").isFalse();
    }
  }

  @Test
  void tombstoneClearsStateAndTimersAndItsRecord() throws Exception {
    try (var harness = harness()) {
      harness.send(own("node/n-1", 0, 0.5), share("a", 0, 0.5));
      assertThat(harness.timers()).isPositive();
      harness.send(NodeInput.end("node/n-1"));
      assertThat(harness.keys(NodeRiskFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(harness.output()).endsWith(new RiskUpdate("node/n-1", null));
      harness.send(NodeInput.diskGone("node/n-1", "a", START_MILLIS));
      assertThat(harness.keys(NodeRiskFunction.MEMORY)).as("its disks end after it").isZero();
    }
  }

  /** A disk may still report, and a window may still blame, after the node's tombstone. */
  @Test
  void whatIsHeardAfterTheTombstoneLeavesNothingBehind() throws Exception {
    try (var harness = harness()) {
      harness.send(own("node/n-1", 0, 0.5), share("a", 0, 0.5), NodeInput.end("node/n-1"));
      harness.send(share("a", 1, 0.5));
      harness.send(NodeInput.diskGone("node/n-1", "a", START_MILLIS + 2 * STEP));
      assertThat(harness.keys(NodeRiskFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(harness.output()).endsWith(new RiskUpdate("node/n-1", null));

      harness.send(NodeInput.blame(finding("node/n-1", 3, FailureMode.NETWORK, 0.9)));
      harness.reach(START_MILLIS + 60 * 86_400_000L);
      assertThat(harness.keys(NodeRiskFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(harness.output()).endsWith(new RiskUpdate("node/n-1", null));
    }
  }

  @Test
  void whatNoFleetEntryDescribesEndsByItself() throws Exception {
    try (var harness = harness()) {
      harness.send(
          own("volume/v", 0, 0.2),
          NodeInput.blame(finding("edge/a>b", 0, FailureMode.NETWORK, 0.9)),
          NodeInput.blame(finding("rack/r", 0, FailureMode.NETWORK, 0.9)));
      assertThat(risks(harness)).hasSize(3);
      harness.reach(START_MILLIS + 60 * 86_400_000L);
      assertThat(harness.keys(NodeRiskFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(harness.output())
          .contains(
              new RiskUpdate("volume/v", null),
              new RiskUpdate("edge/a>b", null),
              new RiskUpdate("rack/r", null));
    }
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void restoreInMidStreamChangesNothing(RiskHarness.Backend backend) throws Exception {
    List<NodeInput> inputs = new ArrayList<>();
    for (int step = 0; step < 60; step++) {
      inputs.add(own("node/n-1", step, step < 30 ? 0.001 : 0.3));
      inputs.add(share("disk-" + step % 5, step, 0.01 * step));
      if (step % 4 == 0) {
        inputs.add(NodeInput.blame(finding("node/n-1", step, FailureMode.NETWORK, 0.01 * step)));
      }
    }
    List<RiskUpdate> expected;
    try (var whole = harness(backend, null)) {
      whole.send(inputs.toArray(NodeInput[]::new));
      expected = whole.reach(START_MILLIS + 86_400_000).output();
    }
    List<RiskUpdate> actual = new ArrayList<>();
    OperatorSubtaskState state = null;
    for (int from = 0; from < inputs.size(); from += 25) {
      try (var part = harness(backend, state)) {
        part.send(
            inputs.subList(from, Math.min(inputs.size(), from + 25)).toArray(NodeInput[]::new));
        if (from + 25 >= inputs.size()) {
          part.reach(START_MILLIS + 86_400_000);
        }
        state = part.snapshot();
        actual.addAll(part.output());
      }
    }
    assertThat(actual).isEqualTo(expected).hasSizeGreaterThan(60);
  }
}
