package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.DiskMetric;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.TelemetryFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {

  private final AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
  private final FrameDecoder decoder = new FrameDecoder();
  private final List<DiskTelemetry> disks = new ArrayList<>();
  private final List<DeadLetter> dead = new ArrayList<>();
  private final FrameDecoder.Sink sink =
      new FrameDecoder.Sink() {
        @Override
        public void disk(DiskTelemetry telemetry) {
          disks.add(telemetry);
        }

        @Override
        public void dead(DeadLetter letter) {
          dead.add(letter);
        }
      };

  @Test
  void readsWhatTheEncoderWrote() {
    byte[] bytes =
        new FrameEncoder("n-0001", 1_700_000_000_000L, 7, "test")
            .disk("D1", "ST4", 4_000L, Map.of("smart_5_raw", 12.0, "smart_5_normalized", 99.0))
            .disk("D2", null, null, Map.of())
            .encode(codec);

    decoder.decode(bytes, "t", 0, 1, 1_700_000_000_500L, sink);

    assertThat(dead).isEmpty();
    assertThat(disks).hasSize(2);
    assertThat(disks.get(0).node()).isEqualTo("n-0001");
    assertThat(disks.get(0).sample().model()).isEqualTo("ST4");
    assertThat(disks.get(0).sample().value(DiskMetric.REALLOCATED_SECTORS)).isEqualTo(12.0);
    assertThat(disks.get(0).sample().has(DiskMetric.PENDING_SECTORS)).isFalse();
    assertThat(disks.get(1).disk()).isEqualTo("D2");
  }
}
