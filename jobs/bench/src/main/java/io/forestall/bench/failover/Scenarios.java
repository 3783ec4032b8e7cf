package io.forestall.bench.failover;

import io.forestall.bench.failover.FailoverTrial.Play;
import io.forestall.decisions.ActKind;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What is done to the volume's owner, its target and the broker, and the list of all scenarios. */
final class Scenarios {

  private static final Duration SOON = Duration.ofSeconds(60);

  /** The node that can be cut off from the broker. */
  private static final String CUT = "n1";

  /** How long clients may wait for an owner that is cut off and said to be dead. */
  private static final Duration CUT_OFF_PAUSE = Duration.ofSeconds(30);

  private static final Duration WINDOW = Duration.ofMinutes(10);

  private Scenarios() {}

  /** Those that need nothing but processes. */
  static Map<String, Play> plain(int rounds) {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("predicted", often(rounds, scene -> scene.leaves(mark -> {})));
    plays.put("failback", Scenarios::failback);
    plays.put("maintenance", Scenarios::maintenance);
    plays.put("killed", often(rounds, Scenarios::killed));
    plays.put("stopped", Scenarios::stopped);
    for (String step : JobScenarios.STEPS) {
      plays.put(
          "task-manager-" + step.toLowerCase(Locale.ROOT),
          scene -> JobScenarios.taskManager(scene, step));
    }
    plays.put("broker-restart", Scenarios::brokerRestart);
    plays.put("target-dies-in-check", Scenarios::targetDiesInCheck);
    plays.put("target-dies-in-drain", Scenarios::targetDiesInDrain);
    plays.put("acks-doubled", AckScenarios::doubled);
    plays.put("acks-lost", AckScenarios::lost);
    plays.put("two-incidents", Scenarios::twoIncidents);
    plays.put("old-savepoint", JobScenarios::oldSavepoint);
    plays.put("forged-commands", Forgeries::play);
    plays.put("clock-jump", new ClockJump());
    plays.put("no-flink", JobScenarios::noFlink);
    return plays;
  }

  /** Those that need a network of their own for the owner. */
  static Map<String, Play> inNamespace(int rounds) {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("cut-off", often(rounds, Scenarios::cutOff));
    plays.put("cut-off-said-dead", often(rounds, Scenarios::cutOffAndSaidDead));
    return plays;
  }

  private static Play often(int rounds, Play play) {
    return scene -> {
      for (int i = 0; i < rounds; i++) {
        play.go(scene);
      }
    };
  }

  /** Away from a node and, once it is well again, back to it by an act of its own. */
  private static void failback(Scene scene) throws Exception {
    String owner = scene.owner();
    scene.leaves(mark -> {});
    int mark = scene.now();
    scene.pool().mode(ActKind.FAILBACK, "act");
    try {
      String back = scene.moves(() -> {});
      scene.endsWith(mark);
      if (!back.equals(owner)) {
        scene.violated("it went to " + back + " and not back to " + owner);
      }
    } finally {
      scene.pool().mode(ActKind.FAILBACK, "advise");
    }
  }

  /** A window in which its node shall be empty begins. */
  private static void maintenance(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    try {
      scene.moves(() -> scene.pool().evacuate(owner, WINDOW));
      scene.endsWith(mark);
    } finally {
      scene.pool().maintained(owner);
    }
  }

  /** kill -9 of the owner; its process comes back while clients work on. */
  private static void killed(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    scene.moves(() -> scene.node(owner).process().kill());
    scene.endsWith(mark);
    scene.comesBack(owner);
    scene.served();
  }

  /** The owner stands still between fsync and append, another is promoted, and it goes on. */
  private static void stopped(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    Field.Node node = scene.node(owner);
    try (Debugger debugger = Debugger.attach(node.debuggerPort())) {
      scene.moves(
          () -> {
            debugger.stopAtEntry(AckScenarios.SHELL, "append", SOON);
            node.process().stop();
          });
      node.process().resume();
      debugger.goOn();
    }
    scene.endsWith(mark);
    scene.pool().returned(owner);
    scene.work();
  }

  /** The broker is killed between instruction and end. */
  private static void brokerRestart(Scene scene) throws Exception {
    scene.leaves(
        mark -> {
          scene.await(
              mark,
              Command.class,
              "the command to promote",
              each -> each.getKind() == CommandKind.PROMOTE);
          long downNanos = System.nanoTime();
          scene.field().broker().process().kill();
          scene.field().broker().start();
          scene.note(
              "the broker was away for "
                  + Quantiles.number((System.nanoTime() - downNanos) / 1e6)
                  + " ms");
        },
        AdmissionState.DONE,
        AdmissionState.GIVEN_BACK);
  }

  private static void targetDiesInCheck(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    String[] target = new String[1];
    scene.pauses(
        () -> {
          scene.pool().expectedToFail(owner);
          target[0] =
              scene
                  .await(
                      mark,
                      Command.class,
                      "a probe of the target",
                      each ->
                          each.getKind() == CommandKind.PROBE
                              && !each.getAddressee().getId().equals(owner))
                  .getAddressee()
                  .getId();
          scene.node(target[0]).process().kill();
          scene.note("killed " + target[0]);
          scene.ended(mark);
        });
    scene.comesBack(target[0]);
    scene.pool().returned(owner);
  }

  private static void targetDiesInDrain(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    // Another takes over from the dead target.
    scene.pauses(
        () -> {
          scene.withOneTarget(
              target -> {
                scene.note("killed " + target);
                scene.leavesHalfWay(mark, target, () -> scene.node(target).process().kill());
              });
          scene.pool().returned(owner);
          scene.field().awaitOwnerOtherThan(scene.unit(), scene.owner());
        });
    scene.field().mend();
    scene.work();
  }

  /** The node is expected to fail, and its manager says at the same time that it has. */
  private static void twoIncidents(Scene scene) throws Exception {
    String owner = scene.owner();
    int begin = scene.now();
    scene.leaves(mark -> scene.pool().failed(owner));
    long fences =
        scene.fences(begin).stream()
            .filter(
                each ->
                    each.getUnits().stream().anyMatch(step -> step.getUnit().equals(scene.unit())))
            .count();
    scene.note(fences + " takeovers of the volume");
  }

  /** The owner loses the broker while every client still reaches it; another is promoted. */
  private static void cutOff(Scene scene) throws Exception {
    cut(scene, () -> scene.pool().expectedToFail(CUT));
  }

  /**
   * The same, and nobody had expected it: its manager takes it for dead, its peers still reach it.
   */
  private static void cutOffAndSaidDead(Scene scene) throws Exception {
    cut(scene, () -> scene.pool().failed(CUT));
    double longest = scene.pauses().millis(1);
    if (longest > CUT_OFF_PAUSE.toMillis()) {
      scene.violated("clients waited for " + Quantiles.number(longest) + " ms");
    }
  }

  private static void cut(Scene scene, Scene.Strike said) throws Exception {
    comeTo(scene, CUT);
    int mark = scene.now();
    try {
      scene.moves(
          () -> {
            scene.field().cut();
            said.now();
          });
      scene.endsWith(mark);
    } finally {
      scene.field().heal();
    }
    scene.pool().returned(CUT);
    scene.work();
  }

  /** The volume comes to a node, for the third is no target meanwhile. */
  private static void comeTo(Scene scene, String node) throws Exception {
    String owner = scene.owner();
    if (owner.equals(node)) {
      return;
    }
    String third = scene.third(owner, node);
    scene.pool().ails(third);
    scene.leaves(mark -> {});
    scene.pool().returned(third);
    if (!scene.owner().equals(node)) {
      throw new IllegalStateException(scene.unit() + " went to " + scene.owner());
    }
  }
}
