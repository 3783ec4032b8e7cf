package io.forestall.risk.series;

import java.util.Arrays;

/**
 * How far a value lies from every value seen before, in cells of one width: values inside a gap of
 * the history count as well as those outside of it. Seen cells are bits, in two generations so that
 * the far past is forgotten. The idea of contextual detectors (CAD OSE, M. Smirnov 2016; KNN-CAD,
 * Burnaev and Ishimtsev 2016) for a context of one value, where it needs only bits.
 */
final class ValueNovelty {
  /** Distances above this are all the same; cells. */
  private static final int FAR = 9;

  private final int at;
  private final int cells;
  private final int words;
  private final double cellsPerUnit;

  /**
   * @param layout gives the place
   * @param reach values beyond it share the last cell
   * @param width of a cell
   */
  ValueNovelty(Layout layout, double reach, double width) {
    this.cellsPerUnit = 1 / width;
    this.cells = 2 * (int) Math.ceil(reach / width);
    this.words = (cells + 63) / 64;
    this.at = layout.bits(2 * words);
  }

  /** Cells to the nearest seen one, 0 to {@link #FAR}; the value is then a seen one. */
  double distance(EnsembleState state, double value) {
    long[] bits = state.bits;
    double place = Math.rint(value * cellsPerUnit) + cells / 2.0;
    int cell = (int) Math.max(0, Math.min(cells - 1, place));
    int distance = 0;
    while (distance < FAR && !seen(bits, cell - distance) && !seen(bits, cell + distance)) {
      distance++;
    }
    bits[at + (cell >> 6)] |= 1L << cell;
    return distance;
  }

  /** Lets go of what was not seen since the last turn. */
  void turn(EnsembleState state) {
    System.arraycopy(state.bits, at, state.bits, at + words, words);
    Arrays.fill(state.bits, at, at + words, 0);
  }

  private boolean seen(long[] bits, int cell) {
    int word = at + (cell >> 6);
    return cell >= 0 && cell < cells && ((bits[word] | bits[word + words]) >>> cell & 1) != 0;
  }
}
