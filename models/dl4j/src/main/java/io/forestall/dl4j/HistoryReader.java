package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads drive histories from a folder: the change-log pair {@code drives.csv[.gz]} and {@code
 * changes.csv[.gz]}, or daily drive-stats CSV files, plain or gzip, columns found by header name
 * and unknown ones ignored. A line that cannot be read is skipped and counted; a folder that gives
 * no history is an error.
 */
public final class HistoryReader {
  private static final int METRICS = DiskMetric.COUNT;

  private final TrainingProgress progress;
  private long skipped;
  private @Nullable String firstSkipped;

  private HistoryReader(TrainingProgress progress) {
    this.progress = progress;
  }

  /** What a folder is. */
  public enum Form {
    /** Drives with one row each, and one row per change of an attribute. */
    CHANGE_LOG,
    /** A row per drive and day. */
    DAILY
  }

  /**
   * What was read.
   *
   * @param form what the folder is
   * @param drives by serial, so that the order of files and rows does not matter
   * @param skippedLines lines that could not be read
   */
  public record Histories(Form form, List<DriveHistory> drives, long skippedLines) {
    /** Keeps its own copy. */
    public Histories {
      drives = List.copyOf(drives);
    }

    /** A short text that other data does not give: number of drives, their days and ends. */
    String digest() {
      long sum = 0;
      for (DriveHistory drive : drives) {
        // A sum, so that the order of drives does not matter.
        sum +=
            DriveSplit.hash(
                drive.serial(),
                31L * drive.samples() + 37L * drive.firstDay() + drive.failureDay());
      }
      return drives.size() + " drives " + Long.toHexString(sum);
    }
  }

  /**
   * Reads all histories of a folder.
   *
   * @param folder an existing folder
   * @param progress told how reading goes
   * @throws TrainingException if the folder is missing, unreadable, of no known form, or gives no
   *     history
   */
  public static Histories read(Path folder, TrainingProgress progress) throws TrainingException {
    if (!Files.isDirectory(folder)) {
      throw new TrainingException(
          "data folder " + folder + " does not exist: give --data an existing folder");
    }
    HistoryReader reader = new HistoryReader(progress);
    try {
      Path drives = either(folder, "drives.csv");
      Path changes = either(folder, "changes.csv");
      Histories histories;
      if (drives != null && changes != null) {
        histories = reader.changeLog(drives, changes);
      } else if (drives != null || changes != null) {
        throw new TrainingException(
            folder
                + " has "
                + (drives != null ? drives.getFileName() : changes)
                + " but lacks its other half: a change log is drives.csv[.gz] and"
                + " changes.csv[.gz]");
      } else {
        histories = reader.daily(folder);
      }
      if (histories.drives().isEmpty()) {
        throw new TrainingException(
            "no drive history in "
                + folder
                + reader.skippedText()
                + ": give a folder with drive-stats data");
      }
      if (reader.skipped > 0) {
        progress.say(
            "skipped " + reader.skipped + " unreadable lines, first: " + reader.firstSkipped);
      }
      return histories;
    } catch (IOException e) {
      throw new TrainingException(
          "cannot read "
              + folder
              + ": "
              + e.getMessage()
              + ": check the files and their permissions",
          e);
    }
  }

  private String skippedText() {
    return skipped == 0 ? "" : " (" + skipped + " unreadable lines, first: " + firstSkipped + ")";
  }

  private static @Nullable Path either(Path folder, String name) {
    for (String candidate : List.of(name, name + ".gz")) {
      Path path = folder.resolve(candidate);
      if (Files.isRegularFile(path)) {
        return path;
      }
    }
    return null;
  }

  private static BufferedReader open(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    if (file.toString().endsWith(".gz")) {
      try {
        in = new GZIPInputStream(in, 1 << 16);
      } catch (IOException e) {
        in.close();
        throw new IOException(file + " is not a gzip file (" + e.getMessage() + ")", e);
      }
    }
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1 << 16);
  }

  // ---- change log
  // -------------------------------------------------------------------------------------------------

  private Histories changeLog(Path drivesFile, Path changesFile)
      throws IOException, TrainingException {
    record Drive(
        @Nullable String model, int firstDay, int lastDay, boolean failed, double firstHours) {}

    Map<String, Drive> drives = new TreeMap<>();
    try (BufferedReader in = open(drivesFile)) {
      Table table =
          Table.open(drivesFile, in, "serial_number", "first_date", "last_date", "failed");
      int model = table.column("model");
      int firstHours = table.column("first_hours");
      while (table.next()) {
        try {
          int first = day(table.text("first_date"));
          int last = day(table.text("last_date"));
          if (last < first) {
            throw new IllegalArgumentException("last_date before first_date");
          }
          String serial = table.text("serial_number");
          drives.put(
              serial,
              new Drive(
                  table.textOrNull(model),
                  first,
                  last,
                  table.text("failed").equals("1"),
                  table.number(firstHours)));
        } catch (IllegalArgumentException e) {
          skip(table, e);
        }
      }
    }
    Map<String, Rows> rows = new HashMap<>();
    try (BufferedReader in = open(changesFile)) {
      Table table = Table.open(changesFile, in, "serial_number", "date_est");
      int[] metrics = table.metrics();
      int start = table.column("tstart");
      while (table.next()) {
        try {
          String serial = table.text("serial_number");
          int day = day(table.text("date_est"));
          double order = table.number(start);
          double[] values = values(table, metrics);
          rows.computeIfAbsent(serial, key -> new Rows())
              .add(day, Double.isNaN(order) ? 0 : order, values);
        } catch (IllegalArgumentException e) {
          skip(table, e);
        }
      }
    }
    List<DriveHistory> histories = new ArrayList<>(drives.size());
    for (Map.Entry<String, Drive> entry : drives.entrySet()) {
      Rows changed = rows.get(entry.getKey());
      if (changed == null) {
        continue;
      }
      changed.sort();
      Drive drive = entry.getValue();
      histories.add(
          DriveHistory.ofChanges(
              entry.getKey(),
              drive.model(),
              drive.firstDay(),
              drive.lastDay(),
              drive.failed(),
              drive.firstHours(),
              changed.days(),
              changed.values()));
    }
    return new Histories(Form.CHANGE_LOG, histories, skipped);
  }

  // ---- daily files
  // ------------------------------------------------------------------------------------------------

  private Histories daily(Path folder) throws IOException, TrainingException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files =
          all.filter(Files::isRegularFile)
              .filter(
                  file -> file.toString().endsWith(".csv") || file.toString().endsWith(".csv.gz"))
              .sorted()
              .toList();
    }
    if (files.isEmpty()) {
      throw new TrainingException(
          "no CSV file in "
              + folder
              + ": give a folder with drives.csv[.gz] and changes.csv[.gz], or with daily"
              + " drive-stats files");
    }
    Map<String, Rows> drives = new TreeMap<>();
    int done = 0;
    for (Path file : files) {
      try (BufferedReader in = open(file)) {
        Table table = Table.open(file, in, "date", "serial_number", "failure");
        int[] metrics = table.metrics();
        int model = table.column("model");
        while (table.next()) {
          try {
            int day = day(table.text("date"));
            boolean failure = table.text("failure").equals("1");
            String serial = table.text("serial_number");
            double[] values = values(table, metrics);
            Rows rows = drives.computeIfAbsent(serial, key -> new Rows());
            rows.add(day, 0, values);
            rows.model = rows.model == null ? table.textOrNull(model) : rows.model;
            if (failure) {
              rows.failureDay = Math.min(rows.failureDay, day);
            }
          } catch (IllegalArgumentException e) {
            skip(table, e);
          }
        }
      }
      done++;
      if (done % 100 == 0) {
        progress.say(
            "read " + done + " of " + files.size() + " files, " + drives.size() + " drives");
      }
    }
    List<DriveHistory> histories = new ArrayList<>(drives.size());
    drives.forEach(
        (serial, rows) -> {
          rows.sort();
          rows.dropRepeatedDays();
          histories.add(
              DriveHistory.ofDays(serial, rows.model, rows.failureDay, rows.days(), rows.values()));
        });
    return new Histories(Form.DAILY, histories, skipped);
  }

  private void skip(Table table, IllegalArgumentException reason) {
    skipped++;
    if (firstSkipped == null) {
      firstSkipped = table.file + " line " + table.line + ": " + reason.getMessage();
    }
  }

  private static int day(String text) {
    try {
      return Math.toIntExact(LocalDate.parse(text).toEpochDay());
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("not a date: " + text, e);
    }
  }

  private static double[] values(Table table, int[] metrics) {
    double[] values = new double[METRICS];
    for (int i = 0; i < METRICS; i++) {
      values[i] = table.number(metrics[i]);
    }
    return values;
  }

  /** Rows of one drive as they come. */
  private static final class Rows {
    private record Row(int day, double order, double[] values) {}

    private final List<Row> rows = new ArrayList<>();
    private @Nullable String model;
    private int failureDay = DriveHistory.NEVER;

    void add(int day, double order, double[] values) {
      rows.add(new Row(day, order, values));
    }

    void sort() {
      rows.sort(Comparator.comparingInt(Row::day).thenComparingDouble(Row::order));
    }

    void dropRepeatedDays() {
      for (int i = rows.size() - 1; i > 0; i--) {
        if (rows.get(i).day() == rows.get(i - 1).day()) {
          rows.remove(i);
        }
      }
    }

    int[] days() {
      return rows.stream().mapToInt(Row::day).toArray();
    }

    double[][] values() {
      return rows.stream().map(Row::values).toArray(double[][]::new);
    }
  }

  /** A CSV file with a header. */
  private static final class Table {
    private final Path file;
    private final BufferedReader in;
    private final Map<String, Integer> columns = new HashMap<>();
    private String[] cells = {};
    private long line = 1;

    private Table(Path file, BufferedReader in, String header) {
      this.file = file;
      this.in = in;
      String[] names = split(header);
      for (int i = 0; i < names.length; i++) {
        columns.put(names[i].startsWith("\uFEFF") ? names[i].substring(1) : names[i], i);
      }
    }

    static Table open(Path file, BufferedReader in, String... required)
        throws IOException, TrainingException {
      String header = in.readLine();
      if (header == null) {
        throw new TrainingException(file + " is empty: remove it or give it a header and rows");
      }
      Table table = new Table(file, in, header);
      for (String name : required) {
        if (!table.columns.containsKey(name)) {
          throw new TrainingException(
              file + " has no column " + name + ": it needs " + String.join(", ", required));
        }
      }
      return table;
    }

    boolean next() throws IOException {
      for (String text = in.readLine(); text != null; text = in.readLine()) {
        line++;
        if (!text.isBlank()) {
          cells = split(text);
          return true;
        }
      }
      return false;
    }

    private static String[] split(String text) {
      String[] parts = text.split(",", -1);
      for (int i = 0; i < parts.length; i++) {
        String part = parts[i].strip();
        if (part.length() >= 2 && part.startsWith("\"") && part.endsWith("\"")) {
          part = part.substring(1, part.length() - 1);
        }
        parts[i] = part;
      }
      return parts;
    }

    int column(String name) {
      return columns.getOrDefault(name, -1);
    }

    /** Column of each metric; the change log leaves the "_raw" of its raw counts away. */
    int[] metrics() {
      int[] found = new int[METRICS];
      Arrays.fill(found, -1);
      for (DiskMetric metric : DiskMetric.values()) {
        String name = metric.metricName();
        int column = column(name);
        if (column < 0 && name.endsWith("_raw")) {
          column = column(name.substring(0, name.length() - "_raw".length()));
        }
        found[metric.ordinal()] = column;
      }
      return found;
    }

    String text(String name) {
      String text = textOrNull(column(name));
      if (text == null) {
        throw new IllegalArgumentException("no " + name);
      }
      return text;
    }

    @Nullable String textOrNull(int column) {
      return column < 0 || column >= cells.length || cells[column].isEmpty() ? null : cells[column];
    }

    double number(int column) {
      String text = textOrNull(column);
      if (text == null) {
        return Double.NaN;
      }
      double value;
      try {
        value = Double.parseDouble(text);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("not a number: " + text, e);
      }
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("not a finite number: " + text);
      }
      return value;
    }
  }
}
