package io.forestall.operators;

import java.io.Serializable;
import java.time.Duration;
import java.util.function.ToLongFunction;
import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.TimestampAssignerSupplier;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.util.clock.RelativeClock;

/**
 * How event time advances in the sense job.
 *
 * <p>The generators measure quiet by Flink's clock of input activity, which stands still under
 * backpressure: a reader that may not read is not quiet.
 */
public final class EventTime {

  /** Lowest watermark that differs from "none yet": it holds event time back without moving it. */
  private static final Watermark HELD = new Watermark(Long.MIN_VALUE + 1);

  private EventTime() {}

  /**
   * Telemetry: the newest sample time of the partition less the out-of-orderness, and no sooner
   * than the arrival delay after that sample came. A quiet partition moves on to its newest sample,
   * then counts as idle.
   */
  public static WatermarkStrategy<SenseInput> telemetry(SenseSettings settings) {
    return samples(
        settings.outOfOrdernessMillis(),
        settings.arrivalDelayMillis(),
        settings.quietAfterMillis(),
        settings.startWaitMillis(),
        SenseInput::timeMillis);
  }

  /**
   * Samples of any job, as {@link #telemetry}.
   *
   * @param outOfOrdernessMillis how far behind the newest sample event time stays; milliseconds
   * @param arrivalDelayMillis how long after it came a sample moves event time; milliseconds
   * @param quietAfterMillis silence after which a partition counts as quiet; milliseconds
   * @param startWaitMillis how long the first sample is waited for; milliseconds
   * @param timeMillis event time of an input, {@code Long.MIN_VALUE} for what is no sample
   */
  public static <T> WatermarkStrategy<T> samples(
      long outOfOrdernessMillis,
      long arrivalDelayMillis,
      long quietAfterMillis,
      long startWaitMillis,
      TimeOf<T> timeMillis) {
    return new Strategy<>(
        outOfOrdernessMillis,
        arrivalDelayMillis,
        quietAfterMillis,
        startWaitMillis,
        false,
        timeMillis);
  }

  /**
   * Inputs of any job that must have been read before event time may begin: they hold it until
   * their topic has once been read to its end, then never again.
   *
   * @param quietAfterMillis silence after which the topic counts as read; milliseconds
   * @param startWaitMillis how long the first record is waited for; milliseconds
   */
  public static <T> WatermarkStrategy<T> hold(
      long quietAfterMillis, long startWaitMillis, TimeOf<T> timeMillis) {
    return new Strategy<>(0, 0, quietAfterMillis, startWaitMillis, true, timeMillis);
  }

  /**
   * Event time of an input; milliseconds since 1970-01-01 UTC.
   *
   * @param <T> the input
   */
  public interface TimeOf<T> extends ToLongFunction<T>, Serializable {}

  /** Fleet: holds event time until the topic has once been read to its end, then never again. */
  public static WatermarkStrategy<SenseInput> fleet(SenseSettings settings) {
    return hold(settings.fleetQuietMillis(), settings.startWaitMillis(), SenseInput::timeMillis);
  }

  /** Models: they carry their own times and never hold event time back. */
  public static WatermarkStrategy<ModelInput> models() {
    return WatermarkStrategy.forGenerator(context -> new Idle<>());
  }

  /** Findings of others: they carry their own times and never hold event time back. */
  public static WatermarkStrategy<NodeInput> findings() {
    return WatermarkStrategy.<NodeInput>forGenerator(context -> new Idle<>())
        .withTimestampAssigner((input, recordTimeMillis) -> input.timeMillis());
  }

  private static final class Idle<T> implements WatermarkGenerator<T> {
    @Override
    public void onEvent(T input, long timeMillis, WatermarkOutput output) {}

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      output.markIdle();
    }
  }

  private record Strategy<T>(
      long outOfOrdernessMillis,
      long arrivalDelayMillis,
      long quietAfterMillis,
      long startWaitMillis,
      boolean holdOnly,
      TimeOf<T> timeOf)
      implements WatermarkStrategy<T> {

    @Override
    public WatermarkGenerator<T> createWatermarkGenerator(
        WatermarkGeneratorSupplier.Context context) {
      RelativeClock clock = context.getInputActivityClock();
      return holdOnly ? new Hold<>(this, clock) : new Progress<>(this, clock);
    }

    @Override
    public TimestampAssigner<T> createTimestampAssigner(TimestampAssignerSupplier.Context context) {
      return (input, recordTimeMillis) -> timeOf.applyAsLong(input);
    }
  }

  /** Quiet is counted from the newest record, and from the start while there is none. */
  private abstract static class Quiet<T> implements WatermarkGenerator<T> {

    private final RelativeClock clock;
    private final long quietAfterNanos;
    private final long startWaitNanos;
    private final long startNanos;
    private boolean seen;
    private boolean active;
    private long activeNanos;

    Quiet(Strategy<T> strategy, RelativeClock clock) {
      this.clock = clock;
      this.quietAfterNanos = Duration.ofMillis(strategy.quietAfterMillis()).toNanos();
      this.startWaitNanos = Duration.ofMillis(strategy.startWaitMillis()).toNanos();
      this.startNanos = clock.relativeTimeNanos();
    }

    /** Notes a record; the clock is read once a tick and not once a record. */
    final void touch() {
      active = true;
      seen = true;
    }

    final boolean seen() {
      return seen;
    }

    final boolean quiet() {
      long now = clock.relativeTimeNanos();
      if (active) {
        active = false;
        activeNanos = now;
        return false;
      }
      return seen ? now - activeNanos >= quietAfterNanos : now - startNanos >= startWaitNanos;
    }

    final long nowNanos() {
      return clock.relativeTimeNanos();
    }
  }

  private static final class Progress<T> extends Quiet<T> {

    private final long outOfOrdernessMillis;
    private final long arrivalDelayNanos;
    private long newestMillis = Long.MIN_VALUE;

    /** Newest sample time at the last change of the two below. */
    private long waitingMillis = Long.MIN_VALUE;

    private long waitingSinceNanos;
    private long passedMillis = Long.MIN_VALUE;
    private boolean caughtUp;

    Progress(Strategy<T> strategy, RelativeClock clock) {
      super(strategy, clock);
      this.outOfOrdernessMillis = strategy.outOfOrdernessMillis();
      this.arrivalDelayNanos = Duration.ofMillis(strategy.arrivalDelayMillis()).toNanos();
    }

    @Override
    public void onEvent(T input, long timeMillis, WatermarkOutput output) {
      touch();
      caughtUp = false;
      // Whatever is no sample has the lowest time there is.
      newestMillis = Math.max(newestMillis, timeMillis);
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      if (quiet()) {
        if (seen() && !caughtUp && newestMillis != Long.MIN_VALUE) {
          // One tick as an active partition, so that the merged event time takes it over.
          output.emitWatermark(new Watermark(newestMillis));
          caughtUp = true;
        } else {
          output.markIdle();
        }
        return;
      }
      if (caughtUp || newestMillis == Long.MIN_VALUE) {
        return;
      }
      long nowNanos = nowNanos();
      if (waitingMillis == Long.MIN_VALUE) {
        waitingMillis = newestMillis;
        waitingSinceNanos = nowNanos;
      }
      if (nowNanos - waitingSinceNanos >= arrivalDelayNanos) {
        passedMillis = waitingMillis;
        waitingMillis = newestMillis;
        waitingSinceNanos = nowNanos;
      }
      if (passedMillis == Long.MIN_VALUE) {
        output.emitWatermark(HELD);
      } else {
        output.emitWatermark(new Watermark(passedMillis - outOfOrdernessMillis - 1));
      }
    }
  }

  private static final class Hold<T> extends Quiet<T> {

    private boolean done;

    Hold(Strategy<T> strategy, RelativeClock clock) {
      super(strategy, clock);
    }

    @Override
    public void onEvent(T input, long timeMillis, WatermarkOutput output) {
      if (!seen() && !done) {
        output.emitWatermark(HELD);
      }
      touch();
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      if (!done && quiet()) {
        done = true;
      }
      if (done) {
        output.markIdle();
      }
    }
  }
}
