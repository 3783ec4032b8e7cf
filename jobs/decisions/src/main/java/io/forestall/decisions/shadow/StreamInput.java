package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import java.util.List;

/** What the {@link ShadowStream} of one unit takes. Not stored. */
public sealed interface StreamInput {

  /**
   * A delta of the unit was read, in the order of its partition; after a restore some come again.
   *
   * @param partition partition of the log
   * @param offset its offset there
   * @param run name of the unbroken stretch of the log that it stands in: between two deltas of the
   *     unit with the same one nothing was lost, between others something may have been
   */
  record Read(Delta delta, int partition, long offset, long run) implements StreamInput {}

  /**
   * A record of the unit stood in the log and could not be read. Others may have read it.
   *
   * @param partition partition of the log
   * @param offset its offset there
   * @param run as in {@link Read}
   */
  record Damaged(int partition, long offset, long run) implements StreamInput {}

  /**
   * A holder spoke.
   *
   * @param behind true when the reader of the log is known to be behind its end: then a holder that
   *     is ahead of it proves nothing
   */
  record Reported(HolderReport report, boolean behind) implements StreamInput {}

  /**
   * The volume's map as it is now.
   *
   * @param pool pool of the volume
   * @param version of the slice; an older one than was taken is ignored
   * @param bytes size of the unit; bytes
   * @param shadows nodes that hold a shadow of it, in the map's order; empty ends all streams
   */
  record Mapped(
      String volume,
      String pool,
      long version,
      Subject owner,
      long bytes,
      int blockBytes,
      List<Subject> shadows)
      implements StreamInput {
    /** Copies the list. */
    public Mapped {
      shadows = List.copyOf(shadows);
    }
  }

  /** The map has no such unit any more. */
  record Unmapped(long version) implements StreamInput {}
}
