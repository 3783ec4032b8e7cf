package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.ShadowRecords;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the streams of a node's shadows from the topic {@code shadow-apply}: one thread, the
 * partitions in which these streams lie, and of those the records that are of this node. Steps that
 * are gone or cannot be read are told of, and reading goes on behind them: only the shadow knows
 * what it lacks. Following is safe for threads.
 */
final class StepReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StepReader.class);
  private static final Duration POLL = Duration.ofSeconds(5);
  private static final long PAUSE_AFTER_FAILURE_NANOS = 200_000_000L;
  private static final long POSITIONS_EVERY_NANOS = 20_000_000_000L;

  private record Wish(String unit, long fromOffset, boolean follow) {}

  /** One stream; the thread only. */
  private static final class Followed {
    private final String unit;
    private final TopicPartition partition;
    private long next;

    /** Where its partition ended when it was followed, -1 once it was read to there. */
    private long caughtUpAt;

    Followed(String unit, TopicPartition partition, long next) {
      this.unit = unit;
      this.partition = partition;
      this.next = next;
    }
  }

  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final Subject node;
  private final NodeLog.Listener told;
  private final BiConsumer<ConsumerRecord<byte[], byte[]>, WireException> dead;
  private final Queue<Wish> wishes = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  // The thread only.
  private final ShadowRecords records = new ShadowRecords();
  private final Map<String, Followed> followed = new HashMap<>();
  private final Set<Followed> catchingUp = new HashSet<>();
  private int partitions;

  /**
   * A reader that is not started.
   *
   * @param consumer that belongs to it from now on
   * @param dead told of records that cannot be read
   */
  StepReader(
      Consumer<byte[], byte[]> consumer,
      String topic,
      Subject node,
      NodeLog.Listener told,
      BiConsumer<ConsumerRecord<byte[], byte[]>, WireException> dead) {
    this.consumer = consumer;
    this.topic = topic;
    this.node = node;
    this.told = told;
    this.dead = dead;
    this.thread = new Thread(this::run, "forestall-steps");
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Reads a stream from an offset on, -1 for what comes from now on. */
  void follow(String unit, long fromOffset) {
    wish(new Wish(unit, fromOffset, true));
  }

  /** Reads it no more. */
  void unfollow(String unit) {
    wish(new Wish(unit, 0, false));
  }

  private void wish(Wish wish) {
    wishes.add(wish);
    consumer.wakeup();
    LockSupport.unpark(thread);
  }

  private <T> T calmly(Supplier<T> call) throws InterruptedException {
    return KafkaNodeLog.calmly(() -> closed, call);
  }

  private void run() {
    try (consumer) {
      partitions = calmly(() -> consumer.partitionsFor(topic)).size();
      read();
    } catch (WakeupException | InterruptException | InterruptedException e) {
      if (!closed) {
        LOG.error("The reader of steps ended", e);
      }
    } catch (RuntimeException e) {
      if (!closed) {
        LOG.error("The reader of steps ended: no shadow of this node goes on", e);
      }
    }
  }

  private void read() throws InterruptedException {
    long nextPositions = System.nanoTime() + POSITIONS_EVERY_NANOS;
    while (!closed) {
      try {
        if (!wishes.isEmpty()) {
          fulfil();
        }
        if (followed.isEmpty()) {
          LockSupport.parkNanos(this, POLL.toNanos());
          continue;
        }
        caughtUp();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          take(record);
        }
        if (System.nanoTime() - nextPositions >= 0) {
          nextPositions = System.nanoTime() + POSITIONS_EVERY_NANOS;
          positions();
        }
      } catch (WakeupException e) {
        LOG.trace("Woken");
      } catch (OffsetOutOfRangeException e) {
        outOfRange(e);
      } catch (KafkaException e) {
        if (!closed) {
          LOG.warn("Cannot read the steps: {}; it is tried again", e.getMessage());
          LockSupport.parkNanos(PAUSE_AFTER_FAILURE_NANOS);
        }
      }
    }
  }

  private void fulfil() throws InterruptedException {
    Map<TopicPartition, Long> before = new HashMap<>();
    for (TopicPartition each : consumer.assignment()) {
      before.put(each, calmly(() -> consumer.position(each)));
    }
    List<Followed> begun = new ArrayList<>();
    Wish wish;
    while ((wish = wishes.poll()) != null) {
      String key = ShadowRecords.key(node, wish.unit());
      Followed gone = followed.remove(key);
      if (gone != null) {
        catchingUp.remove(gone);
        begun.remove(gone);
      }
      if (wish.follow()) {
        TopicPartition partition =
            new TopicPartition(topic, FixedPartitioner.partition(key, partitions));
        Followed stream = new Followed(wish.unit(), partition, wish.fromOffset());
        followed.put(key, stream);
        begun.add(stream);
      }
    }
    Set<TopicPartition> touched = new HashSet<>();
    begun.forEach(each -> touched.add(each.partition));
    Map<TopicPartition, Long> begins =
        touched.isEmpty() ? Map.of() : calmly(() -> consumer.beginningOffsets(touched));
    Map<TopicPartition, Long> ends =
        touched.isEmpty() ? Map.of() : calmly(() -> consumer.endOffsets(touched));
    for (Followed each : begun) {
      long begin = begins.getOrDefault(each.partition, 0L);
      long end = ends.getOrDefault(each.partition, 0L);
      each.caughtUpAt = end;
      catchingUp.add(each);
      if (each.next < 0) {
        each.next = end;
        told.stepsRead(each.unit, end);
      } else if (each.next < begin || each.next > end) {
        told.stepsLost(each.unit, lost(each.next, begin));
        each.next = begin;
      }
    }
    Map<TopicPartition, Long> from = new HashMap<>();
    for (Followed each : followed.values()) {
      from.merge(each.partition, before.getOrDefault(each.partition, each.next), Math::min);
      from.merge(each.partition, each.next, Math::min);
    }
    consumer.assign(from.keySet());
    from.forEach(consumer::seek);
  }

  private static String lost(long wanted, long begins) {
    return "its steps from offset " + wanted + " on are gone, they go on at " + begins;
  }

  /** Says of which streams all is read that was there when they were followed. */
  private void caughtUp() throws InterruptedException {
    for (Followed each : List.copyOf(catchingUp)) {
      if (calmly(() -> consumer.position(each.partition)) >= each.caughtUpAt) {
        catchingUp.remove(each);
        told.stepsCaughtUp(each.unit);
      }
    }
  }

  private void outOfRange(OffsetOutOfRangeException e) throws InterruptedException {
    for (TopicPartition partition : e.partitions()) {
      long begins =
          calmly(() -> consumer.beginningOffsets(Set.of(partition))).getOrDefault(partition, 0L);
      long ends = calmly(() -> consumer.endOffsets(Set.of(partition))).getOrDefault(partition, 0L);
      for (Followed each : followed.values()) {
        if (each.partition.equals(partition) && (each.next < begins || each.next > ends)) {
          told.stepsLost(each.unit, lost(each.next, begins));
          each.next = begins;
        }
      }
      consumer.seek(partition, begins);
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    byte[] key = record.key();
    Followed stream = key == null ? null : followed.get(new String(key, StandardCharsets.UTF_8));
    if (stream == null || record.offset() < stream.next) {
      return;
    }
    stream.next = record.offset() + 1;
    try {
      byte[] value = record.value();
      if (value == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a tombstone among the steps");
      }
      ShadowStep step = records.decode(value);
      if (!step.unit().equals(stream.unit) || !step.shadow().equals(node)) {
        throw new WireException(DeadReason.OUT_OF_RANGE, "the key of a step is not its shadow");
      }
      told.step(step, record.offset());
    } catch (WireException e) {
      dead.accept(record, e);
      told.stepsLost(stream.unit, "a step cannot be read: " + e.getMessage());
    }
  }

  private void positions() throws InterruptedException {
    Map<TopicPartition, Long> positions = new HashMap<>();
    for (TopicPartition each : consumer.assignment()) {
      positions.put(each, calmly(() -> consumer.position(each)));
    }
    for (Followed each : followed.values()) {
      long next = positions.getOrDefault(each.partition, 0L);
      if (next > each.next) {
        each.next = next;
        told.stepsRead(each.unit, next);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    consumer.wakeup();
    LockSupport.unpark(thread);
    if (thread.getState() == Thread.State.NEW) {
      return;
    }
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
