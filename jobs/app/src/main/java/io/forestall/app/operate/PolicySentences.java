package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.wire.PolicyRecords;
import java.util.Map;
import java.util.TreeMap;

/** What a policy means, in a sentence. Stateless. */
final class PolicySentences {

  private PolicySentences() {}

  /** What the record means at this time; milliseconds since 1970-01-01 UTC. */
  static String of(PolicyRecord record, long nowMillis) {
    if (!record.enabled()) {
      return "taken back: " + what(record) + " no more";
    }
    return what(record) + when(record, nowMillis);
  }

  /** What the record says, without when. */
  static String what(PolicyRecord record) {
    String where = where(record.scope());
    String acts = record.act() == ActKind.UNKNOWN ? "every act" : "every " + act(record);
    Map<String, String> values = new TreeMap<>(record.parameters());
    return switch (record.kind()) {
      case HALT -> acts + " " + where + " is stopped; what is past its fence completes";
      case SILENCE -> "nothing is proposed " + where + " and nobody is paged";
      case MAINTENANCE ->
          "maintenance "
              + where
              + ": what happens there is expected"
              + ("true".equals(values.get(PolicyParameters.EVACUATE))
                  ? ", and its units get other owners first"
                  : "");
      case OVERRIDE ->
          "the risk "
              + where.replaceFirst("^for ", "of ")
              + " is taken for "
              + values.getOrDefault(PolicyParameters.TIER, "?");
      case PIN -> {
        String target = values.get(PolicyParameters.TARGET);
        yield target == null
            ? "nothing moves " + where
            : "what moves " + where + " may go to " + target + " only";
      }
      case MODE ->
          "act".equals(values.get(PolicyParameters.MODE))
              ? acts
                  + " "
                  + where
                  + " may be done"
                  + ("true".equals(values.get(PolicyParameters.APPROVAL))
                      ? " once it is approved"
                      : " within the budget, without asking")
              : acts + " " + where + " is only advised";
      case BUDGET -> "limits of " + acts + " " + where + ": " + list(values);
      case APPROVAL ->
          record.proposal() != null
              ? "proposal " + record.proposal() + " is approved"
              : acts + " " + where + " is approved" + (values.isEmpty() ? "" : ", " + list(values));
      case DENIAL -> "proposal " + record.proposal() + " is denied";
      case CANCEL ->
          record.proposal() != null
              ? "proposal " + record.proposal() + " ends"
              : "admission "
                  + values.getOrDefault(PolicyParameters.ADMISSION, "?")
                  + " ends before its fence";
      case RULE -> "rule " + record.id() + " " + where;
      case THRESHOLD -> "values of " + record.id() + " " + where + ": " + list(values);
      case WRITE_MODE -> {
        String bound = values.get(PolicyParameters.ASYNC_BOUND);
        yield bound == null
            ? "writes "
                + where.replaceFirst("^for ", "to ")
                + " are answered once they are in the log"
            : "writes "
                + where.replaceFirst("^for ", "to ")
                + " may be answered up to "
                + bound
                + " before they are in the log, and are lost when another node takes over before";
      }
      case SYNC -> "a guard has started";
      case UNKNOWN -> "of a kind that is not known here";
    };
  }

  private static String act(PolicyRecord record) {
    return Words.lower(record.act());
  }

  private static String where(String scope) {
    if (scope.equals(PolicyRecords.ALL)) {
      return "everywhere";
    }
    return (scope.startsWith("pool/") || scope.startsWith("zone/") ? "in " : "for ") + scope;
  }

  private static String list(Map<String, String> values) {
    StringBuilder text = new StringBuilder();
    values.forEach(
        (name, value) ->
            text.append(text.isEmpty() ? "" : ", ").append(name).append(" ").append(value));
    return text.isEmpty() ? "none" : text.toString();
  }

  private static String when(PolicyRecord record, long nowMillis) {
    Long expires = record.expiresMillis();
    StringBuilder text = new StringBuilder();
    if (record.notBeforeMillis() > nowMillis) {
      text.append(", from ").append(Times.utc(record.notBeforeMillis()));
    }
    if (expires == null) {
      text.append(", until it is taken back");
    } else if (expires <= nowMillis) {
      text.append(", until ").append(Times.utc(expires)).append(", which is over");
    } else {
      text.append(", until ")
          .append(Times.utc(expires))
          .append(" (")
          .append(Times.length(expires - nowMillis))
          .append(" from now)");
    }
    return text.toString();
  }
}
