package io.forestall.nodes.node;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.TransportLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections by which a node watches its neighbours, and looks at any node when it is asked
 * to; {@link NeighbourWatch} judges. Everything happens on one thread that does nothing else, so
 * that what is waited for and the waiting are held up together. Safe for threads.
 */
final class WitnessRing implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WitnessRing.class);

  private static final long CONNECT_MILLIS = 400;

  /** How long a process whose host took the connection may take to answer. */
  private static final long ANSWER_MILLIS = 1_500;

  /** A look that comes later than this was held up itself, and looks once more. */
  private static final long LATE_MILLIS = 100;

  /** Who is told; must not block. */
  interface Witness {
    /** A node that was reached before is not. */
    void unreachable(String node, String why);

    /** It is reached again. */
    void reachable(String node);
  }

  /** How an attempt to reach a node ended. */
  interface Reached {
    void told(boolean reached, String text);
  }

  private final String me;
  private final long pingMillis;
  private final TransportLoop loop;
  private volatile boolean closed;

  // Under the lock.
  private final Object lock = new Object();
  private final NeighbourWatch watch;
  private final Map<String, NodeConnection> connections = new HashMap<>();
  private long nonce;

  WitnessRing(String me, long pingMillis, long unreachableMillis, Witness witness) {
    this.me = me;
    this.pingMillis = pingMillis;
    this.loop = TransportLoop.open("forestall-witness");
    this.watch = new NeighbourWatch(me, pingMillis, unreachableMillis, new Connections(witness));
  }

  void start() {
    loop.later(0, this::turn);
  }

  /** Where a node answers; null when it is gone. */
  void address(String node, @Nullable InetSocketAddress address) {
    synchronized (lock) {
      watch.address(node, address);
    }
  }

  private void turn() {
    if (closed) {
      return;
    }
    long beganMillis = EventLoop.nowMillis();
    synchronized (lock) {
      watch.turn(beganMillis);
    }
    loop.later(pingMillis, this::turn);
  }

  /** What the watch wants; called under the lock. */
  private final class Connections implements NeighbourWatch.Actions {
    private final Witness witness;

    Connections(Witness witness) {
      this.witness = witness;
    }

    @Override
    public void connect(String node, InetSocketAddress address, int attempt) {
      try {
        connections.put(
            node,
            NodeConnection.open(
                loop, address, "witness/" + me, CONNECT_MILLIS, new Seen(node, attempt)));
      } catch (IOException e) {
        LOG.warn("Cannot watch node {}: {}", node, e.getMessage());
        String why = String.valueOf(e.getMessage());
        // The witness lacks a socket: that says nothing of the other.
        loop.later(pingMillis, () -> ended(node, attempt, Ending.CLOSED_HERE, why));
      }
    }

    @Override
    public void ping(String node) {
      NodeConnection open = connections.get(node);
      if (open != null) {
        open.ping(++nonce);
      }
    }

    @Override
    public void disconnect(String node) {
      NodeConnection open = connections.remove(node);
      if (open != null) {
        open.close("looks again");
      }
    }

    @Override
    public void unreachable(String node, String why) {
      witness.unreachable(node, why);
    }

    @Override
    public void reachable(String node) {
      witness.reachable(node);
    }
  }

  private void ended(String node, int attempt, Ending ending, String why) {
    synchronized (lock) {
      if (!closed) {
        watch.ended(node, attempt, ending, why, EventLoop.nowMillis());
      }
    }
  }

  /** What comes over one connection. */
  private final class Seen implements NodeConnection.Listener {
    private final String node;
    private final int attempt;

    Seen(String node, int attempt) {
      this.node = node;
      this.attempt = attempt;
    }

    @Override
    public void connected() {
      synchronized (lock) {
        watch.accepted(node, attempt);
      }
    }

    @Override
    public void opened(String name, long incarnation) {
      if (name.equals(node)) {
        heard();
      }
    }

    @Override
    public void pong(long number) {
      heard();
    }

    private void heard() {
      synchronized (lock) {
        watch.heard(node, attempt);
      }
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      throw new IllegalStateException("a witness asks nothing");
    }

    @Override
    public void closed(Ending ending, String why) {
      ended(node, attempt, ending, why);
    }
  }

  /** Neighbours that were reached and not missed since. */
  Set<String> reached() {
    synchronized (lock) {
      return watch.reached();
    }
  }

  /** Address of a node, null when it is not known. */
  @Nullable InetSocketAddress address(String node) {
    synchronized (lock) {
      return watch.address(node);
    }
  }

  /**
   * Tries to reach a node now, over a connection of its own. A process that ended shows at once, a
   * host that is gone after {@link #CONNECT_MILLIS}; one whose host takes the connection may be
   * slow, and has longer.
   *
   * @param told called once, on the thread of the ring
   */
  void reach(InetSocketAddress address, Reached told) {
    Look look = new Look(told);
    try {
      NodeConnection connection =
          NodeConnection.open(loop, address, "witness/" + me, CONNECT_MILLIS, look);
      connection.ping(0);
      look.waitFor(connection, ANSWER_MILLIS);
    } catch (IOException e) {
      look.tell(false, String.valueOf(e.getMessage()));
    }
  }

  private final class Look implements NodeConnection.Listener {
    private final Reached told;
    private final AtomicBoolean done = new AtomicBoolean();

    Look(Reached told) {
      this.told = told;
    }

    void waitFor(NodeConnection connection, long millis) {
      long dueMillis = EventLoop.nowMillis() + millis;
      loop.later(
          millis,
          () -> {
            if (!done.get() && EventLoop.nowMillis() - dueMillis > LATE_MILLIS) {
              // Held up itself: what came meanwhile is still to be read.
              waitFor(connection, LATE_MILLIS);
              return;
            }
            tell(false, "no answer within " + ANSWER_MILLIS + " ms");
            connection.close("reached or not, it is known now");
          });
    }

    void tell(boolean reached, String text) {
      if (done.compareAndSet(false, true)) {
        told.told(reached, text);
      }
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      throw new IllegalStateException("a witness asks nothing");
    }

    @Override
    public void pong(long number) {
      tell(true, "it answers");
    }

    @Override
    public void closed(Ending ending, String why) {
      tell(false, ending + ": " + why);
    }
  }

  @Override
  public void close() {
    closed = true;
    loop.close();
  }
}
