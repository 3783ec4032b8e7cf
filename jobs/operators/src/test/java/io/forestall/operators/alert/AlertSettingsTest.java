package io.forestall.operators.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Severity;
import io.forestall.decisions.alert.AlertRules;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.junit.jupiter.api.Test;

class AlertSettingsTest {

  @Test
  void nobodyIsToldUnlessAnAddressIsGiven() {
    assertThat(AlertSettings.off())
        .isEqualTo(new AlertSettings(List.of(), "", Severity.WARNING, 2_000, 60_000, 100, ""));
    assertThat(AlertSettings.off().rules()).isEqualTo(AlertRules.defaults());
  }

  @Test
  void everyOptionIsMapped() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.alerts.addresses", "http://one:9093/, https://two:9093/prefix",
                "forestall.alerts.token-file", "/run/token",
                "forestall.alerts.min-severity", "error",
                "forestall.alerts.hold", "5 s",
                "forestall.alerts.refresh", "30 s",
                "forestall.alerts.max-per-pool-and-day", "7",
                "forestall.alerts.console-url", "https://console/"));

    assertThat(AlertSettings.from(configuration))
        .isEqualTo(
            new AlertSettings(
                List.of("http://one:9093", "https://two:9093/prefix"),
                "/run/token",
                Severity.ERROR,
                5_000,
                30_000,
                7,
                "https://console"));
  }

  @Test
  void everyMistakeIsNamedAtOnce() {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.alerts.addresses", "alertmanager:9093,http://user:secret@host",
                "forestall.alerts.min-severity", "info",
                "forestall.alerts.refresh", "0 s",
                "forestall.alerts.max-per-pool-and-day", "0",
                "forestall.alerts.adress", "http://one:9093"));

    assertThatThrownBy(() -> AlertSettings.from(configuration))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall.alerts.addresses is 'alertmanager:9093': give an address")
        .hasMessageContaining("forestall.alerts.min-severity is 'info': give warning")
        .hasMessageContaining("forestall.alerts.refresh is 0")
        .hasMessageContaining("forestall.alerts.max-per-pool-and-day is 0")
        .hasMessageContaining("forestall.alerts.adress is no option");
  }
}
