package io.forestall.decisions.incident;

import io.forestall.decisions.Subject;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * How surprising it is that a signal of a thing speaks, judged by past incidents only: one that
 * spoke in each of them says nothing of the cause of the next, one that never spoke says much.
 * Older incidents fade. What is not known of one thing is taken from the same signal of other
 * things.
 *
 * <p>The weight of an event goes with it as the value {@value #WEIGHT}, its signal (finer than its
 * type) as the label {@value #SIGNAL}. Bounded; for one thread.
 */
public final class SignalHistory {

  /** Value of an event that says how much the event says of the cause, 0 or more; natural log. */
  public static final String WEIGHT = "weight";

  /** Label of an event that names its signal, finer than its type. */
  public static final String SIGNAL = "signal";

  /** What each further incident leaves of the weight of those before. */
  private static final double FADE = 0.8;

  /** How many incidents the same signal of other things counts for. */
  private static final double PRIOR_INCIDENTS = 2;

  /** Least number of things over which a signal is spread, until more are known. */
  private static final int LEAST_THINGS = 8;

  /** Most signals of things that are remembered; past it the most faded are forgotten. */
  private static final int MAX_REMEMBERED = 200_000;

  private record Spoken(Subject entity, String signal) {}

  private final Map<Spoken, Double> spoke = new HashMap<>();
  private final Map<String, Double> bySignal = new HashMap<>();
  private final Map<String, Integer> things = new HashMap<>();
  private double incidents;

  /**
   * How surprising it is that this signal of this thing speaks now.
   *
   * @return minus the natural logarithm of the share of past incidents in which it spoke, 0 or more
   */
  public double surprise(Subject entity, String signal) {
    double others =
        (bySignal.getOrDefault(signal, 0.0) + 1)
            / (incidents + 1)
            / Math.max(LEAST_THINGS, things.getOrDefault(signal, 0));
    double share =
        (spoke.getOrDefault(new Spoken(entity, signal), 0.0) + PRIOR_INCIDENTS * others)
            / (incidents + PRIOR_INCIDENTS);
    return Math.max(0, -Math.log(Math.min(1, share)));
  }

  /**
   * Learns from an incident that is over.
   *
   * @param signals signals that spoke in it, by thing
   */
  public void learn(Map<Subject, Set<String>> signals) {
    spoke.replaceAll((key, share) -> share * FADE);
    bySignal.replaceAll((key, share) -> share * FADE);
    spoke.values().removeIf(share -> share < 1e-6);
    signals.forEach(
        (entity, names) -> {
          for (String name : new HashSet<>(names)) {
            if (spoke.merge(new Spoken(entity, name), 1.0, Double::sum) == 1.0) {
              things.merge(name, 1, Integer::sum);
            }
            bySignal.merge(name, 1.0, Double::sum);
          }
        });
    incidents = incidents * FADE + 1;
    double least = 1e-6;
    while (spoke.size() > MAX_REMEMBERED) {
      least *= 2;
      double now = least;
      spoke.values().removeIf(share -> share < now);
    }
    if (bySignal.size() > MAX_REMEMBERED) {
      bySignal.values().removeIf(share -> share < 0.1);
      things.keySet().retainAll(bySignal.keySet());
    }
  }
}
