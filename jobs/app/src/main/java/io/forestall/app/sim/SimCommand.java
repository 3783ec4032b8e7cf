package io.forestall.app.sim;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.sim.world.Bug;
import io.forestall.sim.world.Bugs;
import io.forestall.sim.world.Invariants;
import io.forestall.sim.world.Knob;
import io.forestall.sim.world.Product;
import io.forestall.sim.world.Scenario;
import io.forestall.sim.world.Simulation;
import io.forestall.sim.world.SimulationReport;
import java.io.PrintWriter;
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

  @Option(names = "--list", description = "Lists scenarios, invariants and bugs; runs nothing.")
  private boolean list;

  @Option(names = "--trace", description = "Prints every step of the one seed.")
  private boolean trace;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    if (list) {
      list(out);
      return ExitCodes.OK;
    }
    if (seeds != null && seeds < 1) {
      throw usage("--seeds is 1 or more, not " + seeds);
    }
    if (trace && seeds != null) {
      throw usage("--trace prints one seed: leave --seeds out");
    }
    Bug planted;
    try {
      planted = Bugs.named(bug);
      if (scenario != null) {
        Scenario.named(scenario);
      }
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage() + "; forestall sim --list says what there is");
    }
    return seeds == null ? one(planted, out) : many(planted, seeds, out);
  }

  private SimulationReport run(long of, Bug planted, @Nullable Consumer<String> steps) {
    Scenario chosen = scenario == null ? planted.scenario(of) : Scenario.named(scenario);
    return Simulation.run(of, chosen, planted, Product.shipped(), steps);
  }

  private int one(Bug planted, PrintWriter out) {
    SimulationReport report = run(seed, planted, trace ? out::println : null);
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

  private int many(Bug planted, int count, PrintWriter out) throws InterruptedException {
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
                  SimulationReport report = run(mine, planted, null);
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

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
