package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;

/** A made-up fleet from a seed: some drives collect pending sectors and die, most do nothing. */
final class TestingFleet {
  static final int FIRST_DAY = (int) LocalDate.of(2020, 1, 1).toEpochDay();

  private TestingFleet() {}

  /**
   * Histories over a year and a half, so that a test period lies behind training.
   *
   * @param drives how many; a third of them fails, after a month of growing error counts
   */
  static List<DriveHistory> histories(long seed, int drives) {
    SplittableRandom random = new SplittableRandom(seed);
    int lastDay = FIRST_DAY + 540;
    List<DriveHistory> fleet = new ArrayList<>();
    for (int i = 0; i < drives; i++) {
      boolean fails = i % 3 == 0;
      int end = fails ? FIRST_DAY + 60 + random.nextInt(lastDay - FIRST_DAY - 60) : lastDay;
      List<Integer> days = new ArrayList<>(List.of(FIRST_DAY));
      List<double[]> rows = new ArrayList<>(List.of(row(0, 0, 3)));
      if (fails) {
        double pending = 0;
        double reallocated = 0;
        for (int day = end - 28; day < end; day += 1 + random.nextInt(5)) {
          pending += 1 + random.nextInt(20);
          reallocated += random.nextInt(30);
          days.add(day);
          rows.add(row(reallocated, pending, 3));
        }
      } else if (random.nextInt(4) == 0) {
        days.add(FIRST_DAY + 10 + random.nextInt(500));
        rows.add(row(0, 0, 4));
      }
      fleet.add(
          DriveHistory.ofChanges(
              "SN" + Long.toString(seed, 36) + i,
              i % 2 == 0 ? "MODEL A" : "MODEL B",
              FIRST_DAY,
              end,
              fails,
              1000 + random.nextInt(20_000),
              days.stream().mapToInt(Integer::intValue).toArray(),
              rows.toArray(double[][]::new)));
    }
    return fleet;
  }

  static double[] row(double reallocated, double pending, double cycles) {
    double[] values = new double[DiskMetric.COUNT];
    Arrays.fill(values, Double.NaN);
    values[DiskMetric.REALLOCATED_SECTORS.ordinal()] = reallocated;
    values[DiskMetric.PENDING_SECTORS.ordinal()] = pending;
    values[DiskMetric.POWER_CYCLES.ordinal()] = cycles;
    return values;
  }

  /** A small and quick recipe. */
  static TrainingRecipe recipe(long seed, int epochs) {
    return new TrainingRecipe(
        seed,
        epochs,
        30,
        TrainingRecipe.WHOLE_PERIOD,
        TrainingRecipe.WHOLE_PERIOD,
        TrainingRecipe.WHOLE_PERIOD,
        8,
        4,
        16,
        30,
        90,
        60,
        20,
        3,
        0.02,
        2,
        epochs,
        new TreeRecipe(20, 1, 8, 5, 0.2, 3_000));
  }

  /** Writes histories in the change-log form. */
  static void writeChangeLog(Path folder, List<DriveHistory> fleet) throws IOException {
    Files.createDirectories(folder);
    StringBuilder drives =
        new StringBuilder("serial_number,model,first_date,last_date,first_hours,failed,end\n");
    StringBuilder changes =
        new StringBuilder("serial_number,date_est,tstart,tstop,smart_5,smart_12,smart_197\n");
    double[] values = new double[DiskMetric.COUNT];
    for (DriveHistory drive : fleet) {
      boolean failed = drive.failureDay() != DriveHistory.NEVER;
      drive.values(0, values);
      double hours = values[DiskMetric.POWER_ON_HOURS.ordinal()];
      drives.append(
          String.format(
              Locale.ROOT,
              "%s,%s,%s,%s,%.0f,%d,%s%n",
              drive.serial(),
              drive.model(),
              LocalDate.ofEpochDay(drive.firstDay()),
              LocalDate.ofEpochDay(failed ? drive.failureDay() : drive.lastDay()),
              hours,
              failed ? 1 : 0,
              failed ? "failed" : "running"));
      String before = "";
      for (int i = 0; i < drive.samples(); i++) {
        drive.values(i, values);
        String now =
            String.format(
                Locale.ROOT,
                "%.0f,%.0f,%.0f",
                values[DiskMetric.REALLOCATED_SECTORS.ordinal()],
                values[DiskMetric.POWER_CYCLES.ordinal()],
                values[DiskMetric.PENDING_SECTORS.ordinal()]);
        if (!now.equals(before)) {
          before = now;
          changes.append(
              String.format(
                  Locale.ROOT,
                  "%s,%s,%.0f,0,%s%n",
                  drive.serial(),
                  LocalDate.ofEpochDay(drive.day(i)),
                  values[DiskMetric.POWER_ON_HOURS.ordinal()],
                  now));
        }
      }
    }
    gzip(folder.resolve("drives.csv.gz"), drives);
    Files.writeString(folder.resolve("changes.csv"), changes);
  }

  static void gzip(Path file, CharSequence text) throws IOException {
    try (Writer out =
        new OutputStreamWriter(
            new GZIPOutputStream(Files.newOutputStream(file)), StandardCharsets.UTF_8)) {
      out.append(text);
    }
  }
}
