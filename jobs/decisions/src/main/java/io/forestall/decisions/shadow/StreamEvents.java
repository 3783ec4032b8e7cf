package io.forestall.decisions.shadow;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a stream has to tell the fleet, as events (A17, E5). Stateless. */
final class StreamEvents {

  /** A copy's bytes are not what they should be. */
  static final String DIVERGED = "copy.diverged";

  /** The log was lost to a stream, whose shadows begin anew. */
  static final String LOST = "shadow.stream.lost";

  /** A unit has more shadows than are fed. */
  static final String REFUSED = "shadow.stream.refused";

  private static final String SOURCE = "move";

  private StreamEvents() {}

  /**
   * A copy is wrong in a range.
   *
   * @param attributed true when the holder's own record of the bytes says so; false when two copies
   *     differ and each is what it recorded
   */
  static FleetEvent diverged(
      StreamState state,
      Subject wrong,
      Severity severity,
      PendingDigests.Place place,
      boolean attributed,
      String summary,
      long nowMillis) {
    List<Subject> related = things(state);
    if (!wrong.equals(state.owner)) {
      related.add(state.owner);
    }
    return event(
        DIVERGED,
        wrong + "/" + state.unit + "/" + place.round() + "/" + place.offset(),
        severity,
        wrong,
        related,
        summary,
        Map.of(
            "offset", (double) place.offset(),
            "length", (double) place.length(),
            "sequence", (double) place.sequence(),
            "epoch", (double) place.epoch(),
            "round", (double) place.round(),
            // Rules ask for values only.
            "attributed", attributed ? 1.0 : 0.0),
        Map.of("unit", state.unit, "attributed", attributed ? "stored-checksum" : "none"),
        nowMillis);
  }

  /** Deltas were lost to the stream. */
  static FleetEvent lost(StreamState state, String summary, long nowMillis) {
    List<Subject> related = new ArrayList<>(state.followers.keySet());
    related.add(0, new Subject(Subject.Kind.VOLUME, state.volume));
    return event(
        LOST,
        state.unit + "/" + state.order.epoch() + "/" + state.order.sequence(),
        Severity.WARNING,
        new Subject(Subject.Kind.SEGMENT, state.unit),
        related,
        summary,
        Map.of("epoch", (double) state.order.epoch(), "sequence", (double) state.order.sequence()),
        Map.of("unit", state.unit),
        nowMillis);
  }

  /** More shadows than are fed. */
  static FleetEvent refused(StreamState state, long nowMillis) {
    return event(
        REFUSED,
        state.unit + "/" + state.version,
        Severity.WARNING,
        new Subject(Subject.Kind.SEGMENT, state.unit),
        List.of(new Subject(Subject.Kind.VOLUME, state.volume)),
        "the map gives unit "
            + state.unit
            + " "
            + (state.refused + StreamState.MAX_SHADOWS)
            + " shadows: the first "
            + StreamState.MAX_SHADOWS
            + " are fed, retire the others",
        Map.of("refused", (double) state.refused),
        Map.of("unit", state.unit),
        nowMillis);
  }

  private static List<Subject> things(StreamState state) {
    List<Subject> related = new ArrayList<>(3);
    related.add(new Subject(Subject.Kind.SEGMENT, state.unit));
    related.add(new Subject(Subject.Kind.VOLUME, state.volume));
    return related;
  }

  private static FleetEvent event(
      String type,
      String name,
      Severity severity,
      Subject entity,
      List<Subject> related,
      String summary,
      Map<String, Double> values,
      Map<String, String> labels,
      long nowMillis) {
    return new FleetEvent(
        id(type, name),
        type,
        severity,
        false,
        entity,
        related,
        nowMillis,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        SOURCE,
        summary,
        values,
        labels);
  }

  /** A name may be longer than an identifier. */
  private static String id(String type, String name) {
    int room = Subject.MAX_ID_CHARS - type.length() - 1;
    return type
        + "/"
        + (name.length() <= room
            ? name
            : name.substring(0, room - 9) + "~" + Integer.toHexString(name.hashCode()));
  }
}
