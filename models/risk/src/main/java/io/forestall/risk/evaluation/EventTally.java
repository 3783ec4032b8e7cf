package io.forestall.risk.evaluation;

import io.forestall.risk.evaluation.Ranges.Range;
import java.util.List;

/**
 * What an operator meets: how many anomalies were noticed at all, and how many alarms were for
 * nothing, summed over any number of series. Mutable, not thread-safe.
 */
public final class EventTally {
  private static final double MILLIS_PER_DAY = 86_400_000.0;

  private long events;
  private long noticed;
  private long alarms;
  private long falseAlarms;
  private double days;

  /**
   * Adds one series. An anomaly is noticed when any of its points has an alarm; an alarm, however
   * long, is false when none of its points is anomalous.
   *
   * @param labels anomalous points
   * @param raised points with alarm
   * @param stepMillis time from a point to the next; milliseconds
   * @throws IllegalArgumentException when the lengths differ
   */
  public void add(boolean[] labels, boolean[] raised, long stepMillis) {
    Ranges.requireSameLength(labels, raised);
    List<Range> real = Ranges.of(labels);
    List<Range> predicted = Ranges.of(raised);
    events += real.size();
    noticed += real.stream().filter(range -> any(raised, range)).count();
    alarms += predicted.size();
    falseAlarms += predicted.stream().filter(range -> !any(labels, range)).count();
    days += labels.length * stepMillis / MILLIS_PER_DAY;
  }

  private static boolean any(boolean[] points, Range range) {
    for (int i = range.first(); i < range.end(); i++) {
      if (points[i]) {
        return true;
      }
    }
    return false;
  }

  /** Anomalies; count. */
  public long events() {
    return events;
  }

  /** Anomalies with an alarm; count. */
  public long noticed() {
    return noticed;
  }

  /** Alarms, each one range; count. */
  public long alarms() {
    return alarms;
  }

  /** Alarms for nothing; count. */
  public long falseAlarms() {
    return falseAlarms;
  }

  /** Share of alarms that were right, and of anomalies that were noticed. */
  public Score score() {
    return new Score(
        alarms == 0 ? 0 : (double) (alarms - falseAlarms) / alarms,
        events == 0 ? 0 : (double) noticed / events);
  }

  /** Alarms for nothing for each day of a series; 0 without any time. */
  public double falseAlarmsPerDay() {
    return days == 0 ? 0 : falseAlarms / days;
  }
}
