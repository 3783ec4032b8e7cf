package io.forestall.wire.sources;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Output of {@code smartctl --json -a} (or {@code -x}): one document a file, many in a row, one a
 * line, or an array of them; plain or gzip. The time is the document's {@code local_time}. All rows
 * are kept in memory to bring them into time order. Not safe for threads.
 */
public final class SmartctlReader implements SourceReader {

  /** Name that telemetry frames carry. */
  public static final String SOURCE = "smartctl-json";

  /** Longest document that is read; bytes. */
  static final long MAX_DOCUMENT_BYTES = 16L << 20;

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String TABLE = "ata_smart_attributes.table.";

  private final TreeMap<Long, List<SourceRow>> batches = new TreeMap<>();
  private final List<SourceProblem> problems = new ArrayList<>();
  private final long rows;
  private final int disks;
  private final long firstMillis;
  private final long lastMillis;

  private SmartctlReader(List<Path> files) throws IOException {
    long[] count = new long[1];
    Set<String> serials = new HashSet<>();
    for (Path file : files) {
      count[0] +=
          read(
              file,
              row -> {
                batches.computeIfAbsent(row.timeMillis(), time -> new ArrayList<>()).add(row);
                serials.add(row.disk());
              },
              problems::add);
    }
    this.rows = count[0];
    this.disks = serials.size();
    this.firstMillis = batches.isEmpty() ? 0 : batches.firstKey();
    this.lastMillis = batches.isEmpty() ? 0 : batches.lastKey();
  }

  /**
   * Reads these files.
   *
   * @throws IOException when a file cannot be opened
   */
  public static SmartctlReader open(List<Path> files) throws IOException {
    return new SmartctlReader(files);
  }

  @Override
  public String source() {
    return SOURCE;
  }

  /** Documents read; count. */
  public long rows() {
    return rows;
  }

  /** Distinct disks; count. */
  public int disks() {
    return disks;
  }

  /** Earliest time; milliseconds since 1970-01-01 UTC. */
  public long firstMillis() {
    return firstMillis;
  }

  /** Latest time; milliseconds since 1970-01-01 UTC. */
  public long lastMillis() {
    return lastMillis;
  }

  @Override
  public @Nullable SourceBatch next() {
    Map.Entry<Long, List<SourceRow>> first = batches.pollFirstEntry();
    if (first == null && problems.isEmpty()) {
      return null;
    }
    List<SourceProblem> found = List.copyOf(problems);
    problems.clear();
    return first == null
        ? new SourceBatch(lastMillis, List.of(), found)
        : new SourceBatch(first.getKey(), Duplicates.settle(first.getValue()), found);
  }

  @Override
  public void close() {}

  /** Reads one file; the number of its documents comes back. */
  private static long read(Path file, Consumer<SourceRow> rows, Consumer<SourceProblem> problems)
      throws IOException {
    String origin = file.toString();
    long documents = 0;
    long line = 1;
    InputStream raw = Files.newInputStream(file);
    try (raw;
        Bounded in = new Bounded(unpacked(raw));
        JsonParser parser = new JsonFactory().createParser(in)) {
      parser.setCodec(MAPPER);
      JsonToken token = parser.nextToken();
      if (token == null) {
        problems.accept(problem(origin, 1, true, DeadReason.MISSING_FIELD, "file is empty", null));
      }
      for (; token != null; token = parser.nextToken()) {
        if (token == JsonToken.START_ARRAY || token == JsonToken.END_ARRAY) {
          continue;
        }
        line = parser.currentTokenLocation().getLineNr();
        in.startDocument();
        JsonNode document = MAPPER.readTree(parser);
        documents++;
        Object result = document(origin, line, document);
        if (result instanceof SourceRow row) {
          rows.accept(row);
        } else {
          problems.accept((SourceProblem) result);
        }
      }
    } catch (JsonEOFException | EOFException e) {
      problems.accept(
          problem(origin, line, true, DeadReason.TRUNCATED, "the JSON ends too early", null));
    } catch (TooLong e) {
      problems.accept(
          problem(
              origin,
              line,
              true,
              DeadReason.TOO_LARGE,
              "a document is longer than " + MAX_DOCUMENT_BYTES + " bytes",
              null));
    } catch (IOException e) {
      // Not JSON, not the encoding it says, or a broken archive.
      String message =
          e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
      problems.accept(
          problem(origin, line, true, DeadReason.UNDECODABLE, "this is no JSON: " + message, null));
    }
    return documents;
  }

  private static Object document(String origin, long line, JsonNode document) {
    if (!document.isObject()) {
      return problem(
          origin, line, false, DeadReason.WRONG_TYPE, "this is no JSON object", document);
    }
    JsonNode serialNode = document.path("serial_number");
    String serial = serialNode.isTextual() ? serialNode.textValue().trim() : "";
    if (serial.isEmpty()) {
      return problem(
          origin,
          line,
          false,
          DeadReason.MISSING_FIELD,
          "serial_number is missing" + messages(document),
          document);
    }
    if (serial.length() > FrameLimits.MAX_ID_LENGTH
        || serial.chars().anyMatch(c -> Character.isISOControl(c) || c == 0xfffd)) {
      return problem(
          origin,
          line,
          false,
          DeadReason.WRONG_TYPE,
          "serial_number is too long or not printable",
          document);
    }
    JsonNode time = document.path("local_time").path("time_t");
    if (!time.isIntegralNumber()) {
      return problem(
          origin,
          line,
          false,
          time.isMissingNode() ? DeadReason.MISSING_FIELD : DeadReason.WRONG_TYPE,
          "local_time.time_t of disk " + serial + " is missing or no whole number",
          document);
    }
    double seconds = time.asDouble();
    if (seconds < FrameLimits.YEAR_2000_MILLIS / 1000d
        || seconds > FrameLimits.YEAR_2100_MILLIS / 1000d) {
      return problem(
          origin,
          line,
          false,
          DeadReason.TIME_OUT_OF_RANGE,
          "local_time of disk " + serial + " is before the year 2000 or after 2100",
          document);
    }
    Map<String, Double> metrics = new LinkedHashMap<>();
    String wrong = metrics(document, metrics);
    if (wrong != null) {
      return problem(
          origin, line, false, DeadReason.WRONG_TYPE, wrong + " of disk " + serial, document);
    }
    List<String> names = List.copyOf(metrics.keySet());
    double[] values = new double[names.size()];
    for (int i = 0; i < values.length; i++) {
      Double value = metrics.get(names.get(i));
      values[i] = value == null ? Double.NaN : value;
    }
    return new SourceRow(
        serial,
        model(document),
        capacity(document),
        time.longValue() * 1000,
        false,
        names,
        values,
        origin,
        line,
        null);
  }

  // What is wrong with the metrics, or null.
  private static @Nullable String metrics(JsonNode document, Map<String, Double> metrics) {
    MetricMapping mapping = MetricMapping.shipped();
    JsonNode table = document.path("ata_smart_attributes").path("table");
    for (JsonNode row : table) {
      JsonNode id = row.path("id");
      if (!id.isInt()) {
        return "an id in ata_smart_attributes.table is no whole number";
      }
      for (String field : List.of("value", "raw.value", "raw.string")) {
        String path = TABLE + id.intValue() + "." + field;
        String wrong = put(path, at(row, field), mapping, metrics);
        if (wrong != null) {
          return wrong;
        }
      }
    }
    for (MetricMapping.Entry entry : mapping.entries(MetricMapping.SMARTCTL)) {
      if (!entry.name().startsWith(TABLE)) {
        String wrong = put(entry.name(), at(document, entry.name()), mapping, metrics);
        if (wrong != null) {
          return wrong;
        }
      }
    }
    return null;
  }

  private static @Nullable String put(
      String path, JsonNode node, MetricMapping mapping, Map<String, Double> metrics) {
    MetricMapping.Target target =
        node.isMissingNode() || node.isNull() ? null : mapping.find(MetricMapping.SMARTCTL, path);
    if (target == null) {
      return null;
    }
    double value =
        target.reading() == MetricMapping.Reading.LEADING_NUMBER
            ? leadingNumber(node.asText())
            : node.isNumber() ? node.doubleValue() : Double.NaN;
    value *= target.factor();
    if (Double.isNaN(value)) {
      return path + " is no number";
    }
    if (value < MetricRange.lowest(target.metric()) || value > MetricRange.HIGHEST) {
      return path + " is " + value + ", which cannot be,";
    }
    metrics.put(target.metric(), value);
    return null;
  }

  private static JsonNode at(JsonNode node, String path) {
    JsonNode at = node;
    for (String part : path.split("\\.")) {
      at = at.path(part);
    }
    return at;
  }

  private static double leadingNumber(String text) {
    int end = 0;
    while (end < text.length()
        && (Character.isDigit(text.charAt(end))
            || text.charAt(end) == '.'
            || (end == 0 && text.charAt(end) == '-'))) {
      end++;
    }
    byte[] bytes = text.substring(0, end).getBytes(StandardCharsets.UTF_8);
    return DriveStatsReader.number(bytes, 0, bytes.length);
  }

  private static @Nullable String model(JsonNode document) {
    for (String name : List.of("model_name", "scsi_model_name", "scsi_product")) {
      JsonNode model = document.path(name);
      if (model.isTextual() && !model.textValue().isBlank()) {
        String text = model.textValue().trim();
        return text.getBytes(StandardCharsets.UTF_8).length <= FrameLimits.MAX_NAME_BYTES
            ? text
            : null;
      }
    }
    return null;
  }

  private static long capacity(JsonNode document) {
    for (JsonNode capacity :
        List.of(
            document.path("user_capacity").path("bytes"), document.path("nvme_total_capacity"))) {
      if (capacity.canConvertToLong() && capacity.longValue() > 0) {
        return capacity.longValue();
      }
    }
    return SourceRow.NO_CAPACITY;
  }

  // What smartctl itself complains of, for example that it could not open the device.
  private static String messages(JsonNode document) {
    JsonNode first = document.path("smartctl").path("messages").path(0).path("string");
    return first.isTextual() ? "; smartctl says: " + first.textValue() : "";
  }

  private static SourceProblem problem(
      String origin,
      long line,
      boolean wholeFile,
      DeadReason reason,
      String detail,
      @Nullable JsonNode document) {
    byte[] payload =
        document == null ? new byte[0] : document.toString().getBytes(StandardCharsets.UTF_8);
    return new SourceProblem(
        origin,
        Math.max(1, line),
        wholeFile,
        reason,
        detail,
        SourceProblem.NO_TIME,
        null,
        payload.length > SourceProblem.MAX_PAYLOAD_BYTES
            ? Arrays.copyOf(payload, SourceProblem.MAX_PAYLOAD_BYTES)
            : payload);
  }

  private static InputStream unpacked(InputStream raw) throws IOException {
    BufferedInputStream in = new BufferedInputStream(raw);
    in.mark(2);
    int first = in.read();
    int second = in.read();
    in.reset();
    return first == 0x1f && second == 0x8b ? new GZIPInputStream(in) : in;
  }

  /** Ends a document that grows without end. */
  private static final class Bounded extends FilterInputStream {
    private long left = MAX_DOCUMENT_BYTES;

    Bounded(InputStream in) {
      super(in);
    }

    void startDocument() {
      left = MAX_DOCUMENT_BYTES;
    }

    @Override
    public int read() throws IOException {
      spend(1);
      return super.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int read = super.read(into, offset, length);
      spend(Math.max(0, read));
      return read;
    }

    private void spend(int bytes) throws TooLong {
      left -= bytes;
      if (left < 0) {
        throw new TooLong();
      }
    }
  }

  private static final class TooLong extends IOException {
    private static final long serialVersionUID = 1L;
  }
}
