package io.forestall.app.evaluate;

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
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a CSV file, packed with gzip or not; fields may be quoted and then hold commas, quotes
 * and line ends. Not thread-safe.
 */
final class CsvTable implements Closeable {
  private static final int MAX_ROW_CHARS = 1 << 20;

  private final Path file;
  private final BufferedReader reader;
  private long row;

  CsvTable(Path file) throws IOException {
    this.file = file;
    InputStream in = Files.newInputStream(file);
    this.reader =
        new BufferedReader(
            new InputStreamReader(
                file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in,
                StandardCharsets.UTF_8));
  }

  /** The file with this name in a folder, packed or not; null when there is none. */
  static @Nullable Path find(Path folder, String name) {
    for (String ending : new String[] {"", ".gz"}) {
      Path file = folder.resolve(name + ending);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    return null;
  }

  /** The next row, null at the end; empty lines are left out. */
  @Nullable List<String> next() throws IOException {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    boolean any = false;
    int chars = 0;
    int c = reader.read();
    while (c >= 0) {
      if (++chars > MAX_ROW_CHARS) {
        throw new IOException(file + ": row " + (row + 1) + " is longer than 1 MiB");
      }
      if (quoted) {
        if (c == '"') {
          reader.mark(1);
          int after = reader.read();
          if (after == '"') {
            field.append('"');
          } else {
            quoted = false;
            if (after >= 0) {
              reader.reset();
            }
          }
        } else {
          field.append((char) c);
        }
      } else if (c == '"' && field.length() == 0) {
        quoted = true;
        any = true;
      } else if (c == ',') {
        fields.add(field.toString().strip());
        field.setLength(0);
        any = true;
      } else if (c == '\n') {
        if (any || !field.toString().isBlank()) {
          break;
        }
        field.setLength(0);
      } else if (c != '\r' && !(chars == 1 && c == '\uFEFF')) {
        field.append((char) c);
      }
      c = reader.read();
    }
    if (quoted) {
      throw new IOException(file + ": row " + (row + 1) + " ends within quotes");
    }
    if (!any && field.toString().isBlank()) {
      return null;
    }
    fields.add(field.toString().strip());
    row++;
    return fields;
  }

  /** Where the reader stands, for messages. */
  String where() {
    return file + ", row " + row;
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  /** Head of a table: which column has which name. */
  static final class Head {
    private final Path file;
    private final List<String> names;

    Head(Path file, @Nullable List<String> names) throws IOException {
      if (names == null) {
        throw new IOException(file + " is empty");
      }
      this.file = file;
      this.names = names;
    }

    /** Index of the column that has the first of these names that exists. */
    int column(String... wanted) throws IOException {
      int column = columnOrNone(wanted);
      if (column < 0) {
        throw new IOException(file + " has no column '" + wanted[0] + "'");
      }
      return column;
    }

    int columnOrNone(String... wanted) {
      for (String name : wanted) {
        for (int i = 0; i < names.size(); i++) {
          if (names.get(i).equalsIgnoreCase(name)) {
            return i;
          }
        }
      }
      return -1;
    }
  }

  /** A field of a row, empty when the row is too short or the column does not exist. */
  static String field(List<String> row, int column) {
    return column >= 0 && column < row.size() ? row.get(column) : "";
  }
}
