package io.forestall.operators.kafka;

import io.forestall.operators.types.NamedClass;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import java.io.Serializable;
import java.util.function.Function;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes one record of the contract: key in UTF-8, partition by {@link FixedPartitioner}, value in
 * single-object encoding, or a tombstone. The record's time is left to the broker: event time there
 * would let retention delete what a replay has just written.
 *
 * @param <E> element of the stream
 * @param <T> record of the contract
 */
public final class RecordWriter<E, T extends SpecificRecordBase>
    implements KafkaRecordSerializationSchema<E> {

  private static final long serialVersionUID = 1L;

  /**
   * A function that travels with the job.
   *
   * @param <A> argument
   * @param <B> result
   */
  public interface Part<A, B extends @Nullable Object> extends Function<A, B>, Serializable {}

  private final String topic;
  private final NamedClass<T> type;
  private final Part<E, String> key;
  private final Part<E, @Nullable T> value;

  private transient AvroCodec<T> codec;
  private transient int partitions;

  /**
   * A writer.
   *
   * @param topic full name of the topic
   * @param type record of the contract
   * @param key key of an element
   * @param value record of an element, null for a tombstone
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public RecordWriter(
      String topic, Class<T> type, Part<E, String> key, Part<E, @Nullable T> value) {
    this.topic = topic;
    this.type = NamedClass.of(type);
    this.key = key;
    this.value = value;
  }

  @Override
  public void open(
      SerializationSchema.InitializationContext context, KafkaSinkContext sinkContext) {
    codec = AvroCodec.of(type.get());
    partitions = sinkContext.getPartitionsForTopic(topic).length;
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(
      E element, KafkaSinkContext context, @Nullable Long timeMillis) {
    String name = key.apply(element);
    T record = value.apply(element);
    return new ProducerRecord<>(
        topic,
        FixedPartitioner.partition(name, partitions),
        null,
        Keys.bytes(name),
        record == null ? null : codec.encode(record));
  }
}
