package io.forestall.nodes.node;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.guard.Reach;
import io.forestall.decisions.guard.WriteModes;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.HeldShadow;
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
import io.forestall.decisions.shadow.BlockRepair;
import io.forestall.decisions.shadow.ForegroundLatency;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.VerifyTurn;
import io.forestall.nodes.Rehearsal;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.NodeException.Reason;
import io.forestall.nodes.node.ShadowFile.KeptShadow;
import io.forestall.nodes.transport.Fetch;
import io.forestall.nodes.transport.Fetched;
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
import io.forestall.wire.ReportRecords;
import io.forestall.wire.Signatures.Trusted;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
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
import java.util.function.Consumer;
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

  /** PREPAREs that wait for a log; count. What comes beyond is answered at once. */
  private static final int MAX_DRAINING = 64;

  /** Asks for the end of the log that wait for the reader of one partition; count. */
  private static final int MAX_PENDING_ENDS = 64;

  /** Most copies that are made durable in a second; count. */
  private static final int MAX_CHECKPOINTS_A_SECOND = 32;

  /** Most copies that are told of in a second; count. */
  private static final int MAX_DIGESTS_A_SECOND = 256;

  private static final int MAX_SIGNED = 1024;
  private static final long SECOND_MILLIS = 1_000;
  private static final long STALL_MILLIS = 200;

  /** Pause before all holders are asked for a damaged block once more; milliseconds. */
  private static final long REPAIR_AGAIN_MILLIS = 500;

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
  private final HolderLinks links;
  private final Shadows shadows;
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

  /** Commands that wait, in their order: until the node is ready, or shadows became copies. */
  private final ArrayDeque<Runnable> early = new ArrayDeque<>();

  /** Shadows that are about to be copies like any other. */
  private int adopting;

  /** PREPARE that is answered when its copies have read their log; by command. */
  private final Map<String, Runnable> draining = new LinkedHashMap<>();

  private boolean halted;

  /** Volumes of which writes may be answered before they are in the log. */
  private final Set<String> asyncVolumes = new HashSet<>();

  private boolean full;
  private final ForegroundLatency foreground = new ForegroundLatency(now());
  private final VerifyTurn verifyTurn;
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
    private WantedCopies.Wanted wanted;
    private @Nullable UnitFiles files;
    private @Nullable DeltaFold fold;
    private long nextOffset;
    private boolean failed;

    /** Set at once by whoever sees it: nothing of the copy is made durable any more. */
    private volatile boolean broken;

    private boolean gone;

    private final BlockRepair repair;

    /** Blocks that came and are not written yet. */
    private final Map<Long, byte[]> repaired = new HashMap<>();

    /** Reads that wait for a block. */
    private final Map<Long, List<NodeRequest>> waiting = new HashMap<>();

    /** What a process before this one applied behind the checkpoint is applied again. */
    private boolean exact;

    private long checkpointMillis;
    private long checkpointOffset;
    private boolean checkpointing;
    private long digestMillis = Long.MIN_VALUE;
    private long digestSequence = -1;
    private long digestEpoch = -1;
    private boolean digestOwner;

    Held(WantedCopies.Wanted wanted) {
      this.spec = wanted.spec();
      this.wanted = wanted;
      this.repair = new BlockRepair(spec.blockBytes());
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
    this.verifyTurn = new VerifyTurn(options.verifyMillis());
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
    this.links = new HolderLinks(options.id(), transport);
    this.shadows =
        new Shadows(
            node,
            unitThreads,
            log,
            links,
            new Home(),
            options.checkpointMillis(),
            options.copyPace());
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

  /** How far each shadow is, negative while it is not whole; asks the protocol's thread. */
  Map<String, Long> shadowStatus() throws InterruptedException {
    Map<String, Long> status = new TreeMap<>();
    CountDownLatch answered = new CountDownLatch(1);
    loop.execute(
        () -> {
          status.putAll(shadows.inSyncAt());
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
          done[0] = new CountDownLatch(changed.size() + shadows.unkept());
          shadows.keepAll(done[0]::countDown);
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
      long next = Math.min(protocol.alarmMillis(), shadows.alarmMillis());
      return opened ? Math.min(next, verifyTurn.dueMillis()) : next;
    }

    @Override
    public void due() {
      protocol.tick(now(), wall());
      shadows.due();
      verify(now());
    }
  }

  /** What clients ask; on the transport's thread. */
  private final class Asked implements NodeServer.Handler {
    @Override
    public void request(NodeRequest request) {
      NodeRequest asked = request;
      if (request.kind() == NodeRequest.Kind.WRITE) {
        try {
          // What cannot be opened must never reach the log: no copy could ever apply it.
          byte[] plain =
              PayloadCodec.decode(
                  request.codec(), request.payload(), request.length(), request.plainCrc());
          if (PayloadCodec.isZeros(ByteBuffer.wrap(plain))) {
            asked = request.asZeros();
          }
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
      NodeRequest taken = asked;
      loop.execute(() -> protocol.request(taken, now(), wall()));
    }

    @Override
    public void fetch(Fetch fetch) {
      loop.execute(() -> ReferenceNode.this.fetch(fetch));
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
              if (!held.repair.isEmpty()) {
                repairs(held);
              }
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
    public void deltasCaughtUp(String unit) {
      loop.execute(
          () -> {
            Held held = units.get(unit);
            if (held != null) {
              held.exact = true;
              drained();
            }
          });
    }

    @Override
    public void lag(long records, long bytes) {
      loop.execute(() -> protocol.lag(records, bytes));
    }

    @Override
    public void deltasLost(String unit, long wanted, long begins) {
      String why =
          String.format(
              Locale.ROOT,
              "its log cannot be read on from offset %d (it goes on at %d): the copy must be built"
                  + " anew",
              wanted,
              begins);
      loop.execute(
          () -> {
            Held held = units.get(unit);
            if (held != null && held.wanted.shadow() && !held.failed && !owns(unit)) {
              rebuild(held, why);
            } else {
              give(unit, why);
            }
          });
    }

    @Override
    public void step(ShadowStep step, long offset) {
      long held = shadows.admit(step);
      loop.execute(() -> shadows.step(step, offset, held));
    }

    @Override
    public void stepsRead(String unit, long nextOffset) {
      loop.execute(() -> shadows.stepsRead(unit, nextOffset));
    }

    @Override
    public void stepsCaughtUp(String unit) {
      loop.execute(() -> shadows.stepsCaughtUp(unit));
    }

    @Override
    public void stepsLost(String unit, String why) {
      loop.execute(() -> shadows.stepsLost(unit, why));
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
            } else if (record.kind() == PolicyRecord.Kind.HALT
                || record.kind() == PolicyRecord.Kind.WRITE_MODE) {
              policies.put(key, record);
            }
            brake();
            writeModes();
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
            early.add(() -> obey(command, authority));
            obeyEarly();
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
      record(this::lookForOrphans);
      beReady();
    }
  }

  /** Commands wait until the copies that they may be about are open. */
  private void beReady() {
    if (opened && opening == 0 && !ready) {
      ready = true;
      readied.countDown();
      obeyEarly();
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

  private void obeyEarly() {
    while (ready && adopting == 0 && !early.isEmpty()) {
      early.removeFirst().run();
    }
  }

  private void obey(Command command, Authority authority) {
    boolean takes =
        command.kind() == Command.Kind.PREPARE || command.kind() == Command.Kind.PROMOTE;
    if (takes) {
      // As it stands now, not as of the last second: it is about to own more.
      lookAtStorage();
    }
    Map<String, HeldShadow> held = new HashMap<>();
    boolean ready = true;
    for (UnitStep step : command.units()) {
      HeldShadow shadow = units.containsKey(step.unit()) ? null : shadows.held(step.unit());
      if (shadow != null) {
        held.put(step.unit(), shadow);
        ready &= shadow.state() == HeldShadow.State.IN_SYNC;
      }
    }
    if (takes && ready && authority == Authority.VALID) {
      for (UnitStep step : command.units()) {
        adopt(step.unit());
        held.remove(step.unit());
      }
    }
    if (takes && adopting > 0) {
      // Before all that came after it, once its copies are what they must be.
      early.addFirst(() -> obey(command, authority));
      return;
    }
    if (command.kind() == Command.Kind.PREPARE
        && authority == Authority.VALID
        && readsOn(command)
        && draining.size() < MAX_DRAINING) {
      draining.put(command.id(), () -> obey(command, authority));
      return;
    }
    draining.remove(command.id());
    protocol.command(command, authority, held, now(), wall());
  }

  /**
   * True while a copy that is to be got ready has not read its log: it drains while its owner still
   * serves, so that a takeover has next to nothing left to read. Who asked need not wait for it.
   */
  private boolean readsOn(Command command) {
    if (wall() >= command.expiresMillis()) {
      return false;
    }
    for (UnitStep step : command.units()) {
      Held held = units.get(step.unit());
      if (held != null && !held.failed && !held.gone && !held.exact) {
        return true;
      }
    }
    return false;
  }

  /** Looks again at what waits for its log. */
  private void drained() {
    for (Runnable each : List.copyOf(draining.values())) {
      each.run();
    }
  }

  /**
   * A shadow that is in sync becomes a copy that follows the log of deltas by itself, as any other
   * does: first durably, then for everybody.
   */
  private void adopt(String unit) {
    Shadows.Adopted shadow = units.containsKey(unit) ? null : shadows.adopt(unit);
    if (shadow == null) {
      return;
    }
    Held held = new Held(shadow.wanted());
    held.nextOffset = shadow.place().deltaOffset();
    held.checkpointOffset = held.nextOffset;
    held.checkpointMillis = now();
    units.put(unit, held);
    adopting++;
    unitThreads.execute(
        unit,
        () -> {
          Runnable next;
          try {
            shadow.files().endShadow(shadow.place());
            next = () -> adopted(held, shadow);
          } catch (MediumException e) {
            close(shadow.files());
            next =
                () -> {
                  if (!held.gone) {
                    units.remove(unit);
                    shadows.notOpened(held.wanted, e);
                  }
                };
          }
          Runnable last = next;
          loop.execute(
              () -> {
                last.run();
                adopting--;
                obeyEarly();
              });
        });
  }

  private void adopted(Held held, Shadows.Adopted shadow) {
    if (held.gone) {
      unitThreads.execute(held.spec.unit(), () -> close(shadow.files()));
      return;
    }
    String unit = held.spec.unit();
    LOG.info("The shadow of unit {} follows its log from here on", unit);
    held.files = shadow.files();
    held.fold = shadow.fold();
    protocol.follow(held.spec, held.wanted.firstOwner(), shadow.fold(), held.nextOffset, now());
    log.follow(unit, held.nextOffset);
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

  /**
   * What operators want of volumes whose units may be here; the one that owns a unit sees to it.
   */
  private void writeModes() {
    Map<String, Long> bounds = new HashMap<>();
    for (PolicyRecord each : policies.values()) {
      Subject volume = each.entity();
      if (each.kind() == PolicyRecord.Kind.WRITE_MODE && volume != null && each.holdsAt(wall())) {
        bounds.put(volume.id(), WriteModes.asyncBoundMillis(each));
      }
    }
    for (String volume : asyncVolumes) {
      bounds.putIfAbsent(volume, 0L);
    }
    asyncVolumes.clear();
    bounds.forEach(
        (volume, bound) -> {
          protocol.writeMode(volume, bound, now());
          if (bound > 0) {
            asyncVolumes.add(volume);
          }
        });
  }

  // ---- copies

  /** Brings what is held in line with what the maps want now. */
  private void follow(WantedCopies.Change change) {
    for (WantedCopies.Wanted each : change.wanted()) {
      follow(each);
    }
    unwanted.addAll(change.unwanted());
    leaveUnwanted();
  }

  /** What no map wants goes, but for what this node owns, or may own in a moment. */
  private void leaveUnwanted() {
    Iterator<String> left = unwanted.iterator();
    while (left.hasNext()) {
      String unit = left.next();
      Held held = units.get(unit);
      if (held == null || copies.contains(unit)) {
        left.remove();
        if (!copies.contains(unit) && shadows.contains(unit)) {
          shadows.cancel(unit);
        }
      } else if (!owns(unit) && !protocol.isTakingOver(unit)) {
        left.remove();
        unfollow(held);
      }
    }
  }

  private void follow(WantedCopies.Wanted wanted) {
    String unit = wanted.spec().unit();
    Held held = units.get(unit);
    if (held == null && shadows.contains(unit)) {
      shadows.want(wanted);
      return;
    }
    if (held == null) {
      if (!wanted.retiring()) {
        openCopy(wanted, false);
      }
      return;
    }
    held.wanted = wanted;
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

  /**
   * Its bytes go too. An order to take it over may have come between: then it stays, and the map,
   * or the next order, says what becomes of it. So it does while the map wants it: this node may
   * have been given it again since the order, which a process before this one may have read.
   */
  private void letGo(String unit) {
    if (owns(unit) || protocol.isTakingOver(unit) || copies.keeps(unit)) {
      return;
    }
    LOG.info("The shadow of unit {} is let go", unit);
    Held held = units.get(unit);
    if (held == null) {
      shadows.cancel(unit);
      return;
    }
    unfollow(held);
    removeShadow(unit);
  }

  private static void close(UnitFiles files) {
    try {
      files.close();
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
  }

  /**
   * Opens a copy; what its files say it is.
   *
   * @param anew true for a shadow that begins with nothing, whatever is there
   */
  private void openCopy(WantedCopies.Wanted wanted, boolean anew) {
    UnitSpec spec = wanted.spec();
    Held held = new Held(wanted);
    units.put(spec.unit(), held);
    opening++;
    unitThreads.execute(
        spec.unit(),
        () -> {
          Runnable open;
          try {
            UnitFiles files = UnitFiles.open(medium, directory.units(), spec);
            try {
              open = look(held, files, wanted.shadow(), anew);
            } catch (MediumException e) {
              close(files);
              throw e;
            }
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

  /** On the unit's thread: a copy that follows the log has a checkpoint, a shadow what it kept. */
  private Runnable look(Held held, UnitFiles files, boolean wantedAsShadow, boolean anew)
      throws MediumException {
    UnitFiles.Checkpoint checkpoint = null;
    KeptShadow kept = null;
    if (!anew) {
      try {
        checkpoint = files.checkpoint();
        kept = checkpoint == null ? files.shadow() : null;
      } catch (MediumException e) {
        if (!wantedAsShadow) {
          throw e;
        }
        // A shadow is fetched again: what cannot be read of it is worth nothing.
        LOG.warn("The shadow of unit {} begins anew: {}", held.spec.unit(), e.getMessage());
      }
    }
    if (checkpoint == null && (kept != null || wantedAsShadow)) {
      if (kept == null) {
        files.beginShadow(new KeptShadow(ShadowCopy.nothing(held.spec), -1));
      }
      KeptShadow from = kept;
      return () -> openedShadow(held, files, from);
    }
    UnitFiles.Checkpoint from = checkpoint;
    if (from != null) {
      files.forgetShadow();
    }
    return () -> openedCopy(held, files, from);
  }

  private void openedShadow(Held held, UnitFiles files, @Nullable KeptShadow kept) {
    String unit = held.spec.unit();
    if (held.gone) {
      unitThreads.execute(unit, () -> close(files));
      if (!copies.contains(unit)) {
        removeShadow(unit);
      }
      return;
    }
    units.remove(unit);
    shadows.begin(held.wanted, files, kept, !full);
  }

  /** A copy that lost its log is a shadow by the map: it is fetched anew. */
  private void rebuild(Held held, String why) {
    LOG.warn("The shadow of unit {} is built anew: {}", held.spec.unit(), why);
    held.broken = true;
    unfollow(held);
    openCopy(held.wanted, true);
  }

  private void removeShadow(String unit) {
    unitThreads.execute(
        unit,
        () -> {
          try {
            UnitFiles.remove(medium, directory.units(), unit);
          } catch (MediumException e) {
            LOG.warn("A shadow that nobody wants leaves something behind: {}", e.getMessage());
          }
        });
  }

  /** Shadows that were cancelled while this node was down are removed now. */
  private void lookForOrphans() {
    try {
      List<String> kept = UnitFiles.shadows(directory.units());
      loop.execute(
          () -> {
            for (String unit : kept) {
              if (!copies.keeps(unit) && !units.containsKey(unit) && !shadows.contains(unit)) {
                LOG.info("No map wants the shadow of unit {} any more: it is removed", unit);
                removeShadow(unit);
              }
            }
          });
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
  }

  /** What shadows need of this node. */
  private final class Home implements Shadows.Home {
    @Override
    public void execute(Runnable task) {
      loop.execute(task);
    }

    @Override
    public @Nullable InetSocketAddress address(String other) {
      return ring.address(other);
    }

    @Override
    public void open(WantedCopies.Wanted wanted) {
      if (!units.containsKey(wanted.spec().unit())) {
        openCopy(wanted, false);
      }
    }

    @Override
    public void remove(String unit) {
      removeShadow(unit);
    }

    @Override
    public void say(String type, Severity severity, String unit, String summary) {
      ReferenceNode.this.say(
          type, severity, node, List.of(new Subject(Subject.Kind.SEGMENT, unit)), summary);
    }

    @Override
    public void applied(Delta delta) {
      if (delta.kind() != Delta.Kind.BARRIER) {
        measure.shadowed(wall() - delta.timeMillis());
      }
    }

    @Override
    public void report(HolderReport report) {
      log.digest(ReportRecords.of(report));
    }
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
    protocol.follow(held.spec, held.wanted.firstOwner(), fold, held.nextOffset, now());
    if (checkpoint != null) {
      decided(held.spec.unit(), checkpoint.epoch(), checkpoint.lastSequence());
    }
    log.follow(held.spec.unit(), from);
  }

  private void brokenCopy(Held held, MediumException e) {
    if (held.gone) {
      return;
    }
    if (held.wanted.shadow()) {
      units.remove(held.spec.unit());
      shadows.notOpened(held.wanted, e);
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

  private static UnitFiles.Checkpoint checkpointOf(Held held, DeltaFold fold) {
    return new UnitFiles.Checkpoint(
        held.nextOffset, fold.epoch(), fold.lastSequence(), fold.chain(), fold.requests().kept());
  }

  private void checkpoint(Held held, Runnable done) {
    DeltaFold fold = held.fold;
    UnitFiles files = held.files;
    if (fold == null || files == null) {
      done.run();
      return;
    }
    UnitFiles.Checkpoint checkpoint = checkpointOf(held, fold);
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
              loop.execute(() -> decided(unit, checkpoint.epoch(), checkpoint.lastSequence()));
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

  /**
   * Behind what was set aside before, so that the journal forgets nothing too early, and not while
   * it has something alone that was answered; on the loop.
   */
  private void decided(String unit, long epoch, long lastSequence) {
    if (protocol.mayForget(unit)) {
      record(() -> journal.decided(unit, epoch, lastSequence));
    }
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

  // ---- what other nodes fetch

  /** Another node builds or repairs its copy of a unit. */
  private void fetch(Fetch fetch) {
    Held held = units.get(fetch.unit());
    if (held == null) {
      shadows.fetch(fetch, new FromShadow(fetch));
      return;
    }
    DeltaFold fold = held.fold;
    UnitFiles files = held.files;
    if (fold == null || files == null || held.broken || !isSound(held)) {
      refuse(fetch, Fetched.Outcome.NOT_HELD, "this node holds no sound copy of the unit");
      return;
    }
    if (!held.exact
        || fold.epoch() < fetch.minEpoch()
        || fold.lastSequence() < fetch.minSequence()) {
      refuse(fetch, Fetched.Outcome.BEHIND, "this copy has not come as far yet");
      return;
    }
    if (fetch.offset() > held.spec.bytes() - fetch.length()) {
      refuse(fetch, Fetched.Outcome.FAILED, "the range lies outside the unit");
      return;
    }
    if (fetch.kind() == Fetch.Kind.FOLD) {
      giveFold(fetch, checkpointOf(held, fold));
    } else {
      serve(
          files,
          fetch,
          fold.epoch(),
          fold.lastSequence(),
          e -> loop.execute(() -> damaged(held, e, null)));
    }
  }

  /** What a shadow of this node gives to another. */
  private final class FromShadow implements Shadows.Server {
    private final Fetch fetch;

    FromShadow(Fetch fetch) {
      this.fetch = fetch;
    }

    @Override
    public void serve(UnitFiles files, long epoch, long sequence) {
      String unit = fetch.unit();
      int block = files.spec().blockBytes();
      ReferenceNode.this.serve(
          files,
          fetch,
          epoch,
          sequence,
          e -> loop.execute(() -> shadows.damaged(unit, e.offset(), block)));
    }

    @Override
    public void fold(UnitFiles.Checkpoint place) {
      giveFold(fetch, place);
    }

    @Override
    public void refuse(Fetched.Outcome outcome, String why) {
      ReferenceNode.this.refuse(fetch, outcome, why);
    }
  }

  private void giveFold(Fetch fetch, UnitFiles.Checkpoint place) {
    server.fetched(
        fetchedAs(fetch, place.epoch(), place.lastSequence()),
        ByteBuffer.wrap(CheckpointBytes.of(place)));
  }

  /** Reads a range behind all that was applied up to the place that the answer names. */
  private void serve(
      UnitFiles files,
      Fetch fetch,
      long epoch,
      long sequence,
      Consumer<UnitFiles.DamagedException> damaged) {
    foreground.fetched(now());
    Fetched done = fetchedAs(fetch, epoch, sequence);
    unitThreads.execute(
        fetch.unit(),
        () -> {
          try {
            ByteBuffer bytes = files.read(fetch.offset(), fetch.length());
            server.fetched(done, PayloadCodec.isZeros(bytes) ? null : bytes);
          } catch (UnitFiles.DamagedException e) {
            LOG.warn("What another node asked for is damaged here: {}", e.getMessage());
            refuse(fetch, Fetched.Outcome.FAILED, String.valueOf(e.getMessage()));
            damaged.accept(e);
          } catch (MediumException e) {
            LOG.warn("What another node asked for is not to be had: {}", e.getMessage());
            refuse(fetch, Fetched.Outcome.FAILED, String.valueOf(e.getMessage()));
          }
        });
  }

  private Fetched fetchedAs(Fetch fetch, long epoch, long sequence) {
    return new Fetched(
        fetch.token(),
        Fetched.Outcome.DONE,
        epoch,
        sequence,
        foreground.latencyMicros(now()),
        foreground.usualMicros(now()),
        "");
  }

  private void refuse(Fetch fetch, Fetched.Outcome outcome, String why) {
    server.fetched(new Fetched(fetch.token(), outcome, 0, 0, -1, -1, why), null);
  }

  // ---- blocks that the medium changed

  /**
   * A block is not what was written: it is fetched from another holder, and whoever wants to read
   * it waits.
   */
  private void damaged(Held held, UnitFiles.DamagedException e, @Nullable NodeRequest wantsToRead) {
    DeltaFold fold = held.fold;
    if (held.gone || held.failed || fold == null) {
      if (wantsToRead != null) {
        protocol.readDone(wantsToRead, true, now());
      }
      return;
    }
    long offset = e.offset();
    List<NodeRequest> waiting = held.waiting.computeIfAbsent(offset, any -> new ArrayList<>());
    if (wantsToRead != null) {
      waiting.add(wantsToRead);
    }
    if (held.repair.contains(offset)) {
      return;
    }
    if (!held.repair.damaged(offset, fold.lastSequence(), now())) {
      give(held.spec.unit(), "more of it is damaged than can be repaired: " + e.getMessage());
      unrepaired(held, offset);
      return;
    }
    LOG.error("{}; it is fetched from another holder", e.getMessage());
    say(
        "node.block.damaged",
        Severity.ERROR,
        node,
        List.of(new Subject(Subject.Kind.SEGMENT, held.spec.unit())),
        "On node " + options.id() + " " + e.getMessage());
    fetchBlock(held, offset, fold.lastSequence(), 0);
  }

  /** Asks one holder after the other, until one gives the block or {@link BlockRepair} gives up. */
  private void fetchBlock(Held held, long offset, long minSequence, int attempt) {
    String unit = held.spec.unit();
    List<Subject> holders = copies.holders(unit);
    if (held.gone || held.failed) {
      return;
    }
    if (!held.repair.contains(offset)) {
      return;
    }
    if (held.repair.isHopeless(offset, attempt, holders.size(), now())) {
      held.repair.failed(offset);
      give(unit, "its block at " + offset + " is damaged, and no other holder gives it");
      unrepaired(held, offset);
      return;
    }
    Subject from = holders.get(attempt % holders.size());
    InetSocketAddress address = ring.address(from.id());
    Runnable next =
        () ->
            transport.later(
                attempt % holders.size() == holders.size() - 1 ? REPAIR_AGAIN_MILLIS : 0,
                () -> loop.execute(() -> fetchBlock(held, offset, minSequence, attempt + 1)));
    if (address == null) {
      next.run();
      return;
    }
    int length = (int) Math.min(held.spec.blockBytes(), held.spec.bytes() - offset);
    links.fetch(
        from.id(),
        address,
        new Fetch(0, unit, Fetch.Kind.BYTES, offset, length, 0, minSequence),
        new HolderLinks.Asked() {
          @Override
          public void fetched(Fetched fetched, byte[] data) {
            if (fetched.outcome() != Fetched.Outcome.DONE
                || (data.length != 0 && data.length != length)) {
              next.run();
              return;
            }
            byte[] block = data.length == 0 ? new byte[length] : data;
            loop.execute(
                () -> {
                  if (held.repair.came(offset, fetched.sequence())) {
                    held.repaired.put(offset, block);
                    repairs(held);
                  }
                });
          }

          @Override
          public void failed(String why) {
            next.run();
          }
        });
  }

  /** Writes the blocks whose place the copy has come to, and lets their readers read again. */
  private void repairs(Held held) {
    DeltaFold fold = held.fold;
    UnitFiles files = held.files;
    if (fold == null || files == null) {
      return;
    }
    String unit = held.spec.unit();
    for (BlockRepair.Done done : held.repair.done(fold.lastSequence())) {
      long offset = done.offset();
      byte[] block = held.repaired.remove(offset);
      List<NodeRequest> waiting = held.waiting.remove(offset);
      if (done.outcome() == BlockRepair.Outcome.WRITE && block != null) {
        unitThreads.execute(
            unit,
            () -> {
              try {
                if (!held.broken) {
                  files.fill(offset, ByteBuffer.wrap(block), new BitSet());
                  LOG.info("The block at {} of unit {} is repaired", offset, unit);
                }
              } catch (MediumException e) {
                held.broken = true;
                loop.execute(() -> give(unit, String.valueOf(e.getMessage())));
              }
            });
        say(
            "node.block.repaired",
            Severity.INFO,
            node,
            List.of(new Subject(Subject.Kind.SEGMENT, unit)),
            "Node " + options.id() + " repaired the block at " + offset + " of unit " + unit);
      }
      if (waiting != null) {
        waiting.forEach(actions::read);
      }
    }
  }

  /** Nobody will repair it: whoever waits is told. */
  private void unrepaired(Held held, long offset) {
    List<NodeRequest> waiting = held.waiting.remove(offset);
    if (waiting != null) {
      waiting.forEach(each -> protocol.readDone(each, true, now()));
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
      held.repair.applied(delta);
      if (delta.kind() == Delta.Kind.VERIFY) {
        verify(held, files, delta, bytes);
        return;
      }
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

    /** A copy that may have newer bytes than its place says nothing of that place. */
    private void verify(Held held, UnitFiles files, Delta delta, int bytes) {
      boolean exact = held.exact;
      boolean owner = owns(delta.unit());
      unitThreads.execute(
          delta.unit(),
          () -> {
            try {
              if (exact && !held.broken) {
                HolderReport report = Verified.report(node, owner, files, delta);
                log.digest(ReportRecords.of(report));
                if (!Verified.isSound(report)) {
                  for (UnitFiles.DamagedException each :
                      files.damaged(delta.offset(), delta.length())) {
                    loop.execute(() -> damaged(held, each, null));
                  }
                }
              }
            } catch (MediumException e) {
              held.broken = true;
              loop.execute(() -> give(delta.unit(), String.valueOf(e.getMessage())));
            } finally {
              less(bytes);
            }
          });
    }

    @Override
    public void read(NodeRequest request) {
      Held held = units.get(request.unit());
      UnitFiles files = held == null ? null : held.files;
      if (held == null || files == null) {
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
            } catch (UnitFiles.DamagedException e) {
              loop.execute(() -> damaged(held, e, request));
              return;
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
      boolean served = done || answer.outcome() == NodeAnswer.Outcome.ACCEPTED;
      long nanos = measure.answered(answer.token(), served);
      if (served && nanos >= 0) {
        foreground.answered(nanos / 1_000, now());
      }
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
    public void letGo(String unit) {
      loop.execute(() -> ReferenceNode.this.letGo(unit));
    }

    @Override
    public @Nullable Delta whole(Delta found) {
      try {
        Delta whole = journal.whole(found);
        if (whole.kind() != Delta.Kind.WRITE || whole.payload().length > 0) {
          return whole;
        }
        LOG.error("The journal has no data of what it owes to the log of {}", found.unit());
      } catch (MediumException e) {
        LOG.error("What the journal owes to the log cannot be read: {}", e.getMessage());
      }
      return null;
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
      writeModes();
    }
    if (!opened) {
      return;
    }
    leaveUnwanted();
    checkpoints(now);
    digests(now);
    shadows.second(!full);
    shadows.toAdopt().forEach(this::adopt);
    drained();
    tell(shadows.reports(wall()));
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

  /** One range of what it serves is verified by all holders. */
  private void verify(long now) {
    if (!opened || now < verifyTurn.dueMillis()) {
      return;
    }
    List<UnitSpec> served = new ArrayList<>();
    for (UnitStatus each : protocol.status().values()) {
      if (each.role() == NodeProtocol.Role.SERVING) {
        served.add(each.spec());
      }
    }
    VerifyTurn.Next next = verifyTurn.next(served, now, wall());
    if (next != null) {
      protocol.verify(next.unit(), next.offset(), next.length(), next.round(), now);
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

  private void tell(List<HolderReport> reports) {
    if (!reports.isEmpty() && !closed) {
      try {
        seconds.execute(() -> reports.forEach(each -> log.digest(ReportRecords.of(each))));
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
    shadows.stop();
    log.close();
    journal.close();
    loop.close();
    if (!died) {
      lastCheckpoints();
      shadows.close();
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
      UnitFiles.Checkpoint checkpoint = checkpointOf(held, fold);
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
