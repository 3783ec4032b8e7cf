package io.forestall.bench.failover;

import io.forestall.bench.Flags;
import io.forestall.sim.protocol.History;
import io.forestall.sim.protocol.Linearizability;
import io.forestall.sim.protocol.Operation;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Moves volumes between real nodes while five clients and fio work on them, breaks things on the
 * way, and judges every answer that anybody was given. A real broker, real Flink processes, kill
 * -9, SIGSTOP, network namespaces. One line for each scenario; exit code 1 when a line has a
 * violation or an I/O error.
 *
 * <p>Arguments: {@code --home REPOSITORY --directory DIR --trial failover|shadow --only NAME,NAME
 * --rounds 3 --seed 1 --fio no}.
 */
public final class FailoverTrial {

  private static final int CLIENTS = 5;
  private static final int SHARED_BLOCKS = 4;
  static final long SEGMENT_BYTES = 64L << 20;
  private static final long EVERY_MILLIS = 10;
  private static final long FIO_OFFSET_BYTES = 16L << 20;
  private static final long FIO_BYTES = 16L << 20;
  private static final Duration FIO_LENGTH = Duration.ofMinutes(15);
  private static final Duration FIO_END = Duration.ofSeconds(60);
  private static final long LAST_ANSWERS_MILLIS = 10_000;

  private final Java java;
  private final Path directory;
  private final int rounds;
  private final long seed;
  private final boolean fio;
  private final boolean shadows;
  private int failed;
  private int volumes;

  private FailoverTrial(
      Java java, Path directory, int rounds, long seed, boolean fio, boolean shadows) {
    this.java = java;
    this.directory = directory;
    this.rounds = rounds;
    this.seed = seed;
    this.fio = fio;
    this.shadows = shadows;
  }

  /** What happens in a scenario. */
  interface Play {
    /** What must be so before the volume is made; nothing by itself. */
    default void prepare(Field field) throws Exception {}

    /** Makes the volume. */
    default void createVolume(Field field, String volume) throws Exception {
      field.createVolume(volume, 1, SEGMENT_BYTES, "n1");
    }

    void go(Scene scene) throws Exception;

    /** What must be so when all clients have ended. */
    default void end(Scene scene) throws Exception {}
  }

  /** Runs the scenarios; exit code 1 when one did not hold. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args, "--directory", "--fio", "--home", "--rounds", "--seed", "--only", "--trial");
    boolean shadows = options.getOrDefault("--trial", "failover").equals("shadow");
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-failover");
    boolean withFio = !options.getOrDefault("--fio", "yes").equals("no") && Fio.possible();
    if (!withFio) {
      Field.say("without fio: the clients of the trial work alone");
    }
    FailoverTrial trial =
        new FailoverTrial(
            new Java(Path.of(options.getOrDefault("--home", ".")).toAbsolutePath()),
            directory.toAbsolutePath(),
            Integer.parseInt(options.getOrDefault("--rounds", "3")),
            Long.parseLong(options.getOrDefault("--seed", "1")),
            withFio,
            shadows);
    Map<String, Play> plain = shadows ? ShadowScenarios.plain() : Scenarios.plain(trial.rounds);
    Map<String, Play> sensed = shadows ? ShadowScenarios.sensed() : Map.of();
    Map<String, Play> cut =
        shadows ? ShadowScenarios.inNamespace() : Scenarios.inNamespace(trial.rounds);
    Set<String> known = new LinkedHashSet<>(plain.keySet());
    known.addAll(sensed.keySet());
    known.addAll(cut.keySet());
    Set<String> wanted =
        options.containsKey("--only")
            ? new LinkedHashSet<>(Arrays.asList(options.get("--only").split(",", -1)))
            : known;
    for (String each : wanted) {
      if (!known.contains(each)) {
        System.err.println("there is no scenario " + each + "; there are " + known);
        System.exit(2);
      }
    }
    trial.play("field", plain, wanted, null, FailoverTrial::startField);
    trial.play("sensed", sensed, wanted, null, Field::startSensing);
    if (wanted.stream().anyMatch(cut::containsKey)) {
      if (Namespace.possible()) {
        trial.play("cut", cut, wanted, new Namespace(), FailoverTrial::startField);
      } else {
        Field.say("no network namespaces here (they need root and ip): %s left out", cut.keySet());
      }
    }
    Field.say(
        trial.failed == 0 ? "all held; histories and logs in %s" : "%2$d did not hold; see %1$s",
        directory,
        trial.failed);
    System.exit(trial.failed == 0 ? 0 : 1);
  }

  /** What a field is started with. */
  private interface Start {
    void of(Field field) throws Exception;
  }

  private static void startField(Field field) throws Exception {
    field.startNodes(3);
    var unused = field.startJobs();
  }

  private void play(
      String name,
      Map<String, Play> plays,
      Set<String> wanted,
      @Nullable Namespace namespace,
      Start start)
      throws Exception {
    Map<String, Play> chosen = new LinkedHashMap<>();
    for (Map.Entry<String, Play> each : plays.entrySet()) {
      if (wanted.contains(each.getKey())) {
        chosen.put(each.getKey(), each.getValue());
      }
    }
    if (chosen.isEmpty()) {
      return;
    }
    try (Field field =
        Field.open(
            java, directory.resolve(name), namespace, shadows ? Field.Shadowing.TRIAL : null)) {
      start.of(field);
      for (Map.Entry<String, Play> each : chosen.entrySet()) {
        try {
          scenario(field, each.getKey(), each.getValue());
        } catch (TimeoutException e) {
          failed++;
          Field.say("%-24s could not begin: %s", each.getKey(), e);
        }
      }
    }
  }

  private void scenario(Field field, String name, Play play) throws Exception {
    long beginNanos = System.nanoTime();
    field.mend();
    play.prepare(field);
    field.awaitQuiet();
    String volume = "v" + ++volumes + "-" + name;
    play.createVolume(field, volume);
    List<Recorder.Blocks> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      Clients.Client client = Clients.open(field, "c" + volumes + "-" + i);
      client.use(volume);
      clients.add(client.blocks(volume));
    }
    Path folder = Files.createDirectories(directory.resolve("scenarios").resolve(name));
    Child device = null;
    Fio writer = null;
    Fio.@Nullable Result found = null;
    Recorder recorder =
        new Recorder(
            volume, clients, 0, SHARED_BLOCKS, Field.BLOCK_BYTES, EVERY_MILLIS, seed + volumes);
    Scene scene = new Scene(field, volume, recorder);
    try {
      scene.served();
      if (fio) {
        int port = Broker.freePort();
        device = Device.of(field, volume, port, folder.resolve("device.log"));
        device.start();
        device.awaitSaid("nbd://", Field.PATIENCE);
        writer =
            Fio.start(folder, "nbd://127.0.0.1:" + port, FIO_OFFSET_BYTES, FIO_BYTES, FIO_LENGTH);
        writer.awaitWriting(Field.PATIENCE);
      }
      play.go(scene);
      scene.served();
    } catch (Exception e) {
      scene.violated("the scenario did not come to its end: " + e);
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      Files.writeString(folder.resolve("failure.txt"), trace.toString());
    } finally {
      if (writer != null) {
        found = writer.finish(FIO_END);
      }
      recorder.finish(LAST_ANSWERS_MILLIS);
      recorder.close();
      if (device != null) {
        device.close();
      }
    }
    try {
      play.end(scene);
    } catch (TimeoutException e) {
      scene.violated(String.valueOf(e.getMessage()));
    }
    judge(name, scene, found, folder, (System.nanoTime() - beginNanos) / 1e9);
  }

  private void judge(
      String name, Scene scene, Fio.@Nullable Result found, Path folder, double seconds)
      throws Exception {
    List<Operation> history = scene.recorder().history();
    History.write(history, folder.resolve("history.txt"));
    Timeline.write(scene.field().tape(), scene.mark(), folder.resolve("timeline.txt"));
    Linearizability.Verdict verdict = Linearizability.check(history);
    List<String> violations = new ArrayList<>(scene.violations());
    if (!verdict.linearizable()) {
      violations.add(verdict.explanation());
    }
    List<String> errors = new ArrayList<>(scene.recorder().errors());
    if (found != null && found.errors() > 0) {
      errors.add("fio: " + found.said());
    }
    long open = history.stream().filter(Operation::indeterminate).count();
    Field.say(
        "%-24s %7d operations (%d open at the end)%s; pauses (%d) %s; I/O errors %d; violations %d;"
            + " %.0f s%s",
        name,
        history.size(),
        open,
        found == null
            ? ""
            : String.format(
                Locale.ROOT,
                " and fio %d, longest write %.0f ms",
                found.operations(),
                found.longestMillis()),
        scene.pauses().count(),
        scene.pauses().words(),
        errors.size(),
        violations.size(),
        seconds,
        scene.notes().isEmpty() ? "" : "; " + String.join("; ", scene.notes()));
    for (String each : violations) {
      Field.say("  violation: %s", each);
    }
    for (String each : errors.subList(0, Math.min(5, errors.size()))) {
      Field.say("  I/O error: %s", each);
    }
    if (violations.size() + errors.size() > 0) {
      failed++;
    }
  }
}
