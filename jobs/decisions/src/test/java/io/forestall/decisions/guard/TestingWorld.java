package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardDecision.Outcome;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A random pool from one seed: its inputs, its logs, one guard that is restored from any earlier
 * checkpoint, and sometimes an older guard that still runs. After each step a fold of the log of
 * its own checks what must hold.
 */
final class TestingWorld {

  static final String POOL = "p1";

  /** One guard: a state and how far it has read. */
  private final class Guard {
    GuardState state = arbiter.empty(POOL);
    final Map<String, byte[]> rows = new LinkedHashMap<>();
    int inputsRead;
    int logRead;
    int policiesRead;

    void decide(GuardInput input) {
      arbiter.decide(state, input, now, output -> hear(this, output));
    }

    void readPolicies() {
      policiesRead = policyTopic.size();
      decide(new GuardInput.PoliciesChanged(policies(policiesRead)));
    }

    void wake() {
      if (arbiter.alarmMillis(state) <= now) {
        arbiter.wake(state, now, output -> hear(this, output));
      }
    }
  }

  private record Checkpoint(
      Map<String, byte[]> rows, int inputsRead, int logRead, int policiesRead) {}

  final Random random;
  final PoolArbiter arbiter = new PoolArbiter();
  final boolean acting;
  final List<GuardInput> inputs = new ArrayList<>();
  final List<Admission> log = new ArrayList<>();
  final List<PolicyRecord> policyTopic = new ArrayList<>();
  final List<String> heard = new ArrayList<>();
  private final List<Checkpoint> checkpoints = new ArrayList<>();
  private @Nullable Guard zombie;
  private boolean zombieIsDeaf;
  private Guard guard;
  private int incarnations;
  long now = TestingPool.START;
  private final int nodes;
  private final Map<String, GuardInput.UnitChanged> units = new TreeMap<>();
  private final Map<String, Incident> open = new TreeMap<>();
  private int made;

  // the oracle
  private int folded;
  private long sequence;
  private final Map<String, Admission> inFlight = new TreeMap<>();
  private final Set<String> counted = new TreeSet<>();
  private final Map<String, Integer> countedAt = new HashMap<>();
  private final Map<String, Integer> budgets = new HashMap<>();
  int admitted;
  int refused;
  int advised;
  int restores;
  int collisions;

  TestingWorld(long seed, boolean acting) {
    this.random = new Random(seed);
    this.acting = acting;
    this.nodes = 6 + random.nextInt(60);
    this.guard = new Guard();
    budgets.put("pool/p1", 1 + random.nextInt(6));
    budgets.put("pool/p1/predicted", 1 + random.nextInt(3));
    budgets.put("kind/failover", 1 + random.nextInt(3));
    if (acting) {
      policy(Kind.MODE, "all", ActKind.UNKNOWN, null, null, "mode", "act");
      policy(
          Kind.BUDGET,
          "pool/p1",
          ActKind.UNKNOWN,
          null,
          null,
          "acts-in-flight",
          String.valueOf(budgets.get("pool/p1/predicted")),
          "all-acts-in-flight",
          String.valueOf(budgets.get("pool/p1")),
          "rate-acts",
          "500",
          "rate-window",
          "1 h",
          "nodes-per-day",
          "1");
      policy(
          Kind.BUDGET,
          "all",
          ActKind.FAILOVER,
          null,
          null,
          "acts-in-flight",
          String.valueOf(budgets.get("kind/failover")));
    }
    for (int i = 0; i < nodes; i++) {
      inputs.add(member(i));
      inputs.add(risk(i, 0.001));
    }
    for (int i = 0; i < 3 * nodes; i++) {
      int first = random.nextInt(nodes);
      put(
          new GuardInput.UnitChanged(
              "u" + i,
              "v" + i % 5,
              node(first),
              1,
              List.of(node(first), node((first + 1) % nodes), node((first + 2) % nodes)),
              2,
              1L << 30));
    }
    begin(guard);
  }

  private void put(GuardInput.UnitChanged unit) {
    units.put(unit.unit(), unit);
    inputs.add(unit);
  }

  private static Subject node(int i) {
    return Subject.node("n" + i);
  }

  private GuardInput member(int i) {
    Place place = new Place("n" + i, "r" + i % 6, "z" + i % 3, "eu", POOL);
    return new GuardInput.MemberChanged(
        new FleetMember(node(i), place, "", null, 100L << 30, false), (50L + i % 9) << 30);
  }

  private GuardInput risk(int i, double p) {
    Tier tier = p > 0.5 ? Tier.CRITICAL : p > 0.2 ? Tier.WARNING : Tier.HEALTHY;
    return new GuardInput.RiskChanged(
        node(i), tier, 100 * p, p, 3_600_000, 0.9, false, now, null, null);
  }

  private void begin(Guard one) {
    one.readPolicies();
    one.decide(new GuardInput.Started("g" + incarnations++));
  }

  private PolicySet policies(int read) {
    Map<String, PolicyRecord> newest = new TreeMap<>();
    Set<String> synced = new TreeSet<>();
    for (PolicyRecord record : policyTopic.subList(0, read)) {
      if (record.kind() == Kind.SYNC) {
        synced.add(record.id());
      } else {
        newest.put(record.key(), record);
      }
    }
    return PolicySet.of(newest.values(), synced, read);
  }

  private void policy(
      Kind kind,
      String scope,
      ActKind act,
      @Nullable String proposal,
      @Nullable Long lasts,
      String... parameters) {
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < parameters.length; i += 2) {
      map.put(parameters[i], parameters[i + 1]);
    }
    String id = kind == Kind.SYNC ? scope : "w" + (act == ActKind.UNKNOWN ? "" : act) + proposal;
    policyTopic.add(
        new PolicyRecord(
            scope + "/" + kind + "/" + id,
            id,
            kind,
            1,
            true,
            kind == Kind.SYNC ? "all" : scope,
            null,
            act,
            proposal,
            "ann",
            "why not",
            now,
            now,
            lasts == null ? null : now + lasts,
            map,
            ""));
  }

  private void hear(Guard by, GuardOutput output) {
    heard.add(now + " " + words(output));
    if (output instanceof GuardOutput.Logged logged) {
      // a produce may be repeated
      log.add(logged.admission());
      if (random.nextInt(8) == 0) {
        log.add(logged.admission());
      }
    } else if (output instanceof GuardOutput.Synced sync) {
      policy(Kind.SYNC, sync.incarnation(), ActKind.UNKNOWN, null, null);
    } else if (output instanceof GuardOutput.Decided decided) {
      check(by, decided.decision());
    }
  }

  private static String words(GuardOutput output) {
    if (output instanceof GuardOutput.Decided d) {
      return d.decision().id() + " " + d.decision().code() + " " + d.decision().text();
    } else if (output instanceof GuardOutput.Made m) {
      return m.proposal().id() + " " + m.proposal().target() + " " + m.proposal().reason();
    } else if (output instanceof GuardOutput.Logged l) {
      return l.admission().id() + " " + l.admission().state() + " " + l.admission().sequence();
    } else if (output instanceof GuardOutput.Noticed n) {
      return n.event().id() + " " + n.event().summary();
    }
    return output.toString();
  }

  /** One random step, then every check. */
  void step() {
    now += random.nextInt(20) == 0 ? 60_000 + random.nextInt(300_000) : random.nextInt(3_000);
    switch (random.nextInt(24)) {
      case 0, 1, 2 ->
          inputs.add(risk(random.nextInt(nodes), random.nextInt(12) == 0 ? 0.9 : 0.001));
      case 3, 4, 5, 6 -> incident();
      case 7, 8, 9 -> propose();
      case 10, 11, 12 -> endSomething();
      case 13 -> word();
      case 14 -> checkpoint();
      case 15 -> {
        if (random.nextInt(3) == 0) {
          restore();
        }
      }
      case 16 -> {
        int zone = random.nextInt(3);
        inputs.add(
            new GuardInput.ZoneChanged(
                "fz" + zone,
                random.nextBoolean() ? List.of() : List.of(node(random.nextInt(nodes)))));
      }
      case 17 -> moveUnit();
      default -> inputs.add(risk(random.nextInt(nodes), 0.001));
    }
    for (int i = 3 + random.nextInt(16); i > 0; i--) {
      advance(guard);
      if (zombie != null) {
        advance(zombie);
      }
    }
    foldLog();
  }

  /** Reads something of what a guard has not read. */
  private void advance(Guard one) {
    int which = random.nextInt(4);
    if (one == zombie && (zombieIsDeaf || random.nextInt(4) > 0)) {
      // an old guard is behind with what would silence it, not with what it acts on
      which = 3;
    }
    if (which == 0 && one.policiesRead < policyTopic.size()) {
      one.readPolicies();
    } else if (which <= 1 && one.logRead < log.size()) {
      one.decide(new GuardInput.AdmissionRead(log.get(one.logRead++)));
    } else if (one == zombie && one.inputsRead < inputs.size() && random.nextBoolean()) {
      // it does not see the same as the younger one, so it does not decide the same
      one.inputsRead++;
    } else if (one.inputsRead < inputs.size()) {
      one.decide(inputs.get(one.inputsRead++));
    }
    one.wake();
  }

  private void incident() {
    if (!open.isEmpty() && random.nextBoolean()) {
      Incident before = open.values().iterator().next();
      boolean over = random.nextBoolean();
      Incident after =
          incident(
              before.id(),
              before.revision() + 1,
              over ? Incident.State.RESOLVED : Incident.State.UPDATED,
              before.subject(),
              random.nextBoolean());
      open.put(before.id(), after);
      if (over) {
        open.remove(before.id());
      }
      inputs.add(new GuardInput.IncidentChanged(after));
      return;
    }
    Incident opened =
        incident(
            "i" + made++,
            1,
            Incident.State.OPENED,
            node(random.nextInt(nodes)),
            random.nextBoolean());
    open.put(opened.id(), opened);
    inputs.add(new GuardInput.IncidentChanged(opened));
  }

  private Incident incident(
      String id, int revision, Incident.State state, Subject subject, boolean predicted) {
    ActKind[] acts = {
      ActKind.FAILOVER, ActKind.MIGRATE, ActKind.SHADOW, ActKind.PREFETCH, ActKind.INVESTIGATE
    };
    return new Incident(
        id,
        revision,
        state,
        Severity.CRITICAL,
        "Something of " + subject,
        subject,
        POOL,
        predicted,
        0.8,
        predicted ? 1_000L << random.nextInt(16) : 0,
        acts[random.nextInt(acts.length)],
        null,
        "r",
        1,
        subject.toString(),
        List.of(),
        List.of(subject),
        List.of(),
        1,
        now,
        now,
        null,
        null,
        Map.of());
  }

  private void propose() {
    List<String> names = new ArrayList<>(units.keySet());
    GuardInput.UnitChanged unit =
        Objects.requireNonNull(units.get(names.get(random.nextInt(names.size()))));
    for (int i = 0; i <= random.nextInt(4); i++) {
      inputs.add(
          new GuardInput.Proposed(
              new Proposal(
                  "x" + made++,
                  random.nextBoolean() ? ActKind.FAILOVER : ActKind.SHADOW,
                  new Subject(Subject.Kind.SEGMENT, unit.unit()),
                  POOL,
                  null,
                  List.of(new Proposal.UnitStep(unit.unit(), unit.epoch(), unit.epoch() + 1)),
                  unit.owner(),
                  random.nextBoolean() ? unit.copies().get(1) : node(random.nextInt(nodes)),
                  List.of(),
                  "test",
                  "The test asks.",
                  List.of(),
                  null,
                  null,
                  null,
                  null,
                  null,
                  0.9,
                  random.nextBoolean() ? 0 : 3_600_000,
                  0.9,
                  1 << 20,
                  0,
                  random.nextInt(3),
                  now,
                  now + 60_000 + random.nextInt(7_200_000),
                  random.nextInt(9) == 0 ? "candidate" : Proposal.LIVE,
                  Map.of())));
    }
  }

  private void endSomething() {
    if (inFlight.isEmpty()) {
      return;
    }
    List<String> ids = new ArrayList<>(inFlight.keySet());
    String id = ids.get(random.nextInt(ids.size()));
    Admission.State[] ends = {
      Admission.State.DONE, Admission.State.GIVEN_BACK, Admission.State.EXPIRED
    };
    inputs.add(new GuardInput.ActEnded(id, ends[random.nextInt(3)], "The test ended it."));
  }

  private void moveUnit() {
    List<String> names = new ArrayList<>(units.keySet());
    GuardInput.UnitChanged unit =
        Objects.requireNonNull(units.get(names.get(random.nextInt(names.size()))));
    int first = random.nextInt(nodes);
    put(
        new GuardInput.UnitChanged(
            unit.unit(),
            unit.volume(),
            node(first),
            unit.epoch() + 1,
            List.of(node(first), node((first + 2) % nodes), node((first + 4) % nodes)),
            2,
            1L << 30));
  }

  private void word() {
    String someNode = node(random.nextInt(nodes)).toString();
    long lasts = 1_000L * (1 + random.nextInt(600));
    switch (random.nextInt(8)) {
      case 0 -> policy(Kind.HALT, "all", ActKind.UNKNOWN, null, lasts / 10);
      case 1 -> policy(Kind.MAINTENANCE, someNode, ActKind.UNKNOWN, null, lasts);
      case 2 -> policy(Kind.SILENCE, someNode, ActKind.UNKNOWN, null, lasts);
      case 3 -> policy(Kind.PIN, someNode, ActKind.UNKNOWN, null, lasts);
      case 4 -> policy(Kind.OVERRIDE, someNode, ActKind.UNKNOWN, null, lasts, "tier", "healthy");
      case 5 -> {
        if (!inFlight.isEmpty()) {
          String id = inFlight.keySet().iterator().next();
          policy(Kind.CANCEL, "all", ActKind.UNKNOWN, null, null, "admission", id);
        }
      }
      case 6 -> {
        if (acting) {
          policy(
              Kind.MODE, "pool/p1", ActKind.SHADOW, null, lasts, "mode", "act", "approval", "true");
        }
      }
      default -> policy(Kind.APPROVAL, "all", ActKind.UNKNOWN, "x" + (made + 1), lasts);
    }
  }

  private void checkpoint() {
    guard
        .state
        .takeChanges()
        .forEach(
            (row, body) -> {
              if (body.length == 0) {
                guard.rows.remove(row);
              } else {
                guard.rows.put(row, body);
              }
            });
    checkpoints.add(
        new Checkpoint(
            new LinkedHashMap<>(guard.rows), guard.inputsRead, guard.logRead, guard.policiesRead));
  }

  private void restore() {
    if (checkpoints.isEmpty()) {
      return;
    }
    restores++;
    zombie = random.nextInt(3) > 0 ? guard : null;
    zombieIsDeaf = random.nextBoolean();
    // any of the last 20, so some are half an hour old and older
    int back = random.nextInt(Math.min(20, checkpoints.size()));
    Checkpoint from = checkpoints.get(checkpoints.size() - 1 - back);
    Guard next = new Guard();
    from.rows.forEach(next.state::restore);
    next.rows.putAll(from.rows);
    next.inputsRead = from.inputsRead;
    next.logRead = from.logRead;
    next.policiesRead = from.policiesRead;
    checkpoints.subList(checkpoints.size() - back, checkpoints.size()).clear();
    guard = next;
    begin(next);
  }

  // ------------------------------------------------------------------- oracle

  private void foldLog() {
    while (folded < log.size()) {
      Admission record = log.get(folded++);
      if (record.state() == Admission.State.STARTED) {
        continue;
      }
      if (record.state() == Admission.State.ADMITTED) {
        if (record.sequence() == sequence + 1) {
          sequence++;
          admit(record);
        } else if (!counted.contains(record.id())) {
          collisions++;
        }
      } else {
        inFlight.remove(record.id());
      }
    }
  }

  private void admit(Admission record) {
    must(acting, "advise mode admitted " + record);
    admitted++;
    must(counted.add(record.id()), "the same admission twice: " + record.id());
    must(
        countedAt.put(record.proposal(), folded - 1) == null,
        "a proposal admitted twice: " + record.proposal());
    Set<String> locked = new HashSet<>();
    inFlight.values().forEach(other -> locked.addAll(Held.locks(other.units(), other.subject())));
    for (String key : Held.locks(record.units(), record.subject())) {
      must(!locked.contains(key), key + " is locked twice");
    }
    inFlight.put(record.id(), record);
    int predicted = 0;
    int failovers = 0;
    int ofZone = 0;
    for (Admission other : inFlight.values()) {
      predicted += other.predicted() ? 1 : 0;
      failovers += other.act() == ActKind.FAILOVER ? 1 : 0;
      ofZone += String.valueOf(record.zone()).equals(other.zone()) ? 1 : 0;
    }
    within("pool/p1", inFlight.size());
    within("pool/p1/predicted", predicted);
    within("kind/failover", failovers);
    must(ofZone <= GuardPolicy.DEFAULTS.zoneActsInFlight(), "zone over its budget");
  }

  private void within(String budget, int used) {
    must(
        used <= Objects.requireNonNull(budgets.get(budget)),
        used + " acts in flight are over budget " + budget);
  }

  private void check(Guard by, GuardDecision decision) {
    String proposal = decision.proposal().id();
    must(!decision.guards().isEmpty(), "a decision without its guards");
    must(!decision.text().isEmpty(), "a decision without its reason");
    if (decision.outcome() == Outcome.ADMITTED || decision.outcome() == Outcome.ENDED) {
      foldLog();
      must(counted.contains(decision.admission()), "said without the log: " + decision);
    } else if (by == guard) {
      // what this guard has read, it does not contradict
      foldLog();
      Integer at = countedAt.get(proposal);
      must(
          at == null || at >= by.logRead,
          "the log admitted " + proposal + ", the guard says " + decision.outcome());
    }
    refused += decision.outcome() == Outcome.REFUSED ? 1 : 0;
    advised += decision.outcome() == Outcome.ADVISED ? 1 : 0;
    if (decision.code() == DecisionCode.UNIT_LOCKED) {
      must(decision.lockOwner() != null, "a lock without its owner");
    }
  }

  private static void must(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** Ends everything, lets a week pass; what is left is what must never be forgotten. */
  Set<String> endAll() {
    zombie = null;
    drain();
    for (Admission admission : List.copyOf(inFlight.values())) {
      inputs.add(new GuardInput.ActEnded(admission.id(), Admission.State.DONE, "Over."));
    }
    for (Incident incident : open.values()) {
      inputs.add(
          new GuardInput.IncidentChanged(
              incident(
                  incident.id(),
                  incident.revision() + 1,
                  Incident.State.RESOLVED,
                  incident.subject(),
                  false)));
    }
    drain();
    for (Admission admission : List.copyOf(inFlight.values())) {
      inputs.add(new GuardInput.ActEnded(admission.id(), Admission.State.DONE, "Over."));
    }
    drain();
    for (String unit : units.keySet()) {
      inputs.add(new GuardInput.UnitChanged(unit, "v", node(0), 99, List.of(), 2, 0));
    }
    for (int i = 0; i < 3; i++) {
      inputs.add(new GuardInput.ZoneChanged("fz" + i, List.of()));
    }
    for (int i = 0; i < nodes; i++) {
      inputs.add(new GuardInput.MemberLeft(node(i)));
    }
    drain();
    for (int i = 0; i < 200; i++) {
      now += 3_600_000;
      guard.wake();
      drain();
    }
    checkpoint();
    return guard.rows.keySet();
  }

  private void drain() {
    for (int i = 0; i < 3; i++) {
      while (guard.policiesRead < policyTopic.size()
          || guard.logRead < log.size()
          || guard.inputsRead < inputs.size()) {
        advance(guard);
      }
      now += 61_000;
      guard.wake();
    }
    foldLog();
  }

  long alarmMillis() {
    return arbiter.alarmMillis(guard.state);
  }

  long sequence() {
    return sequence;
  }
}
