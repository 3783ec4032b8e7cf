package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A question for the list of decisions. Immutable.
 *
 * @param outcomes only these, empty for all
 * @param codes only these, empty for all
 * @param act only this act
 * @param subject only about this entity, a key such as {@code node/n-0001}
 * @param pool only of this pool
 * @param incident only about this incident
 * @param proposal only about this proposal
 * @param rule only behind this rule
 * @param contains only those whose text, subject, or a name contains this text in lower case
 * @param sinceMillis only those made from then on
 */
record DecisionQuery(
    Set<DecisionOutcome> outcomes,
    Set<DecisionCode> codes,
    @Nullable ActKind act,
    @Nullable String subject,
    @Nullable String pool,
    @Nullable String incident,
    @Nullable String proposal,
    @Nullable String rule,
    @Nullable String contains,
    long sinceMillis,
    int offset,
    int limit) {

  /**
   * Reads the parameters of a request.
   *
   * @throws IllegalArgumentException with a sentence for the caller when one makes no sense
   */
  static DecisionQuery parse(Map<String, String> given) {
    Set<DecisionOutcome> outcomes = EnumSet.noneOf(DecisionOutcome.class);
    for (String word : Parameters.list(given, "outcome")) {
      outcomes.add(Parameters.oneOf(DecisionOutcome.class, "outcome", word));
    }
    Set<DecisionCode> codes = EnumSet.noneOf(DecisionCode.class);
    for (String word : Parameters.list(given, "code")) {
      codes.add(Parameters.oneOf(DecisionCode.class, "code", word));
    }
    String act = given.get("act");
    String text = given.get("q");
    return new DecisionQuery(
        Set.copyOf(outcomes),
        Set.copyOf(codes),
        act == null ? null : Parameters.oneOf(ActKind.class, "act", act),
        Parameters.key(given, "subject"),
        given.get("pool"),
        given.get("incident"),
        given.get("proposal"),
        given.get("rule"),
        text == null ? null : text.toLowerCase(Locale.ROOT),
        Parameters.millis(given, "since"),
        Parameters.offset(given),
        Parameters.limit(given));
  }

  boolean matches(DecisionView.Row row) {
    return (outcomes.isEmpty() || outcomes.contains(row.outcome()))
        && (codes.isEmpty() || codes.contains(row.code()))
        && (act == null || act == row.act())
        && (pool == null || pool.equals(row.pool()))
        && (subject == null || subject.equals(ConsoleJson.lower(row.kind()) + "/" + row.subject()))
        && (incident == null || incident.equals(row.incident()))
        && (proposal == null || proposal.equals(row.proposal()))
        && (rule == null || rule.equals(row.rule()))
        && (contains == null
            || has(row.subject())
            || has(row.text())
            || has(row.id())
            || has(row.proposal())
            || has(row.code().name()));
  }

  private boolean has(String text) {
    return text.toLowerCase(Locale.ROOT).contains(String.valueOf(contains));
  }
}
