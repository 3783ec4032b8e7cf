package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DriveStatsDaysTest {

  private static final String HEADER = "date,serial_number,smart_5_raw,smart_9_raw\n";

  private static void write(Path file, String... lines) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, HEADER + String.join("\n", lines) + "\n");
  }

  private static List<String> text(List<SourceBatch> batches) {
    List<String> text = new ArrayList<>();
    long time = Long.MIN_VALUE;
    for (SourceBatch batch : batches) {
      assertThat(batch.timeMillis()).isGreaterThan(time);
      time = batch.timeMillis();
      for (SourceRow row : batch.rows()) {
        SourceProblem problem = row.problem();
        text.add(
            row.timeMillis() / 86_400_000L
                - 19_782
                + row.disk()
                + (problem == null ? "" : " " + problem.reason()));
      }
    }
    return text;
  }

  private static List<String> read(DriveStatsPlan plan) throws IOException {
    return text(Rows.batches(new DriveStatsDays(plan, metric -> true)));
  }

  @Test
  void readsFilesOfOneDayAndOfManyInDateOrder(@TempDir Path folder) throws IOException {
    write(folder.resolve("q1/2024-03-02.csv"), "2024-03-02,A,1,1", "2024-03-02,B,1,1");
    write(folder.resolve("q1/2024-03-01.csv"), "2024-03-01,B,1,1", "2024-03-01,A,1,1");
    write(folder.resolve("aaa.csv"), "2024-03-03,A,1,1", "2024-03-01,C,1,1", "2024-03-04,A,1,1");
    write(folder.resolve(".hidden.csv"), "2024-03-01,HIDDEN,1,1");
    write(folder.resolve("__MACOSX/2024-03-01.csv"), "2024-03-01,HIDDEN,1,1");
    Files.writeString(folder.resolve("notes.txt"), "nothing");
    List<Path> files = SourceFiles.csv(List.of(folder));
    DriveStatsPlan plan = DriveStatsPlan.scan(files);

    assertThat(plan.rows()).isEqualTo(7);
    assertThat(plan.disks()).isEqualTo(3);
    assertThat(plan.fileCount()).isEqualTo(3);
    // Day 1 is 2024-03-01; within a day, files by name, then lines.
    List<String> expected = List.of("1B", "1A", "1C", "2A", "2B", "3A", "4A");
    assertThat(read(plan)).isEqualTo(expected);
    assertThat(read(DriveStatsPlan.quick(files))).isEqualTo(expected);
  }

  @Test
  void choosesAmongRepeatedRowsByWhatTheySay(@TempDir Path folder) throws IOException {
    String full = "2024-03-01,A,5,100";
    String bare = "2024-03-01,A,,100";
    write(folder.resolve("x/2024-03-01.csv"), bare, full, full);
    write(folder.resolve("y/2024-03-01.csv"), full, bare, full);
    for (String name : List.of("x", "y")) {
      List<SourceBatch> batches =
          Rows.batches(
              new DriveStatsDays(
                  DriveStatsPlan.quick(SourceFiles.csv(List.of(folder.resolve(name)))),
                  metric -> true));
      List<SourceRow> rows = batches.get(0).rows();
      assertThat(rows).hasSize(3);
      assertThat(rows)
          .filteredOn(row -> row.problem() == null)
          .singleElement()
          .satisfies(row -> assertThat(row.values()).containsExactly(5, 100));
      assertThat(rows)
          .extracting(SourceRow::problem)
          .filteredOn(Objects::nonNull)
          .extracting(problem -> Objects.requireNonNull(problem).reason())
          .containsOnly(DeadReason.DUPLICATE);
    }
  }

  @Test
  void refusesARowThatComesAfterItsDay(@TempDir Path folder) throws IOException {
    write(folder.resolve("2024-03-01.csv"), "2024-03-01,A,1,1");
    write(
        folder.resolve("2024-03-02.csv"),
        "2024-03-02,A,1,1",
        "2024-03-01,B,1,1",
        "2024-03-05,C,1,1");
    write(folder.resolve("2024-03-03.csv"), "2024-03-03,A,1,1");
    List<Path> files = SourceFiles.csv(List.of(folder));

    assertThat(read(DriveStatsPlan.quick(files)))
        .containsExactly("1A", "2A", "1B LATE", "3A", "5C");
    // A full look beforehand needs no such refusal.
    assertThat(read(DriveStatsPlan.scan(files))).containsExactly("1A", "1B", "2A", "3A", "5C");
  }

  @Test
  void reportsFilesWithoutRowsToo(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("2024-03-01.csv"), "");
    Files.writeString(folder.resolve("x.csv"), "no header");
    List<Path> files = SourceFiles.csv(List.of(folder));
    for (DriveStatsPlan plan : List.of(DriveStatsPlan.scan(files), DriveStatsPlan.quick(files))) {
      List<SourceBatch> batches = Rows.batches(new DriveStatsDays(plan, metric -> true));
      assertThat(plan.isEmpty()).isTrue();
      assertThat(batches).hasSize(1);
      assertThat(batches.get(0).problems()).hasSize(2).allMatch(SourceProblem::wholeFile);
    }
  }

  @Test
  void namesAPathThatIsNotThere(@TempDir Path folder) {
    Assertions.assertThatThrownBy(() -> SourceFiles.csv(List.of(folder.resolve("no"))))
        .isInstanceOf(NoSuchFileException.class);
  }
}
