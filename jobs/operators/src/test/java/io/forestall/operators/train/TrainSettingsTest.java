package io.forestall.operators.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class TrainSettingsTest {

  @Test
  void defaults() {
    TrainSettings settings = TrainSettings.defaults();
    assertThat(settings.intervalMillis()).isEqualTo(7 * 86_400_000L);
    assertThat(settings.horizonDays()).isEqualTo(30);
    assertThat(settings.historyDays()).isEqualTo(400);
    assertThat(settings.promote()).isTrue();
    assertThat(settings.shippedChampion()).isTrue();
    assertThat(settings.holdWhileTraining()).isFalse();
    assertThat(settings.groupId()).isEqualTo("forestall-train");
  }

  @Test
  void everyOptionIsMapped() {
    Map<String, String> all = new HashMap<>();
    all.put("forestall.topic-prefix", "p");
    all.put("forestall.kafka.bootstrap.servers", "b:1");
    all.put("forestall.train.group-id", "g");
    all.put("forestall.train.model-update-interval", "90 d");
    all.put("forestall.train.horizon", "14 d");
    all.put("forestall.train.history", "500 d");
    all.put("forestall.train.history-rows", "50");
    all.put("forestall.train.test-period", "60 d");
    all.put("forestall.train.held-out-share", "0.4");
    all.put("forestall.train.failing-disks", "1");
    all.put("forestall.train.healthy-disks", "2");
    all.put("forestall.train.held-out-failing-disks", "3");
    all.put("forestall.train.held-out-healthy-disks", "4");
    all.put("forestall.train.least-failures", "5");
    all.put("forestall.train.most-failed-share", "0.2");
    all.put("forestall.train.budget", "0.02");
    all.put("forestall.train.confidence", "0.8");
    all.put("forestall.train.calibration-bound", "1.5");
    all.put("forestall.train.promote", "false");
    all.put("forestall.train.warm-up", "10 d");
    all.put("forestall.train.recalibration-bound", "1.3");
    all.put("forestall.train.rollback-window", "11 d");
    all.put("forestall.train.shipped-champion", "false");
    all.put("forestall.train.hold-while-training", "true");
    all.put("forestall.train.epochs", "6");
    all.put("forestall.train.effort", "0.5");
    all.put("forestall.train.bootstrap-rounds", "7");
    all.put("forestall.train.seed", "8");
    all.put("forestall.train.out-of-orderness", "9 s");
    all.put("forestall.train.future-tolerance", "10 s");
    Configuration configuration = Configuration.fromMap(all);
    assertThat(TrainSettings.from(configuration))
        .isEqualTo(
            new TrainSettings(
                "p",
                Map.of("bootstrap.servers", "b:1"),
                "g",
                90L * 86_400_000,
                14,
                500,
                50,
                60,
                0.4,
                1,
                2,
                3,
                4,
                5,
                0.2,
                0.02,
                0.8,
                1.5,
                1.3,
                false,
                10L * 86_400_000,
                11L * 86_400_000,
                false,
                true,
                6,
                0.5,
                7,
                8,
                9_000,
                10_000));
    for (ConfigOption<?> option : TrainOptions.all()) {
      assertThat(configuration.contains(option)).as(option.key()).isTrue();
    }
  }

  @Test
  void everyWrongOptionIsToldAtOnce() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.train.history", "20 d",
                "forestall.train.confidence", "0.3",
                "forestall.train.model-update-interval", "1 s",
                "forestall.train.horizon", "1 h",
                "forestall.train.nothing", "1"));
    assertThatThrownBy(() -> TrainSettings.from(configuration))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall.train.history is 20 d: give 30 d")
        .hasMessageContaining("forestall.train.confidence is 0.3")
        .hasMessageContaining("forestall.train.model-update-interval is below a minute")
        .hasMessageContaining("forestall.train.horizon is 0 d")
        .hasMessageContaining("forestall.train.nothing is no option of the train job");
  }

  @Test
  void aHistoryThatCannotHoldATrialIsRefused() {
    assertThatThrownBy(
            () ->
                TrainSettings.from(
                    Configuration.fromMap(Map.of("forestall.train.history", "200 d"))))
        .hasMessageContaining("take 210 d");
  }

  @Test
  void travelsWithTheJob() throws Exception {
    TrainSettings settings = TrainSettings.defaults();
    assertThat(
            InstantiationUtil.<TrainSettings>deserializeObject(
                InstantiationUtil.serializeObject(settings), getClass().getClassLoader()))
        .isEqualTo(settings);
  }
}
