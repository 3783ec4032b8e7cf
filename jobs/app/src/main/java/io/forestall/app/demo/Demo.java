package io.forestall.app.demo;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.console.ConsoleCommand;
import io.forestall.app.console.ConsoleServer;
import io.forestall.app.ingest.Feed;
import io.forestall.app.ingest.FeedSummary;
import io.forestall.app.ingest.StopSignal;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.app.runtime.Ports;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.operators.SenseLane;
import io.forestall.operators.SenseOptions;
import io.forestall.operators.correlate.CorrelateOptions;
import io.forestall.operators.decide.DecideOptions;
import io.forestall.operators.move.MoveOptions;
import io.forestall.schemas.Topics;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * All of Forestall in this process: broker, Flink, topics, the jobs, a feed, the console and, on
 * machines of a simulated fleet, storage nodes with a client. What lasts is under one folder; the
 * next start, also after kill -9, goes on with it. Closing ends all of it, the last started first.
 */
public final class Demo implements AutoCloseable {
  private static final Duration JOB_PATIENCE = Duration.ofSeconds(120);
  private static final long FEED_PATIENCE_SECONDS = 15;
  private static final long STORAGE_PATIENCE_SECONDS = 15;

  /**
   * What {@link #open} needs to know.
   *
   * @param senseOptions options of the jobs, whatever the name says
   * @param storageMachines machines of the simulated fleet, some of which get a storage node; 0 for
   *     none
   */
  public record Settings(
      LocalRuntime.Settings runtime,
      int consolePort,
      boolean lane,
      double laneShare,
      Map<String, String> senseOptions,
      int storageMachines) {}

  /** Makes the feed, given the file in which it keeps its position. */
  @FunctionalInterface
  public interface FeedFactory {
    /**
     * The feed; it is run once.
     *
     * @param atPresent for a simulated fleet, which runs it when its machines have come to the
     *     present
     */
    Feed create(Path position, Runnable atPresent) throws IOException;
  }

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final LocalRuntime runtime;
  private final List<EmbeddedFlink.SubmittedJob> jobs;
  private final ConsoleCommand.Console console;
  private final CompletableFuture<FeedSummary> fed = new CompletableFuture<>();
  private final Object closing = new Object();
  private boolean closed;
  private @Nullable Thread storageStart;
  private @Nullable DemoStorage storage;

  private Demo(
      LocalRuntime runtime,
      List<EmbeddedFlink.SubmittedJob> jobs,
      ConsoleCommand.Console console,
      Deque<AutoCloseable> parts) {
    this.runtime = runtime;
    this.jobs = List.copyOf(jobs);
    this.console = console;
    this.parts.addAll(parts);
  }

  /**
   * Starts everything; when it returns, the jobs run and the feed flows.
   *
   * @param identity what feeds it, in a word that two starts on one folder must share
   * @param feeds makes the feed
   * @param say hears of each part as it starts
   * @param stop asked between the parts: true gives up, and what has started ends again
   * @throws CommandFailure in one line, with nothing left running
   */
  public static Demo open(
      Settings settings,
      String identity,
      FeedFactory feeds,
      Consumer<String> say,
      BooleanSupplier stop) {
    Path directory = settings.runtime().directory().toAbsolutePath();
    Ports.requireFree(settings.consolePort(), "the console", "--console-port");
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    try {
      boolean resumed = Files.exists(directory.resolve("kafka").resolve("meta.properties"));
      LocalRuntime runtime = LocalRuntime.start(settings.runtime());
      parts.push(runtime);
      requireSameFeed(directory, identity);
      say.accept(
          "Kafka    "
              + runtime.kafka().bootstrapServers()
              + (resumed ? ", goes on with its data" : ", new"));
      say.accept("Flink    " + runtime.flink().restAddress());
      goOn(stop);
      runtime.createTopics();
      goOn(stop);
      EmbeddedFlink.SubmittedJob sense = runtime.submitSense(senseOptions(settings));
      EmbeddedFlink.SubmittedJob correlate =
          runtime.submitCorrelate(of(settings, CorrelateOptions.PREFIX));
      Map<String, String> decideOptions = decideOptions(settings, directory);
      EmbeddedFlink.SubmittedJob decide = runtime.submitDecide(decideOptions);
      EmbeddedFlink.SubmittedJob move = runtime.submitMove(of(settings, MoveOptions.PREFIX));
      runtime.flink().awaitRunning(sense, JOB_PATIENCE, stop);
      say.accept(
          "sense    "
              + started(sense, directory)
              + (settings.lane() ? "; second lane: Deeplearning4j on a sample" : ""));
      runtime.flink().awaitRunning(correlate, JOB_PATIENCE, stop);
      say.accept("correlate " + started(correlate, directory));
      runtime.flink().awaitRunning(decide, JOB_PATIENCE, stop);
      say.accept(
          "decide   "
              + started(decide, directory)
              + (!decideOptions.containsKey(DecideOptions.SIGNING_KEY_FILE.key())
                  ? "; advises, admits nothing"
                  : settings.storageMachines() == 0
                      ? "; admits what the policies allow"
                      : "; admits acts on the demo's own storage nodes, advises for the rest"));
      runtime.flink().awaitRunning(move, JOB_PATIENCE, stop);
      say.accept("move     " + started(move, directory));
      ConsoleCommand.Console console =
          ConsoleCommand.Console.start(
              new ConsoleServer.Options("127.0.0.1", settings.consolePort(), Set.of()),
              runtime.kafkaOptions(),
              null,
              settings.storageMachines() == 0
                  ? Trusted.NONE
                  : Signer.read(key(decideOptions)).trusted());
      parts.push(console);
      Demo demo = new Demo(runtime, List.of(sense, correlate, decide, move), console, parts);
      demo.feed(
          feeds.create(
              directory.resolve("feed").resolve("position"),
              () -> demo.startStorage(settings, decideOptions, say)),
          say);
      say.accept("console  " + console.url());
      return demo;
    } catch (IOException e) {
      CommandFailure failure =
          new CommandFailure(
              ExitCodes.FOUND, "the demo cannot start in " + directory + ": " + e.getMessage(), e);
      closeAll(parts, failure);
      throw failure;
    } catch (RuntimeException | Error e) {
      closeAll(parts, e);
      throw e;
    }
  }

  private static String started(EmbeddedFlink.SubmittedJob job, Path directory) {
    Path from = job.resumedFrom();
    return from == null
        ? "runs, from the beginning"
        : "runs, from its checkpoint "
            + directory.relativize(from)
            + " (what it repeats is dropped and counted)";
  }

  /** The options of one job among all that were given. */
  private static Map<String, String> of(Settings settings, String prefix) {
    Map<String, String> options = new HashMap<>();
    settings
        .senseOptions()
        .forEach(
            (key, value) -> {
              if (key.startsWith(prefix)) {
                options.put(key, value);
              }
            });
    return options;
  }

  /**
   * A simulated fleet lives in a time of its own, some hours behind this clock, and a replay in the
   * past: by their age all samples would be too old for the guard, which is what it is for. The
   * demo asks for the most that the guard allows; what an option says wins.
   *
   * <p>With storage nodes the guard gets a key of the demo's own, and no word to act but on them.
   * Without them and without a key of the user's it only advises, whatever happens.
   */
  private static Map<String, String> decideOptions(Settings settings, Path directory)
      throws IOException {
    Map<String, String> options = new HashMap<>();
    if (settings.storageMachines() > 0) {
      options.put(DecideOptions.SIGNING_KEY_FILE.key(), DemoStorage.guardKey(directory).toString());
    }
    options.put(DecideOptions.MAX_SAMPLE_AGE.key(), "7 d");
    options.put(DecideOptions.MAX_LAG.key(), "7 d");
    options.put(DecideOptions.MAX_TELEMETRY_AGE.key(), "30 d");
    // Who tries the demo does not wait for hours to see a shadow come and go.
    options.put(DecideOptions.SHADOW_ENTER_DWELL.key(), "10 s");
    options.put(DecideOptions.SHADOW_EXIT_DWELL.key(), "3 min");
    options.putAll(of(settings, DecideOptions.PREFIX));
    return options;
  }

  private static void goOn(BooleanSupplier stop) {
    if (stop.getAsBoolean()) {
      throw new CommandFailure(ExitCodes.FOUND, "stopped while it started");
    }
  }

  private static Map<String, String> senseOptions(Settings settings) {
    Map<String, String> options = new HashMap<>();
    options.put(
        SenseOptions.LANE.key(), (settings.lane() ? SenseLane.DL4J : SenseLane.ADVISE).name());
    options.put(SenseOptions.LANE_SHARE.key(), Double.toString(settings.laneShare()));
    options.putAll(settings.senseOptions());
    return options;
  }

  /** One folder holds the story of one fleet: another feed on top of it would make nonsense. */
  private static void requireSameFeed(Path directory, String identity) throws IOException {
    Path file = Files.createDirectories(directory.resolve("feed")).resolve("identity");
    if (Files.exists(file)) {
      String kept = Files.readString(file, StandardCharsets.UTF_8).strip();
      if (!kept.equals(identity)) {
        throw CommandFailure.usage(
            directory
                + " holds a demo of "
                + kept
                + ", this is "
                + identity
                + ": give it a folder of its own with --directory, or --fresh to begin anew");
      }
    } else {
      Files.writeString(file, identity + "\n", StandardCharsets.UTF_8);
    }
  }

  private static Path key(Map<String, String> decideOptions) {
    return Path.of(decideOptions.getOrDefault(DecideOptions.SIGNING_KEY_FILE.key(), ""));
  }

  /** Beside the feed, which goes on meanwhile. Without them the demo goes on, too. */
  private void startStorage(
      Settings settings, Map<String, String> decideOptions, Consumer<String> say) {
    if (settings.storageMachines() == 0) {
      return;
    }
    Path key = key(decideOptions);
    Thread thread =
        new Thread(
            () -> {
              try {
                DemoStorage started =
                    DemoStorage.start(
                        runtime.directory(),
                        settings.storageMachines(),
                        runtime.kafkaOptions(),
                        key);
                synchronized (closing) {
                  if (closed) {
                    started.close();
                    return;
                  }
                  storage = started;
                }
                say.accept("storage  " + started.description());
                say.accept(
                    "         let one fail: scripts/forestall demo fault plant dying-nic --target"
                        + " node/"
                        + started.example());
              } catch (CommandFailure e) {
                say.accept("storage  none: " + e.getMessage());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "forestall-storage");
    thread.setDaemon(true);
    synchronized (closing) {
      if (closed) {
        return;
      }
      storageStart = thread;
      thread.start();
    }
  }

  /** What the client of the storage nodes has seen; null while there is none. */
  public DemoLoad.@Nullable Figures storageFigures() {
    synchronized (closing) {
      DemoStorage running = storage;
      return running == null ? null : running.figures();
    }
  }

  private void endStorage() {
    Thread starting = storageStart;
    if (starting != null) {
      starting.interrupt();
      try {
        starting.join(TimeUnit.SECONDS.toMillis(STORAGE_PATIENCE_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    DemoStorage running;
    synchronized (closing) {
      running = storage;
      storage = null;
    }
    if (running != null) {
      running.close();
    }
  }

  private void feed(Feed feed, Consumer<String> say) {
    StopSignal stop = new StopSignal();
    KafkaOptions kafka = runtime.kafkaOptions();
    TelemetryPublisher publisher =
        TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix());
    Thread thread =
        new Thread(
            () -> {
              try (publisher) {
                fed.complete(feed.run(publisher, stop));
              } catch (Throwable e) {
                fed.completeExceptionally(e);
              }
            },
            "forestall-feed");
    thread.setDaemon(true);
    parts.push(
        () -> {
          stop.stop();
          thread.join(TimeUnit.SECONDS.toMillis(FEED_PATIENCE_SECONDS));
        });
    thread.start();
    say.accept("feed     " + feed.description());
  }

  /** The broker and the cluster. */
  public LocalRuntime runtime() {
    return runtime;
  }

  /** The sense job of this start. */
  public EmbeddedFlink.SubmittedJob sense() {
    return jobs.get(0);
  }

  /** All jobs of this start, sense first. */
  public List<EmbeddedFlink.SubmittedJob> jobs() {
    return jobs;
  }

  /** The address to open in a browser. */
  public String consoleUrl() {
    return console.url();
  }

  /**
   * What the feed sent, once it has ended.
   *
   * @param patience how long to wait for it
   * @return null when it still flows
   * @throws CommandFailure when it failed
   */
  public @Nullable FeedSummary awaitFed(Duration patience) throws InterruptedException {
    try {
      return fed.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (ExecutionException e) {
      Throwable why = e.getCause() == null ? e : e.getCause();
      if (why instanceof CommandFailure failure) {
        throw failure;
      }
      throw new CommandFailure(
          ExitCodes.FOUND, "the feed ended: " + why.getMessage() + "; start the demo again", why);
    }
  }

  /**
   * Records written so far.
   *
   * @param telemetry frames
   * @param risk scores, with what a restart repeated
   * @param deadLetters what could not be scored
   */
  public record Counts(long telemetry, long risk, long deadLetters) {}

  /** Counts of the topics, from the ends of their partitions. */
  public Counts counts() throws InterruptedException {
    try (Admin admin = runtime.kafkaOptions().openAdmin()) {
      return new Counts(
          written(admin, Topics.TELEMETRY),
          written(admin, Topics.RISK),
          written(admin, Topics.DEAD_LETTERS));
    } catch (ExecutionException e) {
      throw CommandFailure.unreachable("the embedded broker does not answer", e);
    }
  }

  private long written(Admin admin, Topics topic) throws ExecutionException, InterruptedException {
    String name = topic.name(runtime.kafkaOptions().topicPrefix());
    Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
    for (TopicDescription description :
        admin.describeTopics(List.of(name)).allTopicNames().get().values()) {
      description
          .partitions()
          .forEach(p -> ends.put(new TopicPartition(name, p.partition()), OffsetSpec.latest()));
    }
    return admin.listOffsets(ends).all().get().values().stream()
        .mapToLong(end -> end.offset())
        .sum();
  }

  /** Ends the storage nodes, the feed, the console, Flink and the broker, in this order. */
  @Override
  public void close() {
    synchronized (closing) {
      if (closed) {
        return;
      }
      closed = true;
    }
    endStorage();
    closeAll(parts, null);
  }

  private static void closeAll(Deque<AutoCloseable> parts, @Nullable Throwable why) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        if (why == null) {
          System.getLogger(Demo.class.getName())
              .log(System.Logger.Level.WARNING, "a part of the demo did not end cleanly", e);
        } else {
          why.addSuppressed(e);
        }
      }
    }
  }
}
