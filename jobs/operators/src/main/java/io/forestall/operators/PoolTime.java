package io.forestall.operators;

import java.io.Serializable;

/**
 * How the inputs of a {@link PoolOperator} in event time follow each other, so that what is decided
 * does not depend on the order in which they arrive.
 *
 * @param <E> input of the decider
 */
public interface PoolTime<E> extends Serializable {

  /** When an input happened; milliseconds since 1970-01-01 UTC. */
  long timeMillis(E input);

  /** Order of two inputs of the same time: by their contents, never by arrival. */
  int compareSameTime(E one, E other);

  /** True when an input must not wait for the watermark. */
  boolean atOnce(E input);
}
