package io.forestall.dl4j;

import io.forestall.risk.EnsembleFile;
import io.forestall.risk.FeatureExtractor;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The card that ships beside the weights: what the model is, what it was trained on, how good, what
 * it cannot see.
 */
record ModelCard(
    HistoryReader.Histories histories,
    TrainingRecipe recipe,
    DiskTraining.Periods periods,
    DriveSplit split,
    EnsembleTraining.Fit fit,
    Evaluation overall,
    Evaluation strangers,
    Evaluation fiveOnly,
    List<PeriodFigures> figures) {

  String markdown() {
    EnsembleFile model = fit.model();
    StringBuilder text = new StringBuilder();
    line(text, "# %s, version %d", model.id(), model.version());
    line(text, "");
    line(
        text,
        "Probability that a hard disk fails within %d days after a daily SMART sample. An ensemble:"
            + " two LSTM layers (%d and %d units) that read one sample a step, %d boosted trees,"
            + " detectors of the disk's own course and plain rules, all over the inputs of"
            + " `FeatureExtractor`; how much each is heard was fitted on held-out drives. The LSTM"
            + " was trained with Deeplearning4j, the trees with LightGBM; format `%s`.",
        recipe.horizonDays(),
        recipe.firstHidden(),
        recipe.secondHidden(),
        model.trees().trees().size(),
        EnsembleFile.FORMAT);
    line(text, "");
    line(text, "## Data");
    line(text, "");
    line(
        text,
        "Drive histories %s: %d drives, %s to %s. The shipped weights stand on Backblaze Drive"
            + " Stats (https://www.backblaze.com/cloud-storage/resources/hard-drive-test-data), in"
            + " the change-log form of the R package dynamichazard (a random 60 %% of the drives).",
        histories.form() == HistoryReader.Form.CHANGE_LOG
            ? "from a log of changes, expanded to daily samples"
            : "from daily files",
        histories.drives().size(),
        DiskTraining.date(periods.firstDay()),
        DiskTraining.date(periods.lastDay()));
    line(text, "");
    line(
        text,
        "Credit: Backblaze is the source of the data. Its terms: name Backblaze as the source, you"
            + " alone answer for how you use the data, do not sell the data. Nothing of the data is"
            + " in this repository.");
    line(text, "");
    line(text, "## Protocol");
    line(text, "");
    line(
        text,
        "- Label of a day: the drive fails on one of the next %d days. Where observation ended"
            + " before that is known, the label is unknown and masked, not taken as survival. The"
            + " failure day gives no sample.",
        recipe.horizonDays());
    line(
        text,
        "- Nothing later than a sample is in its input. Last day, length of the history, last hours"
            + " and the manner of the end make labels only. Power-on hours of a day are those of"
            + " the first day and 24 for each day since.");
    line(
        text,
        "- Training: days until %s of %d drives (%d failing by %s).",
        DiskTraining.date(periods.trainLastDay()),
        fit.trainingDrives(),
        fit.failingDrives(),
        DiskTraining.date(periods.trainLastDay() + recipe.horizonDays()));
    line(
        text,
        "- LSTM: each epoch draws windows of up to %d samples, each from a fresh state: %d a"
            + " failing drive, %d of quiet and %d of marked survivors at most, days weighted by how"
            + " many they stand for. In three windows of ten only SMART 1, 5, 9, 194 and 197 are"
            + " shown, in three more single counters are hidden, and in 15 %% the drive model is"
            + " unknown, so that fleets that report less can be scored.",
        recipe.windowSteps(),
        recipe.failingRepeats(),
        recipe.quietWindows(),
        recipe.markedWindows());
    line(
        text,
        "- The epoch with the least loss on drives set aside counts: %d of %d trained, at most %d.",
        fit.sequence().bestEpoch(),
        fit.sequence().losses().size(),
        recipe.epochs());
    line(
        text,
        "- Trees: %d repeats of %d rounds over all days before a failure and about %d other days; a"
            + " fifth of the drives shows only what few fleets report.",
        recipe.trees().repeats(),
        recipe.trees().rounds(),
        recipe.trees().survivingRows());
    line(
        text,
        "- %d drives set aside (a fifth, by a hash of the serial) chose the epoch, the weights of"
            + " the parts (LSTM %.2f, trees %.2f, the rest as nats of their own) and the"
            + " calibration, at the natural share of failures.",
        split.calibration().size(),
        (double) model.weights().sequence(),
        (double) model.weights().trees());
    if (periods.byTime()) {
      line(
          text,
          "- Measured on %s to %s, after training and a gap, on all drives and on the drives set"
              + " aside alone. Histories are scored from their first day.",
          DiskTraining.date(periods.testFirstDay()),
          DiskTraining.date(periods.testLastDay()));
    } else {
      line(
          text,
          "- The data spans less than a year, so the measures are of %d further drives set aside,"
              + " on the same days: they say nothing of another period.",
          split.test().size());
    }
    line(text, "");
    line(text, "## Measures");
    line(text, "");
    line(
        text,
        "Recall is the share of failing drives with an alarm on one of the %d days before the"
            + " failure; x %%/week means that x %% of the healthy drive-weeks hold an alarm. A"
            + " failing drive counts if all those days lie in the period.",
        recipe.horizonDays());
    line(text, "");
    line(
        text,
        "| on | drive-days | failing drives | AUC | AUPRC | base rate | recall at 0.1 %%/week |"
            + " recall at 1 %%/week | mean probability | log loss (base) |");
    line(text, "|---|---|---|---|---|---|---|---|---|---|");
    row(text, periods.byTime() ? "all drives" : "drives set aside", overall, figures.get(0));
    if (periods.byTime()) {
      row(text, "drives never trained on", strangers, figures.get(1));
      row(
          text,
          "first seen 40 days before, SMART 1, 5, 9, 194, 197 only",
          fiveOnly,
          figures.get(2));
    } else {
      row(text, "SMART 1, 5, 9, 194, 197 only", fiveOnly, figures.get(2));
    }
    line(text, "");
    line(
        text,
        "Calibration on %s, predicted against observed:",
        periods.byTime() ? "all drives" : "drives set aside");
    line(text, "");
    line(text, "| predicted between | drive-days | mean predicted | observed |");
    line(text, "|---|---|---|---|");
    for (Evaluation.Bin bin : overall.reliability()) {
      line(
          text,
          "| %s and %s | %d | %.5f | %.5f |",
          number(bin.from()),
          number(bin.to()),
          bin.driveDays(),
          bin.predicted(),
          bin.observed());
    }
    line(text, "");
    line(text, "## What the trees look at");
    line(text, "");
    line(text, "| input | share of the gain |");
    line(text, "|---|---|");
    IntStream.range(0, fit.importance().length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -fit.importance()[i]))
        .limit(10)
        .forEach(
            i ->
                line(
                    text,
                    "| %s | %.0f %% |",
                    FeatureExtractor.NAMES.get(i),
                    100 * fit.importance()[i]));
    line(text, "");
    line(text, "## What it cannot see");
    line(text, "");
    line(
        text,
        "- Failures without a sign in the counters: in this data about three in ten. A recall far"
            + " above 70 %% would mean that something looked ahead.");
    if (!fit.sequence().unusedInputs().isEmpty()) {
      line(
          text,
          "- Inputs that never varied in its data, which therefore say nothing: %s.",
          String.join(", ", fit.sequence().unusedInputs()));
    }
    line(
        text,
        "- Drive models that the data lacks: they count as average, and so do their failure rates."
            + " Solid-state drives wear in other ways and are out of scope.");
    line(
        text,
        "- The level of another fleet or time: the probability is calibrated to the training"
            + " period, and where more drives fail than then, it is too low (compare mean"
            + " probability and base rate above). The order of drives suffers less than the"
            + " level.");
    line(text, "- Anything within a day: one sample a day is what it knows.");
    line(text, "");
    line(text, "## Reproduce");
    line(text, "");
    line(text, "```");
    line(
        text,
        "forestall train --data DIR --output DIR --seed %d --epochs %d",
        recipe.seed(),
        recipe.epochs());
    line(text, "```");
    line(text, "");
    line(
        text,
        "The same data, seed and variant of the native library give the same bytes, with"
            + " OMP_NUM_THREADS=1 as `scripts/forestall` sets it.");
    return text.toString();
  }

  private static void row(
      StringBuilder text, String name, Evaluation evaluation, PeriodFigures figures) {
    line(
        text,
        "| %s | %d | %d | %s | %s | %.5f | %s | %s | %.5f | %.5f (%.5f) |",
        name,
        evaluation.driveDays(),
        evaluation.failingDrives(),
        interval(figures.auc(), 1, 3, ""),
        interval(figures.auprc(), 1, 4, ""),
        evaluation.baseRate(),
        interval(figures.recallPerMilleWeek(), 100, 0, " %"),
        interval(figures.recallPercentWeek(), 100, 0, " %"),
        evaluation.meanProbability(),
        evaluation.logLoss(),
        evaluation.baseLogLoss());
  }

  private static String interval(
      EvaluationReport.Interval interval, double scale, int digits, String unit) {
    String format = "%." + digits + "f";
    String value = String.format(Locale.ROOT, format, scale * interval.value()) + unit;
    return Double.isFinite(interval.low())
        ? String.format(
            Locale.ROOT,
            "%s (" + format + " to " + format + ")",
            value,
            scale * interval.low(),
            scale * interval.high())
        : value;
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
