package io.forestall.risk;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.ModeModel.Curve;
import io.forestall.risk.ModeModel.Knot;
import io.forestall.risk.ModeModel.Subject;
import io.forestall.risk.symptom.StandardSymptomEngine;
import io.forestall.risk.symptom.SymptomPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModeModelTest {
  private static final long HOUR = 3_600_000L;
  private static final Curve NETWORK =
      new Curve(
          Subject.MACHINE,
          FailureMode.NETWORK,
          HOUR,
          0.0001,
          List.of(new Knot(0, 0), new Knot(2, 0.5), new Knot(6, 6), new Knot(10, 8)));

  private static ModeModel model(Curve... curves) {
    return new ModeModel(
        "node-modes",
        3,
        StandardSymptomEngine.MODEL,
        StandardSymptomEngine.MODEL_VERSION,
        Map.of("seed", "1", "labels", "made up here"),
        List.of(curves));
  }

  private static ModeAssessment stated(double probability, long horizon, ReasonPart... reasons) {
    return new ModeAssessment(
        FailureMode.NETWORK,
        probability,
        horizon,
        StandardSymptomEngine.MODEL,
        StandardSymptomEngine.MODEL_VERSION,
        List.of(reasons));
  }

  private static double withEvidence(double base, double nats) {
    return 1 / (1 + Math.exp(-(Math.log(base / (1 - base)) + nats)));
  }

  @ParameterizedTest(name = "{0} nats are worth {1}")
  @CsvSource({"-3,0", "0,0", "1,0.25", "2,0.5", "4,3.25", "6,6", "8,7", "10,8", "11,8", "1e9,8"})
  void aCurveIsStraightBetweenItsKnotsAndFlatBeyond(double evidence, double added) {
    assertThat(NETWORK.added(evidence)).isCloseTo(added, within(1e-12));
    assertThat(NETWORK.probability(evidence)).isCloseTo(withEvidence(0.0001, added), within(1e-12));
  }

  @Test
  void whatIsNoNumberIsNoEvidence() {
    assertThat(NETWORK.added(Double.NaN)).isZero();
    assertThat(NETWORK.probability(Double.NaN)).isEqualTo(0.0001);
    assertThat(ModeModel.evidence(0.0001, Double.NaN)).isZero();
    assertThat(ModeModel.evidence(0.0001, 0)).isZero();
    assertThat(ModeModel.evidence(0.0001, 0.00001)).isZero();
    assertThat(ModeModel.evidence(0.0001, 1)).isEqualTo(ModeModel.MAXIMUM_NATS);
    assertThat(ModeModel.evidence(0.0001, withEvidence(0.0001, 5))).isCloseTo(5, within(1e-9));
  }

  @Test
  void aModeGetsTheProbabilityAndTheNameOfTheModel() {
    ModeAssessment told =
        model(NETWORK)
            .calibrated(
                Subject.MACHINE,
                stated(
                    withEvidence(0.0001, 4),
                    HOUR,
                    new ReasonPart("a", 7, 3, "three"),
                    new ReasonPart("b", 8, 1, "one")));
    assertThat(told.model()).isEqualTo("node-modes");
    assertThat(told.modelVersion()).isEqualTo(3);
    assertThat(told.probability()).isCloseTo(withEvidence(0.0001, 3.25), within(1e-12));
    assertThat(told.reasons()).extracting(ReasonPart::text).containsExactly("three", "one");
    assertThat(told.reasons().stream().mapToDouble(ReasonPart::contribution).sum())
        .as("reasons still add up to what is said")
        .isCloseTo(3.25, within(1e-9));
    assertThat(model(NETWORK).calibrated(Subject.MACHINE, stated(0.0001, HOUR)).probability())
        .as("without evidence the base rate")
        .isEqualTo(0.0001);
  }

  @Test
  void whatTheModelDoesNotKnowStaysAsStated() {
    ModeModel model = model(NETWORK);
    ModeAssessment own = stated(0.5, HOUR);
    assertThat(model.calibrated(Subject.VOLUME, own)).as("no such curve").isSameAs(own);
    assertThat(ModeModel.none().calibrated(Subject.MACHINE, own)).isSameAs(own);
    ModeAssessment longer = stated(0.5, 2 * HOUR);
    assertThat(model.calibrated(Subject.MACHINE, longer)).as("other horizon").isSameAs(longer);
    ModeAssessment once = model.calibrated(Subject.MACHINE, own);
    assertThat(model.calibrated(Subject.MACHINE, once)).as("never twice").isSameAs(once);
    ModeAssessment newer =
        new ModeAssessment(
            FailureMode.NETWORK,
            0.5,
            HOUR,
            StandardSymptomEngine.MODEL,
            StandardSymptomEngine.MODEL_VERSION + 1,
            List.of());
    assertThat(model.calibrated(Subject.MACHINE, newer)).as("other symptoms").isSameAs(newer);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyModelIsMonotoneBoundedAndTheSameAfterStoring(long seed) throws ModelFormatException {
    SplittableRandom random = new SplittableRandom(seed);
    List<Curve> curves = new ArrayList<>();
    for (Subject subject : Subject.values()) {
      for (FailureMode mode : List.of(FailureMode.NETWORK, FailureMode.SOFTWARE)) {
        List<Knot> knots = new ArrayList<>(List.of(new Knot(0, 0)));
        double evidence = 0;
        double added = 0;
        for (int i = random.nextInt(20); i > 0; i--) {
          evidence += 0.001 + random.nextDouble();
          added += random.nextBoolean() ? random.nextDouble() : 0;
          knots.add(new Knot(evidence, added));
        }
        curves.add(new Curve(subject, mode, HOUR, 0.001 * (1 - random.nextDouble()), knots));
      }
    }
    ModeModel model = model(curves.toArray(Curve[]::new));
    ModeModel read = ModeModel.fromBytes(model.toBytes());
    assertThat(read.toBytes()).as("seed %d", seed).isEqualTo(model.toBytes());
    assertThat(read.curves()).as("seed %d", seed).isEqualTo(model.curves());
    for (Curve curve : read.curves()) {
      Knot last = curve.knots().get(curve.knots().size() - 1);
      double before = curve.baseRate();
      for (double evidence = 0; evidence < 30; evidence += 0.1 * random.nextDouble()) {
        double probability = curve.probability(evidence);
        assertThat(probability)
            .as("seed %d, %s at %s", seed, curve, evidence)
            .isBetween(before, curve.probability(last.evidence()));
        before = probability;
      }
    }
  }

  @Test
  void theOrderOfCurvesChangesNothing() {
    Curve other =
        new Curve(Subject.DRIVE, FailureMode.FAIL_SLOW, HOUR, 0.01, List.of(new Knot(0, 0)));
    assertThat(model(NETWORK, other).toBytes()).isEqualTo(model(other, NETWORK).toBytes());
  }

  @Test
  void aFileCutAnywhereIsRefused() {
    byte[] whole = model(NETWORK).toBytes();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> ModeModel.fromBytes(cut))
          .as("cut after %d of %d bytes", length, whole.length)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void aChangedByteIsRefusedWhereverItIs() {
    byte[] whole = model(NETWORK).toBytes();
    SplittableRandom random = new SplittableRandom(11);
    for (int at = 0; at < whole.length; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= (byte) (1 + random.nextInt(255));
      assertThatThrownBy(() -> ModeModel.fromBytes(changed))
          .as("byte %d", at)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  /** Poison whose checksum is right: the shape itself is looked at. */
  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource({
    "2.0 0.5, NaN 0.5, NaN",
    "2.0 0.5, 2.0 Infinity, Infinity",
    "2.0 0.5, 2.0 -0.5, may only grow",
    "2.0 0.5, 7.0 0.5, may only grow",
    "10.0 8.0, 10.0 5.0, may only grow",
    "10.0 8.0, 10.0 80.0, may only grow",
    "10.0 8.0, 10.0, no knot",
    "10.0 8.0, 10.0 8.0 9.0, no knot",
    "0.0 0.0, 0.0 1.0, nothing for no evidence",
    "1.0E-4, 0.0, base rate",
    "1.0E-4, 1.0, base rate",
    "1.0E-4, NaN, NaN",
    "1.0E-4 4, 1.0E-4 5, no knot",
    "1.0E-4 4, 1.0E-4 3, not expected",
    "1.0E-4 4, 1.0E-4 99999999, promises",
    "1.0E-4 4, 1.0E-4 -1, promises",
    "3600000, 0, horizon",
    "3600000, many, many",
    "MACHINE, TOASTER, TOASTER",
    "NETWORK, UNKNOWN, UNKNOWN",
    "NETWORK, BOREDOM, BOREDOM",
    "node-modes 3, node-modes 0, versions",
    "node-modes 3, node_modes 3, id",
    "property seed, property labels, name that was there before",
    "model, Model, is not 'model'",
    "symptoms symptoms, symptoms, is not 'symptoms'",
  })
  void anImpossibleShapeIsRefusedAndNamed(String from, String to, String says) {
    String text = new String(model(NETWORK).toBytes(), StandardCharsets.UTF_8);
    String body = text.substring(0, text.lastIndexOf("crc32c "));
    assertThat(body).contains(from);
    String poisoned = body.replaceFirst(Pattern.quote(from), to);
    assertThatThrownBy(() -> ModeModel.fromBytes(signed(poisoned)))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(says);
  }

  @Test
  void otherBytesAreNoModel() {
    assertThatThrownBy(() -> ModeModel.fromBytes(new byte[0])).hasMessageContaining("begins with");
    assertThatThrownBy(() -> ModeModel.fromBytes(new byte[] {(byte) 0xff, 10}))
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> ModeModel.fromBytes(new byte[ModeModel.MAXIMUM_BYTES + 1]))
        .hasMessageContaining("at most");
    assertThatThrownBy(() -> ModeModel.fromBytes(signed("forestall-lstm-1\n")))
        .hasMessageContaining("forestall-modes-1");
    assertThatThrownBy(() -> ModeModel.fromBytes(signed("forestall-modes-1\n")))
        .isInstanceOf(ModelFormatException.class);
  }

  @Test
  void twoCurvesOfOneThingAreRefused() {
    assertThatThrownBy(() -> model(NETWORK, NETWORK)).hasMessageContaining("two curves");
  }

  private static byte[] signed(String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (body + String.format(Locale.ROOT, "crc32c %08x%n", crc.getValue()).replace("\r", ""))
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void theShippedModelFitsTheSymptomsOfThisVersion() {
    ModeModel shipped = TrainedModels.nodeModes();
    assertThat(shipped.id()).isEqualTo("node-modes");
    assertThat(shipped.fitsSymptoms()).isTrue();
    assertThat(TrainedModels.nodeModesCard())
        .contains("A simulator's faults are not your fleet's")
        .contains("--seed " + shipped.properties().get("seed"))
        .contains("--fleets " + shipped.properties().get("fleets"));
    SymptomPolicy policy = SymptomPolicy.defaults();
    for (Curve curve : shipped.curves()) {
      assertThat(curve.horizonMillis()).isEqualTo(policy.horizonMillisOf(curve.mode()));
      assertThat(curve.baseRate()).isEqualTo(policy.priorOf(curve.mode()));
      for (double evidence = 0; evidence < 30; evidence += 0.01) {
        assertThat(curve.added(evidence)).isLessThanOrEqualTo(evidence + 1e-9);
      }
      assertThat(curve.probability(30)).as("%s never is certain", curve).isLessThan(0.95);
    }
    for (Subject subject : List.of(Subject.MACHINE, Subject.LINK)) {
      assertThat(requireNonNull(shipped.curve(subject, FailureMode.NETWORK)).probability(15))
          .as("what surely fails is above tier WARNING")
          .isGreaterThan(0.12);
    }
  }
}
