package io.forestall.wire;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.FailureMode;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Suspect;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Between the nouns of incidents and the records of the topics events, events.predicted and
 * incidents. What is read is checked: every number is finite and in its range, every length has a
 * limit, and what this build does not know is said. Stateless. Rows B1, B5, B6.
 */
public final class IncidentRecords {

  /** Longest type of an event, characters. */
  public static final int MAX_TYPE_CHARS = 128;

  /** Most other things that an event may name. */
  public static final int MAX_RELATED = 64;

  /** Most measurements or labels of an event. */
  public static final int MAX_ENTRIES = 128;

  /** Longest sentence or label, characters. */
  public static final int MAX_TEXT_CHARS = 4096;

  /** Longest horizon of a prediction: ten years; milliseconds. */
  public static final long MAX_HORIZON_MILLIS = 3652L * 86_400_000L;

  private static final Pattern TYPE = Pattern.compile("[a-z0-9_-]+(\\.[a-z0-9_-]+)*");

  private static final Severity[] SEVERITIES =
      byName(io.forestall.schemas.Severity.values(), Severity.class, new Severity[0]);
  private static final Subject.Kind[] KINDS =
      byName(EntityKind.values(), Subject.Kind.class, new Subject.Kind[0]);
  private static final FailureMode[] MODES =
      byName(io.forestall.schemas.FailureMode.values(), FailureMode.class, new FailureMode[0]);
  private static final ActKind[] ACTS =
      byName(io.forestall.schemas.ActKind.values(), ActKind.class, new ActKind[0]);

  private IncidentRecords() {}

  /** For each constant of the contract ours of the same name, or null. */
  @SuppressWarnings("NullAway") // an array of nullable constants
  private static <E extends Enum<E>> E[] byName(Enum<?>[] contract, Class<E> ours, E[] like) {
    Map<String, E> names = new HashMap<>();
    for (E each : ours.getEnumConstants()) {
      names.put(each.name(), each);
    }
    E[] found = java.util.Arrays.copyOf(like, contract.length);
    for (Enum<?> each : contract) {
      found[each.ordinal()] = names.get(each.name());
    }
    return found;
  }

  /** The subject of a reference, null when its kind is not known here or it has no valid name. */
  public static @Nullable Subject subject(EntityRef entity) {
    Subject.Kind kind = KINDS[entity.getKind().ordinal()];
    String id = entity.getId();
    return kind == null || id.isEmpty() || id.length() > Subject.MAX_ID_CHARS
        ? null
        : new Subject(kind, id);
  }

  /**
   * The event of a record.
   *
   * @throws WireException when it makes no sense: what is wrong with which field
   */
  public static FleetEvent event(Event record) throws WireException {
    String id = record.getId();
    if (id.isEmpty() || id.length() > Subject.MAX_ID_CHARS) {
      throw range("id has " + id.length() + " characters: give 1 to " + Subject.MAX_ID_CHARS);
    }
    String type = record.getType();
    if (type.length() > MAX_TYPE_CHARS || !TYPE.matcher(type).matches()) {
      throw range(
          "type is '"
              + cut(type, 64)
              + "': give dotted words of a-z, 0-9, '-' and '_', such as disk.failed");
    }
    Severity severity = SEVERITIES[record.getSeverity().ordinal()];
    if (severity == null || severity == Severity.UNKNOWN) {
      throw range("severity is UNKNOWN: give INFO, WARNING, ERROR or CRITICAL");
    }
    Subject entity = required(record.getEntity(), "entity");
    long timeMillis = record.getTimeMillis();
    time(timeMillis, "timeMillis");
    Long endMillis = record.getEndMillis();
    if (endMillis != null) {
      time(endMillis, "endMillis");
      if (endMillis < timeMillis) {
        throw range("endMillis is before timeMillis");
      }
    }
    if (record.getRelated().size() > MAX_RELATED) {
      throw tooLarge("related", record.getRelated().size(), MAX_RELATED);
    }
    List<Subject> related = new ArrayList<>(record.getRelated().size());
    for (EntityRef each : record.getRelated()) {
      Subject subject = subject(each);
      if (subject != null) {
        related.add(subject);
      } else if (each.getKind() != EntityKind.UNKNOWN) {
        throw range("a related entity's id has 1 to " + Subject.MAX_ID_CHARS + " characters");
      }
      // A kind that only a newer writer knows is passed over: no rule of this build can use it.
    }
    double confidence = within(record.getConfidence(), 0, 1, "confidence");
    Double probability = record.getProbability();
    if (probability != null) {
      within(probability, 0, 1, "probability");
    }
    Double score = record.getScore();
    if (score != null) {
      within(score, 0, 100, "score");
    }
    long horizonMillis = record.getHorizonMillis();
    if (horizonMillis < 0 || horizonMillis > MAX_HORIZON_MILLIS) {
      throw range("horizonMillis is " + horizonMillis + ": give 0 to ten years");
    }
    text(record.getSource(), "source");
    text(record.getSummary(), "summary");
    if (record.getModel() != null) {
      text(record.getModel(), "model");
    }
    return new FleetEvent(
        id,
        type,
        severity,
        record.getPredicted(),
        entity,
        related,
        timeMillis,
        endMillis,
        confidence,
        horizonMillis,
        probability,
        mode(record.getMode()),
        score,
        record.getModel(),
        record.getModelVersion(),
        record.getSource(),
        record.getSummary(),
        values(record.getValues()),
        labels(record.getLabels()));
  }

  /** The record of an event. */
  public static Event event(FleetEvent event) {
    Event record = new Event();
    record.setId(event.id());
    record.setType(event.type());
    record.setSeverity(io.forestall.schemas.Severity.valueOf(event.severity().name()));
    record.setPredicted(event.predicted());
    record.setEntity(FleetEntries.entity(event.entity()));
    record.setRelated(entities(event.related()));
    record.setTimeMillis(event.timeMillis());
    record.setEndMillis(event.endMillis());
    record.setConfidence(event.confidence());
    record.setHorizonMillis(event.horizonMillis());
    record.setProbability(event.probability());
    FailureMode mode = event.mode();
    record.setMode(
        mode == null
            ? io.forestall.schemas.FailureMode.UNKNOWN
            : io.forestall.schemas.FailureMode.valueOf(mode.name()));
    record.setScore(event.score());
    record.setModel(event.model());
    record.setModelVersion(event.modelVersion());
    record.setSource(event.source());
    record.setSummary(event.summary());
    record.setValues(event.values());
    record.setLabels(event.labels());
    return record;
  }

  /** The record of an incident. */
  public static io.forestall.schemas.Incident incident(Incident incident) {
    io.forestall.schemas.Incident record = new io.forestall.schemas.Incident();
    record.setId(incident.id());
    record.setRevision(incident.revision());
    record.setState(IncidentState.valueOf(incident.state().name()));
    record.setSeverity(io.forestall.schemas.Severity.valueOf(incident.severity().name()));
    record.setSummary(incident.summary());
    record.setSubject(FleetEntries.entity(incident.subject()));
    record.setPool(incident.pool());
    record.setPredicted(incident.predicted());
    record.setConfidence(incident.confidence());
    record.setHorizonMillis(incident.horizonMillis());
    record.setRecommendation(
        io.forestall.schemas.ActKind.valueOf(incident.recommendation().name()));
    record.setRecommendationReason(incident.recommendationReason());
    record.setRule(incident.rule());
    record.setRuleVersion(incident.ruleVersion());
    record.setCorrelationKey(incident.correlationKey());
    List<Suspect> suspects = new ArrayList<>(incident.suspects().size());
    for (Incident.Suspect each : incident.suspects()) {
      suspects.add(new Suspect(FleetEntries.entity(each.entity()), each.weight(), each.text()));
    }
    record.setSuspects(suspects);
    record.setAffected(entities(incident.affected()));
    List<EventRef> events = new ArrayList<>(incident.events().size());
    for (Incident.Original each : incident.events()) {
      events.add(
          new EventRef(
              each.id(),
              each.type(),
              FleetEntries.entity(each.entity()),
              each.timeMillis(),
              each.predicted()));
    }
    record.setEvents(events);
    record.setEventCount(incident.eventCount());
    record.setOpenedMillis(incident.openedMillis());
    record.setUpdatedMillis(incident.updatedMillis());
    record.setResolvedMillis(incident.resolvedMillis());
    record.setInhibitedBy(incident.inhibitedBy());
    record.setLabels(incident.labels());
    return record;
  }

  /**
   * The incident of a record.
   *
   * @throws WireException when it makes no sense: what is wrong with which field
   */
  public static Incident incident(io.forestall.schemas.Incident record) throws WireException {
    String id = record.getId();
    if (id.isEmpty() || id.length() > Subject.MAX_ID_CHARS) {
      throw range("id has " + id.length() + " characters: give 1 to " + Subject.MAX_ID_CHARS);
    }
    if (record.getState() == IncidentState.UNKNOWN) {
      throw range("state is UNKNOWN: give OPENED, UPDATED or RESOLVED");
    }
    if (record.getRevision() < 1) {
      throw range("revision is " + record.getRevision() + ": it begins with 1");
    }
    if (record.getEvents().size() > Incident.MAX_EVENTS) {
      throw tooLarge("events", record.getEvents().size(), Incident.MAX_EVENTS);
    }
    Severity severity = SEVERITIES[record.getSeverity().ordinal()];
    ActKind recommendation = ACTS[record.getRecommendation().ordinal()];
    within(record.getConfidence(), 0, 1, "confidence");
    time(record.getOpenedMillis(), "openedMillis");
    time(record.getUpdatedMillis(), "updatedMillis");
    text(record.getSummary(), "summary");
    String reason = record.getRecommendationReason();
    if (reason != null) {
      text(reason, "recommendationReason");
    }
    List<Incident.Suspect> suspects = new ArrayList<>(record.getSuspects().size());
    for (Suspect each : record.getSuspects()) {
      suspects.add(
          new Incident.Suspect(
              required(each.getEntity(), "a suspect's entity"),
              within(each.getWeight(), 0, 1, "a suspect's weight"),
              each.getText()));
    }
    List<Incident.Original> events = new ArrayList<>(record.getEvents().size());
    for (EventRef each : record.getEvents()) {
      events.add(
          new Incident.Original(
              each.getId(),
              each.getType(),
              required(each.getEntity(), "an event's entity"),
              each.getTimeMillis(),
              each.getPredicted()));
    }
    List<Subject> affected = new ArrayList<>(record.getAffected().size());
    for (EntityRef each : record.getAffected()) {
      affected.add(required(each, "an affected entity"));
    }
    return new Incident(
        id,
        record.getRevision(),
        Incident.State.valueOf(record.getState().name()),
        severity == null ? Severity.UNKNOWN : severity,
        record.getSummary(),
        required(record.getSubject(), "subject"),
        record.getPool(),
        record.getPredicted(),
        record.getConfidence(),
        record.getHorizonMillis(),
        recommendation == null ? ActKind.UNKNOWN : recommendation,
        reason,
        record.getRule(),
        record.getRuleVersion(),
        record.getCorrelationKey(),
        suspects,
        affected,
        events,
        record.getEventCount(),
        record.getOpenedMillis(),
        record.getUpdatedMillis(),
        record.getResolvedMillis(),
        record.getInhibitedBy(),
        record.getLabels());
  }

  private static @Nullable FailureMode mode(io.forestall.schemas.FailureMode mode) {
    return mode == io.forestall.schemas.FailureMode.UNKNOWN ? null : MODES[mode.ordinal()];
  }

  private static List<EntityRef> entities(List<Subject> subjects) {
    List<EntityRef> entities = new ArrayList<>(subjects.size());
    for (Subject each : subjects) {
      entities.add(FleetEntries.entity(each));
    }
    return entities;
  }

  private static Subject required(EntityRef entity, String field) throws WireException {
    Subject subject = subject(entity);
    if (subject == null) {
      throw range(
          entity.getKind() == EntityKind.UNKNOWN
              ? field + " has the kind UNKNOWN: its writer is newer, or did not say"
              : field + " has an id of " + entity.getId().length() + " characters: give 1 to 256");
    }
    return subject;
  }

  private static Map<String, Double> values(Map<String, Double> values) throws WireException {
    if (values.isEmpty()) {
      return Map.of();
    }
    if (values.size() > MAX_ENTRIES) {
      throw tooLarge("values", values.size(), MAX_ENTRIES);
    }
    for (Map.Entry<String, Double> each : values.entrySet()) {
      text(each.getKey(), "the name of a value");
      if (!Double.isFinite(each.getValue())) {
        throw new WireException(
            DeadReason.NOT_A_NUMBER,
            "value "
                + cut(each.getKey(), 64)
                + " is "
                + each.getValue()
                + ": give a finite number");
      }
    }
    return values;
  }

  private static Map<String, String> labels(Map<String, String> labels) throws WireException {
    if (labels.isEmpty()) {
      return Map.of();
    }
    if (labels.size() > MAX_ENTRIES) {
      throw tooLarge("labels", labels.size(), MAX_ENTRIES);
    }
    Map<String, String> checked = new LinkedHashMap<>();
    for (Map.Entry<String, String> each : labels.entrySet()) {
      text(each.getKey(), "the name of a label");
      text(each.getValue(), "a label");
      checked.put(each.getKey(), each.getValue());
    }
    return checked;
  }

  private static double within(double value, double lowest, double highest, String field)
      throws WireException {
    if (!Double.isFinite(value)) {
      throw new WireException(
          DeadReason.NOT_A_NUMBER, field + " is " + value + ": give a finite number");
    }
    if (value < lowest || value > highest) {
      throw range(field + " is " + value + ": give " + lowest + " to " + highest);
    }
    return value;
  }

  private static void time(long millis, String field) throws WireException {
    if (millis < FrameLimits.YEAR_2000_MILLIS || millis > FrameLimits.YEAR_2100_MILLIS) {
      throw new WireException(
          DeadReason.TIME_OUT_OF_RANGE,
          field + " is " + millis + ": give milliseconds between the years 2000 and 2100");
    }
  }

  private static void text(String text, String field) throws WireException {
    if (text.length() > MAX_TEXT_CHARS) {
      throw tooLarge(field + " in characters", text.length(), MAX_TEXT_CHARS);
    }
  }

  private static WireException tooLarge(String field, int size, int limit) {
    return new WireException(
        DeadReason.TOO_LARGE, field + ": " + size + ", more than " + limit + ": give fewer");
  }

  private static WireException range(String text) {
    return new WireException(DeadReason.OUT_OF_RANGE, text);
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length);
  }
}
