package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.signal.PeerMeans;
import io.forestall.risk.signal.SignalState;
import java.io.IOException;
import java.util.ArrayDeque;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * All that {@link SignalFunction} keeps of one thing: where it stands, its last counters, its part
 * of the open window of its peers, and what waits for its fleet entry. Mutable; not thread-safe.
 */
public final class SignalMemory {

  /** Value of {@link #timerMillis} while no timer is set. */
  static final long NO_TIMER = Long.MIN_VALUE;

  private static final int VERSION = 1;
  private static final int HOME = 1;
  private static final int STATE = 2;
  private static final int WINDOW = 4;
  private static final int PARKED = 8;

  @Nullable Home home;
  long timerMillis = NO_TIMER;
  @Nullable SignalState state;
  long windowEndMillis;
  @Nullable PeerMeans window;
  final ArrayDeque<EntityInput> parked = new ArrayDeque<>(1);

  /** Nothing is known yet. */
  SignalMemory() {}

  /** A serializer of its own. */
  static org.apache.flink.api.common.typeutils.TypeSerializer<SignalMemory> serializer() {
    return RecordFormat.SIGNAL_MEMORY.serializer(SignalMemory.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(
        (home != null ? HOME : 0)
            | (state != null ? STATE : 0)
            | (window != null ? WINDOW : 0)
            | (parked.isEmpty() ? 0 : PARKED));
    out.writeLong(timerMillis);
    if (home != null) {
      home.write(out);
    }
    if (state != null) {
      state.write(out);
    }
    if (window != null) {
      out.writeLong(windowEndMillis);
      window.write(out);
    }
    if (!parked.isEmpty()) {
      out.writeShort(parked.size());
      for (EntityInput input : parked) {
        input.write(out);
      }
    }
  }

  /** Reads what {@link #write} wrote. */
  public static SignalMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of signals");
    int flags = in.readUnsignedByte();
    SignalMemory memory = new SignalMemory();
    memory.timerMillis = in.readLong();
    if ((flags & HOME) != 0) {
      memory.home = Home.read(in);
    }
    if ((flags & STATE) != 0) {
      memory.state = SignalState.read(in);
    }
    if ((flags & WINDOW) != 0) {
      memory.windowEndMillis = in.readLong();
      memory.window = PeerMeans.read(in);
    }
    if ((flags & PARKED) != 0) {
      for (int i = in.readUnsignedShort(); i > 0; i--) {
        memory.parked.add(EntityInput.read(in));
      }
    }
    return memory;
  }
}
