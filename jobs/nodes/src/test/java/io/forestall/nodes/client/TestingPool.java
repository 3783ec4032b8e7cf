package io.forestall.nodes.client;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.NodeServer;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Nodes whose data and ownership stand in one place in memory: what a client sees of a pool,
 * without logs and disks. Only the owner of a unit answers; a request that happened is not done
 * again.
 */
final class TestingPool implements AutoCloseable {
  private final Map<String, Unit> units = new HashMap<>();
  final Map<String, Node> nodes = new HashMap<>();
  private final long segmentBytes;
  private final long bytes;
  private final String volume;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          3,
          task -> {
            Thread thread = new Thread(task, "testing-pool");
            thread.setDaemon(true);
            return thread;
          });
  private final List<OwnershipEntry> log = new ArrayList<>();
  int executedWrites;
  volatile @Nullable NodeRequest lastWrite;

  private static final class Unit {
    private final String name;
    private String owner = "";
    private long epoch;
    private final byte[] bytes;
    private final RequestMemory memory = new RequestMemory();

    Unit(String name, int length) {
      this.name = name;
      this.bytes = new byte[length];
    }
  }

  TestingPool(String volume, long bytes, long segmentBytes) {
    this.volume = volume;
    this.bytes = bytes;
    this.segmentBytes = segmentBytes;
    for (int i = 0; i * segmentBytes < bytes; i++) {
      String name = volume + "/" + i;
      units.put(name, new Unit(name, (int) Math.min(segmentBytes, bytes - i * segmentBytes)));
    }
  }

  /** Flushes that nodes were asked for. */
  final List<NodeRequest> flushed = new java.util.concurrent.CopyOnWriteArrayList<>();

  /** What a node does wrong, or otherwise. */
  enum Manner {
    GOOD,
    /** Does what it is asked and is cut off before it says so. */
    DIES_BEFORE_ANSWERING,
    /** Answers BUSY. */
    BUSY,
    /** Accepts writes, and says to every flush that they are in the log. */
    ACCEPTS,
    /** Says to every flush that what was accepted is lost. */
    LOSES,
    /** Says nothing, as one that is stopped. */
    STOPPED
  }

  final class Node implements NodeServer.Handler, AutoCloseable {
    final Subject subject;
    private final TransportLoop loop;
    final NodeServer server;
    volatile Manner manner = Manner.GOOD;
    private final CountDownLatch stopped = new CountDownLatch(1);

    Node(String id) throws IOException {
      subject = Subject.node(id);
      loop = TransportLoop.open("testing-node-" + id);
      server =
          NodeServer.open(
              loop, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), id, 1, this);
    }

    @Override
    public void request(NodeRequest request) {
      if (manner == Manner.STOPPED) {
        // On the thread of the loop: from here on not even a ping is answered.
        try {
          stopped.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return;
      }
      threads.execute(() -> serve(request));
    }

    @Override
    public void fetch(Fetch fetch) {
      throw new IllegalStateException("clients fetch nothing");
    }

    @Override
    public void forget(long token) {}

    private void serve(NodeRequest request) {
      Manner now = manner;
      if (now == Manner.BUSY) {
        server.answer(new NodeAnswer(request.token(), NodeAnswer.Outcome.BUSY, null, ""), null);
        return;
      }
      if (request.kind() == NodeRequest.Kind.FLUSH) {
        flushed.add(request);
        NodeAnswer.Outcome outcome =
            now == Manner.LOSES ? NodeAnswer.Outcome.INVALID : NodeAnswer.Outcome.DONE;
        server.answer(new NodeAnswer(request.token(), outcome, null, "asked"), null);
        return;
      }
      Result result = execute(subject, request);
      if (now == Manner.ACCEPTS && request.kind() != NodeRequest.Kind.READ) {
        server.answer(
            new NodeAnswer(
                request.token(), NodeAnswer.Outcome.ACCEPTED, accepting(request.unit()), ""),
            null);
        return;
      }
      if (now == Manner.DIES_BEFORE_ANSWERING) {
        die();
      } else {
        server.answer(result.answer(), result.data());
      }
    }

    void die() {
      server.close();
      loop.close();
    }

    @Override
    public void close() {
      stopped.countDown();
      die();
    }
  }

  private record Result(NodeAnswer answer, ByteBuffer data) {}

  private synchronized Result execute(Subject node, NodeRequest request) {
    ByteBuffer nothing = ByteBuffer.allocate(0);
    Unit unit = units.get(request.unit());
    if (unit == null
        || request.length() <= 0
        || request.offset() + request.length() > unit.bytes.length) {
      return new Result(
          new NodeAnswer(request.token(), NodeAnswer.Outcome.INVALID, null, "no such bytes"),
          nothing);
    }
    if (!unit.owner.equals(node.id())) {
      return new Result(
          new NodeAnswer(request.token(), NodeAnswer.Outcome.NOT_OWNER, owned(unit), "not mine"),
          nothing);
    }
    NodeAnswer done = new NodeAnswer(request.token(), NodeAnswer.Outcome.DONE, null, "");
    int at = (int) request.offset();
    int length = (int) request.length();
    if (request.kind() == NodeRequest.Kind.READ) {
      return new Result(done, ByteBuffer.wrap(Arrays.copyOfRange(unit.bytes, at, at + length)));
    }
    if (!unit.memory.contains(request.client(), request.request())) {
      unit.memory.add(request.client(), request.request());
      executedWrites++;
      lastWrite = request;
      try {
        byte[] plain =
            request.kind() == NodeRequest.Kind.WRITE
                ? PayloadCodec.decode(
                    request.codec(), request.payload(), length, request.plainCrc())
                : new byte[length];
        System.arraycopy(plain, 0, unit.bytes, at, length);
      } catch (IOException e) {
        return new Result(
            new NodeAnswer(request.token(), NodeAnswer.Outcome.INVALID, null, "damaged: " + e),
            nothing);
      }
    }
    return new Result(done, nothing);
  }

  private synchronized Owned accepting(String name) {
    Unit unit = java.util.Objects.requireNonNull(units.get(name));
    Subject owner = Subject.node(unit.owner);
    return new Owned(name, unit.epoch, owner, 1, null, 0, true, false, 0, null, 500, unit.epoch, 0);
  }

  private Owned owned(Unit unit) {
    return new Owned(
        unit.name, unit.epoch, Subject.node(unit.owner), 1, null, 0, true, false, 0, null);
  }

  Node node(String id) throws IOException {
    Node node = new Node(id);
    nodes.put(id, node);
    return node;
  }

  /** The whole volume belongs to a node that starts; the record that says so. */
  OwnershipEntry own(String node) {
    return own(node, OwnershipEntry.Kind.START);
  }

  /** The whole volume belongs to another node; the record that says so. */
  OwnershipEntry takeOver(String node) {
    return own(node, OwnershipEntry.Kind.TAKEOVER);
  }

  private synchronized OwnershipEntry own(String node, OwnershipEntry.Kind kind) {
    List<UnitStep> steps = new ArrayList<>();
    for (Unit unit : units.values()) {
      steps.add(new UnitStep(unit.name, unit.epoch, unit.epoch + 1));
      unit.owner = node;
      unit.epoch++;
    }
    boolean start = kind == OwnershipEntry.Kind.START;
    return new OwnershipEntry(
        "p-1",
        kind,
        steps,
        Subject.node(node),
        1,
        start ? null : admission(node, steps),
        start ? Authority.NONE : Authority.VALID,
        node,
        0);
  }

  private static Admission admission(String node, List<UnitStep> steps) {
    return new Admission(
        "a-1",
        1,
        Admission.State.ADMITTED,
        "proposal",
        ActKind.FAILOVER,
        Subject.node("n-0"),
        "p-1",
        null,
        true,
        steps,
        Subject.node("n-0"),
        Subject.node(node),
        List.of(),
        1,
        0,
        0,
        10_000,
        0,
        "admitted",
        Map.of());
  }

  /** Hands a client everything that stands in the topics. */
  void introduce(VolumeClient client) {
    if (log.isEmpty()) {
      log.add(own("n-1"));
    }
    for (Node node : nodes.values()) {
      client.addressRead(node.subject, node.server.address());
    }
    for (int i = 0; i < log.size(); i++) {
      client.ownershipRead(0, i, log.get(i));
    }
    client.mapRead(map());
    client.caughtUp();
  }

  /** Writes a record to the ownership log, and a client reads it. */
  void tell(VolumeClient client, OwnershipEntry entry) {
    log.add(entry);
    client.ownershipRead(0, log.size() - 1, entry);
  }

  synchronized MapSlice map() {
    List<MapSegment> segments = new ArrayList<>();
    List<MapCopy> copies = new ArrayList<>();
    for (Node node : nodes.values()) {
      copies.add(new MapCopy(node.subject, "REPLICA", "IN_SYNC", 0));
    }
    for (int i = 0; i < units.size(); i++) {
      segments.add(new MapSegment(volume + "/" + i, i, Subject.node("n-1"), 0, copies));
    }
    return new MapSlice(volume, "p-1", 0, 1, 1, 0, bytes, segmentBytes, 4096, 2, segments, 0);
  }

  @Override
  public void close() {
    for (Node node : nodes.values()) {
      node.close();
    }
    threads.shutdownNow();
  }
}
