package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.ShadowStatus;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class StandingRecordsTest {

  private static final ShadowStanding STANDING =
      new ShadowStanding(
          "v/0",
          "v",
          "p1",
          Subject.node("n-7"),
          Subject.node("n-1"),
          "CATCHING_UP",
          3,
          900,
          880,
          20,
          81_920,
          140,
          0,
          1_000_000L,
          2,
          4,
          1_767_225_600_000L,
          1,
          "20 writes behind",
          1_767_225_601_000L);

  private final StandingRecords records = new StandingRecords();
  private final AvroCodec<ShadowStatus> avro = AvroCodec.of(ShadowStatus.class);

  @Test
  void whatIsWrittenIsRead() throws Exception {
    assertThat(records.decode(records.encode(STANDING))).isEqualTo(STANDING);
    for (String state : List.of("COPYING", "IN_SYNC", "DIVERGED")) {
      ShadowStatus record = StandingRecords.of(STANDING);
      record.setState(CopyState.valueOf(state));
      record.setVerifiedMillis(null);
      record.setFetchBytesPerSecond(null);
      ShadowStanding read = records.decode(avro.encode(record));
      assertThat(read.state()).isEqualTo(state);
      assertThat(read.verifiedMillis()).isNull();
      assertThat(read.fetchBytesPerSecond()).isNull();
    }
  }

  @Test
  void aKeyNamesUnitAndShadow() {
    assertThat(StandingRecords.key(STANDING)).isEqualTo("v/0/n-7");
  }

  @Test
  void aStandingThatMakesNoSenseIsRefusedWithItsField() {
    refused("unit", record -> record.setUnit(""));
    refused("volume", record -> record.setVolume(" "));
    refused("shadow", record -> record.setShadow(new EntityRef(EntityKind.UNKNOWN, "n")));
    refused("owner", record -> record.setOwner(new EntityRef(EntityKind.NODE, "")));
    refused("state", record -> record.setState(CopyState.UNKNOWN));
    refused("epoch", record -> record.setEpoch(-1));
    refused("streamSequence", record -> record.setStreamSequence(-1));
    refused("appliedSequence", record -> record.setAppliedSequence(-2));
    refused("lagRecords", record -> record.setLagRecords(-1));
    refused("lagBytes", record -> record.setLagBytes(-1));
    refused("lagMillis", record -> record.setLagMillis(-1));
    refused("missingBytes", record -> record.setMissingBytes(-1));
    refused("fetchBytesPerSecond", record -> record.setFetchBytesPerSecond(-1L));
    refused("resyncs", record -> record.setResyncs(-1));
    refused("verifiedRound", record -> record.setVerifiedRound(-1));
    refused("divergences", record -> record.setDivergences(-1));
    refused("text", record -> record.setText("x".repeat(5000)));
  }

  private void refused(String field, Consumer<ShadowStatus> lie) {
    ShadowStatus record = StandingRecords.of(STANDING);
    lie.accept(record);
    assertThatThrownBy(() -> records.decode(avro.encode(record)))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }
}
