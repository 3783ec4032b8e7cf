package io.forestall.operators.decide;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaDecider;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.failover.SagaOutput;
import io.forestall.decisions.failover.SagaPolicy;
import io.forestall.decisions.failover.SagaState;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays failovers of nodes that do not exist, once in each process, so that the first real one
 * finds its classes loaded and its code compiled: nothing is so rare, and so much in a hurry, as
 * that. Nothing of it leaves this class.
 */
final class WarmUp {

  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final long MOST_NANOS = 2_000_000_000L;
  private static final int ROUNDS = 300;

  private static final String POOL = "warm-up";
  private static final Subject OLD = Subject.node("warm-up-1");
  private static final Subject NEW = Subject.node("warm-up-2");
  private static final UnitStep STEP = new UnitStep("warm-up/0", 1, 2);
  private static final long START = 1_767_225_600_000L;

  private final Signatures.@Nullable Signer signer;
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final OwnershipRecords ownership = new OwnershipRecords();
  private final Signatures.Trusted trusted;
  private int ended;

  WarmUp(Signatures.@Nullable Signer signer) {
    this.signer = signer;
    this.trusted = signer == null ? Signatures.Trusted.NONE : signer.trusted();
  }

  /** Begins it in the background, unless it was begun in this process before. */
  static void begin(Signatures.@Nullable Signer signer) {
    if (BEGUN.compareAndSet(false, true)) {
      Thread thread = new Thread(() -> new WarmUp(signer).play(), "forestall-warm-up");
      thread.setDaemon(true);
      thread.setPriority(Thread.MIN_PRIORITY);
      thread.start();
    }
  }

  /** Plays for a moment; what goes wrong is said and does no harm. */
  private void play() {
    long began = System.nanoTime();
    int rounds = 0;
    try {
      while (rounds < ROUNDS && System.nanoTime() - began < MOST_NANOS) {
        round();
        rounds++;
      }
      LOG.info("warmed up by {} failovers that only were played", rounds);
    } catch (IOException | WireException | RuntimeException e) {
      LOG.warn("the first failover will be slower: the warm-up failed in round {}", rounds, e);
    }
  }

  /**
   * Plays one failover to its end.
   *
   * @return how many ends were said so far
   */
  int round() throws IOException, WireException {
    SagaDecider decider = new SagaDecider(SagaPolicy.standard());
    SagaState state = decider.empty(POOL);
    Deque<SagaOutput> said = new ArrayDeque<>();
    Admission admission = admission();
    io.forestall.schemas.Admission signed =
        signer == null ? admissions.unsigned(admission) : admissions.of(admission, signer);
    hear(decider, state, new SagaInput.Started(), null, said);
    hear(decider, state, new SagaInput.NodeDescribed(OLD, 2, Long.MAX_VALUE), null, said);
    hear(decider, state, new SagaInput.NodeDescribed(NEW, 2, Long.MAX_VALUE), null, said);
    hear(decider, state, new SagaInput.MapRead(map()), null, said);
    hear(decider, state, owned(OwnershipEntry.Kind.START, OLD, null, 0), null, said);
    if (signer != null) {
      hear(
          decider,
          state,
          new SagaInput.AdmissionRead(admissions.admission(signed, trusted)),
          signed,
          said);
    } else {
      hear(decider, state, new SagaInput.AdmissionRead(admission), signed, said);
    }
    boolean fenced = false;
    for (SagaOutput output = said.poll(); output != null; output = said.poll()) {
      if (output instanceof SagaOutput.Ordered ordered) {
        Command command = ordered.command();
        if (command.kind() == Command.Kind.PROMOTE && !fenced) {
          fenced = true;
          hear(decider, state, owned(OwnershipEntry.Kind.TAKEOVER, NEW, admission, 1), null, said);
        }
        hear(decider, state, new SagaInput.Acked(answer(command, signed)), null, said);
      } else if (output instanceof SagaOutput.Mapped mapped) {
        SagaInput.MapSlice slice = MapRecords.slice(MapRecords.of(mapped.slice(), null));
        hear(decider, state, new SagaInput.MapRead(slice), null, said);
      } else if (output instanceof SagaOutput.Ended) {
        ended++;
      }
    }
    state.takeChanges();
    return ended;
  }

  /** Brings an input over an edge and to the decider, as the job does. */
  private static void hear(
      SagaDecider decider,
      SagaState state,
      SagaInput input,
      io.forestall.schemas.@Nullable Admission signed,
      Deque<SagaOutput> said)
      throws IOException {
    SagaInput heard = input;
    if (!(input instanceof SagaInput.Started)) {
      DataOutputSerializer out = new DataOutputSerializer(256);
      DecideInput.write(new DecideInput.ForSaga(POOL, input, signed), out);
      DecideInput back = DecideInput.read(new DataInputDeserializer(out.getCopyOfBuffer()));
      heard = ((DecideInput.ForSaga) back).input();
    }
    decider.decide(state, heard, START + 5_000, said::add);
  }

  private CommandAck answer(Command command, io.forestall.schemas.Admission signed)
      throws WireException {
    Command heard =
        commands
            .decode(commands.encode(command, command.admission() == null ? null : signed), trusted)
            .command();
    return acks.decode(
        acks.encode(
            new CommandAck(
                heard.id(),
                heard.addressee(),
                heard.subject(),
                POOL,
                CommandAck.Status.DONE,
                CommandAck.Code.NONE,
                "",
                false,
                null,
                null,
                null,
                null,
                null,
                Long.MAX_VALUE,
                Map.of(SagaValues.UNITS_SERVING, 1.0, SagaValues.LAG_DELTAS, 0.0),
                1,
                1,
                START)));
  }

  private SagaInput owned(
      OwnershipEntry.Kind kind, Subject owner, @Nullable Admission admission, long offset)
      throws WireException {
    OwnershipEntry entry =
        new OwnershipEntry(
            POOL,
            kind,
            List.of(admission == null ? new UnitStep(STEP.unit(), 0, 1) : STEP),
            owner,
            1,
            admission,
            admission == null ? Authority.NONE : Authority.VALID,
            owner.id(),
            START);
    // For its codec; what it is worth is known here.
    ownership.decode(
        ownership.encode(entry, admission == null ? null : admissions.unsigned(admission)),
        trusted);
    return new SagaInput.OwnershipRead(offset, entry);
  }

  private static SagaInput.MapSlice map() {
    return new SagaInput.MapSlice(
        "warm-up",
        POOL,
        0,
        1,
        1,
        0,
        4096,
        4096,
        4096,
        1,
        List.of(
            new SagaInput.MapSegment(
                STEP.unit(),
                0,
                OLD,
                1,
                List.of(new SagaInput.MapCopy(NEW, "REPLICA", "IN_SYNC", 0)))),
        START);
  }

  private static Admission admission() {
    return new Admission(
        "warm-up",
        1,
        Admission.State.ADMITTED,
        "warm-up",
        ActKind.FAILOVER,
        OLD,
        POOL,
        null,
        true,
        List.of(STEP),
        OLD,
        NEW,
        List.of(),
        1,
        START + 5_000,
        START,
        START + 60_000,
        START + 10_000,
        "Only played.",
        Map.of());
  }
}
