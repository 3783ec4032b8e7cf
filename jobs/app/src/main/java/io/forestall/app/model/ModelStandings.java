package io.forestall.app.model;

import io.forestall.schemas.ModelRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where each model of each failure mode stands at an event time: who scores, who is warmed, who can
 * be gone back to. The same rules as in the sense job ({@code ModelSet}), without the weights.
 * Pure.
 */
public final class ModelStandings {
  /** The effectiveFrom of a model that only advises; epoch milliseconds. */
  public static final long ADVISE = io.forestall.risk.ModelSet.ADVISE;

  /** How a model stands. */
  public enum State {
    /** Its scores count. */
    CHAMPION,
    /** It was champion before, and its memory is kept warm: a rollback finds it ready. */
    FORMER,
    /** It was champion once; its memory is no longer kept. */
    PAST,
    /** It becomes champion at a time to come; until then its memory is warmed. */
    WARMING,
    /** It is warmed and says what it would say; it never becomes champion by itself. */
    ADVISE,
    /** It was taken back: it neither scores nor is warmed. */
    WITHDRAWN
  }

  /**
   * A model and its times.
   *
   * @param mode failure mode, any case
   * @param id identifier of the model family
   * @param version version within the family
   * @param publishedMillis event time from which it is warmed; epoch milliseconds
   * @param effectiveFromMillis event time from which it is champion, {@link #ADVISE} for never
   * @param rollbackUntilMillis event time until which the one before it is kept warm
   * @param withdrawn true when it was taken back
   * @param shipped true when it came with the release: champion from the beginning of time
   */
  public record Model(
      String mode,
      String id,
      int version,
      long publishedMillis,
      long effectiveFromMillis,
      long rollbackUntilMillis,
      boolean withdrawn,
      boolean shipped) {
    public Model {
      mode = mode.toLowerCase(Locale.ROOT);
    }

    /** Its key in the models topic: mode/id/version. */
    public String key() {
      return mode + "/" + id + "/" + version;
    }

    /** Its name in a sentence. */
    public String name() {
      return id + " version " + version;
    }
  }

  /**
   * A model and how it stands.
   *
   * @param model the model
   * @param state how it stands
   * @param challenger true when it is the one that is asked beside the champion
   * @param warmUntilMillis until when its memory is kept for a rollback, null when it is not FORMER
   */
  public record Standing(
      Model model, State state, boolean challenger, @Nullable Long warmUntilMillis) {}

  private static final Comparator<Model> BY_RANK =
      Comparator.comparingLong(Model::effectiveFromMillis)
          .thenComparingLong(Model::publishedMillis)
          .thenComparingInt(Model::version)
          .thenComparing(Model::id)
          .reversed();

  private ModelStandings() {}

  /** The model of a record. */
  public static Model of(ModelRecord record) {
    return new Model(
        record.getMode().name(),
        record.getId(),
        record.getVersion(),
        record.getPublishedMillis(),
        record.getEffectiveFromMillis(),
        record.getRollbackUntilMillis(),
        record.getWithdrawn(),
        false);
  }

  /** Key of a record in the models topic. */
  static String key(ModelRecord record) {
    return of(record).key();
  }

  /**
   * How each of them stands: by mode, champion first, then those before it, those that are warmed,
   * those that advise, and those that were withdrawn.
   *
   * @param timeMillis event time; epoch milliseconds
   */
  public static List<Standing> at(long timeMillis, List<Model> models) {
    Map<String, List<Model>> byMode = new TreeMap<>();
    for (Model model : models) {
      byMode.computeIfAbsent(model.mode(), mode -> new ArrayList<>()).add(model);
    }
    List<Standing> standings = new ArrayList<>();
    byMode.values().forEach(ofMode -> standings.addAll(ofMode(timeMillis, ofMode)));
    return standings;
  }

  private static List<Standing> ofMode(long timeMillis, List<Model> models) {
    List<Standing> standings = new ArrayList<>();
    List<Model> waiting = new ArrayList<>();
    Model champion = null;
    int rank = 0;
    for (Model model : models.stream().sorted(BY_RANK).toList()) {
      if (model.withdrawn()) {
        continue;
      }
      if (model.effectiveFromMillis() > timeMillis || model.effectiveFromMillis() == ADVISE) {
        waiting.add(model);
        continue;
      }
      champion = champion == null ? model : champion;
      boolean warm = rank == 1 && timeMillis < champion.rollbackUntilMillis();
      standings.add(
          new Standing(
              model,
              rank == 0 ? State.CHAMPION : warm ? State.FORMER : State.PAST,
              false,
              warm ? Long.valueOf(champion.rollbackUntilMillis()) : null));
      rank++;
    }
    Model challenger = challenger(timeMillis, waiting);
    for (Model model : waiting) {
      standings.add(
          new Standing(
              model,
              model.effectiveFromMillis() == ADVISE ? State.ADVISE : State.WARMING,
              model.equals(challenger),
              null));
    }
    models.stream()
        .filter(Model::withdrawn)
        .sorted(BY_RANK)
        .forEach(model -> standings.add(new Standing(model, State.WITHDRAWN, false, null)));
    return standings;
  }

  /** The next to become champion, else the newest that advises. */
  private static @Nullable Model challenger(long timeMillis, List<Model> byRank) {
    Model challenger = null;
    for (Model model : byRank) {
      if (model.publishedMillis() <= timeMillis
          && (challenger == null
              || model.effectiveFromMillis() < challenger.effectiveFromMillis())) {
        challenger = model;
      }
    }
    return challenger;
  }
}
