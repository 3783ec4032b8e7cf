package io.forestall.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.operators.co.CoBroadcastWithKeyedOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.util.OutputTag;
import org.jspecify.annotations.Nullable;

/**
 * One keyed operator in Flink's harness, with or without a broadcast input, on the heap or on
 * RocksDB.
 *
 * @param <K> key
 * @param <I> input
 * @param <B> broadcast input
 * @param <O> output
 */
final class KeyedHarness<K, I, B, O> implements AutoCloseable {

  private static final int MAX_PARALLELISM = 720;

  private final AbstractStreamOperatorTestHarness<O> harness;
  private final @Nullable KeyedOneInputStreamOperatorTestHarness<K, I, O> one;
  private final @Nullable KeyedTwoInputStreamOperatorTestHarness<K, I, B, O> two;
  private int taken;

  private KeyedHarness(
      @Nullable KeyedOneInputStreamOperatorTestHarness<K, I, O> one,
      @Nullable KeyedTwoInputStreamOperatorTestHarness<K, I, B, O> two,
      TypeInformation<O> type,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    this.one = one;
    this.two = two;
    this.harness = one != null ? one : java.util.Objects.requireNonNull(two);
    harness.setStateBackend(
        backend == RiskHarness.Backend.HEAP
            ? new HashMapStateBackend()
            : new EmbeddedRocksDBStateBackend());
    harness.getExecutionConfig().enableObjectReuse();
    harness.setup(type.createSerializer(harness.getExecutionConfig().getSerializerConfig()));
    if (from != null) {
      harness.initializeState(from);
    }
    harness.open();
  }

  static <K, I, O> KeyedHarness<K, I, Void, O> of(
      KeyedProcessFunction<K, I, O> function,
      KeySelector<I, K> key,
      TypeInformation<K> keyType,
      TypeInformation<O> type,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    return new KeyedHarness<>(
        new KeyedOneInputStreamOperatorTestHarness<>(
            new KeyedProcessOperator<>(function), key, keyType, MAX_PARALLELISM, 1, 0),
        null,
        type,
        backend,
        from);
  }

  static <K, I, B, O> KeyedHarness<K, I, B, O> of(
      KeyedBroadcastProcessFunction<K, I, B, O> function,
      List<MapStateDescriptor<?, ?>> broadcast,
      KeySelector<I, K> key,
      TypeInformation<K> keyType,
      TypeInformation<O> type,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    return new KeyedHarness<>(
        null,
        new KeyedTwoInputStreamOperatorTestHarness<>(
            new CoBroadcastWithKeyedOperator<>(function, broadcast),
            key,
            null,
            keyType,
            MAX_PARALLELISM,
            1,
            0),
        type,
        backend,
        from);
  }

  /** An operator of its own with a broadcast input. */
  static <K, I, B, O> KeyedHarness<K, I, B, O> of(
      TwoInputStreamOperator<I, B, O> operator,
      KeySelector<I, K> key,
      TypeInformation<K> keyType,
      TypeInformation<O> type,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    return of(operator, key, keyType, type, backend, from, 1, 0);
  }

  /** One of several instances that share the state of one. */
  static <K, I, B, O> KeyedHarness<K, I, B, O> of(
      TwoInputStreamOperator<I, B, O> operator,
      KeySelector<I, K> key,
      TypeInformation<K> keyType,
      TypeInformation<O> type,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from,
      int parallelism,
      int subtask)
      throws Exception {
    return new KeyedHarness<>(
        null,
        new KeyedTwoInputStreamOperatorTestHarness<>(
            operator, key, null, keyType, MAX_PARALLELISM, parallelism, subtask),
        type,
        backend,
        from == null || parallelism == 1
            ? from
            : AbstractStreamOperatorTestHarness.repartitionOperatorState(
                from, MAX_PARALLELISM, 1, parallelism, subtask));
  }

  @SafeVarargs
  final KeyedHarness<K, I, B, O> send(I... inputs) throws Exception {
    for (I input : inputs) {
      if (one != null) {
        one.processElement(new StreamRecord<>(input));
      } else if (two != null) {
        two.processElement1(new StreamRecord<>(input));
      }
    }
    return this;
  }

  KeyedHarness<K, I, B, O> broadcast(B input) throws Exception {
    if (two != null) {
      two.processElement2(new StreamRecord<>(input));
    }
    return this;
  }

  /** Event time reaches a time. */
  KeyedHarness<K, I, B, O> reach(long millis) throws Exception {
    if (one != null) {
      one.processWatermark(new Watermark(millis));
    } else if (two != null) {
      two.processBothWatermarks(new Watermark(millis));
    }
    return this;
  }

  /** The wall clock reaches a time. */
  KeyedHarness<K, I, B, O> wallClock(long millis) throws Exception {
    harness.setProcessingTime(millis);
    return this;
  }

  /** Timers by the wall clock that are set. */
  int wallClockTimers() {
    return one != null
        ? one.numProcessingTimeTimers()
        : java.util.Objects.requireNonNull(two).numProcessingTimeTimers();
  }

  OperatorSubtaskState snapshot() throws Exception {
    harness.prepareSnapshotPreBarrier(1);
    return harness.snapshot(1, 1);
  }

  /** All that has left, in order. */
  @SuppressWarnings("unchecked") // the main output holds nothing else
  List<O> output() {
    List<O> all = new ArrayList<>();
    for (Object each : harness.getOutput()) {
      if (each instanceof StreamRecord<?> record) {
        all.add((O) record.getValue());
      }
    }
    return all;
  }

  /** What has left since the last call. */
  List<O> news() {
    List<O> all = output();
    List<O> news = all.subList(taken, all.size());
    taken = all.size();
    return news;
  }

  <T> List<T> side(OutputTag<T> tag) {
    ConcurrentLinkedQueue<StreamRecord<T>> queue = harness.getSideOutput(tag);
    return queue == null ? List.of() : queue.stream().map(StreamRecord::getValue).toList();
  }

  /** Event-time timers that are set. */
  int timers() {
    return one != null
        ? one.numEventTimeTimers()
        : java.util.Objects.requireNonNull(two).numEventTimeTimers();
  }

  /** How many keys have a state of this name. */
  long keys(String state) {
    KeyedStateBackend<K> backend =
        ((AbstractStreamOperator<?>) harness.getOperator()).getKeyedStateBackend();
    return backend.getKeys(state, VoidNamespace.INSTANCE).count();
  }

  @Override
  public void close() throws Exception {
    harness.close();
  }
}
