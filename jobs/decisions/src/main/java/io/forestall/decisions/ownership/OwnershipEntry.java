package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One record of the ownership log (D2). Immutable. {@link OwnershipFold} says what it means.
 *
 * @param pool pool of the units
 * @param kind why it was written
 * @param steps units with the epoch that is replaced and the new one
 * @param owner owner from the new epoch on; for {@code RELEASE} the node that stopped answering
 * @param incarnation number of the start of the owner's process, growing with each start
 * @param admission what a {@code TAKEOVER} stands on, null for the others
 * @param authority what the reader found when it checked the signature of that admission; {@code
 *     NONE} when there is none
 * @param writer node that appended it
 * @param timeMillis by the writer's clock; decides nothing; milliseconds since 1970-01-01 UTC
 * @param asyncBoundMillis for how long writes under the new epoch may be answered before they are
 *     in the log, 0 in synchronous mode; of a {@code RELEASE} it says nothing; milliseconds
 */
public record OwnershipEntry(
    String pool,
    Kind kind,
    List<UnitStep> steps,
    Subject owner,
    long incarnation,
    @Nullable Admission admission,
    Authority authority,
    String writer,
    long timeMillis,
    long asyncBoundMillis) {

  /** Copies the list. */
  public OwnershipEntry {
    steps = List.copyOf(steps);
  }

  /** A record of the synchronous mode. */
  public OwnershipEntry(
      String pool,
      Kind kind,
      List<UnitStep> steps,
      Subject owner,
      long incarnation,
      @Nullable Admission admission,
      Authority authority,
      String writer,
      long timeMillis) {
    this(pool, kind, steps, owner, incarnation, admission, authority, writer, timeMillis, 0);
  }

  /** The same as another reader has checked it. */
  public OwnershipEntry withAuthority(Authority other) {
    return new OwnershipEntry(
        pool,
        kind,
        steps,
        owner,
        incarnation,
        admission,
        other,
        writer,
        timeMillis,
        asyncBoundMillis);
  }

  /** Why ownership is written. */
  public enum Kind {
    /** The owner's process starts again and takes a new epoch, or a unit gets its first owner. */
    START,
    /** Another owner, under an admission: the fence of the old one. */
    TAKEOVER,
    /**
     * A deposed owner answers no more. Its {@code expectedEpoch} is the epoch that it served,
     * {@code newEpoch} the one that deposed it. Only an owner that had become the serving one
     * writes it: one that was deposed while it still waited for its predecessor cannot vouch for
     * that one.
     */
    RELEASE,
    /**
     * The owner steps its own epoch: the write mode changes, or what became of an append is
     * unknown.
     */
    MODE
  }
}
