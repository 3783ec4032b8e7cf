package io.forestall.bench;

import com.sun.management.OperatingSystemMXBean;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.correlate.CorrelateTime;
import io.forestall.operators.correlate.Rules;
import io.forestall.operators.kafka.EventReader;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.TopicSpec;
import io.forestall.schemas.Topics;
import io.forestall.topologies.CorrelateJob;
import io.forestall.topologies.KafkaCorrelatePorts;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.Keys;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
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
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The correlate job end to end (Kafka, decode, route, Flink CEP, incidents, Kafka) on two slots,
 * broker and producer in the same process.
 *
 * <p>Throughput: a history of events is written first, then read as fast as it goes; the rate is
 * told for each part of it, beside a bare pass of the same records (same source, one {@code
 * ValueState<Long>} on the heap). Most events of a fleet concern no rule: {@code --share} of them
 * do, and each of those concerns two rules. One event in {@value #STORY_EVERY} begins a burst that
 * satisfies a rule.
 *
 * <p>Latency: events at an even pace in the present; for each incident, the time from the moment
 * when the routing step had handed on the watermark that passed its last event to the moment when a
 * consumer has read the incident.
 */
public final class CorrelateBenchmark {
  private static final int DISKS_A_NODE = 50;
  private static final int NODES_A_RACK = 20;
  private static final int STORY_EVERY = 1000;
  private static final int WINDOW_SECONDS = 30;
  private static final long START_MILLIS = Instant.parse("2020-01-01T00:00:00Z").toEpochMilli();
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final EmbeddedKafka kafka;
  private final Path directory;
  private final Map<String, String> options;
  private final int keys;
  private final int rules;
  private final double share;

  private CorrelateBenchmark(EmbeddedKafka kafka, Path directory, Map<String, String> options) {
    this.kafka = kafka;
    this.directory = directory;
    this.options = options;
    this.keys = (int) number("--keys", 100_000);
    this.rules = (int) number("--rules", 20);
    this.share = Double.parseDouble(options.getOrDefault("--share", "0.1"));
  }

  private long number(String option, long otherwise) {
    return Long.parseLong(options.getOrDefault(option, Long.toString(otherwise)));
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args, "--keys", "--rules", "--share", "--directory", "--latency", "--events", "--rate");
    Path directory =
        options.containsKey("--directory")
            ? Path.of(options.get("--directory"))
            : Files.createTempDirectory("forestall-bench");
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
      CorrelateBenchmark benchmark = new CorrelateBenchmark(kafka, directory, options);
      if (options.containsKey("--latency")) {
        benchmark.latency();
      } else {
        benchmark.throughput();
      }
    } finally {
      deleteRecursively(directory);
    }
    System.exit(0);
  }

  private void throughput() throws Exception {
    long events = number("--events", 20_000_000);
    String prefix = "bench";
    createTopics(prefix);
    publishFleet(prefix);
    System.out.printf(
        Locale.ROOT,
        "%,d events of %,d disks on %,d nodes, 1 ms of event time apart; %d rules by disk and"
            + " node;%n%.0f %% of the events concern a rule, each of those two rules; one in %,d"
            + " begins a burst that satisfies one%n",
        events,
        keys,
        nodes(),
        rules,
        100 * share,
        STORY_EVERY);
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      Maker maker = new Maker();
      for (long i = 0; i < events; i++) {
        send(producer, prefix, maker.event(i, START_MILLIS + i));
      }
    }
    double costMicros;
    double rate;
    try (EmbeddedFlink flink = EmbeddedFlink.start(directory.resolve("flink"), 0, overrides())) {
      var job = submit(flink, prefix);
      Profile profile = null;
      System.out.printf("%12s %12s %14s %12s%n", "events", "events/s", "CPU us/event", "heap MiB");
      long step = Math.max(1_000_000, events / 20);
      long done = awaitCount("event intake", "eventsReceived", step / 2);
      profile = new Profile();
      long firstNanos = System.nanoTime();
      long firstCpu = SYSTEM.getProcessCpuTime();
      long first = done;
      while (done < events) {
        long nanos = System.nanoTime();
        long cpu = SYSTEM.getProcessCpuTime();
        long before = done;
        done = awaitCount("event intake", "eventsReceived", Math.min(events, before + step));
        System.out.printf(
            Locale.ROOT,
            "%,12d %,12.0f %14.1f %12d%n",
            done,
            (done - before) / ((System.nanoTime() - nanos) / 1e9),
            (SYSTEM.getProcessCpuTime() - cpu) / 1e3 / (done - before),
            heapMebibytes());
      }
      rate = (done - first) / ((System.nanoTime() - firstNanos) / 1e9);
      costMicros = (SYSTEM.getProcessCpuTime() - firstCpu) / 1e3 / (done - first);
      profile.close();
      System.out.printf(
          Locale.ROOT,
          "%nfiltered at once %,d, symptoms %,d, thinned %,d, late %,d, duplicates %,d, decisions"
              + " %,d%n",
          Gauges.sum("event intake", "eventsFiltered"),
          Gauges.sum("route", "symptomsRouted"),
          Gauges.sum("route", "symptomsThinned"),
          Gauges.sum("route", "eventsLate"),
          Gauges.sum("route", "eventsDuplicate"),
          Gauges.sum("incidents", "poolDecisions"));
      var stopped = flink.miniCluster().cancelJob(job.id()).get(1, TimeUnit.MINUTES);
    }
    try (EmbeddedFlink flink = EmbeddedFlink.start(directory.resolve("bare"), 0, overrides())) {
      var unused = flink.submit("bare", overrides(), env -> bare(env, settings(prefix)));
      long bareEvents = Math.min(events, 4_000_000);
      long begun = awaitCount("bare count", "counted", bareEvents / 8);
      long nanos = System.nanoTime();
      long cpu = SYSTEM.getProcessCpuTime();
      long done = awaitCount("bare count", "counted", bareEvents);
      double bareRate = (done - begun) / ((System.nanoTime() - nanos) / 1e9);
      double bareMicros = (SYSTEM.getProcessCpuTime() - cpu) / 1e3 / (done - begun);
      System.out.printf(
          Locale.ROOT,
          "%n%10s %12s %14s%n%10s %,12.0f %14.1f%n%10s %,12.0f %14.1f%nratio of CPU %.2f%n",
          "pass",
          "events/s",
          "CPU us/event",
          "correlate",
          rate,
          costMicros,
          "bare",
          bareRate,
          bareMicros,
          costMicros / bareMicros);
    }
  }

  private static long heapMebibytes() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
  }

  /** The peer: what any keyed Flink job on the heap pays for the same records. */
  private static void bare(StreamExecutionEnvironment env, CorrelateSettings settings) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.GENERIC_TYPES, false);
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    env.configure(configuration);
    KafkaPorts kafka =
        new KafkaPorts(settings.topicPrefix(), settings.kafka(), settings.groupId() + "-bare");
    env.fromSource(
            kafka.source(Topics.EVENTS, EventReader.events(settings.futureToleranceMillis())),
            CorrelateTime.events(settings),
            "events")
        .uid("bare-source")
        .process(new Take(), RecordFormat.FLEET_EVENT.info(FleetEvent.class))
        .uid("bare-intake")
        .keyBy(event -> event.entity().id(), Types.STRING)
        .process(new Count(), RecordFormat.FLEET_EVENT.info(FleetEvent.class))
        .name("bare count")
        .uid("bare-count")
        .sinkTo(
            kafka.sink(
                Topics.PREDICTED_EVENTS, Event.class, FleetEvent::id, IncidentRecords::event))
        .uid("bare-sink");
  }

  /** Lets every event through. */
  static final class Take extends ProcessFunction<CorrelateInput, FleetEvent> {
    private static final long serialVersionUID = 1L;

    @Override
    public void processElement(CorrelateInput input, Context context, Collector<FleetEvent> out) {
      FleetEvent event = input.event();
      if (event != null) {
        out.collect(event);
      }
    }
  }

  /** Counts the events of each thing and hands on one in a thousand. */
  static final class Count extends KeyedProcessFunction<String, FleetEvent, FleetEvent> {
    private static final long serialVersionUID = 1L;
    private transient ValueState<Long> counts;
    private transient Counter counted;

    @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
    Count() {}

    @Override
    public void open(OpenContext context) {
      counts = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
      counted = getRuntimeContext().getMetricGroup().counter("counted");
    }

    @Override
    public void processElement(FleetEvent event, Context context, Collector<FleetEvent> out)
        throws IOException {
      Long before = counts.value();
      counts.update(before == null ? 1 : before + 1);
      counted.inc();
      if (counted.getCount() % 1000 == 0) {
        out.collect(event);
      }
    }
  }

  private void latency() throws Exception {
    long seconds = number("--latency", 60);
    long rate = number("--rate", 5000);
    String prefix = "latency";
    createTopics(prefix);
    publishFleet(prefix);
    CorrelateSettings settings = settings(prefix);
    System.out.printf(
        Locale.ROOT,
        "%,d events/s for %d s, %,d disks, %d rules, %.0f %% of the events concern two rules each,"
            + " one in %,d begins a burst%nbound %d ms, watermark every 100 ms, idle after %d ms,"
            + " flush %d ms%n",
        rate,
        seconds,
        keys,
        rules,
        100 * share,
        STORY_EVERY,
        settings.outOfOrdernessMillis(),
        settings.quietAfterMillis(),
        settings.flushIntervalMillis());
    try (EmbeddedFlink flink = EmbeddedFlink.start(directory.resolve("flink"), 0, overrides())) {
      var job = submit(flink, prefix);
      flink.awaitRunning(job, Duration.ofMinutes(1));
      // When event time had come so far, by the wall clock.
      ConcurrentSkipListMap<Long, Long> passed = new ConcurrentSkipListMap<>();
      boolean[] done = new boolean[1];
      Thread watch =
          new Thread(
              () -> {
                long newest = Long.MIN_VALUE;
                while (!done[0]) {
                  long watermark = Gauges.min("route", "currentOutputWatermark");
                  if (watermark > newest) {
                    newest = watermark;
                    passed.put(watermark, System.nanoTime());
                  }
                  LockSupport.parkNanos(200_000);
                }
              },
              "watermarks");
      watch.setDaemon(true);
      watch.start();
      List<long[]> found = new ArrayList<>();
      Thread reader = new Thread(() -> read(prefix, found, done), "incidents");
      reader.setDaemon(true);
      reader.start();
      produce(prefix, rate, seconds);
      LockSupport.parkNanos(
          TimeUnit.MILLISECONDS.toNanos(settings.outOfOrdernessMillis())
              + TimeUnit.SECONDS.toNanos(4));
      done[0] = true;
      reader.join();
      watch.join();
      tell(found, passed);
      var stopped = flink.miniCluster().cancelJob(job.id()).get(1, TimeUnit.MINUTES);
    }
  }

  private void produce(String prefix, long rate, long seconds) {
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      Maker maker = new Maker();
      long startNanos = System.nanoTime();
      long sent = 0;
      while (sent < rate * seconds) {
        long due = (System.nanoTime() - startNanos) * rate / 1_000_000_000L;
        while (sent < Math.min(due, rate * seconds)) {
          send(producer, prefix, maker.event(sent, System.currentTimeMillis()));
          sent++;
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  /** Reads opened incidents: time of the newest event, and when it was read. */
  private void read(String prefix, List<long[]> found, boolean[] done) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers",
            kafka.bootstrapServers(),
            "key.deserializer",
            ByteArrayDeserializer.class,
            "value.deserializer",
            ByteArrayDeserializer.class,
            "fetch.min.bytes",
            1,
            "fetch.max.wait.ms",
            5);
    AvroCodec<Incident> codec = AvroCodec.of(Incident.class);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < Topics.INCIDENTS.spec().partitions(); i++) {
        partitions.add(new TopicPartition(Topics.INCIDENTS.name(prefix), i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!done[0]) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
          long nanos = System.nanoTime();
          long nowMillis = System.currentTimeMillis();
          Incident incident = codec.decode(record.value());
          if (incident.getState() == IncidentState.OPENED) {
            found.add(new long[] {incident.getUpdatedMillis(), nanos, nowMillis});
          }
        }
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void tell(List<long[]> found, ConcurrentSkipListMap<Long, Long> passed) {
    List<Double> fromWatermark = new ArrayList<>();
    List<Double> inAll = new ArrayList<>();
    for (long[] each : found.subList(found.size() / 10, found.size())) {
      Map.Entry<Long, Long> pass = passed.ceilingEntry(each[0]);
      if (pass != null) {
        fromWatermark.add((each[1] - pass.getValue()) / 1e6);
        inAll.add((double) (each[2] - each[0]));
      }
    }
    System.out.printf(Locale.ROOT, "%,d incidents opened%n", found.size());
    quantiles("from the watermark, ms", fromWatermark);
    quantiles("from the event, ms", inAll);
  }

  private static void quantiles(String what, List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      System.out.println(what + ": nothing measured");
      return;
    }
    System.out.printf(
        Locale.ROOT,
        "%24s: p50 %.1f  p90 %.1f  p99 %.1f  max %.1f  (%,d)%n",
        what,
        sorted[sorted.length / 2],
        sorted[(int) (sorted.length * 0.9)],
        sorted[(int) (sorted.length * 0.99)],
        sorted[sorted.length - 1],
        sorted.length);
  }

  /** Makes events, some of them in bursts that satisfy a rule. */
  private final class Maker {
    private final SplittableRandom random = new SplittableRandom(4);

    /** What is still to be told of bursts, by the number of the event that tells it. */
    private final TreeMap<Long, int[]> stories = new TreeMap<>();

    Event event(long number, long timeMillis) {
      int disk = random.nextInt(keys);
      int type = -1;
      if (!stories.isEmpty() && stories.firstKey() <= number) {
        int[] next = stories.pollFirstEntry().getValue();
        disk = next[0];
        type = next[1];
      } else if (random.nextInt(STORY_EVERY) == 0) {
        int rule = random.nextInt(rules);
        type = 2 * rule;
        stories.put(number + 20, new int[] {disk, 2 * rule});
        stories.put(number + 40, new int[] {disk, 2 * rule + 1});
      } else if (random.nextDouble() < share) {
        type = random.nextInt(2 * rules);
      }
      return IncidentRecords.event(
          new FleetEvent(
              "e-" + number,
              type < 0 ? "noise.kind" + random.nextInt(50) : "bench.t" + type,
              Severity.WARNING,
              false,
              Subject.disk("B" + (10_000_000 + disk)),
              List.of(Subject.node(node(disk / DISKS_A_NODE))),
              timeMillis,
              null,
              1,
              0,
              null,
              null,
              null,
              null,
              null,
              "bench",
              "something happened to a disk of the benchmark",
              Map.of("latencyMillis", 12.5, "errors", 3.0),
              Map.of()));
    }
  }

  /** Rules of two stages; each type concerns the rule of its own number and the next. */
  private Rules yaml() {
    StringBuilder yaml = new StringBuilder("rules:\n");
    List<String> by = List.of("disk", "disk", "node", "disk", "node");
    for (int i = 0; i < rules; i++) {
      int next = (i + 1) % rules;
      yaml.append("  - id: bench-").append(i).append('\n');
      yaml.append("    description: A rule of the benchmark.\n");
      yaml.append("    key: ").append(by.get(i % by.size())).append('\n');
      yaml.append("    order: ").append(i % 2 == 0 ? "any" : "listed").append('\n');
      yaml.append("    stages:\n");
      yaml.append("      - name: the first sort happens\n");
      yaml.append("        types: [bench.t").append(2 * i).append(", bench.t").append(2 * next);
      yaml.append("]\n        count: 2\n");
      yaml.append("      - name: the second sort happens\n");
      yaml.append("        types: [bench.t").append(2 * i + 1).append(", bench.t");
      yaml.append(2 * next + 1).append("]\n");
      yaml.append("    correlationTimeWindow: ").append(WINDOW_SECONDS).append(" s\n");
      yaml.append("    quiet: 1 min\n    maxLength: 10 min\n");
      yaml.append("    recommendation: investigate\n    because: It is a benchmark.\n");
    }
    return new Rules("bench", yaml.toString());
  }

  private EmbeddedFlink.SubmittedJob submit(EmbeddedFlink flink, String prefix) {
    CorrelateSettings settings = settings(prefix);
    return flink.submit(
        CorrelateJob.NAME,
        overrides(),
        env -> CorrelateJob.define(env, new KafkaCorrelatePorts(settings), settings, yaml()));
  }

  private CorrelateSettings settings(String prefix) {
    Configuration all = new Configuration();
    all.setString("forestall.kafka.bootstrap.servers", kafka.bootstrapServers());
    all.setString("forestall.topic-prefix", prefix);
    options.forEach(
        (key, value) -> {
          if (key.startsWith("--forestall.")) {
            all.setString(key.substring(2), value);
          }
        });
    return CorrelateSettings.from(all);
  }

  private Configuration overrides() {
    Configuration overrides = new Configuration();
    overrides.set(TaskManagerOptions.NUM_TASK_SLOTS, 2);
    overrides.set(CoreOptions.DEFAULT_PARALLELISM, 2);
    overrides.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(10));
    overrides.setString(
        "metrics.reporter.gauges.factory.class", "io.forestall.bench.Gauges$Factory");
    return overrides;
  }

  private static long awaitCount(String operator, String counter, long atLeast) {
    long deadlineNanos = System.nanoTime() + TimeUnit.MINUTES.toNanos(60);
    while (true) {
      long count = Gauges.sum(operator, counter);
      if (count >= atLeast) {
        return count;
      }
      if (System.nanoTime() > deadlineNanos) {
        throw new IllegalStateException(operator + " does not come to " + atLeast);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private int nodes() {
    return (keys + DISKS_A_NODE - 1) / DISKS_A_NODE;
  }

  private static String node(int node) {
    return "n-" + (100_000 + node);
  }

  private void publishFleet(String prefix) {
    AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      for (int node = 0; node < nodes(); node++) {
        int rack = node / NODES_A_RACK;
        Place place = new Place(node(node), "r-" + rack, "z-" + rack % 4, "eu", "p-" + rack % 8);
        FleetEntry entry = FleetEntries.of(FleetMember.node(place, true), START_MILLIS);
        var unused =
            producer.send(
                record(prefix, Topics.FLEET, Keys.of(entry.getEntity()), codec.encode(entry)));
      }
    }
  }

  private final AvroCodec<Event> codec = AvroCodec.of(Event.class);

  private void send(KafkaProducer<byte[], byte[]> producer, String prefix, Event event) {
    var unused =
        producer.send(
            record(prefix, Topics.EVENTS, Keys.of(event.getEntity()), codec.encode(event)));
  }

  private static ProducerRecord<byte[], byte[]> record(
      String prefix, Topics topic, String key, byte[] value) {
    int partition = FixedPartitioner.partition(key, topic.spec().partitions());
    return new ProducerRecord<>(topic.name(prefix), partition, Keys.bytes(key), value);
  }

  private void createTopics(String prefix) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    for (Topics topic :
        Arrays.asList(
            Topics.EVENTS,
            Topics.PREDICTED_EVENTS,
            Topics.ANOMALIES,
            Topics.FLEET,
            Topics.POLICIES,
            Topics.INCIDENTS,
            Topics.DEAD_LETTERS,
            Topics.SCHEMAS)) {
      TopicSpec spec = topic.spec();
      topics.add(
          new NewTopic(topic.name(prefix), spec.partitions(), (short) 1)
              .configs(spec.brokerConfig()));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      admin.createTopics(topics).all().get();
    }
  }

  private KafkaProducer<byte[], byte[]> producer() {
    Properties properties = new Properties();
    properties.setProperty("bootstrap.servers", kafka.bootstrapServers());
    properties.setProperty("linger.ms", options.containsKey("--latency") ? "1" : "20");
    properties.setProperty("batch.size", "262144");
    properties.setProperty("compression.type", "zstd");
    properties.setProperty("buffer.memory", "67108864");
    // As in the benchmark of sense: a fresh topic may change its leader under the first records.
    properties.setProperty("enable.idempotence", "false");
    properties.setProperty("acks", "1");
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
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
