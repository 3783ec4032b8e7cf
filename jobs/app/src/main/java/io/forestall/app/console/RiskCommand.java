package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.risk.RiskExportCommand;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.Tier;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forestall risk list|show|export}: what the console knows, in a terminal. */
@Command(
    name = "risk",
    description = "The failure scores, of a running console or straight from Kafka.",
    subcommands = {
      RiskCommand.ListRisks.class,
      RiskCommand.ShowRisk.class,
      RiskExportCommand.class
    })
public final class RiskCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show, export");
  }

  /** {@code forestall risk list}. */
  @Command(name = "list", description = "The highest failure scores.")
  static final class ListRisks implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    @Option(
        names = "--tier",
        paramLabel = "TIER",
        split = ",",
        description = "Only these tiers: ${COMPLETION-CANDIDATES}.")
    private List<Tier> tiers = new ArrayList<>();

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        description = "Only this sort: ${COMPLETION-CANDIDATES}.")
    private @Nullable EntityKind kind;

    @Option(
        names = "--mode",
        paramLabel = "MODE",
        description = "Only entities with this failure mode: ${COMPLETION-CANDIDATES}.")
    private @Nullable FailureMode mode;

    @Option(names = "--region", paramLabel = "REGION", description = "Only this region.")
    private @Nullable String region;

    @Option(names = "--zone", paramLabel = "ZONE", description = "Only this failure zone.")
    private @Nullable String zone;

    @Option(names = "--rack", paramLabel = "RACK", description = "Only this rack.")
    private @Nullable String rack;

    @Option(names = "--node", paramLabel = "NODE", description = "Only this node.")
    private @Nullable String node;

    @Option(
        names = "--min-score",
        paramLabel = "POINTS",
        description = "Only scores from here, 0 to 100.")
    private @Nullable Double minScore;

    @Option(
        names = "--sort",
        paramLabel = "ORDER",
        defaultValue = "score",
        description = "Order: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private RiskQuery.Sort sort = RiskQuery.Sort.SCORE;

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "20",
        description = "Entries at most, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int limit = 20;

    @Override
    public Integer call() throws InterruptedException {
      ConsoleClient.Question question =
          new ConsoleClient.Question("risk")
              .with("limit", limit)
              .with("sort", ConsoleJson.lower(sort))
              .with("kind", kind == null ? null : ConsoleJson.lower(kind))
              .with("mode", mode == null ? null : ConsoleJson.lower(mode))
              .with("region", region)
              .with("zone", zone)
              .with("rack", rack)
              .with("node", node)
              .with("minScore", minScore)
              .with(
                  "tier", tiers.stream().map(ConsoleJson::lower).collect(Collectors.joining(",")));
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      JsonNode page =
          console.askOrPrint(
              question, out, "what answers at " + console.source() + " is no console of Forestall");
      if (page == null) {
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable(
              "TIER",
              ">SCORE",
              ">PROBABILITY",
              "ENTITY",
              "NODE",
              "RACK",
              "SINCE",
              "LARGEST REASON");
      for (JsonNode item : page.path("items")) {
        boolean scored = item.path("scored").asBoolean();
        table.add(
            item.path("tier").asText(),
            scored ? ConsoleClient.decimal(item.path("score").asDouble(), 1) : "-",
            scored ? ConsoleClient.percent(item.path("probability").asDouble()) : "-",
            item.path("kind").asText() + "/" + item.path("id").asText(),
            item.path("node").asText("-"),
            item.path("rack").asText("-"),
            scored ? ConsoleClient.time(item.path("tierSinceMillis").asLong()) : "-",
            item.path("topReason").isTextual() ? item.path("topReason").asText() : "");
      }
      table.print(out);
      out.printf("%d of %d%n", page.path("items").size(), page.path("total").asInt());
      out.flush();
      return ExitCodes.OK;
    }
  }

  /** {@code forestall risk show}. */
  @Command(
      name = "show",
      description = "One entity: its score, the reasons, the last of its history.")
  static final class ShowRisk implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    @Parameters(
        paramLabel = "ENTITY",
        description = "disk/SERIAL or node/NAME; a bare word is the serial number of a disk.")
    private String entity = "";

    @Option(
        names = "--history",
        paramLabel = "COUNT",
        defaultValue = "10",
        description = "Newest points of the history to print. Default: ${DEFAULT-VALUE}.")
    private int points = 10;

    @Override
    public Integer call() throws InterruptedException {
      int slash = entity.indexOf('/');
      String kind = slash < 0 ? "disk" : entity.substring(0, slash);
      String id = entity.substring(slash + 1);
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      JsonNode detail =
          console.askOrPrint(
              new ConsoleClient.Question("risk", kind, id),
              out,
              "the console knows no "
                  + kind
                  + " "
                  + id
                  + ": forestall risk list shows what it knows");
      if (detail != null) {
        print(out, detail, points);
      }
      return ExitCodes.OK;
    }

    /** Prints one entity, with the newest points of its history. */
    /** A horizon in its largest whole unit: days from two days on, else hours. */
    private static String within(long millis) {
      Duration duration = Duration.ofMillis(millis);
      return duration.toDays() >= 2 ? duration.toDays() + " d" : duration.toHours() + " h";
    }

    static void print(PrintWriter out, JsonNode detail, int points) {
      TextTable facts = new TextTable(detail.path("kind").asText(), detail.path("id").asText());
      facts.add(
          "place",
          detail.path("node").asText("")
              + " "
              + detail.path("rack").asText("")
              + " "
              + detail.path("zone").asText("")
              + (detail.path("synthetic").asBoolean() ? " (synthetic)" : ""));
      facts.add("tier", detail.path("tier").asText());
      if (detail.path("scored").asBoolean()) {
        facts.add("since", ConsoleClient.time(detail.path("tierSinceMillis").asLong()));
        facts.add("score", ConsoleClient.decimal(detail.path("score").asDouble(), 1));
        facts.add(
            "probability",
            ConsoleClient.percent(detail.path("probability").asDouble())
                + " within "
                + within(detail.path("horizonMillis").asLong()));
        facts.add("confidence", ConsoleClient.percent(detail.path("confidence").asDouble()));
        facts.add(
            "sample",
            ConsoleClient.time(detail.path("timeMillis").asLong())
                + (detail.path("stale").asBoolean() ? " (silent since)" : ""));
        facts.add("scored", detail.path("samples").asText());
      }
      facts.print(out);
      if (!detail.path("modes").isEmpty()) {
        out.println();
        TextTable modes = new TextTable("MODE", ">PROBABILITY", ">WITHIN", "MODEL");
        for (JsonNode mode : detail.path("modes")) {
          modes.add(
              mode.path("mode").asText(),
              ConsoleClient.percent(mode.path("probability").asDouble()),
              within(mode.path("horizonMillis").asLong()),
              mode.path("model").asText() + " " + mode.path("modelVersion").asText());
        }
        modes.print(out);
      }
      for (JsonNode mode : detail.path("modes")) {
        if (mode.path("reasons").isEmpty()) {
          continue;
        }
        out.println();
        TextTable reasons = new TextTable(">NATS", "REASON (" + mode.path("mode").asText() + ")");
        for (JsonNode reason : mode.path("reasons")) {
          reasons.add(
              ConsoleClient.decimal(reason.path("contribution").asDouble(), 2),
              reason.path("text").asText());
        }
        reasons.print(out);
      }
      JsonNode history = detail.path("history");
      if (points > 0 && !history.isEmpty()) {
        out.println();
        TextTable past = new TextTable("TIME", ">SCORE", ">PROBABILITY", "TIER");
        for (int i = Math.max(0, history.size() - points); i < history.size(); i++) {
          JsonNode point = history.get(i);
          past.add(
              ConsoleClient.time(point.path("timeMillis").asLong()),
              ConsoleClient.decimal(point.path("score").asDouble(), 1),
              ConsoleClient.percent(point.path("probability").asDouble()),
              point.path("tier").asText());
        }
        past.print(out);
      }
      out.flush();
    }
  }
}
