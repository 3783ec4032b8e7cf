package io.forestall.app.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.evaluate.EvaluateCommand.Output;
import io.forestall.risk.evaluation.NabScorer;
import io.forestall.risk.evaluation.NabScorer.Profile;
import io.forestall.risk.evaluation.NabScorer.Scored;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate nab}: the detector of one series on the Numenta Anomaly Benchmark. */
@Command(
    name = "nab",
    description = {
      "Runs the detector of one series over the Numenta Anomaly Benchmark, with its scoring.",
      "One pass over each series, one configuration for all. The benchmark's protocol takes the"
          + " threshold that is best on the scored data; beside it stand the score with the"
          + " shipped threshold, and the score of each half of the series with the threshold that"
          + " is best on the other half.",
      "The detector's parts and weights were chosen with this corpus in view: expect less"
          + " elsewhere."
    })
final class NabCommand implements Callable<Integer> {

  /** Published scores are given with one digit. */
  private static final double SAME = 0.05;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "Folder with the benchmark's data, labels and results; CSV may be gzip.")
  private @Nullable Path data;

  @Option(names = "--output", defaultValue = "table", description = "table or json")
  private Output output = Output.TABLE;

  @Option(
      names = "--ablation",
      description = "Also run the detector without each of its parts, to see what each adds.")
  private boolean ablation;

  @Option(
      names = "--check",
      description =
          "Check the scoring instead: score the raw results of detectors that the folder holds and"
              + " compare with their published scores. Exit code 1 when they differ.")
  private boolean check;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    NabCorpus corpus = new NabCorpus(Objects.requireNonNull(data));
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    try {
      List<NabCorpus.Series> series = corpus.series();
      if (check) {
        return check(corpus, series, out);
      }
      NabReport report = NabReport.of(series, ablation);
      if (output == Output.JSON) {
        printJson(report.asMap(), out);
      } else {
        report.print(out);
      }
      return ExitCodes.OK;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND, "cannot read " + data + ": " + e.getMessage() + "; correct --data", e);
    }
  }

  /** One line for each detector and profile. */
  private int check(NabCorpus corpus, List<NabCorpus.Series> series, PrintWriter out)
      throws IOException {
    boolean right = true;
    JsonNode published = corpus.published();
    List<Map<String, Object>> lines = new ArrayList<>();
    TextTable table = new TextTable("DETECTOR", "PROFILE", ">PUBLISHED", ">HERE", "");
    for (String detector : corpus.detectorsWithRows()) {
      List<Scored> scored = corpus.results(detector, series);
      for (Profile profile : Profile.ALL) {
        double theirs = published.path(detector).path(publishedName(profile)).asDouble(Double.NaN);
        double ours = NabScorer.best(scored, profile).score();
        boolean same = Math.abs(theirs - ours) < SAME;
        right &= same;
        table.add(
            detector,
            profile.name(),
            String.format(Locale.ROOT, "%.2f", theirs),
            String.format(Locale.ROOT, "%.2f", ours),
            same ? "same" : "DIFFERS");
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("detector", detector);
        line.put("profile", profile.name());
        line.put("published", theirs);
        line.put("here", ours);
        line.put("same", same);
        lines.add(line);
      }
    }
    if (lines.isEmpty()) {
      throw CommandFailure.usage(
          "there are no raw results under "
              + data
              + "/results: --check needs results/DETECTOR/CATEGORY/DETECTOR_FILE.csv");
    }
    if (output == Output.JSON) {
      printJson(lines, out);
    } else {
      table.print(out);
    }
    return right ? ExitCodes.OK : ExitCodes.FOUND;
  }

  private static String publishedName(Profile profile) {
    if (profile.equals(Profile.LOW_FALSE_POSITIVES)) {
      return "reward_low_FP_rate";
    }
    return profile.equals(Profile.LOW_FALSE_NEGATIVES) ? "reward_low_FN_rate" : "standard";
  }

  private static void printJson(Object what, PrintWriter out) throws IOException {
    out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(what));
    out.flush();
  }
}
