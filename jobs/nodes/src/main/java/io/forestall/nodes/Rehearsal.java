package io.forestall.nodes;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.ClientActions;
import io.forestall.decisions.ownership.ClientProtocol;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.DeltaRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A takeover from one node to another and what its client makes of it, in memory, through the same
 * codecs and protocols as a real one. A process of years may take part in its first takeover today:
 * without having done it before, loading the classes and checking the first Ed25519 signatures
 * alone would take longer than all of the rest.
 */
public final class Rehearsal {
  private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final String POOL = "rehearsal";
  private static final String CLIENT = "client/1";

  /** Any time will do, as long as it makes sense; milliseconds since 1970-01-01 UTC. */
  private static final long WALL_MILLIS = 1_800_000_000_000L;

  private static final long EXPIRES_MILLIS = WALL_MILLIS + 60_000;
  private static final int BLOCK_BYTES = 4096;
  private static final int TIMES = 20;
  private static final int UNITS = 32;

  private final Signatures.Signer signer = Signatures.ephemeral();
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final CommandRecords commands = new CommandRecords();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final DeltaRecords deltas = new DeltaRecords();
  private final AckRecords acks = new AckRecords();

  private Rehearsal() {}

  /** Rehearses once in a process, beside everything else. */
  public static void begin() {
    if (BEGUN.getAndSet(true)) {
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                takeovers(TIMES, UNITS);
              } catch (WireException | RuntimeException e) {
                // Nothing depends on it but the speed of the first takeover.
                LOG.warn("The rehearsal of a takeover failed: {}", e.getMessage());
              }
            },
            "forestall-rehearsal");
    thread.setDaemon(true);
    thread.setPriority(Thread.MIN_PRIORITY);
    thread.start();
  }

  /** Takeovers of so many units, with a write to each before and after; how many were done. */
  static int takeovers(int times, int units) throws WireException {
    Rehearsal rehearsal = new Rehearsal();
    int done = 0;
    for (int i = 0; i < times; i++) {
      done += rehearsal.takeover(units);
    }
    return done;
  }

  private int takeover(int units) throws WireException {
    World world = new World();
    Player former = new Player(world, Subject.node("former"));
    Player next = new Player(world, Subject.node("next"));
    world.nodes.put(former.me, former);
    world.nodes.put(next.me, next);
    List<UnitStep> steps = new ArrayList<>();
    for (int i = 0; i < units; i++) {
      String unit = "volume/" + i;
      UnitSpec spec = new UnitSpec(unit, "volume", POOL, 1 << 20, BLOCK_BYTES);
      former.protocol.follow(spec, true, new DeltaFold(), 0, world.now);
      next.protocol.follow(spec, new DeltaFold(), 0, world.now);
      steps.add(new UnitStep(unit, 1, 2));
    }
    world.run();
    write(world, steps);
    Admission admission = admission(steps, former.me, next.me);
    io.forestall.schemas.Admission signed = admissions.of(admission, signer);
    world.signed = signed;
    order(world, Command.Kind.PROMOTE, next, admission, signed);
    order(world, Command.Kind.DEMOTE, former, admission, signed);
    world.run();
    write(world, steps);
    return world.done;
  }

  private void write(World world, List<UnitStep> steps) throws WireException {
    byte[] data = new byte[BLOCK_BYTES];
    int crc = DeltaRecords.crc(data, 0, data.length);
    for (UnitStep step : steps) {
      world.client.submit(
          0,
          step.unit(),
          NodeRequest.Kind.WRITE,
          0,
          data.length,
          "NONE",
          data,
          crc,
          crc,
          world.now);
    }
    world.run();
  }

  private void order(
      World world,
      Command.Kind kind,
      Player to,
      Admission admission,
      io.forestall.schemas.Admission signed)
      throws WireException {
    Command command =
        new Command(
            "command-" + kind,
            kind,
            to.me,
            admission.subject(),
            POOL,
            admission,
            0,
            0,
            admission.units(),
            admission.target(),
            WALL_MILLIS,
            WALL_MILLIS,
            EXPIRES_MILLIS,
            null,
            "",
            Map.of());
    CommandRecords.Received received =
        commands.decode(commands.encode(command, signed), signer.trusted());
    to.protocol.command(received.command(), received.authority(), world.now, WALL_MILLIS);
    world.run();
  }

  private static Admission admission(List<UnitStep> steps, Subject source, Subject target) {
    return new Admission(
        "admission",
        1,
        Admission.State.ADMITTED,
        "proposal",
        ActKind.FAILOVER,
        source,
        POOL,
        null,
        true,
        steps,
        source,
        target,
        List.of(),
        1,
        WALL_MILLIS,
        WALL_MILLIS,
        EXPIRES_MILLIS,
        WALL_MILLIS,
        "rehearsed",
        Map.of());
  }

  /** Logs and wires: what is written is read by all, in order, until nothing is left to read. */
  private final class World {
    private final Map<Subject, Player> nodes = new HashMap<>();
    private final OwnershipFold fold = new OwnershipFold();
    private final ArrayDeque<Read> unread = new ArrayDeque<>();
    private final ClientProtocol client =
        new ClientProtocol(new ClientProtocol.Settings(CLIENT, 1_000, 1, 1_024), new User());
    private io.forestall.schemas.Admission signed = new io.forestall.schemas.Admission();
    private long ownershipEnd;
    private long deltasEnd;
    private long now = 1;
    private int done;

    /** Something to read, which may lead to more. */
    private interface Read {
      void read() throws WireException;
    }

    private void run() throws WireException {
      for (int quiet = 0; quiet < 3; quiet++) {
        now++;
        for (Player each : nodes.values()) {
          each.protocol.ownershipReadToEnd(0, now, now);
          each.protocol.tick(now, WALL_MILLIS);
        }
        client.tick(now);
        for (Read next = unread.poll(); next != null; next = unread.poll()) {
          next.read();
          quiet = 0;
        }
      }
    }

    private void append(OwnershipEntry entry) {
      long offset = ownershipEnd++;
      unread.add(
          () -> {
            byte[] bytes = ownership.encode(entry, entry.admission() == null ? null : signed);
            // A key ring of its own each time: what was checked once is not checked again.
            OwnershipEntry read = ownership.decode(bytes, signer.trusted());
            for (Player each : nodes.values()) {
              each.protocol.ownershipRead(0, offset, read, now);
            }
            for (OwnershipFold.Change change : fold.take(offset, read)) {
              client.learned(change.after(), now);
            }
          });
    }

    private void append(Delta delta) {
      long offset = deltasEnd++;
      unread.add(
          () -> {
            Delta read = deltas.decode(deltas.encode(delta));
            for (Player each : nodes.values()) {
              each.protocol.deltaRead(read, offset, now);
            }
          });
    }

    private final class User implements ClientActions {
      @Override
      public void send(Subject node, NodeRequest request) {
        Player to = nodes.get(node);
        if (to != null) {
          unread.add(() -> to.protocol.request(request, now, WALL_MILLIS));
        }
      }

      @Override
      public void complete(NodeRequest request, NodeAnswer answer) {
        if (answer.outcome() == NodeAnswer.Outcome.DONE) {
          done++;
        }
      }

      @Override
      public void prepare(Subject node) {
        // Everybody is connected.
      }
    }
  }

  /** A node without a disk. */
  private final class Player implements NodeActions {
    private final World world;
    private final Subject me;
    private final NodeProtocol protocol;

    Player(World world, Subject me) {
      this.world = world;
      this.me = me;
      this.protocol = new NodeProtocol(NodeSettings.of(me, 1), this);
    }

    @Override
    public void journal(long ticket, Delta delta) {
      world.unread.add(() -> protocol.journaled(ticket, world.now));
    }

    @Override
    public void append(Delta delta) {
      world.append(delta);
    }

    @Override
    public void appendOwnership(OwnershipEntry entry) {
      world.append(entry);
    }

    @Override
    public void apply(Delta delta, long deltaOffset) {
      // There is no copy.
    }

    @Override
    public void read(NodeRequest request) {
      protocol.readDone(request, false, world.now);
    }

    @Override
    public void answer(NodeAnswer answer) {
      world.unread.add(() -> world.client.answered(me, answer, world.now));
    }

    @Override
    public void ack(CommandAck ack) {
      world.unread.add(() -> acks.decode(acks.encode(ack)));
    }

    @Override
    public void remember(CommandAck last, long keepUntilMillis) {
      // It ends with the rehearsal.
    }

    @Override
    public void rememberCancelled(String admission, long keepUntilMillis) {
      // It ends with the rehearsal.
    }

    @Override
    public void reach(Command probe) {
      // Nobody is asked.
    }

    @Override
    public void letGo(String unit) {
      throw new IllegalStateException("a rehearsal retires no shadow");
    }

    @Override
    public @Nullable Delta whole(Delta found) {
      return found;
    }

    @Override
    public void setAside(Delta delta, String why) {
      // Nothing is kept.
    }
  }
}
