package io.forestall.wire.sources;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** What tests ask of rows and batches. */
final class Rows {

  private Rows() {}

  /** The metrics that are present, by name. */
  static String metrics(SourceRow row) {
    TreeMap<String, Double> present = new TreeMap<>();
    for (int i = 0; i < row.values().length; i++) {
      if (!Double.isNaN(row.values()[i])) {
        present.put(row.metrics().get(i), row.values()[i]);
      }
    }
    return present.toString();
  }

  /** The value of a metric, NaN when absent. */
  static double value(SourceRow row, String metric) {
    int at = row.metrics().indexOf(metric);
    return at < 0 ? Double.NaN : row.values()[at];
  }

  /** All batches to the end; the reader is closed. */
  static List<SourceBatch> batches(SourceReader reader) throws IOException {
    List<SourceBatch> batches = new ArrayList<>();
    try (reader) {
      for (SourceBatch batch = reader.next(); batch != null; batch = reader.next()) {
        batches.add(batch);
      }
    }
    return batches;
  }
}
