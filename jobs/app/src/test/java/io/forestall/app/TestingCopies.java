package io.forestall.app;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.DeltaOrder;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.ReportRecords;
import io.forestall.wire.ShadowRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * An owner of some units that writes all the time, and a node that holds a shadow of each, on the
 * topics of a real broker and in memory. The shadow is the product's; what it fetches it takes from
 * the owner's memory.
 */
final class TestingCopies implements AutoCloseable {

  static final Subject OWNER = Subject.node("n-1");
  static final Subject SHADOW = Subject.node("n-7");
  private static final int UNIT_BYTES = 4 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final KafkaOptions kafka;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> stream;
  private final List<Unit> units = new ArrayList<>();
  private final DeltaRecords deltas = new DeltaRecords();
  private final ReportRecords reports = new ReportRecords();
  private final ShadowRecords steps = new ShadowRecords();
  private final SplittableRandom random = new SplittableRandom(6);
  private final Thread life = new Thread(this::live, "copies");
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean open = true;
  private volatile boolean writes = true;
  private volatile boolean speaks = true;

  /** One unit: the owner's bytes, the shadow's, and the stream between. */
  private final class Unit implements ShadowCopy.Actions {
    final UnitSpec spec;
    final byte[] bytes = new byte[UNIT_BYTES];
    final DeltaFold fold = new DeltaFold();
    final byte[] shadow = new byte[UNIT_BYTES];
    final ShadowCopy copy;
    final ArrayDeque<Runnable> answers = new ArrayDeque<>();
    final Map<Long, byte[]> fetched = new LinkedHashMap<>();
    long deltaOffset;

    /** The stream as a bare reader follows it. */
    @Nullable DeltaOrder stream;

    int beginnings;
    int partials;
    long repeats;

    /** When the broker took each of its steps; milliseconds. */
    final List<Long> stepMillis = new ArrayList<>();

    Unit(String name) {
      spec = new UnitSpec(name, "v", "p1", UNIT_BYTES, BLOCK_BYTES);
      Arrays.fill(shadow, (byte) 0x55);
      copy = new ShadowCopy(spec, this);
    }

    void take(ShadowStep step, long nowMillis) {
      DeltaOrder order = stream;
      if (step.isResync()) {
        beginnings += step.previousSequence() == -1 ? 1 : 0;
        partials += step.previousSequence() == -1 ? 0 : 1;
        boolean behind =
            order == null || order.epoch() < step.epoch() || order.lastSequence() < step.sequence();
        if (behind) {
          stream = new DeltaOrder(step.epoch(), step.sequence());
        }
      } else if (order != null) {
        Delta delta = Objects.requireNonNull(step.delta());
        Verdict verdict =
            order.take(delta.kind() == Delta.Kind.BARRIER, delta.epoch(), delta.sequence());
        if (verdict == Verdict.GAP) {
          throw new AssertionError("a gap in the stream: " + step + " behind " + describe(order));
        }
        repeats += verdict == Verdict.REPEAT ? 1 : 0;
      }
      copy.step(step, nowMillis);
    }

    private String describe(DeltaOrder order) {
      return order.epoch() + "/" + order.lastSequence();
    }

    @Override
    public void apply(Delta delta) {
      applyTo(shadow, delta);
    }

    @Override
    public void fetchFold(long token, long minEpoch, long minSequence) {
      answers.add(
          () -> {
            if (fold.lastSequence() < minSequence || fold.epoch() < minEpoch) {
              copy.failed(token, System.currentTimeMillis());
            } else {
              copy.foldFetched(
                  token,
                  new DeltaFold(
                      fold.epoch(),
                      fold.lastSequence(),
                      fold.chain(),
                      RequestMemory.of(fold.requests().kept())),
                  deltaOffset);
            }
          });
    }

    @Override
    public void fetch(long token, long offset, int length, long minSequence) {
      answers.add(
          () -> {
            fetched.put(token, Arrays.copyOfRange(bytes, (int) offset, (int) offset + length));
            copy.fetched(token, fold.lastSequence(), System.currentTimeMillis());
            fetched.remove(token);
          });
    }

    @Override
    public void fill(long token, long offset, int length, BitSet keep) {
      byte[] from = Objects.requireNonNull(fetched.get(token));
      for (int block = 0; block * BLOCK_BYTES < length; block++) {
        if (!keep.get(block)) {
          int at = block * BLOCK_BYTES;
          System.arraycopy(from, at, shadow, (int) offset + at, Math.min(BLOCK_BYTES, length - at));
        }
      }
    }

    boolean same() {
      return copy.isExact()
          && copy.lastSequence() == fold.lastSequence()
          && Arrays.equals(bytes, shadow);
    }

    @Override
    public String toString() {
      return spec.unit()
          + ": owner at "
          + fold.lastSequence()
          + ", shadow at "
          + copy.lastSequence()
          + (copy.isExact() ? ", exact" : "")
          + (copy.needsResync() ? ", needs a resync" : "")
          + ", misses "
          + copy.missingBytes();
    }
  }

  TestingCopies(LocalRuntime runtime, int count) throws Exception {
    kafka = runtime.kafkaOptions();
    producer =
        new KafkaProducer<>(
            kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
    stream =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions = new ArrayList<>();
    for (int i = 0; i < Topics.SHADOW_APPLY.spec().partitions(); i++) {
      partitions.add(new TopicPartition(Topics.SHADOW_APPLY.name(kafka.topicPrefix()), i));
    }
    stream.assign(partitions);
    stream.seekToBeginning(partitions);
    for (int i = 0; i < count; i++) {
      Unit unit = new Unit("v/" + i);
      units.add(unit);
      append(unit, Delta.barrier(unit.spec.unit(), 1, OWNER.id(), System.currentTimeMillis()));
    }
    life.start();
  }

  /** The map says that each unit has a shadow. */
  void map(long version) throws Exception {
    List<MapSegment> segments = new ArrayList<>();
    for (int i = 0; i < units.size(); i++) {
      segments.add(
          new MapSegment(
              units.get(i).spec.unit(),
              i,
              OWNER,
              1,
              List.of(new MapCopy(SHADOW, "SHADOW", "COPYING", -1))));
    }
    MapSlice slice =
        new MapSlice(
            "v",
            "p1",
            0,
            1,
            version,
            0,
            (long) units.size() * UNIT_BYTES,
            UNIT_BYTES,
            BLOCK_BYTES,
            1,
            segments,
            System.currentTimeMillis());
    send(Topics.MAPS, MapRecords.key(slice), new MapRecords().encode(slice, null)).get();
  }

  private Future<RecordMetadata> send(Topics topic, String key, byte[] value) {
    return producer.send(
        new ProducerRecord<>(
            topic.name(kafka.topicPrefix()),
            FixedPartitioner.partition(key, topic.spec().partitions()),
            key.getBytes(StandardCharsets.UTF_8),
            value));
  }

  /** A record that is none stands in the log of a unit. */
  void poison(int unit) throws Exception {
    send(Topics.DELTAS, units.get(unit).spec.unit(), new byte[] {1, 2, 3}).get();
  }

  /** The owner writes so often to one unit, all at once. */
  synchronized void burst(int unit, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      write(units.get(unit));
    }
  }

  /** When the broker took each step of a unit, in the order of its stream; milliseconds. */
  synchronized List<Long> stepMillis(int unit) {
    return List.copyOf(units.get(unit).stepMillis);
  }

  /** The owner writes, or does not. */
  void writes(boolean on) {
    writes = on;
  }

  /** The shadow's medium changes a byte, and its checksums say so. */
  void rot(int number, long round) throws Exception {
    writes = false;
    awaitSame();
    Unit unit = units.get(number);
    synchronized (this) {
      unit.shadow[5] ^= 1;
      HolderReport.RangeDigest range =
          new HolderReport.RangeDigest(0, 1 << 20, new byte[] {1}, new byte[] {2});
      send(
              Topics.DIGESTS,
              unit.spec.unit(),
              reports.encode(report(unit, SHADOW, round, List.of(range))))
          .get();
    }
    Await.until(PATIENCE, "the byte is right again", () -> same(unit));
    writes = true;
  }

  private synchronized boolean same(Unit unit) {
    check();
    return unit.same();
  }

  private void check() {
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw new AssertionError(thrown);
    }
  }

  /** The owner pauses until each shadow's bytes are its own. */
  void awaitSame() throws Exception {
    boolean before = writes;
    writes = false;
    try {
      Await.until(
          PATIENCE,
          "the shadows have their owners' bytes",
          () -> {
            synchronized (this) {
              check();
              return units.stream().allMatch(Unit::same);
            }
          });
    } catch (java.util.concurrent.TimeoutException e) {
      synchronized (this) {
        throw new AssertionError(units.toString(), e);
      }
    }
    writes = before;
  }

  /** The owner has written so many deltas more of each unit. */
  void awaitWrites(int more) throws Exception {
    List<Long> goals = new ArrayList<>();
    synchronized (this) {
      units.forEach(unit -> goals.add(unit.fold.lastSequence() + more));
    }
    Await.until(
        PATIENCE,
        more + " writes",
        () -> {
          synchronized (this) {
            check();
            for (int i = 0; i < units.size(); i++) {
              if (units.get(i).fold.lastSequence() < goals.get(i)) {
                return false;
              }
            }
            return true;
          }
        });
  }

  /** How often streams began, of all units. */
  synchronized int beginnings() {
    return units.stream().mapToInt(unit -> unit.beginnings).sum();
  }

  /** Steps that came again, of all units. */
  synchronized long repeats() {
    return units.stream().mapToLong(unit -> unit.repeats).sum();
  }

  /** First offsets behind what stands in the partitions of the units' deltas. */
  Map<TopicPartition, Long> deltaEnds() {
    Map<TopicPartition, Long> ends = new LinkedHashMap<>();
    synchronized (this) {
      for (Unit unit : units) {
        ends.merge(
            new TopicPartition(
                Topics.DELTAS.name(kafka.topicPrefix()),
                FixedPartitioner.partition(unit.spec.unit(), Topics.DELTAS.spec().partitions())),
            unit.deltaOffset,
            Math::max);
      }
    }
    return ends;
  }

  // ---- the life of both

  private void live() {
    long reportNanos = System.nanoTime();
    try {
      while (open) {
        for (ConsumerRecord<byte[], byte[]> record : stream.poll(Duration.ofMillis(5))) {
          ShadowStep step = steps.decode(record.value());
          synchronized (this) {
            for (Unit unit : units) {
              if (unit.spec.unit().equals(step.unit())) {
                unit.stepMillis.add(record.timestamp());
                unit.take(step, System.currentTimeMillis());
              }
            }
          }
        }
        synchronized (this) {
          for (Unit unit : units) {
            act(unit);
          }
        }
        if (System.nanoTime() - reportNanos > 200_000_000L) {
          reportNanos = System.nanoTime();
          report();
        }
        LockSupport.parkNanos(1_000_000);
      }
    } catch (Throwable e) {
      failure.set(e);
    }
  }

  private void act(Unit unit) throws Exception {
    if (writes) {
      write(unit);
    }
    long nowMillis = System.currentTimeMillis();
    unit.copy.tick(nowMillis);
    unit.copy.fetchNext(nowMillis);
    Runnable answer = unit.answers.poll();
    while (answer != null) {
      answer.run();
      answer = unit.answers.poll();
    }
  }

  private void write(Unit unit) throws Exception {
    byte[] payload = new byte[BLOCK_BYTES * (1 + random.nextInt(4))];
    random.nextBytes(payload);
    long offset = random.nextInt((UNIT_BYTES - payload.length) / BLOCK_BYTES) * (long) BLOCK_BYTES;
    int crc = DeltaRecords.crc(payload, 0, payload.length);
    append(
        unit,
        new Delta(
            unit.spec.unit(),
            1,
            unit.fold.lastSequence() + 1,
            Delta.Kind.WRITE,
            offset,
            payload.length,
            "NONE",
            payload,
            crc,
            crc,
            OWNER.id(),
            "c-1",
            unit.fold.lastSequence() + 1,
            0,
            System.currentTimeMillis()));
  }

  private void append(Unit unit, Delta delta) throws InterruptedException, ExecutionException {
    unit.deltaOffset =
        send(Topics.DELTAS, DeltaRecords.key(delta), deltas.encode(delta)).get().offset() + 1;
    if (unit.fold.take(delta) == Verdict.COUNTS) {
      applyTo(unit.bytes, delta);
    }
  }

  private static void applyTo(byte[] bytes, Delta delta) {
    if (delta.kind() == Delta.Kind.WRITE) {
      System.arraycopy(delta.payload(), 0, bytes, (int) delta.offset(), delta.payload().length);
    }
  }

  private void report() {
    if (!speaks) {
      return;
    }
    synchronized (this) {
      for (Unit unit : units) {
        for (Subject node : List.of(OWNER, SHADOW)) {
          HolderReport report = report(unit, node, 0, List.of());
          send(Topics.DIGESTS, ReportRecords.key(report), reports.encode(report));
        }
      }
    }
  }

  /** The owner says nothing of its place, nor does the shadow. */
  void speaks(boolean on) {
    speaks = on;
  }

  private static HolderReport report(
      Unit unit, Subject node, long round, List<HolderReport.RangeDigest> ranges) {
    boolean owner = node.equals(OWNER);
    return new HolderReport(
        unit.spec.unit(),
        node,
        owner,
        owner ? unit.fold.epoch() : unit.copy.epoch(),
        owner ? unit.fold.lastSequence() : Math.max(0, unit.copy.resyncFrom()),
        ranges.isEmpty() ? "none" : "sha-256",
        ranges,
        round,
        owner ? 0 : unit.copy.missingBytes(),
        !owner && unit.copy.needsResync(),
        null,
        System.currentTimeMillis());
  }

  @Override
  public void close() throws Exception {
    open = false;
    life.join(10_000);
    stream.close(Duration.ofSeconds(5));
    producer.close(Duration.ofSeconds(5));
    check();
  }
}
