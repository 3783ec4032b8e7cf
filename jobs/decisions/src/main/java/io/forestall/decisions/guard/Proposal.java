package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An act that a decider would like. Immutable. Field by field the record of topic {@code
 * proposals}, which describes each.
 */
public record Proposal(
    String id,
    ActKind act,
    Subject subject,
    String pool,
    @Nullable String zone,
    List<UnitStep> units,
    @Nullable Subject source,
    @Nullable Subject target,
    List<Candidate> candidates,
    String decider,
    String reason,
    List<InputValue> inputs,
    @Nullable String incident,
    @Nullable String rule,
    @Nullable Integer ruleVersion,
    @Nullable String model,
    @Nullable Integer modelVersion,
    double probability,
    long horizonMillis,
    double confidence,
    long costBytes,
    long expectedPauseMillis,
    int priority,
    long timeMillis,
    long expiresMillis,
    String lane,
    Map<String, String> parameters) {

  /** The lane whose proposals can be admitted; every other only shows. */
  public static final String LIVE = "live";

  /** Copies the collections. */
  public Proposal {
    units = List.copyOf(units);
    candidates = List.copyOf(candidates);
    inputs = List.copyOf(inputs);
    parameters = Map.copyOf(parameters);
  }

  /**
   * One unit and the step of its epoch.
   *
   * @param unit identifier
   * @param expectedEpoch epoch that is replaced
   * @param newEpoch epoch that follows, larger
   */
  public record UnitStep(String unit, long expectedEpoch, long newEpoch) {}

  /**
   * A target that was looked at.
   *
   * @param entity the target
   * @param score larger is better; comparable within one proposal
   * @param refusal code of what speaks against it, null when nothing does
   * @param text why, a sentence
   */
  public record Candidate(
      Subject entity, double score, @Nullable DecisionCode refusal, String text) {}

  /**
   * One thing that a decision was made from.
   *
   * @param name for example {@code probability} or {@code freeBytes}
   * @param value its value, null when it is no number
   * @param text the input as a sentence
   */
  public record InputValue(String name, @Nullable Double value, String text) {}
}
