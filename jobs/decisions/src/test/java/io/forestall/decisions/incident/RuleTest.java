package io.forestall.decisions.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RuleTest {

  @Test
  void anEventIsHeldForTheWindowOrTheHorizonOfItsTypeWhicheverIsLonger() {
    Rule rule =
        TestingRules.rule(
            "holds",
            List.of(Subject.Kind.NODE),
            true,
            100,
            Map.of("disk.failed", 1000L, "disk.*", 500L, "disk.slow.*", 50L, "*", 200L),
            TestingRules.stage(1, "*"));

    assertThat(rule.holdMillis("disk.failed")).isEqualTo(1000);
    assertThat(rule.holdMillis("disk.errors")).isEqualTo(500);
    assertThat(rule.holdMillis("disk.slow.reads")).isEqualTo(100);
    assertThat(rule.holdMillis("node.failed")).isEqualTo(200);
    assertThat(rule.longestHoldMillis()).isEqualTo(1000);
  }

  @Test
  void theShapeIsWhatAJobCannotChange() {
    Rule rule = shaped(100, 1, "a");

    assertThat(rule.shapeHash()).matches("[0-9a-f]{12}").isEqualTo(shaped(100, 1, "a").shapeHash());
    assertThat(shaped(101, 1, "a").shapeHash()).isNotEqualTo(rule.shapeHash());
    assertThat(shaped(100, 2, "a").shapeHash()).isNotEqualTo(rule.shapeHash());
    Rule other =
        new Rule(
            rule.id(),
            7,
            false,
            "Other words.",
            rule.key(),
            rule.ordered(),
            List.of(new Rule.Stage("a", TestingRules.types("b"), 1, null)),
            rule.windowMillis(),
            rule.horizonsMillis(),
            1,
            2,
            null,
            null,
            rule.recommendation(),
            "",
            List.of(),
            Map.of());
    assertThat(other.shapeHash()).as("the rest is live").isEqualTo(rule.shapeHash());
  }

  private static Rule shaped(long windowMillis, int count, String name) {
    return TestingRules.rule(
        "shaped",
        List.of(Subject.Kind.NODE),
        true,
        windowMillis,
        Map.of(),
        new Rule.Stage(name, TestingRules.types("a"), count, null));
  }
}
