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

  private final AckRecords acks = new AckRecords();
  private final Map<String, CommandAck> answers = new HashMap<>();
  private int count;

  @Test
  void aRotatedKeyIsBelievedWithoutARestartAndSoIsWhatItSignedBefore(@TempDir Path folder)
      throws Exception {
    Path trusted = Files.createDirectories(folder.resolve("trusted"));
    Signer first = Signatures.generate(folder.resolve("first.key"), trusted.resolve("first.pub"));
    Trusted before = Trusted.read(trusted);
    Signer second =
        Signatures.generate(folder.resolve("second.key"), trusted.resolve("second.pub"));
    try (EmbeddedKafka kafka = EmbeddedKafka.start(folder.resolve("kafka"))) {
      KafkaOptions options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
      try (Admin admin = options.openAdmin()) {
        new TopicAdmin(admin, PREFIX).createMissing((short) 1);
      }
      Properties properties = options.clientProperties();
      try (KafkaProducer<byte[], byte[]> producer =
              new KafkaProducer<>(
                  properties, new ByteArraySerializer(), new ByteArraySerializer());
          KafkaConsumer<byte[], byte[]> consumer =
              new KafkaConsumer<>(
                  properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
          HookNode node =
              HookNode.start(
                  "h-1",
                  new Place("h-1", "r1", "z1", "local", "p1"),
                  folder.resolve("h-1"),
                  new HookRunner(Map.of(Hook.DRAIN, List.of("/bin/sh", "-c", "echo ok")), 30_000),
                  properties,
                  PREFIX,
                  before,
                  60_000)) {
        TopicPartition where = partition(producer, Topics.ACKS, NODE.toString());
        consumer.assign(List.of(where));
        consumer.seekToBeginning(List.of(where));
        // A node that has just started answers once it has read what the policies say.
        Await.until(
            PATIENCE,
            "the first key is believed",
            () -> drain(producer, consumer, first).status() == CommandAck.Status.DONE);
        assertThat(drain(producer, consumer, second).code()).isEqualTo(CommandAck.Code.UNKNOWN_KEY);
        send(producer, Topics.POLICIES, haltKey(), halt(1, true, second));

        node.trust(Trusted.read(trusted));
        Await.until(
            PATIENCE,
            "the halt that the second key signed before counts",
            () -> drain(producer, consumer, second).code() == CommandAck.Code.HALTED);
        send(producer, Topics.POLICIES, haltKey(), halt(2, false, second));
        Await.until(
            PATIENCE,
            "the second key is obeyed",
            () -> drain(producer, consumer, second).status() == CommandAck.Status.DONE);
        assertThat(drain(producer, consumer, first).status()).isEqualTo(CommandAck.Status.DONE);

        Files.delete(trusted.resolve("first.pub"));
        node.trust(Trusted.read(trusted));
        assertThat(drain(producer, consumer, first).code()).isEqualTo(CommandAck.Code.UNKNOWN_KEY);
        assertThat(drain(producer, consumer, second).status()).isEqualTo(CommandAck.Status.DONE);
      }
    }
  }

  private static TopicPartition partition(
      KafkaProducer<byte[], byte[]> producer, Topics topic, String key) {
    String name = topic.name(PREFIX);
    return new TopicPartition(
        name, FixedPartitioner.partition(key, producer.partitionsFor(name).size()));
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, Topics topic, String key, byte[] value)
      throws Exception {
    TopicPartition where = partition(producer, topic, key);
    var unused =
        producer
            .send(
                new ProducerRecord<>(
                    where.topic(), where.partition(), key.getBytes(StandardCharsets.UTF_8), value))
            .get(30, TimeUnit.SECONDS);
  }

  /** Orders a drain, and returns its last answer. */
  private CommandAck drain(
      KafkaProducer<byte[], byte[]> producer, KafkaConsumer<byte[], byte[]> consumer, Signer by)
      throws Exception {
    long now = System.currentTimeMillis();
    Admission admission =
        new Admission(
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
            now + 60_000,
            now,
            "a test",
            Map.of());
    Command command =
        new Command(
            admission.id() + "/drain",
            Command.Kind.DRAIN,
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
        producer,
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
