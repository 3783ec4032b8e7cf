package io.forestall.app.console;

import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The last scores of one entity in a compact form: about 21 bytes a point, more only where reasons
 * were given. A ring that grows to its limit and then forgets its oldest point. Not thread-safe.
 */
final class RiskHistory {
  /** Reasons kept for a point; the rest is in the newest record only. */
  static final int REASONS_PER_POINT = 5;

  private static final int FIRST_CAPACITY = 4;
  private static final int STALE_BIT = 0x80;
  private static final Tier[] TIERS = Tier.values();

  private final int limit;
  private int[] seconds = new int[FIRST_CAPACITY];
  private float[] scores = new float[FIRST_CAPACITY];
  private float[] probabilities = new float[FIRST_CAPACITY];
  private float[] confidences = new float[FIRST_CAPACITY];
  private byte[] flags = new byte[FIRST_CAPACITY];

  /**
   * Triples of metric number, value, contribution; a float holds a metric number exactly up to
   * 2^24.
   */
  private float[][] reasons = new float[FIRST_CAPACITY][];

  private int start;
  private int size;

  RiskHistory(int limit) {
    this.limit = Math.max(limit, FIRST_CAPACITY);
  }

  int size() {
    return size;
  }

  /**
   * Points that fit without growing; what the total limit counts, because that is what costs
   * memory.
   */
  int capacity() {
    return seconds.length;
  }

  void add(
      long timeMillis,
      double score,
      double probability,
      double confidence,
      Tier tier,
      boolean stale,
      float[] packedReasons) {
    if (size == seconds.length && size < limit) {
      grow(Math.min(limit, size * 2));
    }
    int at;
    if (size < seconds.length) {
      at = (start + size) % seconds.length;
      size++;
    } else {
      at = start;
      start = (start + 1) % seconds.length;
    }
    seconds[at] = (int) Math.floorDiv(timeMillis, 1000L);
    scores[at] = (float) score;
    probabilities[at] = (float) probability;
    confidences[at] = (float) confidence;
    flags[at] = (byte) (tier.ordinal() | (stale ? STALE_BIT : 0));
    reasons[at] = packedReasons;
  }

  /** The points in order of time, oldest first. */
  List<HistoryPoint> points(List<String> metricNames) {
    List<HistoryPoint> points = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      int at = (start + i) % seconds.length;
      List<HistoryPoint.Part> parts = new ArrayList<>();
      float[] packed = reasons[at];
      for (int j = 0; j + 2 < packed.length; j += 3) {
        parts.add(
            new HistoryPoint.Part(metricNames.get((int) packed[j]), packed[j + 1], packed[j + 2]));
      }
      points.add(
          new HistoryPoint(
              seconds[at] * 1000L,
              scores[at],
              probabilities[at],
              confidences[at],
              TIERS[flags[at] & 0x0f],
              (flags[at] & STALE_BIT) != 0,
              List.copyOf(parts)));
    }
    points.sort(Comparator.comparingLong(HistoryPoint::timeMillis));
    return points;
  }

  private void grow(int capacity) {
    // Only a full ring grows, so unrolling it starts at the oldest point.
    int[] order = new int[size];
    Arrays.setAll(order, i -> (start + i) % seconds.length);
    int[] newSeconds = new int[capacity];
    float[] newScores = new float[capacity];
    float[] newProbabilities = new float[capacity];
    float[] newConfidences = new float[capacity];
    byte[] newFlags = new byte[capacity];
    float[][] newReasons = new float[capacity][];
    for (int i = 0; i < size; i++) {
      newSeconds[i] = seconds[order[i]];
      newScores[i] = scores[order[i]];
      newProbabilities[i] = probabilities[order[i]];
      newConfidences[i] = confidences[order[i]];
      newFlags[i] = flags[order[i]];
      newReasons[i] = reasons[order[i]];
    }
    seconds = newSeconds;
    scores = newScores;
    probabilities = newProbabilities;
    confidences = newConfidences;
    flags = newFlags;
    reasons = newReasons;
    start = 0;
  }
}
