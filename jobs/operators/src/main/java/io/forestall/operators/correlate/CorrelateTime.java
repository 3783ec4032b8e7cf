package io.forestall.operators.correlate;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.TimestampAssignerSupplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.util.clock.RelativeClock;

/**
 * How event time advances in the correlate job. Quiet is measured by Flink's clock of input
 * activity, which stands still under backpressure: a reader that may not read is not quiet.
 */
public final class CorrelateTime {

  /** Lowest watermark that differs from "none yet": it holds event time back without moving it. */
  private static final Watermark HELD = new Watermark(Long.MIN_VALUE + 1);

  private CorrelateTime() {}

  /**
   * Events: the newest time of the partition less the out-of-orderness. A quiet partition moves on
   * to its newest event, then counts as idle; from time to time it says how far the wall clock has
   * come since, so that event time goes on when all are quiet.
   */
  public static WatermarkStrategy<CorrelateInput> events(CorrelateSettings settings) {
    return new Events(
        settings.outOfOrdernessMillis(), settings.quietAfterMillis(), settings.advanceWhenQuiet());
  }

  /** Fleet and policies: hold event time until they have once been read, then never again. */
  public static WatermarkStrategy<RouteControl> controls(CorrelateSettings settings) {
    return new Controls(settings.startQuietMillis());
  }

  private record Events(long outOfOrdernessMillis, long quietAfterMillis, boolean advance)
      implements WatermarkStrategy<CorrelateInput> {

    @Override
    public WatermarkGenerator<CorrelateInput> createWatermarkGenerator(
        WatermarkGeneratorSupplier.Context context) {
      return new Progress(this, context.getInputActivityClock());
    }

    @Override
    public TimestampAssigner<CorrelateInput> createTimestampAssigner(
        TimestampAssignerSupplier.Context context) {
      return (input, recordTimeMillis) -> input.timeMillis();
    }
  }

  private record Controls(long quietMillis) implements WatermarkStrategy<RouteControl> {

    @Override
    public WatermarkGenerator<RouteControl> createWatermarkGenerator(
        WatermarkGeneratorSupplier.Context context) {
      return new Hold(quietMillis, context.getInputActivityClock());
    }

    @Override
    public TimestampAssigner<RouteControl> createTimestampAssigner(
        TimestampAssignerSupplier.Context context) {
      return (input, recordTimeMillis) -> Long.MIN_VALUE;
    }
  }

  private static final class Progress implements WatermarkGenerator<CorrelateInput> {

    private final Events strategy;
    private final RelativeClock clock;
    private final long quietNanos;
    private long newestMillis = Long.MIN_VALUE;
    private boolean active;
    private long activeNanos;
    private long saidNanos;

    Progress(Events strategy, RelativeClock clock) {
      this.strategy = strategy;
      this.clock = clock;
      this.quietNanos = Duration.ofMillis(strategy.quietAfterMillis).toNanos();
      this.activeNanos = clock.relativeTimeNanos();
    }

    @Override
    public void onEvent(CorrelateInput input, long timeMillis, WatermarkOutput output) {
      // The clock is read once a tick and not once an event.
      active = true;
      newestMillis = Math.max(newestMillis, timeMillis);
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      long nowNanos = clock.relativeTimeNanos();
      if (active) {
        active = false;
        activeNanos = nowNanos;
        saidNanos = nowNanos;
      }
      long silentNanos = nowNanos - activeNanos;
      if (silentNanos < quietNanos) {
        output.emitWatermark(
            newestMillis == Long.MIN_VALUE
                ? HELD
                : new Watermark(newestMillis - strategy.outOfOrdernessMillis - 1));
        return;
      }
      if (newestMillis != Long.MIN_VALUE && nowNanos - saidNanos >= quietNanos) {
        // One tick as an active partition, so that the merged event time takes it over.
        saidNanos = nowNanos;
        long quietMillis = Duration.ofNanos(silentNanos).toMillis();
        long further =
            strategy.advance ? Math.max(0, quietMillis - strategy.outOfOrdernessMillis) : 0;
        output.emitWatermark(new Watermark(newestMillis + further));
        return;
      }
      output.markIdle();
    }
  }

  private static final class Hold implements WatermarkGenerator<RouteControl> {

    private final RelativeClock clock;
    private final long quietNanos;
    private boolean active = true;
    private long activeNanos;
    private boolean done;

    Hold(long quietMillis, RelativeClock clock) {
      this.clock = clock;
      this.quietNanos = Duration.ofMillis(quietMillis).toNanos();
    }

    @Override
    public void onEvent(RouteControl input, long timeMillis, WatermarkOutput output) {
      active = true;
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      if (done) {
        output.markIdle();
        return;
      }
      long nowNanos = clock.relativeTimeNanos();
      if (active) {
        active = false;
        activeNanos = nowNanos;
      }
      if (nowNanos - activeNanos >= quietNanos) {
        done = true;
        output.markIdle();
      } else {
        output.emitWatermark(HELD);
      }
    }
  }
}
