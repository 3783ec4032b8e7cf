package io.forestall.wire.rules;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.DurationText;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.CorrelationKey;
import io.forestall.decisions.incident.Rule;
import io.forestall.risk.FailureMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Rules between YAML and nouns. Stateless. */
final class RuleYaml {

  /** Most rules of a file. */
  static final int MAX_RULES = 200;

  private static final int MAX_TYPES = 50;
  private static final int MAX_LABELS = 20;
  private static final int MAX_LIMITS = 20;
  private static final int MAX_INHIBITIONS = 50;
  private static final int MAX_STAGE_NAME_CHARS = 120;

  /** Longest window, horizon and length; state is held that long. */
  private static final long MAX_HOLD_MILLIS = 31L * 86_400_000;

  private static final long MIN_QUIET_MILLIS = 1000;

  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,64}");
  private static final Pattern TYPE =
      Pattern.compile("\\*|[a-z0-9_-]{1,64}(\\.[a-z0-9_-]{1,64}){0,8}(\\.\\*)?");
  private static final Pattern LIMIT =
      Pattern.compile("([A-Za-z0-9_.-]{1,100})\\s*(>=|<=|>|<)\\s*(\\S{1,40})");
  private static final Pattern LABEL = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]{0,63}");

  private static final List<Severity> SEVERITIES =
      List.of(Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL);
  private static final List<Subject.Kind> KINDS = List.of(Subject.Kind.values());
  private static final List<FailureMode> MODES =
      Arrays.stream(FailureMode.values()).filter(mode -> mode != FailureMode.UNKNOWN).toList();
  private static final List<ActKind> ACTS =
      Arrays.stream(ActKind.values()).filter(act -> act != ActKind.UNKNOWN).toList();

  private enum Order {
    LISTED,
    ANY
  }

  private RuleYaml() {}

  /** The rules of a file, in its order. */
  static List<Rule> readAll(String text, Problems problems) {
    YamlTree tree = YamlTree.read(text, problems);
    Fields file = Fields.of(problems, "the file", tree);
    List<Rule> rules = new ArrayList<>();
    Map<String, Integer> lines = new HashMap<>();
    if (!(file.tree("rules") instanceof YamlTree.Sequence sequence)) {
      if (problems.none()) {
        problems.add(
            tree.line(), "write 'rules:' and under it a list of rules, each as '- id: ...'");
      }
      throw new RulesException(collected(problems));
    }
    file.nothingElse();
    if (sequence.items().isEmpty() || sequence.items().size() > MAX_RULES) {
      problems.add(
          sequence.line(),
          "a file has 1 to " + MAX_RULES + " rules, not " + sequence.items().size());
      problems.check();
    }
    for (YamlTree item : sequence.items()) {
      Rule rule = rule(problems, item);
      Integer before = lines.putIfAbsent(rule.id(), item.line());
      if (before != null && !rule.id().equals("?")) {
        problems.add(
            item.line(),
            "rule "
                + Problems.quoted(rule.id())
                + " is there already, on line "
                + before
                + "; give this one another id");
      }
      rules.add(rule);
    }
    inhibitions(problems, rules, lines);
    problems.check();
    return rules;
  }

  /** One rule by itself, as in a policy record. What it inhibits is for the caller to check. */
  static Rule readOne(String text, Problems problems) {
    Rule rule = rule(problems, YamlTree.read(text, problems));
    problems.check();
    return rule;
  }

  private static List<String> collected(Problems problems) {
    try {
      problems.check();
      return List.of();
    } catch (RulesException all) {
      return all.problems();
    }
  }

  private static Rule rule(Problems problems, YamlTree tree) {
    Fields fields = Fields.of(problems, "a rule", tree);
    String id = fields.requiredText("id");
    fields = fields.named("rule " + Problems.quoted(id));
    if (!id.equals("?") && !ID.matcher(id).matches()) {
      fields.problem("id", "use 1 to 64 of a-z, 0-9 and hyphens");
    }
    int version = (int) fields.whole("version", 1, 1, Integer.MAX_VALUE);
    boolean enabled = fields.truth("enabled", true);
    String description = fields.requiredText("description");
    List<Subject.Kind> key = fields.several("key", KINDS);
    if (!fields.has("key")) {
      problems.add(
          fields.line(),
          "rule "
              + Problems.quoted(id)
              + ": key is missing; write what joins events, such as node");
    } else if (key.size() > CorrelationKey.MAX_KINDS) {
      fields.problem("key", "at most two kinds join events");
    }
    Order order = fields.one("order", List.of(Order.values()));
    List<Rule.Stage> stages = stages(problems, fields, id);
    Rule.Condition clearedBy = null;
    Fields clearing = fields.fields("clearedBy");
    if (clearing != null) {
      clearedBy = condition(problems, clearing);
      clearing.nothingElse();
    }
    int symptoms = 0;
    for (Rule.Stage stage : stages) {
      symptoms += stage.count();
    }
    if (symptoms > Rule.MAX_SYMPTOMS) {
      fields.problem(
          "stages", "count " + symptoms + " events together; at most " + Rule.MAX_SYMPTOMS);
    }
    long windowMillis =
        symptoms > 1
            ? fields.requiredMillis("correlationTimeWindow", 1)
            : fields.millis("correlationTimeWindow", 0);
    long quietMillis = fields.requiredMillis("quiet", MIN_QUIET_MILLIS);
    long lengthMillis = fields.requiredMillis("maxLength", MAX_HOLD_MILLIS);
    Map<String, Long> horizons = horizons(fields, stages, windowMillis);
    long longestMillis = windowMillis;
    for (long horizon : horizons.values()) {
      longestMillis = Math.max(longestMillis, horizon);
    }
    if (windowMillis > MAX_HOLD_MILLIS) {
      fields.problem("correlationTimeWindow", "at most " + DurationText.of(MAX_HOLD_MILLIS));
    } else if (windowMillis > lengthMillis) {
      fields.problem(
          "correlationTimeWindow",
          DurationText.of(windowMillis)
              + " is longer than maxLength, "
              + DurationText.of(lengthMillis)
              + "; make one of them fit");
    } else if (longestMillis > lengthMillis) {
      fields.problem(
          "maxLength",
          "an incident may begin with an event that waited for its horizon, "
              + DurationText.of(longestMillis)
              + "; make maxLength at least that");
    }
    if (lengthMillis > MAX_HOLD_MILLIS) {
      fields.problem("maxLength", "at most " + DurationText.of(MAX_HOLD_MILLIS));
    }
    if (quietMillis < MIN_QUIET_MILLIS || quietMillis > lengthMillis) {
      fields.problem("quiet", "from 1 s to maxLength, " + DurationText.of(lengthMillis));
    }
    Severity severity = null;
    String severityText = fields.text("severity");
    if (severityText != null && !severityText.equals("highest")) {
      severity = fields.one("severity", SEVERITIES);
    }
    ActKind recommendation = fields.one("recommendation", ACTS);
    if (recommendation == null) {
      if (!fields.has("recommendation")) {
        problems.add(
            fields.line(),
            "rule "
                + Problems.quoted(id)
                + ": recommendation is missing; write an act such as investigate, or none");
      }
      recommendation = ActKind.NONE;
    }
    String because = fields.text("because");
    if (because == null && recommendation != ActKind.NONE && !fields.has("because")) {
      problems.add(
          fields.line(),
          "rule " + Problems.quoted(id) + ": because is missing; say in a sentence why to do this");
    }
    List<Rule.Inhibition> inhibits = new ArrayList<>();
    for (YamlTree item : fields.items("inhibits")) {
      Fields inhibition = Fields.of(problems, "rule " + Problems.quoted(id) + ", inhibits", item);
      String rule = inhibition.requiredText("rule");
      Subject.Kind same = inhibition.one("same", KINDS);
      if (same == null && !inhibition.has("same")) {
        problems.add(
            inhibition.line(),
            "rule "
                + Problems.quoted(id)
                + ", inhibits: same is missing; write what both must share, such as rack");
      }
      inhibition.nothingElse();
      inhibits.add(new Rule.Inhibition(rule, same == null ? Subject.Kind.POOL : same));
    }
    if (inhibits.size() > MAX_INHIBITIONS) {
      fields.problem("inhibits", "at most " + MAX_INHIBITIONS);
    }
    Map<String, String> labels = fields.map("labels");
    for (String label : labels.keySet()) {
      if (!LABEL.matcher(label).matches()) {
        fields.problem(
            "labels", Problems.quoted(label) + " is no name of a label; use letters, 0-9 and _");
      }
    }
    if (labels.size() > MAX_LABELS) {
      fields.problem("labels", "at most " + MAX_LABELS);
    }
    fields.nothingElse();
    return new Rule(
        id,
        version,
        enabled,
        description,
        key.isEmpty() ? List.of(Subject.Kind.POOL) : key,
        order != Order.ANY,
        stages,
        windowMillis,
        horizons,
        quietMillis,
        lengthMillis,
        clearedBy,
        severity,
        recommendation,
        because == null ? "" : because,
        inhibits,
        labels);
  }

  private static List<Rule.Stage> stages(Problems problems, Fields fields, String id) {
    List<YamlTree> items = fields.items("stages");
    String rule = "rule " + Problems.quoted(id);
    if (items.isEmpty() || items.size() > Rule.MAX_STAGES) {
      problems.add(
          fields.line("stages"),
          rule + ": a rule has 1 to " + Rule.MAX_STAGES + " stages, not " + items.size());
      return List.of();
    }
    List<Rule.Stage> stages = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (YamlTree item : items) {
      Fields stage = Fields.of(problems, rule + ", stage " + (stages.size() + 1), item);
      String name = stage.requiredText("name");
      if (name.length() > MAX_STAGE_NAME_CHARS) {
        stage.problem("name", "at most " + MAX_STAGE_NAME_CHARS + " characters");
      }
      if (!names.add(name) && !name.equals("?")) {
        stage.problem("name", Problems.quoted(name) + " stands twice; say how the stages differ");
      }
      Rule.Condition when = condition(problems, stage);
      // A wrong count is said once: two stands for it, which distinctBy can live with.
      int count = (int) stage.whole("count", stage.has("count") ? 2 : 1, 1, 1000);
      Subject.Kind distinctBy = stage.one("distinctBy", KINDS);
      if (distinctBy != null && count == 1) {
        stage.problem("distinctBy", "means nothing for one event; raise count or leave it out");
      }
      stage.nothingElse();
      stages.add(new Rule.Stage(name, when, count, distinctBy));
    }
    return stages;
  }

  private static Rule.Condition condition(Problems problems, Fields fields) {
    List<String> types = fields.texts("types");
    if (types.isEmpty()) {
      fields.problem(
          "types",
          "is missing or empty; write types of events such as disk.failed, disk.* or '*' for all");
    }
    if (types.size() > MAX_TYPES) {
      fields.problem("types", "at most " + MAX_TYPES);
    }
    for (String type : types) {
      if (!TYPE.matcher(type).matches()) {
        fields.problem(
            "types",
            Problems.quoted(type)
                + " is no type; write words of a-z, 0-9, - and _ with dots between, with .* at the"
                + " end for all that begin so");
      }
    }
    List<Subject.Kind> kinds = fields.several("kinds", KINDS);
    Severity least = fields.one("minSeverity", SEVERITIES);
    Boolean predicted = fields.has("predicted") ? fields.truth("predicted", false) : null;
    List<FailureMode> modes = fields.several("modes", MODES);
    List<Rule.Threshold> limits = new ArrayList<>();
    for (String text : fields.texts("where")) {
      Rule.Threshold limit = limit(text);
      if (limit == null) {
        fields.problem(
            "where",
            Problems.quoted(text)
                + " is no limit; write 'score >= 50', with one of "
                + String.join(", ", Rule.Threshold.FIELDS)
                + " or values.NAME, one of >=, <=, >, <, and a number");
      } else {
        limits.add(limit);
      }
    }
    if (limits.size() > MAX_LIMITS) {
      fields.problem("where", "at most " + MAX_LIMITS);
    }
    return new Rule.Condition(
        types,
        Set.copyOf(kinds),
        least == null ? Severity.UNKNOWN : least,
        predicted,
        Set.copyOf(modes),
        limits);
  }

  private static Rule.@Nullable Threshold limit(String text) {
    Matcher limit = LIMIT.matcher(text);
    if (!limit.matches()) {
      return null;
    }
    String field = limit.group(1);
    Double value = Fields.finite(limit.group(3));
    boolean measurement =
        field.startsWith(Rule.Threshold.VALUES) && field.length() > Rule.Threshold.VALUES.length();
    if (value == null || (!measurement && !Rule.Threshold.FIELDS.contains(field))) {
      return null;
    }
    Rule.Comparison comparison =
        switch (limit.group(2)) {
          case ">=" -> Rule.Comparison.AT_LEAST;
          case "<=" -> Rule.Comparison.AT_MOST;
          case ">" -> Rule.Comparison.ABOVE;
          default -> Rule.Comparison.BELOW;
        };
    return new Rule.Threshold(field, comparison, value);
  }

  private static Map<String, Long> horizons(
      Fields fields, List<Rule.Stage> stages, long windowMillis) {
    Map<String, Long> horizons = new LinkedHashMap<>();
    Set<String> types = new HashSet<>();
    for (Rule.Stage stage : stages) {
      types.addAll(stage.when().types());
    }
    for (Map.Entry<String, String> entry : fields.map("horizons").entrySet()) {
      String type = entry.getKey();
      if (!stages.isEmpty() && types.stream().noneMatch(wanted -> meet(wanted, type))) {
        fields.problem("horizons", "no stage listens to " + Problems.quoted(type));
      }
      try {
        long millis = DurationText.parseMillis(entry.getValue());
        if (millis > MAX_HOLD_MILLIS) {
          fields.problem("horizons", type + ": at most " + DurationText.of(MAX_HOLD_MILLIS));
        } else if (millis <= windowMillis) {
          fields.problem(
              "horizons",
              type
                  + ": "
                  + DurationText.of(millis)
                  + " is no longer than correlationTimeWindow; leave it out");
        } else {
          horizons.put(type, millis);
        }
      } catch (IllegalArgumentException wrong) {
        fields.problem("horizons", type + ": " + wrong.getMessage());
      }
    }
    return horizons;
  }

  // True when some type belongs to both.
  private static boolean meet(String left, String right) {
    return covers(left, right) || covers(right, left);
  }

  private static boolean covers(String wide, String narrow) {
    return wide.equals("*")
        || wide.equals(narrow)
        || (wide.endsWith(".*") && narrow.startsWith(wide.substring(0, wide.length() - 1)));
  }

  // What swallows must exist, and nothing may swallow itself by way of others.
  private static void inhibitions(Problems problems, List<Rule> rules, Map<String, Integer> lines) {
    Map<String, Rule> byId = new LinkedHashMap<>();
    for (Rule rule : rules) {
      byId.put(rule.id(), rule);
    }
    for (Rule rule : rules) {
      for (Rule.Inhibition inhibition : rule.inhibits()) {
        if (!inhibition.rule().equals("*")
            && !inhibition.rule().equals("?")
            && !byId.containsKey(inhibition.rule())) {
          problems.add(
              lines.getOrDefault(rule.id(), 1),
              "rule "
                  + Problems.quoted(rule.id())
                  + ", inhibits: "
                  + Problems.quoted(inhibition.rule())
                  + " is no rule of this file");
        }
      }
      if (reaches(byId, rule.id(), rule.id(), new HashSet<>())) {
        problems.add(
            lines.getOrDefault(rule.id(), 1),
            "rule "
                + Problems.quoted(rule.id())
                + ", inhibits: it swallows a rule that swallows it; remove one of the two");
      }
    }
  }

  private static boolean reaches(
      Map<String, Rule> rules, String from, String goal, Set<String> visited) {
    Rule rule = rules.get(from);
    if (rule == null || !visited.add(from)) {
      return false;
    }
    for (Rule.Inhibition inhibition : rule.inhibits()) {
      for (String next :
          inhibition.rule().equals("*") ? rules.keySet() : Set.of(inhibition.rule())) {
        // "*" is every other.
        boolean itself = next.equals(from) && inhibition.rule().equals("*");
        if (!itself && (next.equals(goal) || reaches(rules, next, goal, visited))) {
          return true;
        }
      }
    }
    return false;
  }

  /** The rule as it is written in a file, one item of the list; reading it gives the same rule. */
  static String write(Rule rule) {
    StringBuilder text = new StringBuilder();
    field(text, "", "id", rule.id());
    field(text, "", "version", Integer.toString(rule.version()));
    if (!rule.enabled()) {
      field(text, "", "enabled", "false");
    }
    field(text, "", "description", quoted(rule.description()));
    field(text, "", "key", list(rule.key().stream().map(Fields::word).toList()));
    if (rule.stages().size() > 1) {
      field(text, "", "order", rule.ordered() ? "listed" : "any");
    } else if (!rule.ordered()) {
      field(text, "", "order", "any");
    }
    text.append("stages:\n");
    for (Rule.Stage stage : rule.stages()) {
      text.append("  - name: ").append(quoted(stage.name())).append('\n');
      condition(text, "    ", stage.when());
      if (stage.count() != 1) {
        field(text, "    ", "count", Integer.toString(stage.count()));
      }
      if (stage.distinctBy() != null) {
        field(text, "    ", "distinctBy", Fields.word(stage.distinctBy()));
      }
    }
    if (rule.windowMillis() > 0 || rule.symptoms() > 1) {
      field(text, "", "correlationTimeWindow", DurationText.of(rule.windowMillis()));
    }
    if (!rule.horizonsMillis().isEmpty()) {
      text.append("horizons:\n");
      new TreeMap<>(rule.horizonsMillis())
          .forEach((type, millis) -> field(text, "  ", quoted(type), DurationText.of(millis)));
    }
    field(text, "", "quiet", DurationText.of(rule.quietMillis()));
    field(text, "", "maxLength", DurationText.of(rule.maxLengthMillis()));
    if (rule.clearedBy() != null) {
      text.append("clearedBy:\n");
      condition(text, "  ", rule.clearedBy());
    }
    field(text, "", "severity", rule.severity() == null ? "highest" : Fields.word(rule.severity()));
    field(text, "", "recommendation", Fields.word(rule.recommendation()));
    if (!rule.recommendationText().isEmpty()) {
      field(text, "", "because", quoted(rule.recommendationText()));
    }
    if (!rule.inhibits().isEmpty()) {
      text.append("inhibits:\n");
      for (Rule.Inhibition inhibition : rule.inhibits()) {
        text.append("  - {rule: ")
            .append(quoted(inhibition.rule()))
            .append(", same: ")
            .append(Fields.word(inhibition.same()))
            .append("}\n");
      }
    }
    if (!rule.labels().isEmpty()) {
      text.append("labels:\n");
      new TreeMap<>(rule.labels()).forEach((name, value) -> field(text, "  ", name, quoted(value)));
    }
    return text.toString();
  }

  private static void condition(StringBuilder text, String indent, Rule.Condition condition) {
    field(text, indent, "types", list(condition.types().stream().map(RuleYaml::quoted).toList()));
    if (!condition.kinds().isEmpty()) {
      field(
          text,
          indent,
          "kinds",
          list(condition.kinds().stream().map(Fields::word).sorted().toList()));
    }
    if (condition.minSeverity() != Severity.UNKNOWN) {
      field(text, indent, "minSeverity", Fields.word(condition.minSeverity()));
    }
    if (condition.predicted() != null) {
      field(text, indent, "predicted", condition.predicted().toString());
    }
    if (!condition.modes().isEmpty()) {
      field(
          text,
          indent,
          "modes",
          list(condition.modes().stream().map(Fields::word).sorted().toList()));
    }
    if (!condition.thresholds().isEmpty()) {
      field(
          text,
          indent,
          "where",
          list(
              condition.thresholds().stream().map(RuleYaml::limit).map(RuleYaml::quoted).toList()));
    }
  }

  /** A limit as it is written in a file. */
  static String limit(Rule.Threshold limit) {
    String sign =
        switch (limit.comparison()) {
          case AT_LEAST -> ">=";
          case AT_MOST -> "<=";
          case ABOVE -> ">";
          case BELOW -> "<";
        };
    double value = limit.value();
    return limit.field()
        + " "
        + sign
        + " "
        + (value == Math.rint(value) && Math.abs(value) < 1e15
            ? Long.toString((long) value)
            : Double.toString(value));
  }

  private static void field(StringBuilder text, String indent, String name, String value) {
    text.append(indent).append(name).append(": ").append(value).append('\n');
  }

  private static String list(List<String> items) {
    return items.size() == 1 ? items.get(0) : "[" + String.join(", ", items) + "]";
  }

  private static String quoted(String text) {
    if (text.matches("[a-z][a-z0-9.-]*")
        && !Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n").contains(text)) {
      return text;
    }
    return "'" + text.replace("'", "''").replace('\n', ' ') + "'";
  }
}
