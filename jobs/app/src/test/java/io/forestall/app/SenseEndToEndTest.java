package io.forestall.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Tier;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sense job as a user runs it: a real broker, RocksDB, the topics of the catalogue. */
@Timeout(600)
class SenseEndToEndTest {
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);
  private static final long START_MILLIS = Instant.parse("2024-03-01T00:00:00Z").toEpochMilli();
  private static final int HOSTILE = 1000;
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @Test
  void hostileRecordsOfEveryKindBecomeDeadLettersAndStopNothing(@TempDir Path directory)
      throws Exception {
    long seed = 20_240_301L;
    SplittableRandom random = new SplittableRandom(seed);
    try (LocalRuntime runtime = start(directory);
        Client client = new Client(runtime)) {
      List<String> disks = names("G", 20);
      client.fleet(disks);
      SubmittedJob job = runtime.submitSense();
      runtime.flink().awaitRunning(job, PATIENCE);
      Map<DeadReason, Integer> expected = new EnumMap<>(DeadReason.class);
      int days = 10;
      for (int day = 0; day < days; day++) {
        client.frame("n-good", day, disks, random);
        if (day == days / 2) {
          hostile(client, random, expected);
        }
      }
      // A later day, so that event time passes what was waited for.
      client.frame("n-good", days + 30, disks, random);
      client.flush();

      int hostile = expected.values().stream().mapToInt(Integer::intValue).sum();
      DeadLetters letters = new DeadLetters();
      client.read(Topics.DEAD_LETTERS, letters, () -> letters.origins.size() >= hostile);
      assertThat(letters.origins).as("seed %d", seed).hasSize(hostile);
      expected.forEach(
          (reason, count) ->
              assertThat(letters.byReason.getOrDefault(reason, 0))
                  .as("%s, seed %d, all %s", reason, seed, letters.byReason)
                  .isGreaterThanOrEqualTo(reason == DeadReason.OTHER ? 0 : count));
      assertThat(letters.withoutDetail).isZero();
      Scores scores = new Scores();
      client.read(Topics.RISK, scores, () -> scores.samples() >= disks.size() * (days + 1));
      assertThat(scores.samples()).isEqualTo(disks.size() * (days + 1));
      assertThat(scores.doubles).isZero();
      assertThat(attempts(runtime, job)).isZero();
    }
  }

  /** A thousand of each kind; counts what must come of them. */
  private static void hostile(
      Client client, SplittableRandom random, Map<DeadReason, Integer> expected) {
    AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
    AvroCodec<Risk> risks = AvroCodec.of(Risk.class);
    byte[] good = frames.encode(frame("n-1", 5, List.of(sample("G0001", random, 0))));
    byte[] foreign = risks.encode(emptyRisk());
    for (int i = 0; i < HOSTILE; i++) {
      client.send(
          Topics.TELEMETRY, "n-1", Arrays.copyOf(good, 11 + random.nextInt(good.length - 12)));
      client.send(Topics.TELEMETRY, "n-2", foreign);
      client.send(Topics.TELEMETRY, "n-3", noise(random));
      client.send(Topics.TELEMETRY, "n-4", frames.encode(bad("n-4", i, "smart_5_raw", Double.NaN)));
      client.send(Topics.TELEMETRY, "n-5", frames.encode(bad("n-5", i, "smart_197_raw", 1e300)));
      client.send(
          Topics.TELEMETRY,
          "n-6",
          frames.encode(frame("n-6", 7_300 + i, List.of(sample("G0002", random, 0)))));
      client.send(
          Topics.TELEMETRY,
          "n-7",
          frames.encode(frame("n-7", 5, List.of(sample("nobody-" + i, random, 0)))));
      client.send(Topics.FLEET, "disk/F" + i, noise(random));
      client.send(Topics.MODELS, "disk/disk-lstm/" + (100 + i), noise(random));
    }
    expected.merge(DeadReason.NOT_A_NUMBER, HOSTILE, Integer::sum);
    expected.merge(DeadReason.OUT_OF_RANGE, HOSTILE, Integer::sum);
    expected.merge(DeadReason.FUTURE_TIME, HOSTILE, Integer::sum);
    expected.merge(DeadReason.UNKNOWN_ENTITY, HOSTILE, Integer::sum);
    // Truncated, foreign and noise of three topics: several reasons, all of them letters.
    expected.merge(DeadReason.OTHER, 5 * HOSTILE, Integer::sum);
  }

  @Test
  void aModelIsSwappedUnderLoadWithoutALostOrDoubleScore(@TempDir Path directory) throws Exception {
    SplittableRandom random = new SplittableRandom(7);
    try (LocalRuntime runtime = start(directory);
        Client client = new Client(runtime)) {
      List<String> disks = names("S", 50);
      client.fleet(disks);
      SubmittedJob job = runtime.submitSense();
      runtime.flink().awaitRunning(job, PATIENCE);
      Scores scores = new Scores();
      int days = 120;
      for (int day = 0; day < days; day++) {
        client.frame("n-swap", day, disks, random);
        if (day == 20) {
          client.model(2, START_MILLIS + 60 * DAY_MILLIS);
          client.flush();
          long soFar = (long) disks.size() * (day + 1);
          client.read(Topics.RISK, scores, () -> scores.samples() >= soFar);
          // The gate has passed the model on once its state says so; frames after it warm it.
          Await.until(
              PATIENCE,
              "the model gate has read the model",
              () -> client.committed(runtime, Topics.MODELS) >= 1);
        }
      }
      client.flush();
      long all = (long) disks.size() * days;
      client.read(Topics.RISK, scores, () -> scores.samples() >= all);

      assertThat(scores.samples()).isEqualTo(all);
      assertThat(scores.doubles).isZero();
      assertThat(attempts(runtime, job)).isZero();
      for (String disk : disks) {
        TreeMap<Long, Risk> history = Objects.requireNonNull(scores.bySample.get(disk), disk);
        int before = 0;
        for (Risk risk : history.values()) {
          int version = risk.getModes().get(0).getModelVersion();
          assertThat(version).as("disk %s, sample %d", disk, risk.getSamples()).isIn(1, 2);
          assertThat(version).isGreaterThanOrEqualTo(before);
          if (version == 2) {
            assertThat(risk.getTimeMillis()).isGreaterThanOrEqualTo(START_MILLIS + 60 * DAY_MILLIS);
          }
          before = version;
        }
        assertThat(before).as("disk %s ends on the new model", disk).isEqualTo(2);
        // Warm since day 21: the same network as before gives the same probability, not that of
        // a disk that it meets for the first time.
        Risk last = lastOf(history, 1);
        Risk first = Objects.requireNonNull(history.get(last.getSamples() + 1), disk);
        assertThat(first.getConfidence()).isGreaterThan(0.9 * last.getConfidence());
      }
    }
  }

  @Test
  void theJobGivesTheScoresOfForestallScore(@TempDir Path directory) throws Exception {
    Path input = Files.createDirectory(directory.resolve("drive-stats"));
    int rows = writeDriveStats(input, 40, 30);
    Path output = directory.resolve("scores.csv.gz");
    assertThat(Forestall.run("score", "--input", input.toString(), "--output", output.toString()))
        .isZero();
    Map<String, Double> offline = readScores(output);
    assertThat(offline).hasSize(rows);
    try (LocalRuntime runtime = start(directory.resolve("runtime"));
        Client client = new Client(runtime)) {
      SubmittedJob job = runtime.submitSense();
      assertThat(
              Forestall.run(
                  "ingest",
                  "--drive-stats",
                  input.toString(),
                  "--replay",
                  "--speed",
                  "max",
                  "--bootstrap-servers",
                  runtime.kafka().bootstrapServers()))
          .isZero();
      Scores scores = new Scores();
      client.read(Topics.RISK, scores, () -> scores.samples() >= rows);
      Map<String, Double> online = new HashMap<>();
      scores.bySample.forEach(
          (disk, history) ->
              history
                  .values()
                  .forEach(risk -> online.put(disk + "," + day(risk), risk.getProbability())));
      assertThat(online.keySet()).isEqualTo(offline.keySet());
      online.forEach(
          (row, probability) ->
              assertThat(probability)
                  .as(row)
                  .isCloseTo(
                      offline.get(row), org.assertj.core.data.Percentage.withPercentage(1e-4)));
      assertThat(attempts(runtime, job)).isZero();
    }
  }

  private static String day(Risk risk) {
    return LocalDate.ofInstant(Instant.ofEpochMilli(risk.getTimeMillis()), ZoneOffset.UTC)
        .toString();
  }

  private static LocalRuntime start(Path directory) {
    LocalRuntime runtime = LocalRuntime.start(LocalRuntime.Settings.in(directory));
    runtime.createTopics();
    return runtime;
  }

  /** How often any task of the job was started again. */
  private static int attempts(LocalRuntime runtime, SubmittedJob job) throws Exception {
    int most = 0;
    for (AccessExecutionVertex vertex :
        runtime
            .flink()
            .miniCluster()
            .getExecutionGraph(job.id())
            .get(30, TimeUnit.SECONDS)
            .getAllExecutionVertices()) {
      most = Math.max(most, vertex.getCurrentExecutionAttempt().getAttemptNumber());
    }
    return most;
  }

  private static Risk lastOf(TreeMap<Long, Risk> history, int version) {
    return history.values().stream()
        .filter(risk -> risk.getModes().get(0).getModelVersion() == version)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private static List<String> names(String prefix, int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(String.format("%s%04d", prefix, i));
    }
    return names;
  }

  private static byte[] noise(SplittableRandom random) {
    byte[] noise = new byte[1 + random.nextInt(200)];
    random.nextBytes(noise);
    return noise;
  }

  private static TelemetryFrame bad(String node, int sequence, String metric, double value) {
    Sample sample = sample("G0003", new SplittableRandom(sequence), 0);
    sample.getMetrics().put(metric, value);
    return frame(node, 5, List.of(sample));
  }

  private static TelemetryFrame frame(String node, int day, List<Sample> samples) {
    return TelemetryFrame.newBuilder()
        .setNode(node)
        .setTimeMillis(START_MILLIS + day * DAY_MILLIS)
        .setSequence(day)
        .setSource("node")
        .setSamples(samples)
        .build();
  }

  private static Sample sample(String disk, SplittableRandom random, int day) {
    Map<String, Double> metrics = new HashMap<>();
    metrics.put("smart_5_raw", (double) random.nextInt(3));
    metrics.put("smart_9_raw", 1000.0 + 24 * day);
    metrics.put("smart_187_raw", 0.0);
    metrics.put("smart_194_raw", 25.0 + random.nextInt(5));
    metrics.put("smart_197_raw", 0.0);
    return Sample.newBuilder()
        .setEntity(new EntityRef(EntityKind.DISK, disk))
        .setModel("ST4000DM000")
        .setMetrics(metrics)
        .build();
  }

  private static Risk emptyRisk() {
    return Risk.newBuilder()
        .setEntity(new EntityRef(EntityKind.DISK, "G0004"))
        .setTimeMillis(START_MILLIS)
        .setSamples(1)
        .setScore(1)
        .setTier(Tier.HEALTHY)
        .setTierSinceMillis(START_MILLIS)
        .setProbability(0.001)
        .setHorizonMillis(30 * DAY_MILLIS)
        .setConfidence(1)
        .setModes(List.of())
        .build();
  }

  private static int writeDriveStats(Path folder, int drives, int days) throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    for (int day = 0; day < days; day++) {
      LocalDate date = LocalDate.of(2024, 3, 1).plusDays(day);
      StringBuilder csv =
          new StringBuilder(
              "date,serial_number,model,capacity_bytes,failure,smart_5_raw,smart_9_raw,"
                  + "smart_187_raw,smart_194_raw,smart_197_raw\n");
      for (int drive = 0; drive < drives; drive++) {
        int errors = drive % 4 == 0 ? day * drive : 0;
        csv.append(date)
            .append(",D")
            .append(1000 + drive)
            .append(",ST4000DM000,4000787030016,0,")
            .append(errors)
            .append(',')
            .append(5000 + 24 * day)
            .append(',')
            .append(drive % 3 == 0 ? "" : Integer.toString(errors / 2))
            .append(',')
            .append(20 + random.nextInt(10))
            .append(',')
            .append(errors > 0 ? random.nextInt(30) : 0)
            .append('\n');
      }
      Files.writeString(folder.resolve(date + ".csv"), csv, StandardCharsets.UTF_8);
    }
    return drives * days;
  }

  private static Map<String, Double> readScores(Path file) throws IOException {
    Map<String, Double> scores = new HashMap<>();
    try (BufferedReader rows =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      assertThat(rows.readLine()).isEqualTo("serial_number,date,score");
      for (String row = rows.readLine(); row != null; row = rows.readLine()) {
        int last = row.lastIndexOf(',');
        scores.put(row.substring(0, last), Double.parseDouble(row.substring(last + 1)));
      }
    }
    return scores;
  }

  /** Dead letters by where they come from, so that a repeat counts once. */
  private static final class DeadLetters implements Client.Visitor {
    private final AvroCodec<DeadLetter> codec = AvroCodec.of(DeadLetter.class);
    final Set<String> origins = new HashSet<>();
    final Map<DeadReason, Integer> byReason = new EnumMap<>(DeadReason.class);
    int withoutDetail;

    @Override
    public void value(byte[] value) throws WireException {
      DeadLetter letter = codec.decode(value);
      if (origins.add(
          letter.getOrigin()
              + "/"
              + letter.getPartition()
              + "/"
              + letter.getOffset()
              + "/"
              + letter.getIndex())) {
        byReason.merge(letter.getReason(), 1, Integer::sum);
        withoutDetail += letter.getDetail().isBlank() ? 1 : 0;
      }
    }

    @Override
    public String toString() {
      return origins.size() + " letters: " + byReason;
    }
  }

  /** Scores by disk and sample. */
  private static final class Scores implements Client.Visitor {
    private final AvroCodec<Risk> codec = AvroCodec.of(Risk.class);
    final Map<String, TreeMap<Long, Risk>> bySample = new HashMap<>();
    private long samples;
    long doubles;

    @Override
    public void value(byte[] value) throws WireException {
      Risk risk = codec.decode(value);
      // The nodes that hold the disks have scores too.
      if (risk.getStale() || risk.getEntity().getKind() != EntityKind.DISK) {
        return;
      }
      Risk before =
          bySample
              .computeIfAbsent(risk.getEntity().getId(), disk -> new TreeMap<>())
              .put(risk.getSamples(), risk);
      if (before == null) {
        samples++;
      } else {
        doubles++;
      }
    }

    long samples() {
      return samples;
    }

    @Override
    public String toString() {
      return samples + " samples of " + bySample.size() + " disks";
    }
  }

  /** Writes and reads the topics of a runtime. */
  private static final class Client implements AutoCloseable {
    private final KafkaOptions kafka;
    private final KafkaProducer<byte[], byte[]> producer;
    private final List<Future<RecordMetadata>> sent = new ArrayList<>();
    private final Map<Topics, KafkaConsumer<byte[], byte[]>> consumers =
        new EnumMap<>(Topics.class);
    private final AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);

    Client(LocalRuntime runtime) {
      kafka = runtime.kafkaOptions();
      producer =
          new KafkaProducer<>(
              kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
    }

    void send(Topics topic, String key, byte[] value) {
      int partition = FixedPartitioner.partition(key, topic.spec().partitions());
      sent.add(
          producer.send(
              new ProducerRecord<>(
                  topic.name(kafka.topicPrefix()),
                  partition,
                  key.getBytes(StandardCharsets.UTF_8),
                  value)));
    }

    void fleet(List<String> disks) {
      AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
      for (String disk : disks) {
        FleetEntry entry =
            FleetEntry.newBuilder()
                .setEntity(new EntityRef(EntityKind.DISK, disk))
                .setTimeMillis(START_MILLIS)
                .setNode("n-good")
                .setRack("r-01")
                .setZone("z-1")
                .setRegion("local")
                .setPool("default")
                .setTier("hdd")
                .setSynthetic(false)
                .build();
        send(Topics.FLEET, Keys.of(entry.getEntity()), codec.encode(entry));
      }
      flush();
    }

    void frame(String node, int day, List<String> disks, SplittableRandom random) {
      List<Sample> samples = new ArrayList<>();
      for (String disk : disks) {
        samples.add(sample(disk, random, day));
      }
      send(Topics.TELEMETRY, node, frames.encode(SenseEndToEndTest.frame(node, day, samples)));
    }

    void model(int version, long effectiveFromMillis) {
      StoredModel shipped = TrainedModels.defaultDiskModelFile();
      StoredModel next = shipped.withVersion(version);
      ModelRecord record =
          ModelRecord.newBuilder()
              .setId(shipped.id())
              .setVersion(version)
              .setMode(FailureMode.DISK)
              .setPublishedMillis(START_MILLIS + 20 * DAY_MILLIS)
              .setEffectiveFromMillis(effectiveFromMillis)
              .setRollbackUntilMillis(effectiveFromMillis + 30 * DAY_MILLIS)
              .setFormat(next.format())
              .setWeights(ByteBuffer.wrap(next.toBytes()))
              .setCard("the same weights under another version")
              .build();
      send(
          Topics.MODELS,
          "disk/" + shipped.id() + "/" + version,
          AvroCodec.of(ModelRecord.class).encode(record));
    }

    /** Waits until the broker has all that was sent. */
    void flush() {
      producer.flush();
      // A batch that failed says so here, not as records that never come.
      sent.forEach(each -> assertThat(each).succeedsWithin(Duration.ZERO));
      sent.clear();
    }

    /** What is done with a record's value. */
    interface Visitor {
      void value(byte[] value) throws WireException;
    }

    /** Reads on from where the last read of the topic ended until the condition holds. */
    void read(Topics topic, Visitor visitor, java.util.function.BooleanSupplier enough)
        throws WireException {
      KafkaConsumer<byte[], byte[]> consumer = consumers.computeIfAbsent(topic, this::consumer);
      long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
      long came = 0;
      while (!enough.getAsBoolean()) {
        assertThat(System.nanoTime())
            .as("%d records of %s came, more are awaited than %s", came, topic, visitor)
            .isLessThan(deadlineNanos);
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          visitor.value(record.value());
          came++;
        }
      }
      // One more look: what must not come would come now.
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
        visitor.value(record.value());
      }
    }

    private KafkaConsumer<byte[], byte[]> consumer(Topics topic) {
      Properties properties = kafka.clientProperties();
      properties.setProperty("auto.offset.reset", "earliest");
      KafkaConsumer<byte[], byte[]> consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name(kafka.topicPrefix())).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      return consumer;
    }

    /** Records of a topic that a checkpoint of the sense job covers. */
    long committed(LocalRuntime runtime, Topics topic) throws Exception {
      String name = topic.name(kafka.topicPrefix());
      try (var admin = runtime.kafkaOptions().openAdmin()) {
        return admin
            .listConsumerGroupOffsets("forestall-sense")
            .partitionsToOffsetAndMetadata()
            .get()
            .entrySet()
            .stream()
            .filter(entry -> entry.getKey().topic().equals(name))
            .mapToLong(entry -> entry.getValue() == null ? 0 : entry.getValue().offset())
            .sum();
      }
    }

    @Override
    public void close() {
      producer.close(Duration.ofSeconds(5));
      consumers.values().forEach(KafkaConsumer::close);
    }
  }
}
