package io.forestall.app.runtime;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks at a folder before a broker writes into it, so that a full disk is one clear line. */
public final class Disk {
  /** What a short demo writes with room to spare. */
  public static final long ENOUGH_BYTES = 512L << 20;

  private Disk() {}

  /**
   * Creates the folder and checks that it can be written and that the disk below it has room.
   *
   * @param directory the folder
   * @param neededBytes how much must be free
   * @param option how the user chooses another folder, for the message
   * @throws CommandFailure saying what is missing and what to do
   */
  public static void require(Path directory, long neededBytes, String option) {
    try {
      Files.createDirectories(directory);
      long free = Files.getFileStore(directory).getUsableSpace();
      if (free < neededBytes) {
        throw new CommandFailure(
            ExitCodes.FOUND,
            "the disk of "
                + directory.toAbsolutePath()
                + " has "
                + mebibytes(free)
                + " free, at least "
                + mebibytes(neededBytes)
                + " are needed: free some or choose another folder with "
                + option);
      }
      Path probe = Files.createTempFile(directory, ".write", ".probe");
      Files.delete(probe);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.FOUND,
          "cannot write in "
              + directory.toAbsolutePath()
              + " ("
              + e.getClass().getSimpleName()
              + ": "
              + e.getMessage()
              + "): correct its permissions or choose another folder with "
              + option,
          e);
    }
  }

  private static String mebibytes(long bytes) {
    return bytes / (1 << 20) + " MiB";
  }
}
