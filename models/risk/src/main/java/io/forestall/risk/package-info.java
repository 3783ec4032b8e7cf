/**
 * What predicts: features, detectors, the LSTM forward pass, the failure score. Pure Java: no
 * Flink, no Kafka, no clock.
 */
@NullMarked
package io.forestall.risk;

import org.jspecify.annotations.NullMarked;
