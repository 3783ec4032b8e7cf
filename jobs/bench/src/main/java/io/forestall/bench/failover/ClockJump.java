package io.forestall.bench.failover;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The owner's wall clock jumps an hour ahead and two back, while its monotonic clock runs on: a
 * file says by how much it is wrong.
 */
final class ClockJump implements FailoverTrial.Play {

  private static final Path FAKE_TIME =
      Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");

  /** The node whose clock is moved. It starts anew, which would move what it owned before. */
  private static final String JUMPER = "n1";

  @Override
  public void prepare(Field field) throws Exception {
    if (!Files.exists(FAKE_TIME)) {
      return;
    }
    Files.writeString(field.clock(), "+0");
    field.startIn(
        JUMPER,
        Map.of(
            "LD_PRELOAD", FAKE_TIME.toString(),
            "FAKETIME_TIMESTAMP_FILE", field.clock().toString(),
            "FAKETIME_NO_CACHE", "1",
            "FAKETIME_DONT_FAKE_MONOTONIC", "1",
            "DONT_FAKE_MONOTONIC", "1"));
    field.pool().returned(JUMPER);
  }

  @Override
  public void go(Scene scene) throws Exception {
    if (!Files.exists(FAKE_TIME)) {
      scene.note("left out: libfaketime is not installed");
      return;
    }
    Path clock = scene.field().clock();
    try {
      scene.work();
      Files.writeString(clock, "+3600");
      scene.work();
      scene.leaves(mark -> {});
      Files.writeString(clock, "-3600");
      scene.work();
      String owner = scene.owner();
      int mark = scene.now();
      scene.pool().expectedToFail(owner);
      // A target whose clock is wrong by an hour may refuse: it costs an act, never a write.
      scene.note("with a clock an hour behind the act ended " + scene.ended(mark).getState());
      scene.pool().returned(owner);
      scene.work();
    } finally {
      scene.field().startIn(JUMPER, Map.of());
      scene.pool().returned(JUMPER);
    }
    scene.served();
  }
}
