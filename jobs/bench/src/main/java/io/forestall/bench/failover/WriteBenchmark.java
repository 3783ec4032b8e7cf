package io.forestall.bench.failover;

import io.forestall.bench.Flags;
import io.forestall.schemas.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What an acknowledged write costs, beside what it is made of, all in one run on one machine: an
 * fsync alone; an append to the log (acks=all) alone; an append that is read back; and the write of
 * a client, through the node's journal, the log and back, the acknowledgement included. Latency
 * with one write at a time, and latency and throughput with many in flight. At the end the same for
 * a volume whose writes are answered once they are in the journal, within a bound.
 *
 * <p>Arguments: {@code --home REPOSITORY --directory DIR --writes 3000 --bytes 4096 --in-flight
 * 32}.
 */
public final class WriteBenchmark {

  private static final long VOLUME_BYTES = 64L << 20;
  private static final double WARM_UP = 0.25;
  private static final long PATIENCE_SECONDS = 60;
  private static final String ASYNC_BOUND = "500ms";

  private final int writes;
  private final int bytes;
  private final int inFlight;

  private WriteBenchmark(int writes, int bytes, int inFlight) {
    this.writes = writes;
    this.bytes = bytes;
    this.inFlight = inFlight;
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(args, "--directory", "--writes", "--bytes", "--in-flight", "--home");
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-bench-write");
    WriteBenchmark benchmark =
        new WriteBenchmark(
            Integer.parseInt(options.getOrDefault("--writes", "3000")),
            Integer.parseInt(options.getOrDefault("--bytes", "4096")),
            Integer.parseInt(options.getOrDefault("--in-flight", "32")));
    Java java = new Java(Path.of(options.getOrDefault("--home", ".")).toAbsolutePath());
    try (Field field = Field.open(java, directory.toAbsolutePath(), null, null)) {
      benchmark.run(field.broker(), directory);
      field.startNodes(3);
      benchmark.throughNode(field);
    }
    System.exit(0);
  }

  private void run(Broker broker, Path directory) throws Exception {
    System.out.printf(
        Locale.ROOT,
        "%d writes of %d bytes each; broker and all else on this one machine%n",
        writes,
        bytes);
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("fsync"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer block = ByteBuffer.allocateDirect(bytes);
      measure(
          "fsync alone",
          1,
          (i, done) -> {
            block.clear();
            try {
              file.write(block);
              file.force(false);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            done.run();
          });
    }
    try (Log log = new Log(broker, 3, bytes)) {
      measure("append, acks=all", 1, log::append);
      measure("append and read back", 1, log::appendAndReadBack);
      measure("append, acks=all", inFlight, log::append);
      measure("append and read back", inFlight, log::appendAndReadBack);
    }
  }

  /** The whole way, as a program's write goes it: client, node, journal, log, back, answer. */
  private void throughNode(Field field) throws Exception {
    String volume = "w";
    field.createVolume(volume, 1, VOLUME_BYTES, "n1");
    try (Clients.Client client = Clients.open(field, "bench")) {
      client.use(volume);
      byte[] block = new byte[bytes];
      // Nothing that a compressor could make smaller.
      new Random(1).nextBytes(block);
      Leg write =
          (i, done) -> {
            // One that fails is never done, and the leg ends with a word on it.
            var unused = client.write(volume, (long) i * bytes % VOLUME_BYTES, block).thenRun(done);
          };
      try (Admin admin = Admin.create(field.broker().kafka().clientProperties())) {
        String topic = Topics.DELTAS.name(field.broker().kafka().topicPrefix());
        for (int depth : new int[] {1, inFlight, 8 * inFlight}) {
          logged(admin, topic, () -> measure("acknowledged write", depth, write));
        }
        Random random = new Random(2);
        byte[] zeros = new byte[bytes];
        byte[] text = text(random);
        int[] next = new int[1];
        String[] names = {"hot blocks", "anywhere", "text", "zeros"};
        long[] blocks = {16, VOLUME_BYTES / bytes, VOLUME_BYTES / bytes, VOLUME_BYTES / bytes};
        byte[][] data = {block, block, text, zeros};
        for (int leg = 0; leg < names.length; leg++) {
          int number = leg;
          Leg each =
              (i, done) -> {
                long at = (long) (random.nextDouble() * blocks[number]) * bytes;
                // Each request has bytes of its own, as a program's have.
                byte[] own = data[number].clone();
                if (number < 3) {
                  ByteBuffer.wrap(own).putInt(0, ++next[0]);
                }
                var unused = client.write(volume, at, own).thenRun(done);
              };
          logged(
              admin, topic, () -> measure("acknowledged write, " + names[number], inFlight, each));
        }
        field.asynchronous(volume, ASYNC_BOUND);
        for (int depth : new int[] {1, inFlight, 8 * inFlight}) {
          measure("answered early, bound " + ASYNC_BOUND, depth, write);
        }
      }
    }
  }

  /** Words in any order. */
  private byte[] text(Random random) {
    String[] words = {
      "storage ", "volume ", "forecast ", "disk ", "shadow ", "epoch ", "log ", "a "
    };
    StringBuilder text = new StringBuilder();
    while (text.length() < bytes) {
      text.append(words[random.nextInt(words.length)]).append(random.nextInt(100)).append(' ');
    }
    return Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), bytes);
  }

  private interface Measured {
    void run() throws InterruptedException;
  }

  /** Says what a leg left in the log, its warming up included. */
  private void logged(Admin admin, String topic, Measured leg) throws Exception {
    long before = logBytes(admin, topic);
    leg.run();
    System.out.printf(
        Locale.ROOT,
        "%-38s     in the log: %.0f bytes a write%n",
        "",
        (logBytes(admin, topic) - before) / (writes * (1 + WARM_UP)));
  }

  private static long logBytes(Admin admin, String topic) throws Exception {
    List<Integer> brokers =
        admin.describeCluster().nodes().get().stream().map(node -> node.id()).toList();
    long bytes = 0;
    for (Map<String, LogDirDescription> broker :
        admin.describeLogDirs(brokers).allDescriptions().get().values()) {
      for (LogDirDescription directory : broker.values()) {
        for (Map.Entry<TopicPartition, ReplicaInfo> each : directory.replicaInfos().entrySet()) {
          bytes += each.getKey().topic().equals(topic) ? each.getValue().size() : 0;
        }
      }
    }
    return bytes;
  }

  /** One thing that is measured: begins operation {@code i} and says when it is done. */
  interface Leg {
    void begin(int i, Runnable done);
  }

  /** Runs a leg with so many in flight and prints a line. */
  Quantiles measure(String name, int depth, Leg leg) throws InterruptedException {
    Quantiles took = new Quantiles();
    Semaphore free = new Semaphore(depth);
    int warmUp = (int) (writes * WARM_UP);
    long beginNanos = System.nanoTime();
    for (int i = 0; i < writes + warmUp; i++) {
      take(free, 1, name);
      if (i == warmUp) {
        // Nothing of the warming up may be in flight when the clock starts.
        take(free, depth - 1, name);
        free.release(depth - 1);
        beginNanos = System.nanoTime();
      }
      boolean counts = i >= warmUp;
      long atNanos = System.nanoTime();
      leg.begin(
          i,
          () -> {
            long nanos = System.nanoTime() - atNanos;
            if (counts) {
              synchronized (took) {
                took.add(nanos);
              }
            }
            free.release();
          });
    }
    take(free, depth, name);
    double seconds = (System.nanoTime() - beginNanos) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%-38s %3d in flight: %s; %.0f/s%n",
        name,
        depth,
        took.words(),
        writes / seconds);
    return took;
  }

  private static void take(Semaphore free, int permits, String name) throws InterruptedException {
    if (!free.tryAcquire(permits, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException(
          name + ": an operation is not done after " + PATIENCE_SECONDS + " s");
    }
  }

  /** One partition of the topic of deltas, written and read as a node does it, without a node. */
  private static final class Log implements AutoCloseable {

    private final String topic;
    private final int partition;
    private final byte[] payload;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<Long, Runnable> awaited = new ConcurrentHashMap<>();
    private final Thread reader;
    private volatile boolean open = true;
    private long number;

    Log(Broker broker, int partition, int bytes) {
      this.partition = partition;
      topic = Topics.DELTAS.name(broker.kafka().topicPrefix());
      payload = new byte[bytes];
      Properties properties = broker.kafka().clientProperties();
      properties.put("acks", "all");
      properties.put("enable.idempotence", "true");
      properties.put("linger.ms", "0");
      producer =
          new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
      Properties reading = broker.kafka().clientProperties();
      reading.put("fetch.min.bytes", "1");
      consumer =
          new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      TopicPartition place = new TopicPartition(topic, partition);
      consumer.assign(List.of(place));
      consumer.seekToEnd(List.of(place));
      consumer.position(place);
      reader = new Thread(this::read, "read-back");
      reader.start();
    }

    private ProducerRecord<byte[], byte[]> record(long key) {
      return new ProducerRecord<>(
          topic, partition, ByteBuffer.allocate(Long.BYTES).putLong(key).array(), payload);
    }

    void append(int i, Runnable done) {
      var unused =
          producer.send(
              record(-1),
              (place, failure) -> {
                if (failure == null) {
                  done.run();
                }
              });
    }

    void appendAndReadBack(int i, Runnable done) {
      long key = number++;
      awaited.put(key, done);
      var unused = producer.send(record(key));
    }

    private void read() {
      while (open) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          Runnable done = awaited.remove(ByteBuffer.wrap(record.key()).getLong());
          if (done != null) {
            done.run();
          }
        }
      }
    }

    @Override
    public void close() throws InterruptedException {
      open = false;
      reader.join();
      producer.close();
      consumer.close();
    }
  }
}
