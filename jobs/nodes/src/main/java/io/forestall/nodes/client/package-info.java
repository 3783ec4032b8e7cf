/**
 * The client of volumes: reads and writes blocks at whoever owns them, fails over by itself, keeps
 * nothing but the map (C5). Runs in the process of whoever uses the volume, so that the death of a
 * node ends no device.
 */
@NullMarked
package io.forestall.nodes.client;

import org.jspecify.annotations.NullMarked;
