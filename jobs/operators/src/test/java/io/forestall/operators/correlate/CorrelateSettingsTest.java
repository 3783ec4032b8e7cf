package io.forestall.operators.correlate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class CorrelateSettingsTest {

  @Test
  void defaultsAreTheStatedOnes() {
    assertThat(CorrelateSettings.defaults())
        .isEqualTo(
            new CorrelateSettings(
                "forestall",
                Map.of("bootstrap.servers", "localhost:9092"),
                "forestall-correlate",
                "",
                5000,
                5000,
                true,
                2000,
                600_000,
                1024,
                300_000,
                20));
  }

  @Test
  void everyOptionReachesItsSetting() {
    Configuration configuration =
        Configuration.fromMap(
            Map.ofEntries(
                Map.entry("forestall.topic-prefix", "replay-1"),
                Map.entry("forestall.kafka.bootstrap.servers", "k1:9092"),
                Map.entry("forestall.kafka.security.protocol", "SSL"),
                Map.entry("forestall.correlate.group-id", "g"),
                Map.entry("forestall.correlate.rules-file", " rules.yaml "),
                Map.entry("forestall.correlate.out-of-orderness", "1 s"),
                Map.entry("forestall.correlate.quiet-after", "3 s"),
                Map.entry("forestall.correlate.advance-when-quiet", "false"),
                Map.entry("forestall.correlate.start-quiet", "4 s"),
                Map.entry("forestall.correlate.duplicates-within", "5 min"),
                Map.entry("forestall.correlate.duplicates-limit", "16"),
                Map.entry("forestall.correlate.future-tolerance", "6 min"),
                Map.entry("forestall.correlate.flush-interval", "7 ms")));
    assertThat(configuration.keySet())
        .as("a new option needs its line here")
        .containsAll(CorrelateOptions.all().stream().map(ConfigOption::key).toList());

    assertThat(CorrelateSettings.from(configuration))
        .isEqualTo(
            new CorrelateSettings(
                "replay-1",
                Map.of("bootstrap.servers", "k1:9092", "security.protocol", "SSL"),
                "g",
                "rules.yaml",
                1000,
                3000,
                false,
                4000,
                300_000,
                16,
                360_000,
                7));
  }

  /** No key was renamed yet; each that is keeps its old one, which this test then sets. */
  @Test
  void keysAreThoseOfTheFirstRelease() {
    assertThat(CorrelateOptions.all())
        .extracting(ConfigOption::key)
        .contains(
            "forestall.topic-prefix",
            "forestall.kafka.bootstrap.servers",
            "forestall.correlate.group-id",
            "forestall.correlate.rules-file",
            "forestall.correlate.out-of-orderness",
            "forestall.correlate.quiet-after",
            "forestall.correlate.advance-when-quiet",
            "forestall.correlate.start-quiet",
            "forestall.correlate.duplicates-within",
            "forestall.correlate.duplicates-limit",
            "forestall.correlate.future-tolerance",
            "forestall.correlate.flush-interval");
  }

  @Test
  void everyErrorIsShownAtOnceWithWhatToDo() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.correlate.out-of-orderness", "five",
                "forestall.correlate.quiet-after", "0 s",
                "forestall.correlate.advance-when-quiet", "perhaps",
                "forestall.correlate.duplicates-limit", "1",
                "forestall.correlate.window", "5 s"));

    assertThatThrownBy(() -> CorrelateSettings.from(configuration))
        .hasMessageContaining(
            "forestall.correlate.out-of-orderness is 'five': give a duration with its unit, for"
                + " example '5 s'")
        .hasMessageContaining("forestall.correlate.quiet-after is 0")
        .hasMessageContaining(
            "forestall.correlate.advance-when-quiet is 'perhaps': give true or false")
        .hasMessageContaining(
            "forestall.correlate.duplicates-limit is 1: give a number from 16 to 65536")
        .hasMessageContaining("forestall.correlate.window is no option of the correlate job");
  }

  @Test
  void settingsTravelWithTheJob() throws Exception {
    assertThat(InstantiationUtil.clone(CorrelateSettings.defaults()))
        .isEqualTo(CorrelateSettings.defaults());
  }
}
