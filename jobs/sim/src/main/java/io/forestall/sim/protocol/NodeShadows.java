package io.forestall.sim.protocol;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.HeldShadow;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The shadows that a process of a node holds: the product's {@link ShadowCopy} of each in a shell
 * whose files, steps and connections are simulated, by the rules of the reference node's. For one
 * thread.
 */
final class NodeShadows {

  /** What a refused shadow waits at least before it is taken up again; milliseconds. */
  private static final long REFUSED_MILLIS = 60;

  /** A shadow that is here and goes no further, and when it may again. */
  private record Refused(CopyMap.Wanted wanted, long againMillis) {}

  /** A place in a unit's history, with all that a copy must know there. */
  record Place(
      long epoch, long sequence, long chain, List<RequestMemory.Kept> requests, long deltaOffset) {
    Place {
      requests = List.copyOf(requests);
    }

    DeltaFold fold() {
      return new DeltaFold(epoch, sequence, chain, RequestMemory.of(requests));
    }
  }

  /** What another node asks for. */
  record Fetch(
      String unit, boolean fold, long offset, int length, long minEpoch, long minSequence) {}

  /** What it gets. */
  interface Reply {
    /** The bytes as of a sequence. */
    void bytes(long[] values, long sequence);

    /** The fold at a place. */
    void fold(Place place);

    /** Nothing. */
    void refused(String why);
  }

  private final NodeLife life;
  private final ProtocolWorld world;
  private final ShadowWorld all;
  private final Map<String, Shadow> shadows = new LinkedHashMap<>();
  private final Map<String, Refused> refused = new HashMap<>();

  NodeShadows(NodeLife life, ProtocolWorld world, ShadowWorld all) {
    this.life = life;
    this.world = world;
    this.all = all;
  }

  /** One shadow. */
  final class Shadow implements ShadowCopy.Actions {
    private CopyMap.Wanted wanted;
    final SimulatedNode.Copy files;
    final ShadowCopy copy;
    private int holder;
    private long nextOffset;
    private boolean broken;
    private boolean caughtUp;
    private boolean changed = true;
    private @Nullable HolderReport told;
    private @Nullable SimulatedReader<ShadowStep> reader;
    private final Map<Long, long[]> came = new HashMap<>();

    Shadow(CopyMap.Wanted wanted, SimulatedNode.Copy files) {
      this.wanted = wanted;
      this.files = files;
      ShadowCopy.Kept kept = files.kept;
      this.nextOffset = kept == null ? -1 : files.stepOffset;
      this.copy =
          kept == null ? new ShadowCopy(files.spec, this) : new ShadowCopy(files.spec, this, kept);
    }

    String unit() {
      return files.spec.unit();
    }

    private boolean isHeld() {
      return shadows.get(unit()) == this;
    }

    private void follow() {
      SimulatedPartition<ShadowStep> steps = all.steps(life.self(), unit());
      int end = steps.end();
      if (nextOffset < 0) {
        nextOffset = end;
      } else if (!world.resting()
          && nextOffset < end
          && world.dice.chance(world.value(ProtocolKnob.LOST_STEPS))) {
        world.count("steps lost");
        copy.lostSteps();
        nextOffset = world.dice.between(nextOffset, end);
      }
      caughtUp(end);
      reader =
          new SimulatedReader<>(
              world,
              steps,
              nextOffset,
              life.node::blockedUntilMicros,
              (offset, step) ->
                  life.input(
                      () -> "reads step " + ProtocolWorld.text(step) + " at " + offset,
                      now -> step(step, offset, end, now)));
    }

    /** Once it is read to where it ended when it was followed. */
    private void caughtUp(int end) {
      if (!caughtUp && nextOffset >= end) {
        caughtUp = true;
        copy.caughtUp();
      }
    }

    private void step(ShadowStep step, long offset, int end, long nowMillis) {
      if (!isHeld()) {
        return;
      }
      ShadowStep seen = world.bug.step(life, step);
      if (!world.resting() && world.dice.chance(world.value(ProtocolKnob.LOST_STEPS) / 20)) {
        world.count("steps damaged");
        copy.lostSteps();
      } else if (seen != null) {
        Delta delta = seen.delta();
        long before = copy.lastSequence();
        copy.step(seen, nowMillis);
        if (world.bug.appliesAnything()
            && delta != null
            && delta.kind() == Delta.Kind.WRITE
            && copy.lastSequence() == before) {
          apply(delta);
        }
      }
      nextOffset = offset + 1;
      changed = true;
      caughtUp(end);
      if (step.isResync()) {
        pump();
      }
    }

    // ---- what it lets its node do

    @Override
    public void apply(Delta delta) {
      boolean exact = copy.isExact();
      long sequence = copy.lastSequence();
      require(delta, sequence);
      world.truth.applied(life.node, delta);
      life.disk(
          () ->
              work(
                  () -> {
                    files.put(delta);
                    world.count("steps applied");
                    if (exact) {
                      all.truth.holds(life.self(), files, sequence);
                    }
                    if (delta.kind() == Delta.Kind.VERIFY) {
                      life.verified(delta, files, false, world.bug);
                    }
                  }));
    }

    /** A repeat changes nothing, and nothing is passed over. */
    private void require(Delta delta, long sequence) {
      if (delta.sequence() != sequence || delta.epoch() != copy.epoch()) {
        throw new ProtocolViolation(
            ProtocolInvariant.COPIES_ARE_WHOLE,
            life.self()
                + " applies "
                + ProtocolWorld.text(delta)
                + " to its shadow, which stands at "
                + copy.epoch()
                + "/"
                + sequence);
      }
    }

    @Override
    public void fetchFold(long token, long minEpoch, long minSequence) {
      ask(token, new Fetch(unit(), true, 0, 0, minEpoch, minSequence));
    }

    @Override
    public void fetch(long token, long offset, int length, long minSequence) {
      ask(token, new Fetch(unit(), false, offset, length, 0, minSequence));
    }

    private void ask(long token, Fetch fetch) {
      List<Subject> holders = wanted.holders();
      int asked = holder;
      Subject from = holders.isEmpty() ? null : holders.get(asked % holders.size());
      life.ask(
          from,
          fetch,
          new Reply() {
            @Override
            public void bytes(long[] values, long sequence) {
              if (isHeld()) {
                came.put(token, values);
                if (copy.fetched(token, sequence, life.node.monotonicMillis())) {
                  world.count("ranges fetched");
                }
                came.remove(token);
                touched();
              }
            }

            @Override
            public void fold(Place place) {
              if (place.epoch() < fetch.minEpoch() || place.sequence() < fetch.minSequence()) {
                refused("the holder is behind");
              } else if (isHeld()) {
                copy.foldFetched(token, place.fold(), place.deltaOffset());
                touched();
              }
            }

            @Override
            public void refused(String why) {
              if (isHeld()) {
                world.count("fetches failed");
                holder = Math.max(holder, asked + 1);
                copy.failed(token, life.node.monotonicMillis());
                touched();
              }
            }
          });
    }

    @Override
    public void fill(long token, long offset, int length, BitSet keep) {
      long[] values = came.remove(token);
      if (values == null) {
        throw new IllegalStateException("nothing came under token " + token);
      }
      BitSet kept = world.bug.overwrites() ? new BitSet() : (BitSet) keep.clone();
      int first = ProtocolWorld.block(offset);
      life.disk(
          () ->
              work(
                  () -> {
                    for (int i = 0; i < values.length; i++) {
                      if (!kept.get(i)) {
                        files.put(first + i, values[i]);
                      }
                    }
                  }));
    }

    private void work(Runnable work) {
      if (broken) {
        return;
      }
      if (life.node.diskFull || life.node.diskFails) {
        boolean noSpace = life.node.diskFull;
        broken = true;
        life.input(() -> "cannot write its shadow of " + unit(), now -> ended(this, noSpace, now));
        return;
      }
      work.run();
    }

    private void touched() {
      changed = true;
      pump();
    }

    /** Asks for what it lacks. */
    private void pump() {
      long now = life.node.monotonicMillis();
      while (copy.fetchNext(now) > 0) {
        world.count("ranges asked for");
      }
      armed();
    }

    private long alarmMillis = Long.MAX_VALUE;

    private void armed() {
      long due = copy.alarmMillis();
      if (due == Decider.NO_ALARM || due >= alarmMillis) {
        return;
      }
      alarmMillis = due;
      world.agenda.after(
          Math.max(1_000, life.node.microsUntil(due)),
          () ->
              life.run(
                  () -> {
                    if (alarmMillis == due) {
                      alarmMillis = Long.MAX_VALUE;
                      if (isHeld()) {
                        copy.tick(life.node.monotonicMillis());
                        pump();
                      }
                    }
                  }));
    }

    HolderReport report() {
      boolean needs = copy.needsResync();
      return new HolderReport(
          unit(),
          life.self(),
          false,
          copy.epoch(),
          Math.max(0, needs ? copy.resyncFrom() : copy.lastSequence()),
          "none",
          List.of(),
          0,
          copy.missingBytes(),
          needs,
          null,
          life.node.wallMillis());
    }
  }

  // ---- which there are

  boolean contains(String unit) {
    return shadows.containsKey(unit) || refused.containsKey(unit);
  }

  /** How the shadow of a unit stands, null when none goes on here. */
  @Nullable ShadowCopy copy(String unit) {
    Shadow shadow = shadows.get(unit);
    return shadow == null ? null : shadow.copy;
  }

  void want(CopyMap.Wanted wanted) {
    Shadow shadow = shadows.get(wanted.unit());
    if (shadow != null) {
      shadow.wanted = wanted;
    }
    refused.computeIfPresent(wanted.unit(), (key, each) -> new Refused(wanted, each.againMillis()));
  }

  void begin(CopyMap.Wanted wanted, SimulatedNode.Copy files) {
    Shadow shadow = new Shadow(wanted, files);
    shadows.put(wanted.unit(), shadow);
    refused.remove(wanted.unit());
    world.count("shadows begun");
    shadow.follow();
    shadow.pump();
  }

  /** No map wants it any more: it is gone, with its files. */
  void cancel(String unit) {
    refused.remove(unit);
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      drop(shadow);
    }
  }

  private void drop(Shadow shadow) {
    shadow.broken = true;
    shadows.remove(shadow.unit());
    SimulatedReader<ShadowStep> reader = shadow.reader;
    if (reader != null) {
      life.forget(reader);
    }
  }

  private void ended(Shadow shadow, boolean noSpace, long nowMillis) {
    if (shadow.isHeld()) {
      drop(shadow);
      world.count(noSpace ? "shadows refused" : "shadows failed");
      refused.put(
          shadow.unit(),
          new Refused(shadow.wanted, noSpace ? nowMillis + REFUSED_MILLIS : Long.MAX_VALUE));
    }
  }

  /** How the shadow of a unit stands here, null when none is held. */
  @Nullable HeldShadow held(String unit) {
    Shadow shadow = shadows.get(unit);
    if (shadow == null) {
      return refused.containsKey(unit)
          ? new HeldShadow(HeldShadow.State.STOPPED, "the shadow goes no further")
          : null;
    }
    return !shadow.broken && (shadow.copy.isInSync() || world.bug.promotesAnything(shadow.copy))
        ? new HeldShadow(HeldShadow.State.IN_SYNC, "the shadow is in sync")
        : new HeldShadow(HeldShadow.State.BEHIND, "the shadow is not in sync");
  }

  /** Gives away a shadow that is in sync, null when it is not. */
  @Nullable Shadow adopt(String unit) {
    Shadow shadow = shadows.get(unit);
    if (shadow == null
        || shadow.broken
        || !shadow.copy.isInSync() && !world.bug.promotesAnything(shadow.copy)) {
      return null;
    }
    shadows.remove(unit);
    SimulatedReader<ShadowStep> reader = shadow.reader;
    if (reader != null) {
      life.forget(reader);
    }
    return shadow;
  }

  /** Shadows that the map wants as copies like any other, and that can be. */
  List<String> toAdopt() {
    List<String> units = new ArrayList<>();
    for (Shadow each : shadows.values()) {
      if (!each.wanted.shadow() && !each.broken && each.copy.isInSync()) {
        units.add(each.unit());
      }
    }
    return units;
  }

  /** Where a shadow stands. */
  static Place place(ShadowCopy copy) {
    ShadowCopy.KeptFold at = copy.kept().fold();
    if (at == null) {
      throw new IllegalStateException("it has no fold");
    }
    return new Place(at.epoch(), at.lastSequence(), at.chain(), at.requests(), at.deltaOffset());
  }

  /** A block of a shadow was found to be damaged: it is fetched again. */
  void damaged(String unit, int block) {
    Shadow shadow = shadows.get(unit);
    if (shadow != null) {
      shadow.copy.damaged(ProtocolWorld.offset(block), ProtocolWorld.BLOCK_BYTES);
      shadow.touched();
    }
  }

  /** Another node fetches; a shadow gives only what is exactly the unit's. */
  void give(Fetch fetch, Reply reply) {
    Shadow shadow = shadows.get(fetch.unit());
    if (shadow == null || shadow.broken) {
      reply.refused("it holds no sound copy of the unit");
      return;
    }
    ShadowCopy copy = shadow.copy;
    if (!copy.isExact() && !world.bug.givesAnything()
        || copy.epoch() < fetch.minEpoch()
        || copy.lastSequence() < fetch.minSequence()) {
      reply.refused("the shadow has not come as far yet");
    } else if (fetch.fold()) {
      reply.fold(place(copy));
    } else {
      life.serve(
          shadow.files,
          fetch,
          copy.lastSequence(),
          block -> damaged(fetch.unit(), block),
          () -> shadow.broken,
          reply);
    }
  }

  // ---- now and then

  /** Takes up again what was refused. */
  void second(long nowMillis) {
    for (Map.Entry<String, Refused> each : new TreeMap<>(refused).entrySet()) {
      if (!life.node.diskFull && nowMillis >= each.getValue().againMillis()) {
        refused.remove(each.getKey());
        life.open(each.getValue().wanted());
      }
    }
  }

  /** Makes durable how far each is. */
  void keep() {
    for (Shadow each : shadows.values()) {
      if (each.changed && !each.broken) {
        each.changed = false;
        ShadowCopy.Kept kept = each.copy.kept();
        long offset = each.nextOffset;
        life.disk(
            () ->
                each.work(
                    () -> {
                      if (world.bug.syncsShadows()) {
                        each.files.sync();
                      }
                      each.files.kept = kept;
                      each.files.stepOffset = offset;
                    }));
      }
    }
  }

  /** What is to be told of them now. */
  List<HolderReport> reports() {
    List<HolderReport> reports = new ArrayList<>();
    for (Shadow each : shadows.values()) {
      HolderReport told = each.told;
      HolderReport now = each.report();
      if (told == null
          || now.needsResync()
          || now.missingBytes() > 0
          || told.missingBytes() > 0
          || told.needsResync()
          || told.sequence() != now.sequence()
          || told.epoch() != now.epoch()) {
        each.told = now;
        reports.add(now);
      }
    }
    return reports;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Shadow each : shadows.values()) {
      text.append("shadow of ")
          .append(each.unit())
          .append(" at ")
          .append(each.copy.epoch())
          .append('/')
          .append(each.copy.lastSequence())
          .append(each.copy.isExact() ? ", exact" : each.copy.isInSync() ? ", in sync" : "")
          .append(each.copy.needsResync() ? ", needs a resync" : "")
          .append(", lacks ")
          .append(each.copy.missingBytes())
          .append("; ");
    }
    return refused.isEmpty() ? text.toString() : text + "refused " + refused.keySet() + "; ";
  }
}
