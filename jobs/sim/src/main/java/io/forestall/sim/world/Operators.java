package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * People: they switch acting on, approve in time, too early, too late and not at all, maintain,
 * halt, pin, silence, cancel, mistype; and somebody forges. For one thread.
 */
final class Operators {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;

  private final Simulation world;
  private final Dice dice;
  private final Post.Writer writer;
  private final Post.Writer forger;
  private final Set<String> answered = new HashSet<>();
  private long counter;

  Operators(Simulation world) {
    this.world = world;
    this.dice = world.dice.fork("operators");
    this.writer = world.post.writer("operators");
    this.forger = world.post.writer("forger");
    world.logs.listen(this::appended);
  }

  private double value(Knob knob) {
    return world.scenario.value(knob);
  }

  void begin() {
    for (String pool : world.poolNames()) {
      if (dice.chance(value(Knob.ACT))) {
        boolean approval = dice.chance(value(Knob.APPROVALS));
        Map<String, String> act =
            approval
                ? Map.of(PolicyParameters.MODE, "act", PolicyParameters.APPROVAL, "true")
                : Map.of(PolicyParameters.MODE, "act");
        long from = dice.chance(0.7) ? 0 : dice.between(0, HOUR);
        world.timeline.after(
            from,
            () ->
                word(
                    PolicyRecord.Kind.MODE,
                    "mode",
                    "pool/" + pool,
                    null,
                    ActKind.UNKNOWN,
                    null,
                    null,
                    act));
        if (dice.chance(0.2)) {
          world.timeline.after(
              dice.between(HOUR, 3 * HOUR),
              () ->
                  word(
                      PolicyRecord.Kind.MODE,
                      "mode",
                      "pool/" + pool,
                      null,
                      ActKind.UNKNOWN,
                      null,
                      null,
                      Map.of(PolicyParameters.MODE, "advise")));
        }
        if (dice.chance(0.9)) {
          budget(pool);
        }
      }
      often(Knob.BUDGETS, () -> budget(pool));
      often(Knob.MAINTENANCES, () -> maintain(pool));
      often(Knob.WORDS, () -> speak(pool));
      often(Knob.HALTS, () -> halt(pool));
      often(Knob.FORGERIES, () -> forge(pool));
    }
    often(Knob.NONSENSE, this::mistype);
  }

  private void often(Knob knob, Runnable what) {
    double perHour = value(knob);
    if (perHour > 0) {
      world.timeline.after(
          dice.waitMillis(HOUR / perHour),
          () -> {
            if (!world.resting()) {
              what.run();
              often(knob, what);
            }
          });
    }
  }

  private void word(
      PolicyRecord.Kind kind,
      String id,
      String scope,
      @Nullable Subject entity,
      ActKind act,
      @Nullable String proposal,
      @Nullable Long expiresMillis,
      Map<String, String> parameters) {
    long now = world.timeline.nowMillis();
    String key = scope + "/" + kind.name().toLowerCase(java.util.Locale.ROOT) + "/" + id;
    writer.send(
        Topic.POLICIES,
        key,
        "",
        new PolicyRecord(
            key,
            id,
            kind,
            ++counter,
            true,
            scope,
            entity,
            act,
            proposal,
            "operator",
            "because the simulation says so",
            now,
            now,
            expiresMillis,
            parameters,
            ""));
  }

  private void budget(String pool) {
    word(
        PolicyRecord.Kind.BUDGET,
        "limits",
        "pool/" + pool,
        null,
        ActKind.UNKNOWN,
        null,
        null,
        Map.of(
            PolicyParameters.ACTS_IN_FLIGHT,
            Integer.toString(1 + dice.below(3)),
            PolicyParameters.NODES_PER_DAY,
            dice.chance(0.7) ? "1.0" : "0.3"));
  }

  private void maintain(String pool) {
    Subject node = someNode(pool);
    if (node != null) {
      word(
          PolicyRecord.Kind.MAINTENANCE,
          "m-" + counter,
          node.toString(),
          node,
          ActKind.UNKNOWN,
          null,
          world.timeline.nowMillis() + dice.between(5 * MINUTE, 2 * HOUR),
          Map.of());
    }
  }

  private void speak(String pool) {
    Subject node = someNode(pool);
    if (node == null) {
      return;
    }
    long until = world.timeline.nowMillis() + dice.between(5 * MINUTE, 2 * HOUR);
    switch (dice.below(3)) {
      case 0 ->
          word(
              PolicyRecord.Kind.SILENCE,
              "s-" + counter,
              node.toString(),
              node,
              ActKind.UNKNOWN,
              null,
              until,
              Map.of());
      case 1 ->
          word(
              PolicyRecord.Kind.PIN,
              "p-" + counter,
              node.toString(),
              node,
              ActKind.UNKNOWN,
              null,
              until,
              Map.of());
      default ->
          word(
              PolicyRecord.Kind.OVERRIDE,
              "o-" + counter,
              node.toString(),
              node,
              ActKind.UNKNOWN,
              null,
              until,
              Map.of(PolicyParameters.TIER, dice.chance(0.5) ? "critical" : "warning"));
    }
  }

  private void halt(String pool) {
    String scope = dice.chance(0.2) ? "all" : "pool/" + pool;
    String id = "h-" + counter;
    boolean expires = dice.chance(0.5);
    long length = dice.between(5 * MINUTE, HOUR);
    word(
        PolicyRecord.Kind.HALT,
        id,
        scope,
        null,
        ActKind.UNKNOWN,
        null,
        expires ? world.timeline.nowMillis() + length : null,
        Map.of());
    if (!expires) {
      world.timeline.after(
          length, () -> writer.send(Topic.POLICIES, scope + "/halt/" + id, "", null));
    }
  }

  private void mistype() {
    List<Map<String, String>> bodies =
        List.of(
            Map.of(PolicyParameters.MODE, "full speed"),
            Map.of(PolicyParameters.MODE, "ACT NOW"),
            Map.of());
    String pool = dice.pick(world.poolNames());
    if (dice.chance(0.5)) {
      word(
          PolicyRecord.Kind.MODE,
          "mode",
          "pool/" + pool,
          null,
          ActKind.UNKNOWN,
          null,
          null,
          dice.pick(bodies));
    } else {
      word(
          PolicyRecord.Kind.BUDGET,
          "limits",
          "pool/" + pool,
          null,
          ActKind.UNKNOWN,
          null,
          null,
          Map.of(PolicyParameters.ACTS_IN_FLIGHT, dice.chance(0.5) ? "many" : "-5"));
    }
  }

  private @Nullable Subject someNode(String pool) {
    StorageWorld.Pool of = world.storage.pools().get(pool);
    return of == null || of.nodes.isEmpty() ? null : dice.pick(of.nodes).subject;
  }

  /** A proposal is about to be sent: somebody may approve it before it is there. */
  void proposalMade(Proposal proposal) {
    if (dice.chance(value(Knob.APPROVALS) * 0.2)) {
      answer(proposal);
    }
  }

  private void appended(Entry entry) {
    if (world.resting()) {
      return;
    }
    if (entry.body() instanceof GuardDecision decision
        && decision.outcome() == GuardDecision.Outcome.WAITING) {
      double lot = dice.unit();
      if (lot < 0.7) {
        world.timeline.after(dice.between(1_000, 30 * MINUTE), () -> answer(decision.proposal()));
      }
    } else if (entry.body() instanceof Admission admission
        && admission.state() == Admission.State.ADMITTED
        && dice.chance(value(Knob.CANCELS))) {
      world.timeline.after(
          dice.between(1_000, 30 * MINUTE),
          () ->
              word(
                  PolicyRecord.Kind.CANCEL,
                  "c-" + counter,
                  "pool/" + admission.pool(),
                  null,
                  ActKind.UNKNOWN,
                  null,
                  world.timeline.nowMillis() + 6 * HOUR,
                  Map.of(PolicyParameters.ADMISSION, admission.id())));
    }
  }

  private void answer(Proposal proposal) {
    if (!answered.add(proposal.id())) {
      return;
    }
    long now = world.timeline.nowMillis();
    boolean approve = dice.chance(0.75);
    long until = dice.chance(0.15) ? now + 2 : now + HOUR;
    word(
        approve ? PolicyRecord.Kind.APPROVAL : PolicyRecord.Kind.DENIAL,
        "a-" + counter,
        "pool/" + proposal.pool(),
        null,
        ActKind.UNKNOWN,
        proposal.id(),
        until,
        Map.of());
  }

  /** An admission that nobody signed, in the hope that somebody believes it. */
  private void forge(String pool) {
    Subject node = someNode(pool);
    StorageWorld.Pool of = world.storage.pools().get(pool);
    if (node == null || of == null) {
      return;
    }
    long now = world.timeline.nowMillis();
    StorageWorld.Unit unit = dice.pick(List.copyOf(of.units.values()));
    AdmissionFold fold = world.fold(pool);
    boolean end = dice.chance(0.3) && !fold.inFlight().isEmpty();
    Admission forged;
    if (end) {
      Admission real = fold.inFlight().values().iterator().next();
      forged = Admissions.ended(real, Admission.State.DONE, now, "forged");
    } else {
      forged =
          new Admission(
              "forged-" + counter++,
              1,
              Admission.State.ADMITTED,
              "forged",
              ActKind.FAILOVER,
              unit.owner,
              pool,
              null,
              false,
              List.of(new Proposal.UnitStep(unit.name, unit.epoch, unit.epoch + 1)),
              unit.owner,
              node,
              List.of(),
              fold.nextSequence(),
              now,
              now,
              now + HOUR,
              now,
              "forged",
              Map.of());
    }
    forger.send(Topic.ADMISSIONS, pool, pool, forged, false);
  }

  /** Everybody goes home: what has no end is taken back. */
  void rest() {
    for (Entry entry : world.logs.of(Topic.POLICIES, 0)) {
      if (entry.body() instanceof PolicyRecord record
          && record.kind() == PolicyRecord.Kind.HALT
          && record.expiresMillis() == null) {
        writer.send(Topic.POLICIES, entry.key(), "", null);
      }
    }
  }
}
