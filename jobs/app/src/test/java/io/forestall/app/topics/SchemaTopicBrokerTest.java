package io.forestall.app.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.SchemaTopic;
import io.forestall.wire.WireException;
import io.forestall.wire.WriterSchemas;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Writer schemas on a real broker: what a newer writer publishes, an older reader learns. */
@Timeout(120)
class SchemaTopicBrokerTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void anOlderReaderLearnsFromTheTopic(@TempDir Path directory) throws Exception {
    Schema newer =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"Fresh\",\"fields\":["
                    + "{\"name\":\"more\",\"type\":\"string\"},"
                    + "{\"name\":\"a\",\"type\":\"long\"}]}");
    Schema older =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"Fresh\",\"fields\":["
                    + "{\"name\":\"a\",\"type\":\"long\"}]}");
    GenericRecord record = new GenericData.Record(newer);
    record.put("more", "m");
    record.put("a", 9L);
    byte[] bytes = AvroCodec.generic(newer, WriterSchemas.released()).encode(record);

    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory)) {
      KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), "t");
      String topic = Topics.SCHEMAS.name("t");
      Map<String, Object> client = new HashMap<>();
      options.clientProperties().forEach((name, value) -> client.put(name.toString(), value));

      WriterSchemas early = WriterSchemas.released();
      SchemaTopic.of(topic, client).follow(early, Duration.ofHours(1), Duration.ofSeconds(2));
      AvroCodec<GenericRecord> before = AvroCodec.generic(older, early);
      assertThatThrownBy(() -> before.decode(bytes))
          .as("there is no such topic yet")
          .isInstanceOf(WireException.class);

      CommandLine line = Forestall.commandLine();
      StringWriter out = new StringWriter();
      line.setOut(new PrintWriter(out));
      assertThat(
              line.execute(
                  "topics",
                  "create",
                  "--bootstrap-servers",
                  kafka.bootstrapServers(),
                  "--topic-prefix",
                  "t"))
          .isZero();
      assertThat(out.toString()).contains(SchemaHistory.load().size() + " writer schemas");
      long fingerprint = SchemaNormalization.parsingFingerprint64(newer);
      Properties properties = options.clientProperties();
      try (KafkaProducer<byte[], byte[]> producer =
          new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
        producer.send(new ProducerRecord<>(topic, new byte[] {1}, new byte[] {2, 3})).get();
        producer
            .send(
                new ProducerRecord<>(
                    topic,
                    Keys.bytes(WriterSchemas.fingerprintKey(fingerprint)),
                    AvroCodec.of(SchemaRecord.class)
                        .encode(
                            new SchemaRecord(fingerprint, "Fresh", newer.toString(), "newer", 0L))))
            .get();
      }

      WriterSchemas writers = WriterSchemas.released();
      SchemaTopic.of(topic, client).follow(writers, Duration.ofHours(1), SOON);
      assertThat(AvroCodec.generic(older, writers).decode(bytes).get("a")).isEqualTo(9L);
      assertThat(SchemaTopic.of(topic, client).readToEnd(writers, SOON)).isZero();
    }
  }
}
