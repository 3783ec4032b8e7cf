package io.forestall.app.evaluate;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.evaluate.EvaluateCommand.Output;
import io.forestall.risk.evaluation.RangeTally;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate servers}: the detector of many metrics on labelled servers. */
@Command(
    name = "servers",
    description = {
      "Runs the detector of many metrics over sets of labelled servers, beside a plain EWMA and"
          + " the detector without peers.",
      "A set is a folder with train, test and test_label, a file a server in each (.txt or .csv,"
          + " packed with .gz or not), as the Server Machine Dataset and JumpStarter's services"
          + " have. Each server is one stream: train, then test; the test rows are scored. One"
          + " pass, one configuration and one threshold for all."
    })
final class EvaluateServersCommand implements Callable<Integer> {

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "DIR",
      description = "Folder of a set; several sets are also scored in total.")
  private List<Path> data = List.of();

  @Option(
      names = "--step-seconds",
      paramLabel = "N",
      description = "Time between rows; default 60 for .txt, 300 for .csv.")
  private @Nullable Long stepSeconds;

  @Option(
      names = "--existence",
      defaultValue = "0",
      paramLabel = "SHARE",
      description =
          "Part of an anomaly's recall by range that is won by noticing it at all, 0 to 1; default"
              + " ${DEFAULT-VALUE}.")
  private double existence;

  @Option(
      names = "--bias",
      defaultValue = "flat",
      description = "Which points of an anomaly count more: flat or front; default flat.")
  private RangeTally.Bias bias = RangeTally.Bias.FLAT;

  @Option(
      names = "--cardinality",
      defaultValue = "reciprocal",
      description =
          "What a range is worth that is cut to pieces: reciprocal or one; default reciprocal.")
  private RangeTally.Cardinality cardinality = RangeTally.Cardinality.RECIPROCAL;

  @Option(names = "--output", defaultValue = "table", description = "table or json")
  private Output output = Output.TABLE;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    if (!(existence >= 0 && existence <= 1)) {
      throw CommandFailure.usage("--existence is a share of 0 to 1, not " + existence);
    }
    if (stepSeconds != null && stepSeconds < 1) {
      throw CommandFailure.usage("--step-seconds is 1 or more, not " + stepSeconds);
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    try {
      Map<String, List<ServerScores>> sets = new LinkedHashMap<>();
      for (Path folder : data) {
        ServerSet set = ServerSet.open(folder, stepSeconds);
        String name = sets.containsKey(set.name()) ? folder.toString() : set.name();
        sets.put(name, ServerScores.of(set));
      }
      ServersReport report =
          ServersReport.of(sets, new RangeTally.Weights(existence, bias, cardinality));
      if (output == Output.JSON) {
        out.println(
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report.asMap()));
        out.flush();
      } else {
        report.print(out);
      }
      return ExitCodes.OK;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND, "cannot read " + data + ": " + e.getMessage() + "; correct --data", e);
    }
  }
}
