package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Between slices of volumes' maps and the records of the topic {@code maps} (D1). What is read is
 * checked. One for each thread: it keeps buffers.
 */
public final class MapRecords {

  /** Most segments of a slice; count. */
  public static final int MAX_SEGMENTS = 1024;

  /** Most slices of a volume; count. */
  public static final int MAX_SLICES = 65_536;

  /** Most further copies of a segment; count. */
  public static final int MAX_COPIES = 64;

  /** Partitions of the ownership log, which the contract fixes; count. */
  public static final int OWNERSHIP_PARTITIONS = 16;

  private final AvroCodec<VolumeMap> codec = AvroCodec.of(VolumeMap.class);

  /** The key of a slice's record. */
  public static String key(MapSlice slice) {
    return key(slice.volume(), slice.slice());
  }

  /** The key of the record of a slice of a volume. */
  public static String key(String volume, int slice) {
    return volume + "/" + slice;
  }

  /**
   * The record of a slice.
   *
   * @param degraded why the promise of durability is not kept at the moment, null when it is
   */
  public static VolumeMap of(MapSlice slice, @Nullable String degraded) {
    VolumeMap record = new VolumeMap();
    record.setVolume(slice.volume());
    record.setPool(slice.pool());
    record.setSlice(slice.slice());
    record.setSlices(slice.slices());
    record.setVersion(slice.version());
    record.setOwnershipPartition(FixedPartitioner.partition(slice.pool(), OWNERSHIP_PARTITIONS));
    record.setOwnershipOffset(slice.ownershipOffset());
    record.setVolumeBytes(slice.volumeBytes());
    record.setSegmentBytes(slice.segmentBytes());
    record.setBlockBytes(slice.blockBytes());
    record.setMinReplicas(slice.minReplicas());
    List<SegmentEntry> segments = new ArrayList<>(slice.segments().size());
    for (MapSegment each : slice.segments()) {
      SegmentEntry segment = new SegmentEntry();
      segment.setUnit(each.unit());
      segment.setIndex(each.index());
      segment.setOwner(FleetEntries.entity(each.owner()));
      segment.setEpoch(each.epoch());
      boolean asynchronous = each.asyncBoundMillis() > 0;
      segment.setWriteMode(asynchronous ? WriteMode.ASYNCHRONOUS : WriteMode.SYNCHRONOUS);
      segment.setAsyncBoundMillis(asynchronous ? each.asyncBoundMillis() : null);
      List<Copy> copies = new ArrayList<>(each.copies().size());
      for (MapCopy copy : each.copies()) {
        copies.add(
            new Copy(
                FleetEntries.entity(copy.node()),
                CopyRole.valueOf(copy.role()),
                CopyState.valueOf(copy.state()),
                copy.appliedSequence()));
      }
      segment.setCopies(copies);
      segments.add(segment);
    }
    record.setSegments(segments);
    record.setDegraded(degraded != null);
    record.setDegradedReason(degraded == null ? null : GuardRecords.cut(degraded));
    record.setTimeMillis(slice.timeMillis());
    record.setOtherRegion(slice.otherRegion());
    return record;
  }

  /** The bytes of a slice; see {@link #of}. */
  public byte[] encode(MapSlice slice, @Nullable String degraded) {
    return codec.encode(of(slice, degraded));
  }

  /**
   * The slice of the bytes.
   *
   * @throws WireException when they are none or make no sense
   */
  public MapSlice decode(byte[] bytes) throws WireException {
    return slice(codec.decode(bytes));
  }

  /**
   * The slice of a record.
   *
   * @throws WireException when it makes no sense
   */
  public static MapSlice slice(VolumeMap record) throws WireException {
    String volume = GuardRecords.id(record.getVolume(), "map", "volume");
    String field = "map of volume " + volume;
    String pool = GuardRecords.id(record.getPool(), field, "pool");
    int slices = record.getSlices();
    if (slices < 1 || slices > MAX_SLICES) {
      throw GuardRecords.outOfRange(field, "slices", "1 to " + MAX_SLICES);
    }
    int slice = record.getSlice();
    if (slice < 0 || slice >= slices) {
      throw GuardRecords.outOfRange(field, "slice", "0 or more and below slices");
    }
    GuardRecords.atMost(record.getSegments().size(), MAX_SEGMENTS, field, "segments");
    long segmentBytes = record.getSegmentBytes();
    int blockBytes = record.getBlockBytes();
    long volumeBytes = record.getVolumeBytes();
    if (volumeBytes < 1) {
      throw GuardRecords.outOfRange(field, "volumeBytes", "1 or more");
    }
    if (blockBytes < 1 || segmentBytes < blockBytes || segmentBytes % blockBytes != 0) {
      throw GuardRecords.outOfRange(
          field, "segmentBytes", "a multiple of blockBytes, which is 1 or more");
    }
    int minReplicas = (int) GuardRecords.notNegative(record.getMinReplicas(), field, "minReplicas");
    List<MapSegment> segments = new ArrayList<>(record.getSegments().size());
    long indexBefore = -1;
    for (SegmentEntry each : record.getSegments()) {
      String unit = GuardRecords.id(each.getUnit(), field, "unit");
      if (each.getIndex() <= indexBefore || each.getIndex() > (volumeBytes - 1) / segmentBytes) {
        throw GuardRecords.outOfRange(
            field, "index of " + unit, "above the one before it and within the volume");
      }
      indexBefore = each.getIndex();
      GuardRecords.atMost(each.getCopies().size(), MAX_COPIES, field, "copies of " + unit);
      List<MapCopy> copies = new ArrayList<>(each.getCopies().size());
      for (Copy copy : each.getCopies()) {
        if (copy.getAppliedSequence() < -1) {
          throw GuardRecords.outOfRange(field, "appliedSequence of " + unit, "-1 or more");
        }
        copies.add(
            new MapCopy(
                GuardRecords.subject(copy.getNode(), field, "copy of " + unit),
                copy.getRole().name(),
                copy.getState().name(),
                copy.getAppliedSequence()));
      }
      Subject owner = GuardRecords.subject(each.getOwner(), field, "owner of " + unit);
      segments.add(
          new MapSegment(
              unit,
              each.getIndex(),
              owner,
              GuardRecords.notNegative(each.getEpoch(), field, "epoch of " + unit),
              copies,
              asyncBoundMillis(each, field + ", unit " + unit)));
    }
    return new MapSlice(
        volume,
        pool,
        slice,
        slices,
        GuardRecords.notNegative(record.getVersion(), field, "version"),
        GuardRecords.notNegative(record.getOwnershipOffset(), field, "ownershipOffset"),
        volumeBytes,
        segmentBytes,
        blockBytes,
        minReplicas,
        segments,
        record.getTimeMillis(),
        record.getOtherRegion());
  }

  private static long asyncBoundMillis(SegmentEntry segment, String field) throws WireException {
    Long bound = segment.getAsyncBoundMillis();
    return segment.getWriteMode() == WriteMode.ASYNCHRONOUS && bound != null
        ? GuardRecords.notNegative(bound, field, "asyncBoundMillis")
        : 0;
  }

  /** What a segment of a slice is, for whoever holds a copy of it; the last one may be shorter. */
  public static UnitSpec unit(MapSlice slice, MapSegment segment) {
    long behind = slice.volumeBytes() - segment.index() * slice.segmentBytes();
    return new UnitSpec(
        segment.unit(),
        slice.volume(),
        slice.pool(),
        Math.min(slice.segmentBytes(), behind),
        slice.blockBytes());
  }
}
