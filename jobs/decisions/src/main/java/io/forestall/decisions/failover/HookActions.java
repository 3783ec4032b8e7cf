package io.forestall.decisions.failover;

/** What the protocol of a node of level 1 lets its shell do. Calls return at once. */
public interface HookActions {

  /** Runs the program of a command; {@link HookProtocol#ran} follows. */
  void run(Command command);

  /** Answers a command. */
  void ack(CommandAck ack);

  /**
   * Remembers durably that a command came to its end, before its last ack leaves.
   *
   * @param keepUntilMillis when it may be forgotten, by the wall clock
   */
  void remember(CommandAck last, long keepUntilMillis);
}
