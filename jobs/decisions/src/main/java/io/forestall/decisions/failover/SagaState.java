package io.forestall.decisions.failover;

import io.forestall.decisions.DeciderState;
import java.util.Map;

/** What the {@link SagaDecider} remembers of one pool. Mutable, for one thread. */
public final class SagaState implements DeciderState {

  SagaState(String pool) {
    throw new UnsupportedOperationException("not built yet: " + pool);
  }

  @Override
  public void restore(String row, byte[] body) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public boolean isEmpty() {
    throw new UnsupportedOperationException("not built yet");
  }
}
