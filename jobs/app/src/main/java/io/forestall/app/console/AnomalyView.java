package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import org.jspecify.annotations.Nullable;

/**
 * One anomaly as it stands: the newest record of those that share entity, signal and beginning.
 * Components as in {@code AnomalyRecord}.
 *
 * @param peak highest anomaly score of its records, 0 to 1
 */
record AnomalyView(
    EntityKind kind,
    String id,
    @Nullable String node,
    String signal,
    long sinceMillis,
    long timeMillis,
    boolean ended,
    double value,
    double expected,
    double spread,
    double score,
    double peak,
    boolean worse,
    boolean byPeers,
    String text) {}
