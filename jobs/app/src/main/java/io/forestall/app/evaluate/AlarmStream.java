package io.forestall.app.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Dependencies;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One stream of alarms with what is known of its faults, as two public formats have it: {@code
 * alerts.csv}, {@code label.csv} and {@code topology.json} of a system of services; {@code
 * alarm.csv}, {@code topology.csv} and {@code rca_prior.csv} of a network of devices. Each may be
 * packed with gzip; columns are found by their names.
 *
 * @param name folder
 * @param alarms in the order of their times
 * @param faults that were injected, in the order of their starts; empty when none are known
 * @param dependencies what stands on what, and what calls what
 * @param hosts the node on which a thing stands, by thing
 * @param roots sets of alarm types with the type that caused them; empty when none are known
 * @param neighbours devices next to each other, by device; empty for services
 */
record AlarmStream(
    String name,
    List<Alarm> alarms,
    List<Fault> faults,
    Dependencies dependencies,
    Map<Subject, String> hosts,
    List<TypeRoot> roots,
    Map<Subject, Set<Subject>> neighbours) {

  /** Longest way below {@code --data} at which a stream is looked for; folders. */
  private static final int MAX_DEPTH = 4;

  private static final Pattern BROKEN =
      Pattern.compile(
          "\\b(error|exception|fail(ed|ure)?|refused|unavailable|traceback|denied)\\b",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern FATAL =
      Pattern.compile("\\b(fatal|panic|critical|emergency|oom)\\b", Pattern.CASE_INSENSITIVE);
  private static final Pattern HOST =
      Pattern.compile("\\b(host|node|server|machine|vm)\\b", Pattern.CASE_INSENSITIVE);
  private static final Pattern SERVER_ERROR = Pattern.compile("5\\d\\d");

  /**
   * One alarm.
   *
   * @param id unique in the stream
   * @param timeMillis when it began
   * @param entity what it speaks of
   * @param type what sort of source it comes from
   * @param signal which signal of the entity
   * @param severity how bad
   * @param share how much it says of its entity rather than of others, 0 to 1
   * @param fault in whose window it stands, null when in none
   */
  record Alarm(
      String id,
      long timeMillis,
      Subject entity,
      String type,
      String signal,
      Severity severity,
      double share,
      @Nullable String fault) {}

  /**
   * An injected fault.
   *
   * @param id of the fault
   * @param level node, service or pod
   * @param entity name of the thing it was injected into
   * @param type what was injected
   * @param startMillis when it began
   */
  record Fault(String id, String level, String entity, String type, long startMillis) {}

  /**
   * Alarm types that came together, and the one that caused them.
   *
   * @param types names
   * @param root name
   */
  record TypeRoot(Set<String> types, String root) {}

  /** Everything below a folder that is a stream, in the order of the names. */
  static List<AlarmStream> open(Path data) throws IOException {
    List<AlarmStream> streams = new ArrayList<>();
    if (!Files.isDirectory(data)) {
      throw CommandFailure.usage("there is no folder " + data + ": correct --data");
    }
    List<Path> folders;
    try (Stream<Path> below = Files.walk(data, MAX_DEPTH)) {
      folders = below.filter(Files::isDirectory).sorted().toList();
    }
    for (Path folder : folders) {
      String name = data.equals(folder) ? fileName(folder) : data.relativize(folder).toString();
      Path alerts = CsvTable.find(folder, "alerts.csv");
      Path labels = CsvTable.find(folder, "label.csv");
      if (alerts != null && labels != null) {
        streams.add(services(name, folder, alerts, labels));
      }
      Path alarms = CsvTable.find(folder, "alarm.csv");
      if (alarms != null) {
        streams.add(devices(name, folder, alarms));
      }
    }
    if (streams.isEmpty()) {
      throw CommandFailure.usage(
          "there is no stream of alarms below "
              + data
              + ": a stream is a folder with alerts.csv, label.csv and topology.json, or with"
              + " alarm.csv and topology.csv");
    }
    return streams;
  }

  private static String fileName(Path folder) {
    return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
  }

  /** Names to subjects: each name stands for one thing, whatever its kind. */
  private static final class Things {
    final Map<String, Subject> byName = new HashMap<>();

    Subject name(String name, Subject.Kind kind) {
      String id = name.length() <= Subject.MAX_ID_CHARS ? name : name.substring(0, 256);
      return byName.computeIfAbsent(id.isEmpty() ? "unnamed" : id, any -> new Subject(kind, any));
    }
  }

  private static AlarmStream services(String name, Path folder, Path alerts, Path labels)
      throws IOException {
    Things things = new Things();
    Dependencies.Builder dependencies = Dependencies.builder();
    Map<Subject, String> hosts = new HashMap<>();
    Path topology = CsvTable.find(folder, "topology.json");
    if (topology != null) {
      topology(topology, things, dependencies, hosts);
    }
    List<Fault> faults = new ArrayList<>();
    try (CsvTable table = new CsvTable(labels)) {
      CsvTable.Head head = new CsvTable.Head(labels, table.next());
      int id = head.column("fault_id");
      int level = head.columnOrNone("fault_level", "level");
      int entity = head.column("fault_entity", "cmdb_id");
      int type = head.columnOrNone("fault_type", "failure_type");
      int start = head.column("fault_st_time", "timestamp");
      for (List<String> row = table.next(); row != null; row = table.next()) {
        faults.add(
            new Fault(
                CsvTable.field(row, id),
                CsvTable.field(row, level),
                CsvTable.field(row, entity),
                CsvTable.field(row, type),
                millis(CsvTable.field(row, start), table)));
      }
    }
    faults.sort(Comparator.comparingLong(Fault::startMillis).thenComparing(Fault::id));
    List<Alarm> alarms = new ArrayList<>();
    try (CsvTable table = new CsvTable(alerts)) {
      CsvTable.Head head = new CsvTable.Head(alerts, table.next());
      int fault = head.column("fault_id");
      int time = head.column("ts", "timestamp");
      int kind = head.columnOrNone("kind", "type");
      int component = head.column("component", "cmdb_id");
      int target = head.columnOrNone("target_or_host");
      int signal = head.columnOrNone("signal", "kpi_name");
      int detail = head.columnOrNone("detail");
      for (List<String> row = table.next(); row != null; row = table.next()) {
        alarms.add(
            alert(
                "a-" + alarms.size(),
                millis(CsvTable.field(row, time), table),
                CsvTable.field(row, kind).toLowerCase(Locale.ROOT),
                CsvTable.field(row, component),
                CsvTable.field(row, target),
                CsvTable.field(row, signal),
                CsvTable.field(row, detail),
                CsvTable.field(row, fault),
                things,
                hosts));
      }
    }
    alarms.sort(Comparator.comparingLong(Alarm::timeMillis).thenComparing(Alarm::id));
    return new AlarmStream(name, alarms, faults, dependencies.build(), hosts, List.of(), Map.of());
  }

  private static Alarm alert(
      String id,
      long timeMillis,
      String kind,
      String component,
      String target,
      String signal,
      String detail,
      String fault,
      Things things,
      Map<Subject, String> hosts) {
    String named = fault.isEmpty() ? null : fault;
    switch (kind) {
      case "trace":
        // A slow call speaks of the one that was called, and a little of everyone on the way.
        Subject called = things.name(target.isEmpty() ? component : target, Subject.Kind.SHARD);
        return new Alarm(
            id,
            timeMillis,
            called,
            "alarm.trace",
            component + "|" + signal,
            SERVER_ERROR.matcher(detail).matches() ? Severity.CRITICAL : Severity.WARNING,
            0.15,
            named);
      case "log":
        Severity severity =
            FATAL.matcher(detail).find()
                ? Severity.CRITICAL
                : BROKEN.matcher(detail).find() ? Severity.ERROR : Severity.WARNING;
        int end = signal.indexOf(';');
        return new Alarm(
            id,
            timeMillis,
            things.name(component, Subject.Kind.SHARD),
            "alarm.log",
            end < 0 ? signal : signal.substring(0, end),
            severity,
            0.3,
            named);
      default:
        Subject entity = things.name(component, Subject.Kind.SHARD);
        if (!target.isEmpty() && !target.equals(component)) {
          hosts.putIfAbsent(entity, target);
        }
        return new Alarm(
            id,
            timeMillis,
            entity,
            "alarm." + (kind.isEmpty() ? "metric" : kind),
            signal + "|" + detail,
            Severity.WARNING,
            1,
            named);
    }
  }

  /** Edges that say what stands on what give the kinds; those of flow say who calls whom. */
  private static void topology(
      Path file, Things things, Dependencies.Builder dependencies, Map<Subject, String> hosts)
      throws IOException {
    JsonNode root;
    try (InputStream in = Files.newInputStream(file)) {
      root =
          new ObjectMapper()
              .readTree(file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in);
    }
    record Edge(String source, String target, String label) {}
    List<Edge> edges = new ArrayList<>();
    for (JsonNode edge : root.path("edges")) {
      edges.add(
          new Edge(
              edge.path("source").asText(),
              edge.path("target").asText(),
              edge.path("label").asText().toLowerCase(Locale.ROOT)));
    }
    for (Edge edge : edges) {
      switch (edge.label) {
        case "hosted_on" -> things.name(edge.target, Subject.Kind.NODE);
        case "hosts" -> things.name(edge.source, Subject.Kind.NODE);
        default -> {}
      }
    }
    for (Edge edge : edges) {
      switch (edge.label) {
        case "instance_of" -> {
          things.name(edge.target, Subject.Kind.PROCESSOR);
          things.name(edge.source, Subject.Kind.SHARD);
        }
        case "has_instance" -> {
          things.name(edge.source, Subject.Kind.PROCESSOR);
          things.name(edge.target, Subject.Kind.SHARD);
        }
        default -> {}
      }
    }
    for (JsonNode node : root.path("nodes")) {
      things.name(
          node.path("id").asText(),
          HOST.matcher(node.path("type").asText()).find()
              ? Subject.Kind.NODE
              : Subject.Kind.PROCESSOR);
    }
    for (Edge edge : edges) {
      Subject source = things.name(edge.source, Subject.Kind.SHARD);
      Subject target = things.name(edge.target, Subject.Kind.SHARD);
      switch (edge.label) {
        case "hosted_on" -> {
          dependencies.standsOn(source, target);
          hosts.put(source, target.id());
        }
        case "hosts" -> {
          dependencies.standsOn(target, source);
          hosts.put(target, source.id());
        }
        case "instance_of" -> dependencies.standsOn(source, target);
        case "has_instance" -> dependencies.standsOn(target, source);
        default -> dependencies.calls(source, target);
      }
    }
  }

  private static AlarmStream devices(String name, Path folder, Path file) throws IOException {
    Things things = new Things();
    List<Alarm> alarms = new ArrayList<>();
    try (CsvTable table = new CsvTable(file)) {
      CsvTable.Head head = new CsvTable.Head(file, table.next());
      int type = head.column("alarm_id");
      int device = head.column("device_id");
      int start = head.column("start_timestamp", "timestamp");
      for (List<String> row = table.next(); row != null; row = table.next()) {
        alarms.add(
            new Alarm(
                "a-" + alarms.size(),
                seconds(CsvTable.field(row, start), table),
                things.name("device-" + CsvTable.field(row, device), Subject.Kind.NODE),
                "alarm.device",
                CsvTable.field(row, type),
                Severity.WARNING,
                1,
                null));
      }
    }
    alarms.sort(Comparator.comparingLong(Alarm::timeMillis).thenComparing(Alarm::id));
    Map<Subject, Set<Subject>> neighbours = new HashMap<>();
    Path topology = CsvTable.find(folder, "topology.csv");
    if (topology != null) {
      try (CsvTable table = new CsvTable(topology)) {
        int from = 0;
        for (List<String> row = table.next(); row != null; row = table.next(), from++) {
          for (int to = 0; to < row.size(); to++) {
            if (to != from && number(row.get(to), table) != 0) {
              Subject one = things.name("device-" + from, Subject.Kind.NODE);
              Subject other = things.name("device-" + to, Subject.Kind.NODE);
              neighbours.computeIfAbsent(one, any -> new LinkedHashSet<>()).add(other);
              neighbours.computeIfAbsent(other, any -> new LinkedHashSet<>()).add(one);
            }
          }
        }
      }
    }
    List<TypeRoot> roots = new ArrayList<>();
    Path prior = CsvTable.find(folder, "rca_prior.csv");
    if (prior != null) {
      try (CsvTable table = new CsvTable(prior)) {
        table.next();
        for (List<String> row = table.next(); row != null; row = table.next()) {
          Set<String> types = new HashSet<>(List.of(numbers(CsvTable.field(row, 0))));
          String[] root = numbers(CsvTable.field(row, 1));
          if (root.length == 1 && types.contains(root[0])) {
            roots.add(new TypeRoot(types, root[0]));
          }
        }
      }
    }
    return new AlarmStream(
        name, alarms, List.of(), Dependencies.NONE, new LinkedHashMap<>(), roots, neighbours);
  }

  private static String[] numbers(String text) {
    return Stream.of(text.split("[^0-9]+", -1))
        .filter(word -> !word.isEmpty())
        .toArray(String[]::new);
  }

  private static double number(String text, CsvTable table) throws IOException {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IOException(table.where() + ": '" + text + "' is no number", e);
    }
  }

  private static long seconds(String text, CsvTable table) throws IOException {
    return Math.round(number(text, table) * 1000);
  }

  /** Seconds or milliseconds since 1970: seconds of this century have ten digits. */
  private static long millis(String text, CsvTable table) throws IOException {
    double value = number(text, table);
    return Math.round(value < 1e11 ? value * 1000 : value);
  }
}
