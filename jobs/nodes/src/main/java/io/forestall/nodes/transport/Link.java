package io.forestall.nodes.transport;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One TCP connection that carries frames. Frames are received on the loop's thread; they may be
 * sent from any thread, and leave in the order of the calls. The bytes given to {@link #send} must
 * not change until they have left.
 */
final class Link implements TransportLoop.Ready {

  /** What happens on a connection; called on the loop's thread, must not block. */
  interface Receiver {
    /** The connection is open. */
    default void opened() {}

    /**
     * A whole frame came.
     *
     * @param body valid only during the call
     * @param data belongs to the receiver
     * @throws IOException when it makes no sense; the connection is closed
     */
    void frame(int type, ByteBuffer body, byte[] data) throws IOException;

    /** The connection ended; nothing follows. */
    void closed(Ending ending, String why);
  }

  private record Outgoing(ByteBuffer bytes, @Nullable Runnable written) {}

  private static final Logger LOG = LoggerFactory.getLogger(Link.class);
  private static final int STAGING_BYTES = 64 * 1024;

  /** How often one connection may read before the others have their turn. */
  private static final int READS_AT_ONCE = 16;

  private final TransportLoop loop;
  private final SocketChannel channel;
  private final Receiver receiver;

  // Reading: only the loop's thread.
  private final ByteBuffer head = ByteBuffer.allocate(Frames.HEAD_BYTES);
  private ByteBuffer body = ByteBuffer.allocate(512).limit(0);
  private byte[] data = Frames.NO_DATA;
  private int dataFilled;
  private boolean headChecked;
  private volatile boolean paused;

  // Writing: under the lock.
  private final Object lock = new Object();
  private final ArrayDeque<Outgoing> outgoing = new ArrayDeque<>();
  private @Nullable ByteBuffer staging;
  private boolean connected;
  private boolean closed;
  private @Nullable SelectionKey key;

  Link(TransportLoop loop, SocketChannel channel, Receiver receiver) {
    this.loop = loop;
    this.channel = channel;
    this.receiver = receiver;
  }

  /** Begins to connect; on the loop's thread. */
  void connect(InetSocketAddress address) {
    try {
      channel.connect(address);
      register();
    } catch (IOException | UnresolvedAddressException e) {
      failed(e);
    }
  }

  /** True once the connection is open, also after its end. */
  boolean isConnected() {
    synchronized (lock) {
      return connected;
    }
  }

  /** Takes up a channel that is connected or connecting; on the loop's thread. */
  void register() {
    try {
      channel.configureBlocking(false);
      if (channel.isConnected()) {
        established(channel.register(loop.selector(), SelectionKey.OP_READ, this));
      } else {
        SelectionKey registered = channel.register(loop.selector(), SelectionKey.OP_CONNECT, this);
        synchronized (lock) {
          key = registered;
        }
      }
    } catch (IOException e) {
      failed(e);
    }
  }

  private void established(SelectionKey registered) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    receiver.opened();
    synchronized (lock) {
      key = registered;
      connected = true;
      flush();
    }
  }

  /** Stops or goes on reading: how a receiver that has too much keeps the sender back. */
  void reading(boolean on) {
    SelectionKey registered;
    synchronized (lock) {
      registered = key;
      if (closed || registered == null) {
        return;
      }
    }
    paused = !on;
    try {
      if (on) {
        registered.interestOpsOr(SelectionKey.OP_READ);
      } else {
        registered.interestOpsAnd(~SelectionKey.OP_READ);
      }
      loop.selector().wakeup();
    } catch (CancelledKeyException e) {
      LOG.debug("Closed in the meantime", e);
    }
  }

  /**
   * Sends a frame, now as far as the socket takes it.
   *
   * @param written called when all of it has left, or never when the connection ends before; under
   *     a lock, so it must be short
   */
  void send(ByteBuffer headAndBody, @Nullable ByteBuffer payload, @Nullable Runnable written) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      if (payload == null || !payload.hasRemaining()) {
        outgoing.add(new Outgoing(headAndBody, written));
      } else {
        outgoing.add(new Outgoing(headAndBody, null));
        outgoing.add(new Outgoing(payload.duplicate(), written));
      }
      // With a remainder the loop is at it already, or the connection is not open yet.
      if (connected && (staging == null || !staging.hasRemaining())) {
        try {
          flush();
        } catch (IOException e) {
          failed(e);
        }
      }
    }
  }

  private void flush() throws IOException {
    ByteBuffer stage = staging;
    if (stage == null) {
      stage = ByteBuffer.allocateDirect(STAGING_BYTES).limit(0);
      staging = stage;
    }
    while (true) {
      if (stage.hasRemaining()) {
        channel.write(stage);
        if (stage.hasRemaining()) {
          SelectionKey registered = key;
          if (registered != null) {
            registered.interestOpsOr(SelectionKey.OP_WRITE);
            loop.selector().wakeup();
          }
          return;
        }
      }
      if (outgoing.isEmpty()) {
        return;
      }
      stage.clear();
      while (stage.hasRemaining()) {
        Outgoing next = outgoing.peek();
        if (next == null) {
          break;
        }
        ByteBuffer bytes = next.bytes();
        int many = Math.min(bytes.remaining(), stage.remaining());
        int end = bytes.limit();
        bytes.limit(bytes.position() + many);
        stage.put(bytes);
        bytes.limit(end);
        if (!bytes.hasRemaining()) {
          outgoing.remove();
          if (next.written() != null) {
            next.written().run();
          }
        }
      }
      stage.flip();
    }
  }

  @Override
  public void ready(SelectionKey ready) {
    try {
      if (ready.isConnectable()) {
        channel.finishConnect();
        ready.interestOps(SelectionKey.OP_READ);
        established(ready);
        return;
      }
      if (ready.isReadable()) {
        read();
      }
      if (ready.isValid() && ready.isWritable()) {
        synchronized (lock) {
          ready.interestOpsAnd(~SelectionKey.OP_WRITE);
          flush();
        }
      }
    } catch (CancelledKeyException e) {
      close(Ending.CLOSED_HERE, "closed");
    } catch (IOException e) {
      failed(e);
    } catch (RuntimeException e) {
      // Whatever a receiver trips over costs its connection, never the loop.
      LOG.error("A frame could not be handled", e);
      failed(e);
    }
  }

  private void read() throws IOException {
    ByteBuffer stage = loop.staging();
    for (int turn = 0; turn < READS_AT_ONCE && !paused; turn++) {
      stage.clear();
      int many = channel.read(stage);
      if (many < 0) {
        throw new EOFException("the other side closed the connection");
      }
      if (many == 0) {
        return;
      }
      stage.flip();
      parse(stage);
      if (many < stage.capacity()) {
        return;
      }
    }
  }

  private void parse(ByteBuffer stage) throws IOException {
    while (true) {
      if (!headChecked) {
        move(stage, head);
        if (head.hasRemaining()) {
          return;
        }
        Frames.checkHead(head);
        int bodyBytes = head.getInt(4);
        if (body.capacity() < bodyBytes) {
          body = ByteBuffer.allocate(Math.max(bodyBytes, 2 * body.capacity()));
        }
        body.clear().limit(bodyBytes);
        int dataBytes = head.getInt(8);
        data = dataBytes == 0 ? Frames.NO_DATA : new byte[dataBytes];
        dataFilled = 0;
        headChecked = true;
      }
      move(stage, body);
      if (body.hasRemaining()) {
        return;
      }
      int many = Math.min(stage.remaining(), data.length - dataFilled);
      stage.get(data, dataFilled, many);
      dataFilled += many;
      if (dataFilled < data.length) {
        return;
      }
      Frames.checkSum(head, body);
      byte[] whole = data;
      int type = head.get(3);
      data = Frames.NO_DATA;
      head.clear();
      headChecked = false;
      body.flip();
      receiver.frame(type, body, whole);
      if (!stage.hasRemaining()) {
        return;
      }
    }
  }

  private static void move(ByteBuffer from, ByteBuffer to) {
    int many = Math.min(from.remaining(), to.remaining());
    int end = from.limit();
    from.limit(from.position() + many);
    to.put(from);
    from.limit(end);
  }

  /** Tells the other side why, as far as the socket takes it at once. */
  void sayGoodbye(String why) {
    send(Frames.goodbye(why), null, null);
  }

  /** Ends the connection; the receiver is told once, on the loop's thread. */
  void close(Ending ending, String why) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      outgoing.clear();
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("A channel did not close", e);
    }
    loop.execute(() -> receiver.closed(ending, why));
  }

  private void failed(Exception e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    if (e instanceof ConnectException) {
      close(message.contains("refused") ? Ending.REFUSED : Ending.UNREACHABLE, message);
    } else if (e instanceof NoRouteToHostException || e instanceof UnresolvedAddressException) {
      close(Ending.UNREACHABLE, message);
    } else if (e instanceof FrameException || e instanceof RuntimeException) {
      sayGoodbye(message);
      close(Ending.DAMAGED, message);
    } else {
      close(Ending.CUT, message);
    }
  }
}
