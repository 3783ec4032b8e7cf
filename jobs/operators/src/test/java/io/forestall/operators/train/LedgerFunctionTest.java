package io.forestall.operators.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.ModelInput;
import io.forestall.operators.TestingModels;
import io.forestall.operators.types.AvroType;
import io.forestall.risk.ModelFile;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTally;
import io.forestall.wire.AvroCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.co.CoProcessOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.TwoInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedgerFunctionTest {
  private static final long DAY_MILLIS = 86_400_000L;
  private static final long MONTH_MILLIS = 30 * DAY_MILLIS;
  private static final ModelFile MODEL = TestingModels.file("disk-lstm", 1);
  private static final ShippedModel SHIPPED = new ShippedModel("disk-lstm", 1, MODEL.toBytes());

  private TwoInputStreamOperatorTestHarness<TrainInput, ModelInput, ModelTally> job;
  private int disks;

  @BeforeEach
  void open() throws Exception {
    open(null);
  }

  private void open(@Nullable OperatorSubtaskState from) throws Exception {
    job =
        new TwoInputStreamOperatorTestHarness<>(
            new CoProcessOperator<>(new LedgerFunction(SHIPPED)), 1, 1, 0);
    job.setup(
        AvroType.info(ModelTally.class)
            .createSerializer(job.getExecutionConfig().getSerializerConfig()));
    if (from != null) {
      job.initializeState(from);
    }
    job.open();
  }

  @AfterEach
  void close() throws Exception {
    job.close();
  }

  private void restart() throws Exception {
    OperatorSubtaskState snapshot = job.snapshot(1, 1);
    job.close();
    open(snapshot);
  }

  private void send(TrainInput input) throws Exception {
    job.processElement1(new StreamRecord<>(input));
  }

  private void model(ModelRecord record) throws Exception {
    job.processElement2(
        new StreamRecord<>(
            new ModelInput(
                TrialRecords.key(record), AvroCodec.of(ModelRecord.class).encode(record), 0, 0)));
  }

  private void watermark(long millis) throws Exception {
    job.processWatermark1(new Watermark(millis));
    job.processWatermark2(new Watermark(millis));
  }

  /** Alarms of one in five; so many come true. */
  private void alarms(int version, int count, int cameTrue) throws Exception {
    for (int i = 0; i < count; i++) {
      String disk = "D" + disks++;
      send(
          TrainInput.alarm(disk, 0, new TrainInput.Alarm("disk-lstm", version, 0.2, MONTH_MILLIS)));
      if (i < cameTrue) {
        send(TrainInput.failed(disk, DAY_MILLIS));
      }
    }
  }

  private List<ModelRecord> said() {
    List<ModelRecord> models = new ArrayList<>();
    var records = job.getSideOutput(TrainTags.MODELS);
    if (records != null) {
      records.forEach(record -> models.add(record.getValue()));
    }
    return models;
  }

  private static ModelRecord published(int version) {
    return ModelRecord.newBuilder()
        .setId("disk-lstm")
        .setVersion(version)
        .setMode(FailureMode.DISK)
        .setPublishedMillis(version)
        .setEffectiveFromMillis(version)
        .setRollbackUntilMillis(9)
        .setFormat(MODEL.format())
        .setWeights(ByteBuffer.wrap(MODEL.withVersion(version).toBytes()))
        .setCard("")
        .build();
  }

  @Test
  void alarmsAreJudgedOnceTheirHorizonAndTheGraceHavePassed() throws Exception {
    alarms(1, 10, 2);
    assertThat(job.extractOutputValues()).hasSize(2);
    watermark(MONTH_MILLIS + 3 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(job.extractOutputValues()).as("a failure may still be told").hasSize(2);
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    ModelTally tally = job.extractOutputValues().get(2);
    assertThat(tally.getJudged()).isBetween(9.5, 10.0);
    assertThat(tally.getCameTrue()).isBetween(1.8, 2.0);
    assertThat(tally.getPromised()).isBetween(0.1999, 0.2001);
    assertThat(tally.getDemoted()).isFalse();
    assertThat(tally.getTimeMillis()).isEqualTo(MONTH_MILLIS + 4 * DAY_MILLIS);
    assertThat(tally.getText()).contains("promised 20.0 %");
    assertThat(said()).isEmpty();
  }

  @Test
  void oneThatLeftAfterAnAlarmProvesNothing() throws Exception {
    alarms(1, 1, 0);
    send(TrainInput.left("D0"));
    watermark(MONTH_MILLIS + 9 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(job.extractOutputValues()).isEmpty();
  }

  /** The one that ships has no record; what is thought of it is said with one. */
  @Test
  void whatIsOftenWrongIsDemotedOnceAndTrustedAgainWhenItKeepsItsWord() throws Exception {
    alarms(1, 200, 1);
    restart();
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).hasSize(1);
    ModelRecord demoted = said().get(0);
    assertThat(demoted.getDemoted())
        .startsWith("often wrong: of about")
        .contains("promised 20.0 %");
    assertThat(demoted.getAuthor()).isEqualTo("forestall-train");
    assertThat(demoted.getWeights()).isEqualTo(ByteBuffer.wrap(MODEL.toBytes()));
    assertThat(demoted.getEffectiveFromMillis()).isEqualTo(Long.MIN_VALUE);

    restart();
    alarms(1, 400, 200);
    List<ModelRecord> said = said();
    assertThat(said).hasSize(1);
    assertThat(said.get(0).getDemoted()).isEmpty();
    assertThat(said.get(0).getReason()).startsWith("it keeps its word: ");
  }

  /** A champion that was demoted is moved: the copy says so too until it has shown itself. */
  @Test
  void aCopyThatWasBornDemotedIsTrustedOnceItKeepsItsWord() throws Exception {
    model(
        ModelRecord.newBuilder(published(5))
            .setDemoted("often wrong: as version 4")
            .setAuthor("forestall-train")
            .build());
    alarms(5, 20, 4);
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).as("twenty alarms tell nothing yet").isEmpty();
    alarms(5, 40, 40);
    assertThat(said()).hasSize(1);
    assertThat(said().get(0).getDemoted()).isEmpty();
  }

  @Test
  void whatAnOperatorSaidHolds() throws Exception {
    ModelRecord byHand =
        ModelRecord.newBuilder(published(2)).setDemoted("by hand").setAuthor("ops").build();
    model(byHand);
    alarms(2, 200, 1);
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).as("it is demoted already").isEmpty();
    alarms(2, 400, 200);
    assertThat(said()).as("who demoted it may trust it again").isEmpty();

    model(published(3));
    alarms(3, 200, 1);
    watermark(2 * MONTH_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).hasSize(1);
    model(published(3));
    alarms(3, 5, 0);
    watermark(3 * MONTH_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).as("restored by hand, and not contradicted").hasSize(1);
  }

  /** Accepted ones that nobody promotes pile up; who scores can be demoted all the same. */
  @Test
  void theChampionIsNotForgottenForNewerOnesThatOnlyAdvise() throws Exception {
    model(published(2));
    for (int version = 3; version < 40; version++) {
      model(
          ModelRecord.newBuilder(published(version))
              .setEffectiveFromMillis(Long.MAX_VALUE)
              .build());
    }
    restart();
    alarms(2, 200, 1);
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).extracting(ModelRecord::getVersion).containsExactly(2);
  }

  @Test
  void modelsThatNobodyKnowsAreOnlyTold() throws Exception {
    alarms(77, 200, 1);
    job.processElement2(
        new StreamRecord<>(new ModelInput("disk/disk-lstm/77", new byte[] {1}, 0, 0)));
    watermark(MONTH_MILLIS + 4 * DAY_MILLIS);
    send(TrainInput.nothing());
    assertThat(said()).isEmpty();
    List<ModelTally> told = job.extractOutputValues();
    assertThat(told.get(told.size() - 1).getDemoted()).isTrue();
  }
}
