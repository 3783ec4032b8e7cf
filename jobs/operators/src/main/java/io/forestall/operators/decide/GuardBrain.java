package io.forestall.operators.decide;

import io.forestall.decisions.Decider;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.GuardState;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.PolicySet;
import io.forestall.decisions.guard.PoolArbiter;
import io.forestall.operators.PoolBrain;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.GuardRecords;
import io.forestall.wire.IncidentRecords;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the arbiter of each pool run in a {@link io.forestall.operators.PoolOperator}: keeps the
 * policies, zones and models that pools share, tells each pool of the start, and turns what the
 * guard says into records, admissions signed. Rows G4, G6, G11.
 *
 * <p>Without a signing key MODE policies are left out of what the arbiter sees, so every act is
 * only advised.
 */
public final class GuardBrain implements PoolBrain<GuardState, DecideInput, DecideInput, Said> {

  private static final Logger LOG = LoggerFactory.getLogger(GuardBrain.class);

  private static final String POLICY_ROW = "policy/";
  private static final String ZONE_ROW = "zone/";
  private static final String MODEL_ROW = "model/";

  /** Versions of one model whose age is known; older ones score nothing any more. */
  private static final int MODEL_VERSIONS = 16;

  private final PolicyRecords records;
  private final Signatures.@Nullable Signer signer;
  private final AdmissionRecords admissions = new AdmissionRecords();
  private final Arbiter arbiter;
  private final String incarnation;
  private final Counter unsignedDropped;
  private final MetricGroup metrics;
  private final Map<String, Counter> decided = new HashMap<>();
  private final GuardFigures figures;

  private final Map<String, PolicyRecord> policies = new TreeMap<>();
  private final Map<String, DecideInput.ZoneRead> zones = new TreeMap<>();
  private final Map<String, DecideInput.ModelRead> models = new TreeMap<>();
  private final Set<String> synced = new HashSet<>();
  private long policyVersion;
  private @Nullable PolicySet set;

  /** What the last shared input means for each pool. */
  private Telling news = (key, out) -> {};

  private interface Telling {
    /** Adds what a pool must hear. */
    void tell(String key, List<DecideInput> out);
  }

  /**
   * A brain.
   *
   * @param records reads policies
   * @param signer key of the guard, null when it only advises
   * @param arbiter decides
   * @param incarnation unique to this start
   * @param metrics group {@code forestall} of the operator
   */
  GuardBrain(
      PolicyRecords records,
      Signatures.@Nullable Signer signer,
      PoolArbiter arbiter,
      String incarnation,
      MetricGroup metrics) {
    this.records = records;
    this.signer = signer;
    this.arbiter = new Arbiter(arbiter);
    this.incarnation = incarnation;
    this.metrics = metrics;
    this.figures = new GuardFigures(metrics);
    this.unsignedDropped = metrics.counter("admissionsWithoutKey");
    metrics.gauge("policyVersion", () -> policyVersion);
    metrics.gauge("acting", () -> signer == null ? 0 : 1);
  }

  /**
   * Makes brains where the job runs.
   *
   * @param settings the job's settings
   */
  public static PoolBrain.Factory<GuardState, DecideInput, DecideInput, Said> factory(
      DecideSettings settings) {
    return (context, metrics) -> {
      try {
        Signatures.Signer signer = settings.keys().signer();
        if (context.getTaskInfo().getIndexOfThisSubtask() == 0) {
          LOG.info(
              signer == null
                  ? "no signing key: the guard advises and admits nothing"
                  : "admissions are signed with key {}",
              signer == null ? "" : signer.keyId());
        }
        return new GuardBrain(
            new PolicyRecords(settings.keys().operators()),
            signer,
            settings.arbiter(),
            UUID.randomUUID().toString(),
            metrics);
      } catch (Signatures.KeyFileException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    };
  }

  @Override
  public Decider<GuardState, DecideInput, Said> decider() {
    return arbiter;
  }

  @Override
  public void restoreShared(String row, byte[] body) {
    try {
      DecideInput input = DecideInputFormat.read(new DataInputDeserializer(body));
      if (input instanceof DecideInput.PolicyRead read) {
        keep(read, record(read));
      } else if (input instanceof DecideInput.ZoneRead zone) {
        zones.put(zone.zone(), zone);
      } else if (input instanceof DecideInput.ModelRead model) {
        models.put(row, model);
      }
    } catch (IOException e) {
      throw new IllegalStateException("the row '" + row + "' of the checkpoint cannot be read", e);
    } catch (WireException e) {
      // It was good when it was kept: the trusted keys have changed since. It does not count.
      LOG.warn("policy {} of the checkpoint is not believed any more: {}", row, e.getMessage());
    }
  }

  @Override
  public boolean share(DecideInput input, SharedRows rows) throws Exception {
    if (input instanceof DecideInput.PolicyRead read) {
      return policy(read, rows);
    } else if (input instanceof DecideInput.ZoneRead zone) {
      zone(zone, rows);
      return true;
    } else if (input instanceof DecideInput.ModelRead model) {
      model(model, rows);
      return true;
    }
    throw new IllegalStateException("nothing that pools share: " + input.getClass());
  }

  private boolean policy(DecideInput.PolicyRead read, SharedRows rows) throws Exception {
    String row = POLICY_ROW + read.policy();
    policyVersion = Math.max(policyVersion, read.offset());
    set = null;
    if (read.value() == null) {
      policies.remove(read.policy());
      rows.put(row, null);
      news = this::policiesChanged;
      return true;
    }
    PolicyRecord record;
    try {
      record = record(read);
    } catch (WireException e) {
      // The gate has said so; here the last good one stays.
      return false;
    }
    String mark = Policies.incarnation(record);
    if (mark != null) {
      if (!mark.equals(incarnation)) {
        return false;
      }
      synced.add(mark);
      String pool = Policies.pool(record);
      news =
          (key, out) -> {
            if (key.equals(pool)) {
              policiesChanged(key, out);
            }
          };
      return true;
    }
    keep(read, record);
    rows.put(row, bytes(read));
    news = this::policiesChanged;
    return true;
  }

  private void keep(DecideInput.PolicyRead read, PolicyRecord record) {
    policyVersion = Math.max(policyVersion, read.offset());
    if (signer != null || record.kind() != PolicyRecord.Kind.MODE) {
      policies.put(read.policy(), record);
    }
    set = null;
  }

  private PolicyRecord record(DecideInput.PolicyRead read) throws WireException {
    return Policies.read(records, read.policy(), Objects.requireNonNull(read.value()));
  }

  private void policiesChanged(String key, List<DecideInput> out) {
    PolicySet current = set;
    if (current == null) {
      current = PolicySet.of(policies.values(), synced, policyVersion);
      set = current;
    }
    out.add(new DecideInput.ForPool(key, new GuardInput.PoliciesChanged(current)));
  }

  private void zone(DecideInput.ZoneRead zone, SharedRows rows) throws Exception {
    DecideInput.ZoneRead before =
        zone.members() == null ? zones.remove(zone.zone()) : zones.put(zone.zone(), zone);
    rows.put(ZONE_ROW + zone.zone(), zone.members() == null ? null : bytes(zone));
    news =
        (key, out) -> {
          if (concerns(zone, key)) {
            out.add(zoneChanged(key, zone));
          } else if (before != null && concerns(before, key)) {
            out.add(
                new DecideInput.ForPool(key, new GuardInput.ZoneChanged(zone.zone(), List.of())));
          }
        };
  }

  /** A zone whose members are of several pools concerns all of them. */
  private static boolean concerns(DecideInput.ZoneRead zone, String pool) {
    return zone.members() != null && (zone.pool() == null || pool.equals(zone.pool()));
  }

  private static DecideInput zoneChanged(String key, DecideInput.ZoneRead zone) {
    return new DecideInput.ForPool(
        key,
        new GuardInput.ZoneChanged(
            zone.zone(), Objects.requireNonNullElse(zone.members(), List.of())));
  }

  private void model(DecideInput.ModelRead model, SharedRows rows) throws Exception {
    String row = MODEL_ROW + model.model() + "/" + model.version();
    models.put(row, model);
    rows.put(row, bytes(model));
    List<DecideInput.ModelRead> versions = new ArrayList<>();
    for (DecideInput.ModelRead each : models.values()) {
      if (each.model().equals(model.model())) {
        versions.add(each);
      }
    }
    versions.sort((one, other) -> Integer.compare(other.version(), one.version()));
    for (int i = MODEL_VERSIONS; i < versions.size(); i++) {
      String old = MODEL_ROW + model.model() + "/" + versions.get(i).version();
      models.remove(old);
      rows.put(old, null);
    }
    news = (key, out) -> out.add(published(key, model));
  }

  private static DecideInput published(String key, DecideInput.ModelRead model) {
    return new DecideInput.ForPool(
        key,
        new GuardInput.ModelPublished(
            model.model(), model.version(), model.publishedMillis(), model.demoted()));
  }

  private static byte[] bytes(DecideInput input) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(256);
    DecideInputFormat.write(input, out);
    return out.getCopyOfBuffer();
  }

  @Override
  public List<DecideInput> greetings(String key) {
    List<DecideInput> all = new ArrayList<>();
    policiesChanged(key, all);
    for (DecideInput.ZoneRead zone : zones.values()) {
      if (concerns(zone, key)) {
        all.add(zoneChanged(key, zone));
      }
    }
    for (DecideInput.ModelRead model : models.values()) {
      all.add(published(key, model));
    }
    all.add(new DecideInput.ForPool(key, new GuardInput.Started(incarnation)));
    return all;
  }

  @Override
  public List<DecideInput> news(String key) {
    List<DecideInput> out = new ArrayList<>();
    news.tell(key, out);
    return out;
  }

  /** The arbiter between the job's inputs and its records. */
  private final class Arbiter implements Decider<GuardState, DecideInput, Said> {

    private final PoolArbiter inner;

    Arbiter(PoolArbiter inner) {
      this.inner = inner;
    }

    @Override
    public GuardState empty(String key) {
      return inner.empty(key);
    }

    @Override
    public void decide(
        GuardState state, DecideInput event, long nowMillis, Consumer<Said> decisions) {
      inner.decide(
          state,
          ((DecideInput.ForPool) event).input(),
          nowMillis,
          output -> say(output, nowMillis, decisions));
      figures.look(state, nowMillis);
    }

    @Override
    public void wake(GuardState state, long nowMillis, Consumer<Said> decisions) {
      inner.wake(state, nowMillis, output -> say(output, nowMillis, decisions));
      figures.look(state, nowMillis);
    }

    @Override
    public long alarmMillis(GuardState state) {
      return inner.alarmMillis(state);
    }
  }

  private void say(GuardOutput output, long nowMillis, Consumer<Said> out) {
    if (output instanceof GuardOutput.Made made) {
      out.accept(new Said(Said.Topic.PROPOSALS, GuardRecords.of(made.proposal())));
    } else if (output instanceof GuardOutput.Decided decided) {
      count(decided.decision());
      out.accept(new Said(Said.Topic.DECISIONS, GuardRecords.of(decided.decision())));
    } else if (output instanceof GuardOutput.Logged logged) {
      log(logged.admission(), out);
    } else if (output instanceof GuardOutput.Synced mark) {
      out.accept(
          new Said(Said.Topic.POLICIES, Policies.mark(mark.incarnation(), mark.pool(), nowMillis)));
    } else if (output instanceof GuardOutput.Noticed noticed) {
      out.accept(new Said(Said.Topic.EVENTS, IncidentRecords.event(noticed.event())));
    }
  }

  private void log(Admission admission, Consumer<Said> out) {
    if (signer == null && admission.state() != Admission.State.STARTED) {
      // It cannot be: no MODE policy reaches a guard without a key. Saying nothing is the safe way.
      unsignedDropped.inc();
      LOG.error("admission {} was to be written without a key: dropped", admission.id());
      return;
    }
    out.accept(new Said(Said.Topic.ADMISSIONS, admissions.of(admission, signer)));
  }

  private void count(GuardDecision decision) {
    String outcome = decision.outcome().name();
    String code = decision.code().name();
    decided
        .computeIfAbsent(
            outcome + "/" + code,
            each ->
                metrics.addGroup("outcome", outcome).addGroup("code", code).counter("decisions"))
        .inc();
  }
}
