package io.forestall.sim.world;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Brings records from their writers to the logs: late, lost and tried again, twice; in order for
 * one writer, topic and key, in any order between keys. For one thread.
 */
final class Post {
  private final Timeline timeline;
  private final Logs logs;
  private final Dice dice;
  private final Scenario scenario;
  private boolean calm;

  Post(Timeline timeline, Logs logs, Dice dice, Scenario scenario) {
    this.timeline = timeline;
    this.logs = logs;
    this.dice = dice;
    this.scenario = scenario;
  }

  /** From now on nothing is lost or doubled any more. */
  void calm() {
    calm = true;
  }

  /** Somebody who writes. */
  Writer writer(String name) {
    return new Writer(name);
  }

  /** One writer, with its own order. */
  final class Writer {
    private final String name;
    private final Map<String, Long> lastMillis = new HashMap<>();
    private long pendingUntilMillis;
    private boolean dead;
    private double lostShare;
    private long slowMillis;

    private Writer(String name) {
      this.name = name;
    }

    /** Sends a record whose signature, where one is needed, is right. */
    void send(Topic topic, String key, String pool, @Nullable Object body) {
      send(topic, key, pool, body, true);
    }

    /** Sends a record. */
    void send(Topic topic, String key, String pool, @Nullable Object body, boolean genuine) {
      long due = timeline.nowMillis() + delayMillis() + slowMillis;
      String order = topic.ordinal() + key;
      Long before = lastMillis.get(order);
      if (before != null && before >= due) {
        due = before + 1;
      }
      deliver(due, topic, key, pool, body, genuine);
      if (!calm && dice.chance(scenario.value(Knob.DUPLICATES))) {
        due += dice.between(1, 500);
        deliver(due, topic, key, pool, body, genuine);
      }
      lastMillis.put(order, due);
      pendingUntilMillis = Math.max(pendingUntilMillis, due);
    }

    private void deliver(
        long due, Topic topic, String key, String pool, @Nullable Object body, boolean genuine) {
      timeline.at(
          due,
          () -> {
            // What a dead writer had sent may have left the machine, or not.
            if (!dead || !dice.chance(lostShare)) {
              logs.append(topic, key, pool, body, genuine, name, timeline.nowMillis());
            }
          });
    }

    private long delayMillis() {
      long delay = dice.between(0, 5);
      if (!calm) {
        delay += dice.between(0, (long) scenario.value(Knob.DELAY_MILLIS));
        while (dice.chance(scenario.value(Knob.LOSS))) {
          delay += dice.between(100, 3_000);
        }
      }
      return delay;
    }

    /** When everything sent so far has arrived. */
    long pendingUntilMillis() {
      return Math.max(pendingUntilMillis, timeline.nowMillis());
    }

    /** From now on everything it sends stays on its machine for so long first. */
    void slow(long millis) {
      slowMillis = millis;
    }

    /** The writer is gone: each record under way is lost with this probability. */
    void die(double share) {
      dead = true;
      lostShare = share;
    }
  }
}
