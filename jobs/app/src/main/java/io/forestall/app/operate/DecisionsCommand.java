package io.forestall.app.operate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.schemas.Candidate;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Input;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
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

/** {@code forestall decisions list|show}: how each proposal ended, and why (G6). */
@Command(
    name = "decisions",
    description = "How each proposal ended, with its code and what every guard said.",
    subcommands = {DecisionsCommand.ListDecisions.class, DecisionsCommand.Show.class})
public final class DecisionsCommand implements Runnable {
  private static final int MOST_OF_ONE = 1000;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show");
  }

  /** Lists. */
  @Command(name = "list", description = "The newest decisions first, straight from Kafka.")
  static final class ListDecisions implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Option(
        names = "--subject",
        paramLabel = "KIND/ID",
        description = "Only of this subject, such as node/n-0001.")
    private @Nullable String subject;

    @Option(names = "--pool", paramLabel = "ID", description = "Only of this pool.")
    private @Nullable String pool;

    @Option(
        names = "--act",
        paramLabel = "ACT",
        converter = ActName.class,
        completionCandidates = ActName.Candidates.class,
        description = "Only of this kind of act: ${COMPLETION-CANDIDATES}.")
    private io.forestall.decisions.@Nullable ActKind act;

    @Option(
        names = "--outcome",
        paramLabel = "OUTCOME",
        split = ",",
        description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<DecisionOutcome> outcomes = new ArrayList<>();

    @Option(
        names = "--code",
        paramLabel = "CODE",
        split = ",",
        description = "Only these reasons, such as BUDGET_SPENT or STORM.")
    private List<DecisionCode> codes = new ArrayList<>();

    @Option(
        names = "--lane",
        paramLabel = "LANE",
        defaultValue = "live",
        description = "Only of this lane, all for every one. Default: ${DEFAULT-VALUE}.")
    private String lane = "live";

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "24h",
        description =
            "How far back, such as 15min, 7d, 2026-11-22 or all. Default: ${DEFAULT-VALUE}.")
    private String since = "24h";

    @Option(names = "--newest", description = "Only the newest decision of each proposal.")
    private boolean newest;

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "50",
        description = "Decisions at most, 1 to 10000. Default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Override
    public Integer call() {
      if (limit < 1 || limit > 10_000) {
        throw CommandFailure.usage("--limit is a count from 1 to 10000, not " + limit);
      }
      long from = Listening.since(since, System.currentTimeMillis());
      Newest<Decision> kept = new Newest<>(limit, Decision::getTimeMillis);
      Map<String, Decision> byProposal = new HashMap<>();
      long unreadable =
          scan(
              listening,
              from,
              null,
              decision -> {
                if (newest) {
                  byProposal.merge(
                      decision.getProposal(),
                      decision,
                      (a, b) -> b.getTimeMillis() >= a.getTimeMillis() ? b : a);
                } else if (wanted(decision)) {
                  kept.add(decision);
                }
              });
      byProposal.values().stream().filter(this::wanted).forEach(kept::add);
      List<Decision> shown = kept.newestFirst();
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ArrayNode items = node.putArray("items");
        shown.forEach(decision -> items.add(AvroJson.of(decision)));
        node.put("total", kept.seen());
        node.put("unreadable", unreadable);
        listening.print(node, out);
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable("TIME", "OUTCOME", "CODE", "ACT", "SUBJECT", "POOL", "PROPOSAL", "WHY");
      for (Decision decision : shown) {
        table.add(
            Times.utc(decision.getTimeMillis()),
            Words.lower(decision.getOutcome()),
            decision.getCode().name(),
            Words.lower(decision.getAct()),
            Keys.of(decision.getSubject()),
            decision.getPool(),
            decision.getProposal(),
            decision.getText());
      }
      table.print(out);
      out.printf(Locale.ROOT, "%d of %d%s%n", shown.size(), kept.seen(), unread(unreadable));
      out.flush();
      return ExitCodes.OK;
    }

    private boolean wanted(Decision decision) {
      return (subject == null || Keys.of(decision.getSubject()).equals(subject))
          && (pool == null || decision.getPool().equals(pool))
          && (act == null || decision.getAct().name().equals(act.name()))
          && (outcomes.isEmpty() || outcomes.contains(decision.getOutcome()))
          && (codes.isEmpty() || codes.contains(decision.getCode()))
          && (lane.equals("all") || decision.getLane().equals(lane));
    }
  }

  /** Shows one. */
  @Command(
      name = "show",
      description = {
        "All that is known of one proposal: what it is, what each guard said, how it ended.",
        "The identifier is that of a proposal, a decision or an admission."
      })
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Listening listening = new Listening();

    @Parameters(paramLabel = "ID", description = "Identifier of proposal, decision or admission.")
    private String id = "";

    @Option(
        names = "--since",
        paramLabel = "TIME",
        defaultValue = "30d",
        description = "How far back to look. Default: ${DEFAULT-VALUE}.")
    private String since = "30d";

    @Override
    public Integer call() {
      long from = Listening.since(since, System.currentTimeMillis());
      Newest<Decision> kept = new Newest<>(MOST_OF_ONE, Decision::getTimeMillis);
      scan(
          listening,
          from,
          id,
          decision -> {
            if (decision.getProposal().equals(id)
                || decision.getId().equals(id)
                || id.equals(decision.getAdmission())) {
              kept.add(decision);
            }
          });
      List<Decision> decisions = kept.newestFirst();
      String proposalId = decisions.isEmpty() ? id : decisions.get(0).getProposal();
      Proposal proposal = proposal(listening, from, proposalId);
      if (decisions.isEmpty() && proposal == null) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "no proposal, decision or admission is called '"
                + id
                + "' since "
                + Times.utc(from)
                + ": forestall decisions list shows them, --since looks further back");
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (listening.json()) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.set("proposal", proposal == null ? null : AvroJson.of(proposal));
        ArrayNode items = node.putArray("decisions");
        decisions.forEach(decision -> items.add(AvroJson.of(decision)));
        listening.print(node, out);
        return ExitCodes.OK;
      }
      if (proposal != null) {
        print(proposal, out);
      } else {
        out.println("proposal " + proposalId + " (its record was not found)");
      }
      if (decisions.isEmpty()) {
        out.println("not decided yet");
      }
      for (Decision decision : decisions) {
        print(decision, out);
      }
      out.flush();
      return ExitCodes.OK;
    }

    private static void print(Proposal proposal, PrintWriter out) {
      out.println(
          "proposal "
              + proposal.getId()
              + ": "
              + Words.lower(proposal.getAct())
              + " of "
              + Keys.of(proposal.getSubject())
              + " in pool "
              + proposal.getPool());
      out.println("  why         " + proposal.getReason());
      out.println(
          "  from, to    " + name(proposal.getSource()) + ", " + name(proposal.getTarget()));
      out.println("  units       " + proposal.getUnits().size());
      out.println(
          "  expects     "
              + String.format(
                  Locale.ROOT,
                  "failure with probability %.2f within %s, trust %.2f",
                  proposal.getProbability(),
                  Times.length(proposal.getHorizonMillis()),
                  proposal.getConfidence()));
      out.println("  made        " + Times.utc(proposal.getTimeMillis()));
      out.println("  expires     " + Times.utc(proposal.getExpiresMillis()));
      if (proposal.getIncident() != null) {
        out.println("  incident    " + proposal.getIncident());
      }
      if (!proposal.getLane().equals("live")) {
        out.println("  lane        " + proposal.getLane() + ", which only shows");
      }
      for (Input input : proposal.getInputs()) {
        out.println("  from        " + input.getText());
      }
      if (!proposal.getCandidates().isEmpty()) {
        TextTable table = new TextTable("TARGET", ">POINTS", "REFUSED", "WHY");
        for (Candidate candidate : proposal.getCandidates()) {
          table.add(
              Keys.of(candidate.getEntity()),
              String.format(Locale.ROOT, "%.2f", candidate.getScore()),
              candidate.getRefusal() == null ? "-" : candidate.getRefusal(),
              candidate.getText());
        }
        table.print(out);
      }
    }

    private static void print(Decision decision, PrintWriter out) {
      out.println();
      out.println(
          Times.utc(decision.getTimeMillis())
              + "  "
              + Words.lower(decision.getOutcome())
              + ", "
              + decision.getCode()
              + ": "
              + decision.getText());
      line(out, "decision", decision.getId());
      line(out, "mode", Words.lower(decision.getMode()));
      line(out, "approved by", decision.getApprovedBy());
      line(out, "admission", decision.getAdmission());
      line(out, "locked by", decision.getLockOwner());
      line(out, "input lag", Times.length(decision.getLagMillis()));
      if (decision.getGuards().isEmpty()) {
        return;
      }
      TextTable table = new TextTable("GUARD", "SAYS", ">OBSERVED", ">LIMIT", "WHY");
      for (GuardResult guard : decision.getGuards()) {
        table.add(
            guard.getGuard(),
            guard.getPassed() ? "passed" : guard.getCode().name(),
            number(guard.getObserved()),
            number(guard.getLimit()),
            guard.getText());
      }
      table.print(out);
    }

    private static void line(PrintWriter out, String name, @Nullable String value) {
      if (value != null) {
        out.printf(Locale.ROOT, "  %-12s%s%n", name, value);
      }
    }

    private static String number(@Nullable Double value) {
      if (value == null) {
        return "-";
      }
      return value == Math.rint(value) && Math.abs(value) < 1e15
          ? String.format(Locale.ROOT, "%.0f", value)
          : String.format(Locale.ROOT, "%.3f", value);
    }

    private static String name(@Nullable EntityRef entity) {
      return entity == null ? "-" : Keys.of(entity);
    }
  }

  /** What is done with a decision. */
  private interface Visitor {
    void decision(Decision decision);
  }

  /** Scans; what cannot be read is counted. */
  private static long scan(
      Listening listening, long sinceMillis, @Nullable String holding, Visitor visitor) {
    AvroCodec<Decision> codec = AvroCodec.of(Decision.class);
    return TopicScan.values(
        listening.kafka(),
        Topics.DECISIONS,
        sinceMillis,
        holding,
        value -> visitor.decision(codec.decode(value)));
  }

  /** The decisions are shown all the same when it cannot be read. */
  private static @Nullable Proposal proposal(Listening listening, long sinceMillis, String id) {
    AvroCodec<Proposal> codec = AvroCodec.of(Proposal.class);
    Proposal[] found = new Proposal[1];
    // Proposals are a little older than what was decided about them.
    long from = Math.max(0, sinceMillis - Duration.ofDays(1).toMillis());
    var unused =
        TopicScan.values(
            listening.kafka(),
            Topics.PROPOSALS,
            from,
            id,
            value -> {
              Proposal proposal = codec.decode(value);
              if (proposal.getId().equals(id)) {
                found[0] = proposal;
              }
            });
    return found[0];
  }

  static String unread(long unreadable) {
    return unreadable == 0 ? "" : "; " + unreadable + " could not be read";
  }
}
