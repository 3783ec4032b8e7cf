package io.forestall.operators;

import static io.forestall.operators.TestingDisks.disk;
import static io.forestall.operators.TestingDisks.fleet;
import static io.forestall.operators.TestingDisks.input;
import static io.forestall.operators.TestingDisks.noonMillis;
import static io.forestall.operators.TestingDisks.tombstone;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.RiskHarness.Backend;
import io.forestall.risk.ModelFile;
import io.forestall.schemas.Risk;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MicroBatchOperatorTest {

  private static final ModelFile SHIPPED = TestingModels.file("disk-lstm", 1);
  private static final SenseSettings FOUR =
      SenseSettings.from(
          Configuration.fromMap(
              Map.of(
                  "forestall.sense.lane", "dl4j",
                  "forestall.sense.lane-share", "1",
                  "forestall.sense.lane-batch-size", "4",
                  "forestall.sense.lane-flush-interval", "500 ms")));

  @ParameterizedTest
  @EnumSource
  void fullBatchSteps(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      lane.send(input(1, 0), input(2, 0), input(3, 0));
      assertThat(lane.risks()).isEmpty();
      assertThat(lane.wallClockTimers()).isEqualTo(1);

      lane.send(input(4, 0));

      assertThat(lane.risks())
          .extracting(risk -> risk.getEntity().getId())
          .containsExactly(disk(1), disk(2), disk(3), disk(4));
      assertThat(lane.wallClockTimers()).as("no timer without a waiting sample").isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void secondSampleOfADiskWaitsForTheFirst(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      lane.send(input(1, 0), input(2, 0), input(1, 1));

      assertThat(lane.risks())
          .extracting(risk -> risk.getEntity().getId())
          .containsExactly(disk(1), disk(2));

      lane.send(input(1, 2));
      assertThat(lane.risks().get(2).getEntity().getId()).isEqualTo(disk(1));
      assertThat(lane.risks().get(2).getSamples()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void flushIntervalBoundsTheWait(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      lane.wallClock(1000).send(input(1, 0)).wallClock(1400).send(input(2, 0)).wallClock(1499);
      assertThat(lane.risks()).isEmpty();

      lane.wallClock(1500);
      assertThat(lane.risks()).hasSize(2);

      lane.send(input(1, 1)).wallClock(2000);
      assertThat(lane.risks()).hasSize(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void endOfInputStepsTheRest(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      assertThat(lane.send(input(1, 0)).endOfInput().risks()).hasSize(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void newModelFindsNothingInFlight(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      lane.send(input(1, 0), input(2, 0));
      lane.model(
          TestingModels.input(
              TestingModels.record(
                  TestingModels.file("disk-lstm", 2),
                  noonMillis(0),
                  noonMillis(1),
                  noonMillis(9))));
      assertThat(lane.risks()).hasSize(2);

      lane.send(input(1, 1), input(2, 1), input(3, 1), input(4, 0));
      assertThat(lane.risks().subList(2, 6))
          .extracting(risk -> risk.getModes().get(0).getModelVersion())
          .as("the former scores until the next is warm; a new disk has nothing to wait for")
          .containsExactly(1, 1, 2, 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tombstoneLeavesNothing(Backend backend) throws Exception {
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      lane.send(input(1, 0), tombstone(1));

      assertThat(lane.updates()).hasSize(2);
      assertThat(lane.updates().get(1)).isEqualTo(new RiskUpdate("disk/" + disk(1), null));
      assertThat(lane.disksWithState()).isEmpty();
      lane.wallClock(10_000);
      assertThat(lane.updates()).hasSize(2);
      assertThat(lane.disksWithState()).isEmpty();
    }
  }

  /** A snapshot holds whole batches only: what was taken in before it has left before it. */
  @ParameterizedTest
  @EnumSource
  void snapshotInMidBatchLosesNothing(Backend backend) throws Exception {
    List<Risk> undisturbed;
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      undisturbed = days(lane, 0, 20).endOfInput().risks();
    }

    List<Risk> resumed = new ArrayList<>();
    OperatorSubtaskState snapshot;
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, null)) {
      days(lane, 0, 9).send(input(1, 9));
      snapshot = lane.snapshot(1);
      resumed.addAll(lane.risks());
      lane.send(input(2, 9));
    }
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, backend, snapshot)) {
      lane.send(input(2, 9), input(3, 9));
      resumed.addAll(days(lane, 10, 20).endOfInput().risks());
    }

    assertThat(RiskHarness.byDisk(resumed)).isEqualTo(RiskHarness.byDisk(undisturbed));
    assertThat(undisturbed).hasSize(60);
  }

  @Test
  void bothLanesSayTheSame() throws Exception {
    List<Risk> first;
    List<DiskInput> forwarded;
    try (RiskHarness risk = RiskHarness.risk(FOUR, SHIPPED, Backend.HEAP)) {
      risk.send(fleet(1), fleet(2), fleet(3));
      first = days(risk, 0, 25).risks();
      forwarded = risk.laneInputs();
    }
    try (RiskHarness lane = RiskHarness.lane(FOUR, SHIPPED, Backend.HEAP, null)) {
      lane.send(forwarded.toArray(DiskInput[]::new)).endOfInput();

      assertThat(RiskHarness.byDisk(lane.risks())).isEqualTo(RiskHarness.byDisk(first));
    }
  }

  private static RiskHarness days(RiskHarness lane, int from, int until) throws Exception {
    for (int day = from; day < until; day++) {
      lane.send(input(1, day), input(2, day), input(3, day));
    }
    return lane;
  }
}
