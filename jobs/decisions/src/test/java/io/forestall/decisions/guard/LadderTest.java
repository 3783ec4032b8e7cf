package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** 128 MiB/s and a safety factor of two: one TiB takes 4 h 33 min. */
class LadderTest {

  @ParameterizedTest(name = "{0} with {3} min left and {4} GiB: {5}")
  @CsvSource({
    // recommended, predicted, severity, minutes left, GiB, chosen
    "FAILOVER,     true,  CRITICAL, 43200,   1024, MIGRATE",
    "PREFETCH,     true,  WARNING,  43200,   1024, MIGRATE",
    "MIGRATE,      true,  CRITICAL, 394,     1024, MIGRATE",
    "MIGRATE,      true,  CRITICAL, 393,     1024, SHADOW",
    "MIGRATE,      true,  CRITICAL, 284,     1024, SHADOW",
    "MIGRATE,      true,  CRITICAL, 283,     1024, PREFETCH",
    "MIGRATE,      true,  CRITICAL, 120,     0,    MIGRATE",
    "MIGRATE,      true,  CRITICAL, 119,     0,    SHADOW",
    "SHADOW,       true,  CRITICAL, 10,      0,    SHADOW",
    "SHADOW,       true,  CRITICAL, 9,       0,    PREFETCH",
    "SHADOW,       true,  CRITICAL, 1,       1024, PREFETCH",
    "SHADOW,       true,  CRITICAL, 0,       1024, FAILOVER",
    "FAILOVER,     true,  WARNING,  0,       1,    FAILOVER",
    "MIGRATE,      true,  WARNING,  0,       1,    PREFETCH",
    "FAILOVER,     false, CRITICAL, 43200,   0,    FAILOVER",
    "MIGRATE,      false, ERROR,    0,       1024, MIGRATE",
    "INVESTIGATE,  true,  CRITICAL, 0,       1,    INVESTIGATE",
    "DRAIN,        true,  CRITICAL, 0,       1,    DRAIN",
    "SWITCHOVER,   true,  CRITICAL, 0,       1,    SWITCHOVER",
    "REPAIR,       false, CRITICAL, 0,       1,    REPAIR",
    "NONE,         true,  CRITICAL, 0,       1,    NONE",
  })
  void theGentlestThatStillFits(
      ActKind recommended,
      boolean predicted,
      Severity severity,
      long minutesLeft,
      long gibibytes,
      ActKind chosen) {
    Ladder.Choice choice =
        Ladder.choose(
            recommended,
            predicted,
            severity,
            minutesLeft * 60_000,
            gibibytes << 30,
            GuardPolicy.DEFAULTS);
    assertThat(choice.act()).as(choice.reason()).isEqualTo(chosen);
    assertThat(choice.reason()).isNotBlank();
  }

  @Test
  void lessTimeNeverGivesALongerAct() {
    for (long bytes : new long[] {0, 1L << 30, 1L << 40, Long.MAX_VALUE / 2}) {
      int before = Integer.MAX_VALUE;
      for (long left = 400L * 3_600_000; left >= 0; left -= 60_000) {
        ActKind act =
            Ladder.choose(
                    ActKind.FAILOVER, true, Severity.CRITICAL, left, bytes, GuardPolicy.DEFAULTS)
                .act();
        int rung =
            switch (act) {
              case MIGRATE -> 3;
              case SHADOW -> 2;
              case PREFETCH -> 1;
              default -> 0;
            };
        assertThat(rung).isLessThanOrEqualTo(before);
        before = rung;
      }
    }
  }

  @Test
  void theReasonHasItsNumbers() {
    assertThat(
            Ladder.choose(
                    ActKind.MIGRATE,
                    true,
                    Severity.CRITICAL,
                    24L * 3_600_000,
                    1L << 40,
                    GuardPolicy.DEFAULTS)
                .reason())
        .isEqualTo(
            "24.0 h left; copying 1024.0 GiB takes 4.6 h with a safety factor of 2.0: time to"
                + " migrate.");
  }
}
