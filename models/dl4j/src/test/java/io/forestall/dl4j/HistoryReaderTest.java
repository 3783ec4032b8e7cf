package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.dl4j.DriveHistory.Label;
import io.forestall.risk.DiskMetric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryReaderTest {
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  private Path folder;

  private static int day(String date) {
    return (int) LocalDate.parse(date).toEpochDay();
  }

  private static double value(DriveHistory drive, int day, DiskMetric metric) {
    double[] values = new double[DiskMetric.COUNT];
    drive.values(drive.indexAtOrAfter(day), values);
    return values[metric.ordinal()];
  }

  private DriveHistory changeLogExample() throws IOException, TrainingException {
    TestingFleet.gzip(
        folder.resolve("drives.csv.gz"),
        """
        serial_number,model,first_date,last_date,days,first_hours,last_hours,failed,end
        W1,MODEL X,2021-06-09,2021-10-22,136,100,9999,1,failed
        """);
    // Out of order on purpose, and two changes on one day.
    Files.writeString(
        folder.resolve("changes.csv"),
        """
        serial_number,date_est,tstart,tstop,smart_5,smart_197,smart_187
        W1,2021-10-09,3050,3080,0,24,
        W1,2021-10-09,3031,3050,0,16,
        W1,2021-06-09,100,3031,0,0,
        """);
    return HistoryReader.read(folder, TrainingProgress.silent()).drives().get(0);
  }

  @Test
  void aChangeLogGivesASampleADayWithWhatWasKnownOnThatDay() throws Exception {
    DriveHistory drive = changeLogExample();
    assertThat(drive.samples()).as("the failure day gives no sample").isEqualTo(135);
    assertThat(drive.day(0)).isEqualTo(day("2021-06-09"));
    assertThat(drive.lastDay()).isEqualTo(day("2021-10-21"));
    assertThat(value(drive, day("2021-10-08"), DiskMetric.PENDING_SECTORS)).isZero();
    assertThat(value(drive, day("2021-10-09"), DiskMetric.PENDING_SECTORS)).isEqualTo(24);
    assertThat(value(drive, day("2021-10-21"), DiskMetric.PENDING_SECTORS)).isEqualTo(24);
    assertThat(value(drive, day("2021-10-09"), DiskMetric.REPORTED_UNCORRECTABLE)).isNaN();
    assertThat(drive.model()).isEqualTo("MODEL X");
  }

  @Test
  void hoursOfADayUseNothingLater() throws Exception {
    // last_hours is 9999: an interpolation would give far more than 24 hours a day.
    DriveHistory drive = changeLogExample();
    assertThat(value(drive, day("2021-06-09"), DiskMetric.POWER_ON_HOURS)).isEqualTo(100);
    assertThat(value(drive, day("2021-06-19"), DiskMetric.POWER_ON_HOURS)).isEqualTo(100 + 10 * 24);
  }

  @Test
  void labelsLookAheadAndSayWhenTheyDoNotKnow() throws Exception {
    DriveHistory failed = changeLogExample();
    assertThat(failed.label(day("2021-10-21"), 30)).isEqualTo(Label.FAILS);
    assertThat(failed.label(day("2021-09-22"), 30)).isEqualTo(Label.FAILS);
    assertThat(failed.label(day("2021-09-21"), 30)).isEqualTo(Label.SURVIVES);
    assertThat(failed.label(day("2021-10-22"), 30)).isEqualTo(Label.UNKNOWN);
    DriveHistory running =
        DriveHistory.ofChanges(
            "R",
            null,
            100,
            200,
            false,
            0,
            new int[] {100},
            new double[][] {TestingFleet.row(0, 0, 1)});
    assertThat(running.label(170, 30)).isEqualTo(Label.SURVIVES);
    assertThat(running.label(171, 30)).isEqualTo(Label.UNKNOWN);
  }

  @Test
  void dailyFilesOfAnyOrderAndShapeBecomeHistories() throws Exception {
    TestingFleet.gzip(
        folder.resolve("2021-01-02.csv.gz"),
        """
        date,serial_number,model,capacity_bytes,failure,smart_5_raw,smart_9_raw,smart_250_raw
        2021-01-02,B,M,1,1,8,124,7
        2021-01-02,A,M,1,0,0,50,7
        """);
    Files.writeString(
        folder.resolve("2021-01-01.csv"),
        """
        serial_number,date,failure,smart_9_raw,smart_197_raw,model
        A,2021-01-01,0,26,0,M
        B,2021-01-01,0,100,3,M
        C,2021-13-01,0,100,3,M
        D,2021-01-01,0,many,3,M
        """);
    List<String> said = new ArrayList<>();
    HistoryReader.Histories histories = HistoryReader.read(folder, said::add);
    assertThat(histories.form()).isEqualTo(HistoryReader.Form.DAILY);
    assertThat(histories.drives()).extracting(DriveHistory::serial).startsWith("A", "B");
    DriveHistory drive = histories.drives().get(1);
    assertThat(drive.samples()).isEqualTo(2);
    assertThat(drive.failureDay()).isEqualTo(day("2021-01-02"));
    assertThat(value(drive, day("2021-01-01"), DiskMetric.PENDING_SECTORS)).isEqualTo(3);
    assertThat(value(drive, day("2021-01-01"), DiskMetric.REALLOCATED_SECTORS)).isNaN();
    assertThat(value(drive, day("2021-01-02"), DiskMetric.POWER_ON_HOURS)).isEqualTo(124);
    assertThat(histories.skippedLines()).isEqualTo(2);
    assertThat(said).anyMatch(line -> line.contains("skipped 2") && line.contains("line 4"));
  }

  @Test
  void aWrittenChangeLogReadsBackTheSame() throws Exception {
    List<DriveHistory> fleet = TestingFleet.histories(3, 12);
    TestingFleet.writeChangeLog(folder, fleet);
    List<DriveHistory> read = HistoryReader.read(folder, TrainingProgress.silent()).drives();
    assertThat(read).hasSize(12);
    double[] expected = new double[DiskMetric.COUNT];
    double[] actual = new double[DiskMetric.COUNT];
    for (DriveHistory drive : read) {
      DriveHistory original =
          fleet.stream().filter(d -> d.serial().equals(drive.serial())).findFirst().orElseThrow();
      assertThat(drive.samples()).isEqualTo(original.samples());
      assertThat(drive.failureDay()).isEqualTo(original.failureDay());
      for (int i = 0; i < drive.samples(); i++) {
        drive.values(i, actual);
        original.values(i, expected);
        assertThat(actual).containsExactly(expected);
      }
    }
  }

  @Test
  void whatCannotBeReadIsSaidInOneLine() throws Exception {
    assertThatThrownBy(() -> HistoryReader.read(folder.resolve("none"), TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("no CSV file in");
    Path file = folder.resolve("2021-01-01.csv");
    Files.writeString(file, "");
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .hasMessageContaining("is empty");
    Files.writeString(file, "date,serial_number,model\n");
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .hasMessageContaining("no column failure");
    Files.writeString(file, "date,serial_number,failure\n");
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .hasMessageContaining("no drive history");
    Files.move(file, folder.resolve("2021-01-01.csv.gz"));
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("2021-01-01.csv.gz is not a gzip file")
        .hasMessageNotContaining("\n");
    Files.writeString(folder.resolve("drives.csv"), "serial_number\n");
    assertThatThrownBy(() -> HistoryReader.read(folder, TrainingProgress.silent()))
        .hasMessageContaining("lacks its other half");
  }
}
