package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Shadows in random worlds: they are built, lose touch, go, and take over, while nodes die and come
 * back, appends hang and the job goes on from old checkpoints; in every other world the guard locks
 * nothing. A failing seed is printed; {@code -Dforestall.seed=N} runs it alone.
 */
class ShadowWorldTest {

  private static final int WORLDS = Integer.getInteger("forestall.worlds", 150);
  private static final int STEPS = 160;

  @Test
  void noShadowGoesThatIsOwnerOrAboutToBe() {
    Long only = Long.getLong("forestall.seed");
    Map<String, Integer> ends = new TreeMap<>();
    for (long seed = only == null ? 1 : only; seed <= (only == null ? WORLDS : only); seed++) {
      World world = new World(seed);
      try {
        world.run();
      } catch (AssertionError | RuntimeException e) {
        fail("seed " + seed + ": run it alone with -Dforestall.seed=" + seed, e);
      }
      for (Admission each : world.pool.admissions) {
        ends.merge(each.act() + " " + each.state(), 1, Integer::sum);
      }
    }
    if (only == null) {
      // else the worlds would show little
      for (ActKind act : List.of(ActKind.SHADOW, ActKind.RETIRE_SHADOW, ActKind.SWITCHOVER)) {
        assertThat(ends.getOrDefault(act + " DONE", 0)).as("%s", ends).isGreaterThan(WORLDS / 3);
        assertThat(ends.getOrDefault(act + " GIVEN_BACK", 0))
            .as("%s", ends)
            .isGreaterThan(WORLDS / 10);
      }
    }
  }

  @Test
  void aShadowThatIsRetiredWhileItTakesOverIsNoticed() {
    int caught = 0;
    for (long seed = 1; seed <= WORLDS; seed++) {
      World world = new World(seed);
      world.pool.retiresAtOnce = true;
      try {
        world.run();
      } catch (AssertionError | RuntimeException e) {
        caught += world.pool.harm.isEmpty() ? 0 : 1;
      }
    }
    assertThat(caught).as("worlds in which the planted bug did harm").isPositive();
  }

  private static final class World {
    private static final int HOLDERS = 3;
    private static final int NODES = 5;
    private static final int UNITS = 2;

    final Random dice;
    final TestingFailover pool;
    final boolean locks;
    final List<TestingFailover.Checkpoint> checkpoints = new ArrayList<>();
    final List<Integer> standingsRead = new ArrayList<>();
    final List<ShadowStanding> standings = new ArrayList<>();
    final Map<String, Integer> built = new TreeMap<>();
    final Map<Integer, Admission> held = new HashMap<>();
    final Map<Subject, Deque<Command>> mailboxes = new TreeMap<>(SagaState.BY_NAME);
    int posted;

    World(long seed) {
      dice = new Random(seed);
      locks = seed % 2 == 0;
      pool = TestingFailover.of(HOLDERS, UNITS);
      for (int i = HOLDERS; i < NODES; i++) {
        pool.join(i);
      }
      pool.delivers = false;
      checkpoint();
    }

    void run() {
      for (int step = 0; step < STEPS; step++) {
        act();
        check();
      }
      // then the world is kind, and everything must come to its end
      pool.mapsReadBack = true;
      for (int i = 0; i < NODES; i++) {
        pool.at(i).alive = true;
        pool.at(i).appends = true;
      }
      hung();
      for (int i = 0; i < 400 && !openActs().isEmpty(); i++) {
        deliver(Integer.MAX_VALUE);
        feed(true);
        pool.pass(2_000);
        check();
      }
      deliver(Integer.MAX_VALUE);
      pool.pass(300_000);
      check();
      assertThat(openActs()).as("admissions without an end").isEmpty();
      assertThat(pool.state.sagas()).isEmpty();
      maps();
    }

    private void checkpoint() {
      checkpoints.add(pool.checkpoint());
      standingsRead.add(standings.size());
    }

    private Map<String, Admission> openActs() {
      Map<String, Admission> open = new TreeMap<>();
      for (Admission each : pool.admissions) {
        if (each.state() == Admission.State.ADMITTED) {
          open.put(each.id(), each);
        } else {
          open.remove(each.id());
        }
      }
      return open;
    }

    private void act() {
      switch (dice.nextInt(16)) {
        case 0, 1, 2, 3 -> admit();
        case 4 -> {
          TestingFailover.Node node = pool.at(dice.nextInt(NODES));
          node.alive = !node.alive;
          node.waiting.clear();
        }
        case 5 -> pool.at(dice.nextInt(NODES)).appends = dice.nextBoolean();
        case 6 -> hung();
        case 7 -> checkpoint();
        case 8 -> {
          int back = checkpoints.size() - 1 - dice.nextInt(Math.min(3, checkpoints.size()));
          pool.restore(checkpoints.get(back));
          for (int i = standingsRead.get(back); i < standings.size(); i++) {
            pool.give(new SagaInput.ShadowStood(standings.get(i)));
          }
        }
        case 9 -> {
          if (dice.nextInt(6) == 0) {
            pool.give(new SagaInput.Halted(dice.nextBoolean()));
          }
        }
        case 10, 11, 12 -> feed(false);
        default -> {
          pool.mapsReadBack = dice.nextInt(4) > 0;
          deliver(dice.nextInt(4));
          pool.pass(1 + dice.nextInt(dice.nextInt(8) == 0 ? 40_000 : 1_500));
        }
      }
      deliver(dice.nextInt(3));
      for (int i = dice.nextInt(4); i > 0; i--) {
        pool.step();
      }
    }

    /** Appends that hung reach the log. */
    private void hung() {
      for (TestingFailover.Node node : pool.nodes.values()) {
        for (Command command : node.waiting.values()) {
          Admission admission = command.admission();
          if (admission != null && pool.now <= command.expiresMillis()) {
            pool.takeover(node, admission);
          }
        }
        node.waiting.clear();
      }
    }

    /** The job that feeds shadows goes on with each that the newest map names. */
    private void feed(boolean kind) {
      Set<String> named = new TreeSet<>();
      for (int unit = 0; unit < UNITS; unit++) {
        MapSegment segment = pool.map(unit).segments().get(0);
        for (MapCopy copy : segment.copies()) {
          TestingFailover.Node node = pool.nodes.get(copy.node());
          if (ShadowMaps.shadow(segment, copy.node()) == null
              || ShadowMaps.isRetiring(copy)
              || node == null) {
            continue;
          }
          String name = unit + " " + copy.node();
          named.add(name);
          boolean loses = !kind && dice.nextInt(6) == 0;
          int far = node.letGo.contains(segment.unit()) && !kind ? 0 : built.getOrDefault(name, 0);
          boolean goesOn = node.alive && (kind || dice.nextInt(3) > 0);
          far = loses ? Math.min(far, 1) : goesOn ? Math.min(2, far + 1) : far;
          built.put(name, far);
          if (far == 2) {
            node.letGo.remove(segment.unit());
          }
          Owned owned = pool.truth.owned(segment.unit());
          ShadowStanding standing =
              pool.standing(
                  unit,
                  copy.node(),
                  List.of("COPYING", "CATCHING_UP", "IN_SYNC").get(far),
                  far == 0 ? 1 << 20 : 0,
                  far == 2 ? 0 : 1 << 10,
                  owned == null ? 0 : owned.epoch());
          standings.add(standing);
          pool.give(new SagaInput.ShadowStood(standing));
        }
      }
      built.keySet().retainAll(named);
    }

    /** The guard, by its own fold of its own log; in every other world it locks nothing. */
    private void admit() {
      int unit = dice.nextInt(UNITS);
      Admission before = held.get(unit);
      boolean locked =
          before != null
              && pool.admissions.stream()
                  .noneMatch(
                      a -> a.id().equals(before.id()) && a.state() != Admission.State.ADMITTED);
      if (locks && locked) {
        return;
      }
      boolean collides =
          before != null && locked && before.act() == ActKind.SWITCHOVER && dice.nextBoolean();
      MapSegment segment = pool.map(unit).segments().get(0);
      Subject owner = pool.owner(unit);
      List<Subject> shadows = new ArrayList<>();
      List<Subject> free = new ArrayList<>(pool.nodes.keySet());
      free.remove(owner);
      for (MapCopy copy : segment.copies()) {
        free.remove(copy.node());
        if (ShadowMaps.shadow(segment, copy.node()) != null && !copy.node().equals(owner)) {
          shadows.add(copy.node());
        }
      }
      Owned owned = pool.truth.owned(segment.unit());
      long epoch = owned == null ? 0 : owned.epoch();
      List<UnitStep> steps = List.of(new UnitStep(segment.unit(), epoch, epoch + 1));
      Subject taker = before != null && collides ? before.target() : null;
      if (taker != null && shadows.contains(taker)) {
        held.put(unit, pool.admit(ActKind.RETIRE_SHADOW, false, taker, null, steps));
        return;
      }
      switch (dice.nextInt(3)) {
        case 0 -> {
          if (!free.isEmpty() && shadows.size() < 2) {
            held.put(unit, pool.admit(ActKind.SHADOW, true, owner, pick(free), steps));
          }
        }
        case 1 -> {
          if (!shadows.isEmpty()) {
            held.put(unit, pool.admit(ActKind.RETIRE_SHADOW, false, pick(shadows), null, steps));
          }
        }
        default -> {
          if (!shadows.isEmpty()) {
            held.put(unit, pool.admit(ActKind.SWITCHOVER, true, owner, pick(shadows), steps));
          }
        }
      }
    }

    private Subject pick(List<Subject> nodes) {
      return nodes.get(dice.nextInt(nodes.size()));
    }

    /** Each node obeys in the order in which it was told, some time later. */
    private void deliver(int most) {
      while (posted < pool.commands.size()) {
        Command command = pool.commands.get(posted++);
        mailboxes.computeIfAbsent(command.addressee(), to -> new ArrayDeque<>()).add(command);
      }
      for (Map.Entry<Subject, Deque<Command>> each : mailboxes.entrySet()) {
        TestingFailover.Node node = pool.nodes.get(each.getKey());
        for (int i = 0; i < most && node != null && node.alive; i++) {
          Command command = each.getValue().poll();
          if (command == null) {
            break;
          }
          pool.deliver(command);
          if (dice.nextInt(10) == 0) {
            pool.deliver(command);
          }
        }
      }
    }

    private void check() {
      assertThat(pool.harm).isEmpty();
      Map<String, Command> byId = new HashMap<>();
      for (Command command : pool.commands) {
        Command before = byId.putIfAbsent(command.id(), command);
        if (before != null) {
          assertThat(command.kind()).isEqualTo(before.kind());
          assertThat(command.addressee()).isEqualTo(before.addressee());
          assertThat(command.units()).isEqualTo(before.units());
        }
      }
      Map<String, Admission.State> said = new HashMap<>();
      for (SagaOutput.Ended end : pool.ends) {
        Admission.State before = said.putIfAbsent(end.admission().id(), end.state());
        assertThat(before == null || before == end.state())
            .as("%s was said to be %s, then %s", end.admission().id(), before, end.state())
            .isTrue();
      }
      for (Admission each : pool.admissions) {
        if (each.act() == ActKind.SWITCHOVER && each.state() == Admission.State.GIVEN_BACK) {
          assertThat(pool.counted).as("takeovers that counted").doesNotContain(each.id());
        }
      }
    }

    /** The newest maps say what is: no copy is on its way out without an act. */
    private void maps() {
      for (int unit = 0; unit < UNITS; unit++) {
        MapSegment segment = pool.map(unit).segments().get(0);
        assertThat(segment.owner()).isEqualTo(pool.owner(unit));
        assertThat(segment.copies()).extracting(MapCopy::node).doesNotHaveDuplicates();
        assertThat(segment.copies()).extracting(MapCopy::node).doesNotContain(segment.owner());
        assertThat(segment.copies()).noneMatch(ShadowMaps::isRetiring);
      }
    }
  }
}
