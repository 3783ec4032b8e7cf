/** Tests of the move job's steps. */
@NullMarked
package io.forestall.operators.train;

import org.jspecify.annotations.NullMarked;
