package io.forestall.operators.alert;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.decisions.Severity;
import io.forestall.decisions.alert.Alert;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AlertmanagerSinkTest {

  private final Metrics metrics = new Metrics();

  @Test
  void anAlertArrivesAsAlertmanagerReadsIt(@TempDir Path folder) throws Exception {
    Path token = folder.resolve("token");
    Files.writeString(token, "secret\n");
    try (TestingAlertmanager server = new TestingAlertmanager();
        Writing writing = writing(token.toString(), server.address())) {
      writing.write(
          new Alert(
              Map.of("alertname", "ForestallIncident", "incident", "i-1", "pool", ""),
              Map.of("summary", "It \"burns\"", "link", "https://console/#/incidents/i-1"),
              0,
              60_000,
              false));
      until(() -> server.alerts.size() == 1);
      JsonNode alert = server.alerts.get(0);
      assertThat(alert.get("labels").get("incident").asText()).isEqualTo("i-1");
      assertThat(alert.get("labels").has("pool")).as("an empty label is none").isFalse();
      assertThat(alert.get("annotations").get("summary").asText()).isEqualTo("It \"burns\"");
      assertThat(alert.get("startsAt").asText()).isEqualTo("1970-01-01T00:00:00Z");
      assertThat(alert.get("endsAt").asText()).isEqualTo("1970-01-01T00:01:00Z");
      assertThat(alert.get("generatorURL").asText()).isEqualTo("https://console/#/incidents/i-1");
      assertThat(server.tokens).containsExactly("Bearer secret");
      until(() -> metrics.count("alertsSent") == 1);
    }
  }

  @Test
  void everyMemberIsToldAndOneIsEnough() throws Exception {
    try (TestingAlertmanager one = new TestingAlertmanager();
        TestingAlertmanager two = new TestingAlertmanager();
        Writing writing = writing("", one.address(), closedAddress(), two.address())) {
      writing.write(alert("a"));
      until(() -> metrics.count("alertsSent") == 1);
      assertThat(one.alerts).hasSize(1);
      assertThat(two.alerts).hasSize(1);
      assertThat(metrics.gauge("alertmanagerUnreachable")).isZero();
      assertThat(metrics.count("alertPostsFailed")).isZero();
    }
  }

  @Test
  void whatCannotBePostedWaitsAndIsPostedWhenAlertmanagerIsBack() throws Exception {
    int port;
    try (TestingAlertmanager server = new TestingAlertmanager()) {
      port = server.port();
    }
    try (Writing writing = writing("", "http://127.0.0.1:" + port)) {
      writing.write(alert("a"));
      until(() -> metrics.gauge("alertmanagerUnreachable") == 1);
      writing.write(alert("b"));
      writing.writer.flush(false);
      try (TestingAlertmanager server = new TestingAlertmanager(port)) {
        until(() -> server.alerts.size() == 2);
        until(() -> metrics.gauge("alertmanagerUnreachable") == 0);
        assertThat(metrics.count("alertPostsFailed")).isPositive();
        assertThat(metrics.count("alertsDropped")).isZero();
      }
    }
  }

  @Test
  void anErrorOfTheServerIsTriedAgainAndARefusalIsNot() throws Exception {
    try (TestingAlertmanager server = new TestingAlertmanager();
        Writing writing = writing("", server.address())) {
      server.answer = body -> 503;
      writing.write(alert("a"));
      until(() -> metrics.count("alertPostsFailed") > 0);
      server.answer = body -> 200;
      until(() -> server.alerts.size() == 1);

      // One bad alert takes no other with it.
      CountDownLatch held = new CountDownLatch(1);
      server.answer =
          body -> {
            try {
              held.await();
            } catch (InterruptedException e) {
              return 503;
            }
            return body.toString().contains("bad") ? 400 : 200;
          };
      writing.write(alert("first"));
      writing.write(alert("bad"));
      writing.write(alert("good"));
      held.countDown();
      until(() -> server.alerts.size() == 3);
      until(() -> metrics.count("alertsDropped") == 1);
      assertThat(metrics.gauge("alertsWaiting")).isZero();
    }
  }

  @Test
  void withoutAnAddressNothingIsKept() throws Exception {
    try (Writing writing = writing("")) {
      for (int i = 0; i < 100; i++) {
        writing.write(alert("a" + i));
      }
      assertThat(metrics.gauge("alertsWaiting")).isZero();
      assertThat(metrics.gauge("alertmanagerUnreachable")).isZero();
    }
  }

  @Test
  void theQueueIsBoundedAndKeepsTheNewestOfEachIdentity() throws Exception {
    AlertQueue queue = new AlertQueue(3);
    assertThat(queue.add(alert("a", 10))).isZero();
    assertThat(queue.add(alert("b", 10))).isZero();
    assertThat(queue.add(alert("a", 20))).isZero();
    assertThat(queue.size()).isEqualTo(2);
    queue.add(alert("c", 10));
    assertThat(queue.add(alert("d", 10))).as("b has waited longest").isEqualTo(1);
    List<Alert> taken = queue.take(2);
    assertThat(taken).containsExactly(alert("a", 20), alert("c", 10));

    queue.add(alert("c", 30));
    assertThat(queue.putBack(taken, 15)).isZero();
    assertThat(queue.take(10))
        .as("what is overtaken stays out, the rest comes first")
        .containsExactly(alert("a", 20), alert("d", 10), alert("c", 30));
    assertThat(queue.putBack(List.of(alert("e", 10)), 15)).as("it has ended by itself").isZero();
    assertThat(queue.size()).isZero();
    queue.close();
    assertThat(queue.take(1)).isEmpty();
    queue.pause(1_000_000);
  }

  private static Alert alert(String name) {
    return alert(name, Long.MAX_VALUE / 1_000_000);
  }

  private static Alert alert(String name, long endsMillis) {
    return new Alert(Map.of("alertname", name), Map.of(), 0, endsMillis, false);
  }

  private static String closedAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "http://127.0.0.1:" + socket.getLocalPort();
    }
  }

  private Writing writing(String tokenFile, String... addresses) {
    return new Writing(
        new AlertmanagerSink.Writer(
            new AlertSettings(List.of(addresses), tokenFile, Severity.WARNING, 0, 60_000, 100, ""),
            metrics));
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    Object never = new Object();
    while (!condition.getAsBoolean()) {
      synchronized (never) {
        never.wait(5);
      }
    }
  }

  /** Closes the writer with the test. */
  private record Writing(AlertmanagerSink.Writer writer) implements AutoCloseable {
    void write(Alert alert) {
      writer.write(alert, new Now());
    }

    @Override
    public void close() throws InterruptedException {
      writer.close();
    }
  }

  private static final class Now implements SinkWriter.Context {
    @Override
    public long currentWatermark() {
      return 0;
    }

    @Override
    public Long timestamp() {
      return 0L;
    }
  }

  /** Keeps what is registered. */
  private static final class Metrics extends UnregisteredMetricsGroup {
    private final Map<String, Counter> counters = new HashMap<>();
    private final Map<String, Gauge<?>> gauges = new HashMap<>();

    @Override
    public <C extends Counter> C counter(String name, C counter) {
      counters.put(name, counter);
      return counter;
    }

    @Override
    public <T, G extends Gauge<T>> G gauge(String name, G gauge) {
      gauges.put(name, gauge);
      return gauge;
    }

    long count(String name) {
      return Objects.requireNonNull(counters.get(name)).getCount();
    }

    long gauge(String name) {
      return ((Number) Objects.requireNonNull(gauges.get(name)).getValue()).longValue();
    }
  }
}
