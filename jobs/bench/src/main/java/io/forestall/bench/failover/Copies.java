package io.forestall.bench.failover;

import io.forestall.app.runtime.Await;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.SegmentEntry;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The copies of a volume as they stand in the files of their nodes: what no node is asked for, and
 * none can gloss over.
 */
final class Copies {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static final int PIECE_BYTES = 1 << 20;

  private final Field field;
  private final String volume;

  Copies(Field field, String volume) {
    this.field = field;
    this.volume = volume;
  }

  /** Who has a copy by the newest map, the owner first. */
  List<String> holders() {
    SegmentEntry segment = field.map(volume).getSegments().get(0);
    List<String> holders = new ArrayList<>(List.of(segment.getOwner().getId()));
    for (Copy each : segment.getCopies()) {
      if (each.getRole() != CopyRole.ARCHIVE && !holders.contains(each.getNode().getId())) {
        holders.add(each.getNode().getId());
      }
    }
    return holders;
  }

  /** Those of a role by the newest map. */
  List<String> of(CopyRole role) {
    return field.map(volume).getSegments().get(0).getCopies().stream()
        .filter(each -> each.getRole() == role)
        .map(each -> each.getNode().getId())
        .toList();
  }

  private Path file(String node, String unit) {
    return field
        .folder(node)
        .resolve("units")
        .resolve(URLEncoder.encode(unit, StandardCharsets.UTF_8))
        .resolve("data");
  }

  private String firstUnit() {
    return volume + "/0";
  }

  /** Bytes of a node's copy of the first segment. */
  byte[] bytes(String node, long offset, int length) throws IOException {
    return bytes(node, firstUnit(), offset, length);
  }

  /** Bytes of a node's copy of a segment; behind the end of the file stand zeros. */
  byte[] bytes(String node, String unit, long offset, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(file(node, unit), StandardOpenOption.READ)) {
      return bytes(channel, offset, length);
    }
  }

  private static byte[] bytes(FileChannel channel, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        break;
      }
    }
    return bytes.array();
  }

  /** One bit of a node's copy of the first segment turns, and nobody is told. */
  void rot(String node, long offset) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file(node, firstUnit()), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      byte[] one = bytes(channel, offset, 1);
      one[0] ^= 4;
      if (channel.write(ByteBuffer.wrap(one), offset) != 1) {
        throw new IOException("nothing was written to the copy on " + node);
      }
    }
  }

  /**
   * Waits until all copies are equal, once nobody writes any more.
   *
   * @return how many there are
   */
  int awaitSame() throws Exception {
    return awaitSame(PATIENCE);
  }

  /** The same with as much patience as a large volume takes to be read. */
  int awaitSame(Duration patience) throws Exception {
    List<String> holders = holders();
    Await.until(
        patience,
        "the copies of " + volume + " on " + holders + " are equal",
        () -> {
          for (SegmentEntry each : field.map(volume).getSegments()) {
            requireSame(holders, each.getUnit());
          }
          return true;
        });
    return holders.size();
  }

  private void requireSame(List<String> holders, String unit) throws IOException {
    try (FileChannel owned =
        FileChannel.open(file(holders.get(0), unit), StandardOpenOption.READ)) {
      for (String each : holders.subList(1, holders.size())) {
        try (FileChannel other = FileChannel.open(file(each, unit), StandardOpenOption.READ)) {
          long end = Math.max(owned.size(), other.size());
          for (long at = 0; at < end; at += PIECE_BYTES) {
            int differs =
                Arrays.mismatch(bytes(owned, at, PIECE_BYTES), bytes(other, at, PIECE_BYTES));
            if (differs >= 0) {
              throw new IOException(
                  unit
                      + " on "
                      + each
                      + " differs from "
                      + holders.get(0)
                      + " at byte "
                      + (at + differs));
            }
          }
        }
      }
    }
  }
}
