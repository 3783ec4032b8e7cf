package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.operators.types.RecordFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.OutputTag;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StreamOperatorTest {

  private static final int MAX_PARALLELISM = 720;

  /** State backends that every behaviour must hold on. */
  enum Backend {
    HEAP,
    ROCKSDB
  }

  @ParameterizedTest
  @EnumSource
  void deltasOfAUnitWithAShadowBecomeItsStream(Backend backend) throws Exception {
    try (Streams streams = new Streams(backend, 100, null, 1, 0)) {
      streams.send(TestingMoves.read("v/0", 3, 40, 0, 1));
      assertThat(streams.news()).as("no shadow yet").isEmpty();
      assertThat(streams.stored()).isZero();

      streams.begin("v/0", 40);
      assertThat(streams.news())
          .containsExactly("v/0 RESYNC 3/40 behind -1", "v/0 RESYNC 3/41 behind 40");
      streams.send(TestingMoves.read("v/0", 3, 42, 2, 1), TestingMoves.read("v/0", 3, 42, 3, 1));
      assertThat(streams.news()).as("once").containsExactly("v/0 WRITE 3/42 behind 41");
      streams.send(TestingMoves.read("w/0", 3, 43, 4, 1));
      assertThat(streams.news()).as("a unit without shadows").isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void goesOnWhereTheSnapshotWas(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Streams streams = new Streams(backend, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.send(TestingMoves.read("v/0", 3, 42, 2, 1));
      assertThat(streams.stored()).as("nothing is written for a delta").isZero();
      snapshot = streams.snapshot();
      assertThat(streams.stored()).isEqualTo(1);
      streams.news();
      streams.send(TestingMoves.read("v/0", 3, 43, 3, 1), TestingMoves.read("v/0", 3, 44, 4, 1));
      assertThat(streams.news()).hasSize(2);
    }
    try (Streams streams = new Streams(backend, 100, snapshot, 1, 0)) {
      streams.send(TestingMoves.read("v/0", 3, 43, 3, 1), TestingMoves.read("v/0", 3, 44, 4, 1));
      assertThat(streams.news())
          .as("the same again")
          .containsExactly("v/0 WRITE 3/43 behind 42", "v/0 WRITE 3/44 behind 43");
    }
  }

  @ParameterizedTest
  @EnumSource
  void spreadsOverMoreSubtasks(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Streams streams = new Streams(backend, 4, null, 1, 0)) {
      for (int i = 0; i < 20; i++) {
        streams.begin("v/" + i, 40);
      }
      snapshot = streams.snapshot();
    }
    List<String> found = new ArrayList<>();
    List<OperatorSubtaskState> parts = new ArrayList<>();
    for (int subtask = 0; subtask < 3; subtask++) {
      try (Streams streams = new Streams(backend, 4, snapshot, 3, subtask)) {
        for (String unit : streams.units()) {
          streams.send(TestingMoves.read(unit, 3, 42, 2, 1));
        }
        found.addAll(streams.news());
        parts.add(streams.snapshot());
      }
    }
    assertThat(found).hasSize(20).allMatch(line -> line.endsWith("WRITE 3/42 behind 41"));
    OperatorSubtaskState merged =
        AbstractStreamOperatorTestHarness.repackageState(
            parts.toArray(new OperatorSubtaskState[0]));
    OperatorSubtaskState one =
        AbstractStreamOperatorTestHarness.repartitionOperatorState(
            merged, MAX_PARALLELISM, 3, 1, 0);
    try (Streams streams = new Streams(backend, 4, one, 1, 0)) {
      for (int i = 0; i < 20; i++) {
        streams.send(TestingMoves.read("v/" + i, 3, 43, 3, 1));
      }
      assertThat(streams.news()).hasSize(20).allMatch(line -> line.endsWith("3/43 behind 42"));
    }
  }

  /** Few hot units or many: the same steps. */
  @ParameterizedTest
  @EnumSource
  void unitsThatGiveWayGoOnAsIfTheyHadNot(Backend backend) throws Exception {
    List<List<String>> said = new ArrayList<>();
    for (int hot : List.of(1, 3, 1000)) {
      try (Streams streams = new Streams(backend, hot, null, 1, 0)) {
        for (int i = 0; i < 10; i++) {
          streams.begin("v/" + i, 40);
        }
        for (int round = 0; round < 5; round++) {
          for (int i = 0; i < 10; i++) {
            streams.send(TestingMoves.read("v/" + (i * 7 % 10), 3, 42 + round, 10 + round, 1));
          }
          streams.clock(TestingMoves.NOW + 1000L * round);
          streams.snapshot();
        }
        said.add(streams.news());
        assertThat(new ArrayList<>(streams.standings().keySet()))
            .as("the alarms of cold units ring too")
            .hasSize(10);
        assertThat(streams.standings().values()).allMatch(each -> each.endsWith("at 46"));
      }
    }
    assertThat(said.get(0)).hasSize(70).isEqualTo(said.get(1)).isEqualTo(said.get(2));
  }

  @ParameterizedTest
  @EnumSource
  void aUnitWhoseLastShadowIsGoneLeavesNothing(Backend backend) throws Exception {
    try (Streams streams = new Streams(backend, 1, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.begin("v/1", 40);
      streams.snapshot();
      assertThat(streams.stored()).isEqualTo(2);
      streams.send(new MoveInput.UnitMapped("v/0", null), new MoveInput.UnitMapped("v/1", null));
      assertThat(streams.stored()).isZero();
      assertThat(streams.standings()).containsEntry("v/0/n-7", "ended");
      streams.news();
      streams.send(TestingMoves.read("v/0", 3, 42, 2, 1));
      streams.clock(TestingMoves.NOW + 100_000);
      assertThat(streams.news()).isEmpty();
      streams.snapshot();
      assertThat(streams.stored()).isZero();
    }
  }

  @Test
  void standingsFollowAtMostOnceASecond() throws Exception {
    try (Streams streams = new Streams(Backend.HEAP, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.clock(TestingMoves.NOW + 100);
      int first = streams.standingsSaid();
      assertThat(first).isEqualTo(1);
      for (int i = 0; i < 50; i++) {
        streams.send(TestingMoves.read("v/0", 3, 42 + i, 2 + i, 1));
        streams.clock(TestingMoves.NOW + 100 + 40L * i);
      }
      assertThat(streams.standingsSaid() - first).isBetween(1, 2);
    }
  }

  /** Holders speak ten times a second of more units than stay on the heap. */
  @ParameterizedTest
  @EnumSource
  void unitsThatGiveWayAreNotToldOfMoreOften(Backend backend) throws Exception {
    try (Streams streams = new Streams(backend, 1, null, 1, 0)) {
      for (int i = 0; i < 5; i++) {
        streams.begin("v/" + i, 40);
      }
      for (int tenth = 0; tenth < 50; tenth++) {
        for (int i = 0; i < 5; i++) {
          streams.send(TestingMoves.report(TestingMoves.SHADOW, "v/" + i, 3, 41));
        }
        streams.clock(TestingMoves.NOW + 100L * tenth);
      }
      assertThat(streams.standingsSaid()).isBetween(5 * 4, 5 * 6);
    }
  }

  @Test
  void aDivergenceIsAnEventAndAStep() throws Exception {
    try (Streams streams = new Streams(Backend.HEAP, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.send(TestingMoves.report(TestingMoves.SHADOW, "v/0", 3, 41));
      streams.news();
      HolderReport rotten =
          new HolderReport(
              "v/0",
              TestingMoves.SHADOW,
              false,
              3,
              41,
              "sha-256",
              List.of(
                  new HolderReport.RangeDigest(
                      0, TestingMoves.MIB, new byte[] {1}, new byte[] {2})),
              1,
              0,
              false,
              null,
              TestingMoves.NOW);
      streams.send(new MoveInput.Reported(rotten));
      assertThat(streams.news()).containsExactly("v/0 RESYNC 3/41 behind 41");
      assertThat(streams.events())
          .singleElement()
          .satisfies(event -> assertThat(event.entity()).isEqualTo(TestingMoves.SHADOW));
    }
  }

  @Test
  void aHolderThatIsAheadOfAJobThatIsBehindProvesNothing() throws Exception {
    try (Streams streams = new Streams(Backend.HEAP, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.news();
      for (int second = 0; second < 120; second++) {
        streams.clock(TestingMoves.NOW + 10_000 + second * 1000L);
        // Deltas of another unit that are ten seconds old when they are read.
        streams.send(
            new MoveInput.DeltaRead(
                TestingMoves.write("w/0", 1, 1, new byte[] {1}),
                0,
                second,
                1,
                TestingMoves.NOW + second * 1000L),
            TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 50));
      }
      assertThat(streams.news()).as("behind").isEmpty();
      for (int second = 120; second < 200; second++) {
        streams.clock(TestingMoves.NOW + 10_000 + second * 1000L);
        streams.send(TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 50));
      }
      assertThat(streams.news()).as("lost").containsExactly("v/0 RESYNC 3/50 behind -1");
    }
  }

  @Test
  void aRecordThatCannotBeReadIsADoubt() throws Exception {
    try (Streams streams = new Streams(Backend.HEAP, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.news();
      streams.send(
          new MoveInput.Unreadable("v/0", 5, 2, 1, null),
          new MoveInput.Unreadable("w/0", 5, 3, 1, null),
          TestingMoves.read("v/0", 3, 42, 4, 1));
      assertThat(streams.news()).isEmpty();
      streams.send(TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 42));
      assertThat(streams.news()).containsExactly("v/0 RESYNC 3/42 behind 41");
    }
  }

  private static final class Streams implements AutoCloseable {
    private final KeyedOneInputStreamOperatorTestHarness<String, MoveInput, ShadowStep> harness;
    private final StreamOperator operator;
    private int taken;

    Streams(
        Backend backend,
        int hotUnits,
        @Nullable OperatorSubtaskState from,
        int parallelism,
        int subtask)
        throws Exception {
      Configuration configuration = new Configuration();
      configuration.set(MoveOptions.HOT_UNITS, hotUnits);
      operator = new StreamOperator(MoveSettings.from(configuration));
      harness =
          new KeyedOneInputStreamOperatorTestHarness<>(
              operator, MoveInput::key, Types.STRING, MAX_PARALLELISM, parallelism, subtask);
      harness.setStateBackend(
          backend == Backend.HEAP ? new HashMapStateBackend() : new EmbeddedRocksDBStateBackend());
      harness.getExecutionConfig().enableObjectReuse();
      harness.setup(
          RecordFormat.SHADOW_STEP
              .info(ShadowStep.class)
              .createSerializer(harness.getExecutionConfig().getSerializerConfig()));
      harness.setProcessingTime(TestingMoves.NOW);
      if (from != null) {
        harness.initializeState(
            parallelism == 1
                ? from
                : AbstractStreamOperatorTestHarness.repartitionOperatorState(
                    from, MAX_PARALLELISM, 1, parallelism, subtask));
      }
      harness.open();
    }

    void send(MoveInput... inputs) throws Exception {
      for (MoveInput input : inputs) {
        harness.processElement(new StreamRecord<>(input));
      }
    }

    /** A unit whose stream is certain of its place, at sequence + 1. */
    void begin(String unit, long sequence) throws Exception {
      send(
          TestingMoves.mapped(unit, 4, TestingMoves.SHADOW),
          TestingMoves.report(TestingMoves.OWNER, unit, 3, sequence),
          TestingMoves.read(unit, 3, sequence + 1, 1, 1),
          TestingMoves.report(TestingMoves.OWNER, unit, 3, sequence + 1));
    }

    void clock(long millis) throws Exception {
      harness.setProcessingTime(millis);
    }

    OperatorSubtaskState snapshot() throws Exception {
      return harness.snapshot(1, 1);
    }

    List<String> news() {
      List<ShadowStep> all = harness.extractOutputValues();
      List<String> news = new ArrayList<>();
      for (ShadowStep step : all.subList(taken, all.size())) {
        news.add(
            step.unit()
                + " "
                + (step.delta() == null ? "RESYNC" : step.delta().kind())
                + " "
                + step.epoch()
                + "/"
                + step.sequence()
                + " behind "
                + step.previousSequence());
      }
      taken = all.size();
      return news;
    }

    private <T> List<T> aside(OutputTag<T> tag) {
      Queue<StreamRecord<T>> said = harness.getSideOutput(tag);
      return said == null ? List.of() : said.stream().map(StreamRecord::getValue).toList();
    }

    List<FleetEvent> events() {
      return aside(MoveTags.EVENTS);
    }

    int standingsSaid() {
      return aside(MoveTags.STANDINGS).size();
    }

    Map<String, String> standings() {
      Map<String, String> standings = new TreeMap<>();
      for (StandingUpdate each : aside(MoveTags.STANDINGS)) {
        var status = each.status();
        standings.put(
            each.key(),
            status == null ? "ended" : status.getState() + " at " + status.getStreamSequence());
      }
      return standings;
    }

    List<String> units() {
      AbstractStreamOperator<?> keyed = operator;
      try (var keys =
          keyed
              .<String>getKeyedStateBackend()
              .getKeys(StreamOperator.ROWS, VoidNamespace.INSTANCE)) {
        return keys.distinct().sorted().toList();
      }
    }

    int stored() {
      return units().size();
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }

  @Test
  void anEndedUnitIsMappedAnew() throws Exception {
    try (Streams streams = new Streams(Backend.HEAP, 100, null, 1, 0)) {
      streams.begin("v/0", 40);
      streams.send(new MoveInput.UnitMapped("v/0", null));
      streams.news();
      streams.send(
          new MoveInput.UnitMapped(
              "v/0",
              new StreamInput.Mapped(
                  "v",
                  "p1",
                  1,
                  TestingMoves.OWNER,
                  TestingMoves.MIB,
                  4096,
                  List.of(Subject.node("n-9")))),
          TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 60));
      assertThat(streams.news()).containsExactly("v/0 RESYNC 3/60 behind -1");
    }
  }
}
