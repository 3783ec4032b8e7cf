package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.Tier;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One proposal before the guard, with everything a check may look at. For one thread. */
final class Question {

  private static final long DAY_MILLIS = 24L * 3_600_000;

  final GuardState state;
  final PolicySet policies;
  final GuardPolicy limits;
  final Proposal proposal;
  final long nowMillis;
  final long lagMillis;
  final @Nullable Member host;
  final Reach reach;
  private @Nullable Set<Subject> restingTargets;

  Question(
      GuardState state, GuardPolicy limits, Proposal proposal, long nowMillis, long lagMillis) {
    this.state = state;
    this.policies = state.policies;
    this.limits = limits;
    this.proposal = proposal;
    this.nowMillis = nowMillis;
    this.lagMillis = lagMillis;
    Member own = state.member(proposal.subject());
    Subject source = proposal.source();
    boolean described = own != null && own.member() != null;
    Member from = described || source == null ? null : state.member(source);
    this.host = from == null ? own : from;
    this.reach = Reach.of(proposal.subject(), host == null ? null : host.place(), state.pool());
  }

  /** True when it forestalls a failure that has not happened. */
  boolean isPredicted() {
    return isPredicted(proposal);
  }

  static boolean isPredicted(Proposal proposal) {
    return proposal.horizonMillis() > 0;
  }

  /** Time ahead that risks are asked for: that of the prediction, a day when it has happened. */
  long horizonMillis() {
    return isPredicted() ? proposal.horizonMillis() : DAY_MILLIS;
  }

  ActKind act() {
    return proposal.act();
  }

  /**
   * True when the act cannot be without a target.
   *
   * @param units whether it names units
   */
  static boolean needsTarget(ActKind act, boolean units) {
    return switch (act) {
      case PREFETCH, SHADOW, MIGRATE, FAILOVER, SWITCHOVER, FAILBACK, REPAIR -> true;
      default -> handsOver(act, units);
    };
  }

  /**
   * True when the act gives units to a holder of a copy, which copies nothing: a failover, and the
   * drain of a node that has units, of level 2. One of level 1 moves its data by its own hooks.
   *
   * @param units whether it names units
   */
  static boolean handsOver(ActKind act, boolean units) {
    return act == ActKind.FAILOVER || act == ActKind.DRAIN && units;
  }

  /** True when the act puts a further copy of the data onto its target. */
  static boolean addsCopy(ActKind act) {
    return act == ActKind.SHADOW || act == ActKind.MIGRATE || act == ActKind.REPAIR;
  }

  /** True when the source holds no copy any more after the act. */
  static boolean leavesSource(ActKind act) {
    return act == ActKind.MIGRATE
        || act == ActKind.FAILOVER
        || act == ActKind.SWITCHOVER
        || act == ActKind.DRAIN
        || act == ActKind.RETIRE_SHADOW;
  }

  /** The scopes that cover a node of the pool. */
  Reach reachOf(Subject node) {
    Member member = state.member(node);
    return Reach.of(node, member == null ? null : member.place(), state.pool());
  }

  /** The tier that a node is taken for: an operator's word before the model's. */
  Tier tierOf(Subject node) {
    PolicyRecord override = policies.override(reachOf(node), nowMillis);
    if (override != null) {
      return PolicySet.tierOf(override);
    }
    Member member = state.member(node);
    return member == null ? Tier.UNKNOWN : member.tier();
  }

  /** The probability of failure that a node is taken for within a horizon, 0 to 1. */
  double probabilityOf(Subject node, long horizonMillis) {
    Member member = state.member(node);
    if (member == null) {
      return 1;
    }
    PolicyRecord override = policies.override(reachOf(node), nowMillis);
    return probabilityOf(member, override, limits, horizonMillis);
  }

  /** The same of a node that is known, with what an operator says of it. */
  static double probabilityOf(
      Member member, @Nullable PolicyRecord override, GuardPolicy limits, long horizonMillis) {
    if (override != null) {
      return switch (PolicySet.tierOf(override)) {
        case HEALTHY -> 0;
        case WATCH -> Math.min(member.probability(), limits.maxTargetProbability());
        default -> 1;
      };
    }
    GuardInput.RiskChanged risk = member.risk();
    return risk == null
        ? 0
        : ReplicaSetRisk.within(risk.probability(), risk.horizonMillis(), horizonMillis);
  }

  /** How old a node's risk is; milliseconds; null when none was heard or it is made of silence. */
  @Nullable Long silenceMillis(Subject node) {
    Member member = state.member(node);
    if (member == null || member.risk() == null || member.risk().stale()) {
      return null;
    }
    return Math.max(0, nowMillis - member.risk().timeMillis());
  }

  /** The severity that the proposal names, null when it names none. */
  @Nullable Severity severity() {
    String word = proposal.parameters().get(Proposer.SEVERITY);
    for (Severity severity : Severity.values()) {
      if (severity.name().equals(word)) {
        return severity;
      }
    }
    return null;
  }

  /**
   * Targets of acts in flight or of a short time ago. Who was given a shadow need not rest from it:
   * it was given so that it can take over.
   */
  Set<Subject> restingTargets() {
    Set<Subject> known = restingTargets;
    if (known == null) {
      known = new HashSet<>();
      for (Held held : state.held()) {
        Subject target = held.admission().target();
        if (target != null && tires(held.admission().act())) {
          known.add(target);
        }
      }
      for (Past past : state.past()) {
        boolean recent = nowMillis - past.issuedMillis() < limits.targetRestMillis();
        Subject target = past.target();
        if (recent && target != null && tires(past.act())) {
          known.add(target);
        }
      }
      restingTargets = known;
    }
    return known;
  }

  private boolean tires(ActKind used) {
    return used != ActKind.SHADOW || act() == ActKind.SHADOW;
  }

  /** Copies that stay besides the target. */
  List<Subject> remaining(GuardInput.UnitChanged unit, @Nullable Subject target) {
    boolean leaves = leavesSource(act());
    return unit.copies().stream()
        .filter(copy -> !copy.equals(target))
        .filter(copy -> !leaves || !copy.equals(proposal.source()))
        .filter(copy -> state.member(copy) != null)
        .toList();
  }

  /** Bytes that acts in flight will put onto a node. */
  long promisedBytes(Subject target) {
    long bytes = 0;
    for (Held held : state.held()) {
      Admission act = held.admission();
      if (addsCopy(act.act()) && target.equals(act.target())) {
        for (Proposal.UnitStep step : act.units()) {
          GuardInput.UnitChanged unit = state.unit(step.unit());
          bytes += unit == null ? 0 : unit.bytes();
        }
      }
    }
    return bytes;
  }

  /** What a target can take beside its reserve, null when nobody knows; bytes. */
  @Nullable Long roomBytes(Member target) {
    Long free = target.freeBytes();
    if (free == null) {
      return null;
    }
    FleetMember described = target.member();
    Long capacity = described == null ? null : described.capacityBytes();
    double reserve = capacity == null ? 0 : capacity * limits.targetFreeShare();
    return (long) Math.floor(free - promisedBytes(target.subject()) - reserve);
  }

  /** Bytes that the target must have room for. */
  static long bytesOnto(ActKind act, long costBytes) {
    return act == ActKind.FAILOVER || act == ActKind.SWITCHOVER ? 0 : costBytes;
  }
}
