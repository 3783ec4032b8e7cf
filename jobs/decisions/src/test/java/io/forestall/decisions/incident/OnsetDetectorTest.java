package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A storm is many things that begin to speak at once. */
class OnsetDetectorTest {

  private static void feed(
      OnsetDetector detector, List<Long> onsets, long from, long to, double meanMillis, Random by) {
    long time = from;
    while (time < to) {
      long onset = detector.take(Subject.node("n-" + by.nextInt(60)), time);
      if (onset != OnsetDetector.NONE) {
        onsets.add(onset);
      }
      time += (long) (-Math.log(1 - by.nextDouble()) * meanMillis) + 1;
    }
  }

  @Test
  void aStormBeginsOnceAndASecondOneInTheEbbOfTheFirstIsFound() {
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      OnsetDetector detector = new OnsetDetector();
      List<Long> onsets = new ArrayList<>();
      feed(detector, onsets, 0, 3_600_000, 120_000, random);
      assertThat(onsets).as("quiet, seed %d", seed).isEmpty();
      feed(detector, onsets, 3_600_000, 3_660_000, 500, random);
      feed(detector, onsets, 3_660_000, 4_140_000, 10_000, random);
      assertThat(onsets).as("one storm, seed %d", seed).hasSize(1);
      assertThat(onsets.get(0)).isBetween(3_540_000L, 3_615_000L);
      feed(detector, onsets, 4_140_000, 4_200_000, 500, random);
      assertThat(onsets).as("two storms, seed %d", seed).hasSize(2);
      assertThat(onsets.get(1)).isBetween(4_100_000L, 4_155_000L);
    }
  }

  @Test
  void oneThingThatSpeaksALotIsNoStorm() {
    OnsetDetector detector = new OnsetDetector();
    for (int i = 0; i < 100_000; i++) {
      assertThat(detector.take(Subject.node("loud"), i * 10L)).isEqualTo(OnsetDetector.NONE);
    }
  }
}
