package io.forestall.operators;

import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.WireException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Lets through only model records that can score; the others go to the dead letters and change
 * nothing. Runs once, before the broadcast, so that a bad model makes one dead letter and not one
 * for each instance.
 */
public final class ModelGate extends ProcessFunction<ModelInput, ModelInput> {

  private static final long serialVersionUID = 1L;

  private final String topic;
  private final ModelShelf.Origin origin;

  private transient ModelShelf shelf;
  private transient DeadLetters letters;
  private transient SenseMetrics metrics;
  private transient Counter models;

  /** A gate that tries each model with the factory that will score. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public ModelGate(SenseSettings settings, byte[] shippedModel, ModelFactory factory) {
    this.topic = Topics.MODELS.name(settings.topicPrefix());
    this.origin = new ModelShelf.Origin(shippedModel, factory);
  }

  @Override
  public void open(OpenContext context) {
    shelf = new ModelShelf(origin);
    letters = new DeadLetters("sense");
    metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    models = metrics.group().counter("models");
  }

  @Override
  public void close() {
    if (shelf != null) {
      shelf.close();
    }
  }

  @Override
  public void processElement(ModelInput input, Context context, Collector<ModelInput> out) {
    byte[] record = input.value();
    if (record != null) {
      try {
        shelf.put(input.key(), record);
        shelf.remove(input.key());
      } catch (WireException e) {
        metrics.deadLetter(e.reason());
        context.output(
            SenseTags.DEAD_LETTERS,
            letters.record(
                topic,
                input.partition(),
                input.offset(),
                context.timestamp() == null ? 0 : Math.max(0, context.timestamp()),
                DeadReason.BAD_MODEL,
                "model record " + input.key() + ": " + e.getMessage(),
                record,
                1));
        return;
      }
    }
    models.inc();
    out.collect(input);
  }
}
