package io.forestall.wire.sources;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Lines of a file as bytes, plain or gzip by its first two bytes whatever its name. Memory is
 * bounded: a line longer than {@link #MAX_LINE_BYTES} is passed over and says so. A stream that
 * breaks off gives what came before, then {@link #failure()}. Not safe for threads.
 */
final class LineReader implements Closeable {

  /** Longest line that is read; bytes. */
  static final int MAX_LINE_BYTES = 1 << 20;

  private static final int INITIAL_BYTES = 1 << 17;
  private static final int GZIP_BYTES = 1 << 16;

  private final InputStream in;
  private byte[] buffer = new byte[INITIAL_BYTES];
  private int position;
  private int limit;
  private int start;
  private int end;
  private long line;
  private boolean tooLong;
  private boolean ended;
  private @Nullable IOException failure;

  LineReader(InputStream in) {
    this.in = in;
  }

  /**
   * Opens a file. A gzip header that is broken shows as {@link #failure()}.
   *
   * @throws IOException when the file cannot be opened
   */
  static LineReader open(Path file) throws IOException {
    InputStream raw = new BufferedInputStream(Files.newInputStream(file), GZIP_BYTES);
    try {
      raw.mark(2);
      int first = raw.read();
      int second = raw.read();
      raw.reset();
      if (first != 0x1f || second != 0x8b) {
        return new LineReader(raw);
      }
      try {
        return new LineReader(new GZIPInputStream(raw, GZIP_BYTES));
      } catch (IOException brokenHeader) {
        LineReader broken = new LineReader(raw);
        broken.ended = true;
        broken.failure = brokenHeader;
        return broken;
      }
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  /**
   * Moves to the next line.
   *
   * @return false at the end, also when the stream broke off: then {@link #failure()} says why, and
   *     bytes {@link #start()} to {@link #end()} hold what there was of the last line
   */
  boolean next() {
    tooLong = false;
    start = position;
    int from = position;
    while (true) {
      int newline = indexOfNewline(from);
      if (newline >= 0) {
        end = newline > start && buffer[newline - 1] == '\r' ? newline - 1 : newline;
        position = newline + 1;
        line++;
        return true;
      }
      from = limit;
      if (limit - start > MAX_LINE_BYTES) {
        line++;
        return passOver();
      }
      int moved = start;
      if (!fill()) {
        end = limit;
        position = limit;
        if (end > start) {
          line++;
        }
        return end > start && failure == null;
      }
      from -= moved - start;
    }
  }

  /** The line's bytes are in here from {@link #start()} to {@link #end()}, until the next call. */
  byte[] buffer() {
    return buffer;
  }

  /** First byte of the line. */
  int start() {
    return start;
  }

  /** One past the last byte of the line, without its end of line. */
  int end() {
    return end;
  }

  /** Number of the line, from 1. */
  long line() {
    return line;
  }

  /** True when the line was too long: only its first bytes are in the buffer. */
  boolean tooLong() {
    return tooLong;
  }

  /** Why the stream broke off, or null. */
  @Nullable IOException failure() {
    return failure;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private int indexOfNewline(int from) {
    byte[] bytes = buffer;
    for (int i = from; i < limit; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  // Keeps the first bytes of the line and reads on to its end without keeping more.
  private boolean passOver() {
    tooLong = true;
    end = start + SourceProblem.MAX_PAYLOAD_BYTES;
    System.arraycopy(buffer, start, buffer, 0, SourceProblem.MAX_PAYLOAD_BYTES);
    start = 0;
    end = SourceProblem.MAX_PAYLOAD_BYTES;
    while (true) {
      position = end;
      limit = end;
      int read = read(buffer, end, buffer.length - end);
      if (read <= 0) {
        return true;
      }
      limit = end + read;
      int newline = indexOfNewline(end);
      if (newline >= 0) {
        position = newline + 1;
        return true;
      }
    }
  }

  // Reads more behind the line's beginning, which moves to 0 when there is no room.
  private boolean fill() {
    if (ended) {
      return false;
    }
    if (limit == buffer.length) {
      if (start > 0) {
        System.arraycopy(buffer, start, buffer, 0, limit - start);
        limit -= start;
        start = 0;
      } else {
        buffer = java.util.Arrays.copyOf(buffer, buffer.length * 2);
      }
    }
    int read = read(buffer, limit, buffer.length - limit);
    if (read <= 0) {
      return false;
    }
    limit += read;
    return true;
  }

  private int read(byte[] into, int offset, int length) {
    if (ended) {
      return -1;
    }
    try {
      int read = in.read(into, offset, length);
      if (read < 0) {
        ended = true;
      }
      return read;
    } catch (IOException e) {
      ended = true;
      failure = e;
      return -1;
    }
  }
}
