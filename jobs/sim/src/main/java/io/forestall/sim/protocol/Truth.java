package io.forestall.sim.protocol;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What really happened, by the logs alone, as nobody in the world can know it; judges what
 * everybody says. It folds the deltas by rules of its own, so that a fault of the product's fold
 * shows.
 */
final class Truth {
  private final ProtocolWorld world;
  private final OwnershipFold ownership = new OwnershipFold();
  private final Map<String, UnitTruth> units = new HashMap<>();
  private final Map<String, Signed> signed = new HashMap<>();
  private final Map<String, CommandAck> ends = new HashMap<>();
  private final Set<String> cancelled = new HashSet<>();
  private final Set<String> taken = new HashSet<>();

  /** Admissions whose takeover came into the log while the process that wrote it lived. */
  private final Set<String> takenByTheLiving = new HashSet<>();

  private final Set<String> promoted = new HashSet<>();
  private final Set<String> givenBack = new HashSet<>();

  /** Who was asked about the steps of an act and did not reach its source, and who answered. */
  private final Map<List<UnitStep>, Set<Subject>> unreachable = new HashMap<>();

  private final Map<List<UnitStep>, Set<Subject>> answered = new HashMap<>();

  /** When a source was first asked about the steps of an act; milliseconds. */
  private final Map<List<UnitStep>, Long> asked = new HashMap<>();

  Truth(ProtocolWorld world) {
    this.world = world;
  }

  /** What was signed by which key. */
  private record Signed(Admission admission, int key) {}

  private static final class UnitTruth {
    final List<Delta> counted = new ArrayList<>();
    final Set<String> requests = new HashSet<>();
    final Map<Long, String> owners = new HashMap<>();
    final Map<String, Long> lastEpochOf = new HashMap<>();
    final List<Served> served = new ArrayList<>();

    /** What was accepted and does not count, in the order of the answers. */
    final List<Accepted> accepted = new ArrayList<>();

    long barrierEpoch;
    long ownedEpoch;
  }

  /** When the owner of an epoch first answered with DONE. */
  private record Served(long epoch, String node, long atMicros) {}

  /**
   * A write that was answered before it counted.
   *
   * @param disks how often its owner had lost its disk by then
   */
  private record Accepted(
      String request, SimulatedNode node, long epoch, long atMicros, int disks) {}

  private void require(boolean holds, ProtocolInvariant invariant, Supplier<String> message) {
    if (!holds) {
      throw new ProtocolViolation(invariant, message.get());
    }
  }

  /** What stands behind it in a client's name was made up by a planted bug. */
  static final char ALIAS = '@';

  private static String key(@Nullable String client, long request) {
    if (client == null) {
      return "nobody#" + request;
    }
    int made = client.indexOf(ALIAS);
    return made < 0 ? client + "#" + request : client.substring(0, made);
  }

  private UnitTruth unit(String unit) {
    return units.computeIfAbsent(unit, none -> new UnitTruth());
  }

  // ---- signatures

  /** The guard signs an admission. */
  void sign(Admission admission, int key) {
    signed.put(admission.id(), new Signed(admission, key));
  }

  /** What a reader with these keys finds. */
  Authority authority(@Nullable Admission admission, Set<Integer> keys) {
    if (admission == null) {
      return Authority.NONE;
    }
    Signed original = signed.get(admission.id());
    if (original == null || !original.admission().equals(admission)) {
      return Authority.FORGED;
    }
    return keys.contains(original.key()) ? Authority.VALID : Authority.UNKNOWN_KEY;
  }

  // ---- logs

  void ownershipAppended(long offset, OwnershipEntry entry) {
    Authority real = authority(entry.admission(), ProtocolWorld.ALL_KEYS);
    for (OwnershipFold.Change change : ownership.take(offset, withAuthority(entry, real))) {
      Owned after = change.after();
      UnitTruth truth = unit(after.unit());
      world.count("ownership " + entry.kind().name().toLowerCase(java.util.Locale.ROOT));
      if (change.epochStepped()) {
        require(
            after.epoch() > truth.ownedEpoch,
            ProtocolInvariant.ONE_OWNER_PER_EPOCH,
            () -> after + " follows epoch " + truth.ownedEpoch);
        truth.ownedEpoch = after.epoch();
        truth.owners.put(after.epoch(), after.owner().id());
        truth.lastEpochOf.put(after.owner().id(), after.epoch());
        if (world.shadows != null && !world.usesSaga()) {
          world.shadows.moved(after.unit());
        }
        require(
            entry.kind() != OwnershipEntry.Kind.TAKEOVER || real == Authority.VALID,
            ProtocolInvariant.ONLY_WHAT_WAS_SIGNED,
            () -> "a takeover counts though its admission is " + real + ": " + entry);
        Admission admission = entry.admission();
        if (admission != null) {
          if (world.usesSaga() && admission.act() == ActKind.SWITCHOVER) {
            losesNothing(truth, admission);
          }
          taken.add(admission.id());
          // A record that was on its way when its writer died is in nobody's hands: whoever starts
          // after it cannot know of it. It counts at its epoch only, so it does no harm.
          boolean known = entry.incarnation() == world.node(after.owner()).incarnation;
          if (known) {
            takenByTheLiving.add(admission.id());
          } else {
            world.count("takeovers of the dead");
          }
          require(
              !known || !givenBack.contains(admission.id()),
              ProtocolInvariant.WORD_IS_KEPT,
              () -> "a takeover counts after its act was given back: " + entry);
          require(
              !known || !cancelled.contains(admission.id()),
              ProtocolInvariant.WORD_IS_KEPT,
              () -> "a takeover counts after its target said that it is cancelled: " + entry);
        }
      }
    }
  }

  static OwnershipEntry withAuthority(OwnershipEntry entry, Authority authority) {
    return entry.authority() == authority ? entry : entry.withAuthority(authority);
  }

  void deltaAppended(Delta delta) {
    UnitTruth truth = unit(delta.unit());
    if (delta.kind() == Delta.Kind.BARRIER) {
      require(
          delta.owner().equals(truth.owners.get(delta.epoch())),
          ProtocolInvariant.ONE_OWNER_PER_EPOCH,
          () ->
              "node "
                  + delta.owner()
                  + " begins epoch "
                  + delta.epoch()
                  + " of "
                  + delta.unit()
                  + ", which belongs to "
                  + truth.owners.get(delta.epoch()));
      if (delta.epoch() > truth.barrierEpoch) {
        truth.barrierEpoch = delta.epoch();
      }
      return;
    }
    require(
        delta.owner().equals(truth.owners.get(delta.epoch())),
        ProtocolInvariant.ONE_OWNER_PER_EPOCH,
        () ->
            "node "
                + delta.owner()
                + " writes to "
                + delta.unit()
                + " under epoch "
                + delta.epoch()
                + ", which belongs to "
                + truth.owners.get(delta.epoch()));
    if (delta.epoch() != truth.barrierEpoch || delta.sequence() != truth.counted.size() + 1L) {
      world.count("deltas void");
      return;
    }
    truth.counted.add(delta);
    world.count("deltas counted");
    ShadowWorld shadows = world.shadows;
    if (shadows != null) {
      shadows.truth.counted(delta);
    }
    if (delta.kind() == Delta.Kind.VERIFY) {
      // Nobody asked for it.
      return;
    }
    settled(truth, delta, delta.client(), delta.request());
    for (Delta.Request each : delta.merged()) {
      world.count("requests merged");
      settled(truth, delta, each.client(), each.number());
    }
  }

  private void settled(UnitTruth truth, Delta delta, @Nullable String client, long request) {
    require(
        truth.requests.add(key(client, request)),
        ProtocolInvariant.ONCE_ONLY,
        () ->
            "request "
                + request
                + " of "
                + client
                + " counts twice in "
                + delta.unit()
                + ", the second time as sequence "
                + delta.sequence()
                + " of epoch "
                + delta.epoch());
  }

  // ---- what is said

  /** A node answers a request with DONE. */
  void done(NodeLife life, NodeRequest request, NodeAnswer answer, long sampledMicros) {
    UnitTruth truth = unit(request.unit());
    Owned read = life.readFold().owned(request.unit());
    require(
        read != null && read.owner().equals(life.self()) && !read.inDoubt(),
        ProtocolInvariant.DEPOSED_ARE_SILENT,
        () ->
            life.self()
                + " answers "
                + request.kind()
                + " of "
                + request.unit()
                + " with DONE,"
                + " though it has read "
                + read);
    long epoch = Objects.requireNonNull(read).epoch();
    if (request.kind() == NodeRequest.Kind.FLUSH) {
      require(
          truth.requests.contains(key(request.client(), request.offset())),
          ProtocolInvariant.ACCEPTED_WRITES_STAY,
          () ->
              life.self()
                  + " says that request "
                  + request.offset()
                  + " of "
                  + request.client()
                  + " is in the log of "
                  + request.unit()
                  + ", where it does not count");
    } else if (request.kind() != NodeRequest.Kind.READ) {
      require(
          truth.requests.contains(key(request.client(), request.request())),
          ProtocolInvariant.ACKNOWLEDGED_WRITES_STAY,
          () ->
              life.self()
                  + " acknowledges request "
                  + request.request()
                  + " of "
                  + request.client()
                  + " on "
                  + request.unit()
                  + ", of which nothing counts in the log");
    } else {
      isSilentAfter(life, request, epoch, sampledMicros);
    }
    serves(life, request, epoch);
  }

  private void isSilentAfter(NodeLife life, NodeRequest request, long epoch, long sampledMicros) {
    for (Served later : unit(request.unit()).served) {
      require(
          later.epoch() <= epoch
              || later.node().equals(life.self().id())
              || later.atMicros() >= sampledMicros,
          ProtocolInvariant.DEPOSED_ARE_SILENT,
          () ->
              life.self()
                  + " answers a "
                  + request.kind()
                  + " of "
                  + request.unit()
                  + " under epoch "
                  + epoch
                  + ", after node "
                  + later.node()
                  + " answered under epoch "
                  + later.epoch());
    }
  }

  private void serves(NodeLife life, NodeRequest request, long epoch) {
    List<Served> served = unit(request.unit()).served;
    if (served.isEmpty() || served.get(served.size() - 1).epoch() < epoch) {
      served.add(new Served(epoch, life.self().id(), world.agenda.nowMicros()));
    }
  }

  /** A node answers a write with ACCEPTED. */
  void accepted(NodeLife life, NodeRequest request, long sampledMicros) {
    UnitTruth truth = unit(request.unit());
    Owned read = life.readFold().owned(request.unit());
    require(
        read != null
            && read.owner().equals(life.self())
            && !read.inDoubt()
            && read.isAsynchronous(),
        ProtocolInvariant.DEPOSED_ARE_SILENT,
        () -> life.self() + " accepts " + request + ", though it has read " + read);
    Owned owned = Objects.requireNonNull(read);
    isSilentAfter(life, request, owned.epoch(), sampledMicros);
    truth.accepted.removeIf(each -> truth.requests.contains(each.request()));
    String key = key(request.client(), request.request());
    // Clocks of nodes do not run alike.
    long boundMicros = owned.asyncBoundMillis() * 1_100 + 2_000;
    boolean again = false;
    for (Accepted each : truth.accepted) {
      again |= each.request().equals(key);
      require(
          again
              || each.node() != life.node
              || each.epoch() < owned.asyncFromEpoch()
              || each.disks() < life.node.disksLost
              || sampledMicros - each.atMicros() <= boundMicros,
          ProtocolInvariant.ACCEPTED_WRITES_STAY,
          () ->
              life.self()
                  + " accepts request "
                  + key
                  + " while "
                  + each.request()
                  + ", which it accepted "
                  + (sampledMicros - each.atMicros())
                  + " us before, is not in the log; the bound is "
                  + owned.asyncBoundMillis()
                  + " ms");
    }
    world.count("writes accepted");
    if (!again && !truth.requests.contains(key)) {
      truth.accepted.add(
          new Accepted(key, life.node, owned.epoch(), sampledMicros, life.node.disksLost));
    }
    serves(life, request, owned.epoch());
  }

  /** At the end: what was accepted counts, or there is a reason. */
  void judgeAccepted() {
    for (UnitTruth truth : units.values()) {
      truth.accepted.removeIf(each -> truth.requests.contains(each.request()));
      for (Accepted each : truth.accepted) {
        require(
            mayBeLost(truth, each),
            ProtocolInvariant.ACCEPTED_WRITES_STAY,
            () ->
                "request "
                    + each.request()
                    + ", which "
                    + each.node().self
                    + " accepted under epoch "
                    + each.epoch()
                    + ", does not count, though nobody else took over: "
                    + truth.owners);
        world.count("accepted and lost");
      }
    }
  }

  /** The source of a planned act has seen to it that all which it accepted counts. */
  private void losesNothing(UnitTruth truth, Admission admission) {
    for (Accepted each : truth.accepted) {
      require(
          truth.requests.contains(each.request())
              || !each.node().self.equals(admission.source())
              || mayBeLost(truth, each, truth.ownedEpoch - 1),
          ProtocolInvariant.ACCEPTED_WRITES_STAY,
          () -> "switchover " + admission.id() + " loses " + each);
    }
    world.count("switchovers that lose nothing");
  }

  private static boolean mayBeLost(UnitTruth truth, Accepted write) {
    return mayBeLost(truth, write, Long.MAX_VALUE);
  }

  private static boolean mayBeLost(UnitTruth truth, Accepted write, long upTo) {
    for (Map.Entry<Long, String> owner : truth.owners.entrySet()) {
      if (owner.getKey() <= upTo
          && owner.getKey() > write.epoch()
          && !owner.getValue().equals(write.node().self.id())) {
        return true;
      }
    }
    return write.node().disksLost > write.disks();
  }

  /** True when all that was accepted counts, or can have been lost. */
  boolean owesNothing() {
    for (UnitTruth truth : units.values()) {
      for (Accepted each : truth.accepted) {
        if (!truth.requests.contains(each.request()) && !mayBeLost(truth, each)) {
          return false;
        }
      }
    }
    return true;
  }

  /** True when a request counts by now. */
  boolean counts(String unit, String client, long request) {
    return unit(unit).requests.contains(key(client, request));
  }

  /** A node says who owns a unit, having just read a record. */
  void believes(NodeLife life, String unit, @Nullable Owned owned) {
    Owned right = life.readFold().owned(unit);
    require(
        Objects.equals(owned, right),
        ProtocolInvariant.FOLDS_AGREE,
        () -> life.self() + " takes " + owned + " for what is " + right);
  }

  /** A node applies a delta as the one with this number of its copy. */
  void applied(SimulatedNode node, Delta delta) {
    UnitTruth truth = unit(delta.unit());
    require(
        delta.sequence() <= truth.counted.size()
            && truth.counted.get((int) delta.sequence() - 1) == delta,
        ProtocolInvariant.FOLDS_AGREE,
        () ->
            node.self
                + " applies sequence "
                + delta.sequence()
                + " of epoch "
                + delta.epoch()
                + " to "
                + delta.unit()
                + ", which does not count");
  }

  /** A node answers a command. */
  void acked(Command command, CommandAck ack) {
    ShadowWorld shadows = world.shadows;
    if (shadows != null && command.kind() == Command.Kind.PROMOTE) {
      boolean under = ack.status() == CommandAck.Status.RECEIVED;
      for (UnitStep step : command.units()) {
        if (under || ack.ends()) {
          shadows.truth.takesOver(ack.from(), step.unit(), command.id(), under);
        }
      }
    }
    if (command.kind() == Command.Kind.PROBE) {
      boolean witness = ack.code() == CommandAck.Code.UNREACHABLE;
      (witness ? unreachable : answered)
          .computeIfAbsent(command.units(), none -> new HashSet<>())
          .add(ack.from());
    }
    // A refusal changed nothing, and its cause can pass: a clock, a key, a halt, a log not yet
    // read.
    // A probe is answered as things stand.
    if (!ack.ends()
        || ack.status() == CommandAck.Status.REFUSED
        || command.kind() == Command.Kind.PROBE) {
      return;
    }
    CommandAck first = ends.putIfAbsent(ack.from() + " " + ack.command(), ack);
    require(
        first == null || first.status() == ack.status() && first.code() == ack.code(),
        ProtocolInvariant.WORD_IS_KEPT,
        () ->
            ack.from()
                + " answers command "
                + ack.command()
                + " with "
                + ack.status()
                + " "
                + ack.code()
                + " ("
                + ack.text()
                + "), after it said "
                + Objects.requireNonNull(first).status()
                + " "
                + first.code());
    Admission admission = command.admission();
    if (admission == null || ack.status() != CommandAck.Status.DONE) {
      return;
    }
    if (command.kind() == Command.Kind.CANCEL && ack.from().equals(admission.target())) {
      cancelled.add(admission.id());
      for (UnitStep step : admission.units()) {
        Owned owned = owned(step.unit());
        require(
            owned == null
                || !admission.id().equals(owned.admission())
                || !takenByTheLiving.contains(admission.id()),
            ProtocolInvariant.WORD_IS_KEPT,
            () -> ack.from() + " says that " + admission.id() + " is cancelled, and has " + owned);
      }
    }
    if (command.kind() == Command.Kind.PROMOTE) {
      for (UnitStep step : command.units()) {
        Long epoch = unit(step.unit()).lastEpochOf.get(ack.from().id());
        require(
            epoch != null && epoch >= step.newEpoch(),
            ProtocolInvariant.WORD_IS_KEPT,
            () -> ack.from() + " says that it took " + step + " over, which it never owned");
      }
    }
  }

  /** The saga orders something. */
  void ordered(Command command) {
    if (command.kind() == Command.Kind.PROBE) {
      asked.putIfAbsent(command.units(), command.timeMillis());
    }
    Admission admission = command.admission();
    if (command.kind() != Command.Kind.PROMOTE || admission == null || admission.predicted()) {
      return;
    }
    Subject source = Objects.requireNonNull(admission.source());
    Set<Subject> witnesses = unreachable.getOrDefault(admission.units(), Set.of());
    Set<Subject> answering = new HashSet<>(witnesses);
    answering.addAll(answered.getOrDefault(admission.units(), Set.of()));
    long silent =
        command.timeMillis() - asked.getOrDefault(admission.units(), command.timeMillis());
    require(
        witnesses.size() >= 2
            || answering.contains(source)
            || answering.size() >= 2 && silent >= SagaCarrier.CHECK_MILLIS
            || taken.contains(admission.id())
            || promoted.contains(admission.id()),
        ProtocolInvariant.TWO_WITNESSES,
        () ->
            "the saga takes "
                + source
                + " for dead under "
                + admission.id()
                + " on the word of "
                + witnesses);
    if (witnesses.size() < 2 && !answering.contains(source) && promoted.add(admission.id())) {
      world.count("replaced for silence");
    }
    promoted.add(admission.id());
  }

  /** The saga says that an act is over. */
  void ended(Admission admission, Admission.State state) {
    if (!admission.act().changesOwner()) {
      return;
    }
    if (state == Admission.State.DONE) {
      require(
          taken.contains(admission.id()),
          ProtocolInvariant.WORD_IS_KEPT,
          () -> "the saga says that " + admission.id() + " is done, and no takeover counts");
    } else {
      require(
          !taken.contains(admission.id()),
          ProtocolInvariant.WORD_IS_KEPT,
          () ->
              "the saga says that "
                  + admission.id()
                  + " is "
                  + state
                  + ", but its takeover counts");
      givenBack.add(admission.id());
    }
  }

  /** What holds of a unit, null when nobody ever owned it. */
  @Nullable Owned owned(String unit) {
    return ownership.owned(unit);
  }

  /** The deltas of a unit that count. */
  List<Delta> counted(String unit) {
    return unit(unit).counted;
  }
}
