package io.forestall.app.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.guard.WriteModes;
import io.forestall.decisions.shadow.CopyPace;
import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.client.Volume;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.nodes.node.ReferenceNode;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.OwnershipKind;
import io.forestall.schemas.Severity;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.MapRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.configuration.Configuration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shadows on reference nodes, over a real broker and the move job itself: nobody plays anybody's
 * part but the guard's, which signs, and the saga's, which writes the maps.
 */
@SuppressWarnings("NullAway.Init")
@Timeout(300)
class ShadowOverKafkaTest {
  private static final String POOL = "p1";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BLOCK = 4096;
  private static final int CHUNK = 1 << 20;
  private static final int UNIT_BYTES = 8 * CHUNK;
  private static final CopyPace.Bounds SLOW =
      new CopyPace.Bounds(1_500_000, 1_500_000, 1, 1.5, 2_000);

  @TempDir private static Path directory;
  private static LocalRuntime runtime;
  private static SubmittedJob move;
  private static KafkaProducer<byte[], byte[]> producer;
  private static Signer signer;

  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    Configuration flink = new Configuration();
    flink.setString("execution.checkpointing.interval", "500 ms");
    runtime =
        LocalRuntime.start(LocalRuntime.Settings.in(directory.resolve("runtime")).withFlink(flink));
    runtime.createTopics();
    producer =
        new KafkaProducer<>(
            runtime.kafkaOptions().clientProperties(),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    signer = Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    startMove();
  }

  @AfterAll
  static void stop() {
    producer.close();
    runtime.close();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  private static void startMove() {
    move = runtime.submitMove(Map.of());
    runtime.flink().awaitRunning(move, PATIENCE);
  }

  private static void cancelMove() throws Exception {
    var unused = runtime.flink().miniCluster().cancelJob(move.id()).get(60, TimeUnit.SECONDS);
    Await.until(
        PATIENCE, "the run ends", () -> runtime.flink().status(move).isGloballyTerminalState());
  }

  // ---- nodes, maps, commands

  private ReferenceNode node(String id, CopyPace.Bounds pace, long verifyMillis) throws Exception {
    ReferenceNode node =
        ReferenceNode.start(
            new NodeOptions(
                id,
                directory.resolve(id),
                new InetSocketAddress("127.0.0.1", 0),
                null,
                new Place(id, "r-" + id, "z1", "local", POOL),
                250,
                25,
                16L << 20,
                64L << 20,
                2,
                10_000,
                1_000,
                100,
                600,
                false,
                true,
                null,
                pace,
                verifyMillis),
            runtime.kafkaOptions().clientProperties(),
            runtime.kafkaOptions().topicPrefix(),
            signer.trusted());
    opened.add(node);
    return node;
  }

  private static Path data(String node, String volume) {
    return directory.resolve(node).resolve("units").resolve(volume + "%2F0").resolve("data");
  }

  /** The bytes of a copy as they stand in its file, which may end before the unit does. */
  private static byte[] bytes(String node, String volume) throws Exception {
    return Arrays.copyOf(Files.readAllBytes(data(node, volume)), UNIT_BYTES);
  }

  private static void rot(String node, String volume, long offset) throws Exception {
    try (FileChannel channel =
        FileChannel.open(data(node, volume), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      assertThat(channel.read(one, offset)).isEqualTo(1);
      one.put(0, (byte) (one.get(0) ^ 4)).rewind();
      assertThat(channel.write(one, offset)).isEqualTo(1);
    }
  }

  private static void send(Topics topic, String key, byte[] value) throws Exception {
    producer
        .send(
            new ProducerRecord<>(
                topic.name(runtime.kafkaOptions().topicPrefix()),
                FixedPartitioner.partition(key, topic.spec().partitions()),
                key.getBytes(StandardCharsets.UTF_8),
                value))
        .get(30, TimeUnit.SECONDS);
  }

  private static MapCopy replica(String node) {
    return new MapCopy(Subject.node(node), "REPLICA", "IN_SYNC", -1);
  }

  private static MapCopy shadow(String node) {
    return new MapCopy(Subject.node(node), "SHADOW", "COPYING", -1);
  }

  private static void map(String volume, long version, String owner, MapCopy... copies)
      throws Exception {
    MapSlice slice =
        new MapSlice(
            volume,
            POOL,
            0,
            1,
            version,
            0,
            UNIT_BYTES,
            UNIT_BYTES,
            BLOCK,
            2,
            List.of(new MapSegment(volume + "/0", 0, Subject.node(owner), 0, List.of(copies))),
            System.currentTimeMillis());
    send(Topics.MAPS, MapRecords.key(slice), new MapRecords().encode(slice, null));
  }

  /** A command of an admitted failover of a volume's only unit, and how it ended. */
  private static CommandAck command(
      Command.Kind kind, String act, String volume, long epoch, String from, String to)
      throws Exception {
    long now = System.currentTimeMillis();
    List<UnitStep> units = List.of(new UnitStep(volume + "/0", epoch, epoch + 1));
    Admission admission =
        new Admission(
            act,
            1,
            Admission.State.ADMITTED,
            "proposal-" + act,
            ActKind.FAILOVER,
            Subject.node(from),
            POOL,
            null,
            true,
            units,
            Subject.node(from),
            Subject.node(to),
            List.of(),
            1,
            now,
            now - 1000,
            now + 60_000,
            now,
            "a test",
            Map.of());
    Command command =
        new Command(
            act + "/" + kind,
            kind,
            Subject.node(to),
            Subject.node(from),
            POOL,
            admission,
            0,
            0,
            units,
            Subject.node(to),
            now,
            now - 1000,
            now + 60_000,
            null,
            "a test",
            Map.of());
    AckRecords records = new AckRecords();
    CommandAck[] last = new CommandAck[1];
    try (Reader<CommandAck> acks = new Reader<>(Topics.ACKS, records::decode)) {
      send(
          Topics.COMMANDS,
          CommandRecords.key(command),
          new CommandRecords().encode(command, new AdmissionRecords().of(admission, signer)));
      last[0] =
          acks.await(
              "the end of " + command.id(),
              each -> each.command().equals(command.id()) && each.ends());
    }
    return last[0];
  }

  // ---- what is said

  private interface Decoding<T> {
    T of(byte[] value) throws Exception;
  }

  /** Reads a topic from where it ends now. */
  private static final class Reader<T> implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Decoding<T> decoding;

    private final List<T> seen = new ArrayList<>();
    private int looked;

    Reader(Topics topic, Decoding<T> decoding) {
      this.decoding = decoding;
      Properties properties = runtime.kafkaOptions().clientProperties();
      properties.put("enable.auto.commit", "false");
      consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      List<TopicPartition> all = new ArrayList<>();
      for (int i = 0; i < topic.spec().partitions(); i++) {
        all.add(new TopicPartition(topic.name(runtime.kafkaOptions().topicPrefix()), i));
      }
      consumer.assign(all);
      consumer.seekToEnd(all);
      all.forEach(consumer::position);
    }

    T await(String what, Predicate<T> wanted) throws Exception {
      List<T> found = new ArrayList<>();
      try {
        Await.until(
            PATIENCE,
            what,
            () -> {
              poll();
              seen.stream().skip(looked).filter(wanted).findFirst().ifPresent(found::add);
              looked = seen.size();
              return !found.isEmpty();
            });
      } catch (TimeoutException e) {
        throw new AssertionError(
            what + ": the last were " + seen.subList(Math.max(0, seen.size() - 5), seen.size()), e);
      }
      return found.get(0);
    }

    private void poll() throws Exception {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(20))) {
        if (record.value() != null) {
          seen.add(decoding.of(record.value()));
        }
      }
    }

    /** All that was said up to now. */
    List<T> all() throws Exception {
      Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
      Await.until(
          PATIENCE,
          "all is read",
          () -> {
            poll();
            return ends.entrySet().stream()
                .allMatch(each -> consumer.position(each.getKey()) >= each.getValue());
          });
      return seen;
    }

    @Override
    public void close() {
      consumer.close();
    }
  }

  private static <T extends SpecificRecordBase> Reader<T> reader(Topics topic, Class<T> type) {
    return new Reader<>(topic, AvroCodec.of(type)::decode);
  }

  private static void awaitInSync(String volume, String shadow) throws Exception {
    try (Reader<ShadowStatus> standings = reader(Topics.SHADOWS, ShadowStatus.class)) {
      standings.await(
          shadow + " is in sync",
          each ->
              each.getVolume().equals(volume)
                  && each.getShadow().getId().equals(shadow)
                  && each.getState() == CopyState.IN_SYNC);
    }
  }

  // ---- who writes

  /** A client that never stops writing until it is told to, and knows what it wrote. */
  private final class Writer implements AutoCloseable {
    private final byte[] written = new byte[UNIT_BYTES];
    private final SplittableRandom random = new SplittableRandom(7);
    private final KafkaClientFeed feed;
    private final Volume volume;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private @Nullable Thread thread;
    private volatile boolean writes;
    private volatile long count;

    Writer(String name) throws Exception {
      feed =
          KafkaClientFeed.open(
              runtime.kafkaOptions().clientProperties(),
              runtime.kafkaOptions().topicPrefix(),
              signer.trusted(),
              ClientSettings.of("writer-of-" + name, "1"));
      opened.add(0, this);
      volume = feed.client().volume(name).get(60, TimeUnit.SECONDS);
    }

    void write(int offset, int length) throws Exception {
      byte[] bytes = new byte[length];
      // half of it compresses
      for (int i = 0; i < length; i++) {
        bytes[i] = i % BLOCK < BLOCK / 2 ? 7 : (byte) random.nextInt();
      }
      volume.write(offset, bytes).get(60, TimeUnit.SECONDS);
      System.arraycopy(bytes, 0, written, offset, length);
      count++;
    }

    void fill() throws Exception {
      for (int i = 0; i < UNIT_BYTES; i += CHUNK / 4) {
        write(i, CHUNK / 4);
      }
    }

    void begin() {
      writes = true;
      Thread begun =
          new Thread(
              () -> {
                try {
                  while (writes) {
                    int blocks = 1 + random.nextInt(4);
                    write(random.nextInt(UNIT_BYTES / BLOCK - blocks) * BLOCK, blocks * BLOCK);
                  }
                } catch (Throwable e) {
                  failure.set(e);
                }
              },
              "writer");
      thread = begun;
      begun.start();
    }

    void awaitMore(int writes) throws Exception {
      long goal = count + writes;
      Await.until(
          PATIENCE,
          writes + " writes more",
          () -> {
            check();
            return count >= goal;
          });
    }

    private void check() {
      Throwable failed = failure.get();
      if (failed != null) {
        throw new AssertionError(failed);
      }
    }

    void end() throws InterruptedException {
      writes = false;
      Thread begun = thread;
      if (begun != null) {
        begun.join();
      }
      check();
    }

    byte[] read() throws Exception {
      ByteBuffer all = ByteBuffer.allocate(UNIT_BYTES);
      for (ByteBuffer each : volume.read(0, UNIT_BYTES).get(60, TimeUnit.SECONDS)) {
        all.put(each);
      }
      return all.array();
    }

    void awaitAt(String... nodes) throws Exception {
      for (String each : nodes) {
        Await.until(
            PATIENCE,
            each + " holds what was written",
            () -> Arrays.equals(bytes(each, volume.name()), written));
      }
    }

    @Override
    public void close() throws Exception {
      writes = false;
      Thread begun = thread;
      if (begun != null) {
        begun.join();
      }
      feed.close();
    }
  }

  /** An owner, a replica and a shadow in sync, of a unit full of bytes. */
  private Writer threeNodes(String volume, String suffix, long verifyMillis) throws Exception {
    map(volume, 1, "owner" + suffix, replica("replica" + suffix), shadow("shadow" + suffix));
    node("owner" + suffix, CopyPace.Bounds.DEFAULT, verifyMillis);
    node("replica" + suffix, CopyPace.Bounds.DEFAULT, 0);
    node("shadow" + suffix, CopyPace.Bounds.DEFAULT, 0);
    Writer writer = new Writer(volume);
    writer.fill();
    awaitInSync(volume, "shadow" + suffix);
    return writer;
  }

  @Test
  void itIsFetchedAndFollowsWhileWritesGoOnAndGoesOnInMidCopyWhenItsNodeStartsAgain()
      throws Exception {
    map("v1", 1, "n-1", replica("n-2"));
    node("n-1", CopyPace.Bounds.DEFAULT, 0);
    node("n-2", CopyPace.Bounds.DEFAULT, 0);
    Writer writer = new Writer("v1");
    writer.fill();
    writer.begin();
    try (Reader<Digest> reports = reader(Topics.DIGESTS, Digest.class)) {
      Predicate<Digest> inMidCopy =
          each ->
              each.getNode().getId().equals("n-3")
                  && !each.getNeedsResync()
                  && each.getMissingBytes() > 0
                  && each.getMissingBytes() < UNIT_BYTES / 2;
      try (ReferenceNode shadow = node("n-3", SLOW, 0)) {
        shadow.awaitReady();
        map("v1", 2, "n-1", replica("n-2"), shadow("n-3"));
        reports.await("it is in mid-copy", inMidCopy);
      }
      writer.awaitMore(50);
      int before = reports.all().size();
      node("n-3", SLOW, 0);
      awaitInSync("v1", "n-3");
      assertThat(reports.all().subList(before, reports.all().size()))
          .filteredOn(each -> each.getNode().getId().equals("n-3"))
          .isNotEmpty()
          .as("what was there is not fetched again")
          .allMatch(each -> each.getMissingBytes() < UNIT_BYTES / 2);
    }
    writer.awaitMore(200);
    writer.end();
    writer.awaitAt("n-1", "n-2", "n-3");
    assertThat(writer.read()).isEqualTo(writer.written);
  }

  @Test
  void theOwnerAndTheShadowAreComparedAndWhatRotsIsFoundToldOfAndRepaired() throws Exception {
    Writer writer = threeNodes("v2", "-2", 20);
    writer.begin();
    try (Reader<ShadowStatus> standings = reader(Topics.SHADOWS, ShadowStatus.class);
        Reader<Event> events = reader(Topics.EVENTS, Event.class)) {
      ShadowStatus verified =
          standings.await(
              "a round is verified",
              each -> each.getVolume().equals("v2") && each.getVerifiedRound() > 0);
      assertThat(verified.getDivergences()).isZero();
      // A block that is written again would be right before anybody looked.
      writer.end();
      writer.awaitAt("owner-2", "shadow-2");

      rot("shadow-2", "v2", 3L * CHUNK + 9_000);
      Event atShadow = events.await("the shadow is wrong", diverged("shadow-2"));
      assertThat(atShadow.getSeverity()).isEqualTo(Severity.ERROR);
      assertThat(atShadow.getLabels()).containsEntry("attributed", "stored-checksum");
      assertThat(atShadow.getValues()).containsEntry("offset", 3.0 * CHUNK);
      writer.awaitAt("shadow-2");

      rot("owner-2", "v2", 5L * CHUNK + 9_000);
      Event atOwner = events.await("the owner is wrong", diverged("owner-2"));
      assertThat(atOwner.getSeverity()).isEqualTo(Severity.CRITICAL);
      assertThat(atOwner.getLabels()).containsEntry("attributed", "stored-checksum");
      writer.awaitAt("owner-2", "shadow-2", "replica-2");
      assertThat(writer.read()).isEqualTo(writer.written);
      long round =
          standings
              .await("it is in sync again", each -> each.getVolume().equals("v2") && isWell(each))
              .getVerifiedRound();
      standings.await(
          "a round more is verified",
          each ->
              each.getVolume().equals("v2") && isWell(each) && each.getVerifiedRound() > round + 1);
      assertThat(events.all())
          .filteredOn(each -> each.getType().equals("copy.diverged"))
          .extracting(each -> each.getEntity().getId() + " at " + each.getValues().get("offset"))
          .as("nothing else was told of")
          .containsOnly("shadow-2 at " + 3.0 * CHUNK, "owner-2 at " + 5.0 * CHUNK);
    }
  }

  private static boolean isWell(ShadowStatus standing) {
    return standing.getState() == CopyState.IN_SYNC && standing.getDivergences() > 0;
  }

  private static Predicate<Event> diverged(String node) {
    return each -> each.getType().equals("copy.diverged") && each.getEntity().getId().equals(node);
  }

  /** An operator's word about when writes are acknowledged. */
  private static void writeMode(String volume, Map<String, String> parameters) throws Exception {
    String scope = "volume/" + volume;
    long now = System.currentTimeMillis();
    PolicyRecord record =
        new PolicyRecord(
            PolicyRecords.key(scope, PolicyRecord.Kind.WRITE_MODE, WriteModes.ID),
            WriteModes.ID,
            PolicyRecord.Kind.WRITE_MODE,
            now,
            true,
            scope,
            PolicyRecords.entity(scope),
            ActKind.UNKNOWN,
            null,
            "a test",
            "a test",
            now,
            now,
            null,
            parameters,
            "");
    send(Topics.POLICIES, record.key(), new PolicyRecords(signer.trusted()).write(record, signer));
  }

  private static Predicate<Ownership> inMode(String volume, WriteMode mode) {
    return each ->
        each.getWriteMode() == mode
            && each.getUnits().stream().anyMatch(step -> step.getUnit().equals(volume + "/0"));
  }

  @Test
  void aVolumeThatIsAnsweredEarlyIsFollowedAndItsOwnerForgetsNothing() throws Exception {
    map("v5", 1, "owner-5", replica("replica-5"), shadow("shadow-5"));
    node("replica-5", CopyPace.Bounds.DEFAULT, 0);
    node("shadow-5", CopyPace.Bounds.DEFAULT, 0);
    try (Reader<Ownership> log = reader(Topics.OWNERSHIP, Ownership.class)) {
      Writer writer;
      try (ReferenceNode owner = node("owner-5", CopyPace.Bounds.DEFAULT, 0)) {
        owner.awaitReady();
        writer = new Writer("v5");
        writer.fill();
        awaitInSync("v5", "shadow-5");
        writeMode(
            "v5",
            Map.of(
                PolicyParameters.WRITE_MODE,
                WriteModes.ASYNCHRONOUS,
                PolicyParameters.ASYNC_BOUND,
                "5s"));
        Ownership asynchronous =
            log.await("its owner says so", inMode("v5", WriteMode.ASYNCHRONOUS));
        assertThat(asynchronous.getKind()).isEqualTo(OwnershipKind.MODE);
        assertThat(asynchronous.getAsyncBoundMillis()).isEqualTo(5_000);
        writer.begin();
        writer.awaitMore(100);
      }
      // Whatever it had answered when it was ended is there when it is back.
      node("owner-5", CopyPace.Bounds.DEFAULT, 0);
      writer.awaitMore(100);
      writer.end();
      writer.volume.flush().get(60, TimeUnit.SECONDS);
      writer.awaitAt("owner-5", "replica-5", "shadow-5");
      assertThat(writer.read()).isEqualTo(writer.written);
      writeMode("v5", Map.of(PolicyParameters.WRITE_MODE, WriteModes.SYNCHRONOUS));
      log.await("it is synchronous again", inMode("v5", WriteMode.SYNCHRONOUS));
      writer.write(0, BLOCK);
      writer.awaitAt("owner-5", "replica-5", "shadow-5");
    }
  }

  @Test
  void itIsPreparedAndPromotedWithoutTheJobAndLosesNothing() throws Exception {
    Writer writer = threeNodes("v3", "-3", 0);
    writer.begin();
    writer.awaitMore(50);
    cancelMove();
    try {
      // Nobody feeds it: what comes from here on it must read itself.
      writer.awaitMore(50);
      CommandAck prepared =
          command(Command.Kind.PREPARE, "a3-prepare", "v3", 1, "owner-3", "shadow-3");
      assertThat(prepared.status()).as(prepared.text()).isEqualTo(CommandAck.Status.DONE);
      writer.awaitMore(50);
      writer.end();
      writer.awaitAt("owner-3", "shadow-3");
      writer.begin();
      CommandAck promoted = command(Command.Kind.PROMOTE, "a3", "v3", 1, "owner-3", "shadow-3");
      assertThat(promoted.status()).as(promoted.text()).isEqualTo(CommandAck.Status.DONE);
      writer.awaitMore(50);
      writer.end();
      assertThat(writer.read()).isEqualTo(writer.written);
      writer.awaitAt("shadow-3", "replica-3");
    } finally {
      startMove();
    }
  }

  @Test
  void aShadowThatLagsIsPromotedWithoutTheJobWhenItsOwnerIsDead() throws Exception {
    map("v4", 1, "owner-4", replica("replica-4"), shadow("shadow-4"));
    node("replica-4", CopyPace.Bounds.DEFAULT, 0);
    node("shadow-4", CopyPace.Bounds.DEFAULT, 0);
    Writer writer;
    try (ReferenceNode owner = node("owner-4", CopyPace.Bounds.DEFAULT, 0)) {
      writer = new Writer("v4");
      writer.fill();
      awaitInSync("v4", "shadow-4");
      assertThat(owner.isReady()).isTrue();
      cancelMove();
      writer.begin();
      writer.awaitMore(100);
      writer.end();
    }
    try {
      CommandAck promoted = command(Command.Kind.PROMOTE, "a4", "v4", 1, "owner-4", "shadow-4");
      assertThat(promoted.status()).as(promoted.text()).isEqualTo(CommandAck.Status.DONE);
      assertThat(writer.read()).isEqualTo(writer.written);
      writer.begin();
      writer.awaitMore(50);
      writer.end();
      writer.awaitAt("shadow-4", "replica-4");
    } finally {
      startMove();
    }
  }
}
