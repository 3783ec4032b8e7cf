package io.forestall.risk;

import static io.forestall.risk.DiskMetric.COMMAND_TIMEOUTS;
import static io.forestall.risk.DiskMetric.OFFLINE_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.PENDING_SECTORS;
import static io.forestall.risk.DiskMetric.POWER_ON_HOURS;
import static io.forestall.risk.DiskMetric.REALLOCATED_SECTORS;
import static io.forestall.risk.DiskMetric.REPORTED_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.SPIN_RETRIES;
import static io.forestall.risk.Worlds.DAY;
import static io.forestall.risk.Worlds.START;
import static io.forestall.risk.Worlds.sample;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a challenger says beside the champion (A11), which changes nothing of what is done. */
class ChallengerTest {
  private static final RiskPolicy POLICY = RiskPolicy.defaults();

  private final TestingScriptedModel champion = new TestingScriptedModel(1);
  private final TestingScriptedModel challenger = new TestingScriptedModel(2);

  private static DiskSample healthy(double day) {
    return sample(
        day,
        REALLOCATED_SECTORS,
        0,
        PENDING_SECTORS,
        0,
        REPORTED_UNCORRECTABLE,
        0,
        OFFLINE_UNCORRECTABLE,
        0,
        COMMAND_TIMEOUTS,
        0,
        SPIN_RETRIES,
        0,
        POWER_ON_HOURS,
        1000 + 24 * day);
  }

  private ModelSet advised() {
    return ModelSet.of(champion)
        .with(new ModelSet.Entry(challenger, START, ModelSet.ADVISE, Long.MIN_VALUE));
  }

  private DiskRiskEngine lane(ModelSet models) {
    return new DiskRiskEngine(POLICY, models, ModeModel.none(), disk -> true);
  }

  private static int version(Assessment assessment) {
    return assessment.modes().get(0).modelVersion();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void itSaysWhatItWouldSayAsChampionAndTheChampionSaysTheSameWithoutIt(long seed)
      throws IOException {
    CompiledLstm one = new CompiledLstm(TestingModels.shippedShape(1, 1));
    CompiledLstm two = new CompiledLstm(TestingModels.shippedShape(2, 2));
    ModelSet both =
        ModelSet.of(one).with(new ModelSet.Entry(two, 0, ModelSet.ADVISE, Long.MIN_VALUE));
    DiskRiskEngine alone = new DiskRiskEngine(POLICY, ModelSet.of(one));
    DiskRiskEngine asChampion = new DiskRiskEngine(POLICY, ModelSet.of(two));
    DiskRiskEngine beside = lane(both);
    DiskState plain = DiskState.fresh();
    DiskState other = DiskState.fresh();
    DiskState state = DiskState.fresh();
    for (DiskSample sample : Worlds.history(seed, 200)) {
      Assessment expected = alone.observe(plain, sample);
      Assessment would = asChampion.observe(other, sample);
      state = DiskState.fromBytes(state.toBytes());
      Assessment got = beside.observe(state, sample);
      Assessment lane = requireNonNull(got.challenger());
      assertThat(withoutChallenger(got)).as("seed %s", seed).isEqualTo(expected);
      assertThat(lane.score()).as("seed %s", seed).isEqualTo(would.score());
      assertThat(lane.tier()).isEqualTo(would.tier());
      assertThat(lane.tierSinceMillis()).isEqualTo(would.tierSinceMillis());
      assertThat(lane.tierChanged()).isEqualTo(would.tierChanged());
      assertThat(lane.confidence()).isEqualTo(would.confidence());
      assertThat(lane.samples()).isEqualTo(would.samples());
      assertThat(version(lane)).isEqualTo(2);
      if (lane.tier() != got.tier()) {
        assertThat(lane.modes()).as("where they differ it says why").isEqualTo(would.modes());
      }
    }
  }

  private static Assessment withoutChallenger(Assessment a) {
    return new Assessment(
        a.score(),
        a.tier(),
        a.tierSinceMillis(),
        a.probability(),
        a.horizonMillis(),
        a.confidence(),
        a.stale(),
        a.tierChanged(),
        a.samples(),
        a.timeMillis(),
        a.modes());
  }

  @Test
  void itsStepIsTheOneThatWarmsItAndASoonerSampleIsOnlyLookedAt() {
    champion.say(0.001);
    challenger.say(0.001);
    DiskRiskEngine engine = lane(advised());
    DiskState state = DiskState.fresh();
    for (int hour = 0; hour < 48; hour++) {
      assertThat(engine.observe(state, healthy(hour / 24.0)).challenger()).isNotNull();
    }
    DiskState.Slot warmed = requireNonNull(state.slot("scripted", 2));
    assertThat(warmed.steps).isEqualTo(3);
    assertThat(warmed.memory[0]).as("steps of its memory").isEqualTo(3f);
  }

  @Test
  void itsTiersHaveAHysteresisOfTheirOwnThatSurvivesARestore() throws IOException {
    champion.say(0.001);
    challenger.say(0.2);
    DiskRiskEngine engine = lane(advised());
    DiskState state = DiskState.fresh();
    Assessment before = run(engine, state, 0, 20);
    assertThat(before.tier()).isEqualTo(Tier.HEALTHY);
    assertThat(requireNonNull(before.challenger()).tier()).isEqualTo(Tier.CRITICAL);
    long since = before.challenger().tierSinceMillis();

    // Below its exit, and left only after the dwell of three days.
    challenger.say(0.001);
    for (int day = 20; day < 24; day++) {
      state = DiskState.fromBytes(state.toBytes());
      Assessment after = requireNonNull(engine.observe(state, healthy(day)).challenger());
      assertThat(after.tier()).as("day %s", day).isEqualTo(day < 23 ? Tier.CRITICAL : Tier.HEALTHY);
      if (day < 23) {
        assertThat(after.tierSinceMillis()).isEqualTo(since);
      }
    }
  }

  private static Assessment run(DiskRiskEngine engine, DiskState state, int from, int until) {
    Assessment last = null;
    for (int day = from; day < until; day++) {
      last = engine.observe(state, healthy(day));
    }
    return requireNonNull(last);
  }

  @Test
  void onlyDisksOfTheLaneAreAskedAndOnlyWhileThereIsAChallenger() {
    champion.say(0.001);
    challenger.say(0.2);
    DiskRiskEngine others =
        new DiskRiskEngine(POLICY, advised(), ModeModel.none(), disk -> disk.equals("another"));
    DiskState state = DiskState.fresh();
    assertThat(run(others, state, 0, 3).challenger()).isNull();
    assertThat(requireNonNull(state.slot("scripted", 2)).steps)
        .as("warmed all the same")
        .isEqualTo(3);

    DiskRiskEngine engine = lane(ModelSet.of(champion));
    assertThat(engine.observe(state, healthy(3)).challenger()).isNull();
    engine.use(advised());
    assertThat(engine.observe(state, healthy(4)).challenger()).isNotNull();
    engine.use(ModelSet.of(champion)); // withdrawn
    assertThat(engine.silence(state, START + 100 * DAY)).isNotNull();
    assertThat(state.challenger).as("forgotten with the next sample").isNotNull();
    assertThat(requireNonNull(engine.silence(fresh(engine), START + 100 * DAY)).challenger())
        .isNull();
    engine.observe(state, healthy(101));
    assertThat(state.challenger).isNull();
  }

  private DiskState fresh(DiskRiskEngine engine) {
    DiskState state = DiskState.fresh();
    engine.observe(state, healthy(0));
    return state;
  }

  @Test
  void aChallengerThatIsPromotedScoresAndIsNoLongerAsked() {
    champion.say(0.001);
    challenger.say(0.2);
    ModelSet dated =
        ModelSet.of(champion)
            .with(new ModelSet.Entry(challenger, START, START + 40 * DAY, START + 60 * DAY));
    DiskRiskEngine engine = lane(dated);
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 50; day++) {
      Assessment said = engine.observe(state, healthy(day));
      assertThat(version(said)).isEqualTo(day < 40 ? 1 : 2);
      assertThat(said.challenger() != null).as("day %s", day).isEqualTo(day < 40);
    }
  }

  @Test
  void silenceAndWhatTheIoSaysAreSaidOfBoth() {
    champion.say(0.001);
    challenger.say(0.2);
    DiskRiskEngine engine = lane(advised());
    DiskState state = DiskState.fresh();
    Assessment sampled = run(engine, state, 0, 20);

    Assessment found =
        requireNonNull(
            engine.finding(
                state,
                new Finding(
                    "disk/S1",
                    START + 19 * DAY + 1,
                    1,
                    10,
                    List.of(
                        new ModeAssessment(
                            FailureMode.FAIL_SLOW, 0.1, DAY, "symptoms", 1, List.of())))));
    Assessment lane = requireNonNull(found.challenger());
    assertThat(lane.timeMillis()).isEqualTo(found.timeMillis());
    assertThat(lane.modes())
        .extracting(ModeAssessment::mode)
        .containsExactly(FailureMode.DISK, FailureMode.FAIL_SLOW);
    assertThat(lane.probability())
        .isCloseTo(
            1 - 0.9 * (1 - requireNonNull(sampled.challenger()).probability()), within(1e-9));

    Assessment silent = requireNonNull(engine.silence(state, START + 200 * DAY));
    Assessment unheard = requireNonNull(silent.challenger());
    assertThat(silent.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(unheard.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(unheard.stale()).isTrue();
    assertThat(unheard.confidence()).isLessThanOrEqualTo(lane.confidence());
    assertThat(unheard.probability()).isEqualTo(lane.probability());
    assertThat(unheard.modes().get(0).modelVersion()).isEqualTo(2);
  }

  @Test
  void withoutRoomForItsMemoryItIsNotAsked() {
    champion.say(0.001);
    TestingScriptedModel three = new TestingScriptedModel(3);
    TestingScriptedModel slow =
        new TestingScriptedModel("slow", 1, FailureMode.FAIL_SLOW, input -> -8);
    ModelSet full =
        ModelSet.of(champion)
            .with(new ModelSet.Entry(slow, START, START, START))
            .with(new ModelSet.Entry(three, START, START + DAY, START + 1000 * DAY))
            .with(new ModelSet.Entry(challenger, START, ModelSet.ADVISE, START));
    DiskRiskEngine engine = lane(full);
    DiskState state = DiskState.fresh();
    Assessment said = run(engine, state, 0, 60);
    assertThat(version(said)).isEqualTo(3);
    assertThat(state.slots).hasSize(3);
    assertThat(said.challenger())
        .as("champion, its former and another mode have the slots")
        .isNull();
  }
}
