/**
 * The jobs that correlate and decide, in a world that goes wrong in every way, from one seed and on
 * one thread: topics as logs, carriers of the very deciders the product runs, restores from any
 * checkpoint, zombies, storms, forgeries; after each step the invariants of the house are checked.
 * No Flink, no Kafka, no clock.
 */
@NullMarked
package io.forestall.sim.world;

import org.jspecify.annotations.NullMarked;
