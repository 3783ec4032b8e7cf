package io.forestall.decisions.ownership;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which requests of which clients a unit has taken, so that a retry after an unknown outcome is not
 * done twice (E4). Bounded: for each client its newest {@value #WINDOW} numbers, and the {@value
 * #MAX_CLIENTS} clients whose requests counted last. It is a function of the deltas alone, so all
 * copies of a unit remember the same. A client never has requests in flight that lie further apart
 * than {@value #MAX_IN_FLIGHT_SPAN}.
 *
 * <p>Its limit: a write whose client is forgotten between its delta and its retry would be done
 * again. For that, {@value #MAX_CLIENTS} other clients must write the same unit within one retry.
 * For one thread.
 */
public final class RequestMemory {

  /** Numbers that are remembered of one client; count. */
  public static final int WINDOW = 4096;

  /**
   * Furthest that the oldest and the newest request in flight of one client may lie apart; count.
   */
  public static final int MAX_IN_FLIGHT_SPAN = 2048;

  /** Clients that are remembered; count. */
  public static final int MAX_CLIENTS = 256;

  private final LinkedHashMap<String, Window> clients = new LinkedHashMap<>(16, 0.75f, false);

  /** Client whose request counted last, which needs no new place in the order. */
  private @Nullable String lastClient;

  private @Nullable Window lastWindow;

  /** Nothing is remembered. */
  public RequestMemory() {}

  private static final class Window {
    private long newest = -1;
    private long[] bits = new long[1];

    boolean contains(long request) {
      return request <= newest && request > newest - WINDOW && get(request);
    }

    void add(long request) {
      if (newest >= 0 && bits.length < WINDOW / 64) {
        // The second request of a client, newer or older, makes room for a whole window.
        long[] wider = new long[WINDOW / 64];
        wider[(int) (newest % WINDOW) >>> 6] |= 1L << (newest & 63);
        bits = wider;
      }
      if (request > newest) {
        if (newest >= 0) {
          if (request - newest >= WINDOW) {
            Arrays.fill(bits, 0);
          } else {
            forget(newest + 1, request);
          }
        }
        newest = request;
      }
      if (request > newest - WINDOW) {
        bits[(int) (request % (bits.length * 64L)) >>> 6] |= 1L << (request & 63);
      }
    }

    /** Clears the bits of numbers that are overtaken, a word at a time; both ends included. */
    private void forget(long first, long last) {
      for (long each = first; each <= last; ) {
        int bit = (int) (each & 63);
        int upTo = (int) Math.min(63, bit + (last - each));
        bits[(int) (each % WINDOW) >>> 6] &= ~(-1L << bit & -1L >>> (63 - upTo));
        each += upTo - bit + 1;
      }
    }

    private boolean get(long request) {
      return request > newest - bits.length * 64L
          && (bits[(int) (request % (bits.length * 64L)) >>> 6] & (1L << (request & 63))) != 0;
    }
  }

  /** Remembers that a request counted. */
  public void add(String client, long request) {
    Window last = lastWindow;
    if (last != null && client.equals(lastClient)) {
      last.add(request);
      return;
    }
    Window window = clients.remove(client);
    if (window == null) {
      window = new Window();
      if (clients.size() >= MAX_CLIENTS) {
        clients.remove(clients.keySet().iterator().next());
      }
    }
    clients.put(client, window);
    window.add(request);
    lastClient = client;
    lastWindow = window;
  }

  /**
   * True when a request lies so far behind what counted of its client that the client cannot have
   * it in flight any more: a copy that a network kept. Whether it counted may be forgotten, so
   * nobody may do it.
   */
  public boolean isStale(String client, long request) {
    Window window = clients.get(client);
    return window != null && request <= window.newest - MAX_IN_FLIGHT_SPAN;
  }

  /** True while requests of this client are remembered. */
  boolean knows(String client) {
    return clients.containsKey(client);
  }

  /** True when the request counted before. */
  public boolean contains(String client, long request) {
    Window window = clients.get(client);
    return window != null && window.contains(request);
  }

  /**
   * One client's memory as it is kept in a checkpoint.
   *
   * @param newest largest request that counted
   * @param bits one bit for each of the newest numbers, at the number modulo the length in bits
   */
  public record Kept(String client, long newest, long[] bits) {}

  /** What is remembered, the client that was quiet longest first. */
  public List<Kept> kept() {
    List<Kept> kept = new ArrayList<>(clients.size());
    for (Map.Entry<String, Window> each : clients.entrySet()) {
      kept.add(new Kept(each.getKey(), each.getValue().newest, each.getValue().bits.clone()));
    }
    return kept;
  }

  /**
   * A memory that goes on from a checkpoint.
   *
   * @throws IllegalArgumentException when a length is none that {@link #kept} gives
   */
  public static RequestMemory of(List<Kept> kept) {
    RequestMemory memory = new RequestMemory();
    for (Kept each : kept) {
      if (each.bits().length != 1 && each.bits().length != WINDOW / 64) {
        throw new IllegalArgumentException(
            "the memory of client " + each.client() + " has " + each.bits().length + " words");
      }
      Window window = new Window();
      window.newest = each.newest();
      window.bits = each.bits().clone();
      memory.clients.put(each.client(), window);
    }
    return memory;
  }
}
