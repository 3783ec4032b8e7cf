/**
 * Incidents out to Alertmanager: the decider of alerts in Flink, and a writer in the background.
 */
@NullMarked
package io.forestall.operators.alert;

import org.jspecify.annotations.NullMarked;
