package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the {@link SagaDecider} of one pool takes. Not stored. */
public sealed interface SagaInput {

  /** The job began to run, for the first time or after a restore: what is open is asked about. */
  record Started() implements SagaInput {}

  /**
   * A record of the admissions log of the pool, in the log's order, its signature checked; also
   * those that do not count, and ends. The saga folds them as the guard does.
   */
  record AdmissionRead(Admission admission) implements SagaInput {}

  /** An answer to a command. */
  record Acked(CommandAck ack) implements SagaInput {}

  /** A record of the ownership log of the pool's partition, of any pool in it. */
  record OwnershipRead(long offset, OwnershipEntry entry) implements SagaInput {}

  /**
   * A slice of a volume's map was read: what the decider itself wrote, or what created the volume.
   * {@code null} units end the slice.
   */
  record MapRead(MapSlice slice) implements SagaInput {}

  /**
   * A node of the pool is described.
   *
   * @param level level of the contract that it declares, 0 to 2
   */
  record NodeDescribed(Subject node, int level, @Nullable Long freeBytes) implements SagaInput {}

  /** The risk of a node: whether it may still be a target. */
  record NodeRisk(Subject node, boolean critical) implements SagaInput {}

  /** Acts of these scopes are halted, or resumed: nothing before its fence goes on. */
  record Halted(boolean halted) implements SagaInput {}

  /** A node is gone for good. */
  record NodeLeft(Subject node) implements SagaInput {}

  /** How far a shadow follows, said by the job that feeds it. */
  record ShadowStood(ShadowStanding standing) implements SagaInput {}

  /** Pools that end: every node and volume has left. */
  record SliceLeft(String volume, int slice) implements SagaInput {}

  /**
   * One slice of a volume's map as the decider keeps it.
   *
   * @param version grows with each change
   * @param ownershipOffset first offset of the ownership log that is not folded in
   * @param otherRegion true when the volume asks for a copy in another region than its owner's
   */
  record MapSlice(
      String volume,
      String pool,
      int slice,
      int slices,
      long version,
      long ownershipOffset,
      long volumeBytes,
      long segmentBytes,
      int blockBytes,
      int minReplicas,
      List<MapSegment> segments,
      long timeMillis,
      boolean otherRegion) {
    /** Copies the list. */
    public MapSlice {
      segments = List.copyOf(segments);
    }

    /** A slice of a volume that asks for nothing in another region. */
    public MapSlice(
        String volume,
        String pool,
        int slice,
        int slices,
        long version,
        long ownershipOffset,
        long volumeBytes,
        long segmentBytes,
        int blockBytes,
        int minReplicas,
        List<MapSegment> segments,
        long timeMillis) {
      this(
          volume,
          pool,
          slice,
          slices,
          version,
          ownershipOffset,
          volumeBytes,
          segmentBytes,
          blockBytes,
          minReplicas,
          segments,
          timeMillis,
          false);
    }
  }

  /**
   * One segment of a map.
   *
   * @param copies further copies, in order of preference
   * @param asyncBoundMillis for how long writes may be answered before they are in the log, and how
   *     much is lost at most when another node than the owner has to take over; 0 in synchronous
   *     mode; milliseconds
   */
  record MapSegment(
      String unit,
      int index,
      Subject owner,
      long epoch,
      List<MapCopy> copies,
      long asyncBoundMillis) {
    /** Copies the list. */
    public MapSegment {
      copies = List.copyOf(copies);
    }

    /** A segment in synchronous mode. */
    public MapSegment(String unit, int index, Subject owner, long epoch, List<MapCopy> copies) {
      this(unit, index, owner, epoch, copies, 0);
    }

    /** The same with other copies. */
    public MapSegment withCopies(List<MapCopy> others) {
      return new MapSegment(unit, index, owner, epoch, others, asyncBoundMillis);
    }
  }

  /**
   * A further copy.
   *
   * @param role REPLICA, SHADOW or ARCHIVE, a symbol of the contract
   * @param state COPYING, CATCHING_UP, IN_SYNC, DIVERGED or RETIRING, a symbol of the contract
   * @param appliedSequence last delta applied, -1 for none
   */
  record MapCopy(Subject node, String role, String state, long appliedSequence) {}
}
