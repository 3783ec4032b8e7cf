/**
 * The Kafka side of the jobs: record readers that never throw, and the sources and sinks around
 * them.
 */
@NullMarked
package io.forestall.operators.kafka;

import org.jspecify.annotations.NullMarked;
