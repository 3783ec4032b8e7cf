package io.forestall.nodes.node;

import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.Fetched;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.TransportLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections by which a node fetches from other holders of its units: one to each, opened when
 * it is needed and closed when it is not. Every question is answered once, with what came or with
 * why nothing does. Safe for threads.
 */
final class HolderLinks implements AutoCloseable {
  private static final long CONNECT_MILLIS = 2_000;

  /** After how long without an answer a question counts as not answered; milliseconds. */
  static final long ANSWER_MILLIS = 10_000;

  /** After how long without a question a connection is closed; milliseconds. */
  static final long IDLE_MILLIS = 60_000;

  /** Who asked; called once, on the transport's thread: hand over and return. */
  interface Asked {
    /** The holder said this; the bytes belong to who asked. */
    void fetched(Fetched fetched, byte[] data);

    /** It did not. */
    void failed(String why);
  }

  private final String me;
  private final TransportLoop loop;
  private final Object lock = new Object();
  private final Map<String, Holder> holders = new HashMap<>();
  private long tokens;
  private boolean closed;

  HolderLinks(String me, TransportLoop loop) {
    this.me = me;
    this.loop = loop;
  }

  /** Asks a holder; the token of the question is replaced by one of the connection. */
  void fetch(String node, InetSocketAddress address, Fetch fetch, Asked asked) {
    long token;
    Holder holder;
    NodeConnection connection;
    synchronized (lock) {
      token = ++tokens;
      holder = closed ? null : holder(node, address);
      connection = holder == null ? null : holder.connection;
      if (holder != null) {
        holder.open.put(token, asked);
        holder.usedMillis = EventLoop.nowMillis();
      }
    }
    if (holder == null || connection == null) {
      asked.failed("no connection to node " + node);
      return;
    }
    Holder to = holder;
    connection.fetch(fetch.withToken(token));
    loop.later(ANSWER_MILLIS, () -> to.give(token, "node " + node + " does not answer"));
  }

  private @Nullable Holder holder(String node, InetSocketAddress address) {
    Holder known = holders.get(node);
    if (known != null && known.address.equals(address)) {
      return known;
    }
    if (known != null) {
      known.leave("node " + node + " answers elsewhere");
    }
    Holder holder = new Holder(node, address);
    try {
      holder.connection = NodeConnection.open(loop, address, "copy/" + me, CONNECT_MILLIS, holder);
    } catch (IOException e) {
      return null;
    }
    holders.put(node, holder);
    return holder;
  }

  /** Closes what is not needed. */
  void closeIdle(long nowMillis) {
    synchronized (lock) {
      Iterator<Holder> left = holders.values().iterator();
      while (left.hasNext()) {
        Holder each = left.next();
        if (each.open.isEmpty() && nowMillis - each.usedMillis >= IDLE_MILLIS) {
          left.remove();
          each.leave("nothing is to be fetched");
        }
      }
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      for (Holder each : holders.values()) {
        each.leave("this node stops");
      }
      holders.clear();
    }
  }

  /** One connection, and what is open on it. */
  private final class Holder implements NodeConnection.Listener {
    private final String node;
    private final InetSocketAddress address;
    private final Map<Long, Asked> open = new HashMap<>();
    private @Nullable NodeConnection connection;
    private long usedMillis;

    Holder(String node, InetSocketAddress address) {
      this.node = node;
      this.address = address;
    }

    @Override
    public void opened(String name, long incarnation) {
      if (!name.equals(node)) {
        // Whoever listens there now has units of its own.
        synchronized (lock) {
          leave("node " + name + " answers where node " + node + " did");
        }
      }
    }

    @Override
    public void fetched(Fetched fetched, byte[] data) {
      Asked asked = take(fetched.token());
      if (asked != null) {
        asked.fetched(fetched, data);
      }
    }

    private void give(long token, String why) {
      Asked asked = take(token);
      if (asked != null) {
        asked.failed(why);
      }
    }

    private @Nullable Asked take(long token) {
      synchronized (lock) {
        return open.remove(token);
      }
    }

    private void leave(String why) {
      NodeConnection left = connection;
      if (left != null) {
        left.close(why);
      }
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      throw new IllegalStateException("nothing but fetching is asked here");
    }

    @Override
    public void closed(Ending ending, String why) {
      List<Asked> left;
      synchronized (lock) {
        holders.remove(node, this);
        left = new ArrayList<>(open.values());
        open.clear();
      }
      for (Asked each : left) {
        each.failed("node " + node + ": " + ending + ", " + why);
      }
    }
  }
}
