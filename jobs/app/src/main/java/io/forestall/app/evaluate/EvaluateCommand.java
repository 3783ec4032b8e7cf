package io.forestall.app.evaluate;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate}: each way to measure is a command below it. */
@Command(
    name = "evaluate",
    description = "Measures the detectors and models, without a broker.",
    subcommands = {
      EvaluateAlarmsCommand.class,
      EvaluateDiskCommand.class,
      EvaluateFaultsCommand.class,
      EvaluateServersCommand.class,
      NabCommand.class, //
    })
public final class EvaluateCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "say what to measure, one of the commands below");
  }

  /** How to print. */
  enum Output {
    TABLE,
    JSON
  }
}
