package io.forestall.risk.learn;

/** What became of a disk within a horizon after a day. Row A4. */
public enum Label {
  /** It failed within the horizon. */
  FAILS,
  /** It was seen alive after the horizon. */
  SURVIVES,
  /** Nobody knows yet, or ever will. Masked, never counted as alive. */
  UNKNOWN;

  /**
   * The label of a day.
   *
   * @param day epoch day of the sample
   * @param lastDay last epoch day on which the disk was seen
   * @param failureDay epoch day of its failure, {@link DriveLog#NEVER} when none is known
   * @param horizonDays at least 1
   * @return {@link #UNKNOWN} when the disk was not seen long enough to say no, and from the day of
   *     failure on
   */
  public static Label of(int day, int lastDay, int failureDay, int horizonDays) {
    if (failureDay != DriveLog.NEVER) {
      int ahead = failureDay - day;
      if (ahead < 1) {
        return UNKNOWN;
      }
      return ahead <= horizonDays ? FAILS : SURVIVES;
    }
    return day + horizonDays <= lastDay ? SURVIVES : UNKNOWN;
  }
}
