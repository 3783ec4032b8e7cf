package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.FailureCorrelation;
import io.forestall.decisions.shadow.ShadowChoice;
import io.forestall.decisions.shadow.ShadowPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes the proposal that an incident asks for: the act by the {@link Ladder}, the units of the
 * subject, and ranked targets with a code for each that was refused. Pure; looks at a bounded
 * number of nodes and units, whatever the size of the pool.
 */
final class Proposer {

  /** Who proposes. */
  static final String DECIDER = "pool-arbiter";

  /** Parameter: what matters of the incident's state, so that the same is not acted on twice. */
  static final String MATTER = "matter";

  /** Parameter: the incident. */
  static final String INCIDENT = "incident";

  /** Parameter: severity of the incident. */
  static final String SEVERITY = "severity";

  /** Parameter: since when the incident is open; milliseconds since 1970-01-01 UTC. */
  static final String SINCE = "since-millis";

  /** Most nodes that are looked at as a target; count. */
  static final int MAX_LOOKED_AT = 64;

  /** Most nodes that are looked at when none of those has what is looked for; count. */
  static final int MAX_SEARCHED = 4_096;

  /** Most candidates that a proposal lists; count. */
  static final int MAX_CANDIDATES = 16;

  /** Most units of an act that is proposed here; the others follow with the next; count. */
  static final int MAX_UNITS = 1_024;

  /** Level of the contract from which on a node can hold units. */
  static final int OWNING_LEVEL = 2;

  /** Level of the contract whose nodes move their data by hooks of their own. */
  private static final int HOOK_LEVEL = 1;

  /** Metadata of data, as a share of its bytes. */
  private static final long METADATA_SHARE = 1_000;

  private Proposer() {}

  /**
   * What an incident asks for now.
   *
   * @param matter the same as long as nothing that matters changed
   * @param inputs what it stands on besides the incident
   */
  record Wish(
      Ladder.Choice choice,
      String matter,
      @Nullable Subject source,
      List<GuardInput.UnitChanged> units,
      long bytes,
      List<Proposal.InputValue> inputs) {}

  /** What the incident asks for; null when nothing is to be done to data. */
  static @Nullable Wish wish(
      GuardState state, GuardPolicy limits, Tracked incident, long nowMillis) {
    if (!incident.recommendation().touchesData()) {
      return null;
    }
    if (incident.rule().equals(ShadowNeeds.RULE)) {
      return ShadowNeeds.wish(state, limits, incident, nowMillis);
    }
    List<GuardInput.UnitChanged> units = units(state, incident.subject());
    Subject source = source(incident, units);
    long bytes = bytes(state, incident, units);
    long passedMillis = Math.max(0, nowMillis - incident.updatedMillis());
    long leftMillis = Math.max(0, incident.horizonMillis() - passedMillis);
    Ladder.Choice choice =
        incident.rule().equals(Evacuations.RULE)
            ? new Ladder.Choice(
                incident.recommendation(),
                incident.recommendation() == ActKind.RETURN
                    ? "It is let in again."
                    : "It is cleared for maintenance.")
            : Ladder.choose(
                incident.recommendation(),
                incident.predicted(),
                incident.severity(),
                leftMillis,
                bytes,
                limits);
    Member host = source == null ? null : state.member(source);
    boolean holds = host != null && host.member() != null && host.level() >= OWNING_LEVEL;
    if (choice.act() == ActKind.MIGRATE && holds && !units.isEmpty()) {
      choice =
          new Ladder.Choice(
              ActKind.SHADOW, choice.reason() + " Units move by a shadow that takes over.");
    }
    List<GuardInput.UnitChanged> followed = followed(units, source);
    boolean confirmed = incident.severity().compareTo(limits.failoverSeverity()) >= 0;
    // who died cannot hand anything over
    boolean urges =
        incident.predicted() ? Ladder.refines(choice.act()) : choice.act() == ActKind.SHADOW;
    if (confirmed && urges && !followed.isEmpty()) {
      choice =
          new Ladder.Choice(
              ActKind.SWITCHOVER,
              choice.reason()
                  + String.format(
                      Locale.ROOT,
                      " %d of %d units have a shadow in sync, which takes over without a copy.",
                      followed.size(),
                      units.size()));
      units = followed;
    } else if (choice.act() == ActKind.SHADOW && !units.isEmpty()) {
      units = units.stream().filter(unit -> unit.shadows().isEmpty()).toList();
      if (units.isEmpty()) {
        // all that is asked for is there, or on its way
        return null;
      }
    }
    if (host != null && host.member() != null && moves(choice.act())) {
      if (host.level() == HOOK_LEVEL) {
        choice =
            new Ladder.Choice(
                ActKind.DRAIN, choice.reason() + " Its own hooks move its data: it has level 1.");
      } else if (host.level() > HOOK_LEVEL
          && units.isEmpty()
          && (incident.attempt() > 0 || incident.rule().equals(Evacuations.RULE))) {
        // whatever it had has gone elsewhere by now
        return null;
      }
    }
    if (choice.act() == ActKind.DRAIN && host != null && host.level() > HOOK_LEVEL) {
      if (host.member() != null && units.isEmpty()) {
        // a node without hooks that owns nothing is drained already
        return null;
      }
      choice = new Ladder.Choice(choice.act(), choice.reason() + " Its units get other owners.");
    }
    String matter =
        Ids.of(
            "",
            incident.id(),
            choice.act().name(),
            incident.subject().toString(),
            Boolean.toString(incident.predicted()),
            incident.severity().name(),
            Integer.toString((int) (incident.confidence() * 10)));
    return new Wish(choice, matter, source, units, bytes, List.of());
  }

  /** Units of which another node holds a shadow in sync. */
  private static List<GuardInput.UnitChanged> followed(
      List<GuardInput.UnitChanged> units, @Nullable Subject source) {
    List<GuardInput.UnitChanged> followed = new ArrayList<>();
    for (GuardInput.UnitChanged unit : units) {
      if (unit.shadowsInSync().stream().anyMatch(shadow -> !shadow.equals(source))) {
        followed.add(unit);
      }
    }
    return followed;
  }

  private static boolean moves(ActKind act) {
    return act == ActKind.FAILOVER || act == ActKind.MIGRATE || act == ActKind.SWITCHOVER;
  }

  /** True when an act on these units leaves others of the incident's subject where they are. */
  static boolean leaves(GuardState state, Tracked incident, List<Proposal.UnitStep> moved) {
    Set<String> gone = new HashSet<>();
    for (Proposal.UnitStep step : moved) {
      gone.add(step.unit());
    }
    for (GuardInput.UnitChanged unit : units(state, incident.subject())) {
      if (!gone.contains(unit.unit())) {
        return true;
      }
    }
    return false;
  }

  private static List<GuardInput.UnitChanged> units(GuardState state, Subject subject) {
    Set<String> names =
        switch (subject.kind()) {
          case NODE, PROCESSOR, HEAD -> state.unitsOf(subject);
          case VOLUME -> state.unitsOfVolume(subject.id());
          case SEGMENT, PARTITION, SHARD -> Set.of(subject.id());
          default -> Set.of();
        };
    List<GuardInput.UnitChanged> units = new ArrayList<>();
    for (String name : names) {
      GuardInput.UnitChanged unit = state.unit(name);
      if (unit != null) {
        units.add(unit);
      }
      if (units.size() == MAX_UNITS) {
        break;
      }
    }
    return units;
  }

  private static @Nullable Subject source(Tracked incident, List<GuardInput.UnitChanged> units) {
    if (incident.host() != null) {
      return incident.host();
    }
    Set<Subject> owners = new LinkedHashSet<>();
    for (GuardInput.UnitChanged unit : units) {
      owners.add(unit.owner());
    }
    return owners.size() == 1 ? owners.iterator().next() : null;
  }

  private static long bytes(
      GuardState state, Tracked incident, List<GuardInput.UnitChanged> units) {
    if (!units.isEmpty()) {
      long sum = 0;
      for (GuardInput.UnitChanged unit : units) {
        sum += unit.bytes();
      }
      return Math.max(sum, state.bytesOf(incident.subject()));
    }
    Member member = state.member(incident.subject());
    if (member == null || member.member() == null) {
      return 0;
    }
    Long capacity = member.member().capacityBytes();
    Long free = member.freeBytes();
    return capacity == null || free == null ? 0 : Math.max(0, capacity - free);
  }

  /**
   * The proposal.
   *
   * @param attempt how often this matter was proposed, from 1
   * @param nowMillis when
   */
  static Proposal propose(
      GuardState state,
      GuardPolicy limits,
      Tracked incident,
      Wish wish,
      int attempt,
      long nowMillis) {
    ActKind act = wish.choice().act();
    Proposal draft = draft(state, limits, incident, wish, attempt, nowMillis);
    if (!Question.needsTarget(act, !wish.units().isEmpty())) {
      return identified(draft, attempt);
    }
    Question q = new Question(state, limits, draft, nowMillis, 0);
    List<Fit> fits = new ArrayList<>();
    if (act == ActKind.SHADOW && !wish.units().isEmpty()) {
      fits.addAll(shadows(q, wish.units()));
    } else {
      for (Member candidate : candidates(q, wish.units(), MAX_LOOKED_AT)) {
        fits.add(fit(q, candidate, wish.units()));
      }
    }
    fits.sort(
        Comparator.comparing((Fit fit) -> fit.refusal() != null)
            .thenComparing(Comparator.comparingDouble(Fit::score).reversed())
            .thenComparing(fit -> fit.node().toString()));
    List<Proposal.Candidate> listed = new ArrayList<>();
    for (Fit fit : fits.subList(0, Math.min(MAX_CANDIDATES, fits.size()))) {
      listed.add(
          new Proposal.Candidate(
              fit.node(),
              fit.score(),
              fit.refusal(),
              fit.refusal() == null && fit.text().isEmpty()
                  ? praise(q, fit, wish.units().size())
                  : fit.text()));
    }
    Fit best = fits.isEmpty() || fits.get(0).refusal() != null ? null : fits.get(0);
    List<GuardInput.UnitChanged> units = best == null ? wish.units() : best.units();
    return identified(
        with(draft, units, best == null ? null : best.node(), listed, cost(act, units, wish)),
        attempt);
  }

  /** One looked-at target. */
  private record Fit(
      Subject node,
      double score,
      @Nullable DecisionCode refusal,
      String text,
      List<GuardInput.UnitChanged> units) {}

  private static Fit fit(Question q, Member candidate, List<GuardInput.UnitChanged> units) {
    Subject node = candidate.subject();
    for (TargetChecks.TargetCheck check : TargetChecks.OF_THE_NODE) {
      GuardResult result = check.question().apply(q, node);
      if (!result.passed()) {
        return new Fit(node, 0, result.code(), result.text(), List.of());
      }
    }
    List<GuardInput.UnitChanged> fitting = new ArrayList<>();
    for (GuardInput.UnitChanged unit : units) {
      if (TargetChecks.fits(q, unit, candidate)) {
        fitting.add(unit);
      }
    }
    if (fitting.isEmpty() && !units.isEmpty()) {
      DecisionCode code =
          Question.handsOver(q.act(), true) || q.act() == ActKind.SWITCHOVER
              ? DecisionCode.NO_SAFE_TARGET
              : DecisionCode.TARGET_IN_SAME_DOMAIN;
      return new Fit(node, 0, code, "No unit fits there: " + code.sentence(), List.of());
    }
    double fitShare = units.isEmpty() ? 1 : (double) fitting.size() / units.size();
    Long capacity = candidate.member() == null ? null : candidate.member().capacityBytes();
    Long free = candidate.freeBytes();
    double freeShare =
        free == null || capacity == null || capacity <= 0
            ? 0.5
            : Math.min(1, (double) free / capacity);
    double probability = q.probabilityOf(node, q.horizonMillis());
    double rested = q.restingTargets().contains(node) ? 0.5 : 1;
    double score = 100 * fitShare * (1 - probability) * (0.5 + 0.5 * freeShare) * rested;
    return new Fit(node, score, null, "", fitting);
  }

  // ------------------------------------------------------------------ shadows

  /** Who may hold shadows of the units, the best first. */
  private static List<Fit> shadows(Question q, List<GuardInput.UnitChanged> units) {
    Map<String, GuardInput.UnitChanged> byName = new LinkedHashMap<>();
    List<ShadowChoice.Unit> asked = new ArrayList<>();
    for (GuardInput.UnitChanged unit : units) {
      byName.put(unit.unit(), unit);
      asked.add(placed(q, unit));
    }
    List<ShadowChoice.Ranked> ranked =
        ShadowChoice.rank(asked, nodes(q, units, MAX_LOOKED_AT), correlation(q));
    boolean found = !ranked.isEmpty() && ranked.get(0).refusal() == null && ranked.get(0).apart();
    if (!found && q.state.nodes() > MAX_LOOKED_AT) {
      // the roomiest nodes all stand where copies are, or do not fit: the others are asked as well
      ranked = ShadowChoice.rank(asked, nodes(q, units, MAX_SEARCHED), correlation(q));
    }
    List<Fit> fits = new ArrayList<>(ranked.size());
    for (ShadowChoice.Ranked each : ranked) {
      ShadowChoice.Goal refusal = each.refusal();
      List<GuardInput.UnitChanged> fitting = new ArrayList<>();
      for (String name : each.units()) {
        GuardInput.UnitChanged unit = byName.get(name);
        if (unit != null) {
          fitting.add(unit);
        }
      }
      DecisionCode code = refusal == null ? null : code(refusal);
      fits.add(new Fit(each.node(), each.score(), code, each.text(), fitting));
    }
    return fits;
  }

  /**
   * What speaks against a node as holder of a shadow of the unit, by where its copies and the other
   * nodes stand; null when nothing does.
   */
  static ShadowChoice.@Nullable Objection placementProblem(
      Question q, GuardInput.UnitChanged unit, Member target) {
    ShadowChoice.Node node = node(q, target, true);
    Place place = target.place();
    if (node == null || place == null) {
      return null;
    }
    ShadowChoice.Unit asked = placed(q, unit);
    ShadowChoice.Objection first =
        ShadowChoice.placement(asked, node, nodes(q, List.of(unit), MAX_LOOKED_AT));
    boolean shares = ShadowChoice.isApart(asked, node);
    return first == null && !shares && q.state.nodes() > MAX_LOOKED_AT
        ? ShadowChoice.placement(asked, node, nodes(q, List.of(unit), MAX_SEARCHED))
        : first;
  }

  private static ShadowChoice.Unit placed(Question q, GuardInput.UnitChanged unit) {
    Map<Subject, Place> places = new LinkedHashMap<>();
    Set<Subject> unplaced = new HashSet<>();
    boolean elsewhere = false;
    Member owner = q.state.member(unit.owner());
    for (Subject holder : unit.holders()) {
      Member member = q.state.member(holder);
      Place place = member == null ? null : member.place();
      if (place == null) {
        unplaced.add(holder);
      } else {
        places.put(holder, place);
        boolean counts = unit.copies().contains(holder) || unit.shadows().contains(holder);
        elsewhere |= counts && owner != null && !place.region().equals(owner.region());
      }
    }
    return new ShadowChoice.Unit(
        unit.unit(),
        unit.bytes(),
        unit.owner(),
        places,
        unplaced,
        !unit.otherRegion() || elsewhere
            ? ShadowChoice.Elsewhere.NOT_ASKED
            : ShadowNeeds.isForRegion(q.proposal)
                ? ShadowChoice.Elsewhere.ONLY
                : ShadowChoice.Elsewhere.WHILE_ONE_FITS);
  }

  private static List<ShadowChoice.Node> nodes(
      Question q, List<GuardInput.UnitChanged> units, int most) {
    List<ShadowChoice.Node> nodes = new ArrayList<>();
    for (Member member : candidates(q, units, most)) {
      ShadowChoice.Node node = node(q, member, false);
      if (node != null) {
        nodes.add(node);
      }
    }
    return nodes;
  }

  private static ShadowChoice.@Nullable Node node(Question q, Member member, boolean unjudged) {
    Place place = member.place();
    if (place == null || member.member() == null) {
      return null;
    }
    return new ShadowChoice.Node(
        member.subject(),
        place,
        q.roomBytes(member),
        member.freeBytes(),
        member.member().capacityBytes(),
        q.probabilityOf(member.subject(), q.horizonMillis()),
        member.traits(),
        !q.restingTargets().contains(member.subject()),
        unjudged ? null : objection(q, member));
  }

  /** What the checks of a target say of a node, whatever the unit is. */
  private static ShadowChoice.@Nullable Objection objection(Question q, Member member) {
    for (TargetChecks.TargetCheck check : TargetChecks.OF_THE_NODE) {
      ShadowChoice.Goal goal =
          switch (check.name()) {
            case "target-known" -> ShadowChoice.Goal.KNOWN;
            case "target-telemetry" -> ShadowChoice.Goal.HEARD_OF;
            case "target-risk" -> ShadowChoice.Goal.HEALTHY;
            case "target-zone" -> ShadowChoice.Goal.OUTSIDE_ZONES;
            case "target-maintenance" -> ShadowChoice.Goal.NOT_IN_MAINTENANCE;
            default -> null;
          };
      GuardResult result = goal == null ? null : check.question().apply(q, member.subject());
      if (goal != null && result != null && !result.passed()) {
        return new ShadowChoice.Objection(goal, result.text());
      }
    }
    return member.level() < OWNING_LEVEL
        ? new ShadowChoice.Objection(
            ShadowChoice.Goal.LEVEL,
            member.subject() + " declares level " + member.level() + " and cannot hold units.")
        : null;
  }

  private static ShadowChoice.Correlation correlation(Question q) {
    return (failing, other) -> {
      Member left = q.state.member(failing);
      Member right = q.state.member(other);
      return left == null || right == null
          ? new FailureCorrelation.Estimate(1, "Nobody knows " + failing + ".")
          : q.state.correlation().between(left.peer(), right.peer());
    };
  }

  private static DecisionCode code(ShadowChoice.Goal goal) {
    return switch (goal) {
      case KNOWN -> DecisionCode.TARGET_UNREACHABLE;
      case HEARD_OF -> DecisionCode.STALE_TELEMETRY;
      case HEALTHY -> DecisionCode.TARGET_AT_RISK;
      case OUTSIDE_ZONES -> DecisionCode.TARGET_IN_ZONE;
      case NOT_IN_MAINTENANCE -> DecisionCode.TARGET_IN_MAINTENANCE;
      case LEVEL -> DecisionCode.NODE_LEVEL_TOO_LOW;
      case ROOM -> DecisionCode.TARGET_FULL;
      case NO_HOLDER, OTHER_REGION, OTHER_ZONE, OTHER_RACK -> DecisionCode.TARGET_IN_SAME_DOMAIN;
    };
  }

  /** Why a node that may be the target scored as it did: made only for those that are listed. */
  private static String praise(Question q, Fit fit, int units) {
    Member member = q.state.member(fit.node());
    Long free = member == null ? null : member.freeBytes();
    return String.format(
        Locale.ROOT,
        "%d of %d units fit, %s free, it fails with probability %.3g.",
        fit.units().size(),
        units,
        free == null ? "nobody knows how much is" : free / (1L << 30) + " GiB are",
        q.probabilityOf(fit.node(), q.horizonMillis()));
  }

  /** Nodes to look at: the holders of copies, or the roomiest of each zone in turn. */
  private static List<Member> candidates(Question q, List<GuardInput.UnitChanged> units, int most) {
    Subject only = pinnedTarget(q);
    List<Member> found = new ArrayList<>();
    if (only != null) {
      addMember(found, q.state.member(only));
      return found;
    }
    boolean switches = q.act() == ActKind.SWITCHOVER;
    if ((Question.handsOver(q.act(), !units.isEmpty()) || switches) && !units.isEmpty()) {
      Map<Subject, Integer> copies = new TreeMap<>(Comparator.comparing(Subject::toString));
      for (GuardInput.UnitChanged unit : units) {
        for (Subject copy : switches ? unit.shadowsInSync() : unit.copies()) {
          copies.merge(copy, 1, Integer::sum);
        }
      }
      copies.entrySet().stream()
          .sorted(Map.Entry.<Subject, Integer>comparingByValue().reversed())
          .limit(MAX_LOOKED_AT)
          .forEach(entry -> addMember(found, q.state.member(entry.getKey())));
      return found;
    }
    List<Iterator<Member>> zones = new ArrayList<>();
    for (TreeSet<Member> zone : q.state.nodesByZone().values()) {
      zones.add(zone.iterator());
    }
    boolean more = true;
    while (more && found.size() < most) {
      more = false;
      for (Iterator<Member> zone : zones) {
        if (zone.hasNext() && found.size() < most) {
          Member member = zone.next();
          more = true;
          if (!member.subject().equals(q.proposal.source())) {
            found.add(member);
          }
        }
      }
    }
    return found;
  }

  private static @Nullable Subject pinnedTarget(Question q) {
    PolicyRecord pin = q.policies.pin(q.reach, q.nowMillis);
    String target = pin == null ? null : pin.parameters().get(PolicyParameters.TARGET);
    return target == null ? null : Subject.parse(target);
  }

  private static void addMember(List<Member> found, @Nullable Member member) {
    if (member != null) {
      found.add(member);
    }
  }

  private static long cost(ActKind act, List<GuardInput.UnitChanged> units, Wish wish) {
    long bytes = 0;
    for (GuardInput.UnitChanged unit : units) {
      bytes += unit.bytes();
    }
    if (units.isEmpty()) {
      bytes = wish.bytes();
    }
    return switch (act) {
      case DRAIN -> units.isEmpty() ? bytes : 0;
      case SHADOW, MIGRATE, REPAIR, FAILBACK -> bytes;
      case PREFETCH -> bytes / METADATA_SHARE;
      default -> 0;
    };
  }

  private static Proposal draft(
      GuardState state,
      GuardPolicy limits,
      Tracked incident,
      Wish wish,
      int attempt,
      long nowMillis) {
    ActKind act = wish.choice().act();
    Member own = state.member(incident.subject());
    boolean described = own != null && own.member() != null;
    Member from = described || wish.source() == null ? null : state.member(wish.source());
    Member host = from == null ? own : from;
    GuardInput.RiskChanged risk = own == null ? null : own.risk();
    boolean fromRisk = incident.predicted() && risk != null && risk.probability() > 0;
    double probability =
        !incident.predicted()
            ? 1
            : fromRisk && risk != null ? Math.max(risk.probability(), 0) : incident.confidence();
    List<Proposal.InputValue> inputs = new ArrayList<>();
    inputs.add(
        new Proposal.InputValue(
            "probability",
            probability,
            fromRisk
                ? "The risk of " + incident.subject() + "."
                : incident.predicted()
                    ? "The confidence of the incident; nothing better is known."
                    : act == ActKind.RETIRE_SHADOW ? "Nothing is predicted." : "It has happened."));
    inputs.addAll(wish.inputs());
    inputs.add(
        new Proposal.InputValue(
            "bytes", (double) wish.bytes(), "Bytes that the ladder reckoned with."));
    inputs.add(
        new Proposal.InputValue(
            "horizonMillis", (double) incident.horizonMillis(), "Predicted time to failure."));
    inputs.add(
        new Proposal.InputValue("attempt", (double) attempt, "How often this was proposed."));
    inputs.add(
        new Proposal.InputValue(
            "severity", (double) incident.severity().ordinal(), incident.severity().name()));
    Map<String, String> parameters = new TreeMap<>();
    parameters.put(MATTER, wish.matter());
    parameters.put(INCIDENT, incident.id());
    parameters.put(SEVERITY, incident.severity().name());
    parameters.put(SINCE, Long.toString(incident.openedMillis()));
    if (incident.rule().equals(ShadowNeeds.RULE)) {
      ShadowPlan.Why why = ShadowNeeds.why(incident);
      parameters.put(ShadowNeeds.WHY, why == null ? "SPARE" : why.name());
    }
    return new Proposal(
        "",
        act,
        incident.subject(),
        state.pool(),
        host == null || host.zone().isEmpty() ? null : host.zone(),
        steps(wish.units()),
        wish.source(),
        null,
        List.of(),
        DECIDER,
        incident.summary() + " " + wish.choice().reason(),
        inputs,
        incident.id(),
        incident.rule(),
        incident.ruleVersion(),
        risk == null ? null : risk.model(),
        risk == null ? null : risk.modelVersion(),
        Math.min(1, Math.max(0, probability)),
        incident.predicted() ? Math.max(1, incident.horizonMillis()) : 0,
        Math.min(1, Math.max(0, incident.confidence())),
        cost(act, wish.units(), wish),
        Question.handsOver(act, !wish.units().isEmpty())
            ? 5_000
            : act == ActKind.SWITCHOVER ? 1_000 : 0,
        10 * incident.severity().ordinal() + (incident.predicted() ? 0 : 5),
        nowMillis,
        nowMillis + limits.proposalMillis(),
        Proposal.LIVE,
        parameters);
  }

  private static List<Proposal.UnitStep> steps(List<GuardInput.UnitChanged> units) {
    return units.stream()
        .map(unit -> new Proposal.UnitStep(unit.unit(), unit.epoch(), unit.epoch() + 1))
        .toList();
  }

  private static Proposal with(
      Proposal p,
      List<GuardInput.UnitChanged> units,
      @Nullable Subject target,
      List<Proposal.Candidate> candidates,
      long costBytes) {
    return copy(p, p.id(), steps(units), target, candidates, costBytes);
  }

  /**
   * Gives the identifier: incident, what matters of it, attempt, target and units. Whoever approves
   * it approves exactly that.
   */
  private static Proposal identified(Proposal p, int attempt) {
    List<String> parts = new ArrayList<>();
    parts.add(p.parameters().getOrDefault(MATTER, ""));
    parts.add(Integer.toString(attempt));
    parts.add(String.valueOf(p.source()));
    parts.add(String.valueOf(p.target()));
    for (Proposal.UnitStep step : p.units()) {
      parts.add(step.unit() + "@" + step.expectedEpoch());
    }
    String id = Ids.of("p-", parts.toArray(new String[0]));
    return copy(p, id, p.units(), p.target(), p.candidates(), p.costBytes());
  }

  private static Proposal copy(
      Proposal p,
      String id,
      List<Proposal.UnitStep> units,
      @Nullable Subject target,
      List<Proposal.Candidate> candidates,
      long costBytes) {
    return new Proposal(
        id,
        p.act(),
        p.subject(),
        p.pool(),
        p.zone(),
        units,
        p.source(),
        target,
        candidates,
        p.decider(),
        p.reason(),
        p.inputs(),
        p.incident(),
        p.rule(),
        p.ruleVersion(),
        p.model(),
        p.modelVersion(),
        p.probability(),
        p.horizonMillis(),
        p.confidence(),
        costBytes,
        p.expectedPauseMillis(),
        p.priority(),
        p.timeMillis(),
        p.expiresMillis(),
        p.lane(),
        p.parameters());
  }
}
