package io.forestall.wire;

import io.forestall.risk.DiskSample;

/**
 * One valid sample of a disk, and who reported it.
 *
 * @param node identifier of the node whose frame it stood in
 * @param disk identifier of the disk
 * @param sample what the disk reported
 * @param index position within the frame, from 0
 */
public record DiskTelemetry(String node, String disk, DiskSample sample, int index) {}
