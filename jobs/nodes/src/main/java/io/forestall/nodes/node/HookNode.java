package io.forestall.nodes.node;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.HookActions;
import io.forestall.decisions.failover.HookProtocol;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import io.forestall.decisions.guard.Reach;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.nodes.hooks.Hook;
import io.forestall.nodes.hooks.HookRunner;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.NodeException.Reason;
import io.forestall.schemas.Admission;
import io.forestall.schemas.FleetEntry;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.Signatures.Trusted;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node of level 1 as one process: stands beside storage that is not ours, tells of the machine,
 * and obeys DRAIN, LEAVE and RETURN by running an operator's programs, once each (G11). Level 0
 * when it has no programs: telemetry only.
 */
public final class HookNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HookNode.class);
  private static final long MEMBER_MILLIS = 60_000;
  private static final long MEMORY_MILLIS = 24 * 3_600_000L;

  private final Subject node;
  private final Place place;
  private final NodeDirectory directory;
  private final Medium medium;
  private final NodeLog log;
  private final HookRunner runner;
  private final Set<Command.Kind> supported;
  private final NodeMeasure measure;
  private final CommandMemory memory;
  private final HookProtocol protocol;

  /** The protocol's thread: everything below is its own. */
  private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();

  private final ExecutorService programs = Executors.newSingleThreadExecutor();
  private final Map<String, PolicyRecord> policies = new HashMap<>();
  private boolean halted;

  private HookNode(
      NodeDirectory directory,
      Medium medium,
      NodeLog log,
      Subject node,
      Place place,
      HookRunner runner)
      throws NodeException {
    this.directory = directory;
    this.medium = medium;
    this.log = log;
    this.node = node;
    this.place = place;
    this.runner = runner;
    this.measure = new NodeMeasure(node, directory.folder(), false);
    this.supported = EnumSet.noneOf(Command.Kind.class);
    for (Command.Kind kind : List.of(Command.Kind.DRAIN, Command.Kind.LEAVE, Command.Kind.RETURN)) {
      if (runner.supports(hook(kind))) {
        supported.add(kind);
      }
    }
    this.protocol =
        new HookProtocol(node, directory.incarnation(), MEMORY_MILLIS, supported, new Actions());
    try {
      memory =
          CommandMemory.open(
              medium,
              directory.folder().resolve("commands"),
              System.currentTimeMillis(),
              protocol::remembered,
              protocol::rememberedCancelled);
    } catch (MediumException e) {
      throw new NodeException(
          Reason.MEDIUM, "the folder of the node cannot be read: " + e.getMessage(), e);
    }
  }

  private static Hook hook(Command.Kind kind) {
    return switch (kind) {
      case DRAIN -> Hook.DRAIN;
      case LEAVE -> Hook.OUT;
      default -> Hook.IN;
    };
  }

  /**
   * Starts one.
   *
   * @param folder its memory: belongs to one name and one process
   * @param client properties of the Kafka clients, at least {@code bootstrap.servers}
   * @param prefix first word of the topics
   * @param trusted whose admissions and halts are believed
   * @param telemetryMillis how often it measures itself; milliseconds, 0 for never
   * @throws NodeException when it cannot start; the message says what to do
   */
  public static HookNode start(
      String id,
      Place place,
      Path folder,
      HookRunner runner,
      Properties client,
      String prefix,
      Trusted trusted,
      long telemetryMillis)
      throws NodeException {
    Medium medium = new RealMedium();
    NodeDirectory directory = NodeDirectory.open(medium, folder, id);
    KafkaNodeLog log = null;
    try {
      log = KafkaNodeLog.open(client, prefix, Subject.node(id), trusted, 1_000);
      HookNode node = new HookNode(directory, medium, log, Subject.node(id), place, runner);
      node.begin(telemetryMillis);
      return node;
    } catch (NodeException e) {
      if (log != null) {
        log.close();
      }
      directory.close();
      throw e;
    }
  }

  private void begin(long telemetryMillis) {
    log.start(new Told());
    var unused =
        loop.scheduleAtFixedRate(
            safely(() -> log.member(member())), 0, MEMBER_MILLIS, TimeUnit.MILLISECONDS);
    if (telemetryMillis > 0) {
      unused =
          loop.scheduleAtFixedRate(
              safely(() -> log.frame(measure.frame(System.currentTimeMillis(), 0, free()))),
              0,
              telemetryMillis,
              TimeUnit.MILLISECONDS);
    }
    // A halt may end, or begin, by time alone.
    unused = loop.scheduleAtFixedRate(safely(this::brake), 1, 1, TimeUnit.SECONDS);
  }

  /** A task that fails is told and does not end the ones after it. */
  private static Runnable safely(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.error("The node goes on after a failure", e);
      }
    };
  }

  /** Level that it keeps: 1 with any program, else 0. */
  public int level() {
    return supported.isEmpty() ? 0 : 1;
  }

  /** From now on other keys are believed, for what was said before, too. */
  public void trust(Trusted trusted) {
    log.trust(trusted);
  }

  /** Number of this start. */
  public long incarnation() {
    return directory.incarnation();
  }

  private FleetEntry member() {
    FleetEntry entry =
        FleetEntries.of(
            new FleetMember(node, place, "", null, measure.capacityBytes(), false),
            System.currentTimeMillis());
    entry.setLabels(
        Map.of(
            NodeLabels.LEVEL,
            Integer.toString(level()),
            NodeLabels.FREE_BYTES,
            Long.toString(free())));
    return entry;
  }

  private long free() {
    try {
      return medium.usableBytes(directory.folder());
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
      return 0;
    }
  }

  private void brake() {
    Reach reach = Reach.of(node, place, place.pool());
    boolean now =
        PolicySet.of(policies.values(), Set.of(), 0)
                .halt(ActKind.DRAIN, reach, System.currentTimeMillis())
            != null;
    if (now != halted) {
      halted = now;
      LOG.info("Acts that touch this node are {}", now ? "halted" : "resumed");
      protocol.halted(halted, System.currentTimeMillis());
    }
  }

  /** Runs a program beside the loop and tells the protocol how it ended. */
  private void runProgram(Command command) {
    Map<String, String> variables = new HashMap<>();
    variables.put("NODE", node.id());
    variables.put("POOL", command.pool());
    variables.put("COMMAND", command.id());
    variables.put("EXPIRES_MILLIS", Long.toString(command.expiresMillis()));
    variables.put("REASON", command.reason());
    io.forestall.decisions.guard.Admission admission = command.admission();
    if (admission != null) {
      variables.put("ACT", admission.act().name());
      variables.put("ADMISSION", admission.id());
    }
    HookRunner.Result result;
    try {
      result = runner.run(hook(command.kind()), variables);
    } catch (InterruptedException e) {
      // The process ends: the command is not remembered, and is told again after the next start.
      Thread.currentThread().interrupt();
      return;
    }
    LOG.info(
        "{} ended with {} after {} ms: {}",
        command.kind(),
        result.exitCode(),
        result.tookMillis(),
        result.text());
    CommandAck.Code code =
        result.tryAgain()
            ? CommandAck.Code.BUSY
            : result.tooSlow() ? CommandAck.Code.TOO_SLOW : CommandAck.Code.IO_ERROR;
    loop.execute(
        safely(
            () ->
                protocol.ran(
                    command, result.done(), code, result.text(), System.currentTimeMillis())));
  }

  @Override
  public void close() {
    programs.shutdownNow();
    loop.shutdownNow();
    log.close();
    try {
      memory.close();
    } catch (MediumException e) {
      LOG.warn("{}", e.getMessage());
    }
    directory.close();
  }

  private final class Actions implements HookActions {
    @Override
    public void run(Command command) {
      programs.execute(safely(() -> runProgram(command)));
    }

    @Override
    public void ack(CommandAck ack) {
      log.ack(ack);
    }

    @Override
    public void remember(CommandAck last, long keepUntilMillis) {
      try {
        memory.remember(last, keepUntilMillis);
      } catch (MediumException e) {
        // The program changes nothing when it is run again, so a lost memory costs time only.
        LOG.error("The end of command {} is not remembered: {}", last.command(), e.getMessage());
      }
    }

    @Override
    public void rememberCancelled(String admission, long keepUntilMillis) {
      try {
        memory.rememberCancelled(admission, keepUntilMillis);
      } catch (MediumException e) {
        LOG.error(
            "The cancel of {} is remembered until the next start only: {}",
            admission,
            e.getMessage());
      }
    }
  }

  /** What the topics say; on the threads of the log. Only commands and policies matter here. */
  private final class Told implements NodeLog.Listener {
    @Override
    public void ownership(int partition, long offset, OwnershipEntry entry) {}

    @Override
    public void ownershipUnreadable(int partition, long offset, boolean tooNew, String why) {}

    @Override
    public void ownershipEnd(int partition, long end, long askedMillis) {}

    @Override
    public void delta(Delta delta, long offset) {}

    @Override
    public void deltasRead(String unit, long nextOffset) {}

    @Override
    public void deltasCaughtUp(String unit) {}

    @Override
    public void step(ShadowStep step, long offset) {}

    @Override
    public void stepsRead(String unit, long nextOffset) {}

    @Override
    public void stepsCaughtUp(String unit) {}

    @Override
    public void stepsLost(String unit, String why) {}

    @Override
    public void deltasLost(String unit, long wanted, long begins) {}

    @Override
    public void ownershipReread(int partition) {}

    @Override
    public void lag(long records, long bytes) {}

    @Override
    public void map(MapSlice slice) {}

    @Override
    public void mapGone(String key) {}

    @Override
    public void fleet(Subject subject, @Nullable FleetEntry entry) {}

    @Override
    public void policy(String key, @Nullable PolicyRecord record) {
      loop.execute(
          safely(
              () -> {
                if (record == null) {
                  policies.remove(key);
                } else if (record.kind() == PolicyRecord.Kind.HALT) {
                  policies.put(key, record);
                }
                brake();
              }));
    }

    @Override
    public void caughtUp() {}

    @Override
    public void command(Command command, Authority authority, @Nullable Admission signed) {
      loop.execute(safely(() -> protocol.command(command, authority, System.currentTimeMillis())));
    }

    @Override
    public void appendFailed(Delta delta, String why) {}

    @Override
    public void ownershipAppendFailed(OwnershipEntry entry, String why) {}
  }
}
