package io.forestall.sim.world;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import java.util.Map;
import java.util.function.Consumer;

/** An arbiter that never says anything, for what is about the world alone. */
final class SilentArbiter implements Decider<SilentArbiter.Nothing, GuardInput, GuardOutput> {

  /** Remembers nothing. */
  static final class Nothing implements DeciderState {
    @Override
    public void restore(String row, byte[] body) {
      throw new IllegalArgumentException("there are no rows");
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

  @Override
  public Nothing empty(String key) {
    return new Nothing();
  }

  @Override
  public void decide(
      Nothing state, GuardInput event, long nowMillis, Consumer<GuardOutput> decisions) {}

  @Override
  public void wake(Nothing state, long nowMillis, Consumer<GuardOutput> decisions) {}

  @Override
  public long alarmMillis(Nothing state) {
    return NO_ALARM;
  }
}
