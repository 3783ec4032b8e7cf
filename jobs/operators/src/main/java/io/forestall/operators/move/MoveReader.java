package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.MapRecords;
import io.forestall.wire.ReportRecords;
import io.forestall.wire.WireException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads the topics beside the log: what holders say, and the volumes' maps. What cannot be read is
 * a dead letter. Never throws.
 */
public final class MoveReader implements KafkaRecordDeserializationSchema<MoveInput> {

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_BYTES = {};
  private static final int MAX_KEY_CHARS = 1024;

  /** Takes the records of one topic; for one thread. */
  private interface Taker {
    /** The input of a record; its value is null in a tombstone. */
    MoveInput take(String key, byte @Nullable [] value) throws WireException;
  }

  /** Makes a taker when the job starts. */
  private interface TakerFactory extends Serializable {
    Taker open();
  }

  private final TakerFactory factory;
  private transient Taker taker;
  private transient DeadLetters letters;

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  private MoveReader(TakerFactory factory) {
    this.factory = factory;
  }

  /** A reader of the topic of digests. */
  public static MoveReader reports() {
    return new MoveReader(
        () -> {
          ReportRecords records = new ReportRecords();
          return (key, value) -> {
            if (value == null) {
              throw new WireException(DeadReason.MISSING_FIELD, "a digest has no tombstone");
            }
            return new MoveInput.Reported(records.decode(value));
          };
        });
  }

  /** A reader of the volumes' maps. */
  public static MoveReader maps() {
    return new MoveReader(
        () -> {
          MapRecords records = new MapRecords();
          return (key, value) ->
              value == null
                  ? new MoveInput.SliceRead(key, "", "", Long.MAX_VALUE, 1, List.of())
                  : slice(records.decode(value));
        });
  }

  private static MoveInput slice(MapSlice slice) {
    List<MoveInput.Unit> units = new ArrayList<>();
    for (MapSegment segment : slice.segments()) {
      List<Subject> shadows = new ArrayList<>(0);
      for (MapCopy copy : segment.copies()) {
        if (copy.role().equals(CopyRole.SHADOW.name())) {
          shadows.add(copy.node());
        }
      }
      if (!shadows.isEmpty()) {
        units.add(
            new MoveInput.Unit(
                segment.unit(), segment.owner(), MapRecords.unit(slice, segment).bytes(), shadows));
      }
    }
    return new MoveInput.SliceRead(
        MapRecords.key(slice),
        slice.volume(),
        slice.pool(),
        slice.version(),
        slice.blockBytes(),
        units);
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) {
    taker = factory.open();
    letters = new DeadLetters(DeltaReader.COMPONENT);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<MoveInput> out) {
    byte[] key = record.key() == null ? NO_BYTES : record.key();
    byte[] value = record.value();
    try {
      String name = new String(key, StandardCharsets.UTF_8);
      if (name.length() > MAX_KEY_CHARS) {
        throw new WireException(
            DeadReason.TOO_LARGE, "the key has more than " + MAX_KEY_CHARS + " characters");
      }
      out.collect(taker.take(name, value));
    } catch (WireException e) {
      out.collect(dead(record, e.reason(), String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      out.collect(
          dead(record, DeadReason.OTHER, "the record cannot be taken in: " + e.getMessage()));
    }
  }

  private MoveInput dead(ConsumerRecord<byte[], byte[]> record, DeadReason reason, String detail) {
    return new MoveInput.Dead(
        letters.record(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestamp(),
            reason,
            detail,
            record.value() == null ? NO_BYTES : record.value(),
            0));
  }

  @Override
  public TypeInformation<MoveInput> getProducedType() {
    return MoveInput.type();
  }
}
