package io.forestall.operators.kafka;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Event;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.WireException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * Reads an event, checked wholly, or a dead letter that says what is wrong with the record. Never
 * throws.
 */
public final class EventReader implements KafkaRecordDeserializationSchema<CorrelateInput> {

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_PAYLOAD = {};

  private final long futureToleranceMillis;

  private transient AvroCodec<Event> codec;
  private transient DeadLetters letters;

  /**
   * A reader.
   *
   * @param futureToleranceMillis how far ahead of the broker's clock an event may be; milliseconds
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public EventReader(long futureToleranceMillis) {
    this.futureToleranceMillis = futureToleranceMillis;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    codec = AvroCodec.of(Event.class);
    letters = new DeadLetters("correlate");
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<CorrelateInput> out) {
    byte[] value = record.value();
    if (value == null) {
      out.collect(dead(record, DeadReason.MISSING_FIELD, "an event has no tombstone", NO_PAYLOAD));
      return;
    }
    FleetEvent event;
    try {
      event = IncidentRecords.event(codec.decode(value));
    } catch (WireException e) {
      out.collect(dead(record, e.reason(), "event: " + e.getMessage(), value));
      return;
    }
    // Only the broker's clock can tell that a writer's clock is ahead.
    if (record.timestampType() == TimestampType.LOG_APPEND_TIME
        && event.timeMillis() > record.timestamp() + futureToleranceMillis) {
      out.collect(
          dead(
              record,
              DeadReason.FUTURE_TIME,
              "event: timeMillis is "
                  + (event.timeMillis() - record.timestamp())
                  + " ms ahead of the broker's clock: set the writer's clock",
              value));
      return;
    }
    out.collect(CorrelateInput.of(event));
  }

  private CorrelateInput dead(
      ConsumerRecord<byte[], byte[]> record, DeadReason reason, String detail, byte[] payload) {
    return CorrelateInput.dead(
        letters.record(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestamp(),
            reason,
            detail,
            payload,
            1));
  }

  @Override
  public TypeInformation<CorrelateInput> getProducedType() {
    return CorrelateInput.type();
  }
}
