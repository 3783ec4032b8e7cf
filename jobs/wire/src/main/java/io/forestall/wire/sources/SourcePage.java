package io.forestall.wire.sources;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one answer of one source says in canonical metrics: a page of an exporter, the Telegraf
 * metrics or the CSV lines of one node at one time. Fill it, then {@link #finish} it once. Disks
 * still go by the name of their device; {@link NodeAssembler} finds out who they are. Not safe for
 * threads. Row A2.
 */
public final class SourcePage {

  /** Most series of one page that are kept; a page with more is cut and says so. */
  public static final int MAX_SERIES = 200_000;

  /** Stands for the device of a machine's own metrics. */
  private static final String SELF = "";

  /**
   * A thing and its metrics.
   *
   * @param kind which sort of thing
   * @param id what its label says: the device of a disk, or an identifier; empty for the machine
   * @param metrics values by canonical name
   */
  record Thing(ExporterMapping.EntityKind kind, String id, Map<String, Double> metrics) {}

  /**
   * What a page says about a device.
   *
   * @param serial serial number, null when it does not say
   * @param model model name, null when it does not say
   * @param capacityBytes capacity, null when it does not say
   * @param rotation speed of rotation, 0 for none, null when it does not say
   */
  record Device(
      @Nullable String serial,
      @Nullable String model,
      @Nullable Long capacityBytes,
      @Nullable Double rotation) {

    static final Device UNKNOWN = new Device(null, null, null, null);

    /** This, and what the other one knows more. */
    Device or(Device other) {
      return new Device(
          serial == null ? other.serial : serial,
          model == null ? other.model : model,
          capacityBytes == null ? other.capacityBytes : capacityBytes,
          rotation == null ? other.rotation : rotation);
    }
  }

  /** Labels of a series, by name. */
  interface Labels {
    /** The value of a label, null without it. */
    @Nullable String get(LabelSelector selector);

    /** The value of a label, null without it. */
    @Nullable String get(String label);

    /** All of them. */
    Map<String, String> all();
  }

  private record Waiting(SourcePlan.Slot slot, Map<String, String> labels, double value) {}

  /** One value that grows from many series. */
  private static final class Cell {
    double sum;
    double last;
    double high = Double.NEGATIVE_INFINITY;
    double low = Double.POSITIVE_INFINITY;
    long count;
    @Nullable Map<String, Double> byLabel;
    @Nullable String text;
  }

  private static final class Growing {
    final Map<Integer, Map<String, Cell>> cells = new HashMap<>();
  }

  private final SourcePlan plan;
  private final boolean[] seen;
  private final Map<ExporterMapping.EntityKind, Map<String, Growing>> growing =
      new LinkedHashMap<>();
  private final Map<String, Map<String, String>> described = new HashMap<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private final Set<Long> identities = new HashSet<>();
  private final List<String> problems = new ArrayList<>();
  private final Map<String, Device> devices = new LinkedHashMap<>();
  private final List<Thing> things = new ArrayList<>();
  private final Set<String> missing = new TreeSet<>();
  private final Set<String> found = new TreeSet<>();
  private final Set<String> measurements = new HashSet<>();
  private long series;
  private long mapped;
  private long notFinite;
  private long duplicates;
  private long outOfRange;
  private boolean cut;

  /** An empty page of a source. */
  public SourcePage(ExporterMapping mapping, String source) {
    this.plan = mapping.plan(source);
    this.seen = new boolean[plan.slots()];
  }

  /**
   * Reads a page in the Prometheus text format and finishes it. The stream is not closed.
   *
   * @return what became of the page; a page that breaks off is not to be used
   */
  public PrometheusText.Outcome prometheus(PrometheusText text, InputStream in) {
    PrometheusText.Outcome outcome = text.read(in, new TextHandler());
    series += outcome.series();
    finish();
    return outcome;
  }

  /** Adds one value; names that no row has are passed over. */
  void add(String name, Map<String, String> labels, double value) {
    series++;
    List<SourcePlan.Slot> slots = plan.find(name);
    if (slots != null) {
      mapped++;
      MapLabels view = new MapLabels(labels);
      for (SourcePlan.Slot slot : slots) {
        seen[slot.index()] = true;
        offer(slot, view, value);
      }
    }
  }

  /** Name of the source. */
  public String source() {
    return plan.source();
  }

  /** Series of the page, mapped or not; count. */
  public long series() {
    return series;
  }

  /** Series that a row of the mapping names; count. */
  public long mapped() {
    return mapped;
  }

  /** Series that no row of the mapping wants; count. */
  public long unknown() {
    return Math.max(0, series - mapped);
  }

  /** Values that were left out: not finite, out of range, or a series that came twice; count. */
  public long leftOut() {
    return notFinite + outOfRange + duplicates;
  }

  /** What is wrong with the page, at most {@value PrometheusText#MAX_PROBLEMS} sentences. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /**
   * Promised metrics that the page lacks, with the names that were looked for; and sums of which a
   * part is missing, which are not given at all because they would seem to fall.
   */
  public Set<String> missing() {
    return Set.copyOf(missing);
  }

  /** Names of the rows that the page had; a later page without one of them has changed. */
  public Set<String> found() {
    return Set.copyOf(found);
  }

  List<Thing> things() {
    return things;
  }

  Map<String, Device> devices() {
    return devices;
  }

  /** Turns what was added into metrics. Call it once. */
  void finish() {
    for (Waiting late : waiting) {
      Map<String, String> all =
          new HashMap<>(
              described.getOrDefault(
                  device(late.labels().getOrDefault(late.slot().rule().label(), "")), Map.of()));
      all.putAll(late.labels());
      take(late.slot(), new MapLabels(all), late.value());
    }
    waiting.clear();
    if (cut) {
      problems.add(
          "has more than " + MAX_SERIES + " series that are wanted; the rest was left out");
    }
    Set<String> broken = completeness();
    growing.forEach(
        (kind, named) ->
            named.forEach(
                (id, thing) -> {
                  Map<String, Double> metrics = new LinkedHashMap<>();
                  Device device = settle(thing, broken, metrics);
                  if (kind == ExporterMapping.EntityKind.DISK
                      || kind == ExporterMapping.EntityKind.SERIAL) {
                    devices.put(
                        id,
                        kind == ExporterMapping.EntityKind.SERIAL
                            ? new Device(id, null, null, null).or(device)
                            : device);
                  }
                  if (!metrics.isEmpty()) {
                    things.add(new Thing(kind, id, metrics));
                  }
                }));
    growing.clear();
    described.clear();
    identities.clear();
  }

  // Which sums are to be left out because a part of them is not there; fills missing and found.
  private Set<String> completeness() {
    Set<String> broken = new HashSet<>();
    Map<String, List<Integer>> sums = new LinkedHashMap<>();
    Map<String, List<Integer>> promises = new LinkedHashMap<>();
    List<ExporterMapping.Row> rows = plan.rows();
    for (int i = 0; i < rows.size(); i++) {
      ExporterMapping.Row row = rows.get(i);
      String key = row.kind() + " " + row.metric();
      if (row.aggregate().additive()) {
        sums.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
      }
      if (row.promised() && reported(row)) {
        promises.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
      }
      if (seen(i)) {
        found.add(row.metric() + " from " + String.join(" or ", row.names()));
      }
    }
    sums.forEach(
        (key, parts) -> {
          long there = parts.stream().filter(this::seen).count();
          if (there > 0 && there < parts.size()) {
            broken.add(key);
            parts.stream()
                .filter(part -> !seen(part))
                .forEach(part -> missing.add(wanted(rows.get(part))));
          }
        });
    promises.forEach(
        (key, parts) -> {
          if (parts.stream().noneMatch(this::seen)) {
            parts.forEach(part -> missing.add(wanted(rows.get(part))));
          }
        });
    return broken;
  }

  // Telegraf sends each measurement when it likes; only of one that is there a field can be missed.
  private boolean reported(ExporterMapping.Row row) {
    if (!row.source().equals(ExporterMapping.TELEGRAF)) {
      return true;
    }
    for (String name : row.names()) {
      if (measurements.contains(name.substring(0, Math.max(0, name.indexOf('.'))))) {
        return true;
      }
    }
    return false;
  }

  /** Says that a Telegraf measurement was there, whatever its fields. */
  void measurement(String name) {
    measurements.add(name);
  }

  private static String wanted(ExporterMapping.Row row) {
    return row.metric() + " from " + String.join(" or ", row.names());
  }

  private boolean seen(int row) {
    for (SourcePlan.Slot slot : plan.slotsOf(row)) {
      if (seen[slot.index()]) {
        return true;
      }
    }
    return false;
  }

  private Device settle(Growing thing, Set<String> broken, Map<String, Double> metrics) {
    @Nullable String serial = null;
    @Nullable String model = null;
    @Nullable Long capacity = null;
    @Nullable Double rotation = null;
    Map<String, Double> sums = new HashMap<>();
    List<ExporterMapping.Row> rows = plan.rows();
    for (int i = 0; i < rows.size(); i++) {
      ExporterMapping.Row row = rows.get(i);
      Map<String, Cell> cells = null;
      for (SourcePlan.Slot slot : plan.slotsOf(i)) {
        // Of several names the first one that the page has.
        if (seen[slot.index()]) {
          cells = thing.cells.get(slot.index());
          break;
        }
      }
      if (cells == null) {
        continue;
      }
      for (Map.Entry<String, Cell> named : cells.entrySet()) {
        String metric = named.getKey();
        Cell cell = named.getValue();
        switch (metric) {
          case ExporterMapping.SERIAL -> serial = cell.text == null ? serial : cell.text;
          case ExporterMapping.MODEL -> model = cell.text == null ? model : cell.text;
          case ExporterMapping.CAPACITY -> {
            double bytes = value(row, cell);
            if (bytes > 0 && bytes < 9e18) {
              capacity = (long) bytes;
            }
          }
          case ExporterMapping.ROTATION -> rotation = value(row, cell);
          default -> {
            if (broken.contains(row.kind() + " " + row.metric())) {
              continue;
            }
            double value = value(row, cell);
            if (row.aggregate().additive()) {
              value += sums.getOrDefault(metric, 0.0);
              sums.put(metric, value);
            }
            metrics.put(metric, value);
          }
        }
      }
    }
    metrics
        .entrySet()
        .removeIf(
            entry -> {
              boolean wrong = !believable(entry.getKey(), entry.getValue());
              outOfRange += wrong ? 1 : 0;
              return wrong;
            });
    return new Device(serial, model, capacity, rotation);
  }

  private static boolean believable(String metric, double value) {
    if (!Double.isFinite(value)) {
      return false;
    }
    return metric.startsWith("smart_")
        ? value >= MetricRange.lowest(metric) && value <= MetricRange.HIGHEST
        : metric.equals("clock_offset_seconds") || value >= 0;
  }

  private static double value(ExporterMapping.Row row, Cell cell) {
    double value =
        switch (row.aggregate()) {
          case LAST -> cell.last;
          case SUM -> cell.sum;
          case COUNT -> cell.count;
          case MAX -> cell.high;
          case MIN -> cell.low;
          case SUM_BY -> {
            double sum = 0;
            if (cell.byLabel != null) {
              for (double part : cell.byLabel.values()) {
                sum += part;
              }
            }
            yield sum;
          }
        };
    return value * row.multiplier() / row.divisor();
  }

  private void offer(SourcePlan.Slot slot, Labels labels, double value) {
    ExporterMapping.Row row = slot.rule();
    // A condition on a label that only the disk's description has must wait for that.
    if (row.kind() == ExporterMapping.EntityKind.DISK && !row.describes()) {
      for (LabelSelector selector : row.selectors()) {
        if (labels.get(selector) == null) {
          if (waiting.size() < MAX_SERIES) {
            waiting.add(new Waiting(slot, labels.all(), value));
          } else {
            cut = true;
          }
          return;
        }
      }
    }
    take(slot, labels, value);
  }

  private void take(SourcePlan.Slot slot, Labels labels, double value) {
    ExporterMapping.Row row = slot.rule();
    for (LabelSelector selector : row.selectors()) {
      if (!selector.matches(labels.get(selector))) {
        return;
      }
    }
    String id = SELF;
    if (row.kind() != ExporterMapping.EntityKind.MACHINE) {
      String label = labels.get(row.label());
      id = label == null ? "" : label.trim();
      if (row.kind() == ExporterMapping.EntityKind.DISK) {
        id = device(id);
      }
      if (id.isEmpty()) {
        return;
      }
    }
    String metric = row.metric();
    String part = row.metricLabel();
    if (part != null) {
      String number = labels.get(part);
      number = number == null ? "" : number.trim();
      if (!SourcePlan.attribute(number)) {
        return;
      }
      metric = metric.replace("{" + part + "}", number);
    }
    double read = value;
    String text = null;
    switch (row.reading()) {
      case POSITIVE -> {
        if (value <= 0) {
          return;
        }
      }
      case LOW_BYTE -> read = value >= 0 && value < 0x1p63 ? (long) value & 0xff : value;
      case LABEL -> {
        text = labels.get(row.readingArgument());
        if (text == null || text.isBlank()) {
          return;
        }
        text = text.trim();
        read =
            metric.equals(ExporterMapping.SERIAL) || metric.equals(ExporterMapping.MODEL)
                ? 1
                : number(text);
      }
      default -> {}
    }
    if (row.describes() && row.kind() == ExporterMapping.EntityKind.DISK) {
      described.computeIfAbsent(id, key -> new HashMap<>()).putAll(labels.all());
    }
    if (Double.isNaN(read) || Double.isInfinite(read)) {
      notFinite++;
      return;
    }
    Map<String, Growing> named = growing.computeIfAbsent(row.kind(), key -> new LinkedHashMap<>());
    Growing thing = named.get(id);
    if (thing == null) {
      thing = new Growing();
      named.put(id, thing);
    }
    Map<String, Cell> cells = thing.cells.get(slot.index());
    if (cells == null) {
      cells = new HashMap<>(2);
      thing.cells.put(slot.index(), cells);
    }
    Cell cell = cells.get(metric);
    if (cell == null) {
      cell = new Cell();
      cells.put(metric, cell);
    }
    cell.sum += read;
    cell.last = read;
    cell.high = Math.max(cell.high, read);
    cell.low = Math.min(cell.low, read);
    cell.count++;
    cell.text = text;
    if (row.aggregate() == ExporterMapping.Aggregate.SUM_BY) {
      if (cell.byLabel == null) {
        cell.byLabel = new HashMap<>();
      }
      String by = labels.get(row.aggregateLabel());
      cell.byLabel.merge(by == null ? "" : by, read, Math::max);
    }
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** The name of a device without its folder: smartctl_exporter before 0.9 gives it. */
  private static String device(String label) {
    String trimmed = label.trim();
    return trimmed.startsWith("/dev/") ? trimmed.substring(5) : trimmed;
  }

  private final class TextHandler implements PrometheusText.Handler {
    private @Nullable List<SourcePlan.Slot> slots;

    @Override
    public boolean wants(byte[] bytes, int from, int to) {
      slots = plan.find(bytes, from, to);
      return slots != null;
    }

    @Override
    public void series(PrometheusText at) {
      List<SourcePlan.Slot> named = slots;
      if (named == null) {
        return;
      }
      mapped++;
      if (identities.size() >= MAX_SERIES) {
        cut = true;
        return;
      }
      if (!identities.add(at.identity())) {
        duplicates++;
        return;
      }
      TextLabels labels = new TextLabels(at);
      for (SourcePlan.Slot slot : named) {
        seen[slot.index()] = true;
        offer(slot, labels, at.value());
      }
    }

    @Override
    public void problem(long line, String what) {
      problems.add("line " + line + " " + what);
    }
  }

  private record TextLabels(PrometheusText at) implements Labels {
    @Override
    public @Nullable String get(LabelSelector selector) {
      return at.label(selector.labelBytes());
    }

    @Override
    public @Nullable String get(String label) {
      for (int i = 0; i < at.labels(); i++) {
        if (at.labelName(i).equals(label)) {
          return at.labelValue(i);
        }
      }
      return null;
    }

    @Override
    public Map<String, String> all() {
      Map<String, String> all = new HashMap<>();
      for (int i = 0; i < at.labels(); i++) {
        all.put(at.labelName(i), at.labelValue(i));
      }
      return all;
    }
  }

  private record MapLabels(Map<String, String> all) implements Labels {
    @Override
    public @Nullable String get(LabelSelector selector) {
      return all.get(selector.label());
    }

    @Override
    public @Nullable String get(String label) {
      return all.get(label);
    }
  }
}
