package io.forestall.risk;

import java.util.List;

/**
 * Risk of one failure mode after one sample. Rows A10, A11, G7.
 *
 * @param mode the failure mode
 * @param probability probability of this failure within the horizon, 0 to 1
 * @param horizonMillis horizon of the model that gave the probability; milliseconds
 * @param model identifier of that model
 * @param modelVersion version of that model
 * @param reasons largest contributions first, empty when nothing speaks for a failure
 */
public record ModeAssessment(
    FailureMode mode,
    double probability,
    long horizonMillis,
    String model,
    int modelVersion,
    List<ReasonPart> reasons) {
  public ModeAssessment {
    reasons = List.copyOf(reasons);
  }
}
