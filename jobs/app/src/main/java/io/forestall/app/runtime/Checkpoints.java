package io.forestall.app.runtime;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints a job left on disk: {@code FOLDER/<run>/chk-<n>/_metadata}, one run per start.
 * Flink writes {@code _metadata} last and by a rename, so a checkpoint is complete when it has one.
 */
public final class Checkpoints {
  private static final String METADATA = "_metadata";

  private Checkpoints() {}

  /**
   * The newest complete checkpoint of any run.
   *
   * @param folder the job's own checkpoint folder; need not exist
   * @return the {@code chk-<n>} folder
   */
  public static Optional<Path> newestComplete(Path folder) throws IOException {
    Path newest = null;
    FileTime newestTime = FileTime.fromMillis(Long.MIN_VALUE);
    for (Path run : children(folder)) {
      for (Path checkpoint : children(run)) {
        if (!String.valueOf(checkpoint.getFileName()).startsWith("chk-")) {
          continue;
        }
        FileTime time = timeOf(checkpoint.resolve(METADATA));
        if (time != null && time.compareTo(newestTime) > 0) {
          newest = checkpoint;
          newestTime = time;
        }
      }
    }
    return Optional.ofNullable(newest);
  }

  /**
   * Deletes every run but the one of the given checkpoint. Each run's first checkpoint is a full
   * one (Flink's NO_CLAIM mode), so a run needs no file of an earlier run.
   */
  public static void deleteOtherRuns(Path folder, Path checkpoint) throws IOException {
    for (Path run : children(folder)) {
      if (!run.equals(checkpoint.getParent())) {
        deleteRecursively(run);
      }
    }
  }

  /** Deletes a folder and all in it; does nothing when there is none. */
  public static void deleteRecursively(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static List<Path> children(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(Files::isDirectory).forEach(found::add);
    }
    return found;
  }

  private static @Nullable FileTime timeOf(Path file) throws IOException {
    try {
      return Files.getLastModifiedTime(file);
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
