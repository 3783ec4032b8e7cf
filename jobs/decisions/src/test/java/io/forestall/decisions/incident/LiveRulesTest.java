package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LiveRulesTest {

  private static final Rule RULE = rule("slow-disk", 1, 10_000, "reads are slow", 50);

  private final LiveRules live =
      new LiveRules(
          new RuleSet(0, List.of(RULE, rule("other", 1, 10_000, "other", 1))),
          record -> {
            if (record.body().equals("longer")) {
              return rule("slow-disk", 2, 20_000, "reads are slow", 50);
            }
            if (record.body().equals("renamed")) {
              return rule("other", 2, 10_000, "reads are slow", 50);
            }
            if (record.body().equals("wild")) {
              throw new IllegalArgumentException("no rule");
            }
            return rule("slow-disk", 2, 10_000, "reads are slow", 80);
          });

  @Test
  void aThresholdChangesValuesLiveAndItsTombstoneTakesThemBack() {
    PolicyRecord record =
        threshold(
            Map.of(
                "enabled", "false",
                "severity", "critical",
                "quiet", "20 s",
                "min-severity", "warning",
                "1.min-severity", "error",
                "1.score", "70",
                "cleared.score", "20"));

    assertThat(live.accept(record)).isTrue();
    Rule changed = slowDisk(0);
    assertThat(changed.enabled()).isFalse();
    assertThat(changed.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(changed.quietMillis()).isEqualTo(20_000);
    assertThat(changed.stages().get(0).when().minSeverity()).isEqualTo(Severity.ERROR);
    assertThat(changed.stages().get(1).when().minSeverity()).isEqualTo(Severity.WARNING);
    assertThat(changed.stages().get(0).when().thresholds().get(0).value()).isEqualTo(70);
    assertThat(Objects.requireNonNull(changed.clearedBy()).thresholds().get(0).value())
        .isEqualTo(20);
    assertThat(changed.shapeHash()).isEqualTo(RULE.shapeHash());
    assertThat(live.rulesAt(0).rules().get(1).enabled()).isTrue();
    assertThat(live.rulesAt(0).version()).isEqualTo(1);

    live.remove(record.key());
    assertThat(slowDisk(0)).isEqualTo(RULE);
  }

  @Test
  void theSeverityOfTheEventsCanBeAskedForAgain() {
    live.accept(threshold(Map.of("severity", "highest")));
    assertThat(slowDisk(0).severity()).isNull();
  }

  @Test
  void whatMakesNoSenseIsRefusedAndTheLastGoodStays() {
    live.accept(threshold(Map.of("1.score", "70")));
    List<Map<String, String>> wrong = new ArrayList<>();
    wrong.add(Map.of("1.score", "much"));
    wrong.add(Map.of("1.score", "NaN"));
    wrong.add(Map.of("1.values.absent", "3"));
    wrong.add(Map.of("3.score", "3"));
    wrong.add(Map.of("score", "3"));
    wrong.add(Map.of("enabled", "perhaps"));
    wrong.add(Map.of("severity", "dreadful"));
    wrong.add(Map.of("severity", "unknown"));
    wrong.add(Map.of("quiet", "soon"));
    wrong.add(Map.of("quiet", "0 s"));
    wrong.add(Map.of("quiet", "2 d"));
    wrong.add(Map.of("window", "5 s"));
    wrong.add(Map.of("cleared.probability", "1"));
    for (Map<String, String> parameters : wrong) {
      assertThatThrownBy(() -> live.accept(threshold(parameters)))
          .as("%s", parameters)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("threshold/slow-disk");
    }
    assertThat(slowDisk(0).stages().get(0).when().thresholds().get(0).value()).isEqualTo(70);
  }

  @Test
  void aRuleRecordReplacesAllButTheShape() {
    assertThat(live.accept(body("higher"))).isTrue();
    assertThat(slowDisk(0).version()).isEqualTo(2);
    assertThat(slowDisk(0).stages().get(0).when().thresholds().get(0).value()).isEqualTo(80);

    assertThatThrownBy(() -> live.accept(body("longer")))
        .hasMessage(
            "rule 'slow-disk': its correlationTimeWindow cannot change while the job runs: stop it"
                + " with a savepoint and submit it again with the new rules file");
    assertThatThrownBy(() -> live.accept(body("renamed"))).hasMessageContaining("'other'");
    assertThatThrownBy(() -> live.accept(body("wild"))).hasMessage("no rule");
    assertThat(slowDisk(0).stages().get(0).when().thresholds().get(0).value()).isEqualTo(80);

    live.accept(threshold(Map.of("1.score", "90")));
    assertThat(slowDisk(0).stages().get(0).when().thresholds().get(0).value())
        .as("thresholds lie on top")
        .isEqualTo(90);
  }

  @Test
  void aNewRuleNeedsANewSubmission() {
    assertThatThrownBy(
            () ->
                live.accept(
                    record(PolicyRecord.Kind.RULE, "new", true, Map.of(), "new", 0, null, "all")))
        .hasMessageContaining("savepoint");
  }

  @Test
  void aRuleRecordThatIsOffSwitchesTheRuleOff() {
    live.accept(record(PolicyRecord.Kind.RULE, "slow-disk", false, Map.of(), "", 0, null, "all"));
    assertThat(slowDisk(0).enabled()).isFalse();
  }

  @Test
  void aRecordHoldsFromItsBeginningToItsExpiry() {
    live.accept(
        record(
            PolicyRecord.Kind.THRESHOLD,
            "slow-disk",
            true,
            Map.of("1.score", "70"),
            "",
            100,
            200L,
            "all"));

    assertThat(slowDisk(99)).isEqualTo(RULE);
    assertThat(slowDisk(100)).isNotEqualTo(RULE);
    assertThat(slowDisk(200)).isEqualTo(RULE);
    assertThat(live.nextChangeMillis(0)).isEqualTo(100);
    assertThat(live.nextChangeMillis(100)).isEqualTo(200);
    assertThat(live.nextChangeMillis(200)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void whatIsNoneOfItsBusinessIsLeftAlone() {
    assertThat(live.accept(record(PolicyRecord.Kind.MODE, "m", true, Map.of(), "", 0, null, "all")))
        .isFalse();
    assertThat(
            live.accept(
                record(PolicyRecord.Kind.THRESHOLD, "guard", true, Map.of(), "", 0, null, "all")))
        .isFalse();
    assertThat(live.rulesAt(0).version()).isZero();
    assertThatThrownBy(
            () ->
                live.accept(
                    record(
                        PolicyRecord.Kind.THRESHOLD,
                        "slow-disk",
                        true,
                        Map.of(),
                        "",
                        0,
                        null,
                        "pool/p")))
        .hasMessageContaining("pool/p");
  }

  private Rule slowDisk(long nowMillis) {
    return Objects.requireNonNull(live.rulesAt(nowMillis).rule("slow-disk"));
  }

  private static Rule rule(
      String id, int version, long windowMillis, String stageName, double score) {
    List<Rule.Threshold> limits =
        List.of(new Rule.Threshold("score", Rule.Comparison.AT_LEAST, score));
    return new Rule(
        id,
        version,
        true,
        "A rule of a test.",
        List.of(Subject.Kind.DISK),
        true,
        List.of(
            new Rule.Stage(stageName, condition(limits), 1, null),
            new Rule.Stage("and again", condition(List.of()), 1, null)),
        windowMillis,
        Map.of(),
        10_000,
        60_000,
        condition(List.of(new Rule.Threshold("score", Rule.Comparison.BELOW, 10))),
        Severity.WARNING,
        ActKind.INVESTIGATE,
        "Because.",
        List.of(),
        Map.of());
  }

  private static Rule.Condition condition(List<Rule.Threshold> limits) {
    return new Rule.Condition(
        List.of("disk.failed"), Set.of(), Severity.UNKNOWN, null, Set.of(), limits);
  }

  private static PolicyRecord threshold(Map<String, String> parameters) {
    return record(PolicyRecord.Kind.THRESHOLD, "slow-disk", true, parameters, "", 0, null, "all");
  }

  private static PolicyRecord body(String body) {
    return record(PolicyRecord.Kind.RULE, "slow-disk", true, Map.of(), body, 0, null, "all");
  }

  private static PolicyRecord record(
      PolicyRecord.Kind kind,
      String id,
      boolean enabled,
      Map<String, String> parameters,
      String body,
      long notBeforeMillis,
      @Nullable Long expiresMillis,
      String scope) {
    return new PolicyRecord(
        scope + "/" + kind.name().toLowerCase(Locale.ROOT) + "/" + id,
        id,
        kind,
        1,
        enabled,
        scope,
        null,
        ActKind.UNKNOWN,
        null,
        "somebody",
        "because",
        0,
        notBeforeMillis,
        expiresMillis,
        parameters,
        body);
  }
}
