package io.forestall.operators;

import io.forestall.risk.ModelFile;
import io.forestall.risk.StoredModel;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.Risk;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.operators.co.CoBroadcastWithKeyedOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.util.OutputTag;
import org.jspecify.annotations.Nullable;

/** One instance of the risk operator, or of the second lane, in Flink's harness. */
final class RiskHarness implements AutoCloseable {

  /** State backends that every behaviour must hold on. */
  enum Backend {
    HEAP,
    ROCKSDB
  }

  static final int MAX_PARALLELISM = 720;

  private final KeyedTwoInputStreamOperatorTestHarness<String, DiskInput, ModelInput, RiskUpdate>
      harness;
  private final String stateName;

  private RiskHarness(
      TwoInputStreamOperator<DiskInput, ModelInput, RiskUpdate> operator,
      String stateName,
      Backend backend,
      int parallelism,
      int subtask)
      throws Exception {
    this.stateName = stateName;
    harness =
        new KeyedTwoInputStreamOperatorTestHarness<>(
            operator,
            DiskInput::disk,
            null,
            BasicTypeInfo.STRING_TYPE_INFO,
            MAX_PARALLELISM,
            parallelism,
            subtask);
    harness.setStateBackend(
        backend == Backend.HEAP ? new HashMapStateBackend() : new EmbeddedRocksDBStateBackend());
    harness.getExecutionConfig().enableObjectReuse();
    harness.setup(
        RiskUpdate.type().createSerializer(harness.getExecutionConfig().getSerializerConfig()));
  }

  static RiskHarness risk(SenseSettings settings, ModelFile shipped, Backend backend)
      throws Exception {
    RiskHarness made = riskNotOpened(settings, shipped, backend, 1, 0);
    made.harness.open();
    return made;
  }

  static RiskHarness risk(
      SenseSettings settings, ModelFile shipped, Backend backend, OperatorSubtaskState from)
      throws Exception {
    RiskHarness made = riskNotOpened(settings, shipped, backend, 1, 0);
    made.harness.initializeState(from);
    made.harness.open();
    return made;
  }

  /** One of several instances that share the state of one. */
  static RiskHarness risk(
      SenseSettings settings,
      ModelFile shipped,
      Backend backend,
      OperatorSubtaskState from,
      int parallelism,
      int subtask)
      throws Exception {
    RiskHarness made = riskNotOpened(settings, shipped, backend, parallelism, subtask);
    made.harness.initializeState(
        KeyedTwoInputStreamOperatorTestHarness.repartitionOperatorState(
            from, MAX_PARALLELISM, 1, parallelism, subtask));
    made.harness.open();
    return made;
  }

  private static RiskHarness riskNotOpened(
      SenseSettings settings, ModelFile shipped, Backend backend, int parallelism, int subtask)
      throws Exception {
    return new RiskHarness(
        new CoBroadcastWithKeyedOperator<>(
            new RiskFunction(settings, shipped.toBytes(), StoredModel::compile),
            List.of(SenseTags.MODELS)),
        RiskFunction.MEMORY,
        backend,
        parallelism,
        subtask);
  }

  static RiskHarness lane(
      SenseSettings settings,
      ModelFile shipped,
      Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    RiskHarness made =
        new RiskHarness(
            new MicroBatchOperator(settings, shipped.toBytes(), StoredModel::compile),
            MicroBatchOperator.MEMORY,
            backend,
            1,
            0);
    if (from != null) {
      made.harness.initializeState(from);
    }
    made.harness.open();
    return made;
  }

  RiskHarness send(DiskInput... inputs) throws Exception {
    for (DiskInput input : inputs) {
      harness.processElement1(new StreamRecord<>(input, input.timeMillis()));
    }
    return this;
  }

  RiskHarness model(ModelInput input) throws Exception {
    harness.processElement2(new StreamRecord<>(input));
    return this;
  }

  /** Event time reaches a time. */
  RiskHarness reach(long millis) throws Exception {
    harness.processBothWatermarks(new Watermark(millis));
    return this;
  }

  /** The wall clock reaches a time. */
  RiskHarness wallClock(long millis) throws Exception {
    harness.setProcessingTime(millis);
    return this;
  }

  RiskHarness endOfInput() throws Exception {
    harness.endInput1();
    harness.endInput2();
    harness.getOperator().finish();
    return this;
  }

  OperatorSubtaskState snapshot(long id) throws Exception {
    harness.prepareSnapshotPreBarrier(id);
    return harness.snapshot(id, id);
  }

  List<RiskUpdate> updates() {
    List<RiskUpdate> all = new ArrayList<>();
    for (Object each : harness.getOutput()) {
      if (each instanceof StreamRecord<?> record) {
        all.add((RiskUpdate) record.getValue());
      }
    }
    return all;
  }

  /** The scores, in the order in which they left. */
  List<Risk> risks() {
    return updates().stream().map(RiskUpdate::risk).filter(Objects::nonNull).toList();
  }

  /** The scores of each disk by its name, each in the order in which they left. */
  static Map<String, List<Risk>> byDisk(List<Risk> risks) {
    Map<String, List<Risk>> byDisk = new TreeMap<>();
    for (Risk risk : risks) {
      byDisk.computeIfAbsent(risk.getEntity().getId(), disk -> new ArrayList<>()).add(risk);
    }
    return byDisk;
  }

  List<DeadLetter> deadLetters() {
    return side(SenseTags.DEAD_LETTERS);
  }

  List<Event> predictedEvents() {
    return side(SenseTags.PREDICTED_EVENTS);
  }

  List<DiskInput> laneInputs() {
    return side(SenseTags.LANE);
  }

  /** What the challenger said, in the order in which it left. */
  List<Risk> advised() {
    return side(SenseTags.ADVISED).stream().map(RiskUpdate::risk).filter(Objects::nonNull).toList();
  }

  /** What the nodes were told of their disks. */
  List<NodeInput> shares() {
    return side(SenseTags.DISK_SHARES);
  }

  private <T> List<T> side(OutputTag<T> tag) {
    ConcurrentLinkedQueue<StreamRecord<T>> queue = harness.getSideOutput(tag);
    return queue == null ? List.of() : queue.stream().map(StreamRecord::getValue).toList();
  }

  int timers() {
    return harness.numEventTimeTimers();
  }

  int wallClockTimers() {
    return harness.getProcessingTimeService().getNumActiveTimers();
  }

  /** Disks that have state, sorted. */
  List<String> disksWithState() {
    return harness
        .getOperator()
        .<String>getKeyedStateBackend()
        .getKeys(stateName, VoidNamespace.INSTANCE)
        .sorted(Comparator.naturalOrder())
        .toList();
  }

  @Override
  public void close() throws Exception {
    harness.close();
  }
}
