package io.forestall.decisions.guard;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.FailureCorrelation;
import io.forestall.decisions.shadow.ShadowPlan;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the {@link PoolArbiter} remembers of one pool: rows, and indices over them that are built
 * anew after a restore. No question about one node looks at all nodes. For one thread.
 *
 * <p>Rows: {@code h} header; {@code m/KEY} member; {@code u/UNIT} unit; {@code z/ZONE} active
 * failure zone; {@code a/ID} admission in flight; {@code r/ID} act that ended; {@code e/ID} end
 * that came before its admission; {@code w/ARRIVAL} waiting proposal; {@code d/ID} proposal that
 * was decided; {@code i/ID} open incident; {@code s/UNIT} what a unit asks for of shadows; {@code
 * f/KEY} failures and risks of a node, and {@code c/all} what they taught of failures together.
 */
public final class GuardState implements DeciderState {

  /** Most proposals that wait at once; count. */
  static final int MAX_WAITING = 1_000;

  /** Most decided proposals that are remembered; count. */
  static final int MAX_DECIDED = 20_000;

  /** Most acts that ended and are remembered; count. */
  static final int MAX_PAST = 10_000;

  /** Most ends that came before their admission; count. */
  static final int MAX_EARLY_ENDS = 1_000;

  /** Most starts of guards that are remembered; count. */
  static final int MAX_INCARNATIONS = 32;

  /** How long a node is remembered of which only the risk is known; milliseconds. */
  static final long UNDESCRIBED_MILLIS = 2L * 3_600_000;

  /** How long an incident is remembered of which nothing is heard; milliseconds. */
  static final long TRACKED_MILLIS = 7L * 24 * 3_600_000;

  /** Versions of one model that are remembered, the newest; count. */
  static final int MAX_MODEL_VERSIONS = 16;

  private static final String HEADER = "h";

  /** Grew when models could be demoted. */
  private static final int HEADER_VERSION = 2;

  private static final String TALLIES = "c/all";

  /** What ends a row. */
  private static final byte[] GONE = new byte[0];

  private static final Comparator<Member> ROOMIEST =
      Comparator.comparingLong((Member m) -> m.freeBytes() == null ? -1L : m.freeBytes())
          .reversed()
          .thenComparing(m -> m.subject().toString());

  private final String pool;

  // kept in the header
  private long sequence;
  private long arrivals;
  private boolean storm;
  private long stormSinceMillis;
  private long stormHighMillis;
  private long newestSampleMillis;
  private long inputLagMillis;
  private final TreeMap<String, TreeMap<Integer, GuardInput.ModelPublished>> models =
      new TreeMap<>();
  private final ArrayDeque<String> incarnations = new ArrayDeque<>();

  // kept, one row each
  private final Map<Subject, Member> members = new HashMap<>();
  private final Map<String, GuardInput.UnitChanged> units = new HashMap<>();
  private final TreeMap<String, List<Subject>> zones = new TreeMap<>();
  private final TreeMap<String, Held> held = new TreeMap<>();
  private final TreeMap<String, Past> past = new TreeMap<>();
  private final TreeMap<String, EarlyEnd> earlyEnds = new TreeMap<>();
  private final TreeMap<Long, Waiting> waiting = new TreeMap<>();
  private final LinkedHashMap<String, Long> decided = new LinkedHashMap<>();
  private final TreeMap<String, Tracked> tracked = new TreeMap<>();
  private final Map<String, ShadowPlan.Standing> standings = new HashMap<>();
  private final FailureCorrelation correlation = new FailureCorrelation();

  // indices
  private final TreeMap<String, TreeSet<Member>> nodesByZone = new TreeMap<>();
  private final Map<String, Integer> racks = new TreeMap<>();
  private final Map<Subject, TreeSet<String>> unitsByOwner = new HashMap<>();
  private final Map<String, TreeSet<String>> unitsByVolume = new HashMap<>();
  private final Map<Subject, TreeSet<String>> unitsByHolder = new HashMap<>();
  private final TreeSet<String> unitsBuilding = new TreeSet<>();
  private final Map<String, TreeSet<String>> unitsByAsking = new HashMap<>();

  /** Groups of units that ask for the same, of which something changed in this turn. */
  private final TreeSet<String> changedAskings = new TreeSet<>();

  private final Map<Subject, Long> bytesByOwner = new HashMap<>();
  private final Map<Subject, TreeSet<String>> zonesByMember = new HashMap<>();
  private final Map<String, String> locks = new HashMap<>();
  private final Map<String, Long> waitingByProposal = new HashMap<>();
  private final Map<String, TreeSet<Long>> waitingByAct = new HashMap<>();
  private final Map<String, String> heldByProposal = new HashMap<>();
  private final Map<String, String> pastByProposal = new HashMap<>();
  private final Map<String, Integer> matters = new HashMap<>();
  private int nodes;
  private int nodesAtRisk;
  private final Set<String> dirty = new TreeSet<>();
  private boolean headerKept;

  /** What is due; not kept. */
  final Schedule schedule = new Schedule();

  // of this start only; not kept
  @Nullable String incarnation;
  long startedMillis;
  boolean announced;
  boolean startedRead;
  boolean ready;
  boolean superseded;
  PolicySet policies = PolicySet.EMPTY;

  /**
   * An end that was heard of before its admission was counted.
   *
   * @param heardMillis when
   */
  record EarlyEnd(String admission, Admission.State state, String text, long heardMillis) {}

  GuardState(String pool) {
    this.pool = pool;
  }

  /** The pool. */
  public String pool() {
    return pool;
  }

  // ------------------------------------------------------------------ members

  /** The node, or null when it is not known. */
  @Nullable Member member(Subject subject) {
    return members.get(subject);
  }

  /** Remembers a node as it is now. */
  void put(Member member) {
    remove(members.put(member.subject(), member));
    if (member.isDescribedNode()) {
      nodes++;
      nodesByZone.computeIfAbsent(member.zone(), zone -> new TreeSet<>(ROOMIEST)).add(member);
      racks.merge(member.rack(), 1, Integer::sum);
      nodesAtRisk += member.atRisk() ? 1 : 0;
    }
    GuardInput.RiskChanged risk = member.risk();
    // a risk that comes after its node has left must not stay
    schedule.at(
        "m/" + member.subject(),
        member.member() != null || risk == null
            ? Decider.NO_ALARM
            : risk.timeMillis() + UNDESCRIBED_MILLIS);
    dirty.add("m/" + member.subject());
  }

  /** Forgets a node. */
  void forget(Subject subject) {
    Member before = members.remove(subject);
    if (before != null) {
      remove(before);
      schedule.off("m/" + subject);
      dirty.add("m/" + subject);
    }
    if (correlation.trace(subject) != null) {
      correlation.forget(subject);
      dirty.add("f/" + subject);
    }
    if (nodes == 0 && !correlation.tallies().isEmpty()) {
      correlation.forgetTallies();
      dirty.add(TALLIES);
    }
  }

  private void remove(@Nullable Member before) {
    if (before != null && before.isDescribedNode()) {
      nodes--;
      TreeSet<Member> zone = nodesByZone.get(before.zone());
      if (zone != null) {
        zone.remove(before);
        if (zone.isEmpty()) {
          nodesByZone.remove(before.zone());
        }
      }
      racks.computeIfPresent(before.rack(), (rack, count) -> count == 1 ? null : count - 1);
      nodesAtRisk -= before.atRisk() ? 1 : 0;
    }
  }

  /** Described nodes; count. */
  int nodes() {
    return nodes;
  }

  /** Described nodes at WARNING or worse; count. */
  int nodesAtRisk() {
    return nodesAtRisk;
  }

  /** Nodes of each failure domain by free space, the roomiest first. */
  NavigableMap<String, TreeSet<Member>> nodesByZone() {
    return nodesByZone;
  }

  /** The described nodes of the pool, in no order. */
  List<Member> describedNodes() {
    return members.values().stream().filter(Member::isDescribedNode).toList();
  }

  /** How the failures of the pool's nodes hang together. */
  FailureCorrelation correlation() {
    return correlation;
  }

  /** Learns from the risk of a described node. */
  void learnRisk(Subject node, long timeMillis, double probability) {
    if (correlation.risk(node, timeMillis, probability)) {
      dirty.add("f/" + node);
    }
  }

  /** Learns from the failure of a described node. */
  void learnFailure(Member failed, long timeMillis) {
    List<FailureCorrelation.Peer> others = new ArrayList<>();
    for (Member each : describedNodes()) {
      others.add(each.peer());
    }
    if (correlation.failed(failed.peer(), timeMillis, others)) {
      dirty.add("f/" + failed.subject());
      dirty.add(TALLIES);
    }
  }

  /** Racks with nodes; count. */
  int racks() {
    return racks.size();
  }

  // -------------------------------------------------------------------- units

  /** The unit, or null when it is not known. */
  GuardInput.@Nullable UnitChanged unit(String unit) {
    return units.get(unit);
  }

  /** Remembers where a unit is. */
  void put(GuardInput.UnitChanged unit) {
    forgetUnit(unit.unit());
    units.put(unit.unit(), unit);
    unitsByOwner.computeIfAbsent(unit.owner(), owner -> new TreeSet<>()).add(unit.unit());
    bytesByOwner.merge(unit.owner(), unit.bytes(), Long::sum);
    unitsByVolume.computeIfAbsent(unit.volume(), volume -> new TreeSet<>()).add(unit.unit());
    for (Subject holder : unit.holders()) {
      unitsByHolder.computeIfAbsent(holder, key -> new TreeSet<>()).add(unit.unit());
    }
    if (unit.shadowsInSync().size() < unit.shadows().size()) {
      unitsBuilding.add(unit.unit());
    }
    dirty.add("u/" + unit.unit());
  }

  /** Forgets a unit. */
  void forgetUnit(String unit) {
    GuardInput.UnitChanged before = units.remove(unit);
    if (before != null) {
      drop(unitsByOwner, before.owner(), unit);
      drop(unitsByVolume, before.volume(), unit);
      for (Subject holder : before.holders()) {
        drop(unitsByHolder, holder, unit);
      }
      unitsBuilding.remove(unit);
      if (unitsByOwner.containsKey(before.owner())) {
        bytesByOwner.merge(before.owner(), -before.bytes(), Long::sum);
      } else {
        bytesByOwner.remove(before.owner());
      }
      dirty.add("u/" + unit);
    }
  }

  /** Units of an owner, in order. */
  NavigableSet<String> unitsOf(Subject owner) {
    return unitsByOwner.getOrDefault(owner, new TreeSet<>());
  }

  /** Bytes of all units of an owner; bytes. */
  long bytesOf(Subject owner) {
    return bytesByOwner.getOrDefault(owner, 0L);
  }

  /** Units of a volume, in order. */
  NavigableSet<String> unitsOfVolume(String volume) {
    return unitsByVolume.getOrDefault(volume, new TreeSet<>());
  }

  /** Units of which a node holds something, in order. */
  NavigableSet<String> unitsHeldBy(Subject node) {
    return unitsByHolder.getOrDefault(node, new TreeSet<>());
  }

  /** Units with a shadow that is not in sync, in order. */
  NavigableSet<String> unitsBuilding() {
    return unitsBuilding;
  }

  /** All units, in no order. */
  Collection<String> unitNames() {
    return units.keySet();
  }

  // ------------------------------------------------------------------ shadows

  /** What a unit asks for. */
  ShadowPlan.Standing standing(String unit) {
    return standings.getOrDefault(unit, ShadowPlan.Standing.NOTHING);
  }

  /** Remembers what a unit asks for. */
  void put(String unit, ShadowPlan.Standing after, long dueMillis) {
    ShadowPlan.Standing before = standing(unit);
    if (!after.equals(before)) {
      for (String group : askings(before)) {
        drop(unitsByAsking, group, unit);
        changedAskings.add(group);
      }
      for (String group : askings(after)) {
        unitsByAsking.computeIfAbsent(group, key -> new TreeSet<>()).add(unit);
        changedAskings.add(group);
      }
      if (after.isNothing()) {
        standings.remove(unit);
      } else {
        standings.put(unit, after);
      }
      dirty.add("s/" + unit);
    }
    schedule.at("s/" + unit, after.isNothing() ? Decider.NO_ALARM : dueMillis);
  }

  /** Units of a group that asks for the same, in order. */
  NavigableSet<String> unitsAsking(String group) {
    return unitsByAsking.getOrDefault(group, new TreeSet<>());
  }

  /** Something changed for the groups that a unit belongs to. */
  void askingChanged(String unit) {
    changedAskings.addAll(askings(standing(unit)));
  }

  /** Something changed for all groups: there may be room for what waits. */
  void allAskingsChanged() {
    changedAskings.addAll(unitsByAsking.keySet());
  }

  /** The groups of which something changed since this was asked last, in order. */
  List<String> takeChangedAskings() {
    if (changedAskings.isEmpty()) {
      return List.of();
    }
    List<String> taken = List.copyOf(changedAskings);
    changedAskings.clear();
    return taken;
  }

  private static List<String> askings(ShadowPlan.Standing standing) {
    List<String> groups = new ArrayList<>(2);
    ShadowPlan.Why why = standing.why();
    Subject worry = standing.worry();
    if (why != null && worry != null) {
      groups.add(ShadowNeeds.group(why, worry));
    }
    Subject spare = standing.spare();
    if (spare != null) {
      groups.add(ShadowNeeds.spareGroup(spare));
    }
    return groups;
  }

  // -------------------------------------------------------------------- zones

  /** Sets the members of an active failure zone; an empty list ends it. */
  void zone(String zone, List<Subject> membersOfIt) {
    List<Subject> before = zones.remove(zone);
    if (before != null) {
      for (Subject member : before) {
        drop(zonesByMember, member, zone);
      }
    }
    if (!membersOfIt.isEmpty()) {
      zones.put(zone, membersOfIt);
      for (Subject member : membersOfIt) {
        zonesByMember.computeIfAbsent(member, key -> new TreeSet<>()).add(zone);
      }
    }
    if (before != null || !membersOfIt.isEmpty()) {
      dirty.add("z/" + zone);
    }
  }

  /** The active failure zone that a thing is in, null when it is in none. */
  @Nullable String activeZoneOf(Subject member) {
    TreeSet<String> in = zonesByMember.get(member);
    return in == null || in.isEmpty() ? null : in.first();
  }

  private static <K> void drop(Map<K, TreeSet<String>> index, K key, String value) {
    TreeSet<String> values = index.get(key);
    if (values != null) {
      values.remove(value);
      if (values.isEmpty()) {
        index.remove(key);
      }
    }
  }

  // --------------------------------------------------------------- admissions

  /** Number of the newest admission that counted; 0 before the first. */
  long sequence() {
    return sequence;
  }

  void sequence(long newest) {
    sequence = newest;
    dirty.add(HEADER);
  }

  /** Admissions in flight, in the order of their identifiers. */
  Collection<Held> held() {
    return held.values();
  }

  @Nullable Held held(String admission) {
    return held.get(admission);
  }

  @Nullable Held heldForProposal(String proposal) {
    String id = heldByProposal.get(proposal);
    return id == null ? null : held.get(id);
  }

  /** The admission that is on its way to the log, null when none is. */
  @Nullable Held onItsWay() {
    for (Held one : held.values()) {
      if (!one.counted()) {
        return one;
      }
    }
    return null;
  }

  /** Takes its locks and budget, or changes what is remembered of it. */
  void put(Held admission) {
    Held before = held.put(admission.id(), admission);
    if (before == null) {
      for (String key : admission.locks()) {
        locks.putIfAbsent(key, admission.id());
      }
      heldByProposal.put(admission.admission().proposal(), admission.id());
      matter(admission.admission(), 1);
    }
    schedule.at(
        "a/" + admission.id(),
        admission.resendMillis() == 0 ? Decider.NO_ALARM : admission.resendMillis());
    dirty.add("a/" + admission.id());
  }

  /** Gives its locks and budget back. */
  void release(Held admission) {
    if (held.remove(admission.id()) != null) {
      for (String key : admission.locks()) {
        locks.remove(key, admission.id());
      }
      // two may share a key only when a foreign guard erred: the other then keeps it
      for (Held other : held.values()) {
        for (String key : other.locks()) {
          locks.putIfAbsent(key, other.id());
        }
      }
      heldByProposal.remove(admission.admission().proposal(), admission.id());
      matter(admission.admission(), -1);
      schedule.off("a/" + admission.id());
      dirty.add("a/" + admission.id());
    }
  }

  /** The admission that locks a key, null when none does. */
  @Nullable String lockOwner(String key) {
    return locks.get(key);
  }

  /** Locked keys with their admission, in no order. */
  Map<String, String> locks() {
    return locks;
  }

  private void matter(Admission admission, int change) {
    String matter = admission.parameters().get(Proposer.MATTER);
    if (matter != null) {
      matters.merge(matter, change, (left, right) -> left + right == 0 ? null : left + right);
    }
  }

  /** True when an act was admitted for exactly this state of an incident. */
  boolean actedOn(String matter) {
    return matters.containsKey(matter);
  }

  // --------------------------------------------------------------------- past

  /** Acts that ended, in the order of their identifiers. */
  Collection<Past> past() {
    return past.values();
  }

  @Nullable Past past(String admission) {
    return past.get(admission);
  }

  @Nullable Past pastForProposal(String proposal) {
    String id = pastByProposal.get(proposal);
    return id == null ? null : past.get(id);
  }

  /** Remembers an act that ended until this time. */
  void put(Past act, long untilMillis) {
    if (past.put(act.id(), act) == null && !act.matter().isEmpty()) {
      matters.merge(act.matter(), 1, Integer::sum);
    }
    pastByProposal.put(act.proposal(), act.id());
    schedule.at("r/" + act.id(), untilMillis);
    dirty.add("r/" + act.id());
  }

  void forgetPast(String admission) {
    Past before = past.remove(admission);
    if (before != null) {
      if (!before.matter().isEmpty()) {
        matters.merge(before.matter(), -1, (a, b) -> a + b == 0 ? null : a + b);
      }
      pastByProposal.remove(before.proposal(), admission);
      schedule.off("r/" + admission);
      dirty.add("r/" + admission);
    }
  }

  @Nullable EarlyEnd earlyEnd(String admission) {
    return earlyEnds.get(admission);
  }

  /** Keeps an end that came before its admission; the oldest goes when there are too many. */
  void put(EarlyEnd end, long untilMillis) {
    if (earlyEnds.size() >= MAX_EARLY_ENDS && !earlyEnds.containsKey(end.admission())) {
      EarlyEnd oldest = end;
      for (EarlyEnd other : earlyEnds.values()) {
        oldest = other.heardMillis() < oldest.heardMillis() ? other : oldest;
      }
      if (oldest.equals(end)) {
        return;
      }
      forgetEarlyEnd(oldest.admission());
    }
    earlyEnds.put(end.admission(), end);
    schedule.at("e/" + end.admission(), untilMillis);
    dirty.add("e/" + end.admission());
  }

  void forgetEarlyEnd(String admission) {
    if (earlyEnds.remove(admission) != null) {
      schedule.off("e/" + admission);
      dirty.add("e/" + admission);
    }
  }

  // ------------------------------------------------------------------ waiting

  /** Waiting proposals, in the order of their arrival. */
  Collection<Waiting> waiting() {
    return waiting.values();
  }

  @Nullable Waiting waiting(String proposal) {
    Long arrival = waitingByProposal.get(proposal);
    return arrival == null ? null : waiting.get(arrival);
  }

  @Nullable Waiting waitingAt(long arrival) {
    return waiting.get(arrival);
  }

  /** The number of the next arrival. */
  long nextArrival() {
    dirty.add(HEADER);
    return arrivals++;
  }

  void put(Waiting proposal) {
    waitingByAct
        .computeIfAbsent(actKey(proposal.proposal()), key -> new TreeSet<>())
        .add(proposal.arrival());
    waiting.put(proposal.arrival(), proposal);
    waitingByProposal.put(proposal.proposal().id(), proposal.arrival());
    schedule.at("w/" + proposal.arrival(), proposal.askAgainMillis());
    dirty.add("w/" + proposal.arrival());
  }

  void forget(Waiting proposal) {
    if (waiting.remove(proposal.arrival()) != null) {
      waitingByProposal.remove(proposal.proposal().id(), proposal.arrival());
      String key = actKey(proposal.proposal());
      TreeSet<Long> same = waitingByAct.get(key);
      if (same != null && same.remove(proposal.arrival()) && same.isEmpty()) {
        waitingByAct.remove(key);
      }
      schedule.off("w/" + proposal.arrival());
      dirty.add("w/" + proposal.arrival());
    }
  }

  private static String actKey(Proposal proposal) {
    return proposal.act() + " " + proposal.subject() + " " + proposal.lane();
  }

  /** Another proposal of the same act, subject and lane of which it was said that it waits. */
  @Nullable Waiting waitingFor(Proposal proposal) {
    for (Long arrival : waitingByAct.getOrDefault(actKey(proposal), new TreeSet<>())) {
      Waiting other = waiting.get(arrival);
      if (other != null
          && other.reason() != Waiting.Reason.TURN
          && !other.proposal().id().equals(proposal.id())) {
        return other;
      }
    }
    return null;
  }

  /** True when the proposal was decided a short time ago. */
  boolean isDecided(String proposal) {
    return decided.containsKey(proposal);
  }

  /** Remembers that a proposal was decided until this time; the oldest goes when there are many. */
  void decided(String proposal, long untilMillis) {
    if (decided.size() >= MAX_DECIDED && !decided.containsKey(proposal)) {
      forgetDecided(decided.keySet().iterator().next());
    }
    decided.put(proposal, untilMillis);
    schedule.at("d/" + proposal, untilMillis);
    dirty.add("d/" + proposal);
  }

  void forgetDecided(String proposal) {
    if (decided.remove(proposal) != null) {
      schedule.off("d/" + proposal);
      dirty.add("d/" + proposal);
    }
  }

  // ---------------------------------------------------------------- incidents

  @Nullable Tracked tracked(String incident) {
    return tracked.get(incident);
  }

  /** Open incidents, in the order of their identifiers. */
  Collection<Tracked> tracked() {
    return tracked.values();
  }

  void put(Tracked incident) {
    tracked.put(incident.id(), incident);
    schedule.at("i/" + incident.id(), incident.again() == 0 ? Decider.NO_ALARM : incident.again());
    // the lag is from its newest record's time to when that came
    schedule.at(
        "t/" + incident.id(), incident.updatedMillis() + incident.lagMillis() + TRACKED_MILLIS);
    dirty.add("i/" + incident.id());
  }

  void forgetTracked(String incident) {
    if (tracked.remove(incident) != null) {
      schedule.off("i/" + incident);
      schedule.off("t/" + incident);
      dirty.add("i/" + incident);
    }
  }

  // ------------------------------------------------------------------- header

  boolean storm() {
    return storm;
  }

  long stormSinceMillis() {
    return stormSinceMillis;
  }

  long stormHighMillis() {
    return stormHighMillis;
  }

  void storm(boolean on, long sinceMillis, long highMillis) {
    if (on != storm || sinceMillis != stormSinceMillis || highMillis != stormHighMillis) {
      storm = on;
      stormSinceMillis = sinceMillis;
      stormHighMillis = highMillis;
      dirty.add(HEADER);
    }
  }

  /** Event time of the newest risk of the pool; 0 before the first. */
  long newestSampleMillis() {
    return newestSampleMillis;
  }

  /** How far the newest input was behind when it came; milliseconds. */
  long inputLagMillis() {
    return inputLagMillis;
  }

  void inputLag(long millis) {
    inputLagMillis = Math.max(0, millis);
    dirty.add(HEADER);
  }

  void sampled(long timeMillis) {
    if (timeMillis > newestSampleMillis) {
      newestSampleMillis = timeMillis;
      dirty.add(HEADER);
    }
  }

  /**
   * What was published of a version of a model, null when nothing was. Of one that is older than
   * the {@value #MAX_MODEL_VERSIONS} versions that are remembered the oldest of these stands for
   * it: it is at least as old. The newest stands for a version that nobody named.
   */
  GuardInput.@Nullable ModelPublished model(String model, @Nullable Integer version) {
    TreeMap<Integer, GuardInput.ModelPublished> versions = models.get(model);
    if (versions == null || versions.isEmpty()) {
      return null;
    }
    if (version == null) {
      return versions.lastEntry().getValue();
    }
    return versions.size() >= MAX_MODEL_VERSIONS && version < versions.firstKey()
        ? versions.firstEntry().getValue()
        : versions.get(version);
  }

  void model(GuardInput.ModelPublished published) {
    TreeMap<Integer, GuardInput.ModelPublished> versions =
        models.computeIfAbsent(published.model(), name -> new TreeMap<>());
    versions.put(published.version(), published);
    if (versions.size() > MAX_MODEL_VERSIONS) {
      versions.pollFirstEntry();
    }
    dirty.add(HEADER);
  }

  /**
   * Remembers that a guard of this incarnation once started.
   *
   * @return true when that was known
   */
  boolean knewIncarnation(String started) {
    if (incarnations.contains(started)) {
      return true;
    }
    incarnations.addLast(started);
    if (incarnations.size() > MAX_INCARNATIONS) {
      incarnations.removeFirst();
    }
    dirty.add(HEADER);
    return false;
  }

  // --------------------------------------------------------------------- rows

  boolean hasRows() {
    return !(members.isEmpty()
        && units.isEmpty()
        && zones.isEmpty()
        && held.isEmpty()
        && past.isEmpty()
        && earlyEnds.isEmpty()
        && waiting.isEmpty()
        && decided.isEmpty()
        && tracked.isEmpty()
        && standings.isEmpty());
  }

  /**
   * The header outlives everything else only while it must: the number of the newest admission of a
   * pool is never forgotten, and a storm not before it is over.
   */
  private boolean needsHeader() {
    return hasRows() || sequence > 0 || storm;
  }

  @Override
  public boolean isEmpty() {
    // what has started and not read its marks back yet is told only once that it has started
    boolean starting = incarnation != null && !ready && !superseded && !pool.isEmpty();
    return !needsHeader() && !starting;
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    if (needsHeader() != headerKept) {
      dirty.add(HEADER);
    }
    Map<String, byte[]> changes = new LinkedHashMap<>();
    for (String row : dirty) {
      if (row.equals(HEADER) && !needsHeader() && !headerKept) {
        continue;
      }
      byte[] body = bytesOf(row);
      changes.put(row, body);
    }
    dirty.clear();
    if (changes.containsKey(HEADER)) {
      headerKept = needsHeader();
    }
    return changes;
  }

  private byte[] bytesOf(String row) {
    if (row.equals(HEADER)) {
      return needsHeader() ? header() : GONE;
    }
    String id = row.substring(2);
    return switch (row.charAt(0)) {
      case 'm' -> {
        Member member = members.get(Subject.parse(id));
        yield member == null ? GONE : member.toBytes();
      }
      case 'u' -> {
        GuardInput.UnitChanged unit = units.get(id);
        if (unit == null) {
          yield GONE;
        }
        RowWriter out = new RowWriter(GuardRows.UNIT_VERSION);
        GuardRows.unit(out, unit);
        yield out.toBytes();
      }
      case 'z' -> {
        List<Subject> zone = zones.get(id);
        yield zone == null
            ? GONE
            : new RowWriter(GuardRows.VERSION).list(zone, RowWriter::thing).toBytes();
      }
      case 'a' -> {
        Held admission = held.get(id);
        yield admission == null ? GONE : admission.toBytes();
      }
      case 'r' -> {
        Past act = past.get(id);
        yield act == null ? GONE : act.toBytes();
      }
      case 'e' -> {
        EarlyEnd end = earlyEnds.get(id);
        yield end == null
            ? GONE
            : new RowWriter(GuardRows.VERSION)
                .text(end.state().name())
                .text(end.text())
                .longs(end.heardMillis())
                .toBytes();
      }
      case 'w' -> {
        Waiting proposal = waiting.get(Long.valueOf(id));
        yield proposal == null ? GONE : proposal.toBytes();
      }
      case 'd' -> {
        Long until = decided.get(id);
        yield until == null ? GONE : new RowWriter(GuardRows.VERSION).longs(until).toBytes();
      }
      case 'i' -> {
        Tracked incident = tracked.get(id);
        yield incident == null ? GONE : incident.toBytes();
      }
      case 's' -> {
        ShadowPlan.Standing standing = standings.get(id);
        if (standing == null) {
          yield GONE;
        }
        RowWriter out = new RowWriter(GuardRows.VERSION);
        GuardRows.standing(out, standing);
        yield out.toBytes();
      }
      case 'f' -> {
        FailureCorrelation.Trace trace = correlation.trace(Subject.parse(id));
        if (trace == null) {
          yield GONE;
        }
        RowWriter out = new RowWriter(GuardRows.VERSION);
        GuardRows.trace(out, trace);
        yield out.toBytes();
      }
      case 'c' ->
          correlation.tallies().isEmpty()
              ? GONE
              : new RowWriter(GuardRows.VERSION)
                  .list(
                      correlation.tallies().entrySet(),
                      (out, each) ->
                          out.text(each.getKey())
                              .doubles(each.getValue().exposed())
                              .doubles(each.getValue().together()))
                  .toBytes();
      default -> throw new IllegalStateException("no row is named " + row);
    };
  }

  private byte[] header() {
    RowWriter out = new RowWriter(HEADER_VERSION).longs(sequence).longs(arrivals);
    List<GuardInput.ModelPublished> published = new ArrayList<>();
    models.values().forEach(versions -> published.addAll(versions.values()));
    out.flag(storm).longs(stormSinceMillis).longs(stormHighMillis).longs(newestSampleMillis);
    out.list(
        published,
        (row, model) ->
            row.text(model.model()).ints(model.version()).longs(model.publishedMillis()));
    out.longs(inputLagMillis);
    out.list(incarnations, RowWriter::text);
    published.removeIf(model -> model.demoted() == null);
    return out.list(
            published,
            (row, model) -> row.text(model.model()).ints(model.version()).text(model.demoted()))
        .toBytes();
  }

  @Override
  public void restore(String row, byte[] body) {
    RowReader.read(
        row,
        body,
        in -> {
          restore(row, in);
          return row;
        });
    dirty.clear();
  }

  private void restore(String row, RowReader in) {
    if (row.equals(HEADER)) {
      restoreHeader(in);
      return;
    }
    if (row.length() < 3 || row.charAt(1) != '/') {
      throw new IllegalArgumentException("no row has this name");
    }
    String id = row.substring(2);
    switch (row.charAt(0)) {
      case 'm' -> put(Member.of(in));
      case 'u' -> put(GuardRows.unit(in));
      case 'z' -> zone(id, in.list(RowReader::subject));
      case 'a' -> put(Held.of(in));
      case 'r' -> {
        Past act = Past.of(in);
        put(act, act.endedMillis() + PoolArbiter.PAST_MILLIS);
      }
      case 'e' -> {
        EarlyEnd end = new EarlyEnd(id, Admission.State.valueOf(in.text()), in.text(), in.longs());
        put(end, end.heardMillis() + PoolArbiter.PAST_MILLIS);
      }
      case 'w' -> put(Waiting.of(in));
      case 'd' -> decided(id, in.longs());
      case 'i' -> put(Tracked.of(in));
      case 's' -> put(id, GuardRows.standing(in), Decider.NO_ALARM);
      case 'f' -> correlation.put(Subject.parse(id), GuardRows.trace(in));
      case 'c' ->
          in.list(
              each -> {
                correlation.put(
                    each.text(), new FailureCorrelation.Tally(each.doubles(), each.doubles()));
                return each;
              });
      default -> throw new IllegalArgumentException("no row has this name");
    }
  }

  private void restoreHeader(RowReader in) {
    sequence = in.longs();
    arrivals = in.longs();
    storm = in.flag();
    stormSinceMillis = in.longs();
    stormHighMillis = in.longs();
    newestSampleMillis = in.longs();
    for (GuardInput.ModelPublished model :
        in.list(each -> new GuardInput.ModelPublished(each.text(), each.ints(), each.longs()))) {
      model(model);
    }
    inputLagMillis = in.longs();
    incarnations.addAll(in.list(RowReader::text));
    if (in.version() >= HEADER_VERSION) {
      in.list(
          each -> {
            String model = each.text();
            int version = each.ints();
            String demoted = each.nullableText();
            GuardInput.ModelPublished known = model(model, version);
            if (known != null && known.version() == version) {
              model(
                  new GuardInput.ModelPublished(model, version, known.publishedMillis(), demoted));
            }
            return model;
          });
    }
    headerKept = true;
  }
}
