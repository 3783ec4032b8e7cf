package io.forestall.wire;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FleetEntry;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Between fleet entries and the nouns of the fleet. Stateless. */
public final class FleetEntries {

  private FleetEntries() {}

  /**
   * The entry of a member.
   *
   * @param timeMillis when this was true; milliseconds since 1970-01-01 UTC
   */
  public static FleetEntry of(FleetMember member, long timeMillis) {
    Place place = member.place();
    boolean node = member.subject().kind() == Subject.Kind.NODE;
    FleetEntry entry = new FleetEntry();
    entry.setEntity(entity(member.subject()));
    entry.setTimeMillis(timeMillis);
    entry.setNode(node ? null : place.node());
    entry.setRack(place.rack());
    entry.setZone(place.zone());
    entry.setRegion(place.region());
    entry.setPool(place.pool());
    entry.setTier(member.tier());
    entry.setModel(member.model());
    entry.setCapacityBytes(member.capacityBytes());
    entry.setSynthetic(member.synthetic());
    entry.setLabels(Map.of());
    return entry;
  }

  /** The member of an entry, null when it is of another sort, or has no valid name. */
  public static @Nullable FleetMember member(FleetEntry entry) {
    String id = entry.getEntity().getId();
    if (id.isEmpty() || id.length() > Subject.MAX_ID_CHARS) {
      return null;
    }
    Subject subject =
        switch (entry.getEntity().getKind()) {
          case DISK -> Subject.disk(id);
          case NODE -> Subject.node(id);
          case PROCESSOR -> new Subject(Subject.Kind.PROCESSOR, id);
          case HEAD -> new Subject(Subject.Kind.HEAD, id);
          default -> null;
        };
    if (subject == null) {
      return null;
    }
    String node = entry.getNode();
    Place place =
        new Place(
            subject.kind() == Subject.Kind.NODE || node == null ? id : node,
            entry.getRack(),
            entry.getZone(),
            entry.getRegion(),
            entry.getPool());
    return new FleetMember(
        subject,
        place,
        entry.getTier(),
        entry.getModel(),
        entry.getCapacityBytes(),
        entry.getSynthetic());
  }

  /** The reference of a subject. */
  public static EntityRef entity(Subject subject) {
    // The kinds of the fleet are those of the contract, name for name; a test compares them.
    return new EntityRef(EntityKind.valueOf(subject.kind().name()), subject.id());
  }
}
