/**
 * The failover saga: what happens under one admission, step by step, until it is done or given
 * back; the commands it gives and the answers it hears. Rows C1 to C6, E7, E8, G11, G13 of the
 * feature list. No Flink, no Kafka, no clock.
 */
@NullMarked
package io.forestall.decisions.failover;

import org.jspecify.annotations.NullMarked;
