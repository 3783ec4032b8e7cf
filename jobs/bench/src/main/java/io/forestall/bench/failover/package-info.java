/**
 * Failover tried with real processes: a broker, jobs, nodes and clients that are killed, stopped
 * and cut off while every answer they give is recorded and judged. Never part of the jar.
 */
@NullMarked
package io.forestall.bench.failover;

import org.jspecify.annotations.NullMarked;
