package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.operators.RiskHarness.Backend;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.DecideSettings;
import io.forestall.operators.decide.SagaBrain;
import io.forestall.operators.decide.SagaMemory;
import io.forestall.operators.decide.Said;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.Command;
import io.forestall.schemas.CommandKind;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The sagas in the carrier: signed commands, halts, and what a restore does to them. */
class SagaCarrierTest {

  private static final String POOL = "p1";
  private static final long START = 1_767_225_600_000L;
  private static final long ADMITTED = START + 10_000;
  private static final Subject OLD = Subject.node("n-1");
  private static final Subject NEW = Subject.node("n-2");
  private static final UnitStep STEP = new UnitStep("v/0", 1, 2);

  private static Signatures.Signer signer;

  @BeforeAll
  static void key(@TempDir Path folder) throws Exception {
    signer = Signatures.generate(folder.resolve("guard.key"), folder.resolve("guard.pub"));
  }

  private static final class Harness implements AutoCloseable {
    final KeyedHarness<String, DecideInput, DecideInput, Said> inner;
    private int policies;

    Harness(Backend backend, long nowMillis, @Nullable OperatorSubtaskState from) throws Exception {
      inner =
          KeyedHarness.of(
              PoolOperator.<SagaMemory, DecideInput, DecideInput, Said>processingTime(
                  SagaBrain.factory(DecideSettings.defaults())),
              DecideInput::key,
              Types.STRING,
              Said.type(),
              backend,
              from);
      inner.wallClock(nowMillis);
    }

    List<Said> give(SagaInput... inputs) throws Exception {
      for (SagaInput input : inputs) {
        inner.send(
            new DecideInput.ForSaga(
                POOL,
                input,
                input instanceof SagaInput.AdmissionRead read
                    ? new AdmissionRecords().of(read.admission(), signer)
                    : null));
      }
      return List.copyOf(inner.news());
    }

    List<Said> pass(long untilMillis) throws Exception {
      inner.wallClock(untilMillis);
      return List.copyOf(inner.news());
    }

    List<Said> policy(
        PolicyRecord.Kind kind, String scope, ActKind act, @Nullable Long expiresMillis)
        throws Exception {
      PolicyRecord record =
          new PolicyRecord(
              PolicyRecords.key(scope, kind, "test"),
              "test",
              kind,
              1,
              true,
              scope,
              null,
              act,
              null,
              "ann",
              "the test says so",
              START,
              START,
              expiresMillis,
              Map.of(),
              "");
      inner.broadcast(
          new DecideInput.PolicyRead(
              record.key(),
              new PolicyRecords(Signatures.Trusted.NONE).write(record, null),
              0,
              policies++));
      return List.copyOf(inner.news());
    }

    /** A node that dies is not needed for it: a predicted failover of one unit. */
    List<Said> begin(long number) throws Exception {
      // What was admitted right at the start may have been begun before it.
      give(new SagaInput.NodeDescribed(OLD, 2, 60L << 30));
      pass(ADMITTED);
      return give(
          new SagaInput.NodeDescribed(NEW, 2, 60L << 30),
          new SagaInput.MapRead(map()),
          new SagaInput.OwnershipRead(
              0, entry(OwnershipEntry.Kind.START, OLD, new UnitStep("v/0", 0, 1), null)),
          new SagaInput.AdmissionRead(admission(number, Admission.State.ADMITTED)));
    }

    @Override
    public void close() throws Exception {
      inner.close();
    }
  }

  @Test
  void aFailoverRunsToItsEndWhereverTheJobIsKilled() throws Exception {
    boolean survived = false;
    int killedAfter = 0;
    while (!survived) {
      Run run = new Run();
      survived = run.go(Backend.HEAP, killedAfter);
      run.isDone("killed after answer " + killedAfter);
      killedAfter++;
    }
    assertThat(killedAfter).as("probes, PREPARE, PROMOTE, DEMOTE, the last probe").isGreaterThan(5);
    Run onRocks = new Run();
    onRocks.go(Backend.ROCKSDB, 3);
    onRocks.isDone("on RocksDB");
  }

  /** One failover with nodes that answer at once; their answers after a death are lost. */
  private static final class Run {
    final List<Said> all = new ArrayList<>();
    private final Deque<Said> heard = new ArrayDeque<>();
    private boolean fenced;

    /** True when it came to its end before the job was to be killed. */
    boolean go(Backend backend, int killedAfter) throws Exception {
      OperatorSubtaskState state;
      try (Harness sagas = new Harness(backend, START, null)) {
        say(sagas.begin(1));
        if (answer(sagas, killedAfter)) {
          return true;
        }
        state = sagas.inner.snapshot();
      }
      heard.clear();
      try (Harness sagas = new Harness(backend, ADMITTED + 10, state)) {
        say(sagas.pass(ADMITTED + 11));
        answer(sagas, Integer.MAX_VALUE);
      }
      return false;
    }

    private void say(List<Said> said) {
      all.addAll(said);
      heard.addAll(said);
    }

    /** Answers what is asked; true when nothing more is. */
    private boolean answer(Harness sagas, int most) throws Exception {
      for (int i = 0; i < most; i++) {
        Said next = heard.poll();
        if (next == null) {
          return true;
        }
        if (next.record() instanceof VolumeMap map) {
          say(sagas.give(new SagaInput.MapRead(MapRecords.slice(map))));
        } else if (next.record() instanceof Command command) {
          if (command.getKind() == CommandKind.PROMOTE && !fenced) {
            fenced = true;
            say(sagas.give(takeover()));
          }
          say(sagas.give(new SagaInput.Acked(SagaCarrierTest.answer(command))));
        }
      }
      return false;
    }

    void isDone(String how) throws Exception {
      assertThat(of(all, Ack.class))
          .as("%s: %s", how, all)
          .isNotEmpty()
          .allSatisfy(
              end -> {
                assertThat(end.getCommand()).isEqualTo("act/a-1");
                assertThat(end.getStatus()).isEqualTo(AckStatus.DONE);
                assertThat(end.getPool()).isEqualTo(POOL);
              });
      AdmissionRecords records = new AdmissionRecords();
      assertThat(commands(all).stream().map(Command::getKind))
          .as(how)
          .contains(CommandKind.PROMOTE);
      for (Command command : commands(all)) {
        if (command.getKind() != CommandKind.PROBE) {
          assertThat(records.check(command.getAdmission(), signer.trusted()).authority())
              .as("%s: %s carries the signature", how, command.getKind())
              .isEqualTo(Authority.VALID);
        }
      }
      VolumeMap map = of(all, VolumeMap.class).get(of(all, VolumeMap.class).size() - 1);
      assertThat(map.getSegments().get(0).getOwner().getId()).as(how).isEqualTo("n-2");
      assertThat(map.getSegments().get(0).getEpoch()).as(how).isEqualTo(2);
      assertThat(map.getDegradedReason())
          .as("%s: the former owner has not released", how)
          .contains("copies in sync are 1, fewer than 2");
    }
  }

  private static SagaInput takeover() {
    return new SagaInput.OwnershipRead(
        1, entry(OwnershipEntry.Kind.TAKEOVER, NEW, STEP, admission(1, Admission.State.ADMITTED)));
  }

  @Test
  void aHaltGivesBackWhatWasNotBegunAndEndsByItself() throws Exception {
    try (Harness sagas = new Harness(Backend.HEAP, START, null)) {
      sagas.policy(PolicyRecord.Kind.HALT, "pool/p1", ActKind.UNKNOWN, START + 60_000);
      assertThat(of(sagas.begin(1), Ack.class))
          .singleElement()
          .satisfies(end -> assertThat(end.getStatus()).isEqualTo(AckStatus.REFUSED));
      sagas.give(new SagaInput.AdmissionRead(admission(1, Admission.State.GIVEN_BACK)));

      sagas.pass(START + 60_001);
      assertThat(commands(sagas.give(next(2)))).as("it has expired").isNotEmpty();
    }
  }

  @Test
  void aHaltOfAnotherPoolOrOfSomeActsIsNotForAllSagas() throws Exception {
    try (Harness sagas = new Harness(Backend.HEAP, START, null)) {
      sagas.policy(PolicyRecord.Kind.HALT, "pool/p2", ActKind.UNKNOWN, null);
      sagas.policy(PolicyRecord.Kind.HALT, "all", ActKind.REPAIR, null);
      assertThat(of(sagas.begin(1), Ack.class)).isEmpty();
      assertThat(of(sagas.policy(PolicyRecord.Kind.HALT, "all", ActKind.UNKNOWN, null), Ack.class))
          .as("what is under way is given back")
          .hasSize(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHaltHoldsAfterARestore(Backend backend) throws Exception {
    OperatorSubtaskState state;
    try (Harness sagas = new Harness(backend, START, null)) {
      sagas.policy(PolicyRecord.Kind.HALT, "all", ActKind.UNKNOWN, null);
      state = sagas.inner.snapshot();
    }
    try (Harness sagas = new Harness(backend, START + 1, state)) {
      assertThat(of(sagas.begin(1), Ack.class)).hasSize(1);
    }
  }

  private static SagaInput next(long number) {
    return new SagaInput.AdmissionRead(admission(number, Admission.State.ADMITTED));
  }

  private static <T> List<T> of(List<Said> said, Class<T> type) {
    return said.stream().map(Said::record).filter(type::isInstance).map(type::cast).toList();
  }

  private static List<Command> commands(List<Said> said) {
    return of(said, Command.class);
  }

  private static SagaInput.MapSlice map() {
    return new SagaInput.MapSlice(
        "v",
        POOL,
        0,
        1,
        1,
        1,
        4096,
        4096,
        4096,
        2,
        List.of(
            new SagaInput.MapSegment(
                "v/0", 0, OLD, 1, List.of(new SagaInput.MapCopy(NEW, "REPLICA", "IN_SYNC", 0)))),
        START);
  }

  private static OwnershipEntry entry(
      OwnershipEntry.Kind kind, Subject owner, UnitStep step, @Nullable Admission admission) {
    return new OwnershipEntry(
        POOL,
        kind,
        List.of(step),
        owner,
        1,
        admission,
        admission == null ? Authority.NONE : Authority.VALID,
        owner.id(),
        START);
  }

  private static Admission admission(long number, Admission.State state) {
    return new Admission(
        "a-" + number,
        state == Admission.State.ADMITTED ? 1 : 2,
        state,
        "p-" + number,
        ActKind.FAILOVER,
        OLD,
        POOL,
        null,
        true,
        List.of(STEP),
        OLD,
        NEW,
        List.of(),
        number,
        ADMITTED,
        ADMITTED,
        ADMITTED + 600_000,
        ADMITTED,
        "a sentence",
        Map.of());
  }

  private static CommandAck answer(Command command) {
    return new CommandAck(
        command.getId(),
        Subject.node(command.getAddressee().getId()),
        OLD,
        POOL,
        CommandAck.Status.DONE,
        CommandAck.Code.NONE,
        "done",
        false,
        null,
        null,
        null,
        null,
        null,
        60L << 30,
        Map.of(SagaValues.UNITS_SERVING, 1.0, SagaValues.LAG_DELTAS, 0.0),
        1,
        1,
        START);
  }
}
