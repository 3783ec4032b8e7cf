package io.forestall.operators.decide;

import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.WireException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Judges policy records, one by one, before every pool hears of them (G1, G12): what makes no
 * sense, or lacks a signature that it needs, is a dead letter, and the last good record of its key
 * stays in force. One instance; rules of the correlate job pass by.
 */
public final class PolicyGate extends ProcessFunction<DecideInput, DecideInput>
    implements CheckpointedFunction {

  /** Name of the state; a name in savepoints, never to change. */
  public static final String POLICIES = "policies-in-force";

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_BYTES = {};

  private final GuardKeys keys;
  private final String topic;

  private transient ListState<DecideInput> kept;
  private transient Map<String, DecideInput.PolicyRead> inForce;
  private transient PolicyRecords records;
  private transient DeadLetters letters;
  private transient Counter refused;

  /**
   * A gate.
   *
   * @param keys whose signatures count
   * @param topic full name of the policies topic, for dead letters
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public PolicyGate(GuardKeys keys, String topic) {
    this.keys = keys;
    this.topic = topic;
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    kept =
        context
            .getOperatorStateStore()
            .getListState(new ListStateDescriptor<>(POLICIES, DecideInput.type()));
    inForce = new HashMap<>();
    for (DecideInput each : kept.get()) {
      inForce.put(each.key(), (DecideInput.PolicyRead) each);
    }
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    kept.update(List.copyOf(inForce.values()));
  }

  @Override
  @SuppressWarnings("NullAway.Init") // Flink restores the state before it opens
  public void open(OpenContext context) throws Exception {
    records = new PolicyRecords(keys.operators());
    letters = new DeadLetters(DecideReader.COMPONENT);
    MetricGroup group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    refused = group.counter("policyRecordsRefused");
    group.gauge("policyRecordsInForce", () -> inForce.size());
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out) {
    DecideInput.PolicyRead read = (DecideInput.PolicyRead) input;
    try {
      if (read.value() == null) {
        if (takeBack(read, context.timerService().currentProcessingTime())) {
          out.collect(read);
        }
        return;
      }
      PolicyRecord record = record(read);
      if (Policies.matters(record)) {
        if (record.kind() != PolicyRecord.Kind.SYNC) {
          DecideInput.PolicyRead current = inForce.get(read.policy());
          String older =
              current == null ? null : records.orderProblem(bytes(current.value()), record);
          if (older != null) {
            throw new WireException(DeadReason.OUT_OF_RANGE, older);
          }
          inForce.put(read.policy(), read);
        }
        out.collect(read);
      }
    } catch (WireException e) {
      refuse(read, e.reason(), String.valueOf(e.getMessage()), context);
    } catch (RuntimeException e) {
      refuse(read, DeadReason.OTHER, "policy: " + e.getMessage(), context);
    }
  }

  private boolean takeBack(DecideInput.PolicyRead tombstone, long nowMillis) throws WireException {
    DecideInput.PolicyRead current = inForce.get(tombstone.policy());
    if (current == null) {
      return false;
    }
    String problem = records.tombstoneProblem(record(current), nowMillis);
    if (problem != null) {
      throw new WireException(DeadReason.OTHER, problem);
    }
    inForce.remove(tombstone.policy());
    return true;
  }

  private PolicyRecord record(DecideInput.PolicyRead read) throws WireException {
    return Policies.read(records, read.policy(), bytes(read.value()));
  }

  private static byte[] bytes(byte @Nullable [] value) {
    return value == null ? NO_BYTES : value;
  }

  private void refuse(
      DecideInput.PolicyRead read, DeadReason reason, String detail, Context context) {
    refused.inc();
    context.output(
        DecideTags.DEAD_LETTERS,
        letters.record(
            topic,
            read.partition(),
            read.offset(),
            context.timerService().currentProcessingTime(),
            reason,
            detail + ": the last good record of '" + read.policy() + "' stays in force",
            bytes(read.value()),
            0));
  }
}
