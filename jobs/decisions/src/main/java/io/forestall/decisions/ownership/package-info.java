/**
 * Who may write: the ownership protocol of the house (section 4 of its plan), as pure state
 * machines that storage nodes, volume clients, jobs and the simulator run alike. Rows C4, C5, D2,
 * D3, E1, E4, E7, E9, G11, G13 of the feature list. No Flink, no Kafka, no clock: time is a
 * parameter.
 */
@NullMarked
package io.forestall.decisions.ownership;

import org.jspecify.annotations.NullMarked;
