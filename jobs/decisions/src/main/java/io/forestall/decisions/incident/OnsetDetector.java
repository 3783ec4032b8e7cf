package io.forestall.decisions.incident;

import io.forestall.decisions.Subject;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Finds where a storm of events begins: a cumulative sum of the evidence that things begin to speak
 * many times as fast as they did of late. A thing counts once a minute, so that one thing that
 * speaks a lot is no storm. It looks back only. Mutable, for one thread; bounded.
 */
public final class OnsetDetector {

  /** What {@link #take} gives when no storm began. */
  public static final long NONE = Long.MIN_VALUE;

  /** Time for which a thing that spoke does not count again; milliseconds. */
  private static final long ONCE_MILLIS = 60_000;

  /** How many times the usual rate a storm has at least. */
  private static final double RATIO = 3;

  /** Evidence that is asked for, the logarithm of odds: about ten things at once. */
  private static final double ENOUGH = 12;

  /** Time over which the usual rate is averaged; milliseconds. */
  private static final double MEMORY_MILLIS = 300_000;

  /** Least usual rate, one thing in 20 s; per millisecond. */
  private static final double LEAST_RATE = 1.0 / 20_000;

  /** Time after a storm began before the next can; milliseconds. */
  private static final long APART_MILLIS = 120_000;

  /** Most things whose last word is remembered. */
  private static final int MAX_THINGS = 100_000;

  private final LinkedHashMap<Subject, Long> spoke = new LinkedHashMap<>();
  private double usualRate;
  private double sum;
  private long beganMillis;
  private long lastMillis = NONE;
  private long lastOnsetMillis = NONE;

  /**
   * Takes the next event.
   *
   * @param entity what speaks
   * @param timeMillis never less than before; milliseconds since 1970-01-01 UTC
   * @return when the storm that is now certain began, {@link #NONE} when none is
   */
  public long take(Subject entity, long timeMillis) {
    Long before = spoke.get(entity);
    if (before != null && timeMillis - before < ONCE_MILLIS) {
      return NONE;
    }
    spoke.remove(entity);
    spoke.put(entity, timeMillis);
    for (var eldest = spoke.entrySet().iterator(); eldest.hasNext(); ) {
      Map.Entry<Subject, Long> one = eldest.next();
      if (spoke.size() <= MAX_THINGS && timeMillis - one.getValue() < ONCE_MILLIS) {
        break;
      }
      eldest.remove();
    }
    long passedMillis = lastMillis == NONE ? 0 : timeMillis - lastMillis;
    lastMillis = timeMillis;
    sum -= (RATIO - 1) * Math.max(LEAST_RATE, usualRate) * passedMillis;
    if (sum <= 0) {
      sum = 0;
      beganMillis = timeMillis;
    }
    sum += Math.log(RATIO);
    // The average takes in the storm itself, so that a storm that goes on becomes usual.
    usualRate = usualRate * Math.exp(-passedMillis / MEMORY_MILLIS) + 1 / MEMORY_MILLIS;
    if (sum < ENOUGH) {
      return NONE;
    }
    sum = 0;
    if (lastOnsetMillis != NONE && beganMillis - lastOnsetMillis < APART_MILLIS) {
      return NONE;
    }
    lastOnsetMillis = beganMillis;
    return beganMillis;
  }
}
