package io.forestall.wire.sources;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A source as batches in time order. Reading the same files again gives the same batches, so a
 * position in it is a number of batches. Not safe for threads.
 */
public interface SourceReader extends Closeable {

  /** Name that telemetry frames carry, for example {@code drive-stats-csv}. */
  String source();

  /**
   * The next batch, or null at the end. Times grow strictly, except that a last batch without rows
   * may repeat the time before it.
   *
   * @throws IOException when a folder or file vanishes or cannot be opened; what merely cannot be
   *     understood is a {@link SourceProblem} instead
   */
  @Nullable SourceBatch next() throws IOException;
}
