package io.forestall.app.volume;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.TestingBroker;
import io.forestall.app.console.TestingVolumes;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.OwnershipRecords;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Volumes are made, taken by their owners and looked at, against a real broker. */
@Timeout(120)
class VolumeCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "volumes";

  private static TestingBroker broker;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    broker =
        TestingBroker.start(
            directory,
            PREFIX,
            2,
            List.of(
                Topics.FLEET,
                Topics.SCHEMAS,
                Topics.MAPS,
                Topics.SHADOWS,
                Topics.OWNERSHIP,
                Topics.DIGESTS,
                Topics.ADMISSIONS,
                Topics.COMMANDS,
                Topics.ACKS,
                Topics.EVENTS));
    for (int i = 1; i <= 4; i++) {
      broker.send(Topics.FLEET, "node/n-" + i, member("n-" + i, "z-" + i, i == 4 ? "1" : "2"));
    }
    broker.send(Topics.FLEET, "node/n-5", member("n-5", "z-5", "2"));
    broker.send(Topics.FLEET, "node/n-5", null);
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @Test
  void aVolumeIsMadeTakenAndShown() throws Exception {
    assertThat(run("create", "v1", "--size", "2GiB", "--dry-run")).isZero();
    assertThat(out.toString()).contains("would make volume v1: 2 GiB in pool p1, 2 segments");
    assertThat(run("show", "v1")).isEqualTo(ExitCodes.FOUND);

    assertThat(run("create", "v1", "--size", "2GiB", "--output", "json")).isZero();
    JsonNode made = JSON.readTree(out.toString());
    assertThat(made.get("segments")).hasSize(2);
    for (JsonNode segment : made.get("segments")) {
      List<String> nodes = new ArrayList<>(List.of(segment.get("owner").asText()));
      segment.get("replicas").forEach(each -> nodes.add(each.asText()));
      assertThat(nodes)
          .as("not the node of level 1, not the one that left")
          .containsExactlyInAnyOrder("node/n-1", "node/n-2", "node/n-3");
    }
    assertThat(made.get("minReplicas").asInt()).isEqualTo(2);

    assertThat(run("list")).isZero();
    assertThat(out.toString()).contains("v1").contains("unclaimed");
    assertThat(run("create", "v1", "--size", "2GiB")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("there is a volume v1 already");

    String owner = made.get("segments").get(0).get("owner").asText();
    String other = made.get("segments").get(1).get("owner").asText();
    take("v1/0", Subject.parse(owner));
    take("v1/1", Subject.parse(other));
    broker.send(Topics.DIGESTS, "v1/0", progress("v1/0", owner, true, 12));
    broker.send(Topics.DIGESTS, "v1/0", progress("v1/0", other, false, 9));
    assertThat(run("show", "v1", "--output", "json")).isZero();
    JsonNode shown = JSON.readTree(out.toString());
    assertThat(shown.at("/volume/state").asText()).isEqualTo("ok");
    assertThat(shown.at("/volume/lagDeltas").asLong()).isEqualTo(3);
    assertThat(shown.at("/segments/0/epoch").asLong()).isEqualTo(1);
    assertThat(shown.at("/segments/0/owner").asText()).isEqualTo(owner);
    assertThat(shown.at("/segments/0/sinceMillis").asLong()).isPositive();
    assertThat(run("show", "v1")).isZero();
    assertThat(out.toString()).contains("(3 behind)").contains("never fewer than 2 by an act");
  }

  @Test
  void aVolumeTellsHowItsShadowsFollowAndWhatWasDoneToIt() throws Exception {
    new TestingVolumes(new TestingVolumes.ToTopics(broker::send)).feedShadows();
    assertThat(run("list", "--pool", TestingVolumes.POOL, "--output", "json")).isZero();
    JsonNode listed = JSON.readTree(out.toString()).at("/items/0");
    assertThat(listed.at("/shadows/count").asInt()).isEqualTo(3);
    assertThat(listed.at("/shadows/missingBytes").asLong()).isEqualTo(64 << 20);
    assertThat(run("list", "--pool", TestingVolumes.POOL)).isZero();
    assertThat(out.toString()).contains("1 of 3 in sync, 64 MiB to copy, 8 s behind");

    assertThat(run("show", "reports", "--since", "all", "--output", "json")).isZero();
    JsonNode shown = JSON.readTree(out.toString());
    assertThat(shown.at("/segments/0/copies/3/shadow/verifiedRound").asLong()).isEqualTo(4);
    assertThat(shown.at("/segments/0/divergences")).hasSize(1);
    assertThat(shown.at("/segments/0/divergences/0/attributed").asBoolean()).isTrue();
    assertThat(shown.at("/segments/1/mode").asText()).isEqualTo("asynchronous");
    assertThat(shown.at("/sagas/0/act").asText()).isEqualTo("switchover");
    assertThat(shown.at("/sagas/0/clientPauseMillis").asLong()).isEqualTo(83);

    assertThat(run("show", "reports", "--since", "all")).isZero();
    assertThat(out.toString())
        .contains("1 of 3 segments asynchronous")
        .contains(
            "n-4 shadow copying (800 behind)",
            "SHADOW OF",
            "copying",
            "retiring",
            "67108864 bytes are to be")
        .contains("WRONG BYTES OF", "n-5 (or another)", "3145728")
        .contains("switchover", "83 ms", TestingVolumes.SWITCHED, TestingVolumes.BUILT);
    assertThat(run("show", "v0")).isEqualTo(ExitCodes.FOUND);
  }

  @Test
  void flagsNameOwnerAndReplicasAndWaitingSaysWhoIsMissing() throws Exception {
    assertThat(
            run(
                "create",
                "v2",
                "--size",
                "64MiB",
                "--owner",
                "n-1",
                "--replicas",
                "n-2,n-9",
                "--segment-size",
                "32MiB",
                "--wait",
                "0"))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("nobody took v2/").contains("forestall node run");
    assertThat(run("show", "v2", "--output", "json")).isZero();
    JsonNode shown = JSON.readTree(out.toString());
    assertThat(shown.get("segments")).hasSize(2);
    assertThat(shown.at("/segments/1/owner").asText()).isEqualTo("node/n-1");
    assertThat(shown.at("/segments/1/copies/2/node").asText()).isEqualTo("node/n-9");

    assertThat(run("create", "v3", "--size", "64MiB", "--owner", "n-4", "--copies", "1"))
        .isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("forestall.level=2");
    assertThat(run("create", "v3", "--size", "64M")).isEqualTo(ExitCodes.USAGE);
    assertThat(run("create", "v3", "--size", "64MiB", "--pool", "p2")).isEqualTo(ExitCodes.REFUSED);
  }

  @Test
  void aNameIsNeverUsedAgain() throws Exception {
    take("gone/0", Subject.node("n-1"));
    assertThat(run("create", "gone", "--size", "64MiB")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("take another name").hasLineCount(1);
  }

  private static void take(String unit, Subject owner) throws Exception {
    OwnershipEntry entry =
        new OwnershipEntry(
            "p1",
            OwnershipEntry.Kind.START,
            List.of(new UnitStep(unit, 0, 1)),
            owner,
            1,
            null,
            Authority.NONE,
            owner.id(),
            System.currentTimeMillis());
    broker.send(Topics.OWNERSHIP, "p1", new OwnershipRecords().encode(entry, null));
  }

  private static byte[] progress(String unit, String node, boolean owner, long sequence) {
    return AvroCodec.of(Digest.class)
        .encode(
            new Digest(
                unit,
                new EntityRef(EntityKind.NODE, Subject.parse(node).id()),
                owner,
                1L,
                sequence,
                "none",
                List.of(),
                0L,
                System.currentTimeMillis(),
                0L,
                false,
                null));
  }

  private static byte[] member(String id, String zone, String level) {
    FleetEntry entry = new FleetEntry();
    entry.setEntity(new EntityRef(EntityKind.NODE, id));
    entry.setTimeMillis(System.currentTimeMillis());
    entry.setRack("");
    entry.setZone(zone);
    entry.setRegion("");
    entry.setTier("");
    entry.setPool("p1");
    entry.setSynthetic(false);
    entry.setLabels(Map.of(VolumeCommand.LEVEL, level, VolumeCommand.FREE_BYTES, "1000000000000"));
    return AvroCodec.of(FleetEntry.class).encode(entry);
  }

  private int run(String... words) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("volume"));
    all.addAll(Arrays.asList(words));
    all.addAll(List.of("--bootstrap-servers", broker.bootstrapServers(), "--topic-prefix", PREFIX));
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(all.toArray(String[]::new));
  }
}
