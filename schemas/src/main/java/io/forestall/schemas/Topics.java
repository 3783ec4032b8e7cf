package io.forestall.schemas;

import org.jspecify.annotations.NullMarked;

/** The topics of Forestall by name. What each is like stands in {@code topics.yaml}. */
@NullMarked
public enum Topics {
  /** Frames of metrics, one a scrape. */
  TELEMETRY("telemetry"),
  /** What stands where. */
  FLEET("fleet"),
  /** What happened. */
  EVENTS("events"),
  /** What is expected to happen. */
  PREDICTED_EVENTS("events.predicted"),
  /** Failure scores. */
  RISK("risk"),
  /** Failure scores of the second lane. */
  RISK_LANE("risk.lane"),
  /** Signals that behave unusually. */
  ANOMALIES("anomalies"),
  /** What is usual. */
  BASELINES("baselines"),
  /** Trained models. */
  MODELS("models"),
  /** Retrainings and how they ended. */
  MODEL_TRIALS("models.trials"),
  MODEL_TALLIES("models.tallies"),
  /** Writer schemas. */
  SCHEMAS("schemas"),
  /** What could not be taken in. */
  DEAD_LETTERS("dead-letters"),
  /** Failure zones. */
  ZONES("zones"),
  /** Combined events. */
  INCIDENTS("incidents"),
  /** Acts that a decider would like. */
  PROPOSALS("proposals"),
  /** Signed permissions. */
  ADMISSIONS("admissions"),
  /** Who owns what. */
  OWNERSHIP("ownership"),
  /** What must be done. */
  COMMANDS("commands"),
  /** What was done. */
  ACKS("acks"),
  /** How proposals ended. */
  DECISIONS("decisions"),
  /** Checkpoints of the ownership fold. */
  MAPS("maps"),
  /** Writes. */
  DELTAS("deltas"),
  /** Writes for shadows. */
  SHADOW_APPLY("shadow-apply"),
  /** How far each shadow follows. */
  SHADOWS("shadows"),
  /** Digests of ranges. */
  DIGESTS("digests"),
  /** Whereabouts of metadata. */
  METADATA_VERSIONS("metadata-versions"),
  /** Rules and what operators say. */
  POLICIES("policies"),
  /** What acts and predictions came to. */
  OUTCOMES("outcomes");

  private final String noun;

  Topics(String noun) {
    this.noun = noun;
  }

  /** The name without prefix and version. */
  public String noun() {
    return noun;
  }

  /** The entry of the catalogue. */
  public TopicSpec spec() {
    return TopicCatalogue.of(noun);
  }

  /** The name of the topic under a prefix, such as {@code forestall.risk.v1}. */
  public String name(String prefix) {
    return prefix + "." + noun + "." + TopicSpec.VERSION;
  }
}
