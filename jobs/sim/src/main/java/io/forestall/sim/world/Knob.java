package io.forestall.sim.world;

/**
 * One number of a {@link Scenario}: how much of a workload or of a fault there is. Rates are per
 * simulated hour.
 */
public enum Knob {
  /** Pools of the world; count. */
  POOLS(2),
  /** Nodes of each pool; count. */
  NODES(9),
  /** Units of each pool, three copies each; count. */
  UNITS(8),
  /** How long the world lives before it comes to rest; hours. */
  HOURS(3),
  /** Nodes whose risk grows, per pool and hour. */
  DECAYS(1.5),
  /** Share of the growing risks that come to nothing. */
  FALSE_PREDICTIONS(0.4),
  /** Storms in which many nodes of a pool are at risk at once, per pool and hour. */
  STORMS(0),
  /** Bursts of events that rules join, per pool and hour. */
  BURSTS(3),
  /** Proposals of other deciders, per pool and hour. */
  PROPOSALS(6),
  /** Times at which four acts are proposed for one unit at once, per pool and hour. */
  CONTESTS(0.6),
  /** Share of the pools in which acts may be done. */
  ACT(0.85),
  /** Share of these in which each act needs an approval. */
  APPROVALS(0.25),
  /** Changes of budgets, per pool and hour. */
  BUDGETS(0.3),
  /** Maintenance windows, per pool and hour. */
  MAINTENANCES(0.6),
  /** Silences, pins and overrides, per pool and hour. */
  WORDS(0.6),
  /** Halts, per pool and hour. */
  HALTS(0.15),
  /** Admitted acts that an operator ends, share. */
  CANCELS(0.1),
  /** Policies that make no sense, per hour. */
  NONSENSE(0.5),
  /** Copies that are lost without a failed node, per pool and hour. */
  LOST_COPIES(1),
  /** Failure zones that open, per pool and hour. */
  ZONES(0.4),
  /** Nodes that leave for good, per pool and hour. */
  LEAVES(0.15),
  /** Times at which a pool's telemetry falls silent, per pool and hour. */
  BLACKOUTS(0.1),
  /** Share of worlds in which no new model is published for long. */
  OLD_MODELS(0.05),
  /** Share of sends that are lost and tried again. */
  LOSS(0.02),
  /** Share of sends that arrive twice. */
  DUPLICATES(0.02),
  /** Longest ordinary delay of a record; milliseconds. */
  DELAY_MILLIS(200),
  /** Share of events that come later than the bound of the watermark. */
  LATE(0.03),
  /** Crashes of each job, per hour. */
  CRASHES(0.5),
  /** Share of the restores that take any earlier checkpoint, not the newest. */
  OLD_RESTORES(0.4),
  /** Share of the crashes whose instance goes on for a while beside the new one. */
  ZOMBIES(0.4),
  /** Pauses of each job, per hour. */
  PAUSES(0.5),
  /** Largest difference of a job's clock; milliseconds. */
  SKEW_MILLIS(2_000),
  /** Records that nobody can decode, per hour. */
  POISON(2),
  /** Forged admissions, per pool and hour. */
  FORGERIES(0.5),
  /** Share of acknowledgements that are lost. */
  LOST_ACKS(0.2);

  private final double usual;

  Knob(double usual) {
    this.usual = usual;
  }

  /** The value of a scenario that says nothing of it. */
  public double usual() {
    return usual;
  }
}
