/**
 * {@code forestall evaluate}: how good the detectors are, on public benchmarks and planted faults.
 */
@NullMarked
package io.forestall.app.evaluate;

import org.jspecify.annotations.NullMarked;
