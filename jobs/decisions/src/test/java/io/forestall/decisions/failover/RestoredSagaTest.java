package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the protocol's simulator found about sagas that are restored from long ago. */
class RestoredSagaTest {

  /**
   * The ownership log is read ahead of the admissions: the units have gone on to others by then.
   */
  @Test
  void anActThatWasDoneIsNotSaidToBeGivenBack() {
    TestingFailover pool = TestingFailover.of(3, 1);
    TestingFailover.Checkpoint before = pool.checkpoint();
    Admission first = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    pool.pass(5_000);
    Admission second = pool.admit(ActKind.FAILOVER, true, 1, 2, 0);
    pool.settle();
    pool.pass(5_000);
    assertThat(pool.ends)
        .extracting(end -> end.admission().id(), SagaOutput.Ended::state)
        .containsExactly(done(first), done(second));
    pool.ends.clear();

    pool.restore(before);
    while (pool.ownershipRead < pool.ownership.size()) {
      pool.give(
          new SagaInput.OwnershipRead(
              pool.ownershipRead, pool.ownership.get(pool.ownershipRead++)));
    }
    TestingFailover.Checkpoint between = pool.checkpoint();
    pool.restore(between);
    pool.settle();
    pool.pass(60_000);

    assertThat(pool.ends)
        .extracting(SagaOutput.Ended::state)
        .as("said again after the restore, if at all")
        .doesNotContain(Admission.State.GIVEN_BACK);
    assertThat(pool.state.open()).isZero();
  }

  /** A job without any state reads the logs from their beginning. */
  private static TestingFailover fresh(TestingFailover pool) {
    pool.commands.clear();
    pool.forgetDelivered();
    pool.ends.clear();
    pool.now += 100;
    pool.restore(new TestingFailover.Checkpoint(Map.of(), 0, 0, 0, 0));
    for (int i = 0; i < 3; i++) {
      pool.give(new SagaInput.NodeDescribed(TestingFailover.node(i), 2, 100L << 30));
    }
    return pool;
  }

  @Test
  void actsWhoseEndStandsFurtherOnInTheLogAreNotAskedAbout() {
    TestingFailover pool = TestingFailover.of(3, 1);
    for (int i = 0; i < 50; i++) {
      pool.admit(ActKind.FAILOVER, i % 2 == 0, i % 3, (i + 1) % 3, 0);
      pool.pass(3_600_000);
    }

    fresh(pool);
    while (pool.admissionsRead < pool.admissions.size()) {
      pool.readAdmission();
      pool.now += 5;
    }
    pool.pass(3_600_000);

    assertThat(pool.commands)
        .as("the newest act's former owner alone is watched for its return")
        .filteredOn(command -> !command.reason().startsWith("Do you follow"))
        .isEmpty();
    assertThat(pool.ends).isEmpty();
    assertThat(pool.state.sagas()).isEmpty();
  }

  @Test
  void anActThatWasUnderWayGoesOnOnceTheLogsWereRead() {
    TestingFailover pool = TestingFailover.of(3, 1);
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.readAdmission();
    pool.settleUntilOrdered(Command.Kind.PREPARE);

    fresh(pool);
    pool.settle();
    assertThat(pool.commands).as("there may be more to read").isEmpty();
    pool.pass(pool.policy.stepMillis() + 1);

    assertThat(pool.ends).extracting(SagaOutput.Ended::state).contains(Admission.State.DONE);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(1));
    assertThat(pool.state.isFollowing(admission.id())).isFalse();
  }

  @Test
  void anActThatExpiredLongAgoIsGivenBackWithoutQuestions() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.guardAnswers = false;
    pool.delivers = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.now += 3_600_000;

    fresh(pool);
    pool.pass(60_000);

    assertThat(pool.ordered(Command.Kind.PROBE)).isEmpty();
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
  }

  @Test
  void anActThatSomebodyEndedAMomentAgoIsCancelledAtItsTarget() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).appends = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    pool.at(1).appended.clear();
    pool.write(admission, Admission.State.CANCELLED, "ann cancelled it");

    fresh(pool);
    pool.pass(5_000);

    assertThat(pool.ordered(Command.Kind.PROBE)).isEmpty();
    assertThat(pool.ordered(Command.Kind.CANCEL)).hasSize(1);
    assertThat(pool.at(1).cancelled).contains(admission.id());
    assertThat(pool.state.sagas()).isEmpty();
  }

  /** The admission is read before the fleet, which stands in another topic. */
  @Test
  void aDrainOfANodeThatIsDescribedLaterIsCarriedOut() {
    TestingFailover pool = TestingFailover.of(3, 0);
    Admission drain =
        pool.admit(ActKind.DRAIN, true, TestingFailover.node(2), null, new ArrayList<>());
    pool.now += 100;
    pool.restore(new TestingFailover.Checkpoint(Map.of(), 0, 0, 0, 0));
    pool.settle();
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(2), 1, null));

    pool.pass(5_000);

    assertThat(pool.endState(drain)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ordered(Command.Kind.DRAIN)).hasSize(1);
  }

  @Test
  void aRecordOfAClockThatIsBehindHoldsNothingUpForLong() {
    TestingFailover pool = TestingFailover.of(3, 2);
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.readAdmission();
    pool.settleUntilOrdered(Command.Kind.PREPARE);
    fresh(pool);
    for (int i = 0; pool.ends.isEmpty() && i < 1_000; i++) {
      pool.append(
          new OwnershipEntry(
              TestingFailover.POOL,
              OwnershipEntry.Kind.START,
              List.of(new UnitStep(TestingFailover.unit(1), i + 1, i + 2)),
              TestingFailover.node(0),
              i + 2,
              null,
              Authority.NONE,
              "n0",
              TestingFailover.START));
      pool.pass(500);
    }

    assertThat(pool.ends).extracting(SagaOutput.Ended::state).contains(Admission.State.DONE);
  }

  /** Where the saga of the table's act stands; NONE before it was read and after its end was. */
  private static String stepOf(TestingFailover pool) {
    return pool.state.sagas().values().stream()
        .map(saga -> saga.step.name())
        .findFirst()
        .orElse("NONE");
  }

  /** A new world with one act under way; the new owner says that it drains. */
  private static TestingFailover underWay(boolean planned, boolean mapsComeLast) {
    TestingFailover pool = TestingFailover.of(3, 2);
    pool.mapsComeLast = mapsComeLast;
    pool.at(1).tells = true;
    pool.at(0).alive = planned;
    pool.admit(ActKind.FAILOVER, planned, 0, 1, 0, 1);
    return pool;
  }

  /**
   * A table: the job's checkpoint is taken after each single thing that happens, the job dies a few
   * things later, and goes on from the checkpoint.
   */
  @ParameterizedTest
  @CsvSource({
    "true, false, 0",
    "true, false, 1",
    "true, false, 4",
    "true, false, 1000",
    "true, true, 0",
    "true, true, 3",
    "false, false, 0",
    "false, false, 1",
    "false, false, 4",
    "false, true, 2",
    "false, true, 1000"
  })
  void anActComesToItsEndWhereverTheJobIsKilled(
      boolean planned, boolean mapsComeLast, int diesAfter) {
    Set<String> steps = new TreeSet<>();
    boolean more = true;
    for (int taken = 1; more; taken++) {
      TestingFailover pool = underWay(planned, mapsComeLast);
      for (int i = 0; i < taken; i++) {
        more = pool.step();
      }
      String step = stepOf(pool);
      steps.add(step);
      TestingFailover.Checkpoint checkpoint = pool.checkpoint();
      for (int i = 0; i < diesAfter; i++) {
        pool.step();
      }
      pool.now += 3_000;

      pool.restore(checkpoint);
      pool.pass(90_000);

      String where = "checkpoint after " + taken + " at " + step;
      assertThat(pool.ends).as(where).isNotEmpty();
      assertThat(pool.ends)
          .as(where)
          .extracting(SagaOutput.Ended::state)
          .containsOnly(Admission.State.DONE);
      assertThat(pool.state.sagas()).as(where).isEmpty();
      for (int unit = 0; unit < 2; unit++) {
        Owned owned = pool.truth.owned(TestingFailover.unit(unit));
        assertThat(owned).as(where).isNotNull();
        assertThat(owned == null ? -1 : owned.epoch()).as(where).isEqualTo(2);
        SagaInput.MapSegment segment = pool.map(unit).segments().get(0);
        assertThat(segment.owner()).as(where).isEqualTo(TestingFailover.node(1));
        assertThat(segment.epoch()).as(where).isEqualTo(2);
      }
    }
    assertThat(steps)
        .contains("NONE", "CHECKING", "INSTRUCTED", "FENCED", "DRAINED", "ENDED")
        .contains(mapsComeLast ? "PROMOTED" : "MAPPED");
    assertThat(steps.contains("PREPARING")).isEqualTo(planned);
  }

  private static org.assertj.core.groups.Tuple done(Admission admission) {
    return org.assertj.core.groups.Tuple.tuple(admission.id(), Admission.State.DONE);
  }
}
