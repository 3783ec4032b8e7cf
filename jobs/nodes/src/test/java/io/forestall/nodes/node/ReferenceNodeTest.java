package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.Fetched;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import io.forestall.schemas.Digest;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes over topics in memory and real files that fail on command. */
@Timeout(120)
class ReferenceNodeTest {
  private static final String UNIT = "v/0";
  private static final int BLOCK = 4096;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingTopics topics = new TestingTopics();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init")
  private TransportLoop loop;

  /** One node with its faults. */
  private final class Running implements AutoCloseable {
    private final TestingMedium medium = new TestingMedium();
    private final String id;
    private final TestingTopics.Link link;
    private final ReferenceNode node;
    private final Caller caller;

    Running(String id, @Nullable Path hold) throws Exception {
      this(id, hold, 200);
    }

    Running(String id, @Nullable Path hold, long leaseMillis) throws Exception {
      this.id = id;
      link = topics.new Link(id);
      NodeOptions standard =
          NodeOptions.standard(
              id,
              folder.resolve(id),
              new InetSocketAddress("127.0.0.1", 0),
              new Place(id, "r", "z", "local", "p1"));
      NodeOptions options =
          new NodeOptions(
              id,
              standard.directory(),
              standard.listen(),
              null,
              standard.place(),
              leaseMillis,
              leaseMillis / 10,
              4096,
              1 << 20,
              2,
              100,
              60_000,
              20,
              400,
              true,
              true,
              hold,
              standard.copyPace(),
              0);
      node =
          ReferenceNode.start(
              options,
              medium,
              NodeDirectory.open(medium, options.directory(), id),
              link,
              List.of());
      caller = new Caller(node);
      opened.add(this);
      node.awaitReady();
    }

    @Nullable Role role() throws InterruptedException {
      var status = node.status().get(UNIT);
      return status == null ? null : status.role();
    }

    Owned owned() throws InterruptedException {
      var status = node.status().get(UNIT);
      return Objects.requireNonNull(status == null ? null : status.owned());
    }

    long applied() {
      try {
        var status = node.status().get(UNIT);
        return status == null ? 0 : status.appliedSequence();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    void awaitRole(Role role) throws Exception {
      topics.await(
          "role " + role,
          () -> {
            try {
              return role() == role;
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }

    @Override
    public void close() {
      caller.connection.close("done");
      node.close();
    }
  }

  private final class Caller implements NodeConnection.Listener {
    private record Answered(NodeAnswer answer, byte[] data) {}

    private record Gotten(Fetched fetched, byte[] data) {}

    private final BlockingQueue<Answered> answers = new LinkedBlockingQueue<>();
    private final BlockingQueue<Gotten> gotten = new LinkedBlockingQueue<>();
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
    public void fetched(Fetched fetched, byte[] data) {
      gotten.add(new Gotten(fetched, data));
    }

    @Override
    public void closed(Ending ending, String why) {}

    Gotten fetch(String unit, Fetch.Kind kind, long offset, long minEpoch, long minSequence)
        throws InterruptedException {
      int length = kind == Fetch.Kind.BYTES ? 4 * BLOCK : 0;
      connection.fetch(new Fetch(++token, unit, kind, offset, length, minEpoch, minSequence));
      Gotten next = gotten.poll(60, TimeUnit.SECONDS);
      assertThat(next).as("something fetched").isNotNull();
      assertThat(next.fetched().token()).isEqualTo(token);
      return next;
    }

    void send(long request, NodeRequest.Kind kind, long offset, byte[] data) {
      boolean write = kind == NodeRequest.Kind.WRITE;
      PayloadCodec.Encoded encoded =
          write
              ? PayloadCodec.encode(data, PayloadCodec.Codec.ZSTD)
              : new PayloadCodec.Encoded("NONE", new byte[0], 0, 0);
      connection.send(
          new NodeRequest(
              ++token,
              "c-1/1",
              request,
              UNIT,
              0,
              kind,
              offset,
              write ? data.length : BLOCK,
              encoded.codec(),
              encoded.bytes(),
              encoded.encodedCrc(),
              encoded.plainCrc()));
    }

    Answered next() throws InterruptedException {
      Answered answered = answers.poll(60, TimeUnit.SECONDS);
      assertThat(answered).as("an answer").isNotNull();
      return answered;
    }

    Outcome write(long request, long offset, byte[] data) throws InterruptedException {
      send(request, NodeRequest.Kind.WRITE, offset, data);
      return next().answer().outcome();
    }

    Answered read(long request, long offset) throws InterruptedException {
      send(request, NodeRequest.Kind.READ, offset, new byte[0]);
      return next();
    }

    void writeUntilDone(long request, long offset, byte[] data) throws Exception {
      topics.await(
          "write " + request,
          () -> {
            try {
              return write(request, offset, data) == Outcome.DONE;
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }

    byte[] readUntilDone(long request, long offset) throws Exception {
      Answered[] last = new Answered[1];
      topics.await(
          "read " + request,
          () -> {
            try {
              last[0] = read(request, offset);
              return last[0].answer().outcome() == Outcome.DONE;
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
      return last[0].data();
    }
  }

  @BeforeEach
  void open() {
    loop = TransportLoop.open("test-clients");
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    loop.close();
  }

  private void map(String owner, String... copies) {
    List<MapCopy> others = new ArrayList<>();
    for (String each : copies) {
      others.add(new MapCopy(Subject.node(each), "REPLICA", "IN_SYNC", -1));
    }
    topics.map(
        new MapSlice(
            "v",
            "p1",
            0,
            1,
            1,
            0,
            1 << 20,
            1 << 20,
            BLOCK,
            2,
            List.of(new MapSegment(UNIT, 0, Subject.node(owner), 0, others)),
            0));
  }

  private static byte[] block(long seed) {
    return Deltas.bytes(seed, BLOCK);
  }

  private Command promote(String id, long epoch, String from, String to) {
    long now = System.currentTimeMillis();
    List<UnitStep> units = List.of(new UnitStep(UNIT, epoch, epoch + 1));
    Admission admission =
        new Admission(
            id,
            1,
            Admission.State.ADMITTED,
            "p-" + id,
            ActKind.FAILOVER,
            Subject.node(from),
            "p1",
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
            id + "/promote",
            Command.Kind.PROMOTE,
            Subject.node(to),
            admission.subject(),
            "p1",
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
    topics.command(command, Authority.VALID);
    return command;
  }

  private CommandAck end(Command command) throws InterruptedException {
    topics.await(
        "the end of " + command.id(),
        () -> topics.acks(command.id()).stream().anyMatch(CommandAck::ends));
    return topics.acks(command.id()).stream().filter(CommandAck::ends).findFirst().orElseThrow();
  }

  @Test
  void aHolderGivesItsBytesAsOfItsPlaceAndRefusesWhatItHasNotComeTo() throws Exception {
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    Running replica = new Running("n-2", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    owner.caller.writeUntilDone(2, BLOCK, block(2));
    topics.await("the replica has both", () -> replica.applied() == 2);
    topics.await("a copy whose log is read", () -> isDone(replica, 0, 2));

    Caller.Gotten got = replica.caller.fetch(UNIT, Fetch.Kind.BYTES, 0, 0, 2);
    assertThat(got.fetched().sequence()).isEqualTo(2);
    byte[] expected = new byte[4 * BLOCK];
    System.arraycopy(block(1), 0, expected, 0, BLOCK);
    System.arraycopy(block(2), 0, expected, BLOCK, BLOCK);
    assertThat(got.data()).isEqualTo(expected);

    Caller.Gotten zeros = replica.caller.fetch(UNIT, Fetch.Kind.BYTES, 512 << 10, 0, 2);
    assertThat(zeros.fetched().outcome()).isEqualTo(Fetched.Outcome.DONE);
    assertThat(zeros.data()).as("zeros do not travel").isEmpty();

    Caller.Gotten behind = replica.caller.fetch(UNIT, Fetch.Kind.BYTES, 0, 0, 3);
    assertThat(behind.fetched().outcome()).isEqualTo(Fetched.Outcome.BEHIND);
    assertThat(behind.data()).isEmpty();
    assertThat(replica.caller.fetch(UNIT, Fetch.Kind.FOLD, 0, 9, 2).fetched().outcome())
        .as("an epoch that it has not come to")
        .isEqualTo(Fetched.Outcome.BEHIND);
    assertThat(replica.caller.fetch("v/9", Fetch.Kind.BYTES, 0, 0, 0).fetched().outcome())
        .isEqualTo(Fetched.Outcome.NOT_HELD);
    assertThat(replica.caller.fetch(UNIT, Fetch.Kind.BYTES, 1 << 20, 0, 0).fetched().outcome())
        .as("behind the end of the unit")
        .isEqualTo(Fetched.Outcome.FAILED);

    Caller.Gotten fold = replica.caller.fetch(UNIT, Fetch.Kind.FOLD, 0, 1, 2);
    assertThat(fold.fetched().outcome()).isEqualTo(Fetched.Outcome.DONE);
    UnitFiles.Checkpoint place = CheckpointBytes.of(fold.data());
    assertThat(place.lastSequence()).isEqualTo(2);
    assertThat(place.epoch()).isEqualTo(1);
    assertThat(place.requests()).singleElement().matches(each -> each.client().equals("c-1/1"));
    assertThat(place.deltaOffset()).as("a barrier and two writes").isEqualTo(3);
  }

  @Test
  void zerosAreWrittenWithoutTheirBytes() throws Exception {
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    owner.caller.writeUntilDone(2, 0, new byte[BLOCK]);
    byte[] almost = new byte[BLOCK];
    almost[BLOCK - 1] = 1;
    owner.caller.writeUntilDone(3, BLOCK, almost);

    List<Delta> deltas = topics.deltas(UNIT);
    assertThat(deltas)
        .extracting(Delta::kind)
        .endsWith(Delta.Kind.WRITE, Delta.Kind.ZERO, Delta.Kind.WRITE);
    assertThat(deltas.get(deltas.size() - 2))
        .satisfies(
            zeros -> {
              assertThat(zeros.payload()).isEmpty();
              assertThat(zeros.length()).isEqualTo(BLOCK);
              assertThat(zeros.request()).isEqualTo(2);
            });
    assertThat(owner.caller.readUntilDone(4, 0)).isEqualTo(new byte[BLOCK]);
    assertThat(owner.caller.readUntilDone(5, BLOCK)).isEqualTo(almost);
  }

  /**
   * Writes that wait for the journal go out as fewer deltas, which leave on every copy what the
   * writes leave in the order in which they came; and their retries are known.
   */
  @Test
  void whatComesWhileTheJournalIsBusyGoesOutTogether() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    Running replica = new Running("n-2", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    byte[] model = new byte[16 * BLOCK];
    System.arraycopy(block(1), 0, model, 0, BLOCK);
    owner.medium.holdSyncs("journal");
    int many = 200;
    for (int request = 2; request < 2 + many; request++) {
      int blocks = 1 + random.nextInt(3);
      int first = random.nextInt(16 - blocks);
      byte[] data = new byte[blocks * BLOCK];
      if (random.nextInt(8) > 0) {
        random.nextBytes(data);
      }
      System.arraycopy(data, 0, model, first * BLOCK, data.length);
      owner.caller.send(request, NodeRequest.Kind.WRITE, (long) first * BLOCK, data);
    }
    topics.await("all of them wait", () -> pending(owner) == many);
    owner.medium.holdSyncs("");
    for (int i = 0; i < many; i++) {
      assertThat(owner.caller.next().answer().outcome()).isEqualTo(Outcome.DONE);
    }
    List<Delta> deltas = topics.deltas(UNIT);
    assertThat(deltas).as("seed %d", seed).hasSizeLessThan(many / 2);
    Set<Long> settled = new HashSet<>();
    for (Delta each : deltas) {
      if (each.client() != null) {
        assertThat(settled.add(each.request())).isTrue();
      }
      each.merged().forEach(merged -> assertThat(settled.add(merged.number())).isTrue());
    }
    assertThat(settled).hasSize(many + 1);
    topics.await("the replica has all", () -> replica.applied() == owner.applied());
    for (int i = 0; i < 16; i += 4) {
      long at = (long) i * BLOCK;
      byte[] expected = Arrays.copyOfRange(model, i * BLOCK, (i + 4) * BLOCK);
      for (Running each : List.of(owner, replica)) {
        topics.await("a copy whose log is read", () -> isDone(each, at, owner.applied()));
        assertThat(each.caller.fetch(UNIT, Fetch.Kind.BYTES, at, 0, 1).data())
            .as("seed %d, %s", seed, each.id)
            .isEqualTo(expected);
      }
    }
    long before = owner.applied();
    for (int request = 2; request < 2 + many; request++) {
      assertThat(owner.caller.write(request, 0, block(9))).isEqualTo(Outcome.DONE);
    }
    assertThat(owner.applied()).as("every retry was known").isEqualTo(before);
  }

  private static int pending(Running owner) {
    try {
      var status = owner.node.status().get(UNIT);
      return status == null ? 0 : status.pending();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isDone(Running holder, long offset, long minSequence) {
    try {
      Caller.Gotten got = holder.caller.fetch(UNIT, Fetch.Kind.BYTES, offset, 0, minSequence);
      return got.fetched().outcome() == Fetched.Outcome.DONE;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aDamagedBlockIsNotGivenToAnother() throws Exception {
    map("n-1");
    Running owner = new Running("n-1", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    rot(owner, 100);
    Caller.Gotten got = owner.caller.fetch(UNIT, Fetch.Kind.BYTES, 0, 0, 1);
    assertThat(got.fetched().outcome()).isEqualTo(Fetched.Outcome.FAILED);
    assertThat(got.fetched().text()).contains("not what was written");
    assertThat(got.data()).isEmpty();
  }

  @Test
  void aDamagedBlockIsFetchedFromAnotherHolderAndItsReaderWaits() throws Exception {
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    Running replica = new Running("n-2", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    owner.caller.writeUntilDone(2, BLOCK, block(2));
    topics.await("the replica has both", () -> isDone(replica, 0, 2));
    rot(owner, BLOCK + 100);
    assertThat(owner.caller.readUntilDone(3, BLOCK)).isEqualTo(block(2));
    // The reader is answered before the topic has the event.
    topics.await("it says so", () -> !topics.events("node.block.repaired").isEmpty());
    assertThat(topics.events("node.block.repaired")).hasSize(1);
    assertThat(topics.events("node.block.damaged")).hasSize(1);
    assertThat(topics.events("node.unit.failed")).isEmpty();
    assertThat(owner.role()).isEqualTo(Role.SERVING);
  }

  @Test
  void aHolderThatGivesADamagedBlockAMomentLaterSavesTheCopy() throws Exception {
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    rot(owner, 100);
    topics.holdDeltas(true);
    Running replica = new Running("n-2", null);
    owner.caller.send(2, NodeRequest.Kind.READ, 0, new byte[0]);
    topics.await("it is found", () -> !topics.events("node.block.damaged").isEmpty());
    long found = System.nanoTime();
    topics.await(
        "the replica, which has read nothing, was asked for two seconds",
        () ->
            System.nanoTime() - found > 2_000_000_000L
                || !topics.events("node.unit.failed").isEmpty());
    assertThat(replica.applied()).isEqualTo(0);
    topics.holdDeltas(false);
    assertThat(owner.caller.next().answer().outcome()).isEqualTo(Outcome.DONE);
    assertThat(owner.caller.readUntilDone(3, 0)).isEqualTo(block(1));
    assertThat(topics.events("node.unit.failed")).isEmpty();
    assertThat(owner.role()).isEqualTo(Role.SERVING);
  }

  @Test
  void aDamagedBlockThatNobodyElseHasEndsTheCopy() throws Exception {
    map("n-1");
    Running owner = new Running("n-1", null);
    owner.caller.writeUntilDone(1, 0, block(1));
    rot(owner, 100);
    assertThat(owner.caller.read(2, 0).answer().outcome()).isEqualTo(Outcome.BUSY);
    topics.await("it says so", () -> !topics.events("node.unit.failed").isEmpty());
    assertThat(topics.events("node.block.repaired")).isEmpty();
  }

  /**
   * Changes one byte of a copy behind the back of its node, and behind all writes so far: what is
   * acknowledged is in the log, and may still be on its way to the file.
   */
  private void rot(Running holder, long offset) throws Exception {
    List<Delta> deltas = topics.deltas(UNIT);
    long last = deltas.get(deltas.size() - 1).sequence();
    topics.await("a copy with all that was written", () -> isDone(holder, 0, last));
    Path data = UnitFiles.folder(folder.resolve(holder.id).resolve("units"), UNIT).resolve("data");
    try (FileChannel channel =
        FileChannel.open(data, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      var unused = channel.read(one, offset);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      unused = channel.write(one, offset);
    }
  }

  @Test
  void whatItAcknowledgedIsThereAfterItStartsAgain() throws Exception {
    map("n-1");
    try (Running first = new Running("n-1", null)) {
      first.caller.writeUntilDone(1, 0, block(1));
      assertThat(first.caller.write(2, BLOCK, block(2))).isEqualTo(Outcome.DONE);
      first.node.checkpointNow();
      assertThat(first.caller.write(3, 0, block(3))).isEqualTo(Outcome.DONE);
    }
    try (Running second = new Running("n-1", null)) {
      assertThat(second.caller.readUntilDone(10, 0)).isEqualTo(block(3));
      assertThat(second.caller.readUntilDone(11, BLOCK)).isEqualTo(block(2));
      // A retry of what the first start did is known to the second.
      int before = topics.deltas(UNIT).size();
      assertThat(second.caller.write(2, BLOCK, block(2))).isEqualTo(Outcome.DONE);
      assertThat(topics.deltas(UNIT)).hasSize(before);
      assertThat(second.owned().epoch()).isEqualTo(2);
    }
  }

  @Test
  void whatOnlyTheJournalHoldsIsSetAsideAndNeverApplied() throws Exception {
    map("n-1");
    try (Running first = new Running("n-1", null)) {
      first.caller.writeUntilDone(1, 0, block(1));
      first.link.cut(true);
      first.caller.send(2, NodeRequest.Kind.WRITE, 0, block(2));
      Path journal = folder.resolve("n-1").resolve("journal");
      topics.await(
          "the write is in the journal",
          () -> {
            try (var files = Files.walk(journal)) {
              long bytes = 0;
              for (Path each : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(each);
              }
              return bytes > 2 * BLOCK;
            } catch (java.io.IOException e) {
              return false;
            }
          });
    }
    try (Running second = new Running("n-1", null)) {
      assertThat(second.caller.readUntilDone(10, 0)).isEqualTo(block(1));
      topics.await(
          "the write is set aside", () -> !topics.events("node.writes.set-aside").isEmpty());
      try (var aside = Files.list(folder.resolve("n-1").resolve("aside"))) {
        assertThat(aside.map(path -> path.getFileName().toString()))
            .contains("v%2F0-1-2.delta", "v%2F0-1-2.txt");
      }
      assertThat(Files.size(folder.resolve("n-1").resolve("aside").resolve("v%2F0-1-2.delta")))
          .isGreaterThan(BLOCK);
      // It is a new request to the new epoch, and only now it happens.
      assertThat(second.caller.write(2, 0, block(2))).isEqualTo(Outcome.DONE);
      assertThat(second.caller.readUntilDone(11, 0)).isEqualTo(block(2));
    }
  }

  @Test
  void aReplicaTakesOverAndTheDeposedOwnerSaysSo() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    Command command = promote("a1", 1, "n-1", "n-2");
    assertThat(end(command).status()).isEqualTo(CommandAck.Status.DONE);
    assertThat(end(command).freeBytes()).isPositive();
    assertThat(second.caller.readUntilDone(2, 0)).isEqualTo(block(1));
    second.caller.writeUntilDone(3, 0, block(3));
    Caller.Answered deposed = first.caller.read(4, 0);
    assertThat(deposed.answer().outcome()).isEqualTo(Outcome.NOT_OWNER);
    assertThat(Objects.requireNonNull(deposed.answer().owned()).owner())
        .isEqualTo(Subject.node("n-2"));
    topics.await(
        "both say how far they are",
        () -> {
          int seen = 0;
          for (Digest digest : topics.digests()) {
            if (digest.getSequence() == 2) {
              seen |= digest.getOwner() ? 1 : 2;
            }
          }
          return seen == 3;
        });
    topics.await("frames", () -> !topics.frames().isEmpty());
    assertThat(topics.frames().get(0).getSamples().get(0).getMetrics())
        .containsKeys("requests_total", "free_bytes", "start_time_seconds");
  }

  @Test
  void aCommandDoneBeforeARestartIsAnsweredAgainAndNotDone() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    Command command;
    try (Running second = new Running("n-2", null)) {
      command = promote("a1", 1, "n-1", "n-2");
      assertThat(end(command).status()).isEqualTo(CommandAck.Status.DONE);
    }
    int before = topics.acks(command.id()).size();
    Running again = new Running("n-2", null);
    topics.command(command, Authority.VALID);
    topics.await("an answer", () -> topics.acks(command.id()).size() > before);
    CommandAck last = topics.acks(command.id()).get(before);
    assertThat(last.duplicate()).isTrue();
    assertThat(last.status()).isEqualTo(CommandAck.Status.DONE);
    again.awaitRole(Role.SERVING);
    assertThat(again.owned().epoch()).isEqualTo(3);
  }

  @Test
  void aFullDiskMakesWritersWaitAndLosesNothing() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    // Below the reserve of one mebibyte: the journal refuses, reads go on.
    first.medium.budget(600_000);
    assertThat(first.caller.write(2, BLOCK, block(2))).isEqualTo(Outcome.BUSY);
    assertThat(first.caller.readUntilDone(3, 0)).isEqualTo(block(1));
    topics.await("it says so", () -> !topics.events("node.storage.full").isEmpty());
    assertThat(topics.events("node.storage.full").get(0).getEntity().getId()).isEqualTo("n-1");
    first.medium.budget(100_000_000);
    first.caller.writeUntilDone(2, BLOCK, block(2));
    assertThat(first.caller.readUntilDone(4, BLOCK)).isEqualTo(block(2));
    topics.await("it says so", () -> !topics.events("node.storage.freed").isEmpty());
    assertThat(first.role()).isEqualTo(Role.SERVING);
  }

  @Test
  void aTargetWithoutRoomRefusesBeforeTheFenceAndNothingHasChanged() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    second.medium.budget(600_000);

    CommandAck refused = end(promote("a1", 1, "n-1", "n-2"));

    assertThat(refused.status()).isEqualTo(CommandAck.Status.REFUSED);
    assertThat(refused.code()).isEqualTo(CommandAck.Code.NO_SPACE);
    assertThat(first.caller.write(2, 0, block(2))).isEqualTo(Outcome.DONE);
    assertThat(first.owned().epoch()).isEqualTo(1);
    second.medium.budget(100_000_000);
    assertThat(end(promote("a2", 1, "n-1", "n-2")).status()).isEqualTo(CommandAck.Status.DONE);
    assertThat(second.caller.readUntilDone(3, 0)).isEqualTo(block(2));
  }

  @Test
  void aTargetThatRunsFullBehindTheFenceCompletesAndItsWritersWait() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    // Its predecessor is cut off and cannot release: it waits for its L, long enough to fill up.
    Running second = new Running("n-2", null, 3_000);
    first.caller.writeUntilDone(1, 0, block(1));
    topics.await("the copy has it", () -> second.applied() == 1);
    first.link.cut(true);
    Command promote = promote("a1", 1, "n-1", "n-2");
    second.awaitRole(Role.WAITING);
    second.medium.budget(600_000);

    assertThat(end(promote).status()).isEqualTo(CommandAck.Status.DONE);
    assertThat(second.caller.readUntilDone(2, 0)).isEqualTo(block(1));
    assertThat(second.caller.write(3, BLOCK, block(3))).isEqualTo(Outcome.BUSY);
    topics.await(
        "it says so",
        () ->
            topics.events("node.storage.full").stream()
                .anyMatch(event -> event.getEntity().getId().equals("n-2")));
    second.medium.budget(100_000_000);
    second.caller.writeUntilDone(3, BLOCK, block(3));
    assertThat(second.caller.readUntilDone(4, BLOCK)).isEqualTo(block(3));
  }

  @Test
  void aNodeSaysThatItIsBackOnceItAnswers() throws Exception {
    map("n-1");
    try (Running first = new Running("n-1", null)) {
      topics.await("it says so", () -> topics.events("node.returned").size() == 1);
      first.caller.writeUntilDone(1, 0, block(1));
    }
    Running second = new Running("n-1", null);
    topics.await("it says so again", () -> topics.events("node.returned").size() == 2);

    assertThat(topics.events("node.returned"))
        .allSatisfy(event -> assertThat(event.getEntity().getId()).isEqualTo("n-1"))
        .extracting(event -> event.getId())
        .doesNotHaveDuplicates();
    assertThat(second.node.isReady()).isTrue();
  }

  @Test
  void aVolumeThatTheMapTakesAwayIsGivenUpOnceAnotherOwnsIt() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    map("n-2");
    first.caller.writeUntilDone(2, 0, block(2));
    assertThat(first.role()).as("it owns what no map wants here").isEqualTo(Role.SERVING);
    assertThat(end(promote("a1", 1, "n-1", "n-2")).status()).isEqualTo(CommandAck.Status.DONE);
    first.awaitRole(Role.FOLLOWING);
    map("n-2");
    topics.await(
        "it holds no copy any more",
        () -> {
          try {
            return first.role() == null;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(second.caller.readUntilDone(3, 0)).isEqualTo(block(2));
  }

  @Test
  void aCopyThatFindsNoSpaceWaitsAndGoesOn() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    second.medium.budget(10);
    first.caller.writeUntilDone(2, BLOCK, block(2));
    topics.await(
        "the copy says so",
        () ->
            topics.events("node.storage.full").stream()
                .anyMatch(event -> event.getEntity().getId().equals("n-2")));
    second.medium.budget(100_000_000);
    end(promote("a1", 1, "n-1", "n-2"));
    Command again = promote("a2", 1, "n-1", "n-2");
    topics.await("an end", () -> topics.acks(again.id()).stream().anyMatch(CommandAck::ends));
    if (second.role() == Role.SERVING) {
      assertThat(second.caller.readUntilDone(3, BLOCK)).isEqualTo(block(2));
    }
  }

  @Test
  void aFailingFileCostsItsUnitAndNothingElse() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    second.medium.failWrites("data");
    first.caller.writeUntilDone(2, BLOCK, block(2));
    second.awaitRole(Role.FAILED);
    topics.await("it says so", () -> !topics.events("node.unit.failed").isEmpty());
    assertThat(end(promote("a1", 1, "n-1", "n-2")).code()).isEqualTo(CommandAck.Code.IO_ERROR);
    second.medium.failWrites("");
    second.node.checkpointNow();
    second.close();
    // The next start goes on from the last sound checkpoint.
    Running again = new Running("n-2", null);
    again.awaitRole(Role.FOLLOWING);
    assertThat(end(promote("a2", 1, "n-1", "n-2")).status()).isEqualTo(CommandAck.Status.DONE);
    assertThat(again.caller.readUntilDone(3, BLOCK)).isEqualTo(block(2));
    assertThat(again.caller.readUntilDone(4, 0)).isEqualTo(block(1));
  }

  @Test
  void aFileThatCannotBeReadIsNoAnswer() throws Exception {
    map("n-1");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    first.medium.failReads("data");
    assertThat(first.caller.read(2, 0).answer().outcome()).isEqualTo(Outcome.BUSY);
    first.awaitRole(Role.FAILED);
    topics.await("it says so", () -> !topics.events("node.unit.failed").isEmpty());
  }

  @Test
  void aJournalThatFailsServesNoMore() throws Exception {
    map("n-1");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    first.medium.failSyncs("journal");
    assertThat(first.caller.write(2, 0, block(2))).isEqualTo(Outcome.BUSY);
    first.awaitRole(Role.FAILED);
    topics.await("it says so", () -> !topics.events("node.journal.failed").isEmpty());
    // Its fold may run ahead of its bytes: nothing of it is made durable.
    first.node.checkpointNow();
    assertThat(topics.deltas(UNIT)).filteredOn(d -> d.kind() == Delta.Kind.WRITE).hasSize(1);
  }

  @Test
  void anAppendThatFailedIsWrittenAgainUnderTheNextEpoch() throws Exception {
    map("n-1");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    first.link.failAppends(true);
    first.caller.send(2, NodeRequest.Kind.WRITE, 0, block(2));
    topics.await(
        "the epoch steps",
        () -> topics.deltas(UNIT).stream().anyMatch(delta -> delta.epoch() >= 2));
    first.link.failAppends(false);
    assertThat(first.caller.next().answer().outcome()).isEqualTo(Outcome.DONE);
    assertThat(first.caller.readUntilDone(3, 0)).isEqualTo(block(2));
  }

  @Test
  void readsEndWithTheLeaseWhenTheLogIsOutOfReach() throws Exception {
    map("n-1");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    assertThat(first.caller.readUntilDone(2, 0)).isEqualTo(block(1));
    first.link.cut(true);
    topics.await(
        "no read is answered any more",
        () -> {
          try {
            return first.caller.read(3, 0).answer().outcome() == Outcome.BUSY;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    first.link.cut(false);
    assertThat(first.caller.readUntilDone(4, 0)).isEqualTo(block(1));
  }

  @Test
  void aCopyWhoseLogIsGoneIsGivenUp() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    try (Running second = new Running("n-2", null)) {
      first.caller.writeUntilDone(1, 0, block(1));
      second.awaitRole(Role.FOLLOWING);
      second.node.checkpointNow();
    }
    for (int i = 2; i < 10; i++) {
      first.caller.writeUntilDone(i, 0, block(i));
    }
    topics.deltasBeginAt(9);
    Running again = new Running("n-2", null);
    again.awaitRole(Role.FAILED);
    assertThat(end(promote("a1", 1, "n-1", "n-2")).code()).isEqualTo(CommandAck.Code.IO_ERROR);
  }

  @Test
  void aHaltStopsWhatIsBeforeItsFence() throws Exception {
    map("n-1", "n-2");
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    first.caller.writeUntilDone(1, 0, block(1));
    topics.policy(halt(1, true));
    Command[] last = new Command[1];
    int[] attempt = new int[1];
    topics.policy(halt(2, true));
    // The halt and the command come from different topics: whichever is read first counts first.
    last[0] = promote("h", 7, "n-1", "n-2");
    end(last[0]);
    topics.await(
        "a refusal because of the halt",
        () -> {
          Command command = promote("halted-" + attempt[0]++, 1, "n-1", "n-2");
          try {
            return end(command).code() == CommandAck.Code.HALTED;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(first.role()).isEqualTo(Role.SERVING);
    topics.policy(halt(3, false));
    topics.await(
        "a takeover once acts are resumed",
        () -> {
          Command command = promote("resumed-" + attempt[0]++, 1, "n-1", "n-2");
          try {
            return end(command).status() == CommandAck.Status.DONE;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(second.role()).isEqualTo(Role.SERVING);
  }

  @Test
  void whatItAcceptedIsInTheLogAfterItStartsAgain() throws Exception {
    map("n-1", "n-2");
    topics.policy(asynchronous(1, true));
    try (Running first = new Running("n-1", null)) {
      first.caller.writeUntilDone(1, 0, block(1));
      topics.await("the mode", () -> isAsynchronous(first, true));
      first.link.failAppends(true);
      topics.await(
          "a write that is accepted",
          () -> {
            try {
              return first.caller.write(2, 0, block(2)) == Outcome.ACCEPTED;
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
      first.link.cut(true);
    }
    assertThat(topics.deltas(UNIT)).extracting(Delta::request).doesNotContain(2L);
    try (Running second = new Running("n-1", null)) {
      assertThat(second.caller.readUntilDone(10, 0)).isEqualTo(block(2));
      assertThat(topics.deltas(UNIT)).extracting(Delta::request).contains(2L);
      assertThat(topics.events("node.writes.set-aside")).isEmpty();
    }
  }

  @Test
  void operatorsChangeTheModeAndTheOwnershipLogSaysSo() throws Exception {
    map("n-1", "n-2");
    Running owner = new Running("n-1", null);
    topics.policy(asynchronous(1, true));
    topics.await("the mode", () -> isAsynchronous(owner, true));
    Outcome first = owner.caller.write(1, 0, block(1));
    assertThat(first).isIn(Outcome.ACCEPTED, Outcome.DONE);
    assertThat(owner.caller.readUntilDone(2, 0)).isEqualTo(block(1));
    topics.policy(asynchronous(2, false));
    topics.await("the mode is left", () -> isAsynchronous(owner, false));
    owner.caller.writeUntilDone(3, 0, block(3));
  }

  /** False also while it owns nothing: a node that has just started is still reading. */
  private static boolean isAsynchronous(Running running, boolean expected) {
    try {
      var status = running.node.status().get(UNIT);
      return status != null
          && status.owned() != null
          && status.owned().isAsynchronous() == expected;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static PolicyRecord asynchronous(long version, boolean enabled) {
    return new PolicyRecord(
        "volume/v/write_mode/mode",
        "mode",
        PolicyRecord.Kind.WRITE_MODE,
        version,
        enabled,
        "volume/v",
        Subject.parse("volume/v"),
        ActKind.UNKNOWN,
        null,
        "somebody",
        "a test",
        1_700_000_000_000L,
        1_700_000_000_000L,
        null,
        Map.of("write-mode", "asynchronous", "async-bound", "5s"),
        "");
  }

  private static PolicyRecord halt(long version, boolean enabled) {
    return new PolicyRecord(
        "all/halt/h",
        "h",
        PolicyRecord.Kind.HALT,
        version,
        enabled,
        "all",
        null,
        ActKind.UNKNOWN,
        null,
        "somebody",
        "a test",
        1_700_000_000_000L,
        1_700_000_000_000L,
        null,
        Map.of(),
        "");
  }

  @Test
  void appendsAreHeldBackWhileTheFileIsThere() throws Exception {
    map("n-1");
    Path hold = folder.resolve("hold");
    Running first = new Running("n-1", hold);
    first.caller.writeUntilDone(1, 0, block(1));
    Files.writeString(hold, "");
    first.caller.send(2, NodeRequest.Kind.WRITE, 0, block(2));
    topics.await("it is held", () -> Files.exists(folder.resolve("hold.reached")));
    assertThat(topics.deltas(UNIT)).filteredOn(d -> d.kind() == Delta.Kind.WRITE).hasSize(1);
    Files.delete(hold);
    assertThat(first.caller.next().answer().outcome()).isEqualTo(Outcome.DONE);
  }

  @Test
  void whatCannotBeOpenedNeverReachesTheLog() throws Exception {
    map("n-1");
    Running first = new Running("n-1", null);
    first.caller.writeUntilDone(1, 0, block(1));
    byte[] junk = block(5);
    first.caller.connection.send(
        new NodeRequest(
            77,
            "c-1/1",
            2,
            UNIT,
            0,
            NodeRequest.Kind.WRITE,
            0,
            BLOCK,
            "LZ4",
            junk,
            PayloadCodec.encode(junk, PayloadCodec.Codec.NONE).encodedCrc(),
            1));
    assertThat(first.caller.next().answer().outcome()).isEqualTo(Outcome.INVALID);
    assertThat(topics.deltas(UNIT)).filteredOn(d -> d.kind() == Delta.Kind.WRITE).hasSize(1);
  }

  @Test
  void neighboursBearWitness() throws Exception {
    Running first = new Running("n-1", null);
    Running second = new Running("n-2", null);
    Running third = new Running("n-3", null);
    topics.await(
        "both reach it",
        () -> first.node.neighbours().contains("n-2") && third.node.neighbours().contains("n-2"));
    Command probe = probe("n-1", "node/n-2");
    assertThat(endOf(probe).status()).isEqualTo(CommandAck.Status.DONE);
    second.close();
    topics.await(
        "both neighbours say that it is gone",
        () ->
            topics.events("node.unreachable").stream()
                    .filter(event -> event.getEntity().getId().equals("n-2"))
                    .map(event -> event.getRelated().get(0).getId())
                    .distinct()
                    .count()
                == 2);
    Command later = probe("n-1", "node/n-2");
    assertThat(endOf(later).code()).isEqualTo(CommandAck.Code.UNREACHABLE);
    assertThat(first.node.died()).isFalse();
  }

  private int probes;

  private Command probe(String at, String reach) {
    long now = System.currentTimeMillis();
    Command command =
        new Command(
            "probe-" + probes++,
            Command.Kind.PROBE,
            Subject.node(at),
            Subject.node(at),
            "p1",
            null,
            0,
            0,
            List.of(),
            null,
            now,
            now - 1000,
            now + 60_000,
            null,
            "a test",
            Map.of(Command.REACH, reach));
    topics.command(command, Authority.NONE);
    return command;
  }

  /** A probe is asked again until the answerer knows where the other one is. */
  private CommandAck endOf(Command probe) throws InterruptedException {
    Command[] last = {probe};
    int[] looks = new int[1];
    topics.await(
        "an answer to a probe",
        () -> {
          if (topics.acks(last[0].id()).stream().anyMatch(CommandAck::ends)) {
            return true;
          }
          if (++looks[0] % 100 == 0) {
            last[0] =
                probe(probe.addressee().id(), probe.parameters().getOrDefault(Command.REACH, ""));
          }
          return false;
        });
    return topics.acks(last[0].id()).stream().filter(CommandAck::ends).findFirst().orElseThrow();
  }
}
