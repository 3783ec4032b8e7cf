/**
 * The steps of the decide job: readers of what it stands on, small joins that find the pool of each
 * thing, and the brain that lets the guard run in a {@link io.forestall.operators.PoolOperator}.
 */
@NullMarked
package io.forestall.operators.decide;

import org.jspecify.annotations.NullMarked;
