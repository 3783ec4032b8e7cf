package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardDecision.Outcome;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides for one pool: proposes the act that an incident asks for and lets the guard admit or
 * refuse it (G1 to G6, G8 to G13, G17, G18). One key is one pool. Pure and without state of its
 * own; may be shared by threads that each hold other states.
 *
 * <p>The admissions log is the memory. A guard that has started says nothing until it has read its
 * own {@code STARTED} and {@code SYNC} back, so it has read everything that was said before. An
 * admission takes its locks and budget when its record leaves for the log, and its decision is said
 * only once the record was read back and had the next number of the pool. Only one record is on its
 * way at a time: whatever the log says, it was judged against exactly the state that the number
 * follows, so budgets and locks hold even when two guards run. Ends are records too; nothing is
 * ever released by a timeout.
 */
public final class PoolArbiter implements Decider<GuardState, GuardInput, GuardOutput> {

  /** How long an act that ended is remembered; milliseconds. A rate and a day are shorter. */
  static final long PAST_MILLIS = 25L * 3_600_000;

  /** After how long a record that was not read back is sent again; milliseconds. */
  static final long RESEND_MILLIS = 30_000;

  private static final String START_DUE = "~start";
  private static final String EDGE_DUE = "~edge";
  private static final String SHADOW_DUE = "~shadow";
  private static final long HOUR_MILLIS = 3_600_000;

  /** Refusals that time or others can cure, so that the incident is proposed again later. */
  private static final Set<DecisionCode> PASSING =
      EnumSet.of(
          DecisionCode.MAINTENANCE,
          DecisionCode.SILENCED,
          DecisionCode.HALTED,
          DecisionCode.BUDGET_SPENT,
          DecisionCode.RATE_LIMITED,
          DecisionCode.UNIT_LOCKED,
          DecisionCode.BELOW_REPLICATION_MINIMUM,
          DecisionCode.REPLICA_SET_AT_RISK,
          DecisionCode.NO_SAFE_TARGET,
          DecisionCode.TARGET_AT_RISK,
          DecisionCode.TARGET_IN_ZONE,
          DecisionCode.TARGET_IN_MAINTENANCE,
          DecisionCode.TARGET_FULL,
          DecisionCode.TARGET_IN_SAME_DOMAIN,
          DecisionCode.TARGET_USED_RECENTLY,
          DecisionCode.TARGET_UNREACHABLE,
          DecisionCode.STORM,
          DecisionCode.BLIND_WATERMARK,
          DecisionCode.BLIND_LAG,
          DecisionCode.STALE_MODEL,
          DecisionCode.STALE_TELEMETRY,
          DecisionCode.LOW_RISK,
          DecisionCode.WRONG_EPOCH,
          DecisionCode.DWELL);

  private final GuardPolicy shipped;

  /** An arbiter with the shipped limits. */
  public PoolArbiter() {
    this(GuardPolicy.DEFAULTS);
  }

  /** An arbiter with these limits where no policy says otherwise. */
  public PoolArbiter(GuardPolicy limits) {
    this.shipped = limits;
  }

  @Override
  public GuardState empty(String pool) {
    return new GuardState(pool);
  }

  @Override
  public void decide(
      GuardState state, GuardInput event, long nowMillis, Consumer<GuardOutput> decisions) {
    Turn turn = new Turn(state, nowMillis, decisions);
    turn.take(event);
    turn.finish();
  }

  @Override
  public void wake(GuardState state, long nowMillis, Consumer<GuardOutput> decisions) {
    Turn turn = new Turn(state, nowMillis, decisions);
    turn.wake();
    turn.finish();
  }

  @Override
  public long alarmMillis(GuardState state) {
    return state.schedule.nextMillis();
  }

  /** The limits in force in a pool. */
  GuardPolicy limits(GuardState state, long nowMillis) {
    GuardPolicy limits = shipped;
    List<PolicyRecord> records =
        state.policies.guardThresholds(Reach.of(null, null, state.pool()), nowMillis);
    if (!records.isEmpty()) {
      Map<String, String> changes = new TreeMap<>();
      for (PolicyRecord record : records) {
        changes.putAll(record.parameters());
      }
      try {
        limits = shipped.with(changes);
      } catch (IllegalArgumentException e) {
        // each record makes sense, together they do not: the widest alone, else the shipped limits
        limits = shipped;
      }
    }
    return limits;
  }

  /** One call of the arbiter. */
  private final class Turn {

    private final GuardState state;
    private final long now;
    private final Consumer<GuardOutput> voice;
    private GuardPolicy limits;

    Turn(GuardState state, long now, Consumer<GuardOutput> listener) {
      this.state = state;
      this.now = now;
      // a guard that a younger one has followed says nothing more
      this.voice =
          output -> {
            if (!state.superseded) {
              listener.accept(output);
            }
          };
      this.limits = limits(state, now);
    }

    void take(GuardInput event) {
      if (event instanceof GuardInput.Started started) {
        start(started.incarnation());
      } else if (event instanceof GuardInput.PoliciesChanged changed) {
        policies(changed.policies());
      } else if (event instanceof GuardInput.AdmissionRead read) {
        fold(read.admission());
      } else if (event instanceof GuardInput.IncidentChanged changed) {
        incident(changed.incident());
      } else if (event instanceof GuardInput.Proposed proposed) {
        if (proposed.proposal().decider().equals(Proposer.DECIDER)) {
          // its own, read back
          return;
        }
        long lag = Math.max(0, now - proposed.proposal().timeMillis());
        state.inputLag(lag);
        submit(proposed.proposal(), lag);
      } else if (event instanceof GuardInput.MemberChanged changed) {
        member(changed);
      } else if (event instanceof GuardInput.MemberLeft left) {
        state.forget(left.member());
        ShadowNeeds.lookAtThoseOf(state, limits, left.member(), now);
        judgeStorm();
      } else if (event instanceof GuardInput.RiskChanged risk) {
        risk(risk);
      } else if (event instanceof GuardInput.ZoneChanged changed) {
        state.zone(changed.zone(), changed.members());
      } else if (event instanceof GuardInput.UnitChanged unit) {
        unit(unit);
      } else if (event instanceof GuardInput.UnitLeft left) {
        state.forgetUnit(left.unit());
        ShadowNeeds.look(state, limits, left.unit(), now);
      } else if (event instanceof GuardInput.ActEnded ended) {
        actEnded(ended);
      } else if (event instanceof GuardInput.ModelPublished published) {
        state.model(published);
      }
    }

    void finish() {
      if (!state.pool().isEmpty() && !state.superseded) {
        ShadowNeeds.tell(state, limits, now, this::incident);
        state.schedule.at(SHADOW_DUE, ShadowNeeds.edgeMillis(state, limits, now));
      }
      boolean silent = state.pool().isEmpty() || state.incarnation == null;
      if (!silent && !state.announced && !state.superseded && state.hasRows()) {
        announce();
      }
      boolean cancels = !state.held().isEmpty() && state.policies.hasCancels();
      boolean windows = state.policies.hasEvacuations();
      boolean timeMatters = state.ready && (!state.waiting().isEmpty() || cancels || windows);
      Long edge = timeMatters ? state.policies.nextEdgeMillis(now) : null;
      long due = edge == null ? NO_ALARM : edge;
      if (timeMatters && state.policies.approvesByTheHour()) {
        due = Math.min(due, (Math.floorDiv(now, HOUR_MILLIS) + 1) * HOUR_MILLIS);
      }
      state.schedule.at(EDGE_DUE, due);
      if (state.ready || state.superseded || state.pool().isEmpty()) {
        state.schedule.off(START_DUE);
      }
    }

    // ------------------------------------------------------------------ start

    private void start(String incarnation) {
      state.incarnation = incarnation;
      state.startedMillis = now;
      state.announced = false;
      state.startedRead = false;
      state.ready = false;
      state.superseded = false;
    }

    /** Says that a guard has started, once there is something in the pool to guard. */
    private void announce() {
      String incarnation = state.incarnation;
      if (incarnation == null) {
        return;
      }
      state.announced = true;
      if (!state.startedRead) {
        voice.accept(new GuardOutput.Logged(startedRecord(incarnation)));
      }
      if (!state.policies.syncedWith(incarnation)) {
        voice.accept(new GuardOutput.Synced(incarnation, state.pool()));
      }
      state.schedule.at(START_DUE, now + RESEND_MILLIS);
    }

    private Admission startedRecord(String incarnation) {
      return new Admission(
          incarnation,
          1,
          Admission.State.STARTED,
          "",
          ActKind.UNKNOWN,
          new Subject(Subject.Kind.POOL, state.pool()),
          state.pool(),
          null,
          false,
          List.of(),
          null,
          null,
          List.of(),
          0,
          now,
          now,
          now,
          now,
          "A guard has started.",
          Map.of());
    }

    private void policies(PolicySet policies) {
      state.policies = policies;
      limits = limits(state, now);
      ShadowNeeds.lookAtAll(state, limits, now);
      if (!state.ready) {
        becomeReady();
        return;
      }
      cancels();
      judgeStorm();
      evacuate();
      askWaiting(true);
    }

    /** Windows that want their node evacuated ask for acts as incidents do. */
    private void evacuate() {
      if (state.ready && !state.pool().isEmpty()) {
        Evacuations.look(state, now, this::incident);
      }
    }

    private void becomeReady() {
      String incarnation = state.incarnation;
      if (state.ready
          || incarnation == null
          || !state.startedRead
          || !state.policies.syncedWith(incarnation)) {
        return;
      }
      state.ready = true;
      // what was on its way before this start and is not in the log never was
      for (Held held : List.copyOf(state.held())) {
        if (!held.counted()) {
          giveUp(held);
        } else if (held.ending() != null) {
          send(held, held.ending());
        }
      }
      cancels();
      judgeStorm();
      evacuate();
      for (Tracked incident : List.copyOf(state.tracked())) {
        if (incident.again() != 0 && incident.again() <= now) {
          pursue(incident);
        }
      }
      askWaiting(true);
    }

    // -------------------------------------------------------------- the fleet

    private void member(GuardInput.MemberChanged changed) {
      Member before = state.member(changed.member().subject());
      state.put(
          new Member(
              changed.member().subject(),
              changed.member(),
              changed.freeBytes() == null && before != null
                  ? before.freeBytes()
                  : changed.freeBytes(),
              before == null ? null : before.risk(),
              before == null ? 0 : before.riskySinceMillis(),
              changed.level(),
              changed.traits()));
      ShadowNeeds.lookAtThoseOf(state, limits, changed.member().subject(), now);
      judgeStorm();
      if (state.policies.hasEvacuations()) {
        evacuate();
      }
    }

    private void risk(GuardInput.RiskChanged risk) {
      Member before = state.member(risk.entity());
      if (before != null
          && before.risk() != null
          && before.risk().timeMillis() > risk.timeMillis()) {
        return;
      }
      long since = before == null ? 0 : before.riskySinceMillis();
      boolean bad = risk.tier() == Tier.WARNING || risk.tier() == Tier.CRITICAL;
      boolean high = bad || risk.probability() >= limits.minProbability();
      boolean low = !bad && risk.probability() < limits.exitProbability();
      if (high && since == 0) {
        since = Math.max(1, Math.min(now, risk.timeMillis()));
      } else if (low) {
        since = 0;
      }
      state.put(
          new Member(
              risk.entity(),
              before == null ? null : before.member(),
              before == null ? null : before.freeBytes(),
              risk,
              since,
              before == null ? GuardInput.MemberChanged.MAX_LEVEL : before.level(),
              before == null ? NodeTraits.UNKNOWN : before.traits()));
      if (before != null && before.isDescribedNode() && !risk.stale()) {
        state.learnRisk(risk.entity(), risk.timeMillis(), risk.probability());
      }
      ShadowNeeds.lookAtThoseOf(state, limits, risk.entity(), now);
      if (!risk.stale()) {
        state.sampled(risk.timeMillis());
        state.inputLag(now - risk.timeMillis());
      }
      judgeStorm();
    }

    private void unit(GuardInput.UnitChanged unit) {
      GuardInput.UnitChanged before = state.unit(unit.unit());
      int building = state.unitsBuilding().size();
      if (unit.copies().isEmpty()) {
        state.forgetUnit(unit.unit());
      } else if (before == null || before.epoch() <= unit.epoch()) {
        state.put(unit);
      }
      ShadowNeeds.look(state, limits, unit.unit(), now);
      if (state.unitsBuilding().size() < building) {
        state.allAskingsChanged();
      }
      boolean followed = before != null && !before.shadowsInSync().equals(unit.shadowsInSync());
      if (followed && state.ready) {
        // what an incident asks for may be less now: its shadow is there
        for (Tracked incident : List.copyOf(state.tracked())) {
          if (unit.owner().equals(incident.host())) {
            pursue(incident);
          }
        }
      }
    }

    private void judgeStorm() {
      if (!state.ready) {
        // judged again before anything is admitted
        return;
      }
      if (Storm.judge(state, limits, now, voice)) {
        askWaiting(true);
      }
    }

    // -------------------------------------------------------------- incidents

    private void incident(Incident incident) {
      Tracked before = state.tracked(incident.id());
      boolean ended = incident.state() == Incident.State.RESOLVED;
      if (before != null && before.revision() > incident.revision() && !ended) {
        // a restored correlate counts its revisions anew, but what is over is over
        return;
      }
      // what the plan asks for is as old as what was heard last
      boolean planned = incident.rule().equals(ShadowNeeds.RULE);
      long lag = planned ? state.inputLagMillis() : Math.max(0, now - incident.updatedMillis());
      state.inputLag(lag);
      boolean over = incident.state() == Incident.State.RESOLVED;
      if (over || incident.inhibitedBy() != null || !incident.recommendation().touchesData()) {
        if (before != null) {
          String why = over ? "The incident is over." : "The incident asks for nothing any more.";
          supersede(before.proposal(), why);
          state.forgetTracked(incident.id());
        }
        return;
      }
      Tracked tracked = Tracked.of(incident, before, lag);
      if (before == null && !incident.predicted() && !planned) {
        learnFailure(tracked);
      }
      if (state.ready || state.pool().isEmpty()) {
        state.put(tracked);
        pursue(tracked);
      } else {
        state.put(tracked.againAt(now));
      }
    }

    /** A failure that has happened teaches which nodes fail together. */
    private void learnFailure(Tracked incident) {
      Member failed = incident.host() == null ? null : state.member(incident.host());
      boolean fails = incident.severity().compareTo(limits.failoverSeverity()) >= 0;
      if (failed != null && failed.isDescribedNode() && fails) {
        state.learnFailure(failed, incident.openedMillis());
      }
    }

    /** Proposes what the incident asks for, when that is not proposed already. */
    private void pursue(Tracked incident) {
      Proposer.Wish wish = Proposer.wish(state, limits, incident, now);
      if (wish == null) {
        if (incident.again() != 0 && incident.again() <= now) {
          // nothing to wish for now: asked again later, in memory as after a restore
          state.put(incident.againAt(now + limits.retryMillis()));
        }
        return;
      }
      boolean same = wish.matter().equals(incident.matter());
      if (state.actedOn(wish.matter())) {
        state.put(incident.proposed(wish.matter(), incident.attempt(), incident.proposal()));
        sayAgain(wish.matter());
        return;
      }
      boolean again = same && incident.again() != 0 && incident.again() <= now;
      // units come and go in the plan: what was refused just now is thought over when it is time
      boolean refused = incident.again() > now && incident.rule().equals(ShadowNeeds.RULE);
      if ((same && !again) || refused) {
        return;
      }
      if (!same) {
        supersede(incident.proposal(), "The incident changed.");
      }
      int attempt = same ? incident.attempt() + 1 : 1;
      Proposal proposal = Proposer.propose(state, limits, incident, wish, attempt, now);
      state.put(incident.proposed(wish.matter(), attempt, proposal.id()));
      voice.accept(new GuardOutput.Made(proposal));
      boolean first = attempt == 1;
      submit(proposal, first ? incident.lagMillis() : state.inputLagMillis());
    }

    private void supersede(String proposal, String why) {
      Waiting waiting = state.waiting(proposal);
      if (waiting != null && state.heldForProposal(proposal) == null) {
        refuse(waiting, DecisionCode.SUPERSEDED, why);
      }
    }

    /** Says the decision of an act that only the log told of, now that its incident is known. */
    private void sayAgain(String matter) {
      for (Held held : List.copyOf(state.held())) {
        boolean same = matter.equals(held.admission().parameters().get(Proposer.MATTER));
        if (same && held.counted() && !held.said()) {
          sayAdmitted(held);
        }
      }
    }

    // -------------------------------------------------------------- proposals

    private void submit(Proposal proposal, long lagMillis) {
      if (state.waiting(proposal.id()) != null || state.isDecided(proposal.id())) {
        return;
      }
      Held held = state.heldForProposal(proposal.id());
      if (held != null) {
        if (held.counted() && !held.said()) {
          sayAdmitted(held);
        }
        return;
      }
      if (state.pastForProposal(proposal.id()) != null) {
        return;
      }
      long due = Math.max(now, proposal.expiresMillis());
      Waiting waiting =
          new Waiting(proposal, state.nextArrival(), lagMillis, Waiting.Reason.TURN, due);
      if (state.ready || state.pool().isEmpty()) {
        judge(waiting);
      } else {
        enqueue(waiting);
      }
    }

    private void enqueue(Waiting waiting) {
      state.put(waiting);
      if (state.waiting().size() > GuardState.MAX_WAITING) {
        refuse(
            state.waiting().iterator().next(),
            DecisionCode.SUPERSEDED,
            "More than " + GuardState.MAX_WAITING + " proposals wait; the oldest gives way.");
      }
    }

    /** Asks those that wait again: all of them, or only those whose turn may have come. */
    private void askWaiting(boolean all) {
      if (!state.ready) {
        return;
      }
      List<Waiting> order = new ArrayList<>(state.waiting());
      order.sort(
          Comparator.comparingInt((Waiting w) -> w.proposal().priority())
              .reversed()
              .thenComparingLong(Waiting::arrival));
      for (Waiting waiting : order) {
        boolean still = state.waiting(waiting.proposal().id()) != null;
        if (still && (all || waiting.reason() == Waiting.Reason.TURN)) {
          judge(waiting);
        }
      }
    }

    private void judge(Waiting waiting) {
      Proposal proposal = waiting.proposal();
      Storm.judge(state, limits, now, voice);
      Question q = new Question(state, limits, proposal, now, waiting.lagMillis());
      List<GuardResult> results = GuardChecks.ask(q);
      GuardResult first = null;
      GuardResult dwell = null;
      GuardResult mode = null;
      GuardResult approval = null;
      boolean onlyForms = true;
      for (GuardResult result : results) {
        if (result.passed()) {
          continue;
        }
        first = first == null ? result : first;
        switch (result.guard()) {
          case GuardChecks.DWELL_NAME -> dwell = result;
          case GuardChecks.MODE -> mode = result;
          case GuardChecks.APPROVAL -> approval = result;
          default -> onlyForms = false;
        }
      }
      if (!onlyForms && first != null && makesWay(waiting, results, q)) {
        enqueue(
            new Waiting(
                proposal,
                waiting.arrival(),
                waiting.lagMillis(),
                Waiting.Reason.TURN,
                Math.max(now + 1, proposal.expiresMillis())));
      } else if (!onlyForms && first != null) {
        end(waiting, Outcome.REFUSED, first.code(), first.text(), results, q);
      } else if (dwell != null) {
        Long since = GuardChecks.riskSince(q);
        long until = (since == null ? now : since) + limits.dwellMillis();
        waitFor(waiting, Waiting.Reason.DWELL, Math.max(now + 1, until), dwell, results, q);
      } else if (mode != null) {
        end(waiting, Outcome.ADVISED, DecisionCode.ADVISE_MODE, mode.text(), results, q);
      } else if (approval != null) {
        waitFor(waiting, Waiting.Reason.APPROVAL, proposal.expiresMillis(), approval, results, q);
      } else if (state.onItsWay() != null) {
        Waiting turn =
            new Waiting(
                proposal,
                waiting.arrival(),
                waiting.lagMillis(),
                Waiting.Reason.TURN,
                Math.max(now + 1, proposal.expiresMillis()));
        enqueue(turn);
      } else {
        admit(waiting, results, q);
      }
    }

    /**
     * True when only shadows that are being built or given up stand in the way of a takeover: they
     * give way to it, for they can begin again, and it cannot wait.
     */
    private boolean makesWay(Waiting waiting, List<GuardResult> results, Question q) {
      if (q.act() != ActKind.FAILOVER && q.act() != ActKind.SWITCHOVER) {
        return false;
      }
      boolean budget = false;
      for (GuardResult result : results) {
        if (!result.passed()) {
          boolean locks = result.guard().equals(GuardChecks.UNIT_LOCKS);
          budget |= result.guard().equals(GuardChecks.BUDGET);
          if (!locks && !result.guard().equals(GuardChecks.BUDGET)) {
            return false;
          }
        }
      }
      Proposal proposal = waiting.proposal();
      Map<String, Held> yielding = new TreeMap<>();
      for (String key : Held.locks(proposal.units(), proposal.subject())) {
        String owner = state.lockOwner(key);
        Held held = owner == null ? null : state.held(owner);
        if (owner != null && (held == null || !gives(held))) {
          return false;
        }
        if (held != null) {
          yielding.put(held.id(), held);
        }
      }
      if (budget) {
        List<Held> newest = new ArrayList<>(state.held());
        newest.sort(
            Comparator.comparingLong((Held held) -> held.admission().sequence()).reversed());
        for (Held held : newest) {
          if (!Budgets.haveRoomWithout(q, yielding.keySet()) && gives(held)) {
            yielding.put(held.id(), held);
          }
        }
        if (!Budgets.haveRoomWithout(q, yielding.keySet())) {
          return false;
        }
      }
      for (Held held : yielding.values()) {
        if (held.counted()) {
          terminate(
              held,
              Admission.State.GIVEN_BACK,
              "It gives way to the " + q.act() + " of " + proposal.subject() + ".");
        }
      }
      return true;
    }

    private static boolean gives(Held held) {
      ActKind act = held.admission().act();
      return act == ActKind.SHADOW || act == ActKind.RETIRE_SHADOW;
    }

    private void waitFor(
        Waiting waiting,
        Waiting.Reason reason,
        long untilMillis,
        GuardResult why,
        List<GuardResult> results,
        Question q) {
      boolean known = waiting.reason() == reason;
      long due = Math.max(now + 1, Math.min(untilMillis, waiting.proposal().expiresMillis()));
      enqueue(new Waiting(waiting.proposal(), waiting.arrival(), waiting.lagMillis(), reason, due));
      if (!known) {
        say(waiting.proposal(), Outcome.WAITING, why.code(), why.text(), results, q, null);
      }
    }

    private void refuse(Waiting waiting, DecisionCode code, String why) {
      Question q = new Question(state, limits, waiting.proposal(), now, waiting.lagMillis());
      List<GuardResult> results = List.of(GuardChecks.no("turn", code, why));
      end(waiting, Outcome.REFUSED, code, why, results, q);
    }

    /** Ends a proposal without an admission. */
    private void end(
        Waiting waiting,
        Outcome outcome,
        DecisionCode code,
        String text,
        List<GuardResult> results,
        Question q) {
      Proposal proposal = waiting.proposal();
      state.forget(waiting);
      say(proposal, outcome, code, text, results, q, null);
      String incident = proposal.incident();
      Tracked tracked = incident == null ? null : state.tracked(incident);
      boolean own = proposal.decider().equals(Proposer.DECIDER);
      if (!own) {
        long most = now + GuardChecks.MAX_VALIDITY_MILLIS;
        state.decided(
            proposal.id(), Math.max(now + HOUR_MILLIS, Math.min(most, proposal.expiresMillis())));
      } else if (tracked != null
          && tracked.proposal().equals(proposal.id())
          && outcome == Outcome.REFUSED
          && PASSING.contains(code)
          && tracked.attempt() < limits.maxAttempts()) {
        long pause = limits.retryMillis() << Math.min(16, tracked.attempt() - 1);
        state.put(tracked.againAt(now + pause));
      }
    }

    private void say(
        Proposal proposal,
        Outcome outcome,
        DecisionCode code,
        String text,
        List<GuardResult> results,
        Question q,
        @Nullable Held held) {
      PolicyRecord approval =
          outcome == Outcome.ADMITTED ? null : q.policies.approval(proposal, q.reach, now);
      boolean acting =
          proposal.act().touchesData() && q.policies.acts(proposal.act(), q.reach, now);
      String owner = null;
      if (code == DecisionCode.UNIT_LOCKED) {
        for (String key : Held.locks(proposal.units(), proposal.subject())) {
          owner = owner == null ? state.lockOwner(key) : owner;
        }
      }
      voice.accept(
          new GuardOutput.Decided(
              new GuardDecision(
                  Ids.of("d-", proposal.id(), outcome.name(), code.name()),
                  proposal,
                  outcome,
                  code,
                  text,
                  results,
                  owner,
                  held == null ? null : held.id(),
                  state.policies.version(),
                  acting,
                  held != null
                      ? held.approvedBy()
                      : approval == null ? null : approval.author() + " (" + approval.key() + ")",
                  q.lagMillis,
                  now)));
    }

    // ------------------------------------------------------------- admissions

    private void admit(Waiting waiting, List<GuardResult> results, Question q) {
      Proposal p = waiting.proposal();
      long sequence = state.sequence() + 1;
      String id = Ids.of("a-", p.id(), Long.toString(sequence));
      PolicyRecord approval =
          q.policies.needsApproval(p.act(), q.reach, now)
              ? q.policies.approval(p, q.reach, now)
              : null;
      Admission admission =
          new Admission(
              id,
              1,
              Admission.State.ADMITTED,
              p.id(),
              p.act(),
              p.subject(),
              state.pool(),
              Budgets.zoneOf(q),
              q.isPredicted(),
              p.units(),
              p.source(),
              p.target(),
              Budgets.shares(q),
              sequence,
              now,
              now,
              now + limits.admissionMillis(),
              now,
              "Admitted: " + p.reason(),
              p.parameters());
      state.forget(waiting);
      Held held =
          new Held(
              admission,
              false,
              p,
              results,
              approval == null ? null : approval.author() + " (" + approval.key() + ")",
              waiting.lagMillis(),
              false,
              null,
              now + RESEND_MILLIS);
      state.put(held);
      voice.accept(new GuardOutput.Logged(admission));
    }

    /** Takes a tentative admission back: its proposal is asked again. */
    private void giveUp(Held held) {
      state.release(held);
      Proposal proposal = held.proposal();
      if (proposal != null) {
        enqueue(
            new Waiting(
                proposal,
                state.nextArrival(),
                held.lagMillis(),
                Waiting.Reason.TURN,
                Math.max(now + 1, proposal.expiresMillis())));
      }
    }

    private void fold(Admission read) {
      if (!read.pool().equals(state.pool())) {
        return;
      }
      switch (read.state()) {
        case STARTED -> startedRead(read.id(), read.timeMillis());
        case ADMITTED -> admitted(read);
        default -> ended(read);
      }
    }

    private void startedRead(String incarnation, long timeMillis) {
      boolean known = state.knewIncarnation(incarnation);
      if (incarnation.equals(state.incarnation)) {
        state.startedRead = true;
        becomeReady();
      } else if (state.startedRead && !known && timeMillis >= state.startedMillis) {
        // neither a repeat of an older guard's mark nor one that arrives late is a younger guard
        state.superseded = true;
        state.ready = false;
      }
    }

    private void admitted(Admission read) {
      if (!read.countsAfter(state.sequence())) {
        // void: its number is taken, or what came before it is missing
        return;
      }
      Held own = state.held(read.id());
      Held onItsWay = state.onItsWay();
      state.sequence(read.sequence());
      if (onItsWay != null && !onItsWay.id().equals(read.id())) {
        giveUp(onItsWay);
      }
      Waiting waiting = state.waiting(read.proposal());
      if (waiting != null) {
        state.forget(waiting);
      }
      if (own == null) {
        own =
            new Held(
                read,
                false,
                waiting == null ? null : waiting.proposal(),
                List.of(GuardChecks.yes("log", "The log holds its admission.")),
                null,
                waiting == null ? 0 : waiting.lagMillis(),
                false,
                null,
                0);
      }
      Held counted = own.counts(own.said());
      state.put(counted);
      if (counted.proposal() != null) {
        counted = sayAdmitted(counted);
      }
      GuardState.EarlyEnd early = state.earlyEnd(read.id());
      if (early != null) {
        state.forgetEarlyEnd(read.id());
        terminate(counted, early.state(), early.text());
      }
      if (state.ready) {
        cancels();
        askWaiting(false);
      }
    }

    private Held sayAdmitted(Held held) {
      Proposal proposal = held.proposal() == null ? rebuilt(held.admission()) : held.proposal();
      Question q = new Question(state, limits, proposal, now, held.lagMillis());
      say(
          proposal,
          Outcome.ADMITTED,
          DecisionCode.OK,
          DecisionCode.OK.sentence(),
          held.guards(),
          q,
          held);
      Held said = held.saidNow();
      state.put(said);
      return said;
    }

    private void ended(Admission read) {
      Held held = state.held(read.id());
      if (held == null || !held.counted() || read.revision() <= held.admission().revision()) {
        return;
      }
      if (!held.said()) {
        // whoever wrote it may have died before its decision was heard
        held = sayAdmitted(held);
      }
      state.release(held);
      ActKind act = held.admission().act();
      if (read.state() == Admission.State.DONE
          && (act == ActKind.SHADOW || act == ActKind.RETIRE_SHADOW)) {
        ShadowNeeds.served(state, limits, held.admission(), now);
      }
      // its units are free again, and there may be room for others
      state.allAskingsChanged();
      boolean again = asksAgain(held.admission(), read.state());
      if (read.timeMillis() + PAST_MILLIS > now) {
        Past past = Past.of(held.admission(), read.timeMillis());
        state.put(again ? past.forAnotherTry() : past, read.timeMillis() + PAST_MILLIS);
      }
      DecisionCode code =
          switch (read.state()) {
            case DONE -> DecisionCode.COMPLETED;
            case GIVEN_BACK -> DecisionCode.GIVEN_BACK;
            case CANCELLED -> DecisionCode.CANCELLED;
            default -> DecisionCode.EXPIRED;
          };
      Proposal proposal = held.proposal() == null ? rebuilt(held.admission()) : held.proposal();
      Question q = new Question(state, limits, proposal, now, held.lagMillis());
      say(proposal, Outcome.ENDED, code, read.text(), held.guards(), q, held);
      if (again) {
        tryAgain(held.admission(), read.state());
      }
      askWaiting(false);
    }

    /** True when an act ended and its incident, open still, asks for another. */
    private boolean asksAgain(Admission a, Admission.State end) {
      String id = a.parameters().get(Proposer.INCIDENT);
      Tracked incident = id == null ? null : state.tracked(id);
      if (incident == null || incident.attempt() >= limits.maxAttempts()) {
        return false;
      }
      return switch (end) {
        case GIVEN_BACK, EXPIRED -> true;
        // one target seldom holds copies of all that an owner has
        case DONE ->
            (Question.handsOver(a.act(), !a.units().isEmpty()) || a.act() == ActKind.SWITCHOVER)
                && Proposer.leaves(state, incident, a.units());
        default -> false;
      };
    }

    private void tryAgain(Admission a, Admission.State end) {
      String id = a.parameters().get(Proposer.INCIDENT);
      Tracked incident = id == null ? null : state.tracked(id);
      if (incident != null) {
        // the rest of what an act began is not put off; what could not be done is, a little longer
        // each time
        long pause = end == Admission.State.DONE ? 1 : 1_000L << Math.min(10, incident.attempt());
        state.put(incident.againAt(now + Math.min(limits.retryMillis(), pause)));
      }
    }

    private void actEnded(GuardInput.ActEnded ended) {
      boolean terminal =
          ended.state() != Admission.State.ADMITTED && ended.state() != Admission.State.STARTED;
      if (!terminal || state.past(ended.admission()) != null) {
        return;
      }
      Held held = state.held(ended.admission());
      if (held != null && held.counted()) {
        terminate(held, ended.state(), ended.text());
      } else {
        state.put(
            new GuardState.EarlyEnd(ended.admission(), ended.state(), ended.text(), now),
            now + PAST_MILLIS);
      }
    }

    /** Writes the end of an act; it holds its locks and budget until that was read back. */
    private void terminate(Held held, Admission.State end, String text) {
      if (held.ending() != null) {
        return;
      }
      Admission a = held.admission();
      Admission terminal =
          new Admission(
              a.id(),
              a.revision() + 1,
              end,
              a.proposal(),
              a.act(),
              a.subject(),
              a.pool(),
              a.zone(),
              a.predicted(),
              a.units(),
              a.source(),
              a.target(),
              a.budget(),
              a.sequence(),
              a.issuedMillis(),
              a.notBeforeMillis(),
              a.expiresMillis(),
              now,
              text,
              a.parameters());
      Held ending = held.ends(terminal);
      state.put(ending);
      if (state.ready) {
        send(ending, terminal);
      }
    }

    private void send(Held held, Admission record) {
      state.put(held.sentAgainAt(now + RESEND_MILLIS));
      voice.accept(new GuardOutput.Logged(record));
    }

    private void cancels() {
      if (!state.ready || !state.policies.hasCancels()) {
        return;
      }
      for (Held held : List.copyOf(state.held())) {
        PolicyRecord cancel = state.policies.cancelOfAdmission(held.id(), now);
        if (cancel != null && held.counted() && held.ending() == null) {
          terminate(
              held,
              Admission.State.CANCELLED,
              cancel.author() + " cancelled it: " + cancel.reason());
        }
      }
    }

    /** What is known of the proposal of an admission that only the log told of. */
    private Proposal rebuilt(Admission a) {
      return new Proposal(
          a.proposal(),
          a.act(),
          a.subject(),
          a.pool(),
          a.zone(),
          a.units(),
          a.source(),
          a.target(),
          List.of(),
          Proposer.DECIDER,
          a.text(),
          List.of(
              new Proposal.InputValue(
                  "sequence",
                  (double) a.sequence(),
                  "Number of the admission in the log, which alone tells of it.")),
          a.parameters().get(Proposer.INCIDENT),
          null,
          null,
          null,
          null,
          1,
          a.predicted() ? 1 : 0,
          1,
          0,
          0,
          0,
          a.issuedMillis(),
          a.expiresMillis(),
          Proposal.LIVE,
          a.parameters());
    }

    // ------------------------------------------------------------------- wake

    void wake() {
      boolean askAll = false;
      for (String due : state.schedule.takeDue(now)) {
        if (due.equals(START_DUE)) {
          if (!state.ready && !state.superseded) {
            announce();
          }
        } else if (due.equals(EDGE_DUE)) {
          cancels();
          evacuate();
          askAll = true;
        } else if (due.equals(SHADOW_DUE)) {
          ShadowNeeds.lookAtAll(state, limits, now);
        } else if (due.charAt(0) == '~') {
          judgeStorm();
        } else {
          wakeRow(due.charAt(0), due.substring(2));
        }
      }
      if (askAll) {
        judgeStorm();
        askWaiting(true);
      }
    }

    private void wakeRow(char row, String id) {
      switch (row) {
        case 'm' -> {
          Member member = state.member(Subject.parse(id));
          if (member != null && member.member() == null) {
            state.forget(member.subject());
          }
        }
        case 't' -> state.forgetTracked(id);
        case 'r' -> state.forgetPast(id);
        case 'e' -> state.forgetEarlyEnd(id);
        case 'd' -> state.forgetDecided(id);
        case 'w' -> wakeWaiting(Long.parseLong(id));
        case 's' -> {
          ShadowNeeds.look(state, limits, id, now);
          state.askingChanged(id);
        }
        case 'a' -> {
          Held held = state.held(id);
          if (held != null && state.ready) {
            send(held, held.counted() && held.ending() != null ? held.ending() : held.admission());
          }
        }
        case 'i' -> {
          Tracked incident = state.tracked(id);
          if (incident != null && (state.ready || state.pool().isEmpty())) {
            pursue(incident);
          }
        }
        default -> {}
      }
    }

    private void wakeWaiting(long arrival) {
      Waiting waiting = state.waitingAt(arrival);
      if (waiting != null && (state.ready || state.pool().isEmpty())) {
        judge(waiting);
      }
    }
  }
}
