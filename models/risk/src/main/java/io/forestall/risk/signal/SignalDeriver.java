package io.forestall.risk.signal;

import org.jspecify.annotations.Nullable;

/**
 * Derives signals from samples: rates of counters (a counter that fell has restarted: no rate),
 * ratios, latencies. Pure. Not thread-safe. Rows A1, A5.
 */
public interface SignalDeriver {

  /**
   * Derives what two samples that follow each other say.
   *
   * @param state counters of the sample before; moved on
   * @param sample the sample
   * @param peers name of the group of peers, empty for none
   * @return the signals, null when the sample is not newer than the one before: nothing has changed
   *     then
   */
  @Nullable SignalSample derive(SignalState state, EntitySample sample, String peers);
}
