package io.forestall.risk.symptom;

import io.forestall.risk.signal.Signal;

/**
 * What is usual for one signal of one thing. Row A8.
 *
 * @param signal the signal
 * @param samples samples it stands on; count
 * @param level usual value now, season and trend included; unit of the signal
 * @param spread usual distance from it; unit of the signal
 * @param last newest value; unit of the signal
 * @param peerMedian median of the peers in the last closed window, NaN when there are none
 */
public record Baseline(
    Signal signal, long samples, double level, double spread, double last, double peerMedian) {}
