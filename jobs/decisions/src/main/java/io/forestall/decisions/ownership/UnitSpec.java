package io.forestall.decisions.ownership;

/**
 * A unit that a node holds a copy of, as the volume's map describes it. Immutable.
 *
 * @param unit identifier
 * @param volume its volume
 * @param pool its pool: the key of its ownership records
 * @param bytes size; bytes
 * @param blockBytes unit of reading and writing; bytes
 */
public record UnitSpec(String unit, String volume, String pool, long bytes, int blockBytes) {}
