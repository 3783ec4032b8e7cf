package io.forestall.sim.protocol;

import java.util.ArrayList;
import java.util.List;

/** One partition of a topic: what was appended stays, in order. For one thread. */
final class SimulatedPartition<T> {
  private final List<T> records = new ArrayList<>();
  private final List<SimulatedReader<T>> readers = new ArrayList<>();
  private final Listener<T> listener;

  /** Hears of every record as it is appended. */
  interface Listener<T> {
    void appended(long offset, T entry);
  }

  SimulatedPartition(Listener<T> listener) {
    this.listener = listener;
  }

  void append(T entry) {
    records.add(entry);
    listener.appended(records.size() - 1L, entry);
    for (int i = 0; i < readers.size(); i++) {
      readers.get(i).wake();
    }
  }

  int end() {
    return records.size();
  }

  T get(int offset) {
    return records.get(offset);
  }

  void subscribe(SimulatedReader<T> reader) {
    readers.add(reader);
    if (reader.next() < end()) {
      reader.wake();
    }
  }

  void unsubscribe(SimulatedReader<T> reader) {
    readers.remove(reader);
  }
}
