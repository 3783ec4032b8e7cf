/** From anomalies of signals to failure modes, blame and scores. Rows A8, A11, A13. */
@NullMarked
package io.forestall.risk.symptom;

import org.jspecify.annotations.NullMarked;
