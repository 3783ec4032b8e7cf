package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FleetTreeTest {
  private static final int RUNS = 12;
  private static final int STEPS = 400;

  @Test
  void theCountsAreThoseOfCountingEverything() {
    for (int run = 0; run < RUNS; run++) {
      long seed = Long.getLong("forestall.test.seed", System.nanoTime()) + run;
      play(seed);
    }
  }

  private static void play(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    FleetView view = new FleetView();
    Map<String, Long> samples = new HashMap<>();
    for (int step = 0; step < STEPS; step++) {
      EntityKind kind = random.nextInt(5) == 0 ? EntityKind.NODE : EntityKind.DISK;
      String id = (kind == EntityKind.NODE ? "n-" : "d-") + random.nextInt(12);
      String key = ConsoleJson.lower(kind) + "/" + id;
      switch (random.nextInt(8)) {
        case 0 -> view.fleet(key, null);
        case 1 -> view.risk(key, null);
        case 2, 3 -> {
          FleetEntry entry = TestingFleet.entry(0);
          entry.getEntity().setKind(kind);
          entry.getEntity().setId(id);
          entry.setNode(kind == EntityKind.NODE ? null : "n-" + random.nextInt(4));
          entry.setRack("r-" + random.nextInt(3));
          entry.setZone("z-" + random.nextInt(2));
          entry.setSynthetic(random.nextBoolean());
          view.fleet(key, entry);
        }
        default -> {
          long next = samples.merge(key, 1L, Long::sum);
          Tier tier = Tier.values()[random.nextInt(Tier.values().length)];
          Risk risk = TestingFleet.risk(id, step, next, 20.0 * random.nextInt(6), tier, List.of());
          risk.getEntity().setKind(kind);
          risk.setNode(kind == EntityKind.NODE ? null : "n-" + random.nextInt(4));
          risk.setStale(random.nextInt(4) == 0);
          view.risk(key, risk);
        }
      }
      if (step % 20 == 0 || step > STEPS - 5) {
        List<EntityRisk> all = view.list(RiskQuery.all(RiskQuery.MAX_LIMIT)).items();
        int at = step;
        view.tree(
            (tree, version) -> {
              compare("seed " + seed + ", step " + at, tree.root(), all);
              return true;
            });
      }
    }
  }

  /** Counts the members by hand, level by level. */
  private static void compare(String what, FleetTree.Group group, List<EntityRisk> members) {
    int[] disks = new int[Tier.values().length];
    int[] machines = new int[Tier.values().length];
    int silent = 0;
    int synthetic = 0;
    double max = -1;
    Map<String, List<EntityRisk>> below = new TreeMap<>();
    for (EntityRisk member : members) {
      (member.kind() == EntityKind.DISK ? disks : machines)[member.tier().ordinal()]++;
      EntityRisk.Score score = member.score();
      EntityRisk.Placement place = member.placement();
      silent += score != null && score.stale() ? 1 : 0;
      synthetic += place != null && place.synthetic() ? 1 : 0;
      max = score == null ? max : Math.max(max, score.score());
      String name =
          switch (group.level) {
            case FLEET -> place == null ? "" : place.region();
            case REGION -> place == null ? "" : place.zone();
            case ZONE -> member.rack();
            case RACK -> member.node();
            case NODE -> member.id();
          };
      below.computeIfAbsent(name, key -> new ArrayList<>()).add(member);
    }
    String where = what + " at " + group.level + " " + group.name;
    assertThat(group.disks).as(where).containsExactly(disks);
    assertThat(group.machines).as(where).containsExactly(machines);
    assertThat(group.flagged(Slot.SILENT)).as(where).isEqualTo(silent);
    assertThat(group.flagged(Slot.SYNTHETIC)).as(where).isEqualTo(synthetic);
    assertThat(group.maxScore()).as(where).isEqualTo(max);
    if (group.level == FleetTree.Level.NODE) {
      assertThat(group.members).as(where).hasSize(members.size());
      return;
    }
    assertThat(group.children.keySet())
        .as(where)
        .containsExactlyInAnyOrderElementsOf(below.keySet());
    int nodes = 0;
    for (FleetTree.Group child : group.children.values()) {
      compare(what, child, below.getOrDefault(child.name, List.of()));
      nodes += child.level == FleetTree.Level.NODE ? 1 : child.nodes;
    }
    assertThat(group.nodes).as(where).isEqualTo(nodes);
  }

  @Test
  void namesAreOrderedAsPeopleNumberThings() {
    List<String> names =
        new ArrayList<>(
            List.of(
                "r-10", "r-2", "r-1", "", "r-02", "r-1a", "r-1-3", "a", "r-99999999999999999999"));
    names.sort(NaturalOrder.INSTANCE);
    assertThat(names)
        .containsExactly(
            "", "a", "r-1", "r-1-3", "r-1a", "r-02", "r-2", "r-10", "r-99999999999999999999");
    SplittableRandom random = new SplittableRandom(3);
    String[] words = new String[60];
    Arrays.setAll(
        words,
        i -> {
          char[] word = new char[random.nextInt(6)];
          for (int c = 0; c < word.length; c++) {
            word[c] = "01a-9".charAt(random.nextInt(5));
          }
          return new String(word);
        });
    for (String a : words) {
      for (String b : words) {
        int ab = Integer.signum(NaturalOrder.INSTANCE.compare(a, b));
        assertThat(ab).isEqualTo(-Integer.signum(NaturalOrder.INSTANCE.compare(b, a)));
        assertThat(ab == 0).as(a + " " + b).isEqualTo(a.equals(b));
        for (String c : words) {
          if (ab < 0 && NaturalOrder.INSTANCE.compare(b, c) < 0) {
            assertThat(NaturalOrder.INSTANCE.compare(a, c)).as(a + " " + b + " " + c).isNegative();
          }
        }
      }
    }
  }
}
