package io.forestall.operators.correlate;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.SymptomRouter;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Lets through the events of types that a rule of the job listens to; dead letters leave by the
 * side. Most events of a fleet concern no rule: they end here, before anything is sent anywhere.
 */
public final class CorrelateIntake extends ProcessFunction<CorrelateInput, FleetEvent> {

  private static final long serialVersionUID = 1L;

  private final Rules rules;

  private transient SymptomRouter everything;
  private transient Map<DeadReason, Counter> deadLetters;
  private transient MetricGroup group;
  private transient Counter received;
  private transient Counter filtered;

  /** An intake for these rules, also those that are switched off: that changes live. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public CorrelateIntake(Rules rules) {
    this.rules = rules;
  }

  @Override
  public void open(OpenContext context) {
    everything = new SymptomRouter(RulesInForce.allOn(rules.set()));
    group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    received = group.counter("eventsReceived");
    filtered = group.counter("eventsFiltered");
    deadLetters = new EnumMap<>(DeadReason.class);
  }

  @Override
  public void processElement(CorrelateInput input, Context context, Collector<FleetEvent> out) {
    DeadLetter letter = input.letter();
    if (letter != null) {
      deadLetters
          .computeIfAbsent(
              letter.getReason(),
              reason -> group.addGroup("reason", reason.name()).counter("deadLetters"))
          .inc();
      context.output(CorrelateTags.DEAD_LETTERS, letter);
      return;
    }
    FleetEvent event = input.event();
    if (event == null) {
      return;
    }
    received.inc();
    if (everything.listensTo(event.type())) {
      out.collect(event);
    } else {
      filtered.inc();
    }
  }
}
