package io.forestall.nodes.node;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import io.forestall.decisions.guard.Reach;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeProtocol.UnitStatus;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.nodes.Rehearsal;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.NodeException.Reason;
import io.forestall.nodes.transport.NodeServer;
import io.forestall.nodes.transport.PayloadCodec;
import io.forestall.nodes.transport.TransportLoop;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Severity;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.MapRecords;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A storage node as one process: {@link NodeProtocol} on one thread decides, everything around it
 * does. What is read, asked for and done comes to that thread as tasks, in order, and nothing on it
 * waits for a disk or a broker.
 *
 * <p><b>When the disk is full</b> (below a reserve): writes are answered BUSY and their clients
 * wait, reads go on, what the log holds already is still applied from the reserve, the event {@code
 * node.storage.full} is written, PROMOTE is refused with NO_SPACE. A copy that cannot be applied
 * for want of space waits, and with it the reading of deltas; nothing is lost. <b>When the disk
 * fails</b>: the unit is given up (event {@code node.unit.failed}), answers BUSY, and is not taken
 * over here again before a restart.
 */
public final class ReferenceNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReferenceNode.class);

  /** Deltas read and not applied yet, before the reading of deltas waits; bytes. */
  private static final long MAX_UNAPPLIED_BYTES = 24L * 1024 * 1024;

  /** Asks for the end of the log that wait for the reader of one partition; count. */
  private static final int MAX_PENDING_ENDS = 64;

  /** Most copies that are made durable in a second; count. */
  private static final int MAX_CHECKPOINTS_A_SECOND = 32;

  /** Most copies that are told of in a second; count. */
  private static final int MAX_DIGESTS_A_SECOND = 256;

  private static final int MAX_SIGNED = 1024;
  private static final long SECOND_MILLIS = 1_000;
  private static final long STALL_MILLIS = 200;
  private static final long SAY_FULL_EVERY_MILLIS = 60_000;

  private final NodeOptions options;
  private final Subject node;
  private final Medium medium;
  private final NodeDirectory directory;
  private final NodeLog log;
  private final List<String> brokerProblems;
  private final Journal journal;
  private final CommandMemory commands;
  private final SetAside aside;
  private final UnitThreads unitThreads;
  private final EventLoop loop;
  private final TransportLoop transport;
  private final NodeServer server;
  private final WitnessRing ring;
  private final NodeMeasure measure;
  private final NodeProtocol protocol;
  private final Actions actions = new Actions();
  private final @Nullable HeldAppends heldAppends;
  private final ScheduledExecutorService records;
  private final ScheduledExecutorService seconds;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final CountDownLatch readied = new CountDownLatch(1);
  private final AtomicLong eventNumber = new AtomicLong();
  private volatile boolean closed;
  private volatile boolean died;
  private volatile boolean ready;

  // Backpressure between the readers of deltas and the copies.
  private final Object unapplied = new Object();
  private long unappliedBytes;

  // All below: the protocol's thread only.
  private final Map<String, Held> units = new HashMap<>();
  private final WantedCopies copies;

  /** Units that no map wants here, kept for as long as this node owns them. */
  private final Set<String> unwanted = new LinkedHashSet<>();

  private final Map<Long, ByteBuffer> readBytes = new HashMap<>();
  private final Map<Integer, Long> ownershipNext = new HashMap<>();
  private final Map<Integer, ArrayDeque<End>> ownershipEnds = new HashMap<>();
  private final Set<Integer> ownershipBlocked = new HashSet<>();
  private final Set<Integer> ownershipKnown = new HashSet<>();
  private final Map<String, PolicyRecord> policies = new HashMap<>();
  private final Map<Subject, Long> leases = new HashMap<>();
  private boolean caughtUp;
  private boolean opened;
  private int opening;
  private final List<Runnable> early = new ArrayList<>();
  private boolean halted;
  private boolean full;
  private long saidFullMillis = Long.MIN_VALUE / 2;
  private long saidJournalMillis = Long.MIN_VALUE / 2;

  /** Units of which an event told that writes were set aside; the thread of records only. */
  private final Set<String> asideSaid = new HashSet<>();

  private long nextMemberMillis;
  private long nextFrameMillis;
  private final Map<String, Admission> signed =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Admission> eldest) {
          return size() > MAX_SIGNED;
        }
      };

  private record End(long end, long askedMillis) {}

  /** One copy as the node holds it; the protocol's thread only, but for its files. */
  private static final class Held {
    private final UnitSpec spec;
    private @Nullable UnitFiles files;
    private @Nullable DeltaFold fold;
    private long nextOffset;
    private boolean firstOwner;
    private boolean failed;

    /** Set at once by whoever sees it: nothing of the copy is made durable any more. */
    private volatile boolean broken;

    private boolean gone;
    private long checkpointMillis;
    private long checkpointOffset;
    private boolean checkpointing;
    private long digestMillis = Long.MIN_VALUE;
    private long digestSequence = -1;
    private long digestEpoch = -1;
    private boolean digestOwner;

    Held(UnitSpec spec) {
      this.spec = spec;
    }
  }

  private ReferenceNode(
      NodeOptions options,
      Medium medium,
      NodeDirectory directory,
      NodeLog log,
      List<String> brokerProblems)
      throws NodeException {
    this.options = options;
    this.node = Subject.node(options.id());
    this.copies = new WantedCopies(node);
    this.medium = medium;
    this.directory = directory;
    this.log = log;
    this.brokerProblems = List.copyOf(brokerProblems);
    this.protocol =
        new NodeProtocol(
            new NodeSettings(
                node,
                directory.incarnation(),
                options.leaseMillis(),
                options.driftMillis(),
                1024,
                24 * 3_600_000L),
            actions);
    this.loop = new EventLoop("forestall-protocol", new Alarms(), this::protocolDied);
    this.aside = new SetAside(medium, directory.aside());
    this.measure = new NodeMeasure(node, directory.folder(), options.pairLatency());
    try {
      this.commands =
          CommandMemory.open(
              medium,
              directory.folder().resolve("commands"),
              System.currentTimeMillis(),
              protocol::remembered,
              protocol::rememberedCancelled);
      this.journal =
          Journal.open(
              medium,
              directory.journal(),
              options.journalFileBytes(),
              options.reserveBytes(),
              new Journaled(),
              protocol::foundInJournal);
    } catch (MediumException e) {
      throw new NodeException(
          Reason.MEDIUM, "the folder of the node cannot be read: " + e.getMessage(), e);
    }
    Path pause = options.pauseBeforeAppend();
    this.heldAppends = pause == null ? null : new HeldAppends(pause, log::append);
    this.unitThreads = new UnitThreads(options.unitThreads());
    this.transport = TransportLoop.open("forestall-transport");
    try {
      this.server =
          NodeServer.open(
              transport, options.listen(), options.id(), directory.incarnation(), new Asked());
    } catch (IOException e) {
      transport.close();
      unitThreads.close();
      throw new NodeException(Reason.USAGE, String.valueOf(e.getMessage()), e);
    }
    this.ring =
        new WitnessRing(options.id(), options.pingMillis(), options.unreachableMillis(), new Saw());
    this.records = executor("forestall-records");
    this.seconds = executor("forestall-seconds");
  }

  private static ScheduledExecutorService executor(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * Starts a node.
   *
   * @param client properties of the Kafka clients, at least {@code bootstrap.servers}
   * @param prefix first word of the topics
   * @param trusted whose admissions and halts are believed
   * @throws NodeException when it cannot start; the message says what to do
   */
  public static ReferenceNode start(
      NodeOptions options, Properties client, String prefix, Trusted trusted) throws NodeException {
    Rehearsal.begin();
    Medium medium = new RealMedium();
    NodeDirectory directory = NodeDirectory.open(medium, options.directory(), options.id());
    try {
      List<String> problems = BrokerCheck.problems(client, prefix);
      KafkaNodeLog log =
          KafkaNodeLog.open(
              client,
              prefix,
              Subject.node(options.id()),
              trusted,
              Math.max(10, options.leaseMillis() / 5));
      try {
        return start(options, medium, directory, log, problems);
      } catch (NodeException e) {
        log.close();
        throw e;
      }
    } catch (NodeException e) {
      directory.close();
      throw e;
    }
  }

  /** Starts a node over a medium and a log of a test. */
  static ReferenceNode start(
      NodeOptions options,
      Medium medium,
      NodeDirectory directory,
      NodeLog log,
      List<String> brokerProblems)
      throws NodeException {
    ReferenceNode started = new ReferenceNode(options, medium, directory, log, brokerProblems);
    started.begin();
    return started;
  }

  private void begin() {
    for (String problem : brokerProblems) {
      LOG.warn("Degraded: {}", problem);
    }
    loop.start();
    journal.start();
    ring.start();
    log.start(new Told());
    var unused =
        seconds.scheduleAtFixedRate(
            () -> loop.execute(this::second), 0, SECOND_MILLIS, TimeUnit.MILLISECONDS);
    if (!brokerProblems.isEmpty() && !options.weakBroker()) {
      say(
          "node.broker.weak",
          Severity.WARNING,
          node,
          List.of(),
          "Writes that node "
              + options.id()
              + " acknowledges may be lost by the broker: "
              + String.join("; ", brokerProblems));
    }
  }

  // ---- what it is

  /**
   * From now on other keys are believed. The ownership log is judged again under them: what was in
   * doubt under an unknown key is decided.
   */
  public void trust(Trusted trusted) {
    log.trust(trusted);
  }

  /** Where it answers clients. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Number of this start. */
  public long incarnation() {
    return directory.incarnation();
  }

  /** Waits until it is ready, or ended. */
  public void awaitReady() throws InterruptedException {
    readied.await();
  }

  /** True once it has read who owns what and opened the copies that it holds. */
  public boolean isReady() {
    return ready;
  }

  /** What is weaker at the broker than promised, as sentences. */
  public List<String> degraded() {
    return brokerProblems;
  }

  /**
   * Waits until the node ended by itself, which it does when it cannot trust its state any more.
   */
  public void awaitEnd() throws InterruptedException {
    ended.await();
  }

  /** Waits for its end, at most so long; true when it ended. */
  public boolean awaitEnd(long millis) throws InterruptedException {
    return ended.await(millis, TimeUnit.MILLISECONDS);
  }

  /** True when it ended by itself. */
  public boolean died() {
    return died;
  }

  /** How each unit stands; asks the protocol's thread. */
  Map<String, UnitStatus> status() throws InterruptedException {
    Map<String, UnitStatus> status = new TreeMap<>();
    CountDownLatch answered = new CountDownLatch(1);
    loop.execute(
        () -> {
          status.putAll(protocol.status());
          answered.countDown();
        });
    answered.await();
    return status;
  }

  /** Neighbours that it reaches. */
  Set<String> neighbours() {
    return ring.reached();
  }

  /** Makes every copy that changed durable; returns when that is done. */
  void checkpointNow() throws InterruptedException {
    CountDownLatch[] done = new CountDownLatch[1];
    CountDownLatch asked = new CountDownLatch(1);
    loop.execute(
        () -> {
          List<Held> changed = new ArrayList<>();
          for (Held held : units.values()) {
            if (isCheckpointable(held) && held.nextOffset != held.checkpointOffset) {
              changed.add(held);
            }
          }
          done[0] = new CountDownLatch(changed.size());
          for (Held held : changed) {
            checkpoint(held, done[0]::countDown);
          }
          asked.countDown();
        });
    asked.await();
    done[0].await();
  }

  private void protocolDied() {
    died = true;
    ended.countDown();
    readied.countDown();
    // Nobody decides any more: better no answer than a wrong one.
    new Thread(this::close, "forestall-end").start();
  }

  // ---- events of the protocol's thread

  private static long now() {
    return EventLoop.nowMillis();
  }

  private static long wall() {
    return System.currentTimeMillis();
  }

  private final class Alarms implements EventLoop.Alarm {
    @Override
    public long atMillis() {
      return protocol.alarmMillis();
    }

    @Override
    public void due() {
      protocol.tick(now(), wall());
    }
  }

  /** What clients ask; on the transport's thread. */
  private final class Asked implements NodeServer.Handler {
    @Override
    public void request(NodeRequest request) {
      if (request.kind() == NodeRequest.Kind.WRITE) {
        try {
          // What cannot be opened must never reach the log: no copy could ever apply it.
          var unused =
              PayloadCodec.decode(
                  request.codec(), request.payload(), request.length(), request.plainCrc());
        } catch (IOException e) {
          server.answer(
              new NodeAnswer(
                  request.token(),
                  NodeAnswer.Outcome.INVALID,
                  null,
                  String.valueOf(e.getMessage())),
              null);
          return;
        }
      }
      measure.asked(request);
      loop.execute(() -> protocol.request(request, now(), wall()));
    }

    @Override
    public void forget(long token) {
      loop.execute(
          () -> {
            measure.forgotten(token);
            readBytes.remove(token);
            protocol.forget(token);
          });
    }
  }

  private final class Journaled implements Journal.Listener {
    @Override
    public void durable(long ticket) {
      loop.execute(() -> protocol.journaled(ticket, now()));
    }

    @Override
    public void failed(long ticket, boolean noSpace, String why) {
      loop.execute(
          () -> {
            if (noSpace) {
              sayFull(why);
            } else {
              sayJournalFailed(why);
            }
            protocol.journalFailed(ticket, noSpace, now());
          });
    }
  }

  private final class Saw implements WitnessRing.Witness {
    @Override
    public void unreachable(String other, String why) {
      LOG.warn("Node {} is not reached: {}", other, why);
      say(
          "node.unreachable",
          Severity.CRITICAL,
          Subject.node(other),
          List.of(node),
          "Node " + options.id() + " does not reach node " + other + ": " + why);
    }

    @Override
    public void reachable(String other) {
      LOG.info("Node {} is reached again", other);
      say(
          "node.reachable",
          Severity.INFO,
          Subject.node(other),
          List.of(node),
          "Node " + options.id() + " reaches node " + other + " again");
    }
  }

  /** What the topics say; on the threads of the log. */
  private final class Told implements NodeLog.Listener {
    @Override
    public void ownership(int partition, long offset, OwnershipEntry entry) {
      loop.execute(
          () -> {
            ownershipNext.put(partition, offset + 1);
            protocol.ownershipRead(partition, offset, entry, now());
            reachEnds(partition);
          });
    }

    @Override
    public void ownershipReread(int partition) {
      loop.execute(
          () -> {
            // Until it is read to its end again nothing is known of it, and no lease is renewed.
            ownershipNext.put(partition, 0L);
            ownershipEnds.remove(partition);
            protocol.ownershipReread(partition);
          });
    }

    @Override
    public void ownershipUnreadable(int partition, long offset, boolean tooNew, String why) {
      loop.execute(
          () -> {
            ownershipNext.put(partition, offset + 1);
            if (tooNew && ownershipBlocked.add(partition)) {
              // A takeover may stand there: reads end with the lease, writes by its barrier.
              LOG.error("Partition {} of the ownership log is not read on: {}", partition, why);
              say(
                  "node.ownership.unreadable",
                  Severity.CRITICAL,
                  node,
                  List.of(),
                  "Node " + options.id() + " cannot read who owns what: " + why);
            }
            reachEnds(partition);
          });
    }

    @Override
    public void ownershipEnd(int partition, long end, long askedMillis) {
      loop.execute(
          () -> {
            ArrayDeque<End> ends =
                ownershipEnds.computeIfAbsent(partition, number -> new ArrayDeque<>());
            if (ends.size() >= MAX_PENDING_ENDS) {
              var unused = ends.pollLast();
            }
            ends.add(new End(end, askedMillis));
            reachEnds(partition);
          });
    }

    @Override
    public void delta(Delta delta, long offset) {
      int bytes = delta.payload().length + 256;
      synchronized (unapplied) {
        while (unappliedBytes > MAX_UNAPPLIED_BYTES && !closed) {
          try {
            unapplied.wait();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
          }
        }
        unappliedBytes += bytes;
      }
      loop.execute(
          () -> {
            Held held = units.get(delta.unit());
            actions.applied = false;
            if (held != null && !held.failed) {
              protocol.deltaRead(delta, offset, now());
              held.nextOffset = offset + 1;
            }
            if (!actions.applied) {
              less(bytes);
            }
          });
    }

    @Override
    public void deltasRead(String unit, long nextOffset) {
      loop.execute(
          () -> {
            Held held = units.get(unit);
            if (held != null) {
              held.nextOffset = Math.max(held.nextOffset, nextOffset);
            }
          });
    }

    @Override
    public void lag(long records) {
      loop.execute(() -> protocol.lag(records));
    }

    @Override
    public void deltasLost(String unit, long wanted, long begins) {
      loop.execute(
          () ->
              give(
                  unit,
                  String.format(
                      Locale.ROOT,
                      "its log cannot be read on from offset %d (it goes on at %d): the copy must"
                          + " be built anew",
                      wanted,
                      begins)));
    }

    @Override
    public void map(MapSlice slice) {
      loop.execute(
          () -> {
            WantedCopies.Change change = copies.take(slice);
            if (opened) {
              follow(change);
            }
          });
    }

    @Override
    public void mapGone(String key) {
      loop.execute(
          () -> {
            WantedCopies.Change change = copies.gone(key);
            if (opened) {
              follow(change);
            }
          });
    }

    @Override
    public void fleet(Subject subject, @Nullable FleetEntry entry) {
      String address = entry == null ? null : entry.getLabels().get(NodeLabels.ADDRESS);
      ring.address(subject.id(), address == null ? null : NodeLabels.address(address));
      loop.execute(() -> lease(subject, entry));
    }

    @Override
    public void policy(String key, @Nullable PolicyRecord record) {
      loop.execute(
          () -> {
            if (record == null) {
              policies.remove(key);
            } else if (record.kind() == PolicyRecord.Kind.HALT) {
              policies.put(key, record);
            }
            brake();
          });
    }

    @Override
    public void caughtUp() {
      loop.execute(
          () -> {
            caughtUp = true;
            open();
          });
    }

    @Override
    public void command(Command command, Authority authority, @Nullable Admission admission) {
      loop.execute(
          () -> {
            if (admission != null && authority == Authority.VALID) {
              signed.put(admission.getId(), admission);
            }
            Runnable obey =
                () -> {
                  if (command.kind() == Command.Kind.PREPARE
                      || command.kind() == Command.Kind.PROMOTE) {
                    // As it stands now, not as of the last second: it is about to own more.
                    lookAtStorage();
                  }
                  protocol.command(command, authority, now(), wall());
                };
            if (ready) {
              obey.run();
            } else {
              early.add(obey);
            }
          });
    }

    @Override
    public void appendFailed(Delta delta, String why) {
      LOG.warn(
          "Delta {} of epoch {} of unit {} was not appended, or nobody knows: {}",
          delta.sequence(),
          delta.epoch(),
          delta.unit(),
          why);
      loop.execute(() -> protocol.appendFailed(delta, now()));
    }

    @Override
    public void ownershipAppendFailed(OwnershipEntry entry, String why) {
      LOG.warn("{} was not appended, or nobody knows: {}", entry.kind(), why);
      loop.execute(() -> protocol.ownershipAppendFailed(entry, now()));
    }
  }

  /** The longest L among the other nodes of the pool: whoever follows one of them waits for it. */
  private void lease(Subject subject, @Nullable FleetEntry entry) {
    String level = entry == null ? null : entry.getLabels().get(NodeLabels.LEVEL);
    if (entry == null
        || !"2".equals(level)
        || subject.equals(node)
        || !options.place().pool().equals(entry.getPool())) {
      leases.remove(subject);
    } else {
      leases.put(subject, NodeLabels.leaseMillis(entry.getLabels()));
    }
    long longest = 0;
    for (long each : leases.values()) {
      longest = Math.max(longest, each);
    }
    protocol.leaseOfOthers(longest);
  }

  private void reachEnds(int partition) {
    ArrayDeque<End> ends = ownershipEnds.get(partition);
    if (ends == null || ownershipBlocked.contains(partition)) {
      return;
    }
    long next = ownershipNext.getOrDefault(partition, 0L);
    End reached = null;
    while (!ends.isEmpty() && ends.getFirst().end() <= next) {
      reached = ends.removeFirst();
    }
    if (reached != null) {
      ownershipKnown.add(partition);
      protocol.ownershipReadToEnd(partition, reached.askedMillis(), now());
      open();
    }
  }

  /** Once it is known who owns what and what stands where, the copies are opened. */
  private void open() {
    if (!opened && caughtUp && ownershipKnown.size() == MapRecords.OWNERSHIP_PARTITIONS) {
      opened = true;
      copies.all().forEach(this::follow);
      beReady();
    }
  }

  /** Commands wait until the copies that they may be about are open. */
  private void beReady() {
    if (opened && opening == 0 && !ready) {
      ready = true;
      readied.countDown();
      early.forEach(Runnable::run);
      early.clear();
      say(
          "node.returned",
          Severity.INFO,
          node,
          List.of(),
          "Node "
              + options.id()
              + " has read who owns what and answers, start "
              + directory.incarnation());
    }
  }

  private void brake() {
    Reach reach = Reach.of(node, options.place(), options.place().pool());
    PolicySet set = PolicySet.of(policies.values(), Set.of(), 0);
    boolean now = set.halt(ActKind.FAILOVER, reach, wall()) != null;
    if (now != halted) {
      halted = now;
      LOG.info("Acts that touch this node are {}", now ? "halted" : "resumed");
    }
    protocol.halted(halted, now());
  }

  // ---- copies

  /** Brings what is held in line with what the maps want now. */
  private void follow(WantedCopies.Change change) {
    for (WantedCopies.Wanted each : change.wanted()) {
      follow(each);
    }
    unwanted.addAll(change.unwanted());
    Iterator<String> left = unwanted.iterator();
    while (left.hasNext()) {
      String unit = left.next();
      Held held = units.get(unit);
      if (held == null || copies.contains(unit)) {
        left.remove();
      } else if (!owns(unit)) {
        left.remove();
        unfollow(held);
      }
    }
  }

  private void follow(WantedCopies.Wanted wanted) {
    Held held = units.get(wanted.spec().unit());
    if (held == null) {
      openCopy(wanted);
      return;
    }
    held.firstOwner = wanted.firstOwner();
    DeltaFold fold = held.fold;
    if (fold != null && !held.failed) {
      protocol.follow(held.spec, wanted.firstOwner(), fold, held.nextOffset, now());
    }
  }

  private boolean owns(String unit) {
    Owned owned = protocol.owned(unit);
    return owned != null && owned.owner().equals(node);
  }

  private void unfollow(Held held) {
    String unit = held.spec.unit();
    units.remove(unit);
    held.gone = true;
    log.unfollow(unit);
    protocol.unfollow(unit, now());
    UnitFiles files = held.files;
    if (files != null) {
      // The bytes stay on the disk, for an operator; they are never read again by themselves.
      unitThreads.execute(unit, () -> close(files));
    }
  }

  private static void close(UnitFiles files) {
    try {
      files.close();
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
  }

  private void openCopy(WantedCopies.Wanted wanted) {
    UnitSpec spec = wanted.spec();
    Held held = new Held(spec);
    held.firstOwner = wanted.firstOwner();
    units.put(spec.unit(), held);
    opening++;
    unitThreads.execute(
        spec.unit(),
        () -> {
          Runnable open;
          try {
            UnitFiles files = UnitFiles.open(medium, directory.units(), spec);
            UnitFiles.Checkpoint checkpoint = files.checkpoint();
            open = () -> openedCopy(held, files, checkpoint);
          } catch (MediumException e) {
            open = () -> brokenCopy(held, e);
          }
          Runnable next = open;
          loop.execute(
              () -> {
                next.run();
                opening--;
                beReady();
              });
        });
  }

  private void openedCopy(Held held, UnitFiles files, UnitFiles.@Nullable Checkpoint checkpoint) {
    if (held.gone) {
      unitThreads.execute(held.spec.unit(), () -> close(files));
      return;
    }
    held.files = files;
    DeltaFold fold;
    long from;
    if (checkpoint == null) {
      fold = new DeltaFold();
      // Nobody ever owned it: nothing of it can be missing from the log, however short that is.
      from = protocol.owned(held.spec.unit()) == null ? -1 : 0;
      held.nextOffset = 0;
    } else {
      fold =
          new DeltaFold(
              checkpoint.epoch(),
              checkpoint.lastSequence(),
              checkpoint.chain(),
              RequestMemory.of(checkpoint.requests()));
      from = checkpoint.deltaOffset();
      held.nextOffset = from;
    }
    held.fold = fold;
    held.checkpointOffset = held.nextOffset;
    held.checkpointMillis = now();
    protocol.follow(held.spec, held.firstOwner, fold, held.nextOffset, now());
    if (checkpoint != null) {
      decided(held.spec.unit(), checkpoint.epoch(), checkpoint.lastSequence());
    }
    log.follow(held.spec.unit(), from);
  }

  private void brokenCopy(Held held, MediumException e) {
    if (held.gone) {
      return;
    }
    DeltaFold fold = new DeltaFold();
    held.fold = fold;
    protocol.follow(held.spec, false, fold, 0, now());
    give(held.spec.unit(), String.valueOf(e.getMessage()));
  }

  /** Gives a copy up until the next start. */
  private void give(String unit, String why) {
    Held held = units.get(unit);
    if (held == null || held.failed) {
      return;
    }
    held.failed = true;
    held.broken = true;
    LOG.error("The copy of unit {} is given up: {}", unit, why);
    log.unfollow(unit);
    protocol.applyFailed(unit, now());
    say(
        "node.unit.failed",
        Severity.CRITICAL,
        node,
        List.of(new Subject(Subject.Kind.SEGMENT, unit)),
        "Node " + options.id() + " gave up its copy of unit " + unit + ": " + why);
  }

  private boolean isCheckpointable(Held held) {
    return held.files != null
        && held.fold != null
        && !held.broken
        && !held.gone
        && !held.checkpointing
        && isSound(held);
  }

  /** The fold of a unit that failed goes on while its bytes do not. */
  private boolean isSound(Held held) {
    UnitStatus status = protocol.status(held.spec.unit());
    return status != null && status.role() != NodeProtocol.Role.FAILED;
  }

  private void checkpoint(Held held, Runnable done) {
    DeltaFold fold = held.fold;
    UnitFiles files = held.files;
    if (fold == null || files == null) {
      done.run();
      return;
    }
    UnitFiles.Checkpoint checkpoint =
        new UnitFiles.Checkpoint(
            held.nextOffset,
            fold.epoch(),
            fold.lastSequence(),
            fold.chain(),
            fold.requests().kept());
    held.checkpointing = true;
    held.checkpointMillis = now();
    String unit = held.spec.unit();
    unitThreads.execute(
        unit,
        () -> {
          try {
            if (!held.broken) {
              files.checkpoint(checkpoint);
              loop.execute(
                  () -> {
                    held.checkpointing = false;
                    held.checkpointOffset = checkpoint.deltaOffset();
                  });
              decided(unit, checkpoint.epoch(), checkpoint.lastSequence());
            }
          } catch (MediumException e) {
            loop.execute(
                () -> {
                  held.checkpointing = false;
                  if (e.noSpace()) {
                    sayFull(String.valueOf(e.getMessage()));
                  } else {
                    give(unit, String.valueOf(e.getMessage()));
                  }
                });
          } finally {
            done.run();
          }
        });
  }

  /** Behind what was set aside before, so that the journal forgets nothing too early. */
  private void decided(String unit, long epoch, long lastSequence) {
    record(() -> journal.decided(unit, epoch, lastSequence));
  }

  private void record(Runnable task) {
    if (!closed) {
      records.execute(
          () -> {
            try {
              task.run();
            } catch (RuntimeException e) {
              LOG.error("A record could not be kept", e);
            }
          });
    }
  }

  private void less(int bytes) {
    synchronized (unapplied) {
      unappliedBytes -= bytes;
      if (unappliedBytes <= MAX_UNAPPLIED_BYTES) {
        unapplied.notifyAll();
      }
    }
  }

  // ---- what the protocol lets it do

  private final class Actions implements NodeActions {
    private boolean applied;

    @Override
    public void journal(long ticket, Delta delta) {
      journal.write(ticket, delta);
    }

    @Override
    public void append(Delta delta) {
      HeldAppends held = heldAppends;
      if (held == null) {
        log.append(delta);
      } else {
        held.append(delta);
      }
    }

    @Override
    public void appendOwnership(OwnershipEntry entry) {
      io.forestall.decisions.guard.Admission admission = entry.admission();
      Admission with = admission == null ? null : signed.get(admission.id());
      if (admission != null && with == null) {
        LOG.error("Admission {} is forgotten: nothing is taken over under it", admission.id());
        loop.execute(() -> protocol.ownershipAppendFailed(entry, now()));
        return;
      }
      log.appendOwnership(entry, with);
    }

    @Override
    public void apply(Delta delta, long deltaOffset) {
      Held held = units.get(delta.unit());
      UnitFiles files = held == null ? null : held.files;
      if (held == null || files == null) {
        return;
      }
      applied = true;
      int bytes = delta.payload().length + 256;
      measure.processed();
      unitThreads.execute(
          delta.unit(),
          () -> {
            try {
              applyTo(held, files, delta);
            } finally {
              less(bytes);
            }
          });
    }

    @Override
    public void read(NodeRequest request) {
      Held held = units.get(request.unit());
      UnitFiles files = held == null ? null : held.files;
      if (files == null) {
        loop.execute(() -> protocol.readDone(request, true, now()));
        return;
      }
      unitThreads.execute(
          request.unit(),
          () -> {
            ByteBuffer bytes = null;
            String problem = null;
            try {
              bytes = files.read(request.offset(), (int) request.length());
            } catch (MediumException e) {
              problem = e.getMessage();
            }
            ByteBuffer read = bytes;
            String why = problem;
            loop.execute(() -> readDone(request, read, why));
          });
    }

    private void readDone(NodeRequest request, @Nullable ByteBuffer bytes, @Nullable String why) {
      if (bytes != null) {
        readBytes.put(request.token(), bytes);
      }
      protocol.readDone(request, bytes == null, now());
      if (!protocol.awaitsRead(request.token())) {
        readBytes.remove(request.token());
      }
      if (bytes == null) {
        give(request.unit(), String.valueOf(why));
      }
    }

    @Override
    public void answer(NodeAnswer answer) {
      boolean done = answer.outcome() == NodeAnswer.Outcome.DONE;
      measure.answered(answer.token(), done);
      ByteBuffer bytes = readBytes.remove(answer.token());
      server.answer(answer, done ? bytes : null);
    }

    @Override
    public void ack(CommandAck ack) {
      record(() -> log.ack(ack));
    }

    @Override
    public void remember(CommandAck last, long keepUntilMillis) {
      record(
          () -> {
            try {
              commands.remember(last, keepUntilMillis);
            } catch (MediumException e) {
              notRemembered("command " + last.command(), e);
            }
          });
    }

    @Override
    public void rememberCancelled(String admission, long keepUntilMillis) {
      record(
          () -> {
            try {
              commands.rememberCancelled(admission, keepUntilMillis);
            } catch (MediumException e) {
              notRemembered("the cancel of " + admission, e);
            }
          });
    }

    private static void notRemembered(String what, MediumException e) {
      // The epochs still keep a repeat from doing harm; a full disk must not hold up a saga.
      LOG.error("{} is remembered until the next start only: {}", what, e.getMessage());
    }

    @Override
    public void reach(Command probe) {
      String other = probe.parameters().getOrDefault(Command.REACH, "");
      InetSocketAddress address =
          other.startsWith("node/") ? ring.address(other.substring("node/".length())) : null;
      if (address == null) {
        // Who does not know where something is cannot bear witness that it is gone.
        LOG.warn("Cannot try to reach {}: its address is not known here", other);
        return;
      }
      ring.reach(
          address,
          (reached, text) ->
              loop.execute(() -> protocol.reached(probe, reached, text, now(), wall())));
    }

    @Override
    public void setAside(Delta delta, String why) {
      record(
          () -> {
            try {
              Path file = aside.keep(journal.whole(delta), why);
              LOG.warn("A write that never happened is kept in {}: {}", file.getFileName(), why);
              if (asideSaid.add(delta.unit())) {
                // One event speaks for all of the unit: there may be as many as were in flight.
                say(
                    "node.writes.set-aside",
                    Severity.WARNING,
                    node,
                    List.of(new Subject(Subject.Kind.SEGMENT, delta.unit())),
                    "Writes that never happened are kept beside the journal, the first in "
                        + file.getFileName()
                        + ": "
                        + why);
              }
            } catch (MediumException e) {
              LOG.error("A write that never happened could not be set aside: {}", e.getMessage());
            }
          });
    }
  }

  /** On a unit's thread. */
  private void applyTo(Held held, UnitFiles files, Delta delta) {
    while (!held.broken) {
      try {
        files.apply(delta);
        return;
      } catch (MediumException e) {
        if (closed || !e.noSpace()) {
          held.broken = true;
          loop.execute(() -> give(delta.unit(), String.valueOf(e.getMessage())));
          return;
        }
        loop.execute(() -> sayFull(String.valueOf(e.getMessage())));
        // What the log holds must be applied and nothing else can be done here meanwhile.
        synchronized (unapplied) {
          try {
            unapplied.wait(STALL_MILLIS);
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return;
          }
        }
      }
    }
  }

  // ---- once a second

  /** How much room there is; tells the protocol, and everybody when it is enough again. */
  private long lookAtStorage() {
    long free = 0;
    try {
      free = medium.usableBytes(directory.folder());
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
    boolean nowFull = journal.full() || free < 2 * options.reserveBytes();
    if (full && !nowFull) {
      say(
          "node.storage.freed",
          Severity.INFO,
          node,
          List.of(),
          "Node " + options.id() + " has room again");
    }
    full = nowFull;
    protocol.storage(free, full);
    return free;
  }

  private void second() {
    long now = now();
    long free = lookAtStorage();
    protocol.tick(now, wall());
    if (!policies.isEmpty()) {
      brake();
    }
    if (!opened) {
      return;
    }
    checkpoints(now);
    digests(now);
    if (now >= nextMemberMillis) {
      nextMemberMillis = now + 60_000;
      log.member(member(free));
    }
    if (options.telemetryMillis() > 0 && now >= nextFrameMillis) {
      nextFrameMillis = now + options.telemetryMillis();
      int waiting = loop.waiting() + unitThreads.waiting();
      record(() -> log.frame(measure.frame(wall(), waiting, free)));
    }
  }

  private void checkpoints(long now) {
    int left = MAX_CHECKPOINTS_A_SECOND;
    for (Held held : units.values()) {
      if (left > 0
          && isCheckpointable(held)
          && held.nextOffset != held.checkpointOffset
          && now - held.checkpointMillis >= options.checkpointMillis()) {
        checkpoint(held, () -> {});
        left--;
      }
    }
  }

  /**
   * How far each copy is that moved: what map, console and lag are made of. After a takeover all of
   * them changed at once; they are told over the next seconds, by a thread that nobody waits for.
   */
  private void digests(long now) {
    List<Held> changed = new ArrayList<>();
    for (Held held : units.values()) {
      DeltaFold fold = held.fold;
      if (fold != null
          && !held.failed
          && (held.digestSequence != fold.lastSequence()
              || held.digestEpoch != fold.epoch()
              || held.digestOwner != owns(held.spec.unit()))) {
        changed.add(held);
      }
    }
    if (changed.size() > MAX_DIGESTS_A_SECOND) {
      changed.sort(Comparator.comparingLong(held -> held.digestMillis));
      changed = changed.subList(0, MAX_DIGESTS_A_SECOND);
    }
    List<Digest> digests = new ArrayList<>(changed.size());
    for (Held held : changed) {
      DeltaFold fold = held.fold;
      if (fold != null) {
        held.digestMillis = now;
        digests.add(digest(held, fold));
      }
    }
    if (!digests.isEmpty() && !closed) {
      try {
        seconds.execute(() -> digests.forEach(log::digest));
      } catch (RejectedExecutionException e) {
        LOG.debug("The node ends", e);
      }
    }
  }

  private Digest digest(Held held, DeltaFold fold) {
    held.digestSequence = fold.lastSequence();
    held.digestEpoch = fold.epoch();
    held.digestOwner = owns(held.spec.unit());
    Digest digest = new Digest();
    digest.setUnit(held.spec.unit());
    digest.setNode(FleetEntries.entity(node));
    digest.setOwner(held.digestOwner);
    digest.setEpoch(fold.epoch());
    digest.setSequence(fold.lastSequence());
    digest.setAlgorithm("none");
    digest.setRanges(List.of());
    digest.setRound(0L);
    digest.setTimeMillis(wall());
    return digest;
  }

  private FleetEntry member(long free) {
    InetSocketAddress listening = server.address();
    String host = options.advertisedHost();
    Map<String, String> labels = new TreeMap<>();
    labels.put(NodeLabels.LEVEL, "2");
    labels.put(
        NodeLabels.ADDRESS,
        (host == null ? listening.getHostString() : host) + ":" + listening.getPort());
    labels.put(NodeLabels.FREE_BYTES, Long.toString(free));
    labels.put(NodeLabels.LEASE_MILLIS, Long.toString(options.leaseMillis()));
    if (!brokerProblems.isEmpty() && !options.weakBroker()) {
      labels.put(NodeLabels.DEGRADED, String.join("; ", brokerProblems));
    }
    FleetEntry entry = new FleetEntry();
    entry.setEntity(FleetEntries.entity(node));
    entry.setTimeMillis(wall());
    entry.setNode(null);
    entry.setRack(options.place().rack());
    entry.setZone(options.place().zone());
    entry.setRegion(options.place().region());
    entry.setPool(options.place().pool());
    entry.setTier("");
    entry.setModel(null);
    entry.setCapacityBytes(measure.capacityBytes());
    entry.setSynthetic(false);
    entry.setLabels(labels);
    return entry;
  }

  private void sayJournalFailed(String why) {
    LOG.error("The journal failed: {}", why);
    long now = now();
    if (now - saidJournalMillis >= SAY_FULL_EVERY_MILLIS) {
      saidJournalMillis = now;
      say(
          "node.journal.failed",
          Severity.CRITICAL,
          node,
          List.of(),
          "Node " + options.id() + " cannot keep its journal, its units serve no more: " + why);
    }
  }

  private void sayFull(String why) {
    long now = now();
    full = true;
    if (now - saidFullMillis < SAY_FULL_EVERY_MILLIS) {
      return;
    }
    saidFullMillis = now;
    LOG.warn("The storage is full: {}", why);
    say(
        "node.storage.full",
        Severity.ERROR,
        node,
        List.of(),
        "Node " + options.id() + " takes no writes, their clients wait: " + why);
  }

  private void say(
      String type, Severity severity, Subject about, List<Subject> related, String summary) {
    Event event = new Event();
    long time = wall();
    event.setId(
        type
            + "/"
            + about.id()
            + "/"
            + options.id()
            + "/"
            + directory.incarnation()
            + "/"
            + eventNumber.incrementAndGet());
    event.setType(type);
    event.setSeverity(severity);
    event.setPredicted(false);
    event.setEntity(FleetEntries.entity(about));
    List<EntityRef> refs = new ArrayList<>(related.size());
    for (Subject each : related) {
      refs.add(FleetEntries.entity(each));
    }
    event.setRelated(refs);
    event.setTimeMillis(time);
    event.setConfidence(1.0);
    event.setHorizonMillis(0L);
    event.setMode(FailureMode.UNKNOWN);
    event.setSource("node");
    event.setSummary(summary);
    event.setValues(Map.of());
    event.setLabels(Map.of());
    log.event(event);
  }

  /** Ends: answers nothing more, makes the copies durable, gives the folder back. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    server.close();
    ring.close();
    seconds.shutdownNow();
    synchronized (unapplied) {
      unapplied.notifyAll();
    }
    log.close();
    journal.close();
    loop.close();
    if (!died) {
      lastCheckpoints();
    }
    unitThreads.close();
    records.shutdown();
    try {
      var unused = records.awaitTermination(5, TimeUnit.SECONDS);
      commands.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
    transport.close();
    directory.close();
    ended.countDown();
    readied.countDown();
  }

  /** The loop has ended: its state is this thread's now. */
  private void lastCheckpoints() {
    for (Held held : units.values()) {
      DeltaFold fold = held.fold;
      UnitFiles files = held.files;
      if (fold == null || files == null || held.broken || !isSound(held)) {
        continue;
      }
      UnitFiles.Checkpoint checkpoint =
          new UnitFiles.Checkpoint(
              held.nextOffset,
              fold.epoch(),
              fold.lastSequence(),
              fold.chain(),
              fold.requests().kept());
      unitThreads.execute(
          held.spec.unit(),
          () -> {
            try {
              if (!held.broken && held.nextOffset != held.checkpointOffset) {
                files.checkpoint(checkpoint);
              }
              files.close();
            } catch (MediumException e) {
              LOG.warn("{}", e.getMessage());
            }
          });
    }
  }
}
