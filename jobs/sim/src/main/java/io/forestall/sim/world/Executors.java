package io.forestall.sim.world;

import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Those who carry admitted acts out: they read the admissions of each pool in order, begin what
 * counts, and say how it ended, over and over until the log says so. For one thread.
 */
final class Executors {
  private static final long MINUTE = 60_000;

  private final Simulation world;
  private final Dice dice;
  private final Post.Writer writer;
  private final Map<String, AdmissionFold> folds = new HashMap<>();
  private final Map<String, Long> readUntilMillis = new HashMap<>();
  private final Map<String, Act> acts = new LinkedHashMap<>();

  /** One act and how far it is. */
  static final class Act {
    final Admission admission;

    /** True from its first step to its end. */
    boolean running;

    /** How it ended, null while it has not. */
    Admission.@Nullable State end;

    /** True once the log says that it is over. */
    boolean released;

    Act(Admission admission) {
      this.admission = admission;
    }
  }

  Executors(Simulation world) {
    this.world = world;
    this.dice = world.dice.fork("executors");
    this.writer = world.post.writer("executors");
    world.logs.listen(this::appended);
  }

  /** An act by its admission, null when it was never read. */
  @Nullable Act act(String admission) {
    return acts.get(admission);
  }

  Iterable<Act> acts() {
    return acts.values();
  }

  private void appended(Entry entry) {
    if (entry.topic() != Topic.ADMISSIONS || !(entry.body() instanceof Admission admission)) {
      return;
    }
    if (!entry.genuine() && world.bug.checksSignatures()) {
      return;
    }
    long now = world.timeline.nowMillis();
    long at =
        Math.max(readUntilMillis.getOrDefault(entry.pool(), 0L) + 1, now + dice.between(5, 2_000));
    readUntilMillis.put(entry.pool(), at);
    world.timeline.at(at, () -> read(admission));
  }

  private void read(Admission admission) {
    AdmissionFold fold = folds.computeIfAbsent(admission.pool(), absent -> new AdmissionFold());
    AdmissionFold.Meaning meaning = fold.take(admission);
    boolean believed =
        meaning == AdmissionFold.Meaning.VOID
            && admission.state() == Admission.State.ADMITTED
            && !world.bug.countsBySequence();
    if (meaning == AdmissionFold.Meaning.COUNTED || believed) {
      if (acts.containsKey(admission.id())) {
        return;
      }
      Act act = new Act(admission);
      acts.put(admission.id(), act);
      world.actRead(act);
      begin(act);
    } else if (meaning == AdmissionFold.Meaning.ENDED) {
      Act act = acts.get(admission.id());
      if (act != null) {
        act.released = true;
        if (act.end == null) {
          // An operator ended it: nothing is begun, what runs is given back.
          act.end = admission.state();
          if (act.running) {
            world.storage.undone(act.admission);
          }
          act.running = false;
          world.actEnded(act);
        }
      }
    }
  }

  private void begin(Act act) {
    long now = world.timeline.nowMillis();
    long start = Math.max(now, act.admission.notBeforeMillis()) + dice.between(1_000, 60_000);
    if (!world.resting() && dice.chance(0.08)) {
      // Nobody finds the time for it.
      start = act.admission.expiresMillis() + dice.between(1, 60_000);
    }
    world.timeline.at(
        start,
        () -> {
          if (act.end != null) {
            return;
          }
          if (world.timeline.nowMillis() >= act.admission.expiresMillis()) {
            end(act, Admission.State.EXPIRED);
            return;
          }
          if (!world.storage.standsFor(act.admission)) {
            end(act, Admission.State.GIVEN_BACK);
            return;
          }
          act.running = true;
          world.storage.began(act.admission);
          world.actBegan(act);
          world.timeline.after(
              dice.between(MINUTE, 40 * MINUTE),
              () -> {
                if (act.end != null) {
                  return;
                }
                if (dice.chance(0.85) && world.storage.standsFor(act.admission)) {
                  world.storage.done(act.admission);
                  end(act, Admission.State.DONE);
                } else {
                  world.storage.undone(act.admission);
                  end(act, Admission.State.GIVEN_BACK);
                }
              });
        });
  }

  private void end(Act act, Admission.State state) {
    act.end = state;
    act.running = false;
    world.actEnded(act);
    acknowledge(act);
  }

  private void acknowledge(Act act) {
    Admission.State end = act.end;
    long lastMillis = world.endMillis() + 24 * 60 * MINUTE;
    if (act.released || end == null || world.timeline.nowMillis() > lastMillis) {
      return;
    }
    if (world.resting() || !dice.chance(world.scenario.value(Knob.LOST_ACKS))) {
      writer.send(
          Topic.ACKS,
          act.admission.id(),
          act.admission.pool(),
          new GuardInput.ActEnded(act.admission.id(), end, "the act ended: " + end));
    }
    world.timeline.after(dice.between(2 * MINUTE, 6 * MINUTE), () -> acknowledge(act));
  }
}
