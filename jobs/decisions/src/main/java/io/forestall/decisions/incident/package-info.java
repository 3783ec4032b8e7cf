/**
 * Events that belong together: rules, what matches them, and the decider that makes incidents of
 * the matches. Rows B1 to B6 of the feature list. No Flink, no Kafka, no clock.
 */
@NullMarked
package io.forestall.decisions.incident;

import org.jspecify.annotations.NullMarked;
