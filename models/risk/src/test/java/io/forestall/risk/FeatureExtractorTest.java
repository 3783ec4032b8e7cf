package io.forestall.risk;

import static io.forestall.risk.DiskMetric.AIRFLOW_TEMPERATURE;
import static io.forestall.risk.DiskMetric.COMMAND_TIMEOUTS;
import static io.forestall.risk.DiskMetric.HIGH_FLY_WRITES;
import static io.forestall.risk.DiskMetric.OFFLINE_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.PENDING_SECTORS;
import static io.forestall.risk.DiskMetric.POWER_CYCLES;
import static io.forestall.risk.DiskMetric.POWER_ON_HOURS;
import static io.forestall.risk.DiskMetric.REALLOCATED_SECTORS;
import static io.forestall.risk.DiskMetric.REALLOCATION_EVENTS;
import static io.forestall.risk.DiskMetric.REPORTED_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.SPIN_RETRIES;
import static io.forestall.risk.DiskMetric.TEMPERATURE;
import static io.forestall.risk.FeatureExtractor.INPUTS;
import static io.forestall.risk.FeatureExtractor.NAMES;
import static io.forestall.risk.Worlds.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureExtractorTest {
  private static float[] last(DiskSample... samples) {
    return last(new FeatureExtractor(), List.of(samples));
  }

  private static float[] last(FeatureExtractor extractor, List<DiskSample> samples) {
    DiskState state = DiskState.fresh();
    float[] out = new float[INPUTS];
    for (DiskSample sample : samples) {
      extractor.extract(state, sample, out);
    }
    return out;
  }

  private static double ln(double value) {
    return Math.log(value);
  }

  private static List<DiskSample> of(DiskSample... samples) {
    return List.of(samples);
  }

  /** Input name, history, expected value at its last sample. */
  static Stream<Arguments> table() {
    double d7 = Math.exp(-1 / 7.0);
    double d30 = Math.exp(-1 / 30.0);
    return Stream.of(
        arguments("reallocated_level", of(sample(0, REALLOCATED_SECTORS, 8)), ln(9) / 3),
        arguments("reallocated_level", of(sample(0, REALLOCATION_EVENTS, 8)), ln(9) / 3),
        arguments("reallocated_level", of(sample(0, REALLOCATED_SECTORS, 0)), 0),
        arguments("reallocated_level", of(sample(0)), 0),
        arguments(
            "reported_uncorrectable_level", of(sample(0, REPORTED_UNCORRECTABLE, 3)), ln(4) / 3),
        arguments(
            "command_timeouts_level",
            of(sample(0, COMMAND_TIMEOUTS, 983_061)),
            ln(22) / 3), // 15, 21 packed
        arguments("pending_level", of(sample(0, PENDING_SECTORS, 16)), ln(17) / 3),
        arguments("pending_level", of(sample(0, PENDING_SECTORS, 1e15)), 3),
        arguments("pending_level", of(sample(0, PENDING_SECTORS, -1)), 0),
        // a missing cell is not 0: the last value stands for 45 days
        arguments("pending_level", of(sample(0, PENDING_SECTORS, 16), sample(20)), ln(17) / 3),
        arguments("pending_level", of(sample(0, PENDING_SECTORS, 16), sample(46)), 0),
        arguments(
            "offline_uncorrectable_level", of(sample(0, OFFLINE_UNCORRECTABLE, 16)), ln(17) / 3),
        arguments("gap_days", of(sample(0)), 0),
        arguments("gap_days", of(sample(0), sample(1)), 0),
        arguments("gap_days", of(sample(0), sample(0.04)), 0),
        arguments("gap_days", of(sample(0), sample(7)), ln(7)),
        arguments("gap_days", of(sample(0), sample(3000)), 3),
        arguments("mechanical_level", of(sample(0, SPIN_RETRIES, 4)), ln(5) / 2),
        arguments("mechanical_level", of(sample(0, HIGH_FLY_WRITES, 4)), ln(5) / 4),
        arguments(
            "reallocated_growth_7d",
            of(sample(0, REALLOCATED_SECTORS, 8)),
            0), // no growth seen yet
        arguments(
            "reallocated_growth_7d",
            of(sample(0, REALLOCATED_SECTORS, 0), sample(1, REALLOCATED_SECTORS, 8)),
            ln(9) / 2.5),
        arguments(
            "reallocated_growth_7d",
            of(
                sample(0, REALLOCATED_SECTORS, 0),
                sample(1, REALLOCATED_SECTORS, 8),
                sample(2, REALLOCATED_SECTORS, 8)),
            ln(1 + 8 * d7) / 2.5),
        arguments(
            "reallocated_growth_30d",
            of(
                sample(0, REALLOCATED_SECTORS, 0),
                sample(1, REALLOCATED_SECTORS, 8),
                sample(2, REALLOCATED_SECTORS, 8)),
            ln(1 + 8 * d30) / 2.5),
        // a reset is no growth and takes none away
        arguments(
            "reallocated_growth_7d",
            of(
                sample(0, REALLOCATED_SECTORS, 0),
                sample(1, REALLOCATED_SECTORS, 8),
                sample(2, REALLOCATED_SECTORS, 0)),
            ln(1 + 8 * d7) / 2.5),
        // growth over a gap in the metric counts when it is back
        arguments(
            "reallocated_growth_7d",
            of(sample(0, REALLOCATED_SECTORS, 0), sample(1), sample(2, REALLOCATED_SECTORS, 8)),
            ln(9) / 2.5),
        arguments(
            "pending_growth_7d",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 8)),
            ln(9) / 2.5),
        arguments(
            "pending_growth_7d",
            of(sample(0, PENDING_SECTORS, 8), sample(1, PENDING_SECTORS, 0)),
            -ln(9) / 2.5),
        arguments(
            "pending_growth_30d",
            of(
                sample(0, PENDING_SECTORS, 0),
                sample(1, PENDING_SECTORS, 8),
                sample(2, PENDING_SECTORS, 4)),
            ln(1 + 8 * d30 - 4) / 2.5),
        arguments(
            "uncorrectable_growth_7d",
            of(
                sample(0, REPORTED_UNCORRECTABLE, 0, OFFLINE_UNCORRECTABLE, 1),
                sample(1, REPORTED_UNCORRECTABLE, 2, OFFLINE_UNCORRECTABLE, 4)),
            ln(6) / 2.5),
        arguments(
            "uncorrectable_growth_30d",
            of(sample(0, REPORTED_UNCORRECTABLE, 0), sample(1, REPORTED_UNCORRECTABLE, 2)),
            ln(3) / 2.5),
        arguments(
            "timeouts_growth_7d",
            of(
                sample(0, COMMAND_TIMEOUTS, 0, SPIN_RETRIES, 0, HIGH_FLY_WRITES, 0),
                sample(1, COMMAND_TIMEOUTS, 3, SPIN_RETRIES, 1, HIGH_FLY_WRITES, 4)),
            ln(6) / 2.5),
        // rise of ln(9) a day after a CUSUM of 0
        arguments(
            "errors_cusum",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 8)),
            0.85 * ln(1 + ln(9))),
        // and ten quiet days take 0.1 each
        arguments(
            "errors_cusum",
            of(
                sample(0, PENDING_SECTORS, 0),
                sample(1, PENDING_SECTORS, 8),
                sample(11, PENDING_SECTORS, 8)),
            0.85 * ln(1 + ln(9) - 1)),
        arguments(
            "errors_cusum",
            of(
                sample(0, PENDING_SECTORS, 0),
                sample(1, PENDING_SECTORS, 8),
                sample(50, PENDING_SECTORS, 8)),
            0),
        arguments(
            "errors_deviation",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 1)),
            ln(2) / 0.5),
        arguments(
            "errors_deviation",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 99)),
            3),
        // the second such rise is less of a surprise: mean ln(2)/30 a day, deviation ln(2)/sqrt(30)
        arguments(
            "errors_deviation",
            of(
                sample(0, PENDING_SECTORS, 0),
                sample(1, PENDING_SECTORS, 1),
                sample(2, PENDING_SECTORS, 2)),
            (ln(2) - ln(2) / 30) / (ln(2) / Math.sqrt(30) + 0.5)),
        arguments("last_rise_recency", of(sample(0, PENDING_SECTORS, 0)), -1),
        arguments(
            "last_rise_recency",
            of(sample(0, PENDING_SECTORS, 8)),
            2.5 - 0.6 * ln(61)), // taken to be 60 days old
        arguments(
            "last_rise_recency",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 8)),
            2.5),
        arguments(
            "last_rise_recency",
            of(sample(0, PENDING_SECTORS, 0), sample(1, PENDING_SECTORS, 8), sample(10)),
            2.5 - 0.6 * ln(10)),
        arguments(
            "last_rise_recency",
            of(sample(0, HIGH_FLY_WRITES, 0), sample(1, HIGH_FLY_WRITES, 8)),
            -1),
        arguments(
            "errors_breadth",
            of(
                sample(
                    0,
                    PENDING_SECTORS,
                    1,
                    REALLOCATED_SECTORS,
                    5,
                    HIGH_FLY_WRITES,
                    9,
                    SPIN_RETRIES,
                    0)),
            1),
        arguments(
            "damage_pending_correlation",
            of(
                sample(0, PENDING_SECTORS, 0, REALLOCATED_SECTORS, 0),
                sample(1, PENDING_SECTORS, 50, REALLOCATED_SECTORS, 50)),
            2 * ln(51) * ln(51) * (1 - d30) / (ln(51) * ln(51) * (1 - d30) + 0.01)),
        arguments(
            "damage_pending_correlation",
            of(
                sample(0, PENDING_SECTORS, 0, REALLOCATED_SECTORS, 0),
                sample(1, PENDING_SECTORS, 50, REALLOCATED_SECTORS, 0)),
            0),
        arguments("age", of(sample(0)), 0),
        arguments("age", of(sample(0, POWER_ON_HOURS, 0)), -2 / 1.5),
        arguments("age", of(sample(0, POWER_ON_HOURS, 8766)), -1 / 1.5),
        arguments("age", of(sample(0, POWER_ON_HOURS, 8766 - 240), sample(10)), -1 / 1.5),
        arguments(
            "age", of(sample(0, POWER_ON_HOURS, 7.0 * (1L << 32) + 8766)), -1 / 1.5), // packed
        arguments("age", of(sample(0, POWER_ON_HOURS, 300_000)), 0), // 34 years are nonsense
        arguments("power_cycles_growth_30d", of(sample(0, POWER_CYCLES, 29_849)), 0),
        arguments(
            "power_cycles_growth_30d",
            of(sample(0, POWER_CYCLES, 10), sample(1, POWER_CYCLES, 13)),
            0.7 * ln(4)),
        arguments("temperature_deviation", of(sample(0, TEMPERATURE, 50)), 0),
        arguments(
            "temperature_deviation", of(sample(0, TEMPERATURE, 25), sample(1, TEMPERATURE, 33)), 2),
        arguments(
            "temperature_deviation",
            of(sample(0, AIRFLOW_TEMPERATURE, 25), sample(1, AIRFLOW_TEMPERATURE, 33)),
            2),
        arguments("temperature_deviation", of(sample(0, TEMPERATURE, 25), sample(1)), 0),
        arguments(
            "temperature_deviation",
            of(
                sample(0, TEMPERATURE, 25),
                sample(30, TEMPERATURE, 29),
                sample(31, TEMPERATURE, 29)),
            (29 - (29 - 4 * Math.exp(-1))) / 4),
        arguments(
            "temperature_deviation",
            of(
                sample(0, TEMPERATURE, 25),
                sample(1, TEMPERATURE, 0x0019_0000_0021L)), // 33, extremes above
            2),
        arguments("counters_known", of(sample(0)), -1.8),
        arguments(
            "counters_known",
            of(sample(0, REALLOCATED_SECTORS, 0, PENDING_SECTORS, 0)),
            3 * (0.25 - 0.6)),
        arguments("counters_known", of(sample(0, POWER_CYCLES, 3, TEMPERATURE, 30)), -1.8),
        arguments("drive_model_hazard", of(sample(0)), 0));
  }

  @ParameterizedTest(name = "{0} #{index}")
  @MethodSource("table")
  void eachInputIsWhatItsFormulaSays(String input, List<DiskSample> history, double expected) {
    float[] out = last(new FeatureExtractor(), history);
    assertThat((double) out[NAMES.indexOf(input)]).isCloseTo(expected, within(2e-6));
  }

  @Test
  void namesEveryInputAndTheTableTestsEachOfThem() {
    assertThat(NAMES).hasSize(INPUTS).doesNotHaveDuplicates();
    assertThat(NAMES.get(FeatureExtractor.DRIVE_MODEL_HAZARD)).isEqualTo("drive_model_hazard");
    assertThat(table().map(row -> (String) row.get()[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(NAMES);
  }

  @Test
  void driveModelHazardIsTheLogOfTheRateOverTheFleets() {
    DriveModelHazards hazards =
        new DriveModelHazards(0.02, Map.of("SYNTH MODEL A", 0.2, "WORSE", 1e9));
    FeatureExtractor extractor = new FeatureExtractor(hazards);
    assertThat((double) last(extractor, List.of(sample(0)))[FeatureExtractor.DRIVE_MODEL_HAZARD])
        .isCloseTo(Math.log(10), within(1e-6));
    assertThat(hazards.input("WORSE")).isEqualTo(3f);
    assertThat(hazards.input("NEVER SEEN")).isEqualTo(0f);
    assertThat(hazards.input(null)).isEqualTo(0f);
    assertThatThrownBy(() -> new DriveModelHazards(0.02, Map.of("BAD", -1.0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("BAD");
  }

  @Test
  void samplingTwiceAsOftenWithoutNewsChangesNoDecayedInput() {
    List<DiskSample> daily = new ArrayList<>();
    List<DiskSample> hourly = new ArrayList<>();
    for (int hour = 0; hour <= 24 * 40; hour++) {
      double value = hour / 24 >= 10 ? 24 : 0;
      DiskSample sample =
          sample(
              hour / 24.0, PENDING_SECTORS, value, REALLOCATED_SECTORS, value / 3, TEMPERATURE, 30);
      hourly.add(sample);
      if (hour % 24 == 0) {
        daily.add(sample);
      }
    }
    float[] slow = last(new FeatureExtractor(), daily);
    float[] fast = last(new FeatureExtractor(), hourly);
    for (int i = 0; i < INPUTS; i++) {
      assertThat((double) fast[i]).as(NAMES.get(i)).isCloseTo(slow[i], within(0.06));
    }
  }

  @Test
  void refusesASampleThatIsNotNewer() {
    DiskState state = DiskState.fresh();
    FeatureExtractor extractor = new FeatureExtractor();
    extractor.extract(state, sample(1), new float[INPUTS]);
    byte[] before = state.toBytes();
    assertThatThrownBy(() -> extractor.extract(state, sample(1), new float[INPUTS]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not newer");
    assertThatThrownBy(() -> extractor.extract(state, sample(0), new float[INPUTS]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(state.toBytes()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyHistoryGivesFiniteInputsInRange(long seed) {
    FeatureExtractor extractor = new FeatureExtractor();
    for (List<DiskSample> history :
        List.of(Worlds.hostileHistory(seed, 2000), Worlds.history(seed, 500))) {
      DiskState state = DiskState.fresh();
      float[] out = new float[INPUTS];
      for (DiskSample sample : history) {
        extractor.extract(state, sample, out);
        for (int i = 0; i < INPUTS; i++) {
          assertThat(out[i]).as("%s at %s", NAMES.get(i), sample).isBetween(-3f, 3f);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void writingAndReadingTheStateInMidHistoryChangesNothing(long seed) throws IOException {
    for (List<DiskSample> history :
        List.of(Worlds.hostileHistory(seed, 300), Worlds.history(seed, 300))) {
      DiskState kept = DiskState.fresh();
      DiskState stored = DiskState.fresh();
      float[] expected = new float[INPUTS];
      float[] actual = new float[INPUTS];
      // Two extractors with different pasts, so that nothing of a disk can hide in the extractor.
      FeatureExtractor one = new FeatureExtractor();
      for (DiskSample sample : history) {
        one.extract(kept, sample, expected);
        stored = DiskState.fromBytes(stored.toBytes());
        new FeatureExtractor().extract(stored, sample, actual);
        assertThat(actual).as("seed %s at %s", seed, sample).isEqualTo(expected);
      }
      assertThat(stored.toBytes()).isEqualTo(kept.toBytes());
    }
  }

  @Test
  void whatComesLaterDoesNotChangeWhatCameBefore() {
    List<DiskSample> history = Worlds.history(21, 200);
    FeatureExtractor extractor = new FeatureExtractor();
    for (int prefix = 1; prefix <= history.size(); prefix += 17) {
      float[] alone = last(new FeatureExtractor(), history.subList(0, prefix));
      DiskState state = DiskState.fresh();
      float[] out = new float[INPUTS];
      float[] atPrefix = out;
      for (int i = 0; i < history.size(); i++) {
        extractor.extract(state, history.get(i), out);
        if (i == prefix - 1) {
          atPrefix = out.clone();
        }
      }
      assertThat(atPrefix).isEqualTo(alone);
    }
  }

  @Test
  void twoHistoriesDifferWhereTheyShould() {
    assertThat(last(sample(0, PENDING_SECTORS, 0)))
        .isNotEqualTo(last(sample(0, PENDING_SECTORS, 1)));
  }
}
