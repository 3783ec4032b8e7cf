package io.forestall.app.ingest;

/**
 * How far a feed has come. Immutable.
 *
 * @param summary exact counts so far
 * @param rowsInAll rows that there are, -1 when unknown; count
 * @param rowsPerSecond rate since the start of this run
 * @param elapsedMillis length of this run; milliseconds
 * @param leftMillis estimate of the time left, -1 when unknown; milliseconds
 */
public record FeedProgress(
    FeedSummary summary,
    long rowsInAll,
    double rowsPerSecond,
    long elapsedMillis,
    long leftMillis) {}
