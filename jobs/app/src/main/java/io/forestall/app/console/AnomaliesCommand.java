package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall anomalies list}: what behaves unusually. */
@Command(
    name = "anomalies",
    description = "Signals that behave unusually.",
    subcommands = AnomaliesCommand.ListThem.class)
public final class AnomaliesCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list");
  }

  /** The list. */
  @Command(name = "list", description = "The anomalies that last, the newest first.")
  static final class ListThem implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    /** Which anomalies. */
    enum State {
      OPEN,
      ENDED,
      ALL
    }

    @Option(
        names = "--state",
        paramLabel = "STATE",
        defaultValue = "open",
        description = "Which: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private State state = State.OPEN;

    @Option(names = "--kind", paramLabel = "KIND", description = "Only this sort, such as edge.")
    private @Nullable String kind;

    @Option(names = "--signal", paramLabel = "SIGNAL", description = "Only this signal.")
    private @Nullable String signal;

    @Option(names = "--worse", description = "Only deviations to the bad side.")
    private boolean worse;

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
      JsonNode page =
          console.askOrPrint(
              new ConsoleClient.Question("anomalies")
                  .with("state", ConsoleJson.lower(state))
                  .with("kind", kind)
                  .with("signal", signal)
                  .with("worse", worse ? "true" : null)
                  .with("rack", rack)
                  .with("limit", limit),
              out,
              "what answers at " + console.source() + " is no console of Forestall");
      if (page != null) {
        print(out, page.path("items"), true);
        out.printf(
            Locale.ROOT, "%d of %d%n", page.path("items").size(), page.path("total").asInt());
        out.flush();
      }
      return ExitCodes.OK;
    }
  }

  /** Prints anomalies, with or without the entity they are of. */
  static void print(PrintWriter out, JsonNode anomalies, boolean withEntity) {
    TextTable table =
        withEntity
            ? new TextTable("STATE", "ENTITY", "SIGNAL", ">VALUE", ">USUAL", "SINCE", "IN WORDS")
            : new TextTable("STATE", "ANOMALY", ">VALUE", ">USUAL", "SINCE", "IN WORDS");
    for (JsonNode anomaly : anomalies) {
      String state =
          anomaly.path("ended").asBoolean()
              ? "over"
              : anomaly.path("worse").asBoolean() ? "worse" : "unusual";
      String signal = anomaly.path("signal").asText();
      String value = ConsoleClient.value(anomaly.path("value"));
      String usual = ConsoleClient.value(anomaly.path("expected"));
      String since = ConsoleClient.time(anomaly.path("sinceMillis"));
      String text = anomaly.path("text").asText();
      if (withEntity) {
        table.add(
            state,
            anomaly.path("kind").asText() + "/" + anomaly.path("id").asText(),
            signal,
            value,
            usual,
            since,
            text);
      } else {
        table.add(state, signal, value, usual, since, text);
      }
    }
    table.print(out);
  }
}
