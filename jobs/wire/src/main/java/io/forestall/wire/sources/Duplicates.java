package io.forestall.wire.sources;

import io.forestall.schemas.DeadReason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Several rows of one disk at one time: one is accepted, the others are refused. Stateless. */
final class Duplicates {

  private Duplicates() {}

  /**
   * Refuses all but one row of each disk. Which one stays depends on its content alone; of rows
   * that say the same, the first stays.
   */
  static List<SourceRow> settle(List<SourceRow> rows) {
    Map<String, SourceRow> chosen = new HashMap<>(rows.size() * 2);
    boolean duplicates = false;
    for (SourceRow row : rows) {
      if (row.problem() == null) {
        SourceRow other = chosen.putIfAbsent(row.disk(), row);
        if (other != null) {
          duplicates = true;
          if (SourceRow.byContent(row, other) < 0) {
            chosen.put(row.disk(), row);
          }
        }
      }
    }
    if (!duplicates) {
      return rows;
    }
    List<SourceRow> settled = new ArrayList<>(rows.size());
    for (SourceRow row : rows) {
      SourceRow first = chosen.get(row.disk());
      if (row.problem() != null || first == null || first == row) {
        settled.add(row);
      } else {
        settled.add(
            row.refuse(
                new SourceProblem(
                    row.origin(),
                    row.line(),
                    false,
                    DeadReason.DUPLICATE,
                    "disk "
                        + row.disk()
                        + " is there twice at "
                        + Instant.ofEpochMilli(row.timeMillis())
                        + "; "
                        + first.origin()
                        + ":"
                        + first.line()
                        + " is taken",
                    row.timeMillis(),
                    row.disk(),
                    new byte[0])));
      }
    }
    return settled;
  }
}
