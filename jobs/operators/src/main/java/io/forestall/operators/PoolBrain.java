package io.forestall.operators;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import java.io.Serializable;
import java.util.List;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/**
 * The part of a {@link PoolOperator} that thinks: a decider, and what all keys share. Made anew at
 * each start of a subtask; for one thread.
 *
 * @param <S> what the decider remembers under one key
 * @param <E> input of the decider
 * @param <B> input that every subtask gets
 * @param <D> decision
 */
public interface PoolBrain<S extends DeciderState, E, B, D> {

  /**
   * Makes a brain when the operator opens.
   *
   * @param <S> what the decider remembers under one key
   * @param <E> input of the decider
   * @param <B> input that every subtask gets
   * @param <D> decision
   */
  @FunctionalInterface
  interface Factory<S extends DeciderState, E, B, D> extends Serializable {
    /**
     * A brain.
     *
     * @param context where it runs
     * @param metrics group {@code forestall} of the operator
     */
    PoolBrain<S, E, B, D> open(RuntimeContext context, MetricGroup metrics);
  }

  /** Rows of what is shared, kept in each checkpoint. */
  interface SharedRows {
    /** Keeps a row under a name, or ends it when the body is null. */
    void put(String row, byte @Nullable [] body) throws Exception;
  }

  /** The decider of every key. */
  Decider<S, E, D> decider();

  /** Hears in event time how far the watermark has come; milliseconds. */
  default void timeReached(long nowMillis) {}

  /** Takes a row of what is shared that was kept, after a restore and before everything else. */
  default void restoreShared(String row, byte[] body) {}

  /**
   * Takes an input that every subtask gets.
   *
   * @param rows keeps what must survive a restore
   * @return true when each key must hear {@link #news}
   */
  default boolean share(B record, SharedRows rows) throws Exception {
    return false;
  }

  /**
   * What a key hears first after each start, and a new key at its birth; in this order, before any
   * other input.
   */
  default List<E> greetings(String key) {
    return List.of();
  }

  /** What each key hears after {@link #share} said so. */
  default List<E> news(String key) {
    return List.of();
  }
}
