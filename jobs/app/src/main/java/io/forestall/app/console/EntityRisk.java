package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Tier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the console knows of one entity now: where it stands and its newest score. Immutable but for
 * the Avro records in {@code modes}, which nobody changes.
 *
 * @param kind sort of the entity
 * @param id identifier within its kind
 * @param placement where it stands, null while no fleet entry was seen
 * @param score newest score, null while it was never scored
 */
record EntityRisk(
    EntityKind kind, String id, @Nullable Placement placement, @Nullable Score score) {

  /** Where an entity stands. Strings as in {@code FleetEntry}. */
  record Placement(
      @Nullable String node,
      String rack,
      String zone,
      String region,
      String pool,
      String storageTier,
      @Nullable String model,
      @Nullable Long capacityBytes,
      boolean synthetic) {}

  /** The newest score. Components as in {@code Risk}. */
  record Score(
      @Nullable String node,
      long timeMillis,
      long samples,
      double score,
      Tier tier,
      long tierSinceMillis,
      double probability,
      long horizonMillis,
      double confidence,
      boolean stale,
      List<ModeRisk> modes) {}

  /** The tier, UNKNOWN while there is no score. */
  Tier tier() {
    return score == null ? Tier.UNKNOWN : score.tier();
  }

  /** The rack's name, empty while the entity has no fleet entry. */
  String rack() {
    return placement == null ? "" : placement.rack();
  }

  /** The node that holds the entity, or the entity itself when it is a node; empty when unknown. */
  String node() {
    if (placement != null && placement.node() != null) {
      return placement.node();
    }
    if (score != null && score.node() != null) {
      return score.node();
    }
    return kind == EntityKind.NODE ? id : "";
  }

  /**
   * The reason with the largest contribution over all failure modes, null when nothing speaks for a
   * failure.
   */
  @Nullable Reason topReason() {
    Reason top = null;
    if (score != null) {
      for (ModeRisk mode : score.modes()) {
        for (Reason reason : mode.getReasons()) {
          if (top == null || reason.getContribution() > top.getContribution()) {
            top = reason;
          }
        }
      }
    }
    return top;
  }
}
