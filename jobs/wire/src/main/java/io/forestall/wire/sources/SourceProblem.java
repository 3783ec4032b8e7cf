package io.forestall.wire.sources;

import io.forestall.schemas.DeadReason;
import org.jspecify.annotations.Nullable;

/**
 * What could not be read, and why: the material of a dead letter. Immutable by convention (the
 * payload is not copied).
 *
 * @param origin file it came from
 * @param line line of the file, counted from 1
 * @param wholeFile true when the rest of the file is meant and not one row; such a problem is not
 *     counted among the rows
 * @param reason why, as a code
 * @param detail why, as a sentence: what, where, what to do
 * @param timeMillis event time when it could be read, else {@link #NO_TIME}; milliseconds since
 *     1970-01-01 UTC
 * @param disk serial number when it could be read, else null
 * @param payload the first bytes of what was refused, at most {@value #MAX_PAYLOAD_BYTES}
 */
public record SourceProblem(
    String origin,
    long line,
    boolean wholeFile,
    DeadReason reason,
    String detail,
    long timeMillis,
    @Nullable String disk,
    byte[] payload) {

  /** Most bytes kept of what was refused. */
  public static final int MAX_PAYLOAD_BYTES = 4096;

  /** Stands for an event time that could not be read. */
  public static final long NO_TIME = Long.MIN_VALUE;

  /** The problem as one line for a person. */
  @Override
  public String toString() {
    return origin + ":" + line + " " + reason + ": " + detail;
  }
}
