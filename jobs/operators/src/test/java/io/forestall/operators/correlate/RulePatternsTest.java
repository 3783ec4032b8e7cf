package io.forestall.operators.correlate;

import static io.forestall.operators.correlate.TestingRules.NOON_MILLIS;
import static io.forestall.operators.correlate.TestingRules.rules;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.Symptom;
import io.forestall.decisions.incident.SymptomRouter;
import io.forestall.operators.types.RecordFormat;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the patterns of Flink CEP against the plain meaning of rules. */
class RulePatternsTest {

  private static final int RULES_A_SEED = 12;
  private static final int EVENTS = 160;

  /** One more seed by hand: {@code -Dforestall.seed=N}. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void cepFindsWhatTheMatcherFinds(long number) throws Exception {
    long seed = Long.getLong("forestall.seed", number);
    Random random = new Random(seed);
    int matches = 0;
    for (int i = 0; i < RULES_A_SEED; i++) {
      Rule rule = TestingRules.random(random, "r" + i);
      List<FleetEvent> events =
          TestingRules.randomEvents(random, EVENTS, 200 + random.nextInt(8000));
      List<Symptom> symptoms = symptoms(rule, events);
      int bound = 1 + random.nextInt(20_000);

      List<String> meant = meant(rule, symptoms);
      List<String> found = cep(rule, shuffled(symptoms, random, bound), bound, random);

      assertThat(found).as("seed %d, rule %d: %s", seed, i, rule).isEqualTo(meant);
      matches += meant.size();
    }
    assertThat(matches).as("a comparison of nothing proves nothing").isPositive();
  }

  @Test
  void aDailyPredictionJoinsABurstOfSeconds() throws Exception {
    Rule rule =
        TestingRules.rule(
            "predicted-then-slow",
            false,
            5000,
            Map.of("t.predicted", 86_400_000L),
            List.of(
                TestingRules.stage("the disk is expected to fail", 1, "t.predicted"),
                TestingRules.stage("reads become slow", 2, "t.slow")));
    List<FleetEvent> events =
        List.of(
            TestingRules.event("p", "t.predicted", Subject.disk("d-1"), 0),
            TestingRules.event("s1", "t.slow", Subject.disk("d-1"), 50_000_000),
            TestingRules.event("s2", "t.slow", Subject.disk("d-1"), 50_010_000),
            TestingRules.event("s3", "t.slow", Subject.disk("d-1"), 50_012_000));
    List<Symptom> symptoms = symptoms(rule, events);

    assertThat(meant(rule, symptoms)).containsExactly("node/n-1: p s2 s3");
    assertThat(cep(rule, symptoms, 1000, new Random(1))).isEqualTo(meant(rule, symptoms));
  }

  private static List<Symptom> symptoms(Rule rule, List<FleetEvent> events) {
    SymptomRouter router = new SymptomRouter(new RuleSet(0, List.of(rule)));
    List<Symptom> symptoms = new ArrayList<>();
    for (FleetEvent event : events) {
      router.route(event, TestingRules.place("n-1"), symptoms::add);
    }
    return symptoms;
  }

  private static List<String> meant(Rule rule, List<Symptom> symptoms) {
    Map<String, RuleMatcher> matchers = new HashMap<>();
    List<String> matches = new ArrayList<>();
    for (Symptom symptom : symptoms) {
      matchers
          .computeIfAbsent(symptom.key(), key -> new RuleMatcher(rule))
          .take(symptom, match -> matches.add(text(match)));
    }
    return matches;
  }

  private static List<Symptom> shuffled(List<Symptom> symptoms, Random random, int boundMillis) {
    Map<Symptom, Long> arrival = new HashMap<>();
    for (Symptom symptom : symptoms) {
      arrival.put(symptom, symptom.event().timeMillis() + random.nextInt(boundMillis));
    }
    List<Symptom> shuffled = new ArrayList<>(symptoms);
    shuffled.sort(Comparator.comparingLong(arrival::get));
    return shuffled;
  }

  /** With a snapshot, a new operator and a restore somewhere in the middle. */
  private static List<String> cep(Rule rule, List<Symptom> arriving, int bound, Random random)
      throws Exception {
    List<String> matches = new ArrayList<>();
    int cut = arriving.isEmpty() ? 0 : random.nextInt(arriving.size());
    OperatorSubtaskState snapshot;
    long newest = Long.MIN_VALUE;
    try (Harness harness = new Harness(rule, null)) {
      for (Symptom symptom : arriving.subList(0, cut)) {
        newest = harness.send(symptom, newest, bound, random);
      }
      snapshot = harness.harness.snapshot(1, 1);
      matches.addAll(harness.matches());
    }
    try (Harness harness = new Harness(rule, snapshot)) {
      for (Symptom symptom : arriving.subList(cut, arriving.size())) {
        newest = harness.send(symptom, newest, bound, random);
      }
      harness.harness.processWatermark(new Watermark(NOON_MILLIS * 2));
      matches.addAll(harness.matches());
      harness.nothingLeft();
    }
    return matches;
  }

  private static String text(IncidentInput input) {
    IncidentInput.Matched match = (IncidentInput.Matched) input;
    StringBuilder text = new StringBuilder(match.key()).append(':');
    match.symptoms().forEach(symptom -> text.append(' ').append(symptom.event().id()));
    return text.toString();
  }

  private static final class Harness implements AutoCloseable {
    private final KeyedOneInputStreamOperatorTestHarness<String, Symptom, IncidentInput> harness;

    Harness(Rule rule, @org.jspecify.annotations.Nullable OperatorSubtaskState from)
        throws Exception {
      harness =
          new KeyedOneInputStreamOperatorTestHarness<>(
              new RuleOperator(rules(rule), rule.id()), Symptom::key, Types.STRING, 720, 1, 0);
      harness.setStateBackend(new HashMapStateBackend());
      harness.getExecutionConfig().enableObjectReuse();
      harness.setup(RecordFormat.INCIDENT_INPUT.serializer(IncidentInput.class));
      if (from != null) {
        harness.initializeState(from);
      }
      harness.open();
    }

    long send(Symptom symptom, long newest, int bound, Random random) throws Exception {
      long timeMillis = symptom.event().timeMillis();
      harness.processElement(new StreamRecord<>(symptom, timeMillis));
      long reached = Math.max(newest, timeMillis);
      if (random.nextInt(4) == 0) {
        harness.processWatermark(new Watermark(reached - bound - 1));
      }
      return reached;
    }

    List<String> matches() {
      List<String> matches = new ArrayList<>();
      for (Object each : harness.getOutput()) {
        if (each instanceof StreamRecord<?> record) {
          matches.add(text((IncidentInput) record.getValue()));
        }
      }
      return matches;
    }

    void nothingLeft() {
      assertThat(harness.numEventTimeTimers()).isZero();
      for (String state :
          List.of(
              "nfaStateName",
              "eventQueuesStateName",
              "sharedBuffer-events",
              "sharedBuffer-entries")) {
        try (var keys =
            harness.getOperator().getKeyedStateBackend().getKeys(state, VoidNamespace.INSTANCE)) {
          assertThat(keys.count()).as(state).isZero();
        }
      }
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }
}
