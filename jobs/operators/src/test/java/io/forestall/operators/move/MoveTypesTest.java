package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

/** One test for each type of the move job that crosses an edge. */
class MoveTypesTest {

  @Test
  void everySortOfInputComesBackAsItWent() throws Exception {
    var letter =
        new DeadLetters("move")
            .record("t", 1, 2, TestingMoves.NOW, DeadReason.OTHER, "why", new byte[] {1}, 1);
    HolderReport digest =
        new HolderReport(
            "volume-é/1",
            TestingMoves.SHADOW,
            false,
            3,
            40,
            "sha-256",
            List.of(new HolderReport.RangeDigest(0, 4096, new byte[32], new byte[0])),
            2,
            7,
            true,
            123L,
            TestingMoves.NOW);
    List<MoveInput> inputs =
        List.of(
            TestingMoves.read("v/0", 3, 41, 99, 7),
            new MoveInput.DeltaRead(
                Delta.barrier("volume-é/1", 4, "n-1", TestingMoves.NOW), 1, 2, 3, 4),
            new MoveInput.DeltaRead(verify(), 1, 2, 3, 4),
            new MoveInput.Unreadable("v/0", 1, 2, 3, letter),
            new MoveInput.Unreadable("", 1, 2, 3, null),
            TestingMoves.report(TestingMoves.OWNER, "v/0", 3, 41),
            new MoveInput.Reported(digest),
            TestingMoves.mapped("v/0", 4, TestingMoves.SHADOW),
            new MoveInput.UnitMapped("v/0", null),
            new MoveInput.SliceRead(
                "v/0",
                "v",
                "p1",
                3,
                4096,
                List.of(
                    new MoveInput.Unit(
                        "v/0", TestingMoves.OWNER, 1 << 30, List.of(TestingMoves.SHADOW)))),
            new MoveInput.Dead(letter));
    for (MoveInput input : inputs) {
      MoveInput back = through(MoveInput.type(), input);
      assertThat(back).usingRecursiveComparison().isEqualTo(input);
      assertThat(back.key()).isEqualTo(input.key());
    }
  }

  @Test
  void aNameThatWasReadBeforeIsTheSameObject() throws Exception {
    MoveInput one = through(MoveInput.type(), TestingMoves.read("v/0", 3, 41, 99, 7));
    MoveInput two = through(MoveInput.type(), TestingMoves.read("v/0", 3, 42, 100, 7));
    assertThat(two.key()).isSameAs(one.key());
  }

  @Test
  void stepsAndStandingsComeBackAsTheyWent() throws Exception {
    ShadowStep step =
        ShadowStep.of(
            TestingMoves.SHADOW, 40, TestingMoves.write("v/0", 3, 41, new byte[] {1}), 5, 9);
    assertThat(through(RecordFormat.SHADOW_STEP.info(ShadowStep.class), step))
        .usingRecursiveComparison()
        .isEqualTo(step);
    StandingUpdate update =
        StandingUpdate.of(
            new ShadowStanding(
                "v/0",
                "v",
                "p1",
                TestingMoves.SHADOW,
                TestingMoves.OWNER,
                "IN_SYNC",
                3,
                4,
                4,
                0,
                0,
                0,
                0,
                null,
                0,
                0,
                null,
                0,
                "it has everything",
                TestingMoves.NOW));
    for (StandingUpdate each : List.of(update, new StandingUpdate("v/0/n-7", null))) {
      assertThat(through(RecordFormat.STANDING_UPDATE.info(StandingUpdate.class), each))
          .isEqualTo(each);
    }
  }

  @Test
  void aFormatOfANewerReleaseIsRefused() throws Exception {
    DataOutputSerializer out = new DataOutputSerializer(64);
    MoveInput.write(TestingMoves.read("v/0", 3, 41, 99, 7), out);
    byte[] bytes = out.getCopyOfBuffer();
    bytes[0] = 2;
    assertThatThrownBy(() -> MoveInput.read(new DataInputDeserializer(bytes)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("format 2 is unknown");
  }

  private static Delta verify() {
    return new Delta(
        "v/0",
        3,
        42,
        Delta.Kind.VERIFY,
        0,
        TestingMoves.MIB,
        "NONE",
        new byte[0],
        0,
        0,
        "n-1",
        null,
        7,
        0,
        TestingMoves.NOW);
  }

  private static <T> T through(TypeInformation<T> type, T value) throws IOException {
    TypeSerializer<T> serializer = type.createSerializer(new SerializerConfigImpl());
    DataOutputSerializer out = new DataOutputSerializer(64);
    serializer.serialize(value, out);
    DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
    T back = serializer.deserialize(in);
    assertThat(in.available()).isZero();
    return back;
  }
}
