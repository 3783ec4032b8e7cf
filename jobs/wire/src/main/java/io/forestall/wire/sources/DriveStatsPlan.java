package io.forestall.wire.sources;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stands in a set of drive-stats files, found before they are read in date order: which days
 * each file holds and whether its rows are sorted by day. Immutable.
 */
public final class DriveStatsPlan {

  /**
   * One file.
   *
   * @param path the file
   * @param firstMillis its earliest day, {@link SourceProblem#NO_TIME} when it holds no row;
   *     milliseconds since 1970-01-01 UTC
   * @param sorted true when its days never go back
   */
  record PlannedFile(Path path, long firstMillis, boolean sorted) {}

  private final List<PlannedFile> files;
  private final long rows;
  private final long disks;
  private final long firstMillis;
  private final long lastMillis;

  private DriveStatsPlan(
      List<PlannedFile> files, long rows, long disks, long firstMillis, long lastMillis) {
    this.files = List.copyOf(files);
    this.rows = rows;
    this.disks = disks;
    this.firstMillis = firstMillis;
    this.lastMillis = lastMillis;
  }

  /**
   * Reads every file once: rows, disks and days are then known exactly.
   *
   * @throws IOException when a file cannot be opened
   */
  public static DriveStatsPlan scan(List<Path> files) throws IOException {
    List<PlannedFile> planned = new ArrayList<>();
    Set<String> disks = new HashSet<>();
    Texts texts = new Texts();
    long rows = 0;
    long first = Long.MAX_VALUE;
    long last = SourceProblem.NO_TIME;
    for (Path file : files) {
      Scan scan = scanFile(file, disks, texts);
      planned.add(new PlannedFile(file, scan.firstMillis, scan.sorted));
      rows += scan.rows;
      if (scan.firstMillis != SourceProblem.NO_TIME) {
        first = Math.min(first, scan.firstMillis);
        last = Math.max(last, scan.lastMillis);
      }
    }
    return new DriveStatsPlan(planned, rows, disks.size(), first, last);
  }

  /**
   * Trusts the names of daily files whose first row agrees with them, and reads only the others.
   * Rows and disks then stay unknown.
   *
   * @throws IOException when a file cannot be opened
   */
  public static DriveStatsPlan quick(List<Path> files) throws IOException {
    List<PlannedFile> planned = new ArrayList<>();
    Texts texts = new Texts();
    long first = Long.MAX_VALUE;
    long last = SourceProblem.NO_TIME;
    for (Path file : files) {
      long named = SourceFiles.namedDayMillis(file);
      long begin;
      long end;
      if (named != SourceProblem.NO_TIME && firstDay(file) == named) {
        planned.add(new PlannedFile(file, named, true));
        begin = named;
        end = named;
      } else {
        Scan scan = scanFile(file, null, texts);
        planned.add(new PlannedFile(file, scan.firstMillis, scan.sorted));
        begin = scan.firstMillis;
        end = scan.lastMillis;
      }
      if (begin != SourceProblem.NO_TIME) {
        first = Math.min(first, begin);
        last = Math.max(last, end);
      }
    }
    return new DriveStatsPlan(planned, -1, -1, first, last);
  }

  /** Lines that are rows or problems of a row, or -1 when not counted. */
  public long rows() {
    return rows;
  }

  /** Distinct disks, or -1 when not counted. */
  public long disks() {
    return disks;
  }

  /** Number of files. */
  public int fileCount() {
    return files.size();
  }

  /** True when no file holds a row. */
  public boolean isEmpty() {
    return lastMillis == SourceProblem.NO_TIME;
  }

  /** Earliest day; milliseconds since 1970-01-01 UTC. Meaningless when {@link #isEmpty()}. */
  public long firstMillis() {
    return firstMillis;
  }

  /** Latest day; milliseconds since 1970-01-01 UTC. Meaningless when {@link #isEmpty()}. */
  public long lastMillis() {
    return lastMillis;
  }

  List<PlannedFile> files() {
    return files;
  }

  private static final class Scan {
    private long rows;
    private long firstMillis = SourceProblem.NO_TIME;
    private long lastMillis = SourceProblem.NO_TIME;
    private boolean sorted = true;
  }

  private static Scan scanFile(Path file, @Nullable Set<String> disks, Texts texts)
      throws IOException {
    Scan scan = new Scan();
    try (DriveStatsReader reader =
        DriveStatsReader.open(file, metric -> false, problem -> {}, texts)) {
      long previous = SourceProblem.NO_TIME;
      for (SourceRow row = reader.next(); row != null; row = reader.next()) {
        long day = row.timeMillis();
        scan.sorted &= day >= previous;
        previous = day;
        if (scan.firstMillis == SourceProblem.NO_TIME || day < scan.firstMillis) {
          scan.firstMillis = day;
        }
        scan.lastMillis = Math.max(scan.lastMillis, day);
        if (disks != null && row.problem() == null) {
          disks.add(row.disk());
        }
      }
      scan.rows = reader.rows();
    }
    return scan;
  }

  private static long firstDay(Path file) throws IOException {
    try (DriveStatsReader reader = DriveStatsReader.open(file, metric -> false, problem -> {})) {
      SourceRow row = reader.next();
      return row == null ? SourceProblem.NO_TIME : row.timeMillis();
    }
  }
}
