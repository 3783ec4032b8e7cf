package io.forestall.app;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code forestall completion}: a script that completes commands and options in a shell. */
@Command(
    name = "completion",
    description = {
      "Print a completion script for bash and zsh.",
      "For this shell: source <(forestall completion)"
    })
public final class CompletionCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    CommandLine own = Objects.requireNonNull(spec).commandLine();
    CommandLine root = own;
    while (root.getParent() != null) {
      root = root.getParent();
    }
    PrintWriter out = own.getOut();
    out.print(AutoComplete.bash(root.getCommandName(), root));
    out.flush();
    return ExitCodes.OK;
  }
}
