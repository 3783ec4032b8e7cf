package io.forestall.operators.correlate;

import io.forestall.operators.types.Wired;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What routing remembers of one thing: which events it had lately, and how many symptoms of it each
 * stage of a rule was given lately. Mutable, for one thread.
 */
public final class RouteMemory {

  private long[] ids = new long[4];
  private long[] timesMillis = new long[4];
  private int size;
  private final Map<String, Thinned> thinned = new HashMap<>(4);

  /** Symptoms of one rule and stage in one slice of time. */
  private static final class Thinned {
    long slice;
    long untilMillis;
    int count;
  }

  /** True when the event was not seen before; it is then remembered. */
  boolean first(String id, long timeMillis, int limit) {
    long hash = hash(id);
    for (int i = size - 1; i >= 0; i--) {
      if (ids[i] == hash) {
        return false;
      }
    }
    if (size >= limit) {
      // The oldest in the order of arrival goes first.
      int dropped = Math.max(1, size - limit + 1);
      System.arraycopy(ids, dropped, ids, 0, size - dropped);
      System.arraycopy(timesMillis, dropped, timesMillis, 0, size - dropped);
      size -= dropped;
    }
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
      timesMillis = Arrays.copyOf(timesMillis, 2 * size);
    }
    ids[size] = hash;
    timesMillis[size] = timeMillis;
    size++;
    return true;
  }

  /**
   * True when a stage may be given one more symptom in this slice of time.
   *
   * @param stage names rule, stage and kind of entity
   * @param sliceMillis length of a slice
   */
  boolean roomFor(String stage, long timeMillis, long sliceMillis, int most) {
    long slice = Math.floorDiv(timeMillis, sliceMillis);
    Thinned counted = thinned.computeIfAbsent(stage, each -> new Thinned());
    if (counted.slice != slice) {
      if (slice < counted.slice) {
        // Behind the slice that is counted: rare, and late anyway.
        return true;
      }
      counted.slice = slice;
      counted.untilMillis = (slice + 1) * sliceMillis;
      counted.count = 0;
    }
    counted.count++;
    return counted.count <= most;
  }

  /** Forgets what is over; true when nothing is left. */
  boolean forget(long watermarkMillis, long idsMillis) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (timesMillis[i] > watermarkMillis - idsMillis) {
        ids[kept] = ids[i];
        timesMillis[kept] = timesMillis[i];
        kept++;
      }
    }
    size = kept;
    for (Iterator<Thinned> each = thinned.values().iterator(); each.hasNext(); ) {
      if (each.next().untilMillis <= watermarkMillis) {
        each.remove();
      }
    }
    return size == 0 && thinned.isEmpty();
  }

  /** When {@link #forget} can forget something next; milliseconds. */
  long nextMillis(long idsMillis) {
    long next = Long.MAX_VALUE;
    for (int i = 0; i < size; i++) {
      next = Math.min(next, timesMillis[i] + idsMillis);
    }
    for (Thinned each : thinned.values()) {
      next = Math.min(next, each.untilMillis);
    }
    return next;
  }

  /** 64 bits of a text, so that two of a thing's events are never taken for one. */
  static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    hash ^= hash >>> 32;
    hash *= 0xd6e8feb86659fd93L;
    return hash ^ (hash >>> 32);
  }

  /** Writes it. */
  public static void write(RouteMemory memory, DataOutputView out) throws IOException {
    out.writeByte(1);
    out.writeInt(memory.size);
    for (int i = 0; i < memory.size; i++) {
      out.writeLong(memory.ids[i]);
      out.writeLong(memory.timesMillis[i]);
    }
    out.writeInt(memory.thinned.size());
    for (Map.Entry<String, Thinned> each : memory.thinned.entrySet()) {
      out.writeUTF(each.getKey());
      out.writeLong(each.getValue().slice);
      out.writeLong(each.getValue().untilMillis);
      out.writeInt(each.getValue().count);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static RouteMemory read(DataInputView in) throws IOException {
    Wired.version(in, 1, "memory of a thing's events");
    RouteMemory memory = new RouteMemory();
    memory.size = in.readInt();
    memory.ids = new long[Math.max(4, memory.size)];
    memory.timesMillis = new long[memory.ids.length];
    for (int i = 0; i < memory.size; i++) {
      memory.ids[i] = in.readLong();
      memory.timesMillis[i] = in.readLong();
    }
    for (int i = in.readInt(); i > 0; i--) {
      Thinned counted = new Thinned();
      memory.thinned.put(EventFormat.word(in.readUTF()), counted);
      counted.slice = in.readLong();
      counted.untilMillis = in.readLong();
      counted.count = in.readInt();
    }
    return memory;
  }
}
