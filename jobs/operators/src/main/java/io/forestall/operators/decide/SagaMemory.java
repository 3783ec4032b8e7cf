package io.forestall.operators.decide;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.failover.SagaState;
import io.forestall.schemas.Admission;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The sagas of a pool with the signed records of the admissions under which they act: commands
 * carry them, and a savepoint must not lose them, because the log is not read again after it.
 * Mutable, for one thread.
 */
public final class SagaMemory implements DeciderState {

  /** Begin of the rows of signed admissions; in savepoints, never to change. */
  private static final String SIGNED_ROW = "signed/";

  private static final byte[] ENDED = {};

  private final String pool;
  private final SagaState sagas;
  private final AvroCodec<Admission> codec = AvroCodec.of(Admission.class);
  private final Map<String, Admission> signed = new TreeMap<>();
  private final Map<String, byte[]> changes = new HashMap<>();

  /** Whether the pool is halted, as the sagas were told; null before they were told anything. */
  @Nullable Boolean halted;

  /** When the next halt begins or ends; milliseconds. */
  long nextHaltMillis = Decider.NO_ALARM;

  SagaMemory(String pool, SagaState sagas) {
    this.pool = pool;
    this.sagas = sagas;
  }

  String pool() {
    return pool;
  }

  SagaState sagas() {
    return sagas;
  }

  /** The record of an admission in force; null when it was never read, or has ended. */
  @Nullable Admission signed(String admission) {
    return signed.get(admission);
  }

  void keep(Admission record) {
    signed.put(record.getId(), record);
    changes.put(SIGNED_ROW + record.getId(), codec.encode(record));
  }

  /**
   * Forgets admissions under which nothing will be ordered any more: the log's end of an act is not
   * it, because past its fence an act is completed whatever was said of it.
   */
  void prune() {
    signed
        .keySet()
        .removeIf(
            admission -> {
              boolean over = !sagas.isFollowing(admission);
              if (over) {
                changes.put(SIGNED_ROW + admission, ENDED);
              }
              return over;
            });
  }

  @Override
  public void restore(String row, byte[] body) {
    if (!row.startsWith(SIGNED_ROW)) {
      sagas.restore(row, body);
      return;
    }
    try {
      signed.put(row.substring(SIGNED_ROW.length()), codec.decode(body));
    } catch (WireException e) {
      throw new IllegalArgumentException("row '" + row + "' is no admission: " + e.getMessage(), e);
    }
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    Map<String, byte[]> all = new HashMap<>(sagas.takeChanges());
    all.putAll(changes);
    changes.clear();
    return all;
  }

  @Override
  public boolean isEmpty() {
    return signed.isEmpty() && sagas.isEmpty();
  }
}
