package io.forestall.decisions.guard;

import io.forestall.decisions.Decider;
import java.util.function.Consumer;

/**
 * Decides for one pool: proposes the act that an incident asks for and lets the guard admit or
 * refuse it. One key is one pool.
 */
public final class PoolArbiter implements Decider<GuardState, GuardInput, GuardOutput> {

  @Override
  public GuardState empty(String pool) {
    return new GuardState(pool);
  }

  @Override
  public void decide(
      GuardState state, GuardInput event, long nowMillis, Consumer<GuardOutput> decisions) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public void wake(GuardState state, long nowMillis, Consumer<GuardOutput> decisions) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public long alarmMillis(GuardState state) {
    return NO_ALARM;
  }
}
