package io.forestall.dl4j;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.zip.CRC32C;

/**
 * Who is trained on and who is not: by drive, by a hash of serial and seed, failing and other
 * drives each in the same shares so that a small set does not leave one part without failures.
 *
 * @param training drives whose samples train
 * @param calibration drives that choose the epoch and calibrate
 * @param test drives that only measure; empty when a later period measures instead
 */
record DriveSplit(
    List<DriveHistory> training, List<DriveHistory> calibration, List<DriveHistory> test) {
  DriveSplit {
    training = List.copyOf(training);
    calibration = List.copyOf(calibration);
    test = List.copyOf(test);
  }

  /**
   * Splits.
   *
   * @param drives in any order
   * @param failing whether a drive is known to fail at training time
   * @param calibrationShare of each class, 0 to 1
   * @param testShare of each class, 0 to 1
   */
  static DriveSplit of(
      List<DriveHistory> drives,
      Predicate<DriveHistory> failing,
      double calibrationShare,
      double testShare,
      long seed) {
    List<DriveHistory> training = new ArrayList<>();
    List<DriveHistory> calibration = new ArrayList<>();
    List<DriveHistory> test = new ArrayList<>();
    for (boolean class_ : new boolean[] {true, false}) {
      List<DriveHistory> ordered =
          drives.stream()
              .filter(drive -> failing.test(drive) == class_)
              .sorted(
                  Comparator.comparingLong((DriveHistory drive) -> hash(drive.serial(), seed))
                      .thenComparing(DriveHistory::serial))
              .toList();
      int calibrations = (int) Math.ceil(ordered.size() * calibrationShare);
      int tests = (int) Math.ceil(ordered.size() * testShare);
      calibration.addAll(ordered.subList(0, Math.min(ordered.size(), calibrations)));
      test.addAll(
          ordered.subList(
              Math.min(ordered.size(), calibrations),
              Math.min(ordered.size(), calibrations + tests)));
      training.addAll(
          ordered.subList(Math.min(ordered.size(), calibrations + tests), ordered.size()));
    }
    Comparator<DriveHistory> bySerial = Comparator.comparing(DriveHistory::serial);
    training.sort(bySerial);
    calibration.sort(bySerial);
    test.sort(bySerial);
    return new DriveSplit(training, calibration, test);
  }

  /** A number of the serial and a seed, the same everywhere. */
  static long hash(String serial, long seed) {
    CRC32C crc = new CRC32C();
    crc.update(serial.getBytes(StandardCharsets.UTF_8));
    long z = (crc.getValue() ^ seed) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
