package io.forestall.nodes.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which pauses of a volume are told: one a second, and any that is longer than the one told last,
 * so that a short one before it never hides the one that matters. Thread-safe.
 */
final class PauseLimit {
  static final long AGAIN_MILLIS = 1000;

  private record Told(long timeMillis, long pauseMillis) {}

  private final Map<String, Told> told = new ConcurrentHashMap<>();

  /** True when it is to be told; then it counts as told. */
  boolean tells(String volume, long pauseMillis, long nowMillis) {
    boolean[] tells = new boolean[1];
    var unused =
        told.compute(
            volume,
            (name, before) -> {
              tells[0] =
                  before == null
                      || nowMillis - before.timeMillis() >= AGAIN_MILLIS
                      || pauseMillis > before.pauseMillis();
              return tells[0] ? new Told(nowMillis, pauseMillis) : before;
            });
    return tells[0];
  }
}
