package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The policies as one reader has read them, and what they plainly forbid. */
final class PolicyBook {
  private final Map<String, PolicyRecord> byKey = new TreeMap<>();
  private final Set<String> synced = new HashSet<>();
  private long version;

  /** Made when it is asked for, until the next record. */
  private @Nullable PolicySet set;

  /**
   * Takes a record.
   *
   * @return false when it makes no sense, and changed nothing
   */
  boolean take(Entry entry) {
    version = Math.max(version, entry.offset() + 1L);
    set = null;
    if (entry.body() == null) {
      byKey.remove(entry.key());
      return true;
    }
    if (!(entry.body() instanceof PolicyRecord record) || !sensible(record)) {
      return false;
    }
    if (record.kind() == PolicyRecord.Kind.SYNC) {
      synced.add(record.id());
    } else {
      byKey.put(record.key(), record);
    }
    return true;
  }

  /** What the reader of the product refuses before the guard sees it. */
  private static boolean sensible(PolicyRecord record) {
    Long expires = record.expiresMillis();
    if (expires != null && expires <= record.notBeforeMillis()) {
      return false;
    }
    switch (record.kind()) {
      case MODE -> {
        String mode = record.parameters().get(PolicyParameters.MODE);
        return "act".equals(mode) || "advise".equals(mode);
      }
      case BUDGET -> {
        for (String name :
            new String[] {
              PolicyParameters.ACTS_IN_FLIGHT,
              PolicyParameters.RATE_ACTS,
              PolicyParameters.NODES_PER_DAY
            }) {
          String text = record.parameters().get(name);
          if (text != null && !text.matches("[0-9]+(\\.[0-9]+)?")) {
            return false;
          }
        }
        return true;
      }
      default -> {
        return true;
      }
    }
  }

  /** The same as the guard takes it. */
  PolicySet set() {
    PolicySet known = set;
    if (known == null) {
      known = PolicySet.of(byKey.values(), synced, version);
      set = known;
    }
    return known;
  }

  Iterable<PolicyRecord> records() {
    return byKey.values();
  }

  boolean syncedWith(String incarnation) {
    return synced.contains(incarnation);
  }

  /** True when some record lets this kind of act be done here. */
  boolean mayAct(ActKind act, String pool, @Nullable String zone, Subject subject, long now) {
    for (PolicyRecord record : byKey.values()) {
      if (record.kind() == PolicyRecord.Kind.MODE
          && "act".equals(record.parameters().get(PolicyParameters.MODE))
          && covers(record, act, pool, zone, subject)
          && record.holdsAt(now)) {
        return true;
      }
    }
    return false;
  }

  /** The halt that covers an act, null when none does. */
  @Nullable PolicyRecord halt(
      ActKind act, String pool, @Nullable String zone, Subject subject, long now) {
    return first(PolicyRecord.Kind.HALT, act, pool, zone, subject, now);
  }

  /** The window in which this entity is maintained, null when there is none. */
  @Nullable PolicyRecord maintenance(Subject entity, String pool, @Nullable String zone, long now) {
    return first(PolicyRecord.Kind.MAINTENANCE, ActKind.UNKNOWN, pool, zone, entity, now);
  }

  private @Nullable PolicyRecord first(
      PolicyRecord.Kind kind,
      ActKind act,
      String pool,
      @Nullable String zone,
      Subject entity,
      long now) {
    for (PolicyRecord record : byKey.values()) {
      if (record.kind() == kind && covers(record, act, pool, zone, entity) && record.holdsAt(now)) {
        return record;
      }
    }
    return null;
  }

  /** The largest value that a budget gives here; the default when none speaks of it. */
  double budget(String name, String pool, long now, double otherwise) {
    double largest = Double.NaN;
    for (PolicyRecord record : byKey.values()) {
      String text = record.parameters().get(name);
      if (record.kind() == PolicyRecord.Kind.BUDGET
          && text != null
          && (record.scope().equals("all") || record.scope().equals("pool/" + pool))
          && record.holdsAt(now)) {
        double value = Double.parseDouble(text);
        largest = Double.isNaN(largest) ? value : Math.max(largest, value);
      }
    }
    return Double.isNaN(largest) ? otherwise : largest;
  }

  private static boolean covers(
      PolicyRecord record, ActKind act, String pool, @Nullable String zone, Subject entity) {
    boolean actFits =
        record.act() == ActKind.UNKNOWN || act == ActKind.UNKNOWN || record.act() == act;
    return actFits
        && (record.scope().equals("all")
            || record.scope().equals("pool/" + pool)
            || record.scope().equals("zone/" + Objects.requireNonNullElse(zone, ""))
            || record.scope().equals(entity.toString()));
  }

  PolicyBook copy() {
    PolicyBook copy = new PolicyBook();
    copy.byKey.putAll(byKey);
    copy.synced.addAll(synced);
    copy.version = version;
    return copy;
  }
}
