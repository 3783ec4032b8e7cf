package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
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
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            view,
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
    assertThat(text("#mode")).isEqualTo("Simulated fleet: nothing here is real");
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
    for (Map.Entry<String, String> view :
        Map.of(
                "#/risks?tier=critical", "Risks",
                "#/anomalies", "Anomalies",
                "#/late?state=never", "Late and silent",
                "#/dead-letters", "Dead letters",
                "#/models", "Models")
            .entrySet()) {
      open(view.getKey());
      assertThat(text("#view-title")).as(view.getKey()).isEqualTo(view.getValue());
      assertThat(count("tbody tr")).as(view.getKey()).isPositive();
      assertThat(chrome().complaints()).as(view.getKey()).isEmpty();
    }
  }

  @Test
  void aNarrowWindowScrollsOneWayOnly() throws Exception {
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
            "#/models")) {
      open(where);
      assertThat(chrome().eval("document.documentElement.scrollWidth").asInt())
          .as(where)
          .isLessThanOrEqualTo(420);
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
