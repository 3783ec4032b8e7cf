package io.forestall.bench;

import com.sun.management.OperatingSystemMXBean;
import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.ReportRecords;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The move job from the log of deltas to the streams of the shadows, a real broker in the same
 * process, beside a bare copy of the same records by one consumer and one producer with the same
 * settings. Both run in turn over the same log, which is written before, and are measured from a
 * tenth of the records that the broker took of them to the last; the first round warms up. Then the
 * memory that many units take: heap behind a full collection, less that of the job once they have
 * no shadow.
 *
 * <p>Arguments: {@code --writes 32768 --bytes 16384 --units 64 --rounds 3 --parallelism 2
 * --many-units 10000 --hot 10000,1000 --directory DIR --trace FILE}; {@code --many-units 0} or
 * {@code --rounds 0} leaves out that part. With a trace its writes are what is copied, over and
 * over, each where it went and as long as it was, in pieces of 128 KiB at most as a client sends
 * them; what they carry does not compress.
 */
public final class MoveBenchmark implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Subject OWNER = Subject.node("n-1");
  private static final Subject SHADOW = Subject.node("n-7");
  private static final String BARE = "bench.bare";
  private static final long UNIT_BYTES = 1L << 30;
  private static final int SLICE_UNITS = 1024;
  private static final int PIECE_BYTES = 128 * 1024;
  private static final double MIB = 1 << 20;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final LocalRuntime runtime;
  private final KafkaOptions kafka;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> ends;
  private final DeltaRecords deltas = new DeltaRecords();
  private final ReportRecords reports = new ReportRecords();
  private final SplittableRandom random = new SplittableRandom(6);
  private final Map<String, Long> sequences = new HashMap<>();
  private final byte[][] payloads = new byte[64][];
  private final int[] crcs = new int[payloads.length];

  private MoveBenchmark(LocalRuntime runtime, int bytes) {
    this.runtime = runtime;
    this.kafka = runtime.kafkaOptions();
    Properties properties = kafka.clientProperties();
    producing(properties);
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    this.ends =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    for (int i = 0; i < payloads.length; i++) {
      payloads[i] = new byte[bytes];
      random.nextBytes(payloads[i]);
      crcs[i] = DeltaRecords.crc(payloads[i], 0, bytes);
    }
  }

  /** As the job's own sink of steps. */
  private static void producing(Properties properties) {
    properties.setProperty("acks", "all");
    properties.setProperty("linger.ms", "0");
    properties.setProperty("compression.type", "none");
    properties.setProperty("batch.size", "524288");
    properties.setProperty("buffer.memory", "67108864");
    properties.setProperty("max.request.size", "8388608");
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args,
            "--writes",
            "--bytes",
            "--units",
            "--rounds",
            "--parallelism",
            "--many-units",
            "--hot",
            "--trace",
            "--directory");
    List<Piece> pieces =
        options.containsKey("--trace") ? pieces(Path.of(options.get("--trace"))) : List.of();
    int bytes = number(options, "--bytes", "16384");
    int rounds = number(options, "--rounds", "3");
    int many = number(options, "--many-units", "10000");
    Path directory =
        options.containsKey("--directory")
            ? Path.of(options.get("--directory"))
            : Files.createTempDirectory("forestall-bench");
    if (rounds > 0) {
      try (LocalRuntime runtime = start(directory.resolve("speed"), options);
          MoveBenchmark bench = new MoveBenchmark(runtime, bytes)) {
        int units =
            pieces.isEmpty()
                ? number(options, "--units", "64")
                : 1 + pieces.stream().mapToInt(Piece::unit).max().orElseThrow();
        bench.speed(units, number(options, "--writes", "32768"), pieces, rounds);
      }
    }
    if (many > 0) {
      for (String hot : options.getOrDefault("--hot", "10000,1000").split(",")) {
        try (LocalRuntime runtime = start(directory.resolve("units-" + hot), options);
            MoveBenchmark bench = new MoveBenchmark(runtime, 4096)) {
          bench.memory(many, Integer.parseInt(hot));
        }
      }
    }
    System.exit(0);
  }

  /** A write of a trace, or a part of it that is not too long, in the unit where it went. */
  private record Piece(int unit, long offset, int length) {}

  private static List<Piece> pieces(Path trace) throws IOException {
    List<Piece> pieces = new ArrayList<>();
    Map<String, Integer> units = new HashMap<>();
    for (Trace.Request each : Trace.read(trace, Long.MAX_VALUE)) {
      long at = each.offset();
      while (each.write() && at < each.end()) {
        long unit = at / UNIT_BYTES;
        long end = Math.min(Math.min(each.end(), at + PIECE_BYTES), (unit + 1) * UNIT_BYTES);
        String name = each.volume() + "/" + unit;
        int number = units.computeIfAbsent(name, key -> units.size());
        pieces.add(new Piece(number, at % UNIT_BYTES, (int) (end - at)));
        at = end;
      }
    }
    return pieces;
  }

  private static int number(Map<String, String> options, String name, String otherwise) {
    return Integer.parseInt(options.getOrDefault(name, otherwise));
  }

  private static LocalRuntime start(Path directory, Map<String, String> options) {
    Configuration flink = new Configuration();
    flink.setString("parallelism.default", options.getOrDefault("--parallelism", "2"));
    flink.setString("execution.checkpointing.interval", "10 s");
    flink.setString("metrics.reporters", "bench");
    flink.setString("metrics.reporter.bench.factory.class", Gauges.Factory.class.getName());
    LocalRuntime runtime = LocalRuntime.start(LocalRuntime.Settings.in(directory).withFlink(flink));
    runtime.createTopics();
    return runtime;
  }

  // ---- speed

  private void speed(int units, int writes, List<Piece> pieces, int rounds) throws Exception {
    try (Admin admin = kafka.openAdmin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(BARE, Topics.SHADOW_APPLY.spec().partitions(), (short) 1)
                      .configs(
                          Map.of(
                              "message.timestamp.type",
                              "LogAppendTime",
                              "max.message.bytes",
                              "8388608"))))
          .all()
          .get();
    }
    map(units);
    SubmittedJob job = runtime.submitMove(Map.of());
    runtime.flink().awaitRunning(job, PATIENCE);
    begin(units);
    List<Double> ratios = new ArrayList<>();
    String deltaTopic = Topics.DELTAS.name(kafka.topicPrefix());
    String applyTopic = Topics.SHADOW_APPLY.name(kafka.topicPrefix());
    for (int round = 0; round <= rounds; round++) {
      runtime.flink().checkpoint(job, PATIENCE);
      cancel(job);
      Map<TopicPartition, Long> from = ends(deltaTopic);
      long bytes = 0;
      for (int i = 0; i < writes; i++) {
        if (pieces.isEmpty()) {
          bytes += write("v/" + i % units, i);
        } else {
          Piece piece = pieces.get(i % pieces.size());
          byte[] payload = new byte[piece.length()];
          random.nextBytes(payload);
          int crc = DeltaRecords.crc(payload, 0, payload.length);
          bytes += write("v/" + piece.unit(), piece.offset(), payload, crc);
        }
      }
      producer.flush();
      long cpuNanos = SYSTEM.getProcessCpuTime();
      double bare = measured(BARE, writes, () -> copy(from, writes));
      long bareCpuNanos = SYSTEM.getProcessCpuTime() - cpuNanos;
      SubmittedJob[] again = new SubmittedJob[1];
      cpuNanos = SYSTEM.getProcessCpuTime();
      Profile profile = round == rounds ? new Profile() : null;
      double move = measured(applyTopic, writes, () -> again[0] = runtime.submitMove(Map.of()));
      if (profile != null) {
        profile.close();
      }
      cpuNanos = SYSTEM.getProcessCpuTime() - cpuNanos;
      job = again[0];
      System.out.printf(
          Locale.ROOT,
          "%s: bare copy %.0f MB/s, move job %.0f MB/s, ratio %.2f; CPU a GB with the"
              + " broker %.1f s and, with its start, %.1f s%n",
          round == 0 ? "warm-up" : "round " + round,
          bytes / bare / 1e6,
          bytes / move / 1e6,
          bare / move,
          bareCpuNanos / (double) bytes,
          cpuNanos / (double) bytes);
      if (round > 0) {
        ratios.add(bare / move);
      }
    }
    ratios.sort(null);
    System.out.printf(
        Locale.ROOT,
        "broker to move job to shadow-apply, %d writes of %s, %d units: %.2f of a bare copy"
            + " (median of %d rounds, least %.2f)%n",
        writes,
        pieces.isEmpty() ? payloads[0].length + " bytes" : "the trace",
        units,
        ratios.get(ratios.size() / 2),
        ratios.size(),
        ratios.get(0));
    cancel(job);
  }

  private interface Action {
    void run() throws Exception;
  }

  /** Seconds in which a topic takes so many records, for all of them by what nine tenths took. */
  private double measured(String topic, long records, Action action) throws Exception {
    long before = sum(ends(topic));
    Thread thread =
        new Thread(
            () -> {
              try {
                action.run();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            "measured");
    thread.start();
    long firstNanos = 0;
    long first = 0;
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    long came = 0;
    while (came < records) {
      came = sum(ends(topic)) - before;
      if (came >= records / 10 && firstNanos == 0) {
        firstNanos = System.nanoTime();
        first = came;
      }
      if (System.nanoTime() > giveUpNanos) {
        throw new IllegalStateException(came + " records of " + records + " came to " + topic);
      }
      LockSupport.parkNanos(5_000_000);
    }
    double seconds =
        (System.nanoTime() - firstNanos) / 1e9 * records / Math.max(1, records - first);
    thread.join();
    return seconds;
  }

  private void copy(Map<TopicPartition, Long> from, long records) {
    Properties properties = kafka.clientProperties();
    producing(properties);
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(
                kafka.clientProperties(),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> out =
            new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      consumer.assign(from.keySet());
      from.forEach(consumer::seek);
      long copied = 0;
      while (copied < records) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          var unused =
              out.send(
                  new ProducerRecord<>(BARE, record.partition(), record.key(), record.value()));
          copied++;
        }
      }
      out.flush();
    }
  }

  // ---- memory

  private void memory(int units, int hot) throws Exception {
    SubmittedJob job =
        runtime.submitMove(Map.of("forestall.move.hot-units", Integer.toString(hot)));
    runtime.flink().awaitRunning(job, PATIENCE);
    map(units);
    begin(units);
    long beganNanos = System.nanoTime();
    long before = sum(ends(Topics.SHADOW_APPLY.name(kafka.topicPrefix())));
    int writes = 10 * units;
    // Some units are written all the time, most hardly ever; each of a thousand places of some.
    for (int i = 0; i < writes; i++) {
      int unit =
          random.nextInt(10) < 8 ? random.nextInt(Math.max(1, units / 10)) : random.nextInt(units);
      write("v/" + unit, i);
    }
    producer.flush();
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (sum(ends(Topics.SHADOW_APPLY.name(kafka.topicPrefix()))) - before < writes) {
      if (System.nanoTime() > giveUpNanos) {
        throw new IllegalStateException("the steps did not come");
      }
      LockSupport.parkNanos(5_000_000);
    }
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    runtime.flink().checkpoint(job, PATIENCE);
    long heap = heap();
    long disk = size(runtime.flink().checkpointFolder(job.name()));
    long cooled = Gauges.sum("streams", "unitsCooled");
    long warmed = Gauges.sum("streams", "unitsWarmed");
    unmap(units);
    long emptyHeap = heap();
    System.out.printf(
        Locale.ROOT,
        "%d units with a shadow, at most %d hot a subtask: %.1f MiB of heap more than once they"
            + " have none (%.1f KiB a unit), %.1f MiB on disk in checkpoints; %d cooled, %d warmed;"
            + " %.0f writes of 4 KiB a second%n",
        units,
        hot,
        (heap - emptyHeap) / MIB,
        (heap - emptyHeap) / 1024.0 / units,
        disk / MIB,
        cooled,
        warmed,
        writes / seconds);
    cancel(job);
  }

  private static long heap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      LockSupport.parkNanos(200_000_000);
      Runtime java = Runtime.getRuntime();
      least = Math.min(least, java.totalMemory() - java.freeMemory());
    }
    return least;
  }

  private static long size(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(each -> each.toFile().length()).sum();
    }
  }

  // ---- the fleet

  private void map(int units) {
    MapRecords records = new MapRecords();
    int slices = (units + SLICE_UNITS - 1) / SLICE_UNITS;
    for (int slice = 0; slice < slices; slice++) {
      List<MapSegment> segments = new ArrayList<>();
      for (int i = slice * SLICE_UNITS; i < Math.min(units, (slice + 1) * SLICE_UNITS); i++) {
        segments.add(
            new MapSegment(
                "v/" + i, i, OWNER, 1, List.of(new MapCopy(SHADOW, "SHADOW", "COPYING", -1))));
      }
      MapSlice record =
          new MapSlice(
              "v",
              "p1",
              slice,
              slices,
              1,
              0,
              units * UNIT_BYTES,
              UNIT_BYTES,
              4096,
              1,
              segments,
              System.currentTimeMillis());
      send(Topics.MAPS, MapRecords.key(record), records.encode(record, null));
    }
    producer.flush();
  }

  /** The volume is gone, and with it every stream. */
  private void unmap(int units) {
    for (int slice = 0; slice * SLICE_UNITS < units; slice++) {
      send(Topics.MAPS, "v/" + slice, null);
    }
    producer.flush();
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (Gauges.max("streams", "unitsWithShadows") > 0) {
      if (System.nanoTime() > giveUpNanos) {
        throw new IllegalStateException("units remain");
      }
      LockSupport.parkNanos(100_000_000);
    }
  }

  /** Owners write and speak until every stream goes on by itself. */
  private void begin(int units) {
    String topic = Topics.SHADOW_APPLY.name(kafka.topicPrefix());
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    long rows = 0;
    while (true) {
      for (int i = 0; i < units; i++) {
        String unit = "v/" + i;
        write(unit, 0);
        report(unit);
      }
      producer.flush();
      // Each stream has begun, and takes each write of the round.
      long before = sum(ends(topic));
      LockSupport.parkNanos(500_000_000);
      long now = sum(ends(topic));
      while (now > before) {
        before = now;
        LockSupport.parkNanos(500_000_000);
        now = sum(ends(topic));
      }
      long steps = Gauges.sum("streams", "stepsSent") - Gauges.sum("streams", "resyncsSent");
      if (steps - rows == units) {
        return;
      }
      rows = steps;
      if (System.nanoTime() > giveUpNanos) {
        throw new IllegalStateException("the streams did not begin");
      }
    }
  }

  private long write(String unit, int number) {
    byte[] payload = payloads[number % payloads.length];
    long offset = random.nextLong((UNIT_BYTES - payload.length) / 4096) * 4096;
    return write(unit, offset, payload, crcs[number % payloads.length]);
  }

  private long write(String unit, long offset, byte[] payload, int crc) {
    long sequence = sequences.merge(unit, 1L, Long::sum);
    Delta delta =
        new Delta(
            unit,
            1,
            sequence,
            Delta.Kind.WRITE,
            offset,
            payload.length,
            "NONE",
            payload,
            crc,
            crc,
            OWNER.id(),
            "c-1",
            sequence,
            0,
            System.currentTimeMillis());
    send(Topics.DELTAS, unit, deltas.encode(delta));
    return payload.length;
  }

  private void report(String unit) {
    HolderReport report =
        new HolderReport(
            unit,
            OWNER,
            true,
            1,
            sequences.getOrDefault(unit, 0L),
            "none",
            List.of(),
            0,
            0,
            false,
            null,
            System.currentTimeMillis());
    send(Topics.DIGESTS, unit, reports.encode(report));
  }

  private void send(Topics topic, String key, byte @Nullable [] value) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                topic.name(kafka.topicPrefix()),
                FixedPartitioner.partition(key, topic.spec().partitions()),
                key.getBytes(StandardCharsets.UTF_8),
                value));
  }

  private Map<TopicPartition, Long> ends(String topic) {
    TopicPartition[] partitions = new TopicPartition[Topics.SHADOW_APPLY.spec().partitions()];
    Arrays.setAll(partitions, i -> new TopicPartition(topic, i));
    return ends.endOffsets(List.of(partitions));
  }

  private static long sum(Map<TopicPartition, Long> ends) {
    return ends.values().stream().mapToLong(Long::longValue).sum();
  }

  private void cancel(SubmittedJob job) throws Exception {
    var unused = runtime.flink().miniCluster().cancelJob(job.id()).get();
    while (!runtime.flink().status(job).isGloballyTerminalState()) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  @Override
  public void close() {
    ends.close();
    producer.close();
  }
}
