package io.forestall.decisions.shadow;

import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ShadowStream} remembers of one unit: its place in the unit's history, how each
 * shadow stands, which parts changed when. No payload. It has content only while the unit has
 * shadows, and is bounded: about 10 KiB for a unit of 1 GiB. Rows: {@code unit} what the map says,
 * {@code order} the place, {@code shadow/...} each shadow, {@code touched/...} what changed when,
 * {@code marks} the lag, {@code digests} digests that wait.
 */
public final class StreamState implements DeciderState {

  /** Most shadows of a unit that are fed, the first of the map; count. */
  public static final int MAX_SHADOWS = 8;

  private static final byte[] ENDED = {};
  private static final String UNIT = "unit";
  private static final String ORDER = "order";
  private static final String MARKS = "marks";
  private static final String DIGESTS = "digests";
  private static final String SHADOW = "shadow/";
  private static final String TOUCHED = "touched/";

  final String unit;

  /** In the order of their names, so that a restore changes no order. */
  final Map<Subject, Follower> followers = new TreeMap<>(Comparator.comparing(Subject::toString));

  String volume = "";
  String pool = "";
  long version;
  Subject owner = new Subject(Subject.Kind.NODE, "unknown");
  int refused;
  @Nullable TouchedChunks touched;
  StreamOrder order = new StreamOrder();
  LagMarks marks = new LagMarks();
  final PendingDigests digests = new PendingDigests();
  boolean unitChanged;
  boolean orderChanged;
  boolean marksChanged;

  /** Nothing said yet of any shadow is due before this; milliseconds. */
  long standingDueMillis = Long.MAX_VALUE;

  /** Rows that a carrier may hold. */
  private final Set<String> stored = new HashSet<>();

  /** Rows of touched chunks that came before that of the unit. */
  private final Map<String, byte[]> early = new HashMap<>();

  StreamState(String unit) {
    this.unit = unit;
  }

  /** How many shadows are fed; count. */
  public int shadows() {
    return followers.size();
  }

  /** True when the stream cannot go on before a holder speaks. */
  public boolean waits() {
    return order.waits();
  }

  /** Deltas sent that the shadow furthest behind has not said to have; count. */
  public long lagRecords() {
    long most = 0;
    for (Follower each : followers.values()) {
      most = Math.max(most, order.sequence() - each.base());
    }
    return most;
  }

  /** Age of the oldest of them by the owner's clock; milliseconds. */
  public long lagMillis(long nowMillis) {
    long oldest = nowMillis;
    for (Follower each : followers.values()) {
      oldest = Math.min(oldest, marks.oldestMillis(each.base(), nowMillis));
    }
    return nowMillis - oldest;
  }

  /** Payloads of all of them, of every shadow; bytes. */
  public long lagBytes() {
    long all = 0;
    for (Follower each : followers.values()) {
      all += marks.bytesBehind(each.base());
    }
    return all;
  }

  /** Forgets everything: the unit has no shadow any more. */
  void clear() {
    followers.clear();
    touched = null;
    order = new StreamOrder();
    marks = new LagMarks();
    digests.clear();
    standingDueMillis = Long.MAX_VALUE;
  }

  @Override
  public boolean isEmpty() {
    return followers.isEmpty();
  }

  @Override
  public void restore(String row, byte[] body) {
    stored.add(row);
    if (row.startsWith(TOUCHED)) {
      early.put(row, body);
      restoreTouched();
      return;
    }
    RowReader.read(
        row,
        body,
        reader -> {
          restore(row, reader);
          return row;
        });
    restoreTouched();
  }

  private void restore(String row, RowReader reader) {
    if (row.equals(UNIT)) {
      volume = reader.text();
      version = reader.longs();
      owner = reader.subject();
      refused = reader.ints();
      touched = new TouchedChunks(reader.longs());
      pool = reader.version() < 2 ? "" : reader.text();
    } else if (row.equals(ORDER)) {
      order = StreamOrder.read(reader);
    } else if (row.equals(MARKS)) {
      marks = LagMarks.read(reader);
    } else if (row.equals(DIGESTS)) {
      digests.restore(reader);
    } else if (row.startsWith(SHADOW)) {
      Follower follower = Follower.of(reader);
      followers.put(follower.node, follower);
      standingDueMillis = Long.MIN_VALUE;
    } else {
      throw new IllegalArgumentException("a stream has no row " + row);
    }
  }

  /** Rows come in any order; those of the chunks mean something once the unit's size is known. */
  private void restoreTouched() {
    TouchedChunks chunks = touched;
    if (chunks == null) {
      return;
    }
    early.forEach(
        (row, body) ->
            RowReader.read(
                row,
                body,
                reader -> {
                  chunks.restore(Integer.parseInt(row.substring(TOUCHED.length())), reader);
                  return row;
                }));
    early.clear();
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    Map<String, byte[]> changes = new LinkedHashMap<>();
    TouchedChunks chunks = touched;
    if (followers.isEmpty() || chunks == null) {
      stored.forEach(row -> changes.put(row, ENDED));
      stored.clear();
      return changes;
    }
    if (unitChanged) {
      unitChanged = false;
      changes.put(
          UNIT,
          new RowWriter(2)
              .text(volume)
              .longs(version)
              .thing(owner)
              .ints(refused)
              .longs(chunks.bytes())
              .text(pool)
              .toBytes());
      endOldRows(chunks, changes);
    }
    if (orderChanged) {
      orderChanged = false;
      RowWriter row = new RowWriter(1);
      order.write(row);
      changes.put(ORDER, row.toBytes());
    }
    if (marksChanged) {
      marksChanged = false;
      RowWriter row = new RowWriter(1);
      marks.write(row);
      changes.put(MARKS, row.toBytes());
    }
    if (digests.takeChanged()) {
      RowWriter row = new RowWriter(1);
      digests.write(row);
      changes.put(DIGESTS, digests.isEmpty() ? ENDED : row.toBytes());
    }
    for (Follower each : followers.values()) {
      if (each.changed) {
        each.changed = false;
        changes.put(SHADOW + each.node, each.toRow());
      }
    }
    chunks.takeChanges((number, body) -> changes.put(TOUCHED + number, body));
    changes.forEach(
        (row, body) -> {
          if (body.length == 0) {
            stored.remove(row);
          } else {
            stored.add(row);
          }
        });
    return changes;
  }

  /** Rows of shadows that are none any more, and of chunks that the unit does not have. */
  private void endOldRows(TouchedChunks chunks, Map<String, byte[]> changes) {
    for (String row : stored) {
      boolean old =
          row.startsWith(SHADOW)
                  && !followers.containsKey(Subject.parse(row.substring(SHADOW.length())))
              || row.startsWith(TOUCHED)
                  && Integer.parseInt(row.substring(TOUCHED.length())) >= chunks.rows();
      if (old) {
        changes.put(row, ENDED);
      }
    }
  }
}
