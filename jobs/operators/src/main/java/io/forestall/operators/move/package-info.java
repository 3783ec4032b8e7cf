/**
 * Operators of the move job (E1, E4, E5, E10): deltas of units with shadows in, a stream for each
 * shadow out. They carry {@code ShadowStream}, which thinks.
 */
@NullMarked
package io.forestall.operators.move;

import org.jspecify.annotations.NullMarked;
