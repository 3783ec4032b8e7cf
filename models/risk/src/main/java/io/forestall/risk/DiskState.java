package io.forestall.risk;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;

/** What Forestall remembers of one disk: bounded, self-versioned. Mutable; not thread-safe. */
public final class DiskState {
  private DiskState() {}

  /** State of a disk that was never seen. */
  public static DiskState fresh() {
    return new DiskState();
  }

  /** How many samples were scored so far; count. */
  public long samples() {
    return 0;
  }

  /** Event time of the last sample, {@code Long.MIN_VALUE} before the first; epoch milliseconds. */
  public long lastTimeMillis() {
    return Long.MIN_VALUE;
  }

  /** Writes the state; at most 4 KiB with three model slots. */
  public void write(DataOutput out) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads what {@link #write} wrote, of this or any later version.
   *
   * @throws IOException with a clear message when the bytes are no state
   */
  public static DiskState read(DataInput in) throws IOException {
    throw new UnsupportedOperationException();
  }

  /** Where the bytes of an encoded state go, part by part, in bytes; for docs and limits. */
  public static Map<String, Integer> itemisedBytes() {
    throw new UnsupportedOperationException();
  }
}
