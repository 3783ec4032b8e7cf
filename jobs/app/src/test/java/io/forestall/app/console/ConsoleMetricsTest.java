package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.watch.MetricCatalogue;
import io.forestall.app.watch.MetricCatalogue.Metric;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import io.forestall.wire.WireException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ConsoleMetricsTest {
  private final FleetView view = new FleetView();
  private final ActViews acts = TestingActs.views();
  private final RequestTimes times = new RequestTimes();

  @Test
  void exportsExactlyWhatIsListedWithTheseLabels() throws WireException {
    TestingFleet fleet = new TestingFleet(view, 400, 3);
    for (int day = 0; day < 40; day++) {
      fleet.nextDay();
    }
    new TestingActs(acts, 60, 3).feed();
    TestingVolumes volumes = new TestingVolumes(acts);
    volumes.feed();
    volumes.feedShadows();
    times.add("/api/v1/risk", 200, 1_000_000);
    Map<String, Set<String>> exported = labelsBySeries(text());
    Map<String, Set<String>> listed = new TreeMap<>();
    for (Metric metric : MetricCatalogue.shipped().from(MetricCatalogue.From.CONSOLE)) {
      for (String series : metric.series()) {
        Set<String> labels = new TreeSet<>(metric.labels());
        if (series.endsWith("_bucket")) {
          labels.add("le");
        }
        listed.put(series, labels);
      }
    }
    assertThat(exported).isEqualTo(listed);
  }

  @Test
  void countsAtRiskByTheLikeliestModeAndRack() {
    add(
        "a",
        "r-1",
        Tier.CRITICAL,
        false,
        0.9,
        Map.of(FailureMode.DISK, 0.1, FailureMode.FAIL_SLOW, 0.8));
    add("b", "r-1", Tier.CRITICAL, false, 0.9, Map.of(FailureMode.FAIL_SLOW, 0.7));
    add("c", "r-2", Tier.WATCH, false, 0.2, Map.of(FailureMode.DISK, 0.2));
    add("d", "r-2", Tier.HEALTHY, true, 0.2, Map.of(FailureMode.DISK, 0.0));
    add("e", "r-2", Tier.UNKNOWN, true, 0.0, Map.of());
    assertThat(text())
        .contains(
            "forestall_entities_at_risk{kind=\"disk\",mode=\"fail_slow\",rack=\"r-1\",tier=\"critical\"}"
                + " 2\n")
        .contains(
            "forestall_entities_at_risk{kind=\"disk\",mode=\"disk\",rack=\"r-2\",tier=\"watch\"}"
                + " 1\n")
        .contains("forestall_entities{kind=\"disk\",tier=\"critical\"} 2\n")
        .contains("forestall_entities_placed{kind=\"disk\",rack=\"r-2\"} 3\n")
        .contains("forestall_entities_late{kind=\"disk\",rack=\"r-2\"} 0\n")
        .contains("forestall_entities_silent{kind=\"disk\",rack=\"r-2\"} 2\n")
        .contains("forestall_entities_silent{kind=\"disk\",rack=\"r-1\"} 0\n")
        .contains("forestall_entities_low_confidence{kind=\"disk\"} 1\n");
  }

  @Test
  void aFleetOfManyRacksMakesABoundedNumberOfSeries() {
    for (int i = 0; i < 3 * FleetFigures.RACKS; i++) {
      add("d" + i, "r-" + i, Tier.WATCH, false, 0.9, Map.of(FailureMode.DISK, 0.1));
    }
    String text = text();
    assertThat(text.lines().filter(line -> line.startsWith("forestall_entities_placed{")))
        .hasSize(FleetFigures.RACKS + 1);
    assertThat(text)
        .contains(
            "forestall_entities_placed{kind=\"disk\",rack=\"other\"} " + 2 * FleetFigures.RACKS);
  }

  @Test
  void timesGoIntoCumulativeBucketsByRoute() {
    times.add("/api/v1/risk", 200, 4_000_000);
    times.add("/api/v1/risk", 200, 60_000_000);
    times.add("/api/v1/risk/disk/S1", 200, 90_000_000_000L);
    times.add("/api/v1/risk/disk/nobody", 404, 1);
    times.add("/js/main.js", 304, 1);
    assertThat(text())
        .contains(
            "forestall_console_request_duration_seconds_bucket{route=\"/api/v1/risk\",le=\"0.001\"}"
                + " 0\n")
        .contains(
            "forestall_console_request_duration_seconds_bucket{route=\"/api/v1/risk\",le=\"0.005\"}"
                + " 1\n")
        .contains(
            "forestall_console_request_duration_seconds_bucket{route=\"/api/v1/risk\",le=\"0.1\"}"
                + " 2\n")
        .contains("forestall_console_request_duration_seconds_sum{route=\"/api/v1/risk\"} 0.064\n")
        .contains(
            "forestall_console_request_duration_seconds_bucket{route=\"/api/v1/risk/*\",le=\"5.0\"}"
                + " 0\n")
        .contains(
            "forestall_console_request_duration_seconds_bucket{route=\"/api/v1/risk/*\",le=\"+Inf\"}"
                + " 1\n")
        .contains("forestall_console_request_duration_seconds_count{route=\"refused\"} 1\n")
        .contains("forestall_console_request_duration_seconds_count{route=\"page\"} 1\n");
  }

  @Test
  void addressesThatAnybodyCanThinkOfMakeNoSeries() {
    for (int i = 0; i < 10_000; i++) {
      times.add("/api/v1/x" + i, 404, 1);
      times.add("/api/v1/y" + i + "/z", 200, 1);
    }
    assertThat(times.byRoute().size()).isLessThan(70);
  }

  private String text() {
    return ConsoleMetrics.text(
        view.status(),
        view.figures(),
        view.deadLetters(),
        acts,
        new MissingShadows(view).of(acts.volumes(), null),
        new FleetFeed.Progress(true, null, Map.of("risk", 5L), 0, 0),
        7,
        1,
        times);
  }

  private void add(
      String id,
      String rack,
      Tier tier,
      boolean stale,
      double confidence,
      Map<FailureMode, Double> modes) {
    FleetEntry entry = TestingFleet.entry(1);
    entry.getEntity().setId(id);
    entry.setRack(rack);
    view.fleet("disk/" + id, entry);
    Risk risk = TestingFleet.risk(id, 1, 1, 50, tier, List.of());
    risk.setStale(stale);
    risk.setConfidence(confidence);
    risk.setModes(
        modes.entrySet().stream()
            .map(mode -> new ModeRisk(mode.getKey(), mode.getValue(), 1L, "m", 1, List.of()))
            .toList());
    view.risk(EntityKind.DISK.name().toLowerCase(Locale.ROOT) + "/" + id, risk);
  }

  private static Map<String, Set<String>> labelsBySeries(String text) {
    Map<String, Set<String>> labels = new TreeMap<>();
    text.lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(
            line -> {
              int end = line.indexOf('{') < 0 ? line.indexOf(' ') : line.indexOf('{');
              Set<String> names =
                  labels.computeIfAbsent(line.substring(0, end), key -> new TreeSet<>());
              if (line.charAt(end) == '{') {
                for (String label : line.substring(end + 1, line.lastIndexOf('}')).split(",")) {
                  names.add(label.substring(0, label.indexOf('=')));
                }
              }
            });
    return labels;
  }
}
