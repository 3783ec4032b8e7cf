/**
 * What fleets measure, the signals derived from it, and what peers do at the same time. Rows A1,
 * A3.
 */
@NullMarked
package io.forestall.risk.signal;

import org.jspecify.annotations.NullMarked;
