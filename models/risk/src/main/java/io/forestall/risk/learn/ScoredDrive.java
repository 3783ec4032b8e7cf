package io.forestall.risk.learn;

/**
 * What two models said of one disk that neither was trained on, day by day. Immutable by
 * convention: the arrays are not copied.
 *
 * @param serial the disk
 * @param lastDay last epoch day on which it was seen
 * @param failureDay epoch day of its failure, {@link DriveLog#NEVER} when none is known
 * @param weight how many disks of the fleet it stands for, above 0
 * @param days epoch days with a sample, ascending
 * @param champion what the champion said on each: a probability, or any number that grows with the
 *     risk when it has none
 * @param challenger what the challenger said on each: a probability
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of scores, never compared
public record ScoredDrive(
    String serial,
    int lastDay,
    int failureDay,
    double weight,
    int[] days,
    double[] champion,
    double[] challenger) {
  /**
   * @throws IllegalArgumentException when the arrays differ in length or the weight is not above 0
   */
  public ScoredDrive {
    if (days.length != champion.length || days.length != challenger.length) {
      throw new IllegalArgumentException("disk " + serial + ": one score of each for each day");
    }
    if (!(weight > 0)) {
      throw new IllegalArgumentException("disk " + serial + " has weight " + weight);
    }
  }

  /** The label of a day. */
  Label label(int day, int horizonDays) {
    return Label.of(day, lastDay, failureDay, horizonDays);
  }
}
