package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardRows;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.incident.FleetEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Acts on shadows, and switchovers to them. */
class ShadowSagaTest {

  private static final long MIB = 1L << 20;
  private static final ShadowLimits LIMITS = SagaPolicy.standard().shadow();

  /** n0 owns, n1 and n2 hold replicas, n3 holds nothing. */
  private static TestingFailover pool(int units) {
    TestingFailover pool = TestingFailover.of(3, units);
    pool.join(3);
    pool.settle();
    return pool;
  }

  /** The same with shadows in sync on n3. */
  private static TestingFailover shadowed(int units) {
    TestingFailover pool = pool(units);
    int[] all = IntStream.range(0, units).toArray();
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, all);
    pool.settle();
    for (int unit : all) {
      pool.stands(unit, 3, "IN_SYNC", 0, 0);
    }
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    return pool;
  }

  private static Admission retire(TestingFailover pool, int node, int... units) {
    List<UnitStep> steps = new ArrayList<>();
    for (int unit : units) {
      long epoch = pool.map(unit).segments().get(0).epoch();
      steps.add(new UnitStep(TestingFailover.unit(unit), epoch, epoch + 1));
    }
    return pool.admit(ActKind.RETIRE_SHADOW, false, TestingFailover.node(node), null, steps);
  }

  private static @Nullable String state(TestingFailover pool, int unit, int node) {
    MapCopy copy = ShadowMaps.copy(pool.map(unit).segments().get(0), TestingFailover.node(node));
    return copy == null ? null : copy.role() + " " + copy.state();
  }

  private static List<FleetEvent> events(TestingFailover pool, Admission admission) {
    return pool.said.stream()
        .filter(SagaOutput.Noted.class::isInstance)
        .map(output -> ((SagaOutput.Noted) output).event())
        .filter(event -> admission.id().equals(event.labels().get("admission")))
        .toList();
  }

  // ------------------------------------------------------------------- building

  @Test
  void aShadowIsAskedForInTheMapAndDoneOnceItIsInSync() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);

    pool.settle();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW COPYING");
    assertThat(pool.ordered(Command.Kind.CREATE_SHADOW))
        .singleElement()
        .satisfies(
            command -> {
              assertThat(command.addressee()).isEqualTo(TestingFailover.node(3));
              assertThat(command.isUnder(admission)).isTrue();
              assertThat(command.units()).isEqualTo(admission.units());
            });
    pool.stands(0, 3, "CATCHING_UP", 0, 100);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW CATCHING_UP");
    assertThat(pool.end(admission)).isNull();
    pool.stands(0, 3, "IN_SYNC", 0, 0);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW IN_SYNC");
    assertThat(pool.states(admission)).containsExactly("BUILDING", "DONE");
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(0));
    assertThat(pool.state.sagas()).as("its end was read back").isEmpty();
  }

  @Test
  void theNodeIsToldOfAShadowOnceTheMapWasRead() {
    TestingFailover pool = pool(1);
    pool.mapsReadBack = false;
    pool.admit(ActKind.SHADOW, true, 0, 3, 0);

    pool.settle();
    assertThat(pool.ordered(Command.Kind.CREATE_SHADOW)).isEmpty();
    pool.mapsReadBack = true;
    pool.settle();

    assertThat(pool.ordered(Command.Kind.CREATE_SHADOW)).hasSize(1);
  }

  @Test
  void aShadowThatComesNoFurtherIsGivenBackAndGoes() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    pool.stands(0, 3, "COPYING", 10 * MIB, 0);

    pool.pass(LIMITS.stallMillis() - 1);
    assertThat(pool.end(admission)).isNull();
    pool.pass(1);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("no further for 600 s");
    assertThat(pool.states(admission)).containsExactly("BUILDING", "RETIRING", "GIVEN_BACK");
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).hasSize(1);
    assertThat(state(pool, 0, 3)).isNull();
    assertThat(pool.state.mark(TestingFailover.unit(0), TestingFailover.node(3))).isNull();
  }

  @Test
  void aShadowThatFetchesIsWaitedForUntilItTakesTooLong() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    long missing = 1L << 40;
    long began = pool.now;

    while (pool.now < began + LIMITS.buildMillis() - LIMITS.stallMillis()) {
      missing -= MIB;
      pool.stands(0, 3, "COPYING", missing, 0);
      pool.pass(LIMITS.stallMillis() - 1_000);
      assertThat(pool.end(admission)).isNull();
    }
    pool.stands(0, 3, "COPYING", missing - MIB, 0);
    pool.pass(LIMITS.stallMillis() - 1_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("not in sync after 86400 s");
  }

  @Test
  void aNodeThatRefusesAShadowHasItTakenAway() {
    TestingFailover pool = pool(1);
    pool.at(3).refuses = Command.Kind.CREATE_SHADOW;
    pool.at(3).refusesWith = CommandAck.Code.NO_SPACE;
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("NO_SPACE");
    assertThat(state(pool, 0, 3)).isNull();
  }

  @Test
  void aNodeThatIsBusyIsAskedForItsShadowAgain() {
    TestingFailover pool = pool(1);
    pool.at(3).refuses = Command.Kind.CREATE_SHADOW;
    pool.at(3).refusesWith = CommandAck.Code.BUSY;
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();

    pool.at(3).refuses = null;
    pool.pass(10_000);

    assertThat(pool.end(admission)).isNull();
    assertThat(pool.ordered(Command.Kind.CREATE_SHADOW)).hasSize(2);
  }

  @Test
  void whatIsInSyncStaysWhenTheRestIsGivenBack() {
    TestingFailover pool = pool(2);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0, 1);
    pool.settle();
    pool.stands(0, 3, "IN_SYNC", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    pool.give(new SagaInput.NodeRisk(TestingFailover.node(3), true));
    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("at risk itself");
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW))
        .singleElement()
        .satisfies(
            command ->
                assertThat(command.units())
                    .extracting(UnitStep::unit)
                    .containsExactly(TestingFailover.unit(1)));
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW IN_SYNC");
    assertThat(state(pool, 1, 3)).isNull();
  }

  @Test
  void aHaltGivesBackWhatIsBuilt() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();

    pool.give(new SagaInput.Halted(true));
    pool.settle();
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(state(pool, 0, 3)).isNull();

    Admission next = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    assertThat(pool.endState(next)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.states(next)).as("nothing was begun").containsExactly("GIVEN_BACK");
  }

  @Test
  void aShadowOnAHolderOrOnANodeThatCannotIsNotBegun() {
    TestingFailover pool = pool(1);
    int written = pool.maps.size();
    Admission onReplica = pool.admit(ActKind.SHADOW, true, 0, 1, 0);
    pool.settle();
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(3), 1, 100L << 30));
    Admission onLevelOne = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(3), 2, MIB));
    Admission onFull = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();

    assertThat(Objects.requireNonNull(pool.end(onReplica)).text()).contains("holds v0/0 already");
    assertThat(Objects.requireNonNull(pool.end(onLevelOne)).text()).contains("level 1");
    assertThat(Objects.requireNonNull(pool.end(onFull)).text()).contains("bytes left");
    assertThat(pool.ends)
        .extracting(SagaOutput.Ended::state)
        .containsOnly(Admission.State.GIVEN_BACK);
    assertThat(pool.maps).hasSize(written);
    assertThat(pool.ordered(Command.Kind.CREATE_SHADOW)).isEmpty();
  }

  @Test
  void aKeeperThatLeavesIsNamedByNoMap() {
    TestingFailover pool = shadowed(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 4, 0);
    pool.join(4);
    pool.settle();
    assertThat(state(pool, 0, 4)).isEqualTo("SHADOW COPYING");

    pool.give(new SagaInput.NodeLeft(TestingFailover.node(4)));
    pool.give(new SagaInput.NodeLeft(TestingFailover.node(3)));
    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(state(pool, 0, 4)).isNull();
    assertThat(state(pool, 0, 3)).isNull();
  }

  @Test
  void whatWasSaidOfAShadowThatTheNodeHeldBeforeDoesNotCount() {
    TestingFailover pool = pool(1);
    pool.now += 3_600_000;
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    long now = pool.now;

    pool.now = now - 3_000_000;
    pool.stands(0, 3, "IN_SYNC", 0, 0);
    pool.now = now;
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(pool.end(admission)).isNull();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW COPYING");
  }

  @Test
  void aShadowIsInSyncOnlyWithTheEpochThatTheMapHas() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();

    pool.stands(0, 3, "IN_SYNC", 0, 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(pool.end(admission)).isNull();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW COPYING");
    pool.stands(0, 3, "IN_SYNC", 0, 0, 1);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void aShadowThatLosesTouchIsNotCountedAsInSync() {
    TestingFailover pool = shadowed(1);

    pool.stands(0, 3, "DIVERGED", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW DIVERGED");
    pool.stands(0, 3, "IN_SYNC", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW IN_SYNC");
  }

  /** A replica that has to catch up is asked whether it follows; whoever feeds a shadow knows. */
  @Test
  void aShadowThatCatchesUpIsNotTakenForAReplica() {
    TestingFailover pool = shadowed(1);
    pool.stands(0, 3, "CATCHING_UP", 0, MIB);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    pool.commands.clear();
    pool.forgetDelivered();

    pool.pass(60_000);

    assertThat(pool.ordered(Command.Kind.PROBE)).isEmpty();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW CATCHING_UP");
  }

  // ------------------------------------------------------------------- retiring

  @Test
  void aShadowGoesFromTheMapFirstAndThenFromItsNode() {
    TestingFailover pool = shadowed(1);
    pool.mapsReadBack = false;
    Admission admission = retire(pool, 3, 0);

    pool.settle();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW RETIRING");
    pool.pass(5_000);
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).as("the map was not read").isEmpty();
    pool.mapsReadBack = true;
    pool.settle();

    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW))
        .singleElement()
        .satisfies(
            command -> {
              assertThat(command.addressee()).isEqualTo(TestingFailover.node(3));
              assertThat(command.isUnder(admission)).isTrue();
              assertThat(command.expiresMillis()).isEqualTo(pool.now + 30_000);
            });
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(state(pool, 0, 3)).isNull();
    assertThat(pool.states(admission)).containsExactly("RETIRING", "DONE");
  }

  @Test
  void aShadowOnItsWayOutStaysSoWhateverIsSaidOfIt() {
    TestingFailover pool = shadowed(1);
    pool.at(3).alive = false;
    retire(pool, 3, 0);
    pool.settle();

    pool.stands(0, 3, "IN_SYNC", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW RETIRING");
  }

  @Test
  void aShadowOfADeadNodeGoesFromTheMapWhenNobodyCanObeyAnyMore() {
    TestingFailover pool = shadowed(1);
    pool.at(3).alive = false;
    Admission admission = retire(pool, 3, 0);

    pool.pass(30_000);
    assertThat(pool.end(admission)).isNull();
    long last = pool.ordered(Command.Kind.RETIRE_SHADOW).get(4).expiresMillis();
    pool.pass(60_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ends.get(1).text()).contains("does not answer");
    assertThat(pool.mapped().get(pool.mapped().size() - 1).timeMillis())
        .isEqualTo(last + SagaDecider.GRACE_MILLIS);
    assertThat(state(pool, 0, 3)).isNull();
  }

  @Test
  void aShadowIsNotRetiredWhileATakeoverMakesItTheOwner() {
    TestingFailover pool = shadowed(1);
    pool.at(3).appends = false;
    Admission switchover = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);
    pool.settle();
    assertThat(pool.states(switchover)).endsWith("INSTRUCTED");

    Admission before = retire(pool, 3, 0);
    pool.settle();
    pool.at(3).serves = false;
    pool.takeover(pool.at(3), switchover);
    pool.settle();
    assertThat(pool.states(switchover)).endsWith("FENCED");
    Admission draining = retire(pool, 3, 0);
    pool.settle();

    for (Admission each : List.of(before, draining)) {
      assertThat(pool.endState(each)).isEqualTo(Admission.State.GIVEN_BACK);
      assertThat(Objects.requireNonNull(pool.end(each)).text()).contains(switchover.id());
    }
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).isEmpty();
    assertThat(pool.maps.toString()).doesNotContain("RETIRING");
  }

  @Test
  void aTakeoverIsNotBegunByAShadowOnItsWayOut() {
    TestingFailover pool = shadowed(1);
    pool.mapsReadBack = false;
    retire(pool, 3, 0);
    pool.settle();

    Admission switchover = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);
    pool.settle();

    assertThat(pool.endState(switchover)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(Objects.requireNonNull(pool.end(switchover)).text()).contains("on its way out");
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
  }

  @Test
  void aRetirementThatIsCancelledBeforeItsNodeWasToldLeavesTheShadow() {
    TestingFailover pool = shadowed(1);
    pool.mapsReadBack = false;
    Admission admission = retire(pool, 3, 0);
    pool.settle();
    pool.write(admission, Admission.State.CANCELLED, "An operator ended it.");

    pool.settle();

    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW IN_SYNC");
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).isEmpty();
    assertThat(pool.state.sagas()).isEmpty();
  }

  @Test
  void aRetirementThatIsCancelledLaterIsCompleted() {
    TestingFailover pool = shadowed(1);
    pool.at(3).obeys = false;
    Admission admission = retire(pool, 3, 0);
    pool.settle();
    pool.write(admission, Admission.State.CANCELLED, "An operator ended it.");
    pool.settle();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW RETIRING");

    pool.at(3).obeys = true;
    pool.pass(10_000);

    assertThat(state(pool, 0, 3)).isNull();
    assertThat(pool.state.sagas()).isEmpty();
    assertThat(pool.end(admission)).as("nothing is left to be said").isNull();
  }

  @Test
  void whatNoActRetiresAnyMoreIsTidiedAway() {
    TestingFailover pool = shadowed(1);
    MapSlice map = pool.map(0);
    MapSlice left =
        SagaMaps.version(
            ShadowMaps.stated(
                map, Set.of(TestingFailover.unit(0)), TestingFailover.node(3), ShadowMaps.RETIRING),
            map.version() + 1,
            map.ownershipOffset(),
            pool.now);
    pool.maps.add(left);
    pool.settle();
    assertThat(state(pool, 0, 3)).isEqualTo("SHADOW RETIRING");

    pool.restore(pool.checkpoint());
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(state(pool, 0, 3)).isNull();
  }

  // ------------------------------------------------------------------- restores

  @Test
  void aBuildGoesOnAfterARestore() {
    TestingFailover pool = pool(2);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0, 1);
    pool.settle();
    pool.stands(0, 3, "IN_SYNC", 0, 0);

    pool.restore(pool.checkpoint());
    pool.pass(5_000);
    assertThat(pool.end(admission)).isNull();
    assertThat(state(pool, 0, 3)).as("what was said is kept").isEqualTo("SHADOW IN_SYNC");
    pool.stands(1, 3, "IN_SYNC", 0, 0);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).isEmpty();
  }

  @Test
  void anActThatWaitedForTheLogsIsBegunAfterARestoreToo() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.now += 10_000;
    pool.restore(pool.checkpoint());
    pool.settle();
    assertThat(pool.states(admission)).as("it waits").isEmpty();
    pool.restore(pool.checkpoint());

    pool.pass(5_000);

    assertThat(pool.states(admission)).containsExactly("BUILDING");
    assertThat(pool.ordered(Command.Kind.PROBE)).isEmpty();
  }

  /** Restored from before, it must not let go of what was given since. */
  @Test
  void whatAnEarlierRunRetiredIsNotRetiredAgain() {
    TestingFailover pool = shadowed(1);
    pool.at(3).obeys = false;
    Admission admission = retire(pool, 3, 0);
    pool.settle();
    TestingFailover.Checkpoint checkpoint = pool.checkpoint();
    pool.at(3).obeys = true;
    pool.pass(10_000);
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    pool.admit(ActKind.SHADOW, true, 0, 3, 0);
    pool.settle();
    pool.stands(0, 3, "IN_SYNC", 0, 0);
    int told = pool.ordered(Command.Kind.RETIRE_SHADOW).size();

    pool.restore(checkpoint);
    pool.pass(60_000);

    assertThat(pool.ordered(Command.Kind.RETIRE_SHADOW)).hasSize(told);
    assertThat(state(pool, 0, 3)).startsWith("SHADOW").doesNotContain("RETIRING");
  }

  @Test
  void rowsOfTheReleaseBeforeAreRead() {
    TestingFailover pool = pool(1);
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    RowWriter out = new RowWriter(1);
    GuardRows.admission(out, admission);
    out.text("FENCED").longs(5).ints(2).longs(9).flag(true).longs(7).flag(false).text("why");
    byte[] row = out.longs(-1).text(null).toBytes();

    Saga saga = Saga.of(new RowReader(row));

    assertThat(saga.step).isEqualTo(Saga.Step.FENCED);
    assertThat(saga.beganMillis).isEqualTo(5);
    assertThat(saga.progressMillis).isEqualTo(5);
    assertThat(saga.told).isFalse();
    Saga again = Saga.of(new RowReader(saga.toBytes()));
    assertThat(again.toBytes()).isEqualTo(saga.toBytes());
  }

  // ------------------------------------------------------------------ switchover

  @Test
  void aSwitchoverSaysWhatItCostsAndLeavesTheFormerOwnerAsTheShadow() {
    TestingFailover pool = shadowed(1);
    pool.stands(0, 3, "IN_SYNC", 0, 64 * MIB);
    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(3));
    assertThat(pool.reasons(admission))
        .anyMatch(text -> text.contains("64.0 MiB are to drain, a pause of 400 ms is expected"));
    assertThat(events(pool, admission).get(1).values())
        .as("said before it begins")
        .containsEntry(SagaValues.DRAIN_BYTES, 64.0 * MIB)
        .containsEntry(SagaValues.EXPECTED_PAUSE_MILLIS, 400.0);
    assertThat(pool.states(admission).get(1)).isEqualTo("PREPARING");
    assertThat(state(pool, 0, 0)).isEqualTo("SHADOW CATCHING_UP");
    pool.pass(60_000);
    assertThat(state(pool, 0, 0))
        .as("that it released is no word of it")
        .isEqualTo("SHADOW CATCHING_UP");
    pool.stands(0, 0, "IN_SYNC", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(state(pool, 0, 0)).isEqualTo("SHADOW IN_SYNC");
    assertThat(state(pool, 0, 3)).as("the owner is no copy").isNull();
  }

  @Test
  void aFormerOwnerThatDiedIsAReplicaThatHasToCatchUp() {
    TestingFailover pool = shadowed(1);
    pool.at(0).alive = false;
    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);

    pool.pass(2_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(state(pool, 0, 0)).isEqualTo("REPLICA CATCHING_UP");
  }

  @Test
  void aSwitchoverThatCostsTooMuchIsGivenBack() {
    for (long lag : List.of(LIMITS.maxDrainBytes() + 1, LIMITS.maxDrainBytes())) {
      ShadowLimits limits =
          new ShadowLimits(1_000_000, 1_000_000, LIMITS.maxDrainBytes(), 1_000, 256 * MIB);
      TestingFailover strict = TestingFailover.of(with(limits), 3, 1);
      strict.join(3);
      strict.admit(ActKind.SHADOW, true, 0, 3, 0);
      strict.settle();
      strict.stands(0, 3, "IN_SYNC", 0, lag);
      Admission admission = strict.admit(ActKind.SWITCHOVER, true, 0, 3, 0);

      strict.pass(strict.policy.checkMillis() + 1);

      assertThat(strict.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
      assertThat(Objects.requireNonNull(strict.end(admission)).text())
          .contains("costs too much")
          .contains(lag > LIMITS.maxDrainBytes() ? "may be to drain" : "1000 ms are allowed");
      assertThat(strict.ordered(Command.Kind.PROMOTE)).isEmpty();
      assertThat(strict.owner(0)).isEqualTo(TestingFailover.node(0));
    }
  }

  private static SagaPolicy with(ShadowLimits limits) {
    SagaPolicy standard = SagaPolicy.standard();
    return new SagaPolicy(
        standard.checkMillis(),
        standard.stepMillis(),
        standard.stepAttempts(),
        standard.reachMillis(),
        standard.witnesses(),
        standard.maxLagDeltas(),
        standard.minFreeBytes(),
        standard.confirmMillis(),
        standard.failbackDwellMillis(),
        limits);
  }

  @Test
  void theWordOfTheTargetCountsWhenItLacksMore() {
    TestingFailover pool = shadowed(1);
    pool.at(3).values.put(SagaValues.LAG_BYTES, (double) (1L << 40));
    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);

    pool.pass(pool.policy.checkMillis() + 1);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(Objects.requireNonNull(pool.end(admission)).text()).contains("costs too much");
  }

  @Test
  void aSwitchoverWaitsForAShadowThatIsInSyncInTime() {
    TestingFailover pool = shadowed(1);
    pool.stands(0, 3, "CATCHING_UP", 0, MIB);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    Admission early = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);
    pool.pass(pool.policy.checkMillis() + 1);
    assertThat(pool.endState(early)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(Objects.requireNonNull(pool.end(early)).text()).contains("not in sync: CATCHING_UP");

    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 3, 0);
    pool.pass(1_000);
    pool.stands(0, 3, "IN_SYNC", 0, 0);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(3));
  }

  @Test
  void aMapOfAVolumeThatIsGoneLeavesNothingOfItsShadows() {
    TestingFailover pool = shadowed(1);

    pool.give(new SagaInput.SliceLeft("v0", 0));

    assertThat(pool.state.mark(TestingFailover.unit(0), TestingFailover.node(3))).isNull();
    assertThat(pool.rows.keySet()).noneMatch(row -> row.startsWith("o/"));
  }

  @Test
  void whatIsSaidOfShadowsIsKept() {
    TestingFailover pool = shadowed(1);
    pool.stands(0, 3, "IN_SYNC", 3, 5);

    pool.restore(pool.checkpoint());

    SagaState.Mark mark =
        Objects.requireNonNull(pool.state.mark(TestingFailover.unit(0), TestingFailover.node(3)));
    assertThat(mark.lagBytes()).isEqualTo(5);
    assertThat(mark.missingBytes()).isEqualTo(3);
    assertThat(mark.state()).isEqualTo("IN_SYNC");
  }

  @Test
  void onlyMapsThatNameAShadowHearOfIt() {
    TestingFailover pool = pool(1);
    int written = pool.maps.size();

    pool.stands(0, 3, "IN_SYNC", 0, 0);
    pool.stands(0, 1, "CATCHING_UP", 0, 0);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(pool.maps).hasSize(written);
    assertThat(pool.rows.keySet()).noneMatch(row -> row.startsWith("o/"));
    MapSegment segment = pool.map(0).segments().get(0);
    assertThat(segment.copies()).extracting(MapCopy::role).containsOnly("REPLICA");
  }
}
