package io.forestall.app.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Every metric that Forestall exports or builds on, as {@code flink-conf/metrics.yaml} lists them.
 * Immutable. Row G19.
 */
public final class MetricCatalogue {
  private static final String RESOURCE = "/io/forestall/flink-conf/metrics.yaml";
  private static final MetricCatalogue SHIPPED = read();

  /** Where a metric is exported. */
  public enum From {
    /** GET /metrics of the console. */
    CONSOLE,
    /** Operators of the sense job. */
    SENSE,
    /** Operators of the correlate job. */
    CORRELATE,
    /** Operators of the decide job. */
    DECIDE,
    /** Operators of the move job. */
    MOVE,
    /** Operators of the train job. */
    TRAIN,
    /** GET /metrics of forestall ingest scrape and telegraf, with --metrics-port. */
    INGEST,
    /** Flink itself. */
    FLINK,
    /** Made by Prometheus when it scrapes. */
    PROMETHEUS
  }

  /**
   * One metric.
   *
   * @param name as Prometheus knows it
   * @param from where it is exported
   * @param type gauge, counter, histogram or summary
   * @param labels its own, without those that Flink adds to each
   * @param when when it is there, null for always
   * @param help one sentence
   */
  public record Metric(
      String name,
      From from,
      String type,
      List<String> labels,
      @Nullable String when,
      String help) {

    /** The names of its series: a histogram and a summary have several. */
    public List<String> series() {
      return switch (type) {
        case "histogram" -> List.of(name + "_bucket", name + "_sum", name + "_count");
        case "summary" -> List.of(name, name + "_count");
        default -> List.of(name);
      };
    }
  }

  private final Map<String, Metric> metrics;

  private MetricCatalogue(Map<String, Metric> metrics) {
    this.metrics = metrics;
  }

  /** The catalogue of this release. */
  public static MetricCatalogue shipped() {
    return SHIPPED;
  }

  /** All metrics in the order of the file. */
  public Collection<Metric> all() {
    return metrics.values();
  }

  /** The metrics of one place. */
  public List<Metric> from(From from) {
    return all().stream().filter(metric -> metric.from() == from).toList();
  }

  /**
   * A metric by its name.
   *
   * @throws IllegalArgumentException when it is not listed: it must be, before it is exported
   */
  public Metric get(String name) {
    Metric metric = metrics.get(name);
    if (metric == null) {
      throw new IllegalArgumentException(
          name + " is no metric of flink-conf/metrics.yaml: list it there first");
    }
    return metric;
  }

  private static MetricCatalogue read() {
    try (InputStream in = MetricCatalogue.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks metrics.yaml: build it again");
      }
      return parse(new YAMLMapper().readTree(in));
    } catch (IOException e) {
      throw new IllegalStateException("metrics.yaml cannot be read: " + e.getMessage(), e);
    }
  }

  /** The catalogue of a parsed file. */
  static MetricCatalogue parse(JsonNode root) {
    Map<String, Metric> metrics = new LinkedHashMap<>();
    for (JsonNode node : root.path("metrics")) {
      List<String> labels = new ArrayList<>();
      node.path("labels").forEach(label -> labels.add(label.asText()));
      String name = text(node, "name");
      Metric metric =
          new Metric(
              name,
              From.valueOf(text(node, "from").toUpperCase(Locale.ROOT)),
              text(node, "type"),
              List.copyOf(labels),
              node.hasNonNull("when") ? node.get("when").asText() : null,
              text(node, "help"));
      if (metrics.put(name, metric) != null) {
        throw new IllegalStateException("metrics.yaml lists " + name + " twice");
      }
    }
    return new MetricCatalogue(metrics);
  }

  private static String text(JsonNode node, String key) {
    if (!node.hasNonNull(key)) {
      throw new IllegalStateException("an entry of metrics.yaml lacks " + key + ": " + node);
    }
    return node.get(key).asText();
  }
}
