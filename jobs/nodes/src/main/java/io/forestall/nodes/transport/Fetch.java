package io.forestall.nodes.transport;

/**
 * What a node asks another holder of a unit for (E3): bytes of it, or where its copy stands. Any
 * holder may answer that has come as far as this says; who is behind says so. Immutable.
 *
 * @param token handle of the question; the answer has the same, and it is none of a request that is
 *     open on the same connection
 * @param unit identifier of the unit
 * @param kind what is asked for
 * @param offset first byte within the unit, 0 for a fold; bytes
 * @param length bytes wanted, at most {@value Frames#MAX_DATA_BYTES}; 0 for a fold
 * @param minEpoch epoch of the last barrier that the holder must have applied at least
 * @param minSequence delta that the holder must have applied at least
 */
public record Fetch(
    long token, String unit, Kind kind, long offset, int length, long minEpoch, long minSequence) {

  /** What can be asked for. */
  public enum Kind {
    /** The bytes of a range, as of one place in the holder's order of applying. */
    BYTES,
    /** Where the holder's copy stands, with its memory of requests. */
    FOLD
  }

  /** The same under another handle. */
  public Fetch withToken(long other) {
    return new Fetch(other, unit, kind, offset, length, minEpoch, minSequence);
  }
}
