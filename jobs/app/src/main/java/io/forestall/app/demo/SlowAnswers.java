package io.forestall.app.demo;

/**
 * How often in a row somebody may leave a question unanswered before that is a failure. One late
 * answer says that the machine is busy, many say that nobody is there. Not thread-safe.
 */
final class SlowAnswers {
  private final int most;
  private int inARow;

  /**
   * Nothing was asked yet.
   *
   * @param most questions in a row that may stay without an answer
   */
  SlowAnswers(int most) {
    this.most = most;
  }

  /** An answer came: counts anew. */
  void answered() {
    inARow = 0;
  }

  /** No answer came; says whether that is one too many. */
  boolean unanswered() {
    inARow++;
    return inARow > most;
  }
}
