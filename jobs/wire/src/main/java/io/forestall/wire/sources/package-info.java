/**
 * Readers of what users already have (drive-stats CSV, smartctl JSON, change logs) and the one
 * table that maps their names to canonical metric names. No Kafka and no clock.
 */
@NullMarked
package io.forestall.wire.sources;

import org.jspecify.annotations.NullMarked;
