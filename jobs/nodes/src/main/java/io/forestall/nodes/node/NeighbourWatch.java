package io.forestall.nodes.node;

import io.forestall.nodes.transport.Ending;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Judges up to four neighbours of a node in the ring of names by what becomes of connections to
 * them (invariant 7). Pure: time is a parameter, connections are made by its {@link Actions}. For
 * one thread.
 *
 * <ul>
 *   <li><b>Dead:</b> the connection was cut and nobody listens there any more. Told at once: no
 *       load makes a process that lives refuse connections.
 *   <li><b>Gone:</b> no answer for {@code unreachableMillis}, and its host takes no connection
 *       either.
 *   <li><b>Stalled:</b> its host takes connections, but it does not answer: it is stopped, or just
 *       slow on a busy host. Told only after {@link #STALLED_FACTOR} times as long.
 * </ul>
 *
 * <p>Silence is counted by this watch's own turns, and a turn that comes late counts no longer than
 * one in time: a witness that was held up itself has not listened, so it has not heard silence.
 * Only a neighbour that was reached once is ever called unreachable.
 */
final class NeighbourWatch {

  /** How much longer a neighbour may be silent whose host takes connections. */
  static final int STALLED_FACTOR = 5;

  /** Neighbours on each side; count. */
  private static final int EACH_SIDE = 2;

  /** What the watch lets its shell do; calls return at once. */
  interface Actions {
    /** Begins to connect; {@link #accepted}, {@link #heard} and {@link #ended} follow. */
    void connect(String node, InetSocketAddress address, int attempt);

    /** Asks for a sign of life over the connection there is. */
    void ping(String node);

    /** Gives the connection up that there is, if there is one. */
    void disconnect(String node);

    /** A node that was reached before is not. */
    void unreachable(String node, String why);

    /** It is reached again. */
    void reachable(String node);
  }

  private final String me;
  private final long pingMillis;
  private final long unreachableMillis;
  private final Actions actions;
  private final TreeMap<String, InetSocketAddress> addresses = new TreeMap<>();
  private final Map<String, Neighbour> neighbours = new HashMap<>();
  private @Nullable Long turnedMillis;

  private static final class Neighbour {
    private final String node;
    private final InetSocketAddress address;

    /** Grows with each connection, so that what an older one tells is known as such. */
    private int attempt;

    private boolean connected;
    private boolean hostAnswers;
    private boolean everReached;
    private boolean reported;
    private boolean cut;
    private boolean looked;
    private long silentMillis;
    private long nextAttemptMillis;

    Neighbour(String node, InetSocketAddress address) {
      this.node = node;
      this.address = address;
    }
  }

  /**
   * A watch that knows nobody yet.
   *
   * @param pingMillis how often {@link #turn} is called
   * @param unreachableMillis how long a neighbour whose host does not answer either may be silent
   */
  NeighbourWatch(String me, long pingMillis, long unreachableMillis, Actions actions) {
    this.me = me;
    this.pingMillis = pingMillis;
    this.unreachableMillis = unreachableMillis;
    this.actions = actions;
  }

  /** Where a node answers; null when it is gone. */
  void address(String node, @Nullable InetSocketAddress address) {
    if (address == null) {
      addresses.remove(node);
    } else {
      addresses.put(node, address);
    }
    choose();
  }

  private void choose() {
    Set<String> ring = ring();
    Iterator<Neighbour> known = neighbours.values().iterator();
    while (known.hasNext()) {
      Neighbour each = known.next();
      if (!ring.contains(each.node) || !each.address.equals(addresses.get(each.node))) {
        known.remove();
        actions.disconnect(each.node);
      }
    }
    for (String node : ring) {
      InetSocketAddress address = addresses.get(node);
      if (address != null) {
        neighbours.computeIfAbsent(node, name -> new Neighbour(name, address));
      }
    }
  }

  private Set<String> ring() {
    Set<String> ring = new LinkedHashSet<>();
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
    return ring;
  }

  /** Time passed: pings, connects, and judges. */
  void turn(long nowMillis) {
    long before = turnedMillis == null ? nowMillis : turnedMillis;
    turnedMillis = nowMillis;
    long countedMillis = Math.min(nowMillis - before, pingMillis + pingMillis / 2);
    for (Neighbour each : neighbours.values()) {
      each.silentMillis += countedMillis;
      turn(each, nowMillis);
    }
  }

  private void turn(Neighbour each, long nowMillis) {
    if (each.connected && !each.looked && each.silentMillis >= unreachableMillis / 2) {
      // A new connection tells a host that is gone from a process that does not answer.
      each.looked = true;
      each.cut = true;
      each.hostAnswers = false;
      actions.disconnect(each.node);
      connect(each, nowMillis);
    } else if (each.connected) {
      actions.ping(each.node);
    } else if (nowMillis >= each.nextAttemptMillis) {
      connect(each, nowMillis);
    }
    if (!each.everReached || each.reported) {
      return;
    }
    if (each.silentMillis >= STALLED_FACTOR * unreachableMillis) {
      report(
          each,
          "no answer for "
              + each.silentMillis
              + " ms"
              + (each.hostAnswers ? ", though its host takes connections" : ""));
    } else if (each.silentMillis >= unreachableMillis && !each.hostAnswers) {
      report(each, "no answer for " + each.silentMillis + " ms, and no connection");
    }
  }

  private void connect(Neighbour each, long nowMillis) {
    each.nextAttemptMillis = nowMillis + 2 * pingMillis;
    each.connected = true;
    actions.connect(each.node, each.address, ++each.attempt);
  }

  private void report(Neighbour each, String why) {
    each.reported = true;
    actions.unreachable(each.node, why);
  }

  /** Its host took the connection: it is there, whether its process runs or not. */
  void accepted(String node, int attempt) {
    Neighbour each = current(node, attempt);
    if (each != null) {
      each.hostAnswers = true;
    }
  }

  /** It answered. */
  void heard(String node, int attempt) {
    Neighbour each = current(node, attempt);
    if (each == null) {
      return;
    }
    each.silentMillis = 0;
    each.everReached = true;
    each.hostAnswers = true;
    each.cut = false;
    each.looked = false;
    if (each.reported) {
      each.reported = false;
      actions.reachable(node);
    }
  }

  /** The connection ended, or could not be made. */
  void ended(String node, int attempt, Ending ending, String why, long nowMillis) {
    Neighbour each = current(node, attempt);
    if (each == null) {
      return;
    }
    each.connected = false;
    switch (ending) {
      case CUT -> {
        // A process that ended leaves this behind, and so does a network: one look decides.
        each.hostAnswers = false;
        boolean first = !each.cut;
        each.cut = true;
        if (first) {
          connect(each, nowMillis);
        }
      }
      case REFUSED -> {
        each.hostAnswers = false;
        if (each.cut && each.everReached && !each.reported) {
          report(each, "its connection was cut and nobody listens: " + why);
        }
      }
      case UNREACHABLE, LEFT -> each.hostAnswers = false;
      case DAMAGED, CLOSED_HERE -> {}
    }
  }

  private @Nullable Neighbour current(String node, int attempt) {
    Neighbour each = neighbours.get(node);
    return each == null || each.attempt != attempt ? null : each;
  }

  /** Neighbours that were reached and not missed since. */
  Set<String> reached() {
    Set<String> reached = new TreeSet<>();
    for (Neighbour each : neighbours.values()) {
      if (each.everReached && !each.reported) {
        reached.add(each.node);
      }
    }
    return reached;
  }

  /** Who is watched. */
  Set<String> watched() {
    return new TreeSet<>(neighbours.keySet());
  }

  /** Address of a node, null when it is not known. */
  @Nullable InetSocketAddress address(String node) {
    return addresses.get(node);
  }
}
