package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DiskTelemetry;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FrameDecoder;
import io.forestall.wire.WireException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class IngestCommandTest {

  @SuppressWarnings("NullAway.Init")
  private static EmbeddedKafka kafka;

  private int exitCode;
  private String out = "";
  private String err = "";

  @BeforeAll
  static void start(@TempDir Path data) {
    kafka = EmbeddedKafka.start(data.resolve("kafka"));
    for (String prefix : List.of("replay", "fleet")) {
      try (Admin admin = new KafkaOptions(kafka.bootstrapServers(), prefix).openAdmin()) {
        new TopicAdmin(admin, prefix).createMissing((short) 1);
      }
    }
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private void run(String... args) {
    StringWriter output = new StringWriter();
    StringWriter errors = new StringWriter();
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(output));
    line.setErr(new PrintWriter(errors));
    exitCode = line.execute(args);
    out = output.toString();
    err = errors.toString();
  }

  private List<ConsumerRecord<byte[], byte[]>> read(Topics topic, String prefix) {
    Map<String, Object> properties = new HashMap<>();
    properties.put("bootstrap.servers", kafka.bootstrapServers());
    properties.put("key.deserializer", ByteArrayDeserializer.class);
    properties.put("value.deserializer", ByteArrayDeserializer.class);
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(topic.name(prefix))) {
        partitions.add(new TopicPartition(info.topic(), info.partition()));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        consumer.poll(Duration.ofMillis(200)).forEach(records::add);
      }
    }
    return records;
  }

  private static <T extends SpecificRecordBase> T decode(Class<T> type, byte[] bytes) {
    try {
      return AvroCodec.of(type).decode(bytes);
    } catch (WireException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everyRowArrivesAsASampleOrADeadLetter(@TempDir Path folder) throws Exception {
    TreeMap<LocalDate, List<String>> days = TestingDriveStats.days(3, 120, 10);
    List<String> day = new ArrayList<>(days.firstEntry().getValue());
    day.add(day.get(3));
    day.set(5, TestingDriveStats.with(day.get(5), 6, "hot"));
    days.put(days.firstKey(), day);
    TestingDriveStats.write(folder.resolve("in"), days);
    long rows = days.values().stream().mapToLong(List::size).sum();

    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "replay",
        "--drive-stats",
        folder.resolve("in").toString(),
        "--replay",
        "--speed",
        "max",
        "--position",
        folder.resolve("position").toString());

    assertThat(err).contains("rows/s", "event time 2024-02-29T00:00:00Z");
    assertThat(exitCode).isEqualTo(ExitCodes.FOUND);
    assertThat(out)
        .contains(String.format("%-36s %,15d", "rows read", rows))
        .contains(String.format("%-36s %,15d", "samples sent", rows - 2))
        .contains(String.format("%-36s %,15d", "dead letters", 2))
        .contains("reconciled");

    Map<String, Integer> samples = new HashMap<>();
    FrameDecoder decoder = new FrameDecoder();
    Map<String, Integer> partitionOfNode = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : read(Topics.TELEMETRY, "replay")) {
      String node = new String(record.key(), StandardCharsets.UTF_8);
      assertThat(partitionOfNode.merge(node, record.partition(), (a, b) -> a))
          .isEqualTo(record.partition());
      assertThat(record.partition())
          .isEqualTo(FixedPartitioner.partition(node, Topics.TELEMETRY.spec().partitions()));
      decoder.decode(
          record.value(),
          record.topic(),
          record.partition(),
          record.offset(),
          record.timestamp(),
          new FrameDecoder.Sink() {
            @Override
            public void disk(DiskTelemetry telemetry) {
              samples.merge(
                  telemetry.disk() + "@" + telemetry.sample().timeMillis(), 1, Integer::sum);
            }

            @Override
            public void dead(DeadLetter letter) {
              throw new AssertionError(letter.toString());
            }
          });
    }
    assertThat(samples)
        .hasSize((int) rows - 2)
        .allSatisfy((key, count) -> assertThat(count).isOne());

    assertThat(read(Topics.DEAD_LETTERS, "replay"))
        .extracting(record -> decode(DeadLetter.class, record.value()).getReason())
        .containsExactlyInAnyOrder(DeadReason.DUPLICATE, DeadReason.WRONG_TYPE);
    List<Event> events =
        read(Topics.EVENTS, "replay").stream()
            .map(record -> decode(Event.class, record.value()))
            .toList();
    assertThat(events).isNotEmpty().allMatch(event -> event.getType().equals("disk.failed"));
    assertThat(events).noneMatch(Event::getPredicted);
    assertThat(read(Topics.FLEET, "replay"))
        .extracting(record -> decode(FleetEntry.class, record.value()))
        .hasSizeGreaterThan(100)
        .allMatch(FleetEntry::getSynthetic);
    assertThat(read(Topics.SCHEMAS, "replay")).hasSize(4);

    // A second run finds all done and sends nothing more.
    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "replay",
        "--drive-stats",
        folder.resolve("in").toString(),
        "--position",
        folder.resolve("position").toString());
    assertThat(read(Topics.TELEMETRY, "replay")).hasSize(10 * 3);
  }

  @Test
  void sendsAnInventoryAndEndsSubjects(@TempDir Path folder) throws Exception {
    Path inventory = folder.resolve("inventory.json");
    Files.writeString(
        inventory,
        """
        [{"kind":"node","id":"store-1","rack":"r9","zone":"b","region":"n","pool":"gold","tier":"hdd"},
         {"kind":"disk","id":"Z1","node":"store-1","model":"SYNTH","capacity_bytes":4000787030016}]
        """);
    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "fleet",
        "--inventory",
        inventory.toString());
    assertThat(exitCode).as(err).isEqualTo(ExitCodes.OK);
    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "fleet",
        "--remove",
        "disk/Z1");
    assertThat(exitCode).as(err).isEqualTo(ExitCodes.OK);

    Map<String, String> fleet = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> record : read(Topics.FLEET, "fleet")) {
      String key = new String(record.key(), StandardCharsets.UTF_8);
      if (record.value() == null) {
        fleet.put(key, fleet.get(key) + ", then gone");
      } else {
        FleetEntry entry = decode(FleetEntry.class, record.value());
        fleet.put(key, entry.getRack() + " " + entry.getNode() + " " + entry.getSynthetic());
      }
    }
    assertThat(fleet)
        .isEqualTo(
            Map.of("disk/Z1", "r9 store-1 false, then gone", "node/store-1", "r9 null false"));
  }

  @Test
  void saysInOneLineWhatIsWrong(@TempDir Path folder) {
    run("ingest", "--bootstrap-servers", kafka.bootstrapServers());
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("say what to send");

    run("ingest", "--drive-stats", "a", "--smartctl", "b");
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);

    run("ingest", "--drive-stats", folder.toString(), "--speed", "fast");
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("--speed is max or a number above 0, not 'fast'");

    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "replay",
        "--drive-stats",
        folder.resolve("nowhere").toString());
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
    assertThat(err.lines()).hasSize(1);
    assertThat(err).contains("there is no file or folder").contains("nowhere");

    run(
        "ingest",
        "--bootstrap-servers",
        kafka.bootstrapServers(),
        "--topic-prefix",
        "missing",
        "--kafka-property",
        "max.block.ms=1000",
        "--drive-stats",
        folder.toString());
    assertThat(exitCode).isEqualTo(ExitCodes.UNREACHABLE);
    assertThat(err).contains("missing.telemetry.v1", "forestall topics create");
  }
}
