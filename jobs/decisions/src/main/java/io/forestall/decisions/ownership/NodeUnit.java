package io.forestall.decisions.ownership;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One unit that a node holds a copy of, as {@link NodeProtocol} and its {@link NodeCommands} see
 * it. For one thread.
 */
final class NodeUnit {

  /** Which request of which client: a retry has the same. */
  record RequestKey(String client, long request) {}

  /** A request that waits, and until when. */
  record Held(NodeRequest request, long untilMillis) {}

  /** A write that was answered before it counted, and when; monotonic milliseconds. */
  record Accepted(Write write, long atMillis) {

    /** True until it counts, or is given up. */
    boolean isOpen() {
      return write.delta != null;
    }
  }

  /** A write that is open. */
  static final class Write {
    final NodeRequest request;

    /** Handles of retries that came while it was open, null for none. */
    @Nullable List<Long> moreTokens;

    /**
     * The delta that stands for it under the present epoch, alone or together with other writes;
     * null while it waits for one.
     */
    @Nullable Delta delta;

    boolean appended;

    /** It was answered before it counted; it stays open until it counts. */
    boolean accepted;

    /** It was appended again under another epoch than the one that the journal has it under. */
    boolean again;

    /** Reads, flushes and retries that wait until it counted, null for none. */
    @Nullable List<NodeRequest> behind;

    Write(NodeRequest request) {
      this.request = request;
    }
  }

  final UnitSpec spec;
  final DeltaFold fold;
  long nextOffset;
  boolean firstOwner;
  NodeProtocol.Role role = NodeProtocol.Role.FOLLOWING;
  @Nullable Owned owned;

  /** Partition of the ownership log that speaks of it, -1 while none does. */
  int partition = -1;

  /**
   * True from the first SERVING on, as long as the epochs after it are this process's own: nobody
   * before it answers any more, so it may answer reads, and vouch for itself when deposed.
   */
  boolean predecessorGone;

  /** When L plus drift is over, counted from reading the own record; monotonic milliseconds. */
  long serveAtMillis;

  /** When this process asked for the unit or read that it owns it, and when it began to serve. */
  long claimedMillis;

  long promotedMillis = Long.MIN_VALUE;
  long servingMillis;

  /** When a barrier that could not be appended is appended again; monotonic milliseconds. */
  long barrierAgainMillis = Long.MAX_VALUE;

  /** Until when no write is answered before it counts, whatever the mode; by the wall clock. */
  long synchronousUntilMillis = Long.MIN_VALUE;

  /** The epoch must step before anything more is appended. */
  boolean stepping;

  boolean stepInFlight;
  long nextSequence;

  /** Writes that are open, in the order in which they were taken in. */
  final Map<RequestKey, Write> open = new LinkedHashMap<>();

  /** Open writes that wait until the journal has what it was given of this unit, as they came. */
  final List<Write> batch = new ArrayList<>();

  /** What the journal was given of this unit and has not answered; count. */
  int journaling;

  /**
   * Writes that were answered before they counted, in the order in which they count; closed ones
   * are dropped as they come to the front. Empty in synchronous mode.
   */
  final ArrayDeque<Accepted> accepted = new ArrayDeque<>(0);

  /** Payloads of what was answered and did not count; bytes. */
  long acceptedBytes;

  /** Open writes that the journal has under an earlier epoch only; count. */
  int appendedAgain;

  /** Payloads of what is open and held; bytes. */
  long payloadBytes;

  /** Requests that wait until the unit serves, or until this node has read what they know. */
  final ArrayDeque<Held> held = new ArrayDeque<>();

  /** Open reads by token, and what else waits until a write that was accepted counts. */
  final Map<Long, NodeRequest> reads = new LinkedHashMap<>();

  /** When each client asked last, for the sagas' probes; an array of one, to change in place. */
  final Map<String, long[]> clientsSeen = new LinkedHashMap<>();

  /** What the journal has and nobody here waits for: of earlier starts, or of lost epochs. */
  List<Delta> leftovers = List.of();

  /** Commands under way that name it. */
  final Set<CommandProgress> underWay = new LinkedHashSet<>();

  NodeUnit(UnitSpec spec, DeltaFold fold, long nextOffset) {
    this.spec = spec;
    this.fold = fold;
    this.nextOffset = nextOffset;
  }

  String id() {
    return spec.unit();
  }

  int pending() {
    return open.size() + held.size() + reads.size();
  }

  boolean isFull(NodeSettings settings) {
    return pending() >= settings.maxPendingRequests()
        || payloadBytes >= NodeProtocol.MAX_PENDING_BYTES;
  }
}
