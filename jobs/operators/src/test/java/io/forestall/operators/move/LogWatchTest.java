package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.ProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogWatchTest {

  private static final int MAX_PARALLELISM = 720;

  @Test
  void aLogThatIsReadWithoutABreakIsOneRun() throws Exception {
    try (Watch watch = new Watch(null, 1, 0)) {
      watch.clock(100);
      assertThat(watch.runs(0, 10, 11, 12)).containsExactly(100L, 100L, 100L);
      watch.clock(200);
      assertThat(watch.runs(1, 5, 6)).as("another partition").containsExactly(200L, 200L);
      assertThat(watch.runs(0, 13)).containsExactly(100L);
    }
  }

  @Test
  void aJumpOfTheOffsetsBeginsAnotherRun() throws Exception {
    try (Watch watch = new Watch(null, 1, 0)) {
      watch.clock(100);
      watch.runs(0, 10);
      watch.clock(100);
      assertThat(watch.runs(0, 12, 13)).as("forward").containsExactly(101L, 101L);
      assertThat(watch.runs(0, 13)).as("the same again").containsExactly(102L);
      assertThat(watch.runs(0, 0, 1)).as("a topic made anew").containsExactly(103L, 103L);
    }
  }

  @Test
  void aRecordThatCannotBeReadIsNoBreakAndALetter() throws Exception {
    try (Watch watch = new Watch(null, 1, 0)) {
      watch.clock(100);
      watch.runs(0, 10);
      DeadLetter letter =
          new DeadLetters("move")
              .record("t", 0, 11, 5, DeadReason.UNDECODABLE, "why", new byte[] {1}, 1);
      watch.send(new MoveInput.Unreadable("v/0", 0, 11, 0, letter));
      assertThat(watch.taken()).containsExactly(new MoveInput.Unreadable("v/0", 0, 11, 100, null));
      assertThat(watch.letters()).containsExactly(letter);
      watch.send(new MoveInput.Unreadable("", 0, 12, 0, letter));
      assertThat(watch.taken()).as("of no unit").isEmpty();
      assertThat(watch.runs(0, 13)).containsExactly(100L);
    }
  }

  @Test
  void aRestoreGoesOnWithItsRuns() throws Exception {
    OperatorSubtaskState snapshot;
    try (Watch watch = new Watch(null, 1, 0)) {
      watch.clock(100);
      watch.runs(0, 10, 11);
      watch.runs(1, 5);
      snapshot = watch.snapshot();
      watch.runs(0, 12);
    }
    try (Watch watch = new Watch(snapshot, 1, 0)) {
      watch.clock(500);
      assertThat(watch.runs(0, 12, 13)).containsExactly(100L, 100L);
      assertThat(watch.runs(1, 9)).as("lost while it was away").containsExactly(500L);
    }
  }

  @Test
  void whoeverReadsAPartitionAfterARescaleKnowsItsRun() throws Exception {
    OperatorSubtaskState first;
    try (Watch watch = new Watch(null, 1, 0)) {
      watch.clock(100);
      watch.runs(0, 10, 11);
      watch.runs(1, 5);
      first = watch.snapshot();
    }
    List<OperatorSubtaskState> both = new ArrayList<>();
    for (int subtask = 0; subtask < 2; subtask++) {
      try (Watch watch = new Watch(rescaled(first, 1, 2, subtask), 2, subtask)) {
        watch.clock(200);
        assertThat(watch.runs(subtask, subtask == 0 ? 12 : 6)).containsExactly(100L);
        both.add(watch.snapshot());
      }
    }
    OperatorSubtaskState merged =
        AbstractStreamOperatorTestHarness.repackageState(both.toArray(new OperatorSubtaskState[0]));
    try (Watch watch = new Watch(rescaled(merged, 2, 1, 0), 1, 0)) {
      watch.clock(300);
      assertThat(watch.runs(0, 13)).as("the newest word counts").containsExactly(100L);
      assertThat(watch.runs(1, 7)).containsExactly(100L);
    }
  }

  private static OperatorSubtaskState rescaled(
      OperatorSubtaskState state, int from, int to, int subtask) {
    return AbstractStreamOperatorTestHarness.repartitionOperatorState(
        state, MAX_PARALLELISM, from, to, subtask);
  }

  private static final class Watch implements AutoCloseable {
    private final OneInputStreamOperatorTestHarness<MoveInput, MoveInput> harness;
    private int taken;

    Watch(@Nullable OperatorSubtaskState from, int parallelism, int subtask) throws Exception {
      harness =
          new OneInputStreamOperatorTestHarness<>(
              new ProcessOperator<>(new LogWatch()), MAX_PARALLELISM, parallelism, subtask);
      harness.setup(
          MoveInput.type().createSerializer(harness.getExecutionConfig().getSerializerConfig()));
      if (from != null) {
        harness.initializeState(from);
      }
      harness.open();
    }

    void clock(long millis) throws Exception {
      harness.setProcessingTime(millis);
    }

    void send(MoveInput input) throws Exception {
      harness.processElement(new StreamRecord<>(input));
    }

    List<Long> runs(int partition, long... offsets) throws Exception {
      for (long offset : offsets) {
        send(
            new MoveInput.DeltaRead(
                TestingMoves.write("v/0", 1, 1, new byte[] {1}), partition, offset, 0, 0));
      }
      return taken().stream().map(each -> ((MoveInput.DeltaRead) each).run()).toList();
    }

    List<MoveInput> taken() {
      List<MoveInput> all = harness.extractOutputValues();
      List<MoveInput> news = List.copyOf(all.subList(taken, all.size()));
      taken = all.size();
      return news;
    }

    List<DeadLetter> letters() {
      return Objects.requireNonNull(harness.getSideOutput(MoveTags.DEAD_LETTERS)).stream()
          .map(StreamRecord::getValue)
          .toList();
    }

    OperatorSubtaskState snapshot() throws Exception {
      return harness.snapshot(1, 1);
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }
}
