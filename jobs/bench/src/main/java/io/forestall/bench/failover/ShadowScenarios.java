package io.forestall.bench.failover;

import io.forestall.bench.failover.FailoverTrial.Play;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.ShadowStatus;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A volume gets a shadow, which follows it and takes it over, while whoever takes part is killed,
 * and at the end all copies hold the same bytes: the list of all scenarios.
 */
final class ShadowScenarios {

  private static final Duration WINDOW = Duration.ofMinutes(10);
  private static final Duration CUT = Duration.ofSeconds(8);

  private ShadowScenarios() {}

  /** Who is killed. */
  private enum Victim {
    OWNER,
    SHADOW,
    BROKER,
    TASK_MANAGER;

    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** What happens to a shadow. */
  interface Deed {
    void to(Shadowed shadowed) throws Exception;
  }

  /** Those that need nothing but processes. */
  static Map<String, Play> plain() {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("follows", play(ShadowScenarios::follows));
    plays.put("switched", play(shadowed -> switched(shadowed, null)));
    plays.put("planned", play(ShadowScenarios::planned));
    for (Victim each : Victim.values()) {
      plays.put("copying-" + each.word(), play(shadowed -> copying(shadowed, each)));
    }
    for (Victim each : Victim.values()) {
      plays.put("following-" + each.word(), play(shadowed -> following(shadowed, each)));
    }
    for (Victim each : Victim.values()) {
      plays.put("switching-" + each.word(), play(shadowed -> switched(shadowed, each)));
    }
    plays.put("lost-deltas", play(ShadowDamage::lostDeltas));
    plays.put("poisoned-deltas", play(ShadowDamage::poisoned));
    plays.put("stale-epoch", play(ShadowDamage::staleEpoch));
    plays.put("full-disk", play(ShadowDamage::fullDisk));
    plays.put("old-savepoint", play(ShadowScenarios::oldSavepoint));
    return plays;
  }

  /** Those that need a network of their own for one node. */
  static Map<String, Play> inNamespace() {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("cut-off-owner", new Shadowed.Scenario("n1", "n2", "n3", ShadowScenarios::cutOff));
    plays.put("cut-off-shadow", new Shadowed.Scenario("n2", "n3", "n1", ShadowScenarios::cutOff));
    return plays;
  }

  /** Those in which the sense job says how likely nodes fail, and nobody else. */
  static Map<String, Play> sensed() {
    Map<String, Play> plays = new LinkedHashMap<>();
    String ill = Machines.place(0).node();
    String owner = Machines.place(1).node();
    String replica = Machines.place(2).node();
    String shadow = Machines.place(3).node();
    // Who is shadow of the first is for the jobs to choose.
    plays.put("rising-risk", new Shadowed.Scenario(ill, owner, "", RisingRisk::play));
    plays.put(
        "rot-shadow",
        new Shadowed.Scenario(
            owner, replica, shadow, shadowed -> ShadowDamage.rot(shadowed, shadowed.shadow())));
    plays.put(
        "rot-owner",
        new Shadowed.Scenario(
            owner, replica, shadow, shadowed -> ShadowDamage.rot(shadowed, shadowed.owner())));
    return plays;
  }

  private static Play play(Deed deed) {
    return new Shadowed.Scenario("n1", "n2", Field.SMALL, deed);
  }

  /** It is copied and follows, and a whole round is verified. */
  private static void follows(Shadowed shadowed) throws Exception {
    shadowed.begins();
    shadowed.scene().work();
    long millis = System.currentTimeMillis();
    shadowed.awaitStanding(
        "a round is verified",
        each -> each.getTimeMillis() > millis && each.getVerifiedRound() > 0);
  }

  /** The owner's node is to be maintained, and the shadow takes over. */
  private static void planned(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    String owner = shadowed.owner();
    shadowed.asOnlyTarget(
        () -> {
          int mark = scene.now();
          try {
            scene.moves(() -> scene.pool().evacuate(owner, WINDOW));
            scene.endsWith(mark);
          } finally {
            scene.pool().maintained(owner);
          }
        });
    shadowed.tookOver();
  }

  /**
   * The owner is expected to fail, the shadow takes over, and somebody may be killed in between.
   */
  private static void switched(Shadowed shadowed, @Nullable Victim victim) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    String owner = shadowed.owner();
    shadowed.asOnlyTarget(
        () -> {
          int mark = scene.now();
          scene.moves(
              () -> {
                scene.pool().expectedToFail(owner);
                if (victim != null) {
                  scene.await(
                      mark,
                      Command.class,
                      "the command to promote",
                      each -> each.getKind() == CommandKind.PROMOTE);
                  kill(shadowed, victim);
                }
              });
          scene.endsWith(
              mark,
              victim == null
                  ? new AdmissionState[0]
                  : new AdmissionState[] {AdmissionState.DONE, AdmissionState.GIVEN_BACK});
          scene.field().mend();
        });
    shadowed.tookOver();
  }

  /** Somebody is killed while the shadow still fetches. */
  private static void copying(Shadowed shadowed, Victim victim) throws Exception {
    shadowed.loads();
    shadowed.isMapped(CopyState.COPYING);
    ShadowStatus met =
        shadowed.awaitStanding(
            "it fetches",
            each ->
                each.getState() == CopyState.IN_SYNC
                    || (each.getMissingBytes() > 0
                        && each.getMissingBytes() < FailoverTrial.SEGMENT_BYTES));
    if (met.getState() == CopyState.IN_SYNC) {
      shadowed.scene().violated("it was in sync before anybody could be killed");
    }
    shadowed.scene().note(met.getMissingBytes() / (1 << 20) + " MiB were still to be fetched");
    struck(shadowed, victim);
  }

  /** Somebody is killed while the shadow follows. */
  private static void following(Shadowed shadowed, Victim victim) throws Exception {
    shadowed.begins();
    struck(shadowed, victim);
  }

  private static void struck(Shadowed shadowed, Victim victim) throws Exception {
    Scene scene = shadowed.scene();
    if (victim == Victim.OWNER) {
      // Nobody foresaw it: whoever is in sync takes over.
      int mark = scene.now();
      scene.moves(() -> kill(shadowed, victim));
      scene.endsWith(mark);
    } else {
      scene.pauses(() -> kill(shadowed, victim));
    }
    scene.field().mend();
    scene.work();
    shadowed.awaitInSyncAgain();
  }

  private static void kill(Shadowed shadowed, Victim victim) throws Exception {
    Scene scene = shadowed.scene();
    switch (victim) {
      case OWNER -> scene.node(shadowed.owner()).process().kill();
      case SHADOW -> {
        scene.node(shadowed.shadow()).process().kill();
        scene.field().startAgain(shadowed.shadow());
      }
      case BROKER -> {
        scene.field().broker().process().kill();
        scene.field().broker().start();
      }
      case TASK_MANAGER -> {
        scene.field().jobs().killTaskManager();
        scene.field().jobs().start();
        scene.field().jobs().awaitRunning("move");
      }
    }
  }

  /** The job goes on from a savepoint, and later from the same one again, which is old by then. */
  private static void oldSavepoint(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    Jobs jobs = scene.field().jobs();
    long resyncs = shadowed.standing().getResyncs();
    String savepoint = jobs.stopWithSavepoint("move");
    scene.work();
    jobs.submit("move", Field.moveOptions(), "--from", savepoint);
    scene.work();
    shadowed.awaitInSyncAgain();
    jobs.cancel("move");
    scene.work();
    jobs.submit("move", Field.moveOptions(), "--from", savepoint);
    scene.work();
    ShadowStatus last = shadowed.awaitInSyncAgain();
    if (last.getResyncs() > resyncs) {
      scene.violated(
          "the stream had a gap: "
              + (last.getResyncs() - resyncs)
              + " resyncs since the savepoint, of which nothing was lost");
    }
  }

  /** The node in a network of its own loses the broker for a while, clients still reach it. */
  private static void cutOff(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    long resyncs = shadowed.standing().getResyncs();
    int mark = scene.now();
    scene.pauses(
        () -> {
          scene.field().cut();
          try {
            Thread.sleep(CUT.toMillis());
          } finally {
            scene.field().heal();
          }
        });
    ShadowStatus last = shadowed.awaitInSyncAgain();
    scene.note("cut off for " + CUT.toSeconds() + " s");
    shadowed.said(mark).stream()
        .filter(each -> each.getState() != CopyState.IN_SYNC)
        .max(Comparator.comparingLong(ShadowStatus::getLagMillis))
        .ifPresent(
            each -> scene.note("the shadow was " + each.getState() + " (" + each.getText() + ")"));
    scene.note(last.getResyncs() - resyncs + " resyncs");
    for (Admission each : scene.field().tape().since(mark, Admission.class)) {
      if (each.getState() != AdmissionState.ADMITTED && each.getState() != AdmissionState.STARTED) {
        scene.note(each.getAct() + " " + each.getState() + ": " + each.getText());
      }
    }
  }
}
