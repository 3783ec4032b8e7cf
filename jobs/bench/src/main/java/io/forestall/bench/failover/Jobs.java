package io.forestall.bench.failover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.runtime.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The jobs on a real standalone Flink cluster of their own processes, by the doors that a user has:
 * {@code scripts/cluster} and {@code scripts/submit}. Not thread-safe.
 */
final class Jobs implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Stands in a metric's name before what the product calls it. */
  private static final String GROUP = ".forestall.";

  /**
   * Memory of the TaskManager, as Flink writes sizes.
   *
   * @param process all of it
   * @param managed that of the state backends
   */
  record Memory(String process, String managed) {
    /** Little: three nodes and a broker live on the machine too. */
    static final Memory SMALL = new Memory("1600m", "128m");

    /** For the sense job too. */
    static final Memory WITH_SENSE = new Memory("2600m", "384m");
  }

  private final Path home;
  private final Path directory;
  private final Memory memory;
  private final String bootstrapServers;
  private final int restPort;
  private final int rpcPort;
  private final Path log;
  private final boolean asShipped;
  private volatile @Nullable Process door;

  /**
   * Jobs of a field.
   *
   * @param asShipped true for checkpoints as often as shipped, false for one every two seconds, so
   *     that a job that is killed repeats little
   */
  Jobs(Path home, Path directory, String bootstrapServers, boolean asShipped, Memory memory)
      throws Exception {
    this.home = home;
    this.asShipped = asShipped;
    this.memory = memory;
    this.directory = directory.resolve("cluster");
    this.bootstrapServers = bootstrapServers;
    restPort = Broker.freePort();
    rpcPort = Broker.freePort();
    log = directory.resolve("doors.log");
    // The cluster's processes are no children of this one, and would outlive it.
    Runtime.getRuntime().addShutdownHook(new Thread(this::abandon, "cluster-end"));
  }

  /** Ends the cluster as the trial itself is ended. */
  private void abandon() {
    Process opening = door;
    if (opening != null) {
      opening.descendants().forEach(ProcessHandle::destroyForcibly);
      opening.destroyForcibly();
    }
    for (String each : List.of("taskmanager-1.pid", "jobmanager.pid")) {
      try {
        kill(directory.resolve(each));
      } catch (IOException e) {
        // It was not started, or was stopped in good order.
      }
    }
  }

  /** Starts what of the cluster does not run. */
  void start() throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of(
                "start",
                "--directory",
                directory.toString(),
                "--rest-port",
                Integer.toString(restPort),
                "--rpc-port",
                Integer.toString(rpcPort)));
    List<String> settings =
        new ArrayList<>(
            List.of(
                "taskmanager.memory.process.size=" + memory.process(),
                "taskmanager.memory.managed.size=" + memory.managed(),
                Leftovers.mark(),
                "parallelism.default=1",
                "heartbeat.interval=1 s",
                "heartbeat.timeout=6 s",
                "restart-strategy.exponential-delay.max-backoff=2 s"));
    if (!asShipped) {
      settings.add("execution.checkpointing.interval=2 s");
      settings.add("execution.checkpointing.min-pause=500 ms");
    }
    for (String each : settings) {
      words.add("-D");
      words.add(each);
    }
    door("cluster", words.toArray(new String[0]));
  }

  /** Ends the cluster, its jobs with it: as if Flink were gone. */
  void end() throws Exception {
    door("cluster", "stop", "--directory", directory.toString());
  }

  /**
   * Submits a job and waits until it runs.
   *
   * @param options options of the job, each {@code --key=value}
   */
  void submit(String job, List<String> options, String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of("--rest", rest(), "--parallelism", "1"));
    words.addAll(Arrays.asList(more));
    words.add(job);
    words.add("--");
    words.add("--forestall.kafka.bootstrap.servers=" + bootstrapServers);
    words.addAll(options);
    door("submit", words.toArray(new String[0]));
  }

  /** Stops a job with a savepoint and says where that is. */
  String stopWithSavepoint(String job) throws Exception {
    List<String> said = door("submit", "--rest", rest(), "--savepoint", job);
    return said.stream()
        .flatMap(line -> Arrays.stream(line.split("\\s+", -1)))
        .filter(word -> word.contains("savepoint-"))
        .reduce((first, second) -> second)
        .orElseThrow(() -> new IllegalStateException("no savepoint in: " + said));
  }

  /** Ends a job without a savepoint. */
  void cancel(String job) throws Exception {
    door("submit", "--rest", rest(), "--cancel", job);
  }

  /** kill -9 of the TaskManager; {@link #start} brings another. */
  void killTaskManager() throws Exception {
    kill(directory.resolve("taskmanager-1.pid"));
  }

  /** kill -9 of the whole cluster. */
  void killAll() throws Exception {
    kill(directory.resolve("taskmanager-1.pid"));
    kill(directory.resolve("jobmanager.pid"));
  }

  /** Waits until a job runs, after its TaskManager was killed. */
  void awaitRunning(String job) throws Exception {
    Await.until(
        PATIENCE,
        job + " runs",
        () ->
            door("submit", "--rest", rest(), "--list").stream()
                .anyMatch(line -> line.contains(job) && line.contains("RUNNING")));
  }

  /**
   * A metric of all operators of a job that has a group for each kind: by the words between the
   * product's group and the metric's name, as far as the JobManager has heard.
   */
  Map<String, Long> counted(String job, String metric) throws Exception {
    Map<String, Long> sums = new TreeMap<>();
    for (JsonNode each : ask("/jobs/overview").path("jobs")) {
      if (each.path("name").asText().contains(job)
          && each.path("state").asText().equals("RUNNING")) {
        String path = "/jobs/" + each.path("jid").asText();
        for (JsonNode vertex : ask(path).path("vertices")) {
          count(path + "/vertices/" + vertex.path("id").asText(), metric, sums);
        }
      }
    }
    return sums;
  }

  private void count(String vertex, String metric, Map<String, Long> sums) throws Exception {
    String all = vertex + "/subtasks/metrics";
    for (JsonNode each : ask(all)) {
      String name = each.path("id").asText();
      int group = name.indexOf(GROUP);
      if (group < 0 || !name.endsWith("." + metric)) {
        continue;
      }
      String kind = name.substring(group + GROUP.length(), name.length() - metric.length() - 1);
      for (JsonNode value : ask(all + "?get=" + URLEncoder.encode(name, StandardCharsets.UTF_8))) {
        sums.merge(kind, value.path("sum").asLong(), Long::sum);
      }
    }
  }

  private JsonNode ask(String path) throws Exception {
    return new ObjectMapper()
        .readTree(
            HttpClient.newHttpClient()
                .send(
                    HttpRequest.newBuilder(URI.create(rest() + path)).build(),
                    HttpResponse.BodyHandlers.ofString())
                .body());
  }

  private static void kill(Path file) throws IOException {
    long pid = Long.parseLong(Files.readString(file).strip());
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  private String rest() {
    return "http://localhost:" + restPort;
  }

  private List<String> door(String name, String... words) throws Exception {
    List<String> command =
        Stream.concat(Stream.of(home.resolve("scripts").resolve(name).toString()), Stream.of(words))
            .toList();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    door = process;
    List<String> said;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      said = lines.lines().toList();
    }
    int code = process.waitFor();
    Files.writeString(
        log,
        String.join(" ", command) + "\n" + String.join("\n", said) + "\n",
        StandardCharsets.UTF_8,
        java.nio.file.StandardOpenOption.CREATE,
        java.nio.file.StandardOpenOption.APPEND);
    if (code != 0) {
      throw new IllegalStateException(name + " failed: " + String.join("\n", said));
    }
    return said;
  }

  @Override
  public void close() throws Exception {
    end();
  }
}
