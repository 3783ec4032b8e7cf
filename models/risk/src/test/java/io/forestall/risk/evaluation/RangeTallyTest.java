package io.forestall.risk.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.evaluation.RangeTally.Bias;
import io.forestall.risk.evaluation.RangeTally.Cardinality;
import io.forestall.risk.evaluation.RangeTally.Weights;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RangeTallyTest {
  private static final double EXACT = 1e-12;

  /** Worked out by hand: one row is one series of labels and alarms. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // all found and nothing else
        "..####.. | ..####.. | 0   | FLAT  | RECIPROCAL | 1     | 1",
        // no alarm; no anomaly
        "..####.. | ........ | 0   | FLAT  | RECIPROCAL | 0     | 0",
        "........ | ..####.. | 0   | FLAT  | RECIPROCAL | 0     | 0",
        // half of it: flat 2/4; existence wins half of the rest
        "..####.. | ....##.. | 0   | FLAT  | RECIPROCAL | 1     | 0.5",
        "..####.. | ....##.. | 0.5 | FLAT  | RECIPROCAL | 1     | 0.75",
        "..####.. | ....##.. | 1   | FLAT  | RECIPROCAL | 1     | 1",
        // front bias weighs points 4 3 2 1 of 10: first half 7/10, last half 3/10
        "..####.. | ..##.... | 0   | FRONT | RECIPROCAL | 1     | 0.7",
        "..####.. | ....##.. | 0   | FRONT | RECIPROCAL | 1     | 0.3",
        "..####.. | .....#.. | 0.5 | FRONT | RECIPROCAL | 1     | 0.55",
        // two pieces cover 2 of 4: a half of 2/4 when pieces cost
        "..####.. | ..#.#... | 0   | FLAT  | RECIPROCAL | 1     | 0.25",
        "..####.. | ..#.#... | 0   | FLAT  | ONE        | 1     | 0.5",
        "..####.. | ..#.#... | 0.5 | FLAT  | RECIPROCAL | 1     | 0.625",
        // one alarm of 8 over two anomalies of 2: 4/8 in two pieces
        ".##..##. | ######## | 0   | FLAT  | RECIPROCAL | 0.25  | 1",
        ".##..##. | ######## | 0   | FLAT  | ONE        | 0.5   | 1",
        // each alarm counts the same in precision: (1 + 0) / 2, though it is 4 points to 1
        "####.... | ####..#. | 0   | FLAT  | RECIPROCAL | 0.5   | 1",
        // each anomaly counts the same in recall: (1 + 0) / 2
        "######.# | ######.. | 0   | FLAT  | RECIPROCAL | 1     | 0.5",
        // an alarm of 4 that is right for 1; neighbours that only touch do not overlap
        "...#.... | ####.... | 0   | FLAT  | RECIPROCAL | 0.25  | 1",
        "..##.... | ....##.. | 0   | FLAT  | RECIPROCAL | 0     | 0",
        // ranges at both ends of the series
        "##....## | #......# | 0   | FLAT  | RECIPROCAL | 1     | 0.5",
      })
  void table(
      String labels,
      String alarms,
      double existence,
      Bias bias,
      Cardinality cardinality,
      double precision,
      double recall) {
    RangeTally tally = new RangeTally(new Weights(existence, bias, cardinality));
    tally.add(points(labels), points(alarms));
    assertThat(tally.score().precision()).as("precision").isCloseTo(precision, within(EXACT));
    assertThat(tally.score().recall()).as("recall").isCloseTo(recall, within(EXACT));
  }

  @Test
  void rangesOfAllSeriesCountTheSame() {
    RangeTally tally = new RangeTally(Weights.DEFAULT);
    tally.add(points("####"), points("####"));
    tally.add(points("#.#.#"), points("....."));
    assertThat(tally.score().recall()).isCloseTo(0.25, within(EXACT));
    assertThat(tally.score().precision()).isEqualTo(1);
    assertThat(tally.score().f1()).isCloseTo(0.4, within(EXACT));
  }

  @Test
  void withRangesOfOnePointItIsTheClassicalScore() {
    for (long seed = 1; seed <= 50; seed++) {
      Random random = new Random(seed);
      boolean[] labels = new boolean[400];
      boolean[] alarms = new boolean[400];
      for (int i = 0; i < labels.length; i += 2) {
        labels[i] = random.nextInt(3) == 0;
        alarms[i] = labels[i] ? random.nextBoolean() : random.nextInt(9) == 0;
      }
      RangeTally ranges = new RangeTally(Weights.DEFAULT);
      PointTally points = new PointTally();
      EventTally events = new EventTally();
      ranges.add(labels, alarms);
      points.add(labels, alarms);
      events.add(labels, alarms, 1);
      assertThat(ranges.score().precision())
          .as("seed %d", seed)
          .isCloseTo(points.score().precision(), within(EXACT));
      assertThat(ranges.score().recall())
          .as("seed %d", seed)
          .isCloseTo(points.score().recall(), within(EXACT));
      assertThat(events.score()).as("seed %d", seed).isEqualTo(points.score());
    }
  }

  @Test
  void invariants() {
    for (long seed = 1; seed <= 200; seed++) {
      Random random = new Random(seed);
      boolean[] labels = blocks(random, 300);
      boolean[] alarms = blocks(random, 300);
      double existence = random.nextDouble();
      Bias bias = random.nextBoolean() ? Bias.FLAT : Bias.FRONT;
      Score one = score(labels, alarms, new Weights(existence, bias, Cardinality.ONE));
      Score costly = score(labels, alarms, new Weights(existence, bias, Cardinality.RECIPROCAL));
      assertThat(one.precision()).as("seed %d", seed).isBetween(0.0, 1 + EXACT);
      assertThat(one.recall()).as("seed %d", seed).isBetween(0.0, 1 + EXACT);
      assertThat(costly.recall()).as("pieces cost, seed %d", seed).isLessThan(one.recall() + EXACT);
      assertThat(costly.precision()).as("seed %d", seed).isLessThan(one.precision() + EXACT);
      assertThat(score(labels, alarms, new Weights(1, bias, Cardinality.ONE)).recall())
          .as("existence alone is recall by events, seed %d", seed)
          .isCloseTo(events(labels, alarms).recall(), within(EXACT));
      Score there = score(labels, alarms, Weights.DEFAULT);
      Score back = score(alarms, labels, Weights.DEFAULT);
      assertThat(there.precision())
          .as("precision is recall with the sides changed, seed %d", seed)
          .isCloseTo(back.recall(), within(EXACT));
      Score itself = score(labels, labels, new Weights(existence, bias, Cardinality.RECIPROCAL));
      assertThat(itself.f1()).as("labels as alarms, seed %d", seed).isCloseTo(1, within(EXACT));
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    RangeTally tally = new RangeTally(Weights.DEFAULT);
    assertThatThrownBy(() -> tally.add(new boolean[3], new boolean[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 labels do not fit 4 points");
    assertThatThrownBy(() -> new Weights(1.5, Bias.FLAT, Cardinality.ONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1.5");
  }

  private static Score score(boolean[] labels, boolean[] alarms, Weights weights) {
    RangeTally tally = new RangeTally(weights);
    tally.add(labels, alarms);
    return tally.score();
  }

  private static Score events(boolean[] labels, boolean[] alarms) {
    EventTally tally = new EventTally();
    tally.add(labels, alarms, 1);
    return tally.score();
  }

  /** Blocks of random length, at least one of them true. */
  private static boolean[] blocks(Random random, int length) {
    boolean[] points = new boolean[length];
    points[random.nextInt(length)] = true;
    boolean in = random.nextBoolean();
    for (int i = 0; i < length; in = !in) {
      for (int end = Math.min(length, i + 1 + random.nextInt(in ? 12 : 40)); i < end; i++) {
        points[i] |= in;
      }
    }
    return points;
  }

  static boolean[] points(String text) {
    boolean[] points = new boolean[text.length()];
    for (int i = 0; i < points.length; i++) {
      points[i] = text.charAt(i) == '#';
    }
    return points;
  }
}
