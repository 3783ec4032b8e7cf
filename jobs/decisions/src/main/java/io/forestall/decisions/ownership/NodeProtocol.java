package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The node's side of the ownership protocol (C4, D2, E1, E4, E7, G11): folds the ownership log and
 * the deltas of its units, writes with read-back, answers reads under its lease, takes over, stops
 * when deposed, obeys commands once. Pure: it has no clock and does no input or output; the
 * simulator and the reference node run this same class. For one thread.
 *
 * <p><b>State of a unit here.</b> A node's copy is always a prefix of the valid deltas of the log:
 * it applies what it reads from the log and nothing else, as owner and as replica alike.
 *
 * <pre>
 * FOLLOWING   not the owner: applies deltas; answers NOT_OWNER
 * CLAIMED     the fold says that this process owns the unit: its barrier is appended; it drains
 * WAITING     drained to its own barrier; waits for the predecessor's RELEASE, or L plus drift since
 *             it read its own record
 * SERVING     writes and, within the lease, reads
 * DEPOSED     = FOLLOWING; when it was SERVING it writes RELEASE once nothing of it answers any more
 * FAILED      the local copy or journal is broken: serves nothing, takes nothing over
 * </pre>
 *
 * <p><b>Write.</b> Journal, fsync, append, read back; {@code DONE} when the own delta COUNTS in the
 * fold. What comes while the journal is busy with the unit waits and goes out as one batch, in
 * which {@link WriteBatch} leaves out what was overwritten and joins what lies side by side.
 * FENCED, or deposed while it was open: {@code NOT_OWNER}, and the client asks the new owner with
 * the same request number, which knows from the log whether it happened. An append that failed or
 * whose fate is unknown: the owner takes a new epoch ({@code START} by itself with a larger
 * incarnation is not possible within one process, so it uses {@code MODE}, which steps the epoch),
 * appends a barrier, drains, and writes again what did not count, under new sequences; nothing is
 * ever written under a sequence that was used.
 *
 * <p><b>Asynchronous mode.</b> Under an epoch whose record says so, a write is answered {@code
 * ACCEPTED} once it is in the journal and appended, as long as the oldest write so answered that
 * does not count yet is younger than the bound, no more than {@link #MAX_ACCEPTED_BYTES} are so
 * answered, and the lease holds; else it waits as above. It stays open until it counts, and what
 * reads its bytes waits for that: nobody ever sees what can be lost. After its append failed, and
 * after a restart, its owner appends it again behind its next barrier, in the old order, before it
 * serves anything. Only a takeover by another node loses it; then it is set aside.
 *
 * <p><b>Read.</b> Asked for, bytes read, then the lease is looked at: it must still hold after the
 * bytes were read. When it does not, because the log is slow, the bytes wait for the next lease, so
 * that a short L costs reads time when the log is slow and nothing else: {@code BUSY} after {@link
 * #READ_MILLIS}, {@code NOT_OWNER} when deposed meanwhile.
 */
public final class NodeProtocol {

  /** Where a unit stands on this node. */
  public enum Role {
    /** Applies deltas. */
    FOLLOWING,
    /** Owns it, drains to its own barrier. */
    CLAIMED,
    /** Drained, waits until its predecessor surely answers no more. */
    WAITING,
    /** Serves. */
    SERVING,
    /** The local copy is broken. */
    FAILED
  }

  /**
   * How a unit stands on this node, for probes, telemetry and people.
   *
   * @param owned who owns it, null when nobody does
   * @param appliedSequence last delta that counted here
   * @param pending requests that are open
   */
  public record UnitStatus(
      UnitSpec spec, Role role, @Nullable Owned owned, long appliedSequence, int pending) {}

  /** Pause before what could not be appended is tried again; milliseconds. */
  static final long RETRY_MILLIS = 100;

  /** Longest time that a full journal makes writers wait before one tries again; milliseconds. */
  static final long FULL_MILLIS = 1_000;

  /** Longest time that a request waits until this node has read what its client knows. */
  static final long HOLD_MILLIS = 500;

  /** Longest time that the bytes of a read wait for a lease before BUSY; milliseconds. */
  static final long READ_MILLIS = 1_000;

  /** Payloads that one unit holds open before it answers BUSY; bytes. */
  static final long MAX_PENDING_BYTES = 64L << 20;

  /** Payloads that one unit answers before they count; bytes. */
  static final long MAX_ACCEPTED_BYTES = 16L << 20;

  /** When a write was accepted of which that is not known: long ago. */
  private static final long LONG_AGO = Long.MIN_VALUE / 2;

  /** Of a request whose client nobody here has to answer. */
  private static final long NO_TOKEN = -1;

  private static final byte[] NO_PAYLOAD = new byte[0];

  /** Answers that a write owes at most; a client asks again for one that it gave up; count. */
  static final int MAX_TOKENS = 4;

  /** Most units in one ownership record; count. */
  static final int MAX_STEPS = 1_024;

  /** Most clients that one unit remembers for the sagas' probes; count. */
  static final int MAX_CLIENTS_SEEN = 64;

  private final NodeSettings settings;
  private final NodeActions actions;
  private final Subject me;
  private final Map<Integer, Partition> partitions = new HashMap<>();
  private final Map<String, NodeUnit> units = new LinkedHashMap<>();
  private final NodeCommands commands;

  /** Open reads by token, so that a connection's end finds them. */
  private final Map<Long, NodeUnit> readsByToken = new HashMap<>();

  private final ArrayDeque<Ticket> journaling = new ArrayDeque<>();
  private long nextTicket;

  /** What is due later, the soonest first; an entry that came to nothing meanwhile is harmless. */
  private final PriorityQueue<Due> due =
      new PriorityQueue<>((one, other) -> Long.compare(one.atMillis, other.atMillis));

  /** Units that want a START or MODE record; one record takes all of a pool. */
  private final Set<NodeUnit> stepsWanted = new LinkedHashSet<>();

  /** Deltas found in the journal of units that are not followed yet. */
  private final Map<String, List<Delta>> leftovers = new HashMap<>();

  /** For how long writes of a volume may be answered before they count; synchronous without one. */
  private final Map<String, Long> asyncBounds = new HashMap<>();

  private long othersLeaseMillis;
  private long wallMillis;
  private long journalBlockedUntilMillis = Long.MIN_VALUE;
  private long nextForgetMillis = Long.MIN_VALUE;

  /** One partition of the ownership log. */
  private static final class Partition {
    private OwnershipFold fold = new OwnershipFold();

    /** The fold under new keys, until it has come as far as the old one; null when none runs. */
    private @Nullable OwnershipFold again;

    private boolean readToEnd;
    private long leaseAskedMillis;

    /** Reads whose bytes are there while the lease is over, in the order of their bytes. */
    private final ArrayDeque<Unleased> unleased = new ArrayDeque<>();
  }

  private record Unleased(NodeUnit unit, NodeRequest request, long readMillis) {}

  /**
   * What the journal was asked for.
   *
   * @param writes whom it is for, none for a VERIFY, which nobody asked for
   */
  private record Ticket(long number, NodeUnit unit, List<NodeUnit.Write> writes, Delta delta) {

    /**
     * True while the delta stands for its writes: one that was answered or is written again has
     * another, or none. They share this fate, since they happen together or not at all.
     */
    boolean isWanted() {
      return writes.isEmpty() || writes.get(0).delta == delta;
    }
  }

  /** A unit to look at, or a record to append again, at a time. */
  private record Due(long atMillis, @Nullable NodeUnit unit, @Nullable OwnershipEntry again) {}

  /** A node that has just started. */
  public NodeProtocol(NodeSettings settings, NodeActions actions) {
    this.settings = settings;
    this.actions = actions;
    this.me = settings.node();
    this.commands = new NodeCommands(settings, actions, new Known());
  }

  /** What commands look at. */
  private final class Known implements NodeUnits {
    @Override
    public @Nullable NodeUnit unit(String id) {
      return units.get(id);
    }

    @Override
    public @Nullable Owned owned(String id) {
      return NodeProtocol.this.owned(id);
    }

    @Override
    public boolean isMine(NodeUnit unit) {
      return NodeProtocol.this.isMine(unit);
    }

    @Override
    public boolean isFenced(UnitStep step) {
      Owned owned = owned(step.unit());
      return owned != null && owned.epoch() >= step.newEpoch() && owned.owner().equals(me);
    }

    @Override
    public boolean isLogKnown(String id) {
      return NodeProtocol.this.isLogKnown(id);
    }

    @Override
    public boolean owesTheLog(NodeUnit unit) {
      return hasAccepted(unit) || !unit.leftovers.isEmpty();
    }

    @Override
    public void keepSynchronous(NodeUnit unit, long untilMillis) {
      unit.synchronousUntilMillis = Math.max(unit.synchronousUntilMillis, untilMillis);
    }

    @Override
    public @Nullable Long ownershipOffset(NodeUnit unit) {
      Partition partition = partitions.get(unit.partition);
      return partition == null ? null : partition.fold.nextOffset();
    }
  }

  private void wall(long nowMillis) {
    wallMillis = nowMillis;
    commands.gate().wall(nowMillis);
  }

  // ---- what it holds

  /** {@link #follow(UnitSpec, boolean, DeltaFold, long, long)} for a unit that has had an owner. */
  public void follow(UnitSpec spec, DeltaFold fold, long deltaOffset, long nowMillis) {
    follow(spec, false, fold, deltaOffset, nowMillis);
  }

  /**
   * The map says that this node holds a copy of a unit. Told again, only {@code firstOwner} counts.
   *
   * @param firstOwner true when the map names this node as owner at epoch 0: it writes the unit's
   *     first START. When somebody owns the unit already, that record is void
   * @param fold where the local copy stands: what was applied and is durable; new for an empty copy
   * @param deltaOffset first offset of the unit's partition of deltas that is not in the copy
   */
  public void follow(
      UnitSpec spec, boolean firstOwner, DeltaFold fold, long deltaOffset, long nowMillis) {
    NodeUnit known = units.get(spec.unit());
    if (known != null) {
      known.firstOwner = firstOwner;
      wantStep(known, nowMillis);
      return;
    }
    NodeUnit unit = new NodeUnit(spec, fold, deltaOffset);
    unit.firstOwner = firstOwner;
    for (Map.Entry<Integer, Partition> each : partitions.entrySet()) {
      Owned owned = each.getValue().fold.owned(spec.unit());
      if (owned != null) {
        unit.owned = owned;
        unit.partition = each.getKey();
      }
    }
    units.put(spec.unit(), unit);
    if (isMine(unit)) {
      // Followed, given up and followed again within one process: deltas of this epoch may still be
      // on their way, so its sequences must not be used again.
      unit.stepping = true;
      Owned owned = unit.owned;
      unit.role = Role.CLAIMED;
      unit.claimedMillis = nowMillis;
      unit.serveAtMillis =
          owned != null && owned.released() ? nowMillis : nowMillis + predecessorMillis();
    }
    List<Delta> found = leftovers.remove(spec.unit());
    if (found != null) {
      unit.leftovers = found;
      settleLeftovers(unit);
    }
    wantStep(unit, nowMillis);
  }

  /** The node holds no copy of the unit any more. */
  public void unfollow(String unit, long nowMillis) {
    NodeUnit gone = units.get(unit);
    if (gone == null) {
      return;
    }
    stopServing(gone, NodeAnswer.Outcome.NOT_OWNER, "this node holds no copy of the unit any more");
    commands.lost(gone, CommandAck.Code.NOT_OWNER);
    giveUpAccepted(gone);
    if (!gone.leftovers.isEmpty()) {
      leftovers.put(unit, gone.leftovers);
    }
    gone.role = Role.FOLLOWING;
    stepsWanted.remove(gone);
    units.remove(unit);
  }

  /**
   * How writes of a volume are to be acknowledged; its owner steps its epoch when they are not yet.
   *
   * @param asyncBoundMillis 0 for once they are in the log; else for how long they may be answered
   *     before that; milliseconds
   */
  public void writeMode(String volume, long asyncBoundMillis, long nowMillis) {
    if (asyncBoundMillis > 0) {
      asyncBounds.put(volume, asyncBoundMillis);
    } else {
      asyncBounds.remove(volume);
    }
    for (NodeUnit unit : units.values()) {
      if (unit.spec.volume().equals(volume)) {
        wantMode(unit, nowMillis);
      }
    }
  }

  private long asyncBound(NodeUnit unit) {
    return asyncBounds.getOrDefault(unit.spec.volume(), 0L);
  }

  private void wantMode(NodeUnit unit, long nowMillis) {
    Owned owned = unit.owned;
    if (owned != null
        && unit.role == Role.SERVING
        && isMine(unit)
        && owned.asyncBoundMillis() != asyncBound(unit)) {
      step(unit, nowMillis);
    }
  }

  /**
   * True when nothing that was answered for a unit stands in the journal alone under an epoch which
   * is over: the journal may forget what a durable copy of a later epoch decided.
   */
  public boolean mayForget(String id) {
    NodeUnit unit = units.get(id);
    if (unit == null) {
      return !leftovers.containsKey(id);
    }
    Owned owned = unit.owned;
    return unit.leftovers.isEmpty()
        && unit.appendedAgain == 0
        && (!hasAccepted(unit)
            || owned != null && unit.role == Role.SERVING && unit.fold.epoch() <= owned.epoch());
  }

  /** A command that came to its end before this start, from the durable memory. */
  public void remembered(CommandAck last, long keepUntilMillis) {
    commands.gate().remembered(last, keepUntilMillis);
  }

  /** An admission that was cancelled here before this start, from the durable memory. */
  public void rememberedCancelled(String admission, long keepUntilMillis) {
    commands.gate().rememberedCancelled(admission, keepUntilMillis);
  }

  /** A delta that stands in the journal from before this start; told before {@link #follow}. */
  public void foundInJournal(Delta delta) {
    leftovers.computeIfAbsent(delta.unit(), unit -> new ArrayList<>()).add(delta);
  }

  /**
   * How the node's storage stands: goes into acks, and a full one is not promoted.
   *
   * @param free free space; bytes
   * @param full true when no more units may be taken over
   */
  public void storage(long free, boolean full) {
    commands.storage(free, full);
  }

  /**
   * The longest L that any other node of the pool may run with, as far as is known: who takes over
   * waits for that one, so that L can be changed node by node.
   */
  public void leaseOfOthers(long millis) {
    othersLeaseMillis = millis;
  }

  /** How long a predecessor that does not release may answer reads after its successor's record. */
  private long predecessorMillis() {
    long others = othersLeaseMillis;
    return others <= settings.leaseMillis()
        ? settings.leaseMillis() + settings.driftMillis()
        : others + Math.max(settings.driftMillis(), others / 10);
  }

  /**
   * What of its units the shell has not read yet, as it last saw; goes into acks.
   *
   * @param deltas how many; count
   * @param bytes their payloads, as far as that can be told; bytes
   */
  public void lag(long deltas, long bytes) {
    commands.lag(deltas, bytes);
  }

  /**
   * True while this node may yet own a unit by a takeover that it has begun: its copy is needed.
   */
  public boolean isTakingOver(String unit) {
    return commands.isTakingOver(unit);
  }

  // ---- what it reads

  /**
   * A record of the ownership log of a partition, in order.
   *
   * @param nowMillis by the monotonic clock, sampled after the record was received: an older time
   *     would let this node serve while its predecessor may still answer reads
   */
  public void ownershipRead(int partition, long offset, OwnershipEntry entry, long nowMillis) {
    Partition read = partitions.computeIfAbsent(partition, number -> new Partition());
    OwnershipFold again = read.again;
    if (again != null) {
      again.take(offset, entry);
      if (again.nextOffset() >= read.fold.nextOffset()) {
        readAnew(partition, read, again, nowMillis);
      }
      return;
    }
    if (offset < read.fold.nextOffset()) {
      return;
    }
    List<UnitStep> released = new ArrayList<>(0);
    for (OwnershipFold.Change change : read.fold.take(offset, entry)) {
      changed(partition, change.after(), released, nowMillis);
    }
    release(entry.pool(), released);
    if (entry.writer().equals(me.id()) && entry.incarnation() == settings.incarnation()) {
      ownRecordRead(entry, nowMillis);
    }
    commands.ownershipRead(entry, nowMillis);
  }

  /**
   * The trusted keys changed: the shell reads the partition again from its beginning, since what
   * was in doubt, or counted, may be judged otherwise. Until it has come as far as before, what
   * held goes on to hold, but no lease is renewed.
   */
  public void ownershipReread(int partition) {
    Partition read = partitions.computeIfAbsent(partition, number -> new Partition());
    // Of a log in which nothing stood yet nothing was judged by the old keys.
    read.again = read.fold.nextOffset() == 0 ? null : new OwnershipFold();
  }

  private void readAnew(int partition, Partition read, OwnershipFold again, long nowMillis) {
    read.fold = again;
    read.again = null;
    Map<String, List<UnitStep>> released = new LinkedHashMap<>();
    for (NodeUnit unit : units.values()) {
      Owned after = again.owned(unit.spec.unit());
      if (after != null && !after.equals(unit.owned)) {
        changed(
            partition,
            after,
            released.computeIfAbsent(unit.spec.pool(), key -> new ArrayList<>()),
            nowMillis);
      }
    }
    released.forEach(this::release);
    commands.settleAll();
  }

  /** Another record holds for a unit. */
  private void changed(int partition, Owned after, List<UnitStep> released, long nowMillis) {
    NodeUnit unit = units.get(after.unit());
    if (unit == null) {
      return;
    }
    Owned before = unit.owned;
    boolean wasMine = isMine(unit);
    unit.owned = after;
    unit.partition = partition;
    if (before != null && before.epoch() == after.epoch() && before.owner().equals(after.owner())) {
      settleLeftovers(unit);
      if (after.inDoubt() && !before.inDoubt()) {
        // Somebody may own it whom this node cannot know: it must not answer another read.
        stopServing(unit, NodeAnswer.Outcome.BUSY, "a takeover is signed by an unknown key");
      } else if (before.inDoubt() && !after.inDoubt()) {
        // The doubted takeover never counted. Numbers were given out that never reached the log.
        step(unit, nowMillis);
      } else if (unit.role == Role.WAITING && after.released() && !after.inDoubt()) {
        serve(unit, nowMillis);
      }
      return;
    }
    unit.stepInFlight = false;
    if (isMine(unit)) {
      claim(unit, wasMine, nowMillis);
    } else if (wasMine) {
      boolean vouches = unit.predecessorGone && before != null;
      depose(unit);
      if (vouches && before != null && after.formerEpoch() == before.epoch()) {
        // Every read of this unit is answered by now and none will be, so the new owner need not
        // wait. An owner that never served says nothing: its own predecessor may still answer.
        released.add(new UnitStep(unit.spec.unit(), before.epoch(), after.epoch()));
      }
    } else {
      flushHeld(unit, nowMillis);
    }
    settleLeftovers(unit);
    wantStep(unit, nowMillis);
  }

  private void release(String pool, List<UnitStep> released) {
    if (!released.isEmpty()) {
      actions.appendOwnership(
          new OwnershipEntry(
              pool,
              OwnershipEntry.Kind.RELEASE,
              released,
              me,
              settings.incarnation(),
              null,
              Authority.NONE,
              me.id(),
              wallMillis));
    }
  }

  /** An own START or MODE that was void leaves its units to try again from what holds now. */
  private void ownRecordRead(OwnershipEntry entry, long nowMillis) {
    if (entry.kind() == OwnershipEntry.Kind.START || entry.kind() == OwnershipEntry.Kind.MODE) {
      for (UnitStep step : entry.steps()) {
        NodeUnit unit = units.get(step.unit());
        if (unit != null && unit.stepInFlight) {
          unit.stepInFlight = false;
          wantStep(unit, nowMillis);
        }
      }
    }
  }

  /**
   * The log of a partition was read to what its end was when that was asked for.
   *
   * <p>The limit of the read lease: whoever names the end must know of every record that anybody
   * has read. A leader of a Kafka partition that was voted out while it is cut off, together with
   * this node, from all other brokers does not, until it notices; for so long this node may answer
   * reads that are out of date. Writes are not concerned: they need the log itself.
   *
   * @param askedMillis when the question for the end was sent, by the monotonic clock, sampled
   *     before; the lease runs from here
   */
  public void ownershipReadToEnd(int partition, long askedMillis, long nowMillis) {
    Partition read = partitions.computeIfAbsent(partition, number -> new Partition());
    if (read.again != null) {
      return;
    }
    if (!read.readToEnd) {
      read.readToEnd = true;
      read.leaseAskedMillis = askedMillis;
      for (NodeUnit unit : units.values()) {
        settleLeftovers(unit);
        wantStep(unit, nowMillis);
        flushHeld(unit, nowMillis);
      }
      flushSteps(nowMillis);
    } else if (askedMillis > read.leaseAskedMillis) {
      read.leaseAskedMillis = askedMillis;
    }
    if (holdsLease(read, nowMillis)) {
      for (Unleased next = read.unleased.poll(); next != null; next = read.unleased.poll()) {
        if (isOpen(next)) {
          answerRead(next.unit, next.request);
        }
      }
    }
  }

  /** Gives up the reads that waited too long for a lease. */
  private void expireReads(Partition read, long nowMillis) {
    for (Unleased head = read.unleased.peek();
        head != null && head.readMillis + READ_MILLIS <= nowMillis;
        head = read.unleased.peek()) {
      read.unleased.poll();
      if (isOpen(head)) {
        close(head.unit, head.request);
        busy(head.unit, head.request, "the ownership log was not read to its end within the lease");
      }
    }
  }

  private static boolean isOpen(Unleased read) {
    return read.unit.reads.get(read.request.token()) == read.request;
  }

  /** True while a read is open here: its bytes are wanted. */
  public boolean awaitsRead(long token) {
    return readsByToken.containsKey(token);
  }

  /** A delta of a unit was read from the log, in order. */
  public void deltaRead(Delta delta, long deltaOffset, long nowMillis) {
    NodeUnit unit = units.get(delta.unit());
    if (unit == null || deltaOffset < unit.nextOffset) {
      return;
    }
    unit.nextOffset = deltaOffset + 1;
    switch (unit.fold.take(delta)) {
      case COUNTS -> counted(unit, delta, deltaOffset);
      case BARRIER -> barrierRead(unit, delta, nowMillis);
      case GAP -> {
        // A delta of this owner's present epoch is missing in front of it: a lost append that
        // nobody told of. What stands behind the hole never happens, so the epoch steps.
        Owned owned = unit.owned;
        if (owned != null
            && isMine(unit)
            && delta.epoch() == owned.epoch()
            && delta.epoch() == unit.fold.epoch()) {
          step(unit, nowMillis);
        }
      }
      case FENCED, REPEAT, LATE_BARRIER -> {}
    }
  }

  private void counted(NodeUnit unit, Delta delta, long deltaOffset) {
    if (unit.role == Role.FAILED) {
      return;
    }
    actions.apply(delta, deltaOffset);
    String client = delta.client();
    Owned owned = unit.owned;
    // A delta of an epoch above the own is that of a later owner, who took the client's retry while
    // this node does not know yet that it is deposed. That owner may not have read it back: did
    // this node say DONE, the client could read there what it had before its write.
    if (client == null || unit.open.isEmpty() || owned == null || delta.epoch() > owned.epoch()) {
      return;
    }
    done(unit, client, delta.request());
    for (Delta.Request each : delta.merged()) {
      done(unit, each.client(), each.number());
    }
  }

  /**
   * A request counted. By client and request, not by sequence: the delta may be the one of the
   * epoch before, whose fate was unknown.
   */
  private void done(NodeUnit unit, String client, long request) {
    NodeUnit.Write write = unit.open.get(new NodeUnit.RequestKey(client, request));
    if (write == null) {
      return;
    }
    close(unit, write);
    if (!write.accepted) {
      answerAll(unit, write, NodeAnswer.Outcome.DONE, "");
    } else if (!hasAccepted(unit)) {
      commands.settle(unit);
    }
    if (write.behind != null) {
      for (NodeRequest each : write.behind) {
        if (unit.reads.get(each.token()) != each) {
          continue;
        }
        if (each.kind() == NodeRequest.Kind.READ) {
          actions.read(each);
        } else {
          close(unit, each);
          actions.answer(new NodeAnswer(each.token(), NodeAnswer.Outcome.DONE, null, ""));
        }
      }
    }
  }

  private void barrierRead(NodeUnit unit, Delta delta, long nowMillis) {
    settleLeftovers(unit);
    Owned owned = unit.owned;
    if (owned == null
        || !isMine(unit)
        || unit.role != Role.CLAIMED
        || delta.epoch() != owned.epoch()) {
      return;
    }
    drained(unit, nowMillis);
  }

  /** Whoever may say so halted acts that touch this node, or resumed them. */
  public void halted(boolean halted, long nowMillis) {
    commands.gate().halted(halted);
  }

  // ---- ownership of a unit

  /** True when this very process owns the unit, as far as it has read. */
  private boolean isMine(NodeUnit unit) {
    Owned owned = unit.owned;
    return owned != null
        && owned.incarnation() == settings.incarnation()
        && owned.owner().equals(me);
  }

  /** This process owns the unit under a new epoch: fence, then drain. */
  private void claim(NodeUnit unit, boolean wasMine, long nowMillis) {
    Owned owned = unit.owned;
    if (owned == null || unit.role == Role.FAILED) {
      return;
    }
    unit.stepping = false;
    if (!wasMine) {
      unit.predecessorGone = false;
      unit.claimedMillis = unit.promotedMillis == Long.MIN_VALUE ? nowMillis : unit.promotedMillis;
      unit.promotedMillis = Long.MIN_VALUE;
      unit.serveAtMillis = nowMillis + predecessorMillis();
    }
    unit.role = Role.CLAIMED;
    appendBarrier(unit);
  }

  /** The barrier of the present epoch; a second one of the same epoch changes nothing. */
  private void appendBarrier(NodeUnit unit) {
    Owned owned = unit.owned;
    unit.barrierAgainMillis = Long.MAX_VALUE;
    if (owned != null && unit.role == Role.CLAIMED) {
      actions.append(Delta.barrier(unit.spec.unit(), owned.epoch(), me.id(), wallMillis));
    }
  }

  /** The own barrier was read back: everything before it is applied, nothing older follows. */
  private void drained(NodeUnit unit, long nowMillis) {
    Owned owned = unit.owned;
    if (owned == null) {
      return;
    }
    if (owned.inDoubt()) {
      unit.role = Role.WAITING;
    } else if (unit.predecessorGone || owned.released() || nowMillis >= unit.serveAtMillis) {
      serve(unit, nowMillis);
    } else {
      unit.role = Role.WAITING;
      due.add(new Due(unit.serveAtMillis, unit, null));
    }
    commands.settle(unit);
  }

  private void serve(NodeUnit unit, long nowMillis) {
    unit.role = Role.SERVING;
    if (!unit.predecessorGone) {
      unit.predecessorGone = true;
      unit.servingMillis = nowMillis;
    }
    unit.nextSequence = unit.fold.lastSequence() + 1;
    // What was open when the epoch stepped and did not count is written again, in its old order,
    // under numbers of the new epoch.
    unit.batch.clear();
    settleLeftovers(unit);
    if (unit.leftovers.isEmpty() && !hasAccepted(unit)) {
      issue(unit, List.copyOf(unit.open.values()));
    } else if (takeLeftovers(unit)) {
      appendAgain(unit);
    } else {
      fail(unit, nowMillis);
      return;
    }
    flushHeld(unit, nowMillis);
    commands.settle(unit);
    wantMode(unit, nowMillis);
  }

  // ---- what was answered before it counted

  private static boolean hasAccepted(NodeUnit unit) {
    while (!unit.accepted.isEmpty() && !unit.accepted.getFirst().isOpen()) {
      unit.accepted.removeFirst();
    }
    return !unit.accepted.isEmpty();
  }

  /**
   * True when a write that the journal has may be answered although it does not count yet.
   *
   * @param nowMillis by the monotonic clock, sampled for this call
   */
  private boolean mayAccept(NodeUnit unit, Delta delta, long nowMillis) {
    Owned owned = unit.owned;
    Partition partition = partitions.get(unit.partition);
    return owned != null
        && owned.isAsynchronous()
        && unit.role == Role.SERVING
        && wallMillis >= unit.synchronousUntilMillis
        && !owned.inDoubt()
        && unit.fold.epoch() == owned.epoch()
        && unit.acceptedBytes + delta.payload().length <= MAX_ACCEPTED_BYTES
        // The next owner serves when this lease is over: nothing is accepted once it does.
        && partition != null
        && holdsLease(partition, nowMillis)
        && (!hasAccepted(unit)
            || nowMillis - unit.accepted.getFirst().atMillis() < owned.asyncBoundMillis());
  }

  private void accept(NodeUnit unit, NodeUnit.Write write, long nowMillis) {
    if (write.accepted) {
      return;
    }
    accepted(unit, write, nowMillis);
    answerAll(unit, write, NodeAnswer.Outcome.ACCEPTED, "");
  }

  private static void accepted(NodeUnit unit, NodeUnit.Write write, long atMillis) {
    write.accepted = true;
    write.moreTokens = null;
    unit.accepted.addLast(new NodeUnit.Accepted(write, atMillis));
    unit.acceptedBytes += write.request.payload().length;
  }

  /**
   * What the journal has of this node's own epochs, and the log lacks, is open again: it counts
   * before anything that is asked for from now on, and is read by nobody before.
   *
   * @return false when it cannot be read
   */
  private boolean takeLeftovers(NodeUnit unit) {
    List<Delta> wanted = new ArrayList<>();
    Set<Delta.Request> later = new HashSet<>();
    for (int i = unit.leftovers.size() - 1; i >= 0; i--) {
      // A write that was not answered yet may stand there twice: the later one counts.
      Delta each = unit.leftovers.get(i);
      List<Delta.Request> requests = requests(each);
      if (Collections.disjoint(later, requests)) {
        wanted.add(0, each);
      }
      later.addAll(requests);
    }
    List<Delta> whole = new ArrayList<>(wanted.size());
    for (Delta each : wanted) {
      Delta read = actions.whole(each);
      if (read == null) {
        return false;
      }
      whole.add(read);
    }
    unit.leftovers = List.of();
    for (Delta each : whole) {
      byte[] payload = each.payload();
      for (Delta.Request request : requests(each)) {
        NodeRequest asked =
            new NodeRequest(
                NO_TOKEN,
                request.client(),
                request.number(),
                each.unit(),
                each.epoch(),
                kind(each),
                each.offset(),
                each.length(),
                each.codec(),
                payload,
                each.encodedCrc(),
                each.plainCrc());
        // Their bytes are held once, for the first of them.
        payload = NO_PAYLOAD;
        NodeUnit.Write write = new NodeUnit.Write(asked);
        write.delta = each;
        write.appended = true;
        unit.open.put(new NodeUnit.RequestKey(request.client(), request.number()), write);
        unit.payloadBytes += asked.payload().length;
        accepted(unit, write, LONG_AGO);
      }
    }
    return true;
  }

  private static List<Delta.Request> requests(Delta delta) {
    List<Delta.Request> requests = new ArrayList<>(1 + delta.merged().size());
    String client = delta.client();
    if (client != null) {
      requests.add(new Delta.Request(client, delta.request()));
    }
    requests.addAll(delta.merged());
    return requests;
  }

  private static NodeRequest.Kind kind(Delta delta) {
    return switch (delta.kind()) {
      case WRITE -> NodeRequest.Kind.WRITE;
      case ZERO -> NodeRequest.Kind.ZERO;
      case TRIM -> NodeRequest.Kind.TRIM;
      case BARRIER, VERIFY -> throw new IllegalStateException("nobody asked for " + delta.kind());
    };
  }

  /**
   * Appends what the journal has already, delta by delta as it stands there, so that none gets a
   * larger number than it had and the journal need not take it again; the rest is issued anew.
   */
  private void appendAgain(NodeUnit unit) {
    Owned owned = unit.owned;
    if (owned == null) {
      return;
    }
    Map<Delta, List<NodeUnit.Write>> again = new IdentityHashMap<>();
    List<Delta> inOrder = new ArrayList<>();
    List<NodeUnit.Write> rest = new ArrayList<>();
    for (NodeUnit.Write write : unit.open.values()) {
      Delta delta = write.delta;
      if (delta == null || !write.appended) {
        rest.add(write);
        continue;
      }
      List<NodeUnit.Write> together = again.get(delta);
      if (together == null) {
        together = new ArrayList<>(1);
        again.put(delta, together);
        inOrder.add(delta);
      }
      together.add(write);
    }
    if (isOfOneEpoch(inOrder)) {
      // Else they were found at the start, in the order of the journal, which is the right one.
      inOrder.sort((one, other) -> Long.compare(one.sequence(), other.sequence()));
    }
    for (Delta each : inOrder) {
      Delta next = each.renumbered(owned.epoch(), unit.nextSequence++, me.id());
      for (NodeUnit.Write write : again.getOrDefault(each, List.of())) {
        write.delta = next;
        if (!write.again) {
          write.again = true;
          unit.appendedAgain++;
        }
      }
      actions.append(next);
    }
    issue(unit, rest);
  }

  private static boolean isOfOneEpoch(List<Delta> deltas) {
    for (Delta each : deltas) {
      if (each.epoch() != deltas.get(0).epoch()) {
        return false;
      }
    }
    return true;
  }

  /** What was answered and did not count is the journal's alone. */
  private static void giveUpAccepted(NodeUnit unit) {
    if (!hasAccepted(unit)) {
      return;
    }
    Set<Delta> given = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Delta> left = new ArrayList<>(unit.leftovers);
    for (NodeUnit.Accepted each : unit.accepted) {
      Delta delta = each.write().delta;
      if (delta != null && given.add(delta)) {
        left.add(delta);
      }
      close(unit, each.write());
    }
    unit.accepted.clear();
    unit.leftovers = left;
  }

  /** Another owns the unit now. */
  private void depose(NodeUnit unit) {
    stopServing(unit, NodeAnswer.Outcome.NOT_OWNER, "another owns the unit");
    giveUpAccepted(unit);
    if (unit.role != Role.FAILED) {
      unit.role = Role.FOLLOWING;
    }
    unit.predecessorGone = false;
    unit.stepping = false;
    stepsWanted.remove(unit);
  }

  /** Answers all that is open; nothing of the unit is answered DONE until it serves again. */
  private void stopServing(NodeUnit unit, NodeAnswer.Outcome outcome, String why) {
    for (NodeRequest read : unit.reads.values()) {
      readsByToken.remove(read.token());
      actions.answer(new NodeAnswer(read.token(), outcome, unit.owned, why));
    }
    unit.reads.clear();
    unit.payloadBytes = 0;
    for (Iterator<NodeUnit.Write> all = unit.open.values().iterator(); all.hasNext(); ) {
      NodeUnit.Write write = all.next();
      if (write.accepted) {
        // Its client has its answer, and it is owed to the log.
        write.behind = null;
        unit.payloadBytes += write.request.payload().length;
        continue;
      }
      write.delta = null;
      answerAll(unit, write, outcome, why);
      all.remove();
    }
    unit.batch.clear();
    for (NodeUnit.Held each : unit.held) {
      actions.answer(new NodeAnswer(each.request().token(), outcome, unit.owned, why));
    }
    unit.held.clear();
  }

  private static void close(NodeUnit unit, NodeUnit.Write write) {
    NodeRequest request = write.request;
    write.delta = null;
    unit.payloadBytes -= request.payload().length;
    if (write.accepted) {
      unit.acceptedBytes -= request.payload().length;
    }
    if (write.again) {
      unit.appendedAgain--;
    }
    unit.open.remove(new NodeUnit.RequestKey(request.client(), request.request()));
  }

  private void answerAll(
      NodeUnit unit, NodeUnit.Write write, NodeAnswer.Outcome outcome, String why) {
    Owned owned = outcome == NodeAnswer.Outcome.DONE ? null : unit.owned;
    actions.answer(new NodeAnswer(write.request.token(), outcome, owned, why));
    if (write.moreTokens != null) {
      for (long token : write.moreTokens) {
        actions.answer(new NodeAnswer(token, outcome, owned, why));
      }
    }
  }

  // ---- stepping the own epoch

  /** Nothing more is appended under the present epoch: it steps. */
  private void step(NodeUnit unit, long nowMillis) {
    if (unit.stepping || !isMine(unit) || unit.role == Role.FAILED) {
      return;
    }
    unit.stepping = true;
    wantStep(unit, nowMillis);
  }

  /** Kind of the record that the unit needs from this process, null when none. */
  private OwnershipEntry.@Nullable Kind stepNeeded(NodeUnit unit) {
    Owned owned = unit.owned;
    if (unit.role == Role.FAILED || unit.stepInFlight) {
      return null;
    }
    if (owned == null) {
      return unit.firstOwner ? OwnershipEntry.Kind.START : null;
    }
    if (owned.inDoubt() || !owned.owner().equals(me)) {
      return null;
    }
    if (owned.incarnation() < settings.incarnation()) {
      return OwnershipEntry.Kind.START;
    }
    return unit.stepping && isMine(unit) ? OwnershipEntry.Kind.MODE : null;
  }

  private void wantStep(NodeUnit unit, long nowMillis) {
    if (stepNeeded(unit) != null && stepsWanted.add(unit)) {
      due.add(new Due(nowMillis, unit, null));
    }
  }

  /**
   * One record for all units of a pool that want the same; only what was read to its end counts.
   */
  private void flushSteps(long nowMillis) {
    if (stepsWanted.isEmpty()) {
      return;
    }
    Map<Together, List<UnitStep>> steps = new LinkedHashMap<>();
    List<NodeUnit> waiting = new ArrayList<>();
    for (NodeUnit unit : stepsWanted) {
      OwnershipEntry.Kind kind = stepNeeded(unit);
      if (kind == null) {
        continue;
      }
      if (!isKnownToEnd(unit)) {
        waiting.add(unit);
        continue;
      }
      Owned owned = unit.owned;
      long epoch = owned == null ? 0 : owned.epoch();
      unit.stepInFlight = true;
      Together together = new Together(kind, unit.spec.pool(), asyncBound(unit));
      List<UnitStep> alike = steps.computeIfAbsent(together, key -> new ArrayList<>());
      alike.add(new UnitStep(unit.spec.unit(), epoch, epoch + 1));
      if (alike.size() == MAX_STEPS) {
        appendSteps(together, alike);
        alike.clear();
      }
    }
    stepsWanted.clear();
    stepsWanted.addAll(waiting);
    for (Map.Entry<Together, List<UnitStep>> each : steps.entrySet()) {
      if (!each.getValue().isEmpty()) {
        appendSteps(each.getKey(), each.getValue());
      }
    }
  }

  /** What steps of one record have in common. */
  private record Together(OwnershipEntry.Kind kind, String pool, long asyncBoundMillis) {}

  /**
   * True when the log that speaks of the unit was read to an end once. For a unit without any
   * record that may be any partition: a first START that comes too late is void.
   */
  private boolean isKnownToEnd(NodeUnit unit) {
    if (unit.partition >= 0) {
      Partition partition = partitions.get(unit.partition);
      return partition != null && partition.readToEnd;
    }
    for (Partition each : partitions.values()) {
      if (each.readToEnd) {
        return true;
      }
    }
    return false;
  }

  /** True when this process has read the log that speaks of a unit, held here or not, to an end. */
  private boolean isLogKnown(String unit) {
    NodeUnit held = units.get(unit);
    if (held != null && held.partition >= 0) {
      return isKnownToEnd(held);
    }
    boolean known = false;
    for (Partition each : partitions.values()) {
      if (!each.readToEnd) {
        return false;
      }
      known = true;
    }
    return known;
  }

  private void appendSteps(Together together, List<UnitStep> steps) {
    actions.appendOwnership(
        new OwnershipEntry(
            together.pool(),
            together.kind(),
            steps,
            me,
            settings.incarnation(),
            null,
            Authority.NONE,
            me.id(),
            wallMillis,
            together.asyncBoundMillis()));
  }

  // ---- commands

  /**
   * A command for this node. Its rules are looked at in this order; the first that speaks against
   * it is the answer, and is counted:
   *
   * <ol>
   *   <li>the kind is one that a node of level 2 obeys (UNSUPPORTED), and it is meant (NOT_OWNER);
   *   <li>a change stands on a signed admission: BAD_SIGNATURE, UNKNOWN_KEY, NO_ADMISSION;
   *   <li>which covers kind, addressee, target, subject, pool and units (NO_ADMISSION);
   *   <li>done before: the same answer again, marked as a duplicate; under way: how far it is;
   *   <li>not before and not after command and admission allow (TOO_EARLY, EXPIRED), acts are not
   *       halted (HALTED), the admission is not cancelled (CANCELLED), the units are held here, are
   *       sound and have room (NOT_OWNER, IO_ERROR, NO_SPACE) and stand at the epochs it names
   *       (WRONG_EPOCH). None of these stops a takeover that is past its fence.
   * </ol>
   *
   * @param authority what the check of its admission found; NONE without one
   * @param nowMillis monotonic; milliseconds
   * @param wallMillis the wall clock, for expiry only; milliseconds since 1970-01-01 UTC
   */
  public void command(Command command, Authority authority, long nowMillis, long wallMillis) {
    command(command, authority, Map.of(), nowMillis, wallMillis);
  }

  /**
   * A command for a node that holds shadows. Before a takeover, one that is in sync is made a copy
   * like any other ({@link #follow}); with any other it is refused (GAP).
   *
   * @param shadows those of the command's units of which a shadow is here, and how it stands
   */
  public void command(
      Command command,
      Authority authority,
      Map<String, HeldShadow> shadows,
      long nowMillis,
      long wallMillis) {
    wall(wallMillis);
    commands.shadows(shadows);
    commands.command(command, authority, nowMillis);
  }

  /**
   * The shell tried to reach the node that a PROBE named.
   *
   * @param reached true when that node answered
   * @param text what was seen, as a sentence
   */
  public void reached(
      Command probe, boolean reached, String text, long nowMillis, long wallMillis) {
    wall(wallMillis);
    commands.reached(probe, reached, text, nowMillis);
  }

  // ---- what clients ask

  /** A request of a client. */
  public void request(NodeRequest request, long nowMillis, long wallMillis) {
    wall(wallMillis);
    NodeUnit unit = units.get(request.unit());
    if (unit == null) {
      actions.answer(
          new NodeAnswer(
              request.token(),
              NodeAnswer.Outcome.NOT_OWNER,
              owned(request.unit()),
              "this node holds no copy of the unit"));
      return;
    }
    String invalid = problem(unit.spec, request);
    if (invalid != null) {
      actions.answer(
          new NodeAnswer(request.token(), NodeAnswer.Outcome.INVALID, unit.owned, invalid));
      return;
    }
    seen(unit, request.client(), nowMillis);
    Owned owned = unit.owned;
    if (owned != null && owned.inDoubt()) {
      busy(unit, request, "a takeover of the unit is signed by an unknown key");
    } else if (unit.role == Role.FAILED) {
      busy(unit, request, "the unit's copy on this node is broken");
    } else if (owned != null && request.epoch() > owned.epoch()) {
      // The client has read more of the ownership log than this node: what it reads next decides.
      hold(unit, request, nowMillis + HOLD_MILLIS);
    } else if (owned != null && unit.fold.epoch() > owned.epoch()) {
      // A barrier of a higher epoch is in the log: this node is deposed and is about to read it.
      hold(unit, request, nowMillis + HOLD_MILLIS);
    } else if (!isMine(unit)) {
      if (owned != null && owned.owner().equals(me) || owned == null && unit.firstOwner) {
        hold(unit, request, Long.MAX_VALUE);
      } else if (!isKnownToEnd(unit)) {
        // Just started: who owns it is not read yet, and may be this node.
        hold(unit, request, nowMillis + HOLD_MILLIS);
      } else {
        actions.answer(
            new NodeAnswer(
                request.token(), NodeAnswer.Outcome.NOT_OWNER, owned, "another owns the unit"));
      }
    } else if (!unit.predecessorGone) {
      hold(unit, request, Long.MAX_VALUE);
    } else if (request.kind() == NodeRequest.Kind.READ) {
      read(unit, request);
    } else if (request.kind() == NodeRequest.Kind.FLUSH) {
      flush(unit, request);
    } else {
      write(unit, request, nowMillis);
    }
  }

  private void busy(NodeUnit unit, NodeRequest request, String why) {
    actions.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.BUSY, unit.owned, why));
  }

  private void hold(NodeUnit unit, NodeRequest request, long untilMillis) {
    if (unit.isFull(settings)) {
      busy(unit, request, "too many requests wait for the unit");
      return;
    }
    unit.held.add(new NodeUnit.Held(request, untilMillis));
    unit.payloadBytes += request.payload().length;
    if (untilMillis != Long.MAX_VALUE) {
      due.add(new Due(untilMillis, unit, null));
    }
  }

  /** Decides again about everything that waits. */
  private void flushHeld(NodeUnit unit, long nowMillis) {
    for (int left = unit.held.size(); left > 0; left--) {
      NodeUnit.Held each = unit.held.poll();
      if (each != null) {
        unit.payloadBytes -= each.request().payload().length;
        request(each.request(), nowMillis, wallMillis);
      }
    }
  }

  private void read(NodeUnit unit, NodeRequest request) {
    if (unit.isFull(settings)) {
      busy(unit, request, "too many requests wait for the unit");
      return;
    }
    NodeUnit.Write unseen = unit.accepted.isEmpty() ? null : lastAcceptedUnder(unit, request);
    if (unseen == null) {
      unit.reads.put(request.token(), request);
      readsByToken.put(request.token(), unit);
      actions.read(request);
    } else {
      waitBehind(unit, unseen, request);
    }
  }

  /** The write of these bytes that counts last of those answered; they count in this order. */
  private static NodeUnit.@Nullable Write lastAcceptedUnder(NodeUnit unit, NodeRequest read) {
    for (Iterator<NodeUnit.Accepted> all = unit.accepted.descendingIterator(); all.hasNext(); ) {
      NodeUnit.Accepted each = all.next();
      NodeRequest write = each.write().request;
      if (each.isOpen()
          && write.offset() < read.offset() + read.length()
          && read.offset() < write.offset() + write.length()) {
        return each.write();
      }
    }
    return null;
  }

  private void waitBehind(NodeUnit unit, NodeUnit.Write write, NodeRequest request) {
    if (unit.isFull(settings)) {
      busy(unit, request, "too many requests wait for the unit");
      return;
    }
    unit.reads.put(request.token(), request);
    readsByToken.put(request.token(), unit);
    if (write.behind == null) {
      write.behind = new ArrayList<>(1);
    }
    write.behind.add(request);
  }

  /** Under one owner writes are answered in the order in which they count. */
  private void flush(NodeUnit unit, NodeRequest request) {
    NodeUnit.Write open =
        unit.open.get(new NodeUnit.RequestKey(request.client(), request.offset()));
    if (open != null && open.accepted) {
      waitBehind(unit, open, request);
    } else if (open != null) {
      busy(unit, request, "the write was asked for again and waits itself");
    } else if (unit.fold.requests().contains(request.client(), request.offset())) {
      actions.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.DONE, null, ""));
    } else {
      actions.answer(
          new NodeAnswer(
              request.token(),
              NodeAnswer.Outcome.INVALID,
              unit.owned,
              "a write that was accepted is not in the log: another node took the unit over before"
                  + " it got there"));
    }
  }

  private void write(NodeUnit unit, NodeRequest request, long nowMillis) {
    if (unit.fold.requests().contains(request.client(), request.request())) {
      // A retry of what the log has: done once, and applied here before this.
      actions.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.DONE, null, ""));
      return;
    }
    NodeUnit.RequestKey key = new NodeUnit.RequestKey(request.client(), request.request());
    NodeUnit.Write open = unit.open.get(key);
    if (open != null) {
      if (open.accepted) {
        // The answer may have been that of another start, or under another mode: this one waits.
        waitBehind(unit, open, request);
        return;
      }
      if (open.moreTokens == null) {
        open.moreTokens = new ArrayList<>(1);
      } else if (open.moreTokens.size() >= MAX_TOKENS) {
        long oldest = open.moreTokens.remove(0);
        actions.answer(
            new NodeAnswer(
                oldest, NodeAnswer.Outcome.BUSY, unit.owned, "later retries wait for the write"));
      }
      open.moreTokens.add(request.token());
      return;
    }
    if (unit.fold.requests().isStale(request.client(), request.request())) {
      actions.answer(
          new NodeAnswer(
              request.token(),
              NodeAnswer.Outcome.INVALID,
              unit.owned,
              "the request is older than what its client can have in flight"));
      return;
    }
    Owned owned = unit.owned;
    if (owned != null && request.epoch() < owned.lossEpoch()) {
      // Its client may have had its answer from an owner with whom the write was lost, and have
      // written again since. Who still wants it asks again under the present epoch.
      busy(unit, request, "an owner that answered early was replaced after it was asked for");
      return;
    }
    if (unit.isFull(settings)) {
      busy(unit, request, "too many requests wait for the unit");
      return;
    }
    if (nowMillis < journalBlockedUntilMillis) {
      busy(unit, request, "the journal is full");
      return;
    }
    NodeUnit.Write write = new NodeUnit.Write(request);
    unit.open.put(key, write);
    unit.payloadBytes += request.payload().length;
    if (mayIssue(unit)) {
      unit.batch.add(write);
      if (unit.journaling == 0) {
        issueBatch(unit);
      }
    }
  }

  private static boolean mayIssue(NodeUnit unit) {
    return unit.role == Role.SERVING && !unit.stepping;
  }

  /** What came while the journal was busy with this unit goes out together. */
  private void issueBatch(NodeUnit unit) {
    if (!unit.batch.isEmpty() && mayIssue(unit)) {
      List<NodeUnit.Write> writes = List.copyOf(unit.batch);
      unit.batch.clear();
      issue(unit, writes);
    }
  }

  /** Gives writes their numbers under the present epoch and puts them into the journal. */
  private void issue(NodeUnit unit, List<NodeUnit.Write> writes) {
    Owned owned = unit.owned;
    if (owned == null || writes.isEmpty()) {
      return;
    }
    long batch = nextTicket;
    for (WriteBatch.Extent each : WriteBatch.plan(writes)) {
      Delta delta = each.delta(owned.epoch(), unit.nextSequence++, me.id(), batch, wallMillis);
      for (NodeUnit.Write write : each.writes()) {
        write.delta = delta;
        write.appended = false;
      }
      journal(unit, each.writes(), delta);
    }
  }

  private void journal(NodeUnit unit, List<NodeUnit.Write> writes, Delta delta) {
    long ticket = nextTicket++;
    journaling.add(new Ticket(ticket, unit, writes, delta));
    unit.journaling++;
    actions.journal(ticket, delta);
  }

  /**
   * Has a range of a unit verified by all of its holders, each as of the same delta (E5): a VERIFY
   * takes the next number of the unit and goes the way of every write, so that it has a place in
   * their order, behind the batch that waits. Without effect on a unit that is not served here, or
   * of which too much waits.
   *
   * @param round number of the pass over the unit, growing
   */
  public void verify(String id, long offset, long length, long round, long nowMillis) {
    NodeUnit unit = units.get(id);
    Owned owned = unit == null ? null : unit.owned;
    if (unit == null
        || owned == null
        || !isMine(unit)
        || unit.role != Role.SERVING
        || unit.stepping
        || unit.isFull(settings)
        || nowMillis < journalBlockedUntilMillis) {
      return;
    }
    issueBatch(unit);
    Delta delta =
        new Delta(
            id,
            owned.epoch(),
            unit.nextSequence++,
            Delta.Kind.VERIFY,
            offset,
            length,
            "NONE",
            new byte[0],
            0,
            0,
            me.id(),
            null,
            0,
            round,
            wallMillis);
    journal(unit, List.of(), delta);
  }

  private static @Nullable String problem(UnitSpec spec, NodeRequest request) {
    if (request.kind() == NodeRequest.Kind.FLUSH) {
      return request.length() == 0 && request.offset() >= 0
          ? null
          : "a flush names the number of a write and has no length";
    }
    if (request.length() <= 0
        || request.offset() < 0
        || request.length() > spec.bytes()
        || request.offset() > spec.bytes() - request.length()) {
      return "the extent lies outside the unit of " + spec.bytes() + " bytes";
    }
    if (request.offset() % spec.blockBytes() != 0 || request.length() % spec.blockBytes() != 0) {
      return "offset and length are multiples of " + spec.blockBytes() + " bytes";
    }
    if (request.request() < 0) {
      return "the number of a request is not negative";
    }
    return null;
  }

  private void seen(NodeUnit unit, String client, long nowMillis) {
    long[] last = unit.clientsSeen.get(client);
    if (last != null) {
      last[0] = nowMillis;
      return;
    }
    if (unit.clientsSeen.size() >= MAX_CLIENTS_SEEN) {
      String oldest = null;
      long oldestMillis = Long.MAX_VALUE;
      for (Map.Entry<String, long[]> each : unit.clientsSeen.entrySet()) {
        if (each.getValue()[0] < oldestMillis) {
          oldestMillis = each.getValue()[0];
          oldest = each.getKey();
        }
      }
      if (oldest != null) {
        unit.clientsSeen.remove(oldest);
      }
    }
    unit.clientsSeen.put(client, new long[] {nowMillis});
  }

  /**
   * The bytes of a read are there.
   *
   * @param failed true when they could not be read: the copy is broken
   * @param nowMillis by the monotonic clock, sampled for this call after the bytes were there: an
   *     older time would vouch for a lease that is over
   */
  public void readDone(NodeRequest request, boolean failed, long nowMillis) {
    NodeUnit unit = readsByToken.get(request.token());
    if (unit == null || unit.reads.get(request.token()) != request) {
      return;
    }
    Partition partition = partitions.get(unit.partition);
    if (failed) {
      close(unit, request);
      busy(unit, request, "the bytes could not be read");
      fail(unit, nowMillis);
    } else if (partition == null) {
      close(unit, request);
      busy(unit, request, "nothing was read of who owns the unit");
    } else if (holdsLease(partition, nowMillis)) {
      // The bytes are there first, the lease is looked at second: had another owner acknowledged a
      // write before the bytes were read, this node's lease would have ended before this moment.
      answerRead(unit, request);
    } else {
      partition.unleased.add(new Unleased(unit, request, nowMillis));
      due.add(new Due(nowMillis + READ_MILLIS, unit, null));
    }
  }

  private void close(NodeUnit unit, NodeRequest read) {
    unit.reads.remove(read.token());
    readsByToken.remove(read.token());
  }

  /** Answers a read whose bytes are there and whose lease holds. */
  private void answerRead(NodeUnit unit, NodeRequest request) {
    close(unit, request);
    Owned owned = unit.owned;
    if (owned == null
        || !isMine(unit)
        || !unit.predecessorGone
        || owned.inDoubt()
        || unit.fold.epoch() > owned.epoch()) {
      busy(unit, request, "the unit is not served at the moment");
    } else {
      actions.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.DONE, null, ""));
    }
  }

  private boolean holdsLease(Partition partition, long nowMillis) {
    return partition.readToEnd && nowMillis - partition.leaseAskedMillis < settings.leaseMillis();
  }

  /**
   * The connection behind this token is gone: an open read is given up. A write goes on, since its
   * client asks again; the shell drops answers to tokens that are gone.
   */
  public void forget(long token) {
    NodeUnit unit = readsByToken.remove(token);
    if (unit != null) {
      unit.reads.remove(token);
    }
  }

  // ---- what became of what it asked for

  /** Everything up to this ticket is on the medium. */
  public void journaled(long ticket, long nowMillis) {
    for (Ticket head = journaling.peek();
        head != null && head.number <= ticket;
        head = journaling.peek()) {
      journaling.poll();
      head.unit.journaling--;
      // What stands in the journal and is not wanted any more is left behind, and never reaches the
      // log.
      if (mayAppend(head)) {
        for (NodeUnit.Write write : head.writes) {
          write.appended = true;
        }
        actions.append(head.delta);
        if (mayAccept(head.unit, head.delta, nowMillis)) {
          for (NodeUnit.Write write : head.writes) {
            accept(head.unit, write, nowMillis);
          }
        }
      }
      if (head.unit.journaling == 0) {
        issueBatch(head.unit);
      }
    }
  }

  private boolean mayAppend(Ticket ticket) {
    Owned owned = ticket.unit.owned;
    return ticket.isWanted()
        && !ticket.unit.stepping
        && owned != null
        && ticket.delta.epoch() == owned.epoch()
        && isMine(ticket.unit);
  }

  /**
   * The journal could not take this ticket: no space, or the medium fails. Tickets before it that
   * nobody spoke of are as bad.
   */
  public void journalFailed(long ticket, boolean noSpace, long nowMillis) {
    for (Ticket head = journaling.peek();
        head != null && head.number <= ticket;
        head = journaling.peek()) {
      journaling.poll();
      head.unit.journaling--;
      if (head.isWanted()) {
        if (noSpace) {
          journalFull(head.unit, nowMillis);
        } else {
          fail(head.unit, nowMillis);
        }
      }
      if (head.unit.journaling == 0) {
        issueBatch(head.unit);
      }
    }
  }

  /** Writes that are not in the log yet did not happen: their clients wait until there is space. */
  private void journalFull(NodeUnit unit, long nowMillis) {
    // The journal is the whole node's. One write tries again after a while and tells.
    journalBlockedUntilMillis = nowMillis + FULL_MILLIS;
    unit.batch.clear();
    for (NodeUnit.Write write : List.copyOf(unit.open.values())) {
      if (!write.appended && !write.accepted) {
        close(unit, write);
        answerAll(unit, write, NodeAnswer.Outcome.BUSY, "the journal is full");
      }
    }
    // Their numbers stay unused under this epoch: some may stand in the journal.
    step(unit, nowMillis);
  }

  /** A delta was not appended, or nobody knows. */
  public void appendFailed(Delta delta, long nowMillis) {
    NodeUnit unit = units.get(delta.unit());
    Owned owned = unit == null ? null : unit.owned;
    if (unit == null || owned == null || !isMine(unit) || delta.epoch() != owned.epoch()) {
      return;
    }
    if (delta.kind() == Delta.Kind.BARRIER) {
      if (unit.role == Role.CLAIMED) {
        unit.barrierAgainMillis = nowMillis + RETRY_MILLIS;
        due.add(new Due(unit.barrierAgainMillis, unit, null));
      }
    } else if (delta.sequence() > unit.fold.lastSequence()) {
      // Unknown is as good as lost: under the next epoch's barrier it either counted or never will.
      step(unit, nowMillis);
    }
  }

  /** A record of ownership was not appended, or nobody knows. */
  public void ownershipAppendFailed(OwnershipEntry entry, long nowMillis) {
    switch (entry.kind()) {
      case START, MODE -> {
        for (UnitStep step : entry.steps()) {
          NodeUnit unit = units.get(step.unit());
          if (unit != null && unit.stepInFlight) {
            due.add(new Due(nowMillis + RETRY_MILLIS, unit, entry));
          }
        }
      }
      case RELEASE, TAKEOVER -> due.add(new Due(nowMillis + RETRY_MILLIS, null, entry));
    }
  }

  /**
   * The copy of a unit could not be written, or deltas that it lacks are no longer in the log: this
   * node serves it no more and takes it over no more. From here on the fold runs ahead of the copy,
   * so the shell keeps no checkpoint of the unit any more.
   */
  public void applyFailed(String unit, long nowMillis) {
    NodeUnit broken = units.get(unit);
    if (broken != null) {
      fail(broken, nowMillis);
    }
  }

  private void fail(NodeUnit unit, long nowMillis) {
    if (unit.role == Role.FAILED) {
      return;
    }
    stopServing(unit, NodeAnswer.Outcome.BUSY, "the unit's copy on this node is broken");
    giveUpAccepted(unit);
    unit.role = Role.FAILED;
    unit.stepping = false;
    stepsWanted.remove(unit);
    commands.lost(unit, CommandAck.Code.IO_ERROR);
  }

  /**
   * Sets aside what the log can no longer take: its epoch is over and its request did not count.
   * What this node may still owe to the log, of its own asynchronous epochs, waits until it serves.
   */
  private void settleLeftovers(NodeUnit unit) {
    if (unit.leftovers.isEmpty()) {
      return;
    }
    List<Delta> left = new ArrayList<>();
    for (Delta each : unit.leftovers) {
      String client = each.client();
      // With it happened what was merged into it.
      if (client != null && unit.fold.requests().contains(client, each.request())) {
        continue;
      }
      if (each.kind() == Delta.Kind.VERIFY) {
        // It changed nothing: there is nothing to be kept aside.
        continue;
      }
      if (each.epoch() <= unit.fold.epoch()
          && each.sequence() <= unit.fold.lastSequence()
          && (each.epoch() == unit.fold.epoch()
              || !mayBeOwed(unit, each)
              || client == null
              || !unit.fold.requests().knows(client))) {
        // Within its epoch only this node gave numbers, and the log came past this one: it counted,
        // also when its client has asked for so much since that the request is forgotten. What was
        // appended again under a later epoch has a number there that is hardly ever larger.
        continue;
      }
      if (client != null && unit.fold.requests().isStale(client, each.request())) {
        // What counted of its client was asked for after this one was answered, so it counted too.
        continue;
      }
      if (each.epoch() < unit.fold.epoch() && !mayBeOwed(unit, each)) {
        actions.setAside(
            each, "journaled under epoch " + each.epoch() + ", which ended without it in the log");
      } else {
        left.add(each);
      }
    }
    unit.leftovers = left.isEmpty() ? List.of() : left;
  }

  /**
   * True while nobody else is known to have owned the unit since a delta may have been answered.
   */
  private boolean mayBeOwed(NodeUnit unit, Delta delta) {
    Owned owned = unit.owned;
    if (!isMine(unit) && !isLogKnown(unit.spec.unit())) {
      return true;
    }
    return owned != null
        && owned.owner().equals(me)
        && owned.asyncFromEpoch() > 0
        && delta.epoch() >= owned.asyncFromEpoch();
  }

  // ---- time

  /** Does what is due. */
  public void tick(long nowMillis, long wallMillis) {
    wall(wallMillis);
    for (Due head = due.peek(); head != null && head.atMillis <= nowMillis; head = due.peek()) {
      due.poll();
      if (head.again != null) {
        again(head.again, head.unit, nowMillis);
      } else if (head.unit != null) {
        look(head.unit, nowMillis);
      }
    }
    flushSteps(nowMillis);
    forgetOld(nowMillis);
  }

  /** Looks at a unit for which something was due. */
  private void look(NodeUnit unit, long nowMillis) {
    if (units.get(unit.spec.unit()) != unit) {
      return;
    }
    Partition partition = partitions.get(unit.partition);
    if (partition != null) {
      expireReads(partition, nowMillis);
    }
    Owned owned = unit.owned;
    if (unit.role == Role.CLAIMED && nowMillis >= unit.barrierAgainMillis) {
      if (isMine(unit) && !unit.stepping) {
        appendBarrier(unit);
      }
    } else if (unit.role == Role.WAITING
        && owned != null
        && !owned.inDoubt()
        && nowMillis >= unit.serveAtMillis) {
      serve(unit, nowMillis);
    }
    for (int left = unit.held.size(); left > 0; left--) {
      NodeUnit.Held each = unit.held.poll();
      if (each != null && each.untilMillis() <= nowMillis) {
        unit.payloadBytes -= each.request().payload().length;
        busy(unit, each.request(), "this node has not read yet who owns the unit");
      } else if (each != null) {
        unit.held.add(each);
      }
    }
  }

  /** A record that could not be appended: again, when it is still wanted. */
  private void again(OwnershipEntry entry, @Nullable NodeUnit unit, long nowMillis) {
    switch (entry.kind()) {
      case START, MODE -> {
        if (unit != null && unit.stepInFlight) {
          unit.stepInFlight = false;
          wantStep(unit, nowMillis);
        }
      }
      case RELEASE -> {
        if (isReleaseWanted(entry)) {
          actions.appendOwnership(entry);
        }
      }
      case TAKEOVER -> commands.takeoverAgain(entry);
    }
  }

  private boolean isReleaseWanted(OwnershipEntry entry) {
    for (UnitStep step : entry.steps()) {
      Owned owned = owned(step.unit());
      if (owned != null && owned.epoch() == step.newEpoch() && !owned.released()) {
        return true;
      }
    }
    return false;
  }

  /** When {@link #tick} must be called next, by the monotonic clock; Long.MAX_VALUE when never. */
  public long alarmMillis() {
    Due head = due.peek();
    return head == null ? Long.MAX_VALUE : head.atMillis;
  }

  private void forgetOld(long nowMillis) {
    if (nowMillis < nextForgetMillis) {
      return;
    }
    nextForgetMillis = nowMillis + 60_000;
    commands.gate().forgetOld();
  }

  // ---- what is known

  /** How each unit stands. */
  public Map<String, UnitStatus> status() {
    Map<String, UnitStatus> status = new TreeMap<>();
    for (NodeUnit unit : units.values()) {
      status.put(unit.spec.unit(), statusOf(unit));
    }
    return status;
  }

  /** How one unit stands, null when this node holds no copy of it. */
  public @Nullable UnitStatus status(String unit) {
    NodeUnit known = units.get(unit);
    return known == null ? null : statusOf(known);
  }

  private static UnitStatus statusOf(NodeUnit unit) {
    return new UnitStatus(
        unit.spec, unit.role, unit.owned, unit.fold.lastSequence(), unit.pending());
  }

  /** Who owns a unit as this node has read it, null when it read of nobody. */
  public @Nullable Owned owned(String unit) {
    NodeUnit known = units.get(unit);
    if (known != null) {
      return known.owned;
    }
    for (Partition each : partitions.values()) {
      Owned owned = each.fold.owned(unit);
      if (owned != null) {
        return owned;
      }
    }
    return null;
  }

  /** Commands refused since the start, by code. */
  public Map<CommandAck.Code, Long> refusals() {
    return commands.gate().refusals();
  }
}
