package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.Tier;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConsoleServerTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private final FleetView view = new FleetView();
  private final AtomicReference<FleetFeed.Progress> progress =
      new AtomicReference<>(FleetFeed.Progress.DONE);
  private ConsoleServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of("ops.example")), view, progress::get);
    TestingFleet fleet = new TestingFleet(view, 400, 3);
    for (int day = 0; day < 40; day++) {
      fleet.nextDay();
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void listsTheHighestRisks() throws Exception {
    JsonNode page = json("/api/v1/risk?limit=5&tier=critical,warning,watch");
    assertThat(page.get("items")).hasSize(5);
    assertThat(page.get("total").asInt()).isGreaterThan(4).isLessThan(400);
    double last = 100;
    for (JsonNode item : page.get("items")) {
      assertThat(item.get("score").asDouble()).isLessThanOrEqualTo(last);
      last = item.get("score").asDouble();
      assertThat(item.get("rack").asText()).startsWith("r-");
      assertThat(item.get("topReason").asText()).contains("grew");
      assertThat(item.get("model").asText()).isEqualTo("disk-lstm");
    }
  }

  @Test
  void showsOneDiskWithItsPastAndReasons() throws Exception {
    String id = json("/api/v1/risk?limit=1").get("items").get(0).get("id").asText();
    JsonNode disk = json("/api/v1/risk/disk/" + id);
    assertThat(disk.get("history")).hasSize(40);
    assertThat(disk.get("history").get(39).get("reasons").get(0).get("metric").asText())
        .startsWith("smart_");
    assertThat(disk.get("modes").get(0).get("modelVersion").asInt()).isEqualTo(1);
    assertThat(disk.get("modes").get(0).get("reasons").get(0).get("text").asText()).isNotEmpty();
    assertThat(disk.get("confidence").asDouble()).isEqualTo(0.9);
    assertThat(disk.get("stale").asBoolean()).isFalse();
  }

  @Test
  void anIdentifierMayHoldAnything() throws Exception {
    String id = "a/b +<script>\"%\u00e9";
    view.risk("disk/" + id, TestingFleet.risk(id, 0, 1, 1, Tier.HEALTHY, List.of()));
    assertThat(json("/api/v1/risk/disk/a%2Fb%20+%3Cscript%3E%22%25%C3%A9").get("id").asText())
        .isEqualTo(id);
  }

  @Test
  void tellsOfTheFleetTheDeadLettersAndItself() throws Exception {
    JsonNode racks = json("/api/v1/fleet/map").get("racks");
    assertThat(racks).hasSize(2);
    assertThat(racks.get(0).get("rows").get(0).get("cells").asText()).hasSize(45);
    assertThat(racks.get(0).get("rows").get(0).get("ids")).hasSize(45);
    JsonNode letters = json("/api/v1/dead-letters");
    assertThat(letters.get("byReason").get("NOT_A_NUMBER").asInt()).isEqualTo(13);
    assertThat(letters.get("newest").get(0).get("detail").asText()).isNotEmpty();
    JsonNode status = json("/api/v1/status");
    assertThat(status.get("mode").asText()).isEqualTo("simulated");
    assertThat(status.get("rowsIn").asLong()).isEqualTo(16_000);
    assertThat(status.get("rowsScored").asLong()).isEqualTo(16_000);
    assertThat(status.get("nodes").asInt()).isEqualTo(9);
    assertThat(status.get("syntheticPlacement").asBoolean()).isTrue();
    assertThat(status.get("models")).hasSize(1);
  }

  @Test
  void saysWhetherItLivesAndIsReady() throws Exception {
    assertThat(get("/livez").statusCode()).isEqualTo(200);
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
    progress.set(new FleetFeed.Progress(false, "no Kafka broker answers at b:1", Map.of(), 0, 0));
    assertThat(get("/livez").statusCode()).isEqualTo(200);
    assertThat(get("/readyz").statusCode()).isEqualTo(503);
    assertThat(get("/readyz").body()).contains("no Kafka broker answers at b:1");
    assertThat(json("/api/v1/status").get("ready").asBoolean()).isFalse();
  }

  @Test
  void givesMetricsWithoutNamesOfDisks() throws Exception {
    String metrics = get("/metrics").body();
    assertThat(metrics)
        .contains("forestall_rows_scored_total 16000\n")
        .contains("forestall_dead_letters_total{reason=\"not_a_number\"} 13\n")
        .contains("forestall_rows_in_total{source=\"simulated\"} 16000\n")
        .contains("# TYPE forestall_disks gauge\n")
        .doesNotContain("TST");
    assertThat(metrics.lines().filter(line -> !line.startsWith("#")))
        .allMatch(line -> line.matches("forestall_[a-z_]+(\\{[^}]*})? -?[0-9.]+"));
  }

  @Test
  void whoeverWouldChangeSomethingNeedsTheToken() throws Exception {
    for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS", "PATCH")) {
      for (String path : List.of("/api/v1/status", "/api/v1/acts", "/", "/metrics")) {
        HttpResponse<String> answer = write(server, method, path, null);
        assertThat(answer.statusCode()).as(method + path).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate").orElse("")).startsWith("Bearer");
        assertThat(new ObjectMapper().readTree(answer.body()).path("whatToDo").asText())
            .contains("--token-file");
      }
    }
  }

  @Test
  void withTheTokenThereIsNothingToChangeYet(@TempDir Path directory) throws Exception {
    String secret = "look-alike-0123456789abcdef0123";
    Path file = Files.writeString(directory.resolve("token"), secret + "\n");
    try (ConsoleServer guarded =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of(), BearerTokens.read(file)),
            view,
            progress::get)) {
      assertThat(write(guarded, "POST", "/api/v1/acts", "Bearer " + secret).statusCode())
          .isEqualTo(404);
      HttpResponse<String> known = write(guarded, "POST", "/api/v1/risk", "bearer " + secret);
      assertThat(known.statusCode()).isEqualTo(405);
      assertThat(known.headers().firstValue("Allow")).hasValue("GET, HEAD");
      for (String wrong :
          List.of("Bearer " + secret + "x", "Bearer ", "Basic " + secret, secret, "Bearer")) {
        HttpResponse<String> answer = write(guarded, "POST", "/api/v1/acts", wrong);
        assertThat(answer.statusCode()).as(wrong).isEqualTo(401);
        assertThat(answer.body()).doesNotContain(secret);
      }
      assertThat(write(guarded, "POST", "/api/v1/acts", null).statusCode()).isEqualTo(401);
    }
    assertThat(BearerTokens.read(file).toString()).doesNotContain(secret);
  }

  @Test
  void aTokenThatCanBeGuessedIsRefused(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "secret");
    assertThatThrownBy(() -> BearerTokens.read(file))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("at least 24")
        .hasMessageNotContaining("secret ");
    assertThatThrownBy(() -> BearerTokens.read(directory.resolve("none")))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("cannot read --token-file");
  }

  @Test
  void refusesANameThatMayResolveToThisMachine() throws Exception {
    assertThat(raw("GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n"))
        .startsWith("HTTP/1.1 421");
    assertThat(raw("GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n"))
        .startsWith("HTTP/1.1 421");
    assertThat(raw("GET / HTTP/1.1\r\n")).startsWith("HTTP/1.1 421");
    assertThat(raw("GET / HTTP/1.1\r\nHost: localhost:9\r\n")).startsWith("HTTP/1.1 200");
    assertThat(raw("GET / HTTP/1.1\r\nHost: [::1]:9\r\n")).startsWith("HTTP/1.1 200");
    assertThat(raw("GET / HTTP/1.1\r\nHost: OPS.example:80\r\n")).startsWith("HTTP/1.1 200");
  }

  @Test
  void sendsThePageWithAPolicyThatAllowsNoForeignCode() throws Exception {
    HttpResponse<String> page = get("/");
    assertThat(page.body()).contains("<title>Forestall</title>");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .contains("default-src 'none'", "script-src 'self'")
        .doesNotContain("unsafe");
    assertThat(page.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    assertThat(page.body())
        .doesNotContainPattern("<script(?![^>]*src=)")
        .doesNotContainPattern("\\son[a-z]+=");
    for (String link :
        List.of(
            "/console.css",
            "/js/main.js",
            "/js/theme.js",
            "/js/dom.js",
            "/js/ask.js",
            "/js/format.js",
            "/js/fleet.js",
            "/js/entity.js",
            "/js/charts.js",
            "/js/table.js",
            "/js/lists.js",
            "/js/incidents.js",
            "/js/decisions.js",
            "/js/guard.js",
            "/js/codes.js",
            "/js/timeline.js",
            "/favicon.svg",
            "/vendor/uplot/uPlot.iife.min.js",
            "/vendor/uplot/uPlot.min.css")) {
      assertThat(get(link).statusCode()).as(link).isEqualTo(200);
    }
    assertThat(get("/js/../index.html").statusCode()).isEqualTo(404);
    assertThat(get("/vendor/uplot/LICENSE").statusCode()).isEqualTo(404);
  }

  @Test
  void everyCodeHasWordsOnThePage() throws Exception {
    String words = get("/js/codes.js").body();
    for (DecisionCode code : DecisionCode.values()) {
      assertThat(words).contains("  " + code + ": '");
    }
    for (ActKind act : ActKind.values()) {
      assertThat(words).containsPattern("\\b" + ConsoleJson.lower(act) + ": '");
    }
    for (DecisionOutcome outcome : DecisionOutcome.values()) {
      assertThat(words).containsPattern("\\b" + ConsoleJson.lower(outcome) + ": '");
    }
  }

  @Test
  void saysWhatIsWrongWithARequest() throws Exception {
    assertThat(get("/api/v1/risk?tier=bad").statusCode()).isEqualTo(400);
    assertThat(get("/api/v1/risk?tier=bad").body()).contains("tier must be one of");
    assertThat(get("/api/v1/risk?limit=1&limit=2").statusCode()).isEqualTo(400);
    assertThat(get("/api/v1/risk/disk/none").statusCode()).isEqualTo(404);
    assertThat(get("/api/v1/risk/dusk/none").statusCode()).isEqualTo(400);
    assertThat(get("/api/v1/nothing").statusCode()).isEqualTo(404);
    assertThat(get("/api/v1/risk?q=" + "x".repeat(5000)).statusCode()).isEqualTo(414);
  }

  @Test
  void answersShortlyWhenNothingHasChanged() throws Exception {
    HttpResponse<String> first = get("/api/v1/risk?limit=3");
    String tag = first.headers().firstValue("ETag").orElseThrow();
    HttpRequest again =
        HttpRequest.newBuilder(uri("/api/v1/risk?limit=3")).header("If-None-Match", tag).build();
    HttpResponse<String> second = client.send(again, HttpResponse.BodyHandlers.ofString());
    assertThat(second.statusCode()).isEqualTo(304);
    assertThat(second.body()).isEmpty();
  }

  @Test
  void saysWhichPortIsTaken() {
    assertThatThrownBy(
            () ->
                ConsoleServer.start(
                    new ConsoleServer.Options("127.0.0.1", server.port(), Set.of()),
                    view,
                    progress::get))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on 127.0.0.1:" + server.port());
  }

  private HttpResponse<String> write(
      ConsoleServer asked, String method, String path, @Nullable String authorization)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + asked.port() + path))
            .method(method, HttpRequest.BodyPublishers.ofString("x"));
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode json(String path) throws Exception {
    HttpResponse<String> answer = get(path);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new ObjectMapper().readTree(answer.body());
  }

  private String raw(String head) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write((head + "Connection: close\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
