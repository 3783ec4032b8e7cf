package io.forestall.operators.correlate;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.types.Wired;
import io.forestall.risk.FailureMode;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.WireException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of events, symptoms and what is made of them, between the steps of the correlate job and in
 * its state. Enums by their ordinals, which only grow at their ends. Words that repeat from event
 * to event (types, rules, places) become one object again when they are read. Stateless.
 */
public final class EventFormat {

  private static final int VERSION = 1;
  private static final Severity[] SEVERITIES = Severity.values();
  private static final Subject.Kind[] KINDS = Subject.Kind.values();
  private static final FailureMode[] MODES = FailureMode.values();

  private static final int HAS_END = 1;
  private static final int HAS_PROBABILITY = 1 << 1;
  private static final int HAS_MODE = 1 << 2;
  private static final int HAS_SCORE = 1 << 3;
  private static final int HAS_MODEL = 1 << 4;
  private static final int HAS_MODEL_VERSION = 1 << 5;
  private static final int PREDICTED = 1 << 6;

  /**
   * Words seen lately, by their hash. Races are harmless: a word may be two objects for a while.
   */
  private static final @Nullable String[] WORDS = new @Nullable String[4096];

  private EventFormat() {}

  /** One object for equal words, as long as few others share its place. */
  static String word(String text) {
    int hash = text.hashCode();
    int at = (hash ^ (hash >>> 16)) & (WORDS.length - 1);
    String known = WORDS[at];
    if (known != null && known.equals(text)) {
      return known;
    }
    WORDS[at] = text;
    return text;
  }

  /** Writes an event with the version of its format. */
  public static void writeEvent(FleetEvent event, DataOutput out) throws IOException {
    out.writeByte(VERSION);
    int has = event.predicted() ? PREDICTED : 0;
    has |= event.endMillis() != null ? HAS_END : 0;
    has |= event.probability() != null ? HAS_PROBABILITY : 0;
    has |= event.mode() != null ? HAS_MODE : 0;
    has |= event.score() != null ? HAS_SCORE : 0;
    has |= event.model() != null ? HAS_MODEL : 0;
    has |= event.modelVersion() != null ? HAS_MODEL_VERSION : 0;
    out.writeByte(has);
    out.writeUTF(event.id());
    out.writeUTF(event.type());
    out.writeByte(event.severity().ordinal());
    writeSubject(event.entity(), out);
    out.writeByte(event.related().size());
    for (Subject each : event.related()) {
      writeSubject(each, out);
    }
    out.writeLong(event.timeMillis());
    out.writeDouble(event.confidence());
    out.writeLong(event.horizonMillis());
    if (event.endMillis() != null) {
      out.writeLong(event.endMillis());
    }
    if (event.probability() != null) {
      out.writeDouble(event.probability());
    }
    if (event.mode() != null) {
      out.writeByte(event.mode().ordinal());
    }
    if (event.score() != null) {
      out.writeDouble(event.score());
    }
    if (event.model() != null) {
      out.writeUTF(event.model());
    }
    if (event.modelVersion() != null) {
      out.writeInt(event.modelVersion());
    }
    out.writeUTF(event.source());
    out.writeUTF(event.summary());
    out.writeByte(event.values().size());
    for (Map.Entry<String, Double> each : event.values().entrySet()) {
      out.writeUTF(each.getKey());
      out.writeDouble(each.getValue());
    }
    out.writeByte(event.labels().size());
    for (Map.Entry<String, String> each : event.labels().entrySet()) {
      out.writeUTF(each.getKey());
      out.writeUTF(each.getValue());
    }
  }

  /** Reads what {@link #writeEvent} wrote. */
  public static FleetEvent readEvent(DataInput in) throws IOException {
    Wired.version(in, VERSION, "event");
    int has = in.readUnsignedByte();
    String id = in.readUTF();
    String type = word(in.readUTF());
    Severity severity = SEVERITIES[in.readUnsignedByte()];
    Subject entity = readSubject(in);
    int relations = in.readUnsignedByte();
    List<Subject> related = relations == 0 ? List.of() : new ArrayList<>(relations);
    for (int i = 0; i < relations; i++) {
      related.add(readSubject(in));
    }
    long timeMillis = in.readLong();
    double confidence = in.readDouble();
    long horizonMillis = in.readLong();
    Long endMillis = (has & HAS_END) != 0 ? in.readLong() : null;
    Double probability = (has & HAS_PROBABILITY) != 0 ? in.readDouble() : null;
    FailureMode mode = (has & HAS_MODE) != 0 ? MODES[in.readUnsignedByte()] : null;
    Double score = (has & HAS_SCORE) != 0 ? in.readDouble() : null;
    String model = (has & HAS_MODEL) != 0 ? word(in.readUTF()) : null;
    Integer modelVersion = (has & HAS_MODEL_VERSION) != 0 ? in.readInt() : null;
    String source = word(in.readUTF());
    String summary = in.readUTF();
    int count = in.readUnsignedByte();
    Map<String, Double> values = count == 0 ? Map.of() : new HashMap<>(2 * count);
    for (int i = 0; i < count; i++) {
      values.put(word(in.readUTF()), in.readDouble());
    }
    count = in.readUnsignedByte();
    Map<String, String> labels = count == 0 ? Map.of() : new HashMap<>(2 * count);
    for (int i = 0; i < count; i++) {
      labels.put(word(in.readUTF()), in.readUTF());
    }
    return new FleetEvent(
        id,
        type,
        severity,
        (has & PREDICTED) != 0,
        entity,
        related,
        timeMillis,
        endMillis,
        confidence,
        horizonMillis,
        probability,
        mode,
        score,
        model,
        modelVersion,
        source,
        summary,
        values,
        labels);
  }

  private static void writeSubject(Subject subject, DataOutput out) throws IOException {
    out.writeByte(subject.kind().ordinal());
    out.writeUTF(subject.id());
  }

  private static Subject readSubject(DataInput in) throws IOException {
    return new Subject(KINDS[in.readUnsignedByte()], in.readUTF());
  }

  /** Writes a place. */
  public static void writePlace(Place place, DataOutput out) throws IOException {
    out.writeUTF(place.node());
    out.writeUTF(place.rack());
    out.writeUTF(place.zone());
    out.writeUTF(place.region());
    out.writeUTF(place.pool());
  }

  /** Reads what {@link #writePlace} wrote. */
  public static Place readPlace(DataInput in) throws IOException {
    return new Place(
        word(in.readUTF()),
        word(in.readUTF()),
        word(in.readUTF()),
        word(in.readUTF()),
        word(in.readUTF()));
  }

  /** Writes a symptom with the version of its format. */
  public static void writeSymptom(Symptom symptom, DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeUTF(symptom.rule());
    out.writeUTF(symptom.key());
    out.writeByte(symptom.stages());
    out.writeBoolean(symptom.clears());
    writeEvent(symptom.event(), out);
    Place place = symptom.place();
    out.writeBoolean(place != null);
    if (place != null) {
      writePlace(place, out);
    }
  }

  /** Reads what {@link #writeSymptom} wrote. */
  public static Symptom readSymptom(DataInput in) throws IOException {
    Wired.version(in, VERSION, "symptom");
    return new Symptom(
        word(in.readUTF()),
        in.readUTF(),
        in.readUnsignedByte(),
        in.readBoolean(),
        readEvent(in),
        in.readBoolean() ? readPlace(in) : null);
  }

  /** Writes what the incident decider takes. */
  public static void writeInput(IncidentInput input, DataOutput out) throws IOException {
    if (input instanceof IncidentInput.Seen seen) {
      out.writeByte(0);
      writeSymptom(seen.symptom(), out);
    } else if (input instanceof IncidentInput.Matched matched) {
      out.writeByte(1);
      out.writeUTF(matched.rule());
      out.writeUTF(matched.key());
      out.writeInt(matched.symptoms().size());
      for (Symptom each : matched.symptoms()) {
        writeSymptom(each, out);
      }
    } else {
      throw new IOException("an input of a kind that this format does not know: " + input);
    }
  }

  /** Reads what {@link #writeInput} wrote. */
  public static IncidentInput readInput(DataInput in) throws IOException {
    int kind = in.readUnsignedByte();
    switch (kind) {
      case 0:
        return new IncidentInput.Seen(readSymptom(in));
      case 1:
        String rule = word(in.readUTF());
        String key = in.readUTF();
        int count = in.readInt();
        List<Symptom> symptoms = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
          symptoms.add(readSymptom(in));
        }
        return new IncidentInput.Matched(rule, key, symptoms);
      default:
        throw new IOException("input of kind " + kind + ": its writer is newer than this build");
    }
  }

  /** Writes an incident as it stands in its topic. */
  public static void writeIncident(Incident incident, DataOutput out) throws IOException {
    Wired.writeBytes(
        AvroCodec.of(io.forestall.schemas.Incident.class)
            .encode(IncidentRecords.incident(incident)),
        out);
  }

  /** Reads what {@link #writeIncident} wrote. */
  public static Incident readIncident(DataInput in) throws IOException {
    try {
      return IncidentRecords.incident(
          AvroCodec.of(io.forestall.schemas.Incident.class).decode(Wired.readBytes(in)));
    } catch (WireException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
