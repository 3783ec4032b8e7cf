package io.forestall.operators.alert;

import io.forestall.decisions.Decider;
import io.forestall.decisions.alert.Alert;
import io.forestall.decisions.alert.AlertDecider;
import io.forestall.decisions.alert.AlertInput;
import io.forestall.decisions.alert.AlertState;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.operators.PoolBrain;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.GuardKeys;
import io.forestall.wire.Keys;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the decider of alerts run in a {@link io.forestall.operators.PoolOperator}: keeps the
 * silences that pools share.
 */
public final class AlertBrain implements PoolBrain<AlertState, DecideInput, DecideInput, Alert> {

  private static final Logger LOG = LoggerFactory.getLogger(AlertBrain.class);
  private static final String SILENCE_ROW = "silence/";

  private final PolicyRecords records;
  private final Inner decider;
  private final Counter told;
  private final Counter ended;
  private final Map<String, PolicyRecord> silences = new TreeMap<>();

  private AlertBrain(PolicyRecords records, AlertSettings settings, MetricGroup metrics) {
    this.records = records;
    this.decider = new Inner(new AlertDecider(settings.rules()));
    this.told = metrics.counter("alertsTold");
    this.ended = metrics.counter("alertsEnded");
    metrics.gauge("silencesKnown", silences::size);
  }

  /**
   * Makes brains where the job runs.
   *
   * @param keys whose signatures count for policies
   */
  public static PoolBrain.Factory<AlertState, DecideInput, DecideInput, Alert> factory(
      AlertSettings settings, GuardKeys keys) {
    return (context, metrics) -> {
      try {
        return new AlertBrain(new PolicyRecords(keys.operators()), settings, metrics);
      } catch (Signatures.KeyFileException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    };
  }

  @Override
  public Decider<AlertState, DecideInput, Alert> decider() {
    return decider;
  }

  @Override
  public void restoreShared(String row, byte[] body) {
    String key = row.substring(SILENCE_ROW.length());
    PolicyRecord record = silence(key, body);
    if (record != null) {
      silences.put(key, record);
    }
  }

  @Override
  public boolean share(DecideInput input, SharedRows rows) throws Exception {
    if (!(input instanceof DecideInput.PolicyRead read)) {
      return false;
    }
    PolicyRecord record = read.value() == null ? null : silence(read.policy(), read.value());
    boolean known = silences.containsKey(read.policy());
    if (record != null) {
      silences.put(read.policy(), record);
      rows.put(SILENCE_ROW + read.policy(), read.value());
    } else if (known && read.value() == null) {
      silences.remove(read.policy());
      rows.put(SILENCE_ROW + read.policy(), null);
    }
    return record != null || (known && read.value() == null);
  }

  /** The record when it is a silence or a maintenance window, else null. */
  private @Nullable PolicyRecord silence(String key, byte[] value) {
    try {
      PolicyRecord record = records.read(Keys.bytes(key), value);
      return record.kind() == PolicyRecord.Kind.SILENCE
              || record.kind() == PolicyRecord.Kind.MAINTENANCE
          ? record
          : null;
    } catch (WireException e) {
      // The gate before has said so. A silence that cannot be believed silences nothing.
      LOG.warn("policy {} is not believed: {}", key, e.getMessage());
      return null;
    }
  }

  @Override
  public List<DecideInput> greetings(String key) {
    return news(key);
  }

  @Override
  public List<DecideInput> news(String key) {
    return List.of(new DecideInput.ForPool(key, SILENCES));
  }

  /** What stands for "the silences changed" among the inputs of a pool. */
  private static final GuardInput SILENCES = new GuardInput.Started("silences");

  /** The decider of alerts behind the inputs of the decide job. */
  private final class Inner implements Decider<AlertState, DecideInput, Alert> {
    private final AlertDecider alerts;

    Inner(AlertDecider alerts) {
      this.alerts = alerts;
    }

    @Override
    public AlertState empty(String pool) {
      return alerts.empty(pool);
    }

    @Override
    public void decide(AlertState state, DecideInput input, long nowMillis, Consumer<Alert> out) {
      if (!(input instanceof DecideInput.ForPool forPool)) {
        return;
      }
      if (forPool.input() == SILENCES) {
        hear(state, nowMillis, out);
      } else if (forPool.input() instanceof GuardInput.IncidentChanged changed) {
        alerts.decide(
            state,
            new AlertInput.IncidentChanged(changed.incident()),
            nowMillis,
            alert -> count(alert, out));
      }
    }

    private void hear(AlertState state, long nowMillis, Consumer<Alert> out) {
      alerts.decide(
          state,
          new AlertInput.SilencesChanged(List.copyOf(silences.values())),
          nowMillis,
          alert -> count(alert, out));
    }

    @Override
    public void wake(AlertState state, long nowMillis, Consumer<Alert> out) {
      alerts.wake(state, nowMillis, alert -> count(alert, out));
    }

    @Override
    public long alarmMillis(AlertState state) {
      return alerts.alarmMillis(state);
    }

    private void count(Alert alert, Consumer<Alert> out) {
      (alert.resolved() ? ended : told).inc();
      out.accept(alert);
    }
  }
}
