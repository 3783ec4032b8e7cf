package io.forestall.wire.rules;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.RuleSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One test of rules: events in, incidents out. Immutable.
 *
 * @param file where it stands
 * @param line line on which it begins, from 1
 * @param name what it shows, a sentence
 * @param rules rules in force
 * @param boundMillis how much later than a newer one an event may arrive and still count as in
 *     order; milliseconds
 * @param arrivals events in the order in which they arrive
 * @param orderMatters true when the test says itself when events arrive; false when every order
 *     within the bound must give the same
 * @param untilMillis event time that is reached in the end; milliseconds since 1970-01-01 UTC
 * @param incidents what must come of it; no other incident may
 */
public record RuleTrial(
    String file,
    int line,
    String name,
    RuleSet rules,
    long boundMillis,
    List<Arrival> arrivals,
    boolean orderMatters,
    long untilMillis,
    List<Expected> incidents) {

  /** Copies the lists. */
  public RuleTrial {
    arrivals = List.copyOf(arrivals);
    incidents = List.copyOf(incidents);
  }

  /**
   * An event.
   *
   * @param place where its entity stands, null when the test does not say
   */
  public record Arrival(FleetEvent event, @Nullable Place place) {}

  /**
   * An incident as it stands in the end; what is null is not compared.
   *
   * @param line line on which it begins, from 1
   * @param inhibitedBy rule of the incident that swallows it, empty when none may
   */
  public record Expected(
      int line,
      String rule,
      String key,
      @Nullable Boolean open,
      @Nullable Severity severity,
      @Nullable ActKind recommendation,
      @Nullable Boolean predicted,
      @Nullable Subject subject,
      @Nullable Set<String> events,
      @Nullable String inhibitedBy) {}
}
