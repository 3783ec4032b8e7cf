package io.forestall.app.console;

import io.forestall.risk.signal.SignalState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that a {@link FleetView} holds of one entity. Mutable; guarded by the view that owns it. What
 * it counts for in its {@link FleetTree} is remembered beside it, so that a change is a difference.
 */
final class Slot {
  /** Telemetry or a score came, but long ago against the rest of the fleet. */
  static final int LATE = 1;

  /** The job says that silence made its newest score. */
  static final int SILENT = 2;

  /** It has a place in the fleet and nothing was ever heard of it. */
  static final int NEVER = 4;

  /** At least one of its signals behaves unusually now, to the bad side. */
  static final int ANOMALOUS = 8;

  /** Its place was made up. */
  static final int SYNTHETIC = 16;

  /** How many flags there are. */
  static final int FLAGS = 5;

  static final long NONE = Long.MIN_VALUE;

  final EntityKind kind;
  final String id;
  EntityRisk.@Nullable Placement placement;
  EntityRisk.@Nullable Score score;

  /** What the second lane said last, null while it says nothing. */
  EntityRisk.@Nullable Score challenger;

  @Nullable RiskHistory history;
  long lastAtRiskMillis = NONE;

  /** Event time of the newest sample heard of, by score, telemetry or baseline. */
  long newestMillis = NONE;

  /** Event time of the newest telemetry, {@link #NONE} when only scores were seen. */
  long telemetryMillis = NONE;

  /** Usual time between samples, NaN while unknown; milliseconds. */
  double intervalMillis = Double.NaN;

  boolean late;

  /** Recent values of metrics and signals, null while none are held. */
  @Nullable EntitySeries series;

  /** What was usual over time; four columns a signal. */
  @Nullable EntitySeries bands;

  @Nullable SignalState signals;
  @Nullable BaselineView baseline;

  /** Monotonic time at which somebody last looked at it; nanoseconds, {@link #NONE} for never. */
  long askedNanos = NONE;

  final List<AnomalyView> anomalies = new ArrayList<>(0);

  // What the tree has counted.
  FleetTree.@Nullable Group group;
  int countedTier = -1;
  int countedFlags;
  double countedScore;

  private @Nullable EntityRisk snapshot;

  Slot(EntityKind kind, String id) {
    this.kind = kind;
    this.id = id;
  }

  /** The entity as others may keep it; made again only after {@link #changed}. */
  EntityRisk snapshot() {
    EntityRisk known = snapshot;
    if (known == null) {
      known = new EntityRisk(kind, id, placement, score);
      snapshot = known;
    }
    return known;
  }

  void changed() {
    snapshot = null;
  }

  Tier tier() {
    return score == null ? Tier.UNKNOWN : score.tier();
  }

  int flags() {
    int flags = 0;
    EntityRisk.Score known = score;
    if (known != null && known.stale()) {
      flags |= SILENT;
    } else if (late) {
      // What the job has given up is not counted twice.
      flags |= LATE;
    }
    if (placement != null) {
      if (newestMillis == NONE) {
        flags |= NEVER;
      }
      if (placement.synthetic()) {
        flags |= SYNTHETIC;
      }
    }
    for (AnomalyView anomaly : anomalies) {
      if (!anomaly.ended() && anomaly.worse()) {
        flags |= ANOMALOUS;
        break;
      }
    }
    return flags;
  }

  /** Notes that a sample of this time was heard of; learns the usual interval. */
  void heard(long timeMillis, long samples) {
    if (newestMillis != NONE && timeMillis > newestMillis && samples > 0) {
      double gap = (double) (timeMillis - newestMillis) / samples;
      // A slow mean: one lost sample must not make the entity look unhurried.
      intervalMillis = Double.isNaN(intervalMillis) ? gap : 0.8 * intervalMillis + 0.2 * gap;
    }
    newestMillis = Math.max(newestMillis, timeMillis);
  }
}
