package io.forestall.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class EvaluateServersCommandTest {
  private static final long SEED = 12;
  private static final int DAY = 288;
  private static final int TRAIN_ROWS = 10 * DAY;
  private static final int TEST_ROWS = 5 * DAY;
  private static final int METRICS = 8;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void scoresBothLayoutsInOneRun(@TempDir Path folder) throws IOException {
    Path plain = folder.resolve("plain");
    Path packed = folder.resolve("packed");
    servers(plain, ".csv", 4);
    servers(packed.resolve("Dataset"), ".csv.gz", 5);

    assertThat(run("--output", "json", "--data", plain.toString(), packed.toString()))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);

    JsonNode report = new ObjectMapper().readTree(out.toString());
    JsonNode sets = report.path("sets");
    assertThat(sets.path("plain").path("servers").asInt()).isEqualTo(4);
    assertThat(sets.path("packed").path("servers").asInt()).isEqualTo(5);
    assertThat(sets.path("total").path("rows").asLong()).isEqualTo(9L * TEST_ROWS);
    JsonNode total = sets.path("total");
    for (String variant : new String[] {"ewma", "ewmaHeld", "sudden", "lasting", "full"}) {
      JsonNode fixed = total.path(variant).path("fixedThreshold");
      JsonNode tuned = total.path(variant).path("tunedOnTheData");
      assertThat(fixed.path("range").path("f1").asDouble(-1)).as(variant).isBetween(0.0, 1.0);
      assertThat(tuned.path("range").path("f1").asDouble(-1))
          .as("%s, seed %d", variant, SEED)
          .isGreaterThan(fixed.path("range").path("f1").asDouble() - 0.05);
    }
    JsonNode full = total.path("full").path("fixedThreshold");
    assertThat(full.path("event").path("events").asInt()).isEqualTo(2 * 9);
    assertThat(full.path("event").path("recall").asDouble()).as("seed %d", SEED).isGreaterThan(0.8);
    assertThat(full.path("event").path("falseAlarmsPerServerDay").asDouble())
        .as("seed %d", SEED)
        .isLessThan(0.3);
    assertThat(full.path("range").path("f1").asDouble()).as("seed %d", SEED).isGreaterThan(0.4);
    assertThat(report.path("rangeF1").path("full").asDouble())
        .isEqualTo(full.path("range").path("f1").asDouble());
    assertThat(report.path("rangeF1").has("peerFree")).isTrue();
    assertThat(sets.path("plain").path("full").has("thresholdOfOtherSets")).isTrue();
    assertThat(total.path("full").has("thresholdOfOtherSets")).isFalse();
  }

  @Test
  void printsOneTableForOneSet(@TempDir Path folder) throws IOException {
    servers(folder, ".txt", 1);
    assertThat(run("--data", folder.toString(), "--step-seconds", "300"))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("1 servers, " + String.format(Locale.ROOT, "%,d", TEST_ROWS) + " rows scored")
        .contains("plain EWMA")
        .contains("without peers")
        .contains("full")
        .contains("TUNED F1")
        .contains("No point adjustment")
        .doesNotContain("total:");
  }

  @Test
  void saysWhatIsWrongWithTheFolder(@TempDir Path folder) throws IOException {
    assertThat(run("--data", folder.resolve("none").toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("there is no folder test in");

    servers(folder, ".csv", 1);
    Files.writeString(folder.resolve("test_label/server-1.csv"), "0\n1\n");
    assertThat(run("--data", folder.toString())).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("has more rows for 2 labels");

    Files.writeString(folder.resolve("train/server-1.csv"), "1,2,x\n");
    assertThat(run("--data", folder.toString())).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("line 1 of").contains("'x', which is no number");

    Files.delete(folder.resolve("train/server-1.csv"));
    assertThat(run("--data", folder.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("there is no server-1 in");

    assertThat(run("--data", folder.toString(), "--existence", "2")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--existence is a share of 0 to 1");
  }

  private int run(String... options) {
    String[] args = new String[options.length + 2];
    args[0] = "evaluate";
    args[1] = "servers";
    System.arraycopy(options, 0, args, 2, options.length);
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }

  /**
   * Look-alikes of servers: a daily season, noise in units of each metric, two planted troubles.
   */
  private static void servers(Path folder, String ending, int count) throws IOException {
    Random random = new Random(SEED);
    for (int server = 1; server <= count; server++) {
      try (Writer train = writer(folder.resolve("train/server-" + server + ending));
          Writer test = writer(folder.resolve("test/server-" + server + ending));
          Writer labels = writer(folder.resolve("test_label/server-" + server + ending))) {
        int spike = TRAIN_ROWS + DAY + random.nextInt(DAY);
        int shift = TRAIN_ROWS + 3 * DAY + random.nextInt(DAY);
        for (int row = 0; row < TRAIN_ROWS + TEST_ROWS; row++) {
          boolean spiking = row >= spike && row < spike + 3;
          boolean shifted = row >= shift && row < shift + 80;
          StringBuilder line = new StringBuilder();
          for (int metric = 0; metric < METRICS; metric++) {
            double sigmas =
                random.nextGaussian()
                    + 3 * Math.sin(2 * Math.PI * row / DAY)
                    + (spiking && metric != 1 ? 60 : 0)
                    + (shifted && metric > 3 ? 15 : 0);
            line.append(metric == 0 ? "" : ",")
                .append(String.format(Locale.ROOT, "%.5g", Math.pow(30, metric) * (20 + sigmas)));
          }
          (row < TRAIN_ROWS ? train : test).append(line).append('\n');
          if (row >= TRAIN_ROWS) {
            labels.append(spiking || shifted ? "1\n" : "0\n");
          }
        }
      }
    }
  }

  private static Writer writer(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    return new OutputStreamWriter(
        file.toString().endsWith(".gz")
            ? new GZIPOutputStream(Files.newOutputStream(file))
            : Files.newOutputStream(file),
        StandardCharsets.UTF_8);
  }
}
