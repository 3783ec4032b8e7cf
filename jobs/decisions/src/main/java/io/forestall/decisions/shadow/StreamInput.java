package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import java.util.List;

/** What the {@code ShadowStream} of one unit takes. Not stored. */
public sealed interface StreamInput {

  /**
   * A delta of the unit was read, in the order of its partition; after a restore some come again.
   *
   * @param partition partition of the log
   * @param offset its offset there
   */
  record Read(Delta delta, int partition, long offset) implements StreamInput {}

  /**
   * A delta of the unit stood in the log and could not be read: its bytes are damaged. What it did
   * is known as far as its head could be trusted.
   *
   * @param partition partition of the log
   * @param offset its offset there
   */
  record Damaged(int partition, long offset) implements StreamInput {}

  /** A holder spoke. */
  record Reported(HolderReport report) implements StreamInput {}

  /**
   * The volume's map as it is now.
   *
   * @param version of the slice; an older one than was taken is ignored
   * @param bytes size of the unit; bytes
   * @param shadows nodes that hold a shadow of it, in the map's order; empty ends all streams
   */
  record Mapped(
      String volume, long version, Subject owner, long bytes, int blockBytes, List<Subject> shadows)
      implements StreamInput {
    /** Copies the list. */
    public Mapped {
      shadows = List.copyOf(shadows);
    }
  }

  /** The map has no such unit any more. */
  record Unmapped(long version) implements StreamInput {}
}
