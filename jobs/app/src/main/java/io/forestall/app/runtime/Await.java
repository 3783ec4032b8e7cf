package io.forestall.app.runtime;

import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition with a deadline. */
public final class Await {
  private static final long LOOK_EVERY_NANOS = Duration.ofMillis(50).toNanos();

  private Await() {}

  /** Something that becomes true; may throw, which counts as not yet unless it is the last look. */
  @FunctionalInterface
  public interface Condition {
    /** Whether the wait is over. */
    boolean holds() throws Exception;
  }

  /**
   * Returns as soon as the condition holds.
   *
   * @param patience how long to wait at most
   * @param what for the message of the timeout
   * @throws TimeoutException when it does not hold in time; its cause is the condition's last error
   * @throws InterruptedException when the thread is interrupted
   */
  public static void until(Duration patience, String what, Condition condition)
      throws TimeoutException, InterruptedException {
    until(patience, what, condition, Error.class);
  }

  /**
   * As {@link #until(Duration, String, Condition)}; a failure of the given kind ends the wait at
   * once and is thrown on.
   */
  public static <E extends Throwable> void until(
      Duration patience, String what, Condition condition, Class<E> fatal)
      throws TimeoutException, InterruptedException, E {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Exception last = null;
      try {
        if (condition.holds()) {
          return;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        if (fatal.isInstance(e)) {
          throw fatal.cast(e);
        }
        last = e;
      }
      if (System.nanoTime() - deadline >= 0) {
        TimeoutException timeout =
            new TimeoutException(what + ": not within " + patience.toMillis() + " ms");
        if (last != null) {
          timeout.initCause(last);
        }
        throw timeout;
      }
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
      if (Thread.interrupted()) {
        throw new InterruptedException(what);
      }
    }
  }
}
