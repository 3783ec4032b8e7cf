package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.operators.kafka.PartitionCount;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.NameCache;
import io.forestall.wire.WireException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads deltas as every holder of a unit reads them: a record is refused by all or by none, and
 * what does not stand in the unit's own partition, under its name, is no delta of it. Every record
 * of the log becomes one input, a refused one too, so that a break of the log shows in the offsets.
 * The payload is never decompressed. Never throws.
 */
public final class DeltaReader implements KafkaRecordDeserializationSchema<MoveInput> {

  /** Name of the job in dead letters. */
  static final String COMPONENT = "move";

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_BYTES = {};
  private static final int MAX_HOMES = 65_536;

  private final PartitionCount partitions;
  private transient DeltaRecords records;
  private transient DeadLetters letters;
  private transient NameCache names;

  /** Home partitions of the units read of last; bounded as the names are. */
  private transient Map<String, Integer> homes;

  private transient int count;

  /**
   * A reader.
   *
   * @param partitions of the log, by which each unit has its own
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public DeltaReader(PartitionCount partitions) {
    this.partitions = partitions;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) throws Exception {
    count = partitions.ask();
    names = new NameCache();
    homes = new HashMap<>();
    records = new DeltaRecords();
    letters = new DeadLetters(COMPONENT);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<MoveInput> out) {
    byte[] key = record.key() == null ? NO_BYTES : record.key();
    byte[] value = record.value();
    String unit = names.text(key, 0, key.length);
    try {
      if (unit.isEmpty() || unit.length() > Subject.MAX_ID_CHARS) {
        throw new WireException(DeadReason.OUT_OF_RANGE, "the key of a delta names no unit");
      }
      if (!isHome(unit, record.partition())) {
        unit = "";
        throw new WireException(
            DeadReason.OUT_OF_RANGE, "the delta does not stand in its unit's partition");
      }
      if (value == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a delta has no tombstone");
      }
      Delta delta = records.decode(value);
      if (!delta.unit().equals(unit)) {
        throw new WireException(DeadReason.OUT_OF_RANGE, "the key of a delta is not its unit");
      }
      out.collect(
          new MoveInput.DeltaRead(
              delta, record.partition(), record.offset(), 0, record.timestamp()));
    } catch (WireException e) {
      out.collect(refused(record, unit, e.reason(), String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      // Whatever a hostile record can still cause is its own fault, never the job's end.
      out.collect(
          refused(record, unit, DeadReason.OTHER, "a delta cannot be taken in: " + e.getMessage()));
    }
  }

  private boolean isHome(String unit, int partition) {
    if (count == PartitionCount.ANY) {
      return true;
    }
    Integer home = homes.get(unit);
    if (home == null) {
      if (homes.size() >= MAX_HOMES) {
        homes.clear();
      }
      home = FixedPartitioner.partition(unit, count);
      homes.put(unit, home);
    }
    return home == partition;
  }

  private MoveInput refused(
      ConsumerRecord<byte[], byte[]> record, String unit, DeadReason reason, String detail) {
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
