package io.forestall.nodes;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.Severity;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.Keys;
import io.forestall.wire.WriterSchemas;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends telemetry, fleet entries, events of failed disks and dead letters to Kafka: idempotent,
 * each key always to the same partition, in bounded memory (a full buffer blocks the caller). The
 * first record that cannot be sent is reported by the next call. Not safe for threads.
 */
public final class TelemetryPublisher implements FrameSink, AutoCloseable {

  private static final List<Topics> WRITTEN =
      List.of(Topics.TELEMETRY, Topics.FLEET, Topics.EVENTS, Topics.DEAD_LETTERS, Topics.SCHEMAS);
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(30);

  private final Producer<byte[], byte[]> producer;
  private final String prefix;
  private final Map<Topics, Integer> partitions = new EnumMap<>(Topics.class);
  private final Map<Topics, AtomicLong> acknowledged = new EnumMap<>(Topics.class);
  private final AtomicReference<@Nullable PublishException> failure = new AtomicReference<>();

  private final AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
  private final AvroCodec<FleetEntry> fleet = AvroCodec.of(FleetEntry.class);
  private final AvroCodec<Event> events = AvroCodec.of(Event.class);
  private final AvroCodec<DeadLetter> letters = AvroCodec.of(DeadLetter.class);
  private final AvroCodec<SchemaRecord> schemas = AvroCodec.of(SchemaRecord.class);

  TelemetryPublisher(Producer<byte[], byte[]> producer, String prefix) {
    this.producer = producer;
    this.prefix = prefix;
    for (Topics topic : WRITTEN) {
      String name = topic.name(prefix);
      int count;
      try {
        count = producer.partitionsFor(name).size();
      } catch (KafkaException e) {
        throw new PublishException(
            "the broker does not know the topic "
                + name
                + ": is Kafka reachable, and were the topics created (forestall topics create)? "
                + e.getMessage(),
            e);
      }
      partitions.put(topic, count);
      acknowledged.put(topic, new AtomicLong());
    }
  }

  /**
   * Connects, and finds the topics.
   *
   * @param client properties of the Kafka client, at least {@code bootstrap.servers}; they win over
   *     ours except where safety depends on ours
   * @param prefix first word of the topics
   * @throws PublishException when the broker does not answer or lacks a topic
   */
  public static TelemetryPublisher open(Properties client, String prefix) {
    Properties all = new Properties();
    all.put("linger.ms", "20");
    all.put("batch.size", Integer.toString(256 * 1024));
    all.put("buffer.memory", Integer.toString(32 * 1024 * 1024));
    all.put("compression.type", "zstd");
    all.put("max.block.ms", "30000");
    all.put("delivery.timeout.ms", "120000");
    all.put("client.id", "forestall-telemetry");
    all.putAll(client);
    all.put("acks", "all");
    all.put("enable.idempotence", "true");
    all.put("key.serializer", ByteArraySerializer.class.getName());
    all.put("value.serializer", ByteArraySerializer.class.getName());
    Producer<byte[], byte[]> producer;
    try {
      producer = new KafkaProducer<>(all);
    } catch (KafkaException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new PublishException("Kafka client settings are wrong: " + reason.getMessage(), e);
    }
    try {
      return new TelemetryPublisher(producer, prefix);
    } catch (PublishException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  /**
   * Puts the schemas that this publisher writes on their topic, so that older readers understand
   * newer records. Sending them again is harmless.
   *
   * @param writer program and version that writes
   * @param nowMillis time of publication; milliseconds since 1970-01-01 UTC
   */
  public void publishSchemas(String writer, long nowMillis) {
    publishSchema(frames.schema(), frames.fingerprint(), writer, nowMillis);
    publishSchema(fleet.schema(), fleet.fingerprint(), writer, nowMillis);
    publishSchema(events.schema(), events.fingerprint(), writer, nowMillis);
    publishSchema(letters.schema(), letters.fingerprint(), writer, nowMillis);
    flush();
  }

  private void publishSchema(Schema schema, long fingerprint, String writer, long nowMillis) {
    SchemaRecord record = new SchemaRecord();
    record.setFingerprint(fingerprint);
    record.setRecord(schema.getFullName());
    record.setJson(schema.toString());
    record.setWriter(writer);
    record.setTimeMillis(nowMillis);
    send(Topics.SCHEMAS, WriterSchemas.fingerprintKey(fingerprint), schemas.encode(record));
  }

  @Override
  public void member(FleetMember member, long timeMillis) {
    FleetEntry entry = FleetEntries.of(member, timeMillis);
    send(Topics.FLEET, Keys.of(entry.getEntity()), fleet.encode(entry));
  }

  @Override
  public void retire(Subject subject) {
    send(Topics.FLEET, Keys.of(FleetEntries.entity(subject)), null);
  }

  @Override
  public void frame(TelemetryFrame frame) {
    send(Topics.TELEMETRY, frame.getNode(), frames.encode(frame));
  }

  @Override
  public void failure(DiskFailure diskFailure, String source) {
    Event event = event(diskFailure, source);
    send(Topics.EVENTS, Keys.of(event.getEntity()), events.encode(event));
  }

  @Override
  public void deadLetter(DeadLetter letter) {
    send(Topics.DEAD_LETTERS, letter.getOrigin(), letters.encode(letter));
  }

  @Override
  public void flush() {
    producer.flush();
    check();
  }

  /** Records of a topic that the broker has acknowledged; count. */
  public long acknowledged(Topics topic) {
    AtomicLong count = acknowledged.get(topic);
    return count == null ? 0 : count.get();
  }

  /** Waits for what is under way, at most half a minute, and ends. */
  @Override
  public void close() {
    producer.close(CLOSE_PATIENCE);
  }

  // The identifier names disk and time, so an event that is sent again is the same event.
  private static Event event(DiskFailure failure, String source) {
    Event event = new Event();
    event.setId("disk.failed/" + failure.disk() + "/" + failure.timeMillis());
    event.setType("disk.failed");
    event.setSeverity(Severity.CRITICAL);
    event.setPredicted(false);
    event.setEntity(new EntityRef(EntityKind.DISK, failure.disk()));
    event.setRelated(List.of(new EntityRef(EntityKind.NODE, failure.node())));
    event.setTimeMillis(failure.timeMillis());
    event.setConfidence(1.0);
    event.setHorizonMillis(0L);
    event.setMode(FailureMode.DISK);
    event.setSource(source);
    event.setSummary(
        String.format(
            Locale.ROOT,
            "Disk %s of node %s failed, as %s reports for %s",
            failure.disk(),
            failure.node(),
            source,
            Instant.ofEpochMilli(failure.timeMillis())));
    event.setValues(Map.of());
    event.setLabels(Map.of());
    return event;
  }

  private void send(Topics topic, String key, byte @Nullable [] value) {
    check();
    Integer count = partitions.get(topic);
    if (count == null) {
      throw new IllegalArgumentException("the publisher does not write " + topic);
    }
    String name = topic.name(prefix);
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(name, FixedPartitioner.partition(key, count), Keys.bytes(key), value);
    try {
      var unused =
          producer.send(
              record,
              (metadata, problem) -> {
                if (problem == null) {
                  AtomicLong sent = acknowledged.get(topic);
                  if (sent != null) {
                    sent.incrementAndGet();
                  }
                } else {
                  failure.compareAndSet(null, failed(name, key, problem));
                }
              });
    } catch (KafkaException e) {
      throw failed(name, key, e);
    }
  }

  private void check() {
    PublishException known = failure.get();
    if (known != null) {
      throw known;
    }
  }

  private static PublishException failed(String topic, String key, Exception problem) {
    String what = "cannot send the record of " + key + " to " + topic + ": ";
    if (problem instanceof RecordTooLargeException) {
      return new PublishException(
          what + "it is larger than the broker takes; raise max.message.bytes of the topic",
          problem);
    }
    if (problem instanceof TimeoutException) {
      return new PublishException(
          what + "the broker did not take it in time; is it up, and its disk not full?", problem);
    }
    return new PublishException(what + problem.getMessage(), problem);
  }
}
