package io.forestall.bench;

import com.sun.management.OperatingSystemMXBean;
import io.forestall.app.Forestall;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * {@code forestall score} over made-up drive-stats files, start of the command included: drive-days
 * per second and CPU per drive-day, three runs in one process.
 *
 * <p>Arguments: drives (20000) and days (60).
 */
public final class ScoreBenchmark {
  private static final int RUNS = 3;
  private static final String HEADER =
      "date,serial_number,model,capacity_bytes,failure,smart_1_normalized,smart_1_raw,smart_5_raw,"
          + "smart_9_raw,smart_12_raw,smart_187_raw,smart_188_raw,smart_194_raw,smart_197_raw,"
          + "smart_198_raw,smart_199_raw\n";

  private ScoreBenchmark() {}

  /** Runs the benchmark. */
  public static void main(String[] args) throws IOException {
    int drives = args.length > 0 ? Integer.parseInt(args[0]) : 20_000;
    int days = args.length > 1 ? Integer.parseInt(args[1]) : 60;
    Path folder = Files.createTempDirectory("forestall-score");
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    int exitCode = 0;
    try {
      Path input = Files.createDirectory(folder.resolve("in"));
      write(input, drives, days);
      for (int run = 1; run <= RUNS; run++) {
        Path output = folder.resolve("scores-" + run + ".csv.gz");
        long wallNanos = System.nanoTime();
        long cpuNanos = system.getProcessCpuTime();
        exitCode |=
            Forestall.run("score", "--input", input.toString(), "--output", output.toString());
        double wallSeconds = (System.nanoTime() - wallNanos) / 1e9;
        double cpuSeconds = (system.getProcessCpuTime() - cpuNanos) / 1e9;
        double rows = (double) drives * days;
        System.out.printf(
            Locale.ROOT,
            "run %d: %.0f drive-days in %.1f s: %.0f a second, %.1f CPU us each%n",
            run,
            rows,
            wallSeconds,
            rows / wallSeconds,
            cpuSeconds * 1e6 / rows);
      }
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
    System.exit(exitCode);
  }

  private static void write(Path folder, int drives, int days) throws IOException {
    SplittableRandom random = new SplittableRandom(5);
    LocalDate start = LocalDate.of(2020, 1, 1);
    for (int day = 0; day < days; day++) {
      LocalDate date = start.plusDays(day);
      try (Writer csv =
          new BufferedWriter(
              new OutputStreamWriter(
                  new GZIPOutputStream(
                      Files.newOutputStream(folder.resolve(date + ".csv.gz")), 1 << 16),
                  StandardCharsets.UTF_8),
              1 << 16)) {
        csv.write(HEADER);
        for (int drive = 0; drive < drives; drive++) {
          int errors = drive % 50 == 0 ? day * 2 : 0;
          csv.write(date.toString());
          csv.write(",B" + (1_000_000 + drive) + ",ST4000DM000,4000787030016,0,117,");
          csv.write(random.nextInt(200_000_000) + "," + errors + "," + (9_000 + 24 * day));
          csv.write(",12," + errors / 2 + ",0," + (24 + random.nextInt(6)) + ",");
          csv.write((errors > 0 ? random.nextInt(20) : 0) + "," + errors / 4 + ",0\n");
        }
      }
    }
  }
}
