package io.forestall.risk.symptom;

import io.forestall.risk.ModeAssessment;
import java.util.List;

/**
 * What the symptoms of one thing say at one time: one entry for each failure mode that can be told.
 * Flows from the symptoms to the score of the thing and of the node that holds it.
 *
 * @param entity key of the thing, {@code kind/id}
 * @param timeMillis event time; epoch milliseconds
 * @param confidence trust, 0 none to 1 full
 * @param samples samples of the thing so far; count
 * @param modes probability, horizon and reasons by failure mode
 */
public record Finding(
    String entity, long timeMillis, double confidence, long samples, List<ModeAssessment> modes) {
  public Finding {
    modes = List.copyOf(modes);
  }
}
