package io.forestall.nodes.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;

/** The file system of the operating system. */
final class RealMedium implements Medium {

  /**
   * Closing a channel by an interrupt would break a journal: threads here are never interrupted.
   */
  @Override
  public MediumFile open(Path path) throws MediumException {
    try {
      return new RealFile(
          path,
          FileChannel.open(
              path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
    } catch (IOException e) {
      throw failed("open", path, e);
    }
  }

  @Override
  public void makeFolder(Path path) throws MediumException {
    try {
      if (!Files.isDirectory(path)) {
        Files.createDirectories(path);
        syncFolderOf(path);
      }
    } catch (IOException e) {
      throw failed("make", path, e);
    }
  }

  @Override
  public void replace(Path path, byte[] bytes) throws MediumException {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    try {
      try (FileChannel channel =
          FileChannel.open(
              fresh,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          var unused = channel.write(buffer);
        }
        channel.force(true);
      }
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncFolderOf(path);
    } catch (IOException e) {
      throw failed("write", path, e);
    }
  }

  @Override
  public byte[] readAll(Path path) throws MediumException {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw failed("read", path, e);
    }
  }

  @Override
  public void delete(Path path) throws MediumException {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw failed("delete", path, e);
    }
  }

  @Override
  public long usableBytes(Path folder) throws MediumException {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      throw failed("ask for the free space of", folder, e);
    }
  }

  /** A new name is durable once its folder is. */
  private static void syncFolderOf(Path path) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static MediumException failed(String what, Path path, IOException e) {
    String reason = String.valueOf(e.getMessage());
    String lower = reason.toLowerCase(Locale.ROOT);
    boolean noSpace = lower.contains("no space left") || lower.contains("quota exceeded");
    return new MediumException(
        "cannot " + what + " " + path + ": " + e.getClass().getSimpleName() + " " + reason,
        noSpace,
        e);
  }

  private static final class RealFile implements MediumFile {
    private final Path path;
    private final FileChannel channel;

    RealFile(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    @Override
    public void write(ByteBuffer[] buffers, long position) throws MediumException {
      try {
        if (buffers.length == 1) {
          long at = position;
          while (buffers[0].hasRemaining()) {
            at += channel.write(buffers[0], at);
          }
          return;
        }
        channel.position(position);
        int first = 0;
        while (first < buffers.length) {
          var unused = channel.write(buffers, first, buffers.length - first);
          while (first < buffers.length && !buffers[first].hasRemaining()) {
            first++;
          }
        }
      } catch (IOException e) {
        throw failed("write", path, e);
      }
    }

    @Override
    public void read(ByteBuffer into, long position) throws MediumException {
      try {
        long at = position;
        while (into.hasRemaining()) {
          int got = channel.read(into, at);
          if (got < 0) {
            if (into.hasArray()) {
              int from = into.arrayOffset() + into.position();
              Arrays.fill(into.array(), from, from + into.remaining(), (byte) 0);
              into.position(into.limit());
            } else {
              while (into.hasRemaining()) {
                into.put((byte) 0);
              }
            }
            return;
          }
          at += got;
        }
      } catch (IOException e) {
        throw failed("read", path, e);
      }
    }

    @Override
    public void sync() throws MediumException {
      try {
        channel.force(false);
      } catch (IOException e) {
        throw failed("sync", path, e);
      }
    }

    @Override
    public long size() throws MediumException {
      try {
        return channel.size();
      } catch (IOException e) {
        throw failed("ask for the size of", path, e);
      }
    }

    @Override
    public void truncate(long size) throws MediumException {
      try {
        var unused = channel.truncate(size);
      } catch (IOException e) {
        throw failed("cut", path, e);
      }
    }

    @Override
    public void close() throws MediumException {
      try {
        channel.close();
      } catch (IOException e) {
        throw failed("close", path, e);
      }
    }
  }
}
