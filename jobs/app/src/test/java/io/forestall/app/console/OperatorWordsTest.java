package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.operate.ActLookup;
import io.forestall.app.operate.PolicyApi;
import io.forestall.app.operate.TestingActLookup;
import io.forestall.app.operate.TestingPolicyStore;
import io.forestall.decisions.guard.PolicyRecord;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words of operators over HTTP: who may say them, what is taken, and what is not. */
@Timeout(60)
class OperatorWordsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MARA = "mara-0123456789abcdef0123456789";
  private static final String OLD = "oldd-0123456789abcdef0123456789";
  private static final String PLAIN = "plain-0123456789abcdef012345678";
  private static final long NOW = Instant.parse("2026-11-21T12:00:00Z").toEpochMilli();

  private final HttpClient client = HttpClient.newHttpClient();
  private final TestingPolicyStore store = new TestingPolicyStore();
  private final TestingActLookup acts = new TestingActLookup();
  private ConsoleServer server;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    Path tokens =
        Files.writeString(
            directory.resolve("tokens"),
            "# who may speak\n\n"
                + MARA
                + "  author=mara expires=2999-01-01T00:00:00Z\n"
                + OLD
                + " expires=2001-01-01 author=old\n"
                + PLAIN
                + "\n");
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of(), BearerTokens.read(tokens)),
            new FleetView(),
            new ActViews(),
            () -> FleetFeed.Progress.DONE,
            PolicyApi.of(store, acts, () -> NOW));
    acts.proposals.put("pr-1", found(NOW + 1000, false));
    acts.proposals.put("pr-late", found(NOW - 1, false));
    acts.admissions.put("ad/1", found(NOW + 1000, false));
    acts.admissions.put("ad-over", found(NOW + 1000, true));
  }

  private static ActLookup.Found found(long expiresMillis, boolean over) {
    return new ActLookup.Found("failover of node/n-1", "p1", expiresMillis, "waiting", over);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void theAuthorIsThatOfTheTokenAndOfNothingElse() throws Exception {
    JsonNode said = said(201, post("/halt", "{\"reason\":\"drill\"}"));

    assertThat(said.get("key").asText()).isEqualTo("all/halt/all");
    assertThat(said.get("author").asText()).isEqualTo("mara");
    assertThat(said.get("offset").asLong()).isZero();
    assertThat(store.log()).hasSize(1);
    assertThat(said(201, send("POST", "/halt", PLAIN, "{\"reason\":\"drill\"}")).get("author"))
        .hasToString("\"console\"");
    refused(400, post("/halt", "{\"reason\":\"r\",\"author\":\"root\"}"), "that of the token");
    assertThat(store.log()).hasSize(2);
  }

  @Test
  void anExpiredTokenSaysSoAndAWrongOneSaysNothing() throws Exception {
    refused(401, send("POST", "/halt", OLD, "{\"reason\":\"r\"}"), "this token has expired");
    for (String wrong :
        new String[] {MARA + "x", MARA.substring(1), "", OLD.replace("old", "OLD")}) {
      refused(401, send("POST", "/halt", wrong, "{\"reason\":\"r\"}"), "not a GET needs a token");
    }
    HttpResponse<String> cookie =
        client.send(
            HttpRequest.newBuilder(uri("/halt"))
                .header("Cookie", "token=" + MARA)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"reason\":\"r\"}"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    refused(401, cookie, "needs a token");
    refused(401, send("POST", "/halt?token=" + MARA, "", "{}"), "needs a token");
    assertThat(store.log()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/halt, '{\"reason\":\"r\",\"scope\":\"pool/p1\",\"act\":\"migrate\"}', pool/p1/halt/migrate",
    "/silence, '{\"reason\":\"r\",\"scope\":\"node/n-1\",\"for\":\"8 h\"}',"
        + " node/n-1/silence/silence",
    "/maintenance, '{\"reason\":\"r\",\"scope\":\"rack/r-1\",\"for\":\"1 h\"}',"
        + " rack/r-1/maintenance/20261121-1200",
    "/override, '{\"reason\":\"r\",\"scope\":\"node/n-1\",\"for\":\"1 h\",\"tier\":\"watch\"}',"
        + " node/n-1/override/override",
    "/pin, '{\"reason\":\"r\",\"scope\":\"volume/v-1\",\"for\":\"1 h\",\"target\":\"node/n-2\"}',"
        + " volume/v-1/pin/pin",
    "/mode, '{\"reason\":\"r\",\"act\":\"retire-shadow\",\"mode\":\"act\",\"approval\":true}',"
        + " all/mode/retire_shadow",
    "/proposals/pr-1/approve, '{\"reason\":\"r\"}', all/approval/pr-1",
    "/proposals/pr-1/deny, '{\"reason\":\"r\"}', all/denial/pr-1",
    "/proposals/pr-1/cancel, '{\"reason\":\"r\"}', all/cancel/pr-1",
    "/proposals/pr-9/approve, '{\"reason\":\"r\",\"early\":true}', all/approval/pr-9",
    "/admissions/ad%2F1/cancel, '{\"reason\":\"r\"}', all/cancel/ad%2F1",
    "/policies, '{\"kind\":\"budget\",\"scope\":\"pool/p1\",\"reason\":\"r\","
        + "\"parameters\":{\"acts-in-flight\":\"2\"}}', pool/p1/budget/all",
  })
  void everyWordIsTakenAndFitsItsSchema(String path, String body, String key) throws Exception {
    JsonNode document = document();
    JsonNode schema = JSON.readTree("{\"$ref\": \"#/components/schemas/WrittenPolicy\"}");

    JsonNode tried = said(200, post(path + "?dryRun=true", body));
    assertThat(tried.get("offset").asLong()).isEqualTo(-1);
    assertThat(store.log()).isEmpty();
    JsonNode said = said(201, post(path, body));
    assertThat(said.get("key").asText()).isEqualTo(key);
    assertThat(new SchemaCheck(document).check(said, schema)).isEmpty();
    assertThat(new SchemaCheck(document).check(tried, schema)).isEmpty();
    assertThat(said(201, post(path, body)).get("version").asInt()).isEqualTo(2);
  }

  @Test
  void aWordIsTakenBackByAVersionThatIsSwitchedOff() throws Exception {
    said(201, post("/halt", "{\"reason\":\"drill\",\"scope\":\"pool/p1\"}"));
    refused(404, post("/resume", "{\"reason\":\"over\"}"), "no halt of all is in force");
    JsonNode off = said(201, post("/resume", "{\"reason\":\"over\",\"scope\":\"pool/p1\"}"));
    assertThat(off.get("enabled").asBoolean()).isFalse();
    assertThat(off.get("says").asText()).startsWith("taken back");

    said(201, post("/silence", "{\"reason\":\"r\",\"scope\":\"node/n-1\",\"for\":\"1 h\"}"));
    String at = "/policies/node%2Fn-1%2Fsilence%2Fsilence";
    refused(400, send("DELETE", at, MARA, null), "reason is missing");
    assertThat(said(201, send("DELETE", at + "?reason=enough%20now", MARA, null)).get("reason"))
        .hasToString("\"enough now\"");
    refused(404, send("DELETE", at + "?reason=r", MARA, null), "was taken back by mara");
    refused(404, send("DELETE", "/policies/none?reason=r", MARA, null), "no policy is called");
    PolicyRecord last = store.log().get(store.log().size() - 1);
    assertThat(last.enabled()).isFalse();
    assertThat(last.version()).isEqualTo(2);
  }

  @Test
  void whatASafetyRuleRefusesIsAConflict() throws Exception {
    refused(409, post("/proposals/pr-late/approve", "{\"reason\":\"r\"}"), "expired at");
    refused(409, post("/proposals/nobody/approve", "{\"reason\":\"r\"}"), "is known (yet)");
    refused(409, post("/admissions/ad-over/cancel", "{\"reason\":\"r\"}"), "has ended already");
    refused(409, post("/mode", "{\"reason\":\"r\",\"mode\":\"act\"}"), "one kind of act at a time");
    assertThat(store.log()).isEmpty();
    store.goAway();
    refused(503, post("/halt", "{\"reason\":\"r\"}"), "no Kafka broker answers");
  }

  @Test
  void hostileBodiesAreRefusedInOneProblem() throws Exception {
    for (String body :
        List.of(
            "",
            "null",
            "[]",
            "\"halt\"",
            "{",
            "{}",
            "{\"reason\":\"\"}",
            "{\"reason\":7}",
            "{\"reason\":\"r\",\"reason\":\"s\"}",
            "{\"reason\":\"r\"}{}",
            "{\"reason\":\"two\\nlines\"}",
            "{\"reason\":\"" + "x".repeat(1001) + "\"}",
            "{\"reason\":\"r\",\"for\":\"-1 h\"}",
            "{\"reason\":\"r\",\"for\":\"999999999999999999 d\"}",
            "{\"reason\":\"r\",\"expiresMillis\":-1}",
            "{\"reason\":\"r\",\"expiresMillis\":1e300}",
            "{\"reason\":\"r\",\"expiresMillis\":\"soon\"}",
            "{\"reason\":\"r\",\"expiresMillis\":1}",
            "{\"reason\":\"r\",\"fromMillis\":99999999999999999}",
            "{\"reason\":\"r\",\"scope\":\"everywhere\"}",
            "{\"reason\":\"r\",\"scope\":\"pool/\"}",
            "{\"reason\":\"r\",\"scope\":\"node/" + "n".repeat(300) + "\"}",
            "{\"reason\":\"r\",\"scope\":\"node/a\\u0000b\"}",
            "{\"reason\":\"r\",\"scope\":[\"all\"]}",
            "{\"reason\":\"r\",\"act\":\"explode\"}",
            "{\"reason\":\"r\",\"id\":\"a/b\"}",
            "{\"reason\":\"r\",\"colour\":\"red\"}",
            "{\"reason\":\"r\",\"x\":" + "[".repeat(5000) + "]".repeat(5000) + "}")) {
      String told = body.length() > 60 ? body.substring(0, 60) : body;
      HttpResponse<String> answer = post("/halt", body);
      assertThat(answer.statusCode()).as(told).isEqualTo(400);
      assertThat(JSON.readTree(answer.body()).get("what").asText())
          .as(told)
          .doesNotContain("\n")
          .hasSizeLessThan(600);
    }
    for (String body :
        List.of(
            "{\"kind\":\"sync\",\"scope\":\"all\",\"reason\":\"r\"}",
            "{\"kind\":\"explosion\",\"scope\":\"all\",\"reason\":\"r\"}",
            "{\"kind\":\"halt\",\"scope\":\"all\",\"reason\":\"r\",\"parameters\":{\"a\":1}}",
            "{\"kind\":\"halt\",\"scope\":\"all\",\"reason\":\"r\",\"parameters\":{\"a\":\"1\"}}",
            "{\"kind\":\"silence\",\"scope\":\"all\",\"reason\":\"r\",\"for\":\"1 h\"}",
            "{\"kind\":\"override\",\"scope\":\"node/n\",\"reason\":\"r\",\"for\":\"1 h\","
                + "\"parameters\":{\"tier\":\"fine\"}}",
            "{\"kind\":\"halt\",\"reason\":\"r\"}")) {
      assertThat(post("/policies", body).statusCode()).as(body).isEqualTo(400);
    }
    refused(413, post("/halt", "{\"reason\":\"" + "x".repeat(300_000) + "\"}"), "more than 262144");
    refused(400, post("/halt?dryRun=perhaps", "{\"reason\":\"r\"}"), "dryRun must be");
    refused(400, post("/halt?really=true", "{\"reason\":\"r\"}"), "unknown parameter");
    assertThat(store.log()).isEmpty();
  }

  @Test
  void anyBytesAreRefusedOrAWordAndNothingElse() throws Exception {
    long seed = 4L;
    Random random = new Random(seed);
    PolicyApi api = PolicyApi.of(store, acts, () -> NOW);
    byte[] good =
        "{\"reason\":\"r\",\"scope\":\"node/n-1\",\"for\":\"8 h\",\"tier\":\"watch\"}"
            .getBytes(StandardCharsets.UTF_8);
    int taken = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] body = good.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      try {
        api.answer("POST", "/api/v1/override", Map.of(), body, "mara");
        taken++;
      } catch (PolicyApi.Refused e) {
        assertThat(e.status()).as("seed %d, step %d", seed, i).isEqualTo(400);
      }
    }
    assertThat(store.log()).as("seed %d", seed).hasSize(taken);
    assertThat(taken).as("seed %d", seed).isBetween(1, 4_000);
  }

  @Test
  void aBrowserOfAForeignPageCannotWrite() throws Exception {
    HttpResponse<String> form =
        client.send(
            HttpRequest.newBuilder(uri("/halt"))
                .header("Authorization", "Bearer " + MARA)
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString("{\"reason\":\"r\"}"))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    refused(415, form, "the body must be JSON");
    assertThat(form.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    assertThat(send("OPTIONS", "/halt", MARA, null).statusCode()).isEqualTo(405);
  }

  @Test
  void otherMethodsAreToldWhichAreRight() throws Exception {
    HttpResponse<String> answer = send("PUT", "/policies", MARA, "{}");
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).hasValue("GET, HEAD, POST");
    assertThat(send("POST", "/status", MARA, "{}").headers().firstValue("Allow"))
        .hasValue("GET, HEAD");
    assertThat(send("POST", "/nothing", MARA, "{}").statusCode()).isEqualTo(404);
    assertThat(send("DELETE", "/halt", MARA, null).headers().firstValue("Allow")).hasValue("POST");
  }

  @Test
  void everyWayOfWritingIsDocumentedAndNoOther() throws Exception {
    Set<String> documented = new TreeSet<>();
    PolicyApi api = PolicyApi.of(store, acts, () -> NOW);
    document()
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> {
                          if (!method.equals("get")) {
                            documented.add(method.toUpperCase(Locale.ROOT) + path.getKey());
                            assertThat(api.methods(path.getKey()))
                                .as(path.getKey())
                                .contains(method.toUpperCase(Locale.ROOT));
                            assertThat(path.getValue().get(method).get("security")).isNotEmpty();
                          }
                        }));
    assertThat(documented).isEqualTo(new TreeSet<>(api.described()));
  }

  @Test
  void tokenFilesThatMakeNoSenseAreRefusedWithoutShowingASecret(@TempDir Path directory)
      throws Exception {
    List<String> files = new ArrayList<>();
    files.add("");
    files.add("# nobody\n");
    files.add("short author=mara\n");
    files.add(MARA + " author=\n");
    files.add(MARA + " author=a author=b\n");
    files.add(MARA + " expires=tomorrow\n");
    files.add(MARA + " " + OLD + "\n");
    files.add(MARA + "\n" + MARA + " author=b\n");
    files.add(MARA + " author=" + "a".repeat(129) + "\n");
    for (String text : files) {
      Path file = Files.writeString(directory.resolve("bad"), text);
      assertThatThrownBy(() -> BearerTokens.read(file))
          .as(text)
          .isInstanceOf(CommandFailure.class)
          .hasMessageContaining("--token-file " + file)
          .hasMessageNotContaining(MARA)
          .hasMessageNotContaining(OLD);
    }
  }

  private static JsonNode document() throws IOException {
    // A path that two hands have written twice would hide one of them.
    return JsonMapper.builder()
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .build()
        .readTree(ConsoleApi.document().body());
  }

  private static JsonNode said(int status, HttpResponse<String> answer) throws IOException {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return JSON.readTree(answer.body());
  }

  private static void refused(int status, HttpResponse<String> answer, String what)
      throws IOException {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(JSON.readTree(answer.body()).get("what").asText()).contains(what);
    assertThat(answer.headers().firstValue("Content-Type").orElse("")).contains("problem+json");
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return send("POST", path, MARA, body);
  }

  private HttpResponse<String> send(String method, String path, String token, @Nullable String body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    if (body != null) {
      request.header("Content-Type", "application/json; charset=utf-8");
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + "/api/v1" + path);
  }
}
