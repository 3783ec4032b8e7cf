package io.forestall.operators.correlate;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.WireException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Lets through the policy records that the rules take; one that makes no sense goes to the dead
 * letters and changes nothing. Runs once, before the broadcast, so that it makes one dead letter
 * and not one for each subtask. Policies of others pass by unread.
 */
public final class PolicyGate extends ProcessFunction<RouteControl, RouteControl>
    implements CheckpointedFunction {

  private static final long serialVersionUID = 1L;

  private final CorrelateSettings settings;
  private final Rules submitted;

  @SuppressWarnings("NullAway.Init")
  private transient RulesInForce rules;

  @SuppressWarnings("NullAway.Init")
  private transient Map<String, byte[]> taken;

  @SuppressWarnings("NullAway.Init")
  private transient ListState<Tuple2<String, byte[]>> state;

  @SuppressWarnings("NullAway.Init")
  private transient DeadLetters letters;

  @SuppressWarnings("NullAway.Init")
  private transient MetricGroup group;

  @SuppressWarnings("NullAway.Init")
  private transient Counter policies;

  /** A gate before the rules of a job. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public PolicyGate(CorrelateSettings settings, Rules submitted) {
    this.settings = settings;
    this.submitted = submitted;
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    rules = new RulesInForce(submitted.set());
    taken = new HashMap<>();
    state =
        context
            .getOperatorStateStore()
            .getListState(
                new ListStateDescriptor<>(
                    "gate-policies",
                    new TupleTypeInfo<>(
                        Types.STRING, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO)));
    for (Tuple2<String, byte[]> each : state.get()) {
      try {
        rules.take(each.f0, each.f1);
        taken.put(each.f0, each.f1);
      } catch (WireException | IllegalArgumentException e) {
        // The rules file has changed since; what no longer fits is not laid on it.
        continue;
      }
    }
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    state.clear();
    for (Map.Entry<String, byte[]> each : taken.entrySet()) {
      state.add(Tuple2.of(each.getKey(), each.getValue()));
    }
  }

  @Override
  public void open(OpenContext context) {
    letters = new DeadLetters("correlate");
    group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    policies = group.counter("policies");
  }

  @Override
  public void processElement(RouteControl control, Context context, Collector<RouteControl> out) {
    if (!ofRules(control.key())) {
      return;
    }
    byte[] record = control.policy();
    try {
      if (!rules.take(control.key(), record)) {
        return;
      }
    } catch (WireException e) {
      refuse(control, e.reason(), String.valueOf(e.getMessage()), context);
      return;
    } catch (IllegalArgumentException e) {
      refuse(control, DeadReason.OUT_OF_RANGE, String.valueOf(e.getMessage()), context);
      return;
    }
    if (record == null) {
      taken.remove(control.key());
    } else {
      taken.put(control.key(), record);
    }
    policies.inc();
    out.collect(control);
  }

  /** Keys are scope/kind/id; the scope may hold slashes, the identifier may too. */
  private static boolean ofRules(String key) {
    return key.contains("/rule/") || key.contains("/threshold/");
  }

  private void refuse(RouteControl control, DeadReason reason, String text, Context context) {
    DeadLetter letter =
        letters.record(
            Topics.POLICIES.name(settings.topicPrefix()),
            control.partition(),
            control.offset(),
            0,
            reason,
            "policy " + control.key() + ": " + text,
            control.policy() == null ? new byte[0] : control.policy(),
            1);
    group.addGroup("reason", reason.name()).counter("deadLetters").inc();
    context.output(CorrelateTags.DEAD_LETTERS, letter);
  }
}
