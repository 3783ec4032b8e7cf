package io.forestall.risk.series;

/**
 * How rare a size is among those seen before: counts over the logarithm of the size, four bins to
 * the octave. Tells the rarity of sizes beyond all seen as well, by their distance. The counts live
 * in an array of the state; they are halved when they grow large, so that the far past fades.
 */
final class SizeCounts {
  /** Bins; the first takes all below a quarter, the last all above 2^9.5. */
  static final int BINS = 48;

  private static final int MOST = 20_000;
  private static final double BINS_PER_OCTAVE = 4;
  private static final double LOWEST_OCTAVE = -2;
  private static final double LN_2 = Math.log(2);

  /** What an octave beyond all that was seen adds to the surprise. */
  private static final double SURPRISE_PER_OCTAVE = 0.5;

  private SizeCounts() {}

  /**
   * How surprising a size is.
   *
   * @param counts array with the counts
   * @param at where they begin
   * @param size 0 or more
   * @return -log10 of the share of sizes seen that were at least as large, about
   */
  static double surprise(short[] counts, int at, double size) {
    int bin = bin(size);
    int total = 0;
    double above = 0;
    int highest = 0;
    for (int i = 0; i < BINS; i++) {
      int count = counts[at + i] & 0xFFFF;
      total += count;
      above += i > bin ? count : i == bin ? 0.5 * count : 0;
      highest = count > 0 ? i : highest;
    }
    if (total == 0) {
      return 0;
    }
    double surprise = -Math.log10((above + 0.5) / (total + 1.0));
    return bin > highest
        ? surprise + SURPRISE_PER_OCTAVE * (bin - highest) / BINS_PER_OCTAVE
        : surprise;
  }

  /** Takes a size in. */
  static void add(short[] counts, int at, double size) {
    int total = 0;
    for (int i = 0; i < BINS; i++) {
      total += counts[at + i] & 0xFFFF;
    }
    for (int i = at; i < at + BINS && total >= MOST; i++) {
      counts[i] = (short) ((counts[i] & 0xFFFF) >>> 1);
    }
    counts[at + bin(size)]++;
  }

  private static int bin(double size) {
    if (!(size >= 0.25)) {
      return 0;
    }
    double place = (Math.log(size) / LN_2 - LOWEST_OCTAVE) * BINS_PER_OCTAVE;
    return Math.min(BINS - 1, 1 + (int) place);
  }
}
