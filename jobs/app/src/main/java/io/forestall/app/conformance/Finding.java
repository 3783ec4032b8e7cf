package io.forestall.app.conformance;

/**
 * What one question to a node found. Immutable.
 *
 * @param level level of the contract that asks it
 * @param question what must hold, a sentence
 * @param verdict how it came out
 * @param text what was seen
 */
record Finding(int level, String question, Verdict verdict, String text) {

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
