package io.forestall.operators.kafka;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Event;
import io.forestall.wire.AnomalyEvents;
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
import org.jspecify.annotations.Nullable;

/**
 * Reads an event, or an anomaly as the event that it is, checked wholly, or a dead letter that says
 * what is wrong with the record. Never throws.
 */
public final class EventReader implements KafkaRecordDeserializationSchema<CorrelateInput> {

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_PAYLOAD = {};

  private final boolean anomalies;
  private final long futureToleranceMillis;

  private transient Decoder decoder;
  private transient DeadLetters letters;

  /** How the bytes of a record become an event; null when what they say is none. */
  private interface Decoder {
    @Nullable FleetEvent decode(byte[] bytes) throws WireException;
  }

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  private EventReader(boolean anomalies, long futureToleranceMillis) {
    this.anomalies = anomalies;
    this.futureToleranceMillis = futureToleranceMillis;
  }

  /**
   * A reader of events, real or predicted.
   *
   * @param futureToleranceMillis how far ahead of the broker's clock an event may be; milliseconds
   */
  public static EventReader events(long futureToleranceMillis) {
    return new EventReader(false, futureToleranceMillis);
  }

  /**
   * A reader of anomalies, of which those that begin to the bad side are events.
   *
   * @param futureToleranceMillis how far ahead of the broker's clock an anomaly may be;
   *     milliseconds
   */
  public static EventReader anomalies(long futureToleranceMillis) {
    return new EventReader(true, futureToleranceMillis);
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    letters = new DeadLetters("correlate");
    if (anomalies) {
      AvroCodec<AnomalyRecord> codec = AvroCodec.of(AnomalyRecord.class);
      decoder = bytes -> checked(AnomalyEvents.event(codec.decode(bytes)));
    } else {
      AvroCodec<Event> codec = AvroCodec.of(Event.class);
      decoder = bytes -> IncidentRecords.event(codec.decode(bytes));
    }
  }

  /** Anomalies are few: what they become is held to all that is asked of an event. */
  private static @Nullable FleetEvent checked(@Nullable FleetEvent event) throws WireException {
    return event == null ? null : IncidentRecords.event(IncidentRecords.event(event));
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
      event = decoder.decode(value);
    } catch (WireException e) {
      out.collect(dead(record, e.reason(), "event: " + e.getMessage(), value));
      return;
    }
    if (event == null) {
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
