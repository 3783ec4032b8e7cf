package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;

class MoveFiguresTest {

  private final Map<String, Counter> counters = new TreeMap<>();

  /** Remembers counters by the names of their groups and their own. */
  private final class TestingGroup extends UnregisteredMetricsGroup {
    private final String name;

    TestingGroup(String name) {
      this.name = name;
    }

    @Override
    public Counter counter(String counter) {
      return counters.computeIfAbsent(name + counter, key -> super.counter(counter));
    }

    @Override
    public MetricGroup addGroup(String key, String value) {
      return new TestingGroup(name + key + "=" + value + "/");
    }
  }

  private static FleetEvent event(String type, Map<String, String> labels) {
    return new FleetEvent(
        "e",
        type,
        Severity.ERROR,
        false,
        Subject.node("n-1"),
        List.of(),
        1,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "move",
        "bytes differ",
        Map.of(),
        labels);
  }

  @Test
  void wrongBytesAreCountedByWhetherItIsKnownWhoseTheyAre() {
    MoveFigures figures = new MoveFigures(new TestingGroup(""));
    assertThat(counters).containsKeys("attributed=true/copyDivergences");
    figures.noted(event("copy.diverged", Map.of("attributed", "stored-checksum")));
    figures.noted(event("copy.diverged", Map.of("attributed", "stored-checksum")));
    figures.noted(event("copy.diverged", Map.of("attributed", "none")));
    figures.noted(event("shadow.stream.lost", Map.of()));
    assertThat(count("attributed=true/copyDivergences")).isEqualTo(2);
    assertThat(count("attributed=false/copyDivergences")).isEqualTo(1);
    assertThat(count("streamLosses")).isEqualTo(1);
  }

  private long count(String name) {
    Counter counter = counters.get(name);
    return counter == null ? -1 : counter.getCount();
  }
}
