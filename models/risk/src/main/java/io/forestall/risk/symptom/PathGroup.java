package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The paths of one volume ({@code volume/vol-1}) or from one node ({@code node/n-1}): a bounded
 * list with how active each is and what it said last. What is remembered of a path itself is in its
 * {@link PathMember}. Mutable; its encoding carries a version and only grows. Row A8.
 */
public final class PathGroup {
  private static final int VERSION = 1;
  private static final int MAXIMUM = 4096;

  /** Activity is remembered with this half-life; milliseconds. */
  private static final double ACTIVITY_HALF_LIFE_MILLIS = 6 * 3_600_000.0;

  /** One path of the group. */
  static final class Entry {
    long lastMillis;

    /** Operations lately; count. */
    double activity;

    /** Log-odds of being slow and of failing, above the priors; nats. */
    float slow;

    float failing;
    float confidence;

    double activityAt(long timeMillis) {
      return activity * Decay.left((double) timeMillis - lastMillis, ACTIVITY_HALF_LIFE_MILLIS);
    }
  }

  final TreeMap<String, Entry> entries = new TreeMap<>();
  long evicted;
  long samples;
  long lastMillis = Long.MIN_VALUE;

  /** When the group was last spoken of, and what was said; see {@link PathEngine}. */
  long saidMillis = Long.MIN_VALUE;

  double saidSlow;
  double saidFailing;

  private PathGroup() {}

  /** A group without paths. */
  public static PathGroup fresh() {
    return new PathGroup();
  }

  /** Paths that are remembered; count. */
  public int members() {
    return entries.size();
  }

  /** Paths that were forgotten because there were too many; count. */
  public long evicted() {
    return evicted;
  }

  /** Event time of the newest sample, {@link Long#MIN_VALUE} before the first; milliseconds. */
  public long lastTimeMillis() {
    return lastMillis;
  }

  /** The least active path but one, by name among equals; null when there is no other. */
  @Nullable String leastActiveBut(String path) {
    return entries.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(path))
        .min(
            Comparator.comparingDouble(
                    (Map.Entry<String, Entry> entry) -> entry.getValue().activityAt(lastMillis))
                .thenComparing(Map.Entry::getKey))
        .map(Map.Entry::getKey)
        .orElse(null);
  }

  /** Writes the group; some 50 bytes for each path. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(samples);
    out.writeLong(evicted);
    out.writeLong(lastMillis);
    out.writeLong(saidMillis);
    out.writeDouble(saidSlow);
    out.writeDouble(saidFailing);
    out.writeShort(entries.size());
    for (Map.Entry<String, Entry> each : entries.entrySet()) {
      Entry entry = each.getValue();
      out.writeUTF(each.getKey());
      out.writeLong(entry.lastMillis);
      out.writeDouble(entry.activity);
      out.writeFloat(entry.slow);
      out.writeFloat(entry.failing);
      out.writeFloat(entry.confidence);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when the bytes are no group
   */
  public static PathGroup read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("group of paths has version " + version + ", known is " + VERSION);
    }
    PathGroup group = new PathGroup();
    group.samples = in.readLong();
    group.evicted = in.readLong();
    group.lastMillis = in.readLong();
    group.saidMillis = in.readLong();
    group.saidSlow = in.readDouble();
    group.saidFailing = in.readDouble();
    int count = in.readUnsignedShort();
    if (count > MAXIMUM) {
      throw new IOException("group of paths has " + count + " paths, at most " + MAXIMUM);
    }
    for (; count > 0; count--) {
      String path = in.readUTF();
      Entry entry = new Entry();
      entry.lastMillis = in.readLong();
      entry.activity = in.readDouble();
      entry.slow = in.readFloat();
      entry.failing = in.readFloat();
      entry.confidence = in.readFloat();
      group.entries.put(path, entry);
    }
    return group;
  }
}
