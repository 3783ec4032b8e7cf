package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One pool with its logs, for tests: what the arbiter says to a log is read back when asked. */
final class TestingPool {

  static final String POOL = "p1";
  static final long START = 1_700_000_000_000L;

  final PoolArbiter arbiter;
  GuardState state;
  long now = START;
  final List<Admission> log = new ArrayList<>();
  int logRead;
  final Map<String, PolicyRecord> policies = new TreeMap<>();
  final Set<String> synced = new LinkedHashSet<>();
  long policyVersion;
  final List<GuardOutput> said = new ArrayList<>();
  final Map<String, byte[]> rows = new LinkedHashMap<>();
  boolean readsBack = true;

  TestingPool() {
    this(new PoolArbiter());
  }

  TestingPool(PoolArbiter arbiter) {
    this.arbiter = arbiter;
    this.state = arbiter.empty(POOL);
  }

  /** A started pool of nodes in two racks for each of the zones, healthy and roomy. */
  static TestingPool started(int nodes, int zones) {
    TestingPool pool = new TestingPool();
    pool.start("g1");
    pool.fleet(nodes, zones);
    return pool;
  }

  TestingPool fleet(int nodes, int zones) {
    for (int i = 0; i < nodes; i++) {
      member(i, zones);
      risk(node(i), Tier.HEALTHY, 0.001, 0);
    }
    return this;
  }

  void member(int i, int zones) {
    int zone = i % zones;
    int rack = zone * 2 + (i / zones) % 2;
    Place place = new Place("n" + i, "r" + rack, "z" + zone, "eu", POOL);
    give(
        new GuardInput.MemberChanged(
            new FleetMember(node(i), place, "", null, 100L << 30, false), (60L + i % 7) << 30));
  }

  /** The node declares another level of the contract. */
  void level(int i, int level) {
    Member known = state.member(node(i));
    if (known == null || known.member() == null) {
      throw new IllegalStateException("no node " + i);
    }
    give(new GuardInput.MemberChanged(known.member(), known.freeBytes(), level));
  }

  void risk(Subject node, Tier tier, double probability, long ageMillis) {
    give(
        new GuardInput.RiskChanged(
            node,
            tier,
            100 * probability,
            probability,
            3_600_000,
            0.9,
            false,
            now - ageMillis,
            "lstm-disk",
            3));
  }

  void unit(String unit, int epoch, int... copies) {
    List<Subject> nodes = new ArrayList<>();
    for (int copy : copies) {
      nodes.add(node(copy));
    }
    give(new GuardInput.UnitChanged(unit, "v1", nodes.get(0), epoch, nodes, 2, 1L << 30));
  }

  /** A unit of one GiB with shadows: what is not in sync stands in both lists. */
  void unit(
      String unit,
      int epoch,
      List<Integer> copies,
      int minReplicas,
      List<Integer> shadows,
      List<Integer> others,
      boolean otherRegion) {
    give(
        new GuardInput.UnitChanged(
            unit,
            "v1",
            node(copies.get(0)),
            epoch,
            nodes(copies),
            minReplicas,
            1L << 30,
            nodes(shadows),
            nodes(others),
            otherRegion));
  }

  private static List<Subject> nodes(List<Integer> numbers) {
    return numbers.stream().map(TestingPool::node).toList();
  }

  /** Every node is heard of again each minute, as it was, while time passes. */
  void passHeard(long millis) {
    for (long passed = 0; passed < millis; passed += 60_000) {
      pass(Math.min(60_000, millis - passed));
      for (Member member : state.describedNodes()) {
        GuardInput.RiskChanged risk = member.risk();
        if (risk != null && !risk.stale()) {
          give(
              new GuardInput.RiskChanged(
                  risk.entity(),
                  risk.tier(),
                  risk.score(),
                  risk.probability(),
                  risk.horizonMillis(),
                  risk.confidence(),
                  false,
                  now,
                  risk.model(),
                  risk.modelVersion()));
        }
      }
    }
  }

  static Subject node(int i) {
    return Subject.node("n" + i);
  }

  void start(String incarnation) {
    give(new GuardInput.PoliciesChanged(set()));
    give(new GuardInput.Started(incarnation));
    settle();
  }

  void give(GuardInput input) {
    arbiter.decide(state, input, now, this::hear);
    if (readsBack) {
      settle();
    }
  }

  /** Lets time pass, waking whenever something is due. */
  void pass(long millis) {
    long end = now + millis;
    while (arbiter.alarmMillis(state) <= end) {
      now = Math.max(now, arbiter.alarmMillis(state));
      arbiter.wake(state, now, this::hear);
      if (readsBack) {
        settle();
      }
    }
    now = end;
  }

  private void hear(GuardOutput output) {
    said.add(output);
    if (output instanceof GuardOutput.Logged logged) {
      log.add(logged.admission());
    } else if (output instanceof GuardOutput.Synced sync) {
      synced.add(sync.incarnation());
      pendingSync = true;
    }
  }

  private boolean pendingSync;

  /** Reads everything back. */
  void settle() {
    while (logRead < log.size() || pendingSync) {
      if (pendingSync) {
        pendingSync = false;
        arbiter.decide(state, new GuardInput.PoliciesChanged(set()), now, this::hear);
      } else {
        arbiter.decide(state, new GuardInput.AdmissionRead(log.get(logRead++)), now, this::hear);
      }
    }
  }

  PolicySet set() {
    return PolicySet.of(policies.values(), synced, ++policyVersion);
  }

  void policy(PolicyRecord record) {
    policies.put(record.key(), record);
    give(new GuardInput.PoliciesChanged(set()));
  }

  void drop(PolicyRecord record) {
    policies.remove(record.key());
    give(new GuardInput.PoliciesChanged(set()));
  }

  PolicyRecord word(
      PolicyRecord.Kind kind,
      String scope,
      ActKind act,
      @Nullable String proposal,
      @Nullable Long lastsMillis,
      String... parameters) {
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < parameters.length; i += 2) {
      map.put(parameters[i], parameters[i + 1]);
    }
    String id = kind + "-" + scope + "-" + act + "-" + proposal + map.hashCode();
    return new PolicyRecord(
        scope + "/" + kind + "/" + id,
        id,
        kind,
        1,
        true,
        scope,
        scope.equals("all") ? null : Subject.parse(scope),
        act,
        proposal,
        "ann",
        "because of the test",
        now,
        now,
        lastsMillis == null ? null : now + lastsMillis,
        map,
        "");
  }

  void act() {
    policy(word(PolicyRecord.Kind.MODE, "all", ActKind.UNKNOWN, null, null, "mode", "act"));
  }

  Incident incident(
      String id,
      int revision,
      Subject subject,
      boolean predicted,
      long horizonMillis,
      ActKind act) {
    return incident(id, revision, subject, predicted, horizonMillis, act, List.of(subject));
  }

  Incident incident(
      String id,
      int revision,
      Subject subject,
      boolean predicted,
      long horizonMillis,
      ActKind act,
      List<Subject> affected) {
    return new Incident(
        id,
        revision,
        revision == 1 ? Incident.State.OPENED : Incident.State.UPDATED,
        Severity.CRITICAL,
        subject + " is failing.",
        subject,
        POOL,
        predicted,
        0.9,
        horizonMillis,
        act,
        null,
        "rule-1",
        1,
        subject.toString(),
        List.of(),
        affected,
        List.of(),
        1,
        now - 1_000,
        now - 1_000,
        null,
        null,
        Map.of());
  }

  /** A real failover of one unit that other deciders could propose. */
  Proposal proposal(
      String id, ActKind act, Subject source, @Nullable Subject target, String... units) {
    List<Proposal.UnitStep> steps = new ArrayList<>();
    for (String unit : units) {
      GuardInput.UnitChanged known = state.unit(unit);
      long epoch = known == null ? 1 : known.epoch();
      steps.add(new Proposal.UnitStep(unit, epoch, epoch + 1));
    }
    return new Proposal(
        id,
        act,
        source,
        POOL,
        null,
        steps,
        source,
        target,
        List.of(),
        "test",
        "The test asks for it.",
        List.of(),
        null,
        null,
        null,
        null,
        null,
        1,
        0,
        1,
        0,
        0,
        0,
        now,
        now + 3_600_000,
        Proposal.LIVE,
        Map.of());
  }

  List<GuardDecision> decisions() {
    List<GuardDecision> decisions = new ArrayList<>();
    for (GuardOutput output : said) {
      if (output instanceof GuardOutput.Decided decided) {
        decisions.add(decided.decision());
      }
    }
    return decisions;
  }

  List<Proposal> made() {
    List<Proposal> made = new ArrayList<>();
    for (GuardOutput output : said) {
      if (output instanceof GuardOutput.Made one) {
        made.add(one.proposal());
      }
    }
    return made;
  }

  /** Keeps the changed rows, as a carrier does. */
  Map<String, byte[]> checkpoint() {
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
    return new LinkedHashMap<>(rows);
  }

  /** Goes back to rows, reading the log again from where it stood then. */
  void restore(Map<String, byte[]> from, int logReadThen, String incarnation) {
    state = arbiter.empty(POOL);
    from.forEach(state::restore);
    rows.clear();
    rows.putAll(from);
    logRead = logReadThen;
    give(new GuardInput.PoliciesChanged(set()));
    give(new GuardInput.Started(incarnation));
  }
}
