package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.FleetEntries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What the node measures of itself (A1): its requests, and what the operating system says under
 * {@code /proc} where there is such. What cannot be read is left out, never 0. Safe for threads.
 */
final class NodeMeasure {
  private static final int MAX_PAIRS = 256;
  private static final int MAX_OPEN = 65_536;
  private static final int SAMPLES = 512;
  private static final long CLOCK_TICKS = 100;

  private final Subject node;
  private final Path folder;
  private final boolean pairs;
  private final long startedMillis = System.currentTimeMillis();
  private final Map<Long, Open> open = new ConcurrentHashMap<>();
  private final Map<String, Pair> byPair = new HashMap<>();
  private long requests;
  private long failed;
  private long nanos;
  private long processed;
  private long sequence;
  private final long[] applyMillis = new long[SAMPLES];
  private long shadowed;
  private long sumApplyMillis;

  private record Open(long nanos, @Nullable String pair, long bytes) {}

  private static final class Pair {
    private long operations;
    private long errors;
    private long bytes;
    private final long[] latencies = new long[SAMPLES];
    private long many;
    private long sumNanos;
  }

  NodeMeasure(Subject node, Path folder, boolean pairs) {
    this.node = node;
    this.folder = folder;
    this.pairs = pairs;
  }

  /** A client asks. */
  void asked(NodeRequest request) {
    if (open.size() >= MAX_OPEN) {
      return;
    }
    open.put(
        request.token(),
        new Open(System.nanoTime(), pairs ? pair(request) : null, request.length()));
  }

  private static String pair(NodeRequest request) {
    String unit = request.unit();
    String client = request.client();
    int slash = unit.lastIndexOf('/');
    int start = client.lastIndexOf('/');
    return (slash < 0 ? unit : unit.substring(0, slash))
        + "@"
        + (start < 0 ? client : client.substring(0, start));
  }

  /** It is gone without an answer. */
  void forgotten(long token) {
    open.remove(token);
  }

  /**
   * It was answered.
   *
   * @return how long it took, negative when that is not known; nanoseconds
   */
  long answered(long token, boolean done) {
    Open asked = open.remove(token);
    if (asked == null) {
      return -1;
    }
    long took = System.nanoTime() - asked.nanos();
    synchronized (this) {
      requests++;
      failed += done ? 0 : 1;
      nanos += took;
      String name = asked.pair();
      if (name == null || (byPair.size() >= MAX_PAIRS && !byPair.containsKey(name))) {
        return took;
      }
      Pair pair = byPair.computeIfAbsent(name, key -> new Pair());
      pair.operations++;
      pair.errors += done ? 0 : 1;
      pair.bytes += done ? asked.bytes() : 0;
      pair.latencies[(int) (pair.many % SAMPLES)] = took;
      pair.many++;
      pair.sumNanos += took;
    }
    return took;
  }

  /** A delta was applied. */
  synchronized void processed() {
    processed++;
  }

  /**
   * A write was applied to a shadow.
   *
   * @param millis since its owner took it, by the owner's clock then and this one now; milliseconds
   */
  synchronized void shadowed(long millis) {
    long since = Math.max(0, millis);
    applyMillis[(int) (shadowed % SAMPLES)] = since;
    shadowed++;
    sumApplyMillis += since;
  }

  /** Capacity of the folder's file system, null when it is not known; bytes. */
  @Nullable Long capacityBytes() {
    try {
      return Files.getFileStore(folder).getTotalSpace();
    } catch (IOException e) {
      return null;
    }
  }

  /** A frame with what is known now. */
  synchronized TelemetryFrame frame(long wallMillis, int waiting, long freeBytes) {
    Map<String, Double> metrics = new TreeMap<>();
    metrics.put("requests_total", (double) requests);
    metrics.put("requests_failed_total", (double) failed);
    metrics.put("request_seconds_total", nanos / 1e9);
    metrics.put("processed_total", (double) processed);
    metrics.put("queue_length", (double) waiting);
    metrics.put("start_time_seconds", startedMillis / 1e3);
    metrics.put("free_bytes", (double) freeBytes);
    Long capacity = capacityBytes();
    if (capacity != null) {
      metrics.put("capacity_bytes", (double) capacity);
    }
    if (shadowed > 0) {
      metrics.put("shadow_apply_seconds", sumApplyMillis / (1e3 * shadowed));
      metrics.put("shadow_apply_p99_seconds", p99(applyMillis, shadowed) / 1e3);
      shadowed = 0;
      sumApplyMillis = 0;
    }
    system(metrics);
    List<Sample> samples = new ArrayList<>();
    samples.add(new Sample(FleetEntries.entity(node), null, capacity, metrics));
    for (Map.Entry<String, Pair> each : byPair.entrySet()) {
      Pair pair = each.getValue();
      Map<String, Double> path = new TreeMap<>();
      path.put("path_operations_total", (double) pair.operations);
      path.put("path_errors_total", (double) pair.errors);
      path.put("path_bytes_total", (double) pair.bytes);
      if (pair.many > 0) {
        path.put("path_latency_seconds", pair.sumNanos / 1e9 / pair.many);
        path.put("path_latency_p99_seconds", p99(pair.latencies, pair.many) / 1e9);
        pair.many = 0;
        pair.sumNanos = 0;
      }
      samples.add(new Sample(new EntityRef(EntityKind.PAIR, each.getKey()), null, null, path));
    }
    TelemetryFrame frame = new TelemetryFrame();
    frame.setNode(node.id());
    frame.setTimeMillis(wallMillis);
    frame.setSequence(sequence++);
    frame.setSource("node");
    frame.setSamples(samples);
    return frame;
  }

  /** Of the last values of a ring into which so many were put, at least one. */
  private static long p99(long[] ring, long many) {
    int count = (int) Math.min(many, ring.length);
    long[] sorted = Arrays.copyOf(ring, count);
    Arrays.sort(sorted);
    return sorted[Math.min(count - 1, count * 99 / 100)];
  }

  private static void system(Map<String, Double> metrics) {
    metrics.put("cpu_count", (double) Runtime.getRuntime().availableProcessors());
    for (String line : lines("/proc/stat")) {
      String[] words = line.trim().split("\\s+");
      if (words[0].equals("cpu") && words.length > 8) {
        // user, nice, system, irq, softirq: what node_exporter counts as busy.
        double ticks = number(words[1]) + number(words[2]) + number(words[3]);
        ticks += number(words[6]) + number(words[7]);
        put(metrics, "cpu_busy_seconds_total", ticks / CLOCK_TICKS);
      } else if (words[0].equals("btime") && words.length > 1) {
        put(metrics, "boot_time_seconds", number(words[1]));
      }
    }
    List<String> load = lines("/proc/loadavg");
    if (!load.isEmpty()) {
      put(metrics, "load1", number(load.get(0).split(" ")[0]));
    }
    for (String line : lines("/proc/meminfo")) {
      String[] words = line.split("\\s+");
      if (words[0].equals("MemTotal:")) {
        put(metrics, "memory_total_bytes", number(words[1]) * 1024);
      } else if (words[0].equals("MemAvailable:")) {
        put(metrics, "memory_available_bytes", number(words[1]) * 1024);
      }
    }
    for (String line : lines("/proc/self/status")) {
      String[] words = line.split("\\s+");
      if (words[0].equals("VmRSS:")) {
        put(metrics, "process_resident_memory_bytes", number(words[1]) * 1024);
      }
    }
    pressure(metrics, "/proc/pressure/memory", "memory_pressure_seconds_total");
    pressure(metrics, "/proc/pressure/io", "io_pressure_seconds_total");
  }

  private static void pressure(Map<String, Double> metrics, String file, String name) {
    for (String line : lines(file)) {
      int total = line.indexOf("total=");
      if (line.startsWith("some") && total > 0) {
        put(metrics, name, number(line.substring(total + "total=".length())) / 1e6);
      }
    }
  }

  private static void put(Map<String, Double> metrics, String name, double value) {
    if (Double.isFinite(value)) {
      metrics.put(name, value);
    }
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text.trim());
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      return List.of();
    }
  }
}
