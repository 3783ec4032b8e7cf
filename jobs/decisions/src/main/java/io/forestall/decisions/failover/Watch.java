package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.RowReader;
import io.forestall.decisions.guard.RowWriter;
import java.util.Map;
import java.util.TreeMap;

/**
 * A former owner that may get its units back: whether it follows them again is asked now and then.
 * Mutable, for one thread.
 */
final class Watch {

  private static final int VERSION = 1;

  // kept
  final String admission;
  final Subject former;
  final Subject owner;

  /** Units with the epoch under which their new owner took them. */
  final TreeMap<String, Long> epochs;

  long wellSinceMillis;
  long dueMillis;
  int proposals;

  // not kept
  String asked = "";
  boolean answered;

  /** How often in a row it was asked and was not well; count. */
  int unwell;

  Watch(String admission, Subject former, Subject owner, Map<String, Long> epochs) {
    this.admission = admission;
    this.former = former;
    this.owner = owner;
    this.epochs = new TreeMap<>(epochs);
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(VERSION).text(admission).thing(former).thing(owner);
    out.list(epochs.entrySet(), (row, unit) -> row.text(unit.getKey()).longs(unit.getValue()));
    return out.longs(wellSinceMillis).longs(dueMillis).ints(proposals).toBytes();
  }

  static Watch of(RowReader in) {
    String admission = in.text();
    Subject former = in.subject();
    Subject owner = in.subject();
    Map<String, Long> epochs = new TreeMap<>();
    in.list(row -> epochs.put(row.text(), row.longs()));
    Watch watch = new Watch(admission, former, owner, epochs);
    watch.wellSinceMillis = in.longs();
    watch.dueMillis = in.longs();
    watch.proposals = in.ints();
    return watch;
  }
}
