package io.forestall.nodes.transport;

/**
 * What a holder answers to a {@link Fetch}. Bytes go beside it, with a checksum of the range;
 * without any, a range that was asked for is all zeros. Immutable.
 *
 * @param token handle of the question
 * @param outcome what became of it
 * @param epoch epoch of the last barrier in the holder's copy when it was read
 * @param sequence last delta in the holder's copy when it was read: the bytes are as of it
 * @param latencyMicros what the holder's own clients wait at the moment, negative when it has none;
 *     microseconds
 * @param usualMicros what they wait when nobody fetches there, negative when it is not known;
 *     microseconds
 * @param text why, as a sentence; empty when it is DONE
 */
public record Fetched(
    long token,
    Outcome outcome,
    long epoch,
    long sequence,
    long latencyMicros,
    long usualMicros,
    String text) {

  /** What became of a question. */
  public enum Outcome {
    /** Answered. */
    DONE,
    /** The holder has not come as far yet, or cannot say how far its bytes are; later it may. */
    BEHIND,
    /** It holds no copy that it could answer from. */
    NOT_HELD,
    /** Its medium does not give the bytes, or they are damaged there. */
    FAILED
  }

  /** The same under another handle. */
  public Fetched withToken(long other) {
    return new Fetched(other, outcome, epoch, sequence, latencyMicros, usualMicros, text);
  }
}
