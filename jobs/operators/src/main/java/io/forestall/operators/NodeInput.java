package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What the score of a machine, a volume or a culprit of the network is made of. Immutable.
 *
 * @param kind what it says
 * @param entity key of the thing whose score it is, {@code kind/id}; key of the stream
 * @param node node that holds the thing; empty for a node itself and when not stated
 * @param finding the finding, null for the other kinds
 * @param share the disk's score, null for the other kinds
 * @param about serial of the disk that has left, or name of the finding of wrong bytes; empty for
 *     the other kinds
 * @param timeMillis event time; {@code Long.MIN_VALUE} for an end; epoch milliseconds
 */
public record NodeInput(
    Kind kind,
    String entity,
    String node,
    @Nullable Finding finding,
    @Nullable DiskShare share,
    String about,
    long timeMillis) {

  private static final int VERSION = 2;
  private static final Kind[] KINDS = Kind.values();

  /** What an input says. */
  public enum Kind {
    /** What the thing's own signals say. */
    FINDING,
    /** It is to blame for what others see. */
    BLAME,
    /** The score of one of its disks has changed. */
    DISK,
    /** A disk has left it. */
    DISK_GONE,
    /** The fleet has it no more. */
    END,
    /** Others found bytes of it to be not what it wrote. */
    WRONG_BYTES
  }

  /** What the thing's own signals say; it stands in this node, or is one. */
  public static NodeInput finding(Finding finding, String node) {
    return new NodeInput(
        Kind.FINDING, finding.entity(), node, finding, null, "", finding.timeMillis());
  }

  /** What it is to blame for. */
  public static NodeInput blame(Finding finding) {
    return new NodeInput(Kind.BLAME, finding.entity(), "", finding, null, "", finding.timeMillis());
  }

  /** The score of a disk of this node (its key) has changed. */
  public static NodeInput disk(String entity, DiskShare share) {
    return new NodeInput(Kind.DISK, entity, "", null, share, "", share.timeMillis());
  }

  /** A disk has left this node (its key). */
  public static NodeInput diskGone(String entity, String disk, long timeMillis) {
    return new NodeInput(Kind.DISK_GONE, entity, "", null, null, disk, timeMillis);
  }

  /**
   * Bytes of this thing (its key) were found to be others than it wrote.
   *
   * @param finding name of what was found
   */
  public static NodeInput wrongBytes(String entity, String finding, long timeMillis) {
    return new NodeInput(Kind.WRONG_BYTES, entity, "", null, null, finding, timeMillis);
  }

  /** The fleet has it no more. */
  public static NodeInput end(String entity) {
    return new NodeInput(Kind.END, entity, "", null, null, "", Long.MIN_VALUE);
  }

  /**
   * The finding.
   *
   * @throws NullPointerException when the kind has none
   */
  public Finding requireFinding() {
    return Objects.requireNonNull(finding, "only FINDING and BLAME have a finding");
  }

  /**
   * The disk's score.
   *
   * @throws NullPointerException when the kind has none
   */
  public DiskShare requireShare() {
    return Objects.requireNonNull(share, "only DISK has a share");
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<NodeInput> type() {
    return RecordFormat.NODE_INPUT.info(NodeInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeByte(kind.ordinal());
    switch (kind) {
      case FINDING, BLAME -> {
        out.writeUTF(node);
        Wired.writeFinding(requireFinding(), out);
      }
      case DISK -> {
        out.writeUTF(entity);
        Wired.writeShare(requireShare(), out);
      }
      case DISK_GONE, WRONG_BYTES -> {
        out.writeUTF(entity);
        out.writeUTF(about);
        out.writeLong(timeMillis);
      }
      case END -> out.writeUTF(entity);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static NodeInput read(DataInputView in) throws IOException {
    int version = Wired.version(in, VERSION, "part of a score");
    switch (KINDS[in.readUnsignedByte()]) {
      case FINDING -> {
        String node = in.readUTF();
        return finding(Wired.readFinding(in), node);
      }
      case BLAME -> {
        in.readUTF();
        return blame(Wired.readFinding(in));
      }
      case DISK -> {
        return disk(in.readUTF(), Wired.readShare(in, version >= 2));
      }
      case DISK_GONE -> {
        return diskGone(in.readUTF(), in.readUTF(), in.readLong());
      }
      case END -> {
        return end(in.readUTF());
      }
      case WRONG_BYTES -> {
        return wrongBytes(in.readUTF(), in.readUTF(), in.readLong());
      }
    }
    throw new IOException("a part of a score is of no kind");
  }
}
