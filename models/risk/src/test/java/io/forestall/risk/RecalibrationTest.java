package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecalibrationTest {
  @Test
  void nothingKnownMovesNothing() {
    Recalibration recalibration = new Recalibration();
    assertThat(recalibration.nats()).isZero();
    assertThat(recalibration.ratio()).isNaN();
  }

  @Test
  void fewDaysHardlyMoveAndManyDo() {
    Recalibration few = new Recalibration();
    few.add(1, 10, 20);
    assertThat(few.nats()).isCloseTo(Math.log(200.0 / 190), within(1e-12));
    Recalibration many = new Recalibration();
    many.add(1, 100_000, 200_000);
    assertThat(many.nats()).isCloseTo(Math.log(2), within(1e-2));
    assertThat(many.ratio()).isEqualTo(2);
  }

  @Test
  void theLevelIsBoundedBothWays() {
    Recalibration up = new Recalibration();
    up.add(1, 1, 1e9);
    assertThat(up.nats()).isEqualTo(2);
    Recalibration down = new Recalibration();
    down.add(1, 1e9, 0);
    assertThat(down.nats()).isEqualTo(-2);
  }

  @Test
  void halfIsForgottenInAHalfLife() {
    Recalibration recalibration = new Recalibration();
    recalibration.add(0, 1_000, 4_000);
    recalibration.add(Recalibration.HALF_LIFE_DAYS, 500, 500);
    assertThat(recalibration.ratio()).isCloseTo(2.5, within(1e-12));
  }

  @Test
  void recalibrationFollowsTheLevelAndForgets() {
    Recalibration recalibration = new Recalibration();
    assertThat(recalibration.nats()).isZero();
    for (int month = 0; month < 24; month++) {
      recalibration.add(30.0 * month, 1000, 3000);
    }
    assertThat(recalibration.nats()).isCloseTo(Math.log(3), within(0.1));
    assertThat(recalibration.ratio()).isCloseTo(3, within(1e-6));
    for (int month = 24; month < 48; month++) {
      recalibration.add(30.0 * month, 1000, 500);
    }
    assertThat(recalibration.nats()).isCloseTo(Math.log(0.5), within(0.1));
    recalibration.add(2000, 1, 1e9);
    assertThat(recalibration.nats()).as("bounded").isEqualTo(2);
  }

  /** A model that was moved by what was found wanting is found right from then on. */
  @Test
  void followsAFleetWhoseRateDrifts() {
    long seed = 20_131_122L;
    SplittableRandom random = new SplittableRandom(seed);
    for (int world = 0; world < 50; world++) {
      double truth = Math.exp(random.nextDouble(-1.5, 1.5));
      Recalibration recalibration = new Recalibration();
      double moved = 0;
      double days = random.nextDouble(500, 5_000);
      for (int week = 0; week < 60; week++) {
        recalibration.add(7.0 * week, days * Math.exp(moved), days * truth);
        double nats = recalibration.nats();
        if (Math.abs(nats) > 0.1) {
          moved += nats;
          recalibration.moved(nats);
        }
      }
      assertThat(moved)
          .as("seed %d, world %d, rate %.2f", seed, world, truth)
          .isCloseTo(Math.log(truth), within(0.15));
    }
  }

  @Test
  void writesAndReadsItself() throws Exception {
    Recalibration recalibration = new Recalibration();
    recalibration.add(3, 100, 150);
    recalibration.moved(0.1);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    recalibration.write(new DataOutputStream(bytes));
    Recalibration back =
        Recalibration.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(back.nats()).isEqualTo(recalibration.nats());
    back.add(100, 7, 9);
    recalibration.add(100, 7, 9);
    assertThat(back.nats()).isEqualTo(recalibration.nats());
  }

  @Test
  void aMovedModelKeepsTheOrderAndMovesEachDiskAlike() {
    for (StoredModel model :
        new StoredModel[] {
          EnsembleFileTest.file(1),
          TestingModels.file(1, "disk-lstm", 3, FeatureExtractor.INPUTS, 6, 5)
        }) {
      float[] input = new float[FeatureExtractor.INPUTS];
      input[FeatureExtractor.PENDING_LEVEL] = 1;
      try (BatchSequenceModel one = model.compile();
          BatchSequenceModel other = model.shifted(0.7).compile()) {
        float logit = one.step(input, new float[one.stateFloats()]);
        assertThat(other.step(input, new float[other.stateFloats()])).isEqualTo(logit);
        assertThat(odds(other.probability(logit)) / odds(one.probability(logit)))
            .as(model.format())
            .isCloseTo(Math.exp(0.7), within(1e-4));
      }
    }
  }

  private static double odds(double probability) {
    return probability / (1 - probability);
  }
}
