package io.forestall.operators.decide;

import io.forestall.decisions.failover.SagaPolicy;
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
    long failbackDwellMillis)
    implements Serializable {

  private static final int MOST_ATTEMPTS = 1_000;
  private static final int MOST_WITNESSES = 16;

  /** The limits of a configuration; what is wrong is told to the reader. */
  static SagaLimits from(OptionReader reader) {
    return new SagaLimits(
        reader.atLeastOne(DecideOptions.PRE_FAILOVER_CHECK_TIMEOUT),
        reader.atLeastOne(DecideOptions.STEP_TIMEOUT),
        (int) reader.within(DecideOptions.STEP_ATTEMPTS, 1, MOST_ATTEMPTS),
        reader.atLeastOne(DecideOptions.REACH_TIMEOUT),
        (int) reader.within(DecideOptions.WITNESSES, 1, MOST_WITNESSES),
        (long) reader.within(DecideOptions.MAX_TARGET_LAG, 0, Long.MAX_VALUE),
        reader.get(DecideOptions.MIN_FREE_SPACE).getBytes(),
        reader.atLeastOne(DecideOptions.CONFIRM_TIMEOUT),
        reader.millis(DecideOptions.FAILBACK_DWELL));
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
        failbackDwellMillis);
  }
}
