package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.Signatures.Trusted;
import org.jspecify.annotations.Nullable;

/**
 * What a node reads from the topics and writes to them: Kafka in the product, lists in tests. Every
 * method returns at once and is safe for threads.
 */
interface NodeLog extends AutoCloseable {

  /** What is read. Called on threads of the log, in order for each topic; hand over and return. */
  interface Listener {

    /** A record of the ownership log. */
    void ownership(int partition, long offset, OwnershipEntry entry);

    /**
     * A record of the ownership log that cannot be read.
     *
     * @param tooNew true when others may count it: the node's release is too old to serve
     */
    void ownershipUnreadable(int partition, long offset, boolean tooNew, String why);

    /** The trusted keys changed: a partition is read again from its beginning. */
    void ownershipReread(int partition);

    /**
     * The end of a partition of the ownership log.
     *
     * @param end first offset that was not written when it was asked for
     * @param askedMillis when the question was sent, by the monotonic clock
     */
    void ownershipEnd(int partition, long end, long askedMillis);

    /** A delta of a unit that is followed. */
    void delta(Delta delta, long offset);

    /** The unit's deltas are read up to here, whether there was one of the unit or not. */
    void deltasRead(String unit, long nextOffset);

    /**
     * The unit's deltas are read to where their partition ended when it was first followed: what a
     * process before this one may have read is read again.
     */
    void deltasCaughtUp(String unit);

    /**
     * What of the followed partitions is not read yet, as last seen.
     *
     * @param records how many; count
     * @param bytes about how many bytes those are, by the size of those read before; bytes
     */
    void lag(long records, long bytes);

    /**
     * The unit cannot be read on: the log begins behind the place from which it was to be read,
     * lost its end, or holds what this release cannot read. It is not followed any more.
     */
    void deltasLost(String unit, long wanted, long begins);

    /** A step of the stream for this node's shadow of a unit, in order. */
    void step(ShadowStep step, long offset);

    /** The stream of a shadow is read up to here, whether there was a step or not. */
    void stepsRead(String unit, long nextOffset);

    /** The stream of a shadow is read to where its partition ended when it was followed. */
    void stepsCaughtUp(String unit);

    /**
     * Steps for a shadow are there no more, or cannot be read; the stream is read on behind them.
     */
    void stepsLost(String unit, String why);

    /** A slice of a volume's map. */
    void map(MapSlice slice);

    /** A slice of a volume is gone. */
    void mapGone(String key);

    /** What stands where; null for what is gone. */
    void fleet(Subject subject, @Nullable FleetEntry entry);

    /** What an operator said; null when it was taken back. */
    void policy(String key, @Nullable PolicyRecord record);

    /** Maps, fleet and policies are read to where they ended at the start. */
    void caughtUp();

    /** A command for this node. */
    void command(Command command, Authority authority, @Nullable Admission signed);

    /** A delta was not appended, or nobody knows. */
    void appendFailed(Delta delta, String why);

    /** A record of ownership was not appended, or nobody knows. */
    void ownershipAppendFailed(OwnershipEntry entry, String why);
  }

  /** Begins to read everything but deltas. */
  void start(Listener listener);

  /** From now on other keys are believed; the ownership log is read again. */
  void trust(Trusted trusted);

  /**
   * Reads the deltas of a unit from an offset of its partition on; -1 for whatever is there, when
   * nothing can be missing.
   */
  void follow(String unit, long fromOffset);

  /** Reads them no more. */
  void unfollow(String unit);

  /**
   * Reads the stream for this node's shadow of a unit from an offset of its partition on; -1 for
   * what comes from now on.
   */
  void followSteps(String unit, long fromOffset);

  /** Reads it no more. */
  void unfollowSteps(String unit);

  /** Appends, in order for one unit. */
  void append(Delta delta);

  /**
   * Appends.
   *
   * @param signed the admission of the entry as it came, null when it has none
   */
  void appendOwnership(OwnershipEntry entry, @Nullable Admission signed);

  /** Answers a command. */
  void ack(CommandAck ack);

  /** Says what happened. */
  void event(Event event);

  /** Says how far a copy is. */
  void digest(Digest digest);

  /** Says what this node measures. */
  void frame(TelemetryFrame frame);

  /** Says where this node stands, and at which address it answers. */
  void member(FleetEntry entry);

  @Override
  void close();
}
