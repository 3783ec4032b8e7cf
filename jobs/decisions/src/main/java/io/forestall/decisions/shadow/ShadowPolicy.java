package io.forestall.decisions.shadow;

/**
 * When a unit gets a shadow and when it loses it. Immutable.
 *
 * @param enterRisk probability that all its copies fail within the horizon at which a unit asks for
 *     a shadow; 0 to 1
 * @param exitRisk the same below which it no longer does, and below which one may go; 0 to 1
 * @param enterDwellMillis how long it must have asked before one is built; milliseconds
 * @param exitDwellMillis how long it must have done without before one goes; milliseconds
 * @param horizonMillis time ahead that the probability speaks of; milliseconds
 * @param maintenanceAheadMillis how long before maintenance of a node its copies no longer count;
 *     milliseconds
 * @param unitsInFlight units of a pool whose shadows are built at once; count
 * @param shadowsPerUnit most shadows of one unit; count
 */
public record ShadowPolicy(
    double enterRisk,
    double exitRisk,
    long enterDwellMillis,
    long exitDwellMillis,
    long horizonMillis,
    long maintenanceAheadMillis,
    int unitsInFlight,
    int shadowsPerUnit) {

  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** Most shadows of a unit that the stream of its deltas feeds; count. */
  public static final int MOST_SHADOWS = 8;

  /** The shipped values. */
  public static final ShadowPolicy DEFAULTS =
      new ShadowPolicy(1e-3, 1e-4, 5 * MINUTE, HOUR, DAY, 4 * HOUR, 64, 2);

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException when one makes no sense, with a sentence
   */
  public ShadowPolicy {
    share("shadow-enter", enterRisk);
    share("shadow-exit", exitRisk);
    if (exitRisk > enterRisk) {
      throw new IllegalArgumentException("shadow-exit must not be above shadow-enter");
    }
    within("shadow-enter-dwell", enterDwellMillis, 0, 7 * DAY);
    within("shadow-exit-dwell", exitDwellMillis, 0, 30 * DAY);
    within("shadow-horizon", horizonMillis, MINUTE, 365 * DAY);
    within("shadow-maintenance-ahead", maintenanceAheadMillis, 0, 30 * DAY);
    within("shadow-units-in-flight", unitsInFlight, 0, 100_000);
    within("shadow-max-per-unit", shadowsPerUnit, 0, MOST_SHADOWS);
  }

  private static void share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " is 0 to 1, not " + value);
    }
  }

  private static void within(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + " is " + least + " to " + most + " (milliseconds or count), not " + value);
    }
  }
}
