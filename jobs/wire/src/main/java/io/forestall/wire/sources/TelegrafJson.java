package io.forestall.wire.sources;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.FrameLimits;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads what Telegraf writes with {@code data_format = "json"}: single metrics, batches ({@code
 * {"metrics": [...]}}), or several of either in one record. Timestamps may be in s, ms, us or ns;
 * their size tells which. Safe for threads. Row A2.
 */
public final class TelegrafJson {

  /** Name that telemetry frames carry. */
  public static final String SOURCE = "telegraf-json";

  private static final ObjectReader READER = new ObjectMapper().readerFor(JsonNode.class);

  private final String nodeTag;

  /**
   * One metric.
   *
   * @param name measurement
   * @param node value of the tag that names the node
   * @param tags all tags
   * @param fields numbers among the fields, true and false as 1 and 0
   * @param timeMillis time; milliseconds since 1970-01-01 UTC
   */
  public record Metric(
      String name,
      String node,
      Map<String, String> tags,
      Map<String, Double> fields,
      long timeMillis) {}

  /**
   * Why a metric was refused.
   *
   * @param index its number in the record, from 0; -1 when the whole record is meant
   * @param reason why, as a code
   * @param detail why, as a sentence
   */
  public record Refusal(int index, DeadReason reason, String detail) {}

  /** Metrics and refusals of one record. */
  public record Parsed(List<Metric> metrics, List<Refusal> refusals) {}

  /** A reader that finds the node in a tag, {@code host} unless configured otherwise. */
  public TelegrafJson(String nodeTag) {
    this.nodeTag = nodeTag;
  }

  /** Reads one record; never throws, whatever the bytes are. */
  public Parsed parse(byte @Nullable [] record) {
    List<Metric> metrics = new ArrayList<>();
    List<Refusal> refusals = new ArrayList<>();
    if (record == null || record.length == 0) {
      refusals.add(new Refusal(-1, DeadReason.MISSING_FIELD, "the record is empty"));
      return new Parsed(metrics, refusals);
    }
    int index = 0;
    try (MappingIterator<JsonNode> documents = READER.readValues(record)) {
      while (documents.hasNextValue()) {
        JsonNode document = documents.nextValue();
        JsonNode batch = document.isArray() ? document : document.get("metrics");
        if (batch != null && batch.isArray()) {
          for (JsonNode metric : batch) {
            take(index++, metric, metrics, refusals);
          }
        } else {
          take(index++, document, metrics, refusals);
        }
      }
    } catch (IOException | RuntimeException e) {
      String message =
          e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
      refusals.add(
          new Refusal(
              -1,
              DeadReason.UNDECODABLE,
              "this is no JSON of Telegraf (data_format = \"json\"): " + message));
    }
    if (index == 0 && refusals.isEmpty()) {
      refusals.add(new Refusal(-1, DeadReason.MISSING_FIELD, "the record holds no metric"));
    }
    return new Parsed(metrics, refusals);
  }

  private void take(int index, JsonNode node, List<Metric> metrics, List<Refusal> refusals) {
    if (!node.isObject()) {
      refusals.add(new Refusal(index, DeadReason.WRONG_TYPE, "a metric is no JSON object"));
      return;
    }
    String name = node.path("name").asText("");
    if (name.isBlank() || name.length() > FrameLimits.MAX_NAME_BYTES) {
      refusals.add(
          new Refusal(
              index, DeadReason.MISSING_FIELD, "the metric has no name, or a very long one"));
      return;
    }
    JsonNode fieldNodes = node.path("fields");
    if (!fieldNodes.isObject()) {
      refusals.add(
          new Refusal(index, DeadReason.MISSING_FIELD, "the metric " + name + " has no fields"));
      return;
    }
    JsonNode timestamp = node.path("timestamp");
    long timeMillis =
        timestamp.isNumber()
            ? TimeFormat.millis("auto", timestamp.doubleValue())
            : timestamp.isTextual()
                ? TimeFormat.of("iso").millis(timestamp.textValue())
                : SourceProblem.NO_TIME;
    if (timeMillis == SourceProblem.NO_TIME) {
      refusals.add(
          new Refusal(
              index,
              timestamp.isMissingNode() ? DeadReason.MISSING_FIELD : DeadReason.WRONG_TYPE,
              "the timestamp of the metric " + name + " is missing or no time"));
      return;
    }
    if (timeMillis < FrameLimits.YEAR_2000_MILLIS || timeMillis > FrameLimits.YEAR_2100_MILLIS) {
      refusals.add(
          new Refusal(
              index,
              DeadReason.TIME_OUT_OF_RANGE,
              "the timestamp of the metric " + name + " is before the year 2000 or after 2100"));
      return;
    }
    Map<String, String> tags = new HashMap<>();
    for (Map.Entry<String, JsonNode> tag : node.path("tags").properties()) {
      if (tag.getValue().isValueNode() && !tag.getValue().isNull()) {
        tags.put(tag.getKey(), tag.getValue().asText());
      }
    }
    String host = tags.getOrDefault(nodeTag, "").trim();
    if (host.isEmpty()
        || host.length() > FrameLimits.MAX_ID_LENGTH
        || host.chars().anyMatch(c -> Character.isISOControl(c) || c == 0xfffd)) {
      refusals.add(
          new Refusal(
              index,
              DeadReason.MISSING_FIELD,
              "the metric " + name + " has no tag " + nodeTag + " that names a node"));
      return;
    }
    Map<String, Double> fields = new HashMap<>();
    for (Map.Entry<String, JsonNode> field : fieldNodes.properties()) {
      JsonNode value = field.getValue();
      if (value.isNumber()) {
        fields.put(field.getKey(), value.doubleValue());
      } else if (value.isBoolean()) {
        fields.put(field.getKey(), value.booleanValue() ? 1.0 : 0.0);
      }
    }
    metrics.add(new Metric(name, host, tags, fields, timeMillis));
  }
}
