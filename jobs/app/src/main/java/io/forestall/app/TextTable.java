package io.forestall.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Aligned columns for a terminal. Control characters of the cells are shown as dots. Not
 * thread-safe.
 */
public final class TextTable {
  private static final int MAX_CELL = 120;

  private final List<String> head;
  private final boolean[] right;
  private final List<List<String>> rows = new ArrayList<>();

  /** A table with these column heads; one that begins with {@code >} is aligned to the right. */
  public TextTable(String... head) {
    this.right = new boolean[head.length];
    List<String> names = new ArrayList<>();
    for (int i = 0; i < head.length; i++) {
      right[i] = head[i].startsWith(">");
      names.add(right[i] ? head[i].substring(1) : head[i]);
    }
    this.head = List.copyOf(names);
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException when it has another number of cells than the head
   */
  public void add(String... cells) {
    if (cells.length != head.size()) {
      throw new IllegalArgumentException(cells.length + " cells for " + head.size() + " columns");
    }
    List<String> row = new ArrayList<>();
    for (String cell : cells) {
      row.add(shown(cell));
    }
    rows.add(row);
  }

  /** Prints head and rows; no trailing blanks. */
  public void print(PrintWriter out) {
    int[] widths = new int[head.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = head.get(i).length();
      for (List<String> row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    line(out, head, widths);
    for (List<String> row : rows) {
      line(out, row, widths);
    }
    out.flush();
  }

  private void line(PrintWriter out, List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String blanks = " ".repeat(widths[i] - cells.get(i).length());
      line.append(i == 0 ? "" : "  ");
      line.append(right[i] ? blanks + cells.get(i) : cells.get(i) + blanks);
    }
    out.println(line.toString().stripTrailing());
  }

  /** Identifiers come from outside: none may steer the terminal. */
  private static String shown(String cell) {
    String safe = cell.replaceAll("\\p{Cntrl}", ".");
    return safe.length() <= MAX_CELL ? safe : safe.substring(0, MAX_CELL - 3) + "...";
  }
}
