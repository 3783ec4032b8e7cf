package io.forestall.topologies;

/**
 * Uids of the move job's operators. They name state in savepoints: none is ever changed or used
 * again for something else.
 */
public final class MoveUids {

  public static final String DELTA_SOURCE = "move-delta-source";
  public static final String LOG_WATCH = "move-log-watch";
  public static final String REPORT_SOURCE = "move-report-source";
  public static final String REPORT_INTAKE = "move-report-intake";
  public static final String MAP_SOURCE = "move-map-source";
  public static final String MAP_INTAKE = "move-map-intake";
  public static final String UNITS = "move-units";
  public static final String STREAMS = "move-streams";
  public static final String STEP_SINK = "move-step-sink";
  public static final String STANDING_SINK = "move-standing-sink";
  public static final String EVENT_SINK = "move-event-sink";
  public static final String DEAD_LETTER_SINK = "move-dead-letter-sink";

  private MoveUids() {}
}
