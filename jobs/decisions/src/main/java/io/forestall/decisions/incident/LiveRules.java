package io.forestall.decisions.incident;

import io.forestall.decisions.DurationText;
import io.forestall.decisions.Severity;
import io.forestall.decisions.guard.PolicyRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The rules in force: those that the job was submitted with, and what policy records change of them
 * while it runs (B3). A record that makes no sense, or that asks for what cannot change in a
 * running job, is refused with a sentence, and what held before holds on. For one thread.
 *
 * <p>A THRESHOLD record whose id is that of a rule changes single values by name:
 *
 * <ul>
 *   <li>{@code enabled}: {@code true} or {@code false};
 *   <li>{@code severity}: of the incident, or {@code highest} for that of its events;
 *   <li>{@code min-severity}: of the events that count, in every stage, or with the number of one
 *       stage before it, {@code 2.min-severity};
 *   <li>{@code quiet}: a duration, {@code 5 min};
 *   <li>{@code 1.score}, {@code 2.values.errors}, {@code cleared.values.errors}: the limit on that
 *       field in the first or second stage, or in what clears; the rule must have one already.
 * </ul>
 *
 * <p>A RULE record replaces all that is not shape. A THRESHOLD is laid on top of it.
 */
public final class LiveRules {

  /** THRESHOLD: {@code true} or {@code false}. */
  public static final String ENABLED = "enabled";

  /** THRESHOLD: a severity, or {@code highest}. */
  public static final String SEVERITY = "severity";

  /** THRESHOLD: least severity of events. */
  public static final String MIN_SEVERITY = "min-severity";

  /** THRESHOLD: duration without events after which the incident is resolved. */
  public static final String QUIET = "quiet";

  /** What stands before the field of a limit of the condition that clears. */
  public static final String CLEARED = "cleared";

  private static final int MAX_RECORDS = 10_000;

  private final RuleSet submitted;
  private final Function<PolicyRecord, Rule> reader;
  private final Map<String, PolicyRecord> records = new TreeMap<>();
  private final Map<String, Rule> bodies = new TreeMap<>();
  private long version;

  /**
   * The rules of a job.
   *
   * @param submitted what the job was submitted with
   * @param reader reads the rule in a RULE record; refuses nonsense with an
   *     IllegalArgumentException
   */
  public LiveRules(RuleSet submitted, Function<PolicyRecord, Rule> reader) {
    this.submitted = submitted;
    this.reader = reader;
    this.version = submitted.version();
  }

  /** What the job was submitted with. */
  public RuleSet submitted() {
    return submitted;
  }

  /**
   * Takes a policy record.
   *
   * @return false when it is none of the rules' business: of another kind, or a threshold whose id
   *     is that of no rule
   * @throws IllegalArgumentException when it is refused; nothing has changed then
   */
  public boolean accept(PolicyRecord record) {
    boolean rule = record.kind() == PolicyRecord.Kind.RULE;
    if (!rule
        && (record.kind() != PolicyRecord.Kind.THRESHOLD || submitted.rule(record.id()) == null)) {
      return false;
    }
    Rule base = submitted.rule(record.id());
    if (base == null) {
      throw new IllegalArgumentException(
          "rule '"
              + record.id()
              + "' is not among those of the running job: a new rule needs a savepoint and a new"
              + " submission with it in the rules file");
    }
    if (!record.scope().equals("all")) {
      throw new IllegalArgumentException(
          "policy " + record.key() + ": a rule holds for all, not for " + record.scope());
    }
    Rule body = null;
    if (rule && !record.body().isBlank()) {
      body = checkedBody(record, base);
    }
    if (!rule) {
      // Judged against what it would be laid on, and again whenever that changes.
      thresholds(inForce(base, record.notBeforeMillis()), record);
    }
    if (!records.containsKey(record.key()) && records.size() >= MAX_RECORDS) {
      throw new IllegalArgumentException(
          "policy " + record.key() + ": there are " + MAX_RECORDS + " records of rules already");
    }
    if (body == null) {
      bodies.remove(record.key());
    } else {
      bodies.put(record.key(), body);
    }
    records.put(record.key(), record);
    version++;
    return true;
  }

  /** Takes a tombstone: what the record of this key changed is as submitted again. */
  public void remove(String key) {
    if (records.remove(key) != null) {
      bodies.remove(key);
      version++;
    }
  }

  /** The records that were taken and not removed, by key: what a job keeps in its state. */
  public Map<String, PolicyRecord> records() {
    return Map.copyOf(records);
  }

  /**
   * The rules in force at a time.
   *
   * @param nowMillis the job's time; milliseconds since 1970-01-01 UTC
   */
  public RuleSet rulesAt(long nowMillis) {
    List<Rule> rules = new ArrayList<>(submitted.rules().size());
    for (Rule base : submitted.rules()) {
      Rule rule = inForce(base, nowMillis);
      for (PolicyRecord record : records.values()) {
        if (record.kind() == PolicyRecord.Kind.THRESHOLD
            && record.id().equals(base.id())
            && record.holdsAt(nowMillis)) {
          try {
            rule = thresholds(rule, record);
          } catch (IllegalArgumentException gone) {
            // It fitted the rule it was written for; a newer body has no such limit any more.
            continue;
          }
        }
      }
      rules.add(rule);
    }
    return new RuleSet(version, rules);
  }

  /**
   * When a record begins or ceases to hold next, so that {@link #rulesAt} gives something else.
   *
   * @return milliseconds since 1970-01-01 UTC, {@link Long#MAX_VALUE} when never
   */
  public long nextChangeMillis(long nowMillis) {
    long next = Long.MAX_VALUE;
    for (PolicyRecord record : records.values()) {
      if (record.notBeforeMillis() > nowMillis) {
        next = Math.min(next, record.notBeforeMillis());
      }
      Long expires = record.expiresMillis();
      if (expires != null && expires > nowMillis) {
        next = Math.min(next, expires);
      }
    }
    return next;
  }

  private Rule checkedBody(PolicyRecord record, Rule base) {
    Rule body = reader.apply(record);
    if (!body.id().equals(base.id())) {
      throw new IllegalArgumentException(
          "policy "
              + record.key()
              + ": its rule is named '"
              + body.id()
              + "', not '"
              + base.id()
              + "'");
    }
    if (!body.shapeHash().equals(base.shapeHash())) {
      throw new IllegalArgumentException(
          "rule '"
              + base.id()
              + "': "
              + shapeDifference(base, body)
              + " cannot change while the job runs: stop it with a savepoint and submit it again"
              + " with the new rules file");
    }
    for (Rule.Inhibition inhibition : body.inhibits()) {
      if (!inhibition.rule().equals("*") && submitted.rule(inhibition.rule()) == null) {
        throw new IllegalArgumentException(
            "rule '" + base.id() + "' inhibits '" + inhibition.rule() + "', which is no rule");
      }
    }
    return body;
  }

  private static String shapeDifference(Rule base, Rule body) {
    if (!body.key().equals(base.key())) {
      return "its key";
    }
    if (body.ordered() != base.ordered()) {
      return "its order";
    }
    if (body.windowMillis() != base.windowMillis()) {
      return "its correlationTimeWindow";
    }
    if (!body.horizonsMillis().equals(base.horizonsMillis())) {
      return "its horizons";
    }
    return "the number, names, counts or distinctBy of its stages";
  }

  private Rule inForce(Rule base, long nowMillis) {
    Rule rule = base;
    for (PolicyRecord record : records.values()) {
      if (record.kind() == PolicyRecord.Kind.RULE && record.id().equals(base.id())) {
        boolean begun = nowMillis >= record.notBeforeMillis();
        Long expires = record.expiresMillis();
        if (!begun || (expires != null && nowMillis >= expires)) {
          continue;
        }
        Rule body = bodies.get(record.key());
        rule = body == null ? rule : body;
        if (!record.enabled()) {
          rule =
              with(
                  rule,
                  false,
                  rule.severity(),
                  rule.stages(),
                  rule.quietMillis(),
                  rule.clearedBy());
        }
      }
    }
    return rule;
  }

  private static Rule thresholds(Rule rule, PolicyRecord record) {
    boolean enabled = rule.enabled();
    Severity severity = rule.severity();
    long quietMillis = rule.quietMillis();
    Rule.Condition clearedBy = rule.clearedBy();
    List<Rule.Stage> stages = new ArrayList<>(rule.stages());
    // In an order of their own, so that that of a map never shows; what names a stage comes last.
    TreeMap<String, String> parameters = new TreeMap<>(record.parameters());
    for (Map.Entry<String, String> parameter : parameters.descendingMap().entrySet()) {
      String name = parameter.getKey();
      String value = parameter.getValue().strip();
      String where = "policy " + record.key() + ": " + name + ": ";
      switch (name) {
        case ENABLED -> enabled = truth(where, value);
        case SEVERITY -> severity = value.equals("highest") ? null : severity(where, value);
        case MIN_SEVERITY -> {
          Severity least = severity(where, value);
          stages.replaceAll(stage -> stage(stage, leastSeverity(stage.when(), least)));
        }
        case QUIET -> {
          quietMillis = duration(where, value);
          if (quietMillis < 1 || quietMillis > rule.maxLengthMillis()) {
            throw new IllegalArgumentException(
                where
                    + "must be longer than 0 and at most the rule's maxLength, "
                    + DurationText.of(rule.maxLengthMillis()));
          }
        }
        default -> {
          int dot = name.indexOf('.');
          String part = dot < 0 ? name : name.substring(0, dot);
          String field = dot < 0 ? "" : name.substring(dot + 1);
          if (part.equals(CLEARED) && clearedBy != null) {
            clearedBy = limit(where, clearedBy, field, value);
          } else if (part.matches("[1-8]") && Integer.parseInt(part) <= stages.size()) {
            int number = Integer.parseInt(part) - 1;
            Rule.Stage stage = stages.get(number);
            stages.set(
                number,
                stage(
                    stage,
                    field.equals(MIN_SEVERITY)
                        ? leastSeverity(stage.when(), severity(where, value))
                        : limit(where, stage.when(), field, value)));
          } else {
            throw new IllegalArgumentException(
                where
                    + "is nothing that rule '"
                    + rule.id()
                    + "' can change live: use enabled, severity, min-severity, quiet, or a stage's"
                    + " number and field such as 1.score");
          }
        }
      }
    }
    return with(rule, enabled, severity, stages, quietMillis, clearedBy);
  }

  private static boolean truth(String where, String value) {
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(where + "'" + value + "' is neither true nor false");
    }
    return value.equals("true");
  }

  private static Severity severity(String where, String value) {
    for (Severity severity : Severity.values()) {
      if (severity != Severity.UNKNOWN && severity.name().equals(value.toUpperCase(Locale.ROOT))) {
        return severity;
      }
    }
    throw new IllegalArgumentException(
        where + "'" + value + "' is no severity: use info, warning, error or critical");
  }

  private static long duration(String where, String value) {
    try {
      return DurationText.parseMillis(value);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(where + wrong.getMessage(), wrong);
    }
  }

  private static Rule.Condition leastSeverity(Rule.Condition condition, Severity least) {
    return new Rule.Condition(
        condition.types(),
        condition.kinds(),
        least,
        condition.predicted(),
        condition.modes(),
        condition.thresholds());
  }

  private static Rule.Condition limit(
      String where, Rule.Condition condition, String field, String text) {
    double value;
    try {
      value = Double.parseDouble(text);
    } catch (NumberFormatException wrong) {
      throw new IllegalArgumentException(where + "'" + text + "' is no number", wrong);
    }
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(where + "'" + text + "' is not finite");
    }
    List<Rule.Threshold> thresholds = new ArrayList<>(condition.thresholds());
    int at = -1;
    for (int i = 0; i < thresholds.size(); i++) {
      if (thresholds.get(i).field().equals(field)) {
        if (at >= 0) {
          throw new IllegalArgumentException(
              where + "the rule has two limits on " + field + "; change them with a RULE record");
        }
        at = i;
      }
    }
    if (at < 0) {
      throw new IllegalArgumentException(where + "the rule has no limit on '" + field + "' there");
    }
    thresholds.set(at, new Rule.Threshold(field, thresholds.get(at).comparison(), value));
    return new Rule.Condition(
        condition.types(),
        condition.kinds(),
        condition.minSeverity(),
        condition.predicted(),
        condition.modes(),
        thresholds);
  }

  private static Rule.Stage stage(Rule.Stage stage, Rule.Condition when) {
    return new Rule.Stage(stage.name(), when, stage.count(), stage.distinctBy());
  }

  private static Rule with(
      Rule rule,
      boolean enabled,
      @Nullable Severity severity,
      List<Rule.Stage> stages,
      long quietMillis,
      Rule.@Nullable Condition clearedBy) {
    return new Rule(
        rule.id(),
        rule.version(),
        enabled,
        rule.description(),
        rule.key(),
        rule.ordered(),
        stages,
        rule.windowMillis(),
        rule.horizonsMillis(),
        quietMillis,
        rule.maxLengthMillis(),
        clearedBy,
        severity,
        rule.recommendation(),
        rule.recommendationText(),
        rule.inhibits(),
        rule.labels());
  }
}
