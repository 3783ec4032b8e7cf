package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.Admission;
import org.junit.jupiter.api.Test;

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

  private static org.assertj.core.groups.Tuple done(Admission admission) {
    return org.assertj.core.groups.Tuple.tuple(admission.id(), Admission.State.DONE);
  }
}
