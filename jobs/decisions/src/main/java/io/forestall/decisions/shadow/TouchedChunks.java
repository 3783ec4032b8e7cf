package io.forestall.decisions.shadow;

import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.shadow.ShadowStep.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Which parts of a unit changed behind a sequence: for each of at most {@link
 * ShadowStep#MAX_RANGES} chunks the last sequence that touched it. What is remembered is never too
 * low, so that what it names is never too little. For one thread.
 */
final class TouchedChunks {

  /** Least size of a chunk, the unit of fetching; bytes. */
  static final long MIN_CHUNK_BYTES = 1 << 20;

  /** Chunks in one row of the state; count. */
  private static final int ROW_CHUNKS = 64;

  private final long bytes;
  private final long chunkBytes;
  private final long[] touched;

  /** One bit for each row that changed since it was last given. */
  private int changed;

  /** The chunks of a unit of so many bytes, none of which was ever touched. */
  TouchedChunks(long bytes) {
    this.bytes = bytes;
    long least = (bytes + ShadowStep.MAX_RANGES - 1) / ShadowStep.MAX_RANGES;
    this.chunkBytes = (least + MIN_CHUNK_BYTES - 1) / MIN_CHUNK_BYTES * MIN_CHUNK_BYTES;
    this.touched = new long[(int) ((bytes + chunkBytes - 1) / chunkBytes)];
  }

  /** A delta touched an extent; what lies outside of the unit is passed over. */
  void touch(long offset, long length, long sequence) {
    if (length <= 0 || offset >= bytes) {
      return;
    }
    int last = (int) Math.min(touched.length - 1L, (offset + length - 1) / chunkBytes);
    for (int i = (int) (offset / chunkBytes); i <= last; i++) {
      if (touched[i] < sequence) {
        touched[i] = sequence;
        changed |= 1 << i / ROW_CHUNKS;
      }
    }
  }

  /** Nothing is known of what was touched up to a sequence: everything may have been. */
  void touchAll(long sequence) {
    touch(0, bytes, sequence);
  }

  /**
   * What changed behind a sequence, ascending, what lies together joined; the first chunk alone
   * when nothing did, because a RESYNC names at least something.
   */
  List<Range> behind(long sequence) {
    List<Range> ranges = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= touched.length; i++) {
      boolean is = i < touched.length && touched[i] > sequence;
      if (is && from < 0) {
        from = i;
      } else if (!is && from >= 0) {
        ranges.add(range(from, i));
        from = -1;
      }
    }
    return ranges.isEmpty() ? List.of(range(0, 1)) : ranges;
  }

  /** The whole unit. */
  List<Range> whole() {
    return List.of(new Range(0, bytes));
  }

  private Range range(int from, int to) {
    long offset = from * chunkBytes;
    return new Range(offset, Math.min(bytes, to * chunkBytes) - offset);
  }

  /** Size of the unit; bytes. */
  long bytes() {
    return bytes;
  }

  // ---- rows

  /** Gives the rows that changed, by number. */
  void takeChanges(BiConsumer<Integer, byte[]> rows) {
    for (int row = 0; row * ROW_CHUNKS < touched.length; row++) {
      if ((changed & 1 << row) != 0) {
        RowWriter writer = new RowWriter(1);
        int end = Math.min(touched.length, (row + 1) * ROW_CHUNKS);
        for (int i = row * ROW_CHUNKS; i < end; i++) {
          writer.longs(touched[i]);
        }
        rows.accept(row, writer.toBytes());
      }
    }
    changed = 0;
  }

  /** Every row there can be is given with the next changes. */
  void changeAll() {
    changed = -1;
  }

  /** How many rows there can be. */
  int rows() {
    return (touched.length + ROW_CHUNKS - 1) / ROW_CHUNKS;
  }

  /** Takes a row that was kept. */
  void restore(int row, RowReader reader) {
    int end = Math.min(touched.length, (row + 1) * ROW_CHUNKS);
    for (int i = row * ROW_CHUNKS; i < end; i++) {
      touched[i] = reader.longs();
    }
  }

  @Override
  public String toString() {
    return Arrays.toString(touched);
  }
}
