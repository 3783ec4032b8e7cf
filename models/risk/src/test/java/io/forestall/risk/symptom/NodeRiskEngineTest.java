package io.forestall.risk.symptom;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.Assessment;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.RiskPolicy;
import io.forestall.risk.Tier;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeRiskEngineTest {
  private static final long MINUTE = 60_000L;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long START = 1_700_000_000_000L;
  private static final NodeRiskPolicy POLICY = NodeRiskPolicy.defaults();

  private final NodeRiskEngine engine = new NodeRiskEngine(POLICY);
  private final NodeRiskState state = NodeRiskState.fresh();

  private static ModeAssessment mode(FailureMode mode, double probability) {
    return new ModeAssessment(
        mode,
        probability,
        mode == FailureMode.NETWORK ? HOUR : 6 * HOUR,
        "symptoms",
        1,
        probability < 0.01
            ? List.of()
            : List.of(new ReasonPart("sign", 1, 5, "a sign of " + mode)));
  }

  private static Finding own(double minutes, double network, double software) {
    return new Finding(
        "node/n",
        START + Math.round(minutes * MINUTE),
        0.9,
        100,
        List.of(
            mode(FailureMode.NETWORK, network),
            mode(FailureMode.SOFTWARE, software),
            mode(FailureMode.FAIL_SLOW, 0.0002),
            mode(FailureMode.DISK, 0.0001)));
  }

  private static Finding healthy(double minutes) {
    return own(minutes, 0.0001, 0.0003);
  }

  private static Finding blamed(double minutes, double probability) {
    return new Finding(
        "node/n",
        START + Math.round(minutes * MINUTE),
        1,
        8,
        List.of(
            new ModeAssessment(
                FailureMode.NETWORK,
                probability,
                HOUR,
                "symptoms",
                1,
                List.of(new ReasonPart("bad_links", 4, 6, "4 of its 4 links are bad")))));
  }

  private static DiskShare share(String disk, double minutes, double probability, Tier tier) {
    return new DiskShare(
        disk,
        START + Math.round(minutes * MINUTE),
        probability,
        30 * DAY,
        RiskPolicy.defaults().score(probability),
        tier,
        false,
        "m",
        3);
  }

  private static ModeAssessment find(Assessment assessment, FailureMode mode) {
    return assessment.modes().stream()
        .filter(each -> each.mode() == mode)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no mode " + mode + " in " + assessment));
  }

  @Test
  void aHealthyMachineIsHealthy() {
    Assessment assessment = requireNonNull(engine.observe(state, healthy(0)));
    assertThat(assessment.tier()).isEqualTo(Tier.HEALTHY);
    assertThat(assessment.score()).isLessThan(20);
    assertThat(assessment.confidence()).isEqualTo(0.9);
    assertThat(assessment.stale()).isFalse();
    assertThat(assessment.samples()).isEqualTo(1);
    assertThat(assessment.horizonMillis()).isEqualTo(30 * DAY);
  }

  @Test
  void wrongBytesSpeakAsTheMachinesOwnChecksumsDo() {
    Assessment quiet = requireNonNull(engine.observe(state, healthy(0)));
    Assessment one = requireNonNull(engine.foundWrong(state, "a", START + MINUTE));
    assertThat(one.score()).isGreaterThan(quiet.score() + 3);
    assertThat(find(one, FailureMode.DISK).reasons())
        .extracting(ReasonPart::metric)
        .contains(NodeRiskEngine.WRONG_BYTES);
    assertThat(engine.foundWrong(state, "a", START + 2 * MINUTE)).as("said again").isNull();
    Assessment ten = one;
    for (int i = 0; i < 9; i++) {
      ten = requireNonNull(engine.foundWrong(state, "b" + i, START + 2 * MINUTE));
    }
    assertThat(ten.score()).isGreaterThan(one.score() + 20);
    assertThat(engine.nextLookMillis(state)).isLessThan(START + 3 * DAY);
    assertThat(requireNonNull(engine.observe(state, healthy(3 * 24 * 60))).score())
        .as("fades with a day's half-life")
        .isLessThan(ten.score() - 10);
    requireNonNull(engine.silence(state, START + 3 * DAY + 2 * MINUTE));
    assertThat(requireNonNull(engine.observe(state, healthy(3 * 24 * 60 + 3))).score())
        .isEqualTo(quiet.score());
    assertThat(engine.foundWrong(state, "c", START)).as("too old to count").isNull();
  }

  @Test
  void wrongBytesAreBoundedAndSurviveStoring() throws IOException {
    for (int i = 0; i < 500; i++) {
      requireNonNull(engine.foundWrong(state, "f" + i, START + i));
    }
    assertThat(state.wrongBytes).hasSize(64).containsValue(START + 499).doesNotContainValue(START);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    NodeRiskState read =
        NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(read.wrongBytes).isEqualTo(state.wrongBytes);
  }

  /** What the release before wrote ends behind the disks. */
  @Test
  void aStateWithoutWrongBytesIsRead() throws IOException {
    requireNonNull(engine.observe(state, healthy(0)));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    byte[] before = Arrays.copyOf(bytes.toByteArray(), bytes.size() - 1);
    before[0] = 1;
    NodeRiskState read = NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(before)));
    assertThat(read.wrongBytes).isEmpty();
    assertThat(read.lastTimeMillis()).isEqualTo(state.lastTimeMillis());
  }

  @Test
  void theModesAddUp() {
    Assessment assessment = requireNonNull(engine.observe(state, own(0, 0.05, 0.04)));
    assertThat(assessment.probability())
        .isCloseTo(1 - 0.95 * 0.96 * 0.9998 * 0.9999, within(1e-12));
    assertThat(assessment.score()).isEqualTo(POLICY.risk().score(assessment.probability()));
    assertThat(assessment.tier()).isEqualTo(Tier.WARNING);
    assertThat(assessment.modes())
        .extracting(ModeAssessment::mode)
        .containsExactly(
            FailureMode.DISK, FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW);
  }

  @Test
  void aTierIsEnteredAtOnceAndLeftAfterTheDwell() {
    engine.observe(state, healthy(0));
    Assessment critical = requireNonNull(engine.observe(state, own(1, 0.5, 0.0003)));
    assertThat(critical.tier()).isEqualTo(Tier.CRITICAL);
    assertThat(critical.tierChanged()).isTrue();
    assertThat(requireNonNull(engine.observe(state, healthy(2))).tier()).isEqualTo(Tier.CRITICAL);
    assertThat(requireNonNull(engine.observe(state, healthy(31))).tier()).isEqualTo(Tier.CRITICAL);
    Assessment left = requireNonNull(engine.observe(state, healthy(32)));
    assertThat(left.tier()).isEqualTo(Tier.HEALTHY);
    assertThat(left.tierSinceMillis()).isEqualTo(START + 32 * MINUTE);
  }

  @Test
  void whatIsNotNewerSaysNothing() {
    engine.observe(state, healthy(5));
    assertThat(engine.observe(state, own(5, 0.9, 0.9))).isNull();
    assertThat(engine.observe(state, own(4, 0.9, 0.9))).isNull();
    engine.blame(state, blamed(5, 0.01));
    assertThat(engine.blame(state, blamed(5, 0.9))).isNull();
    engine.disk(state, share("d", 5, 0.01, Tier.HEALTHY));
    assertThat(engine.disk(state, share("d", 4, 0.9, Tier.CRITICAL))).isNull();
  }

  // The model of modes.

  private static final ModeModel MODEL =
      new ModeModel(
          "node-modes",
          7,
          "symptoms",
          1,
          Map.of(),
          List.of(
              new ModeModel.Curve(
                  ModeModel.Subject.MACHINE,
                  FailureMode.NETWORK,
                  HOUR,
                  0.0001,
                  List.of(new ModeModel.Knot(0, 0), new ModeModel.Knot(20, 10))),
              new ModeModel.Curve(
                  ModeModel.Subject.LINK,
                  FailureMode.NETWORK,
                  HOUR,
                  0.0001,
                  List.of(new ModeModel.Knot(0, 0), new ModeModel.Knot(20, 5)))));

  private static double halved(double probability, double share) {
    double base = Math.log(0.0001 / 0.9999);
    double told = Math.log(probability / (1 - probability));
    return 1 / (1 + Math.exp(-(base + share * (told - base))));
  }

  @Test
  void aModelWeighsTheEvidenceAndIsNamed() {
    NodeRiskEngine learned = new NodeRiskEngine(POLICY, MODEL, ModeModel.Subject.MACHINE);
    Assessment assessment = requireNonNull(learned.observe(state, own(0, 0.5, 0.04)));
    ModeAssessment network = find(assessment, FailureMode.NETWORK);
    assertThat(network.model()).isEqualTo("node-modes");
    assertThat(network.modelVersion()).isEqualTo(7);
    assertThat(network.probability()).isCloseTo(halved(0.5, 0.5), within(1e-12));
    assertThat(network.reasons().get(0).contribution()).isCloseTo(2.5, within(1e-9));
    ModeAssessment software = find(assessment, FailureMode.SOFTWARE);
    assertThat(software.model()).as("no curve: as stated").isEqualTo("symptoms");
    assertThat(software.probability()).isEqualTo(0.04);
    assertThat(assessment.probability())
        .isCloseTo(1 - (1 - halved(0.5, 0.5)) * 0.96 * 0.9998 * 0.9999, within(1e-12));
    assertThat(find(requireNonNull(learned.observe(state, healthy(1))), FailureMode.NETWORK))
        .as("the base rate while nothing speaks for it")
        .satisfies(quiet -> assertThat(quiet.probability()).isEqualTo(0.0001));
  }

  @Test
  void blameCountsWithTheOwnEvidenceAndALinkHasItsOwnCurve() {
    NodeRiskEngine learned = new NodeRiskEngine(POLICY, MODEL, ModeModel.Subject.MACHINE);
    ModeAssessment link =
        find(requireNonNull(learned.blame(state, blamed(0, 0.5))), FailureMode.NETWORK);
    assertThat(link.probability()).isCloseTo(halved(0.5, 0.25), within(1e-12));
    ModeAssessment machine =
        find(requireNonNull(learned.observe(state, healthy(1))), FailureMode.NETWORK);
    assertThat(machine.probability()).isCloseTo(halved(1 - (1 - 0.0001) * 0.5, 0.5), within(1e-12));
  }

  /** A savepoint of before the model has what the symptoms stated: the model weighs that too. */
  @Test
  void theStateKeepsWhatTheSymptomsStated() throws IOException {
    engine.observe(state, own(0, 0.5, 0.0003));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    NodeRiskState read =
        NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    NodeRiskEngine learned = new NodeRiskEngine(POLICY, MODEL, ModeModel.Subject.MACHINE);
    Assessment later = requireNonNull(learned.foundWrong(read, "a", START + MINUTE));
    assertThat(find(later, FailureMode.NETWORK).probability())
        .isCloseTo(halved(0.5, 0.5), within(1e-12));
    assertThat(read.modes.get(0).model()).isEqualTo("symptoms");
  }

  // Disks.

  @Test
  void oneDyingDiskIsBorneTwoAreNot() {
    engine.observe(state, healthy(0));
    for (int i = 0; i < 12; i++) {
      engine.disk(state, share("d" + i, 1, 0.001, Tier.HEALTHY));
    }
    engine.disk(state, share("d3", 2, 0.5, Tier.CRITICAL));
    Assessment one = requireNonNull(engine.observe(state, healthy(3)));
    assertThat(one.tier()).isEqualTo(Tier.HEALTHY);
    assertThat(find(one, FailureMode.DISK).probability())
        .as("half a chance times one more of eleven")
        .isCloseTo(0.5 * 11 * 0.001 + 0.0001, within(0.0003));
    assertThat(find(one, FailureMode.DISK).horizonMillis()).isEqualTo(30 * DAY);
    assertThat(find(one, FailureMode.DISK).reasons())
        .anySatisfy(
            reason ->
                assertThat(reason.text())
                    .isEqualTo(
                        "1 of its 12 disks is at risk, worst d3 with 90 points; it can bear 1"));
    Assessment two = requireNonNull(engine.disk(state, share("d4", 4, 0.5, Tier.CRITICAL)));
    assertThat(find(two, FailureMode.DISK).probability()).isCloseTo(0.255, within(0.01));
    assertThat(two.tier()).isEqualTo(Tier.CRITICAL);
    Assessment replaced = requireNonNull(engine.diskGone(state, "d4", START + 5 * MINUTE));
    assertThat(find(replaced, FailureMode.DISK).probability()).isLessThan(0.01);
    assertThat(engine.diskGone(state, "d4", START + 6 * MINUTE)).isNull();
  }

  @Test
  void thePoissonBinomialIsThatOfAllWaysToFail() {
    SplittableRandom random = new SplittableRandom(5);
    for (int run = 0; run < 50; run++) {
      int disks = 1 + random.nextInt(10);
      int tolerated = random.nextInt(4);
      NodeRiskEngine other =
          new NodeRiskEngine(
              new NodeRiskPolicy(
                  POLICY.risk(),
                  tolerated,
                  POLICY.maximumDisks(),
                  POLICY.diskStaleAfterMillis(),
                  POLICY.diskUnknownAfterMillis(),
                  POLICY.blameLastsMillis()));
      NodeRiskState each = NodeRiskState.fresh();
      double[] p = new double[disks];
      for (int i = 0; i < disks; i++) {
        p[i] = random.nextDouble();
        other.disk(each, share("d" + i, 0, p[i], Tier.WATCH));
      }
      double expected = 0;
      for (int ways = 0; ways < 1 << disks; ways++) {
        double way = 1;
        for (int i = 0; i < disks; i++) {
          way *= (ways >> i & 1) == 1 ? p[i] : 1 - p[i];
        }
        expected += Integer.bitCount(ways) > tolerated ? way : 0;
      }
      Assessment assessment =
          requireNonNull(
              other.observe(each, new Finding("node/n", START + MINUTE, 1, 1, List.of())));
      assertThat(find(assessment, FailureMode.DISK).probability())
          .as("run %s", run)
          .isCloseTo(expected, within(1e-9));
    }
  }

  @Test
  void aDisksHorizonIsBroughtToThePolicys() {
    engine.disk(state, new DiskShare("a", START, 0.01, DAY, 50, Tier.WATCH, false, "m", 3));
    engine.disk(state, new DiskShare("b", START, 1, 30 * DAY, 100, Tier.CRITICAL, false, "m", 3));
    Assessment assessment = requireNonNull(engine.observe(state, healthy(1)));
    assertThat(find(assessment, FailureMode.DISK).probability())
        .isCloseTo(1 - Math.pow(0.99, 30), within(0.001));
  }

  @Test
  void aMachineOfWhichOnlyDisksAreKnownIsScoredByThem() {
    Assessment first = requireNonNull(engine.disk(state, share("a", 0, 0.3, Tier.CRITICAL)));
    assertThat(first.samples()).isZero();
    assertThat(first.confidence()).isBetween(0.2, 0.5);
    Assessment two = requireNonNull(engine.disk(state, share("b", 1, 0.4, Tier.CRITICAL)));
    assertThat(two.probability()).isCloseTo(0.12, within(1e-9));
    assertThat(two.tier()).isIn(Tier.WARNING, Tier.CRITICAL);
    assertThat(engine.nextLookMillis(state))
        .as("disks report daily: their own silence counts")
        .isEqualTo(START + MINUTE + POLICY.diskStaleAfterMillis());
  }

  @Test
  void checksumsAndDisksAddUp() {
    Finding finding = new Finding("node/n", START, 1, 1, List.of(mode(FailureMode.DISK, 0.04)));
    engine.disk(state, share("a", 0, 0.2, Tier.CRITICAL));
    engine.disk(state, share("b", 0, 0.2, Tier.CRITICAL));
    Assessment assessment = requireNonNull(engine.observe(state, finding));
    assertThat(find(assessment, FailureMode.DISK).probability())
        .isCloseTo(1 - 0.96 * 0.96, within(1e-9));
    assertThat(find(assessment, FailureMode.DISK).reasons())
        .extracting(ReasonPart::metric)
        .containsExactlyInAnyOrder("sign", NodeRiskEngine.DISKS_AT_RISK);
  }

  @Test
  void tooManyDisksAreLeftOutAndCounted() throws IOException {
    for (int i = 0; i < POLICY.maximumDisks() + 10; i++) {
      engine.disk(state, share("disk-with-a-long-serial-" + i, 0, 0.001, Tier.HEALTHY));
    }
    assertThat(state.disks()).isEqualTo(POLICY.maximumDisks());
    assertThat(state.disksLeftOut()).isEqualTo(10);
    assertThat(bytes(state)).hasSizeLessThanOrEqualTo(64 * 1024);
    assertThat(engine.disk(state, share("disk-with-a-long-serial-0", 1, 0.5, Tier.CRITICAL)))
        .isNotNull();
  }

  // Blame.

  @Test
  void blameCountsForAWhileAndFades() {
    engine.observe(state, healthy(0));
    Assessment blamed = requireNonNull(engine.blame(state, blamed(1, 0.5)));
    assertThat(find(blamed, FailureMode.NETWORK).probability()).isCloseTo(0.50005, within(1e-4));
    assertThat(find(blamed, FailureMode.NETWORK).reasons())
        .extracting(ReasonPart::text)
        .contains("4 of its 4 links are bad");
    assertThat(blamed.tier()).isEqualTo(Tier.CRITICAL);
    assertThat(find(requireNonNull(engine.observe(state, healthy(5))), FailureMode.NETWORK))
        .satisfies(mode -> assertThat(mode.probability()).isGreaterThan(0.5));
    assertThat(find(requireNonNull(engine.observe(state, healthy(11))), FailureMode.NETWORK))
        .satisfies(mode -> assertThat(mode.probability()).isBetween(0.2, 0.3));
    assertThat(find(requireNonNull(engine.observe(state, healthy(16))), FailureMode.NETWORK))
        .satisfies(mode -> assertThat(mode.probability()).isLessThan(0.001));
  }

  @Test
  void blameOfAMachineWithoutTelemetryEndsByItself() {
    engine.blame(state, blamed(0, 0.5));
    long end = engine.nextLookMillis(state);
    assertThat(end).isEqualTo(START + 15 * MINUTE);
    Assessment over = requireNonNull(engine.silence(state, end));
    assertThat(over.probability()).isZero();
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
  }

  // Silence.

  @Test
  void silenceIsStaleThenUnknownAndTheFirstSampleEndsIt() {
    engine.observe(state, own(0, 0.05, 0.0003));
    long stale = engine.nextLookMillis(state);
    assertThat(stale).isEqualTo(START + 5 * MINUTE);
    assertThat(engine.silence(state, stale - 1)).isNull();
    Assessment first = requireNonNull(engine.silence(state, stale));
    assertThat(first.stale()).isTrue();
    assertThat(first.tier()).isEqualTo(Tier.WATCH);
    assertThat(first.confidence()).isCloseTo(0.45, within(1e-9));
    assertThat(find(first, FailureMode.NETWORK).reasons().get(0).text())
        .startsWith("nothing was heard for 5 minutes");
    assertThat(engine.silence(state, stale)).as("said once").isNull();
    long unknown = engine.nextLookMillis(state);
    assertThat(unknown).isEqualTo(START + 30 * MINUTE);
    Assessment second = requireNonNull(engine.silence(state, unknown));
    assertThat(second.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(second.confidence()).isZero();
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
    Assessment disk = engine.disk(state, share("a", 31, 0.9, Tier.CRITICAL));
    assertThat(disk == null ? Tier.UNKNOWN : disk.tier())
        .as("a disk's score does not wake its machine")
        .isEqualTo(Tier.UNKNOWN);
    Assessment back = requireNonNull(engine.observe(state, healthy(40)));
    assertThat(back.tier()).isNotEqualTo(Tier.UNKNOWN);
    assertThat(back.stale()).isFalse();
  }

  @Test
  void nothingIsSaidOfWhatWasNeverHeard() {
    assertThat(engine.silence(state, START)).isNull();
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void silentDisksLowerTheConfidenceAndAreNamed() {
    engine.observe(state, healthy(0));
    engine.disk(state, share("a", 0, 0.001, Tier.HEALTHY));
    engine.disk(state, share("b", 0, 0.001, Tier.HEALTHY));
    double days = 3;
    engine.disk(state, share("b", days * 24 * 60, 0.001, Tier.HEALTHY));
    Assessment assessment = requireNonNull(engine.observe(state, healthy(days * 24 * 60)));
    assertThat(assessment.confidence()).isCloseTo(0.9 * 0.75, within(1e-9));
    assertThat(find(assessment, FailureMode.DISK).reasons())
        .anySatisfy(
            reason -> {
              assertThat(reason.metric()).isEqualTo(NodeRiskEngine.DISKS_SILENT);
              assertThat(reason.text()).isEqualTo("1 of its 2 disks is silent");
            });
  }

  @Test
  void aDiskThatSaysItIsSilentCountsAtOnceUntilItIsHeardAgain() {
    engine.observe(state, healthy(0));
    engine.disk(state, share("a", 0, 0.001, Tier.HEALTHY));
    engine.disk(
        state, new DiskShare("a", START + MINUTE, 0.001, 30 * DAY, 10, Tier.HEALTHY, true, "m", 3));
    Assessment half = requireNonNull(engine.observe(state, healthy(2)));
    assertThat(half.confidence()).isCloseTo(0.45, within(1e-9));
    assertThat(half.tier()).isEqualTo(Tier.HEALTHY);
    assertThat(find(half, FailureMode.DISK).reasons())
        .extracting(ReasonPart::text)
        .containsExactly("1 of its 1 disks is silent");
    engine.disk(state, share("a", 3, 0.001, Tier.HEALTHY));
    assertThat(requireNonNull(engine.observe(state, healthy(4))).confidence()).isEqualTo(0.9);
  }

  // State.

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void anyMixKeepsTheInvariantsAndStoringChangesNothing(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    NodeRiskState stored = NodeRiskState.fresh();
    double minutes = 0;
    Tier tier = Tier.UNKNOWN;
    for (int i = 0; i < 2000; i++) {
      minutes += random.nextInt(30) == 0 ? random.nextDouble(3000) : random.nextDouble(3);
      stored = NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(bytes(stored))));
      double at = minutes;
      double p = Math.pow(random.nextDouble(), 4);
      String disk = "d" + random.nextInt(12);
      Tier diskTier = Tier.values()[random.nextInt(5)];
      int what = random.nextInt(6);
      Assessment one = apply(state, what, at, p, disk, diskTier);
      Assessment two = apply(stored, what, at, p, disk, diskTier);
      assertThat(two).as("step %s of seed %s", i, seed).isEqualTo(one);
      if (one == null) {
        continue;
      }
      assertThat(one.probability()).isBetween(0.0, 1.0);
      assertThat(one.confidence()).isBetween(0.0, 1.0);
      assertThat(one.score()).isBetween(0.0, 100.0);
      assertThat(one.timeMillis()).isLessThanOrEqualTo(START + Math.round(at * MINUTE));
      assertThat(one.tierSinceMillis()).isLessThanOrEqualTo(one.timeMillis());
      assertThat(one.tierChanged()).as("step %s of seed %s", i, seed).isEqualTo(one.tier() != tier);
      for (ModeAssessment mode : one.modes()) {
        assertThat(one.probability()).isGreaterThanOrEqualTo(mode.probability() - 1e-12);
        for (ReasonPart reason : mode.reasons()) {
          assertThat(reason.contribution()).isFinite().isNotNegative();
          assertThat(reason.text()).isNotBlank().doesNotContain("NaN");
        }
      }
      tier = one.tier();
    }
    assertThat(bytes(stored)).isEqualTo(bytes(state));
  }

  private @Nullable Assessment apply(
      NodeRiskState to, int what, double minutes, double p, String disk, Tier tier) {
    return switch (what) {
      case 0 -> engine.blame(to, blamed(minutes, p));
      case 1 ->
          engine.disk(
              to,
              new DiskShare(
                  disk,
                  START + Math.round(minutes * MINUTE),
                  p,
                  30 * DAY,
                  100 * p,
                  tier,
                  minutes % 2 < 0.5,
                  "m",
                  3));
      case 2 -> engine.diskGone(to, disk, START + Math.round(minutes * MINUTE));
      case 3 -> engine.silence(to, START + Math.round(minutes * MINUTE));
      default -> engine.observe(to, own(minutes, p, p / 2));
    };
  }

  @Test
  void aStateOfALaterVersionIsRefused() throws IOException {
    byte[] bytes = bytes(state);
    bytes[0] = 7;
    assertThatThrownBy(
            () -> NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(bytes))))
        .isInstanceOf(IOException.class)
        .hasMessage("node risk state has version 7, known is 3");
  }

  /** Who is demoted or stale there is so for the machine that its disks speak for. */
  @Test
  void theModelOfTheWorstDiskSpeaksForTheMachine() {
    engine.disk(state, share("a", 0, 0.01, Tier.HEALTHY));
    Assessment assessment =
        requireNonNull(
            engine.disk(
                state,
                new DiskShare(
                    "b", START + 1, 0.9, 30 * DAY, 95, Tier.CRITICAL, false, "disk-ensemble", 12)));
    assertThat(find(assessment, FailureMode.DISK).model()).isEqualTo("disk-ensemble");
    assertThat(find(assessment, FailureMode.DISK).modelVersion()).isEqualTo(12);
    NodeRiskState other = NodeRiskState.fresh();
    Assessment unnamed =
        requireNonNull(
            engine.disk(
                other,
                new DiskShare("b", START + 1, 0.9, 30 * DAY, 95, Tier.CRITICAL, false, "", 0)));
    assertThat(find(unnamed, FailureMode.DISK).model()).isEqualTo(StandardSymptomEngine.MODEL);
  }

  @Test
  void aStateFromBeforeSharesNamedTheirModelIsRead() throws IOException {
    engine.disk(state, share("a", 0, 0.3, Tier.WARNING));
    byte[] now = bytes(state);
    // The disk's model, one letter and its length, and its version stand before the last byte.
    byte[] before = Arrays.copyOf(now, now.length - 7);
    before[before.length - 1] = now[now.length - 1];
    before[0] = 2;
    NodeRiskState read = NodeRiskState.read(new DataInputStream(new ByteArrayInputStream(before)));
    assertThat(read.disks).containsOnlyKeys("a");
    assertThat(requireNonNull(read.disks.get("a")).probability)
        .isEqualTo(requireNonNull(state.disks.get("a")).probability);
    assertThat(requireNonNull(read.disks.get("a")).model).isEmpty();
  }

  private static byte[] bytes(NodeRiskState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
