package io.forestall.app.operate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forestall pin}: nothing moves what it names, or only to one target (G12). */
@Command(
    name = "pin",
    description = "For a while nothing moves what the scope names, or only to one target.")
public final class PinCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();
  @Mixin private When when = new When();

  @Option(
      names = "--target",
      paramLabel = "KIND/ID",
      description = "The only target that may be chosen, such as node/n-0007.")
  private @Nullable String target;

  @Override
  public Integer call() {
    Map<String, String> parameters = new HashMap<>();
    if (target != null) {
      parameters.put(PolicyParameters.TARGET, target);
    }
    return speech.print(
        speech
            .words()
            .scoped(
                Kind.PIN,
                where.narrow("pin"),
                ActKind.UNKNOWN,
                null,
                when.span(),
                parameters,
                speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
