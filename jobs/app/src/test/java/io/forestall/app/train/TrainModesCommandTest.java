package io.forestall.app.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.risk.ModeModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TrainModesCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  private Path folder;

  private int run(String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    List<String> all = new ArrayList<>(List.of("train", "modes"));
    all.addAll(List.of(arguments));
    return line.execute(all.toArray(String[]::new));
  }

  /** Four servers; in trouble all their metrics are far off. */
  private Path servers() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    for (String part : List.of("train", "test", "test_label")) {
      Path files = Files.createDirectories(folder.resolve("set/" + part));
      for (int server = 1; server <= 4; server++) {
        StringBuilder text = new StringBuilder();
        for (int row = 0; row < 2000; row++) {
          boolean trouble = !part.equals("train") && (row + 37 * server) % 500 > 470;
          text.append(
              part.equals("test_label")
                  ? trouble ? "1" : "0"
                  : (random.nextDouble() + (trouble ? 8 : 0)) + "," + random.nextDouble());
          text.append('\n');
        }
        Files.writeString(files.resolve("machine-1-" + server + ".txt"), text);
      }
    }
    return folder.resolve("set");
  }

  @Test
  void trainsOnFewFleetsAndSaysWhatTheServersSay() throws IOException {
    Path output = folder.resolve("made/here");
    assertThat(
            run(
                "--output",
                output.toString(),
                "--fleets",
                "4",
                "--days",
                "2",
                "--servers",
                servers().toString()))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("fleet 4 of 4").contains("wrote ");
    ModeModel model = ModeModel.fromBytes(Files.readAllBytes(output.resolve("model.txt")));
    assertThat(model.fitsSymptoms()).isTrue();
    assertThat(model.properties()).containsEntry("fleets", "4").containsEntry("seed", "1");
    assertThat(output.resolve("card.md"))
        .content()
        .contains("A simulator's faults are not your fleet's")
        .contains("set: 4 servers, 4000 rows")
        .contains("--fleets 4");
  }

  @Test
  void whatIsWrongIsSaidBeforeTheWork() {
    assertThat(run("--output", folder.toString(), "--fleets", "3")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--fleets is 4 to 10000, not 3");
    assertThat(run("--output", folder.toString(), "--days", "1")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--days is 2 to 30, not 1");
    assertThat(run()).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--output");
    assertThat(run("--output", folder.toString(), "--servers", folder.resolve("none").toString()))
        .isNotEqualTo(ExitCodes.OK);
    assertThat(err.toString()).contains("there is no folder test in");
    assertThat(folder.resolve("model.txt")).doesNotExist();
  }
}
