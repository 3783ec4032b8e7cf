package io.forestall.app.ingest;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells a feed to stop. Once stopped, for ever stopped. Safe for threads. */
public final class StopSignal {

  private final CountDownLatch latch = new CountDownLatch(1);

  /** Asks for the end. */
  public void stop() {
    latch.countDown();
  }

  /** True once the end was asked for. */
  public boolean stopped() {
    return latch.getCount() == 0;
  }

  /**
   * Waits, but not beyond the end.
   *
   * @param millis how long to wait at most; milliseconds
   * @return true when the end was asked for
   * @throws InterruptedException when interrupted
   */
  public boolean await(long millis) throws InterruptedException {
    return latch.await(Math.max(0, millis), TimeUnit.MILLISECONDS);
  }
}
