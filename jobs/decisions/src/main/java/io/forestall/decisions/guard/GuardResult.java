package io.forestall.decisions.guard;

import org.jspecify.annotations.Nullable;

/**
 * What one guard says about a proposal. Immutable.
 *
 * @param guard its name, in words with dashes
 * @param passed true when it has nothing against it
 * @param code why not; {@code OK} when it passed
 * @param observed what it looked at, null when it is no number
 * @param limit the limit, in the same unit, null when there is none
 * @param text a sentence for a person
 */
public record GuardResult(
    String guard,
    boolean passed,
    DecisionCode code,
    @Nullable Double observed,
    @Nullable Double limit,
    String text) {}
