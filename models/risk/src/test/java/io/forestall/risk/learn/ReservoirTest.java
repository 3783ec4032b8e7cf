package io.forestall.risk.learn;

import static io.forestall.risk.learn.TestingLogs.log;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReservoirTest {

  private static final Reservoir.Bounds SMALL = new Reservoir.Bounds(10, 20, 5, 8, 0.3);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void boundedAndTheSameInAnyOrder(long seed) {
    List<DriveLog> logs = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      logs.add(log("D" + i, 100, 110, i % 4 == 0 ? 111 + i : DriveLog.NEVER));
    }
    Set<String> one = fill(logs);
    Collections.shuffle(logs, new Random(seed));
    assertThat(fill(logs)).as("seed %d", seed).isEqualTo(one);
  }

  private static Set<String> fill(List<DriveLog> logs) {
    Set<String> gone = new HashSet<>();
    Reservoir reservoir = new Reservoir(SMALL, gone::add);
    for (DriveLog log : logs) {
      reservoir.put(log);
      assertThat(counts(reservoir, false, true)).isLessThanOrEqualTo(10);
      assertThat(counts(reservoir, false, false)).isLessThanOrEqualTo(20);
      assertThat(counts(reservoir, true, true)).isLessThanOrEqualTo(5);
      assertThat(counts(reservoir, true, false)).isLessThanOrEqualTo(8);
    }
    assertThat(reservoir.size()).isEqualTo(43);
    assertThat(reservoir.heapBytes())
        .isEqualTo(reservoir.disks().stream().mapToLong(DriveLog::heapBytes).sum());
    Set<String> kept =
        reservoir.disks().stream()
            .map(DriveLog::serial)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(kept).doesNotContainAnyElementsOf(gone);
    return kept;
  }

  private static long counts(Reservoir reservoir, boolean heldOut, boolean failing) {
    return reservoir.disks().stream()
        .filter(log -> reservoir.isHeldOut(log.serial()) == heldOut)
        .filter(log -> (log.failureDay() != DriveLog.NEVER) == failing)
        .count();
  }

  @Test
  void theNewestFailuresReplaceTheOldest() {
    Reservoir reservoir = new Reservoir(new Reservoir.Bounds(3, 1, 3, 1, 0.5), gone -> {});
    for (int i = 0; i < 40; i++) {
      reservoir.put(log("D" + i, 100, 110, 111 + i));
    }
    List<Integer> days =
        reservoir.disks().stream()
            .filter(log -> !reservoir.isHeldOut(log.serial()))
            .map(DriveLog::failureDay)
            .toList();
    List<Integer> newest = new ArrayList<>();
    for (int i = 39; newest.size() < 3; i--) {
      if (!reservoir.isHeldOut("D" + i)) {
        newest.add(111 + i);
      }
    }
    assertThat(days).containsExactlyInAnyOrderElementsOf(newest);
  }

  @Test
  void aDiskIsInItOnceAndMovesWhenItFails() {
    Reservoir reservoir = new Reservoir(SMALL, gone -> {});
    reservoir.put(log("D", 100, 110, DriveLog.NEVER));
    reservoir.put(log("D", 100, 120, DriveLog.NEVER));
    reservoir.put(log("D", 100, 120, 121));
    assertThat(reservoir.size()).isEqualTo(1);
    assertThat(reservoir.disks().iterator().next().failureDay()).isEqualTo(121);
    reservoir.expire(121);
    assertThat(reservoir.size()).isZero();
    assertThat(reservoir.heapBytes()).isZero();
  }

  @Test
  void theShareThatJudgesIsAboutWhatWasAskedFor() {
    long heldOut = 0;
    for (int i = 0; i < 10_000; i++) {
      heldOut += SerialHash.heldOut("ZA" + 1_000_000 + i, 0.3) ? 1 : 0;
    }
    assertThat(heldOut).isBetween(2_850L, 3_150L);
  }
}
