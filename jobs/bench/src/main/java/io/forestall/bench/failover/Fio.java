package io.forestall.bench.failover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * {@code fio} that writes a device over NBD and reads back what it wrote, with a checksum and a
 * number in every block. Nobody here wrote it, so it does not believe what we believe. Not
 * thread-safe.
 */
final class Fio {

  /** What it exits with when it was told to end. */
  private static final int INTERRUPTED = 128;

  private final Child child;
  private final Path result;
  private final Path log;

  private Fio(Child child, Path result, Path log) {
    this.child = child;
    this.result = result;
    this.log = log;
  }

  /**
   * What it found.
   *
   * @param errors 0 when every answer was good and every block read was what had been written
   * @param operations reads and writes; count
   * @param longestMillis longest write; milliseconds
   * @param said its own words when something was wrong
   */
  record Result(int errors, long operations, double longestMillis, String said) {}

  /** True when it is installed. */
  static boolean possible() {
    try {
      return new ProcessBuilder("fio", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Starts it.
   *
   * @param uri the device, {@code nbd://127.0.0.1:10809/v-1}
   * @param offsetBytes where its part of the device begins
   * @param sizeBytes how long its part of the device is
   */
  static Fio start(Path directory, String uri, long offsetBytes, long sizeBytes, Duration length)
      throws IOException {
    Path result = directory.resolve("fio.json");
    Path log = directory.resolve("fio.log");
    Files.deleteIfExists(result);
    Files.deleteIfExists(log);
    Child child =
        new Child(
            "fio",
            List.of(
                "fio",
                "--name=failover",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randrw",
                "--rwmixwrite=60",
                "--bs=4k",
                "--iodepth=8",
                "--rate_iops=60",
                "--offset=" + offsetBytes,
                "--size=" + sizeBytes,
                "--time_based",
                "--runtime=" + length.toSeconds(),
                "--verify=crc32c",
                "--verify_backlog=128",
                "--verify_fatal=1",
                "--norandommap=0",
                "--randrepeat=0",
                "--eta=always",
                "--eta-newline=500ms",
                "--output-format=json",
                // what it remembers of its verifying belongs to the run, not to where it was
                // started
                "--aux-path=" + directory,
                "--output=" + result),
            Map.of(),
            log);
    child.start();
    return new Fio(child, result, log);
  }

  /** Waits until it has written: a device that does nothing shows nothing. */
  void awaitWriting(Duration patience) throws TimeoutException, InterruptedException {
    child.awaitSaid("w=", patience);
  }

  /** Lets it end what it has begun, and says what it found. */
  Result finish(Duration patience) throws Exception {
    boolean ended = !child.alive();
    if (!ended) {
      child.interrupt();
    }
    int code;
    try {
      code = child.awaitExit(patience);
    } catch (TimeoutException e) {
      child.kill();
      return new Result(1, 0, 0, "fio did not end: an answer stays out. " + words());
    }
    String json = Files.exists(result) ? Files.readString(result) : "";
    int begin = json.indexOf('{');
    JsonNode job =
        begin < 0
            ? new ObjectMapper().createObjectNode()
            : new ObjectMapper().readTree(json.substring(begin)).path("jobs").path(0);
    int errors = job.path("error").asInt(0);
    if (errors == 0 && (begin < 0 || (code != 0 && code != INTERRUPTED))) {
      errors = Math.max(1, code);
    }
    return new Result(
        errors,
        job.path("read").path("total_ios").asLong() + job.path("write").path("total_ios").asLong(),
        job.path("write").path("clat_ns").path("max").asDouble() / 1e6,
        errors == 0 ? "" : words());
  }

  private String words() throws IOException {
    String said =
        Files.exists(log)
            ? Files.readString(log)
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("Jobs:"))
                .collect(Collectors.joining("\n"))
            : "";
    return said.length() > 800 ? said.substring(said.length() - 800) : said;
  }

  void kill() throws InterruptedException {
    child.kill();
  }
}
