package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The newest record of each incident and what was seen of its past, within limits: what ended
 * longest ago goes first, what is open last. Fed in the order of the topic; a repeat changes
 * nothing. An update costs the same however many there are. Thread-safe. Row G20.
 */
final class IncidentView {
  /** Entities of one incident by which it is found. */
  private static final int MAX_ENTITIES = 200;

  /** Revisions of one incident that are remembered: the first and the newest. */
  static final int MAX_REVISIONS = 32;

  private static final int MAX_SUMMARY = 600;

  /**
   * How much the view holds.
   *
   * @param incidents incidents at most while some have ended; those that ended longest ago go
   * @param open open incidents at most; beyond, the least severe and oldest goes
   * @param bytes bytes of whole records at most; open ones may take twice as much
   */
  record Limits(int incidents, int open, long bytes) {
    /** What fits beside the other processes of a laptop. */
    static final Limits DEFAULT = new Limits(20_000, 50_000, 64L << 20);
  }

  /** One incident in short. */
  record Row(
      String id,
      int revision,
      IncidentState state,
      Severity severity,
      String summary,
      EntityKind kind,
      String subject,
      @Nullable String pool,
      boolean predicted,
      double confidence,
      long horizonMillis,
      ActKind recommendation,
      String rule,
      int ruleVersion,
      String correlationKey,
      int affected,
      long eventCount,
      long openedMillis,
      long updatedMillis,
      @Nullable Long resolvedMillis,
      @Nullable String inhibitedBy) {
    boolean open() {
      return state != IncidentState.RESOLVED;
    }
  }

  /** What one record said. */
  record Revision(
      int revision,
      IncidentState state,
      Severity severity,
      ActKind recommendation,
      boolean predicted,
      double confidence,
      long eventCount,
      long updatedMillis,
      @Nullable String inhibitedBy) {}

  /** One incident whole. */
  record Detail(Row row, Incident incident, List<Revision> revisions, List<Row> swallowed) {}

  /**
   * What is one number.
   *
   * @param openBySeverity open ones that no larger one swallowed, by ordinal of the severity
   * @param swallowed open ones that a larger one swallowed
   * @param evicted incidents that had to go while they were open
   */
  record Figures(
      int held, int[] openBySeverity, int swallowed, long bytes, long repeats, long evicted) {}

  private static final class Slot {
    Row row;
    byte[] whole;
    List<String> entities;
    final ArrayDeque<Revision> revisions = new ArrayDeque<>();

    Slot(Row row, byte[] whole, List<String> entities) {
      this.row = row;
      this.whole = whole;
      this.entities = entities;
    }
  }

  /** Open before ended; open ones by severity, then the newest first. */
  static final Comparator<Row> USUAL =
      Comparator.comparing((Row row) -> !row.open())
          .thenComparing(row -> row.open() ? -row.severity().ordinal() : 0)
          .thenComparing(Comparator.comparingLong(Row::updatedMillis).reversed())
          .thenComparing(Row::id);

  private final Limits limits;
  private final AvroCodec<Incident> codec = AvroCodec.of(Incident.class);
  private final Map<String, Slot> slots = new HashMap<>();
  private final TreeSet<Row> ordered = new TreeSet<>(USUAL);
  private final Map<String, Set<String>> byEntity = new HashMap<>();
  private final Map<String, Set<String>> bySwallower = new HashMap<>();
  private final int[] openBySeverity = new int[Severity.values().length];
  private int swallowed;
  private long bytes;
  private long repeats;
  private long evicted;

  IncidentView(Limits limits) {
    this.limits = limits;
  }

  /** Takes in one record; null forgets the incident. */
  synchronized void incident(String id, @Nullable Incident incident) {
    Slot slot = slots.get(id);
    if (incident == null) {
      if (slot != null) {
        forget(slot);
      }
      return;
    }
    if (slot != null && !news(slot.row, incident)) {
      repeats++;
      return;
    }
    Row row = row(incident);
    List<String> entities = entities(incident);
    byte[] whole = codec.encode(incident);
    if (slot == null) {
      slot = new Slot(row, whole, entities);
      slots.put(row.id(), slot);
      link(slot);
    } else {
      unlink(slot);
      bytes -= slot.whole.length;
      slot.row = row;
      slot.whole = whole;
      slot.entities = entities;
      link(slot);
    }
    bytes += whole.length;
    remember(slot, incident);
    shrink();
  }

  /** A job that resumes from a checkpoint says again what it said; its end is always news. */
  private static boolean news(Row before, Incident now) {
    return now.getRevision() > before.revision()
        || (now.getState() == IncidentState.RESOLVED
            && before.open()
            && now.getUpdatedMillis() >= before.updatedMillis());
  }

  private static void remember(Slot slot, Incident incident) {
    if (slot.revisions.size() >= MAX_REVISIONS) {
      // The first one tells how it began; the oldest of the others goes.
      Revision first = slot.revisions.removeFirst();
      slot.revisions.removeFirst();
      slot.revisions.addFirst(first);
    }
    slot.revisions.addLast(
        new Revision(
            incident.getRevision(),
            incident.getState(),
            incident.getSeverity(),
            incident.getRecommendation(),
            incident.getPredicted(),
            incident.getConfidence(),
            incident.getEventCount(),
            incident.getUpdatedMillis(),
            incident.getInhibitedBy()));
  }

  private void shrink() {
    while (slots.size() > limits.incidents || bytes > limits.bytes) {
      Row last = ordered.last();
      if (last.open()) {
        if (slots.size() <= Math.max(limits.open, limits.incidents) && bytes <= 2 * limits.bytes) {
          return;
        }
        evicted++;
      }
      Slot slot = slots.get(last.id());
      if (slot == null || slots.size() == 1) {
        return;
      }
      forget(slot);
    }
  }

  private void forget(Slot slot) {
    slots.remove(slot.row.id());
    unlink(slot);
    bytes -= slot.whole.length;
  }

  private void link(Slot slot) {
    Row row = slot.row;
    ordered.add(row);
    for (String entity : slot.entities) {
      byEntity.computeIfAbsent(entity, key -> new LinkedHashSet<>()).add(row.id());
    }
    if (row.inhibitedBy() != null) {
      bySwallower.computeIfAbsent(row.inhibitedBy(), key -> new LinkedHashSet<>()).add(row.id());
    }
    count(row, 1);
  }

  private void unlink(Slot slot) {
    Row row = slot.row;
    ordered.remove(row);
    for (String entity : slot.entities) {
      drop(byEntity, entity, row.id());
    }
    if (row.inhibitedBy() != null) {
      drop(bySwallower, row.inhibitedBy(), row.id());
    }
    count(row, -1);
  }

  private void count(Row row, int by) {
    if (row.open()) {
      if (row.inhibitedBy() == null) {
        openBySeverity[row.severity().ordinal()] += by;
      } else {
        swallowed += by;
      }
    }
  }

  private static void drop(Map<String, Set<String>> index, String key, String id) {
    Set<String> ids = index.get(key);
    if (ids != null && ids.remove(id) && ids.isEmpty()) {
      index.remove(key);
    }
  }

  private static Row row(Incident incident) {
    String summary = incident.getSummary();
    return new Row(
        incident.getId(),
        incident.getRevision(),
        incident.getState(),
        incident.getSeverity(),
        summary.length() > MAX_SUMMARY ? summary.substring(0, MAX_SUMMARY) + "…" : summary,
        incident.getSubject().getKind(),
        incident.getSubject().getId(),
        incident.getPool(),
        incident.getPredicted(),
        incident.getConfidence(),
        incident.getHorizonMillis(),
        incident.getRecommendation(),
        incident.getRule(),
        incident.getRuleVersion(),
        incident.getCorrelationKey(),
        incident.getAffected().size(),
        incident.getEventCount(),
        incident.getOpenedMillis(),
        incident.getUpdatedMillis(),
        incident.getResolvedMillis(),
        incident.getInhibitedBy());
  }

  private static List<String> entities(Incident incident) {
    Set<String> keys = new LinkedHashSet<>();
    keys.add(Keys.of(incident.getSubject()));
    for (Suspect suspect : incident.getSuspects()) {
      keys.add(Keys.of(suspect.getEntity()));
    }
    for (EntityRef entity : incident.getAffected()) {
      if (keys.size() >= MAX_ENTITIES) {
        break;
      }
      keys.add(Keys.of(entity));
    }
    return List.copyOf(keys);
  }

  /** One page of those that fit. */
  synchronized FleetView.Page<Row> list(IncidentQuery query) {
    Collection<Row> from = ordered;
    if (query.entity() != null) {
      List<Row> some = new ArrayList<>();
      for (String id : byEntity.getOrDefault(query.entity(), Set.of())) {
        some.add(rowOf(id));
      }
      some.sort(USUAL);
      from = some;
    }
    List<Row> fit = new ArrayList<>();
    for (Row row : from) {
      if (query.matches(row)) {
        fit.add(row);
      }
    }
    Comparator<Row> order = query.order();
    if (order != USUAL) {
      fit.sort(order);
    }
    int first = Math.min(query.offset(), fit.size());
    return new FleetView.Page<>(
        fit.size(), List.copyOf(fit.subList(first, Math.min(fit.size(), first + query.limit()))));
  }

  private Row rowOf(String id) {
    Slot slot = slots.get(id);
    if (slot == null) {
      throw new IllegalStateException("the index names incident " + id + ", which is not held");
    }
    return slot.row;
  }

  /** One incident in short, null when it is not held. */
  synchronized @Nullable Row row(String id) {
    Slot slot = slots.get(id);
    return slot == null ? null : slot.row;
  }

  /** One incident whole, null when it is not held. */
  synchronized @Nullable Detail detail(String id) {
    Slot slot = slots.get(id);
    if (slot == null) {
      return null;
    }
    List<Row> below = new ArrayList<>();
    for (String other : bySwallower.getOrDefault(id, Set.of())) {
      below.add(rowOf(other));
    }
    below.sort(USUAL);
    try {
      return new Detail(slot.row, codec.decode(slot.whole), List.copyOf(slot.revisions), below);
    } catch (WireException e) {
      throw new IllegalStateException("what this view encoded cannot be decoded", e);
    }
  }

  /** What is one number. */
  synchronized Figures figures() {
    return new Figures(slots.size(), openBySeverity.clone(), swallowed, bytes, repeats, evicted);
  }
}
