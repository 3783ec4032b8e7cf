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
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the events of an incident say of one thing, added up: the same in any order of the events.
 */
final class Evidence {

  /** Most signals that are counted one by one; the rest counts as one. */
  static final int MAX_SIGNALS = 64;

  /** Most related things that are kept. */
  static final int MAX_RELATED = 16;

  /** What signals beyond the limit count as. */
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
  final TreeMap<String, Signal> signals = new TreeMap<>();
  final TreeSet<Subject> related = new TreeSet<>(BY_NAME);

  /** What one signal of the thing said. */
  static final class Signal {
    final String type;
    long count;
    long firstMillis = Long.MAX_VALUE;
    double weight;

    Signal(String type) {
      this.type = type;
    }
  }

  Evidence(Subject entity) {
    this.entity = entity;
  }

  /** Adds an event; true when it says something new of what the thing is or concerns. */
  boolean add(FleetEvent event, @Nullable Place where) {
    Place before = place;
    int relatedBefore = related.size();
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
    String name = signal(event);
    if (!signals.containsKey(name) && signals.size() >= MAX_SIGNALS) {
      name = OTHER;
    }
    Signal signal = signals.computeIfAbsent(name, any -> new Signal(event.type()));
    signal.count++;
    signal.firstMillis = Math.min(signal.firstMillis, event.timeMillis());
    signal.weight = Math.max(signal.weight, weight(event));
    keep(related, event.related(), MAX_RELATED);
    return count == 1 || !Objects.equals(before, place) || related.size() != relatedBefore;
  }

  /** Adds, and keeps the smallest: the same whatever came first. */
  static void keep(TreeSet<Subject> kept, Collection<Subject> more, int most) {
    kept.addAll(more);
    while (kept.size() > most) {
      kept.pollLast();
    }
  }

  /** The name of an event's signal: its type, and what its source adds to tell signals apart. */
  static String signal(FleetEvent event) {
    String finer = event.labels().get(SignalHistory.SIGNAL);
    return finer == null ? event.type() : event.type() + "/" + finer;
  }

  /** How much an event says of the cause: what its source says, else by its severity. */
  private static double weight(FleetEvent event) {
    Double given = event.values().get(SignalHistory.WEIGHT);
    if (given != null) {
      return Math.max(0, given);
    }
    double weight =
        switch (event.severity()) {
          case CRITICAL -> 6;
          case ERROR -> 4.5;
          case WARNING -> 3;
          default -> 1;
        };
    return event.predicted() ? weight * Math.min(1, Math.max(0, event.confidence())) : weight;
  }

  /** The type that speaks of it most often; the first by name among equals. */
  String mainType() {
    Map<String, Long> types = new TreeMap<>();
    signals.values().forEach(signal -> types.merge(signal.type, signal.count, Long::sum));
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
    out.writeInt(signals.size());
    for (Map.Entry<String, Signal> signal : signals.entrySet()) {
      Rows.text(out, signal.getKey());
      Rows.text(out, signal.getValue().type);
      out.writeLong(signal.getValue().count);
      out.writeLong(signal.getValue().firstMillis);
      out.writeDouble(signal.getValue().weight);
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
      String name = Rows.text(in);
      Signal signal = new Signal(Rows.text(in));
      signal.count = in.readLong();
      signal.firstMillis = in.readLong();
      signal.weight = in.readDouble();
      evidence.signals.put(name, signal);
    }
    evidence.related.addAll(Rows.subjects(in));
    return evidence;
  }
}
