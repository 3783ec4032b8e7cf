package io.forestall.decisions.guard;

import java.util.Objects;

/**
 * A proposal that is not decided yet. Immutable.
 *
 * @param arrival its number among all that came; order of arrival
 * @param lagMillis how far its input was behind when it came
 * @param reason what it waits for
 * @param askAgainMillis when it is asked again at the latest
 */
record Waiting(
    Proposal proposal, long arrival, long lagMillis, Reason reason, long askAgainMillis) {

  /** What a proposal waits for. The constants are kept in rows. */
  enum Reason {
    /** For the guard to be in step with its logs, or for an admission on its way. */
    TURN,
    /** For the risk to have lasted. */
    DWELL,
    /** For somebody's approval. */
    APPROVAL
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(GuardRows.VERSION);
    GuardRows.proposal(out, proposal);
    return out.longs(arrival).longs(lagMillis).text(reason.name()).longs(askAgainMillis).toBytes();
  }

  static Waiting of(RowReader in) {
    return new Waiting(
        Objects.requireNonNull(GuardRows.proposal(in), "a waiting row without its proposal"),
        in.longs(),
        in.longs(),
        in.constant(Reason.class, Reason.TURN),
        in.longs());
  }
}
