package io.forestall.sim;

/**
 * A planted fault: a label beside the telemetry, never in it. Immutable.
 *
 * @param id name of this fault
 * @param kind what goes wrong
 * @param target key of the thing, {@code kind/id}
 * @param startMillis when it begins, inclusive; milliseconds since 1970-01-01 UTC
 * @param endMillis when it is over, exclusive; milliseconds since 1970-01-01 UTC
 * @param severity how bad, above 0 to 1
 */
public record Fault(
    String id, FaultKind kind, String target, long startMillis, long endMillis, double severity) {

  /**
   * @throws IllegalArgumentException when the kind cannot befall the target, the fault ends before
   *     it begins or the severity is not above 0 and at most 1
   */
  public Fault {
    if (id.isBlank()) {
      throw new IllegalArgumentException("a fault needs a name");
    }
    if (!kind.befalls(target)) {
      throw new IllegalArgumentException(
          kind.word()
              + " befalls "
              + String.join(", ", kind.targets())
              + ", not '"
              + target
              + "': name one as kind/id");
    }
    if (endMillis < startMillis) {
      throw new IllegalArgumentException("fault " + id + " ends before it begins");
    }
    if (!(severity > 0 && severity <= 1)) {
      throw new IllegalArgumentException(
          "a severity is above 0 and at most 1, not " + severity + " (fault " + id + ")");
    }
  }

  /** True while it lasts. */
  public boolean activeAt(long timeMillis) {
    return timeMillis >= startMillis && timeMillis < endMillis;
  }

  /** The same fault, over at this time if it would last longer. */
  public Fault endedAt(long timeMillis) {
    return new Fault(
        id,
        kind,
        target,
        startMillis,
        Math.max(startMillis, Math.min(endMillis, timeMillis)),
        severity);
  }

  /** How far a clock jump moves the frames' times; milliseconds. */
  public long clockJumpMillis() {
    return Math.max(1, Math.round(30 * severity)) * 60_000;
  }

  /** Part of it that has passed, 0 to 1. */
  double progress(long timeMillis) {
    double length = Math.max(1, endMillis - startMillis);
    return Math.min(1, Math.max(0, (timeMillis - startMillis) / length));
  }
}
