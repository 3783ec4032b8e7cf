package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.TestingPool.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.guard.GuardDecision.Outcome;
import org.junit.jupiter.api.Test;

class PoolArbiterTest {

  @Test
  void adviseIsTheDefaultAndAdmitsNothing() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(3), false, 0, ActKind.FAILOVER)));
    assertThat(pool.made()).hasSize(1);
    assertThat(pool.decisions())
        .singleElement()
        .satisfies(
            decision -> {
              assertThat(decision.text()).isNotEmpty();
              assertThat(decision.guards())
                  .filteredOn(result -> !result.passed())
                  .extracting(GuardResult::guard)
                  .containsExactly("mode");
              assertThat(decision.outcome()).isEqualTo(Outcome.ADVISED);
            });
    assertThat(pool.log).extracting(Admission::state).containsOnly(Admission.State.STARTED);
  }

  @Test
  void whatIsSwitchedOnIsAdmittedOnceTheLogHoldsIt() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.readsBack = false;
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(3), false, 0, ActKind.FAILOVER)));
    assertThat(pool.decisions()).isEmpty();
    assertThat(pool.log).hasSize(2);
    pool.settle();
    assertThat(pool.decisions())
        .singleElement()
        .satisfies(d -> assertThat(d.outcome()).isEqualTo(Outcome.ADMITTED));
    Admission admission = pool.log.get(1);
    assertThat(admission.sequence()).isEqualTo(1);
    assertThat(admission.target()).isIn(node(4), node(5));
    assertThat(pool.state.lockOwner("segment/v1-0")).isEqualTo(admission.id());
    pool.readsBack = true;
    pool.give(new GuardInput.ActEnded(admission.id(), Admission.State.DONE, "Done."));
    assertThat(pool.state.locks()).isEmpty();
    assertThat(pool.decisions().get(1).outcome()).isEqualTo(Outcome.ENDED);
  }

  @Test
  void fourActsForOneUnitInTheSameMillisecond() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.readsBack = false;
    for (int i = 0; i < 4; i++) {
      pool.give(
          new GuardInput.Proposed(
              pool.proposal("four-" + i, ActKind.FAILOVER, node(3), node(4), "v1-0")));
    }
    pool.settle();
    assertThat(pool.decisions()).filteredOn(d -> d.outcome() == Outcome.ADMITTED).hasSize(1);
    String owner = pool.log.get(1).id();
    assertThat(pool.decisions())
        .filteredOn(d -> d.outcome() == Outcome.REFUSED)
        .hasSize(3)
        .allSatisfy(
            d -> {
              assertThat(d.code()).isEqualTo(DecisionCode.UNIT_LOCKED);
              assertThat(d.lockOwner()).isEqualTo(owner);
              assertThat(d.text()).contains(owner);
            });
  }
}
