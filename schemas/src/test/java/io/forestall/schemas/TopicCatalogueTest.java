package io.forestall.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopicCatalogueTest {

  private static final Path PAGE = Path.of("TOPICS.md");

  private static final String GOOD =
      """
      - noun: a
        key: k
        value: Risk
        partitions: 1
        cleanup: delete
        retention: 12 h
        timestamp: LogAppendTime
        owner: o
        doc: d
        partition-note: n
      """;

  private static List<TopicSpec> parse(String yaml) {
    return TopicCatalogue.parse(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void catalogueAndConstantsNameTheSameTopics() {
    assertThat(TopicCatalogue.load().stream().map(TopicSpec::noun))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(Topics.values()).map(Topics::noun).toList());
    for (Topics topic : Topics.values()) {
      assertThat(topic.spec().noun()).isEqualTo(topic.noun());
      assertThat(topic.name("p")).isEqualTo(topic.spec().name("p"));
    }
  }

  @Test
  void everyValueIsRecordOfTheContract() {
    for (TopicSpec topic : TopicCatalogue.load()) {
      assertThat(Records.current(topic.valueSchema()).getName()).isEqualTo(topic.valueSchema());
    }
  }

  @Test
  void namesAreLegalInKafkaAndDoNotCollide() {
    for (TopicSpec topic : TopicCatalogue.load()) {
      assertThat(topic.name("forestall")).matches("forestall\\.[a-z.-]+\\.v1");
    }
    // Kafka's metrics cannot tell a dot from an underscore.
    assertThat(TopicCatalogue.load()).noneMatch(topic -> topic.noun().contains("_"));
  }

  @Test
  void everyTopicIsStampedByTheBroker() {
    assertThat(TopicCatalogue.load())
        .allMatch(topic -> topic.timestampType() == TimestampType.LOG_APPEND_TIME);
  }

  @Test
  void whatIsIsCompactedAndOwnershipIsKeptForEver() {
    String month = Long.toString(Duration.ofDays(30).toMillis());
    assertThat(Topics.RISK.spec().cleanup()).isEqualTo(Cleanup.COMPACT);
    assertThat(Topics.RISK.spec().brokerConfig())
        .containsEntry("min.compaction.lag.ms", month)
        .containsEntry("cleanup.policy", "compact")
        .doesNotContainKey("retention.ms");
    for (Topics topic :
        List.of(Topics.FLEET, Topics.MODELS, Topics.SCHEMAS, Topics.ZONES, Topics.POLICIES)) {
      assertThat(topic.spec().cleanup()).as(topic.noun()).isEqualTo(Cleanup.COMPACT);
    }
    assertThat(Topics.DEAD_LETTERS.spec().brokerConfig())
        .containsEntry("cleanup.policy", "delete")
        .containsEntry("retention.ms", month);
    assertThat(Topics.OWNERSHIP.spec().brokerConfig())
        .containsEntry("cleanup.policy", "delete")
        .containsEntry("retention.ms", "-1");
  }

  @Test
  void placesThatAreContractAreFixed() {
    assertThat(
            TopicCatalogue.load().stream().filter(TopicSpec::fixedPartitions).map(TopicSpec::noun))
        .contains("deltas", "ownership", "commands", "acks", "admissions", "shadow-apply");
  }

  @Test
  void pageIsWhatTheCatalogueSays() throws IOException {
    String page = TopicCatalogue.markdown();
    if (Boolean.getBoolean("forestall.docs.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.exists(PAGE) ? Files.readString(PAGE) : "")
        .as(
            "schemas/TOPICS.md is old; write it anew with: ./mvnw -pl schemas test"
                + " -Dtest=TopicCatalogueTest -Dforestall.docs.write=true")
        .isEqualTo(page);
  }

  @Test
  void readsDurations() {
    assertThat(parse(GOOD).get(0).retentionMillis()).isEqualTo(Duration.ofHours(12).toMillis());
    assertThat(parse(GOOD.replace("12 h", "unlimited")).get(0).retentionMillis()).isEqualTo(-1);
    assertThat(parse(GOOD.replace("12 h", "30 d")).get(0).retentionMillis())
        .isEqualTo(Duration.ofDays(30).toMillis());
  }

  @Test
  void refusesWhatItDoesNotUnderstand() {
    assertThatThrownBy(() -> parse(GOOD.replace("12 h", "soon"))).hasMessageContaining("soon");
    assertThatThrownBy(() -> parse(GOOD.replace("12 h", "0 h"))).hasMessageContaining("retention");
    assertThatThrownBy(() -> parse(GOOD.replace("key:", "kee:"))).hasMessageContaining("kee");
    assertThatThrownBy(() -> parse(GOOD.replace("  owner: o\n", ""))).hasMessageContaining("owner");
    assertThatThrownBy(() -> parse(GOOD.replace("partitions: 1", "partitions: 0")))
        .hasMessageContaining("partitions");
    assertThatThrownBy(() -> parse(GOOD.replace("delete", "compact")))
        .hasMessageContaining("retention");
    assertThatThrownBy(() -> parse(GOOD.replace("delete", "burn"))).hasMessageContaining("burn");
    assertThatThrownBy(() -> parse(GOOD.replace("LogAppendTime", "Now")))
        .hasMessageContaining("Now");
    assertThatThrownBy(() -> parse(GOOD + GOOD)).hasMessageContaining("twice");
    assertThatThrownBy(() -> parse("a: b")).hasMessageContaining("list");
    assertThatThrownBy(() -> TopicCatalogue.of("nothing")).hasMessageContaining("nothing");
  }
}
