package io.forestall.sim.protocol;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaDecider;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.failover.SagaOutput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.sim.world.Admissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A guard that admits whatever comes, one act for a unit at a time, and writes down how acts end.
 * For one thread.
 */
final class ScriptedGuard {
  private final ProtocolWorld world;
  private final SagaCarrier.Topics topics = new SagaCarrier.Topics();
  private final SagaCarrier.Job job;
  private final Map<String, Admission> open = new LinkedHashMap<>();
  private long sequence;
  private long ackSequence;
  private long lastWriteMicros;

  ScriptedGuard(ProtocolWorld world) {
    this.world = world;
    this.job = new SagaCarrier.Job(world, topics);
  }

  SagaCarrier.Job job() {
    return job;
  }

  private static long wallMillis(ProtocolWorld world) {
    return ProtocolWorld.START_MILLIS + world.agenda.nowMicros() / 1000;
  }

  /** Tells the job of nodes and of the volume. */
  void begin() {
    for (SimulatedNode node : world.nodes) {
      topics.maps.append(new SagaInput.NodeDescribed(node.self, 2, 1L << 40));
    }
    ShadowWorld shadows = world.shadows;
    if (shadows != null) {
      topics.maps.append(new SagaInput.MapRead(shadows.map()));
      job.start();
      return;
    }
    List<SagaInput.MapSegment> segments = new ArrayList<>();
    for (int i = 0; i < world.units.size(); i++) {
      Subject first = world.nodes.get(0).self;
      List<SagaInput.MapCopy> copies = new ArrayList<>();
      for (SimulatedNode node : world.nodes) {
        if (node.firstOf.contains(world.units.get(i))) {
          first = node.self;
        }
      }
      for (SimulatedNode node : world.nodes) {
        if (!node.self.equals(first)) {
          copies.add(new SagaInput.MapCopy(node.self, "REPLICA", "IN_SYNC", -1));
        }
      }
      segments.add(new SagaInput.MapSegment(world.units.get(i), i, first, 0, copies));
    }
    mapped(
        new SagaInput.MapSlice(
            "v-1",
            ProtocolWorld.POOL,
            0,
            1,
            1,
            0,
            1024,
            1024,
            ProtocolWorld.BLOCK_BYTES,
            2,
            segments,
            wallMillis(world)));
    job.start();
  }

  /** A map was written. */
  void mapped(SagaInput.MapSlice slice) {
    world.agenda.after(
        world.delayMicros(400),
        () -> {
          topics.maps.append(new SagaInput.MapRead(slice));
          ShadowWorld shadows = world.shadows;
          if (shadows != null && slice.version() >= shadows.map().version()) {
            shadows.write(slice);
          }
        });
  }

  /** The job that feeds shadows says how one stands. */
  void stood(ShadowStanding standing) {
    world.agenda.after(
        world.delayMicros(400), () -> topics.standings.append(new SagaInput.ShadowStood(standing)));
  }

  void acked(CommandAck ack) {
    if (!world.resting() && world.dice.chance(world.value(ProtocolKnob.LOST_ACKS))) {
      world.count("acks lost");
      return;
    }
    topics.acks.append(ack);
    if (world.dice.chance(world.value(ProtocolKnob.LOST_ACKS))) {
      world.agenda.after(world.dice.between(1_000, 300_000), () -> topics.acks.append(ack));
    }
  }

  void halted(boolean halted) {
    topics.maps.append(new SagaInput.Halted(halted));
  }

  /** True when an act holds one of these units. */
  boolean holds(List<UnitStep> steps) {
    Set<String> held = new HashSet<>();
    for (Admission each : open.values()) {
      each.units().forEach(unit -> held.add(unit.unit()));
    }
    return steps.stream().anyMatch(step -> held.contains(step.unit()));
  }

  /** Acts that have not ended. */
  int open() {
    return open.size();
  }

  @Override
  public String toString() {
    return "open acts " + open.keySet();
  }

  void admit(Subject source, Subject target, List<UnitStep> steps, boolean predicted, int key) {
    boolean planned = world.shadows != null && predicted && world.dice.chance(0.6);
    ActKind act = planned ? ActKind.SWITCHOVER : ActKind.FAILOVER;
    admit(act, source, target, steps, predicted, key);
    world.count(predicted ? "acts predicted" : "acts unplanned");
  }

  void admit(
      ActKind act,
      Subject source,
      @Nullable Subject target,
      List<UnitStep> steps,
      boolean predicted,
      int key) {
    long now = wallMillis(world);
    long number = ++sequence;
    Admission admission =
        new Admission(
            "a-" + number,
            1,
            Admission.State.ADMITTED,
            "p-" + number,
            act,
            source,
            ProtocolWorld.POOL,
            null,
            predicted,
            steps,
            source,
            target,
            List.of(),
            number,
            now,
            now - 60,
            now + world.dice.between(200, 3_000),
            now,
            "",
            Map.of());
    world.truth.sign(admission, key);
    open.put(admission.id(), admission);
    world.trace("guard", () -> "admits " + admission);
    write(admission, 400);
  }

  /** The job says that an act is over. */
  void ended(SagaOutput.Ended ended) {
    Admission admission = ended.admission();
    world.truth.ended(admission, ended.state());
    CommandAck ack =
        new CommandAck(
            SagaDecider.ACT_PREFIX + admission.id(),
            Subject.parse("processor/decide"),
            admission.subject(),
            admission.pool(),
            ended.state() == Admission.State.DONE
                ? CommandAck.Status.DONE
                : CommandAck.Status.REFUSED,
            ended.state() == Admission.State.EXPIRED
                ? CommandAck.Code.EXPIRED
                : ended.state() == Admission.State.DONE
                    ? CommandAck.Code.NONE
                    : CommandAck.Code.CANCELLED,
            ended.text(),
            false,
            null,
            null,
            null,
            null,
            null,
            null,
            Map.of(),
            1,
            ++ackSequence,
            wallMillis(world));
    world.agenda.after(world.delayMicros(400), () -> topics.acks.append(ack));
    world.agenda.after(
        world.delayMicros(2_000),
        () -> {
          if (open.remove(admission.id()) != null) {
            String state = ended.state().name().toLowerCase(java.util.Locale.ROOT);
            world.count(
                admission.act() == ActKind.FAILOVER
                    ? "acts " + state
                    : "acts " + admission.act() + " " + state);
            write(Admissions.ended(admission, ended.state(), wallMillis(world), ended.text()), 50);
          }
        });
  }

  /** Appends to the log of admissions, in order: it has one writer. */
  private void write(Admission admission, long meanMicros) {
    lastWriteMicros =
        Math.max(world.agenda.nowMicros() + world.delayMicros(meanMicros), lastWriteMicros + 1);
    world.agenda.at(
        lastWriteMicros, () -> topics.admissions.append(new SagaInput.AdmissionRead(admission)));
  }
}
