package io.forestall.app.ingest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.wire.FrameLimits;
import io.forestall.wire.sources.ExporterMapping;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The list of targets, in the manner of Prometheus's {@code file_sd_config}: YAML or JSON, groups
 * of {@code targets} with {@code labels}. Labels: {@code job} (node_exporter, smartctl_exporter or
 * process), {@code node} (the host of the target when absent), {@code rack}, {@code zone}, {@code
 * region}, {@code pool}, {@code kind} and {@code id} for an event processor or a head node, and
 * Prometheus's {@code __scheme__} and {@code __metrics_path__}. Stateless.
 */
final class TargetsFile {

  private static final long MAX_BYTES = 64L << 20;
  private static final int MAX_TARGETS = 200_000;
  private static final String UNKNOWN = "unknown";
  private static final Map<String, String> JOBS =
      Map.of(
          "node_exporter", ExporterMapping.NODE_EXPORTER,
          "node-exporter", ExporterMapping.NODE_EXPORTER,
          "node", ExporterMapping.NODE_EXPORTER,
          "smartctl_exporter", ExporterMapping.SMARTCTL_EXPORTER,
          "smartctl-exporter", ExporterMapping.SMARTCTL_EXPORTER,
          "smartctl", ExporterMapping.SMARTCTL_EXPORTER,
          "process", ExporterMapping.PROCESS);
  private static final Set<String> LABELS =
      Set.of(
          "job",
          "node",
          "rack",
          "zone",
          "region",
          "pool",
          "kind",
          "id",
          "__scheme__",
          "__metrics_path__");

  private TargetsFile() {}

  /** A list of targets is wrong; the message has one line for each mistake. */
  static final class BadTargets extends Exception {
    private static final long serialVersionUID = 1L;

    BadTargets(List<String> mistakes) {
      super(String.join("\n", mistakes));
    }
  }

  /**
   * Reads a list.
   *
   * @throws BadTargets when it is wrong, with every mistake
   * @throws IOException when it cannot be read
   */
  static List<ScrapeTarget> read(Path file) throws BadTargets, IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new BadTargets(List.of(file + ": is longer than " + MAX_BYTES + " bytes"));
    }
    String name = file.toString().toLowerCase(Locale.ROOT);
    ObjectMapper mapper = name.endsWith(".json") ? new ObjectMapper() : new YAMLMapper();
    mapper.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    JsonNode root;
    try {
      root = mapper.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw new BadTargets(
          List.of(
              file
                  + (at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr())
                  + ": is no "
                  + (name.endsWith(".json") ? "JSON" : "YAML")
                  + ": "
                  + e.getOriginalMessage()));
    }
    return parse(file.toString(), root);
  }

  private static List<ScrapeTarget> parse(String origin, JsonNode root) throws BadTargets {
    List<String> mistakes = new ArrayList<>();
    List<ScrapeTarget> targets = new ArrayList<>();
    Map<String, Place> places = new HashMap<>();
    Map<String, String> taken = new HashMap<>();
    if (root == null || !root.isArray()) {
      throw new BadTargets(
          List.of(origin + ": is no list of groups, each with targets and labels"));
    }
    int number = 0;
    for (JsonNode group : root) {
      number++;
      String where = origin + ": group " + number + ": ";
      JsonNode addresses = group.path("targets");
      if (!addresses.isArray() || addresses.isEmpty()) {
        mistakes.add(where + "has no targets, a list of host:port");
        continue;
      }
      Map<String, String> labels = new LinkedHashMap<>();
      JsonNode given = group.path("labels");
      if (!given.isMissingNode() && !given.isNull() && !given.isObject()) {
        mistakes.add(where + "labels is no map");
        continue;
      }
      for (Map.Entry<String, JsonNode> label : given.properties()) {
        if (!label.getValue().isValueNode()) {
          mistakes.add(where + "the label " + label.getKey() + " is no text");
        }
        labels.put(label.getKey(), label.getValue().asText("").trim());
      }
      String job = labels.getOrDefault("job", "");
      String source = JOBS.get(job);
      if (source == null) {
        mistakes.add(
            where
                + (job.isEmpty() ? "the label job is missing" : "the job '" + job + "' is unknown")
                + ": node_exporter, smartctl_exporter or process");
        continue;
      }
      for (JsonNode address : addresses) {
        String text = address.asText("").trim();
        ScrapeTarget target = target(where, text, source, labels, mistakes);
        if (target == null) {
          continue;
        }
        String key = target.machine() + " " + source;
        String before = taken.put(key, text);
        if (before != null) {
          mistakes.add(
              where
                  + target.machine()
                  + " has two targets of job "
                  + job
                  + ": "
                  + before
                  + " and "
                  + text
                  + "; give each node one group");
        }
        Place place = places.putIfAbsent(target.node(), target.place());
        if (place != null && !place.equals(target.place())) {
          mistakes.add(
              where
                  + "node "
                  + target.node()
                  + " stands in two places: "
                  + place
                  + " and "
                  + target.place());
        }
        targets.add(target);
      }
    }
    if (targets.isEmpty() && mistakes.isEmpty()) {
      mistakes.add(origin + ": holds no target");
    }
    if (targets.size() > MAX_TARGETS) {
      mistakes.add(
          origin
              + ": holds "
              + targets.size()
              + " targets, more than "
              + MAX_TARGETS
              + "; run several scrapers");
    }
    if (!mistakes.isEmpty()) {
      throw new BadTargets(mistakes.size() > 20 ? mistakes.subList(0, 20) : mistakes);
    }
    return List.copyOf(targets);
  }

  private static @Nullable ScrapeTarget target(
      String where,
      String address,
      String source,
      Map<String, String> labels,
      List<String> mistakes) {
    String scheme = labels.getOrDefault("__scheme__", "http");
    String path = labels.getOrDefault("__metrics_path__", "/metrics");
    URI uri;
    try {
      uri = new URI(scheme + "://" + address + path);
    } catch (URISyntaxException e) {
      mistakes.add(where + "'" + address + "' is no host:port: " + e.getReason());
      return null;
    }
    if (!(scheme.equals("http") || scheme.equals("https")) || !path.startsWith("/")) {
      mistakes.add(where + "__scheme__ is http or https, and __metrics_path__ begins with /");
      return null;
    }
    if (uri.getHost() == null || uri.getUserInfo() != null || address.contains("/")) {
      mistakes.add(where + "'" + address + "' is no host:port");
      return null;
    }
    String node = labels.getOrDefault("node", uri.getHost());
    String kind = labels.getOrDefault("kind", "node");
    String id = labels.getOrDefault("id", node);
    for (String value : List.of(node, id)) {
      if (value.isEmpty()
          || value.length() > FrameLimits.MAX_ID_LENGTH
          || value.chars().anyMatch(Character::isISOControl)) {
        mistakes.add(where + "node or id of " + address + " is empty, too long or not printable");
        return null;
      }
    }
    Subject machine;
    switch (kind) {
      case "node" -> machine = Subject.node(node);
      case "processor" -> machine = new Subject(Subject.Kind.PROCESSOR, id);
      case "head" -> machine = new Subject(Subject.Kind.HEAD, id);
      default -> {
        mistakes.add(where + "kind '" + kind + "' is none of node, processor, head");
        return null;
      }
    }
    if (!LABELS.containsAll(labels.keySet())) {
      // Labels of somebody else's use are no mistake; Prometheus reads the same file.
      labels.keySet().retainAll(LABELS);
    }
    Place place =
        new Place(
            node,
            labels.getOrDefault("rack", UNKNOWN),
            labels.getOrDefault("zone", UNKNOWN),
            labels.getOrDefault("region", "default"),
            labels.getOrDefault("pool", "default"));
    return new ScrapeTarget(uri, source, machine, place);
  }
}
