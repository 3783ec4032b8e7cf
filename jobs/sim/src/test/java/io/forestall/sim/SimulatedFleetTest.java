package io.forestall.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Subject;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SimulatedFleetTest {

  private static final long DAY = 86_400_000L;
  private static final long START = 1_640_995_200_000L; // 2022-01-01
  private static final List<DiskMetric> SIGNS =
      List.of(
          DiskMetric.REALLOCATED_SECTORS,
          DiskMetric.REPORTED_UNCORRECTABLE,
          DiskMetric.COMMAND_TIMEOUTS,
          DiskMetric.PENDING_SECTORS,
          DiskMetric.OFFLINE_UNCORRECTABLE);

  private static SimulatedFleet fleet(long seed, int nodes, double hazardFactor) {
    return new SimulatedFleet(
        new SimulatedFleet.Options(seed, nodes, 45, START, DAY, hazardFactor));
  }

  private static String text(FleetStep step) {
    StringBuilder text = new StringBuilder();
    text.append(step.timeMillis()).append(step.joined()).append(step.left());
    step.scrapes().forEach(scrape -> text.append(scrape.place()).append(scrape.disks()));
    return text.append(step.failures()).toString();
  }

  @Test
  void isTheSameFromTheSameSeedAndAnotherFromAnother() {
    SimulatedFleet one = fleet(1, 4, 50);
    SimulatedFleet same = fleet(1, 4, 50);
    SimulatedFleet other = fleet(2, 4, 50);
    for (int day = 0; day < 60; day++) {
      String text = text(one.next());
      assertThat(text(same.next())).isEqualTo(text);
      assertThat(text(other.next())).isNotEqualTo(text);
    }
  }

  @Test
  void goesOnAfterAGapAsIfThereHadBeenNone() {
    SimulatedFleet whole = fleet(3, 4, 100);
    for (int day = 0; day < 90; day++) {
      whole.next();
    }
    SimulatedFleet late = fleet(3, 4, 100);
    late.skipTo(START + 90 * DAY);
    FleetStep first = late.next();
    FleetStep expected = whole.next();

    assertThat(first.timeMillis()).isEqualTo(START + 90 * DAY);
    assertThat(first.scrapes().toString()).hasSizeGreaterThan(100);
    assertThat(
            text(
                new FleetStep(
                    first.timeMillis(), List.of(), List.of(), first.scrapes(), List.of())))
        .isEqualTo(
            text(
                new FleetStep(
                    expected.timeMillis(), List.of(), List.of(), expected.scrapes(), List.of())));
    // Whoever listens from here on hears of the whole fleet.
    long present = first.scrapes().stream().mapToLong(scrape -> scrape.disks().size()).sum();
    assertThat(first.joined().stream().filter(m -> m.subject().kind() == Subject.Kind.DISK).count())
        .isEqualTo(present);
    assertThat(text(late.next())).isEqualTo(text(whole.next()));
  }

  @Test
  void tellsOfEachDiskWhenItComesFailsAndGoes() {
    SimulatedFleet fleet = fleet(4, 6, 150);
    Set<String> present = new HashSet<>();
    Set<String> failed = new HashSet<>();
    Set<String> names = new HashSet<>();
    for (int day = 0; day < 200; day++) {
      FleetStep step = fleet.next();
      for (FleetMember member : step.joined()) {
        assertThat(member.synthetic()).isTrue();
        assertThat(names.add(member.subject().toString())).as("never the same again").isTrue();
        if (member.subject().kind() == Subject.Kind.DISK) {
          present.add(member.subject().id());
        }
      }
      for (DiskFailure failure : step.failures()) {
        assertThat(present.remove(failure.disk())).isTrue();
        failed.add(failure.disk());
      }
      for (Subject left : step.left()) {
        assertThat(failed.remove(left.id())).isTrue();
      }
      Set<String> sampled = new HashSet<>();
      for (NodeScrape scrape : step.scrapes()) {
        scrape.disks().forEach(disk -> assertThat(sampled.add(disk.disk())).isTrue());
      }
      assertThat(sampled).isEqualTo(present);
    }
    assertThat(names.size()).isGreaterThan(6 + 6 * 45 + 10);
  }

  @Test
  void failsAndAnnouncesAsPublishedStatisticsSay() {
    SimulatedFleet fleet = fleet(5, 200, 1);
    Map<String, DiskSample> previous = new HashMap<>();
    Map<String, DiskSample> monthBefore = new HashMap<>();
    Map<String, DiskSample> month = new HashMap<>();
    int failures = 0;
    int announced = 0;
    int days = 730;
    for (int day = 0; day < days; day++) {
      FleetStep step = fleet.next();
      for (DiskFailure failure : step.failures()) {
        failures++;
        DiskSample last = previous.get(failure.disk());
        DiskSample before = monthBefore.get(failure.disk());
        if (last != null && before != null && grew(before, last)) {
          announced++;
        }
      }
      previous.clear();
      step.scrapes()
          .forEach(scrape -> scrape.disks().forEach(disk -> previous.put(disk.disk(), disk)));
      if (day % 70 == 0) {
        monthBefore = month;
        month = new HashMap<>(previous);
      }
    }
    double yearlyRate = failures / (200 * 45.0) / (days / 365.25);
    assertThat(yearlyRate).isBetween(0.015, 0.05);
    // Those that failed soon after the first look cannot be seen to have grown.
    assertThat(announced / (double) failures).isBetween(0.55, 0.78);

    long scarred =
        previous.values().stream()
            .filter(sample -> SIGNS.stream().anyMatch(metric -> sample.value(metric) > 0))
            .count();
    assertThat(scarred / (double) previous.size()).isBetween(0.04, 0.11);
    assertThat(previous.values())
        .allSatisfy(
            sample -> {
              assertThat(sample.value(DiskMetric.TEMPERATURE)).isBetween(15.0, 50.0);
              assertThat(sample.value(DiskMetric.POWER_ON_HOURS)).isNotNegative();
            });
  }

  private static boolean grew(DiskSample before, DiskSample after) {
    return SIGNS.stream().anyMatch(metric -> after.value(metric) > before.value(metric));
  }

  @Test
  void aSlowerStepShowsTheSameFleet() {
    SimulatedFleet daily = fleet(6, 2, 60);
    SimulatedFleet hourly =
        new SimulatedFleet(new SimulatedFleet.Options(6, 2, 45, START, DAY / 24, 60));
    FleetStep day = daily.next();
    FleetStep hour = hourly.next();
    assertThat(text(hour)).isEqualTo(text(day));
    for (int i = 0; i < 23; i++) {
      hourly.next();
    }
    assertThat(hourly.next().timeMillis()).isEqualTo(daily.next().timeMillis());
  }
}
