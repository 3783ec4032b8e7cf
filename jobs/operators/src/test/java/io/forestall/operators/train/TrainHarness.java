package io.forestall.operators.train;

import io.forestall.operators.ModelInput;
import io.forestall.operators.types.AvroType;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTrial;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailbox;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;

/** The trainer in Flink's harness, on RocksDB, with its mailbox. */
final class TrainHarness extends AbstractStreamOperatorTestHarness<ModelTrial> {

  private static final int MAX_PARALLELISM = 720;

  TrainHarness(TrainSettings settings, TrainerFactory trainers, @Nullable OperatorSubtaskState from)
      throws Exception {
    this(settings, new ShippedModel("disk-lstm", 1, new byte[] {1, 2, 3}), trainers, from);
  }

  TrainHarness(
      TrainSettings settings,
      ShippedModel shipped,
      TrainerFactory trainers,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    super(new TrainOperator.Factory(settings, shipped, trainers), MAX_PARALLELISM, 1, 0);
    KeySelector<Object, String> key = input -> HandOver.MODE;
    config.setStatePartitioner(0, key);
    config.setStatePartitioner(1, key);
    config.setStateKeySerializer(
        Types.STRING.createSerializer(executionConfig.getSerializerConfig()));
    config.serializeAllConfigs();
    setStateBackend(new EmbeddedRocksDBStateBackend());
    setup(AvroType.info(ModelTrial.class).createSerializer(executionConfig.getSerializerConfig()));
    if (from != null) {
      initializeState(from);
    }
    open();
  }

  static TrainSettings settings(Map<String, String> more) {
    Map<String, String> all =
        new java.util.HashMap<>(
            Map.of(
                "forestall.train.model-update-interval", "10 d",
                "forestall.train.test-period", "60 d",
                "forestall.train.held-out-share", "0.5",
                "forestall.train.least-failures", "3",
                "forestall.train.warm-up", "20 d",
                "forestall.train.bootstrap-rounds", "50"));
    all.putAll(more);
    return TrainSettings.from(Configuration.fromMap(all));
  }

  private TrainOperator trainer() {
    return (TrainOperator) operator;
  }

  void send(List<HandOver> handOvers) throws Exception {
    for (HandOver each : handOvers) {
      StreamRecord<HandOver> record = new StreamRecord<>(each);
      trainer().setKeyContextElement1(record);
      trainer().processElement1(record);
    }
  }

  void model(ModelInput input) throws Exception {
    StreamRecord<ModelInput> record = new StreamRecord<>(input);
    trainer().setKeyContextElement2(record);
    trainer().processElement2(record);
  }

  void watermark(long millis) throws Exception {
    trainer().processWatermark2(new Watermark(millis));
    trainer().processWatermark1(new Watermark(millis));
  }

  /** Ends the operator as a task does that is cancelled: without waiting for anything. */
  void cancel() throws Exception {
    trainer().close();
  }

  /** Serves the mailbox until something holds. */
  void serveUntil(BooleanSupplier holds) throws Exception {
    while (!holds.getAsBoolean()) {
      mockTask.getMailboxExecutorFactory().createExecutor(TaskMailbox.MIN_PRIORITY).yield();
    }
  }

  List<ModelTrial> trials() {
    return extractOutputValues();
  }

  List<ModelRecord> models() {
    List<ModelRecord> models = new ArrayList<>();
    var records = getSideOutput(TrainTags.MODELS);
    if (records != null) {
      records.forEach(record -> models.add(record.getValue()));
    }
    return models;
  }
}
