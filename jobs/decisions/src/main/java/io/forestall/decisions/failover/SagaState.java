package io.forestall.decisions.failover;

import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.guard.Schedule;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.shadow.ShadowStanding;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the {@link SagaDecider} remembers of one pool. Mutable, for one thread.
 *
 * <p>Rows: {@code h} header; {@code s/ADMISSION} saga; {@code m/VOLUME/SLICE} slice of a map;
 * {@code n/NODE} node; {@code u/UNIT} unit as the fold of the ownership log has it; {@code
 * w/ADMISSION} former owner that may get its units back; {@code t/ADMISSION} takeover that counted;
 * {@code o/UNIT NODE} how far a shadow follows.
 */
public final class SagaState implements DeciderState {

  /** Order of subjects by their keys. */
  static final Comparator<Subject> BY_NAME = Comparator.comparing(Subject::toString);

  /** Most former owners that are watched; the oldest goes; count. */
  static final int MAX_WATCHES = 64;

  /**
   * Most takeovers that are remembered, the newest; count. More than a restored job can find
   * admitted again whose units have moved on since.
   */
  static final int MAX_TAKEN = 256;

  /** Begin of the name in the schedule of a node that has to catch up. */
  static final String CATCH_UP_DUE = "c/";

  /** Name in the schedule of the maps that may wait. */
  static final String MAPS_DUE = "m/";

  private static final int VERSION = 1;

  /** Version from which on the rows of slices say whether they ask for another region. */
  private static final int REGION_VERSION = 2;

  /** Version from which on the rows of slices say in which write mode segments are. */
  private static final int ASYNC_VERSION = 3;

  private static final int SLICE_VERSION = ASYNC_VERSION;

  /** Version of the rows of owners; those of the first knew no write mode. */
  private static final int OWNED_VERSION = 2;

  private static final String HEADER = "h";
  private static final byte[] GONE = new byte[0];

  /**
   * A slice of a map.
   *
   * @param slice newest version, said or read
   * @param readVersion newest version that was read, 0 for none
   */
  record Slice(MapSlice slice, long readVersion) {}

  /**
   * A node.
   *
   * @param level level of the contract, -1 while nobody described it
   * @param freeBytes free space, null when unknown
   * @param critical true when it is at risk
   */
  record Node(Subject subject, int level, @Nullable Long freeBytes, boolean critical) {}

  /**
   * What was last said of a shadow that the maps name.
   *
   * @param state COPYING, CATCHING_UP, IN_SYNC or DIVERGED, a symbol of the contract
   * @param epoch epoch that it follows
   * @param appliedSequence last delta that it has, -1 for none
   * @param lagBytes what it has not read yet; bytes
   * @param missingBytes what it has still to fetch; bytes
   * @param timeMillis when it was said
   */
  record Mark(
      String unit,
      Subject node,
      String state,
      long epoch,
      long appliedSequence,
      long lagBytes,
      long missingBytes,
      long timeMillis) {

    static Mark of(ShadowStanding said) {
      return new Mark(
          said.unit(),
          said.shadow(),
          said.state(),
          said.epoch(),
          said.appliedSequence(),
          said.lagBytes(),
          said.missingBytes(),
          said.timeMillis());
    }

    /** True when it came further since: it fetched, or follows and has fetched all. */
    boolean isFurtherThan(@Nullable Mark before) {
      return before == null
          || !state.equals(before.state)
          || missingBytes < before.missingBytes
          || missingBytes == 0
              && (epoch != before.epoch || appliedSequence > before.appliedSequence);
    }

    private String row() {
      return row(unit, node);
    }

    private static String row(String unit, Subject node) {
      return "o/" + unit + " " + node;
    }
  }

  private final String pool;

  // kept in the header
  private long sequence;
  private long nextOffset;
  private boolean halted;

  // kept, one row each
  private final TreeMap<String, Saga> sagas = new TreeMap<>();
  private final TreeMap<String, Slice> slices = new TreeMap<>();
  private final TreeMap<Subject, Node> nodes = new TreeMap<>(BY_NAME);
  private final TreeMap<String, Watch> watches = new TreeMap<>();
  private final OwnershipFold fold = new OwnershipFold();
  private final Map<String, Long> taken = new HashMap<>();

  /** By row. */
  private final Map<String, Mark> marks = new HashMap<>();

  // indices
  private final TreeMap<Long, String> takenByOffset = new TreeMap<>();
  private final Map<String, String> sliceByUnit = new HashMap<>();
  private final Map<String, MapSegment> segments = new HashMap<>();
  private final Map<String, String> sagaByCommand = new HashMap<>();
  private final TreeMap<Subject, CatchUp> catchUps = new TreeMap<>(BY_NAME);
  private final TreeSet<String> dirty = new TreeSet<>();

  /** Slices that may have to be written, and are not urgent; not kept: found again at a start. */
  private final TreeSet<String> laterMaps = new TreeSet<>();

  /** What is due; not kept. */
  final Schedule schedule = new Schedule();

  /** When the job began to run; not kept. */
  long startedMillis = Long.MIN_VALUE;

  /** When a record from before that was last read; not kept. */
  long readingMillis = Long.MIN_VALUE;

  SagaState(String pool) {
    this.pool = pool;
  }

  /** The pool. */
  public String pool() {
    return pool;
  }

  // ------------------------------------------------------------------- header

  /** Number of the newest admission that counted; 0 before the first. */
  long sequence() {
    return sequence;
  }

  void sequence(long newest) {
    sequence = newest;
    dirty.add(HEADER);
  }

  /** First offset of the ownership log that is not folded in. */
  long nextOffset() {
    return nextOffset;
  }

  void readUpTo(long offset) {
    if (offset >= nextOffset) {
      nextOffset = offset + 1;
      dirty.add(HEADER);
    }
  }

  boolean halted() {
    return halted;
  }

  void halted(boolean now) {
    if (halted != now) {
      halted = now;
      dirty.add(HEADER);
    }
  }

  // -------------------------------------------------------------------- sagas

  /** Sagas that are open, and those whose end was not read back; by admission. */
  TreeMap<String, Saga> sagas() {
    return sagas;
  }

  @Nullable Saga saga(String admission) {
    return sagas.get(admission);
  }

  /** Remembers how far a saga is now. */
  void put(Saga saga) {
    sagas.put(saga.id(), saga);
    schedule.at("s/" + saga.id(), saga.dueMillis);
    dirty.add("s/" + saga.id());
  }

  void forget(Saga saga) {
    if (sagas.remove(saga.id()) != null) {
      for (String command : saga.commands.keySet()) {
        sagaByCommand.remove(command);
      }
      schedule.off("s/" + saga.id());
      dirty.add("s/" + saga.id());
    }
  }

  /** Remembers whose command this is, for its answer. */
  void asked(Saga saga, String command, Saga.Asked asked) {
    saga.commands.put(command, asked);
    sagaByCommand.put(command, saga.id());
  }

  /** The saga that gave a command, null when none that is open did. */
  @Nullable Saga sagaOf(String command) {
    String id = sagaByCommand.get(command);
    return id == null ? null : sagas.get(id);
  }

  /** True while something may still be ordered under an admission. */
  public boolean isFollowing(String admission) {
    return sagas.containsKey(admission);
  }

  /** Admitted acts that are under way here; count. */
  public int open() {
    int open = 0;
    for (Saga saga : sagas.values()) {
      open += saga.step == Saga.Step.ENDED ? 0 : 1;
    }
    return open;
  }

  // -------------------------------------------------------------------- nodes

  @Nullable Node node(Subject subject) {
    return nodes.get(subject);
  }

  /** Nodes of the pool in the order of their names. */
  Iterable<Node> nodes() {
    return nodes.values();
  }

  void put(Node node) {
    if (!node.equals(nodes.put(node.subject(), node))) {
      dirty.add("n/" + node.subject());
    }
  }

  void forgetNode(Subject subject) {
    if (nodes.remove(subject) != null) {
      dirty.add("n/" + subject);
    }
  }

  // -------------------------------------------------------------------- units

  /** The fold of the ownership log. */
  OwnershipFold fold() {
    return fold;
  }

  void touchedUnit(String unit) {
    dirty.add("u/" + unit);
  }

  /**
   * The takeover of an admission counted, at this offset of the ownership log.
   *
   * @return false when that was known
   */
  boolean took(String admission, long offset) {
    if (taken.putIfAbsent(admission, offset) != null) {
      return false;
    }
    takenByOffset.put(offset, admission);
    dirty.add("t/" + admission);
    if (taken.size() > MAX_TAKEN) {
      String oldest = takenByOffset.pollFirstEntry().getValue();
      taken.remove(oldest);
      dirty.add("t/" + oldest);
    }
    return true;
  }

  /** True when the takeover of an admission counted, whoever owns the units by now. */
  boolean wasTaken(String admission) {
    return taken.containsKey(admission);
  }

  // --------------------------------------------------------------------- maps

  @Nullable Slice slice(String key) {
    return slices.get(key);
  }

  /** Slices by key. */
  TreeMap<String, Slice> slices() {
    return slices;
  }

  /** The slice of a unit, null when no map has it. */
  @Nullable String sliceOf(String unit) {
    return sliceByUnit.get(unit);
  }

  static String key(String volume, int slice) {
    return volume + "/" + slice;
  }

  void put(Slice slice) {
    String key = key(slice.slice().volume(), slice.slice().slice());
    Slice before = slices.put(key, slice);
    if (before == null || before.slice() != slice.slice()) {
      if (before != null) {
        drop(key, before.slice());
      }
      for (MapSegment segment : slice.slice().segments()) {
        sliceByUnit.put(segment.unit(), key);
        segments.put(segment.unit(), segment);
        catchUp(segment);
      }
      forgetCaughtUp();
      if (before != null) {
        forgetMarks(before.slice());
      }
    }
    dirty.add("m/" + key);
  }

  /** Forgets a slice and what the fold has of its units: they are gone for good. */
  void forgetSlice(String key) {
    Slice before = slices.remove(key);
    mapWritten(key);
    if (before != null) {
      drop(key, before.slice());
      forgetCaughtUp();
      forgetMarks(before.slice());
      for (MapSegment segment : before.slice().segments()) {
        if (!sliceByUnit.containsKey(segment.unit())) {
          fold.forget(segment.unit());
          dirty.add("u/" + segment.unit());
        }
      }
      dirty.add("m/" + key);
    }
  }

  /** A slice may have to be written, by this time at the latest. */
  void mapLater(String key, long millis) {
    if (laterMaps.isEmpty()) {
      schedule.at(MAPS_DUE, millis);
    }
    laterMaps.add(key);
  }

  /** A slice was written: nothing of it waits. */
  void mapWritten(String key) {
    if (laterMaps.remove(key) && laterMaps.isEmpty()) {
      schedule.off(MAPS_DUE);
    }
  }

  /** Takes the slices that waited, in the order of their keys. */
  List<String> takeLaterMaps() {
    List<String> keys = List.copyOf(laterMaps);
    laterMaps.clear();
    schedule.off(MAPS_DUE);
    return keys;
  }

  private void drop(String key, MapSlice slice) {
    for (MapSegment segment : slice.segments()) {
      if (sliceByUnit.remove(segment.unit(), key)) {
        segments.remove(segment.unit());
        for (CatchUp each : catchUps.values()) {
          each.units.remove(segment.unit());
        }
      }
    }
  }

  private void catchUp(MapSegment segment) {
    for (MapCopy copy : segment.copies()) {
      if (SagaMaps.isCatchingUp(copy)) {
        CatchUp known = catchUps.get(copy.node());
        if (known == null) {
          known = new CatchUp(copy.node(), SagaDecider.MAX_CATCH_UP_UNITS);
          catchUps.put(copy.node(), known);
          schedule.at(CATCH_UP_DUE + copy.node(), 0);
        }
        known.units.add(segment.unit());
      }
    }
  }

  private void forgetCaughtUp() {
    for (CatchUp each : List.copyOf(catchUps.values())) {
      if (each.units.isEmpty()) {
        catchUps.remove(each.node);
        schedule.off(CATCH_UP_DUE + each.node);
      }
    }
  }

  /** Nodes with copies that have to catch up. */
  Iterable<CatchUp> catchUps() {
    return catchUps.values();
  }

  /** What a node has to catch up with, null when that is nothing. */
  @Nullable CatchUp catchUp(Subject node) {
    return catchUps.get(node);
  }

  /** The segment of a unit as the newest map has it, null when no map has it. */
  @Nullable MapSegment segment(String unit) {
    return segments.get(unit);
  }

  // ------------------------------------------------------------------ shadows

  /** What was last said of the shadow of a unit on a node, null when nothing was. */
  @Nullable Mark mark(String unit, Subject node) {
    return marks.isEmpty() ? null : marks.get(Mark.row(unit, node));
  }

  void put(Mark mark) {
    marks.put(mark.row(), mark);
    dirty.add(mark.row());
  }

  /** Forgets what was said of shadows of a slice that the maps do not name any more. */
  private void forgetMarks(MapSlice former) {
    if (marks.isEmpty()) {
      return;
    }
    for (MapSegment segment : former.segments()) {
      for (MapCopy copy : segment.copies()) {
        if (ShadowMaps.shadow(segments.get(segment.unit()), copy.node()) == null) {
          forgetMark(segment.unit(), copy.node());
        }
      }
    }
  }

  /** Forgets what was said of a shadow. */
  void forgetMark(String unit, Subject node) {
    String row = Mark.row(unit, node);
    if (marks.remove(row) != null) {
      dirty.add(row);
    }
  }

  // ------------------------------------------------------------------ watches

  TreeMap<String, Watch> watches() {
    return watches;
  }

  void put(Watch watch) {
    watches.put(watch.admission, watch);
    schedule.at("w/" + watch.admission, watch.dueMillis);
    dirty.add("w/" + watch.admission);
  }

  void forget(Watch watch) {
    if (watches.remove(watch.admission) != null) {
      schedule.off("w/" + watch.admission);
      dirty.add("w/" + watch.admission);
    }
  }

  // --------------------------------------------------------------------- rows

  private boolean needsHeader() {
    return sequence > 0 || nextOffset > 0 || halted;
  }

  @Override
  public boolean isEmpty() {
    // the number of the newest admission is never forgotten: what follows it is known by it alone
    return !needsHeader()
        && sagas.isEmpty()
        && slices.isEmpty()
        && nodes.isEmpty()
        && watches.isEmpty()
        && taken.isEmpty()
        && marks.isEmpty()
        && fold.all().isEmpty();
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    Map<String, byte[]> changes = new LinkedHashMap<>();
    for (String row : dirty) {
      changes.put(row, bytesOf(row));
    }
    dirty.clear();
    return changes;
  }

  private byte[] bytesOf(String row) {
    if (row.equals(HEADER)) {
      return needsHeader()
          ? new RowWriter(VERSION).longs(sequence).longs(nextOffset).flag(halted).toBytes()
          : GONE;
    }
    String id = row.substring(2);
    return switch (row.charAt(0)) {
      case 's' -> {
        Saga saga = sagas.get(id);
        yield saga == null ? GONE : saga.toBytes();
      }
      case 'm' -> {
        Slice slice = slices.get(id);
        yield slice == null ? GONE : bytes(slice);
      }
      case 'n' -> {
        Node node = nodes.get(Subject.parse(id));
        yield node == null
            ? GONE
            : new RowWriter(VERSION)
                .thing(node.subject())
                .ints(node.level())
                .nullableLong(node.freeBytes())
                .flag(node.critical())
                .toBytes();
      }
      case 'u' -> {
        Owned owned = fold.owned(id);
        yield owned == null ? GONE : bytes(owned);
      }
      case 'w' -> {
        Watch watch = watches.get(id);
        yield watch == null ? GONE : watch.toBytes();
      }
      case 't' -> {
        Long offset = taken.get(id);
        yield offset == null ? GONE : new RowWriter(VERSION).longs(offset).toBytes();
      }
      case 'o' -> {
        Mark mark = marks.get(row);
        yield mark == null ? GONE : bytes(mark);
      }
      default -> throw new IllegalStateException("no row is named " + row);
    };
  }

  private static byte[] bytes(Slice kept) {
    MapSlice slice = kept.slice();
    RowWriter out = new RowWriter(SLICE_VERSION).longs(kept.readVersion());
    out.text(slice.volume()).text(slice.pool()).ints(slice.slice()).ints(slice.slices());
    out.longs(slice.version()).longs(slice.ownershipOffset()).longs(slice.volumeBytes());
    out.longs(slice.segmentBytes()).ints(slice.blockBytes()).ints(slice.minReplicas());
    out.list(
        slice.segments(),
        (row, segment) -> {
          row.text(segment.unit()).ints(segment.index()).thing(segment.owner());
          row.longs(segment.epoch());
          row.list(
              segment.copies(),
              (inner, copy) -> {
                inner.thing(copy.node()).text(copy.role()).text(copy.state());
                inner.longs(copy.appliedSequence());
              });
          row.longs(segment.asyncBoundMillis());
        });
    return out.longs(slice.timeMillis()).flag(slice.otherRegion()).toBytes();
  }

  private static Slice slice(RowReader in) {
    long readVersion = in.longs();
    return new Slice(
        new MapSlice(
            in.text(),
            in.text(),
            in.ints(),
            in.ints(),
            in.longs(),
            in.longs(),
            in.longs(),
            in.longs(),
            in.ints(),
            in.ints(),
            in.list(SagaState::segment),
            in.longs(),
            in.version() >= REGION_VERSION && in.flag()),
        readVersion);
  }

  private static MapSegment segment(RowReader in) {
    return new MapSegment(
        in.text(),
        in.ints(),
        in.subject(),
        in.longs(),
        in.list(row -> new MapCopy(row.subject(), row.text(), row.text(), row.longs())),
        in.version() >= ASYNC_VERSION ? in.longs() : 0);
  }

  private static byte[] bytes(Mark mark) {
    RowWriter out = new RowWriter(VERSION).text(mark.unit()).thing(mark.node());
    out.text(mark.state()).longs(mark.epoch()).longs(mark.appliedSequence());
    return out.longs(mark.lagBytes()).longs(mark.missingBytes()).longs(mark.timeMillis()).toBytes();
  }

  private static Mark mark(RowReader in) {
    return new Mark(
        in.text(),
        in.subject(),
        in.text(),
        in.longs(),
        in.longs(),
        in.longs(),
        in.longs(),
        in.longs());
  }

  private static byte[] bytes(Owned owned) {
    RowWriter out = new RowWriter(OWNED_VERSION).text(owned.unit()).longs(owned.epoch());
    out.thing(owned.owner()).longs(owned.incarnation()).thing(owned.former());
    out.longs(owned.formerEpoch()).flag(owned.released()).flag(owned.inDoubt());
    out.longs(owned.offset()).text(owned.admission());
    out.longs(owned.asyncBoundMillis()).longs(owned.asyncFromEpoch());
    return out.longs(owned.lossEpoch()).toBytes();
  }

  private static Owned owned(RowReader in) {
    return new Owned(
        in.text(),
        in.longs(),
        in.subject(),
        in.longs(),
        in.nullableSubject(),
        in.longs(),
        in.flag(),
        in.flag(),
        in.longs(),
        in.nullableText(),
        in.version() >= OWNED_VERSION ? in.longs() : 0,
        in.version() >= OWNED_VERSION ? in.longs() : 0,
        in.version() >= OWNED_VERSION ? in.longs() : 0);
  }

  @Override
  public void restore(String row, byte[] body) {
    RowReader.read(
        row,
        body,
        in -> {
          restore(row, in);
          return row;
        });
    dirty.clear();
  }

  private void restore(String row, RowReader in) {
    if (row.equals(HEADER)) {
      sequence = in.longs();
      nextOffset = in.longs();
      halted = in.flag();
      return;
    }
    if (row.length() < 3 || row.charAt(1) != '/') {
      throw new IllegalArgumentException("no row has this name");
    }
    switch (row.charAt(0)) {
      case 's' -> put(Saga.of(in));
      case 'm' -> put(slice(in));
      case 'n' -> put(new Node(in.subject(), in.ints(), in.nullableLong(), in.flag()));
      case 'u' -> fold.restore(owned(in));
      case 'w' -> put(Watch.of(in));
      case 't' -> took(row.substring(2), in.longs());
      case 'o' -> put(mark(in));
      default -> throw new IllegalArgumentException("no row has this name");
    }
  }
}
