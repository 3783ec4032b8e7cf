package io.forestall.app.console;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * How long answers took, by route, in the buckets of a Prometheus histogram. The routes are those
 * of the interface, with everything else as one: an address anybody can think of makes no series.
 * Thread-safe. Row G19.
 */
final class RequestTimes {
  /** Upper bounds of the buckets; seconds. */
  static final double[] BOUNDS_SECONDS = {
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
  };

  private static final int MAX_ROUTES = 64;
  private static final String INTERFACE = "/api/v1/";

  /** The times of one route: {@code counts[i]} answers took at most bound i, the last any time. */
  static final class Times {
    final AtomicLongArray counts = new AtomicLongArray(BOUNDS_SECONDS.length + 1);
    final LongAdder nanos = new LongAdder();
  }

  private final Map<String, Times> byRoute = new ConcurrentHashMap<>();

  /**
   * Counts an answer.
   *
   * @param path of the request
   * @param status of the answer; a path that leads nowhere is no route
   * @param nanos it took
   */
  void add(String path, int status, long nanos) {
    String route = route(path, status);
    Times times = byRoute.get(route);
    if (times == null) {
      times =
          byRoute.computeIfAbsent(
              byRoute.size() < MAX_ROUTES ? route : "other", key -> new Times());
    }
    times.nanos.add(nanos);
    double seconds = nanos / (double) TimeUnit.SECONDS.toNanos(1);
    int bucket = 0;
    while (bucket < BOUNDS_SECONDS.length && seconds > BOUNDS_SECONDS[bucket]) {
      bucket++;
    }
    times.counts.incrementAndGet(bucket);
  }

  /** The times by route. */
  Map<String, Times> byRoute() {
    return new TreeMap<>(byRoute);
  }

  /** Its noun for a path of the interface, {@code page} for the page and its files, else other. */
  private static String route(String path, int status) {
    if (status >= 400) {
      return status < 500 ? "refused" : "failed";
    }
    if (path.startsWith(INTERFACE)) {
      int end = path.indexOf('/', INTERFACE.length());
      return end < 0 ? path : path.substring(0, end) + "/*";
    }
    return switch (path) {
      case "/metrics", "/livez", "/readyz" -> path;
      default -> "page";
    };
  }
}
