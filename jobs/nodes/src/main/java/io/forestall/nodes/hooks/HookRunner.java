package io.forestall.nodes.hooks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs an operator's programs. A program gets what it must know as environment variables ({@code
 * FORESTALL_*}), never as text that a shell reads; what it prints last is the answer's text. Its
 * exit code tells how it went: 0 done (or was done already), 75 not now (ask again), anything else
 * failed. It is killed with all its children when it takes longer than allowed.
 *
 * <p>Safe for threads; each call runs one program and blocks until it ends.
 */
public final class HookRunner {

  /** Exit code of a program that cannot do it now but may later: EX_TEMPFAIL. */
  public static final int TRY_AGAIN = 75;

  /** Longest text that is taken from a program; characters. */
  static final int MAX_TEXT_CHARS = 500;

  private static final int MAX_LINE_BYTES = 4096;

  private final Map<Hook, List<String>> programs;
  private final long timeoutMillis;

  /**
   * A runner.
   *
   * @param programs program and arguments of each hook; a hook without one is not supported
   * @param timeoutMillis how long a program may take; milliseconds
   */
  public HookRunner(Map<Hook, List<String>> programs, long timeoutMillis) {
    this.programs = new EnumMap<>(Hook.class);
    programs.forEach((hook, words) -> this.programs.put(hook, List.copyOf(words)));
    this.timeoutMillis = timeoutMillis;
  }

  /**
   * How a program ended.
   *
   * @param exitCode its exit code; -1 when it could not be started, -2 when it was killed because
   *     it took too long
   * @param text the last line that it printed, or why there is none
   * @param tookMillis how long it took; milliseconds
   */
  public record Result(int exitCode, String text, long tookMillis) {

    /** True when it is done. */
    public boolean done() {
      return exitCode == 0;
    }

    /** True when it may be asked again. */
    public boolean tryAgain() {
      return exitCode == TRY_AGAIN;
    }

    /** True when it was killed because it took too long. */
    public boolean tooSlow() {
      return exitCode == -2;
    }
  }

  /** True when there is a program for the hook. */
  public boolean supports(Hook hook) {
    return programs.containsKey(hook);
  }

  /**
   * Runs the program of a hook.
   *
   * @param variables further environment variables; the names get the prefix {@code FORESTALL_}
   * @throws IllegalArgumentException when the hook has no program
   */
  public Result run(Hook hook, Map<String, String> variables) throws InterruptedException {
    List<String> words = programs.get(hook);
    if (words == null) {
      throw new IllegalArgumentException("no program for the hook " + hook.word());
    }
    long startNanos = System.nanoTime();
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
    builder.environment().put("FORESTALL_HOOK", hook.word());
    variables.forEach((name, value) -> builder.environment().put("FORESTALL_" + name, value));
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new Result(
          -1,
          "cannot start " + words.get(0) + ": " + e.getMessage() + "; is it there and executable?",
          sinceMillis(startNanos));
    }
    LastLine last = new LastLine(process.getInputStream());
    Thread reader = new Thread(last, "hook-" + hook.word());
    reader.setDaemon(true);
    reader.start();
    try {
      if (!process.waitFor(timeoutMillis, TimeUnit.MILLISECONDS)) {
        return new Result(
            -2,
            words.get(0) + " took longer than " + timeoutMillis + " ms and was killed",
            sinceMillis(startNanos));
      }
      // A child that outlives the program may hold its output open; the answer does not wait.
      reader.join(1_000);
      String text = last.text();
      return new Result(
          process.exitValue(),
          text == null ? words.get(0) + " printed nothing" : text,
          sinceMillis(startNanos));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static long sinceMillis(long startNanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }

  /** Keeps the last line of a stream, however long the stream is. */
  private static final class LastLine implements Runnable {
    private final InputStream in;
    private volatile @Nullable String text;

    LastLine(InputStream in) {
      this.in = in;
    }

    @Nullable String text() {
      return text;
    }

    @Override
    public void run() {
      byte[] line = new byte[MAX_LINE_BYTES];
      int length = 0;
      byte[] buffer = new byte[MAX_LINE_BYTES];
      try (in) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          for (int i = 0; i < read; i++) {
            if (buffer[i] == '\n') {
              keep(line, length);
              length = 0;
            } else if (length < line.length) {
              line[length++] = buffer[i];
            }
          }
        }
      } catch (IOException e) {
        // The program was killed; what it had said stays.
      }
      keep(line, length);
    }

    private void keep(byte[] line, int length) {
      String said = new String(line, 0, length, StandardCharsets.UTF_8).strip();
      if (!said.isEmpty()) {
        text = said.length() > MAX_TEXT_CHARS ? said.substring(0, MAX_TEXT_CHARS) : said;
      }
    }
  }
}
