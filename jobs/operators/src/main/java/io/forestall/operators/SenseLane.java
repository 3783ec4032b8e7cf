package io.forestall.operators;

/** Which second scoring lane runs beside the compiled model. */
public enum SenseLane {
  /** None; no class of Deeplearning4j is loaded. */
  OFF,
  /** A sample of the disks through Deeplearning4j, in micro-batches. */
  DL4J
}
