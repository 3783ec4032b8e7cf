package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.Medium.MediumFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node was about to append to the log (E1): one thread writes whatever waits, syncs once
 * for all of it, and says so. A file that fails is never trusted again: after a sync that failed
 * nobody knows what stands in it. Files are given up once everything in them is decided, by the
 * durable copies.
 *
 * <p>When less space is left than the reserve, writes are refused before the medium is full, so
 * that what the log holds already can still be applied.
 */
final class Journal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  private static final String SUFFIX = ".journal";

  /** Most bytes that are written before a sync; bytes. */
  private static final long MAX_BATCH_BYTES = 4L * 1024 * 1024;

  /** Who is told; on the journal's thread. */
  interface Listener {
    /** Everything up to the ticket is on the medium, except what failed. */
    void durable(long ticket);

    /** The ticket is not on the medium. */
    void failed(long ticket, boolean noSpace, String why);
  }

  /** How far a unit is decided and durable in this node's copy. */
  record Decided(long epoch, long lastSequence) {}

  private record Waiting(long ticket, Delta delta) {}

  /** Which delta. */
  private record Key(String unit, long epoch, long sequence) {
    static Key of(Delta delta) {
      return new Key(delta.unit(), delta.epoch(), delta.sequence());
    }
  }

  /** Where the record of a delta begins, and the length behind its header. */
  private record Place(Path path, long at, int length) {}

  /** One file, and for each unit in it the last epoch and sequence. */
  private static final class Tail {
    private final Path path;
    private final Map<String, Decided> units = new HashMap<>();
    private long bytes;

    Tail(Path path) {
      this.path = path;
    }

    void add(Delta delta) {
      units.merge(
          delta.unit(),
          new Decided(delta.epoch(), delta.sequence()),
          (a, b) ->
              new Decided(
                  Math.max(a.epoch(), b.epoch()), Math.max(a.lastSequence(), b.lastSequence())));
    }
  }

  private final Medium medium;
  private final Path folder;
  private final long fileBytes;
  private final long reserveBytes;
  private final Listener listener;
  private final Object lock = new Object();
  private List<Waiting> waiting = new ArrayList<>();
  private boolean closed;
  private final Thread thread;

  // All below: under the lock, or by the journal's thread alone.
  private final TreeMap<Long, Tail> old = new TreeMap<>();
  private final Map<String, Decided> decided = new HashMap<>();
  private final Map<Key, Place> places = new HashMap<>();
  private long nextFile;
  private @Nullable MediumFile file;
  private @Nullable Tail tail;
  private volatile boolean full;

  private Journal(
      Medium medium, Path folder, long fileBytes, long reserveBytes, Listener listener) {
    this.medium = medium;
    this.folder = folder;
    this.fileBytes = fileBytes;
    this.reserveBytes = reserveBytes;
    this.listener = listener;
    this.thread = new Thread(this::run, "forestall-journal");
    this.thread.setDaemon(true);
  }

  /**
   * Opens the folder, reads what stands there, and starts a file of its own.
   *
   * @param fileBytes size at which a new file is begun; bytes
   * @param reserveBytes space that is left for what the log holds already; bytes
   * @param found told each delta of earlier starts, file by file, without its data: {@link #whole}
   */
  static Journal open(
      Medium medium,
      Path folder,
      long fileBytes,
      long reserveBytes,
      Listener listener,
      java.util.function.Consumer<Delta> found)
      throws MediumException {
    Journal journal = new Journal(medium, folder, fileBytes, reserveBytes, listener);
    journal.readOld(found);
    return journal;
  }

  /** Begins to take deltas. */
  void start() {
    thread.start();
  }

  private void readOld(java.util.function.Consumer<Delta> found) throws MediumException {
    TreeMap<Long, Path> files = new TreeMap<>();
    try (Stream<Path> list = Files.list(folder)) {
      list.filter(path -> path.getFileName().toString().endsWith(SUFFIX))
          .forEach(path -> files.put(number(path), path));
    } catch (IOException | UncheckedIOException e) {
      throw new MediumException("cannot list " + folder + ": " + e.getMessage(), false, e);
    }
    for (Map.Entry<Long, Path> each : files.entrySet()) {
      Tail read = new Tail(each.getValue());
      readFile(read, found);
      nextFile = each.getKey() + 1;
      if (read.units.isEmpty()) {
        medium.delete(read.path);
      } else {
        old.put(each.getKey(), read);
      }
    }
  }

  private static long number(Path path) {
    String name = path.getFileName().toString();
    try {
      return Long.parseLong(name.substring(0, name.length() - SUFFIX.length()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private void readFile(Tail into, java.util.function.Consumer<Delta> found)
      throws MediumException {
    try (MediumFile opened = medium.open(into.path)) {
      long size = opened.size();
      long at = 0;
      while (at + DeltaBytes.HEADER_BYTES <= size) {
        ByteBuffer header = ByteBuffer.allocate(DeltaBytes.HEADER_BYTES);
        opened.read(header, at);
        int length = header.getInt(0);
        int crc = header.getInt(4);
        if (length <= 0
            || length > DeltaBytes.MAX_RECORD_BYTES
            || at + DeltaBytes.HEADER_BYTES + length > size) {
          break;
        }
        ByteBuffer body = ByteBuffer.allocate(length);
        opened.read(body, at + DeltaBytes.HEADER_BYTES);
        Delta delta = DeltaBytes.read(body.array(), crc);
        if (delta == null) {
          break;
        }
        into.add(delta);
        // A start must not need memory for all that was written: the data is read when it is
        // wanted.
        places.put(Key.of(delta), new Place(into.path, at, length));
        found.accept(delta.withoutPayload());
        at += DeltaBytes.HEADER_BYTES + length;
      }
      into.bytes = at;
      if (at < size) {
        // A start that died while it wrote; what it wrote was never appended to the log.
        LOG.info(
            "{} ends in the middle of a record at byte {}: its start died there", into.path, at);
      }
    }
  }

  /** The delta of an earlier start with its data, which was left out when it was found. */
  Delta whole(Delta found) throws MediumException {
    Place place;
    synchronized (lock) {
      place = places.get(Key.of(found));
    }
    if (place == null) {
      return found;
    }
    try (MediumFile opened = medium.open(place.path())) {
      ByteBuffer header = ByteBuffer.allocate(DeltaBytes.HEADER_BYTES);
      opened.read(header, place.at());
      ByteBuffer body = ByteBuffer.allocate(place.length());
      opened.read(body, place.at() + DeltaBytes.HEADER_BYTES);
      Delta delta = DeltaBytes.read(body.array(), header.getInt(4));
      if (delta == null) {
        throw new MediumException(place.path() + " cannot be read at " + place.at(), false);
      }
      return delta;
    }
  }

  /** Hands over a delta; the listener is told. Tickets grow. */
  void write(long ticket, Delta delta) {
    synchronized (lock) {
      waiting.add(new Waiting(ticket, delta));
      lock.notifyAll();
    }
  }

  /** A copy is durable up to here: files with nothing beyond it go. */
  void decided(String unit, long epoch, long lastSequence) {
    synchronized (lock) {
      decided.put(unit, new Decided(epoch, lastSequence));
      Iterator<Tail> tails = old.values().iterator();
      while (tails.hasNext()) {
        Tail each = tails.next();
        if (isDecided(each)) {
          try {
            medium.delete(each.path);
            tails.remove();
            places.values().removeIf(place -> place.path().equals(each.path));
          } catch (MediumException e) {
            LOG.warn("{}; it is tried again later", e.getMessage());
            return;
          }
        }
      }
    }
  }

  private boolean isDecided(Tail each) {
    for (Map.Entry<String, Decided> last : each.units.entrySet()) {
      Decided known = decided.get(last.getKey());
      // A higher epoch decided all that was written under lower ones, whether it counted or not.
      if (known == null
          || (known.epoch() <= last.getValue().epoch()
              && known.lastSequence() < last.getValue().lastSequence())) {
        return false;
      }
    }
    return true;
  }

  /** True while writes are refused for want of space. */
  boolean full() {
    return full;
  }

  /** Files on the medium, the one that is written included; count. */
  int files() {
    synchronized (lock) {
      return old.size() + (tail == null ? 0 : 1);
    }
  }

  private void run() {
    List<Waiting> batch = new ArrayList<>();
    while (true) {
      synchronized (lock) {
        while (waiting.isEmpty() && !closed) {
          try {
            lock.wait();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
          }
        }
        if (waiting.isEmpty()) {
          break;
        }
        List<Waiting> taken = waiting;
        waiting = batch;
        batch = taken;
      }
      int from = 0;
      while (from < batch.size()) {
        long bytes = 0;
        int to = from;
        while (to < batch.size() && bytes < MAX_BATCH_BYTES) {
          bytes += 256 + batch.get(to).delta().payload().length;
          to++;
        }
        writeAll(batch.subList(from, to), bytes);
        from = to;
      }
      batch.clear();
    }
    closeFile();
  }

  private void writeAll(List<Waiting> batch, long roughBytes) {
    Tail open = tail;
    long before = open == null ? 0 : open.bytes;
    try {
      if (medium.usableBytes(folder) - roughBytes < reserveBytes) {
        throw new MediumException(
            String.format(
                Locale.ROOT,
                "less than %d MiB are free below %s",
                reserveBytes / (1024 * 1024),
                folder),
            true);
      }
      MediumFile into = current();
      Tail at = tail;
      if (at == null) {
        throw new IllegalStateException("a file without a tail");
      }
      ByteBuffer[] buffers = new ByteBuffer[2 * batch.size()];
      long bytes = 0;
      for (int i = 0; i < batch.size(); i++) {
        ByteBuffer[] each = DeltaBytes.write(batch.get(i).delta());
        buffers[2 * i] = each[0];
        buffers[2 * i + 1] = each[1];
        bytes += each[0].remaining() + each[1].remaining();
      }
      into.write(buffers, before);
      into.sync();
      synchronized (lock) {
        for (Waiting each : batch) {
          at.add(each.delta());
        }
        at.bytes = before + bytes;
      }
      full = false;
    } catch (MediumException e) {
      refuse(batch, before, e);
      return;
    }
    listener.durable(batch.get(batch.size() - 1).ticket());
    roll();
  }

  private void refuse(List<Waiting> batch, long before, MediumException e) {
    boolean noSpace = e.noSpace();
    full = noSpace;
    MediumFile open = file;
    if (open != null) {
      try {
        if (!noSpace) {
          throw e;
        }
        open.truncate(before);
      } catch (MediumException worse) {
        // What stands behind the last sync is not known: the file is read at the next start only.
        retire();
      }
    }
    for (Waiting each : batch) {
      listener.failed(each.ticket(), noSpace, String.valueOf(e.getMessage()));
    }
  }

  private MediumFile current() throws MediumException {
    MediumFile open = file;
    if (open == null) {
      Path path = folder.resolve(String.format(Locale.ROOT, "%012d%s", nextFile, SUFFIX));
      open = medium.open(path);
      file = open;
      synchronized (lock) {
        tail = new Tail(path);
        nextFile++;
      }
    }
    return open;
  }

  private void roll() {
    Tail at = tail;
    if (at != null && at.bytes >= fileBytes) {
      retire();
    }
  }

  private void retire() {
    closeFile();
    synchronized (lock) {
      Tail at = tail;
      if (at != null) {
        old.put(nextFile - 1, at);
      }
      tail = null;
    }
  }

  private void closeFile() {
    MediumFile open = file;
    file = null;
    if (open != null) {
      try {
        open.close();
      } catch (MediumException e) {
        LOG.warn("{}", e.getMessage());
      }
    }
  }

  /** Writes what waits and ends. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
