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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall maintenance add|list|end}: windows with a reason and an author (G1). */
@Command(
    name = "maintenance",
    description =
        "Maintenance windows: what happens in them is expected, and nothing is moved there.",
    subcommands = {
      MaintenanceCommand.Add.class,
      MaintenanceCommand.ListWindows.class,
      MaintenanceCommand.End.class
    })
public final class MaintenanceCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: add, list, end");
  }

  /** Announces a window. */
  @Command(name = "add", description = "Announces a window; several of one scope may be announced.")
  static final class Add implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Speech speech = new Speech();
    @Mixin private Where where = new Where();
    @Mixin private When when = new When();

    @Option(
        names = "--id",
        paramLabel = "NAME",
        description = "Name of the window. Default: when it begins.")
    private @Nullable String id;

    @Option(
        names = "--evacuate",
        description =
            "Give the node's units other owners when the window begins: a failover of its own,"
                + " under all limits. Of a node only.")
    private boolean evacuate;

    @Override
    public Integer call() {
      return speech.print(
          speech
              .words()
              .scoped(
                  Kind.MAINTENANCE,
                  where.narrow("maintenance window"),
                  ActKind.UNKNOWN,
                  id,
                  when.span(),
                  evacuate ? Map.of(PolicyParameters.EVACUATE, "true") : Map.of(),
                  speech.voice()),
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }

  /** The windows that are not over. */
  @Command(name = "list", description = "The windows that are not over.")
  static final class ListWindows implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Override
    public Integer call() {
      return PoliciesCommand.list(
          listening,
          null,
          record -> record.kind() == Kind.MAINTENANCE,
          false,
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }

  /** Ends windows. */
  @Command(name = "end", description = "Ends the windows of a scope, or the one of --id, now.")
  static final class End implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Speech speech = new Speech();
    @Mixin private Where where = new Where();

    @Option(names = "--id", paramLabel = "NAME", description = "Only the window of this name.")
    private @Nullable String id;

    @Override
    public Integer call() {
      String scope = where.narrow("maintenance window");
      String wanted = id;
      return speech.print(
          speech
              .words()
              .takeBack(
                  record ->
                      record.kind() == Kind.MAINTENANCE
                          && record.scope().equals(scope)
                          && (wanted == null || record.id().equals(wanted)),
                  "no such window of " + scope + " is announced",
                  Kind.MAINTENANCE,
                  speech.voice()),
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }
}
