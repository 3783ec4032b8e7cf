package io.forestall.app.sim;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.sim.protocol.History;
import io.forestall.sim.protocol.Linearizability;
import io.forestall.sim.protocol.Operation;
import io.forestall.sim.protocol.ProtocolBug;
import io.forestall.sim.protocol.ProtocolBugs;
import io.forestall.sim.protocol.ProtocolInvariant;
import io.forestall.sim.protocol.ProtocolKnob;
import io.forestall.sim.protocol.ProtocolScenario;
import io.forestall.sim.protocol.ProtocolWorld;
import io.forestall.sim.world.Bug;
import io.forestall.sim.world.Bugs;
import io.forestall.sim.world.Invariants;
import io.forestall.sim.world.Knob;
import io.forestall.sim.world.Product;
import io.forestall.sim.world.Scenario;
import io.forestall.sim.world.Simulation;
import io.forestall.sim.world.SimulationReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall sim}: runs simulated worlds and looks for a violated invariant. */
@Command(
    name = "sim",
    description = {
      "Runs the deciders of correlate and decide in simulated worlds that go wrong in every way:"
          + " crashes, restores from any checkpoint, zombies, lost and doubled records, storms,"
          + " forgeries. One seed is one world, on one thread; the invariants are asked at every"
          + " step.",
      "With --protocol: schedules of the ownership protocol instead, storage nodes and clients over"
          + " logs, disks, clocks and connections that go wrong in every way. With --history:"
          + " judges what real clients recorded, whether it is linearizable.",
      "Exit code 0 when every invariant held; otherwise 1, and the last line names seed, step and"
          + " invariant. The same seed gives the same world."
    })
public final class SimCommand implements Callable<Integer> {
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed, or the first of many. Default: ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Runs so many seeds, from --seed on, on all cores.")
  private @Nullable Integer seeds;

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      description = "The scenario. Default: the seed chooses one.")
  private @Nullable String scenario;

  @Option(
      names = "--bug",
      paramLabel = "NAME",
      defaultValue = "none",
      description = "Plants a bug, to see that it is caught. Default: ${DEFAULT-VALUE}.")
  private String bug = "none";

  @Option(
      names = "--protocol",
      description = "Schedules of the ownership protocol: nodes, clients, failovers.")
  private boolean protocol;

  @Option(
      names = "--history",
      paramLabel = "FILE",
      arity = "1..*",
      description =
          "Judges recorded histories that belong together, one operation a line: client block"
              + " read|write value invoked-nanos completed-nanos, the last ? when nobody knows.")
  private List<Path> histories = List.of();

  @Option(names = "--list", description = "Lists scenarios, invariants and bugs; runs nothing.")
  private boolean list;

  @Option(names = "--trace", description = "Prints every step of the one seed.")
  private boolean trace;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    if (!histories.isEmpty()) {
      return judge(out);
    }
    if (list) {
      if (protocol) {
        listProtocol(out);
      } else {
        list(out);
      }
      return ExitCodes.OK;
    }
    if (seeds != null && seeds < 1) {
      throw usage("--seeds is 1 or more, not " + seeds);
    }
    if (trace && seeds != null) {
      throw usage("--trace prints one seed: leave --seeds out");
    }
    Schedule schedule;
    try {
      schedule = protocol ? protocolSchedule() : worldSchedule();
    } catch (IllegalArgumentException e) {
      throw usage(
          e.getMessage()
              + "; forestall sim "
              + (protocol ? "--protocol " : "")
              + "--list says what there is");
    }
    return seeds == null ? one(schedule, out) : many(schedule, seeds, out);
  }

  /** Runs one seed. */
  private interface Schedule {
    SimulationReport run(long seed, @Nullable Consumer<String> steps);
  }

  private Schedule worldSchedule() {
    Bug planted = Bugs.named(bug);
    Scenario chosen = scenario == null ? null : Scenario.named(scenario);
    return (of, steps) ->
        Simulation.run(
            of, chosen == null ? planted.scenario(of) : chosen, planted, Product.shipped(), steps);
  }

  private Schedule protocolSchedule() {
    ProtocolBug planted = ProtocolBugs.named(bug);
    ProtocolScenario chosen = scenario == null ? null : ProtocolScenario.named(scenario);
    boolean right = planted.caughtBy().isEmpty();
    return (of, steps) ->
        ProtocolWorld.run(
            of,
            chosen != null ? chosen : right ? ProtocolScenario.of(of) : planted.scenario(),
            planted,
            steps);
  }

  private int judge(PrintWriter out) {
    List<Operation> history;
    try {
      history = History.read(histories);
    } catch (IOException | IllegalArgumentException e) {
      throw usage(
          e instanceof NoSuchFileException
              ? "there is no history " + e.getMessage()
              : String.valueOf(e.getMessage()));
    }
    Linearizability.Verdict verdict = Linearizability.check(history);
    out.println(verdict.explanation());
    out.flush();
    return verdict.linearizable() ? ExitCodes.OK : ExitCodes.FOUND;
  }

  private int one(Schedule schedule, PrintWriter out) {
    SimulationReport report = schedule.run(seed, trace ? out::println : null);
    out.printf(
        "seed %d, scenario %s, bug %s: %d steps, digest %016x%n",
        report.seed(), report.scenario(), report.bug(), report.steps(), report.digest());
    report.counts().forEach((name, count) -> out.printf("  %-28s %8d%n", name, count));
    if (report.clean()) {
      out.println("every invariant held");
      out.flush();
      return ExitCodes.OK;
    }
    out.println(report.message());
    out.println(line(report));
    out.flush();
    return ExitCodes.FOUND;
  }

  private int many(Schedule schedule, int count, PrintWriter out) throws InterruptedException {
    int cores = Runtime.getRuntime().availableProcessors();
    AtomicLong next = new AtomicLong(seed);
    AtomicLong done = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    List<SimulationReport> found = new ArrayList<>();
    Map<String, Long> counts = new TreeMap<>();
    AtomicLong steps = new AtomicLong();
    long started = System.nanoTime();
    ExecutorService workers = Executors.newFixedThreadPool(cores);
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < cores; i++) {
      running.add(
          workers.submit(
              () -> {
                while (!stop.get()) {
                  long mine = next.getAndIncrement();
                  if (mine >= seed + count) {
                    return;
                  }
                  SimulationReport report = schedule.run(mine, null);
                  steps.addAndGet(report.steps());
                  synchronized (found) {
                    report.counts().forEach((name, value) -> counts.merge(name, value, Long::sum));
                    if (!report.clean()) {
                      found.add(report);
                      stop.set(true);
                    }
                  }
                  long so = done.incrementAndGet();
                  if (so % Math.max(1, count / 20) == 0) {
                    synchronized (out) {
                      out.printf("%d of %d seeds%n", so, count);
                      out.flush();
                    }
                  }
                }
              }));
    }
    try {
      for (Future<?> each : running) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new CommandFailure(
          ExitCodes.FOUND, "a seed between " + seed + " and " + next.get() + " failed", e);
    } finally {
      stop.set(true);
      workers.shutdown();
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    counts.forEach((name, value) -> out.printf("  %-28s %10d%n", name, value));
    out.printf(
        "%d seeds, %d steps in %.1f s: %.0f seeds/s%n",
        done.get(), steps.get(), seconds, done.get() / seconds);
    if (found.isEmpty()) {
      out.println("every invariant held in every seed");
      out.flush();
      return ExitCodes.OK;
    }
    found.sort((a, b) -> Long.compare(a.seed(), b.seed()));
    SimulationReport first = found.get(0);
    out.println(first.message());
    out.println(line(first));
    out.flush();
    return ExitCodes.FOUND;
  }

  private static String line(SimulationReport report) {
    return "seed " + report.seed() + " step " + report.steps() + " invariant " + report.invariant();
  }

  private static void list(PrintWriter out) {
    out.println("SCENARIOS, chosen by the seed or by --scenario");
    for (Scenario each : Scenario.all()) {
      out.printf("  %-24s %s%n", each.name(), each.sentence());
    }
    out.println();
    out.println("INVARIANTS, with their number in the architecture, 0 when they have none");
    for (String each : Invariants.lines()) {
      out.println("  " + each);
    }
    out.println();
    out.println("BUGS, to be planted by --bug");
    for (Bug each : Bugs.all()) {
      out.printf(
          "  %-24s %s Caught by %s.%n",
          each.name(), each.sentence(), String.join(" or ", each.caughtBy()));
    }
    out.println();
    out.println("KNOBS of a scenario and their usual values");
    for (Knob knob : Knob.values()) {
      out.printf(
          "  %-24s %s%n",
          knob.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'), knob.usual());
    }
    out.flush();
  }

  private static void listProtocol(PrintWriter out) {
    out.println("SCENARIOS, chosen by the seed or by --scenario");
    for (ProtocolScenario each : ProtocolScenario.all()) {
      out.printf("  %-30s %s%n", each.name(), each.sentence());
    }
    out.println();
    out.println("INVARIANTS, with their number in the architecture, 0 when they have none");
    for (ProtocolInvariant each : ProtocolInvariant.values()) {
      out.printf("  %d %-28s %s%n", each.number(), each.text(), each.sentence());
    }
    out.println();
    out.println("BUGS, to be planted by --bug");
    for (ProtocolBug each : ProtocolBugs.all()) {
      out.printf(
          "  %-30s %s Caught by %s.%n",
          each.name(), each.sentence(), each.caughtBy().get(0).text());
    }
    out.println();
    out.println("KNOBS of a scenario and their usual values");
    for (ProtocolKnob knob : ProtocolKnob.values()) {
      out.printf("  %-30s %s%n", knob.text(), knob.usual());
    }
    out.flush();
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
