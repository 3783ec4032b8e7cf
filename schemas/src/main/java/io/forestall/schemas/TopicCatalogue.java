package io.forestall.schemas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * The one catalogue of topics, read from {@code topics.yaml} on the classpath. Topic creation, the
 * SQL tables and the docs come from it. Thread-safe.
 */
@NullMarked
public final class TopicCatalogue {

  /** Where the catalogue stands on the classpath. */
  public static final String RESOURCE = "/io/forestall/schemas/topics.yaml";

  private static final Set<String> WORDS =
      Set.of(
          "noun",
          "key",
          "value",
          "partitions",
          "fixed",
          "cleanup",
          "retention",
          "timestamp",
          "owner",
          "doc",
          "partition-note",
          "config");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9}) (s|min|h|d)");

  private TopicCatalogue() {}

  /** All topics in the order of the file. */
  public static List<TopicSpec> load() {
    return Shipped.TOPICS;
  }

  /**
   * The topic of a noun.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static TopicSpec of(String noun) {
    for (TopicSpec topic : load()) {
      if (topic.noun().equals(noun)) {
        return topic;
      }
    }
    throw new IllegalArgumentException("no topic '" + noun + "' in topics.yaml");
  }

  /** The catalogue as a Markdown page. */
  public static String markdown() {
    StringBuilder page = new StringBuilder(8192);
    page.append("# Topics\n\n")
        .append("Generated from `topics.yaml`; do not edit. Names are `<prefix>.<topic>.v1`, the")
        .append(" prefix is `forestall` by default.\n")
        .append("Keys are UTF-8 strings and the unit of ordering; values are Avro in single-object")
        .append(" encoding. Keys go to partitions by\n")
        .append("murmur2 of the key, as Kafka's default partitioner does.\n\n")
        .append(
            "| topic | key | value | partitions | cleanup | retention | timestamp | written by |"
                + " what it says |\n")
        .append("|---|---|---|---|---|---|---|---|---|\n");
    for (TopicSpec topic : load()) {
      page.append("| ")
          .append(topic.noun())
          .append(" | ")
          .append(topic.key())
          .append(" | ")
          .append(topic.valueSchema())
          .append(" | ")
          .append(topic.partitions())
          .append(topic.fixedPartitions() ? ", fixed" : "")
          .append(" | ")
          .append(topic.cleanup().policy())
          .append(" | ")
          .append(retentionWords(topic))
          .append(" | ")
          .append(topic.timestampType().setting())
          .append(" | ")
          .append(topic.owner())
          .append(" | ")
          .append(topic.doc())
          .append(" |\n");
    }
    page.append("\n## Partitions and further settings\n\n");
    for (TopicSpec topic : load()) {
      page.append("- **").append(topic.noun()).append("**: ").append(topic.partitionNote());
      topic.config().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              entry ->
                  page.append(" `")
                      .append(entry.getKey())
                      .append('=')
                      .append(entry.getValue())
                      .append('`'));
      page.append('\n');
    }
    return page.toString();
  }

  private static String retentionWords(TopicSpec topic) {
    if (topic.cleanup() == Cleanup.COMPACT) {
      return "newest of each key";
    }
    long millis = topic.retentionMillis();
    if (millis < 0) {
      return "unlimited";
    }
    return millis % 86_400_000L == 0 && millis > 86_400_000L
        ? millis / 86_400_000L + " d"
        : millis / 3_600_000L + " h";
  }

  /**
   * Reads a catalogue.
   *
   * @throws IllegalArgumentException when an entry is incomplete, repeated or has an unknown word
   */
  static List<TopicSpec> parse(InputStream yaml) {
    JsonNode root;
    try {
      root = new YAMLMapper().readTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException("topics.yaml cannot be read", e);
    }
    if (root == null || !root.isArray()) {
      throw new IllegalArgumentException("topics.yaml must be a list of topics");
    }
    List<TopicSpec> topics = new ArrayList<>();
    Set<String> nouns = new LinkedHashSet<>();
    for (JsonNode entry : root) {
      TopicSpec topic = topic(entry);
      if (!nouns.add(topic.noun())) {
        throw new IllegalArgumentException("topics.yaml: topic " + topic.noun() + " stands twice");
      }
      topics.add(topic);
    }
    return List.copyOf(topics);
  }

  private static TopicSpec topic(JsonNode entry) {
    String noun = text(entry, "noun", null);
    for (Iterator<String> names = entry.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!WORDS.contains(name)) {
        throw new IllegalArgumentException(
            "topics.yaml: topic " + noun + ": unknown word '" + name + "'");
      }
    }
    Cleanup cleanup = Cleanup.ofPolicy(text(entry, "cleanup", noun));
    boolean needsRetention = cleanup != Cleanup.COMPACT;
    if (!needsRetention && entry.has("retention")) {
      throw new IllegalArgumentException(
          "topics.yaml: topic " + noun + ": a compacted topic has no retention");
    }
    Map<String, String> config = new LinkedHashMap<>();
    JsonNode more = entry.path("config");
    for (Iterator<String> names = more.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      config.put(name, more.get(name).asText());
    }
    return new TopicSpec(
        noun,
        text(entry, "key", noun),
        text(entry, "value", noun),
        entry.path("partitions").asInt(0),
        entry.path("fixed").asBoolean(false),
        cleanup,
        needsRetention ? retentionMillis(text(entry, "retention", noun), noun) : -1,
        TimestampType.ofSetting(text(entry, "timestamp", noun)),
        text(entry, "owner", noun),
        text(entry, "doc", noun),
        text(entry, "partition-note", noun),
        config);
  }

  private static String text(JsonNode entry, String name, @Nullable String noun) {
    JsonNode value = entry.path(name);
    if (!value.isTextual() || value.asText().isBlank()) {
      throw new IllegalArgumentException(
          "topics.yaml: topic " + (noun == null ? "without noun" : noun) + " lacks '" + name + "'");
    }
    return value.asText();
  }

  private static long retentionMillis(String words, String noun) {
    if (words.equals("unlimited")) {
      return -1;
    }
    Matcher matcher = DURATION.matcher(words);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "topics.yaml: topic "
              + noun
              + ": retention '"
              + words
              + "' is no duration: write 30 d, 12 h or unlimited");
    }
    long unitMillis =
        switch (matcher.group(2)) {
          case "s" -> 1_000L;
          case "min" -> 60_000L;
          case "h" -> 3_600_000L;
          default -> 86_400_000L;
        };
    return Math.multiplyExact(Long.parseLong(matcher.group(1)), unitMillis);
  }

  /** Read once, when first asked for. */
  private static final class Shipped {
    static final List<TopicSpec> TOPICS = read();

    private static List<TopicSpec> read() {
      try (InputStream yaml = TopicCatalogue.class.getResourceAsStream(RESOURCE)) {
        if (yaml == null) {
          throw new IllegalStateException("the resource " + RESOURCE + " is not on the classpath");
        }
        return parse(yaml);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
