package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.DeadLetter;
import io.forestall.wire.NameCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a {@link MoveInput}. They flow between two steps of a running job and never lie in a
 * checkpoint but as what an unaligned one caught in flight, so each format only grows, by the
 * version. A delta is on the path of every write: its payload is copied once on each side, and
 * names that were read before are not made again. Stateless but for those names.
 */
final class MoveInputFormat {

  private static final int VERSION = 1;

  private static final int DELTA = 0;
  private static final int UNREADABLE = 1;
  private static final int REPORTED = 2;
  private static final int UNIT = 3;
  private static final int SLICE = 4;
  private static final int DEAD = 5;

  private static final int MAX_NAME_BYTES = 4 * Subject.MAX_ID_CHARS;
  private static final Delta.Kind[] KINDS = Delta.Kind.values();
  private static final String[] CODECS = {"NONE", "ZSTD", "LZ4"};

  private static final ThreadLocal<Names> NAMES = ThreadLocal.withInitial(Names::new);

  private MoveInputFormat() {}

  /** Names that come again; for one thread. */
  private static final class Names {
    private final NameCache cache = new NameCache();
    private final byte[] buffer = new byte[MAX_NAME_BYTES];

    String read(DataInputView in) throws IOException {
      int length = in.readUnsignedShort();
      if (length > buffer.length) {
        throw new IOException("a name of " + length + " bytes");
      }
      in.readFully(buffer, 0, length);
      return cache.text(buffer, 0, length);
    }
  }

  static void write(MoveInput input, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    if (input instanceof MoveInput.DeltaRead read) {
      out.writeByte(DELTA);
      out.writeInt(read.partition());
      out.writeLong(read.offset());
      out.writeLong(read.run());
      out.writeLong(read.appendedMillis());
      writeDelta(read.delta(), out);
    } else if (input instanceof MoveInput.Reported reported) {
      out.writeByte(REPORTED);
      writeReport(reported.report(), out);
    } else if (input instanceof MoveInput.UnitMapped unit) {
      out.writeByte(UNIT);
      writeName(unit.unit(), out);
      StreamInput.Mapped mapped = unit.mapped();
      out.writeBoolean(mapped != null);
      if (mapped != null) {
        writeMapped(mapped, out);
      }
    } else if (input instanceof MoveInput.Unreadable unreadable) {
      out.writeByte(UNREADABLE);
      writeName(unreadable.unit(), out);
      out.writeInt(unreadable.partition());
      out.writeLong(unreadable.offset());
      out.writeLong(unreadable.run());
      DeadLetter letter = unreadable.letter();
      out.writeBoolean(letter != null);
      if (letter != null) {
        AvroType.of(DeadLetter.class).serialize(letter, out);
      }
    } else if (input instanceof MoveInput.SliceRead slice) {
      out.writeByte(SLICE);
      out.writeUTF(slice.slice());
      out.writeUTF(slice.volume());
      out.writeUTF(slice.pool());
      out.writeLong(slice.version());
      out.writeInt(slice.blockBytes());
      out.writeInt(slice.units().size());
      for (MoveInput.Unit unit : slice.units()) {
        writeName(unit.unit(), out);
        writeSubject(unit.owner(), out);
        out.writeLong(unit.bytes());
        writeSubjects(unit.shadows(), out);
      }
    } else if (input instanceof MoveInput.Dead dead) {
      out.writeByte(DEAD);
      AvroType.of(DeadLetter.class).serialize(dead.letter(), out);
    } else {
      throw new IOException("no format for " + input.getClass());
    }
  }

  static MoveInput read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "input of the move job");
    int sort = in.readUnsignedByte();
    Names names = NAMES.get();
    return switch (sort) {
      case DELTA -> {
        int partition = in.readInt();
        long offset = in.readLong();
        long run = in.readLong();
        long appendedMillis = in.readLong();
        yield new MoveInput.DeltaRead(readDelta(in, names), partition, offset, run, appendedMillis);
      }
      case REPORTED -> new MoveInput.Reported(readReport(in, names));
      case UNIT ->
          new MoveInput.UnitMapped(names.read(in), in.readBoolean() ? readMapped(in) : null);
      case UNREADABLE ->
          new MoveInput.Unreadable(
              names.read(in),
              in.readInt(),
              in.readLong(),
              in.readLong(),
              in.readBoolean() ? AvroType.of(DeadLetter.class).deserialize(in) : null);
      case SLICE -> readSlice(in, names);
      case DEAD -> new MoveInput.Dead(AvroType.of(DeadLetter.class).deserialize(in));
      default -> throw new IOException("no input of the move job has number " + sort);
    };
  }

  private static MoveInput readSlice(DataInputView in, Names names) throws IOException {
    String slice = in.readUTF();
    String volume = in.readUTF();
    String pool = in.readUTF();
    long version = in.readLong();
    int blockBytes = in.readInt();
    int count = in.readInt();
    List<MoveInput.Unit> units = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      units.add(
          new MoveInput.Unit(names.read(in), readSubject(in), in.readLong(), readSubjects(in)));
    }
    return new MoveInput.SliceRead(slice, volume, pool, version, blockBytes, units);
  }

  // ---- deltas

  private static void writeDelta(Delta delta, DataOutputView out) throws IOException {
    writeName(delta.unit(), out);
    out.writeLong(delta.epoch());
    out.writeLong(delta.sequence());
    out.writeByte(delta.kind().ordinal());
    out.writeLong(delta.offset());
    out.writeLong(delta.length());
    out.writeByte(codec(delta.codec()));
    out.writeInt(delta.payload().length);
    out.write(delta.payload());
    out.writeInt(delta.encodedCrc());
    out.writeInt(delta.plainCrc());
    writeName(delta.owner(), out);
    String client = delta.client();
    out.writeBoolean(client != null);
    if (client != null) {
      writeName(client, out);
    }
    out.writeLong(delta.request());
    out.writeLong(delta.batch());
    out.writeLong(delta.timeMillis());
    out.writeShort(delta.merged().size());
    for (Delta.Request each : delta.merged()) {
      writeName(each.client(), out);
      out.writeLong(each.number());
    }
  }

  private static Delta readDelta(DataInputView in, Names names) throws IOException {
    String unit = names.read(in);
    long epoch = in.readLong();
    long sequence = in.readLong();
    Delta.Kind kind = KINDS[in.readUnsignedByte()];
    long offset = in.readLong();
    long length = in.readLong();
    String codec = CODECS[in.readUnsignedByte()];
    byte[] payload = new byte[in.readInt()];
    in.readFully(payload);
    int encodedCrc = in.readInt();
    int plainCrc = in.readInt();
    String owner = names.read(in);
    @Nullable String client = in.readBoolean() ? names.read(in) : null;
    long request = in.readLong();
    long batch = in.readLong();
    long timeMillis = in.readLong();
    int count = in.readUnsignedShort();
    List<Delta.Request> merged = count == 0 ? List.of() : new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      merged.add(new Delta.Request(names.read(in), in.readLong()));
    }
    return new Delta(
        unit,
        epoch,
        sequence,
        kind,
        offset,
        length,
        codec,
        payload,
        encodedCrc,
        plainCrc,
        owner,
        client,
        request,
        batch,
        timeMillis,
        merged);
  }

  private static int codec(String codec) throws IOException {
    for (int i = 0; i < CODECS.length; i++) {
      if (CODECS[i].equals(codec)) {
        return i;
      }
    }
    throw new IOException("no codec " + codec);
  }

  // ---- reports, of which there are many

  private static void writeReport(HolderReport report, DataOutputView out) throws IOException {
    writeName(report.unit(), out);
    writeSubject(report.node(), out);
    out.writeBoolean(report.owner());
    out.writeLong(report.epoch());
    out.writeLong(report.sequence());
    writeName(report.algorithm(), out);
    out.writeInt(report.ranges().size());
    for (HolderReport.RangeDigest each : report.ranges()) {
      out.writeLong(each.offset());
      out.writeLong(each.length());
      Wired.writeBytes(each.digest(), out);
      Wired.writeBytes(each.storedDigest(), out);
    }
    out.writeLong(report.round());
    out.writeLong(report.missingBytes());
    out.writeBoolean(report.needsResync());
    Long speed = report.fetchBytesPerSecond();
    out.writeLong(speed == null ? -1 : speed);
    out.writeLong(report.timeMillis());
  }

  private static HolderReport readReport(DataInputView in, Names names) throws IOException {
    String unit = names.read(in);
    Subject node = readSubject(in);
    boolean owner = in.readBoolean();
    long epoch = in.readLong();
    long sequence = in.readLong();
    String algorithm = names.read(in);
    int count = in.readInt();
    List<HolderReport.RangeDigest> ranges = count == 0 ? List.of() : new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ranges.add(
          new HolderReport.RangeDigest(
              in.readLong(), in.readLong(), Wired.readBytes(in), Wired.readBytes(in)));
    }
    long round = in.readLong();
    long missingBytes = in.readLong();
    boolean needsResync = in.readBoolean();
    long speed = in.readLong();
    return new HolderReport(
        unit,
        node,
        owner,
        epoch,
        sequence,
        algorithm,
        ranges,
        round,
        missingBytes,
        needsResync,
        speed < 0 ? null : speed,
        in.readLong());
  }

  // ---- parts

  /** A name as in the record: checked there, and short. */
  private static void writeName(String name, DataOutputView out) throws IOException {
    int length = name.length();
    for (int i = 0; i < length; i++) {
      if (name.charAt(i) >= 0x80) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        out.writeShort(bytes.length);
        out.write(bytes);
        return;
      }
    }
    out.writeShort(length);
    // Not writeBytes, which in Flink's buffer counts each byte twice.
    for (int i = 0; i < length; i++) {
      out.writeByte(name.charAt(i));
    }
  }

  static void writeMapped(StreamInput.Mapped mapped, DataOutputView out) throws IOException {
    out.writeUTF(mapped.volume());
    out.writeUTF(mapped.pool());
    out.writeLong(mapped.version());
    writeSubject(mapped.owner(), out);
    out.writeLong(mapped.bytes());
    out.writeInt(mapped.blockBytes());
    writeSubjects(mapped.shadows(), out);
  }

  private static StreamInput.Mapped readMapped(DataInputView in) throws IOException {
    return new StreamInput.Mapped(
        in.readUTF(),
        in.readUTF(),
        in.readLong(),
        readSubject(in),
        in.readLong(),
        in.readInt(),
        readSubjects(in));
  }

  private static void writeSubject(Subject subject, DataOutputView out) throws IOException {
    out.writeUTF(subject.toString());
  }

  private static Subject readSubject(DataInputView in) throws IOException {
    return Subject.parse(in.readUTF());
  }

  private static void writeSubjects(List<Subject> subjects, DataOutputView out) throws IOException {
    out.writeInt(subjects.size());
    for (Subject each : subjects) {
      writeSubject(each, out);
    }
  }

  private static List<Subject> readSubjects(DataInputView in) throws IOException {
    int count = in.readInt();
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      subjects.add(readSubject(in));
    }
    return subjects;
  }
}
