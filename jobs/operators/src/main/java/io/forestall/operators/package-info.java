/** Thin Flink functions, options and the SQL format: operators carry, the pure rooms think. */
@NullMarked
package io.forestall.operators;

import org.jspecify.annotations.NullMarked;
