package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.wire.sources.InventoryReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a node stands: where the inventory says, else where its own tags say ({@code rack}, {@code
 * zone}, {@code region}, {@code pool}), else {@code unknown}. Not safe for threads.
 */
final class NodePlaces {

  private final Map<String, Place> known = new HashMap<>();

  /**
   * @param inventory file of {@code --inventory}, null for none
   * @throws CommandFailure when it cannot be read or has a mistake
   */
  NodePlaces(@Nullable Path inventory) {
    if (inventory == null) {
      return;
    }
    try {
      InventoryReader.Inventory read = InventoryReader.read(inventory);
      if (!read.problems().isEmpty()) {
        throw CommandFailure.usage("--inventory has a mistake: " + read.problems().get(0));
      }
      for (FleetMember member : read.members()) {
        if (member.subject().kind() == Subject.Kind.NODE) {
          known.put(member.subject().id(), member.place());
        }
      }
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCodes.USAGE, "cannot read --inventory " + inventory + ": " + e, e);
    }
  }

  /** The place of a node. */
  Place of(String node, Map<String, String> tags) {
    Place place = known.get(node);
    return place != null
        ? place
        : new Place(
            node,
            tag(tags, "rack", "unknown"),
            tag(tags, "zone", "unknown"),
            tag(tags, "region", "default"),
            tag(tags, "pool", "default"));
  }

  private static String tag(Map<String, String> tags, String name, String otherwise) {
    String value = tags.getOrDefault(name, "").trim();
    return value.isEmpty()
            || value.length() > Subject.MAX_ID_CHARS
            || value.chars().anyMatch(Character::isISOControl)
        ? otherwise
        : value;
  }
}
