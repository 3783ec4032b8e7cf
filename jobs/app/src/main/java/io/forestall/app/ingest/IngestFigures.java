package io.forestall.app.ingest;

import io.forestall.app.watch.MetricCatalogue;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.DoubleAdder;

/**
 * What an ingest command counts, and the same as a page for Prometheus. Only names that {@code
 * flink-conf/metrics.yaml} lists can be counted. Safe for threads.
 */
final class IngestFigures {

  static final String FRAMES = "forestall_ingest_frames_total";
  static final String SAMPLES = "forestall_ingest_samples_total";
  static final String SERIES = "forestall_ingest_series_total";
  static final String UNMAPPED = "forestall_ingest_unmapped_series_total";
  static final String LEFT_OUT = "forestall_ingest_values_left_out_total";
  static final String DEAD_LETTERS = "forestall_ingest_dead_letters_total";
  static final String MISSING = "forestall_ingest_missing_metrics";
  static final String TARGETS = "forestall_ingest_targets";
  static final String FAILING = "forestall_ingest_targets_failing";
  static final String SCRAPES = "forestall_ingest_scrapes_total";
  static final String BYTES = "forestall_ingest_scrape_bytes_total";
  static final String DURATION = "forestall_ingest_scrape_duration_seconds";
  static final String SKIPPED = "forestall_ingest_rounds_skipped_total";
  static final String LAG = "forestall_ingest_lag_seconds";
  static final String DISKS = "forestall_ingest_disks";
  static final String RECORDS = "forestall_ingest_records_total";
  static final String BEHIND = "forestall_ingest_records_behind";

  private static final double[] BOUNDS_SECONDS = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30
  };

  private final ConcurrentSkipListMap<String, ConcurrentSkipListMap<String, DoubleAdder>> values =
      new ConcurrentSkipListMap<>();

  /** Adds to a counter; labels are names and values in turn. */
  void add(String name, double more, String... labels) {
    cell(name, labels).add(more);
  }

  /** Sets a gauge; labels are names and values in turn. */
  void set(String name, double value, String... labels) {
    DoubleAdder cell = cell(name, labels);
    // One thread sets; a reader between the two calls sees 0 for a moment at worst.
    cell.add(value - cell.sum());
  }

  /** Adds to the histogram of scrape durations. */
  void duration(String source, double seconds) {
    for (double bound : BOUNDS_SECONDS) {
      if (seconds <= bound) {
        add(DURATION + "_bucket", 1, "source", source, "le", Double.toString(bound));
      } else {
        add(DURATION + "_bucket", 0, "source", source, "le", Double.toString(bound));
      }
    }
    add(DURATION + "_bucket", 1, "source", source, "le", "+Inf");
    add(DURATION + "_sum", seconds, "source", source);
    add(DURATION + "_count", 1, "source", source);
  }

  /** Sum of a metric over all its labels. */
  double sum(String name) {
    double sum = 0;
    for (DoubleAdder cell : values.getOrDefault(name, new ConcurrentSkipListMap<>()).values()) {
      sum += cell.sum();
    }
    return sum;
  }

  /** The page in the Prometheus text format. */
  String page() {
    StringBuilder out = new StringBuilder();
    for (MetricCatalogue.Metric metric :
        MetricCatalogue.shipped().from(MetricCatalogue.From.INGEST)) {
      boolean headed = false;
      for (String series : metric.series()) {
        Map<String, DoubleAdder> cells = values.get(series);
        if (cells == null) {
          continue;
        }
        if (!headed) {
          out.append("# HELP ").append(metric.name()).append(' ').append(metric.help());
          out.append("\n# TYPE ").append(metric.name()).append(' ').append(metric.type());
          out.append('\n');
          headed = true;
        }
        cells.forEach(
            (labels, cell) ->
                out.append(series)
                    .append(labels)
                    .append(' ')
                    .append(text(cell.sum()))
                    .append('\n'));
      }
    }
    return out.toString();
  }

  private DoubleAdder cell(String name, String... labels) {
    ConcurrentSkipListMap<String, DoubleAdder> cells = values.get(name);
    if (cells == null) {
      // Fails for a name that nobody listed.
      MetricCatalogue.shipped().get(name.startsWith(DURATION) ? DURATION : name);
      cells = values.computeIfAbsent(name, key -> new ConcurrentSkipListMap<>());
    }
    return cells.computeIfAbsent(labels(labels), key -> new DoubleAdder());
  }

  private static String labels(String... namesAndValues) {
    if (namesAndValues.length == 0) {
      return "";
    }
    Map<String, String> labels = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      labels.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    StringBuilder out = new StringBuilder("{");
    labels.forEach(
        (name, value) ->
            out.append(out.length() == 1 ? "" : ",")
                .append(name)
                .append("=\"")
                .append(value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"))
                .append('"'));
    return out.append('}').toString();
  }

  private static String text(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.6f", value);
  }
}
