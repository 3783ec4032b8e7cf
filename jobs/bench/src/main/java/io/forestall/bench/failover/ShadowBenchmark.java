package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.bench.Flags;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.Sample;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.TelemetryFrame;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What a shadow costs and what it is worth: how long after a write its shadow has it, and how long
 * clients cannot write when the shadow takes over although it has much to read. A real broker, the
 * jobs on a Flink cluster, three nodes and the client, all processes on one machine.
 *
 * <p>The latency is what the shadow's node says of itself: from the moment at which the owner took
 * a write in, which is before it was acknowledged, to the moment at which the shadow had applied
 * it, one clock for both. It is told at half the rate at which the same client writes when it never
 * waits, both after it has written for a while: a process that was just started compiles more than
 * it works.
 *
 * <p>For the pause, the job that feeds the shadow is ended, so that it falls behind by as much as
 * is written then; the owner's node is expected to fail, the shadow takes over and reads the rest
 * from the log of deltas itself. The pause is the longest write of a client that writes on and on.
 * Volumes have units of 1 GiB and hold nothing but what is written here.
 *
 * <p>Arguments: {@code --home REPOSITORY --directory DIR --bytes 16384 --warm-up-seconds 60
 * --seconds 20 --gibibytes 1,100 --lag-mebibytes 64 --rounds 10}.
 */
public final class ShadowBenchmark {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final long UNIT_BYTES = 1L << 30;
  private static final int IN_FLIGHT = 64;
  private static final int PIECE_BYTES = 1 << 20;
  private static final String OWNER = "n1";
  private static final String REPLICA = "n2";
  private static final String SHADOW = "n3";

  private final Field field;
  private final Clients.Client client;
  private final Random random = new Random(6);

  private ShadowBenchmark(Field field, Clients.Client client) {
    this.field = field;
    this.client = client;
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(
            args,
            "--directory",
            "--home",
            "--bytes",
            "--warm-up-seconds",
            "--seconds",
            "--gibibytes",
            "--lag-mebibytes",
            "--rounds");
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-bench-shadow");
    Java java = new Java(Path.of(options.getOrDefault("--home", ".")).toAbsolutePath());
    int seconds = Integer.parseInt(options.getOrDefault("--seconds", "20"));
    int rounds = Integer.parseInt(options.getOrDefault("--rounds", "10"));
    try (Field field =
        Field.open(java, directory.toAbsolutePath(), null, Field.Shadowing.SHIPPED)) {
      field.startNodes(3);
      field.startJobs();
      try (Clients.Client client = Clients.open(field, "bench")) {
        ShadowBenchmark benchmark = new ShadowBenchmark(field, client);
        Field.say("one broker, three nodes, the jobs and the client on this one machine");
        if (seconds > 0) {
          benchmark.latency(
              Integer.parseInt(options.getOrDefault("--bytes", "16384")),
              Duration.ofSeconds(Integer.parseInt(options.getOrDefault("--warm-up-seconds", "60"))),
              Duration.ofSeconds(seconds));
        }
        if (rounds > 0) {
          for (String each : options.getOrDefault("--gibibytes", "1,100").split(",", -1)) {
            benchmark.pauses(
                Integer.parseInt(each),
                Integer.parseInt(options.getOrDefault("--lag-mebibytes", "64")),
                rounds);
          }
        }
      }
    }
    System.exit(0);
  }

  // ---- how long after a write its shadow has it

  private void latency(int bytes, Duration warmUp, Duration length) throws Exception {
    String volume = "latency";
    field.createVolume(volume, 1, UNIT_BYTES, OWNER, List.of());
    client.use(volume);
    shadow(volume);
    written(volume, bytes, warmUp, 0);
    double most = written(volume, bytes, length, 0) / (double) length.toSeconds();
    awaitInSync(volume);
    int mark = field.tape().mark();
    double rate = most / 2;
    double done = written(volume, bytes, length, rate) / (double) length.toSeconds();
    Quantiles means = new Quantiles();
    Quantiles p99 = new Quantiles();
    for (TelemetryFrame frame : field.tape().since(mark, TelemetryFrame.class)) {
      Sample node = frame.getSamples().get(0);
      Double mean = node.getMetrics().get("shadow_apply_seconds");
      Double tail = node.getMetrics().get("shadow_apply_p99_seconds");
      if (frame.getNode().equals(SHADOW) && mean != null && tail != null) {
        means.add((long) (mean * 1e9));
        p99.add((long) (tail * 1e9));
      }
    }
    Field.say(
        "a write of %d bytes until its shadow has it, %.0f a second (%.1f MB/s; as fast as it goes:"
            + " %.0f, %.1f MB/s): mean of a second %s; p99 of a second %s",
        bytes, done, done * bytes / 1e6, most, most * bytes / 1e6, means.words(), p99.words());
    field.removeVolume(volume);
  }

  /**
   * Writes at random places for a while.
   *
   * @param rate writes a second, 0 for as many as go
   * @return how many were acknowledged
   */
  private long written(String volume, int bytes, Duration length, double rate) throws Exception {
    Deque<CompletableFuture<Void>> asked = new ArrayDeque<>();
    byte[] content = new byte[bytes];
    long beginNanos = System.nanoTime();
    long many = 0;
    while (System.nanoTime() - beginNanos < length.toNanos()) {
      long wait = rate == 0 ? 0 : beginNanos + (long) (many * 1e9 / rate) - System.nanoTime();
      if (wait > 0) {
        LockSupport.parkNanos(wait);
        continue;
      }
      if (asked.size() == IN_FLIGHT) {
        asked.removeFirst().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
      random.nextBytes(content);
      long at = random.nextLong(UNIT_BYTES / bytes) * bytes;
      asked.add(client.write(volume, at, content.clone()));
      many++;
    }
    for (CompletableFuture<Void> each : asked) {
      each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    return many;
  }

  // ---- how long clients cannot write when it takes over

  /** Each time another volume: who owned one before follows the log itself, and is never behind. */
  private void pauses(int gibibytes, int lagMebibytes, int rounds) throws Exception {
    Quantiles pauses = new Quantiles();
    Quantiles idle = new Quantiles();
    for (int i = 0; i < rounds; i++) {
      String volume = "sparse-" + gibibytes + "-" + i;
      field.createVolume(volume, gibibytes, UNIT_BYTES, OWNER, List.of(REPLICA));
      client.use(volume);
      shadow(volume);
      field.jobs().cancel("move");
      try (Writer writer = new Writer(volume)) {
        fill(volume, gibibytes, lagMebibytes);
        idle.add(writer.longest(writer.beganNanos));
        int mark = field.tape().mark();
        long toldNanos = System.nanoTime();
        // the replica, which has everything, is no choice: it will fail too
        field.pool().ails(REPLICA);
        field.pool().expectedToFail(OWNER);
        field
            .tape()
            .await(
                mark,
                Ownership.class,
                "the takeover",
                PATIENCE,
                each -> each.getKind() == OwnershipKind.TAKEOVER);
        field
            .tape()
            .await(
                mark,
                Admission.class,
                "the end of the switchover",
                PATIENCE,
                each ->
                    each.getState() != AdmissionState.ADMITTED
                        && each.getState() != AdmissionState.STARTED);
        pauses.add(writer.longest(toldNanos));
        if (!owner(volume).equals(SHADOW)) {
          throw new IllegalStateException(owner(volume) + " took over, and not the shadow");
        }
      }
      field.removeVolume(volume);
      field.pool().returned(OWNER);
      field.pool().returned(REPLICA);
      field.awaitQuiet();
      field.jobs().submit("move", Field.moveOptions());
    }
    Field.say(
        "switchover of %d GiB onto a shadow that has %d MiB to read, %d rounds: longest write of it"
            + " %s; longest of those that made the lag %s",
        gibibytes, lagMebibytes, rounds, pauses.words(), idle.words());
  }

  /** Writes so much that does not compress, spread over the whole volume. */
  private void fill(String volume, int gibibytes, int mebibytes) throws Exception {
    List<CompletableFuture<Void>> asked = new ArrayList<>();
    for (int i = 0; i < mebibytes; i++) {
      byte[] piece = new byte[PIECE_BYTES];
      random.nextBytes(piece);
      long unit = (long) i * gibibytes / mebibytes;
      long at = unit * UNIT_BYTES + (1L + i) * PIECE_BYTES;
      asked.add(client.write(volume, at, piece));
      if (asked.size() >= 8) {
        asked.remove(0).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    }
    for (CompletableFuture<Void> each : asked) {
      each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  /** One client that writes one block without a break. */
  private final class Writer implements AutoCloseable {
    private final String volume;
    private final Thread thread = new Thread(this::write, "writer");
    private volatile boolean open = true;
    private final long beganNanos = System.nanoTime();
    private final List<long[]> took = new ArrayList<>();
    private volatile @Nullable Throwable failure;

    Writer(String volume) {
      this.volume = volume;
      thread.setDaemon(true);
      thread.start();
    }

    private void write() {
      byte[] bytes = new byte[Field.BLOCK_BYTES];
      Arrays.fill(bytes, (byte) 7);
      try {
        while (open) {
          long from = System.nanoTime();
          client.write(volume, 0, bytes).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
          synchronized (took) {
            took.add(new long[] {from, System.nanoTime()});
          }
        }
      } catch (Exception e) {
        failure = e;
      }
    }

    /** The longest write that ended after this; nanoseconds. */
    long longest(long fromNanos) {
      Throwable failed = failure;
      if (failed != null) {
        throw new IllegalStateException("a write failed", failed);
      }
      synchronized (took) {
        return took.stream()
            .filter(each -> each[1] >= fromNanos)
            .mapToLong(each -> each[1] - each[0])
            .max()
            .orElseThrow();
      }
    }

    @Override
    public void close() throws InterruptedException {
      open = false;
      thread.join();
    }
  }

  // ---- shadows

  private String owner(String volume) {
    Field.Owner owner = field.owner(volume + "/0");
    if (owner == null) {
      throw new IllegalStateException(volume + " has no owner");
    }
    return owner.node();
  }

  /**
   * Gives a volume its shadow. The decide job writes its map too, for as long as it learns how the
   * copies of a new volume stand: what it overwrites is said again.
   */
  private void shadow(String volume) throws Exception {
    int units = field.map(volume).getSegments().size();
    while (inSync(volume) < units) {
      field.copy(volume, SHADOW, CopyRole.SHADOW, CopyState.COPYING);
      Await.until(
          PATIENCE,
          String.format(
              Locale.ROOT, "all %d shadows of %s on %s are in sync", units, volume, SHADOW),
          () -> inSync(volume) == units || !hasShadow(volume));
    }
    do {
      field.copy(volume, SHADOW, CopyRole.SHADOW, CopyState.IN_SYNC);
    } while (!hasShadow(volume));
  }

  private boolean hasShadow(String volume) {
    return field.map(volume).getSegments().stream()
        .allMatch(
            segment ->
                segment.getCopies().stream()
                    .anyMatch(copy -> copy.getNode().getId().equals(SHADOW)));
  }

  /** The last word on the shadow of each unit is that it is in sync, and of this map. */
  private void awaitInSync(String volume) throws Exception {
    int units = field.map(volume).getSegments().size();
    Await.until(
        PATIENCE,
        String.format(Locale.ROOT, "all %d shadows of %s on %s are in sync", units, volume, SHADOW),
        () -> inSync(volume) == units);
  }

  private int inSync(String volume) {
    Map<String, CopyState> last = new HashMap<>();
    for (ShadowStatus each : field.tape().since(0, ShadowStatus.class)) {
      if (each.getVolume().equals(volume) && each.getShadow().getId().equals(SHADOW)) {
        last.put(each.getUnit(), each.getState());
      }
    }
    for (SegmentEntry segment : field.map(volume).getSegments()) {
      boolean mapped =
          segment.getCopies().stream()
              .anyMatch(
                  copy ->
                      copy.getNode().getId().equals(SHADOW) && copy.getRole() == CopyRole.SHADOW);
      if (!mapped) {
        last.remove(segment.getUnit());
      }
    }
    last.values().removeIf(state -> state != CopyState.IN_SYNC);
    return last.size();
  }
}
