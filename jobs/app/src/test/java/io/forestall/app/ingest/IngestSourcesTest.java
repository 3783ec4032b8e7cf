package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands against a real broker: what a user types, and what stands on the topics then. */
@Timeout(180)
final class IngestSourcesTest {

  @SuppressWarnings("NullAway.Init")
  private static EmbeddedKafka kafka;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path folder;

  private String out = "";
  private String err = "";

  @BeforeAll
  static void start(@TempDir Path data) throws Exception {
    kafka = EmbeddedKafka.start(data.resolve("kafka"));
    for (String prefix : List.of("scrape", "telegraf", "csv", "real")) {
      try (Admin admin = new KafkaOptions(kafka.bootstrapServers(), prefix).openAdmin()) {
        new TopicAdmin(admin, prefix).createMissing((short) 1);
      }
    }
    try (Admin admin = new KafkaOptions(kafka.bootstrapServers(), "telegraf").openAdmin()) {
      var unused = admin.createTopics(List.of(new NewTopic("agents", 3, (short) 1))).all().get();
    }
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private int run(String... args) {
    CommandLine line = Forestall.commandLine();
    StringWriter outWriter = new StringWriter();
    StringWriter errWriter = new StringWriter();
    line.setOut(new PrintWriter(outWriter));
    line.setErr(new PrintWriter(errWriter));
    int exitCode = line.execute(args);
    out = outWriter.toString();
    err = errWriter.toString();
    return exitCode;
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text, StandardCharsets.UTF_8);
  }

  private static <T extends SpecificRecordBase> List<T> records(
      String prefix, Topics topic, Class<T> type) throws Exception {
    Properties properties = new KafkaOptions(kafka.bootstrapServers(), prefix).clientProperties();
    properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
    properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
    List<T> read = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name(prefix)).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          read.add(AvroCodec.of(type).decode(record.value()));
        }
      }
    }
    return read;
  }

  private static List<String> said(TelemetryFrame frame) {
    List<String> said = new ArrayList<>();
    for (Sample sample : frame.getSamples()) {
      said.add(Keys.of(sample.getEntity()) + " " + new TreeMap<>(sample.getMetrics()));
    }
    return said;
  }

  @Test
  void exportersAreScrapedIntoFrames() throws Exception {
    try (TestingExporter node =
            new TestingExporter(
                "node_load1 2\nnode_disk_reads_completed_total{device=\"nvme0n1\"} 7\n");
        TestingExporter smart =
            new TestingExporter(
                """
                smartctl_device{device="nvme0",serial_number="NV1",model_name="M",protocol="NVMe"} 1
                smartctl_device_media_errors{device="nvme0"} 3
                smartctl_device_power_on_seconds{device="nvme0"} 3600
                """)) {
      Path targets =
          file(
              "targets.yaml",
              """
              - targets: ["%s"]
                labels: {job: node_exporter, node: n-1, rack: r-1, zone: z-1, region: eu, pool: hot}
              - targets: ["%s"]
                labels: {job: smartctl_exporter, node: n-1, rack: r-1, zone: z-1, region: eu, pool: hot}
              """
                  .formatted(node.address(), smart.address()));
      int exit =
          run(
              "ingest",
              "scrape",
              "--targets",
              targets.toString(),
              "--once",
              "--topic-prefix",
              "scrape",
              "--bootstrap-servers",
              kafka.bootstrapServers());
      assertThat(exit).as(err).isEqualTo(ExitCodes.OK);
      assertThat(out).contains("samples sent").contains("frames sent");
    }
    List<TelemetryFrame> frames = records("scrape", Topics.TELEMETRY, TelemetryFrame.class);
    assertThat(frames).hasSize(1);
    assertThat(said(frames.get(0)))
        .containsExactlyInAnyOrder(
            "node/n-1 {load1=2.0}",
            "disk/NV1 {disk_reads_total=7.0, nvme_media_errors=3.0, smart_9_raw=1.0}");
    assertThat(records("scrape", Topics.FLEET, FleetEntry.class))
        .extracting(
            entry -> Keys.of(entry.getEntity()) + " " + entry.getRack() + " " + entry.getTier())
        .containsExactlyInAnyOrder("node/n-1 r-1 ", "disk/NV1 r-1 nvme");
    assertThat(records("scrape", Topics.DEAD_LETTERS, DeadLetter.class))
        .extracting(DeadLetter::getReason)
        .containsOnly(DeadReason.MISSING_FIELD);
  }

  @Test
  void badListsAndMappingsAreSaidAtTheStart() throws Exception {
    Path bad = file("bad.yaml", "- targets: [a:1]\n");
    assertThat(run("ingest", "scrape", "--targets", bad.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("the label job is missing");
    assertThat(run("ingest", "scrape", "--targets", folder.resolve("none").toString()))
        .isEqualTo(ExitCodes.USAGE);
    Path good = file("good.yaml", "- targets: [a:1]\n  labels: {job: node_exporter}\n");
    Path mapping = file("ours.csv", "source,name,entity,metric\nnode-exporter,a,node,load_1\n");
    assertThat(
            run("ingest", "scrape", "--targets", good.toString(), "--mapping", mapping.toString()))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("ours.csv:2:22: metric: 'load_1' is no canonical metric");
    assertThat(run("ingest", "scrape", "--targets", good.toString(), "--interval", "soon"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("--interval is a length of time such as");
    assertThat(run("ingest", "scrape", "--targets", bad.toString(), "--interval", "5s"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("the label job is missing").doesNotContain("--timeout");
    assertThat(
            run(
                "ingest",
                "scrape",
                "--targets",
                good.toString(),
                "--interval",
                "5s",
                "--timeout",
                "6s"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("--timeout is longer than --interval");
    assertThat(run("ingest", "csv", "--mapping", mapping.toString(), "x.csv"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(
            run(
                "ingest",
                "telegraf",
                "--input-topic",
                "nothing",
                "--topic-prefix",
                "telegraf",
                "--bootstrap-servers",
                kafka.bootstrapServers()))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err).contains("there is no topic nothing");
  }

  @Test
  void telegrafGoesOnWhereItEndedAndBadRecordsAreLetters() throws Exception {
    Properties properties =
        new KafkaOptions(kafka.bootstrapServers(), "telegraf").clientProperties();
    properties.put("key.serializer", ByteArraySerializer.class.getName());
    properties.put("value.serializer", ByteArraySerializer.class.getName());
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
      for (int round = 0; round < 3; round++) {
        long time = 1_700_000_000L + round * 10;
        for (int card = 0; card < 3; card++) {
          send(
              producer,
              card,
              """
              {"fields":{"bytes_sent":%d,"bytes_recv":1},"name":"net","tags":{"host":"n-1","interface":"eth%d","rack":"r-9"},"timestamp":%d}
              """
                  .formatted((round + 1) * 100 + card, card, time));
        }
      }
      send(producer, 1, "this is no JSON");
      send(
          producer,
          2,
          "{\"fields\":{\"a\":1},\"name\":\"m\",\"tags\":{},\"timestamp\":1700000000}");
      producer.flush();
      assertThat(telegraf()).as(err).isEqualTo(ExitCodes.OK);
      send(
          producer,
          0,
          "{\"metrics\":[{\"fields\":{\"load1\":4},\"name\":\"system\",\"tags\":{\"host\":\"n-1\",\"rack\":\"r-9\"},\"timestamp\":1700000100000}]}");
      producer.flush();
      assertThat(telegraf()).as(err).isEqualTo(ExitCodes.OK);
      assertThat(out).containsPattern("records read +1\n");
    }
    List<TelemetryFrame> frames = records("telegraf", Topics.TELEMETRY, TelemetryFrame.class);
    assertThat(frames.stream().map(IngestSourcesTest::said).toList())
        .containsExactly(
            List.of("node/n-1 {network_received_bytes_total=3.0, network_sent_bytes_total=303.0}"),
            List.of("node/n-1 {network_received_bytes_total=3.0, network_sent_bytes_total=603.0}"),
            List.of("node/n-1 {network_received_bytes_total=3.0, network_sent_bytes_total=903.0}"),
            List.of("node/n-1 {load1=4.0}"));
    assertThat(records("telegraf", Topics.FLEET, FleetEntry.class))
        .allMatch(entry -> entry.getRack().equals("r-9"));
    List<DeadLetter> letters =
        records("telegraf", Topics.DEAD_LETTERS, DeadLetter.class).stream()
            .filter(letter -> letter.getPartition() >= 0)
            .toList();
    assertThat(letters)
        .extracting(
            letter ->
                letter.getOrigin()
                    + " "
                    + letter.getPartition()
                    + " "
                    + letter.getOffset()
                    + " "
                    + letter.getReason())
        .containsExactlyInAnyOrder("agents 1 3 UNDECODABLE", "agents 2 3 MISSING_FIELD");
  }

  private int telegraf() {
    return run(
        "ingest",
        "telegraf",
        "--input-topic",
        "agents",
        "--once",
        "--topic-prefix",
        "telegraf",
        "--bootstrap-servers",
        kafka.bootstrapServers());
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, int partition, String value) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                "agents", partition, null, value.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void csvGoesInByItsMapping() throws Exception {
    Path mapping =
        file(
            "ours.csv",
            """
            source,name,where,entity,metric,factor,reading
            csv,host,,,@node,,
            csv,when,,,@time,,time:yyyy/MM/dd HH:mm
            csv,value,what=cpu,node,cpu_busy_seconds_total,,
            csv,value,what=reads,serial:disk,disk_reads_total,,
            """);
    Path data =
        file(
            "data.csv",
            """
            host,when,what,disk,value
            n-1,2024/01/01 00:00,cpu,,5
            n-1,2024/01/01 00:00,reads,S1,6
            n-1,never,cpu,,5
            n-1,2024/01/01 00:01,cpu,,8
            """);
    int exit =
        run(
            "ingest",
            "csv",
            "--mapping",
            mapping.toString(),
            data.toString(),
            "--topic-prefix",
            "csv",
            "--bootstrap-servers",
            kafka.bootstrapServers());
    assertThat(exit).as(err).isEqualTo(ExitCodes.FOUND);
    assertThat(out).containsPattern("lines read +4\n").containsPattern("lines refused +1\n");
    List<TelemetryFrame> frames = records("csv", Topics.TELEMETRY, TelemetryFrame.class);
    assertThat(frames.stream().map(IngestSourcesTest::said).toList())
        .containsExactly(
            List.of("node/n-1 {cpu_busy_seconds_total=5.0}", "disk/S1 {disk_reads_total=6.0}"),
            List.of("node/n-1 {cpu_busy_seconds_total=8.0}"));
    assertThat(frames).extracting(TelemetryFrame::getSequence).containsExactly(0L, 1L);
    assertThat(records("csv", Topics.DEAD_LETTERS, DeadLetter.class))
        .extracting(DeadLetter::getOffset)
        .containsExactly(4L);
  }

  /** The real exporter, where this machine has it. */
  @Test
  void theRealNodeExporterIsUnderstood() throws Exception {
    Path program =
        List.of(
                "/usr/bin/prometheus-node-exporter",
                "/usr/bin/node_exporter",
                "/usr/local/bin/node_exporter")
            .stream()
            .map(Path::of)
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(program != null, "no node_exporter is installed here");
    int port = freePort();
    Process exporter =
        new ProcessBuilder(String.valueOf(program), "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("exporter.log").toFile())
            .start();
    try {
      Path targets =
          file(
              "real.yaml",
              "- targets: [\"127.0.0.1:%d\"]\n  labels: {job: node_exporter, node: n-real}\n"
                  .formatted(port));
      Await.until(
          Duration.ofSeconds(60),
          "the exporter answers",
          () ->
              run(
                      "ingest",
                      "scrape",
                      "--targets",
                      targets.toString(),
                      "--once",
                      "--topic-prefix",
                      "real",
                      "--bootstrap-servers",
                      kafka.bootstrapServers())
                  == ExitCodes.OK);
    } finally {
      exporter.destroy();
      exporter.waitFor();
    }
    List<TelemetryFrame> frames = records("real", Topics.TELEMETRY, TelemetryFrame.class);
    assertThat(frames).isNotEmpty();
    Sample node = frames.get(0).getSamples().get(0);
    assertThat(node.getMetrics())
        .containsKeys(
            "cpu_busy_seconds_total",
            "cpu_count",
            "load1",
            "memory_total_bytes",
            "network_received_bytes_total",
            "boot_time_seconds");
    assertThat(records("real", Topics.DEAD_LETTERS, DeadLetter.class)).isEmpty();
  }

  private static int freePort() throws IOException {
    try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
