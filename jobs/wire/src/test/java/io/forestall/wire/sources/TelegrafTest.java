package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.schemas.DeadReason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TelegrafTest {

  private static final long START = 1_700_000_000_000L;

  private final TelegrafJson json = new TelegrafJson("host");
  private final TelegrafFrames frames = new TelegrafFrames(ExporterMapping.shipped(), 5_000, 3_000);

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] metric(String host, String fields, String tags, long timestamp) {
    return utf8(
        "{\"fields\":{%s},\"name\":\"net\",\"tags\":{\"host\":\"%s\"%s},\"timestamp\":%d}"
            .formatted(fields, host, tags, timestamp));
  }

  private void add(byte[] record, int partition, long offset, long now) {
    TelegrafJson.Parsed parsed = json.parse(record);
    assertThat(parsed.refusals()).isEmpty();
    frames.add(parsed.metrics(), partition, offset, now);
  }

  private static List<String> lines(TelegrafFrames.Due due) {
    return ExporterPagesTest.lines(
            new NodeAssembler(due.node(), 0, null)
                .assemble(
                    List.of(new NodeAssembler.Part(due.page(), ExporterPagesTest.NODE)),
                    due.timeMillis()))
        .stream()
        .sorted()
        .toList();
  }

  @Test
  void aBatchAndSingleMetricsInAnyOrderSayTheSame() throws Exception {
    List<String> expected =
        new String(ExporterPagesTest.bytes("telegraf-1.30.expected"), StandardCharsets.UTF_8)
            .lines()
            .sorted()
            .toList();
    byte[] batch = ExporterPagesTest.bytes("telegraf-1.30.json");
    add(batch, 0, 0, 0);
    List<TelegrafFrames.Due> due = frames.due(3_000, Long.MAX_VALUE);
    assertThat(due).hasSize(1);
    assertThat(lines(due.get(0))).isEqualTo(expected);
    assertThat(due.get(0).timeMillis()).isEqualTo(START + 11_000);
    assertThat(due.get(0).places()).isEqualTo(Map.of("rack", "r-07"));
    assertThat(due.get(0).page().missing()).isEmpty();

    List<JsonNode> metrics = new ArrayList<>();
    new ObjectMapper().readTree(batch).path("metrics").forEach(metrics::add);
    long seed = 5;
    Collections.shuffle(metrics, new Random(seed));
    long offset = 1;
    for (JsonNode metric : metrics) {
      add(utf8(metric.toString()), 0, offset++, 10_000);
    }
    due = frames.due(13_000, Long.MAX_VALUE);
    assertThat(due).as("seed %d", seed).hasSize(1);
    assertThat(lines(due.get(0))).as("seed %d", seed).isEqualTo(expected);
  }

  @Test
  void timestampsOfAnyUnitAreTheSameTime() {
    for (String timestamp :
        List.of(
            "1700000000",
            "1700000000000",
            "1700000000000000",
            "1700000000000000000",
            "\"2023-11-14T22:13:20Z\"")) {
      TelegrafJson.Parsed parsed =
          json.parse(
              utf8(
                  "{\"fields\":{\"a\":1},\"name\":\"m\",\"tags\":{\"host\":\"h\"},\"timestamp\":"
                      + timestamp
                      + "}"));
      assertThat(parsed.metrics()).as(timestamp).hasSize(1);
      assertThat(parsed.metrics().get(0).timeMillis()).as(timestamp).isEqualTo(START);
    }
  }

  @Test
  void whatIsWrongIsRefusedAndTheRestIsRead() {
    TelegrafJson.Parsed parsed =
        json.parse(
            utf8(
                """
                {"metrics":[
                 {"fields":{"a":1},"name":"m","tags":{"host":"h"},"timestamp":1700000000},
                 {"fields":{"a":1},"tags":{"host":"h"},"timestamp":1700000000},
                 {"name":"m","tags":{"host":"h"},"timestamp":1700000000},
                 {"fields":{"a":1},"name":"m","tags":{"host":" "},"timestamp":1700000000},
                 {"fields":{"a":1},"name":"m","tags":{"host":"h"}},
                 {"fields":{"a":1},"name":"m","tags":{"host":"h"},"timestamp":true},
                 {"fields":{"a":1},"name":"m","tags":{"host":"h"},"timestamp":17},
                 7,
                 {"fields":{"a":"x","b":true,"c":2.5},"name":"m","tags":{"host":"h"},"timestamp":1700000000}
                ]}
                {"fields":{"a":3},"name":"m","tags":{"host":"h"},"timestamp":1700000000}
                """));
    assertThat(parsed.metrics())
        .extracting(TelegrafJson.Metric::fields)
        .containsExactly(Map.of("a", 1.0), Map.of("b", 1.0, "c", 2.5), Map.of("a", 3.0));
    assertThat(parsed.refusals())
        .extracting(TelegrafJson.Refusal::index, TelegrafJson.Refusal::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(1, DeadReason.MISSING_FIELD),
            org.assertj.core.groups.Tuple.tuple(2, DeadReason.MISSING_FIELD),
            org.assertj.core.groups.Tuple.tuple(3, DeadReason.MISSING_FIELD),
            org.assertj.core.groups.Tuple.tuple(4, DeadReason.MISSING_FIELD),
            org.assertj.core.groups.Tuple.tuple(5, DeadReason.WRONG_TYPE),
            org.assertj.core.groups.Tuple.tuple(6, DeadReason.TIME_OUT_OF_RANGE),
            org.assertj.core.groups.Tuple.tuple(7, DeadReason.WRONG_TYPE));
  }

  @Test
  void noBytesMakeItThrow() {
    long seed = 9;
    Random random = new Random(seed);
    byte[] good = metric("h", "\"bytes_recv\":1", "", 1_700_000_000L);
    assertThat(json.parse(null).refusals()).hasSize(1);
    assertThat(json.parse(new byte[0]).refusals()).hasSize(1);
    assertThat(json.parse(utf8("[[[[".repeat(2000))).refusals()).isNotEmpty();
    assertThat(json.parse(utf8("{\"metrics\":[]}")).refusals()).hasSize(1);
    for (int i = 0; i < 5_000; i++) {
      byte[] bytes = good.clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      TelegrafJson.Parsed parsed = json.parse(bytes);
      assertThat(parsed.metrics().size() + parsed.refusals().size())
          .as("seed %d, record %d", seed, i)
          .isPositive();
    }
  }

  @Test
  void aRoundIsWholeBeforeItIsDue() {
    String eth0 = ",\"interface\":\"eth0\"";
    String eth1 = ",\"interface\":\"eth1\"";
    String sent = "\"bytes_sent\":%d,\"bytes_recv\":1";
    add(metric("n-1", sent.formatted(10), eth0, 1_700_000_000L), 0, 100, 0);
    add(metric("n-2", sent.formatted(7), eth0, 1_700_000_000L), 1, 50, 0);
    add(metric("n-1", sent.formatted(20), eth1, 1_700_000_001L), 1, 51, 1_000);
    assertThat(frames.due(2_999, Long.MAX_VALUE)).as("n-2 waits three seconds").isEmpty();
    // What is open must be read again after a failure.
    assertThat(frames.safeOffsets()).isEqualTo(Map.of(0, 100L, 1, 50L));
    List<TelegrafFrames.Due> due = frames.due(3_000, Long.MAX_VALUE);
    assertThat(due).extracting(TelegrafFrames.Due::node).containsExactly("n-2");
    assertThat(frames.safeOffsets()).isEqualTo(Map.of(0, 100L, 1, 51L));
    due = frames.due(4_000, Long.MAX_VALUE);
    assertThat(lines(due.get(0))).contains("node/n-1 network_sent_bytes_total 30");
    assertThat(frames.safeOffsets()).isEqualTo(Map.of(0, 101L, 1, 52L));
  }

  @Test
  void whatComesTwiceIsTakenOnceAndAFastAgentHasRoundsOfItsOwn() {
    String eth0 = ",\"interface\":\"eth0\"";
    byte[] first = metric("n-1", "\"bytes_sent\":10,\"bytes_recv\":1", eth0, 1_700_000_000L);
    add(first, 0, 1, 0);
    add(first, 0, 2, 0);
    add(metric("n-1", "\"bytes_sent\":11,\"bytes_recv\":1", eth0, 1_700_000_001L), 0, 3, 0);
    add(metric("n-1", "\"bytes_sent\":12,\"bytes_recv\":1", eth0, 1_700_000_002L), 0, 4, 0);
    List<TelegrafFrames.Due> due = frames.all();
    assertThat(due)
        .extracting(page -> lines(page).get(lines(page).size() - 1))
        .containsExactly(
            "node/n-1 network_sent_bytes_total 10",
            "node/n-1 network_sent_bytes_total 11",
            "node/n-1 network_sent_bytes_total 12");
    assertThat(frames.duplicates()).isEqualTo(1);
  }

  @Test
  void aBacklogIsDueByItsOwnTime() {
    String eth0 = ",\"interface\":\"eth0\"";
    for (int i = 0; i < 100; i++) {
      add(metric("n-1", "\"bytes_sent\":%d".formatted(i), eth0, 1_700_000_000L + i * 10), 0, i, 0);
    }
    // All in one moment by our clock: the rounds before the newest are due all the same.
    assertThat(frames.due(0, Long.MAX_VALUE)).hasSizeBetween(97, 99);
    assertThat(frames.waiting()).isLessThanOrEqualTo(3);
  }

  @Test
  void aBacklogThatIsReadUnevenlyGivesWholeRounds() {
    for (int card = 0; card < 3; card++) {
      for (int round = 0; round < 50; round++) {
        add(
            metric(
                "n-1",
                "\"bytes_sent\":%d".formatted(round),
                ",\"interface\":\"eth%d\"".formatted(card),
                1_700_000_000L + round * 10),
            card,
            round,
            START + 1_000_000);
        long read = Long.MAX_VALUE;
        for (int partition = 0; partition < 3; partition++) {
          if (partition > card || partition == card && round < 49) {
            read = Math.min(read, frames.newestMillis(partition));
          }
        }
        // A long time passes by our clock meanwhile, which must not matter while there is more.
        for (TelegrafFrames.Due due :
            card == 2 && round == 49 ? frames.all() : frames.due(Long.MAX_VALUE / 2, read)) {
          assertThat(due.metrics()).isEqualTo(3);
        }
      }
    }
    assertThat(frames.waiting()).isZero();
  }

  @Test
  void whatIsOpenIsBounded() {
    for (int i = 0; i < TelegrafFrames.MAX_OPEN + 10; i++) {
      add(metric("n-" + i, "\"bytes_sent\":1", "", 1_700_000_000L), 0, i, 0);
    }
    assertThat(frames.waiting()).isEqualTo(TelegrafFrames.MAX_OPEN);
    assertThat(frames.due(0, Long.MAX_VALUE)).hasSize(10);
    assertThat(frames.safeOffsets()).isEqualTo(Map.of(0, 10L));
  }

  @Test
  void aPercentageOfTheCpuIsNoCounterAndThatIsSaid() {
    TelegrafJson.Parsed parsed =
        json.parse(
            utf8(
                "{\"fields\":{\"usage_idle\":90},\"name\":\"cpu\",\"tags\":{\"host\":\"n-1\","
                    + "\"cpu\":\"cpu-total\"},\"timestamp\":1700000000}"));
    frames.add(parsed.metrics(), 0, 0, 0);
    SourcePage page = frames.all().get(0).page();
    assertThat(page.missing())
        .contains("cpu_busy_seconds_total from cpu.time_user")
        .noneMatch(missing -> missing.contains("mem."));
  }
}
