/** A fleet that decays, from one seed. No Flink, no Kafka, no clock. */
@NullMarked
package io.forestall.sim;

import org.jspecify.annotations.NullMarked;
