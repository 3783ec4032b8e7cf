package io.forestall.bench;

import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.schemas.Risk;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Replays a folder of drive-stats files through the doors a user has and breaks things on the way:
 * the final risk table must equal that of an undisturbed run, and every score must equal {@code
 * forestall score}. Real processes, a real broker, kill -9.
 *
 * <p>Arguments: {@code --home REPOSITORY --data DIR --directory DIR --only CASE,CASE}.
 */
public final class Chaos {
  private static final Duration PATIENCE = Duration.ofMinutes(20);
  private static final double TOLERANCE = 1e-6;
  private static final List<String> CASES =
      List.of("undisturbed", "task-manager", "savepoint", "embedded");

  private final Path home;
  private final Path data;
  private final Path directory;
  private final Map<String, Double> expected = new HashMap<>();
  private @Nullable Map<String, Risk> undisturbed;
  private int failures;

  private Chaos(Path home, Path data, Path directory) {
    this.home = home;
    this.data = data;
    this.directory = directory;
  }

  /** Runs the cases; exit code 1 when one fails. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options = Flags.parse(args, "--home", "--data", "--directory", "--only");
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-chaos");
    Chaos chaos =
        new Chaos(
            Path.of(options.getOrDefault("--home", ".")).toAbsolutePath(),
            Path.of(options.getOrDefault("--data", "")).toAbsolutePath(),
            directory.toAbsolutePath());
    List<String> cases =
        options.containsKey("--only") ? Arrays.asList(options.get("--only").split(",", -1)) : CASES;
    chaos.run(cases);
    System.out.println(chaos.failures == 0 ? "all held" : chaos.failures + " did not hold");
    System.exit(chaos.failures == 0 ? 0 : 1);
  }

  private void run(List<String> cases) throws Exception {
    score();
    if (cases.stream().anyMatch(name -> !name.equals("embedded"))) {
      try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
        Path cluster = directory.resolve("cluster");
        try {
          // The reference always runs; the disturbed cases compare with it.
          onCluster(kafka, cluster, "undisturbed", () -> {});
          for (String name : cases) {
            switch (name) {
              case "task-manager" ->
                  onCluster(kafka, cluster, name, () -> killTaskManager(cluster));
              case "savepoint" -> onCluster(kafka, cluster, name, () -> stopAndResume(kafka, name));
              default -> {}
            }
          }
        } finally {
          cluster("stop", cluster);
        }
      }
    }
    if (cases.contains("embedded")) {
      embedded();
    }
  }

  private void score() throws Exception {
    Path file = directory.resolve("scores.csv.gz");
    door("forestall", "score", "--input", data.toString(), "--output", file.toString());
    try (BufferedReader rows =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      rows.readLine();
      for (String row = rows.readLine(); row != null; row = rows.readLine()) {
        int last = row.lastIndexOf(',');
        expected.put(row.substring(0, last), Double.parseDouble(row.substring(last + 1)));
      }
    }
    say("forestall score gives %d scores", expected.size());
  }

  /** What breaks. */
  private interface Disturbance {
    void strike() throws Exception;
  }

  private void onCluster(EmbeddedKafka kafka, Path cluster, String name, Disturbance disturbance)
      throws Exception {
    String broker = kafka.bootstrapServers();
    cluster("start", cluster);
    String[] kafkaOptions = {"--bootstrap-servers", broker, "--topic-prefix", name};
    door("forestall", with(kafkaOptions, "topics", "create"));
    door("forestall", submit(broker, name));
    Process ingest =
        start(
            "forestall",
            with(
                kafkaOptions,
                "ingest",
                "--drive-stats",
                data.toString(),
                "--replay",
                "--speed",
                "max"));
    try (RiskTable table = new RiskTable(broker, name)) {
      awaitScored(table, expected.size() / 3);
      disturbance.strike();
      if (ingest.waitFor() != 0) {
        fail("%s: ingest ended with %d", name, ingest.exitValue());
      }
      awaitScored(table, expected.size());
      compare(name, table);
    }
    door("forestall", "submit", "--rest", rest(), "--cancel", "sense");
  }

  private String[] submit(String broker, String prefix, String... more) {
    List<String> words = new ArrayList<>(List.of("submit", "--rest", rest()));
    words.addAll(List.of(more));
    words.addAll(
        List.of(
            "sense",
            "--",
            "--forestall.kafka.bootstrap.servers=" + broker,
            "--forestall.topic-prefix=" + prefix));
    return words.toArray(new String[0]);
  }

  private void killTaskManager(Path cluster) throws Exception {
    long pid = Long.parseLong(Files.readString(cluster.resolve("taskmanager-1.pid")).strip());
    kill9(pid);
    say("TaskManager %d killed", pid);
    cluster("start", cluster);
  }

  private void stopAndResume(EmbeddedKafka kafka, String prefix) throws Exception {
    List<String> said = door("forestall", "submit", "--rest", rest(), "--savepoint", "sense");
    String savepoint =
        said.stream()
            .flatMap(line -> Arrays.stream(line.split("\\s+", -1)))
            .filter(word -> word.contains("savepoint-"))
            .reduce((first, second) -> second)
            .orElseThrow(() -> new IllegalStateException("no savepoint in: " + said));
    say("stopped with %s", savepoint);
    door("forestall", submit(kafka.bootstrapServers(), prefix, "--from", savepoint));
  }

  private void embedded() throws Exception {
    Path folder = directory.resolve("demo");
    int port = freePort();
    String[] demo = {
      "demo",
      "--data",
      data.toString(),
      "--directory",
      folder.toString(),
      "--no-browser",
      "--kafka-port",
      Integer.toString(port),
      "--flink-port",
      "0",
      "--console-port",
      "0",
      "--until-scored",
      "--speed",
      "max"
    };
    Process first = start("forestall", demo);
    String broker = "127.0.0.1:" + port;
    awaitTopic(broker);
    try (RiskTable table = new RiskTable(broker, "forestall")) {
      awaitScored(table, expected.size() / 3);
    }
    List<ProcessHandle> family =
        Stream.concat(first.descendants(), Stream.of(first.toHandle())).toList();
    for (ProcessHandle process : family) {
      kill9(process.pid());
    }
    first.waitFor();
    say("embedded process killed");
    door("forestall", demo);
    try (EmbeddedKafka kafka = EmbeddedKafka.start(folder.resolve("kafka"));
        RiskTable table = new RiskTable(kafka.bootstrapServers(), "forestall")) {
      awaitScored(table, expected.size());
      compare("embedded", table);
    }
  }

  private static void awaitTopic(String broker) throws Exception {
    long deadlineNanos = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (true) {
      try (RiskTable table = new RiskTable(broker, "forestall")) {
        return;
      } catch (RuntimeException e) {
        if (System.nanoTime() > deadlineNanos) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
      }
    }
  }

  private void compare(String name, RiskTable table) {
    long different = 0;
    long missing = 0;
    for (Map.Entry<String, Double> row : expected.entrySet()) {
      Double probability = table.probability(row.getKey());
      if (probability == null) {
        missing++;
      } else if (Math.abs(probability - row.getValue())
          > TOLERANCE * Math.max(1e-3, row.getValue())) {
        different++;
      }
    }
    if (missing + different + table.contradictions() > 0) {
      fail(
          "%s: %d rows without a score, %d unlike forestall score, %d contradictions",
          name, missing, different, table.contradictions());
    }
    if (undisturbed == null) {
      undisturbed = new LinkedHashMap<>(table.newest());
    } else if (!undisturbed.equals(table.newest())) {
      long unlike =
          undisturbed.entrySet().stream()
              .filter(entry -> !entry.getValue().equals(table.newest().get(entry.getKey())))
              .count();
      fail("%s: the newest score of %d disks is not that of the undisturbed run", name, unlike);
    }
    say(
        "%-12s %d scores of %d disks, %d repeats, %d contradictions, %d missing, %d unlike"
            + " forestall score",
        name,
        expected.size() - missing,
        table.newest().size(),
        table.repeats(),
        table.contradictions(),
        missing,
        different);
  }

  private static void awaitScored(RiskTable table, long samples) throws TimeoutException {
    long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
    while (table.read() < samples) {
      if (System.nanoTime() > deadlineNanos) {
        throw new TimeoutException(table.read() + " of " + samples + " samples are scored");
      }
    }
  }

  private void cluster(String action, Path cluster) throws Exception {
    List<String> words = new ArrayList<>(List.of(action, "--directory", cluster.toString()));
    if (action.equals("start")) {
      words.addAll(List.of("--rest-port", "18081", "--rpc-port", "16123"));
    }
    door("cluster", words.toArray(new String[0]));
  }

  private static String rest() {
    return "http://localhost:18081";
  }

  private static String[] with(String[] options, String... words) {
    return Stream.concat(Stream.of(words), Stream.of(options)).toArray(String[]::new);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void kill9(long pid) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
  }

  private Process start(String door, String... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("scripts").resolve(door).toString());
    command.addAll(List.of(words));
    say("%s %s", door, String.join(" ", words));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("doors.log").toFile()))
        .start();
  }

  private List<String> door(String door, String... words) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("scripts").resolve(door).toString());
    command.addAll(List.of(words));
    say("%s %s", door, String.join(" ", words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> said;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      said = lines.lines().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException(door + " failed: " + String.join("\n", said));
    }
    return said;
  }

  private void fail(String format, Object... arguments) {
    failures++;
    say("FAILED " + format, arguments);
  }

  private static void say(String format, Object... arguments) {
    System.out.printf(
        Locale.ROOT,
        "%s %s%n",
        Instant.now().truncatedTo(ChronoUnit.SECONDS),
        String.format(Locale.ROOT, format, arguments));
  }
}
