package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.DecisionCode.*;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The guard's questions in their order (G6). All are asked; the first refusal gives the code, so
 * the order says which reason is worth more to a person: first what makes a proposal void, then
 * what people said, then whether the guard can see at all, then whether the act is worth it, then
 * whether it is safe (storm, locks, copies, target, epochs), then how much may be done, and last
 * whether it may be done without asking. Pure.
 */
final class GuardChecks {

  /** Most units of one act; count. */
  static final int MAX_UNITS = 1_024;

  /** Longest validity of a proposal; milliseconds. */
  static final long MAX_VALIDITY_MILLIS = 7L * 24 * 3_600_000;

  /** Name of the check of the mode. */
  static final String MODE = "mode";

  /** Name of the check of the approval. */
  static final String APPROVAL = "approval";

  /** Name of the check of the locks. */
  static final String UNIT_LOCKS = "unit-locks";

  /** Name of the check of the budgets. */
  static final String BUDGET = "budget";

  /** Name of the check of the dwell. */
  static final String DWELL_NAME = "dwell";

  /** Every check, in the order asked. */
  static final List<GuardCheck> ALL = all();

  private GuardChecks() {}

  private static List<GuardCheck> all() {
    List<GuardCheck> checks = new ArrayList<>();
    checks.add(
        new GuardCheck(
            "well-formed",
            "Does the proposal make sense in itself?",
            List.of(INVALID),
            List.of(),
            GuardChecks::wellFormed));
    checks.add(
        new GuardCheck(
            "known-subject",
            "Are the subject and its units known in this pool?",
            List.of(UNKNOWN_SUBJECT),
            List.of(),
            GuardChecks::knownSubject));
    checks.add(
        new GuardCheck(
            "not-expired",
            "Is it still in time?",
            List.of(EXPIRED),
            List.of("proposal-time"),
            GuardChecks::notExpired));
    checks.add(
        new GuardCheck(
            "no-duplicate",
            "Does no other proposal wait for the same act and subject?",
            List.of(DUPLICATE),
            List.of(),
            GuardChecks::noDuplicate));
    checks.add(
        new GuardCheck(
            "not-halted",
            "Is nothing halted here?",
            List.of(HALTED),
            List.of("policy HALT"),
            GuardChecks::notHalted));
    checks.add(
        new GuardCheck(
            "not-denied",
            "Has nobody denied or cancelled it?",
            List.of(APPROVAL_DENIED, CANCELLED),
            List.of("policy DENIAL", "policy CANCEL"),
            GuardChecks::notDenied));
    checks.add(
        new GuardCheck(
            "not-silenced",
            "Is the subject not silenced?",
            List.of(SILENCED),
            List.of("policy SILENCE"),
            GuardChecks::notSilenced));
    checks.add(
        new GuardCheck(
            "not-pinned",
            "May the subject, its source and its units move, and to this target?",
            List.of(PINNED),
            List.of("policy PIN"),
            GuardChecks::notPinned));
    checks.add(
        new GuardCheck(
            "not-overridden",
            "Does no operator say that the subject is well?",
            List.of(OVERRIDDEN),
            List.of("policy OVERRIDE"),
            GuardChecks::notOverridden));
    checks.add(
        new GuardCheck(
            "no-maintenance",
            "Is nobody at work on the subject, its source or what holds them?",
            List.of(MAINTENANCE),
            List.of("policy MAINTENANCE"),
            GuardChecks::noMaintenance));
    checks.add(
        new GuardCheck(
            "watermark",
            "Is the newest risk of the pool young enough to see by?",
            List.of(BLIND_WATERMARK),
            List.of("max-sample-age"),
            GuardChecks::watermark));
    checks.add(
        new GuardCheck(
            "lag",
            "Did what it stands on arrive in time?",
            List.of(BLIND_LAG),
            List.of("max-lag"),
            GuardChecks::lag));
    checks.add(
        new GuardCheck(
            "model-age",
            "Is the model behind the prediction young enough?",
            List.of(STALE_MODEL),
            List.of("max-model-age"),
            GuardChecks::modelAge));
    checks.add(
        new GuardCheck(
            "subject-telemetry",
            "Was the subject of a prediction heard of lately?",
            List.of(STALE_TELEMETRY),
            List.of("max-telemetry-age"),
            GuardChecks::subjectTelemetry));
    checks.add(
        new GuardCheck(
            "confidence",
            "Is the prediction trusted enough?",
            List.of(LOW_CONFIDENCE),
            List.of("min-confidence"),
            GuardChecks::confidence));
    checks.add(
        new GuardCheck(
            "severity",
            "Is it severe enough for this act?",
            List.of(LOW_RISK),
            List.of("failover-threshold", "act-threshold"),
            GuardChecks::severity));
    checks.add(
        new GuardCheck(
            "probability",
            "Is the subject at WARNING or worse, or the failure probable enough; once it was, has"
                + " it not fallen below the exit?",
            List.of(LOW_RISK),
            List.of("min-probability", "exit-probability"),
            GuardChecks::probability));
    checks.add(
        new GuardCheck(
            DWELL_NAME,
            "Has the prediction stood for long enough?",
            List.of(DWELL),
            List.of("dwell"),
            GuardChecks::dwell));
    checks.add(
        new GuardCheck(
            "no-storm",
            "Is the pool out of a storm?",
            List.of(STORM),
            List.of("storm-enter", "storm-exit", "storm-min-nodes", "storm-cooldown"),
            GuardChecks::noStorm));
    checks.add(
        new GuardCheck(
            UNIT_LOCKS,
            "Are the subject and all units free of other acts?",
            List.of(UNIT_LOCKED),
            List.of(),
            GuardChecks::unitLocks));
    checks.add(
        new GuardCheck(
            "replication-minimum",
            "Does every unit keep its minimum of copies in sync?",
            List.of(BELOW_REPLICATION_MINIMUM),
            List.of("minReplicas of the unit"),
            GuardChecks::replicationMinimum));
    checks.add(
        new GuardCheck(
            "replica-set-risk",
            "Is it unlikely enough that all remaining copies of a unit fail together?",
            List.of(REPLICA_SET_AT_RISK),
            List.of("max-replica-set-risk", "shadow-exit", "rack-correlation", "zone-correlation"),
            GuardChecks::replicaSetRisk));
    checks.add(
        new GuardCheck(
            "target",
            "Is there a target, when the act needs one?",
            List.of(NO_SAFE_TARGET),
            List.of(),
            GuardChecks::target));
    for (TargetChecks.TargetCheck check : TargetChecks.ALL) {
      checks.add(
          new GuardCheck(
              check.name(),
              check.meaning(),
              check.codes(),
              check.limits(),
              q -> {
                Subject target = q.proposal.target();
                return target == null
                    ? yes(check.name(), "There is no target to ask about.")
                    : check.question().apply(q, target);
              }));
    }
    checks.add(
        new GuardCheck(
            "epochs",
            "Do the epochs, owners and shadows of the units stand as the proposal expects?",
            List.of(WRONG_EPOCH),
            List.of(),
            GuardChecks::epochs));
    checks.add(
        new GuardCheck(
            "level",
            "Do its nodes declare a level of the contract at which they can do it?",
            List.of(NODE_LEVEL_TOO_LOW),
            List.of(),
            GuardChecks::level));
    checks.add(
        new GuardCheck(
            "cost",
            "Does it copy no more than one act may?",
            List.of(COST_TOO_HIGH),
            List.of("max-cost"),
            GuardChecks::cost));
    checks.add(
        new GuardCheck(
            "rate",
            "Were few enough acts admitted lately?",
            List.of(RATE_LIMITED),
            List.of("rate-acts", "rate-window", "policy BUDGET"),
            Budgets::rate));
    checks.add(
        new GuardCheck(
            BUDGET,
            "Are few enough acts in flight in the pool, the zone and of the kind?",
            List.of(BUDGET_SPENT),
            List.of(
                "acts-in-flight",
                "predicted-acts-in-flight",
                "zone-acts-in-flight",
                "kind-acts-in-flight",
                "policy BUDGET"),
            Budgets::inFlight));
    checks.add(
        new GuardCheck(
            "nodes-per-day",
            "Were few enough nodes touched today?",
            List.of(BUDGET_SPENT),
            List.of("nodes-per-day", "policy BUDGET"),
            Budgets::nodesPerDay));
    checks.add(
        new GuardCheck(
            MODE,
            "May acts of this kind, and on the word of this model, be done here, or only advised?",
            List.of(ADVISE_MODE),
            List.of("policy MODE", "demotion of the model"),
            GuardChecks::mode));
    checks.add(
        new GuardCheck(
            APPROVAL,
            "Is it approved, when an approval is needed?",
            List.of(APPROVAL_NEEDED),
            List.of("policy MODE", "policy APPROVAL"),
            GuardChecks::approval));
    return List.copyOf(checks);
  }

  /** Asks all checks, in order. */
  static List<GuardResult> ask(Question q) {
    List<GuardResult> results = new ArrayList<>(ALL.size());
    for (GuardCheck check : ALL) {
      results.add(check.ask(q));
    }
    return results;
  }

  static GuardResult yes(String guard, String text) {
    return new GuardResult(guard, true, OK, null, null, text);
  }

  static GuardResult yes(
      String guard, @Nullable Double observed, @Nullable Double limit, String text) {
    return new GuardResult(guard, true, OK, observed, limit, text);
  }

  static GuardResult no(String guard, DecisionCode code, String text) {
    return new GuardResult(guard, false, code, null, null, text);
  }

  static GuardResult no(
      String guard,
      DecisionCode code,
      @Nullable Double observed,
      @Nullable Double limit,
      String text) {
    return new GuardResult(guard, false, code, observed, limit, text);
  }

  private static GuardResult wellFormed(Question q) {
    Proposal p = q.proposal;
    String wrong = problemOf(p, q.state.pool());
    return wrong == null
        ? yes("well-formed", "The proposal makes sense.")
        : no("well-formed", INVALID, wrong);
  }

  /** What is wrong with a proposal in itself, a sentence; null when nothing is. */
  static @Nullable String problemOf(Proposal p, String pool) {
    if (p.id().isEmpty()) {
      return "The proposal has no identifier.";
    }
    if (p.act() == ActKind.UNKNOWN || p.act() == ActKind.NONE) {
      return "The act " + p.act() + " is nothing that can be done.";
    }
    if (!p.pool().equals(pool)) {
      return "The proposal is for pool '" + p.pool() + "', not for '" + pool + "'.";
    }
    if (!isShare(p.probability()) || !isShare(p.confidence())) {
      return "Probability and confidence are 0 to 1.";
    }
    if (p.horizonMillis() < 0 || p.costBytes() < 0 || p.expectedPauseMillis() < 0) {
      return "Horizon, cost and pause are not below 0.";
    }
    if (p.expiresMillis() <= p.timeMillis()
        || p.expiresMillis() - p.timeMillis() > MAX_VALIDITY_MILLIS) {
      return "A proposal expires after it is made, within 7 days.";
    }
    if (p.source() != null && p.source().equals(p.target())) {
      return "Source and target are the same.";
    }
    if (p.units().size() > MAX_UNITS) {
      return "An act has at most " + MAX_UNITS + " units.";
    }
    Set<String> seen = new HashSet<>();
    for (Proposal.UnitStep step : p.units()) {
      if (!seen.add(step.unit())) {
        return "Unit " + step.unit() + " stands in it twice.";
      }
      if (step.newEpoch() <= step.expectedEpoch()) {
        return "The epoch of unit " + step.unit() + " would not grow.";
      }
    }
    return null;
  }

  private static boolean isShare(double value) {
    return value >= 0 && value <= 1;
  }

  private static GuardResult knownSubject(Question q) {
    String name = "known-subject";
    if (q.state.pool().isEmpty()) {
      return no(name, UNKNOWN_SUBJECT, "The pool of " + q.proposal.subject() + " is not known.");
    }
    for (Proposal.UnitStep step : q.proposal.units()) {
      if (q.state.unit(step.unit()) == null) {
        return no(name, UNKNOWN_SUBJECT, "Unit " + step.unit() + " is not known.");
      }
    }
    boolean described = q.host != null && q.host.member() != null;
    if (q.proposal.subject().kind() == Subject.Kind.DISK
        && q.act() == ActKind.FAILOVER
        && q.proposal.units().isEmpty()
        && q.host != null
        && q.host.level() >= 2) {
      // nobody would ever carry it out, and its locks would be held until it expires
      return no(
          name,
          UNKNOWN_SUBJECT,
          "Which units lie on " + q.proposal.subject() + " is not known; their node says it.");
    }
    return described || !q.proposal.units().isEmpty()
        ? yes(name, q.proposal.subject() + " is known.")
        : no(
            name,
            UNKNOWN_SUBJECT,
            q.proposal.subject() + " is no node of the pool and names none.");
  }

  private static GuardResult notExpired(Question q) {
    double left = (double) q.proposal.expiresMillis() - q.nowMillis;
    return left > 0
        ? yes("not-expired", left, 0.0, "It is in time; milliseconds left.")
        : no("not-expired", EXPIRED, left, 0.0, "It was not decided in time.");
  }

  private static GuardResult noDuplicate(Question q) {
    Waiting other = q.state.waitingFor(q.proposal);
    return other == null
        ? yes("no-duplicate", "No other proposal waits for it.")
        : no(
            "no-duplicate",
            DUPLICATE,
            "Proposal " + other.proposal().id() + " waits for the same already.");
  }

  private static GuardResult notHalted(Question q) {
    PolicyRecord halt = q.policies.halt(q.act(), q.reach, q.nowMillis);
    if (halt == null && q.proposal.source() != null) {
      halt = q.policies.halt(q.act(), q.reachOf(q.proposal.source()), q.nowMillis);
    }
    if (halt == null && q.proposal.target() != null) {
      halt = q.policies.halt(q.act(), q.reachOf(q.proposal.target()), q.nowMillis);
    }
    return halt == null
        ? yes("not-halted", "Nothing is halted here.")
        : no("not-halted", HALTED, by(halt, "halted " + halt.scope()));
  }

  private static GuardResult notDenied(Question q) {
    PolicyRecord denial = q.policies.denial(q.proposal.id(), q.nowMillis);
    if (denial != null) {
      return no("not-denied", APPROVAL_DENIED, by(denial, "denied it"));
    }
    PolicyRecord cancel = q.policies.cancelOfProposal(q.proposal.id(), q.nowMillis);
    return cancel == null
        ? yes("not-denied", "Nobody denied it.")
        : no("not-denied", CANCELLED, by(cancel, "cancelled it"));
  }

  private static GuardResult notSilenced(Question q) {
    PolicyRecord silence = q.policies.silence(q.reach, q.nowMillis);
    return silence == null
        ? yes("not-silenced", "The subject is not silenced.")
        : no("not-silenced", SILENCED, by(silence, "silenced " + silence.scope()));
  }

  private static GuardResult notPinned(Question q) {
    List<PolicyRecord> pins = new ArrayList<>();
    addIfThere(pins, q.policies.pin(q.reach, q.nowMillis));
    Subject source = q.proposal.source();
    if (source != null) {
      addIfThere(pins, q.policies.pin(q.reachOf(source), q.nowMillis));
    }
    for (Proposal.UnitStep step : q.proposal.units()) {
      addIfThere(pins, q.policies.pinOf(Held.unitKey(step.unit()), q.nowMillis));
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit != null) {
        addIfThere(pins, q.policies.pinOf("volume/" + unit.volume(), q.nowMillis));
      }
    }
    for (PolicyRecord pin : pins) {
      String only = pin.parameters().get(PolicyParameters.TARGET);
      Subject target = q.proposal.target();
      if (only == null) {
        return no("not-pinned", PINNED, by(pin, "pinned " + pin.scope() + " where it is"));
      }
      if (target != null && !target.toString().equals(only)) {
        return no("not-pinned", PINNED, by(pin, "lets " + pin.scope() + " go only to " + only));
      }
    }
    return yes("not-pinned", "Nothing of it is pinned elsewhere.");
  }

  private static void addIfThere(List<PolicyRecord> list, @Nullable PolicyRecord record) {
    if (record != null) {
      list.add(record);
    }
  }

  private static GuardResult notOverridden(Question q) {
    PolicyRecord override = q.policies.override(q.reach, q.nowMillis);
    if (override == null) {
      return yes("not-overridden", "No operator says otherwise.");
    }
    Tier tier = PolicySet.tierOf(override);
    boolean well = tier == Tier.HEALTHY || tier == Tier.WATCH;
    return q.isPredicted() && well && !isPlanned(q)
        ? no(
            "not-overridden",
            OVERRIDDEN,
            by(override, "takes " + override.scope() + " for " + tier))
        : yes("not-overridden", by(override, "takes " + override.scope() + " for " + tier));
  }

  private static GuardResult noMaintenance(Question q) {
    if (q.act() == ActKind.DRAIN || q.act() == ActKind.RETURN) {
      return yes("no-maintenance", "The act is part of maintenance.");
    }
    if (Evacuations.asksFor(q.proposal)) {
      return yes("no-maintenance", "The act clears the node for its maintenance.");
    }
    if (ShadowNeeds.isPlanned(q.proposal)) {
      return yes("no-maintenance", "The act makes up for what maintenance takes away.");
    }
    PolicyRecord window = q.policies.maintenance(q.reach, q.nowMillis);
    Subject source = q.proposal.source();
    if (window == null && source != null) {
      window = q.policies.maintenance(q.reachOf(source), q.nowMillis);
    }
    return window == null
        ? yes("no-maintenance", "Nobody is at work there.")
        : no("no-maintenance", MAINTENANCE, by(window, "is at work on " + window.scope()));
  }

  private static GuardResult watermark(Question q) {
    double limit = q.limits.maxSampleAgeMillis();
    if (q.state.newestSampleMillis() == 0) {
      return no("watermark", BLIND_WATERMARK, null, limit, "No risk of this pool was ever heard.");
    }
    double age = Math.max(0, q.nowMillis - q.state.newestSampleMillis());
    return age <= limit
        ? yes("watermark", age, limit, "The newest risk is young; milliseconds.")
        : no(
            "watermark",
            BLIND_WATERMARK,
            age,
            limit,
            "The newest risk of the pool is " + Ladder.words((long) age) + " old.");
  }

  private static GuardResult lag(Question q) {
    double limit = q.limits.maxLagMillis();
    double lag = q.lagMillis;
    return lag <= limit
        ? yes("lag", lag, limit, "Its input came in time; milliseconds.")
        : no(
            "lag", BLIND_LAG, lag, limit, "Its input came " + Ladder.words(q.lagMillis) + " late.");
  }

  private static GuardResult modelAge(Question q) {
    String model = q.proposal.model();
    GuardInput.ModelPublished published = published(q);
    if (model == null || published == null) {
      return yes("model-age", "It stands on no published model.");
    }
    double age = Math.max(0, q.nowMillis - published.publishedMillis());
    double limit = q.limits.maxModelAgeMillis();
    return age <= limit
        ? yes("model-age", age, limit, "Model " + model + " is young enough; milliseconds.")
        : no(
            "model-age",
            STALE_MODEL,
            age,
            limit,
            "Model " + model + " was published " + Ladder.words((long) age) + " ago.");
  }

  /** What was published of the model behind a prediction, null when it stands on none. */
  private static GuardInput.@Nullable ModelPublished published(Question q) {
    String model = q.proposal.model();
    return model == null || !q.isPredicted() || isPlanned(q)
        ? null
        : q.state.model(model, q.proposal.modelVersion());
  }

  private static GuardResult subjectTelemetry(Question q) {
    String name = "subject-telemetry";
    Member host = q.host;
    double limit = q.limits.maxTelemetryAgeMillis();
    Subject subject = q.proposal.subject();
    if (q.isPredicted() && host == null && subject.kind() == Subject.Kind.NODE) {
      // it has left, or was never heard of: whoever predicts of it knows no more than we do
      return no(name, STALE_TELEMETRY, null, limit, subject + " is silent: nobody knows it.");
    }
    if (!q.isPredicted() || host == null) {
      return yes(name, "Nothing is predicted of a known node.");
    }
    Long silent = q.silenceMillis(host.subject());
    if (silent == null) {
      return no(name, STALE_TELEMETRY, null, limit, host.subject() + " is silent.");
    }
    return silent <= limit
        ? yes(name, (double) silent, limit, host.subject() + " was heard of; milliseconds ago.")
        : no(
            name,
            STALE_TELEMETRY,
            (double) silent,
            limit,
            host.subject() + " was last heard of " + Ladder.words(silent) + " ago.");
  }

  private static GuardResult confidence(Question q) {
    double limit = q.limits.minConfidence();
    double confidence = q.proposal.confidence();
    return confidence >= limit
        ? yes("confidence", confidence, limit, "It is trusted enough.")
        : no("confidence", LOW_CONFIDENCE, confidence, limit, "It is trusted too little.");
  }

  /** True when it stands on what people planned, not on what is predicted. */
  private static boolean isPlanned(Question q) {
    return Evacuations.asksFor(q.proposal) || ShadowNeeds.isPlanned(q.proposal);
  }

  private static GuardResult severity(Question q) {
    if (q.act() == ActKind.RETIRE_SHADOW) {
      return yes("severity", "What is no longer needed is never severe.");
    }
    Severity severity = q.severity();
    if (severity == null) {
      return yes("severity", "The proposal names no severity.");
    }
    boolean takesOver = q.act() == ActKind.FAILOVER || q.act() == ActKind.SWITCHOVER;
    Severity limit = takesOver ? q.limits.failoverSeverity() : q.limits.actSeverity();
    String text = severity + " against " + limit + " for " + q.act() + ".";
    double observed = severity.ordinal();
    return severity.compareTo(limit) >= 0
        ? yes("severity", observed, (double) limit.ordinal(), text)
        : no("severity", LOW_RISK, observed, (double) limit.ordinal(), text);
  }

  private static GuardResult probability(Question q) {
    if (!q.isPredicted()) {
      return yes("probability", "It has happened.");
    }
    if (isPlanned(q)) {
      return yes("probability", "Nothing is predicted: maintenance is planned.");
    }
    if (ShadowNeeds.asksFor(q.proposal) && q.act() == ActKind.SHADOW) {
      return yes("probability", "What counts is the set of copies, which the plan has judged.");
    }
    Member own = q.state.member(q.proposal.subject());
    boolean wasRisky = own != null && own.riskySinceMillis() > 0;
    double limit = wasRisky ? q.limits.exitProbability() : q.limits.minProbability();
    double p = q.proposal.probability();
    Tier tier = q.tierOf(q.proposal.subject());
    if (tier == Tier.WARNING || tier == Tier.CRITICAL) {
      return yes("probability", p, null, q.proposal.subject() + " is at tier " + tier + ".");
    }
    return p >= limit
        ? yes("probability", p, limit, "The failure is probable enough.")
        : no("probability", LOW_RISK, p, limit, "The failure is not probable enough.");
  }

  private static GuardResult dwell(Question q) {
    Long since = riskSince(q);
    double limit = q.limits.dwellMillis();
    if (!q.isPredicted() || since == null || Evacuations.asksFor(q.proposal)) {
      return yes(DWELL_NAME, "Nothing has to last.");
    }
    if (ShadowNeeds.asksFor(q.proposal)) {
      return yes(DWELL_NAME, "It has lasted for the dwell of the plan.");
    }
    if (q.tierOf(q.proposal.subject()) == Tier.CRITICAL) {
      return yes(DWELL_NAME, "The risk is CRITICAL and need not last.");
    }
    double lasted = q.nowMillis - since;
    return lasted >= limit
        ? yes(DWELL_NAME, lasted, limit, "The risk has lasted; milliseconds.")
        : no(
            DWELL_NAME, DWELL, lasted, limit, "The risk has not lasted long enough; milliseconds.");
  }

  /** Since when what the proposal stands on is known; null when nobody says. */
  static @Nullable Long riskSince(Question q) {
    Member own = q.state.member(q.proposal.subject());
    long best = own == null ? 0 : own.riskySinceMillis();
    String since = q.proposal.parameters().get(Proposer.SINCE);
    if (since != null && since.matches("[0-9]{1,18}")) {
      long said = Long.parseLong(since);
      best = best == 0 ? said : Math.min(best, said);
    }
    return best == 0 ? null : best;
  }

  private static GuardResult noStorm(Question q) {
    double share =
        q.state.nodes() == 0 ? 0 : (double) Storm.atRisk(q.state, q.nowMillis) / q.state.nodes();
    return q.state.storm()
        ? no(
            "no-storm",
            STORM,
            share,
            q.limits.stormExitShare(),
            "Too many nodes of the pool are, or were a short time ago, at risk at once.")
        : yes("no-storm", share, q.limits.stormEnterShare(), "The pool is out of a storm.");
  }

  private static GuardResult unitLocks(Question q) {
    for (String key : Held.locks(q.proposal.units(), q.proposal.subject())) {
      String owner = q.state.lockOwner(key);
      if (owner != null) {
        return no("unit-locks", UNIT_LOCKED, key + " is held by admission " + owner + ".");
      }
    }
    return yes("unit-locks", "The subject and all units are free.");
  }

  private static GuardResult replicationMinimum(Question q) {
    String name = "replication-minimum";
    Integer tightest = null;
    double least = 0;
    for (Proposal.UnitStep step : q.proposal.units()) {
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit == null) {
        continue;
      }
      List<Subject> remaining = q.remaining(unit, q.proposal.target());
      int after = q.act() == ActKind.RETIRE_SHADOW ? heardOf(q, remaining) : remaining.size();
      boolean targetHolds =
          q.proposal.target() != null
              && (Question.addsCopy(q.act()) || unit.copies().contains(q.proposal.target()));
      after += targetHolds ? 1 : 0;
      // a dead owner's copy is gone already: who takes over from it takes none away
      boolean worse = q.isPredicted() || q.act() != ActKind.FAILOVER;
      if (after < unit.minReplicas() && (worse || !targetHolds)) {
        return no(
            name,
            BELOW_REPLICATION_MINIMUM,
            (double) after,
            (double) unit.minReplicas(),
            "Unit " + unit.unit() + " would have too few copies in sync.");
      }
      if (tightest == null || after - unit.minReplicas() < tightest - least) {
        tightest = after;
        least = unit.minReplicas();
      }
    }
    return tightest == null
        ? yes(name, "No known unit changes its copies.")
        : yes(name, (double) tightest, least, "Every unit keeps its copies.");
  }

  /** Silence is not health: a copy that nobody hears of is none to rely on. */
  private static int heardOf(Question q, List<Subject> copies) {
    int heard = 0;
    for (Subject copy : copies) {
      Long silent = q.silenceMillis(copy);
      heard += silent != null && silent <= q.limits.maxTelemetryAgeMillis() ? 1 : 0;
    }
    return heard;
  }

  private static GuardResult replicaSetRisk(Question q) {
    String name = "replica-set-risk";
    double limit =
        q.act() == ActKind.RETIRE_SHADOW
            ? Math.min(q.limits.shadow().exitRisk(), q.limits.maxReplicaSetRisk())
            : q.limits.maxReplicaSetRisk();
    double worst = 0;
    for (Proposal.UnitStep step : q.proposal.units()) {
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit == null) {
        continue;
      }
      List<Subject> after = new ArrayList<>(q.remaining(unit, q.proposal.target()));
      if (q.proposal.target() != null
          && (Question.addsCopy(q.act()) || unit.copies().contains(q.proposal.target()))) {
        after.add(q.proposal.target());
      }
      double riskAfter = setRisk(q, after);
      double riskBefore = setRisk(q, unit.copies());
      worst = Math.max(worst, riskAfter);
      // an act that does not worsen the set is not refused for what was there before
      if (riskAfter > limit && riskAfter > riskBefore * (1 + 1e-9)) {
        return no(
            name,
            REPLICA_SET_AT_RISK,
            riskAfter,
            limit,
            "All remaining copies of " + unit.unit() + " are too likely to fail together.");
      }
    }
    return yes(name, worst, limit, "The remaining copies are unlikely enough to fail together.");
  }

  private static double setRisk(Question q, List<Subject> copies) {
    long horizon = q.horizonMillis();
    List<ReplicaSetRisk.Copy> set = new ArrayList<>(copies.size());
    for (Subject copy : copies) {
      Member member = q.state.member(copy);
      // a real failure of the source has happened: its copy is gone
      boolean failed =
          !q.isPredicted() && q.act() != ActKind.RETIRE_SHADOW && copy.equals(q.proposal.source());
      double p = failed ? 1 : q.probabilityOf(copy, horizon);
      set.add(
          new ReplicaSetRisk.Copy(
              p, member == null ? "" : member.rack(), member == null ? "" : member.zone()));
    }
    return ReplicaSetRisk.allFail(set, q.limits.rackCorrelation(), q.limits.zoneCorrelation());
  }

  private static GuardResult target(Question q) {
    if (!Question.needsTarget(q.act(), !q.proposal.units().isEmpty())) {
      return yes("target", "The act needs no target.");
    }
    Subject target = q.proposal.target();
    return target == null
        ? no("target", NO_SAFE_TARGET, "No safe target is known; see the candidates.")
        : yes("target", "The target is " + target + ".");
  }

  private static GuardResult epochs(Question q) {
    Subject source = q.proposal.source();
    for (Proposal.UnitStep step : q.proposal.units()) {
      GuardInput.UnitChanged unit = q.state.unit(step.unit());
      if (unit == null) {
        continue;
      }
      if (unit.epoch() != step.expectedEpoch()) {
        return no(
            "epochs",
            WRONG_EPOCH,
            (double) step.expectedEpoch(),
            (double) unit.epoch(),
            "Unit " + unit.unit() + " is at epoch " + unit.epoch() + ".");
      }
      if (q.act() == ActKind.RETIRE_SHADOW) {
        if (source == null || !unit.shadows().contains(source)) {
          return no(
              "epochs", WRONG_EPOCH, source + " holds no shadow of unit " + unit.unit() + ".");
        }
        continue;
      }
      if (Question.leavesSource(q.act()) && source != null && !unit.owner().equals(source)) {
        return no(
            "epochs",
            WRONG_EPOCH,
            "Unit " + unit.unit() + " belongs to " + unit.owner() + ", not to " + source + ".");
      }
    }
    return yes("epochs", "Epochs and owners stand as expected.");
  }

  private static GuardResult level(Question q) {
    boolean holds =
        q.act().changesOwner() || q.act() == ActKind.SHADOW || q.act() == ActKind.RETIRE_SHADOW;
    boolean owns = holds && !q.proposal.units().isEmpty();
    boolean clears = q.act() == ActKind.DRAIN || q.act() == ActKind.RETURN;
    boolean hook = clears && !owns;
    int needed = owns ? 2 : hook ? 1 : 0;
    Subject source = q.proposal.source();
    // a dead owner has nothing to do in it
    boolean helps = clears || q.isPredicted();
    Subject first = source == null && hook ? q.proposal.subject() : source;
    for (Subject node : new Subject[] {helps ? first : null, q.proposal.target()}) {
      Member member = node == null ? null : q.state.member(node);
      if (member != null && member.member() != null && member.level() < needed) {
        return no(
            "level",
            NODE_LEVEL_TOO_LOW,
            (double) member.level(),
            (double) needed,
            node + " declares level " + member.level() + "; " + q.act() + " needs " + needed + ".");
      }
    }
    return yes("level", null, (double) needed, "Its nodes know how to do it.");
  }

  private static GuardResult cost(Question q) {
    double cost = q.proposal.costBytes();
    double limit = q.limits.maxCostBytes();
    return cost <= limit
        ? yes("cost", cost, limit, "It copies few enough bytes.")
        : no("cost", COST_TOO_HIGH, cost, limit, "It would copy too many bytes.");
  }

  private static GuardResult mode(Question q) {
    if (!q.act().touchesData()) {
      return no(MODE, ADVISE_MODE, q.act() + " is only ever advised.");
    }
    if (!q.proposal.lane().equals(Proposal.LIVE)) {
      return no(MODE, ADVISE_MODE, "Lane " + q.proposal.lane() + " only shows what it would do.");
    }
    GuardInput.ModelPublished published = published(q);
    if (published != null && published.demoted() != null) {
      return no(
          MODE,
          ADVISE_MODE,
          "Model "
              + published.model()
              + " version "
              + published.version()
              + " is demoted, its predictions only advise: "
              + published.demoted());
    }
    PolicyRecord mode = q.policies.modeRecord(q.act(), q.reach, q.nowMillis);
    boolean acts = mode != null && q.policies.acts(q.act(), q.reach, q.nowMillis);
    if (mode == null) {
      return no(
          MODE, ADVISE_MODE, "Nobody switched " + q.act() + " on here; advise is the default.");
    }
    String text =
        q.act() + " is set to " + (acts ? "act" : "advise") + " for " + mode.scope() + ".";
    return acts ? yes(MODE, by(mode, text)) : no(MODE, ADVISE_MODE, by(mode, text));
  }

  private static GuardResult approval(Question q) {
    if (!q.policies.acts(q.act(), q.reach, q.nowMillis)
        || !q.policies.needsApproval(q.act(), q.reach, q.nowMillis)) {
      return yes(APPROVAL, "No approval is needed.");
    }
    PolicyRecord approval = q.policies.approval(q.proposal, q.reach, q.nowMillis);
    return approval == null
        ? no(APPROVAL, APPROVAL_NEEDED, "Somebody has to approve it.")
        : yes(APPROVAL, by(approval, "approves it"));
  }

  private static String by(PolicyRecord record, String what) {
    return record.author() + ": " + what + " (" + record.reason() + ")";
  }
}
