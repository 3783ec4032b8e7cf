package io.forestall.sim.world;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What came of one simulation. Immutable.
 *
 * @param seed its seed: the same seed, scenario and bug give the same report
 * @param scenario name of its scenario
 * @param bug name of the planted bug, {@code none} when there was none
 * @param steps steps that were taken
 * @param digest of everything that was said and appended; equal digests mean equal histories
 * @param counts how often what happened, by name
 * @param invariant the invariant that did not hold, null when all held
 * @param message how it did not hold, a sentence; null when all held
 */
public record SimulationReport(
    long seed,
    String scenario,
    String bug,
    long steps,
    long digest,
    Map<String, Long> counts,
    @Nullable String invariant,
    @Nullable String message) {

  /** Copies the map. */
  public SimulationReport {
    counts = java.util.Collections.unmodifiableMap(new TreeMap<>(counts));
  }

  /** True when no invariant was violated. */
  public boolean clean() {
    return invariant == null;
  }

  /** How often something happened. */
  public long count(String name) {
    return counts.getOrDefault(name, 0L);
  }
}
