package io.forestall.nodes.node;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.TransportLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches up to four neighbours of this node in the ring of names (invariant 7): a connection to
 * each with a ping at short intervals. A neighbour is unreachable when its connection was cut and
 * nobody listens there any more, or when it was silent too long while this node's own clock ran
 * evenly; a witness that was held up itself says nothing. Only a neighbour that was reached once is
 * ever called unreachable. Safe for threads.
 */
final class WitnessRing implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WitnessRing.class);

  /** Neighbours on each side; count. */
  private static final int EACH_SIDE = 2;

  private static final long CONNECT_MILLIS = 400;

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
  private final long unreachableMillis;
  private final Witness witness;
  private final TransportLoop loop;
  private final Thread thread;
  private volatile boolean closed;

  // Under the lock.
  private final Object lock = new Object();
  private final TreeMap<String, InetSocketAddress> addresses = new TreeMap<>();
  private final Map<String, Neighbour> neighbours = new HashMap<>();
  private long nonce;

  private static final class Neighbour {
    private final String node;
    private final InetSocketAddress address;
    private @Nullable NodeConnection connection;
    private int attempt;
    private boolean everReached;
    private boolean reported;
    private long heardMillis;
    private long nextAttemptMillis;
    private boolean cut;

    Neighbour(String node, InetSocketAddress address, long nowMillis) {
      this.node = node;
      this.address = address;
      this.heardMillis = nowMillis;
    }
  }

  WitnessRing(String me, long pingMillis, long unreachableMillis, Witness witness) {
    this.me = me;
    this.pingMillis = pingMillis;
    this.unreachableMillis = unreachableMillis;
    this.witness = witness;
    this.loop = TransportLoop.open("forestall-witness-io");
    this.thread = new Thread(this::run, "forestall-witness");
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Where a node answers; null when it is gone. */
  void address(String node, @Nullable InetSocketAddress address) {
    synchronized (lock) {
      if (address == null) {
        addresses.remove(node);
      } else {
        addresses.put(node, address);
      }
      choose();
    }
  }

  private void choose() {
    List<String> ring = new ArrayList<>();
    TreeMap<String, InetSocketAddress> others = new TreeMap<>(addresses);
    others.remove(me);
    String up = me;
    String down = me;
    for (int i = 0; i < EACH_SIDE && !others.isEmpty(); i++) {
      String next = others.higherKey(up);
      up = next == null ? others.firstKey() : next;
      ring.add(up);
      String before = others.lowerKey(down);
      down = before == null ? others.lastKey() : before;
      ring.add(down);
    }
    Iterator<Neighbour> known = neighbours.values().iterator();
    while (known.hasNext()) {
      Neighbour each = known.next();
      if (!ring.contains(each.node) || !each.address.equals(addresses.get(each.node))) {
        NodeConnection open = each.connection;
        each.connection = null;
        each.attempt++;
        known.remove();
        if (open != null) {
          open.close("no neighbour any more");
        }
      }
    }
    long now = EventLoop.nowMillis();
    for (String node : ring) {
      InetSocketAddress address = addresses.get(node);
      if (address != null) {
        neighbours.computeIfAbsent(node, name -> new Neighbour(name, address, now));
      }
    }
  }

  private void run() {
    long before = EventLoop.nowMillis();
    while (!closed) {
      long now = EventLoop.nowMillis();
      boolean even = now - before < unreachableMillis / 2;
      before = now;
      List<Runnable> news = new ArrayList<>();
      synchronized (lock) {
        for (Neighbour each : neighbours.values()) {
          turn(each, now, even, news);
        }
      }
      news.forEach(Runnable::run);
      LockSupport.parkNanos(pingMillis * 1_000_000L);
    }
  }

  private void turn(Neighbour each, long now, boolean even, List<Runnable> news) {
    if (!even) {
      // This node stood still itself: nobody else is to blame for the silence.
      each.heardMillis = now;
    }
    NodeConnection open = each.connection;
    if (open != null) {
      open.ping(++nonce);
    } else if (now >= each.nextAttemptMillis) {
      connect(each, now);
    }
    if (each.everReached && !each.reported && now - each.heardMillis >= unreachableMillis) {
      report(each, "no answer for " + (now - each.heardMillis) + " ms", news);
    }
  }

  private void report(Neighbour each, String why, List<Runnable> news) {
    each.reported = true;
    news.add(() -> witness.unreachable(each.node, why));
  }

  private void connect(Neighbour each, long now) {
    each.nextAttemptMillis = now + 2 * pingMillis;
    int attempt = ++each.attempt;
    try {
      each.connection =
          NodeConnection.open(
              loop,
              each.address,
              "witness/" + me,
              CONNECT_MILLIS,
              new NodeConnection.Listener() {
                @Override
                public void opened(String node, long incarnation) {
                  if (node.equals(each.node)) {
                    heard(each, attempt);
                  }
                }

                @Override
                public void answered(NodeAnswer answer, byte[] data) {
                  throw new IllegalStateException("a witness asks nothing");
                }

                @Override
                public void pong(long number) {
                  heard(each, attempt);
                }

                @Override
                public void closed(Ending ending, String why) {
                  ended(each, attempt, ending, why);
                }
              });
    } catch (IOException e) {
      each.connection = null;
      LOG.warn("Cannot watch node {}: {}", each.node, e.getMessage());
    }
  }

  private void heard(Neighbour each, int attempt) {
    boolean again;
    synchronized (lock) {
      if (each.attempt != attempt) {
        return;
      }
      each.heardMillis = EventLoop.nowMillis();
      each.everReached = true;
      each.cut = false;
      again = each.reported;
      each.reported = false;
    }
    if (again) {
      witness.reachable(each.node);
    }
  }

  private void ended(Neighbour each, int attempt, Ending ending, String why) {
    List<Runnable> news = new ArrayList<>();
    synchronized (lock) {
      if (each.attempt != attempt || closed) {
        return;
      }
      each.connection = null;
      switch (ending) {
        case CUT -> {
          // A process that ended leaves this behind, and so does a network: one look decides.
          each.cut = true;
          connect(each, EventLoop.nowMillis());
        }
        case REFUSED -> {
          if (each.cut && each.everReached && !each.reported) {
            report(each, "its connection was cut and nobody listens: " + why, news);
          }
        }
        case UNREACHABLE, LEFT, DAMAGED, CLOSED_HERE -> {}
      }
    }
    news.forEach(Runnable::run);
  }

  /** Neighbours that were reached and not missed since. */
  Set<String> reached() {
    Set<String> reached = new TreeSet<>();
    synchronized (lock) {
      for (Neighbour each : neighbours.values()) {
        if (each.everReached && !each.reported) {
          reached.add(each.node);
        }
      }
    }
    return reached;
  }

  /** Address of a node, null when it is not known. */
  @Nullable InetSocketAddress address(String node) {
    synchronized (lock) {
      return addresses.get(node);
    }
  }

  /**
   * Tries to reach a node now, over a connection of its own.
   *
   * @param told called once, on a thread of the ring
   */
  void reach(InetSocketAddress address, long patienceMillis, Reached told) {
    AtomicBoolean done = new AtomicBoolean();
    NodeConnection[] opened = new NodeConnection[1];
    NodeConnection.Listener listener =
        new NodeConnection.Listener() {
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

          private void tell(boolean reached, String text) {
            if (done.compareAndSet(false, true)) {
              told.told(reached, text);
            }
          }
        };
    try {
      NodeConnection connection =
          NodeConnection.open(loop, address, "witness/" + me, patienceMillis, listener);
      opened[0] = connection;
      connection.ping(0);
      Thread timer =
          new Thread(
              () -> {
                LockSupport.parkNanos(patienceMillis * 1_000_000L);
                if (done.compareAndSet(false, true)) {
                  told.told(false, "no answer within " + patienceMillis + " ms");
                }
                connection.close("reached or not, it is known now");
              },
              "forestall-reach");
      timer.setDaemon(true);
      timer.start();
    } catch (IOException e) {
      if (done.compareAndSet(false, true)) {
        told.told(false, String.valueOf(e.getMessage()));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    loop.close();
  }
}
