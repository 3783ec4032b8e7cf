package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowPlan.Copy;
import io.forestall.decisions.shadow.ShadowPlan.Need;
import io.forestall.decisions.shadow.ShadowPlan.Spare;
import io.forestall.decisions.shadow.ShadowPlan.Standing;
import io.forestall.decisions.shadow.ShadowPlan.Unit;
import io.forestall.decisions.shadow.ShadowPlan.Why;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShadowPlanTest {

  private static final ShadowPolicy POLICY = ShadowPolicy.DEFAULTS;
  private static final ShadowPlan.SetRisk RISK = ShadowPlanTest::product;

  private static double product(Collection<Copy> copies) {
    double all = 1;
    for (Copy copy : copies) {
      all *= copy.probability();
    }
    return all;
  }

  /**
   * Copies as words: {@code o} owner, {@code r} replica, {@code s} shadow; then any of {@code -}
   * not in sync, {@code !} at risk, {@code m} maintenance, {@code ?} silent, {@code *} another
   * region.
   */
  private static Unit unit(String words, int minimum, boolean otherRegion) {
    List<Copy> copies = new ArrayList<>();
    int i = 0;
    for (String word : words.split(" ")) {
      boolean risky = word.contains("!");
      copies.add(
          new Copy(
              Subject.node("n" + i),
              word.startsWith("s"),
              !word.contains("-"),
              risky,
              word.contains("m"),
              !word.contains("?"),
              risky ? 0.5 : 0.001,
              "r" + i,
              "z" + i,
              word.contains("*") ? "us" : "eu"));
      i++;
    }
    return new Unit("u", Subject.node("n0"), "eu", minimum, otherRegion, copies);
  }

  @ParameterizedTest(name = "{0}, at least {1}, elsewhere {2}: {3} because of {4}")
  @CsvSource({
    "o r r,      2, false, ,             ",
    "o r,        2, false, ,             ",
    "o,          1, false, RISK,         n0",
    "o,          2, false, FEW_COPIES,   n0",
    "o r-,       2, false, FEW_COPIES,   n0",
    "o s-,       2, false, ,             ",
    "o! r,       2, false, RISK,         n0",
    "o r!,       2, false, RISK,         n1",
    "o! r r,     2, false, ,             ",
    "o! r! r,    2, false, RISK,         n0",
    "o! r! r,    1, false, ,             ",
    "o! r!,      1, false, RISK,         n0",
    "o! r s-,    2, false, ,             ",
    "o! r s-!,   2, false, RISK,         n0",
    "om r,       2, false, MAINTENANCE,  n0",
    "o rm,       2, false, MAINTENANCE,  n1",
    "o rm r,     2, false, ,             ",
    "o! rm r,    2, false, RISK,         n0",
    "o rm s-,    2, false, ,             ",
    "o r r,      2, true,  OTHER_REGION, n0",
    "o r r*,     2, true,  ,             ",
    "o r s-*,    2, true,  ,             ",
    "o! s s,     3, false, ,             ",
    "o! r s!,    2, false, RISK,         n0",
  })
  void whatAUnitNeeds(String copies, int minimum, boolean otherRegion, Why why, String worry) {
    Need need = ShadowPlan.need(unit(copies, minimum, otherRegion), false, RISK, POLICY);
    if (why == null) {
      assertThat(need).isNull();
    } else {
      Need needed = Objects.requireNonNull(need);
      assertThat(needed.why()).isEqualTo(why);
      assertThat(needed.worry()).isEqualTo(Subject.node(worry));
      assertThat(needed.text()).contains("u").endsWith(".");
    }
  }

  @Test
  void theLimitToEnterIsHigherThanTheOneToLeave() {
    Unit pair = unit("o r", 1, false);
    ShadowPlan.SetRisk between = copies -> 5e-4;
    assertThat(ShadowPlan.need(pair, false, between, POLICY)).isNull();
    Need standing = Objects.requireNonNull(ShadowPlan.need(pair, true, between, POLICY));
    assertThat(standing.why()).isEqualTo(Why.RISK);
    assertThat(standing.text()).contains("0.00050, limit 0.00010");
    assertThat(ShadowPlan.need(pair, false, copies -> 1e-3, POLICY)).isNotNull();
    assertThat(ShadowPlan.need(pair, true, copies -> 9e-5, POLICY)).isNull();
  }

  @ParameterizedTest(name = "{0}, at least {1}, elsewhere {2}: {3}")
  @CsvSource({
    "o r r s,   2, false, n3",
    "o r,       2, false, ",
    "o r s,     2, false, n2",
    "o s,       2, false, ",
    "o s,       1, false, ",
    "o r s s,   2, false, n2",
    "o r s s-,  2, false, n3",
    "o r s s!,  2, false, n3",
    "o! r s,    2, false, ",
    "o! r s s,  2, false, ",
    "o! r s s!, 2, false, n3",
    "o r! s s,  2, false, n2",
    "o r! s,    2, false, ",
    "om r s,    2, false, ",
    "o rm s,    2, false, ",
    "o r? s,    2, false, ",
    "o r r? s,  2, false, n3",
    "o r? s? s, 2, false, n2",
    "o r s*,    2, true,  ",
    "o r s* s*, 2, true,  n2",
    "o r s* s-*,2, true,  n3",
    "o r- s,    2, false, ",
  })
  void whatItCanDoWithout(String copies, int minimum, boolean otherRegion, String spare) {
    Spare can = ShadowPlan.spare(unit(copies, minimum, otherRegion), RISK, POLICY);
    if (spare == null) {
      assertThat(can).isNull();
    } else {
      assertThat(Objects.requireNonNull(can).shadow()).isEqualTo(Subject.node(spare));
      assertThat(can.text()).startsWith("u has ").endsWith(".");
    }
  }

  @Test
  void noShadowGoesWhileItsLossWouldBeFeltOrMoreAreNeeded() {
    int spares = 0;
    int needs = 0;
    for (long seed = 1; seed <= 20_000; seed++) {
      Random random = new Random(seed);
      StringBuilder words = new StringBuilder("o" + marks(random, false));
      for (int i = random.nextInt(4); i > 0; i--) {
        boolean shadow = random.nextBoolean();
        words.append(shadow ? " s" : " r").append(marks(random, true));
      }
      int minimum = 1 + random.nextInt(3);
      boolean elsewhere = random.nextInt(5) == 0;
      Unit unit = unit(words.toString(), minimum, elsewhere);
      Spare spare = ShadowPlan.spare(unit, RISK, POLICY);
      Need need = ShadowPlan.need(unit, false, RISK, POLICY);
      needs += need == null ? 0 : 1;
      if (spare != null) {
        spares++;
        List<Copy> left = new ArrayList<>();
        int sound = 0;
        for (Copy copy : unit.copies()) {
          boolean stays = copy.inSync() && copy.heard() && !copy.leaving();
          if (stays && !copy.node().equals(spare.shadow())) {
            left.add(copy);
            sound += copy.risky() ? 0 : 1;
          }
        }
        assertThat(sound).as("seed %d: %s", seed, words).isGreaterThanOrEqualTo(minimum);
        assertThat(product(left)).isLessThan(POLICY.exitRisk());
      }
      if (need != null) {
        assertThat(unit.copies().stream().filter(Copy::shadow).count())
            .isLessThan(POLICY.shadowsPerUnit());
      }
    }
    assertThat(spares).isGreaterThan(500);
    assertThat(needs).isGreaterThan(5_000);
  }

  private static String marks(Random random, boolean mayLag) {
    return (mayLag && random.nextInt(4) == 0 ? "-" : "")
        + (random.nextInt(4) == 0 ? "!" : "")
        + (random.nextInt(8) == 0 ? "m" : "")
        + (random.nextInt(8) == 0 ? "?" : "")
        + (random.nextInt(5) == 0 ? "*" : "");
  }

  @Test
  void bothDwellsAreWaitedForAndAPauseBeginsAnew() {
    Need need = new Need(Why.RISK, Subject.node("n0"), 0.5, "why.");
    Spare spare = new Spare(Subject.node("n3"), 1e-9, "why not.");
    Standing standing = Standing.NOTHING.after(need, null, 1_000);
    assertThat(standing.wants(1_000, POLICY)).isFalse();
    assertThat(standing.dueMillis(1_000, POLICY)).isEqualTo(301_000);
    // the reason may change, the time it has lasted does not
    Need other = new Need(Why.FEW_COPIES, Subject.node("n1"), 0.5, "why.");
    standing = standing.after(other, null, 200_000);
    assertThat(standing.wants(301_000, POLICY)).isTrue();
    assertThat(standing.dueMillis(301_000, POLICY)).isEqualTo(Long.MAX_VALUE);
    assertThat(standing.served(400_000).wants(401_000, POLICY)).isFalse();
    standing = standing.after(null, null, 302_000);
    assertThat(standing.isNothing()).isTrue();

    Standing calm = Standing.NOTHING.after(null, spare, 5_000);
    assertThat(calm.releases(5_000 + POLICY.exitDwellMillis() - 1, POLICY)).isFalse();
    assertThat(calm.dueMillis(6_000, POLICY)).isEqualTo(5_000 + POLICY.exitDwellMillis());
    assertThat(calm.after(null, spare, 9_000).releases(5_000 + POLICY.exitDwellMillis(), POLICY))
        .isTrue();
    Spare next = new Spare(Subject.node("n4"), 1e-9, "why not.");
    assertThat(calm.after(null, next, 9_000).spareSinceMillis()).isEqualTo(9_000);
    assertThat(calm.after(null, null, 9_000).after(null, spare, 10_000).spareSinceMillis())
        .isEqualTo(10_000);
  }

  @Test
  void theMedianIsWhenItWillHaveFailedAsLikelyAsNot() {
    assertThat(ShadowPlan.medianMillis(0.5, 1_000_000)).isEqualTo(1_000_000);
    assertThat(ShadowPlan.medianMillis(0.75, 1_000_000)).isEqualTo(500_000);
    assertThat(ShadowPlan.medianMillis(0, 1_000_000)).isEqualTo(Long.MAX_VALUE);
    assertThat(ShadowPlan.medianMillis(1, 1_000_000)).isZero();
    assertThat(ShadowPlan.medianMillis(1e-300, Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aPolicyThatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> new ShadowPolicy(1e-4, 1e-3, 0, 0, 60_000, 0, 1, 1))
        .hasMessage("shadow-exit must not be above shadow-enter");
    assertThatThrownBy(() -> new ShadowPolicy(2, 1e-3, 0, 0, 60_000, 0, 1, 1))
        .hasMessageContaining("shadow-enter is 0 to 1");
    assertThatThrownBy(() -> new ShadowPolicy(1e-3, 1e-4, 0, 0, 1, 0, 1, 1))
        .hasMessageContaining("shadow-horizon");
    assertThatThrownBy(() -> new ShadowPolicy(1e-3, 1e-4, 0, 0, 60_000, 0, 1, 9))
        .hasMessageContaining("shadow-max-per-unit is 0 to 8");
  }
}
