package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.DecisionCode;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.GuardResult;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.Rule;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that must hold, each a named class with a sentence. They judge by what an instance has
 * read, by the log and by what is carried out; never by what a decider says of itself.
 */
public final class Invariants {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** Shipped limits, said here once more: an accident in the product must not move the judge. */
  private static final int PREDICTED_IN_FLIGHT = 1;

  private static final int ZONE_IN_FLIGHT = 2;
  private static final int KIND_IN_FLIGHT = 2;
  private static final int ALL_IN_FLIGHT = 4;
  private static final double NODES_A_DAY = 0.02;
  private static final int ACTS_AN_HOUR = 12;
  private static final long BLIND_MILLIS = 15 * MINUTE;
  private static final long SILENT_MILLIS = 30 * MINUTE;
  private static final double TARGET_PROBABILITY = 0.05;
  private static final long AHEAD_MILLIS = 4 * HOUR;
  private static final long MODEL_MILLIS = 45 * DAY;
  private static final double STORM_SHARE = 0.3;
  private static final int STORM_NODES = 3;

  private static final Set<ActKind> MOVES =
      EnumSet.of(
          ActKind.MIGRATE, ActKind.FAILOVER, ActKind.SWITCHOVER, ActKind.FAILBACK, ActKind.DRAIN);

  private Invariants() {}

  /** One of each, new. */
  static List<Invariant> all() {
    return List.of(
        new SafeTargets(),
        new OneCopyPerDomain(),
        new EnoughCopies(),
        new OnlyShadowsGo(),
        new SwitchesToShadows(),
        new AskedRegions(),
        new BudgetHolds(),
        new DailyNodesHold(),
        new RateHolds(),
        new OneHolderPerUnit(),
        new OneActPerUnit(),
        new EndsAreConfirmed(),
        new NothingIsContradicted(),
        new SpeaksAfterReadBack(),
        new FollowsTheLog(),
        new BlindnessStops(),
        new BadInputIsCounted(),
        new ForgedCountsNothing(),
        new EverybodyGoesOn(),
        new EveryDecisionSaysWhy(),
        new EveryProposalEnds(),
        new WhatIsBornDies(),
        new AdviseAdmitsNothing(),
        new OnlyTheLiveLaneActs(),
        new HaltHolds(),
        new StormStops(),
        new StormSaysSoOnce(),
        new NoCriticalIsLost(),
        new IncidentsAreStable(),
        new HealthyWorldsAct(),
        new NobodyStumbles(),
        new RowsHoldEverything());
  }

  /** Name, number and sentence of each, a line each. */
  public static List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Invariant invariant : all()) {
      lines.add(
          String.format(
              "%-24s %2d  %s", invariant.name(), invariant.number(), invariant.sentence()));
    }
    return lines;
  }

  private static @Nullable Admission admitted(GuardOutput output) {
    return output instanceof GuardOutput.Logged logged
            && logged.admission().state() == Admission.State.ADMITTED
        ? logged.admission()
        : null;
  }

  /** True when this instance has said it before, or has read that the log counted it. */
  private static boolean known(Knowledge known, Admission admission) {
    return known.said.contains(admission.id()) || known.log.counted(admission.id()) != null;
  }

  private static long bytes(Knowledge known, Admission admission) {
    long sum = 0;
    for (Proposal.UnitStep step : admission.units()) {
      GuardInput.UnitChanged unit = known.units.get(step.unit());
      sum += unit == null ? 0 : unit.bytes();
    }
    return sum;
  }

  private static boolean holdsCopies(Knowledge known, Admission admission, Subject node) {
    for (Proposal.UnitStep step : admission.units()) {
      GuardInput.UnitChanged unit = known.units.get(step.unit());
      if (unit == null || !unit.copies().contains(node)) {
        return false;
      }
    }
    return true;
  }

  /**
   * True when, by what was read, nothing whatever speaks against a node as target: also nothing
   * that only a careful guard would mind.
   */
  private static boolean surelyFits(
      DecideCarrier<?> instance,
      Knowledge known,
      Admission admission,
      Subject node,
      long nowMillis) {
    GuardInput.RiskChanged risk = known.risks.get(node.toString());
    boolean worded = false;
    for (PolicyRecord record : instance.policies().records()) {
      worded |=
          record.kind() == PolicyRecord.Kind.OVERRIDE || record.kind() == PolicyRecord.Kind.PIN;
    }
    Long free = known.freeBytes.get(node.toString());
    long promised = 0;
    for (Admission act : known.log.inFlight().values()) {
      promised += node.equals(act.target()) ? bytes(known, act) : 0;
    }
    return unsafe(instance, known, admission, node, nowMillis) == null
        && !worded
        && !node.equals(admission.source())
        && risk != null
        && risk.probability() <= TARGET_PROBABILITY
        && nowMillis - risk.timeMillis() < SILENT_MILLIS
        && free != null
        && free - promised >= bytes(known, admission);
  }

  /** What speaks against a target by what was read, null when nothing does. */
  private static @Nullable String unsafe(
      DecideCarrier<?> instance,
      Knowledge known,
      Admission admission,
      Subject target,
      long nowMillis) {
    Place place = known.places.get(target.toString());
    if (place == null) {
      return "is not a node of the pool";
    }
    GuardInput.RiskChanged risk = known.risks.get(target.toString());
    if (risk != null && risk.tier().compareTo(Tier.WARNING) >= 0) {
      return "has tier " + risk.tier();
    }
    if (risk == null || risk.stale()) {
      return "is silent";
    }
    for (Map.Entry<String, List<Subject>> zone : known.zones.entrySet()) {
      if (zone.getValue().contains(target)) {
        return "is in failure zone " + zone.getKey();
      }
    }
    PolicyRecord maintenance =
        instance.policies().maintenance(target, admission.pool(), place.zone(), nowMillis);
    if (maintenance != null) {
      return "is in maintenance " + maintenance.key();
    }
    Long free = known.freeBytes.get(target.toString());
    if (admission.act() != ActKind.PREFETCH
        && admission.act() != ActKind.SWITCHOVER
        && !holdsCopies(known, admission, target)
        && free != null
        && free < bytes(known, admission)) {
      return "has only " + free + " bytes free";
    }
    return null;
  }

  /** Invariant 4. */
  static final class SafeTargets extends Invariant {
    SafeTargets() {
      super(
          4,
          "No act goes onto a node that is at risk, silent, in a failure zone, in maintenance or"
              + " too full.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null || admission.target() == null || known(known, admission)) {
        return;
      }
      String against = unsafe(instance, known, admission, admission.target(), nowMillis);
      require(
          against == null,
          () -> instance.incarnation + " admits " + admission + " though the target " + against);
    }
  }

  /** Invariant 4. */
  static final class OneCopyPerDomain extends Invariant {
    OneCopyPerDomain() {
      super(4, "No unit gets two copies in one rack while another node fits.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null
          || admission.target() == null
          || known(known, admission)
          || admission.act() == ActKind.PREFETCH
          || admission.act() == ActKind.SWITCHOVER) {
        // Metadata is no copy, and a shadow is there already.
        return;
      }
      Subject target = admission.target();
      boolean shadow = admission.act() == ActKind.SHADOW;
      for (Proposal.UnitStep step : admission.units()) {
        GuardInput.UnitChanged unit = known.units.get(step.unit());
        require(
            !shadow || unit == null || !unit.holders().contains(target),
            () -> instance.incarnation + " admits " + admission + " onto a holder of " + unit);
        if (unit == null || unit.copies().contains(target)) {
          continue;
        }
        Set<String> racks = new HashSet<>();
        for (Subject copy : shadow ? unit.holders() : unit.copies()) {
          Place place = known.places.get(copy.toString());
          if (place != null && (shadow || !copy.equals(admission.source()))) {
            racks.add(place.rack());
          }
        }
        Place place = known.places.get(target.toString());
        if (place == null || !racks.contains(place.rack())) {
          continue;
        }
        for (Map.Entry<String, Place> other : known.places.entrySet()) {
          Subject node = Subject.parse(other.getKey());
          boolean sameRegion = place.region().equals(other.getValue().region());
          require(
              racks.contains(other.getValue().rack())
                  || unit.holders().contains(node)
                  || (shadow
                      ? (unit.otherRegion() && !sameRegion)
                          || !surelyFits(instance, known, admission, node, nowMillis)
                      : unsafe(instance, known, admission, node, nowMillis) != null),
              () ->
                  instance.incarnation
                      + " admits "
                      + admission
                      + ": rack "
                      + place.rack()
                      + " holds a copy of "
                      + unit
                      + " already, and "
                      + node
                      + " fits");
        }
      }
    }
  }

  /** Invariant 4. */
  static final class EnoughCopies extends Invariant {
    EnoughCopies() {
      super(4, "No act takes a unit below its replication minimum.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null || known(known, admission) || !MOVES.contains(admission.act())) {
        return;
      }
      for (Proposal.UnitStep step : admission.units()) {
        GuardInput.UnitChanged unit = known.units.get(step.unit());
        require(
            unit != null,
            () -> instance.incarnation + " admits " + admission + " of a unit nobody knows");
        if (unit == null) {
          return;
        }
        Set<Subject> after = new HashSet<>(unit.copies());
        after.remove(admission.source());
        if (admission.target() != null) {
          after.add(admission.target());
        }
        // what has failed holds no copy any more: the act that answers it takes none away
        Set<Subject> before = new HashSet<>(unit.copies());
        if (!admission.predicted() && admission.act() == ActKind.FAILOVER) {
          before.remove(admission.source());
        }
        require(
            after.size() >= unit.minReplicas() || after.size() >= before.size(),
            () ->
                instance.incarnation
                    + " admits "
                    + admission
                    + ", which leaves "
                    + after
                    + " of "
                    + unit);
      }
    }
  }

  /** Invariant 4. */
  static final class OnlyShadowsGo extends Invariant {
    OnlyShadowsGo() {
      super(
          4,
          "Only shadows are retired, and never one that leaves fewer copies in sync than the"
              + " minimum.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null
          || known(known, admission)
          || admission.act() != ActKind.RETIRE_SHADOW) {
        return;
      }
      for (Proposal.UnitStep step : admission.units()) {
        GuardInput.UnitChanged unit = known.units.get(step.unit());
        require(
            unit != null && unit.shadows().contains(admission.source()),
            () -> instance.incarnation + " admits " + admission + ", no shadow of " + unit);
        Set<Subject> after = new HashSet<>(unit == null ? List.of() : unit.copies());
        after.remove(admission.source());
        after.removeIf(copy -> !known.places.containsKey(copy.toString()));
        require(
            unit == null || after.size() >= unit.minReplicas(),
            () -> instance.incarnation + " admits " + admission + ", which leaves " + after);
      }
    }
  }

  /** Invariant 4. */
  static final class SwitchesToShadows extends Invariant {
    SwitchesToShadows() {
      super(4, "A switchover goes to a shadow in sync of every unit, and to nobody else.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null || known(known, admission) || admission.act() != ActKind.SWITCHOVER) {
        return;
      }
      for (Proposal.UnitStep step : admission.units()) {
        GuardInput.UnitChanged unit = known.units.get(step.unit());
        Subject target = admission.target();
        require(
            unit != null
                && target != null
                && unit.shadows().contains(target)
                && unit.copies().contains(target),
            () -> instance.incarnation + " admits " + admission + " of " + unit);
      }
    }
  }

  /** Invariant 4. */
  static final class AskedRegions extends Invariant {
    AskedRegions() {
      super(
          4,
          "The shadow of a unit whose volume asks for a copy in another region goes there while a"
              + " node there fits.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null || known(known, admission) || admission.act() != ActKind.SHADOW) {
        return;
      }
      Place target = known.places.get(String.valueOf(admission.target()));
      for (Proposal.UnitStep step : admission.units()) {
        GuardInput.UnitChanged unit = known.units.get(step.unit());
        Place owner = unit == null ? null : known.places.get(unit.owner().toString());
        if (unit == null || !unit.otherRegion() || owner == null || target == null) {
          continue;
        }
        boolean served = !target.region().equals(owner.region());
        for (Subject holder : unit.holders()) {
          Place place = known.places.get(holder.toString());
          served |= place != null && !place.region().equals(owner.region());
        }
        for (Map.Entry<String, Place> other : known.places.entrySet()) {
          Subject node = Subject.parse(other.getKey());
          require(
              served
                  || other.getValue().region().equals(owner.region())
                  || !surelyFits(instance, known, admission, node, nowMillis),
              () ->
                  instance.incarnation
                      + " admits "
                      + admission
                      + " in the region of "
                      + unit
                      + " though "
                      + node
                      + " fits");
        }
      }
    }
  }

  /** Invariant 5. */
  static final class BudgetHolds extends Invariant {
    private final Map<String, double[]> limits = new HashMap<>();

    BudgetHolds() {
      super(
          5,
          "Acts in flight, counted from the log, stay inside the budget of pool, zone and kind,"
              + " across every restore.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission != null) {
        double[] limit = limits.computeIfAbsent(admission.id(), absent -> new double[2]);
        limit[0] =
            Math.max(
                limit[0],
                instance
                    .policies()
                    .budget(PolicyParameters.ACTS_IN_FLIGHT, pool, nowMillis, PREDICTED_IN_FLIGHT));
        limit[1] =
            Math.max(
                limit[1],
                instance
                    .policies()
                    .budget(PolicyParameters.ALL_ACTS_IN_FLIGHT, pool, nowMillis, ALL_IN_FLIGHT));
      }
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning != AdmissionFold.Meaning.COUNTED) {
        return;
      }
      Admission last = (Admission) entry.body();
      double[] limit = last == null ? null : limits.get(last.id());
      if (last == null || limit == null) {
        return;
      }
      int predicted = 0;
      int all = 0;
      int zone = 0;
      int kind = 0;
      for (Admission act : fold.inFlight().values()) {
        all++;
        predicted += act.predicted() ? 1 : 0;
        zone += act.zone() != null && act.zone().equals(last.zone()) ? 1 : 0;
        kind += act.act() == last.act() ? 1 : 0;
      }
      int predictedNow = predicted;
      int allNow = all;
      int zoneNow = zone;
      int kindNow = kind;
      require(
          !last.predicted() || predicted <= limit[0],
          () ->
              predictedNow
                  + " predicted acts are in flight, limit "
                  + limit[0]
                  + ": "
                  + fold.inFlight().values());
      require(
          all <= limit[1],
          () ->
              allNow + " acts are in flight, limit " + limit[1] + ": " + fold.inFlight().values());
      require(
          zone <= ZONE_IN_FLIGHT,
          () ->
              zoneNow
                  + " acts are in flight in zone "
                  + last.zone()
                  + ", limit "
                  + ZONE_IN_FLIGHT
                  + ": "
                  + fold.inFlight().values());
      require(
          kind <= KIND_IN_FLIGHT,
          () ->
              kindNow
                  + " acts of kind "
                  + last.act()
                  + " are in flight, limit "
                  + KIND_IN_FLIGHT
                  + ": "
                  + fold.inFlight().values());
    }
  }

  /** Invariant 5. */
  static final class DailyNodesHold extends Invariant {
    private final Map<String, Double> limits = new HashMap<>();
    private final Map<String, Set<String>> touched = new HashMap<>();

    DailyNodesHold() {
      super(5, "Predicted acts touch no more nodes of a pool a day than its share allows.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission != null) {
        double share =
            instance
                .policies()
                .budget(PolicyParameters.NODES_PER_DAY, pool, nowMillis, NODES_A_DAY);
        limits.merge(
            admission.id(), Math.max(1, Math.ceil(share * known.places.size())), Math::max);
      }
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning == AdmissionFold.Meaning.COUNTED
          && entry.body() instanceof Admission admission
          && admission.predicted()) {
        Subject node = admission.source() == null ? admission.subject() : admission.source();
        Set<String> nodes =
            touched.computeIfAbsent(
                entry.pool() + admission.issuedMillis() / DAY, absent -> new HashSet<>());
        boolean another = nodes.add(node.toString());
        Double limit = limits.get(admission.id());
        require(
            !another || limit == null || nodes.size() <= limit,
            () -> "predicted acts touch " + nodes + " in one day, limit " + limit);
      }
    }
  }

  /** Invariant 5. */
  static final class RateHolds extends Invariant {
    private final Map<String, List<Long>> times = new HashMap<>();

    RateHolds() {
      super(5, "No more than " + ACTS_AN_HOUR + " acts of a pool are admitted within an hour.");
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning == AdmissionFold.Meaning.COUNTED && entry.body() instanceof Admission admission) {
        List<Long> issued = times.computeIfAbsent(entry.pool(), absent -> new ArrayList<>());
        issued.add(admission.issuedMillis());
        // Clocks of instances differ: their edge is left open.
        long from = admission.issuedMillis() - 55 * MINUTE;
        long count = issued.stream().filter(time -> time > from).count();
        require(
            count <= ACTS_AN_HOUR,
            () -> count + " acts of pool " + entry.pool() + " were admitted within an hour");
      }
    }
  }

  /** Invariant 6, and the locks. */
  static final class OneHolderPerUnit extends Invariant {
    OneHolderPerUnit() {
      super(6, "Two admissions of the log never hold one unit.");
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning != AdmissionFold.Meaning.COUNTED
          || !(entry.body() instanceof Admission admission)) {
        return;
      }
      for (Proposal.UnitStep step : admission.units()) {
        for (Admission other : fold.inFlight().values()) {
          for (Proposal.UnitStep held : other.units()) {
            require(
                other.id().equals(admission.id()) || !held.unit().equals(step.unit()),
                () -> "the log admits " + admission + " though " + other + " holds its unit");
          }
        }
      }
    }
  }

  /** Invariant 6, and the locks, as those see it who carry acts out. */
  static final class OneActPerUnit extends Invariant {
    private final Map<String, Executors.Act> holders = new HashMap<>();

    OneActPerUnit() {
      super(6, "Two acts that are carried out never hold one unit.");
    }

    @Override
    void actRead(Executors.Act act) {
      for (Proposal.UnitStep step : act.admission.units()) {
        Executors.Act holder = holders.put(act.admission.pool() + " " + step.unit(), act);
        require(
            holder == null || holder.end != null,
            () ->
                "unit "
                    + step.unit()
                    + " is held by "
                    + holder.admission
                    + " when "
                    + act.admission
                    + " is to be carried out");
      }
    }
  }

  /** The locks. */
  static final class EndsAreConfirmed extends Invariant {
    private final Set<String> cancelled = new HashSet<>();
    private final Map<String, Executors.Act> acts = new HashMap<>();

    EndsAreConfirmed() {
      super(
          5,
          "Locks and budget of an act are released only when those who carry it out have confirmed"
              + " its end, an operator has ended it, or a shadow gives way to a takeover that"
              + " waits; never by a timeout.");
    }

    private final Map<String, List<Proposal>> takeovers = new HashMap<>();

    @Override
    void actRead(Executors.Act act) {
      acts.put(act.admission.id(), act);
    }

    @Override
    void appended(Entry entry) {
      if (entry.body() instanceof PolicyRecord record
          && record.kind() == PolicyRecord.Kind.CANCEL) {
        cancelled.add(record.parameters().getOrDefault(PolicyParameters.ADMISSION, ""));
      }
      if (entry.body() instanceof Proposal proposal) {
        proposed(proposal);
      }
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      if (output instanceof GuardOutput.Made made) {
        proposed(made.proposal());
      }
    }

    private void proposed(Proposal proposal) {
      if (proposal.act() == ActKind.FAILOVER || proposal.act() == ActKind.SWITCHOVER) {
        takeovers.computeIfAbsent(proposal.pool(), absent -> new ArrayList<>()).add(proposal);
      }
    }

    /** True when an act is one that gives way, and a takeover was there to give way to. */
    private boolean givesWay(Admission end) {
      boolean gives = end.act() == ActKind.SHADOW || end.act() == ActKind.RETIRE_SHADOW;
      return gives
          && end.state() == Admission.State.GIVEN_BACK
          && takeovers.getOrDefault(end.pool(), List.of()).stream()
              .anyMatch(takeover -> takeover.expiresMillis() >= end.timeMillis());
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning != AdmissionFold.Meaning.ENDED
          || !(entry.body() instanceof Admission admission)) {
        return;
      }
      if (admission.state() == Admission.State.CANCELLED) {
        require(
            cancelled.contains(admission.id()),
            () -> "nobody has cancelled what the log calls cancelled: " + admission);
        return;
      }
      Executors.Act act = acts.get(admission.id());
      require(
          givesWay(admission) || (act != null && act.end == admission.state()),
          () ->
              "the log releases "
                  + admission
                  + " though its act "
                  + (act == null ? "was not even read" : "stands at " + act.end));
    }
  }

  /** Invariant 6. */
  static final class NothingIsContradicted extends Invariant {
    private static final Set<DecisionCode> REPEATS =
        EnumSet.of(DecisionCode.DUPLICATE, DecisionCode.SUPERSEDED);

    NothingIsContradicted() {
      super(
          6,
          "What the log admits is never contradicted: not by another admission of the same"
              + " proposal, not by another content under the same id, not by a refusal.");
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (!(entry.body() instanceof Admission admission)
          || admission.state() == Admission.State.STARTED) {
        return;
      }
      Admission first = fold.counted(admission.id());
      if (first == null) {
        return;
      }
      String of = fold.ofProposal(admission.proposal());
      require(
          of == null || of.equals(admission.id()),
          () ->
              "proposal "
                  + admission.proposal()
                  + " is admitted twice: "
                  + of
                  + " and "
                  + admission.id());
      require(
          first.act() == admission.act()
              && first.units().equals(admission.units())
              && java.util.Objects.equals(first.target(), admission.target())
              && first.sequence() == admission.sequence(),
          () -> "the log says " + first + " and then " + admission);
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      if (output instanceof GuardOutput.Decided decided) {
        GuardDecision decision = decided.decision();
        String admission = known.log.ofProposal(decision.proposal().id());
        boolean refuses =
            decision.outcome() == GuardDecision.Outcome.REFUSED
                || decision.outcome() == GuardDecision.Outcome.ADVISED
                || decision.outcome() == GuardDecision.Outcome.WAITING;
        require(
            admission == null || !refuses || REPEATS.contains(decision.code()),
            () -> instance.incarnation + " says " + decision + " though it has read " + admission);
      }
    }
  }

  /** Invariant 6. */
  static final class SpeaksAfterReadBack extends Invariant {
    SpeaksAfterReadBack() {
      super(
          6,
          "After every start a guard decides nothing before it has read the log up to its own mark"
              + " and the policies up to its own record, and nothing once it was replaced.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      // What the log says may be repeated, and what waited too long given up.
      boolean decides =
          output instanceof GuardOutput.Decided decided
              ? decided.decision().code() != DecisionCode.EXPIRED
                  && decided.decision().code() != DecisionCode.SUPERSEDED
                  && decided.decision().outcome() != GuardDecision.Outcome.WAITING
                  && !known.log.says(decided.decision().admission())
              : output instanceof GuardOutput.Logged logged
                  && logged.admission().state() != Admission.State.STARTED;
      require(
          !decides || (known.markRead && instance.policies().syncedWith(instance.incarnation)),
          () -> instance.incarnation + " says " + output + " before it has read back its mark");
      require(
          !decides || !known.superseded,
          () -> instance.incarnation + " says " + output + " after it has read another's mark");
    }
  }

  /** Invariant 6. */
  static final class FollowsTheLog extends Invariant {
    private final Map<String, Long> nextAtStart = new HashMap<>();

    FollowsTheLog() {
      super(
          6,
          "A guard numbers its admissions on from what it has read of the log, and has read at"
              + " least what stood there when it started.");
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning == AdmissionFold.Meaning.MARK && entry.body() instanceof Admission mark) {
        nextAtStart.putIfAbsent(mark.id() + " " + entry.pool(), fold.nextSequence());
      }
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission != null && !known(known, admission)) {
        long next = known.log.nextSequence();
        require(
            admission.sequence() >= next && admission.sequence() <= next + known.tentative.size(),
            () ->
                instance.incarnation
                    + " admits "
                    + admission
                    + " when the log's next is "
                    + next
                    + " and "
                    + known.tentative
                    + " are not read back");
      }
    }
  }

  /** Invariant 7. */
  static final class BlindnessStops extends Invariant {
    BlindnessStops() {
      super(
          7,
          "Nothing is admitted while the pool's telemetry is old, while that of the subject is"
              + " silent, or on the word of an old model.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission == null || known(known, admission)) {
        return;
      }
      require(
          known.newestRiskMillis != Long.MIN_VALUE
              && nowMillis - known.newestRiskMillis <= BLIND_MILLIS,
          () ->
              instance.incarnation
                  + " admits "
                  + admission
                  + " though the newest risk is of "
                  + known.newestRiskMillis
                  + " and it is "
                  + nowMillis);
      if (!admission.predicted()) {
        return;
      }
      PolicyRecord planned = null;
      for (PolicyRecord record : instance.policies().records()) {
        boolean covers =
            record.kind() == PolicyRecord.Kind.MAINTENANCE
                && (record.expiresMillis() == null || nowMillis < record.expiresMillis())
                && record.notBeforeMillis() <= nowMillis + AHEAD_MILLIS;
        planned = covers ? record : planned;
      }
      require(
          // what maintenance will take away needs no model
          (admission.act() == ActKind.SHADOW && planned != null)
              || known.modelPublishedMillis == Long.MIN_VALUE
              || nowMillis - known.modelPublishedMillis <= MODEL_MILLIS,
          () -> instance.incarnation + " admits " + admission + " on the word of an old model");
      GuardInput.RiskChanged risk = known.risks.get(admission.subject().toString());
      require(
          admission.subject().kind() != Subject.Kind.NODE
              || (risk != null && !risk.stale() && nowMillis - risk.timeMillis() <= SILENT_MILLIS),
          () ->
              instance.incarnation
                  + " admits "
                  + admission
                  + " though its subject is silent: "
                  + risk);
    }
  }

  /** Invariant 8. */
  static final class BadInputIsCounted extends Invariant {
    BadInputIsCounted() {
      super(8, "Every record that cannot be used is put aside and counted.");
    }

    @Override
    void rested(Simulation world) {
      for (Carrier carrier :
          new Carrier[] {
            java.util.Objects.requireNonNull(world.deciding()),
            java.util.Objects.requireNonNull(world.correlating())
          }) {
        for (Topic topic : Topic.values()) {
          for (int partition = 0;
              carrier.reads(topic) && partition < topic.partitions();
              partition++) {
            for (Entry entry : world.logs.of(topic, partition)) {
              boolean bad =
                  entry.body() instanceof Entry.Poison
                      || (topic == Topic.ADMISSIONS && !entry.genuine());
              require(
                  !bad || world.isDeadLetter(carrier.job, entry),
                  () -> carrier.job + " has not put aside " + entry.line());
            }
          }
        }
      }
    }
  }

  /** Invariant 8. */
  static final class ForgedCountsNothing extends Invariant {
    ForgedCountsNothing() {
      super(8, "An admission that the guard did not sign is carried out by nobody.");
    }

    @Override
    void actRead(Executors.Act act) {
      require(
          !act.admission.id().startsWith("forged"),
          () -> "a forged admission is carried out: " + act.admission);
    }
  }

  /** Invariant 8. */
  static final class EverybodyGoesOn extends Invariant {
    EverybodyGoesOn() {
      super(8, "No record stops a job: once the world rests, everything is read.");
    }

    @Override
    void rested(Simulation world) {
      for (Carrier carrier :
          new Carrier[] {
            java.util.Objects.requireNonNull(world.deciding()),
            java.util.Objects.requireNonNull(world.correlating())
          }) {
        require(
            carrier.unread() == 0,
            () -> carrier.incarnation + " has " + carrier.unread() + " records not read");
      }
    }
  }

  /** Invariant 8: thrown where it happens. */
  static final class NobodyStumbles extends Invariant {
    NobodyStumbles() {
      super(8, "No decider fails, whatever it reads.");
    }
  }

  /** Invariant 6: thrown where it happens. */
  static final class RowsHoldEverything extends Invariant {
    RowsHoldEverything() {
      super(
          6, "Who is restored from the rows of a savepoint says what its memory would have said.");
    }
  }

  /** Invariant 9. */
  static final class EveryDecisionSaysWhy extends Invariant {
    EveryDecisionSaysWhy() {
      super(9, "Every decision has a code, a sentence, its inputs and the result of every guard.");
    }

    @Override
    void appended(Entry entry) {
      if (!(entry.body() instanceof GuardDecision decision)) {
        return;
      }
      require(
          decision.code() != DecisionCode.UNKNOWN && !decision.text().isBlank(),
          () -> "no reason: " + decision);
      require(!decision.proposal().inputs().isEmpty(), () -> "no inputs: " + decision);
      boolean judged =
          decision.outcome() == GuardDecision.Outcome.ADMITTED
              || decision.outcome() == GuardDecision.Outcome.ADVISED
              || (decision.outcome() == GuardDecision.Outcome.REFUSED
                  && !UNJUDGED.contains(decision.code()));
      require(!judged || !decision.guards().isEmpty(), () -> "no results of guards: " + decision);
      DecisionCode first = null;
      for (GuardResult result : decision.guards()) {
        require(
            result.passed() == (result.code() == DecisionCode.OK) && !result.text().isBlank(),
            () -> "a guard that says nothing: " + result);
        if (!result.passed() && first == null) {
          first = result.code();
        }
      }
      DecisionCode firstCode = first;
      require(
          !judged
              || decision.guards().isEmpty()
              || decision.outcome() != GuardDecision.Outcome.REFUSED
              || firstCode == decision.code(),
          () ->
              "refused for "
                  + decision.code()
                  + " but the first guard that refused says "
                  + firstCode
                  + ": "
                  + decision);
      require(
          decision.outcome() != GuardDecision.Outcome.ADMITTED || firstCode == null,
          () -> "admitted though a guard refused: " + decision);
    }

    private static final Set<DecisionCode> UNJUDGED =
        EnumSet.of(
            DecisionCode.EXPIRED,
            DecisionCode.SUPERSEDED,
            DecisionCode.DUPLICATE,
            DecisionCode.CANCELLED,
            DecisionCode.INVALID);
  }

  /** Invariant 9. */
  static final class EveryProposalEnds extends Invariant {
    private final Map<String, Set<String>> finals = new HashMap<>();
    private final Map<String, Proposal> proposals = new TreeMap<>();
    private final Map<String, String> makers = new HashMap<>();
    private final Map<String, Long> times = new HashMap<>();
    private final Set<String> waiting = new HashSet<>();

    EveryProposalEnds() {
      super(
          9,
          "Once the world rests every proposal of who still runs has ended: admitted, advised or"
              + " refused, as the log says.");
    }

    @Override
    void appended(Entry entry) {
      if (entry.body() instanceof Proposal proposal) {
        proposals.put(proposal.id(), proposal);
        makers.put(proposal.id(), entry.writer());
        times.putIfAbsent(proposal.id(), entry.timeMillis());
      } else if (entry.body() instanceof GuardDecision decision) {
        switch (decision.outcome()) {
          case ADMITTED, REFUSED, ADVISED ->
              finals
                  .computeIfAbsent(decision.proposal().id(), absent -> new HashSet<>())
                  .add(decision.outcome().name());
          case WAITING -> waiting.add(decision.proposal().id());
          default -> {}
        }
      }
    }

    @Override
    void rested(Simulation world) {
      for (Proposal proposal : proposals.values()) {
        boolean mayWait =
            waiting.contains(proposal.id()) && proposal.expiresMillis() > world.endMillis();
        if (finals.containsKey(proposal.id()) || mayWait) {
          continue;
        }
        // What an instance thought that died, or that was restored from before, is nobody's.
        require(
            world.isForgotten(makers.get(proposal.id()), times.getOrDefault(proposal.id(), 0L)),
            () -> "nobody has decided on " + proposal);
        world.count("orphaned proposals");
      }
      for (AdmissionFold fold : world.folds().values()) {
        // what was admitted a short time ago may still be under way
        long since = world.endMillis() - 2 * HOUR;
        require(
            fold.inFlight().values().stream().allMatch(act -> act.issuedMillis() > since),
            () -> "admitted acts never ended: " + fold.inFlight().values());
        for (Admission admission : fold.all()) {
          Set<String> said = finals.get(admission.proposal());
          require(
              said != null && said.contains(GuardDecision.Outcome.ADMITTED.name()),
              () -> "the log admits " + admission + " but its decisions are " + said);
        }
      }
    }
  }

  /** Invariant 10. */
  static final class WhatIsBornDies extends Invariant {
    WhatIsBornDies() {
      super(10, "Long after every subject has left, no row and no alarm of it remain.");
    }

    @Override
    void ended(Simulation world) {
      DecideCarrier<?> decide = java.util.Objects.requireNonNull(world.deciding());
      CorrelateCarrier<?> correlate = java.util.Objects.requireNonNull(world.correlating());
      // The number of a pool's last admission outlives everything: numbers only grow.
      decide
          .rows()
          .forEach(
              (pool, rows) ->
                  require(
                      rows.keySet().equals(Set.of("h")) && !world.fold(pool).isEmpty(),
                      () -> decide.incarnation + " still holds " + decide.rest()));
      require(
          decide.alarmMillis() == Long.MAX_VALUE,
          () -> decide.incarnation + " still has an alarm at " + decide.alarmMillis());
      require(
          correlate.rows().isEmpty() && correlate.rest().isEmpty(),
          () -> correlate.incarnation + " still holds " + correlate.rest());
    }
  }

  /** Advise mode. */
  static final class AdviseAdmitsNothing extends Invariant {
    AdviseAdmitsNothing() {
      super(0, "Where nobody has switched acting on, nothing is admitted, whatever happens.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      require(
          admission == null
              || known(known, admission)
              || instance
                  .policies()
                  .mayAct(admission.act(), pool, admission.zone(), admission.subject(), nowMillis),
          () -> instance.incarnation + " admits in advise mode: " + admission);
    }
  }

  /** Other lanes only show. */
  static final class OnlyTheLiveLaneActs extends Invariant {
    private final Map<String, String> lanes = new HashMap<>();

    OnlyTheLiveLaneActs() {
      super(0, "A proposal of another lane than the live one is never admitted.");
    }

    @Override
    void appended(Entry entry) {
      if (entry.body() instanceof Proposal proposal) {
        lanes.put(proposal.id(), proposal.lane());
      }
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning == AdmissionFold.Meaning.COUNTED && entry.body() instanceof Admission admission) {
        require(
            Proposal.LIVE.equals(lanes.getOrDefault(admission.proposal(), Proposal.LIVE)),
            () -> "admitted from another lane: " + admission);
      }
    }
  }

  /** Halts. */
  static final class HaltHolds extends Invariant {
    HaltHolds() {
      super(0, "While a halt holds that covers it, no act is admitted.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission != null && !known(known, admission)) {
        PolicyRecord halt =
            instance
                .policies()
                .halt(admission.act(), pool, admission.zone(), admission.subject(), nowMillis);
        require(
            halt == null, () -> instance.incarnation + " admits " + admission + " though " + halt);
      }
    }
  }

  /** Storms. */
  static final class StormStops extends Invariant {
    StormStops() {
      super(0, "While a large part of a pool is at risk at once, nothing is admitted.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      Admission admission = admitted(output);
      if (admission != null && !known(known, admission)) {
        int atRisk = known.atRisk();
        require(
            atRisk < Math.max(STORM_NODES, STORM_SHARE * known.places.size()),
            () ->
                instance.incarnation
                    + " admits "
                    + admission
                    + " though "
                    + atRisk
                    + " of "
                    + known.places.size()
                    + " nodes are at risk");
      }
    }
  }

  /** Storms. */
  static final class StormSaysSoOnce extends Invariant {
    private final Map<String, Boolean> stopped = new HashMap<>();
    private final Map<String, Integer> stops = new HashMap<>();

    StormSaysSoOnce() {
      super(0, "A storm is told exactly once, and its end.");
    }

    @Override
    void said(
        DecideCarrier<?> instance,
        String pool,
        Knowledge known,
        GuardOutput output,
        long nowMillis) {
      if (!(output instanceof GuardOutput.Noticed noticed)) {
        return;
      }
      String who = instance.incarnation + " " + pool;
      FleetEvent event = noticed.event();
      if (event.type().equals("pool.automation.stopped")) {
        require(
            !Boolean.TRUE.equals(stopped.put(who, true)),
            () -> who + " tells one storm twice: " + event);
        stops.merge(pool, 1, Integer::sum);
      } else if (event.type().equals("pool.automation.resumed")) {
        require(
            !Boolean.FALSE.equals(stopped.put(who, false)),
            () -> who + " tells one end of a storm twice: " + event);
      }
    }

    @Override
    void rested(Simulation world) {
      world.storage.storms.forEach(
          (pool, count) ->
              require(
                  stops.getOrDefault(pool, 0) > 0,
                  () -> "nobody was told of the storm in pool " + pool));
    }
  }

  /** Incidents. */
  static final class NoCriticalIsLost extends Invariant {
    private final Map<String, FleetEvent> critical = new TreeMap<>();
    private final Set<String> told = new HashSet<>();
    private final Set<String> types = new HashSet<>();

    NoCriticalIsLost() {
      super(0, "Every critical event that a rule of one event asks for is in an incident.");
      for (Rule rule : SimulatedRules.rules().rules()) {
        if (rule.stages().size() == 1 && rule.stages().get(0).count() == 1) {
          types.addAll(rule.stages().get(0).when().types());
        }
      }
    }

    @Override
    void appended(Entry entry) {
      if (entry.body() instanceof FleetEvent event && types.contains(event.type())) {
        critical.put(event.id(), event);
      } else if (entry.body() instanceof Incident incident) {
        incident.events().forEach(original -> told.add(original.id()));
      }
    }

    @Override
    void rested(Simulation world) {
      for (FleetEvent event : critical.values()) {
        require(told.contains(event.id()), () -> "in no incident: " + event);
      }
    }
  }

  /** Incidents. */
  static final class IncidentsAreStable extends Invariant {
    private final Map<String, Incident> first = new HashMap<>();

    IncidentsAreStable() {
      super(6, "One incident has one id, one rule and one key, before and after every restore.");
    }

    @Override
    void appended(Entry entry) {
      if (!(entry.body() instanceof Incident incident)) {
        return;
      }
      Incident before = first.putIfAbsent(incident.id(), incident);
      require(
          before == null
              || (before.rule().equals(incident.rule())
                  && before.correlationKey().equals(incident.correlationKey())),
          () -> "one id, two incidents: " + before + " and " + incident);
    }
  }

  /** A simulator in which nothing is ever done proves nothing. */
  static final class HealthyWorldsAct extends Invariant {
    private int ended;

    HealthyWorldsAct() {
      super(0, "Where nothing goes wrong but disks, acts are admitted and reach their ends.");
    }

    @Override
    void folded(Entry entry, AdmissionFold fold, AdmissionFold.Meaning meaning) {
      if (meaning == AdmissionFold.Meaning.ENDED) {
        ended++;
      }
    }

    @Override
    void rested(Simulation world) {
      require(
          !world.scenario.name().equals("healthy") || ended > 0,
          () -> "not a single act was admitted and ended");
    }
  }
}
