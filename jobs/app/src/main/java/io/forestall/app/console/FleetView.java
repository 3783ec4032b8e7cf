package io.forestall.app.console;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.signal.SignalState;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.SignalBaseline;
import io.forestall.schemas.Tier;
import io.forestall.wire.Keys;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A bounded picture of the fleet: each entity's place and newest score, some of its past, what is
 * usual for it and what is not, recent values of its metrics, the newest dead letters, the models.
 * It is fed record by record in the order of the topics and can be fed the same record twice.
 * Thread-safe.
 *
 * <p>Every collection has a limit, and what does not fit is counted. When the history of all
 * entities together is full, the history of those that were at risk longest ago (or never) goes
 * first; their newest score stays. Values of metrics are held for all entities while there is room,
 * then for those that are at risk, behave unusually or were looked at.
 *
 * <p>Counts by place are kept at every change ({@link FleetTree}); what grows old without a record
 * (lateness) is looked for at most every {@value #SWEEP_MILLIS} ms, when somebody asks.
 */
public final class FleetView {
  private static final long SWEEP_MILLIS = 2_000;
  private static final int SHORT_SERIES = 60;
  private static final int LONG_SERIES = 720;
  private static final int BAND_POINTS = 288;
  private static final int BAND_COLUMNS = 4;
  private static final int MAX_ANOMALIES_PER_ENTITY = 60;
  private static final int MAX_CARD_CHARS = 20_000;
  private static final int MAX_RELATED = 500;
  private static final long SERIES_STEP_MILLIS = 10_000;
  private static final long ASKED_NANOS = TimeUnit.HOURS.toNanos(1);

  /** An entity is late when its newest sample is older than this many of its usual intervals. */
  private static final double LATE_INTERVALS = 3.5;

  private static final long LATE_AT_LEAST_MILLIS = 120_000;
  private static final long LATE_UNKNOWN_INTERVAL_MILLIS = 2 * 86_400_000L;

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
   * @param values values of metrics, signals and baselines of all entities together, 4 bytes each
   * @param anomalies anomalies kept at most, those that ended longest ago go first
   */
  public record Limits(
      int entities,
      int pointsPerEntity,
      int points,
      int deadLetters,
      int models,
      long values,
      int anomalies) {
    /** What fits beside the other processes of a laptop. */
    public static final Limits DEFAULT =
        new Limits(1_000_000, 400, 4_000_000, 500, 100, 24_000_000, 20_000);
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

  /** A model in short; {@code key} is {@code mode/id/version}. */
  record ModelEntry(
      String key,
      String id,
      int version,
      String mode,
      long publishedMillis,
      long effectiveFromMillis,
      long rollbackUntilMillis,
      String format,
      int weightBytes,
      String card,
      String author,
      String reason,
      boolean withdrawn,
      String demoted) {}

  /** One page of a list. */
  record RiskPage(int total, List<EntityRisk> items) {}

  /**
   * One entity with its past.
   *
   * @param anomalies newest first
   * @param baseline what is usual now, null while that is not known
   * @param challenger what the challenger's model says of the same sample, null when it is not
   *     asked
   * @param related keys of the entities that stand on it, that it stands on, and of its paths
   */
  record Detail(
      EntityRisk entity,
      List<HistoryPoint> history,
      List<AnomalyView> anomalies,
      @Nullable BaselineView baseline,
      EntityRisk.@Nullable Score challenger,
      List<Related> related,
      long newestMillis,
      double intervalMillis,
      int flags) {}

  /** An entity beside another one; {@code as} tells how: disk, node, processor, head, path. */
  record Related(String as, EntityRisk entity, int flags) {}

  /** Recent values by name, and what was usual; both may be empty. */
  record Series(
      String kind,
      String id,
      EntitySeries.Copy values,
      List<String> names,
      EntitySeries.Copy bands,
      List<String> bandNames,
      boolean heldOnlyNow) {}

  /** One line of the list of the silent and the late. */
  record LateEntry(
      EntityRisk entity, String state, long newestMillis, long ageMillis, double intervalMillis) {}

  /** One page of a list of anything, with how many there are in all. */
  record Page<T>(int total, List<T> items) {}

  /** Counts by reason, and the newest dead letters, newest first. */
  record DeadLetters(long total, Map<DeadReason, Long> byReason, List<DeadEntry> newest) {}

  /** Everything that is one number. */
  record Status(
      int entities,
      int disks,
      int nodes,
      int[] disksByTier,
      int[] machinesByTier,
      boolean synthetic,
      int silent,
      int late,
      int never,
      int anomalous,
      int openAnomalies,
      Map<String, Long> rowsInBySource,
      long rowsScored,
      long repeats,
      long deadLetters,
      long deadRows,
      long newestTelemetryMillis,
      long newestRiskMillis,
      long fleetMillis,
      long quietMillis,
      long historyPoints,
      long historyEvicted,
      long values,
      long entitiesRefused,
      List<ModelEntry> models,
      Map<String, Long> scoredByModel) {
    long rowsIn() {
      return rowsInBySource.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private final Limits limits;
  private final @Nullable SignalDeriver deriver;
  private final LongSupplier nanoClock;
  private final Map<String, Slot> slots = new HashMap<>();
  private final FleetTree tree = new FleetTree();
  private final Map<String, Set<Slot>> pathsByEnd = new HashMap<>();
  private final Map<String, Long> scoredByModel = new TreeMap<>();
  private final LinkedHashMap<String, AnomalyView> openAnomalies = new LinkedHashMap<>();
  private final LinkedHashMap<String, AnomalyView> endedAnomalies = new LinkedHashMap<>();
  private final int[] numbers = new int[EntitySeries.MAX_COLUMNS];
  private final double[] point = new double[EntitySeries.MAX_COLUMNS];
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
  private long scoredRows;
  private long values;
  private long arrivedNanos;
  private boolean arrived;
  private long sweptNanos;
  private boolean swept;
  private long sweptVersion = -1;
  private long fleetMillis = Slot.NONE;

  /** An empty view with the usual limits. */
  public FleetView() {
    this(Limits.DEFAULT);
  }

  /** An empty view. */
  public FleetView(Limits limits) {
    this(limits, null, System::nanoTime);
  }

  /**
   * An empty view.
   *
   * @param deriver makes signals of samples of machines, drives and paths, null to do without; used
   *     by one thread at a time
   * @param nanoClock monotonic time in nanoseconds, for ages of answers and interest only
   */
  public FleetView(Limits limits, @Nullable SignalDeriver deriver, LongSupplier nanoClock) {
    this.limits = limits;
    this.deriver = deriver;
    this.nanoClock = nanoClock;
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
    slot.changed();
    tree.count(slot, version);
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
          end(key);
        } else {
          tree.count(slot, version);
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
    EntityRisk.Score now = score(risk);
    scoredRows += now.samples() - (before == null ? 0 : before.samples());
    countModels(before, -1);
    countModels(now, 1);
    slot.score = now;
    slot.changed();
    if (!now.stale()) {
      slot.heard(now.timeMillis(), before == null ? 0 : now.samples() - before.samples());
    } else if (slot.newestMillis == Slot.NONE) {
      // What silence says stands on a sample that was before this console's memory.
      slot.newestMillis = now.timeMillis();
    }
    late(slot);
    tree.count(slot, version);
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

  /** Takes in what the second lane says of something that is known already; null says nothing. */
  public synchronized void lane(String key, @Nullable Risk risk) {
    Slot slot = slots.get(key);
    if (slot == null || risk == null) {
      return;
    }
    EntityRisk.Score before = slot.challenger;
    if (before == null || risk.getTimeMillis() >= before.timeMillis()) {
      version++;
      slot.challenger = score(risk);
    }
  }

  private EntityRisk.Score score(Risk risk) {
    return new EntityRisk.Score(
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
              key,
              model.getId(),
              model.getVersion(),
              model.getMode().name(),
              model.getPublishedMillis(),
              model.getEffectiveFromMillis(),
              model.getRollbackUntilMillis(),
              model.getFormat(),
              model.getWeights().remaining(),
              shorten(model.getCard(), MAX_CARD_CHARS),
              shorten(model.getAuthor()),
              shorten(model.getReason()),
              model.getWithdrawn(),
              shorten(model.getDemoted())));
    }
  }

  /** Takes in one record of the anomalies topic. */
  public synchronized void anomaly(AnomalyRecord record) {
    EntityKind kind = record.getEntity().getKind();
    String id = record.getEntity().getId();
    String entityKey = Keys.of(kind, id);
    Slot slot = slot(entityKey, kind, id);
    if (slot == null) {
      return;
    }
    String key = entityKey + '\n' + record.getSignal() + '\n' + record.getSinceMillis();
    AnomalyView before = openAnomalies.get(key);
    if (before == null) {
      before = endedAnomalies.get(key);
    }
    if (before != null
        && (before.timeMillis() > record.getTimeMillis()
            || (before.timeMillis() == record.getTimeMillis()
                && before.ended() == record.getEnded()))) {
      return;
    }
    version++;
    AnomalyView now =
        new AnomalyView(
            kind,
            slot.id,
            nameOrNull(record.getNode()),
            name(record.getSignal()),
            record.getSinceMillis(),
            record.getTimeMillis(),
            record.getEnded(),
            record.getValue(),
            record.getExpected(),
            record.getSpread(),
            record.getScore(),
            Math.max(record.getScore(), before == null ? 0 : before.peak()),
            record.getWorse(),
            record.getByPeers(),
            shorten(record.getText(), 500));
    openAnomalies.remove(key);
    endedAnomalies.remove(key);
    (now.ended() ? endedAnomalies : openAnomalies).put(key, now);
    slot.anomalies.removeIf(
        other -> other.sinceMillis() == now.sinceMillis() && other.signal().equals(now.signal()));
    slot.anomalies.add(0, now);
    if (slot.anomalies.size() > MAX_ANOMALIES_PER_ENTITY) {
      AnomalyView oldest = slot.anomalies.remove(slot.anomalies.size() - 1);
      String oldestKey = entityKey + '\n' + oldest.signal() + '\n' + oldest.sinceMillis();
      openAnomalies.remove(oldestKey);
      endedAnomalies.remove(oldestKey);
    }
    while (openAnomalies.size() + endedAnomalies.size() > limits.anomalies()) {
      Map<String, AnomalyView> from = endedAnomalies.isEmpty() ? openAnomalies : endedAnomalies;
      Map.Entry<String, AnomalyView> eldest = from.entrySet().iterator().next();
      from.remove(eldest.getKey());
      AnomalyView gone = eldest.getValue();
      Slot holder = slots.get(Keys.of(gone.kind(), gone.id()));
      if (holder != null) {
        holder.anomalies.remove(gone);
        tree.count(holder, version);
      }
    }
    tree.count(slot, version);
  }

  /** Takes in one record of the baselines topic; null forgets what was usual. */
  public synchronized void baseline(String key, @Nullable BaselineRecord record) {
    version++;
    if (record == null) {
      Slot slot = slots.get(key);
      if (slot != null) {
        slot.baseline = null;
        values -= cells(slot.bands);
        slot.bands = null;
        if (slot.placement == null && slot.score == null) {
          end(key);
        }
      }
      return;
    }
    Slot slot = slot(key, record.getEntity().getKind(), record.getEntity().getId());
    if (slot == null) {
      return;
    }
    BaselineView before = slot.baseline;
    if (before != null && before.timeMillis() > record.getTimeMillis()) {
      return;
    }
    List<BaselineView.SignalView> signals = new ArrayList<>();
    int count = 0;
    for (SignalBaseline signal : record.getSignals()) {
      Double peers = signal.getPeerMedian();
      double peerMedian = peers == null ? Double.NaN : peers;
      signals.add(
          new BaselineView.SignalView(
              name(signal.getSignal()),
              signal.getSamples(),
              signal.getLevel(),
              signal.getSpread(),
              signal.getLast(),
              peerMedian));
      if (count + BAND_COLUMNS <= point.length) {
        int number = BAND_COLUMNS * metricNumber(signal.getSignal());
        double[] band = {signal.getLevel(), signal.getSpread(), signal.getLast(), peerMedian};
        for (int i = 0; i < BAND_COLUMNS; i++) {
          numbers[count] = number + i;
          point[count] = band[i];
          count++;
        }
      }
    }
    slot.baseline =
        new BaselineView(record.getTimeMillis(), record.getSamples(), List.copyOf(signals));
    heard(slot, record.getTimeMillis());
    slot.bands = hold(slot, slot.bands, BAND_POINTS, record.getTimeMillis(), count);
  }

  /**
   * Takes in values of one entity that is known already: SMART attributes, or signals made
   * elsewhere.
   *
   * @param timeMillis event time; milliseconds since 1970-01-01 UTC
   * @param named values by canonical name; what is not finite is left out
   */
  public synchronized void values(String key, long timeMillis, Map<String, Double> named) {
    Slot slot = slots.get(key);
    if (slot == null) {
      return;
    }
    version++;
    heard(slot, timeMillis);
    slot.series = hold(slot, slot.series, 0, timeMillis, buffer(named));
  }

  /**
   * Takes in a sample of a machine, a drive or a path that is known already.
   *
   * @param attributes SMART attributes of the same sample, empty for none
   */
  public synchronized void sample(EntitySample sample, Map<String, Double> attributes) {
    Slot slot = slots.get(sample.entity());
    if (slot == null) {
      return;
    }
    version++;
    heard(slot, sample.timeMillis());
    int count = buffer(attributes);
    SignalDeriver known = deriver;
    if (known != null && holds(slot)) {
      SignalState state = slot.signals;
      if (state == null) {
        state = SignalState.fresh();
        slot.signals = state;
      }
      SignalSample derived = known.derive(state, sample, "");
      for (Signal signal : Signal.values()) {
        if (derived != null && Double.isFinite(derived.value(signal)) && count < point.length) {
          numbers[count] = metricNumber(signal.signalName());
          point[count] = derived.value(signal);
          count++;
        }
      }
    }
    slot.series = hold(slot, slot.series, 0, sample.timeMillis(), count);
  }

  private int buffer(Map<String, Double> named) {
    int count = 0;
    for (Map.Entry<String, Double> value : named.entrySet()) {
      if (count < point.length && Double.isFinite(value.getValue())) {
        numbers[count] = metricNumber(value.getKey());
        point[count] = value.getValue();
        count++;
      }
    }
    return count;
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
    arrivedNanos = nanoClock.getAsLong();
    arrived = true;
  }

  /** Grows with everything that changes an answer. */
  public synchronized long version() {
    return version;
  }

  synchronized RiskPage list(RiskQuery query) {
    sweep();
    Page<Slot> page =
        newestOf(
            candidates(query),
            slot -> query.matches(slot),
            Comparator.comparing(Slot::snapshot, query.order()),
            query.offset(),
            query.limit());
    return new RiskPage(page.total(), page.items().stream().map(Slot::snapshot).toList());
  }

  /** Where the entities of a query are to be looked for: one node's, when it names a node. */
  private Collection<Slot> candidates(RiskQuery query) {
    if (query.region() != null && query.zone() != null && query.rack() != null) {
      FleetTree.Group group = tree.find(query.region(), query.zone(), query.rack(), query.node());
      List<Slot> found = new ArrayList<>();
      if (group != null) {
        collect(group, found);
      }
      return found;
    }
    return slots.values();
  }

  private static void collect(FleetTree.Group group, List<Slot> into) {
    into.addAll(group.members);
    for (FleetTree.Group child : group.children.values()) {
      collect(child, into);
    }
  }

  /** One page of the largest by an order, without sorting the rest. */
  private static <T> Page<T> newestOf(
      Collection<T> all, Predicate<T> wanted, Comparator<T> order, int offset, int limit) {
    int keep = offset + limit;
    PriorityQueue<T> best = new PriorityQueue<>(Math.min(keep, 1024) + 1, order.reversed());
    int total = 0;
    for (T one : all) {
      if (!wanted.test(one)) {
        continue;
      }
      total++;
      if (best.size() < keep) {
        best.add(one);
      } else if (keep > 0 && order.compare(one, best.element()) < 0) {
        best.poll();
        best.add(one);
      }
    }
    List<T> sorted = new ArrayList<>(best);
    sorted.sort(order);
    return new Page<>(
        total, List.copyOf(sorted.subList(Math.min(offset, sorted.size()), sorted.size())));
  }

  /** One entity without its past, null when it is not known. */
  synchronized @Nullable EntityRisk entity(EntityKind kind, String id) {
    Slot slot = slots.get(Keys.of(kind, id));
    return slot == null ? null : slot.snapshot();
  }

  synchronized @Nullable Detail detail(EntityKind kind, String id) {
    sweep();
    Slot slot = slots.get(Keys.of(kind, id));
    if (slot == null) {
      return null;
    }
    slot.askedNanos = nanoClock.getAsLong();
    return new Detail(
        slot.snapshot(),
        slot.history == null ? List.of() : List.copyOf(slot.history.points(metricNames)),
        List.copyOf(slot.anomalies),
        slot.baseline,
        challenger(slot),
        related(slot),
        slot.newestMillis,
        slot.intervalMillis,
        slot.flags());
  }

  /** Of the sample that was scored last, by another model than the one that scored it. */
  private static EntityRisk.@Nullable Score challenger(Slot slot) {
    EntityRisk.Score score = slot.score;
    EntityRisk.Score beside = slot.challenger;
    if (score == null
        || beside == null
        || beside.samples() != score.samples()
        || beside.modes().isEmpty()) {
      return null;
    }
    ModeRisk theirs = beside.modes().get(0);
    for (ModeRisk mode : score.modes()) {
      if (mode.getModel().equals(theirs.getModel())
          && mode.getModelVersion() == theirs.getModelVersion()) {
        return null;
      }
    }
    return beside;
  }

  private List<Related> related(Slot slot) {
    List<Related> related = new ArrayList<>();
    FleetTree.Group group = slot.group;
    if (group != null && !group.name.isEmpty()) {
      for (EntityKind kind :
          List.of(EntityKind.NODE, EntityKind.DISK, EntityKind.PROCESSOR, EntityKind.HEAD)) {
        for (Slot member : group.membersOf(kind)) {
          if (member != slot) {
            add(related, ConsoleJson.lower(kind), member);
          }
        }
      }
    }
    for (Slot path : pathsByEnd.getOrDefault(Keys.of(slot.kind, slot.id), Set.of())) {
      add(related, "path", path);
    }
    for (String end : ends(slot.kind, slot.id)) {
      Slot other = slots.get(end);
      if (other != null) {
        add(related, "end", other);
      }
    }
    return related;
  }

  private static void add(List<Related> related, String as, Slot slot) {
    if (related.size() < MAX_RELATED) {
      related.add(new Related(as, slot.snapshot(), slot.flags()));
    }
  }

  synchronized @Nullable Series series(EntityKind kind, String id) {
    Slot slot = slots.get(Keys.of(kind, id));
    if (slot == null) {
      return null;
    }
    slot.askedNanos = nanoClock.getAsLong();
    EntitySeries.Copy held = slot.series == null ? EntitySeries.Copy.EMPTY : slot.series.copy();
    EntitySeries.Copy bands = slot.bands == null ? EntitySeries.Copy.EMPTY : slot.bands.copy();
    return new Series(
        ConsoleJson.lower(kind),
        id,
        held,
        held.columns().stream().map(column -> metricNames.get(column.number())).toList(),
        bands,
        bands.columns().stream()
            .map(column -> metricNames.get(column.number() / BAND_COLUMNS))
            .toList(),
        values > roomForAll());
  }

  synchronized Page<AnomalyView> anomalies(AnomalyQuery query) {
    List<AnomalyView> all = new ArrayList<>();
    if (query.open()) {
      all.addAll(openAnomalies.values());
    }
    if (query.ended()) {
      all.addAll(endedAnomalies.values());
    }
    return newestOf(
        all,
        anomaly -> {
          Slot slot = slots.get(Keys.of(anomaly.kind(), anomaly.id()));
          return query.matches(anomaly, slot == null ? null : slot.snapshot());
        },
        query.order(),
        query.offset(),
        query.limit());
  }

  synchronized Page<LateEntry> late(RiskQuery query, Set<String> states) {
    sweep();
    Comparator<Slot> oldest =
        Comparator.<Slot>comparingInt(slot -> slot.newestMillis == Slot.NONE ? 1 : 0)
            .thenComparingLong(slot -> slot.newestMillis)
            .thenComparing(slot -> slot.kind)
            .thenComparing(slot -> slot.id);
    Page<Slot> page =
        newestOf(
            candidates(query),
            slot -> states.contains(lateness(slot)) && query.matches(slot),
            oldest,
            query.offset(),
            query.limit());
    List<LateEntry> entries = new ArrayList<>();
    for (Slot slot : page.items()) {
      entries.add(
          new LateEntry(
              slot.snapshot(),
              lateness(slot),
              slot.newestMillis,
              slot.newestMillis == Slot.NONE ? -1 : Math.max(0, fleetMillis - slot.newestMillis),
              slot.intervalMillis));
    }
    return new Page<>(page.total(), List.copyOf(entries));
  }

  /** What is read of the tree while the view holds still. */
  interface TreeReader<T> {
    T read(FleetTree tree, long version);
  }

  /** Reads the tree; nothing changes meanwhile, so the reader should be quick. */
  synchronized <T> T tree(TreeReader<T> reader) {
    sweep();
    return reader.read(tree, version);
  }

  /** The fleet in counts, for the metrics. */
  synchronized FleetFigures figures() {
    sweep();
    FleetFigures figures = new FleetFigures();
    for (Slot slot : slots.values()) {
      figures.add(slot.snapshot(), slot.flags());
    }
    return figures;
  }

  synchronized DeadLetters deadLetters() {
    return new DeadLetters(deadTotal, new EnumMap<>(deadByReason), List.copyOf(newestDead));
  }

  synchronized Status status() {
    sweep();
    FleetTree.Group root = tree.root();
    return new Status(
        slots.size(),
        root.diskCount(),
        root.nodes,
        root.disks.clone(),
        root.machines.clone(),
        root.flagged(Slot.SYNTHETIC) > 0,
        root.flagged(Slot.SILENT),
        root.flagged(Slot.LATE),
        root.flagged(Slot.NEVER),
        root.flagged(Slot.ANOMALOUS),
        openAnomalies.size(),
        new TreeMap<>(rowsInBySource),
        rowsOfEnded + scoredRows,
        repeats,
        deadTotal,
        deadRows,
        newestTelemetryMillis,
        newestRiskMillis,
        fleetMillis,
        arrived ? TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - arrivedNanos) : -1,
        capacity,
        evicted,
        values,
        refused,
        List.copyOf(models.values()),
        new TreeMap<>(scoredByModel));
  }

  /** {@code silent}, {@code late}, {@code never}, or empty when it is heard of as usual. */
  static String lateness(Slot slot) {
    int flags = slot.flags();
    if ((flags & Slot.SILENT) != 0) {
      return "silent";
    }
    if ((flags & Slot.LATE) != 0) {
      return "late";
    }
    return (flags & Slot.NEVER) != 0 ? "never" : "";
  }

  private void heard(Slot slot, long timeMillis) {
    boolean first = slot.telemetryMillis == Slot.NONE;
    long before = slot.newestMillis;
    slot.heard(timeMillis, first ? 0 : 1);
    slot.telemetryMillis = Math.max(slot.telemetryMillis, timeMillis);
    if (before == Slot.NONE || slot.late) {
      late(slot);
      tree.count(slot, version);
    }
  }

  /** What grows old without a record: the time of the fleet and who is behind it. */
  private void sweep() {
    long now = nanoClock.getAsLong();
    if (sweptVersion == version
        || (swept && now - sweptNanos < TimeUnit.MILLISECONDS.toNanos(SWEEP_MILLIS))) {
      return;
    }
    swept = true;
    sweptNanos = now;
    fleetMillis = fleetTime();
    for (Slot slot : slots.values()) {
      if (late(slot)) {
        version++;
        tree.count(slot, version);
      }
    }
    sweptVersion = version;
  }

  /**
   * Where the fleet is in event time: for each kind the time that nine of ten have not passed, and
   * the latest of those. One clock that runs ahead does not make the others late.
   */
  private long fleetTime() {
    Map<EntityKind, long[]> times = new EnumMap<>(EntityKind.class);
    Map<EntityKind, Integer> counts = new EnumMap<>(EntityKind.class);
    for (Slot slot : slots.values()) {
      if (slot.newestMillis == Slot.NONE) {
        continue;
      }
      int count = counts.merge(slot.kind, 1, Integer::sum);
      long[] known = times.computeIfAbsent(slot.kind, kind -> new long[64]);
      if (count > known.length) {
        known = Arrays.copyOf(known, 2 * known.length);
        times.put(slot.kind, known);
      }
      known[count - 1] = slot.newestMillis;
    }
    long latest = Slot.NONE;
    for (Map.Entry<EntityKind, long[]> kind : times.entrySet()) {
      int count = counts.getOrDefault(kind.getKey(), 0);
      long[] known = kind.getValue();
      Arrays.sort(known, 0, count);
      latest = Math.max(latest, known[Math.min(count - 1, (int) (0.9 * count))]);
    }
    return latest;
  }

  /** Looks whether a slot is late; true when that has changed. */
  private boolean late(Slot slot) {
    boolean now = false;
    if (slot.newestMillis != Slot.NONE && fleetMillis != Slot.NONE) {
      double allowed =
          Double.isNaN(slot.intervalMillis)
              ? LATE_UNKNOWN_INTERVAL_MILLIS
              : Math.max(LATE_AT_LEAST_MILLIS, LATE_INTERVALS * slot.intervalMillis);
      now = fleetMillis - slot.newestMillis > allowed;
    }
    boolean changed = now != slot.late;
    slot.late = now;
    return changed;
  }

  /** Up to here values are held for everybody; the rest is for those who interest. */
  private long roomForAll() {
    return limits.values() / 10 * 8;
  }

  private boolean interesting(Slot slot) {
    return atRisk(slot.tier())
        || !slot.anomalies.isEmpty()
        || (slot.askedNanos != Slot.NONE && nanoClock.getAsLong() - slot.askedNanos < ASKED_NANOS);
  }

  /** Whether there is room for values of this entity. */
  private boolean holds(Slot slot) {
    return slot.series != null || values < roomForAll() || interesting(slot);
  }

  /** Adds the first {@code count} of the buffered values to a series, where there is room. */
  private @Nullable EntitySeries hold(
      Slot slot, @Nullable EntitySeries series, int points, long timeMillis, int count) {
    if (count == 0) {
      return series;
    }
    boolean interesting = interesting(slot);
    EntitySeries into = series;
    if (into == null) {
      if (values >= roomForAll() && !interesting) {
        return null;
      }
      into = new EntitySeries(points > 0 ? points : SHORT_SERIES);
      values += into.cells();
    } else if (points == 0 && timeMillis - into.newestMillis() < SERIES_STEP_MILLIS) {
      return into;
    }
    if (interesting && points == 0) {
      into.allow(LONG_SERIES);
    }
    int before = into.cells();
    into.add(timeMillis, numbers, point, count);
    values += into.cells() - before;
    if (values > limits.values()) {
      evictValues(slot);
    }
    return into;
  }

  /** Lets go of the values of those nobody asks for, until a tenth of the room is free. */
  private void evictValues(Slot spared) {
    long target = roomForAll();
    for (boolean everybody : new boolean[] {false, true}) {
      for (Slot slot : slots.values()) {
        if (values <= target) {
          return;
        }
        if (slot != spared && (everybody || !interesting(slot))) {
          forgetValues(slot);
        }
      }
    }
  }

  private void forgetValues(Slot slot) {
    values -= cells(slot.series) + cells(slot.bands);
    slot.series = null;
    slot.bands = null;
    slot.signals = null;
  }

  private static int cells(@Nullable EntitySeries series) {
    return series == null ? 0 : series.cells();
  }

  private void countModels(EntityRisk.@Nullable Score score, long by) {
    if (score == null) {
      return;
    }
    for (ModeRisk mode : score.modes()) {
      String model = name(mode.getModel() + "/" + mode.getModelVersion());
      if (scoredByModel.size() < limits.models() || scoredByModel.containsKey(model)) {
        scoredByModel.merge(model, by, (a, b) -> a + b == 0 ? null : a + b);
      }
    }
  }

  /** Keys of what a path connects: its nodes, or its volume and its client. */
  private static List<String> ends(EntityKind kind, String id) {
    if (kind == EntityKind.EDGE) {
      int at = id.indexOf('>');
      return at < 0
          ? List.of()
          : List.of(Keys.node(id.substring(0, at)), Keys.node(id.substring(at + 1)));
    }
    if (kind == EntityKind.PAIR) {
      int at = id.lastIndexOf('@');
      return at < 0
          ? List.of()
          : List.of(
              Keys.of(EntityKind.VOLUME, id.substring(0, at)),
              Keys.of(EntityKind.CLIENT, id.substring(at + 1)));
    }
    return List.of();
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
      for (String end : ends(kind, id)) {
        pathsByEnd.computeIfAbsent(end, name -> new LinkedHashSet<>()).add(slot);
      }
    }
    return slot;
  }

  private void end(String key) {
    Slot slot = slots.remove(key);
    if (slot == null) {
      return;
    }
    forgetScore(slot);
    forgetValues(slot);
    tree.remove(slot, version);
    for (AnomalyView anomaly : slot.anomalies) {
      String anomalyKey = key + '\n' + anomaly.signal() + '\n' + anomaly.sinceMillis();
      openAnomalies.remove(anomalyKey);
      endedAnomalies.remove(anomalyKey);
    }
    for (String end : ends(slot.kind, slot.id)) {
      Set<Slot> paths = pathsByEnd.get(end);
      if (paths != null) {
        paths.remove(slot);
        if (paths.isEmpty()) {
          pathsByEnd.remove(end);
        }
      }
    }
  }

  private void forgetScore(Slot slot) {
    if (slot.score != null) {
      rowsOfEnded += slot.score.samples();
      scoredRows -= slot.score.samples();
      countModels(slot.score, -1);
      slot.score = null;
      slot.challenger = null;
      slot.changed();
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
    return shorten(text, 500);
  }

  private static String shorten(String text, int chars) {
    return text.length() <= chars ? text : text.substring(0, chars) + "...";
  }
}
