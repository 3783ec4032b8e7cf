package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.LogitCalibration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  private static DriveHistory drive(String serial, int first, int last, boolean failed) {
    return DriveHistory.ofChanges(
        serial,
        null,
        first,
        last,
        failed,
        0,
        new int[] {first},
        new double[][] {TestingFleet.row(0, 0, 0)});
  }

  @Test
  void areasEqualThoseByDefinition() {
    SplittableRandom random = new SplittableRandom(8);
    Evaluation.Collector collector = new Evaluation.Collector(5, 0, 1000);
    for (int d = 0; d < 12; d++) {
      DriveHistory drive = drive("D" + d, 0, 40, d % 3 == 0);
      float[] scores = new float[drive.samples()];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = random.nextInt(-6, 7) / 2f + (d % 3 == 0 && i > 30 ? 1 : 0);
      }
      collector.add(drive, 0, scores, scores.length, 1);
    }
    int n = collector.size();
    double pairs = 0;
    double won = 0;
    double precision = 0;
    double positives = 0;
    for (int i = 0; i < n; i++) {
      if (!collector.fails()[i]) {
        continue;
      }
      positives++;
      double notBelow = 0;
      double notBelowFailing = 0;
      for (int j = 0; j < n; j++) {
        if (!collector.fails()[j]) {
          pairs++;
          won +=
              collector.logits()[i] > collector.logits()[j]
                  ? 1
                  : collector.logits()[i] == collector.logits()[j] ? 0.5 : 0;
        }
        if (collector.logits()[j] >= collector.logits()[i]) {
          notBelow++;
          notBelowFailing += collector.fails()[j] ? 1 : 0;
        }
      }
      precision += notBelowFailing / notBelow;
    }
    Evaluation evaluation = collector.evaluate(LogitCalibration.none());
    assertThat(evaluation.positives()).isEqualTo(20);
    assertThat(evaluation.auc()).isCloseTo(won / pairs, within(1e-12)).isBetween(0.5, 0.95);
    assertThat(evaluation.auprc()).isCloseTo(precision / positives, within(1e-12));
  }

  @Test
  void recallCountsDrivesAndTheBudgetCountsWeeks() {
    Evaluation.Collector collector = new Evaluation.Collector(7, 0, 69);
    // 100 healthy drives of 10 weeks: 1,000 drive-weeks. Ten of the weeks hold one day at 5.
    for (int d = 0; d < 100; d++) {
      DriveHistory drive = drive("H" + d, 0, 200, false);
      float[] scores = new float[70];
      if (d < 10) {
        scores[3] = 5;
      }
      collector.add(drive, 0, scores, 70, 1);
    }
    // Two failing drives: one above the ten, one level with the quiet.
    float[] high = new float[60];
    high[58] = 6;
    collector.add(drive("F1", 0, 60, true), 0, high, 60, 1);
    float[] level = new float[60];
    level[57] = 5;
    collector.add(drive("F2", 0, 60, true), 0, level, 60, 1);
    // Fails so early that not all its days lie in the period: it does not count.
    collector.add(drive("F3", 0, 6, true), 0, new float[6], 6, 1);
    Evaluation evaluation = collector.evaluate(LogitCalibration.none());
    assertThat(evaluation.failingDrives()).isEqualTo(2);
    assertThat(evaluation.recallAtPerMille()).isEqualTo(0.5);
    assertThat(evaluation.recallAtPercent()).isEqualTo(1);
  }

  @Test
  void unknownDaysDoNotCount() {
    Evaluation.Collector collector = new Evaluation.Collector(30, 0, 1000);
    DriveHistory drive = drive("A", 0, 100, false);
    collector.add(drive, 0, new float[101], 101, 1);
    assertThat(collector.size()).isEqualTo(71);
  }
}
