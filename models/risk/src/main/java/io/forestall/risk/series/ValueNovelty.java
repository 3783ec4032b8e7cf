package io.forestall.risk.series;

/**
 * How far a value lies from every value seen before, in cells of one width: values inside a gap of
 * the history count as well as those outside of it. A set of seen cells as a bitmap. The idea of
 * contextual detectors (CAD OSE, M. Smirnov 2016; KNN-CAD, Burnaev and Ishimtsev 2016) for a
 * context of one value, where it needs only bits.
 */
final class ValueNovelty {
  /** Distances above this are all the same; cells. */
  private static final int FAR = 9;

  private final int at;
  private final int cells;
  private final double cellsPerUnit;

  /**
   * @param layout gives the place
   * @param reach values beyond it share the last cell
   * @param width of a cell
   */
  ValueNovelty(Layout layout, double reach, double width) {
    this.cellsPerUnit = 1 / width;
    this.cells = 2 * (int) Math.ceil(reach / width);
    this.at = layout.bits((cells + 63) / 64);
  }

  /** Cells to the nearest seen one, 0 to {@link #FAR}; the value is then a seen one. */
  double distance(EnsembleState state, double value) {
    long[] bits = state.bits;
    int cell = (int) Math.rint(value * cellsPerUnit) + cells / 2;
    cell = Math.max(0, Math.min(cells - 1, cell));
    int distance = 0;
    while (distance < FAR && !seen(bits, cell - distance) && !seen(bits, cell + distance)) {
      distance++;
    }
    bits[at + (cell >> 6)] |= 1L << cell;
    return distance;
  }

  private boolean seen(long[] bits, int cell) {
    return cell >= 0 && cell < cells && (bits[at + (cell >> 6)] >>> cell & 1) != 0;
  }
}
