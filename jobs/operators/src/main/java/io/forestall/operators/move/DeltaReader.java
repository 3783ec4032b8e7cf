package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads deltas as every holder of a unit reads them: a record is refused by all or by none. Every
 * record of the log becomes one input, a refused one too, so that a break of the log shows in the
 * offsets. The payload is never decompressed. Never throws.
 */
public final class DeltaReader implements KafkaRecordDeserializationSchema<MoveInput> {

  /** Name of the job in dead letters. */
  static final String COMPONENT = "move";

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_BYTES = {};

  private transient DeltaRecords records;
  private transient DeadLetters letters;

  /** A reader. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public DeltaReader() {}

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    records = new DeltaRecords();
    letters = new DeadLetters(COMPONENT);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<MoveInput> out) {
    byte[] value = record.value();
    try {
      if (value == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a delta has no tombstone");
      }
      out.collect(
          new MoveInput.DeltaRead(
              records.decode(value), record.partition(), record.offset(), 0, record.timestamp()));
    } catch (WireException e) {
      out.collect(refused(record, e.reason(), String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      // Whatever a hostile record can still cause is its own fault, never the job's end.
      out.collect(
          refused(record, DeadReason.OTHER, "a delta cannot be taken in: " + e.getMessage()));
    }
  }

  private MoveInput refused(
      ConsumerRecord<byte[], byte[]> record, DeadReason reason, String detail) {
    byte[] key = record.key() == null ? NO_BYTES : record.key();
    String unit = new String(key, StandardCharsets.UTF_8);
    byte[] value = record.value() == null ? NO_BYTES : record.value();
    return new MoveInput.Unreadable(
        unit.length() > Subject.MAX_ID_CHARS ? "" : unit,
        record.partition(),
        record.offset(),
        0,
        letters.record(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestamp(),
            reason,
            detail,
            value,
            1));
  }

  @Override
  public TypeInformation<MoveInput> getProducedType() {
    return MoveInput.type();
  }
}
