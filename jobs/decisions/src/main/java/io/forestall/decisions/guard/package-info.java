/**
 * What may be done about an incident: proposals, the guard with its budget and locks, and what an
 * operator says about both. Rows C1, G1 to G6, G8 to G13, G17, G18 of the feature list. No Flink,
 * no Kafka, no clock.
 */
@NullMarked
package io.forestall.decisions.guard;

import org.jspecify.annotations.NullMarked;
