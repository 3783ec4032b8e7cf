package io.forestall.risk.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The scoring of the Numenta Anomaly Benchmark (Lavin and Ahmad, "Evaluating real-time anomaly
 * detection algorithms", ICMLA 2015; version 1.1): the first alarm in a labelled window counts, the
 * earlier the more; each alarm outside of all windows costs a little, less when shortly after one;
 * each window without an alarm costs; the first 15 % of a series (750 rows at most) count for
 * nothing. The sum over the corpus is scaled so that no alarm at all is 0 and a perfect detector is
 * 100. Row A6.
 *
 * <p>A threshold, the same for all series, turns scores into alarms. The benchmark takes the one
 * that is best for the profile on the scored data, see {@link #best}; {@link #at} takes a given
 * one.
 */
public final class NabScorer {

  /** Part of a series that nobody is judged by. */
  private static final double PROBATION = 0.15;

  /** Rows of which {@link #PROBATION} is taken at most. */
  private static final double PROBATION_ROWS = 5000;

  /** Past this many window widths, an alarm costs in full. */
  private static final double FAR = 3.0;

  private NabScorer() {}

  /**
   * What an alarm is worth.
   *
   * @param name as reports name it
   * @param found gain of a window found at its very start
   * @param missed cost of a window not found
   * @param falseAlarm cost of an alarm far from all windows
   */
  public record Profile(String name, double found, double missed, double falseAlarm) {
    /** The benchmark's first profile. */
    public static final Profile STANDARD = new Profile("standard", 1, 1, 0.11);

    /** False alarms cost twice. */
    public static final Profile LOW_FALSE_POSITIVES = new Profile("lowFP", 1, 1, 0.22);

    /** Missed windows cost twice. */
    public static final Profile LOW_FALSE_NEGATIVES = new Profile("lowFN", 1, 2, 0.11);

    /** All three, in the benchmark's order. */
    public static final List<Profile> ALL =
        List.of(STANDARD, LOW_FALSE_POSITIVES, LOW_FALSE_NEGATIVES);
  }

  /**
   * A labelled stretch.
   *
   * @param first first row; count from 0
   * @param last last row, itself part of it
   */
  public record Window(int first, int last) {
    public Window {
      if (first < 0 || last < first) {
        throw new IllegalArgumentException("a window from row " + first + " to row " + last);
      }
    }
  }

  /**
   * A series that a detector has scored.
   *
   * @param name file, with its category: {@code realTweets/Twitter_volume_KO.csv}
   * @param scores one for each row, 0 to 1; not copied
   * @param windows in the order of time, not overlapping
   */
  public record Scored(String name, double[] scores, List<Window> windows) {
    /** What comes before the first slash; the whole name when there is none. */
    public String category() {
      int slash = name.indexOf('/');
      return slash < 0 ? name : name.substring(0, slash);
    }
  }

  /**
   * How a detector did at one threshold.
   *
   * @param threshold rows of at least this score are alarms; above 1 when no alarm is best
   * @param points sum of gains and costs, not scaled
   * @param score scaled: 0 without any alarm, 100 for a perfect detector; below 0 is possible
   * @param windows labelled windows; count
   * @param found windows with an alarm; count
   * @param falseAlarms rows with an alarm outside of all windows; count
   */
  public record Result(
      double threshold, double points, double score, int windows, int found, int falseAlarms) {}

  /** Result at the threshold that is best for this profile on this data, as the benchmark does. */
  public static Result best(List<Scored> corpus, Profile profile) {
    Tally tally = new Tally(corpus, profile);
    Row[] rows = rows(corpus, profile);
    Result best = tally.result(Math.nextUp(1.0));
    for (int i = 0; i < rows.length; ) {
      double threshold = rows[i].score;
      for (; i < rows.length && rows[i].score == threshold; i++) {
        tally.alarm(rows[i]);
      }
      if (tally.points() > best.points) {
        best = tally.result(threshold);
      }
    }
    return best;
  }

  /** Result when rows of at least this score are alarms. */
  public static Result at(List<Scored> corpus, Profile profile, double threshold) {
    Tally tally = new Tally(corpus, profile);
    for (Row row : rows(corpus, profile)) {
      if (row.score >= threshold) {
        tally.alarm(row);
      }
    }
    return tally.result(threshold);
  }

  /**
   * Result of each category at one threshold for all.
   *
   * @return by name of the category, in alphabetical order; a category without any window has a
   *     score of NaN, for there is nothing to find
   */
  public static Map<String, Result> byCategory(
      List<Scored> corpus, Profile profile, double threshold) {
    Map<String, List<Scored>> parts = new TreeMap<>();
    for (Scored series : corpus) {
      parts.computeIfAbsent(series.category(), name -> new ArrayList<>()).add(series);
    }
    Map<String, Result> results = new TreeMap<>();
    parts.forEach((name, series) -> results.put(name, at(series, profile, threshold)));
    return results;
  }

  /** First rows of a series that count for nothing; count. */
  public static int probation(int rows) {
    return (int) Math.min(Math.floor(PROBATION * rows), PROBATION * PROBATION_ROWS);
  }

  /** Worth of a place: 1 well before the end of a window, 0 at it, -1 far after it. */
  static double worth(double windowWidthsPastTheEnd) {
    return windowWidthsPastTheEnd > FAR ? -1 : 2 / (1 + Math.exp(5 * windowWidthsPastTheEnd)) - 1;
  }

  /** All rows that count, the highest score first. */
  private static Row[] rows(List<Scored> corpus, Profile profile) {
    List<Row> rows = new ArrayList<>();
    int window = 0;
    for (Scored series : corpus) {
      collect(series, window, profile, rows);
      window += series.windows.size();
    }
    Row[] sorted = rows.toArray(new Row[0]);
    Arrays.sort(sorted, (a, b) -> Double.compare(b.score, a.score));
    return sorted;
  }

  private static void collect(Scored series, int firstWindow, Profile profile, List<Row> rows) {
    double most = worth(-1);
    int probation = probation(series.scores.length);
    int at = 0;
    for (int row = 0; row < series.scores.length; row++) {
      while (at < series.windows.size() && series.windows.get(at).last < row) {
        at++;
      }
      if (row < probation) {
        continue;
      }
      if (at < series.windows.size() && series.windows.get(at).first <= row) {
        Window in = series.windows.get(at);
        double width = in.last - in.first + 1;
        double gain = worth(-(in.last - row + 1) / width) * profile.found / most;
        rows.add(new Row(series.scores[row], firstWindow + at, gain));
      } else if (at == 0) {
        rows.add(new Row(series.scores[row], Row.OUTSIDE, -profile.falseAlarm));
      } else {
        Window past = series.windows.get(at - 1);
        double width = past.last - past.first;
        double away = (row - past.last) / width;
        rows.add(new Row(series.scores[row], Row.OUTSIDE, worth(away) * profile.falseAlarm));
      }
    }
  }

  /** A row that counts: its score, the window it is in, and what an alarm here brings. */
  private record Row(double score, int window, double worth) {
    static final int OUTSIDE = -1;
  }

  /** Sums up alarms in any order. */
  private static final class Tally {
    private final Profile profile;
    private final double[] windows;
    private final boolean[] foundWindows;
    private double points;
    private int found;
    private int falseAlarms;

    Tally(List<Scored> corpus, Profile profile) {
      this.profile = profile;
      int count = corpus.stream().mapToInt(series -> series.windows.size()).sum();
      windows = new double[count];
      foundWindows = new boolean[count];
      Arrays.fill(windows, -profile.missed);
      points = -profile.missed * count;
    }

    void alarm(Row row) {
      if (row.window == Row.OUTSIDE) {
        points += row.worth;
        falseAlarms++;
        return;
      }
      if (!foundWindows[row.window]) {
        foundWindows[row.window] = true;
        found++;
      }
      if (row.worth > windows[row.window]) {
        points += row.worth - windows[row.window];
        windows[row.window] = row.worth;
      }
    }

    double points() {
      return points;
    }

    Result result(double threshold) {
      double none = -profile.missed * windows.length;
      double perfect = profile.found * windows.length;
      double score = 100 * (points - none) / (perfect - none);
      return new Result(threshold, points, score, windows.length, found, falseAlarms);
    }
  }
}
