package io.forestall.operators.correlate;

import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.LiveRules;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.SymptomRouter;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import io.forestall.wire.rules.RuleFiles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules in force in one subtask: those of the job, and what policy records change of them. */
final class RulesInForce {

  private final LiveRules live;
  private final SymptomRouter everything;
  private final PolicyRecords policies = new PolicyRecords(Trusted.NONE);
  private RuleSet now;
  private long changesMillis = Long.MAX_VALUE;

  /** When the newest record that was taken was written: rules hold from then on at the latest. */
  private long newestMillis = Long.MIN_VALUE;

  RulesInForce(RuleSet submitted) {
    this.live = new LiveRules(submitted, RuleFiles::read);
    this.everything = new SymptomRouter(allOn(submitted));
    this.now = live.rulesAt(0);
  }

  /** The rules with none switched off. */
  static RuleSet allOn(RuleSet rules) {
    List<Rule> on = new ArrayList<>();
    for (Rule rule : rules.rules()) {
      on.add(
          new Rule(
              rule.id(),
              rule.version(),
              true,
              rule.description(),
              rule.key(),
              rule.ordered(),
              rule.stages(),
              rule.windowMillis(),
              rule.horizonsMillis(),
              rule.quietMillis(),
              rule.maxLengthMillis(),
              rule.clearedBy(),
              rule.severity(),
              rule.recommendation(),
              rule.recommendationText(),
              rule.inhibits(),
              rule.labels()));
    }
    return new RuleSet(rules.version(), on);
  }

  /**
   * Takes a policy record, or its end.
   *
   * @return false when it is none of the rules' business
   * @throws WireException when it is no policy
   * @throws IllegalArgumentException when the rules refuse it; nothing has changed then
   */
  boolean take(String key, byte @Nullable [] value) throws WireException {
    if (value == null) {
      long before = live.rulesAt(0).version();
      live.remove(key);
      boolean known = live.rulesAt(0).version() != before;
      changesMillis = Long.MIN_VALUE;
      return known;
    }
    PolicyRecord record = policies.read(key.getBytes(StandardCharsets.UTF_8), value);
    if (record.kind() == PolicyRecord.Kind.RULE && !record.body().isBlank()) {
      requireKnownTypes(RuleFiles.read(record));
    }
    if (!live.accept(record)) {
      return false;
    }
    newestMillis = Math.max(newestMillis, record.timeMillis());
    changesMillis = Long.MIN_VALUE;
    return true;
  }

  /** Events that no rule of the job listens to are dropped as soon as they are read. */
  private void requireKnownTypes(Rule rule) {
    List<Rule.Condition> conditions = new ArrayList<>();
    rule.stages().forEach(stage -> conditions.add(stage.when()));
    if (rule.clearedBy() != null) {
      conditions.add(rule.clearedBy());
    }
    for (Rule.Condition condition : conditions) {
      for (String type : condition.types()) {
        // "disk.*" is listened to when "disk.*" or "*" is; a word stands for what follows.
        String probe = type.endsWith("*") ? type.replace("*", "any-other") : type;
        if (!everything.listensTo(probe)) {
          throw new IllegalArgumentException(
              "rule '"
                  + rule.id()
                  + "' asks for events of type "
                  + type
                  + ", which no rule of the running job listens to: stop it with a savepoint and"
                  + " submit it again with the new rules file");
        }
      }
    }
  }

  /**
   * The rules in force; the same object while nothing changed.
   *
   * @param watermarkMillis event time that was reached
   */
  RuleSet at(long watermarkMillis) {
    // A replay of old events must not switch back what an operator says today.
    long nowMillis = Math.max(Math.max(0, watermarkMillis), newestMillis);
    if (nowMillis >= changesMillis) {
      now = live.rulesAt(nowMillis);
      changesMillis = live.nextChangeMillis(nowMillis);
    }
    return now;
  }
}
