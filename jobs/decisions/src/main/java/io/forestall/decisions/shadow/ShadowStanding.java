package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import org.jspecify.annotations.Nullable;

/**
 * How far one shadow of a unit follows its owner (E10), as the job that feeds it sees it.
 * Immutable.
 *
 * @param pool pool of the volume as the map has it, empty when it is not known
 * @param owner owner as the map has it
 * @param state COPYING, CATCHING_UP, IN_SYNC or DIVERGED, a symbol of the contract
 * @param epoch epoch of the last barrier read
 * @param streamSequence last sequence sent
 * @param appliedSequence last sequence that the shadow said it has, -1 before it said any
 * @param lagRecords deltas sent that it has not said to have
 * @param lagBytes their payloads as they travel; bytes
 * @param lagMillis age of the oldest of them by the owner's clock, 0 without any
 * @param missingBytes what it has still to fetch; bytes
 * @param fetchBytesPerSecond how fast it fetches, null when it fetches nothing
 * @param resyncs how often its stream began anew or a range was sent again
 * @param verifiedRound last pass over the unit in which every digest agreed, 0 for none
 * @param verifiedMillis when the last digest agreed, null when none did
 * @param divergences digests that did not agree
 * @param text how it stands, as a sentence
 */
public record ShadowStanding(
    String unit,
    String volume,
    String pool,
    Subject shadow,
    Subject owner,
    String state,
    long epoch,
    long streamSequence,
    long appliedSequence,
    long lagRecords,
    long lagBytes,
    long lagMillis,
    long missingBytes,
    @Nullable Long fetchBytesPerSecond,
    long resyncs,
    long verifiedRound,
    @Nullable Long verifiedMillis,
    long divergences,
    String text,
    long timeMillis) {}
