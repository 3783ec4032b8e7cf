package io.forestall.decisions.failover;

/** What the protocol of a node of level 1 lets its shell do. Calls return at once. */
public interface HookActions extends CommandActions {

  /** Runs the program of a command; {@link HookProtocol#ran} follows. */
  void run(Command command);
}
