package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of the ownership protocol (C5, D3): sends each request to the unit's owner,
 * corrects its map when told that it is wrong, asks again under the same request number when a
 * connection ends or an answer stays out, and keeps nothing but the map. A write whose outcome is
 * unknown stays open until an owner knows it: it is never an error. Pure; the simulator and the
 * volume client run this same class. For one thread.
 *
 * <p>The tokens of the requests it sends are their numbers; a completion carries the user's token.
 * Any {@code DONE} ends a request, whoever sent it and however late: the write is in the log, or
 * the bytes were right at a moment while the request was open. {@code ACCEPTED} ends a write when
 * it comes from whom it was sent to last: no other node has it any more, so that it cannot happen
 * there after what is asked next. Whoever wants to know that it stays sends a FLUSH.
 */
public final class ClientProtocol {

  /** Longest pause is the first one times this. */
  private static final int LONGEST_PAUSE_FACTOR = 16;

  private final Settings settings;
  private final ClientActions actions;
  private final Map<String, Owned> map = new HashMap<>();

  /** All that is open, in the order of numbers; the first ones are in flight, the rest waits. */
  private final Map<Long, Op> open = new LinkedHashMap<>();

  private final ArrayDeque<Op> waiting = new ArrayDeque<>();
  private final Map<String, Map<Long, Op>> flyingByUnit = new HashMap<>();

  /** Answers that are awaited, the oldest first: all wait equally long. */
  private final ArrayDeque<Awaited> awaited = new ArrayDeque<>();

  private final PriorityQueue<Awaited> pauses =
      new PriorityQueue<>((one, other) -> Long.compare(one.atMillis, other.atMillis));
  private int flying;
  private long nextRequest;

  /**
   * What it is set to.
   *
   * @param client the client with the number of its start, for example {@code c-1/17}
   * @param answerMillis how long an answer may stay out before the request is sent again;
   *     milliseconds
   * @param busyMillis first pause after BUSY or a refused connection, doubled up to 16 times;
   *     milliseconds
   * @param maxInFlight requests in flight; more wait inside; count
   */
  public record Settings(String client, long answerMillis, long busyMillis, int maxInFlight) {}

  private static final class Op {
    private final NodeRequest request;
    private final long userToken;
    private final long submittedMillis;

    /** Where it was sent last and no answer came, null while it pauses or waits for an owner. */
    private @Nullable Subject sentTo;

    private int pauses;

    /** Grows with each step, so that what was due for an older one is known as such. */
    private int step;

    Op(NodeRequest request, long userToken, long submittedMillis) {
      this.request = request;
      this.userToken = userToken;
      this.submittedMillis = submittedMillis;
    }
  }

  private record Awaited(long atMillis, Op op, int step) {}

  /** A client that knows nothing yet. */
  public ClientProtocol(Settings settings, ClientActions actions) {
    if (settings.maxInFlight() < 1 || settings.answerMillis() < 1 || settings.busyMillis() < 1) {
      throw new IllegalArgumentException("a client's limits are at least 1: " + settings);
    }
    this.settings = settings;
    this.actions = actions;
  }

  /**
   * A request of a user. Its number is given by the client.
   *
   * @param token handle that comes back with the completion
   * @return the number of the request
   */
  public long submit(
      long token,
      String unit,
      NodeRequest.Kind kind,
      long offset,
      long length,
      String codec,
      byte[] payload,
      int encodedCrc,
      int plainCrc,
      long nowMillis) {
    long number = nextRequest++;
    Op op =
        new Op(
            new NodeRequest(
                number,
                settings.client(),
                number,
                unit,
                0,
                kind,
                offset,
                length,
                codec,
                payload,
                encodedCrc,
                plainCrc),
            token,
            nowMillis);
    open.put(number, op);
    waiting.add(op);
    launch(nowMillis);
    return number;
  }

  /**
   * Lets requests in as long as there is room. The oldest open one and the newest in flight never
   * lie further apart than nodes remember.
   */
  private void launch(long nowMillis) {
    while (!waiting.isEmpty() && flying < settings.maxInFlight()) {
      Op op = waiting.peek();
      long oldest = open.keySet().iterator().next();
      if (op.request.request() - oldest >= RequestMemory.MAX_IN_FLIGHT_SPAN) {
        return;
      }
      waiting.poll();
      flying++;
      flyingByUnit
          .computeIfAbsent(op.request.unit(), unit -> new LinkedHashMap<>())
          .put(op.request.request(), op);
      send(op, nowMillis);
    }
  }

  /** Sends a request to the owner as the map has it; without one it waits until the map has. */
  private void send(Op op, long nowMillis) {
    op.step++;
    op.sentTo = null;
    Owned owned = map.get(op.request.unit());
    if (owned == null) {
      return;
    }
    op.sentTo = owned.owner();
    awaited.add(new Awaited(nowMillis + settings.answerMillis(), op, op.step));
    NodeRequest request = op.request;
    actions.send(owned.owner(), request.withEpoch(owned.epoch()));
  }

  /** Asks again after a pause that grows, unless the map changes before. */
  private void pause(Op op, long nowMillis) {
    op.step++;
    op.sentTo = null;
    long millis = settings.busyMillis() * Math.min(1L << op.pauses, LONGEST_PAUSE_FACTOR);
    op.pauses = Math.min(op.pauses + 1, 5);
    pauses.add(new Awaited(nowMillis + millis, op, op.step));
  }

  /** A record of the ownership log, or of a map: who owns a unit. Older epochs change nothing. */
  public void learned(Owned owned, long nowMillis) {
    Owned before = map.get(owned.unit());
    if (before != null && before.epoch() >= owned.epoch()) {
      return;
    }
    map.put(owned.unit(), owned);
    Map<Long, Op> flyingHere = flyingByUnit.get(owned.unit());
    if (flyingHere == null) {
      return;
    }
    for (Op op : List.copyOf(flyingHere.values())) {
      // What was sent to the owner before may be done there or not: the new one knows, by the same
      // number. The same owner under a new epoch still has what was sent to it.
      if (!owned.owner().equals(op.sentTo)) {
        op.pauses = 0;
        send(op, nowMillis);
      }
    }
  }

  /** A node answered. */
  public void answered(Subject node, NodeAnswer answer, long nowMillis) {
    Op op = open.get(answer.token());
    if (answer.owned() != null) {
      learned(answer.owned(), nowMillis);
    }
    if (op == null || isWaiting(op)) {
      return;
    }
    switch (answer.outcome()) {
      case DONE, INVALID -> complete(op, answer, nowMillis);
      case ACCEPTED -> {
        if (node.equals(op.sentTo)) {
          complete(op, answer, nowMillis);
        }
      }
      case NOT_OWNER, BUSY -> {
        // When the request has gone elsewhere meanwhile, this answer says nothing about it.
        if (node.equals(op.sentTo)) {
          pause(op, nowMillis);
        }
      }
    }
  }

  private boolean isWaiting(Op op) {
    Map<Long, Op> flyingHere = flyingByUnit.get(op.request.unit());
    return flyingHere == null || !flyingHere.containsKey(op.request.request());
  }

  private void complete(Op op, NodeAnswer answer, long nowMillis) {
    NodeRequest request = op.request;
    op.step++;
    op.sentTo = null;
    open.remove(request.request());
    flying--;
    Map<Long, Op> flyingHere = flyingByUnit.get(request.unit());
    if (flyingHere != null) {
      flyingHere.remove(request.request());
      if (flyingHere.isEmpty()) {
        flyingByUnit.remove(request.unit());
      }
    }
    actions.complete(request.withToken(op.userToken), answer);
    launch(nowMillis);
  }

  /** The connection to a node ended, or could not be opened: what was sent there is open again. */
  public void lost(Subject node, long nowMillis) {
    List<Op> lost = new ArrayList<>();
    for (Map<Long, Op> ofUnit : flyingByUnit.values()) {
      for (Op op : ofUnit.values()) {
        if (node.equals(op.sentTo)) {
          lost.add(op);
        }
      }
    }
    for (Op op : lost) {
      pause(op, nowMillis);
    }
  }

  /** The saga says who will be the owner soon (C4): a hint, believed only so far as to connect. */
  public void hinted(Subject node, long nowMillis) {
    actions.prepare(node);
  }

  /** Does what is due. */
  public void tick(long nowMillis) {
    for (Awaited head = liveAwaited();
        head != null && head.atMillis <= nowMillis;
        head = liveAwaited()) {
      awaited.poll();
      // The answer stays out: the same number again, to whoever the map has by now.
      send(head.op, nowMillis);
    }
    for (Awaited head = livePause();
        head != null && head.atMillis <= nowMillis;
        head = livePause()) {
      pauses.poll();
      send(head.op, nowMillis);
    }
  }

  private @Nullable Awaited liveAwaited() {
    Awaited head = awaited.peek();
    while (head != null && head.step != head.op.step) {
      awaited.poll();
      head = awaited.peek();
    }
    return head;
  }

  private @Nullable Awaited livePause() {
    Awaited head = pauses.peek();
    while (head != null && head.step != head.op.step) {
      pauses.poll();
      head = pauses.peek();
    }
    return head;
  }

  /** When {@link #tick} must be called next; Long.MAX_VALUE when never. */
  public long alarmMillis() {
    Awaited answer = liveAwaited();
    Awaited pause = livePause();
    return Math.min(
        answer == null ? Long.MAX_VALUE : answer.atMillis,
        pause == null ? Long.MAX_VALUE : pause.atMillis);
  }

  /** Requests that are open. */
  public int open() {
    return open.size();
  }

  /** Owners as this client knows them, by unit. */
  public Map<String, Owned> map() {
    return Collections.unmodifiableMap(map);
  }

  /** When the oldest open request was submitted, null when none is open: a pause that lasts. */
  public @Nullable Long oldestOpenMillis() {
    return open.isEmpty() ? null : open.values().iterator().next().submittedMillis;
  }
}
