package io.forestall.operators.alert;

import io.forestall.decisions.alert.Alert;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Alerts that wait to be posted, the newest of each identity. Thread-safe. Bounded: when it is
 * full, the alert that has waited longest goes, for it is told again soon.
 */
final class AlertQueue {

  private final int capacity;
  private final LinkedHashMap<Map<String, String>, Alert> waiting = new LinkedHashMap<>();
  private boolean closed;

  AlertQueue(int capacity) {
    this.capacity = capacity;
  }

  /**
   * Adds an alert; one of the same labels that waits gives way to it.
   *
   * @return how many were dropped to make room
   */
  synchronized int add(Alert alert) {
    waiting.remove(alert.labels());
    waiting.put(alert.labels(), alert);
    int dropped = makeRoom();
    notifyAll();
    return dropped;
  }

  private int makeRoom() {
    int dropped = 0;
    for (Iterator<Alert> oldest = waiting.values().iterator(); waiting.size() > capacity; ) {
      oldest.next();
      oldest.remove();
      dropped++;
    }
    return dropped;
  }

  /** Takes up to so many, the oldest first; waits for the first; empty once it is closed. */
  synchronized List<Alert> take(int most) throws InterruptedException {
    while (waiting.isEmpty() && !closed) {
      wait();
    }
    List<Alert> taken = new ArrayList<>();
    for (Iterator<Alert> oldest = waiting.values().iterator();
        oldest.hasNext() && taken.size() < most; ) {
      taken.add(oldest.next());
      oldest.remove();
    }
    return taken;
  }

  /**
   * Puts back what could not be posted, before all others; what has been overtaken, or has ended by
   * itself meanwhile, is left out.
   *
   * @return how many were dropped because there is no room
   */
  synchronized int putBack(List<Alert> alerts, long nowMillis) {
    LinkedHashMap<Map<String, String>, Alert> later = new LinkedHashMap<>(waiting);
    waiting.clear();
    for (Alert alert : alerts) {
      if (!later.containsKey(alert.labels())
          && (alert.resolved() || alert.endsMillis() > nowMillis)) {
        waiting.put(alert.labels(), alert);
      }
    }
    waiting.putAll(later);
    return makeRoom();
  }

  /** Waits, but not once it is closed. */
  synchronized void pause(long millis) throws InterruptedException {
    long until = System.nanoTime() + millis * 1_000_000;
    long left = millis;
    while (left > 0 && !closed) {
      wait(left);
      left = (until - System.nanoTime()) / 1_000_000;
    }
  }

  synchronized int size() {
    return waiting.size();
  }

  synchronized boolean closed() {
    return closed;
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
