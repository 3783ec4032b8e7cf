package io.forestall.sim.world;

import org.jspecify.annotations.Nullable;

/**
 * One record of a log. Immutable.
 *
 * @param partition its partition
 * @param offset its place there, from 0
 * @param key what orders it
 * @param pool whose key of the jobs it belongs to, empty when it has none
 * @param body what it says; null for a tombstone, a {@link Poison} when nobody can decode it
 * @param genuine true when the signature is right, where one is needed
 * @param writer who wrote it
 * @param timeMillis when it was appended
 */
record Entry(
    Topic topic,
    int partition,
    int offset,
    String key,
    String pool,
    @Nullable Object body,
    boolean genuine,
    String writer,
    long timeMillis) {

  /** Bytes that are no record. */
  record Poison(String text) {}

  /** What a person reads in a trace. */
  String line() {
    return topic + "-" + partition + "@" + offset + " " + key + " " + body;
  }
}
