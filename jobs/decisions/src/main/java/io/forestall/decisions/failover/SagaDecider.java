package io.forestall.decisions.failover;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Ids;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what the guard admitted (C1 to C6, E7, E8, G11, G13): one saga for each admitted act,
 * all of one pool in one state, beside the pool's fold of the ownership log and its maps.
 *
 * <pre>
 * ADMITTED -> CHECKING -> INSTRUCTED -> FENCED -> DRAINED -> PROMOTED -> MAPPED -> CONFIRMED
 *                 \            \          no way back from here: completed, or reported
 *                  +------------+--> GIVEN_BACK
 * </pre>
 *
 * <ul>
 *   <li>CHECKING, all within {@code checkMillis}: PROBE to target, source and the other holders.
 *       Connectivity: the target answers. Consistency: its applied sequence and checksum of each
 *       unit agree with what others say at the same sequence, its lag is bounded. Resources: free
 *       space, not critical, not left. For an unplanned act also: {@code witnesses} different nodes
 *       say UNREACHABLE of the source, while they themselves answer now. When one of them reaches
 *       it, the source's own answer is the sign of life that counts: an answer that it serves gives
 *       the act back; a source that has answered nothing by the end of {@code checkMillis}, while
 *       {@code witnesses} others do, is cut off from the logs, so it can neither acknowledge a
 *       write nor renew its lease, and is replaced. Silence of all is nobody's death.
 *   <li>INSTRUCTED: PREPARE to the target, and where the source answers writes before they are in
 *       the log also to the source, which says DONE once they are; a switchover or migration is
 *       given back when it does not. REDIRECT to the clients that the probes named, then PROMOTE to
 *       the target and DEMOTE to the source. Asked again at most {@code stepAttempts} times; no
 *       answer means that the outcome is unknown: the ownership log is what tells. Only a CANCEL
 *       that the target acked, or the expiry of the admission plus a grace, after which the target
 *       refuses, lets the act be given back.
 *   <li>FENCED: the takeover counts in the ownership log, whoever said what. From here on no brake
 *       applies: PROMOTE is asked for again until DONE or until the target is known to be dead, or
 *       to be cut off from the logs as above, when the act ends and the units' next failover is a
 *       new act.
 *   <li>MAPPED: the new maps were read back. CONFIRMED: a PROBE says the target serves. The act
 *       ends DONE.
 *   <li>A map is written whenever the fold changed, also without a saga; a copy on a former owner
 *       stays a copy. A new owner or epoch goes out at once; what else changed goes with it, or
 *       {@code MAP_DELAY_MILLIS} later, so that an act over many volumes waits for one map of each.
 *   <li>A copy that the map says has to catch up is asked about until its node follows, whoever
 *       owns the unit by then; only then it counts as one in sync.
 *   <li>Failback is proposed, never begun: after {@code failbackDwellMillis} in which the former
 *       owner followed all its units. It is asked less and less while it is not well, and once a
 *       failback was proposed.
 *   <li>A shadow is asked for by the map: SHADOW names the target as its holder, and tells it once
 *       the map was read; who feeds it says how far it is, which the map repeats. In sync, the act
 *       is DONE; one that stalls, is refused or is stopped is given back, and what is not in sync
 *       by then goes as if it were retired. RETIRE_SHADOW says in the map that it goes, tells the
 *       node once that was read, and then takes it out of the map; never while an act that is under
 *       way makes that node the owner. Nor is a takeover begun by a shadow that is on its way out.
 *   <li>A switchover states what it costs before it begins: bytes to drain and the pause that is
 *       expected, and is given back above the limits. Once done, the former owner, when it lives,
 *       is the shadow.
 *   <li>Acts without units on nodes of level 1 (DRAIN, RETURN): DRAIN, then LEAVE; or RETURN, each
 *       acked by the node's hooks.
 * </ul>
 *
 * <p>What was admitted before this start waits until the logs were read: until nothing as old was
 * read for {@code stepMillis}. Its end may stand further on, and its takeover in the other log.
 *
 * <p>Rows in a checkpoint: one for each saga, each slice, each node, each unit of the fold.
 */
public final class SagaDecider implements Decider<SagaState, SagaInput, SagaOutput> {

  /** Who proposes a failback. */
  public static final String DECIDER = "failover-saga";

  /** Type of the events that tell of steps. */
  public static final String STEP_EVENT = "saga.step";

  /** Begin of the command of an ack that speaks of a whole act; the admission follows. */
  public static final String ACT_PREFIX = "act/";

  /**
   * How long after it was given a target may begin a takeover; milliseconds. Less than the validity
   * of the admission, so that an act whose target died is given back soon; more than clocks differ.
   */
  static final long PROMISE_MILLIS = 30_000;

  /**
   * How long after that the act is given back without a word of the target; milliseconds. A clock
   * that is wrong by more can let the takeover count after all: that is no harm, for it counts at
   * one epoch only, and whatever was admitted for that epoch since is void.
   */
  static final long GRACE_MILLIS = 15_000;

  /** After how long an end, or a map, that was not read back is said again; milliseconds. */
  static final long RESEND_MILLIS = 30_000;

  /** Longest time that acts from before a start wait for the logs to be read; milliseconds. */
  static final long MAX_READING_MILLIS = 120_000;

  /** How long a map may wait that says nothing new of owners and epochs; milliseconds. */
  static final long MAP_DELAY_MILLIS = 3_000;

  /** How often the hook of a node of level 1 that is at work is asked how it goes; milliseconds. */
  static final long HOOK_MILLIS = 60_000;

  /** Longest work of a hook; milliseconds. */
  static final long MAX_HOOK_MILLIS = 24L * 3_600_000;

  /** Longest time past the fence until the act is reported as not confirmed; milliseconds. */
  static final long MAX_COMPLETION_MILLIS = 120_000;

  /**
   * Longest time between two questions to a former owner, unless its dwell is long; milliseconds.
   */
  static final long MAX_WATCH_MILLIS = 30_000;

  /**
   * Shortest and longest time between two questions to a node whose copies have to catch up;
   * milliseconds.
   */
  static final long CATCH_UP_MILLIS = 1_000;

  static final long MAX_CATCH_UP_MILLIS = 10_000;

  /** Attempts that a node which answers is taken to have had: asked each 2 s then; count. */
  private static final int LIVING_ATTEMPTS = 1;

  /** Most units of one such question; the others follow with the next; count. */
  static final int MAX_CATCH_UP_UNITS = 1_024;

  /** Most nodes that are asked in one check; count. */
  static final int MAX_PROBED = 8;

  /** Most clients that are told in one act; count. */
  static final int MAX_CLIENTS = 256;

  /** How often a failback is proposed for one act; count. */
  static final int MAX_FAILBACK_PROPOSALS = 5;

  /** Level of the contract from which on a node can own units. */
  static final int OWNING_LEVEL = 2;

  /** Refusals of a takeover that may pass while it is asked for again. */
  private static final Set<CommandAck.Code> PASSING =
      EnumSet.of(
          CommandAck.Code.BUSY,
          CommandAck.Code.TOO_EARLY,
          CommandAck.Code.UNKNOWN_KEY,
          CommandAck.Code.TOO_SLOW);

  private final SagaPolicy policy;

  /** A decider with these limits. */
  public SagaDecider(SagaPolicy policy) {
    this.policy = policy;
  }

  @Override
  public SagaState empty(String key) {
    return new SagaState(key);
  }

  @Override
  public void decide(
      SagaState state, SagaInput event, long nowMillis, Consumer<SagaOutput> decisions) {
    new Turn(state, nowMillis, decisions).take(event);
  }

  @Override
  public void wake(SagaState state, long nowMillis, Consumer<SagaOutput> decisions) {
    new Turn(state, nowMillis, decisions).wake();
  }

  @Override
  public long alarmMillis(SagaState state) {
    return state.schedule.nextMillis();
  }

  /** How the units of an act stand in the ownership log; counts. */
  private record Standing(int taken, int lost, int open) {}

  /** One call of the decider. */
  private final class Turn {

    private final SagaState state;
    private final long now;
    private final Consumer<SagaOutput> voice;

    Turn(SagaState state, long now, Consumer<SagaOutput> voice) {
      this.state = state;
      this.now = now;
      this.voice = voice;
    }

    void take(SagaInput event) {
      if (event instanceof SagaInput.Started) {
        started();
      } else if (event instanceof SagaInput.AdmissionRead read) {
        admission(read.admission());
      } else if (event instanceof SagaInput.Acked acked) {
        acked(acked.ack());
      } else if (event instanceof SagaInput.OwnershipRead read) {
        ownership(read.offset(), read.entry());
      } else if (event instanceof SagaInput.MapRead read) {
        map(read.slice());
      } else if (event instanceof SagaInput.NodeDescribed node) {
        SagaState.Node before = state.node(node.node());
        boolean critical = before != null && before.critical();
        Long free =
            node.freeBytes() == null && before != null ? before.freeBytes() : node.freeBytes();
        state.put(new SagaState.Node(node.node(), node.level(), free, critical));
        CatchUp catchUp = state.catchUp(node.node());
        if (catchUp != null) {
          // it speaks: it may have come back
          catchUp.attempts = 0;
          state.schedule.at(SagaState.CATCH_UP_DUE + node.node(), now);
        }
      } else if (event instanceof SagaInput.NodeRisk risk) {
        risk(risk);
      } else if (event instanceof SagaInput.Halted halted) {
        halted(halted.halted());
      } else if (event instanceof SagaInput.NodeLeft left) {
        left(left.node());
      } else if (event instanceof SagaInput.ShadowStood stood) {
        stood(stood.standing());
      } else if (event instanceof SagaInput.SliceLeft left) {
        forgetSlice(SagaState.key(left.volume(), left.slice()));
      }
    }

    void wake() {
      for (String due : state.schedule.takeDue(now)) {
        String id = due.substring(2);
        if (due.equals(SagaState.MAPS_DUE)) {
          for (String key : state.takeLaterMaps()) {
            refold(key, Map.of(), true, false);
          }
        } else if (due.charAt(0) == 's') {
          Saga saga = state.saga(id);
          if (saga != null) {
            saga.dueMillis = NO_ALARM;
            due(saga);
            keep(saga);
          }
        } else if (due.startsWith(SagaState.CATCH_UP_DUE)) {
          CatchUp catchUp = state.catchUp(Subject.parse(id));
          if (catchUp != null) {
            askToFollow(catchUp);
          }
        } else {
          Watch watch = state.watches().get(id);
          if (watch != null) {
            watched(watch);
          }
        }
      }
    }

    // ------------------------------------------------------------------ start

    /** What was said since the checkpoint is not known: everything open is asked about again. */
    private void started() {
      state.startedMillis = now;
      state.readingMillis = now;
      for (Saga saga : List.copyOf(state.sagas().values())) {
        saga.forgetAnswers();
        if (saga.step != Saga.Step.ENDED) {
          saga.mayBeInstructed = true;
          saga.promisedMillis = Math.max(saga.promisedMillis, promise(saga));
        }
        if (isOfShadows(saga.admission) && saga.step != Saga.Step.ENDED) {
          // what an earlier run did since, and what was admitted after it, is to be known first
          saga.awaitsLogs = true;
          saga.dueMillis = readMillis();
        } else if (saga.step.isBeforeInstruction() || saga.step == Saga.Step.INSTRUCTED) {
          // an instruction is not given anew before the target has answered a question: what an
          // earlier run said of the whole act stands before that answer, in the same partition
          check(saga);
          logMoved(saga);
        } else {
          due(saga);
        }
        keep(saga);
      }
      for (Map.Entry<String, SagaState.Slice> kept : state.slices().entrySet()) {
        SagaState.Slice slice = kept.getValue();
        if (slice.readVersion() < slice.slice().version()) {
          voice.accept(new SagaOutput.Mapped(slice.slice()));
        }
        // what waited to be said of copies is not kept: it is found again
        state.mapLater(kept.getKey(), now + MAP_DELAY_MILLIS);
      }
    }

    private void keep(Saga saga) {
      if (state.saga(saga.id()) == saga) {
        state.put(saga);
      }
    }

    // ------------------------------------------------------------- admissions

    private void admission(Admission read) {
      if (!read.pool().equals(state.pool())) {
        return;
      }
      readOld(read.timeMillis());
      if (read.countsAfter(state.sequence())) {
        state.sequence(read.sequence());
        open(read);
      } else if (read.ends()) {
        Saga saga = state.saga(read.id());
        if (saga != null) {
          ended(saga, read);
        }
      }
    }

    /** A record from before this start was read: more may follow. */
    private void readOld(long timeMillis) {
      if (timeMillis < state.startedMillis) {
        state.readingMillis = now;
      }
    }

    /** When the logs count as read, by what is known now. */
    private long readMillis() {
      return Math.min(
          state.readingMillis + policy.stepMillis(), state.startedMillis + MAX_READING_MILLIS);
    }

    private void open(Admission admission) {
      boolean may =
          isMoving(admission)
              || isOfShadows(admission)
              || admission.act() == ActKind.DRAIN
              || admission.act() == ActKind.RETURN
              || admission.act() == ActKind.FAILOVER && admission.units().isEmpty();
      if (!may) {
        // another carries it out
        return;
      }
      Saga saga = new Saga(admission, now);
      state.put(saga);
      // what was admitted before this start may have been begun, and ended, by an earlier run
      saga.mayBeInstructed = admission.timeMillis() < state.startedMillis + 1_000;
      saga.promisedMillis = saga.mayBeInstructed ? promise(saga) : 0;
      // nothing but the logs tells what became of an act on shadows: it waits for them when in
      // doubt
      boolean old =
          isOfShadows(admission)
              ? saga.mayBeInstructed
              : admission.timeMillis() < state.startedMillis;
      saga.awaitsLogs = old && now < readMillis();
      if (saga.awaitsLogs) {
        saga.dueMillis = readMillis();
      } else {
        begin(saga);
      }
      keep(saga);
    }

    private void begin(Saga saga) {
      Admission admission = saga.admission;
      if (isOfShadows(admission)) {
        beginShadows(saga);
      } else if (isMoving(admission)) {
        if (now < admission.expiresMillis()) {
          check(saga);
        } else {
          // nobody may begin it any more; an earlier run's target may be at it
          saga.promisedMillis = Math.max(saga.promisedMillis, now);
          giveBack(saga, "The admission expired.");
        }
        logMoved(saga);
      } else if (hookNode(admission) != null) {
        hook(saga, admission.act() == ActKind.RETURN ? Saga.Step.RETURNING : Saga.Step.DRAINING);
      } else if (nothingToMove(admission)) {
        end(
            saga,
            Admission.State.DONE,
            admission.subject() + " owns no unit: there is nothing to move.");
      } else {
        // another carries it out
        state.forget(saga);
      }
    }

    private static boolean isMoving(Admission admission) {
      return admission.act().changesOwner()
          && admission.act() != ActKind.MIGRATE
          && admission.target() != null
          && !admission.units().isEmpty();
    }

    /** A failover of a node that owns nothing: without an end it would hold its locks for ever. */
    private boolean nothingToMove(Admission admission) {
      if (admission.act() != ActKind.FAILOVER
          || admission.subject().kind() != Subject.Kind.NODE
          || !admission.units().isEmpty()) {
        return false;
      }
      SagaState.Node known = state.node(admission.subject());
      return known == null || known.level() < 0 || known.level() >= 2;
    }

    private @Nullable Subject hookNode(Admission admission) {
      if (admission.act() != ActKind.DRAIN && admission.act() != ActKind.RETURN) {
        return null;
      }
      Subject source = admission.source();
      Subject node = source == null ? admission.subject() : source;
      SagaState.Node known = state.node(node);
      return known != null && known.level() >= 1 ? node : null;
    }

    /** The log of admissions says that an act is over. */
    private void ended(Saga saga, Admission read) {
      if (isOfShadows(saga.admission)) {
        shadowsEnded(saga, read);
      } else if (saga.step == Saga.Step.ENDED || saga.step.isBeforeInstruction()) {
        boolean heard = saga.step == Saga.Step.ENDED || saga.awaitsLogs && isLongOver(read);
        saga.awaitsLogs = false;
        if (!heard && saga.mayBeInstructed) {
          cancelClosed(saga, read);
        } else {
          state.forget(saga);
        }
      } else if (saga.step.isPastFence()) {
        // no brake applies any more: it is completed, and nothing is left to be said of it
        saga.closed = true;
        keep(saga);
      } else {
        cancelClosed(saga, read);
      }
    }

    /** True when nothing that an earlier run ordered before this end can be begun any more. */
    private boolean isLongOver(Admission end) {
      return end.state() == Admission.State.DONE
          || now >= end.timeMillis() + PROMISE_MILLIS + GRACE_MILLIS;
    }

    private void cancelClosed(Saga saga, Admission read) {
      saga.closed = true;
      if (saga.step != Saga.Step.GIVING_BACK) {
        enter(saga, Saga.Step.GIVING_BACK, read.text());
        saga.why = read.text();
        order(saga, Command.Kind.CANCEL, addressee(saga), 0, Map.of(), saga.why);
        dueIn(saga, policy.stepMillis());
      }
      keep(saga);
    }

    private Subject addressee(Saga saga) {
      Subject target = saga.admission.target();
      Subject node = hookNode(saga.admission);
      return target != null ? target : node != null ? node : saga.admission.subject();
    }

    // ----------------------------------------------------------------- checks

    private void check(Saga saga) {
      saga.forgetAnswers();
      enter(saga, Saga.Step.CHECKING, "It is asked whether " + target(saga) + " can.");
      saga.beganMillis = now;
      if (state.halted()) {
        giveBack(saga, "Acts are halted.");
        return;
      }
      Subject target = target(saga);
      saga.probed.add(target);
      Subject source = saga.admission.source();
      if (source != null) {
        saga.probed.add(source);
      }
      for (Subject holder : holders(saga)) {
        if (saga.probed.size() < MAX_PROBED) {
          saga.probed.add(holder);
        }
      }
      if (saga.isUnplanned()) {
        for (SagaState.Node node : state.nodes()) {
          if (node.level() >= OWNING_LEVEL && saga.probed.size() < MAX_PROBED) {
            saga.probed.add(node.subject());
          }
        }
      }
      for (Subject node : sorted(saga.probed)) {
        probe(saga, node);
      }
      dueIn(saga, Math.min(policy.checkMillis(), Math.min(policy.stepMillis(), pollMillis())));
    }

    private long pollMillis() {
      return Math.max(1, policy.reachMillis() / 3);
    }

    private Set<Subject> holders(Saga saga) {
      Set<Subject> holders = new TreeSet<>(SagaState.BY_NAME);
      for (UnitStep unit : saga.admission.units()) {
        SagaInput.MapSegment segment = state.segment(unit.unit());
        if (segment != null) {
          for (SagaInput.MapCopy copy : segment.copies()) {
            holders.add(copy.node());
          }
        }
      }
      return holders;
    }

    private void probe(Saga saga, Subject node) {
      boolean witness =
          saga.isUnplanned()
              && saga.step == Saga.Step.CHECKING
              && !node.equals(saga.admission.source());
      probe(saga, node, witness ? saga.admission.source() : null);
    }

    private void probe(Saga saga, Subject node, @Nullable Subject reach) {
      // a probe changes nothing, and a repeated one would be answered with the old answer: its
      // identifier holds the time, so that each is asked anew
      String id = Ids.of("c-", saga.id(), "PROBE", node.toString(), Long.toString(now));
      command(
          saga,
          id,
          Command.Kind.PROBE,
          node,
          saga.attempt,
          // clocks differ, and a question does no harm at any time
          now - PROMISE_MILLIS,
          now + PROMISE_MILLIS,
          reach == null ? Map.of() : Map.of(Command.REACH, reach.toString()),
          reach == null
              ? "How do you and these units stand?"
              : "How do you and these units stand, and do you reach " + reach + "?");
    }

    private void probed(Saga saga, CommandAck ack) {
      note(saga, ack);
      if (!ack.ends()) {
        return;
      }
      Subject from = ack.from();
      saga.answers.put(from, ack);
      Subject source = saga.admission.source();
      if (saga.isUnplanned() && !from.equals(source)) {
        if (ack.code() == CommandAck.Code.UNREACHABLE) {
          saga.votes.put(from, Saga.Vote.UNREACHABLE);
        } else if (ack.status() == CommandAck.Status.DONE) {
          saga.votes.put(from, Saga.Vote.REACHED);
        }
      }
      judge(saga);
    }

    /** What an answer says of checksums and clients. */
    private void note(Saga saga, CommandAck ack) {
      String unit = ack.unit();
      Long sequence = ack.appliedSequence();
      Integer checksum = ack.checksum();
      if (unit != null && sequence != null && checksum != null && saga.units.containsKey(unit)) {
        Integer other =
            saga.checksums
                .computeIfAbsent(unit, key -> new HashMap<>())
                .putIfAbsent(sequence, checksum);
        if (other != null && !other.equals(checksum)) {
          saga.contradicted = unit;
        }
      }
      for (String name : ack.values().keySet()) {
        if (name.startsWith(SagaValues.CLIENT_PREFIX)
            && name.length() > SagaValues.CLIENT_PREFIX.length()
            && name.length() <= Subject.MAX_ID_CHARS
            && saga.clients.size() < MAX_CLIENTS) {
          saga.clients.add(Subject.parse(name));
        }
      }
    }

    /** Looks at what is known and goes on, gives back or waits. */
    private void judge(Saga saga) {
      if (saga.step != Saga.Step.CHECKING || saga.awaitsLogs) {
        return;
      }
      boolean late = now - saga.beganMillis >= policy.checkMillis();
      Subject target = target(saga);
      String against = against(saga, target);
      if (against != null) {
        giveBack(saga, against);
        return;
      }
      CommandAck answer = saga.answers.get(target);
      if (answer == null) {
        if (late) {
          giveBack(saga, target + " does not answer within " + policy.checkMillis() + " ms.");
        }
        return;
      }
      if (saga.isUnplanned()) {
        judgeDeath(saga, late);
        return;
      }
      String obstacle = obstacle(saga, answer);
      if (obstacle != null) {
        if (late) {
          giveBack(saga, obstacle);
        }
        return;
      }
      boolean all = saga.answers.keySet().containsAll(saga.probed);
      if (all || late || now - saga.beganMillis >= policy.stepMillis()) {
        prepare(saga);
      }
    }

    private void judgeDeath(Saga saga, boolean late) {
      Subject source = saga.admission.source();
      CommandAck own = source == null ? null : saga.answers.get(source);
      if (own != null) {
        if (isServing(saga, own)) {
          giveBack(saga, source + " answers and serves.");
        } else {
          // it lives, but does not serve: nobody has to vouch for its death
          instruct(saga, source + " answers, but does not serve.");
        }
        return;
      }
      int unreachable = 0;
      int reached = 0;
      int answering = 0;
      for (Map.Entry<Subject, Saga.Vote> each : saga.votes.entrySet()) {
        unreachable += each.getValue() == Saga.Vote.UNREACHABLE ? 1 : 0;
        reached += each.getValue() == Saga.Vote.REACHED ? 1 : 0;
        answering += answersNow(saga, each.getKey()) ? 1 : 0;
      }
      if (reached == 0 && unreachable >= policy.witnesses()) {
        instruct(saga, unreachable + " witnesses do not reach " + source + ".");
      } else if (late && reached > 0 && answering >= policy.witnesses()) {
        // its lease runs out whoever reaches it: what was asked of it since, others have answered
        instruct(
            saga,
            first(saga.votes, Saga.Vote.REACHED)
                + " reaches "
                + source
                + ", which has answered nothing for "
                + policy.checkMillis()
                + " ms while "
                + answering
                + " others answer: it is cut off from the logs.");
      } else if (late) {
        giveBack(
            saga,
            unreachable
                + " of "
                + policy.witnesses()
                + " witnesses do not reach "
                + source
                + ", and "
                + answering
                + " others answer now; silence alone is no death.");
      }
    }

    /**
     * True when an answer came in the second half of the check: what the source was asked in the
     * first half was not lost by a broker, or a reader, that stood still.
     */
    private boolean answersNow(Saga saga, Subject node) {
      Long millis = saga.answeredMillis.get(node);
      return millis != null && millis - saga.beganMillis >= policy.checkMillis() / 2;
    }

    private static boolean isServing(Saga saga, CommandAck ack) {
      Double serving = ack.values().get(SagaValues.UNITS_SERVING);
      return ack.status() == CommandAck.Status.DONE
          && ack.code() == CommandAck.Code.NONE
          && (serving == null || serving >= saga.units.size());
    }

    /** What speaks against the target whatever else is known; null when nothing does. */
    private @Nullable String against(Saga saga, Subject target) {
      SagaState.Node node = state.node(target);
      if (node != null && node.critical()) {
        return target + " is at risk itself.";
      }
      if (node != null && node.level() >= 0 && node.level() < OWNING_LEVEL) {
        return target + " has level " + node.level() + " and cannot own units.";
      }
      CommandAck answer = saga.answers.get(target);
      Long free = answer == null ? null : answer.freeBytes();
      if (free == null && node != null) {
        free = node.freeBytes();
      }
      if (free != null && free < policy.minFreeBytes()) {
        return target + " has " + free + " bytes left, less than " + policy.minFreeBytes() + ".";
      }
      if (answer != null
          && answer.status() != CommandAck.Status.DONE
          && answer.code() != CommandAck.Code.UNREACHABLE) {
        return target + " answers " + answer.code() + ": " + answer.text();
      }
      for (UnitStep step : saga.admission.units()) {
        if (ShadowMaps.isRetiring(ShadowMaps.shadow(state.segment(step.unit()), target))) {
          return "The shadow of " + step.unit() + " on " + target + " is on its way out.";
        }
      }
      Double held = answer == null ? null : answer.values().get(SagaValues.UNITS_HELD);
      if (held != null && held < saga.units.size()) {
        return target + " holds " + held.intValue() + " of " + saga.units.size() + " units.";
      }
      return saga.contradicted == null
          ? null
          : "Two copies of " + saga.contradicted + " differ at the same delta.";
    }

    /** What speaks against the target now and may pass soon; null when nothing does. */
    private @Nullable String obstacle(Saga saga, CommandAck answer) {
      Subject target = target(saga);
      Long lag = lag(saga, answer);
      if (lag != null && lag > policy.maxLagDeltas()) {
        return target + " lags behind by " + lag + " deltas.";
      }
      boolean ofShadow = false;
      long lagBytes = 0;
      for (UnitStep step : saga.admission.units()) {
        SagaInput.MapCopy shadow = ShadowMaps.shadow(state.segment(step.unit()), target);
        if (shadow == null) {
          continue;
        }
        ofShadow = true;
        SagaState.Mark mark = state.mark(step.unit(), target);
        if (mark == null || !isInSync(state.segment(step.unit()), mark)) {
          return "The shadow of "
              + step.unit()
              + " on "
              + target
              + " is not in sync: "
              + (mark == null
                  ? "nobody says how it stands."
                  : mark.state() + " at epoch " + mark.epoch() + ".");
        }
        lagBytes += mark.lagBytes();
      }
      Double said = answer.values().get(SagaValues.LAG_BYTES);
      if (saga.admission.act() != ActKind.SWITCHOVER || (said == null && !ofShadow)) {
        return null;
      }
      // who says less than the other may not have heard of what was written last
      long bytes = Math.max(lagBytes, said == null ? 0 : said.longValue());
      SwitchoverCost cost = SwitchoverCost.of(bytes, policy.shadow());
      saga.cost = cost;
      String refusal = cost.refusal(policy.shadow());
      return refusal == null ? null : "A switchover to " + target + " costs too much: " + refusal;
    }

    private static @Nullable Long lag(Saga saga, CommandAck answer) {
      Double said = answer.values().get(SagaValues.LAG_DELTAS);
      Subject source = saga.admission.source();
      CommandAck own = source == null ? null : saga.answers.get(source);
      Long here = answer.appliedSequence();
      Long there = own == null ? null : own.appliedSequence();
      String unit = answer.unit();
      long lag = said == null ? -1 : said.longValue();
      if (own != null && here != null && there != null && unit != null && unit.equals(own.unit())) {
        lag = Math.max(lag, there - here);
      }
      return lag < 0 ? null : Long.valueOf(lag);
    }

    // ----------------------------------------------------------- instructions

    private void prepare(Saga saga) {
      if (expired(saga)) {
        return;
      }
      Subject target = target(saga);
      SwitchoverCost cost = saga.cost;
      enter(
          saga,
          Saga.Step.PREPARING,
          target + " can; it gets ready." + (cost == null ? "" : " " + cost.said()));
      order(saga, Command.Kind.PREPARE, target, 0, Map.of(), "Get ready to own these units.");
      redirect(saga);
      // a shadow that is behind drains before it answers, while the owner still serves
      dueIn(saga, policy.stepMillis() + (cost == null ? 0 : cost.pauseMillis()));
    }

    private void redirect(Saga saga) {
      for (Subject client : saga.clients) {
        order(
            saga,
            Command.Kind.REDIRECT,
            client,
            0,
            Map.of(),
            "The units' owner will be " + target(saga) + ".");
      }
    }

    private void instruct(Saga saga, String why) {
      if (expired(saga)) {
        return;
      }
      boolean planned = saga.step == Saga.Step.PREPARING;
      String told = target(saga) + " is told to take over.";
      if (!planned && asyncBoundMillis(saga) > 0) {
        told = told + " " + loss(saga);
      }
      enter(saga, Saga.Step.INSTRUCTED, why.isEmpty() ? told : why + " " + told);
      promote(saga);
      Subject source = saga.admission.source();
      if (planned && source != null) {
        order(saga, Command.Kind.DEMOTE, source, 0, Map.of(), "Your units are being taken over.");
      } else {
        redirect(saga);
      }
    }

    private boolean expired(Saga saga) {
      if (now < saga.admission.expiresMillis()) {
        return false;
      }
      if (saga.step.isBeforeInstruction() && !saga.mayBeInstructed) {
        end(saga, Admission.State.EXPIRED, "The admission expired before anything was begun.");
      } else {
        giveBack(saga, "The admission expired.");
      }
      return true;
    }

    private void promote(Saga saga) {
      saga.asked = true;
      saga.promisedMillis = Math.max(saga.promisedMillis, promise(saga));
      order(
          saga, Command.Kind.PROMOTE, target(saga), saga.attempt, Map.of(), saga.admission.text());
      dueIn(saga, pauseMillis(saga));
    }

    private long promise(Saga saga) {
      return Math.min(saga.admission.expiresMillis(), now + PROMISE_MILLIS);
    }

    private long pauseMillis(Saga saga) {
      return policy.stepMillis() << Math.min(3, Math.max(0, saga.attempt));
    }

    /** For how long units of an act may be answered before they are in the log; milliseconds. */
    private long asyncBoundMillis(Saga saga) {
      long bound = 0;
      for (UnitStep step : saga.admission.units()) {
        Owned owned = state.fold().owned(step.unit());
        bound = owned == null ? bound : Math.max(bound, owned.asyncBoundMillis());
      }
      return bound;
    }

    /** True when the source is to see first that all which it answered is in the log. */
    private boolean drains(Saga saga) {
      Subject source = saga.admission.source();
      if (source == null || asyncBoundMillis(saga) == 0) {
        return false;
      }
      if (!isAsked(saga, Command.Kind.PREPARE, source)) {
        order(
            saga,
            Command.Kind.PREPARE,
            source,
            0,
            Map.of(),
            "Answer writes once they are in the log, until this act is over.");
        dueIn(saga, policy.stepMillis());
      }
      return true;
    }

    private static boolean isAsked(Saga saga, Command.Kind kind, Subject addressee) {
      for (Saga.Asked asked : saga.commands.values()) {
        if (asked.kind() == kind && asked.addressee().equals(addressee)) {
          return true;
        }
      }
      return false;
    }

    /** The source did not say in time that all which it answered is in the log. */
    private void notDrained(Saga saga, String why) {
      if (saga.admission.act() == ActKind.FAILOVER) {
        instruct(saga, why + " " + loss(saga));
      } else {
        giveBack(saga, why + " A planned act loses nothing.");
      }
    }

    private String loss(Saga saga) {
      return "What was answered within " + asyncBoundMillis(saga) + " ms may be lost.";
    }

    private void preparingIsDue(Saga saga) {
      Subject source = saga.admission.source();
      if (source == null || asyncBoundMillis(saga) == 0) {
        instruct(saga, "");
      } else if (isAsked(saga, Command.Kind.PREPARE, source)) {
        notDrained(saga, source + " does not say that all it answered is in the log.");
      } else {
        drains(saga);
      }
    }

    private void prepared(Saga saga, CommandAck ack) {
      if (saga.step != Saga.Step.PREPARING || !ack.ends()) {
        return;
      }
      if (ack.from().equals(saga.admission.source())) {
        if (ack.status() == CommandAck.Status.DONE) {
          instruct(saga, "All that " + ack.from() + " answered is in the log.");
        } else {
          notDrained(saga, "PREPARE: " + ack.from() + " answers " + ack.code() + ".");
        }
        return;
      }
      boolean fine =
          ack.status() == CommandAck.Status.DONE
              || PASSING.contains(ack.code())
              || ack.code() == CommandAck.Code.UNSUPPORTED;
      if (fine && !drains(saga)) {
        instruct(saga, "");
      } else if (!fine) {
        giveBack(saga, "PREPARE: " + ack.from() + " answers " + ack.code() + ": " + ack.text());
      }
    }

    private void promoted(Saga saga, CommandAck ack) {
      saga.heard = true;
      Double drained = ack.values().get(SagaValues.UNITS_DRAINED);
      Double pause = ack.values().get(SagaValues.TAKEOVER_MILLIS);
      if (pause != null) {
        saga.pauseMillis = Math.max(saga.pauseMillis, pause.longValue());
      }
      switch (ack.status()) {
        case RECEIVED, PROGRESS -> {
          if (saga.step == Saga.Step.FENCED
              && drained != null
              && drained >= standing(saga).taken()) {
            enter(saga, Saga.Step.DRAINED, target(saga) + " has read all that was written.");
          }
          if (saga.step == Saga.Step.INSTRUCTED || saga.step.isPastFence()) {
            dueIn(saga, pauseMillis(saga));
          }
        }
        case DONE -> {
          saga.promoteDone = true;
          if (saga.step == Saga.Step.FENCED || saga.step == Saga.Step.DRAINED) {
            serves(saga);
          }
        }
        case REFUSED, FAILED -> {
          if (saga.step == Saga.Step.INSTRUCTED) {
            if (PASSING.contains(ack.code()) && saga.attempt + 1 < policy.stepAttempts()) {
              // a clock that differs, a key that is still to come: soon again
              dueIn(saga, Math.max(1, policy.stepMillis() / 10 << saga.attempt));
            } else {
              giveBack(
                  saga, "PROMOTE: " + ack.from() + " answers " + ack.code() + ": " + ack.text());
            }
          } else if (saga.step.isPastFence() && ack.code() == CommandAck.Code.IO_ERROR) {
            end(
                saga,
                Admission.State.DONE,
                ack.from()
                    + " owns the units and its medium fails: their next failover is a new act.");
          }
        }
      }
    }

    // -------------------------------------------------------------- give back

    private void giveBack(Saga saga, String why) {
      if (saga.step.isBeforeInstruction() && !saga.mayBeInstructed) {
        if (saga.step == Saga.Step.PREPARING) {
          order(saga, Command.Kind.CANCEL, target(saga), 0, Map.of(), why);
        }
        end(saga, Admission.State.GIVEN_BACK, why);
        return;
      }
      // the target may do it still: only its own word, the log, or time says that it will not
      saga.attempt = 0;
      saga.why = why;
      enter(saga, Saga.Step.GIVING_BACK, why);
      saga.attempt = 0;
      cancel(saga);
    }

    private void cancel(Saga saga) {
      order(saga, Command.Kind.CANCEL, addressee(saga), saga.attempt, Map.of(), saga.why);
      long deadline = saga.promisedMillis + GRACE_MILLIS;
      dueIn(saga, Math.max(1, Math.min(pauseMillis(saga), deadline - now)));
    }

    private void cancelled(Saga saga, CommandAck ack) {
      if (saga.step != Saga.Step.GIVING_BACK || ack.status() != CommandAck.Status.DONE) {
        return;
      }
      Double fenced = ack.values().get(SagaValues.UNITS_FENCED);
      if (fenced != null && fenced > 0) {
        // it was too late: the log will say so
        return;
      }
      givenBack(saga);
    }

    private void givenBack(Saga saga) {
      end(saga, Admission.State.GIVEN_BACK, saga.why);
    }

    // -------------------------------------------------------- the ownership log

    private void ownership(long offset, OwnershipEntry entry) {
      state.readUpTo(offset);
      readOld(entry.timeMillis());
      if (!entry.pool().equals(state.pool())) {
        return;
      }
      Set<String> stepped = new TreeSet<>();
      Map<String, Owned> before = new HashMap<>();
      Set<String> units = new HashSet<>();
      for (OwnershipFold.Change change : state.fold().take(offset, entry)) {
        String unit = change.after().unit();
        state.touchedUnit(unit);
        String admission = change.after().admission();
        if (change.epochStepped() && admission != null && state.took(admission, offset)) {
          Saga taker = state.saga(admission);
          if (taker != null) {
            taker.forgetPlaces();
          }
        }
        units.add(unit);
        String slice = state.sliceOf(unit);
        if (slice != null && change.epochStepped()) {
          stepped.add(slice);
          if (change.before() != null) {
            before.put(unit, change.before());
          }
        } else if (slice != null) {
          state.mapLater(slice, now + MAP_DELAY_MILLIS);
        }
      }
      for (String key : stepped) {
        refold(key, before, false, false);
      }
      if (units.isEmpty()) {
        return;
      }
      for (Saga saga : List.copyOf(state.sagas().values())) {
        boolean moved = false;
        for (String unit : smaller(units, saga.units.keySet())) {
          UnitStep step = saga.units.get(unit);
          if (step != null && units.contains(unit)) {
            saga.place(unit, place(saga, step));
            moved = true;
          }
        }
        if (moved && saga.step.isOfShadows()) {
          saga.unsettled = null;
          shadowsMoved(saga);
          keep(saga);
        } else if (moved) {
          logMoved(saga);
          keep(saga);
        }
      }
      for (Watch watch : List.copyOf(state.watches().values())) {
        trim(watch, units);
      }
    }

    private static Set<String> smaller(Set<String> left, Set<String> right) {
      return left.size() <= right.size() ? left : right;
    }

    /** Where the units of a saga stand, counted once and then as the log moves them. */
    private Standing standing(Saga saga) {
      if (!saga.isPlaced()) {
        for (UnitStep step : saga.units.values()) {
          saga.place(step.unit(), place(saga, step));
        }
      }
      return new Standing(
          saga.placed(Saga.Place.TAKEN),
          saga.placed(Saga.Place.LOST),
          saga.placed(Saga.Place.OPEN));
    }

    private Saga.Place place(Saga saga, UnitStep step) {
      Owned owned = state.fold().owned(step.unit());
      if (owned == null || owned.epoch() <= step.expectedEpoch()) {
        return Saga.Place.OPEN;
      }
      boolean taken =
          owned.epoch() == step.newEpoch() && saga.id().equals(owned.admission())
              || owned.epoch() > step.newEpoch()
                  && owned.owner().equals(saga.admission.target())
                  && state.wasTaken(saga.id());
      return taken ? Saga.Place.TAKEN : Saga.Place.LOST;
    }

    /** The log of ownership told something of the units of a saga: it has the last word. */
    private void logMoved(Saga saga) {
      boolean waits = saga.awaitsLogs || saga.step == Saga.Step.ENDED;
      if (waits || saga.step.isHook() || isOfShadows(saga.admission)) {
        return;
      }
      Standing standing = standing(saga);
      if (saga.step.isPastFence()) {
        if (standing.taken() == 0) {
          end(saga, Admission.State.DONE, "The units have another owner by now.");
        } else {
          mapped(saga);
        }
      } else if (standing.taken() > 0) {
        fenced(saga);
      } else if (standing.open() == 0 && state.wasTaken(saga.id())) {
        // a restored job reads of the act anew, long after its units went on to others
        end(saga, Admission.State.DONE, "The units have another owner by now.");
      } else if (standing.open() == 0 && saga.mayBeInstructed) {
        // it may have been done and passed on before this start: what was said of it then comes
        // before the target's answer
        if (saga.step != Saga.Step.GIVING_BACK) {
          giveBack(saga, "The units have other epochs by now.");
        }
      } else if (standing.open() == 0) {
        end(
            saga,
            Admission.State.GIVEN_BACK,
            saga.why.isEmpty()
                ? "The units have other epochs by now: the takeover cannot count any more."
                : saga.why);
      } else if (standing.lost() > 0 && saga.step != Saga.Step.GIVING_BACK) {
        giveBack(saga, "Some of the units have other epochs by now.");
      }
    }

    private void fenced(Saga saga) {
      boolean told = saga.asked;
      boolean done = saga.promoteDone;
      saga.attempt = told ? saga.attempt : 0;
      enter(saga, Saga.Step.FENCED, "The takeover counts: " + target(saga) + " is the owner.");
      if (done) {
        serves(saga);
      } else if (told) {
        dueIn(saga, policy.stepMillis());
      } else {
        promote(saga);
      }
    }

    private void serves(Saga saga) {
      enter(saga, Saga.Step.PROMOTED, target(saga) + " serves.");
      saga.mapped = 0;
      probe(saga, target(saga), null);
      dueIn(saga, Math.min(policy.stepMillis(), policy.confirmMillis()));
      mapped(saga);
    }

    private void confirmed(Saga saga, CommandAck ack) {
      if (!ack.ends() || !ack.from().equals(saga.admission.target())) {
        return;
      }
      Double serving = ack.values().get(SagaValues.UNITS_SERVING);
      boolean fine =
          ack.status() == CommandAck.Status.DONE
              && (serving == null || serving >= standing(saga).taken());
      if (fine) {
        saga.confirmed = true;
        complete(saga);
      }
    }

    private void mapped(Saga saga) {
      if (saga.step == Saga.Step.PROMOTED && mapsSaySo(saga)) {
        enter(saga, Saga.Step.MAPPED, "The maps name the new owner.");
        dueIn(saga, Math.min(policy.stepMillis(), policy.confirmMillis()));
        complete(saga);
      }
    }

    private void complete(Saga saga) {
      if (saga.step == Saga.Step.MAPPED && saga.confirmed) {
        end(saga, Admission.State.DONE, "Done: " + target(saga) + " serves, the maps say so.");
      }
    }

    /** Goes on from where it stopped: a map that was read once names the new owner. */
    private boolean mapsSaySo(Saga saga) {
      List<UnitStep> units = saga.admission.units();
      while (saga.mapped < units.size()) {
        String key = state.sliceOf(units.get(saga.mapped).unit());
        SagaState.Slice slice = key == null ? null : state.slice(key);
        if (slice != null && slice.readVersion() < slice.slice().version()) {
          return false;
        }
        saga.mapped++;
      }
      return true;
    }

    /** Past the fence, whoever has the units is asked whether the target lives, and it itself. */
    private void witness(Saga saga) {
      saga.witnessing = true;
      Set<Subject> others = new TreeSet<>(SagaState.BY_NAME);
      others.addAll(holders(saga));
      Subject source = saga.admission.source();
      if (source != null) {
        others.add(source);
      }
      for (SagaState.Node node : state.nodes()) {
        if (node.level() >= OWNING_LEVEL && others.size() < MAX_PROBED) {
          others.add(node.subject());
        }
      }
      others.remove(target(saga));
      for (Subject other : others) {
        probe(saga, other, target(saga));
      }
      // a target that drains for long answers this at once
      probe(saga, target(saga), null);
      saga.silentSinceMillis = saga.silentSinceMillis == 0 ? now : saga.silentSinceMillis;
    }

    private void witnessed(Saga saga, CommandAck ack) {
      if (!ack.ends()) {
        return;
      }
      if (ack.code() == CommandAck.Code.UNREACHABLE) {
        saga.votes.put(ack.from(), Saga.Vote.UNREACHABLE);
      } else if (ack.status() == CommandAck.Status.DONE) {
        saga.votes.put(ack.from(), Saga.Vote.REACHED);
      }
      Subject target = target(saga);
      int needed = Math.max(1, policy.witnesses());
      int unreachable = 0;
      int answering = 0;
      for (Map.Entry<Subject, Saga.Vote> each : saga.votes.entrySet()) {
        unreachable += each.getValue() == Saga.Vote.UNREACHABLE ? 1 : 0;
        answering += now - answeredMillis(saga, each.getKey()) < policy.stepMillis() ? 1 : 0;
      }
      boolean silent =
          saga.silentSinceMillis > 0 && now - saga.silentSinceMillis >= policy.checkMillis();
      if (unreachable == saga.votes.size() && unreachable >= needed) {
        end(
            saga,
            Admission.State.DONE,
            target + " owns the units and died: their next failover is a new act.");
      } else if (silent && answering >= needed) {
        end(
            saga,
            Admission.State.DONE,
            target
                + " owns the units and answers nothing while "
                + answering
                + " others do: their next failover is a new act.");
      }
    }

    private static long answeredMillis(Saga saga, Subject node) {
      return saga.answeredMillis.getOrDefault(node, Long.MIN_VALUE / 2);
    }

    // ------------------------------------------------------------------- hooks

    private void hook(Saga saga, Saga.Step step) {
      enter(saga, step, addressee(saga) + " is told to.");
      saga.heard = false;
      saga.asked = true;
      saga.beganMillis = now;
      order(saga, hookKind(step), addressee(saga), 0, Map.of(), saga.admission.text());
      dueIn(saga, policy.stepMillis());
    }

    private static Command.Kind hookKind(Saga.Step step) {
      return step == Saga.Step.DRAINING
          ? Command.Kind.DRAIN
          : step == Saga.Step.LEAVING ? Command.Kind.LEAVE : Command.Kind.RETURN;
    }

    private void hooked(Saga saga, CommandAck ack) {
      saga.heard = true;
      switch (ack.status()) {
        case RECEIVED, PROGRESS -> dueIn(saga, HOOK_MILLIS);
        case DONE -> {
          if (saga.step == Saga.Step.DRAINING) {
            hook(saga, Saga.Step.LEAVING);
          } else {
            end(saga, Admission.State.DONE, addressee(saga) + " did it.");
          }
        }
        case REFUSED, FAILED ->
            undo(saga, ack.from() + " answers " + ack.code() + ": " + ack.text());
      }
    }

    private void undo(Saga saga, String why) {
      if (saga.step != Saga.Step.RETURNING) {
        order(saga, Command.Kind.RETURN, addressee(saga), 0, Map.of(), "Given back: " + why);
      }
      end(saga, Admission.State.GIVEN_BACK, why);
    }

    private void hookDue(Saga saga) {
      if (now - saga.beganMillis >= MAX_HOOK_MILLIS) {
        undo(saga, addressee(saga) + " did not end it.");
      } else if (saga.heard || !saga.asked) {
        saga.asked = true;
        // at work: the repeat has the same identifier and is answered with how it goes
        order(
            saga,
            hookKind(saga.step),
            addressee(saga),
            saga.attempt,
            Map.of(),
            saga.admission.text());
        dueIn(saga, HOOK_MILLIS);
      } else if (saga.attempt + 1 < policy.stepAttempts()) {
        saga.attempt++;
        order(
            saga,
            hookKind(saga.step),
            addressee(saga),
            saga.attempt,
            Map.of(),
            saga.admission.text());
        dueIn(saga, pauseMillis(saga));
      } else {
        saga.mayBeInstructed = true;
        saga.promisedMillis = Math.max(saga.promisedMillis, saga.admission.expiresMillis());
        giveBack(saga, addressee(saga) + " does not answer.");
      }
    }

    // ----------------------------------------------------------------- shadows

    private static boolean isOfShadows(Admission admission) {
      boolean builds = admission.act() == ActKind.SHADOW && admission.target() != null;
      return (builds || admission.act() == ActKind.RETIRE_SHADOW) && !admission.units().isEmpty();
    }

    /** The node whose shadows an act builds or gives up. */
    private static Subject keeper(Saga saga) {
      Subject target = saga.admission.target();
      Subject source = saga.admission.source();
      if (saga.admission.act() == ActKind.SHADOW && target != null) {
        return target;
      }
      return source == null ? saga.admission.subject() : source;
    }

    private void beginShadows(Saga saga) {
      if (saga.step == Saga.Step.RETIRING) {
        // an earlier run had begun with it
        retire(saga, saga.why);
        return;
      }
      if (saga.step != Saga.Step.BUILDING) {
        saga.beganMillis = now;
        saga.progressMillis = now;
      }
      boolean late = now >= saga.admission.expiresMillis() && saga.step != Saga.Step.BUILDING;
      String against =
          state.halted()
              ? "Acts are halted."
              : late ? "The admission expired." : againstShadows(saga);
      if (against == null) {
        if (saga.admission.act() == ActKind.SHADOW) {
          build(saga);
        } else {
          retire(saga, "");
        }
      } else if (saga.admission.act() == ActKind.SHADOW && saga.mayBeInstructed) {
        giveUp(saga, against);
      } else {
        end(saga, late ? Admission.State.EXPIRED : Admission.State.GIVEN_BACK, against);
      }
    }

    /** What speaks against an act on shadows before it begins; null when nothing does. */
    private @Nullable String againstShadows(Saga saga) {
      if (saga.admission.act() == ActKind.RETIRE_SHADOW) {
        return null;
      }
      Subject keeper = keeper(saga);
      SagaState.Node node = state.node(keeper);
      if (node != null && node.critical()) {
        return keeper + " is at risk itself.";
      }
      if (node != null && node.level() >= 0 && node.level() < OWNING_LEVEL) {
        return keeper + " has level " + node.level() + " and cannot hold units.";
      }
      Long free = node == null ? null : node.freeBytes();
      if (free != null && free < policy.minFreeBytes()) {
        return keeper + " has " + free + " bytes left, less than " + policy.minFreeBytes() + ".";
      }
      for (UnitStep step : saga.admission.units()) {
        SagaInput.MapSegment segment = state.segment(step.unit());
        if (segment == null) {
          return "No map names " + step.unit() + ".";
        }
        SagaInput.MapCopy held = ShadowMaps.copy(segment, keeper);
        boolean shadow = held != null && held.role().equals(ShadowMaps.SHADOW);
        if (segment.owner().equals(keeper) || held != null && !shadow) {
          return keeper + " holds " + step.unit() + " already.";
        }
        if (ShadowMaps.isRetiring(held)) {
          return "The shadow of " + step.unit() + " on " + keeper + " is on its way out.";
        }
      }
      return null;
    }

    private void build(Saga saga) {
      Subject keeper = keeper(saga);
      enter(
          saga,
          Saga.Step.BUILDING,
          keeper + " is to hold a shadow of " + counted(saga.units.size()) + ".");
      saga.told = false;
      saga.heard = false;
      saga.mapped = 0;
      saga.synced = false;
      saga.unsettled = null;
      remap(saga.units.keySet(), (slice, units) -> ShadowMaps.with(slice, units, keeper));
      dueIn(saga, policy.stepMillis());
      shadowsMoved(saga);
    }

    /** Goes on with the shadows of an act as far as maps, log and their keeper have come. */
    private void shadowsMoved(Saga saga) {
      if (saga.awaitsLogs) {
        return;
      }
      if (saga.step == Saga.Step.BUILDING) {
        built(saga);
      } else if (saga.step == Saga.Step.RETIRING) {
        retired(saga);
      }
    }

    private void built(Saga saga) {
      Set<String> unsettled = saga.unsettled;
      if (unsettled == null) {
        unsettled = new HashSet<>();
        for (String unit : saga.units.keySet()) {
          if (!isSettled(saga, unit)) {
            unsettled.add(unit);
          }
        }
        saga.unsettled = unsettled;
      }
      if (!unsettled.isEmpty()) {
        saga.synced = false;
        if (!saga.told && mapsSaySo(saga)) {
          saga.told = true;
          create(saga);
        }
        return;
      }
      if (!saga.synced) {
        saga.synced = true;
        saga.mapped = 0;
        remap(saga.units.keySet(), (slice, units) -> slice);
      }
      if (!mapsSaySo(saga)) {
        return;
      }
      int holds = 0;
      for (String unit : saga.units.keySet()) {
        holds += ShadowMaps.shadow(state.segment(unit), keeper(saga)) == null ? 0 : 1;
      }
      if (holds == 0) {
        end(
            saga,
            Admission.State.GIVEN_BACK,
            "The maps name " + keeper(saga) + " as holder of none of them any more.");
      } else {
        end(
            saga,
            Admission.State.DONE,
            keeper(saga)
                + " has shadows in sync of "
                + counted(holds)
                + ", after "
                + (now - saga.beganMillis) / 1000
                + " s.");
      }
    }

    private void create(Saga saga) {
      order(
          saga,
          Command.Kind.CREATE_SHADOW,
          keeper(saga),
          saga.attempt,
          Map.of(),
          saga.admission.text());
      dueIn(saga, pauseMillis(saga));
    }

    /**
     * True when nothing is left to be done for a unit: its shadow is in sync, or is wanted no more.
     */
    private boolean isSettled(Saga saga, String unit) {
      SagaInput.MapSegment segment = state.segment(unit);
      SagaInput.MapCopy shadow = ShadowMaps.shadow(segment, keeper(saga));
      if (segment == null || shadow == null) {
        return true;
      }
      SagaState.Mark mark = state.mark(unit, keeper(saga));
      return mark != null && !ShadowMaps.isRetiring(shadow) && isInSync(segment, mark);
    }

    /** What is said of a shadow is believed of the present epoch of its unit only. */
    private static boolean isInSync(SagaInput.@Nullable MapSegment segment, SagaState.Mark mark) {
      return segment != null
          && mark.state().equals(ShadowMaps.IN_SYNC)
          && mark.epoch() >= segment.epoch();
    }

    private void created(Saga saga, CommandAck ack) {
      if (saga.step != Saga.Step.BUILDING || saga.awaitsLogs) {
        return;
      }
      saga.heard = true;
      if (!ack.ends() || ack.status() == CommandAck.Status.DONE) {
        return;
      }
      if (PASSING.contains(ack.code()) && saga.attempt + 1 < policy.stepAttempts()) {
        saga.heard = false;
        dueIn(saga, policy.stepMillis());
      } else {
        giveUp(saga, "CREATE_SHADOW: " + ack.from() + " answers " + ack.code() + ": " + ack.text());
      }
    }

    private void buildingDue(Saga saga) {
      ShadowLimits limits = policy.shadow();
      if (now - saga.beganMillis >= limits.buildMillis()) {
        giveUp(saga, keeper(saga) + " is not in sync after " + limits.buildMillis() / 1000 + " s.");
      } else if (now - saga.progressMillis >= limits.stallMillis()) {
        giveUp(saga, keeper(saga) + " came no further for " + limits.stallMillis() / 1000 + " s.");
      } else {
        long left =
            Math.min(
                saga.beganMillis + limits.buildMillis(),
                saga.progressMillis + limits.stallMillis());
        if (saga.told && !saga.heard && saga.attempt + 1 < policy.stepAttempts()) {
          saga.attempt++;
          create(saga);
          saga.dueMillis = Math.min(saga.dueMillis, left);
        } else {
          saga.dueMillis = left;
        }
        shadowsMoved(saga);
      }
    }

    /** What is not in sync goes; what is stays: the plan sees it, and gives it up when it likes. */
    private void giveUp(Saga saga, String why) {
      saga.why = why;
      retire(saga, why);
    }

    private void retire(Saga saga, String why) {
      Subject keeper = keeper(saga);
      boolean builds = saga.admission.act() == ActKind.SHADOW;
      Set<String> going = new TreeSet<>();
      for (String unit : saga.units.keySet()) {
        SagaInput.MapCopy shadow = ShadowMaps.shadow(state.segment(unit), keeper);
        boolean stays = builds && shadow != null && shadow.state().equals(ShadowMaps.IN_SYNC);
        if (shadow != null && !stays) {
          going.add(unit);
        }
      }
      Saga taker = takeover(keeper, builds ? going : saga.units.keySet());
      if (taker != null) {
        keepAfterAll(saga, isTakenBy(taker, keeper));
        return;
      }
      enter(
          saga,
          Saga.Step.RETIRING,
          why.isEmpty() ? keeper + " lets go of " + counted(going.size()) + "." : why);
      saga.told = false;
      saga.heard = false;
      saga.mapped = 0;
      remap(going, (slice, units) -> ShadowMaps.stated(slice, units, keeper, ShadowMaps.RETIRING));
      dueIn(saga, policy.stepMillis());
      shadowsMoved(saga);
    }

    /** Units of which the keeper's shadow is on its way out. */
    private Set<String> going(Saga saga) {
      Set<String> going = new TreeSet<>();
      for (String unit : saga.units.keySet()) {
        if (ShadowMaps.isRetiring(ShadowMaps.shadow(state.segment(unit), keeper(saga)))) {
          going.add(unit);
        }
      }
      return going;
    }

    private void retired(Saga saga) {
      if (saga.told || !mapsSaySo(saga)) {
        return;
      }
      Set<String> going = going(saga);
      Saga taker = takeover(keeper(saga), going);
      if (taker != null) {
        keepAfterAll(saga, isTakenBy(taker, keeper(saga)));
      } else if (going.isEmpty()) {
        vanish(saga, "");
      } else {
        saga.told = true;
        tellToLetGo(saga, going);
      }
    }

    /**
     * Tells the keeper. The order holds for a short time only: whoever reads it later may have been
     * given a shadow of the same unit since.
     */
    private void tellToLetGo(Saga saga, Set<String> going) {
      Subject keeper = keeper(saga);
      List<String> parts = new ArrayList<>();
      parts.add(saga.id());
      parts.add(Command.Kind.RETIRE_SHADOW.name());
      parts.add(keeper.toString());
      parts.add(Integer.toString(saga.attempt));
      List<UnitStep> units = new ArrayList<>();
      for (UnitStep step : saga.admission.units()) {
        if (going.contains(step.unit())) {
          units.add(step);
          parts.add(step.unit());
        }
      }
      saga.promisedMillis = now + PROMISE_MILLIS;
      command(
          saga,
          Ids.of("c-", parts.toArray(new String[0])),
          Command.Kind.RETIRE_SHADOW,
          keeper,
          saga.attempt,
          saga.admission.notBeforeMillis(),
          saga.promisedMillis,
          units,
          Map.of(),
          saga.why.isEmpty() ? saga.admission.text() : saga.why);
      dueIn(saga, pauseMillis(saga));
    }

    private void letGo(Saga saga, CommandAck ack) {
      if (saga.step != Saga.Step.RETIRING || saga.awaitsLogs || !ack.ends()) {
        return;
      }
      boolean done = ack.status() == CommandAck.Status.DONE;
      if (!done && PASSING.contains(ack.code()) && saga.attempt + 1 < policy.stepAttempts()) {
        dueIn(saga, policy.stepMillis());
      } else {
        vanish(saga, done ? "" : ack.from() + " answers " + ack.code() + ": " + ack.text());
      }
    }

    private void retiringDue(Saga saga) {
      if (!saga.told) {
        if (now - saga.sinceMillis >= policy.shadow().stallMillis()) {
          vanish(saga, "The maps were not read back.");
        } else {
          dueIn(saga, policy.stepMillis());
          shadowsMoved(saga);
        }
      } else if (saga.attempt + 1 < policy.stepAttempts()) {
        saga.attempt++;
        tellToLetGo(saga, going(saga));
      } else if (now < saga.promisedMillis + GRACE_MILLIS) {
        // until then it may obey: nobody is to give it another shadow of the same unit
        saga.dueMillis = saga.promisedMillis + GRACE_MILLIS;
      } else {
        vanish(saga, keeper(saga) + " does not answer; it lets go once it reads the maps.");
      }
    }

    /** The maps name the keeper no more, which ends the act. */
    private void vanish(Saga saga, String word) {
      Subject keeper = keeper(saga);
      boolean builds = saga.admission.act() == ActKind.SHADOW;
      // what was being built when its keeper left was not on its way out yet
      Set<String> gone = saga.step == Saga.Step.BUILDING ? saga.units.keySet() : going(saga);
      remap(gone, (slice, units) -> ShadowMaps.without(slice, units, keeper));
      String rest = word.isEmpty() ? "" : " " + word;
      if (builds) {
        String why = saga.step == Saga.Step.RETIRING ? saga.why : "Not in sync.";
        end(saga, Admission.State.GIVEN_BACK, why + rest);
      } else {
        end(
            saga,
            Admission.State.DONE,
            keeper + " lets go of " + counted(gone.size()) + "." + rest);
      }
    }

    /** The keeper's shadows stay. */
    private void keepAfterAll(Saga saga, String why) {
      Subject keeper = keeper(saga);
      Set<String> going = going(saga);
      if (saga.told) {
        // it may have let go by now: how it stands has to be said anew
        going.forEach(unit -> state.forgetMark(unit, keeper));
      }
      remap(
          going,
          (slice, units) ->
              ShadowMaps.marked(
                  ShadowMaps.stated(slice, units, keeper, ShadowMaps.CATCHING_UP), state::mark));
      end(saga, Admission.State.GIVEN_BACK, why);
    }

    /** The act looks after its shadows no more: what is on its way out goes from the maps. */
    private void tidyLater(Saga saga) {
      for (String unit : going(saga)) {
        String key = state.sliceOf(unit);
        if (key != null) {
          state.mapLater(key, Math.max(readMillis(), now + MAP_DELAY_MILLIS));
        }
      }
    }

    private void haltShadows(Saga saga) {
      if (saga.step == Saga.Step.BUILDING) {
        giveUp(saga, "Acts are halted.");
      } else if (saga.admission.act() == ActKind.RETIRE_SHADOW && !saga.told) {
        keepAfterAll(saga, "Acts are halted.");
      }
    }

    /** The log of admissions says that an act on shadows is over. */
    private void shadowsEnded(Saga saga, Admission read) {
      if (!saga.step.isOfShadows() || saga.awaitsLogs || read.state() == Admission.State.DONE) {
        // it was said here, or by an earlier run, which did what there was to do
        state.forget(saga);
        tidyLater(saga);
        return;
      }
      saga.closed = true;
      if (saga.step == Saga.Step.BUILDING) {
        giveUp(saga, read.text());
      } else if (saga.admission.act() == ActKind.RETIRE_SHADOW && !saga.told) {
        keepAfterAll(saga, read.text());
      }
      keep(saga);
    }

    /** The act that makes a node the owner of one of these units, null when none does. */
    private @Nullable Saga takeover(Subject node, Set<String> units) {
      for (Saga other : state.sagas().values()) {
        boolean moves = other.step != Saga.Step.ENDED && isMoving(other.admission);
        if (moves && node.equals(other.admission.target())) {
          Set<String> fewer = smaller(units, other.units.keySet());
          for (String unit : fewer) {
            if (units.contains(unit) && other.units.containsKey(unit)) {
              return other;
            }
          }
        }
      }
      return null;
    }

    private static String isTakenBy(Saga taker, Subject node) {
      return node + " is about to own what it holds, by admission " + taker.id() + ": it stays.";
    }

    /** The act that builds or gives up the shadow of a unit on a node, null when none does. */
    private @Nullable Saga actOn(String unit, Subject node) {
      for (Saga saga : state.sagas().values()) {
        boolean its = saga.step.isOfShadows() && saga.units.containsKey(unit);
        if (its && keeper(saga).equals(node)) {
          return saga;
        }
      }
      return null;
    }

    private void stood(ShadowStanding standing) {
      String unit = standing.unit();
      Subject node = standing.shadow();
      String key = state.sliceOf(unit);
      SagaInput.MapCopy shadow = ShadowMaps.shadow(state.segment(unit), node);
      if (key == null || shadow == null || ShadowMaps.isRetiring(shadow)) {
        return;
      }
      Saga builder = actOn(unit, node);
      if (builder != null
          && builder.admission.act() == ActKind.SHADOW
          && standing.timeMillis() < builder.admission.issuedMillis() - GRACE_MILLIS) {
        // it speaks of one that the node held before
        return;
      }
      SagaState.Mark before = state.mark(unit, node);
      SagaState.Mark mark = SagaState.Mark.of(standing);
      state.put(mark);
      if (!mark.state().equals(shadow.state())) {
        state.mapLater(key, now + MAP_DELAY_MILLIS);
      }
      for (Saga saga : List.copyOf(state.sagas().values())) {
        if (!saga.units.containsKey(unit)) {
          continue;
        }
        if (saga.step == Saga.Step.BUILDING && node.equals(keeper(saga))) {
          if (mark.isFurtherThan(before)) {
            saga.progressMillis = now;
          }
          Set<String> unsettled = saga.unsettled;
          if (unsettled != null && isSettled(saga, unit)) {
            unsettled.remove(unit);
          } else if (unsettled != null) {
            unsettled.add(unit);
          }
          shadowsMoved(saga);
          keep(saga);
        } else if (saga.step == Saga.Step.CHECKING && node.equals(saga.admission.target())) {
          judge(saga);
          keep(saga);
        }
      }
    }

    /**
     * Whoever handed its units to their shadow, and lives, is their shadow from now on: it may be
     * the one that fails, and is given up like any other.
     */
    private void swapRoles(Saga saga) {
      Subject former = saga.admission.source();
      Subject target = saga.admission.target();
      if (saga.admission.act() != ActKind.SWITCHOVER || former == null || target == null) {
        return;
      }
      Set<String> units = new TreeSet<>();
      for (String unit : saga.units.keySet()) {
        Owned owned = state.fold().owned(unit);
        if (owned != null
            && owned.released()
            && owned.owner().equals(target)
            && former.equals(owned.former())) {
          units.add(unit);
        }
      }
      remap(units, (slice, those) -> ShadowMaps.demoted(slice, those, former));
    }

    /** Brings the maps of these units up to what is known, changed like that. */
    private void remap(Set<String> units, BiFunction<MapSlice, Set<String>, MapSlice> change) {
      Set<String> keys = new TreeSet<>();
      for (String unit : units) {
        String key = state.sliceOf(unit);
        if (key != null) {
          keys.add(key);
        }
      }
      for (String key : keys) {
        SagaState.Slice kept = state.slice(key);
        if (kept != null) {
          MapSlice folded = SagaMaps.folded(kept.slice(), state.fold());
          MapSlice after = change.apply(ShadowMaps.marked(folded, state::mark), units);
          if (after != kept.slice()) {
            write(key, kept, after);
          }
        }
      }
    }

    private static String counted(int units) {
      return units == 1 ? "1 unit" : units + " units";
    }

    // --------------------------------------------------------------- time ran

    private void due(Saga saga) {
      if (saga.awaitsLogs) {
        if (now < readMillis()) {
          saga.dueMillis = readMillis();
        } else {
          saga.awaitsLogs = false;
          begin(saga);
        }
        return;
      }
      switch (saga.step) {
        case CHECKING -> {
          judge(saga);
          if (saga.step == Saga.Step.CHECKING) {
            askOpen(saga);
          }
        }
        case PREPARING -> preparingIsDue(saga);
        case INSTRUCTED -> {
          if (saga.attempt + 1 < policy.stepAttempts() && now < saga.admission.expiresMillis()) {
            saga.attempt += saga.asked ? 1 : 0;
            promote(saga);
          } else {
            giveBack(saga, target(saga) + " does not take over.");
          }
        }
        case GIVING_BACK -> {
          if (now >= saga.promisedMillis + GRACE_MILLIS) {
            saga.why = saga.why + " " + addressee(saga) + " may not begin it any more.";
            givenBack(saga);
          } else {
            saga.attempt++;
            cancel(saga);
          }
        }
        case FENCED, DRAINED -> {
          if (now - saga.sinceMillis >= MAX_COMPLETION_MILLIS) {
            end(
                saga,
                Admission.State.DONE,
                target(saga) + " owns the units, but never said that it serves them.");
          } else {
            saga.attempt += saga.asked ? 1 : 0;
            promote(saga);
            witness(saga);
          }
        }
        case PROMOTED, MAPPED -> {
          if (now - saga.sinceMillis >= policy.confirmMillis()) {
            end(
                saga,
                Admission.State.DONE,
                target(saga) + " serves; the confirmation is still out.");
          } else {
            // While the act holds its units no other can bring them away from a target that died.
            witness(saga);
            dueIn(saga, Math.min(policy.stepMillis(), policy.confirmMillis()));
            mapped(saga);
          }
        }
        case DRAINING, LEAVING, RETURNING -> hookDue(saga);
        case BUILDING -> buildingDue(saga);
        case RETIRING -> retiringDue(saga);
        case ENDED -> {
          say(saga);
          dueIn(saga, RESEND_MILLIS);
        }
      }
    }

    /** Asks those again who have not answered yet, or whose answer does not help. */
    private void askOpen(Saga saga) {
      saga.attempt++;
      CommandAck answer = saga.answers.get(target(saga));
      // whoever voted is asked anew when one reaches the source: how it and they stand then counts
      boolean split = saga.votes.containsValue(Saga.Vote.REACHED);
      for (Subject node : sorted(saga.probed)) {
        boolean open = !saga.answers.containsKey(node);
        boolean lags = node.equals(target(saga)) && answer != null && !saga.isUnplanned();
        if (open || lags || split) {
          probe(saga, node);
        }
      }
      long left = Math.max(1, saga.beganMillis + policy.checkMillis() - now);
      // a contradiction that is not clear at once is asked about now and then until the check ends
      boolean soon = !split || now - saga.beganMillis < policy.reachMillis();
      long pause = soon ? Math.min(policy.stepMillis(), pollMillis()) : policy.stepMillis();
      dueIn(saga, Math.min(left, pause));
    }

    // -------------------------------------------------------------------- end

    private void end(Saga saga, Admission.State how, String text) {
      boolean reached = how == Admission.State.DONE && saga.step.isPastFence();
      saga.end = how;
      enter(saga, Saga.Step.ENDED, text);
      saga.why = text;
      if (reached) {
        swapRoles(saga);
        watch(saga);
      }
      if (saga.closed) {
        state.forget(saga);
        return;
      }
      say(saga);
      dueIn(saga, RESEND_MILLIS);
    }

    private void say(Saga saga) {
      Admission.State how = saga.end;
      if (how != null) {
        voice.accept(new SagaOutput.Ended(saga.admission, how, saga.why, saga.pauseMillis));
      }
    }

    /** What an earlier run of this job said of the whole act. */
    private void saidBefore(Saga saga, CommandAck ack) {
      if (saga.step == Saga.Step.ENDED || !ack.ends()) {
        return;
      }
      boolean done = ack.status() == CommandAck.Status.DONE;
      if (saga.step.isPastFence() && !done) {
        // the log has the last word
        return;
      }
      if (saga.closed) {
        state.forget(saga);
        return;
      }
      saga.awaitsLogs = false;
      saga.end =
          done
              ? Admission.State.DONE
              : ack.code() == CommandAck.Code.EXPIRED
                  ? Admission.State.EXPIRED
                  : ack.code() == CommandAck.Code.CANCELLED
                      ? Admission.State.CANCELLED
                      : Admission.State.GIVEN_BACK;
      saga.step = Saga.Step.ENDED;
      saga.why = ack.text();
      dueIn(saga, RESEND_MILLIS);
      keep(saga);
      if (isOfShadows(saga.admission)) {
        tidyLater(saga);
      }
    }

    // ------------------------------------------------------------------- acks

    private void acked(CommandAck ack) {
      if (ack.command().startsWith(ACT_PREFIX)) {
        Saga saga = state.saga(ack.command().substring(ACT_PREFIX.length()));
        if (saga != null) {
          saidBefore(saga, ack);
        }
        return;
      }
      Saga saga = state.sagaOf(ack.command());
      if (saga == null) {
        CatchUp catchUp = state.catchUp(ack.from());
        if (catchUp != null && catchUp.asked.equals(ack.command())) {
          caughtUp(catchUp, ack);
          return;
        }
        for (Watch watch : state.watches().values()) {
          if (watch.asked.equals(ack.command()) && ack.from().equals(watch.former)) {
            followed(watch, ack);
            return;
          }
        }
        return;
      }
      Saga.Asked asked = saga.commands.get(ack.command());
      if (asked == null || !asked.addressee().equals(ack.from())) {
        return;
      }
      saga.answeredMillis.put(ack.from(), now);
      if (ack.from().equals(saga.admission.target())) {
        saga.silentSinceMillis = 0;
      }
      Command.Kind kind = asked.kind();
      switch (kind) {
        case PROBE -> {
          if (saga.step == Saga.Step.CHECKING) {
            probed(saga, ack);
          } else if (saga.step.isPastFence() && !ack.from().equals(saga.admission.target())) {
            if (saga.witnessing) {
              witnessed(saga, ack);
            }
          } else if (saga.step == Saga.Step.PROMOTED || saga.step == Saga.Step.MAPPED) {
            confirmed(saga, ack);
          }
        }
        case PREPARE -> prepared(saga, ack);
        case PROMOTE -> promoted(saga, ack);
        case CANCEL -> cancelled(saga, ack);
        case CREATE_SHADOW -> created(saga, ack);
        case RETIRE_SHADOW -> letGo(saga, ack);
        case DRAIN, LEAVE, RETURN -> {
          if (saga.step.isHook() && hookKind(saga.step) == kind) {
            hooked(saga, ack);
          }
        }
        default -> {}
      }
      keep(saga);
    }

    // ------------------------------------------------------------------- maps

    private void map(MapSlice read) {
      if (!read.pool().equals(state.pool())) {
        return;
      }
      String key = SagaState.key(read.volume(), read.slice());
      if (read.segments().isEmpty()) {
        forgetSlice(key);
        return;
      }
      SagaState.Slice known = state.slice(key);
      if (known == null || read.version() > known.slice().version()) {
        state.put(new SagaState.Slice(read, read.version()));
        state.sagas().values().forEach(saga -> saga.unsettled = null);
        refold(key);
      } else if (read.version() == known.slice().version()) {
        boolean same = SagaMaps.saySame(read, known.slice());
        state.put(new SagaState.Slice(same ? known.slice() : read, read.version()));
        refold(key, Map.of(), false, !same);
      } else if (read.version() < known.readVersion()) {
        // an older version stands behind a newer one, by a run that had forgotten: in a compacted
        // topic it would be the last word
        refold(key, Map.of(), false, true);
      } else if (read.version() > known.readVersion()) {
        state.put(new SagaState.Slice(known.slice(), read.version()));
      }
      for (Saga saga : awaitingMaps()) {
        mapped(saga);
        shadowsMoved(saga);
        keep(saga);
      }
    }

    private List<Saga> awaitingMaps() {
      List<Saga> awaiting = new ArrayList<>();
      for (Saga saga : state.sagas().values()) {
        if (saga.step == Saga.Step.PROMOTED || saga.step.isOfShadows()) {
          awaiting.add(saga);
        }
      }
      return awaiting;
    }

    private void forgetSlice(String key) {
      state.forgetSlice(key);
      // the fold has forgotten units: where they stand is counted anew
      for (Saga saga : List.copyOf(state.sagas().values())) {
        saga.forgetPlaces();
        saga.unsettled = null;
        shadowsMoved(saga);
        keep(saga);
      }
    }

    /**
     * Writes a slice anew when the fold knows more than it: at once when it names another owner or
     * epoch, else later.
     */
    private void refold(String key) {
      refold(key, Map.of(), false, false);
    }

    /**
     * The same.
     *
     * @param before what held until the record of the log that is taken now, by unit: what it said
     *     of copies may not have been written yet
     * @param atOnce true when what it says of copies has waited long enough
     * @param anyway true to write it though it says nothing new
     */
    private void refold(String key, Map<String, Owned> before, boolean atOnce, boolean anyway) {
      SagaState.Slice kept = state.slice(key);
      if (kept == null) {
        return;
      }
      MapSlice after = SagaMaps.folded(kept.slice(), before, state.fold());
      after = ShadowMaps.marked(after, state::mark);
      // an act that was ended while nobody looked may have left it behind
      MapSlice tidy = ShadowMaps.withoutRetired(after, (unit, node) -> actOn(unit, node) == null);
      if (atOnce && now >= readMillis()) {
        after = tidy;
      } else if (tidy != after) {
        state.mapLater(key, Math.max(readMillis(), now + MAP_DELAY_MILLIS));
      }
      if (after == kept.slice() && !anyway) {
        return;
      }
      if (!atOnce && !anyway && SagaMaps.sameOwners(after, kept.slice())) {
        state.mapLater(key, now + MAP_DELAY_MILLIS);
        return;
      }
      write(key, kept, after);
    }

    private void write(String key, SagaState.Slice kept, MapSlice after) {
      MapSlice next = SagaMaps.version(after, kept.slice().version() + 1, state.nextOffset(), now);
      state.put(new SagaState.Slice(next, kept.readVersion()));
      state.mapWritten(key);
      voice.accept(new SagaOutput.Mapped(next));
    }

    // ------------------------------------------------------------------- nodes

    private void risk(SagaInput.NodeRisk risk) {
      SagaState.Node before = state.node(risk.node());
      state.put(
          new SagaState.Node(
              risk.node(),
              before == null ? -1 : before.level(),
              before == null ? null : before.freeBytes(),
              risk.critical()));
      if (risk.critical()) {
        for (Saga saga : List.copyOf(state.sagas().values())) {
          if (risk.node().equals(saga.admission.target())) {
            judge(saga);
            if (saga.step == Saga.Step.BUILDING && !saga.awaitsLogs) {
              giveUp(saga, risk.node() + " is at risk itself.");
            }
            keep(saga);
          }
        }
      }
    }

    private void halted(boolean halted) {
      state.halted(halted);
      if (halted) {
        for (Saga saga : List.copyOf(state.sagas().values())) {
          boolean stoppable = saga.step.isBeforeInstruction() || saga.step == Saga.Step.INSTRUCTED;
          if (stoppable && !saga.awaitsLogs) {
            giveBack(saga, "Acts are halted.");
            keep(saga);
          } else if (saga.step.isOfShadows() && !saga.awaitsLogs) {
            haltShadows(saga);
            keep(saga);
          }
        }
      }
    }

    private void left(Subject node) {
      state.forgetNode(node);
      for (Saga saga : List.copyOf(state.sagas().values())) {
        if (saga.step.isOfShadows()) {
          if (node.equals(keeper(saga)) && !saga.awaitsLogs) {
            vanish(saga, node + " has left.");
            keep(saga);
          }
        } else if (node.equals(saga.admission.target())) {
          if (saga.step.isPastFence()) {
            end(
                saga,
                Admission.State.DONE,
                node + " owns the units and has left: their next failover is a new act.");
          } else if (!saga.awaitsLogs
              && (saga.step.isBeforeInstruction() || saga.step == Saga.Step.INSTRUCTED)) {
            giveBack(saga, node + " has left.");
          }
          keep(saga);
        }
      }
      for (Watch watch : List.copyOf(state.watches().values())) {
        if (watch.former.equals(node)) {
          state.forget(watch);
        }
      }
      Set<String> shadows = new TreeSet<>();
      for (SagaState.Slice slice : state.slices().values()) {
        for (SagaInput.MapSegment segment : slice.slice().segments()) {
          if (ShadowMaps.shadow(segment, node) != null) {
            shadows.add(segment.unit());
          }
        }
      }
      // nobody is to feed it any more
      remap(shadows, (slice, units) -> ShadowMaps.without(slice, units, node));
    }

    // ---------------------------------------------------------------- catch-up

    /** Asks a node whether it follows the units of which its copies have to catch up. */
    private void askToFollow(CatchUp catchUp) {
      long most = Math.min(MAX_CATCH_UP_MILLIS, CATCH_UP_MILLIS << Math.min(10, catchUp.attempts));
      long read = readMillis();
      boolean known = state.node(catchUp.node) != null;
      // the first question waits a moment: whoever lost its units is dead, or is busy with that
      boolean first = catchUp.attempts == 0 && catchUp.asked.isEmpty();
      catchUp.attempts++;
      catchUp.asked = "";
      List<UnitStep> steps = new ArrayList<>();
      catchUpSteps(catchUp, catchUp.units.tailSet(catchUp.last, false), steps);
      catchUpSteps(catchUp, catchUp.units.headSet(catchUp.last, true), steps);
      if (first || !known || now < read || steps.isEmpty()) {
        state.schedule.at(SagaState.CATCH_UP_DUE + catchUp.node, Math.max(now + most, read));
        return;
      }
      catchUp.asked = Ids.of("c-", "CATCH-UP", catchUp.node.toString(), Long.toString(now));
      catchUp.askedUnits = steps.stream().map(UnitStep::unit).toList();
      catchUp.last = catchUp.askedUnits.get(catchUp.askedUnits.size() - 1);
      state.schedule.at(SagaState.CATCH_UP_DUE + catchUp.node, now + most);
      voice.accept(
          new SagaOutput.Ordered(
              question(catchUp.asked, catchUp.node, steps, null, now + MAX_CATCH_UP_MILLIS)));
    }

    private void catchUpSteps(CatchUp catchUp, Set<String> units, List<UnitStep> steps) {
      for (String unit : units) {
        if (steps.size() == catchUp.most) {
          return;
        }
        Owned owned = state.fold().owned(unit);
        if (owned != null && !owned.owner().equals(catchUp.node)) {
          steps.add(new UnitStep(unit, owned.epoch(), owned.epoch() + 1));
        }
      }
    }

    private Command question(
        String id, Subject node, List<UnitStep> units, @Nullable Subject owner, long until) {
      return new Command(
          id,
          Command.Kind.PROBE,
          node,
          node,
          state.pool(),
          null,
          0,
          0,
          units,
          owner,
          now,
          now,
          until,
          null,
          "Do you follow these units again?",
          Map.of());
    }

    private void caughtUp(CatchUp catchUp, CommandAck ack) {
      if (!ack.ends()) {
        return;
      }
      // it lives: what it lacks is a matter of moments
      catchUp.attempts = Math.min(catchUp.attempts, LIVING_ATTEMPTS);
      if (!follows(ack)) {
        return;
      }
      Double held = ack.values().get(SagaValues.UNITS_HELD);
      if (held != null && held < catchUp.askedUnits.size()) {
        // some are not there, which must not hold up the others: it tells how many, not which
        catchUp.most = Math.max(1, catchUp.askedUnits.size() / 2);
        return;
      }
      catchUp.most = Math.min(MAX_CATCH_UP_UNITS, 2 * catchUp.most);
      remap(
          new TreeSet<>(catchUp.askedUnits),
          (slice, units) -> SagaMaps.caughtUp(slice, catchUp.node, units));
      SagaState.Node node = state.node(catchUp.node);
      for (Watch watch : state.watches().values()) {
        boolean well = node != null && !node.critical() && !isCatchingUp(watch);
        if (well && watch.former.equals(catchUp.node) && watch.wellSinceMillis == 0) {
          watch.wellSinceMillis = now;
          state.put(watch);
        }
      }
    }

    private boolean follows(CommandAck ack) {
      Double lag = ack.values().get(SagaValues.LAG_DELTAS);
      return ack.status() == CommandAck.Status.DONE
          && ack.code() == CommandAck.Code.NONE
          && (lag == null || lag <= policy.maxLagDeltas());
    }

    /** True while a former owner is asked anyway whether it follows. */
    private boolean isCatchingUp(Watch watch) {
      CatchUp catchUp = state.catchUp(watch.former);
      if (catchUp == null) {
        return false;
      }
      for (String unit : watch.epochs.keySet()) {
        if (catchUp.units.contains(unit)) {
          return true;
        }
      }
      return false;
    }

    // ---------------------------------------------------------------- failback

    /** Whoever lost units to a failover is watched: it may get them back. */
    private void watch(Saga saga) {
      Subject former = saga.admission.source();
      Subject owner = saga.admission.target();
      boolean away =
          saga.admission.act() == ActKind.FAILOVER || saga.admission.act() == ActKind.SWITCHOVER;
      if (former == null || owner == null || !away) {
        return;
      }
      Map<String, Long> epochs = new TreeMap<>();
      for (UnitStep unit : saga.admission.units()) {
        Owned owned = state.fold().owned(unit.unit());
        if (owned != null && owned.owner().equals(owner)) {
          epochs.put(unit.unit(), owned.epoch());
        }
      }
      if (epochs.isEmpty()) {
        return;
      }
      Watch watch = new Watch(saga.id(), former, owner, epochs);
      watch.dueMillis = now + pauseMillis(watch);
      state.put(watch);
      if (state.watches().size() > SagaState.MAX_WATCHES) {
        Watch oldest = watch;
        for (Watch other : state.watches().values()) {
          oldest = other.dueMillis < oldest.dueMillis ? other : oldest;
        }
        state.forget(oldest);
      }
    }

    /**
     * Until when a former owner is asked again: often while its dwell runs; less and less while it
     * is dead or at risk, which can take days, and while nobody takes up what was proposed.
     */
    private long pauseMillis(Watch watch) {
      long often = Math.max(1_000, policy.failbackDwellMillis() / 20);
      long seldom = Math.max(often, Math.min(MAX_WATCH_MILLIS, policy.failbackDwellMillis()));
      if (watch.wellSinceMillis > 0) {
        return watch.proposals > 0 ? seldom : often;
      }
      return Math.min(seldom, often << Math.min(8, watch.unwell));
    }

    /** Forgets those of these units that went elsewhere. */
    private void trim(Watch watch, Set<String> units) {
      boolean changed = false;
      if (units.size() <= watch.epochs.size()) {
        for (String unit : units) {
          changed |= isAway(watch, unit) && watch.epochs.remove(unit) != null;
        }
      } else {
        changed =
            watch.epochs.keySet().removeIf(unit -> units.contains(unit) && isAway(watch, unit));
      }
      if (watch.epochs.isEmpty()) {
        state.forget(watch);
      } else if (changed) {
        state.put(watch);
      }
    }

    private boolean isAway(Watch watch, String unit) {
      Owned owned = state.fold().owned(unit);
      return owned == null || !owned.owner().equals(watch.owner);
    }

    private void watched(Watch watch) {
      boolean asked = !watch.asked.isEmpty();
      if (asked && !watch.answered) {
        watch.wellSinceMillis = 0;
      }
      SagaState.Node node = state.node(watch.former);
      if (node == null || node.critical()) {
        watch.wellSinceMillis = 0;
      }
      long well = watch.wellSinceMillis;
      watch.unwell = well > 0 ? 0 : watch.unwell + (asked ? 1 : 0);
      if (well > 0 && now - well >= policy.failbackDwellMillis()) {
        proposeFailback(watch);
        if (watch.proposals >= MAX_FAILBACK_PROPOSALS) {
          state.forget(watch);
          return;
        }
      }
      watch.dueMillis = now + pauseMillis(watch);
      watch.answered = false;
      watch.asked = "";
      if (!isCatchingUp(watch)) {
        watch.asked =
            Ids.of("c-", watch.admission, "FOLLOWS", watch.former.toString(), Long.toString(now));
        voice.accept(
            new SagaOutput.Ordered(
                question(watch.asked, watch.former, steps(watch), watch.owner, watch.dueMillis)));
      }
      state.put(watch);
    }

    private List<UnitStep> steps(Watch watch) {
      List<UnitStep> steps = new ArrayList<>(watch.epochs.size());
      for (String unit : watch.epochs.keySet()) {
        Owned owned = state.fold().owned(unit);
        long epoch = owned == null ? watch.epochs.getOrDefault(unit, 0L) : owned.epoch();
        steps.add(new UnitStep(unit, epoch, epoch + 1));
      }
      return steps;
    }

    private void followed(Watch watch, CommandAck ack) {
      if (!ack.ends()) {
        return;
      }
      watch.answered = true;
      SagaState.Node node = state.node(watch.former);
      if (!follows(ack) || node == null || node.critical()) {
        watch.wellSinceMillis = 0;
      } else if (watch.wellSinceMillis == 0) {
        watch.wellSinceMillis = now;
      }
      state.put(watch);
    }

    private void proposeFailback(Watch watch) {
      List<UnitStep> steps = steps(watch);
      watch.proposals++;
      // the next one waits for another dwell
      watch.wellSinceMillis = now;
      List<String> parts = new ArrayList<>();
      parts.add(watch.admission);
      parts.add(Integer.toString(watch.proposals));
      for (UnitStep step : steps) {
        parts.add(step.unit() + "@" + step.expectedEpoch());
      }
      String dwell = policy.failbackDwellMillis() / 1000 + " s";
      voice.accept(
          new SagaOutput.Proposed(
              new Proposal(
                  Ids.of("p-", parts.toArray(new String[0])),
                  ActKind.FAILBACK,
                  watch.owner,
                  state.pool(),
                  null,
                  steps,
                  watch.owner,
                  watch.former,
                  List.of(),
                  DECIDER,
                  watch.former
                      + " has followed its former units for "
                      + dwell
                      + ": they could go back once it is confirmed to be well.",
                  List.of(
                      new Proposal.InputValue(
                          "wellMillis",
                          (double) policy.failbackDwellMillis(),
                          "How long it has followed them.")),
                  null,
                  null,
                  null,
                  null,
                  null,
                  1,
                  policy.failbackDwellMillis() + 1,
                  1,
                  0,
                  1_000,
                  0,
                  now,
                  now + Math.max(60_000, policy.failbackDwellMillis()),
                  Proposal.LIVE,
                  Map.of("after-admission", watch.admission))));
    }

    // ------------------------------------------------------------------ words

    private void enter(Saga saga, Saga.Step step, String text) {
      saga.votes.clear();
      saga.step = step;
      saga.sinceMillis = now;
      if (step != Saga.Step.DRAINED && step != Saga.Step.FENCED) {
        saga.attempt = 0;
      }
      Admission.State end = saga.end;
      String name =
          step != Saga.Step.ENDED || end == null
              ? step.name()
              : end == Admission.State.DONE && saga.confirmed ? "CONFIRMED" : end.name();
      voice.accept(
          new SagaOutput.Noted(
              new FleetEvent(
                  Ids.of("e-", saga.id(), step.name(), Long.toString(now), text),
                  STEP_EVENT,
                  Severity.INFO,
                  false,
                  saga.admission.subject(),
                  related(saga),
                  now,
                  now,
                  1,
                  0,
                  null,
                  null,
                  null,
                  null,
                  null,
                  DECIDER,
                  text.isEmpty() ? "The act is at " + name + "." : text,
                  measured(saga),
                  Map.of(
                      "admission",
                      saga.id(),
                      "act",
                      saga.admission.act().name(),
                      "step",
                      Integer.toString(step.ordinal()),
                      "state",
                      name))));
    }

    private static Map<String, Double> measured(Saga saga) {
      Map<String, Double> values = new TreeMap<>();
      SwitchoverCost cost = saga.cost;
      if (cost != null) {
        values.put(SagaValues.DRAIN_BYTES, (double) cost.drainBytes());
        values.put(SagaValues.EXPECTED_PAUSE_MILLIS, (double) cost.pauseMillis());
      }
      if (saga.pauseMillis >= 0) {
        values.put(SagaValues.TAKEOVER_MILLIS, (double) saga.pauseMillis);
      }
      return values;
    }

    private List<Subject> related(Saga saga) {
      List<Subject> related = new ArrayList<>();
      Subject source = saga.admission.source();
      Subject target = saga.admission.target();
      if (source != null) {
        related.add(source);
      }
      if (target != null) {
        related.add(target);
      }
      return related;
    }

    private Subject target(Saga saga) {
      Subject target = saga.admission.target();
      return target == null ? saga.admission.subject() : target;
    }

    private void dueIn(Saga saga, long millis) {
      saga.dueMillis = now + millis;
    }

    private static List<Subject> sorted(Set<Subject> nodes) {
      return nodes.stream().sorted(SagaState.BY_NAME).toList();
    }

    private static String first(Map<Subject, Saga.Vote> votes, Saga.Vote vote) {
      for (Map.Entry<Subject, Saga.Vote> each : votes.entrySet()) {
        if (each.getValue() == vote) {
          return each.getKey().toString();
        }
      }
      return "somebody";
    }

    private static String commandId(Saga saga, Command.Kind kind, Subject addressee, int attempt) {
      return Ids.of("c-", saga.id(), kind.name(), addressee.toString(), Integer.toString(attempt));
    }

    /** Gives a command whose identifier is the same whenever it is given again. */
    private void order(
        Saga saga,
        Command.Kind kind,
        Subject addressee,
        int attempt,
        Map<String, String> parameters,
        String reason) {
      long expires =
          kind == Command.Kind.PROMOTE
              ? promise(saga)
              : Math.max(saga.admission.expiresMillis(), now + PROMISE_MILLIS);
      command(
          saga,
          commandId(saga, kind, addressee, attempt),
          kind,
          addressee,
          attempt,
          saga.admission.notBeforeMillis(),
          expires,
          parameters,
          reason);
    }

    private void command(
        Saga saga,
        String id,
        Command.Kind kind,
        Subject addressee,
        int attempt,
        long notBeforeMillis,
        long expiresMillis,
        Map<String, String> parameters,
        String reason) {
      command(
          saga,
          id,
          kind,
          addressee,
          attempt,
          notBeforeMillis,
          expiresMillis,
          saga.admission.units(),
          parameters,
          reason);
    }

    private void command(
        Saga saga,
        String id,
        Command.Kind kind,
        Subject addressee,
        int attempt,
        long notBeforeMillis,
        long expiresMillis,
        List<UnitStep> units,
        Map<String, String> parameters,
        String reason) {
      state.asked(saga, id, new Saga.Asked(kind, addressee));
      voice.accept(
          new SagaOutput.Ordered(
              new Command(
                  id,
                  kind,
                  addressee,
                  saga.admission.subject(),
                  state.pool(),
                  kind.needsAdmission() ? saga.admission : null,
                  saga.step.ordinal(),
                  attempt,
                  units,
                  saga.admission.target(),
                  now,
                  notBeforeMillis,
                  expiresMillis,
                  null,
                  reason,
                  parameters)));
    }
  }
}
