package io.forestall.operators.decide;

import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.VolumeMap;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Sends what is said to its topics: decisions straight on, all else by the side. */
public final class SaidSorter extends ProcessFunction<Said, Decision> {

  private static final long serialVersionUID = 1L;

  @Override
  public void processElement(Said said, Context context, Collector<Decision> out) {
    switch (said.topic()) {
      case DECISIONS -> out.collect((Decision) said.record());
      case PROPOSALS -> context.output(DecideTags.PROPOSALS, (Proposal) said.record());
      case ADMISSIONS -> context.output(DecideTags.ADMISSIONS, (Admission) said.record());
      case POLICIES -> context.output(DecideTags.POLICIES, (Policy) said.record());
      case EVENTS -> context.output(DecideTags.NOTICES, (Event) said.record());
      case COMMANDS -> context.output(DecideTags.COMMANDS, (Command) said.record());
      case ACKS -> context.output(DecideTags.ENDS, (Ack) said.record());
      case MAPS -> context.output(DecideTags.MAPS, (VolumeMap) said.record());
    }
  }
}
