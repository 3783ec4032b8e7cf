package io.forestall.risk;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The models that score, and when, by event time. Immutable; the models in it are not thread-safe.
 *
 * <p>For each failure mode the champion is the entry with the newest effectiveFrom that is not
 * after the sample (then the newest published, the highest version). An entry that is published and
 * not yet effective is warmed beside it: the next to become champion, and when there is none the
 * newest that only advises ({@link #ADVISE}). The champion before it is kept warm until the
 * champion's rollbackUntil. Taking the champion out (withdrawn, or a tombstone on the models topic)
 * makes the former one score again. The order in which entries were added changes nothing.
 */
public final class ModelSet {
  /**
   * The effectiveFrom of a model that only advises: it is warmed and scores beside the champion,
   * and never becomes champion; epoch milliseconds.
   */
  public static final long ADVISE = Long.MAX_VALUE;

  /**
   * One model and its times.
   *
   * @param model the model; its inputs are those of {@link FeatureExtractor}
   * @param publishedMillis event time from which it is warmed; epoch milliseconds
   * @param effectiveFromMillis event time from which it is champion, {@link #ADVISE} for never;
   *     epoch milliseconds
   * @param rollbackUntilMillis event time until which the champion before it is kept warm; epoch
   *     milliseconds
   */
  public record Entry(
      SequenceModel model,
      long publishedMillis,
      long effectiveFromMillis,
      long rollbackUntilMillis) {
    /**
     * @throws IllegalArgumentException when the model cannot read the features or its memory of a
     *     disk has no room
     */
    public Entry {
      if (model.inputs() != FeatureExtractor.INPUTS) {
        throw new IllegalArgumentException(
            describe(model)
                + " reads "
                + model.inputs()
                + " inputs, there are "
                + FeatureExtractor.INPUTS);
      }
      if (model.stateFloats() > DiskState.MAXIMUM_MODEL_FLOATS) {
        throw new IllegalArgumentException(
            describe(model)
                + " remembers "
                + model.stateFloats()
                + " floats a disk, at most "
                + DiskState.MAXIMUM_MODEL_FLOATS
                + " have room");
      }
      if (model.mode() == FailureMode.UNKNOWN) {
        throw new IllegalArgumentException(describe(model) + " has mode UNKNOWN");
      }
    }

    /** True when it is champion at an event time, unless another is before it. */
    boolean isEffectiveAt(long timeMillis) {
      return effectiveFromMillis <= timeMillis && effectiveFromMillis != ADVISE;
    }
  }

  /**
   * Who scores one mode during an interval of event time.
   *
   * @param mode the failure mode
   * @param byRank entries that are effective, champion first, then the ones before it
   * @param warming the challenger: the entry that is next to become champion, else the newest that
   *     only advises; null when none is published
   */
  record Ranking(FailureMode mode, List<Entry> byRank, @Nullable Entry warming) {
    Entry champion() {
      return byRank.get(0);
    }
  }

  /**
   * All rankings during an interval of event time.
   *
   * @param fromMillis first time for which it holds; epoch milliseconds
   * @param untilMillis first time for which it no longer holds, {@code Long.MAX_VALUE} for never;
   *     epoch milliseconds
   * @param rankings one for each mode with a champion, mode DISK first
   */
  record Schedule(long fromMillis, long untilMillis, List<Ranking> rankings) {
    boolean holdsAt(long timeMillis) {
      return timeMillis >= fromMillis
          && (timeMillis < untilMillis || untilMillis == Long.MAX_VALUE);
    }
  }

  private static final Comparator<Entry> BY_RANK =
      Comparator.comparingLong(Entry::effectiveFromMillis)
          .thenComparingLong(Entry::publishedMillis)
          .thenComparingInt(entry -> entry.model().version())
          .thenComparing(entry -> entry.model().id())
          .reversed();

  private final List<Entry> entries;

  private ModelSet(List<Entry> entries) {
    this.entries = entries.stream().sorted(BY_RANK).toList();
  }

  /** A set whose only model is champion from the beginning of time. */
  public static ModelSet of(SequenceModel model) {
    return new ModelSet(List.of(new Entry(model, Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE)));
  }

  /**
   * A set of these models.
   *
   * @throws IllegalArgumentException when two have the same id and version
   */
  public static ModelSet of(List<Entry> entries) {
    ModelSet set = new ModelSet(List.of());
    for (Entry entry : entries) {
      set = set.with(entry);
    }
    if (set.entries.size() != entries.size()) {
      throw new IllegalArgumentException("Two models of a set have the same id and version");
    }
    return set;
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
    changed.removeIf(entry -> entry.model().version() == version && entry.model().id().equals(id));
    return new ModelSet(changed);
  }

  /** All entries, newest effectiveFrom first. */
  public List<Entry> entries() {
    return entries;
  }

  /** The champion of a mode at an event time, null when there is none. */
  public @Nullable Entry champion(FailureMode mode, long timeMillis) {
    for (Entry entry : entries) {
      if (entry.model().mode() == mode && entry.isEffectiveAt(timeMillis)) {
        return entry;
      }
    }
    return null;
  }

  /** The rankings at an event time, and how long they hold. */
  Schedule schedule(long timeMillis) {
    long from = Long.MIN_VALUE;
    long until = Long.MAX_VALUE;
    Map<FailureMode, List<Entry>> effective = new EnumMap<>(FailureMode.class);
    Map<FailureMode, Entry> warming = new EnumMap<>(FailureMode.class);
    for (Entry entry : entries) {
      for (long change : new long[] {entry.publishedMillis(), entry.effectiveFromMillis()}) {
        if (change <= timeMillis) {
          from = Math.max(from, change);
        } else {
          until = Math.min(until, change);
        }
      }
      FailureMode mode = entry.model().mode();
      if (entry.isEffectiveAt(timeMillis)) {
        effective.computeIfAbsent(mode, key -> new ArrayList<>()).add(entry);
      } else if (entry.publishedMillis() <= timeMillis) {
        // By rank, newest effectiveFrom first: a later one takes the place only when it is sooner.
        warming.merge(
            mode,
            entry,
            (one, other) -> other.effectiveFromMillis() < one.effectiveFromMillis() ? other : one);
      }
    }
    List<Ranking> rankings = new ArrayList<>();
    effective.forEach(
        (mode, byRank) -> rankings.add(new Ranking(mode, List.copyOf(byRank), warming.get(mode))));
    rankings.sort(Comparator.comparing((Ranking ranking) -> ranking.mode() != FailureMode.DISK));
    return new Schedule(from, until, List.copyOf(rankings));
  }

  private static String describe(SequenceModel model) {
    return "Model " + model.id() + " version " + model.version();
  }
}
