package io.forestall.app;

import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that answer commands as the contract says and hold no data: one thread plays all of them on
 * the topics of a real broker. Those that are dead say nothing, and others do not reach them.
 */
final class TestingNodes implements AutoCloseable {

  private final KafkaOptions kafka;
  private final Signatures.Trusted trusted;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final AtomicLong sequence = new AtomicLong();
  private final Set<Subject> dead = ConcurrentHashMap.newKeySet();
  private final List<CommandRecords.Received> received = new CopyOnWriteArrayList<>();
  private final Set<String> taken = new HashSet<>();
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable Exception failure;
  private volatile long firstCommandNanos;

  TestingNodes(LocalRuntime runtime, Signatures.Trusted trusted) {
    this.kafka = runtime.kafkaOptions();
    this.trusted = trusted;
    producer =
        new KafkaProducer<>(
            kafka.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
    consumer =
        new KafkaConsumer<>(
            kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions = new ArrayList<>();
    for (int i = 0; i < Topics.COMMANDS.spec().partitions(); i++) {
      partitions.add(new TopicPartition(Topics.COMMANDS.name(kafka.topicPrefix()), i));
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    thread = new Thread(this::run, "testing-nodes");
    thread.setDaemon(true);
    thread.start();
  }

  /** From now on a node says nothing and nobody reaches it. */
  void kill(Subject node) {
    dead.add(node);
    firstCommandNanos = 0;
  }

  /** Everything that was commanded so far. */
  List<CommandRecords.Received> received() {
    Exception failed = failure;
    if (failed != null) {
      throw new AssertionError("the nodes' thread has failed", failed);
    }
    return List.copyOf(received);
  }

  /** By {@link System#nanoTime}: the first command after the newest death; 0 for none. */
  long firstCommandNanos() {
    return firstCommandNanos;
  }

  /** The owner of a unit starts for the first time. */
  void start(String pool, String unit, Subject owner) throws Exception {
    append(
        new OwnershipEntry(
            pool,
            OwnershipEntry.Kind.START,
            List.of(new UnitStep(unit, 0, 1)),
            owner,
            1,
            null,
            Authority.NONE,
            owner.id(),
            System.currentTimeMillis()),
        null);
  }

  private void append(OwnershipEntry entry, io.forestall.schemas.@Nullable Admission signed)
      throws Exception {
    send(Topics.OWNERSHIP, entry.pool(), ownership.encode(entry, signed));
  }

  private void send(Topics topic, String key, byte[] value) throws Exception {
    producer
        .send(
            new ProducerRecord<>(
                topic.name(kafka.topicPrefix()),
                FixedPartitioner.partition(key, topic.spec().partitions()),
                key.getBytes(StandardCharsets.UTF_8),
                value))
        .get();
  }

  private void run() {
    try {
      while (!closed) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          if (firstCommandNanos == 0) {
            firstCommandNanos = System.nanoTime();
          }
          CommandRecords.Received one = commands.decode(record.value(), trusted);
          received.add(one);
          if (!dead.contains(one.command().addressee())) {
            obey(one);
          }
        }
      }
    } catch (Exception e) {
      failure = e;
    }
  }

  private void obey(CommandRecords.Received received) throws Exception {
    Command command = received.command();
    if (command.kind().needsAdmission() && received.authority() != Authority.VALID) {
      ack(command, CommandAck.Status.REFUSED, CommandAck.Code.BAD_SIGNATURE, Map.of());
      return;
    }
    String reach = command.parameters().get(Command.REACH);
    if (command.kind() == Command.Kind.PROBE
        && reach != null
        && dead.contains(Subject.parse(reach))) {
      ack(command, CommandAck.Status.DONE, CommandAck.Code.UNREACHABLE, Map.of());
      return;
    }
    double units = command.units().size();
    if (command.kind() == Command.Kind.PROMOTE && taken.add(command.subject().toString())) {
      ack(command, CommandAck.Status.RECEIVED, CommandAck.Code.NONE, Map.of());
      append(
          new OwnershipEntry(
              command.pool(),
              OwnershipEntry.Kind.TAKEOVER,
              command.units(),
              command.addressee(),
              1,
              command.admission(),
              Authority.VALID,
              command.addressee().id(),
              System.currentTimeMillis()),
          received.signed());
    }
    ack(
        command,
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        command.kind() == Command.Kind.PROMOTE
            ? Map.of(
                SagaValues.UNITS_SERVING, units,
                SagaValues.UNITS_FENCED, units,
                SagaValues.UNITS_DRAINED, units,
                SagaValues.TAKEOVER_MILLIS, 12.0)
            : command.kind() == Command.Kind.PROBE
                ? Map.of(SagaValues.LAG_DELTAS, 0.0, SagaValues.UNITS_SERVING, units)
                : Map.of());
  }

  private void ack(
      Command command, CommandAck.Status status, CommandAck.Code code, Map<String, Double> values)
      throws Exception {
    CommandAck ack =
        new CommandAck(
            command.id(),
            command.addressee(),
            command.subject(),
            command.pool(),
            status,
            code,
            "as the test says",
            false,
            null,
            null,
            null,
            null,
            null,
            60L << 30,
            values,
            1,
            sequence.incrementAndGet(),
            System.currentTimeMillis());
    send(Topics.ACKS, AckRecords.key(ack), acks.encode(ack));
  }

  @Override
  public void close() throws Exception {
    closed = true;
    thread.join();
    consumer.close();
    producer.close();
  }
}
