package io.forestall.app.cluster;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.runtime.Await;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code forestall submit}: uploads the one jar to any Flink cluster by REST, after a look at what
 * the cluster lacks; stops jobs with a savepoint and resumes them.
 */
@Command(
    name = "submit",
    description = "Run a job of this jar on a Flink cluster, or stop it with a savepoint.",
    footer = {
      "",
      "Examples:",
      "  scripts/submit sense -- --forestall.kafka.bootstrap.servers broker:9092",
      "  scripts/submit --rest http://flink:8081 --check",
      "  scripts/submit --savepoint sense",
      "  scripts/submit --from file:///savepoints/savepoint-1a2b sense"
    })
public final class SubmitCommand implements Callable<Integer> {
  /** The jobs of this jar: what the user calls them, their fixed name, their main class. */
  private static final Map<String, Target> JOBS =
      new TreeMap<>(
          Map.of(
              "correlate",
              new Target("forestall-correlate", "io.forestall.topologies.CorrelateJob"),
              "decide",
              new Target("forestall-decide", "io.forestall.topologies.DecideJob"),
              "move",
              new Target("forestall-move", "io.forestall.topologies.MoveJob"),
              "sense",
              new Target("forestall-sense", "io.forestall.topologies.SenseJob"),
              "train",
              new Target("forestall-train", "io.forestall.topologies.TrainJob")));

  private static final int SAVEPOINT_TRIES = 5;

  private record Target(String name, String mainClass) {}

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--rest",
      paramLabel = "URL",
      defaultValue = "${env:FORESTALL_FLINK_REST:-http://localhost:8081}",
      description = "REST address of the cluster. Default: ${DEFAULT-VALUE}.")
  private URI rest = URI.create("http://localhost:8081");

  @Option(
      names = "--jar",
      paramLabel = "FILE",
      description = "The jar to upload. Default: the one this command runs from.")
  private @Nullable Path jar;

  @Option(
      names = "--from",
      paramLabel = "PATH",
      description = "Savepoint or checkpoint to start from, as the cluster sees it.")
  private @Nullable String from;

  @Option(
      names = "--allow-non-restored-state",
      description = "With --from: drop state that no operator takes any more.")
  private boolean allowNonRestored;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      defaultValue = "0",
      description = "Parallel slices; default: the cluster's.")
  private int parallelism;

  @Option(names = "--check", description = "Only say what the cluster lacks; exit code 1 if so.")
  private boolean checkOnly;

  @Option(
      names = "--savepoint",
      description = "Stop the running job with a savepoint and print where it is.")
  private boolean savepoint;

  @Option(
      names = "--savepoint-directory",
      paramLabel = "PATH",
      description = "Folder for the savepoint, as the cluster sees it; default: the cluster's.")
  private @Nullable String savepointDirectory;

  @Option(names = "--cancel", description = "End the running job without a savepoint.")
  private boolean cancel;

  @Option(names = "--list", description = "List the jobs of the cluster.")
  private boolean list;

  @Option(
      names = "--wait",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "How long to wait for the job to run. Default: ${DEFAULT-VALUE}.")
  private int waitSeconds = 120;

  @Option(names = "--task-managers", hidden = true, defaultValue = "0")
  private int awaitedTaskManagers;

  @Parameters(
      arity = "0..1",
      paramLabel = "JOB",
      defaultValue = "sense",
      description = "Which job. Default: ${DEFAULT-VALUE}.")
  private String job = "sense";

  @Parameters(
      index = "1..*",
      paramLabel = "OPTIONS",
      description = "After --: options of the job, such as --forestall.topic-prefix test.")
  private List<String> options = new ArrayList<>();

  @Override
  public Integer call() {
    String scheme = rest.getScheme();
    if (scheme == null || !scheme.startsWith("http") || rest.getHost() == null) {
      throw new ParameterException(
          spec().commandLine(), "--rest must be like http://localhost:8081, not " + rest);
    }
    Target target = JOBS.get(job.toLowerCase(Locale.ROOT));
    if (target == null) {
      throw new ParameterException(
          spec().commandLine(), "there is no job '" + job + "': one of " + JOBS.keySet());
    }
    FlinkRest cluster = new FlinkRest(rest);
    if (awaitedTaskManagers > 0) {
      awaitCluster(cluster);
    }
    if (list) {
      return list(cluster);
    }
    if (savepoint || cancel) {
      return end(cluster, target);
    }
    return submit(cluster, target);
  }

  private int list(FlinkRest cluster) {
    FlinkRest.Overview overview = cluster.overview();
    out()
        .printf(
            Locale.ROOT,
            "Flink %s at %s: %d TaskManagers, %d of %d slots free%n",
            overview.version(),
            rest,
            overview.taskManagers(),
            overview.freeSlots(),
            overview.slots());
    for (FlinkRest.Job one : cluster.jobs()) {
      out()
          .printf(
              Locale.ROOT,
              "%s  %-18s %-10s %d of %d tasks run%n",
              one.id(),
              one.name(),
              one.state(),
              one.running(),
              one.tasks());
    }
    out().flush();
    return ExitCodes.OK;
  }

  private int submit(FlinkRest cluster, Target target) {
    List<FlinkRest.Job> running = running(cluster, target);
    if (!checkOnly && !running.isEmpty()) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          target.name()
              + " already runs there as "
              + running.get(0).id()
              + ", and two would write everything twice: stop it first with scripts/submit"
              + " --savepoint");
    }
    String jarId = cluster.upload(jarFile());
    try {
      List<String> lacks = lacks(cluster, jarId);
      if (!lacks.isEmpty()) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the lib of the cluster at "
                + rest
                + " lacks "
                + String.join(", ", lacks)
                + ": copy jobs/app/target/lib/flink and lib/dl4j into it and restart it"
                + " (scripts/cluster does)");
      }
      if (checkOnly) {
        out()
            .println(
                "the cluster at "
                    + rest
                    + " (Flink "
                    + cluster.overview().version()
                    + ") has all that the jobs need");
        out().flush();
        return ExitCodes.OK;
      }
      String id =
          cluster.run(jarId, target.mainClass(), options, from, allowNonRestored, parallelism);
      awaitRunning(cluster, target, id);
      out()
          .println(target.name() + " runs as " + id + ", see " + cluster.page("job/running/" + id));
      out().flush();
      return ExitCodes.OK;
    } finally {
      cluster.delete(jarId);
    }
  }

  private List<String> lacks(FlinkRest cluster, String jarId) {
    try {
      cluster.run(jarId, ClusterProbe.class.getName(), List.of(), null, false, 0);
    } catch (CommandFailure e) {
      String said = String.valueOf(e.getMessage());
      if (said.contains(ClusterProbe.COMPLETE)) {
        return List.of();
      }
      int at = said.indexOf(ClusterProbe.LACKS);
      if (at >= 0) {
        return List.of(said.substring(at + ClusterProbe.LACKS.length()).split(", ", -1));
      }
      throw e;
    }
    throw new CommandFailure(ExitCodes.FOUND, "the probe of the cluster started a job");
  }

  private void awaitRunning(FlinkRest cluster, Target target, String id) {
    try {
      Await.until(
          Duration.ofSeconds(waitSeconds),
          target.name() + " runs",
          () -> {
            FlinkRest.Job now = cluster.job(id);
            if (now.ended()) {
              throw new CommandFailure(
                  ExitCodes.FOUND,
                  target.name() + " is " + now.state() + ": " + cluster.failureOf(id));
            }
            return now.allRun();
          },
          CommandFailure.class);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (TimeoutException e) {
      String failure = cluster.failureOf(id);
      FlinkRest.Overview overview = cluster.overview();
      throw new CommandFailure(
          ExitCodes.FOUND,
          target.name()
              + " does not run after "
              + waitSeconds
              + " s: "
              + (failure != null
                  ? failure
                  : overview.freeSlots() + " of " + overview.slots() + " slots are free")
              + "; see "
              + cluster.page("job/running/" + id),
          e);
    }
  }

  private int end(FlinkRest cluster, Target target) {
    List<FlinkRest.Job> running = running(cluster, target);
    if (running.isEmpty()) {
      throw new CommandFailure(ExitCodes.FOUND, target.name() + " does not run at " + rest);
    }
    String id = running.get(0).id();
    if (cancel) {
      cluster.cancel(id);
      awaitEnd(cluster, target, id);
      out().println(target.name() + " " + id + " is cancelled");
    } else {
      out().println(stopWithSavepoint(cluster, target, id));
    }
    out().flush();
    return ExitCodes.OK;
  }

  /** Flink refuses a savepoint while tasks restart: wait until all run, and try again. */
  private String stopWithSavepoint(FlinkRest cluster, Target target, String id) {
    CommandFailure last = null;
    for (int tried = 0; tried < SAVEPOINT_TRIES; tried++) {
      awaitRunning(cluster, target, id);
      try {
        String request = cluster.stopWithSavepoint(id, savepointDirectory);
        String[] location = new String[1];
        Await.until(
            Duration.ofSeconds(waitSeconds),
            "the savepoint of " + target.name(),
            () -> {
              location[0] = cluster.savepoint(id, request);
              return location[0] != null;
            },
            CommandFailure.class);
        awaitEnd(cluster, target, id);
        return location[0];
      } catch (CommandFailure e) {
        if (e.exitCode() == ExitCodes.UNREACHABLE) {
          throw e;
        }
        last = e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
      } catch (TimeoutException e) {
        last =
            new CommandFailure(
                ExitCodes.FOUND, "no savepoint within " + waitSeconds + " s; the job runs on", e);
      }
    }
    throw Objects.requireNonNull(last);
  }

  private void awaitEnd(FlinkRest cluster, Target target, String id) {
    try {
      Await.until(
          Duration.ofSeconds(waitSeconds),
          target.name() + " ends",
          () -> cluster.job(id).ended(),
          CommandFailure.class);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (TimeoutException e) {
      throw new CommandFailure(ExitCodes.FOUND, target.name() + " does not end", e);
    }
  }

  private void awaitCluster(FlinkRest cluster) {
    try {
      Await.until(
          Duration.ofSeconds(waitSeconds),
          "the cluster",
          () -> cluster.overview().taskManagers() >= awaitedTaskManagers);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (TimeoutException e) {
      throw CommandFailure.unreachable(
          "the cluster at " + rest + " has no TaskManager after " + waitSeconds + " s", e);
    }
  }

  private static List<FlinkRest.Job> running(FlinkRest cluster, Target target) {
    return cluster.jobs().stream()
        .filter(one -> one.name().equals(target.name()) && !one.ended())
        .toList();
  }

  private Path jarFile() {
    if (jar != null) {
      return jar;
    }
    URI own =
        URI.create(
            String.valueOf(
                SubmitCommand.class.getProtectionDomain().getCodeSource().getLocation()));
    Path file = Path.of(own);
    if (!file.toString().endsWith(".jar")) {
      throw CommandFailure.usage("this command does not run from a jar: name one with --jar");
    }
    return file;
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }

  private PrintWriter out() {
    return spec().commandLine().getOut();
  }
}
