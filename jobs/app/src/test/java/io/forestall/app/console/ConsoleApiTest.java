package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import io.forestall.wire.WireException;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConsoleApiTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STEPS = 40;

  private final FleetView view = new FleetView();
  private final ActViews acts = TestingActs.views();
  private final AtomicLong nanos = new AtomicLong();

  /** With a clock that goes on by a minute at each look: nothing is kept for a moment. */
  private final ConsoleApi api =
      new ConsoleApi(
          view,
          acts,
          true,
          () -> FleetFeed.Progress.DONE,
          () -> nanos.addAndGet(TimeUnit.MINUTES.toNanos(1)));

  private MadeUpFleet fleet;
  private JsonNode document;
  private long told;

  @BeforeEach
  void feed() throws IOException, WireException {
    fleet = new MadeUpFleet(view, 60, STEPS, 5);
    for (int i = 0; i < STEPS; i++) {
      fleet.next(1);
    }
    new TestingActs(acts, 80, 9).feed();
    TestingVolumes volumes = new TestingVolumes(acts);
    volumes.feed();
    volumes.feedShadows();
    document = JSON.readTree(ConsoleApi.document().body());
  }

  @Test
  void everyRouteAndParameterIsDocumentedAndNoOther() {
    Map<String, TreeSet<String>> served = new TreeMap<>();
    for (ConsoleApi.Route route : api.routes()) {
      served.put(route.path(), new TreeSet<>(route.parameters()));
    }
    Map<String, TreeSet<String>> documented = new TreeMap<>();
    document
        .get("paths")
        .fields()
        .forEachRemaining(
            path -> {
              if (!path.getValue().has("get")) {
                return;
              }
              TreeSet<String> names = new TreeSet<>();
              List<String> inPath = new ArrayList<>();
              for (JsonNode parameter : path.getValue().at("/get/parameters")) {
                (parameter.get("in").asText().equals("query") ? names : inPath)
                    .add(parameter.get("name").asText());
              }
              assertThat(inPath).as(path.getKey()).allMatch(n -> path.getKey().contains("{" + n));
              documented.put(path.getKey(), names);
            });
    assertThat(served).isEqualTo(documented);
  }

  @Test
  void everyAnswerFitsItsSchema() throws IOException {
    String disk = view.list(RiskQuery.all(1)).items().get(0).id();
    Map<String, List<String>> questions = new LinkedHashMap<>();
    questions.put("/status", List.of("/status"));
    questions.put(
        "/fleet",
        List.of(
            "/fleet",
            "/fleet?region=eu-north",
            "/fleet?region=eu-north&zone=z-1&limit=1",
            "/fleet?region=eu-north&zone=z-1&rack=r-001",
            "/fleet?since=" + view.version()));
    questions.put(
        "/fleet/map",
        List.of("/fleet/map", "/fleet/map?cells=nodes", "/fleet/map?since=" + view.version()));
    questions.put(
        "/entities", List.of("/entities", "/entities?kind=edge", "/entities?q=vol&limit=3"));
    questions.put(
        "/entities/{kind}/{id}",
        List.of("/entities/disk/" + disk, "/entities/node/n-00008", "/entities/node/n-00012"));
    questions.put(
        "/entities/{kind}/{id}/series",
        List.of("/entities/disk/" + disk + "/series", "/entities/node/n-00012/series"));
    questions.put("/anomalies", List.of("/anomalies?state=all", "/anomalies?worse=true"));
    questions.put("/late", List.of("/late", "/late?state=never&kind=node"));
    questions.put("/dead-letters", List.of("/dead-letters", "/dead-letters?reason=late&limit=1"));
    questions.put("/models", List.of("/models"));
    questions.put("/models/{mode}/{id}/{version}", List.of("/models/disk/disk-ensemble/1"));
    questions.put("/risk", List.of("/risk?mode=fail_slow&sort=probability&order=asc&offset=1"));
    questions.put("/risk/{kind}/{id}", List.of("/risk/disk/" + disk));
    questions.put(
        "/incidents",
        List.of(
            "/incidents",
            "/incidents?state=all&severity=critical,error&pool=p-01&predicted=false&sort=events",
            "/incidents?entity=node/n-00301&swallowed=true"));
    questions.put(
        "/incidents/{id}",
        List.of("/incidents/" + TestingActs.incidentId(0), "/incidents/inc-swallowed-1"));
    questions.put(
        "/decisions",
        List.of(
            "/decisions",
            "/decisions?outcome=refused,waiting&act=shadow&limit=3",
            "/decisions?since=2025-01-01T00:00:00Z&incident=" + TestingActs.incidentId(1)));
    questions.put("/decisions/{id}", List.of("/decisions/" + anyDecision()));
    questions.put("/approvals", List.of("/approvals", "/approvals?pool=none"));
    questions.put("/budget", List.of("/budget", "/budget?pool=" + TestingActs.POOL));
    questions.put("/policies", List.of("/policies", "/policies?kind=mode,budget&holds=true"));
    questions.put("/volumes", List.of("/volumes", "/volumes?state=degraded&q=pic&limit=1"));
    questions.put(
        "/volumes/{id}",
        List.of("/volumes/orders", "/volumes/new?offset=0&limit=1", "/volumes/reports"));
    questions.put("/sagas", List.of("/sagas", "/sagas?state=open", "/sagas?volume=pictures"));
    questions.put(
        "/sagas/{id}", List.of("/sagas/" + TestingVolumes.DONE, "/sagas/" + TestingVolumes.OPEN));
    questions.put("/openapi.json", List.of("/openapi.json"));
    assertThat(questions.keySet())
        .hasSize(api.routes().size())
        .allMatch(path -> document.get("paths").has(ConsoleApi.PREFIX + path));
    for (Map.Entry<String, List<String>> question : questions.entrySet()) {
      JsonNode schema =
          document
              .get("paths")
              .get(ConsoleApi.PREFIX + question.getKey())
              .at("/get/responses/200/content/application~1json/schema");
      for (String path : question.getValue()) {
        JsonNode answer = get(path);
        assertThat(new SchemaCheck(document).check(answer, schema)).as(path).isEmpty();
      }
    }
  }

  @Test
  void championAndChallengerStandBesideEachOther() throws Exception {
    JsonNode models = get("/models").get("items");
    assertThat(models)
        .extracting(
            m ->
                m.get("version").asInt()
                    + " "
                    + m.get("state").asText()
                    + (m.get("challenger").asBoolean() ? " asked" : "")
                    + (m.get("shipped").asBoolean() ? " shipped" : ""))
        .containsExactly("1 champion shipped", "2 advise asked");
    assertThat(models.get(1).get("author").asText()).isEqualTo("mara");
    assertThat(models.get(1).get("reason").asText()).isEqualTo("trained on our own drives");

    Risk risk = scoredDisk();
    String disk = "/entities/disk/" + risk.getEntity().getId();
    String key = "disk/" + risk.getEntity().getId();
    JsonNode detail = get(disk);
    assertThat(detail.at("/challenger/modelVersion").asInt()).isEqualTo(2);
    assertThat(detail.at("/challenger/timeMillis")).isEqualTo(detail.get("timeMillis"));
    assertThat(detail.at("/challenger/score").asDouble())
        .isGreaterThan(detail.get("score").asDouble());
    assertThat(detail.get("modes").get(0).get("modelVersion").asInt())
        .as("the score is the champion's")
        .isEqualTo(1);

    // The second lane may be the same model in another implementation: that is no challenger.
    view.lane(key, risk);
    assertThat(get(disk).get("challenger").isNull()).isTrue();
    // What was said of an older sample says nothing of this one.
    Risk older =
        MadeUpFleet.advised(Risk.newBuilder(risk).setSamples(risk.getSamples() - 1).build());
    view.lane(key, older);
    assertThat(get(disk).get("challenger").isNull()).isTrue();
    view.lane(key, MadeUpFleet.advised(risk));
    assertThat(get(disk).at("/challenger/tier").asText()).isNotEmpty();
    view.lane("disk/nobody", risk);
    assertThat(view.detail(EntityKind.DISK, "nobody"))
        .as("the lane alone makes no entity")
        .isNull();
  }

  private Risk scoredDisk() {
    EntityRisk entity =
        view.list(RiskQuery.all(10_000)).items().stream()
            .filter(
                e ->
                    e.kind() == EntityKind.DISK
                        && e.score() != null
                        && !e.score().stale()
                        && e.score().score() < 50)
            .findFirst()
            .orElseThrow();
    EntityRisk.Score score = Objects.requireNonNull(entity.score());
    return Risk.newBuilder()
        .setEntity(new EntityRef(EntityKind.DISK, entity.id()))
        .setNode(score.node())
        .setTimeMillis(score.timeMillis())
        .setSamples(score.samples())
        .setScore(score.score())
        .setTier(score.tier())
        .setTierSinceMillis(score.tierSinceMillis())
        .setProbability(score.probability())
        .setHorizonMillis(score.horizonMillis())
        .setConfidence(score.confidence())
        .setStale(false)
        .setModes(score.modes())
        .build();
  }

  @Test
  void aVolumeTellsHowItsShadowsFollowAndWhoseBytesWereWrong() throws Exception {
    JsonNode listed = get("/volumes?q=reports").at("/items/0");
    assertThat(listed.at("/shadows/count").asInt()).isEqualTo(3);
    assertThat(listed.at("/shadows/inSync").asInt()).as("one is built, one goes").isEqualTo(1);
    assertThat(listed.at("/shadows/lagRecords").asLong()).isEqualTo(800);
    assertThat(listed.at("/shadows/lagBytes").asLong()).isEqualTo(812 * 4096);
    assertThat(listed.at("/shadows/lagMillis").asLong()).isEqualTo(8000);
    assertThat(listed.at("/shadows/missingBytes").asLong()).isEqualTo(64 << 20);
    assertThat(listed.at("/shadows/divergences").asLong()).isEqualTo(1);
    assertThat(listed.at("/shadows/verifiedMillis").asLong())
        .isEqualTo(TestingVolumes.NOW_MILLIS - 560_000);
    assertThat(listed.get("lagDeltas").isNull()).as("a shadow's lag is its own").isTrue();
    assertThat(listed.get("asynchronousSegments").asInt()).isEqualTo(1);
    assertThat(listed.at("/newestSaga/act").asText())
        .as("not who built it")
        .isEqualTo("switchover");

    JsonNode reports = get("/volumes/reports");
    JsonNode first = reports.at("/segments/0");
    assertThat(first.at("/copies/3/role").asText()).isEqualTo("shadow");
    assertThat(first.at("/copies/3/state").asText()).isEqualTo("in-sync");
    assertThat(first.at("/copies/3/shadow/verifiedRound").asLong()).isEqualTo(4);
    assertThat(first.get("mode").asText()).isEqualTo("synchronous");
    assertThat(first.get("divergences")).as("a repeat counts once").hasSize(1);
    assertThat(first.at("/divergences/0/holder").asText()).isEqualTo("node/n-5");
    assertThat(first.at("/divergences/0/attributed").asBoolean()).isTrue();
    assertThat(first.at("/divergences/0/offset").asLong()).isEqualTo(3 << 20);
    JsonNode second = reports.at("/segments/1");
    assertThat(second.get("mode").asText()).isEqualTo("asynchronous");
    assertThat(second.get("asyncBoundMillis").asLong()).isEqualTo(2000);
    assertThat(second.at("/copies/2/state").asText()).isEqualTo("copying");
    assertThat(second.at("/copies/2/shadow/fetchBytesPerSecond").asLong()).isEqualTo(8 << 20);
    JsonNode third = reports.at("/segments/2");
    assertThat(third.at("/copies/2/state").asText()).as("the map knows that").isEqualTo("retiring");
    assertThat(third.at("/divergences/0/attributed").asBoolean()).isFalse();
    assertThat(reports.at("/sagas/0/act").asText()).isEqualTo("switchover");
    assertThat(reports.at("/sagas/0/clientPauseMillis").asLong()).isEqualTo(83);
    assertThat(reports.at("/sagas/1/act").asText()).isEqualTo("shadow");
    assertThat(get("/volumes/orders").at("/segments/0/copies/1/shadow").isNull()).isTrue();
  }

  @Test
  void aUnitAtRiskWithoutEnoughSoundCopiesLacksAShadow() throws IOException {
    assertThat(get("/volumes?q=pictures").at("/items/0/missingShadows").asInt()).isZero();
    node("n-1", Tier.CRITICAL);
    assertThat(get("/volumes?q=pictures").at("/items/0/missingShadows").asInt())
        .as("two of three are sound, and two shall be")
        .isZero();
    node("n-3", Tier.WARNING);
    assertThat(get("/volumes?q=pictures").at("/items/0/missingShadows").asInt()).isEqualTo(2);
    assertThat(get("/volumes/pictures").at("/segments/0/missingShadow").asText())
        .contains("1 of the 3 copies of pictures/0")
        .contains("at least 2 shall be");
    assertThat(get("/volumes/reports").at("/segments/0/missingShadow").isNull())
        .as("its shadow and its replica are sound")
        .isTrue();
    node("n-1", Tier.HEALTHY);
    assertThat(get("/volumes?q=pictures").at("/items/0/missingShadows").asInt()).isZero();
  }

  private void node(String id, Tier tier) {
    EntityRef ref = TestingActs.ref(EntityKind.NODE, id);
    Risk risk = TestingFleet.risk(id, 1, 1, 50, tier, List.of());
    risk.setEntity(ref);
    risk.setProbability(1e-9);
    risk.setTimeMillis(risk.getTimeMillis() + ++told);
    view.risk("node/" + id, risk);
  }

  @Test
  void aVolumeTellsWhoOwnsItWhatMovedItAndWhatItsClientsFelt() throws IOException {
    JsonNode volumes = get("/volumes");
    assertThat(volumes.get("total").asInt()).isEqualTo(4);
    assertThat(volumes.at("/items/0/volume").asText()).isEqualTo("new");
    assertThat(volumes.at("/items/0/state").asText()).isEqualTo("unclaimed");
    assertThat(volumes.at("/items/1/lagDeltas").asLong()).isEqualTo(12);
    assertThat(volumes.at("/items/2/state").asText()).isEqualTo("degraded");
    assertThat(volumes.at("/items/0/epoch").asLong()).isZero();
    assertThat(volumes.at("/items/0/newestSaga").isNull()).as("nothing moved it").isTrue();
    assertThat(volumes.at("/items/1/volume").asText()).isEqualTo("orders");
    assertThat(volumes.at("/items/1/epoch").asLong()).isEqualTo(2);
    assertThat(volumes.at("/items/1/newestSaga/admission").asText())
        .isEqualTo(get("/sagas?volume=orders").at("/items/0/admission").asText());

    JsonNode orders = get("/volumes/orders");
    JsonNode first = orders.at("/segments/0");
    assertThat(first.get("owner").asText())
        .as("the map is older than the log")
        .isEqualTo("node/n-2");
    assertThat(first.get("epoch").asLong()).isEqualTo(2);
    assertThat(first.get("admission").asText()).isEqualTo(TestingVolumes.DONE);
    assertThat(first.get("released").asBoolean()).isFalse();
    assertThat(first.at("/history/1/kind").asText()).isEqualTo("takeover");
    assertThat(orders.get("sagas")).hasSize(2);
    assertThat(orders.get("pauses")).hasSize(2);
    assertThat(orders.at("/pauses/0/admission").asText()).isEqualTo(TestingVolumes.DONE);
  }

  @Test
  void aSagaTellsItsStepsItsCommandsAndTheirAnswers() throws IOException {
    JsonNode done = get("/sagas/" + TestingVolumes.DONE);
    assertThat(done.at("/saga/state").asText()).isEqualTo("confirmed");
    assertThat(done.at("/saga/open").asBoolean()).isFalse();
    assertThat(done.at("/saga/pauseMillis").asLong()).isEqualTo(28);
    assertThat(done.at("/saga/clientPauseMillis").asLong()).isEqualTo(47);
    assertThat(done.get("steps")).hasSize(7);
    assertThat(done.get("commands")).as("the probe too, which names no admission").hasSize(4);
    assertThat(done.at("/commands/2/answers/0/text").asText()).isEqualTo("It serves both units.");
    assertThat(get("/sagas/p-of-" + TestingVolumes.DONE)).as("by its proposal").isEqualTo(done);

    JsonNode open = get("/sagas?state=open&pool=" + TestingVolumes.POOL).get("items");
    assertThat(open).hasSize(1);
    assertThat(open.at("/0/admission").asText()).isEqualTo(TestingVolumes.OPEN);
    assertThat(open.at("/0/state").asText()).isEqualTo("fenced");
    assertThat(open.at("/0/pastFence").asBoolean()).isTrue();
    assertThat(get("/sagas?volume=pictures").at("/items/0/state").asText()).isEqualTo("given-back");
    assertThat(get("/status").at("/acts/openSagas").asInt())
        .isEqualTo(get("/sagas?state=open").get("total").asInt())
        .isPositive();
  }

  private String anyDecision() throws IOException {
    return get("/decisions?outcome=admitted").at("/items/0/id").asText();
  }

  @Test
  void theCheckOfSchemasFindsWhatDoesNotFit() throws IOException {
    SchemaCheck check = new SchemaCheck(document);
    JsonNode schema = JSON.readTree("{\"$ref\": \"#/components/schemas/Tiers\"}");
    JsonNode good = get("/status").get("tiers");
    assertThat(check.check(good, schema)).isEmpty();
    JsonNode bad =
        JSON.readTree(
            "{\"unknown\": -1, \"healthy\": \"x\", \"watch\": 1, \"warning\": 1, \"other\": 1}");
    assertThat(check.check(bad, schema))
        .hasSize(4)
        .anyMatch(line -> line.contains("$.unknown: -1 is too small"))
        .anyMatch(line -> line.contains("$.healthy"))
        .anyMatch(line -> line.contains("critical\" is missing"))
        .anyMatch(line -> line.contains("$.other: the schema does not know it"));
  }

  @Test
  void problemsSayWhatWhereAndWhatToDo() throws IOException {
    JsonNode schema = JSON.readTree("{\"$ref\": \"#/components/schemas/Problem\"}");
    for (String path :
        List.of(
            "/nothing",
            "/risk?colour=red",
            "/risk?tier=bad",
            "/fleet?zone=z-1",
            "/fleet?region=nowhere",
            "/fleet/map?cells=atoms",
            "/fleet?since=yesterday",
            "/late?state=asleep",
            "/anomalies?state=maybe",
            "/entities/dusk/a",
            "/entities/disk/nobody",
            "/models/disk/none/1",
            "/dead-letters?limit=0",
            "/incidents?state=odd",
            "/incidents?severity=loud",
            "/incidents?entity=n-0001",
            "/incidents?since=yesterday",
            "/incidents/none",
            "/decisions?code=NO_SUCH",
            "/decisions?limit=0",
            "/decisions/none",
            "/volumes?state=odd",
            "/volumes/none",
            "/sagas?state=odd",
            "/sagas/none",
            "/policies?kind=law",
            "/policies?holds=perhaps")) {
      assertThatThrownBy(() -> get(path))
          .as(path)
          .isInstanceOfSatisfying(
              ConsoleApi.Problem.class,
              problem -> {
                assertThat(problem.status()).isIn(400, 404);
                ConsoleApi.Answer answer = problem.answer();
                assertThat(answer.type()).startsWith("application/problem+json");
                try {
                  JsonNode body = JSON.readTree(answer.body());
                  assertThat(new SchemaCheck(document).check(body, schema)).isEmpty();
                  assertThat(body.get("what").asText()).isNotBlank();
                  assertThat(body.get("where").asText()).isNotBlank();
                  assertThat(body.get("whatToDo").asText()).isNotBlank();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
    }
  }

  @Test
  void pagesLeadThroughTheWholeList() throws IOException {
    List<String> ids = new ArrayList<>();
    String next = "/entities?kind=disk&sort=id&limit=100";
    int pages = 0;
    while (next != null) {
      JsonNode page = get(next);
      for (JsonNode item : page.get("items")) {
        ids.add(item.get("id").asText());
      }
      next =
          page.get("next").isNull()
              ? null
              : page.get("next").asText().substring(ConsoleApi.PREFIX.length());
      pages++;
    }
    assertThat(pages).isEqualTo(8);
    assertThat(ids).hasSize(720).doesNotHaveDuplicates().isSorted();
  }

  @Test
  void aMapIsBroughtUpToDateByWhatChanged() throws IOException {
    JsonNode before = get("/fleet/map");
    assertThat(before.get("full").asBoolean()).isTrue();
    assertThat(before.get("racks")).hasSize(3);
    assertThat(get("/fleet/map?since=" + before.get("version").asLong()).get("racks")).isEmpty();
    String id = before.at("/racks/1/rows/4/ids/2").asText();
    FleetView.Detail detail = Objects.requireNonNull(view.detail(EntityKind.DISK, id));
    EntityRisk.Score score = Objects.requireNonNull(detail.entity().score());
    view.risk(
        "disk/" + id,
        TestingFleet.risk(
            id, score.timeMillis() + 1, score.samples() + 1, 99, Tier.CRITICAL, List.of()));
    JsonNode after = get("/fleet/map?since=" + before.get("version").asLong());
    assertThat(after.get("full").asBoolean()).isFalse();
    assertThat(after.get("racks")).hasSize(1);
    assertThat(after.at("/racks/0/name").asText()).isEqualTo(before.at("/racks/1/name").asText());
    assertThat(after.at("/racks/0").has("names")).isFalse();
    assertThat(after.at("/racks/0/rows/4/cells").asText().charAt(2)).isEqualTo('4');
    assertThat(after.at("/racks/0/maxScore").asDouble()).isGreaterThanOrEqualTo(99);

    view.fleet("disk/" + id, null);
    JsonNode gone = get("/fleet/map?since=" + after.get("version").asLong());
    assertThat(gone.at("/racks/0/rows/4/ids")).hasSize(MadeUpFleet.DISKS_PER_NODE - 1);
    // A version of another life of the console is answered in full.
    assertThat(get("/fleet/map?since=" + Long.MAX_VALUE).get("full").asBoolean()).isTrue();
  }

  @Test
  void listsAreTablesToo() {
    String risks = text("/risk?limit=3&format=csv");
    assertThat(risks.lines()).hasSize(4);
    assertThat(risks).startsWith("kind,id,node,rack,zone,region,");
    assertThat(text("/anomalies?format=csv").lines().count()).isGreaterThan(1);
    assertThat(text("/late?format=csv")).contains(",never,,,");
    assertThat(text("/dead-letters?format=csv")).contains("unknown_entity");
    assertThat(text("/entities/node/n-00008/series?format=csv").lines().findFirst().orElse(""))
        .startsWith("time,")
        .contains("cpu_busy_ratio");
    view.risk("disk/=1+1", TestingFleet.risk("=1+1,\"x\"", 1, 1, 100, Tier.CRITICAL, List.of()));
    assertThat(text("/entities?format=csv&q=%3D1")).contains("\"'=1+1,\"\"x\"\"\"");
  }

  @Test
  void filtersNarrow() throws IOException {
    assertThat(get("/risk?mode=fail_slow&tier=critical,warning,watch").get("items"))
        .isNotEmpty()
        .allMatch(item -> item.get("kind").asText().equals("disk"));
    assertThat(get("/risk?region=eu-north&zone=z-1&rack=r-002").get("total").asInt())
        .isEqualTo(20 * 13);
    assertThat(get("/risk?region=eu-west").get("total").asInt()).isZero();
    assertThat(get("/anomalies?kind=edge").get("items"))
        .isNotEmpty()
        .allMatch(item -> item.get("id").asText().equals("n-00006>n-00007"));
    assertThat(get("/anomalies?region=eu-north&zone=z-1&rack=r-002&signal=none").get("items"))
        .isEmpty();
  }

  @Test
  void pathsAndWhatStandsOnANodeAreFound() throws IOException {
    JsonNode node = get("/entities/node/n-00006");
    List<String> related = new ArrayList<>();
    node.get("related")
        .forEach(one -> related.add(one.get("as").asText() + " " + one.get("id").asText()));
    assertThat(related).contains("path n-00006>n-00007").hasSize(13);
    JsonNode edge = get("/entities/edge/n-00006%3En-00007");
    assertThat(edge.get("related")).hasSize(2);
    JsonNode disk =
        get(
            "/entities/disk/"
                + get("/entities?kind=disk&node=n-00004&limit=1").at("/items/0/id").asText());
    assertThat(disk.at("/related/0/as").asText()).isEqualTo("node");
    assertThat(disk.at("/related/0/id").asText()).isEqualTo("n-00004");
  }

  private JsonNode get(String question) throws IOException {
    return JSON.readTree(text(question));
  }

  private String text(String question) {
    int query = question.indexOf('?');
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query >= 0) {
      for (String pair : question.substring(query + 1).split("&", -1)) {
        String[] sides = pair.split("=", 2);
        parameters.put(sides[0], URLDecoder.decode(sides[1], StandardCharsets.UTF_8));
      }
    }
    return new String(
        api.get(
                ConsoleApi.PREFIX + (query < 0 ? question : question.substring(0, query)),
                parameters)
            .body(),
        StandardCharsets.UTF_8);
  }
}
