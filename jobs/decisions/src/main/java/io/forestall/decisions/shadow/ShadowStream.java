package io.forestall.decisions.shadow;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport.RangeDigest;
import io.forestall.decisions.shadow.PendingDigests.Place;
import io.forestall.decisions.shadow.PendingDigests.Side;
import io.forestall.decisions.shadow.ShadowStep.Range;
import io.forestall.decisions.shadow.StreamOrder.Meaning;
import io.forestall.decisions.shadow.StreamOutput.Ended;
import io.forestall.decisions.shadow.StreamOutput.Noted;
import io.forestall.decisions.shadow.StreamOutput.Sent;
import io.forestall.decisions.shadow.StreamOutput.Stood;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes the streams of one unit's shadows from the unit's deltas (E1, E4), compares what the
 * holders say of their bytes (E5, A17) and tells how each shadow stands (E10).
 *
 * <ul>
 *   <li>Each delta that counts goes to each shadow, in sequence. What counts is what counts to
 *       every reader of the log ({@link StreamOrder}); when something may have been lost, the
 *       stream waits for a holder's word rather than guess.
 *   <li>The first step of a stream is the RESYNC of the whole unit. After a doubt in which nothing
 *       was lost, and behind a gap of the shadow itself, a RESYNC names the chunks that changed
 *       since; after a loss the whole unit.
 *   <li>A shadow whose bytes are found to be wrong fetches the range again; who is wrong is told as
 *       an event. Whose bytes are not what he recorded when he wrote them is wrong; of two copies
 *       that differ though each is what it recorded, the shadow is made good, and the event says
 *       that nobody can be blamed.
 * </ul>
 *
 * <p>Nothing is remembered of a unit without shadows. Immutable.
 */
public final class ShadowStream implements Decider<StreamState, StreamInput, StreamOutput> {

  /** Longest wait for a RESYNC, as a multiple of the first. */
  private static final int MAX_DOUBLINGS = 5;

  /** A lag that only grows older is told again after so many times the least time. */
  private static final int QUIET_STANDINGS = 5;

  private final StreamPolicy policy;

  /** A stream within limits. */
  public ShadowStream(StreamPolicy policy) {
    this.policy = policy;
  }

  @Override
  public StreamState empty(String key) {
    return new StreamState(key);
  }

  @Override
  public void decide(
      StreamState state, StreamInput event, long nowMillis, Consumer<StreamOutput> decisions) {
    if (event instanceof StreamInput.Read read) {
      read(state, read, nowMillis, decisions);
    } else if (event instanceof StreamInput.Damaged damaged) {
      damaged(state, damaged);
    } else if (event instanceof StreamInput.Reported reported) {
      reported(state, reported, nowMillis, decisions);
    } else if (event instanceof StreamInput.Mapped mapped) {
      mapped(state, mapped, nowMillis, decisions);
    } else if (event instanceof StreamInput.Unmapped unmapped
        && unmapped.version() >= state.version) {
      end(state, Set.of(), decisions);
    }
  }

  // ---- the log

  private void read(
      StreamState state, StreamInput.Read read, long nowMillis, Consumer<StreamOutput> decisions) {
    TouchedChunks touched = state.touched;
    if (touched == null) {
      return;
    }
    Delta delta = read.delta();
    boolean barrier = delta.kind() == Delta.Kind.BARRIER;
    long before = state.order.sequence();
    Meaning meaning = state.order.read(barrier, delta.epoch(), delta.sequence(), read.run());
    state.orderChanged = true;
    if (!barrier && delta.kind() != Delta.Kind.VERIFY && meaning != Meaning.NOTHING) {
      // In doubt it may never have happened: then a chunk too much is fetched.
      touched.touch(delta.offset(), delta.length(), delta.sequence());
    }
    switch (meaning) {
      case COUNTS, BARRIER -> {
        if (!barrier) {
          state.marks.sent(delta.sequence(), delta.payload().length, delta.timeMillis());
          state.marksChanged = true;
        }
        for (Follower each : state.followers.values()) {
          if (each.begun) {
            decisions.accept(
                new Sent(ShadowStep.of(each.node, before, delta, read.partition(), read.offset())));
          }
          each.moved();
        }
        standsSoon(state, nowMillis);
      }
      case NOTHING, DOUBTED -> {}
      default -> settled(state, meaning, before, nowMillis, decisions);
    }
  }

  private static void damaged(StreamState state, StreamInput.Damaged damaged) {
    if (state.touched != null) {
      state.order.damaged(damaged.run());
      state.orderChanged = true;
    }
  }

  /** The stream has a new position: what each shadow lacks up to it is fetched. */
  private void settled(
      StreamState state,
      Meaning meaning,
      long before,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    TouchedChunks touched = chunks(state);
    if (meaning != Meaning.SETTLED) {
      touched.touchAll(state.order.sequence());
    }
    if (meaning == Meaning.LOST) {
      decisions.accept(
          new Noted(
              StreamEvents.lost(
                  state,
                  "deltas of unit "
                      + state.unit
                      + " behind sequence "
                      + before
                      + " were lost to the stream of its shadows: they fetch the unit anew as of "
                      + state.order.sequence(),
                  nowMillis)));
    }
    if (state.order.sequence() > before) {
      state.marks.sent(state.order.sequence(), 0, nowMillis);
      state.marksChanged = true;
    }
    for (Follower each : state.followers.values()) {
      if (!each.begun || meaning != Meaning.SETTLED) {
        begin(state, each, nowMillis, decisions);
      } else {
        resync(state, each, before, touched.behind(before), nowMillis, decisions);
      }
      wanted(state, each, nowMillis, decisions);
    }
  }

  private void begin(
      StreamState state, Follower shadow, long nowMillis, Consumer<StreamOutput> decisions) {
    if (shadow.begun) {
      shadow.resyncs++;
    }
    shadow.begins(state.order.sequence());
    waits(state, shadow, nowMillis);
    send(state, shadow, -1, chunks(state).whole(), nowMillis, decisions);
  }

  /** The shadow has everything up to a sequence and fetches what changed behind it. */
  private void resync(
      StreamState state,
      Follower shadow,
      long from,
      List<Range> ranges,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    shadow.resyncs++;
    shadow.round = 0;
    waits(state, shadow, nowMillis);
    send(state, shadow, from, ranges, nowMillis, decisions);
  }

  /** What the shadow said before it read this RESYNC asks for no other. */
  private void waits(StreamState state, Follower shadow, long nowMillis) {
    shadow.resyncSequence = state.order.sequence();
    shadow.nextResyncMillis = Math.max(shadow.nextResyncMillis, nowMillis + policy.resyncMillis());
  }

  private void send(
      StreamState state,
      Follower shadow,
      long from,
      List<Range> ranges,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    shadow.touch();
    standsSoon(state, nowMillis);
    decisions.accept(
        new Sent(
            ShadowStep.resync(
                shadow.node,
                state.unit,
                state.order.epoch(),
                state.order.sequence(),
                from,
                ranges,
                nowMillis)));
  }

  // ---- the holders

  private void reported(
      StreamState state,
      StreamInput.Reported reported,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    if (state.touched == null) {
      return;
    }
    HolderReport report = reported.report();
    Follower shadow = state.followers.get(report.node());
    if (shadow == null) {
      // A shadow knows of the history what this stream told it: it proves nothing.
      long before = state.order.sequence();
      Meaning meaning =
          state.order.heard(
              report.epoch(), report.sequence(), nowMillis, reported.behind(), policy.lostMillis());
      state.orderChanged = true;
      if (meaning != Meaning.NOTHING) {
        settled(state, meaning, before, nowMillis, decisions);
      }
    } else {
      heard(state, shadow, report, nowMillis, decisions);
    }
    for (RangeDigest range : report.ranges()) {
      digest(state, report, range, nowMillis, decisions);
    }
  }

  private void heard(
      StreamState state,
      Follower shadow,
      HolderReport report,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    if (report.epoch() != shadow.appliedEpoch
        || report.sequence() != shadow.applied
        || lacksNothing(state, report)
        || nowMillis < shadow.progressMillis) {
      shadow.progressMillis = nowMillis;
    }
    shadow.appliedEpoch = report.epoch();
    shadow.applied = report.sequence();
    shadow.missingBytes = report.missingBytes();
    shadow.needsResync = report.needsResync();
    shadow.fetchBytesPerSecond = report.fetchBytesPerSecond();
    if (shadow.repairing >= 0 && shadow.applied >= shadow.repairing && shadow.whole()) {
      shadow.repairing = -1;
    }
    shadow.touch();
    standsSoon(state, nowMillis);
    forgetMarks(state);
    // A shadow that lost the last steps of a stream that fell silent sees no gap: it stands still.
    boolean stalled =
        shadow.applied >= shadow.wholeSequence
            && nowMillis - shadow.progressMillis >= policy.lostMillis();
    if (!report.needsResync() && !stalled) {
      shadow.tries = 0;
    } else if (shadow.begun
        && state.order.based()
        && !ahead(state, report)
        && (nowMillis >= shadow.nextResyncMillis || isNew(shadow, report))) {
      long wait = policy.resyncMillis() << Math.min(shadow.tries, MAX_DOUBLINGS);
      shadow.nextResyncMillis = nowMillis + wait;
      shadow.tries++;
      if (report.sequence() == 0 || report.sequence() > state.order.sequence()) {
        begin(state, shadow, nowMillis, decisions);
      } else {
        List<Range> ranges = chunks(state).behind(report.sequence());
        resync(state, shadow, report.sequence(), ranges, nowMillis, decisions);
      }
    }
  }

  /** True when a shadow lacks something though it had come to the last RESYNC. */
  private static boolean isNew(Follower shadow, HolderReport report) {
    return shadow.tries == 0 && report.sequence() > shadow.resyncSequence;
  }

  private static boolean lacksNothing(StreamState state, HolderReport report) {
    return report.epoch() >= state.order.epoch() && report.sequence() >= state.order.sequence();
  }

  /** True when a holder is further than the stream: what it asks for comes by itself. */
  private static boolean ahead(StreamState state, HolderReport report) {
    return report.epoch() > state.order.epoch()
        || report.epoch() == state.order.epoch() && report.sequence() > state.order.sequence();
  }

  private static void forgetMarks(StreamState state) {
    long least = Long.MAX_VALUE;
    for (Follower each : state.followers.values()) {
      least = Math.min(least, each.base());
    }
    state.marks.forget(least);
    state.marksChanged = true;
  }

  // ---- digests

  private void digest(
      StreamState state,
      HolderReport report,
      RangeDigest range,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    Place place =
        new Place(
            report.round(),
            range.offset(),
            range.length(),
            report.epoch(),
            report.sequence(),
            report.algorithm());
    Follower shadow = state.followers.get(report.node());
    boolean consistent = PendingDigests.consistent(range);
    if (shadow != null
        && (!shadow.whole() || shadow.repaired(range.offset(), range.length(), place.sequence()))) {
      return;
    }
    Side side = new Side(report.node(), report.owner(), range.digest(), consistent);
    List<Side> others = state.digests.add(place, side);
    if (!consistent) {
      wrong(state, side, place, true, nowMillis, decisions);
    }
    boolean ownerSpoke = side.owner();
    Set<Subject> spoken = new HashSet<>();
    spoken.add(side.node());
    for (Side other : others) {
      ownerSpoke |= other.owner();
      spoken.add(other.node());
      if (side.owner() != other.owner()) {
        compare(
            state,
            side.owner() ? side : other,
            side.owner() ? other : side,
            place,
            nowMillis,
            decisions);
      }
    }
    if (ownerSpoke && spoken.containsAll(state.followers.keySet())) {
      state.digests.settled(place);
    }
  }

  private void compare(
      StreamState state,
      Side owner,
      Side copy,
      Place place,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    Follower shadow = state.followers.get(copy.node());
    if (copy.agrees(owner)) {
      if (shadow != null && copy.consistent()) {
        shadow.agreed(
            place.round(), place.offset(), place.length(), chunks(state).bytes(), nowMillis);
        standsSoon(state, nowMillis);
      }
    } else if (owner.consistent() && copy.consistent()) {
      wrong(state, copy, place, false, nowMillis, decisions);
    }
  }

  /** A copy's bytes are not what they should be. */
  private void wrong(
      StreamState state,
      Side side,
      Place place,
      boolean attributed,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    Follower shadow = state.followers.get(side.node());
    if (shadow != null && shadow.repaired(place.offset(), place.length(), place.sequence())) {
      // The digest is of bytes that were sent for since.
      return;
    }
    String what =
        "bytes "
            + place.offset()
            + " to "
            + (place.offset() + place.length())
            + " of unit "
            + state.unit
            + " on "
            + side.node();
    String why =
        attributed
            ? " are not what it wrote there"
            : " differ from the owner's, though both read what they wrote: not attributable";
    String then =
        shadow != null
            ? "; the shadow fetches them again"
            : side.owner() ? "; the owner repairs them from another holder" : "";
    decisions.accept(
        new Noted(
            StreamEvents.diverged(
                state,
                side.node(),
                side.owner() ? Severity.CRITICAL : Severity.ERROR,
                place,
                attributed,
                what + why + then,
                nowMillis)));
    if (shadow != null) {
      shadow.divergences++;
      if (shadow.wanted.size() < Follower.MAX_REPAIRS) {
        shadow.wanted.add(new Range(place.offset(), place.length()));
      }
      shadow.touch();
      wanted(state, shadow, nowMillis, decisions);
    }
  }

  /** Sends for the ranges that were found to be wrong, once the stream has a place again. */
  private void wanted(
      StreamState state, Follower shadow, long nowMillis, Consumer<StreamOutput> decisions) {
    if (shadow.wanted.isEmpty() || !state.order.based() || !shadow.begun) {
      return;
    }
    long sequence = state.order.sequence();
    List<Range> ranges = joined(shadow.wanted, chunks(state).bytes());
    shadow.wanted.clear();
    for (Range each : ranges) {
      shadow.repairs(each, sequence);
    }
    if (!ranges.isEmpty()) {
      shadow.resyncs++;
      send(state, shadow, sequence, ranges, nowMillis, decisions);
    }
  }

  /** Ranges ascending and apart, within the unit. */
  private static List<Range> joined(List<Range> ranges, long bytes) {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingLong(Range::offset));
    List<Range> joined = new ArrayList<>();
    for (Range each : sorted) {
      long end = Math.min(bytes, each.end());
      int last = joined.size() - 1;
      if (each.offset() >= end) {
        continue;
      }
      if (last >= 0 && joined.get(last).end() >= each.offset()) {
        long offset = joined.get(last).offset();
        joined.set(last, new Range(offset, Math.max(joined.get(last).end(), end) - offset));
      } else {
        joined.add(new Range(each.offset(), end - each.offset()));
      }
    }
    return joined;
  }

  // ---- the map

  private void mapped(
      StreamState state,
      StreamInput.Mapped mapped,
      long nowMillis,
      Consumer<StreamOutput> decisions) {
    if (mapped.version() < state.version) {
      return;
    }
    List<Subject> shadows = mapped.shadows().stream().distinct().toList();
    List<Subject> fed = shadows.subList(0, Math.min(StreamState.MAX_SHADOWS, shadows.size()));
    end(state, Set.copyOf(fed), decisions);
    if (fed.isEmpty()) {
      return;
    }
    boolean ownerChanged = !mapped.owner().equals(state.owner);
    state.version = mapped.version();
    state.volume = mapped.volume();
    state.pool = mapped.pool();
    state.owner = mapped.owner();
    state.unitChanged = true;
    TouchedChunks touched = state.touched;
    if (touched == null || touched.bytes() != mapped.bytes()) {
      TouchedChunks fresh = new TouchedChunks(mapped.bytes());
      state.touched = fresh;
      fresh.touchAll(state.order.sequence());
      if (touched != null) {
        fresh.changeAll();
      }
      for (Follower each : state.followers.values()) {
        each.begun = false;
      }
    }
    for (Subject node : fed) {
      Follower shadow = state.followers.computeIfAbsent(node, Follower::new);
      if (!shadow.begun && state.order.based()) {
        begin(state, shadow, nowMillis, decisions);
      } else if (ownerChanged) {
        shadow.touch();
      }
    }
    standsSoon(state, nowMillis);
    int refused = shadows.size() - fed.size();
    if (refused > state.refused) {
      state.refused = refused;
      decisions.accept(new Noted(StreamEvents.refused(state, nowMillis)));
    }
    state.refused = refused;
  }

  /** Ends the streams of those that are no shadows any more; the last one ends everything. */
  private static void end(
      StreamState state, Set<Subject> remain, Consumer<StreamOutput> decisions) {
    for (Subject node : List.copyOf(state.followers.keySet())) {
      if (!remain.contains(node)) {
        state.followers.remove(node);
        decisions.accept(new Ended(state.unit, node));
      }
    }
    if (remain.isEmpty()) {
      state.clear();
    }
  }

  // ---- standings

  private void standsSoon(StreamState state, long nowMillis) {
    if (state.standingDueMillis > nowMillis) {
      for (Follower each : state.followers.values()) {
        state.standingDueMillis = Math.min(state.standingDueMillis, due(state, each));
      }
    }
  }

  /** When a shadow's standing is told next; one whose lag only grows older less often. */
  private long due(StreamState state, Follower shadow) {
    if (shadow.standing) {
      return shadow.stoodMillis == Long.MIN_VALUE
          ? Long.MIN_VALUE
          : shadow.stoodMillis + policy.standingMillis();
    }
    return shadow.begun && state.order.sequence() > shadow.base()
        ? shadow.stoodMillis + QUIET_STANDINGS * policy.standingMillis()
        : Long.MAX_VALUE;
  }

  @Override
  public void wake(StreamState state, long nowMillis, Consumer<StreamOutput> decisions) {
    long next = Long.MAX_VALUE;
    for (Follower each : state.followers.values()) {
      if (each.stoodMillis > nowMillis) {
        // A clock that went back, as after a restore, keeps nobody silent.
        each.stoodMillis = nowMillis - policy.standingMillis();
      }
      if (due(state, each) <= nowMillis) {
        each.stood(nowMillis);
        decisions.accept(new Stood(standing(state, each, nowMillis)));
      }
      next = Math.min(next, due(state, each));
    }
    state.standingDueMillis = next;
  }

  @Override
  public long alarmMillis(StreamState state) {
    return state.standingDueMillis == Long.MAX_VALUE
        ? NO_ALARM
        : Math.max(0, state.standingDueMillis);
  }

  private ShadowStanding standing(StreamState state, Follower shadow, long nowMillis) {
    long base = shadow.base();
    long lagRecords = shadow.begun ? Math.max(0, state.order.sequence() - base) : 0;
    long lagBytes = shadow.begun ? state.marks.bytesBehind(base) : 0;
    long lagMillis =
        lagRecords == 0 ? 0 : Math.max(0, nowMillis - state.marks.oldestMillis(base, nowMillis));
    String copy = copyState(state, shadow, lagMillis);
    return new ShadowStanding(
        state.unit,
        state.volume,
        state.pool,
        shadow.node,
        state.owner,
        copy,
        state.order.epoch(),
        state.order.sequence(),
        shadow.applied,
        lagRecords,
        lagBytes,
        lagMillis,
        shadow.missingBytes,
        shadow.fetchBytesPerSecond,
        shadow.resyncs,
        shadow.verifiedRound,
        shadow.verifiedMillis,
        shadow.divergences,
        text(state, shadow, copy, lagRecords, lagMillis),
        nowMillis);
  }

  private String copyState(StreamState state, Follower shadow, long lagMillis) {
    if (shadow.repairing >= 0 || !shadow.wanted.isEmpty()) {
      return "DIVERGED";
    }
    if (!shadow.begun || shadow.applied < shadow.wholeSequence || shadow.missingBytes > 0) {
      return "COPYING";
    }
    return shadow.needsResync || state.order.waits() || lagMillis > policy.inSyncMillis()
        ? "CATCHING_UP"
        : "IN_SYNC";
  }

  private static String text(
      StreamState state, Follower shadow, String copy, long lagRecords, long lagMillis) {
    if (!shadow.begun) {
      return "its stream begins when a holder of the unit says how far it is";
    }
    if (shadow.applied < 0) {
      return "it has not spoken yet";
    }
    if (shadow.needsResync) {
      return "it lacks steps of its stream behind "
          + shadow.applied
          + " and fetches what changed since";
    }
    if (state.order.waits()) {
      return "the stream waits for a holder's word: a part of the log may be lost to it";
    }
    return switch (copy) {
      case "DIVERGED" -> "bytes of it were found to be wrong and are fetched again";
      case "COPYING" -> shadow.missingBytes + " bytes are still to be fetched";
      default ->
          lagRecords == 0
              ? "it has everything"
              : lagRecords + " deltas behind, the oldest " + lagMillis + " ms old";
    };
  }

  private static TouchedChunks chunks(StreamState state) {
    TouchedChunks touched = state.touched;
    if (touched == null) {
      throw new IllegalStateException("unit " + state.unit + " has no map");
    }
    return touched;
  }
}
