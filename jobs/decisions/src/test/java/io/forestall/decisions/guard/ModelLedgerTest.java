package io.forestall.decisions.guard;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.decisions.guard.ModelLedger.Rules;
import io.forestall.decisions.guard.ModelLedger.Standing;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLedgerTest {
  private static final long DAY = 86_400_000L;
  private static final long MONTH = 30 * DAY;

  private final ModelLedger ledger = new ModelLedger(Rules.DEFAULTS);

  private Standing standing() {
    return requireNonNull(ledger.standing("m", 1));
  }

  private long clock;

  /** So many alarms of probability 0.2, of which so many come true, spread evenly. */
  private void judged(int alarms, int cameTrue) {
    for (int i = 0; i < alarms; i++) {
      clock++;
      ledger.alarm("disk/" + clock, "m", 1, 0.2, MONTH, clock);
      if (i * cameTrue / alarms != (i + 1) * cameTrue / alarms) {
        ledger.failed("disk/" + clock, clock + MONTH);
      } else {
        ledger.passed(clock + MONTH + 1);
      }
    }
  }

  @Test
  void anAlarmComesTrueWithinItsHorizonAndNotAfter() {
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, 0);
    ledger.alarm("disk/b", "m", 1, 0.2, MONTH, 0);
    ledger.alarm("disk/c", "m", 1, 0.2, MONTH, 0);
    ledger.passed(MONTH);
    assertThat(ledger.open()).as("the horizon is not over yet").isEqualTo(3);
    ledger.failed("disk/a", MONTH);
    ledger.failed("disk/b", MONTH + 1);
    ledger.left("disk/c");
    ledger.failed("disk/unforeseen", 1);
    assertThat(ledger.open()).isZero();
    assertThat(standing().judged()).isCloseTo(2, within(0.01));
    assertThat(standing().share()).isCloseTo(0.5, within(0.01));
    assertThat(ledger.standing("m", 2)).isNull();
  }

  @Test
  void oneFailureProvesOneAlarm() {
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, 0);
    ledger.alarm("disk/a", "m", 2, 0.9, MONTH, DAY);
    ledger.failed("disk/a", 2 * DAY);
    assertThat(standing().judged()).isEqualTo(1);
    assertThat(ledger.standing("m", 2)).isNull();
    // After its horizon a new alarm is one of its own, and the old one was wrong.
    ledger.alarm("disk/b", "m", 1, 0.2, MONTH, 0);
    ledger.alarm("disk/b", "m", 1, 0.2, MONTH, MONTH + 1);
    assertThat(standing().judged()).isCloseTo(2, within(0.01));
    assertThat(ledger.open()).isEqualTo(1);
  }

  @Test
  void aModelThatKeepsItsWordIsNotDemotedHoweverLowTheWordIs() {
    judged(100, 20);
    assertThat(standing().demoted()).isFalse();
    assertThat(standing().promised()).isCloseTo(0.2, within(1e-9));
    assertThat(standing().low()).isLessThan(0.2);
    assertThat(standing().high()).isGreaterThan(0.2);
  }

  @Test
  void aModelThatIsOftenWrongIsDemotedWithItsRecordAndTrustedAgainWhenItImproves() {
    judged(100, 1);
    assertThat(standing().demoted()).isTrue();
    assertThat(standing().text())
        .matches(
            "of about \\d+ alarms \\d\\.\\d % came true \\(\\d\\.\\d to \\d\\.\\d %\\); it promised"
                + " 20\\.0 %");
    judged(100, 15);
    assertThat(standing().demoted()).as("better, and not good yet").isTrue();
    judged(600, 130);
    assertThat(standing().demoted()).isFalse();
  }

  @Test
  void fewJudgementsSayNothing() {
    judged(Rules.DEFAULTS.leastJudged() - 1, 0);
    assertThat(standing().demoted()).isFalse();
    assertThat(standing().high()).as("the interval is wide").isGreaterThan(0.1);
  }

  /** Wilson's interval of 3 of 50, from the formula by hand. */
  @Test
  void theIntervalIsWilsons() {
    ModelLedger plain = new ModelLedger(new Rules(1, 0.5, 0.75, Integer.MAX_VALUE, 1000, 4));
    for (int i = 0; i < 50; i++) {
      plain.alarm("disk/" + i, "m", 1, 0.2, MONTH, 0);
      if (i < 3) {
        plain.failed("disk/" + i, 1);
      }
    }
    plain.passed(MONTH + 1);
    Standing standing = requireNonNull(plain.standing("m", 1));
    assertThat(standing.low()).isCloseTo(0.0206, within(0.0005));
    assertThat(standing.high()).isCloseTo(0.1622, within(0.0005));
  }

  @Test
  void itIsBounded() {
    ModelLedger small = new ModelLedger(new Rules(1, 0.5, 0.75, 10, 5, 3));
    for (int i = 0; i < 100; i++) {
      small.alarm("disk/" + i, "m", i, 0.2, MONTH, i);
      assertThat(small.open()).isLessThanOrEqualTo(5);
    }
    small.passed(Long.MAX_VALUE);
    assertThat(small.open()).isZero();
    long known = 0;
    for (int version = 0; version < 100; version++) {
      known += small.standing("m", version) == null ? 0 : 1;
    }
    assertThat(known).isEqualTo(3);
    assertThat(small.standing("m", 99)).isNotNull();
    small.alarm("disk/late", "m", 1, 0.2, Long.MAX_VALUE, DAY);
    small.passed(Long.MAX_VALUE);
    assertThat(small.open()).as("its horizon has no end").isEqualTo(1);
  }

  /** Models that say what is so are seldom demoted; those that promise eight times as much are. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void honestModelsStayAndBoastersGo(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long demoted = 0;
    for (int i = 0; i < 400; i++) {
      double probability = random.nextDouble(0.1, 0.6);
      for (int version = 1; version <= 2; version++) {
        String thing = "disk/" + version + "-" + i;
        ledger.alarm(thing, "m", version, probability, MONTH, i);
        if (random.nextDouble() < (version == 1 ? probability : probability / 8)) {
          ledger.failed(thing, i + 1);
        } else {
          ledger.passed(i + MONTH + 1);
        }
      }
      demoted += standing().demoted() ? 1 : 0;
    }
    assertThat(demoted).as("seed %s: the honest one is never demoted", seed).isZero();
    assertThat(requireNonNull(ledger.standing("m", 2)).demoted()).as("seed %s", seed).isTrue();
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> ledger.alarm("disk/a", "m", 1, 0, MONTH, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ledger.alarm("disk/a", "m", 1, Double.NaN, MONTH, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Rules(30, 0.8, 0.7, 200, 1, 1))
        .hasMessageContaining("leastKept < restoredAt");
    assertThatThrownBy(() -> new Rules(30, 0.5, 0.7, 20, 1, 1)).hasMessageContaining("halfLife");
  }

  /** A job that lags hears of the failure before it has said the alarm. */
  @Test
  void anAlarmThatIsHeardBehindItsFailureIsJudgedByItOnce() {
    ledger.failed("disk/a", 10 * DAY);
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, 2 * DAY);
    ledger.alarm("disk/a", "m", 1, 0.4, MONTH, 3 * DAY);
    assertThat(ledger.open()).isZero();
    assertThat(standing().judged()).isEqualTo(1);
    assertThat(standing().cameTrue()).isEqualTo(1);
    ledger.failed("disk/b", 100 * DAY);
    ledger.alarm("disk/b", "m", 1, 0.2, MONTH, 2 * DAY);
    assertThat(standing().cameTrue()).as("it failed long after").isLessThan(1.01);
    assertThat(standing().judged()).isGreaterThan(1.9);
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, 11 * DAY);
    assertThat(ledger.open()).as("it came back, and is at risk again").isEqualTo(1);
  }

  /** Events are written at least once: a restart may say both of them again. */
  @Test
  void aFailureAndAnAlarmThatAreToldTwiceAreOne() {
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, DAY);
    ledger.failed("disk/a", 2 * DAY);
    ledger.failed("disk/a", 2 * DAY);
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, DAY);
    ledger.failed("disk/a", 2 * DAY);
    assertThat(standing().judged()).isEqualTo(1);
    assertThat(ledger.open()).isZero();
  }

  /** The order in which a failure and its alarm are heard changes no standing. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whoIsHeardFirstChangesNothing(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ModelLedger late = new ModelLedger(Rules.DEFAULTS);
    for (int i = 0; i < 200; i++) {
      String thing = "disk/" + i;
      long alarm = i * DAY;
      long failure = alarm + (long) (random.nextDouble() * 2 * MONTH);
      ledger.alarm(thing, "m", 1, 0.2, MONTH, alarm);
      ledger.failed(thing, failure);
      late.failed(thing, failure);
      late.alarm(thing, "m", 1, 0.2, MONTH, alarm);
    }
    assertThat(late.standing("m", 1)).as("seed %d", seed).isEqualTo(standing());
  }

  @Test
  void newsTellsEachJudgementOnce() {
    assertThat(ledger.news()).isEmpty();
    ledger.alarm("disk/a", "m", 1, 0.2, MONTH, 0);
    ledger.alarm("disk/b", "n", 2, 0.2, MONTH, 0);
    ledger.passed(MONTH + 1);
    assertThat(ledger.news()).extracting(Standing::model).containsExactly("m", "n");
    assertThat(ledger.news()).isEmpty();
  }

  @Test
  void readsWhatItWrote() throws IOException {
    judged(100, 1);
    ledger.alarm("disk/open", "m", 1, 0.5, MONTH, clock);
    ledger.failed("disk/unheard", clock);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ledger.write(new DataOutputStream(bytes));
    ModelLedger back =
        ModelLedger.read(
            new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())), Rules.DEFAULTS);
    assertThat(back.standing("m", 1)).isEqualTo(standing());
    assertThat(standing().demoted()).isTrue();
    assertThat(back.open()).isEqualTo(1);
    for (ModelLedger each : new ModelLedger[] {ledger, back}) {
      each.failed("disk/open", clock + 1);
      each.alarm("disk/unheard", "m", 1, 0.3, MONTH, clock - 1);
    }
    assertThat(back.standing("m", 1)).isEqualTo(standing());
  }
}
