package io.forestall.app.demo;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.ingest.Feed;
import io.forestall.app.ingest.FeedProgress;
import io.forestall.app.ingest.FeedSummary;
import io.forestall.app.ingest.FileFeed;
import io.forestall.app.ingest.SimulatedFeed;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.Checkpoints;
import io.forestall.app.runtime.Disk;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.app.runtime.LoopbackMetricsReporter;
import io.forestall.app.runtime.Ports;
import io.forestall.operators.SenseOptions;
import io.forestall.sim.SimulatedFleet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall demo}: everything on one machine until Ctrl-C. */
@Command(
    name = "demo",
    description = {
      "Starts Kafka, Flink, the jobs, a fleet and the console on this machine, until Ctrl-C.",
      "A later start on the same folder goes on where this one ended, however it ended.",
      "",
      "The simulated fleet first tells its history of disks, a few days a second, then two hours of"
          + " machines, drives under load and network paths as fast as it goes, then everything as"
          + " it happens. Plant a fault in it from another shell: forestall demo fault plant"
          + " slow-disk.",
      "",
      "Three of its machines run a real storage node with a volume that a client reads and writes,"
          + " and one runs programs of its own (level 1). On these the demo acts, for the rest it"
          + " advises: forestall demo fault plant dying-nic --target node/n-0001 moves a volume,"
          + " and silent-node ends the node for a while."
    },
    subcommands = FaultCommand.class)
public final class DemoCommand implements Callable<Integer> {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(10);
  private static final long END_PATIENCE_SECONDS = 30;

  /** Each waits as long as Kafka's clients do: minutes in all. */
  private static final int MOST_UNANSWERED = 20;

  /** Where Flink's own reporter would listen, so that a Prometheus finds it. */
  private static final int FIRST_METRICS_PORT = 9249;

  private static final int LAST_METRICS_PORT = 9259;
  private static final String METRICS = "the metrics";
  private static final String METRICS_OPTION = "--metrics-port";

  /** Where native libraries are unpacked, 400 MB of them; scripts/forestall shares it. */
  private static final String NATIVES_CACHE = "org.bytedeco.javacpp.cachedir";

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "Where everything lives. Default: var/demo.")
  private @Nullable Path directory;

  @Option(names = "--fresh", description = "Delete what an earlier demo left in the folder first.")
  private boolean fresh;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Replay real files instead of a simulated fleet: daily drive-stats CSV, plain or gzip, or"
              + " a change log.")
  private @Nullable Path data;

  @Option(
      names = "--speed",
      paramLabel = "N|max",
      description =
          "Pace of the history: event time that passes in a second, in seconds. Default: 864000,"
              + " ten days a second; with --data 86400, or max. The present has a pace of its own,"
              + " --pace.")
  private @Nullable String speed;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "20260101",
      description = "Seed of the simulated fleet. Default: ${DEFAULT-VALUE}.")
  private long seed = 20260101L;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "24",
      description = "Nodes of the simulated fleet, 45 disks each. Default: ${DEFAULT-VALUE}.")
  private int nodes = 24;

  @Option(
      names = "--hazard",
      paramLabel = "X",
      defaultValue = "8",
      description =
          "How many times likelier than in life simulated disks fail. Default: ${DEFAULT-VALUE}.")
  private double hazard = 8;

  @Option(
      names = "--every",
      paramLabel = "TIME",
      converter = Durations.class,
      defaultValue = "5s",
      description =
          "Time between two reports of simulated machines, drives and paths in the present, such as"
              + " 15s or 1m. Default: ${DEFAULT-VALUE}.")
  private Duration every = Duration.ofSeconds(5);

  @Option(
      names = "--pace",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "How many times as fast as in life the simulated machines' present passes, 1 to 100, to"
              + " see sooner what a planted fault leads to. They begin so far in the past that it"
              + " lasts an hour. Default: ${DEFAULT-VALUE}.")
  private double pace = 1;

  @Option(
      names = "--warm-up",
      paramLabel = "TIME",
      converter = Durations.class,
      defaultValue = "2h",
      description =
          "How long before the present simulated machines begin to report, so that detectors know"
              + " what is usual. Default: ${DEFAULT-VALUE}.")
  private Duration warmUp = Duration.ofHours(2);

  @Option(
      names = "--kafka-port",
      paramLabel = "N",
      defaultValue = "9092",
      description = "0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int kafkaPort = 9092;

  @Option(
      names = "--flink-port",
      paramLabel = "N",
      defaultValue = "8081",
      description = "0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int flinkPort = 8081;

  @Option(
      names = "--console-port",
      paramLabel = "N",
      defaultValue = "7080",
      description = "0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int consolePort = 7080;

  @Option(
      names = "--metrics-port",
      paramLabel = "N",
      description =
          "Loopback port of Flink's metrics for Prometheus, 0 for any free one. Default: the first"
              + " free one of 9249 to 9259.")
  private @Nullable Integer metricsPort;

  @Option(names = "--no-browser", description = "Do not open the console in a browser.")
  private boolean noBrowser;

  @Option(
      names = "--no-storage",
      description =
          "Run no storage nodes; then nothing is admitted. They need the pace of life: with --pace"
              + " above 1, or --data, there are none.")
  private boolean noStorage;

  @Option(
      names = "--no-lane",
      description =
          "Do not run the second lane in Deeplearning4j; a challenger, if there is one, has it.")
  private boolean noLane;

  @Option(
      names = "--lane-share",
      paramLabel = "X",
      defaultValue = "0.05",
      description = "Share of the disks in the second lane, 0 to 1. Default: ${DEFAULT-VALUE}.")
  private double laneShare = 0.05;

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      description = "An option of a job (forestall.*) or of Flink; may be repeated.")
  private Map<String, String> options = new HashMap<>();

  @Option(
      names = "--until-scored",
      description = "With --data: end by itself when every row is scored or a dead letter.")
  private boolean untilScored;

  @Override
  public Integer call() throws InterruptedException {
    EmbeddedKafka.explainHalts(System.err);
    Path folder = folder();
    if (data != null && !Files.isDirectory(data)) {
      throw new ParameterException(
          spec().commandLine(),
          "--data " + data + " is no folder: name one with drive-stats files");
    }
    if (untilScored && data == null) {
      throw new ParameterException(
          spec().commandLine(), "--until-scored needs --data: a simulated fleet has no end");
    }
    if (!(pace >= 1 && pace <= 100)) {
      throw new ParameterException(spec().commandLine(), "--pace is 1 to 100, not " + pace);
    }
    begin(folder);
    PrintWriter out = spec().commandLine().getOut();
    out.println("Forestall demo in " + folder);
    out.flush();

    Configuration flink = Configuration.fromMap(options);
    int metrics = metricsPort();
    boolean reports = LoopbackMetricsReporter.configure(flink, metrics);
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    Thread atEnd = new Thread(() -> end(asked, ended, out), "forestall-end");
    Runtime.getRuntime().addShutdownHook(atEnd);
    try (Demo demo =
        Demo.open(
            new Demo.Settings(
                new LocalRuntime.Settings(
                    folder, kafkaPort, flinkPort, "forestall", flink, neededBytes()),
                consolePort,
                lane(out),
                laneShare,
                senseOptions(),
                data == null && !noStorage && pace == 1 ? nodes : 0),
            identity(),
            (position, atPresent) -> feed(position, atPresent, out),
            line -> {
              out.println("  " + line);
              out.flush();
            },
            () -> asked.getCount() == 0)) {
      if (reports) {
        out.println(
            "  metrics  http://127.0.0.1:"
                + metrics
                + "/metrics and "
                + demo.consoleUrl()
                + "metrics");
      }
      out.println("Ctrl-C ends all of it; a later start goes on from there.");
      if (!noBrowser && Browser.open(demo.consoleUrl())) {
        out.println("The console opens in the browser.");
      }
      out.flush();
      watch(demo, asked, out);
    } catch (RuntimeException | Error e) {
      // While the process ends, libraries that register hooks of their own fail: no news.
      if (asked.getCount() == 0) {
        return ExitCodes.FOUND;
      }
      throw e;
    } finally {
      ended.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(atEnd);
      } catch (IllegalStateException e) {
        // The process is ending already.
        asked.countDown();
      }
    }
    out.println("Ended; " + folder + " keeps everything.");
    out.flush();
    return ExitCodes.OK;
  }

  /** Runs when the process is asked to end: the main thread closes what has been started. */
  private static void end(CountDownLatch asked, CountDownLatch ended, PrintWriter out) {
    out.println();
    out.println("Ending ...");
    out.flush();
    asked.countDown();
    try {
      if (ended.await(END_PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        out.println("Ended; everything is kept for the next start.");
      } else {
        out.println("Not everything ended in time; the next start goes on from what is on disk.");
      }
      out.flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns when asked to end, or by itself when everything is scored and that was wanted. */
  private void watch(Demo demo, CountDownLatch asked, PrintWriter out) throws InterruptedException {
    boolean told = false;
    Demo.@Nullable Counts before = null;
    SlowAnswers slow = new SlowAnswers(MOST_UNANSWERED);
    while (!asked.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
      for (EmbeddedFlink.SubmittedJob job : demo.jobs()) {
        if (demo.runtime().flink().status(job).isTerminalState()) {
          throw new CommandFailure(
              ExitCodes.FOUND,
              "the job "
                  + job.name()
                  + " has ended: see "
                  + folder().resolve("logs").resolve("demo.log"));
        }
      }
      Demo.Counts counts;
      try {
        counts = demo.counts();
      } catch (CommandFailure e) {
        // The figures are only told: a machine with too much to do is no reason to end.
        if (slow.unanswered()) {
          throw e;
        }
        out.println("  " + e.getMessage() + " in time: this machine has much to do; asking again");
        out.flush();
        continue;
      }
      slow.answered();
      if (!counts.equals(before)) {
        out.printf(
            Locale.ROOT,
            "  %,d frames in, %,d scores out, %,d dead letters%n",
            counts.telemetry(),
            counts.risk(),
            counts.deadLetters());
        DemoLoad.Figures storage = demo.storageFigures();
        if (storage != null) {
          out.printf(
              Locale.ROOT,
              "  volumes: %,d writes, %,d reads, %,d wrong, %,d errors, the longest took %,d ms%n",
              storage.writes(),
              storage.reads(),
              storage.wrong(),
              storage.errors(),
              storage.longestMillis());
        }
        out.flush();
      }
      FeedSummary summary = demo.awaitFed(Duration.ZERO);
      if (summary != null && !told) {
        told = true;
        out.printf(
            Locale.ROOT,
            "  the feed has ended: %,d rows, %,d samples in %,d frames, %,d refused%n",
            summary.rows(),
            summary.samples(),
            summary.frames(),
            summary.refused());
        out.flush();
      }
      if (untilScored && summary != null && counts.equals(before)) {
        return;
      }
      before = counts;
    }
  }

  private void begin(Path folder) {
    try {
      if (fresh && Files.exists(folder)) {
        if (!Files.exists(folder.resolve("feed")) && !Files.exists(folder.resolve("kafka"))) {
          throw new CommandFailure(
              ExitCodes.REFUSED,
              folder
                  + " was not made by a demo, so --fresh does not delete it: choose another"
                  + " --directory");
        }
        try {
          Await.until(
              Duration.ofSeconds(2), "the folder is free", () -> LocalRuntime.isFree(folder));
        } catch (TimeoutException e) {
          throw LocalRuntime.inUse(folder, e);
        }
        Checkpoints.deleteRecursively(folder);
      }
      Disk.require(folder, neededBytes(), "--directory");
      // What native libraries and Flink unpack goes here, and is cleared at each start.
      Path temporary = folder.resolve("tmp");
      if (LocalRuntime.isFree(folder)) {
        Checkpoints.deleteRecursively(temporary);
      }
      System.setProperty("java.io.tmpdir", Files.createDirectories(temporary).toString());
      System.setProperty("log.file", folder.resolve("logs").resolve("demo.log").toString());
      if (System.getProperty(NATIVES_CACHE) == null) {
        System.setProperty(NATIVES_CACHE, folder.resolve("javacpp").toString());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.FOUND, "cannot use " + folder + ": " + e.getMessage(), e);
    }
  }

  private Path folder() {
    return folder(directory);
  }

  /** The folder of a demo: the one that was named, or the usual one. */
  static Path folder(@Nullable Path named) {
    if (named != null) {
      return named.toAbsolutePath().normalize();
    }
    String home = System.getProperty("forestall.home", "");
    return Path.of(home, "var", "demo").toAbsolutePath().normalize();
  }

  private int metricsPort() {
    if (metricsPort == null) {
      return Ports.firstFree(FIRST_METRICS_PORT, LAST_METRICS_PORT, METRICS, METRICS_OPTION);
    }
    Ports.requireFree(metricsPort, METRICS, METRICS_OPTION);
    return Ports.firstFree(metricsPort, metricsPort, METRICS, METRICS_OPTION);
  }

  /** Tests pretend a full disk by asking for more than there is. */
  private static long neededBytes() {
    String mebibytes = System.getenv("FORESTALL_MIN_FREE_MIB");
    return mebibytes == null ? Disk.ENOUGH_BYTES : Long.parseLong(mebibytes) << 20;
  }

  private boolean lane(PrintWriter out) {
    if (noLane) {
      return false;
    }
    try {
      Class.forName("org.nd4j.linalg.factory.Nd4j", false, DemoCommand.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      out.println("  no Deeplearning4j in target/lib/dl4j: the second lane stays off");
      return false;
    }
  }

  private String identity() {
    return data == null
        ? "a simulated fleet of " + nodes + " nodes, seed " + seed + ", hazard " + hazard
        : "files in " + data.toAbsolutePath().normalize();
  }

  private Feed feed(Path position, Runnable atPresent, PrintWriter out) throws IOException {
    if (data != null) {
      Path files = data.toAbsolutePath().normalize();
      FileFeed.Options defaults = FileFeed.Options.of(kindOf(files), List.of(files));
      return new FileFeed(
          new FileFeed.Options(
              defaults.kind(),
              defaults.paths(),
              defaults.inventory(),
              defaults.inventoryProblems(),
              secondsASecond("86400", true),
              defaults.rowsPerSecond(),
              position,
              false,
              defaults.syntheticNodes()),
          progress -> print(progress, out),
          System::currentTimeMillis);
    }
    SimulatedFeed.Options defaults =
        SimulatedFeed.Options.demo(System.currentTimeMillis(), position);
    SimulatedFleet.Options fleet = defaults.fleet();
    SimulatedFeed.Live live = SimulatedFeed.Live.demo();
    return new SimulatedFeed(
        new SimulatedFeed.Options(
            new SimulatedFleet.Options(
                seed, nodes, fleet.disksPerNode(), fleet.startMillis(), fleet.stepMillis(), hazard),
            Math.round(fleet.stepMillis() / secondsASecond("864000", false)),
            defaults.steps(),
            position,
            new SimulatedFeed.Live(
                warmUp.toMillis(),
                Math.max(live.warmUpStepMillis(), every.toMillis()),
                every.toMillis(),
                Math.max(live.smartEveryMillis(), every.toMillis()),
                live.lastMillis(),
                pace)),
        progress -> {},
        System::currentTimeMillis,
        line -> {
          out.println("  " + line);
          out.flush();
        },
        atPresent);
  }

  private Map<String, String> senseOptions() {
    Map<String, String> all = new HashMap<>();
    if (data == null) {
      // Simulated publishers are in step: waiting long for slow ones would only delay what is seen.
      all.put(SenseOptions.OUT_OF_ORDERNESS.key(), "15 s");
      // The history hurries, and a busy machine may read a disk's entry seconds after its samples:
      // those are many days of event time. What waits is bounded in number all the same.
      all.put(SenseOptions.UNKNOWN_ENTITY_GRACE.key(), "130 d");
    }
    all.putAll(options);
    return all;
  }

  private static void print(FeedProgress progress, PrintWriter out) {
    FeedSummary sum = progress.summary();
    LocalDate day = Instant.ofEpochMilli(sum.lastMillis()).atZone(ZoneOffset.UTC).toLocalDate();
    out.printf(
        Locale.ROOT,
        "  replay at %s: %,d rows%s, %,.0f rows/s%n",
        day,
        sum.rows(),
        progress.rowsInAll() > 0
            ? String.format(Locale.ROOT, " (%.0f %%)", 100.0 * sum.rows() / progress.rowsInAll())
            : "",
        progress.rowsPerSecond());
    out.flush();
  }

  private double secondsASecond(String usual, boolean maxAllowed) {
    String asked = speed == null ? usual : speed;
    if (maxAllowed && asked.equalsIgnoreCase("max")) {
      return Double.POSITIVE_INFINITY;
    }
    try {
      double value = Double.parseDouble(asked);
      if (value > 0 && value < Double.POSITIVE_INFINITY) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new ParameterException(
        spec().commandLine(),
        "--speed is a number above 0" + (maxAllowed ? " or max" : "") + ", not '" + asked + "'");
  }

  private static FileFeed.Kind kindOf(Path folder) throws IOException {
    if (Files.exists(folder.resolve("changes.csv.gz"))
        || Files.exists(folder.resolve("changes.csv"))) {
      return FileFeed.Kind.CHANGE_LOG;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      List<String> names =
          all.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).toList();
      if (names.stream().anyMatch(name -> name.endsWith(".csv") || name.endsWith(".csv.gz"))) {
        return FileFeed.Kind.DRIVE_STATS;
      }
      if (names.stream().anyMatch(name -> name.endsWith(".json"))) {
        return FileFeed.Kind.SMARTCTL;
      }
    }
    throw CommandFailure.usage(
        "--data " + folder + " holds no .csv, .csv.gz or .json files: name a folder that does");
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }
}
