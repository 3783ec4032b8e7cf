package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.shadow.ShadowPlan;
import io.forestall.decisions.shadow.ShadowPlan.Standing;
import io.forestall.decisions.shadow.ShadowPlan.Why;
import io.forestall.decisions.shadow.ShadowPolicy;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Shadows by the plan (E3, G9, G17): looks at each unit whose copies, their nodes' risk or their
 * maintenance changed, remembers what it asks for since when, and takes what has lasted like an
 * incident of the node because of which it is asked: one for all units that ask for the same
 * reason. So all that holds for acts on incidents holds for it. Pure.
 */
final class ShadowNeeds {

  /** Name of the rule of such an incident. */
  static final String RULE = "shadow-plan";

  /** Parameter of a proposal: why its units ask for a shadow. */
  static final String WHY = "why";

  private static final String PREFIX = "shadow/";
  private static final String SPARE = "spare/";

  private ShadowNeeds() {}

  /** The group of units that ask for a shadow for the same reason. */
  static String group(Why why, Subject worry) {
    return why.name().toLowerCase(Locale.ROOT).replace('_', '-') + "/" + worry;
  }

  /** The group of units that can do without their shadow on a node. */
  static String spareGroup(Subject shadow) {
    return SPARE + shadow;
  }

  /** True for a proposal that the plan made. */
  static boolean asksFor(Proposal proposal) {
    return RULE.equals(proposal.rule()) && proposal.decider().equals(Proposer.DECIDER);
  }

  /** True for a proposal of the plan that stands on no prediction. */
  static boolean isPlanned(Proposal proposal) {
    return asksFor(proposal) && Why.MAINTENANCE.name().equals(proposal.parameters().get(WHY));
  }

  /** True for a proposal of the plan for a copy in another region, and nothing else. */
  static boolean isForRegion(Proposal proposal) {
    return asksFor(proposal) && Why.OTHER_REGION.name().equals(proposal.parameters().get(WHY));
  }

  // -------------------------------------------------------------------- looking

  /** Looks at every unit: what holds for all of them may have changed. */
  static void lookAtAll(GuardState state, GuardPolicy limits, long nowMillis) {
    for (String unit : List.copyOf(state.unitNames())) {
      look(state, limits, unit, nowMillis);
      state.askingChanged(unit);
    }
  }

  /** Looks at every unit of which a node holds something. */
  static void lookAtThoseOf(GuardState state, GuardPolicy limits, Subject node, long nowMillis) {
    for (String unit : List.copyOf(state.unitsHeldBy(node))) {
      look(state, limits, unit, nowMillis);
    }
  }

  /** Looks at a unit, which may be gone. */
  static void look(GuardState state, GuardPolicy limits, String name, long nowMillis) {
    GuardInput.UnitChanged unit = state.unit(name);
    if (unit == null) {
      state.put(name, Standing.NOTHING, Decider.NO_ALARM);
      return;
    }
    ShadowPolicy policy = limits.shadow();
    ShadowPlan.Unit facts = facts(state, limits, unit, nowMillis);
    ShadowPlan.SetRisk setRisk = copies -> setRisk(copies, limits);
    Standing before = state.standing(name);
    Standing after =
        before.after(
            ShadowPlan.need(facts, before.why() != null, setRisk, policy),
            ShadowPlan.spare(facts, setRisk, policy),
            nowMillis);
    state.put(name, after, after.dueMillis(nowMillis, policy));
  }

  /** What an act did for its units is done: what they still ask for begins anew. */
  static void served(GuardState state, GuardPolicy limits, Admission act, long nowMillis) {
    for (Proposal.UnitStep step : act.units()) {
      if (state.unit(step.unit()) != null) {
        Standing after = state.standing(step.unit()).served(nowMillis);
        state.put(step.unit(), after, after.dueMillis(nowMillis, limits.shadow()));
      }
    }
  }

  private static double setRisk(Iterable<ShadowPlan.Copy> copies, GuardPolicy limits) {
    List<ReplicaSetRisk.Copy> set = new ArrayList<>();
    for (ShadowPlan.Copy copy : copies) {
      set.add(new ReplicaSetRisk.Copy(copy.probability(), copy.rack(), copy.zone()));
    }
    return ReplicaSetRisk.allFail(set, limits.rackCorrelation(), limits.zoneCorrelation());
  }

  private static ShadowPlan.Unit facts(
      GuardState state, GuardPolicy limits, GuardInput.UnitChanged unit, long nowMillis) {
    Set<Subject> shadows = new HashSet<>(unit.shadows());
    List<ShadowPlan.Copy> copies = new ArrayList<>();
    for (Subject holder : unit.holders()) {
      boolean counts = unit.copies().contains(holder);
      Member member = state.member(holder);
      // a node that has left holds nothing that anybody could have
      if ((counts || shadows.contains(holder)) && member != null && member.member() != null) {
        copies.add(copy(state, limits, member, shadows.contains(holder), counts, nowMillis));
      }
    }
    Member owner = state.member(unit.owner());
    return new ShadowPlan.Unit(
        unit.unit(),
        unit.owner(),
        owner == null ? "" : owner.region(),
        unit.minReplicas(),
        unit.otherRegion(),
        copies);
  }

  private static ShadowPlan.Copy copy(
      GuardState state,
      GuardPolicy limits,
      Member member,
      boolean shadow,
      boolean inSync,
      long nowMillis) {
    boolean worded = state.policies.hasMaintenance() || state.policies.hasOverrides();
    Reach reach = worded ? Reach.of(member.subject(), member.place(), state.pool()) : Reach.NOTHING;
    long ahead = nowMillis + limits.shadow().maintenanceAheadMillis();
    boolean leaving = state.policies.maintenanceBefore(reach, nowMillis, ahead) != null;
    PolicyRecord override = worded ? state.policies.override(reach, nowMillis) : null;
    boolean risky = member.riskySinceMillis() > 0;
    if (override != null) {
      Tier tier = PolicySet.tierOf(override);
      risky = tier == Tier.WARNING || tier == Tier.CRITICAL;
    }
    GuardInput.RiskChanged risk = member.risk();
    boolean heard =
        risk != null
            && !risk.stale()
            && nowMillis - risk.timeMillis() <= limits.maxTelemetryAgeMillis();
    return new ShadowPlan.Copy(
        member.subject(),
        shadow,
        inSync,
        risky,
        leaving,
        heard,
        Question.probabilityOf(member, override, limits, limits.shadow().horizonMillis()),
        member.rack(),
        member.zone(),
        member.region());
  }

  /**
   * When something that no input tells of may change what units ask for; without end when never.
   */
  static long edgeMillis(GuardState state, GuardPolicy limits, long nowMillis) {
    PolicySet policies = state.policies;
    boolean matters =
        policies.hasMaintenance() || policies.hasOverrides() || policies.hasThresholds();
    if (!matters || state.unitNames().isEmpty()) {
      return Decider.NO_ALARM;
    }
    Long edge = policies.nextEdgeMillis(nowMillis);
    long next = edge == null ? Decider.NO_ALARM : edge;
    long aheadMillis = limits.shadow().maintenanceAheadMillis();
    Long begin = policies.nextMaintenanceMillis(nowMillis + aheadMillis);
    return begin == null ? next : Math.min(next, begin - aheadMillis);
  }

  // -------------------------------------------------------------------- telling

  /**
   * Tells of groups that have asked for long enough, and of those that ask no more.
   *
   * @param told hears of an incident for each
   */
  static void tell(GuardState state, GuardPolicy limits, long nowMillis, Consumer<Incident> told) {
    for (String group : state.takeChangedAskings()) {
      boolean asks = !lasting(state, limits, group, nowMillis).isEmpty();
      Tracked tracked = state.tracked(PREFIX + group);
      if (asks) {
        told.accept(incident(state, limits, group, Incident.State.OPENED, nowMillis));
      } else if (tracked != null) {
        told.accept(incident(state, limits, group, Incident.State.RESOLVED, nowMillis));
      }
    }
  }

  /** The units of a group that have asked for long enough, those that ask longest first. */
  private static List<String> lasting(
      GuardState state, GuardPolicy limits, String group, long nowMillis) {
    boolean spare = group.startsWith(SPARE);
    List<String> units = new ArrayList<>();
    for (String unit : state.unitsAsking(group)) {
      Standing standing = state.standing(unit);
      if (spare
          ? standing.releases(nowMillis, limits.shadow())
          : standing.wants(nowMillis, limits.shadow())) {
        units.add(unit);
      }
    }
    units.sort(
        Comparator.comparingLong((String unit) -> since(state.standing(unit), spare))
            .thenComparing(Comparator.naturalOrder()));
    return units;
  }

  private static long since(Standing standing, boolean spare) {
    return spare ? standing.spareSinceMillis() : standing.neededSinceMillis();
  }

  private static Incident incident(
      GuardState state, GuardPolicy limits, String group, Incident.State now, long nowMillis) {
    int slash = group.indexOf('/');
    String word = group.substring(0, slash);
    Subject node = Subject.parse(group.substring(slash + 1));
    boolean spare = group.startsWith(SPARE);
    boolean risk = word.equals("risk");
    boolean predicted = risk || word.equals("maintenance");
    Member member = state.member(node);
    GuardInput.RiskChanged known = member == null ? null : member.risk();
    boolean critical = risk && member != null && member.tier() == Tier.CRITICAL;
    Tracked before = state.tracked(PREFIX + group);
    return new Incident(
        PREFIX + group,
        1,
        now,
        spare ? Severity.INFO : critical ? Severity.CRITICAL : Severity.ERROR,
        spare
            ? "Units can do without their shadow on " + node + "."
            : "Units ask for a shadow because of " + node + ".",
        node,
        state.pool(),
        predicted,
        risk && known != null ? known.confidence() : 1,
        predicted ? limits.shadow().horizonMillis() : 0,
        spare ? ActKind.RETIRE_SHADOW : ActKind.SHADOW,
        null,
        RULE,
        1,
        node.toString(),
        List.of(),
        List.of(node),
        List.of(),
        1,
        before == null ? nowMillis : before.openedMillis(),
        nowMillis,
        now == Incident.State.RESOLVED ? nowMillis : null,
        null,
        Map.of());
  }

  // -------------------------------------------------------------------- wishing

  /** Why the units of an incident of the plan ask for a shadow, null when they give one up. */
  static @Nullable Why why(Tracked incident) {
    String group = incident.id().substring(PREFIX.length());
    for (Why why : Why.values()) {
      if (group.equals(group(why, incident.subject()))) {
        return why;
      }
    }
    return null;
  }

  /** What the plan asks for now; null when nothing can be done at the moment. */
  static Proposer.@Nullable Wish wish(
      GuardState state, GuardPolicy limits, Tracked incident, long nowMillis) {
    String group = incident.id().substring(PREFIX.length());
    List<GuardInput.UnitChanged> units = new ArrayList<>();
    for (String name : lasting(state, limits, group, nowMillis)) {
      GuardInput.UnitChanged unit = state.unit(name);
      if (unit != null && state.lockOwner(Held.unitKey(name)) == null) {
        units.add(unit);
      }
    }
    if (units.isEmpty()) {
      return null;
    }
    return group.startsWith(SPARE)
        ? release(state, limits, incident, units, nowMillis)
        : build(state, limits, incident, units, nowMillis);
  }

  private static Proposer.Wish release(
      GuardState state,
      GuardPolicy limits,
      Tracked incident,
      List<GuardInput.UnitChanged> asking,
      long nowMillis) {
    List<GuardInput.UnitChanged> units =
        asking.subList(0, Math.min(Proposer.MAX_UNITS, asking.size()));
    ShadowPlan.Spare spare =
        ShadowPlan.spare(
            facts(state, limits, units.get(0), nowMillis),
            copies -> setRisk(copies, limits),
            limits.shadow());
    String reason =
        (spare == null ? "" : spare.text() + " ")
            + counted(units.size(), "unit has", "units have")
            + " done without it for "
            + Ladder.words(limits.shadow().exitDwellMillis())
            + " and longer.";
    return new Proposer.Wish(
        new Ladder.Choice(ActKind.RETIRE_SHADOW, reason),
        matter(state, incident, ActKind.RETIRE_SHADOW, units),
        incident.subject(),
        units,
        0,
        spare == null ? List.of() : List.of(input(spare.risk(), "left")));
  }

  private static Proposer.@Nullable Wish build(
      GuardState state,
      GuardPolicy limits,
      Tracked incident,
      List<GuardInput.UnitChanged> asking,
      long nowMillis) {
    int room = Math.min(Proposer.MAX_UNITS, limits.shadow().unitsInFlight() - building(state));
    if (room <= 0) {
      return null;
    }
    Subject worry = incident.subject();
    Why why = why(incident);
    long leftMillis = leftMillis(state, limits, worry, why, nowMillis);
    List<GuardInput.UnitChanged> units = new ArrayList<>();
    long bytes = 0;
    for (GuardInput.UnitChanged unit : asking.subList(0, Math.min(room, asking.size()))) {
      boolean inTime = leadMillis(limits, bytes + unit.bytes()) <= leftMillis;
      if (units.isEmpty() || inTime) {
        units.add(unit);
        bytes += unit.bytes();
      }
    }
    ShadowPlan.Need need =
        ShadowPlan.need(
            facts(state, limits, units.get(0), nowMillis),
            true,
            copies -> setRisk(copies, limits),
            limits.shadow());
    String asked =
        (need == null ? "" : need.text() + " ")
            + counted(asking.size(), "unit asks", "units ask")
            + " for a shadow because of "
            + worry
            + ". ";
    boolean tooLate = leadMillis(limits, bytes) > leftMillis;
    if (tooLate && incident.severity().compareTo(limits.failoverSeverity()) >= 0) {
      List<GuardInput.UnitChanged> owned = withCopyElsewhere(asking, worry);
      if (!owned.isEmpty()) {
        return new Proposer.Wish(
            new Ladder.Choice(
                ActKind.FAILOVER,
                asked + lead(limits, bytes, leftMillis) + ": too late, fail over to a replica."),
            matter(state, incident, ActKind.FAILOVER, owned),
            worry,
            owned,
            bytes,
            List.of());
      }
    }
    String reason =
        asked
            + counted(units.size(), "is built now", "are built now")
            + "; "
            + lead(limits, bytes, leftMillis)
            + (tooLate ? ": it may come too late, but nothing else helps." : ".");
    return new Proposer.Wish(
        new Ladder.Choice(ActKind.SHADOW, reason),
        matter(state, incident, ActKind.SHADOW, units),
        worry,
        units,
        bytes,
        need == null ? List.of() : List.of(input(need.risk(), "that count")));
  }

  private static Proposal.InputValue input(double risk, String which) {
    return new Proposal.InputValue(
        "replicaSetRisk",
        risk,
        "Probability that all copies " + which + " of the first unit fail within the horizon.");
  }

  private static List<GuardInput.UnitChanged> withCopyElsewhere(
      List<GuardInput.UnitChanged> asking, Subject owner) {
    List<GuardInput.UnitChanged> units = new ArrayList<>();
    for (GuardInput.UnitChanged unit : asking) {
      boolean elsewhere = unit.copies().stream().anyMatch(copy -> !copy.equals(owner));
      if (unit.owner().equals(owner) && elsewhere && units.size() < Proposer.MAX_UNITS) {
        units.add(unit);
      }
    }
    return units;
  }

  /** Units whose shadow is built now, or was admitted to be; count. */
  private static int building(GuardState state) {
    Set<String> units = new HashSet<>(state.unitsBuilding());
    for (Held held : state.held()) {
      if (held.admission().act() == ActKind.SHADOW) {
        for (Proposal.UnitStep step : held.admission().units()) {
          units.add(step.unit());
        }
      }
    }
    return units.size();
  }

  /** Time that is left before what is worried about happens; without end when it has happened. */
  private static long leftMillis(
      GuardState state, GuardPolicy limits, Subject worry, @Nullable Why why, long nowMillis) {
    Member member = state.member(worry);
    if (member == null || why == Why.FEW_COPIES || why == Why.OTHER_REGION) {
      return Long.MAX_VALUE;
    }
    Reach reach = Reach.of(worry, member.place(), state.pool());
    if (why == Why.MAINTENANCE) {
      long ahead = nowMillis + limits.shadow().maintenanceAheadMillis();
      PolicyRecord window = state.policies.maintenanceBefore(reach, nowMillis, ahead);
      return window == null ? 0 : Math.max(0, window.notBeforeMillis() - nowMillis);
    }
    long horizonMillis = limits.shadow().horizonMillis();
    PolicyRecord override = state.policies.override(reach, nowMillis);
    double probability = Question.probabilityOf(member, override, limits, horizonMillis);
    return ShadowPlan.medianMillis(probability, horizonMillis);
  }

  /** How long a shadow of so many bytes takes until it can take over; milliseconds. */
  static long leadMillis(GuardPolicy limits, long bytes) {
    return limits.shadowLeadMillis()
        + (long) (1000.0 * bytes / limits.copyBytesPerSecond() * limits.safetyFactor());
  }

  private static String lead(GuardPolicy limits, long bytes, long leftMillis) {
    String copy =
        String.format(
            Locale.ROOT,
            "%.1f GiB are there in %s",
            bytes / (double) (1L << 30),
            Ladder.words(leadMillis(limits, bytes)));
    return leftMillis == Long.MAX_VALUE
        ? copy
        : copy + ", " + Ladder.words(leftMillis) + " are left";
  }

  private static String counted(int count, String one, String many) {
    return count + " " + (count == 1 ? one : many);
  }

  /** The same as long as the same units ask since the same time. */
  private static String matter(
      GuardState state, Tracked incident, ActKind act, List<GuardInput.UnitChanged> units) {
    boolean spare = act == ActKind.RETIRE_SHADOW;
    List<String> parts = new ArrayList<>();
    parts.add(incident.id());
    parts.add(act.name());
    for (GuardInput.UnitChanged unit : units) {
      parts.add(unit.unit() + "@" + since(state.standing(unit.unit()), spare));
    }
    return Ids.of("", parts.toArray(new String[0]));
  }
}
