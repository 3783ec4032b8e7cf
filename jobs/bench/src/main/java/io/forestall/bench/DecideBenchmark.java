package io.forestall.bench;

import com.sun.management.OperatingSystemMXBean;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.Decision;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.configuration.Configuration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The decide job in advise mode, a real broker in the same process: from an incident to its
 * decision, both by the broker's clock at which each was appended, in milliseconds. The first fifth
 * warms up and is not counted.
 *
 * <p>Arguments: {@code --nodes 10000 --rate 5000 --seconds 20 --parallelism 2 --directory DIR}.
 */
public final class DecideBenchmark {

  private static final double WARM_UP = 0.2;

  private DecideBenchmark() {}

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(args, "--nodes", "--rate", "--seconds", "--directory", "--parallelism");
    int nodes = Integer.parseInt(options.getOrDefault("--nodes", "10000"));
    int rate = Integer.parseInt(options.getOrDefault("--rate", "5000"));
    int count = rate * Integer.parseInt(options.getOrDefault("--seconds", "20"));
    Path directory =
        options.containsKey("--directory")
            ? Path.of(options.get("--directory"))
            : Files.createTempDirectory("forestall-bench");
    Configuration flink = new Configuration();
    flink.setString("parallelism.default", options.getOrDefault("--parallelism", "2"));
    flink.setString("execution.checkpointing.interval", "10 s");
    try (LocalRuntime runtime =
        LocalRuntime.start(LocalRuntime.Settings.in(directory).withFlink(flink))) {
      runtime.createTopics();
      measure(runtime, nodes, rate, count);
    }
    System.exit(0);
  }

  private static void measure(LocalRuntime runtime, int nodes, int rate, int count)
      throws Exception {
    KafkaOptions kafka = runtime.kafkaOptions();
    long[] incidentMillis = new long[count];
    List<Long> latencies = new ArrayList<>();
    AvroCodec<FleetEntry> entries = AvroCodec.of(FleetEntry.class);
    AvroCodec<Incident> incidents = AvroCodec.of(Incident.class);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < nodes; i++) {
        var unused =
            producer.send(record(kafka, Topics.FLEET, "node/n" + i, entries.encode(entry(i))));
      }
      producer.flush();
      var job = runtime.submitDecide(Map.of());
      runtime.flink().awaitRunning(job, Duration.ofMinutes(2));
      OperatingSystemMXBean system =
          (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      long beginNanos = System.nanoTime();
      long cpuNanos = system.getProcessCpuTime();
      for (int i = 0; i < count; i++) {
        int at = i;
        var unused =
            producer.send(
                record(kafka, Topics.INCIDENTS, "b-" + i, incidents.encode(incident(i, nodes))),
                (place, error) -> {
                  if (place != null) {
                    incidentMillis[at] = place.timestamp();
                  }
                });
        long aheadNanos = beginNanos + i * 1_000_000_000L / rate - System.nanoTime();
        if (aheadNanos > 1_000_000) {
          LockSupport.parkNanos(aheadNanos);
        }
      }
      producer.flush();
      double sentSeconds = (System.nanoTime() - beginNanos) / 1e9;
      int decided = read(kafka, count, incidentMillis, latencies);
      double seconds = (System.nanoTime() - beginNanos) / 1e9;
      double cpuSeconds = (system.getProcessCpuTime() - cpuNanos) / 1e9;
      long[] sorted = latencies.stream().mapToLong(Long::longValue).sorted().toArray();
      System.out.printf(
          Locale.ROOT,
          "%d nodes in one pool, %d incidents sent in %.1f s (%.0f/s), %d decided in %.1f s%n"
              + "incident to decision: p50 %d ms, p99 %d ms, longest %d ms%n"
              + "%.0f us of CPU for each, broker and this producer included%n",
          nodes,
          count,
          sentSeconds,
          count / sentSeconds,
          decided,
          seconds,
          quantile(sorted, 0.5),
          quantile(sorted, 0.99),
          quantile(sorted, 1),
          cpuSeconds * 1e6 / Math.max(1, decided));
    }
  }

  private static long quantile(long[] sorted, double share) {
    return sorted.length == 0
        ? -1
        : sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  }

  /** Reads decisions until each incident has one, or none came for ten seconds. */
  private static int read(
      KafkaOptions kafka, int count, long[] incidentMillis, List<Long> latencies) throws Exception {
    AvroCodec<Decision> codec = AvroCodec.of(Decision.class);
    boolean[] seen = new boolean[count];
    int decided = 0;
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < Topics.DECISIONS.spec().partitions(); i++) {
        partitions.add(new TopicPartition(Topics.DECISIONS.name(kafka.topicPrefix()), i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long heardNanos = System.nanoTime();
      while (decided < count && System.nanoTime() - heardNanos < 10_000_000_000L) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          heardNanos = System.nanoTime();
          String incident = codec.decode(record.value()).getIncident();
          if (incident == null) {
            continue;
          }
          int number = Integer.parseInt(incident.substring(2));
          if (!seen[number]) {
            seen[number] = true;
            decided++;
            if (number >= count * WARM_UP) {
              latencies.add(record.timestamp() - incidentMillis[number]);
            }
          }
        }
      }
    }
    return decided;
  }

  private static ProducerRecord<byte[], byte[]> record(
      KafkaOptions kafka, Topics topic, String key, byte[] value) {
    return new ProducerRecord<>(
        topic.name(kafka.topicPrefix()),
        FixedPartitioner.partition(key, topic.spec().partitions()),
        key.getBytes(StandardCharsets.UTF_8),
        value);
  }

  private static FleetEntry entry(int node) {
    return FleetEntry.newBuilder()
        .setEntity(new EntityRef(EntityKind.NODE, "n" + node))
        .setTimeMillis(System.currentTimeMillis())
        .setRack("r" + node / 20)
        .setZone("z" + node / 200)
        .setRegion("eu")
        .setPool("bench")
        .setTier("")
        .setSynthetic(true)
        .build();
  }

  private static Incident incident(int number, int nodes) {
    long now = System.currentTimeMillis();
    EntityRef node = new EntityRef(EntityKind.NODE, "n" + number % nodes);
    Incident incident = new Incident();
    incident.setId("b-" + number);
    incident.setRevision(1);
    incident.setState(IncidentState.OPENED);
    incident.setSeverity(Severity.CRITICAL);
    incident.setSummary("a node has failed");
    incident.setSubject(node);
    incident.setPool("bench");
    incident.setPredicted(false);
    incident.setConfidence(1);
    incident.setRecommendation(ActKind.FAILOVER);
    incident.setRule("bench");
    incident.setRuleVersion(1);
    incident.setCorrelationKey("node/" + node.getId());
    incident.setSuspects(List.of());
    incident.setAffected(List.of(node));
    incident.setEvents(List.of());
    incident.setEventCount(1);
    incident.setOpenedMillis(now);
    incident.setUpdatedMillis(now);
    incident.setLabels(Map.of());
    return incident;
  }
}
