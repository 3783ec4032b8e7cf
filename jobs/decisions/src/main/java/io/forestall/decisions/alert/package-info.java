/**
 * Which incidents people are told of, and when: deduplicated, capped, silenced. No Flink, no Kafka,
 * no clock.
 */
@NullMarked
package io.forestall.decisions.alert;

import org.jspecify.annotations.NullMarked;
