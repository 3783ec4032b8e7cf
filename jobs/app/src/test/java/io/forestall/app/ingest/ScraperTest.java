package io.forestall.app.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.Keys;
import io.forestall.wire.sources.ExporterMapping;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScraperTest {

  private static final String NODE_PAGE =
      """
      node_load1 %s
      node_memory_MemTotal_bytes 1000
      node_disk_reads_completed_total{device="sda"} 10
      node_disk_reads_completed_total{device="loop0"} 99
      """;

  private static final String SMART_PAGE =
      """
      smartctl_device{device="sda",model_name="FORGE H",serial_number="HD1",protocol="ATA"} 1
      smartctl_device_attribute{device="sda",attribute_id="5",attribute_value_type="raw"} 8
      smartctl_device_capacity_bytes{device="sda"} 4e12
      smartctl_device_power_on_seconds{device="sda"} 7200
      """;

  private final ExecutorService workers = Executors.newFixedThreadPool(4);
  private final List<AutoCloseable> open = new ArrayList<>();
  private final TestingFrameSink sink = new TestingFrameSink();
  private final IngestFigures figures = new IngestFigures();
  private final List<String> warnings = Collections.synchronizedList(new ArrayList<>());
  private long timeoutMillis = 10_000;
  private int maxPageBytes = 1 << 20;
  private PageFetcher.Options fetch = PageFetcher.Options.plain(timeoutMillis, maxPageBytes);
  private boolean once = true;
  private long intervalMillis = 1000;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    workers.shutdownNow();
  }

  private TestingExporter exporter(String page) throws Exception {
    TestingExporter exporter = new TestingExporter(page);
    open.add(exporter);
    return exporter;
  }

  private Scraper scraper() {
    return new Scraper(
        new Scraper.Options(intervalMillis, 0, 64, once),
        ExporterMapping.shipped(),
        new PageFetcher(fetch, workers),
        workers,
        sink,
        figures,
        warnings::add,
        System::currentTimeMillis,
        System::nanoTime);
  }

  private static ScrapeTarget target(String address, String source, String node) {
    return new ScrapeTarget(
        URI.create("http://" + address + "/metrics"),
        source,
        Subject.node(node),
        new Place(node, "r-1", "z-1", "eu", "hot"));
  }

  private static ScrapeTarget node(TestingExporter exporter, String node) {
    return target(exporter.address(), ExporterMapping.NODE_EXPORTER, node);
  }

  private static ScrapeTarget smart(TestingExporter exporter, String node) {
    return target(exporter.address(), ExporterMapping.SMARTCTL_EXPORTER, node);
  }

  private static Map<String, Double> metrics(TelemetryFrame frame, String key) {
    for (Sample sample : frame.getSamples()) {
      if (Keys.of(sample.getEntity()).equals(key)) {
        return sample.getMetrics();
      }
    }
    throw new AssertionError(key + " is not in " + frame);
  }

  @Test
  void targetsOfOneNodeGiveOneFrame() throws Exception {
    TestingExporter nodePage = exporter(NODE_PAGE.formatted("0.5"));
    TestingExporter smartPage = exporter(SMART_PAGE);
    smartPage.manner(TestingExporter.Manner.PACKED);
    Scraper scraper = scraper();
    scraper.targets(List.of(node(nodePage, "n-1"), smart(smartPage, "n-1")));
    Scraper.Summary summary = scraper.run(new StopSignal(), () -> null);
    assertThat(summary.failed()).isZero();
    assertThat(sink.frames).hasSize(1);
    TelemetryFrame frame = sink.frames.get(0);
    assertThat(frame.getNode()).isEqualTo("n-1");
    assertThat(frame.getSequence()).isZero();
    assertThat(frame.getSource()).isEqualTo("scrape");
    assertThat(metrics(frame, "node/n-1"))
        .isEqualTo(Map.of("load1", 0.5, "memory_total_bytes", 1000.0));
    assertThat(metrics(frame, "disk/HD1"))
        .isEqualTo(Map.of("disk_reads_total", 10.0, "smart_5_raw", 8.0, "smart_9_raw", 2.0));
    Place place = new Place("n-1", "r-1", "z-1", "eu", "hot");
    assertThat(sink.members)
        .containsExactlyInAnyOrder(
            new FleetMember(Subject.node("n-1"), place, "", null, null, false),
            new FleetMember(
                Subject.disk("HD1"), place, "hdd", "FORGE H", 4_000_000_000_000L, false));
  }

  @Test
  void aDeadOrSlowTargetDelaysNobodyAndIsSaidOnce() throws Exception {
    fetch = PageFetcher.Options.plain(300, maxPageBytes);
    once = false;
    intervalMillis = 400;
    TestingExporter good = exporter(NODE_PAGE.formatted("1"));
    List<ScrapeTarget> targets = new ArrayList<>(List.of(node(good, "n-good")));
    for (TestingExporter.Manner manner :
        List.of(
            TestingExporter.Manner.SILENT,
            TestingExporter.Manner.STUCK,
            TestingExporter.Manner.ERROR,
            TestingExporter.Manner.REDIRECT)) {
      TestingExporter bad = exporter(NODE_PAGE.formatted("1"));
      bad.manner(manner);
      targets.add(node(bad, "n-" + manner));
    }
    TestingExporter gone = exporter("");
    targets.add(node(gone, "n-gone"));
    gone.close();
    TestingExporter html = exporter("<html>\n<body>\nno metrics here\n</body>");
    targets.add(node(html, "n-html"));
    StopSignal stop = new StopSignal();
    sink.afterFrame(
        () -> {
          if (sink.frames.size() >= 5) {
            stop.stop();
          }
        });
    Scraper scraper = scraper();
    scraper.targets(targets);
    Scraper.Summary summary = scraper.run(stop, () -> null);
    assertThat(sink.frames).hasSizeGreaterThanOrEqualTo(5);
    assertThat(sink.frames).allMatch(frame -> frame.getNode().equals("n-good"));
    assertThat(sink.frames).extracting(TelemetryFrame::getSequence).startsWith(0L, 1L, 2L, 3L, 4L);
    assertThat(summary.failed()).isGreaterThan(6);
    assertThat(warnings.stream().filter(line -> line.contains("; node n-")).toList())
        .extracting(line -> line.replaceFirst("http://\\S+ ", ""))
        .allSatisfy(line -> assertThat(line).endsWith("goes without its metrics until it answers"))
        .anySatisfy(line -> assertThat(line).startsWith("does not answer in time; node n-SILENT"))
        .anySatisfy(line -> assertThat(line).startsWith("does not answer in time; node n-STUCK"))
        .anySatisfy(line -> assertThat(line).startsWith("answers with status 500; node n-ERROR"))
        .anySatisfy(line -> assertThat(line).startsWith("answers with status 302; node n-REDIR"))
        .anySatisfy(line -> assertThat(line).startsWith("cannot be reached; node n-gone"))
        .anySatisfy(line -> assertThat(line).startsWith("answers with a page that holds no metric"))
        .hasSize(6);
    assertThat(figures.page())
        .contains("forestall_ingest_scrapes_total{source=\"node-exporter\",result=\"timeout\"}")
        .contains("forestall_ingest_scrapes_total{source=\"node-exporter\",result=\"ok\"}");
  }

  @Test
  void anExporterThatChangesItsNamesIsSaidOnceAndAgainWhenItIsBack() throws Exception {
    once = false;
    intervalMillis = 100;
    fetch = PageFetcher.Options.plain(100, maxPageBytes);
    String whole =
        """
        node_load1 1
        node_pressure_io_waiting_seconds_total 5
        """;
    TestingExporter exporter = exporter(whole);
    StopSignal stop = new StopSignal();
    sink.afterFrame(
        () -> {
          int frames = sink.frames.size();
          if (frames == 3) {
            exporter.page("node_load_one 1\nnode_pressure_io_waiting_seconds_total 5\n");
          } else if (frames == 6) {
            exporter.page(whole);
          } else if (frames == 9) {
            // Never promised, but it was there before.
            exporter.page("node_load1 1\n");
          } else if (frames == 12) {
            stop.stop();
          }
        });
    Scraper scraper = scraper();
    scraper.targets(List.of(node(exporter, "n-1")));
    var unused = scraper.run(stop, () -> null);
    // The first page lacks most of what a node_exporter promises: one letter for all of that.
    assertThat(sink.letters).hasSize(3);
    assertThat(sink.letters)
        .extracting(DeadLetter::getReason)
        .containsOnly(DeadReason.MISSING_FIELD);
    assertThat(sink.letters.get(0).getDetail()).contains("boot_time_seconds from node_boot_time");
    assertThat(sink.letters.get(1).getDetail())
        .contains("lacks load1 from node_load1:")
        .doesNotContain("boot_time");
    assertThat(sink.letters.get(2).getDetail()).contains("io_pressure_seconds_total");
    assertThat(sink.letters)
        .allSatisfy(letter -> assertThat(Keys.of(letter.getEntity())).isEqualTo("node/n-1"));
    assertThat(warnings.stream().filter(line -> line.contains("is back"))).hasSize(1);
  }

  @Test
  void badLinesAreOneLetterAndTheRestIsRead() throws Exception {
    TestingExporter exporter = exporter(NODE_PAGE.formatted("one") + "}{\n");
    Scraper scraper = scraper();
    scraper.targets(List.of(node(exporter, "n-1")));
    var unused = scraper.run(new StopSignal(), () -> null);
    assertThat(metrics(sink.frames.get(0), "node/n-1"))
        .isEqualTo(Map.of("memory_total_bytes", 1000.0));
    DeadLetter bad =
        sink.letters.stream()
            .filter(letter -> letter.getReason() == DeadReason.UNDECODABLE)
            .findFirst()
            .orElseThrow();
    assertThat(bad.getDetail())
        .contains("2 lines")
        .contains("line 1 has the value 'one'")
        .contains("line 5 does not begin");
  }

  @Test
  void aPageIsBoundedPackedOrNot() throws Exception {
    fetch = PageFetcher.Options.plain(10_000, 100_000);
    TestingExporter large = exporter(NODE_PAGE.formatted("1") + "# ".repeat(60_000));
    TestingExporter bomb = exporter(NODE_PAGE.formatted("1"));
    bomb.manner(TestingExporter.Manner.BOMB);
    Scraper scraper = scraper();
    scraper.targets(List.of(node(large, "n-1"), node(bomb, "n-2")));
    Scraper.Summary summary = scraper.run(new StopSignal(), () -> null);
    assertThat(summary.failed()).isEqualTo(2);
    assertThat(sink.frames).isEmpty();
    assertThat(warnings).allMatch(line -> line.contains("has more than 100000 bytes"));
  }

  @Test
  void aNewListIsTakenOverAndANodeThatIsOffItIsNotEnded() throws Exception {
    once = false;
    intervalMillis = 50;
    fetch = PageFetcher.Options.plain(50, maxPageBytes);
    TestingExporter first = exporter(NODE_PAGE.formatted("1"));
    TestingExporter second = exporter(NODE_PAGE.formatted("2"));
    StopSignal stop = new StopSignal();
    List<ScrapeTarget> later = new ArrayList<>();
    sink.afterFrame(
        () -> {
          if (sink.frames.size() == 2) {
            later.add(node(second, "n-2"));
          }
          if (sink.frames.stream().filter(f -> f.getNode().equals("n-2")).count() == 2) {
            stop.stop();
          }
        });
    Scraper scraper = scraper();
    scraper.targets(List.of(node(first, "n-1")));
    var unused =
        scraper.run(
            stop,
            () -> {
              List<ScrapeTarget> fresh = later.isEmpty() ? null : List.copyOf(later);
              later.clear();
              return fresh;
            });
    assertThat(sink.retired).isEmpty();
    int change = 0;
    while (sink.frames.get(change).getNode().equals("n-1")) {
      change++;
    }
    assertThat(sink.frames.subList(change, sink.frames.size()))
        .allMatch(frame -> frame.getNode().equals("n-2"));
  }

  @Test
  void credentialsAreSent(@TempDir Path folder) throws Exception {
    Path pair = folder.resolve("pair");
    Files.writeString(pair, "me:secret\n", StandardCharsets.UTF_8);
    fetch = new PageFetcher.Options(10_000, maxPageBytes, null, null, null, pair, null);
    TestingExporter exporter = exporter(NODE_PAGE.formatted("1"));
    Scraper scraper = scraper();
    scraper.targets(List.of(node(exporter, "n-1")));
    var unused = scraper.run(new StopSignal(), () -> null);
    assertThat(exporter.authorizations())
        .containsExactly(
            "Basic "
                + Base64.getEncoder().encodeToString("me:secret".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void whatItCountsIsListedAndServed() throws Exception {
    TestingExporter exporter = exporter(NODE_PAGE.formatted("1"));
    Scraper scraper = scraper();
    scraper.targets(List.of(node(exporter, "n-1")));
    var unused = scraper.run(new StopSignal(), () -> null);
    try (MetricsServer server = MetricsServer.start("127.0.0.1", 0, figures::page)) {
      String page =
          new String(
              URI.create("http://127.0.0.1:" + server.port() + "/metrics")
                  .toURL()
                  .openStream()
                  .readAllBytes(),
              StandardCharsets.UTF_8);
      assertThat(page)
          .contains("# TYPE forestall_ingest_frames_total counter\n")
          .contains("forestall_ingest_frames_total{source=\"scrape\"} 1\n")
          .contains("forestall_ingest_samples_total{source=\"scrape\"} 2\n")
          .contains("forestall_ingest_series_total{source=\"node-exporter\"} 4\n")
          .contains("forestall_ingest_targets{source=\"node-exporter\"} 1\n")
          .contains("forestall_ingest_dead_letters_total{reason=\"missing_field\"} 1\n")
          .contains("forestall_ingest_scrape_duration_seconds_count{source=\"node-exporter\"} 1\n");
    }
  }
}
