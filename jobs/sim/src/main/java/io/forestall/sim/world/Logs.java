package io.forestall.sim.world;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All topics. What was appended stays, in order. For one thread. */
final class Logs {
  private final Map<Topic, List<List<Entry>>> entries = new EnumMap<>(Topic.class);
  private final List<Consumer<Entry>> readers = new ArrayList<>();

  Logs() {
    for (Topic topic : Topic.values()) {
      List<List<Entry>> partitions = new ArrayList<>();
      for (int i = 0; i < topic.partitions(); i++) {
        partitions.add(new ArrayList<>());
      }
      entries.put(topic, partitions);
    }
  }

  /** Tells of every record from now on, right after it was appended. */
  void listen(Consumer<Entry> reader) {
    readers.add(reader);
  }

  /** Appends a record and tells everybody. */
  Entry append(
      Topic topic,
      String key,
      String pool,
      @Nullable Object body,
      boolean genuine,
      String writer,
      long nowMillis) {
    // Admissions are ordered by their pool: their key.
    int partition = topic.partition(key);
    List<Entry> log = of(topic, partition);
    Entry entry =
        new Entry(topic, partition, log.size(), key, pool, body, genuine, writer, nowMillis);
    log.add(entry);
    for (int i = 0; i < readers.size(); i++) {
      readers.get(i).accept(entry);
    }
    return entry;
  }

  /** The records of one partition, as far as they go; not to be changed. */
  List<Entry> of(Topic topic, int partition) {
    return Objects.requireNonNull(entries.get(topic)).get(partition);
  }
}
