package io.forestall.operators;

/** Which second scoring lane runs beside the champion, and writes to topic {@code risk.lane}. */
public enum SenseLane {
  /** None; no class of Deeplearning4j is loaded. */
  OFF,
  /**
   * What a challenger (a published model that is not champion) says of the same samples, with tiers
   * of its own; nothing while there is none. Its memory is warmed in any case, so that a sample
   * costs a record and, for the few disks on which both differ, the reasons. Nothing is done
   * because of it.
   */
  ADVISE,
  /** A sample of the disks through Deeplearning4j, in micro-batches. */
  DL4J
}
