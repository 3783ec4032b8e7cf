package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.symptom.PathEngine;
import java.io.IOException;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What enters the sense job about a machine, a disk under load or a path: a sample, that the fleet
 * has it, or that the fleet has it no more. Immutable.
 *
 * @param kind what it says
 * @param entity key of the thing, {@code kind/id}
 * @param sample the sample, null for the other kinds
 * @param home where it stands, null for the other kinds than FLEET
 * @param partition partition of the telemetry topic, -1 when there is none
 * @param offset offset in that partition, -1 when there is none
 * @param index position within the frame, -1 when not known
 */
public record EntityInput(
    Kind kind,
    String entity,
    @Nullable EntitySample sample,
    @Nullable Home home,
    int partition,
    long offset,
    int index) {

  private static final int VERSION = 1;
  private static final Kind[] KINDS = Kind.values();

  /** What an input says. */
  public enum Kind {
    /** It was measured. */
    SAMPLE,
    /** The fleet topic describes it. */
    FLEET,
    /** The fleet topic ended it. */
    TOMBSTONE
  }

  /** A sample and its place in the telemetry topic. */
  public static EntityInput sample(EntitySample sample, int partition, long offset, int index) {
    return new EntityInput(Kind.SAMPLE, sample.entity(), sample, null, partition, offset, index);
  }

  /** The fleet has this thing, and it stands there. */
  public static EntityInput fleet(String entity, Home home) {
    return new EntityInput(Kind.FLEET, entity, null, home, -1, -1, -1);
  }

  /** The fleet has this thing no more. */
  public static EntityInput tombstone(String entity) {
    return new EntityInput(Kind.TOMBSTONE, entity, null, null, -1, -1, -1);
  }

  /**
   * The sample.
   *
   * @throws NullPointerException when the kind is not SAMPLE
   */
  public EntitySample requireSample() {
    return Objects.requireNonNull(sample, "only an input of kind SAMPLE has a sample");
  }

  /**
   * Where it stands.
   *
   * @throws NullPointerException when the kind is not FLEET
   */
  public Home requireHome() {
    return Objects.requireNonNull(home, "only an input of kind FLEET has a home");
  }

  /** True for a sample of a path. */
  public boolean path() {
    return sample != null && sample.scope() == Scope.PATH;
  }

  /** Key of the paths that it belongs to: the volume of a pair, the node where an edge begins. */
  public String pathGroup() {
    return path() ? PathEngine.group(entity) : entity;
  }

  /** Event time of the sample, {@code Long.MIN_VALUE} for all others; epoch milliseconds. */
  public long timeMillis() {
    return sample == null ? Long.MIN_VALUE : sample.timeMillis();
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<EntityInput> type() {
    return RecordFormat.ENTITY_INPUT.info(EntityInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(kind.ordinal());
    if (sample != null) {
      Wired.writeSample(sample, out);
      out.writeInt(partition);
      out.writeLong(offset);
      out.writeInt(index);
    } else {
      out.writeUTF(entity);
      if (home != null) {
        home.write(out);
      }
    }
  }

  /** Reads what {@link #write} wrote. */
  public static EntityInput read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "input of an entity");
    return switch (KINDS[in.readUnsignedByte()]) {
      case SAMPLE -> sample(Wired.readSample(in), in.readInt(), in.readLong(), in.readInt());
      case FLEET -> fleet(in.readUTF(), Home.read(in));
      case TOMBSTONE -> tombstone(in.readUTF());
    };
  }
}
