package io.forestall.app.console;

import io.forestall.schemas.Tier;
import java.util.List;

/**
 * One score of an entity's past.
 *
 * @param timeMillis event time, rounded down to the second; milliseconds since 1970-01-01 UTC
 * @param score failure score, 0 to 100
 * @param probability probability of failure within the horizon, 0 to 1
 * @param confidence trust in the probability, 0 to 1
 * @param tier tier after this sample
 * @param stale true when silence made this point, not a sample
 * @param reasons the largest contributions, largest first
 */
record HistoryPoint(
    long timeMillis,
    double score,
    double probability,
    double confidence,
    Tier tier,
    boolean stale,
    List<Part> reasons) {

  /**
   * One reason.
   *
   * @param metric canonical metric or derived feature
   * @param value its value at the sample
   * @param contribution part of the log-odds due to it, in nats; positive raises the risk
   */
  record Part(String metric, double value, double contribution) {}
}
