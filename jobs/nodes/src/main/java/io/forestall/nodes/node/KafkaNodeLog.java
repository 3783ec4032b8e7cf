package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.nodes.LostRecords;
import io.forestall.nodes.node.NodeException.Reason;
import io.forestall.schemas.Admission;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.SchemaTopic;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics of Kafka as a node reads and writes them. Three threads read: the ownership log, the
 * deltas, and everything that changes seldom; each waits at the broker until there is something. A
 * fourth asks for the end of the ownership log, on a connection of its own, because a broker
 * answers the requests of one connection one after the other. Two producers write, so that no write
 * of data stands in the way of a takeover.
 */
final class KafkaNodeLog implements NodeLog {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaNodeLog.class);

  private static final List<Topics> USED =
      List.of(
          Topics.DELTAS,
          Topics.OWNERSHIP,
          Topics.ACKS,
          Topics.EVENTS,
          Topics.DIGESTS,
          Topics.TELEMETRY,
          Topics.FLEET,
          Topics.DEAD_LETTERS,
          Topics.COMMANDS,
          Topics.MAPS,
          Topics.POLICIES);

  /** Bytes of deltas that are handed to the producer at once; more wait here. */
  private static final long MAX_SENDING_BYTES = 12L * 1024 * 1024;

  private static final long MAX_CONTROL_BYTES = 4L * 1024 * 1024;

  private static final Duration POLL = Duration.ofSeconds(5);
  private static final long PAUSE_AFTER_FAILURE_NANOS = 200_000_000L;
  private static final String HALT_IN_KEY = "/halt/";

  private static final String WRITE_MODE_IN_KEY = "/write_mode/";
  private static final long LEARN_NANOS = 5_000_000_000L;
  private static final long LEARN_EVERY_NANOS = 5_000_000L;
  private static final double MEAN_OVER_DELTAS = 64;
  private static final long LAG_EVERY_NANOS = 200_000_000L;
  private static final long POSITIONS_EVERY_NANOS = 20_000_000_000L;

  private final Properties client;
  private final String prefix;
  private final Subject node;
  private volatile Trusted trusted;
  private volatile boolean reread;
  private volatile @Nullable Consumer<byte[], byte[]> ownershipConsumer;
  private volatile @Nullable Consumer<byte[], byte[]> controlConsumer;
  private final long askMillis;
  private final Outbox data;
  private final Outbox control;
  private final int ownershipPartitions;
  private final int deltaPartitions;
  private final Map<Topics, Integer> partitions = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<Consumer<byte[], byte[]>> consumers = new ArrayList<>();
  private volatile boolean closed;
  private volatile @Nullable Listener listener;

  // Writers keep buffers: one thread at a time.
  private final Object writing = new Object();
  private final DeltaRecords deltaWriter = new DeltaRecords();
  private final OwnershipRecords ownershipWriter = new OwnershipRecords();
  private final AckRecords ackWriter = new AckRecords();
  private final AvroCodec<Event> events = AvroCodec.of(Event.class);
  private final AvroCodec<Digest> digests = AvroCodec.of(Digest.class);
  private final AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
  private final AvroCodec<FleetEntry> fleet = AvroCodec.of(FleetEntry.class);
  private final AvroCodec<DeadLetter> letters = AvroCodec.of(DeadLetter.class);
  private final AtomicLong unreadable = new AtomicLong();
  private final LostRecords lost = new LostRecords(LOG::warn, System::nanoTime);

  // Following: what the thread of the deltas is told, and what it has.
  private record Wish(String unit, long fromOffset, boolean follow) {}

  private static final class Followed {
    private final TopicPartition partition;
    private long next;

    /** Where its partition ended when it was first followed. */
    private long caughtUpAt;

    Followed(TopicPartition partition, long next) {
      this.partition = partition;
      this.next = next;
    }
  }

  private final Queue<Wish> wishes = new ConcurrentLinkedQueue<>();

  /** Units that are not read yet to where their log ended; the thread of the deltas only. */
  private final Set<String> catchingUp = new HashSet<>();

  /** Size of the deltas read lately, on the average; the thread of the deltas only; bytes. */
  private double meanDeltaBytes;

  private volatile @Nullable Consumer<byte[], byte[]> deltaConsumer;
  private @Nullable StepReader steps;

  private KafkaNodeLog(
      Properties client,
      String prefix,
      Subject node,
      Trusted trusted,
      long askMillis,
      Map<Topics, Integer> counts,
      Producer<byte[], byte[]> dataProducer,
      Producer<byte[], byte[]> controlProducer) {
    this.client = client;
    this.prefix = prefix;
    this.node = node;
    this.trusted = trusted;
    this.askMillis = askMillis;
    this.data = new Outbox(dataProducer, "forestall-send-data", MAX_SENDING_BYTES, 65_536);
    this.control = new Outbox(controlProducer, "forestall-send-control", MAX_CONTROL_BYTES, 16_384);
    partitions.putAll(counts);
    ownershipPartitions = count(Topics.OWNERSHIP);
    deltaPartitions = count(Topics.DELTAS);
  }

  private int count(Topics topic) {
    Integer count = partitions.get(topic);
    if (count == null) {
      throw new IllegalArgumentException("a node does not use " + topic);
    }
    return count;
  }

  /**
   * Connects.
   *
   * @param client properties of the Kafka clients, at least {@code bootstrap.servers}
   * @param prefix first word of the topics
   * @param trusted whose admissions and halts are believed
   * @param askMillis how often the end of the ownership log is asked for; milliseconds
   * @throws NodeException when the broker does not answer or lacks a topic
   */
  static KafkaNodeLog open(
      Properties client, String prefix, Subject node, Trusted trusted, long askMillis)
      throws NodeException {
    Producer<byte[], byte[]> data = null;
    Producer<byte[], byte[]> control = null;
    try {
      Map<Topics, Integer> counts = look(client, prefix);
      data = new KafkaProducer<>(producer(client, node.id() + "-data", 24));
      control = new KafkaProducer<>(producer(client, node.id() + "-control", 8));
      // A producer learns where a topic lies with its first record: that may be the first barrier.
      learn(data, List.of(Topics.DELTAS), prefix);
      learn(control, USED, prefix);
      return new KafkaNodeLog(client, prefix, node, trusted, askMillis, counts, data, control);
    } catch (KafkaException e) {
      if (data != null) {
        data.close(Duration.ZERO);
      }
      if (control != null) {
        control.close(Duration.ZERO);
      }
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new NodeException(
          Reason.UNREACHABLE,
          "Kafka at "
              + client.getProperty("bootstrap.servers")
              + " cannot be used: "
              + reason.getMessage()
              + ": is it up, and were the topics created (forestall topics create)?",
          e);
    }
  }

  /** Waits for the broker, finds the topics, and says how this release writes. */
  private static Map<Topics, Integer> look(Properties client, String prefix) {
    Properties patient = producer(client, "start", 8);
    patient.put("max.block.ms", "20000");
    Map<Topics, Integer> counts = new EnumMap<>(Topics.class);
    try (Producer<byte[], byte[]> producer = new KafkaProducer<>(patient)) {
      for (Topics topic : USED) {
        counts.put(topic, producer.partitionsFor(topic.name(prefix)).size());
      }
      var unused =
          SchemaTopic.publish(
              producer,
              Topics.SCHEMAS.name(prefix),
              "forestall node",
              System.currentTimeMillis(),
              Duration.ofSeconds(30));
    }
    return counts;
  }

  private static void learn(Producer<byte[], byte[]> producer, List<Topics> topics, String prefix) {
    long end = System.nanoTime() + LEARN_NANOS;
    for (Topics topic : topics) {
      boolean known = false;
      while (!known && System.nanoTime() - end < 0) {
        try {
          known = !producer.partitionsFor(topic.name(prefix)).isEmpty();
        } catch (TimeoutException e) {
          // It never waits itself; the question is on its way.
          LockSupport.parkNanos(LEARN_EVERY_NANOS);
        }
      }
    }
  }

  private static Properties producer(Properties client, String name, int bufferMebibytes) {
    Properties all = new Properties();
    all.put("linger.ms", "0");
    all.put("batch.size", Integer.toString(64 * 1024));
    all.put("buffer.memory", Integer.toString(bufferMebibytes * 1024 * 1024));
    all.put("compression.type", "none");
    all.put("metadata.max.idle.ms", Integer.toString(24 * 3600 * 1000));
    // A broker that starts again is waited for: giving up costs the owner a new epoch.
    all.put("delivery.timeout.ms", "120000");
    all.put("request.timeout.ms", "10000");
    all.put("retry.backoff.ms", "20");
    all.put("retry.backoff.max.ms", "500");
    all.put("reconnect.backoff.ms", "20");
    all.put("reconnect.backoff.max.ms", "500");
    all.put("max.request.size", Integer.toString(5 * 1024 * 1024));
    all.putAll(client);
    all.put("client.id", "forestall-node-" + name);
    // An outbox waits in its place.
    all.put("max.block.ms", "0");
    all.put("acks", "all");
    all.put("enable.idempotence", "true");
    all.put("key.serializer", ByteArraySerializer.class.getName());
    all.put("value.serializer", ByteArraySerializer.class.getName());
    return all;
  }

  private Consumer<byte[], byte[]> consumer(String name, int fetchMebibytes) {
    Properties all = new Properties();
    all.put("fetch.min.bytes", "1");
    all.put("fetch.max.wait.ms", "250");
    all.put("fetch.max.bytes", Integer.toString(fetchMebibytes * 1024 * 1024));
    all.put("max.partition.fetch.bytes", Integer.toString(fetchMebibytes * 1024 * 1024));
    all.put("max.poll.records", "2000");
    all.put("request.timeout.ms", "10000");
    all.put("default.api.timeout.ms", "10000");
    all.put("retry.backoff.ms", "20");
    all.put("retry.backoff.max.ms", "500");
    all.put("reconnect.backoff.ms", "20");
    all.put("reconnect.backoff.max.ms", "500");
    all.put("metadata.max.age.ms", "30000");
    all.putAll(client);
    all.put("client.id", "forestall-node-" + node.id() + "-" + name);
    all.put("enable.auto.commit", "false");
    all.put("auto.offset.reset", "none");
    all.put("allow.auto.create.topics", "false");
    all.put("isolation.level", "read_uncommitted");
    all.put("key.deserializer", ByteArrayDeserializer.class.getName());
    all.put("value.deserializer", ByteArrayDeserializer.class.getName());
    all.remove("group.id");
    return new KafkaConsumer<>(all);
  }

  @Override
  public void start(Listener told) {
    listener = told;
    thread("ownership", 1, this::readOwnership);
    thread("ownership-end", 1, this::askForEnds);
    thread("control", 4, this::readControl);
    thread("deltas", 8, this::readDeltas);
  }

  private interface Reading {
    void read(Consumer<byte[], byte[]> consumer, Listener told) throws InterruptedException;
  }

  private void thread(String name, int fetchMebibytes, Reading reading) {
    Consumer<byte[], byte[]> consumer = consumer(name, fetchMebibytes);
    Listener told = listener;
    if (told == null) {
      throw new IllegalStateException("not started");
    }
    if (name.equals("ownership")) {
      ownershipConsumer = consumer;
    }
    if (name.equals("deltas")) {
      deltaConsumer = consumer;
    }
    if (name.equals("control")) {
      controlConsumer = consumer;
    }
    Thread thread =
        new Thread(
            () -> {
              try (consumer) {
                reading.read(consumer, told);
              } catch (WakeupException | InterruptException | InterruptedException e) {
                if (!closed) {
                  LOG.error("The reader of {} ended", name, e);
                }
              } catch (RuntimeException e) {
                if (!closed) {
                  LOG.error("The reader of {} ended", name, e);
                }
              }
            },
            "forestall-" + name);
    thread.setDaemon(true);
    threads.add(thread);
    consumers.add(consumer);
    thread.start();
  }

  // ---- reading

  private <T> T calmly(Supplier<T> call) throws InterruptedException {
    return calmly(() -> closed, call);
  }

  /** A call that another thread's wake-up may break off is tried again. */
  static <T> T calmly(BooleanSupplier closed, Supplier<T> call) throws InterruptedException {
    while (true) {
      try {
        return call.get();
      } catch (WakeupException | RetriableException e) {
        if (closed.getAsBoolean()) {
          throw new InterruptedException("closed");
        }
        if (e instanceof RetriableException) {
          LockSupport.parkNanos(PAUSE_AFTER_FAILURE_NANOS);
        }
      }
    }
  }

  private static List<TopicPartition> all(String topic, int count) {
    List<TopicPartition> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      all.add(new TopicPartition(topic, i));
    }
    return all;
  }

  private void readOwnership(Consumer<byte[], byte[]> consumer, Listener told)
      throws InterruptedException {
    OwnershipRecords records = new OwnershipRecords();
    List<TopicPartition> assigned =
        new ArrayList<>(all(Topics.OWNERSHIP.name(prefix), ownershipPartitions));
    consumer.assign(assigned);
    consumer.seekToBeginning(assigned);
    while (!closed) {
      try {
        if (reread) {
          reread = false;
          for (TopicPartition each : assigned) {
            told.ownershipReread(each.partition());
          }
          consumer.seekToBeginning(assigned);
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          ownership(records, record, told);
        }
      } catch (WakeupException e) {
        LOG.trace("Woken");
      } catch (OffsetOutOfRangeException e) {
        // The log lost its end: nobody here can say who owns what in these partitions any more.
        for (TopicPartition gone : e.partitions()) {
          told.ownershipUnreadable(
              gone.partition(),
              e.offsetOutOfRangePartitions().getOrDefault(gone, 0L),
              true,
              "the ownership log lost records: its offset is out of range");
        }
        assigned.removeAll(e.partitions());
        Map<TopicPartition, Long> positions = new HashMap<>();
        for (TopicPartition rest : assigned) {
          positions.put(rest, calmly(() -> consumer.position(rest)));
        }
        consumer.assign(assigned);
        positions.forEach(consumer::seek);
      } catch (KafkaException e) {
        pause("the ownership log", e);
      }
    }
  }

  private void ownership(
      OwnershipRecords records, ConsumerRecord<byte[], byte[]> record, Listener told) {
    byte[] value = record.value();
    try {
      if (value == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a tombstone in the ownership log");
      }
      OwnershipEntry entry = records.decode(value, trusted);
      told.ownership(record.partition(), record.offset(), entry);
    } catch (WireException e) {
      boolean tooNew = OwnershipRecords.notUnderstood(e);
      told.ownershipUnreadable(
          record.partition(), record.offset(), tooNew, String.valueOf(e.getMessage()));
      dead(record, e);
    }
  }

  private void askForEnds(Consumer<byte[], byte[]> consumer, Listener told)
      throws InterruptedException {
    List<TopicPartition> asked = all(Topics.OWNERSHIP.name(prefix), ownershipPartitions);
    long next = System.nanoTime();
    while (!closed) {
      long before = EventLoop.nowMillis();
      try {
        Map<TopicPartition, Long> ends = consumer.endOffsets(asked, Duration.ofSeconds(2));
        ends.forEach((partition, end) -> told.ownershipEnd(partition.partition(), end, before));
      } catch (WakeupException e) {
        LOG.trace("Woken");
      } catch (KafkaException e) {
        LOG.debug("The end of the ownership log is not known: {}", e.getMessage());
      }
      next = Math.max(next + askMillis * 1_000_000L, System.nanoTime());
      long left = next - System.nanoTime();
      if (left > 0) {
        LockSupport.parkNanos(left);
      }
    }
  }

  private void readDeltas(Consumer<byte[], byte[]> consumer, Listener told)
      throws InterruptedException {
    DeltaRecords records = new DeltaRecords();
    Map<String, Followed> followed = new HashMap<>();
    long nextPositions = System.nanoTime() + POSITIONS_EVERY_NANOS;
    long nextLag = System.nanoTime();
    while (!closed) {
      try {
        Wish wish = wishes.peek();
        if (wish != null) {
          fulfil(consumer, followed, told);
        }
        if (followed.isEmpty()) {
          LockSupport.parkNanos(this, POLL.toNanos());
          continue;
        }
        caughtUp(consumer, followed, told);
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          delta(records, record, followed, told);
        }
        if (System.nanoTime() - nextLag >= 0) {
          nextLag = System.nanoTime() + LAG_EVERY_NANOS;
          long behind = lag(consumer);
          told.lag(behind, Math.round(behind * meanDeltaBytes));
        }
        if (System.nanoTime() - nextPositions >= 0) {
          nextPositions = System.nanoTime() + POSITIONS_EVERY_NANOS;
          positions(consumer, followed, told);
        }
      } catch (WakeupException e) {
        LOG.trace("Woken");
      } catch (OffsetOutOfRangeException e) {
        outOfRange(consumer, e, followed, told);
      } catch (KafkaException e) {
        pause("the deltas", e);
      }
    }
  }

  /** Says of which units all is read that was there when they were first followed. */
  private void caughtUp(
      Consumer<byte[], byte[]> consumer, Map<String, Followed> followed, Listener told)
      throws InterruptedException {
    Iterator<String> left = catchingUp.iterator();
    while (left.hasNext()) {
      String name = left.next();
      Followed unit = followed.get(name);
      if (unit == null) {
        left.remove();
      } else if (calmly(() -> consumer.position(unit.partition)) >= unit.caughtUpAt) {
        left.remove();
        told.deltasCaughtUp(name);
      }
    }
  }

  private static long lag(Consumer<byte[], byte[]> consumer) {
    long sum = 0;
    for (TopicPartition each : consumer.assignment()) {
      // Asking where a partition begins makes the consumer take that for its end until the next
      // record of it is fetched: a lag below zero says nothing.
      sum += Math.max(0, consumer.currentLag(each).orElse(0));
    }
    return sum;
  }

  private void fulfil(
      Consumer<byte[], byte[]> consumer, Map<String, Followed> followed, Listener told)
      throws InterruptedException {
    Map<TopicPartition, Long> before = new HashMap<>();
    for (TopicPartition each : consumer.assignment()) {
      before.put(each, calmly(() -> consumer.position(each)));
    }
    Map<TopicPartition, Long> wanted = new HashMap<>();
    List<Followed> begun = new ArrayList<>();
    Wish wish;
    while ((wish = wishes.poll()) != null) {
      TopicPartition partition = deltaPartition(wish.unit());
      if (wish.follow()) {
        Followed unit = new Followed(partition, wish.fromOffset());
        followed.put(wish.unit(), unit);
        begun.add(unit);
        catchingUp.add(wish.unit());
        wanted.merge(partition, wish.fromOffset(), Math::min);
      } else {
        followed.remove(wish.unit());
      }
    }
    Set<TopicPartition> needed = new HashSet<>();
    for (Followed each : followed.values()) {
      needed.add(each.partition);
    }
    consumer.assign(needed);
    // All at once and none twice: the reading of what is followed already waits for the answer.
    Set<TopicPartition> touched = new HashSet<>(wanted.keySet());
    touched.retainAll(needed);
    Map<TopicPartition, Long> begins =
        touched.isEmpty() ? Map.of() : calmly(() -> consumer.beginningOffsets(touched));
    Map<TopicPartition, Long> ends =
        touched.isEmpty() ? Map.of() : calmly(() -> consumer.endOffsets(touched));
    for (Followed each : begun) {
      each.caughtUpAt = ends.getOrDefault(each.partition, 0L);
    }
    for (Followed each : followed.values()) {
      if (each.next < 0) {
        each.next = begins.getOrDefault(each.partition, 0L);
      }
    }
    for (TopicPartition partition : needed) {
      long at =
          Math.min(
              before.getOrDefault(partition, Long.MAX_VALUE),
              wanted.getOrDefault(partition, Long.MAX_VALUE));
      long begin = begins.getOrDefault(partition, 0L);
      if (at < begin) {
        forgotten(partition, begin, followed, told);
      }
      consumer.seek(partition, Math.max(at, begin));
    }
  }

  private static void forgotten(
      TopicPartition partition, long begins, Map<String, Followed> followed, Listener told) {
    for (Map.Entry<String, Followed> each : Map.copyOf(followed).entrySet()) {
      Followed unit = each.getValue();
      if (unit.partition.equals(partition) && unit.next < begins) {
        told.deltasLost(each.getKey(), unit.next, begins);
        followed.remove(each.getKey());
      }
    }
  }

  private void outOfRange(
      Consumer<byte[], byte[]> consumer,
      OffsetOutOfRangeException e,
      Map<String, Followed> followed,
      Listener told)
      throws InterruptedException {
    for (TopicPartition partition : e.partitions()) {
      long begins =
          calmly(() -> consumer.beginningOffsets(Set.of(partition))).getOrDefault(partition, 0L);
      long ends = calmly(() -> consumer.endOffsets(Set.of(partition))).getOrDefault(partition, 0L);
      for (Map.Entry<String, Followed> each : Map.copyOf(followed).entrySet()) {
        Followed unit = each.getValue();
        // Behind its end the log was cut off: an unclean election lost what was acknowledged.
        if (unit.partition.equals(partition) && (unit.next < begins || unit.next > ends)) {
          told.deltasLost(each.getKey(), unit.next, begins);
          followed.remove(each.getKey());
        }
      }
      consumer.seek(partition, begins);
    }
  }

  private void delta(
      DeltaRecords records,
      ConsumerRecord<byte[], byte[]> record,
      Map<String, Followed> followed,
      Listener told) {
    byte[] key = record.key();
    byte[] value = record.value();
    if (key == null) {
      return;
    }
    Followed unit = followed.get(new String(key, StandardCharsets.UTF_8));
    if (unit == null || record.offset() < unit.next) {
      return;
    }
    String name = new String(key, StandardCharsets.UTF_8);
    unit.next = record.offset() + 1;
    meanDeltaBytes += (record.serializedValueSize() - meanDeltaBytes) / MEAN_OVER_DELTAS;
    try {
      if (value == null) {
        throw new WireException(DeadReason.MISSING_FIELD, "a tombstone among the deltas");
      }
      Delta delta = records.decode(value);
      if (!delta.unit().equals(name)) {
        throw new WireException(DeadReason.OUT_OF_RANGE, "the key of a delta is not its unit");
      }
      told.delta(delta, record.offset());
    } catch (WireException e) {
      dead(record, e);
      if (e.reason() == DeadReason.UNKNOWN_SCHEMA) {
        // Others may count it: whoever cannot read it has no copy any more.
        told.deltasLost(name, record.offset(), record.offset() + 1);
        followed.remove(name);
      }
    }
  }

  private void positions(
      Consumer<byte[], byte[]> consumer, Map<String, Followed> followed, Listener told)
      throws InterruptedException {
    Map<TopicPartition, Long> positions = new HashMap<>();
    for (TopicPartition each : consumer.assignment()) {
      positions.put(each, calmly(() -> consumer.position(each)));
    }
    for (Map.Entry<String, Followed> each : followed.entrySet()) {
      long next = positions.getOrDefault(each.getValue().partition, 0L);
      if (next > each.getValue().next) {
        each.getValue().next = next;
        told.deltasRead(each.getKey(), next);
      }
    }
  }

  private void readControl(Consumer<byte[], byte[]> consumer, Listener told)
      throws InterruptedException {
    MapRecords maps = new MapRecords();
    Trusted policyKeys = trusted;
    PolicyRecords policies = new PolicyRecords(policyKeys);
    CommandRecords commands = new CommandRecords();
    AvroCodec<FleetEntry> entries = AvroCodec.of(FleetEntry.class);
    Map<String, PolicyRecord> inForce = new HashMap<>();
    Map<String, byte[]> inForceBytes = new HashMap<>();
    String mapTopic = Topics.MAPS.name(prefix);
    String fleetTopic = Topics.FLEET.name(prefix);
    String policyTopic = Topics.POLICIES.name(prefix);
    List<TopicPartition> compacted = new ArrayList<>();
    compacted.addAll(all(mapTopic, count(Topics.MAPS)));
    compacted.addAll(all(fleetTopic, count(Topics.FLEET)));
    List<TopicPartition> policyPartitions = all(policyTopic, count(Topics.POLICIES));
    compacted.addAll(policyPartitions);
    TopicPartition mine =
        new TopicPartition(
            Topics.COMMANDS.name(prefix),
            FixedPartitioner.partition(node.toString(), count(Topics.COMMANDS)));
    List<TopicPartition> assigned = new ArrayList<>(compacted);
    consumer.assign(assigned);
    consumer.seekToBeginning(assigned);
    Map<TopicPartition, Long> ends = calmly(() -> consumer.endOffsets(compacted));
    // What was asked for before this start was refused, done or is asked for again: a command that
    // was refused and given up must not be obeyed by the next start.
    long commandsFrom = calmly(() -> consumer.endOffsets(Set.of(mine))).getOrDefault(mine, 0L);
    boolean caughtUp = false;
    Map<TopicPartition, Long> policiesRead = new HashMap<>();
    while (!closed) {
      try {
        if (policyKeys != trusted) {
          policyKeys = trusted;
          policies = new PolicyRecords(policyKeys);
          // A halt that was signed with a key which nobody here knew until now counts too.
          for (TopicPartition each : policyPartitions) {
            policiesRead.put(each, calmly(() -> consumer.position(each)));
          }
          consumer.seekToBeginning(policyPartitions);
        }
        if (!caughtUp && reached(consumer, ends)) {
          caughtUp = true;
          told.caughtUp();
          // Commands come after what they are about.
          assigned.add(mine);
          Map<TopicPartition, Long> positions = new HashMap<>();
          for (TopicPartition each : compacted) {
            positions.put(each, calmly(() -> consumer.position(each)));
          }
          consumer.assign(assigned);
          positions.forEach(consumer::seek);
          consumer.seek(mine, commandsFrom);
        }
        for (ConsumerRecord<byte[], byte[]> record :
            consumer.poll(caughtUp ? POLL : Duration.ofMillis(100))) {
          try {
            if (record.topic().equals(mapTopic)) {
              map(maps, record, told);
            } else if (record.topic().equals(fleetTopic)) {
              fleet(entries, record, told);
            } else if (record.topic().equals(policyTopic)) {
              policy(policies, record, inForce, inForceBytes, told);
            } else {
              command(commands, record, told);
            }
          } catch (WireException e) {
            TopicPartition of = new TopicPartition(record.topic(), record.partition());
            if (record.offset() >= policiesRead.getOrDefault(of, 0L)) {
              dead(record, e);
            }
          }
        }
      } catch (WakeupException e) {
        LOG.trace("Woken");
      } catch (OffsetOutOfRangeException e) {
        consumer.seekToBeginning(e.partitions());
      } catch (KafkaException e) {
        pause("maps, fleet, policies and commands", e);
      }
    }
  }

  private boolean reached(Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends)
      throws InterruptedException {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (calmly(() -> consumer.position(end.getKey())) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private static void map(MapRecords records, ConsumerRecord<byte[], byte[]> record, Listener told)
      throws WireException {
    byte[] value = record.value();
    if (value == null) {
      told.mapGone(text(record.key()));
      return;
    }
    told.map(records.decode(value));
  }

  private static void fleet(
      AvroCodec<FleetEntry> codec, ConsumerRecord<byte[], byte[]> record, Listener told)
      throws WireException {
    String key = text(record.key());
    if (!key.startsWith("node/")) {
      return;
    }
    Subject subject;
    try {
      subject = Subject.parse(key);
    } catch (IllegalArgumentException e) {
      throw new WireException(DeadReason.UNKNOWN_ENTITY, String.valueOf(e.getMessage()));
    }
    byte[] value = record.value();
    told.fleet(subject, value == null ? null : codec.decode(value));
  }

  private static void policy(
      PolicyRecords records,
      ConsumerRecord<byte[], byte[]> record,
      Map<String, PolicyRecord> inForce,
      Map<String, byte[]> inForceBytes,
      Listener told)
      throws WireException {
    byte[] key = record.key();
    byte[] value = record.value();
    String name = text(key);
    if (!name.contains(HALT_IN_KEY) && !name.contains(WRITE_MODE_IN_KEY)) {
      // The other words of operators are for the guard, and judged there.
      return;
    }
    PolicyRecord current = inForce.get(name);
    byte[] currentBytes = inForceBytes.get(name);
    if (value == null) {
      String problem =
          current == null ? null : records.tombstoneProblem(current, System.currentTimeMillis());
      if (problem != null) {
        throw new WireException(DeadReason.OTHER, problem);
      }
      inForce.remove(name);
      inForceBytes.remove(name);
      told.policy(name, null);
      return;
    }
    PolicyRecord next = records.read(key, value);
    String problem = currentBytes == null ? null : records.orderProblem(currentBytes, next);
    if (problem != null) {
      throw new WireException(DeadReason.OTHER, problem);
    }
    inForce.put(name, next);
    inForceBytes.put(name, value);
    told.policy(name, next);
  }

  private void command(CommandRecords records, ConsumerRecord<byte[], byte[]> record, Listener told)
      throws WireException {
    byte[] value = record.value();
    if (value == null || !text(record.key()).equals(node.toString())) {
      return;
    }
    CommandRecords.Received received = records.decode(value, trusted);
    told.command(received.command(), received.authority(), received.signed());
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  private void pause(String what, KafkaException e) {
    if (!closed) {
      LOG.warn("Cannot read {}: {}; it is tried again", what, e.getMessage());
      LockSupport.parkNanos(PAUSE_AFTER_FAILURE_NANOS);
    }
  }

  private void dead(ConsumerRecord<byte[], byte[]> record, WireException e) {
    long count = unreadable.incrementAndGet();
    LOG.warn(
        "Topic {} partition {} offset {} is not taken in ({} such): {}",
        record.topic(),
        record.partition(),
        record.offset(),
        count,
        e.getMessage());
    byte[] value = record.value();
    DeadLetter letter =
        new DeadLetters("node")
            .record(
                record.topic(),
                record.partition(),
                record.offset(),
                System.currentTimeMillis(),
                e.reason(),
                String.valueOf(e.getMessage()),
                value == null ? new byte[0] : value,
                1);
    synchronized (writing) {
      send(Topics.DEAD_LETTERS, letter.getOrigin(), letters.encode(letter));
    }
  }

  @Override
  public void trust(Trusted now) {
    trusted = now;
    reread = true;
    wake(ownershipConsumer);
    wake(controlConsumer);
  }

  private static void wake(@Nullable Consumer<byte[], byte[]> consumer) {
    if (consumer != null) {
      consumer.wakeup();
    }
  }

  // ---- following

  private TopicPartition deltaPartition(String unit) {
    return new TopicPartition(
        Topics.DELTAS.name(prefix), FixedPartitioner.partition(unit, deltaPartitions));
  }

  @Override
  public void follow(String unit, long fromOffset) {
    wish(new Wish(unit, fromOffset, true));
  }

  @Override
  public void unfollow(String unit) {
    wish(new Wish(unit, 0, false));
  }

  private void wish(Wish wish) {
    wishes.add(wish);
    Consumer<byte[], byte[]> consumer = deltaConsumer;
    if (consumer != null) {
      consumer.wakeup();
    }
    for (Thread thread : threads) {
      if (thread.getName().equals("forestall-deltas")) {
        LockSupport.unpark(thread);
      }
    }
  }

  @Override
  public void followSteps(String unit, long fromOffset) {
    steps().follow(unit, fromOffset);
  }

  @Override
  public void unfollowSteps(String unit) {
    steps().unfollow(unit);
  }

  /** Most nodes hold no shadow at most times: who reads for them begins with the first. */
  private synchronized StepReader steps() {
    StepReader reader = steps;
    Listener told = listener;
    if (told == null) {
      throw new IllegalStateException("not started");
    }
    if (reader == null) {
      reader =
          new StepReader(
              consumer("steps", 4), Topics.SHADOW_APPLY.name(prefix), node, told, this::dead);
      steps = reader;
      if (!closed) {
        reader.start();
      }
    }
    return reader;
  }

  // ---- writing

  @Override
  public void append(Delta delta) {
    synchronized (writing) {
      data.send(
          new ProducerRecord<>(
              Topics.DELTAS.name(prefix),
              FixedPartitioner.partition(delta.unit(), deltaPartitions),
              Keys.bytes(delta.unit()),
              deltaWriter.encode(delta)),
          problem -> failed(delta, problem));
    }
  }

  private void failed(Delta delta, Exception problem) {
    Listener told = listener;
    if (told != null && !closed) {
      told.appendFailed(delta, String.valueOf(problem.getMessage()));
    }
  }

  @Override
  public void appendOwnership(OwnershipEntry entry, @Nullable Admission signed) {
    synchronized (writing) {
      control.send(
          new ProducerRecord<>(
              Topics.OWNERSHIP.name(prefix),
              FixedPartitioner.partition(entry.pool(), ownershipPartitions),
              Keys.bytes(entry.pool()),
              ownershipWriter.encode(entry, signed)),
          problem -> failed(entry, problem));
    }
  }

  private void failed(OwnershipEntry entry, Exception problem) {
    Listener told = listener;
    if (told != null && !closed) {
      told.ownershipAppendFailed(entry, String.valueOf(problem.getMessage()));
    }
  }

  @Override
  public void ack(CommandAck ack) {
    synchronized (writing) {
      send(Topics.ACKS, AckRecords.key(ack), ackWriter.encode(ack));
    }
  }

  @Override
  public void event(Event event) {
    synchronized (writing) {
      send(Topics.EVENTS, Keys.of(event.getEntity()), events.encode(event));
    }
  }

  @Override
  public void digest(Digest digest) {
    synchronized (writing) {
      send(Topics.DIGESTS, digest.getUnit(), digests.encode(digest));
    }
  }

  @Override
  public void frame(TelemetryFrame frame) {
    synchronized (writing) {
      send(Topics.TELEMETRY, frame.getNode(), frames.encode(frame));
    }
  }

  @Override
  public void member(FleetEntry entry) {
    synchronized (writing) {
      send(Topics.FLEET, Keys.of(entry.getEntity()), fleet.encode(entry));
    }
  }

  private void send(Topics topic, String key, byte[] value) {
    boolean measured = topic == Topics.TELEMETRY || topic == Topics.DIGESTS;
    if (measured && control.isBusy()) {
      // While the broker is away, what comes again in a second does not queue before an answer.
      return;
    }
    control.send(
        new ProducerRecord<>(
            topic.name(prefix),
            FixedPartitioner.partition(key, count(topic)),
            Keys.bytes(key),
            value),
        problem -> lost(topic, key, problem));
  }

  private void lost(Topics topic, String key, Exception problem) {
    if (!closed) {
      lost.lost(topic, key, problem);
    }
  }

  @Override
  public void close() {
    closed = true;
    synchronized (this) {
      if (steps != null) {
        steps.close();
      }
    }
    for (Consumer<byte[], byte[]> consumer : consumers) {
      consumer.wakeup();
    }
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
      try {
        thread.join(5_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    data.close();
    control.close();
  }
}
