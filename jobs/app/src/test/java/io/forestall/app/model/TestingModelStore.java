package io.forestall.app.model;

import io.forestall.schemas.ModelRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A topic of models in memory; another operator can come in between. Not thread-safe. */
final class TestingModelStore implements ModelStore {
  private final TreeMap<String, Entry> newest = new TreeMap<>();
  private final List<ModelRecord> log = new ArrayList<>();

  /** Runs once, before the next record is written. */
  @Nullable Runnable before;

  /** Runs once, after the next record is written. */
  @Nullable Runnable after;

  @Override
  public Standing read() {
    return new Standing(new TreeMap<>(newest), 0, log.size());
  }

  @Override
  public long write(String key, ModelRecord record) {
    Runnable first = before;
    before = null;
    run(first);
    log.add(record);
    long offset = log.size() - 1;
    newest.put(key, new Entry(record, offset));
    Runnable then = after;
    after = null;
    run(then);
    return offset;
  }

  private static void run(@Nullable Runnable other) {
    if (other != null) {
      other.run();
    }
  }

  /** The record of a model. */
  ModelRecord record(String key) {
    Entry entry = newest.get(key);
    if (entry == null) {
      throw new AssertionError("nothing is called " + key + " but " + newest.keySet());
    }
    return entry.record();
  }

  /** How many records were written. */
  int written() {
    return log.size();
  }
}
