package io.forestall.wire.sources;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one table from the names that sources use to canonical metric names ({@code
 * metric-mapping.csv}, rows A2 and A3). A name may hold {@code {id}}, which stands for a SMART
 * attribute number from 1 to 255. Where several rows give the same metric, the later row wins.
 * Immutable and safe for threads.
 */
public final class MetricMapping {

  /** Name of the drive-stats CSV source. */
  public static final String DRIVE_STATS = "drive-stats";

  /** Name of the change-log source. */
  public static final String CHANGE_LOG = "change-log";

  /** Name of the {@code smartctl --json} source. */
  public static final String SMARTCTL = "smartctl";

  private static final String ID = "{id}";
  private static final String RESOURCE = "metric-mapping.csv";
  private static final MetricMapping SHIPPED = load();

  /** How a value is read. */
  public enum Reading {
    /** The whole value is a number. */
    NUMBER,
    /** The number at the beginning of a text, for example 31 of {@code 31 (Min/Max 19/40)}. */
    LEADING_NUMBER
  }

  /**
   * One row of the table.
   *
   * @param source source whose names these are
   * @param name name or path in the source, may hold {@code {id}}
   * @param metric canonical metric name, may hold {@code {id}}
   * @param factor what a value is multiplied by
   * @param reading how a value is read
   * @param unit unit of the canonical metric
   * @param doc what it means
   */
  public record Entry(
      String source,
      String name,
      String metric,
      double factor,
      Reading reading,
      String unit,
      String doc) {}

  /**
   * What a name of a source becomes.
   *
   * @param metric canonical metric name
   * @param factor what a value is multiplied by
   * @param reading how a value is read
   */
  public record Target(String metric, double factor, Reading reading) {}

  private final List<Entry> entries;

  private MetricMapping(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** The table that is shipped with the product. */
  public static MetricMapping shipped() {
    return SHIPPED;
  }

  /** Every row, in the order of the table. */
  public List<Entry> entries() {
    return entries;
  }

  /** Rows of one source, in the order of the table. */
  public List<Entry> entries(String source) {
    return entries.stream().filter(entry -> entry.source().equals(source)).toList();
  }

  /** What a name of a source becomes, or null when the table does not know the name. */
  public @Nullable Target find(String source, String name) {
    Target found = null;
    for (Entry entry : entries) {
      if (entry.source().equals(source)) {
        Target target = match(entry, name);
        if (target != null) {
          found = target;
        }
      }
    }
    return found;
  }

  private static @Nullable Target match(Entry entry, String name) {
    int at = entry.name().indexOf(ID);
    if (at < 0) {
      return entry.name().equals(name)
          ? new Target(entry.metric(), entry.factor(), entry.reading())
          : null;
    }
    String before = entry.name().substring(0, at);
    String after = entry.name().substring(at + ID.length());
    if (name.length() <= before.length() + after.length()
        || !name.startsWith(before)
        || !name.endsWith(after)) {
      return null;
    }
    String id = name.substring(before.length(), name.length() - after.length());
    return isAttribute(id)
        ? new Target(entry.metric().replace(ID, id), entry.factor(), entry.reading())
        : null;
  }

  private static boolean isAttribute(String id) {
    if (id.length() > 3 || id.charAt(0) == '0') {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) < '0' || id.charAt(i) > '9') {
        return false;
      }
    }
    return Integer.parseInt(id) <= 255;
  }

  private static MetricMapping load() {
    try (InputStream in = MetricMapping.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + RESOURCE + " is missing from the jar");
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      List<Entry> entries = new ArrayList<>();
      lines.readLine();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] cells = line.split(",", 7);
        entries.add(
            new Entry(
                cells[0],
                cells[1],
                cells[2],
                Double.parseDouble(cells[3]),
                cells[4].equals("number") ? Reading.NUMBER : Reading.LEADING_NUMBER,
                cells[5],
                cells[6]));
      }
      return new MetricMapping(entries);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + RESOURCE, e);
    }
  }
}
