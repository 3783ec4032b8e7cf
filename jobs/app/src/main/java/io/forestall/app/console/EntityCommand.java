package io.forestall.app.console;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import java.io.PrintWriter;
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

/** {@code forestall entity show}: all that is known of one thing. */
@Command(
    name = "entity",
    description = "One disk, node, processor, head, volume, pair or edge.",
    subcommands = EntityCommand.Show.class)
public final class EntityCommand implements Runnable {
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: show");
  }

  /** One entity. */
  @Command(
      name = "show",
      description =
          "Score, modes with reasons, what is usual for it, anomalies, what is beside it.")
  static final class Show implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private ConsoleClient console = new ConsoleClient();

    @Parameters(paramLabel = "KIND/ID", description = "For example disk/SERIAL or node/n-0001.")
    private String entity = "";

    @Option(
        names = "--history",
        paramLabel = "COUNT",
        defaultValue = "5",
        description = "Newest points of the history to print. Default: ${DEFAULT-VALUE}.")
    private int points = 5;

    @Override
    public Integer call() throws InterruptedException {
      int slash = entity.indexOf('/');
      if (slash <= 0 || slash == entity.length() - 1) {
        throw CommandFailure.usage(
            entity + " names no entity: write KIND/ID, for example node/n-0001");
      }
      String kind = entity.substring(0, slash);
      String id = entity.substring(slash + 1);
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      JsonNode detail =
          console.askOrPrint(
              new ConsoleClient.Question("entities", kind, id),
              out,
              "no " + kind + " " + id + " is known: forestall risk list shows what is");
      if (detail == null) {
        return ExitCodes.OK;
      }
      RiskCommand.ShowRisk.print(out, detail, points);
      JsonNode signals = detail.path("baseline").path("signals");
      if (!signals.isEmpty()) {
        out.println();
        TextTable table =
            new TextTable("SIGNAL", ">NEWEST", ">USUAL", ">SPREAD", ">PEERS", ">SAMPLES");
        for (JsonNode signal : signals) {
          table.add(
              signal.path("signal").asText(),
              ConsoleClient.value(signal.path("last")),
              ConsoleClient.value(signal.path("level")),
              ConsoleClient.value(signal.path("spread")),
              ConsoleClient.value(signal.path("peerMedian")),
              signal.path("samples").asText());
        }
        table.print(out);
      }
      if (!detail.path("anomalies").isEmpty()) {
        out.println();
        AnomaliesCommand.print(out, detail.path("anomalies"), false);
      }
      if (!detail.path("related").isEmpty()) {
        out.println();
        TextTable table = new TextTable("BESIDE IT", "ENTITY", "TIER", ">SCORE");
        for (JsonNode related : detail.path("related")) {
          table.add(
              related.path("as").asText(),
              related.path("kind").asText() + "/" + related.path("id").asText(),
              related.path("tier").asText(),
              related.path("score").isNumber()
                  ? ConsoleClient.decimal(related.path("score").asDouble(), 1)
                  : "-");
        }
        table.print(out);
      }
      return ExitCodes.OK;
    }
  }
}
