package io.forestall.decisions;

import java.util.Map;

/**
 * What a {@link Decider} remembers under one key, as rows that a carrier keeps: a checkpoint holds
 * the rows and nothing else. The object is the index over them, built anew from the rows after a
 * restore. Mutable, for one thread.
 *
 * <p>The bytes of a row begin with a version of their own and only grow: a row of an older version
 * is always read.
 */
public interface DeciderState {

  /**
   * Takes a row that was kept, before the first decision.
   *
   * @param row the row's name
   * @param body its bytes, as {@link #takeChanges} gave them
   * @throws IllegalArgumentException when the bytes are no row of this name
   */
  void restore(String row, byte[] body);

  /**
   * The rows that changed since the last call, by name; an empty array ends a row. Each change is
   * given once.
   */
  Map<String, byte[]> takeChanges();

  /** True when nothing is remembered: no row exists, and the carrier may forget the key. */
  boolean isEmpty();
}
