package io.forestall.nodes.transport;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A client's or a witness's end of a connection to one node. Requests may be sent before the
 * connection is open; they leave when it is. Every answer may come in any order. Safe for threads.
 */
public final class NodeConnection {

  /** What comes back. Called on the loop's thread: hand over and return. */
  public interface Listener {

    /** The host of the node took the connection; whether the node answers is to be seen. */
    default void connected() {}

    /** The node said who it is; a name other than the expected one is for the listener to judge. */
    default void opened(String node, long incarnation) {}

    /**
     * A request was answered.
     *
     * @param answer with the token that the request was sent with
     * @param data what was read, else empty; belongs to the listener
     */
    void answered(NodeAnswer answer, byte[] data);

    /**
     * What was to be fetched is there, or is not to be had.
     *
     * @param fetched with the token that it was asked for with
     * @param data what was read, empty for a range of zeros; belongs to the listener
     */
    default void fetched(Fetched fetched, byte[] data) {}

    /** A ping was answered: the process runs. */
    default void pong(long nonce) {}

    /** The connection ended; nothing follows. What was open there may or may not have happened. */
    void closed(Ending ending, String why);
  }

  private final Link link;

  private NodeConnection(TransportLoop loop, SocketChannel channel, Listener listener) {
    link = new Link(loop, channel, new Receiver(listener));
  }

  /**
   * Begins to connect and returns at once.
   *
   * @param loop whose thread reads
   * @param client who connects, as the node will log it
   * @param connectMillis after how long without a connection it counts as UNREACHABLE
   * @throws IOException when the system gives no socket
   */
  public static NodeConnection open(
      TransportLoop loop,
      InetSocketAddress address,
      String client,
      long connectMillis,
      Listener listener)
      throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    NodeConnection connection = new NodeConnection(loop, channel, listener);
    Link link = connection.link;
    link.send(Frames.hello(client), null, null);
    loop.execute(() -> link.connect(address));
    loop.later(
        connectMillis,
        () -> {
          if (!link.isConnected()) {
            link.close(Ending.UNREACHABLE, "no connection after " + connectMillis + " ms");
          }
        });
    return connection;
  }

  /** Sends a request; the payload must not change any more. Without effect once it is closed. */
  public void send(NodeRequest request) {
    link.send(
        Frames.request(request),
        request.payload().length == 0 ? null : ByteBuffer.wrap(request.payload()),
        null);
  }

  /** Asks for what the node holds of a unit. Without effect once it is closed. */
  public void fetch(Fetch fetch) {
    link.send(Frames.fetch(fetch), null, null);
  }

  /** Asks for a sign of life. */
  public void ping(long nonce) {
    link.send(Frames.ping(Frames.PING, nonce), null, null);
  }

  /** Ends the connection. The listener is still told, with CLOSED_HERE. */
  public void close(String why) {
    link.sayGoodbye(why);
    link.close(Ending.CLOSED_HERE, why);
  }

  private final class Receiver implements Link.Receiver {
    private final Listener listener;

    Receiver(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void opened() {
      listener.connected();
    }

    @Override
    public void frame(int type, ByteBuffer body, byte[] data) throws IOException {
      switch (type) {
        case Frames.WELCOME -> listener.opened(Frames.string(body), Frames.number(body));
        case Frames.ANSWER -> listener.answered(Frames.answer(body, data), data);
        case Frames.FETCHED -> listener.fetched(Frames.fetched(body, data), data);
        case Frames.PONG -> listener.pong(Frames.number(body));
        case Frames.GOODBYE -> link.close(Ending.LEFT, Frames.string(body));
        default -> throw new FrameException("a frame of type " + type + " is not for a client");
      }
    }

    @Override
    public void closed(Ending ending, String why) {
      listener.closed(ending, why);
    }
  }
}
