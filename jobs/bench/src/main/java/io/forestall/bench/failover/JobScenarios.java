package io.forestall.bench.failover;

import io.forestall.schemas.Event;
import java.util.List;

/** What is done to Flink while a volume moves. */
final class JobScenarios {

  /** Steps of the saga as its events name them, in order. */
  static final List<String> STEPS =
      List.of(
          "CHECKING",
          "PREPARING",
          "INSTRUCTED",
          "FENCED",
          "DRAINED",
          "PROMOTED",
          "MAPPED",
          "CONFIRMED");

  private static final String LAST = STEPS.get(STEPS.size() - 1);
  private static final int TRIES = 5;

  private JobScenarios() {}

  /**
   * kill -9 of the TaskManager as soon as the saga has said that it took a step. An act that learns
   * of two steps at once speaks of the second only; then another act is tried.
   */
  static void taskManager(Scene scene, String step) throws Exception {
    boolean[] killed = new boolean[1];
    for (int tried = 1; tried <= TRIES && !killed[0]; tried++) {
      scene.leaves(
          mark -> {
            Event said =
                scene.await(
                    mark,
                    Event.class,
                    "the saga's step " + step,
                    each -> isStep(each, step) || isStep(each, LAST));
            if (isStep(said, step)) {
              scene.field().jobs().killTaskManager();
              killed[0] = true;
              scene.field().jobs().start();
            }
          });
    }
    if (!killed[0]) {
      scene.violated("no act said that it was " + step + ": nothing was tried");
    }
  }

  private static boolean isStep(Event event, String step) {
    return event.getType().equals("saga.step") && step.equals(event.getLabels().get("state"));
  }

  /** The guard and the saga start from a savepoint that knows nothing of what was done since. */
  static void oldSavepoint(Scene scene) throws Exception {
    Jobs jobs = scene.field().jobs();
    String savepoint = jobs.stopWithSavepoint("decide");
    jobs.submit("decide", scene.field().decideOptions(), "--from", savepoint);
    scene.leaves(mark -> {});
    jobs.cancel("decide");
    int mark = scene.now();
    jobs.submit("decide", scene.field().decideOptions(), "--from", savepoint);
    scene.served();
    scene.leaves(after -> {});
    int fences = scene.fences(mark).size();
    if (fences != 1) {
      scene.violated(fences + " takeovers after the old savepoint, one was asked for");
    }
  }

  /**
   * Flink dies when the fence stands and the target has not begun to drain; the takeover completes,
   * and the target dies and comes back, before anybody brings Flink back.
   */
  static void noFlink(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.now();
    String target =
        scene.moves(
            () ->
                scene.withOneTarget(
                    only -> scene.leavesHalfWay(mark, only, scene.field().jobs()::killAll)));
    scene.work();
    scene.node(target).process().kill();
    scene.comesBack(target);
    scene.work();
    scene.note("clients went on without Flink");
    scene.field().restartJobs();
    scene.endsWith(mark);
    scene.pool().returned(owner);
  }
}
