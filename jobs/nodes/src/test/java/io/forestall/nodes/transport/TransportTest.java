package io.forestall.nodes.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TransportTest {
  private final TransportLoop loop = TransportLoop.open("test-transport");

  @AfterEach
  void stop() {
    loop.close();
  }

  /** A server that keeps what it is asked until the test answers. */
  private static final class TestingHandler implements NodeServer.Handler {
    final BlockingQueue<NodeRequest> requests = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> forgotten = new LinkedBlockingQueue<>();
    final BlockingQueue<Fetch> fetches = new LinkedBlockingQueue<>();

    @Override
    public void fetch(Fetch fetch) {
      fetches.add(fetch);
    }

    @Override
    public void request(NodeRequest request) {
      requests.add(request);
    }

    @Override
    public void forget(long token) {
      forgotten.add(token);
    }
  }

  private static final class TestingListener implements NodeConnection.Listener {
    final BlockingQueue<NodeAnswer> answers = new LinkedBlockingQueue<>();
    final Map<Long, byte[]> data = new ConcurrentHashMap<>();
    final BlockingQueue<Fetched> fetched = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> pongs = new LinkedBlockingQueue<>();
    final BlockingQueue<String> opened = new LinkedBlockingQueue<>();
    final BlockingQueue<Ending> endings = new LinkedBlockingQueue<>();
    final BlockingQueue<String> reasons = new LinkedBlockingQueue<>();

    @Override
    public void opened(String node, long incarnation) {
      opened.add(node + "/" + incarnation);
    }

    @Override
    public void answered(NodeAnswer answer, byte[] bytes) {
      data.put(answer.token(), bytes);
      answers.add(answer);
    }

    @Override
    public void fetched(Fetched answer, byte[] bytes) {
      data.put(answer.token(), bytes);
      fetched.add(answer);
    }

    @Override
    public void pong(long nonce) {
      pongs.add(nonce);
    }

    @Override
    public void closed(Ending ending, String why) {
      reasons.add(why);
      endings.add(ending);
    }
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T next = queue.poll(20, TimeUnit.SECONDS);
    assertThat(next).as("nothing came in 20 s").isNotNull();
    return next;
  }

  private NodeServer server(NodeServer.Handler handler) throws IOException {
    return NodeServer.open(
        loop, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), "n-1", 7, handler);
  }

  private NodeConnection connect(InetSocketAddress address, NodeConnection.Listener listener)
      throws IOException {
    return NodeConnection.open(loop, address, "c-1/1", 5_000, listener);
  }

  private static NodeRequest write(long token, byte[] plain, PayloadCodec.Codec codec) {
    PayloadCodec.Encoded encoded = PayloadCodec.encode(plain, codec);
    return new NodeRequest(
        token,
        "c-1/1",
        100 + token,
        "v-1/0",
        3,
        NodeRequest.Kind.WRITE,
        4096 * token,
        plain.length,
        encoded.codec(),
        encoded.bytes(),
        encoded.encodedCrc(),
        encoded.plainCrc());
  }

  private static NodeRequest read(long token, long length) {
    return new NodeRequest(
        token,
        "c-1/1",
        100 + token,
        "v-1/0",
        0,
        NodeRequest.Kind.READ,
        0,
        length,
        "NONE",
        new byte[0],
        0,
        0);
  }

  @Test
  void whatIsFetchedTravelsWhole() throws Exception {
    TestingHandler handler = new TestingHandler();
    TestingListener listener = new TestingListener();
    NodeServer server = server(handler);
    NodeConnection connection = connect(server.address(), listener);
    Fetch bytes = new Fetch(5, "v-1/0", Fetch.Kind.BYTES, 1 << 20, 1 << 20, 0, 77);
    Fetch fold = new Fetch(6, "v-1/0", Fetch.Kind.FOLD, 0, 0, 3, 77);
    connection.fetch(bytes);
    connection.fetch(fold);
    Fetch first = next(handler.fetches);
    Fetch second = next(handler.fetches);
    assertThat(first.withToken(5)).isEqualTo(bytes);
    assertThat(second.withToken(6)).isEqualTo(fold);
    assertThat(first.token()).isNotEqualTo(second.token());
    byte[] read = new byte[1 << 20];
    new Random(7).nextBytes(read);
    Fetched done = new Fetched(first.token(), Fetched.Outcome.DONE, 3, 80, 450, -1, "");
    server.fetched(done, ByteBuffer.wrap(read));
    server.fetched(done, ByteBuffer.wrap(read));
    Fetched behind = new Fetched(second.token(), Fetched.Outcome.BEHIND, 0, 0, -1, -1, "not yet");
    server.fetched(behind, null);
    assertThat(next(listener.fetched)).isEqualTo(done.withToken(5));
    assertThat(listener.data.get(5L)).isEqualTo(read);
    assertThat(next(listener.fetched)).isEqualTo(behind.withToken(6));
    assertThat(listener.data.get(6L)).isEmpty();
    assertThat(server.open()).isZero();
  }

  @Test
  void whatWasDamagedOnItsWayIsNotTakenForTheUnit() throws Exception {
    byte[] read = {1, 2, 3, 4};
    Fetched done = new Fetched(5, Fetched.Outcome.DONE, 3, 80, 450, 400, "");
    ByteBuffer frame = Frames.fetched(done, 5, ByteBuffer.wrap(read));
    assertThat(Frames.fetched(frame.duplicate().position(Frames.HEAD_BYTES), read)).isEqualTo(done);
    byte[] damaged = {1, 2, 3, 5};
    assertThatThrownBy(() -> Frames.fetched(frame.duplicate().position(Frames.HEAD_BYTES), damaged))
        .isInstanceOf(FrameException.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void bytesThatCannotBeAreNotFetched() {
    for (Fetch wrong :
        List.of(
            new Fetch(1, "v-1/0", Fetch.Kind.BYTES, -1, 4096, 0, 0),
            new Fetch(1, "v-1/0", Fetch.Kind.BYTES, 0, 0, 0, 0),
            new Fetch(1, "v-1/0", Fetch.Kind.BYTES, 0, Frames.MAX_DATA_BYTES + 1, 0, 0),
            new Fetch(1, "v-1/0", Fetch.Kind.BYTES, Long.MAX_VALUE, 1, 0, 0),
            new Fetch(1, "v-1/0", Fetch.Kind.FOLD, 0, 1, 0, 0))) {
      ByteBuffer frame = Frames.fetch(wrong).position(Frames.HEAD_BYTES);
      assertThatThrownBy(() -> Frames.fetch(frame))
          .as("%s", wrong)
          .isInstanceOf(FrameException.class);
    }
  }

  @Test
  void requestsAndAnswersTravelWhole() throws Exception {
    TestingHandler handler = new TestingHandler();
    TestingListener listener = new TestingListener();
    NodeServer server = server(handler);
    NodeConnection connection = connect(server.address(), listener);
    byte[] plain = "forestall ".repeat(500).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    connection.send(write(5, plain, PayloadCodec.Codec.LZ4));
    NodeRequest got = next(handler.requests);
    assertThat(next(listener.opened)).isEqualTo("n-1/7");
    assertThat(got.client()).isEqualTo("c-1/1");
    assertThat(got.request()).isEqualTo(105);
    assertThat(got.unit()).isEqualTo("v-1/0");
    assertThat(got.epoch()).isEqualTo(3);
    assertThat(got.kind()).isEqualTo(NodeRequest.Kind.WRITE);
    assertThat(got.offset()).isEqualTo(4096 * 5);
    assertThat(got.codec()).isEqualTo("LZ4");
    assertThat(PayloadCodec.decode(got.codec(), got.payload(), got.length(), got.plainCrc()))
        .isEqualTo(plain);
    Owned owned =
        new Owned(
            "v-1/0",
            4,
            Subject.node("n-2"),
            2,
            Subject.node("n-1"),
            3,
            true,
            false,
            17,
            "admission-1");
    server.answer(
        new NodeAnswer(got.token(), NodeAnswer.Outcome.NOT_OWNER, owned, "ask n-2"), null);
    assertThat(next(listener.answers))
        .isEqualTo(new NodeAnswer(5, NodeAnswer.Outcome.NOT_OWNER, owned, "ask n-2"));

    connection.send(read(6, 3));
    got = next(handler.requests);
    server.answer(
        new NodeAnswer(got.token(), NodeAnswer.Outcome.DONE, null, ""),
        ByteBuffer.wrap(new byte[] {0, 1, 2, 3, 4}, 1, 3));
    assertThat(next(listener.answers).owned()).isNull();
    assertThat(listener.data.get(6L)).containsExactly(1, 2, 3);
    server.answer(new NodeAnswer(got.token(), NodeAnswer.Outcome.DONE, null, "twice"), null);
    connection.ping(42);
    assertThat(next(listener.pongs)).isEqualTo(42);
    assertThat(listener.answers).isEmpty();
    assertThat(server.open()).isZero();
  }

  @Test
  void manyLargeRequestsOfTwoConnectionsInFlightComeBackUnmixed() throws Exception {
    long seed = System.nanoTime();
    int each = 64;
    byte[] large = new byte[1 << 20];
    new Random(seed).nextBytes(large);
    NodeServer[] server = new NodeServer[1];
    AtomicInteger wrong = new AtomicInteger();
    TestingHandler handler = new TestingHandler();
    server[0] = server(handler);
    Thread worker =
        new Thread(
            () -> {
              try {
                for (int i = 0; i < 2 * each; i++) {
                  NodeRequest asked = next(handler.requests);
                  // What is written comes back as data, so that both directions are full at once.
                  server[0].answer(
                      new NodeAnswer(asked.token(), NodeAnswer.Outcome.DONE, null, ""),
                      ByteBuffer.wrap(asked.payload()));
                }
              } catch (InterruptedException e) {
                wrong.incrementAndGet();
              }
            });
    worker.start();
    TestingListener[] listeners = {new TestingListener(), new TestingListener()};
    List<NodeConnection> connections = new ArrayList<>();
    for (TestingListener listener : listeners) {
      connections.add(connect(server[0].address(), listener));
    }
    for (int i = 0; i < each; i++) {
      byte[] mine = large.clone();
      mine[0] = (byte) i;
      for (NodeConnection connection : connections) {
        connection.send(write(i, mine, PayloadCodec.Codec.NONE));
      }
    }
    for (TestingListener listener : listeners) {
      for (int i = 0; i < each; i++) {
        NodeAnswer answer = next(listener.answers);
        byte[] data = listener.data.get(answer.token());
        large[0] = (byte) answer.token();
        assertThat(java.util.Arrays.equals(data, large)).as("seed %d", seed).isTrue();
      }
    }
    worker.join();
    assertThat(wrong).hasValue(0);
  }

  @Test
  void aServerThatDoesNotAnswerHoldsItsClientBackInsteadOfFillingMemory() throws Exception {
    TestingHandler handler = new TestingHandler();
    TestingListener listener = new TestingListener();
    NodeServer server = server(handler);
    NodeConnection connection = connect(server.address(), listener);
    byte[] large = new byte[1 << 20];
    int all = 96;
    for (int i = 0; i < all; i++) {
      connection.send(write(i, large, PayloadCodec.Codec.NONE));
    }
    // The 64th fills what is allowed; a part of the next may be in the buffer already.
    List<NodeRequest> held = new ArrayList<>();
    for (int i = 0; i < NodeServer.MAX_OPEN_BYTES / large.length; i++) {
      held.add(next(handler.requests));
    }
    assertThat(handler.requests.poll(200, TimeUnit.MILLISECONDS)).isNull();
    for (NodeRequest asked : held) {
      server.answer(new NodeAnswer(asked.token(), NodeAnswer.Outcome.DONE, null, ""), null);
    }
    for (int i = held.size(); i < all; i++) {
      NodeRequest asked = next(handler.requests);
      server.answer(new NodeAnswer(asked.token(), NodeAnswer.Outcome.DONE, null, ""), null);
    }
    for (int i = 0; i < all; i++) {
      next(listener.answers);
    }
  }

  @Test
  void openRequestsOfAConnectionThatEndsAreForgottenOnce() throws Exception {
    TestingHandler handler = new TestingHandler();
    TestingListener listener = new TestingListener();
    NodeServer server = server(handler);
    NodeConnection connection = connect(server.address(), listener);
    connection.send(read(1, 4096));
    connection.send(read(2, 4096));
    NodeRequest first = next(handler.requests);
    NodeRequest second = next(handler.requests);
    server.answer(
        new NodeAnswer(first.token(), NodeAnswer.Outcome.DONE, null, ""),
        ByteBuffer.allocate(4096));
    next(listener.answers);
    connection.close("enough");
    assertThat(next(handler.forgotten)).isEqualTo(second.token());
    assertThat(next(listener.endings)).isEqualTo(Ending.CLOSED_HERE);
    server.answer(new NodeAnswer(second.token(), NodeAnswer.Outcome.DONE, null, ""), null);
    assertThat(handler.forgotten).isEmpty();
    assertThat(server.open()).isZero();
  }

  @Test
  void theListenerLearnsHowAConnectionEnded() throws Exception {
    int nobody;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = taken.getLocalPort();
    }
    TestingListener refused = new TestingListener();
    connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), nobody), refused);
    assertThat(next(refused.endings)).isEqualTo(Ending.REFUSED);

    NodeServer server = server(new TestingHandler());
    TestingListener left = new TestingListener();
    connect(server.address(), left);
    next(left.opened);
    server.close();
    assertThat(next(left.endings)).isEqualTo(Ending.LEFT);
    assertThat(next(left.reasons)).contains("stops");

    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      TestingListener cut = new TestingListener();
      connect((InetSocketAddress) listening.getLocalSocketAddress(), cut);
      listening.accept().close();
      assertThat(next(cut.endings)).isEqualTo(Ending.CUT);

      TestingListener damaged = new TestingListener();
      connect((InetSocketAddress) listening.getLocalSocketAddress(), damaged);
      try (Socket socket = listening.accept()) {
        socket.getOutputStream().write(new byte[64]);
        assertThat(next(damaged.endings)).isEqualTo(Ending.DAMAGED);
        assertThat(next(damaged.reasons)).contains("another protocol");
      }
    }
  }

  @Test
  void aDamagedFrameAVersionAheadAndAStrangerAreSentAwayAndNobodyElseNotices() throws Exception {
    TestingHandler handler = new TestingHandler();
    NodeServer server = server(handler);
    TestingListener witness = new TestingListener();
    NodeConnection good = connect(server.address(), witness);
    byte[] hello = bytes(Frames.hello("c-2/1"));
    byte[] request = bytes(Frames.request(read(1, 4096)));
    byte[] flipped = request.clone();
    flipped[flipped.length - 3] ^= 1;
    assertThat(sentAway(server, hello, flipped)).contains("damaged");
    byte[] ahead = hello.clone();
    ahead[2] = 2;
    assertThat(sentAway(server, ahead)).contains("speaks version 2");
    assertThat(sentAway(server, request)).contains("who is there");
    byte[] huge = request.clone();
    huge[8] = 0x7f;
    assertThat(sentAway(server, hello, huge)).contains("larger");
    byte[] data = new byte[4096];
    NodeRequest write = write(1, data, PayloadCodec.Codec.NONE);
    data[9] = 1;
    assertThat(sentAway(server, hello, bytes(Frames.request(write)), data)).contains("damaged");
    good.ping(1);
    assertThat(next(witness.pongs)).isEqualTo(1);
    assertThat(handler.requests).isEmpty();
  }

  @Test
  void anyByteChangedAnywhereIsNoticed() throws Exception {
    byte[] request = bytes(Frames.request(read(1, 4096)));
    for (int i = 0; i < request.length; i++) {
      byte[] changed = request.clone();
      changed[i] ^= 0x10;
      ByteBuffer head = ByteBuffer.wrap(java.util.Arrays.copyOf(changed, Frames.HEAD_BYTES));
      ByteBuffer body =
          ByteBuffer.wrap(java.util.Arrays.copyOfRange(changed, Frames.HEAD_BYTES, changed.length));
      int at = i;
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> {
                Frames.checkHead(head);
                Frames.checkSum(head, body);
              })
          .as("byte %d", at)
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void aClientThatConnectsToNobodyInTimeIsTold() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    // A listening socket with a full queue of one takes no third connection.
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket one = new Socket(full.getInetAddress(), full.getLocalPort());
        Socket two = new Socket(full.getInetAddress(), full.getLocalPort())) {
      assertThat(one.isConnected() && two.isConnected()).isTrue();
      TestingListener listener = new TestingListener();
      NodeConnection.open(
          loop, (InetSocketAddress) full.getLocalSocketAddress(), "c-1/1", 100, listener);
      assertThat(next(listener.endings)).isEqualTo(Ending.UNREACHABLE);
      told.countDown();
    }
    assertThat(told.getCount()).isZero();
  }

  private static String sentAway(NodeServer server, byte[]... frames) throws IOException {
    try (Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
      for (byte[] frame : frames) {
        socket.getOutputStream().write(frame);
      }
      InputStream in = socket.getInputStream();
      while (true) {
        byte[] head = in.readNBytes(Frames.HEAD_BYTES);
        if (head.length < Frames.HEAD_BYTES) {
          return "";
        }
        ByteBuffer buffer = ByteBuffer.wrap(head);
        ByteBuffer body = ByteBuffer.wrap(in.readNBytes(buffer.getInt(4)));
        Frames.checkSum(buffer, body);
        if (head[3] == Frames.GOODBYE) {
          return Frames.string(body);
        }
      }
    }
  }

  private static byte[] bytes(ByteBuffer frame) {
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    return bytes;
  }
}
