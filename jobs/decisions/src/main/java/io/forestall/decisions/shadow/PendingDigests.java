package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import io.forestall.decisions.shadow.HolderReport.RangeDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Digests of one unit that wait for those of other holders (E5). Only digests of the same range, of
 * the same pass and as of the same place in the history are ever compared: bytes of different
 * moments may well differ. For one thread.
 */
final class PendingDigests {

  /** Most ranges that wait; the oldest gives way. */
  static final int MAX_PENDING = 64;

  /** Most holders of one range that are remembered. */
  static final int MAX_SIDES = 16;

  /** What digests must share to be compared. */
  record Place(long round, long offset, long length, long epoch, long sequence, String algorithm) {}

  /**
   * What one holder said.
   *
   * @param owner true when it said to be the owner
   * @param digest of the bytes as read
   * @param consistent false when they are not what the holder recorded when it wrote them
   */
  record Side(Subject node, boolean owner, byte[] digest, boolean consistent) {
    boolean agrees(Side other) {
      return Arrays.equals(digest, other.digest);
    }
  }

  private final Map<Place, List<Side>> pending = new LinkedHashMap<>();
  private boolean changed;

  /** Whether the bytes that a holder read are those that it wrote. */
  static boolean consistent(RangeDigest range) {
    return range.storedDigest().length == 0 || Arrays.equals(range.digest(), range.storedDigest());
  }

  /** What others said of the same place before; the new side is remembered. */
  List<Side> add(Place place, Side side) {
    List<Side> sides = pending.computeIfAbsent(place, any -> new ArrayList<>(3));
    for (Side each : sides) {
      if (each.node().equals(side.node())) {
        return List.of();
      }
    }
    List<Side> others = List.copyOf(sides);
    if (sides.size() < MAX_SIDES) {
      sides.add(side);
      changed = true;
    }
    if (pending.size() > MAX_PENDING) {
      Iterator<Place> oldest = pending.keySet().iterator();
      oldest.next();
      oldest.remove();
    }
    return others;
  }

  /** Forgets a place of which all have spoken. */
  void settled(Place place) {
    changed |= pending.remove(place) != null;
  }

  void clear() {
    changed |= !pending.isEmpty();
    pending.clear();
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** True once when something changed. */
  boolean takeChanged() {
    boolean is = changed;
    changed = false;
    return is;
  }

  void write(RowWriter row) {
    row.list(
        pending.entrySet(),
        (each, entry) -> {
          Place place = entry.getKey();
          each.longs(place.round())
              .longs(place.offset())
              .longs(place.length())
              .longs(place.epoch())
              .longs(place.sequence())
              .text(place.algorithm())
              .list(
                  entry.getValue(),
                  (one, side) ->
                      one.thing(side.node())
                          .flag(side.owner())
                          .bytes(side.digest())
                          .flag(side.consistent()));
        });
  }

  void restore(RowReader row) {
    row.list(
        each -> {
          Place place =
              new Place(
                  each.longs(),
                  each.longs(),
                  each.longs(),
                  each.longs(),
                  each.longs(),
                  each.text());
          pending.put(place, new ArrayList<>(each.list(PendingDigests::side)));
          return place;
        });
  }

  private static Side side(RowReader row) {
    return new Side(row.subject(), row.flag(), row.bytes(), row.flag());
  }
}
