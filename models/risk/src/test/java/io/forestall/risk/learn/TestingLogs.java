package io.forestall.risk.learn;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;

/** Histories for tests. */
final class TestingLogs {

  static final DriveLog.Bounds WIDE = new DriveLog.Bounds(400, 200);

  private TestingLogs() {}

  /** What a disk reports: a count of pending sectors and its hours. */
  static double[] values(double pending, double hours) {
    double[] values = DiskSample.absentValues();
    values[DiskMetric.PENDING_SECTORS.ordinal()] = pending;
    values[DiskMetric.POWER_ON_HOURS.ordinal()] = hours;
    return values;
  }

  /** A disk that reported every day and never an error; it failed if a day is given. */
  static DriveLog log(String serial, int firstDay, int lastDay, int failureDay) {
    DriveLog log = new DriveLog(serial);
    for (int day = firstDay; day <= lastDay; day++) {
      log.take(day, "M", values(0, 24.0 * day), day, WIDE);
    }
    if (failureDay != DriveLog.NEVER) {
      log.fail(failureDay);
    }
    return log;
  }
}
