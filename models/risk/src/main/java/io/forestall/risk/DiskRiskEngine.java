package io.forestall.risk;

import org.jspecify.annotations.Nullable;

/**
 * Scores disks: features, models, probability, score, tier, confidence, reasons. Rows A5, A10, A12,
 * A15, G7, G18. Pure: time comes with the samples. Not thread-safe; one engine per thread serves
 * any number of disks.
 */
public final class DiskRiskEngine {
  /** An engine with this policy and these models. */
  public DiskRiskEngine(RiskPolicy policy, ModelSet models) {
    throw new UnsupportedOperationException();
  }

  /** Uses another set of models from the next sample on. */
  public void use(ModelSet models) {
    throw new UnsupportedOperationException();
  }

  /** Whether the sample may be scored: it must be newer than the last one. Changes nothing. */
  public Verdict check(DiskState state, DiskSample sample) {
    throw new UnsupportedOperationException();
  }

  /**
   * Scores one sample and moves the state on.
   *
   * @throws IllegalArgumentException when {@link #check} does not say ACCEPT
   * @throws IllegalStateException when no disk model is effective at the sample's time
   */
  public Assessment observe(DiskState state, DiskSample sample) {
    throw new UnsupportedOperationException();
  }

  /**
   * First half of {@link #observe}: everything up to the champion's step.
   *
   * @throws IllegalArgumentException as observe
   * @throws IllegalStateException as observe
   */
  public Prepared prepare(DiskState state, DiskSample sample) {
    throw new UnsupportedOperationException();
  }

  /** Second half of {@link #observe}, with the raw logit of the champion's step. */
  public Assessment conclude(DiskState state, Prepared prepared, float logit) {
    throw new UnsupportedOperationException();
  }

  /**
   * What to say of a disk that has been silent; null when there is nothing new to say at this time.
   *
   * @param nowMillis event time; epoch milliseconds
   */
  public @Nullable Assessment silence(DiskState state, long nowMillis) {
    throw new UnsupportedOperationException();
  }

  /**
   * Event time at which {@link #silence} will next have something to say, {@code Long.MAX_VALUE}
   * for never; epoch milliseconds.
   */
  public long nextLookMillis(DiskState state) {
    throw new UnsupportedOperationException();
  }
}
