package io.forestall.dl4j;

import java.util.Arrays;

/**
 * What a scorer finds in a period at an action budget, for any weights of the drives: one sort,
 * then each bootstrap replicate is a walk over the highest scores only. An alarm is a score above
 * the threshold; drives of the same score are found together or not at all.
 */
final class BudgetRanking {
  /** Share of healthy drive-weeks and of drives a day that is kept: far more than any budget. */
  private static final double KEPT = 0.12;

  private final int horizonDays;
  private final ScoredPeriod period;
  private final int scorer;

  // Highest healthy drive-weeks.
  private final float[] weekScores;
  private final int[] weekDrives;
  private final int[] weeksOf;

  // Failing drives that count.
  private final int[] failing;
  private final float[] highest;

  // Days without a gap of each drive, from the period's first day on; the end is behind the last.
  private int[] stretchDrives = new int[16];
  private int[] stretchFrom = new int[16];
  private int[] stretchTo = new int[16];
  private int stretches;

  // Highest drives of each day.
  private final float[][] dayScores;
  private final int[][] dayDrives;

  /**
   * What is found at one budget.
   *
   * @param found weight of the failing drives with an alarm
   * @param failing weight of all failing drives that count
   */
  record Found(double found, double failing) {
    double recall() {
      return failing == 0 ? Double.NaN : found / failing;
    }
  }

  BudgetRanking(ScoredPeriod period, int scorer, int horizonDays) {
    this.period = period;
    this.scorer = scorer;
    this.horizonDays = horizonDays;
    int drives = period.drives();
    weeksOf = new int[drives];
    float[] maxima = new float[1 << 10];
    int[] owners = new int[1 << 10];
    int weeks = 0;
    int[] counting = new int[drives];
    int failures = 0;
    int length = period.lastDay() - period.firstDay() + 1;
    int[] aDay = new int[length];
    for (int d = 0; d < drives; d++) {
      DriveHistory drive = period.drive(d);
      if (period.counts(d, horizonDays)) {
        counting[failures++] = d;
      }
      int week = -1;
      for (int i = period.from(d); i < period.to(d); i++) {
        int day = period.day(i);
        aDay[day - period.firstDay()]++;
        if (drive.label(day, horizonDays) != DriveHistory.Label.SURVIVES) {
          continue;
        }
        int now = (day - period.firstDay()) / 7;
        float score = period.score(scorer, i);
        if (now != week) {
          week = now;
          if (weeks == maxima.length) {
            maxima = Arrays.copyOf(maxima, 2 * weeks);
            owners = Arrays.copyOf(owners, 2 * weeks);
          }
          owners[weeks] = d;
          maxima[weeks++] = score;
          weeksOf[d]++;
        } else {
          maxima[weeks - 1] = Math.max(maxima[weeks - 1], score);
        }
      }
    }
    failing = Arrays.copyOf(counting, failures);
    highest = new float[failures];
    for (int f = 0; f < failures; f++) {
      highest[f] = Float.NEGATIVE_INFINITY;
      DriveHistory drive = period.drive(failing[f]);
      for (int i = period.from(failing[f]); i < period.to(failing[f]); i++) {
        if (drive.label(period.day(i), horizonDays) == DriveHistory.Label.FAILS) {
          highest[f] = Math.max(highest[f], period.score(scorer, i));
        }
      }
    }
    long[] order = order(maxima, weeks);
    int kept = Math.min(weeks, (int) Math.ceil(KEPT * weeks) + 1);
    weekScores = new float[kept];
    weekDrives = new int[kept];
    for (int k = 0; k < kept; k++) {
      int at = place(order[weeks - 1 - k]);
      weekScores[k] = maxima[at];
      weekDrives[k] = owners[at];
    }
    dayScores = new float[length][];
    dayDrives = new int[length][];
    rankDays(aDay);
    findStretches();
  }

  private void findStretches() {
    for (int d = 0; d < period.drives(); d++) {
      for (int i = period.from(d); i < period.to(d); ) {
        int last = i;
        while (last + 1 < period.to(d) && period.day(last + 1) == period.day(last) + 1) {
          last++;
        }
        if (stretches == stretchDrives.length) {
          stretchDrives = Arrays.copyOf(stretchDrives, 2 * stretches);
          stretchFrom = Arrays.copyOf(stretchFrom, 2 * stretches);
          stretchTo = Arrays.copyOf(stretchTo, 2 * stretches);
        }
        stretchDrives[stretches] = d;
        stretchFrom[stretches] = period.day(i) - period.firstDay();
        stretchTo[stretches++] = period.day(last) - period.firstDay() + 1;
        i = last + 1;
      }
    }
  }

  private void rankDays(int[] aDay) {
    float[][] scores = new float[aDay.length][];
    int[][] owners = new int[aDay.length][];
    for (int day = 0; day < aDay.length; day++) {
      scores[day] = new float[aDay[day]];
      owners[day] = new int[aDay[day]];
    }
    int[] filled = new int[aDay.length];
    for (int d = 0; d < period.drives(); d++) {
      for (int i = period.from(d); i < period.to(d); i++) {
        int day = period.day(i) - period.firstDay();
        scores[day][filled[day]] = period.score(scorer, i);
        owners[day][filled[day]++] = d;
      }
    }
    for (int day = 0; day < aDay.length; day++) {
      long[] order = order(scores[day], aDay[day]);
      // A replicate's weights sum up to about the number of drives: 4 % is plenty for 1 %.
      int kept = Math.min(aDay[day], aDay[day] / 25 + 20);
      dayScores[day] = new float[kept];
      dayDrives[day] = new int[kept];
      for (int k = 0; k < kept; k++) {
        int at = place(order[aDay[day] - 1 - k]);
        dayScores[day][k] = scores[day][at];
        dayDrives[day][k] = owners[day][at];
      }
    }
  }

  private static int place(long key) {
    return (int) (key & Integer.MAX_VALUE);
  }

  /** Keys by growing score, then place; {@link #place} takes the place out. */
  private static long[] order(float[] scores, int n) {
    long[] keys = new long[n];
    for (int i = 0; i < n; i++) {
      int bits = Float.floatToIntBits(scores[i] == 0 ? 0f : scores[i]);
      long ordered = (bits < 0 ? ~bits : bits ^ 0x8000_0000) & 0xFFFF_FFFFL;
      keys[i] = ordered << 31 | i;
    }
    Arrays.sort(keys);
    return keys;
  }

  /** How many failing drives count. */
  int failingDrives() {
    return failing.length;
  }

  /** Numbers of the failing drives that count, within the period. */
  int[] failing() {
    return failing.clone();
  }

  /** The threshold at which at most this share of healthy drive-weeks holds an alarm. */
  float threshold(double budget, double[] weights) {
    double all = 0;
    for (int d = 0; d < weeksOf.length; d++) {
      all += weights[period.id(d)] * weeksOf[d];
    }
    return threshold(weekScores, weekDrives, budget * all, weights);
  }

  private float threshold(float[] scores, int[] drives, double allowed, double[] weights) {
    double above = 0;
    int k = 0;
    while (k < scores.length) {
      int next = k;
      double tied = 0;
      while (next < scores.length && scores[next] == scores[k]) {
        tied += weights[period.id(drives[next])];
        next++;
      }
      if (above + tied > allowed) {
        return scores[k];
      }
      above += tied;
      k = next;
    }
    return scores.length == 0 ? Float.POSITIVE_INFINITY : scores[scores.length - 1];
  }

  /** What is found when this share of healthy drive-weeks may hold an alarm. */
  Found aWeek(double budget, double[] weights) {
    return above(threshold(budget, weights), weights);
  }

  /** What is found at a threshold. */
  Found above(float threshold, double[] weights) {
    double found = 0;
    double all = 0;
    for (int f = 0; f < failing.length; f++) {
      double weight = weights[period.id(failing[f])];
      all += weight;
      found += highest[f] > threshold ? weight : 0;
    }
    return new Found(found, all);
  }

  /** Share of healthy drive-weeks with an alarm at a threshold not below the budgets. */
  double flagged(float threshold, double[] weights) {
    double all = 0;
    for (int d = 0; d < weeksOf.length; d++) {
      all += weights[period.id(d)] * weeksOf[d];
    }
    double above = 0;
    for (int k = 0; k < weekScores.length && weekScores[k] > threshold; k++) {
      above += weights[period.id(weekDrives[k])];
    }
    return above / all;
  }

  /** What is found when each day the highest share of all drives is inspected. */
  Found aDay(double budget, double[] weights) {
    int length = dayScores.length;
    double[] alive = new double[length + 1];
    for (int k = 0; k < stretches; k++) {
      double weight = weights[period.id(stretchDrives[k])];
      alive[stretchFrom[k]] += weight;
      alive[stretchTo[k]] -= weight;
    }
    float[] thresholds = new float[length];
    double now = 0;
    for (int day = 0; day < length; day++) {
      now += alive[day];
      thresholds[day] = threshold(dayScores[day], dayDrives[day], budget * now, weights);
    }
    double found = 0;
    double all = 0;
    for (int drive : failing) {
      double weight = weights[period.id(drive)];
      all += weight;
      if (weight == 0) {
        continue;
      }
      DriveHistory history = period.drive(drive);
      for (int i = period.from(drive); i < period.to(drive); i++) {
        int day = period.day(i);
        if (history.label(day, horizonDays) == DriveHistory.Label.FAILS
            && period.score(scorer, i) > thresholds[day - period.firstDay()]) {
          found += weight;
          break;
        }
      }
    }
    return new Found(found, all);
  }
}
