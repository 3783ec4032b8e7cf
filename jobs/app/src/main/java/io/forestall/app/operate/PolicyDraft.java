package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.wire.PolicyRecords;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A word of an operator before it has a version and a place in the topic. Immutable.
 *
 * @param kind what it is
 * @param scope {@code all}, {@code pool/ID}, {@code zone/ID} or the key of an entity
 * @param id name within scope and kind; the usual one when null
 * @param act kind of act, {@code UNKNOWN} for all
 * @param proposal proposal it is about, null when it names none
 * @param author who says so
 * @param reason why
 * @param fromMillis when it begins, now when null; milliseconds since 1970-01-01 UTC
 * @param expiresMillis when it ends, null for never; milliseconds since 1970-01-01 UTC
 * @param parameters values by name, see {@link PolicyParameters}
 * @param body rule as YAML, empty when there is none
 */
public record PolicyDraft(
    Kind kind,
    String scope,
    @Nullable String id,
    ActKind act,
    @Nullable String proposal,
    String author,
    String reason,
    @Nullable Long fromMillis,
    @Nullable Long expiresMillis,
    Map<String, String> parameters,
    String body) {

  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmm", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** Copies the map. */
  public PolicyDraft {
    parameters = Map.copyOf(parameters);
  }

  /**
   * The record that this becomes.
   *
   * @param version its version
   * @param nowMillis when it is written; milliseconds since 1970-01-01 UTC
   */
  PolicyRecord record(long version, long nowMillis) {
    String name = idAt(nowMillis);
    return new PolicyRecord(
        PolicyRecords.key(scope, kind, name),
        name,
        kind,
        version,
        true,
        scope,
        PolicyRecords.entity(scope),
        act,
        proposal,
        author,
        reason,
        nowMillis,
        fromMillis == null ? nowMillis : fromMillis,
        expiresMillis,
        parameters,
        body);
  }

  /**
   * The name it was given, or the usual one: the same word about the same thing takes the place of
   * the older one, and windows are told apart by when they begin.
   */
  String idAt(long nowMillis) {
    if (id != null) {
      return id;
    }
    String byAct = act == ActKind.UNKNOWN ? "all" : act.name().toLowerCase(Locale.ROOT);
    String admission = parameters.get(PolicyParameters.ADMISSION);
    String about = proposal != null ? proposal : admission;
    return switch (kind) {
      case HALT, MODE, BUDGET -> byAct;
      case APPROVAL -> about == null ? "rule-" + byAct : segment(about);
      case DENIAL, CANCEL -> about == null ? "none" : segment(about);
      case MAINTENANCE ->
          MINUTE.format(Instant.ofEpochMilli(fromMillis == null ? nowMillis : fromMillis));
      default -> kind.name().toLowerCase(Locale.ROOT);
    };
  }

  /** An identifier of others as one segment of a key. */
  private static String segment(String id) {
    return id.replace("%", "%25").replace("/", "%2F");
  }
}
