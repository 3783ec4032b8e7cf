package io.forestall.app;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Risk;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Tier;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** A pool of ten nodes on the topics of a real broker, and what the decide job says about it. */
final class TestingPools implements AutoCloseable {

  private static final String POOL = "p1";
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final KafkaOptions kafka;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Map<Topics, List<SpecificRecordBase>> read = new EnumMap<>(Topics.class);
  private final Map<Topics, KafkaConsumer<byte[], byte[]>> consumers = new EnumMap<>(Topics.class);

  TestingPools(LocalRuntime runtime) {
    kafka = runtime.kafkaOptions();
    producer =
        new KafkaProducer<>(
            kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  void send(Topics topic, String key, byte @Nullable [] value) throws Exception {
    producer
        .send(
            new ProducerRecord<>(
                topic.name(kafka.topicPrefix()),
                FixedPartitioner.partition(key, topic.spec().partitions()),
                key.getBytes(StandardCharsets.UTF_8),
                value))
        .get();
  }

  @SuppressWarnings("unchecked")
  void send(Topics topic, String key, SpecificRecordBase record) throws Exception {
    send(topic, key, AvroCodec.of((Class<SpecificRecordBase>) record.getClass()).encode(record));
  }

  /** Ten nodes in five racks and two zones, healthy, and a volume with a unit on each. */
  void fleet() throws Exception {
    List<SegmentEntry> segments = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      send(
          Topics.FLEET,
          "node/n" + i,
          FleetEntry.newBuilder()
              .setEntity(node(i))
              .setTimeMillis(System.currentTimeMillis())
              .setRack("r" + i % 5)
              .setZone("z" + i % 2)
              .setRegion("eu")
              .setPool(POOL)
              .setTier("")
              .setCapacityBytes(100L << 30)
              .setSynthetic(false)
              .setLabels(Map.of("free-bytes", Long.toString(60L << 30), "forestall.level", "2"))
              .build());
      segments.add(
          SegmentEntry.newBuilder()
              .setUnit("u-" + i)
              .setIndex(i)
              .setOwner(node(i))
              .setEpoch(1)
              .setWriteMode(WriteMode.SYNCHRONOUS)
              .setCopies(List.of(copy((i + 1) % 10), copy((i + 3) % 10)))
              .build());
    }
    risks();
    VolumeMap map = new VolumeMap();
    map.setVolume("v");
    map.setPool(POOL);
    map.setSlice(0);
    map.setSlices(1);
    map.setVersion(1);
    map.setVolumeBytes(10L << 30);
    map.setSegmentBytes(1L << 30);
    map.setBlockBytes(4096);
    map.setMinReplicas(2);
    map.setSegments(segments);
    map.setTimeMillis(System.currentTimeMillis());
    send(Topics.MAPS, "v/0", map);
  }

  /** Everybody is healthy as of now. */
  void risks() throws Exception {
    for (int i = 0; i < 10; i++) {
      send(
          Topics.RISK,
          "node/n" + i,
          Risk.newBuilder()
              .setEntity(node(i))
              .setTimeMillis(System.currentTimeMillis())
              .setSamples(7)
              .setScore(0.1)
              .setTier(Tier.HEALTHY)
              .setTierSinceMillis(0)
              .setProbability(0.001)
              .setHorizonMillis(3_600_000)
              .setConfidence(0.9)
              .setModes(
                  List.of(
                      new ModeRisk(
                          FailureMode.SOFTWARE, 0.001, 3_600_000L, "symptoms", 1, List.of())))
              .build());
    }
  }

  private static EntityRef node(int number) {
    return new EntityRef(EntityKind.NODE, "n" + number);
  }

  private static Copy copy(int number) {
    return new Copy(node(number), CopyRole.REPLICA, CopyState.IN_SYNC, 0L);
  }

  /** A node has failed; the incident asks for a failover. */
  void failed(int number) throws Exception {
    long now = System.currentTimeMillis();
    Incident incident = new Incident();
    incident.setId("i-" + number);
    incident.setRevision(1);
    incident.setState(IncidentState.OPENED);
    incident.setSeverity(Severity.CRITICAL);
    incident.setSummary("n" + number + " has failed.");
    incident.setSubject(node(number));
    incident.setPool(POOL);
    incident.setPredicted(false);
    incident.setConfidence(1);
    incident.setRecommendation(io.forestall.schemas.ActKind.FAILOVER);
    incident.setRule("rule");
    incident.setRuleVersion(1);
    incident.setCorrelationKey("node/n" + number);
    incident.setSuspects(List.of());
    incident.setAffected(List.of(node(number)));
    incident.setEvents(List.of());
    incident.setEventCount(1);
    incident.setOpenedMillis(now - 10);
    incident.setUpdatedMillis(now - 10);
    incident.setLabels(Map.of());
    send(Topics.INCIDENTS, incident.getId(), incident);
  }

  /** An operator's word, unsigned. */
  void policy(PolicyRecord.Kind kind, String scope, String... parameters) throws Exception {
    long now = System.currentTimeMillis();
    Map<String, String> all = new java.util.TreeMap<>();
    for (int i = 0; i < parameters.length; i += 2) {
      all.put(parameters[i], parameters[i + 1]);
    }
    String key = PolicyRecords.key(scope, kind, "test");
    PolicyRecord record =
        new PolicyRecord(
            key,
            "test",
            kind,
            1,
            true,
            scope,
            scope.equals("all") ? null : Subject.parse(scope),
            ActKind.UNKNOWN,
            null,
            "ann",
            "the test says so",
            now,
            now,
            kind == PolicyRecord.Kind.MAINTENANCE ? (Long) (now + 3_600_000) : null,
            all,
            "");
    send(Topics.POLICIES, key, new PolicyRecords(Signatures.Trusted.NONE).write(record, null));
  }

  /** What a topic holds, once something of it is as awaited. */
  <T extends SpecificRecordBase> List<T> await(
      Topics topic, Class<T> type, String what, Predicate<List<T>> enough) throws Exception {
    AvroCodec<T> codec = AvroCodec.of(type);
    List<SpecificRecordBase> all = read.computeIfAbsent(topic, each -> new ArrayList<>());
    KafkaConsumer<byte[], byte[]> consumer = consumers.computeIfAbsent(topic, this::consumer);
    List<T> typed = new ArrayList<>();
    try {
      Await.until(
          PATIENCE,
          what,
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
              all.add(codec.decode(record.value()));
            }
            typed.clear();
            all.forEach(each -> typed.add(type.cast(each)));
            return enough.test(typed);
          });
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError(what + "; there is only " + typed, e);
    }
    return typed;
  }

  /** Everything that stands in a topic when it is asked for, and what was read of it before. */
  <T extends SpecificRecordBase> List<T> toEnd(Topics topic, Class<T> type) throws Exception {
    KafkaConsumer<byte[], byte[]> consumer = consumers.computeIfAbsent(topic, this::consumer);
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    return await(
        topic,
        type,
        "the end of " + topic,
        all ->
            ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue()));
  }

  /** Records of a topic of one partition. */
  long end(Topics topic) throws Exception {
    return end(topic, 0);
  }

  /** Records of the partition of a key. */
  long end(Topics topic, String key) throws Exception {
    return end(topic, FixedPartitioner.partition(key, topic.spec().partitions()));
  }

  private long end(Topics topic, int number) throws Exception {
    TopicPartition partition = new TopicPartition(topic.name(kafka.topicPrefix()), number);
    try (Admin admin = kafka.openAdmin()) {
      return admin
          .listOffsets(Map.of(partition, OffsetSpec.latest()))
          .partitionResult(partition)
          .get()
          .offset();
    }
  }

  /** How far a job has read a topic of one partition, as of its newest checkpoint. */
  long committed(String group, Topics topic) throws Exception {
    return committed(group, topic, 0);
  }

  /** How far a job has read the partition of a key, as of its newest checkpoint. */
  long committed(String group, Topics topic, String key) throws Exception {
    return committed(group, topic, FixedPartitioner.partition(key, topic.spec().partitions()));
  }

  private long committed(String group, Topics topic, int number) throws Exception {
    TopicPartition partition = new TopicPartition(topic.name(kafka.topicPrefix()), number);
    try (Admin admin = kafka.openAdmin()) {
      var offset =
          admin
              .listConsumerGroupOffsets(group)
              .partitionsToOffsetAndMetadata()
              .get()
              .get(partition);
      return offset == null ? 0 : offset.offset();
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer(Topics topic) {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions = new ArrayList<>();
    for (int i = 0; i < topic.spec().partitions(); i++) {
      partitions.add(new TopicPartition(topic.name(kafka.topicPrefix()), i));
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    return consumer;
  }

  @Override
  public void close() {
    producer.close();
    consumers.values().forEach(KafkaConsumer::close);
  }
}
