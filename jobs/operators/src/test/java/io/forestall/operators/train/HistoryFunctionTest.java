package io.forestall.operators.train;

import static io.forestall.operators.train.TestingFleetLogs.DAY_MILLIS;
import static io.forestall.operators.train.TestingFleetLogs.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.DiskSample;
import io.forestall.risk.learn.DriveLog;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HistoryFunctionTest {

  private static final TrainSettings SETTINGS = TrainHarness.settings(Map.of());

  /** A multiple of the interval of ten days. */
  private static final int DAY = 16_000;

  /** The function in Flink's harness, on RocksDB. */
  private static final class Job implements AutoCloseable {
    private final KeyedOneInputStreamOperatorTestHarness<String, TrainInput, HandOver> harness;

    Job(@Nullable OperatorSubtaskState from) throws Exception {
      harness =
          new KeyedOneInputStreamOperatorTestHarness<>(
              new KeyedProcessOperator<>(new HistoryFunction(SETTINGS)),
              TrainInput::disk,
              Types.STRING,
              720,
              1,
              0);
      harness.setStateBackend(new EmbeddedRocksDBStateBackend());
      harness.setup(
          HandOver.type().createSerializer(harness.getExecutionConfig().getSerializerConfig()));
      if (from != null) {
        harness.initializeState(from);
      }
      harness.open();
    }

    void sample(String disk, int day, double pending) throws Exception {
      long time = day * DAY_MILLIS + DAY_MILLIS / 2;
      send(TrainInput.sample(new DiskSample(disk, "M", time, values(pending))));
    }

    void send(TrainInput input) throws Exception {
      harness.processElement(input, Math.max(0, input.timeMillis()));
    }

    void watermark(int day) throws Exception {
      harness.processWatermark(day * DAY_MILLIS);
    }

    /** Entries of both states. */
    long entries() throws Exception {
      KeyedStateBackend<String> backend =
          ((AbstractStreamOperator<HandOver>) harness.getOperator()).getKeyedStateBackend();
      long entries = 0;
      for (String state : List.of(HistoryFunction.LOG, HistoryFunction.HEAD)) {
        try (Stream<String> keys = backend.getKeys(state, VoidNamespace.INSTANCE)) {
          entries += keys.count();
        }
      }
      return entries;
    }

    List<HandOver> handed() {
      return harness.extractOutputValues();
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }

  @Test
  void aDiskThatReportsIsHandedOverAsItWasKnown() throws Exception {
    try (Job job = new Job(null)) {
      for (int day = DAY - 5; day < DAY + 3; day++) {
        job.sample("A", day, day == DAY - 2 ? 1 : 0);
      }
      job.watermark(DAY);
      assertThat(job.handed()).hasSize(1);
      HandOver handed = job.handed().get(0);
      assertThat(handed.trialMillis()).isEqualTo(DAY * DAY_MILLIS);
      assertThat(handed.reports()).isTrue();
      assertThat(handed.newFailure()).isFalse();
      assertThat(handed.log().lastDay()).as("not what came later").isEqualTo(DAY - 1);
      assertThat(handed.log().rowCount()).isEqualTo(3);
      job.watermark(DAY + 10);
      assertThat(job.handed()).hasSize(2);
      job.watermark(DAY + 30);
      assertThat(job.handed()).as("a silent disk is not handed over again").hasSize(2);
    }
  }

  @Test
  void aFailureIsHandedOverOnceWhenItsDayIsKnown() throws Exception {
    try (Job job = new Job(null)) {
      job.send(TrainInput.failed("A", (DAY + 4) * DAY_MILLIS));
      for (int day = DAY - 5; day < DAY + 4; day++) {
        job.sample("A", day, 0);
      }
      job.watermark(DAY);
      assertThat(job.handed().get(0).log().failureDay()).isEqualTo(DriveLog.NEVER);
      job.watermark(DAY + 10);
      assertThat(job.handed()).hasSize(2);
      assertThat(job.handed().get(1).newFailure()).isTrue();
      assertThat(job.handed().get(1).reports()).isFalse();
      assertThat(job.handed().get(1).log().failureDay()).isEqualTo(DAY + 4);
      job.send(TrainInput.failed("A", (DAY + 4) * DAY_MILLIS));
      job.watermark(DAY + 20);
      assertThat(job.handed()).hasSize(2);
    }
  }

  @Test
  void aFailureThatIsToldLateIsHandedOverAtTheNextTrial() throws Exception {
    try (Job job = new Job(null)) {
      job.sample("A", DAY - 5, 0);
      job.watermark(DAY + 3);
      job.send(TrainInput.failed("A", (DAY - 4) * DAY_MILLIS));
      job.watermark(DAY + 9);
      assertThat(job.handed()).hasSize(1);
      job.watermark(DAY + 10);
      assertThat(job.handed()).hasSize(2);
      assertThat(job.handed().get(1).trialMillis()).isEqualTo((DAY + 10) * DAY_MILLIS);
      assertThat(job.handed().get(1).log().failureDay()).isEqualTo(DAY - 4);
    }
  }

  @Test
  void aFailureOfADiskThatNobodyKnowsLeavesNothing() throws Exception {
    try (Job job = new Job(null)) {
      job.send(TrainInput.failed("nobody", DAY * DAY_MILLIS));
      assertThat(job.entries()).isPositive();
      job.watermark(DAY + 10);
      assertThat(job.handed()).isEmpty();
      assertThat(job.entries()).isZero();
      assertThat(job.harness.numEventTimeTimers()).isZero();
    }
  }

  @Test
  void aTombstoneHandsOverALastTimeAndLeavesNothing() throws Exception {
    try (Job job = new Job(null)) {
      job.send(TrainInput.left("A"));
      assertThat(job.entries()).isZero();
      job.sample("A", DAY - 5, 0);
      job.sample("A", DAY - 4, 0);
      job.send(TrainInput.left("A"));
      job.watermark(DAY);
      assertThat(job.handed()).hasSize(1);
      assertThat(job.handed().get(0).reports()).isFalse();
      assertThat(job.handed().get(0).log().label(DAY - 5, 30).name())
          .as("it left; nobody knows")
          .isEqualTo("UNKNOWN");
      assertThat(job.entries()).isZero();
      job.watermark(DAY + 1000);
      assertThat(job.harness.numEventTimeTimers()).isZero();
      assertThat(job.handed()).hasSize(1);
    }
  }

  @Test
  void aDiskThatIsSilentForAHistoryIsForgotten() throws Exception {
    try (Job job = new Job(null)) {
      job.sample("A", DAY, 0);
      job.watermark(DAY + 300);
      job.sample("A", DAY + 300, 0);
      job.watermark(DAY + 600);
      assertThat(job.entries()).isPositive();
      job.watermark(DAY + 702);
      assertThat(job.entries()).isZero();
      assertThat(job.harness.numEventTimeTimers()).isZero();
    }
  }

  @Test
  void theEndOfTheInputEnds() throws Exception {
    try (Job job = new Job(null)) {
      job.sample("A", DAY, 0);
      job.harness.processWatermark(Long.MAX_VALUE);
      assertThat(job.handed()).hasSize(1);
      assertThat(job.harness.numEventTimeTimers()).isZero();
    }
  }

  @Test
  void aSnapshotGoesOn() throws Exception {
    OperatorSubtaskState snapshot;
    try (Job job = new Job(null)) {
      job.sample("A", DAY - 5, 0);
      job.sample("A", DAY - 4, 2);
      snapshot = job.harness.snapshot(1, 1);
    }
    try (Job job = new Job(snapshot)) {
      job.sample("A", DAY - 4, 2);
      job.sample("A", DAY - 3, 2);
      job.watermark(DAY);
      assertThat(job.handed().get(0).log().days()).containsExactly(DAY - 5, DAY - 4, DAY - 3);
      assertThat(job.handed().get(0).log().rowCount()).isEqualTo(2);
    }
  }
}
