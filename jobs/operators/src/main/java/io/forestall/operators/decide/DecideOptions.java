package io.forestall.operators.decide;

import io.forestall.decisions.Severity;
import io.forestall.decisions.failover.SagaPolicy;
import io.forestall.decisions.guard.GuardPolicy;
import io.forestall.operators.SenseOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.MemorySize;

/**
 * Every option of the decide job. {@link DecideSettings#from} maps them once to an immutable record
 * and refuses what makes no sense; OPTIONS.md is generated from here. Keys never change: a renamed
 * option keeps its old key as a deprecated one.
 */
public final class DecideOptions {

  /** First words of the keys of this job alone. */
  public static final String PREFIX = "forestall.decide.";

  private static final GuardPolicy LIMITS = GuardPolicy.DEFAULTS;
  private static final SagaPolicy SAGA = SagaPolicy.standard();

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key(PREFIX + "group-id")
          .stringType()
          .defaultValue("forestall-decide")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint.");

  public static final ConfigOption<String> SIGNING_KEY_FILE =
      ConfigOptions.key(PREFIX + "signing-key-file")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File with the guard's private key (forestall keys generate), read on every"
                  + " TaskManager. Empty: the guard has no key, advises and admits nothing,"
                  + " whatever the policies say.");

  public static final ConfigOption<String> TRUSTED_KEYS =
      ConfigOptions.key(PREFIX + "trusted-keys")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File or folder with the public keys whose admissions count, the guard's own and its"
                  + " former ones: an admission of a key that is missing here counts for nothing"
                  + " after a restore. Empty: the guard's own key alone.");

  public static final ConfigOption<String> OPERATOR_KEYS =
      ConfigOptions.key(PREFIX + "operator-keys")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File or folder with the public keys of operators. When set, policies that let more"
                  + " happen, and halts, count only with the signature of one of them. Empty:"
                  + " whoever may write the policies topic is believed.");

  public static final ConfigOption<Duration> HISTORY =
      ConfigOptions.key(PREFIX + "history")
          .durationType()
          .defaultValue(Duration.ofDays(1))
          .withDescription(
              "How far back incidents and proposals are read when there is no checkpoint. What is"
                  + " older is past acting on. Admissions are always read from the first on.");

  public static final ConfigOption<Duration> RISK_HISTORY =
      ConfigOptions.key(PREFIX + "risk-history")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription(
              "How far back scores are read when there is no checkpoint. A thing without a score"
                  + " since then is unknown, which is never taken for healthy.");

  public static final ConfigOption<Duration> PLACE_GRACE =
      ConfigOptions.key(PREFIX + "place-grace")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription(
              "How long, by the wall clock, a score waits for the fleet entry of its thing, and the"
                  + " end of an act for its admission.");

  public static final ConfigOption<Duration> FLUSH_INTERVAL =
      ConfigOptions.key(PREFIX + "flush-interval")
          .durationType()
          .defaultValue(Duration.ZERO)
          .withDescription(
              "How long a record waits at most in a buffer between two steps; part of the time from"
                  + " an incident to its decision. 0 s sends each at once. Anything else costs a"
                  + " thread that wakes each interval for every edge between two steps, whether"
                  + " anything happens or not.");

  public static final ConfigOption<Severity> FAILOVER_THRESHOLD =
      ConfigOptions.key("forestall.failover.threshold")
          .enumType(Severity.class)
          .defaultValue(LIMITS.failoverSeverity())
          .withDescription(
              "Least severity of an incident at which a failover is done: the specifications'"
                  + " failoverThreshold.");

  public static final ConfigOption<Integer> PREDICTED_ACTS =
      limit("predicted-acts-in-flight")
          .intType()
          .defaultValue(LIMITS.predictedActsInFlight())
          .withDescription(
              "Predicted acts in flight at once in a pool; the budget that keeps a wrong model's"
                  + " harm small.");

  public static final ConfigOption<Integer> ACTS =
      limit("acts-in-flight")
          .intType()
          .defaultValue(LIMITS.actsInFlight())
          .withDescription("Acts in flight at once in a pool, predicted or real.");

  public static final ConfigOption<Double> NODES_PER_DAY =
      limit("nodes-per-day")
          .doubleType()
          .defaultValue(LIMITS.nodesPerDayShare())
          .withDescription(
              "Share of a pool's nodes, 0 to 1, that predicted acts may touch a day; at least one"
                  + " node.");

  public static final ConfigOption<Double> MIN_CONFIDENCE =
      limit("min-confidence")
          .doubleType()
          .defaultValue(LIMITS.minConfidence())
          .withDescription(
              "Least trust in a prediction, 0 to 1, below which nothing is done about it.");

  public static final ConfigOption<Double> MIN_PROBABILITY =
      limit("min-probability")
          .doubleType()
          .defaultValue(LIMITS.minProbability())
          .withDescription(
              "Probability, 0 to 1, at which acting on a prediction begins to be worth it.");

  public static final ConfigOption<Double> EXIT_PROBABILITY =
      limit("exit-probability")
          .doubleType()
          .defaultValue(LIMITS.exitProbability())
          .withDescription(
              "Probability, 0 to 1, below which what was worth acting on no longer is; not above"
                  + " min-probability.");

  public static final ConfigOption<Duration> DWELL =
      limit("dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.dwellMillis()))
          .withDescription(
              "How long a prediction must have stood before it is acted on; a critical one need not"
                  + " wait.");

  public static final ConfigOption<Double> STORM_ENTER =
      limit("storm-enter")
          .doubleType()
          .defaultValue(LIMITS.stormEnterShare())
          .withDescription(
              "Share of a pool's nodes at warning or worse, 0 to 1, at which automation stops.");

  public static final ConfigOption<Double> STORM_EXIT =
      limit("storm-exit")
          .doubleType()
          .defaultValue(LIMITS.stormExitShare())
          .withDescription(
              "Share below which automation may go on, once the cool-down is over; not above"
                  + " storm-enter.");

  public static final ConfigOption<Duration> STORM_COOLDOWN =
      limit("storm-cooldown")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.stormCooldownMillis()))
          .withDescription("How long automation stays stopped after the share was last that high.");

  public static final ConfigOption<Duration> MAX_SAMPLE_AGE =
      limit("max-sample-age")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.maxSampleAgeMillis()))
          .withDescription(
              "Age of a pool's newest score beyond which the guard is blind and admits nothing.");

  public static final ConfigOption<Duration> MAX_LAG =
      limit("max-lag")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.maxLagMillis()))
          .withDescription(
              "Lag of a proposal's input beyond which the guard is blind and admits nothing.");

  public static final ConfigOption<Duration> MAX_TELEMETRY_AGE =
      limit("max-telemetry-age")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.maxTelemetryAgeMillis()))
          .withDescription(
              "Age of the newest score of a predicted act's subject, or of a target, beyond which"
                  + " nothing is admitted for it.");

  public static final ConfigOption<Duration> MAX_MODEL_AGE =
      limit("max-model-age")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.maxModelAgeMillis()))
          .withDescription("Age of a model beyond which its predictions are not acted on.");

  public static final ConfigOption<MemorySize> MAX_COST =
      limit("max-cost")
          .memoryType()
          .defaultValue(new MemorySize(LIMITS.maxCostBytes()))
          .withDescription("Most bytes that one act may copy.");

  public static final ConfigOption<MemorySize> COPY_BYTES_PER_SECOND =
      limit("copy-bytes-per-second")
          .memoryType()
          .defaultValue(new MemorySize(LIMITS.copyBytesPerSecond()))
          .withDescription(
              "Bandwidth of a copy that the lead-time ladder reckons with, bytes a second.");

  public static final ConfigOption<Double> SHADOW_ENTER =
      limit("shadow-enter")
          .doubleType()
          .defaultValue(LIMITS.shadow().enterRisk())
          .withDescription(
              "Probability, 0 to 1, that all copies of a unit fail within the horizon at which it"
                  + " asks for a shadow. It also asks when copies are missing, at risk or about to"
                  + " be in maintenance, so that fewer than its minimum are left.");

  public static final ConfigOption<Double> SHADOW_EXIT =
      limit("shadow-exit")
          .doubleType()
          .defaultValue(LIMITS.shadow().exitRisk())
          .withDescription(
              "Probability below which it no longer asks, and below which a shadow may go; not"
                  + " above shadow-enter.");

  public static final ConfigOption<Duration> SHADOW_ENTER_DWELL =
      limit("shadow-enter-dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.shadow().enterDwellMillis()))
          .withDescription("How long a unit must have asked for a shadow before one is built.");

  public static final ConfigOption<Duration> SHADOW_EXIT_DWELL =
      limit("shadow-exit-dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.shadow().exitDwellMillis()))
          .withDescription(
              "How long a unit must have been able to do without its shadow before that goes.");

  public static final ConfigOption<Duration> SHADOW_HORIZON =
      limit("shadow-horizon")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.shadow().horizonMillis()))
          .withDescription("Time ahead that the probability of losing all copies speaks of.");

  public static final ConfigOption<Duration> SHADOW_MAINTENANCE_AHEAD =
      limit("shadow-maintenance-ahead")
          .durationType()
          .defaultValue(Duration.ofMillis(LIMITS.shadow().maintenanceAheadMillis()))
          .withDescription(
              "How long before the planned maintenance of a node its copies no longer count.");

  public static final ConfigOption<Integer> SHADOW_UNITS_IN_FLIGHT =
      limit("shadow-units-in-flight")
          .intType()
          .defaultValue(LIMITS.shadow().unitsInFlight())
          .withDescription("Units of a pool whose shadows are built at once.");

  public static final ConfigOption<Integer> SHADOW_MAX_PER_UNIT =
      limit("shadow-max-per-unit")
          .intType()
          .defaultValue(LIMITS.shadow().shadowsPerUnit())
          .withDescription("Most shadows of one unit, 0 to 8; 0 builds none.");

  /** The options that are limits of the guard, in the order in which the docs list them. */
  public static List<ConfigOption<?>> limits() {
    return List.of(
        FAILOVER_THRESHOLD,
        PREDICTED_ACTS,
        ACTS,
        NODES_PER_DAY,
        MIN_CONFIDENCE,
        MIN_PROBABILITY,
        EXIT_PROBABILITY,
        DWELL,
        STORM_ENTER,
        STORM_EXIT,
        STORM_COOLDOWN,
        MAX_SAMPLE_AGE,
        MAX_LAG,
        MAX_TELEMETRY_AGE,
        MAX_MODEL_AGE,
        MAX_COST,
        COPY_BYTES_PER_SECOND,
        SHADOW_ENTER,
        SHADOW_EXIT,
        SHADOW_ENTER_DWELL,
        SHADOW_EXIT_DWELL,
        SHADOW_HORIZON,
        SHADOW_MAINTENANCE_AHEAD,
        SHADOW_UNITS_IN_FLIGHT,
        SHADOW_MAX_PER_UNIT);
  }

  public static final ConfigOption<Duration> PRE_FAILOVER_CHECK_TIMEOUT =
      limit("pre-failover-check-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.checkMillis()))
          .withDescription(
              "The specifications' preFailoverCheckTimeout: all checks of a target (it answers, its"
                  + " copy is right, it has room) end within, or the act is given back.");

  public static final ConfigOption<Duration> STEP_TIMEOUT =
      limit("step-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.stepMillis()))
          .withDescription(
              "How long a step of a failover waits for its answer before it is asked for again.");

  public static final ConfigOption<Integer> STEP_ATTEMPTS =
      limit("step-attempts")
          .intType()
          .defaultValue(SAGA.stepAttempts())
          .withDescription(
              "How often a step before the ownership record is asked for. What comes after that"
                  + " record is asked for until it is done.");

  public static final ConfigOption<Duration> REACH_TIMEOUT =
      limit("reach-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.reachMillis()))
          .withDescription(
              "How long witnesses of a death are asked often; after it, when they contradict each"
                  + " other, at each step timeout until the check ends.");

  public static final ConfigOption<Integer> WITNESSES =
      limit("witnesses")
          .intType()
          .defaultValue(SAGA.witnesses())
          .withDescription(
              "Different nodes that must not reach a node, while they answer themselves, before it"
                  + " counts as dead. One alone may be the one that is cut off. When one reaches"
                  + " it, so many must answer while the node answers nothing until the check"
                  + " ends.");

  public static final ConfigOption<Long> MAX_TARGET_LAG =
      limit("max-target-lag")
          .longType()
          .defaultValue(SAGA.maxLagDeltas())
          .withDescription(
              "Writes that a target may still have to read; with more, a failover that can wait is"
                  + " given back.");

  public static final ConfigOption<MemorySize> MIN_FREE_SPACE =
      limit("min-free-space")
          .memoryType()
          .defaultValue(new MemorySize(SAGA.minFreeBytes()))
          .withDescription("Space that a target must have left, by its own answer.");

  public static final ConfigOption<Duration> CONFIRM_TIMEOUT =
      limit("confirm-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.confirmMillis()))
          .withDescription(
              "How long the end of an act waits for the new map and for its target's word that it"
                  + " serves.");

  public static final ConfigOption<Duration> FAILBACK_DWELL =
      limit("failback-dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.failbackDwellMillis()))
          .withDescription(
              "How long a node that came back must have been well before a failback is proposed.");

  public static final ConfigOption<Duration> SHADOW_STALL_TIMEOUT =
      limit("shadow-stall-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.shadow().stallMillis()))
          .withDescription(
              "How long a shadow that is built may come no further before it is given up.");

  public static final ConfigOption<Duration> SHADOW_BUILD_TIMEOUT =
      limit("shadow-build-timeout")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.shadow().buildMillis()))
          .withDescription(
              "Longest time until a shadow is in sync; a shorter one than shadow-stall-timeout"
                  + " counts as that.");

  public static final ConfigOption<MemorySize> SWITCHOVER_MAX_DRAIN =
      limit("switchover-max-drain")
          .memoryType()
          .defaultValue(new MemorySize(SAGA.shadow().maxDrainBytes()))
          .withDescription(
              "Most that a shadow may have to read while it takes over and nobody writes; with"
                  + " more, the switchover is given back before it begins.");

  public static final ConfigOption<Duration> SWITCHOVER_MAX_PAUSE =
      limit("switchover-max-pause")
          .durationType()
          .defaultValue(Duration.ofMillis(SAGA.shadow().maxPauseMillis()))
          .withDescription(
              "Longest pause that may be expected of a switchover; it is said before it begins.");

  public static final ConfigOption<MemorySize> SWITCHOVER_DRAIN_BYTES_PER_SECOND =
      limit("switchover-drain-bytes-per-second")
          .memoryType()
          .defaultValue(new MemorySize(SAGA.shadow().drainBytesPerSecond()))
          .withDescription(
              "How fast a shadow reads what it lacks, which the expected pause reckons with.");

  /** The options that are limits of the failover saga, in the order in which the docs list them. */
  public static List<ConfigOption<?>> saga() {
    return List.of(
        PRE_FAILOVER_CHECK_TIMEOUT,
        STEP_TIMEOUT,
        STEP_ATTEMPTS,
        REACH_TIMEOUT,
        WITNESSES,
        MAX_TARGET_LAG,
        MIN_FREE_SPACE,
        CONFIRM_TIMEOUT,
        FAILBACK_DWELL,
        SHADOW_STALL_TIMEOUT,
        SHADOW_BUILD_TIMEOUT,
        SWITCHOVER_MAX_DRAIN,
        SWITCHOVER_MAX_PAUSE,
        SWITCHOVER_DRAIN_BYTES_PER_SECOND);
  }

  private static ConfigOptions.OptionBuilder limit(String name) {
    return ConfigOptions.key(PREFIX + name);
  }

  private DecideOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    List<ConfigOption<?>> all =
        new ArrayList<>(
            List.of(
                SenseOptions.TOPIC_PREFIX,
                SenseOptions.KAFKA_BOOTSTRAP_SERVERS,
                GROUP_ID,
                SIGNING_KEY_FILE,
                TRUSTED_KEYS,
                OPERATOR_KEYS,
                HISTORY,
                RISK_HISTORY,
                PLACE_GRACE,
                FLUSH_INTERVAL));
    all.addAll(limits());
    all.addAll(saga());
    return List.copyOf(all);
  }
}
