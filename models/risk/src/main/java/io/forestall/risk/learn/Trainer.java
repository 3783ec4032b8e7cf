package io.forestall.risk.learn;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains a challenger and lets it and the champion score the disks that judge. Rows A4, A14. The
 * same task gives the same result. For one thread at a time.
 */
public interface Trainer {

  /**
   * What to do.
   *
   * @param plan whom to train on and whom to judge by, and when
   * @param horizonDays the failure is looked for on 1 to this many days after a sample
   * @param champion bytes of the champion's model file; null when the count of error counters above
   *     zero stands in for one
   * @param version of the challenger
   * @param seed of every random choice
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
  record Task(
      TrialPlan plan, int horizonDays, byte @Nullable [] champion, int version, long seed) {}

  /**
   * What came of it.
   *
   * @param id of the challenger's family
   * @param version of the challenger
   * @param format of its bytes
   * @param model its bytes
   * @param card its model card, Markdown
   * @param scored what both said of the disks that judge, on the days that judge
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
  record Trained(
      String id, int version, String format, byte[] model, String card, List<ScoredDrive> scored) {
    /** Keeps its own copy. */
    public Trained {
      scored = List.copyOf(scored);
    }
  }

  /** Training cannot be done with this task; the message says what is wrong and what to do. */
  final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean badChampion;

    /**
     * A refusal.
     *
     * @param message one line: what, where, what to do
     * @param badChampion true when the champion's bytes are no model, false when the histories do
     *     not do
     */
    public RefusedException(String message, boolean badChampion) {
      super(message);
      this.badChampion = badChampion;
    }

    /** True when the champion's bytes are no model. */
    public boolean badChampion() {
      return badChampion;
    }
  }

  /**
   * Trains and scores; takes minutes.
   *
   * @param news hears lines of progress every few seconds; what it throws ends the training
   * @throws RefusedException when the task cannot be done, now or ever
   */
  Trained train(Task task, Consumer<String> news) throws RefusedException;
}
