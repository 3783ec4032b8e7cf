package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.Original;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One open incident: what its events add up to, and what its last record said. Everything that is
 * added up is the same in any order of the events, up to the limits below.
 */
final class IncidentSession {

  /** Version of the row's bytes; grows when the row grows. */
  private static final byte VERSION = 1;

  /** Most things whose evidence is kept; of more, those that spoke first. */
  static final int MAX_ENTITIES = 1000;

  /** Most originals that are known by hash, so that a repeat changes nothing. */
  static final int MAX_KNOWN = 65_536;

  /** Least event time between two records that only more events ask for; milliseconds. */
  static final long COALESCE_MILLIS = 1000;

  /** Most types that are counted one by one; the rest counts as one. */
  static final int MAX_TYPES = 64;

  private static final Comparator<Original> BY_TIME =
      Comparator.comparingLong(Original::timeMillis).thenComparing(Original::id);

  private static final Comparator<Evidence> FIRST_SPOKEN =
      Comparator.comparingLong((Evidence one) -> one.firstMillis)
          .thenComparing(one -> one.entity, Evidence.BY_NAME);

  final String rule;
  final String key;
  final String id;

  /** What the key names. */
  final List<Subject> parts;

  /** Grows with each thing, place or relation that is new to it. */
  int breadth;

  /** What {@link #breadth} was when it was last asked what it swallows and what swallows it. */
  int judgedBreadth = -1;

  /** What the rule said when it was last asked; it may be gone since. */
  int ruleVersion;

  @Nullable Severity ruleSeverity;
  ActKind recommendation = ActKind.NONE;
  String recommendationText = "";
  Map<String, String> labels = Map.of();
  long quietMillis;

  long openedMillis;
  long newestMillis;

  /** When the rule was satisfied: what speaks much later is rather a consequence. */
  long onsetMillis;

  /** Newest event that is a symptom: from it the silence is counted. */
  long lastSymptomMillis;

  long endMillis;
  Severity severity = Severity.UNKNOWN;
  boolean real;
  double confidence;
  long horizonMillis;
  long count;
  long symptoms;
  final TreeSet<Original> originals = new TreeSet<>(BY_TIME);
  final LinkedHashSet<Long> known = new LinkedHashSet<>();
  final Map<Subject, Evidence> evidence = new HashMap<>();
  final TreeSet<Subject> affected = new TreeSet<>(Evidence.BY_NAME);
  final TreeMap<String, Long> types = new TreeMap<>();

  @Nullable String inhibitedBy;

  /** Of the evidence, what spoke last of all; null when not known. */
  private @Nullable Evidence latest;

  private long latestMillis;

  int revision;
  long recordMillis;
  long nextCount = 2;
  boolean waits;
  Severity saidSeverity = Severity.UNKNOWN;
  boolean saidPredicted;
  ActKind saidRecommendation = ActKind.NONE;
  @Nullable Subject saidSubject;
  @Nullable String saidInhibitedBy;

  /** When it is due, as the index of the state knows it. */
  long dueMillis = Decider.NO_ALARM;

  IncidentSession(String rule, String key, String id) {
    this.rule = rule;
    this.key = key;
    this.id = id;
    this.parts = keyParts(key);
  }

  /** Opens a session by what satisfied the rule. */
  static IncidentSession open(Rule rule, IncidentInput.Matched matched) {
    Symptom first = matched.symptoms().get(0);
    for (Symptom symptom : matched.symptoms()) {
      int order = Long.compare(symptom.event().timeMillis(), first.event().timeMillis());
      if (order < 0 || (order == 0 && symptom.event().id().compareTo(first.event().id()) < 0)) {
        first = symptom;
      }
    }
    IncidentSession session =
        new IncidentSession(rule.id(), matched.key(), id(rule.id(), matched.key(), first.event()));
    session.openedMillis = first.event().timeMillis();
    session.newestMillis = first.event().timeMillis();
    session.onsetMillis = matched.timeMillis();
    session.lastSymptomMillis = first.event().timeMillis();
    session.endMillis = plus(first.event().timeMillis(), rule.maxLengthMillis());
    session.follow(rule);
    return session;
  }

  /** Takes over what the rule says now. */
  void follow(Rule rule) {
    ruleVersion = rule.version();
    ruleSeverity = rule.severity();
    recommendation = rule.recommendation();
    recommendationText = rule.recommendationText();
    labels = rule.labels();
    quietMillis = rule.quietMillis();
  }

  /** Adds an event; false when it was known. */
  boolean add(Symptom symptom) {
    FleetEvent event = symptom.event();
    if (!known.add(hash(event.id()))) {
      return false;
    }
    if (known.size() > MAX_KNOWN) {
      Iterator<Long> oldest = known.iterator();
      oldest.next();
      oldest.remove();
    }
    count++;
    originals.add(
        new Original(
            event.id(), event.type(), event.entity(), event.timeMillis(), event.predicted()));
    if (originals.size() > Incident.MAX_EVENTS) {
      originals.pollLast();
    }
    openedMillis = Math.min(openedMillis, event.timeMillis());
    newestMillis = Math.max(newestMillis, event.timeMillis());
    if (symptom.clears() && symptom.stages() == 0) {
      // It ends the incident: an original like the others, but no sign of anything wrong.
      return true;
    }
    symptoms++;
    lastSymptomMillis = Math.max(lastSymptomMillis, event.timeMillis());
    if (event.severity().compareTo(severity) > 0) {
      severity = event.severity();
    }
    real |= !event.predicted();
    confidence = Math.max(confidence, Math.min(1, Math.max(0, event.confidence())));
    if (event.predicted() && event.horizonMillis() > 0) {
      horizonMillis =
          horizonMillis == 0
              ? event.horizonMillis()
              : Math.min(horizonMillis, event.horizonMillis());
    }
    String type =
        types.containsKey(event.type()) || types.size() < MAX_TYPES ? event.type() : Evidence.OTHER;
    types.merge(type, 1L, Long::sum);
    Evidence one = evidence.get(event.entity());
    if (one == null) {
      one = makeRoom(event);
    }
    if (one != null && one.add(event, symptom.place())) {
      breadth++;
    }
    Evidence.keep(affected, List.of(event.entity()), MAX_ENTITIES);
    Evidence.keep(affected, event.related(), MAX_ENTITIES);
    return true;
  }

  /** New evidence; null when there is no room and all that is kept spoke before this event. */
  private @Nullable Evidence makeRoom(FleetEvent event) {
    if (evidence.size() >= MAX_ENTITIES) {
      Evidence last = latest;
      if (last == null || last.firstMillis < latestMillis) {
        last = Collections.max(evidence.values(), FIRST_SPOKEN);
        latest = last;
        latestMillis = last.firstMillis;
      }
      if (event.timeMillis() > last.firstMillis
          || (event.timeMillis() == last.firstMillis
              && Evidence.BY_NAME.compare(event.entity(), last.entity) > 0)) {
        return null;
      }
      evidence.remove(last.entity);
      latest = null;
    }
    Evidence one = new Evidence(event.entity());
    evidence.put(event.entity(), one);
    return one;
  }

  boolean predicted() {
    return !real;
  }

  Severity effectiveSeverity() {
    return ruleSeverity == null ? severity : ruleSeverity;
  }

  ActKind effectiveRecommendation() {
    return inhibitedBy == null ? recommendation : ActKind.NONE;
  }

  /** When silence or length ends it. */
  long closesMillis() {
    return Math.min(plus(lastSymptomMillis, quietMillis), endMillis);
  }

  /** When something is to be done with it. */
  long nextDueMillis() {
    return waits ? Math.min(closesMillis(), plus(recordMillis, COALESCE_MILLIS)) : closesMillis();
  }

  /**
   * The names of this kind that the incident stands for: by its key, else by where its events are.
   */
  TreeSet<String> scope(Subject.Kind kind) {
    TreeSet<String> names = new TreeSet<>();
    for (Subject part : parts) {
      if (part.kind() == kind) {
        names.add(part.id());
      }
    }
    if (!names.isEmpty()) {
      return names;
    }
    for (Evidence one : evidence.values()) {
      if (one.entity.kind() == kind) {
        names.add(one.entity.id());
        continue;
      }
      Place place = one.place;
      String name =
          place == null
              ? ""
              : switch (kind) {
                case NODE -> place.node();
                case RACK -> place.rack();
                case ZONE -> place.zone();
                case REGION -> place.region();
                case POOL -> place.pool();
                default -> "";
              };
      if (!name.isEmpty()) {
        names.add(name);
        continue;
      }
      for (Subject related : one.related) {
        if (related.kind() == kind) {
          names.add(related.id());
        }
      }
    }
    return names;
  }

  /** The things that a correlation key names; none when it is no key of ours. */
  static List<Subject> keyParts(String key) {
    try {
      return CorrelationKey.parse(key);
    } catch (IllegalArgumentException e) {
      return List.of();
    }
  }

  byte[] bytes() {
    return Rows.bytes(this::write);
  }

  private void write(DataOutputStream out) throws IOException {
    out.writeByte(VERSION);
    Rows.text(out, rule);
    Rows.text(out, key);
    Rows.text(out, id);
    out.writeInt(ruleVersion);
    Rows.text(out, ruleSeverity == null ? null : ruleSeverity.name());
    Rows.text(out, recommendation.name());
    Rows.text(out, recommendationText);
    Rows.words(out, labels);
    out.writeLong(quietMillis);
    out.writeLong(openedMillis);
    out.writeLong(newestMillis);
    out.writeLong(onsetMillis);
    out.writeLong(lastSymptomMillis);
    out.writeLong(endMillis);
    Rows.text(out, severity.name());
    out.writeBoolean(real);
    out.writeDouble(confidence);
    out.writeLong(horizonMillis);
    out.writeLong(count);
    out.writeLong(symptoms);
    out.writeInt(originals.size());
    for (Original original : originals) {
      Rows.text(out, original.id());
      Rows.text(out, original.type());
      Rows.subject(out, original.entity());
      out.writeLong(original.timeMillis());
      out.writeBoolean(original.predicted());
    }
    out.writeInt(known.size());
    for (long one : known) {
      out.writeLong(one);
    }
    out.writeInt(evidence.size());
    for (Evidence one : evidence.values()) {
      one.write(out);
    }
    Rows.subjects(out, affected);
    out.writeInt(types.size());
    for (Map.Entry<String, Long> type : types.entrySet()) {
      Rows.text(out, type.getKey());
      out.writeLong(type.getValue());
    }
    Rows.text(out, inhibitedBy);
    out.writeInt(revision);
    out.writeLong(recordMillis);
    out.writeLong(nextCount);
    out.writeBoolean(waits);
    Rows.text(out, saidSeverity.name());
    out.writeBoolean(saidPredicted);
    Rows.text(out, saidRecommendation.name());
    Subject subject = saidSubject;
    Rows.text(out, subject == null ? null : subject.toString());
    Rows.text(out, saidInhibitedBy);
  }

  static IncidentSession read(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    byte version = in.readByte();
    if (version != VERSION) {
      throw new IOException("version " + version + " is not known; this one writes " + VERSION);
    }
    IncidentSession session = new IncidentSession(Rows.text(in), Rows.text(in), Rows.text(in));
    session.ruleVersion = in.readInt();
    String ruleSeverity = Rows.textOrNull(in);
    session.ruleSeverity = ruleSeverity == null ? null : Severity.valueOf(ruleSeverity);
    session.recommendation = ActKind.valueOf(Rows.text(in));
    session.recommendationText = Rows.text(in);
    session.labels = Rows.words(in);
    session.quietMillis = in.readLong();
    session.openedMillis = in.readLong();
    session.newestMillis = in.readLong();
    session.onsetMillis = in.readLong();
    session.lastSymptomMillis = in.readLong();
    session.endMillis = in.readLong();
    session.severity = Rows.severity(in);
    session.real = in.readBoolean();
    session.confidence = in.readDouble();
    session.horizonMillis = in.readLong();
    session.count = in.readLong();
    session.symptoms = in.readLong();
    int size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      session.originals.add(
          new Original(
              Rows.text(in), Rows.text(in), Rows.subject(in), in.readLong(), in.readBoolean()));
    }
    size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      session.known.add(in.readLong());
    }
    size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      Evidence one = Evidence.read(in);
      session.evidence.put(one.entity, one);
    }
    session.affected.addAll(Rows.subjects(in));
    size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      session.types.put(Rows.text(in), in.readLong());
    }
    session.inhibitedBy = Rows.textOrNull(in);
    session.revision = in.readInt();
    session.recordMillis = in.readLong();
    session.nextCount = in.readLong();
    session.waits = in.readBoolean();
    session.saidSeverity = Rows.severity(in);
    session.saidPredicted = in.readBoolean();
    session.saidRecommendation = ActKind.valueOf(Rows.text(in));
    String subject = Rows.textOrNull(in);
    session.saidSubject = subject == null ? null : Subject.parse(subject);
    session.saidInhibitedBy = Rows.textOrNull(in);
    return session;
  }

  /** A sum that stops at the largest number. */
  static long plus(long millis, long more) {
    long sum = millis + more;
    return more > 0 && sum < millis ? Long.MAX_VALUE : sum;
  }

  private static String id(String rule, String key, FleetEvent first) {
    byte[] digest = sha256(rule + '\0' + key + '\0' + first.timeMillis() + '\0' + first.id());
    return "inc-" + HexFormat.of().formatHex(digest, 0, 12);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  // FNV-1a with a finishing mix, as in SyntheticPlacement: stable across runs and versions.
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    hash ^= hash >>> 33;
    hash *= 0xff51afd7ed558ccdL;
    hash ^= hash >>> 33;
    return hash;
  }
}
