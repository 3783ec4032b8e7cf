package io.forestall.app.evaluate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.TextTable;
import io.forestall.app.demo.Durations;
import io.forestall.app.evaluate.EvaluateCommand.Output;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModelSet;
import io.forestall.risk.TrainedModels;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.sim.FaultKind;
import io.forestall.sim.FaultReport;
import io.forestall.sim.FaultTrial;
import io.forestall.sim.OfflineSense;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code forestall evaluate faults}: planted faults of every kind in a simulated fleet. */
@Command(
    name = "faults",
    description = {
      "Plants faults of every kind at random times in a simulated fleet and runs the detectors of"
          + " the sense job over it: how many are found, how soon, who is blamed wrongly, and how"
          + " often an alarm is raised for nothing, also in a fleet without any fault.",
      "An alarm is a mode's probability at or above that of tier WARNING. Every figure comes from"
          + " the seeds: the same options give the same figures."
    })
final class EvaluateFaultsCommand implements Callable<Integer> {
  private static final long START_MILLIS = 1_717_372_800_000L; // 2024-06-03, a Monday
  private static final long SMART_EVERY_MILLIS = 3_600_000L;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "16",
      description = "Storage nodes of the fleet. Default: ${DEFAULT-VALUE}.")
  private int nodes = 16;

  @Option(
      names = "--disks",
      paramLabel = "N",
      defaultValue = "12",
      description = "Disks of each node. Default: ${DEFAULT-VALUE}.")
  private int disks = 12;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "How long each fleet is watched; the first day has no faults and counts for nothing."
              + " Default: ${DEFAULT-VALUE}.")
  private int days = 3;

  @Option(
      names = "--every",
      paramLabel = "TIME",
      converter = Durations.class,
      defaultValue = "30s",
      description = "Time between two reports of a machine. Default: ${DEFAULT-VALUE}.")
  private Duration every = Duration.ofSeconds(30);

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Fleets with faults, and as many without. Default: ${DEFAULT-VALUE}.")
  private int seeds = 3;

  @Option(
      names = "--first-seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of the first fleet; the others follow. Default: ${DEFAULT-VALUE}.")
  private long firstSeed = 1;

  @Option(
      names = "--faults",
      paramLabel = "N",
      defaultValue = "2",
      description = "Faults of each kind in a fleet. Default: ${DEFAULT-VALUE}.")
  private int faults = 2;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      split = ",",
      description = "Only these kinds, such as slow-disk,dying-nic. Default: all.")
  private List<String> kinds = new ArrayList<>();

  @Option(
      names = "--list",
      description = "Also print each fault with what came of it, and each false alarm.")
  private boolean list;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      defaultValue = "table",
      description = "table or json. Default: ${DEFAULT-VALUE}.")
  private Output output = Output.TABLE;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    Set<FaultKind> wanted = wanted();
    if (seeds < 1) {
      throw usage("--seeds is 1 or more, not " + seeds);
    }
    List<FaultTrial.Options> trials = new ArrayList<>();
    try {
      for (int i = 0; i < seeds; i++) {
        trials.add(
            new FaultTrial.Options(
                firstSeed + i,
                nodes,
                disks,
                START_MILLIS,
                days,
                every.toMillis(),
                SMART_EVERY_MILLIS,
                days > 1 ? Duration.ofDays(1).toMillis() : Duration.ofHours(8).toMillis(),
                faults,
                wanted));
      }
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    List<FaultTrial.Result> withFaults = new ArrayList<>();
    List<FaultTrial.Result> healthy = new ArrayList<>();
    run(trials, withFaults, healthy);
    FaultReport report = FaultReport.of(withFaults, healthy);
    PrintWriter out = spec().commandLine().getOut();
    if (output == Output.JSON) {
      printJson(report, withFaults, healthy, out);
    } else {
      print(report, out);
      if (list) {
        printEach(withFaults, healthy, out);
      }
    }
    out.flush();
    return ExitCodes.OK;
  }

  private Set<FaultKind> wanted() {
    Set<FaultKind> wanted = EnumSet.noneOf(FaultKind.class);
    for (String word : kinds) {
      FaultKind kind = FaultKind.of(word);
      if (kind == null) {
        throw usage(
            "no kind of fault is called '"
                + word
                + "'; there are "
                + Arrays.stream(FaultKind.values())
                    .map(FaultKind::word)
                    .collect(Collectors.joining(", ")));
      }
      wanted.add(kind);
    }
    return wanted.isEmpty() ? EnumSet.allOf(FaultKind.class) : wanted;
  }

  private static void run(
      List<FaultTrial.Options> trials,
      List<FaultTrial.Result> withFaults,
      List<FaultTrial.Result> healthy)
      throws InterruptedException {
    int threads = Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<FaultTrial.Result>> ill = new ArrayList<>();
      List<Future<FaultTrial.Result>> well = new ArrayList<>();
      for (FaultTrial.Options options : trials) {
        ill.add(pool.submit(() -> trial(options)));
        well.add(pool.submit(() -> trial(options.healthy())));
      }
      for (int i = 0; i < trials.size(); i++) {
        withFaults.add(ill.get(i).get());
        healthy.add(well.get(i).get());
      }
    } catch (ExecutionException e) {
      throw new CommandFailure(ExitCodes.FOUND, "a trial failed: " + e.getCause(), e);
    } finally {
      pool.shutdownNow();
    }
  }

  private static FaultTrial.Result trial(FaultTrial.Options options) {
    return FaultTrial.run(
        options,
        OfflineSense.Settings.defaults(),
        ModelSet.of(TrainedModels.defaultDiskModel()),
        EnsembleDetector::standard);
  }

  private void print(FaultReport report, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%d simulated fleets of %d nodes with %d disks each, %d days, a report every %d s:"
            + " %,d samples%n%n",
        seeds,
        nodes,
        disks,
        days,
        every.toSeconds(),
        report.samples());
    TextTable table =
        new TextTable(
            "FAULT", "MODE", ">FAULTS", ">FOUND", ">MEDIAN DELAY", ">P90", ">WRONGLY BLAMED");
    for (FaultReport.Line line : report.kinds()) {
      FailureMode mode = line.kind().mode();
      table.add(
          line.kind().word(),
          mode == null ? "-" : mode.name(),
          Integer.toString(line.faults()),
          Integer.toString(line.found()),
          time(line.medianDelayMillis()),
          time(line.p90DelayMillis()),
          Integer.toString(line.wronglyBlamed()));
    }
    table.print(out);
    out.println();
    TextTable alarms = new TextTable("FALSE ALARMS A NODE-WEEK", ">WITH FAULTS", ">HEALTHY FLEET");
    for (FailureMode mode : modes()) {
      alarms.add(
          mode.name(),
          rate(report.falseAlarms().get(mode)),
          rate(report.falseAlarmsHealthy().get(mode)));
    }
    alarms.print(out);
    out.printf(
        Locale.ROOT,
        "over %.1f and %.1f node-weeks%n",
        report.nodeWeeks(),
        report.nodeWeeksHealthy());
  }

  private static List<FailureMode> modes() {
    return List.of(
        FailureMode.DISK, FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW);
  }

  private static String rate(@Nullable Double rate) {
    return String.format(Locale.ROOT, "%.3f", rate == null ? 0 : rate);
  }

  private static String time(long millis) {
    return millis < 0 ? "-" : String.format(Locale.ROOT, "%.1f min", millis / 60_000.0);
  }

  private static void printEach(
      List<FaultTrial.Result> withFaults, List<FaultTrial.Result> healthy, PrintWriter out) {
    out.println();
    TextTable each =
        new TextTable("FAULT", "TARGET", ">SEVERITY", ">LASTED", ">FOUND AFTER", "WRONGLY BLAMED");
    for (FaultTrial.Result result : withFaults) {
      for (FaultTrial.Outcome outcome : result.outcomes()) {
        each.add(
            outcome.fault().kind().word(),
            outcome.fault().target(),
            String.format(Locale.ROOT, "%.2f", outcome.fault().severity()),
            time(outcome.fault().endMillis() - outcome.fault().startMillis()),
            time(outcome.delayMillis()),
            String.join(", ", outcome.wrong()));
      }
    }
    each.print(out);
    out.println();
    TextTable table = new TextTable("FALSE ALARM", "MODE", ">AFTER", "FLEET", "REASON");
    for (boolean ill : new boolean[] {true, false}) {
      for (FaultTrial.Result result : ill ? withFaults : healthy) {
        for (FaultTrial.FalseAlarm alarm : result.falseAlarms()) {
          table.add(
              alarm.entity(),
              alarm.mode().name(),
              time(alarm.timeMillis() - START_MILLIS),
              ill ? "with faults" : "healthy",
              alarm.reason());
        }
      }
    }
    table.print(out);
  }

  private void printJson(
      FaultReport report,
      List<FaultTrial.Result> withFaults,
      List<FaultTrial.Result> healthy,
      PrintWriter out) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("nodes", nodes);
    root.put("disksPerNode", disks);
    root.put("days", days);
    root.put("everySeconds", every.toSeconds());
    root.put("seeds", seeds);
    root.put("firstSeed", firstSeed);
    root.put("samples", report.samples());
    root.put("nodeWeeks", report.nodeWeeks());
    root.put("nodeWeeksHealthy", report.nodeWeeksHealthy());
    List<Map<String, Object>> lines = new ArrayList<>();
    for (FaultReport.Line line : report.kinds()) {
      Map<String, Object> node = new LinkedHashMap<>();
      FailureMode mode = line.kind().mode();
      node.put("kind", line.kind().word());
      node.put("mode", mode == null ? null : mode.name());
      node.put("faults", line.faults());
      node.put("found", line.found());
      node.put("medianDelaySeconds", seconds(line.medianDelayMillis()));
      node.put("p90DelaySeconds", seconds(line.p90DelayMillis()));
      node.put("wronglyBlamed", line.wronglyBlamed());
      lines.add(node);
    }
    root.put("kinds", lines);
    Map<String, Object> alarms = new LinkedHashMap<>();
    Map<String, Object> alarmsHealthy = new LinkedHashMap<>();
    for (FailureMode mode : modes()) {
      alarms.put(mode.name(), report.falseAlarms().get(mode));
      alarmsHealthy.put(mode.name(), report.falseAlarmsHealthy().get(mode));
    }
    root.put("falseAlarmsPerNodeWeek", alarms);
    root.put("falseAlarmsPerNodeWeekHealthy", alarmsHealthy);
    if (list) {
      root.put(
          "outcomes", withFaults.stream().flatMap(result -> result.outcomes().stream()).toList());
      root.put(
          "falseAlarms",
          withFaults.stream().flatMap(result -> result.falseAlarms().stream()).toList());
      root.put(
          "falseAlarmsHealthy",
          healthy.stream().flatMap(result -> result.falseAlarms().stream()).toList());
    }
    try {
      out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(root));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Double seconds(long millis) {
    return millis < 0 ? null : millis / 1000.0;
  }

  private ParameterException usage(String message) {
    return new ParameterException(spec().commandLine(), message);
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }
}
