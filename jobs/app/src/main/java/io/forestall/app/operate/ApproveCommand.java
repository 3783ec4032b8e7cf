package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall approve}: lets one proposal, or by a rule several, be done (G3). */
@Command(
    name = "approve",
    description = {
      "Approves a proposal that waits, for 24 h unless told otherwise; or with --rule a kind of"
          + " act.",
      "An approval lifts no other guard: budget, storm and safety of the target still refuse."
    })
public final class ApproveCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;
  @Mixin private Speech speech = new Speech();
  @Mixin private Where where = new Where();
  @Mixin private When when = new When();

  @Parameters(arity = "0..1", paramLabel = "PROPOSAL", description = "Identifier of the proposal.")
  private @Nullable String proposal;

  @Option(names = "--rule", description = "Approve by rule: what --act and the other options say.")
  private boolean rule;

  @Option(
      names = "--act",
      paramLabel = "ACT",
      converter = ActName.class,
      completionCandidates = ActName.Candidates.class,
      description = "Kind of act that the rule approves: ${COMPLETION-CANDIDATES}.")
  private @Nullable ActKind act;

  @Option(
      names = "--max-cost",
      paramLabel = "SIZE",
      description = "The rule approves what copies at most this much, such as 64gb.")
  private @Nullable String maxCost;

  @Option(
      names = "--hours",
      paramLabel = "HH-HH",
      description = "The rule approves in these hours of the day, UTC, such as 08-18.")
  private @Nullable String hours;

  @Option(names = "--id", paramLabel = "NAME", description = "Name of the rule. Default: rule-ACT.")
  private @Nullable String id;

  @Option(
      names = "--early",
      description = "Say it ahead, about an identifier that is not known yet.")
  private boolean early;

  @Override
  public Integer call() {
    Words.Voice voice = speech.voice();
    String named = proposal;
    if (!rule) {
      if (named == null) {
        throw CommandFailure.usage("name the proposal, or say --rule with --act");
      }
      if (act != null || maxCost != null || hours != null || id != null || !where.isAll()) {
        throw CommandFailure.usage(
            "--act, --max-cost, --hours, --id and a scope belong to --rule: one proposal has them"
                + " already");
      }
      return speech.print(speech.words().approve(named, when.span(), early, voice), out());
    }
    if (named != null || early) {
      throw CommandFailure.usage("--rule names no proposal and is never early");
    }
    if (act == null || act == ActKind.UNKNOWN) {
      throw CommandFailure.usage("a rule approves one kind of act: name it with --act");
    }
    Map<String, String> parameters = new HashMap<>();
    if (maxCost != null) {
      parameters.put(PolicyParameters.MAX_COST, maxCost);
    }
    if (hours != null) {
      parameters.put(PolicyParameters.HOURS, hours);
    }
    return speech.print(
        speech
            .words()
            .scoped(
                Kind.APPROVAL,
                where.scope(),
                act,
                id,
                when.span().ending("a rule that approves"),
                parameters,
                voice),
        out());
  }

  private PrintWriter out() {
    return Objects.requireNonNull(spec).commandLine().getOut();
  }
}
