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
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.DeltaOrder;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.shadow.CopyPace;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.ShadowStep.Range;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.Fetched;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import io.forestall.schemas.Digest;
import io.forestall.schemas.RangeDigest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shadows on whole nodes, over topics in memory and real files; the test is the move job. */
@Timeout(120)
class ShadowNodeTest {
  private static final String UNIT = "v/0";
  private static final int BLOCK = 4096;
  private static final int CHUNK = 1 << 20;
  private static final int UNIT_BYTES = 4 * CHUNK;
  private static final Subject SHADOW = Subject.node("n-3");
  private static final CopyPace.Bounds SLOW =
      new CopyPace.Bounds(1_000_000, 1_000_000, 1, 1.5, 2_000);

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  private final TestingTopics topics = new TestingTopics();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final TestingMover mover = new TestingMover();
  private long request;

  @SuppressWarnings("NullAway.Init")
  private TransportLoop loop;

  /** The move job: a stream in order, which begins when the test says so. */
  private final class TestingMover {
    private final DeltaOrder order = new DeltaOrder(0, 0);
    private int read;
    private long previous = -1;

    /** The stream begins, or begins anew, at the present place. */
    void begin() {
      for (Delta each : fresh()) {
        var unused = order.take(each.kind() == Delta.Kind.BARRIER, each.epoch(), each.sequence());
      }
      previous = order.lastSequence();
      topics.step(
          ShadowStep.resync(
              SHADOW,
              UNIT,
              order.epoch(),
              previous,
              -1,
              List.of(new Range(0, UNIT_BYTES)),
              1_700_000_000_000L));
    }

    /** What was written since goes to the shadow. */
    void feed() {
      int offset = read;
      for (Delta each : fresh()) {
        Verdict verdict =
            order.take(each.kind() == Delta.Kind.BARRIER, each.epoch(), each.sequence());
        if (verdict == Verdict.COUNTS || verdict == Verdict.BARRIER) {
          topics.step(ShadowStep.of(SHADOW, previous, each, TestingTopics.partition(UNIT), offset));
          previous = order.lastSequence();
        }
        offset++;
      }
    }

    private List<Delta> fresh() {
      List<Delta> all = topics.deltas(UNIT);
      List<Delta> fresh = all.subList(read, all.size());
      read = all.size();
      return fresh;
    }
  }

  /** One node, and a connection to it. */
  private final class Running implements AutoCloseable, NodeConnection.Listener {
    private record Gotten(Fetched fetched, byte[] data) {}

    private final String id;
    private final ReferenceNode node;
    private final NodeConnection connection;
    private final BlockingQueue<NodeAnswer> answers = new LinkedBlockingQueue<>();
    private final BlockingQueue<Gotten> gotten = new LinkedBlockingQueue<>();
    private long token;

    Running(String id) throws Exception {
      this(id, new TestingMedium(), CopyPace.Bounds.DEFAULT);
    }

    Running(String id, TestingMedium medium, CopyPace.Bounds pace) throws Exception {
      this(id, medium, pace, 0);
    }

    Running(String id, TestingMedium medium, CopyPace.Bounds pace, long verifyMillis)
        throws Exception {
      this.id = id;
      NodeOptions options =
          new NodeOptions(
              id,
              folder.resolve(id),
              new InetSocketAddress("127.0.0.1", 0),
              null,
              new Place(id, "r", "z", "local", "p1"),
              200,
              20,
              1 << 20,
              1 << 20,
              2,
              0,
              60_000,
              20,
              400,
              false,
              true,
              null,
              pace,
              verifyMillis);
      node =
          ReferenceNode.start(
              options,
              medium,
              NodeDirectory.open(medium, options.directory(), id),
              topics.new Link(id),
              List.of());
      opened.add(this);
      node.awaitReady();
      connection = NodeConnection.open(loop, node.address(), "c-1/1", 2_000, this);
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      answers.add(answer);
    }

    @Override
    public void fetched(Fetched fetched, byte[] data) {
      gotten.add(new Gotten(fetched, data));
    }

    @Override
    public void closed(Ending ending, String why) {}

    /** Writes one chunk at most, until it is done. */
    void write(long offset, byte[] data) throws Exception {
      PayloadCodec.Encoded encoded = PayloadCodec.encode(data, PayloadCodec.Codec.NONE);
      long number = ++request;
      Outcome outcome = Outcome.BUSY;
      while (outcome != Outcome.DONE) {
        connection.send(
            new NodeRequest(
                ++token,
                "c-1/1",
                number,
                UNIT,
                0,
                NodeRequest.Kind.WRITE,
                offset,
                data.length,
                encoded.codec(),
                encoded.bytes(),
                encoded.encodedCrc(),
                encoded.plainCrc()));
        NodeAnswer answer = answers.poll(60, TimeUnit.SECONDS);
        assertThat(answer).as("an answer").isNotNull();
        outcome = answer == null ? Outcome.BUSY : answer.outcome();
      }
    }

    /** Fetches a chunk as another node would. */
    Gotten chunk(int number, long minSequence) throws InterruptedException {
      connection.fetch(
          new Fetch(++token, UNIT, Fetch.Kind.BYTES, (long) number * CHUNK, CHUNK, 0, minSequence));
      Gotten next = gotten.poll(60, TimeUnit.SECONDS);
      assertThat(next).as("something fetched").isNotNull();
      return next;
    }

    /** All bytes of the unit as of a sequence or later. */
    byte[] all(long minSequence) throws Exception {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < UNIT_BYTES / CHUNK; i++) {
        Gotten got = chunk(i, minSequence);
        assertThat(got.fetched().outcome())
            .as(got.fetched().text())
            .isEqualTo(Fetched.Outcome.DONE);
        all.writeBytes(got.data().length == 0 ? new byte[CHUNK] : got.data());
      }
      return all.toByteArray();
    }

    @Nullable Long inSyncAt() {
      try {
        return node.shadowStatus().get(UNIT);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    void awaitInSync(long sequence) throws InterruptedException {
      topics.await(
          "the shadow is whole at " + sequence,
          () -> {
            Long at = inSyncAt();
            return at != null && at == sequence;
          });
    }

    Path unit() {
      return UnitFiles.folder(folder.resolve(id).resolve("units"), UNIT);
    }

    @Override
    public void close() {
      connection.close("done");
      node.close();
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

  private void map(String... shadows) {
    List<MapCopy> copies = new ArrayList<>();
    for (String each : shadows) {
      copies.add(new MapCopy(Subject.node(each), "SHADOW", "COPYING", -1));
    }
    topics.map(
        new MapSlice(
            "v",
            "p1",
            0,
            1,
            1,
            0,
            UNIT_BYTES,
            UNIT_BYTES,
            BLOCK,
            2,
            List.of(new MapSegment(UNIT, 0, Subject.node("n-1"), 0, copies)),
            0));
  }

  private static byte[] bytes(long seed, int length) {
    return Deltas.bytes(seed, length);
  }

  /** What a node said of its copy since a place in the topic of digests. */
  private List<Digest> reports(String node, int from) {
    List<Digest> all = topics.digests();
    return all.subList(from, all.size()).stream()
        .filter(each -> each.getNode().getId().equals(node))
        .toList();
  }

  private void awaitReport(String what, int from, java.util.function.Predicate<Digest> holds)
      throws InterruptedException {
    topics.await(what, () -> reports(SHADOW.id(), from).stream().anyMatch(holds));
  }

  private long lastSequence() {
    List<Delta> all = topics.deltas(UNIT);
    return all.get(all.size() - 1).sequence();
  }

  @Test
  void itFetchesWhatIsThereAndFollowsWhatComes() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    owner.write(2L * CHUNK, bytes(2, 8 * BLOCK));
    mover.begin();
    for (int i = 0; i < 40; i++) {
      owner.write((long) (i * 37 % 1024) * BLOCK, bytes(100 + i, BLOCK));
      mover.feed();
    }
    shadow.awaitInSync(lastSequence());
    assertThat(shadow.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
    awaitReport(
        "it says that it is whole",
        0,
        each ->
            each.getMissingBytes() == 0
                && !each.getNeedsResync()
                && each.getSequence() == lastSequence()
                && each.getEpoch() == 1
                && !each.getOwner());
  }

  @Test
  void aStepThatCameBeforeTheMapIsAskedForAgain() throws Exception {
    map();
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, BLOCK));
    mover.begin();
    map("n-3");
    awaitReport("it asks for its stream", 0, Digest::getNeedsResync);
    mover.begin();
    shadow.awaitInSync(lastSequence());
  }

  @Test
  void whatIsZerosTakesNoSpace() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, BLOCK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    assertThat(Files.size(shadow.unit().resolve("data"))).isLessThanOrEqualTo(CHUNK);
  }

  @Test
  void itGoesOnWhereItWasWhenItStartsAgain() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    try (Running shadow = new Running("n-3")) {
      owner.write(0, bytes(1, CHUNK));
      mover.begin();
      shadow.awaitInSync(lastSequence());
      shadow.node.checkpointNow();
      owner.write(CHUNK, bytes(2, CHUNK));
      mover.feed();
      shadow.awaitInSync(lastSequence());
    }
    owner.write(2L * CHUNK, bytes(3, BLOCK));
    mover.feed();
    int before = topics.digests().size();
    Running again = new Running("n-3");
    again.awaitInSync(lastSequence());
    awaitReport("it tells of itself", before, each -> each.getSequence() == lastSequence());
    assertThat(reports("n-3", before))
        .as("nothing is fetched twice")
        .allMatch(each -> each.getMissingBytes() == 0);
    assertThat(again.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  @Test
  void itFetchesNoFasterThanItMayAndGoesOnInTheMiddleOfIt() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    for (int i = 0; i < 4; i++) {
      owner.write((long) i * CHUNK, bytes(i, CHUNK));
    }
    long begunNanos = System.nanoTime();
    try (Running shadow = new Running("n-3", new TestingMedium(), SLOW)) {
      awaitReport("it asks for its stream", 0, Digest::getNeedsResync);
      begunNanos = System.nanoTime();
      mover.begin();
      awaitReport(
          "it is in the middle",
          0,
          each ->
              !each.getNeedsResync()
                  && each.getMissingBytes() > 0
                  && each.getMissingBytes() < UNIT_BYTES
                  && each.getFetchBytesPerSecond() != null);
      shadow.node.checkpointNow();
    }
    owner.write(0, bytes(9, BLOCK));
    mover.feed();
    int before = topics.digests().size();
    Running again = new Running("n-3", new TestingMedium(), SLOW);
    again.awaitInSync(lastSequence());
    assertThat(System.nanoTime() - begunNanos)
        .as("4 MiB at 1 MB/s, the first of each start at once")
        .isGreaterThan(1_500_000_000L);
    assertThat(reports("n-3", before))
        .as("what was there before is not fetched again")
        .allMatch(each -> each.getMissingBytes() < UNIT_BYTES);
    assertThat(again.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  @Test
  void itIsGoneWithItsFilesWhenNoMapWantsIt() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    assertThat(shadow.unit()).exists();
    map();
    topics.await("its files are gone", () -> !Files.exists(shadow.unit()));
    assertThat(shadow.inSyncAt()).isNull();
    assertThat(owner.unit()).exists();
  }

  @Test
  void itIsGoneWithItsFilesWhenThatWasSaidWhileItsNodeWasDown() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Path unit;
    try (Running shadow = new Running("n-3")) {
      owner.write(0, bytes(1, CHUNK));
      mover.begin();
      shadow.awaitInSync(lastSequence());
      unit = shadow.unit();
    }
    assertThat(unit).exists();
    map();
    new Running("n-3");
    topics.await("its files are gone", () -> !Files.exists(unit));
  }

  @Test
  void aFullDiskIsARefusalAndItGoesOnWhenThereIsRoom() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    for (int i = 0; i < 4; i++) {
      owner.write((long) i * CHUNK, bytes(i, CHUNK));
    }
    TestingMedium medium = new TestingMedium();
    Running shadow = new Running("n-3", medium, CopyPace.Bounds.DEFAULT);
    awaitReport("it asks for its stream", 0, Digest::getNeedsResync);
    medium.budget(CHUNK);
    mover.begin();
    topics.await("it says so", () -> !topics.events(Shadows.REFUSED).isEmpty());
    assertThat(topics.events(Shadows.REFUSED).get(0).getRelated())
        .singleElement()
        .matches(each -> each.getId().equals(UNIT));
    assertThat(shadow.inSyncAt()).as("it stands still").isNull();
    assertThat(topics.events("node.unit.failed")).isEmpty();
    medium.budget(Long.MAX_VALUE);
    // what was sent meanwhile was not taken: a new stream begins where it asks for one
    topics.await("it is taken up again", () -> shadow.inSyncAt() != null);
    mover.begin();
    shadow.awaitInSync(lastSequence());
    assertThat(shadow.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  @Test
  void aDiskThatFailsEndsItAndSaysSo() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    owner.write(0, bytes(1, CHUNK));
    TestingMedium medium = new TestingMedium();
    Running shadow = new Running("n-3", medium, CopyPace.Bounds.DEFAULT);
    awaitReport("it asks for its stream", 0, Digest::getNeedsResync);
    medium.failWrites("data");
    mover.begin();
    topics.await("it says so", () -> !topics.events(Shadows.FAILED).isEmpty());
    assertThat(shadow.inSyncAt()).isNull();
  }

  @Test
  void stepsThatAreGoneAreAskedForAndNothingIsSilentlyWrong() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    try (Running shadow = new Running("n-3")) {
      owner.write(0, bytes(1, CHUNK));
      mover.begin();
      shadow.awaitInSync(lastSequence());
    }
    owner.write(CHUNK, bytes(2, CHUNK));
    mover.feed();
    topics.loseSteps();
    owner.write(0, bytes(3, BLOCK));
    mover.feed();
    int before = topics.digests().size();
    Running again = new Running("n-3");
    awaitReport("it says that it lost steps", before, Digest::getNeedsResync);
    assertThat(again.inSyncAt()).isEqualTo(-1);
    mover.begin();
    again.awaitInSync(lastSequence());
    assertThat(again.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  private Command promote(String id, Authority authority) {
    return order(id, ActKind.FAILOVER, Command.Kind.PROMOTE, authority);
  }

  private Command retire(String id, Authority authority) {
    return order(id, ActKind.RETIRE_SHADOW, Command.Kind.RETIRE_SHADOW, authority);
  }

  private Command order(String id, ActKind act, Command.Kind kind, Authority authority) {
    boolean retires = act == ActKind.RETIRE_SHADOW;
    long now = System.currentTimeMillis();
    Subject source = retires ? SHADOW : Subject.node("n-1");
    List<UnitStep> units = List.of(new UnitStep(UNIT, 1, 2));
    Admission admission =
        new Admission(
            id,
            1,
            Admission.State.ADMITTED,
            "p-" + id,
            act,
            source,
            "p1",
            null,
            true,
            units,
            source,
            retires ? null : SHADOW,
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
            id + "/" + kind,
            kind,
            SHADOW,
            source,
            "p1",
            admission,
            0,
            0,
            units,
            SHADOW,
            now,
            now - 1000,
            now + 60_000,
            null,
            "a test",
            Map.of());
    topics.command(command, authority);
    return command;
  }

  private CommandAck end(Command command) throws InterruptedException {
    topics.await(
        "the end of " + command.id(),
        () -> topics.acks(command.id()).stream().anyMatch(CommandAck::ends));
    return topics.acks(command.id()).stream().filter(CommandAck::ends).findFirst().orElseThrow();
  }

  private static void awaitServing(TestingTopics topics, Running node) throws Exception {
    topics.await(
        "it serves",
        () -> {
          try {
            var status = node.node.status().get(UNIT);
            return status != null && status.role() == NodeProtocol.Role.SERVING;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void itTakesOverFromTheLogOfDeltasWithoutTheJobThatFedIt() throws Exception {
    map("n-3");
    byte[] expected = new byte[UNIT_BYTES];
    try (Running shadow = new Running("n-3")) {
      try (Running owner = new Running("n-1")) {
        owner.write(0, bytes(1, CHUNK));
        System.arraycopy(bytes(1, CHUNK), 0, expected, 0, CHUNK);
        mover.begin();
        shadow.awaitInSync(lastSequence());
        // from here on the job is dead
        for (int i = 0; i < 20; i++) {
          int offset = i * 50 * BLOCK;
          owner.write(offset, bytes(50 + i, BLOCK));
          System.arraycopy(bytes(50 + i, BLOCK), 0, expected, offset, BLOCK);
        }
      }
      CommandAck ack = end(promote("a-1", Authority.VALID));
      assertThat(ack.status()).as(ack.text()).isEqualTo(CommandAck.Status.DONE);
      awaitServing(topics, shadow);
      assertThat(shadow.all(21)).isEqualTo(expected);
      shadow.write(3L * CHUNK, bytes(99, BLOCK));
      System.arraycopy(bytes(99, BLOCK), 0, expected, 3 * CHUNK, BLOCK);
    }
    Running again = new Running("n-3");
    awaitServing(topics, again);
    assertThat(again.all(22)).as("it stays what it became").isEqualTo(expected);
    assertThat(ShadowFile.path(again.unit())).doesNotExist();
  }

  @Test
  void itIsReadyOnceItHasReadWhatWasWrittenBefore() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    // from here on the job is dead
    owner.write(CHUNK, bytes(2, CHUNK));
    topics.holdDeltas(true);
    Command prepare = order("a-1", ActKind.FAILOVER, Command.Kind.PREPARE, Authority.VALID);
    topics.await("it is no shadow any more", () -> shadow.inSyncAt() == null);
    Command forged = order("a-2", ActKind.FAILOVER, Command.Kind.PREPARE, Authority.FORGED);
    end(forged);
    assertThat(topics.acks(prepare.id())).as("it reads, and holds nobody up").isEmpty();
    topics.holdDeltas(false);
    CommandAck ack = end(prepare);
    assertThat(ack.status()).as(ack.text()).isEqualTo(CommandAck.Status.DONE);
    var status = shadow.node.status().get(UNIT);
    assertThat(status == null ? -1 : status.appliedSequence()).isEqualTo(lastSequence());
  }

  @Test
  void whoSaysTakeOverDoesNotWaitForItsLog() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    topics.holdDeltas(true);
    Command prepare = order("a-1", ActKind.FAILOVER, Command.Kind.PREPARE, Authority.VALID);
    topics.await("it is no shadow any more", () -> shadow.inSyncAt() == null);
    Command promote = promote("a-1", Authority.VALID);
    topics.await("it began", () -> !topics.acks(promote.id()).isEmpty());
    assertThat(topics.acks(prepare.id())).isEmpty();
    topics.holdDeltas(false);
    CommandAck ack = end(promote);
    assertThat(ack.status()).as(ack.text()).isEqualTo(CommandAck.Status.DONE);
    assertThat(end(prepare).status()).isNotNull();
  }

  @Test
  void whatIsNotInSyncIsNotTakenOver() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    CommandAck ack = end(promote("a-1", Authority.VALID));
    assertThat(ack.status()).isEqualTo(CommandAck.Status.REFUSED);
    assertThat(ack.code()).isEqualTo(CommandAck.Code.GAP);
    assertThat(ack.text()).contains("not in sync").contains(UNIT);
    assertThat(shadow.inSyncAt()).as("it is a shadow still").isEqualTo(-1);
    mover.begin();
    shadow.awaitInSync(lastSequence());
  }

  @Test
  void whoMayNotCommandDoesNotMakeItACopy() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    CommandAck ack = end(promote("a-1", Authority.FORGED));
    assertThat(ack.status()).isEqualTo(CommandAck.Status.REFUSED);
    assertThat(shadow.inSyncAt()).as("it is a shadow still").isEqualTo(lastSequence());
  }

  /** An order that a process before read, or that was held up, is older than the map. */
  @Test
  void anOrderToLetGoTakesNothingThatTheMapWants() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    CommandAck ack = end(retire("a-1", Authority.VALID));
    assertThat(ack.status()).as(ack.text()).isEqualTo(CommandAck.Status.DONE);
    owner.write(CHUNK, bytes(2, CHUNK));
    mover.feed();
    shadow.awaitInSync(lastSequence());
    assertThat(shadow.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  /** Digests of the first chunk that a node took, by their place in the unit's history. */
  private Map<Long, RangeDigest> digestsOfFirstChunk(String node) {
    Map<Long, RangeDigest> digests = new HashMap<>();
    for (Digest each : reports(node, 0)) {
      for (RangeDigest range : each.getRanges()) {
        assertThat(each.getRound()).isPositive();
        assertThat(range.getLength()).isEqualTo(CHUNK);
        if (range.getOffset() == 0) {
          digests.put(each.getSequence(), range);
        }
      }
    }
    return digests;
  }

  @Test
  void holdersDigestTheSameRangeAtTheSamePlaceAndWhoIsWrongShowsItself() throws Exception {
    map("n-3");
    Running owner = new Running("n-1", new TestingMedium(), CopyPace.Bounds.DEFAULT, 1);
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    topics.await(
        "both digested the first chunk at one place",
        () -> {
          mover.feed();
          Map<Long, RangeDigest> ofOwner = digestsOfFirstChunk("n-1");
          Map<Long, RangeDigest> ofShadow = digestsOfFirstChunk("n-3");
          for (Map.Entry<Long, RangeDigest> each : ofShadow.entrySet()) {
            RangeDigest other = ofOwner.get(each.getKey());
            if (other != null) {
              assertThat(each.getValue().getDigest()).isEqualTo(other.getDigest());
              assertThat(each.getValue().getStoredDigest()).isEqualTo(other.getDigest());
              return true;
            }
          }
          return false;
        });
    rot(shadow, 9_000);
    topics.await(
        "its own digests say that the shadow is wrong",
        () -> {
          mover.feed();
          return digestsOfFirstChunk("n-3").values().stream()
              .anyMatch(each -> !each.getDigest().equals(each.getStoredDigest()));
        });
    assertThat(digestsOfFirstChunk("n-1").values())
        .allMatch(each -> each.getDigest().equals(each.getStoredDigest()));
    topics.await(
        "nobody read it, and it is repaired all the same",
        () -> {
          mover.feed();
          return gives(shadow, bytes(1, CHUNK));
        });
  }

  /** True when a node gives its first chunk, and it is this. */
  private static boolean gives(Running node, byte[] chunk) {
    try {
      Running.Gotten got = node.chunk(0, 1);
      return got.fetched().outcome() == Fetched.Outcome.DONE && Arrays.equals(got.data(), chunk);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anOwnerVerifiesAsOftenAsItIsTold() throws Exception {
    map();
    Running owner = new Running("n-1", new TestingMedium(), CopyPace.Bounds.DEFAULT, 10);
    owner.write(0, bytes(1, BLOCK));
    topics.await(
        "three within one second by its own clock, for a second is when it looks at everything"
            + " else",
        () -> {
          long[] times =
              topics.deltas(UNIT).stream()
                  .filter(each -> each.kind() == Delta.Kind.VERIFY)
                  .mapToLong(Delta::timeMillis)
                  .toArray();
          return IntStream.range(2, times.length).anyMatch(i -> times[i] - times[i - 2] < 1000);
        });
  }

  @Test
  void anOwnerRepairsWhatVerifyingFinds() throws Exception {
    map("n-3");
    Running owner = new Running("n-1", new TestingMedium(), CopyPace.Bounds.DEFAULT, 1);
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    topics.await(
        "the shadow is whole",
        () -> {
          mover.feed();
          Long at = shadow.inSyncAt();
          return at != null && at > 0;
        });
    rot(owner, 9_000);
    topics.await(
        "it is found and repaired, and nobody read it",
        () -> {
          mover.feed();
          return !topics.events("node.block.repaired").isEmpty();
        });
    // a finding of another round may still be under way, and its readers are told to ask again
    topics.await("it gives them right", () -> gives(owner, bytes(1, CHUNK)));
    assertThat(topics.events("node.unit.failed")).isEmpty();
  }

  @Test
  void aDamagedBlockIsFetchedAgain() throws Exception {
    map("n-3");
    Running owner = new Running("n-1");
    Running shadow = new Running("n-3");
    owner.write(0, bytes(1, CHUNK));
    mover.begin();
    shadow.awaitInSync(lastSequence());
    rot(shadow, 5_000);
    assertThat(shadow.chunk(0, 1).fetched().outcome()).isEqualTo(Fetched.Outcome.FAILED);
    topics.await(
        "it is whole again",
        () -> {
          try {
            return shadow.chunk(0, 1).fetched().outcome() == Fetched.Outcome.DONE;
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(shadow.all(lastSequence())).isEqualTo(owner.all(lastSequence()));
  }

  /** One bit of its file is no longer what was written. */
  private static void rot(Running node, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            node.unit().resolve("data"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      var unused = channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 4)).rewind();
      unused = channel.write(one, at);
    }
  }
}
