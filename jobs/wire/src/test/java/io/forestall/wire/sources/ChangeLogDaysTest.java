package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChangeLogDaysTest {

  private static final String DRIVES =
      "serial_number,model,manufacturer,size_tb,first_date,last_date,days,first_hours,last_hours,"
          + "failed,end,n_change_rows,hours_consistent\n";
  private static final String CHANGES =
      "serial_number,date_est,tstart,tstop,smart_5,smart_12,smart_187,smart_197\n";

  private static ChangeLogDays open(Path folder, String drives, String changes) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("drives.csv"), DRIVES + drives);
    Files.writeString(folder.resolve("changes.csv"), CHANGES + changes);
    return ChangeLogDays.open(folder);
  }

  private static List<String> text(List<SourceBatch> batches) {
    List<String> text = new ArrayList<>();
    for (SourceBatch batch : batches) {
      LocalDate day = LocalDate.ofEpochDay(batch.timeMillis() / 86_400_000L);
      batch.rows().forEach(row -> text.add(day + " " + row.disk() + " " + Rows.metrics(row)));
      batch.failed().forEach(disk -> text.add(day + " " + disk + " failed"));
    }
    return text;
  }

  @Test
  void expandsChangesToDaysAsTheGoldenSays(@TempDir Path folder) throws IOException {
    ChangeLogDays days =
        open(
            folder,
            """
            ZA,SYNTH MODEL A,ST,4.0,2024-03-01,2024-03-05,4,96,192,1,failed,2,1
            ZB,SYNTH B,HGST,3.0,2024-03-03,2024-03-04,1,10,34,0,running,1,1
            """,
            """
            ZA,2024-03-01,96,150,0,2,0,0
            ZA,2024-03-03,150,192,8,2,,16
            ZB,2024-03-03,10,34,0,1,,0
            """);
    assertThat(days.rows()).isEqualTo(6);
    List<SourceBatch> batches = Rows.batches(days);

    assertThat(text(batches))
        .containsExactly(
            "2024-03-01 ZA {smart_12_raw=2.0, smart_187_raw=0.0, smart_197_raw=0.0,"
                + " smart_5_raw=0.0, smart_9_raw=96.0}",
            "2024-03-02 ZA {smart_12_raw=2.0, smart_187_raw=0.0, smart_197_raw=0.0,"
                + " smart_5_raw=0.0, smart_9_raw=120.0}",
            "2024-03-03 ZA {smart_12_raw=2.0, smart_197_raw=16.0, smart_5_raw=8.0,"
                + " smart_9_raw=150.0}",
            "2024-03-03 ZB {smart_12_raw=1.0, smart_197_raw=0.0, smart_5_raw=0.0,"
                + " smart_9_raw=10.0}",
            "2024-03-04 ZA {smart_12_raw=2.0, smart_197_raw=16.0, smart_5_raw=8.0,"
                + " smart_9_raw=174.0}",
            "2024-03-04 ZB {smart_12_raw=1.0, smart_197_raw=0.0, smart_5_raw=0.0,"
                + " smart_9_raw=34.0}",
            "2024-03-05 ZA failed");
    assertThat(batches.get(0).rows().get(0).capacityBytes()).isEqualTo(4_000_000_000_000L);
  }

  @Test
  void whatIsKnownOnlyLaterChangesNothingBefore(@TempDir Path folder) throws IOException {
    String changes =
        """
        ZA,2024-03-01,96,150,0,2,0,0
        ZA,2024-03-03,150,%s,8,2,,16
        """;
    List<String> one =
        text(
            Rows.batches(
                open(
                    folder.resolve("one"),
                    "ZA,M,ST,4.0,2024-03-01,2024-03-08,7,96,192,1,failed,2,1\n",
                    changes.formatted("192"))));
    List<String> other =
        text(
            Rows.batches(
                open(
                    folder.resolve("other"),
                    "ZA,M,ST,4.0,2024-03-01,2024-09-30,213,96,9999,0,withdrawn,99,0\n",
                    changes.formatted("9999") + "ZA,2024-04-01,700,9999,77,3,5,99\n")));

    assertThat(one).hasSize(8).last().isEqualTo("2024-03-08 ZA failed");
    assertThat(other.subList(0, 7)).isEqualTo(one.subList(0, 7));
  }

  @Test
  void hoursNeverRunBackwards(@TempDir Path folder) throws IOException {
    List<SourceBatch> batches =
        Rows.batches(
            open(
                folder,
                "ZA,M,ST,4.0,2024-03-01,2024-05-01,61,0,700,0,running,3,0\n",
                """
                ZA,2024-03-01,0,300,0,2,0,0
                ZA,2024-03-25,300,310,8,2,,16
                ZA,2024-04-20,560,700,9,2,,16
                """));
    double before = 0;
    for (SourceBatch batch : batches) {
      double hours = Rows.value(batch.rows().get(0), "smart_9_raw");
      assertThat(hours).isGreaterThanOrEqualTo(before);
      before = hours;
    }
    // At the drive's own pace of ten to twelve hours a day, which is known by then.
    assertThat(before).isBetween(560.0, 800.0);
  }

  @Test
  void accountsForEveryLineOfDamagedFiles(@TempDir Path folder) throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 100; round++) {
      StringBuilder drives = new StringBuilder();
      StringBuilder changes = new StringBuilder();
      for (int i = 0; i < 10; i++) {
        drives
            .append("Z")
            .append(i)
            .append(",M,ST,4.0,2024-03-01,2024-03-09,8,96,192,1,failed,2,1\n");
        changes.append("Z").append(i).append(",2024-03-01,96,150,0,2,0,0\n");
      }
      ChangeLogDays days =
          open(
              folder.resolve("r" + round),
              damaged(drives.toString(), random),
              damaged(changes.toString(), random));
      long expected = days.rows();
      long rows = 0;
      for (SourceBatch batch : Rows.batches(days)) {
        rows += batch.rows().size();
        rows += batch.problems().stream().filter(problem -> !problem.wholeFile()).count();
      }
      assertThat(rows).as("seed %d, round %d", seed, round).isEqualTo(expected);
    }
  }

  private static String damaged(String text, Random random) {
    StringBuilder damaged = new StringBuilder(text);
    for (int k = 0; k < 10; k++) {
      damaged.setCharAt(random.nextInt(damaged.length()), (char) (32 + random.nextInt(95)));
    }
    return damaged.toString();
  }

  @Test
  void saysWhyALineIsRefused(@TempDir Path folder) throws IOException {
    List<SourceBatch> batches =
        Rows.batches(
            open(
                folder,
                """
                ZA,M,ST,4.0,2024-03-01,2024-03-02,1,96,192,0,running,2,1
                ZA,M,ST,4.0,2024-03-01,2024-03-02,1,96,192,0,running,2,1
                ZC,M,ST,4.0,2024-03-09,2024-03-02,1,96,192,0,running,2,1
                ZD,M,ST,4.0,2024-03-01,2024-03-02,1,96,192,maybe,running,2,1
                """,
                """
                ZA,2024-03-01,96,150,0,2,0,0
                ZX,2024-03-01,96,150,0,2,0,0
                ZA,2024-03-01,96,150,-1,2,0,0
                ZA,2024-03-01,96
                """));
    assertThat(batches.get(0).problems())
        .extracting(SourceProblem::reason)
        .containsExactly(
            DeadReason.DUPLICATE,
            DeadReason.WRONG_TYPE,
            DeadReason.WRONG_TYPE,
            DeadReason.UNKNOWN_ENTITY,
            DeadReason.WRONG_TYPE,
            DeadReason.TRUNCATED);
    assertThat(batches.get(0).rows()).hasSize(1);
  }
}
