package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.operators.RiskHarness.Backend;
import io.forestall.operators.decide.ActFunction;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.DecideTags;
import io.forestall.operators.decide.EntityFunction;
import io.forestall.operators.decide.SagaSliceFunction;
import io.forestall.operators.decide.SliceFunction;
import io.forestall.risk.Tier;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The joins of the decide job in Flink's harness. */
class DecideStepsTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final long GRACE = 3_600_000;
  private static final Subject NODE = Subject.node("n-1");

  private static final class Harness implements AutoCloseable {
    final KeyedHarness<String, DecideInput, Void, DecideInput> inner;
    private int sagasSeen;

    Harness(
        KeyedProcessFunction<String, DecideInput, DecideInput> function,
        Backend backend,
        @Nullable OperatorSubtaskState from)
        throws Exception {
      inner =
          KeyedHarness.of(
              function, DecideInput::key, Types.STRING, DecideInput.type(), backend, from);
      inner.wallClock(NOW);
    }

    List<DecideInput> send(DecideInput... inputs) throws Exception {
      inner.send(inputs);
      return List.copyOf(inner.news());
    }

    /** What the sagas heard since this was last asked. */
    List<DecideInput> sagas() {
      List<DecideInput> all = inner.side(DecideTags.SAGAS);
      List<DecideInput> fresh = List.copyOf(all.subList(sagasSeen, all.size()));
      sagasSeen = all.size();
      return fresh;
    }

    @Override
    public void close() throws Exception {
      inner.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void scoreFindsThePoolOfItsThing(Backend backend) throws Exception {
    try (Harness entities = new Harness(new EntityFunction(GRACE), backend, null)) {
      assertThat(entities.send(risk(NOW, 10, Tier.HEALTHY))).as("nobody knows where").isEmpty();
      assertThat(entities.inner.wallClockTimers()).isEqualTo(1);

      assertThat(entities.send(member("p1", 5L)))
          .containsExactly(
              new DecideInput.ForPool("p1", new GuardInput.MemberChanged(node("p1"), 5L)),
              new DecideInput.ForPool("p1", changed(NOW, 10, Tier.HEALTHY)));
      assertThat(entities.inner.wallClockTimers()).isZero();
      assertThat(entities.send(member("p1", 5L))).as("said before").isEmpty();

      assertThat(entities.send(member("p2", 5L)))
          .as("it leaves one pool before it enters the other, score and all")
          .containsExactly(
              new DecideInput.ForPool("p1", new GuardInput.MemberLeft(NODE)),
              new DecideInput.ForPool("p2", new GuardInput.MemberChanged(node("p2"), 5L)),
              new DecideInput.ForPool("p2", changed(NOW, 10, Tier.HEALTHY)));

      assertThat(entities.send(new DecideInput.MemberRead(NODE, null, null, 0)))
          .containsExactly(new DecideInput.ForPool("p2", new GuardInput.MemberLeft(NODE)));
      assertThat(entities.inner.keys(EntityFunction.MEMORY)).isZero();
      assertThat(entities.inner.wallClockTimers()).isZero();
    }
  }

  @Test
  void sagasHearOfNodesAndTheirRisk() throws Exception {
    try (Harness entities = new Harness(new EntityFunction(GRACE), Backend.HEAP, null)) {
      entities.send(member("p1", 5L), risk(NOW, 10, Tier.HEALTHY));
      assertThat(entities.sagas())
          .containsExactly(
              saga("p1", new SagaInput.NodeDescribed(NODE, 2, 5L)),
              saga("p1", new SagaInput.NodeRisk(NODE, false)));
      entities.send(risk(NOW + 1, 95, Tier.CRITICAL));
      assertThat(entities.sagas()).containsExactly(saga("p1", new SagaInput.NodeRisk(NODE, true)));
      entities.send(new DecideInput.RiskRead(NODE, null));
      assertThat(entities.sagas())
          .as("nothing known is not critical")
          .containsExactly(saga("p1", new SagaInput.NodeRisk(NODE, false)));
      entities.send(member("p2", 5L), new DecideInput.MemberRead(NODE, null, null, 0));
      assertThat(entities.sagas())
          .containsExactly(
              saga("p1", new SagaInput.NodeLeft(NODE)),
              saga("p2", new SagaInput.NodeDescribed(NODE, 2, 5L)),
              saga("p2", new SagaInput.NodeLeft(NODE)));
      Subject head = new Subject(Subject.Kind.HEAD, "h");
      entities.send(
          new DecideInput.MemberRead(
              head,
              new FleetMember(
                  head, new Place("n-1", "r", "z", "local", "p1"), "", null, null, false),
              null,
              0));
      assertThat(entities.sagas()).as("only nodes own units").isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void slicesComeToTheSagasOfTheirPoolAndLeaveThem(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Harness slices = new Harness(new SagaSliceFunction(), backend, null)) {
      assertThat(slices.send(new DecideInput.MapRead("v/a/0", null))).isEmpty();
      assertThat(slices.send(map("p1", 1)))
          .containsExactly(saga("p1", new SagaInput.MapRead(mapSlice("p1", 1))));
      snapshot = slices.inner.snapshot();
    }
    try (Harness slices = new Harness(new SagaSliceFunction(), backend, snapshot)) {
      assertThat(slices.send(map("p2", 2)))
          .containsExactly(
              saga("p1", new SagaInput.SliceLeft("v/a", 0)),
              saga("p2", new SagaInput.MapRead(mapSlice("p2", 2))));
      assertThat(slices.send(new DecideInput.MapRead("v/a/0", null)))
          .containsExactly(saga("p2", new SagaInput.SliceLeft("v/a", 0)));
      assertThat(slices.inner.keys(SagaSliceFunction.POOL)).isZero();
    }
  }

  private static DecideInput saga(String pool, SagaInput input) {
    return new DecideInput.ForSaga(pool, input, null);
  }

  private static DecideInput map(String pool, long version) {
    return new DecideInput.MapRead("v/a/0", mapSlice(pool, version));
  }

  private static SagaInput.MapSlice mapSlice(String pool, long version) {
    return new SagaInput.MapSlice(
        "v/a", pool, 0, 1, version, 0, 4096, 4096, 4096, 1, List.of(), NOW);
  }

  @ParameterizedTest
  @EnumSource
  void onlyNewsOfAScorePass(Backend backend) throws Exception {
    try (Harness entities = new Harness(new EntityFunction(GRACE), backend, null)) {
      entities.send(member("p1", null), risk(NOW, 10, Tier.HEALTHY));
      assertThat(entities.send(risk(NOW + 15_000, 10.9, Tier.HEALTHY))).isEmpty();
      assertThat(entities.send(risk(NOW + 15_000, 11, Tier.HEALTHY))).as("a point").hasSize(1);
      assertThat(entities.send(risk(NOW + 30_000, 11, Tier.WATCH))).as("a tier").hasSize(1);
      assertThat(entities.send(risk(NOW + 61_000, 11, Tier.WATCH))).as("a minute").hasSize(1);
      assertThat(
              entities.send(
                  new DecideInput.RiskRead(
                      NODE,
                      new GuardInput.RiskChanged(
                          NODE, Tier.WATCH, 11, 0.1, 1, 0.5, true, NOW + 61_000, null, null))))
          .as("silence")
          .hasSize(1);
      assertThat(entities.send(new DecideInput.RiskRead(NODE, null)))
          .as("no score is nothing known")
          .containsExactly(
              new DecideInput.ForPool(
                  "p1",
                  new GuardInput.RiskChanged(
                      NODE, Tier.UNKNOWN, 0, 0, 0, 0, true, NOW + 61_000, null, null)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatNobodyDescribesIsForgotten(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Harness entities = new Harness(new EntityFunction(GRACE), backend, null)) {
      entities.send(risk(NOW, 10, Tier.HEALTHY), risk(NOW + 1, 90, Tier.CRITICAL));
      assertThat(entities.inner.wallClockTimers()).as("one, not one for each").isEqualTo(1);
      snapshot = entities.inner.snapshot();
    }
    try (Harness entities = new Harness(new EntityFunction(GRACE), backend, snapshot)) {
      assertThat(entities.inner.keys(EntityFunction.MEMORY)).isEqualTo(1);
      entities.inner.wallClock(NOW + GRACE);
      assertThat(entities.inner.keys(EntityFunction.MEMORY)).isZero();
      assertThat(entities.inner.wallClockTimers()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void unitsThatChangedOrEndedPass(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (Harness slices = new Harness(new SliceFunction(), backend, null)) {
      assertThat(slices.send(slice("p1", unit("u-1", 1), unit("u-2", 1))))
          .containsExactly(
              new DecideInput.ForPool("p1", unit("u-1", 1)),
              new DecideInput.ForPool("p1", unit("u-2", 1)));
      snapshot = slices.inner.snapshot();
    }
    try (Harness slices = new Harness(new SliceFunction(), backend, snapshot)) {
      assertThat(slices.send(slice("p1", unit("u-1", 2), unit("u-2", 1))))
          .containsExactly(new DecideInput.ForPool("p1", unit("u-1", 2)));
      assertThat(slices.send(slice("p1", unit("u-1", 2))))
          .containsExactly(new DecideInput.ForPool("p1", new GuardInput.UnitLeft("u-2")));
      assertThat(slices.send(slice("p2", unit("u-1", 2))))
          .containsExactly(
              new DecideInput.ForPool("p1", new GuardInput.UnitLeft("u-1")),
              new DecideInput.ForPool("p2", unit("u-1", 2)));
      assertThat(slices.send(slice("")))
          .containsExactly(new DecideInput.ForPool("p2", new GuardInput.UnitLeft("u-1")));
      assertThat(slices.inner.keys(SliceFunction.UNITS)).isZero();
      assertThat(slices.inner.keys(SliceFunction.POOL)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void endOfAnActFindsItsPool(Backend backend) throws Exception {
    DecideInput ended = new DecideInput.ActRead("a-1", Admission.State.DONE, "done");
    DecideInput told =
        new DecideInput.ForPool("p1", new GuardInput.ActEnded("a-1", Admission.State.DONE, "done"));
    OperatorSubtaskState snapshot;
    try (Harness acts = new Harness(new ActFunction(GRACE), backend, null)) {
      assertThat(acts.send(ended)).as("before its admission").isEmpty();
      assertThat(acts.inner.wallClockTimers()).isEqualTo(1);
      snapshot = acts.inner.snapshot();
    }
    try (Harness acts = new Harness(new ActFunction(GRACE), backend, snapshot)) {
      assertThat(acts.send(new DecideInput.AdmissionSeen("a-1", "p1", false)))
          .containsExactly(told);
      assertThat(acts.inner.wallClockTimers()).isZero();
      assertThat(acts.send(ended)).as("a repeat is the guard's to drop").containsExactly(told);
      assertThat(acts.send(new DecideInput.AdmissionSeen("a-1", "p1", true))).isEmpty();
      assertThat(acts.inner.keys(ActFunction.MEMORY)).isZero();
    }
    try (Harness acts = new Harness(new ActFunction(GRACE), backend, snapshot)) {
      acts.inner.wallClock(NOW + GRACE);
      assertThat(acts.inner.keys(ActFunction.MEMORY)).as("nobody admitted it").isZero();
      assertThat(acts.send(told)).as("its ack named its pool").containsExactly(told);
      assertThat(acts.inner.keys(ActFunction.MEMORY)).isZero();
      assertThat(acts.inner.wallClockTimers()).isZero();
    }
  }

  private static FleetMember node(String pool) {
    return FleetMember.node(new Place("n-1", "r-1", "z-1", "local", pool), false);
  }

  private static DecideInput member(String pool, @Nullable Long freeBytes) {
    return new DecideInput.MemberRead(NODE, node(pool), freeBytes, 2);
  }

  private static GuardInput.RiskChanged changed(long timeMillis, double score, Tier tier) {
    return new GuardInput.RiskChanged(
        NODE, tier, score, 0.1, 1, 0.5, false, timeMillis, "disk-lstm", 1);
  }

  private static DecideInput risk(long timeMillis, double score, Tier tier) {
    return new DecideInput.RiskRead(NODE, changed(timeMillis, score, tier));
  }

  private static GuardInput.UnitChanged unit(String unit, long epoch) {
    return new GuardInput.UnitChanged(
        unit, "v", NODE, epoch, List.of(NODE, Subject.node("n-2")), 2, 100);
  }

  private static DecideInput slice(String pool, GuardInput.UnitChanged... units) {
    return new DecideInput.SliceRead("v/0", pool, List.of(units));
  }
}
