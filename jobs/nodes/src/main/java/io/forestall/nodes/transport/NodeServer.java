package io.forestall.nodes.transport;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's end of the data plane: accepts connections, hands requests over under tokens of its
 * own, sends answers back to whoever asked, answers pings by itself. A request that is sent again
 * over the connection on which it is open already is dropped. A connection with too much open is
 * not read from until it has less. Safe for threads.
 */
public final class NodeServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeServer.class);

  /** Connections that are held at once; more are sent away; count. */
  public static final int MAX_CONNECTIONS = 1024;

  /** Requests that one connection may have open before it is not read from; count. */
  public static final int MAX_OPEN_REQUESTS = 2048;

  /** Bytes to write or to read that one connection may have open; bytes. */
  public static final long MAX_OPEN_BYTES = 64L * 1024 * 1024;

  /** What a fold takes on its way, as a bound; bytes. */
  private static final long MOST_FOLD_BYTES = 256L * 1024;

  /** Who does the work. Called on the loop's thread: hand over and return. */
  public interface Handler {

    /**
     * A client asks. The token is unique in this process; answer once with {@link
     * NodeServer#answer}.
     */
    void request(NodeRequest request);

    /**
     * Another node asks for what this one holds of a unit. The token is unique in this process,
     * among requests too; answer once with {@link NodeServer#fetched}.
     */
    void fetch(Fetch fetch);

    /** The connection behind this open question is gone: nobody waits for the answer. */
    void forget(long token);
  }

  private final TransportLoop loop;
  private final ServerSocketChannel listening;
  private final String node;
  private final long incarnation;
  private final Handler handler;
  private final AtomicLong tokens = new AtomicLong();
  private final Map<Long, Open> open = new ConcurrentHashMap<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final Set<Peer> peers = ConcurrentHashMap.newKeySet();

  private record Open(Peer peer, long clientToken, long bytes) {}

  private NodeServer(
      TransportLoop loop,
      ServerSocketChannel listening,
      String node,
      long incarnation,
      Handler handler) {
    this.loop = loop;
    this.listening = listening;
    this.node = node;
    this.incarnation = incarnation;
    this.handler = handler;
  }

  /**
   * Listens.
   *
   * @param loop whose thread reads
   * @param address where; port 0 takes a free one
   * @param node the node that answers here
   * @param incarnation number of this start of its process
   * @throws IOException when the address is taken or not of this machine
   */
  public static NodeServer open(
      TransportLoop loop, InetSocketAddress address, String node, long incarnation, Handler handler)
      throws IOException {
    ServerSocketChannel listening = ServerSocketChannel.open();
    try {
      listening.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      listening.bind(address, 1024);
      listening.configureBlocking(false);
    } catch (IOException e) {
      listening.close();
      throw new IOException(
          "cannot listen on " + address + ": " + e.getMessage() + "; choose another --listen", e);
    }
    NodeServer server = new NodeServer(loop, listening, node, incarnation, handler);
    loop.execute(server::register);
    return server;
  }

  private void register() {
    try {
      TransportLoop.Ready accept = this::accept;
      listening.register(loop.selector(), SelectionKey.OP_ACCEPT, accept);
    } catch (IOException e) {
      LOG.error("Cannot accept connections", e);
    }
  }

  private void accept(SelectionKey key) {
    try {
      SocketChannel channel;
      while ((channel = listening.accept()) != null) {
        Peer peer = new Peer(loop, channel);
        peers.add(peer);
        int count = connections.incrementAndGet();
        peer.link.register();
        if (count > MAX_CONNECTIONS) {
          peer.link.sayGoodbye("this node has " + MAX_CONNECTIONS + " connections already");
          peer.link.close(Ending.CLOSED_HERE, "too many connections");
        }
      }
    } catch (IOException e) {
      LOG.warn("A connection could not be accepted: {}", e.getMessage());
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    try {
      return (InetSocketAddress) listening.getLocalAddress();
    } catch (IOException e) {
      throw new IllegalStateException("the server is closed", e);
    }
  }

  /** Requests that are not answered yet; count. */
  public int open() {
    return open.size();
  }

  /** Connections, of clients and of witnesses; count. */
  public int connections() {
    return connections.get();
  }

  /**
   * Answers a request. One whose connection is gone is dropped, and so is a second answer.
   *
   * @param data what was read, must not change any more; null or empty for all else
   */
  public void answer(NodeAnswer answer, @Nullable ByteBuffer data) {
    Open asked = open.remove(answer.token());
    if (asked != null) {
      send(asked, Frames.answer(answer, asked.clientToken(), data), data);
    }
  }

  /**
   * Answers another node. One whose connection is gone is dropped, and so is a second answer.
   *
   * @param data what was read, must not change any more; null or empty for a range of zeros and
   *     whatever is not DONE
   */
  public void fetched(Fetched fetched, @Nullable ByteBuffer data) {
    Open asked = open.remove(fetched.token());
    if (asked != null) {
      send(asked, Frames.fetched(fetched, asked.clientToken(), data), data);
    }
  }

  private static void send(Open asked, ByteBuffer frame, @Nullable ByteBuffer data) {
    asked.peer().mine.remove(asked.clientToken());
    asked.peer().link.send(frame, data, () -> asked.peer().less(asked.bytes()));
  }

  /** Ends every connection and listens no more. The loop goes on. */
  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      LOG.debug("The listening socket did not close", e);
    }
    // A closed channel leaves the selector at its next turn only; until then its port is taken.
    loop.selector().wakeup();
    for (Peer peer : peers) {
      peer.link.sayGoodbye("this node stops");
      peer.link.close(Ending.CLOSED_HERE, "this node stops");
    }
  }

  private final class Peer implements Link.Receiver {
    private final Link link;

    /** Open requests: the client's token and ours. */
    private final Map<Long, Long> mine = new ConcurrentHashMap<>();

    private final AtomicInteger openRequests = new AtomicInteger();
    private final AtomicLong openBytes = new AtomicLong();
    private boolean greeted;
    private volatile boolean held;

    Peer(TransportLoop loop, SocketChannel channel) {
      link = new Link(loop, channel, this);
    }

    @Override
    public void frame(int type, ByteBuffer body, byte[] data) throws IOException {
      if (!greeted && type != Frames.HELLO) {
        throw new FrameException("the first frame must say who is there");
      }
      switch (type) {
        case Frames.HELLO -> {
          greeted = true;
          link.send(Frames.welcome(node, incarnation), null, null);
        }
        case Frames.REQUEST -> request(Frames.request(body, data));
        case Frames.FETCH -> fetch(Frames.fetch(body));
        case Frames.PING -> link.send(Frames.ping(Frames.PONG, Frames.number(body)), null, null);
        case Frames.GOODBYE -> link.close(Ending.LEFT, "the client left: " + Frames.string(body));
        default -> throw new FrameException("a frame of type " + type + " is not for a node");
      }
    }

    private void request(NodeRequest asked) {
      long bytes = asked.kind() == NodeRequest.Kind.READ ? asked.length() : asked.payload().length;
      long token = take(asked.token(), bytes);
      if (token >= 0) {
        handler.request(asked.withToken(token));
        holdWhenFull();
      }
    }

    private void fetch(Fetch asked) {
      long token =
          take(asked.token(), asked.kind() == Fetch.Kind.BYTES ? asked.length() : MOST_FOLD_BYTES);
      if (token >= 0) {
        handler.fetch(asked.withToken(token));
        holdWhenFull();
      }
    }

    /** The own token of what is asked, -1 when it is open already. */
    private long take(long clientToken, long bytes) {
      long token = tokens.incrementAndGet();
      if (mine.putIfAbsent(clientToken, token) != null) {
        // The client lost patience; what it asks is open already and will be answered once.
        return -1;
      }
      openRequests.incrementAndGet();
      openBytes.addAndGet(bytes);
      open.put(token, new Open(this, clientToken, bytes));
      return token;
    }

    private void holdWhenFull() {
      if (!held && (openRequests.get() >= MAX_OPEN_REQUESTS || openBytes.get() >= MAX_OPEN_BYTES)) {
        held = true;
        link.reading(false);
        goOn();
      }
    }

    // Called under the link's lock: only counts, and leaves the rest to the loop.
    private void less(long bytes) {
      openRequests.decrementAndGet();
      openBytes.addAndGet(-bytes);
      if (held && mayGoOn()) {
        loop.execute(this::goOn);
      }
    }

    private boolean mayGoOn() {
      return openRequests.get() <= MAX_OPEN_REQUESTS / 2 && openBytes.get() <= MAX_OPEN_BYTES / 2;
    }

    private void goOn() {
      if (held && mayGoOn()) {
        held = false;
        link.reading(true);
      }
    }

    @Override
    public void closed(Ending ending, String why) {
      connections.decrementAndGet();
      peers.remove(this);
      LOG.debug("A connection ended: {}", why);
      for (Long token : mine.values()) {
        if (open.remove(token) != null) {
          handler.forget(token);
        }
      }
      mine.clear();
    }
  }
}
