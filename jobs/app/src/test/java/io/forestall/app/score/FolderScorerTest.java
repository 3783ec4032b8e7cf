package io.forestall.app.score;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ingest.TestingDriveStats;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.sources.SourceProblem;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderScorerTest {

  private static final long SEED = 20240220L;

  private final List<SourceProblem> problems = Collections.synchronizedList(new ArrayList<>());
  private final TreeMap<LocalDate, List<String>> days = TestingDriveStats.days(SEED, 60, 25);

  private ScoreSummary score(Path input, Path output, int threads) {
    try {
      return new FolderScorer(threads, TestingModel::engine, problems::add).score(input, output);
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> lines(Path output) throws IOException {
    List<String> lines = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(output)), StandardCharsets.UTF_8))) {
      assertThat(in.readLine()).isEqualTo("serial_number,date,score");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.add(line);
      }
    }
    return lines;
  }

  /** What the engine itself says, row after row, written down without any reader. */
  private static List<String> expected(TreeMap<LocalDate, List<String>> days) {
    DiskRiskEngine engine = TestingModel.engine();
    Map<String, DiskState> states = new HashMap<>();
    List<String> names = Arrays.asList(TestingDriveStats.HEADER.split(","));
    List<String> lines = new ArrayList<>();
    days.forEach(
        (day, rows) -> {
          for (String row : rows) {
            String[] cells = row.split(",", -1);
            double[] values = DiskSample.absentValues();
            for (int i = 0; i < cells.length; i++) {
              DiskMetric metric = DiskMetric.byName(names.get(i));
              if (metric != null && !cells[i].isEmpty()) {
                values[metric.ordinal()] = Double.parseDouble(cells[i]);
              }
            }
            long time = day.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
            double probability =
                engine
                    .observe(
                        states.computeIfAbsent(cells[1], serial -> DiskState.fresh()),
                        new DiskSample(cells[1], cells[2], time, values))
                    .probability();
            lines.add(cells[1] + "," + day + "," + probability);
          }
        });
    return lines;
  }

  @Test
  void equalsTheEngineRowByRowWithAnyNumberOfThreads(@TempDir Path folder) throws IOException {
    TestingDriveStats.write(folder.resolve("in"), days);
    List<String> expected = expected(days);
    assertThat(expected.stream().map(line -> line.split(",")[2]).distinct().count())
        .isGreaterThan(expected.size() / 2);

    byte[] first = null;
    for (int threads : new int[] {1, 2, 5}) {
      Path output = folder.resolve("out" + threads + ".csv.gz");
      ScoreSummary sum = score(folder.resolve("in"), output, threads);

      assertThat(lines(output)).isEqualTo(expected);
      assertThat(sum.rows()).isEqualTo(expected.size());
      assertThat(sum.lines()).isEqualTo(expected.size());
      assertThat(sum.days()).isEqualTo(25);
      assertThat(sum.disks()).isEqualTo(60);
      assertThat(sum.unreadable() + sum.refused() + sum.brokenFiles()).isZero();
      byte[] bytes = Files.readAllBytes(output);
      assertThat(first == null || Arrays.equals(first, bytes)).isTrue();
      first = bytes;
    }
    assertThat(problems).isEmpty();
    try (var left = Files.list(folder)) {
      assertThat(left.map(path -> String.valueOf(path.getFileName())))
          .containsExactlyInAnyOrder("in", "out1.csv.gz", "out2.csv.gz", "out5.csv.gz");
    }
  }

  @Test
  void doesNotDependOnTheOrderOfRowsOrFilesOrOnHowTheyAreCut(@TempDir Path folder)
      throws IOException {
    TestingDriveStats.write(folder.resolve("days"), days);
    List<String> mixed = new ArrayList<>();
    TestingDriveStats.shuffled(days, 1).values().forEach(mixed::addAll);
    Files.createDirectories(folder.resolve("one"));
    Collections.shuffle(mixed, new Random(2));
    TestingDriveStats.write(folder.resolve("one").resolve("all.csv.gz"), mixed);
    // Three files that share days, named against the order of time.
    Files.createDirectories(folder.resolve("cut"));
    for (int part = 0; part < 3; part++) {
      int number = part;
      List<String> some = new ArrayList<>();
      days.forEach(
          (day, rows) -> {
            for (int i = 0; i < rows.size(); i++) {
              if (i % 3 == number) {
                some.add(rows.get(i));
              }
            }
          });
      TestingDriveStats.write(folder.resolve("cut").resolve((9 - part) + ".csv"), some);
    }
    TestingDriveStats.write(folder.resolve("mixed"), TestingDriveStats.shuffled(days, 3));

    for (String name : List.of("days", "one", "cut", "mixed")) {
      score(folder.resolve(name), folder.resolve(name + ".csv.gz"), 2);
      assertThat(lines(folder.resolve(name + ".csv.gz")))
          .as(name)
          .containsExactlyInAnyOrderElementsOf(expected(days));
    }
  }

  @Test
  void doesNotDependOnSerialNumbers(@TempDir Path folder) throws IOException {
    TreeMap<LocalDate, List<String>> renamed = new TreeMap<>();
    days.forEach(
        (day, rows) ->
            renamed.put(
                day,
                rows.stream()
                    .map(row -> TestingDriveStats.with(row, 1, rename(row.split(",")[1])))
                    .toList()));
    TestingDriveStats.write(folder.resolve("in"), renamed);
    score(folder.resolve("in"), folder.resolve("out.csv.gz"), 2);

    assertThat(lines(folder.resolve("out.csv.gz")))
        .isEqualTo(
            expected(days).stream()
                .map(line -> TestingDriveStats.with(line, 0, rename(line.split(",")[0])))
                .toList());
  }

  private static String rename(String serial) {
    return new StringBuilder(serial).reverse() + "-OTHER";
  }

  @Test
  void usesNothingLaterThanTheRow(@TempDir Path folder) throws IOException {
    TreeMap<LocalDate, List<String>> beginning =
        new TreeMap<>(days.headMap(days.firstKey().plusDays(12)));
    TestingDriveStats.write(folder.resolve("all"), days);
    TestingDriveStats.write(folder.resolve("some"), beginning);
    score(folder.resolve("all"), folder.resolve("all.csv.gz"), 2);
    score(folder.resolve("some"), folder.resolve("some.csv.gz"), 2);

    List<String> some = lines(folder.resolve("some.csv.gz"));
    assertThat(some).hasSizeGreaterThan(500);
    assertThat(lines(folder.resolve("all.csv.gz")).subList(0, some.size())).isEqualTo(some);
  }

  @Test
  void failureFlagsAndUnknownColumnsChangeNoScore(@TempDir Path folder) throws IOException {
    TreeMap<LocalDate, List<String>> changed = new TreeMap<>();
    days.forEach(
        (day, rows) ->
            changed.put(
                day,
                rows.stream()
                    .map(row -> TestingDriveStats.with(row, 4, "1"))
                    .map(row -> TestingDriveStats.with(row, 11, "77"))
                    .toList()));
    TestingDriveStats.write(folder.resolve("in"), changed);
    score(folder.resolve("in"), folder.resolve("out.csv.gz"), 2);

    assertThat(lines(folder.resolve("out.csv.gz"))).isEqualTo(expected(days));
  }

  @Test
  void givesRefusedRowsALineButNoPlaceInTheHistory(@TempDir Path folder) throws IOException {
    TreeMap<LocalDate, List<String>> hostile = new TreeMap<>();
    days.forEach((day, rows) -> hostile.put(day, new ArrayList<>(rows)));
    LocalDate day = days.firstKey().plusDays(10);
    List<String> rows = hostile.getOrDefault(day, List.of());
    String original = rows.get(5);
    rows.add(original); // the same again
    rows.add(TestingDriveStats.with(original, 6, "")); // the same disk with less in it
    rows.set(7, TestingDriveStats.with(rows.get(7), 6, "many")); // a cell that is no number
    rows.add("neither a row"); // no line for this
    rows.add(TestingDriveStats.with(original, 0, "2024-02-31")); // nor for this
    TestingDriveStats.write(folder.resolve("in"), hostile);

    TreeMap<LocalDate, List<String>> without = new TreeMap<>();
    days.forEach((at, good) -> without.put(at, new ArrayList<>(good)));
    without.getOrDefault(day, List.of()).remove(7);
    Map<String, String> expected = new HashMap<>();
    for (String line : expected(without)) {
      expected.put(line.substring(0, line.lastIndexOf(',')), line);
    }

    ScoreSummary sum = score(folder.resolve("in"), folder.resolve("out.csv.gz"), 2);
    List<String> lines = lines(folder.resolve("out.csv.gz"));
    String spoilt = rows.get(7).split(",")[1] + "," + day;

    assertThat(lines).hasSize(expected(days).size() + 2);
    for (String line : lines) {
      if (!line.startsWith(spoilt)) {
        assertThat(line).isEqualTo(expected.get(line.substring(0, line.lastIndexOf(','))));
      }
    }
    assertThat(lines).filteredOn(line -> line.startsWith(spoilt)).hasSize(1);
    assertThat(sum.unreadable()).isEqualTo(2);
    assertThat(sum.refused()).isEqualTo(3);
    assertThat(sum.rows()).isEqualTo(sum.lines() + 2);
    assertThat(problems)
        .extracting(SourceProblem::reason)
        .containsExactlyInAnyOrder(
            DeadReason.DUPLICATE,
            DeadReason.DUPLICATE,
            DeadReason.WRONG_TYPE,
            DeadReason.TRUNCATED,
            DeadReason.WRONG_TYPE);
  }

  @Test
  void survivesAThousandDamagedBytesAndAccountsForEveryLine(@TempDir Path folder)
      throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Path in = folder.resolve("in");
    List<String> sound = days.firstEntry().getValue();
    for (int i = 0; i < 40; i++) {
      Files.createDirectories(in);
      Path plain = folder.resolve("plain.csv");
      TestingDriveStats.write(plain, sound);
      byte[] bytes = Files.readAllBytes(plain);
      int header = TestingDriveStats.HEADER.length() + 1;
      for (int k = 0; k < 25; k++) {
        bytes[header + random.nextInt(bytes.length - header)] = (byte) random.nextInt(256);
      }
      Files.write(in.resolve("day.csv"), bytes);
      String text = new String(bytes, StandardCharsets.ISO_8859_1).substring(header);
      long expectedRows =
          Arrays.stream(text.split("\n"))
              .filter(line -> !line.isEmpty() && !line.equals("\r"))
              .count();

      ScoreSummary sum = score(in, folder.resolve("out.csv.gz"), 2);

      assertThat(sum.rows()).as("seed %d, file %d", seed, i).isEqualTo(expectedRows);
      assertThat(sum.lines()).isEqualTo(lines(folder.resolve("out.csv.gz")).size());
      assertThat(sum.lines() + sum.unreadable()).isEqualTo(sum.rows());
    }
  }
}
