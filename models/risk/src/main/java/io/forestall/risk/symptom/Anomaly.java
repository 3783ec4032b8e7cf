package io.forestall.risk.symptom;

import io.forestall.risk.signal.Signal;

/**
 * One signal that behaves unusually.
 *
 * @param signal the signal
 * @param sinceMillis event time at which it began; with the thing and the signal it names the
 *     anomaly; epoch milliseconds
 * @param value its value at the sample; unit of the signal
 * @param expected what its own history (or its peers) lets expect; unit of the signal
 * @param spread usual distance from it, above 0; unit of the signal
 * @param score calibrated anomaly score, 0 usual to 1 certain
 * @param worse true when the deviation is to the bad side
 * @param byPeers true when the peers say so, false when its own history does
 */
public record Anomaly(
    Signal signal,
    long sinceMillis,
    double value,
    double expected,
    double spread,
    double score,
    boolean worse,
    boolean byPeers) {}
