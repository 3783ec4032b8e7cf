package io.forestall.operators.decide;

import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.operators.types.AvroType;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.StandingRecords;
import io.forestall.wire.WireException;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of what the sagas hear, between two steps of the job: records as they stand in their
 * topics, and what was found out about them. Stateless; the version is that of {@link
 * DecideInputFormat}.
 */
final class SagaInputFormat {

  // One byte for each sort, in the order in which they came to be.
  private static final int ADMISSION = 0;
  private static final int ACK = 1;
  private static final int OWNERSHIP = 2;
  private static final int MAP = 3;
  private static final int NODE = 4;
  private static final int NODE_LEFT = 5;
  private static final int RISK = 6;
  private static final int SLICE_LEFT = 7;
  private static final int SHADOW = 8;

  private static final Authority[] AUTHORITIES = Authority.values();

  private SagaInputFormat() {}

  static void write(DecideInput.ForSaga saga, DataOutputView out) throws IOException {
    out.writeUTF(saga.pool());
    SagaInput input = saga.input();
    if (input instanceof SagaInput.AdmissionRead read) {
      out.writeByte(ADMISSION);
      io.forestall.schemas.Admission signed = saga.signed();
      AvroType.of(io.forestall.schemas.Admission.class)
          .serialize(signed == null ? unsigned(read.admission()) : signed, out);
    } else if (input instanceof SagaInput.Acked acked) {
      out.writeByte(ACK);
      AvroType.of(Ack.class).serialize(AckRecords.of(acked.ack()), out);
    } else if (input instanceof SagaInput.OwnershipRead read) {
      out.writeByte(OWNERSHIP);
      out.writeLong(read.offset());
      OwnershipEntry entry = read.entry();
      Admission admission = entry.admission();
      out.writeByte(entry.authority().ordinal());
      AvroType.of(Ownership.class)
          .serialize(
              OwnershipRecords.of(entry, admission == null ? null : unsigned(admission)), out);
    } else if (input instanceof SagaInput.MapRead read) {
      out.writeByte(MAP);
      writeSlice(read.slice(), out);
    } else if (input instanceof SagaInput.NodeDescribed node) {
      out.writeByte(NODE);
      DecideInputFormat.writeSubject(node.node(), out);
      out.writeByte(node.level());
      DecideInputFormat.writeLong(node.freeBytes(), out);
    } else if (input instanceof SagaInput.NodeLeft left) {
      out.writeByte(NODE_LEFT);
      DecideInputFormat.writeSubject(left.node(), out);
    } else if (input instanceof SagaInput.NodeRisk risk) {
      out.writeByte(RISK);
      DecideInputFormat.writeSubject(risk.node(), out);
      out.writeBoolean(risk.critical());
    } else if (input instanceof SagaInput.SliceLeft left) {
      out.writeByte(SLICE_LEFT);
      out.writeUTF(left.volume());
      out.writeInt(left.slice());
    } else if (input instanceof SagaInput.ShadowStood stood) {
      out.writeByte(SHADOW);
      AvroType.of(ShadowStatus.class).serialize(StandingRecords.of(stood.standing()), out);
    } else {
      // Started and Halted are said by the brain itself and cross no edge.
      throw new IOException("no format for " + input.getClass());
    }
  }

  static DecideInput read(DataInputView in) throws IOException {
    String pool = in.readUTF();
    int tag = in.readUnsignedByte();
    try {
      return switch (tag) {
        case ADMISSION -> {
          io.forestall.schemas.Admission record =
              AvroType.of(io.forestall.schemas.Admission.class).deserialize(in);
          yield new DecideInput.ForSaga(
              pool, new SagaInput.AdmissionRead(new AdmissionRecords().checked(record)), record);
        }
        case ACK ->
            saga(pool, new SagaInput.Acked(AckRecords.ack(AvroType.of(Ack.class).deserialize(in))));
        case OWNERSHIP -> saga(pool, new SagaInput.OwnershipRead(in.readLong(), readEntry(in)));
        case MAP -> saga(pool, new SagaInput.MapRead(readSlice(in)));
        case NODE ->
            saga(
                pool,
                new SagaInput.NodeDescribed(
                    DecideInputFormat.readSubject(in),
                    in.readUnsignedByte(),
                    DecideInputFormat.readLong(in)));
        case NODE_LEFT -> saga(pool, new SagaInput.NodeLeft(DecideInputFormat.readSubject(in)));
        case RISK ->
            saga(pool, new SagaInput.NodeRisk(DecideInputFormat.readSubject(in), in.readBoolean()));
        case SLICE_LEFT -> saga(pool, new SagaInput.SliceLeft(in.readUTF(), in.readInt()));
        case SHADOW ->
            saga(
                pool,
                new SagaInput.ShadowStood(
                    StandingRecords.standing(AvroType.of(ShadowStatus.class).deserialize(in))));
        default -> throw new IOException("input of the sagas: sort " + tag + " is unknown");
      };
    } catch (WireException e) {
      throw new IOException("what was read before can be read again: " + e.getMessage(), e);
    }
  }

  private static DecideInput saga(String pool, SagaInput input) {
    return new DecideInput.ForSaga(pool, input, null);
  }

  private static io.forestall.schemas.Admission unsigned(Admission admission) {
    return new AdmissionRecords().unsigned(admission);
  }

  private static OwnershipEntry readEntry(DataInputView in) throws IOException, WireException {
    Authority authority = AUTHORITIES[in.readUnsignedByte()];
    // Without keys nothing is found out anew: what the reader of the topic found stands beside.
    OwnershipEntry entry =
        new OwnershipRecords()
            .entry(AvroType.of(Ownership.class).deserialize(in), Signatures.Trusted.NONE);
    return entry.withAuthority(authority);
  }

  static void writeMap(DecideInput.MapRead read, DataOutputView out) throws IOException {
    out.writeUTF(read.slice());
    SagaInput.MapSlice map = read.map();
    out.writeBoolean(map != null);
    if (map != null) {
      writeSlice(map, out);
    }
  }

  static DecideInput readMap(DataInputView in) throws IOException {
    String slice = in.readUTF();
    try {
      SagaInput.@Nullable MapSlice map = in.readBoolean() ? readSlice(in) : null;
      return new DecideInput.MapRead(slice, map);
    } catch (WireException e) {
      throw new IOException("what was read before can be read again: " + e.getMessage(), e);
    }
  }

  private static void writeSlice(SagaInput.MapSlice slice, DataOutputView out) throws IOException {
    AvroType.of(VolumeMap.class).serialize(MapRecords.of(slice, null), out);
  }

  private static SagaInput.MapSlice readSlice(DataInputView in) throws IOException, WireException {
    return MapRecords.slice(AvroType.of(VolumeMap.class).deserialize(in));
  }
}
