/**
 * Shadows (E1 to E5): warm copies of units that follow every write through a stream of their own.
 *
 * <p>{@code ShadowStream} makes the streams of one unit from its deltas, {@link
 * io.forestall.decisions.shadow.ShadowStep} is what travels, the node that holds the shadow takes
 * it in. A stream begins, and goes on after a gap, with RESYNC: the shadow fetches the range from
 * any holder that has come at least as far, while the stream goes on.
 */
@NullMarked
package io.forestall.decisions.shadow;

import org.jspecify.annotations.NullMarked;
