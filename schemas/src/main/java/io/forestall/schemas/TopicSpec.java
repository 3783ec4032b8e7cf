package io.forestall.schemas;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.NullMarked;

/**
 * One topic of the catalogue. Immutable.
 *
 * @param noun name without prefix and version, such as {@code events.predicted}
 * @param key what the record key names
 * @param valueSchema simple name of the Avro record of the values
 * @param partitions count at creation, at least 1
 * @param fixedPartitions true when the count may never change, because the place of a key is part
 *     of the contract
 * @param cleanup what the broker removes
 * @param retentionMillis how long records stay, milliseconds; -1 is without end; means nothing for
 *     {@link Cleanup#COMPACT}
 * @param timestampType whose clock stamps the records
 * @param owner who writes the topic
 * @param doc what the topic says, one or two sentences
 * @param partitionNote what holds for the order and the count of partitions
 * @param config further settings of the topic for the broker
 */
@NullMarked
public record TopicSpec(
    String noun,
    String key,
    String valueSchema,
    int partitions,
    boolean fixedPartitions,
    Cleanup cleanup,
    long retentionMillis,
    TimestampType timestampType,
    String owner,
    String doc,
    String partitionNote,
    Map<String, String> config) {

  /** Version of the layout of topics; part of each name. */
  public static final String VERSION = "v1";

  /** Checks the ranges and copies the map. */
  public TopicSpec {
    if (partitions < 1) {
      throw new IllegalArgumentException(noun + ": partitions must be at least 1");
    }
    if (retentionMillis == 0 || retentionMillis < -1) {
      throw new IllegalArgumentException(noun + ": retention must be positive or unlimited");
    }
    config = Map.copyOf(config);
  }

  /** The name of the topic under a prefix: {@code <prefix>.<noun>.v1}. */
  public String name(String prefix) {
    return prefix + "." + noun + "." + VERSION;
  }

  /** All settings for the broker: cleanup, retention, timestamps and the further ones. */
  public Map<String, String> brokerConfig() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("cleanup.policy", cleanup.policy());
    all.put("message.timestamp.type", timestampType.setting());
    if (cleanup != Cleanup.COMPACT) {
      all.put("retention.ms", Long.toString(retentionMillis));
    }
    all.putAll(config);
    return all;
  }
}
