package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import io.forestall.wire.ShadowRecords;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes steps to the topic {@code shadow-apply}: the payload is copied once, into the record. Keys
 * and their partitions are made once for each stream.
 */
public final class StepWriter implements KafkaRecordSerializationSchema<ShadowStep> {

  private static final long serialVersionUID = 1L;
  private static final int MAX_STREAMS = 100_000;

  private final String topic;
  private transient ShadowRecords records;
  private transient int partitions;
  private transient Map<Stream, Place> places;

  /** One stream. */
  private record Stream(Subject shadow, String unit) {}

  /** Where its records go. */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
  private record Place(byte[] key, int partition) {}

  /**
   * A writer.
   *
   * @param topic full name of the topic
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public StepWriter(String topic) {
    this.topic = topic;
  }

  @Override
  public void open(
      SerializationSchema.InitializationContext context, KafkaSinkContext sinkContext) {
    records = new ShadowRecords();
    partitions = sinkContext.getPartitionsForTopic(topic).length;
    places = new LinkedHashMap<>();
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(
      ShadowStep step, KafkaSinkContext context, @Nullable Long timeMillis) {
    Stream stream = new Stream(step.shadow(), step.unit());
    Place place = places.get(stream);
    if (place == null) {
      if (places.size() >= MAX_STREAMS) {
        places.remove(places.keySet().iterator().next());
      }
      String key = ShadowRecords.key(step);
      place = new Place(Keys.bytes(key), FixedPartitioner.partition(key, partitions));
      places.put(stream, place);
    }
    return new ProducerRecord<>(topic, place.partition(), null, place.key(), records.encode(step));
  }
}
