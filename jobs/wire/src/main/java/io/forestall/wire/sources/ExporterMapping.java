package io.forestall.wire.sources;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one table from what exporters, Telegraf and CSV files call things to canonical metrics
 * ({@code exporter-mapping.csv}, explained in MAPPING.md). A file of a user adds rows, or replaces
 * the shipped ones of the same source and metric. Immutable and safe for threads. Rows A2 and A3.
 */
public final class ExporterMapping {

  /** Source of a node_exporter page. */
  public static final String NODE_EXPORTER = "node-exporter";

  /** Source of a smartctl_exporter page. */
  public static final String SMARTCTL_EXPORTER = "smartctl-exporter";

  /** Source of a page that the storage process itself serves. */
  public static final String PROCESS = "process";

  /** Source of Telegraf metrics, named {@code measurement.field}. */
  public static final String TELEGRAF = "telegraf";

  /** Source of plain CSV, named by its columns. */
  public static final String CSV = "csv";

  /** Metric that stands for a disk's serial number. */
  static final String SERIAL = "@serial";

  /** Metric that stands for a disk's model. */
  static final String MODEL = "@model";

  /** Metric that stands for a disk's capacity in bytes. */
  static final String CAPACITY = "@capacity_bytes";

  /** Metric that stands for a disk's speed of rotation: above 0 for a hard disk. */
  static final String ROTATION = "@rotation";

  /** Column of a CSV file with the node. */
  static final String NODE = "@node";

  /** Column of a CSV file with the time. */
  static final String TIME = "@time";

  /** Name of a row that takes the shipped rows of its metric away. */
  private static final String NOTHING = "-";

  private static final String RESOURCE = "exporter-mapping.csv";
  private static final long MAX_FILE_BYTES = 4L << 20;
  private static final Set<String> COLUMNS =
      new LinkedHashSet<>(
          List.of(
              "source",
              "name",
              "where",
              "entity",
              "metric",
              "aggregate",
              "factor",
              "reading",
              "unit",
              "promised",
              "doc"));
  private static final List<String> NEEDED = List.of("source", "name", "entity", "metric");
  private static final Set<String> SOURCES =
      new LinkedHashSet<>(List.of(NODE_EXPORTER, SMARTCTL_EXPORTER, PROCESS, TELEGRAF, CSV));
  private static final Pattern SMART =
      Pattern.compile("smart_(?:([0-9]{1,3})|\\{([A-Za-z_][A-Za-z0-9_]*)})_(?:raw|normalized)");
  private static final Set<String> DISK_NAMES = diskNames();
  private static final ExporterMapping SHIPPED = shippedTable();

  /** Which thing a row speaks of. */
  enum EntityKind {
    /** The machine that the target stands for: node, event processor or head node. */
    MACHINE("node"),
    /** The disk behind the device that a label names. */
    DISK("disk"),
    /** The disk whose serial number a label holds. */
    SERIAL("serial"),
    /** The way from this node to the one that a label names. */
    EDGE("edge"),
    /** This client and the volume that a label names. */
    PAIR("pair"),
    /** The event processor that a label names. */
    PROCESSOR("processor"),
    /** The head node that a label names. */
    HEAD("head"),
    /** Nothing: a column of a CSV file that says node or time. */
    NONE("");

    private final String word;

    EntityKind(String word) {
      this.word = word;
    }

    Scope scope() {
      return switch (this) {
        case DISK, SERIAL -> Scope.DRIVE;
        case EDGE, PAIR -> Scope.PATH;
        default -> Scope.MACHINE;
      };
    }
  }

  /** How the series of a row become one value. */
  enum Aggregate {
    /** The last one. A later row of the same metric wins over an earlier one. */
    LAST,
    /** The sum over all series and over all rows of the metric. */
    SUM,
    /** The sum over the values of a label; of series with the same value the highest counts. */
    SUM_BY,
    /** How many there are. */
    COUNT,
    /** The highest. */
    MAX,
    /** The lowest. */
    MIN;

    boolean additive() {
      return this == SUM || this == SUM_BY || this == COUNT;
    }
  }

  /** How a value is read. */
  enum Reading {
    /** As a number. */
    NUMBER,
    /** As a number; 0 means that it is not known. */
    POSITIVE,
    /** The lowest eight bits: vendors pack the extremes of a temperature above them. */
    LOW_BYTE,
    /** The value of a label. */
    LABEL,
    /** As a time. */
    TIME
  }

  /**
   * One row of the table.
   *
   * @param source source whose names these are
   * @param names name in the source; of several, the first one that a page has
   * @param where conditions on labels, as written
   * @param selectors conditions on labels
   * @param kind which thing it is of
   * @param label label that names the thing, empty for a machine
   * @param metric canonical metric name; may hold {@code {label}}
   * @param aggregate how several series become one value
   * @param aggregateLabel label of {@link Aggregate#SUM_BY}, else empty
   * @param multiplier what a value is multiplied by
   * @param divisor what it is then divided by
   * @param factor both, as written
   * @param reading how a value is read
   * @param readingArgument label or form of time, else empty
   * @param unit unit of the canonical metric
   * @param promised true when a page without it is worth a word
   * @param doc what it means
   */
  record Row(
      String source,
      List<String> names,
      String where,
      List<LabelSelector> selectors,
      EntityKind kind,
      String label,
      String metric,
      Aggregate aggregate,
      String aggregateLabel,
      double multiplier,
      double divisor,
      String factor,
      Reading reading,
      String readingArgument,
      String unit,
      boolean promised,
      String doc) {

    boolean describes() {
      return metric.charAt(0) == '@';
    }

    /** The label that is a part of the metric's name, or null. */
    @Nullable String metricLabel() {
      int open = metric.indexOf('{');
      return open < 0 ? null : metric.substring(open + 1, metric.indexOf('}'));
    }

    String entity() {
      return label.isEmpty() ? kind.word : kind.word + ":" + label;
    }
  }

  private final List<Row> rows;
  private final Map<String, SourcePlan> plans = new HashMap<>();

  private ExporterMapping(List<Row> rows) {
    this.rows = List.copyOf(rows);
    for (String source : SOURCES) {
      plans.put(source, new SourcePlan(source, rows(source)));
    }
  }

  /** The table that is shipped with the product. */
  public static ExporterMapping shipped() {
    return SHIPPED;
  }

  /**
   * This table with the rows of a file.
   *
   * @throws MappingException when the file is wrong, with every mistake
   * @throws IOException when it cannot be read
   */
  public ExporterMapping with(Path file) throws MappingException, IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new MappingException(
          List.of(file + ": is longer than " + MAX_FILE_BYTES + " bytes; that is no mapping"));
    }
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    return with(text, file.toString());
  }

  /**
   * This table with the rows of a text.
   *
   * @param origin name of the text for messages
   * @throws MappingException when the text is wrong, with every mistake
   */
  public ExporterMapping with(String text, String origin) throws MappingException {
    List<Row> more = new ArrayList<>();
    Set<String> replaced = new HashSet<>();
    parse(text, origin, more, replaced);
    List<Row> all = new ArrayList<>();
    for (Row row : rows) {
      if (!replaced.contains(row.source() + " " + row.kind() + " " + row.metric())) {
        all.add(row);
      }
    }
    all.addAll(more);
    return new ExporterMapping(all);
  }

  /** Sources of the table. */
  public static Set<String> sources() {
    return Set.copyOf(SOURCES);
  }

  List<Row> rows() {
    return rows;
  }

  List<Row> rows(String source) {
    return rows.stream().filter(row -> row.source().equals(source)).toList();
  }

  SourcePlan plan(String source) {
    SourcePlan plan = plans.get(source);
    if (plan == null) {
      throw new IllegalArgumentException(source + " is no source: there are " + SOURCES);
    }
    return plan;
  }

  /** The columns of a CSV file that the table names, in order. */
  public List<String> csvColumns() {
    Set<String> columns = new LinkedHashSet<>();
    for (Row row : rows(CSV)) {
      columns.add(row.names().get(0));
    }
    return List.copyOf(columns);
  }

  private static ExporterMapping shippedTable() {
    try (InputStream in = ExporterMapping.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + RESOURCE + " is missing from the jar");
      }
      List<Row> rows = new ArrayList<>();
      parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), RESOURCE, rows, new HashSet<>());
      return new ExporterMapping(rows);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + RESOURCE, e);
    } catch (MappingException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private static void parse(String text, String origin, List<Row> rows, Set<String> replaced)
      throws MappingException {
    List<String> mistakes = new ArrayList<>();
    List<String> header = List.of();
    int number = 0;
    for (String line : text.split("\r?\n", -1)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      List<Integer> columns = new ArrayList<>();
      List<String> cells = CsvCells.of(line, columns);
      if (cells == null) {
        mistakes.add(origin + ":" + number + ": a quote is not closed, or something follows it");
        continue;
      }
      if (header.isEmpty()) {
        header = cells.stream().map(cell -> cell.trim().toLowerCase(Locale.ROOT)).toList();
        header(origin, number, header, columns, mistakes);
        if (!mistakes.isEmpty()) {
          break;
        }
        continue;
      }
      if (cells.size() > header.size()) {
        mistakes.add(
            origin
                + ":"
                + number
                + ":"
                + columns.get(header.size())
                + ": has "
                + cells.size()
                + " cells where the header has "
                + header.size());
        continue;
      }
      RowReader reader = new RowReader(origin, number, header, cells, columns, mistakes);
      Row row = reader.row();
      if (row != null) {
        replaced.add(row.source() + " " + row.kind() + " " + row.metric());
        if (!row.names().get(0).equals(NOTHING)) {
          rows.add(row);
        }
      }
    }
    if (header.isEmpty() && mistakes.isEmpty()) {
      mistakes.add(origin + ":1:1: is empty: it needs a header with the columns " + NEEDED);
    }
    if (!mistakes.isEmpty()) {
      throw new MappingException(mistakes);
    }
  }

  private static void header(
      String origin,
      int number,
      List<String> header,
      List<Integer> columns,
      List<String> mistakes) {
    for (int i = 0; i < header.size(); i++) {
      String name = header.get(i);
      if (!COLUMNS.contains(name)) {
        mistakes.add(
            origin
                + ":"
                + number
                + ":"
                + columns.get(i)
                + ": '"
                + name
                + "' is no column of a mapping: there are "
                + COLUMNS);
      } else if (header.indexOf(name) < i) {
        mistakes.add(
            origin
                + ":"
                + number
                + ":"
                + columns.get(i)
                + ": the column '"
                + name
                + "' is there twice");
      }
    }
    for (String name : NEEDED) {
      if (!header.contains(name)) {
        mistakes.add(origin + ":" + number + ":1: the column '" + name + "' is missing");
      }
    }
  }

  private static Set<String> diskNames() {
    Set<String> names = new HashSet<>(List.of(SERIAL, MODEL, CAPACITY, ROTATION));
    names.add("smart_status_passed");
    for (DiskMetric metric : DiskMetric.values()) {
      names.add(metric.metricName());
    }
    for (MetricMapping.Entry entry : MetricMapping.shipped().entries()) {
      names.add(entry.metric());
    }
    return names;
  }

  /** Reads the cells of one line. */
  private static final class RowReader {
    private final String origin;
    private final int number;
    private final List<String> header;
    private final List<String> cells;
    private final List<Integer> columns;
    private final List<String> mistakes;
    private final int before;

    RowReader(
        String origin,
        int number,
        List<String> header,
        List<String> cells,
        List<Integer> columns,
        List<String> mistakes) {
      this.origin = origin;
      this.number = number;
      this.header = header;
      this.cells = cells;
      this.columns = columns;
      this.mistakes = mistakes;
      this.before = mistakes.size();
    }

    @Nullable Row row() {
      String source = cell("source");
      if (!SOURCES.contains(source)) {
        wrong("source", "'" + source + "' is no source: there are " + SOURCES);
      }
      List<String> names = List.of(cell("name").split("\\|", -1));
      if (names.stream().anyMatch(String::isBlank)) {
        wrong("name", "a name is empty");
      }
      if (source.equals(CSV) && names.size() > 1) {
        wrong("name", "a row of a CSV file has one column");
      }
      List<LabelSelector> selectors = List.of();
      try {
        selectors = LabelSelector.parse(cell("where"));
      } catch (IllegalArgumentException e) {
        wrong("where", String.valueOf(e.getMessage()));
      }
      String metric = cell("metric");
      String entity = cell("entity");
      int colon = entity.indexOf(':');
      String word = colon < 0 ? entity : entity.substring(0, colon);
      String label = colon < 0 ? "" : entity.substring(colon + 1);
      EntityKind kind = kind(source, word, label, metric);
      metric(source, metric, kind);
      String aggregateText = or(cell("aggregate"), "last");
      String aggregateLabel = "";
      Aggregate aggregate = Aggregate.LAST;
      if (aggregateText.startsWith("sum:") && aggregateText.length() > 4) {
        aggregate = Aggregate.SUM_BY;
        aggregateLabel = aggregateText.substring(4);
      } else {
        switch (aggregateText) {
          case "last" -> aggregate = Aggregate.LAST;
          case "sum" -> aggregate = Aggregate.SUM;
          case "count" -> aggregate = Aggregate.COUNT;
          case "max" -> aggregate = Aggregate.MAX;
          case "min" -> aggregate = Aggregate.MIN;
          default ->
              wrong(
                  "aggregate",
                  "'" + aggregateText + "' is none of last, sum, sum:LABEL, count, max, min");
        }
      }
      String factor = or(cell("factor"), "1");
      int slash = factor.indexOf('/');
      double multiplier = number(slash < 0 ? factor : factor.substring(0, slash));
      double divisor = slash < 0 ? 1 : number(factor.substring(slash + 1));
      if (!Double.isFinite(multiplier) || !Double.isFinite(divisor) || divisor == 0) {
        wrong("factor", "'" + factor + "' is no number and no fraction such as 1/1000");
      }
      String readingText = or(cell("reading"), "number");
      String readingArgument = "";
      Reading reading = Reading.NUMBER;
      if (readingText.startsWith("label:") && readingText.length() > 6) {
        reading = Reading.LABEL;
        readingArgument = readingText.substring(6);
      } else if (readingText.startsWith("time:") && readingText.length() > 5) {
        reading = Reading.TIME;
        readingArgument = readingText.substring(5);
        String problem = TimeFormat.problem(readingArgument);
        if (problem != null) {
          wrong("reading", problem);
        }
      } else {
        switch (readingText) {
          case "number" -> reading = Reading.NUMBER;
          case "positive" -> reading = Reading.POSITIVE;
          case "low-byte" -> reading = Reading.LOW_BYTE;
          default ->
              wrong(
                  "reading",
                  "'"
                      + readingText
                      + "' is none of number, positive, low-byte, label:LABEL,"
                      + " time:FORM");
        }
      }
      if ((metric.equals(SERIAL) || metric.equals(MODEL)) && reading != Reading.LABEL) {
        wrong("reading", metric + " is read from a label: label:LABEL");
      }
      if (metric.equals(TIME) != (reading == Reading.TIME)) {
        wrong("reading", TIME + " is read as time:FORM, and nothing else is");
      }
      String promisedText = or(cell("promised"), "no");
      if (!promisedText.equals("yes") && !promisedText.equals("no")) {
        wrong("promised", "'" + promisedText + "' is neither yes nor no");
      }
      if (mistakes.size() > before) {
        return null;
      }
      return new Row(
          source,
          names,
          cell("where"),
          selectors,
          kind,
          label,
          metric,
          aggregate,
          aggregateLabel,
          multiplier,
          divisor,
          factor,
          reading,
          readingArgument,
          cell("unit"),
          promisedText.equals("yes"),
          cell("doc"));
    }

    private EntityKind kind(String source, String word, String label, String metric) {
      if (metric.equals(NODE) || metric.equals(TIME)) {
        if (!source.equals(CSV)) {
          wrong("metric", metric + " is only for the source " + CSV);
        }
        if (!word.isEmpty()) {
          wrong("entity", "is empty for " + metric);
        }
        return EntityKind.NONE;
      }
      for (EntityKind kind : EntityKind.values()) {
        if (kind != EntityKind.NONE && kind.word.equals(word)) {
          if (kind == EntityKind.MACHINE ? !label.isEmpty() : label.isEmpty()) {
            wrong(
                "entity",
                kind == EntityKind.MACHINE
                    ? "node stands for the target itself and takes no label"
                    : "'" + word + "' needs the label that names it, such as " + word + ":device");
          }
          return kind;
        }
      }
      wrong(
          "entity",
          "'"
              + word
              + "' is none of node, disk:LABEL, serial:LABEL, edge:LABEL, pair:LABEL,"
              + " processor:LABEL, head:LABEL");
      return EntityKind.NONE;
    }

    private void metric(String source, String metric, EntityKind kind) {
      if (metric.equals(NODE) || metric.equals(TIME) || kind == EntityKind.NONE) {
        return;
      }
      FleetMetric known = FleetMetric.byName(metric);
      Matcher smart = SMART.matcher(metric);
      if (known != null) {
        if (known.scope() != kind.scope()) {
          wrong(
              "metric",
              metric
                  + " is a metric of a "
                  + known.scope().name().toLowerCase(Locale.ROOT)
                  + ", not of "
                  + kind.word);
        }
      } else if (DISK_NAMES.contains(metric) || smart.matches()) {
        if (kind.scope() != Scope.DRIVE) {
          wrong("metric", metric + " is a metric of a disk, not of " + kind.word);
        }
        if (smart.matches() && smart.group(1) != null && !SourcePlan.attribute(smart.group(1))) {
          wrong("metric", "a SMART attribute is a number from 1 to 255");
        }
      } else {
        wrong(
            "metric",
            "'"
                + metric
                + "' is no canonical metric of the source "
                + source
                + ": MAPPING.md lists them");
      }
    }

    private String cell(String column) {
      int index = header.indexOf(column);
      return index < 0 || index >= cells.size() ? "" : cells.get(index).trim();
    }

    private void wrong(String column, String what) {
      int index = header.indexOf(column);
      int at = index < 0 || index >= columns.size() ? 1 : columns.get(index);
      mistakes.add(origin + ":" + number + ":" + at + ": " + column + ": " + what);
    }

    private static String or(String value, String otherwise) {
      return value.isEmpty() ? otherwise : value;
    }

    private static double number(String text) {
      try {
        return Double.parseDouble(text.trim());
      } catch (NumberFormatException e) {
        return Double.NaN;
      }
    }
  }
}
