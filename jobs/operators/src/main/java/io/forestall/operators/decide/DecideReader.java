package io.forestall.operators.decide;

import io.forestall.operators.types.NamedClass;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.WireException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads one topic of the decide job: what cannot be read is a dead letter, and nothing is thrown.
 * {@link DecideReaders} has one for each topic.
 *
 * @param <T> record of the topic
 */
public final class DecideReader<T extends SpecificRecordBase>
    implements KafkaRecordDeserializationSchema<DecideInput> {

  /** Name of the job in dead letters. */
  static final String COMPONENT = "decide";

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_BYTES = {};
  private static final int MAX_KEY_CHARS = 1024;

  /** Takes a record; made when the job starts, by the thread that reads. */
  interface Taker<T> {
    /**
     * Takes a record.
     *
     * @param key key of the record; empty when it has none
     * @param record null for a tombstone
     */
    void take(String key, @Nullable T record, Consumer<DecideInput> out) throws WireException;

    /**
     * Takes a record of a topic in which the place matters.
     *
     * @param offset its place in its partition
     */
    default void takeAt(long offset, String key, @Nullable T record, Consumer<DecideInput> out)
        throws WireException {
      take(key, record, out);
    }
  }

  /** Makes a taker when the job starts. */
  interface TakerFactory<T> extends Serializable {
    Taker<T> open() throws Exception;
  }

  /** Whether a record with such a key is read at all. */
  interface KeyFilter extends Serializable {
    boolean wants(byte[] key);
  }

  private final NamedClass<T> type;
  private final TakerFactory<T> factory;
  private final @Nullable KeyFilter filter;
  private final boolean quiet;

  private transient AvroCodec<T> codec;
  private transient Taker<T> taker;
  private transient DeadLetters letters;

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  DecideReader(Class<T> type, TakerFactory<T> factory, @Nullable KeyFilter filter) {
    this(type, factory, filter, false);
  }

  /**
   * A reader.
   *
   * @param quiet true when another reader of the same topic tells of what cannot be read
   */
  @SuppressWarnings("NullAway.Init") // as above
  DecideReader(Class<T> type, TakerFactory<T> factory, @Nullable KeyFilter filter, boolean quiet) {
    this.type = NamedClass.of(type);
    this.factory = factory;
    this.filter = filter;
    this.quiet = quiet;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) throws Exception {
    codec = AvroCodec.of(type.get());
    taker = factory.open();
    letters = new DeadLetters(COMPONENT);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<DecideInput> out) {
    byte[] key = record.key() == null ? NO_BYTES : record.key();
    if (filter != null && !filter.wants(key)) {
      return;
    }
    byte[] value = record.value();
    try {
      String name = new String(key, StandardCharsets.UTF_8);
      if (name.length() > MAX_KEY_CHARS) {
        throw new WireException(
            DeadReason.TOO_LARGE, "the key has more than " + MAX_KEY_CHARS + " characters");
      }
      taker.takeAt(record.offset(), name, value == null ? null : codec.decode(value), out::collect);
    } catch (WireException e) {
      dead(record, e.reason(), String.valueOf(e.getMessage()), out);
    } catch (RuntimeException e) {
      // Whatever a hostile record can still cause is its own fault, never the job's end.
      dead(record, DeadReason.OTHER, type + " cannot be taken in: " + e.getMessage(), out);
    }
  }

  private void dead(
      ConsumerRecord<byte[], byte[]> record,
      DeadReason reason,
      String detail,
      Collector<DecideInput> out) {
    if (quiet) {
      return;
    }
    byte[] value = record.value();
    out.collect(
        new DecideInput.Dead(
            letters.record(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                reason,
                detail,
                value == null ? NO_BYTES : value,
                0)));
  }

  @Override
  public TypeInformation<DecideInput> getProducedType() {
    return DecideInput.type();
  }
}
