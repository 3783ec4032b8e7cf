package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionGrant;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.BudgetShare;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.UnitEpoch;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The fold of the admissions log by pool: what is in flight, which units it locks, what it takes
 * from each budget. As the guard reads it: an admission counts when its sequence is the next of its
 * pool; another one with that number is void. Signatures are not checked here: this is for looking,
 * nothing acts on it. Fed in the order of the log. Thread-safe. Rows G4, G11.
 */
final class AdmissionView {
  private static final int MAX_POOLS = 1000;
  private static final int MAX_IN_FLIGHT = 20_000;
  private static final int MAX_ENDED = 2_000;

  /** An admitted act as it stands. */
  record Act(
      String id,
      int revision,
      AdmissionState state,
      String proposal,
      ActKind act,
      EntityKind kind,
      String subject,
      String pool,
      @Nullable String zone,
      boolean predicted,
      List<UnitEpoch> units,
      @Nullable EntityRef source,
      @Nullable EntityRef target,
      List<BudgetShare> budget,
      long sequence,
      long issuedMillis,
      long expiresMillis,
      long timeMillis,
      String text,
      String keyId) {}

  /**
   * One budget of a pool.
   *
   * @param scope for example {@code pool/p1}, {@code zone/z3} or {@code kind/failover}
   * @param inFlight what acts in flight take from it; acts
   * @param limit what the newest admission that took from it shows; acts
   */
  record Budget(String scope, double inFlight, double limit, long sinceMillis) {}

  /** One pool: acts in flight in the order in which they were admitted, and its budgets. */
  record Pool(
      String pool,
      long sequence,
      @Nullable String incarnation,
      long startedMillis,
      long voids,
      List<Act> inFlight,
      List<Budget> budgets) {}

  private static final class Log {
    long sequence;
    long voids;
    @Nullable String incarnation;
    long startedMillis;
    final LinkedHashMap<String, Act> inFlight = new LinkedHashMap<>();
    final TreeMap<String, Budget> limits = new TreeMap<>();
  }

  private final AvroCodec<AdmissionGrant> grants = AvroCodec.of(AdmissionGrant.class);
  private final Map<String, Log> logs = new TreeMap<>();
  private final LinkedHashMap<String, Act> ended = new LinkedHashMap<>();
  private int inFlight;

  /**
   * Takes in one record of the log.
   *
   * @throws WireException when its grant cannot be read
   */
  synchronized void admission(Admission admission) throws WireException {
    Log log = logs.get(admission.getPool());
    if (log == null) {
      if (logs.size() >= MAX_POOLS) {
        return;
      }
      log = new Log();
      logs.put(admission.getPool(), log);
    }
    if (admission.getState() == AdmissionState.STARTED) {
      log.incarnation = admission.getId();
      log.startedMillis = admission.getTimeMillis();
      return;
    }
    if (admission.getState() == AdmissionState.ADMITTED) {
      Act act = act(admission);
      // The log is kept for ever; where it was cut all the same, what follows counts.
      if (act.sequence() <= log.sequence || inFlight >= MAX_IN_FLIGHT) {
        log.voids++;
        return;
      }
      log.sequence = act.sequence();
      log.inFlight.put(act.id(), act);
      inFlight++;
      for (BudgetShare share : act.budget()) {
        double taken = taken(log, share.getScope());
        log.limits.put(
            share.getScope(),
            new Budget(share.getScope(), taken, share.getLeft() + taken, act.timeMillis()));
      }
      return;
    }
    Act before = log.inFlight.remove(admission.getId());
    if (before == null) {
      return;
    }
    inFlight--;
    ended.put(
        before.id(),
        new Act(
            before.id(),
            admission.getRevision(),
            admission.getState(),
            before.proposal(),
            before.act(),
            before.kind(),
            before.subject(),
            before.pool(),
            before.zone(),
            before.predicted(),
            before.units(),
            before.source(),
            before.target(),
            before.budget(),
            before.sequence(),
            before.issuedMillis(),
            before.expiresMillis(),
            admission.getTimeMillis(),
            admission.getText(),
            admission.getKeyId()));
    if (ended.size() > MAX_ENDED) {
      ended.remove(ended.keySet().iterator().next());
    }
  }

  private Act act(Admission admission) throws WireException {
    ByteBuffer buffer = admission.getGrant().duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    AdmissionGrant grant = grants.decode(bytes);
    return new Act(
        grant.getId(),
        admission.getRevision(),
        admission.getState(),
        grant.getProposal(),
        grant.getAct(),
        grant.getSubject().getKind(),
        grant.getSubject().getId(),
        grant.getPool(),
        admission.getZone(),
        grant.getPredicted(),
        List.copyOf(grant.getUnits()),
        grant.getSource(),
        grant.getTarget(),
        List.copyOf(admission.getBudget()),
        grant.getSequence(),
        grant.getIssuedMillis(),
        grant.getExpiresMillis(),
        admission.getTimeMillis(),
        admission.getText(),
        admission.getKeyId());
  }

  private static double taken(Log log, String scope) {
    double sum = 0;
    for (Act act : log.inFlight.values()) {
      for (BudgetShare share : act.budget()) {
        if (share.getScope().equals(scope)) {
          sum += share.getAmount();
        }
      }
    }
    return sum;
  }

  /** All pools by name. */
  synchronized List<Pool> pools() {
    List<Pool> pools = new ArrayList<>();
    logs.forEach(
        (name, log) -> {
          List<Budget> budgets = new ArrayList<>();
          for (Budget budget : log.limits.values()) {
            budgets.add(
                new Budget(
                    budget.scope(),
                    taken(log, budget.scope()),
                    budget.limit(),
                    budget.sinceMillis()));
          }
          pools.add(
              new Pool(
                  name,
                  log.sequence,
                  log.incarnation,
                  log.startedMillis,
                  log.voids,
                  List.copyOf(log.inFlight.values()),
                  budgets));
        });
    return pools;
  }

  /** One act by the id of its admission, null when it is not held. */
  synchronized @Nullable Act act(String id) {
    for (Log log : logs.values()) {
      Act act = log.inFlight.get(id);
      if (act != null) {
        return act;
      }
    }
    return ended.get(id);
  }

  /** Acts in flight of all pools. */
  synchronized int inFlight() {
    return inFlight;
  }
}
