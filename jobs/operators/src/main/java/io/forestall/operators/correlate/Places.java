package io.forestall.operators.correlate;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the things of the fleet stand, as far as nodes tell. Disks are many and not kept: an event
 * names the node of its disk. For one thread.
 */
final class Places {

  private final Map<String, Place> byKey = new HashMap<>();

  /** Racks and the like whose nodes all are in one pool; made anew when a place changed. */
  private final Map<String, Place> wider = new HashMap<>();

  private boolean widerKnown;

  /** Takes where a thing stands, null when it is gone. */
  void put(String key, @Nullable Place place) {
    if (place == null) {
      byKey.remove(key);
    } else {
      byKey.put(key, place);
    }
    widerKnown = false;
  }

  int size() {
    return byKey.size();
  }

  /** Where the entity of an event stands, null when the fleet does not know it. */
  @Nullable Place of(FleetEvent event) {
    Place own = of(event.entity());
    if (own != null) {
      return own;
    }
    for (Subject related : event.related()) {
      if (related.kind() == Subject.Kind.NODE) {
        return byKey.get(related.toString());
      }
    }
    return null;
  }

  private @Nullable Place of(Subject subject) {
    return switch (subject.kind()) {
      case NODE, PROCESSOR, HEAD -> byKey.get(subject.toString());
      case EDGE -> {
        int to = subject.id().indexOf('>');
        yield to <= 0 ? null : byKey.get("node/" + subject.id().substring(0, to));
      }
      case RACK, ZONE, REGION, POOL -> wider(subject);
      default -> null;
    };
  }

  private @Nullable Place wider(Subject subject) {
    if (!widerKnown) {
      wider.clear();
      for (Place place : byKey.values()) {
        add("rack/" + place.rack(), place.rack(), place.zone(), place);
        add("zone/" + place.zone(), "", place.zone(), place);
        add("region/" + place.region(), "", "", place);
        add("pool/" + place.pool(), "", "", place);
      }
      widerKnown = true;
    }
    return wider.get(subject.toString());
  }

  private void add(String key, String rack, String zone, Place place) {
    Place here = new Place("", rack, zone, place.region(), place.pool());
    Place known = wider.putIfAbsent(key, here);
    if (known != null && !known.equals(here)) {
      // Its nodes differ: only what they share is where it stands.
      wider.put(
          key,
          new Place(
              "",
              same(known.rack(), here.rack()),
              same(known.zone(), here.zone()),
              same(known.region(), here.region()),
              same(known.pool(), here.pool())));
    }
  }

  private static String same(String one, String other) {
    return one.equals(other) ? one : "";
  }
}
