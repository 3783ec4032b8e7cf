package io.forestall.nodes.node;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The real file system with faults: a budget of bytes after which there is no space, files whose
 * writes or syncs fail, and a crash that forgets what was not synced.
 */
final class TestingMedium implements Medium {
  private final RealMedium real = new RealMedium();
  private long budgetBytes = Long.MAX_VALUE;
  private String failingWrites = "";
  private String failingSyncs = "";
  private String heldSyncs = "";
  private String failingReads = "";
  private int syncs;

  /** How much may still be written, until more is given. */
  synchronized void budget(long bytes) {
    budgetBytes = bytes;
  }

  /** Writes to files whose path holds the word fail; empty for none. */
  synchronized void failWrites(String word) {
    failingWrites = word;
  }

  synchronized void failSyncs(String word) {
    failingSyncs = word;
  }

  synchronized void failReads(String word) {
    failingReads = word;
  }

  /** Syncs of files whose path holds the word wait until another one is named; empty for none. */
  synchronized void holdSyncs(String word) {
    heldSyncs = word;
    notifyAll();
  }

  private synchronized void awaitSync(Path path) {
    while (!heldSyncs.isEmpty() && path.toString().contains(heldSyncs)) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  synchronized int syncs() {
    return syncs;
  }

  private synchronized void spend(Path path, long bytes) throws MediumException {
    fail(failingWrites, path, "write");
    if (bytes > budgetBytes) {
      throw new MediumException(path + ": No space left on device", true);
    }
    budgetBytes -= budgetBytes == Long.MAX_VALUE ? 0 : bytes;
  }

  private static void fail(String word, Path path, String what) throws MediumException {
    if (!word.isEmpty() && path.toString().contains(word)) {
      throw new MediumException("cannot " + what + " " + path + ": Input/output error", false);
    }
  }

  @Override
  public MediumFile open(Path path) throws MediumException {
    MediumFile file = real.open(path);
    return new MediumFile() {
      @Override
      public void write(ByteBuffer[] buffers, long position) throws MediumException {
        long bytes = 0;
        for (ByteBuffer each : buffers) {
          bytes += each.remaining();
        }
        spend(path, bytes);
        file.write(buffers, position);
      }

      @Override
      public void read(ByteBuffer into, long position) throws MediumException {
        synchronized (TestingMedium.this) {
          fail(failingReads, path, "read");
        }
        file.read(into, position);
      }

      @Override
      public void sync() throws MediumException {
        awaitSync(path);
        synchronized (TestingMedium.this) {
          fail(failingSyncs, path, "sync");
          syncs++;
        }
        file.sync();
      }

      @Override
      public long size() throws MediumException {
        return file.size();
      }

      @Override
      public void truncate(long size) throws MediumException {
        file.truncate(size);
      }

      @Override
      public void close() throws MediumException {
        file.close();
      }
    };
  }

  @Override
  public void makeFolder(Path path) throws MediumException {
    real.makeFolder(path);
  }

  @Override
  public void replace(Path path, byte[] bytes) throws MediumException {
    spend(path, bytes.length);
    real.replace(path, bytes);
  }

  @Override
  public byte[] readAll(Path path) throws MediumException {
    return real.readAll(path);
  }

  @Override
  public void delete(Path path) throws MediumException {
    real.delete(path);
  }

  @Override
  public synchronized long usableBytes(Path folder) throws MediumException {
    return budgetBytes == Long.MAX_VALUE ? real.usableBytes(folder) : budgetBytes;
  }
}
