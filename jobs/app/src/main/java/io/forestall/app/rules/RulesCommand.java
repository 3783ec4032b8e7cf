package io.forestall.app.rules;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.decisions.DurationText;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.wire.rules.RuleFiles;
import io.forestall.wire.rules.RuleTrial;
import io.forestall.wire.rules.RuleTrials;
import io.forestall.wire.rules.RulesException;
import io.forestall.wire.rules.RulesPage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall rules check|list|show|test}. */
@Command(
    name = "rules",
    description = "Rules that make incidents of events: look at them, check and test them.")
public final class RulesCommand implements Runnable {

  private static final int MAX_ORDERS = 10_000;

  @Spec private @Nullable CommandSpec spec;

  /** How to print. */
  enum Output {
    TABLE,
    JSON
  }

  @Override
  public void run() {
    throw new ParameterException(spec().commandLine(), "say what to do: check, list, show or test");
  }

  @Command(
      name = "check",
      description = "Read rules files and name every mistake with its line; exit code 1 for any.")
  int check(
      @Parameters(arity = "1..*", paramLabel = "FILE") List<Path> files,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    List<Map<String, Object>> results = new ArrayList<>();
    boolean wrong = false;
    for (Path file : files) {
      List<String> problems = List.of();
      int count = 0;
      try {
        count = read(file).rules().size();
      } catch (RulesException refused) {
        problems = refused.problems();
        wrong = true;
      }
      if (output == Output.TABLE) {
        problems.forEach(problem -> out().println(problem));
        if (problems.isEmpty()) {
          out().println(file + ": " + count + (count == 1 ? " rule" : " rules") + ", all well");
        }
      }
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("file", file.toString());
      result.put("rules", count);
      result.put("problems", problems);
      results.add(result);
    }
    if (output == Output.JSON) {
      printJson(results);
    }
    out().flush();
    return wrong ? ExitCodes.FOUND : ExitCodes.OK;
  }

  @Command(name = "list", description = "One line for each rule.")
  int list(
      @Option(names = "--rules", paramLabel = "FILE", description = "Default: the shipped rules.")
          @Nullable Path file,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    RuleSet rules = rules(file);
    if (output == Output.JSON) {
      printJson(rules.rules().stream().map(RulesCommand::asMap).toList());
      return ExitCodes.OK;
    }
    TextTable table =
        new TextTable(
            "RULE", ">VERSION", "ON", "KEY", ">STAGES", "WINDOW", "SEVERITY", "RECOMMENDS");
    for (Rule rule : rules.rules()) {
      Map<String, Object> map = asMap(rule);
      table.add(
          rule.id(),
          Integer.toString(rule.version()),
          rule.enabled() ? "yes" : "no",
          String.valueOf(map.get("key")),
          Integer.toString(rule.stages().size()),
          rule.symptoms() == 1 ? "-" : DurationText.of(rule.windowMillis()),
          String.valueOf(map.get("severity")),
          String.valueOf(map.get("recommendation")));
    }
    table.print(out());
    return ExitCodes.OK;
  }

  @Command(
      name = "show",
      description =
          "Print a rule in sentences, or without a name the whole file to begin one's own.")
  int show(
      @Parameters(arity = "0..1", paramLabel = "RULE") @Nullable String id,
      @Option(names = "--rules", paramLabel = "FILE", description = "Default: the shipped rules.")
          @Nullable Path file,
      @Option(names = "--yaml", description = "As YAML, as the body of a policy record.")
          boolean yaml,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    RuleSet rules = rules(file);
    if (id == null) {
      if (output == Output.JSON) {
        printJson(rules.rules().stream().map(RulesCommand::asMap).toList());
      } else {
        out().print(file == null ? RuleFiles.shippedText() : RuleFiles.write(rules.rules()));
      }
      out().flush();
      return ExitCodes.OK;
    }
    Rule rule = rules.rule(id);
    if (rule == null) {
      throw CommandFailure.usage("there is no rule '" + id + "': forestall rules list names them");
    }
    if (output == Output.JSON) {
      printJson(asMap(rule));
    } else if (yaml) {
      out().print(RuleFiles.write(rule));
    } else {
      RulesPage.sentences(rule).forEach(line -> out().println(line.replace("`", "")));
    }
    out().flush();
    return ExitCodes.OK;
  }

  @Command(
      name = "test",
      description = {
        "Run tests of rules: events in, incidents out; without a file the shipped ones.",
        "Each is also run in other arrival orders, which must give the same. Exit code 1 when one"
            + " fails."
      })
  int test(
      @Parameters(
              arity = "0..*",
              paramLabel = "FILE",
              description = "Files of tests; see RULES.md.")
          @Nullable List<Path> files,
      @Option(
              names = "--rules",
              paramLabel = "FILE",
              description = "Rules under test; default: those that the tests name, or the shipped.")
          @Nullable Path rulesFile,
      @Option(
              names = "--orders",
              paramLabel = "N",
              defaultValue = "20",
              description = "Other arrival orders to try for each test; default ${DEFAULT-VALUE}.")
          int orders,
      @Option(
              names = "--seed",
              paramLabel = "N",
              defaultValue = "1",
              description = "Decides the arrival orders; default ${DEFAULT-VALUE}.")
          long seed,
      @Option(names = "--output", defaultValue = "table", description = "table or json")
          Output output) {
    if (orders < 0 || orders > MAX_ORDERS) {
      throw CommandFailure.usage("--orders must be 0 to " + MAX_ORDERS + ", not " + orders);
    }
    RuleSet rules = rulesFile == null ? null : rules(rulesFile);
    List<RuleTrial> trials = new ArrayList<>();
    for (Path file : files == null ? List.<Path>of() : files) {
      try {
        trials.addAll(RuleTrials.read(file, rules));
      } catch (RulesException refused) {
        throw nonsense(refused, "");
      } catch (IOException broken) {
        throw unreadable(file, broken);
      }
    }
    if (trials.isEmpty()) {
      trials.addAll(rules == null ? RuleTrials.shipped() : RuleTrials.shipped(rules));
    }
    List<Map<String, Object>> results = new ArrayList<>();
    int failed = 0;
    for (RuleTrial trial : trials) {
      List<String> wrong = RuleTrials.run(trial, orders, seed);
      failed += wrong.isEmpty() ? 0 : 1;
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("file", trial.file());
      result.put("line", trial.line());
      result.put("test", trial.name());
      result.put("passed", wrong.isEmpty());
      result.put("wrong", wrong);
      results.add(result);
      if (output == Output.TABLE) {
        out().println((wrong.isEmpty() ? "ok      " : "FAILED  ") + trial.name());
        for (String sentence : wrong) {
          sentence.lines().forEach(line -> out().println("        " + line));
        }
      }
    }
    if (output == Output.JSON) {
      printJson(results);
    } else {
      out().println(trials.size() + " tests, " + failed + " failed");
    }
    out().flush();
    return failed == 0 ? ExitCodes.OK : ExitCodes.FOUND;
  }

  private RuleSet rules(@Nullable Path file) {
    if (file == null) {
      return RuleFiles.shipped();
    }
    try {
      return read(file);
    } catch (RulesException refused) {
      throw nonsense(refused, ": forestall rules check " + file + " names them");
    }
  }

  private static RuleSet read(Path file) {
    try {
      return RuleFiles.read(file);
    } catch (IOException broken) {
      throw unreadable(file, broken);
    }
  }

  private static CommandFailure nonsense(RulesException refused, String remedy) {
    int more = refused.problems().size() - 1;
    return new CommandFailure(
        ExitCodes.USAGE,
        refused.problems().get(0) + (more == 0 ? "" : " (and " + more + " more" + remedy + ")"),
        refused);
  }

  private static CommandFailure unreadable(Path file, IOException broken) {
    return new CommandFailure(
        ExitCodes.USAGE,
        broken instanceof NoSuchFileException missing
            ? "there is no file " + missing.getFile()
            : file + " cannot be read: " + broken.getMessage(),
        broken);
  }

  private static Map<String, Object> asMap(Rule rule) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", rule.id());
    map.put("version", rule.version());
    map.put("enabled", rule.enabled());
    map.put("description", rule.description());
    map.put("key", String.join("+", rule.key().stream().map(RulesCommand::word).toList()));
    map.put("ordered", rule.ordered());
    List<Map<String, Object>> stages = new ArrayList<>();
    for (Rule.Stage stage : rule.stages()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", stage.name());
      one.put("types", stage.when().types());
      one.put("count", stage.count());
      one.put("distinctBy", stage.distinctBy() == null ? null : word(stage.distinctBy()));
      stages.add(one);
    }
    map.put("stages", stages);
    map.put("correlationTimeWindowMillis", rule.windowMillis());
    map.put("horizonsMillis", rule.horizonsMillis());
    map.put("quietMillis", rule.quietMillis());
    map.put("maxLengthMillis", rule.maxLengthMillis());
    map.put("severity", rule.severity() == null ? "highest" : word(rule.severity()));
    map.put("recommendation", word(rule.recommendation()));
    map.put("because", rule.recommendationText());
    map.put(
        "inhibits",
        rule.inhibits().stream()
            .map(one -> Map.of("rule", one.rule(), "same", word(one.same())))
            .toList());
    map.put("shape", rule.shapeHash());
    map.put("yaml", RuleFiles.write(rule));
    return map;
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void printJson(Object value) {
    try {
      out().println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(value));
      out().flush();
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private PrintWriter out() {
    return spec().commandLine().getOut();
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }
}
