package io.forestall.bench.failover;

import io.forestall.bench.failover.FailoverTrial.Play;
import io.forestall.decisions.ActKind;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.Event;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** What is done to the volume's owner, its target, the jobs and the broker. */
final class Scenarios {

  private static final Duration SOON = Duration.ofSeconds(60);

  /** Steps of the saga as its events name them, in order. */
  private static final List<String> STEPS =
      List.of(
          "CHECKING",
          "PREPARING",
          "INSTRUCTED",
          "FENCED",
          "DRAINED",
          "PROMOTED",
          "MAPPED",
          "CONFIRMED");

  /** Where a node appends what its journal holds: entered after the fsync. */
  private static final String SHELL = "io.forestall.nodes.node.ReferenceNode$Actions";

  private static final Path FAKE_TIME =
      Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");

  private Scenarios() {}

  /** Those that need nothing but processes. */
  static Map<String, Play> plain(int rounds) {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("predicted", scene -> predicted(scene, rounds));
    plays.put("failback", Scenarios::failback);
    plays.put("killed", scene -> killed(scene, rounds));
    plays.put("stopped", scene -> stopped(scene));
    for (String step : STEPS) {
      plays.put(
          "task-manager-" + step.toLowerCase(java.util.Locale.ROOT), s -> taskManager(s, step));
    }
    plays.put("broker-restart", Scenarios::brokerRestart);
    plays.put("target-dies-in-check", Scenarios::targetDiesInCheck);
    plays.put("target-dies-in-drain", Scenarios::targetDiesInDrain);
    plays.put("acks-doubled", Scenarios::acksDoubled);
    plays.put("acks-lost", Scenarios::acksLost);
    plays.put("two-incidents", Scenarios::twoIncidents);
    plays.put("old-savepoint", Scenarios::oldSavepoint);
    plays.put("forged-commands", Forgeries::play);
    plays.put(
        "clock-jump",
        new Play() {
          @Override
          public void prepare(Field field) throws Exception {
            jumpingClock(field);
          }

          @Override
          public void go(Scene scene) throws Exception {
            clockJump(scene);
          }
        });
    plays.put("no-flink", Scenarios::noFlink);
    return plays;
  }

  /** Those that need a network of their own for the owner. */
  static Map<String, Play> inNamespace(int rounds) {
    Map<String, Play> plays = new LinkedHashMap<>();
    plays.put("cut-off", scene -> cutOff(scene, rounds));
    return plays;
  }

  /** Failover and back again, as often as asked. */
  private static void predicted(Scene scene, int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      predictedOnce(scene);
    }
  }

  private static void predictedOnce(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    scene.moves(() -> scene.field().pool().expectedToFail(owner));
    scene.endsWith(mark, AdmissionState.DONE);
    scene.field().pool().returned(owner);
  }

  /** Away from a node and, once it is well again, back to it by an act of its own. */
  private static void failback(Scene scene) throws Exception {
    String owner = scene.owner();
    predictedOnce(scene);
    int mark = scene.field().tape().mark();
    scene.field().pool().mode(ActKind.FAILBACK, "act");
    try {
      String back = scene.moves(() -> {});
      scene.endsWith(mark, AdmissionState.DONE);
      if (!back.equals(owner)) {
        scene.violated("it went to " + back + " and not back to " + owner);
      }
    } finally {
      scene.field().pool().mode(ActKind.FAILBACK, "advise");
    }
  }

  /** kill -9 of the owner; its process comes back while clients work on. */
  private static void killed(Scene scene, int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      String owner = scene.owner();
      int mark = scene.field().tape().mark();
      scene.moves(() -> scene.field().node(owner).process().kill());
      scene.endsWith(mark, AdmissionState.DONE);
      scene.field().startAgain(owner);
      scene.field().pool().returned(owner);
      scene.served();
    }
  }

  /** The owner stands still between fsync and append, another is promoted, and it goes on. */
  private static void stopped(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    Field.Node node = scene.field().node(owner);
    try (Debugger debugger = Debugger.attach(node.debuggerPort())) {
      scene.moves(
          () -> {
            debugger.stopAtEntry(SHELL, "append", SOON);
            node.process().stop();
          });
      node.process().resume();
      debugger.goOn();
    }
    scene.endsWith(mark, AdmissionState.DONE);
    scene.field().pool().returned(owner);
    scene.work();
  }

  /** kill -9 of the TaskManager as soon as the saga has said that it took a step. */
  private static void taskManager(Scene scene, String step) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    AtomicBoolean killed = new AtomicBoolean();
    scene.moves(
        () -> {
          scene.field().pool().expectedToFail(owner);
          scene
              .field()
              .tape()
              .await(
                  mark, Event.class, "the saga's step " + step, SOON, event -> isStep(event, step));
          scene.field().jobs().killTaskManager();
          killed.set(true);
          scene.field().jobs().start();
        });
    scene.endsWith(mark, AdmissionState.DONE);
    scene.field().pool().returned(owner);
  }

  private static boolean isStep(Event event, String step) {
    return event.getType().equals("saga.step") && step.equals(event.getLabels().get("state"));
  }

  /** The broker is killed between instruction and end. */
  private static void brokerRestart(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    scene.moves(
        () -> {
          scene.field().pool().expectedToFail(owner);
          scene
              .field()
              .tape()
              .await(
                  mark,
                  Command.class,
                  "the command to promote",
                  SOON,
                  each -> each.getKind() == CommandKind.PROMOTE);
          scene.field().broker().process().kill();
          scene.field().broker().start();
        });
    scene.endsWith(mark, AdmissionState.DONE, AdmissionState.GIVEN_BACK);
    scene.field().pool().returned(owner);
  }

  private static void targetDiesInCheck(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    long beginNanos = System.nanoTime();
    scene.field().pool().expectedToFail(owner);
    Tape.Seen probe =
        scene
            .field()
            .tape()
            .await(
                mark,
                Command.class,
                "a probe of the target",
                SOON,
                each ->
                    each.getKind() == CommandKind.PROBE
                        && !each.getAddressee().getId().equals(owner));
    String target = ((Command) probe.value()).getAddressee().getId();
    scene.field().node(target).process().kill();
    scene.note("killed " + target);
    scene.ended(mark);
    scene.served();
    scene.pauses().addAll(scene.recorder().longestWritesSince(beginNanos));
    scene.field().startAgain(target);
    scene.field().pool().returned(target);
    scene.field().pool().returned(owner);
  }

  private static void targetDiesInDrain(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    long beginNanos = System.nanoTime();
    scene.field().pool().expectedToFail(owner);
    Tape.Seen fence =
        scene
            .field()
            .tape()
            .await(
                mark,
                Ownership.class,
                "the fence",
                SOON,
                each -> each.getKind() == OwnershipKind.TAKEOVER);
    String target = ((Ownership) fence.value()).getOwner().getId();
    scene.field().node(target).process().kill();
    scene.note("killed " + target);
    scene.field().pool().returned(owner);
    // Another takes over from the dead target, or the target itself comes back.
    scene.served();
    scene.pauses().addAll(scene.recorder().longestWritesSince(beginNanos));
    scene.field().startAgain(target);
    scene.field().pool().returned(target);
    scene.work();
  }

  /** Every ack of the act is written once more. */
  private static void acksDoubled(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    AtomicBoolean goOn = new AtomicBoolean(true);
    Thread doubler =
        new Thread(
            () -> {
              int next = mark;
              while (goOn.get()) {
                int end = scene.field().tape().mark();
                for (Tape.Seen each : scene.field().tape().all(next).subList(0, end - next)) {
                  if (each.value() instanceof Ack ack
                      && ack.getStatus() != AckStatus.UNKNOWN
                      && !ack.getCommand().startsWith("act/")) {
                    try {
                      scene.field().pool().send(Topics.ACKS, each.key(), each.bytes());
                    } catch (Exception e) {
                      scene.violated("an ack could not be doubled: " + e);
                    }
                  }
                }
                // What was written here is not doubled again.
                next = scene.field().tape().mark();
                java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
              }
            },
            "doubler");
    doubler.start();
    try {
      scene.moves(() -> scene.field().pool().expectedToFail(owner));
      scene.endsWith(mark, AdmissionState.DONE);
    } finally {
      goOn.set(false);
      doubler.join();
    }
    scene.field().pool().returned(owner);
  }

  /** Every second ack of every node but the owner is never written. */
  private static void acksLost(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    AtomicBoolean goOn = new AtomicBoolean(true);
    AtomicInteger lost = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (Field.Node each : scene.field().nodes()) {
      if (each.id().equals(owner)) {
        continue;
      }
      AtomicInteger seen = new AtomicInteger();
      Debugger debugger = Debugger.attach(each.debuggerPort());
      Thread thread =
          new Thread(
              () -> {
                try (debugger) {
                  lost.addAndGet(
                      debugger.dropCalls(
                          SHELL, "ack", goOn::get, () -> seen.getAndIncrement() % 2 == 0));
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              },
              "lose-acks-" + each.id());
      thread.start();
      threads.add(thread);
    }
    try {
      scene.moves(() -> scene.field().pool().expectedToFail(owner));
      scene.endsWith(mark, AdmissionState.DONE);
    } finally {
      goOn.set(false);
      for (Thread each : threads) {
        each.join();
      }
    }
    scene.note(lost + " acks lost");
    if (lost.get() == 0) {
      scene.violated("no ack was lost: nothing was tried");
    }
    scene.field().pool().returned(owner);
  }

  /** Node n1 runs by a wall clock that a file moves; its restart moves what it owned before. */
  private static void jumpingClock(Field field) throws Exception {
    if (!Files.exists(FAKE_TIME)) {
      return;
    }
    Files.writeString(field.clock(), "+0");
    field.startIn(
        "n1",
        Map.of(
            "LD_PRELOAD", FAKE_TIME.toString(),
            "FAKETIME_TIMESTAMP_FILE", field.clock().toString(),
            "FAKETIME_NO_CACHE", "1",
            "FAKETIME_DONT_FAKE_MONOTONIC", "1",
            "DONT_FAKE_MONOTONIC", "1"));
    field.pool().returned("n1");
  }

  /** The owner's wall clock jumps an hour ahead and two back, while its monotonic clock runs on. */
  private static void clockJump(Scene scene) throws Exception {
    if (!Files.exists(FAKE_TIME)) {
      scene.note("left out: libfaketime is not installed");
      return;
    }
    String jumper = scene.owner();
    Path clock = scene.field().clock();
    try {
      scene.work();
      Files.writeString(clock, "+3600");
      scene.work();
      predictedOnce(scene);
      Files.writeString(clock, "-3600");
      scene.work();
      String owner = scene.owner();
      int mark = scene.field().tape().mark();
      scene.field().pool().expectedToFail(owner);
      // A target whose clock is wrong by an hour may refuse: it costs an act, never a write.
      scene.note("with a clock an hour behind the act ended " + scene.ended(mark).getState());
      scene.field().pool().returned(owner);
      scene.work();
    } finally {
      scene.field().startIn(jumper, Map.of());
      scene.field().pool().returned(jumper);
    }
    scene.served();
  }

  /** The node is expected to fail, and its manager says at the same time that it has. */
  private static void twoIncidents(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    scene.moves(
        () -> {
          scene.field().pool().expectedToFail(owner);
          scene.field().pool().failed(owner);
        });
    scene.endsWith(mark, AdmissionState.DONE);
    long fences =
        scene.field().tape().since(mark, Ownership.class).stream()
            .filter(each -> each.getKind() == OwnershipKind.TAKEOVER)
            .filter(
                each ->
                    each.getUnits().stream().anyMatch(step -> step.getUnit().equals(scene.unit())))
            .count();
    scene.note(fences + " takeovers of the volume");
    scene.field().pool().returned(owner);
  }

  /** The guard and the saga start from a savepoint that knows nothing of what was done since. */
  private static void oldSavepoint(Scene scene) throws Exception {
    Jobs jobs = scene.field().jobs();
    String savepoint = jobs.stopWithSavepoint("decide");
    jobs.submit("decide", scene.field().decideOptions(), "--from", savepoint);
    predictedOnce(scene);
    jobs.cancel("decide");
    int mark = scene.field().tape().mark();
    jobs.submit("decide", scene.field().decideOptions(), "--from", savepoint);
    scene.served();
    predictedOnce(scene);
    long fences =
        scene.field().tape().since(mark, Ownership.class).stream()
            .filter(each -> each.getKind() == OwnershipKind.TAKEOVER)
            .count();
    if (fences != 1) {
      scene.violated(fences + " takeovers after the old savepoint, one was asked for");
    }
  }

  /** Flink dies as soon as the fence stands; nobody brings it back until clients are served. */
  private static void noFlink(Scene scene) throws Exception {
    String owner = scene.owner();
    int mark = scene.field().tape().mark();
    scene.moves(
        () -> {
          scene.field().pool().expectedToFail(owner);
          scene
              .field()
              .tape()
              .await(
                  mark,
                  Ownership.class,
                  "the fence",
                  SOON,
                  each -> each.getKind() == OwnershipKind.TAKEOVER);
          scene.field().jobs().killAll();
        });
    scene.served();
    scene.note("clients went on without Flink");
    scene.field().restartJobs();
    scene.endsWith(mark, AdmissionState.DONE);
    scene.field().pool().returned(owner);
  }

  /** The owner loses the broker while every client still reaches it; another is promoted. */
  private static void cutOff(Scene scene, int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      if (!scene.owner().equals("n1")) {
        return;
      }
      int mark = scene.field().tape().mark();
      scene.moves(
          () -> {
            scene.field().cut();
            // Said to be dead it would be asked for by witnesses, and they do reach it.
            scene.field().pool().expectedToFail("n1");
          });
      scene.endsWith(mark, AdmissionState.DONE);
      scene.field().heal();
      scene.field().pool().returned("n1");
      scene.work();
    }
  }
}
