package io.forestall.app.watch;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a tool of Prometheus, or says that it is not there. */
final class TestingPromtool {
  private TestingPromtool() {}

  record Said(int exitCode, String text) {}

  /** Ends the test as skipped when the tool is not installed. */
  static Said run(String tool, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(tool));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(Path.of("..", "..").toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      assumeTrue(
          false,
          tool
              + " is not installed, this check is skipped: apt-get install prometheus"
              + " prometheus-alertmanager");
      throw e;
    }
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(command + " does not end: " + text);
    }
    return new Said(process.exitValue(), text);
  }
}
