package io.forestall.operators.correlate;

import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.types.RecordFormat;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.cep.nfa.NFAState;
import org.apache.flink.cep.nfa.NFAStateSerializer;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.nfa.compiler.NFACompiler;
import org.apache.flink.cep.operator.CepOperator;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.InternalTimer;

/**
 * Flink's CEP operator for one rule, keyed by correlation key. Unlike Flink's own, it leaves no
 * state behind for a key under which no run is open.
 */
public final class RuleOperator extends CepOperator<Symptom, String, IncidentInput> {

  private static final long serialVersionUID = 1L;

  /** Flink's own name of the state; the same descriptor gives the same state. */
  private static final String RUNS = "nfaStateName";

  private transient ValueState<NFAState> runs;

  /**
   * An operator of one rule.
   *
   * @param rules the rules of the job
   * @param id the rule
   */
  @SuppressWarnings("NullAway") // without a side output CEP only counts what is late
  public RuleOperator(Rules rules, String id) {
    super(
        RecordFormat.SYMPTOM.serializer(Symptom.class),
        false,
        NFACompiler.compileFactory(RulePatterns.pattern(rules, id), false),
        RulePatterns.ties(),
        AfterMatchSkipStrategy.skipPastLastEvent(),
        RulePatterns.matches(rules, id),
        null);
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    runs =
        context
            .getKeyedStateStore()
            .getState(new ValueStateDescriptor<>(RUNS, new NFAStateSerializer()));
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    super.onEventTime(timer);
    NFAState state = runs.value();
    if (state != null
        && state.getCompletedMatches().isEmpty()
        && state.getPartialMatches().stream().allMatch(run -> run.getStartEventID() == null)) {
      runs.clear();
    }
  }
}
