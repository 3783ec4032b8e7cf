package io.forestall.app.console;

import java.util.List;

/**
 * What is usual for one entity now.
 *
 * @param timeMillis event time of the newest sample in it; milliseconds since 1970-01-01 UTC
 * @param samples samples of the entity so far
 * @param signals one entry for each signal
 */
record BaselineView(long timeMillis, long samples, List<SignalView> signals) {

  /** One signal. Components as in {@code SignalBaseline}; {@code peerMedian} is NaN for none. */
  record SignalView(
      String signal, long samples, double level, double spread, double last, double peerMedian) {}
}
