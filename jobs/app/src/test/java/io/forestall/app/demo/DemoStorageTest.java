package io.forestall.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.KafkaOptions;
import io.forestall.app.ingest.FaultFile;
import io.forestall.app.operate.KafkaPolicyStore;
import io.forestall.app.operate.PolicyStore;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.sim.Fault;
import io.forestall.sim.FaultKind;
import io.forestall.wire.Signatures.Trusted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real part of the demo on a real broker, without the jobs. */
@Timeout(180)
class DemoStorageTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @ParameterizedTest
  @CsvSource({
    "24, n-0001 n-0009 n-0017, n-0002",
    "10, n-0001 n-0009 n-0002, n-0003",
    "3, n-0001 n-0002 n-0003, ''",
    "2, n-0001 n-0002, ''"
  })
  void eachRackGetsANodeWhileThereAreAny(int machines, String nodes, String hooks) {
    assertThat(DemoStorage.places(machines).stream().map(Place::node))
        .containsExactly(nodes.split(" "));
    Place hookPlace = DemoStorage.hookPlace(machines);
    assertThat(hookPlace == null ? "" : hookPlace.node()).isEqualTo(hooks);
  }

  @Test
  void volumesAreReadAndWrittenAndAnOperatorsWordIsKept(@TempDir Path directory) throws Exception {
    Path key = DemoStorage.guardKey(directory);
    assertThat(DemoStorage.guardKey(directory)).as("made once").isEqualTo(key);
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
      KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), "forestall");
      try (Admin admin = options.openAdmin()) {
        new TopicAdmin(admin, "forestall").createMissing((short) 1);
      }
      KafkaPolicyStore store = new KafkaPolicyStore(options, null, Trusted.NONE);
      try (DemoStorage storage = DemoStorage.start(directory, 10, options, key)) {
        assertThat(storage.description()).contains("n-0001, n-0009, n-0002").contains("3 volumes");
        worksFor(storage, 30);
        assertThat(modes(store))
            .as("nothing is switched on but for these machines")
            .allMatch(
                mode ->
                    mode.matches(
                        "node/n-000([129] (FAILOVER|DRAIN|SHADOW|RETIRE_SHADOW|SWITCHOVER)"
                            + "|3 (DRAIN|RETURN)) act"))
            .contains(
                "node/n-0001 FAILOVER act",
                "node/n-0001 SHADOW act",
                "node/n-0009 DRAIN act",
                "node/n-0003 DRAIN act");
        assertThat(store.read().newest())
            .as("who tries it is not stopped after the first act of a day")
            .containsKey("pool/pool-1/budget/all");
      }
      Await.until(PATIENCE, "its threads have ended", () -> threads().isEmpty());

      PolicyRecord act = mode(store, "node/n-0001", ActKind.FAILOVER);
      var unused = store.write(advised(act), false);
      try (DemoStorage again = DemoStorage.start(directory, 10, options, key)) {
        worksFor(again, 10);
        assertThat(modes(store)).contains("node/n-0001 FAILOVER advise");
      }
    }
  }

  @Test
  void whoSilencesAMachineEndsItsNodeUntilTheFaultIsOver(@TempDir Path directory) throws Exception {
    Path key = DemoStorage.guardKey(directory);
    FaultFile faults = new FaultFile(Files.createDirectories(directory.resolve("feed")));
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("kafka"))) {
      KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), "forestall");
      try (Admin admin = options.openAdmin()) {
        new TopicAdmin(admin, "forestall").createMissing((short) 1);
      }
      try (DemoStorage storage = DemoStorage.start(directory, 10, options, key)) {
        worksFor(storage, 10);
        long now = System.currentTimeMillis();
        Fault slow = new Fault("f-1", FaultKind.CRASH_LOOP, "node/n-0001", now, now + 3_600_000, 1);
        Fault silent =
            new Fault("f-2", FaultKind.SILENT_NODE, "node/n-0009", now, now + 3_600_000, 1);
        var unused = faults.change(none -> List.of(slow, silent));
        Await.until(
            PATIENCE,
            "only its node has ended",
            () -> storage.running().equals(Set.of("n-0001", "n-0002")));
        unused = faults.change(both -> List.of(slow, silent.endedAt(System.currentTimeMillis())));
        Await.until(PATIENCE, "it runs again", () -> storage.running().contains("n-0009"));
        // No job runs here that would give its volume to another: its client has waited for it.
        worksFor(storage, storage.figures().writes() + 200);
      }
    }
  }

  private static void worksFor(DemoStorage storage, long writes) throws Exception {
    Await.until(
        PATIENCE,
        writes + " writes, and reads",
        () -> storage.figures().writes() >= writes && storage.figures().reads() >= writes);
    assertThat(storage.figures().wrong()).isZero();
    assertThat(storage.figures().errors()).isZero();
  }

  private static List<String> modes(PolicyStore store) {
    return store.read().newest().values().stream()
        .map(PolicyStore.Entry::record)
        .filter(record -> record.kind() == PolicyRecord.Kind.MODE)
        .map(record -> record.scope() + " " + record.act() + " " + record.parameters().get("mode"))
        .toList();
  }

  private static PolicyRecord mode(PolicyStore store, String scope, ActKind act) {
    return store.read().newest().values().stream()
        .map(PolicyStore.Entry::record)
        .filter(record -> record.scope().equals(scope) && record.act() == act)
        .findFirst()
        .orElseThrow();
  }

  private static PolicyRecord advised(PolicyRecord act) {
    return new PolicyRecord(
        act.key(),
        act.id(),
        act.kind(),
        act.version() + 1,
        true,
        act.scope(),
        Subject.parse(act.scope()),
        act.act(),
        null,
        "ann",
        "a test",
        System.currentTimeMillis(),
        System.currentTimeMillis(),
        null,
        Map.of("mode", "advise"),
        "");
  }

  /** Threads of nodes and clients. */
  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(
            name ->
                name.equals("forestall-ownership")
                    || name.equals("forestall-deltas")
                    || name.equals("forestall-demo-load"))
        .toList();
  }
}
