package io.forestall.app.model;

import io.forestall.app.CommandFailure;
import io.forestall.schemas.ModelRecord;
import java.util.SortedMap;

/** The topic of models: read whole, written one record at a time. */
interface ModelStore {

  /**
   * One record that stands there.
   *
   * @param record the record
   * @param offset its place
   */
  record Entry(ModelRecord record, long offset) {}

  /**
   * What stands there.
   *
   * @param newest by key
   * @param unreadable how many records nobody could read
   * @param nextOffset place after the last record that was read
   */
  record Standing(SortedMap<String, Entry> newest, long unreadable, long nextOffset) {}

  /**
   * Reads all.
   *
   * @throws CommandFailure when it cannot be reached
   */
  Standing read();

  /**
   * Writes one record and waits until all replicas in sync have it.
   *
   * @return its place
   * @throws CommandFailure when it is not known to be there
   */
  long write(String key, ModelRecord record);
}
