package io.forestall.app.ingest;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.decisions.SyntheticPlacement;
import io.forestall.nodes.FrameSink;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.sources.ChangeLogDays;
import io.forestall.wire.sources.DriveStatsDays;
import io.forestall.wire.sources.DriveStatsPlan;
import io.forestall.wire.sources.InventoryReader;
import io.forestall.wire.sources.SmartctlReader;
import io.forestall.wire.sources.SourceBatch;
import io.forestall.wire.sources.SourceFiles;
import io.forestall.wire.sources.SourceProblem;
import io.forestall.wire.sources.SourceReader;
import io.forestall.wire.sources.SourceRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Real files as a feed: drive-stats CSV, smartctl JSON or a change log, in event time, at a chosen
 * speed. Rows of one node at one time become one frame; fleet entries go first; failures become
 * events; what cannot be read becomes dead letters. Each run sends the same, so sending twice is
 * harmless. Not safe for threads.
 */
public final class FileFeed implements Feed {

  private static final int MAX_SAMPLES_A_FRAME = 512;
  private static final long PROGRESS_MILLIS = 2_000;
  private static final long SAVE_MILLIS = 1_000;
  private static final long FOLLOW_MILLIS = 1_000;

  /** What the files are. */
  public enum Kind {
    /** Drive-stats CSV, plain or gzip. */
    DRIVE_STATS,
    /** Output of {@code smartctl --json}. */
    SMARTCTL,
    /** A change log: a folder with drives.csv.gz and changes.csv.gz. */
    CHANGE_LOG
  }

  /**
   * What to read and how.
   *
   * @param kind what the files are
   * @param paths files and folders; for a change log one folder
   * @param inventory where nodes and disks stand; disks that are not in it get synthetic places
   * @param inventoryProblems what could not be read of the inventory
   * @param speed event time that passes in a unit of time; infinite for no limit
   * @param rowsPerSecond most rows a second; infinite for no limit
   * @param position where the position is kept, null for nowhere
   * @param follow true to go on with new files as they come
   * @param syntheticNodes synthetic nodes; 0 to choose by the number of disks
   */
  public record Options(
      Kind kind,
      List<Path> paths,
      List<FleetMember> inventory,
      List<SourceProblem> inventoryProblems,
      double speed,
      double rowsPerSecond,
      @Nullable Path position,
      boolean follow,
      int syntheticNodes) {

    public Options {
      paths = List.copyOf(paths);
      inventory = List.copyOf(inventory);
      inventoryProblems = List.copyOf(inventoryProblems);
      if (!(speed > 0) || !(rowsPerSecond > 0) || syntheticNodes < 0) {
        throw new IllegalArgumentException("speed and rows a second must be above 0");
      }
    }

    /** Everything under these paths, as fast as it goes. */
    public static Options of(Kind kind, List<Path> paths) {
      return new Options(
          kind,
          paths,
          List.of(),
          List.of(),
          Double.POSITIVE_INFINITY,
          Double.POSITIVE_INFINITY,
          null,
          false,
          0);
    }

    /** These options with another speed. */
    public Options withSpeed(double newSpeed) {
      return new Options(
          kind,
          paths,
          inventory,
          inventoryProblems,
          newSpeed,
          rowsPerSecond,
          position,
          follow,
          syntheticNodes);
    }

    /** These options with a position. */
    public Options withPosition(@Nullable Path file) {
      return new Options(
          kind,
          paths,
          inventory,
          inventoryProblems,
          speed,
          rowsPerSecond,
          file,
          follow,
          syntheticNodes);
    }

    /** These options with what an inventory says. */
    public Options withInventory(InventoryReader.Inventory read) {
      return new Options(
          kind,
          paths,
          read.members(),
          read.problems(),
          speed,
          rowsPerSecond,
          position,
          follow,
          syntheticNodes);
    }
  }

  private final Options options;
  private final Consumer<FeedProgress> progress;
  private final LongSupplier clock;
  private final DeadLetters letters = new DeadLetters("ingest");
  private final Map<DeadReason, Long> reasons = new EnumMap<>(DeadReason.class);

  private long batches;
  private long rows;
  private long samples;
  private long frames;
  private long refused;
  private long brokenFiles;
  private long members;
  private long failures;
  private long lastMillis;

  private long rowsInAll = -1;
  private long startedNanos;
  private long rowsAtStart;
  private long reportedNanos;
  private final Set<String> knownDisks = new HashSet<>();
  private final Set<String> knownNodes = new HashSet<>();

  /**
   * A feed of files.
   *
   * @param options what to read and how
   * @param progress hears of the progress every two seconds
   * @param clock the time; milliseconds since 1970-01-01 UTC. Rows of the future are refused
   */
  public FileFeed(Options options, Consumer<FeedProgress> progress, LongSupplier clock) {
    this.options = options;
    this.progress = progress;
    this.clock = clock;
  }

  @Override
  public String description() {
    String what =
        switch (options.kind()) {
          case DRIVE_STATS -> "drive-stats CSV";
          case SMARTCTL -> "smartctl JSON";
          case CHANGE_LOG -> "a change log";
        };
    return "Replay of "
        + what
        + " from "
        + String.join(", ", options.paths().stream().map(Path::toString).toList());
  }

  @Override
  public boolean simulated() {
    return false;
  }

  /** Dead letters of this run by reason; count. */
  public Map<DeadReason, Long> reasons() {
    return Map.copyOf(reasons);
  }

  @Override
  public FeedSummary run(FrameSink sink, StopSignal stop) throws IOException, InterruptedException {
    startedNanos = System.nanoTime();
    reportedNanos = startedNanos;
    FeedPosition position = FeedPosition.open(options.position());
    restore(position.summary);
    sendInventory(sink, position);
    Pace pace = new Pace(options.speed(), options.rowsPerSecond(), System::nanoTime);
    Map<String, Long> sizes = new HashMap<>();
    while (!stop.stopped()) {
      List<String> files = position.current;
      if (files.isEmpty()) {
        files = newFiles(position, sizes);
        position.current = files;
        position.batches = 0;
      }
      if (!files.isEmpty()) {
        if (!feed(files, position, pace, sink, stop)) {
          break;
        }
        position.finishCurrent();
        save(position, sink);
      } else if (!options.follow()) {
        break;
      } else if (stop.await(FOLLOW_MILLIS)) {
        break;
      }
    }
    sink.flush();
    report(true);
    return summary();
  }

  private void sendInventory(FrameSink sink, FeedPosition position) {
    long now = clock.getAsLong();
    for (FleetMember member : options.inventory()) {
      sink.member(member, now);
      members++;
      if (member.subject().kind() == Subject.Kind.NODE) {
        knownNodes.add(member.subject().id());
      }
    }
    if (position.summary.equals(FeedSummary.NONE)) {
      for (SourceProblem problem : options.inventoryProblems()) {
        // They are no rows of telemetry, so they count as broken files do.
        deadLetter(problem, now, sink);
        brokenFiles++;
      }
    }
    sink.flush();
  }

  // In follow mode a file is taken when its size has not changed since the last look.
  private List<String> newFiles(FeedPosition position, Map<String, Long> sizes) throws IOException {
    List<String> fresh = new ArrayList<>();
    if (options.kind() == Kind.CHANGE_LOG) {
      for (Path path : options.paths()) {
        fresh.add(path.toString());
      }
    } else {
      List<Path> files =
          options.kind() == Kind.DRIVE_STATS
              ? SourceFiles.csv(options.paths())
              : SourceFiles.json(options.paths());
      for (Path file : files) {
        String name = file.toString();
        if (position.done.contains(name)) {
          continue;
        }
        if (options.follow()) {
          long size = Files.size(file);
          Long before = sizes.put(name, size);
          if (before == null || before != size) {
            continue;
          }
        }
        fresh.add(name);
      }
    }
    fresh.removeIf(position.done::contains);
    return fresh;
  }

  // False when told to stop.
  private boolean feed(
      List<String> files, FeedPosition position, Pace pace, FrameSink sink, StopSignal stop)
      throws IOException, InterruptedException {
    long disks;
    long inAll;
    SourceReader opened;
    List<Path> paths = files.stream().map(Path::of).toList();
    switch (options.kind()) {
      case DRIVE_STATS -> {
        DriveStatsPlan plan = DriveStatsPlan.scan(paths);
        disks = plan.disks();
        inAll = plan.rows();
        opened = new DriveStatsDays(plan, metric -> true);
      }
      case SMARTCTL -> {
        SmartctlReader documents = SmartctlReader.open(paths);
        disks = documents.disks();
        inAll = documents.rows();
        opened = documents;
      }
      default -> {
        ChangeLogDays days = ChangeLogDays.open(paths.get(0));
        disks = days.drives();
        inAll = days.rows();
        opened = days;
      }
    }
    if (position.syntheticNodes == 0) {
      position.syntheticNodes =
          options.syntheticNodes() > 0
              ? options.syntheticNodes()
              : SyntheticPlacement.forDisks(disks).nodes();
    }
    Placements placements =
        new Placements(options.inventory(), SyntheticPlacement.ofNodes(position.syntheticNodes));
    long skip = position.batches;
    if (skip == 0) {
      position.rowsBefore = rows;
    }
    rowsInAll = position.rowsBefore + inAll;
    long savedNanos = System.nanoTime();
    try (SourceReader reader = opened) {
      long read = 0;
      for (SourceBatch batch = reader.next(); batch != null; batch = reader.next()) {
        if (read++ < skip) {
          for (SourceRow row : batch.rows()) {
            if (row.problem() == null) {
              knownDisks.add(row.disk());
            }
          }
          continue;
        }
        if (!send(batch, reader.source(), read - 1, placements, pace, sink, stop)) {
          save(position, sink);
          return false;
        }
        position.batches = read;
        position.summary = summary();
        long now = System.nanoTime();
        if (TimeUnit.NANOSECONDS.toMillis(now - savedNanos) >= SAVE_MILLIS) {
          save(position, sink);
          savedNanos = now;
        }
        report(false);
      }
    }
    return true;
  }

  private boolean send(
      SourceBatch batch,
      String source,
      long number,
      Placements placements,
      Pace pace,
      FrameSink sink,
      StopSignal stop)
      throws InterruptedException {
    if (!pace.awaitEvent(batch.timeMillis(), stop)) {
      return false;
    }
    long now = clock.getAsLong();
    boolean joined = false;
    TreeMap<String, List<SourceRow>> byNode = new TreeMap<>();
    for (SourceRow row : batch.rows()) {
      rows++;
      SourceProblem problem = row.problem();
      if (problem == null && row.timeMillis() > now + FrameLimits.DEFAULT.futureAllowanceMillis()) {
        problem =
            new SourceProblem(
                row.origin(),
                row.line(),
                false,
                DeadReason.FUTURE_TIME,
                "row of disk " + row.disk() + " is dated in the future",
                row.timeMillis(),
                row.disk(),
                new byte[0]);
      }
      if (problem != null) {
        refused++;
        deadLetter(problem, now, sink);
        continue;
      }
      if (knownDisks.add(row.disk())) {
        joined = true;
        join(placements.member(row), row.timeMillis(), sink);
      }
      byNode.computeIfAbsent(placements.node(row.disk()), node -> new ArrayList<>()).add(row);
    }
    if (joined) {
      // Frames of a disk that nobody knows yet would have to wait in the job.
      sink.flush();
    }
    for (Map.Entry<String, List<SourceRow>> node : byNode.entrySet()) {
      List<SourceRow> all = node.getValue();
      int part = 0;
      for (int from = 0; from < all.size(); from += MAX_SAMPLES_A_FRAME) {
        List<SourceRow> some = all.subList(from, Math.min(all.size(), from + MAX_SAMPLES_A_FRAME));
        // The number of the batch; parts of a large node's frame are told apart above it.
        long sequence = number + ((long) part++ << 40);
        sink.frame(frame(node.getKey(), batch.timeMillis(), sequence, source, some));
        frames++;
        samples += some.size();
        for (SourceRow row : some) {
          if (row.failed()) {
            failures++;
            sink.failure(new DiskFailure(row.disk(), node.getKey(), row.timeMillis()), source);
          }
        }
        // When told to stop, the batch is still sent to its end, without waiting.
        var unused = pace.awaitRows(some.size(), stop);
      }
    }
    for (String disk : batch.failed()) {
      failures++;
      sink.failure(new DiskFailure(disk, placements.node(disk), batch.timeMillis()), source);
    }
    for (SourceProblem problem : batch.problems()) {
      if (problem.wholeFile()) {
        brokenFiles++;
      } else {
        rows++;
        refused++;
      }
      deadLetter(problem, now, sink);
    }
    batches++;
    lastMillis = batch.timeMillis();
    return true;
  }

  private void join(FleetMember member, long timeMillis, FrameSink sink) {
    if (knownNodes.add(member.place().node())) {
      sink.member(FleetMember.node(member.place(), member.synthetic()), timeMillis);
      members++;
    }
    if (member.synthetic()) {
      sink.member(member, timeMillis);
      members++;
    }
  }

  private static TelemetryFrame frame(
      String node, long timeMillis, long sequence, String source, List<SourceRow> rows) {
    List<Sample> samples = new ArrayList<>(rows.size());
    for (SourceRow row : rows) {
      double[] values = row.values();
      List<String> names = row.metrics();
      Map<String, Double> metrics = new HashMap<>(values.length * 2);
      for (int i = 0; i < values.length; i++) {
        if (!Double.isNaN(values[i])) {
          metrics.put(names.get(i), values[i]);
        }
      }
      samples.add(
          new Sample(
              new EntityRef(EntityKind.DISK, row.disk()),
              row.model(),
              row.capacityBytes() == SourceRow.NO_CAPACITY ? null : row.capacityBytes(),
              metrics));
    }
    return new TelemetryFrame(node, timeMillis, sequence, source, samples);
  }

  private void deadLetter(SourceProblem problem, long now, FrameSink sink) {
    reasons.merge(problem.reason(), 1L, Long::sum);
    String disk = problem.disk();
    sink.deadLetter(
        letters.line(
            problem.origin(),
            problem.line(),
            problem.timeMillis() == SourceProblem.NO_TIME ? now : problem.timeMillis(),
            problem.reason(),
            problem.detail(),
            disk == null ? null : new EntityRef(EntityKind.DISK, disk),
            problem.payload()));
  }

  private void save(FeedPosition position, FrameSink sink) throws IOException {
    sink.flush();
    position.summary = summary();
    position.save();
  }

  private void restore(FeedSummary summary) {
    batches = summary.batches();
    rows = summary.rows();
    samples = summary.samples();
    frames = summary.frames();
    refused = summary.refused();
    brokenFiles = summary.brokenFiles();
    members = summary.members();
    failures = summary.failures();
    lastMillis = summary.lastMillis();
    rowsAtStart = summary.rows();
  }

  private FeedSummary summary() {
    return new FeedSummary(
        batches, rows, samples, frames, refused, brokenFiles, members, failures, lastMillis);
  }

  private void report(boolean always) {
    long now = System.nanoTime();
    if (!always && TimeUnit.NANOSECONDS.toMillis(now - reportedNanos) < PROGRESS_MILLIS) {
      return;
    }
    reportedNanos = now;
    double seconds = Math.max(1e-9, (now - startedNanos) / 1e9);
    double rate = (rows - rowsAtStart) / seconds;
    long left =
        rowsInAll < 0 || rate <= 0 ? -1 : (long) (Math.max(0, rowsInAll - rows) / rate * 1000);
    progress.accept(new FeedProgress(summary(), rowsInAll, rate, (long) (seconds * 1000), left));
  }
}
