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
  private final int binsPerOctave;
  private final int lowestOctave;
  private final boolean smooth;

  private TailCounts(Layout layout, int bins, int binsPerOctave, int lowestOctave, boolean smooth) {
    this.at = layout.counts(bins);
    this.bins = bins;
    this.binsPerOctave = binsPerOctave;
    this.lowestOctave = lowestOctave;
    this.smooth = smooth;
  }

  /**
   * One bin for each factor of 2, within which sizes are not told apart: right for sizes that are
   * counts, or mostly 0.
   *
   * @param layout gives the place
   * @param bins bins; the first takes all that is smaller, the last all that is larger
   * @param lowestOctave binary logarithm of the lower end of the second bin
   */
  static TailCounts octaves(Layout layout, int bins, int lowestOctave) {
    return new TailCounts(layout, bins, 1, lowestOctave, false);
  }

  /**
   * Several bins for each factor of 2, within which the history counts as spread evenly: right for
   * sizes that vary continuously.
   *
   * @param layout gives the place
   * @param bins bins; the first takes all that is smaller, the last all that is larger
   * @param binsPerOctave bins for a factor of 2
   * @param lowestOctave binary logarithm of the lower end of the second bin
   */
  static TailCounts smooth(Layout layout, int bins, int binsPerOctave, int lowestOctave) {
    return new TailCounts(layout, bins, binsPerOctave, lowestOctave, true);
  }

  /**
   * Takes a size in and says how surprising it was before.
   *
   * @param size 0 or more
   * @return -ln of {@link #share}; 0 for the first
   */
  double surprise(EnsembleState state, double size) {
    return Math.max(0, -Math.log(share(state, size)));
  }

  /**
   * Takes a size in and says how much of the history before was at least as large.
   *
   * @param size 0 or more
   * @return above 0, at most 1; 1 for the first
   */
  double share(EnsembleState state, double size) {
    short[] counts = state.counts;
    double place =
        smooth
            ? (Math.log(Math.max(size, Double.MIN_NORMAL)) / LN_2 - lowestOctave) * binsPerOctave
            : Math.getExponent(size) - lowestOctave;
    int bin = place < 0 ? 0 : Math.min(bins - 1, 1 + (int) place);
    int total = 0;
    int above = 0;
    for (int i = 0; i < bins; i++) {
      int count = counts[at + i] & 0xFFFF;
      total += count;
      above += i > bin ? count : 0;
    }
    int here = counts[at + bin] & 0xFFFF;
    // The outer bins have no width to be spread over.
    double higher = !smooth || bin == 0 || bin == bins - 1 ? 0.5 : bin - place;
    counts[at + bin] = (short) (here + 1);
    if (total >= MOST) {
      for (int i = 0; i < bins; i++) {
        counts[at + i] = (short) ((counts[at + i] & 0xFFFF) >>> 1);
      }
    }
    return total == 0 ? 1 : (above + higher * here + 0.5) / (total + 1.0);
  }
}
