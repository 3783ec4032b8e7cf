package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One instance of the decide job: the arbiter of each pool, in processing time.
 *
 * @param <S> state of the arbiter
 */
final class DecideCarrier<S extends DeciderState> extends Carrier {
  static final String JOB = "decide";
  private static final List<Topic> SOURCES =
      List.of(
          Topic.INCIDENTS,
          Topic.PROPOSALS,
          Topic.FLEET,
          Topic.RISK,
          Topic.ZONES,
          Topic.MAPS,
          Topic.MODELS,
          Topic.ACKS,
          Topic.ADMISSIONS,
          Topic.POLICIES);

  private final Map<String, Knowledge> knowledge = new TreeMap<>();
  private final Map<String, Bug.Mouth> mouths = new TreeMap<>();
  private final Map<String, Bug.Mouth> shadowMouths = new TreeMap<>();
  private Keep<S, GuardInput, GuardOutput> keep;

  /** What went on in memory where the keep went on from rows; null when nothing is compared. */
  private @Nullable Keep<S, GuardInput, GuardOutput> shadow;

  private int shadowInputs;
  private PolicyBook policies = new PolicyBook();

  /** Models, for pools that are met later. */
  private final Map<String, GuardInput> models = new TreeMap<>();

  DecideCarrier(Simulation world, int start, Decider<S, GuardInput, GuardOutput> arbiter) {
    super(world, JOB, start, SOURCES);
    this.keep = new Keep<>(arbiter, world.bug::kept);
  }

  /** What it has read of a pool. */
  @Nullable Knowledge knowledge(String pool) {
    return knowledge.get(pool);
  }

  /** The policies it has read. */
  PolicyBook policies() {
    return policies;
  }

  private static final class Saved<S extends DeciderState> extends Checkpoint {
    private final Map<String, Map<String, byte[]>> rows;
    private final Map<String, Knowledge> knowledge = new TreeMap<>();
    private final Map<String, GuardInput> models;
    private final PolicyBook policies;
    private final Keep<S, GuardInput, GuardOutput> memory;

    private Saved(DecideCarrier<S> of) {
      super(of);
      rows = of.keep.snapshot();
      of.knowledge.forEach((pool, known) -> knowledge.put(pool, known.copy()));
      policies = of.policies.copy();
      models = new TreeMap<>(of.models);
      memory = of.keep;
    }
  }

  @Override
  Checkpoint checkpoint() {
    return new Saved<>(this);
  }

  /**
   * Goes on from a checkpoint.
   *
   * @param shadowed true when the instance that took the checkpoint ends at this very moment: its
   *     memory goes on beside the rows, and both must say the same
   */
  void restore(Checkpoint from, boolean shadowed) {
    @SuppressWarnings("unchecked") // one simulation has one arbiter
    Saved<S> saved = (Saved<S>) from;
    seek(saved);
    if (!world.bug.rereadsAdmissions()) {
      seekToEnd(Topic.ADMISSIONS);
    }
    keep = keep.restored(saved.rows);
    policies = saved.policies.copy();
    models.putAll(saved.models);
    saved.knowledge.forEach((pool, known) -> knowledge.put(pool, known.copy()));
    if (shadowed) {
      shadow = saved.memory;
      shadowInputs = 400;
    }
  }

  @Override
  void read(Entry entry, long nowMillis) {
    Object body = entry.body();
    if (body instanceof Entry.Poison) {
      world.deadLetter(this, entry, "cannot be decoded");
      return;
    }
    switch (entry.topic()) {
      case POLICIES -> {
        if (policies.take(entry)) {
          for (String pool : mouths.keySet().toArray(String[]::new)) {
            if (keep.holds(pool)) {
              deliver(pool, new GuardInput.PoliciesChanged(policies.set()), nowMillis);
            }
          }
        } else {
          world.deadLetter(this, entry, "makes no sense");
        }
      }
      case ADMISSIONS -> {
        if (!entry.genuine() && world.bug.checksSignatures()) {
          world.deadLetter(this, entry, "has a wrong signature");
        } else if (body instanceof Admission admission) {
          deliver(entry.pool(), new GuardInput.AdmissionRead(admission), nowMillis);
        }
      }
      case INCIDENTS -> {
        if (body instanceof Incident incident && !entry.pool().isEmpty()) {
          deliver(entry.pool(), new GuardInput.IncidentChanged(incident), nowMillis);
        }
      }
      case PROPOSALS -> {
        // Its own are known to it.
        if (body instanceof Proposal proposal && !entry.writer().startsWith(JOB)) {
          deliver(entry.pool(), new GuardInput.Proposed(proposal), nowMillis);
        }
      }
      case FLEET -> {
        if (body == null) {
          deliver(entry.pool(), new GuardInput.MemberLeft(Subject.parse(entry.key())), nowMillis);
        } else {
          deliver(entry.pool(), (GuardInput) body, nowMillis);
        }
      }
      case MODELS -> {
        if (body instanceof GuardInput model) {
          models.put(entry.key(), model);
          for (String pool : mouths.keySet().toArray(String[]::new)) {
            if (keep.holds(pool)) {
              deliver(pool, model, nowMillis);
            }
          }
        }
      }
      case MAPS ->
          deliver(
              entry.pool(),
              body == null ? new GuardInput.UnitLeft(entry.key()) : (GuardInput) body,
              nowMillis);
      default -> {
        if (body instanceof GuardInput input) {
          deliver(entry.pool(), input, nowMillis);
        }
      }
    }
  }

  /** What a pool hears first: when it is new, and when its job has started. */
  private List<GuardInput> greeting() {
    List<GuardInput> greeting = new ArrayList<>();
    greeting.add(new GuardInput.PoliciesChanged(policies.set()));
    greeting.add(new GuardInput.Started(incarnation));
    greeting.addAll(models.values());
    return greeting;
  }

  private void greetAll(long nowMillis) {
    for (String pool : world.poolNames()) {
      if (keep.holds(pool) && !mouths.containsKey(pool)) {
        deliver(pool, null, nowMillis);
      }
    }
  }

  private void deliver(String pool, @Nullable GuardInput input, long nowMillis) {
    List<GuardInput> inputs = new ArrayList<>();
    boolean first = !mouths.containsKey(pool);
    if (first || !keep.holds(pool)) {
      inputs.addAll(greeting());
    }
    if (input != null) {
      inputs.add(input);
    }
    Bug.Mouth mouth = mouths.computeIfAbsent(pool, key -> new Bug.Mouth(key, incarnation));
    Bug.Mouth other = shadowMouths.computeIfAbsent(pool, key -> new Bug.Mouth(key, incarnation));
    if (first && shadow != null && shadow.holds(pool)) {
      // Memory that runs on is ready to speak: it is told first that it has to begin anew.
      hear(shadow, pool, new GuardInput.Started(incarnation), nowMillis, new ArrayList<>());
    }
    for (GuardInput each : inputs) {
      take(pool, each, mouth, other, nowMillis);
    }
    keep.settle(pool);
    if (shadow != null) {
      shadow.settle(pool);
    }
  }

  private void take(
      String pool, GuardInput input, Bug.Mouth mouth, Bug.Mouth other, long nowMillis) {
    knowledge.computeIfAbsent(pool, absent -> new Knowledge()).take(input);
    mouth.nowMillis = nowMillis;
    List<GuardOutput> said = new ArrayList<>();
    for (GuardInput heard : world.bug.heard(input, mouth)) {
      hear(keep, pool, heard, nowMillis, said);
    }
    if (shadow != null) {
      other.nowMillis = nowMillis;
      List<GuardOutput> expected = new ArrayList<>();
      for (GuardInput heard : world.bug.heard(input, other)) {
        hear(shadow, pool, heard, nowMillis, expected);
      }
      if (!said.equals(expected)) {
        world.rowsForgot(
            "after "
                + input
                + " pool "
                + pool
                + " restored from rows says "
                + said
                + ", its memory "
                + expected);
      }
      if (--shadowInputs <= 0) {
        shadow = null;
      }
    }
    for (GuardOutput output : said) {
      utter(pool, output, mouth, nowMillis);
    }
  }

  private void hear(
      Keep<S, GuardInput, GuardOutput> by,
      String pool,
      GuardInput input,
      long nowMillis,
      List<GuardOutput> said) {
    try {
      by.decide(pool, input, nowMillis, said::add);
    } catch (RuntimeException e) {
      throw world.stumbled(this, pool + " reads " + input, e);
    }
  }

  @Override
  void turn(long nowMillis) {
    greetAll(nowMillis);
    if (keep.alarmMillis() > nowMillis) {
      return;
    }
    Map<String, List<GuardOutput>> said = new TreeMap<>();
    Map<String, List<GuardOutput>> expected = new TreeMap<>();
    wake(keep, nowMillis, said);
    if (shadow != null) {
      wake(shadow, nowMillis, expected);
      if (!said.equals(expected)) {
        world.rowsForgot(
            "at its alarm a pool restored from rows says " + said + ", its memory " + expected);
      }
    }
    said.forEach(
        (pool, outputs) -> {
          Bug.Mouth mouth = mouths.computeIfAbsent(pool, p -> new Bug.Mouth(p, incarnation));
          mouth.nowMillis = nowMillis;
          for (GuardOutput output : outputs) {
            utter(pool, output, mouth, nowMillis);
          }
        });
  }

  private void wake(
      Keep<S, GuardInput, GuardOutput> by, long nowMillis, Map<String, List<GuardOutput>> said) {
    try {
      by.wake(
          nowMillis,
          (pool, output) -> said.computeIfAbsent(pool, p -> new ArrayList<>()).add(output));
    } catch (RuntimeException e) {
      throw world.stumbled(this, "wakes at " + nowMillis, e);
    }
  }

  @Override
  long alarmMillis() {
    return keep.alarmMillis();
  }

  /** What it still remembers, for the end. */
  String rest() {
    return keep.rest();
  }

  /** Its rows, for the end. */
  Map<String, Map<String, byte[]>> rows() {
    return keep.snapshot();
  }

  private void utter(String pool, GuardOutput output, Bug.Mouth mouth, long nowMillis) {
    for (GuardOutput said : world.bug.said(output, mouth)) {
      Knowledge known = knowledge.computeIfAbsent(pool, absent -> new Knowledge());
      world.said(this, pool, known, said, nowMillis);
      if (said instanceof GuardOutput.Made made) {
        writer.send(Topic.PROPOSALS, made.proposal().subject().toString(), pool, made.proposal());
      } else if (said instanceof GuardOutput.Decided decided) {
        writer.send(
            Topic.DECISIONS,
            decided.decision().proposal().subject().toString(),
            pool,
            decided.decision());
      } else if (said instanceof GuardOutput.Logged logged) {
        writer.send(Topic.ADMISSIONS, pool, pool, logged.admission());
      } else if (said instanceof GuardOutput.Synced synced) {
        String id = synced.incarnation();
        writer.send(
            Topic.POLICIES,
            "pool/" + pool + "/sync/" + id,
            "",
            new PolicyRecord(
                "pool/" + pool + "/sync/" + id,
                id,
                PolicyRecord.Kind.SYNC,
                1,
                true,
                "pool/" + pool,
                null,
                ActKind.UNKNOWN,
                null,
                "forestall-decide",
                "a guard has started",
                nowMillis,
                nowMillis,
                null,
                Map.of(),
                ""));
      } else if (said instanceof GuardOutput.Noticed noticed) {
        FleetEvent event = noticed.event();
        writer.send(Topic.EVENTS, event.entity().toString(), pool, event);
      }
    }
  }
}
