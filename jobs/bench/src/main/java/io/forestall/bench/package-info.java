/** Benchmarks behind scripts/bench. */
@NullMarked
package io.forestall.bench;

import org.jspecify.annotations.NullMarked;
