package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Proposal;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The newest proposals with how each ended, within limits: what was decided longest ago goes first,
 * what waits for an approval last. Proposals and decisions come in any order, each as often as it
 * likes. An update costs the same however many there are. Thread-safe. Row G20.
 */
final class DecisionView {
  /** Decisions of one proposal: it waits, is admitted, ends. */
  private static final int MAX_PER_PROPOSAL = 16;

  private static final int MAX_POOLS = 1000;

  /** Waiting proposals that are put behind before one of them goes: a bound of the work. */
  private static final int MAX_SPARED = 64;

  private static final int MAX_TEXT = 600;

  /**
   * How much the view holds.
   *
   * @param decisions decisions at most
   * @param proposals proposals at most, those that wait too
   * @param bytes bytes of whole records at most
   */
  record Limits(int decisions, int proposals, long bytes) {
    /** What fits beside the other processes of a laptop. */
    static final Limits DEFAULT = new Limits(20_000, 20_000, 64L << 20);
  }

  /** One decision in short. */
  record Row(
      String id,
      String proposal,
      ActKind act,
      EntityKind kind,
      String subject,
      String pool,
      @Nullable String zone,
      @Nullable EntityRef target,
      DecisionOutcome outcome,
      DecisionCode code,
      String text,
      ActMode mode,
      int guardsPassed,
      int guards,
      @Nullable String incident,
      @Nullable String rule,
      @Nullable String admission,
      @Nullable String lockOwner,
      @Nullable String approvedBy,
      long lagMillis,
      long timeMillis,
      String lane) {}

  /** A proposal in short. */
  record Asked(
      String id,
      ActKind act,
      EntityKind kind,
      String subject,
      String pool,
      @Nullable String zone,
      @Nullable EntityRef target,
      String decider,
      String reason,
      @Nullable String incident,
      double probability,
      long horizonMillis,
      double confidence,
      long costBytes,
      int priority,
      long timeMillis,
      long expiresMillis,
      String lane) {}

  /** One proposal and everything that was decided about it, the newest decision last. */
  record Case(String proposal, @Nullable Asked asked, List<Row> decisions) {
    /** How it stands; null while nothing was decided. */
    @Nullable Row newest() {
      return decisions.isEmpty() ? null : decisions.get(decisions.size() - 1);
    }

    /** Its newest time; milliseconds since 1970-01-01 UTC. */
    long timeMillis() {
      Row newest = newest();
      return newest != null ? newest.timeMillis() : asked == null ? 0 : asked.timeMillis();
    }
  }

  /** One decision whole, with its proposal when that was read. */
  record Detail(Row row, Decision decision, @Nullable Proposal proposal, Case of) {}

  /** What the guards of a pool said last. */
  record PoolGuards(String pool, long timeMillis, String decision, List<GuardResult> guards) {}

  /** How often a proposal ended so. */
  record Ending(DecisionOutcome outcome, DecisionCode code) {}

  /** What is one number. */
  record Figures(
      int decisions,
      int proposals,
      int waiting,
      Map<Ending, Long> endings,
      long bytes,
      long repeats) {}

  private static final class Slot {
    final String id;
    @Nullable Asked asked;
    byte @Nullable [] whole;
    final List<Row> rows = new ArrayList<>();
    boolean waits;

    Slot(String id) {
      this.id = id;
    }

    Case copy() {
      return new Case(id, asked, List.copyOf(rows));
    }
  }

  private static final Comparator<Row> OLDEST =
      Comparator.comparingLong(Row::timeMillis)
          .thenComparing(row -> row.outcome() == DecisionOutcome.ENDED)
          .thenComparing(row -> row.outcome() != DecisionOutcome.WAITING)
          .thenComparing(Row::id);

  /** The newest first. */
  static final Comparator<Row> NEWEST = OLDEST.reversed();

  private final Limits limits;
  private final AvroCodec<Proposal> proposals = AvroCodec.of(Proposal.class);
  private final AvroCodec<Decision> decisions = AvroCodec.of(Decision.class);
  private final LinkedHashMap<String, Slot> slots = new LinkedHashMap<>();
  private final Map<String, byte[]> wholes = new HashMap<>();
  private final Map<String, String> proposalOf = new HashMap<>();
  private final TreeSet<Row> ordered = new TreeSet<>(NEWEST);
  private final Map<String, Slot> waiting = new LinkedHashMap<>();
  private final Map<String, Set<String>> byIncident = new HashMap<>();
  private final Map<String, Set<String>> bySubject = new HashMap<>();
  private final Map<Ending, Long> endings = new HashMap<>();
  private final Map<String, PoolGuards> pools = new TreeMap<>();
  private long bytes;
  private long repeats;

  DecisionView(Limits limits) {
    this.limits = limits;
  }

  /** Takes in one proposal. */
  synchronized void proposal(Proposal proposal) {
    Slot slot = slot(proposal.getId());
    if (slot.asked != null) {
      repeats++;
      return;
    }
    byte[] whole = proposals.encode(proposal);
    slot.whole = whole;
    bytes += whole.length;
    slot.asked =
        new Asked(
            proposal.getId(),
            proposal.getAct(),
            proposal.getSubject().getKind(),
            proposal.getSubject().getId(),
            proposal.getPool(),
            proposal.getZone(),
            proposal.getTarget(),
            proposal.getDecider(),
            cut(proposal.getReason()),
            proposal.getIncident(),
            proposal.getProbability(),
            proposal.getHorizonMillis(),
            proposal.getConfidence(),
            proposal.getCostBytes(),
            proposal.getPriority(),
            proposal.getTimeMillis(),
            proposal.getExpiresMillis(),
            proposal.getLane());
    link(slot, Keys.of(proposal.getSubject()), proposal.getIncident());
    shrink();
  }

  /** Takes in one decision. */
  synchronized void decision(Decision decision) {
    if (wholes.containsKey(decision.getId())) {
      repeats++;
      return;
    }
    Slot slot = slot(decision.getProposal());
    Row row = row(decision);
    int at = slot.rows.size();
    while (at > 0 && OLDEST.compare(slot.rows.get(at - 1), row) > 0) {
      at--;
    }
    slot.rows.add(at, row);
    byte[] whole = decisions.encode(decision);
    wholes.put(row.id(), whole);
    proposalOf.put(row.id(), slot.id);
    bytes += whole.length;
    ordered.add(row);
    endings.merge(new Ending(row.outcome(), row.code()), 1L, Long::sum);
    link(slot, Keys.of(decision.getSubject()), decision.getIncident());
    if (slot.rows.size() > MAX_PER_PROPOSAL) {
      drop(slot.rows.remove(0));
    }
    wait(slot);
    if (!decision.getGuards().isEmpty()) {
      PoolGuards before = pools.get(row.pool());
      if (before == null ? pools.size() < MAX_POOLS : before.timeMillis() <= row.timeMillis()) {
        pools.put(
            row.pool(),
            new PoolGuards(
                row.pool(), row.timeMillis(), row.id(), List.copyOf(decision.getGuards())));
      }
    }
    shrink();
  }

  private Slot slot(String proposal) {
    return slots.computeIfAbsent(proposal, Slot::new);
  }

  private void wait(Slot slot) {
    slot.waits =
        !slot.rows.isEmpty()
            && slot.rows.get(slot.rows.size() - 1).outcome() == DecisionOutcome.WAITING;
    if (slot.waits) {
      waiting.put(slot.id, slot);
    } else {
      waiting.remove(slot.id);
    }
  }

  private void link(Slot slot, String subject, @Nullable String incident) {
    bySubject.computeIfAbsent(subject, key -> new LinkedHashSet<>()).add(slot.id);
    if (incident != null) {
      byIncident.computeIfAbsent(incident, key -> new LinkedHashSet<>()).add(slot.id);
    }
  }

  private void unlink(Slot slot) {
    Asked asked = slot.asked;
    if (asked != null) {
      drop(bySubject, Keys.of(asked.kind(), asked.subject()), slot.id);
      drop(byIncident, asked.incident(), slot.id);
    }
    for (Row row : slot.rows) {
      drop(bySubject, Keys.of(row.kind(), row.subject()), slot.id);
      drop(byIncident, row.incident(), slot.id);
    }
  }

  private static void drop(Map<String, Set<String>> index, @Nullable String key, String proposal) {
    Set<String> ids = key == null ? null : index.get(key);
    if (ids != null && ids.remove(proposal) && ids.isEmpty()) {
      index.remove(Objects.requireNonNull(key));
    }
  }

  private void drop(Row row) {
    ordered.remove(row);
    proposalOf.remove(row.id());
    byte[] whole = wholes.remove(row.id());
    bytes -= whole == null ? 0 : whole.length;
  }

  /** Forgets whole proposals, those that came first first; those that wait are put behind. */
  private void shrink() {
    int spared = 0;
    while (slots.size() > limits.proposals
        || wholes.size() > limits.decisions
        || bytes > limits.bytes) {
      Slot first = slots.values().iterator().next();
      if (slots.size() == 1) {
        return;
      }
      slots.remove(first.id);
      if (first.waits && spared < Math.min(waiting.size(), MAX_SPARED)) {
        slots.put(first.id, first);
        spared++;
        continue;
      }
      waiting.remove(first.id);
      unlink(first);
      for (Row row : List.copyOf(first.rows)) {
        drop(row);
      }
      byte[] whole = first.whole;
      bytes -= whole == null ? 0 : whole.length;
    }
  }

  private static Row row(Decision decision) {
    int passed = 0;
    for (GuardResult guard : decision.getGuards()) {
      passed += guard.getPassed() ? 1 : 0;
    }
    return new Row(
        decision.getId(),
        decision.getProposal(),
        decision.getAct(),
        decision.getSubject().getKind(),
        decision.getSubject().getId(),
        decision.getPool(),
        decision.getZone(),
        decision.getTarget(),
        decision.getOutcome(),
        decision.getCode(),
        cut(decision.getText()),
        decision.getMode(),
        passed,
        decision.getGuards().size(),
        decision.getIncident(),
        decision.getRule(),
        decision.getAdmission(),
        decision.getLockOwner(),
        decision.getApprovedBy(),
        decision.getLagMillis(),
        decision.getTimeMillis(),
        decision.getLane());
  }

  private static String cut(String text) {
    return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
  }

  /** One page of those that fit, the newest first. */
  synchronized FleetView.Page<Row> list(DecisionQuery query) {
    Collection<Row> from = ordered;
    Set<String> some = null;
    if (query.incident() != null) {
      some = byIncident.getOrDefault(query.incident(), Set.of());
    } else if (query.subject() != null) {
      some = bySubject.getOrDefault(query.subject(), Set.of());
    } else if (query.proposal() != null) {
      some = slots.containsKey(query.proposal()) ? Set.of(query.proposal()) : Set.of();
    }
    if (some != null) {
      List<Row> rows = new ArrayList<>();
      for (String id : some) {
        rows.addAll(held(id).rows);
      }
      rows.sort(NEWEST);
      from = rows;
    }
    List<Row> page = new ArrayList<>();
    int total = 0;
    for (Row row : from) {
      if (row.timeMillis() < query.sinceMillis()) {
        break;
      }
      if (query.matches(row)) {
        if (total >= query.offset() && page.size() < query.limit()) {
          page.add(row);
        }
        total++;
      }
    }
    return new FleetView.Page<>(total, List.copyOf(page));
  }

  private Slot held(String proposal) {
    Slot slot = slots.get(proposal);
    if (slot == null) {
      throw new IllegalStateException("the index names a proposal that is not held: " + proposal);
    }
    return slot;
  }

  /** One decision whole, null when it is not held. */
  synchronized @Nullable Detail detail(String id) {
    byte[] whole = wholes.get(id);
    String proposal = proposalOf.get(id);
    if (whole == null || proposal == null) {
      return null;
    }
    Slot slot = held(proposal);
    try {
      Decision decision = decisions.decode(whole);
      return new Detail(
          row(decision),
          decision,
          slot.whole == null ? null : proposals.decode(slot.whole),
          slot.copy());
    } catch (WireException e) {
      throw new IllegalStateException("what this view encoded cannot be decoded", e);
    }
  }

  /** What was proposed about an incident and how it ended, the newest first. */
  synchronized List<Case> ofIncident(String incident) {
    List<Case> cases = new ArrayList<>();
    for (String id : byIncident.getOrDefault(incident, Set.of())) {
      cases.add(held(id).copy());
    }
    cases.sort(Comparator.comparingLong(Case::timeMillis).reversed().thenComparing(Case::proposal));
    return cases;
  }

  /** What waits for an approval, that which waits longest first, also what has expired since. */
  synchronized List<Case> waiting() {
    List<Case> cases = new ArrayList<>();
    for (Slot slot : waiting.values()) {
      cases.add(slot.copy());
    }
    cases.sort(Comparator.comparingLong(Case::timeMillis).thenComparing(Case::proposal));
    return cases;
  }

  /** How many wait for an approval and have not expired. */
  synchronized int waitingAt(long nowMillis) {
    int count = 0;
    for (Slot slot : waiting.values()) {
      count += slot.asked == null || slot.asked.expiresMillis() > nowMillis ? 1 : 0;
    }
    return count;
  }

  /** What the guards of each pool said last, by pool. */
  synchronized List<PoolGuards> pools() {
    return List.copyOf(pools.values());
  }

  /** What is one number. */
  synchronized Figures figures() {
    Map<DecisionOutcome, Map<DecisionCode, Long>> sorted = new EnumMap<>(DecisionOutcome.class);
    endings.forEach(
        (ending, count) ->
            sorted
                .computeIfAbsent(ending.outcome(), key -> new EnumMap<>(DecisionCode.class))
                .put(ending.code(), count));
    Map<Ending, Long> inOrder = new LinkedHashMap<>();
    sorted.forEach(
        (outcome, codes) ->
            codes.forEach((code, count) -> inOrder.put(new Ending(outcome, code), count)));
    return new Figures(wholes.size(), slots.size(), waiting.size(), inOrder, bytes, repeats);
  }
}
