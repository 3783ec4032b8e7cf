package io.forestall.decisions.ownership;

import org.jspecify.annotations.Nullable;

/**
 * What a node answers to a request. Immutable. There is no answer for a write whose fate the node
 * does not know: it stays open until the log tells, or the connection ends.
 *
 * @param token handle of the request
 * @param outcome what became of it
 * @param owned who owns the unit as this node knows it; always there with {@code NOT_OWNER} unless
 *     the node knows nothing of the unit
 * @param text why, for a person; empty when done
 */
public record NodeAnswer(long token, Outcome outcome, @Nullable Owned owned, String text) {

  /** What became of a request. */
  public enum Outcome {
    /** Done: a write is in the log and applied, a read's bytes belong to the answer. */
    DONE,
    /** Not done, and will not be by this node under this epoch: ask the owner. */
    NOT_OWNER,
    /** Not done: this node is the owner but cannot answer at the moment; ask again. */
    BUSY,
    /** Not done: the request itself is wrong, and would be again. */
    INVALID,
    /**
     * A write of a unit in asynchronous mode is in its owner's journal and on its way into the log:
     * it is lost only when another node takes the unit over before it gets there. {@link
     * NodeRequest.Kind#FLUSH} tells.
     */
    ACCEPTED
  }
}
