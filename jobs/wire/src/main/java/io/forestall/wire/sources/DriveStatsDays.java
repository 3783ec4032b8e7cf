package io.forestall.wire.sources;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Drive-stats files as days in date order, whatever the order of files and of rows: files of one
 * day, files of many days sorted or not, and several files that share days. Of several rows of one
 * disk on one day, one is accepted by its content alone, so the choice does not depend on the order
 * of rows; the others are refused as duplicates. Not safe for threads.
 */
public final class DriveStatsDays implements SourceReader {

  /** Name that telemetry frames carry. */
  public static final String SOURCE = "drive-stats-csv";

  private final List<Open> files = new ArrayList<>();
  private final Predicate<String> wanted;
  private final Texts texts = new Texts();

  /**
   * A reader of the planned files.
   *
   * @param plan the files and their days
   * @param wanted canonical metrics to keep
   */
  public DriveStatsDays(DriveStatsPlan plan, Predicate<String> wanted) {
    this.wanted = wanted;
    for (DriveStatsPlan.PlannedFile file : plan.files()) {
      // A file without a row is read with the first day, for its problems.
      long first =
          file.firstMillis() == SourceProblem.NO_TIME ? plan.firstMillis() : file.firstMillis();
      files.add(new Open(file, first));
    }
  }

  @Override
  public String source() {
    return SOURCE;
  }

  @Override
  public @Nullable SourceBatch next() throws IOException {
    long day = Long.MAX_VALUE;
    boolean any = false;
    for (Open file : files) {
      if (!file.done) {
        any = true;
        day = Math.min(day, file.nextMillis);
      }
    }
    if (!any) {
      return null;
    }
    List<SourceRow> rows = new ArrayList<>();
    List<SourceProblem> problems = new ArrayList<>();
    for (Open file : files) {
      if (!file.done && file.nextMillis <= day) {
        file.read(day, rows, problems);
      }
    }
    if (day == Long.MAX_VALUE) {
      // No file holds a row.
      day = 0;
    }
    return new SourceBatch(day, Duplicates.settle(rows), problems);
  }

  @Override
  public void close() throws IOException {
    for (Open file : files) {
      file.close();
    }
  }

  private final class Open {
    private final DriveStatsPlan.PlannedFile file;
    private final TreeMap<Long, List<SourceRow>> later = new TreeMap<>();
    private long nextMillis;
    private @Nullable DriveStatsReader reader;
    private final List<SourceProblem> found = new ArrayList<>();
    private boolean exhausted;
    private boolean done;

    Open(DriveStatsPlan.PlannedFile file, long firstMillis) {
      this.file = file;
      this.nextMillis = firstMillis;
    }

    // Hands out the rows of this day. A sorted file is read only as far as its next day.
    void read(long day, List<SourceRow> rows, List<SourceProblem> problems) throws IOException {
      if (reader == null && !exhausted) {
        reader = DriveStatsReader.open(file.path(), wanted, found::add, texts);
      }
      List<SourceRow> kept = later.remove(day);
      if (kept != null) {
        rows.addAll(kept);
      }
      while (reader != null) {
        SourceRow row = reader.next();
        if (row == null) {
          close();
          exhausted = true;
          break;
        }
        long time = row.timeMillis();
        if (time == day) {
          rows.add(row);
        } else if (time > day) {
          later.computeIfAbsent(time, key -> new ArrayList<>()).add(row);
          if (file.sorted()) {
            break;
          }
        } else {
          rows.add(row.refuse(late(row)));
        }
      }
      problems.addAll(found);
      found.clear();
      done = exhausted && later.isEmpty();
      nextMillis = later.isEmpty() ? day : later.firstKey();
    }

    // Only a daily file whose first row agreed with its name can hold such a row.
    private SourceProblem late(SourceRow row) {
      return new SourceProblem(
          row.origin(),
          row.line(),
          false,
          DeadReason.LATE,
          "row is dated "
              + LocalDate.ofEpochDay(row.timeMillis() / DriveStatsReader.DAY_MILLIS)
              + ", before the day of its file, and that day has passed",
          row.timeMillis(),
          row.disk(),
          new byte[0]);
    }

    void close() throws IOException {
      if (reader != null) {
        reader.close();
        reader = null;
      }
    }
  }
}
