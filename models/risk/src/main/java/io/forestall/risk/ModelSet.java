package io.forestall.risk;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The models that score, and when, by event time. Immutable; the models in it are not thread-safe.
 * For each failure mode the champion is the entry with the newest effectiveFrom that is not after
 * the sample. An entry that is published and not yet effective is warmed beside it; the champion
 * before it is kept warm until its rollbackUntil. Taking an entry out (a tombstone on the models
 * topic) makes the former champion score again.
 */
public final class ModelSet {
  /**
   * One model and its times.
   *
   * @param model the model
   * @param publishedMillis event time from which it is warmed; epoch milliseconds
   * @param effectiveFromMillis event time from which it is champion; epoch milliseconds
   * @param rollbackUntilMillis event time until which the champion before it is kept warm; epoch
   *     milliseconds
   */
  public record Entry(
      SequenceModel model,
      long publishedMillis,
      long effectiveFromMillis,
      long rollbackUntilMillis) {}

  private final List<Entry> entries;

  private ModelSet(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** A set whose only model is champion from the beginning of time. */
  public static ModelSet of(SequenceModel model) {
    return new ModelSet(List.of(new Entry(model, Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE)));
  }

  /** A set of these models. */
  public static ModelSet of(List<Entry> entries) {
    return new ModelSet(entries);
  }

  /** This set and one more entry; an entry of the same id and version is replaced. */
  public ModelSet with(Entry entry) {
    List<Entry> changed =
        new ArrayList<>(without(entry.model().id(), entry.model().version()).entries);
    changed.add(entry);
    return new ModelSet(changed);
  }

  /** This set without a model; the same when it is not in it. */
  public ModelSet without(String id, int version) {
    List<Entry> changed = new ArrayList<>(entries);
    changed.removeIf(entry -> entry.model().id().equals(id) && entry.model().version() == version);
    return new ModelSet(changed);
  }

  /** All entries. */
  public List<Entry> entries() {
    return entries;
  }

  /** The champion of a mode at an event time, null when there is none. */
  public @Nullable Entry champion(FailureMode mode, long timeMillis) {
    throw new UnsupportedOperationException();
  }
}
