package io.forestall.operators.train;

import io.forestall.risk.StoredModel;
import io.forestall.risk.learn.ModelContest;
import io.forestall.risk.learn.Trainer;
import io.forestall.risk.learn.TrialPlan;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.TrialFigures;
import io.forestall.schemas.TrialReason;
import io.forestall.schemas.TrialVerdict;
import io.forestall.wire.Keys;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Trials and models as records of the contract. Stateless. */
final class TrialRecords {

  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);
  private static final FailureMode MODE = FailureMode.DISK;

  /** Who publishes, as a model's record says it. */
  static final String AUTHOR = "forestall-train";

  private TrialRecords() {}

  /** Key of a model's record: mode/id/version. */
  static String key(ModelRecord record) {
    return Keys.model(record.getMode(), record.getId(), record.getVersion());
  }

  /**
   * A trial that has not ended.
   *
   * @param trialMillis its event time
   * @param champion the champion, null when the count of error counters stands in for one
   */
  static ModelTrial begun(
      TrialPlan plan,
      TrainSettings settings,
      long trialMillis,
      @Nullable Champion champion,
      Map<String, Double> drift,
      long seed) {
    ModelTrial trial = new ModelTrial();
    trial.setId(MODE.name().toLowerCase(Locale.ROOT) + "/" + Instant.ofEpochMilli(trialMillis));
    trial.setMode(MODE);
    trial.setTimeMillis(trialMillis);
    trial.setVerdict(TrialVerdict.UNKNOWN);
    trial.setReasons(List.of());
    trial.setText("");
    trial.setChampionId(champion == null ? null : champion.id());
    trial.setChampionVersion(champion == null ? null : champion.version());
    trial.setHorizonMillis(settings.horizonDays() * DAY_MILLIS);
    trial.setTrainingDisks(plan.training().size());
    trial.setTrainingFailures(plan.trainingFailures());
    trial.setHeldOutDisks(plan.heldOut().size());
    trial.setHeldOutFailures(plan.heldOutFailures());
    trial.setMaskedFailures(plan.masked());
    trial.setTestFailures(0);
    trial.setHealthyWeeks(0);
    trial.setTestDays(0);
    trial.setBudget(settings.budget());
    trial.setDrift(drift);
    trial.setSeed(seed);
    trial.setTrainingMillis(0);
    return trial;
  }

  /** Whom a challenger meets. */
  record Champion(String key, String id, int version) {}

  /** The trial, refused before anything was trained. */
  static ModelTrial refused(ModelTrial trial, TrialPlan.Refusal refusal, String text) {
    return end(
        trial,
        TrialVerdict.REFUSED,
        List.of(TrialReason.valueOf(refusal.name())),
        "Nothing was trained: " + text + ". The champion stays.");
  }

  /** The trial, ended without a verdict on a challenger. */
  static ModelTrial ended(ModelTrial trial, TrialVerdict verdict, TrialReason reason, String text) {
    return end(trial, verdict, List.of(reason), text + " The champion stays.");
  }

  private static ModelTrial end(
      ModelTrial trial, TrialVerdict verdict, List<TrialReason> reasons, String text) {
    trial.setVerdict(verdict);
    trial.setReasons(reasons);
    trial.setText(text);
    return trial;
  }

  /** Notes who was trained and judged on what. */
  static void judged(
      ModelTrial trial,
      TrialPlan plan,
      Trainer.Trained trained,
      ModelContest.Verdict verdict,
      long trainingMillis) {
    trial.setChallengerId(trained.id());
    trial.setChallengerVersion(trained.version());
    trial.setTrainedUntilMillis((plan.trainLastDay() + 1L) * DAY_MILLIS);
    trial.setTestFromMillis(plan.testFirstDay() * DAY_MILLIS);
    trial.setTestUntilMillis((plan.testLastDay() + 1L) * DAY_MILLIS);
    trial.setTestFailures(verdict.failing());
    trial.setHealthyWeeks(verdict.healthyWeeks());
    trial.setTestDays(verdict.days());
    trial.setChallenger(figures(verdict.challenger(), true));
    trial.setChampion(figures(verdict.champion(), trial.getChampionId() != null));
    trial.setDifference(number(verdict.difference()));
    trial.setDifferenceLowest(number(verdict.lowest()));
    trial.setDifferenceHighest(number(verdict.highest()));
    trial.setSureness(verdict.sureness());
    trial.setTrainingMillis(trainingMillis);
    List<TrialReason> reasons = new ArrayList<>();
    verdict.reasons().stream()
        .sorted()
        .forEach(reason -> reasons.add(TrialReason.valueOf(reason.name())));
    end(
        trial,
        verdict.accepted() ? TrialVerdict.ACCEPTED : TrialVerdict.REFUSED,
        reasons,
        sentence(trial, verdict));
  }

  private static String sentence(ModelTrial trial, ModelContest.Verdict verdict) {
    return String.format(
        Locale.ROOT,
        "%s version %d against %s: of %d failing disks it finds %.1f %% and the champion %.1f %%"
            + " when %.1f %% of the healthy disk-weeks may hold an alarm (difference %.1f points,"
            + " %.1f to %.1f in nine of ten draws, better in %.0f %% of them); observed over"
            + " expected %.2f. %s",
        trial.getChallengerId(),
        trial.getChallengerVersion(),
        trial.getChampionId() == null
            ? "the count of error counters above zero"
            : trial.getChampionId() + " version " + trial.getChampionVersion(),
        verdict.failing(),
        100 * verdict.challenger().recall(),
        100 * verdict.champion().recall(),
        100 * trial.getBudget(),
        100 * verdict.difference(),
        100 * verdict.lowest(),
        100 * verdict.highest(),
        100 * verdict.sureness(),
        verdict.challenger().observedOverExpected(),
        verdict.accepted() ? "Taken." : "Refused: the champion stays.");
  }

  private static TrialFigures figures(ModelContest.Figures figures, boolean probabilities) {
    return new TrialFigures(
        number(figures.recall()),
        number(figures.threshold()),
        probabilities ? number(figures.expected()) : null,
        figures.observed(),
        probabilities ? number(figures.observedOverExpected()) : null,
        probabilities ? number(figures.observedOverExpectedSince()) : null);
  }

  private static @Nullable Double number(double value) {
    return Double.isFinite(value) ? value : null;
  }

  /** The record of an accepted challenger. */
  static ModelRecord model(
      ModelTrial trial, Trainer.Trained trained, TrainSettings settings, long effectiveFromMillis) {
    ModelRecord record = record(trial, trained.id(), trained.version(), trained.model());
    record.setReason(
        String.format(
            Locale.ROOT,
            "Trial %s: it finds %.1f %% of %d failing disks, the champion %.1f %%.",
            trial.getId(),
            100 * orZero(trial.getChallenger()),
            trial.getTestFailures(),
            100 * orZero(trial.getChampion())));
    record.setDemoted("");
    times(record, effectiveFromMillis, settings);
    record.setFormat(trained.format());
    record.setCard(card(trial, trained));
    return record;
  }

  /** What every model that this job publishes says of itself. */
  private static ModelRecord record(ModelTrial trial, String id, int version, byte[] model) {
    ModelRecord record = new ModelRecord();
    record.setAuthor(AUTHOR);
    record.setChangedMillis(trial.getTimeMillis());
    record.setPublishedMillis(trial.getTimeMillis());
    record.setId(id);
    record.setVersion(version);
    record.setMode(MODE);
    record.setWeights(ByteBuffer.wrap(model));
    return record;
  }

  private static void times(ModelRecord record, long effectiveFromMillis, TrainSettings settings) {
    record.setEffectiveFromMillis(effectiveFromMillis);
    record.setRollbackUntilMillis(
        effectiveFromMillis == Long.MAX_VALUE
            ? Long.MAX_VALUE
            : effectiveFromMillis + settings.rollbackMillis());
  }

  private static double orZero(@Nullable TrialFigures figures) {
    return figures == null || figures.getRecall() == null ? 0 : figures.getRecall();
  }

  /**
   * The record of a champion whose probabilities are moved, noted in the trial too.
   *
   * @param former the champion
   * @param published its record, null when it is only shipped
   * @param model the moved model's bytes
   * @param nats by how much its log-odds were moved
   */
  static ModelRecord recalibrated(
      ModelTrial trial,
      StoredModel former,
      @Nullable ModelRecord published,
      int version,
      byte[] model,
      double nats,
      long effectiveFromMillis,
      TrainSettings settings) {
    String what =
        String.format(
            Locale.ROOT,
            "Version %d with its probabilities times %.2f: that many failures came for each one"
                + " expected, as the weeks before trial %s tell",
            former.version(),
            Math.exp(nats),
            trial.getId());
    trial.setRecalibrationNats(nats);
    trial.setRecalibratedVersion(version);
    trial.setText(trial.getText() + " " + what + "; published as version " + version + ".");
    ModelRecord record = record(trial, former.id(), version, model);
    record.setReason(what + ".");
    // It is the same model: what was said against it still holds.
    record.setDemoted(published == null ? "" : published.getDemoted());
    times(record, effectiveFromMillis, settings);
    record.setFormat(former.format());
    record.setCard(
        String.format(
            Locale.ROOT,
            "# %s, version %d%n%n%s. Nothing else is changed.%n%n%s",
            former.id(),
            version,
            what,
            published == null ? "Its card is that of the shipped model.\n" : published.getCard()));
    return record;
  }

  private static String card(ModelTrial trial, Trainer.Trained trained) {
    return String.format(
        Locale.ROOT,
        "# %s, version %d%n%n%s%n%nTrained by the train job on what this fleet reported, known on"
            + " %s. Judged on %d disks that never train, on days from %s to %s.%n%n%s%n%nWhat it"
            + " cannot see: failures without a sign in the counters, disk models that the fleet"
            + " did not have then, and anything within a day.%n",
        trained.id(),
        trained.version(),
        trained.card(),
        date(trial.getTimeMillis()),
        trial.getHeldOutDisks(),
        date(trial.getTestFromMillis()),
        date(trial.getTestUntilMillis()),
        trial.getText());
  }

  private static String date(@Nullable Long millis) {
    return millis == null
        ? "an unknown day"
        : LocalDate.ofEpochDay(Math.floorDiv(millis, DAY_MILLIS)).toString();
  }
}
