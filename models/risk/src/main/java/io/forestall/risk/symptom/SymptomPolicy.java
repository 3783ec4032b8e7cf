package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.signal.Signal;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * How symptoms become anomalies and probabilities. The log-odds of a mode are its prior plus, for
 * each piece of evidence, weight x strength; no evidence lowers them below the prior. Immutable.
 *
 * @param horizonMillis time ahead that each mode's probability speaks of; milliseconds
 * @param priors probability of each mode within its horizon while nothing speaks for it; 0 to 1
 * @param weights log-odds that each piece of evidence adds at full strength; nats, 0 to 20
 * @param detailed signals that have a detector of their own, which knows trend and season; of the
 *     others a level and a spread are kept, which cost a fiftieth of its state and time
 * @param aloneFactor by how much more slowness against the own past counts when there are no peers
 *     to compare with; ratio, 1 or more
 * @param matureMillis length of history after which the own past is trusted fully; until then what
 *     is usual is taken to be wider; milliseconds
 * @param matureSamples samples after which it is; count
 * @param settleMillis time after a restart in which levels count for nothing: caches are cold;
 *     milliseconds
 * @param missingAfterMillis silence of a signal, while others are reported, after which it is
 *     missing and confidence falls; milliseconds
 * @param anomalyEnter anomaly score at or above which a sample counts for an anomaly; 0 to 1
 * @param anomalyExit score below which a sample counts for its end; 0 to 1, below enter
 * @param anomalyOf samples that are looked at; count, 1 to 8
 * @param anomalyBegin how many of them begin an anomaly; count, 1 to anomalyOf
 * @param anomalyEnd how many of them end it; count, 1 to anomalyOf
 * @param notableNats change of a mode's log-odds that makes a report notable; nats
 * @param notableMillis age of the last notable report at which the next one is notable anyway;
 *     milliseconds
 * @param reasonFloorNats contribution below which there is no reason; nats
 * @param maximumReasons most reasons of a mode; count
 * @param maximumPathMembers most paths of one volume or node that are remembered; count
 * @param maximumBlameEdges most edges, and most nodes, that one window of blame looks at; count
 */
public record SymptomPolicy(
    Map<FailureMode, Long> horizonMillis,
    Map<FailureMode, Double> priors,
    Map<Evidence, Double> weights,
    Set<Signal> detailed,
    double aloneFactor,
    long matureMillis,
    int matureSamples,
    long settleMillis,
    long missingAfterMillis,
    double anomalyEnter,
    double anomalyExit,
    int anomalyOf,
    int anomalyBegin,
    int anomalyEnd,
    double notableNats,
    long notableMillis,
    double reasonFloorNats,
    int maximumReasons,
    int maximumPathMembers,
    int maximumBlameEdges) {
  private static final long MINUTE_MILLIS = 60_000L;
  private static final long HOUR_MILLIS = 60 * MINUTE_MILLIS;

  /** Modes that symptoms tell. */
  private static final FailureMode[] MODES = {
    FailureMode.DISK, FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW
  };

  /**
   * @throws IllegalArgumentException when values contradict each other; the message names them
   */
  public SymptomPolicy {
    horizonMillis = Map.copyOf(horizonMillis);
    priors = Map.copyOf(priors);
    weights = Map.copyOf(weights);
    detailed = Set.copyOf(detailed);
    for (FailureMode mode : MODES) {
      Long horizon = horizonMillis.get(mode);
      require(horizon != null && horizon > 0, "mode " + mode + " needs a horizon above 0");
      Double prior = priors.get(mode);
      require(
          prior != null && prior > 0 && prior < 1,
          "mode " + mode + " needs a prior between 0 and 1, not " + prior);
    }
    for (Evidence evidence : Evidence.values()) {
      Double weight = weights.get(evidence);
      require(
          weight != null && weight >= 0 && weight <= 20,
          "evidence " + evidence + " needs a weight of 0 to 20 nats, not " + weight);
    }
    require(aloneFactor >= 1 && aloneFactor <= 5, "aloneFactor must be 1 to 5");
    require(matureMillis > 0 && matureSamples > 0, "a history must be longer than 0 to be mature");
    require(settleMillis >= 0, "settleMillis must not be below 0");
    require(missingAfterMillis > 0, "missingAfterMillis must be above 0");
    require(
        anomalyEnter > 0 && anomalyEnter <= 1 && anomalyExit > 0 && anomalyExit < anomalyEnter,
        "an anomaly must be left below where it is entered, within 0 to 1, not at "
            + anomalyEnter
            + " and "
            + anomalyExit);
    require(
        anomalyOf >= 1
            && anomalyOf <= 8
            && anomalyBegin >= 1
            && anomalyBegin <= anomalyOf
            && anomalyEnd >= 1
            && anomalyEnd <= anomalyOf,
        "an anomaly begins and ends with 1 to anomalyOf samples, of 1 to 8");
    require(notableNats > 0 && notableMillis > 0, "notable needs a change and an age above 0");
    require(reasonFloorNats >= 0 && maximumReasons >= 0, "reasons must not be fewer than none");
    require(
        maximumPathMembers >= 1 && maximumPathMembers <= 4096, "path members must be 1 to 4096");
    require(maximumBlameEdges >= 1, "maximumBlameEdges must be above 0");
  }

  /** The default: NETWORK 1 hour, SOFTWARE 6 hours, FAIL_SLOW and DISK (checksums, RAID) a day. */
  public static SymptomPolicy defaults() {
    Map<Evidence, Double> weights = new EnumMap<>(Evidence.class);
    for (Evidence evidence : Evidence.values()) {
      weights.put(evidence, evidence.defaultWeight());
    }
    return new SymptomPolicy(
        Map.of(
            FailureMode.NETWORK, HOUR_MILLIS,
            FailureMode.SOFTWARE, 6 * HOUR_MILLIS,
            FailureMode.FAIL_SLOW, 24 * HOUR_MILLIS,
            FailureMode.DISK, 24 * HOUR_MILLIS),
        Map.of(
            FailureMode.NETWORK, 0.0001,
            FailureMode.SOFTWARE, 0.0003,
            FailureMode.FAIL_SLOW, 0.0002,
            FailureMode.DISK, 0.0001),
        weights,
        Set.of(
            Signal.CPU_BUSY,
            Signal.MEMORY_USED,
            Signal.NETWORK_THROUGHPUT,
            Signal.RETRANSMITS,
            Signal.REQUEST_RATE,
            Signal.REQUEST_LATENCY,
            Signal.REQUEST_FAILURES,
            Signal.ERROR_LOGS,
            Signal.QUEUE,
            Signal.PROCESSED_RATE,
            Signal.DISK_LATENCY,
            Signal.PATH_LATENCY),
        1.35,
        6 * HOUR_MILLIS,
        60,
        10 * MINUTE_MILLIS,
        20 * MINUTE_MILLIS,
        0.5,
        0.25,
        5,
        3,
        5,
        0.5,
        10 * MINUTE_MILLIS,
        0.2,
        5,
        256,
        65_536);
  }

  /** Horizon of a mode that symptoms tell; milliseconds. */
  public long horizonMillisOf(FailureMode mode) {
    Long horizon = horizonMillis.get(mode);
    if (horizon == null) {
      throw new IllegalArgumentException("symptoms do not tell mode " + mode);
    }
    return horizon;
  }

  /** Probability of a mode while nothing speaks for it; 0 to 1. */
  public double priorOf(FailureMode mode) {
    Double prior = priors.get(mode);
    if (prior == null) {
      throw new IllegalArgumentException("symptoms do not tell mode " + mode);
    }
    return prior;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Symptom policy: " + what);
    }
  }
}
