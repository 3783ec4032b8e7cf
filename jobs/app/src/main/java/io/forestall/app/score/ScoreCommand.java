package io.forestall.app.score;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.ModelSet;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.StoredModel;
import io.forestall.risk.TrainedModels;
import io.forestall.wire.sources.SourceFiles;
import io.forestall.wire.sources.SourceProblem;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code forestall score}: the running job's features, model and probability over a folder of daily
 * files, without a broker. Exit code 0 when every row was readable, 1 when some were not.
 */
@Command(
    name = "score",
    description = {
      "Scores a folder of drive-stats CSV (plain or gzip) in date order, without a broker.",
      "Writes serial_number,date,score for every row: the probability that the disk fails within 30"
          + " days, from nothing later than the row."
    })
public final class ScoreCommand implements Callable<Integer> {

  private static final int MOST_PROBLEMS_SHOWN = 10;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "DIR",
      description = "Folder of daily files; searched at any depth.")
  private @Nullable Path input;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE.csv.gz",
      description = "File to write; gzip when its name ends in .gz.")
  private @Nullable Path output;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that score. Default: one for each processor.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    Path from = Objects.requireNonNull(input);
    Path to = Objects.requireNonNull(output).toAbsolutePath().normalize();
    check(from, to);
    StoredModel weights = TrainedModels.defaultDiskModelFile();
    AtomicLong shown = new AtomicLong();
    FolderScorer scorer =
        new FolderScorer(
            threads,
            () ->
                new DiskRiskEngine(
                    RiskPolicy.defaults().withoutReasons(), ModelSet.of(weights.compile())),
            problem -> show(problem, shown, err));
    try {
      ScoreSummary sum = scorer.score(from, to);
      err.printf(
          Locale.ROOT,
          "%,d rows of %,d disks on %,d days, %,d lines written, %,d rows unreadable, %,d rows"
              + " scored though the job would refuse them, %,d files refused or broken off; %,.1f"
              + " s, %,.0f rows/s%n",
          sum.rows(),
          sum.disks(),
          sum.days(),
          sum.lines(),
          sum.unreadable(),
          sum.refused(),
          sum.brokenFiles(),
          sum.elapsedMillis() / 1000.0,
          sum.rows() * 1000.0 / Math.max(1, sum.elapsedMillis()));
      return sum.unreadable() + sum.refused() + sum.brokenFiles() == 0
          ? ExitCodes.OK
          : ExitCodes.FOUND;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND, "cannot score " + from + " to " + to + ": " + e.getMessage(), e);
    } finally {
      err.flush();
    }
  }

  private void check(Path from, Path to) {
    if (threads < 1 || threads > 1024) {
      throw CommandFailure.usage("--threads is a number from 1 to 1024, not " + threads);
    }
    try {
      if (SourceFiles.csv(List.of(from)).isEmpty()) {
        throw CommandFailure.usage(
            "there is no .csv or .csv.gz under " + from + ": name a folder of daily files");
      }
    } catch (NoSuchFileException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "there is no folder " + from + ": correct --input", e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.USAGE, "cannot list " + from + ": " + e.getMessage(), e);
    }
    Path folder = to.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw CommandFailure.usage("there is no folder for " + to + ": make it first");
    }
    if (Files.isDirectory(from) && to.startsWith(from.toAbsolutePath().normalize())) {
      throw CommandFailure.usage(
          "--output lies in --input and would be read as telemetry the next time: write elsewhere");
    }
  }

  private static void show(SourceProblem problem, AtomicLong shown, PrintWriter err) {
    long number = shown.incrementAndGet();
    if (number <= MOST_PROBLEMS_SHOWN) {
      err.println(problem);
    } else if (number == MOST_PROBLEMS_SHOWN + 1) {
      err.println("... further ones are only counted");
    }
  }
}
