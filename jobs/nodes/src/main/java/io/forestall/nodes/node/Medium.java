package io.forestall.nodes.node;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The node's file system: the real one, or in tests one that fills up and fails. Every failure is a
 * {@link MediumException}, which says whether only space is missing.
 */
interface Medium {

  /** Opens a file for reading and writing, making it when it is not there. */
  MediumFile open(Path path) throws MediumException;

  /** Makes a folder and those above it, durably. */
  void makeFolder(Path path) throws MediumException;

  /**
   * Puts bytes in place of a file, wholly or not at all, and durably: after a crash there is the
   * old file or the new one.
   */
  void replace(Path path, byte[] bytes) throws MediumException;

  /** All bytes of a file. */
  byte[] readAll(Path path) throws MediumException;

  /** Removes a file when it is there. */
  void delete(Path path) throws MediumException;

  /** Space that can still be written below the folder; bytes. */
  long usableBytes(Path folder) throws MediumException;

  /** One open file. Positions are bytes from its start. For one thread at a time. */
  interface MediumFile extends Closeable {

    /** Writes all of the buffers, one behind the other. */
    void write(ByteBuffer[] buffers, long position) throws MediumException;

    /**
     * Fills the buffer up to the end of the file, and with zeros beyond: a file has no end for who
     * reads it.
     */
    void read(ByteBuffer into, long position) throws MediumException;

    /** Waits until all that was written is on the medium. */
    void sync() throws MediumException;

    /** Bytes up to the end of the file. */
    long size() throws MediumException;

    /** Cuts the file off. */
    void truncate(long size) throws MediumException;

    @Override
    void close() throws MediumException;
  }

  /** What a medium could not do. */
  class MediumException extends IOException {
    private static final long serialVersionUID = 1L;
    private final boolean noSpace;

    MediumException(String message, boolean noSpace, Throwable cause) {
      super(message, cause);
      this.noSpace = noSpace;
    }

    MediumException(String message, boolean noSpace) {
      super(message);
      this.noSpace = noSpace;
    }

    /** True when there is no space or quota left: what stands on the medium is sound. */
    boolean noSpace() {
      return noSpace;
    }
  }
}
