package io.forestall.wire.sources;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one line of CSV: separated by commas, in double quotes where a cell holds a comma or
 * a quote, which is then doubled. A cell does not go on over a line's end. Stateless.
 */
final class CsvCells {

  private CsvCells() {}

  /**
   * The cells of a line.
   *
   * @param line the line without its end
   * @param columns receives the column at which each cell begins, counted from 1; null if nobody
   *     asks
   * @return the cells, null when a quote is not closed or something follows it
   */
  static @Nullable List<String> of(String line, @Nullable List<Integer> columns) {
    List<String> cells = new ArrayList<>();
    int at = 0;
    while (true) {
      if (columns != null) {
        columns.add(at + 1);
      }
      if (at < line.length() && line.charAt(at) == '"') {
        StringBuilder cell = new StringBuilder();
        at++;
        while (true) {
          int quote = line.indexOf('"', at);
          if (quote < 0) {
            return null;
          }
          cell.append(line, at, quote);
          at = quote + 1;
          if (at < line.length() && line.charAt(at) == '"') {
            cell.append('"');
            at++;
          } else {
            break;
          }
        }
        if (at < line.length() && line.charAt(at) != ',') {
          return null;
        }
        cells.add(cell.toString());
      } else {
        int comma = line.indexOf(',', at);
        int end = comma < 0 ? line.length() : comma;
        cells.add(line.substring(at, end));
        at = end;
      }
      if (at >= line.length()) {
        return cells;
      }
      at++;
    }
  }
}
