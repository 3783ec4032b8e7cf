package io.forestall.nodes.client;

import io.forestall.decisions.Subject;
import java.util.List;

/**
 * What a client tells others: Kafka in the product, a list in tests. Calls return at once and never
 * throw; what cannot be told is lost. Safe for threads.
 */
public interface ClientReports {

  /** A node that was reached before is not (invariant 7): this client is a witness. */
  void unreachable(Subject node, String why);

  /**
   * Requests waited, and go on: what a failover costs, as its client felt it.
   *
   * @param volume a volume with requests open throughout
   * @param pauseMillis how long no request of it ended; milliseconds
   */
  void paused(String volume, long pauseMillis);

  /** Latencies since the last call, one entry for each volume in use. */
  void latencies(List<LatencyBook.Page> pages);
}
