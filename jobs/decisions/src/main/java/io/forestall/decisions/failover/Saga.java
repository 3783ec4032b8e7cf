package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardRows;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One admitted act and how far it came. What is written to its row is what must outlive a restart;
 * answers to probes are asked for again. Mutable, for one thread.
 */
final class Saga {

  /** Grew when acts on shadows were carried out. */
  private static final int VERSION = 2;

  /** Where it stands. The names are kept in rows. */
  enum Step {
    /** The target is asked whether it can. */
    CHECKING,
    /** The target gets ready; nothing can change hands yet. */
    PREPARING,
    /** The target was told to take over; whether it did, the ownership log tells. */
    INSTRUCTED,
    /** The target was told not to; whether it heard in time is not known yet. */
    GIVING_BACK,
    /** The takeover counts. No way back. */
    FENCED,
    /** The target has read all that was written before. */
    DRAINED,
    /** The target serves. */
    PROMOTED,
    /** The maps say so. */
    MAPPED,
    /** Level 1: the node's hook moves its data off. */
    DRAINING,
    /** Level 1: the node's hook takes it out. */
    LEAVING,
    /** Level 1: the node's hook takes it in. */
    RETURNING,
    /** It was said how it ended; the log of admissions has not said so yet. */
    ENDED,
    /** The maps name a node as holder of shadows; it, and who feeds it, build them. */
    BUILDING,
    /** The maps say that shadows go; their node is told once the maps were read. */
    RETIRING;

    /** True when units changed hands under this admission. */
    boolean isPastFence() {
      return this == FENCED || this == DRAINED || this == PROMOTED || this == MAPPED;
    }

    /** True when nothing was begun that another node could still carry out. */
    boolean isBeforeInstruction() {
      return this == CHECKING || this == PREPARING;
    }

    /** True for the steps of a node of level 1. */
    boolean isHook() {
      return this == DRAINING || this == LEAVING || this == RETURNING;
    }

    /** True for the steps of acts on shadows, under which nothing changes hands. */
    boolean isOfShadows() {
      return this == BUILDING || this == RETIRING;
    }
  }

  /** What a witness said of a node that it was asked to reach. */
  enum Vote {
    /** It answers there. */
    REACHED,
    /** It does not answer there. */
    UNREACHABLE
  }

  /** Where a unit stands in the ownership log, seen from the act. */
  enum Place {
    /** The act's takeover counts for it. */
    TAKEN,
    /** It has another epoch, and not by the act. */
    LOST,
    /** The takeover can still count. */
    OPEN
  }

  /** A command that was given: what and to whom. */
  record Asked(Command.Kind kind, Subject addressee) {}

  // kept
  final Admission admission;
  Step step = Step.CHECKING;
  long sinceMillis;
  int attempt;
  long dueMillis = Long.MAX_VALUE;

  /** True when an earlier run of the job may have told the target to take over. */
  boolean mayBeInstructed;

  /** Until when the target may begin what it was told, by any clock that is right; milliseconds. */
  long promisedMillis;

  /** True when the log of admissions says that it ended: nothing is left to be said of it. */
  boolean closed;

  String why = "";
  long pauseMillis = -1;

  /** When it began: its checks, a hook, or an act on shadows. */
  long beganMillis;

  /** When the shadows that it builds last came further. */
  long progressMillis;

  /** True when the node of the shadows was told of the step. */
  boolean told;

  Admission.@Nullable State end;

  // not kept: asked for again after a restart
  final Map<String, UnitStep> units = new HashMap<>();
  final Set<Subject> probed = new HashSet<>();
  final Map<Subject, CommandAck> answers = new HashMap<>();
  final Map<Subject, Long> answeredMillis = new HashMap<>();
  final Map<Subject, Vote> votes = new TreeMap<>(SagaState.BY_NAME);
  final Map<String, Map<Long, Integer>> checksums = new HashMap<>();
  @Nullable String contradicted;
  final Set<Subject> clients = new TreeSet<>(SagaState.BY_NAME);
  final Map<String, Asked> commands = new HashMap<>();
  boolean asked;
  boolean heard;
  boolean promoteDone;
  boolean confirmed;
  boolean witnessing;

  /** When the target was asked, past the fence, what it has not answered; 0 when it answered. */
  long silentSinceMillis;

  /** What a switchover costs, null before it is known. */
  @Nullable SwitchoverCost cost;

  /** Units whose shadows are not in sync yet, null when that is to be found out. */
  @Nullable Set<String> unsettled;

  /** True when the maps were written that say that all its shadows are in sync. */
  boolean synced;

  /** True when it is from before this start, and the logs were not read yet. */
  boolean awaitsLogs;

  /** Units of the admission, from the first, whose maps were read back since it serves; count. */
  int mapped;

  private final Map<String, Place> places = new HashMap<>();
  private final int[] placed = new int[Place.values().length];

  Saga(Admission admission, long nowMillis) {
    this.admission = admission;
    this.sinceMillis = nowMillis;
    this.beganMillis = nowMillis;
    this.progressMillis = nowMillis;
    for (UnitStep unit : admission.units()) {
      units.put(unit.unit(), unit);
    }
  }

  String id() {
    return admission.id();
  }

  /** True when the act answers a failure that has happened: its owner may be dead. */
  boolean isUnplanned() {
    return !admission.predicted()
        && admission.act() == io.forestall.decisions.ActKind.FAILOVER
        && admission.source() != null;
  }

  /** What was asked and answered before counts no more. */
  void forgetAnswers() {
    probed.clear();
    answers.clear();
    answeredMillis.clear();
    votes.clear();
    checksums.clear();
    contradicted = null;
    asked = false;
    heard = false;
    promoteDone = false;
    confirmed = false;
    witnessing = false;
    silentSinceMillis = 0;
    cost = null;
    unsettled = null;
    synced = false;
  }

  /** False until each unit has its place. */
  boolean isPlaced() {
    return places.size() == units.size();
  }

  /** Units that have this place; count. */
  int placed(Place place) {
    return placed[place.ordinal()];
  }

  /** A unit has this place now. */
  void place(String unit, Place place) {
    Place before = places.put(unit, place);
    if (before != null) {
      placed[before.ordinal()]--;
    }
    placed[place.ordinal()]++;
  }

  /** The places are counted anew. */
  void forgetPlaces() {
    places.clear();
    Arrays.fill(placed, 0);
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(VERSION);
    GuardRows.admission(out, admission);
    out.text(step.name()).longs(sinceMillis).ints(attempt).longs(dueMillis);
    out.flag(mayBeInstructed).longs(promisedMillis).flag(closed).text(why).longs(pauseMillis);
    out.text(end == null ? null : end.name());
    return out.longs(beganMillis).longs(progressMillis).flag(told).toBytes();
  }

  static Saga of(RowReader in) {
    Saga saga = new Saga(GuardRows.admission(in), 0);
    saga.step = Step.valueOf(in.text());
    saga.sinceMillis = in.longs();
    saga.attempt = in.ints();
    saga.dueMillis = in.longs();
    saga.mayBeInstructed = in.flag();
    saga.promisedMillis = in.longs();
    saga.closed = in.flag();
    saga.why = in.text();
    saga.pauseMillis = in.longs();
    String end = in.nullableText();
    saga.end = end == null ? null : Admission.State.valueOf(end);
    boolean grown = in.version() >= 2;
    saga.beganMillis = grown ? in.longs() : saga.sinceMillis;
    saga.progressMillis = grown ? in.longs() : saga.sinceMillis;
    saga.told = grown && in.flag();
    return saga;
  }
}
