package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecordBase;
import org.jspecify.annotations.Nullable;

/**
 * One scenario while it goes on: a volume of its own, five clients that share a few of its blocks,
 * and fio on the rest of it. Not thread-safe.
 */
final class Scene {

  private static final Duration SOON = Duration.ofSeconds(90);
  private static final int WRITES_THAT_SHOW = 20;
  private static final int WORK = 1_000;

  private final Field field;
  private final String volume;
  private final Recorder recorder;
  private final int mark;
  private final Quantiles pauses = new Quantiles();
  private final List<String> violations = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  Scene(Field field, String volume, Recorder recorder) {
    this.field = field;
    this.volume = volume;
    this.recorder = recorder;
    this.mark = field.tape().mark();
  }

  /** What makes a volume move. */
  interface Strike {
    void now() throws Exception;
  }

  /** What is done while a volume moves, with the place on the tape where it began to. */
  interface Meanwhile {
    void since(int mark) throws Exception;
  }

  /** Where the scenario begins on the tape. */
  int mark() {
    return mark;
  }

  Field field() {
    return field;
  }

  Pool pool() {
    return field.pool();
  }

  Field.Node node(String id) {
    return field.node(id);
  }

  /** The place on the tape that is reached now. */
  int now() {
    return field.tape().mark();
  }

  String volume() {
    return volume;
  }

  String unit() {
    return volume + "/0";
  }

  Recorder recorder() {
    return recorder;
  }

  Quantiles pauses() {
    return pauses;
  }

  List<String> violations() {
    return violations;
  }

  List<String> notes() {
    return notes;
  }

  void note(String text) {
    notes.add(text);
  }

  void violated(String text) {
    violations.add(text);
  }

  /** Who owns the volume. */
  String owner() {
    Field.Owner owner = field.owner(unit());
    if (owner == null) {
      throw new IllegalStateException(unit() + " has no owner");
    }
    return owner.node();
  }

  /**
   * Strikes, waits until another node owns the volume and clients are served again, and takes down
   * how long each client waited at most.
   *
   * @return the new owner
   */
  String moves(Strike strike) throws Exception {
    String before = owner();
    pauses(
        () -> {
          strike.now();
          field.awaitOwnerOtherThan(unit(), before);
        });
    return owner();
  }

  /** Strikes, waits until clients are served, and takes down how long each waited at most. */
  void pauses(Strike strike) throws Exception {
    long beginNanos = System.nanoTime();
    strike.now();
    served();
    pauses.addAll(recorder.longestWritesSince(beginNanos));
  }

  /**
   * The owner is expected to fail, something happens as its volume moves, the act ends in one of
   * these ways, {@code DONE} when none is named, and the node is well again.
   */
  void leaves(Meanwhile meanwhile, AdmissionState... ends) throws Exception {
    String owner = owner();
    int mark = now();
    moves(
        () -> {
          pool().expectedToFail(owner);
          meanwhile.since(mark);
        });
    endsWith(mark, ends);
    pool().returned(owner);
  }

  /** A node that was killed comes back and is well. */
  void comesBack(String node) throws Exception {
    field.startAgain(node);
    pool().returned(node);
  }

  /** The first record of a type since a mark that is as wanted, once there is one. */
  <T extends SpecificRecordBase> T await(int mark, Class<T> type, String what, Predicate<T> wanted)
      throws Exception {
    return type.cast(field.tape().await(mark, type, what, SOON, wanted).value());
  }

  /** The first takeover since a mark, once there is one. */
  Ownership awaitFence(int mark) throws Exception {
    return await(
        mark, Ownership.class, "the fence", each -> each.getKind() == OwnershipKind.TAKEOVER);
  }

  /** All takeovers since a mark. */
  List<Ownership> fences(int mark) {
    return field.tape().since(mark, Ownership.class).stream()
        .filter(each -> each.getKind() == OwnershipKind.TAKEOVER)
        .toList();
  }

  /** Waits until writes that begin from now on are acknowledged. */
  void served() throws Exception {
    long nanos = System.nanoTime();
    Await.until(
        Field.PATIENCE,
        "clients of " + volume + " are served",
        () -> recorder.acknowledgedSince(nanos) >= WRITES_THAT_SHOW);
  }

  /** Waits until clients have done some work: what was woken up has time to do harm. */
  void work() throws Exception {
    int operations = recorder.operations();
    Await.until(
        Field.PATIENCE,
        "clients of " + volume + " work",
        () -> recorder.operations() >= operations + WORK);
    served();
  }

  /** Waits until an act that was admitted after the mark has its end in the log. */
  Admission ended(int mark) throws Exception {
    String id =
        await(
                mark,
                Admission.class,
                "an act is admitted",
                each -> each.getState() == AdmissionState.ADMITTED)
            .getId();
    return await(
        mark,
        Admission.class,
        "the end of act " + id,
        each ->
            each.getId().equals(id)
                && each.getState() != AdmissionState.ADMITTED
                && each.getState() != AdmissionState.STARTED);
  }

  /** Waits for the end and complains when it is another; {@code DONE} when none is named. */
  void endsWith(int mark, AdmissionState... wanted) throws Exception {
    Admission end = ended(mark);
    List<AdmissionState> fine = wanted.length == 0 ? List.of(AdmissionState.DONE) : List.of(wanted);
    if (!fine.contains(end.getState())) {
      violated("the act ended " + end.getState() + ": " + end.getText());
    }
  }

  /**
   * Does something while no node but one can be the target of an act away from the owner.
   *
   * @param deed gets that node
   */
  void withOneTarget(Deed deed) throws Exception {
    String target = third(owner(), null);
    String other = third(owner(), target);
    pool().ails(other);
    try {
      deed.on(target);
    } finally {
      pool().returned(other);
    }
  }

  /** What is done to a node. */
  interface Deed {
    void on(String node) throws Exception;
  }

  /**
   * The owner is expected to fail, and its successor stands still as it is about to append its
   * barrier: past its fence, and before it has drained. Then something is done.
   */
  void leavesHalfWay(int mark, String target, Strike strike) throws Exception {
    try (Debugger debugger = Debugger.attach(node(target).debuggerPort())) {
      pool().expectedToFail(owner());
      debugger.stopAtEntry(AckScenarios.SHELL, "append", SOON);
      awaitFence(mark);
      strike.now();
      debugger.goOn();
    }
  }

  /** A node that is not this one, nor the other. */
  String third(String one, @Nullable String other) {
    for (Field.Node each : field.nodes()) {
      if (!each.id().equals(one) && !each.id().equals(other)) {
        return each.id();
      }
    }
    throw new IllegalStateException("there is no third node");
  }
}
