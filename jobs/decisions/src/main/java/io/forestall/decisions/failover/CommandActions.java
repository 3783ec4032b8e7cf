package io.forestall.decisions.failover;

/** What a node that obeys commands lets its shell do, whatever its level. Calls return at once. */
public interface CommandActions {

  /** Answers a command. */
  void ack(CommandAck ack);

  /**
   * Remembers durably that a command came to its end, before its last ack leaves.
   *
   * @param keepUntilMillis when it may be forgotten, by the wall clock
   */
  void remember(CommandAck last, long keepUntilMillis);

  /**
   * Remembers durably that an admission was cancelled here, before the CANCEL is answered: a later
   * command under it is refused, also after a restart.
   *
   * @param keepUntilMillis when it may be forgotten, by the wall clock
   */
  void rememberCancelled(String admission, long keepUntilMillis);
}
