package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The key by which a rule joins events: one thing of the fleet, written {@code volume/v-1}, or two,
 * written {@code volume/v-1+client/c-1}. Row B3.
 */
public final class CorrelationKey {

  /** Most keys that one event yields for one rule; further ones are left out. */
  public static final int MAX_KEYS = 8;

  /** Most kinds of a key. */
  public static final int MAX_KINDS = 2;

  private static final char AND = '+';

  private CorrelationKey() {}

  /** The key of these things, in this order. */
  public static String of(List<Subject> things) {
    if (things.size() == 1) {
      return things.get(0).toString();
    }
    StringBuilder key = new StringBuilder();
    for (Subject thing : things) {
      if (key.length() > 0) {
        key.append(AND);
      }
      key.append(thing);
    }
    return key.toString();
  }

  /**
   * The things of a key, the inverse of {@link #of}.
   *
   * @throws IllegalArgumentException when the text is no key
   */
  public static List<Subject> parse(String key) {
    List<Subject> things = new ArrayList<>(MAX_KINDS);
    int from = 0;
    for (int at = key.indexOf(AND, 1); at >= 0; at = key.indexOf(AND, at + 1)) {
      // An identifier may hold a plus; what follows a real one is a kind and a slash.
      if (things.size() < MAX_KINDS - 1 && startsWithKind(key, at + 1)) {
        things.add(Subject.parse(key.substring(from, at)));
        from = at + 1;
      }
    }
    things.add(Subject.parse(key.substring(from)));
    return things;
  }

  private static boolean startsWithKind(String key, int from) {
    int slash = key.indexOf('/', from);
    if (slash < 0) {
      return false;
    }
    String word = key.substring(from, slash);
    for (Subject.Kind kind : Subject.Kind.values()) {
      if (kind.name().equalsIgnoreCase(word)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The keys of an event, at most {@value #MAX_KEYS}; none when the event names no thing of a kind
   * that the key needs.
   *
   * @param event the event
   * @param place where its entity stands, null when the fleet does not know it
   * @param kinds kinds of the key, in its order
   */
  public static List<String> keys(
      FleetEvent event, @Nullable Place place, List<Subject.Kind> kinds) {
    if (kinds.size() == 1) {
      List<Subject> things = things(event, place, kinds.get(0));
      List<String> keys = new ArrayList<>(Math.min(things.size(), MAX_KEYS));
      for (int i = 0; i < things.size() && i < MAX_KEYS; i++) {
        keys.add(things.get(i).toString());
      }
      return keys;
    }
    List<String> keys = List.of("");
    for (Subject.Kind kind : kinds) {
      List<Subject> things = things(event, place, kind);
      List<String> longer = new ArrayList<>(MAX_KEYS);
      for (String key : keys) {
        for (Subject thing : things) {
          if (longer.size() < MAX_KEYS) {
            longer.add(key.isEmpty() ? thing.toString() : key + AND + thing);
          }
        }
      }
      keys = longer;
    }
    return keys;
  }

  /**
   * What an event says of one kind, in this order and from the first that has any: its entity (a
   * pair names its volume and its client, an edge both its nodes); its related things; the place
   * where its entity stands. So an event of a node never stands for the nodes that witnessed it.
   *
   * @return different things, in the order in which the event names them
   */
  public static List<Subject> things(FleetEvent event, @Nullable Place place, Subject.Kind kind) {
    List<Subject> things = new ArrayList<>(2);
    // A related node says where a path belongs; the ends of an edge count before it.
    add(things, event.entity(), kind);
    if (things.isEmpty()) {
      for (Subject related : event.related()) {
        add(things, related, kind);
      }
    }
    if (things.isEmpty() && place != null) {
      String id =
          switch (kind) {
            case NODE -> place.node();
            case RACK -> place.rack();
            case ZONE -> place.zone();
            case REGION -> place.region();
            case POOL -> place.pool();
            default -> "";
          };
      if (!id.isEmpty() && id.length() <= Subject.MAX_ID_CHARS) {
        things.add(new Subject(kind, id));
      }
    }
    return things;
  }

  /** The first of {@link #things}, null when there is none. */
  public static @Nullable Subject thing(
      FleetEvent event, @Nullable Place place, Subject.Kind kind) {
    if (event.entity().kind() == kind) {
      return event.entity();
    }
    List<Subject> things = things(event, place, kind);
    return things.isEmpty() ? null : things.get(0);
  }

  /** Name of the pool that an event belongs to, empty when it belongs to none. */
  public static String pool(FleetEvent event, @Nullable Place place) {
    if (place != null && !place.pool().isEmpty()) {
      return place.pool();
    }
    Subject pool = thing(event, place, Subject.Kind.POOL);
    return pool == null ? "" : pool.id();
  }

  private static void add(List<Subject> things, Subject thing, Subject.Kind kind) {
    if (thing.kind() == kind) {
      addOnce(things, thing);
    } else if (thing.kind() == Subject.Kind.PAIR) {
      int at = thing.id().lastIndexOf('@');
      if (kind == Subject.Kind.VOLUME) {
        addPart(things, kind, thing.id(), 0, at);
      } else if (kind == Subject.Kind.CLIENT) {
        addPart(things, kind, thing.id(), at + 1, at < 0 ? 0 : thing.id().length());
      }
    } else if (thing.kind() == Subject.Kind.EDGE && kind == Subject.Kind.NODE) {
      int at = thing.id().indexOf('>');
      addPart(things, kind, thing.id(), 0, at);
      addPart(things, kind, thing.id(), at + 1, at < 0 ? 0 : thing.id().length());
    }
  }

  private static void addPart(
      List<Subject> things, Subject.Kind kind, String id, int from, int to) {
    if (from < to) {
      addOnce(things, new Subject(kind, id.substring(from, to)));
    }
  }

  private static void addOnce(List<Subject> things, Subject thing) {
    if (!things.contains(thing)) {
      things.add(thing);
    }
  }
}
