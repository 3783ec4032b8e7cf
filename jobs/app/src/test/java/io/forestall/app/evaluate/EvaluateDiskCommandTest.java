package io.forestall.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateDiskCommandTest {
  private static final LocalDate START = LocalDate.of(2021, 1, 1);
  private static final int DAYS = 560;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder = Path.of("");

  /** A change log of made-up drives: a third collects pending sectors and dies. */
  private Path fleet(int drives, int days) throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    Path data = Files.createDirectories(folder.resolve("data" + days));
    StringBuilder list =
        new StringBuilder("serial_number,model,first_date,last_date,first_hours,failed,end\n");
    StringBuilder changes =
        new StringBuilder("serial_number,date_est,tstart,tstop,smart_5,smart_187,smart_197\n");
    for (int i = 0; i < drives; i++) {
      boolean fails = i % 3 == 0;
      int last = fails ? Math.min(days, 40 + random.nextInt(days)) : days;
      String serial = "D" + i;
      list.append(serial)
          .append(i % 2 == 0 ? ",A," : ",B,")
          .append(START)
          .append(',')
          .append(START.plusDays(last))
          .append(",100,")
          .append(fails ? "1,failed" : "0,running")
          .append('\n');
      changes.append(serial).append(',').append(START).append(",100,0,0,0,0\n");
      if (fails) {
        int pending = 0;
        for (int day = last - 25; day < last; day += 2 + random.nextInt(4)) {
          pending += 1 + random.nextInt(9);
          changes
              .append(serial)
              .append(',')
              .append(START.plusDays(day))
              .append(',')
              .append(100 + 24 * day)
              .append(",0,0,0,")
              .append(pending)
              .append('\n');
        }
      }
    }
    Files.writeString(data.resolve("drives.csv"), list);
    Files.writeString(data.resolve("changes.csv"), changes);
    return data;
  }

  @Test
  void writesAReportThatCanBeReadByPeopleAndPrograms() throws IOException {
    Path report = folder.resolve("made/here");
    assertThat(
            run(
                "--data",
                fleet(240, DAYS).toString(),
                "--report",
                report.toString(),
                "--periods",
                "1",
                "--folds",
                "2",
                "--replicates",
                "20",
                "--epochs",
                "1"))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("30 days:")
        .contains("ensemble less logistic")
        .contains("planted_samples_left looks ahead")
        .contains("wrote ");
    JsonNode json = new ObjectMapper().readTree(report.resolve(EvaluateDiskCommand.JSON).toFile());
    JsonNode ensemble = json.path("horizons").path("30").path("scorers").path("ensemble");
    assertThat(ensemble.path("auc").path("value").asDouble()).isGreaterThan(0.8);
    assertThat(ensemble.path("recallPercentWeek").path("low").isNumber()).isTrue();
    assertThat(json.path("horizons").path("7").path("differences").path("any").isObject()).isTrue();
    assertThat(json.path("calibration")).hasSize(10);
    assertThat(json.path("periods").get(0).path("firstDay").asText()).startsWith("20");
    assertThat(report.resolve(EvaluateDiskCommand.HTML))
        .content()
        .contains("<svg", "boosted trees alone", "How it was done")
        .doesNotContain("<script", "http:", "NaN\" ");
  }

  @Test
  void whatIsWrongIsOneLine() throws IOException {
    assertOneLine(run("--data", folder.resolve("none").toString()), "does not exist");
    assertOneLine(run("--data", fleet(9, 100).toString()), "give more");
    assertOneLine(run("--data", folder.toString(), "--folds", "1"), "folds at least 2");
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertOneLine(
        run("--data", folder.toString(), "--report", file.resolve("below").toString()),
        "cannot write to");
  }

  private void assertOneLine(int exitCode, String text) {
    assertThat(exitCode).as(err.toString()).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString().lines().filter(line -> !line.startsWith("OMP_NUM_THREADS")))
        .singleElement()
        .asString()
        .contains(text);
    err.getBuffer().setLength(0);
  }

  private int run(String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    String[] all = new String[arguments.length + 2];
    all[0] = "evaluate";
    all[1] = "disk";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return line.execute(all);
  }
}
