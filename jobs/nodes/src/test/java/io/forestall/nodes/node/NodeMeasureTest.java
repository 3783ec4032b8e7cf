package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeMeasureTest {

  private static final String MEAN = "shadow_apply_seconds";
  private static final String P99 = "shadow_apply_p99_seconds";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  @Test
  void aNodeSaysHowLateItsShadowsAre() {
    NodeMeasure measure = new NodeMeasure(Subject.node("n-1"), folder, false);
    assertThat(metrics(measure)).doesNotContainKeys(MEAN, P99);

    for (int i = 1; i <= 100; i++) {
      measure.shadowed(i);
    }
    assertThat(metrics(measure)).containsEntry(MEAN, 0.0505).containsEntry(P99, 0.1);
    assertThat(metrics(measure)).as("nothing since").doesNotContainKeys(MEAN, P99);
  }

  @Test
  void moreThanItKeepsAreToldByTheLast() {
    NodeMeasure measure = new NodeMeasure(Subject.node("n-1"), folder, false);
    for (int i = 0; i < 10_000; i++) {
      measure.shadowed(i < 5_000 ? 900 : 20);
    }

    assertThat(metrics(measure)).containsEntry(MEAN, 0.46).containsEntry(P99, 0.02);
  }

  @Test
  void aClockThatIsAheadElsewhereIsNoLatencyBelowNone() {
    NodeMeasure measure = new NodeMeasure(Subject.node("n-1"), folder, false);
    measure.shadowed(-500);

    assertThat(metrics(measure)).containsEntry(MEAN, 0.0);
  }

  private static Map<String, Double> metrics(NodeMeasure measure) {
    return measure.frame(1, 0, 0).getSamples().get(0).getMetrics();
  }
}
