package io.forestall.app.runtime;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.runtime.minicluster.RpcServiceSharing;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.jspecify.annotations.Nullable;

/**
 * A Flink cluster (JobManager, one TaskManager, REST and web UI) in this process, with its settings
 * from {@code flink-conf/config.yaml}. It has no high availability: what survives kill -9 are the
 * checkpoints under the directory, and {@link #submit} starts each job from its newest complete
 * one. Thread-safe.
 */
public final class EmbeddedFlink implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration LAST_CHECKPOINT_PATIENCE = Duration.ofSeconds(5);

  private final MiniCluster cluster;
  private final Configuration configuration;
  private final Path directory;
  private final URI restAddress;
  private final Map<String, JobID> jobs = new ConcurrentHashMap<>();
  private final AtomicBoolean open = new AtomicBoolean(true);

  private EmbeddedFlink(
      MiniCluster cluster, Configuration configuration, Path directory, URI restAddress) {
    this.cluster = cluster;
    this.configuration = configuration;
    this.directory = directory;
    this.restAddress = restAddress;
  }

  /**
   * A job that was handed to the cluster.
   *
   * @param name the job's fixed name
   * @param id Flink's id of this run
   * @param resumedFrom the checkpoint it started from, or null when it started fresh
   */
  public record SubmittedJob(String name, JobID id, @Nullable Path resumedFrom) {}

  /** Builds a job's graph on the environment it is given. */
  @FunctionalInterface
  public interface Definition {
    /** Adds sources, steps and sinks; must not execute. */
    void define(StreamExecutionEnvironment environment) throws Exception;
  }

  /** Starts on any free REST port with nothing overridden. */
  public static EmbeddedFlink start(Path directory) {
    return start(directory, 0, new Configuration());
  }

  /**
   * Starts the cluster and returns when its REST endpoint answers.
   *
   * @param directory where checkpoints and temporary files live; temporary ones of an earlier,
   *     killed process are deleted
   * @param restPort of REST and web UI, 0 for any free one
   * @param overrides settings that win over config.yaml
   * @throws CommandFailure with {@link ExitCodes#UNREACHABLE} when the port is in use
   */
  public static EmbeddedFlink start(Path directory, int restPort, Configuration overrides) {
    Ports.requireFree(restPort, "Flink", "--flink-port");
    Path root = directory.toAbsolutePath();
    try {
      Path temporary = root.resolve("tmp");
      Checkpoints.deleteRecursively(temporary);
      Files.createDirectories(temporary);
      Configuration configuration = configuration(root, restPort, overrides);
      MiniCluster cluster =
          new MiniCluster(
              new MiniClusterConfiguration.Builder()
                  .setConfiguration(configuration)
                  .setNumTaskManagers(1)
                  .setNumSlotsPerTaskManager(configuration.get(TaskManagerOptions.NUM_TASK_SLOTS))
                  .setRpcServiceSharing(RpcServiceSharing.SHARED)
                  .build());
      try {
        cluster.start();
        URI rest = cluster.getRestAddress().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        return new EmbeddedFlink(cluster, configuration, root, rest);
      } catch (Exception e) {
        cluster.closeAsync();
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted while Flink started", e);
    } catch (Exception e) {
      Throwable at = e;
      while (at.getCause() != null) {
        at = at.getCause();
      }
      throw new CommandFailure(
          ExitCodes.FOUND,
          "Flink did not start in "
              + root
              + ": "
              + at.getClass().getSimpleName()
              + ": "
              + at.getMessage(),
          e);
    }
  }

  private static Configuration configuration(Path root, int restPort, Configuration overrides)
      throws IOException {
    Configuration all = settings(root.resolve("conf"));
    // These speak of processes; the embedded cluster shares this one's heap.
    all.removeConfig(TaskManagerOptions.TOTAL_PROCESS_MEMORY);
    all.removeConfig(TaskManagerOptions.TASK_OFF_HEAP_MEMORY);
    all.removeConfig(JobManagerOptions.TOTAL_PROCESS_MEMORY);
    all.removeConfig(TaskManagerOptions.BIND_HOST);
    all.removeConfig(TaskManagerOptions.HOST);
    all.removeConfig(JobManagerOptions.BIND_HOST);
    all.removeConfig(JobManagerOptions.PORT);
    all.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(512));
    all.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(96));
    all.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(96));
    all.set(RestOptions.ADDRESS, "localhost");
    all.set(RestOptions.BIND_ADDRESS, "localhost");
    all.set(RestOptions.PORT, restPort);
    all.set(RestOptions.BIND_PORT, Integer.toString(restPort));
    // The classes of the jar are on this process's own class path already: a job jar uploaded to it
    // must use those, not bring a second copy.
    all.set(CoreOptions.CLASSLOADER_RESOLVE_ORDER, "parent-first");
    all.set(CoreOptions.TMP_DIRS, root.resolve("tmp").toString());
    all.set(WebOptions.TMP_DIR, root.resolve("tmp").toString());
    all.set(WebOptions.UPLOAD_DIR, root.resolve("tmp").resolve("uploads").toString());
    all.set(CheckpointingOptions.SAVEPOINT_DIRECTORY, flinkPath(root.resolve("savepoints")));
    all.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY,
        flinkPath(root.resolve("checkpoints").resolve("unnamed")));
    all.addAll(overrides);
    return all;
  }

  /** Not {@link Path#toUri()}: Flink takes its "%20" for a part of the name. */
  private static String flinkPath(Path path) {
    return "file://" + path;
  }

  /** {@code config.yaml} of this release, copied to where Flink reads it. */
  private static Configuration settings(Path folder) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve("config.yaml");
    String home = System.getProperty("forestall.conf", "");
    if (home.isEmpty()) {
      try (InputStream in =
          EmbeddedFlink.class.getResourceAsStream("/io/forestall/flink-conf/config.yaml")) {
        if (in == null) {
          throw new IOException("config.yaml is missing from the jar: build it again");
        }
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      }
    } else {
      Files.copy(Path.of(home, "config.yaml"), file, StandardCopyOption.REPLACE_EXISTING);
    }
    return GlobalConfiguration.loadConfiguration(folder.toString());
  }

  /** REST and web UI, for example {@code http://localhost:8081}. */
  public URI restAddress() {
    return restAddress;
  }

  /** The port of {@link #restAddress()}. */
  public int restPort() {
    return restAddress.getPort();
  }

  /** A copy of the cluster's settings. */
  public Configuration configuration() {
    return new Configuration(configuration);
  }

  /** Flink's own handle, for tests that break things. */
  public MiniCluster miniCluster() {
    return cluster;
  }

  /** Where the checkpoints of a job live. */
  public Path checkpointFolder(String job) {
    return directory.resolve("checkpoints").resolve(job);
  }

  /** Submits a job with no settings beyond the cluster's. */
  public SubmittedJob submit(String name, Definition definition) {
    return submit(name, new Configuration(), definition);
  }

  /**
   * Submits a job under its fixed name; it starts from its newest complete checkpoint if it has
   * one. Returns when the cluster has taken it, not when it runs: see {@link #awaitRunning}.
   *
   * @param settings of this job, winning over the cluster's
   * @throws CommandFailure when the cluster refuses it
   */
  public SubmittedJob submit(String name, Configuration settings, Definition definition) {
    try {
      Path folder = checkpointFolder(name);
      Optional<Path> newest = Checkpoints.newestComplete(folder);
      if (newest.isPresent()) {
        Checkpoints.deleteOtherRuns(folder, newest.get());
      }
      Configuration all = configuration();
      all.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, flinkPath(folder));
      all.addAll(settings);
      newest.ifPresent(path -> all.set(StateRecoveryOptions.SAVEPOINT_PATH, flinkPath(path)));
      StreamExecutionEnvironment environment =
          StreamExecutionEnvironment.getExecutionEnvironment(all);
      definition.define(environment);
      StreamGraph graph = environment.getStreamGraph();
      graph.setJobName(name);
      JobGraph job = graph.getJobGraph();
      newest.ifPresent(
          path ->
              job.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(flinkPath(path))));
      JobID id = cluster.submitJob(job).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS).getJobID();
      jobs.put(name, id);
      return new SubmittedJob(name, id, newest.orElse(null));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted while submitting " + name, e);
    } catch (CommandFailure e) {
      throw e;
    } catch (Exception e) {
      Throwable at = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
      throw new CommandFailure(
          ExitCodes.FOUND, "the job " + name + " was not taken: " + at.getMessage(), e);
    }
  }

  /**
   * Returns when every task of the job runs.
   *
   * @throws CommandFailure when it fails or does not run in time
   */
  public void awaitRunning(SubmittedJob job, Duration patience) {
    awaitRunning(job, patience, () -> false);
  }

  /** As {@link #awaitRunning(SubmittedJob, Duration)}; gives up when told to. */
  public void awaitRunning(SubmittedJob job, Duration patience, BooleanSupplier givenUp) {
    try {
      Await.until(
          patience,
          job.name() + " runs",
          () -> {
            if (givenUp.getAsBoolean()) {
              throw new CommandFailure(ExitCodes.FOUND, "stopped while " + job.name() + " started");
            }
            JobStatus status = status(job);
            if (status.isTerminalState()) {
              throw new CommandFailure(ExitCodes.FOUND, failureOf(job, status));
            }
            return status == JobStatus.RUNNING && allTasksRun(job);
          },
          CommandFailure.class);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted while waiting for " + job.name(), e);
    } catch (TimeoutException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          job.name() + " does not run after " + patience.toSeconds() + " s; see " + restAddress,
          e);
    }
  }

  /** How a job stands. */
  public JobStatus status(SubmittedJob job) {
    try {
      return cluster.getJobStatus(job.id()).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure(ExitCodes.FOUND, "interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw CommandFailure.unreachable("Flink does not say how " + job.name() + " stands", e);
    }
  }

  /** Takes a checkpoint now and returns when it is complete. */
  public void checkpoint(SubmittedJob job, Duration patience)
      throws InterruptedException, ExecutionException, TimeoutException {
    cluster.triggerCheckpoint(job.id()).get(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private boolean allTasksRun(SubmittedJob job) throws Exception {
    for (AccessExecutionVertex vertex :
        cluster
            .getExecutionGraph(job.id())
            .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
            .getAllExecutionVertices()) {
      if (vertex.getExecutionState() != ExecutionState.RUNNING) {
        return false;
      }
    }
    return true;
  }

  private String failureOf(SubmittedJob job, JobStatus status) {
    String why = "";
    try {
      var info =
          cluster
              .getExecutionGraph(job.id())
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
              .getFailureInfo();
      if (info != null) {
        Throwable at = info.getException().deserializeError(getClass().getClassLoader());
        while (at.getCause() != null) {
          at = at.getCause();
        }
        why = ": " + at;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      why = ": " + e.getMessage();
    }
    return job.name() + " is " + status + why;
  }

  /**
   * Ends every job and the cluster. Each job is asked for a last checkpoint first, so that the next
   * start repeats little; one that cannot take it in a few seconds ends without. Calling it again
   * does nothing.
   */
  @Override
  public void close() {
    if (!open.compareAndSet(true, false)) {
      return;
    }
    try {
      List<? extends java.util.concurrent.CompletableFuture<?>> last =
          jobs.values().stream().map(cluster::triggerCheckpoint).toList();
      long deadline = System.nanoTime() + LAST_CHECKPOINT_PATIENCE.toNanos();
      for (var checkpoint : last) {
        try {
          checkpoint.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
          // Not every job can take one now; its newest complete one stays.
        }
      }
      cluster.closeAsync().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      Checkpoints.deleteRecursively(directory.resolve("tmp"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | IOException e) {
      System.getLogger(EmbeddedFlink.class.getName())
          .log(System.Logger.Level.WARNING, "Flink did not end cleanly", e);
    }
  }
}
