package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;

/** What the {@code ShadowStream} of one unit says. Not stored. */
public sealed interface StreamOutput {

  /** The next step of a shadow's stream. */
  record Sent(ShadowStep step) implements StreamOutput {}

  /** How a shadow stands. */
  record Stood(ShadowStanding standing) implements StreamOutput {}

  /** A shadow is none any more. */
  record Ended(String unit, Subject shadow) implements StreamOutput {}

  /** Something to be told: bytes that differ, a stream that began anew. */
  record Noted(FleetEvent event) implements StreamOutput {}
}
