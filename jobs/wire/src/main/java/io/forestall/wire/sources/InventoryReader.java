package io.forestall.wire.sources;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An inventory: which nodes and disks there are and where they stand. CSV with a header, plain or
 * gzip, or a JSON array of objects, both with the names {@code kind} (disk or node), {@code id},
 * {@code node}, {@code rack}, {@code zone}, {@code region}, {@code pool}, {@code tier}, {@code
 * model}, {@code capacity_bytes}. A disk may leave out what its node says. Stateless.
 */
public final class InventoryReader {

  /** Region and pool where an inventory says nothing of them. */
  static final String DEFAULT_NAME = "default";

  private static final long MAX_JSON_BYTES = 256L << 20;

  /** What follows the array is members that nobody would miss: it is refused, not skipped. */
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private InventoryReader() {}

  /**
   * What an inventory says.
   *
   * @param members nodes first, then disks, each in the order of the file
   * @param problems entries that were refused
   */
  public record Inventory(List<FleetMember> members, List<SourceProblem> problems) {
    public Inventory {
      members = List.copyOf(members);
      problems = List.copyOf(problems);
    }
  }

  private record Entry(long line, Map<String, String> fields) {}

  /**
   * Reads an inventory.
   *
   * @throws IOException when the file cannot be opened
   */
  public static Inventory read(Path file) throws IOException {
    List<SourceProblem> problems = new ArrayList<>();
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    List<Entry> entries =
        name.endsWith(".json") ? readJson(file, problems) : readCsv(file, problems);
    if (entries.isEmpty() && problems.isEmpty()) {
      // A header whose line end was lost swallows everything behind it: nobody means such a file.
      problems.add(problem(file, 1, true, DeadReason.MISSING_FIELD, "file has no entry"));
    }
    Map<String, FleetMember> nodes = new LinkedHashMap<>();
    for (Entry entry : entries) {
      if (field(entry, "kind").equalsIgnoreCase("node")) {
        FleetMember member = member(entry, Map.of(), file, problems);
        if (member != null && nodes.putIfAbsent(member.subject().id(), member) != null) {
          twice(entry, file, problems);
        }
      }
    }
    Map<String, FleetMember> disks = new LinkedHashMap<>();
    for (Entry entry : entries) {
      String kind = field(entry, "kind");
      if (kind.equalsIgnoreCase("disk")) {
        FleetMember member = member(entry, nodes, file, problems);
        if (member != null && disks.putIfAbsent(member.subject().id(), member) != null) {
          twice(entry, file, problems);
        }
      } else if (!kind.equalsIgnoreCase("node")) {
        refuse(
            entry,
            file,
            DeadReason.WRONG_TYPE,
            "kind '" + kind + "' is not disk or node",
            problems);
      }
    }
    List<FleetMember> members = new ArrayList<>(nodes.values());
    members.addAll(disks.values());
    return new Inventory(members, problems);
  }

  private static @Nullable FleetMember member(
      Entry entry, Map<String, FleetMember> nodes, Path file, List<SourceProblem> problems) {
    boolean disk = field(entry, "kind").equalsIgnoreCase("disk");
    String id = field(entry, "id");
    String node = disk ? field(entry, "node") : id;
    for (String value : List.of(id, node)) {
      if (value.isEmpty() || value.length() > Subject.MAX_ID_CHARS) {
        refuse(
            entry,
            file,
            DeadReason.MISSING_FIELD,
            "id or node is empty or longer than " + Subject.MAX_ID_CHARS + " characters",
            problems);
        return null;
      }
    }
    if (entry.fields().values().stream()
        .anyMatch(
            value ->
                value.length() > FrameLimits.MAX_NAME_BYTES
                    || value.chars().anyMatch(Character::isISOControl))) {
      refuse(
          entry,
          file,
          DeadReason.WRONG_TYPE,
          "a value is not printable or longer than " + FrameLimits.MAX_NAME_BYTES + " characters",
          problems);
      return null;
    }
    FleetMember host = nodes.get(node);
    Place at = host == null ? null : host.place();
    String rack = or(field(entry, "rack"), at == null ? "" : at.rack());
    String zone = or(field(entry, "zone"), at == null ? "" : at.zone());
    if (rack.isEmpty() || zone.isEmpty()) {
      refuse(
          entry,
          file,
          DeadReason.MISSING_FIELD,
          "rack or zone of " + id + " is missing, and no node entry gives it",
          problems);
      return null;
    }
    Long capacityBytes = null;
    String capacity = field(entry, "capacity_bytes");
    if (!capacity.isEmpty()) {
      byte[] bytes = capacity.getBytes(StandardCharsets.UTF_8);
      double value = DriveStatsReader.number(bytes, 0, bytes.length);
      if (!(value > 0 && value < 9e18)) {
        refuse(
            entry,
            file,
            DeadReason.WRONG_TYPE,
            "capacity_bytes of " + id + " is no positive number",
            problems);
        return null;
      }
      capacityBytes = (long) value;
    }
    Place place =
        new Place(
            node,
            rack,
            zone,
            or(field(entry, "region"), at == null ? DEFAULT_NAME : at.region()),
            or(field(entry, "pool"), at == null ? DEFAULT_NAME : at.pool()));
    String model = field(entry, "model");
    return new FleetMember(
        disk ? Subject.disk(id) : Subject.node(id),
        place,
        or(field(entry, "tier"), host == null ? "" : host.tier()),
        model.isEmpty() ? null : model,
        capacityBytes,
        false);
  }

  private static String or(String value, String otherwise) {
    return value.isEmpty() ? otherwise : value;
  }

  private static String field(Entry entry, String name) {
    return entry.fields().getOrDefault(name, "");
  }

  private static List<Entry> readCsv(Path file, List<SourceProblem> problems) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (LineReader lines = LineReader.open(file)) {
      if (!lines.next() || lines.tooLong()) {
        problems.add(
            problem(file, 1, true, DeadReason.MISSING_FIELD, "file has no readable header"));
        return entries;
      }
      String[] names = text(lines).split(",", -1);
      for (int i = 0; i < names.length; i++) {
        names[i] = names[i].trim().toLowerCase(Locale.ROOT);
      }
      if (!List.of(names).containsAll(List.of("kind", "id"))) {
        problems.add(
            problem(
                file,
                1,
                true,
                DeadReason.MISSING_FIELD,
                "first line is no inventory header: it needs the columns kind and id"));
        return entries;
      }
      while (lines.next()) {
        if (lines.start() == lines.end()) {
          continue;
        }
        String[] cells = lines.tooLong() ? new String[0] : text(lines).split(",", -1);
        if (cells.length != names.length) {
          problems.add(
              problem(
                  file,
                  lines.line(),
                  false,
                  DeadReason.UNDECODABLE,
                  "line has " + cells.length + " cells where the header has " + names.length));
          continue;
        }
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i < cells.length; i++) {
          fields.put(names[i], cells[i].trim());
        }
        entries.add(new Entry(lines.line(), fields));
      }
      IOException failure = lines.failure();
      if (failure != null) {
        problems.add(
            problem(
                file,
                Math.max(1, lines.line()),
                true,
                DeadReason.TRUNCATED,
                "file breaks off here: " + failure.getMessage()));
      }
    }
    return entries;
  }

  private static List<Entry> readJson(Path file, List<SourceProblem> problems) throws IOException {
    List<Entry> entries = new ArrayList<>();
    if (Files.size(file) > MAX_JSON_BYTES) {
      problems.add(
          problem(
              file,
              1,
              true,
              DeadReason.TOO_LARGE,
              "file is longer than " + MAX_JSON_BYTES + " bytes; use CSV"));
      return entries;
    }
    JsonNode root;
    try {
      root = JSON.readTree(file.toFile());
    } catch (IOException e) {
      // Not JSON, or not in the encoding it says.
      JsonLocation at = e instanceof JsonProcessingException parse ? parse.getLocation() : null;
      if (!(e instanceof JsonProcessingException || e instanceof CharConversionException)) {
        throw e;
      }
      problems.add(
          problem(
              file,
              at == null ? 1 : Math.max(1, at.getLineNr()),
              true,
              DeadReason.UNDECODABLE,
              "this is no JSON: "
                  + (e instanceof JsonProcessingException parse
                      ? parse.getOriginalMessage()
                      : e.getMessage())));
      return entries;
    }
    if (root == null || !root.isArray()) {
      problems.add(
          problem(file, 1, true, DeadReason.WRONG_TYPE, "an inventory is an array of objects"));
      return entries;
    }
    long number = 0;
    for (JsonNode element : root) {
      number++;
      Map<String, String> fields = new HashMap<>();
      boolean flat = element.isObject();
      for (Map.Entry<String, JsonNode> field : element.properties()) {
        flat &= field.getValue().isValueNode();
        fields.put(
            field.getKey().toLowerCase(Locale.ROOT),
            field.getValue().isNull() ? "" : field.getValue().asText().trim());
      }
      if (flat) {
        entries.add(new Entry(number, fields));
      } else {
        problems.add(
            problem(
                file,
                number,
                false,
                DeadReason.WRONG_TYPE,
                "entry " + number + " is no flat object"));
      }
    }
    return entries;
  }

  private static String text(LineReader lines) {
    return new String(
        lines.buffer(), lines.start(), lines.end() - lines.start(), StandardCharsets.UTF_8);
  }

  private static void twice(Entry entry, Path file, List<SourceProblem> problems) {
    refuse(entry, file, DeadReason.DUPLICATE, field(entry, "id") + " is there twice", problems);
  }

  private static void refuse(
      Entry entry, Path file, DeadReason reason, String detail, List<SourceProblem> problems) {
    problems.add(problem(file, entry.line(), false, reason, detail));
  }

  private static SourceProblem problem(
      Path file, long line, boolean wholeFile, DeadReason reason, String detail) {
    return new SourceProblem(
        file.toString(), line, wholeFile, reason, detail, SourceProblem.NO_TIME, null, new byte[0]);
  }
}
