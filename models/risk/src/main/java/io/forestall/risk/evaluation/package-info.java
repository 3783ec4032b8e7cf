/** How good detectors are: the scoring of benchmarks, point by point and by range. */
@NullMarked
package io.forestall.risk.evaluation;

import org.jspecify.annotations.NullMarked;
