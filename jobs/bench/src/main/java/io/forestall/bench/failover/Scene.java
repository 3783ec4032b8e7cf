package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One scenario while it goes on: a volume of its own, five clients that share a few of its blocks,
 * and fio on the rest of it. Not thread-safe.
 */
final class Scene {

  private static final Duration ACT = Duration.ofSeconds(90);
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

  /** Where the scenario begins on the tape. */
  int mark() {
    return mark;
  }

  Field field() {
    return field;
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
    long beginNanos = System.nanoTime();
    strike.now();
    String after = field.awaitOwnerOtherThan(unit(), before);
    served();
    pauses.addAll(recorder.longestWritesSince(beginNanos));
    return after;
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
    Tape.Seen admitted =
        field
            .tape()
            .await(
                mark,
                Admission.class,
                "an act is admitted",
                ACT,
                each -> each.getState() == AdmissionState.ADMITTED);
    String id = ((Admission) admitted.value()).getId();
    return (Admission)
        field
            .tape()
            .await(
                mark,
                Admission.class,
                "the end of act " + id,
                ACT,
                each ->
                    each.getId().equals(id)
                        && each.getState() != AdmissionState.ADMITTED
                        && each.getState() != AdmissionState.STARTED)
            .value();
  }

  /** Waits for the end and complains when it is another. */
  void endsWith(int mark, AdmissionState... wanted) throws Exception {
    Admission end = ended(mark);
    if (!List.of(wanted).contains(end.getState())) {
      violated("the act ended " + end.getState() + ": " + end.getText());
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
