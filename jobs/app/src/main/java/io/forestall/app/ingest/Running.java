package io.forestall.app.ingest;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Runs something that goes on until Ctrl-C, and lets it end in order then. Stateless. */
final class Running {

  private static final long END_PATIENCE_SECONDS = 30;

  private Running() {}

  /** Something that ends soon after its signal. */
  interface Body<T> {
    T run(StopSignal stop) throws IOException, InterruptedException;
  }

  /** Runs it; when the process is told to end, it is stopped and waited for. */
  static <T> T untilStopped(Body<T> body) throws IOException, InterruptedException {
    StopSignal stop = new StopSignal();
    CountDownLatch ended = new CountDownLatch(1);
    Thread atEnd =
        new Thread(
            () -> {
              stop.stop();
              try {
                var unused = ended.await(END_PATIENCE_SECONDS, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "forestall-ingest-end");
    Runtime.getRuntime().addShutdownHook(atEnd);
    try {
      return body.run(stop);
    } finally {
      ended.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(atEnd);
      } catch (IllegalStateException e) {
        // The process is ending already, which is why the body stopped.
        stop.stop();
      }
    }
  }
}
