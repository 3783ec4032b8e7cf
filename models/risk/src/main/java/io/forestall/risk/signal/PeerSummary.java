package io.forestall.risk.signal;

/**
 * What a group of peers did in one closed window of event time, by signal: how many reported it,
 * the median and a robust spread (1.4826 x median absolute deviation) of the members' means. And,
 * where the group has enough load, the line of latency against throughput over the members.
 * Immutable by convention.
 *
 * @param peers name of the group
 * @param startMillis start of the window, inclusive; epoch milliseconds
 * @param endMillis end of the window, exclusive; epoch milliseconds
 * @param members members by {@link Signal#ordinal()}; count
 * @param medians medians by signal ordinal, NaN where no member reported it
 * @param spreads spreads by signal ordinal, NaN where no member reported it
 * @param latencyIntercept latency at no load of the group's line, NaN without a line; seconds
 * @param latencySlope growth of latency with operations a second, at least 0, NaN without a line
 * @param latencySpread robust spread of the members around the line, NaN without a line; seconds
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its operator's tests field by field
public record PeerSummary(
    String peers,
    long startMillis,
    long endMillis,
    int[] members,
    double[] medians,
    double[] spreads,
    double latencyIntercept,
    double latencySlope,
    double latencySpread) {}
