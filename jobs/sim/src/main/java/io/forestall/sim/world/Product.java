package io.forestall.sim.world;

import io.forestall.decisions.Decider;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.guard.PoolArbiter;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentDecider;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.RuleSet;

/** The deciders that a simulation runs: those of the product, or a test's own. */
public interface Product {

  /** A new arbiter. */
  Decider<?, GuardInput, GuardOutput> arbiter();

  /** A new decider of incidents under these rules. */
  Decider<?, IncidentInput, Incident> incidents(RuleSet rules);

  /** What the jobs run. */
  static Product shipped() {
    return new Product() {
      @Override
      public Decider<?, GuardInput, GuardOutput> arbiter() {
        return new PoolArbiter();
      }

      @Override
      public Decider<?, IncidentInput, Incident> incidents(RuleSet rules) {
        return new IncidentDecider(() -> rules);
      }
    };
  }
}
