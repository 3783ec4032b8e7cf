package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * For proofs only: holds appends back while a file is there, on a thread of its own, so that a
 * process can be stopped between the sync of its journal and its append to the log.
 */
final class HeldAppends {
  private static final Logger LOG = LoggerFactory.getLogger(HeldAppends.class);
  private static final long LOOK_NANOS = 2_000_000L;

  private final Path file;
  private final Consumer<Delta> append;
  private final LinkedBlockingQueue<Delta> waiting = new LinkedBlockingQueue<>();

  HeldAppends(Path file, Consumer<Delta> append) {
    this.file = file;
    this.append = append;
    LOG.warn("Appends are held back while {} is there: a node for proofs, not for data", file);
    Thread thread = new Thread(this::run, "forestall-held-appends");
    thread.setDaemon(true);
    thread.start();
  }

  void append(Delta delta) {
    waiting.add(delta);
  }

  private void run() {
    try {
      while (true) {
        Delta delta = waiting.take();
        if (delta.kind() != Delta.Kind.BARRIER && Files.exists(file)) {
          Path reached = file.resolveSibling(file.getFileName() + ".reached");
          Files.writeString(reached, delta.unit() + " " + delta.sequence() + "\n");
          while (Files.exists(file)) {
            LockSupport.parkNanos(LOOK_NANOS);
          }
        }
        append.accept(delta);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.error("Appends stop: the file that holds them back cannot be used", e);
    }
  }
}
