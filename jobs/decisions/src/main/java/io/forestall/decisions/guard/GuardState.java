package io.forestall.decisions.guard;

import io.forestall.decisions.DeciderState;
import java.util.Map;

/** What the {@link PoolArbiter} remembers of one pool. */
public final class GuardState implements DeciderState {

  private final String pool;

  GuardState(String pool) {
    this.pool = pool;
  }

  /** The pool. */
  public String pool() {
    return pool;
  }

  @Override
  public void restore(String row, byte[] body) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    return Map.of();
  }

  @Override
  public boolean isEmpty() {
    return true;
  }
}
