package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.sim.world.Dice;
import io.forestall.sim.world.SimulationReport;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One cluster from one seed on one thread: the product's nodes and clients, and around them logs,
 * disks, clocks, connections and people that go wrong in every way; then nothing fails any more and
 * everything must come to its end; then what the clients saw is judged.
 */
public final class ProtocolWorld {
  static final String POOL = "p1";

  /** 2026-01-05. */
  static final long START_MILLIS = 1_767_571_200_000L;

  static final int BLOCK_BYTES = 8;

  /** Two blocks lie in each chunk that is fetched and verified, at its beginning. */
  private static final int BLOCKS_OF_CHUNK = 2;

  static final Set<Integer> ALL_KEYS = Set.of(1, 2);

  /**
   * L. Small, so that a schedule is short; the drift covers clocks that differ by a sixteenth and
   * two roundings to a millisecond.
   */
  static final String VOLUME = "v-1";

  static final long LEASE_MILLIS = 100;

  static final long DRIFT_MILLIS = 12;

  /** How long everything may take to end once nothing fails any more; microseconds. */
  private static final long REST_MICROS = 20_000_000;

  /** How long an act may take to end once nothing fails any more; microseconds. */
  private static final long ACTS_MICROS = 200_000_000;

  private static final long MAX_STEPS = 400_000;

  final Dice dice;
  final Agenda agenda = new Agenda();
  final ProtocolScenario scenario;
  final ProtocolBug bug;
  final Truth truth = new Truth(this);
  final SimulatedPartition<OwnershipEntry> ownership;
  final List<SimulatedPartition<Delta>> deltas = new ArrayList<>();
  final List<SimulatedNode> nodes = new ArrayList<>();
  final List<String> units = new ArrayList<>();
  final List<Operation> history = new ArrayList<>();

  /** Writes whose clients were told before they counted: they happened if they count in the end. */
  final List<AcceptedWrite> accepted = new ArrayList<>();

  final ScriptedSaga saga;

  /** Null in a world where each node holds a copy of all, and always will. */
  final @Nullable ShadowWorld shadows;

  private final ScriptedGuard guard = new ScriptedGuard(this);

  private final long seed;
  private final @Nullable Consumer<String> trace;
  private final List<ClientLife> clients = new ArrayList<>();
  private final int[] starts;
  private final Map<String, Long> counts = new TreeMap<>();
  private long stalledUntilMicros;
  private boolean halted;
  private long asyncBoundMillis;
  private boolean usesSaga;
  private boolean quiet;
  private boolean resting;
  private long tokens;
  private long values = 100;
  private long moments;
  private long digest = 0x9e3779b97f4a7c15L;
  private int toAsk;

  /** A write that was accepted, as its client saw it. */
  record AcceptedWrite(String unit, String client, long request, Operation write) {}

  private ProtocolWorld(
      long seed, ProtocolScenario scenario, ProtocolBug bug, @Nullable Consumer<String> trace) {
    this.seed = seed;
    this.scenario = scenario;
    this.bug = bug;
    this.trace = trace;
    this.dice = new Dice(seed);
    this.starts = new int[(int) value(ProtocolKnob.CLIENTS)];
    this.ownership =
        new SimulatedPartition<>(
            (offset, entry) -> {
              trace("ownership", () -> offset + " " + text(entry));
              mix(entry.kind().ordinal() * 31L + entry.owner().hashCode());
              truth.ownershipAppended(offset, entry);
            });
    for (int i = 0; i < 2; i++) {
      int partition = i;
      deltas.add(
          new SimulatedPartition<>(
              (offset, delta) -> {
                trace("deltas-" + partition, () -> offset + " " + text(delta));
                mix(delta.sequence() * 31 + delta.epoch());
                ShadowWorld shadowed = shadows();
                if (shadowed != null) {
                  shadowed.appendedMillis.get(partition).add(wallMillis());
                }
                truth.deltaAppended(delta);
              }));
    }
    this.saga = new ScriptedSaga(this);
    this.shadows = value(ProtocolKnob.SHADOWS) > 0 ? new ShadowWorld(this) : null;
  }

  private @Nullable ShadowWorld shadows() {
    return shadows;
  }

  /** Blocks of each unit that clients contend for; count. */
  int blocks() {
    return (int) value(ProtocolKnob.BLOCKS);
  }

  long wallMillis() {
    return START_MILLIS + agenda.nowMicros() / 1000;
  }

  /** A unit: the last block is written with zeros, and not judged. */
  UnitSpec spec(String unit) {
    return new UnitSpec(unit, VOLUME, POOL, offset(blocks()) + BLOCK_BYTES, BLOCK_BYTES);
  }

  /** The schedule of a seed in the scenario that the seed chooses. */
  public static SimulationReport run(long seed) {
    return run(seed, ProtocolScenario.of(seed), ProtocolBug.NONE, null);
  }

  /**
   * Runs one schedule to its end, or to the first violation.
   *
   * @param seed decides everything that is left to chance
   * @param trace hears of every step, null when nobody reads it
   */
  public static SimulationReport run(
      long seed, ProtocolScenario scenario, ProtocolBug bug, @Nullable Consumer<String> trace) {
    ProtocolWorld world = new ProtocolWorld(seed, scenario, bug, trace);
    try {
      world.live();
      return world.report(null, null);
    } catch (ProtocolViolation e) {
      return world.report(e.invariant().text(), String.valueOf(e.getMessage()));
    }
  }

  private SimulationReport report(@Nullable String invariant, @Nullable String message) {
    return new SimulationReport(
        seed, scenario.name(), bug.name(), agenda.steps(), digest, counts, invariant, message);
  }

  // ---- life

  private void live() {
    int blocks = (int) value(ProtocolKnob.BLOCKS);
    for (int i = 0; i < (int) value(ProtocolKnob.UNITS); i++) {
      units.add("v-1/" + i);
    }
    for (int i = 0; i < (int) value(ProtocolKnob.NODES); i++) {
      SimulatedNode node = new SimulatedNode(this, i);
      for (String unit : units) {
        if (shadows == null) {
          node.copies.put(unit, new SimulatedNode.Copy(spec(unit), blocks + 1));
        }
      }
      nodes.add(node);
    }
    for (int i = 0; i < units.size(); i++) {
      nodes.get(i / 2 % nodes.size()).firstOf.add(units.get(i));
    }
    usesSaga = dice.chance(value(ProtocolKnob.SAGA));
    if (shadows != null) {
      shadows.write(shadows.first());
      shadows.job.start();
    }
    if (usesSaga) {
      guard.begin();
    }
    boolean changesMode = value(ProtocolKnob.ASYNCHRONOUS) > 0;
    if (changesMode && dice.chance(value(ProtocolKnob.ASYNCHRONOUS))) {
      asyncBoundMillis = asyncBound();
    }
    boolean rotates = dice.chance(value(ProtocolKnob.ROTATIONS));
    for (SimulatedNode node : nodes) {
      agenda.after(dice.between(0, 5_000), node::start);
    }
    for (int i = 0; i < starts.length; i++) {
      clients.add(client(i));
    }
    long life = (long) value(ProtocolKnob.LIFE_MILLIS) * 1000;
    toAsk = (int) value(ProtocolKnob.REQUESTS);
    for (int i = 0; i < toAsk; i++) {
      int client = i % clients.size();
      agenda.at(dice.between(5_000, life), () -> ask(client));
    }
    often(ProtocolKnob.MOVES, life, saga::move);
    often(ProtocolKnob.REPLAYS, life, saga::replay);
    often(ProtocolKnob.RESTORES, life, saga::restore);
    often(ProtocolKnob.FORGERIES, life, saga::forge);
    often(ProtocolKnob.CRASHES, life, () -> dice.pick(nodes).crash());
    often(ProtocolKnob.PAUSES, life, this::pause);
    often(ProtocolKnob.CUTS, life, () -> cut(dice.pick(nodes), dice.between(20_000, 500_000)));
    often(ProtocolKnob.STALLS, life, this::stall);
    often(ProtocolKnob.BREAKS, life, () -> dice.pick(clients).breakSome());
    often(ProtocolKnob.FULL_DISKS, life, this::fillDisk);
    often(ProtocolKnob.FAILED_DISKS, life, this::failDisk);
    often(ProtocolKnob.HALTS, life, this::halt);
    if (changesMode) {
      often(ProtocolKnob.MODES, life, this::changeMode);
    }
    often(
        ProtocolKnob.JUMPS,
        life,
        () -> dice.pick(nodes).wallSkewMillis += dice.between(-5_000, 5_000));
    often(ProtocolKnob.CLIENT_CRASHES, life, this::crashClient);
    ShadowWorld shadowed = shadows;
    if (shadowed != null) {
      often(ProtocolKnob.SHADOWS, life, shadowed::create);
      often(ProtocolKnob.RETIREMENTS, life, shadowed::retire);
      often(ProtocolKnob.ROT, life, shadowed::rot);
      often(ProtocolKnob.MOVE_CRASHES, life, shadowed.job::crash);
    }
    if (usesSaga) {
      often(ProtocolKnob.JOB_CRASHES, life, guard.job()::crash);
    }
    if (rotates) {
      agenda.at(dice.between(0, life), saga::rotate);
      for (SimulatedNode node : nodes) {
        agenda.at(dice.between(0, life), () -> learnKey(node));
      }
    }
    runUntil(life);
    rest();
    long deadline = agenda.nowMicros() + REST_MICROS;
    await(
        deadline, this::idle, () -> "requests are still open, or units without owner: " + state());
    for (int client = 0; client < 2; client++) {
      for (String unit : units) {
        for (int block = 0; block < blocks; block++) {
          ClientLife reader = clients.get(client % clients.size());
          while (!reader.ask(NodeRequest.Kind.READ, unit, block, 1)) {
            stepOnce(deadline, () -> "a reader stays busy: " + state());
          }
        }
      }
    }
    await(deadline, this::idle, () -> "reads are still open: " + state());
    if (shadowed != null) {
      await(
          agenda.nowMicros() + REST_MICROS,
          () -> sound(shadowed) && (usesSaga || alike()),
          () -> "media stay rotten, or copies differ: " + state());
    }
    if (usesSaga) {
      quiet = true;
      await(
          agenda.nowMicros() + ACTS_MICROS,
          () -> guard.open() == 0,
          () -> "acts have no end: " + guard + "; " + state());
    }
    long patience = agenda.nowMicros() + REST_MICROS;
    while (!truth.owesNothing() && agenda.nextMicros() <= patience) {
      agenda.step();
    }
    truth.judgeAccepted();
    await(agenda.nowMicros() + REST_MICROS, this::alike, () -> "copies lag or differ: " + state());
    judge();
  }

  private void ask(int client) {
    ClientLife asking = clients.get(client);
    int blocks = (int) value(ProtocolKnob.BLOCKS);
    String unit = dice.pick(units);
    boolean asked;
    if (!accepted.isEmpty() && dice.chance(value(ProtocolKnob.FLUSHES))) {
      asking.flush();
    }
    if (dice.chance(value(ProtocolKnob.READS))) {
      int first = dice.below(blocks);
      int most = Math.min(blocks - first, together(first));
      asked = asking.ask(NodeRequest.Kind.READ, unit, first, 1 + dice.below(most));
    } else if (dice.chance(0.08)) {
      asked =
          asking.ask(
              dice.chance(0.5) ? NodeRequest.Kind.ZERO : NodeRequest.Kind.TRIM, unit, blocks, 1);
    } else {
      int first = dice.below(blocks);
      asked =
          asking.ask(
              NodeRequest.Kind.WRITE,
              unit,
              first,
              dice.chance(0.8) ? 1 : 1 + dice.below(Math.min(blocks - first, together(first))));
    }
    if (!asked && !resting) {
      agenda.after(dice.between(1_000, 20_000), () -> ask(client));
    }
    if (asked && dice.chance(value(ProtocolKnob.BURSTS))) {
      burst(unit, blocks);
    }
  }

  /** More writes at once than a journal takes in: they are merged and joined. */
  private void burst(String unit, int blocks) {
    count("bursts");
    for (ClientLife each : clients) {
      for (int i = 1 + dice.below(2); i > 0; i--) {
        each.ask(NodeRequest.Kind.WRITE, unit, dice.below(blocks), 1);
      }
    }
  }

  private void often(ProtocolKnob knob, long lifeMicros, Runnable step) {
    double mean = value(knob);
    int times = (int) mean + (dice.chance(mean - (int) mean) ? 1 : 0);
    for (int i = 0; i < times; i++) {
      agenda.at(
          dice.between(0, lifeMicros),
          () -> {
            if (!resting) {
              step.run();
            }
          });
    }
  }

  private void runUntil(long micros) {
    while (agenda.nextMicros() < micros) {
      agenda.step();
    }
  }

  private interface Goal {
    boolean reached();
  }

  private void await(long deadlineMicros, Goal goal, Supplier<String> what) {
    while (!goal.reached()) {
      stepOnce(deadlineMicros, what);
    }
  }

  private void stepOnce(long deadlineMicros, Supplier<String> what) {
    if (agenda.nextMicros() > deadlineMicros || agenda.steps() > MAX_STEPS) {
      throw new ProtocolViolation(
          ProtocolInvariant.COMES_TO_REST, "it does not come to rest: " + what.get());
    }
    agenda.step();
  }

  /** Nothing fails any more. */
  private void rest() {
    trace("world", () -> "comes to rest");
    resting = true;
    stalledUntilMicros = 0;
    halt(false);
    for (SimulatedNode node : nodes) {
      node.cutUntilMicros = 0;
      node.diskFull = false;
      NodeLife life = node.life;
      if (life != null) {
        life.resumeAtOnce();
      }
      boolean behind = !node.keys.containsAll(ALL_KEYS);
      node.keys.addAll(ALL_KEYS);
      if (node.diskFails || behind) {
        boolean fails = node.diskFails;
        node.crash();
        if (fails) {
          node.replaceDisk();
        }
      }
      agenda.after(dice.between(1_000, 20_000), node::start);
    }
  }

  private boolean idle() {
    for (ClientLife each : clients) {
      if (each.open() > 0) {
        return false;
      }
    }
    return true;
  }

  /** True when no copy that the map wants has a block that is not what was written. */
  private boolean sound(ShadowWorld shadowed) {
    for (SimulatedNode node : nodes) {
      for (CopyMap.Wanted each : CopyMap.wanted(shadowed.map(), node.self).values()) {
        SimulatedNode.Copy copy = node.copies.get(each.unit());
        // One on its way out is not opened again, and nobody looks after it.
        if (!each.retiring() && copy != null && !Arrays.equals(copy.blocks, copy.sums)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean alike() {
    for (String unit : units) {
      List<Delta> counted = truth.counted(unit);
      if (shadows != null) {
        if (!alike(shadows, unit, counted.size())) {
          return false;
        }
        continue;
      }
      for (SimulatedNode node : nodes) {
        SimulatedNode.Copy copy = node.copies.get(unit);
        NodeLife life = node.life;
        if (life == null || copy == null || copy.fold.lastSequence() != counted.size()) {
          return false;
        }
        NodeProtocol.UnitStatus status = life.protocol.status(unit);
        Owned owned = truth.owned(unit);
        if (status == null
            || owned == null
            || !owned.equals(status.owned())
            || owned.owner().equals(node.self) != (status.role() == NodeProtocol.Role.SERVING)) {
          return false;
        }
      }
    }
    return true;
  }

  /** True when each node has what the map wants of a unit, as far as the log, and one serves. */
  private boolean alike(ShadowWorld shadowed, String unit, long sequence) {
    Owned owned = truth.owned(unit);
    if (owned == null) {
      return false;
    }
    for (SimulatedNode node : nodes) {
      NodeLife life = node.life;
      if (life == null) {
        return false;
      }
      NodeProtocol.UnitStatus status = life.protocol.status(unit);
      boolean serves = status != null && status.role() == NodeProtocol.Role.SERVING;
      CopyMap.Wanted wanted = CopyMap.wanted(shadowed.map(), node.self).get(unit);
      if (owned.owner().equals(node.self) != serves
          || status != null && !owned.equals(status.owned())
          || wanted == null && (status != null || serves)
          || wanted != null && !life.holds(wanted, owned.epoch(), sequence)) {
        return false;
      }
    }
    return true;
  }

  private String state() {
    StringBuilder text = new StringBuilder();
    for (ClientLife each : clients) {
      if (each.open() > 0) {
        text.append(each).append(" waits for ").append(each.open()).append(" answers; ");
      }
    }
    for (String unit : units) {
      text.append(unit)
          .append(" has ")
          .append(truth.counted(unit).size())
          .append(" deltas and ")
          .append(truth.owned(unit))
          .append("; ");
    }
    for (SimulatedNode node : nodes) {
      NodeLife life = node.life;
      text.append(node.self).append(life == null ? " is dead; " : ": ");
      if (life != null) {
        life.protocol
            .status()
            .forEach(
                (unit, status) ->
                    text.append(unit)
                        .append(' ')
                        .append(status.role())
                        .append(" at ")
                        .append(status.appliedSequence())
                        .append(", ")
                        .append(status.pending())
                        .append(" open; "));
        text.append(life.copies());
      }
    }
    return text.toString();
  }

  private void judge() {
    for (String unit : units) {
      long[] expected = new long[(int) value(ProtocolKnob.BLOCKS) + 1];
      for (Delta delta : truth.counted(unit)) {
        put(expected, delta);
      }
      for (SimulatedNode node : nodes) {
        if (shadows != null && !CopyMap.wanted(shadows.map(), node.self).containsKey(unit)) {
          continue;
        }
        SimulatedNode.Copy copy = node.copies.get(unit);
        long[] found = copy == null ? new long[0] : copy.blocks;
        if (!Arrays.equals(expected, found)) {
          throw new ProtocolViolation(
              ProtocolInvariant.FOLDS_AGREE,
              node.self
                  + " holds "
                  + Arrays.toString(found)
                  + " of "
                  + unit
                  + " where the log says "
                  + Arrays.toString(expected));
        }
      }
    }
    for (AcceptedWrite each : accepted) {
      if (truth.counts(each.unit(), each.client(), each.request())) {
        history.add(each.write());
      }
    }
    count("operations judged", history.size());
    Linearizability.Verdict verdict = Linearizability.check(history);
    if (!verdict.linearizable()) {
      throw new ProtocolViolation(ProtocolInvariant.LINEARIZABLE, verdict.explanation());
    }
  }

  // ---- what goes wrong

  private void pause() {
    NodeLife life = dice.pick(nodes).life;
    if (life != null) {
      long micros = dice.chance(0.5) ? dice.between(1_000, 30_000) : dice.between(50_000, 400_000);
      if (dice.chance(0.5)) {
        life.pauseInside(micros);
      } else {
        life.pause(micros);
      }
    }
  }

  void cut(SimulatedNode node, long micros) {
    if (resting) {
      return;
    }
    node.cutUntilMicros = agenda.nowMicros() + micros;
    count("cuts");
    trace(node.self, () -> "is cut from the broker");
  }

  private void stall() {
    stalledUntilMicros = agenda.nowMicros() + dice.between(10_000, 300_000);
    count("stalls");
    trace("broker", () -> "stalls");
  }

  private void fillDisk() {
    SimulatedNode node = dice.pick(nodes);
    node.diskFull = true;
    count("full disks");
    trace(node.self, () -> "has a full disk");
    agenda.after(dice.between(10_000, 300_000), () -> node.diskFull = false);
  }

  private void failDisk() {
    SimulatedNode node = dice.pick(nodes);
    node.diskFails = true;
    count("failed disks");
    trace(node.self, () -> "has a failing disk");
    agenda.after(
        dice.between(50_000, 500_000),
        () -> {
          if (node.diskFails) {
            node.crash();
            node.replaceDisk();
          }
        });
  }

  private void halt() {
    count("halts");
    halt(true);
    agenda.after(dice.between(20_000, 300_000), () -> halt(false));
  }

  private void halt(boolean now) {
    halted = now;
    if (usesSaga) {
      guard.halted(now);
    }
    for (SimulatedNode node : nodes) {
      agenda.after(
          delayMicros(500),
          () -> {
            if (node.life != null) {
              node.life.halted(halted);
            }
          });
    }
  }

  private long asyncBound() {
    return dice.chance(0.5) ? dice.between(5, 30) : dice.between(30, 400);
  }

  /** An operator has writes acknowledged otherwise; nodes read of it when they can. */
  private void changeMode() {
    asyncBoundMillis = asyncBoundMillis > 0 && dice.chance(0.7) ? 0 : asyncBound();
    count("modes changed");
    for (SimulatedNode node : nodes) {
      agenda.after(
          delayMicros(2_000),
          () -> {
            if (node.life != null) {
              node.life.writeMode(asyncBoundMillis);
            }
          });
    }
  }

  /** For how long writes may be answered before they count, 0 in synchronous mode. */
  long asyncBoundMillis() {
    return asyncBoundMillis;
  }

  private void learnKey(SimulatedNode node) {
    if (resting || node.keys.contains(2)) {
      return;
    }
    NodeLife life = node.life;
    if (life != null && dice.chance(0.5)) {
      life.learnsKey(2);
      return;
    }
    trace(node.self, () -> "learns the new key and starts again");
    node.keys.add(2);
    node.crash();
  }

  private void crashClient() {
    int index = dice.below(clients.size());
    clients.get(index).die();
    clients.set(index, client(index));
  }

  private ClientLife client(int index) {
    starts[index]++;
    return new ClientLife(
        this, "c-" + (index + 1) + "/" + starts[index], dice.chance(0.7) ? ALL_KEYS : Set.of(1));
  }

  void nodeDied(SimulatedNode node) {
    if (shadows != null) {
      shadows.truth.died(node.self);
    }
    agenda.after(dice.between(5_000, 300_000), node::start);
    for (ClientLife each : clients) {
      each.nodeDied(node);
    }
  }

  // ---- what everybody asks

  double value(ProtocolKnob knob) {
    return scenario.value(knob);
  }

  /** A delay around a mean, now and then much longer. */
  long delayMicros(long meanMicros) {
    long delay = 1 + (long) (meanMicros * (0.3 + 1.4 * dice.unit()));
    return !resting && dice.chance(scenario.value(ProtocolKnob.SLOW))
        ? Math.min(delay * dice.between(5, 100), delay + 150_000)
        : delay;
  }

  long stalledUntilMicros() {
    return stalledUntilMicros;
  }

  ScriptedGuard guard() {
    return guard;
  }

  /** True when the product's saga carries acts out. */
  boolean usesSaga() {
    return usesSaga;
  }

  /** True when only the ends of acts are waited for, which may take long. */
  boolean quiet() {
    return quiet;
  }

  boolean resting() {
    return resting;
  }

  boolean halted() {
    return halted;
  }

  int partitionOf(String unit) {
    return units.indexOf(unit) % deltas.size();
  }

  SimulatedNode node(Subject self) {
    for (SimulatedNode node : nodes) {
      if (node.self.equals(self)) {
        return node;
      }
    }
    throw new IllegalArgumentException("there is no " + self);
  }

  /** True when the node that a probe names answers. */
  boolean reaches(Command probe) {
    String named = probe.parameters().get(Command.REACH);
    return named != null
        && node(Subject.parse(named)).alive()
        && (resting || !dice.chance(value(ProtocolKnob.FALSE_WITNESSES)));
  }

  void hint(Subject target) {
    for (ClientLife each : clients) {
      agenda.after(delayMicros(500), () -> each.hinted(target));
    }
  }

  long nextToken() {
    return ++tokens;
  }

  long nextValue() {
    return ++values;
  }

  /** The next moment of the one clock of the history. */
  long nextMoment() {
    return ++moments;
  }

  void answered(NodeAnswer answer) {
    count("answers " + answer.outcome().name().toLowerCase(Locale.ROOT));
    mix(answer.outcome().ordinal());
  }

  private void mix(long what) {
    digest = (digest ^ what ^ agenda.nowMicros()) * 0x9e3779b97f4a7c15L;
    digest ^= digest >>> 29;
  }

  void count(String what) {
    counts.merge(what, 1L, Long::sum);
  }

  void count(String what, long much) {
    counts.merge(what, much, Long::sum);
  }

  void trace(Object who, Supplier<String> what) {
    if (trace != null) {
      trace.accept(
          String.format(
              Locale.ROOT,
              "%d %.3f ms %s %s",
              agenda.steps(),
              agenda.nowMicros() / 1e3,
              who,
              what.get()));
    }
  }

  ProtocolViolation stumbled(String who, String occasion, RuntimeException failure) {
    StringBuilder where = new StringBuilder();
    StackTraceElement[] stack = failure.getStackTrace();
    for (int i = 0; i < Math.min(8, stack.length); i++) {
      where.append(" at ").append(stack[i]);
    }
    return new ProtocolViolation(
        ProtocolInvariant.NOBODY_STUMBLES,
        who + " fails as it " + occasion + ": " + failure + where);
  }

  // ---- blocks and texts

  static String block(String unit, int index) {
    return unit + ":" + index * BLOCK_BYTES;
  }

  /** Where a block lies within its unit; bytes. */
  static long offset(int block) {
    return (long) (block / BLOCKS_OF_CHUNK) * ShadowCopy.CHUNK_BYTES
        + (long) (block % BLOCKS_OF_CHUNK) * BLOCK_BYTES;
  }

  /** The block that lies there, or the next one. */
  static int block(long offset) {
    long inChunk = (offset % ShadowCopy.CHUNK_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES;
    return (int) (offset / ShadowCopy.CHUNK_BYTES) * BLOCKS_OF_CHUNK
        + (int) Math.min(BLOCKS_OF_CHUNK, inChunk);
  }

  /** Blocks that follow this one without a gap, itself among them; count. */
  private static int together(int block) {
    return BLOCKS_OF_CHUNK - block % BLOCKS_OF_CHUNK;
  }

  static byte[] payload(long value, int count) {
    ByteBuffer buffer = ByteBuffer.allocate(count * BLOCK_BYTES);
    for (int i = 0; i < count; i++) {
      buffer.putLong(value);
    }
    return buffer.array();
  }

  /** Does to a copy what a delta says. */
  static void put(long[] blocks, Delta delta) {
    if (delta.kind() == Delta.Kind.VERIFY) {
      return;
    }
    int first = block(delta.offset());
    int count = (int) (delta.length() / BLOCK_BYTES);
    for (int i = 0; i < count; i++) {
      blocks[first + i] =
          delta.kind() == Delta.Kind.WRITE
              ? ByteBuffer.wrap(delta.payload()).getLong(i * BLOCK_BYTES)
              : Operation.INITIAL;
    }
  }

  static long[] blocks(long[] blocks, NodeRequest request) {
    int first = block(request.offset());
    return Arrays.copyOfRange(blocks, first, first + (int) (request.length() / BLOCK_BYTES));
  }

  static String text(NodeRequest request) {
    return request.kind()
        + " "
        + request.client()
        + "#"
        + request.request()
        + " of "
        + request.unit()
        + ":"
        + request.offset()
        + "+"
        + request.length()
        + " believing epoch "
        + request.epoch();
  }

  static String text(Delta delta) {
    return delta.kind()
        + " "
        + delta.unit()
        + " epoch "
        + delta.epoch()
        + " sequence "
        + delta.sequence()
        + " by "
        + delta.owner()
        + (delta.client() == null ? "" : " for " + delta.client() + "#" + delta.request())
        + (delta.merged().isEmpty() ? "" : " and " + delta.merged());
  }

  static String text(ShadowStep step) {
    Delta delta = step.delta();
    return delta != null
        ? text(delta) + " after " + step.previousSequence()
        : "RESYNC of "
            + step.unit()
            + " at "
            + step.epoch()
            + "/"
            + step.sequence()
            + " from "
            + step.previousSequence()
            + " of "
            + step.ranges();
  }

  static String text(OwnershipEntry entry) {
    return entry.kind()
        + " "
        + entry.steps()
        + " owner "
        + entry.owner()
        + "/"
        + entry.incarnation()
        + (entry.admission() == null
            ? ""
            : " by " + entry.admission().id() + " " + entry.authority());
  }

  static String text(Command command) {
    return command.kind()
        + " "
        + command.id()
        + " "
        + command.units()
        + " target "
        + command.target();
  }
}
