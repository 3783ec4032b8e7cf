package io.forestall.app.ingest;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How far a feed of files has come, kept in a small file so that an interrupted run goes on where
 * it stopped. Written whole and moved into place, after what it speaks of has arrived. What was
 * sent after the last writing is sent again, which is harmless. Not safe for threads.
 */
final class FeedPosition {

  private static final String FORMAT = "forestall-feed-position-1";

  private final @Nullable Path file;

  /** Files that were read to their ends. */
  final TreeSet<String> done = new TreeSet<>();

  /** Files that are read now, together. */
  List<String> current = new ArrayList<>();

  /** Batches of the current files that have arrived. */
  long batches;

  /** Rows of the files before the current ones. */
  long rowsBefore;

  /** Synthetic nodes, so that the placement stays; 0 before it is chosen. */
  int syntheticNodes;

  /** Counts up to here. */
  FeedSummary summary = FeedSummary.NONE;

  private FeedPosition(@Nullable Path file) {
    this.file = file;
  }

  /**
   * The position in a file, or a fresh one when there is no file yet.
   *
   * @param file where it is kept, null for nowhere
   * @throws IOException when the file is there and no position
   */
  static FeedPosition open(@Nullable Path file) throws IOException {
    FeedPosition position = new FeedPosition(file);
    if (file != null && Files.exists(file)) {
      Properties all = new Properties();
      try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
        all.load(in);
        if (!FORMAT.equals(all.getProperty("format"))) {
          throw new IllegalArgumentException("it does not begin as one");
        }
        position.read(all);
      } catch (IllegalArgumentException e) {
        throw new IOException(
            file + " is no position of a feed (" + e.getMessage() + "): remove it to begin anew",
            e);
      }
    }
    return position;
  }

  private void read(Properties all) {
    addAll(all, "done.", done);
    addAll(all, "current.", current);
    batches = number(all, "batches");
    rowsBefore = number(all, "rows-before");
    syntheticNodes = (int) number(all, "synthetic-nodes");
    summary =
        new FeedSummary(
            number(all, "sum.batches"),
            number(all, "sum.rows"),
            number(all, "sum.samples"),
            number(all, "sum.frames"),
            number(all, "sum.refused"),
            number(all, "sum.broken-files"),
            number(all, "sum.members"),
            number(all, "sum.failures"),
            number(all, "sum.last-millis"));
  }

  private static void addAll(Properties all, String prefix, Collection<String> into) {
    for (int i = 0; all.containsKey(prefix + i); i++) {
      into.add(all.getProperty(prefix + i));
    }
  }

  private static long number(Properties all, String key) {
    String text = all.getProperty(key);
    if (text == null) {
      throw new IllegalArgumentException(key + " is missing");
    }
    return Long.parseLong(text);
  }

  /** Marks the current files as read to their ends. */
  void finishCurrent() {
    done.addAll(current);
    current = new ArrayList<>();
    batches = 0;
  }

  /**
   * Writes the file, when there is one.
   *
   * @throws IOException when it cannot be written
   */
  void save() throws IOException {
    Path target = file;
    if (target == null) {
      return;
    }
    Properties all = new Properties();
    all.setProperty("format", FORMAT);
    int i = 0;
    for (String name : done) {
      all.setProperty("done." + i++, name);
    }
    for (int k = 0; k < current.size(); k++) {
      all.setProperty("current." + k, current.get(k));
    }
    all.setProperty("rows-before", Long.toString(rowsBefore));
    all.setProperty("batches", Long.toString(batches));
    all.setProperty("synthetic-nodes", Integer.toString(syntheticNodes));
    all.setProperty("sum.batches", Long.toString(summary.batches()));
    all.setProperty("sum.rows", Long.toString(summary.rows()));
    all.setProperty("sum.samples", Long.toString(summary.samples()));
    all.setProperty("sum.frames", Long.toString(summary.frames()));
    all.setProperty("sum.refused", Long.toString(summary.refused()));
    all.setProperty("sum.broken-files", Long.toString(summary.brokenFiles()));
    all.setProperty("sum.members", Long.toString(summary.members()));
    all.setProperty("sum.failures", Long.toString(summary.failures()));
    all.setProperty("sum.last-millis", Long.toString(summary.lastMillis()));
    StringWriter text = new StringWriter();
    all.store(text, "Position of forestall ingest; remove it to begin anew.");
    Path temporary = target.resolveSibling(target.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
