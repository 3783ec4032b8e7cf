package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class MoveSettingsTest {

  @Test
  void defaultsAreTheStatedOnes() {
    assertThat(MoveSettings.defaults())
        .isEqualTo(
            new MoveSettings(
                "forestall",
                Map.of("bootstrap.servers", "localhost:9092"),
                "forestall-move",
                60_000,
                5,
                10_000,
                60_000,
                10_000,
                1_000,
                5_000));
  }

  @Test
  void everyOptionReachesItsSetting() {
    Configuration configuration =
        Configuration.fromMap(
            Map.ofEntries(
                Map.entry("forestall.topic-prefix", "replay-1"),
                Map.entry("forestall.kafka.bootstrap.servers", "k1:9092"),
                Map.entry("forestall.kafka.security.protocol", "SSL"),
                Map.entry("forestall.move.group-id", "g"),
                Map.entry("forestall.move.history", "2 min"),
                Map.entry("forestall.move.flush-interval", "3 ms"),
                Map.entry("forestall.move.hot-units", "44"),
                Map.entry("forestall.move.lost-after", "5 s"),
                Map.entry("forestall.move.resync-again", "6 s"),
                Map.entry("forestall.move.standing-interval", "7 s"),
                Map.entry("forestall.move.in-sync-lag", "8 s")));

    MoveSettings settings = MoveSettings.from(configuration);

    assertThat(settings)
        .isEqualTo(
            new MoveSettings(
                "replay-1",
                Map.of("bootstrap.servers", "k1:9092", "security.protocol", "SSL"),
                "g",
                120_000,
                3,
                44,
                5_000,
                6_000,
                7_000,
                8_000));
    for (ConfigOption<?> option : MoveOptions.all()) {
      assertThat(configuration.contains(option)).as(option.key()).isTrue();
    }
  }

  @Test
  void everyWrongOptionIsToldAtOnce() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.move.history", "soon",
                "forestall.move.hot-units", "0",
                "forestall.move.lost-after", "0 s",
                "forestall.move.nothing", "1"));
    assertThatThrownBy(() -> MoveSettings.from(configuration))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall.move.history is 'soon'")
        .hasMessageContaining("forestall.move.hot-units is 0")
        .hasMessageContaining("forestall.move.lost-after is 0")
        .hasMessageContaining("forestall.move.nothing is no option of the move job");
  }

  @Test
  void travelsWithTheJob() throws Exception {
    MoveSettings settings = MoveSettings.defaults();
    assertThat(
            InstantiationUtil.<MoveSettings>deserializeObject(
                InstantiationUtil.serializeObject(settings), getClass().getClassLoader()))
        .isEqualTo(settings);
  }
}
