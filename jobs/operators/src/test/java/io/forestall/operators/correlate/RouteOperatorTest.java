package io.forestall.operators.correlate;

import static io.forestall.operators.correlate.TestingRules.NOON_MILLIS;
import static io.forestall.operators.correlate.TestingRules.event;
import static io.forestall.operators.correlate.TestingRules.stage;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.types.RecordFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteOperatorTest {

  private static final Subject NODE = Subject.node("n-1");

  private static final Rule PAIR =
      TestingRules.rule(
          "pair",
          false,
          16_000,
          Map.of("t.long", 3_600_000L),
          List.of(stage("it is slow", 2, "t.slow"), stage("it was foretold", 1, "t.long")));

  private static final Rule LOST =
      TestingRules.with(
          TestingRules.rule(
              "lost", false, 16_000, Map.of(), List.of(stage("it is lost", 1, "t.lost"))),
          Severity.CRITICAL,
          TestingRules.types("t.back"));

  @Test
  void eventsWaitForTheWatermarkAndComeInOrder() throws Exception {
    try (Harness route = new Harness(null)) {
      route.begin();
      route.send(event("b", "t.slow", NODE, 2000), event("a", "t.slow", NODE, 1000));
      route.send(event("a0", "t.slow", NODE, 1000));
      assertThat(route.told()).isEmpty();

      route.reach(1999);
      assertThat(route.told()).containsExactly("seen a", "seen a0");
      route.reach(2000);
      assertThat(route.told()).containsExactly("seen a", "seen a0", "seen b");
      assertThat(route.symptoms("pair")).containsExactly("a@1000", "a0@1000", "b@2000");
    }
  }

  @Test
  void aRepeatIsDroppedAndMemoryEnds() throws Exception {
    try (Harness route = new Harness(null)) {
      route.begin();
      route.send(event("a", "t.slow", NODE, 1000), event("a", "t.slow", NODE, 1000)).reach(1500);
      route.send(event("a", "t.slow", NODE, 1000));
      assertThat(route.told()).containsExactly("seen a");

      route.reach(3_600_000);
      assertThat(route.timers()).isZero();
      assertThat(route.keys(RouteOperator.MEMORY)).isZero();
    }
  }

  @Test
  void aCriticalEventOfItsOwnKeyIsToldOnArrivalOnce() throws Exception {
    try (Harness route = new Harness(null)) {
      route.send(event("l0", "t.lost", NODE, 1000));
      assertThat(route.told()).as("nothing is read yet: its place is not known").isEmpty();
      route.place("node/n-1");
      route.begin();
      assertThat(route.told()).containsExactly("matched l0");

      route.send(event("l1", "t.lost", NODE, 2000)).reach(5000);
      assertThat(route.told()).containsExactly("matched l0", "matched l1");
      assertThat(route.symptoms("lost")).as("told already").isEmpty();
    }
  }

  @Test
  void whatEndsAnIncidentThatIsToldOnArrivalIsToldOnArrivalOnce() throws Exception {
    try (Harness route = new Harness(null)) {
      route.begin();

      route.send(
          event("l1", "t.lost", NODE, 1000),
          event("b1", "t.back", NODE, 2000),
          event("l2", "t.lost", NODE, 3000));

      assertThat(route.told()).containsExactly("matched l1", "seen b1", "matched l2");
      route.reach(5000);
      assertThat(route.told()).hasSize(3);
    }
  }

  @Test
  void aLateEventJoinsAndStillSpeaks() throws Exception {
    try (Harness route = new Harness(null)) {
      route.begin();
      route.send(event("x", "t.slow", NODE, 100_000)).reach(100_000);
      route.send(
          event("old", "t.slow", NODE, 1000),
          event("foretold", "t.long", NODE, 2000),
          event("lost", "t.lost", NODE, 3000));

      assertThat(route.told())
          .containsExactly("seen x", "seen old", "seen foretold", "matched lost");
      assertThat(route.symptoms("pair"))
          .as("what speaks for an hour goes to the pattern with the time that was reached")
          .containsExactly("x@100000", "foretold@100001");
    }
  }

  @Test
  void aFloodOfOneThingIsThinnedForThePatternsOnly() throws Exception {
    try (Harness route = new Harness(null)) {
      route.begin();
      for (int i = 0; i < 1000; i++) {
        route.send(event("e" + i, "t.slow", NODE, 1000 + i));
      }
      route.reach(10_000);

      assertThat(route.told()).hasSize(1000);
      assertThat(route.symptoms("pair")).as("three in each slice of 225 s: one slice").hasSize(3);
    }
  }

  @Test
  void anUnknownNodeHasNoPlaceAndADiskStandsWhereItsNodeDoes() throws Exception {
    try (Harness route = new Harness(null)) {
      route.place("node/n-1");
      route.begin();
      route
          .send(
              event("a", "t.slow", Subject.disk("d-1"), 1000),
              event("b", "t.slow", Subject.node("n-2"), 1000))
          .reach(2000);

      assertThat(route.pools()).containsExactly("p-1", "");
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aSnapshotInTheMiddleChangesNothing(long seed) throws Exception {
    Random random = new Random(seed);
    List<FleetEvent> events = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      events.add(
          event(
              "e" + i,
              List.of("t.slow", "t.long", "t.lost").get(random.nextInt(3)),
              Subject.node("n-" + random.nextInt(5)),
              random.nextInt(60_000)));
    }
    Collections.shuffle(events, random);
    List<String> straight;
    try (Harness route = new Harness(null)) {
      route.begin();
      straight = run(route, events, 0, 300);
    }
    int cut = 1 + random.nextInt(298);
    List<String> resumed;
    OperatorSubtaskState snapshot;
    try (Harness route = new Harness(null)) {
      route.begin();
      resumed = new ArrayList<>(run(route, events, 0, cut));
      snapshot = route.harness.snapshot(1, 1);
    }
    try (Harness route = new Harness(snapshot)) {
      route.begin();
      resumed.addAll(run(route, events, cut, 300));
    }
    assertThat(resumed).as("seed %d, cut %d", seed, cut).containsExactlyElementsOf(straight);
    assertThat(straight).hasSize(300);
  }

  /** The second half of the times is reached only at the end. */
  private static List<String> run(Harness route, List<FleetEvent> events, int from, int until)
      throws Exception {
    for (FleetEvent event : events.subList(from, until)) {
      route.send(event);
    }
    if (until == events.size()) {
      route.reach(60_000);
    }
    return route.told();
  }

  private static final class Harness implements AutoCloseable {
    final KeyedTwoInputStreamOperatorTestHarness<String, FleetEvent, RouteControl, IncidentInput>
        harness;

    Harness(@Nullable OperatorSubtaskState from) throws Exception {
      harness =
          new KeyedTwoInputStreamOperatorTestHarness<>(
              new RouteOperator(CorrelateSettings.defaults(), TestingRules.rules(PAIR, LOST)),
              event -> event.entity().id(),
              null,
              Types.STRING,
              720,
              1,
              0);
      harness.setStateBackend(new HashMapStateBackend());
      harness.getExecutionConfig().enableObjectReuse();
      harness.setup(RecordFormat.INCIDENT_INPUT.serializer(IncidentInput.class));
      if (from != null) {
        harness.initializeState(from);
      }
      harness.open();
    }

    /** Fleet and policies are read. */
    void begin() throws Exception {
      harness.processBothWatermarks(new Watermark(NOON_MILLIS - 1));
    }

    Harness send(FleetEvent... events) throws Exception {
      for (FleetEvent event : events) {
        harness.processElement1(new StreamRecord<>(event, event.timeMillis()));
      }
      return this;
    }

    void place(String key) throws Exception {
      harness.processElement2(
          new StreamRecord<>(RouteControl.place(key, TestingRules.place("n-1"))));
    }

    void reach(long millis) throws Exception {
      harness.processBothWatermarks(new Watermark(NOON_MILLIS + millis));
    }

    private List<IncidentInput> output() {
      List<IncidentInput> all = new ArrayList<>();
      for (Object each : harness.getOutput()) {
        if (each instanceof StreamRecord<?> record) {
          all.add((IncidentInput) record.getValue());
        }
      }
      return all;
    }

    List<String> told() {
      List<String> told = new ArrayList<>();
      for (IncidentInput each : output()) {
        if (each instanceof IncidentInput.Seen seen) {
          told.add("seen " + seen.symptom().event().id());
        } else if (each instanceof IncidentInput.Matched matched) {
          told.add("matched " + matched.symptoms().get(0).event().id());
        }
      }
      return told;
    }

    List<String> pools() {
      return output().stream().map(CorrelateTags::pool).toList();
    }

    /** What the pattern of a rule was given, with the time that it was given. */
    List<String> symptoms(String rule) {
      ConcurrentLinkedQueue<StreamRecord<Symptom>> queue =
          harness.getSideOutput(CorrelateTags.symptoms(rule));
      return queue == null
          ? List.of()
          : queue.stream()
              .map(each -> each.getValue().event().id() + "@" + (each.getTimestamp() - NOON_MILLIS))
              .toList();
    }

    int timers() {
      return harness.numEventTimeTimers();
    }

    long keys(String state) {
      return harness
          .getOperator()
          .<String>getKeyedStateBackend()
          .getKeys(state, VoidNamespace.INSTANCE)
          .count();
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }
}
