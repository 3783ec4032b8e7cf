package io.forestall.operators.correlate;

import io.forestall.decisions.Decider;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentDecider;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.IncidentState;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.PoolBrain;
import io.forestall.operators.PoolOperator;
import io.forestall.operators.PoolTime;
import io.forestall.operators.types.RecordFormat;
import io.forestall.wire.WireException;
import java.util.Comparator;
import java.util.HashSet;

/** The incident decider under the rules in force. For one thread. */
public final class IncidentBrain
    implements PoolBrain<IncidentState, IncidentInput, RouteControl, Incident> {

  private final RulesInForce rules;
  private final IncidentDecider decider;
  private long reachedMillis = Long.MIN_VALUE;

  private IncidentBrain(Rules submitted) {
    this.rules = new RulesInForce(submitted.set());
    this.decider = new IncidentDecider(() -> rules.at(reachedMillis));
  }

  /** The operator that makes incidents; keyed by {@link CorrelateTags#pool}. */
  public static PoolOperator<IncidentState, IncidentInput, RouteControl, Incident> operator(
      Rules submitted) {
    return PoolOperator.eventTime(
        (context, metrics) -> new IncidentBrain(submitted),
        new InTime(submitted.set()),
        RecordFormat.INCIDENT_INPUT.info(IncidentInput.class));
  }

  @Override
  public Decider<IncidentState, IncidentInput, Incident> decider() {
    return decider;
  }

  @Override
  public void timeReached(long nowMillis) {
    reachedMillis = nowMillis;
  }

  @Override
  public void restoreShared(String row, byte[] body) {
    try {
      rules.take(row, body);
    } catch (WireException e) {
      throw new IllegalArgumentException("policy " + row + " cannot be read any more", e);
    }
  }

  @Override
  public boolean share(RouteControl control, SharedRows rows) throws Exception {
    if (control.kind() != RouteControl.Kind.POLICY) {
      return false;
    }
    try {
      if (rules.take(control.key(), control.policy())) {
        rows.put(control.key(), control.policy());
      }
    } catch (WireException | IllegalArgumentException e) {
      // The gate told of it; the last good policy stays.
      return false;
    }
    return false;
  }

  /** At the same time a match opens before other events join, and what clears comes last. */
  private static final class InTime implements PoolTime<IncidentInput> {
    private static final long serialVersionUID = 1L;

    private static final Comparator<IncidentInput> TIES =
        Comparator.comparingInt(InTime::rank)
            .thenComparing(input -> first(input).rule())
            .thenComparing(input -> first(input).key())
            .thenComparing(input -> first(input).event().id());

    /** Rules that may fire on arrival, by their shape, which never changes while the job runs. */
    private final HashSet<String> prompt = new HashSet<>();

    InTime(RuleSet rules) {
      for (Rule rule : rules.rules()) {
        if (rule.needsOneEvent() && rule.key().size() == 1) {
          prompt.add(rule.id());
        }
      }
    }

    @Override
    public long timeMillis(IncidentInput input) {
      return input.timeMillis();
    }

    @Override
    public int compareSameTime(IncidentInput one, IncidentInput other) {
      return TIES.compare(one, other);
    }

    @Override
    public boolean atOnce(IncidentInput input) {
      // The decider itself lets those wait that need not be told on arrival.
      return input instanceof IncidentInput.Matched matched
          ? matched.symptoms().size() == 1
          : first(input).clears() && prompt.contains(first(input).rule());
    }

    private static int rank(IncidentInput input) {
      if (input instanceof IncidentInput.Matched) {
        return 0;
      }
      return first(input).clears() ? 2 : 1;
    }

    private static Symptom first(IncidentInput input) {
      return input instanceof IncidentInput.Matched matched
          ? matched.symptoms().get(0)
          : ((IncidentInput.Seen) input).symptom();
    }
  }
}
