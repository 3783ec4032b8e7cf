package io.forestall.risk.series;

/**
 * Hands out places in the flat arrays of an {@link EnsembleState} while a detector is built. The
 * order of the parts is the order of the encoding: a new part comes last, so that older states can
 * be read, with zeros for what they lack.
 */
final class Layout {
  private int numbers;
  private int counts;
  private int bits;

  /** First of {@code count} numbers. */
  int numbers(int count) {
    int first = numbers;
    numbers += count;
    return first;
  }

  /** First of {@code count} counts. */
  int counts(int count) {
    int first = counts;
    counts += count;
    return first;
  }

  /** First of {@code count} words of bits. */
  int bits(int count) {
    int first = bits;
    bits += count;
    return first;
  }

  int numbers() {
    return numbers;
  }

  int counts() {
    return counts;
  }

  int bits() {
    return bits;
  }
}
