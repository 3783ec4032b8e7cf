package io.forestall.app.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.demo.Demo;
import io.forestall.app.ingest.SimulatedFeed;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.Disk;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.app.runtime.LoopbackMetricsReporter;
import io.forestall.app.runtime.Ports;
import io.forestall.app.watch.MetricCatalogue.From;
import io.forestall.app.watch.MetricCatalogue.Metric;
import io.forestall.schemas.Topics;
import io.forestall.sim.SimulatedFleet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The catalogue against everything at once: the demo with its console, scraped. */
@Timeout(300)
class RunningMetricsTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Path OUT = Path.of("target", "metrics");
  private static final Set<String> OF_FLINK =
      Set.of(
          "job_id",
          "job_name",
          "task_id",
          "task_name",
          "task_attempt_id",
          "task_attempt_num",
          "operator_id",
          "operator_name",
          "subtask_index",
          "host",
          "tm_id",
          "resource_id",
          "quantile");

  @Test
  void everythingListedIsExportedAndEverythingExportedIsListed(@TempDir Path directory)
      throws Exception {
    Configuration flink = new Configuration();
    int port = Ports.firstFree(0, 0, "the metrics", "--metrics-port");
    assertThat(LoopbackMetricsReporter.configure(flink, port)).isTrue();
    flink.setString("execution.checkpointing.interval", "1 s");
    try (Demo demo =
        Demo.open(
            new Demo.Settings(
                new LocalRuntime.Settings(directory, 0, 0, "forestall", flink, Disk.ENOUGH_BYTES),
                0,
                true,
                0.5,
                Map.of("forestall.sense.fleet-quiet", "1 s"),
                0),
            "metrics",
            (position, atPresent) -> feed(position),
            line -> {},
            () -> false)) {
      damagedFrame(demo);
      String flinkPage = "http://127.0.0.1:" + port + "/metrics";
      String consolePage = demo.consoleUrl() + "metrics";
      Await.until(
          PATIENCE,
          "samples, a dead letter, a checkpoint and a console that has caught up",
          () -> {
            TestingScrape console = TestingScrape.of(TestingScrape.get(consolePage));
            TestingScrape of = TestingScrape.of(TestingScrape.get(flinkPage));
            return console.sum("forestall_console_ready") == 1
                && console.sum("forestall_rows_scored_total") > 1000
                && console.sum("forestall_dead_letters_total") > 0
                && of.sum("flink_jobmanager_job_numberOfCompletedCheckpoints") > 0;
          });
      String flinkText = TestingScrape.get(flinkPage);
      String consoleText = TestingScrape.get(consolePage);
      Files.createDirectories(OUT);
      Files.writeString(OUT.resolve("flink.txt"), flinkText, StandardCharsets.UTF_8);
      Files.writeString(OUT.resolve("console.txt"), consoleText, StandardCharsets.UTF_8);

      onLoopbackOnly(port);
      flink(TestingScrape.of(flinkText));
      console(TestingScrape.of(consoleText));
    }
  }

  private static void flink(TestingScrape scrape) {
    MetricCatalogue catalogue = MetricCatalogue.shipped();
    Set<String> ours =
        scrape.series().stream()
            .filter(name -> name.contains("_forestall_"))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> listed =
        Stream.of(From.SENSE, From.CORRELATE, From.DECIDE, From.MOVE)
            .flatMap(from -> catalogue.from(from).stream())
            .flatMap(metric -> metric.series().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).as("metrics.yaml lists what operators register").containsAll(ours);
    for (From from : List.of(From.SENSE, From.CORRELATE, From.DECIDE, From.FLINK)) {
      for (Metric metric : catalogue.from(from)) {
        if (metric.when() != null && !scrape.metrics().contains(metric.name())) {
          continue;
        }
        assertThat(scrape.metrics()).as("exported").contains(metric.name());
        assertThat(scrape.type(metric.name())).as(metric.name()).isEqualTo(metric.type());
        Set<String> labels = new TreeSet<>(scrape.labels(metric.name()));
        labels.removeAll(OF_FLINK);
        assertThat(labels).as(metric.name()).containsExactlyInAnyOrderElementsOf(metric.labels());
      }
    }
  }

  private static void console(TestingScrape scrape) {
    MetricCatalogue catalogue = MetricCatalogue.shipped();
    for (Metric metric : catalogue.from(From.CONSOLE)) {
      assertThat(scrape.metrics()).as("exported").contains(metric.name());
      assertThat(scrape.type(metric.name())).as(metric.name()).isEqualTo(metric.type());
    }
    assertThat(scrape.values("forestall_entities", "kind")).contains("disk");
    assertThat(scrape.sum("forestall_console_ready")).isEqualTo(1);
  }

  /** Whoever asks at another address of this machine gets no answer. */
  private static void onLoopbackOnly(int port) throws Exception {
    for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      for (InetAddress address : Collections.list(each.getInetAddresses())) {
        if (address instanceof Inet4Address && !address.isLoopbackAddress()) {
          try (Socket socket = new Socket()) {
            assertThat(refuses(socket, address, port)).as("%s:%d", address, port).isTrue();
          }
        }
      }
    }
  }

  private static boolean refuses(Socket socket, InetAddress address, int port) {
    try {
      socket.connect(new InetSocketAddress(address, port), 2000);
      return false;
    } catch (java.io.IOException e) {
      return true;
    }
  }

  private static SimulatedFeed feed(Path position) {
    long start = 1_767_225_600_000L;
    return new SimulatedFeed(
        new SimulatedFeed.Options(
            new SimulatedFleet.Options(7, 4, 10, start, 86_400_000L, 400), 20, 60, position),
        progress -> {},
        System::currentTimeMillis);
  }

  private static void damagedFrame(Demo demo) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers",
            demo.runtime().kafka().bootstrapServers(),
            "key.serializer",
            ByteArraySerializer.class,
            "value.serializer",
            ByteArraySerializer.class);
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
      producer.send(
          new ProducerRecord<>(
              Topics.TELEMETRY.name("forestall"),
              "n-0001".getBytes(StandardCharsets.UTF_8),
              new byte[] {1, 2, 3}));
      producer.flush();
    }
  }
}
