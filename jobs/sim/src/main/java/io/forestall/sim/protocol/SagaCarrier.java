package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaDecider;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.failover.SagaOutput;
import io.forestall.decisions.failover.SagaPolicy;
import io.forestall.decisions.failover.SagaState;
import io.forestall.decisions.failover.ShadowLimits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One run of the job that carries out acts: the product's {@link SagaDecider} over simulated
 * topics, with checkpoints of its rows and offsets; what it said since the checkpoint stays said
 * when it dies. For one thread.
 */
final class SagaCarrier {

  /** How long a target, and a source that is said to be dead, have to answer; milliseconds. */
  static final long CHECK_MILLIS = 200;

  /** Rows and offsets that belong together. */
  record Checkpoint(Map<String, byte[]> rows, int[] offsets) {
    static final Checkpoint EMPTY = new Checkpoint(Map.of(), new int[Topics.COUNT]);
  }

  /** What the job reads. */
  static final class Topics {
    static final int COUNT = 5;
    final SimulatedPartition<SagaInput> admissions = new SimulatedPartition<>((at, entry) -> {});
    final SimulatedPartition<CommandAck> acks = new SimulatedPartition<>((at, entry) -> {});
    final SimulatedPartition<SagaInput> maps = new SimulatedPartition<>((at, entry) -> {});
    final SimulatedPartition<SagaInput> standings = new SimulatedPartition<>((at, entry) -> {});
  }

  private final ProtocolWorld world;
  private final SagaDecider decider;
  private final SagaState state;
  private final Map<String, byte[]> rows = new HashMap<>();
  private final int[] offsets;
  private final List<SimulatedReader<?>> readers = new ArrayList<>();
  private long alarmMillis = Long.MAX_VALUE;
  private boolean dead;

  SagaCarrier(ProtocolWorld world, Topics topics, Checkpoint from) {
    this.world = world;
    this.decider =
        new SagaDecider(
            new SagaPolicy(
                CHECK_MILLIS,
                40,
                4,
                60,
                world.bug.witnesses(),
                10_000,
                1,
                200,
                300,
                new ShadowLimits(1_500, 6_000, 1 << 20, 10_000, 1 << 20)));
    this.state = decider.empty(ProtocolWorld.POOL);
    new TreeMap<>(from.rows())
        .forEach(
            (row, body) -> {
              state.restore(row, body.clone());
              rows.put(row, body);
            });
    this.offsets = from.offsets().clone();
    take("starts", new SagaInput.Started());
    read(0, topics.admissions, entry -> entry);
    read(1, topics.acks, SagaInput.Acked::new);
    read(2, topics.maps, entry -> entry);
    if (world.shadows != null) {
      read(4, topics.standings, entry -> entry);
    }
    SimulatedReader<?> ownership =
        new SimulatedReader<>(
            world,
            world.ownership,
            offsets[3],
            world::stalledUntilMicros,
            (offset, entry) -> {
              offsets[3] = (int) offset + 1;
              take(
                  "reads ownership",
                  new SagaInput.OwnershipRead(
                      offset,
                      Truth.withAuthority(
                          entry,
                          world.truth.authority(entry.admission(), ProtocolWorld.ALL_KEYS))));
            });
    readers.add(ownership);
  }

  private <T> void read(
      int number, SimulatedPartition<T> topic, java.util.function.Function<T, SagaInput> input) {
    readers.add(
        new SimulatedReader<>(
            world,
            topic,
            offsets[number],
            world::stalledUntilMicros,
            (offset, entry) -> {
              offsets[number] = (int) offset + 1;
              take("reads", input.apply(entry));
            }));
  }

  private long nowMillis() {
    return ProtocolWorld.START_MILLIS + world.agenda.nowMicros() / 1000;
  }

  void die() {
    dead = true;
    readers.forEach(SimulatedReader::close);
  }

  Checkpoint checkpoint() {
    return new Checkpoint(new HashMap<>(rows), offsets.clone());
  }

  private void take(String occasion, SagaInput input) {
    if (!dead) {
      world.trace("job", () -> occasion + " " + input);
      turn(occasion, said -> decider.decide(state, input, nowMillis(), said::add));
    }
  }

  private interface Turn {
    void decide(List<SagaOutput> said);
  }

  private void turn(String occasion, Turn turn) {
    List<SagaOutput> said = new ArrayList<>();
    try {
      turn.decide(said);
      state
          .takeChanges()
          .forEach(
              (row, body) -> {
                if (body.length == 0) {
                  rows.remove(row);
                } else {
                  rows.put(row, body);
                }
              });
    } catch (RuntimeException e) {
      throw world.stumbled("job", occasion, e);
    }
    for (SagaOutput each : said) {
      say(each);
    }
    rearm();
  }

  private void say(SagaOutput output) {
    if (output instanceof SagaOutput.Ordered ordered) {
      Command command = ordered.command();
      world.trace("job", () -> "orders " + ProtocolWorld.text(command) + ": " + command.reason());
      world.truth.ordered(command);
      if (command.addressee().kind() == Subject.Kind.NODE) {
        world.saga.append(command);
      } else if (command.target() != null) {
        world.hint(command.target());
      }
    } else if (output instanceof SagaOutput.Ended ended) {
      world.trace("job", () -> "ends " + ended);
      world.guard().ended(ended);
    } else if (output instanceof SagaOutput.Mapped mapped) {
      world.guard().mapped(mapped.slice());
    } else if (output instanceof SagaOutput.Proposed) {
      world.count("failbacks proposed");
    } else if (output instanceof SagaOutput.Noted noted) {
      world.trace("job", () -> "notes " + noted.event());
    }
  }

  private void rearm() {
    long due = decider.alarmMillis(state);
    if (due < alarmMillis) {
      alarmMillis = due;
      world.agenda.at(
          Math.max((due - ProtocolWorld.START_MILLIS) * 1000, world.agenda.nowMicros() + 1),
          () -> {
            if (!dead && alarmMillis == due) {
              alarmMillis = Long.MAX_VALUE;
              long now = nowMillis();
              if (decider.alarmMillis(state) <= now) {
                turn("wakes", said -> decider.wake(state, now, said::add));
              } else {
                rearm();
              }
            }
          });
    }
  }

  /** The job of a world: which run goes on, and what it can come back from. */
  static final class Job {
    private final ProtocolWorld world;
    private final Topics topics;
    private final List<Checkpoint> checkpoints = new ArrayList<>(List.of(Checkpoint.EMPTY));
    private @Nullable SagaCarrier running;

    Job(ProtocolWorld world, Topics topics) {
      this.world = world;
      this.topics = topics;
    }

    void start() {
      if (running == null) {
        Checkpoint from = checkpoints.get(checkpoints.size() - 1);
        if (!world.resting() && world.dice.chance(0.4)) {
          from = world.dice.pick(checkpoints);
        }
        world.trace("job", () -> "starts");
        running = new SagaCarrier(world, topics, from);
        saveLater();
      }
    }

    private void saveLater() {
      SagaCarrier mine = running;
      world.agenda.after(
          world.quiet() ? 60_000_000 : world.dice.between(20_000, 200_000),
          () -> {
            if (mine != null && mine == running) {
              checkpoints.add(mine.checkpoint());
              saveLater();
            }
          });
    }

    void crash() {
      SagaCarrier mine = running;
      if (mine != null) {
        world.count("job crashes");
        world.trace("job", () -> "dies");
        mine.die();
        running = null;
        world.agenda.after(world.dice.between(5_000, 150_000), this::start);
      }
    }
  }
}
