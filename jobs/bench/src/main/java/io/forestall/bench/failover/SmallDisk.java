package io.forestall.bench.failover;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A small disk for one node, in memory, which can be filled. Needs root. */
final class SmallDisk implements AutoCloseable {

  /** More than a target must have left. */
  private static final long BYTES = 1_536L << 20;

  private static final int PIECE_BYTES = 1 << 20;

  private final Path folder;
  private final Path ballast;

  private SmallDisk(Path folder) {
    this.folder = folder;
    this.ballast = folder.resolve("ballast");
  }

  /** True when this machine lets us. */
  static boolean possible() throws IOException, InterruptedException {
    Path probe = Files.createTempDirectory("forestall-disk");
    try {
      run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", probe.toString());
      run("umount", probe.toString());
      return true;
    } catch (IOException e) {
      return false;
    } finally {
      Files.delete(probe);
    }
  }

  /** Puts one in the place of an empty folder. */
  static SmallDisk mount(Path folder) throws IOException, InterruptedException {
    run("mount", "-t", "tmpfs", "-o", "size=" + BYTES, Leftovers.disk(), folder.toString());
    SmallDisk disk = new SmallDisk(folder);
    // Behind the end of the node's process, whose own hook ran before or runs beside.
    Runtime.getRuntime().addShutdownHook(new Thread(disk::close, "disk-end"));
    return disk;
  }

  /** Leaves no byte free. */
  void fill() throws IOException {
    try (FileChannel file =
        FileChannel.open(ballast, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
      // The last piece is written in part, or refused.
      int written = 1;
      while (written > 0) {
        written = file.write(piece.rewind());
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  /** Gives back what {@link #fill} took. */
  void free() throws IOException {
    Files.deleteIfExists(ballast);
  }

  private static void run(String... words) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", words) + ": " + said.strip());
    }
  }

  /** Takes one away that is mounted at a folder. */
  static void unmount(Path folder) throws IOException, InterruptedException {
    // Whoever still holds a file of it keeps it until he lets go.
    run("umount", "-l", folder.toString());
  }

  @Override
  public void close() {
    try {
      unmount(folder);
    } catch (IOException e) {
      // It is gone already.
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
