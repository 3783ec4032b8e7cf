package io.forestall.operators.train;

import static io.forestall.operators.train.TestingFleetLogs.DAY_MILLIS;
import static io.forestall.operators.train.TestingFleetLogs.handOvers;
import static io.forestall.operators.train.TestingFleetLogs.log;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.ModelInput;
import io.forestall.operators.TestingModels;
import io.forestall.operators.train.TestingTrainer.Script;
import io.forestall.risk.StoredModel;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.Trainer;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.TrialReason;
import io.forestall.schemas.TrialVerdict;
import io.forestall.wire.AvroCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TrainOperatorTest {

  /** A multiple of the interval of ten days. */
  private static final int DAY = 16_000;

  private static final TrainSettings SETTINGS = TrainHarness.settings(Map.of());

  @Test
  void aBetterChallengerIsPublishedWithItsTimes() throws Exception {
    Script script = TestingTrainer.script("better");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("better"), null)) {
      job.send(handOvers(100, 60, DAY));
      assertThat(job.trials()).isEmpty();
      job.watermark(DAY * DAY_MILLIS);
      job.serveUntil(() -> !job.trials().isEmpty());

      ModelTrial trial = job.trials().get(0);
      assertThat(trial.getVerdict()).as(trial.getText()).isEqualTo(TrialVerdict.ACCEPTED);
      assertThat(trial.getReasons()).isEmpty();
      assertThat(trial.getId()).startsWith("disk/20");
      assertThat(trial.getChampionId()).isEqualTo("disk-lstm");
      assertThat(trial.getChampionVersion()).isEqualTo(1);
      assertThat(trial.getChallengerVersion()).isEqualTo(2);
      assertThat(trial.getTrainingDisks() + trial.getHeldOutDisks()).isEqualTo(160);
      assertThat(trial.getDrift()).containsEntry("smart_197_raw", 0.0);
      assertThat(trial.getTestUntilMillis()).isEqualTo((DAY - 30) * DAY_MILLIS);
      assertThat(trial.getTrainedUntilMillis()).isEqualTo((DAY - 120) * DAY_MILLIS);
      assertThat(job.models()).hasSize(1);
      ModelRecord model = job.models().get(0);
      assertThat(model.getPublishedMillis()).isEqualTo(DAY * DAY_MILLIS);
      assertThat(model.getEffectiveFromMillis()).isEqualTo((DAY + 20) * DAY_MILLIS);
      assertThat(model.getRollbackUntilMillis()).isEqualTo((DAY + 50) * DAY_MILLIS);
      assertThat(trial.getEffectiveFromMillis()).isEqualTo(model.getEffectiveFromMillis());
      assertThat(model.getCard()).contains("# disk-lstm, version 2").contains("A card.");
      assertThat(script.tasks.get(0).champion()).containsExactly(1, 2, 3);
    }
  }

  @Test
  void whatIsNoBetterIsRefusedAndVersionsGrowNoFurther() throws Exception {
    Script script = TestingTrainer.script("worse");
    script.better = false;
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("worse"), null)) {
      trial(job, DAY);
      ModelTrial trial = job.trials().get(0);
      assertThat(trial.getVerdict()).isEqualTo(TrialVerdict.REFUSED);
      assertThat(trial.getReasons()).contains(TrialReason.NOT_BETTER);
      assertThat(trial.getText()).contains("the champion stays");
      assertThat(job.models()).isEmpty();
    }
  }

  private static void trial(TrainHarness job, int day) throws Exception {
    int before = job.trials().size();
    job.send(handOvers(100, 60, day));
    job.watermark(day * DAY_MILLIS);
    job.serveUntil(() -> job.trials().size() > before);
  }

  @Test
  void theNextOneMeetsTheChampionThatWasPublished() throws Exception {
    Script script = TestingTrainer.script("next");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("next"), null)) {
      trial(job, DAY);
      trial(job, DAY + 10);
      assertThat(job.trials().get(1).getChampionVersion())
          .as("before it comes back from the topic")
          .isEqualTo(2);
      assertThat(job.trials().get(1).getChallengerVersion()).isEqualTo(3);
      assertThat(new String(script.tasks.get(1).champion())).startsWith("model of 2");
      assertThat(script.tasks.get(1).seed()).isNotEqualTo(script.tasks.get(0).seed());
    }
  }

  /** Failures have become fewer than the champion expects: its level is moved, once. */
  @Test
  void aChampionThatExpectsTooMuchIsPublishedAnewAsAVersionOfItsOwn() throws Exception {
    Script script = TestingTrainer.script("level");
    script.both = 0.4;
    StoredModel real = TestingModels.file("disk-lstm", 1);
    ShippedModel shipped = new ShippedModel(real.id(), real.version(), real.toBytes());
    OperatorSubtaskState snapshot;
    try (TrainHarness job = new TrainHarness(SETTINGS, shipped, TestingTrainer.of("level"), null)) {
      trial(job, DAY);
      ModelTrial trial = job.trials().get(0);
      assertThat(trial.getVerdict()).isEqualTo(TrialVerdict.REFUSED);
      double nats = trial.getRecalibrationNats();
      assertThat(nats).isBetween(-2.0, Math.log(1 / 1.2));
      assertThat(trial.getChallengerVersion()).isEqualTo(2);
      assertThat(trial.getRecalibratedVersion())
          .as("the refused challenger's version is not another model's")
          .isEqualTo(3);
      assertThat(job.models()).hasSize(1);
      ModelRecord record = job.models().get(0);
      assertThat(record.getAuthor()).isEqualTo("forestall-train");
      assertThat(record.getReason()).contains("Version 1 with its probabilities times 0.");
      assertThat(record.getEffectiveFromMillis()).isEqualTo((DAY + 20) * DAY_MILLIS);
      StoredModel moved = StoredModel.fromBytes(record.getWeights().array());
      assertThat(moved.version()).isEqualTo(3);
      assertThat(moved.properties()).containsEntry("recalibrated-from", "1");
      assertThat(moved.toBytes())
          .isEqualTo(
              real.shifted(nats).withVersion(3).withProperty("recalibrated-from", "1").toBytes());
      snapshot = job.snapshot(1, 1);
    }
    try (TrainHarness job =
        new TrainHarness(SETTINGS, shipped, TestingTrainer.of("level"), snapshot)) {
      trial(job, DAY + 10);
      ModelTrial trial = job.trials().get(0);
      assertThat(trial.getChampionVersion()).isEqualTo(3);
      assertThat(trial.getChallengerVersion()).isEqualTo(4);
      assertThat(trial.getRecalibratedVersion()).as("it is not champion yet").isNull();
      trial(job, DAY + 20);
      assertThat(job.trials().get(1).getRecalibratedVersion()).isEqualTo(6);
      assertThat(job.models()).hasSize(1);
    }
  }

  @Test
  void aChampionAtItsLevelAndOneOfAdviseAloneAreLeft() throws Exception {
    Script script = TestingTrainer.script("left");
    StoredModel real = TestingModels.file("disk-lstm", 1);
    ShippedModel shipped = new ShippedModel(real.id(), real.version(), real.toBytes());
    script.both = 0.4;
    for (Map<String, String> less :
        List.of(
            Map.of("forestall.train.promote", "false"),
            Map.of("forestall.train.recalibration-bound", "1000"))) {
      TrainSettings settings = TrainHarness.settings(less);
      try (TrainHarness job =
          new TrainHarness(settings, shipped, TestingTrainer.of("left"), null)) {
        trial(job, DAY);
        assertThat(job.trials().get(0).getRecalibrationNats()).isNull();
        assertThat(job.models()).isEmpty();
      }
    }
  }

  @Test
  void whatOthersPublishIsRespected() throws Exception {
    TestingTrainer.script("others");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("others"), null)) {
      job.model(published(41, Long.MAX_VALUE));
      job.model(published(7, 5));
      job.model(new ModelInput("disk/disk-lstm/99", new byte[] {1, 2}, 0, 0));
      trial(job, DAY);
      ModelTrial trial = job.trials().get(0);
      assertThat(trial.getChampionVersion())
          .as("what waits for a promotion is no champion")
          .isEqualTo(7);
      assertThat(trial.getChallengerVersion()).isEqualTo(42);

      job.model(new ModelInput(key(42), null, 0, 0));
      job.model(new ModelInput(key(7), null, 0, 0));
      trial(job, DAY + 10);
      assertThat(job.trials().get(1).getChampionVersion()).as("all retired").isEqualTo(1);
      assertThat(job.trials().get(1).getChallengerVersion())
          .as("a version is never given twice")
          .isEqualTo(43);
    }
  }

  private static String key(int version) {
    return "disk/disk-lstm/" + version;
  }

  private static ModelInput published(int version, long effectiveFromMillis) {
    ModelRecord record = new ModelRecord();
    record.setAuthor("");
    record.setReason("");
    record.setDemoted("");
    record.setId("disk-lstm");
    record.setVersion(version);
    record.setMode(FailureMode.DISK);
    record.setPublishedMillis(1);
    record.setEffectiveFromMillis(effectiveFromMillis);
    record.setRollbackUntilMillis(9);
    record.setFormat("testing-1");
    record.setWeights(ByteBuffer.wrap(new byte[] {(byte) version}));
    record.setCard("");
    return new ModelInput(key(version), AvroCodec.of(ModelRecord.class).encode(record), 0, 0);
  }

  @Test
  void aChampionThatChangesDuringATrainingIsRespected() throws Exception {
    Script script = TestingTrainer.script("changed");
    script.gate = new CountDownLatch(1);
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("changed"), null)) {
      job.send(handOvers(100, 60, DAY));
      job.watermark(DAY * DAY_MILLIS);
      job.model(published(7, 5));
      script.gate.countDown();
      job.serveUntil(() -> !job.trials().isEmpty());
      assertThat(job.trials().get(0).getReasons()).containsExactly(TrialReason.CHAMPION_CHANGED);
      assertThat(job.models()).isEmpty();
    }
  }

  @Test
  void acceptedOnesStayInAdviseWhereNobodyIsPromotedByItself() throws Exception {
    TestingTrainer.script("advise");
    TrainSettings advise = TrainHarness.settings(Map.of("forestall.train.promote", "false"));
    try (TrainHarness job = new TrainHarness(advise, TestingTrainer.of("advise"), null)) {
      trial(job, DAY);
      assertThat(job.models().get(0).getEffectiveFromMillis()).isEqualTo(Long.MAX_VALUE);
      assertThat(job.trials().get(0).getVerdict()).isEqualTo(TrialVerdict.ACCEPTED);
      assertThat(job.trials().get(0).getEffectiveFromMillis()).isNull();
    }
  }

  @Test
  void withoutTheShippedModelACountStandsIn() throws Exception {
    Script script = TestingTrainer.script("count");
    TrainSettings none = TrainHarness.settings(Map.of("forestall.train.shipped-champion", "false"));
    try (TrainHarness job = new TrainHarness(none, TestingTrainer.of("count"), null)) {
      trial(job, DAY);
      assertThat(script.tasks.get(0).champion()).isNull();
      assertThat(job.trials().get(0).getChampionId()).isNull();
      assertThat(job.trials().get(0).getText()).contains("count of error counters");
    }
  }

  /** A record of the shipped model may only say that it is demoted: it has seen the end still. */
  @Test
  void withoutTheShippedModelItsRecordIsNoChampionEither() throws Exception {
    Script script = TestingTrainer.script("aside");
    TrainSettings none = TrainHarness.settings(Map.of("forestall.train.shipped-champion", "false"));
    try (TrainHarness job = new TrainHarness(none, TestingTrainer.of("aside"), null)) {
      job.model(published(1, Long.MIN_VALUE));
      trial(job, DAY);
      assertThat(script.tasks.get(0).champion()).isNull();
      assertThat(job.trials().get(0).getChampionId()).isNull();
    }
  }

  @Test
  void failureOfTrainingIsARecordAndTheNextTrialGoesOn() throws Exception {
    Script script = TestingTrainer.script("failing");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("failing"), null)) {
      script.failure = new OutOfMemoryError("planted");
      trial(job, DAY);
      script.failure = new Trainer.RefusedException("the champion is cut short", true);
      trial(job, DAY + 10);
      script.failure = null;
      trial(job, DAY + 20);
      List<ModelTrial> trials = job.trials();
      assertThat(trials)
          .extracting(ModelTrial::getVerdict)
          .containsExactly(TrialVerdict.FAILED, TrialVerdict.REFUSED, TrialVerdict.ACCEPTED);
      assertThat(trials.get(0).getText()).contains("planted").contains("champion stays");
      assertThat(trials.get(1).getReasons()).containsExactly(TrialReason.BAD_MODEL);
    }
  }

  @Test
  void whatCannotBeTrainedOnIsRefused() throws Exception {
    Script script = TestingTrainer.script("refused");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("refused"), null)) {
      job.send(
          List.of(
              new HandOver(
                  log("A", DAY - 9, DAY - 1, DriveLog.NEVER), DAY * DAY_MILLIS, true, false)));
      job.watermark(DAY * DAY_MILLIS);
      job.send(handOvers(50, 0, DAY + 10));
      job.watermark((DAY + 10) * DAY_MILLIS);
      assertThat(job.trials())
          .extracting(trial -> trial.getReasons().get(0))
          .containsExactly(TrialReason.NO_HISTORY, TrialReason.ONE_CLASS);
      assertThat(script.tasks).isEmpty();
    }
  }

  @Test
  void aPoisonedStreamOfLabelsStopsTrainingOnceAndIsMaskedThen() throws Exception {
    Script script = TestingTrainer.script("poison");
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("poison"), null)) {
      trial(job, DAY);
      int bad = DAY + 5;
      List<HandOver> poisoned = new ArrayList<>();
      for (int i = 0; i < 90; i++) {
        poisoned.add(
            new HandOver(
                log("H" + i, DAY - 300, bad - 1, bad), (DAY + 10) * DAY_MILLIS, false, true));
      }
      job.send(poisoned);
      job.watermark((DAY + 10) * DAY_MILLIS);
      ModelTrial refused = job.trials().get(1);
      assertThat(refused.getVerdict()).isEqualTo(TrialVerdict.REFUSED);
      assertThat(refused.getReasons()).containsExactly(TrialReason.POISONED_LABELS);
      assertThat(refused.getText()).contains("90 failures");
      assertThat(script.tasks).hasSize(1);

      job.send(handOvers(100, 0, DAY + 20));
      job.watermark((DAY + 20) * DAY_MILLIS);
      job.serveUntil(() -> job.trials().size() == 3);
      assertThat(job.trials().get(2).getMaskedFailures()).isEqualTo(90);
      assertThat(script.tasks.get(1).plan().training()).noneMatch(each -> each.failureDay() == bad);
    }
  }

  /** Input goes on, is set aside, and a restore trains on the same histories with the same seed. */
  @Test
  void aSnapshotTakenDuringATrainingTrainsTheSameAgain() throws Exception {
    Script script = TestingTrainer.script("mid");
    script.gate = new CountDownLatch(1);
    OperatorSubtaskState snapshot;
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("mid"), null)) {
      job.send(handOvers(100, 60, DAY));
      job.watermark(DAY * DAY_MILLIS);
      job.send(
          List.of(
              new HandOver(
                  log("LATER", DAY - 300, DAY + 3, DAY + 4),
                  (DAY + 10) * DAY_MILLIS,
                  false,
                  true)));
      snapshot = job.snapshot(1, 1);
      script.gate.countDown();
      job.serveUntil(() -> !job.trials().isEmpty());
      ModelRecord undisturbed = job.models().get(0);

      Script again = TestingTrainer.script("again");
      try (TrainHarness restored =
          new TrainHarness(SETTINGS, TestingTrainer.of("again"), snapshot)) {
        restored.serveUntil(() -> !restored.trials().isEmpty());
        assertThat(restored.models()).containsExactly(undisturbed);
        assertThat(restored.trials().get(0).getText()).isEqualTo(job.trials().get(0).getText());
        Trainer.Task one = script.tasks.get(0);
        Trainer.Task other = again.tasks.get(0);
        assertThat(other.seed()).isEqualTo(one.seed());
        assertThat(other.plan().toString()).isEqualTo(one.plan().toString());
        assertThat(one.plan().toString()).doesNotContain("LATER");

        // What was set aside is taken now, and not lost.
        restored.send(handOvers(100, 0, DAY + 10));
        restored.watermark((DAY + 10) * DAY_MILLIS);
        restored.serveUntil(() -> restored.trials().size() == 2);
        assertThat(again.tasks.get(1).plan().toString()).contains("LATER");
      }
    }
  }

  @Test
  void aSnapshotAfterATrialGoesOnBehindIt() throws Exception {
    Script script = TestingTrainer.script("after");
    OperatorSubtaskState snapshot;
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("after"), null)) {
      trial(job, DAY);
      snapshot = job.snapshot(1, 1);
    }
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("after"), snapshot)) {
      job.watermark(DAY * DAY_MILLIS);
      assertThat(job.trials()).isEmpty();
      job.send(handOvers(100, 0, DAY + 10));
      job.watermark((DAY + 10) * DAY_MILLIS);
      job.serveUntil(() -> !job.trials().isEmpty());
      assertThat(job.trials().get(0).getChampionVersion()).isEqualTo(2);
      assertThat(script.tasks.get(1).plan().training().size())
          .isEqualTo(script.tasks.get(0).plan().training().size());
    }
  }

  @Test
  void aTrialThatIsDueDuringATrainingIsLeftOut() throws Exception {
    Script script = TestingTrainer.script("busy");
    script.gate = new CountDownLatch(1);
    try (TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("busy"), null)) {
      job.send(handOvers(100, 60, DAY));
      job.watermark(DAY * DAY_MILLIS);
      job.send(handOvers(100, 0, DAY + 10));
      job.watermark((DAY + 10) * DAY_MILLIS);
      script.gate.countDown();
      job.serveUntil(() -> !job.trials().isEmpty());
      assertThat(script.tasks).hasSize(1);
      trial(job, DAY + 20);
      assertThat(script.tasks).hasSize(2);
    }
  }

  @Test
  void inAReplayTheWatermarkWaitsForTheTraining() throws Exception {
    TestingTrainer.script("hold");
    TrainSettings hold =
        TrainHarness.settings(Map.of("forestall.train.hold-while-training", "true"));
    try (TrainHarness job = new TrainHarness(hold, TestingTrainer.of("hold"), null)) {
      job.send(handOvers(100, 60, DAY));
      job.watermark(DAY * DAY_MILLIS);
      assertThat(job.trials()).as("it has served its mailbox until then").hasSize(1);
      job.send(handOvers(100, 0, DAY + 10));
      job.watermark((DAY + 10) * DAY_MILLIS);
      assertThat(job.trials()).hasSize(2);
      assertThat(job.trials().get(1).getChampionVersion()).isEqualTo(2);
    }
  }

  /** A task that is cancelled leaves no training behind. */
  @Test
  void cancellingEndsTheTraining() throws Exception {
    Script script = TestingTrainer.script("cancelled");
    script.gate = new CountDownLatch(1);
    TrainHarness job = new TrainHarness(SETTINGS, TestingTrainer.of("cancelled"), null);
    job.send(handOvers(100, 60, DAY));
    job.watermark(DAY * DAY_MILLIS);
    job.cancel();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("forestall-training")) {
        thread.join(30_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }
}
