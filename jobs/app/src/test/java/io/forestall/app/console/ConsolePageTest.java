package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.io.File;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser, where one is installed: what it shows, and that it obeys its own
 * policy.
 */
@Timeout(180)
class ConsolePageTest {
  private static final String HOSTILE = "<img src=x onerror=\"document.title='owned'\">";

  private final FleetView view = new FleetView();
  private final TestingFleet fleet = new TestingFleet(view, 500, 11);

  private Path directory;
  private ConsoleServer server;
  private String errors = "";

  @BeforeEach
  void start(@TempDir Path temporary) throws IOException {
    directory = temporary;
    for (int day = 0; day < 40; day++) {
      fleet.nextDay();
    }
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            view,
            () -> FleetFeed.Progress.DONE);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void showsTheFleetTheRisksAndThatItIsSimulated() throws Exception {
    String page = open("");
    assertThat(page).contains("data-shown=\"true\"");
    assertThat(text(page, "mode")).isEqualTo("Simulated fleet: no disk here is real");
    assertThat(text(page, "placement")).contains("synthetic");
    assertThat(page).doesNotContain("id=\"placement\" class=\"note\" hidden");
    assertThat(text(page, "rows-in")).isEqualTo("20,000");
    assertThat(text(page, "feed")).isEqualTo("Live");
    assertThat(text(page, "fleet-note")).contains("2 racks, 12 nodes, 500 disks");
    assertThat(count(page, "<canvas aria-hidden")).isEqualTo(2);
    EntityRisk worst = view.list(RiskQuery.all(1)).items().get(0);
    assertThat(page.indexOf(">" + worst.id() + "<")).isPositive();
    assertThat(count(page, "<tr aria-current=")).isEqualTo(50);
    assertThat(page).contains("Not a number").contains("Unknown entity");
    assertThat(page).containsPattern("aria-label=\"Rack r-01: 360 disks, [0-9]+ ");
    assertThat(page)
        .contains(
            "<title>(" + view.status().disksByTier()[Tier.CRITICAL.ordinal()] + ") Forestall");
    assertThat(errors).doesNotContain("Content Security Policy").doesNotContain("Uncaught");
  }

  @Test
  void showsOneDiskWithItsReasonsAsCharts() throws Exception {
    EntityRisk worst = view.list(RiskQuery.all(1)).items().get(0);
    String page = open("#/disk/" + worst.id());
    assertThat(page).contains("Disk " + worst.id()).contains("Why now").contains("grew by");
    assertThat(count(page, "class=\"uplot")).isEqualTo(4);
    assertThat(page).contains("disk-lstm 1").contains("(synthetic)").contains("within 30 d");
    assertThat(errors).doesNotContain("Content Security Policy").doesNotContain("Uncaught");
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
    String page =
        open("#/disk/" + URLEncoder.encode(HOSTILE, StandardCharsets.UTF_8).replace("+", "%20"));
    assertThat(page).contains("&lt;img src=x onerror=").contains("&lt;script&gt;alert(1)");
    assertThat(page)
        .doesNotContain("<img")
        .doesNotContain("<script>alert")
        .doesNotContain("<i>node")
        .doesNotContain("<title>owned");
  }

  @Test
  void saysWhenThereIsNothingYet() throws Exception {
    try (ConsoleServer empty =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            new FleetView(),
            () ->
                new FleetFeed.Progress(false, "no Kafka broker answers at b:1", Map.of(), 0, 0))) {
      String page = open(empty.url());
      assertThat(text(page, "mode")).isEqualTo("No telemetry yet");
      assertThat(text(page, "trouble")).isEqualTo("no Kafka broker answers at b:1");
      assertThat(page)
          .contains("No disk is known yet.")
          .contains("None: everything that came in could be read.");
    }
  }

  private String open(String where) throws IOException, InterruptedException {
    Path chromium = chromium();
    assumeTrue(
        chromium != null,
        "skipped: no chromium on the PATH, so the page was not opened in a browser");
    Path profile = Files.createTempDirectory(directory, "profile");
    Path out = Files.createTempFile(directory, "page", ".html");
    Path err = Files.createTempFile(directory, "browser", ".log");
    List<String> command = new ArrayList<>(List.of(String.valueOf(chromium)));
    command.addAll(
        List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--window-size=1600,1000",
            "--user-data-dir=" + profile,
            "--virtual-time-budget=6000",
            "--dump-dom",
            where.startsWith("http") ? where : server.url() + where));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).as("the browser ended").isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    errors = Files.readString(err);
    return Files.readString(out);
  }

  private static @Nullable Path chromium() {
    String path = System.getenv("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
        Path candidate = Path.of(folder, name);
        if (Files.isExecutable(candidate)) {
          return candidate;
        }
      }
    }
    return null;
  }

  private static String text(String page, String id) {
    Matcher matcher = Pattern.compile("id=\"" + id + "\"[^>]*>([^<]*)<").matcher(page);
    assertThat(matcher.find()).as(id).isTrue();
    return matcher.group(1);
  }

  private static int count(String page, String what) {
    int count = 0;
    for (int at = page.indexOf(what); at >= 0; at = page.indexOf(what, at + 1)) {
      count++;
    }
    return count;
  }
}
