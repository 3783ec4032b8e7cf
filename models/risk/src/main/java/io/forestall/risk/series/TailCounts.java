package io.forestall.risk.series;

/**
 * How rare a statistic of this size is in the series' own history: a histogram over the logarithm
 * of the size (as in DDSketch, Masson et al. 2019, but with a fixed number of bins). Makes
 * statistics of any unit and shape comparable. The counts are halved when they grow large, so that
 * the far past fades.
 */
final class TailCounts {
  private static final int MOST = 60_000;
  private static final double LN_2 = Math.log(2);

  private final int at;
  private final int bins;
  private final double binsPerOctave;
  private final double lowestOctave;

  /**
   * @param layout gives the place
   * @param bins bins; the first takes all that is smaller, the last all that is larger
   * @param binsPerOctave bins for a factor of 2
   * @param lowestOctave binary logarithm of the lower end of the second bin
   */
  TailCounts(Layout layout, int bins, double binsPerOctave, double lowestOctave) {
    this.at = layout.counts(bins);
    this.bins = bins;
    this.binsPerOctave = binsPerOctave;
    this.lowestOctave = lowestOctave;
  }

  /**
   * Takes a size in and says how surprising it was before.
   *
   * @param size 0 or more
   * @return -ln of the share of history that was at least this large, about; 0 for the first
   */
  double surprise(EnsembleState state, double size) {
    short[] counts = state.counts;
    int bin = bin(size);
    int total = 0;
    for (int i = 0; i < bins; i++) {
      total += counts[at + i] & 0xFFFF;
    }
    int above = 0;
    for (int i = bin + 1; i < bins; i++) {
      above += counts[at + i] & 0xFFFF;
    }
    int here = counts[at + bin] & 0xFFFF;
    counts[at + bin] = (short) (here + 1);
    if (total >= MOST) {
      for (int i = 0; i < bins; i++) {
        counts[at + i] = (short) ((counts[at + i] & 0xFFFF) >>> 1);
      }
    }
    return total == 0 ? 0 : -Math.log((above + 0.5 * here + 0.5) / (total + 1.0));
  }

  private int bin(double size) {
    if (!(size > 1e-12)) {
      return 0;
    }
    double place = (Math.log(size) / LN_2 - lowestOctave) * binsPerOctave;
    return place < 0 ? 0 : Math.min(bins - 1, 1 + (int) place);
  }
}
