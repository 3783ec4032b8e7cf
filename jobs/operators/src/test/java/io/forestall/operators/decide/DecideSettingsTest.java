package io.forestall.operators.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.failover.SagaPolicy;
import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class DecideSettingsTest {

  @Test
  void defaultsAreTheStatedOnes() {
    assertThat(DecideSettings.defaults())
        .isEqualTo(
            new DecideSettings(
                "forestall",
                Map.of("bootstrap.servers", "localhost:9092"),
                "forestall-decide",
                GuardKeys.NONE,
                86_400_000,
                3_600_000,
                3_600_000,
                0,
                Map.of(),
                new SagaLimits(
                    5_000,
                    1_000,
                    5,
                    1_000,
                    2,
                    10_000,
                    1L << 30,
                    10_000,
                    30 * 60_000,
                    600_000,
                    86_400_000,
                    256L << 20,
                    1_500,
                    256L << 20)));
    assertThat(DecideSettings.defaults().saga().policy()).isEqualTo(SagaPolicy.standard());
  }

  @Test
  void everyOptionReachesItsSetting() {
    Configuration configuration =
        Configuration.fromMap(
            Map.ofEntries(
                Map.entry("forestall.topic-prefix", "replay-1"),
                Map.entry("forestall.kafka.bootstrap.servers", "k1:9092"),
                Map.entry("forestall.kafka.security.protocol", "SSL"),
                Map.entry("forestall.decide.group-id", "g"),
                Map.entry("forestall.decide.signing-key-file", " guard.key "),
                Map.entry("forestall.decide.trusted-keys", "guards"),
                Map.entry("forestall.decide.operator-keys", "people"),
                Map.entry("forestall.decide.history", "2 h"),
                Map.entry("forestall.decide.risk-history", "3 h"),
                Map.entry("forestall.decide.place-grace", "4 h"),
                Map.entry("forestall.decide.flush-interval", "5 ms"),
                Map.entry("forestall.failover.threshold", "error"),
                Map.entry("forestall.decide.predicted-acts-in-flight", "2"),
                Map.entry("forestall.decide.acts-in-flight", "7"),
                Map.entry("forestall.decide.nodes-per-day", "0.1"),
                Map.entry("forestall.decide.min-confidence", "0.6"),
                Map.entry("forestall.decide.min-probability", "0.4"),
                Map.entry("forestall.decide.exit-probability", "0.3"),
                Map.entry("forestall.decide.dwell", "1 min"),
                Map.entry("forestall.decide.storm-enter", "0.2"),
                Map.entry("forestall.decide.storm-exit", "0.1"),
                Map.entry("forestall.decide.storm-cooldown", "1 h"),
                Map.entry("forestall.decide.max-sample-age", "2 min"),
                Map.entry("forestall.decide.max-lag", "30 s"),
                Map.entry("forestall.decide.max-telemetry-age", "2 min"),
                Map.entry("forestall.decide.max-model-age", "10 d"),
                Map.entry("forestall.decide.max-cost", "1 gb"),
                Map.entry("forestall.decide.copy-bytes-per-second", "64 mb"),
                Map.entry("forestall.decide.shadow-enter", "0.01"),
                Map.entry("forestall.decide.shadow-exit", "0.005"),
                Map.entry("forestall.decide.shadow-enter-dwell", "2 min"),
                Map.entry("forestall.decide.shadow-exit-dwell", "3 h"),
                Map.entry("forestall.decide.shadow-horizon", "2 d"),
                Map.entry("forestall.decide.shadow-maintenance-ahead", "6 h"),
                Map.entry("forestall.decide.shadow-units-in-flight", "9"),
                Map.entry("forestall.decide.shadow-max-per-unit", "3"),
                Map.entry("forestall.decide.pre-failover-check-timeout", "2 s"),
                Map.entry("forestall.decide.step-timeout", "300 ms"),
                Map.entry("forestall.decide.step-attempts", "7"),
                Map.entry("forestall.decide.reach-timeout", "900 ms"),
                Map.entry("forestall.decide.witnesses", "3"),
                Map.entry("forestall.decide.max-target-lag", "12345678901"),
                Map.entry("forestall.decide.min-free-space", "10 mb"),
                Map.entry("forestall.decide.confirm-timeout", "20 s"),
                Map.entry("forestall.decide.failback-dwell", "1 h"),
                Map.entry("forestall.decide.shadow-stall-timeout", "2 min"),
                Map.entry("forestall.decide.shadow-build-timeout", "2 h"),
                Map.entry("forestall.decide.switchover-max-drain", "1 gb"),
                Map.entry("forestall.decide.switchover-max-pause", "3 s"),
                Map.entry("forestall.decide.switchover-drain-bytes-per-second", "100 mb")));
    assertThat(configuration.keySet())
        .as("a new option needs its line here")
        .containsAll(DecideOptions.all().stream().map(ConfigOption::key).toList());

    assertThat(DecideSettings.from(configuration))
        .isEqualTo(
            new DecideSettings(
                "replay-1",
                Map.of("bootstrap.servers", "k1:9092", "security.protocol", "SSL"),
                "g",
                new GuardKeys("guard.key", "guards", "people"),
                7_200_000,
                10_800_000,
                14_400_000,
                5,
                Map.ofEntries(
                    Map.entry("failover-threshold", "ERROR"),
                    Map.entry("predicted-acts-in-flight", "2"),
                    Map.entry("acts-in-flight", "7"),
                    Map.entry("nodes-per-day", "0.1"),
                    Map.entry("min-confidence", "0.6"),
                    Map.entry("min-probability", "0.4"),
                    Map.entry("exit-probability", "0.3"),
                    Map.entry("dwell", "60000 ms"),
                    Map.entry("storm-enter", "0.2"),
                    Map.entry("storm-exit", "0.1"),
                    Map.entry("storm-cooldown", "3600000 ms"),
                    Map.entry("max-sample-age", "120000 ms"),
                    Map.entry("max-lag", "30000 ms"),
                    Map.entry("max-telemetry-age", "120000 ms"),
                    Map.entry("max-model-age", "864000000 ms"),
                    Map.entry("max-cost", "1073741824 b"),
                    Map.entry("copy-bytes-per-second", "67108864 b"),
                    Map.entry("shadow-enter", "0.01"),
                    Map.entry("shadow-exit", "0.005"),
                    Map.entry("shadow-enter-dwell", "120000 ms"),
                    Map.entry("shadow-exit-dwell", "10800000 ms"),
                    Map.entry("shadow-horizon", "172800000 ms"),
                    Map.entry("shadow-maintenance-ahead", "21600000 ms"),
                    Map.entry("shadow-units-in-flight", "9"),
                    Map.entry("shadow-max-per-unit", "3")),
                new SagaLimits(
                    2_000,
                    300,
                    7,
                    900,
                    3,
                    12_345_678_901L,
                    10L << 20,
                    20_000,
                    3_600_000,
                    120_000,
                    7_200_000,
                    1L << 30,
                    3_000,
                    100L << 20)));
  }

  /** No key was renamed yet; each that is keeps its old one, which this test then sets. */
  @Test
  void keysAreThoseOfTheFirstRelease() {
    assertThat(DecideOptions.all())
        .extracting(ConfigOption::key)
        .contains(
            "forestall.topic-prefix",
            "forestall.kafka.bootstrap.servers",
            "forestall.decide.group-id",
            "forestall.decide.signing-key-file",
            "forestall.decide.trusted-keys",
            "forestall.decide.operator-keys",
            "forestall.decide.history",
            "forestall.decide.risk-history",
            "forestall.decide.place-grace",
            "forestall.decide.flush-interval",
            "forestall.failover.threshold",
            "forestall.decide.predicted-acts-in-flight",
            "forestall.decide.acts-in-flight",
            "forestall.decide.nodes-per-day",
            "forestall.decide.min-confidence",
            "forestall.decide.min-probability",
            "forestall.decide.exit-probability",
            "forestall.decide.dwell",
            "forestall.decide.storm-enter",
            "forestall.decide.storm-exit",
            "forestall.decide.storm-cooldown",
            "forestall.decide.max-sample-age",
            "forestall.decide.max-lag",
            "forestall.decide.max-telemetry-age",
            "forestall.decide.max-model-age",
            "forestall.decide.max-cost",
            "forestall.decide.copy-bytes-per-second",
            "forestall.decide.pre-failover-check-timeout",
            "forestall.decide.step-timeout",
            "forestall.decide.step-attempts",
            "forestall.decide.reach-timeout",
            "forestall.decide.witnesses",
            "forestall.decide.max-target-lag",
            "forestall.decide.min-free-space",
            "forestall.decide.confirm-timeout",
            "forestall.decide.failback-dwell");
  }

  @Test
  void everyErrorIsShownAtOnceWithWhatToDo() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.decide.history", "long",
                "forestall.decide.place-grace", "0 s",
                "forestall.decide.group-id", " ",
                "forestall.decide.signing-key", "x",
                "forestall.failover.threshold", "now",
                "forestall.decide.storm-exit", "0.5"));

    assertThatThrownBy(() -> DecideSettings.from(configuration))
        .hasMessageContaining(
            "forestall.decide.history is 'long': give a duration with its unit, for example '1 d'")
        .hasMessageContaining("forestall.decide.place-grace is 0")
        .hasMessageContaining("forestall.decide.group-id is empty")
        .hasMessageContaining("forestall.decide.signing-key is no option of the decide job")
        .hasMessageContaining("forestall.failover.threshold is 'now': give one of")
        .hasMessageContaining("forestall.decide.storm-exit must not be above storm-enter");
  }

  @Test
  void settingsTravelWithTheJob() throws Exception {
    assertThat(InstantiationUtil.clone(DecideSettings.defaults()))
        .isEqualTo(DecideSettings.defaults());
  }
}
