package io.forestall.decisions.failover;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A pool with its logs, its nodes and a guard that only writes what it is told, for tests of the
 * saga. Nodes obey as the contract says; what is slow, lost or dead is set by the test.
 */
final class TestingFailover {

  static final String POOL = "p1";
  static final long START = 1_700_000_000_000L;

  /** One node. */
  static final class Node {
    final Subject subject;
    boolean alive = true;
    boolean obeys = true;
    boolean appends = true;
    boolean serves = true;
    boolean tells = false;
    long incarnation = 1;
    final Map<String, CommandAck> done = new HashMap<>();
    final Set<String> cancelled = new HashSet<>();
    final Set<String> appended = new HashSet<>();
    final Map<String, Command> waiting = new LinkedHashMap<>();
    final Set<String> lacks = new HashSet<>();
    final Map<String, Double> values = new TreeMap<>();

    /** Units whose shadow it let go, and that it has not in sync again. */
    final Set<String> letGo = new HashSet<>();

    CommandAck.@Nullable Code refusesWith;
    Command.@Nullable Kind refuses;

    Node(Subject subject) {
      this.subject = subject;
    }
  }

  final SagaDecider decider;
  final SagaPolicy policy;
  SagaState state;
  long now = START;
  final Map<Subject, Node> nodes = new TreeMap<>(SagaState.BY_NAME);
  final List<Admission> admissions = new ArrayList<>();
  final List<OwnershipEntry> ownership = new ArrayList<>();
  final List<CommandAck> acks = new ArrayList<>();
  final List<MapSlice> maps = new ArrayList<>();
  int admissionsRead;
  int ownershipRead;
  int acksRead;
  int mapsRead;
  final OwnershipFold truth = new OwnershipFold();
  final List<SagaOutput> said = new ArrayList<>();
  final List<Command> commands = new ArrayList<>();
  final List<SagaOutput.Ended> ends = new ArrayList<>();
  final Map<String, byte[]> rows = new LinkedHashMap<>();
  boolean guardAnswers = true;
  boolean delivers = true;
  boolean mapsReadBack = true;
  boolean mapsComeLast = false;

  TestingFailover(SagaPolicy policy) {
    this.policy = policy;
    this.decider = new SagaDecider(policy);
    this.state = decider.empty(POOL);
  }

  /** Nodes n0.. of level 2; volumes of one unit with copies on all of them, owned by n0. */
  static TestingFailover of(int nodes, int units) {
    return of(SagaPolicy.standard(), nodes, units);
  }

  /** The same under other limits. */
  static TestingFailover of(SagaPolicy policy, int nodes, int units) {
    TestingFailover pool = new TestingFailover(policy);
    pool.give(new SagaInput.Started());
    pool.now += 5_000;
    for (int i = 0; i < nodes; i++) {
      pool.nodes.put(node(i), new Node(node(i)));
      pool.give(new SagaInput.NodeDescribed(node(i), 2, 100L << 30));
    }
    for (int i = 0; i < units; i++) {
      List<MapCopy> copies = new ArrayList<>();
      for (int copy = 1; copy < nodes; copy++) {
        copies.add(new MapCopy(node(copy), "REPLICA", "IN_SYNC", -1));
      }
      pool.maps.add(
          new MapSlice(
              "v" + i,
              POOL,
              0,
              1,
              1,
              0,
              1L << 30,
              1L << 30,
              4096,
              2,
              List.of(new MapSegment(unit(i), 0, node(0), 0, copies)),
              pool.now));
      pool.append(
          new OwnershipEntry(
              POOL,
              OwnershipEntry.Kind.START,
              List.of(new UnitStep(unit(i), 0, 1)),
              node(0),
              1,
              null,
              Authority.NONE,
              "n0",
              pool.now));
    }
    pool.settle();
    return pool;
  }

  static Subject node(int i) {
    return Subject.node("n" + i);
  }

  /** One more node, which holds nothing. */
  void join(int i) {
    nodes.put(node(i), new Node(node(i)));
    give(new SagaInput.NodeDescribed(node(i), 2, 100L << 30));
  }

  static String unit(int i) {
    return "v" + i + "/0";
  }

  Node at(int i) {
    Node node = nodes.get(node(i));
    if (node == null) {
      throw new IllegalStateException("no node " + i);
    }
    return node;
  }

  /** An admission of these units as they stand. */
  Admission admit(ActKind act, boolean predicted, int source, int target, int... units) {
    List<UnitStep> steps = new ArrayList<>();
    for (int i : units) {
      Owned owned = truth.owned(unit(i));
      long epoch = owned == null ? 0 : owned.epoch();
      steps.add(new UnitStep(unit(i), epoch, epoch + 1));
    }
    return admit(act, predicted, node(source), node(target), steps);
  }

  Admission admit(
      ActKind act,
      boolean predicted,
      Subject source,
      @Nullable Subject target,
      List<UnitStep> steps) {
    long sequence =
        1 + admissions.stream().filter(a -> a.state() == Admission.State.ADMITTED).count();
    Admission admission =
        new Admission(
            "a-" + sequence,
            1,
            Admission.State.ADMITTED,
            "p-" + sequence,
            act,
            source,
            POOL,
            null,
            predicted,
            steps,
            source,
            target,
            List.of(),
            sequence,
            now,
            now,
            now + 600_000,
            now,
            "Admitted: because of the test",
            Map.of());
    admissions.add(admission);
    return admission;
  }

  /** The guard, or somebody, ends an act in the log of admissions. */
  void write(Admission a, Admission.State end, String text) {
    admissions.add(
        new Admission(
            a.id(),
            2,
            end,
            a.proposal(),
            a.act(),
            a.subject(),
            a.pool(),
            a.zone(),
            a.predicted(),
            a.units(),
            a.source(),
            a.target(),
            a.budget(),
            a.sequence(),
            a.issuedMillis(),
            a.notBeforeMillis(),
            a.expiresMillis(),
            now,
            text,
            a.parameters()));
  }

  /** Planted: a shadow is told to go as soon as that is admitted, whatever else is under way. */
  boolean retiresAtOnce;

  /** What a node did that it must never be told to do; empty when it did nothing such. */
  final List<String> harm = new ArrayList<>();

  void give(SagaInput input) {
    decider.decide(state, input, now, this::hear);
    if (retiresAtOnce
        && input instanceof SagaInput.AdmissionRead read
        && read.admission().act() == ActKind.RETIRE_SHADOW
        && read.admission().state() == Admission.State.ADMITTED) {
      hear(new SagaOutput.Ordered(letGo(read.admission())));
    }
    keepRows();
  }

  private Command letGo(Admission admission) {
    return new Command(
        "at-once-" + admission.id(),
        Command.Kind.RETIRE_SHADOW,
        admission.subject(),
        admission.subject(),
        POOL,
        admission,
        0,
        0,
        admission.units(),
        null,
        now,
        now,
        now + 30_000,
        null,
        "",
        Map.of());
  }

  /** The job that feeds shadows says how one stands, at the present epoch of its unit. */
  void stands(int unit, int node, String state, long missingBytes, long lagBytes) {
    Owned owned = truth.owned(unit(unit));
    stands(unit, node, state, missingBytes, lagBytes, owned == null ? 0 : owned.epoch());
  }

  void stands(int unit, int node, String state, long missingBytes, long lagBytes, long epoch) {
    give(
        new SagaInput.ShadowStood(
            standing(unit, TestingFailover.node(node), state, missingBytes, lagBytes, epoch)));
    settle();
  }

  /** What the job that feeds shadows says of one. */
  ShadowStanding standing(
      int unit, Subject node, String state, long missingBytes, long lagBytes, long epoch) {
    return new ShadowStanding(
        unit(unit),
        "v" + unit,
        POOL,
        node,
        node(0),
        state,
        epoch,
        7,
        7,
        0,
        lagBytes,
        0,
        missingBytes,
        null,
        0,
        0,
        null,
        0,
        "",
        now);
  }

  private void keepRows() {
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
  }

  private void hear(SagaOutput output) {
    said.add(output);
    if (output instanceof SagaOutput.Ordered ordered) {
      commands.add(ordered.command());
    } else if (output instanceof SagaOutput.Mapped mapped) {
      maps.add(mapped.slice());
    } else if (output instanceof SagaOutput.Ended ended) {
      boolean known =
          ends.stream().anyMatch(e -> e.admission().id().equals(ended.admission().id()));
      ends.add(ended);
      acks.add(
          new CommandAck(
              SagaDecider.ACT_PREFIX + ended.admission().id(),
              ended.admission().subject(),
              ended.admission().subject(),
              POOL,
              ended.state() == Admission.State.DONE
                  ? CommandAck.Status.DONE
                  : CommandAck.Status.REFUSED,
              ended.state() == Admission.State.EXPIRED
                  ? CommandAck.Code.EXPIRED
                  : CommandAck.Code.UNKNOWN,
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
              acks.size(),
              now));
      if (guardAnswers && !known) {
        write(ended.admission(), ended.state(), ended.text());
      }
    }
  }

  // ------------------------------------------------------------------ the world

  private int delivered;

  /** To be called when the list of commands was cleared. */
  void forgetDelivered() {
    delivered = 0;
  }

  /** Lets nodes do what they were told, and the saga read its logs, until nothing moves. */
  void settle() {
    boolean moved = true;
    while (moved) {
      moved = step();
    }
  }

  /** Lets one thing happen; false when nothing moves. */
  boolean step() {
    if (delivers && delivered < commands.size()) {
      deliver(commands.get(delivered++));
    } else if (mapsReadBack && !mapsComeLast && mapsRead < maps.size()) {
      give(new SagaInput.MapRead(maps.get(mapsRead++)));
    } else if (ownershipRead < ownership.size()) {
      int offset = ownershipRead++;
      give(new SagaInput.OwnershipRead(offset, ownership.get(offset)));
    } else if (admissionsRead < admissions.size()) {
      give(new SagaInput.AdmissionRead(admissions.get(admissionsRead++)));
    } else if (acksRead < acks.size()) {
      give(new SagaInput.Acked(acks.get(acksRead++)));
    } else if (mapsReadBack && mapsRead < maps.size()) {
      give(new SagaInput.MapRead(maps.get(mapsRead++)));
    } else {
      return false;
    }
    return true;
  }

  /** Goes on until a command of this kind was given; it is not delivered yet. */
  void settleUntilOrdered(Command.Kind kind) {
    while (ordered(kind).isEmpty()) {
      if (delivered < commands.size()) {
        deliver(commands.get(delivered++));
      } else if (acksRead < acks.size()) {
        give(new SagaInput.Acked(acks.get(acksRead++)));
      } else {
        throw new IllegalStateException("no " + kind + " was given");
      }
    }
  }

  /** Reads one record of the ownership log, when there is one. */
  void readOwnership() {
    if (ownershipRead < ownership.size()) {
      int offset = ownershipRead++;
      give(new SagaInput.OwnershipRead(offset, ownership.get(offset)));
    }
  }

  /** Reads one record of the admissions log, when there is one. */
  void readAdmission() {
    if (admissionsRead < admissions.size()) {
      give(new SagaInput.AdmissionRead(admissions.get(admissionsRead++)));
    }
  }

  /** Reads one map, when there is one. */
  void readMap() {
    if (mapsRead < maps.size()) {
      give(new SagaInput.MapRead(maps.get(mapsRead++)));
    }
  }

  /** Reads one ack, when there is one, or loses it. */
  void readAck(boolean loses) {
    if (acksRead < acks.size()) {
      CommandAck ack = acks.get(acksRead++);
      if (!loses || ack.command().startsWith(SagaDecider.ACT_PREFIX)) {
        give(new SagaInput.Acked(ack));
      }
    }
  }

  /** Lets time pass, waking whenever something is due. */
  void pass(long millis) {
    long end = now + millis;
    settle();
    while (decider.alarmMillis(state) <= end) {
      now = Math.max(now, decider.alarmMillis(state));
      decider.wake(state, now, this::hear);
      keepRows();
      settle();
    }
    now = end;
  }

  /** Admissions whose takeover counted. */
  final Set<String> counted = new HashSet<>();

  void append(OwnershipEntry entry) {
    for (OwnershipFold.Change change : truth.take(ownership.size(), entry)) {
      String admission = change.after().admission();
      if (admission != null && change.epochStepped()) {
        counted.add(admission);
      }
    }
    ownership.add(entry);
  }

  void deliver(Command command) {
    Node node = nodes.get(command.addressee());
    if (node == null || !node.alive || !node.obeys) {
      return;
    }
    CommandAck before = node.done.get(command.id());
    if (before != null) {
      acks.add(before);
      return;
    }
    if (command.kind() == node.refuses && node.refusesWith != null) {
      ack(node, command, CommandAck.Status.REFUSED, node.refusesWith, Map.of());
      return;
    }
    switch (command.kind()) {
      case PROBE -> probe(node, command);
      case PROMOTE -> promote(node, command);
      case RETIRE_SHADOW -> letGo(node, command);
      case CANCEL -> {
        Admission admission = command.admission();
        boolean begun = admission != null && node.appended.contains(admission.id());
        if (admission != null && !begun) {
          node.cancelled.add(admission.id());
        }
        ack(
            node,
            command,
            begun ? CommandAck.Status.REFUSED : CommandAck.Status.DONE,
            CommandAck.Code.NONE,
            Map.of());
      }
      default -> ack(node, command, CommandAck.Status.DONE, CommandAck.Code.NONE, Map.of());
    }
  }

  private void probe(Node node, Command command) {
    String reach = command.parameters().get(Command.REACH);
    Node other = reach == null ? null : nodes.get(Subject.parse(reach));
    boolean reached = other == null || other.alive;
    Map<String, Double> values = new TreeMap<>(node.values);
    double serving = 0;
    double held = 0;
    for (UnitStep unit : command.units()) {
      held += node.lacks.contains(unit.unit()) ? 0 : 1;
      Owned owned = truth.owned(unit.unit());
      serving += owned != null && owned.owner().equals(node.subject) && node.serves ? 1 : 0;
    }
    values.putIfAbsent(SagaValues.UNITS_SERVING, serving);
    values.putIfAbsent(SagaValues.UNITS_HELD, held);
    values.putIfAbsent(SagaValues.LAG_DELTAS, 0.0);
    ack(
        node,
        command,
        CommandAck.Status.DONE,
        reached ? CommandAck.Code.NONE : CommandAck.Code.UNREACHABLE,
        values);
  }

  private void letGo(Node node, Command command) {
    if (now > command.expiresMillis()) {
      ack(node, command, CommandAck.Status.REFUSED, CommandAck.Code.EXPIRED, Map.of());
      return;
    }
    for (UnitStep unit : command.units()) {
      Owned owned = truth.owned(unit.unit());
      if (owned != null && owned.owner().equals(node.subject)) {
        harm.add(node.subject + " was told to let go of " + unit.unit() + ", which it owns");
      }
      for (Command begun : node.waiting.values()) {
        // a node appends no takeover whose order is over
        boolean may = now <= begun.expiresMillis();
        if (may && begun.units().stream().anyMatch(taken -> taken.unit().equals(unit.unit()))) {
          harm.add(node.subject + " was told to let go of " + unit.unit() + " while it takes over");
        }
      }
      node.letGo.add(unit.unit());
    }
    ack(node, command, CommandAck.Status.DONE, CommandAck.Code.NONE, Map.of());
  }

  private void promote(Node node, Command command) {
    Admission admission = command.admission();
    if (admission == null || node.cancelled.contains(admission.id())) {
      ack(node, command, CommandAck.Status.REFUSED, CommandAck.Code.CANCELLED, Map.of());
      return;
    }
    if (!node.appended.contains(admission.id())) {
      if (now > command.expiresMillis()) {
        ack(node, command, CommandAck.Status.REFUSED, CommandAck.Code.EXPIRED, Map.of());
        return;
      }
      for (UnitStep unit : admission.units()) {
        if (node.letGo.contains(unit.unit())) {
          ack(node, command, CommandAck.Status.REFUSED, CommandAck.Code.NOT_OWNER, Map.of());
          return;
        }
        Owned owned = truth.owned(unit.unit());
        if (owned == null || owned.epoch() != unit.expectedEpoch()) {
          ack(node, command, CommandAck.Status.REFUSED, CommandAck.Code.WRONG_EPOCH, Map.of());
          return;
        }
      }
      node.appended.add(admission.id());
      if (node.appends) {
        takeover(node, admission);
      } else {
        node.waiting.put(command.id(), command);
        return;
      }
    }
    if (node.tells) {
      ack(
          node,
          command,
          CommandAck.Status.PROGRESS,
          CommandAck.Code.NONE,
          Map.of(SagaValues.UNITS_DRAINED, (double) admission.units().size()));
    }
    if (node.serves) {
      ack(
          node,
          command,
          CommandAck.Status.DONE,
          CommandAck.Code.NONE,
          Map.of(
              SagaValues.UNITS_SERVING,
              (double) admission.units().size(),
              SagaValues.TAKEOVER_MILLIS,
              40.0));
    }
  }

  void takeover(Node node, Admission admission) {
    append(
        new OwnershipEntry(
            POOL,
            OwnershipEntry.Kind.TAKEOVER,
            admission.units(),
            node.subject,
            1,
            admission,
            Authority.VALID,
            node.subject.id(),
            now));
    Subject source = admission.source();
    Node former = source == null ? null : nodes.get(source);
    if (former != null && former.alive) {
      append(
          new OwnershipEntry(
              POOL,
              OwnershipEntry.Kind.RELEASE,
              admission.units(),
              former.subject,
              1,
              null,
              Authority.NONE,
              former.subject.id(),
              now));
    }
  }

  void ack(
      Node node,
      Command command,
      CommandAck.Status status,
      CommandAck.Code code,
      Map<String, Double> values) {
    CommandAck ack =
        new CommandAck(
            command.id(),
            node.subject,
            command.subject(),
            POOL,
            status,
            code,
            "",
            false,
            null,
            null,
            null,
            null,
            null,
            50L << 30,
            values,
            1,
            acks.size(),
            now);
    if (command.kind() != Command.Kind.PROBE) {
      node.done.put(command.id(), ack);
    }
    acks.add(ack);
  }

  // --------------------------------------------------------------- what was said

  List<Command> ordered(Command.Kind kind) {
    return commands.stream().filter(command -> command.kind() == kind).toList();
  }

  /** Names of the states that a saga was said to have entered, in order. */
  List<String> states(Admission admission) {
    return said.stream()
        .filter(SagaOutput.Noted.class::isInstance)
        .map(output -> ((SagaOutput.Noted) output).event().labels())
        .filter(labels -> admission.id().equals(labels.get("admission")))
        .map(labels -> labels.getOrDefault("state", ""))
        .toList();
  }

  /** What was said of a saga's steps, in order. */
  List<String> reasons(Admission admission) {
    return said.stream()
        .filter(SagaOutput.Noted.class::isInstance)
        .map(output -> ((SagaOutput.Noted) output).event())
        .filter(event -> admission.id().equals(event.labels().get("admission")))
        .map(event -> event.summary())
        .toList();
  }

  SagaOutput.@Nullable Ended end(Admission admission) {
    return ends.stream()
        .filter(end -> end.admission().id().equals(admission.id()))
        .findFirst()
        .orElse(null);
  }

  Admission.@Nullable State endState(Admission admission) {
    SagaOutput.Ended end = end(admission);
    return end == null ? null : end.state();
  }

  List<SagaOutput.Proposed> proposals() {
    return said.stream()
        .filter(SagaOutput.Proposed.class::isInstance)
        .map(SagaOutput.Proposed.class::cast)
        .toList();
  }

  /** Maps that the saga wrote, in order. */
  List<MapSlice> mapped() {
    return said.stream()
        .filter(SagaOutput.Mapped.class::isInstance)
        .map(output -> ((SagaOutput.Mapped) output).slice())
        .toList();
  }

  /** The newest map of a volume as a compacted topic keeps it. */
  MapSlice map(int volume) {
    return maps.stream()
        .filter(slice -> slice.volume().equals("v" + volume))
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  Subject owner(int unit) {
    Owned owned = truth.owned(unit(unit));
    if (owned == null) {
      throw new IllegalStateException("nobody owns " + unit(unit));
    }
    return owned.owner();
  }

  // -------------------------------------------------------------------- restores

  /** What a checkpoint holds. */
  record Checkpoint(Map<String, byte[]> rows, int admissions, int ownership, int acks, int maps) {}

  Checkpoint checkpoint() {
    return new Checkpoint(
        new LinkedHashMap<>(rows), admissionsRead, ownershipRead, acksRead, mapsRead);
  }

  /** The job dies and begins again from a checkpoint; the logs keep what was said since. */
  void restore(Checkpoint checkpoint) {
    state = decider.empty(POOL);
    rows.clear();
    rows.putAll(checkpoint.rows());
    checkpoint.rows().forEach(state::restore);
    admissionsRead = checkpoint.admissions();
    ownershipRead = checkpoint.ownership();
    acksRead = checkpoint.acks();
    mapsRead = checkpoint.maps();
    give(new SagaInput.Started());
  }

  /** Names of nodes for which this holds. */
  Set<Subject> where(Predicate<Node> condition) {
    Set<Subject> found = new TreeSet<>(SagaState.BY_NAME);
    nodes.values().stream().filter(condition).forEach(node -> found.add(node.subject));
    return found;
  }
}
