package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
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

/** {@code forestall override}: what the risk of an entity is taken for (G12). */
@Command(
    name = "override",
    description =
        "For a while the risk of an entity is taken for what you say, whatever its score.")
public final class OverrideCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();
  @Mixin private When when = new When();

  /** What a risk can be taken for. */
  enum TakenFor {
    HEALTHY,
    WATCH,
    WARNING,
    CRITICAL
  }

  @Option(
      names = "--tier",
      required = true,
      paramLabel = "TIER",
      description = "What it is taken for: ${COMPLETION-CANDIDATES}.")
  private TakenFor tier = TakenFor.WATCH;

  @Override
  public Integer call() {
    return speech.print(
        speech
            .words()
            .scoped(
                Kind.OVERRIDE,
                where.narrow("override"),
                ActKind.UNKNOWN,
                null,
                when.span(),
                Map.of(PolicyParameters.TIER, Words.lower(tier)),
                speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
