package io.forestall.sim.world;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * One running instance of a job: reads its topics in the order of each partition and in any order
 * between them, at least once, on a clock of its own. For one thread.
 */
abstract class Carrier {
  final Simulation world;
  final String job;
  final String incarnation;
  final Post.Writer writer;
  final Dice dice;

  /** How far its clock is off; an upgrade stays on its machine. */
  long skewMillis;

  private final List<Topic> sources;
  private final Map<Topic, int[]> positions = new EnumMap<>(Topic.class);
  private boolean stopped;
  private boolean polling;
  private long pausedUntilMillis;
  private long alarmAtMillis = Long.MAX_VALUE;

  Carrier(Simulation world, String job, int start, List<Topic> sources) {
    this.world = world;
    this.job = job;
    this.incarnation = job + "-" + start;
    this.writer = world.post.writer(incarnation);
    this.dice = world.dice.fork(incarnation);
    this.sources = sources;
    long skew = (long) world.scenario.value(Knob.SKEW_MILLIS);
    this.skewMillis = dice.between(-skew, skew);
    for (Topic topic : sources) {
      positions.put(topic, new int[topic.partitions()]);
    }
  }

  /** What a checkpoint of any job holds. */
  abstract static class Checkpoint {
    final long takenMillis;
    final Map<Topic, int[]> positions = new EnumMap<>(Topic.class);

    Checkpoint(Carrier of) {
      this.takenMillis = of.world.timeline.nowMillis();
      of.positions.forEach((topic, at) -> positions.put(topic, at.clone()));
    }
  }

  /** Its state as a restore will find it. */
  abstract Checkpoint checkpoint();

  /** Takes a record. */
  abstract void read(Entry entry, long nowMillis);

  /** Does what is due after records were read, or when the alarm rings. */
  abstract void turn(long nowMillis);

  /** When {@link #turn} is due next by its own clock. */
  abstract long alarmMillis();

  /** Goes on where a checkpoint ended. */
  void seek(Checkpoint from) {
    from.positions.forEach((topic, at) -> positions.put(topic, at.clone()));
  }

  /** Skips what stands in a topic by now. */
  void seekToEnd(Topic topic) {
    int[] at = position(topic);
    for (int partition = 0; partition < at.length; partition++) {
      at[partition] = world.logs.of(topic, partition).size();
    }
  }

  long nowMillis() {
    return world.timeline.nowMillis() + skewMillis;
  }

  boolean stopped() {
    return stopped;
  }

  void stop(double lostShare) {
    stopped = true;
    writer.die(lostShare);
  }

  void pause(long untilMillis) {
    pausedUntilMillis = Math.max(pausedUntilMillis, untilMillis);
  }

  /** True when it reads this topic. */
  boolean reads(Topic topic) {
    return positions.containsKey(topic);
  }

  /** Something stands in a topic of its: it will look. */
  void stir(long maximumMillis) {
    if (!polling && !stopped) {
      polling = true;
      world.timeline.at(
          Math.max(pausedUntilMillis, world.timeline.nowMillis() + dice.between(1, maximumMillis)),
          this::poll);
    }
  }

  /** Records that it has not read. */
  int unread() {
    int count = 0;
    for (Topic topic : sources) {
      int[] at = position(topic);
      for (int partition = 0; partition < at.length; partition++) {
        count += world.logs.of(topic, partition).size() - at[partition];
      }
    }
    return count;
  }

  /** True when something of this partition was not read. */
  boolean unread(Topic topic, int partition) {
    return position(topic)[partition] < world.logs.of(topic, partition).size();
  }

  private int[] position(Topic topic) {
    int[] at = positions.get(topic);
    if (at == null) {
      throw new IllegalStateException(job + " does not read " + topic);
    }
    return at;
  }

  private void poll() {
    polling = false;
    if (stopped) {
      return;
    }
    if (world.timeline.nowMillis() < pausedUntilMillis) {
      stir(10);
      return;
    }
    List<int[]> open = new ArrayList<>();
    for (Topic topic : sources) {
      int[] at = position(topic);
      for (int partition = 0; partition < at.length; partition++) {
        if (at[partition] < world.logs.of(topic, partition).size()) {
          open.add(new int[] {topic.ordinal(), partition});
        }
      }
    }
    long now = nowMillis();
    int allowed = 20 + dice.below(400);
    while (allowed > 0 && !open.isEmpty() && !stopped) {
      int lot = dice.below(open.size());
      Topic topic = TOPICS[open.get(lot)[0]];
      int partition = open.get(lot)[1];
      List<Entry> log = world.logs.of(topic, partition);
      int[] at = position(topic);
      int run = 1 + dice.below(24);
      while (run-- > 0 && allowed-- > 0 && at[partition] < log.size()) {
        Entry entry = log.get(at[partition]);
        if (entry.body() instanceof Entry.Poison && !world.bug.survivesPoison()) {
          // Planted: it never comes past this record.
          return;
        }
        at[partition]++;
        world.recordsRead++;
        read(entry, now);
      }
      if (!open.isEmpty() && at[partition] >= log.size()) {
        open.remove(lot);
      }
    }
    turn(now);
    schedule();
    if (unread() > 0) {
      stir(20);
    }
  }

  /** Sees to it that the alarm rings. */
  void schedule() {
    long alarm = alarmMillis();
    if (alarm == Long.MAX_VALUE || stopped) {
      return;
    }
    long due = Math.max(alarm - skewMillis, world.timeline.nowMillis() + 1);
    if (due < alarmAtMillis) {
      alarmAtMillis = due;
      world.timeline.at(due, this::ring);
    }
  }

  private void ring() {
    if (stopped) {
      return;
    }
    if (world.timeline.nowMillis() < alarmAtMillis) {
      return;
    }
    alarmAtMillis = Long.MAX_VALUE;
    if (world.timeline.nowMillis() < pausedUntilMillis) {
      alarmAtMillis = pausedUntilMillis;
      world.timeline.at(pausedUntilMillis, this::ring);
      return;
    }
    turn(nowMillis());
    schedule();
  }

  private static final Topic[] TOPICS = Topic.values();
}
