package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import org.jspecify.annotations.Nullable;

/**
 * An event that a rule can use, under the key by which the rule joins events. Immutable.
 *
 * @param rule name of the rule
 * @param key correlation key, for example {@code volume/v-1}, or {@code volume/v-1+client/c-1} for
 *     a pair
 * @param stages stages it counts for, as bits from the lowest; 0 when it only clears
 * @param clears true when it resolves an incident of the rule
 * @param event the event
 * @param place where its entity stands, null when the fleet does not know it
 */
public record Symptom(
    String rule, String key, int stages, boolean clears, FleetEvent event, @Nullable Place place) {}
