package io.forestall.sim.protocol;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.ShadowStream;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.decisions.shadow.StreamOutput;
import io.forestall.decisions.shadow.StreamPolicy;
import io.forestall.decisions.shadow.StreamState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One run of the job that feeds shadows: the product's {@link ShadowStream} over simulated topics,
 * with checkpoints of its rows and offsets; what it said since the checkpoint stays said when it
 * dies, and comes again. Parts of the log are lost to it, and records that it cannot read. For one
 * thread.
 */
final class MoveCarrier {

  /** How long a holder may be ahead before what is between is taken for lost; milliseconds. */
  private static final long LOST_MILLIS = 150;

  /** Age of a delta from which on the job is behind its log; milliseconds. */
  private static final long BEHIND_MILLIS = 40;

  /** Rows, offsets and what the watch of the log knows, which belong together. */
  private record Checkpoint(
      Map<String, Map<String, byte[]>> rows,
      Map<String, StreamInput.Mapped> mapped,
      long version,
      long[] offsets,
      long[] watched,
      long[] runs) {}

  private final ProtocolWorld world;
  private final ShadowWorld shadows;
  private final ShadowStream stream = new ShadowStream(new StreamPolicy(LOST_MILLIS, 30, 10, 200));
  private final Map<String, StreamState> states = new TreeMap<>();
  private final Map<String, Map<String, byte[]>> rows = new HashMap<>();
  private final Map<String, StreamInput.Mapped> mapped = new HashMap<>();
  private final List<SimulatedReader<?>> readers = new ArrayList<>();

  /** Offsets of the partitions of the log, then of reports and of maps. */
  private final long[] offsets;

  private final long[] watched;
  private final long[] runs;
  private long version = -1;
  private long lastBehindMillis;
  private long alarmMillis = Long.MAX_VALUE;
  private boolean dead;

  private MoveCarrier(ProtocolWorld world, ShadowWorld shadows, @Nullable Checkpoint from) {
    this.world = world;
    this.shadows = shadows;
    int partitions = world.deltas.size();
    this.offsets = from == null ? new long[partitions + 2] : from.offsets().clone();
    this.watched = from == null ? new long[partitions] : from.watched().clone();
    this.runs = from == null ? new long[partitions] : from.runs().clone();
    this.lastBehindMillis = world.wallMillis();
    if (from != null) {
      version = from.version();
      mapped.putAll(from.mapped());
      from.rows().forEach(this::restore);
    }
    for (int i = 0; i < partitions; i++) {
      int partition = i;
      if (loses()) {
        // Retention was faster.
        offsets[i] = world.dice.between(offsets[i], world.deltas.get(i).end());
      }
      read(i, world.deltas.get(i), (offset, delta) -> delta(partition, offset, delta));
    }
    read(partitions, shadows.reports, (offset, report) -> reported(report));
    read(partitions + 1, shadows.maps, (offset, slice) -> mapped(slice));
    rearm();
  }

  private boolean loses() {
    return !world.resting() && world.dice.chance(world.value(ProtocolKnob.LOST_DELTAS) * 10);
  }

  private void restore(String unit, Map<String, byte[]> kept) {
    StreamState state = stream.empty(unit);
    List<String> names = new ArrayList<>(kept.keySet());
    names.sort(null);
    // A carrier gives the rows in any order.
    java.util.Collections.rotate(names, world.dice.below(names.size() + 1));
    for (String name : names) {
      state.restore(name, Objects.requireNonNull(kept.get(name)).clone());
    }
    states.put(unit, state);
    rows.put(unit, new HashMap<>(kept));
  }

  private <T> void read(
      int number, SimulatedPartition<T> topic, SimulatedPartition.Listener<T> taker) {
    readers.add(
        new SimulatedReader<>(
            world,
            topic,
            offsets[number],
            world::stalledUntilMicros,
            (offset, entry) -> {
              offsets[number] = offset + 1;
              if (!dead) {
                taker.appended(offset, entry);
                rearm();
              }
            }));
  }

  private void die() {
    dead = true;
    readers.forEach(SimulatedReader::close);
  }

  private Checkpoint checkpoint() {
    states.forEach(
        (unit, state) -> {
          Map<String, byte[]> kept = rows.computeIfAbsent(unit, any -> new HashMap<>());
          state
              .takeChanges()
              .forEach(
                  (row, body) -> {
                    if (body.length == 0) {
                      kept.remove(row);
                    } else {
                      kept.put(row, body);
                    }
                  });
        });
    Map<String, Map<String, byte[]>> all = new HashMap<>();
    states.keySet().forEach(unit -> all.put(unit, new HashMap<>(rows.get(unit))));
    return new Checkpoint(
        all, new HashMap<>(mapped), version, offsets.clone(), watched.clone(), runs.clone());
  }

  // ---- what it reads

  /** As the watch of the log and the operator of the streams do it. */
  private void delta(int partition, long offset, Delta delta) {
    long now = world.wallMillis();
    if (!world.resting() && world.dice.chance(world.value(ProtocolKnob.LOST_DELTAS))) {
      world.count("deltas lost to the job");
      return;
    }
    if (runs[partition] == 0 || offset != watched[partition]) {
      if (runs[partition] != 0) {
        world.count("log breaks");
      }
      runs[partition] = Math.max(runs[partition] + 1, now);
    }
    watched[partition] = offset + 1;
    if (now - shadows.appendedMillis.get(partition).get((int) offset) > BEHIND_MILLIS) {
      lastBehindMillis = now;
    }
    if (!states.containsKey(delta.unit())) {
      return;
    }
    boolean damaged =
        !world.resting() && world.dice.chance(world.value(ProtocolKnob.DAMAGED_DELTAS));
    if (damaged) {
      world.count("deltas damaged");
    }
    take(
        delta.unit(),
        damaged
            ? new StreamInput.Damaged(partition, offset, runs[partition])
            : new StreamInput.Read(delta, partition, offset, runs[partition]));
  }

  private void reported(HolderReport report) {
    if (states.containsKey(report.unit())) {
      boolean behind = world.wallMillis() - lastBehindMillis < BEHIND_MILLIS;
      take(report.unit(), new StreamInput.Reported(report, behind));
    }
  }

  private void mapped(MapSlice slice) {
    if (slice.version() < version) {
      return;
    }
    version = slice.version();
    for (MapSegment segment : slice.segments()) {
      String unit = segment.unit();
      List<Subject> nodes = CopyMap.shadows(segment);
      StreamInput.Mapped before = mapped.get(unit);
      if (nodes.isEmpty()) {
        if (mapped.remove(unit) != null && states.containsKey(unit)) {
          take(unit, new StreamInput.Unmapped(Long.MAX_VALUE));
        }
      } else if (before == null
          || !before.owner().equals(segment.owner())
          || !before.shadows().equals(nodes)) {
        StreamInput.Mapped now =
            new StreamInput.Mapped(
                slice.volume(),
                slice.pool(),
                slice.version(),
                segment.owner(),
                world.spec(unit).bytes(),
                slice.blockBytes(),
                nodes);
        mapped.put(unit, now);
        states.computeIfAbsent(unit, stream::empty);
        take(unit, now);
      }
    }
  }

  private void take(String unit, StreamInput input) {
    StreamState state = Objects.requireNonNull(states.get(unit));
    world.trace("move", () -> "takes " + text(input));
    guarded("takes", () -> stream.decide(state, input, world.wallMillis(), this::say));
    if (state.isEmpty()) {
      states.remove(unit);
      rows.remove(unit);
    }
  }

  private static String text(StreamInput input) {
    return input instanceof StreamInput.Read read
        ? ProtocolWorld.text(read.delta()) + " of run " + read.run()
        : String.valueOf(input);
  }

  private void guarded(String occasion, Runnable step) {
    try {
      step.run();
    } catch (ProtocolViolation e) {
      throw e;
    } catch (RuntimeException e) {
      throw world.stumbled("move", occasion, e);
    }
  }

  // ---- what it says

  private void say(StreamOutput output) {
    if (output instanceof StreamOutput.Sent sent) {
      ShadowStep step = world.bug.sent(sent.step());
      world.count(step.isResync() ? "resyncs sent" : "steps sent");
      world.trace("move", () -> "sends " + ProtocolWorld.text(step));
      shadows.steps(step.shadow(), step.unit()).append(step);
    } else if (output instanceof StreamOutput.Stood stood) {
      world.trace("move", () -> "says " + stood.standing());
      shadows.stood(stood.standing());
    } else if (output instanceof StreamOutput.Noted noted) {
      world.trace("move", () -> "notes " + noted.event());
      shadows.truth.noted(noted.event());
    }
  }

  private void rearm() {
    long due = Decider.NO_ALARM;
    for (StreamState state : states.values()) {
      due = Math.min(due, stream.alarmMillis(state));
    }
    if (due == Decider.NO_ALARM || due >= alarmMillis) {
      return;
    }
    long at = due;
    alarmMillis = at;
    world.agenda.at(
        Math.max((at - ProtocolWorld.START_MILLIS) * 1000, world.agenda.nowMicros() + 1_000),
        () -> {
          if (!dead && alarmMillis == at) {
            alarmMillis = Long.MAX_VALUE;
            long now = world.wallMillis();
            for (StreamState state : states.values()) {
              if (stream.alarmMillis(state) <= now) {
                guarded("wakes", () -> stream.wake(state, now, this::say));
              }
            }
            rearm();
          }
        });
  }

  @Override
  public String toString() {
    return "the job feeds " + mapped;
  }

  /** The job of a world: which run goes on, and what it can come back from. */
  static final class Job {
    private final ProtocolWorld world;
    private final ShadowWorld shadows;
    private final List<Checkpoint> checkpoints = new ArrayList<>();
    private @Nullable MoveCarrier running;

    Job(ProtocolWorld world, ShadowWorld shadows) {
      this.world = world;
      this.shadows = shadows;
    }

    void start() {
      if (running != null) {
        return;
      }
      Checkpoint from = checkpoints.isEmpty() ? null : checkpoints.get(checkpoints.size() - 1);
      if (from != null && !world.resting() && world.dice.chance(0.4)) {
        from = world.dice.pick(checkpoints);
      }
      world.trace("move", () -> "starts");
      running = new MoveCarrier(world, shadows, from);
      saveLater();
    }

    private void saveLater() {
      MoveCarrier mine = running;
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
      MoveCarrier mine = running;
      if (mine != null) {
        world.count("move job crashes");
        world.trace("move", () -> "dies");
        running = null;
        if (world.dice.chance(0.2)) {
          // Nobody told the old run.
          world.agenda.after(world.dice.between(1_000, 100_000), mine::die);
        } else {
          mine.die();
        }
        world.agenda.after(world.dice.between(1_000, 100_000), this::start);
      }
    }

    @Override
    public String toString() {
      return String.valueOf(running);
    }
  }
}
