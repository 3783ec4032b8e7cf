package io.forestall.risk;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Annual failure rates of drive models, learned from the training period only and stored with the
 * weights. Immutable.
 *
 * @param fleetRate annual failure rate over all drives of the training period; failures per
 *     drive-year, above 0
 * @param rates annual failure rate by drive model, already shrunk towards the fleet's by whoever
 *     trained; failures per drive-year
 */
public record DriveModelHazards(double fleetRate, Map<String, Double> rates) {
  /** Knows no drive model: its input is always 0. */
  public static final DriveModelHazards NONE = new DriveModelHazards(0.02, Map.of());

  /**
   * @throws IllegalArgumentException when a rate is not a positive finite number
   */
  public DriveModelHazards {
    requireRate("the fleet", fleetRate);
    rates.forEach(DriveModelHazards::requireRate);
    rates = Map.copyOf(rates);
  }

  /**
   * The input of a drive model: ln(rate / fleet rate) within -3 to 3, 0 for a model that is unknown
   * or null.
   */
  public float input(@Nullable String driveModel) {
    if (driveModel == null || rates.isEmpty()) {
      return 0f;
    }
    Double rate = rates.get(driveModel);
    return rate == null ? 0f : (float) Math.max(-3, Math.min(3, Math.log(rate / fleetRate)));
  }

  /** The rates in the order of their names, for writing. */
  TreeMap<String, Double> sorted() {
    return new TreeMap<>(rates);
  }

  private static void requireRate(String what, double rate) {
    if (!(rate > 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException(
          "Annual failure rate of " + what + " must be above 0, not " + rate);
    }
  }
}
