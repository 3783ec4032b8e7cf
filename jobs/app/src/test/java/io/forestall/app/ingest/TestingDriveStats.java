package io.forestall.app.ingest;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/** Look-alikes of drive-stats files, from a seed. */
public final class TestingDriveStats {

  /** Header of the files. */
  public static final String HEADER =
      "date,serial_number,model,capacity_bytes,failure,smart_5_normalized,smart_5_raw,smart_9_raw,"
          + "smart_187_raw,smart_194_raw,smart_197_raw,smart_240_raw";

  private TestingDriveStats() {}

  /** Lines of each day, without the header, in order of serial number. */
  public static TreeMap<LocalDate, List<String>> days(long seed, int disks, int days) {
    Random random = new Random(seed);
    TreeMap<LocalDate, List<String>> all = new TreeMap<>();
    long[] hours = new long[disks];
    int[] bad = new int[disks];
    boolean[] dead = new boolean[disks];
    for (int i = 0; i < disks; i++) {
      hours[i] = random.nextInt(40_000);
    }
    LocalDate first = LocalDate.of(2024, 2, 20);
    for (int day = 0; day < days; day++) {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < disks; i++) {
        hours[i] += 24;
        if (dead[i] || random.nextInt(20) == 0) {
          continue; // A scrape that is missing now and then.
        }
        if (random.nextInt(10) == 0 || bad[i] > 0) {
          bad[i] += random.nextInt(8);
        }
        boolean fails = bad[i] > 15 && random.nextInt(4) == 0;
        dead[i] = fails;
        boolean silent = random.nextInt(15) == 0;
        lines.add(
            String.join(
                ",",
                first.plusDays(day).toString(),
                serial(i),
                i % 3 == 0 ? "SYNTH MODEL A" : "SYNTH B" + i % 3,
                i % 7 == 0 ? "-1" : "4000787030016",
                fails ? "1" : "0",
                silent ? "" : "100.0",
                silent ? "" : Integer.toString(bad[i]),
                silent ? "" : Long.toString(hours[i]),
                silent || i % 2 == 0 ? "" : Integer.toString(bad[i] / 10),
                silent ? "" : (25 + random.nextInt(10)) + ".0",
                silent ? "" : Integer.toString(8 * (bad[i] / 20)),
                silent ? "" : Long.toString(hours[i] * 3)));
      }
      all.put(first.plusDays(day), lines);
    }
    return all;
  }

  /** Serial number of a disk. */
  public static String serial(int disk) {
    return "Z" + Integer.toHexString(disk * 0x9E3779B1).toUpperCase(java.util.Locale.ROOT);
  }

  /** Writes one file a day, every other one compressed. */
  public static void write(Path folder, TreeMap<LocalDate, List<String>> days) throws IOException {
    Files.createDirectories(folder);
    int number = 0;
    for (var day : days.entrySet()) {
      boolean gzip = number++ % 2 == 0;
      write(folder.resolve(day.getKey() + (gzip ? ".csv.gz" : ".csv")), day.getValue());
    }
  }

  /** Writes a header and these lines; gzip by the name. */
  public static void write(Path file, List<String> lines) throws IOException {
    List<String> all = new ArrayList<>();
    all.add(HEADER);
    all.addAll(lines);
    byte[] bytes = (String.join("\n", all) + "\n").getBytes(StandardCharsets.UTF_8);
    try (OutputStream out =
        file.toString().endsWith(".gz")
            ? new GZIPOutputStream(Files.newOutputStream(file))
            : Files.newOutputStream(file)) {
      out.write(bytes);
    }
  }

  /** The same days with the lines of each in another order. */
  public static TreeMap<LocalDate, List<String>> shuffled(
      TreeMap<LocalDate, List<String>> days, long seed) {
    Random random = new Random(seed);
    TreeMap<LocalDate, List<String>> mixed = new TreeMap<>();
    days.forEach(
        (day, lines) -> {
          List<String> copy = new ArrayList<>(lines);
          Collections.shuffle(copy, random);
          mixed.put(day, copy);
        });
    return mixed;
  }

  /** A line with one cell replaced, cells counted from 0. */
  public static String with(String line, int cell, String value) {
    String[] cells = line.split(",", -1);
    cells[cell] = value;
    return String.join(",", Arrays.asList(cells));
  }
}
