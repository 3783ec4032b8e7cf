package io.forestall.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LostRecordsTest {

  private final List<String> lines = new ArrayList<>();
  private final AtomicLong nanos = new AtomicLong(-5);
  private final LostRecords lost = new LostRecords(lines::add, nanos::get);

  @Test
  void aThousandLostRecordsOfATopicAreTwoLines() {
    for (int i = 0; i < 1_000; i++) {
      lost.lost(Topics.TELEMETRY, "n-1", new IllegalStateException("no broker"));
    }
    nanos.addAndGet(LostRecords.QUIET_NANOS);
    lost.lost(Topics.TELEMETRY, "n-1", new IllegalStateException("no broker"));

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).contains("record of n-1", "no broker", "(0 such", "1 in all");
    assertThat(lines.get(1)).contains("(999 such", "1001 in all");
  }

  @Test
  void oneTopicDoesNotSilenceAnother() {
    lost.lost(Topics.TELEMETRY, "n-1", new IllegalStateException("no broker"));
    lost.lost(Topics.EVENTS, "n-1", new IllegalStateException("no broker"));

    assertThat(lines).hasSize(2);
  }
}
