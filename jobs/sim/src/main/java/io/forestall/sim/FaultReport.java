package io.forestall.sim;

import io.forestall.risk.FailureMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What came of several trials together: by kind of fault how many were found and how soon, and by
 * mode how often an alarm was raised for nothing. Immutable.
 *
 * @param kinds one line for each kind of which a fault was planted
 * @param falseAlarms with faults in the fleet: alarms a node-week by mode
 * @param falseAlarmsHealthy in fleets without a fault: alarms a node-week by mode
 * @param nodeWeeks nodes times weeks with faults
 * @param nodeWeeksHealthy nodes times weeks without
 * @param samples samples that were taken in; count
 */
public record FaultReport(
    List<Line> kinds,
    Map<FailureMode, Double> falseAlarms,
    Map<FailureMode, Double> falseAlarmsHealthy,
    double nodeWeeks,
    double nodeWeeksHealthy,
    long samples) {

  /** Modes of which there can be alarms. */
  private static final List<FailureMode> MODES =
      List.of(FailureMode.DISK, FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW);

  public FaultReport {
    kinds = List.copyOf(kinds);
    falseAlarms = Map.copyOf(falseAlarms);
    falseAlarmsHealthy = Map.copyOf(falseAlarmsHealthy);
  }

  /**
   * One kind of fault.
   *
   * @param kind the kind
   * @param faults faults that were planted; count
   * @param found those that were found while they lasted or within a quarter of an hour after;
   *     count
   * @param medianDelayMillis time until half of those that were found were found, -1 for none;
   *     milliseconds
   * @param p90DelayMillis time until nine in ten of those were found, -1 for none; milliseconds
   * @param wronglyBlamed faults for which something else was blamed as well; count
   */
  public record Line(
      FaultKind kind,
      int faults,
      int found,
      long medianDelayMillis,
      long p90DelayMillis,
      int wronglyBlamed) {}

  /**
   * Puts trials together.
   *
   * @param withFaults trials with faults
   * @param healthy trials without
   */
  public static FaultReport of(
      List<FaultTrial.Result> withFaults, List<FaultTrial.Result> healthy) {
    Map<FaultKind, List<FaultTrial.Outcome>> byKind = new EnumMap<>(FaultKind.class);
    for (FaultTrial.Result result : withFaults) {
      for (FaultTrial.Outcome outcome : result.outcomes()) {
        byKind.computeIfAbsent(outcome.fault().kind(), kind -> new ArrayList<>()).add(outcome);
      }
    }
    List<Line> lines = new ArrayList<>();
    byKind.forEach(
        (kind, outcomes) -> {
          long[] delays =
              outcomes.stream()
                  .filter(FaultTrial.Outcome::found)
                  .mapToLong(FaultTrial.Outcome::delayMillis)
                  .sorted()
                  .toArray();
          lines.add(
              new Line(
                  kind,
                  outcomes.size(),
                  delays.length,
                  quantile(delays, 0.5),
                  quantile(delays, 0.9),
                  (int) outcomes.stream().filter(o -> !o.wrong().isEmpty()).count()));
        });
    return new FaultReport(
        lines,
        alarms(withFaults),
        alarms(healthy),
        withFaults.stream().mapToDouble(FaultTrial.Result::nodeWeeks).sum(),
        healthy.stream().mapToDouble(FaultTrial.Result::nodeWeeks).sum(),
        withFaults.stream().mapToLong(FaultTrial.Result::samples).sum()
            + healthy.stream().mapToLong(FaultTrial.Result::samples).sum());
  }

  private static Map<FailureMode, Double> alarms(List<FaultTrial.Result> results) {
    double weeks = results.stream().mapToDouble(FaultTrial.Result::nodeWeeks).sum();
    Map<FailureMode, Double> rates = new EnumMap<>(FailureMode.class);
    for (FailureMode mode : MODES) {
      long count =
          results.stream()
              .flatMap(result -> result.falseAlarms().stream())
              .filter(alarm -> alarm.mode() == mode)
              .count();
      rates.put(mode, weeks > 0 ? count / weeks : 0);
    }
    return rates;
  }

  /** The smallest value that this share of all does not exceed, -1 for none. */
  private static long quantile(long[] sorted, double share) {
    if (sorted.length == 0) {
      return -1;
    }
    Arrays.sort(sorted);
    return sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}
