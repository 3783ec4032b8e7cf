package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.wire.DeltaRecords;
import java.util.List;

/** Inputs of the move job. */
final class TestingMoves {

  static final long NOW = 1_767_225_600_000L;
  static final long MIB = 1 << 20;
  static final Subject OWNER = Subject.node("n-1");
  static final Subject SHADOW = Subject.node("n-7");

  private TestingMoves() {}

  static Delta write(String unit, long epoch, long sequence, byte[] payload) {
    int crc = DeltaRecords.crc(payload, 0, payload.length);
    return new Delta(
        unit,
        epoch,
        sequence,
        Delta.Kind.WRITE,
        0,
        payload.length,
        "NONE",
        payload,
        crc,
        crc,
        OWNER.id(),
        "c-1",
        sequence,
        3,
        NOW,
        List.of(new Delta.Request("c-\u00e4", 4)));
  }

  static MoveInput.DeltaRead read(String unit, long epoch, long sequence, long offset, long run) {
    return new MoveInput.DeltaRead(
        write(unit, epoch, sequence, new byte[] {1, 2, (byte) sequence}), 5, offset, run, NOW);
  }

  static MoveInput.Reported report(Subject node, String unit, long epoch, long sequence) {
    return new MoveInput.Reported(
        new HolderReport(
            unit,
            node,
            node.equals(OWNER),
            epoch,
            sequence,
            "none",
            List.of(),
            0,
            0,
            false,
            null,
            NOW));
  }

  static MoveInput.UnitMapped mapped(String unit, long version, Subject... shadows) {
    return new MoveInput.UnitMapped(
        unit, new StreamInput.Mapped("v", "p1", version, OWNER, 8 * MIB, 4096, List.of(shadows)));
  }
}
