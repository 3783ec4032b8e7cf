package io.forestall.nodes.node;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Hands records to a producer in the order of the calls and never makes a caller wait: a producer
 * whose buffer is full, or that must first learn again where a topic lies, would hold up the thread
 * that decides. What it does not take at once waits here. The producer must be set to {@code
 * max.block.ms=0}. Safe for threads.
 */
final class Outbox implements AutoCloseable {
  private static final long AGAIN_MILLIS = 20;

  private final Producer<byte[], byte[]> producer;
  private final long maxSendingBytes;
  private final int maxHeld;
  private final ScheduledExecutorService again;
  private final ArrayDeque<Letter> held = new ArrayDeque<>();
  private long sendingBytes;
  private @Nullable Thread sender;
  private boolean rejected;
  private boolean retrying;
  private boolean closed;

  private record Letter(
      ProducerRecord<byte[], byte[]> record, int bytes, Consumer<Exception> failed) {}

  /**
   * An outbox.
   *
   * @param maxSendingBytes bytes that the producer has at once; less than its buffer
   * @param maxHeld records that wait here before more are refused; count
   */
  Outbox(Producer<byte[], byte[]> producer, String name, long maxSendingBytes, int maxHeld) {
    this.producer = producer;
    this.maxSendingBytes = maxSendingBytes;
    this.maxHeld = maxHeld;
    this.again =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Sends a record; none after the end.
   *
   * @param failed told when it was not taken, or nobody knows; on any thread
   */
  void send(ProducerRecord<byte[], byte[]> record, Consumer<Exception> failed) {
    byte[] value = record.value();
    Letter letter = new Letter(record, 256 + (value == null ? 0 : value.length), failed);
    String why;
    synchronized (this) {
      if (closed) {
        why = "the outbox is closed";
      } else if (held.isEmpty() && offer(letter)) {
        return;
      } else if (held.size() < maxHeld) {
        held.add(letter);
        tryAgain();
        return;
      } else {
        why = "too many records wait for the broker";
      }
    }
    failed.accept(new TimeoutException(why));
  }

  /** True when something waits here: the broker takes less than is to be said. */
  synchronized boolean isBusy() {
    return !held.isEmpty();
  }

  /** True when the letter is on its way, or came to its end; under the lock. */
  private boolean offer(Letter letter) {
    if (sendingBytes > 0 && sendingBytes + letter.bytes() > maxSendingBytes) {
      return false;
    }
    sendingBytes += letter.bytes();
    sender = Thread.currentThread();
    rejected = false;
    try {
      var unused = producer.send(letter.record(), (metadata, problem) -> sent(letter, problem));
    } catch (KafkaException e) {
      sent(letter, e);
    } finally {
      sender = null;
    }
    return !rejected;
  }

  private void sent(Letter letter, @Nullable Exception problem) {
    synchronized (this) {
      sendingBytes -= letter.bytes();
      if (problem instanceof TimeoutException && Thread.currentThread() == sender) {
        // The producer did not even take it: it was never sent.
        rejected = true;
        return;
      }
      if (Thread.currentThread() != sender) {
        flush();
      }
    }
    if (problem != null) {
      letter.failed().accept(problem);
    }
  }

  private void flush() {
    for (Letter next = held.peek(); next != null && !closed; next = held.peek()) {
      if (!offer(next)) {
        tryAgain();
        return;
      }
      held.poll();
    }
  }

  private void tryAgain() {
    if (!retrying && !closed) {
      retrying = true;
      var unused =
          again.schedule(
              () -> {
                synchronized (this) {
                  retrying = false;
                  flush();
                }
              },
              AGAIN_MILLIS,
              TimeUnit.MILLISECONDS);
    }
  }

  /** Gives what is under way a moment, and ends; what waits here is not sent any more. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    again.shutdownNow();
    producer.close(Duration.ofSeconds(3));
    List<Letter> left;
    synchronized (this) {
      left = List.copyOf(held);
      held.clear();
    }
    for (Letter each : left) {
      each.failed().accept(new TimeoutException("the outbox is closed"));
    }
  }
}
