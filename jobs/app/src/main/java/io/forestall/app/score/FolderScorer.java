package io.forestall.app.score;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.wire.sources.DriveStatsDays;
import io.forestall.wire.sources.DriveStatsPlan;
import io.forestall.wire.sources.SourceBatch;
import io.forestall.wire.sources.SourceFiles;
import io.forestall.wire.sources.SourceProblem;
import io.forestall.wire.sources.SourceReader;
import io.forestall.wire.sources.SourceRow;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;

/**
 * Scores a folder of drive-stats CSV in date order and writes {@code serial_number,date,score}, one
 * line for each row in the order of files and lines within a day. One thread reads, one writes, the
 * others score by serial number; the output does not depend on their number. Not safe for threads.
 */
public final class FolderScorer {

  /** Header of the output. */
  public static final String HEADER = "serial_number,date,score";

  private static final long DAY_MILLIS = 86_400_000L;

  /** Days that wait between two threads. */
  private static final int WAITING_DAYS = 2;

  private final int threads;
  private final Supplier<DiskRiskEngine> engines;
  private final Consumer<SourceProblem> problems;

  /**
   * A scorer.
   *
   * @param threads threads that score, at least 1
   * @param engines gives each thread an engine of its own
   * @param problems hears of rows and files that cannot be read, and of refused rows
   */
  public FolderScorer(
      int threads, Supplier<DiskRiskEngine> engines, Consumer<SourceProblem> problems) {
    this.threads = threads;
    this.engines = engines;
    this.problems = problems;
  }

  private record Scored(SourceBatch batch, double[] probabilities) {}

  // Stands at the end of a queue.
  private static final SourceBatch END = new SourceBatch(Long.MAX_VALUE, List.of(), List.of());

  /**
   * Scores everything under a path.
   *
   * @param input folder or file
   * @param output file to write; gzip when its name ends in {@code .gz}; it appears when complete
   * @return exact counts
   * @throws IOException when something cannot be opened or written
   * @throws InterruptedException when interrupted; nothing is left behind
   */
  public ScoreSummary score(Path input, Path output) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    List<Path> files = SourceFiles.csv(List.of(input));
    Path part = output.resolveSibling(output.getFileName() + ".part");
    ExecutorService pool = Executors.newCachedThreadPool();
    try (SourceReader reader =
        new DriveStatsDays(
            DriveStatsPlan.quick(files), metric -> DiskMetric.byName(metric) != null)) {
      Tally tally = new Tally();
      try (OutputStream out = open(part, output)) {
        pipeline(pool, reader, out, tally);
      }
      Files.move(part, output, StandardCopyOption.REPLACE_EXISTING);
      return tally.summary((System.nanoTime() - begun) / 1_000_000);
    } finally {
      pool.shutdownNow();
      Files.deleteIfExists(part);
    }
  }

  private static final class Tally {
    private long days;
    private long lines;
    private long refused;
    private long unreadable;
    private long brokenFiles;
    private long disks;

    ScoreSummary summary(long elapsedMillis) {
      return new ScoreSummary(
          days, lines + unreadable, lines, refused, unreadable, brokenFiles, disks, elapsedMillis);
    }
  }

  private void pipeline(ExecutorService pool, SourceReader reader, OutputStream out, Tally tally)
      throws IOException, InterruptedException {
    BlockingQueue<SourceBatch> read = new ArrayBlockingQueue<>(WAITING_DAYS);
    BlockingQueue<Scored> scored = new ArrayBlockingQueue<>(WAITING_DAYS);
    List<DiskScores> partitions = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      partitions.add(new DiskScores(engines.get()));
    }
    Future<Void> reading =
        pool.submit(
            () -> {
              try {
                for (SourceBatch batch = reader.next(); batch != null; batch = reader.next()) {
                  read.put(batch);
                }
              } finally {
                // Whatever happened: nobody must wait for ever. The failure is seen by get().
                read.put(END);
              }
              return null;
            });
    Future<Void> writing =
        pool.submit(
            () -> {
              Writer writer = new Writer(out);
              for (Scored day = scored.take(); day.batch() != END; day = scored.take()) {
                writer.write(day.batch().rows(), day.probabilities());
              }
              writer.flush();
              return null;
            });
    for (SourceBatch batch = read.take(); batch != END; batch = read.take()) {
      List<SourceRow> rows = batch.rows();
      double[] probabilities = new double[rows.size()];
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int partition = i;
        tasks.add(
            () -> {
              partitions.get(partition).score(rows, partition, threads, probabilities);
              return null;
            });
      }
      for (Future<Void> task : pool.invokeAll(tasks)) {
        join(task);
      }
      count(batch, tally);
      while (!scored.offer(new Scored(batch, probabilities), 1, TimeUnit.SECONDS)) {
        if (writing.isDone()) {
          join(writing);
        }
      }
    }
    join(reading);
    while (!scored.offer(new Scored(END, new double[0]), 1, TimeUnit.SECONDS)) {
      if (writing.isDone()) {
        break;
      }
    }
    join(writing);
    for (DiskScores partition : partitions) {
      tally.disks += partition.size();
    }
  }

  private void count(SourceBatch batch, Tally tally) {
    if (!batch.rows().isEmpty()) {
      tally.days++;
    }
    tally.lines += batch.rows().size();
    for (SourceRow row : batch.rows()) {
      SourceProblem problem = row.problem();
      if (problem != null) {
        tally.refused++;
        problems.accept(problem);
      }
    }
    for (SourceProblem problem : batch.problems()) {
      if (problem.wholeFile()) {
        tally.brokenFiles++;
      } else {
        tally.unreadable++;
      }
      problems.accept(problem);
    }
  }

  private static void join(Future<Void> future) throws IOException, InterruptedException {
    try {
      future.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException io) {
        throw io;
      }
      if (cause instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new IOException(cause);
    }
  }

  private static OutputStream open(Path part, Path output) throws IOException {
    OutputStream file = new BufferedOutputStream(Files.newOutputStream(part), 1 << 16);
    if (!String.valueOf(output.getFileName()).toLowerCase(Locale.ROOT).endsWith(".gz")) {
      return file;
    }
    // The digits of a score hardly shrink, however hard one tries.
    return new GZIPOutputStream(file, 1 << 16) {
      {
        def.setLevel(3);
      }
    };
  }

  /** Formats lines into one buffer. */
  private static final class Writer {
    private final OutputStream out;
    private final StringBuilder text = new StringBuilder(1 << 16);
    private long dayMillis = Long.MIN_VALUE;
    private String day = "";

    Writer(OutputStream out) {
      this.out = out;
      text.append(HEADER).append('\n');
    }

    void write(List<SourceRow> rows, double[] probabilities) throws IOException {
      for (int i = 0; i < probabilities.length; i++) {
        SourceRow row = rows.get(i);
        if (row.timeMillis() != dayMillis) {
          dayMillis = row.timeMillis();
          day = LocalDate.ofEpochDay(Math.floorDiv(dayMillis, DAY_MILLIS)).toString();
        }
        // A serial number holds neither comma nor quote: the reader sees to that. The shortest
        // digits that give the same double back, so nothing is rounded away.
        text.append(row.disk()).append(',').append(day).append(',');
        text.append(probabilities[i]).append('\n');
        if (text.length() > (1 << 16) - 1024) {
          flush();
        }
      }
    }

    void flush() throws IOException {
      out.write(text.toString().getBytes(StandardCharsets.UTF_8));
      text.setLength(0);
    }
  }
}
