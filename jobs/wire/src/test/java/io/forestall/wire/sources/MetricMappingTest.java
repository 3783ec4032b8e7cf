package io.forestall.wire.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.DiskMetric;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.DiskTelemetry;
import io.forestall.wire.FrameDecoder;
import io.forestall.wire.FrameEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MetricMappingTest {

  private final MetricMapping mapping = MetricMapping.shipped();

  private String target(String source, String name) {
    MetricMapping.Target target = mapping.find(source, name);
    return target == null ? "unknown" : target.metric() + " x" + target.factor();
  }

  @Test
  void mapsTheNamesOfEachSource() {
    assertThat(target("drive-stats", "smart_5_raw")).isEqualTo("smart_5_raw x1.0");
    assertThat(target("drive-stats", "smart_255_normalized"))
        .isEqualTo("smart_255_normalized x1.0");
    assertThat(target("change-log", "smart_197")).isEqualTo("smart_197_raw x1.0");
    assertThat(target("smartctl", "ata_smart_attributes.table.7.raw.value"))
        .isEqualTo("smart_7_raw x1.0");
    assertThat(target("smartctl", "nvme_smart_health_information_log.data_units_written"))
        .isEqualTo("smart_241_raw x1000.0");
  }

  @Test
  void knowsNoOtherNames() {
    for (String name :
        List.of(
            "smart_0_raw",
            "smart_256_raw",
            "smart_05_raw",
            "smart__raw",
            "smart_5_norm",
            "smart_5",
            "smart_x_raw",
            "failure",
            "last_date",
            "days")) {
      assertThat(target("drive-stats", name)).as(name).isEqualTo("unknown");
    }
    for (String name : List.of("tstop", "last_hours", "failed", "smart_5_raw")) {
      assertThat(target("change-log", name)).as(name).isEqualTo("unknown");
    }
  }

  @Test
  void everyMetricThatIsScoredHasASourceInDriveStats() {
    for (DiskMetric metric : DiskMetric.values()) {
      assertThat(target("drive-stats", metric.metricName()))
          .isEqualTo(metric.metricName() + " x1.0");
    }
    assertThat(mapping.entries()).allMatch(entry -> !entry.doc().isBlank());
    assertThat(mapping.entries()).allMatch(entry -> !entry.unit().isBlank());
  }

  /** What a reader accepts, the job must accept: else a row would be counted twice or never. */
  @Test
  void readersBelieveTheSameValuesAsTheFrameDecoder() {
    AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
    FrameDecoder decoder = new FrameDecoder();
    for (DiskMetric metric : DiskMetric.values()) {
      for (double value :
          new double[] {-1e19, -65, -64, -1, -0.0, 0, 1, 1e15, 0x1p64, 1.85e19, 1e300}) {
        List<DeadLetter> dead = new ArrayList<>();
        byte[] frame =
            new FrameEncoder("n-0001", 1_709_251_200_000L, 0, "test")
                .disk("Z1", null, null, Map.of(metric.metricName(), value))
                .encode(codec);
        decoder.decode(
            frame,
            "telemetry",
            0,
            0,
            1_709_251_200_000L,
            new FrameDecoder.Sink() {
              @Override
              public void disk(DiskTelemetry telemetry) {}

              @Override
              public void dead(DeadLetter letter) {
                dead.add(letter);
              }
            });
        boolean believed =
            value >= MetricRange.lowest(metric.metricName()) && value <= MetricRange.HIGHEST;
        assertThat(dead.isEmpty()).as("%s = %s", metric, value).isEqualTo(believed);
      }
    }
  }
}
