package io.forestall.wire.sources;

import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Plain CSV read by the rows of source {@code csv} of a mapping. Every column is both a name whose
 * value can be a metric and a label that conditions can ask for, so wide tables (a column for each
 * metric) and long ones (a column with the metric's name, one with its value) are read alike. Plain
 * or gzip. Lines of one node and time make one page; memory is bounded by {@link #MAX_OPEN} of
 * those. Stateless. Row A2.
 */
public final class CsvTable {

  /** Name that telemetry frames carry. */
  public static final String SOURCE = "csv";

  /** Most pages that are open at once; then the earliest is given. */
  public static final int MAX_OPEN = 4096;

  /**
   * What one node says at one time.
   *
   * @param node the node
   * @param timeMillis time; milliseconds since 1970-01-01 UTC
   * @param lines lines of the file; count
   * @param page the page, finished
   */
  public record Due(String node, long timeMillis, int lines, SourcePage page) {}

  private static final class Open {
    final SourcePage page;
    int lines;

    Open(SourcePage page) {
      this.page = page;
    }
  }

  private CsvTable() {}

  /**
   * What a mapping lacks to read CSV at all, as a sentence; null when it is complete.
   *
   * @param mapping the table of the user
   */
  public static @Nullable String incomplete(ExporterMapping mapping) {
    boolean node = false;
    boolean time = false;
    boolean metric = false;
    for (ExporterMapping.Row row : mapping.plan(ExporterMapping.CSV).rows()) {
      node |= row.metric().equals(ExporterMapping.NODE);
      time |= row.metric().equals(ExporterMapping.TIME);
      metric |= row.metric().charAt(0) != '@';
    }
    return node && time && metric
        ? null
        : "the mapping needs rows of source csv for @node, for @time (reading time:iso, time:s ..)"
            + " and for at least one metric";
  }

  /**
   * Reads one file.
   *
   * @param file the file
   * @param mapping table with rows of source csv, not {@linkplain #incomplete incomplete}
   * @param pages hears of each page, in order of time as far as the bound allows
   * @param problems hears of what could not be read
   * @return lines read, without the header; count
   * @throws IOException when the file cannot be opened
   */
  public static long read(
      Path file, ExporterMapping mapping, Consumer<Due> pages, Consumer<SourceProblem> problems)
      throws IOException {
    String origin = file.toString();
    String nodeColumn = "";
    String timeColumn = "";
    TimeFormat format = TimeFormat.of("iso");
    List<String> needed = new ArrayList<>();
    for (ExporterMapping.Row row : mapping.plan(ExporterMapping.CSV).rows()) {
      String name = row.names().get(0);
      needed.add(name);
      if (row.metric().equals(ExporterMapping.NODE)) {
        nodeColumn = name;
      } else if (row.metric().equals(ExporterMapping.TIME)) {
        timeColumn = name;
        format = TimeFormat.of(row.readingArgument());
      } else if (!row.label().isEmpty()) {
        needed.add(row.label());
      }
      row.selectors().forEach(selector -> needed.add(selector.label()));
    }
    TreeMap<Long, LinkedHashMap<String, Open>> open = new TreeMap<>();
    int waiting = 0;
    long read = 0;
    try (LineReader lines = LineReader.open(file)) {
      List<String> header = lines.next() && !lines.tooLong() ? cells(lines) : null;
      if (header == null) {
        problems.accept(
            problem(
                origin, 1, true, DeadReason.MISSING_FIELD, "file has no readable header", lines));
        return 0;
      }
      List<String> names = header.stream().map(String::trim).toList();
      List<String> absent = needed.stream().distinct().filter(n -> !names.contains(n)).toList();
      if (!absent.isEmpty()) {
        problems.accept(
            problem(
                origin,
                1,
                true,
                DeadReason.MISSING_FIELD,
                "file lacks the columns " + absent + " that the mapping names",
                lines));
        return 0;
      }
      while (lines.next()) {
        if (lines.start() == lines.end()) {
          continue;
        }
        read++;
        List<String> cells = lines.tooLong() ? null : cells(lines);
        if (cells == null || cells.size() != names.size()) {
          problems.accept(
              problem(
                  origin,
                  lines.line(),
                  false,
                  lines.tooLong() ? DeadReason.TOO_LARGE : DeadReason.UNDECODABLE,
                  cells == null
                      ? "line is too long, or a quote is not closed"
                      : "line has " + cells.size() + " cells where the header has " + names.size(),
                  lines));
          continue;
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
          values.put(names.get(i), cells.get(i).trim());
        }
        String node = values.getOrDefault(nodeColumn, "");
        if (node.isEmpty()
            || node.length() > FrameLimits.MAX_ID_LENGTH
            || node.chars().anyMatch(Character::isISOControl)) {
          problems.accept(
              problem(
                  origin,
                  lines.line(),
                  false,
                  DeadReason.MISSING_FIELD,
                  "column " + nodeColumn + " names no node",
                  lines));
          continue;
        }
        long time = format.millis(values.getOrDefault(timeColumn, ""));
        if (time < FrameLimits.YEAR_2000_MILLIS || time > FrameLimits.YEAR_2100_MILLIS) {
          problems.accept(
              problem(
                  origin,
                  lines.line(),
                  false,
                  time == SourceProblem.NO_TIME
                      ? DeadReason.WRONG_TYPE
                      : DeadReason.TIME_OUT_OF_RANGE,
                  "column " + timeColumn + " is no time, or one before 2000 or after 2100",
                  lines));
          continue;
        }
        String wrong = wrongNumber(mapping, values);
        if (wrong != null) {
          problems.accept(
              problem(origin, lines.line(), false, DeadReason.NOT_A_NUMBER, wrong, lines));
          continue;
        }
        LinkedHashMap<String, Open> atTime =
            open.computeIfAbsent(time, key -> new LinkedHashMap<>());
        Open page = atTime.get(node);
        if (page == null) {
          page = new Open(new SourcePage(mapping, ExporterMapping.CSV));
          atTime.put(node, page);
          waiting++;
        }
        page.lines++;
        for (String name : names) {
          String value = values.getOrDefault(name, "");
          double number = number(value);
          if (!Double.isNaN(number) || textual(mapping, name)) {
            page.page.add(name, values, Double.isNaN(number) ? 0 : number);
          }
        }
        while (waiting > MAX_OPEN && open.size() > 1) {
          Map.Entry<Long, LinkedHashMap<String, Open>> first = open.pollFirstEntry();
          waiting -= first.getValue().size();
          give(first.getKey(), first.getValue(), pages);
        }
      }
      IOException failure = lines.failure();
      if (failure != null) {
        problems.accept(
            problem(
                origin,
                Math.max(1, lines.line()),
                true,
                DeadReason.TRUNCATED,
                "file breaks off here: " + failure.getMessage(),
                lines));
      }
    }
    open.forEach((time, atTime) -> give(time, atTime, pages));
    return read;
  }

  private static void give(long time, Map<String, Open> atTime, Consumer<Due> pages) {
    atTime.forEach(
        (node, page) -> {
          page.page.finish();
          pages.accept(new Due(node, time, page.lines, page.page));
        });
  }

  // A cell that a row reads as a number, and that is neither empty nor a number.
  private static @Nullable String wrongNumber(ExporterMapping mapping, Map<String, String> values) {
    for (ExporterMapping.Row row : mapping.plan(ExporterMapping.CSV).rows()) {
      if (row.reading() == ExporterMapping.Reading.LABEL
          || row.reading() == ExporterMapping.Reading.TIME
          || row.metric().equals(ExporterMapping.NODE)) {
        continue;
      }
      String name = row.names().get(0);
      String value = values.getOrDefault(name, "");
      if (!value.isEmpty()
          && Double.isNaN(number(value))
          && !value.equalsIgnoreCase("nan")
          && row.selectors().stream().allMatch(s -> s.matches(values.get(s.label())))) {
        return "column " + name + " holds '" + value + "', which is no number";
      }
    }
    return null;
  }

  private static boolean textual(ExporterMapping mapping, String name) {
    for (ExporterMapping.Row row : mapping.plan(ExporterMapping.CSV).rows()) {
      if (row.reading() == ExporterMapping.Reading.LABEL && row.names().get(0).equals(name)) {
        return true;
      }
    }
    return false;
  }

  private static double number(String text) {
    if (text.isEmpty() || text.length() > 64) {
      return Double.NaN;
    }
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static @Nullable List<String> cells(LineReader lines) {
    return CsvCells.of(
        new String(
            lines.buffer(), lines.start(), lines.end() - lines.start(), StandardCharsets.UTF_8),
        null);
  }

  private static SourceProblem problem(
      String origin,
      long line,
      boolean wholeFile,
      DeadReason reason,
      String detail,
      LineReader lines) {
    int length = Math.min(lines.end() - lines.start(), SourceProblem.MAX_PAYLOAD_BYTES);
    byte[] payload = new byte[Math.max(0, length)];
    System.arraycopy(lines.buffer(), lines.start(), payload, 0, payload.length);
    return new SourceProblem(
        origin, Math.max(1, line), wholeFile, reason, detail, SourceProblem.NO_TIME, null, payload);
  }
}
