package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.DeadReason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DriveStatsReaderTest {

  private static final long DAY = 1_704_067_200_000L; // 2024-01-01

  private final List<SourceProblem> problems = new ArrayList<>();

  private List<SourceRow> read(String text) {
    DriveStatsReader reader =
        new DriveStatsReader(
            new LineReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))),
            "test.csv",
            metric -> true,
            problems::add,
            new Texts());
    List<SourceRow> rows = new ArrayList<>();
    for (SourceRow row = reader.next(); row != null; row = reader.next()) {
      rows.add(row);
    }
    return rows;
  }

  private static String metrics(SourceRow row) {
    TreeMap<String, Double> present = new TreeMap<>();
    for (int i = 0; i < row.values().length; i++) {
      if (!Double.isNaN(row.values()[i])) {
        present.put(row.metrics().get(i), row.values()[i]);
      }
    }
    return present.toString();
  }

  @Test
  void mapsColumnsByNameWhateverTheirOrderAndIgnoresOthers() {
    List<SourceRow> rows =
        read(
            """
            smart_194_raw,serial_number,vault_id,smart_5_normalized,failure,smart_7_norm,date,user_capacity,smart_5_raw,model,smart_300_raw
            31,Z1,1090,100.0,0,-1.5,2024-01-01,4000787030016,8.0,ST4000DM000,7
            ,Z2,,,1,,2024-01-02,-1,,,
            """);

    assertThat(problems).isEmpty();
    assertThat(rows).hasSize(2);
    SourceRow row = rows.get(0);
    assertThat(row.disk()).isEqualTo("Z1");
    assertThat(row.model()).isEqualTo("ST4000DM000");
    assertThat(row.capacityBytes()).isEqualTo(4000787030016L);
    assertThat(row.timeMillis()).isEqualTo(DAY);
    assertThat(row.failed()).isFalse();
    assertThat(row.line()).isEqualTo(2);
    assertThat(metrics(row))
        .isEqualTo("{smart_194_raw=31.0, smart_5_normalized=100.0, smart_5_raw=8.0}");
    assertThat(rows.get(1).failed()).isTrue();
    assertThat(rows.get(1).model()).isNull();
    assertThat(rows.get(1).capacityBytes()).isEqualTo(SourceRow.NO_CAPACITY);
    assertThat(rows.get(1).present()).isZero();
  }

  @Test
  void acceptsWindowsLineEndsQuotesBlankLinesAByteOrderMarkAndNoLastLineEnd() {
    List<SourceRow> rows =
        read(
            "\ufeffdate,\"serial_number\",smart_9_raw\r\n\r\n\"2024-01-01\",\"Z 1\",5\r\n2024-01-01,Z2,6");

    assertThat(problems).isEmpty();
    assertThat(rows).extracting(SourceRow::disk).containsExactly("Z 1", "Z2");
    assertThat(rows).extracting(row -> row.values()[0]).containsExactly(5.0, 6.0);
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "100.0,100",
    "-3.25,-3.25",
    "20839269394.0,20839269394",
    "1e3,1000",
    "123456789012345678,123456789012345678",
    "0.1,0.1",
    "00000000000000000000012,12",
    ".5,0.5",
    "5.,5",
    "6.02E+2,602"
  })
  void readsNumbersAsDoubleParseDoes(String text, double value) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(DriveStatsReader.number(bytes, 0, bytes.length))
        .isEqualTo(value)
        .isEqualTo(Double.parseDouble(text));
  }

  @ParameterizedTest
  @CsvSource({
    "abc,WRONG_TYPE",
    "1.2.3,WRONG_TYPE",
    "0x10,WRONG_TYPE",
    "1d,WRONG_TYPE",
    "-,WRONG_TYPE",
    "NaN,NOT_A_NUMBER",
    "inf,NOT_A_NUMBER",
    "-Infinity,NOT_A_NUMBER",
    "1e400,OUT_OF_RANGE",
    "1e20,OUT_OF_RANGE",
    "-1,OUT_OF_RANGE"
  })
  void refusesARowForOneBadCellAndKeepsItsDiskAndTime(String cell, DeadReason reason) {
    List<SourceRow> rows =
        read("date,serial_number,smart_5_raw,smart_9_raw\n2024-01-01,Z1," + cell + ",7\n");

    assertThat(rows).hasSize(1);
    SourceProblem problem = Objects.requireNonNull(rows.get(0).problem());
    assertThat(problem.reason()).isEqualTo(reason);
    assertThat(problem.detail()).contains("smart_5_raw").contains(cell);
    assertThat(problem.line()).isEqualTo(2);
    assertThat(problem.disk()).isEqualTo("Z1");
    assertThat(problem.timeMillis()).isEqualTo(DAY);
    assertThat(new String(problem.payload(), StandardCharsets.UTF_8))
        .isEqualTo("2024-01-01,Z1," + cell + ",7");
    assertThat(problems).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2024-02-30,Z1,1|WRONG_TYPE",
        "yesterday,Z1,1|WRONG_TYPE",
        ",Z1,1|MISSING_FIELD",
        "1999-12-31,Z1,1|TIME_OUT_OF_RANGE",
        "9999-12-31,Z1,1|TIME_OUT_OF_RANGE",
        "2024-01-01,,1|MISSING_FIELD",
        "2024-01-01,Z1|TRUNCATED",
        "2024-01-01,Z1,1,2|UNDECODABLE",
        "2024-01-01,\"Z1,1|UNDECODABLE",
      })
  void tellsWhyALineIsNoRow(String line, DeadReason reason) {
    List<SourceRow> rows =
        read("date,serial_number,smart_5_raw\n" + line + "\n2024-01-01,GOOD,1\n");

    assertThat(rows).extracting(SourceRow::disk).containsExactly("GOOD");
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).reason()).isEqualTo(reason);
    assertThat(problems.get(0).line()).isEqualTo(2);
    assertThat(problems.get(0).wholeFile()).isFalse();
  }

  @Test
  void passesOverALineOfAHundredMegabytesInBoundedMemory() {
    class Endless extends java.io.InputStream {
      private final byte[] head =
          "date,serial_number,smart_5_raw\n2024-01-01,Z1,1\n".getBytes(StandardCharsets.UTF_8);
      private final byte[] tail = "\n2024-01-01,Z2,2\n".getBytes(StandardCharsets.UTF_8);
      private static final long MIDDLE = 100L << 20;
      private long at;

      @Override
      public int read() {
        long now = at++;
        if (now < head.length) {
          return head[(int) now];
        }
        now -= head.length;
        if (now < MIDDLE) {
          return '7';
        }
        now -= MIDDLE;
        return now < tail.length ? tail[(int) now] : -1;
      }
    }
    LineReader lines = new LineReader(new Endless());
    DriveStatsReader reader =
        new DriveStatsReader(lines, "test.csv", metric -> true, problems::add, new Texts());

    assertThat(reader.next()).extracting(SourceRow::disk).isEqualTo("Z1");
    SourceRow last = reader.next();
    assertThat(last).extracting(SourceRow::disk).isEqualTo("Z2");
    assertThat(last).extracting(SourceRow::line).isEqualTo(4L);
    assertThat(reader.next()).isNull();
    assertThat(reader.rows()).isEqualTo(3);
    assertThat(problems).extracting(SourceProblem::reason).containsExactly(DeadReason.TOO_LARGE);
    assertThat(problems.get(0).payload()).hasSize(SourceProblem.MAX_PAYLOAD_BYTES);
    assertThat(lines.buffer().length).isLessThanOrEqualTo(2 * LineReader.MAX_LINE_BYTES);
  }

  @Test
  void readsLongLinesThatCrossItsBuffer() {
    StringBuilder text = new StringBuilder("date,serial_number,note,smart_5_raw\n");
    for (int i = 0; i < 20; i++) {
      text.append("2024-01-01,Z").append(i).append(',').append("x".repeat(90_000 * (i % 11)));
      text.append(',').append(i).append('\n');
    }
    List<SourceRow> rows = read(text.toString());

    assertThat(problems).isEmpty();
    assertThat(rows).hasSize(20);
    for (int i = 0; i < 20; i++) {
      assertThat(rows.get(i).disk()).isEqualTo("Z" + i);
      assertThat(rows.get(i).values()[0]).isEqualTo(i);
      assertThat(rows.get(i).line()).isEqualTo(i + 2);
    }
  }

  @Test
  void aCompressedFileThatBreaksOffGivesWhatCameBefore(@TempDir Path folder) throws IOException {
    Path whole = folder.resolve("whole.csv.gz");
    StringBuilder text = new StringBuilder("date,serial_number,smart_5_raw\n");
    for (int i = 0; i < 50_000; i++) {
      text.append("2024-01-01,Z").append(i * 7919L % 1_000_003).append(',').append(i).append('\n');
    }
    try (var out = new GZIPOutputStream(Files.newOutputStream(whole))) {
      out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    }
    byte[] bytes = Files.readAllBytes(whole);
    for (int length : new int[] {0, 1, 2, 9, 40, bytes.length / 2, bytes.length - 4}) {
      problems.clear();
      Path cut = folder.resolve("cut" + length + ".csv.gz");
      Files.write(cut, java.util.Arrays.copyOf(bytes, length));
      long rows = 0;
      try (DriveStatsReader reader = DriveStatsReader.open(cut, metric -> true, problems::add)) {
        while (reader.next() != null) {
          rows++;
        }
      }
      assertThat(problems).as("cut at %d", length).hasSize(1);
      assertThat(problems.get(0).wholeFile()).isTrue();
      if (length > 1000) {
        assertThat(problems.get(0).reason()).isEqualTo(DeadReason.TRUNCATED);
        assertThat(rows).isBetween(20_000L, 50_000L);
        assertThat(problems.get(0).line()).isGreaterThanOrEqualTo(rows + 1);
      }
    }
  }

  @Test
  void refusesAFileWithoutHeaderAsAWhole() {
    assertThat(read("2024-01-01,Z1,5\n2024-01-02,Z1,5\n")).isEmpty();
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).wholeFile()).isTrue();
    assertThat(problems.get(0).reason()).isEqualTo(DeadReason.MISSING_FIELD);
  }
}
