package io.forestall.operators.decide;

import io.forestall.decisions.failover.SagaPolicy;
import io.forestall.decisions.failover.ShadowLimits;
import io.forestall.operators.OptionReader;
import java.io.Serializable;

/**
 * Limits of the failover saga as they travel with the job; {@link SagaPolicy} says what each means.
 * Immutable.
 *
 * @param checkMillis all checks of a target end within; milliseconds
 * @param stepMillis how long a step waits for its ack; milliseconds
 * @param stepAttempts how often a step before the fence is asked for; count
 * @param reachMillis how long witnesses are waited for; milliseconds
 * @param witnesses witnesses of a death; count
 * @param maxLagDeltas largest lag of a target; deltas
 * @param minFreeBytes least free space of a target; bytes
 * @param confirmMillis how long the end of an act waits for map and target; milliseconds
 * @param failbackDwellMillis how long a returned node must be well; milliseconds
 * @param shadowStallMillis how long a shadow that is built may come no further; milliseconds
 * @param shadowBuildMillis longest time until it is in sync; milliseconds
 * @param maxDrainBytes most that the target of a switchover may have to read; bytes
 * @param maxPauseMillis longest pause of a switchover that may be expected; milliseconds
 * @param drainBytesPerSecond how fast a target reads, for that; bytes per second
 */
public record SagaLimits(
    long checkMillis,
    long stepMillis,
    int stepAttempts,
    long reachMillis,
    int witnesses,
    long maxLagDeltas,
    long minFreeBytes,
    long confirmMillis,
    long failbackDwellMillis,
    long shadowStallMillis,
    long shadowBuildMillis,
    long maxDrainBytes,
    long maxPauseMillis,
    long drainBytesPerSecond)
    implements Serializable {

  private static final int MOST_ATTEMPTS = 1_000;
  private static final int MOST_WITNESSES = 16;

  /** The limits of a configuration; what is wrong is told to the reader. */
  static SagaLimits from(OptionReader reader) {
    long stallMillis = reader.atLeastOne(DecideOptions.SHADOW_STALL_TIMEOUT);
    return new SagaLimits(
        reader.atLeastOne(DecideOptions.PRE_FAILOVER_CHECK_TIMEOUT),
        reader.atLeastOne(DecideOptions.STEP_TIMEOUT),
        (int) reader.within(DecideOptions.STEP_ATTEMPTS, 1, MOST_ATTEMPTS),
        reader.atLeastOne(DecideOptions.REACH_TIMEOUT),
        (int) reader.within(DecideOptions.WITNESSES, 1, MOST_WITNESSES),
        (long) reader.within(DecideOptions.MAX_TARGET_LAG, 0, Long.MAX_VALUE),
        reader.get(DecideOptions.MIN_FREE_SPACE).getBytes(),
        reader.atLeastOne(DecideOptions.CONFIRM_TIMEOUT),
        reader.millis(DecideOptions.FAILBACK_DWELL),
        stallMillis,
        Math.max(stallMillis, reader.atLeastOne(DecideOptions.SHADOW_BUILD_TIMEOUT)),
        reader.get(DecideOptions.SWITCHOVER_MAX_DRAIN).getBytes(),
        reader.millis(DecideOptions.SWITCHOVER_MAX_PAUSE),
        Math.max(1, reader.get(DecideOptions.SWITCHOVER_DRAIN_BYTES_PER_SECOND).getBytes()));
  }

  /** The limits as the saga takes them. */
  public SagaPolicy policy() {
    return new SagaPolicy(
        checkMillis,
        stepMillis,
        stepAttempts,
        reachMillis,
        witnesses,
        maxLagDeltas,
        minFreeBytes,
        confirmMillis,
        failbackDwellMillis,
        new ShadowLimits(
            shadowStallMillis,
            shadowBuildMillis,
            maxDrainBytes,
            maxPauseMillis,
            drainBytesPerSecond));
  }
}
