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
import picocli.CommandLine.Spec;

/** {@code forestall silence}: nothing is proposed for a scope and nobody is paged (G12). */
@Command(
    name = "silence",
    description = "For a while nothing is proposed for a scope, and nobody is paged for it.")
public final class SilenceCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();
  @Mixin private When when = new When();

  @Override
  public Integer call() {
    return speech.print(
        speech
            .words()
            .scoped(
                Kind.SILENCE,
                where.narrow("silence"),
                ActKind.UNKNOWN,
                null,
                when.span(),
                Map.of(),
                speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
