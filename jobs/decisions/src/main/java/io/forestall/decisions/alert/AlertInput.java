package io.forestall.decisions.alert;

import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Incident;
import java.util.List;

/** What the {@link AlertDecider} takes. Not stored. */
public sealed interface AlertInput {

  /** A record of an incident of the pool. */
  record IncidentChanged(Incident incident) implements AlertInput {}

  /** The silences and maintenance windows, all of them. */
  record SilencesChanged(List<PolicyRecord> records) implements AlertInput {
    /** Copies the list. */
    public SilencesChanged {
      records = List.copyOf(records);
    }
  }
}
