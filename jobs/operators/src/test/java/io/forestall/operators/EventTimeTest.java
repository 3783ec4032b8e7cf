package io.forestall.operators;

import static io.forestall.operators.TestingDisks.fleet;
import static io.forestall.operators.TestingDisks.input;
import static io.forestall.operators.TestingDisks.noonMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.util.clock.ManualClock;
import org.apache.flink.util.clock.RelativeClock;
import org.junit.jupiter.api.Test;

class EventTimeTest {

  private static final long OUT_OF_ORDERNESS = 60_000;
  private static final Long NOTHING_YET = Long.MIN_VALUE + 1;

  private final ManualClock clock = new ManualClock();
  private final TestingOutput output = new TestingOutput();

  @Test
  void telemetryStaysBehindItsNewestSampleAndWaitsForTheFleet() {
    WatermarkGenerator<SenseInput> generator =
        generator(EventTime.telemetry(SenseSettings.defaults()));
    event(generator, input(1, 3));
    event(generator, input(2, 2));
    generator.onPeriodicEmit(output);
    assertThat(output.watermarks).as("it has only just come").containsExactly(NOTHING_YET);

    event(generator, input(1, 9));
    clock.advanceTime(Duration.ofSeconds(1));
    generator.onPeriodicEmit(output);
    assertThat(output.last()).isEqualTo(noonMillis(3) - OUT_OF_ORDERNESS - 1);

    event(generator, input(1, 10));
    clock.advanceTime(Duration.ofSeconds(1));
    generator.onPeriodicEmit(output);
    assertThat(output.last()).isEqualTo(noonMillis(9) - OUT_OF_ORDERNESS - 1);
    assertThat(output.idle).isFalse();
  }

  @Test
  void quietPartitionReachesItsNewestSampleThenIsIdleThenReturns() {
    WatermarkGenerator<SenseInput> generator =
        generator(EventTime.telemetry(SenseSettings.defaults()));
    event(generator, input(1, 3));
    generator.onPeriodicEmit(output);
    clock.advanceTime(Duration.ofMillis(9_999));
    generator.onPeriodicEmit(output);
    assertThat(output.last()).isEqualTo(noonMillis(3) - OUT_OF_ORDERNESS - 1);

    clock.advanceTime(Duration.ofMillis(1));
    generator.onPeriodicEmit(output);
    assertThat(output.last()).isEqualTo(noonMillis(3));
    assertThat(output.idle).as("one tick active, so that it is merged").isFalse();
    generator.onPeriodicEmit(output);
    assertThat(output.idle).isTrue();

    event(generator, input(1, 5));
    generator.onPeriodicEmit(output);
    assertThat(output.idle).isFalse();
    clock.advanceTime(Duration.ofSeconds(10));
    generator.onPeriodicEmit(output);
    assertThat(output.last()).isEqualTo(noonMillis(5));
  }

  @Test
  void deadLettersDoNotMoveEventTime() {
    WatermarkGenerator<SenseInput> generator =
        generator(EventTime.telemetry(SenseSettings.defaults()));
    event(
        generator,
        DiskInput.dead(
            new DeadLetters("sense")
                .record("t", 0, 0, noonMillis(99), DeadReason.TRUNCATED, "cut", new byte[0], 1)));
    clock.advanceTime(Duration.ofSeconds(30));
    generator.onPeriodicEmit(output);
    generator.onPeriodicEmit(output);
    clock.advanceTime(Duration.ofSeconds(30));
    generator.onPeriodicEmit(output);
    assertThat(output.watermarks).isEmpty();
    assertThat(output.idle).isTrue();
  }

  @Test
  void sourceWithoutRecordsHoldsOnlyForTheStart() {
    for (WatermarkStrategy<SenseInput> strategy :
        List.of(
            EventTime.telemetry(SenseSettings.defaults()),
            EventTime.fleet(SenseSettings.defaults()))) {
      output.idle = false;
      WatermarkGenerator<SenseInput> generator = generator(strategy);
      clock.advanceTime(Duration.ofMillis(14_999));
      generator.onPeriodicEmit(output);
      assertThat(output.idle).isFalse();
      clock.advanceTime(Duration.ofMillis(1));
      generator.onPeriodicEmit(output);
      assertThat(output.idle).isTrue();
    }
    assertThat(output.watermarks).isEmpty();
  }

  @Test
  void fleetHoldsEventTimeUntilItWasReadOnceAndNeverAgain() {
    WatermarkGenerator<SenseInput> generator = generator(EventTime.fleet(SenseSettings.defaults()));
    for (int i = 0; i < 100; i++) {
      event(generator, fleet(i));
      clock.advanceTime(Duration.ofSeconds(1));
      generator.onPeriodicEmit(output);
    }
    assertThat(output.watermarks).containsOnly(NOTHING_YET).hasSize(1);
    assertThat(output.idle).as("still reading").isFalse();

    clock.advanceTime(Duration.ofSeconds(3));
    generator.onPeriodicEmit(output);
    assertThat(output.idle).isTrue();

    event(generator, fleet(7));
    generator.onPeriodicEmit(output);
    assertThat(output.idle).isTrue();
    assertThat(output.watermarks).hasSize(1);
  }

  private void event(WatermarkGenerator<SenseInput> generator, DiskInput disk) {
    SenseInput input = SenseInput.of(disk);
    generator.onEvent(input, input.timeMillis(), output);
  }

  private WatermarkGenerator<SenseInput> generator(WatermarkStrategy<SenseInput> strategy) {
    return strategy.createWatermarkGenerator(
        new WatermarkGeneratorSupplier.Context() {
          @Override
          public MetricGroup getMetricGroup() {
            return new UnregisteredMetricsGroup();
          }

          @Override
          public RelativeClock getInputActivityClock() {
            return clock;
          }
        });
  }

  private static final class TestingOutput implements WatermarkOutput {
    private final List<Long> watermarks = new ArrayList<>();
    private boolean idle;

    long last() {
      return watermarks.get(watermarks.size() - 1);
    }

    @Override
    public void emitWatermark(Watermark watermark) {
      watermarks.add(watermark.getTimestamp());
      idle = false;
    }

    @Override
    public void markIdle() {
      idle = true;
    }

    @Override
    public void markActive() {
      idle = false;
    }
  }
}
