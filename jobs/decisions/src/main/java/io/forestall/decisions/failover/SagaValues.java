package io.forestall.decisions.failover;

/** Names of measurements in acks that the saga, the console and the benchmarks read. */
public final class SagaValues {

  /** Units of the command that the answerer holds a sound copy of; count. */
  public static final String UNITS_HELD = "units-held";

  /** Units of the command that the answerer now owns and serves; count. */
  public static final String UNITS_SERVING = "units-serving";

  /** Units of the command whose takeover counted in the ownership log; count. */
  public static final String UNITS_FENCED = "units-fenced";

  /** Units of the command that are drained to their barrier; count. */
  public static final String UNITS_DRAINED = "units-drained";

  /** Deltas that the answerer has not read yet, over all units of the command; count. */
  public static final String LAG_DELTAS = "lag-deltas";

  /** Their payloads as they travel, over all units of the command; bytes. */
  public static final String LAG_BYTES = "lag-bytes";

  /** What the target of a switchover had to read when it began; bytes. */
  public static final String DRAIN_BYTES = "drain-bytes";

  /** Pause that was expected of a switchover when it began; milliseconds. */
  public static final String EXPECTED_PAUSE_MILLIS = "expected-pause-millis";

  /**
   * From the answerer's append of the takeover to serving, longest over its units; milliseconds.
   */
  public static final String TAKEOVER_MILLIS = "takeover-millis";

  /** Prefix of {@code client/<id>}: milliseconds since that client last asked for a unit. */
  public static final String CLIENT_PREFIX = "client/";

  private SagaValues() {}
}
