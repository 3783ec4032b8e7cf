package io.forestall.wire;

import io.forestall.risk.signal.EntitySample;

/**
 * One valid sample of anything but SMART attributes: a machine, a disk under load, a path.
 *
 * @param publisher identifier of the node or client whose frame it stood in
 * @param sample what was measured; its entity is the key {@code kind/id}
 * @param index position within the frame, from 0
 */
public record EntityTelemetry(String publisher, EntitySample sample, int index) {}
