package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import io.forestall.nodes.node.Medium.MediumException;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Keeps what a journal holds and the log lacks (D2, section 4 point 6): each such write in a file
 * of its own, and beside it a line for whoever looks. Nothing here is ever applied again by itself.
 */
final class SetAside {
  private final Medium medium;
  private final Path folder;

  SetAside(Medium medium, Path folder) {
    this.medium = medium;
    this.folder = folder;
  }

  /** Keeps a delta, durably. */
  Path keep(Delta delta, String why) throws MediumException {
    String name =
        String.format(
            Locale.ROOT,
            "%s-%d-%d",
            URLEncoder.encode(delta.unit(), StandardCharsets.UTF_8),
            delta.epoch(),
            delta.sequence());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ByteBuffer part : DeltaBytes.write(delta)) {
      bytes.write(part.array(), 0, part.remaining());
    }
    Path file = folder.resolve(name + ".delta");
    medium.replace(file, bytes.toByteArray());
    String line =
        String.format(
            Locale.ROOT,
            "unit %s, epoch %d, sequence %d, %s at %d+%d, client %s, request %d: %s%n",
            delta.unit(),
            delta.epoch(),
            delta.sequence(),
            delta.kind(),
            delta.offset(),
            delta.length(),
            delta.client(),
            delta.request(),
            why);
    medium.replace(folder.resolve(name + ".txt"), line.getBytes(StandardCharsets.UTF_8));
    return file;
  }
}
