package io.forestall.risk.symptom;

import io.forestall.risk.Assessment;
import org.jspecify.annotations.Nullable;

/**
 * Scores machines (nodes, event processors, head nodes) and volumes: own findings, blame and disks
 * become one score with tier, confidence and reasons. Rows A11, A15, G7, G18. Pure: time comes with
 * what is taken in. Not thread-safe.
 */
public final class NodeRiskEngine {
  private final NodeRiskPolicy policy;

  /** An engine with this policy. */
  public NodeRiskEngine(NodeRiskPolicy policy) {
    this.policy = policy;
  }

  /**
   * Takes a finding of the machine itself in.
   *
   * @return what to say of it now, null when the finding is not newer than the one before
   */
  public @Nullable Assessment observe(NodeRiskState state, Finding own) {
    throw new UnsupportedOperationException("" + policy);
  }

  /**
   * Takes a finding that blames the machine in; it counts for a while and then fades.
   *
   * @return what to say of it now, null when there is nothing new to say
   */
  public @Nullable Assessment blame(NodeRiskState state, Finding blame) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes the score of one of its disks in.
   *
   * @return what to say of the machine now, null when there is nothing new to say
   */
  public @Nullable Assessment disk(NodeRiskState state, DiskShare disk) {
    throw new UnsupportedOperationException();
  }

  /**
   * Forgets a disk that has left the machine.
   *
   * @param timeMillis event time; epoch milliseconds
   * @return what to say of the machine now, null when it did not know the disk
   */
  public @Nullable Assessment diskGone(NodeRiskState state, String disk, long timeMillis) {
    throw new UnsupportedOperationException();
  }

  /**
   * What to say of a machine that has been silent; null when there is nothing new to say at this
   * time.
   *
   * @param nowMillis event time; epoch milliseconds
   */
  public @Nullable Assessment silence(NodeRiskState state, long nowMillis) {
    throw new UnsupportedOperationException();
  }

  /**
   * Event time at which {@link #silence} will next have something to say, {@code Long.MAX_VALUE}
   * for never; epoch milliseconds.
   */
  public long nextLookMillis(NodeRiskState state) {
    throw new UnsupportedOperationException();
  }
}
