package io.forestall.decisions.alert;

import java.util.Map;

/**
 * What is told to Alertmanager. Its identity is all of its labels: the same labels are the same
 * alert, said again. Immutable.
 *
 * @param labels identity, by name
 * @param annotations words for people, by name; may change while the alert stays the same
 * @param startsMillis when it began; milliseconds since 1970-01-01 UTC
 * @param endsMillis until when it holds if nobody says more; in the past when it is over;
 *     milliseconds since 1970-01-01 UTC
 * @param resolved true when this says that it is over
 */
public record Alert(
    Map<String, String> labels,
    Map<String, String> annotations,
    long startsMillis,
    long endsMillis,
    boolean resolved) {

  /** Label that names the alert. */
  public static final String NAME = "alertname";

  /** Name of the alert of one incident. */
  public static final String INCIDENT = "ForestallIncident";

  /** Name of the alert that stands for incidents beyond the cap. */
  public static final String MORE_INCIDENTS = "ForestallMoreIncidents";

  /** Copies the maps. */
  public Alert {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
