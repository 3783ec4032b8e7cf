package io.forestall.dl4j;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Refuses inputs that look ahead: what is computed for a day must be the same when the history ends
 * on that day. Drives and days are drawn from a seed.
 */
final class LookAheadAudit {
  private static final int LOOKS = 400;

  /** What computes the inputs of a stretch of a history. */
  @FunctionalInterface
  interface Encoder {
    /** Writes the inputs of the first {@code to} samples. */
    void encode(DriveHistory history, int to, float[][] inputs);
  }

  private LookAheadAudit() {}

  /**
   * Looks at a few hundred drives.
   *
   * @return how many days were looked at
   * @throws TrainingException naming the first input that looks ahead
   */
  static int check(List<DriveHistory> drives, Encoder encoder, List<String> names, long seed)
      throws TrainingException {
    SplittableRandom random = new SplittableRandom(seed);
    int looks = 0;
    for (int look = 0; look < LOOKS; look++) {
      DriveHistory drive = drives.get(random.nextInt(drives.size()));
      int samples = drive.samples();
      if (samples < 2) {
        continue;
      }
      // Often near the end, where there is most to be seen ahead.
      int at =
          random.nextBoolean()
              ? random.nextInt(samples - 1)
              : Math.max(0, samples - 2 - random.nextInt(Math.min(30, samples - 1)));
      DriveHistory cut = drive.until(drive.day(at));
      float[][] whole = new float[samples][names.size()];
      encoder.encode(drive, samples, whole);
      float[][] known = new float[at + 1][names.size()];
      encoder.encode(cut, at + 1, known);
      looks++;
      for (int i = 0; i < names.size(); i++) {
        if (whole[at][i] != known[at][i]) {
          throw new TrainingException(
              "input "
                  + names.get(i)
                  + " looks ahead: on "
                  + DiskTraining.date(drive.day(at))
                  + " it is "
                  + whole[at][i]
                  + " for drive "
                  + drive.serial()
                  + ", and "
                  + known[at][i]
                  + " when nothing later is known; take it out");
        }
      }
    }
    return looks;
  }
}
