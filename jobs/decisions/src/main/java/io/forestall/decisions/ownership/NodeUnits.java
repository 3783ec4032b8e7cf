package io.forestall.decisions.ownership;

import io.forestall.decisions.guard.Proposal.UnitStep;
import org.jspecify.annotations.Nullable;

/** The units and the ownership log as {@link NodeProtocol} knows them, for what looks at them. */
interface NodeUnits {

  /** A unit that is held here, null when it is not. */
  @Nullable NodeUnit unit(String id);

  /** Who owns a unit, held here or not, null when nobody was read of. */
  @Nullable Owned owned(String id);

  /** True when this very process owns the unit. */
  boolean isMine(NodeUnit unit);

  /** True when the step of a takeover counted for this node and nobody else followed. */
  boolean isFenced(UnitStep step);

  /** True when the log that speaks of a unit was read to an end. */
  boolean isLogKnown(String id);

  /** Writes of the unit are answered once they count, until then by the wall clock. */
  void keepSynchronous(NodeUnit unit, long untilMillis);

  /** True while a write of the unit that was answered does not count. */
  boolean owesTheLog(NodeUnit unit);

  /** First offset that was not read of the log that speaks of the unit, null for none. */
  @Nullable Long ownershipOffset(NodeUnit unit);
}
