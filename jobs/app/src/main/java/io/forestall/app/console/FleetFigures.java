package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Tier;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The fleet in counts for the metrics: bounded in the number of series, however many entities there
 * are. Filled by one thread, then only read. Row G19.
 */
final class FleetFigures {
  /** Racks told apart; those beyond count as {@value #OTHER}. */
  static final int RACKS = 1000;

  static final String OTHER = "other";

  /** A score below this confidence is no ground for an act. */
  static final double LOW_CONFIDENCE = 0.5;

  /** Kind, likeliest mode, rack and tier of entities at risk. */
  record AtRisk(EntityKind kind, FailureMode mode, String rack, Tier tier)
      implements Comparable<AtRisk> {
    private static final Comparator<AtRisk> ORDER =
        Comparator.comparing(AtRisk::kind)
            .thenComparing(AtRisk::mode)
            .thenComparing(AtRisk::rack)
            .thenComparing(AtRisk::tier);

    @Override
    public int compareTo(AtRisk other) {
      return ORDER.compare(this, other);
    }
  }

  /** Entities of one kind in one rack. */
  record Place(EntityKind kind, String rack) implements Comparable<Place> {
    private static final Comparator<Place> ORDER =
        Comparator.comparing(Place::kind).thenComparing(Place::rack);

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }

  /** How the entities of a place speak. */
  static final class Speech {
    long heard;
    long late;
    long silent;
    long never;
  }

  private final Map<EntityKind, long[]> byTier = new EnumMap<>(EntityKind.class);
  private final Map<EntityKind, Long> lowConfidence = new EnumMap<>(EntityKind.class);
  private final Map<EntityKind, Long> anomalous = new EnumMap<>(EntityKind.class);
  private final Map<AtRisk, Long> atRisk = new TreeMap<>();
  private final Map<Place, Speech> speech = new TreeMap<>();
  private final Map<String, String> racks = new TreeMap<>();

  /**
   * Counts one entity.
   *
   * @param flags of {@link Slot}: the words are those of the console's own lists
   */
  void add(EntityRisk entity, int flags) {
    byTier
        .computeIfAbsent(entity.kind(), kind -> new long[Tier.values().length])[
        entity.tier().ordinal()]++;
    anomalous.merge(entity.kind(), (flags & Slot.ANOMALOUS) != 0 ? 1L : 0L, Long::sum);
    String rack = rack(entity.rack());
    if (entity.placement() != null) {
      Speech place = speech.computeIfAbsent(new Place(entity.kind(), rack), key -> new Speech());
      if ((flags & Slot.NEVER) != 0) {
        place.never++;
      } else {
        place.heard++;
        if ((flags & Slot.SILENT) != 0) {
          place.silent++;
        } else if ((flags & Slot.LATE) != 0) {
          place.late++;
        }
      }
    }
    EntityRisk.Score score = entity.score();
    if (score == null) {
      return;
    }
    lowConfidence.merge(
        entity.kind(), !score.stale() && score.confidence() < LOW_CONFIDENCE ? 1L : 0L, Long::sum);
    switch (score.tier()) {
      case WATCH, WARNING, CRITICAL ->
          atRisk.merge(
              new AtRisk(entity.kind(), likeliest(score), rack, score.tier()), 1L, Long::sum);
      default -> {}
    }
  }

  private String rack(String rack) {
    return racks.size() < RACKS
        ? racks.computeIfAbsent(rack, same -> same)
        : racks.getOrDefault(rack, OTHER);
  }

  private static FailureMode likeliest(EntityRisk.Score score) {
    FailureMode mode = FailureMode.UNKNOWN;
    double probability = -1;
    for (ModeRisk each : score.modes()) {
      if (each.getProbability() > probability) {
        probability = each.getProbability();
        mode = each.getMode();
      }
    }
    return mode;
  }

  /** Entities by kind, then by the ordinal of their tier. */
  Map<EntityKind, long[]> byTier() {
    return byTier;
  }

  /** Entities that speak with low confidence, by kind. */
  Map<EntityKind, Long> lowConfidence() {
    return lowConfidence;
  }

  /** Entities with a signal that is unusual to the bad side, by kind. */
  Map<EntityKind, Long> anomalous() {
    return anomalous;
  }

  /** Entities at risk. */
  Map<AtRisk, Long> atRisk() {
    return atRisk;
  }

  /** How the entities with a place speak. */
  Map<Place, Speech> speech() {
    return speech;
  }
}
