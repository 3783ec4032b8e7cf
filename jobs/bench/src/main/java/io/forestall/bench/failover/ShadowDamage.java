package io.forestall.bench.failover;

import io.forestall.app.KafkaOptions;
import io.forestall.app.runtime.Await;
import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.risk.symptom.NodeRiskEngine;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.ShadowRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What media, retention and forgers do to a shadow. */
final class ShadowDamage {

  private static final long ROTTEN_OFFSET = Shadowed.LOADED_OFFSET + (5L << 20) + 9_000;

  /**
   * Bit rot is found within two rounds of verifying a segment, and what it takes to be told;
   * milliseconds.
   */
  private static final long FOUND_MILLIS =
      2 * (FailoverTrial.SEGMENT_BYTES >> 20) * Field.Shadowing.TRIAL.verifyMillis() + 5_000;

  /** By then every node has made durable what it has read; milliseconds. */
  private static final long KEPT_MILLIS = 12_000;

  private ShadowDamage() {}

  private static Subject node(String id) {
    return Subject.node(id);
  }

  /** A bit of a copy turns where no client writes. */
  static void rot(Shadowed shadowed, String node) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    Risk well = scene.field().risk(node);
    byte[] before = shadowed.copies().bytes(node, ROTTEN_OFFSET, 1);
    int mark = scene.now();
    long beginNanos = System.nanoTime();
    shadowed.copies().rot(node, ROTTEN_OFFSET);
    Event told =
        scene.await(
            mark, Event.class, "the divergence", each -> each.getType().equals("copy.diverged"));
    long foundMillis = (System.nanoTime() - beginNanos) / 1_000_000;
    if (!told.getEntity().getId().equals(node)) {
      scene.violated("blamed was " + told.getEntity() + " and not " + node);
    }
    if (foundMillis > FOUND_MILLIS) {
      scene.violated("found after " + foundMillis + " ms, more than " + FOUND_MILLIS);
    }
    Await.until(
        Duration.ofMillis(FOUND_MILLIS),
        "it is repaired on " + node,
        () -> Arrays.equals(before, shadowed.copies().bytes(node, ROTTEN_OFFSET, 1)));
    Risk risk =
        scene.await(
            mark,
            Risk.class,
            "the score of " + node + " for wrong bytes",
            each ->
                each.getEntity().equals(Field.ref(node))
                    && RisingRisk.reasons(each)
                        .anyMatch(reason -> reason.getMetric().equals(NodeRiskEngine.WRONG_BYTES)));
    scene.note(
        "score of "
            + node
            + " from "
            + Quantiles.number(well.getScore())
            + " to "
            + Quantiles.number(risk.getScore())
            + " ("
            + RisingRisk.reasons(risk)
                .filter(reason -> reason.getMetric().equals(NodeRiskEngine.WRONG_BYTES))
                .map(Reason::getText)
                .collect(Collectors.joining())
            + ")");
    if (risk.getScore() <= well.getScore()) {
      scene.violated("the score of " + node + " has not moved");
    }
    scene.note(
        "found after "
            + foundMillis
            + " ms, repaired after "
            + (System.nanoTime() - beginNanos) / 1_000_000
            + " ms, bound "
            + FOUND_MILLIS);
    scene.work();
    shadowed.awaitInSyncAgain();
  }

  private static TopicPartition place(Scene scene, Topics topic, String key) {
    return new TopicPartition(
        topic.name(kafka(scene).topicPrefix()),
        FixedPartitioner.partition(key, topic.spec().partitions()));
  }

  private static KafkaOptions kafka(Scene scene) {
    return scene.field().broker().kafka();
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Scene scene) {
    Properties properties = kafka(scene).clientProperties();
    properties.put("enable.auto.commit", "false");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** The job is away for longer than the log of deltas is kept. */
  static void lostDeltas(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    Jobs jobs = scene.field().jobs();
    String savepoint = jobs.stopWithSavepoint("move");
    scene.work();
    TopicPartition partition = place(scene, Topics.DELTAS, scene.unit());
    long end;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(scene)) {
      end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
    }
    // Retention takes what is a day old: nobody but the job still wants it.
    Thread.sleep(KEPT_MILLIS);
    try (Admin admin = kafka(scene).openAdmin()) {
      admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(end))).all().get();
    }
    int mark = scene.now();
    jobs.submit("move", Field.moveOptions(), "--from", savepoint);
    scene.await(
        mark, Event.class, "the loss is told", each -> each.getType().equals("shadow.stream.lost"));
    goesOn(shadowed);
  }

  private static void goesOn(Shadowed shadowed) throws Exception {
    shadowed.scene().work();
    shadowed.awaitInSyncAgain();
  }

  /** A record of the log that is none, and one whose payload is not what its checksum says. */
  static void poisoned(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    int mark = scene.now();
    scene.pool().send(Topics.DELTAS, scene.unit(), new byte[] {1, 2, 3});
    byte[] damaged = write(scene);
    damaged[damaged.length / 2] ^= 1;
    scene.pool().send(Topics.DELTAS, scene.unit(), damaged);
    long[] letters = new long[1];
    Await.until(
        Duration.ofSeconds(60),
        "both are told of as dead letters of the move job",
        () -> {
          letters[0] =
              scene.field().tape().since(mark, DeadLetter.class).stream()
                  .filter(each -> each.getComponent().equals("move"))
                  .count();
          return letters[0] >= 2;
        });
    scene.note(letters[0] + " dead letters");
    goesOn(shadowed);
  }

  /** The bytes of a write of the volume as they stand in the log. */
  private static byte[] write(Scene scene) throws Exception {
    DeltaRecords records = new DeltaRecords();
    TopicPartition partition = place(scene, Topics.DELTAS, scene.unit());
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(scene)) {
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      while (true) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          if (scene.unit().equals(new String(record.key(), StandardCharsets.UTF_8))
              && records.decode(record.value()).kind() == Delta.Kind.WRITE) {
            return record.value();
          }
        }
      }
    }
  }

  /**
   * Whoever owned the volume before its last owner writes to the log, and to the shadow's stream.
   */
  static void staleEpoch(Shadowed shadowed) throws Exception {
    shadowed.begins();
    Scene scene = shadowed.scene();
    Field.Owner first = owned(scene);
    scene.node(first.node()).process().kill();
    scene.field().awaitOwnerOtherThan(scene.unit(), first.node());
    scene.field().mend();
    scene.work();
    shadowed.awaitInSyncAgain();
    byte[] block = new byte[Field.BLOCK_BYTES];
    Arrays.fill(block, (byte) 0xEE);
    int crc = DeltaRecords.crc(block, 0, block.length);
    long sequence = 1_000_000;
    Delta stale =
        new Delta(
            scene.unit(),
            first.epoch(),
            sequence,
            Delta.Kind.WRITE,
            Shadowed.LOADED_OFFSET,
            block.length,
            "NONE",
            block,
            crc,
            crc,
            first.node(),
            "forger",
            1,
            0,
            System.currentTimeMillis());
    scene.pool().send(Topics.DELTAS, DeltaRecords.key(stale), new DeltaRecords().encode(stale));
    ShadowStep step =
        ShadowStep.of(
            node(shadowed.shadow()),
            sequence - 1,
            stale,
            place(scene, Topics.DELTAS, scene.unit()).partition(),
            0);
    scene
        .pool()
        .send(Topics.SHADOW_APPLY, ShadowRecords.key(step), new ShadowRecords().encode(step));
    goesOn(shadowed);
    for (String each : shadowed.copies().holders()) {
      if (Arrays.equals(
          block, shadowed.copies().bytes(each, Shadowed.LOADED_OFFSET, block.length))) {
        scene.violated("the stale write stands on " + each);
      }
    }
  }

  private static Field.Owner owned(Scene scene) {
    Field.Owner owner = scene.field().owner(scene.unit());
    if (owner == null) {
      throw new IllegalStateException(scene.unit() + " has no owner");
    }
    return owner;
  }

  /** The shadow's disk is full while it fetches and while it follows, and has room again. */
  static void fullDisk(Shadowed shadowed) throws Exception {
    Scene scene = shadowed.scene();
    SmallDisk disk = scene.field().smallDisk();
    if (disk == null) {
      scene.note("no disk of its own here (it needs root): nothing was filled");
      shadowed.begins();
      return;
    }
    shadowed.loads();
    int mark = scene.now();
    shadowed.isMapped(CopyState.COPYING);
    shadowed.awaitStanding("it fetches", each -> each.getMissingBytes() > 0);
    filled(shadowed, disk, mark);
    filled(shadowed, disk, scene.now());
  }

  private static void filled(Shadowed shadowed, SmallDisk disk, int mark) throws Exception {
    Scene scene = shadowed.scene();
    disk.fill();
    Event told =
        scene.await(
            mark, Event.class, "the refusal", each -> each.getType().equals("node.shadow.refused"));
    scene.note(told.getType() + ": " + told.getSummary());
    // The owner's clients do not feel it.
    scene.pauses(scene::work);
    disk.free();
    goesOn(shadowed);
  }
}
