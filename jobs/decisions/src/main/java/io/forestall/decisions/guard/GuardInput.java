package io.forestall.decisions.guard;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.Tier;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the {@link PoolArbiter} of one pool takes. Not stored. */
public sealed interface GuardInput {

  /**
   * A guard begins to run, for the first time or after a restore: until it has read its own {@code
   * STARTED} admission and its own {@code SYNC} policy back, proposals wait. It is given whenever a
   * state is made in memory, empty or restored; the guard says {@code STARTED} once there is
   * something in the pool.
   *
   * @param incarnation unique to this start
   */
  record Started(String incarnation) implements GuardInput {}

  /** An incident opened, changed or ended. */
  record IncidentChanged(Incident incident) implements GuardInput {}

  /** Another decider proposes an act; what this arbiter itself proposed may come back. */
  record Proposed(Proposal proposal) implements GuardInput {}

  /**
   * A node of the pool is described.
   *
   * @param level level of the contract that it declares, 0 to 2; {@link #MAX_LEVEL} when whoever
   *     describes it knows no levels
   * @param traits what it is made of and how it does
   */
  record MemberChanged(FleetMember member, @Nullable Long freeBytes, int level, NodeTraits traits)
      implements GuardInput {

    /** Highest level of the contract of a node. */
    public static final int MAX_LEVEL = 2;

    /** A node that obeys whatever the contract has. */
    public MemberChanged(FleetMember member, @Nullable Long freeBytes) {
      this(member, freeBytes, MAX_LEVEL);
    }

    /** A node of which nothing more is known. */
    public MemberChanged(FleetMember member, @Nullable Long freeBytes, int level) {
      this(member, freeBytes, level, NodeTraits.UNKNOWN);
    }
  }

  /** A node is gone for good. */
  record MemberLeft(Subject member) implements GuardInput {}

  /**
   * The risk of a node changed, or was confirmed: a pool whose risks are not confirmed every few
   * minutes counts as not seen.
   *
   * @param timeMillis event time of the sample it stands on
   * @param stale true when silence made it
   */
  record RiskChanged(
      Subject entity,
      Tier tier,
      double score,
      double probability,
      long horizonMillis,
      double confidence,
      boolean stale,
      long timeMillis,
      @Nullable String model,
      @Nullable Integer modelVersion)
      implements GuardInput {}

  /** A failure zone is in force with these members; an empty list ends it. */
  record ZoneChanged(String zone, List<Subject> members) implements GuardInput {
    /** Copies the list. */
    public ZoneChanged {
      members = List.copyOf(members);
    }
  }

  /**
   * Where the copies of a unit are.
   *
   * @param copies nodes that hold a copy in sync, the owner too; an empty list ends the unit
   * @param bytes size of the unit
   * @param shadows nodes that hold a shadow of it or begin to, in sync or not; one that is on its
   *     way out is none
   * @param others nodes that hold a copy that does not count: one that is not in sync, that is on
   *     its way out, or that is an archive
   * @param otherRegion true when its volume asks for a copy in another region than its owner's
   */
  record UnitChanged(
      String unit,
      String volume,
      Subject owner,
      long epoch,
      List<Subject> copies,
      int minReplicas,
      long bytes,
      List<Subject> shadows,
      List<Subject> others,
      boolean otherRegion)
      implements GuardInput {
    /** Copies the lists. */
    public UnitChanged {
      copies = List.copyOf(copies);
      shadows = List.copyOf(shadows);
      others = List.copyOf(others);
    }

    /** A unit without shadows, all of whose copies are in sync. */
    public UnitChanged(
        String unit,
        String volume,
        Subject owner,
        long epoch,
        List<Subject> copies,
        int minReplicas,
        long bytes) {
      this(unit, volume, owner, epoch, copies, minReplicas, bytes, List.of(), List.of(), false);
    }

    /** Every node that holds something of it, whatever that is worth. */
    public Set<Subject> holders() {
      Set<Subject> holders = new LinkedHashSet<>();
      holders.add(owner);
      holders.addAll(copies);
      holders.addAll(shadows);
      holders.addAll(others);
      return holders;
    }

    /** The shadows that are in sync: who can take over without a copy. */
    public List<Subject> shadowsInSync() {
      return shadows.stream().filter(copies::contains).toList();
    }
  }

  /** A unit is gone for good, or went to another pool: what was known of its copies ends. */
  record UnitLeft(String unit) implements GuardInput {}

  /** A record of the admissions log was read, in the log's order, its signature checked. */
  record AdmissionRead(Admission admission) implements GuardInput {}

  /**
   * Those who carry an act out say how it ended.
   *
   * @param state a terminal state
   */
  record ActEnded(String admission, Admission.State state, String text) implements GuardInput {}

  /**
   * The policies in force changed; also the first input after a start. The set is not stored with
   * the state.
   */
  record PoliciesChanged(PolicySet policies) implements GuardInput {}

  /**
   * A model was published, or somebody changed what it may do.
   *
   * @param demoted why its predictions only advise, null while they count
   */
  record ModelPublished(String model, int version, long publishedMillis, @Nullable String demoted)
      implements GuardInput {
    /** One whose predictions count. */
    public ModelPublished(String model, int version, long publishedMillis) {
      this(model, version, publishedMillis, null);
    }
  }
}
