package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.risk.RiskExportCommand;
import io.forestall.schemas.Tier;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
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
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, show, export");
  }

  /** How answers are printed. */
  enum Output {
    TABLE,
    JSON
  }

  /** Where the console is and how to print; shared by both commands. */
  static final class Asking {
    @Option(
        names = "--url",
        paramLabel = "URL",
        defaultValue = "${env:FORESTALL_CONSOLE_URL:-http://127.0.0.1:7080}",
        description = "Address of the console. Default: ${DEFAULT-VALUE}.")
    private String url = "http://127.0.0.1:7080";

    @Option(
        names = "--output",
        paramLabel = "table|json",
        defaultValue = "table",
        description = "How to print: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Output output = Output.TABLE;

    /** The answer to a GET, null when there is no such thing. */
    @Nullable String ask(String path) throws InterruptedException {
      URI uri;
      try {
        uri = URI.create(url.replaceAll("/+$", "") + path);
      } catch (IllegalArgumentException e) {
        throw new CommandFailure(
            ExitCodes.USAGE, "--url " + url + " is no address: write http://HOST:PORT", e);
      }
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      if (uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
        throw CommandFailure.usage("--url " + url + " is no address: write http://HOST:PORT");
      }
      HttpResponse<String> answer;
      try {
        answer =
            HttpClient.newBuilder()
                .connectTimeout(PATIENCE)
                .build()
                .send(
                    HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
                    HttpResponse.BodyHandlers.ofString());
      } catch (IOException e) {
        throw CommandFailure.unreachable(
            "no console answers at " + url + ": start one (forestall console) or correct --url", e);
      }
      if (answer.statusCode() == 404) {
        return null;
      }
      if (answer.statusCode() != 200) {
        String sentence;
        try {
          sentence = JSON.readTree(answer.body()).path("what").asText("");
        } catch (JsonProcessingException e) {
          sentence = "";
        }
        throw new CommandFailure(
            answer.statusCode() == 400 ? ExitCodes.USAGE : ExitCodes.FOUND,
            "the console at "
                + url
                + " answered "
                + answer.statusCode()
                + (sentence.isEmpty() ? ": is it a console of Forestall?" : ": " + sentence));
      }
      return answer.body();
    }

    JsonNode read(String body) {
      try {
        return JSON.readTree(body);
      } catch (JsonProcessingException e) {
        throw new CommandFailure(
            ExitCodes.FOUND, "what answers at " + url + " is no console of Forestall: no JSON", e);
      }
    }
  }

  /** {@code forestall risk list}. */
  @Command(name = "list", description = "The highest failure scores.")
  static final class ListRisks implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Asking asking = new Asking();

    @Option(
        names = "--tier",
        paramLabel = "TIER",
        split = ",",
        description = "Only these tiers: ${COMPLETION-CANDIDATES}.")
    private List<Tier> tiers = new ArrayList<>();

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
      StringBuilder path = new StringBuilder("/api/v1/risk?limit=" + limit);
      parameter(path, "sort", ConsoleJson.lower(sort));
      parameter(path, "rack", rack);
      parameter(path, "node", node);
      parameter(path, "minScore", minScore == null ? null : minScore.toString());
      parameter(
          path,
          "tier",
          tiers.isEmpty()
              ? null
              : tiers.stream().map(ConsoleJson::lower).collect(Collectors.joining(",")));
      String body = asking.ask(path.toString());
      if (body == null) {
        throw new CommandFailure(
            ExitCodes.FOUND, "what answers at " + asking.url + " is no console of Forestall");
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (asking.output == Output.JSON) {
        out.println(body);
        out.flush();
        return ExitCodes.OK;
      }
      JsonNode page = asking.read(body);
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
            scored ? decimal(item.path("score").asDouble(), 1) : "-",
            scored ? percent(item.path("probability").asDouble()) : "-",
            item.path("kind").asText() + "/" + item.path("id").asText(),
            item.path("node").asText("-"),
            item.path("rack").asText("-"),
            scored ? time(item.path("tierSinceMillis").asLong()) : "-",
            item.path("topReason").isTextual() ? item.path("topReason").asText() : "");
      }
      table.print(out);
      out.printf("%d of %d%n", page.path("items").size(), page.path("total").asInt());
      out.flush();
      return ExitCodes.OK;
    }

    private static void parameter(StringBuilder path, String name, @Nullable String value) {
      if (value != null) {
        path.append('&')
            .append(name)
            .append('=')
            .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
      }
    }
  }

  /** {@code forestall risk show}. */
  @Command(
      name = "show",
      description = "One entity: its score, the reasons, the last of its history.")
  static final class ShowRisk implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Asking asking = new Asking();

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
      String body = asking.ask("/api/v1/risk/" + segment(kind) + "/" + segment(id));
      if (body == null) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the console knows no "
                + kind
                + " "
                + id
                + ": forestall risk list shows what it knows");
      }
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      if (asking.output == Output.JSON) {
        out.println(body);
        out.flush();
        return ExitCodes.OK;
      }
      print(out, asking.read(body));
      return ExitCodes.OK;
    }

    private void print(PrintWriter out, JsonNode detail) {
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
        facts.add("since", time(detail.path("tierSinceMillis").asLong()));
        facts.add("score", decimal(detail.path("score").asDouble(), 1));
        facts.add(
            "probability",
            percent(detail.path("probability").asDouble())
                + " within "
                + Duration.ofMillis(detail.path("horizonMillis").asLong()).toDays()
                + " d");
        facts.add("confidence", percent(detail.path("confidence").asDouble()));
        facts.add(
            "sample",
            time(detail.path("timeMillis").asLong())
                + (detail.path("stale").asBoolean() ? " (silent since)" : ""));
        facts.add("scored", detail.path("samples").asText());
      }
      facts.print(out);
      for (JsonNode mode : detail.path("modes")) {
        out.println();
        TextTable reasons =
            new TextTable(
                ">NATS",
                "REASON ("
                    + mode.path("mode").asText()
                    + ", "
                    + mode.path("model").asText()
                    + " "
                    + mode.path("modelVersion").asText()
                    + ")");
        for (JsonNode reason : mode.path("reasons")) {
          reasons.add(
              decimal(reason.path("contribution").asDouble(), 2), reason.path("text").asText());
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
              time(point.path("timeMillis").asLong()),
              decimal(point.path("score").asDouble(), 1),
              percent(point.path("probability").asDouble()),
              point.path("tier").asText());
        }
        past.print(out);
      }
      out.flush();
    }
  }

  private static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String decimal(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  private static String percent(double probability) {
    return String.format(Locale.ROOT, probability < 0.01 ? "%.3f%%" : "%.1f%%", 100 * probability);
  }

  private static String time(long millis) {
    String text = Instant.ofEpochMilli(millis).toString();
    return text.endsWith("T00:00:00Z") ? text.substring(0, 10) : text;
  }
}
