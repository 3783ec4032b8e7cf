/** Tests of Flink's part of the correlate job. */
@NullMarked
package io.forestall.operators.correlate;

import org.jspecify.annotations.NullMarked;
