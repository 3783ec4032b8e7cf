package io.forestall.operators.correlate;

import io.forestall.decisions.Place;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.DeadLetter;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What every subtask must know: where nodes stand, and what policies change of the rules. Immutable
 * by convention: the bytes are not copied.
 *
 * @param kind what it is
 * @param key key of the record, {@code kind/id} or {@code scope/kind/id}
 * @param place where the thing stands, null when it is gone
 * @param policy bytes of a policy record, null when it was taken back
 * @param letter what became of a record that is none
 * @param partition partition of the topic, -1 when there is none
 * @param offset offset in that partition, -1 when there is none
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
public record RouteControl(
    Kind kind,
    String key,
    @Nullable Place place,
    byte @Nullable [] policy,
    @Nullable DeadLetter letter,
    int partition,
    long offset) {

  private static final Kind[] KINDS = Kind.values();

  /** What a control is; by ordinal on the wire between steps. */
  public enum Kind {
    /** A node, an event processor or a head node stands somewhere, or is gone. */
    PLACE,
    /** A policy record, or its end. */
    POLICY,
    /** A dead letter in the place of a record. */
    DEAD
  }

  /** Where a thing stands; null when it is gone. */
  public static RouteControl place(String key, @Nullable Place place) {
    return new RouteControl(Kind.PLACE, key, place, null, null, -1, -1);
  }

  /** A policy record; null bytes end it. */
  public static RouteControl policy(
      String key, byte @Nullable [] policy, int partition, long offset) {
    return new RouteControl(Kind.POLICY, key, null, policy, null, partition, offset);
  }

  /** A dead letter. */
  public static RouteControl dead(DeadLetter letter) {
    return new RouteControl(Kind.DEAD, "", null, null, letter, -1, -1);
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<RouteControl> type() {
    return RecordFormat.ROUTE_CONTROL.info(RouteControl.class);
  }

  /** Writes it. */
  public static void write(RouteControl control, DataOutputView out) throws IOException {
    out.writeByte(1);
    out.writeByte(control.kind.ordinal());
    out.writeUTF(control.key);
    out.writeBoolean(control.place != null);
    if (control.place != null) {
      EventFormat.writePlace(control.place, out);
    }
    out.writeBoolean(control.policy != null);
    if (control.policy != null) {
      Wired.writeBytes(control.policy, out);
    }
    out.writeBoolean(control.letter != null);
    if (control.letter != null) {
      AvroType.of(DeadLetter.class).serialize(control.letter, out);
    }
    out.writeInt(control.partition);
    out.writeLong(control.offset);
  }

  /** Reads what {@link #write} wrote. */
  public static RouteControl read(DataInputView in) throws IOException {
    Wired.version(in, 1, "route control");
    return new RouteControl(
        KINDS[in.readUnsignedByte()],
        in.readUTF(),
        in.readBoolean() ? EventFormat.readPlace(in) : null,
        in.readBoolean() ? Wired.readBytes(in) : null,
        in.readBoolean() ? AvroType.of(DeadLetter.class).deserialize(in) : null,
        in.readInt(),
        in.readLong());
  }
}
