package io.forestall.decisions.guard;

import io.forestall.decisions.Severity;
import io.forestall.decisions.shadow.ShadowPolicy;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Every limit of the guard, with its shipped default in {@link #DEFAULTS}. Immutable; each can be
 * changed live by a THRESHOLD policy with the id {@value #THRESHOLD_ID} and by BUDGET policies.
 *
 * @param predictedActsInFlight predicted acts in flight at once in a pool; count
 * @param actsInFlight acts in flight at once in a pool, predicted or real; count
 * @param zoneActsInFlight acts in flight at once in a failure zone; count
 * @param kindActsInFlight acts in flight at once of one kind in a pool; count
 * @param rateActs acts admitted in a pool within the window; count
 * @param rateWindowMillis window of the rate; milliseconds
 * @param nodesPerDayShare share of a pool's nodes that predicted acts may touch a day, at least one
 *     node; 0 to 1
 * @param failoverSeverity least severity of an incident at which a failover is done (C1)
 * @param actSeverity least severity at which any other act is done
 * @param minConfidence least trust in a prediction; 0 to 1
 * @param minProbability probability at which a predicted act begins to be worth it; 0 to 1
 * @param exitProbability probability below which a subject that was worth it no longer is; 0 to 1
 * @param dwellMillis how long a prediction must have stood before it is acted on; milliseconds; a
 *     CRITICAL risk need not wait
 * @param stormEnterShare share of a pool's nodes at WARNING or worse at which automation stops
 * @param stormExitShare share below which it may go on
 * @param stormMinNodes fewer nodes at risk than this are never a storm; count
 * @param stormCooldownMillis how long it stays stopped after the share was last that high;
 *     milliseconds
 * @param maxSampleAgeMillis age of the pool's newest risk beyond which the guard is blind;
 *     milliseconds
 * @param maxLagMillis lag of a proposal's input beyond which the guard is blind; milliseconds
 * @param maxModelAgeMillis age of a model beyond which its predictions are not acted on;
 *     milliseconds
 * @param maxTelemetryAgeMillis age of the risk of a subject or target beyond which it counts as
 *     silent; milliseconds
 * @param maxTargetProbability probability of failure above which a node is no target; 0 to 1
 * @param targetFreeShare share of its capacity that a target must keep free; 0 to 1
 * @param targetRestMillis how long a target is not used again; milliseconds
 * @param maxReplicaSetRisk probability that all remaining copies of a unit fail within the horizon,
 *     above which an act that worsens it is refused; 0 to 1
 * @param rackCorrelation share of failures that copies in one rack have in common; 0 to 1
 * @param zoneCorrelation share of failures that copies in one failure zone have in common; 0 to 1
 * @param maxCostBytes most bytes that one act may copy; bytes
 * @param copyBytesPerSecond bandwidth of a copy that the ladder reckons with; bytes per second
 * @param safetyFactor how many times the copy must fit into the time that is left; at least 1
 * @param shadowLeadMillis time a shadow needs besides its bytes; milliseconds
 * @param migrateLeadMillis time a migration needs besides its bytes; milliseconds
 * @param prefetchLeadMillis time a prefetch needs; milliseconds
 * @param proposalMillis how long a proposal of this guard stays valid; milliseconds
 * @param admissionMillis how long an admission may wait for its first step; milliseconds
 * @param retryMillis first pause before an incident that was refused for a passing reason is
 *     proposed again, doubling each time; milliseconds
 * @param maxAttempts how often the same state of an incident is proposed; count
 * @param shadow when a unit gets a shadow and when it loses it
 */
public record GuardPolicy(
    int predictedActsInFlight,
    int actsInFlight,
    int zoneActsInFlight,
    int kindActsInFlight,
    int rateActs,
    long rateWindowMillis,
    double nodesPerDayShare,
    Severity failoverSeverity,
    Severity actSeverity,
    double minConfidence,
    double minProbability,
    double exitProbability,
    long dwellMillis,
    double stormEnterShare,
    double stormExitShare,
    int stormMinNodes,
    long stormCooldownMillis,
    long maxSampleAgeMillis,
    long maxLagMillis,
    long maxModelAgeMillis,
    long maxTelemetryAgeMillis,
    double maxTargetProbability,
    double targetFreeShare,
    long targetRestMillis,
    double maxReplicaSetRisk,
    double rackCorrelation,
    double zoneCorrelation,
    long maxCostBytes,
    long copyBytesPerSecond,
    double safetyFactor,
    long shadowLeadMillis,
    long migrateLeadMillis,
    long prefetchLeadMillis,
    long proposalMillis,
    long admissionMillis,
    long retryMillis,
    int maxAttempts,
    ShadowPolicy shadow) {

  /** The id of THRESHOLD policies that change limits of the guard. */
  public static final String THRESHOLD_ID = "guard";

  private static final long MINUTE = 60_000L;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** The shipped limits. */
  public static final GuardPolicy DEFAULTS =
      new GuardPolicy(
          1,
          4,
          2,
          2,
          12,
          HOUR,
          0.02,
          Severity.CRITICAL,
          Severity.WARNING,
          0.5,
          0.3,
          0.2,
          5 * MINUTE,
          0.10,
          0.05,
          3,
          30 * MINUTE,
          15 * MINUTE,
          2 * MINUTE,
          45 * DAY,
          30 * MINUTE,
          0.05,
          0.15,
          HOUR,
          1e-3,
          0.05,
          0.02,
          64L << 40,
          128L << 20,
          2.0,
          10 * MINUTE,
          2 * HOUR,
          30_000,
          6 * HOUR,
          HOUR,
          10 * MINUTE,
          5,
          ShadowPolicy.DEFAULTS);

  /**
   * Checks every limit.
   *
   * @throws IllegalArgumentException when one makes no sense, with a sentence
   */
  public GuardPolicy {
    atLeast("predicted-acts-in-flight", predictedActsInFlight, 0);
    atLeast("acts-in-flight", actsInFlight, 0);
    atLeast("zone-acts-in-flight", zoneActsInFlight, 0);
    atLeast("kind-acts-in-flight", kindActsInFlight, 0);
    atLeast("rate-acts", rateActs, 0);
    within("rate-window", rateWindowMillis, 1_000, DAY);
    share("nodes-per-day", nodesPerDayShare);
    share("min-confidence", minConfidence);
    share("min-probability", minProbability);
    share("exit-probability", exitProbability);
    if (exitProbability > minProbability) {
      throw new IllegalArgumentException("exit-probability must not be above min-probability");
    }
    within("dwell", dwellMillis, 0, 7 * DAY);
    share("storm-enter", stormEnterShare);
    share("storm-exit", stormExitShare);
    if (stormExitShare > stormEnterShare) {
      throw new IllegalArgumentException("storm-exit must not be above storm-enter");
    }
    atLeast("storm-min-nodes", stormMinNodes, 1);
    within("storm-cooldown", stormCooldownMillis, 0, 7 * DAY);
    within("max-sample-age", maxSampleAgeMillis, 1_000, 7 * DAY);
    within("max-lag", maxLagMillis, 1_000, 7 * DAY);
    within("max-model-age", maxModelAgeMillis, HOUR, 3650 * DAY);
    within("max-telemetry-age", maxTelemetryAgeMillis, 1_000, 30 * DAY);
    share("max-target-probability", maxTargetProbability);
    share("target-free", targetFreeShare);
    within("target-rest", targetRestMillis, 0, DAY);
    share("max-replica-set-risk", maxReplicaSetRisk);
    share("rack-correlation", rackCorrelation);
    share("zone-correlation", zoneCorrelation);
    atLeast("max-cost", maxCostBytes, 0);
    atLeast("copy-bytes-per-second", copyBytesPerSecond, 1);
    if (!(safetyFactor >= 1 && safetyFactor <= 100)) {
      throw new IllegalArgumentException("safety-factor is 1 to 100, not " + safetyFactor);
    }
    within("shadow-lead", shadowLeadMillis, 0, 7 * DAY);
    within("migrate-lead", migrateLeadMillis, 0, 30 * DAY);
    within("prefetch-lead", prefetchLeadMillis, 0, DAY);
    within("proposal-time", proposalMillis, 1_000, 7 * DAY);
    within("admission-time", admissionMillis, 1_000, 7 * DAY);
    within("retry", retryMillis, 1_000, 7 * DAY);
    within("max-attempts", maxAttempts, 1, 20);
  }

  /**
   * These limits with some changed.
   *
   * @param changes values by name as in the documentation of the guards, for example {@code
   *     min-confidence}
   * @throws IllegalArgumentException when a name is unknown or a value makes no sense
   */
  public GuardPolicy with(Map<String, String> changes) {
    if (changes.isEmpty()) {
      return this;
    }
    Map<String, String> left = new TreeMap<>(changes);
    Values values = new Values(left);
    GuardPolicy changed =
        new GuardPolicy(
            values.count("predicted-acts-in-flight", predictedActsInFlight),
            values.count("acts-in-flight", actsInFlight),
            values.count("zone-acts-in-flight", zoneActsInFlight),
            values.count("kind-acts-in-flight", kindActsInFlight),
            values.count("rate-acts", rateActs),
            values.millis("rate-window", rateWindowMillis),
            values.share("nodes-per-day", nodesPerDayShare),
            values.severity("failover-threshold", failoverSeverity),
            values.severity("act-threshold", actSeverity),
            values.share("min-confidence", minConfidence),
            values.share("min-probability", minProbability),
            values.share("exit-probability", exitProbability),
            values.millis("dwell", dwellMillis),
            values.share("storm-enter", stormEnterShare),
            values.share("storm-exit", stormExitShare),
            values.count("storm-min-nodes", stormMinNodes),
            values.millis("storm-cooldown", stormCooldownMillis),
            values.millis("max-sample-age", maxSampleAgeMillis),
            values.millis("max-lag", maxLagMillis),
            values.millis("max-model-age", maxModelAgeMillis),
            values.millis("max-telemetry-age", maxTelemetryAgeMillis),
            values.share("max-target-probability", maxTargetProbability),
            values.share("target-free", targetFreeShare),
            values.millis("target-rest", targetRestMillis),
            values.share("max-replica-set-risk", maxReplicaSetRisk),
            values.share("rack-correlation", rackCorrelation),
            values.share("zone-correlation", zoneCorrelation),
            values.bytes("max-cost", maxCostBytes),
            values.bytes("copy-bytes-per-second", copyBytesPerSecond),
            values.number("safety-factor", safetyFactor),
            values.millis("shadow-lead", shadowLeadMillis),
            values.millis("migrate-lead", migrateLeadMillis),
            values.millis("prefetch-lead", prefetchLeadMillis),
            values.millis("proposal-time", proposalMillis),
            values.millis("admission-time", admissionMillis),
            values.millis("retry", retryMillis),
            values.count("max-attempts", maxAttempts),
            new ShadowPolicy(
                values.share("shadow-enter", shadow.enterRisk()),
                values.share("shadow-exit", shadow.exitRisk()),
                values.millis("shadow-enter-dwell", shadow.enterDwellMillis()),
                values.millis("shadow-exit-dwell", shadow.exitDwellMillis()),
                values.millis("shadow-horizon", shadow.horizonMillis()),
                values.millis("shadow-maintenance-ahead", shadow.maintenanceAheadMillis()),
                values.count("shadow-units-in-flight", shadow.unitsInFlight()),
                values.count("shadow-max-per-unit", shadow.shadowsPerUnit())));
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "the guard has no limit named " + String.join(", ", left.keySet()));
    }
    return changed;
  }

  /**
   * Every limit by its name, as people write it: what {@link #with} reads, in the order of the
   * components.
   */
  public Map<String, String> values() {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("predicted-acts-in-flight", String.valueOf(predictedActsInFlight));
    values.put("acts-in-flight", String.valueOf(actsInFlight));
    values.put("zone-acts-in-flight", String.valueOf(zoneActsInFlight));
    values.put("kind-acts-in-flight", String.valueOf(kindActsInFlight));
    values.put("rate-acts", String.valueOf(rateActs));
    values.put("rate-window", duration(rateWindowMillis));
    values.put("nodes-per-day", String.valueOf(nodesPerDayShare));
    values.put("failover-threshold", failoverSeverity.name().toLowerCase(Locale.ROOT));
    values.put("act-threshold", actSeverity.name().toLowerCase(Locale.ROOT));
    values.put("min-confidence", String.valueOf(minConfidence));
    values.put("min-probability", String.valueOf(minProbability));
    values.put("exit-probability", String.valueOf(exitProbability));
    values.put("dwell", duration(dwellMillis));
    values.put("storm-enter", String.valueOf(stormEnterShare));
    values.put("storm-exit", String.valueOf(stormExitShare));
    values.put("storm-min-nodes", String.valueOf(stormMinNodes));
    values.put("storm-cooldown", duration(stormCooldownMillis));
    values.put("max-sample-age", duration(maxSampleAgeMillis));
    values.put("max-lag", duration(maxLagMillis));
    values.put("max-model-age", duration(maxModelAgeMillis));
    values.put("max-telemetry-age", duration(maxTelemetryAgeMillis));
    values.put("max-target-probability", String.valueOf(maxTargetProbability));
    values.put("target-free", String.valueOf(targetFreeShare));
    values.put("target-rest", duration(targetRestMillis));
    values.put("max-replica-set-risk", String.valueOf(maxReplicaSetRisk));
    values.put("rack-correlation", String.valueOf(rackCorrelation));
    values.put("zone-correlation", String.valueOf(zoneCorrelation));
    values.put("max-cost", size(maxCostBytes));
    values.put("copy-bytes-per-second", size(copyBytesPerSecond));
    values.put("safety-factor", String.valueOf(safetyFactor));
    values.put("shadow-lead", duration(shadowLeadMillis));
    values.put("migrate-lead", duration(migrateLeadMillis));
    values.put("prefetch-lead", duration(prefetchLeadMillis));
    values.put("proposal-time", duration(proposalMillis));
    values.put("admission-time", duration(admissionMillis));
    values.put("retry", duration(retryMillis));
    values.put("max-attempts", String.valueOf(maxAttempts));
    values.put("shadow-enter", String.valueOf(shadow.enterRisk()));
    values.put("shadow-exit", String.valueOf(shadow.exitRisk()));
    values.put("shadow-enter-dwell", duration(shadow.enterDwellMillis()));
    values.put("shadow-exit-dwell", duration(shadow.exitDwellMillis()));
    values.put("shadow-horizon", duration(shadow.horizonMillis()));
    values.put("shadow-maintenance-ahead", duration(shadow.maintenanceAheadMillis()));
    values.put("shadow-units-in-flight", String.valueOf(shadow.unitsInFlight()));
    values.put("shadow-max-per-unit", String.valueOf(shadow.shadowsPerUnit()));
    return values;
  }

  private static String duration(long millis) {
    return millis % DAY == 0 && millis > 0
        ? millis / DAY + " d"
        : millis % HOUR == 0 && millis > 0
            ? millis / HOUR + " h"
            : millis % MINUTE == 0 && millis > 0
                ? millis / MINUTE + " min"
                : millis % 1_000 == 0 ? millis / 1_000 + " s" : millis + " ms";
  }

  private static String size(long bytes) {
    String[] units = {"b", "kb", "mb", "gb", "tb"};
    int unit = 0;
    long left = bytes;
    while (left > 0 && left % 1024 == 0 && unit < units.length - 1) {
      left /= 1024;
      unit++;
    }
    return left + " " + units[unit];
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is at least " + least + ", not " + value);
    }
  }

  private static void within(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " is " + least + " to " + most + " (milliseconds or count), not " + value);
    }
  }

  private static void share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is 0 to 1, not " + value);
    }
  }

  /** Takes values out of a map by name, so what is left was not known. */
  private record Values(Map<String, String> left) {

    private int count(String name, int otherwise) {
      String text = left.remove(name);
      return text == null ? otherwise : read(name, () -> PolicyValues.count(text));
    }

    private long millis(String name, long otherwise) {
      String text = left.remove(name);
      return text == null ? otherwise : read(name, () -> PolicyValues.durationMillis(text));
    }

    private long bytes(String name, long otherwise) {
      String text = left.remove(name);
      return text == null ? otherwise : read(name, () -> PolicyValues.sizeBytes(text));
    }

    private double share(String name, double otherwise) {
      String text = left.remove(name);
      return text == null ? otherwise : read(name, () -> PolicyValues.share(text));
    }

    private double number(String name, double otherwise) {
      String text = left.remove(name);
      return text == null ? otherwise : read(name, () -> PolicyValues.number(text));
    }

    private Severity severity(String name, Severity otherwise) {
      String text = left.remove(name);
      if (text == null) {
        return otherwise;
      }
      return read(
          name,
          () -> {
            for (Severity severity : Severity.values()) {
              if (severity != Severity.UNKNOWN
                  && severity.name().equals(text.trim().toUpperCase(Locale.ROOT))) {
                return severity;
              }
            }
            throw new IllegalArgumentException(
                "'" + text + "' is no severity, write info, warning, error or critical");
          });
    }

    private static <T> T read(String name, java.util.function.Supplier<T> reader) {
      try {
        return reader.get();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
      }
    }
  }
}
