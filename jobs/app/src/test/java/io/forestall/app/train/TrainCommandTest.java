package io.forestall.app.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.dl4j.DiskTraining;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.StoredModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  private Path folder;

  /** Forty days of thirty drives, ten of which fail with growing pending sectors. */
  private Path fleet() throws IOException {
    Path data = Files.createDirectories(folder.resolve("data"));
    LocalDate start = LocalDate.of(2021, 3, 1);
    for (int day = 0; day < 40; day++) {
      StringBuilder text =
          new StringBuilder(
              "date,serial_number,model,failure,smart_5_raw,smart_9_raw,smart_197_raw\n");
      for (int drive = 0; drive < 30; drive++) {
        int failsOn = drive < 10 ? 20 + drive : Integer.MAX_VALUE;
        if (day > failsOn) {
          continue;
        }
        text.append(start.plusDays(day)).append(",S").append(drive).append(",M,");
        text.append(day == failsOn ? 1 : 0).append(",0,").append(5000 + 24 * day).append(',');
        text.append(drive < 10 ? Math.max(0, 30 - failsOn + day) * 4 : 0).append('\n');
      }
      Files.writeString(data.resolve(start.plusDays(day) + ".csv"), text);
    }
    return data;
  }

  @Test
  void trainsOnDailyFilesAndWritesAModelThatScores() throws IOException {
    Path output = folder.resolve("made/here");
    assertThat(run("--data", fleet().toString(), "--output", output.toString(), "--epochs", "1"))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(err.toString()).isEmpty();
    assertThat(out.toString()).contains("30 drives").contains("epoch 1 of 1").contains("wrote ");
    try (InputStream in = Files.newInputStream(output.resolve(DiskTraining.MODEL_FILE));
        BatchSequenceModel model = StoredModel.read(in).compile()) {
      float logit = model.step(new float[FeatureExtractor.INPUTS], new float[model.stateFloats()]);
      assertThat(model.probability(logit)).isBetween(0.0, 1.0);
    }
    assertThat(output.resolve(DiskTraining.CARD_FILE)).content().contains("## Reproduce");
  }

  @Test
  void whatIsWrongIsOneLine() throws IOException {
    String output = folder.resolve("out").toString();
    assertOneLine(
        run("--data", folder.resolve("none").toString(), "--output", output), "does not exist");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertOneLine(run("--data", empty.toString(), "--output", output), "no CSV file in");
    Path alive = Files.createDirectory(folder.resolve("alive"));
    Files.writeString(
        alive.resolve("a.csv"), "date,serial_number,failure\n2021-01-01,A,0\n2021-01-02,A,0\n");
    assertOneLine(run("--data", alive.toString(), "--output", output), "too few drives fail");
    assertOneLine(run("--data", alive.toString(), "--output", output, "--epochs", "0"), "--epochs");
    assertOneLine(run("--output", output), "--data");
    assertOneLine(
        run("--data", alive.toString(), "--output", output, "--train-until", "2021-01-01"),
        "belong together");
    assertOneLine(
        run(
            "--data",
            alive.toString(),
            "--output",
            output,
            "--train-until",
            "2021-01-01",
            "--test-from",
            "2021-01-20",
            "--test-until",
            "2021-02-20"),
        "more than 30 days after");
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertOneLine(
        run("--data", alive.toString(), "--output", file.resolve("below").toString()),
        "cannot make the output folder");
  }

  private void assertOneLine(int exitCode, String text) {
    assertThat(exitCode).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains(text).hasLineCount(1);
    err.getBuffer().setLength(0);
  }

  private int run(String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    String[] all = new String[arguments.length + 1];
    all[0] = "train";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return line.execute(all);
  }
}
