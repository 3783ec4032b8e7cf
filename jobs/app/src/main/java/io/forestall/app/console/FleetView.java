package io.forestall.app.console;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A bounded picture of the fleet: each entity's place and newest score, some of its past, the
 * newest dead letters, the models. It is fed record by record in the order of the topics and can be
 * fed the same record twice. Thread-safe.
 *
 * <p>Every collection has a limit, and what does not fit is counted. When the history of all
 * entities together is full, the history of those that were at risk longest ago (or never) goes
 * first; their newest score stays.
 */
public final class FleetView {
  private static final int MAX_NAMES = 100_000;
  private static final int MAX_METRICS = 2_000;
  private static final int MAX_SOURCES = 32;
  private static final float[] NO_REASONS = {};
  private static final Tier[] TIERS = Tier.values();

  /**
   * How much the view holds.
   *
   * @param entities entities at most; records of further ones are counted and dropped
   * @param pointsPerEntity points of history of one entity
   * @param points points of history of all entities together, about 24 bytes each
   * @param deadLetters newest dead letters kept in full; counts go on for ever
   * @param models models listed at most
   */
  public record Limits(int entities, int pointsPerEntity, int points, int deadLetters, int models) {
    /** What fits beside the other processes of a laptop. */
    public static final Limits DEFAULT = new Limits(1_000_000, 400, 4_000_000, 200, 100);
  }

  /** A dead letter in short. */
  record DeadEntry(
      String origin,
      int partition,
      long offset,
      int index,
      long timeMillis,
      DeadReason reason,
      String detail,
      @Nullable EntityKind kind,
      @Nullable String id,
      String component) {}

  /** A model in short. */
  record ModelEntry(
      String id,
      int version,
      String mode,
      long publishedMillis,
      long effectiveFromMillis,
      long rollbackUntilMillis,
      int weightBytes) {}

  /** One page of a list. */
  record RiskPage(int total, List<EntityRisk> items) {}

  /** One entity with its past. */
  record Detail(EntityRisk entity, List<HistoryPoint> history) {}

  /** Counts by reason, and the newest dead letters, newest first. */
  record DeadLetters(long total, Map<DeadReason, Long> byReason, List<DeadEntry> newest) {}

  /** Everything that is one number. */
  record Status(
      int entities,
      int disks,
      int nodes,
      int[] disksByTier,
      boolean synthetic,
      Map<String, Long> rowsInBySource,
      long rowsScored,
      long repeats,
      long deadLetters,
      long deadRows,
      long newestTelemetryMillis,
      long newestRiskMillis,
      long historyPoints,
      long historyEvicted,
      long entitiesRefused,
      List<ModelEntry> models,
      Map<String, Long> scoredByModel) {
    long rowsIn() {
      return rowsInBySource.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private static final class Slot {
    final EntityKind kind;
    final String id;
    EntityRisk.@Nullable Placement placement;
    EntityRisk.@Nullable Score score;
    @Nullable RiskHistory history;
    long lastAtRiskMillis = Long.MIN_VALUE;

    Slot(EntityKind kind, String id) {
      this.kind = kind;
      this.id = id;
    }

    EntityRisk snapshot() {
      return new EntityRisk(kind, id, placement, score);
    }
  }

  private final Limits limits;
  private final Map<String, Slot> slots = new HashMap<>();
  private final Map<String, String> names = new HashMap<>();
  private final Map<String, Integer> metricNumbers = new HashMap<>();
  private final List<String> metricNames = new ArrayList<>();
  private final Map<DeadReason, Long> deadByReason = new EnumMap<>(DeadReason.class);
  private final ArrayDeque<DeadEntry> newestDead = new ArrayDeque<>();
  private final Map<String, ModelEntry> models = new TreeMap<>();
  private final Map<String, Long> rowsInBySource = new TreeMap<>();
  private long deadTotal;
  private long deadRows;
  private long repeats;
  private long rowsOfEnded;
  private long newestTelemetryMillis = Long.MIN_VALUE;
  private long newestRiskMillis = Long.MIN_VALUE;
  private long capacity;
  private long evicted;
  private long refused;
  private long version;

  /** An empty view with the usual limits. */
  public FleetView() {
    this(Limits.DEFAULT);
  }

  /** An empty view. */
  public FleetView(Limits limits) {
    this.limits = limits;
  }

  /** Takes in one record of the fleet topic; null ends the subject and all that is known of it. */
  public synchronized void fleet(String key, @Nullable FleetEntry entry) {
    version++;
    if (entry == null) {
      end(key);
      return;
    }
    Slot slot = slot(key, entry.getEntity().getKind(), entry.getEntity().getId());
    if (slot == null) {
      return;
    }
    slot.placement =
        new EntityRisk.Placement(
            nameOrNull(entry.getNode()),
            name(entry.getRack()),
            name(entry.getZone()),
            name(entry.getRegion()),
            name(entry.getPool()),
            name(entry.getTier()),
            nameOrNull(entry.getModel()),
            entry.getCapacityBytes(),
            entry.getSynthetic());
  }

  /**
   * Takes in one record of the risk topic; null forgets the score and the history. A repeat changes
   * nothing.
   */
  public synchronized void risk(String key, @Nullable Risk risk) {
    if (risk == null) {
      version++;
      Slot slot = slots.get(key);
      if (slot != null) {
        forgetScore(slot);
        if (slot.placement == null) {
          slots.remove(key);
        }
      }
      return;
    }
    Slot slot = slot(key, risk.getEntity().getKind(), risk.getEntity().getId());
    if (slot == null) {
      return;
    }
    EntityRisk.Score before = slot.score;
    // A job that resumes from a checkpoint says again what it said; only a further sample or a
    // later time is news.
    if (before != null
        && risk.getSamples() <= before.samples()
        && risk.getTimeMillis() <= before.timeMillis()) {
      repeats++;
      return;
    }
    version++;
    EntityRisk.Score now =
        new EntityRisk.Score(
            nameOrNull(risk.getNode()),
            risk.getTimeMillis(),
            risk.getSamples(),
            risk.getScore(),
            risk.getTier(),
            risk.getTierSinceMillis(),
            risk.getProbability(),
            risk.getHorizonMillis(),
            risk.getConfidence(),
            risk.getStale(),
            List.copyOf(risk.getModes()));
    slot.score = now;
    newestRiskMillis = Math.max(newestRiskMillis, now.timeMillis());
    if (atRisk(now.tier())) {
      slot.lastAtRiskMillis = Math.max(slot.lastAtRiskMillis, now.timeMillis());
    }
    RiskHistory history = slot.history;
    if (history == null) {
      history = new RiskHistory(limits.pointsPerEntity());
      slot.history = history;
      capacity += history.capacity();
    }
    int capacityBefore = history.capacity();
    history.add(
        now.timeMillis(),
        now.score(),
        now.probability(),
        now.confidence(),
        now.tier(),
        now.stale(),
        pack(now.modes()));
    capacity += history.capacity() - capacityBefore;
    if (capacity > limits.points()) {
      evict();
    }
  }

  /** Takes in one record of the dead-letter topic. */
  public synchronized void deadLetter(DeadLetter letter) {
    version++;
    deadTotal++;
    deadRows += letter.getSamples();
    deadByReason.merge(letter.getReason(), 1L, Long::sum);
    if (newestDead.size() >= limits.deadLetters()) {
      newestDead.removeLast();
    }
    newestDead.addFirst(
        new DeadEntry(
            letter.getOrigin(),
            letter.getPartition(),
            letter.getOffset(),
            letter.getIndex(),
            letter.getTimeMillis(),
            letter.getReason(),
            shorten(letter.getDetail()),
            letter.getEntity() == null ? null : letter.getEntity().getKind(),
            letter.getEntity() == null ? null : shorten(letter.getEntity().getId()),
            letter.getComponent()));
  }

  /** Takes in one record of the models topic; null retires the model. */
  public synchronized void model(String key, @Nullable ModelRecord model) {
    version++;
    if (model == null) {
      models.remove(key);
    } else if (models.size() < limits.models() || models.containsKey(key)) {
      models.put(
          key,
          new ModelEntry(
              model.getId(),
              model.getVersion(),
              model.getMode().name(),
              model.getPublishedMillis(),
              model.getEffectiveFromMillis(),
              model.getRollbackUntilMillis(),
              model.getWeights().remaining()));
    }
  }

  /**
   * Counts the disk samples of one telemetry frame.
   *
   * @param source what produced the frame, for example {@code simulated}
   * @param rows disk samples in it
   * @param timeMillis event time of the frame; milliseconds since 1970-01-01 UTC
   */
  public synchronized void telemetry(String source, long rows, long timeMillis) {
    version++;
    String known =
        rowsInBySource.containsKey(source) || rowsInBySource.size() < MAX_SOURCES
            ? source
            : "other";
    rowsInBySource.merge(known, rows, Long::sum);
    newestTelemetryMillis = Math.max(newestTelemetryMillis, timeMillis);
  }

  /** Grows with everything that changes an answer. */
  public synchronized long version() {
    return version;
  }

  synchronized RiskPage list(RiskQuery query) {
    List<EntityRisk> found = new ArrayList<>();
    for (Slot slot : slots.values()) {
      EntityRisk entity = slot.snapshot();
      if (query.matches(entity)) {
        found.add(entity);
      }
    }
    found.sort(query.order());
    int from = Math.min(query.offset(), found.size());
    int to = Math.min(found.size(), from + query.limit());
    return new RiskPage(found.size(), List.copyOf(found.subList(from, to)));
  }

  synchronized @Nullable Detail detail(EntityKind kind, String id) {
    Slot slot = slots.get(kind.name().toLowerCase(Locale.ROOT) + "/" + id);
    if (slot == null) {
      return null;
    }
    return new Detail(
        slot.snapshot(),
        slot.history == null ? List.of() : List.copyOf(slot.history.points(metricNames)));
  }

  synchronized List<RackSummary> racks() {
    Map<String, Map<String, List<Slot>>> byRack = new TreeMap<>();
    for (Slot slot : slots.values()) {
      if (slot.kind == EntityKind.DISK) {
        EntityRisk entity = slot.snapshot();
        byRack
            .computeIfAbsent(entity.rack(), rack -> new TreeMap<>())
            .computeIfAbsent(entity.node(), node -> new ArrayList<>())
            .add(slot);
      }
    }
    List<RackSummary> racks = new ArrayList<>();
    byRack.forEach(
        (rack, nodes) -> {
          int[] tiers = new int[TIERS.length];
          int disks = 0;
          double maxScore = 0;
          boolean synthetic = false;
          String zone = "";
          String region = "";
          List<RackSummary.NodeRow> rows = new ArrayList<>();
          for (Map.Entry<String, List<Slot>> node : nodes.entrySet()) {
            List<Slot> members = node.getValue();
            members.sort(Comparator.comparing(slot -> slot.id));
            StringBuilder cells = new StringBuilder(members.size());
            StringBuilder deciles = new StringBuilder(members.size());
            for (Slot slot : members) {
              disks++;
              if (slot.placement != null) {
                synthetic |= slot.placement.synthetic();
                zone = slot.placement.zone();
                region = slot.placement.region();
              }
              EntityRisk.Score score = slot.score;
              if (score == null) {
                tiers[Tier.UNKNOWN.ordinal()]++;
                cells.append('-');
                deciles.append('-');
              } else {
                tiers[score.tier().ordinal()]++;
                cells.append((char) ('0' + score.tier().ordinal()));
                deciles.append((char) ('0' + Math.max(0, Math.min(9, (int) (score.score() / 10)))));
                maxScore = Math.max(maxScore, score.score());
              }
            }
            rows.add(new RackSummary.NodeRow(node.getKey(), cells.toString(), deciles.toString()));
          }
          racks.add(
              new RackSummary(
                  rack, zone, region, synthetic, disks, tiers, maxScore, List.copyOf(rows)));
        });
    return racks;
  }

  /** The fleet in counts, for the metrics. */
  synchronized FleetFigures figures() {
    FleetFigures figures = new FleetFigures();
    for (Slot slot : slots.values()) {
      figures.add(slot.snapshot());
    }
    return figures;
  }

  synchronized DeadLetters deadLetters() {
    return new DeadLetters(deadTotal, new EnumMap<>(deadByReason), List.copyOf(newestDead));
  }

  synchronized Status status() {
    int[] tiers = new int[TIERS.length];
    int disks = 0;
    Set<String> nodes = new HashSet<>();
    boolean synthetic = false;
    long scored = rowsOfEnded;
    Map<String, Long> scoredByModel = new TreeMap<>();
    for (Slot slot : slots.values()) {
      synthetic |= slot.placement != null && slot.placement.synthetic();
      if (slot.kind == EntityKind.NODE) {
        nodes.add(slot.id);
      } else if (slot.kind == EntityKind.DISK) {
        disks++;
        if (slot.placement != null && slot.placement.node() != null) {
          nodes.add(slot.placement.node());
        }
        tiers[slot.score == null ? Tier.UNKNOWN.ordinal() : slot.score.tier().ordinal()]++;
      }
      if (slot.score != null) {
        scored += slot.score.samples();
        for (ModeRisk mode : slot.score.modes()) {
          scoredByModel.merge(name(mode.getModel() + "/" + mode.getModelVersion()), 1L, Long::sum);
        }
      }
    }
    return new Status(
        slots.size(),
        disks,
        nodes.size(),
        tiers,
        synthetic,
        new TreeMap<>(rowsInBySource),
        scored,
        repeats,
        deadTotal,
        deadRows,
        newestTelemetryMillis,
        newestRiskMillis,
        capacity,
        evicted,
        refused,
        List.copyOf(models.values()),
        scoredByModel);
  }

  private static boolean atRisk(Tier tier) {
    return tier == Tier.WATCH || tier == Tier.WARNING || tier == Tier.CRITICAL;
  }

  private @Nullable Slot slot(String key, EntityKind kind, String id) {
    Slot slot = slots.get(key);
    if (slot == null) {
      if (slots.size() >= limits.entities()) {
        refused++;
        return null;
      }
      slot = new Slot(kind, id);
      slots.put(key, slot);
    }
    return slot;
  }

  private void end(String key) {
    Slot slot = slots.remove(key);
    if (slot != null) {
      forgetScore(slot);
    }
  }

  private void forgetScore(Slot slot) {
    if (slot.score != null) {
      rowsOfEnded += slot.score.samples();
      slot.score = null;
    }
    if (slot.history != null) {
      capacity -= slot.history.capacity();
      slot.history = null;
    }
    slot.lastAtRiskMillis = Long.MIN_VALUE;
  }

  /** Makes room for a tenth of the limit at once, so that its cost is shared by many records. */
  private void evict() {
    List<Slot> candidates = new ArrayList<>();
    for (Slot slot : slots.values()) {
      if (slot.history != null) {
        candidates.add(slot);
      }
    }
    candidates.sort(
        Comparator.<Slot>comparingLong(slot -> slot.lastAtRiskMillis)
            .thenComparing(slot -> slot.history == null ? 0 : -slot.history.size())
            .thenComparing(slot -> slot.id));
    long target = limits.points() - limits.points() / 10L;
    for (Slot slot : candidates) {
      RiskHistory history = slot.history;
      if (capacity <= target || history == null) {
        return;
      }
      capacity -= history.capacity();
      evicted += history.size();
      slot.history = null;
    }
  }

  private float[] pack(List<ModeRisk> modes) {
    List<Reason> reasons = new ArrayList<>();
    for (ModeRisk mode : modes) {
      reasons.addAll(mode.getReasons());
    }
    if (reasons.isEmpty()) {
      return NO_REASONS;
    }
    reasons.sort(Comparator.comparingDouble(Reason::getContribution).reversed());
    int count = Math.min(RiskHistory.REASONS_PER_POINT, reasons.size());
    float[] packed = new float[3 * count];
    for (int i = 0; i < count; i++) {
      Reason reason = reasons.get(i);
      packed[3 * i] = metricNumber(reason.getMetric());
      packed[3 * i + 1] = (float) reason.getValue();
      packed[3 * i + 2] = (float) reason.getContribution();
    }
    return packed;
  }

  private int metricNumber(String metric) {
    String known = metricNames.size() < MAX_METRICS ? metric : "other";
    Integer number = metricNumbers.get(metric);
    if (number == null) {
      number = metricNumbers.get(known);
    }
    if (number == null) {
      number = metricNames.size();
      metricNames.add(known);
      metricNumbers.put(known, number);
    }
    return number;
  }

  /**
   * One String object for each name: a rack's name would else be held once for each of its disks.
   */
  private String name(String text) {
    String known = names.get(text);
    if (known != null) {
      return known;
    }
    if (names.size() < MAX_NAMES) {
      names.put(text, text);
    }
    return text;
  }

  private @Nullable String nameOrNull(@Nullable String text) {
    return text == null ? null : name(text);
  }

  private static String shorten(String text) {
    return text.length() <= 500 ? text : text.substring(0, 500) + "...";
  }
}
