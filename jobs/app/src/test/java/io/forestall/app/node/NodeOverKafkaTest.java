package io.forestall.app.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.TestingBroker;
import io.forestall.app.runtime.Await;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.nodes.client.ClientSettings;
import io.forestall.nodes.client.KafkaClientFeed;
import io.forestall.nodes.client.Volume;
import io.forestall.nodes.node.NodeException;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.nodes.node.ReferenceNode;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.NodeServer;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reference nodes over a real broker: what a client and a saga see of them. */
@SuppressWarnings("NullAway.Init")
@Timeout(180)
class NodeOverKafkaTest {
  private static final String POOL = "p1";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BLOCK = 4096;

  @TempDir private static Path directory;
  private static TestingBroker broker;
  private static Signer signer;
  private static TransportLoop loop;

  @BeforeAll
  static void startBroker() throws Exception {
    broker = TestingBroker.start(directory.resolve("kafka"), "forestall");
    signer = Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    loop = TransportLoop.open("test-clients");
  }

  @AfterAll
  static void stopBroker() {
    loop.close();
    broker.close();
  }

  private static ReferenceNode node(String id) throws Exception {
    Path folder = directory.resolve(id);
    NodeOptions standard =
        NodeOptions.standard(
            id,
            folder,
            new InetSocketAddress("127.0.0.1", 0),
            new Place(id, "r-" + id, "z1", "local", POOL));
    return ReferenceNode.start(
        standard, broker.options().clientProperties(), "forestall", signer.trusted());
  }

  private static void map(String volume, String owner, String... copies) throws Exception {
    List<MapCopy> others = new ArrayList<>();
    for (String each : copies) {
      others.add(new MapCopy(Subject.node(each), "REPLICA", "IN_SYNC", -1));
    }
    MapSlice slice =
        new MapSlice(
            volume,
            POOL,
            0,
            1,
            1,
            0,
            1 << 20,
            1 << 20,
            BLOCK,
            2,
            List.of(new MapSegment(volume + "/0", 0, Subject.node(owner), 0, others)),
            System.currentTimeMillis());
    broker.send(Topics.MAPS, MapRecords.key(slice), new MapRecords().encode(slice, null));
  }

  private static Admission admission(String id, String unit, long epoch, String from, String to) {
    long now = System.currentTimeMillis();
    return new Admission(
        id,
        1,
        Admission.State.ADMITTED,
        "proposal-" + id,
        ActKind.FAILOVER,
        Subject.node(from),
        POOL,
        null,
        true,
        List.of(new UnitStep(unit, epoch, epoch + 1)),
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
  }

  private static Command promote(Admission admission) {
    return new Command(
        admission.id() + "/promote",
        Command.Kind.PROMOTE,
        Objects.requireNonNull(admission.target()),
        admission.subject(),
        POOL,
        admission,
        0,
        0,
        admission.units(),
        admission.target(),
        admission.timeMillis(),
        admission.notBeforeMillis(),
        admission.expiresMillis(),
        null,
        "a test",
        Map.of());
  }

  private static void command(Command command, Admission admission, Signer by) throws Exception {
    broker.send(
        Topics.COMMANDS,
        CommandRecords.key(command),
        new CommandRecords().encode(command, new AdmissionRecords().of(admission, by)));
  }

  private static CommandAck lastAck(String command) throws Exception {
    AckRecords records = new AckRecords();
    CommandAck[] last = new CommandAck[1];
    try (KafkaConsumer<byte[], byte[]> consumer = broker.reader(Topics.ACKS)) {
      Await.until(
          PATIENCE,
          "the last answer to " + command,
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
              CommandAck ack = records.decode(record.value());
              if (ack.command().equals(command) && ack.ends()) {
                last[0] = ack;
              }
            }
            return last[0] != null;
          });
    }
    return last[0];
  }

  /** A client's end of one connection, one request at a time. */
  private static final class Caller implements NodeConnection.Listener, AutoCloseable {
    private record Answered(NodeAnswer answer, byte[] data) {}

    private final BlockingQueue<Answered> answers = new LinkedBlockingQueue<>();
    private final NodeConnection connection;
    private long token;

    Caller(ReferenceNode node) throws Exception {
      connection = NodeConnection.open(loop, node.address(), "c-1/1", 2_000, this);
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      answers.add(new Answered(answer, data));
    }

    @Override
    public void closed(Ending ending, String why) {}

    Answered ask(long request, NodeRequest.Kind kind, String unit, long offset, byte[] data)
        throws InterruptedException {
      boolean write = kind == NodeRequest.Kind.WRITE;
      PayloadCodec.Encoded encoded =
          write
              ? PayloadCodec.encode(data, PayloadCodec.Codec.LZ4)
              : new PayloadCodec.Encoded("NONE", new byte[0], 0, 0);
      connection.send(
          new NodeRequest(
              ++token,
              "c-1/1",
              request,
              unit,
              0,
              kind,
              offset,
              write ? data.length : BLOCK,
              encoded.codec(),
              encoded.bytes(),
              encoded.encodedCrc(),
              encoded.plainCrc()));
      Answered answered = answers.poll(60, TimeUnit.SECONDS);
      assertThat(answered).as("an answer to request " + request).isNotNull();
      return answered;
    }

    /** Asks until the node serves. */
    Answered askUntilDone(
        long request, NodeRequest.Kind kind, String unit, long offset, byte[] data)
        throws Exception {
      Answered[] last = new Answered[1];
      Await.until(
          PATIENCE,
          "request " + request + " is done",
          () -> {
            last[0] = ask(request, kind, unit, offset, data);
            return last[0].answer().outcome() == NodeAnswer.Outcome.DONE;
          });
      return last[0];
    }

    @Override
    public void close() {
      connection.close("done");
    }
  }

  private static byte[] block(long seed) {
    byte[] block = new byte[BLOCK];
    new Random(seed).nextBytes(block);
    Arrays.fill(block, 0, BLOCK / 2, (byte) seed);
    return block;
  }

  @Test
  void whatIsAcknowledgedIsReadAtTheNextOwnerAndARetryIsDoneOnce() throws Exception {
    map("v1", "n-1", "n-2");
    String unit = "v1/0";
    try (ReferenceNode first = node("n-1");
        ReferenceNode second = node("n-2");
        Caller atFirst = new Caller(first);
        Caller atSecond = new Caller(second)) {
      atFirst.askUntilDone(1, NodeRequest.Kind.WRITE, unit, 0, block(1));
      atFirst.askUntilDone(2, NodeRequest.Kind.WRITE, unit, BLOCK, block(2));
      assertThat(atFirst.ask(3, NodeRequest.Kind.READ, unit, 0, new byte[0]).data())
          .isEqualTo(block(1));
      Caller.Answered elsewhere = atSecond.ask(4, NodeRequest.Kind.READ, unit, 0, new byte[0]);
      assertThat(elsewhere.answer().outcome()).isEqualTo(NodeAnswer.Outcome.NOT_OWNER);
      assertThat(Objects.requireNonNull(elsewhere.answer().owned()).owner())
          .isEqualTo(Subject.node("n-1"));

      // Signed by nobody whom the node trusts.
      Admission forged = admission("forged", unit, 1, "n-1", "n-2");
      Signer stranger =
          Signatures.generate(directory.resolve("stranger.key"), directory.resolve("stranger.pub"));
      command(promote(forged), forged, stranger);
      assertThat(lastAck("forged/promote").code()).isEqualTo(CommandAck.Code.UNKNOWN_KEY);

      Admission admission = admission("a1", unit, 1, "n-1", "n-2");
      command(promote(admission), admission, signer);
      assertThat(lastAck("a1/promote").status()).isEqualTo(CommandAck.Status.DONE);

      Caller.Answered deposed = atFirst.ask(5, NodeRequest.Kind.WRITE, unit, 0, block(5));
      assertThat(deposed.answer().outcome()).isEqualTo(NodeAnswer.Outcome.NOT_OWNER);
      assertThat(Objects.requireNonNull(deposed.answer().owned()).owner())
          .isEqualTo(Subject.node("n-2"));
      assertThat(Objects.requireNonNull(deposed.answer().owned()).epoch()).isEqualTo(2);
      assertThat(atSecond.askUntilDone(6, NodeRequest.Kind.READ, unit, BLOCK, new byte[0]).data())
          .isEqualTo(block(2));

      // The client never heard of request 2: asked again here it is known, and done once.
      atSecond.askUntilDone(7, NodeRequest.Kind.WRITE, unit, BLOCK, block(7));
      assertThat(atSecond.ask(2, NodeRequest.Kind.WRITE, unit, BLOCK, block(2)).answer().outcome())
          .isEqualTo(NodeAnswer.Outcome.DONE);
      assertThat(atSecond.ask(8, NodeRequest.Kind.READ, unit, BLOCK, new byte[0]).data())
          .isEqualTo(block(7));

      // A rotation: the new key is believed, and the log judged again under both serves on.
      Path both = Files.createDirectories(directory.resolve("both"));
      Files.copy(directory.resolve("guard.pub"), both.resolve("guard.pub"));
      Files.copy(directory.resolve("stranger.pub"), both.resolve("stranger.pub"));
      first.trust(Trusted.read(both));
      second.trust(Trusted.read(both));
      assertThat(atSecond.askUntilDone(9, NodeRequest.Kind.READ, unit, 0, new byte[0]).data())
          .isEqualTo(block(1));
      Admission rotated = admission("a2", unit, 2, "n-2", "n-1");
      command(promote(rotated), rotated, stranger);
      assertThat(lastAck("a2/promote").status()).isEqualTo(CommandAck.Status.DONE);
      assertThat(atFirst.askUntilDone(10, NodeRequest.Kind.READ, unit, BLOCK, new byte[0]).data())
          .isEqualTo(block(7));

      Map<String, FleetEntry> fleet = new HashMap<>();
      AvroCodec<FleetEntry> codec = AvroCodec.of(FleetEntry.class);
      try (KafkaConsumer<byte[], byte[]> consumer = broker.reader(Topics.FLEET)) {
        Await.until(
            PATIENCE,
            "both nodes say where they are",
            () -> {
              for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
                FleetEntry entry = codec.decode(record.value());
                fleet.put(entry.getEntity().getId(), entry);
              }
              return fleet.containsKey("n-1") && fleet.containsKey("n-2");
            });
      }
      assertThat(Objects.requireNonNull(fleet.get("n-2")).getLabels())
          .containsEntry("forestall.level", "2")
          .containsEntry("forestall.address", "127.0.0.1:" + second.address().getPort());
    }
  }

  /** Takes requests and answers them with DONE, as the owner that it says it is in the log. */
  private static final class TestingOwner implements NodeServer.Handler, AutoCloseable {
    private final BlockingQueue<NodeRequest> requests = new LinkedBlockingQueue<>();
    private final String id;
    private final NodeServer server;

    TestingOwner(String id) throws Exception {
      this.id = id;
      this.server = NodeServer.open(loop, new InetSocketAddress("127.0.0.1", 0), id, 1, this);
      FleetEntry entry = new FleetEntry();
      entry.setEntity(FleetEntries.entity(Subject.node(id)));
      entry.setTimeMillis(System.currentTimeMillis());
      entry.setNode(null);
      entry.setRack("r-" + id);
      entry.setZone("z1");
      entry.setRegion("local");
      entry.setPool(POOL);
      entry.setTier("");
      entry.setModel(null);
      entry.setCapacityBytes(1L << 40);
      entry.setSynthetic(false);
      entry.setLabels(
          Map.of(
              "forestall.level",
              "2",
              "forestall.address",
              "127.0.0.1:" + server.address().getPort()));
      broker.send(Topics.FLEET, "node/" + id, AvroCodec.of(FleetEntry.class).encode(entry));
    }

    void takeOver(Admission admission) throws Exception {
      OwnershipEntry entry =
          new OwnershipEntry(
              POOL,
              OwnershipEntry.Kind.TAKEOVER,
              admission.units(),
              Subject.node(id),
              1,
              admission,
              Authority.VALID,
              id,
              System.currentTimeMillis());
      broker.send(
          Topics.OWNERSHIP,
          OwnershipRecords.key(entry),
          new OwnershipRecords().encode(entry, new AdmissionRecords().of(admission, signer)));
    }

    @Override
    public void fetch(Fetch fetch) {
      throw new IllegalStateException("clients fetch nothing");
    }

    @Override
    public void request(NodeRequest request) {
      requests.add(request);
      server.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.DONE, null, ""), null);
    }

    @Override
    public void forget(long token) {}

    @Override
    public void close() {
      server.close();
    }
  }

  private static Command toClient(Command.Kind kind, String client, Admission admission) {
    return new Command(
        admission.id() + "/" + kind,
        kind,
        new Subject(Subject.Kind.CLIENT, client),
        admission.subject(),
        POOL,
        kind.needsAdmission() ? admission : null,
        0,
        0,
        admission.units(),
        admission.target(),
        admission.timeMillis(),
        admission.notBeforeMillis(),
        admission.expiresMillis(),
        null,
        "a test",
        Map.of());
  }

  @Test
  void aRedirectedClientIsConnectedBeforeTheFenceAndItsNextWriteGoesThere() throws Exception {
    map("v3", "n-4");
    String unit = "v3/0";
    try (ReferenceNode owner = node("n-4");
        TestingOwner next = new TestingOwner("n-5");
        TestingOwner stranger = new TestingOwner("n-6");
        KafkaClientFeed feed =
            KafkaClientFeed.open(
                broker.options().clientProperties(),
                "forestall",
                signer.trusted(),
                ClientSettings.of("c-9", "1"))) {
      Volume volume = feed.client().volume("v3").get(60, TimeUnit.SECONDS);
      volume.write(0, block(1)).get(60, TimeUnit.SECONDS);
      assertThat(owner.isReady()).isTrue();
      Await.until(
          PATIENCE,
          "their neighbour watches them, and nobody else knows them",
          () -> next.server.connections() == 1 && stranger.server.connections() == 1);

      Admission forged = admission("forged-redirect", unit, 1, "n-4", "n-6");
      Admission changed = admission("forged-redirect", unit, 7, "n-4", "n-6");
      var wronglySigned = new AdmissionRecords().of(forged, signer);
      wronglySigned.setSignature(new AdmissionRecords().of(changed, signer).getSignature());
      Command lure = toClient(Command.Kind.REDIRECT, "c-9", forged);
      broker.send(
          Topics.COMMANDS,
          CommandRecords.key(lure),
          new CommandRecords().encode(lure, wronglySigned));
      assertThat(lastAck(lure.id()).code()).isEqualTo(CommandAck.Code.BAD_SIGNATURE);

      Admission admission = admission("redirect", unit, 1, "n-4", "n-5");
      Command probe = toClient(Command.Kind.PROBE, "c-9", admission);
      broker.send(
          Topics.COMMANDS, CommandRecords.key(probe), new CommandRecords().encode(probe, null));
      assertThat(lastAck(probe.id()).status()).isEqualTo(CommandAck.Status.DONE);

      Command redirect = toClient(Command.Kind.REDIRECT, "c-9", admission);
      command(redirect, admission, signer);
      assertThat(lastAck(redirect.id()).status()).isEqualTo(CommandAck.Status.DONE);
      Await.until(PATIENCE, "it is connected", () -> next.server.connections() == 2);
      assertThat(next.requests).as("until the log says so nothing is asked there").isEmpty();
      assertThat(feed.client().owner(unit)).isNotNull();
      volume.write(0, block(2)).get(60, TimeUnit.SECONDS);
      assertThat(next.requests).isEmpty();

      next.takeOver(admission);
      Await.until(
          PATIENCE,
          "the client has read who owns it",
          () -> Objects.requireNonNull(feed.client().owner(unit)).epoch() == 2);
      volume.write(0, block(3)).get(60, TimeUnit.SECONDS);

      NodeRequest first = next.requests.poll(60, TimeUnit.SECONDS);
      assertThat(Objects.requireNonNull(first).unit()).isEqualTo(unit);
      assertThat(first.epoch()).isEqualTo(2);
      assertThat(next.server.connections()).as("over the connection it had").isEqualTo(2);
      assertThat(stranger.server.connections()).as("nobody followed the lure").isEqualTo(1);
    }
  }

  @Test
  void aNodeThatStartsAgainTakesANewEpochAndKnowsWhatItHad() throws Exception {
    map("v2", "n-3");
    String unit = "v2/0";
    long incarnation;
    try (ReferenceNode node = node("n-3");
        Caller caller = new Caller(node)) {
      incarnation = node.incarnation();
      caller.askUntilDone(1, NodeRequest.Kind.WRITE, unit, 0, block(11));
      assertThatThrownBy(() -> node("n-3"))
          .isInstanceOfSatisfying(
              NodeException.class,
              e -> assertThat(e.reason()).isEqualTo(NodeException.Reason.REFUSED))
          .hasMessageContaining("in use by another process");
    }
    try (ReferenceNode node = node("n-3");
        Caller caller = new Caller(node)) {
      assertThat(node.incarnation()).isEqualTo(incarnation + 1);
      Caller.Answered read = caller.askUntilDone(2, NodeRequest.Kind.READ, unit, 0, new byte[0]);
      assertThat(read.data()).isEqualTo(block(11));
      caller.askUntilDone(1, NodeRequest.Kind.WRITE, unit, 0, block(11));
      caller.askUntilDone(3, NodeRequest.Kind.WRITE, unit, BLOCK, block(12));
    }
  }
}
