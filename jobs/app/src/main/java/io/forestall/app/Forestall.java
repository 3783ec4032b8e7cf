package io.forestall.app;

import io.forestall.app.cluster.SubmitCommand;
import io.forestall.app.conformance.ConformanceCommand;
import io.forestall.app.console.AnomaliesCommand;
import io.forestall.app.console.ConsoleCommand;
import io.forestall.app.console.EntityCommand;
import io.forestall.app.console.FleetCommand;
import io.forestall.app.console.RiskCommand;
import io.forestall.app.demo.DemoCommand;
import io.forestall.app.evaluate.EvaluateCommand;
import io.forestall.app.ingest.IngestCommand;
import io.forestall.app.model.ModelCommand;
import io.forestall.app.node.NodeCommand;
import io.forestall.app.operate.ApproveCommand;
import io.forestall.app.operate.BudgetCommand;
import io.forestall.app.operate.CancelCommand;
import io.forestall.app.operate.DecisionsCommand;
import io.forestall.app.operate.DenyCommand;
import io.forestall.app.operate.HaltCommand;
import io.forestall.app.operate.IncidentsCommand;
import io.forestall.app.operate.KeysCommand;
import io.forestall.app.operate.MaintenanceCommand;
import io.forestall.app.operate.ModeCommand;
import io.forestall.app.operate.OverrideCommand;
import io.forestall.app.operate.PinCommand;
import io.forestall.app.operate.PoliciesCommand;
import io.forestall.app.operate.ResumeCommand;
import io.forestall.app.operate.SilenceCommand;
import io.forestall.app.rules.RulesCommand;
import io.forestall.app.runtime.BrokerCommand;
import io.forestall.app.score.ScoreCommand;
import io.forestall.app.sim.SimCommand;
import io.forestall.app.sql.SqlCommand;
import io.forestall.app.topics.TopicsCommand;
import io.forestall.app.train.TrainCommand;
import io.forestall.app.volume.SagaCommand;
import io.forestall.app.volume.VolumeCommand;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The {@code forestall} command. Every failure is one line on standard error with what to do;
 * {@code --debug} adds the stack trace. Exit codes are in {@link ExitCodes}.
 */
@Command(
    name = "forestall",
    mixinStandardHelpOptions = true,
    versionProvider = Forestall.Version.class,
    scope = ScopeType.INHERIT,
    description = "Acts on storage failures before they happen.",
    footer = {
      "",
      "Exit codes: 0 done, 1 found something or failed, 2 usage, 3 unreachable, 4 refused by a"
          + " safety rule."
    },
    subcommands = {
      AnomaliesCommand.class,
      ApproveCommand.class,
      BrokerCommand.class,
      BudgetCommand.class,
      CancelCommand.class,
      CompletionCommand.class,
      ConformanceCommand.class,
      ConsoleCommand.class,
      DecisionsCommand.class,
      DemoCommand.class,
      DenyCommand.class,
      EntityCommand.class,
      EvaluateCommand.class,
      FleetCommand.class,
      HaltCommand.class,
      IncidentsCommand.class,
      IngestCommand.class,
      KeysCommand.class,
      MaintenanceCommand.class,
      ModeCommand.class,
      ModelCommand.class,
      NodeCommand.class,
      OverrideCommand.class,
      PinCommand.class,
      PoliciesCommand.class,
      ResumeCommand.class,
      RiskCommand.class,
      RulesCommand.class,
      SagaCommand.class,
      ScoreCommand.class,
      SilenceCommand.class,
      SimCommand.class,
      SqlCommand.class,
      SubmitCommand.class,
      TopicsCommand.class,
      TrainCommand.class,
      VolumeCommand.class, //
    })
public final class Forestall implements Runnable {

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show stack traces of failures.")
  private boolean debug;

  @Spec private @Nullable CommandSpec spec;

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs the command in this process and returns its exit code; prints to the standard streams. */
  public static int run(String... args) {
    try {
      return commandLine().execute(args);
    } catch (NoClassDefFoundError e) {
      // The jar alone: not even the commands themselves can be loaded.
      System.err.println("forestall: " + describe(e));
      return ExitCodes.FOUND;
    }
  }

  /** The command line with its error handling; tests set its writers. */
  public static CommandLine commandLine() {
    Forestall root = new Forestall();
    CommandLine line = new CommandLine(root);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Forestall::misused);
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> failed(command, failure, root.debug));
    // An Error must also be one line: a missing library shows itself as NoClassDefFoundError.
    line.setExecutionStrategy(
        parsed -> {
          try {
            return new CommandLine.RunLast().execute(parsed);
          } catch (NoClassDefFoundError | ExceptionInInitializerError e) {
            return failed(line, e, root.debug);
          }
        });
    return line;
  }

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do, one of the commands below");
  }

  private static int misused(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(
        name + ": " + oneLine(String.valueOf(e.getMessage())) + ". See " + name + " --help.");
    if (command.getParent() == null && args.length == 0) {
      command.usage(err);
    }
    err.flush();
    return ExitCodes.USAGE;
  }

  private static int failed(CommandLine command, Throwable failure, boolean debug) {
    PrintWriter err = command.getErr();
    Throwable cause = unwrap(failure);
    err.println(command.getCommandSpec().qualifiedName() + ": " + describe(cause));
    if (debug) {
      failure.printStackTrace(err);
    }
    err.flush();
    return cause instanceof CommandFailure known ? known.exitCode() : ExitCodes.FOUND;
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable at = failure;
    while ((at instanceof ExecutionException || at instanceof CompletionException)
        && at.getCause() != null) {
      at = at.getCause();
    }
    return at;
  }

  /** One line for any failure; unforeseen ones name their class and how to see more. */
  static String describe(Throwable failure) {
    if (failure instanceof CommandFailure) {
      return oneLine(String.valueOf(failure.getMessage()));
    }
    if (failure instanceof NoClassDefFoundError || failure instanceof ClassNotFoundException) {
      String missing = String.valueOf(failure.getMessage()).replace('/', '.');
      return "the library with "
          + missing
          + " is missing from the class path: start with scripts/forestall, which adds"
          + " jobs/app/target/lib, and build it with ./mvnw -DskipTests package";
    }
    if (failure instanceof CancellationException) {
      return "cancelled";
    }
    String message = failure.getMessage();
    return oneLine(failure.getClass().getSimpleName() + (message == null ? "" : ": " + message))
        + " (--debug shows where)";
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** The version from the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Forestall.class.getPackage().getImplementationVersion();
      return new String[] {
        "forestall " + (version == null ? "(not packaged)" : version),
        "Java " + Runtime.version() + ", " + System.getProperty("os.name")
      };
    }
  }
}
