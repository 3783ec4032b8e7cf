package io.forestall.bench;

import com.sun.management.OperatingSystemMXBean;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.operators.DiskInput;
import io.forestall.operators.EventTime;
import io.forestall.operators.Intake;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseSettings;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.kafka.TelemetryReader;
import io.forestall.risk.DiskState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Tier;
import io.forestall.schemas.TopicSpec;
import io.forestall.schemas.Topics;
import io.forestall.topologies.SenseJob;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The sense job end to end (Kafka, decode, features, LSTM, RocksDB, Kafka) on two slots, by number
 * of disks, beside a bare Flink pass of the same records: the same source and sink, one {@code
 * ValueState<Long>} on RocksDB between them. One process, broker included; the first fifth of the
 * records warms up and is not counted.
 *
 * <p>Arguments: {@code --disks 1000,100000 --samples 2000000 --directory DIR --managed-mebibytes
 * 512} (the last is RocksDB's memory). With {@code --nodes 1000 --drives 12 --edges 4 --pairs 2
 * --steps 100} it runs the mix instead: machines, disks under load, edges and pairs with all
 * detectors on, and says where the time goes.
 */
public final class SenseBenchmark {
  private static final int DISKS_A_NODE = 45;
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);
  private static final long START_MILLIS = Instant.parse("2005-01-01T00:00:00Z").toEpochMilli();
  private static final double WARM_UP = 0.2;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final EmbeddedKafka kafka;
  private final Path directory;
  private final long samples;
  private final long managedMebibytes;

  private SenseBenchmark(EmbeddedKafka kafka, Path directory, long samples, long managedMebibytes) {
    this.kafka = kafka;
    this.managedMebibytes = managedMebibytes;
    this.directory = directory;
    this.samples = samples;
  }

  /** What one run came to. */
  private record Figures(long disks, long scored, double wallSeconds, double cpuSeconds) {
    double samplesASecond() {
      return scored / wallSeconds;
    }

    double cpuMicrosASample() {
      return cpuSeconds * 1e6 / scored;
    }
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args,
            "--disks",
            "--samples",
            "--directory",
            "--managed-mebibytes",
            "--nodes",
            "--drives",
            "--edges",
            "--pairs",
            "--steps");
    long[] disks =
        Arrays.stream(options.getOrDefault("--disks", "1000,100000").split(",", -1))
            .mapToLong(Long::parseLong)
            .toArray();
    long samples = Long.parseLong(options.getOrDefault("--samples", "2000000"));
    Path directory =
        options.containsKey("--directory")
            ? Path.of(options.get("--directory"))
            : Files.createTempDirectory("forestall-bench");
    long managedMebibytes = Long.parseLong(options.getOrDefault("--managed-mebibytes", "512"));
    if (options.containsKey("--nodes")) {
      SenseMix mix =
          new SenseMix(
              Integer.parseInt(options.get("--nodes")),
              Integer.parseInt(options.getOrDefault("--drives", "12")),
              Integer.parseInt(options.getOrDefault("--edges", "4")),
              Integer.parseInt(options.getOrDefault("--pairs", "2")));
      try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
        new SenseBenchmark(kafka, directory, samples, managedMebibytes)
            .mix(mix, Integer.parseInt(options.getOrDefault("--steps", "100")));
      } finally {
        deleteRecursively(directory);
      }
      System.exit(0);
    }
    System.out.printf(
        Locale.ROOT,
        "%10s %8s %12s %12s %14s %8s%n",
        "disks",
        "pass",
        "samples",
        "samples/s",
        "CPU us/sample",
        "ratio");
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
      SenseBenchmark benchmark = new SenseBenchmark(kafka, directory, samples, managedMebibytes);
      double first = 0;
      for (long fleet : disks) {
        double cost = benchmark.compare(fleet);
        first = first == 0 ? cost : first;
        System.out.printf(
            Locale.ROOT, "%10d cost against the smallest fleet: %.2f%n", fleet, cost / first);
      }
    } finally {
      deleteRecursively(directory);
    }
    printState();
    System.exit(0);
  }

  /** Everything on: how many samples a second, what each costs, and where the time goes. */
  private void mix(SenseMix mix, int steps) throws Exception {
    String prefix = "mix";
    createTopics(prefix);
    AvroCodec<FleetEntry> fleet = AvroCodec.of(FleetEntry.class);
    AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
    long entries = 0;
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      for (int node = 0; node < mix.nodes(); node++) {
        send(producer, prefix, fleet, EntityKind.NODE, SenseMix.node(node), node);
        for (int drive = 0; drive < mix.drives(); drive++) {
          send(producer, prefix, fleet, EntityKind.DISK, mix.drive(node, drive), node);
        }
        entries += 1 + mix.drives();
      }
    }
    long expected = (long) mix.samplesAStep() * steps;
    try (EmbeddedFlink flink = EmbeddedFlink.start(directory.resolve("mix"), 0, overrides())) {
      EmbeddedFlink.SubmittedJob loading = submitSense(flink, prefix);
      flink.awaitRunning(loading, Duration.ofMinutes(1));
      awaitCommitted(prefix, Topics.FLEET, entries);
      flink.checkpoint(loading, Duration.ofMinutes(2));
      var unused = flink.miniCluster().cancelJob(loading.id()).get(1, TimeUnit.MINUTES);
      await(() -> flink.status(loading).isGloballyTerminalState(), Duration.ofMinutes(1));
      try (KafkaProducer<byte[], byte[]> producer = producer()) {
        for (int step = 0; step < steps; step++) {
          for (int node = 0; node < mix.nodes(); node++) {
            var sent =
                producer.send(
                    record(
                        prefix,
                        Topics.TELEMETRY,
                        SenseMix.node(node),
                        mix.frame(frames, node, step, START_MILLIS)));
          }
        }
      }
      EmbeddedFlink.SubmittedJob running = submitSense(flink, prefix);
      // All but the last windows: their samples wait for event time that nothing moves any more.
      long begun = awaitScored((long) (expected * WARM_UP));
      Profile profile = new Profile();
      long wallNanos = System.nanoTime();
      long cpuNanos = SYSTEM.getProcessCpuTime();
      long ended = awaitScored((long) (expected * 0.98));
      Figures figures =
          new Figures(
              mix.nodes(),
              ended - begun,
              (System.nanoTime() - wallNanos) / 1e9,
              (SYSTEM.getProcessCpuTime() - cpuNanos) / 1e9);
      System.out.printf(
          Locale.ROOT,
          "%d nodes with %d disks, %d edges, %d pairs each, a sample of each every 15 s%n"
              + "%12d samples scored%n%12.0f samples/s%n%12.1f us of CPU each%n"
              + "%12d waited for the window of their peers%n%12d found none%n",
          mix.nodes(),
          mix.drives(),
          mix.edges(),
          mix.pairs(),
          figures.scored(),
          figures.samplesASecond(),
          figures.cpuMicrosASample(),
          Gauges.sum("symptoms", "waitedForPeers"),
          Gauges.sum("symptoms", "peersMissing"));
      for (String operator : List.of("signals", "symptoms", "paths", "nodes", "risk")) {
        System.out.printf(
            Locale.ROOT,
            "%12.0f bytes of state of a thing at %s%n",
            Gauges.mean(operator, "stateBytes"),
            operator);
      }
      profile.close();
      var stopped = flink.miniCluster().cancelJob(running.id()).get(1, TimeUnit.MINUTES);
    }
  }

  private static long awaitScored(long atLeast) throws Exception {
    long[] seen = new long[1];
    await(
        () -> {
          seen[0] = Gauges.sum("symptoms", "samplesScored") + Gauges.sum("paths", "samplesScored");
          return seen[0] >= atLeast;
        },
        Duration.ofMinutes(20));
    return seen[0];
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer,
      String prefix,
      AvroCodec<FleetEntry> codec,
      EntityKind kind,
      String id,
      int node) {
    FleetEntry entry =
        FleetEntry.newBuilder()
            .setEntity(new EntityRef(kind, id))
            .setTimeMillis(START_MILLIS)
            .setNode(kind == EntityKind.NODE ? null : SenseMix.node(node))
            .setRack("r-%03d".formatted(node / 20))
            .setZone("z-1")
            .setRegion("local")
            .setPool("bench")
            .setModel("BENCH 1")
            .setTier("hdd")
            .setSynthetic(true)
            .build();
    var sent = producer.send(record(prefix, Topics.FLEET, Keys.of(kind, id), codec.encode(entry)));
  }

  /** What is kept of one disk, with room for a challenger and a former champion. */
  private static void printState() {
    System.out.printf("%nstate of a disk, bytes (limit %d):%n", DiskState.MAXIMUM_BYTES);
    int sum = 0;
    for (var item : DiskState.itemisedBytes().entrySet()) {
      System.out.printf("%8d %s%n", item.getValue(), item.getKey());
      sum += item.getValue();
    }
    System.out.printf("%8d with all models%n", sum);
  }

  private double compare(long disks) throws Exception {
    String prefix = "bench" + disks;
    createTopics(prefix);
    publishFleet(prefix, disks);
    Path flinkDirectory = directory.resolve("flink-" + disks);
    Figures sense;
    try (EmbeddedFlink flink = EmbeddedFlink.start(flinkDirectory, 0, overrides())) {
      // The fleet is known before the first sample, as it is on any day but the first.
      EmbeddedFlink.SubmittedJob loading = submitSense(flink, prefix);
      flink.awaitRunning(loading, Duration.ofMinutes(1));
      awaitCommitted(prefix, Topics.FLEET, disks);
      flink.checkpoint(loading, Duration.ofMinutes(2));
      var unused = flink.miniCluster().cancelJob(loading.id()).get(1, TimeUnit.MINUTES);
      await(() -> flink.status(loading).isGloballyTerminalState(), Duration.ofMinutes(1));
      long rounds = Math.max(2, samples / disks);
      publishTelemetry(prefix, disks, rounds);
      var running = submitSense(flink, prefix);
      sense = measure(prefix, disks, disks * rounds);
      var stopped = flink.miniCluster().cancelJob(running.id()).get(1, TimeUnit.MINUTES);
    }
    print("sense", sense, 1);
    String peerPrefix = "peer" + disks;
    createTopics(peerPrefix);
    Figures bare;
    try (EmbeddedFlink flink =
        EmbeddedFlink.start(directory.resolve("peer-" + disks), 0, overrides())) {
      var unused =
          flink.submit(
              "bare", overrides(), env -> bare(env, settings(prefix), settings(peerPrefix)));
      bare = measure(peerPrefix, disks, sense.scored() == 0 ? 0 : total(disks));
    }
    print("bare", bare, sense.cpuMicrosASample() / bare.cpuMicrosASample());
    deleteRecursively(directory.resolve("flink-" + disks));
    deleteRecursively(directory.resolve("peer-" + disks));
    deleteTopics(prefix, peerPrefix);
    return sense.cpuMicrosASample();
  }

  private long total(long disks) {
    return disks * Math.max(2, samples / disks);
  }

  private static void print(String pass, Figures figures, double ratio) {
    System.out.printf(
        Locale.ROOT,
        "%10d %8s %12d %12.0f %14.1f %8.2f%n",
        figures.disks(),
        pass,
        figures.scored(),
        figures.samplesASecond(),
        figures.cpuMicrosASample(),
        ratio);
  }

  private EmbeddedFlink.SubmittedJob submitSense(EmbeddedFlink flink, String prefix) {
    return flink.submit(
        SenseJob.NAME,
        overrides(),
        env -> {
          Configuration all = Configuration.fromMap(env.getConfiguration().toMap());
          all.addAll(jobOptions(prefix));
          SenseJob.define(env, all);
        });
  }

  /** The peer: what any keyed Flink job on RocksDB pays for the same records. */
  private static void bare(StreamExecutionEnvironment env, SenseSettings from, SenseSettings to) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(PipelineOptions.AUTO_GENERATE_UIDS, true);
    configuration.set(PipelineOptions.MAX_PARALLELISM, SenseJob.MAX_PARALLELISM);
    env.configure(configuration);
    env.fromSource(
            new KafkaPorts(from).source(Topics.TELEMETRY, new TelemetryReader()),
            EventTime.telemetry(from),
            "telemetry")
        .uid("bare-source")
        .process(new Intake(), DiskInput.type())
        .uid("bare-intake")
        .keyBy(DiskInput::disk)
        .process(new Count(), RiskUpdate.type())
        .uid("bare-count")
        .sinkTo(new KafkaPorts(to).sink(Topics.RISK, Risk.class, RiskUpdate::key, RiskUpdate::risk))
        .uid("bare-sink");
  }

  /** Counts the samples of each disk and says so in an empty risk record. */
  static final class Count extends KeyedProcessFunction<String, DiskInput, RiskUpdate> {
    private static final long serialVersionUID = 1L;
    private transient ValueState<Long> counts;

    @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
    Count() {}

    @Override
    public void open(OpenContext context) {
      counts = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }

    @Override
    public void processElement(DiskInput input, Context context, Collector<RiskUpdate> out)
        throws IOException {
      Long before = counts.value();
      long count = before == null ? 1 : before + 1;
      counts.update(count);
      Risk risk =
          Risk.newBuilder()
              .setEntity(new EntityRef(EntityKind.DISK, input.disk()))
              .setTimeMillis(context.timestamp())
              .setSamples(count)
              .setScore(0)
              .setTier(Tier.HEALTHY)
              .setTierSinceMillis(0)
              .setProbability(0)
              .setHorizonMillis(0)
              .setConfidence(0)
              .setModes(List.of())
              .build();
      out.collect(new RiskUpdate(Keys.disk(input.disk()), risk));
    }
  }

  private Figures measure(String prefix, long disks, long expected) throws Exception {
    long warm = (long) (expected * WARM_UP);
    try (Admin admin = admin()) {
      long begun = awaitRecords(admin, prefix, warm);
      long wallNanos = System.nanoTime();
      long cpuNanos = SYSTEM.getProcessCpuTime();
      long ended = awaitRecords(admin, prefix, expected);
      return new Figures(
          disks,
          ended - begun,
          (System.nanoTime() - wallNanos) / 1e9,
          (SYSTEM.getProcessCpuTime() - cpuNanos) / 1e9);
    }
  }

  private static long awaitRecords(Admin admin, String prefix, long atLeast) throws Exception {
    long[] seen = new long[1];
    await(
        () -> {
          // The job counts samples; its records in the topic are more: those of the nodes too.
          seen[0] =
              prefix.startsWith("peer")
                  ? records(admin, Topics.RISK.name(prefix), Topics.RISK.spec().partitions())
                  : Gauges.sum("risk", "samplesScored");
          return seen[0] >= atLeast;
        },
        Duration.ofMinutes(20));
    return seen[0];
  }

  private static long records(Admin admin, String topic, int partitions) throws Exception {
    Map<TopicPartition, OffsetSpec> ask = new HashMap<>();
    for (int i = 0; i < partitions; i++) {
      ask.put(new TopicPartition(topic, i), OffsetSpec.latest());
    }
    long sum = 0;
    for (var offset : admin.listOffsets(ask).all().get().values()) {
      sum += offset.offset();
    }
    return sum;
  }

  private void awaitCommitted(String prefix, Topics topic, long records) throws Exception {
    String group = settings(prefix).groupId();
    String name = topic.name(prefix);
    try (Admin admin = admin()) {
      await(
          () ->
              admin
                      .listConsumerGroupOffsets(group)
                      .partitionsToOffsetAndMetadata()
                      .get()
                      .entrySet()
                      .stream()
                      .filter(e -> e.getKey().topic().equals(name))
                      .mapToLong(e -> e.getValue() == null ? 0 : e.getValue().offset())
                      .sum()
                  >= records,
          Duration.ofMinutes(10));
    }
  }

  /** What {@link #await} waits for. */
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition, Duration patience) throws Exception {
    long deadlineNanos = System.nanoTime() + patience.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > deadlineNanos) {
        throw new IllegalStateException("nothing happened within " + patience);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  private Configuration overrides() {
    Configuration overrides = new Configuration();
    overrides.set(TaskManagerOptions.NUM_TASK_SLOTS, 2);
    overrides.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(managedMebibytes));
    overrides.set(CoreOptions.DEFAULT_PARALLELISM, 2);
    overrides.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
    overrides.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    overrides.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(10));
    overrides.setString(
        "metrics.reporter.gauges.factory.class", "io.forestall.bench.Gauges$Factory");
    return overrides;
  }

  private Configuration jobOptions(String prefix) {
    Configuration options = new Configuration();
    options.setString("forestall.kafka.bootstrap.servers", kafka.bootstrapServers());
    options.setString("forestall.topic-prefix", prefix);
    return options;
  }

  private SenseSettings settings(String prefix) {
    return SenseSettings.from(jobOptions(prefix));
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
  }

  private void createTopics(String prefix) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    // All of them: a job does not start where a topic that it reads is missing.
    for (Topics topic : Topics.values()) {
      TopicSpec spec = topic.spec();
      topics.add(
          new NewTopic(topic.name(prefix), spec.partitions(), (short) 1)
              .configs(spec.brokerConfig()));
    }
    try (Admin admin = admin()) {
      admin.createTopics(topics).all().get();
    }
  }

  private void deleteTopics(String... prefixes) throws Exception {
    try (Admin admin = admin()) {
      List<String> names =
          admin.listTopics().names().get().stream()
              .filter(name -> Arrays.stream(prefixes).anyMatch(p -> name.startsWith(p + ".")))
              .toList();
      admin.deleteTopics(names).all().get();
    }
  }

  private KafkaProducer<byte[], byte[]> producer() {
    Properties properties = new Properties();
    properties.setProperty("bootstrap.servers", kafka.bootstrapServers());
    properties.setProperty("linger.ms", "20");
    properties.setProperty("batch.size", "262144");
    properties.setProperty("buffer.memory", "67108864");
    // A topic that was created a moment ago may change its leader under the first records, of
    // which an idempotent producer never recovers on a loaded machine.
    properties.setProperty("enable.idempotence", "false");
    properties.setProperty("acks", "1");
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static ProducerRecord<byte[], byte[]> record(
      String prefix, Topics topic, String key, byte[] value) {
    int partition = FixedPartitioner.partition(key, topic.spec().partitions());
    return new ProducerRecord<>(
        topic.name(prefix), partition, key.getBytes(StandardCharsets.UTF_8), value);
  }

  private void publishFleet(String prefix, long disks) {
    AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      for (long disk = 0; disk < disks; disk++) {
        String id = diskId(disk);
        FleetEntry entry =
            FleetEntry.newBuilder()
                .setEntity(new EntityRef(EntityKind.DISK, id))
                .setTimeMillis(START_MILLIS)
                .setNode(nodeId(disk / DISKS_A_NODE))
                .setRack("r-01")
                .setZone("z-1")
                .setRegion("local")
                .setPool("bench")
                .setTier("hdd")
                .setSynthetic(true)
                .build();
        var unused =
            producer.send(record(prefix, Topics.FLEET, Keys.disk(id), codec.encode(entry)));
      }
    }
  }

  private void publishTelemetry(String prefix, long disks, long rounds) {
    AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
    SplittableRandom random = new SplittableRandom(disks);
    long nodes = (disks + DISKS_A_NODE - 1) / DISKS_A_NODE;
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      for (long round = 0; round < rounds; round++) {
        long timeMillis = START_MILLIS + round * DAY_MILLIS;
        for (long node = 0; node < nodes; node++) {
          List<Sample> batch = new ArrayList<>(DISKS_A_NODE);
          long end = Math.min(disks, (node + 1) * DISKS_A_NODE);
          for (long disk = node * DISKS_A_NODE; disk < end; disk++) {
            batch.add(sample(random, disk, round));
          }
          TelemetryFrame frame =
              TelemetryFrame.newBuilder()
                  .setNode(nodeId(node))
                  .setTimeMillis(timeMillis)
                  .setSequence(round)
                  .setSource("simulated")
                  .setSamples(batch)
                  .build();
          var unused =
              producer.send(record(prefix, Topics.TELEMETRY, nodeId(node), codec.encode(frame)));
        }
      }
    }
  }

  private static Sample sample(SplittableRandom random, long disk, long round) {
    boolean sick = disk % 50 == 0;
    double errors = sick ? round * 2 : 0;
    Map<String, Double> metrics = new HashMap<>(16);
    metrics.put("smart_1_raw", (double) random.nextInt(200_000_000));
    metrics.put("smart_5_raw", errors);
    metrics.put("smart_9_raw", 10_000.0 + 24 * round);
    metrics.put("smart_12_raw", 12.0);
    metrics.put("smart_187_raw", errors / 2);
    metrics.put("smart_188_raw", 0.0);
    metrics.put("smart_194_raw", 24.0 + random.nextInt(6));
    metrics.put("smart_197_raw", sick ? random.nextInt(20) : 0.0);
    metrics.put("smart_198_raw", errors / 4);
    metrics.put("smart_199_raw", 0.0);
    return Sample.newBuilder()
        .setEntity(new EntityRef(EntityKind.DISK, diskId(disk)))
        .setModel("ST4000DM000")
        .setCapacityBytes(4_000_787_030_016L)
        .setMetrics(metrics)
        .build();
  }

  private static String diskId(long disk) {
    return "B" + (10_000_000L + disk);
  }

  private static String nodeId(long node) {
    return "n-" + (100_000 + node);
  }

  private static void deleteRecursively(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
