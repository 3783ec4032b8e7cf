package io.forestall.app.console;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The console before fleets of several sizes, in one process with their generator: time and size of
 * every answer while the fleet goes on sending, memory, and when a browser has shown the page.
 *
 * <p>Arguments: {@code --nodes 20,1000,10000}, {@code --requests 200}, {@code --incidents 10000},
 * {@code --serve PORT} to keep the first size running for a look at it.
 */
public final class ConsoleBenchmark {
  private ConsoleBenchmark() {}

  /** Runs the measurement. */
  public static void main(String[] args) throws Exception {
    int[] sizes = {20, 1_000, 10_000};
    int requests = 200;
    int incidents = 10_000;
    int port = -1;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--nodes" ->
            sizes = Arrays.stream(args[i + 1].split(",", -1)).mapToInt(Integer::parseInt).toArray();
        case "--requests" -> requests = Integer.parseInt(args[i + 1]);
        case "--incidents" -> incidents = Integer.parseInt(args[i + 1]);
        case "--serve" -> port = Integer.parseInt(args[i + 1]);
        default -> throw new IllegalArgumentException("unknown option " + args[i]);
      }
    }
    if (port >= 0) {
      serve(sizes[0], incidents, port);
      return;
    }
    for (int nodes : sizes) {
      measure(nodes, incidents, requests);
    }
    System.exit(0);
  }

  /** A view of a fleet with this many nodes after its faults have grown. */
  static MadeUpFleet fill(FleetView view, int nodes) {
    int steps = nodes > 4_000 ? 40 : 150;
    MadeUpFleet fleet = new MadeUpFleet(view, nodes, steps, 7);
    for (int i = 0; i < steps; i++) {
      fleet.next(nodes > 4_000 ? 4 : 1);
    }
    return fleet;
  }

  private static ConsoleServer start(FleetView view, ActViews acts, int port) throws IOException {
    return ConsoleServer.start(
        new ConsoleServer.Options("127.0.0.1", port, Set.of()),
        view,
        acts,
        () -> FleetFeed.Progress.DONE);
  }

  private static void serve(int nodes, int incidents, int port)
      throws IOException, InterruptedException {
    FleetView view = new FleetView();
    MadeUpFleet fleet = fill(view, nodes);
    ActViews acts = TestingActs.views();
    new TestingActs(acts, incidents, 7).feed();
    ConsoleServer server = start(view, acts, port);
    System.out.println(server.url() + " shows " + fleet.size() + " made-up entities");
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    var unused =
        clock.scheduleAtFixedRate(() -> fleet.next(nodes > 4_000 ? 4 : 1), 5, 5, TimeUnit.SECONDS);
    new CountDownLatch(1).await();
  }

  private static void measure(int nodes, int incidents, int requests) throws Exception {
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    long before = runtime.totalMemory() - runtime.freeMemory();
    long beginActs = System.nanoTime();
    ActViews acts = TestingActs.views();
    new TestingActs(acts, incidents, 7).feed();
    double actSeconds = (System.nanoTime() - beginActs) / 1e9;
    System.gc();
    long heapOfActs = runtime.totalMemory() - runtime.freeMemory() - before;
    FleetView view = new FleetView();
    long begin = System.nanoTime();
    MadeUpFleet fleet = fill(view, nodes);
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.gc();
    System.out.printf(
        Locale.ROOT,
        "%n%d incidents, %d decisions; fed in %.1f s; heap %d MB, of which whole records %d MB%n",
        acts.incidents().figures().held(),
        acts.decisions().figures().decisions(),
        actSeconds,
        heapOfActs >> 20,
        (acts.incidents().figures().bytes() + acts.decisions().figures().bytes()) >> 20);
    System.out.printf(
        Locale.ROOT,
        "%d nodes, %d disks, %d entities; fed in %.1f s; heap %d MB, %.1f M values held%n",
        nodes,
        view.status().disks(),
        fleet.size(),
        seconds,
        (runtime.totalMemory() - runtime.freeMemory()) >> 20,
        view.status().values() / 1e6);
    try (ConsoleServer server = start(view, acts, 0);
        Feeding feeding = new Feeding(fleet, nodes > 4_000 ? 40 : 12)) {
      String worst = view.list(RiskQuery.all(1)).items().get(0).id();
      String place = "region=eu-north&zone=z-1";
      System.out.printf(
          Locale.ROOT, "%-46s %9s %9s %10s %10s%n", "GET", "p50 ms", "p99 ms", "bytes", "gzip");
      for (String path :
          List.of(
              "status",
              "fleet",
              "fleet?" + place,
              "fleet/map",
              "fleet/map?since=" + view.version(),
              "fleet/map?" + place + "&rack=r-001",
              "risk?limit=50&minScore=0",
              "entities?limit=50&q=77",
              "entities/disk/" + worst,
              "entities/disk/" + worst + "/series",
              "entities/node/n-00008",
              "entities/node/n-00008/series",
              "anomalies?limit=50",
              "late?limit=50",
              "dead-letters",
              "models",
              "incidents?limit=50&swallowed=false",
              "incidents?limit=50&state=all&sort=updated",
              "incidents?limit=50&state=all&q=rack",
              "incidents?entity=node/n-00012&state=all&limit=5",
              "incidents/" + TestingActs.incidentId(0),
              "decisions?limit=50",
              "decisions?limit=50&outcome=refused&code=BUDGET_SPENT",
              "decisions/de-1",
              "approvals",
              "budget",
              "policies")) {
        measure(server.url() + "api/v1/" + path, path, requests);
      }
      System.out.println("(the fleet sent " + feeding.steps + " further steps meanwhile)");
      browser(server.url(), worst);
    }
  }

  /** Goes on feeding while answers are measured, because that is how a console lives. */
  private static final class Feeding implements AutoCloseable {
    private final Thread thread;
    private volatile boolean ended;
    private volatile int steps;

    Feeding(MadeUpFleet fleet, int every) {
      thread =
          new Thread(
              () -> {
                while (!ended) {
                  fleet.next(every);
                  steps++;
                  java.util.concurrent.locks.LockSupport.parkNanos(300_000_000L);
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void close() throws InterruptedException {
      ended = true;
      thread.join();
    }
  }

  private static void measure(String url, String name, int requests)
      throws IOException, InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest plain = HttpRequest.newBuilder(URI.create(url)).build();
    HttpRequest packed =
        HttpRequest.newBuilder(URI.create(url)).header("Accept-Encoding", "gzip").build();
    long[] nanos = new long[requests];
    int zipped = 0;
    for (int i = -requests / 4; i < requests; i++) {
      long begin = System.nanoTime();
      HttpResponse<byte[]> answer = client.send(packed, HttpResponse.BodyHandlers.ofByteArray());
      if (answer.statusCode() != 200) {
        throw new IOException(url + " answered " + answer.statusCode());
      }
      if (i >= 0) {
        nanos[i] = System.nanoTime() - begin;
      }
      zipped = answer.body().length;
    }
    int whole = client.send(plain, HttpResponse.BodyHandlers.ofByteArray()).body().length;
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%-46s %9.2f %9.2f %10d %10d%n",
        name,
        nanos[requests / 2] / 1e6,
        nanos[Math.min(requests - 1, requests * 99 / 100)] / 1e6,
        whole,
        zipped);
  }

  private static void browser(String url, String worst) throws Exception {
    Path installed = Chrome.installed();
    if (installed == null) {
      System.out.println("no chromium on the PATH: the page was not opened");
      return;
    }
    Path folder = Files.createTempDirectory("forestall-console");
    try (Chrome chrome = Chrome.start(installed, folder, 1440, 900)) {
      for (String where :
          List.of(
              "",
              "#/risks",
              "#/entity/disk/" + worst,
              "#/anomalies",
              "#/incidents",
              "#/incidents/" + TestingActs.incidentId(0),
              "#/decisions")) {
        List<Double> paints = new ArrayList<>();
        List<Double> shown = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          chrome.open("about:blank");
          chrome.open(url + where);
          chrome.await("document.documentElement.dataset.shown");
          chrome.await("performance.getEntriesByName('first-contentful-paint').length");
          paints.add(
              chrome
                  .eval("performance.getEntriesByName('first-contentful-paint')[0].startTime")
                  .asDouble());
          shown.add(chrome.eval("performance.getEntriesByName('shown')[0].startTime").asDouble());
        }
        paints.sort(null);
        shown.sort(null);
        System.out.printf(
            Locale.ROOT,
            "page /%-24s first paint %6.0f ms, all shown and answering keys %6.0f ms (median of"
                + " 5)%n",
            where.length() > 24 ? where.substring(0, 24) : where,
            paints.get(2),
            shown.get(2));
      }
      chrome.open(url);
      chrome.await("document.documentElement.dataset.shown");
      System.out.println(
          "an arrow key on the map takes "
              + chrome
                  .eval(
                      "(async () => { const m = document.querySelector('.map [tabindex=\"0\"]'); if"
                          + " (!m) return 'no map'; m.focus(); const t = []; for (let i = 0; i <"
                          + " 40; i++) { const a = performance.now();"
                          + " document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
                          + " {key: 'ArrowRight', bubbles: true})); await new Promise(r =>"
                          + " requestAnimationFrame(r)); t.push(performance.now() - a); }"
                          + " t.sort((a, b) => a - b); return t[20].toFixed(1) + ' ms to the next"
                          + " frame (median), ' + t[39].toFixed(1) + ' ms at most'; })()")
                  .asText());
    } finally {
      delete(folder);
    }
  }

  private static void delete(@Nullable Path folder) throws IOException {
    if (folder == null) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
