package io.forestall.app.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.ingest.FaultFile;
import io.forestall.app.ingest.SimulatedFeed;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.risk.FailureMode;
import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall demo fault}: plants labelled faults in the simulated fleet of a running demo.
 */
@Command(
    name = "fault",
    description = {
      "Plants a fault in the simulated fleet of the demo that runs on this machine, and clears it.",
      "What is planted is a label beside the telemetry: the job has to find it by itself."
    },
    subcommands = {
      FaultCommand.ListFaults.class,
      FaultCommand.PlantFault.class,
      FaultCommand.ClearFaults.class
    })
public final class FaultCommand implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long KEPT_MILLIS = Duration.ofDays(1).toMillis();
  private static final int MAX_FAULTS = 200;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "say what to do: list, plant or clear");
  }

  /** How the result is printed. */
  public enum Output {
    TABLE,
    JSON
  }

  /** What each of the commands needs. */
  static final class Where {
    @Option(
        names = "--directory",
        paramLabel = "DIR",
        description = "Folder of the demo. Default: var/demo.")
    private @Nullable Path directory;

    @Option(
        names = "--output",
        paramLabel = "FORM",
        defaultValue = "table",
        description = "table or json. Default: ${DEFAULT-VALUE}.")
    private Output output = Output.TABLE;

    /** The faults of the demo that runs in the folder. */
    FaultFile running() {
      Path folder = DemoCommand.folder(directory);
      if (LocalRuntime.isFree(folder)) {
        throw CommandFailure.unreachable(
            "no demo runs in "
                + folder
                + ": start one with scripts/demo, or name its folder with --directory",
            null);
      }
      Path feed = folder.resolve("feed");
      if (!Files.exists(feed.resolve("faults.targets"))) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the demo in "
                + folder
                + " has no simulated machines yet: it replays files, or is still telling its"
                + " history; try again when it says that it has come to the present");
      }
      return new FaultFile(feed);
    }

    /** The present of the simulated machines; milliseconds since 1970-01-01 UTC. */
    long nowMillis() {
      try {
        long now =
            SimulatedFeed.machinesMillis(
                DemoCommand.folder(directory).resolve("feed").resolve("position"));
        return now < 0 ? System.currentTimeMillis() : now;
      } catch (IOException e) {
        throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
      }
    }

    List<Fault> change(UnaryOperator<List<Fault>> change) throws InterruptedException {
      FaultFile file = running();
      try {
        String written = file.change(change);
        Await.until(
            PATIENCE, "the demo takes the faults", () -> file.isTaken(written), IOException.class);
        return file.read();
      } catch (TimeoutException e) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the demo has not taken the change within "
                + PATIENCE.toSeconds()
                + " s: is it still catching up with the present? It takes it then",
            e);
      } catch (IOException e) {
        throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
      }
    }

    void print(List<Fault> faults, PrintWriter out) {
      long now = nowMillis();
      if (output == Output.JSON) {
        ArrayNode all = new ObjectMapper().createArrayNode();
        for (Fault fault : faults) {
          ObjectNode node = all.addObject();
          node.put("id", fault.id());
          node.put("kind", fault.kind().word());
          node.put("target", fault.target());
          node.put("state", state(fault, now));
          node.put("startMillis", fault.startMillis());
          node.put("endMillis", fault.endMillis());
          node.put("severity", fault.severity());
          FailureMode mode = fault.kind().mode();
          node.put("mode", mode == null ? null : mode.name());
        }
        out.println(all.toPrettyString());
      } else if (faults.isEmpty()) {
        out.println("No fault is planted. Kinds: " + kinds());
      } else {
        TextTable table =
            new TextTable("ID", "STATE", "KIND", "TARGET", "FROM", "UNTIL", ">SEVERITY", "WHAT");
        for (Fault fault : faults) {
          table.add(
              fault.id(),
              state(fault, now),
              fault.kind().word(),
              fault.target(),
              time(fault.startMillis()),
              time(fault.endMillis()),
              String.format(Locale.ROOT, "%.2f", fault.severity()),
              fault.kind().label());
        }
        table.print(out);
      }
      out.flush();
    }

    private static String state(Fault fault, long now) {
      return fault.activeAt(now) ? "active" : now < fault.startMillis() ? "planned" : "over";
    }

    private static String time(long millis) {
      return Instant.ofEpochMilli(millis).truncatedTo(ChronoUnit.SECONDS).toString();
    }
  }

  private static String kinds() {
    return Arrays.stream(FaultKind.values()).map(FaultKind::word).collect(Collectors.joining(", "));
  }

  /** {@code forestall demo fault list}. */
  @Command(name = "list", description = "The faults that are planted, and those that are over.")
  static final class ListFaults implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Where where = new Where();

    @Override
    public Integer call() {
      try {
        where.print(where.running().read(), Objects.requireNonNull(spec).commandLine().getOut());
      } catch (IOException e) {
        throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
      }
      return ExitCodes.OK;
    }
  }

  /** {@code forestall demo fault plant}. */
  @Command(
      name = "plant",
      description = {
        "Plants a fault; it begins at once.",
        "Kinds: slow-disk, dying-disk, dying-nic, memory-leak, flapping-link, crash-loop,"
            + " silent-node, half-silent, clock-jump, duplicate-frames, renamed-exporter."
      })
  static final class PlantFault implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Where where = new Where();

    @Parameters(paramLabel = "KIND", description = "What goes wrong.")
    private String kind = "";

    @Option(
        names = "--target",
        paramLabel = "ENTITY",
        description =
            "What it befalls, as kind/id: disk/SERIAL, node/n-0003, edge/n-0001>n-0002, rack/r-01,"
                + " processor/p-1. Default: the first thing that can have it and has none.")
    private @Nullable String target;

    @Option(
        names = "--for",
        paramLabel = "TIME",
        converter = Durations.class,
        defaultValue = "10m",
        description = "How long, such as 90s, 10m or 2h. Default: ${DEFAULT-VALUE}.")
    private Duration length = Duration.ofMinutes(10);

    @Option(
        names = "--severity",
        paramLabel = "X",
        defaultValue = "0.8",
        description = "How bad, above 0 to 1. Default: ${DEFAULT-VALUE}.")
    private double severity = 0.8;

    @Override
    public Integer call() throws InterruptedException {
      FaultKind what = FaultKind.of(kind);
      if (what == null) {
        throw usage("no kind of fault is called '" + kind + "'; there are " + kinds());
      }
      if (!(severity > 0 && severity <= 1)) {
        throw usage("--severity is above 0 and at most 1, not " + severity);
      }
      String named = target;
      if (named != null && !what.befalls(named)) {
        throw usage(
            what.word()
                + " befalls "
                + String.join(", ", what.targets())
                + ", not '"
                + named
                + "': name one as kind/id");
      }
      List<String> targets = targets();
      if (named != null && !targets.contains(named)) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "there is no "
                + named
                + " in the demo's fleet; there is, for example, "
                + targets.stream().filter(what::befalls).findFirst().orElse("nothing of the kind"));
      }
      long now = where.nowMillis();
      String[] id = new String[1];
      List<Fault> faults =
          where.change(
              before -> {
                List<Fault> after = new ArrayList<>();
                before.stream()
                    .filter(fault -> fault.endMillis() > now - KEPT_MILLIS)
                    .forEach(after::add);
                if (after.size() >= MAX_FAULTS) {
                  throw new CommandFailure(
                      ExitCodes.REFUSED,
                      "there are " + MAX_FAULTS + " faults already: clear them first");
                }
                String entity =
                    named != null
                        ? named
                        : targets.stream()
                            .filter(what::befalls)
                            .filter(free -> after.stream().noneMatch(f -> f.target().equals(free)))
                            .findFirst()
                            .orElseThrow(
                                () ->
                                    new CommandFailure(
                                        ExitCodes.FOUND,
                                        "nothing in the demo's fleet can have a "
                                            + what.word()
                                            + " now"));
                int number = 1;
                for (Fault fault : before) {
                  number = Math.max(number, 1 + numberOf(fault.id()));
                }
                id[0] = "f-" + number;
                after.add(new Fault(id[0], what, entity, now, now + length.toMillis(), severity));
                return after;
              });
      where.print(
          faults.stream().filter(fault -> fault.id().equals(id[0])).toList(),
          Objects.requireNonNull(spec).commandLine().getOut());
      return ExitCodes.OK;
    }

    private List<String> targets() {
      try {
        return where.running().targets();
      } catch (IOException e) {
        throw new CommandFailure(ExitCodes.FOUND, String.valueOf(e.getMessage()), e);
      }
    }

    private static int numberOf(String id) {
      try {
        return id.startsWith("f-") ? Integer.parseInt(id.substring(2)) : 0;
      } catch (NumberFormatException e) {
        return 0;
      }
    }

    private ParameterException usage(String message) {
      return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
    }
  }

  /** {@code forestall demo fault clear}. */
  @Command(name = "clear", description = "Ends a fault, or all of them; the labels are kept.")
  static final class ClearFaults implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;
    @Mixin private Where where = new Where();

    @Parameters(
        arity = "0..1",
        paramLabel = "ID",
        description = "The fault's name as list shows it; all of them when it is left out.")
    private @Nullable String id;

    @Override
    public Integer call() throws InterruptedException {
      long now = where.nowMillis();
      String wanted = id;
      List<Fault> faults =
          where.change(
              before -> {
                if (wanted != null
                    && before.stream().noneMatch(fault -> fault.id().equals(wanted))) {
                  throw new CommandFailure(
                      ExitCodes.FOUND,
                      "no fault is called '" + wanted + "': forestall demo fault list names them");
                }
                return before.stream()
                    .map(f -> wanted == null || f.id().equals(wanted) ? f.endedAt(now) : f)
                    .toList();
              });
      where.print(faults, Objects.requireNonNull(spec).commandLine().getOut());
      return ExitCodes.OK;
    }
  }
}
