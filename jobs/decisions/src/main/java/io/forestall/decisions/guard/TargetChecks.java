package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.GuardChecks.no;
import static io.forestall.decisions.guard.GuardChecks.yes;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowChoice;
import io.forestall.risk.Tier;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Whether a node is a safe target (G8, G9): the same questions rank the candidates of a proposal
 * and judge the target of any proposal. Pure.
 */
final class TargetChecks {

  /** One question about one target. */
  record TargetCheck(
      String name,
      String meaning,
      List<DecisionCode> codes,
      List<String> limits,
      BiFunction<Question, Subject, GuardResult> question) {}

  /** In order: what a node is, then what it looks like, then what it was used for. */
  static final List<TargetCheck> ALL =
      List.of(
          new TargetCheck(
              "target-known",
              "Is the target a node of this pool, and not where the data comes from?",
              List.of(DecisionCode.TARGET_UNREACHABLE, DecisionCode.NO_SAFE_TARGET),
              List.of(),
              TargetChecks::known),
          new TargetCheck(
              "target-copies",
              "Does the target of a failover hold a copy in sync of every unit, that of a"
                  + " switchover a shadow in sync?",
              List.of(DecisionCode.NO_SAFE_TARGET),
              List.of(),
              TargetChecks::copies),
          new TargetCheck(
              "target-telemetry",
              "Has the target been heard of lately?",
              List.of(DecisionCode.STALE_TELEMETRY),
              List.of("max-telemetry-age"),
              TargetChecks::telemetry),
          new TargetCheck(
              "target-risk",
              "Is the target itself healthy?",
              List.of(DecisionCode.TARGET_AT_RISK),
              List.of("max-target-probability"),
              TargetChecks::risk),
          new TargetCheck(
              "target-zone",
              "Is the target outside every active failure zone?",
              List.of(DecisionCode.TARGET_IN_ZONE),
              List.of(),
              TargetChecks::zone),
          new TargetCheck(
              "target-maintenance",
              "Is nobody at work on the target or on what holds it?",
              List.of(DecisionCode.TARGET_IN_MAINTENANCE),
              List.of(),
              TargetChecks::maintenance),
          new TargetCheck(
              "target-space",
              "Has the target room for the data and its reserve?",
              List.of(DecisionCode.TARGET_FULL),
              List.of("target-free"),
              TargetChecks::space),
          new TargetCheck(
              "target-domain",
              "Does no other copy share a failure domain with the target while one is free?",
              List.of(DecisionCode.TARGET_IN_SAME_DOMAIN),
              List.of(),
              TargetChecks::domain),
          new TargetCheck(
              "target-rest",
              "Has the target rested since it was last a target?",
              List.of(DecisionCode.TARGET_USED_RECENTLY),
              List.of("target-rest"),
              TargetChecks::rest));

  /** Those that look at the node alone; the others look at each unit. */
  static final List<TargetCheck> OF_THE_NODE =
      ALL.stream()
          .filter(
              check ->
                  !check.name().equals("target-copies") && !check.name().equals("target-domain"))
          .toList();

  private TargetChecks() {}

  private static GuardResult known(Question q, Subject target) {
    String name = "target-known";
    if (target.equals(q.proposal.source()) || target.equals(q.proposal.subject())) {
      return no(name, DecisionCode.NO_SAFE_TARGET, target + " is where the data comes from.");
    }
    Member member = q.state.member(target);
    return member != null && member.member() != null
        ? yes(name, target + " is a node of the pool.")
        : no(name, DecisionCode.TARGET_UNREACHABLE, target + " is no known node of the pool.");
  }

  private static GuardResult copies(Question q, Subject target) {
    String name = "target-copies";
    for (Proposal.UnitStep step : q.proposal.units()) {
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit != null && lacksCopy(q.act(), unit, target)) {
        return no(
            name,
            DecisionCode.NO_SAFE_TARGET,
            target + " holds no copy in sync of " + step.unit() + ".");
      }
    }
    return yes(name, "Every copy that the act needs is on " + target + ".");
  }

  /** True when the act needs a copy of the unit on its target and there is none. */
  private static boolean lacksCopy(ActKind act, GuardInput.UnitChanged unit, Subject target) {
    boolean needed = Question.handsOver(act, true) || act == ActKind.FAILBACK;
    return act == ActKind.SWITCHOVER
        ? !unit.shadowsInSync().contains(target)
        : needed && !unit.copies().contains(target);
  }

  /** True when nothing of where the copies of the unit are speaks against the target. */
  static boolean fits(Question q, GuardInput.UnitChanged unit, Member target) {
    return !lacksCopy(q.act(), unit, target.subject())
        && (!Question.addsCopy(q.act()) || domainProblem(q, unit, target) == null);
  }

  private static GuardResult telemetry(Question q, Subject target) {
    String name = "target-telemetry";
    Long silent = q.silenceMillis(target);
    double limit = q.limits.maxTelemetryAgeMillis();
    if (silent == null) {
      return no(name, DecisionCode.STALE_TELEMETRY, target + " is silent: nobody knows how it is.");
    }
    return silent <= limit
        ? yes(name, (double) silent, limit, target + " was heard of lately.")
        : no(
            name,
            DecisionCode.STALE_TELEMETRY,
            (double) silent,
            limit,
            target + " was last heard of " + Ladder.words(silent) + " ago.");
  }

  private static GuardResult risk(Question q, Subject target) {
    String name = "target-risk";
    Tier tier = q.tierOf(target);
    double limit = q.limits.maxTargetProbability();
    double probability = q.probabilityOf(target, q.horizonMillis());
    if (tier == Tier.WARNING || tier == Tier.CRITICAL || tier == Tier.UNKNOWN) {
      return no(
          name,
          DecisionCode.TARGET_AT_RISK,
          probability,
          limit,
          target + " is at tier " + tier + ".");
    }
    return probability <= limit
        ? yes(name, probability, limit, target + " is at tier " + tier + ".")
        : no(
            name,
            DecisionCode.TARGET_AT_RISK,
            probability,
            limit,
            target + " may fail itself within the horizon.");
  }

  private static GuardResult zone(Question q, Subject target) {
    String zone = q.state.activeZoneOf(target);
    return zone == null
        ? yes("target-zone", target + " is in no active failure zone.")
        : no(
            "target-zone",
            DecisionCode.TARGET_IN_ZONE,
            target + " is in the active failure zone " + zone + ".");
  }

  private static GuardResult maintenance(Question q, Subject target) {
    PolicyRecord window = q.policies.maintenance(q.reachOf(target), q.nowMillis);
    return window == null
        ? yes("target-maintenance", "Nobody is at work on " + target + ".")
        : no(
            "target-maintenance",
            DecisionCode.TARGET_IN_MAINTENANCE,
            window.author() + " is at work on " + window.scope() + ": " + window.reason());
  }

  private static GuardResult space(Question q, Subject target) {
    String name = "target-space";
    long needed = Question.bytesOnto(q.act(), q.proposal.costBytes());
    Member member = q.state.member(target);
    Long free = member == null ? null : member.freeBytes();
    FleetMember described = member == null ? null : member.member();
    Long capacity = described == null ? null : described.capacityBytes();
    if (free == null) {
      return needed == 0
          ? yes(name, "Nothing is copied.")
          : no(name, DecisionCode.TARGET_FULL, "Nobody knows how much space " + target + " has.");
    }
    double reserve = capacity == null ? 0 : capacity * q.limits.targetFreeShare();
    double left = (double) free - needed - (needed == 0 ? 0 : q.promisedBytes(target));
    return left >= reserve
        ? yes(name, left, reserve, target + " has room; bytes left after it.")
        : no(
            name,
            DecisionCode.TARGET_FULL,
            left,
            reserve,
            target + " would be too full; bytes left after it.");
  }

  private static GuardResult domain(Question q, Subject target) {
    String name = "target-domain";
    Member member = q.state.member(target);
    if (member == null || !Question.addsCopy(q.act())) {
      return yes(name, "The act adds no copy in another domain.");
    }
    for (Proposal.UnitStep step : q.proposal.units()) {
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit != null && q.act() == ActKind.SHADOW) {
        ShadowChoice.Objection objection = Proposer.placementProblem(q, unit, member);
        // whether it has room is asked for all units at once
        if (objection != null && objection.goal() != ShadowChoice.Goal.ROOM) {
          return no(name, DecisionCode.TARGET_IN_SAME_DOMAIN, objection.text());
        }
        continue;
      }
      String problem = unit == null ? null : domainProblem(q, unit, member);
      if (problem != null) {
        return no(name, DecisionCode.TARGET_IN_SAME_DOMAIN, problem);
      }
    }
    return yes(name, "No other copy shares a failure domain with " + target + ".");
  }

  private static @Nullable String domainProblem(
      Question q, GuardInput.UnitChanged unit, Member target) {
    if (unit.copies().contains(target.subject()) && q.act() != ActKind.MIGRATE) {
      return target.subject() + " holds a copy of " + unit.unit() + " already.";
    }
    Set<String> zones = new HashSet<>();
    Set<String> racks = new HashSet<>();
    for (Subject copy : q.remaining(unit, target.subject())) {
      Member other = q.state.member(copy);
      if (other != null && other.member() != null) {
        zones.add(other.zone());
        racks.add(other.rack());
      }
    }
    if (zones.contains(target.zone()) && q.state.nodesByZone().size() > zones.size()) {
      return "Another copy of " + unit.unit() + " stands in zone " + target.zone() + " already.";
    }
    if (racks.contains(target.rack()) && q.state.racks() > racks.size()) {
      return "Another copy of " + unit.unit() + " stands in rack " + target.rack() + " already.";
    }
    return null;
  }

  private static GuardResult rest(Question q, Subject target) {
    if (!q.isPredicted() && q.act() == ActKind.FAILOVER) {
      return yes("target-rest", "It has happened; whoever can take over need not have rested.");
    }
    if (q.act() == ActKind.SHADOW) {
      return yes("target-rest", "A shadow is a copy more; who rested is only preferred.");
    }
    return q.restingTargets().contains(target)
        ? no(
            "target-rest",
            DecisionCode.TARGET_USED_RECENTLY,
            null,
            (double) q.limits.targetRestMillis(),
            target + " was a target a short time ago.")
        : yes("target-rest", target + " was no target lately.");
  }
}
