/** Streaming detectors of one series: one pass, bounded state, no look-ahead. Row A6. */
@NullMarked
package io.forestall.risk.series;

import org.jspecify.annotations.NullMarked;
