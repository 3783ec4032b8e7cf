package io.forestall.decisions.guard;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The newest record of each policy, checked. Immutable. A record that makes no sense is refused by
 * whoever reads it, so the last good one of its key stays in force.
 */
public final class PolicySet {

  /** No policy: advise mode, shipped budgets. */
  public static final PolicySet EMPTY = new PolicySet(List.of(), Set.of(), 0);

  private final Map<String, PolicyRecord> byKey = new TreeMap<>();
  private final Set<String> synced;
  private final long version;

  private PolicySet(Collection<PolicyRecord> records, Set<String> synced, long version) {
    for (PolicyRecord record : records) {
      byKey.put(record.key(), record);
    }
    this.synced = Set.copyOf(synced);
    this.version = version;
  }

  /**
   * A set of records.
   *
   * @param records the newest of each key, without SYNC
   * @param synced incarnations of guards whose SYNC record was read
   * @param version grows with each record read; offset of the newest
   */
  public static PolicySet of(Collection<PolicyRecord> records, Set<String> synced, long version) {
    return new PolicySet(records, synced, version);
  }

  /** All records, in the order of their keys. */
  public Collection<PolicyRecord> records() {
    return byKey.values();
  }

  /** True when everything was read that stood in the topic when this guard started. */
  public boolean syncedWith(String incarnation) {
    return synced.contains(incarnation);
  }

  /** Grows with each record read. */
  public long version() {
    return version;
  }
}
