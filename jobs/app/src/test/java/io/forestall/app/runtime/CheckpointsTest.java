package io.forestall.app.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
  @Test
  void theNewestCompleteOneOfAnyRunWins(@TempDir Path folder) throws Exception {
    assertThat(Checkpoints.newestComplete(folder.resolve("none"))).isEmpty();
    assertThat(Checkpoints.newestComplete(folder)).isEmpty();
    // A later run counts on from its own beginning: numbers do not tell which is newer.
    complete(folder.resolve("run-a/chk-90"), 1_000);
    Path newest = complete(folder.resolve("run-b/chk-7"), 3_000);
    complete(folder.resolve("run-b/chk-6"), 2_000);
    Files.createDirectories(folder.resolve("run-b/chk-8"));
    complete(folder.resolve("run-b/shared"), 9_000);
    assertThat(Checkpoints.newestComplete(folder)).contains(newest);

    Checkpoints.deleteOtherRuns(folder, newest);
    assertThat(folder.resolve("run-a")).doesNotExist();
    assertThat(newest.resolve("_metadata")).exists();
    assertThat(folder.resolve("run-b/shared/_metadata")).exists();
  }

  private static Path complete(Path checkpoint, long millis) throws Exception {
    Files.createDirectories(checkpoint);
    Path metadata = checkpoint.resolve("_metadata");
    Files.writeString(metadata, "x", StandardCharsets.UTF_8);
    Files.setLastModifiedTime(metadata, FileTime.fromMillis(millis));
    return checkpoint;
  }
}
