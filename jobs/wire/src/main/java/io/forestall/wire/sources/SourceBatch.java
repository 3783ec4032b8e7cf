package io.forestall.wire.sources;

import java.util.List;

/**
 * Everything that a source says of one time: for daily sources, one day. Immutable.
 *
 * @param timeMillis the time; milliseconds since 1970-01-01 UTC
 * @param rows rows in the order of file and line, refused ones too (see {@link
 *     SourceRow#problem()}); of each disk at most one is not refused
 * @param problems what could not even be read as a row, found while this batch was put together
 */
public record SourceBatch(long timeMillis, List<SourceRow> rows, List<SourceProblem> problems) {}
