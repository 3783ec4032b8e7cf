package io.forestall.operators;

import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.symptom.NetworkBlame;
import io.forestall.risk.symptom.NodeRiskEngine;
import io.forestall.risk.symptom.PathEngine;
import io.forestall.risk.symptom.SymptomEngine;
import java.io.Serializable;

/**
 * Makes the engines that the operators ask, one set for each thread. Travels with the job, so that
 * tests and benchmarks can put others in their place.
 */
public interface Engines extends Serializable {

  /** Derives signals from samples. */
  SignalDeriver signals();

  /** Watches machines and disks under load. */
  SymptomEngine symptoms();

  /** Watches paths. */
  PathEngine paths();

  /** Explains bad paths by the fewest culprits. */
  NetworkBlame blame();

  /** Scores machines, and edges and racks that are to blame. */
  NodeRiskEngine nodes();

  /** Scores volumes. */
  NodeRiskEngine volumes();
}
