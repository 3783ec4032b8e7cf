package io.forestall.app.volume;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.VolumeMap;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of volumes: their maps, who owns each segment by the fold of the ownership log, and
 * how far each copy is. For looking only. Bounded; thread-safe. Rows D1, D2.
 */
public final class VolumeView {
  private static final int MAX_SLICES = 20_000;
  private static final int MAX_UNITS_OF_PROGRESS = 1_000_000;
  private static final int MAX_HISTORY = 20;

  /** How a volume stands, the worst first. */
  public enum State {
    /** A takeover under a key that is not known here: nobody serves the unit. */
    IN_DOUBT,
    /** No node has ever taken a unit: no owner named in its map is running. */
    UNCLAIMED,
    /** The promise of durability is not kept at the moment, as the map says. */
    DEGRADED,
    /** Every unit has an owner, and its copies are in sync. */
    OK
  }

  /**
   * A copy of a segment.
   *
   * @param role OWNER, or what the map says: REPLICA, SHADOW, ARCHIVE
   * @param state IN_SYNC, or what the map says
   * @param sequence last delta that it has, null when it never said
   * @param lagDeltas deltas that the owner has and it has not, null when one of them never said
   * @param heardMillis when it said so, null when never; milliseconds since 1970-01-01 UTC
   */
  public record Copy(
      Subject node,
      String role,
      String state,
      @Nullable Long sequence,
      @Nullable Long lagDeltas,
      @Nullable Long heardMillis) {}

  /**
   * One step of who owned a unit.
   *
   * @param kind why: START, TAKEOVER, MODE, RELEASE
   * @param admission admission of a takeover
   * @param timeMillis when the log took it; milliseconds since 1970-01-01 UTC
   */
  public record Step(
      long epoch, String kind, Subject owner, @Nullable String admission, long timeMillis) {}

  /**
   * A segment.
   *
   * @param owner its owner by the log, or the one that its map names while nobody took it
   * @param epoch 0 while nobody took it
   * @param released whether its former owner said that it answers no more
   * @param copies the owner's first
   */
  public record Segment(
      String unit,
      int index,
      long bytes,
      Subject owner,
      long epoch,
      boolean released,
      State state,
      @Nullable String admission,
      @Nullable Long sinceMillis,
      List<Copy> copies,
      List<Step> history) {}

  /**
   * A volume.
   *
   * @param segmentCount as its size says; count
   * @param owners units by owner
   * @param epoch newest epoch of a segment, 0 while nobody took any
   * @param copies copies of the segment that has fewest in sync, the owner's with them; count
   * @param lagDeltas largest lag of a copy, null when none is known; deltas
   * @param degraded why, null when it is not
   */
  public record Volume(
      String volume,
      String pool,
      long bytes,
      long segmentBytes,
      int blockBytes,
      int minReplicas,
      int segmentCount,
      long version,
      State state,
      Map<Subject, Integer> owners,
      long epoch,
      int copies,
      @Nullable Long lagDeltas,
      @Nullable String degraded,
      long timeMillis) {}

  private record Slice(MapSlice map, @Nullable String degraded) {}

  private record Progress(long epoch, long sequence, boolean owner, long timeMillis) {}

  private final Trusted trusted;
  private final OwnershipRecords records = new OwnershipRecords();
  private final TreeMap<String, TreeMap<Integer, Slice>> volumes = new TreeMap<>();
  private final Map<Integer, OwnershipFold> folds = new HashMap<>();
  private final Map<String, ArrayDeque<Step>> history = new HashMap<>();
  private final Map<String, Map<Subject, Progress>> progress = new HashMap<>();
  private int slices;
  private long changes;

  /** A view that takes admissions in the log for what they say, as it only shows. */
  public VolumeView() {
    this(Trusted.NONE);
  }

  /**
   * A view.
   *
   * @param trusted whose signatures count; nobody's means that they are not looked at
   */
  public VolumeView(Trusted trusted) {
    this.trusted = trusted;
  }

  /**
   * Takes in a record of the topic maps; null forgets the slice.
   *
   * @throws WireException when it makes no sense
   */
  public synchronized void map(String key, @Nullable VolumeMap record) throws WireException {
    changes++;
    if (record == null) {
      int slash = key.lastIndexOf('/');
      String volume = slash < 0 ? key : key.substring(0, slash);
      TreeMap<Integer, Slice> of = volumes.get(volume);
      try {
        if (of != null && of.remove(Integer.parseInt(key.substring(slash + 1))) != null) {
          slices--;
        }
      } catch (NumberFormatException e) {
        return;
      }
      if (of != null && of.isEmpty()) {
        volumes.remove(volume);
      }
      return;
    }
    MapSlice slice = MapRecords.slice(record);
    TreeMap<Integer, Slice> of = volumes.computeIfAbsent(slice.volume(), v -> new TreeMap<>());
    boolean known = of.containsKey(slice.slice());
    if (!known && slices >= MAX_SLICES) {
      return;
    }
    of.put(
        slice.slice(),
        new Slice(
            slice,
            record.getDegraded()
                ? record.getDegradedReason() == null ? "degraded" : record.getDegradedReason()
                : null));
    slices += known ? 0 : 1;
  }

  /**
   * Takes in a record of the ownership log, in the order of its partition.
   *
   * @param timeMillis when the log took it; milliseconds since 1970-01-01 UTC
   * @throws WireException when it makes no sense
   */
  public synchronized void ownership(int partition, long offset, Ownership record, long timeMillis)
      throws WireException {
    OwnershipEntry entry = records.entry(record, trusted);
    if (trusted.isEmpty() && entry.authority() == Authority.UNKNOWN_KEY) {
      entry =
          new OwnershipEntry(
              entry.pool(),
              entry.kind(),
              entry.steps(),
              entry.owner(),
              entry.incarnation(),
              entry.admission(),
              Authority.VALID,
              entry.writer(),
              entry.timeMillis());
    }
    changes++;
    OwnershipFold fold = folds.computeIfAbsent(partition, p -> new OwnershipFold());
    for (OwnershipFold.Change change : fold.take(offset, entry)) {
      Owned after = change.after();
      if (after.inDoubt()) {
        continue;
      }
      ArrayDeque<Step> of = history.computeIfAbsent(after.unit(), u -> new ArrayDeque<>());
      if (of.size() == MAX_HISTORY) {
        of.removeFirst();
      }
      of.addLast(
          new Step(
              after.epoch(),
              entry.kind().name(),
              entry.owner(),
              change.epochStepped() ? after.admission() : null,
              timeMillis));
    }
  }

  /**
   * Takes in what a copy says of its progress.
   *
   * @throws WireException when it names no node
   */
  public synchronized void digest(Digest record) throws WireException {
    Subject node = GuardRecords.subject(record.getNode(), "digest of " + record.getUnit(), "node");
    Map<Subject, Progress> of = progress.get(record.getUnit());
    if (of == null) {
      if (progress.size() >= MAX_UNITS_OF_PROGRESS) {
        return;
      }
      of = new HashMap<>(4);
      progress.put(record.getUnit(), of);
    }
    if (of.size() < MapRecords.MAX_COPIES || of.containsKey(node)) {
      changes++;
      of.put(
          node,
          new Progress(
              record.getEpoch(), record.getSequence(), record.getOwner(), record.getTimeMillis()));
    }
  }

  /** Grows with whatever is taken in. */
  public synchronized long version() {
    return changes;
  }

  /** Volumes; count. */
  public synchronized int size() {
    return volumes.size();
  }

  /** All volumes by name. */
  public synchronized List<Volume> volumes() {
    List<Volume> all = new ArrayList<>(volumes.size());
    volumes.values().forEach(of -> all.add(volume(of.values())));
    return all;
  }

  /** One volume, null when there is none of this name. */
  public synchronized @Nullable Volume volume(String name) {
    TreeMap<Integer, Slice> of = volumes.get(name);
    return of == null ? null : volume(of.values());
  }

  /**
   * Segments of a volume.
   *
   * @param offset how many are left out
   * @param limit how many at most
   */
  public synchronized List<Segment> segments(String name, int offset, int limit) {
    TreeMap<Integer, Slice> of = volumes.get(name);
    List<Segment> all = new ArrayList<>();
    if (of == null) {
      return all;
    }
    int at = 0;
    for (Slice slice : of.values()) {
      int count = slice.map().segments().size();
      for (int i = Math.max(0, offset - at); i < count && all.size() < limit; i++) {
        all.add(segment(slice, slice.map().segments().get(i)));
      }
      at += count;
    }
    return all;
  }

  /** Who owns a unit by the log, null when nobody ever took it. */
  public synchronized @Nullable Owned owned(String unit) {
    Owned newest = null;
    for (OwnershipFold fold : folds.values()) {
      Owned owned = fold.owned(unit);
      if (owned != null && (newest == null || owned.epoch() > newest.epoch())) {
        newest = owned;
      }
    }
    return newest;
  }

  /** Units that somebody took at some time whose identifier begins so; count. */
  public synchronized long everTaken(String prefix) {
    return folds.values().stream()
        .flatMap(fold -> fold.all().stream())
        .filter(owned -> owned.unit().startsWith(prefix))
        .count();
  }

  private Volume volume(Collection<Slice> of) {
    State state = State.OK;
    Map<Subject, Integer> owners = new LinkedHashMap<>();
    int fewest = Integer.MAX_VALUE;
    Long lag = null;
    long epoch = 0;
    String degraded = null;
    long version = 0;
    long timeMillis = 0;
    MapSlice any = null;
    for (Slice slice : of) {
      any = slice.map();
      version += any.version();
      timeMillis = Math.max(timeMillis, any.timeMillis());
      if (slice.degraded() != null) {
        degraded = slice.degraded();
      }
      for (MapSegment each : any.segments()) {
        Segment segment = segment(slice, each);
        state = segment.state().compareTo(state) < 0 ? segment.state() : state;
        owners.merge(segment.owner(), 1, Integer::sum);
        epoch = Math.max(epoch, segment.epoch());
        int inSync = 0;
        for (Copy copy : segment.copies()) {
          inSync += copy.state().equals("IN_SYNC") ? 1 : 0;
          if (copy.lagDeltas() != null) {
            lag = Math.max(lag == null ? 0 : lag, copy.lagDeltas());
          }
        }
        fewest = Math.min(fewest, inSync);
      }
    }
    if (any == null) {
      throw new IllegalStateException("a volume without a slice is forgotten");
    }
    return new Volume(
        any.volume(),
        any.pool(),
        any.volumeBytes(),
        any.segmentBytes(),
        any.blockBytes(),
        any.minReplicas(),
        Math.toIntExact((any.volumeBytes() - 1) / any.segmentBytes() + 1),
        version,
        state,
        owners,
        epoch,
        fewest == Integer.MAX_VALUE ? 0 : fewest,
        lag,
        degraded,
        timeMillis);
  }

  private Segment segment(Slice slice, MapSegment segment) {
    Owned newest = owned(segment.unit());
    Owned owned = newest != null && newest.epoch() >= segment.epoch() ? newest : null;
    Subject owner = owned == null ? segment.owner() : owned.owner();
    long epoch = owned == null ? segment.epoch() : owned.epoch();
    State state = State.OK;
    if (owned != null && owned.inDoubt()) {
      state = State.IN_DOUBT;
    } else if (epoch == 0) {
      state = State.UNCLAIMED;
    } else if (slice.degraded() != null) {
      state = State.DEGRADED;
    }
    Map<Subject, Progress> of = progress.getOrDefault(segment.unit(), Map.of());
    Progress ofOwner = of.get(owner);
    List<Copy> copies = new ArrayList<>(segment.copies().size() + 2);
    copies.add(
        new Copy(
            owner,
            "OWNER",
            "IN_SYNC",
            ofOwner == null ? null : ofOwner.sequence(),
            null,
            ofOwner == null ? null : ofOwner.timeMillis()));
    if (!segment.owner().equals(owner)) {
      // The map was not written anew yet: who owned it before is a copy.
      copies.add(copy(segment.owner(), "REPLICA", "CATCHING_UP", of, ofOwner));
    }
    for (MapCopy copy : segment.copies()) {
      if (!copy.node().equals(owner)) {
        copies.add(copy(copy.node(), copy.role(), copy.state(), of, ofOwner));
      }
    }
    ArrayDeque<Step> steps = history.get(segment.unit());
    Long sinceMillis = null;
    if (steps != null) {
      for (Step step : steps) {
        if (step.epoch() == epoch && !step.kind().equals("RELEASE")) {
          sinceMillis = step.timeMillis();
        }
      }
    }
    return new Segment(
        segment.unit(),
        segment.index(),
        MapRecords.unit(slice.map(), segment).bytes(),
        owner,
        epoch,
        owned == null || owned.released(),
        state,
        owned == null ? null : owned.admission(),
        sinceMillis,
        copies,
        steps == null ? List.of() : List.copyOf(steps));
  }

  private static Copy copy(
      Subject node,
      String role,
      String state,
      Map<Subject, Progress> of,
      @Nullable Progress ofOwner) {
    Progress own = of.get(node);
    return new Copy(
        node,
        role,
        state,
        own == null ? null : own.sequence(),
        own == null || ofOwner == null ? null : Math.max(0, ofOwner.sequence() - own.sequence()),
        own == null ? null : own.timeMillis());
  }
}
