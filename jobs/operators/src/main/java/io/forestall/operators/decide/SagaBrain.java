package io.forestall.operators.decide;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.SagaDecider;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.failover.SagaOutput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Reach;
import io.forestall.operators.PoolBrain;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.AckStatus;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the sagas of each pool run in a {@link io.forestall.operators.PoolOperator}: keeps the halts
 * that pools share and the signed admissions that commands carry, tells each pool of the start, and
 * turns what the sagas say into records. Rows C1 to C6, E7, E8, G11, G13.
 */
public final class SagaBrain implements PoolBrain<SagaMemory, DecideInput, DecideInput, Said> {

  /** Measurement in the end of an act: longest pause of its units; milliseconds. */
  public static final String PAUSE_MILLIS = "pause-millis";

  private static final Logger LOG = LoggerFactory.getLogger(SagaBrain.class);

  private final PolicyRecords records;
  private final Sagas sagas;
  private final long incarnation;
  private final Map<String, PolicyRecord> halts = new TreeMap<>();
  private final SagaFigures figures;
  private long acksWritten;

  SagaBrain(PolicyRecords records, SagaDecider decider, long incarnation, MetricGroup metrics) {
    this.records = records;
    this.sagas = new Sagas(decider);
    this.incarnation = incarnation;
    this.figures = new SagaFigures(metrics);
  }

  /**
   * Makes brains where the job runs.
   *
   * @param settings the job's settings
   */
  public static PoolBrain.Factory<SagaMemory, DecideInput, DecideInput, Said> factory(
      DecideSettings settings) {
    return (context, metrics) -> {
      try {
        WarmUp.begin(settings.keys().signer());
        return new SagaBrain(
            new PolicyRecords(settings.keys().operators()),
            new SagaDecider(settings.saga().policy()),
            System.currentTimeMillis(),
            metrics);
      } catch (Signatures.KeyFileException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    };
  }

  @Override
  public Decider<SagaMemory, DecideInput, Said> decider() {
    return sagas;
  }

  @Override
  public void restoreShared(String row, byte[] body) {
    try {
      if (DecideInput.read(new DataInputDeserializer(body))
          instanceof DecideInput.PolicyRead read) {
        halts.put(row, record(read));
      }
    } catch (IOException e) {
      throw new IllegalStateException("the row '" + row + "' of the checkpoint cannot be read", e);
    } catch (WireException e) {
      // It was good when it was kept: the trusted keys have changed since. It does not count.
      LOG.warn("halt {} of the checkpoint is not believed any more: {}", row, e.getMessage());
    }
  }

  @Override
  public boolean share(DecideInput input, SharedRows rows) throws Exception {
    DecideInput.PolicyRead read = (DecideInput.PolicyRead) input;
    String row = read.policy();
    PolicyRecord record = null;
    if (read.value() != null) {
      try {
        record = record(read);
      } catch (WireException e) {
        // The gate has said so; here the last good one stays.
        return false;
      }
    }
    // A word about some kinds of acts only is the guard's, and the nodes', to obey.
    if (record == null
        || record.kind() != PolicyRecord.Kind.HALT
        || record.act() != ActKind.UNKNOWN) {
      if (halts.remove(row) == null) {
        return false;
      }
      rows.put(row, null);
      return true;
    }
    halts.put(row, record);
    DataOutputSerializer out = new DataOutputSerializer(256);
    DecideInput.write(read, out);
    rows.put(row, out.getCopyOfBuffer());
    return true;
  }

  private PolicyRecord record(DecideInput.PolicyRead read) throws WireException {
    return Policies.read(records, read.policy(), Objects.requireNonNull(read.value()));
  }

  @Override
  public List<DecideInput> greetings(String key) {
    return List.of(new DecideInput.ForSaga(key, new SagaInput.Started(), null));
  }

  @Override
  public List<DecideInput> news(String key) {
    // Whether they hold is a question of the time, which the decider knows.
    return List.of(new DecideInput.ForSaga(key, new SagaInput.Halted(false), null));
  }

  private boolean halted(Reach reach, long nowMillis) {
    for (PolicyRecord halt : halts.values()) {
      if (halt.holdsAt(nowMillis) && reach.narrowness(halt.scope()) >= 0) {
        return true;
      }
    }
    return false;
  }

  private long nextHaltMillis(Reach reach, long nowMillis) {
    long next = Decider.NO_ALARM;
    for (PolicyRecord halt : halts.values()) {
      if (halt.enabled() && reach.narrowness(halt.scope()) >= 0) {
        Long expires = halt.expiresMillis();
        if (halt.notBeforeMillis() > nowMillis) {
          next = Math.min(next, halt.notBeforeMillis());
        } else if (expires != null && expires > nowMillis) {
          next = Math.min(next, expires);
        }
      }
    }
    return next;
  }

  /** The sagas between the job's inputs and its records. */
  private final class Sagas implements Decider<SagaMemory, DecideInput, Said> {

    private final SagaDecider inner;

    Sagas(SagaDecider inner) {
      this.inner = inner;
    }

    @Override
    public SagaMemory empty(String key) {
      return new SagaMemory(key, inner.empty(key));
    }

    @Override
    public void decide(
        SagaMemory memory, DecideInput event, long nowMillis, Consumer<Said> decisions) {
      DecideInput.ForSaga saga = (DecideInput.ForSaga) event;
      SagaInput input = saga.input();
      if (input instanceof SagaInput.Halted) {
        memory.nextHaltMillis = nowMillis;
        look(memory, nowMillis, decisions);
      } else if (input instanceof SagaInput.Started) {
        tell(memory, input, nowMillis, decisions);
        look(memory, nowMillis, decisions);
      } else {
        // A halt that has just begun comes before what it forbids.
        look(memory, nowMillis, decisions);
        if (input instanceof SagaInput.AdmissionRead read) {
          remember(memory, read.admission(), saga.signed());
        } else if (input instanceof SagaInput.Acked acked
            && !acked.ack().command().startsWith(SagaDecider.ACT_PREFIX)) {
          figures.acked(acked.ack());
        }
        tell(memory, input, nowMillis, decisions);
      }
      memory.prune();
      figures.look(memory);
    }

    @Override
    public void wake(SagaMemory memory, long nowMillis, Consumer<Said> decisions) {
      look(memory, nowMillis, decisions);
      inner.wake(memory.sagas(), nowMillis, output -> say(memory, output, nowMillis, decisions));
      memory.prune();
      figures.look(memory);
    }

    @Override
    public long alarmMillis(SagaMemory memory) {
      return memory.isEmpty()
          ? NO_ALARM
          : Math.min(memory.nextHaltMillis, inner.alarmMillis(memory.sagas()));
    }

    private void tell(
        SagaMemory memory, SagaInput input, long nowMillis, Consumer<Said> decisions) {
      inner.decide(
          memory.sagas(), input, nowMillis, output -> say(memory, output, nowMillis, decisions));
    }

    /** Looks whether a halt began or ended. */
    private void look(SagaMemory memory, long nowMillis, Consumer<Said> decisions) {
      if (memory.halted != null && nowMillis < memory.nextHaltMillis) {
        return;
      }
      Reach reach = Reach.of(null, null, memory.pool());
      boolean now = halted(reach, nowMillis);
      memory.nextHaltMillis = nextHaltMillis(reach, nowMillis);
      if (memory.halted == null || memory.halted != now) {
        tell(memory, new SagaInput.Halted(now), nowMillis, decisions);
      }
      memory.halted = now;
    }
  }

  private static void remember(
      SagaMemory memory, Admission admission, io.forestall.schemas.@Nullable Admission signed) {
    if (admission.state() == Admission.State.ADMITTED && signed != null) {
      memory.keep(signed);
    }
  }

  private void say(SagaMemory memory, SagaOutput output, long nowMillis, Consumer<Said> out) {
    if (output instanceof SagaOutput.Ordered ordered) {
      order(memory, ordered.command(), out);
    } else if (output instanceof SagaOutput.Ended ended) {
      figures.ended(ended);
      out.accept(new Said(Said.Topic.ACKS, end(ended, nowMillis)));
    } else if (output instanceof SagaOutput.Mapped mapped) {
      figures.mapped();
      out.accept(
          new Said(Said.Topic.MAPS, MapRecords.of(mapped.slice(), degraded(mapped.slice()))));
    } else if (output instanceof SagaOutput.Proposed proposed) {
      out.accept(new Said(Said.Topic.PROPOSALS, GuardRecords.of(proposed.proposal())));
    } else if (output instanceof SagaOutput.Noted noted) {
      out.accept(new Said(Said.Topic.EVENTS, IncidentRecords.event(noted.event())));
    }
  }

  private void order(SagaMemory memory, Command command, Consumer<Said> out) {
    Admission admission = command.admission();
    io.forestall.schemas.Admission signed =
        admission == null ? null : memory.signed(admission.id());
    if (admission != null && signed == null) {
      // Without it the addressee would refuse: better to say here what is wrong.
      figures.orderedWithoutAdmission();
      LOG.error(
          "command {} was to be given under admission {}, whose record is not known: dropped",
          command.id(),
          admission.id());
      return;
    }
    figures.ordered(command.kind());
    out.accept(new Said(Said.Topic.COMMANDS, CommandRecords.of(command, signed)));
  }

  /** Why a slice lacks copies, null when it does not. */
  static @Nullable String degraded(SagaInput.MapSlice slice) {
    for (SagaInput.MapSegment segment : slice.segments()) {
      int copies = 1;
      for (SagaInput.MapCopy copy : segment.copies()) {
        if (copy.state().equals("IN_SYNC") && !copy.role().equals("ARCHIVE")) {
          copies++;
        }
      }
      if (copies < slice.minReplicas()) {
        return "unit "
            + segment.unit()
            + ": copies in sync are "
            + copies
            + ", fewer than "
            + slice.minReplicas();
      }
    }
    return null;
  }

  private Ack end(SagaOutput.Ended ended, long nowMillis) {
    Admission admission = ended.admission();
    Ack ack = new Ack();
    ack.setCommand(DecideReaders.ACT_PREFIX + admission.id());
    ack.setFrom(
        FleetEntries.entity(Objects.requireNonNullElse(admission.target(), admission.subject())));
    ack.setSubject(FleetEntries.entity(admission.subject()));
    ack.setStatus(ended.state() == Admission.State.DONE ? AckStatus.DONE : AckStatus.REFUSED);
    ack.setCode(
        switch (ended.state()) {
          case DONE -> AckCode.NONE;
          case CANCELLED -> AckCode.CANCELLED;
          case EXPIRED -> AckCode.EXPIRED;
          default -> AckCode.UNKNOWN;
        });
    ack.setText(ended.text());
    ack.setValues(
        ended.pauseMillis() < 0 ? Map.of() : Map.of(PAUSE_MILLIS, (double) ended.pauseMillis()));
    ack.setIncarnation(incarnation);
    ack.setSequence(++acksWritten);
    ack.setTimeMillis(nowMillis);
    ack.setPool(admission.pool());
    return ack;
  }
}
