package io.forestall.decisions;

import java.util.function.Consumer;

/**
 * A pure decision: {@code (state, event, now) -> (state, decisions, alarm)}. It has no clock, does
 * no input or output, and gives the same decisions for the same state, event and time. Flink's
 * operators, the simulator and the tests run the same one.
 *
 * @param <S> what is remembered under one key
 * @param <E> what happens
 * @param <D> what is decided
 */
public interface Decider<S extends DeciderState, E, D> {

  /** What {@link #alarmMillis} gives when nothing is waited for. */
  long NO_ALARM = Long.MAX_VALUE;

  /** A state in which nothing is remembered yet. */
  S empty(String key);

  /**
   * Takes an event.
   *
   * @param state changed by the call
   * @param nowMillis the job's time, milliseconds since 1970-01-01 UTC: event time in a job of
   *     event time, the wall clock in one of processing time; never less than in the call before,
   *     but a restore may go back
   * @param decisions hears of what was decided, in order
   */
  void decide(S state, E event, long nowMillis, Consumer<D> decisions);

  /**
   * Does what is due.
   *
   * @param nowMillis the time reached; at least the alarm, or a repeat of it
   */
  void wake(S state, long nowMillis, Consumer<D> decisions);

  /** When {@link #wake} must be called next; {@link #NO_ALARM} when never. */
  long alarmMillis(S state);
}
