package io.forestall.bench.failover;

import io.forestall.schemas.Ack;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** What is done to the answers of nodes while a volume moves. */
final class AckScenarios {

  /** What a node does for its protocol: its journal is synced before it appends here. */
  static final String SHELL = "io.forestall.nodes.node.ReferenceNode$Actions";

  private static final long LOOK_NANOS = 5_000_000;

  private AckScenarios() {}

  /** Every ack of the act is written once more. */
  static void doubled(Scene scene) throws Exception {
    AtomicBoolean goOn = new AtomicBoolean(true);
    AtomicInteger doubled = new AtomicInteger();
    int begin = scene.now();
    Thread doubler = new Thread(() -> doubleAcks(scene, begin, goOn, doubled), "doubler");
    doubler.start();
    try {
      scene.leaves(mark -> {});
    } finally {
      goOn.set(false);
      doubler.join();
    }
    tried(scene, doubled.get(), "acks doubled");
  }

  private static void doubleAcks(
      Scene scene, int begin, AtomicBoolean goOn, AtomicInteger doubled) {
    int next = begin;
    while (goOn.get()) {
      int end = scene.now();
      for (Tape.Seen each : scene.field().tape().all(next).subList(0, end - next)) {
        if (each.value() instanceof Ack ack
            && ack.getStatus() != AckStatus.UNKNOWN
            && !ack.getCommand().startsWith("act/")) {
          try {
            scene.pool().send(Topics.ACKS, each.key(), each.bytes());
            doubled.incrementAndGet();
          } catch (Exception e) {
            scene.violated("an ack could not be doubled: " + e);
          }
        }
      }
      // What was written here is not doubled again.
      next = scene.now();
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** Every second ack of every node but the owner is never written. */
  static void lost(Scene scene) throws Exception {
    String owner = scene.owner();
    AtomicBoolean goOn = new AtomicBoolean(true);
    AtomicInteger lost = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (Field.Node each : scene.field().nodes()) {
      if (!each.id().equals(owner)) {
        Debugger debugger = Debugger.attach(each.debuggerPort());
        Thread thread = new Thread(() -> loseAcks(debugger, goOn, lost), "lose-acks-" + each.id());
        thread.start();
        threads.add(thread);
      }
    }
    try {
      scene.leaves(mark -> {});
    } finally {
      goOn.set(false);
      for (Thread each : threads) {
        each.join();
      }
    }
    tried(scene, lost.get(), "acks lost");
  }

  private static void loseAcks(Debugger debugger, AtomicBoolean goOn, AtomicInteger lost) {
    AtomicInteger seen = new AtomicInteger();
    try (debugger) {
      lost.addAndGet(
          debugger.dropCalls(SHELL, "ack", goOn::get, () -> seen.getAndIncrement() % 2 == 0));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void tried(Scene scene, int count, String what) {
    scene.note(count + " " + what);
    if (count == 0) {
      scene.violated("no " + what + ": nothing was tried");
    }
  }
}
