package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.wire.sources.ExporterMapping;
import io.forestall.wire.sources.MappingException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the file of {@code --mapping}. Stateless. */
final class MappingOption {

  private MappingOption() {}

  /**
   * The shipped mapping, with the rows of a file when there is one.
   *
   * @throws CommandFailure when the file is wrong, with every mistake
   */
  static ExporterMapping read(@Nullable Path file) {
    if (file == null) {
      return ExporterMapping.shipped();
    }
    try {
      return ExporterMapping.shipped().with(file);
    } catch (MappingException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.USAGE, "cannot read --mapping " + file + ": " + e, e);
    }
  }
}
