package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
import io.forestall.schemas.Tier;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser, where one is installed: what it shows, what the keys do, and that it
 * obeys its own policy.
 */
@Timeout(180)
class ConsolePageTest {
  private static final String HOSTILE = "<img src=x onerror=\"document.title='owned'\">";
  private static final int STEPS = 60;

  private final FleetView view = new FleetView();
  private final ActViews acts = TestingActs.views();
  private @Nullable Chrome browser;
  private @Nullable ConsoleServer server;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    Path installed = Chrome.installed();
    if (installed == null) {
      abort("skipped: no chromium on the PATH, so the page was not opened in a browser");
      return;
    }
    MadeUpFleet fleet = new MadeUpFleet(view, 60, STEPS, 11);
    for (int i = 0; i < STEPS; i++) {
      fleet.next(1);
    }
    new TestingActs(acts, 40, 7).feed();
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            view,
            acts,
            () -> FleetFeed.Progress.DONE);
    browser = Chrome.start(installed, directory, 1400, 900);
  }

  @AfterEach
  void stop() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private Chrome chrome() {
    return Objects.requireNonNull(browser);
  }

  private void open(String where) throws IOException, InterruptedException {
    chrome().open("about:blank");
    chrome().open(where.startsWith("http") ? where : Objects.requireNonNull(server).url() + where);
    chrome().await("document.documentElement.dataset.shown");
  }

  private String text(String selector) throws IOException, InterruptedException {
    return chrome()
        .eval("(document.querySelector(" + quoted(selector) + ") || {}).innerText || ''")
        .asText();
  }

  private int count(String selector) throws IOException, InterruptedException {
    return chrome().eval("document.querySelectorAll(" + quoted(selector) + ").length").asInt();
  }

  private String focus() throws IOException, InterruptedException {
    return chrome()
        .eval("document.activeElement.dataset.key || document.activeElement.id")
        .asText();
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  @Test
  void theMapShowsTheFleetAndThatItIsSimulated() throws Exception {
    open("");
    assertThat(text("#mode")).isEqualTo("Simulated fleet: these machines are not real");
    assertThat(text("#placement")).contains("synthetic");
    assertThat(text("#feed")).isEqualTo("Live");
    assertThat(text(".map-panel .note")).contains("60 nodes, 720 disks");
    assertThat(count(".tile canvas")).isEqualTo(3);
    FleetView.Status status = view.status();
    int critical = status.disksByTier()[Tier.CRITICAL.ordinal()];
    assertThat(critical).isPositive();
    assertThat(text(".tier[data-key=critical] b")).isEqualTo(Integer.toString(critical));
    assertThat(chrome().eval("document.querySelector('.tile').getAttribute('aria-label')").asText())
        .contains("Rack r-001, 20 nodes, 240 disks", "critical");
    assertThat(text(".side")).contains(view.list(RiskQuery.all(1)).items().get(0).id());
    assertThat(chrome().eval("document.title").asText()).matches("\\([0-9]+\\) Forestall");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void theMapCutsNoDiskOffHoweverManyANodeHas() throws Exception {
    FleetView wide = new FleetView();
    new MadeUpFleet(wide, 22, STEPS, 11, 102).next(1);
    try (ConsoleServer other =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            wide,
            acts,
            () -> FleetFeed.Progress.DONE)) {
      open(other.url());
      for (int width : List.of(1400, 420)) {
        chrome().window(width, 900, 1);
        chrome()
            .await(
                "document.querySelector('.tile canvas').getBoundingClientRect().right"
                    + " <= document.querySelector('.map').getBoundingClientRect().right");
        double cell =
            chrome().eval("document.querySelector('.tile canvas').clientWidth").asDouble() / 102;
        assertThat(cell).as("a cell at %d", width).isGreaterThanOrEqualTo(3);
      }
      assertThat(chrome().complaints()).isEmpty();
    }
  }

  @Test
  void modelsThatAreNotOnTheTopicAreNotSaidToBeWithoutWeights() throws Exception {
    open("#/models");
    assertThat(text("main .explain"))
        .contains("what ships with the jobs", "symptoms 1")
        .doesNotContain("weights");
  }

  @Test
  void theKeysReachEverything() throws Exception {
    open("");
    chrome().eval("document.querySelector('.map [tabindex=\"0\"]').focus()");
    chrome().press("ArrowRight");
    assertThat(focus()).contains("r-002");
    chrome().press("ArrowLeft");
    chrome().press("Enter");
    chrome().await("document.querySelector('.rack-grid .cell')");
    assertThat(chrome().eval("location.hash").asText()).isEqualTo("#/fleet/eu-north/z-1/r-001");
    assertThat(count(".rack-grid .cell.disk")).isEqualTo(240);
    assertThat(count(".rack-grid .cell[tabindex=\"0\"]")).isEqualTo(1);
    chrome().eval("document.querySelector('.rack-grid [tabindex=\"0\"]').focus()");
    assertThat(focus()).isEqualTo("node-n-00001");
    chrome().press("ArrowDown");
    assertThat(focus()).isEqualTo("node-n-00002");
    chrome().press("ArrowRight");
    assertThat(focus()).startsWith("disk-MU");
    chrome().press("Enter");
    chrome().await("document.querySelector('.entity-title')");
    assertThat(text(".entity-title h2")).startsWith("Disk MU");
    chrome().press("u");
    chrome().await("document.querySelector('.rack-grid .cell')");
    chrome().press("/");
    assertThat(focus()).isEqualTo("find");
    for (String key : List.of("n", "-", "0", "0", "0", "0", "8")) {
      chrome().press(key);
    }
    chrome().await("document.querySelector('#found [role=option] b')");
    chrome().press("ArrowDown");
    chrome().press("Enter");
    chrome().await("document.querySelector('.entity-title h2')?.innerText.includes('n-00008')");
    chrome().press("?");
    assertThat(chrome().eval("document.getElementById('keys').open").asBoolean()).isTrue();
    chrome().press("Escape");
    chrome().press("g");
    chrome().press("a");
    chrome().await("document.querySelector('#view-title')?.innerText === 'Anomalies'");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void anEntityShowsSignalsWithWhatIsUsualAndWhy() throws Exception {
    open("#/entity/node/n-00008");
    chrome().await("document.querySelectorAll('.chart .uplot').length === 9");
    assertThat(text("[data-part=modes]")).contains("Software", "process memory grew");
    assertThat(text("[data-part=signals]")).contains("usual", "Process memory");
    assertThat(count(".chart.odd")).isPositive();
    assertThat(text("[data-part=anomalies]")).contains("times what its history let expect");
    assertThat(count("[data-part=related] .entity-chip")).isGreaterThanOrEqualTo(12);
    assertThat(text("[data-part=head]")).contains("eu-north", "r-001", "symptoms 1");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void everyListHasAnAddress() throws Exception {
    new TestingVolumes(acts).feed();
    for (Map.Entry<String, String> view :
        Map.of(
                "#/risks?tier=critical", "Risks",
                "#/anomalies", "Anomalies",
                "#/late?state=never", "Late and silent",
                "#/dead-letters", "Dead letters",
                "#/models", "Models",
                "#/decisions?outcome=refused", "Decisions",
                "#/policies", "Policies",
                "#/volumes", "Volumes",
                "#/failovers?state=ended", "Failovers")
            .entrySet()) {
      open(view.getKey());
      assertThat(text("#view-title")).as(view.getKey()).isEqualTo(view.getValue());
      assertThat(count("tbody tr")).as(view.getKey()).isPositive();
      assertThat(chrome().complaints()).as(view.getKey()).isEmpty();
    }
  }

  @Test
  void aNarrowWindowScrollsOneWayOnly() throws Exception {
    new TestingVolumes(acts).feed();
    new TestingVolumes(acts).feedShadows();
    chrome().window(420, 900, 1);
    for (String where :
        List.of(
            "",
            "#/fleet/eu-north/z-1/r-001",
            "#/entity/node/n-00008",
            "#/risks",
            "#/anomalies",
            "#/late",
            "#/dead-letters",
            "#/models",
            "#/incidents",
            "#/incidents/" + TestingActs.incidentId(0),
            "#/decisions",
            "#/decisions/" + decision("refused"),
            "#/approvals",
            "#/guard",
            "#/policies",
            "#/volumes",
            "#/volumes/orders",
            "#/volumes/reports",
            "#/failovers",
            "#/failovers/" + TestingVolumes.DONE)) {
      open(where);
      assertThat(chrome().eval("document.documentElement.scrollWidth").asInt())
          .as(where)
          .isLessThanOrEqualTo(420);
    }
  }

  private String decision(String outcome) {
    return acts.decisions()
        .list(DecisionQuery.parse(Map.of("outcome", outcome)))
        .items()
        .get(0)
        .id();
  }

  @Test
  void anIncidentIsToldFromItsSentenceToItsOriginals() throws Exception {
    open("#/incidents");
    int critical = acts.incidents().figures().openBySeverity()[Severity.CRITICAL.ordinal()];
    assertThat(critical).isPositive();
    assertThat(text("#count-incidents")).isEqualTo(Integer.toString(critical));
    assertThat(text(".sev-pick.sev-critical b")).isEqualTo(Integer.toString(critical));
    assertThat(text("#guard")).startsWith("Advise: nothing is executed");
    assertThat(count(".cards li")).isPositive();
    assertThat(text(".cards li b")).startsWith("Critical:");
    chrome().eval("document.querySelector('.sev-critical').click()");
    chrome().await("location.hash.includes('severity=critical')");
    chrome().await("document.querySelectorAll('.cards li').length === " + critical);

    IncidentView.Row row = acts.incidents().list(IncidentQuery.parse(Map.of())).items().get(0);
    IncidentView.Detail detail = Objects.requireNonNull(acts.incidents().detail(row.id()));
    open("#/incidents/" + row.id());
    assertThat(text("#incident-title")).isEqualTo(detail.incident().getSummary());
    assertThat(count(".suspects li")).isEqualTo(3);
    assertThat(text(".suspects")).contains("62%", "showed symptoms first");
    assertThat(count(".timeline .tl-real") + count(".timeline .tl-predicted"))
        .isEqualTo(detail.incident().getEvents().size());
    assertThat(count(".tl-mark.decided")).isLessThanOrEqualTo(1);
    assertThat(count("[data-part=events] tbody tr"))
        .isEqualTo(Math.min(60, detail.incident().getEvents().size()));
    assertThat(text("[data-part=recommendation]")).contains("Recommendation");
    assertThat(count(".card-link[aria-current]")).isEqualTo(1);
    chrome().press("u");
    chrome().await("location.hash === '#/incidents'");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void aDecisionShowsWhatEveryGuardSaid() throws Exception {
    DecisionView.Row row =
        acts.decisions()
            .list(DecisionQuery.parse(Map.of("code", "BUDGET_SPENT,STORM,LOW_CONFIDENCE")))
            .items()
            .get(0);
    open("#/decisions/" + row.id());
    assertThat(text(".outcome.big")).isEqualTo("Refused");
    assertThat(text(".entity-title code")).isEqualTo(row.code().name());
    assertThat(count(".guards tbody tr")).isEqualTo(TestingActs.GUARD_COUNT);
    assertThat(count(".guards tr.failed")).isEqualTo(1);
    assertThat(text(".guards tr.first")).contains(row.code().name());
    assertThat(count(".guards tr.first .against i.fail")).isEqualTo(1);
    assertThat(text(".inputs")).contains("412 GB", "probability of failure within 14 days");
    assertThat(text(".candidates")).contains("fits", "TARGET_AT_RISK");
    open("#/decisions/" + decision("advised"));
    assertThat(text(".panel-head .note")).contains("in act mode it would have been done");
    assertThat(chrome().complaints()).isEmpty();
    open("#/decisions/nothing");
    assertThat(text("main")).contains("No such decision is held");
  }

  @Test
  void budgetLocksModeHaltAndStormAreSaid() throws Exception {
    acts.poolEvent(TestingActs.automation("p-01", true, TestingActs.NOW_MILLIS - 1000));
    Policy halt = TestingActs.policy(PolicyKind.HALT, "all", "drill", null);
    halt.setReason(HOSTILE);
    acts.policy(TestingActs.key(halt), halt);
    open("#/guard");
    assertThat(text("#guard")).contains("Halted: all", "by ada", "Storm in pool p-01");
    assertThat(text("main"))
        .contains("pool/p-01/predicted", "set by a policy", "stopped by a storm", "Locked units");
    assertThat(count(".mode-chip.advise")).isEqualTo(10);
    assertThat(count(".panel[aria-labelledby=locks-title] tbody tr"))
        .isEqualTo(2 * acts.admissions().inFlight());
    open("#/fleet");
    assertThat(text("#guard")).contains("Halted: all", HOSTILE);
    assertThat(chrome().eval("document.title").asText()).doesNotContain("owned");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void aVolumeShowsHowItsShadowsFollowAndTheKeysReachThem() throws Exception {
    new TestingVolumes(acts).feedShadows();
    open("#/volumes");
    assertThat(text("tbody")).contains("1 of 3 in sync").contains("64 MiB to copy");
    chrome().eval("document.querySelector('[data-key=\"volume-reports\"]').click()");
    chrome().await("document.querySelector('#shadows-title')");
    String table = "[aria-label=Shadows]";
    assertThat(text(table))
        .contains("in sync", "being copied", "going")
        .contains("64 MiB, 8 MiB/s")
        .contains(", pass 4")
        .contains("3.125 MiB");
    assertThat(text("main"))
        .contains("its own")
        .contains("cannot be told")
        .contains("1 MiB at 3,145,728")
        .contains("asynchronous")
        .contains("Switch over")
        .contains("83 ms")
        .contains("Shadows built and retired")
        .contains("Build a shadow");
    chrome().eval("document.querySelector('" + table + "').focus()");
    chrome().press("ArrowDown");
    assertThat(focus()).isEqualTo("shadow-reports/0-node/n-5");
    chrome().press("ArrowDown");
    assertThat(focus()).isEqualTo("shadow-reports/1-node/n-4");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void aFailoverIsToldStepByStepWithWhatClientsFelt() throws Exception {
    new TestingVolumes(acts).feed();
    open("#/volumes/orders");
    assertThat(text("#view-title")).isEqualTo("orders");
    assertThat(text("main")).contains("n-1 (1) → n-2 (2)").contains("47 ms").contains("c-batch");
    chrome()
        .eval("document.querySelector('[data-key=\"saga-" + TestingVolumes.DONE + "\"]').click()");
    chrome().await("document.documentElement.dataset.view === 'failovers'");
    assertThat(text("#view-title")).contains("node/n-1 to node/n-2");
    assertThat(count(".track li.been"))
        .as("also the step that was passed before anybody told of it")
        .isEqualTo(9);
    assertThat(text(".steps")).contains("4 ms").contains("37 ms");
    assertThat(text("main")).contains("It serves both units.").contains("28 ms").contains("47 ms");
    open("#/sagas/" + TestingVolumes.OPEN);
    assertThat(text("#view-title")).as("an address of before").contains("node/n-3");
    open("#/failovers/" + TestingVolumes.OPEN);
    assertThat(text(".track [aria-current]")).contains("Fenced");
    assertThat(text("main")).contains("past the point of no return");
    open("#/failovers/" + TestingVolumes.GIVEN_BACK);
    assertThat(text(".track .back")).contains("Given back");
    assertThat(text("main")).contains("NO_SPACE");
    assertThat(chrome().complaints()).isEmpty();
  }

  @Test
  void whatWaitsIsShownWithItsEndAndWithoutATokenNobodyCanAnswer() throws Exception {
    open("#/approvals");
    int waiting = acts.decisions().waitingAt(TestingActs.NOW_MILLIS);
    assertThat(waiting).isPositive();
    assertThat(text("#count-waiting")).isEqualTo(Integer.toString(waiting));
    assertThat(count(".panel[aria-labelledby=view-title] .approval")).isEqualTo(waiting);
    assertThat(text(".approval .state")).contains("left");
    assertThat(text(".explain")).contains("--token-file");
    assertThat(count(".approve")).isZero();
    assertThat(chrome().complaints()).isEmpty();
  }

  /** The page's side of an approval; what the console does with it is tried where it is written. */
  @Test
  void anApprovalAsksForTheTokenOnceAndForAReason() throws Exception {
    open("");
    chrome()
        .eval(
            """
            window.sent = [];
            const real = window.fetch;
            window.fetch = async (url, options) => {
              if (options && options.method === 'POST') {
                window.sent.push([url, options.headers.Authorization, options.body]);
                const first = window.sent.length === 1;
                return new Response(JSON.stringify(first
                  ? { what: 'this token has expired', whatToDo: 'ask for a new one' } : { author: 'ada' }),
                  { status: first ? 401 : 201 });
              }
              const answer = await real(url, options);
              if (!String(url).includes('/approvals')) return answer;
              const body = await answer.json();
              body.writable = true;
              return new Response(JSON.stringify(body));
            };
            0
            """);
    chrome().eval("location.hash = '#/approvals'");
    chrome().await("document.querySelector('.approve input')");
    String proposal =
        chrome().eval("document.querySelector('.approval').dataset.proposal").asText();
    chrome().eval("document.querySelector('.approve .primary').click()");
    assertThat(chrome().eval("document.activeElement.dataset.key").asText())
        .as("a reason is needed")
        .isEqualTo("reason-" + proposal);
    chrome().press("o");
    chrome().press("k");
    String status = chrome().eval("document.getElementById('rows-in').textContent").asText();
    view.telemetry("simulated", 1000, TestingFleet.FIRST_DAY_MILLIS);
    chrome().await("document.getElementById('rows-in').textContent !== " + quoted(status));
    assertThat(focus()).as("a refresh takes no letter away").isEqualTo("reason-" + proposal);
    chrome().press("!");
    assertThat(chrome().eval("document.activeElement.value").asText()).isEqualTo("ok!");
    chrome().eval("document.querySelector('.approve .primary').click()");
    for (int tries = 1; tries <= 2; tries++) {
      chrome().await("document.querySelector('dialog.token[open] input')");
      assertThat(chrome().eval("window.sent.length").asInt()).isEqualTo(tries - 1);
      if (tries == 2) {
        assertThat(text("dialog.token")).contains("this token has expired");
      }
      for (String key : List.of("t", Integer.toString(tries))) {
        chrome().press(key);
      }
      chrome().press("Enter");
    }
    chrome().await("document.querySelector('.answer.done')");
    assertThat(text(".answer.done")).contains("Approved as ada", "decides again");
    assertThat(chrome().eval("JSON.stringify(window.sent)").asText())
        .isEqualTo(
            "[[\"/api/v1/proposals/%1$s/approve\",\"Bearer t1\",\"{\\\"reason\\\":\\\"ok!\\\"}\"],"
                    .formatted(proposal)
                + "[\"/api/v1/proposals/%1$s/approve\",\"Bearer t2\",\"{\\\"reason\\\":\\\"ok!\\\"}\"]]"
                    .formatted(proposal));
    assertThat(chrome().eval("localStorage.length").asInt()).isZero();
    assertThat(chrome().eval("sessionStorage.getItem('forestall-token')").asText()).isEqualTo("t2");
    chrome().await("document.querySelector('[data-key=forget]')");
    chrome().eval("document.querySelector('[data-key=forget]').click()");
    assertThat(chrome().eval("sessionStorage.length").asInt()).isZero();
  }

  @Test
  void anEntityLeadsToItsIncidentsAndDecisions() throws Exception {
    IncidentView.Row row = acts.incidents().list(IncidentQuery.parse(Map.of())).items().get(0);
    open("#/entity/" + ConsoleJson.lower(row.kind()) + "/" + row.subject());
    chrome()
        .await("document.querySelector('main').innerText.includes('Incidents that speak of it')");
    assertThat(count("a[href='#/incidents/" + row.id() + "']")).isEqualTo(1);
  }

  @Test
  void hostileIncidentsStayText() throws Exception {
    Incident hostile =
        Incident.newBuilder(
                Objects.requireNonNull(acts.incidents().detail(TestingActs.incidentId(0)))
                    .incident())
            .setId("<i>id/" + HOSTILE)
            .setSummary(HOSTILE + "</p><script>alert(1)</script>")
            .setSubject(TestingActs.ref(EntityKind.RACK, HOSTILE))
            .setRule("<u>rule</u>")
            .setSuspects(
                List.of(new Suspect(TestingActs.ref(EntityKind.NODE, HOSTILE), 7.0, HOSTILE)))
            .setEvents(
                List.of(
                    new EventRef(
                        HOSTILE,
                        "<b>type</b>",
                        TestingActs.ref(EntityKind.NODE, HOSTILE),
                        Long.MAX_VALUE / 2000,
                        true),
                    new EventRef(
                        "far",
                        "type",
                        TestingActs.ref(EntityKind.NODE, HOSTILE),
                        Long.MIN_VALUE,
                        false)))
            .build();
    acts.incident(hostile.getId(), hostile);
    Proposal proposal = TestingActs.proposal("<b>p", hostile, TestingActs.NOW_MILLIS + 1000);
    proposal.setReason(HOSTILE);
    acts.proposal(proposal);
    Decision decision =
        TestingActs.decision(
            "<b>d",
            proposal,
            DecisionOutcome.WAITING,
            DecisionCode.APPROVAL_NEEDED,
            TestingActs.NOW_MILLIS);
    decision.setText(HOSTILE);
    decision.getGuards().get(0).setText(HOSTILE);
    decision.getGuards().get(0).setGuard(HOSTILE);
    acts.decision(decision);
    String id = URLEncoder.encode(hostile.getId(), StandardCharsets.UTF_8).replace("+", "%20");
    for (String where :
        List.of(
            "#/incidents/" + id,
            "#/incidents",
            "#/decisions/%3Cb%3Ed",
            "#/decisions",
            "#/approvals")) {
      open(where);
      String page = chrome().eval("document.body.innerHTML").asText();
      assertThat(page)
          .as(where)
          .contains("&lt;img src=x onerror=")
          .doesNotContain("<img")
          .doesNotContain("<script>alert")
          .doesNotContain("<b>type")
          .doesNotContain("<u>rule");
      assertThat(chrome().eval("document.title").asText()).as(where).doesNotContain("owned");
      assertThat(chrome().complaints()).as(where).isEmpty();
    }
  }

  @Test
  void whatComesFromOutsideStaysText() throws Exception {
    Risk risk =
        TestingFleet.risk(
            HOSTILE,
            TestingFleet.FIRST_DAY_MILLIS,
            1,
            100,
            Tier.CRITICAL,
            List.of(new Reason("<b>metric</b>", 1.0, 1.0, "</td><script>alert(1)</script>")));
    risk.setNode("<i>node</i>");
    view.risk("disk/" + HOSTILE, risk);
    String id = URLEncoder.encode(HOSTILE, StandardCharsets.UTF_8).replace("+", "%20");
    for (String where : List.of("#/entity/disk/" + id, "#/risks", "#/fleet", "#/disk/" + id)) {
      open(where);
      String page = chrome().eval("document.body.innerHTML").asText();
      assertThat(page)
          .as(where)
          .contains("&lt;img src=x onerror=", "&lt;script&gt;alert(1)")
          .doesNotContain("<img")
          .doesNotContain("<script>alert")
          .doesNotContain("<i>node");
      assertThat(chrome().eval("document.title").asText()).doesNotContain("owned");
    }
  }

  @Test
  void saysWhenThereIsNothingYet() throws Exception {
    try (ConsoleServer empty =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            new FleetView(),
            () ->
                new FleetFeed.Progress(false, "no Kafka broker answers at b:1", Map.of(), 0, 0))) {
      open(empty.url());
      assertThat(text("#mode")).isEqualTo("No telemetry yet");
      assertThat(text("#trouble")).isEqualTo("no Kafka broker answers at b:1");
      assertThat(text(".map")).contains("No disk or node is known yet.");
    }
  }

  @Test
  void theReaderChoosesLightOrDark() throws Exception {
    chrome().prefer("dark");
    open("");
    String dark = chrome().eval("getComputedStyle(document.body).backgroundColor").asText();
    chrome().press("t");
    String light = chrome().eval("getComputedStyle(document.body).backgroundColor").asText();
    assertThat(light).isNotEqualTo(dark);
    open("#/risks");
    assertThat(chrome().eval("getComputedStyle(document.body).backgroundColor").asText())
        .isEqualTo(light);
    chrome().press("t");
    assertThat(chrome().eval("getComputedStyle(document.body).backgroundColor").asText())
        .isEqualTo(dark);
  }
}
