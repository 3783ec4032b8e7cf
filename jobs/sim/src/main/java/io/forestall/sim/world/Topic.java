package io.forestall.sim.world;

/** The topics between the jobs, each a log with partitions. */
enum Topic {
  /** What happened; of nodes, clients and the guard. */
  EVENTS(2),
  /** What is expected. */
  PREDICTED(2),
  /** Nodes and where they stand. */
  FLEET(1),
  /** The risk of each node. */
  RISK(2),
  /** Failure zones in force. */
  ZONES(1),
  /** Units and their copies. */
  MAPS(2),
  /** Published models. */
  MODELS(1),
  /** How acts ended. */
  ACKS(2),
  /** What correlate says. */
  INCIDENTS(2),
  /** Acts that somebody would like. */
  PROPOSALS(2),
  /** How proposals ended. */
  DECISIONS(2),
  /** The guard's memory; one pool is in one partition. */
  ADMISSIONS(2),
  /** Words of operators. */
  POLICIES(1);

  private final int partitions;

  Topic(int partitions) {
    this.partitions = partitions;
  }

  /** How many partitions; the key chooses one. */
  int partitions() {
    return partitions;
  }

  /** The partition of a key. */
  int partition(String key) {
    return Math.floorMod(key.hashCode(), partitions);
  }
}
