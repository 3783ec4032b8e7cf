package io.forestall.dl4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The scores that several scorers gave to each day of a test period, drive by drive. Days whose
 * label nobody knows are not in it. Filled by one thread, then read only.
 */
final class ScoredPeriod {
  private final int firstDay;
  private final int lastDay;
  private final int scorers;
  private final List<DriveHistory> drives = new ArrayList<>();
  private int[] ids = new int[16];
  private int[] starts = new int[17];
  private short[] offsets = new short[1 << 10];
  private final float[][] scores;
  private int days;

  /**
   * @param firstDay first epoch day of the period
   * @param lastDay last epoch day of the period
   * @param scorers how many
   */
  ScoredPeriod(int firstDay, int lastDay, int scorers) {
    this.firstDay = firstDay;
    this.lastDay = lastDay;
    this.scorers = scorers;
    this.scores = new float[scorers][1 << 10];
  }

  /** Begins a drive; its days follow. */
  void begin(DriveHistory drive, int id) {
    int n = drives.size();
    if (n == ids.length) {
      ids = Arrays.copyOf(ids, 2 * n);
      starts = Arrays.copyOf(starts, 2 * n + 1);
    }
    ids[n] = id;
    starts[n] = days;
    starts[n + 1] = days;
    drives.add(drive);
  }

  /** Adds a day of the drive that was begun last, later than the one before. */
  void add(int day, float[] row) {
    if (days == offsets.length) {
      offsets = Arrays.copyOf(offsets, 2 * days);
      for (int s = 0; s < scorers; s++) {
        scores[s] = Arrays.copyOf(scores[s], 2 * days);
      }
    }
    offsets[days] = (short) (day - firstDay);
    for (int s = 0; s < scorers; s++) {
      scores[s][days] = row[s];
    }
    days++;
    starts[drives.size()] = days;
  }

  /** Appends another part of the same period. */
  void append(ScoredPeriod other) {
    float[] row = new float[scorers];
    for (int d = 0; d < other.drives(); d++) {
      begin(other.drive(d), other.id(d));
      for (int i = other.from(d); i < other.to(d); i++) {
        for (int s = 0; s < scorers; s++) {
          row[s] = other.scores[s][i];
        }
        add(other.day(i), row);
      }
    }
  }

  int firstDay() {
    return firstDay;
  }

  int lastDay() {
    return lastDay;
  }

  int drives() {
    return drives.size();
  }

  /** How many days are scored. */
  int days() {
    return days;
  }

  DriveHistory drive(int drive) {
    return drives.get(drive);
  }

  /** Number of the drive among all drives, the same in every period. */
  int id(int drive) {
    return ids[drive];
  }

  /** Place of a drive's first day. */
  int from(int drive) {
    return starts[drive];
  }

  /** Place behind a drive's last day. */
  int to(int drive) {
    return starts[drive + 1];
  }

  /** Epoch day at a place. */
  int day(int place) {
    return firstDay + offsets[place];
  }

  float score(int scorer, int place) {
    return scores[scorer][place];
  }

  void score(int scorer, int place, float score) {
    scores[scorer][place] = score;
  }

  /** Whether a drive counts in recall: it fails, and all days of the horizon lie in the period. */
  boolean counts(int drive, int horizonDays) {
    int failureDay = drives.get(drive).failureDay();
    return failureDay != DriveHistory.NEVER
        && failureDay - horizonDays >= firstDay
        && failureDay <= lastDay;
  }
}
