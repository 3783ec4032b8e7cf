package io.forestall.wire.rules;

import io.forestall.decisions.DurationText;
import io.forestall.decisions.Severity;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Writes RULES.md, and one rule in sentences, from the rules themselves. Stateless. */
public final class RulesPage {

  private static final String HEAD =
      """
      # Rules: which events are one incident

      Generated from `shipped-rules.yaml`; a test compares. Write your own beside or instead of them:

      ```
      forestall rules show > my-rules.yaml                # the shipped file, to begin with
      forestall rules check my-rules.yaml                 # every mistake with its line
      forestall rules test my-tests.yaml --rules my-rules.yaml
      ```

      The correlate job takes the file by `--forestall.correlate.rules-file`.

      ## A rule

      | field | what it says |
      |---|---|
      | `id`, `version`, `description` | name of `a-z`, `0-9` and hyphens; a number that you raise with each change; a sentence |
      | `enabled` | `false` takes no part |
      | `key` | kind of thing by which events belong together: `disk`, `node`, `volume`, `client`, `rack` and so on, or two such as `[volume, client]`. It is found in the event's entity (an edge names both its nodes, a pair its volume and its client), else in its related things, else in the place where the entity stands |
      | `stages` | what must be seen, 1 to 8; each with `name`, conditions, `count` (1) and `distinctBy`, a kind of which each counted event must name another thing |
      | `order` | `listed` (each stage is complete before the next begins) or `any` |
      | `correlationTimeWindow` | longest time from the first to the last event that open an incident |
      | `horizons` | by type: how long events of it are held although the window is shorter, so that a daily prediction joins a burst of seconds |
      | `quiet`, `maxLength` | the incident is resolved once nothing of it came for so long, and this long after its beginning at the latest |
      | `clearedBy` | conditions of an event that resolves it at once; give it a limit below that of the stages, so that nothing flaps |
      | `severity` | `highest` of its events, or a fixed one |
      | `recommendation`, `because` | the one act, and why |
      | `inhibits` | list of `{rule, same}`: incidents of that rule (`'*'`: of every other) that share the same rack, node and so on are swallowed: they stay recorded and neither recommend nor page |
      | `labels` | further words for the incident |

      Conditions, each of which must hold: `types` (exact, `disk.*`, or `'*'`), `kinds` of the entity, `minSeverity`,
      `predicted` (`true`, `false`; left out for both), `modes` (`disk`, `network`, `software`, `fail-slow`) and `where`, limits such as
      `score >= 50` on `score`, `probability`, `confidence`, `horizonMillis` or `values.NAME`. Durations are like `5 s`, `15 min`,
      `8 h`, `7 d`.

      An incident takes everything that its rule has held; later events of the rule join it, late ones too. A rule of one
      event with severity critical, whose key is that event's entity, fires on arrival; all others wait until event time has
      passed, so that any arrival order within the bound gives the same incidents.

      ## While the job runs

      A policy record of kind THRESHOLD whose id is that of the rule changes `enabled`, `severity` (or `highest`), `min-severity`,
      `quiet`, and limits by stage: `1.score`, `2.values.errors`, `cleared.values.errors`. One of kind RULE with the rule as its body
      replaces all but the shape. The shape is key, order, number, names and counts of the stages, window and horizons: it
      needs a savepoint and a new submission. What makes no sense is refused, and the last good stays.

      ## Tests

      ```
      rules: my-rules.yaml            # beside this file; left out: the shipped ones
      bound: 30 s                     # how late an event may arrive and still be in order
      fleet:
        - {node: n-1, rack: r-1, zone: z-1, pool: p-1}
      tests:
        - name: a daily prediction joins a burst of seconds
          only: [disk-failing-under-load]            # left out: all rules
          events:
            - {id: soon, type: disk.failed, predicted: true, mode: disk, entity: disk/d-1, related: node/n-1}
            - {id: slow, at: 20 h, every: 1 s, times: 3, type: volume.latency.high, entity: volume/v-1, related: node/n-1}
          until: 21 h                                # left out: the time of the last event
          incidents:                                 # all of them; [] for none
            - {rule: disk-failing-under-load, key: node/n-1, state: resolved, severity: error,
               recommendation: shadow, events: [soon, slow-1, slow-2, slow-3], inhibitedBy: none}
      ```

      Events also take `severity`, `score`, `probability`, `confidence`, `horizon`, `values`, `lasts`, and `arrives` when the test is about
      lateness. A test that does not say when events arrive is also run in other arrival orders within the bound. Incidents
      also take `predicted` and `subject`; what is left out is not compared. The exit code is 1 when a test fails.

      """;

  private RulesPage() {}

  static String markdown(RuleSet rules) {
    StringBuilder page = new StringBuilder(HEAD);
    page.append("## The shipped rules\n\n");
    page.append("| rule | key | what it says | recommends |\n|---|---|---|---|\n");
    for (Rule rule : rules.rules()) {
      page.append("| [`").append(rule.id()).append("`](#").append(rule.id()).append(") | ");
      page.append(String.join(", ", rule.key().stream().map(Fields::word).toList())).append(" | ");
      page.append(rule.description()).append(" | ");
      page.append(Fields.word(rule.recommendation())).append(" |\n");
    }
    page.append("\n## Types of events that they listen to\n\n| type | rules |\n|---|---|\n");
    TreeMap<String, List<String>> byType = new TreeMap<>();
    for (Rule rule : rules.rules()) {
      for (Rule.Stage stage : rule.stages()) {
        for (String type : stage.when().types()) {
          add(byType, type, rule.id());
        }
      }
      if (rule.clearedBy() != null) {
        for (String type : rule.clearedBy().types()) {
          add(byType, type, rule.id() + " (ends)");
        }
      }
    }
    byType.forEach(
        (type, ids) ->
            page.append("| `")
                .append(type)
                .append("` | ")
                .append(String.join(", ", ids))
                .append(" |\n"));
    for (Rule rule : rules.rules()) {
      page.append("\n### ").append(rule.id()).append("\n\n");
      for (String sentence : sentences(rule)) {
        page.append(sentence).append("\n");
      }
    }
    return page.toString();
  }

  private static void add(TreeMap<String, List<String>> byType, String type, String rule) {
    List<String> rules = byType.computeIfAbsent(type, unused -> new ArrayList<>());
    if (!rules.contains(rule)) {
      rules.add(rule);
    }
  }

  /** A rule in sentences, as lines of Markdown. */
  public static List<String> sentences(Rule rule) {
    List<String> lines = new ArrayList<>();
    lines.add(rule.description());
    lines.add("");
    int number = 1;
    for (Rule.Stage stage : rule.stages()) {
      String count =
          stage.count() == 1
              ? ""
              : " ("
                  + stage.count()
                  + (stage.distinctBy() == null
                      ? " events"
                      : " events of different " + plural(Fields.word(stage.distinctBy())))
                  + ")";
      lines.add(number++ + ". " + stage.name() + count + ": " + condition(stage.when()));
    }
    lines.add("");
    StringBuilder together = new StringBuilder("Joined by ");
    together.append(String.join(" and ", rule.key().stream().map(Fields::word).toList()));
    if (rule.symptoms() > 1) {
      together.append(" within ").append(DurationText.of(rule.windowMillis()));
      together.append(
          rule.stages().size() == 1 ? "" : rule.ordered() ? ", in this order" : ", in any order");
    }
    for (var horizon : new TreeMap<>(rule.horizonsMillis()).entrySet()) {
      together.append("; ").append(horizon.getKey()).append(" is held for ");
      together.append(DurationText.of(horizon.getValue()));
    }
    lines.add(together.append('.').toString());
    lines.add(
        "Resolved after "
            + DurationText.of(rule.quietMillis())
            + " of quiet, "
            + DurationText.of(rule.maxLengthMillis())
            + " after its beginning at the latest"
            + (rule.clearedBy() == null ? "" : ", or by " + condition(rule.clearedBy()))
            + ".");
    lines.add(
        "Severity "
            + (rule.severity() == null ? "the highest of its events" : Fields.word(rule.severity()))
            + "; recommends "
            + Fields.word(rule.recommendation())
            + (rule.recommendationText().isEmpty() ? "." : ": " + rule.recommendationText()));
    if (!rule.inhibits().isEmpty()) {
      lines.add(
          "Swallows "
              + String.join(
                  ", ",
                  rule.inhibits().stream()
                      .map(one -> one.rule() + " (same " + Fields.word(one.same()) + ")")
                      .toList())
              + ".");
    }
    if (!rule.enabled()) {
      lines.add("Switched off.");
    }
    return lines;
  }

  private static String plural(String kind) {
    return kind + "s";
  }

  private static String condition(Rule.Condition condition) {
    StringBuilder text = new StringBuilder();
    text.append(String.join(" or ", condition.types().stream().map(t -> "`" + t + "`").toList()));
    if (condition.predicted() != null) {
      text.append(condition.predicted() ? ", predicted" : ", real");
    }
    if (!condition.kinds().isEmpty()) {
      text.append(", of a ");
      text.append(
          String.join(" or ", condition.kinds().stream().map(Fields::word).sorted().toList()));
    }
    if (condition.minSeverity() != Severity.UNKNOWN) {
      text.append(", at least ").append(Fields.word(condition.minSeverity()));
    }
    if (!condition.modes().isEmpty()) {
      text.append(", mode ");
      text.append(
          String.join(" or ", condition.modes().stream().map(Fields::word).sorted().toList()));
    }
    for (Rule.Threshold limit : condition.thresholds()) {
      text.append(", `").append(RuleYaml.limit(limit)).append('`');
    }
    return text.toString();
  }
}
