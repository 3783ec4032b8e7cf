package io.forestall.app.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.nodes.hooks.Hook;
import io.forestall.nodes.hooks.HookRunner;
import io.forestall.nodes.node.HookNode;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A node of level 1 over a real broker while the keys of the guard are rotated. */
@Timeout(120)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the hook is a shell script")
class HookNodeOverKafkaTest {
  private static final String PREFIX = "forestall";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Subject NODE = Subject.node("h-1");

  @Test
  void aRotatedKeyIsBelievedWithoutARestartAndSoIsWhatItSignedBefore(@TempDir Path folder)
      throws Exception {
    Path trusted = Files.createDirectories(folder.resolve("trusted"));
    Signer first = Signatures.generate(folder.resolve("first.key"), trusted.resolve("first.pub"));
    Trusted before = Trusted.read(trusted);
    Signer second =
        Signatures.generate(folder.resolve("second.key"), trusted.resolve("second.pub"));
    try (EmbeddedKafka kafka = EmbeddedKafka.start(folder.resolve("kafka"));
        Orders orders = new Orders(kafka);
        HookNode node = orders.start(folder, before)) {
      orders.awaitReady(first);
      assertThat(orders.drain(second).code()).isEqualTo(CommandAck.Code.UNKNOWN_KEY);
      orders.send(Topics.POLICIES, haltKey(), halt(1, true, second));

      node.trust(Trusted.read(trusted));
      Await.until(
          PATIENCE,
          "the halt that the second key signed before counts",
          () -> orders.drain(second).code() == CommandAck.Code.HALTED);
      orders.send(Topics.POLICIES, haltKey(), halt(2, false, second));
      Await.until(
          PATIENCE,
          "the second key is obeyed",
          () -> orders.drain(second).status() == CommandAck.Status.DONE);
      assertThat(orders.drain(first).status()).isEqualTo(CommandAck.Status.DONE);

      Files.delete(trusted.resolve("first.pub"));
      node.trust(Trusted.read(trusted));
      assertThat(orders.drain(first).code()).isEqualTo(CommandAck.Code.UNKNOWN_KEY);
      assertThat(orders.drain(second).status()).isEqualTo(CommandAck.Status.DONE);
    }
  }

  @Test
  void aCancelHoldsAlsoAfterARestart(@TempDir Path folder) throws Exception {
    Path trusted = Files.createDirectories(folder.resolve("trusted"));
    Signer guard = Signatures.generate(folder.resolve("guard.key"), trusted.resolve("guard.pub"));
    try (EmbeddedKafka kafka = EmbeddedKafka.start(folder.resolve("kafka"));
        Orders orders = new Orders(kafka)) {
      Admission cancelled = orders.admission();
      try (HookNode node = orders.start(folder, Trusted.read(trusted))) {
        orders.awaitReady(guard);
        assertThat(orders.order(Command.Kind.CANCEL, cancelled, guard).status())
            .isEqualTo(CommandAck.Status.DONE);
        assertThat(node.level()).isEqualTo(1);
      }
      try (HookNode again = orders.start(folder, Trusted.read(trusted))) {
        orders.awaitReady(guard);
        assertThat(orders.order(Command.Kind.DRAIN, cancelled, guard).code())
            .isEqualTo(CommandAck.Code.CANCELLED);
        assertThat(again.incarnation()).isEqualTo(2);
      }
    }
  }

  /** A guard's side of the topics: gives orders and reads the answers. */
  private static final class Orders implements AutoCloseable {
    private final Properties properties;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final AckRecords acks = new AckRecords();
    private final Map<String, CommandAck> answers = new HashMap<>();
    private int count;

    Orders(EmbeddedKafka kafka) throws Exception {
      KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
      try (Admin admin = options.openAdmin()) {
        new TopicAdmin(admin, PREFIX).createMissing((short) 1);
      }
      properties = options.clientProperties();
      producer =
          new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
      consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      TopicPartition where = partition(Topics.ACKS, NODE.toString());
      consumer.assign(List.of(where));
      consumer.seekToBeginning(List.of(where));
    }

    HookNode start(Path folder, Trusted trusted) throws Exception {
      return HookNode.start(
          "h-1",
          new Place("h-1", "r1", "z1", "local", "p1"),
          folder.resolve("h-1"),
          new HookRunner(Map.of(Hook.DRAIN, List.of("/bin/sh", "-c", "echo ok")), 30_000),
          properties,
          PREFIX,
          trusted,
          60_000);
    }

    /** A node that has just started answers once it has read what the policies say. */
    void awaitReady(Signer by) throws Exception {
      Await.until(
          PATIENCE, "the key is believed", () -> drain(by).status() == CommandAck.Status.DONE);
    }

    private TopicPartition partition(Topics topic, String key) {
      String name = topic.name(PREFIX);
      return new TopicPartition(
          name, FixedPartitioner.partition(key, producer.partitionsFor(name).size()));
    }

    void send(Topics topic, String key, byte[] value) throws Exception {
      TopicPartition where = partition(topic, key);
      var unused =
          producer
              .send(
                  new ProducerRecord<>(
                      where.topic(),
                      where.partition(),
                      key.getBytes(StandardCharsets.UTF_8),
                      value))
              .get(30, TimeUnit.SECONDS);
    }

    Admission admission() {
      long now = System.currentTimeMillis();
      return new Admission(
          "a-" + ++count,
          1,
          Admission.State.ADMITTED,
          "p-" + count,
          ActKind.DRAIN,
          NODE,
          "p1",
          null,
          true,
          List.of(),
          NODE,
          null,
          List.of(),
          count,
          now - 1_000,
          now - 1_000,
          now + 600_000,
          now,
          "a test",
          Map.of());
    }

    /** Orders a drain under an act of its own, and returns its last answer. */
    CommandAck drain(Signer by) throws Exception {
      return order(Command.Kind.DRAIN, admission(), by);
    }

    /** Gives an order, and returns its last answer. */
    CommandAck order(Command.Kind kind, Admission admission, Signer by) throws Exception {
      long now = System.currentTimeMillis();
      Command command =
          new Command(
              admission.id() + "/" + kind,
              kind,
              NODE,
              NODE,
              "p1",
              admission,
              0,
              0,
              List.of(),
              null,
              now,
              now - 1_000,
              now + 60_000,
              null,
              "a test",
              Map.of());
      send(
          Topics.COMMANDS,
          CommandRecords.key(command),
          new CommandRecords().encode(command, new AdmissionRecords().of(admission, by)));
      Await.until(
          Duration.ofSeconds(5),
          "an answer to " + command.id(),
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
              CommandAck ack = acks.decode(record.value());
              if (ack.ends()) {
                answers.put(ack.command(), ack);
              }
            }
            return answers.containsKey(command.id());
          });
      CommandAck answer = answers.get(command.id());
      if (answer == null) {
        throw new AssertionError("no answer to " + command.id());
      }
      return answer;
    }

    @Override
    public void close() {
      producer.close();
      consumer.close();
    }
  }

  private static String haltKey() {
    return PolicyRecords.key(NODE.toString(), PolicyRecord.Kind.HALT, "all");
  }

  private static byte[] halt(long version, boolean enabled, Signer by) throws Exception {
    long now = System.currentTimeMillis();
    return new PolicyRecords(Trusted.NONE)
        .write(
            new PolicyRecord(
                haltKey(),
                "all",
                PolicyRecord.Kind.HALT,
                version,
                enabled,
                NODE.toString(),
                NODE,
                ActKind.UNKNOWN,
                null,
                "a test",
                "a test",
                now,
                now - 1_000,
                null,
                Map.of(),
                ""),
            by);
  }
}
