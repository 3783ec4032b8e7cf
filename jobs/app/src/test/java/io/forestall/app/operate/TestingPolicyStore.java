package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A store that keeps its records in memory. Thread-safe. */
public final class TestingPolicyStore implements PolicyStore {
  private final TreeMap<String, Entry> newest = new TreeMap<>();
  private final List<PolicyRecord> log = new ArrayList<>();
  private boolean away;

  /** From now on it cannot be reached. */
  public synchronized void goAway() {
    away = true;
  }

  /** All that was written, the oldest first. */
  public synchronized List<PolicyRecord> log() {
    return List.copyOf(log);
  }

  @Override
  public synchronized Standing read() {
    if (away) {
      throw CommandFailure.unreachable("no Kafka broker answers", null);
    }
    return new Standing(new TreeMap<>(newest), List.of());
  }

  @Override
  public synchronized Written write(PolicyRecord record, boolean dryRun) {
    try {
      PolicyRecords.check(record);
    } catch (WireException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
    if (dryRun) {
      return new Written(record, null, Written.NOT_WRITTEN);
    }
    log.add(record);
    newest.put(record.key(), new Entry(record, null, null, log.size() - 1));
    return new Written(record, null, log.size() - 1);
  }
}
