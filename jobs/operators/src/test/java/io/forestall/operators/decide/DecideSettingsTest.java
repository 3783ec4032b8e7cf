package io.forestall.operators.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
                1));
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
                Map.entry("forestall.decide.flush-interval", "5 ms")));
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
                5));
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
            "forestall.decide.flush-interval");
  }

  @Test
  void everyErrorIsShownAtOnceWithWhatToDo() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.decide.history", "long",
                "forestall.decide.place-grace", "0 s",
                "forestall.decide.group-id", " ",
                "forestall.decide.signing-key", "x"));

    assertThatThrownBy(() -> DecideSettings.from(configuration))
        .hasMessageContaining(
            "forestall.decide.history is 'long': give a duration with its unit, for example '1 d'")
        .hasMessageContaining("forestall.decide.place-grace is 0")
        .hasMessageContaining("forestall.decide.group-id is empty")
        .hasMessageContaining("forestall.decide.signing-key is no option of the decide job");
  }

  @Test
  void settingsTravelWithTheJob() throws Exception {
    assertThat(InstantiationUtil.clone(DecideSettings.defaults()))
        .isEqualTo(DecideSettings.defaults());
  }
}
