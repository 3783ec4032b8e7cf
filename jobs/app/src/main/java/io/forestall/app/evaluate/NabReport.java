package io.forestall.app.evaluate;

import io.forestall.app.TextTable;
import io.forestall.risk.evaluation.NabScorer;
import io.forestall.risk.evaluation.NabScorer.Profile;
import io.forestall.risk.evaluation.NabScorer.Result;
import io.forestall.risk.evaluation.NabScorer.Scored;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.series.SeriesDetector.Reading;
import io.forestall.risk.series.SeriesState;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How the detector of one series did on the benchmark.
 *
 * @param series series scored; count
 * @param rows rows scored; count
 * @param nanosPerRow time of one step of the detector
 * @param lines one for each profile
 * @param categories results by category, standard profile, shipped threshold
 * @param parts scores without one part of the detector, by part, then by profile; may be empty
 */
record NabReport(
    int series,
    long rows,
    double nanosPerRow,
    List<Line> lines,
    Map<String, Result> categories,
    Map<String, Map<String, Double>> parts) {

  /**
   * A profile's results.
   *
   * @param profile what an alarm is worth
   * @param best with the threshold that is best on the scored data, the benchmark's protocol
   * @param fixed with the threshold the detector ships with
   * @param halves each half of the series scored with the threshold that is best on the other half
   */
  record Line(Profile profile, Result best, Result fixed, double halves) {}

  /** Runs the detector, and when asked once more without each of its parts. */
  static NabReport of(List<NabCorpus.Series> series, boolean ablation) {
    long rows = series.stream().mapToLong(one -> one.values().length).sum();
    long began = System.nanoTime();
    List<Scored> scored = run(EnsembleDetector.standard(), series, true);
    double nanosPerRow = (System.nanoTime() - began) / (double) Math.max(1, rows);
    double shipped = EnsembleDetector.threshold();
    List<Line> lines = new ArrayList<>();
    for (Profile profile : Profile.ALL) {
      lines.add(
          new Line(
              profile,
              NabScorer.best(scored, profile),
              NabScorer.at(scored, profile, shipped),
              halves(scored, profile)));
    }
    return new NabReport(
        series.size(),
        rows,
        nanosPerRow,
        lines,
        NabScorer.byCategory(scored, Profile.STANDARD, shipped),
        ablation ? parts(series) : Map.of());
  }

  /** Scores of each row, from nothing later than the row. */
  private static List<Scored> run(
      SeriesDetector detector, List<NabCorpus.Series> series, boolean onsets) {
    List<Scored> scored = new ArrayList<>();
    Reading reading = new Reading();
    for (NabCorpus.Series one : series) {
      SeriesState state = detector.fresh();
      double[] scores = new double[one.values().length];
      for (int row = 0; row < scores.length; row++) {
        detector.observe(state, one.timesMillis()[row], one.values()[row], reading);
        scores[row] = onsets ? reading.onset : reading.score;
      }
      scored.add(one.scored(scores));
    }
    return scored;
  }

  private static double halves(List<Scored> scored, Profile profile) {
    List<Scored> even = new ArrayList<>();
    List<Scored> odd = new ArrayList<>();
    for (int i = 0; i < scored.size(); i++) {
      (i % 2 == 0 ? even : odd).add(scored.get(i));
    }
    Result first = NabScorer.at(even, profile, NabScorer.best(odd, profile).threshold());
    Result second = NabScorer.at(odd, profile, NabScorer.best(even, profile).threshold());
    return (first.score() * first.windows() + second.score() * second.windows())
        / (first.windows() + second.windows());
  }

  private static Map<String, Map<String, Double>> parts(List<NabCorpus.Series> series) {
    Map<String, Map<String, Double>> parts = new LinkedHashMap<>();
    for (EnsembleDetector.Part part : EnsembleDetector.Part.values()) {
      parts.put(
          part.name().toLowerCase(Locale.ROOT).replace('_', ' '),
          best(run(EnsembleDetector.without(part), series, true)));
    }
    parts.put("rest after an alarm", best(run(EnsembleDetector.standard(), series, false)));
    return parts;
  }

  private static Map<String, Double> best(List<Scored> scored) {
    Map<String, Double> scores = new LinkedHashMap<>();
    for (Profile profile : Profile.ALL) {
      scores.put(profile.name(), NabScorer.best(scored, profile).score());
    }
    return scores;
  }

  /** For {@code --output json}; numbers are unrounded. */
  Map<String, Object> asMap() {
    Map<String, Object> profiles = new LinkedHashMap<>();
    Map<String, Object> thresholds = new LinkedHashMap<>();
    Map<String, Object> fixed = new LinkedHashMap<>();
    Map<String, Object> halves = new LinkedHashMap<>();
    for (Line line : lines) {
      String name = line.profile.name();
      profiles.put(name, line.best.score());
      thresholds.put(name, line.best.threshold());
      fixed.put(name, line.fixed.score());
      halves.put(name, line.halves);
    }
    Map<String, Object> byCategory = new LinkedHashMap<>();
    categories.forEach(
        (name, result) -> {
          Map<String, Object> category = new LinkedHashMap<>();
          // A category without windows has no score.
          category.put("score", result.windows() == 0 ? null : (Double) result.score());
          category.put("windows", result.windows());
          category.put("found", result.found());
          category.put("falseAlarms", result.falseAlarms());
          byCategory.put(name, category);
        });
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("series", series);
    all.put("rows", rows);
    all.put("nanosPerRow", nanosPerRow);
    all.put("profiles", profiles);
    all.put("thresholds", thresholds);
    all.put("fixedThreshold", EnsembleDetector.threshold());
    all.put("profilesAtFixedThreshold", fixed);
    all.put("profilesWithThresholdOfOtherHalf", halves);
    all.put("categories", byCategory);
    if (!parts.isEmpty()) {
      all.put("profilesWithout", parts);
    }
    return all;
  }

  /** For a terminal. */
  void print(PrintWriter out) {
    out.printf(Locale.ROOT, "%d series, %,d rows, %.0f ns a row%n%n", series, rows, nanosPerRow);
    double shipped = EnsembleDetector.threshold();
    TextTable table =
        new TextTable(
            "PROFILE",
            ">SCORE",
            ">BEST THRESHOLD",
            ">FOUND",
            ">FALSE ALARMS",
            String.format(Locale.ROOT, ">AT %.2f", shipped),
            ">OTHER HALF'S");
    for (Line line : lines) {
      table.add(
          line.profile.name(),
          digits(line.best.score()),
          String.format(Locale.ROOT, "%.4f", line.best.threshold()),
          line.best.found() + "/" + line.best.windows(),
          String.valueOf(line.best.falseAlarms()),
          digits(line.fixed.score()),
          digits(line.halves));
    }
    table.print(out);
    out.printf(Locale.ROOT, "%nStandard profile by category, threshold %.2f%n", shipped);
    TextTable byCategory = new TextTable("CATEGORY", ">SCORE", ">FOUND", ">FALSE ALARMS");
    categories.forEach(
        (name, result) ->
            byCategory.add(
                name,
                result.windows() == 0 ? "-" : digits(result.score()),
                result.found() + "/" + result.windows(),
                String.valueOf(result.falseAlarms())));
    byCategory.print(out);
    if (!parts.isEmpty()) {
      out.printf("%nScores without one part, and what the part adds to the standard profile%n");
      TextTable without = new TextTable("WITHOUT", ">STANDARD", ">LOW FP", ">LOW FN", ">ADDS");
      double whole = lines.get(0).best.score();
      parts.forEach(
          (name, scores) -> {
            List<Double> of = List.copyOf(scores.values());
            without.add(
                name,
                digits(of.get(0)),
                digits(of.get(1)),
                digits(of.get(2)),
                String.format(Locale.ROOT, "%+.1f", whole - of.get(0)));
          });
      without.print(out);
    }
    out.flush();
  }

  private static String digits(double score) {
    return String.format(Locale.ROOT, "%.1f", score);
  }
}
