package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * The paths of one volume ({@code volume/vol-1}) or from one node ({@code node/n-1}): a bounded
 * list with how active each is and what it said last. What is remembered of a path itself is in its
 * {@link PathMember}. Mutable; its encoding carries a version and only grows. Row A8.
 */
public final class PathGroup {
  private PathGroup() {}

  /** A group without paths. */
  public static PathGroup fresh() {
    return new PathGroup();
  }

  /** Paths that are remembered; count. */
  public int members() {
    return 0;
  }

  /** Paths that were forgotten because there were too many; count. */
  public long evicted() {
    return 0;
  }

  /** Event time of the newest sample, {@link Long#MIN_VALUE} before the first; milliseconds. */
  public long lastTimeMillis() {
    return Long.MIN_VALUE;
  }

  /** Writes the group. */
  public void write(DataOutput out) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when the bytes are no group
   */
  public static PathGroup read(DataInput in) throws IOException {
    throw new UnsupportedOperationException();
  }
}
