package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall mode set|show}: advise or act, per kind of act and scope (G2). */
@Command(
    name = "mode",
    description = "Whether acts of a kind are done or only advised. Advised, unless switched on.",
    subcommands = {ModeCommand.SetMode.class, ModeCommand.Show.class})
public final class ModeCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: set, show");
  }

  /** What acts may be. */
  enum Mode {
    ADVISE,
    ACT
  }

  /** Switches. */
  @Command(
      name = "set",
      description = {
        "Switches kinds of act to advise or act, in a scope.",
        "Acting is switched on kind by kind; advise may be said of all at once."
      })
  static final class SetMode implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Speech speech = new Speech();
    @Mixin private Where where = new Where();
    @Mixin private When when = new When();

    @Parameters(paramLabel = "MODE", description = "${COMPLETION-CANDIDATES}.")
    private Mode mode = Mode.ADVISE;

    @Option(
        names = "--act",
        paramLabel = "ACT",
        split = ",",
        converter = ActName.class,
        completionCandidates = ActName.Candidates.class,
        description = "Kinds of act, comma separated: ${COMPLETION-CANDIDATES}.")
    private List<ActKind> acts = new ArrayList<>();

    @Option(names = "--approval", description = "Each act needs an approval first; only with act.")
    private boolean approval;

    @Override
    public Integer call() {
      if (approval && mode == Mode.ADVISE) {
        throw CommandFailure.usage("what is only advised needs no --approval");
      }
      Map<String, String> parameters = new HashMap<>();
      parameters.put(PolicyParameters.MODE, Words.lower(mode));
      if (approval) {
        parameters.put(PolicyParameters.APPROVAL, "true");
      }
      List<Written> written = new ArrayList<>();
      Words words = speech.words();
      for (ActKind act : acts.isEmpty() ? List.of(ActKind.UNKNOWN) : acts) {
        written.add(
            words.scoped(
                Kind.MODE, where.scope(), act, null, when.span(), parameters, speech.voice()));
      }
      return speech.print(written, Objects.requireNonNull(spec).commandLine().getOut());
    }
  }

  /** Shows. */
  @Command(name = "show", description = "What was switched; what is not listed is advised.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Override
    public Integer call() {
      return PoliciesCommand.list(
          listening,
          null,
          record -> record.kind() == Kind.MODE,
          false,
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }
}
