package io.forestall.app.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.risk.evaluation.NabScorer.Scored;
import io.forestall.risk.evaluation.NabScorer.Window;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A folder laid out as the Numenta Anomaly Benchmark is: {@code data/CATEGORY/FILE.csv}, {@code
 * labels/combined_windows.json}, {@code results/DETECTOR/CATEGORY/DETECTOR_FILE.csv}, {@code
 * results/final_results.json}; each CSV may be gzip.
 */
final class NabCorpus {
  private final Path folder;

  NabCorpus(Path folder) {
    this.folder = folder;
  }

  /**
   * One series as it is on the file.
   *
   * @param name category and file
   * @param timesMillis of each row, taken as UTC; epoch milliseconds
   * @param values of each row
   * @param windows labelled rows
   */
  record Series(String name, long[] timesMillis, double[] values, List<Window> windows) {
    /** This series with scores for its rows. */
    Scored scored(double[] scores) {
      return new Scored(name, scores, windows);
    }
  }

  /** All labelled series, in the order of their names. */
  List<Series> series() throws IOException {
    Map<String, JsonNode> windows = new TreeMap<>();
    json("labels/combined_windows.json")
        .properties()
        .forEach(file -> windows.put(file.getKey(), file.getValue()));
    List<Series> series = new ArrayList<>();
    for (Map.Entry<String, JsonNode> file : windows.entrySet()) {
      List<String> times = new ArrayList<>();
      double[] values = column(folder.resolve("data").resolve(file.getKey()), "value", times);
      series.add(
          new Series(
              file.getKey(),
              times.stream().mapToLong(NabCorpus::millis).toArray(),
              values,
              windows(file.getKey(), file.getValue(), times)));
    }
    return series;
  }

  /** The scores that a detector's own run left for these series. */
  List<Scored> results(String detector, List<Series> series) throws IOException {
    List<Scored> scored = new ArrayList<>();
    for (Series one : series) {
      int slash = one.name.indexOf('/');
      Path file =
          folder
              .resolve("results")
              .resolve(detector)
              .resolve(one.name.substring(0, slash))
              .resolve(detector + "_" + one.name.substring(slash + 1));
      double[] scores = column(file, "anomaly_score", new ArrayList<>());
      if (scores.length != one.values.length) {
        throw failure(
            file, scores.length + " rows for a series of " + one.values.length + " rows", null);
      }
      scored.add(one.scored(scores));
    }
    return scored;
  }

  /** Detectors of which the folder holds a score for each row; names. */
  List<String> detectorsWithRows() throws IOException {
    List<String> names = new ArrayList<>();
    try (var detectors = Files.list(folder.resolve("results"))) {
      for (Path detector : (Iterable<Path>) detectors.sorted()::iterator) {
        if (holdsRows(detector)) {
          names.add(String.valueOf(detector.getFileName()));
        }
      }
    }
    return names;
  }

  /** True for a folder with one folder for each category in it. */
  private static boolean holdsRows(Path detector) throws IOException {
    if (!Files.isDirectory(detector)) {
      return false;
    }
    try (var parts = Files.list(detector)) {
      return parts.anyMatch(Files::isDirectory);
    }
  }

  /** The published scores: by detector, then by the benchmark's name of the profile. */
  JsonNode published() throws IOException {
    return json("results/final_results.json");
  }

  private JsonNode json(String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw failure(file, "there is no such file", null);
    }
    return new ObjectMapper().readTree(file.toFile());
  }

  private static List<Window> windows(String name, JsonNode limits, List<String> times) {
    List<Window> windows = new ArrayList<>();
    for (JsonNode limit : limits) {
      // Labels carry fractions of a second, rows do not; the first row of a time is meant.
      int first = times.indexOf(limit.get(0).asText().substring(0, 19));
      int last = times.indexOf(limit.get(1).asText().substring(0, 19));
      if (first < 0 || last < first) {
        throw new CommandFailure(
            ExitCodes.FOUND, "the window " + limit + " of " + name + " is not in its rows");
      }
      windows.add(new Window(first, last));
    }
    return windows;
  }

  private static long millis(String time) {
    return LocalDateTime.parse(time.replace(' ', 'T')).toInstant(ZoneOffset.UTC).toEpochMilli();
  }

  private static double[] column(Path file, String name, List<String> times) throws IOException {
    double[] values = new double[1024];
    int rows = 0;
    try (BufferedReader reader = open(file)) {
      String head = reader.readLine();
      int column = head == null ? -1 : Arrays.asList(head.split(",")).indexOf(name);
      if (column < 0) {
        throw failure(file, "it has no column " + name, null);
      }
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        String[] cells = line.split(",");
        times.add(cells[0]);
        if (rows == values.length) {
          values = Arrays.copyOf(values, 2 * rows);
        }
        values[rows] = Double.parseDouble(cells[column]);
        rows++;
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw failure(file, "line " + (rows + 2) + " is not a row of numbers", e);
    }
    return Arrays.copyOf(values, rows);
  }

  private static BufferedReader open(Path file) throws IOException {
    Path packed = file.resolveSibling(file.getFileName() + ".gz");
    InputStream in;
    if (Files.isRegularFile(file)) {
      in = Files.newInputStream(file);
    } else if (Files.isRegularFile(packed)) {
      in = new GZIPInputStream(Files.newInputStream(packed), 1 << 16);
    } else {
      throw failure(file, "there is no such file, nor one with .gz", null);
    }
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  private static CommandFailure failure(Path file, String what, @Nullable Throwable cause) {
    return new CommandFailure(
        ExitCodes.USAGE,
        "cannot read "
            + file
            + ": "
            + what
            + "; --data names a folder with the benchmark's data, labels and results",
        cause);
  }
}
