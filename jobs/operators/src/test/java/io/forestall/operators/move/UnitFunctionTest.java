package io.forestall.operators.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Subject;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnitFunctionTest {

  private static final Subject OTHER = Subject.node("n-8");

  @Test
  void aUnitIsPassedOnWhenItsPlaceInTheMapChanges() throws Exception {
    try (Units units = new Units(null)) {
      assertThat(units.send(slice(1, "v/0", TestingMoves.SHADOW)))
          .containsExactly(TestingMoves.mapped("v/0", 1, TestingMoves.SHADOW));
      assertThat(units.send(slice(2, "v/0", TestingMoves.SHADOW)))
          .as("another segment changed")
          .isEmpty();
      assertThat(units.send(slice(3, "v/0", TestingMoves.SHADOW, OTHER)))
          .containsExactly(TestingMoves.mapped("v/0", 3, TestingMoves.SHADOW, OTHER));
      assertThat(units.send(slice(2, "v/0", TestingMoves.SHADOW))).as("an old map").isEmpty();
      assertThat(units.send(slice(4, "v/1", OTHER)))
          .containsExactly(
              new MoveInput.UnitMapped("v/0", null), TestingMoves.mapped("v/1", 4, OTHER));
      assertThat(units.send(new MoveInput.SliceRead("v/0", "", "", Long.MAX_VALUE, 1, List.of())))
          .containsExactly(new MoveInput.UnitMapped("v/1", null));
      assertThat(units.states()).as("an end leaves nothing").isZero();
      assertThat(units.send(slice(1, "v/0", OTHER)))
          .as("a volume of the same name begins anew")
          .containsExactly(TestingMoves.mapped("v/0", 1, OTHER));
    }
  }

  @Test
  void aRestoreRepeatsNothing() throws Exception {
    OperatorSubtaskState snapshot;
    try (Units units = new Units(null)) {
      units.send(slice(1, "v/0", TestingMoves.SHADOW));
      snapshot = units.harness.snapshot(1, 1);
    }
    try (Units units = new Units(snapshot)) {
      assertThat(units.send(slice(1, "v/0", TestingMoves.SHADOW))).isEmpty();
      assertThat(units.send(slice(2, "v/0", OTHER)))
          .containsExactly(TestingMoves.mapped("v/0", 2, OTHER));
    }
  }

  private static MoveInput slice(long version, String unit, Subject... shadows) {
    return new MoveInput.SliceRead(
        "v/0",
        "v",
        "p1",
        version,
        4096,
        List.of(
            new MoveInput.Unit(unit, TestingMoves.OWNER, 8 * TestingMoves.MIB, List.of(shadows))));
  }

  private static final class Units implements AutoCloseable {
    private final KeyedOneInputStreamOperatorTestHarness<String, MoveInput, MoveInput> harness;
    private int taken;

    Units(@Nullable OperatorSubtaskState from) throws Exception {
      harness =
          new KeyedOneInputStreamOperatorTestHarness<>(
              new KeyedProcessOperator<>(new UnitFunction()), MoveInput::key, Types.STRING);
      if (from != null) {
        harness.initializeState(from);
      }
      harness.open();
    }

    List<MoveInput> send(MoveInput input) throws Exception {
      harness.processElement(new StreamRecord<>(input));
      List<MoveInput> all = harness.extractOutputValues();
      List<MoveInput> news = List.copyOf(all.subList(taken, all.size()));
      taken = all.size();
      return news;
    }

    int states() {
      return harness.numKeyedStateEntries();
    }

    @Override
    public void close() throws Exception {
      harness.close();
    }
  }
}
