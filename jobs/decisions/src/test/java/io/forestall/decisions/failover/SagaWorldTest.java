package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Sagas in random worlds: acks and commands are lost, doubled and late, nodes die and come back,
 * appends hang, the job dies and goes on from old checkpoints. A failing seed is printed; {@code
 * -Dforestall.seed=N} runs it alone.
 */
class SagaWorldTest {

  private static final int WORLDS = Integer.getInteger("forestall.worlds", 150);
  private static final int STEPS = 160;

  @Test
  void whatIsSaidHoldsWhateverHappens() {
    Long only = Long.getLong("forestall.seed");
    int done = 0;
    int givenBack = 0;
    int restores = 0;
    for (long seed = only == null ? 1 : only; seed <= (only == null ? WORLDS : only); seed++) {
      World world = new World(seed);
      try {
        world.run();
      } catch (AssertionError | RuntimeException e) {
        fail("seed " + seed + ": run it alone with -Dforestall.seed=" + seed, e);
      }
      done += world.ended(Admission.State.DONE);
      givenBack += world.ended(Admission.State.GIVEN_BACK);
      restores += world.restores;
    }
    if (only == null) {
      // else the worlds would show little
      assertThat(done).isGreaterThan(WORLDS);
      assertThat(givenBack).isGreaterThan(WORLDS / 2);
      assertThat(restores).isGreaterThan(WORLDS);
    }
  }

  private static final class World {
    private static final int NODES = 4;
    private static final int UNITS = 3;

    final Random dice;
    final TestingFailover pool;
    final List<TestingFailover.Checkpoint> checkpoints = new ArrayList<>();
    final Map<Integer, Admission> held = new HashMap<>();
    final List<Command> mailbox = new ArrayList<>();
    int posted;
    int restores;

    World(long seed) {
      dice = new Random(seed);
      pool = TestingFailover.of(NODES, UNITS);
      pool.delivers = false;
      checkpoints.add(pool.checkpoint());
    }

    int ended(Admission.State state) {
      return (int) pool.admissions.stream().filter(a -> a.state() == state).count();
    }

    void run() {
      for (int step = 0; step < STEPS; step++) {
        act();
        read(1 + dice.nextInt(6));
        check();
      }
      // then the world is kind, and everything must come to its end
      for (int i = 0; i < NODES; i++) {
        up(i);
        pool.at(i).serves = true;
      }
      hung();
      pool.delivers = true;
      pool.commands.forEach(pool::deliver);
      for (int i = 0; i < 60 && open() > 0; i++) {
        pool.pass(5_000);
      }
      pool.settle();
      pool.pass(300_000);
      check();
      assertThat(open()).as("admissions without an end").isZero();
      assertThat(pool.state.open()).as("sagas without an end").isZero();
      assertThat(pool.state.sagas()).isEmpty();
      maps();
      restored();
    }

    private int open() {
      Set<String> open = new HashSet<>();
      for (Admission each : pool.admissions) {
        if (each.state() == Admission.State.ADMITTED) {
          open.add(each.id());
        } else {
          open.remove(each.id());
        }
      }
      return open.size();
    }

    private void act() {
      switch (dice.nextInt(14)) {
        case 0, 1, 2 -> admit();
        case 3 -> {
          int node = dice.nextInt(NODES);
          if (pool.at(node).alive) {
            pool.at(node).alive = false;
          } else {
            up(node);
          }
        }
        case 4 -> pool.at(dice.nextInt(NODES)).appends = dice.nextBoolean();
        case 5 -> pool.at(dice.nextInt(NODES)).serves = dice.nextInt(3) > 0;
        case 6 -> hung();
        case 7 -> checkpoints.add(pool.checkpoint());
        case 8 -> {
          int back = checkpoints.size() - 1 - dice.nextInt(Math.min(3, checkpoints.size()));
          pool.restore(checkpoints.get(back));
          restores++;
        }
        case 9 -> {
          if (dice.nextInt(4) == 0) {
            pool.give(new SagaInput.Halted(dice.nextBoolean()));
          }
        }
        case 10 -> {
          if (!pool.acks.isEmpty()) {
            pool.acks.add(pool.acks.get(dice.nextInt(pool.acks.size())));
          }
        }
        default -> {
          long millis = 1 + dice.nextInt(dice.nextInt(8) == 0 ? 40_000 : 700);
          pool.mapsReadBack = dice.nextInt(4) > 0;
          deliverSome();
          pool.pass(millis);
        }
      }
      deliverSome();
    }

    /** A node comes up: what it was doing is gone, what it owned it starts anew. */
    private void up(int i) {
      TestingFailover.Node node = pool.at(i);
      boolean was = node.alive;
      node.alive = true;
      node.appends = true;
      if (was) {
        return;
      }
      node.waiting.clear();
      node.incarnation++;
      List<UnitStep> steps = new ArrayList<>();
      for (int unit = 0; unit < UNITS; unit++) {
        Owned owned = pool.truth.owned(TestingFailover.unit(unit));
        if (owned != null && owned.owner().equals(node.subject)) {
          steps.add(new UnitStep(owned.unit(), owned.epoch(), owned.epoch() + 1));
        }
      }
      if (!steps.isEmpty()) {
        pool.append(
            new OwnershipEntry(
                TestingFailover.POOL,
                OwnershipEntry.Kind.START,
                steps,
                node.subject,
                node.incarnation,
                null,
                Authority.NONE,
                node.subject.id(),
                pool.now));
      }
    }

    /** Appends that hung reach the log. */
    private void hung() {
      for (TestingFailover.Node node : pool.nodes.values()) {
        for (Command command : node.waiting.values()) {
          Admission admission = command.admission();
          // a node appends no takeover again whose order is over
          if (admission != null && pool.now <= command.expiresMillis()) {
            pool.takeover(node, admission);
          }
        }
        node.waiting.clear();
      }
    }

    /** The guard: one act for a unit at a time, by its own fold of its own log. */
    private void admit() {
      int unit = dice.nextInt(UNITS);
      Admission before = held.get(unit);
      boolean locked =
          before != null
              && pool.admissions.stream()
                  .noneMatch(
                      a -> a.id().equals(before.id()) && a.state() != Admission.State.ADMITTED);
      if (locked) {
        return;
      }
      Subject owner = pool.owner(unit);
      int target = dice.nextInt(NODES);
      if (owner.equals(TestingFailover.node(target))) {
        return;
      }
      int source = Integer.parseInt(owner.id().substring(1));
      held.put(unit, pool.admit(ActKind.FAILOVER, pool.at(source).alive, source, target, unit));
    }

    private void deliverSome() {
      while (posted < pool.commands.size()) {
        mailbox.add(pool.commands.get(posted++));
      }
      int count = dice.nextInt(mailbox.size() + 1);
      for (int i = 0; i < count; i++) {
        Command command = mailbox.remove(dice.nextInt(3) == 0 ? dice.nextInt(mailbox.size()) : 0);
        int fate = dice.nextInt(10);
        if (fate > 0) {
          pool.deliver(command);
        }
        if (fate == 1) {
          pool.deliver(command);
        }
      }
    }

    private void read(int most) {
      for (int i = 0; i < most; i++) {
        switch (dice.nextInt(4)) {
          case 0 -> pool.readOwnership();
          case 1 -> pool.readAdmission();
          case 2 -> pool.readMap();
          default -> pool.readAck(dice.nextInt(8) == 0);
        }
      }
    }

    private void check() {
      Map<String, Command> byId = new HashMap<>();
      for (Command command : pool.commands) {
        Command before = byId.putIfAbsent(command.id(), command);
        if (before != null) {
          assertThat(command.kind()).isEqualTo(before.kind());
          assertThat(command.addressee()).isEqualTo(before.addressee());
          assertThat(command.units()).isEqualTo(before.units());
          assertThat(command.target()).isEqualTo(before.target());
        }
      }
      Map<String, Admission.State> said = new HashMap<>();
      for (SagaOutput.Ended end : pool.ends) {
        Admission.State before = said.putIfAbsent(end.admission().id(), end.state());
        assertThat(before == null || before == end.state())
            .as("%s was said to be %s, then %s", end.admission().id(), before, end.state())
            .isTrue();
      }
      // what was given back did not happen, and never will
      for (Admission each : pool.admissions) {
        if (each.state() == Admission.State.GIVEN_BACK || each.state() == Admission.State.EXPIRED) {
          assertThat(pool.counted).as("takeovers that counted").doesNotContain(each.id());
        }
        if (each.state() == Admission.State.DONE) {
          assertThat(pool.counted).as("takeovers that counted").contains(each.id());
        }
      }
    }

    /** The newest maps, as a compacted topic keeps them, say what the log says. */
    private void maps() {
      for (int unit = 0; unit < UNITS; unit++) {
        MapSegment segment = pool.map(unit).segments().get(0);
        Owned owned = pool.truth.owned(segment.unit());
        assertThat(owned).isNotNull();
        assertThat(segment.owner()).isEqualTo(owned == null ? null : owned.owner());
        assertThat(segment.epoch()).isEqualTo(owned == null ? -1 : owned.epoch());
        assertThat(segment.copies())
            .hasSize(NODES - 1)
            .noneMatch(c -> c.node().equals(segment.owner()));
      }
    }

    /** What is kept is what is known. */
    private void restored() {
      TestingFailover.Checkpoint last = pool.checkpoint();
      SagaState other = pool.decider.empty(TestingFailover.POOL);
      last.rows().forEach(other::restore);
      assertThat(other.sequence()).isEqualTo(pool.state.sequence());
      assertThat(other.nextOffset()).isEqualTo(pool.state.nextOffset());
      assertThat(other.slices()).isEqualTo(pool.state.slices());
      assertThat(other.fold().all()).containsExactlyInAnyOrderElementsOf(pool.state.fold().all());
    }
  }
}
