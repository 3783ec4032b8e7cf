package io.forestall.wire.sources;

import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Rows of one drive-stats CSV file, plain or gzip, in the order of its lines. Columns are found by
 * the names in the header; unknown ones are passed over; an empty cell is absent. Each line that is
 * not blank becomes either a row or a problem. Fast: cells are read as bytes, without strings. Not
 * safe for threads.
 */
public final class DriveStatsReader implements Closeable {

  /** Length of a day; milliseconds. */
  static final long DAY_MILLIS = 86_400_000L;

  /** Largest capacity believed: one petabyte; bytes. */
  private static final long MAX_CAPACITY_BYTES = 1_000_000_000_000_000L;

  private static final int MAX_COLUMNS = 4096;
  private static final int MAX_MODEL_BYTES = 256;

  private static final int IGNORE = -1;
  private static final int DATE = -2;
  private static final int SERIAL = -3;
  private static final int MODEL = -4;
  private static final int CAPACITY = -5;
  private static final int FAILURE = -6;
  private static final int CHECK_ONLY = -7;

  private static final double[] POWERS_OF_TEN = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  private final LineReader lines;
  private final String origin;
  private final Predicate<String> wanted;
  private final Consumer<SourceProblem> problems;
  private final Texts texts;

  private int[] columns = new int[0];
  private String[] names = new String[0];
  private double[] lowest = new double[0];
  private List<String> metrics = List.of();
  private boolean started;
  private boolean finished;
  private long rows;

  private int cellStart;
  private int cellEnd;
  private final byte[] lastDate = new byte[10];
  private long lastDayMillis = SourceProblem.NO_TIME;
  private @Nullable DeadReason cellReason;
  private String cellDetail = "";

  DriveStatsReader(
      LineReader lines,
      String origin,
      Predicate<String> wanted,
      Consumer<SourceProblem> problems,
      Texts texts) {
    this.lines = lines;
    this.origin = origin;
    this.wanted = wanted;
    this.problems = problems;
    this.texts = texts;
  }

  /**
   * Opens a file.
   *
   * @param file the file, plain or gzip by its content
   * @param wanted canonical metrics to keep; the cells of others are checked all the same
   * @param problems takes what cannot be read as a row
   * @throws IOException when the file cannot be opened
   */
  public static DriveStatsReader open(
      Path file, Predicate<String> wanted, Consumer<SourceProblem> problems) throws IOException {
    return open(file, wanted, problems, new Texts());
  }

  static DriveStatsReader open(
      Path file, Predicate<String> wanted, Consumer<SourceProblem> problems, Texts texts)
      throws IOException {
    return new DriveStatsReader(LineReader.open(file), file.toString(), wanted, problems, texts);
  }

  /** Lines read so far that are not blank and not the header; count. */
  public long rows() {
    return rows;
  }

  /** The next row, refused ones too, or null at the end. */
  public @Nullable SourceRow next() {
    if (!started) {
      started = true;
      finished = !readHeader();
    }
    while (!finished) {
      if (!lines.next()) {
        finished = true;
        IOException failure = lines.failure();
        if (failure != null) {
          brokeOff(failure);
        }
        return null;
      }
      if (lines.start() == lines.end()) {
        continue;
      }
      rows++;
      if (lines.tooLong()) {
        problem(
            DeadReason.TOO_LARGE,
            "line is longer than " + LineReader.MAX_LINE_BYTES + " bytes and was passed over",
            SourceProblem.NO_TIME);
        continue;
      }
      SourceRow row = readRow();
      if (row != null) {
        return row;
      }
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }

  private boolean readHeader() {
    if (!lines.next()) {
      IOException failure = lines.failure();
      if (failure != null) {
        brokeOff(failure);
      } else {
        wholeFile(DeadReason.MISSING_FIELD, "file is empty: it needs a header line");
      }
      return false;
    }
    byte[] bytes = lines.buffer();
    int from = lines.start();
    int to = lines.end();
    if (lines.tooLong()) {
      wholeFile(DeadReason.TOO_LARGE, "header is longer than a line may be: not drive-stats CSV");
      return false;
    }
    if (to - from >= 3
        && bytes[from] == (byte) 0xef
        && bytes[from + 1] == (byte) 0xbb
        && bytes[from + 2] == (byte) 0xbf) {
      from += 3;
    }
    List<String> cells = new ArrayList<>();
    for (String cell : new String(bytes, from, to - from, StandardCharsets.UTF_8).split(",", -1)) {
      cells.add(unquote(cell.trim()).toLowerCase(Locale.ROOT));
    }
    if (cells.size() > MAX_COLUMNS || !cells.contains("date") || !cells.contains("serial_number")) {
      wholeFile(
          DeadReason.MISSING_FIELD,
          "first line is no drive-stats header: it needs the columns date and serial_number");
      return false;
    }
    mapColumns(cells);
    return true;
  }

  private void mapColumns(List<String> cells) {
    columns = new int[cells.size()];
    names = cells.toArray(new String[0]);
    lowest = new double[columns.length];
    List<String> kept = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < columns.length; i++) {
      String name = names[i];
      MetricMapping.Target target = MetricMapping.shipped().find(MetricMapping.DRIVE_STATS, name);
      if (target != null) {
        lowest[i] = MetricRange.lowest(target.metric());
        if (!seen.add(target.metric())) {
          columns[i] = IGNORE;
        } else if (wanted.test(target.metric())) {
          columns[i] = kept.size();
          kept.add(target.metric());
        } else {
          columns[i] = CHECK_ONLY;
        }
        continue;
      }
      int meaning =
          switch (name) {
            case "date" -> DATE;
            case "serial_number" -> SERIAL;
            case "model" -> MODEL;
            case "capacity_bytes", "user_capacity" -> CAPACITY;
            case "failure" -> FAILURE;
            default -> IGNORE;
          };
      columns[i] = meaning == IGNORE || seen.add("#" + meaning) ? meaning : IGNORE;
    }
    metrics = List.copyOf(kept);
  }

  private @Nullable SourceRow readRow() {
    byte[] bytes = lines.buffer();
    int from = lines.start();
    int to = lines.end();
    for (int i = from; i < to; i++) {
      if (bytes[i] == '"') {
        byte[] plain = withoutQuotes(bytes, from, to);
        if (plain == null) {
          problem(
              DeadReason.UNDECODABLE,
              "line has an unfinished quote, or a comma inside quotes",
              SourceProblem.NO_TIME);
          return null;
        }
        return readCells(plain, 0, plain.length);
      }
    }
    return readCells(bytes, from, to);
  }

  private @Nullable SourceRow readCells(byte[] bytes, int from, int to) {
    double[] values = new double[metrics.size()];
    Arrays.fill(values, Double.NaN);
    String serial = null;
    String model = null;
    long dayMillis = SourceProblem.NO_TIME;
    long capacity = SourceRow.NO_CAPACITY;
    boolean failed = false;
    // The first fault of the row, and the first fault that leaves no row at all.
    DeadReason reason = null;
    String detail = "";
    boolean lost = false;

    int count = columns.length;
    int column = 0;
    int at = from;
    while (at <= to) {
      int cellFrom = at;
      while (at < to && bytes[at] != ',') {
        at++;
      }
      int cellTo = at;
      at++;
      if (column >= count) {
        column++;
        continue;
      }
      int meaning = columns[column];
      if (meaning != IGNORE) {
        cellStart = cellFrom;
        cellEnd = cellTo;
        trim(bytes);
        cellReason = null;
        if (meaning >= 0) {
          if (cellStart < cellEnd) {
            values[meaning] = metric(bytes, names[column], lowest[column]);
          }
        } else {
          switch (meaning) {
            case CHECK_ONLY -> {
              if (cellStart < cellEnd) {
                metric(bytes, names[column], lowest[column]);
              }
            }
            case DATE -> {
              dayMillis = day(bytes);
              lost |= dayMillis == SourceProblem.NO_TIME;
            }
            case SERIAL -> {
              serial = serial(bytes);
              lost |= serial == null;
            }
            case MODEL -> model = model(bytes);
            case CAPACITY -> capacity = capacity(bytes);
            default -> failed = flag(bytes);
          }
        }
        if (cellReason != null && reason == null) {
          reason = cellReason;
          detail = cellDetail;
        }
      }
      column++;
    }
    if (column != count) {
      // A wrong number of cells means that no cell can be trusted to stand in its column.
      problem(
          column < count ? DeadReason.TRUNCATED : DeadReason.UNDECODABLE,
          "line has " + column + " cells where the header has " + count,
          SourceProblem.NO_TIME);
      return null;
    }
    if (lost || serial == null) {
      problem(reason == null ? DeadReason.MISSING_FIELD : reason, detail, dayMillis);
      return null;
    }
    SourceRow row =
        new SourceRow(
            serial,
            model,
            capacity,
            dayMillis,
            failed,
            metrics,
            values,
            origin,
            lines.line(),
            null);
    if (reason == null) {
      return row;
    }
    return row.refuse(
        new SourceProblem(
            origin, lines.line(), false, reason, detail, dayMillis, serial, payload()));
  }

  private void trim(byte[] bytes) {
    while (cellStart < cellEnd && bytes[cellStart] == ' ') {
      cellStart++;
    }
    while (cellStart < cellEnd && bytes[cellEnd - 1] == ' ') {
      cellEnd--;
    }
  }

  private void fault(DeadReason reason, String detail) {
    cellReason = reason;
    cellDetail = detail;
  }

  private double metric(byte[] bytes, String name, double lowest) {
    double value = number(bytes, cellStart, cellEnd);
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String text = quoted(bytes);
      if (looksNotANumber(bytes)) {
        fault(DeadReason.NOT_A_NUMBER, name + " is " + text);
      } else if (Double.isNaN(value)) {
        fault(DeadReason.WRONG_TYPE, name + " is " + text + ", not a number");
      } else {
        fault(DeadReason.OUT_OF_RANGE, name + " is " + text + ", beyond what a counter can hold");
      }
      return Double.NaN;
    }
    if (value < lowest || value > MetricRange.HIGHEST) {
      fault(DeadReason.OUT_OF_RANGE, name + " is " + quoted(bytes) + ", which cannot be");
      return Double.NaN;
    }
    return value;
  }

  /** The number in these bytes, or NaN when they are none. */
  static double number(byte[] bytes, int from, int to) {
    int at = from;
    boolean negative = at < to && bytes[at] == '-';
    if (negative) {
      at++;
    }
    long digits = 0;
    int count = 0;
    int fraction = 0;
    boolean point = false;
    for (; at < to; at++) {
      byte b = bytes[at];
      if (b >= '0' && b <= '9') {
        digits = digits * 10 + (b - '0');
        // Leading zeros carry nothing; beyond 15 digits a double would round twice.
        if (digits != 0 && ++count > 15) {
          return slowNumber(bytes, from, to);
        }
        if (point && ++fraction > 22) {
          return slowNumber(bytes, from, to);
        }
      } else if (b == '.' && !point) {
        point = true;
      } else {
        return slowNumber(bytes, from, to);
      }
    }
    int length = to - from - (negative ? 1 : 0);
    if (length == 0 || (point && length == 1)) {
      return Double.NaN;
    }
    double value = fraction == 0 ? digits : digits / POWERS_OF_TEN[fraction];
    return negative ? -value : value;
  }

  private static double slowNumber(byte[] bytes, int from, int to) {
    if (to - from > 400) {
      return Double.NaN;
    }
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      boolean allowed =
          (b >= '0' && b <= '9') || b == '.' || b == '-' || b == '+' || b == 'e' || b == 'E';
      if (!allowed) {
        return Double.NaN;
      }
    }
    try {
      return Double.parseDouble(new String(bytes, from, to - from, StandardCharsets.ISO_8859_1));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private boolean looksNotANumber(byte[] bytes) {
    if (cellEnd - cellStart > 9) {
      return false;
    }
    String text =
        new String(bytes, cellStart, cellEnd - cellStart, StandardCharsets.ISO_8859_1)
            .toLowerCase(Locale.ROOT);
    return switch (text) {
      case "nan", "-nan", "+nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity" ->
          true;
      default -> false;
    };
  }

  private long day(byte[] bytes) {
    int length = cellEnd - cellStart;
    if (length == 0) {
      fault(DeadReason.MISSING_FIELD, "date is empty");
      return SourceProblem.NO_TIME;
    }
    if (length == 10
        && lastDayMillis != SourceProblem.NO_TIME
        && Arrays.equals(lastDate, 0, 10, bytes, cellStart, cellEnd)) {
      return lastDayMillis;
    }
    long day = length == 10 ? parseDay(bytes, cellStart) : SourceProblem.NO_TIME;
    if (day == SourceProblem.NO_TIME) {
      fault(DeadReason.WRONG_TYPE, "date is " + quoted(bytes) + ", not a day like 2024-03-31");
      return SourceProblem.NO_TIME;
    }
    if (day < FrameLimits.YEAR_2000_MILLIS || day > FrameLimits.YEAR_2100_MILLIS) {
      fault(
          DeadReason.TIME_OUT_OF_RANGE,
          "date is " + quoted(bytes) + ", before the year 2000 or after 2100");
      return SourceProblem.NO_TIME;
    }
    System.arraycopy(bytes, cellStart, lastDate, 0, 10);
    lastDayMillis = day;
    return day;
  }

  private static long parseDay(byte[] bytes, int at) {
    int[] parts = new int[3];
    int part = 0;
    for (int i = 0; i < 10; i++) {
      byte b = bytes[at + i];
      if (i == 4 || i == 7) {
        if (b != '-') {
          return SourceProblem.NO_TIME;
        }
        part++;
      } else if (b >= '0' && b <= '9') {
        parts[part] = parts[part] * 10 + (b - '0');
      } else {
        return SourceProblem.NO_TIME;
      }
    }
    try {
      return LocalDate.of(parts[0], parts[1], parts[2]).toEpochDay() * DAY_MILLIS;
    } catch (DateTimeException e) {
      return SourceProblem.NO_TIME;
    }
  }

  private @Nullable String serial(byte[] bytes) {
    if (cellStart == cellEnd) {
      fault(DeadReason.MISSING_FIELD, "serial_number is empty");
      return null;
    }
    if (cellEnd - cellStart > Subject.MAX_ID_CHARS) {
      fault(
          DeadReason.TOO_LARGE,
          "serial_number is longer than " + Subject.MAX_ID_CHARS + " characters");
      return null;
    }
    String serial = printable(bytes);
    if (serial == null) {
      fault(DeadReason.WRONG_TYPE, "serial_number is not printable text");
    }
    return serial;
  }

  private @Nullable String model(byte[] bytes) {
    if (cellStart == cellEnd) {
      return null;
    }
    if (cellEnd - cellStart > MAX_MODEL_BYTES) {
      fault(DeadReason.TOO_LARGE, "model is longer than " + MAX_MODEL_BYTES + " bytes");
      return null;
    }
    String model = printable(bytes);
    if (model == null) {
      fault(DeadReason.WRONG_TYPE, "model is not printable text");
    }
    return model;
  }

  private @Nullable String printable(byte[] bytes) {
    boolean plain = true;
    for (int i = cellStart; i < cellEnd; i++) {
      byte b = bytes[i];
      if (b == 0x7f || (b >= 0 && b < 0x20)) {
        return null;
      }
      plain &= b > 0;
    }
    String text = texts.get(bytes, cellStart, cellEnd);
    return plain || text.chars().noneMatch(c -> c == 0xfffd || Character.isISOControl(c))
        ? text
        : null;
  }

  // Vendors publish nonsense here; it is no reason to lose the row.
  private long capacity(byte[] bytes) {
    double value = number(bytes, cellStart, cellEnd);
    return value > 0 && value <= MAX_CAPACITY_BYTES ? (long) value : SourceRow.NO_CAPACITY;
  }

  private boolean flag(byte[] bytes) {
    if (cellStart == cellEnd) {
      return false;
    }
    double value = number(bytes, cellStart, cellEnd);
    if (value == 0 || value == 1) {
      return value == 1;
    }
    fault(DeadReason.WRONG_TYPE, "failure is " + quoted(bytes) + ", neither 0 nor 1");
    return false;
  }

  private String quoted(byte[] bytes) {
    int length = Math.min(cellEnd - cellStart, 40);
    StringBuilder text = new StringBuilder("'");
    for (int i = 0; i < length; i++) {
      byte b = bytes[cellStart + i];
      text.append(b >= 0x20 && b < 0x7f ? (char) b : '?');
    }
    return text.append(length < cellEnd - cellStart ? "...'" : "'").toString();
  }

  private byte[] payload() {
    int length = Math.min(lines.end() - lines.start(), SourceProblem.MAX_PAYLOAD_BYTES);
    return Arrays.copyOfRange(lines.buffer(), lines.start(), lines.start() + length);
  }

  private void problem(DeadReason reason, String detail, long timeMillis) {
    problems.accept(
        new SourceProblem(
            origin, lines.line(), false, reason, detail, timeMillis, null, payload()));
  }

  private void wholeFile(DeadReason reason, String detail) {
    problems.accept(
        new SourceProblem(
            origin,
            Math.max(1, lines.line()),
            true,
            reason,
            detail,
            SourceProblem.NO_TIME,
            null,
            payload()));
  }

  private void brokeOff(IOException failure) {
    wholeFile(
        failure instanceof EOFException ? DeadReason.TRUNCATED : DeadReason.UNDECODABLE,
        "file breaks off here, what stood behind is lost: "
            + (failure instanceof EOFException
                ? "the compressed data ends too early"
                : failure.getMessage()));
  }

  // Cells in quotes, but without commas in them: no drive-stats file has such commas.
  private byte @Nullable [] withoutQuotes(byte[] bytes, int from, int to) {
    byte[] plain = new byte[to - from];
    int length = 0;
    boolean inside = false;
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      if (b == '"') {
        inside = !inside;
      } else if (b == ',' && inside) {
        return null;
      } else {
        plain[length++] = b;
      }
    }
    return inside ? null : Arrays.copyOf(plain, length);
  }

  private static String unquote(String cell) {
    return cell.length() >= 2 && cell.startsWith("\"") && cell.endsWith("\"")
        ? cell.substring(1, cell.length() - 1)
        : cell;
  }
}
