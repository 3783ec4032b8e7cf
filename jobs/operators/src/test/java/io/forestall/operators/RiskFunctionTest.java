package io.forestall.operators;

import static io.forestall.operators.TestingDisks.DAY_MILLIS;
import static io.forestall.operators.TestingDisks.disk;
import static io.forestall.operators.TestingDisks.fleet;
import static io.forestall.operators.TestingDisks.input;
import static io.forestall.operators.TestingDisks.node;
import static io.forestall.operators.TestingDisks.noonMillis;
import static io.forestall.operators.TestingDisks.sample;
import static io.forestall.operators.TestingDisks.tombstone;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.RiskHarness.Backend;
import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ModelFile;
import io.forestall.risk.ModelSet;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Event;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RiskFunctionTest {

  private static final ModelFile SHIPPED = TestingModels.file("disk-lstm", 1);
  private static final SenseSettings SETTINGS = settings(Map.of());

  @ParameterizedTest
  @EnumSource
  void saysWhatTheEngineSays(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(3), fleet(4));
      for (int day = 0; day < 30; day++) {
        job.send(input(3, day), input(4, day));
      }

      Map<String, List<Risk>> expected = new TreeMap<>();
      expected.put(disk(3), engine(3, 30, ModelSet.of(new CompiledLstm(SHIPPED))));
      expected.put(disk(4), engine(4, 30, ModelSet.of(new CompiledLstm(SHIPPED))));
      assertThat(RiskHarness.byDisk(job.risks())).isEqualTo(expected);
      assertThat(job.updates()).extracting(RiskUpdate::key).contains("disk/" + disk(3));
      assertThat(job.deadLetters()).isEmpty();
      assertThat(job.disksWithState()).containsExactly(disk(3), disk(4));
      assertThat(job.timers()).as("one timer a disk, not one a sample").isEqualTo(2);
    }
  }

  private static DiskInput slow(int number, int day, double probability) {
    return DiskInput.finding(
        disk(number),
        new Finding(
            "disk/" + disk(number),
            noonMillis(day) + 60_000,
            1,
            5000,
            List.of(
                new ModeAssessment(
                    FailureMode.FAIL_SLOW, probability, DAY_MILLIS, "symptoms", 1, List.of()))));
  }

  private static List<String> modes(Risk risk) {
    return risk.getModes().stream().map(mode -> mode.getMode().name()).toList();
  }

  @ParameterizedTest
  @EnumSource
  void findingsOfADiskUnderLoadArePartOfItsOneScore(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1));
      for (int day = 0; day < 12; day++) {
        job.send(input(1, day));
      }
      Risk before = job.risks().get(job.risks().size() - 1);
      job.send(slow(1, 11, 0.9), slow(1, 11, 0.1), input(1, 12));
      assertThat(job.risks()).as("the repeat says nothing, the I/O falls silent").hasSize(15);
      Risk slow = job.risks().get(12);
      assertThat(modes(slow)).containsExactly("DISK", "FAIL_SLOW");
      assertThat(slow.getScore()).isGreaterThan(before.getScore());
      assertThat(slow.getSamples()).as("no sample of SMART").isEqualTo(before.getSamples());
      assertThat(job.risks().get(13).getStale()).isTrue();
      assertThat(modes(job.risks().get(14))).contains("FAIL_SLOW");
      assertThat(job.timers()).isEqualTo(1);
    }
  }

  /** The fleet entry and the finding come on two ways, in either order. */
  @ParameterizedTest
  @EnumSource
  void findingWaitsForTheFleetEntryAndIsGivenUpLikeASample(Backend backend) throws Exception {
    List<Risk> inOrder;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      inOrder = job.send(fleet(1), input(1, 0), slow(1, 0, 0.9), input(1, 1)).risks();
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(slow(1, 0, 0.5), input(1, 0), slow(1, 0, 0.9));
      OperatorSubtaskState state = job.snapshot(1);
      try (RiskHarness restored = RiskHarness.risk(SETTINGS, SHIPPED, backend, state)) {
        restored.send(fleet(1), input(1, 1));
        assertThat(restored.risks()).as("the third of silence").isEqualTo(inOrder).hasSize(4);
        assertThat(restored.timers()).isEqualTo(1);
      }
      job.reach(noonMillis(0) + 3_600_000);
      assertThat(job.timers()).as("the finding is a minute younger").isEqualTo(1);
      job.reach(noonMillis(0) + 3_660_000);
      assertThat(job.disksWithState()).isEmpty();
      assertThat(job.timers()).isZero();
      assertThat(job.deadLetters()).as("of the sample").hasSize(1);
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(slow(1, 0, 0.5), tombstone(1));
      assertThat(job.disksWithState()).isEmpty();
      assertThat(job.timers()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void nodesAreToldOfScoresThatChangeOfMovesAndOfEnds(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(3), fleet(1));
      for (int day = 0; day < 30; day++) {
        job.send(input(3, day), input(1, day));
      }
      List<NodeInput> bad = of(job, 3);
      List<NodeInput> good = of(job, 1);
      assertThat(bad).extracting(NodeInput::entity).containsOnly("node/" + node(3));
      assertThat(bad.size()).as("a score that moves is told more often").isGreaterThan(good.size());
      assertThat(good.size()).as("one that stands still is not taken for stale").isGreaterThan(10);
      DiskSample moved = sample(1, 30);
      job.send(DiskInput.sample("n-else", moved, 0, 1, 0), tombstone(1));
      assertThat(of(job, 1).subList(good.size(), of(job, 1).size()))
          .extracting(NodeInput::kind, NodeInput::entity)
          .containsExactly(
              Tuple.tuple(NodeInput.Kind.DISK_GONE, "node/" + node(1)),
              Tuple.tuple(NodeInput.Kind.DISK, "node/n-else"),
              Tuple.tuple(NodeInput.Kind.DISK_GONE, "node/n-else"));
    }
  }

  private static List<NodeInput> of(RiskHarness job, int number) {
    return job.shares().stream()
        .filter(
            input ->
                input.about().equals(disk(number))
                    || (input.share() != null && input.share().disk().equals(disk(number))))
        .toList();
  }

  /** A savepoint of the time before state had an age. */
  @ParameterizedTest
  @EnumSource
  void stateWithoutAnAgeIsReadByAJobThatBoundsIt(Backend backend) throws Exception {
    SenseSettings unbounded = settings(Map.of("forestall.sense.state-ttl", "0 s"));
    List<Risk> expected;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      expected = job.send(fleet(1), input(1, 0), input(1, 1), input(1, 2)).risks();
    }
    OperatorSubtaskState state;
    List<Risk> actual = new ArrayList<>();
    try (RiskHarness job = RiskHarness.risk(unbounded, SHIPPED, backend)) {
      actual.addAll(job.send(fleet(1), input(1, 0)).risks());
      state = job.snapshot(1);
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend, state)) {
      actual.addAll(job.send(input(1, 1), input(1, 2)).risks());
    }
    assertThat(actual).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void repeatsAndLateSamplesGoToTheDeadLetters(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1), input(1, 5), input(1, 5), input(1, 4), input(1, 6));

      assertThat(job.risks()).extracting(Risk::getSamples).containsExactly(1L, 2L);
      assertThat(job.deadLetters())
          .extracting(DeadLetter::getReason)
          .containsExactly(DeadReason.DUPLICATE, DeadReason.LATE);
      DeadLetter late = job.deadLetters().get(1);
      assertThat(late.getOrigin()).isEqualTo("forestall.telemetry.v1");
      assertThat(late.getOffset()).isEqualTo(4001);
      assertThat(late.getTimeMillis()).isEqualTo(noonMillis(4));
      assertThat(late.getEntity().getId()).isEqualTo(disk(1));
      assertThat(late.getDetail()).contains("2024-01-06T12:00:00Z");
    }
  }

  @ParameterizedTest
  @EnumSource
  void samplesOfAnUnknownDiskWaitForItsFleetEntry(Backend backend) throws Exception {
    List<Risk> undisturbed;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      undisturbed = job.send(fleet(1), input(1, 0), input(1, 1), input(1, 2)).risks();
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(input(1, 0), input(1, 1));
      assertThat(job.risks()).isEmpty();
      assertThat(job.timers()).isEqualTo(1);

      job.send(fleet(1), input(1, 2));

      assertThat(job.risks()).isEqualTo(undisturbed).hasSize(3);
      assertThat(job.timers()).isEqualTo(1);
      job.reach(noonMillis(2) + 3_600_000);
      assertThat(job.deadLetters()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void samplesThatWaitTooLongAreGivenUpAndLeaveNothing(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(input(1, 0), input(1, 1));

      job.reach(noonMillis(0) + 3_600_000 - 1);
      assertThat(job.deadLetters()).isEmpty();
      job.reach(noonMillis(0) + 3_600_000);
      assertThat(job.deadLetters())
          .extracting(DeadLetter::getTimeMillis)
          .containsExactly(noonMillis(0));
      assertThat(job.timers()).isEqualTo(1);
      job.reach(noonMillis(1) + 3_600_000);

      assertThat(job.deadLetters())
          .extracting(DeadLetter::getReason)
          .containsExactly(DeadReason.UNKNOWN_ENTITY, DeadReason.UNKNOWN_ENTITY);
      assertThat(job.disksWithState()).isEmpty();
      assertThat(job.timers()).isZero();
      assertThat(job.risks()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void sampleWhoseWaitIsOverWhenItComesIsGivenUpAtOnce(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.reach(noonMillis(1) + 3_600_000);

      job.send(input(1, 0), input(1, 1), input(1, 2));

      // Its timer would wait for event time to move, which nothing moves behind the last sample.
      assertThat(job.deadLetters())
          .extracting(DeadLetter::getReason, DeadLetter::getTimeMillis)
          .containsExactly(
              Tuple.tuple(DeadReason.UNKNOWN_ENTITY, noonMillis(0)),
              Tuple.tuple(DeadReason.UNKNOWN_ENTITY, noonMillis(1)));
      assertThat(job.timers()).as("the third has time left").isEqualTo(1);
      job.send(fleet(1));
      assertThat(job.risks()).extracting(Risk::getTimeMillis).containsExactly(noonMillis(2));
    }
  }

  @ParameterizedTest
  @EnumSource
  void noMoreThanTheLimitWait(Backend backend) throws Exception {
    SenseSettings two = settings(Map.of("forestall.sense.unknown-entity-limit", "2"));
    try (RiskHarness job = RiskHarness.risk(two, SHIPPED, backend)) {
      job.send(input(1, 0), input(1, 1), input(1, 2), fleet(1));

      assertThat(job.deadLetters())
          .extracting(DeadLetter::getTimeMillis)
          .containsExactly(noonMillis(0));
      assertThat(job.risks())
          .extracting(Risk::getTimeMillis)
          .containsExactly(noonMillis(1), noonMillis(2));
    }
    SenseSettings none = settings(Map.of("forestall.sense.unknown-entity-limit", "0"));
    try (RiskHarness job = RiskHarness.risk(none, SHIPPED, backend)) {
      job.send(input(1, 0));

      assertThat(job.deadLetters()).hasSize(1);
      assertThat(job.timers()).isZero();
      assertThat(job.disksWithState()).as("nothing waits, nothing is kept").isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void tombstoneLeavesNoStateAndNoTimer(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1), input(1, 0), input(1, 1), input(2, 0));
      assertThat(job.timers()).isEqualTo(2);

      job.send(tombstone(1), tombstone(2), tombstone(3));

      assertThat(job.disksWithState()).isEmpty();
      assertThat(job.timers()).isZero();
      assertThat(job.updates().stream().filter(update -> update.risk() == null))
          .extracting(RiskUpdate::key)
          .containsExactly("disk/" + disk(1), "disk/" + disk(2), "disk/" + disk(3));
      assertThat(job.deadLetters()).as("the parked sample is not lost in silence").hasSize(1);
      int before = job.risks().size();
      job.reach(noonMillis(400));
      assertThat(job.risks()).hasSize(before);

      job.send(fleet(1), input(1, 5));
      assertThat(job.risks().get(before).getSamples()).as("a new life").isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void silenceMakesTheScoreStaleAndThenUnknown(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1));
      for (int day = 0; day < 20; day++) {
        job.send(input(1, day));
      }
      Risk last = job.risks().get(19);
      assertThat(last.getStale()).isFalse();

      job.reach(noonMillis(19) + DAY_MILLIS);
      assertThat(job.risks()).hasSize(20);
      job.reach(noonMillis(19) + 60 * DAY_MILLIS);

      List<Risk> silent = job.risks().subList(20, job.risks().size());
      assertThat(silent).isNotEmpty().allSatisfy(risk -> assertThat(risk.getStale()).isTrue());
      assertThat(silent).extracting(Risk::getSamples).containsOnly(20L);
      assertThat(silent.get(0).getConfidence()).isLessThan(last.getConfidence());
      Risk end = silent.get(silent.size() - 1);
      assertThat(end.getTier()).isEqualTo(Tier.UNKNOWN);
      assertThat(job.timers()).as("nothing more to say").isZero();
      assertThat(job.disksWithState()).containsExactly(disk(1));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsSaidDoesNotDependOnWhetherTimerOrSampleComesFirst(Backend backend) throws Exception {
    List<Risk> timerFirst;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1), input(1, 0), input(1, 1));
      job.reach(noonMillis(30));
      timerFirst = job.send(input(1, 31)).risks();
    }
    assertThat(timerFirst.size()).as("there was a silence").isGreaterThan(3);
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.send(fleet(1), input(1, 0), input(1, 1), input(1, 31));
      job.reach(noonMillis(30));
      assertThat(job.risks()).isEqualTo(timerFirst);
    }
  }

  @ParameterizedTest
  @EnumSource
  void restoreInMidStreamChangesNothing(Backend backend) throws Exception {
    ModelInput next = nextModel(noonMillis(0), noonMillis(18), noonMillis(25));
    List<Risk> undisturbed;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(next).send(fleet(3), fleet(4));
      days(job, 0, 30, 3, 4, 5);
      undisturbed = job.send(fleet(5)).reach(noonMillis(90)).risks();
    }

    List<Risk> resumed = new ArrayList<>();
    OperatorSubtaskState snapshot;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(next).send(fleet(3), fleet(4));
      days(job, 0, 16, 3, 4, 5);
      snapshot = job.snapshot(1);
      resumed.addAll(job.risks());
      days(job, 16, 20, 3, 4, 5);
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend, snapshot)) {
      days(job, 16, 30, 3, 4, 5);
      resumed.addAll(job.send(fleet(5)).reach(noonMillis(90)).risks());
    }

    assertThat(RiskHarness.byDisk(resumed)).isEqualTo(RiskHarness.byDisk(undisturbed));
    assertThat(undisturbed)
        .extracting(risk -> risk.getModes().get(0).getModelVersion())
        .contains(1, 2);
  }

  @ParameterizedTest
  @EnumSource
  void rescaleChangesNothing(Backend backend) throws Exception {
    int[] disks = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    ModelInput next = nextModel(noonMillis(0), noonMillis(12), noonMillis(20));
    List<Risk> undisturbed;
    OperatorSubtaskState snapshot;
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(next);
      for (int disk : disks) {
        job.send(fleet(disk));
      }
      days(job, 0, 10, disks);
      snapshot = job.snapshot(1);
      int before = job.risks().size();
      days(job, 10, 20, disks);
      job.reach(noonMillis(90));
      undisturbed = job.risks().subList(before, job.risks().size());
    }

    List<Risk> rescaled = new ArrayList<>();
    int timers = 0;
    for (int subtask = 0; subtask < 3; subtask++) {
      try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend, snapshot, 3, subtask)) {
        int[] own =
            job.disksWithState().stream()
                .mapToInt(disk -> Integer.parseInt(disk.substring(3)))
                .toArray();
        timers += job.timers();
        days(job, 10, 20, own);
        rescaled.addAll(job.reach(noonMillis(90)).risks());
      }
    }

    assertThat(timers).isEqualTo(disks.length);
    assertThat(RiskHarness.byDisk(rescaled)).isEqualTo(RiskHarness.byDisk(undisturbed));
  }

  @ParameterizedTest
  @EnumSource
  void newModelTakesOverWarmAtItsTime(Backend backend) throws Exception {
    ModelFile file = TestingModels.file("disk-lstm", 2);
    ModelSet both =
        ModelSet.of(new CompiledLstm(SHIPPED))
            .with(
                new ModelSet.Entry(
                    new CompiledLstm(file), noonMillis(0), noonMillis(15), noonMillis(25)));
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(
          TestingModels.input(
              TestingModels.record(file, noonMillis(0), noonMillis(15), noonMillis(25))));
      job.send(fleet(3));
      days(job, 0, 30, 3);

      List<Risk> risks = job.risks();
      assertThat(risks)
          .as("none lost, none twice")
          .extracting(Risk::getSamples)
          .containsExactlyElementsOf(
              java.util.stream.LongStream.rangeClosed(1, 30).boxed().toList());
      assertThat(risks.subList(0, 15))
          .allSatisfy(risk -> assertThat(risk.getModes().get(0).getModelVersion()).isEqualTo(1));
      assertThat(risks.subList(15, 30))
          .allSatisfy(risk -> assertThat(risk.getModes().get(0).getModelVersion()).isEqualTo(2));
      assertThat(risks).isEqualTo(engine(3, 30, both));
      assertThat(risks.get(15).getTier()).as("no cold start").isNotEqualTo(Tier.UNKNOWN);
      assertThat(risks.get(15).getConfidence())
          .isGreaterThanOrEqualTo(risks.get(13).getConfidence() * 0.9);
    }
  }

  @ParameterizedTest
  @EnumSource
  void retiredModelGivesWayToTheFormer(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(nextModel(noonMillis(0), noonMillis(5), noonMillis(25))).send(fleet(3));
      days(job, 0, 10, 3);
      job.model(new ModelInput(TestingModels.key("disk-lstm", 2), null, 0, 1));
      days(job, 10, 12, 3);

      assertThat(job.risks())
          .extracting(risk -> risk.getModes().get(0).getModelVersion())
          .containsExactly(1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void withdrawnModelGivesWayToTheFormerAndComesBack(Backend backend) throws Exception {
    ModelRecord record =
        TestingModels.record(
            TestingModels.file("disk-lstm", 2), noonMillis(0), noonMillis(5), noonMillis(25));
    ModelRecord withdrawn = ModelRecord.newBuilder(record).setWithdrawn(true).build();
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(TestingModels.input(record)).send(fleet(3));
      days(job, 0, 10, 3);
      job.model(TestingModels.input(withdrawn));
      days(job, 10, 12, 3);
      OperatorSubtaskState state = job.snapshot(1);
      assertThat(job.risks())
          .extracting(risk -> risk.getModes().get(0).getModelVersion())
          .containsExactly(1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1);

      try (RiskHarness again = RiskHarness.risk(SETTINGS, SHIPPED, backend, state)) {
        days(again, 12, 13, 3);
        assertThat(again.risks().get(0).getModes().get(0).getModelVersion())
            .as("withdrawn after a restore too")
            .isEqualTo(1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void challengerIsAskedBesideTheChampionAndRaisesNothing(Backend backend) throws Exception {
    SenseSettings low =
        settings(
            Map.of(
                "forestall.sense.critical-enter", "99.9",
                "forestall.sense.critical-exit", "49",
                "forestall.sense.warning-enter", "48",
                "forestall.sense.warning-exit", "47",
                "forestall.sense.watch-enter", "30",
                "forestall.sense.watch-exit", "29",
                "forestall.sense.exit-dwell", "2 d"));
    List<Risk> alone;
    List<Event> events;
    List<NodeInput> shares;
    try (RiskHarness job = RiskHarness.risk(low, SHIPPED, backend)) {
      days(job.send(fleet(3)), 0, 40, 3);
      alone = job.reach(noonMillis(90)).risks();
      events = job.predictedEvents();
      shares = job.shares();
      assertThat(job.advised()).as("nothing while there is no challenger").isEmpty();
    }
    ModelFile file = SHIPPED;
    List<Risk> asChampion = alone;
    for (int version = 2;
        tiers(asChampion).equals(tiers(alone)) || !tiers(asChampion).contains(Tier.WARNING);
        version++) {
      assertThat(version).as("the test needs a model of other tiers").isLessThan(50);
      file = TestingModels.file("disk-lstm", version);
      try (RiskHarness job = RiskHarness.risk(low, file, Backend.HEAP)) {
        days(job.send(fleet(3)), 0, 40, 3);
        asChampion = job.reach(noonMillis(90)).risks();
      }
    }
    int version = file.version();

    List<Risk> risks = new ArrayList<>();
    List<Risk> advised = new ArrayList<>();
    List<Event> raised = new ArrayList<>();
    List<NodeInput> told = new ArrayList<>();
    OperatorSubtaskState state;
    try (RiskHarness job = RiskHarness.risk(low, SHIPPED, backend)) {
      job.model(TestingModels.input(TestingModels.record(file, noonMillis(0), ModelSet.ADVISE, 0)));
      days(job.send(fleet(3)), 0, 20, 3);
      state = job.snapshot(1);
      risks.addAll(job.risks());
      advised.addAll(job.advised());
      raised.addAll(job.predictedEvents());
      told.addAll(job.shares());
    }
    try (RiskHarness job = RiskHarness.risk(low, SHIPPED, backend, state)) {
      days(job, 20, 40, 3);
      job.reach(noonMillis(90));
      risks.addAll(job.risks());
      advised.addAll(job.advised());
      raised.addAll(job.predictedEvents());
      told.addAll(job.shares());
    }
    assertThat(risks).isEqualTo(alone);
    assertThat(raised).isEqualTo(events);
    assertThat(told).hasToString(shares.toString());
    assertThat(tiers(advised)).isEqualTo(tiers(asChampion));
    assertThat(advised)
        .extracting(Risk::getScore)
        .isEqualTo(asChampion.stream().map(Risk::getScore).toList());
    assertThat(advised)
        .extracting(Risk::getTimeMillis)
        .isEqualTo(risks.stream().map(Risk::getTimeMillis).toList());
    assertThat(advised)
        .allSatisfy(
            risk -> assertThat(risk.getModes().get(0).getModelVersion()).isEqualTo(version));
  }

  private static List<Tier> tiers(List<Risk> risks) {
    return risks.stream().map(Risk::getTier).toList();
  }

  @ParameterizedTest
  @EnumSource
  void challengerIsAskedOfTheShareOfDisksAndNotWhenTheLaneIsOff(Backend backend) throws Exception {
    for (Map<String, String> none :
        List.of(
            Map.of("forestall.sense.advise-share", "0"), Map.of("forestall.sense.lane", "off"))) {
      try (RiskHarness job = RiskHarness.risk(settings(none), SHIPPED, backend)) {
        job.model(
            TestingModels.input(
                TestingModels.record(
                    TestingModels.file("disk-lstm", 2), noonMillis(0), ModelSet.ADVISE, 0)));
        days(job.send(fleet(3)), 0, 3, 3);
        assertThat(job.risks()).hasSize(3);
        assertThat(job.advised()).isEmpty();
      }
    }
  }

  /**
   * State as the release before wrote it, without a word of a challenger, and one that is published
   * after the restore.
   */
  @ParameterizedTest
  @EnumSource
  void stateFromBeforeChallengersWereAskedIsRead(Backend backend) throws Exception {
    SenseSettings off = settings(Map.of("forestall.sense.lane", "off"));
    OperatorSubtaskState state;
    List<Risk> actual = new ArrayList<>();
    ModelInput published =
        TestingModels.input(
            TestingModels.record(
                TestingModels.file("disk-lstm", 2), noonMillis(0), ModelSet.ADVISE, 0));
    try (RiskHarness job = RiskHarness.risk(off, SHIPPED, backend)) {
      days(job.send(fleet(3)).model(published), 0, 10, 3);
      actual.addAll(job.risks());
      state = job.snapshot(1);
    }
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend, state)) {
      days(job, 10, 20, 3);
      actual.addAll(job.risks());
      assertThat(job.advised()).hasSize(10);
      assertThat(job.advised().get(0).getConfidence())
          .as("it was warmed before")
          .isGreaterThan(0.1);
    }
    assertThat(actual).isEqualTo(engine(3, 20, ModelSet.of(new CompiledLstm(SHIPPED))));
  }

  @ParameterizedTest
  @EnumSource
  void badModelChangesNothing(Backend backend) throws Exception {
    ModelRecord record =
        TestingModels.record(TestingModels.file("disk-lstm", 2), 0, noonMillis(2), noonMillis(3));
    record.setWeights(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(TestingModels.input(record)).send(fleet(3));
      days(job, 0, 6, 3);

      assertThat(job.risks()).isEqualTo(engine(3, 6, ModelSet.of(new CompiledLstm(SHIPPED))));
    }
  }

  @ParameterizedTest
  @EnumSource
  void shippedModelPublishedOnceMoreStaysChampionOfThePast(Backend backend) throws Exception {
    try (RiskHarness job = RiskHarness.risk(SETTINGS, SHIPPED, backend)) {
      job.model(
              TestingModels.input(
                  TestingModels.record(SHIPPED, noonMillis(100), noonMillis(100), noonMillis(200))))
          .send(fleet(3), input(3, 0));

      assertThat(job.risks()).hasSize(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void risingTierPredictsTheFailure(Backend backend) throws Exception {
    SenseSettings low =
        settings(
            Map.of(
                "forestall.sense.critical-enter", "99.9",
                "forestall.sense.critical-exit", "0.5",
                "forestall.sense.warning-enter", "0.3",
                "forestall.sense.warning-exit", "0.2",
                "forestall.sense.watch-enter", "0.2",
                "forestall.sense.watch-exit", "0.1"));
    try (RiskHarness job = RiskHarness.risk(low, SHIPPED, backend)) {
      job.send(fleet(3));
      days(job, 0, 40, 3);

      Tier before = Tier.UNKNOWN;
      List<Long> rises = new ArrayList<>();
      for (Risk risk : job.risks()) {
        if (risk.getTier().compareTo(Tier.WARNING) >= 0 && risk.getTier().compareTo(before) > 0) {
          rises.add(risk.getTimeMillis());
        }
        before = risk.getTier();
      }
      assertThat(rises).as("the test needs a rise").isNotEmpty();
      assertThat(job.predictedEvents())
          .extracting(Event::getTimeMillis)
          .containsExactlyElementsOf(rises);
      Event event = job.predictedEvents().get(0);
      assertThat(event.getPredicted()).isTrue();
      assertThat(event.getType()).isEqualTo("disk.failed");
      assertThat(event.getEntity().getId()).isEqualTo(disk(3));
      assertThat(event.getRelated().get(0).getId()).isEqualTo(node(3));
      assertThat(event.getHorizonMillis()).isEqualTo(30 * DAY_MILLIS);
      assertThat(event.getSummary()).contains(disk(3));
    }
  }

  @ParameterizedTest
  @EnumSource
  void secondLaneGetsWhatWasScoredAndEnds(Backend backend) throws Exception {
    SenseSettings all =
        settings(Map.of("forestall.sense.lane", "dl4j", "forestall.sense.lane-share", "1"));
    try (RiskHarness job = RiskHarness.risk(all, SHIPPED, backend)) {
      job.send(input(1, 0), fleet(1), input(1, 1), input(1, 1), input(1, 0), tombstone(1));

      assertThat(job.laneInputs())
          .extracting(DiskInput::toString)
          .containsExactly(input(1, 0).toString(), input(1, 1).toString(), tombstone(1).toString());
    }
  }

  @org.junit.jupiter.api.Test
  void laneShareIsKept() {
    for (double share : new double[] {0, 0.05, 0.5, 1}) {
      long in =
          java.util.stream.IntStream.range(0, 20_000)
              .filter(number -> RiskFunction.inLane(disk(number), share))
              .count();
      assertThat(in / 20_000.0).isBetween(share - 0.02, share + 0.02);
    }
  }

  private static ModelInput nextModel(
      long publishedMillis, long effectiveFromMillis, long rollbackUntilMillis) {
    return TestingModels.input(
        TestingModels.record(
            TestingModels.file("disk-lstm", 2),
            publishedMillis,
            effectiveFromMillis,
            rollbackUntilMillis));
  }

  private static void days(RiskHarness job, int from, int until, int... disks) throws Exception {
    for (int day = from; day < until; day++) {
      for (int disk : disks) {
        job.send(input(disk, day));
      }
    }
  }

  /** What the engine says of a disk, without any operator. */
  private static List<Risk> engine(int number, int days, ModelSet models) {
    DiskRiskEngine engine = new DiskRiskEngine(SETTINGS.policy(), models);
    DiskState state = DiskState.fresh();
    List<Risk> risks = new ArrayList<>();
    for (int day = 0; day < days; day++) {
      risks.add(
          RiskRecords.of(disk(number), node(number), engine.observe(state, sample(number, day))));
    }
    return risks;
  }

  private static SenseSettings settings(Map<String, String> options) {
    return SenseSettings.from(Configuration.fromMap(options));
  }
}
