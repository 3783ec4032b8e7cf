package io.forestall.operators.kafka;

import io.forestall.wire.SchemaTopic;
import io.forestall.wire.WriterSchemas;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Lets a reader understand writers that are newer than this job: when it meets an unknown schema,
 * the topic of writer schemas is read, at most once a minute, so that a flood of garbage does not
 * stop the stream.
 */
public final class SchemaFollowingReader<T> implements KafkaRecordDeserializationSchema<T> {

  private static final long serialVersionUID = 1L;
  private static final Duration AT_MOST_EVERY = Duration.ofMinutes(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final KafkaRecordDeserializationSchema<T> reader;
  private final String schemaTopic;
  private final Properties clientProperties;

  /**
   * A reader around another.
   *
   * @param reader who reads the records
   * @param schemaTopic full name of the topic of writer schemas
   * @param clientProperties properties of a Kafka client
   */
  public SchemaFollowingReader(
      KafkaRecordDeserializationSchema<T> reader, String schemaTopic, Properties clientProperties) {
    this.reader = reader;
    this.schemaTopic = schemaTopic;
    this.clientProperties = clientProperties;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) throws Exception {
    Map<String, Object> properties = new HashMap<>();
    clientProperties.forEach((name, value) -> properties.put(String.valueOf(name), value));
    SchemaTopic.of(schemaTopic, properties).follow(WriterSchemas.shared(), AT_MOST_EVERY, TIMEOUT);
    reader.open(context);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<T> out)
      throws IOException {
    reader.deserialize(record, out);
  }

  @Override
  public TypeInformation<T> getProducedType() {
    return reader.getProducedType();
  }
}
