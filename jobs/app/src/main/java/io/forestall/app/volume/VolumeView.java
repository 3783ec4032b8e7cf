package io.forestall.app.volume;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.Digest;
import io.forestall.schemas.Event;
import io.forestall.schemas.Ownership;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.StandingRecords;
import io.forestall.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is known of volumes: their maps, who owns each segment by the fold of the ownership log, how
 * far each copy is, how each shadow follows, and whose bytes were found to be wrong. For looking
 * only. Bounded; thread-safe. Rows D1, D2, E5, E10.
 */
public final class VolumeView {
  private static final int MAX_SLICES = 20_000;
  private static final int MAX_UNITS_OF_PROGRESS = 1_000_000;
  private static final int MAX_HISTORY = 20;
  private static final int MAX_STANDINGS = 1_000_000;
  private static final int MAX_DIVERGENCES = 20;
  private static final int MAX_DIVERGED_UNITS = 20_000;

  /** Type of the events that tell of copies whose bytes were found to be wrong. */
  public static final String DIVERGED_EVENT = "copy.diverged";

  private static final String SHADOW = "SHADOW";
  private static final String IN_SYNC = "IN_SYNC";

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
   * @param standing of a shadow, what the job that feeds it says; null for others and while it says
   *     nothing
   */
  public record Copy(
      Subject node,
      String role,
      String state,
      @Nullable Long sequence,
      @Nullable Long lagDeltas,
      @Nullable Long heardMillis,
      @Nullable ShadowStanding standing) {

    /** True for a warm copy that is fed, not one that reads the log itself. */
    public boolean isShadow() {
      return role.equals(SHADOW);
    }
  }

  /**
   * A range of a copy whose bytes were not what they should be.
   *
   * @param holder whose bytes are wrong
   * @param attributed true when the holder's own record of what it wrote says so, false when two
   *     copies differ though each is what it recorded
   * @param offset first byte within the unit
   * @param sequence the bytes were compared as of this delta
   * @param round pass over the unit in which it was found
   */
  public record Divergence(
      String id,
      String unit,
      Subject holder,
      String severity,
      boolean attributed,
      long offset,
      long length,
      long sequence,
      long round,
      String text,
      long timeMillis) {}

  /**
   * What some shadows add up to.
   *
   * @param count shadows that the maps name
   * @param inSync those of them that are in sync
   * @param lagRecords deltas that the one furthest behind lacks
   * @param lagBytes payloads of the deltas that they lack; bytes
   * @param lagMillis age of the oldest of them; milliseconds
   * @param missingBytes what they have still to fetch; bytes
   * @param verifiedMillis of those in sync, when bytes of the one verified longest ago were last
   *     found to agree; null while one never was, or none is in sync; milliseconds since 1970-01-01
   *     UTC
   * @param divergences digests that did not agree; count
   */
  public record Shadows(
      int count,
      int inSync,
      long lagRecords,
      long lagBytes,
      long lagMillis,
      long missingBytes,
      @Nullable Long verifiedMillis,
      long divergences) {}

  /**
   * All shadows in figures.
   *
   * @param byState shadows by the symbol of their state
   * @param stalledMillis how long the initial copy has not gone on that stands still longest, 0
   *     when all go on; milliseconds
   * @param unverifiedMillis how long no digest agreed of the shadow in sync that waits longest for
   *     one, 0 when none is in sync; milliseconds
   */
  public record ShadowFigures(
      Map<String, Integer> byState, Shadows sums, long stalledMillis, long unverifiedMillis) {}

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
   * @param asyncBoundMillis longest time that an acknowledged write may be missing from the log,
   *     null while writes are synchronous; milliseconds
   * @param copies the owner's first
   * @param divergences the newest last
   */
  public record Segment(
      String unit,
      int index,
      long bytes,
      Subject owner,
      long epoch,
      boolean released,
      State state,
      @Nullable Long asyncBoundMillis,
      @Nullable String admission,
      @Nullable Long sinceMillis,
      List<Copy> copies,
      List<Step> history,
      List<Divergence> divergences) {}

  /**
   * A volume.
   *
   * @param segmentCount as its size says; count
   * @param owners units by owner
   * @param epoch newest epoch of a segment, 0 while nobody took any
   * @param copies copies of the segment that has fewest in sync, the owner's with them; count
   * @param lagDeltas largest lag of a copy that is no shadow, null when none is known; deltas
   * @param shadows what its shadows add up to
   * @param asynchronous segments whose writes are acknowledged before the log has them; count
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
      Shadows shadows,
      int asynchronous,
      @Nullable String degraded,
      long timeMillis) {}

  /**
   * A slice.
   *
   * @param asyncBounds bounds of the units whose writes are not synchronous; milliseconds
   */
  private record Slice(MapSlice map, @Nullable String degraded, Map<String, Long> asyncBounds) {}

  /**
   * A shadow that was spoken of.
   *
   * @param stateMillis since when it has its state
   * @param progressMillis when it last had less to fetch, or got its state
   */
  private record Followed(ShadowStanding standing, long stateMillis, long progressMillis) {}

  private record Progress(long epoch, long sequence, boolean owner, long timeMillis) {}

  private final Trusted trusted;
  private final OwnershipRecords records = new OwnershipRecords();
  private final TreeMap<String, TreeMap<Integer, Slice>> volumes = new TreeMap<>();
  private final Map<Integer, OwnershipFold> folds = new HashMap<>();
  private final Map<String, ArrayDeque<Step>> history = new HashMap<>();
  private final Map<String, Map<Subject, Progress>> progress = new HashMap<>();
  private final Map<String, Followed> followed = new HashMap<>();
  private final LinkedHashMap<String, ArrayDeque<Divergence>> diverged = new LinkedHashMap<>();
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
                : null,
            asyncBounds(record)));
    slices += known ? 0 : 1;
  }

  private static Map<String, Long> asyncBounds(VolumeMap record) {
    Map<String, Long> bounds = new HashMap<>();
    for (SegmentEntry segment : record.getSegments()) {
      if (segment.getWriteMode() == WriteMode.ASYNCHRONOUS) {
        Long bound = segment.getAsyncBoundMillis();
        bounds.put(segment.getUnit(), bound == null ? 0 : bound);
      }
    }
    return Map.copyOf(bounds);
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
      entry = entry.withAuthority(Authority.VALID);
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

  /**
   * Takes in a record of the topic shadows; null forgets the shadow.
   *
   * @throws WireException when it makes no sense
   */
  public synchronized void shadow(String key, @Nullable ShadowStatus record) throws WireException {
    changes++;
    if (record == null) {
      followed.remove(key);
      return;
    }
    ShadowStanding now = StandingRecords.standing(record);
    String name = StandingRecords.key(now);
    Followed before = followed.get(name);
    if (before == null && followed.size() >= MAX_STANDINGS) {
      return;
    }
    long stateMillis = now.timeMillis();
    long progressMillis = now.timeMillis();
    if (before != null && before.standing().state().equals(now.state())) {
      stateMillis = before.stateMillis();
      if (now.missingBytes() >= before.standing().missingBytes()) {
        progressMillis = before.progressMillis();
      }
    }
    followed.put(name, new Followed(now, stateMillis, progressMillis));
  }

  /**
   * Takes in an event; only those that tell of wrong bytes change anything, and each once.
   *
   * @throws WireException when it names no holder
   */
  public synchronized void event(Event event) throws WireException {
    String unit = event.getLabels().get("unit");
    if (!event.getType().equals(DIVERGED_EVENT) || unit == null) {
      return;
    }
    Subject holder =
        GuardRecords.subject(event.getEntity(), "event " + event.getId(), "its entity");
    ArrayDeque<Divergence> of = diverged.get(unit);
    if (of == null) {
      if (diverged.size() >= MAX_DIVERGED_UNITS) {
        diverged.remove(diverged.keySet().iterator().next());
      }
      of = new ArrayDeque<>();
      diverged.put(unit, of);
    }
    if (of.stream().anyMatch(each -> each.id().equals(event.getId()))) {
      return;
    }
    changes++;
    if (of.size() == MAX_DIVERGENCES) {
      of.removeFirst();
    }
    of.addLast(
        new Divergence(
            event.getId(),
            unit,
            holder,
            event.getSeverity().name(),
            "stored-checksum".equals(event.getLabels().get("attributed")),
            value(event, "offset"),
            value(event, "length"),
            value(event, "sequence"),
            value(event, "round"),
            event.getSummary(),
            event.getTimeMillis()));
  }

  private static long value(Event event, String name) {
    Double value = event.getValues().get(name);
    return value == null || !Double.isFinite(value) ? 0 : value.longValue();
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

  /**
   * Shows every segment.
   *
   * @param volume of this volume only, null for all
   * @param look hears of each with its volume's minimum of copies
   */
  public synchronized void eachSegment(@Nullable String volume, SegmentVisitor look) {
    for (Map.Entry<String, TreeMap<Integer, Slice>> of : volumes.entrySet()) {
      if (volume != null && !volume.equals(of.getKey())) {
        continue;
      }
      for (Slice slice : of.getValue().values()) {
        for (MapSegment each : slice.map().segments()) {
          look.segment(segment(slice, each), slice.map().minReplicas());
        }
      }
    }
  }

  /** Looks at segments. */
  public interface SegmentVisitor {
    /** A segment of a volume that is to have so many copies. */
    void segment(Segment segment, int minReplicas);
  }

  /**
   * All shadows in figures.
   *
   * @param nowMillis milliseconds since 1970-01-01 UTC
   */
  public synchronized ShadowFigures shadows(long nowMillis) {
    Map<String, Integer> byState = new TreeMap<>();
    Sums sums = new Sums();
    long[] longest = new long[2];
    for (TreeMap<Integer, Slice> of : volumes.values()) {
      for (Slice slice : of.values()) {
        for (MapSegment segment : slice.map().segments()) {
          shadowsOf(
              segment,
              copy -> {
                sums.add(copy);
                byState.merge(copy.state(), 1, Integer::sum);
                Followed known = followed.get(StandingRecords.key(segment.unit(), copy.node()));
                long stateMillis = known == null ? slice.map().timeMillis() : known.stateMillis();
                if (copy.state().equals("COPYING")) {
                  long progress = known == null ? stateMillis : known.progressMillis();
                  longest[0] = Math.max(longest[0], nowMillis - progress);
                } else if (copy.state().equals(IN_SYNC)) {
                  Long verified = known == null ? null : known.standing().verifiedMillis();
                  longest[1] =
                      Math.max(longest[1], nowMillis - (verified == null ? stateMillis : verified));
                }
              });
        }
      }
    }
    return new ShadowFigures(byState, sums.shadows(), longest[0], longest[1]);
  }

  private void shadowsOf(MapSegment segment, Consumer<Copy> look) {
    Map<Subject, Progress> of = progress.getOrDefault(segment.unit(), Map.of());
    for (MapCopy copy : segment.copies()) {
      if (copy.role().equals(SHADOW)) {
        look.accept(copy(segment.unit(), copy.node(), copy.role(), copy.state(), of, null));
      }
    }
  }

  /** Adds shadows up. */
  private static final class Sums {
    private int count;
    private int inSync;
    private long lagRecords;
    private long lagBytes;
    private long lagMillis;
    private long missingBytes;
    private long verifiedMillis = Long.MAX_VALUE;
    private boolean unverified;
    private long divergences;

    void add(Copy copy) {
      count++;
      ShadowStanding standing = copy.standing();
      boolean synced = copy.state().equals(IN_SYNC);
      inSync += synced ? 1 : 0;
      if (standing == null) {
        unverified |= synced;
        return;
      }
      lagRecords = Math.max(lagRecords, standing.lagRecords());
      lagBytes += standing.lagBytes();
      lagMillis = Math.max(lagMillis, standing.lagMillis());
      missingBytes += standing.missingBytes();
      divergences += standing.divergences();
      if (synced) {
        Long verified = standing.verifiedMillis();
        unverified |= verified == null;
        verifiedMillis = verified == null ? verifiedMillis : Math.min(verifiedMillis, verified);
      }
    }

    Shadows shadows() {
      return new Shadows(
          count,
          inSync,
          lagRecords,
          lagBytes,
          lagMillis,
          missingBytes,
          unverified || verifiedMillis == Long.MAX_VALUE ? null : (Long) verifiedMillis,
          divergences);
    }
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
    int asynchronous = 0;
    Sums shadows = new Sums();
    MapSlice any = null;
    for (Slice slice : of) {
      any = slice.map();
      version += any.version();
      timeMillis = Math.max(timeMillis, any.timeMillis());
      if (slice.degraded() != null) {
        degraded = slice.degraded();
      }
      asynchronous += slice.asyncBounds().size();
      for (MapSegment each : any.segments()) {
        Segment segment = segment(slice, each);
        state = segment.state().compareTo(state) < 0 ? segment.state() : state;
        owners.merge(segment.owner(), 1, Integer::sum);
        epoch = Math.max(epoch, segment.epoch());
        int inSync = 0;
        for (Copy copy : segment.copies()) {
          inSync += copy.state().equals(IN_SYNC) ? 1 : 0;
          if (copy.isShadow()) {
            shadows.add(copy);
          } else if (copy.lagDeltas() != null) {
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
        shadows.shadows(),
        asynchronous,
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
            IN_SYNC,
            ofOwner == null ? null : ofOwner.sequence(),
            null,
            ofOwner == null ? null : ofOwner.timeMillis(),
            null));
    if (!segment.owner().equals(owner)) {
      // The map was not written anew yet: who owned it before is a copy.
      copies.add(copy(segment.unit(), segment.owner(), "REPLICA", "CATCHING_UP", of, ofOwner));
    }
    for (MapCopy copy : segment.copies()) {
      if (!copy.node().equals(owner)) {
        copies.add(copy(segment.unit(), copy.node(), copy.role(), copy.state(), of, ofOwner));
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
        slice.asyncBounds().get(segment.unit()),
        owned == null ? null : owned.admission(),
        sinceMillis,
        copies,
        steps == null ? List.of() : List.copyOf(steps),
        List.copyOf(diverged.getOrDefault(segment.unit(), new ArrayDeque<>())));
  }

  private Copy copy(
      String unit,
      Subject node,
      String role,
      String state,
      Map<Subject, Progress> of,
      @Nullable Progress ofOwner) {
    Progress own = of.get(node);
    Followed known = role.equals(SHADOW) ? followed.get(StandingRecords.key(unit, node)) : null;
    ShadowStanding standing = known == null ? null : known.standing();
    Long lag =
        own == null || ofOwner == null
            ? null
            : (Long) Math.max(0, ofOwner.sequence() - own.sequence());
    return new Copy(
        node,
        role,
        // That a shadow goes is in the map alone; how far it is, its feeder knows sooner.
        standing == null || state.equals("RETIRING") ? state : standing.state(),
        own == null ? null : own.sequence(),
        standing == null ? lag : (Long) standing.lagRecords(),
        own == null ? null : own.timeMillis(),
        standing);
  }
}
