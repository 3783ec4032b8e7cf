package io.forestall.decisions.ownership;

import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fold of one partition of the ownership log: for each unit the first record with the right
 * expected epoch wins, every other is void (D2, G11). Nodes, clients and jobs fold alike; no clock
 * has a say. For one thread.
 *
 * <ul>
 *   <li>{@code START} counts for a unit without an owner (expected epoch 0), or when it comes from
 *       the owner itself with a larger incarnation.
 *   <li>{@code TAKEOVER} counts for a unit that has an owner, when its admission is valid, {@code
 *       ADMITTED}, of this pool, names the owner as target and holds exactly this step. When its
 *       key is unknown here the unit is in doubt until a reader with the key folds again: until
 *       then nothing else counts for it.
 *   <li>{@code RELEASE} counts when the former owner vouches for the epoch that was replaced.
 * </ul>
 *
 * <p>The write mode of an epoch is what the record that began it says, and nothing else.
 */
public final class OwnershipFold {
  private final Map<String, Owned> units = new HashMap<>();
  private long nextOffset;

  /** A fold that has read nothing. */
  public OwnershipFold() {}

  /**
   * What a record did to one unit.
   *
   * @param before null for the first owner
   * @param after what holds now
   * @param epochStepped true when the unit has another epoch, false for a release or a doubt
   */
  public record Change(@Nullable Owned before, Owned after, boolean epochStepped) {}

  /** Who owns the unit, null when nobody ever did. */
  public @Nullable Owned owned(String unit) {
    return units.get(unit);
  }

  /** All units, in no order. */
  public Collection<Owned> all() {
    return Collections.unmodifiableCollection(units.values());
  }

  /** First offset that is not folded in. */
  public long nextOffset() {
    return nextOffset;
  }

  /**
   * Begins at a checkpoint: a map that covers the log up to an offset. The caller reads the log
   * from the smallest offset of its maps on; what is older than a unit's own record changes
   * nothing.
   */
  public void restore(Owned owned) {
    units.put(owned.unit(), owned);
  }

  /** Forgets a unit that is gone for good, with its volume. */
  public void forget(String unit) {
    units.remove(unit);
  }

  /**
   * Takes the next record.
   *
   * @param offset its place in the log; one that was folded in already changes nothing
   * @return what changed, empty when it is void for every unit
   */
  public List<Change> take(long offset, OwnershipEntry entry) {
    if (offset < nextOffset) {
      return List.of();
    }
    nextOffset = offset + 1;
    List<Change> changes = new ArrayList<>();
    Set<UnitStep> granted = granted(entry);
    for (UnitStep step : entry.steps()) {
      Owned before = units.get(step.unit());
      if (before != null && offset <= before.offset()) {
        continue;
      }
      Owned after = after(offset, entry, step, before, granted);
      if (after != null) {
        units.put(step.unit(), after);
        changes.add(new Change(before, after, before == null || before.epoch() != after.epoch()));
      }
    }
    return changes;
  }

  private static @Nullable Owned after(
      long offset,
      OwnershipEntry entry,
      UnitStep step,
      @Nullable Owned before,
      Set<UnitStep> granted) {
    if (step.newEpoch() <= step.expectedEpoch()) {
      return null;
    }
    if (entry.kind() == OwnershipEntry.Kind.RELEASE) {
      return before != null
              && !before.released()
              && before.epoch() == step.newEpoch()
              && before.formerEpoch() == step.expectedEpoch()
              && entry.owner().equals(before.former())
              && entry.writer().equals(entry.owner().id())
          ? before.released(offset)
          : null;
    }
    if (before != null && before.inDoubt()) {
      // Whether the doubted takeover counted is unknown here, so whether this one does is too. Were
      // it taken, two readers could believe in two owners of one epoch.
      return null;
    }
    long epoch = before == null ? 0 : before.epoch();
    if (step.expectedEpoch() != epoch) {
      return null;
    }
    return switch (entry.kind()) {
      case START, MODE -> {
        boolean own =
            before == null
                ? entry.kind() == OwnershipEntry.Kind.START
                : entry.owner().equals(before.owner())
                    && (entry.kind() == OwnershipEntry.Kind.MODE
                        ? entry.incarnation() == before.incarnation()
                        : entry.incarnation() > before.incarnation());
        yield own ? next(offset, entry, step, before) : null;
      }
      case TAKEOVER -> {
        if (before == null) {
          // Nobody can be followed who never was. In doubt it could not even be noted.
          yield null;
        }
        if (!granted.contains(step)) {
          yield null;
        }
        if (entry.authority() == Authority.VALID) {
          yield next(offset, entry, step, before);
        }
        yield entry.authority() == Authority.UNKNOWN_KEY ? before.doubted(offset) : null;
      }
      case RELEASE -> null;
    };
  }

  private static Owned next(
      long offset, OwnershipEntry entry, UnitStep step, @Nullable Owned before) {
    Admission admission = entry.admission();
    long bound = entry.asyncBoundMillis();
    // Across its own epochs an owner owes what it answered; what another left open is lost.
    boolean takeover = entry.kind() == OwnershipEntry.Kind.TAKEOVER;
    long asyncFrom = before == null || takeover ? 0 : before.asyncFromEpoch();
    long loss = before == null ? 0 : before.lossEpoch();
    if (takeover && before != null && before.asyncFromEpoch() > 0) {
      loss = step.newEpoch();
    }
    return new Owned(
        step.unit(),
        step.newEpoch(),
        entry.owner(),
        entry.incarnation(),
        before == null ? null : before.owner(),
        before == null ? 0 : before.epoch(),
        // The same process steps its own epoch: whether its predecessor is gone stays as it was.
        before == null || entry.kind() == OwnershipEntry.Kind.MODE && before.released(),
        false,
        offset,
        admission == null ? null : admission.id(),
        bound,
        asyncFrom == 0 && bound > 0 ? step.newEpoch() : asyncFrom,
        loss);
  }

  /** The steps that the admission of a takeover grants; as a set, since it may hold thousands. */
  private static Set<UnitStep> granted(OwnershipEntry entry) {
    Admission admission = entry.admission();
    if (entry.kind() != OwnershipEntry.Kind.TAKEOVER
        || admission == null
        || admission.state() != Admission.State.ADMITTED
        || !admission.act().changesOwner()
        || !admission.pool().equals(entry.pool())
        || !entry.owner().equals(admission.target())
        || !entry.writer().equals(entry.owner().id())) {
      return Set.of();
    }
    return Set.copyOf(admission.units());
  }
}
