package io.forestall.app.evaluate;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.evaluate.EvaluateCommand.Output;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.wire.rules.RuleFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate alarms}: incidents over streams of alarms with known causes. */
@Command(
    name = "alarms",
    description = {
      "Runs streams of alarms through one set of rules and the incident decider, beside plain"
          + " grouping by time in the same run: how many alarms become one incident, how many"
          + " faults get exactly one, and whether it names the thing the fault was injected into.",
      "A stream is a folder with alerts.csv, label.csv and topology.json (services, pods and"
          + " nodes), or with alarm.csv, topology.csv and rca_prior.csv (devices), packed with"
          + " gzip or not. One pass in the order of time; labels are read for the report alone.",
      "Exit code 1 when a critical alarm is in no incident."
    })
final class EvaluateAlarmsCommand implements Callable<Integer> {

  /** The one rule set; no stream has its own. */
  static final String RULES = "alarm-rules.yaml";

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "DIR",
      description = "Folder of a stream, or of several below it.")
  private List<Path> data = List.of();

  @Option(
      names = "--rules",
      paramLabel = "FILE",
      description = "Rules of your own instead of the built-in ones.")
  private @Nullable Path rulesFile;

  @Option(
      names = "--seed",
      defaultValue = "1",
      paramLabel = "N",
      description = "Seed of the noise between faults; default ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--output", defaultValue = "table", description = "table or json")
  private Output output = Output.TABLE;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    try {
      RuleSet rules = rulesFile == null ? builtIn() : RuleFiles.read(rulesFile);
      List<AlarmReport.Part> parts = new ArrayList<>();
      for (Path folder : data) {
        for (AlarmStream stream : AlarmStream.open(folder)) {
          parts.add(AlarmReport.part(AlarmTrial.of(stream, rules, seed), AlarmRoots.of(stream)));
        }
      }
      AlarmReport report = new AlarmReport(parts);
      if (output == Output.JSON) {
        out.println(
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report.asMap()));
        out.flush();
      } else {
        report.print(out);
      }
      return report.lostCriticals() == 0 ? ExitCodes.OK : ExitCodes.FOUND;
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND, "cannot read " + data + ": " + e.getMessage() + "; correct --data", e);
    }
  }

  private static RuleSet builtIn() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(EvaluateAlarmsCommand.class.getResourceAsStream(RULES))) {
      return RuleFiles.read(RULES, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }
}
