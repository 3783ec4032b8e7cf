package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RuleMatcherTest {

  private static final Subject NODE = Subject.node("n-1");

  @Test
  void aRuleOfOneEventMatchesEachEvent() {
    Rule rule =
        TestingRules.rule(
            "one", List.of(Subject.Kind.NODE), true, 0, Map.of(), TestingRules.stage(1, "a"));

    assertThat(run(rule, at("a", 1), at("b", 2), at("a", 3))).containsExactly("a1", "a3");
  }

  @Test
  void anOrderedRuleWantsEachStageCompleteBeforeTheNext() {
    Rule rule = two(true, 10, Map.of());

    assertThat(run(rule, at("a", 1), at("a", 2), at("b", 3))).containsExactly("a1 a2 b3");
    assertThat(run(rule, at("b", 1), at("a", 2), at("a", 3))).isEmpty();
    assertThat(run(rule, at("a", 1), at("b", 2), at("a", 3))).isEmpty();
    assertThat(run(rule, at("a", 1), at("b", 2), at("a", 3), at("b", 4)))
        .as("what came too early is of the same incident")
        .containsExactly("a1 b2 a3 b4");
  }

  @Test
  void inAnyOrderOnlyTheNumbersCount() {
    Rule rule = two(false, 10, Map.of());

    assertThat(run(rule, at("b", 1), at("a", 2), at("a", 3))).containsExactly("b1 a2 a3");
    assertThat(run(rule, at("b", 1), at("b", 2), at("a", 3))).isEmpty();
  }

  @Test
  void theWindowReachesFromTheFirstToTheLast() {
    Rule rule = two(true, 10, Map.of());

    assertThat(run(rule, at("a", 1), at("a", 2), at("b", 11))).containsExactly("a1 a2 b11");
    assertThat(run(rule, at("a", 1), at("a", 2), at("b", 12))).isEmpty();
  }

  @Test
  void aTypeWithAHorizonIsHeldLongerThanTheWindow() {
    Rule rule = two(true, 10, Map.of("a", 1000L));

    assertThat(run(rule, at("a", 1), at("a", 900), at("b", 1001))).containsExactly("a1 a900 b1001");
    assertThat(run(rule, at("a", 1), at("a", 900), at("b", 1002))).isEmpty();
  }

  @Test
  void noSymptomTakesPartInTwoMatches() {
    Rule rule = two(false, 100, Map.of());

    assertThat(run(rule, at("a", 1), at("a", 2), at("b", 3), at("b", 4), at("a", 5), at("a", 6)))
        .containsExactly("a1 a2 b3", "b4 a5 a6");
  }

  @Test
  void distinctCountsThingsAndNotEvents() {
    Rule rule =
        TestingRules.rule(
            "distinct",
            List.of(Subject.Kind.RACK),
            true,
            100,
            Map.of(),
            new Rule.Stage("nodes", TestingRules.types("a"), 2, Subject.Kind.NODE));

    assertThat(run(rule, at("a", 1), at("a", 2), at("a", 3))).isEmpty();
    assertThat(run(rule, at("a", 1), at("a", 2), of("a", 3, Subject.node("n-2"))))
        .containsExactly("a1 a2 a3");
    assertThat(run(rule, at("a", 1), of("a", 3, Subject.disk("d-1"))))
        .as("an event that names no node counts for none")
        .isEmpty();
  }

  @Test
  void anEventThatFitsTwoStagesIsDealtToOne() {
    Rule rule =
        TestingRules.rule(
            "shared",
            List.of(Subject.Kind.NODE),
            false,
            100,
            Map.of(),
            TestingRules.stage(1, "a", "b"),
            TestingRules.stage(1, "a"));

    assertThat(run(rule, at("a", 1))).isEmpty();
    // The first comes to stand in the first stage and must make room.
    assertThat(run(rule, at("a", 1), at("b", 2))).containsExactly("a1 b2");
    assertThat(run(rule, at("b", 1), at("b", 2))).isEmpty();
  }

  @Test
  void whatIsHeldIsBounded() {
    Rule rule =
        TestingRules.rule(
            "flood",
            List.of(Subject.Kind.NODE),
            false,
            Long.MAX_VALUE / 2,
            Map.of(),
            TestingRules.stage(1, "a"),
            TestingRules.stage(1, "b"));
    RuleMatcher matcher = new RuleMatcher(rule);
    List<IncidentInput.Matched> matches = new ArrayList<>();
    for (int i = 0; i < RuleMatcher.MAX_HELD + 500; i++) {
      matcher.take(symptom(rule, at("a", i)), matches::add);
    }
    assertThat(matcher.held()).isEqualTo(RuleMatcher.MAX_HELD);
    matcher.take(symptom(rule, at("b", 10_000)), matches::add);
    assertThat(matches).hasSize(1);
    assertThat(matches.get(0).symptoms()).hasSize(RuleMatcher.MAX_HELD);
    assertThat(matcher.held()).isZero();
  }

  // Against a search that tries every way to deal the symptoms out.
  @Test
  void itFindsWhatTryingEverythingFinds() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    Random random = new Random(seed);
    int satisfied = 0;
    for (int round = 0; round < 3000; round++) {
      Rule rule = randomRule(random);
      List<Symptom> symptoms = new ArrayList<>();
      int count = 1 + random.nextInt(7);
      for (int i = 0; i < count; i++) {
        FleetEvent event =
            of("abc".charAt(random.nextInt(3)) + "", i, Subject.node("n-" + random.nextInt(3)));
        Symptom symptom = symptom(rule, event);
        if (symptom.stages() != 0) {
          symptoms.add(symptom);
        }
      }
      boolean expected = search(rule, symptoms, 0, new int[rule.stages().size()], List.of());
      satisfied += expected ? 1 : 0;
      assertThat(RuleMatcher.satisfied(rule, symptoms))
          .as("seed %d round %d: %s of %s", seed, round, rule, symptoms)
          .isEqualTo(expected);
    }
    assertThat(satisfied).as("seed %d", seed).isBetween(300, 2700);
  }

  private static Rule randomRule(Random random) {
    int stages = 1 + random.nextInt(3);
    Rule.Stage[] all = new Rule.Stage[stages];
    for (int i = 0; i < stages; i++) {
      Set<String> types = new HashSet<>();
      int wanted = 1 + random.nextInt(2);
      while (types.size() < wanted) {
        types.add("abc".charAt(random.nextInt(3)) + "");
      }
      all[i] =
          new Rule.Stage(
              "stage " + i,
              TestingRules.types(types.toArray(new String[0])),
              1 + random.nextInt(2),
              random.nextInt(3) == 0 ? Subject.Kind.NODE : null);
    }
    return TestingRules.rule(
        "random", List.of(Subject.Kind.NODE), random.nextBoolean(), 1000, Map.of(), all);
  }

  // Each symptom goes to one of its stages or to none; in order, a stage may begin only when all
  // before it are complete.
  private static boolean search(
      Rule rule, List<Symptom> symptoms, int next, int[] counts, List<String> named) {
    boolean complete = true;
    for (int i = 0; i < counts.length; i++) {
      complete &= counts[i] == rule.stages().get(i).count();
    }
    if (complete) {
      return true;
    }
    if (next == symptoms.size()) {
      return false;
    }
    Symptom symptom = symptoms.get(next);
    for (int stage = 0; stage < counts.length; stage++) {
      Rule.Stage wanted = rule.stages().get(stage);
      String name = stage + symptom.event().entity().toString();
      boolean allowed =
          (symptom.stages() & 1 << stage) != 0
              && counts[stage] < wanted.count()
              && (wanted.distinctBy() == null || !named.contains(name));
      for (int before = 0; rule.ordered() && before < stage; before++) {
        allowed &= counts[before] == rule.stages().get(before).count();
      }
      if (allowed) {
        counts[stage]++;
        List<String> more = new ArrayList<>(named);
        more.add(name);
        boolean found = search(rule, symptoms, next + 1, counts, more);
        counts[stage]--;
        if (found) {
          return true;
        }
      }
    }
    return search(rule, symptoms, next + 1, counts, named);
  }

  private static Rule two(boolean ordered, long windowMillis, Map<String, Long> horizons) {
    return TestingRules.rule(
        "two",
        List.of(Subject.Kind.NODE),
        ordered,
        windowMillis,
        horizons,
        TestingRules.stage(2, "a"),
        TestingRules.stage(1, "b"));
  }

  private static FleetEvent at(String type, long timeMillis) {
    return of(type, timeMillis, NODE);
  }

  private static FleetEvent of(String type, long timeMillis, Subject entity) {
    return TestingRules.event(type + timeMillis, type, entity, timeMillis);
  }

  private static Symptom symptom(Rule rule, FleetEvent event) {
    int stages = 0;
    for (int i = 0; i < rule.stages().size(); i++) {
      stages |= rule.stages().get(i).when().holds(event) ? 1 << i : 0;
    }
    return new Symptom(rule.id(), "node/n-1", stages, false, event, null);
  }

  private static List<String> run(Rule rule, FleetEvent... events) {
    RuleMatcher matcher = new RuleMatcher(rule);
    List<String> matches = new ArrayList<>();
    for (FleetEvent event : events) {
      matcher.take(
          symptom(rule, event),
          match ->
              matches.add(
                  String.join(
                      " ",
                      match.symptoms().stream().map(symptom -> symptom.event().id()).toList())));
    }
    return matches;
  }
}
