package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.Tier;
import io.forestall.risk.symptom.NodeRiskState;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** All that {@link NodeRiskFunction} keeps of one thing. Mutable; not thread-safe. */
public final class NodeMemory {

  /** Value of {@link #timerMillis} while no timer is set. */
  static final long NO_TIMER = Long.MIN_VALUE;

  private static final int VERSION = 1;

  final NodeRiskState state;
  Tier tier = Tier.UNKNOWN;
  String node = "";
  long timerMillis = NO_TIMER;

  NodeMemory(NodeRiskState state) {
    this.state = state;
  }

  /** A serializer of its own. */
  static org.apache.flink.api.common.typeutils.TypeSerializer<NodeMemory> serializer() {
    return RecordFormat.NODE_MEMORY.serializer(NodeMemory.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(tier.ordinal());
    out.writeUTF(node);
    out.writeLong(timerMillis);
    state.write(out);
  }

  /** Reads what {@link #write} wrote. */
  public static NodeMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of a score");
    Tier tier = Wired.tier(in.readUnsignedByte());
    String node = in.readUTF();
    long timerMillis = in.readLong();
    NodeMemory memory = new NodeMemory(NodeRiskState.read(in));
    memory.tier = tier;
    memory.node = node;
    memory.timerMillis = timerMillis;
    return memory;
  }
}
