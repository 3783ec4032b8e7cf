package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The nodes, units and people's machines of a few pools as they truly are, and what they tell the
 * topics: risk, events, predictions right and wrong, storms, zones, departures, proposals. For one
 * thread.
 */
final class StorageWorld {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long GIB = 1L << 30;
  private static final int RACKS = 5;
  private static final int ZONES = 3;
  private static final String MODEL = "node-risk";

  private final Simulation world;
  private final Dice dice;
  private final Post.Writer nodesWriter;
  private final Post.Writer senseWriter;
  private final Post.Writer othersWriter;
  private final Map<String, Pool> pools = new LinkedHashMap<>();
  private final boolean oldModels;
  private int modelVersion;
  private long counter;
  private boolean quiet;

  /** Storms that began, by pool. */
  final Map<String, Integer> storms = new LinkedHashMap<>();

  /** One pool. */
  static final class Pool {
    final String name;
    final List<Node> nodes = new ArrayList<>();
    final Map<String, Unit> units = new LinkedHashMap<>();
    int nodesEver;
    int beats;
    long silentUntilMillis;

    Pool(String name) {
      this.name = name;
    }
  }

  /** One node. */
  static final class Node {
    final Place place;
    final Subject subject;
    Tier tier = Tier.HEALTHY;
    boolean alive = true;
    boolean left;
    boolean busy;
    long freeBytes;

    Node(Place place, long freeBytes) {
      this.place = place;
      this.subject = Subject.node(place.node());
      this.freeBytes = freeBytes;
    }
  }

  /** One unit. */
  static final class Unit {
    final String name;
    final String volume;
    final long bytes;
    Subject owner;
    long epoch = 1;

    /** Who holds it in sync, shadows too. */
    final List<Subject> copies;

    /** Who holds a shadow, in sync or not. */
    final Set<Subject> shadows = new LinkedHashSet<>();

    /** Who holds a shadow that is on its way out. */
    final Set<Subject> retiring = new LinkedHashSet<>();

    /** Who holds a copy that fell behind and is yet to be repaired. */
    final Set<Subject> behind = new LinkedHashSet<>();

    /** How many copies the pool keeps of it by itself; count. */
    final int wanted;

    final boolean otherRegion;

    Unit(String name, String volume, long bytes, List<Subject> copies, boolean otherRegion) {
      this.name = name;
      this.volume = volume;
      this.bytes = bytes;
      this.wanted = copies.size();
      this.otherRegion = otherRegion;
      this.copies = new ArrayList<>(copies);
      this.owner = copies.get(0);
    }

    boolean holds(Subject node) {
      return copies.contains(node)
          || shadows.contains(node)
          || retiring.contains(node)
          || behind.contains(node);
    }

    /** The node's copy is worth nothing any more; false when it was worth nothing before. */
    boolean lose(Subject node) {
      boolean shadow = shadows.remove(node);
      if (copies.size() > 1 && copies.contains(node)) {
        behind.add(node);
      }
      return (copies.size() > 1 && copies.remove(node)) || shadow;
    }
  }

  StorageWorld(Simulation world) {
    this.world = world;
    this.dice = world.dice.fork("world");
    this.nodesWriter = world.post.writer("nodes");
    this.senseWriter = world.post.writer("sense");
    this.othersWriter = world.post.writer("others");
    this.oldModels = dice.chance(value(Knob.OLD_MODELS));
  }

  private double value(Knob knob) {
    return world.scenario.value(knob);
  }

  /** The pools by name. */
  Map<String, Pool> pools() {
    return pools;
  }

  /** Makes the pools and lets life begin. */
  void begin() {
    for (int i = 0; i < (int) value(Knob.POOLS); i++) {
      Pool pool = new Pool("p" + (i + 1));
      pools.put(pool.name, pool);
      int nodes = (int) value(Knob.NODES);
      for (int n = 0; n < nodes; n++) {
        join(pool);
      }
      for (int u = 0; u < (int) value(Knob.UNITS); u++) {
        List<Subject> copies = new ArrayList<>();
        // some have two copies, and some of these stand in one zone and ask for one far away
        boolean otherRegion = u % 5 == 4;
        int step = otherRegion ? ZONES : 1;
        for (int c = 0; c < (u % 4 == 3 || otherRegion ? 2 : 3); c++) {
          int first = otherRegion ? u / 5 * RACKS : u;
          copies.add(pool.nodes.get((first + c * step) % nodes).subject);
        }
        Unit unit =
            new Unit(
                pool.name + "-u" + u,
                pool.name + "-v" + u / 3,
                (1 + dice.below(8)) * GIB,
                copies,
                otherRegion);
        pool.units.put(unit.name, unit);
        tell(pool, unit);
      }
      for (Node node : pool.nodes) {
        tellRisk(pool, node);
      }
      beat(pool);
      often(pool, Knob.DECAYS, () -> decay(pool));
      often(pool, Knob.STORMS, () -> storm(pool));
      often(pool, Knob.BURSTS, () -> burst(pool));
      often(pool, Knob.PROPOSALS, () -> propose(pool));
      often(pool, Knob.CONTESTS, () -> contest(pool));
      often(pool, Knob.ZONES, () -> zone(pool));
      often(pool, Knob.LOST_COPIES, () -> loseCopy(pool));
      often(pool, Knob.LEAVES, () -> leave(pool));
      often(
          pool,
          Knob.BLACKOUTS,
          () ->
              pool.silentUntilMillis = world.timeline.nowMillis() + dice.between(10, 90) * MINUTE);
    }
    publishModel();
    poison();
  }

  /** Does something at random moments until the world comes to rest. */
  private void often(Pool pool, Knob knob, Runnable what) {
    double perHour = value(knob);
    if (perHour > 0) {
      world.timeline.after(
          dice.waitMillis(HOUR / perHour),
          () -> {
            if (!quiet && pools.containsKey(pool.name)) {
              what.run();
              often(pool, knob, what);
            }
          });
    }
  }

  private Node join(Pool pool) {
    int number = pool.nodesEver++;
    String rack = pool.name + "-r" + number % RACKS;
    Place place =
        new Place(
            pool.name + "-n" + number,
            rack,
            pool.name + "-z" + number % RACKS % ZONES,
            number % RACKS % ZONES == ZONES - 1 ? "far" : "region",
            pool.name);
    boolean full = dice.chance(0.2);
    Node node = new Node(place, full ? dice.between(0, GIB / 2) : dice.between(50, 400) * GIB);
    pool.nodes.add(node);
    nodesWriter.send(
        Topic.FLEET,
        node.subject.toString(),
        pool.name,
        new GuardInput.MemberChanged(FleetMember.node(place, false), node.freeBytes));
    return node;
  }

  private void tell(Pool pool, Unit unit) {
    nodesWriter.send(
        Topic.MAPS,
        unit.name,
        pool.name,
        new GuardInput.UnitChanged(
            unit.name,
            unit.volume,
            unit.owner,
            unit.epoch,
            unit.copies,
            2,
            unit.bytes,
            List.copyOf(unit.shadows),
            Stream.of(unit.shadows, unit.retiring, unit.behind)
                .flatMap(Set::stream)
                .filter(node -> !unit.copies.contains(node))
                .distinct()
                .toList(),
            unit.otherRegion));
  }

  /** Says what the models think of a node now. */
  private void tellRisk(Pool pool, Node node) {
    if (node.left) {
      return;
    }
    double probability =
        switch (node.tier) {
          case CRITICAL -> 0.9;
          case WARNING -> 0.6;
          case WATCH -> 0.25;
          default -> 0.002;
        };
    senseWriter.send(
        Topic.RISK,
        node.subject.toString(),
        pool.name,
        new GuardInput.RiskChanged(
            node.subject,
            node.tier,
            probability * 100,
            probability,
            24 * HOUR,
            0.9,
            !node.alive,
            world.timeline.nowMillis(),
            MODEL,
            Math.max(1, modelVersion)));
  }

  private void beat(Pool pool) {
    if (!pools.containsKey(pool.name) || pool.nodes.isEmpty()) {
      return;
    }
    long now = world.timeline.nowMillis();
    if (now >= pool.silentUntilMillis) {
      int third = pool.beats++ % 3;
      for (int i = third; i < pool.nodes.size(); i += 3) {
        tellRisk(pool, pool.nodes.get(i));
      }
      Node speaker = pool.nodes.get(pool.beats % pool.nodes.size());
      event(pool, speaker.subject, "node.alive", Severity.INFO, false, List.of(), now);
      predicted(pool, speaker.subject, "node.risk.low", Severity.INFO, 0.01, List.of());
    }
    world.timeline.after((quiet ? 10 * MINUTE : MINUTE) + dice.below(2_000), () -> beat(pool));
  }

  private void event(
      Pool pool,
      Subject entity,
      String type,
      Severity severity,
      boolean late,
      List<Subject> related,
      long timeMillis) {
    nodesWriter.send(
        Topic.EVENTS,
        entity.toString(),
        pool.name,
        fleetEvent(entity, type, severity, false, related, timeMillis, null));
  }

  private void predicted(
      Pool pool,
      Subject entity,
      String type,
      Severity severity,
      double probability,
      List<Subject> related) {
    senseWriter.send(
        Topic.PREDICTED,
        entity.toString(),
        pool.name,
        fleetEvent(entity, type, severity, true, related, world.timeline.nowMillis(), probability));
  }

  private FleetEvent fleetEvent(
      Subject entity,
      String type,
      Severity severity,
      boolean predicted,
      List<Subject> related,
      long timeMillis,
      @Nullable Double probability) {
    return new FleetEvent(
        "e-" + counter++,
        type,
        severity,
        predicted,
        entity,
        related,
        timeMillis,
        null,
        predicted ? 0.9 : 1,
        predicted ? 24 * HOUR : 0,
        probability,
        null,
        probability == null ? null : probability * 100,
        predicted ? MODEL : null,
        predicted ? Math.max(1, modelVersion) : null,
        predicted ? "sense" : "node",
        type + " of " + entity,
        Map.of(),
        Map.of());
  }

  /** When an event happened that is told now: now, or long before. */
  private long eventTime() {
    long now = world.timeline.nowMillis();
    return dice.chance(value(Knob.LATE)) ? now - dice.between(20_000, 15 * MINUTE) : now;
  }

  private @Nullable Node anyNode(Pool pool) {
    for (int i = 0; i < 8; i++) {
      Node node = dice.pick(pool.nodes);
      if (node.alive && !node.busy && !node.left) {
        return node;
      }
    }
    return null;
  }

  private void decay(Pool pool) {
    Node node = anyNode(pool);
    if (node == null) {
      return;
    }
    node.busy = true;
    worsen(pool, node, Tier.WATCH);
    world.timeline.after(
        dice.between(2, 20) * MINUTE,
        () -> {
          worsen(pool, node, Tier.WARNING);
          predicted(
              pool,
              Subject.disk(node.place.node() + "-d0"),
              "disk.failure.predicted",
              Severity.WARNING,
              0.6,
              List.of(node.subject));
        });
    world.timeline.after(
        dice.between(21, 40) * MINUTE,
        () -> {
          if (dice.chance(value(Knob.FALSE_PREDICTIONS) / 2)) {
            recover(pool, node);
            return;
          }
          worsen(pool, node, Tier.CRITICAL);
          predicted(
              pool, node.subject, "node.failure.predicted", Severity.CRITICAL, 0.9, List.of());
          world.timeline.after(
              dice.between(10, 90) * MINUTE,
              () -> {
                if (dice.chance(value(Knob.FALSE_PREDICTIONS))) {
                  recover(pool, node);
                } else {
                  die(pool, node);
                }
              });
        });
  }

  private void worsen(Pool pool, Node node, Tier tier) {
    if (!quiet && node.alive) {
      node.tier = tier;
      tellRisk(pool, node);
    }
  }

  private void recover(Pool pool, Node node) {
    if (!node.left) {
      node.alive = true;
      node.tier = Tier.HEALTHY;
      node.busy = false;
      tellRisk(pool, node);
    }
  }

  private void die(Pool pool, Node node) {
    if (quiet || node.left || !node.alive) {
      return;
    }
    node.alive = false;
    tellRisk(pool, node);
    event(pool, node.subject, "node.unreachable", Severity.CRITICAL, false, List.of(), eventTime());
    for (Unit unit : pool.units.values()) {
      if (unit.lose(node.subject)) {
        tell(pool, unit);
        world.timeline.after(dice.between(20, 60) * MINUTE, () -> heal(pool, unit));
      }
    }
    world.timeline.after(dice.between(40, 120) * MINUTE, () -> recover(pool, node));
  }

  private void loseCopy(Pool pool) {
    Unit unit = dice.pick(List.copyOf(pool.units.values()));
    if (unit.copies.size() > 2) {
      Subject third = unit.copies.get(2);
      if (!third.equals(unit.owner)) {
        unit.lose(third);
      }
      tell(pool, unit);
      world.timeline.after(dice.between(20, 60) * MINUTE, () -> heal(pool, unit));
      world.timeline.after(dice.between(0, 5 * MINUTE), () -> propose(pool, unit));
    }
  }

  /** The pool repairs a unit by itself, as storage does: an owner that lives, three copies. */
  private void heal(Pool pool, Unit unit) {
    if (!pools.containsKey(pool.name) || !pool.units.containsKey(unit.name)) {
      return;
    }
    boolean changed = !unit.behind.isEmpty();
    unit.behind.clear();
    if (!unit.copies.contains(unit.owner)) {
      unit.owner = unit.copies.get(0);
      unit.shadows.remove(unit.owner);
      unit.epoch++;
      changed = true;
    }
    for (Node node : pool.nodes) {
      if (unit.copies.size() >= unit.wanted) {
        break;
      }
      if (node.alive
          && !node.left
          && !unit.holds(node.subject)
          && freeOfRack(pool, unit, node.place.rack())) {
        unit.copies.add(node.subject);
        changed = true;
      }
    }
    if (changed) {
      tell(pool, unit);
    }
  }

  private static boolean freeOfRack(Pool pool, Unit unit, String rack) {
    for (Node node : pool.nodes) {
      if (node.place.rack().equals(rack) && unit.copies.contains(node.subject)) {
        return false;
      }
    }
    return true;
  }

  private void storm(Pool pool) {
    // It counts once it has stood for a while: the world may come to rest as it begins, and a
    // guard that stands still or has just started may read of it when it is over.
    world.timeline.after(
        9 * MINUTE,
        () -> {
          long risky =
              pool.nodes.stream().filter(node -> node.tier.compareTo(Tier.WARNING) >= 0).count();
          if (!quiet && risky >= 4 && world.sees(pool.name, 4)) {
            storms.merge(pool.name, 1, Integer::sum);
          }
        });
    int struck = Math.max(4, (int) Math.ceil(pool.nodes.size() * 0.4));
    long length = dice.between(10, 60) * MINUTE;
    int from = dice.below(pool.nodes.size());
    for (int i = 0; i < Math.min(struck, pool.nodes.size()); i++) {
      Node node = pool.nodes.get((from + i) % pool.nodes.size());
      if (!node.alive || node.left) {
        continue;
      }
      node.busy = true;
      Tier tier = dice.chance(0.5) ? Tier.WARNING : Tier.CRITICAL;
      world.timeline.after(
          dice.between(0, 20_000),
          () -> {
            worsen(pool, node, tier);
            if (tier == Tier.CRITICAL && !quiet) {
              predicted(
                  pool, node.subject, "node.failure.predicted", Severity.CRITICAL, 0.9, List.of());
            }
          });
      world.timeline.after(length + dice.between(0, 60_000), () -> recover(pool, node));
    }
    if (dice.chance(0.5)) {
      world.timeline.after(dice.between(0, 10 * MINUTE), world::crashDecide);
    }
  }

  private void burst(Pool pool) {
    Node node = dice.pick(pool.nodes);
    Subject volume = new Subject(Subject.Kind.VOLUME, pool.name + "-v" + dice.below(3));
    boolean slow = dice.chance(0.5);
    int count = 2 + dice.below(5);
    for (int i = 0; i < count; i++) {
      world.timeline.after(
          dice.between(0, 20_000),
          () -> {
            if (quiet) {
              return;
            }
            if (slow) {
              event(
                  pool,
                  volume,
                  "volume.read.slow",
                  Severity.WARNING,
                  false,
                  List.of(node.subject),
                  eventTime());
            } else {
              event(
                  pool,
                  Subject.disk(node.place.node() + "-d0"),
                  "disk.latency.high",
                  Severity.WARNING,
                  false,
                  List.of(node.subject),
                  eventTime());
            }
          });
    }
    if (slow && dice.chance(0.7)) {
      world.timeline.after(
          dice.between(20_000, 40_000),
          () ->
              event(
                  pool,
                  volume,
                  dice.chance(0.6) ? "client.timeout" : "volume.read.normal",
                  Severity.ERROR,
                  false,
                  List.of(node.subject),
                  eventTime()));
    }
    if (dice.chance(0.3)) {
      event(
          pool,
          Subject.disk(node.place.node() + "-d1"),
          "disk.failed",
          Severity.CRITICAL,
          false,
          List.of(node.subject),
          eventTime());
    }
  }

  private void zone(Pool pool) {
    String rack = dice.pick(pool.nodes).place.rack();
    List<Subject> members = new ArrayList<>();
    for (Node node : pool.nodes) {
      if (node.place.rack().equals(rack)) {
        members.add(node.subject);
      }
    }
    String name = "fz-" + pool.name + "-" + counter++;
    senseWriter.send(Topic.ZONES, name, pool.name, new GuardInput.ZoneChanged(name, members));
    world.timeline.after(
        dice.between(5, 60) * MINUTE,
        () ->
            senseWriter.send(
                Topic.ZONES, name, pool.name, new GuardInput.ZoneChanged(name, List.of())));
  }

  private void leave(Pool pool) {
    Node node = anyNode(pool);
    if (node != null && pool.nodes.size() > 5) {
      depart(pool, node);
      world.timeline.after(
          dice.between(1, 30) * MINUTE,
          () -> {
            if (!quiet) {
              tellRisk(pool, join(pool));
            }
          });
    }
  }

  private void depart(Pool pool, Node node) {
    node.left = true;
    pool.nodes.remove(node);
    for (Unit unit : pool.units.values()) {
      unit.retiring.remove(node.subject);
      boolean lost = unit.lose(node.subject);
      unit.behind.remove(node.subject);
      if (lost) {
        heal(pool, unit);
        tell(pool, unit);
      }
    }
    nodesWriter.send(Topic.FLEET, node.subject.toString(), pool.name, null);
  }

  private void publishModel() {
    if (modelVersion > 0 && oldModels) {
      return;
    }
    modelVersion++;
    long now = world.timeline.nowMillis();
    long published = oldModels ? now - 400L * 24 * HOUR : now;
    senseWriter.send(
        Topic.MODELS, MODEL, "", new GuardInput.ModelPublished(MODEL, modelVersion, published));
    world.timeline.after(
        dice.between(2, 4) * HOUR,
        () -> {
          if (!quiet) {
            publishModel();
          }
        });
  }

  private void poison() {
    double perHour = value(Knob.POISON);
    if (perHour <= 0) {
      return;
    }
    world.timeline.after(
        dice.waitMillis(HOUR / perHour),
        () -> {
          if (!quiet) {
            Topic topic = Topic.values()[dice.below(Topic.values().length)];
            Pool pool = dice.pick(List.copyOf(pools.values()));
            othersWriter.send(
                topic,
                "poison-" + counter++,
                pool.name,
                new Entry.Poison("no record at all"),
                false);
            poison();
          }
        });
  }

  /** Another decider would like an act; half of what it would like is nonsense. */
  private void propose(Pool pool) {
    if (!pool.units.isEmpty() && !pool.nodes.isEmpty()) {
      propose(pool, dice.pick(List.copyOf(pool.units.values())));
    }
  }

  private void propose(Pool pool, Unit unit) {
    if (quiet || pool.nodes.isEmpty()) {
      return;
    }
    String id = "x-" + pool.name + "-" + counter++;
    long timeMillis = world.timeline.nowMillis();
    List<ActKind> kinds =
        List.of(
            ActKind.FAILOVER,
            ActKind.MIGRATE,
            ActKind.MIGRATE,
            ActKind.SHADOW,
            ActKind.PREFETCH,
            ActKind.SWITCHOVER,
            ActKind.RETIRE_SHADOW,
            ActKind.RETIRE_SHADOW,
            ActKind.REPAIR,
            ActKind.INVESTIGATE);
    List<Subject> shadows = List.copyOf(unit.shadows);
    ActKind act = !shadows.isEmpty() && dice.chance(0.3) ? ActKind.SWITCHOVER : dice.pick(kinds);
    Subject target = dice.chance(0.05) ? null : dice.pick(pool.nodes).subject;
    if (target != null && dice.chance(0.4)) {
      Node good = goodTarget(pool, unit);
      target = good == null ? target : good.subject;
    } else if (target != null && dice.chance(0.33)) {
      target = dice.pick(unit.copies);
    }
    Subject source = unit.owner;
    if (act == ActKind.SWITCHOVER && !shadows.isEmpty() && dice.chance(0.8)) {
      target = dice.pick(shadows);
    } else if (act == ActKind.RETIRE_SHADOW) {
      target = null;
      source = !shadows.isEmpty() && dice.chance(0.7) ? dice.pick(shadows) : dice.pick(unit.copies);
    }
    long epoch = dice.chance(0.05) ? unit.epoch + 3 : unit.epoch;
    long expires = timeMillis + dice.between(5, 120) * MINUTE;
    boolean predicted = dice.chance(0.7);
    Proposal proposal =
        new Proposal(
            id,
            act,
            source,
            pool.name,
            zone(pool, source),
            List.of(new Proposal.UnitStep(unit.name, epoch, epoch + 1)),
            source,
            target,
            List.of(),
            "other",
            "another decider would like it",
            List.of(new Proposal.InputValue("probability", 0.8, "0.8 within a day")),
            null,
            null,
            null,
            predicted ? MODEL : null,
            predicted ? Math.max(1, modelVersion) : null,
            predicted ? 0.8 : 1,
            predicted ? 24 * HOUR : 0,
            0.95,
            unit.bytes,
            1_000,
            dice.below(100),
            timeMillis,
            expires,
            dice.chance(0.05) ? "candidate" : Proposal.LIVE,
            Map.of());
    world.operators.proposalMade(proposal);
    othersWriter.send(Topic.PROPOSALS, proposal.subject().toString(), pool.name, proposal);
  }

  /** Contests in every pool. */
  void contest() {
    if (!quiet && value(Knob.CONTESTS) > 0) {
      pools.values().forEach(this::contest);
    }
  }

  private void contest(Pool pool) {
    if (pool.units.isEmpty()) {
      return;
    }
    Unit unit = dice.pick(List.copyOf(pool.units.values()));
    for (int i = 0; i < 4; i++) {
      propose(pool, unit);
    }
  }

  private @Nullable Node goodTarget(Pool pool, Unit unit) {
    for (Node node : pool.nodes) {
      if (node.alive
          && node.tier == Tier.HEALTHY
          && !unit.holds(node.subject)
          && freeOfRack(pool, unit, node.place.rack())
          && node.freeBytes > unit.bytes * 2) {
        return node;
      }
    }
    return null;
  }

  private static @Nullable String zone(Pool pool, Subject node) {
    for (Node each : pool.nodes) {
      if (each.subject.equals(node)) {
        return each.place.zone();
      }
    }
    return null;
  }

  /** True when the unit stands as the act expects it. */
  boolean standsFor(Admission admission) {
    Pool pool = pools.get(admission.pool());
    if (pool == null) {
      return false;
    }
    for (Proposal.UnitStep step : admission.units()) {
      Unit unit = pool.units.get(step.unit());
      // a shadow follows whoever owns the unit
      boolean follows =
          admission.act() == ActKind.SHADOW || admission.act() == ActKind.RETIRE_SHADOW;
      if (unit == null || (!follows && unit.epoch != step.expectedEpoch())) {
        return false;
      }
    }
    return true;
  }

  /** An act has begun: shadows are built or given up from now on. */
  void began(Admission admission) {
    Pool pool = pools.get(admission.pool());
    for (Proposal.UnitStep step : admission.units()) {
      Unit unit = pool == null ? null : pool.units.get(step.unit());
      if (pool == null || unit == null) {
        continue;
      }
      Subject target = admission.target();
      Subject source = admission.source();
      if (admission.act() == ActKind.SHADOW && target != null && !unit.holds(target)) {
        unit.shadows.add(target);
        tell(pool, unit);
      } else if (admission.act() == ActKind.RETIRE_SHADOW
          && source != null
          && unit.shadows.contains(source)) {
        unit.lose(source);
        unit.behind.remove(source);
        unit.retiring.add(source);
        tell(pool, unit);
      }
    }
  }

  /** An act that had begun was given back: what it built goes. */
  void undone(Admission admission) {
    Pool pool = pools.get(admission.pool());
    for (Proposal.UnitStep step : admission.units()) {
      Unit unit = pool == null ? null : pool.units.get(step.unit());
      if (pool == null || unit == null) {
        continue;
      }
      Subject target = admission.target();
      boolean building =
          admission.act() == ActKind.SHADOW && target != null && !unit.copies.contains(target);
      boolean changed = building && unit.shadows.remove(target);
      // once told, the node deletes it whatever becomes of the act
      changed |= unit.retiring.remove(admission.source());
      if (changed) {
        tell(pool, unit);
      }
    }
  }

  /** An act has been done: its units are where it said. */
  void done(Admission admission) {
    Pool pool = pools.get(admission.pool());
    Subject target = admission.target();
    if (admission.act() == ActKind.RETIRE_SHADOW) {
      undone(admission);
    }
    if (pool == null || target == null) {
      return;
    }
    switch (admission.act()) {
      case SHADOW -> {
        for (Proposal.UnitStep step : admission.units()) {
          Unit unit = pool.units.get(step.unit());
          if (unit != null && unit.shadows.contains(target) && !unit.copies.contains(target)) {
            unit.copies.add(target);
            tell(pool, unit);
          }
        }
      }
      case MIGRATE, FAILOVER, SWITCHOVER, FAILBACK, DRAIN -> {
        for (Proposal.UnitStep step : admission.units()) {
          Unit unit = pool.units.get(step.unit());
          if (unit != null && unit.epoch == step.expectedEpoch()) {
            unit.epoch = step.newEpoch();
            unit.owner = target;
            if (!unit.copies.contains(target)) {
              unit.copies.add(target);
            }
            boolean swaps =
                unit.shadows.remove(target)
                    && admission.source() != null
                    && unit.copies.contains(admission.source());
            if (swaps && admission.act() == ActKind.SWITCHOVER) {
              unit.shadows.add(admission.source());
            } else if (admission.source() != null && unit.copies.size() > 1) {
              unit.copies.remove(admission.source());
            }
            tell(pool, unit);
          }
        }
      }
      default -> {}
    }
  }

  /** Nothing bad begins any more; everything recovers. */
  void rest() {
    quiet = true;
    for (Pool pool : pools.values()) {
      pool.silentUntilMillis = 0;
      for (Node node : pool.nodes) {
        recover(pool, node);
      }
    }
  }

  /** Everything leaves for good. */
  void end() {
    for (Pool pool : pools.values()) {
      for (Unit unit : pool.units.values()) {
        nodesWriter.send(Topic.MAPS, unit.name, pool.name, null);
      }
      pool.units.clear();
      for (Node node : List.copyOf(pool.nodes)) {
        depart(pool, node);
      }
    }
    pools.clear();
  }

  /** Somebody outside of every pool says that time goes on. */
  void tick() {
    for (int i = 0; i < 4; i++) {
      Subject clock = new Subject(Subject.Kind.CLIENT, "clock-" + i);
      nodesWriter.send(
          Topic.EVENTS,
          clock.toString(),
          "",
          fleetEvent(
              clock,
              "clock.tick",
              Severity.INFO,
              false,
              List.of(),
              world.timeline.nowMillis(),
              null));
    }
  }
}
