package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.FailureMode;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the parts of a row of the {@link IncidentState} are written as bytes. */
final class Rows {

  /** Longest text of a row; bytes. Longer is no row of ours. */
  private static final int MAX_TEXT_BYTES = 1 << 24;

  /** Most elements of a list of a row. */
  private static final int MAX_ELEMENTS = 1 << 20;

  private Rows() {}

  /** What writes one part. */
  interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** The bytes that a writer leaves. */
  static byte[] bytes(Writer writer) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writer.write(out);
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  static void text(DataOutputStream out, @Nullable String text) throws IOException {
    if (text == null) {
      out.writeInt(-1);
      return;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static @Nullable String textOrNull(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length == -1) {
      return null;
    }
    if (length < 0 || length > MAX_TEXT_BYTES) {
      throw new IOException("a text of " + length + " bytes");
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new IOException("the row ends within a text");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static String text(DataInputStream in) throws IOException {
    String text = textOrNull(in);
    if (text == null) {
      throw new IOException("a text is missing");
    }
    return text;
  }

  static int size(DataInputStream in) throws IOException {
    int size = in.readInt();
    if (size < 0 || size > MAX_ELEMENTS) {
      throw new IOException("a list of " + size + " elements");
    }
    return size;
  }

  static void subject(DataOutputStream out, Subject subject) throws IOException {
    text(out, subject.toString());
  }

  static Subject subject(DataInputStream in) throws IOException {
    return Subject.parse(text(in));
  }

  static void subjects(DataOutputStream out, Collection<Subject> subjects) throws IOException {
    out.writeInt(subjects.size());
    for (Subject subject : subjects) {
      subject(out, subject);
    }
  }

  static List<Subject> subjects(DataInputStream in) throws IOException {
    int size = size(in);
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      subjects.add(subject(in));
    }
    return subjects;
  }

  static void place(DataOutputStream out, @Nullable Place place) throws IOException {
    out.writeBoolean(place != null);
    if (place != null) {
      text(out, place.node());
      text(out, place.rack());
      text(out, place.zone());
      text(out, place.region());
      text(out, place.pool());
    }
  }

  static @Nullable Place place(DataInputStream in) throws IOException {
    return in.readBoolean() ? new Place(text(in), text(in), text(in), text(in), text(in)) : null;
  }

  static Severity severity(DataInputStream in) throws IOException {
    return Severity.valueOf(text(in));
  }

  static void words(DataOutputStream out, Map<String, String> words) throws IOException {
    out.writeInt(words.size());
    for (Map.Entry<String, String> word : words.entrySet()) {
      text(out, word.getKey());
      text(out, word.getValue());
    }
  }

  static Map<String, String> words(DataInputStream in) throws IOException {
    int size = size(in);
    Map<String, String> words = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      words.put(text(in), text(in));
    }
    return words;
  }

  static void symptom(DataOutputStream out, Symptom symptom) throws IOException {
    text(out, symptom.rule());
    text(out, symptom.key());
    out.writeInt(symptom.stages());
    out.writeBoolean(symptom.clears());
    place(out, symptom.place());
    event(out, symptom.event());
  }

  static Symptom symptom(DataInputStream in) throws IOException {
    String rule = text(in);
    String key = text(in);
    int stages = in.readInt();
    boolean clears = in.readBoolean();
    Place place = place(in);
    return new Symptom(rule, key, stages, clears, event(in), place);
  }

  private static void event(DataOutputStream out, FleetEvent event) throws IOException {
    text(out, event.id());
    text(out, event.type());
    text(out, event.severity().name());
    out.writeBoolean(event.predicted());
    subject(out, event.entity());
    subjects(out, event.related());
    out.writeLong(event.timeMillis());
    Long end = event.endMillis();
    out.writeBoolean(end != null);
    out.writeLong(end == null ? 0 : end);
    out.writeDouble(event.confidence());
    out.writeLong(event.horizonMillis());
    number(out, event.probability());
    FailureMode mode = event.mode();
    text(out, mode == null ? null : mode.name());
    number(out, event.score());
    text(out, event.model());
    Integer version = event.modelVersion();
    out.writeBoolean(version != null);
    out.writeInt(version == null ? 0 : version);
    text(out, event.source());
    text(out, event.summary());
    out.writeInt(event.values().size());
    for (Map.Entry<String, Double> value : event.values().entrySet()) {
      text(out, value.getKey());
      out.writeDouble(value.getValue());
    }
    words(out, event.labels());
  }

  private static FleetEvent event(DataInputStream in) throws IOException {
    String id = text(in);
    String type = text(in);
    Severity severity = severity(in);
    boolean predicted = in.readBoolean();
    Subject entity = subject(in);
    List<Subject> related = subjects(in);
    long timeMillis = in.readLong();
    boolean ended = in.readBoolean();
    long end = in.readLong();
    double confidence = in.readDouble();
    long horizonMillis = in.readLong();
    Double probability = number(in);
    String mode = textOrNull(in);
    Double score = number(in);
    String model = textOrNull(in);
    boolean versioned = in.readBoolean();
    int version = in.readInt();
    String source = text(in);
    String summary = text(in);
    int size = size(in);
    Map<String, Double> values = new LinkedHashMap<>();
    for (int i = 0; i < size; i++) {
      values.put(text(in), in.readDouble());
    }
    return new FleetEvent(
        id,
        type,
        severity,
        predicted,
        entity,
        related,
        timeMillis,
        ended ? end : null,
        confidence,
        horizonMillis,
        probability,
        mode == null ? null : FailureMode.valueOf(mode.toUpperCase(Locale.ROOT)),
        score,
        model,
        versioned ? version : null,
        source,
        summary,
        values,
        words(in));
  }

  private static void number(DataOutputStream out, @Nullable Double number) throws IOException {
    out.writeBoolean(number != null);
    out.writeDouble(number == null ? 0 : number);
  }

  private static @Nullable Double number(DataInputStream in) throws IOException {
    boolean given = in.readBoolean();
    double number = in.readDouble();
    return given ? number : null;
  }
}
