package io.forestall.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.risk.FailureMode;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.Keys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The correlate job as a user runs it: a real broker, the shipped rules, a restart between. */
@Timeout(300)
class CorrelateEndToEndTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Map<String, String> QUICK =
      Map.of(
          "forestall.correlate.out-of-orderness", "1 s",
          "forestall.correlate.quiet-after", "500 ms",
          "forestall.correlate.start-quiet", "500 ms",
          "execution.checkpointing.interval", "1 h");

  @Test
  void eventsBecomeIncidentsAndARestartRepeatsNoId(@TempDir Path directory) throws Exception {
    long nowMillis = System.currentTimeMillis();
    List<Incident> before = new ArrayList<>();
    try (LocalRuntime runtime = LocalRuntime.start(LocalRuntime.Settings.in(directory))) {
      runtime.createTopics();
      try (KafkaProducer<byte[], byte[]> producer = producer(runtime)) {
        FleetEntry node =
            FleetEntries.of(
                FleetMember.node(new Place("n-1", "r-1", "z-1", "eu", "pool-1"), false), nowMillis);
        send(producer, Topics.FLEET, "node/n-1", AvroCodec.of(FleetEntry.class).encode(node));
        SubmittedJob job = runtime.submitCorrelate(QUICK);
        runtime.flink().awaitRunning(job, PATIENCE);

        send(producer, Topics.EVENTS, "disk/bad", new byte[] {1, 2, 3});
        event(
            producer, Topics.PREDICTED_EVENTS, event("p-1", "disk.failed", "d-1", true, nowMillis));
        event(producer, Topics.EVENTS, event("f-1", "disk.failed", "d-2", false, nowMillis + 1));
        try (Reader<Incident> incidents = new Reader<>(runtime, Topics.INCIDENTS, Incident.class);
            Reader<DeadLetter> letters =
                new Reader<>(runtime, Topics.DEAD_LETTERS, DeadLetter.class)) {
          incidents.until(() -> opened(incidents.all) >= 2);
          letters.until(() -> !letters.all.isEmpty());
          before.addAll(incidents.all);
          assertThat(letters.all.get(0).getComponent()).isEqualTo("correlate");
          assertThat(letters.all.get(0).getDetail()).startsWith("event: ");
        }
        assertThat(before)
            .extracting(Incident::getRule)
            .contains("disk-expected-to-fail", "disk-failed");
        assertThat(before).allMatch(each -> "pool-1".equals(each.getPool()));
        runtime.flink().checkpoint(job, PATIENCE);
      }
    }
    try (LocalRuntime runtime = LocalRuntime.start(LocalRuntime.Settings.in(directory));
        KafkaProducer<byte[], byte[]> producer = producer(runtime)) {
      SubmittedJob job = runtime.submitCorrelate(QUICK);
      runtime.flink().awaitRunning(job, PATIENCE);
      assertThat(job.resumedFrom()).isNotNull();
      // The same failure said once more, and the repair of the other disk.
      event(producer, Topics.EVENTS, event("f-1", "disk.failed", "d-2", false, nowMillis + 1));
      event(
          producer,
          Topics.EVENTS,
          event("r-1", "disk.replaced", "d-2", false, System.currentTimeMillis()));
      try (Reader<Incident> incidents = new Reader<>(runtime, Topics.INCIDENTS, Incident.class)) {
        incidents.until(
            () ->
                incidents.all.stream().anyMatch(each -> each.getState() == IncidentState.RESOLVED));
        assertThat(incidents.all)
            .extracting(Incident::getId)
            .as("no incident but those that were open")
            .allMatch(id -> before.stream().anyMatch(each -> each.getId().equals(id)));
        Incident resolved =
            incidents.all.stream()
                .filter(each -> each.getState() == IncidentState.RESOLVED)
                .findFirst()
                .orElseThrow();
        assertThat(resolved.getRule()).isEqualTo("disk-failed");
        assertThat(resolved.getEvents()).extracting(each -> each.getId()).contains("f-1");
      }
    }
  }

  private static long opened(List<Incident> incidents) {
    return incidents.stream().filter(each -> each.getState() == IncidentState.OPENED).count();
  }

  private static FleetEvent event(
      String id, String type, String disk, boolean predicted, long timeMillis) {
    return new FleetEvent(
        id,
        type,
        predicted ? Severity.WARNING : Severity.CRITICAL,
        predicted,
        Subject.disk(disk),
        List.of(Subject.node("n-1")),
        timeMillis,
        null,
        predicted ? 0.9 : 1,
        predicted ? 86_400_000 : 0,
        predicted ? 0.7 : null,
        predicted ? FailureMode.DISK : null,
        predicted ? 70.0 : null,
        predicted ? "disk-lstm" : null,
        predicted ? 1 : null,
        "test",
        type + " of " + disk,
        Map.of(),
        Map.of());
  }

  private static KafkaProducer<byte[], byte[]> producer(LocalRuntime runtime) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", runtime.kafka().bootstrapServers()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static void event(KafkaProducer<byte[], byte[]> producer, Topics topic, FleetEvent event)
      throws Exception {
    send(
        producer,
        topic,
        event.entity().toString(),
        AvroCodec.of(Event.class).encode(IncidentRecords.event(event)));
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, Topics topic, String key, byte[] value)
      throws Exception {
    var sent =
        producer
            .send(
                new ProducerRecord<>(
                    topic.name("forestall"),
                    FixedPartitioner.partition(key, topic.spec().partitions()),
                    Keys.bytes(key),
                    value))
            .get();
    assertThat(sent.hasOffset()).isTrue();
  }

  /** Reads a topic from its beginning. */
  private static final class Reader<T extends SpecificRecordBase> implements AutoCloseable {
    final List<T> all = new ArrayList<>();
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final AvroCodec<T> codec;

    Reader(LocalRuntime runtime, Topics topic, Class<T> type) {
      codec = AvroCodec.of(type);
      consumer =
          new KafkaConsumer<>(
              Map.of("bootstrap.servers", runtime.kafka().bootstrapServers()),
              new ByteArrayDeserializer(),
              new ByteArrayDeserializer());
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < topic.spec().partitions(); i++) {
        partitions.add(new TopicPartition(topic.name("forestall"), i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
    }

    void until(BooleanSupplier enough) throws Exception {
      Await.until(
          PATIENCE,
          "enough records",
          () -> {
            for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(100))) {
              byte @Nullable [] value = each.value();
              if (value != null) {
                all.add(codec.decode(value));
              }
            }
            return enough.getAsBoolean();
          });
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
