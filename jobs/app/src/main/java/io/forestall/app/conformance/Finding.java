package io.forestall.app.conformance;

/**
 * What one question to a node found. Immutable.
 *
 * @param level level of the contract that asks it
 * @param point numbered point of that level in {@code NODE-CONTRACT.md} that says so
 * @param question what must hold, a sentence
 * @param verdict how it came out
 * @param text what was seen
 */
record Finding(int level, int point, String question, Verdict verdict, String text) {

  /** The rule of the contract, such as {@code 1.2}: level 1, point 2. */
  String rule() {
    return level + "." + point;
  }

  /** How a question came out. */
  enum Verdict {
    /** It holds. */
    PASSED,
    /** It does not hold. */
    FAILED,
    /** It could not be asked. */
    SKIPPED
  }
}
