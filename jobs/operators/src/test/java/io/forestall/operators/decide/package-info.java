/** Tests of Flink's part of the decide job. */
@NullMarked
package io.forestall.operators.decide;

import org.jspecify.annotations.NullMarked;
