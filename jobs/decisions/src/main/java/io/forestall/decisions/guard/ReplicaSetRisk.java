package io.forestall.decisions.guard;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/**
 * How likely it is that all copies of a unit fail within a horizon (G9): what matters is the set,
 * not a single node. Pure.
 *
 * <p>Copies in one rack have a share of their failures in common, and racks in one zone a smaller
 * one: of {@code n} copies with one cause in common, all fail together as often as the safest of
 * them does. With the share {@code c}: {@code (1 - c) * product + c * minimum}. Zones fail on their
 * own.
 */
public final class ReplicaSetRisk {

  private ReplicaSetRisk() {}

  /**
   * One copy.
   *
   * @param probability that it fails within the horizon, 0 to 1
   * @param rack rack it stands in, empty when unknown
   * @param zone failure zone it stands in, empty when unknown
   */
  public record Copy(double probability, String rack, String zone) {}

  /**
   * The probability that every copy fails.
   *
   * @param copies the copies; none at all is a lost unit, 1
   * @param rackCorrelation share of failures that a rack's copies have in common, 0 to 1
   * @param zoneCorrelation share of failures that a zone's racks have in common, 0 to 1
   */
  public static double allFail(
      Collection<Copy> copies, double rackCorrelation, double zoneCorrelation) {
    Map<String, Map<String, double[]>> zones = new TreeMap<>();
    for (Copy copy : copies) {
      double p = Math.min(1, Math.max(0, copy.probability()));
      double[] productAndMinimum =
          zones
              .computeIfAbsent(copy.zone(), zone -> new TreeMap<>())
              .computeIfAbsent(copy.rack(), rack -> new double[] {1, 1});
      productAndMinimum[0] *= p;
      productAndMinimum[1] = Math.min(productAndMinimum[1], p);
    }
    double all = 1;
    for (Map<String, double[]> racks : zones.values()) {
      double product = 1;
      double minimum = 1;
      for (double[] rack : racks.values()) {
        double p = (1 - rackCorrelation) * rack[0] + rackCorrelation * rack[1];
        product *= p;
        minimum = Math.min(minimum, p);
      }
      all *= (1 - zoneCorrelation) * product + zoneCorrelation * minimum;
    }
    return all;
  }

  /**
   * A probability over another time, as if the rate of failure were constant.
   *
   * @param probability within the horizon, 0 to 1
   * @param horizonMillis its horizon; 0 or less means it is certain already and stays as it is
   * @param otherMillis the other horizon
   */
  public static double within(double probability, long horizonMillis, long otherMillis) {
    if (horizonMillis <= 0 || otherMillis <= 0 || probability >= 1 || probability <= 0) {
      return probability;
    }
    return -Math.expm1(Math.log1p(-probability) * ((double) otherMillis / horizonMillis));
  }
}
