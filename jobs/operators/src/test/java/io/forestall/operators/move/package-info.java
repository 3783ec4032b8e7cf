/** Tests of the move job's steps. */
@NullMarked
package io.forestall.operators.move;

import org.jspecify.annotations.NullMarked;
