package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A process of the trial that can be killed, stopped, continued and started again with the same
 * words. What it says goes to one file, over all its starts. Ended with the trial's own process.
 * Not thread-safe.
 */
final class Child implements AutoCloseable {

  private static final Duration END = Duration.ofSeconds(20);

  private final String name;
  private final List<String> command;
  private Map<String, String> environment;
  private final Path log;
  private @Nullable Process process;
  private long saidBytes;

  Child(String name, List<String> command, Map<String, String> environment, Path log) {
    this.name = name;
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
    this.log = log;
  }

  /** Starts it; does not wait for anything. */
  void start() throws IOException {
    if (alive()) {
      throw new IllegalStateException(name + " runs already");
    }
    saidBytes = Files.exists(log) ? Files.size(log) : 0;
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    Process started = builder.start();
    process = started;
    // A trial that dies must not leave processes behind that hold ports and folders.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> killTree(started), name + "-end"));
  }

  /** Waits until it has said these words since its start. */
  String awaitSaid(String words, Duration patience) throws TimeoutException, InterruptedException {
    List<String> found = new ArrayList<>();
    Await.until(
        patience,
        name + " says '" + words + "' (see " + log + ")",
        () -> {
          byte[] all = Files.readAllBytes(log);
          String said =
              new String(
                  all, (int) saidBytes, all.length - (int) saidBytes, StandardCharsets.UTF_8);
          for (String line : said.split("\n", -1)) {
            if (line.contains(words)) {
              found.add(line);
              return true;
            }
          }
          if (!alive()) {
            throw new EndedException(name + " ended: " + tail(said));
          }
          return false;
        },
        EndedException.class);
    return found.get(0);
  }

  private static String tail(String said) {
    return said.length() <= 600 ? said : said.substring(said.length() - 600);
  }

  /** It ended while something was awaited of it. */
  static final class EndedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EndedException(String message) {
      super(message);
    }
  }

  /** Variables of its next start besides those of this process. */
  void environment(Map<String, String> next) {
    environment = Map.copyOf(next);
  }

  boolean alive() {
    return process != null && process.isAlive();
  }

  String name() {
    return name;
  }

  long pid() {
    Process current = process;
    if (current == null) {
      throw new IllegalStateException(name + " was never started");
    }
    return current.pid();
  }

  /** SIGKILL, to the process and what it started; returns once it is gone. */
  void kill() throws InterruptedException {
    Process current = process;
    if (current != null) {
      killTree(current);
      if (!current.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException(name + " outlives SIGKILL");
      }
    }
  }

  private static void killTree(Process process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.sort(Comparator.comparingLong(ProcessHandle::pid));
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /** SIGTERM, and SIGKILL when it takes longer than it should. */
  void end() throws InterruptedException {
    Process current = process;
    if (current == null || !current.isAlive()) {
      return;
    }
    current.destroy();
    if (!current.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
      kill();
    }
  }

  /** SIGSTOP: the process stands still in the middle of whatever it did. */
  void stop() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT: it goes on as if nothing had happened. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  /** SIGINT. */
  void interrupt() throws IOException, InterruptedException {
    signal("INT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    for (long pid : pids()) {
      Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
      if (kill.waitFor() != 0 && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
        throw new IOException("cannot send " + signal + " to " + name + " (" + pid + ")");
      }
    }
  }

  private List<Long> pids() {
    List<Long> pids = new ArrayList<>();
    pids.add(pid());
    if (process != null) {
      process.descendants().forEach(each -> pids.add(each.pid()));
    }
    return pids;
  }

  /** Exit code of a process that has ended. */
  int awaitExit(Duration patience) throws InterruptedException, TimeoutException {
    Process current = process;
    if (current == null) {
      throw new IllegalStateException(name + " was never started");
    }
    if (!current.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new TimeoutException(name + " has not ended after " + patience.toSeconds() + " s");
    }
    return current.exitValue();
  }

  @Override
  public void close() throws InterruptedException {
    Process current = process;
    if (current != null && current.isAlive()) {
      // One that was stopped would not hear SIGTERM.
      try {
        resume();
      } catch (IOException e) {
        kill();
        return;
      }
      end();
    }
  }
}
