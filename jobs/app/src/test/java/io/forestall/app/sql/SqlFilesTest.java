package io.forestall.app.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.TestingBroker;
import io.forestall.app.runtime.EmbeddedFlink;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelTally;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.SignalBaseline;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Tier;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import io.forestall.schemas.Topics;
import io.forestall.schemas.TrialFigures;
import io.forestall.schemas.TrialReason;
import io.forestall.schemas.TrialVerdict;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Every file of {@code sql/} runs against a real broker with a small fleet whose answers are known.
 */
@Timeout(240)
class SqlFilesTest {
  private static final Path FILES = Path.of("..", "..", "sql");
  private static final String PREFIX = "sqltest";
  private static final long DAY = 86_400_000L;
  private static final long START = 1_767_225_600_000L;

  /** The files that no other test here runs. */
  private static final Set<String> RUN_ONLY = Set.of("00_tables.sql", "60_highest_risks.sql");

  private static TestingBroker broker;
  private static EmbeddedFlink flink;
  private static final StringWriter ANSWER = new StringWriter();
  private static SqlRunner runner;

  /** Where the last telemetry record went. */
  private static int partition;

  @BeforeAll
  static void seed(@TempDir Path directory) throws Exception {
    broker = TestingBroker.start(directory.resolve("kafka"), PREFIX);
    // One cluster and one runner for all: the planner takes a second for each environment.
    flink = EmbeddedFlink.start(directory.resolve("flink"));
    runner =
        new SqlRunner(remote(false, true, 1000), variables(), Map.of(), new PrintWriter(ANSWER));
    for (String disk : List.of("A", "B", "C", "D", "GONE")) {
      send(Topics.FLEET, "disk/" + disk, fleet(disk, disk.equals("C") ? "r-02" : "r-01"));
    }
    send(Topics.FLEET, "disk/GONE", null);

    // Three days of three disks and their node; B's second sample is bad.
    for (int day = 0; day < 3; day++) {
      send(Topics.TELEMETRY, "n-0001", frame(day, "A", "B", "C"));
    }
    long secondFrame = 1;
    dead(partition, secondFrame, 1, DeadReason.NOT_A_NUMBER, "B");
    dead(partition, secondFrame, 1, DeadReason.NOT_A_NUMBER, "B");
    // A whole frame from the future, and bytes that are no frame.
    long future = send(Topics.TELEMETRY, "n-0001", frame(4000, "A", "B"));
    dead(partition, future, -1, DeadReason.FUTURE_TIME, null);
    long garbage = send(Topics.TELEMETRY, "n-0001", new byte[] {1, 2, 3});
    dead(partition, garbage, -1, DeadReason.UNDECODABLE, null);
    send(
        Topics.DEAD_LETTERS,
        "2026-01-01.csv",
        letter("2026-01-01.csv", -1, 17, -1, DeadReason.WRONG_TYPE, null));

    risk("A", 0, 1, 5, Tier.HEALTHY, 0);
    risk("A", 1, 2, 55, Tier.WARNING, 1);
    risk("A", 1, 2, 55, Tier.WARNING, 1);
    risk("A", 2, 3, 91, Tier.CRITICAL, 2);
    risk("B", 0, 1, 1, Tier.HEALTHY, 0);
    risk("B", 2, 2, 2, Tier.HEALTHY, 0);
    for (int day = 0; day < 3; day++) {
      risk("C", day, day + 1, 30, Tier.WATCH, 0);
    }
    anomaly("node/n-0001", "cpu_busy_ratio", 0, 0.91, false);
    anomaly("node/n-0001", "cpu_busy_ratio", 1, 0.95, false);
    anomaly("disk/A", "disk_latency_seconds", 1, 0.99, false);
    anomaly("disk/B", "disk_latency_seconds", 0, 0.99, false);
    anomaly("disk/B", "disk_latency_seconds", 1, 0.1, true);
    anomaly("disk/C", "disk_latency_seconds", -30, 0.99, false);
    baseline("pair/v@c", 900, 0.002);
    baseline("pair/v@c", 1000, 0.003);
    baseline("node/n-0001", 500, 0.01);
    TestingDecisions.seed(SqlFilesTest::send, START);
    TestingFailovers.seed(SqlFilesTest::send, START);
    TestingShadows.seed(SqlFilesTest::send, START);
    // The challenger: of A as sure, of B worried, of C what it said of an older sample; and a disk
    // that nobody knows.
    advised("A", 1, 2, 10, Tier.HEALTHY, 2, 0.4);
    advised("A", 2, 3, 85, Tier.CRITICAL, 2, 0.9);
    advised("B", 2, 2, 66, Tier.WARNING, 2, 0.45);
    advised("C", 1, 2, 70, Tier.WARNING, 2, 0.9);
    advised("NOBODY", 2, 3, 99, Tier.CRITICAL, 2, 0.9);
    trial(1, TrialVerdict.REFUSED, List.of(TrialReason.NOT_BETTER), 3);
    trial(2, TrialVerdict.ACCEPTED, List.of(), null);
    tally(1, 0.02, true);
    tally(2, 0.21, false);
    tally(2, 0.22, false);
    send(
        Topics.RISK,
        "node/n-0001",
        Risk.newBuilder()
            .setEntity(new EntityRef(EntityKind.NODE, "n-0001"))
            .setTimeMillis(START + 400 * DAY)
            .setSamples(7)
            .setScore(99)
            .setTier(Tier.CRITICAL)
            .setTierSinceMillis(START)
            .setProbability(0.5)
            .setHorizonMillis(DAY)
            .setConfidence(1)
            .setModes(
                List.of(new ModeRisk(FailureMode.SOFTWARE, 0.5, DAY, "symptoms", 1, List.of())))
            .build());
  }

  private static void trial(
      int day, TrialVerdict verdict, List<TrialReason> reasons, @Nullable Integer moved)
      throws Exception {
    send(
        Topics.MODEL_TRIALS,
        "disk",
        ModelTrial.newBuilder()
            .setId("disk/" + day)
            .setMode(FailureMode.DISK)
            .setTimeMillis(START + day * DAY)
            .setVerdict(verdict)
            .setReasons(reasons)
            .setText("a sentence")
            .setChallengerId("disk-lstm")
            .setChallengerVersion(day + 1)
            .setHorizonMillis(30 * DAY)
            .setTestFailures(40)
            .setChallenger(new TrialFigures(0.5, 0.1, 10.0, 12.0, 1.2, 1.25))
            .setChampion(new TrialFigures(0.45, 3.0, null, 12.0, null, null))
            .setSureness(0.8)
            .setRecalibratedVersion(moved)
            .setRecalibrationNats(moved == null ? null : 0.3)
            .build());
  }

  private static void tally(int version, double share, boolean demoted) throws Exception {
    send(
        Topics.MODEL_TALLIES,
        "disk/disk-lstm/" + version,
        new ModelTally(
            "disk-lstm",
            version,
            FailureMode.DISK,
            START + DAY,
            100.0,
            100 * share,
            0.2,
            share,
            share / 2,
            2 * share,
            demoted,
            "a sentence"));
  }

  private static void anomaly(String key, String signal, int hour, double score, boolean ended)
      throws Exception {
    AnomalyRecord record = new AnomalyRecord();
    record.setEntity(Keys.parse(key));
    record.setTimeMillis(START + hour * 3_600_000L);
    record.setSinceMillis(START);
    record.setEnded(ended);
    record.setSignal(signal);
    record.setValue(3.0);
    record.setExpected(1.0);
    record.setSpread(0.1);
    record.setScore(score);
    record.setWorse(true);
    record.setText("a sentence");
    send(Topics.ANOMALIES, key, record);
  }

  private static void baseline(String key, long samples, double level) throws Exception {
    BaselineRecord record = new BaselineRecord();
    record.setEntity(Keys.parse(key));
    record.setTimeMillis(START + samples);
    record.setSamples(samples);
    record.setSignals(
        List.of(
            new SignalBaseline("path_latency_seconds", samples, level, 0.1, level, null),
            new SignalBaseline("path_error_ratio", samples, 0.0, 0.1, 0.0, 0.5)));
    send(Topics.BASELINES, key, record);
  }

  @Test
  void anomaliesThatLastAreListedTheWorstFirst() throws Exception {
    List<JsonNode> rows = ask("90_anomalies_now.sql");
    assertThat(rows)
        .extracting(r -> r.get("entity").asText() + " " + r.get("score").asDouble())
        .containsExactly("disk/A 0.99", "node/n-0001 0.95");
    assertThat(rows.get(0).get("against").asText()).isEqualTo("own past");
    assertThat(ask("90_anomalies_now.sql", "hours", "100"))
        .extracting(r -> r.get("entity").asText())
        .containsExactly("disk/A", "disk/C", "node/n-0001");
  }

  @Test
  void baselinesOfOneThingSignalBySignal() throws Exception {
    List<JsonNode> rows = ask("91_baselines_of_one.sql");
    assertThat(rows)
        .extracting(r -> r.get("entity").asText() + " " + r.get("signal").asText())
        .containsExactly("pair/v@c path_error_ratio", "pair/v@c path_latency_seconds");
    assertThat(rows.get(1).get("level").asDouble()).isEqualTo(0.003);
    assertThat(rows.get(1).get("peer_median").isNull()).isTrue();
    assertThat(rows.get(0).get("peer_median").asDouble()).isEqualTo(0.5);
    assertThat(ask("91_baselines_of_one.sql", "entity", "node/n-0001")).hasSize(2);
    assertThat(ask("91_baselines_of_one.sql", "entity", "no'ne")).isEmpty();
  }

  @Test
  void incidentsThatAreOpenAreListedTheWorstFirst() throws Exception {
    assertThat(ask("92_incidents_now.sql"))
        .extracting(
            r ->
                r.get("incident").asText()
                    + " "
                    + r.get("severity").asText()
                    + " "
                    + r.get("events").asInt())
        .containsExactly("i-1 CRITICAL 4", "i-2 WARNING 1", "i-3 CRITICAL 1");
  }

  @Test
  void everyGuardOfADecisionIsARow() throws Exception {
    List<JsonNode> rows = ask("93_decisions_with_guards.sql");
    assertThat(rows)
        .extracting(
            r ->
                r.get("subject").asText()
                    + " "
                    + r.get("code").asText()
                    + " "
                    + r.get("guard").asText())
        .containsExactly(
            "node/n-3 BUDGET_SPENT mode",
            "node/n-3 BUDGET_SPENT budget",
            "node/n-2 OK mode",
            "node/n-2 OK budget",
            "node/n-2 APPROVAL_NEEDED mode",
            "node/n-2 APPROVAL_NEEDED budget",
            "node/n-4 APPROVAL_NEEDED mode",
            "node/n-4 APPROVAL_NEEDED budget",
            "node/n-1 ADVISE_MODE mode",
            "node/n-1 ADVISE_MODE budget");
    assertThat(rows.get(1).get("observed").asDouble()).isEqualTo(3);
    assertThat(rows.get(1).get("limit").asDouble()).isEqualTo(2);
    assertThat(ask("93_decisions_with_guards.sql", "subject", "node/n-1")).hasSize(2);
    assertThat(ask("93_decisions_with_guards.sql", "decisions", "1")).hasSize(2);
    assertThat(ask("93_decisions_with_guards.sql", "subject", "no'ne")).isEmpty();
  }

  @Test
  void refusalsAreCountedByCodeAndOnce() throws Exception {
    assertThat(ask("94_refusals_by_code.sql"))
        .extracting(
            r ->
                r.get("outcome").asText()
                    + " "
                    + r.get("code").asText()
                    + " "
                    + r.get("decisions").asInt())
        .containsExactlyInAnyOrder("REFUSED BUDGET_SPENT 1", "ADVISED ADVISE_MODE 1");
  }

  @Test
  void actsInFlightAreThoseWithoutAnEnd() throws Exception {
    List<JsonNode> rows = ask("95_acts_in_flight.sql");
    assertThat(rows).extracting(r -> r.get("admission").asText()).containsExactly("a-2");
    assertThat(rows.get(0).get("budget").asText()).isEqualTo("pool/p1");
    assertThat(rows.get(0).get("budget_left").asDouble()).isEqualTo(1);
  }

  @Test
  void whatWaitsIsWhatWasNotDecidedSince() throws Exception {
    List<JsonNode> rows = ask("96_what_waits.sql");
    assertThat(rows)
        .extracting(r -> r.get("proposal").asText() + " " + r.get("waits_for").asText())
        .containsExactly("p-4 APPROVAL_NEEDED");
    assertThat(rows.get(0).get("cost_bytes").asLong()).isEqualTo(1024);
  }

  @Test
  void incidentsHaveTheirNewestDecisions() throws Exception {
    assertThat(ask("97_incidents_and_their_decisions.sql"))
        .extracting(
            r ->
                r.get("incident").asText()
                    + " "
                    + r.get("state").asText()
                    + " "
                    + r.get("code").asText())
        .containsExactlyInAnyOrder(
            "i-1 UPDATED OK", "i-2 OPENED ADVISE_MODE", "i-3 OPENED null", "i-4 RESOLVED null");
    assertThat(ask("97_incidents_and_their_decisions.sql", "incident", "i-2")).hasSize(1);
  }

  @Test
  void mapsSayWhoOwnsWhat() throws Exception {
    List<JsonNode> rows = ask("82_volumes_and_their_owners.sql", "volume", "v-1");
    assertThat(rows)
        .extracting(
            r ->
                r.get("unit").asText()
                    + " "
                    + r.get("owner").asText()
                    + " "
                    + r.get("epoch").asLong()
                    + " "
                    + r.get("further_copies").asInt())
        .containsExactly("v-1/0 node/n-2 2 1", "v-1/1 node/n-2 1 0");
    assertThat(rows.get(0).get("degraded").asBoolean()).isTrue();
    assertThat(ask("82_volumes_and_their_owners.sql", "volume", "no'ne")).isEmpty();
  }

  @Test
  void theOwnershipLogTellsWhichRecordWasFirst() throws Exception {
    assertThat(ask("83_ownership_of_units.sql", "unit", "v-1/0"))
        .extracting(
            r ->
                r.get("kind").asText()
                    + " "
                    + r.get("epoch_after").asLong()
                    + " "
                    + r.get("owner").asText()
                    + " "
                    + r.get("place").asLong())
        .containsExactly("TAKEOVER 2 node/n-3 2", "TAKEOVER 2 node/n-2 1", "START 1 node/n-1 1");
    assertThat(ask("83_ownership_of_units.sql", "unit", "v-1/1")).isEmpty();
  }

  @Test
  void shadowsAreListedTheOneFurthestBehindFirst() throws Exception {
    List<JsonNode> rows = ask("84_lag_by_shadow.sql");
    assertThat(rows)
        .extracting(
            r ->
                r.get("unit").asText()
                    + " "
                    + r.get("shadow").asText()
                    + " "
                    + r.get("state").asText()
                    + " "
                    + r.get("lag_records").asLong())
        .containsExactly("v-1/1 node/n-8 CATCHING_UP 20", "v-1/0 node/n-7 IN_SYNC 0");
    assertThat(rows.get(1).get("verified_round").asLong()).isEqualTo(4);
    assertThat(rows.get(0).get("verified").isNull()).isTrue();
    assertThat(ask("84_lag_by_shadow.sql", "volume", "no'ne")).isEmpty();
  }

  @Test
  void divergencesAreListedOnceWithWhoIsToBlame() throws Exception {
    List<JsonNode> rows = ask("85_divergences.sql");
    assertThat(rows)
        .extracting(
            r ->
                r.get("holder").asText()
                    + " "
                    + r.get("severity").asText()
                    + " "
                    + r.get("attributed").asText()
                    + " "
                    + r.get("from_byte").asLong())
        .containsExactly("node/n-1 CRITICAL stored-checksum 1048576", "node/n-7 ERROR none 0");
    assertThat(ask("85_divergences.sql", "unit", "v-1/1")).isEmpty();
  }

  @Test
  void unitsAtRiskAreListedUnlessAShadowIsNamed() throws Exception {
    List<JsonNode> rows = ask("86_units_at_risk_without_shadow.sql");
    assertThat(rows).extracting(r -> r.get("unit").asText()).containsExactly("v-7/0");
    assertThat(rows.get(0).get("copies").asInt()).as("one that is behind is none").isEqualTo(2);
    assertThat(rows.get(0).get("nodes_at_risk").asText()).isEqualTo("n-0001");
    assertThat(rows.get(0).get("worst_score").asDouble()).isEqualTo(99);
    assertThat(ask("86_units_at_risk_without_shadow.sql", "volume", "v-1")).isEmpty();
  }

  @Test
  void switchoversAreListedWithWhatClientsFelt() throws Exception {
    List<JsonNode> rows = ask("87_switchovers_of_volumes.sql", "volume", "v-7");
    assertThat(rows).as("who came second took nothing").hasSize(1);
    JsonNode row = rows.get(0);
    assertThat(row.get("act").asText()).isEqualTo("SWITCHOVER");
    assertThat(row.get("state").asText()).isEqualTo("DONE");
    assertThat(row.get("owner").asText()).isEqualTo("n-9");
    assertThat(row.get("units").asInt()).isEqualTo(1);
    assertThat(row.get("pause_millis").asLong()).isEqualTo(83);
    assertThat(row.get("text").asText()).isEqualTo("node/n-9 serves v-7/0.");
    assertThat(ask("87_switchovers_of_volumes.sql"))
        .extracting(r -> r.get("volume").asText() + " " + r.get("pause_millis").asText())
        .containsExactlyInAnyOrder("v-7 83", "v-1 null");
  }

  @Test
  void shadowsThatWereNeverVerifiedComeFirst() throws Exception {
    assertThat(ask("88_verification_of_shadows.sql"))
        .extracting(
            r ->
                r.get("unit").asText()
                    + " "
                    + r.get("verified_round").asLong()
                    + " "
                    + r.get("found_its_own").asLong()
                    + " "
                    + r.get("found_not_attributed").asLong())
        .containsExactly("v-1/1 0 0 0", "v-1/0 4 0 1");
    assertThat(ask("88_verification_of_shadows.sql", "volume", "no'ne")).isEmpty();
  }

  @Test
  void actsAreShownStepByStepAndEachStepOnce() throws Exception {
    assertThat(ask("98_acts_step_by_step.sql"))
        .extracting(r -> r.get("state").asText() + " " + r.get("since_begin_millis").asLong())
        .containsExactly("CHECKING 0", "FENCED 7", "CONFIRMED 32");
    assertThat(ask("98_acts_step_by_step.sql", "admission", "a-1")).isEmpty();
  }

  @Test
  void commandsHaveTheirNewestAnswer() throws Exception {
    assertThat(ask("99_commands_and_their_answers.sql"))
        .extracting(
            r ->
                r.get("kind").asText()
                    + " "
                    + r.get("addressee").asText()
                    + " "
                    + r.get("status").asText()
                    + " "
                    + r.get("after_millis").asText())
        .containsExactly("DEMOTE node/n-1 null null", "PROBE node/n-2 DONE 3");
    assertThat(ask("99_commands_and_their_answers.sql", "admission", "a-2")).isEmpty();
  }

  @AfterAll
  static void stop() {
    flink.close();
    broker.close();
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(FILES)) {
      return all.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
    }
  }

  @Test
  void everyFileIsRunByATestHere() throws Exception {
    Set<String> asserted =
        Set.of(
            "10_fleet_at_risk_by_rack.sql",
            "20_changed_in_the_last_hour.sql",
            "30_dead_letters_by_reason.sql",
            "40_rows_in_against_rows_scored.sql",
            "50_one_disk.sql",
            "70_models_in_use.sql",
            "71_challenger_against_champion.sql",
            "72_disks_on_which_models_differ.sql",
            "73_trials_of_models.sql",
            "74_models_that_keep_their_word.sql",
            "80_silent_or_never_scored.sql",
            "90_anomalies_now.sql",
            "91_baselines_of_one.sql",
            "92_incidents_now.sql",
            "93_decisions_with_guards.sql",
            "94_refusals_by_code.sql",
            "95_acts_in_flight.sql",
            "96_what_waits.sql",
            "97_incidents_and_their_decisions.sql",
            "82_volumes_and_their_owners.sql",
            "83_ownership_of_units.sql",
            "84_lag_by_shadow.sql",
            "85_divergences.sql",
            "86_units_at_risk_without_shadow.sql",
            "87_switchovers_of_volumes.sql",
            "88_verification_of_shadows.sql",
            "98_acts_step_by_step.sql",
            "99_commands_and_their_answers.sql");
    for (Path file : files()) {
      String name = file.getFileName().toString();
      assertThat(name).matches("[0-9]{2}_[a-z_]+\\.sql");
      assertThat(asserted.contains(name) || RUN_ONLY.contains(name)).as(name).isTrue();
    }
    for (String name : RUN_ONLY) {
      ask(name);
    }
    assertThat(ask("60_highest_risks.sql"))
        .hasSize(3)
        .first()
        .extracting(r -> r.get("disk").asText())
        .isEqualTo("A");
  }

  @Test
  void theCommandRunsAFileWithoutACluster() {
    StringWriter out = new StringWriter();
    assertThat(run(out, "--output", "table", FILES.resolve("60_highest_risks.sql").toString()))
        .as(out.toString())
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("largest_reason").contains("3 rows");
  }

  @Test
  void theFileOfTablesIsWhatTheCatalogueGives() throws IOException {
    String file = Files.readString(FILES.resolve("00_tables.sql"));
    assertThat(file)
        .as("sql/00_tables.sql is old: scripts/sql --tables > sql/00_tables.sql")
        .isEqualTo(SqlTables.script());
    for (TopicSpec topic : TopicCatalogue.load()) {
      assertThat(file)
          .contains("CREATE TABLE IF NOT EXISTS `" + SqlTables.name(topic) + "`")
          .contains("'topic' = '" + topic.name("${prefix}") + "'");
    }
  }

  @Test
  void rowsInReconcileWithRowsScored() throws Exception {
    JsonNode answer = ask("40_rows_in_against_rows_scored.sql").get(0);
    assertThat(answer.get("rows_in").asLong()).isEqualTo(11);
    assertThat(answer.get("rows_scored").asLong()).isEqualTo(8);
    assertThat(answer.get("rows_dead").asLong()).isEqualTo(3);
    assertThat(answer.get("missing").asLong()).isZero();
    assertThat(answer.get("unreadable").asLong()).isEqualTo(1);
    assertThat(answer.get("refused_lines").asLong()).isEqualTo(1);
  }

  @Test
  void racksAreCountedWithoutWhatHasEnded() throws Exception {
    List<JsonNode> racks = ask("10_fleet_at_risk_by_rack.sql");
    assertThat(racks).extracting(r -> r.get("rack").asText()).containsExactly("r-01", "r-02");
    assertThat(racks.get(0).get("disks").asInt()).isEqualTo(3);
    assertThat(racks.get(0).get("scored").asInt()).isEqualTo(2);
    assertThat(racks.get(0).get("critical").asInt()).isEqualTo(1);
    assertThat(racks.get(1).get("watch").asInt()).isEqualTo(1);
  }

  @Test
  void changesAreThoseOfTheLastHourOfEventTime() throws Exception {
    assertThat(ask("20_changed_in_the_last_hour.sql"))
        .extracting(r -> r.get("disk").asText() + r.get("tier").asText())
        .containsExactly("ACRITICAL");
    assertThat(ask("20_changed_in_the_last_hour.sql", "hours", "100"))
        .extracting(r -> r.get("disk").asText())
        .containsExactly("A", "C", "B");
  }

  @Test
  void aDeadLetterWrittenTwiceIsOne() throws Exception {
    assertThat(ask("30_dead_letters_by_reason.sql"))
        .extracting(r -> r.get("reason").asText() + r.get("letters").asInt())
        .containsExactly("FUTURE_TIME1", "NOT_A_NUMBER1", "UNDECODABLE1", "WRONG_TYPE1");
  }

  @Test
  void oneDiskHasItsHistoryAndReasons() throws Exception {
    List<JsonNode> history = ask("50_one_disk.sql", "disk", "A");
    assertThat(history).extracting(r -> r.get("samples").asInt()).startsWith(3).endsWith(1);
    assertThat(history.get(0).get("largest_reason").asText()).isEqualTo("smart_5_raw grew");
    assertThat(history.get(0).get("next_reason").isNull()).isTrue();
    assertThat(ask("50_one_disk.sql").get(0).get("disk").asText()).isEqualTo("A");
    assertThat(ask("50_one_disk.sql", "disk", "no'ne")).isEmpty();
  }

  @Test
  void disksWithoutAScoreAreNamed() throws Exception {
    assertThat(ask("80_silent_or_never_scored.sql"))
        .extracting(r -> r.get("disk").asText() + " " + r.get("state").asText())
        .containsExactly("D never scored");
  }

  @Test
  void modelsAreCounted() throws Exception {
    JsonNode model = ask("70_models_in_use.sql").get(0);
    assertThat(model.get("model").asText() + model.get("version").asInt()).isEqualTo("disk-lstm1");
    assertThat(model.get("disks").asInt()).isEqualTo(3);
  }

  @Test
  void challengerAndChampionAreComparedByTierOnTheSameSample() throws Exception {
    assertThat(ask("71_challenger_against_champion.sql"))
        .extracting(
            r ->
                r.get("challenger").asText()
                    + " "
                    + r.get("champion_tier").asText()
                    + " "
                    + r.get("challenger_tier").asText()
                    + " "
                    + r.get("disks").asInt()
                    + " "
                    + r.get("trust_ratio").asDouble()
                    + " "
                    + r.get("who_would_act").asText())
        .containsExactly(
            "disk-lstm 2 CRITICAL CRITICAL 1 1.0 both would act",
            "disk-lstm 2 HEALTHY WARNING 1 0.5 only the challenger would act");
    List<JsonNode> disks = ask("72_disks_on_which_models_differ.sql");
    assertThat(disks).extracting(r -> r.get("disk").asText()).containsExactly("B");
    assertThat(disks.get(0).get("challenger_reason").asText()).isEqualTo("smart_197_raw grew");
    assertThat(disks.get(0).get("champion_reason").isNull()).isTrue();
    assertThat(disks.get(0).get("who_would_act").asText())
        .isEqualTo("only the challenger would act");
  }

  @Test
  void trialsAndWhatModelsPromisedAreTold() throws Exception {
    assertThat(ask("73_trials_of_models.sql"))
        .extracting(
            r ->
                r.get("verdict").asText()
                    + " "
                    + r.get("reason").asText()
                    + " "
                    + r.get("challenger").asText()
                    + " "
                    + r.get("champion").asText()
                    + " "
                    + r.get("challenger_found_percent").asDouble()
                    + " "
                    + r.get("champion_moved_to_version").asText())
        .containsExactly(
            "ACCEPTED  disk-lstm 3 count of error counters 50.0 null",
            "REFUSED NOT_BETTER disk-lstm 2 count of error counters 50.0 3");
    assertThat(ask("74_models_that_keep_their_word.sql"))
        .extracting(
            r ->
                r.get("version").asInt()
                    + " "
                    + r.get("promised_percent").asDouble()
                    + " "
                    + r.get("came_true_percent").asDouble()
                    + " "
                    + r.get("demoted").asBoolean())
        .containsExactly("1 20.0 2.0 true", "2 20.0 22.0 false");
  }

  @Test
  void followingPrintsChangesAndRetractions() {
    StringWriter out = new StringWriter();
    SqlRunner following =
        new SqlRunner(remote(true, false, 4), variables(), Map.of(), new PrintWriter(out));
    following.run(
        "test", "SELECT record_key, MAX(samples) AS samples FROM risk GROUP BY record_key");
    assertThat(out.toString().lines().toList())
        .hasSize(5)
        .first()
        .isEqualTo("change  record_key  samples");
    assertThat(out.toString()).contains("+I").contains("-U").contains("+U");
  }

  @Test
  void severalStatementsAndOwnTablesRun() {
    ANSWER.getBuffer().setLength(0);
    runner.run(
        "test",
        "SET 'table.exec.sort.default-limit' = '5';\n"
            + "CREATE TEMPORARY VIEW hot AS SELECT * FROM risk_now WHERE score > 50;\n"
            + "SELECT entity, modes, score FROM hot; SHOW VIEWS; DESCRIBE risk");
    assertThat(ANSWER.toString())
        .contains("{\"entity\":{\"kind\":\"DISK\",\"id\":\"A\"},\"modes\":[{\"mode\":\"DISK\"")
        .contains("{\"view name\":\"hot\"}");
  }

  @Test
  void mistakesAreOneLineWithTheLineOfTheFile() {
    assertThatThrownBy(() -> runner.run("q.sql", "SHOW TABLES;\n\nSELECT\n  nothing FROM risk;"))
        .isInstanceOf(CommandFailure.class)
        .hasMessageStartingWith("q.sql:4: ")
        .hasMessageContaining("'nothing' not found");
    assertThatThrownBy(() -> runner.run("q.sql", "SELECT * FROM riks"))
        .hasMessageStartingWith("q.sql:1: ")
        .hasMessageContaining("'riks' not found");
    assertThatThrownBy(() -> runner.run("q.sql", "\nSELEKT 1")).hasMessageStartingWith("q.sql:2: ");
  }

  @Test
  void whatIsNotThereIsSaid() {
    StringWriter err = new StringWriter();
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(new StringWriter()));
    line.setErr(new PrintWriter(err));
    assertThat(line.execute("sql", "none.sql")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("cannot read none.sql");
    assertThat(
            line.execute(
                "sql", "--rest", "nonsense", FILES.resolve("60_highest_risks.sql").toString()))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(
            line.execute(
                "sql",
                "--rest",
                "127.0.0.1:1",
                "--bootstrap-servers",
                broker.bootstrapServers(),
                "--topic-prefix",
                PREFIX,
                FILES.resolve("60_highest_risks.sql").toString()))
        .isEqualTo(ExitCodes.UNREACHABLE);
    assertThat(err.toString()).contains("no Flink cluster answers at 127.0.0.1:1");
    assertThat(
            line.execute(
                "sql",
                "--local",
                "--bootstrap-servers",
                broker.bootstrapServers(),
                "--topic-prefix",
                "other",
                FILES.resolve("60_highest_risks.sql").toString()))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("a topic is missing at " + broker.bootstrapServers());
  }

  private static Map<String, String> variables() {
    return Map.of("bootstrap", broker.bootstrapServers(), "prefix", PREFIX);
  }

  private static SqlRunner.Settings remote(boolean follow, boolean json, int maxRows) {
    return new SqlRunner.Settings("127.0.0.1", flink.restPort(), follow, json, maxRows);
  }

  /** Variables as name and value in turns. */
  private static List<JsonNode> ask(String file, String... variables) throws IOException {
    ANSWER.getBuffer().setLength(0);
    Map<String, String> more = new HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      more.put(variables[i], variables[i + 1]);
    }
    runner.run(file, Files.readString(FILES.resolve(file)), more);
    List<JsonNode> rows = new ArrayList<>();
    for (String line : ANSWER.toString().lines().toList()) {
      rows.add(new ObjectMapper().readTree(line));
    }
    return rows;
  }

  private static int run(StringWriter out, String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(out));
    List<String> all =
        new ArrayList<>(
            List.of(
                "sql",
                "--local",
                "--bootstrap-servers",
                broker.bootstrapServers(),
                "--topic-prefix",
                PREFIX));
    all.addAll(List.of(arguments));
    return line.execute(all.toArray(new String[0]));
  }

  private static FleetEntry fleet(String disk, String rack) {
    return new FleetEntry(
        new EntityRef(EntityKind.DISK, disk),
        START,
        "n-0001",
        rack,
        "z-1",
        "local",
        "default",
        "hdd",
        "Look-alike",
        4L,
        true,
        Map.of());
  }

  private static TelemetryFrame frame(int day, String... disks) {
    List<Sample> samples = new ArrayList<>();
    for (String disk : disks) {
      samples.add(
          Sample.newBuilder()
              .setEntity(new EntityRef(EntityKind.DISK, disk))
              .setMetrics(Map.of("smart_5_raw", 1.0))
              .build());
    }
    // The load of a disk whose SMART attributes nobody read is no row of the table of scores.
    samples.add(
        Sample.newBuilder()
            .setEntity(new EntityRef(EntityKind.DISK, "LOAD"))
            .setMetrics(Map.of("disk_reads_total", 1.0))
            .build());
    samples.add(
        Sample.newBuilder()
            .setEntity(new EntityRef(EntityKind.NODE, "n-0001"))
            .setMetrics(Map.of("load", 1.0))
            .build());
    return new TelemetryFrame("n-0001", START + day * DAY, (long) day, "simulated", samples);
  }

  private static void risk(
      String disk, int day, long samples, double score, Tier tier, int sinceDay) throws Exception {
    List<Reason> reasons =
        score > 50 ? List.of(new Reason("smart_5_raw", 9.0, 1.5, "smart_5_raw grew")) : List.of();
    send(
        Topics.RISK,
        "disk/" + disk,
        new Risk(
            new EntityRef(EntityKind.DISK, disk),
            "n-0001",
            START + day * DAY,
            samples,
            score,
            tier,
            START + sinceDay * DAY,
            score / 100,
            30 * DAY,
            0.9,
            false,
            List.of(
                new ModeRisk(FailureMode.DISK, score / 100, 30 * DAY, "disk-lstm", 1, reasons))));
  }

  private static void advised(
      String disk, int day, long samples, double score, Tier tier, int version, double confidence)
      throws Exception {
    List<Reason> reasons =
        score > 50
            ? List.of(new Reason("smart_197_raw", 9.0, 1.5, "smart_197_raw grew"))
            : List.of();
    send(
        Topics.RISK_LANE,
        "disk/" + disk,
        new Risk(
            new EntityRef(EntityKind.DISK, disk),
            "n-0001",
            START + day * DAY,
            samples,
            score,
            tier,
            START,
            score / 100,
            30 * DAY,
            confidence,
            false,
            List.of(
                new ModeRisk(
                    FailureMode.DISK, score / 100, 30 * DAY, "disk-lstm", version, reasons))));
  }

  private static void dead(
      int partition, long offset, int index, DeadReason reason, @Nullable String disk)
      throws Exception {
    String origin = Topics.TELEMETRY.name(PREFIX);
    send(Topics.DEAD_LETTERS, origin, letter(origin, partition, offset, index, reason, disk));
  }

  private static DeadLetter letter(
      String origin,
      int partition,
      long offset,
      int index,
      DeadReason reason,
      @Nullable String disk) {
    return DeadLetter.newBuilder()
        .setOrigin(origin)
        .setPartition(partition)
        .setOffset(offset)
        .setIndex(index)
        .setTimeMillis(START)
        .setReason(reason)
        .setDetail("a sentence")
        .setEntity(disk == null ? null : new EntityRef(EntityKind.DISK, disk))
        .setPayload(ByteBuffer.allocate(0))
        .setComponent("test")
        .build();
  }

  private static long send(Topics topic, String key, @Nullable Object value) throws Exception {
    byte[] bytes =
        value == null
            ? null
            : value instanceof byte[] raw ? raw : encode((SpecificRecordBase) value);
    var place = broker.send(topic, key, bytes);
    if (topic == Topics.TELEMETRY) {
      partition = place.partition();
    }
    return place.offset();
  }

  @SuppressWarnings("unchecked")
  private static byte[] encode(SpecificRecordBase value) {
    return AvroCodec.of((Class<SpecificRecordBase>) value.getClass()).encode(value);
  }
}
