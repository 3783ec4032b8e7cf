package io.forestall.decisions.incident;

import io.forestall.decisions.DeciderState;
import java.util.Map;

/** The open incidents of one pool. */
public final class IncidentState implements DeciderState {

  private final String pool;

  IncidentState(String pool) {
    this.pool = pool;
  }

  /** The pool, empty for what stands in none. */
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
