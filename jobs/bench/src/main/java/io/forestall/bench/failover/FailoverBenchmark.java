package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.bench.Flags;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.Event;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.VolumeMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * How long clients cannot write when a node is left before it fails, and when it is killed: a real
 * broker, the jobs on a Flink cluster, three nodes and the clients, all processes on one machine.
 *
 * <p>For each number of volumes on the failing node, a write is asked for on some volumes at the
 * moment their takeover stands in the ownership log, when the old owner stops: how long those
 * writes take is the pause, and the same burst of writes while nothing happens is what of it is
 * mere load. With many volumes that is told twice: for {@link #SAMPLE} of them, which shows what
 * the number of volumes does to each, and for all at once, which is as many writes at once besides.
 * Beside it one client writes without a break: its write that was open when the takeover was
 * appended is told, and its longest since the failure was foretold, which is load when it is
 * another one. With kill -9, the time from death to the first acknowledged write is told by its
 * parts.
 *
 * <p>Arguments: {@code --home REPOSITORY --directory DIR --volumes 1,10,100,1000 --rounds 10
 * --kills 10}.
 */
public final class FailoverBenchmark {

  private static final long SEGMENT_BYTES = 1L << 20;

  /**
   * Volumes that are written to at once where there are more; the first and the last among them.
   */
  private static final int SAMPLE = 10;

  private static final long SLOW_NANOS = 50_000_000L;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Field field;
  private final List<String> volumes = new ArrayList<>();
  private final Clients.Client client;
  private long value;

  private FailoverBenchmark(Field field, Clients.Client client) {
    this.field = field;
    this.client = client;
  }

  /** Runs the benchmark. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options =
        Flags.parse(args, "--directory", "--rounds", "--kills", "--volumes", "--home");
    Path directory =
        options.containsKey("--directory")
            ? Files.createDirectories(Path.of(options.get("--directory")))
            : Files.createTempDirectory("forestall-bench-failover");
    int rounds = Integer.parseInt(options.getOrDefault("--rounds", "10"));
    int kills = Integer.parseInt(options.getOrDefault("--kills", "10"));
    int[] counts =
        Arrays.stream(options.getOrDefault("--volumes", "1,10,100,1000").split(",", -1))
            .mapToInt(Integer::parseInt)
            .toArray();
    Java java = new Java(Path.of(options.getOrDefault("--home", ".")).toAbsolutePath());
    try (Field field = Field.open(java, directory.toAbsolutePath(), null, null)) {
      field.startNodes(3);
      field.startJobs();
      try (Clients.Client client = Clients.open(field, "bench")) {
        FailoverBenchmark benchmark = new FailoverBenchmark(field, client);
        Field.say("one broker, three nodes, the jobs and the client on this one machine");
        for (int count : counts) {
          benchmark.grow(count);
          int each = Math.max(2, count >= 1000 ? rounds / 2 : rounds);
          benchmark.predicted(benchmark.sample(), each);
          if (count > SAMPLE) {
            benchmark.predicted(List.copyOf(benchmark.volumes), each);
          }
          if (count == counts[0]) {
            benchmark.killed(kills);
          }
        }
      }
    }
    System.exit(0);
  }

  private String owner() {
    Field.Owner owner = field.owner(volumes.get(0) + "/0");
    if (owner == null) {
      throw new IllegalStateException(volumes.get(0) + " has no owner");
    }
    return owner.node();
  }

  /** More volumes on the node that owns the others. */
  private void grow(int count) throws Exception {
    String owner = volumes.isEmpty() ? "n1" : owner();
    List<String> more = new ArrayList<>();
    while (volumes.size() + more.size() < count) {
      more.add("b" + (volumes.size() + more.size()));
    }
    for (String each : more) {
      field.announceVolume(each, 1, SEGMENT_BYTES, owner);
    }
    for (String each : more) {
      Await.until(PATIENCE, each + " has an owner", () -> field.owner(each + "/0") != null);
      volumes.add(each);
    }
    for (String each : volumes) {
      client.use(each);
    }
    burst(volumes).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private List<String> sample() {
    List<String> sample = new ArrayList<>();
    int many = Math.min(SAMPLE, volumes.size());
    for (int i = 0; i < many; i++) {
      sample.add(volumes.get(many == 1 ? 0 : i * (volumes.size() - 1) / (many - 1)));
    }
    return sample;
  }

  /** One write on each of these volumes, all at once; the future has how long each took. */
  private CompletableFuture<Quantiles> burst(List<String> on) {
    Quantiles took = new Quantiles();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (String each : on) {
      long beginNanos = System.nanoTime();
      byte[] bytes = new byte[Field.BLOCK_BYTES];
      Arrays.fill(bytes, (byte) ++value);
      all.add(
          client
              .write(each, 0, bytes)
              .thenRun(
                  () -> {
                    long nanos = System.nanoTime() - beginNanos;
                    synchronized (took) {
                      took.add(nanos);
                    }
                  }));
    }
    return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]))
        .thenApply(done -> took);
  }

  /** One client that writes without a break. */
  private final class Writer implements AutoCloseable {
    private final Thread thread = new Thread(this::write, "writer");
    private volatile boolean open = true;
    private final List<long[]> took = new ArrayList<>();

    Writer() {
      thread.setDaemon(true);
      thread.start();
    }

    private void write() {
      byte[] bytes = new byte[Field.BLOCK_BYTES];
      while (open) {
        long beginNanos = System.nanoTime();
        client.write(volumes.get(0), 4L * Field.BLOCK_BYTES, bytes).join();
        long endNanos = System.nanoTime();
        synchronized (took) {
          took.add(new long[] {beginNanos, endNanos});
        }
      }
    }

    /** The longest write that ended after the one moment and began before the other. */
    long longest(long fromNanos, long toNanos) {
      synchronized (took) {
        return took.stream()
            .filter(each -> each[1] >= fromNanos && each[0] <= toNanos)
            .mapToLong(each -> each[1] - each[0])
            .max()
            .orElse(0);
      }
    }

    /** The writes that took this long, for people who look for the reason. */
    List<String> slow(long fromNanos, long nanos) {
      List<String> slow = new ArrayList<>();
      synchronized (took) {
        for (long[] each : took) {
          if (each[1] >= fromNanos && each[1] - each[0] >= nanos) {
            slow.add(
                String.format(
                    Locale.ROOT,
                    "a write of %.0f ms, from %d to %d",
                    (each[1] - each[0]) / 1e6,
                    each[0],
                    each[1]));
          }
        }
      }
      return slow;
    }

    long firstAsOf(long nanos) {
      synchronized (took) {
        return took.stream()
            .filter(each -> each[1] >= nanos)
            .mapToLong(each -> each[1])
            .min()
            .orElse(Long.MAX_VALUE);
      }
    }

    @Override
    public void close() {
      open = false;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void predicted(List<String> on, int rounds) throws Exception {
    int count = volumes.size();
    Quantiles pauses = new Quantiles();
    Quantiles idle = new Quantiles();
    Quantiles taken = new Quantiles();
    Quantiles longest = new Quantiles();
    for (int i = 0; i < rounds; i++) {
      idle.addAll(burst(on).get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      String owner = owner();
      int mark = field.tape().mark();
      long beginNanos = System.nanoTime();
      try (Writer writer = new Writer()) {
        field.pool().expectedToFail(owner);
        long fenceNanos = nanos(awaitFence(mark));
        pauses.addAll(burst(on).get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        long servedNanos = System.nanoTime();
        awaitEnd(mark);
        taken.add(writer.longest(fenceNanos, servedNanos));
        longest.add(writer.longest(beginNanos, Long.MAX_VALUE));
        Path file =
            field.directory().resolve("timeline-" + count + "-" + on.size() + "-" + i + ".txt");
        Timeline.write(field.tape(), mark, file);
        Files.write(file, writer.slow(beginNanos, SLOW_NANOS), StandardOpenOption.APPEND);
      }
      field.pool().returned(owner);
    }
    Field.say(
        "predicted, %4d volumes, %d rounds, %d written at once: pause of a volume %s (the same"
            + " writes while nothing happens: %s); one client that writes on and on: longest write"
            + " of the takeover %s, of the whole act %s",
        count, rounds, on.size(), pauses.words(), idle.words(), taken.words(), longest.words());
  }

  /** When the broker appended a record, by the clock of this process. */
  private static long nanos(Tape.Seen record) {
    long agoMillis = System.currentTimeMillis() - record.brokerMillis();
    return System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(agoMillis);
  }

  private Tape.Seen awaitFence(int mark) throws Exception {
    return field
        .tape()
        .await(
            mark,
            Ownership.class,
            "the takeover",
            PATIENCE,
            each -> each.getKind() == OwnershipKind.TAKEOVER);
  }

  private void awaitEnd(int mark) throws Exception {
    field
        .tape()
        .await(
            mark,
            Admission.class,
            "the end of the act",
            PATIENCE,
            each ->
                each.getState() != AdmissionState.ADMITTED
                    && each.getState() != AdmissionState.STARTED);
  }

  /** Until all copies are in sync again: who kills two of three nodes at once waits for one. */
  private void awaitWhole(int mark) throws Exception {
    var unused =
        field
            .tape()
            .await(
                mark,
                VolumeMap.class,
                "a map with all copies in sync",
                PATIENCE,
                map ->
                    map.getSegments().stream()
                        .flatMap(segment -> segment.getCopies().stream())
                        .allMatch(copy -> copy.getState() == CopyState.IN_SYNC));
  }

  /** From death to the first acknowledged write, by its parts. */
  private void killed(int rounds) throws Exception {
    Map<String, Quantiles> parts = new LinkedHashMap<>();
    for (int i = 0; i < rounds; i++) {
      String owner = owner();
      int mark = field.tape().mark();
      try (Writer writer = new Writer()) {
        long deathNanos = System.nanoTime();
        field.node(owner).process().kill();
        long seenNanos =
            field
                .tape()
                .await(
                    mark,
                    Event.class,
                    "a witness",
                    PATIENCE,
                    each ->
                        each.getType().equals("node.unreachable")
                            && each.getEntity().getId().equals(owner))
                .seenNanos();
        long incidentNanos =
            field
                .tape()
                .await(
                    mark,
                    Incident.class,
                    "the incident",
                    PATIENCE,
                    each -> each.getSubject().getId().equals(owner))
                .seenNanos();
        long admittedNanos =
            field
                .tape()
                .await(
                    mark,
                    Admission.class,
                    "the admission",
                    PATIENCE,
                    each -> each.getState() == AdmissionState.ADMITTED)
                .seenNanos();
        long fencedNanos =
            field
                .tape()
                .await(
                    mark,
                    Ownership.class,
                    "the takeover",
                    PATIENCE,
                    each -> each.getKind() == OwnershipKind.TAKEOVER)
                .seenNanos();
        Await.until(
            PATIENCE,
            "a write is acknowledged",
            () -> writer.firstAsOf(fencedNanos) < Long.MAX_VALUE);
        long servedNanos = writer.firstAsOf(fencedNanos);
        add(parts, "death to first write", servedNanos - deathNanos);
        add(parts, "  witness", seenNanos - deathNanos);
        add(parts, "  incident", incidentNanos - seenNanos);
        add(parts, "  decision", admittedNanos - incidentNanos);
        add(parts, "  checks and fence", fencedNanos - admittedNanos);
        add(parts, "  lease, drain, first write", servedNanos - fencedNanos);
        awaitEnd(mark);
        Timeline.write(
            field.tape(), mark, field.directory().resolve("timeline-kill-" + i + ".txt"));
      }
      field.startAgain(owner);
      field.pool().returned(owner);
      awaitWhole(mark);
    }
    Field.say("kill -9 of the owner, %d rounds, %d volumes:", rounds, volumes.size());
    parts.forEach(
        (part, took) -> Field.say(String.format(Locale.ROOT, "  %-30s %s", part, took.words())));
  }

  private static void add(Map<String, Quantiles> parts, String part, long nanos) {
    parts.computeIfAbsent(part, none -> new Quantiles()).add(nanos);
  }
}
