package io.forestall.decisions.ownership;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import java.util.Map;
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
 * fold. FENCED, or deposed while it was open: {@code NOT_OWNER}, and the client asks the new owner
 * with the same request number, which knows from the log whether it happened. An append that failed
 * or whose fate is unknown: the owner takes a new epoch ({@code START} by itself with a larger
 * incarnation is not possible within one process, so it uses {@code MODE}, which steps the epoch),
 * appends a barrier, drains, and writes again what did not count, under new sequences; nothing is
 * ever written under a sequence that was used.
 *
 * <p><b>Read.</b> Asked for, bytes read, then the lease is looked at: it must still hold after the
 * bytes were read. Else {@code BUSY} or {@code NOT_OWNER}.
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

  /** A node that has just started. */
  public NodeProtocol(NodeSettings settings, NodeActions actions) {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- what it holds

  /**
   * The map says that this node holds a copy of a unit.
   *
   * @param fold where the local copy stands: what was applied and is durable; new for an empty copy
   * @param deltaOffset first offset of the unit's partition of deltas that is not in the copy
   */
  public void follow(UnitSpec spec, DeltaFold fold, long deltaOffset, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The node holds no copy of the unit any more. */
  public void unfollow(String unit, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A command that came to its end before this start, from the durable memory. */
  public void remembered(CommandAck last, long keepUntilMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A delta that stands in the journal from before this start; told before {@link #follow}. */
  public void foundInJournal(Delta delta) {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- what it reads

  /** A record of the ownership log of a partition, in order. */
  public void ownershipRead(int partition, long offset, OwnershipEntry entry, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /**
   * The log of a partition was read to what its end was when that was asked for.
   *
   * @param askedMillis when the question was sent, by the monotonic clock; the lease runs from here
   */
  public void ownershipReadToEnd(int partition, long askedMillis, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A delta of a unit was read from the log, in order. */
  public void deltaRead(Delta delta, long deltaOffset, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Whoever may say so halted acts that touch this node, or resumed them. */
  public void halted(boolean halted, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /**
   * A command for this node, or for all.
   *
   * @param authority what the check of its admission found; NONE without one
   * @param nowMillis monotonic; milliseconds
   * @param wallMillis the wall clock, for expiry only; milliseconds since 1970-01-01 UTC
   */
  public void command(Command command, Authority authority, long nowMillis, long wallMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- what clients ask

  /** A request of a client. */
  public void request(NodeRequest request, long nowMillis, long wallMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The bytes of a read are there. */
  public void readDone(NodeRequest request, boolean failed, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The connection behind these tokens is gone: its open requests need no answer. */
  public void forget(long token) {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- what became of what it asked for

  /** Everything up to this ticket is on the medium. */
  public void journaled(long ticket, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The journal could not take this ticket: no space, or the medium fails. */
  public void journalFailed(long ticket, boolean noSpace, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A delta was not appended, or nobody knows. */
  public void appendFailed(Delta delta, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** A record of ownership was not appended, or nobody knows. */
  public void ownershipAppendFailed(OwnershipEntry entry, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** The copy of a unit could not be written: this node serves it no more. */
  public void applyFailed(String unit, long nowMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- time

  /** Does what is due. */
  public void tick(long nowMillis, long wallMillis) {
    throw new UnsupportedOperationException("not built yet");
  }

  /** When {@link #tick} must be called next, by the monotonic clock; Long.MAX_VALUE when never. */
  public long alarmMillis() {
    throw new UnsupportedOperationException("not built yet");
  }

  // ---- what is known

  /** How each unit stands. */
  public Map<String, UnitStatus> status() {
    throw new UnsupportedOperationException("not built yet");
  }

  /** Commands refused since the start, by code. */
  public Map<CommandAck.Code, Long> refusals() {
    throw new UnsupportedOperationException("not built yet");
  }
}
