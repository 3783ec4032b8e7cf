package io.forestall.operators.train;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.learn.DriveLog;
import java.util.ArrayList;
import java.util.List;

/** A fleet of which now and then a disk fails, as hand-overs for one trial. */
final class TestingFleetLogs {

  static final long DAY_MILLIS = 86_400_000L;

  private TestingFleetLogs() {}

  static double[] values(double pending) {
    double[] values = DiskSample.absentValues();
    values[DiskMetric.PENDING_SECTORS.ordinal()] = pending;
    return values;
  }

  static DriveLog log(String serial, int firstDay, int lastDay, int failureDay) {
    DriveLog log = new DriveLog(serial);
    DriveLog.Bounds bounds = new DriveLog.Bounds(400, 200);
    for (int day = firstDay; day <= lastDay; day++) {
      log.take(day, "M", values(0), day, bounds);
    }
    if (failureDay != DriveLog.NEVER) {
      log.fail(failureDay);
    }
    return log;
  }

  /** Healthy disks and failures spread over a year before a trial's day. */
  static List<HandOver> handOvers(int healthy, int failing, int trialDay) {
    List<HandOver> all = new ArrayList<>();
    long trialMillis = trialDay * DAY_MILLIS;
    int first = trialDay - 300;
    for (int i = 0; i < healthy; i++) {
      all.add(
          new HandOver(
              log("H" + i, first, trialDay - 1, DriveLog.NEVER), trialMillis, true, false));
    }
    for (int i = 0; i < failing; i++) {
      int day = first + 20 + i * 275 / failing;
      all.add(new HandOver(log("F" + i, first, day - 1, day), trialMillis, false, true));
    }
    return all;
  }
}
