/** Tests of the operators, through Flink's operator harness and without a cluster. */
@NullMarked
package io.forestall.operators;

import org.jspecify.annotations.NullMarked;
