package io.forestall.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SimulatedWorldTest {

  private static final long STEP = 15_000L;
  private static final long HOUR = 3_600_000L;
  private static final long DAY = 24 * HOUR;
  private static final long START = 1_640_995_200_000L; // 2022-01-01

  private static SimulatedWorld world(long seed, int nodes, long startMillis) {
    return new SimulatedWorld(
        new SimulatedFleet(new SimulatedFleet.Options(seed, nodes, 6, startMillis, DAY, 0)),
        FleetTelemetry.Options.forNodes(seed, nodes));
  }

  private static String text(WorldStep step) {
    StringBuilder text = new StringBuilder();
    text.append(step.timeMillis()).append(step.joined()).append(step.left());
    for (PublishedScrape scrape : step.scrapes()) {
      text.append(scrape.scrape().place()).append(scrape.copies()).append(scrape.metricPrefix());
      text.append(scrape.scrape().disks());
      scrape.scrape().others().forEach(sample -> text.append(text(sample)));
    }
    return text.append(step.failures()).toString();
  }

  private static String text(EntitySample sample) {
    StringBuilder text = new StringBuilder(sample.entity()).append('@').append(sample.timeMillis());
    for (FleetMetric metric : FleetMetric.values()) {
      text.append(' ').append(sample.value(metric));
    }
    return text.toString();
  }

  private static Map<String, EntitySample> byEntity(WorldStep step) {
    Map<String, EntitySample> samples = new LinkedHashMap<>();
    for (PublishedScrape scrape : step.scrapes()) {
      for (EntitySample sample : scrape.scrape().others()) {
        assertThat(samples.put(sample.entity(), sample)).as("one sample an entity").isNull();
      }
    }
    return samples;
  }

  private static <T> T known(Map<String, T> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  @Test
  void isTheSameFromTheSameSeedAndAnotherFromAnother() {
    SimulatedWorld one = world(1, 10, START);
    SimulatedWorld same = world(1, 10, START);
    SimulatedWorld other = world(2, 10, START);
    for (int i = 0; i < 20; i++) {
      String text = text(one.step(START + i * STEP, i % 4 == 0));
      assertThat(text(same.step(START + i * STEP, i % 4 == 0))).isEqualTo(text);
      assertThat(text(other.step(START + i * STEP, i % 4 == 0))).isNotEqualTo(text);
    }
    assertThatThrownBy(() -> one.step(START, false)).hasMessageContaining("only goes on");
  }

  @Test
  void aSpanThatWasPassedOverChangesNoRate() {
    SimulatedWorld whole = world(3, 6, START);
    whole.step(START, false);
    long from = START + 6 * HOUR;
    Fault fault =
        new Fault("f", FaultKind.CRASH_LOOP, "node/n-0002", from - 600_000, from + HOUR, 0.7);
    whole.telemetry().plant(fault);
    for (long t = START + 60_000; t < from; t += 60_000) {
      whole.step(t, false);
    }
    SimulatedWorld late = world(3, 6, START);
    late.telemetry().plant(fault);
    Map<String, EntitySample> wholeBefore = byEntity(whole.step(from, false));
    Map<String, EntitySample> lateBefore = byEntity(late.step(from, false));
    for (int i = 1; i <= 40; i++) {
      Map<String, EntitySample> wholeNow = byEntity(whole.step(from + i * STEP, false));
      Map<String, EntitySample> lateNow = byEntity(late.step(from + i * STEP, false));
      assertThat(lateNow.keySet()).isEqualTo(wholeNow.keySet());
      for (Map.Entry<String, EntitySample> entry : wholeNow.entrySet()) {
        for (FleetMetric metric : FleetMetric.values()) {
          double expected = entry.getValue().value(metric);
          double found = known(lateNow, entry.getKey()).value(metric);
          if (metric.counter()) {
            expected -= known(wholeBefore, entry.getKey()).value(metric);
            found -= known(lateBefore, entry.getKey()).value(metric);
            if (expected < 0) {
              assertThat(known(lateNow, entry.getKey()).value(metric))
                  .as("both began anew")
                  .isEqualTo(entry.getValue().value(metric));
              continue;
            }
          }
          if (!Double.isNaN(expected)) {
            assertThat(found)
                .as("%s %s", entry.getKey(), metric)
                .isCloseTo(
                    expected,
                    org.assertj.core.data.Offset.offset(1e-6 * Math.max(1, Math.abs(expected))));
          }
        }
      }
      wholeBefore = wholeNow;
      lateBefore = lateNow;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void aHealthyFleetReportsWhatCanBe(long seed) {
    SimulatedWorld world = world(seed, 12, START);
    Map<String, EntitySample> before = new HashMap<>();
    Map<String, FleetMember> members = new HashMap<>();
    Set<FleetMetric> seen = EnumSet.noneOf(FleetMetric.class);
    int restarts = 0;
    for (int i = 0; i < 3 * 1440; i++) {
      WorldStep step = world.step(START + i * 60_000L, false);
      step.joined().forEach(member -> members.put(member.subject().toString(), member));
      Map<String, EntitySample> now = byEntity(step);
      for (EntitySample sample : now.values()) {
        if (sample.scope() != Scope.PATH) {
          assertThat(members).as("entries come first").containsKey(sample.entity());
        }
        EntitySample old = before.get(sample.entity());
        boolean anew = false;
        if (sample.scope() == Scope.MACHINE && old != null) {
          anew =
              old.value(FleetMetric.START_TIME_SECONDS)
                  != sample.value(FleetMetric.START_TIME_SECONDS);
          restarts += anew ? 1 : 0;
        }
        for (FleetMetric metric : FleetMetric.values()) {
          double value = sample.value(metric);
          if (Double.isNaN(value)) {
            continue;
          }
          assertThat(metric.scope()).isEqualTo(sample.scope());
          seen.add(metric);
          assertThat(Double.isFinite(value)).isTrue();
          if (metric != FleetMetric.CLOCK_OFFSET_SECONDS) {
            assertThat(value).as("%s of %s", metric, sample.entity()).isNotNegative();
          }
          if (metric.counter() && old != null && sample.scope() == Scope.MACHINE && !anew) {
            assertThat(value)
                .as("%s of %s, seed %d", metric, sample.entity(), seed)
                .isGreaterThanOrEqualTo(old.value(metric));
          }
        }
        if (sample.scope() == Scope.MACHINE) {
          double total = sample.value(FleetMetric.MEMORY_TOTAL_BYTES);
          assertThat(sample.value(FleetMetric.MEMORY_AVAILABLE_BYTES) / total).isBetween(0.1, 0.8);
        }
        if (sample.scope() == Scope.DRIVE && old != null) {
          double operations =
              sample.value(FleetMetric.DISK_READS) - old.value(FleetMetric.DISK_READS);
          double seconds =
              sample.value(FleetMetric.DISK_READ_SECONDS)
                  - old.value(FleetMetric.DISK_READ_SECONDS);
          if (operations >= 0) {
            assertThat(seconds / operations).isBetween(0.003, 1.0);
          }
        }
        if (sample.scope() == Scope.PATH) {
          assertThat(sample.value(FleetMetric.PATH_LATENCY_SECONDS)).isPositive();
          assertThat(sample.value(FleetMetric.PATH_LATENCY_P99_SECONDS))
              .isGreaterThan(sample.value(FleetMetric.PATH_LATENCY_SECONDS));
        }
      }
      before.putAll(now);
    }
    assertThat(restarts).as("planned reboots and upgrades happen").isBetween(1, 30);
    assertThat(EnumSet.complementOf(EnumSet.copyOf(seen)))
        .as("every metric but these is reported")
        .isEmpty();
  }

  @Test
  void latencyRisesWithLoadLikeAQueue() {
    SimulatedWorld world = world(21, 8, START);
    Map<String, EntitySample> before = new HashMap<>();
    Map<String, double[]> lowest = new HashMap<>();
    Map<String, double[]> highest = new HashMap<>();
    for (int i = 0; i < 1440; i++) {
      for (EntitySample sample : byEntity(world.step(START + i * 60_000L, false)).values()) {
        EntitySample old = before.put(sample.entity(), sample);
        if (sample.scope() == Scope.DRIVE && old != null) {
          double reads = sample.value(FleetMetric.DISK_READS) - old.value(FleetMetric.DISK_READS);
          double latency =
              (sample.value(FleetMetric.DISK_READ_SECONDS)
                      - old.value(FleetMetric.DISK_READ_SECONDS))
                  / reads;
          if (reads > 0) {
            lowest.merge(
                sample.entity(), new double[] {reads, latency}, (a, b) -> a[0] < b[0] ? a : b);
            highest.merge(
                sample.entity(), new double[] {reads, latency}, (a, b) -> a[0] > b[0] ? a : b);
          }
        }
      }
    }
    assertThat(lowest).hasSize(48);
    lowest.forEach(
        (disk, low) -> assertThat(known(highest, disk)[1]).as(disk).isGreaterThan(1.15 * low[1]));
  }

  private static String target(FaultKind kind, SimulatedWorld world) {
    return switch (kind) {
      case SLOW_DISK, DYING_DISK ->
          world.telemetry().targets().stream()
              .filter(target -> target.startsWith("disk/"))
              .findFirst()
              .orElseThrow();
      case FLAPPING_LINK -> "edge/n-0003>n-0004";
      case MEMORY_LEAK -> "processor/p-2";
      default -> "node/n-0003";
    };
  }

  /** Two worlds alike but for the fault: every difference belongs to it. */
  @ParameterizedTest
  @EnumSource(FaultKind.class)
  void aFaultShowsInItsMetricsAndNowhereElse(FaultKind kind) {
    SimulatedWorld healthy = world(31, 16, START);
    SimulatedWorld ill = world(31, 16, START);
    healthy.step(START, true);
    ill.step(START, true);
    long from = START + 10 * HOUR;
    Fault fault = new Fault("f-1", kind, target(kind, ill), from, from + HOUR, 0.8);
    ill.telemetry().plant(fault);
    Set<String> touched = ill.telemetry().touched(fault);
    assertThat(touched).contains(fault.target());

    Set<String> differing = new HashSet<>();
    Map<String, Set<FleetMetric>> metrics = new HashMap<>();
    int silent = 0;
    int copies = 0;
    int renamed = 0;
    double smartGrown = 0;
    long ahead = 0;
    for (long t = from - 60_000; t < from + HOUR; t += 30_000) {
      WorldStep good = healthy.step(t, true);
      WorldStep bad = ill.step(t, true);
      Map<String, EntitySample> goodSamples = byEntity(good);
      Map<String, EntitySample> badSamples = byEntity(bad);
      for (String entity : goodSamples.keySet()) {
        EntitySample badSample = badSamples.get(entity);
        if (badSample == null) {
          differing.add(entity);
          silent++;
        } else if (!text(badSample).equals(text(known(goodSamples, entity)))) {
          differing.add(entity);
          ahead = Math.max(ahead, badSample.timeMillis() - t);
          for (FleetMetric metric : FleetMetric.values()) {
            if (badSample.has(metric)
                && badSample.value(metric) != known(goodSamples, entity).value(metric)) {
              metrics.computeIfAbsent(entity, e -> EnumSet.noneOf(FleetMetric.class)).add(metric);
            }
          }
        }
      }
      if (t < from) {
        assertThat(differing).as("nothing before it begins").isEmpty();
      }
      for (PublishedScrape scrape : bad.scrapes()) {
        copies += scrape.copies() - 1;
        renamed += scrape.renamed() ? 1 : 0;
      }
      Map<String, DiskSample> goodSmart = smart(good);
      Map<String, DiskSample> badSmart = smart(bad);
      for (Map.Entry<String, DiskSample> entry : badSmart.entrySet()) {
        double grown =
            entry.getValue().value(DiskMetric.REALLOCATED_SECTORS)
                - known(goodSmart, entry.getKey()).value(DiskMetric.REALLOCATED_SECTORS);
        if (grown != 0) {
          assertThat("disk/" + entry.getKey()).isEqualTo(fault.target());
          assertThat(kind).isEqualTo(FaultKind.DYING_DISK);
          smartGrown = Math.max(smartGrown, grown);
        }
      }
    }
    assertThat(touched).containsAll(differing);
    Set<FleetMetric> own = metrics.getOrDefault(fault.target(), Set.of());
    switch (kind) {
      case SLOW_DISK -> assertThat(own).contains(FleetMetric.DISK_READ_SECONDS);
      case DYING_DISK -> {
        assertThat(own).contains(FleetMetric.DISK_IO_ERRORS, FleetMetric.DISK_READ_SECONDS);
        assertThat(smartGrown).isGreaterThan(20);
      }
      case DYING_NIC -> {
        assertThat(own)
            .contains(
                FleetMetric.NETWORK_ERRORS,
                FleetMetric.NETWORK_DROPS,
                FleetMetric.TCP_RETRANSMITTED_SEGMENTS,
                FleetMetric.REQUESTS_FAILED)
            .doesNotContain(FleetMetric.PROCESS_RESIDENT_BYTES);
        List<String> edges = touched.stream().filter(entity -> entity.startsWith("edge/")).toList();
        assertThat(edges).hasSizeGreaterThan(4);
        edges.forEach(edge -> assertThat(metrics.get(edge)).contains(FleetMetric.PATH_LOSS_RATIO));
      }
      case MEMORY_LEAK ->
          assertThat(own)
              .contains(FleetMetric.PROCESS_RESIDENT_BYTES, FleetMetric.MEMORY_AVAILABLE_BYTES)
              .doesNotContain(FleetMetric.NETWORK_ERRORS);
      case FLAPPING_LINK -> {
        assertThat(own).contains(FleetMetric.PATH_LOSS_RATIO, FleetMetric.PATH_ERRORS);
        assertThat(differing).hasSize(3);
        assertThat(metrics.get("node/n-0003"))
            .containsExactly(FleetMetric.TCP_RETRANSMITTED_SEGMENTS);
      }
      case CRASH_LOOP ->
          assertThat(own).contains(FleetMetric.START_TIME_SECONDS, FleetMetric.ERROR_LOG_LINES);
      case SILENT_NODE -> {
        assertThat(metrics).isEmpty();
        assertThat(differing).isEqualTo(touched);
      }
      case HALF_SILENT -> {
        assertThat(metrics).isEmpty();
        Set<String> hidden = new HashSet<>();
        ill.telemetry().hiddenDisks(fault).forEach(disk -> hidden.add("disk/" + disk));
        assertThat(differing).isEqualTo(hidden);
        assertThat(hidden).hasSizeBetween(1, 6);
      }
      case CLOCK_JUMP -> {
        assertThat(ahead).isEqualTo(fault.clockJumpMillis());
        assertThat(own).contains(FleetMetric.CLOCK_OFFSET_SECONDS);
      }
      case DUPLICATE_FRAMES -> assertThat(differing).isEmpty();
      case RENAMED_EXPORTER -> assertThat(differing).isEmpty();
    }
    assertThat(silent > 0)
        .isEqualTo(kind == FaultKind.SILENT_NODE || kind == FaultKind.HALF_SILENT);
    assertThat(copies).isEqualTo(kind == FaultKind.DUPLICATE_FRAMES ? 120 : 0);
    assertThat(renamed).isEqualTo(kind == FaultKind.RENAMED_EXPORTER ? 120 : 0);
  }

  private static Map<String, DiskSample> smart(WorldStep step) {
    Map<String, DiskSample> samples = new HashMap<>();
    for (PublishedScrape scrape : step.scrapes()) {
      scrape.scrape().disks().forEach(disk -> samples.put(disk.disk(), disk));
    }
    return samples;
  }

  @Test
  void anUplinkBreaksWhatCrossesTheRackAndNothingWithin() {
    SimulatedWorld world = world(41, 24, START);
    world.step(START, false);
    Fault fault = new Fault("u", FaultKind.FLAPPING_LINK, "rack/r-01", START, START + HOUR, 1);
    world.telemetry().plant(fault);
    Set<String> touched = world.telemetry().touched(fault);
    assertThat(touched).contains("edge/n-0001>n-0009").doesNotContain("edge/n-0001>n-0002");
    double crossing = 0;
    for (int i = 1; i < 60; i++) {
      Map<String, EntitySample> now = byEntity(world.step(START + i * STEP, false));
      crossing += known(now, "edge/n-0001>n-0009").value(FleetMetric.PATH_LOSS_RATIO);
      assertThat(known(now, "edge/n-0001>n-0002").value(FleetMetric.PATH_LOSS_RATIO))
          .isLessThan(0.05);
    }
    assertThat(crossing).isGreaterThan(5);
  }

  @Test
  void aClearedFaultIsOverAndItsLabelStays() {
    SimulatedWorld world = world(51, 4, START);
    world.step(START, false);
    world
        .telemetry()
        .plant(new Fault("s", FaultKind.SILENT_NODE, "node/n-0002", START, START + DAY, 1));
    assertThat(byEntity(world.step(START + STEP, false))).doesNotContainKey("node/n-0002");
    world.telemetry().clear("s", START + 2 * STEP);
    world.telemetry().clear("unknown", START);
    assertThat(byEntity(world.step(START + 2 * STEP, false))).containsKey("node/n-0002");
    assertThat(new ArrayList<>(world.faults()).get(0).endMillis()).isEqualTo(START + 2 * STEP);
  }

  @Test
  void whatCannotBefallAThingIsRefused() {
    assertThatThrownBy(() -> new Fault("a", FaultKind.SLOW_DISK, "node/n-0001", 0, 1, 1))
        .hasMessageContaining("slow-disk befalls disk");
    assertThatThrownBy(() -> new Fault("a", FaultKind.SLOW_DISK, "disk/X", 0, 1, 0))
        .hasMessageContaining("severity");
    assertThatThrownBy(() -> new Fault("a", FaultKind.SLOW_DISK, "disk/X", 2, 1, 1))
        .hasMessageContaining("ends before");
    SimulatedWorld world = world(61, 2, START);
    assertThatThrownBy(
            () ->
                world
                    .telemetry()
                    .plant(new Fault("a", FaultKind.SILENT_NODE, "node/n-0099", 0, 1, 1)))
        .hasMessageContaining("no node/n-0099");
    assertThat(FaultKind.of("dying-nic")).isEqualTo(FaultKind.DYING_NIC);
    assertThat(FaultKind.of("nothing")).isNull();
  }

  @Test
  void disksComeAndGoWithTheirNodes() {
    SimulatedWorld world =
        new SimulatedWorld(
            new SimulatedFleet(new SimulatedFleet.Options(71, 4, 20, START, DAY, 300)),
            FleetTelemetry.Options.forNodes(71, 4));
    int failures = 0;
    for (int day = 0; day < 40; day++) {
      WorldStep history = world.nextDay();
      failures += history.failures().size();
      Map<String, EntitySample> drives = byEntity(world.step(START + day * DAY + HOUR, false));
      Set<String> smart = smart(history).keySet();
      Set<String> reported = new HashSet<>();
      drives.keySet().stream()
          .filter(entity -> entity.startsWith("disk/"))
          .forEach(entity -> reported.add(entity.substring(5)));
      // A node that is silent for a planned reboot says nothing of its drives either.
      assertThat(smart).containsAll(reported);
      if (drives.keySet().stream().filter(entity -> entity.startsWith("node/")).count() == 4) {
        assertThat(reported).isEqualTo(smart);
      }
    }
    assertThat(failures).isGreaterThan(3);
    assertThat(Subject.disk("x").toString()).isEqualTo("disk/x");
  }
}
