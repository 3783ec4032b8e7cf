package io.forestall.decisions.shadow;

import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;

/**
 * What was sent behind a sequence, and since when: marks over the stream, the older ones coarser
 * when there are too many, so that a lag is never told too small. For one thread.
 */
final class LagMarks {

  private static final int MAX_MARKS = 64;

  private final long[] sequences = new long[MAX_MARKS];

  /** Bytes that were sent before the mark's first delta. */
  private final long[] bytesBefore = new long[MAX_MARKS];

  private final long[] millis = new long[MAX_MARKS];
  private int count;
  private long bytes;
  private long lastSequence;

  /** A delta was sent. */
  void sent(long sequence, long payloadBytes, long ownerMillis) {
    if (count == MAX_MARKS) {
      thin();
    }
    sequences[count] = sequence;
    bytesBefore[count] = bytes;
    millis[count] = ownerMillis;
    count++;
    bytes += payloadBytes;
    lastSequence = sequence;
  }

  /** Every second mark gives way to the one before it. */
  private void thin() {
    int kept = 0;
    for (int i = 0; i < count; i += 2) {
      sequences[kept] = sequences[i];
      bytesBefore[kept] = bytesBefore[i];
      millis[kept] = millis[i];
      kept++;
    }
    count = kept;
  }

  /** Nobody asks any more for what all have up to a sequence. */
  void forget(long sequence) {
    if (sequence >= lastSequence) {
      count = 0;
      return;
    }
    int from = first(sequence);
    if (from > 0) {
      System.arraycopy(sequences, from, sequences, 0, count - from);
      System.arraycopy(bytesBefore, from, bytesBefore, 0, count - from);
      System.arraycopy(millis, from, millis, 0, count - from);
      count -= from;
    }
  }

  /** The mark that holds the first delta behind a sequence; the last one when there is none. */
  private int first(long sequence) {
    int at = 0;
    while (at + 1 < count && sequences[at + 1] <= sequence + 1) {
      at++;
    }
    return at;
  }

  /** Payloads sent behind a sequence; bytes. */
  long bytesBehind(long sequence) {
    return sequence >= lastSequence || count == 0 ? 0 : bytes - bytesBefore[first(sequence)];
  }

  /** When the owner took in the oldest delta behind a sequence, by its clock; else as given. */
  long oldestMillis(long sequence, long otherwise) {
    return sequence >= lastSequence || count == 0 ? otherwise : millis[first(sequence)];
  }

  void write(RowWriter row) {
    row.longs(bytes).longs(lastSequence).ints(count);
    for (int i = 0; i < count; i++) {
      row.longs(sequences[i]).longs(bytesBefore[i]).longs(millis[i]);
    }
  }

  static LagMarks read(RowReader row) {
    LagMarks marks = new LagMarks();
    marks.bytes = row.longs();
    marks.lastSequence = row.longs();
    int count = row.ints();
    if (count < 0 || count > MAX_MARKS) {
      throw new IllegalArgumentException(count + " marks of a lag, more than " + MAX_MARKS);
    }
    for (int i = 0; i < count; i++) {
      marks.sequences[i] = row.longs();
      marks.bytesBefore[i] = row.longs();
      marks.millis[i] = row.longs();
    }
    marks.count = count;
    return marks;
  }
}
