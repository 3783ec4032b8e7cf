package io.forestall.operators;

import io.forestall.risk.Assessment;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.List;

/** Turns what the risk engine says into the record of the contract. Thread-safe. */
public final class RiskRecords {

  private static final Tier[] TIERS = tiers();
  private static final FailureMode[] MODES = modes();

  private RiskRecords() {}

  /**
   * The record of one assessment of a disk.
   *
   * @param disk identifier of the disk
   * @param node node that holds it, empty when not known
   * @param assessment what the engine says
   */
  public static Risk of(String disk, String node, Assessment assessment) {
    return of(new EntityRef(EntityKind.DISK, disk), node, assessment);
  }

  /**
   * The record of one assessment of anything.
   *
   * @param entity what was assessed
   * @param node node that holds it, empty when not known and for a node itself
   * @param assessment what the engine says
   */
  public static Risk of(EntityRef entity, String node, Assessment assessment) {
    Risk risk = new Risk();
    risk.setEntity(entity);
    risk.setNode(node.isEmpty() ? null : node);
    risk.setTimeMillis(assessment.timeMillis());
    risk.setSamples(assessment.samples());
    risk.setScore(assessment.score());
    risk.setTier(TIERS[assessment.tier().ordinal()]);
    risk.setTierSinceMillis(assessment.tierSinceMillis());
    risk.setProbability(assessment.probability());
    risk.setHorizonMillis(assessment.horizonMillis());
    risk.setConfidence(assessment.confidence());
    risk.setStale(assessment.stale());
    List<ModeRisk> modes = new ArrayList<>(assessment.modes().size());
    for (ModeAssessment mode : assessment.modes()) {
      modes.add(mode(mode));
    }
    risk.setModes(modes);
    return risk;
  }

  private static ModeRisk mode(ModeAssessment assessment) {
    ModeRisk mode = new ModeRisk();
    mode.setMode(MODES[assessment.mode().ordinal()]);
    mode.setProbability(assessment.probability());
    mode.setHorizonMillis(assessment.horizonMillis());
    mode.setModel(assessment.model());
    mode.setModelVersion(assessment.modelVersion());
    List<Reason> reasons = new ArrayList<>(assessment.reasons().size());
    for (ReasonPart part : assessment.reasons()) {
      reasons.add(new Reason(part.metric(), part.value(), part.contribution(), part.text()));
    }
    mode.setReasons(reasons);
    return mode;
  }

  /** The contract's name of a tier. */
  static Tier tier(io.forestall.risk.Tier tier) {
    return TIERS[tier.ordinal()];
  }

  private static Tier[] tiers() {
    io.forestall.risk.Tier[] ours = io.forestall.risk.Tier.values();
    Tier[] theirs = new Tier[ours.length];
    for (int i = 0; i < ours.length; i++) {
      theirs[i] = Tier.valueOf(ours[i].name());
    }
    return theirs;
  }

  private static FailureMode[] modes() {
    io.forestall.risk.FailureMode[] ours = io.forestall.risk.FailureMode.values();
    FailureMode[] theirs = new FailureMode[ours.length];
    for (int i = 0; i < ours.length; i++) {
      theirs[i] = FailureMode.valueOf(ours[i].name());
    }
    return theirs;
  }
}
