package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.TestingPool.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.risk.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class GuardStateTest {

  /** Rows of the first release: they must be read for ever and are never written anew. */
  private static final Path FIRST = Path.of("src/test/resources/guard/rows-v1.txt");

  /** A pool with every kind of row: one act in flight, one on its way, one ended, one waiting. */
  private static TestingPool busy() {
    TestingPool pool = TestingPool.started(24, 4);
    pool.act();
    pool.give(new GuardInput.ModelPublished("lstm-disk", 3, pool.now - 1_000));
    pool.give(new GuardInput.ZoneChanged("fz", List.of(node(20))));
    pool.risk(node(21), Tier.WARNING, 0.6, 0);
    pool.unit("a", 1, 3, 4, 5);
    pool.unit("b", 1, 7, 8, 9);
    pool.unit("c", 1, 10, 11, 12);
    pool.give(
        new GuardInput.Proposed(pool.proposal("xa", ActKind.FAILOVER, node(3), node(4), "a")));
    pool.give(
        new GuardInput.ActEnded(
            pool.log.get(1).id(), io.forestall.decisions.guard.Admission.State.DONE, "Done."));
    pool.give(
        new GuardInput.Proposed(pool.proposal("xb", ActKind.FAILOVER, node(7), node(8), "b")));
    pool.policy(
        pool.word(
            PolicyRecord.Kind.MODE,
            "node/n13",
            ActKind.UNKNOWN,
            null,
            null,
            "mode",
            "act",
            "approval",
            "true"));
    pool.unit("d", 1, 13, 14, 15);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i13", 1, node(13), false, 0, ActKind.FAILOVER)));
    pool.give(new GuardInput.ActEnded("a-unknown", Admission.State.DONE, "Early."));
    pool.give(
        new GuardInput.Proposed(pool.proposal("refused", ActKind.NONE, node(3), node(4), "a")));
    pool.readsBack = false;
    pool.give(
        new GuardInput.Proposed(pool.proposal("xc", ActKind.FAILOVER, node(10), node(11), "c")));
    return pool;
  }

  private static GuardState restored(Map<String, byte[]> rows) {
    GuardState state = new PoolArbiter().empty(TestingPool.POOL);
    rows.forEach(state::restore);
    return state;
  }

  @Test
  void everyKindOfRowIsThere() {
    assertThat(busy().checkpoint().keySet())
        .extracting(row -> row.substring(0, 1))
        .contains("h", "m", "u", "z", "a", "r", "e", "w", "d", "i");
  }

  @Test
  void aRestoredStateSaysTheSameAsOneThatWentOn() {
    TestingPool pool = busy();
    Map<String, byte[]> rows = pool.checkpoint();
    for (long seed = 1; seed <= 5; seed++) {
      // the order in which rows come back must not matter
      List<String> names = new ArrayList<>(rows.keySet());
      java.util.Collections.shuffle(names, new Random(seed));
      Map<String, byte[]> shuffled = new LinkedHashMap<>();
      names.forEach(name -> shuffled.put(name, rows.get(name)));
      assertThat(after(pool, shuffled)).as("seed %d", seed).isEqualTo(after(pool, rows));
    }
    assertThat(after(pool, rows)).isNotEmpty();
  }

  private static List<String> after(TestingPool from, Map<String, byte[]> rows) {
    TestingPool pool = new TestingPool();
    pool.now = from.now;
    pool.log.addAll(from.log);
    pool.policies.putAll(from.policies);
    pool.restore(rows, from.logRead, "g2");
    pool.settle();
    pool.readsBack = true;
    pool.pass(7_200_000);
    return pool.said.stream().map(Object::toString).toList();
  }

  @Test
  void modelsAreRememberedByVersionWithTheirDemotionAndTheOldestStandsForWhatIsOlder() {
    Map<String, byte[]> rows = new TreeMap<>(busy().checkpoint());
    GuardState state = restored(rows);
    state.model(new GuardInput.ModelPublished("m", 1, 10));
    state.model(new GuardInput.ModelPublished("m", 2, 20, "often wrong"));
    state.model(new GuardInput.ModelPublished("m", 3, 30));
    state.model(new GuardInput.ModelPublished("other", 1, 40, "too eager"));
    state.model(new GuardInput.ModelPublished("other", 1, 40));
    rows.putAll(state.takeChanges());
    GuardState back = restored(rows);
    for (GuardState each : List.of(state, back)) {
      assertThat(each.model("m", 1)).isEqualTo(new GuardInput.ModelPublished("m", 1, 10));
      assertThat(each.model("m", 2))
          .isEqualTo(new GuardInput.ModelPublished("m", 2, 20, "often wrong"));
      assertThat(each.model("m", null)).isEqualTo(new GuardInput.ModelPublished("m", 3, 30));
      assertThat(each.model("m", 4)).as("never published").isNull();
      assertThat(each.model("other", 1))
          .as("trusted again")
          .isEqualTo(new GuardInput.ModelPublished("other", 1, 40));
      assertThat(each.model("none", 1)).isNull();
    }
    for (int version = 4; version < 40; version++) {
      state.model(new GuardInput.ModelPublished("m", version, 10L * version));
    }
    int oldest = 40 - GuardState.MAX_MODEL_VERSIONS;
    assertThat(state.model("m", oldest)).isNotNull();
    assertThat(state.model("m", 1)).isEqualTo(state.model("m", oldest));
  }

  @Test
  void nothingIsToBeKeptAfterARestore() {
    assertThat(restored(busy().checkpoint()).takeChanges()).isEmpty();
  }

  @Test
  void aRowThatIsCutOrStrangeIsRefusedInOneSentence() {
    Map<String, byte[]> rows = busy().checkpoint();
    GuardState state = new PoolArbiter().empty(TestingPool.POOL);
    rows.forEach(
        (row, body) -> {
          byte[] half = Arrays.copyOf(body, body.length / 2);
          assertThatThrownBy(() -> state.restore(row, half))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("row " + row + " cannot be read");
        });
    assertThatThrownBy(() -> state.restore("q/1", new byte[] {1}))
        .hasMessageContaining("no row has this name");
    assertThatThrownBy(() -> state.restore("h", new byte[0])).hasMessageContaining("no bytes");
    assertThatThrownBy(() -> state.restore("h", new byte[] {0})).hasMessageContaining("version 0");
  }

  @Test
  void aRowOfANewerVersionIsReadAsFarAsItIsKnown() {
    Map<String, byte[]> rows = new TreeMap<>(busy().checkpoint());
    rows.replaceAll(
        (row, body) -> {
          byte[] newer = Arrays.copyOf(body, body.length + 3);
          newer[0] = 9;
          return newer;
        });
    assertThat(restored(rows).lockOwner("segment/b")).isNotNull();
  }

  @Test
  void rowsOfTheFirstReleaseAreRead() throws IOException {
    if (Boolean.getBoolean("forestall.write") && !Files.exists(FIRST)) {
      StringBuilder text = new StringBuilder();
      new TreeMap<>(busy().checkpoint())
          .forEach(
              (row, body) ->
                  text.append(row).append(' ').append(HexFormat.of().formatHex(body)).append('\n'));
      Files.createDirectories(FIRST.getParent());
      Files.writeString(FIRST, text);
    }
    Map<String, byte[]> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(FIRST)) {
      String[] parts = line.split(" ");
      rows.put(parts[0], HexFormat.of().parseHex(parts[1]));
    }
    GuardState state = restored(rows);
    assertThat(state.sequence()).isEqualTo(2);
    assertThat(state.nodes()).isEqualTo(24);
    assertThat(state.nodesAtRisk()).isEqualTo(1);
    assertThat(state.activeZoneOf(node(20))).isEqualTo("fz");
    assertThat(state.held()).hasSize(2);
    assertThat(state.onItsWay()).isNotNull();
    assertThat(state.lockOwner("segment/b")).isNotNull();
    assertThat(state.past()).hasSize(1);
    assertThat(state.earlyEnd("a-unknown")).isNotNull();
    assertThat(state.waiting()).hasSize(1);
    assertThat(state.isDecided("refused")).isTrue();
    assertThat(state.tracked("i13")).isNotNull();
    assertThat(state.model("lstm-disk", null)).isNotNull();
    assertThat(state.knewIncarnation("g1")).isTrue();
  }
}
