package io.forestall.dl4j;

import io.forestall.risk.ModelFile;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/**
 * The card that ships beside the weights: what the model is, what it was trained on, how good, what
 * it cannot see.
 */
record ModelCard(
    HistoryReader.Histories histories,
    TrainingRecipe recipe,
    DiskTraining.Periods periods,
    DriveSplit split,
    WindowSampler sampler,
    ModelFile model,
    Evaluation calibration,
    Evaluation overall,
    Evaluation strangers,
    Evaluation fiveOnly,
    List<String> unusedInputs) {

  String markdown() {
    StringBuilder text = new StringBuilder();
    line(text, "# %s, version %d", model.id(), model.version());
    line(text, "");
    line(
        text,
        "Probability that a hard disk fails within %d days after a daily SMART sample. Two LSTM layers (%d and %d units)"
            + " and one logit over the inputs of `FeatureExtractor`, one step a sample; the state lives outside of the"
            + " model. Trained with Deeplearning4j; format `%s`.",
        recipe.horizonDays(),
        recipe.firstHidden(),
        recipe.secondHidden(),
        ModelFile.FORMAT);
    line(text, "");
    line(text, "## Data");
    line(text, "");
    line(
        text,
        "Drive histories %s: %d drives, %s to %s. The shipped weights stand on Backblaze Drive Stats"
            + " (https://www.backblaze.com/cloud-storage/resources/hard-drive-test-data), in the change-log form of the"
            + " R package dynamichazard (a random 60 %% of the drives).",
        histories.form() == HistoryReader.Form.CHANGE_LOG
            ? "from a log of changes, expanded to daily samples"
            : "from daily files",
        histories.drives().size(),
        DiskTraining.date(periods.firstDay()),
        DiskTraining.date(periods.lastDay()));
    line(text, "");
    line(
        text,
        "Credit: Backblaze is the source of the data. Its terms: name Backblaze as the source, you alone answer for how"
            + " you use the data, do not sell the data. Nothing of the data is in this repository.");
    line(text, "");
    line(text, "## Protocol");
    line(text, "");
    line(
        text,
        "- Label of a day: the drive fails on one of the next %d days. Where observation ended before that is known, the"
            + " label is unknown and masked, not taken as survival. The failure day gives no sample.",
        recipe.horizonDays());
    line(
        text,
        "- Nothing later than a sample is in its input. Last day, length of the history, last hours and the manner of the"
            + " end make labels only. Power-on hours of a day are those of the first day and 24 for each day since.");
    line(
        text,
        "- Training: days until %s of %d drives (%d failing by %s, %d surviving, %d of these with an error sign).",
        DiskTraining.date(periods.trainLastDay()),
        sampler.failingDrives() + sampler.survivingDrives(),
        sampler.failingDrives(),
        DiskTraining.date(periods.trainLastDay() + recipe.horizonDays()),
        sampler.survivingDrives(),
        sampler.markedDrives());
    line(
        text,
        "- Each epoch draws windows of up to %d samples, each from a fresh state: %d a failing drive, %d of quiet and %d of"
            + " marked survivors at most, days weighted by how many they stand for. In three windows of ten only SMART 1,"
            + " 5, 9, 194 and 197 are shown, in three more single counters are hidden, and in 15 %% the drive model is"
            + " unknown, so that fleets that report less can be scored.",
        recipe.windowSteps(),
        recipe.failingRepeats(),
        recipe.quietWindows(),
        recipe.markedWindows());
    line(
        text,
        "- A fixed number of epochs (%d), no choice by result. %d drives set aside (a fifth, by a hash of the serial) fit the"
            + " Platt scaling (slope %.3f, offset %.3f) on days until the end of training, at the natural share of"
            + " failures, %.5f of their days.",
        recipe.epochs(),
        split.calibration().size(),
        (double) model.calibrationSlope(),
        (double) model.calibrationIntercept(),
        calibration.baseRate());
    if (periods.byTime()) {
      line(
          text,
          "- Measured on %s to %s, after training and a gap, on all drives and on the drives set aside alone. Histories are"
              + " scored from their first day.",
          DiskTraining.date(periods.testFirstDay()),
          DiskTraining.date(periods.testLastDay()));
    } else {
      line(
          text,
          "- The data spans less than a year, so the measures are of %d further drives set aside, on the same days: they"
              + " say nothing of another period.",
          split.test().size());
    }
    line(text, "");
    line(text, "## Measures");
    line(text, "");
    line(
        text,
        "Recall is the share of failing drives with an alarm on one of the %d days before the failure; x %%/week means that"
            + " x %% of the healthy drive-weeks hold an alarm. A failing drive counts if all those days lie in the period.",
        recipe.horizonDays());
    line(text, "");
    line(
        text,
        "| on | drive-days | failing drives | AUC | AUPRC | base rate | recall at 0.1 %%/week | recall at 1 %%/week | mean"
            + " probability | log loss (base) |");
    line(text, "|---|---|---|---|---|---|---|---|---|---|");
    row(text, periods.byTime() ? "all drives" : "drives set aside", overall);
    if (periods.byTime()) {
      row(text, "drives never trained on", strangers);
      row(text, "first seen 40 days before, SMART 1, 5, 9, 194, 197 only", fiveOnly);
    } else {
      row(text, "SMART 1, 5, 9, 194, 197 only", fiveOnly);
    }
    row(text, "training period, drives set aside (they fit the calibration)", calibration);
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
    line(text, "## What it cannot see");
    line(text, "");
    line(
        text,
        "- Failures without a sign in the counters: in this data about three in ten. A recall far above 70 %% would mean"
            + " that something looked ahead.");
    if (!unusedInputs.isEmpty()) {
      line(
          text,
          "- Inputs that never varied in its data, whose weights are therefore zero: %s.",
          String.join(", ", unusedInputs));
    }
    line(
        text,
        "- Drive models that the data lacks: they count as average, and so do their failure rates. Solid-state drives"
            + " wear in other ways and are out of scope.");
    line(
        text,
        "- The level of another fleet or time: the probability is calibrated to the training period, and where more drives"
            + " fail than then, it is too low (compare mean probability and base rate above). The order of drives"
            + " suffers less than the level.");
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

  private static void row(StringBuilder text, String name, Evaluation evaluation) {
    line(
        text,
        "| %s | %d | %d | %.3f | %.4f | %.5f | %.0f %% | %.0f %% | %.5f | %.5f (%.5f) |",
        name,
        evaluation.driveDays(),
        evaluation.failingDrives(),
        evaluation.auc(),
        evaluation.auprc(),
        evaluation.baseRate(),
        100 * evaluation.recallAtPerMille(),
        100 * evaluation.recallAtPercent(),
        evaluation.meanProbability(),
        evaluation.logLoss(),
        evaluation.baseLogLoss());
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
