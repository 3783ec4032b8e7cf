/**
 * The ownership protocol put to the test: a cluster of the product's own nodes and clients over
 * simulated logs, disks, clocks and networks that go wrong in every way, and the judge of
 * linearizability that real runs share. No Flink, no Kafka, no clock.
 */
@NullMarked
package io.forestall.sim.protocol;

import org.jspecify.annotations.NullMarked;
