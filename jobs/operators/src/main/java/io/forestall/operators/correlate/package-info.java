/**
 * Flink's part of the correlate job: events are read, routed to the rules that can use them,
 * matched by Flink CEP and handed to the incident decider. Rows B1 to B6.
 */
@NullMarked
package io.forestall.operators.correlate;

import org.jspecify.annotations.NullMarked;
