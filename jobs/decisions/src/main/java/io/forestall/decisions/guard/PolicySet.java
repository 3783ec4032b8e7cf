package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The newest record of each policy, checked. Immutable. A record that makes no sense is refused by
 * whoever reads it, so the last good one of its key stays in force; one that comes here all the
 * same is left out, see {@link #problems()}.
 *
 * <p>Where several records of a kind hold for one thing, the narrowest scope wins ({@link Reach}),
 * then the one that names the kind of act, then the more careful value.
 */
public final class PolicySet {

  /** No policy: advise mode, shipped budgets. */
  public static final PolicySet EMPTY = new PolicySet(List.of(), Set.of(), 0);

  private final Map<String, PolicyRecord> byKey = new TreeMap<>();
  private final Map<Kind, List<PolicyRecord>> byKind = new EnumMap<>(Kind.class);
  private final Map<Kind, Map<String, List<PolicyRecord>>> byScope = new EnumMap<>(Kind.class);
  private final Map<String, List<PolicyRecord>> byProposal = new HashMap<>();
  private final Map<String, List<PolicyRecord>> cancelsByAdmission = new TreeMap<>();
  private final TreeSet<Long> edges = new TreeSet<>();
  private final Map<String, List<String>> problems = new TreeMap<>();
  private final Set<String> synced;
  private final long version;

  private PolicySet(Collection<PolicyRecord> records, Set<String> synced, long version) {
    for (PolicyRecord record : records) {
      List<String> wrong = PolicyProblems.of(record);
      if (wrong.isEmpty()) {
        byKey.put(record.key(), record);
      } else {
        problems.put(record.key(), wrong);
      }
    }
    for (PolicyRecord record : byKey.values()) {
      byKind.computeIfAbsent(record.kind(), kind -> new ArrayList<>()).add(record);
      byScope
          .computeIfAbsent(record.kind(), kind -> new HashMap<>())
          .computeIfAbsent(record.scope(), scope -> new ArrayList<>())
          .add(record);
      if (record.proposal() != null) {
        byProposal.computeIfAbsent(record.proposal(), id -> new ArrayList<>()).add(record);
      }
      String admission = record.parameters().get(PolicyParameters.ADMISSION);
      if (record.kind() == Kind.CANCEL && admission != null) {
        cancelsByAdmission.computeIfAbsent(admission, id -> new ArrayList<>()).add(record);
      }
      if (record.enabled()) {
        edges.add(record.notBeforeMillis());
        if (record.expiresMillis() != null) {
          edges.add(record.expiresMillis());
        }
      }
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

  /** All records in force or to come, in the order of their keys. */
  public Collection<PolicyRecord> records() {
    return byKey.values();
  }

  /** What is wrong with the records that were left out, by key, a sentence each. */
  public Map<String, List<String>> problems() {
    return problems;
  }

  /** True when everything was read that stood in the topic when this guard started. */
  public boolean syncedWith(String incarnation) {
    return synced.contains(incarnation);
  }

  /** Grows with each record read. */
  public long version() {
    return version;
  }

  /** When the next record begins or ceases to hold after this time; null when none does. */
  public @Nullable Long nextEdgeMillis(long nowMillis) {
    return edges.higher(nowMillis);
  }

  /**
   * The mode of an act (G2).
   *
   * @return true when it may be done, false when it is only advised, the default
   */
  public boolean acts(ActKind act, Reach reach, long nowMillis) {
    PolicyRecord mode = modeRecord(act, reach, nowMillis);
    return mode != null && isAct(mode);
  }

  /** True when an act that may be done needs an approval first (G3). */
  public boolean needsApproval(ActKind act, Reach reach, long nowMillis) {
    PolicyRecord mode = modeRecord(act, reach, nowMillis);
    String value = mode == null ? null : mode.parameters().get(PolicyParameters.APPROVAL);
    return value != null && PolicyValues.flag(value);
  }

  /** The MODE record in force for an act, null when none is and it is only advised. */
  public @Nullable PolicyRecord modeRecord(ActKind act, Reach reach, long nowMillis) {
    PolicyRecord best = null;
    int bestRank = -1;
    for (PolicyRecord record : covering(Kind.MODE, act, reach, nowMillis)) {
      int rank = rank(record, reach);
      boolean moreCareful = best != null && rank == bestRank && care(record) > care(best);
      if (rank > bestRank || moreCareful) {
        best = record;
        bestRank = rank;
      }
    }
    return best;
  }

  private static int care(PolicyRecord mode) {
    if (!isAct(mode)) {
      return 2;
    }
    String approval = mode.parameters().get(PolicyParameters.APPROVAL);
    return approval != null && PolicyValues.flag(approval) ? 1 : 0;
  }

  private static boolean isAct(PolicyRecord mode) {
    return "act".equals(mode.parameters().get(PolicyParameters.MODE));
  }

  /** The HALT in force, null when there is none. */
  public @Nullable PolicyRecord halt(ActKind act, Reach reach, long nowMillis) {
    return narrowest(Kind.HALT, act, reach, nowMillis);
  }

  /** The maintenance window in force for a thing or for what holds it, null when there is none. */
  public @Nullable PolicyRecord maintenance(Reach reach, long nowMillis) {
    return narrowest(Kind.MAINTENANCE, ActKind.UNKNOWN, reach, nowMillis);
  }

  /** True when some window of maintenance holds now or later. */
  public boolean hasMaintenance() {
    return byKind.containsKey(Kind.MAINTENANCE);
  }

  /**
   * The maintenance window of a thing, or of what holds it, that is in force or begins before a
   * time; the earliest; null when there is none.
   */
  public @Nullable PolicyRecord maintenanceBefore(Reach reach, long nowMillis, long untilMillis) {
    Map<String, List<PolicyRecord>> scopes = byScope.get(Kind.MAINTENANCE);
    if (scopes == null) {
      return null;
    }
    PolicyRecord first = null;
    for (String scope : reach.scopes()) {
      for (PolicyRecord record : scopes.getOrDefault(scope, List.of())) {
        Long expires = record.expiresMillis();
        boolean comes =
            record.enabled()
                && record.notBeforeMillis() <= untilMillis
                && (expires == null || expires > nowMillis);
        if (comes && (first == null || record.notBeforeMillis() < first.notBeforeMillis())) {
          first = record;
        }
      }
    }
    return first;
  }

  /** When the next maintenance window begins that has not begun; null when none does. */
  public @Nullable Long nextMaintenanceMillis(long nowMillis) {
    Long next = null;
    for (PolicyRecord record : byKind.getOrDefault(Kind.MAINTENANCE, List.of())) {
      long begin = record.notBeforeMillis();
      if (record.enabled() && begin > nowMillis && (next == null || begin < next)) {
        next = begin;
      }
    }
    return next;
  }

  /** True when limits are changed live. */
  public boolean hasThresholds() {
    return byKind.containsKey(Kind.THRESHOLD);
  }

  /** True when an operator says of something how well it is. */
  public boolean hasOverrides() {
    return byKind.containsKey(Kind.OVERRIDE);
  }

  /** Maintenance windows that want their node evacuated, in force now. */
  public List<PolicyRecord> evacuations(long nowMillis) {
    return holding(Kind.MAINTENANCE, nowMillis).stream().filter(PolicySet::evacuates).toList();
  }

  /** True when some window that holds now or later wants its node evacuated. */
  public boolean hasEvacuations() {
    return byKind.getOrDefault(Kind.MAINTENANCE, List.of()).stream().anyMatch(PolicySet::evacuates);
  }

  private static boolean evacuates(PolicyRecord record) {
    String value = record.parameters().get(PolicyParameters.EVACUATE);
    return value != null && PolicyValues.flag(value);
  }

  /** The silence in force for a thing or for what holds it, null when there is none. */
  public @Nullable PolicyRecord silence(Reach reach, long nowMillis) {
    return narrowest(Kind.SILENCE, ActKind.UNKNOWN, reach, nowMillis);
  }

  /** The pin in force, null when there is none. */
  public @Nullable PolicyRecord pin(Reach reach, long nowMillis) {
    return narrowest(Kind.PIN, ActKind.UNKNOWN, reach, nowMillis);
  }

  /** The pin of exactly this scope, for example {@code segment/v1-7}; null when there is none. */
  public @Nullable PolicyRecord pinOf(String scope, long nowMillis) {
    Map<String, List<PolicyRecord>> scopes = byScope.get(Kind.PIN);
    for (PolicyRecord record :
        scopes == null ? List.<PolicyRecord>of() : scopes.getOrDefault(scope, List.of())) {
      if (record.holdsAt(nowMillis)) {
        return record;
      }
    }
    return null;
  }

  /** The override in force for a thing, null when there is none. */
  public @Nullable PolicyRecord override(Reach reach, long nowMillis) {
    return narrowest(Kind.OVERRIDE, ActKind.UNKNOWN, reach, nowMillis);
  }

  /** What an override takes the risk for. */
  public static Tier tierOf(PolicyRecord override) {
    String tier = override.parameters().getOrDefault(PolicyParameters.TIER, "");
    return Tier.valueOf(tier.trim().toUpperCase(Locale.ROOT));
  }

  /** All overrides that hold now. */
  public List<PolicyRecord> overrides(long nowMillis) {
    return holding(Kind.OVERRIDE, nowMillis);
  }

  /** The denial of a proposal, null when there is none. */
  public @Nullable PolicyRecord denial(String proposal, long nowMillis) {
    return about(Kind.DENIAL, proposal, nowMillis);
  }

  /** The cancel of a proposal, null when there is none. */
  public @Nullable PolicyRecord cancelOfProposal(String proposal, long nowMillis) {
    return about(Kind.CANCEL, proposal, nowMillis);
  }

  /** The cancel of an admission, null when there is none. */
  public @Nullable PolicyRecord cancelOfAdmission(String admission, long nowMillis) {
    for (PolicyRecord record : cancelsByAdmission.getOrDefault(admission, List.of())) {
      if (record.holdsAt(nowMillis)) {
        return record;
      }
    }
    return null;
  }

  /** True when some act may be cancelled by a record that holds now or later. */
  public boolean hasCancels() {
    return !cancelsByAdmission.isEmpty();
  }

  /**
   * What approves a proposal: a record that names it, or a rule for its kind of act, scope, cost
   * and hour; null when nothing does (G3).
   */
  public @Nullable PolicyRecord approval(Proposal proposal, Reach reach, long nowMillis) {
    PolicyRecord byHand = about(Kind.APPROVAL, proposal.id(), nowMillis);
    if (byHand != null) {
      return byHand;
    }
    for (PolicyRecord rule : covering(Kind.APPROVAL, proposal.act(), reach, nowMillis)) {
      if (rule.proposal() != null) {
        continue;
      }
      String maxCost = rule.parameters().get(PolicyParameters.MAX_COST);
      String hours = rule.parameters().get(PolicyParameters.HOURS);
      boolean cheap = maxCost == null || proposal.costBytes() <= PolicyValues.sizeBytes(maxCost);
      if (cheap && (hours == null || PolicyValues.withinHours(hours, nowMillis))) {
        return rule;
      }
    }
    return null;
  }

  /** True when a rule approves by the hour, so time alone can approve. */
  public boolean approvesByTheHour() {
    for (PolicyRecord rule : byKind.getOrDefault(Kind.APPROVAL, List.of())) {
      if (rule.parameters().containsKey(PolicyParameters.HOURS)) {
        return true;
      }
    }
    return false;
  }

  /**
   * A value of the BUDGET records of exactly one scope or of {@code all}, the narrower first.
   *
   * @param parameter one of {@link PolicyParameters}
   * @param scopes scopes, the narrowest first
   * @param act kind of act the record must name; {@code UNKNOWN} for one that names none
   * @return the smallest value within the narrowest scope that has one; null when none has
   */
  public @Nullable String budget(
      String parameter, List<String> scopes, ActKind act, long nowMillis) {
    Map<String, List<PolicyRecord>> budgets = byScope.get(Kind.BUDGET);
    if (budgets == null) {
      return null;
    }
    for (String scope : scopes) {
      String smallest = null;
      for (PolicyRecord record : budgets.getOrDefault(scope, List.of())) {
        String value = record.parameters().get(parameter);
        if (record.act() != act || !record.holdsAt(nowMillis) || value == null) {
          continue;
        }
        if (smallest == null
            || PolicyProblems.value(parameter, value) < PolicyProblems.value(parameter, smallest)) {
          smallest = value;
        }
      }
      if (smallest != null) {
        return smallest;
      }
    }
    return null;
  }

  /** The THRESHOLD records of the guard that hold for a pool now, the widest scope first. */
  public List<PolicyRecord> guardThresholds(Reach reach, long nowMillis) {
    List<PolicyRecord> found = new ArrayList<>();
    for (PolicyRecord record : covering(Kind.THRESHOLD, ActKind.UNKNOWN, reach, nowMillis)) {
      if (record.id().equals(GuardPolicy.THRESHOLD_ID)) {
        found.add(record);
      }
    }
    found.sort(
        (left, right) ->
            Integer.compare(reach.narrowness(left.scope()), reach.narrowness(right.scope())));
    return found;
  }

  private @Nullable PolicyRecord about(Kind kind, String proposal, long nowMillis) {
    for (PolicyRecord record : byProposal.getOrDefault(proposal, List.of())) {
      if (record.kind() == kind && record.holdsAt(nowMillis)) {
        return record;
      }
    }
    return null;
  }

  private @Nullable PolicyRecord narrowest(Kind kind, ActKind act, Reach reach, long nowMillis) {
    PolicyRecord best = null;
    int bestRank = -1;
    for (PolicyRecord record : covering(kind, act, reach, nowMillis)) {
      int rank = rank(record, reach);
      if (rank > bestRank) {
        best = record;
        bestRank = rank;
      }
    }
    return best;
  }

  private static int rank(PolicyRecord record, Reach reach) {
    return 2 * reach.narrowness(record.scope()) + (record.act() == ActKind.UNKNOWN ? 0 : 1);
  }

  private List<PolicyRecord> covering(Kind kind, ActKind act, Reach reach, long nowMillis) {
    Map<String, List<PolicyRecord>> scopes = byScope.get(kind);
    if (scopes == null) {
      return List.of();
    }
    List<PolicyRecord> found = new ArrayList<>();
    for (String scope : reach.scopes()) {
      for (PolicyRecord record : scopes.getOrDefault(scope, List.of())) {
        boolean sameAct =
            record.act() == ActKind.UNKNOWN || act == ActKind.UNKNOWN || record.act() == act;
        if (sameAct && record.holdsAt(nowMillis)) {
          found.add(record);
        }
      }
    }
    return found;
  }

  private List<PolicyRecord> holding(Kind kind, long nowMillis) {
    List<PolicyRecord> found = new ArrayList<>();
    for (PolicyRecord record : byKind.getOrDefault(kind, List.of())) {
      if (record.holdsAt(nowMillis)) {
        found.add(record);
      }
    }
    return found;
  }
}
