package io.forestall.app.console;

import io.forestall.app.volume.VolumeView;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardPolicy;
import io.forestall.decisions.guard.ReplicaSetRisk;
import io.forestall.decisions.shadow.ShadowPlan;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which segments lack a shadow at high risk, by the plan that builds shadows ({@link ShadowPlan})
 * with the shipped limits, and by the newest scores. Maintenance and what operators said of risk
 * are the guard's alone; it also waits for its dwell, which is not looked at here. One for each
 * question: it remembers the scores that it has seen.
 */
final class MissingShadows {

  private static final GuardPolicy LIMITS = GuardPolicy.DEFAULTS;

  private final FleetView fleet;
  private final Map<Subject, Optional<EntityRisk>> nodes = new HashMap<>();

  MissingShadows(FleetView fleet) {
    this.fleet = fleet;
  }

  /** How many segments lack one: of a volume, or of all when it is null; count. */
  int of(VolumeView volumes, @Nullable String volume) {
    int[] missing = {0};
    volumes.eachSegment(
        volume, (segment, minReplicas) -> missing[0] += text(segment, minReplicas) == null ? 0 : 1);
    return missing[0];
  }

  /** Why a segment lacks a shadow, a sentence; null when it lacks none. */
  @Nullable String text(VolumeView.Segment segment, int minReplicas) {
    List<ShadowPlan.Copy> copies = new ArrayList<>(segment.copies().size());
    boolean anyRisk = false;
    for (VolumeView.Copy copy : segment.copies()) {
      EntityRisk node = node(copy.node());
      EntityRisk.Score score = node == null ? null : node.score();
      EntityRisk.Placement place = node == null ? null : node.placement();
      Tier tier = score == null ? Tier.UNKNOWN : score.tier();
      boolean risky = tier == Tier.WARNING || tier == Tier.CRITICAL;
      anyRisk |= risky;
      copies.add(
          new ShadowPlan.Copy(
              copy.node(),
              copy.isShadow(),
              copy.state().equals("IN_SYNC"),
              risky,
              false,
              score != null && !score.stale(),
              score == null
                  ? 0
                  : ReplicaSetRisk.within(
                      score.probability(), score.horizonMillis(), LIMITS.shadow().horizonMillis()),
              place == null ? "" : place.rack(),
              place == null ? "" : place.zone(),
              place == null ? "" : place.region()));
    }
    if (!anyRisk) {
      // What lacks copies though nothing is at risk is degraded, which is said elsewhere.
      return null;
    }
    ShadowPlan.Need need =
        ShadowPlan.need(
            new ShadowPlan.Unit(segment.unit(), segment.owner(), "", minReplicas, false, copies),
            false,
            MissingShadows::risk,
            LIMITS.shadow());
    return need == null ? null : need.text();
  }

  private @Nullable EntityRisk node(Subject node) {
    return nodes
        .computeIfAbsent(
            node,
            key ->
                Optional.ofNullable(fleet.entity(EntityKind.valueOf(key.kind().name()), key.id())))
        .orElse(null);
  }

  private static double risk(Collection<ShadowPlan.Copy> copies) {
    List<ReplicaSetRisk.Copy> set = new ArrayList<>(copies.size());
    for (ShadowPlan.Copy copy : copies) {
      set.add(new ReplicaSetRisk.Copy(copy.probability(), copy.rack(), copy.zone()));
    }
    return ReplicaSetRisk.allFail(set, LIMITS.rackCorrelation(), LIMITS.zoneCorrelation());
  }
}
