package io.forestall.nodes.node;

import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.NodeException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder that belongs to one node: locked by one process at a time, bound to one name, with the
 * number of starts. Two processes that both believed in being the same node would write under the
 * same incarnation, so the number grows, durably, before anything else is done.
 */
final class NodeDirectory implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private final Path folder;
  private final FileChannel lockChannel;
  private final FileLock lock;
  private final long incarnation;

  private NodeDirectory(Path folder, FileChannel lockChannel, FileLock lock, long incarnation) {
    this.folder = folder;
    this.lockChannel = lockChannel;
    this.lock = lock;
    this.incarnation = incarnation;
  }

  /**
   * Takes the folder and counts the start.
   *
   * @param node name of the node; a folder belongs to one for ever
   * @throws NodeException when another process holds it, or it belongs to another node
   */
  static NodeDirectory open(Medium medium, Path folder, String node) throws NodeException {
    if (!NAME.matcher(node).matches()) {
      throw new NodeException(
          Reason.USAGE,
          "'" + node + "' is no name of a node: letters, digits, dot, dash and underscore");
    }
    FileChannel channel = null;
    try {
      medium.makeFolder(folder);
      Path lockFile = folder.resolve("lock");
      channel =
          FileChannel.open(
              lockFile,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        throw new NodeException(
            Reason.REFUSED,
            "the folder "
                + folder
                + " is in use by another process: one node, one folder, one process");
      }
      channel.truncate(0);
      var unused =
          channel.write(
              ByteBuffer.wrap(
                  (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
      owner(medium, folder, node);
      long incarnation = incarnation(medium, folder) + 1;
      medium.replace(
          folder.resolve("incarnation"), (incarnation + "\n").getBytes(StandardCharsets.US_ASCII));
      medium.makeFolder(folder.resolve("units"));
      medium.makeFolder(folder.resolve("journal"));
      medium.makeFolder(folder.resolve("aside"));
      return new NodeDirectory(folder, channel, lock, incarnation);
    } catch (IOException e) {
      closeQuietly(channel);
      boolean noSpace = e instanceof MediumException medium2 && medium2.noSpace();
      throw new NodeException(
          Reason.MEDIUM,
          "the folder of the node cannot be used: "
              + e.getMessage()
              + (noSpace ? "; free some space" : ""),
          e);
    } catch (NodeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static void owner(Medium medium, Path folder, String node)
      throws MediumException, NodeException {
    Path file = folder.resolve("node");
    if (!Files.exists(file)) {
      medium.replace(file, (node + "\n").getBytes(StandardCharsets.UTF_8));
      return;
    }
    String before = new String(medium.readAll(file), StandardCharsets.UTF_8).strip();
    if (!before.equals(node)) {
      throw new NodeException(
          Reason.REFUSED,
          "the folder " + folder + " belongs to node " + before + " and not to " + node);
    }
  }

  private static long incarnation(Medium medium, Path folder)
      throws MediumException, NodeException {
    Path file = folder.resolve("incarnation");
    if (!Files.exists(file)) {
      return 0;
    }
    String text = new String(medium.readAll(file), StandardCharsets.US_ASCII).strip();
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new NodeException(
          Reason.MEDIUM,
          file
              + " is no number: write one that is larger than every incarnation of this node in the"
              + " ownership log",
          e);
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The first failure is the one that is told.
        return;
      }
    }
  }

  /** Number of this start, larger than every one before. */
  long incarnation() {
    return incarnation;
  }

  /** The folder itself. */
  Path folder() {
    return folder;
  }

  /** Folder of the copies. */
  Path units() {
    return folder.resolve("units");
  }

  /** Folder of the journal. */
  Path journal() {
    return folder.resolve("journal");
  }

  /** Folder of what the log lacks. */
  Path aside() {
    return folder.resolve("aside");
  }

  /** Gives the folder back. */
  @Override
  public void close() {
    try {
      lock.release();
      lockChannel.close();
    } catch (IOException e) {
      throw new IllegalStateException("the lock of " + folder + " cannot be given back", e);
    }
  }
}
