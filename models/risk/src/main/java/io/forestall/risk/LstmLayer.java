package io.forestall.risk;

/**
 * Weights of one LSTM layer. Gate blocks in a row of 4 x hidden: a (tanh), f, o, g (sigmoid); c =
 * f*c + a*g, h = o*tanh(c). Arrays are not copied.
 *
 * @param inputs length of the layer's input
 * @param hidden length of its output
 * @param inputWeights inputs rows of 4 x hidden, row after row
 * @param recurrentWeights hidden rows of 4 x hidden, row after row
 * @param bias 4 x hidden
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of weights, never compared
public record LstmLayer(
    int inputs, int hidden, float[] inputWeights, float[] recurrentWeights, float[] bias) {
  /**
   * @throws IllegalArgumentException when an array does not fit the shape
   */
  public LstmLayer {
    requireLength("input weights", inputWeights, inputs * 4 * hidden);
    requireLength("recurrent weights", recurrentWeights, hidden * 4 * hidden);
    requireLength("bias", bias, 4 * hidden);
  }

  private static void requireLength(String what, float[] array, int length) {
    if (array.length != length) {
      throw new IllegalArgumentException(
          "LSTM " + what + " has " + array.length + " values, its shape needs " + length);
    }
  }
}
