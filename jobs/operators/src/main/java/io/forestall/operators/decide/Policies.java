package io.forestall.operators.decide;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyProblems;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.wire.Keys;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.WireException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the decide job takes of the policies topic, and its own marks in it. Stateless. */
public final class Policies {

  /** Id of the THRESHOLD records that speak to the guard; others speak to rules. */
  static final String GUARD = "guard";

  private static final String AUTHOR_PREFIX = "guard/";
  private static final String POOL_PREFIX = "pool/";

  private Policies() {}

  /**
   * Reads a record.
   *
   * @throws WireException when it makes no sense or lacks a signature
   */
  static PolicyRecord read(PolicyRecords records, String key, byte[] value) throws WireException {
    PolicyRecord record = records.read(Keys.bytes(key), value);
    if (matters(record)) {
      List<String> problems = PolicyProblems.of(record);
      if (!problems.isEmpty()) {
        throw new WireException(
            DeadReason.OUT_OF_RANGE, "the policy makes no sense: " + String.join("; ", problems));
      }
    }
    return record;
  }

  /** True for what the guard looks at; the rest speaks to the correlate job. */
  static boolean matters(PolicyRecord record) {
    return switch (record.kind()) {
      case UNKNOWN, RULE -> false;
      case THRESHOLD -> record.id().equals(GUARD);
      default -> true;
    };
  }

  /** The incarnation whose mark a SYNC record is; null when it is no such mark. */
  static @Nullable String incarnation(PolicyRecord record) {
    return record.kind() == PolicyRecord.Kind.SYNC && record.author().startsWith(AUTHOR_PREFIX)
        ? record.author().substring(AUTHOR_PREFIX.length())
        : null;
  }

  /** The pool of a mark; empty for that of things whose pool nobody knows. */
  static String pool(PolicyRecord mark) {
    String scope = mark.scope();
    return scope.startsWith(POOL_PREFIX) ? scope.substring(POOL_PREFIX.length()) : "";
  }

  /**
   * The mark of a guard that has started: one for each pool, the newest replaces those before.
   *
   * @param pool its pool, may be empty
   */
  static Policy mark(String incarnation, String pool, long nowMillis) {
    Policy policy = new Policy();
    policy.setId(GUARD);
    policy.setKind(PolicyKind.SYNC);
    policy.setVersion(nowMillis);
    policy.setEnabled(true);
    policy.setScope(pool.isEmpty() ? PolicyRecords.ALL : POOL_PREFIX + pool);
    policy.setEntity(null);
    policy.setAct(io.forestall.schemas.ActKind.valueOf(ActKind.UNKNOWN.name()));
    policy.setProposal(null);
    policy.setAuthor(AUTHOR_PREFIX + incarnation);
    policy.setReason("a guard has started and reads the policies up to here before it speaks");
    policy.setTimeMillis(nowMillis);
    policy.setNotBeforeMillis(nowMillis);
    policy.setExpiresMillis(null);
    policy.setParameters(Map.of());
    policy.setBody("");
    return policy;
  }

  /** Key of a mark. */
  public static String key(Policy mark) {
    return PolicyRecords.key(mark.getScope(), PolicyRecord.Kind.SYNC, mark.getId());
  }
}
