package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.decisions.guard.WriteModes;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall volume mode}: when writes to a volume are acknowledged (E1). */
@Command(
    name = "mode",
    description = {
      "When writes to a volume are acknowledged: once they are in the log, or once they are in the",
      "journal of the node that owns them, within a bound. What is not in the log yet is lost when",
      "another node has to take over; a flush waits for the log, and fails when something is lost.",
      "The owners read it themselves and say so in the ownership log; show tells when they have."
    })
public final class WriteModeCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private When when = new When();

  @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
  private String volume = "";

  @ArgGroup(multiplicity = "1")
  private Mode mode = new Mode();

  @Option(
      names = "--bound",
      paramLabel = "TIME",
      description =
          "With --asynchronous: how old an acknowledged write may be that is not in the log, 10 ms"
              + " to 60 s, such as 500ms. It is what a takeover can lose.")
  private @Nullable String bound;

  /** One of both. */
  static final class Mode {
    @Option(names = "--asynchronous", description = "Within --bound, before they are in the log.")
    private boolean asynchronous;

    @Option(names = "--synchronous", description = "Once they are in the log; so it is by default.")
    private boolean synchronous;
  }

  @Override
  public Integer call() {
    String within = bound;
    if (mode.asynchronous != (within != null)) {
      throw CommandFailure.usage("--asynchronous needs --bound, and --synchronous takes none");
    }
    return speech.print(
        speech
            .words()
            .scoped(
                Kind.WRITE_MODE,
                new Subject(Subject.Kind.VOLUME, volume).toString(),
                ActKind.UNKNOWN,
                WriteModes.ID,
                when.span(),
                within == null
                    ? Map.of(PolicyParameters.WRITE_MODE, WriteModes.SYNCHRONOUS)
                    : Map.of(
                        PolicyParameters.WRITE_MODE,
                        WriteModes.ASYNCHRONOUS,
                        PolicyParameters.ASYNC_BOUND,
                        within),
                speech.voice()),
        Objects.requireNonNull(spec).commandLine().getOut());
  }
}
