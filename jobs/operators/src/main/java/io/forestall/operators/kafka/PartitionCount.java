package io.forestall.operators.kafka;

import java.io.Serializable;

/** How many partitions a topic has, asked on the task that needs it. */
@FunctionalInterface
public interface PartitionCount extends Serializable {

  /** The answer when it does not matter where a record stands. */
  int ANY = 0;

  /** Asks. */
  int ask() throws Exception;
}
