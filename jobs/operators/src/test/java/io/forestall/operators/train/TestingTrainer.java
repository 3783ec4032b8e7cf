package io.forestall.operators.train;

import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.ScoredDrive;
import io.forestall.risk.learn.Trainer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A trainer that trains nothing: its challenger marks so much of the failing disks, and its model
 * is what it was told. A gate holds it while a test looks.
 */
public final class TestingTrainer implements Trainer {

  private static final Map<String, Script> SCRIPTS = new ConcurrentHashMap<>();

  /** What a trainer does and has seen. */
  public static final class Script {
    /** Whether the challenger finds the failing disks; else the champion does. */
    public volatile boolean better = true;

    /** What both models say of every day, so that neither is better; 0 when one is. */
    public volatile double both;

    /** Thrown instead of a result. */
    public volatile @Nullable Throwable failure;

    /** The training waits for it. */
    public volatile CountDownLatch gate = new CountDownLatch(0);

    /** The tasks, oldest first. */
    public final List<Task> tasks = java.util.Collections.synchronizedList(new ArrayList<>());
  }

  private final Script script;

  private TestingTrainer(Script script) {
    this.script = script;
  }

  /** A script under a name of its own. */
  public static Script script(String name) {
    Script script = new Script();
    SCRIPTS.put(name, script);
    return script;
  }

  /** Trainers that follow a script. */
  public static TrainerFactory of(String name) {
    return () -> new TestingTrainer(Objects.requireNonNull(SCRIPTS.get(name)));
  }

  @Override
  public Trained train(Task task, Consumer<String> news) throws RefusedException {
    script.tasks.add(task);
    try {
      script.gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      news.accept("interrupted");
    }
    news.accept("trained");
    Throwable failure = script.failure;
    if (failure instanceof RefusedException refused) {
      throw refused;
    } else if (failure instanceof Error error) {
      throw error;
    } else if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    List<ScoredDrive> scored = new ArrayList<>();
    for (DriveLog log : task.plan().heldOut()) {
      int[] days =
          Arrays.stream(log.days())
              .filter(day -> day >= task.plan().testFirstDay() && day <= task.plan().testLastDay())
              .toArray();
      double[] base = new double[days.length];
      double[] found = new double[days.length];
      for (int i = 0; i < days.length; i++) {
        boolean fails =
            log.failureDay() != DriveLog.NEVER && log.failureDay() - days[i] <= task.horizonDays();
        base[i] = script.both > 0 ? script.both : 0.02;
        found[i] = script.both > 0 ? script.both : fails ? 0.9 : 0.001;
      }
      if (days.length > 0) {
        scored.add(
            new ScoredDrive(
                log.serial(),
                log.lastDay(),
                log.failureDay(),
                1,
                days,
                script.better ? base : found,
                script.better ? found : base));
      }
    }
    return new Trained(
        "disk-lstm",
        task.version(),
        "testing-1",
        ("model of " + task.version() + " from seed " + task.seed())
            .getBytes(StandardCharsets.UTF_8),
        "A card.",
        scored);
  }
}
