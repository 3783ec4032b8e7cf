package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.Subject;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.wire.sources.InventoryReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code forestall ingest}: files of telemetry into Kafka. Exit code 0 when every row was sent, 1
 * when some became dead letters.
 */
@Command(
    name = "ingest",
    subcommands = {CsvCommand.class, ScrapeCommand.class, TelegrafCommand.class},
    description = {
      "Sends telemetry from files to Kafka: drive-stats CSV, smartctl JSON or a change log, and"
          + " what stands where from an inventory.",
      "Rows that cannot be read go to the topic dead-letters with file, line and reason. Sending"
          + " the same files again is harmless."
    })
public final class IngestCommand implements Callable<Integer> {

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Option(
      names = "--drive-stats",
      arity = "1..*",
      paramLabel = "PATH",
      description = "Drive-stats CSV, plain or gzip: files, or folders at any depth.")
  private List<Path> driveStats = new ArrayList<>();

  @Option(
      names = "--smartctl",
      arity = "1..*",
      paramLabel = "PATH",
      description = "Output of smartctl --json: files, or folders at any depth.")
  private List<Path> smartctl = new ArrayList<>();

  @Option(
      names = "--change-log",
      paramLabel = "DIR",
      description = "A change log: a folder with drives.csv.gz and changes.csv.gz.")
  private @Nullable Path changeLog;

  @Option(
      names = "--inventory",
      paramLabel = "FILE",
      description =
          "What stands where, as CSV or JSON: kind,id,node,rack,zone,region,pool,tier,model,"
              + "capacity_bytes.")
  private @Nullable Path inventory;

  @Option(
      names = "--remove",
      arity = "1..*",
      paramLabel = "KIND/ID",
      description = "Ends disks or nodes everywhere, for example disk/S300YQ5K.")
  private List<String> removed = new ArrayList<>();

  @Option(names = "--follow", description = "Go on with new files as they appear; end with Ctrl-C.")
  private boolean follow;

  @Option(
      names = "--replay",
      description = "Replay stored days in event time; --speed says how fast.")
  private boolean replay;

  @Option(
      names = "--speed",
      paramLabel = "N|max",
      defaultValue = "max",
      description =
          "Event time that passes in a second, in seconds: 86400 is a day a second. Default: max.")
  private String speed = "max";

  @Option(
      names = "--rate",
      paramLabel = "ROWS",
      description = "Most rows a second. Default: no limit.")
  private double rate = Double.POSITIVE_INFINITY;

  @Option(
      names = "--position",
      paramLabel = "FILE",
      description = "Where the position is kept, so that an interrupted run goes on.")
  private @Nullable Path position;

  @Option(
      names = "--synthetic-nodes",
      paramLabel = "N",
      description = "Made-up nodes for disks without a place. Default: one for 45 disks.")
  private int syntheticNodes;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    List<Subject> subjects = subjects();
    FileFeed feed = feed(err);
    if (feed == null && inventory == null && subjects.isEmpty()) {
      throw CommandFailure.usage(
          "say what to send: --drive-stats, --smartctl, --change-log, --inventory or --remove");
    }
    try (Admin answering = kafka.openAdmin()) {
      // Only to fail early, with a clear word, when nobody answers.
      Objects.requireNonNull(answering);
    }
    try (TelemetryPublisher publisher =
        TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix())) {
      publisher.publishSchemas("forestall ingest", System.currentTimeMillis());
      for (Subject subject : subjects) {
        publisher.retire(subject);
        out.println("removed " + subject);
      }
      publisher.flush();
      return feed == null ? inventoryOnly(publisher, out) : run(feed, publisher, out);
    } catch (PublishException e) {
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
    } catch (NoSuchFileException e) {
      throw missing(e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.FOUND, "cannot read: " + e.getMessage(), e);
    } finally {
      out.flush();
    }
  }

  private int inventoryOnly(TelemetryPublisher publisher, PrintWriter out)
      throws IOException, InterruptedException {
    if (inventory == null) {
      return ExitCodes.OK;
    }
    // A feed without files sends the inventory alone.
    FileFeed.Options options =
        FileFeed.Options.of(FileFeed.Kind.DRIVE_STATS, List.of())
            .withInventory(InventoryReader.read(inventory));
    return run(new FileFeed(options, progress -> {}, System::currentTimeMillis), publisher, out);
  }

  private int run(FileFeed feed, TelemetryPublisher publisher, PrintWriter out)
      throws IOException, InterruptedException {
    return Running.untilStopped(
        stop -> {
          try {
            FeedSummary summary = feed.run(publisher, stop);
            print(summary, feed, out);
            return summary.deadLetters() == 0 ? ExitCodes.OK : ExitCodes.FOUND;
          } finally {
            out.flush();
          }
        });
  }

  private @Nullable FileFeed feed(PrintWriter err) {
    int kinds =
        (driveStats.isEmpty() ? 0 : 1) + (smartctl.isEmpty() ? 0 : 1) + (changeLog == null ? 0 : 1);
    if (kinds > 1) {
      throw CommandFailure.usage(
          "--drive-stats, --smartctl and --change-log are sources of their own: run ingest once for"
              + " each");
    }
    if (kinds == 0) {
      if (follow || replay || position != null) {
        throw CommandFailure.usage(
            "--follow, --replay and --position need a source: --drive-stats, --smartctl or"
                + " --change-log");
      }
      return null;
    }
    if (follow && changeLog != null) {
      throw CommandFailure.usage(
          "--follow goes with --drive-stats or --smartctl: a change log ends");
    }
    if (!(rate > 0)) {
      throw CommandFailure.usage("--rate is a number of rows a second above 0");
    }
    if (syntheticNodes < 0) {
      throw CommandFailure.usage("--synthetic-nodes is a number of nodes above 0");
    }
    FileFeed.Kind kind = FileFeed.Kind.CHANGE_LOG;
    List<Path> paths = changeLog == null ? List.of() : List.of(changeLog);
    if (!driveStats.isEmpty()) {
      kind = FileFeed.Kind.DRIVE_STATS;
      paths = driveStats;
    } else if (!smartctl.isEmpty()) {
      kind = FileFeed.Kind.SMARTCTL;
      paths = smartctl;
    }
    InventoryReader.Inventory known = new InventoryReader.Inventory(List.of(), List.of());
    if (inventory != null) {
      try {
        known = InventoryReader.read(inventory);
      } catch (NoSuchFileException e) {
        throw missing(e);
      } catch (IOException e) {
        throw new CommandFailure(
            ExitCodes.USAGE, "cannot read --inventory " + inventory + ": " + e.getMessage(), e);
      }
    }
    FileFeed.Options options =
        new FileFeed.Options(
            kind,
            paths,
            known.members(),
            known.problems(),
            parseSpeed(speed),
            rate,
            position,
            follow,
            syntheticNodes);
    return new FileFeed(
        options,
        progress -> {
          err.println(line(progress));
          err.flush();
        },
        System::currentTimeMillis);
  }

  private static CommandFailure missing(NoSuchFileException e) {
    return new CommandFailure(
        ExitCodes.USAGE, "there is no file or folder " + e.getFile() + ": correct the path", e);
  }

  static double parseSpeed(String text) {
    if (text.equalsIgnoreCase("max")) {
      return Double.POSITIVE_INFINITY;
    }
    try {
      double value = Double.parseDouble(text);
      if (value > 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Falls through to the one message for both.
    }
    throw CommandFailure.usage("--speed is max or a number above 0, not '" + text + "'");
  }

  private List<Subject> subjects() {
    List<Subject> subjects = new ArrayList<>();
    for (String text : removed) {
      String id = text.substring(text.indexOf('/') + 1);
      if (!id.isEmpty() && id.length() <= Subject.MAX_ID_CHARS && text.startsWith("disk/")) {
        subjects.add(Subject.disk(id));
      } else if (!id.isEmpty() && id.length() <= Subject.MAX_ID_CHARS && text.startsWith("node/")) {
        subjects.add(Subject.node(id));
      } else {
        throw CommandFailure.usage("--remove takes disk/ID or node/ID, not '" + text + "'");
      }
    }
    return subjects;
  }

  /** Progress as one line. */
  static String line(FeedProgress progress) {
    FeedSummary sum = progress.summary();
    StringBuilder line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "%,d rows", sum.rows()));
    if (progress.rowsInAll() > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              " of %,d (%.1f %%)",
              progress.rowsInAll(),
              100.0 * sum.rows() / progress.rowsInAll()));
    }
    line.append(String.format(Locale.ROOT, ", %,.0f rows/s", progress.rowsPerSecond()));
    if (sum.batches() > 0) {
      line.append(", event time ").append(Instant.ofEpochMilli(sum.lastMillis()));
    }
    if (sum.deadLetters() > 0) {
      line.append(String.format(Locale.ROOT, ", %,d dead letters", sum.deadLetters()));
    }
    if (progress.leftMillis() >= 0) {
      Duration left = Duration.ofMillis(progress.leftMillis());
      line.append(
          String.format(
              Locale.ROOT,
              ", %d:%02d:%02d left",
              left.toHours(),
              left.toMinutesPart(),
              left.toSecondsPart()));
    }
    return line.toString();
  }

  private static void print(FeedSummary sum, FileFeed feed, PrintWriter out) {
    row(out, "rows read", sum.rows());
    row(out, "samples sent", sum.samples());
    row(out, "rows refused", sum.refused());
    row(out, "files or inventory entries refused", sum.brokenFiles());
    row(out, "dead letters", sum.deadLetters());
    feed.reasons().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(reason -> row(out, "  " + reason.getKey(), reason.getValue()));
    row(out, "frames sent", sum.frames());
    row(out, "fleet entries sent", sum.members());
    row(out, "failure events sent", sum.failures());
    row(out, "batches (days)", sum.batches());
    out.println(
        sum.reconciles()
            ? "rows read = samples sent + rows refused: reconciled"
            : "rows read differ from samples sent + rows refused: please report this");
  }

  private static void row(PrintWriter out, String name, long count) {
    out.printf(Locale.ROOT, "%-36s %,15d%n", name, count);
  }
}
