package io.forestall.decisions;

/**
 * A disk that failed, as the fleet reports it afterwards. Never a feature of a score. Immutable.
 *
 * @param disk serial number
 * @param node node that held it
 * @param timeMillis when it was seen to have failed; milliseconds since 1970-01-01 UTC
 */
public record DiskFailure(String disk, String node, long timeMillis) {}
