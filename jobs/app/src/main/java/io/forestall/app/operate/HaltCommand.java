package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall halt}: stops every act of a scope until resumed. */
@Command(
    name = "halt",
    description = {
      "Stops every act of a scope, everywhere unless told otherwise, until resumed.",
      "Nodes read it themselves, so it works with every job down; what is past its fence completes."
    })
public final class HaltCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();
  @Mixin private When when = new When();

  @Option(
      names = "--act",
      paramLabel = "ACT",
      converter = ActName.class,
      completionCandidates = ActName.Candidates.class,
      description = "Only this kind of act: ${COMPLETION-CANDIDATES}.")
  private ActKind act = ActKind.UNKNOWN;

  @Override
  public Integer call() {
    return speech.print(
        speech
            .words()
            .scoped(Kind.HALT, where.scope(), act, null, when.span(), Map.of(), speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
