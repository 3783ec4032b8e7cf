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

/** {@code forestall cancel}: ends what is in flight, or a proposal that waits (G13). */
@Command(
    name = "cancel",
    description = {
      "Ends an admitted act before its fence, or a proposal that waits.",
      "What is past its fence completes; what it moved is moved back by an act of its own."
    })
public final class CancelCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private When when = new When();

  @Parameters(paramLabel = "ID", description = "Identifier of the admission or of the proposal.")
  private String id = "";

  @Option(
      names = "--early",
      description = "Say it ahead, about an identifier that is not known yet.")
  private boolean early;

  @Override
  public Integer call() {
    return speech.print(
        speech.words().cancel(id, when.span(), early, speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
