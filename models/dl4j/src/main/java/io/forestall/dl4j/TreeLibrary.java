package io.forestall.dl4j;

import io.github.metarank.lightgbm4j.LGBMBooster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Loads LightGBM. The library unpacks itself under one name into the temporary folder of all
 * processes: a second process would write over the file that the first runs from, and the first
 * would crash. So each process unpacks into a folder of its own, which is removed once it is
 * loaded.
 */
final class TreeLibrary {
  private static final String TEMPORARY = "java.io.tmpdir";
  private static boolean loaded;

  private TreeLibrary() {}

  /**
   * Loads the library, once.
   *
   * @throws TrainingException when it cannot be unpacked or is not for this machine
   */
  static synchronized void load() throws TrainingException {
    if (loaded) {
      return;
    }
    String shared = System.getProperty(TEMPORARY);
    try {
      Path own = Files.createTempDirectory("forestall-lightgbm");
      try {
        System.setProperty(TEMPORARY, own.toString());
        LGBMBooster.loadNative();
        loaded = true;
      } finally {
        System.setProperty(TEMPORARY, shared);
        delete(own);
      }
    } catch (IOException | UnsatisfiedLinkError e) {
      throw new TrainingException(
          "LightGBM cannot be loaded: "
              + e.getMessage()
              + "; it needs room in "
              + shared
              + " and, on Linux, the package libgomp1",
          e);
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.toList();
    }
    for (Path file : files) {
      if (!file.toFile().delete()) {
        file.toFile().deleteOnExit(); // some systems keep a file that is loaded
      }
    }
    if (!folder.toFile().delete()) {
      folder.toFile().deleteOnExit();
    }
  }
}
