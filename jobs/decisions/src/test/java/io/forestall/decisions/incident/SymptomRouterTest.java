package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.FailureMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SymptomRouterTest {

  private static final Place PLACE = new Place("n-1", "r-1", "z-1", "region-1", "pool-1");

  @Test
  void aRuleGetsTheTypesItListensTo() {
    SymptomRouter router =
        router(
            keyed("exact", Subject.Kind.DISK, "disk.failed"),
            keyed("prefix", Subject.Kind.DISK, "disk.*"),
            keyed("all", Subject.Kind.DISK, "*"),
            keyed("other", Subject.Kind.DISK, "node.failed"));

    assertThat(route(router, event("disk.failed", Subject.disk("d")), PLACE))
        .containsExactly("exact disk/d 1", "prefix disk/d 1", "all disk/d 1");
    assertThat(route(router, event("disk.errors.high", Subject.disk("d")), PLACE))
        .containsExactly("prefix disk/d 1", "all disk/d 1");
    assertThat(route(router, event("disk", Subject.disk("d")), PLACE))
        .containsExactly("all disk/d 1");
    assertThat(route(router, event("disks.failed", Subject.disk("d")), PLACE))
        .containsExactly("all disk/d 1");
    assertThat(router.listensTo("node.failed")).isTrue();
    assertThat(router(keyed("one", Subject.Kind.DISK, "disk.*")).listensTo("node.failed"))
        .isFalse();
  }

  @Test
  void aRuleThatIsOffGetsNothing() {
    Rule on = keyed("off", Subject.Kind.DISK, "disk.failed");
    Rule off =
        new Rule(
            on.id(),
            2,
            false,
            on.description(),
            on.key(),
            on.ordered(),
            on.stages(),
            on.windowMillis(),
            on.horizonsMillis(),
            on.quietMillis(),
            on.maxLengthMillis(),
            on.clearedBy(),
            on.severity(),
            on.recommendation(),
            on.recommendationText(),
            on.inhibits(),
            on.labels());

    assertThat(route(router(off), event("disk.failed", Subject.disk("d")), PLACE)).isEmpty();
  }

  @Test
  void anEventCarriesTheStagesItCountsFor() {
    Rule rule =
        TestingRules.rule(
            "stages",
            List.of(Subject.Kind.NODE),
            false,
            10,
            Map.of(),
            TestingRules.stage(1, "a"),
            TestingRules.stage(1, "b", "a"));

    assertThat(route(router(rule), event("a", Subject.node("n")), null))
        .containsExactly("stages node/n 3");
    assertThat(route(router(rule), event("b", Subject.node("n")), null))
        .containsExactly("stages node/n 2");
  }

  @Test
  void theKeyIsTheEntityElseWhatItNamesElseItsPlace() {
    SymptomRouter nodes = router(keyed("nodes", Subject.Kind.NODE, "*"));
    List<Subject> related = List.of(Subject.node("n-7"), Subject.node("n-8"));

    assertThat(route(nodes, event("a", Subject.node("n-2"), related), PLACE))
        .as("witnesses are not what it happened to")
        .containsExactly("nodes node/n-2 1");
    assertThat(route(nodes, event("a", Subject.disk("d"), related), PLACE))
        .containsExactly("nodes node/n-7 1", "nodes node/n-8 1");
    assertThat(route(nodes, event("a", Subject.disk("d")), PLACE))
        .containsExactly("nodes node/n-1 1");
    assertThat(route(nodes, event("a", Subject.disk("d")), null)).isEmpty();
    assertThat(route(nodes, event("a", subject(Subject.Kind.EDGE, "n-3>n-4")), PLACE))
        .containsExactly("nodes node/n-3 1", "nodes node/n-4 1");
    assertThat(route(nodes, event("a", subject(Subject.Kind.EDGE, ">")), PLACE))
        .containsExactly("nodes node/n-1 1");
  }

  @Test
  void thePlaceGivesRackZoneRegionAndPool() {
    for (String expected : List.of("rack/r-1", "zone/z-1", "region/region-1", "pool/pool-1")) {
      Subject.Kind kind = Subject.parse(expected).kind();
      assertThat(route(router(keyed("k", kind, "*")), event("a", Subject.disk("d")), PLACE))
          .containsExactly("k " + expected + " 1");
    }
    assertThat(
            route(
                router(keyed("k", Subject.Kind.RACK, "*")),
                event("a", Subject.disk("d")),
                new Place("n-1", "", "z", "region", "pool")))
        .as("a rack without a name is none")
        .isEmpty();
  }

  @Test
  void aPairNamesItsVolumeAndItsClient() {
    Subject pair = subject(Subject.Kind.PAIR, "v-1@c-1");
    Rule both =
        TestingRules.rule(
            "both",
            List.of(Subject.Kind.VOLUME, Subject.Kind.CLIENT),
            true,
            0,
            Map.of(),
            TestingRules.stage(1, "*"));

    assertThat(
            route(
                router(
                    keyed("volume", Subject.Kind.VOLUME, "*"),
                    keyed("client", Subject.Kind.CLIENT, "*"),
                    keyed("pair", Subject.Kind.PAIR, "*"),
                    both),
                event("a", pair),
                null))
        .containsExactly(
            "volume volume/v-1 1",
            "client client/c-1 1",
            "pair pair/v-1@c-1 1",
            "both volume/v-1+client/c-1 1");
    assertThat(
            route(
                router(both),
                event(
                    "a",
                    subject(Subject.Kind.VOLUME, "v"),
                    List.of(subject(Subject.Kind.CLIENT, "x"), subject(Subject.Kind.CLIENT, "y"))),
                null))
        .containsExactly("both volume/v+client/x 1", "both volume/v+client/y 1");
    assertThat(route(router(both), event("a", subject(Subject.Kind.VOLUME, "v")), null)).isEmpty();
    assertThat(route(router(both), event("a", subject(Subject.Kind.PAIR, "@")), null)).isEmpty();
  }

  @Test
  void theKeysOfAnEventAreBounded() {
    List<Subject> many = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      many.add(Subject.node("n-" + i));
    }

    assertThat(
            route(
                router(keyed("nodes", Subject.Kind.NODE, "*")),
                event("a", subject(Subject.Kind.VOLUME, "v"), many),
                null))
        .hasSize(CorrelationKey.MAX_KEYS);
  }

  @Test
  void aKeyIsReadBack() {
    List<Subject> two =
        List.of(subject(Subject.Kind.VOLUME, "a+b/c+d"), subject(Subject.Kind.CLIENT, "e+f"));
    List<Subject> one = List.of(subject(Subject.Kind.VOLUME, "a+b"));

    assertThat(CorrelationKey.parse(CorrelationKey.of(two))).isEqualTo(two);
    assertThat(CorrelationKey.parse(CorrelationKey.of(one))).isEqualTo(one);
  }

  @Test
  void anEventThatOnlyClearsSaysSo() {
    Rule opens = keyed("clears", Subject.Kind.POOL, "stopped");
    Rule rule =
        new Rule(
            opens.id(),
            1,
            true,
            "",
            opens.key(),
            true,
            opens.stages(),
            0,
            Map.of(),
            1,
            1,
            TestingRules.types("resumed"),
            null,
            opens.recommendation(),
            "",
            List.of(),
            Map.of());
    List<Symptom> symptoms = new ArrayList<>();
    router(rule).route(event("resumed", subject(Subject.Kind.POOL, "p")), null, symptoms::add);

    assertThat(symptoms).hasSize(1);
    assertThat(symptoms.get(0).clears()).isTrue();
    assertThat(symptoms.get(0).stages()).isZero();
  }

  @Test
  void everyPartOfAConditionMustHold() {
    FleetEvent event =
        new FleetEvent(
            "e",
            "disk.failed",
            Severity.WARNING,
            true,
            Subject.disk("d"),
            List.of(),
            1,
            null,
            0.8,
            3600_000,
            0.3,
            FailureMode.DISK,
            70.0,
            "m",
            1,
            "sense",
            "",
            Map.of("errors", 5.0),
            Map.of());

    assertThat(condition(Set.of(), Severity.UNKNOWN, null, Set.of()).holds(event)).isTrue();
    assertThat(
            condition(Set.of(Subject.Kind.DISK), Severity.WARNING, true, Set.of(FailureMode.DISK))
                .holds(event))
        .isTrue();
    assertThat(condition(Set.of(Subject.Kind.NODE), Severity.UNKNOWN, null, Set.of()).holds(event))
        .isFalse();
    assertThat(condition(Set.of(), Severity.ERROR, null, Set.of()).holds(event)).isFalse();
    assertThat(condition(Set.of(), Severity.UNKNOWN, false, Set.of()).holds(event)).isFalse();
    assertThat(
            condition(Set.of(), Severity.UNKNOWN, null, Set.of(FailureMode.NETWORK)).holds(event))
        .isFalse();
    for (String holding :
        List.of(
            "score AT_LEAST 70",
            "score AT_MOST 70",
            "score ABOVE 69",
            "score BELOW 71",
            "probability AT_LEAST 0.3",
            "confidence BELOW 0.9",
            "horizonMillis AT_LEAST 3600000",
            "values.errors ABOVE 4")) {
      assertThat(threshold(holding).holds(event)).as(holding).isTrue();
    }
    for (String failing :
        List.of(
            "score ABOVE 70",
            "score BELOW 70",
            "probability AT_LEAST 0.31",
            "values.absent BELOW 4",
            "nonsense BELOW 4")) {
      assertThat(threshold(failing).holds(event)).as(failing).isFalse();
    }
  }

  private static Rule.Threshold threshold(String text) {
    String[] words = text.split(" ");
    return new Rule.Threshold(
        words[0], Rule.Comparison.valueOf(words[1]), Double.parseDouble(words[2]));
  }

  private static Rule.Condition condition(
      Set<Subject.Kind> kinds,
      Severity severity,
      @Nullable Boolean predicted,
      Set<FailureMode> modes) {
    return new Rule.Condition(List.of("disk.failed"), kinds, severity, predicted, modes, List.of());
  }

  private static Rule keyed(String id, Subject.Kind kind, String... types) {
    return TestingRules.rule(id, List.of(kind), true, 0, Map.of(), TestingRules.stage(1, types));
  }

  private static SymptomRouter router(Rule... rules) {
    return new SymptomRouter(new RuleSet(0, List.of(rules)));
  }

  private static Subject subject(Subject.Kind kind, String id) {
    return new Subject(kind, id);
  }

  private static FleetEvent event(String type, Subject entity) {
    return event(type, entity, List.of());
  }

  private static FleetEvent event(String type, Subject entity, List<Subject> related) {
    return TestingRules.event("e", type, entity, 1, related);
  }

  private static List<String> route(SymptomRouter router, FleetEvent event, @Nullable Place place) {
    List<String> routed = new ArrayList<>();
    router.route(
        event,
        place,
        symptom -> routed.add(symptom.rule() + " " + symptom.key() + " " + symptom.stages()));
    return routed;
  }
}
