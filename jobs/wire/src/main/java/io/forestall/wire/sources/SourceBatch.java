package io.forestall.wire.sources;

import java.util.List;

/**
 * Everything that a source says of one time: for daily sources, one day. Immutable.
 *
 * @param timeMillis the time; milliseconds since 1970-01-01 UTC
 * @param rows rows in the order of file and line, refused ones too (see {@link
 *     SourceRow#problem()}); of each disk at most one is not refused
 * @param problems what could not even be read as a row, found while this batch was put together
 * @param failed disks that failed on this day without giving a sample; those that gave one say so
 *     in their row
 */
public record SourceBatch(
    long timeMillis, List<SourceRow> rows, List<SourceProblem> problems, List<String> failed) {

  /** A batch without disks that failed in silence. */
  public SourceBatch(long timeMillis, List<SourceRow> rows, List<SourceProblem> problems) {
    this(timeMillis, rows, problems, List.of());
  }
}
