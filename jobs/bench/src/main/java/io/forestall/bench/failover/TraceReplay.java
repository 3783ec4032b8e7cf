package io.forestall.bench.failover;

import io.forestall.bench.Flags;
import io.forestall.bench.Trace;
import io.forestall.bench.Trace.Request;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Replays a trace of block requests, as fast as it goes, on volumes whose shadows follow, and
 * compares the bytes at the end: what was written, the owner's file, and the shadow's. A trace
 * tells where requests went and how long they were; what they carried is made up from the number of
 * the request.
 *
 * <p>Arguments: {@code --trace FILE --home REPOSITORY --directory DIR --limit REQUESTS}.
 */
public final class TraceReplay {

  private static final int BLOCK_BYTES = Trace.BLOCK_BYTES;
  private static final long SEGMENT_BYTES = 1L << 30;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int IN_FLIGHT = 64;
  private static final long ANSWER_SECONDS = 300;
  private static final Duration EQUAL = Duration.ofMinutes(5);
  private static final String OWNER = "n1";
  private static final String SHADOW = "n2";

  private TraceReplay() {}

  private record Asked(Request request, CompletableFuture<?> answer) {
    boolean conflicts(Request other) {
      return (request.write() || other.write())
          && request.volume().equals(other.volume())
          && request.offset() < other.end()
          && other.offset() < request.end();
    }
  }

  /** What a volume must hold: which request wrote each block last. */
  private static final class Model {
    private final Map<Long, int[]> chunks = new HashMap<>();
    private long bytes;

    void wrote(Request request, int number) {
      for (long at = request.offset(); at < request.end(); at += BLOCK_BYTES) {
        int[] chunk =
            chunks.computeIfAbsent(at / CHUNK_BYTES, key -> new int[CHUNK_BYTES / BLOCK_BYTES]);
        chunk[(int) (at % CHUNK_BYTES / BLOCK_BYTES)] = number;
      }
    }

    byte[] expected(long offset, int length) {
      byte[] all = new byte[length];
      for (long at = offset; at < offset + length; at += BLOCK_BYTES) {
        int[] chunk = chunks.get(at / CHUNK_BYTES);
        int number = chunk == null ? 0 : chunk[(int) (at % CHUNK_BYTES / BLOCK_BYTES)];
        if (number > 0) {
          block(number, at, all, (int) (at - offset));
        }
      }
      return all;
    }
  }

  /** Half of a block compresses. */
  private static void block(int number, long at, byte[] into, int position) {
    SplittableRandom random = new SplittableRandom(number * 1_000_003L + at);
    for (int i = 0; i < BLOCK_BYTES / 2; i += Long.BYTES) {
      long value = random.nextLong();
      for (int j = 0; j < Long.BYTES; j++) {
        into[position + i + j] = (byte) (value >>> (8 * j));
      }
    }
    Arrays.fill(into, position + BLOCK_BYTES / 2, position + BLOCK_BYTES, (byte) number);
  }

  /** Replays a trace; exit code 1 when a byte is not what it must be. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(args, "--directory", "--home", "--trace", "--limit", "--trial");
    if (!options.containsKey("--trace")) {
      System.err.println("name the trace: --trace FILE");
      System.exit(2);
    }
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-replay");
    List<Request> requests =
        Trace.read(
            Path.of(options.get("--trace")),
            Long.parseLong(options.getOrDefault("--limit", Long.toString(Long.MAX_VALUE))));
    Map<String, Model> models = new HashMap<>();
    for (Request each : requests) {
      Model model = models.computeIfAbsent(each.volume(), key -> new Model());
      model.bytes = Math.max(model.bytes, each.end());
    }
    Java java = new Java(Path.of(options.getOrDefault("--home", ".")).toAbsolutePath());
    boolean right;
    try (Field field =
        Field.open(java, directory.toAbsolutePath(), null, Field.Shadowing.SHIPPED)) {
      field.startNodes(2);
      field.startMove();
      for (Map.Entry<String, Model> each : models.entrySet()) {
        long segment = Math.min(SEGMENT_BYTES, roundUp(each.getValue().bytes, CHUNK_BYTES));
        field.createVolume(
            each.getKey(),
            (int) (roundUp(each.getValue().bytes, segment) / segment),
            segment,
            BLOCK_BYTES,
            OWNER,
            List.of());
        field.copy(each.getKey(), SHADOW, CopyRole.SHADOW, CopyState.COPYING);
      }
      right = replay(field, requests, models);
    }
    System.exit(right ? 0 : 1);
  }

  private static long roundUp(long value, long unit) {
    return (value + unit - 1) / unit * unit;
  }

  private static boolean replay(Field field, List<Request> requests, Map<String, Model> models)
      throws Exception {
    long written = 0;
    long wrong = 0;
    long read = 0;
    long beginNanos = System.nanoTime();
    try (Clients.Client client = Clients.open(field, "replay")) {
      for (String each : models.keySet()) {
        client.use(each);
      }
      beginNanos = System.nanoTime();
      Deque<Asked> asked = new ArrayDeque<>();
      int number = 0;
      for (Request each : requests) {
        number++;
        while (asked.size() >= IN_FLIGHT || conflicts(asked, each)) {
          wrong += answered(asked.removeFirst(), models);
        }
        if (each.write()) {
          byte[] bytes = new byte[each.length()];
          for (int at = 0; at < each.length(); at += BLOCK_BYTES) {
            block(number, each.offset() + at, bytes, at);
          }
          model(models, each).wrote(each, number);
          asked.add(new Asked(each, client.write(each.volume(), each.offset(), bytes)));
          written += each.length();
        } else {
          asked.add(new Asked(each, client.read(each.volume(), each.offset(), each.length())));
          read += each.length();
        }
      }
      while (!asked.isEmpty()) {
        wrong += answered(asked.removeFirst(), models);
      }
    }
    double seconds = (System.nanoTime() - beginNanos) / 1e9;
    Field.say(
        "%d requests in %.1f s: %.0f/s, %.1f MB written at %.1f MB/s, %.1f MB read at %.1f MB/s;"
            + " wrong reads %d",
        requests.size(),
        seconds,
        requests.size() / seconds,
        written / 1e6,
        written / 1e6 / seconds,
        read / 1e6,
        read / 1e6 / seconds,
        wrong);
    long endNanos = System.nanoTime();
    for (String each : models.keySet()) {
      new Copies(field, each).awaitSame(EQUAL);
    }
    double behind = (System.nanoTime() - endNanos) / 1e9;
    long lost = 0;
    for (Map.Entry<String, Model> each : models.entrySet()) {
      lost += lost(field, each.getKey(), each.getValue());
    }
    Field.say(
        "owner's and shadow's bytes are equal %.1f s after the last answer, reading all of them"
            + " included; chunks that are not what was written %d",
        behind, lost);
    return wrong == 0 && lost == 0;
  }

  private static Model model(Map<String, Model> models, Request request) {
    return Objects.requireNonNull(models.get(request.volume()));
  }

  private static boolean conflicts(Deque<Asked> asked, Request request) {
    return asked.stream().anyMatch(each -> each.conflicts(request));
  }

  private static int answered(Asked asked, Map<String, Model> models) throws Exception {
    Object answer = asked.answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    Request request = asked.request;
    return request.write()
            || Arrays.equals(
                (byte[]) answer,
                model(models, request).expected(request.offset(), request.length()))
        ? 0
        : 1;
  }

  /** Chunks of the owner's files that are not what was written last. */
  private static long lost(Field field, String volume, Model model) throws IOException {
    Copies copies = new Copies(field, volume);
    long segment = field.map(volume).getSegmentBytes();
    long lost = 0;
    for (long chunk : model.chunks.keySet()) {
      long at = chunk * CHUNK_BYTES;
      byte[] held = copies.bytes(OWNER, volume + "/" + at / segment, at % segment, CHUNK_BYTES);
      if (!Arrays.equals(held, model.expected(at, CHUNK_BYTES))) {
        lost++;
      }
    }
    return lost;
  }
}
