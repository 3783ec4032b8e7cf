package io.forestall.topologies;

import io.forestall.operators.train.TrainerFactory;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.ScoredDrive;
import io.forestall.risk.learn.Trainer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * Trainers that train nothing: their challengers know the failing disks, and their bytes say what
 * they were trained on. A gate holds them while a test looks.
 */
final class TestingTrainers implements Trainer {

  private static final Map<String, TestingTrainers> BY_NAME = new ConcurrentHashMap<>();

  final CountDownLatch gate;
  final List<Task> tasks = Collections.synchronizedList(new ArrayList<>());

  private TestingTrainers(int waits) {
    this.gate = new CountDownLatch(waits);
  }

  /** A trainer under a name; held until its gate is opened when it is to wait. */
  static TestingTrainers named(String name, boolean waits) {
    TestingTrainers trainer = new TestingTrainers(waits ? 1 : 0);
    BY_NAME.put(name, trainer);
    return trainer;
  }

  static TrainerFactory factory(String name) {
    return () -> Objects.requireNonNull(BY_NAME.get(name));
  }

  @Override
  public Trained train(Task task, Consumer<String> news) {
    tasks.add(task);
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    news.accept("trained");
    List<ScoredDrive> scored = new ArrayList<>();
    for (DriveLog log : task.plan().heldOut()) {
      int[] days =
          Arrays.stream(log.days())
              .filter(day -> day >= task.plan().testFirstDay() && day <= task.plan().testLastDay())
              .toArray();
      double[] one = new double[days.length];
      double[] other = new double[days.length];
      for (int i = 0; i < days.length; i++) {
        boolean fails =
            log.failureDay() != DriveLog.NEVER && log.failureDay() - days[i] <= task.horizonDays();
        one[i] = 0.02;
        other[i] = fails ? 0.9 : 0.001;
      }
      scored.add(
          new ScoredDrive(log.serial(), log.lastDay(), log.failureDay(), 1, days, one, other));
    }
    return new Trained(
        "disk-lstm",
        task.version(),
        "testing-1",
        (task.seed() + " " + task.plan()).getBytes(StandardCharsets.UTF_8),
        "A card.",
        scored);
  }
}
