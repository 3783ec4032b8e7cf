package io.forestall.dl4j;

import io.forestall.dl4j.EvaluationReport.Group;
import io.forestall.dl4j.EvaluationReport.Horizon;
import io.forestall.dl4j.EvaluationReport.Interval;
import io.forestall.dl4j.EvaluationReport.LeadTimes;
import io.forestall.dl4j.EvaluationReport.Scores;
import io.forestall.dl4j.EvaluationReport.Share;
import io.forestall.dl4j.EvaluationReport.Tenth;
import io.forestall.dl4j.EvaluationReport.Threshold;
import io.forestall.risk.AlarmBudget;
import io.forestall.risk.FeatureExtractor;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * From scored periods to figures. The replicates draw drives, not days: a drive's days go together
 * in each, in all periods alike, so that differences between scorers are paired.
 */
final class EvaluationMeasures {
  private static final int[] HORIZONS = {7, 14, 30};
  private static final double PER_MILLE = 0.001;
  private static final double PERCENT = 0.01;
  private static final int TENTHS = 10;
  private static final int LEAD_DAYS = 60;
  private static final int[] LEAD_EDGES = {1, 3, 7, 14, 30, 60};
  private static final int LEAST_FAILING = 5;

  // Places of a scorer's figures.
  private static final int AUC = 0;
  private static final int AUPRC = 1;
  private static final int WEEK_PER_MILLE = 2;
  private static final int WEEK_PERCENT = 3;
  private static final int DAY_PERCENT = 4;
  private static final int AS_ANY = 5;
  private static final int PRECISION = 6;
  private static final int FIGURES = 7;

  private final HistoryReader.Histories histories;
  private final EvaluationRecipe recipe;
  private final List<DiskEvaluation.Origin> origins;
  private final List<ScoredPeriod> periods;
  private final List<double[]> importances;
  private final EvaluationReport.CanaryFigures canaries;
  private final TrainingProgress progress;
  private final int horizonDays;

  EvaluationMeasures(
      HistoryReader.Histories histories,
      EvaluationRecipe recipe,
      List<DiskEvaluation.Origin> origins,
      List<ScoredPeriod> periods,
      List<double[]> importances,
      EvaluationReport.CanaryFigures canaries,
      TrainingProgress progress) {
    this.histories = histories;
    this.recipe = recipe;
    this.origins = origins;
    this.periods = periods;
    this.importances = importances;
    this.canaries = canaries;
    this.progress = progress;
    this.horizonDays = recipe.training().horizonDays();
  }

  EvaluationReport report() {
    List<EvaluationReport.Period> described = new ArrayList<>();
    for (int i = 0; i < periods.size(); i++) {
      ScoredPeriod period = periods.get(i);
      int failing = 0;
      for (int d = 0; d < period.drives(); d++) {
        failing += period.counts(d, horizonDays) ? 1 : 0;
      }
      described.add(
          new EvaluationReport.Period(
              origins.get(i).trainLastDay(),
              origins.get(i).firstDay(),
              origins.get(i).lastDay(),
              period.days(),
              failing));
    }
    Map<Integer, Horizon> horizons = new LinkedHashMap<>();
    for (int days : HORIZONS) {
      progress.say("measures at " + days + " days");
      horizons.put(days, horizon(days));
    }
    List<Share> importance = importance();
    return new EvaluationReport(
        protocol(),
        histories.drives().size(),
        LocalDate.ofEpochDay(
            histories.drives().stream().mapToInt(DriveHistory::firstDay).min().orElseThrow()),
        LocalDate.ofEpochDay(
            histories.drives().stream().mapToInt(DriveHistory::lastDay).max().orElseThrow()),
        described,
        horizons,
        tenths(DiskEvaluation.ENSEMBLE),
        tenths(DiskEvaluation.UNMOVED),
        thresholds(),
        leadTimes(),
        groups(false),
        groups(true),
        importance,
        canaries);
  }

  private List<String> protocol() {
    return List.of(
        String.format(
            Locale.ROOT,
            "Split by time: %d test periods of at most half a year; the days that train end %d days"
                + " before each, two horizons.",
            periods.size(),
            2 * horizonDays),
        String.format(
            Locale.ROOT,
            "Split by drive too: %d parts by a hash of the serial; each drive is scored by models"
                + " trained on the other parts.",
            recipe.folds()),
        "Inputs of a day stand on what was known on that day; a few hundred days are audited in"
            + " every run by cutting the history there.",
        "A drive whose record ends without a failure is unknown for the last horizon's days, not"
            + " good; the failure day gives no sample.",
        "Recall: failing drives with an alarm on one of the horizon's days before the failure; a"
            + " drive counts if all those days lie in the period. Thresholds are set within each"
            + " period, drives of all periods are counted together.",
        "x a week: that share of healthy drive-weeks holds an alarm. 1 % a day: each day the"
            + " highest hundredth of all drives.",
        String.format(
            Locale.ROOT,
            "Intervals: the middle 95 %% of %d bootstrap replicates over drives; differences are"
                + " paired.",
            recipe.replicates()),
        "Baselines, trained and measured in the same run on the same days: any of SMART 5, 187,"
            + " 188, 197, 198 above zero; their graded count; logistic regression over the same"
            + " inputs; trees alone; sequence model alone; detectors alone.",
        "Recalibrated: on the first of each month the level is moved by observed over expected of"
            + " earlier days whose horizon has passed, half forgotten in 90 days, from drives that"
            + " no model was trained on.");
  }

  // ---- recall, areas, precision
  // ---------------------------------------------------------------------------------------------

  /** Everything of one scorer at one horizon that a replicate needs. */
  private final class Ranked {
    final List<BudgetRanking> budgets = new ArrayList<>();
    final List<AreaRanking> areas = new ArrayList<>();
    final int scorer;
    final int days;

    Ranked(int scorer, int days) {
      this.scorer = scorer;
      this.days = days;
      for (ScoredPeriod period : periods) {
        budgets.add(new BudgetRanking(period, scorer, days));
        areas.add(new AreaRanking(period, scorer, days));
      }
    }

    double[] figures(double[] weights, double[] anyShares) {
      double[] figures = new double[FIGURES];
      Arrays.fill(figures, Double.NaN);
      double[] found = new double[FIGURES];
      double failing = 0;
      double auc = 0;
      double auprc = 0;
      for (int p = 0; p < periods.size(); p++) {
        BudgetRanking ranking = budgets.get(p);
        BudgetRanking.Found perMille = ranking.aWeek(PER_MILLE, weights);
        failing += perMille.failing();
        found[WEEK_PER_MILLE] += perMille.found();
        found[WEEK_PERCENT] += ranking.aWeek(PERCENT, weights).found();
        found[DAY_PERCENT] += ranking.aDay(PERCENT, weights).found();
        found[AS_ANY] +=
            scorer == DiskEvaluation.ANY
                ? ranking.above(0, weights).found()
                : ranking.aWeek(anyShares[p], weights).found();
        AreaRanking.Areas both = areas.get(p).areas(weights);
        auc += perMille.failing() * both.auc();
        auprc += perMille.failing() * both.auprc();
      }
      for (int i = WEEK_PER_MILLE; i <= AS_ANY; i++) {
        figures[i] = found[i] / failing;
      }
      figures[AUC] = auc / failing;
      figures[AUPRC] = auprc / failing;
      return figures;
    }

    /** Share of days with an alarm at 1 % a week that a failure follows. */
    double precision(double[] once) {
      long alarms = 0;
      long right = 0;
      for (int p = 0; p < periods.size(); p++) {
        ScoredPeriod period = periods.get(p);
        float threshold = budgets.get(p).threshold(PERCENT, once);
        for (int d = 0; d < period.drives(); d++) {
          for (int i = period.from(d); i < period.to(d); i++) {
            if (period.score(scorer, i) > threshold) {
              DriveHistory.Label label = period.drive(d).label(period.day(i), days);
              alarms += label == DriveHistory.Label.UNKNOWN ? 0 : 1;
              right += label == DriveHistory.Label.FAILS ? 1 : 0;
            }
          }
        }
      }
      return alarms == 0 ? Double.NaN : (double) right / alarms;
    }
  }

  private double[] anyShares(Ranked any, double[] weights) {
    double[] shares = new double[periods.size()];
    for (int p = 0; p < shares.length; p++) {
      shares[p] = any.budgets.get(p).flagged(0, weights);
    }
    return shares;
  }

  private Horizon horizon(int days) {
    int scorers = DiskEvaluation.SCORERS.size();
    double[] once = Bootstrap.once(histories.drives().size());
    double[][] values = new double[scorers][];
    double[][][] replicates = new double[recipe.replicates()][scorers][];
    double[][] shares = new double[recipe.replicates()][];
    double[] share = {};
    int failing = 0;
    for (int s = 0; s < scorers; s++) {
      // One scorer after the other: what is sorted for one is not small.
      Ranked ranked = new Ranked(s, days);
      if (s == DiskEvaluation.ANY) {
        share = anyShares(ranked, once);
        for (int r = 0; r < shares.length; r++) {
          shares[r] = anyShares(ranked, replicate(r));
        }
        for (BudgetRanking budget : ranked.budgets) {
          failing += budget.failingDrives();
        }
      }
      values[s] = ranked.figures(once, share);
      values[s][PRECISION] = ranked.precision(once);
      for (int r = 0; r < shares.length; r++) {
        replicates[r][s] = ranked.figures(replicate(r), shares[r]);
      }
    }
    Map<String, Scores> figures = new LinkedHashMap<>();
    Map<String, Scores> differences = new LinkedHashMap<>();
    int ensemble = DiskEvaluation.ENSEMBLE;
    for (int s = 0; s < scorers; s++) {
      int scorer = s;
      figures.put(
          DiskEvaluation.SCORERS.get(s),
          scores(i -> values[scorer][i], (r, i) -> replicates[r][scorer][i]));
      if (s != ensemble) {
        differences.put(
            DiskEvaluation.SCORERS.get(s),
            scores(
                i -> values[ensemble][i] - values[scorer][i],
                (r, i) -> replicates[r][ensemble][i] - replicates[r][scorer][i]));
      }
    }
    long labelled = 0;
    long positive = 0;
    for (ScoredPeriod period : periods) {
      for (int d = 0; d < period.drives(); d++) {
        for (int i = period.from(d); i < period.to(d); i++) {
          DriveHistory.Label label = period.drive(d).label(period.day(i), days);
          labelled += label == DriveHistory.Label.UNKNOWN ? 0 : 1;
          positive += label == DriveHistory.Label.FAILS ? 1 : 0;
        }
      }
    }
    return new Horizon(failing, (double) positive / labelled, figures, differences);
  }

  private interface Figure {
    double at(int place);
  }

  private interface Replicate {
    double at(int replicate, int place);
  }

  private Scores scores(Figure value, Replicate replicate) {
    Interval[] all = new Interval[FIGURES];
    for (int i = 0; i < FIGURES; i++) {
      if (i == PRECISION) {
        all[i] = new Interval(value.at(i), Double.NaN, Double.NaN);
        continue;
      }
      double[] drawn = new double[recipe.replicates()];
      for (int r = 0; r < drawn.length; r++) {
        drawn[r] = replicate.at(r, i);
      }
      all[i] = Bootstrap.interval(value.at(i), drawn);
    }
    return new Scores(
        all[AUC],
        all[AUPRC],
        all[WEEK_PER_MILLE],
        all[WEEK_PERCENT],
        all[DAY_PERCENT],
        all[AS_ANY],
        all[PRECISION]);
  }

  private double[] replicate(int replicate) {
    return Bootstrap.weights(recipe.training().seed(), replicate, histories.drives().size());
  }

  // ---- calibration
  // ----------------------------------------------------------------------------------------------------------

  private static double probability(double logOdds) {
    return 1 / (1 + Math.exp(-logOdds));
  }

  private List<Tenth> tenths(int scorer) {
    int n = 0;
    for (ScoredPeriod period : periods) {
      n += period.days();
    }
    float[] sorted = new float[n];
    int at = 0;
    for (ScoredPeriod period : periods) {
      for (int i = 0; i < period.days(); i++) {
        sorted[at++] = period.score(scorer, i);
      }
    }
    Arrays.sort(sorted);
    float[] edges = new float[TENTHS - 1];
    for (int k = 0; k < edges.length; k++) {
      edges[k] = sorted[(int) ((long) n * (k + 1) / TENTHS)];
    }
    int drives = histories.drives().size();
    double[][] expected = new double[TENTHS][drives];
    double[][] observed = new double[TENTHS][drives];
    long[] days = new long[TENTHS];
    for (ScoredPeriod period : periods) {
      for (int d = 0; d < period.drives(); d++) {
        for (int i = period.from(d); i < period.to(d); i++) {
          float logOdds = period.score(scorer, i);
          int tenth = 0;
          while (tenth < edges.length && logOdds >= edges[tenth]) {
            tenth++;
          }
          days[tenth]++;
          expected[tenth][period.id(d)] += probability(logOdds);
          observed[tenth][period.id(d)] +=
              period.drive(d).label(period.day(i), horizonDays) == DriveHistory.Label.FAILS ? 1 : 0;
        }
      }
    }
    List<Tenth> tenths = new ArrayList<>();
    for (int k = 0; k < TENTHS; k++) {
      double sum = Arrays.stream(expected[k]).sum();
      double came = Arrays.stream(observed[k]).sum();
      double[] drawn = new double[recipe.replicates()];
      for (int r = 0; r < drawn.length; r++) {
        double[] weights = replicate(r);
        double e = 0;
        double o = 0;
        for (int d = 0; d < drives; d++) {
          e += weights[d] * expected[k][d];
          o += weights[d] * observed[k][d];
        }
        drawn[r] = o / e;
      }
      tenths.add(
          new Tenth(
              sum / Math.max(1, days[k]),
              came / Math.max(1, days[k]),
              Bootstrap.interval(came / sum, drawn),
              (int) Arrays.stream(observed[k]).filter(o -> o > 0).count()));
    }
    return tenths;
  }

  // ---- thresholds over time
  // -------------------------------------------------------------------------------------------------

  private List<Threshold> thresholds() {
    double[] once = Bootstrap.once(histories.drives().size());
    List<Threshold> thresholds = new ArrayList<>();
    for (double budget : new double[] {PER_MILLE, PERCENT}) {
      for (int s = DiskEvaluation.GRADED; s < DiskEvaluation.SCORERS.size(); s++) {
        List<Double> ratios = new ArrayList<>();
        for (ScoredPeriod period : periods) {
          int middle = (period.firstDay() + period.lastDay()) / 2;
          // Earlier months as they were known a horizon before the later ones begin would be
          // shorter; healthy weeks are known a horizon late, flags at once.
          BudgetRanking earlier =
              new BudgetRanking(part(period, period.firstDay(), middle, s), 0, horizonDays);
          BudgetRanking later =
              new BudgetRanking(part(period, middle + 1, period.lastDay(), s), 0, horizonDays);
          ratios.add(later.flagged(earlier.threshold(budget, once), once) / budget);
        }
        thresholds.add(new Threshold(DiskEvaluation.SCORERS.get(s), budget, ratios));
      }
      List<Double> moved = new ArrayList<>();
      for (ScoredPeriod period : periods) {
        moved.add(movedWeekly(period, budget));
      }
      thresholds.add(new Threshold(DiskEvaluation.MOVED, budget, moved));
    }
    return thresholds;
  }

  /**
   * What is flagged of a budget in the same later months by a threshold that is set anew each week,
   * from the highest probabilities of all drives in the two weeks before; no label is needed.
   */
  private double movedWeekly(ScoredPeriod period, double budget) {
    int weeks = (period.lastDay() - period.firstDay() + 1) / 7;
    List<List<Double>> all = new ArrayList<>();
    List<List<Double>> healthy = new ArrayList<>();
    for (int week = 0; week < weeks; week++) {
      all.add(new ArrayList<>());
      healthy.add(new ArrayList<>());
    }
    double[] highest = new double[weeks];
    double[] highestHealthy = new double[weeks];
    for (int d = 0; d < period.drives(); d++) {
      Arrays.fill(highest, -1);
      Arrays.fill(highestHealthy, -1);
      for (int i = period.from(d); i < period.to(d); i++) {
        int week = (period.day(i) - period.firstDay()) / 7;
        if (week >= weeks) {
          continue;
        }
        double p = 1 / (1 + Math.exp(-period.score(DiskEvaluation.ENSEMBLE, i)));
        highest[week] = Math.max(highest[week], p);
        if (period.drive(d).label(period.day(i), horizonDays) == DriveHistory.Label.SURVIVES) {
          highestHealthy[week] = Math.max(highestHealthy[week], p);
        }
      }
      for (int week = 0; week < weeks; week++) {
        if (highest[week] >= 0) {
          all.get(week).add(highest[week]);
        }
        if (highestHealthy[week] >= 0) {
          healthy.get(week).add(highestHealthy[week]);
        }
      }
    }
    long flagged = 0;
    long counted = 0;
    for (int week = Math.max(2, weeks / 2); week < weeks; week++) {
      double threshold =
          AlarmBudget.threshold(
              Stream.concat(all.get(week - 2).stream(), all.get(week - 1).stream())
                  .mapToDouble(Double::doubleValue)
                  .toArray(),
              budget);
      flagged += healthy.get(week).stream().filter(p -> p > threshold).count();
      counted += healthy.get(week).size();
    }
    return flagged / (budget * Math.max(1, counted));
  }

  private static ScoredPeriod part(ScoredPeriod period, int from, int to, int scorer) {
    ScoredPeriod part = new ScoredPeriod(from, to, 1);
    float[] row = new float[1];
    for (int d = 0; d < period.drives(); d++) {
      boolean begun = false;
      for (int i = period.from(d); i < period.to(d); i++) {
        int day = period.day(i);
        if (day >= from && day <= to) {
          if (!begun) {
            part.begin(period.drive(d), period.id(d));
            begun = true;
          }
          row[0] = period.score(scorer, i);
          part.add(day, row);
        }
      }
    }
    return part;
  }

  // ---- lead times, groups
  // ---------------------------------------------------------------------------------------------------

  private float[] percentThresholds() {
    double[] once = Bootstrap.once(histories.drives().size());
    float[] thresholds = new float[periods.size()];
    for (int p = 0; p < thresholds.length; p++) {
      thresholds[p] =
          new BudgetRanking(periods.get(p), DiskEvaluation.ENSEMBLE, horizonDays)
              .threshold(PERCENT, once);
    }
    return thresholds;
  }

  private LeadTimes leadTimes() {
    float[] thresholds = percentThresholds();
    List<Double> days = new ArrayList<>();
    int[] byDays = new int[LEAD_EDGES.length];
    for (int p = 0; p < periods.size(); p++) {
      ScoredPeriod period = periods.get(p);
      for (int d = 0; d < period.drives(); d++) {
        if (!period.counts(d, LEAD_DAYS)) {
          continue;
        }
        int failureDay = period.drive(d).failureDay();
        for (int i = period.from(d); i < period.to(d); i++) {
          int ahead = failureDay - period.day(i);
          if (ahead <= LEAD_DAYS && period.score(DiskEvaluation.ENSEMBLE, i) > thresholds[p]) {
            days.add((double) ahead);
            int edge = 0;
            while (ahead > LEAD_EDGES[edge]) {
              edge++;
            }
            byDays[edge]++;
            break;
          }
        }
      }
    }
    double[] sorted = days.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    List<Double> quartiles = new ArrayList<>();
    for (double share : new double[] {0.25, 0.5, 0.75}) {
      quartiles.add(sorted.length == 0 ? Double.NaN : Bootstrap.quantile(sorted, share));
    }
    return new LeadTimes(days.size(), quartiles, Arrays.stream(byDays).boxed().toList());
  }

  private List<Group> groups(boolean byYear) {
    float[] thresholds = percentThresholds();
    final class Sum {
      int drives;
      int failing;
      int found;
      long weeks;
      long flagged;
      double expected;
      long observed;
    }
    Map<String, Sum> groups = new TreeMap<>();
    for (int p = 0; p < periods.size(); p++) {
      ScoredPeriod period = periods.get(p);
      for (int d = 0; d < period.drives(); d++) {
        DriveHistory drive = period.drive(d);
        String name =
            byYear
                ? Integer.toString(origins.get(p).firstDay().getYear())
                : drive.model() == null ? "unknown" : drive.model();
        Sum sum = groups.computeIfAbsent(name, key -> new Sum());
        sum.drives++;
        boolean counts = period.counts(d, horizonDays);
        boolean found = false;
        int week = -1;
        boolean weekFlagged = false;
        for (int i = period.from(d); i < period.to(d); i++) {
          int day = period.day(i);
          float score = period.score(DiskEvaluation.ENSEMBLE, i);
          boolean alarm = score > thresholds[p];
          sum.expected += probability(score);
          if (drive.label(day, horizonDays) == DriveHistory.Label.FAILS) {
            sum.observed++;
            found |= alarm;
            continue;
          }
          int now = (day - period.firstDay()) / 7;
          if (now != week) {
            sum.weeks++;
            week = now;
            weekFlagged = false;
          }
          if (alarm && !weekFlagged) {
            sum.flagged++;
            weekFlagged = true;
          }
        }
        sum.failing += counts ? 1 : 0;
        sum.found += counts && found ? 1 : 0;
      }
    }
    List<Group> found = new ArrayList<>();
    groups.forEach(
        (name, sum) -> {
          if (byYear || sum.failing >= LEAST_FAILING) {
            found.add(
                new Group(
                    name,
                    sum.drives,
                    sum.failing,
                    (double) sum.found / sum.failing,
                    (double) sum.flagged / Math.max(1, sum.weeks),
                    sum.observed / sum.expected));
          }
        });
    if (!byYear) {
      found.sort(Comparator.comparingInt(Group::failingDrives).reversed());
    }
    return found;
  }

  private List<Share> importance() {
    double[] mean = new double[FeatureExtractor.INPUTS];
    for (double[] one : importances) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += one[i] / importances.size();
      }
    }
    return IntStream.range(0, mean.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -mean[i]))
        .map(i -> new Share(FeatureExtractor.NAMES.get(i), mean[i]))
        .toList();
  }
}
