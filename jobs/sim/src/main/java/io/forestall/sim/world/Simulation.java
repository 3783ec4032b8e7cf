package io.forestall.sim.world;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.RuleSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One world from one seed on one thread: storage, people, topics and the two jobs, in simulated
 * time; whatever can go wrong does, then everything comes to rest, then everything leaves; the
 * {@link Invariants} are asked at every step.
 */
public final class Simulation {
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;

  /** 2026-01-05, a Monday. */
  private static final long START_MILLIS = 1_767_571_200_000L;

  /** Everything that waits has a shorter patience. */
  private static final long REST_MILLIS = 9 * HOUR;

  private static final long END_MILLIS = 40 * 24 * HOUR;

  /** Far beyond any honest run. */
  private static final long MAX_STEPS = 3_000_000;

  final Scenario scenario;
  final Bug bug;
  final Dice dice;
  final Timeline timeline;
  final Logs logs = new Logs();
  final Post post;
  final StorageWorld storage;
  final Operators operators;
  final Executors executors;
  long recordsRead;

  private final long seed;
  private final Product product;
  private final RuleSet rules = SimulatedRules.rules();
  private final List<Invariant> invariants = Invariants.all();
  private final @Nullable Consumer<String> trace;
  private final Map<String, AdmissionFold> folds = new TreeMap<>();
  private final List<DecideCarrier<?>> deciding = new ArrayList<>();
  private final List<CorrelateCarrier<?>> correlating = new ArrayList<>();
  private final Map<String, List<Carrier.Checkpoint>> checkpoints = new HashMap<>();
  private final Set<Long> deadLetters = new HashSet<>();
  private final Map<String, Long> counts = new TreeMap<>();
  private final List<String> pools = new ArrayList<>();
  private int starts;
  private boolean resting;
  private long steps;
  private long digest = 0x9e3779b97f4a7c15L;
  private final long endMillis;

  private Simulation(
      long seed, Scenario scenario, Bug bug, Product product, @Nullable Consumer<String> trace) {
    this.seed = seed;
    this.scenario = scenario;
    this.bug = bug;
    this.product = product;
    this.trace = trace;
    this.dice = new Dice(seed);
    this.timeline = new Timeline(START_MILLIS, dice.fork("timeline"));
    this.post = new Post(timeline, logs, dice.fork("post"), scenario);
    this.endMillis = START_MILLIS + (long) (scenario.value(Knob.HOURS) * HOUR) + REST_MILLIS;
    logs.listen(this::appended);
    this.storage = new StorageWorld(this);
    this.executors = new Executors(this);
    this.operators = new Operators(this);
  }

  /** The world of a seed with the deciders of the product. */
  public static SimulationReport run(long seed) {
    return run(seed, Bug.NONE);
  }

  /** The world of a seed with the deciders of the product and a planted bug. */
  public static SimulationReport run(long seed, Bug bug) {
    return run(seed, bug.scenario(seed), bug, Product.shipped(), null);
  }

  /**
   * Runs one world to its end, or to the first violation.
   *
   * @param seed decides everything that is left to chance
   * @param trace hears of every step, null when nobody reads it
   */
  public static SimulationReport run(
      long seed, Scenario scenario, Bug bug, Product product, @Nullable Consumer<String> trace) {
    Simulation simulation = new Simulation(seed, scenario, bug, product, trace);
    try {
      simulation.live();
      return simulation.report(null, null);
    } catch (Violation e) {
      return simulation.report(e.invariant(), String.valueOf(e.getMessage()));
    }
  }

  private SimulationReport report(@Nullable String invariant, @Nullable String message) {
    counts.put("records read", recordsRead);
    return new SimulationReport(
        seed, scenario.name(), bug.name(), steps, digest, counts, invariant, message);
  }

  private void live() {
    for (int i = 1; i <= (int) scenario.value(Knob.POOLS); i++) {
      pools.add("p" + i);
    }
    start(DecideCarrier.JOB, null, false);
    start(CorrelateCarrier.JOB, null, false);
    storage.begin();
    operators.begin();
    for (String job : List.of(DecideCarrier.JOB, CorrelateCarrier.JOB)) {
      often(Knob.CRASHES, () -> crash(job));
      often(Knob.PAUSES, () -> pause(job));
      save(job);
    }
    long lifeEnd = START_MILLIS + (long) (scenario.value(Knob.HOURS) * HOUR);
    runUntil(lifeEnd);
    rest();
    runUntil(endMillis);
    settle();
    for (Invariant invariant : invariants) {
      invariant.rested(this);
    }
    storage.end();
    long tick = MINUTE;
    for (long at = endMillis + MINUTE; at < endMillis + END_MILLIS; at += tick) {
      timeline.at(at, storage::tick);
      tick = Math.min(tick * 2, 12 * HOUR);
    }
    runUntil(endMillis + END_MILLIS);
    settle();
    for (Invariant invariant : invariants) {
      invariant.ended(this);
    }
  }

  private void runUntil(long untilMillis) {
    while (timeline.nextMillis() < untilMillis) {
      steps++;
      if (steps > MAX_STEPS) {
        throw new Violation("comes-to-rest", "it does not end: more than " + MAX_STEPS + " steps");
      }
      timeline.step();
    }
  }

  /** Lets the jobs read what is left, a minute at most. */
  private void settle() {
    long until = timeline.nowMillis() + MINUTE;
    while (timeline.nextMillis() < until) {
      steps++;
      timeline.step();
    }
  }

  /** Nothing fails any more. */
  private void rest() {
    resting = true;
    post.calm();
    storage.rest();
    operators.rest();
    for (Carrier carrier : carriers()) {
      if (!carrier.stopped() && !newest(carrier)) {
        carrier.stop(0);
      }
    }
    for (String job : List.of(DecideCarrier.JOB, CorrelateCarrier.JOB)) {
      if (running(job) == null) {
        start(job, latest(job), false);
      }
    }
  }

  private boolean newest(Carrier carrier) {
    return carrier == running(carrier.job);
  }

  private List<Carrier> carriers() {
    List<Carrier> all = new ArrayList<>(deciding);
    all.addAll(correlating);
    return all;
  }

  /** The instance of a job that is meant to run, null while it is down. */
  private @Nullable Carrier running(String job) {
    List<? extends Carrier> instances = job.equals(DecideCarrier.JOB) ? deciding : correlating;
    if (instances.isEmpty() || down.contains(job)) {
      return null;
    }
    Carrier last = instances.get(instances.size() - 1);
    return last.stopped() ? null : last;
  }

  private final Set<String> down = new HashSet<>();
  private final Set<String> crashed = new HashSet<>();

  private final List<long[]> returns = new ArrayList<>();

  /**
   * True when whoever said this died, or the decide job later went back to a checkpoint from before
   * it was said: then nobody knows of it any more. What others said is read again.
   */
  boolean isForgotten(@Nullable String writer, long saidMillis) {
    if (writer == null || !writer.startsWith(DecideCarrier.JOB)) {
      return false;
    }
    if (crashed.contains(writer)) {
      return true;
    }
    for (long[] each : returns) {
      if (each[0] <= saidMillis && saidMillis <= each[1]) {
        return true;
      }
    }
    return false;
  }

  private void often(Knob knob, Runnable what) {
    double perHour = scenario.value(knob);
    if (perHour > 0) {
      timeline.after(
          dice.waitMillis(HOUR / perHour),
          () -> {
            if (!resting) {
              what.run();
              often(knob, what);
            }
          });
    }
  }

  private <S extends DeciderState> void start(
      String job, Carrier.@Nullable Checkpoint from, boolean shadowed) {
    down.remove(job);
    int number = ++starts;
    Carrier carrier;
    if (job.equals(DecideCarrier.JOB)) {
      @SuppressWarnings("unchecked") // whatever its state is, it is one
      Decider<S, GuardInput, GuardOutput> arbiter =
          (Decider<S, GuardInput, GuardOutput>) product.arbiter();
      DecideCarrier<S> instance = new DecideCarrier<>(this, number, arbiter);
      if (from != null) {
        instance.restore(from, shadowed);
      }
      deciding.add(instance);
      carrier = instance;
    } else {
      @SuppressWarnings("unchecked") // whatever its state is, it is one
      Decider<S, IncidentInput, Incident> decider =
          (Decider<S, IncidentInput, Incident>) product.incidents(rules);
      CorrelateCarrier<S> instance = new CorrelateCarrier<>(this, number, rules, decider);
      if (from != null) {
        instance.restore(from);
      }
      correlating.add(instance);
      carrier = instance;
    }
    if (from != null) {
      count("restores");
    }
    trace("start", () -> carrier.incarnation + (from == null ? "" : " from " + from.takenMillis));
    carrier.stir(100);
    carrier.schedule();
  }

  private void save(String job) {
    timeline.after(
        dice.between(2 * MINUTE, 20 * MINUTE),
        () -> {
          if (resting) {
            return;
          }
          Carrier carrier = running(job);
          if (carrier != null) {
            Carrier.Checkpoint taken = carrier.checkpoint();
            // It is complete when everything said before has arrived.
            timeline.at(
                carrier.writer.pendingUntilMillis() + 1,
                () -> {
                  if (!carrier.stopped()) {
                    saved(job).add(taken);
                    count("checkpoints");
                  }
                });
          }
          save(job);
        });
  }

  private List<Carrier.Checkpoint> saved(String job) {
    return checkpoints.computeIfAbsent(job, absent -> new ArrayList<>());
  }

  private Carrier.@Nullable Checkpoint latest(String job) {
    List<Carrier.Checkpoint> saved = saved(job);
    return saved.isEmpty() ? null : saved.get(saved.size() - 1);
  }

  /** The decide job dies now. */
  void crashDecide() {
    if (!resting) {
      crash(DecideCarrier.JOB);
    }
  }

  private void crash(String job) {
    Carrier carrier = running(job);
    if (carrier == null) {
      return;
    }
    if (dice.chance(0.3)) {
      // An upgrade: stop with a savepoint, go on from it.
      Carrier.Checkpoint taken = carrier.checkpoint();
      carrier.stop(0);
      saved(job).add(taken);
      trace("upgrade", () -> carrier.incarnation);
      count("upgrades");
      down.add(job);
      // A savepoint is complete when everything said before has arrived.
      timeline.at(
          carrier.writer.pendingUntilMillis() + 1,
          () -> {
            if (!down.contains(job)) {
              return;
            }
            start(job, taken, job.equals(DecideCarrier.JOB));
            Carrier follower = running(job);
            if (follower != null) {
              follower.skewMillis = carrier.skewMillis;
            }
          });
      return;
    }
    count("crashes");
    crashed.add(carrier.incarnation);
    boolean zombie = dice.chance(scenario.value(Knob.ZOMBIES));
    trace(zombie ? "zombie" : "crash", () -> carrier.incarnation);
    if (zombie) {
      count("zombies");
      if (dice.chance(0.5)) {
        // It thinks on, but what it says is heard when others have spoken.
        carrier.writer.slow(dice.between(1_000, 10 * MINUTE));
        timeline.after(dice.between(1, 20_000), storage::contest);
      }
      timeline.after(dice.between(1_000, 30 * MINUTE), () -> carrier.stop(dice.unit()));
    } else {
      carrier.stop(dice.unit());
    }
    down.add(job);
    List<Carrier.Checkpoint> saved = saved(job);
    Carrier.Checkpoint from = latest(job);
    if (!saved.isEmpty() && dice.chance(scenario.value(Knob.OLD_RESTORES))) {
      from = dice.pick(saved);
      count("old restores");
    }
    Carrier.Checkpoint chosen = from;
    timeline.after(
        dice.between(1_000, dice.chance(0.3) ? 20 * MINUTE : MINUTE),
        () -> {
          if (down.contains(job)) {
            if (job.equals(DecideCarrier.JOB)) {
              long taken = chosen == null ? START_MILLIS : chosen.takenMillis;
              returns.add(new long[] {taken, timeline.nowMillis()});
            }
            start(job, chosen, false);
          }
        });
  }

  private void pause(String job) {
    Carrier carrier = running(job);
    if (carrier != null) {
      count("pauses");
      carrier.pause(timeline.nowMillis() + dice.between(1_000, 30 * MINUTE));
    }
  }

  private void appended(Entry entry) {
    digest = mix(digest, entry.topic().ordinal() * 31L + entry.partition());
    digest = mix(digest, entry.key().hashCode());
    digest = mix(digest, entry.timeMillis());
    Object body = entry.body();
    if (body instanceof Admission admission) {
      digest = mix(digest, admission.id().hashCode() + 31L * admission.sequence());
      digest = mix(digest, admission.state().ordinal());
      count("admissions " + admission.state().name().toLowerCase(Locale.ROOT));
      if (admission.ends() && admission.text().startsWith("It gives way")) {
        count("shadows that gave way");
      }
    } else if (body instanceof GuardDecision decision) {
      digest = mix(digest, decision.id().hashCode());
      digest = mix(digest, decision.text().hashCode());
      count("decisions " + decision.outcome().name().toLowerCase(Locale.ROOT));
      count("code " + decision.code());
    } else if (body instanceof Proposal proposal) {
      digest = mix(digest, proposal.id().hashCode());
      count("proposals");
      if ("shadow-plan".equals(proposal.rule())) {
        count("shadows by the plan");
      }
    } else if (body instanceof Incident incident) {
      digest = mix(digest, incident.id().hashCode() + 31L * incident.revision());
      digest = mix(digest, incident.eventCount());
      count("incidents " + incident.state().name().toLowerCase(Locale.ROOT));
    } else if (body instanceof FleetEvent event) {
      digest = mix(digest, event.id().hashCode());
      count("events");
    } else if (body instanceof Entry.Poison) {
      count("poison");
    }
    trace("append", entry::line);
    for (Invariant invariant : invariants) {
      invariant.appended(entry);
    }
    if (body instanceof Admission admission) {
      if (entry.genuine()) {
        AdmissionFold fold = fold(entry.pool());
        AdmissionFold.Meaning meaning = fold.take(admission);
        count("log " + meaning.name().toLowerCase(Locale.ROOT));
        for (Invariant invariant : invariants) {
          invariant.folded(entry, fold, meaning);
        }
      } else {
        count("forged");
      }
    }
    for (int i = 0; i < deciding.size(); i++) {
      stir(deciding.get(i), entry.topic());
    }
    for (int i = 0; i < correlating.size(); i++) {
      stir(correlating.get(i), entry.topic());
    }
  }

  private static void stir(Carrier carrier, Topic topic) {
    if (!carrier.stopped() && carrier.reads(topic)) {
      carrier.stir(300);
    }
  }

  private static long mix(long digest, long value) {
    long z = (digest ^ value) * 0xbf58476d1ce4e5b9L;
    return z ^ (z >>> 29);
  }

  void said(
      DecideCarrier<?> instance, String pool, Knowledge known, GuardOutput output, long nowMillis) {
    trace("said", () -> instance.incarnation + " " + pool + " " + output);
    for (Invariant invariant : invariants) {
      invariant.said(instance, pool, known, output, nowMillis);
    }
    if (output instanceof GuardOutput.Logged logged
        && logged.admission().state() == Admission.State.ADMITTED) {
      known.tentative.add(logged.admission().sequence());
      known.said.add(logged.admission().id());
    }
  }

  void said(CorrelateCarrier<?> instance, Incident incident) {
    trace("said", () -> instance.incarnation + " " + incident);
    for (Invariant invariant : invariants) {
      invariant.said(instance, incident);
    }
  }

  void actRead(Executors.Act act) {
    for (Invariant invariant : invariants) {
      invariant.actRead(act);
    }
  }

  void actBegan(Executors.Act act) {
    count("acts begun");
    for (Invariant invariant : invariants) {
      invariant.actBegan(act);
    }
  }

  void actEnded(Executors.Act act) {
    trace("ended", () -> act.admission.id() + " " + act.end);
    String end = String.valueOf(act.end).toLowerCase(Locale.ROOT);
    count("acts " + end);
    count("act " + act.admission.act() + " " + end);
    for (Invariant invariant : invariants) {
      invariant.actEnded(act);
    }
  }

  void deadLetter(Carrier instance, Entry entry, String reason) {
    if (!bug.countsDeadLetters()) {
      return;
    }
    count("dead letters");
    trace("dead", () -> instance.incarnation + " " + entry.line() + " " + reason);
    deadLetters.add(letter(instance.job, entry));
  }

  /** True when this record was put aside by this job. */
  boolean isDeadLetter(String job, Entry entry) {
    return deadLetters.contains(letter(job, entry));
  }

  private static long letter(String job, Entry entry) {
    long log = entry.topic().ordinal() * 16L + entry.partition();
    return (job.equals(DecideCarrier.JOB) ? 1L << 48 : 0) + (log << 32) + entry.offset();
  }

  Violation stumbled(Carrier instance, String occasion, RuntimeException failure) {
    StringBuilder where = new StringBuilder();
    StackTraceElement[] stack = failure.getStackTrace();
    for (int i = 0; i < Math.min(6, stack.length); i++) {
      where.append(" at ").append(stack[i]);
    }
    return new Violation(
        "nobody-stumbles",
        instance.incarnation + " fails as it " + occasion + ": " + failure + where);
  }

  void rowsForgot(String message) {
    throw new Violation("rows-hold-everything", message);
  }

  /** The admissions of a pool by the rule of the contract, as far as the log goes. */
  AdmissionFold fold(String pool) {
    return folds.computeIfAbsent(pool, absent -> new AdmissionFold());
  }

  Map<String, AdmissionFold> folds() {
    return folds;
  }

  List<String> poolNames() {
    return pools;
  }

  boolean resting() {
    return resting;
  }

  long endMillis() {
    return endMillis;
  }

  RuleSet rules() {
    return rules;
  }

  @Nullable DecideCarrier<?> deciding() {
    return (DecideCarrier<?>) running(DecideCarrier.JOB);
  }

  /** True when a guard that may speak has read that so many nodes of a pool are at risk now. */
  boolean sees(String pool, int atRisk) {
    DecideCarrier<?> guard = deciding();
    Knowledge known = guard == null ? null : guard.knowledge(pool);
    return guard != null
        && known != null
        && known.markRead
        && guard.policies().syncedWith(guard.incarnation)
        && known.atRisk() >= atRisk;
  }

  @Nullable CorrelateCarrier<?> correlating() {
    return (CorrelateCarrier<?>) running(CorrelateCarrier.JOB);
  }

  void count(String what) {
    counts.merge(what, 1L, Long::sum);
  }

  private void trace(String what, java.util.function.Supplier<String> text) {
    if (trace != null) {
      trace.accept(
          steps
              + " "
              + java.time.Instant.ofEpochMilli(timeline.nowMillis())
              + " "
              + what
              + " "
              + text.get());
    }
  }
}
