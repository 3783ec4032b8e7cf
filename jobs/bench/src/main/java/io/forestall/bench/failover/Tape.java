package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.app.ingest.SimulatedFeed;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Event;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.Risk;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Everything that jobs, nodes and clients say to each other through the broker, in the order in
 * which it is read here, with the time it was read by the clock of the histories. Thread-safe.
 */
final class Tape implements AutoCloseable {

  private static final Map<Topics, Class<? extends SpecificRecordBase>> TOPICS =
      new EnumMap<>(
          Map.ofEntries(
              Map.entry(Topics.EVENTS, Event.class),
              Map.entry(Topics.PREDICTED_EVENTS, Event.class),
              Map.entry(Topics.INCIDENTS, Incident.class),
              Map.entry(Topics.DECISIONS, Decision.class),
              Map.entry(Topics.ADMISSIONS, Admission.class),
              Map.entry(Topics.COMMANDS, Command.class),
              Map.entry(Topics.ACKS, Ack.class),
              Map.entry(Topics.OWNERSHIP, Ownership.class),
              Map.entry(Topics.MAPS, VolumeMap.class),
              Map.entry(Topics.SHADOWS, ShadowStatus.class),
              Map.entry(Topics.TELEMETRY, TelemetryFrame.class),
              Map.entry(Topics.RISK, Risk.class),
              Map.entry(Topics.DEAD_LETTERS, DeadLetter.class)));

  /**
   * One record.
   *
   * @param seenNanos when it was read here, by {@code System.nanoTime()}
   * @param brokerMillis when the broker appended it, by its clock
   * @param bytes the value as it stands in the topic
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Seen(
      Topics topic,
      SpecificRecordBase value,
      String key,
      byte[] bytes,
      int partition,
      long offset,
      long seenNanos,
      long brokerMillis) {}

  private final List<Seen> seen = new ArrayList<>();
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Thread reader;
  private volatile boolean open = true;
  private volatile @Nullable Throwable failure;

  Tape(KafkaOptions kafka) {
    Properties properties = kafka.clientProperties();
    properties.put("fetch.min.bytes", "1");
    properties.put("reconnect.backoff.max.ms", "200");
    consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    Map<String, Topics> names = new HashMap<>();
    Map<Topics, AvroCodec<? extends SpecificRecordBase>> codecs = new EnumMap<>(Topics.class);
    List<TopicPartition> places = new ArrayList<>();
    for (Map.Entry<Topics, Class<? extends SpecificRecordBase>> each : TOPICS.entrySet()) {
      String name = each.getKey().name(kafka.topicPrefix());
      names.put(name, each.getKey());
      codecs.put(each.getKey(), AvroCodec.of(each.getValue()));
      for (int i = 0; i < each.getKey().spec().partitions(); i++) {
        places.add(new TopicPartition(name, i));
      }
    }
    consumer.assign(places);
    consumer.seekToBeginning(places);
    reader = new Thread(() -> read(names, codecs), "tape");
    reader.setDaemon(true);
    reader.start();
  }

  private void read(
      Map<String, Topics> names, Map<Topics, AvroCodec<? extends SpecificRecordBase>> codecs) {
    try {
      while (open) {
        try {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
            take(names, codecs, record);
          }
        } catch (RetriableException e) {
          // A broker that is restarted answers later.
          Thread.onSpinWait();
        }
      }
    } catch (RuntimeException e) {
      failure = e;
      synchronized (seen) {
        seen.notifyAll();
      }
    } finally {
      consumer.close();
    }
  }

  private void take(
      Map<String, Topics> names,
      Map<Topics, AvroCodec<? extends SpecificRecordBase>> codecs,
      ConsumerRecord<byte[], byte[]> record) {
    Topics topic = names.get(record.topic());
    AvroCodec<? extends SpecificRecordBase> codec = topic == null ? null : codecs.get(topic);
    if (topic == null || codec == null || record.value() == null) {
      return;
    }
    SpecificRecordBase value;
    try {
      value = codec.decode(record.value());
    } catch (WireException e) {
      // What the trial forges need not be readable.
      return;
    }
    if (!isWorthKeeping(value)) {
      return;
    }
    synchronized (seen) {
      seen.add(
          new Seen(
              topic,
              value,
              record.key() == null
                  ? ""
                  : new String(record.key(), java.nio.charset.StandardCharsets.UTF_8),
              record.value(),
              record.partition(),
              record.offset(),
              System.nanoTime(),
              record.timestamp()));
      seen.notifyAll();
    }
  }

  /** Of a simulated fleet's many frames and scores nobody asks but for those of its nodes. */
  private static boolean isWorthKeeping(SpecificRecordBase value) {
    if (value instanceof TelemetryFrame frame) {
      return !frame.getSource().equals(SimulatedFeed.SOURCE);
    }
    return !(value instanceof Risk risk) || risk.getEntity().getKind() == EntityKind.NODE;
  }

  /** How many records were read: a place to look on from. */
  int mark() {
    synchronized (seen) {
      return seen.size();
    }
  }

  /** All records of a type since a mark. */
  <T extends SpecificRecordBase> List<T> since(int mark, Class<T> type) {
    List<T> found = new ArrayList<>();
    for (Seen each : all(mark)) {
      if (type.isInstance(each.value())) {
        found.add(type.cast(each.value()));
      }
    }
    return found;
  }

  /** All records since a mark. */
  List<Seen> all(int mark) {
    synchronized (seen) {
      return List.copyOf(seen.subList(Math.min(mark, seen.size()), seen.size()));
    }
  }

  /** The first record since a mark that is as wanted, once there is one. */
  Seen await(int mark, String what, Duration patience, Predicate<Seen> wanted)
      throws InterruptedException, TimeoutException {
    long deadlineNanos = System.nanoTime() + patience.toNanos();
    int next = mark;
    synchronized (seen) {
      while (true) {
        for (; next < seen.size(); next++) {
          if (wanted.test(seen.get(next))) {
            return seen.get(next);
          }
        }
        Throwable failed = failure;
        if (failed != null) {
          throw new IllegalStateException("the tape broke", failed);
        }
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        if (leftMillis <= 0) {
          throw new TimeoutException(what + ": not within " + patience.toSeconds() + " s");
        }
        seen.wait(leftMillis);
      }
    }
  }

  /** The first record of a type since a mark that is as wanted, once there is one. */
  <T extends SpecificRecordBase> Seen await(
      int mark, Class<T> type, String what, Duration patience, Predicate<T> wanted)
      throws InterruptedException, TimeoutException {
    return await(
        mark,
        what,
        patience,
        each -> type.isInstance(each.value()) && wanted.test(type.cast(each.value())));
  }

  @Override
  public void close() throws InterruptedException {
    open = false;
    reader.join();
  }
}
