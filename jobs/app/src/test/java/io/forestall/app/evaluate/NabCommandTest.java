package io.forestall.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.risk.evaluation.NabScorer;
import io.forestall.risk.evaluation.NabScorer.Profile;
import io.forestall.risk.evaluation.NabScorer.Scored;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class NabCommandTest {
  private static final String DATA = "FORESTALL_NAB_DATA";
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
  private static final LocalDateTime START = LocalDateTime.of(2024, 3, 1, 0, 0);
  private static final int ROWS = 2000;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }

  /** Two series that look like the benchmark's: one with a spike in its window, one without any. */
  private void corpus() throws IOException {
    series("real/spike.csv", 1500, false);
    series("calm/none.csv", -1, true);
    Files.createDirectories(folder.resolve("labels"));
    Files.writeString(
        folder.resolve("labels/combined_windows.json"),
        "{\"calm/none.csv\": [], \"real/spike.csv\": [[\"%s.000000\", \"%s.000000\"]]}"
            .formatted(time(1450), time(1550)));
  }

  private void series(String name, int spike, boolean packed) throws IOException {
    Random random = new Random(name.hashCode());
    StringBuilder text = new StringBuilder("timestamp,value\n");
    for (int row = 0; row < ROWS; row++) {
      double value = 50 + random.nextDouble() + (row == spike ? 100 : 0);
      text.append(time(row)).append(',').append(value).append('\n');
    }
    write("data/" + name, text.toString(), packed);
  }

  private void results(double published) throws IOException {
    StringBuilder scores = new StringBuilder("timestamp,value,anomaly_score,label\n");
    StringBuilder none = new StringBuilder(scores);
    for (int row = 0; row < ROWS; row++) {
      scores.append(time(row)).append(",1,").append(row == 1450 ? 0.9 : 0.1).append(",0\n");
      none.append(time(row)).append(",1,0.1,0\n");
    }
    write("results/mine/real/mine_spike.csv", scores.toString(), true);
    write("results/mine/calm/mine_none.csv", none.toString(), true);
    Files.createDirectories(folder.resolve("results/other"));
    Files.writeString(
        folder.resolve("results/final_results.json"),
        ("{\"mine\": {\"standard\": %s, \"reward_low_FP_rate\": 100,"
                + " \"reward_low_FN_rate\": 100}, \"other\": {\"standard\": 1}}")
            .formatted(published));
  }

  private void write(String name, String text, boolean packed) throws IOException {
    Path file = folder.resolve(name + (packed ? ".gz" : ""));
    Files.createDirectories(file.getParent());
    try (OutputStream raw = Files.newOutputStream(file);
        OutputStream to = packed ? new GZIPOutputStream(raw) : raw) {
      to.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String time(int row) {
    return TIME.format(START.plusMinutes(5L * row));
  }

  @Test
  void theReportAsJsonHasAllProfiles() throws IOException {
    corpus();
    int code =
        run("evaluate", "nab", "--data", folder.toString(), "--output", "json", "--ablation");
    assertThat(code).as(err.toString()).isEqualTo(ExitCodes.OK);
    JsonNode report = new ObjectMapper().readTree(out.toString());
    assertThat(report.path("series").asInt()).isEqualTo(2);
    assertThat(report.path("rows").asInt()).isEqualTo(2 * ROWS);
    for (String profile : List.of("standard", "lowFP", "lowFN")) {
      assertThat(report.path("profiles").path(profile).isNumber()).as(profile).isTrue();
      assertThat(report.path("profilesAtFixedThreshold").path(profile).isNumber()).isTrue();
      assertThat(report.path("thresholds").path(profile).asDouble()).isBetween(0.5, 1.0);
    }
    // The spike is in the middle of its window and nothing else is as large.
    assertThat(report.path("profiles").path("standard").asDouble()).isBetween(85.0, 97.0);
    assertThat(report.path("categories").path("calm").path("score").isNull()).isTrue();
    assertThat(report.path("categories").path("real").path("found").asInt()).isEqualTo(1);
    assertThat(report.path("profilesWithout").size()).isGreaterThan(5);
  }

  @Test
  void theReportAsTableNamesProfilesAndCategories() throws IOException {
    corpus();
    assertThat(run("evaluate", "nab", "--data", folder.toString(), "--ablation"))
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("standard", "lowFP", "lowFN", "calm", "real", "WITHOUT");
  }

  @Test
  void checkComparesWithThePublishedScores() throws IOException {
    corpus();
    results(100);
    assertThat(run("evaluate", "nab", "--data", folder.toString(), "--check"))
        .as(err.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("mine", "100.00", "same").doesNotContain("DIFFERS");
  }

  @Test
  void checkFindsAScoreThatDiffers() throws IOException {
    corpus();
    results(99);
    assertThat(run("evaluate", "nab", "--data", folder.toString(), "--check", "--output", "json"))
        .isEqualTo(ExitCodes.FOUND);
    JsonNode lines = new ObjectMapper().readTree(out.toString());
    assertThat(lines.get(0).path("detector").asText()).isEqualTo("mine");
    assertThat(lines.get(0).path("same").asBoolean()).isFalse();
    assertThat(lines.get(1).path("same").asBoolean()).isTrue();
  }

  @Test
  void aFolderWithoutTheBenchmarkIsOneClearLine() {
    assertThat(run("evaluate", "nab", "--data", folder.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("combined_windows.json", "--data").doesNotContain("\tat ");
    assertThat(run("evaluate")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void aBrokenRowIsNamed() throws IOException {
    corpus();
    write("data/real/spike.csv", "timestamp,value\n2024-03-01 00:00:00,x\n", false);
    assertThat(run("evaluate", "nab", "--data", folder.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("spike.csv", "line 2");
  }

  @Test
  void thePublishedScoreOfADetectorIsReproducedAndOursIsAboveIt() throws IOException {
    String data = System.getenv(DATA);
    assumeThat(data)
        .as("%s names no folder with the Numenta Anomaly Benchmark: nothing to check", DATA)
        .isNotNull();
    NabCorpus corpus = new NabCorpus(Path.of(data));
    List<NabCorpus.Series> series = corpus.series();
    List<Scored> gaussian = corpus.results("windowedGaussian", series);
    double[] published = {39.6, 20.9, 47.4};
    for (int i = 0; i < published.length; i++) {
      double score = NabScorer.best(gaussian, Profile.ALL.get(i)).score();
      assertThat(Math.round(10 * score) / 10.0).isEqualTo(published[i]);
    }
    NabReport report = NabReport.of(series, false);
    assertThat(report.lines().get(0).best().score()).isGreaterThan(70);
    assertThat(report.lines().get(1).best().score()).isGreaterThan(47.6);
  }
}
