package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.nodes.PublishException;
import io.forestall.nodes.TelemetryPublisher;
import io.forestall.wire.sources.ExporterMapping;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code forestall ingest scrape}: exporters that a fleet runs already, into Kafka. Exit code 0
 * after an orderly end, 1 when {@code --once} met a target that failed.
 */
@Command(
    name = "scrape",
    description = {
      "Scrapes node_exporter and smartctl_exporter (and storage processes that serve metrics) from"
          + " a list of targets, and sends one frame for each node and round.",
      "The list is read again when it changes. A node that is taken off it falls silent; to end it"
          + " everywhere, use forestall ingest --remove node/ID."
    })
final class ScrapeCommand implements Callable<Integer> {
  private static final long TIMEOUT_MILLIS = 10_000;

  @Mixin private KafkaOptions kafka = new KafkaOptions();
  @Mixin private MetricsOptions metrics = new MetricsOptions();

  @Option(
      names = "--targets",
      required = true,
      paramLabel = "FILE",
      description =
          "Targets as YAML or JSON, as Prometheus's file_sd_config: groups of targets with labels"
              + " job, node, rack, zone, region, pool. For example: [{targets: ['n-1:9100'],"
              + " labels: {job: node_exporter, node: n-1, rack: r-1}}]")
  private Path targets = Path.of("targets.yaml");

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      defaultValue = "15s",
      description = "Time from one round of a node to the next. Default: ${DEFAULT-VALUE}.")
  private String interval = "15s";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Longest time of one page. Default: 10s, or --interval where that is shorter.")
  private @Nullable String timeout;

  @Option(
      names = "--smart-interval",
      paramLabel = "TIME",
      defaultValue = "1h",
      description =
          "SMART attributes of a disk are sent at most once in this time; 0s for each round."
              + " Default: ${DEFAULT-VALUE}.")
  private String smartInterval = "1h";

  @Option(names = "--once", description = "One round of each node, then end.")
  private boolean once;

  @Option(
      names = "--mapping",
      paramLabel = "FILE",
      description = "Rows that add to the shipped mapping or replace some of it (MAPPING.md).")
  private @Nullable Path mapping;

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Most pages under way at once. Default: ${DEFAULT-VALUE}.")
  private int concurrency = 1024;

  @Option(
      names = "--max-page-bytes",
      paramLabel = "BYTES",
      defaultValue = "16777216",
      description = "Longest page, unpacked. Default: ${DEFAULT-VALUE}.")
  private int maxPageBytes = 16 << 20;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = "Certificates to trust for https targets, PEM.")
  private @Nullable Path tlsCa;

  @Option(names = "--tls-cert", paramLabel = "FILE", description = "Our certificate, PEM.")
  private @Nullable Path tlsCert;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, PEM in PKCS8.")
  private @Nullable Path tlsKey;

  @Option(
      names = "--basic-auth-file",
      paramLabel = "FILE",
      description = "One line, user:password, for all targets.")
  private @Nullable Path basicAuth;

  @Option(
      names = "--bearer-token-file",
      paramLabel = "FILE",
      description = "One line, the token, for all targets.")
  private @Nullable Path bearerToken;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
    long intervalMillis = Durations.millis("--interval", interval);
    long timeoutMillis =
        timeout == null
            ? Math.min(TIMEOUT_MILLIS, intervalMillis)
            : Durations.millis("--timeout", timeout);
    long smartMillis = Durations.millis("--smart-interval", smartInterval);
    if (intervalMillis < 100 || timeoutMillis < 10) {
      throw CommandFailure.usage("--interval is at least 100ms and --timeout at least 10ms");
    }
    if (timeoutMillis > intervalMillis && !once) {
      throw CommandFailure.usage(
          "--timeout is longer than --interval: a slow target would lose every other round");
    }
    if (concurrency < 1 || maxPageBytes < 1024) {
      throw CommandFailure.usage("--concurrency is at least 1 and --max-page-bytes 1024");
    }
    ExporterMapping rows = MappingOption.read(mapping);
    FileTime readAt;
    List<ScrapeTarget> list;
    try {
      readAt = Files.getLastModifiedTime(targets);
      list = TargetsFile.read(targets);
    } catch (TargetsFile.BadTargets e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.USAGE, "cannot read --targets " + targets + ": " + e, e);
    }
    ExecutorService workers = workers();
    try {
      PageFetcher fetcher =
          new PageFetcher(
              new PageFetcher.Options(
                  timeoutMillis, maxPageBytes, tlsCa, tlsCert, tlsKey, basicAuth, bearerToken),
              workers);
      if ((basicAuth != null || bearerToken != null)
          && list.stream().anyMatch(target -> target.uri().getScheme().equals("http"))) {
        say(err, "credentials go unencrypted to the http targets; set __scheme__: https");
      }
      try (Admin answering = kafka.openAdmin()) {
        // Only to fail early, with a clear word, when nobody answers.
        Objects.requireNonNull(answering);
      }
      IngestFigures figures = new IngestFigures();
      try (TelemetryPublisher publisher =
              TelemetryPublisher.open(kafka.clientProperties(), kafka.topicPrefix());
          MetricsServer server = metrics.start(figures::page, line -> say(err, line))) {
        publisher.publishSchemas("forestall ingest scrape", System.currentTimeMillis());
        Scraper scraper =
            new Scraper(
                new Scraper.Options(intervalMillis, smartMillis, concurrency, once),
                rows,
                fetcher,
                workers,
                publisher,
                figures,
                line -> say(err, line),
                System::currentTimeMillis,
                System::nanoTime);
        scraper.targets(list);
        say(
            err,
            String.format(
                Locale.ROOT,
                "%,d targets, %s",
                list.size(),
                once ? "one round" : "a round each " + interval));
        Scraper.Summary summary =
            Running.untilStopped(
                stop -> {
                  Scraper.Summary sent = scraper.run(stop, reload(readAt, err));
                  // Here, because the process ends as soon as this does when it was told to.
                  print(sent, out);
                  out.flush();
                  return sent;
                });
        return once && summary.failed() > 0 ? ExitCodes.FOUND : ExitCodes.OK;
      }
    } catch (PublishException e) {
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()), e);
    } finally {
      workers.shutdownNow();
      out.flush();
    }
  }

  private Scraper.Reload reload(FileTime first, PrintWriter err) {
    FileTime[] readAt = {first};
    return () -> {
      try {
        FileTime changed = Files.getLastModifiedTime(targets);
        if (changed.equals(readAt[0])) {
          return null;
        }
        readAt[0] = changed;
        List<ScrapeTarget> list = TargetsFile.read(targets);
        say(err, String.format(Locale.ROOT, "the list changed: %,d targets", list.size()));
        return list;
      } catch (TargetsFile.BadTargets | IOException e) {
        say(err, "the list changed and cannot be used, so the old one stays: " + e.getMessage());
        return null;
      }
    };
  }

  private static ExecutorService workers() {
    AtomicInteger number = new AtomicInteger();
    return Executors.newFixedThreadPool(
        Math.max(2, Runtime.getRuntime().availableProcessors()),
        task -> {
          Thread thread = new Thread(task, "forestall-scrape-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  private static void say(PrintWriter err, String line) {
    synchronized (err) {
      err.println(line.replaceAll("\\p{Cntrl}", "."));
      err.flush();
    }
  }

  private static void print(Scraper.Summary summary, PrintWriter out) {
    out.printf(Locale.ROOT, "%-24s %,12d%n", "rounds of nodes", summary.rounds());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "pages", summary.pages());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "pages that failed", summary.failed());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "frames sent", summary.frames());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "samples sent", summary.samples());
    out.printf(Locale.ROOT, "%-24s %,12d%n", "dead letters", summary.letters());
  }
}
