package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.decisions.Subject;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Tier;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * The disks of the owner's node die one after another, and what the sense job makes of that alone
 * gives the volume a shadow and lets it take over; then the new owner is to be maintained.
 */
final class RisingRisk {

  private static final Duration WINDOW = Duration.ofMinutes(10);

  /** So long before it begins maintenance is announced, time enough for a shadow. */
  private static final Duration AHEAD = Duration.ofHours(1);

  /** So many disks die at a time, and so long their faults may take to show before more die. */
  private static final int DISKS = 4;

  private static final Duration SHOWS = Duration.ofSeconds(25);

  private RisingRisk() {}

  static void play(Shadowed shadowed) throws Exception {
    Scene scene = shadowed.scene();
    String ill = shadowed.owner();
    shadowed.loads();
    scene.note("score of " + ill + " " + Quantiles.number(scene.field().risk(ill).getScore()));
    Deque<Subject> disks = new ArrayDeque<>(scene.field().machines().disks(ill));
    int mark = scene.now();
    rises(scene, ill, disks, Tier.WARNING);
    follows(shadowed, mark);
    int risen = scene.now();
    scene.moves(() -> rises(scene, ill, disks, Tier.CRITICAL));
    ends(scene, risen, ActKind.SWITCHOVER);
    shadowed.tookOver();
    scene.note("then maintenance is announced");
    String next = shadowed.owner();
    int announced = scene.now();
    scene.pool().announce(next, AHEAD, WINDOW);
    try {
      follows(shadowed, announced);
      int begun = scene.now();
      scene.moves(() -> scene.pool().evacuate(next, WINDOW));
      ends(scene, begun, ActKind.SWITCHOVER);
      shadowed.tookOver();
    } finally {
      scene.pool().maintained(next);
    }
  }

  /** Some disks after others die until the node's tier is this one. */
  private static void rises(Scene scene, String node, Deque<Subject> disks, Tier tier)
      throws Exception {
    int died = 0;
    while (scene.field().risk(node).getTier().compareTo(tier) < 0) {
      List<Subject> next = new ArrayList<>();
      while (next.size() < DISKS && !disks.isEmpty()) {
        next.add(disks.removeFirst());
      }
      if (next.isEmpty()) {
        throw new IllegalStateException(
            "all disks of " + node + " die, and it is " + scene.field().risk(node).getTier());
      }
      scene.field().machines().die(next);
      died += next.size();
      try {
        Await.until(
            SHOWS,
            node + " is " + tier,
            () -> scene.field().risk(node).getTier().compareTo(tier) >= 0);
      } catch (TimeoutException e) {
        // Some more die.
      }
    }
    Risk risk = scene.field().risk(node);
    scene.note(
        died
            + " of its disks die: "
            + risk.getTier()
            + " with "
            + Quantiles.number(risk.getScore())
            + reasons(risk).findFirst().map(each -> " (" + each.getText() + ")").orElse(""));
  }

  /** All reasons of a score. */
  static Stream<Reason> reasons(Risk risk) {
    return risk.getModes().stream().flatMap(each -> each.getReasons().stream());
  }

  /** A shadow more is admitted, comes to be in sync, and a whole round of it is verified. */
  private static void follows(Shadowed shadowed, int mark) throws Exception {
    Scene scene = shadowed.scene();
    List<String> before = shadowed.copies().of(CopyRole.SHADOW);
    admitted(scene, mark, ActKind.SHADOW);
    List<String> more = new ArrayList<>();
    Await.until(
        Field.PATIENCE,
        "the map has one more shadow than " + before,
        () -> {
          more.clear();
          more.addAll(shadowed.copies().of(CopyRole.SHADOW));
          more.removeAll(before);
          return !more.isEmpty();
        });
    shadowed.chosen(more.get(0));
    ends(scene, mark, ActKind.SHADOW);
    ShadowStatus verified =
        shadowed.awaitStanding(
            "a round is verified",
            each -> each.getState() == CopyState.IN_SYNC && each.getVerifiedRound() > 0);
    scene.note(
        "shadow on "
            + shadowed.shadow()
            + ", all of it verified, at sequence "
            + verified.getAppliedSequence());
  }

  private static Admission admitted(Scene scene, int mark, ActKind act) throws Exception {
    return scene.await(
        mark,
        Admission.class,
        act + " is admitted",
        each -> each.getState() == AdmissionState.ADMITTED && each.getAct() == act);
  }

  /** The first act of a kind since a mark is done. */
  private static void ends(Scene scene, int mark, ActKind act) throws Exception {
    String id = admitted(scene, mark, act).getId();
    Admission end =
        scene.await(
            mark,
            Admission.class,
            "the end of " + act,
            each ->
                each.getId().equals(id)
                    && each.getState() != AdmissionState.ADMITTED
                    && each.getState() != AdmissionState.STARTED);
    if (end.getState() != AdmissionState.DONE) {
      scene.violated(act + " ended " + end.getState() + ": " + end.getText());
    }
  }
}
