package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the events of an incident say of one thing, added up: the same in any order of the events.
 */
final class Evidence {

  /** Most types that are counted one by one; the rest counts as one. */
  static final int MAX_TYPES = 16;

  /** Most related things that are kept. */
  static final int MAX_RELATED = 16;

  /** What types beyond the limit count as. */
  static final String OTHER = "other";

  static final Comparator<Subject> BY_NAME =
      Comparator.comparing(Subject::kind).thenComparing(Subject::id);

  final Subject entity;
  @Nullable Place place;
  long count;
  long firstMillis = Long.MAX_VALUE;
  long lastMillis = Long.MIN_VALUE;
  Severity severity = Severity.UNKNOWN;
  boolean real;
  double confidence;
  final TreeMap<String, Long> types = new TreeMap<>();
  final TreeSet<Subject> related = new TreeSet<>(BY_NAME);

  Evidence(Subject entity) {
    this.entity = entity;
  }

  void add(FleetEvent event, @Nullable Place where) {
    count++;
    if (where != null && (place == null || event.timeMillis() < firstMillis)) {
      place = where;
    }
    firstMillis = Math.min(firstMillis, event.timeMillis());
    lastMillis = Math.max(lastMillis, event.timeMillis());
    if (event.severity().compareTo(severity) > 0) {
      severity = event.severity();
    }
    real |= !event.predicted();
    confidence = Math.max(confidence, event.confidence());
    String type =
        types.containsKey(event.type()) || types.size() < MAX_TYPES ? event.type() : OTHER;
    types.merge(type, 1L, Long::sum);
    keep(related, event.related(), MAX_RELATED);
  }

  /** Adds, and keeps the smallest: the same whatever came first. */
  static void keep(TreeSet<Subject> kept, Collection<Subject> more, int most) {
    kept.addAll(more);
    while (kept.size() > most) {
      kept.pollLast();
    }
  }

  /** The type that speaks of it most often; the first by name among equals. */
  String mainType() {
    String main = "";
    long most = 0;
    for (Map.Entry<String, Long> type : types.entrySet()) {
      if (type.getValue() > most) {
        most = type.getValue();
        main = type.getKey();
      }
    }
    return main;
  }

  void write(DataOutputStream out) throws IOException {
    Rows.subject(out, entity);
    Rows.place(out, place);
    out.writeLong(count);
    out.writeLong(firstMillis);
    out.writeLong(lastMillis);
    Rows.text(out, severity.name());
    out.writeBoolean(real);
    out.writeDouble(confidence);
    out.writeInt(types.size());
    for (Map.Entry<String, Long> type : types.entrySet()) {
      Rows.text(out, type.getKey());
      out.writeLong(type.getValue());
    }
    Rows.subjects(out, related);
  }

  static Evidence read(DataInputStream in) throws IOException {
    Evidence evidence = new Evidence(Rows.subject(in));
    evidence.place = Rows.place(in);
    evidence.count = in.readLong();
    evidence.firstMillis = in.readLong();
    evidence.lastMillis = in.readLong();
    evidence.severity = Rows.severity(in);
    evidence.real = in.readBoolean();
    evidence.confidence = in.readDouble();
    int size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      evidence.types.put(Rows.text(in), in.readLong());
    }
    evidence.related.addAll(Rows.subjects(in));
    return evidence;
  }
}
