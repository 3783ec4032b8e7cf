package io.forestall.decisions.ownership;

/**
 * How a shadow stands on the node that holds it (E3). Its shell feeds it; {@link NodeProtocol}
 * follows it only once it is a copy like any other. Immutable.
 *
 * @param state whether it can take over
 * @param text how it stands, as a sentence
 */
public record HeldShadow(State state, String text) {

  /** Whether a shadow can take over. */
  public enum State {
    /** It has what its owner has, and can be made a copy like any other. */
    IN_SYNC,
    /** It lacks something and goes on. */
    BEHIND,
    /** It has no room, or its disk failed: it goes no further. */
    STOPPED
  }
}
