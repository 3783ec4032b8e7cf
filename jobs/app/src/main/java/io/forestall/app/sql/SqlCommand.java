package io.forestall.app.sql;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall sql}: questions to the topics in SQL. */
@Command(
    name = "sql",
    description = {
      "Runs SQL files over the topics, which are tables; without a file it reads statements from"
          + " the terminal.",
      "A question reads what is there and ends; with --follow it goes on and prints changes."
    })
public final class SqlCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Files with statements; - is the standard input.")
  private List<String> files = new ArrayList<>();

  @Option(
      names = "--rest",
      paramLabel = "HOST:PORT",
      defaultValue = "${env:FORESTALL_FLINK_REST:-127.0.0.1:8081}",
      description = "REST address of the Flink cluster that runs them. Default: ${DEFAULT-VALUE}.")
  private String rest = "127.0.0.1:8081";

  @Option(
      names = "--local",
      description = "Run them in this process, without any cluster; only the broker is needed.")
  private boolean local;

  @Option(names = "--follow", description = "Go on and print changes until stopped.")
  private boolean follow;

  @Option(
      names = "--set",
      paramLabel = "NAME=VALUE",
      description = "Value of a variable of the files; may be repeated.")
  private Map<String, String> variables = new LinkedHashMap<>();

  @Option(
      names = "--output",
      paramLabel = "table|json",
      defaultValue = "table",
      description =
          "How to print: table, or json with one object a row. Default: ${DEFAULT-VALUE}.")
  private Output output = Output.TABLE;

  @Option(
      names = "--max-rows",
      paramLabel = "COUNT",
      defaultValue = "100000",
      description = "Rows of one answer printed at most. Default: ${DEFAULT-VALUE}.")
  private int maxRows = 100_000;

  @Option(names = "--tables", description = "Print the definitions of the tables and end.")
  private boolean tables;

  /** How answers are printed. */
  enum Output {
    TABLE,
    JSON
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    if (tables) {
      out.print(SqlTables.script());
      out.flush();
      return ExitCodes.OK;
    }
    if (maxRows < 1) {
      throw CommandFailure.usage("--max-rows must be at least 1");
    }
    // Read before anything starts: a mistyped name is said at once.
    Map<String, String> scripts = new LinkedHashMap<>();
    boolean interactive = files.isEmpty();
    for (String file : files) {
      if (file.equals("-")) {
        if (System.console() != null) {
          interactive = true;
        } else {
          scripts.put(
              "standard input", new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        }
      } else {
        scripts.put(file, read(Path.of(file)));
      }
    }
    SqlRunner runner = new SqlRunner(settings(), variables(), clientProperties(), out);
    // Ctrl-C must not leave a job behind on the cluster.
    Runtime.getRuntime().addShutdownHook(new Thread(runner::cancel, "forestall-sql-cancel"));
    scripts.forEach(runner::run);
    if (interactive) {
      talk(runner, out);
    }
    return ExitCodes.OK;
  }

  private SqlRunner.Settings settings() {
    URI address = local ? null : SqlRunner.address(rest);
    return new SqlRunner.Settings(
        address == null ? null : address.getHost(),
        address == null ? 0 : address.getPort(),
        follow,
        output == Output.JSON,
        maxRows);
  }

  private Map<String, String> variables() {
    Map<String, String> all = new LinkedHashMap<>(variables);
    all.put("bootstrap", kafka.bootstrapServers());
    all.put("prefix", kafka.topicPrefix());
    return all;
  }

  private Map<String, String> clientProperties() {
    Map<String, String> all = new LinkedHashMap<>();
    Properties properties = kafka.clientProperties();
    for (String name : properties.stringPropertyNames()) {
      if (!name.equals("bootstrap.servers")) {
        all.put(name, properties.getProperty(name));
      }
    }
    return all;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "cannot read " + file + ": is the name right? sql/ has the questions",
          e);
    }
  }

  /** Reads statements line by line; a mistake is told and the conversation goes on. */
  private static void talk(SqlRunner runner, PrintWriter out) throws IOException {
    boolean terminal = System.console() != null;
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
    if (terminal) {
      out.println("Statements end with a semicolon; SHOW TABLES; DESCRIBE risk; quit;");
    }
    StringBuilder script = new StringBuilder();
    while (true) {
      if (terminal) {
        out.print(script.isEmpty() ? "sql> " : "  -> ");
        out.flush();
      }
      String line = in.readLine();
      if (line == null) {
        break;
      }
      String word = line.strip();
      if (script.isEmpty() && (word.matches("(?i)(quit|exit);?"))) {
        return;
      }
      script.append(line).append('\n');
      if (!SqlScript.isUnfinished(script.toString())) {
        answer(runner, out, script.toString());
        script.setLength(0);
      }
    }
    if (!script.toString().isBlank()) {
      answer(runner, out, script.toString());
    }
  }

  private static void answer(SqlRunner runner, PrintWriter out, String script) {
    try {
      runner.run("statement", script);
    } catch (CommandFailure e) {
      out.println(e.getMessage());
      out.flush();
    }
  }
}
