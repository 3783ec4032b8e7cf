package io.forestall.sim;

/**
 * Noise as a function of a key and a time, so that any moment can be asked for without the ones
 * before it. Pure.
 */
final class Noise {

  private Noise() {}

  /** A well mixed number of a number. */
  static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** A key of a name, the same in every run. */
  static long key(long seed, String name) {
    long hash = mix(seed);
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  /** From 0 inclusive to 1 exclusive. */
  static double uniform(long key, long tick) {
    return (mix(key ^ (tick * 0xd1342543de82ef95L)) >>> 11) * 0x1.0p-53;
  }

  /** About normal with mean 0 and deviation 1; never beyond 3.5 either way. */
  static double normal(long key, long tick) {
    long z = mix(key ^ (tick * 0xd1342543de82ef95L));
    double sum =
        (z & 0xffff) + ((z >>> 16) & 0xffff) + ((z >>> 32) & 0xffff) + ((z >>> 48) & 0xffff);
    return (sum / 65_535 - 2) * 1.7320508;
  }

  /** Like {@link #normal}, but changing smoothly, with about one swing in each two periods. */
  static double smooth(long key, long timeMillis, long periodMillis) {
    long knot = Math.floorDiv(timeMillis, periodMillis);
    double part = Math.floorMod(timeMillis, periodMillis) / (double) periodMillis;
    double eased = part * part * (3 - 2 * part);
    return normal(key, knot) * (1 - eased) + normal(key, knot + 1) * eased;
  }

  /**
   * How strong a rare, short event is: 0 outside of one, 0.3 to 1 within.
   *
   * @param everyMillis mean time between two of them; milliseconds
   * @param lengthMillis how long one lasts, well below the block; milliseconds
   * @param blockMillis at most one event begins in each such span; milliseconds
   */
  static double burst(
      long key, long timeMillis, long everyMillis, long lengthMillis, long blockMillis) {
    long block = Math.floorDiv(timeMillis, blockMillis);
    if (uniform(key, block) * everyMillis >= blockMillis) {
      return 0;
    }
    double from = uniform(key ^ 0x55L, block) * (blockMillis - lengthMillis);
    double at = Math.floorMod(timeMillis, blockMillis) - from;
    return at >= 0 && at < lengthMillis ? 0.3 + 0.7 * uniform(key ^ 0xaaL, block) : 0;
  }

  /** A count with this mean, 0 or more. */
  static double poisson(double mean, long key, long tick) {
    if (!(mean > 0)) {
      return 0;
    }
    if (mean > 40) {
      return Math.max(0, Math.rint(mean + Math.sqrt(mean) * normal(key, tick)));
    }
    double left = uniform(key, tick);
    double share = Math.exp(-mean);
    int count = 0;
    while (left > share && count < 200) {
      left -= share;
      count++;
      share *= mean / count;
    }
    return count;
  }
}
