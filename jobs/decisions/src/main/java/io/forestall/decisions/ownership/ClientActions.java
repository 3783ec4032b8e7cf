package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;

/** What the client's side of the protocol lets its shell do. Calls return at once. */
public interface ClientActions {

  /** Sends a request to a node, opening a connection when there is none. */
  void send(Subject node, NodeRequest request);

  /**
   * A request came to its end: done, accepted (a write only), or invalid. Nothing else is ever told
   * to whoever asked.
   */
  void complete(NodeRequest request, NodeAnswer answer);

  /**
   * Opens a connection to a node that will be the owner soon, so that the first request is quick.
   */
  void prepare(Subject node);
}
