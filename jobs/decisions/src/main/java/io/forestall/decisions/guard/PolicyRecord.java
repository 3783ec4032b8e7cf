package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule, a threshold, or a word of an operator, with author and expiry (G1 to G3, G12, G13).
 * Immutable. Field by field the record of topic {@code policies}, whose signature was checked when
 * one is needed.
 *
 * @param key key of the record, {@code scope/kind/id}
 * @param id identifier within its kind
 * @param kind what it is
 * @param version grows with each change of this id
 * @param enabled false switches it off
 * @param scope {@code all}, {@code pool/ID}, {@code zone/ID} or the key of an entity
 * @param entity the entity of the scope, null when it is wider
 * @param act kind of act it holds for, {@code UNKNOWN} for all
 * @param proposal proposal that is approved, denied or cancelled; null when it names none
 * @param author who says so
 * @param reason why
 * @param timeMillis when it was written
 * @param notBeforeMillis it holds from then on
 * @param expiresMillis it holds until then, null for without end
 * @param parameters values by name, see {@link PolicyParameters}
 * @param body rule as YAML, empty when there is none
 */
public record PolicyRecord(
    String key,
    String id,
    Kind kind,
    long version,
    boolean enabled,
    String scope,
    @Nullable Subject entity,
    ActKind act,
    @Nullable String proposal,
    String author,
    String reason,
    long timeMillis,
    long notBeforeMillis,
    @Nullable Long expiresMillis,
    Map<String, String> parameters,
    String body) {

  /** Copies the map. */
  public PolicyRecord {
    parameters = Map.copyOf(parameters);
  }

  /** True when it holds at this time. */
  public boolean holdsAt(long nowMillis) {
    return enabled
        && nowMillis >= notBeforeMillis
        && (expiresMillis == null || nowMillis < expiresMillis);
  }

  /** What a policy record is. The constants are those of the contract. */
  public enum Kind {
    /** Not known here; ignored. */
    UNKNOWN,
    /** A correlation rule. */
    RULE,
    /** Live values of a rule or of a guard. */
    THRESHOLD,
    /** Advise or act, per kind of act and scope. */
    MODE,
    /** Limits of the blast radius and of rates. */
    BUDGET,
    /** A maintenance window. */
    MAINTENANCE,
    /** Approval of one proposal, or a rule that approves. */
    APPROVAL,
    /** Denial of one proposal. */
    DENIAL,
    /** What the risk of an entity is taken for. */
    OVERRIDE,
    /** An entity or unit that nothing may move. */
    PIN,
    /** An entity of which nothing is proposed and nobody is paged. */
    SILENCE,
    /** Stops every act of the scope. */
    HALT,
    /** Ends an admitted act, or a waiting proposal. */
    CANCEL,
    /** Written by a guard that has just started, which has read all policies once it reads this. */
    SYNC,
    /** When writes to a volume are acknowledged. */
    WRITE_MODE
  }
}
