package io.forestall.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A trace of block requests: where they went and how long they were, not what they carried. The
 * file is CSV, plain or gzip, with the columns {@code ts_us, volume, op (R or W), offset_bytes,
 * length_bytes} and a line that names them.
 */
public final class Trace {

  /** Unit of offsets and lengths; a request that is no row of blocks is widened to one. Bytes. */
  public static final int BLOCK_BYTES = 512;

  private Trace() {}

  /**
   * One request.
   *
   * @param write false for a read
   * @param offset place in the volume, bytes
   * @param length bytes, one block at least
   */
  public record Request(String volume, boolean write, long offset, int length) {
    /** The first byte behind it. */
    public long end() {
      return offset + length;
    }
  }

  /** The first requests of a file, in its order. */
  public static List<Request> read(Path file, long limit) throws IOException {
    List<Request> requests = new ArrayList<>();
    try (InputStream raw = Files.newInputStream(file);
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(
                    file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw,
                    StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      while ((line = lines.readLine()) != null && requests.size() < limit) {
        String[] parts = line.split(",", -1);
        long offset = Long.parseLong(parts[3]);
        long end = offset + Long.parseLong(parts[4]);
        long from = offset / BLOCK_BYTES * BLOCK_BYTES;
        long to = (end + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        if (to > from) {
          requests.add(new Request(parts[1], parts[2].equals("W"), from, (int) (to - from)));
        }
      }
    }
    return requests;
  }
}
