package io.forestall.nodes.client;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.ClientActions;
import io.forestall.decisions.ownership.ClientProtocol;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.nodes.nbd.DeviceException;
import io.forestall.nodes.transport.Ending;
import io.forestall.nodes.transport.NodeConnection;
import io.forestall.nodes.transport.NodeServer;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shell of {@link ClientProtocol}: connections to nodes, the fold of the ownership log, volumes
 * by name. What is read from the topics is handed in by {@link KafkaClientFeed} in the product, by
 * tests in tests. Witness of the nodes it is connected to. Safe for threads.
 *
 * <p>Whoever brings news (a user, a connection, the feed, the clock) runs the protocol under one
 * lock and does, after the lock, what the protocol wants: no hand-over between threads is on the
 * way of a request.
 */
public final class VolumeClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeClient.class);

  /**
   * What open requests may hold; bytes. Half of what a node takes from one connection before it
   * reads no further: pings are never behind requests that wait.
   */
  private static final long MAX_OPEN_BYTES = NodeServer.MAX_OPEN_BYTES / 2;

  private static final long RECONNECT_MILLIS = 100;
  private static final long LONGEST_RECONNECT_MILLIS = 1000;
  private static final long REPORT_AGAIN_MILLIS = 10_000;

  /** How much longer a node may be silent whose host takes connections: it may only be slow. */
  private static final int STALLED_FACTOR = 5;

  private final ClientSettings settings;
  private final ClientReports reports;
  private final TransportLoop loop;
  private final Thread clock;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closed;

  // Under the lock.
  private final ClientProtocol protocol;
  private final Map<Integer, OwnershipFold> folds = new HashMap<>();
  private boolean caughtUp;
  private final Map<String, TreeMap<Integer, MapSlice>> slices = new HashMap<>();
  private final Map<String, CompletableFuture<Volume>> volumes = new HashMap<>();
  private final Map<Subject, Peer> peers = new HashMap<>();
  private final Map<Long, Pending> pending = new HashMap<>();
  private final ArrayDeque<Waiting> backlog = new ArrayDeque<>();

  /** The last write of each owner that was answered before it was in the log, by volume. */
  private final Map<String, Map<Run, Accepted>> accepted = new HashMap<>();

  /** True once a write was so answered: in synchronous mode a flush asks nobody. */
  private volatile boolean everAccepted;

  private long openBytes;
  private long nextToken;
  private byte @Nullable [] answerData;
  private List<Runnable> effects = new ArrayList<>();
  private volatile long wakeMillis = Long.MAX_VALUE;

  /** For how long this process was held up altogether; written by its clock only. */
  private volatile long heldUpMillis;

  private final Map<String, Flow> flows = new ConcurrentHashMap<>();

  /** What pays on the data of each unit that was written. */
  private final Map<String, CodecChoice> choices = new ConcurrentHashMap<>();

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private static final PayloadCodec.Encoded NO_PAYLOAD =
      new PayloadCodec.Encoded("NONE", new byte[0], 0, 0);

  private static final class Pending {
    private final CompletableFuture<byte[]> future;
    private final Volume volume;
    private final NodeRequest.Kind kind;
    private final long length;
    private final long startNanos;
    private final long heldBytes;

    /** First byte of the unit within the volume. */
    private final long unitOffset;

    Pending(
        CompletableFuture<byte[]> future,
        Volume volume,
        NodeRequest.Kind kind,
        long length,
        long startNanos,
        long heldBytes,
        long unitOffset) {
      this.unitOffset = unitOffset;
      this.future = future;
      this.volume = volume;
      this.kind = kind;
      this.length = length;
      this.startNanos = startNanos;
      this.heldBytes = heldBytes;
    }
  }

  /**
   * An owner of a unit that answers early, until another takes over.
   *
   * @param fromEpoch first asynchronous epoch of it
   */
  private record Run(String unit, long fromEpoch) {}

  /** A write by its number, and the offset of its unit in the volume. */
  private record Accepted(long number, long unitOffset) {}

  /** A request that there is no room for yet. */
  private record Waiting(Pending asked, LongConsumer begin) {}

  /** Whether requests of a volume move. */
  private static final class Flow {
    private int open;
    private long movedMillis;
  }

  /** A node as this client knows it; under the lock. */
  private static final class Peer {
    private final Subject node;
    private @Nullable InetSocketAddress address;
    private @Nullable NodeConnection connection;

    /** Grows with each connection, so that the end of an older one is known as such. */
    private int attempt;

    private boolean reachedBefore;
    private boolean cut;

    /** A new connection was begun because the one before was silent. */
    private boolean looked;

    private long reportedMillis = Long.MIN_VALUE / 2;
    private boolean wanted;
    private long reconnectAtMillis;
    private long reconnectMillis = RECONNECT_MILLIS;

    /** When it gave the last sign of life; by the running clock. */
    private volatile long heardMillis;

    Peer(Subject node) {
      this.node = node;
    }
  }

  /** What comes over one connection of a peer. */
  private final class Heard implements NodeConnection.Listener {
    private final Peer peer;
    private final int attempt;

    Heard(Peer peer, int attempt) {
      this.peer = peer;
      this.attempt = attempt;
    }

    @Override
    public void opened(String node, long incarnation) {
      peer.heardMillis = runningMillis();
      news(now -> greeted(peer, attempt, node));
    }

    @Override
    public void answered(NodeAnswer answer, byte[] data) {
      peer.heardMillis = runningMillis();
      news(
          now -> {
            answerData = data;
            try {
              protocol.answered(peer.node, answer, now);
            } finally {
              answerData = null;
            }
          });
    }

    @Override
    public void pong(long nonce) {
      peer.heardMillis = runningMillis();
    }

    @Override
    public void closed(Ending ending, String why) {
      news(now -> connectionEnded(peer, attempt, ending, why, now));
    }
  }

  /**
   * A client that knows nothing yet; it starts its threads.
   *
   * @param reports who is told what it sees
   */
  public VolumeClient(ClientSettings settings, ClientReports reports) {
    this.settings = settings;
    this.reports = reports;
    this.loop = TransportLoop.open("forestall-client-" + settings.id());
    this.protocol =
        new ClientProtocol(
            new ClientProtocol.Settings(
                settings.client(),
                settings.answerMillis(),
                settings.busyMillis(),
                settings.maxInFlight()),
            new Actions());
    this.clock = new Thread(this::watch, "forestall-client-clock-" + settings.id());
    this.clock.setDaemon(true);
    this.clock.start();
  }

  private static long nowMillis() {
    return System.nanoTime() / 1_000_000L;
  }

  /** A clock that stands still while this process does: who did not listen has heard no silence. */
  private long runningMillis() {
    return nowMillis() - heldUpMillis;
  }

  // ---- what the protocol wants; called under the lock

  private final class Actions implements ClientActions {
    @Override
    public void send(Subject node, NodeRequest request) {
      Peer peer = peer(node);
      peer.wanted = true;
      effects.add(() -> sendNow(peer, request));
    }

    @Override
    public void complete(NodeRequest request, NodeAnswer answer) {
      Pending done = pending.remove(request.token());
      if (done != null) {
        openBytes -= done.heldBytes;
        Owned owned = answer.owned();
        if (answer.outcome() == NodeAnswer.Outcome.ACCEPTED && owned != null) {
          accepted
              .computeIfAbsent(done.volume.name(), volume -> new LinkedHashMap<>())
              .put(
                  new Run(request.unit(), owned.asyncFromEpoch()),
                  new Accepted(request.request(), done.unitOffset));
          everAccepted = true;
        }
        byte[] data = answerData;
        effects.add(() -> finish(done, answer, data));
      }
    }

    @Override
    public void prepare(Subject node) {
      Peer peer = peer(node);
      peer.wanted = true;
      peer.reconnectAtMillis = 0;
      effects.add(() -> connection(peer));
    }
  }

  private Peer peer(Subject node) {
    return peers.computeIfAbsent(node, Peer::new);
  }

  /** Runs the protocol under the lock, then does what it wants. */
  private void news(LongConsumer change) {
    List<Runnable> todo;
    lock.lock();
    try {
      long now = nowMillis();
      change.accept(now);
      for (Waiting next = backlog.peek();
          next != null && hasRoom(next.asked().heldBytes);
          next = backlog.peek()) {
        backlog.remove();
        next.begin().accept(now);
      }
      todo = effects;
      if (!todo.isEmpty()) {
        effects = new ArrayList<>();
      }
      long alarm = protocol.alarmMillis();
      if (alarm < wakeMillis) {
        wakeMillis = alarm;
        if (Thread.currentThread() != clock) {
          LockSupport.unpark(clock);
        }
      }
    } finally {
      lock.unlock();
    }
    for (Runnable each : todo) {
      guarded(each);
    }
  }

  private boolean hasRoom(long bytes) {
    return openBytes == 0 || openBytes + bytes <= MAX_OPEN_BYTES;
  }

  // ---- connections

  private void sendNow(Peer peer, NodeRequest request) {
    NodeConnection connection = connection(peer);
    if (connection == null) {
      news(now -> protocol.lost(peer.node, now));
    } else {
      connection.send(request);
    }
  }

  /** The connection to a node, begun when there is none; null when none can be begun now. */
  private @Nullable NodeConnection connection(Peer peer) {
    lock.lock();
    try {
      if (peer.connection != null) {
        return peer.connection;
      }
      InetSocketAddress address = peer.address;
      long now = nowMillis();
      if (address == null || closed || now < peer.reconnectAtMillis) {
        return null;
      }
      peer.attempt++;
      if (!peer.looked) {
        peer.heardMillis = runningMillis();
      }
      try {
        peer.connection =
            NodeConnection.open(
                loop,
                address,
                settings.client(),
                settings.connectMillis(),
                new Heard(peer, peer.attempt));
      } catch (IOException e) {
        LOG.warn("No socket to reach {}: {}", peer.node, e.getMessage());
        peer.reconnectAtMillis = now + RECONNECT_MILLIS;
      }
      return peer.connection;
    } finally {
      lock.unlock();
    }
  }

  private void greeted(Peer peer, int attempt, String name) {
    NodeConnection connection = peer.connection;
    if (peer.attempt != attempt || connection == null) {
      return;
    }
    if (!name.equals(peer.node.id())) {
      LOG.warn("At the address of {} answers {}: not used", peer.node, name);
      effects.add(() -> connection.close("this client looked for " + peer.node));
      return;
    }
    peer.reachedBefore = true;
    peer.cut = false;
    peer.looked = false;
    peer.reconnectMillis = RECONNECT_MILLIS;
  }

  private void connectionEnded(Peer peer, int attempt, Ending ending, String why, long now) {
    if (peer.attempt != attempt || peer.connection == null) {
      return;
    }
    peer.connection = null;
    if (ending == Ending.REFUSED || ending == Ending.UNREACHABLE) {
      LOG.debug("No connection to {}: {}", peer.node, why);
    } else {
      LOG.info("The connection to {} ended: {}", peer.node, why);
    }
    if (ending == Ending.CUT || ending == Ending.LEFT) {
      // The next attempt tells a node that is gone from one that lost a connection.
      peer.cut = true;
      peer.reconnectAtMillis = now;
      effects.add(() -> connection(peer));
    } else {
      if (ending == Ending.REFUSED && peer.cut) {
        unreachable(peer, "its connection was cut and nobody listens there any more", now);
      } else if (peer.looked && (ending == Ending.REFUSED || ending == Ending.UNREACHABLE)) {
        unreachable(peer, "it fell silent and takes no connection any more", now);
      }
      peer.reconnectAtMillis = now + peer.reconnectMillis;
      peer.reconnectMillis = Math.min(2 * peer.reconnectMillis, LONGEST_RECONNECT_MILLIS);
    }
    protocol.lost(peer.node, now);
  }

  private void unreachable(Peer peer, String why, long now) {
    if (!peer.reachedBefore || now - peer.reportedMillis < REPORT_AGAIN_MILLIS) {
      return;
    }
    peer.reportedMillis = now;
    peer.reachedBefore = false;
    LOG.warn("{} is unreachable: {}", peer.node, why);
    effects.add(() -> reports.unreachable(peer.node, why));
  }

  // ---- the clock

  private void watch() {
    long awakeMillis = nowMillis();
    long nextPing = awakeMillis;
    long nextTelemetry = awakeMillis + settings.telemetryMillis();
    long nonce = 0;
    while (!closed) {
      long now = nowMillis();
      if (now - awakeMillis > settings.pingMillis()) {
        long altogether = heldUpMillis + now - awakeMillis;
        heldUpMillis = altogether;
      }
      if (now >= nextPing) {
        nextPing = now + settings.pingMillis();
        long ping = ++nonce;
        guarded(() -> news(at -> ping(ping, at)));
      }
      if (settings.telemetryMillis() > 0 && now >= nextTelemetry) {
        nextTelemetry = now + settings.telemetryMillis();
        guarded(this::tellLatencies);
      }
      guarded(
          () ->
              news(
                  at -> {
                    wakeMillis = Long.MAX_VALUE;
                    protocol.tick(at);
                  }));
      long wake = Math.min(nextPing, wakeMillis);
      long left = wake - nowMillis();
      awakeMillis = left > 0 ? wake : nowMillis();
      if (left > 0) {
        LockSupport.parkNanos(this, left * 1_000_000L);
      }
    }
  }

  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("The client met what it must not meet, and goes on", e);
    }
  }

  private void ping(long nonce, long now) {
    for (Peer peer : peers.values()) {
      long silentMillis = runningMillis() - peer.heardMillis;
      NodeConnection connection = peer.connection;
      if (peer.looked && silentMillis > STALLED_FACTOR * settings.silentMillis()) {
        unreachable(peer, "no sign of life for " + silentMillis + " ms", now);
      }
      if (connection == null) {
        if (peer.wanted && peer.address != null && now >= peer.reconnectAtMillis) {
          effects.add(() -> connection(peer));
        }
      } else if (silentMillis > settings.silentMillis() && !peer.looked) {
        // A new connection tells a host that is gone from a process that does not answer; what was
        // asked over the old one is asked again.
        peer.looked = true;
        peer.connection = null;
        peer.reconnectAtMillis = now;
        effects.add(() -> connection.close("no sign of life"));
        effects.add(() -> connection(peer));
        protocol.lost(peer.node, now);
      } else {
        effects.add(() -> connection.ping(nonce));
      }
    }
  }

  private void tellLatencies() {
    List<LatencyBook.Page> pages = new ArrayList<>();
    lock.lock();
    try {
      for (CompletableFuture<Volume> each : volumes.values()) {
        if (each.isDone() && !each.isCompletedExceptionally()) {
          pages.add(each.join().book().turn());
        }
      }
    } finally {
      lock.unlock();
    }
    if (!pages.isEmpty()) {
      reports.latencies(pages);
    }
  }

  // ---- what is read

  /** A record of the ownership log, in order for each partition. */
  public void ownershipRead(int partition, long offset, OwnershipEntry entry) {
    news(
        now -> {
          OwnershipFold fold = folds.computeIfAbsent(partition, number -> new OwnershipFold());
          for (OwnershipFold.Change change : fold.take(offset, entry)) {
            // Before the end was read once, owners of long ago would be asked in vain.
            if (caughtUp) {
              if (change.epochStepped()) {
                // Whoever writes that it owns is there: no attempt to reach it waits any longer.
                peer(change.after().owner()).reconnectAtMillis = 0;
              }
              protocol.learned(change.after(), now);
            }
          }
        });
  }

  /** The ownership log, the maps and the fleet were read to where they ended at the start. */
  public void caughtUp() {
    news(
        now -> {
          if (caughtUp) {
            return;
          }
          caughtUp = true;
          for (OwnershipFold fold : folds.values()) {
            for (Owned owned : fold.all()) {
              protocol.learned(owned, now);
            }
          }
          for (String volume : List.copyOf(volumes.keySet())) {
            assemble(volume);
          }
        });
  }

  /** A slice of a volume's map. */
  public void mapRead(MapSlice slice) {
    news(
        now -> {
          TreeMap<Integer, MapSlice> known =
              slices.computeIfAbsent(slice.volume(), name -> new TreeMap<>());
          known.put(slice.slice(), slice);
          known.tailMap(slice.slices(), true).clear();
          if (volumes.containsKey(slice.volume())) {
            assemble(slice.volume());
          }
        });
  }

  /** Where a node answers; null when it does not any more. */
  public void addressRead(Subject node, @Nullable InetSocketAddress address) {
    news(
        now -> {
          if (address == null && !peers.containsKey(node)) {
            return;
          }
          Peer peer = peer(node);
          InetSocketAddress before = peer.address;
          if (address == null ? before == null : address.equals(before)) {
            return;
          }
          peer.address = address;
          peer.reconnectAtMillis = 0;
          NodeConnection old = peer.connection;
          if (old != null) {
            effects.add(() -> old.close(node + " has another address"));
          } else if (peer.wanted) {
            effects.add(() -> connection(peer));
          }
        });
  }

  /** The saga says who will own units soon (C4). */
  public void hinted(Subject node) {
    news(now -> protocol.hinted(node, now));
  }

  private void assemble(String name) {
    CompletableFuture<Volume> wanted = volumes.get(name);
    TreeMap<Integer, MapSlice> known = slices.get(name);
    if (wanted == null || known == null || !caughtUp) {
      return;
    }
    VolumeShape shape = VolumeShape.of(known.values());
    if (shape == null) {
      return;
    }
    // Whoever may have to take over is connected before it has to.
    for (Subject node : shape.nodes()) {
      protocol.hinted(node, nowMillis());
    }
    if (!wanted.isDone()) {
      Volume volume = new Volume(this, shape);
      effects.add(() -> wanted.complete(volume));
    }
  }

  // ---- what users ask

  /**
   * A volume by name; done once its map is known.
   *
   * @return the same future for the same name
   */
  public CompletableFuture<Volume> volume(String name) {
    CompletableFuture<Volume> future;
    lock.lock();
    try {
      future = volumes.computeIfAbsent(name, unknown -> new CompletableFuture<>());
    } finally {
      lock.unlock();
    }
    if (!future.isDone()) {
      news(now -> assemble(name));
    }
    return future;
  }

  CompletableFuture<byte[]> submit(
      Volume volume, NodeRequest.Kind kind, long offset, long length, byte @Nullable [] data) {
    return submit(volume, kind, offset, offset % volume.shape().segmentBytes(), length, data);
  }

  /**
   * Asks until all that was answered of a volume is in the log; fails when some of it is lost,
   * since another node took its unit over before.
   */
  CompletableFuture<Void> flush(Volume volume) {
    if (!everAccepted) {
      return CompletableFuture.completedFuture(null);
    }
    Map<Run, Accepted> asked;
    lock.lock();
    try {
      asked = Map.copyOf(accepted.getOrDefault(volume.name(), Map.of()));
    } finally {
      lock.unlock();
    }
    List<CompletableFuture<?>> all = new ArrayList<>(asked.size());
    asked.forEach(
        (run, last) ->
            all.add(
                submit(volume, NodeRequest.Kind.FLUSH, last.unitOffset(), last.number(), 0, null)
                    .whenComplete((done, failure) -> flushed(volume, run, last))));
    return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]));
  }

  /** In the log, or lost and told: nobody need ask again. */
  private void flushed(Volume volume, Run run, Accepted last) {
    lock.lock();
    try {
      Map<Run, Accepted> left = accepted.get(volume.name());
      if (left != null && left.remove(run, last) && left.isEmpty()) {
        accepted.remove(volume.name());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Submits a request.
   *
   * @param offset a place in the volume that lies in the unit
   * @param inUnit what the node is told as the offset
   */
  private CompletableFuture<byte[]> submit(
      Volume volume,
      NodeRequest.Kind kind,
      long offset,
      long inUnit,
      long length,
      byte @Nullable [] data) {
    CompletableFuture<byte[]> future = new CompletableFuture<>();
    VolumeShape shape = volume.shape();
    long start = System.nanoTime();
    boolean empty = data == null || PayloadCodec.isZeros(ByteBuffer.wrap(data));
    PayloadCodec.Encoded encoded =
        empty || data == null ? NO_PAYLOAD : encode(shape.unit(offset), data);
    // Zeros need not travel, nor be kept.
    NodeRequest.Kind sent = kind == NodeRequest.Kind.WRITE && empty ? NodeRequest.Kind.ZERO : kind;
    Flow flow = flows.computeIfAbsent(shape.volume(), name -> new Flow());
    news(
        now -> {
          if (closed) {
            future.completeExceptionally(
                new DeviceException(DeviceException.Code.ESHUTDOWN, "the client is closed"));
            return;
          }
          Pending asked =
              new Pending(
                  future,
                  volume,
                  kind,
                  length,
                  start,
                  kind == NodeRequest.Kind.READ ? length : encoded.bytes().length,
                  offset - offset % shape.segmentBytes());
          if (flow.open++ == 0) {
            flow.movedMillis = now;
          }
          LongConsumer begin =
              at -> {
                long token = nextToken++;
                pending.put(token, asked);
                openBytes += asked.heldBytes;
                protocol.submit(
                    token,
                    shape.unit(offset),
                    sent,
                    inUnit,
                    length,
                    encoded.codec(),
                    encoded.bytes(),
                    encoded.encodedCrc(),
                    encoded.plainCrc(),
                    at);
              };
          if (backlog.isEmpty() && hasRoom(asked.heldBytes)) {
            begin.accept(now);
          } else {
            backlog.add(new Waiting(asked, begin));
          }
        });
    return future;
  }

  /** Time that this thread ran: on a busy machine a try seems to take many times what it does. */
  private static long cpuNanos() {
    long nanos = THREADS.getCurrentThreadCpuTime();
    return nanos < 0 ? System.nanoTime() : nanos;
  }

  private PayloadCodec.Encoded encode(String unit, byte[] data) {
    switch (settings.compression()) {
      case NONE:
        return PayloadCodec.encode(data, PayloadCodec.Codec.NONE);
      case LZ4:
        return PayloadCodec.encode(data, PayloadCodec.Codec.LZ4);
      case ZSTD:
        return PayloadCodec.encode(data, PayloadCodec.Codec.ZSTD);
      case AUTO:
      default:
        CodecChoice choice = choices.computeIfAbsent(unit, first -> new CodecChoice());
        PayloadCodec.Codec codec;
        synchronized (choice) {
          codec = choice.next(data.length);
        }
        long from = cpuNanos();
        PayloadCodec.Encoded encoded = PayloadCodec.encode(data, codec);
        long nanos = cpuNanos() - from;
        if (codec != PayloadCodec.Codec.NONE) {
          synchronized (choice) {
            choice.tried(codec, data.length, encoded.bytes().length, nanos);
          }
        }
        return encoded;
    }
  }

  private void finish(Pending done, NodeAnswer answer, byte @Nullable [] data) {
    long nanos = System.nanoTime() - done.startNanos;
    byte[] bytes = data == null ? new byte[0] : data;
    String wrong = "";
    boolean accepts =
        answer.outcome() == NodeAnswer.Outcome.ACCEPTED && done.kind != NodeRequest.Kind.READ;
    boolean ends = answer.outcome() == NodeAnswer.Outcome.DONE || accepts;
    if (!ends) {
      wrong = answer.text();
    } else if (done.kind == NodeRequest.Kind.READ && bytes.length != done.length) {
      wrong = "a read of " + done.length + " bytes was answered with " + bytes.length;
    }
    boolean failed = !wrong.isEmpty() || !ends;
    boolean moves = done.kind == NodeRequest.Kind.READ || done.kind == NodeRequest.Kind.WRITE;
    done.volume.book().ended(nanos, moves ? done.length : 0, failed);
    moved(done.volume.name());
    if (failed) {
      done.future.completeExceptionally(
          done.kind == NodeRequest.Kind.FLUSH
              ? new DeviceException(DeviceException.Code.EIO, wrong)
              : new DeviceException(DeviceException.Code.EINVAL, "refused by the owner: " + wrong));
    } else {
      done.future.complete(bytes);
    }
  }

  private void moved(String volume) {
    Flow flow = flows.get(volume);
    if (flow == null) {
      return;
    }
    long paused;
    lock.lock();
    try {
      long now = nowMillis();
      paused = now - flow.movedMillis;
      flow.movedMillis = now;
      flow.open--;
    } finally {
      lock.unlock();
    }
    if (paused >= settings.pauseMillis()) {
      reports.paused(volume, paused);
    }
  }

  /** Requests that are open; count. */
  public int open() {
    lock.lock();
    try {
      return pending.size() + backlog.size();
    } finally {
      lock.unlock();
    }
  }

  /** Who owns a unit as this client knows it, null when it knows nobody. */
  public @Nullable Owned owner(String unit) {
    lock.lock();
    try {
      return protocol.map().get(unit);
    } finally {
      lock.unlock();
    }
  }

  /** Ends: what is open fails, and may have happened or not. */
  @Override
  public void close() {
    List<Pending> left;
    lock.lock();
    try {
      closed = true;
      left = new ArrayList<>(pending.values());
      pending.clear();
      for (Waiting each : backlog) {
        left.add(each.asked());
      }
      backlog.clear();
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(clock);
    loop.close();
    for (Pending each : left) {
      each.future.completeExceptionally(
          new DeviceException(DeviceException.Code.ESHUTDOWN, "the client was closed"));
    }
  }
}
