package io.forestall.app.operate;

import io.forestall.decisions.guard.PolicyRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where the words of operators stand. */
public interface PolicyStore {

  /**
   * What stands there now.
   *
   * @param newest the newest record of each key that makes sense, by key
   * @param refused what made no sense, a sentence each, newest last
   */
  record Standing(Map<String, Entry> newest, List<String> refused) {
    /** Copies the list; the map keeps its order. */
    public Standing {
      refused = List.copyOf(refused);
    }
  }

  /**
   * One record.
   *
   * @param record the record
   * @param keyId key that is said to have signed it, null when nobody did
   * @param believed null when a reader with trusted keys would take it, else why not
   * @param offset where it stands
   */
  record Entry(
      PolicyRecord record, @Nullable String keyId, @Nullable String believed, long offset) {}

  /**
   * Reads all that stands there.
   *
   * @throws io.forestall.app.CommandFailure when it cannot be reached
   */
  Standing read();

  /**
   * Writes a record and waits until it is safe.
   *
   * @param dryRun true checks it and writes nothing
   * @throws io.forestall.app.CommandFailure when it makes no sense or cannot be written
   */
  Written write(PolicyRecord record, boolean dryRun);
}
