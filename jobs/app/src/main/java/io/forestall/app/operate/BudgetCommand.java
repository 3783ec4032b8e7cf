package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall budget set|show}: limits of the blast radius and of rates (G4, G5). */
@Command(
    name = "budget",
    description = {
      "How much may be done at once, in a while and in a day.",
      "Shipped: one predicted act per pool at a time, 2 %% of a pool's nodes a day, at least 1."
    },
    subcommands = {BudgetCommand.SetBudget.class, BudgetCommand.Show.class})
public final class BudgetCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: set, show");
  }

  /** Sets. */
  @Command(
      name = "set",
      description = "Sets limits of a scope; what is not named keeps the limit of the wider scope.")
  static final class SetBudget implements Callable<Integer> {
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

    @Option(
        names = "--acts-in-flight",
        paramLabel = "COUNT",
        description = "Predicted acts in flight at once in the scope.")
    private @Nullable String actsInFlight;

    @Option(
        names = "--all-acts-in-flight",
        paramLabel = "COUNT",
        description = "Acts in flight at once in the scope, predicted and real.")
    private @Nullable String allActsInFlight;

    @Option(
        names = "--rate-acts",
        paramLabel = "COUNT",
        description = "Acts within --rate-window in the scope.")
    private @Nullable String rateActs;

    @Option(names = "--rate-window", paramLabel = "TIME", description = "Such as 1h or 7d.")
    private @Nullable String rateWindow;

    @Option(
        names = "--nodes-per-day",
        paramLabel = "SHARE",
        description = "Share of a pool's nodes that acts may touch a day, 0 to 1, such as 0.02.")
    private @Nullable String nodesPerDay;

    @Override
    public Integer call() {
      Map<String, String> parameters = new HashMap<>();
      put(parameters, PolicyParameters.ACTS_IN_FLIGHT, actsInFlight);
      put(parameters, PolicyParameters.ALL_ACTS_IN_FLIGHT, allActsInFlight);
      put(parameters, PolicyParameters.RATE_ACTS, rateActs);
      put(parameters, PolicyParameters.RATE_WINDOW, rateWindow);
      put(parameters, PolicyParameters.NODES_PER_DAY, nodesPerDay);
      if (parameters.isEmpty()) {
        throw CommandFailure.usage("name at least one limit, such as --acts-in-flight 1");
      }
      return speech.print(
          speech
              .words()
              .scoped(
                  Kind.BUDGET, where.scope(), act, null, when.span(), parameters, speech.voice()),
          Objects.requireNonNull(spec).commandLine().getOut());
    }

    private static void put(Map<String, String> all, String name, @Nullable String value) {
      if (value != null) {
        all.put(name, value);
      }
    }
  }

  /** Shows. */
  @Command(name = "show", description = "The limits that were set; all others are as shipped.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Override
    public Integer call() {
      return PoliciesCommand.list(
          listening,
          null,
          record -> record.kind() == Kind.BUDGET,
          false,
          Objects.requireNonNull(spec).commandLine().getOut());
    }
  }
}
