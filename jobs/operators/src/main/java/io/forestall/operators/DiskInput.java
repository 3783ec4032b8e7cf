package io.forestall.operators;

import io.forestall.operators.types.DiskInputType;
import io.forestall.risk.DiskSample;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.DeadLetter;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.jspecify.annotations.Nullable;

/**
 * What the score of one disk is made of: a sample, that the fleet has it, that the fleet has it no
 * more, what its symptoms under load say, or a dead letter on its way out. Immutable by convention;
 * the sample's array is not copied.
 */
public final class DiskInput {

  /** What an input says. */
  public enum Kind {
    /** The disk was measured. */
    SAMPLE,
    /** The fleet topic describes the disk. */
    FLEET,
    /** The fleet topic ended the disk. */
    TOMBSTONE,
    /** The record could not be taken in; it never reaches keyed state. */
    DEAD,
    /** The disk's symptoms under load say something. */
    FINDING
  }

  private final Kind kind;
  private final String disk;
  private final String node;
  private final @Nullable DiskSample sample;
  private final int partition;
  private final long offset;
  private final int index;
  private final @Nullable DeadLetter deadLetter;
  private final @Nullable Finding finding;

  private DiskInput(
      Kind kind,
      String disk,
      String node,
      @Nullable DiskSample sample,
      int partition,
      long offset,
      int index,
      @Nullable DeadLetter deadLetter,
      @Nullable Finding finding) {
    this.kind = kind;
    this.disk = disk;
    this.node = node;
    this.sample = sample;
    this.partition = partition;
    this.offset = offset;
    this.index = index;
    this.deadLetter = deadLetter;
    this.finding = finding;
  }

  /**
   * A sample.
   *
   * @param node node that sent it
   * @param sample what was measured
   * @param partition partition of the telemetry topic, -1 when there is none
   * @param offset offset in that partition
   * @param index position within the frame, -1 when not known
   */
  public static DiskInput sample(
      String node, DiskSample sample, int partition, long offset, int index) {
    return new DiskInput(
        Kind.SAMPLE, sample.disk(), node, sample, partition, offset, index, null, null);
  }

  /** The fleet has this disk, in this node (empty when not stated). */
  public static DiskInput fleet(String disk, String node) {
    return new DiskInput(Kind.FLEET, disk, node, null, -1, -1, -1, null, null);
  }

  /** The fleet has this disk no more. */
  public static DiskInput tombstone(String disk) {
    return new DiskInput(Kind.TOMBSTONE, disk, "", null, -1, -1, -1, null, null);
  }

  /** A record that was refused. */
  public static DiskInput dead(DeadLetter deadLetter) {
    return new DiskInput(Kind.DEAD, "", "", null, -1, -1, -1, deadLetter, null);
  }

  /** What the symptoms of a disk under load say. */
  public static DiskInput finding(String disk, Finding finding) {
    return new DiskInput(Kind.FINDING, disk, "", null, -1, -1, -1, null, finding);
  }

  /** What it says. */
  public Kind kind() {
    return kind;
  }

  /** The disk, its serial number; empty for a dead letter. Key of the stream. */
  public String disk() {
    return disk;
  }

  /** Node of the disk; empty when not stated. */
  public String node() {
    return node;
  }

  /**
   * The sample.
   *
   * @throws NullPointerException when the kind is not SAMPLE
   */
  public DiskSample sample() {
    return Objects.requireNonNull(sample, "only an input of kind SAMPLE has a sample");
  }

  /**
   * The dead letter.
   *
   * @throws NullPointerException when the kind is not DEAD
   */
  public DeadLetter deadLetter() {
    return Objects.requireNonNull(deadLetter, "only an input of kind DEAD has a dead letter");
  }

  /**
   * The finding.
   *
   * @throws NullPointerException when the kind is not FINDING
   */
  public Finding finding() {
    return Objects.requireNonNull(finding, "only an input of kind FINDING has a finding");
  }

  /** Partition of the telemetry topic, -1 when there is none. */
  public int partition() {
    return partition;
  }

  /** Offset in the partition, -1 when there is none. */
  public long offset() {
    return offset;
  }

  /** Position within the frame, -1 when not known. */
  public int index() {
    return index;
  }

  /** Event time of the sample, {@code Long.MIN_VALUE} for all others; epoch milliseconds. */
  public long timeMillis() {
    return sample == null ? Long.MIN_VALUE : sample.timeMillis();
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<DiskInput> type() {
    return DiskInputType.INFO;
  }

  @Override
  public String toString() {
    return kind + " " + (sample == null ? disk : sample.toString());
  }
}
