package io.forestall.risk.learn;

import static io.forestall.risk.learn.TestingLogs.WIDE;
import static io.forestall.risk.learn.TestingLogs.log;
import static io.forestall.risk.learn.TestingLogs.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.learn.DriveLog.Taken;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DriveLogTest {

  private static final int PENDING = DiskMetric.PENDING_SECTORS.ordinal();
  private static final int HOURS = DiskMetric.POWER_ON_HOURS.ordinal();

  @Test
  void aRowIsKeptWhenACounterChangesAndOnceAWeekForTheRest() {
    DriveLog log = new DriveLog("D");
    for (int day = 100; day < 130; day++) {
      double[] values = values(day < 117 ? 0 : 4, 24.0 * day);
      values[DiskMetric.TEMPERATURE.ordinal()] = day;
      log.take(day, "M", values, day, WIDE);
    }
    assertThat(rowDays(log)).containsExactly(100, 107, 114, 117, 124);
    assertThat(log.values(116)[PENDING]).isZero();
    assertThat(log.values(117)[PENDING]).isEqualTo(4);
    assertThat(log.values(119)[HOURS]).as("counted on").isEqualTo(24.0 * 119);
  }

  @Test
  void whatNeverChangesIsOneRow() {
    assertThat(log("D", 100, 400, DriveLog.NEVER).rowCount()).isEqualTo(1);
  }

  @Test
  void lateAndRepeatedSamples() {
    DriveLog log = log("D", 100, 110, DriveLog.NEVER);
    assertThat(log.take(110, "M", values(0, 0), 110, WIDE)).isEqualTo(Taken.SAME_DAY);
    assertThat(log.take(105, "M", values(9, 0), 110, WIDE)).isEqualTo(Taken.LATE);
    assertThat(log.values(105)[PENDING]).isZero();
    assertThat(log.days()).hasSize(11);
  }

  @Test
  void aClockThatWasAheadIsTakenBack() {
    DriveLog log = log("D", 100, 110, DriveLog.NEVER);
    assertThat(log.take(475, "M", values(7, 0), 110, WIDE)).isEqualTo(Taken.DAY);
    assertThat(log.take(111, "M", values(1, 24.0 * 111), 110, WIDE)).isEqualTo(Taken.TOOK_BACK);
    assertThat(log.lastDay()).isEqualTo(111);
    assertThat(log.values(111)[PENDING]).isEqualTo(1);
    assertThat(log.days()).doesNotContain(475);
  }

  @Test
  void gapsStayGaps() {
    DriveLog log = new DriveLog("D");
    for (int day : new int[] {100, 101, 140, 300}) {
      log.take(day, "M", values(0, 0), day, WIDE);
    }
    assertThat(log.days()).containsExactly(100, 101, 140, 300);
    assertThat(log.isSeen(139)).isFalse();
    assertThat(log.isSeen(99)).isFalse();
  }

  @Test
  void aFailureMayComeBeforeTheLastSamples() {
    DriveLog log = new DriveLog("D");
    assertThat(log.fail(110)).isEqualTo(Taken.FAILED);
    assertThat(log.isEmpty()).isTrue();
    for (int day = 100; day < 110; day++) {
      assertThat(log.take(day, "M", values(0, 0), day, WIDE)).isEqualTo(Taken.DAY);
    }
    assertThat(log.take(110, "M", values(0, 0), 110, WIDE)).isEqualTo(Taken.AFTER_FAILURE);
    assertThat(log.lastDay()).isEqualTo(109);
    assertThat(log.label(109, 30)).isEqualTo(Label.FAILS);
    assertThat(log.fail(110)).isEqualTo(Taken.KNOWN);
  }

  @Test
  void samplesFromTheDayOfFailureOnAreNoPart() {
    DriveLog log = log("D", 100, 112, DriveLog.NEVER);
    assertThat(log.fail(110)).isEqualTo(Taken.FAILED);
    assertThat(log.days()).hasSize(10);
    assertThat(log.lastDay()).isEqualTo(109);
  }

  @ParameterizedTest
  @CsvSource({"106, CONTRADICTED", "107, FAILED", "99, CONTRADICTED", "110, FAILED", "200, FAILED"})
  void aFailureThatTheSamplesContradictIsNotBelieved(int day, Taken expected) {
    DriveLog log = log("D", 100, 110, DriveLog.NEVER);
    assertThat(log.fail(day)).isEqualTo(expected);
    assertThat(log.failureDay()).isEqualTo(expected == Taken.FAILED ? day : DriveLog.NEVER);
  }

  @Test
  void aDiskThatComesBackBeginsAnew() {
    DriveLog log = log("D", 100, 109, 110);
    assertThat(log.take(113, "M", values(0, 0), 113, WIDE)).isEqualTo(Taken.AFTER_FAILURE);
    assertThat(log.take(114, "M", values(3, 0), 114, WIDE)).isEqualTo(Taken.CAME_BACK);
    assertThat(log.failureDay()).isEqualTo(DriveLog.NEVER);
    assertThat(log.days()).containsExactly(114);
    assertThat(log.values(114)[PENDING]).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource({
    "100, 2147483647, SURVIVES",
    "170, 2147483647, SURVIVES",
    "171, 2147483647, UNKNOWN",
    "100, 201, SURVIVES",
    "170, 201, SURVIVES",
    "171, 201, FAILS",
    "200, 201, FAILS",
    "201, 201, UNKNOWN"
  })
  void labels(int day, int failureDay, Label expected) {
    assertThat(log("D", 100, 200, failureDay).label(day, 30)).isEqualTo(expected);
  }

  @Test
  void memoryIsBounded() {
    DriveLog.Bounds bounds = new DriveLog.Bounds(60, 10);
    DriveLog log = new DriveLog("D");
    for (int day = 0; day < 5_000; day++) {
      log.take(day, "M", values(day < 4_000 ? day : 4_000, 0), day, bounds);
      assertThat(log.rowCount()).isLessThanOrEqualTo(10);
      assertThat(log.lastDay() - log.firstDay()).isLessThan(60 + 64);
    }
    assertThat(log.days().length).isGreaterThanOrEqualTo(60);
    assertThat(log.values(log.firstDay())[PENDING]).isEqualTo(4_000);
    assertThatThrownBy(() -> new DriveLog.Bounds(29, 10))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /**
   * Worlds in which disks report, are silent, repeat themselves, fail, leave, and tell all of it
   * late or early: whatever is known at a day never says anything of a later one, and no label is
   * ever against what truly happened.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void nothingIsKnownBeforeItsDayAndNoLabelIsEverWrong(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    int examples = 0;
    int failures = 0;
    for (int disk = 0; disk < 100; disk++) {
      int first = 50 + random.nextInt(100);
      int failureDay = random.nextInt(3) == 0 ? first + 1 + random.nextInt(300) : DriveLog.NEVER;
      int last =
          failureDay == DriveLog.NEVER
              ? first + random.nextInt(300)
              : failureDay - 1 - (random.nextInt(4) == 0 ? random.nextInt(5) : 0);
      int toldDay =
          failureDay == DriveLog.NEVER ? DriveLog.NEVER : failureDay + random.nextInt(-20, 20);
      DriveLog log = new DriveLog("D" + disk);
      TreeMap<Integer, Double> truth = new TreeMap<>();
      double pending = 0;
      for (int day = first; day <= last + 40; day++) {
        if (day == toldDay) {
          log.fail(failureDay);
        }
        boolean reports = day <= last && random.nextInt(10) > 0;
        if (reports) {
          pending += random.nextInt(8) == 0 ? 1 + random.nextInt(5) : 0;
          truth.put(day, pending);
          log.take(day, "M", values(pending, 24.0 * day), day, WIDE);
          if (random.nextInt(5) == 0) {
            log.take(day, "M", values(pending, 24.0 * day), day, WIDE);
          }
          if (random.nextInt(20) == 0) {
            log.take(day - 3, "M", values(999, 0), day, WIDE);
          }
        }
      }
      log = through(log);
      for (int known = first; known <= last + 40; known += 1 + random.nextInt(30)) {
        DriveLog then = log.cut(known);
        if (then == null) {
          assertThat(truth.headMap(known, true)).as("seed %d disk %d", seed, disk).isEmpty();
          continue;
        }
        assertThat(then.lastDay()).as("seed %d disk %d", seed, disk).isLessThanOrEqualTo(known);
        assertThat(then.failureDay() == DriveLog.NEVER || then.failureDay() <= known)
            .as("seed %d disk %d", seed, disk)
            .isTrue();
        assertThat(then.days())
            .as("seed %d disk %d", seed, disk)
            .containsExactly(
                truth.headMap(known, true).keySet().stream().mapToInt(day -> day).toArray());
        for (int day : then.days()) {
          assertThat(then.values(day)[PENDING])
              .as("seed %d disk %d day %d known %d", seed, disk, day, known)
              .isEqualTo(Objects.requireNonNull(truth.get(day)));
          Label label = then.label(day, 30);
          boolean fails = failureDay != DriveLog.NEVER && failureDay - day <= 30;
          if (label != Label.UNKNOWN) {
            examples++;
            failures += fails ? 1 : 0;
            assertThat(label)
                .as("seed %d disk %d day %d known %d", seed, disk, day, known)
                .isEqualTo(fails ? Label.FAILS : Label.SURVIVES);
            assertThat(label == Label.FAILS || day + 30 <= known).isTrue();
          }
        }
      }
    }
    assertThat(examples).as("seed %d", seed).isGreaterThan(1_000);
    assertThat(failures).as("seed %d", seed).isGreaterThan(100);
  }

  @Test
  void bytesAreTheSameHistory() throws IOException {
    DriveLog log = log("D-7", 100, 150, DriveLog.NEVER);
    log.take(160, "M", values(5, Double.NaN), 160, WIDE);
    log.fail(170);
    log.tellFailure();
    log.leave();
    DriveLog back = through(log);
    assertThat(back.toString()).isEqualTo(log.toString());
    assertThat(back.days()).containsExactly(log.days());
    assertThat(back.values(160)).containsExactly(log.values(160));
    assertThat(back.model()).isEqualTo("M");
    assertThat(back.left()).isTrue();
    assertThat(back.failureTold()).isTrue();
    byte[] bytes = bytes(log);
    bytes[0] = 9;
    assertThatThrownBy(() -> DriveLog.read(new DataInputStream(new ByteArrayInputStream(bytes))))
        .hasMessageContaining("format 9 is unknown");
  }

  @Test
  void aYearOfAQuietDiskIsSmall() throws IOException {
    assertThat(bytes(log("ZA1234567", 0, 399, DriveLog.NEVER)).length).isLessThan(200);
  }

  private static Map<Integer, Integer> days(DriveLog log) {
    Map<Integer, Integer> days = new TreeMap<>();
    for (int row = 0; row < log.rowCount(); row++) {
      days.put(log.rowDay(row), row);
    }
    return days;
  }

  private static Integer[] rowDays(DriveLog log) {
    return days(log).keySet().toArray(new Integer[0]);
  }

  private static byte[] bytes(DriveLog log) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    log.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static DriveLog through(DriveLog log) throws IOException {
    return DriveLog.read(new DataInputStream(new ByteArrayInputStream(bytes(log))));
  }
}
