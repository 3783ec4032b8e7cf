package io.forestall.wire.sources;

import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A change log ({@code drives.csv} and {@code changes.csv}, plain or gzip) expanded to daily rows.
 * For each day a drive gets the values of its newest change up to that day. Columns that know the
 * future (last_date, days, last_hours, failed, end, n_change_rows, tstop) never reach a row: of
 * them only last_date and failed are read, to stop the replay and to report the failure. The
 * failure day itself gives no row. Power-on hours ({@code smart_9_raw}) go on from the newest
 * change at the pace that the drive had until then. Not safe for threads.
 */
public final class ChangeLogDays implements SourceReader {

  /** Name that telemetry frames carry. */
  public static final String SOURCE = "change-log";

  private static final String HOURS_METRIC = "smart_9_raw";
  private static final double HOURS_A_DAY = 24;
  private static final double MOST_HOURS_A_DAY = 24.5;

  /** Days of history after which a drive's own pace of hours is believed. */
  private static final int PACE_DAYS = 14;

  private static final class Drive {
    private final String serial;
    private final @Nullable String model;
    private final long capacityBytes;
    private final int firstDay;
    private final int lastDay;
    private final boolean failed;
    private final long line;
    private final List<Change> changes = new ArrayList<>();
    private int next;
    private double hours;

    Drive(
        String serial,
        @Nullable String model,
        long capacityBytes,
        int firstDay,
        int lastDay,
        boolean failed,
        long line) {
      this.serial = serial;
      this.model = model;
      this.capacityBytes = capacityBytes;
      this.firstDay = firstDay;
      this.lastDay = lastDay;
      this.failed = failed;
      this.line = line;
    }
  }

  private record Change(int day, double hours, double[] values) {}

  private final String drivesOrigin;
  private final List<Drive> drives = new ArrayList<>();
  private final List<SourceProblem> found = new ArrayList<>();
  private final List<String> metrics;
  private final boolean hoursKnown;
  private final long rows;
  private final int lastDay;

  private List<Drive> active = new ArrayList<>();
  private int nextDrive;
  private int day;

  private ChangeLogDays(Path drivesFile, Path changesFile) throws IOException {
    this.drivesOrigin = drivesFile.toString();
    Map<String, Drive> bySerial = readDrives(drivesFile);
    this.metrics = readChanges(changesFile, bySerial);
    this.hoursKnown = metrics.contains(HOURS_METRIC);
    drives.sort(
        Comparator.comparingInt((Drive drive) -> drive.firstDay)
            .thenComparing(drive -> drive.serial));
    long expanded = 0;
    int last = Integer.MIN_VALUE;
    for (Drive drive : drives) {
      expanded += drive.lastDay - drive.firstDay + (drive.failed ? 0 : 1);
      last = Math.max(last, drive.lastDay);
    }
    this.rows = expanded + found.stream().filter(problem -> !problem.wholeFile()).count();
    this.lastDay = last;
    this.day = drives.isEmpty() ? 0 : drives.get(0).firstDay;
  }

  /**
   * Reads both files of a folder; the changes of the whole fleet are kept in memory, the days are
   * not.
   *
   * @throws IOException when a file is missing or cannot be opened
   */
  public static ChangeLogDays open(Path folder) throws IOException {
    return new ChangeLogDays(find(folder, "drives.csv"), find(folder, "changes.csv"));
  }

  private static Path find(Path folder, String name) throws IOException {
    for (String candidate : List.of(name + ".gz", name)) {
      Path file = folder.resolve(candidate);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw new NoSuchFileException(folder.resolve(name + ".gz").toString());
  }

  @Override
  public String source() {
    return SOURCE;
  }

  /** Daily rows and refused lines that the whole log gives; count. */
  public long rows() {
    return rows;
  }

  /** Number of drives. */
  public int drives() {
    return drives.size();
  }

  /** First day; milliseconds since 1970-01-01 UTC. */
  public long firstMillis() {
    return drives.isEmpty() ? 0 : drives.get(0).firstDay * DriveStatsReader.DAY_MILLIS;
  }

  /** Last day; milliseconds since 1970-01-01 UTC. */
  public long lastMillis() {
    return drives.isEmpty() ? 0 : lastDay * DriveStatsReader.DAY_MILLIS;
  }

  @Override
  public @Nullable SourceBatch next() {
    if (day > lastDay && found.isEmpty()) {
      return null;
    }
    long timeMillis = day * DriveStatsReader.DAY_MILLIS;
    List<SourceProblem> problems = List.copyOf(found);
    found.clear();
    if (day > lastDay) {
      return new SourceBatch(timeMillis, List.of(), problems);
    }
    while (nextDrive < drives.size() && drives.get(nextDrive).firstDay <= day) {
      active.add(drives.get(nextDrive++));
    }
    List<SourceRow> batch = new ArrayList<>(active.size());
    List<String> failed = new ArrayList<>();
    List<Drive> remaining = new ArrayList<>(active.size());
    for (Drive drive : active) {
      if (drive.failed && day == drive.lastDay) {
        failed.add(drive.serial);
      } else {
        batch.add(row(drive, timeMillis));
      }
      if (day < drive.lastDay) {
        remaining.add(drive);
      }
    }
    active = remaining;
    day++;
    return new SourceBatch(timeMillis, batch, problems, failed);
  }

  @Override
  public void close() {}

  private SourceRow row(Drive drive, long timeMillis) {
    List<Change> changes = drive.changes;
    while (drive.next < changes.size() && changes.get(drive.next).day() <= day) {
      drive.next++;
    }
    int width = metrics.size() + (hoursKnown ? 0 : 1);
    double[] values = new double[width];
    Arrays.fill(values, Double.NaN);
    if (drive.next > 0) {
      Change change = changes.get(drive.next - 1);
      System.arraycopy(change.values(), 0, values, 0, metrics.size());
      if (!hoursKnown) {
        values[width - 1] = hours(drive, change);
      }
    }
    return new SourceRow(
        drive.serial,
        drive.model,
        drive.capacityBytes,
        timeMillis,
        false,
        names(),
        values,
        drivesOrigin,
        drive.line,
        null);
  }

  // Never looks beyond the newest change, and never runs backwards.
  private double hours(Drive drive, Change change) {
    Change first = drive.changes.get(0);
    int history = change.day() - first.day();
    double pace = history >= PACE_DAYS ? (change.hours() - first.hours()) / history : HOURS_A_DAY;
    pace = Math.min(MOST_HOURS_A_DAY, Math.max(0, pace));
    double hours = Math.floor(change.hours() + pace * (day - change.day()));
    drive.hours = Math.max(drive.hours, hours);
    return drive.hours;
  }

  private @Nullable List<String> allNames;

  private List<String> names() {
    List<String> names = allNames;
    if (names == null) {
      names = new ArrayList<>(metrics);
      if (!hoursKnown) {
        names.add(HOURS_METRIC);
      }
      names = List.copyOf(names);
      allNames = names;
    }
    return names;
  }

  private Map<String, Drive> readDrives(Path file) throws IOException {
    Map<String, Drive> bySerial = new HashMap<>();
    try (LineReader lines = LineReader.open(file)) {
      Map<String, Integer> header =
          header(lines, file, List.of("serial_number", "first_date", "last_date", "failed"));
      if (header == null) {
        return bySerial;
      }
      int model = header.getOrDefault("model", -1);
      int size = header.getOrDefault("size_tb", -1);
      while (lines.next()) {
        String[] cells = cells(lines, file, header.size());
        if (cells == null) {
          continue;
        }
        String serial = cell(cells, header.get("serial_number"));
        int first = day(cell(cells, header.get("first_date")));
        int last = day(cell(cells, header.get("last_date")));
        String failed = cell(cells, header.get("failed"));
        if (serial.isEmpty() || serial.length() > FrameLimits.MAX_ID_LENGTH) {
          problem(lines, file, DeadReason.MISSING_FIELD, "serial_number is empty or too long");
        } else if (first == Integer.MIN_VALUE || last == Integer.MIN_VALUE || last < first) {
          problem(
              lines,
              file,
              DeadReason.WRONG_TYPE,
              "first_date and last_date of " + serial + " are not two days in order");
        } else if (!failed.equals("0") && !failed.equals("1")) {
          problem(
              lines, file, DeadReason.WRONG_TYPE, "failed of " + serial + " is neither 0 nor 1");
        } else {
          double terabytes = size < 0 ? Double.NaN : number(cell(cells, size));
          Drive drive =
              new Drive(
                  serial,
                  model < 0 || cell(cells, model).isEmpty() ? null : cell(cells, model),
                  terabytes > 0 && terabytes < 1000
                      ? Math.round(terabytes * 1e12)
                      : SourceRow.NO_CAPACITY,
                  first,
                  last,
                  failed.equals("1"),
                  lines.line());
          if (bySerial.putIfAbsent(serial, drive) == null) {
            drives.add(drive);
          } else {
            problem(lines, file, DeadReason.DUPLICATE, "drive " + serial + " is in the file twice");
          }
        }
      }
      brokeOff(lines, file);
    }
    return bySerial;
  }

  private List<String> readChanges(Path file, Map<String, Drive> bySerial) throws IOException {
    List<String> names = new ArrayList<>();
    try (LineReader lines = LineReader.open(file)) {
      Map<String, Integer> header =
          header(lines, file, List.of("serial_number", "date_est", "tstart"));
      if (header == null) {
        return names;
      }
      List<Integer> columns = new ArrayList<>();
      List<Double> factors = new ArrayList<>();
      header.forEach(
          (name, column) -> {
            MetricMapping.Target target =
                MetricMapping.shipped().find(MetricMapping.CHANGE_LOG, name);
            if (target != null) {
              names.add(target.metric());
              columns.add(column);
              factors.add(target.factor());
            }
          });
      while (lines.next()) {
        String[] cells = cells(lines, file, header.size());
        if (cells == null) {
          continue;
        }
        String serial = cell(cells, header.get("serial_number"));
        Drive drive = bySerial.get(serial);
        int from = day(cell(cells, header.get("date_est")));
        double hours = number(cell(cells, header.get("tstart")));
        if (drive == null) {
          problem(
              lines,
              file,
              DeadReason.UNKNOWN_ENTITY,
              "drive '" + serial + "' is not in drives.csv");
          continue;
        }
        if (from == Integer.MIN_VALUE || !(hours >= 0)) {
          problem(
              lines,
              file,
              DeadReason.WRONG_TYPE,
              "date_est or tstart of " + serial + " is no day or no number of hours");
          continue;
        }
        double[] values = new double[names.size()];
        String wrong = null;
        for (int i = 0; i < values.length; i++) {
          String text = cell(cells, columns.get(i));
          values[i] = text.isEmpty() ? Double.NaN : number(text) * factors.get(i);
          if (!text.isEmpty()
              && !(values[i] >= MetricRange.lowest(names.get(i))
                  && values[i] <= MetricRange.HIGHEST)) {
            wrong = names.get(i);
          }
        }
        if (wrong != null) {
          problem(
              lines, file, DeadReason.WRONG_TYPE, wrong + " of " + serial + " is no valid number");
          continue;
        }
        drive.changes.add(new Change(from, hours, values));
      }
      brokeOff(lines, file);
    }
    for (Drive drive : bySerial.values()) {
      drive.changes.sort(Comparator.comparingInt(Change::day).thenComparingDouble(Change::hours));
    }
    return names;
  }

  private @Nullable Map<String, Integer> header(LineReader lines, Path file, List<String> needed) {
    Map<String, Integer> header = new LinkedHashMap<>();
    if (lines.next() && !lines.tooLong()) {
      String[] names = text(lines).split(",", -1);
      for (int i = 0; i < names.length; i++) {
        header.put(names[i].trim().toLowerCase(Locale.ROOT), i);
      }
    }
    if (!header.keySet().containsAll(needed)) {
      if (lines.failure() != null) {
        brokeOff(lines, file);
      } else {
        found.add(
            problem(
                lines,
                file,
                true,
                DeadReason.MISSING_FIELD,
                "first line is no change-log header: it needs the columns "
                    + String.join(", ", needed)));
      }
      return null;
    }
    return header;
  }

  private String @Nullable [] cells(LineReader lines, Path file, int count) {
    if (lines.start() == lines.end()) {
      return null;
    }
    if (lines.tooLong()) {
      problem(lines, file, DeadReason.TOO_LARGE, "line is too long and was passed over");
      return null;
    }
    String[] cells = text(lines).split(",", -1);
    if (cells.length != count) {
      problem(
          lines,
          file,
          cells.length < count ? DeadReason.TRUNCATED : DeadReason.UNDECODABLE,
          "line has " + cells.length + " cells where the header has " + count);
      return null;
    }
    return cells;
  }

  private static String text(LineReader lines) {
    return new String(
        lines.buffer(), lines.start(), lines.end() - lines.start(), StandardCharsets.UTF_8);
  }

  private static String cell(String[] cells, @Nullable Integer column) {
    return column == null ? "" : cells[column].trim();
  }

  private static double number(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return DriveStatsReader.number(bytes, 0, bytes.length);
  }

  private static int day(String text) {
    try {
      LocalDate date = LocalDate.parse(text);
      return date.getYear() >= 2000 && date.getYear() < 2100
          ? (int) date.toEpochDay()
          : Integer.MIN_VALUE;
    } catch (DateTimeException e) {
      return Integer.MIN_VALUE;
    }
  }

  private void brokeOff(LineReader lines, Path file) {
    IOException failure = lines.failure();
    if (failure != null) {
      found.add(
          problem(
              lines,
              file,
              true,
              failure instanceof EOFException ? DeadReason.TRUNCATED : DeadReason.UNDECODABLE,
              "file breaks off here, what stood behind is lost: " + failure.getMessage()));
    }
  }

  private void problem(LineReader lines, Path file, DeadReason reason, String detail) {
    found.add(problem(lines, file, false, reason, detail));
  }

  private static SourceProblem problem(
      LineReader lines, Path file, boolean wholeFile, DeadReason reason, String detail) {
    int length = Math.min(lines.end() - lines.start(), SourceProblem.MAX_PAYLOAD_BYTES);
    return new SourceProblem(
        file.toString(),
        Math.max(1, lines.line()),
        wholeFile,
        reason,
        detail,
        SourceProblem.NO_TIME,
        null,
        Arrays.copyOfRange(lines.buffer(), lines.start(), lines.start() + Math.max(0, length)));
  }
}
