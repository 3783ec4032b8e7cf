package io.forestall.decisions.incident;

import static io.forestall.decisions.incident.TestingIncidents.SECOND;
import static io.forestall.decisions.incident.TestingIncidents.event;
import static io.forestall.decisions.incident.TestingIncidents.place;
import static io.forestall.decisions.incident.TestingIncidents.predicted;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same events give the same incidents in whatever order they arrive within the bound, also when
 * some come twice and the state is restored from its rows at any point.
 */
class IncidentOrderTest {

  private static final long BOUND = 10 * SECOND;

  private static final Rule NODES =
      new Rule(
          "nodes",
          3,
          true,
          "three events of a node",
          List.of(Subject.Kind.NODE),
          false,
          List.of(stage("disk.*", 3)),
          60 * SECOND,
          Map.of(),
          40 * SECOND,
          300 * SECOND,
          new Rule.Condition(
              List.of("disk.recovered"), Set.of(), Severity.UNKNOWN, null, Set.of(), List.of()),
          null,
          ActKind.MIGRATE,
          "the node fails",
          List.of(),
          Map.of());

  private static final Rule RACKS =
      new Rule(
          "racks",
          1,
          true,
          "two nodes of a rack",
          List.of(Subject.Kind.RACK),
          false,
          List.of(new Rule.Stage("nodes fail", when("disk.*"), 2, Subject.Kind.NODE)),
          20 * SECOND,
          Map.of(),
          30 * SECOND,
          200 * SECOND,
          null,
          Severity.CRITICAL,
          ActKind.INVESTIGATE,
          "the rack fails",
          List.of(new Rule.Inhibition("*", Subject.Kind.RACK)),
          Map.of());

  private static Rule.Condition when(String type) {
    return new Rule.Condition(List.of(type), Set.of(), Severity.UNKNOWN, null, Set.of(), List.of());
  }

  private static Rule.Stage stage(String type, int count) {
    return new Rule.Stage("events of a disk", when(type), count, null);
  }

  /** What the job in front of the decider makes of events that it sorted. */
  private static List<IncidentInput> inputs(Random random) {
    List<FleetEvent> events = new ArrayList<>();
    Map<String, Integer> nodes = new HashMap<>();
    int count = 40 + random.nextInt(160);
    long time = 1_000_000;
    for (int i = 0; i < count; i++) {
      // Some happen at once: their order may not depend on arrival either.
      time +=
          switch (random.nextInt(8)) {
            case 0 -> random.nextInt(90_000);
            case 1, 2 -> 0;
            default -> random.nextInt(4_000);
          };
      int disk = random.nextInt(12);
      Subject entity = Subject.disk("d-" + disk);
      String id = "e-" + i;
      nodes.put(id, disk / 2);
      events.add(
          switch (random.nextInt(10)) {
            case 0 -> event(id, "disk.recovered", Severity.INFO, entity, time);
            case 1, 2 ->
                predicted(
                    id, entity, time, random.nextInt(100) / 100.0, random.nextInt(9) * SECOND);
            default ->
                event(id, "disk.errors", Severity.values()[1 + random.nextInt(4)], entity, time);
          });
    }
    SymptomRouter router = new SymptomRouter(new RuleSet(0, List.of(NODES, RACKS)));
    Map<String, RuleMatcher> matchers = new TreeMap<>();
    List<IncidentInput> inputs = new ArrayList<>();
    for (FleetEvent event : events) {
      router.route(
          event,
          place(nodes.getOrDefault(event.id(), 0)),
          symptom -> {
            inputs.add(new IncidentInput.Seen(symptom));
            matchers
                .computeIfAbsent(
                    symptom.rule() + symptom.key(),
                    any -> new RuleMatcher(symptom.rule().equals("nodes") ? NODES : RACKS))
                .take(symptom, inputs::add);
          });
    }
    return inputs;
  }

  private record Arrival(long atMillis, IncidentInput input) {}

  private static TestingIncidents run(
      List<IncidentInput> inputs, Random random, boolean disturbed) {
    List<Arrival> arrivals = new ArrayList<>();
    for (IncidentInput input : inputs) {
      int times = disturbed && random.nextInt(5) == 0 ? 2 : 1;
      for (int i = 0; i < times; i++) {
        long late = disturbed ? random.nextInt((int) BOUND) : 0;
        arrivals.add(new Arrival(input.timeMillis() + late, input));
      }
    }
    arrivals.sort(Comparator.comparingLong(Arrival::atMillis));
    TestingIncidents run = new TestingIncidents(NODES, RACKS);
    for (Arrival arrival : arrivals) {
      long watermark = arrival.atMillis() - BOUND - 1;
      run.until(watermark).take(watermark, arrival.input());
      if (disturbed && random.nextInt(20) == 0) {
        run.restart();
      }
    }
    run.untilEnd();
    assertThat(run.state().isEmpty()).as("nothing is left").isTrue();
    assertThat(run.checkpoint()).as("no row is left").isEmpty();
    return run;
  }

  /** The last record of each incident. */
  private static Map<String, Incident> last(TestingIncidents run) {
    Map<String, Incident> last = new TreeMap<>();
    for (Incident record : run.records) {
      Incident before = last.put(record.id(), record);
      assertThat(record.revision())
          .as("revisions grow by one")
          .isEqualTo(before == null ? 1 : before.revision() + 1);
    }
    assertThat(last.values()).extracting(Incident::state).containsOnly(Incident.State.RESOLVED);
    return last;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void arrivalRepeatsAndRestoresChangeNothing(long seed) {
    Random random = new Random(seed);
    List<IncidentInput> inputs = inputs(random);
    TestingIncidents inOrder = run(inputs, random, false);
    Map<String, Incident> expected = last(inOrder);
    assertThat(expected).as("seed %d makes incidents", seed).isNotEmpty();
    for (int i = 0; i < 5; i++) {
      TestingIncidents disturbed = run(inputs, random, true);
      assertThat(last(disturbed)).as("seed %d, run %d", seed, i).isEqualTo(expected);
      assertThat(disturbed.records)
          .as("seed %d, run %d: each record", seed, i)
          .isEqualTo(inOrder.records);
    }
  }
}
