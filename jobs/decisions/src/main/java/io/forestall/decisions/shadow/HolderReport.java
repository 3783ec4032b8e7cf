package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a holder of a unit says of its copy: how far it is, and digests of ranges as of that
 * sequence (E5, A17). Epoch and sequence are a place in the unit's history as {@code DeltaFold} has
 * it: whoever follows the log has come, or will come, exactly there. Immutable; arrays are not
 * copied and must not be changed.
 *
 * @param owner true when the holder owns the unit
 * @param epoch epoch of the last barrier in its copy
 * @param sequence last delta in its copy; of a shadow that needs a RESYNC, the one that it can go
 *     on from, 0 when only a RESYNC of the whole unit will do
 * @param algorithm algorithm of the digests, "none" without ranges
 * @param ranges digests, all as of {@code sequence}; empty in a mere report of progress
 * @param round number of the pass over the unit, growing; 0 in a report of progress
 * @param missingBytes what it has still to fetch; bytes
 * @param needsResync of a shadow: true when its stream goes on behind a gap, and before its stream
 *     began
 * @param fetchBytesPerSecond how fast it fetches, null when it fetches nothing
 * @param timeMillis when it said so, by its clock
 */
public record HolderReport(
    String unit,
    Subject node,
    boolean owner,
    long epoch,
    long sequence,
    String algorithm,
    List<RangeDigest> ranges,
    long round,
    long missingBytes,
    boolean needsResync,
    @Nullable Long fetchBytesPerSecond,
    long timeMillis) {

  /** Copies the list. */
  public HolderReport {
    ranges = List.copyOf(ranges);
  }

  /**
   * The digest of one range.
   *
   * @param offset first byte within the unit; bytes
   * @param length length; bytes
   * @param digest of the bytes as read from the medium
   * @param storedDigest of what the holder recorded when it wrote them, empty when it keeps none:
   *     the side whose two differ is wrong
   */
  public record RangeDigest(long offset, long length, byte[] digest, byte[] storedDigest) {}
}
