package io.forestall.app.runtime;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.topics.SchemaPublisher;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.operators.SenseOptions;
import io.forestall.topologies.CorrelateJob;
import io.forestall.topologies.DecideJob;
import io.forestall.topologies.MoveJob;
import io.forestall.topologies.SenseJob;
import io.forestall.topologies.TrainJob;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.configuration.Configuration;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker and a Flink cluster in this process on one folder: the ground the demo and the
 * tests stand on. All that lasts is under the folder; a second start goes on with it, also after
 * kill -9. One runtime a folder at a time. Thread-safe.
 *
 * <pre>{@code
 * try (LocalRuntime runtime = LocalRuntime.start(LocalRuntime.Settings.in(directory))) {
 *   runtime.createTopics();
 *   runtime.submitSense();
 *   ...
 * }
 * }</pre>
 */
public final class LocalRuntime implements AutoCloseable {
  private final Settings settings;
  private final FileChannel lock;
  private final EmbeddedKafka kafka;
  private final EmbeddedFlink flink;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private LocalRuntime(
      Settings settings, FileChannel lock, EmbeddedKafka kafka, EmbeddedFlink flink) {
    this.settings = settings;
    this.lock = lock;
    this.kafka = kafka;
    this.flink = flink;
  }

  /**
   * What to start.
   *
   * @param directory where everything lives
   * @param kafkaPort 0 for any free one
   * @param flinkPort of REST and web UI, 0 for any free one
   * @param topicPrefix first word of every topic's name
   * @param flink settings of Flink that win over config.yaml
   * @param neededBytes how much of the disk must be free
   */
  public record Settings(
      Path directory,
      int kafkaPort,
      int flinkPort,
      String topicPrefix,
      Configuration flink,
      long neededBytes) {
    /** Free ports, prefix {@code forestall}, no settings of its own. */
    public static Settings in(Path directory) {
      return new Settings(directory, 0, 0, "forestall", new Configuration(), Disk.ENOUGH_BYTES);
    }

    /** The same with these Flink settings. */
    public Settings withFlink(Configuration flink) {
      return new Settings(directory, kafkaPort, flinkPort, topicPrefix, flink, neededBytes);
    }
  }

  /**
   * Starts the broker, then Flink; both serve when it returns.
   *
   * @throws CommandFailure in one line: port in use, disk full, folder in use
   */
  public static LocalRuntime start(Settings settings) {
    Path directory = settings.directory().toAbsolutePath();
    // Look at everything before anything starts: an error after five seconds of starting is worse.
    Disk.require(directory, settings.neededBytes(), "--directory");
    Ports.requireFree(settings.kafkaPort(), "Kafka", "--kafka-port");
    Ports.requireFree(settings.flinkPort(), "Flink", "--flink-port");
    FileChannel lock = lock(directory);
    EmbeddedKafka kafka = null;
    try {
      kafka = EmbeddedKafka.start(directory.resolve("kafka"), settings.kafkaPort());
      EmbeddedFlink flink =
          EmbeddedFlink.start(directory.resolve("flink"), settings.flinkPort(), settings.flink());
      return new LocalRuntime(settings, lock, kafka, flink);
    } catch (RuntimeException e) {
      if (kafka != null) {
        kafka.close();
      }
      release(lock);
      throw e;
    }
  }

  /** The broker. */
  public EmbeddedKafka kafka() {
    return kafka;
  }

  /** The cluster. */
  public EmbeddedFlink flink() {
    return flink;
  }

  /** How commands and clients reach the broker. */
  public KafkaOptions kafkaOptions() {
    return new KafkaOptions(kafka.bootstrapServers(), settings.topicPrefix());
  }

  /** Creates the topics of the catalogue that are missing and publishes the writer schemas. */
  public void createTopics() {
    try (Admin admin = kafkaOptions().openAdmin()) {
      new TopicAdmin(admin, settings.topicPrefix()).createMissing((short) 1);
    }
    SchemaPublisher.publish(kafkaOptions(), System.currentTimeMillis());
  }

  /** Starts the sense job with its defaults, from its newest complete checkpoint if it has one. */
  public EmbeddedFlink.SubmittedJob submitSense() {
    return submitSense(Map.of());
  }

  /**
   * Starts the sense job, from its newest complete checkpoint if it has one. Returns when the
   * cluster has taken it; see {@link EmbeddedFlink#awaitRunning}.
   *
   * @param options {@code forestall.*} options of the job, or Flink's
   */
  public EmbeddedFlink.SubmittedJob submitSense(Map<String, String> options) {
    Configuration configuration = configuration(options);
    return flink.submit(
        SenseJob.NAME, configuration, environment -> SenseJob.define(environment, configuration));
  }

  /**
   * Starts the correlate job, from its newest complete checkpoint if it has one. Returns when the
   * cluster has taken it; see {@link EmbeddedFlink#awaitRunning}.
   *
   * @param options {@code forestall.*} options of the job, or Flink's
   */
  public EmbeddedFlink.SubmittedJob submitCorrelate(Map<String, String> options) {
    Configuration configuration = configuration(options);
    return flink.submit(
        CorrelateJob.NAME,
        configuration,
        environment -> CorrelateJob.define(environment, configuration));
  }

  /**
   * Starts the decide job, from its newest complete checkpoint if it has one. Returns when the
   * cluster has taken it; see {@link EmbeddedFlink#awaitRunning}.
   *
   * @param options {@code forestall.*} options of the job, or Flink's
   */
  public EmbeddedFlink.SubmittedJob submitDecide(Map<String, String> options) {
    Configuration configuration = configuration(options);
    return flink.submit(
        DecideJob.NAME, configuration, environment -> DecideJob.define(environment, configuration));
  }

  /**
   * Starts the move job, from its newest complete checkpoint if it has one. Returns when the
   * cluster has taken it; see {@link EmbeddedFlink#awaitRunning}.
   *
   * @param options {@code forestall.*} options of the job, or Flink's
   */
  public EmbeddedFlink.SubmittedJob submitMove(Map<String, String> options) {
    Configuration configuration = configuration(options);
    return flink.submit(
        MoveJob.NAME, configuration, environment -> MoveJob.define(environment, configuration));
  }

  /**
   * Starts the train job, from its newest complete checkpoint if it has one. Returns when the
   * cluster has taken it; see {@link EmbeddedFlink#awaitRunning}.
   *
   * @param options {@code forestall.*} options of the job, or Flink's
   */
  public EmbeddedFlink.SubmittedJob submitTrain(Map<String, String> options) {
    Configuration configuration = configuration(options);
    return flink.submit(
        TrainJob.NAME, configuration, environment -> TrainJob.define(environment, configuration));
  }

  private Configuration configuration(Map<String, String> options) {
    Map<String, String> all = new HashMap<>();
    all.put(SenseOptions.KAFKA_PREFIX + "bootstrap.servers", kafka.bootstrapServers());
    all.put(SenseOptions.TOPIC_PREFIX.key(), settings.topicPrefix());
    all.putAll(options);
    return Configuration.fromMap(all);
  }

  /** The folder all of it lives in. */
  public Path directory() {
    return settings.directory().toAbsolutePath();
  }

  /** Ends Flink, then the broker. Calling it again does nothing. */
  @Override
  public void close() {
    if (open.compareAndSet(true, false)) {
      try {
        flink.close();
      } finally {
        try {
          kafka.close();
        } finally {
          release(lock);
        }
      }
    }
  }

  private static FileChannel lock(Path directory) {
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (IOException | OverlappingFileLockException e) {
      release(channel);
      throw inUse(directory, e);
    }
    release(channel);
    throw inUse(directory, null);
  }

  /** Whether no runtime of another process holds the folder; true when there is no such folder. */
  public static boolean isFree(Path directory) {
    if (!Files.isDirectory(directory)) {
      return true;
    }
    try {
      lock(directory).close();
      return true;
    } catch (CommandFailure | IOException e) {
      return false;
    }
  }

  /** The failure that says a folder is held by another process. */
  public static CommandFailure inUse(Path directory, @Nullable Exception cause) {
    return new CommandFailure(
        ExitCodes.FOUND,
        directory
            + " is in use by another running demo: stop that one, or choose another folder with"
            + " --directory",
        cause);
  }

  private static void release(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The system releases the lock with the process.
      }
    }
  }
}
