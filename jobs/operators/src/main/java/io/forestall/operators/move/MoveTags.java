package io.forestall.operators.move;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.DeadLetter;
import org.apache.flink.util.OutputTag;

/** Side outputs of the steps of the move job. */
public final class MoveTags {

  /** What could not be taken in. */
  public static final OutputTag<DeadLetter> DEAD_LETTERS =
      new OutputTag<>("dead-letters", AvroType.info(DeadLetter.class));

  /** How shadows stand. */
  public static final OutputTag<StandingUpdate> STANDINGS =
      new OutputTag<>("standings", RecordFormat.STANDING_UPDATE.info(StandingUpdate.class));

  /** What is to be told: bytes that differ, deltas that were lost. */
  public static final OutputTag<FleetEvent> EVENTS =
      new OutputTag<>("events", RecordFormat.FLEET_EVENT.info(FleetEvent.class));

  private MoveTags() {}
}
