package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import org.jspecify.annotations.Nullable;

/**
 * Who owns a unit, as the fold of the log has it. Immutable.
 *
 * @param unit identifier of the unit
 * @param epoch epoch of the owner, from 1
 * @param owner who may write and answer reads
 * @param incarnation start of the owner's process that took the epoch
 * @param former owner of the epoch before, null for the first
 * @param formerEpoch epoch before, 0 for the first
 * @param released true when the former owner said that it answers no more, or there was none
 * @param inDoubt true when a later record wants the unit under a key that is unknown here: nobody
 *     who reads it so may serve the unit
 * @param offset place of the record in the log
 * @param admission admission of the takeover, null for a start
 */
public record Owned(
    String unit,
    long epoch,
    Subject owner,
    long incarnation,
    @Nullable Subject former,
    long formerEpoch,
    boolean released,
    boolean inDoubt,
    long offset,
    @Nullable String admission) {}
