package io.forestall.risk.evaluation;

import java.util.ArrayList;
import java.util.List;

/** Ranges of points that follow each other. */
public final class Ranges {
  private Ranges() {}

  /**
   * A range of points.
   *
   * @param first first point, from 0
   * @param end first point after it
   */
  public record Range(int first, int end) {

    /** Points in it; count. */
    public int length() {
      return end - first;
    }

    /** Points that both have; count. */
    public int overlap(Range other) {
      return Math.max(0, Math.min(end, other.end) - Math.max(first, other.first));
    }
  }

  /** The longest ranges whose points are all true, in their order. */
  public static List<Range> of(boolean[] points) {
    List<Range> ranges = new ArrayList<>();
    int first = -1;
    for (int i = 0; i <= points.length; i++) {
      boolean in = i < points.length && points[i];
      if (in && first < 0) {
        first = i;
      } else if (!in && first >= 0) {
        ranges.add(new Range(first, i));
        first = -1;
      }
    }
    return ranges;
  }

  /** Refuses labels and alarms of different lengths, which would shift one against the other. */
  static void requireSameLength(boolean[] labels, boolean[] alarms) {
    if (labels.length != alarms.length) {
      throw new IllegalArgumentException(
          labels.length + " labels do not fit " + alarms.length + " points with or without alarm");
    }
  }
}
