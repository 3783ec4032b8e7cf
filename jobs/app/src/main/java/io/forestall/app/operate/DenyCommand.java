package io.forestall.app.operate;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall deny}: one proposal shall not be done (G3). */
@Command(name = "deny", description = "Denies a proposal, for 7 d unless told otherwise.")
public final class DenyCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private When when = new When();

  @Parameters(paramLabel = "PROPOSAL", description = "Identifier of the proposal.")
  private String id = "";

  @Option(
      names = "--early",
      description = "Say it ahead, about an identifier that is not known yet.")
  private boolean early;

  @Override
  public Integer call() {
    return speech.print(
        speech.words().deny(id, when.span(), early, speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
