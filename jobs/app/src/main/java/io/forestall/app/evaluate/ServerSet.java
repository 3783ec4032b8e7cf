package io.forestall.app.evaluate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of labelled servers: {@code train/}, {@code test/} and {@code test_label/}, or one
 * folder that holds these. In each is one file a server of the same name, {@code .txt} or {@code
 * .csv}, packed with {@code .gz} or not: a row for each time with numbers between commas and no
 * head, and in the labels 0 or 1 a row.
 *
 * @param name of the folder that was given
 * @param stepMillis time from a row to the next; milliseconds
 * @param servers in the order of their names
 */
record ServerSet(String name, long stepMillis, List<Server> servers) {
  private static final long MINUTE_MILLIS = 60_000;
  private static final long FIVE_MINUTES_MILLIS = 300_000;
  private static final Pattern DATA_FILE = Pattern.compile("(.+?)\\.(txt|csv)(\\.gz)?");
  private static final Pattern NUMBERED = Pattern.compile("(.*?)[-_]?(\\d+)");

  /**
   * One server.
   *
   * @param name of its files
   * @param group servers of one group are each other's peers: the name without its last number
   * @param train rows before those that are scored
   * @param test rows that are scored
   * @param labels of the rows that are scored
   */
  @SuppressWarnings("ArrayRecordComponent") // read once and never compared
  record Server(String name, String group, Path train, Path test, boolean[] labels) {}

  /**
   * Finds the servers and reads their labels.
   *
   * @param folder the folder
   * @param stepSeconds time between rows, null for what the two public layouts have: 1 minute for
   *     {@code .txt}, 5 for {@code .csv}
   */
  static ServerSet open(Path folder, @Nullable Long stepSeconds) throws IOException {
    Path root = root(folder);
    List<Server> servers = new ArrayList<>();
    long stepMillis = stepSeconds == null ? 0 : 1000 * stepSeconds;
    for (Path test : files(root.resolve("test"))) {
      Matcher parts = DATA_FILE.matcher(String.valueOf(test.getFileName()));
      if (!parts.matches()) {
        continue;
      }
      if (stepMillis == 0) {
        stepMillis = parts.group(2).equals("txt") ? MINUTE_MILLIS : FIVE_MINUTES_MILLIS;
      }
      String name = parts.group(1);
      Matcher numbered = NUMBERED.matcher(name);
      servers.add(
          new Server(
              name,
              numbered.matches() ? numbered.group(1) : name,
              sibling(root.resolve("train"), name, test),
              test,
              labels(sibling(root.resolve("test_label"), name, test))));
    }
    if (servers.isEmpty()) {
      throw CommandFailure.usage("there is no .txt or .csv, packed or not, in " + root + "/test");
    }
    return new ServerSet(name(folder), stepMillis, List.copyOf(servers));
  }

  private static String name(Path folder) {
    return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
  }

  private static Path root(Path folder) throws IOException {
    if (Files.isDirectory(folder.resolve("test"))) {
      return folder;
    }
    if (Files.isDirectory(folder)) {
      for (Path inner : files(folder)) {
        if (Files.isDirectory(inner.resolve("test"))) {
          return inner;
        }
      }
    }
    throw CommandFailure.usage(
        "there is no folder test in "
            + folder
            + ": --data names a folder with train, test and test_label");
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** The file of the same server in another folder, packed or not. */
  private static Path sibling(Path folder, String name, Path like) {
    for (String ending : new String[] {".txt", ".csv", ".txt.gz", ".csv.gz"}) {
      Path file = folder.resolve(name + ending);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw CommandFailure.usage("there is no " + name + " in " + folder + " for " + like);
  }

  private static boolean[] labels(Path file) throws IOException {
    List<Boolean> labels = new ArrayList<>();
    try (Rows rows = new Rows(file)) {
      for (double[] row = rows.next(); row != null; row = rows.next()) {
        labels.add(row[row.length - 1] != 0);
      }
    }
    boolean[] points = new boolean[labels.size()];
    for (int i = 0; i < points.length; i++) {
      points[i] = labels.get(i);
    }
    return points;
  }

  /** Rows of numbers of one file, one after the other. Not thread-safe. */
  static final class Rows implements Closeable {
    private final Path file;
    private final BufferedReader reader;
    private double[] row = new double[0];
    private long line;

    Rows(Path file) throws IOException {
      this.file = file;
      InputStream in = Files.newInputStream(file);
      try {
        InputStream plain =
            String.valueOf(file.getFileName()).endsWith(".gz")
                ? new GZIPInputStream(in, 1 << 16)
                : in;
        reader = new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8), 1 << 16);
      } catch (IOException e) {
        in.close();
        throw new IOException(file + " cannot be unpacked: " + e.getMessage(), e);
      }
    }

    /** The next row, overwritten by the one after it; null at the end. */
    double @Nullable [] next() throws IOException {
      String text = reader.readLine();
      line++;
      if (text == null || text.isBlank()) {
        return null;
      }
      if (line == 1) {
        row = new double[(int) text.chars().filter(c -> c == ',').count() + 1];
      }
      int at = 0;
      int from = 0;
      while (from <= text.length()) {
        int comma = text.indexOf(',', from);
        int end = comma < 0 ? text.length() : comma;
        if (at == row.length) {
          throw failure("more than the " + row.length + " numbers of its first line", null);
        }
        String cell = text.substring(from, end).strip();
        try {
          row[at++] = cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
        } catch (NumberFormatException e) {
          throw failure("'" + cell + "', which is no number", e);
        }
        from = end + 1;
      }
      if (at < row.length) {
        throw failure("only " + at + " of the " + row.length + " numbers of its first line", null);
      }
      return row;
    }

    private CommandFailure failure(String what, @Nullable Throwable cause) {
      return new CommandFailure(
          ExitCodes.FOUND, "line " + line + " of " + file + " has " + what, cause);
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }
}
