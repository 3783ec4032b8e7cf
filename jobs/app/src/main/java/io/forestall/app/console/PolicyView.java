package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The newest record of each policy, within limits: what expired longest ago goes first. What the
 * guards write to find the end of the topic is left out. Thread-safe. Rows G1 to G3, G12, G13.
 */
final class PolicyView {
  private static final int MAX_POLICIES = 20_000;
  private static final int MAX_BODY = 20_000;

  /** One policy. */
  record Row(
      String key,
      String id,
      PolicyKind kind,
      long version,
      boolean enabled,
      String scope,
      ActKind act,
      @Nullable String proposal,
      String author,
      String reason,
      long timeMillis,
      long notBeforeMillis,
      @Nullable Long expiresMillis,
      Map<String, String> parameters,
      String body,
      @Nullable String keyId) {
    boolean holdsAt(long nowMillis) {
      return enabled
          && nowMillis >= notBeforeMillis
          && (expiresMillis == null || nowMillis < expiresMillis);
    }
  }

  /** Whether acts are done or only advised, as the records in force say. */
  enum Mode {
    /** Nothing is executed. */
    ADVISE,
    /** Some acts, or some pools. */
    MIXED,
    /** Every act of every pool, if its guards let it. */
    ACT
  }

  private final TreeMap<String, Row> byKey = new TreeMap<>();
  private long refused;

  /** Takes in one record; null takes it back. */
  synchronized void policy(String key, @Nullable Policy policy) {
    if (policy == null) {
      byKey.remove(key);
      return;
    }
    if (policy.getKind() == PolicyKind.SYNC) {
      return;
    }
    if (byKey.size() >= MAX_POLICIES && !byKey.containsKey(key)) {
      Row oldest = null;
      for (Row row : byKey.values()) {
        if (row.expiresMillis() != null
            && (oldest == null || row.expiresMillis() < expiry(oldest))) {
          oldest = row;
        }
      }
      if (oldest == null) {
        refused++;
        return;
      }
      byKey.remove(oldest.key());
    }
    String body = policy.getBody();
    byKey.put(
        key,
        new Row(
            key,
            policy.getId(),
            policy.getKind(),
            policy.getVersion(),
            policy.getEnabled(),
            policy.getScope(),
            policy.getAct(),
            policy.getProposal(),
            policy.getAuthor(),
            policy.getReason(),
            policy.getTimeMillis(),
            policy.getNotBeforeMillis(),
            policy.getExpiresMillis(),
            Map.copyOf(policy.getParameters()),
            body.length() > MAX_BODY ? body.substring(0, MAX_BODY) + "…" : body,
            policy.getSignature() == null ? null : policy.getKeyId()));
  }

  private static long expiry(Row row) {
    return row.expiresMillis() == null ? Long.MAX_VALUE : row.expiresMillis();
  }

  /** All of them, the newest first. */
  synchronized List<Row> all() {
    List<Row> rows = new ArrayList<>(byKey.values());
    rows.sort(Comparator.comparingLong(Row::timeMillis).reversed().thenComparing(Row::key));
    return rows;
  }

  /** Those of a kind that hold at a time, in the order of their keys. */
  synchronized List<Row> holding(PolicyKind kind, long nowMillis) {
    List<Row> rows = new ArrayList<>();
    for (Row row : byKey.values()) {
      if (row.kind() == kind && row.holdsAt(nowMillis)) {
        rows.add(row);
      }
    }
    return rows;
  }

  /**
   * The mode of one act in one pool: the record of the narrowest scope, of two the careful one;
   * else advise.
   */
  static boolean acts(List<Row> modes, ActKind act, String pool) {
    Row best = null;
    int rank = -1;
    for (Row row : modes) {
      boolean here = row.scope().equals("pool/" + pool);
      boolean fits =
          (here || row.scope().equals("all")) && (row.act() == ActKind.UNKNOWN || row.act() == act);
      int own = (here ? 2 : 0) + (row.act() == act ? 1 : 0);
      if (fits && (own > rank || (own == rank && !isAct(row)))) {
        rank = own;
        best = row;
      }
    }
    return best != null && isAct(best);
  }

  private static boolean isAct(Row row) {
    return "act".equals(row.parameters().get("mode"));
  }

  /** All modes in one word. */
  Mode mode(long nowMillis) {
    Set<Boolean> seen = new HashSet<>();
    boolean allOfThem = false;
    for (Row row : holding(PolicyKind.MODE, nowMillis)) {
      seen.add(isAct(row));
      allOfThem |= isAct(row) && row.scope().equals("all") && row.act() == ActKind.UNKNOWN;
    }
    if (!seen.contains(true)) {
      return Mode.ADVISE;
    }
    return allOfThem && !seen.contains(false) ? Mode.ACT : Mode.MIXED;
  }

  /** Records that found no room. */
  synchronized long refused() {
    return refused;
  }
}
