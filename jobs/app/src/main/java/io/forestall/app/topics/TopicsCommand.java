package io.forestall.app.topics;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall topics}: list, create, check, describe. */
@Command(name = "topics", description = "The catalogue of topics, and a broker held against it.")
public final class TopicsCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "say what to do: list, create, check, describe");
  }
}
