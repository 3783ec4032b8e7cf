package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall fleet tree|late}: the fleet by place, and who is not heard of. */
@Command(
    name = "fleet",
    description = "The fleet by place, and who is late or silent.",
    subcommands = {FleetCommand.Tree.class, FleetCommand.Late.class})
public final class FleetCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: tree, late");
  }

  /** One level of the fleet. */
  @Command(
      name = "tree",
      description = "The places below a place: regions, zones, racks or nodes, with their counts.")
  static final class Tree implements Callable<Integer> {
    private static final List<String> AT_RISK = List.of("critical", "warning", "watch");

    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    @Option(names = "--region", paramLabel = "REGION", description = "Below this region.")
    private @Nullable String region;

    @Option(names = "--zone", paramLabel = "ZONE", description = "Below this zone of the region.")
    private @Nullable String zone;

    @Option(names = "--rack", paramLabel = "RACK", description = "Below this rack of the zone.")
    private @Nullable String rack;

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "200",
        description = "Places at most, 1 to 2000. Default: ${DEFAULT-VALUE}.")
    private int limit = 200;

    @Override
    public Integer call() throws InterruptedException {
      if ((zone != null && region == null) || (rack != null && zone == null)) {
        throw CommandFailure.usage(
            "--zone needs its --region, and --rack its --zone: names repeat elsewhere");
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      JsonNode level =
          console.askOrPrint(
              new ConsoleClient.Question("fleet")
                  .with("region", region)
                  .with("zone", zone)
                  .with("rack", rack)
                  .with("limit", limit),
              out,
              "no such place is known: forestall fleet tree shows the regions");
      if (level == null) {
        return ExitCodes.OK;
      }
      TextTable table =
          new TextTable(
              "PLACE",
              "WORST",
              ">NODES",
              ">DISKS",
              ">CRITICAL",
              ">WARNING",
              ">WATCH",
              ">UNKNOWN",
              ">SILENT",
              ">LATE",
              ">NEVER",
              ">MAX SCORE");
      for (JsonNode place : level.path("items")) {
        row(table, place, name(place.path("name").asText()));
      }
      row(table, level.path("place"), "all of it");
      table.print(out);
      out.printf(
          Locale.ROOT, "%d of %d%n", level.path("items").size(), level.path("total").asInt());
      out.flush();
      return ExitCodes.OK;
    }

    private static void row(TextTable table, JsonNode place, String name) {
      List<String> cells = new ArrayList<>();
      cells.add(name);
      cells.add(place.path("worst").asText());
      cells.add(place.path("nodes").asText());
      cells.add(place.path("disks").asText());
      for (String tier : AT_RISK) {
        cells.add(count(place, tier));
      }
      cells.add(count(place, "unknown"));
      for (String flag : List.of("silent", "late", "never")) {
        cells.add(place.path(flag).asText());
      }
      JsonNode score = place.path("maxScore");
      cells.add(score.isNumber() ? ConsoleClient.decimal(score.asDouble(), 1) : "-");
      table.add(cells.toArray(new String[0]));
    }

    private static String count(JsonNode place, String tier) {
      return Integer.toString(
          place.path("tiers").path(tier).asInt() + place.path("machineTiers").path(tier).asInt());
    }

    private static String name(String name) {
      return name.isEmpty() ? "(none)" : name;
    }
  }

  /** Who is not heard of. Exit code 1 when somebody is. */
  @Command(
      name = "late",
      description = {
        "What is silent, late or was never heard of; the oldest first.",
        "Exit code 1 when there is something."
      })
  static final class Late implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    /** Ways of not being heard of. */
    enum State {
      SILENT,
      LATE,
      NEVER
    }

    @Option(
        names = "--state",
        paramLabel = "STATE",
        split = ",",
        description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<State> states = new ArrayList<>();

    @Option(names = "--kind", paramLabel = "KIND", description = "Only this sort, such as node.")
    private @Nullable String kind;

    @Option(names = "--region", paramLabel = "REGION", description = "Only this region.")
    private @Nullable String region;

    @Option(names = "--rack", paramLabel = "RACK", description = "Only this rack.")
    private @Nullable String rack;

    @Option(
        names = "--limit",
        paramLabel = "COUNT",
        defaultValue = "50",
        description = "Entries at most, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int limit = 50;

    @Override
    public Integer call() throws InterruptedException {
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      String body =
          console.ask(
              new ConsoleClient.Question("late")
                  .with(
                      "state",
                      states.stream().map(ConsoleJson::lower).collect(Collectors.joining(",")))
                  .with("kind", kind)
                  .with("region", region)
                  .with("rack", rack)
                  .with("limit", limit));
      if (body == null) {
        throw new CommandFailure(
            ExitCodes.FOUND, "what answers at " + console.source() + " is no console of Forestall");
      }
      JsonNode page = console.read(body);
      int code = page.path("total").asInt() == 0 ? ExitCodes.OK : ExitCodes.FOUND;
      if (console.json()) {
        out.println(body);
        out.flush();
        return code;
      }
      TextTable table =
          new TextTable("STATE", "ENTITY", "NODE", "RACK", "NEWEST", ">AGE", ">USUALLY EVERY");
      for (JsonNode item : page.path("items")) {
        table.add(
            item.path("state").asText(),
            item.path("kind").asText() + "/" + item.path("id").asText(),
            item.path("node").asText("-"),
            item.path("rack").asText("-"),
            ConsoleClient.time(item.path("newestMillis")),
            ConsoleClient.span(item.path("ageMillis")),
            ConsoleClient.span(item.path("intervalMillis")));
      }
      table.print(out);
      out.printf(
          Locale.ROOT,
          "%d of %d; ages against the fleet's time, %s%n",
          page.path("items").size(),
          page.path("total").asInt(),
          ConsoleClient.time(page.path("fleetMillis")));
      out.flush();
      return code;
    }
  }
}
