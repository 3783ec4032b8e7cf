package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signals;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.SignalBaseline;
import io.forestall.schemas.Tier;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What a view makes of anomalies, baselines, values and silence. */
class FleetSensesTest {
  private static final long MINUTE = 60_000L;
  private static final long START = TestingFleet.FIRST_DAY_MILLIS;
  private static final FleetView.Limits SMALL = new FleetView.Limits(200, 8, 64, 3, 2, 4_000, 6);

  private final AtomicLong nanos = new AtomicLong();
  private final FleetView view =
      new FleetView(SMALL, new Signals(), () -> nanos.addAndGet(TimeUnit.SECONDS.toNanos(5)));

  @Test
  void anAnomalyIsOneFromItsBeginningToItsEnd() {
    view.fleet("disk/" + TestingFleet.id(0), TestingFleet.entry(0));
    view.anomaly(anomaly(TestingFleet.id(0), "disk_latency_seconds", 1, 1, false, 0.7));
    view.anomaly(anomaly(TestingFleet.id(0), "disk_latency_seconds", 1, 4, false, 0.9));
    view.anomaly(anomaly(TestingFleet.id(0), "disk_latency_seconds", 1, 6, false, 0.8));
    assertThat(open()).hasSize(1);
    assertThat(open().get(0).score()).isEqualTo(0.8);
    assertThat(open().get(0).peak()).isEqualTo(0.9);
    assertThat(view.status().anomalous()).isEqualTo(1);
    // A repeat of what was said before changes nothing.
    long version = view.version();
    view.anomaly(anomaly(TestingFleet.id(0), "disk_latency_seconds", 1, 4, false, 0.9));
    assertThat(view.version()).isEqualTo(version);
    view.anomaly(anomaly(TestingFleet.id(0), "disk_latency_seconds", 1, 7, true, 0.1));
    assertThat(open()).isEmpty();
    assertThat(view.status().anomalous()).isZero();
    assertThat(detail(TestingFleet.id(0)).anomalies()).hasSize(1);
    assertThat(detail(TestingFleet.id(0)).anomalies().get(0).ended()).isTrue();
  }

  @Test
  void onlySoManyAnomaliesAreKeptAndTheEndedGoFirst() {
    for (int i = 0; i < 6; i++) {
      view.anomaly(anomaly("d" + i, "s", i, i, i < 2, 0.7));
    }
    view.anomaly(anomaly("d6", "s", 6, 6, false, 0.7));
    view.anomaly(anomaly("d7", "s", 7, 7, false, 0.7));
    assertThat(open())
        .extracting(AnomalyView::id)
        .containsExactly("d7", "d6", "d5", "d4", "d3", "d2");
    view.anomaly(anomaly("d8", "s", 8, 8, false, 0.7));
    assertThat(open())
        .extracting(AnomalyView::id)
        .containsExactly("d8", "d7", "d6", "d5", "d4", "d3");
    assertThat(detail("d2").anomalies()).isEmpty();
  }

  @Test
  void whoIsLateIsToldAgainstItsOwnHabitAndTheTimeOfTheFleet() {
    for (int node = 0; node < 20; node++) {
      place(node);
    }
    for (int minute = 0; minute < 30; minute++) {
      for (int node = 0; node < 20; node++) {
        boolean slow = node == 1;
        boolean quiet = node == 2 && minute > 15;
        boolean never = node == 3;
        if (never || quiet || (slow && minute % 10 != 0)) {
          continue;
        }
        view.values(
            "node/n-" + node, START + minute * MINUTE, Map.of("cpu_busy_ratio", 0.01 * minute));
      }
    }
    // One clock runs a day ahead: it makes nobody late.
    view.values("node/n-4", START + 86_400_000L, Map.of("cpu_busy_ratio", 0.1));
    FleetView.Page<FleetView.LateEntry> late =
        view.late(RiskQuery.all(50), Set.of("late", "silent", "never"));
    assertThat(late.items())
        .extracting(entry -> entry.entity().id() + " " + entry.state())
        .containsExactly("n-2 late", "n-3 never");
    assertThat(late.items().get(0).ageMillis()).isEqualTo(14 * MINUTE);
    assertThat(late.items().get(0).intervalMillis()).isBetween(MINUTE - 1.0, MINUTE + 1.0);
    assertThat(view.status().late()).isEqualTo(1);
    assertThat(view.status().never()).isEqualTo(1);
    assertThat(view.status().fleetMillis()).isEqualTo(START + 29 * MINUTE);
    // It speaks again.
    view.values("node/n-2", START + 30 * MINUTE, Map.of("cpu_busy_ratio", 0.1));
    assertThat(view.status().late()).isZero();
  }

  @Test
  void aBaselineIsABandAndItsEndIsForgotten() {
    view.baseline("pair/v@c", baseline(1, 5));
    view.baseline("pair/v@c", baseline(3, 7));
    view.baseline("pair/v@c", baseline(2, 6));
    FleetView.Detail pair = Objects.requireNonNull(view.detail(EntityKind.PAIR, "v@c"));
    assertThat(Objects.requireNonNull(pair.baseline()).signals().get(0).level()).isEqualTo(7);
    FleetView.Series series = Objects.requireNonNull(view.series(EntityKind.PAIR, "v@c"));
    assertThat(series.bandNames()).containsOnly("path_latency_seconds");
    assertThat(series.bands().timesMillis()).containsExactly(START + 1000, START + 3000);
    assertThat(series.bands().columns().get(0).values()).containsExactly(5, 7);
    view.baseline("pair/v@c", null);
    assertThat(view.detail(EntityKind.PAIR, "v@c")).isNull();
    assertThat(view.status().values()).isZero();
    assertThat(view.status().entities()).isZero();
  }

  @Test
  void signalsAreMadeOfCounters() {
    place(0);
    for (int minute = 0; minute < 3; minute++) {
      view.sample(
          EntitySample.of(
              "node/n-0",
              Scope.MACHINE,
              null,
              START + minute * MINUTE,
              Map.of(FleetMetric.REQUESTS, 600.0 * minute, FleetMetric.REQUESTS_FAILED, 0.0)),
          Map.of());
    }
    FleetView.Series series = Objects.requireNonNull(view.series(EntityKind.NODE, "n-0"));
    int column = series.names().indexOf("requests_per_second");
    assertThat(column).isNotNegative();
    float[] rates = series.values().columns().get(column).values();
    assertThat(rates[rates.length - 1]).isEqualTo(10);
    // Nobody made a place for a stranger.
    view.sample(
        EntitySample.of(
            "node/stranger", Scope.MACHINE, null, START, Map.of(FleetMetric.LOAD1, 1.0)),
        Map.of());
    assertThat(view.status().entities()).isEqualTo(1);
  }

  @Test
  void valuesHaveALimitAndThoseOfInterestStay() {
    for (int node = 0; node < 100; node++) {
      place(node);
    }
    view.risk("node/n-7", nodeRisk("n-7", 90, Tier.CRITICAL));
    for (int minute = 0; minute < 120; minute++) {
      for (int node = 0; node < 100; node++) {
        view.values(
            "node/n-" + node,
            START + minute * MINUTE,
            Map.of("a", 1.0 * minute, "b", 2.0, "c", Double.NaN));
      }
      assertThat(view.status().values()).isLessThanOrEqualTo(SMALL.values() + 400);
    }
    FleetView.Series risky = Objects.requireNonNull(view.series(EntityKind.NODE, "n-7"));
    assertThat(risky.values().timesMillis()).hasSizeGreaterThan(60);
    assertThat(risky.names()).containsExactlyInAnyOrder("a", "b");
    assertThat(risky.heldOnlyNow()).isTrue();
    // Whoever is looked at is held from then on.
    long now = START + 200 * MINUTE;
    assertThat(view.series(EntityKind.NODE, "n-99")).isNotNull();
    view.values("node/n-99", now, Map.of("a", 5.0));
    assertThat(Objects.requireNonNull(view.series(EntityKind.NODE, "n-99")).values().timesMillis())
        .contains(now);
  }

  @Test
  void tellsHowLongNothingCame() {
    FleetView quiet = new FleetView(SMALL, null, nanos::get);
    assertThat(quiet.status().quietMillis()).isNegative();
    quiet.telemetry("node", 1, START);
    nanos.addAndGet(TimeUnit.MINUTES.toNanos(3));
    assertThat(quiet.status().quietMillis()).isEqualTo(3 * MINUTE);
  }

  private List<AnomalyView> open() {
    return view.anomalies(AnomalyQuery.parse(Map.of())).items();
  }

  private FleetView.Detail detail(String id) {
    return Objects.requireNonNull(view.detail(EntityKind.DISK, id));
  }

  private void place(int node) {
    var entry = TestingFleet.entry(0);
    entry.setEntity(new EntityRef(EntityKind.NODE, "n-" + node));
    entry.setNode(null);
    view.fleet("node/n-" + node, entry);
  }

  private static io.forestall.schemas.Risk nodeRisk(String id, double score, Tier tier) {
    var risk = TestingFleet.risk(id, START, 1, score, tier, List.of());
    risk.getEntity().setKind(EntityKind.NODE);
    risk.setNode(null);
    return risk;
  }

  private static AnomalyRecord anomaly(
      String disk, String signal, long since, long time, boolean ended, double score) {
    return new AnomalyRecord(
        new EntityRef(EntityKind.DISK, disk),
        "n-0001",
        START + time * 1000,
        START + since * 1000,
        ended,
        signal,
        0.03,
        0.006,
        0.001,
        score,
        true,
        true,
        "slow");
  }

  private static BaselineRecord baseline(long second, double level) {
    return new BaselineRecord(
        new EntityRef(EntityKind.PAIR, "v@c"),
        "c",
        START + second * 1000,
        second,
        List.of(new SignalBaseline("path_latency_seconds", second, level, 0.1, level, null)));
  }
}
