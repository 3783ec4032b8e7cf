package io.forestall.app.doors;

import io.forestall.app.runtime.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs one of the scripts as a user would: another process, another folder, what it prints. */
final class Door implements AutoCloseable {
  /** The repository. */
  static final Path HOME =
      Path.of(System.getProperty("forestall.home", "../..")).toAbsolutePath().normalize();

  private final Process process;
  private final Path output;

  private Door(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** What a door that has ended said. */
  record Said(int exitCode, String text) {
    List<String> lines() {
      return text.lines().toList();
    }
  }

  /** Starts a door of the repository; its output goes to a file in the folder, where it runs. */
  static Door open(Path folder, Map<String, String> environment, String door, String... arguments)
      throws IOException {
    return open(HOME, folder, environment, door, arguments);
  }

  /** Starts a door of another place. */
  static Door open(
      Path home, Path folder, Map<String, String> environment, String door, String... arguments)
      throws IOException {
    Files.createDirectories(folder);
    Path output = Files.createTempFile(folder, door, ".out");
    List<String> command = new ArrayList<>();
    command.add(home.resolve("scripts").resolve(door).toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("FORESTALL_BUILD", "no");
    // Natives unpack to 400 MB: once for all tests.
    builder.environment().put("FORESTALL_VAR", HOME.resolve("jobs/app/target/var").toString());
    builder.environment().putAll(environment);
    builder.environment().values().removeIf(String::isEmpty);
    return new Door(builder.start(), output);
  }

  /** Runs a door to its end. */
  static Said run(Path folder, Map<String, String> environment, String door, String... arguments)
      throws Exception {
    try (Door opened = open(folder, new HashMap<>(environment), door, arguments)) {
      return opened.ended(Duration.ofSeconds(150));
    }
  }

  /** All it has printed so far. */
  String text() throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  /** Waits until it has printed this. */
  void awaitText(String wanted, Duration patience) throws Exception {
    try {
      Await.until(
          patience,
          "the door prints '" + wanted + "'",
          () -> {
            if (text().contains(wanted)) {
              return true;
            }
            if (!process.isAlive()) {
              throw new IllegalStateException("it ended with " + process.exitValue());
            }
            return false;
          },
          IllegalStateException.class);
    } catch (Exception e) {
      throw new AssertionError(e.getMessage() + "; it printed:\n" + text(), e);
    }
  }

  /** The rest of the first line that begins with this word. */
  String word(String first) throws IOException {
    for (String line : text().lines().toList()) {
      if (line.strip().startsWith(first)) {
        return line.strip().substring(first.length()).strip().split("[ ,]", -1)[0];
      }
    }
    throw new AssertionError("no line '" + first + "' in:\n" + text());
  }

  /** Waits for its end. */
  Said ended(Duration patience) throws Exception {
    if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("it does not end; it printed:\n" + text());
    }
    return new Said(process.exitValue(), text());
  }

  /** Sends a signal as the kill command does. */
  void signal(String name) throws Exception {
    int code =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (code != 0) {
      throw new AssertionError("kill -" + name + " said " + code);
    }
  }

  /**
   * Ends it as Ctrl-C does. A build that a shell runs in the background ignores that signal, and so
   * do all its children; then it is ended as a service manager does.
   */
  void interrupt() throws Exception {
    signal(ignoresInterrupts() ? "TERM" : "INT");
  }

  private boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (!Files.isReadable(status)) {
      return false;
    }
    return Files.readAllLines(status, StandardCharsets.UTF_8).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(
            line ->
                (Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16) & 2) != 0);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
