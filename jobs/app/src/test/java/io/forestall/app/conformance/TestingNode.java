package io.forestall.app.conformance;

import io.forestall.app.KafkaOptions;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.CommandAck.Code;
import io.forestall.decisions.failover.CommandAck.Status;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Sample;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.Keys;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A node that somebody else wrote after {@code NODE-CONTRACT.md}, with none of our protocol in it,
 * and one thing that it does wrong. It holds no data: what it writes are the records of its
 * ownership.
 */
final class TestingNode implements AutoCloseable {

  /** What a node does wrong. */
  enum Fault {
    NONE,
    /** Says that a takeover is done before it looked which epoch the unit has. */
    ANSWERS_BEFORE_THE_EPOCH,
    /** Does a command again that it has done. */
    OBEYS_A_REPLAY,
    BELIEVES_ANY_SIGNATURE,
    LOOKS_AT_THE_TIME_FIRST,
    FORGETS_THE_EXPIRY,
    IGNORES_WHOM_IT_IS_FOR,
    HEARS_OTHERS,
    IGNORES_A_CANCEL,
    IGNORES_A_HALT,
    WRITES_NO_BARRIER,
    SAYS_NO_RELEASE
  }

  private static final long FRAME_NANOS = 100_000_000L;
  private static final long LEASE_NANOS = 550_000_000L;

  private final KafkaOptions kafka;
  private final Subject node;
  private final int level;
  private final String pool;
  private final String unit;
  private final Signatures.Trusted trusted;
  private final Fault fault;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable Exception failure;

  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final DeltaRecords deltas = new DeltaRecords();
  private final AvroCodec<FleetEntry> entries = AvroCodec.of(FleetEntry.class);
  private final AvroCodec<TelemetryFrame> frames = AvroCodec.of(TelemetryFrame.class);
  private final OwnershipFold fold = new OwnershipFold();
  private final Map<String, CommandAck> done = new HashMap<>();
  private final Set<String> cancelled = new HashSet<>();
  private @Nullable PolicyRecord halt;
  private boolean serving;
  private @Nullable Command promoting;
  private long servesFromNanos;
  private long sequence;
  private long frameSequence;

  TestingNode(
      KafkaOptions kafka,
      String id,
      int level,
      String pool,
      String unit,
      Signatures.Trusted trusted,
      Fault fault) {
    this.kafka = kafka;
    this.node = Subject.node(id);
    this.level = level;
    this.pool = pool;
    this.unit = unit;
    this.trusted = trusted;
    this.fault = fault;
    producer =
        new KafkaProducer<>(
            kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
    thread = new Thread(this::run, "testing-node-" + id);
    thread.setDaemon(true);
    thread.start();
  }

  /** Throws what its thread met. */
  void check() {
    Exception failed = failure;
    if (failed != null) {
      throw new AssertionError("the testing node has failed", failed);
    }
  }

  private void send(Topics topic, String key, byte[] value)
      throws ExecutionException, InterruptedException {
    int partitions = producer.partitionsFor(topic.name(kafka.topicPrefix())).size();
    var unused =
        producer
            .send(
                new ProducerRecord<>(
                    topic.name(kafka.topicPrefix()),
                    FixedPartitioner.partition(key, partitions),
                    Keys.bytes(key),
                    value))
            .get();
  }

  private TopicPartition partition(Topics topic, String key) {
    String name = topic.name(kafka.topicPrefix());
    return new TopicPartition(
        name, FixedPartitioner.partition(key, producer.partitionsFor(name).size()));
  }

  private void run() {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition log = partition(Topics.OWNERSHIP, pool);
      TopicPartition orders = partition(Topics.COMMANDS, node.toString());
      List<TopicPartition> all = new ArrayList<>(List.of(log, orders));
      int policies = producer.partitionsFor(Topics.POLICIES.name(kafka.topicPrefix())).size();
      for (int i = 0; i < policies; i++) {
        all.add(new TopicPartition(Topics.POLICIES.name(kafka.topicPrefix()), i));
      }
      consumer.assign(all);
      consumer.seekToBeginning(all);
      consumer.seekToEnd(List.of(orders));
      // The order of the map: its owner at epoch 0 starts.
      if (level == 2) {
        append(OwnershipEntry.Kind.START, new UnitStep(unit, 0, 1), null);
      }
      FleetEntry entry =
          FleetEntries.of(
              new FleetMember(
                  node, new Place(node.id(), "r1", "z1", "local", pool), "", null, null, false),
              System.currentTimeMillis());
      entry.setLabels(Map.of("forestall.level", Integer.toString(level)));
      send(Topics.FLEET, node.toString(), entries.encode(entry));
      long frameNanos = System.nanoTime();
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
          if (record.topic().equals(log.topic())) {
            ownership(record);
          } else if (record.topic().equals(orders.topic())) {
            order(record);
          } else {
            policy(record);
          }
        }
        serve();
        if (System.nanoTime() - frameNanos >= 0) {
          frameNanos += FRAME_NANOS;
          frame();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      failure = e;
    }
  }

  private void frame() throws Exception {
    send(
        Topics.TELEMETRY,
        node.id(),
        frames.encode(
            TelemetryFrame.newBuilder()
                .setNode(node.id())
                .setTimeMillis(System.currentTimeMillis())
                .setSequence(frameSequence++)
                .setSource("node")
                .setSamples(
                    List.of(
                        Sample.newBuilder()
                            .setEntity(new EntityRef(EntityKind.NODE, node.id()))
                            .setMetrics(Map.of("node.load1", 0.1))
                            .build()))
                .build()));
  }

  private void policy(ConsumerRecord<byte[], byte[]> record) throws WireException {
    if (record.value() == null) {
      return;
    }
    PolicyRecord policy = new PolicyRecords(trusted).read(record.key(), record.value());
    if (policy.kind() == PolicyRecord.Kind.HALT && policy.scope().equals(node.toString())) {
      halt = policy;
    }
  }

  // ---- epochs

  private void append(
      OwnershipEntry.Kind kind,
      UnitStep step,
      io.forestall.schemas.@Nullable Admission signed,
      @Nullable Admission admission)
      throws Exception {
    send(
        Topics.OWNERSHIP,
        pool,
        ownership.encode(
            new OwnershipEntry(
                pool,
                kind,
                List.of(step),
                node,
                1,
                admission,
                admission == null ? Authority.NONE : Authority.VALID,
                node.id(),
                System.currentTimeMillis()),
            signed));
  }

  private void append(OwnershipEntry.Kind kind, UnitStep step, @Nullable Admission admission)
      throws Exception {
    append(kind, step, null, admission);
  }

  private void ownership(ConsumerRecord<byte[], byte[]> record) throws Exception {
    OwnershipEntry entry = ownership.decode(record.value(), trusted);
    Owned before = fold.owned(unit);
    boolean changed =
        fold.take(record.offset(), entry).stream().anyMatch(each -> each.epochStepped());
    Owned now = fold.owned(unit);
    Command order = promoting;
    if (changed && now != null && now.owner().equals(node)) {
      if (fault != Fault.WRITES_NO_BARRIER) {
        send(
            Topics.DELTAS,
            unit,
            deltas.encode(Delta.barrier(unit, now.epoch(), node.id(), System.currentTimeMillis())));
      }
      servesFromNanos = System.nanoTime() + LEASE_NANOS;
    } else if (changed && before != null && now != null && serving) {
      serving = false;
      UnitStep step = new UnitStep(unit, before.epoch(), now.epoch());
      if (fault != Fault.SAYS_NO_RELEASE) {
        append(OwnershipEntry.Kind.RELEASE, step, null);
      }
    } else if (!changed
        && order != null
        && entry.owner().equals(node)
        && entry.kind() == OwnershipEntry.Kind.TAKEOVER) {
      promoting = null;
      end(order, Status.REFUSED, Code.WRONG_EPOCH, "the unit has another epoch");
    }
  }

  private void serve() throws Exception {
    Owned now = fold.owned(unit);
    if (serving
        || now == null
        || !now.owner().equals(node)
        || !now.released() && System.nanoTime() - servesFromNanos < 0) {
      return;
    }
    serving = true;
    Command order = promoting;
    if (order != null) {
      promoting = null;
      end(order, Status.DONE, Code.NONE, "serves");
    }
  }

  // ---- commands

  private void order(ConsumerRecord<byte[], byte[]> record) throws Exception {
    boolean mine =
        new String(record.key(), StandardCharsets.UTF_8).equals(node.toString())
            || fault == Fault.HEARS_OTHERS;
    if (!mine) {
      return;
    }
    CommandRecords.Received received = commands.decode(record.value(), trusted);
    Command command = received.command();
    if (command.kind() == Command.Kind.PROBE) {
      say(command, Status.DONE, Code.NONE, "there", false);
      return;
    }
    Code refusal = refusal(command, received.authority());
    if (refusal != null) {
      say(command, Status.REFUSED, refusal, "refused", false);
      return;
    }
    Admission admission = command.admission();
    if (admission == null) {
      throw new IllegalStateException("a command without an admission was let pass");
    }
    CommandAck before = done.get(command.id());
    if (before != null && fault != Fault.OBEYS_A_REPLAY) {
      say(command, before.status(), before.code(), before.text(), true);
      return;
    }
    Code notNow = command.kind() == Command.Kind.CANCEL ? null : notNow(command, admission);
    if (notNow != null) {
      say(command, Status.REFUSED, notNow, "not now", false);
      return;
    }
    switch (command.kind()) {
      case CANCEL -> {
        if (fault != Fault.IGNORES_A_CANCEL) {
          cancelled.add(admission.id());
        }
        end(command, Status.DONE, Code.NONE, "cancelled");
      }
      case PROMOTE -> promote(command, admission, received);
      default -> {
        say(command, Status.RECEIVED, Code.NONE, "begins", false);
        end(command, Status.DONE, Code.NONE, "did it");
      }
    }
  }

  private @Nullable Code refusal(Command command, Authority authority) {
    Set<Command.Kind> known =
        level == 1
            ? Set.of(
                Command.Kind.DRAIN, Command.Kind.LEAVE, Command.Kind.RETURN, Command.Kind.CANCEL)
            : Set.of(
                Command.Kind.PREPARE,
                Command.Kind.PROMOTE,
                Command.Kind.DEMOTE,
                Command.Kind.CANCEL);
    Admission admission = command.admission();
    if (!known.contains(command.kind())) {
      return Code.UNSUPPORTED;
    }
    if (fault == Fault.LOOKS_AT_THE_TIME_FIRST
        && admission != null
        && System.currentTimeMillis() > admission.expiresMillis()) {
      return Code.EXPIRED;
    }
    if (authority == Authority.FORGED && fault != Fault.BELIEVES_ANY_SIGNATURE) {
      return Code.BAD_SIGNATURE;
    }
    if (authority == Authority.UNKNOWN_KEY && fault != Fault.BELIEVES_ANY_SIGNATURE) {
      return Code.UNKNOWN_KEY;
    }
    if (admission == null) {
      return Code.NO_ADMISSION;
    }
    boolean act =
        level == 2
            ? admission.act().changesOwner()
            : command.kind() == Command.Kind.CANCEL
                || admission.act()
                    == (command.kind() == Command.Kind.RETURN ? ActKind.RETURN : ActKind.DRAIN);
    boolean meant =
        fault == Fault.IGNORES_WHOM_IT_IS_FOR
            || node.equals(level == 2 ? admission.target() : admission.subject());
    boolean covers = admission.units().containsAll(command.units());
    return act && meant && covers ? null : Code.NO_ADMISSION;
  }

  private @Nullable Code notNow(Command command, Admission admission) {
    long nowMillis = System.currentTimeMillis();
    if (nowMillis < command.notBeforeMillis() || nowMillis < admission.notBeforeMillis()) {
      return Code.TOO_EARLY;
    }
    if (fault != Fault.FORGETS_THE_EXPIRY
        && (nowMillis > command.expiresMillis() || nowMillis > admission.expiresMillis())) {
      return Code.EXPIRED;
    }
    PolicyRecord halted = halt;
    if (fault != Fault.IGNORES_A_HALT && halted != null && halted.holdsAt(nowMillis)) {
      return Code.HALTED;
    }
    return cancelled.contains(admission.id()) ? Code.CANCELLED : null;
  }

  private void promote(Command command, Admission admission, CommandRecords.Received received)
      throws Exception {
    UnitStep step = command.units().get(0);
    if (fault == Fault.ANSWERS_BEFORE_THE_EPOCH) {
      end(command, Status.DONE, Code.NONE, "serves, so it thinks");
      append(OwnershipEntry.Kind.TAKEOVER, step, received.signed(), admission);
      return;
    }
    say(command, Status.RECEIVED, Code.NONE, "begins", false);
    promoting = command;
    append(OwnershipEntry.Kind.TAKEOVER, step, received.signed(), admission);
  }

  private void end(Command command, Status status, Code code, String text) throws Exception {
    done.put(command.id(), say(command, status, code, text, false));
  }

  private CommandAck say(Command command, Status status, Code code, String text, boolean duplicate)
      throws Exception {
    CommandAck ack =
        new CommandAck(
            command.id(),
            node,
            command.subject(),
            command.pool(),
            status,
            code,
            text,
            duplicate,
            null,
            null,
            null,
            null,
            null,
            null,
            Map.of(),
            1,
            ++sequence,
            System.currentTimeMillis());
    send(Topics.ACKS, AckRecords.key(ack), acks.encode(ack));
    return ack;
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    thread.join(TimeUnit.SECONDS.toMillis(20));
    producer.close();
  }
}
