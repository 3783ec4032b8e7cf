package io.forestall.decisions.alert;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The open incidents of one pool, what was told of each, and how many were told today. A row for
 * each incident, {@code i/ID}, and one for the day, {@code day}.
 */
public final class AlertState implements DeciderState {

  /** Most incidents remembered; the quietest of further ones only count. */
  static final int MAX_INCIDENTS = 10_000;

  /** Most affected things remembered of an incident, to know whether it is silenced. */
  static final int MAX_AFFECTED = 64;

  private static final int VERSION = 1;
  private static final String DAY_ROW = "day";
  private static final String INCIDENT_ROW = "i/";
  private static final byte[] ENDED = {};
  private static final int MAX_ELEMENTS = 10_000;
  private static final int MAX_TEXT_BYTES = 1 << 20;

  private final String pool;
  final Map<String, Told> incidents = new HashMap<>();
  private final TreeSet<Told> due =
      new TreeSet<>(
          Comparator.<Told>comparingLong(told -> told.dueMillis).thenComparing(told -> told.id));
  private final TreeMap<String, byte[]> changes = new TreeMap<>();

  /** Silences and maintenance windows; told anew after each start, so no row. */
  List<PolicyRecord> silences = List.of();

  /** The UTC day that is counted, in days since 1970; the least number when none is. */
  long day = Long.MIN_VALUE;

  /** Incidents told today. */
  int toldToday;

  /** Incidents beyond the cap today. */
  long moreToday;

  /** The worst of those. */
  Severity worstOfMore = Severity.UNKNOWN;

  /** Labels under which the alert for those was told; null when it is not told. */
  @Nullable Map<String, String> moreLabels;

  /** When that alert began, and when it is to be told again; milliseconds. */
  long moreStartsMillis;

  long moreDueMillis = Decider.NO_ALARM;

  /** What is known of one open incident. */
  static final class Told {
    final String id;
    int revision;
    Severity severity = Severity.UNKNOWN;
    boolean predicted;
    String summary = "";
    Subject subject;
    String rule = "";
    String key = "";
    ActKind recommendation = ActKind.NONE;
    String reason = "";
    long eventCount;
    long openedMillis;
    boolean inhibited;
    List<Subject> affected = List.of();
    Map<String, String> labels = Map.of();

    /** When it is to be looked at again; milliseconds. */
    long dueMillis = Decider.NO_ALARM;

    /** Labels under which it was told; null while it is not told. */
    @Nullable Map<String, String> said;

    /** True once it has been counted against the cap of its day. */
    boolean counted;

    /** True when it stands behind the cap. */
    boolean more;

    Told(String id, Subject subject) {
      this.id = id;
      this.subject = subject;
    }
  }

  AlertState(String pool) {
    this.pool = pool;
  }

  /** The pool, empty for what stands in none. */
  public String pool() {
    return pool;
  }

  /** When the next incident is to be looked at; milliseconds. */
  long firstDueMillis() {
    return due.isEmpty() ? Decider.NO_ALARM : due.first().dueMillis;
  }

  /** Takes the incident that is due first, if it is due by then; its due time is then none. */
  @Nullable Told takeDue(long nowMillis) {
    if (due.isEmpty() || due.first().dueMillis > nowMillis) {
      return null;
    }
    Told told = due.first();
    due.remove(told);
    told.dueMillis = Decider.NO_ALARM;
    return told;
  }

  /** Sets when an incident is looked at again. */
  void schedule(Told told, long dueMillis) {
    due.remove(told);
    told.dueMillis = dueMillis;
    if (dueMillis != Decider.NO_ALARM) {
      due.add(told);
    }
  }

  void put(Told told) {
    incidents.put(told.id, told);
  }

  void forget(Told told) {
    due.remove(told);
    incidents.remove(told.id);
    changes.put(INCIDENT_ROW + told.id, ENDED);
  }

  /** Notes that an incident's row changed. */
  void touch(Told told) {
    changes.put(INCIDENT_ROW + told.id, bytes(out -> write(out, told)));
  }

  /** Notes that the row of the day changed. */
  void touchDay() {
    changes.put(DAY_ROW, day == Long.MIN_VALUE ? ENDED : bytes(this::writeDay));
  }

  @Override
  public void restore(String row, byte[] body) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new IOException("of version " + version);
      }
      if (row.equals(DAY_ROW)) {
        readDay(in);
      } else if (row.startsWith(INCIDENT_ROW)) {
        Told told = read(in, row.substring(INCIDENT_ROW.length()));
        incidents.put(told.id, told);
        if (told.dueMillis != Decider.NO_ALARM) {
          due.add(told);
        }
      } else {
        throw new IOException("of an unknown name");
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "row '" + row + "' of the alerts of pool '" + pool + "' cannot be read", e);
    }
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    Map<String, byte[]> taken = new TreeMap<>(changes);
    changes.clear();
    return taken;
  }

  @Override
  public boolean isEmpty() {
    return incidents.isEmpty() && day == Long.MIN_VALUE;
  }

  private interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      writer.write(out);
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private void writeDay(DataOutputStream out) throws IOException {
    out.writeLong(day);
    out.writeInt(toldToday);
    out.writeLong(moreToday);
    text(out, worstOfMore.name());
    map(out, moreLabels);
    out.writeLong(moreStartsMillis);
    out.writeLong(moreDueMillis);
  }

  private void readDay(DataInputStream in) throws IOException {
    day = in.readLong();
    toldToday = in.readInt();
    moreToday = in.readLong();
    worstOfMore = Severity.valueOf(text(in));
    moreLabels = map(in);
    moreStartsMillis = in.readLong();
    moreDueMillis = in.readLong();
  }

  private static void write(DataOutputStream out, Told told) throws IOException {
    out.writeInt(told.revision);
    text(out, told.severity.name());
    out.writeBoolean(told.predicted);
    text(out, told.summary);
    text(out, told.subject.toString());
    text(out, told.rule);
    text(out, told.key);
    text(out, told.recommendation.name());
    text(out, told.reason);
    out.writeLong(told.eventCount);
    out.writeLong(told.openedMillis);
    out.writeBoolean(told.inhibited);
    out.writeInt(told.affected.size());
    for (Subject subject : told.affected) {
      text(out, subject.toString());
    }
    map(out, told.labels);
    out.writeLong(told.dueMillis);
    map(out, told.said);
    out.writeBoolean(told.counted);
    out.writeBoolean(told.more);
  }

  private static Told read(DataInputStream in, String id) throws IOException {
    int revision = in.readInt();
    Severity severity = Severity.valueOf(text(in));
    boolean predicted = in.readBoolean();
    String summary = text(in);
    Told told = new Told(id, Subject.parse(text(in)));
    told.revision = revision;
    told.severity = severity;
    told.predicted = predicted;
    told.summary = summary;
    told.rule = text(in);
    told.key = text(in);
    told.recommendation = ActKind.valueOf(text(in));
    told.reason = text(in);
    told.eventCount = in.readLong();
    told.openedMillis = in.readLong();
    told.inhibited = in.readBoolean();
    int count = size(in);
    List<Subject> affected = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      affected.add(Subject.parse(text(in)));
    }
    told.affected = affected;
    Map<String, String> labels = map(in);
    told.labels = labels == null ? Map.of() : labels;
    told.dueMillis = in.readLong();
    told.said = map(in);
    told.counted = in.readBoolean();
    told.more = in.readBoolean();
    return told;
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > MAX_TEXT_BYTES) {
      throw new IOException("a text of " + length + " bytes");
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new IOException("the row ends within a text");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int size(DataInputStream in) throws IOException {
    int size = in.readInt();
    if (size < 0 || size > MAX_ELEMENTS) {
      throw new IOException("a list of " + size);
    }
    return size;
  }

  private static void map(DataOutputStream out, @Nullable Map<String, String> map)
      throws IOException {
    out.writeBoolean(map != null);
    if (map != null) {
      out.writeInt(map.size());
      for (Map.Entry<String, String> entry : new TreeMap<>(map).entrySet()) {
        text(out, entry.getKey());
        text(out, entry.getValue());
      }
    }
  }

  private static @Nullable Map<String, String> map(DataInputStream in) throws IOException {
    if (!in.readBoolean()) {
      return null;
    }
    int size = size(in);
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < size; i++) {
      String name = text(in);
      map.put(name, text(in));
    }
    return map;
  }
}
