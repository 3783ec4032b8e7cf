package io.forestall.decisions.guard;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.FailureCorrelation;
import io.forestall.risk.Tier;
import org.jspecify.annotations.Nullable;

/**
 * One node of the pool: where it stands, its space and its newest risk. Immutable.
 *
 * @param member its description, null while only its risk is known
 * @param freeBytes free space, null when unknown; bytes
 * @param risk its newest risk, null when none was heard
 * @param riskySinceMillis since when its risk is high without a pause, 0 when it is not
 * @param level level of the contract that it declares, 0 to 2
 * @param traits what it is made of and how it does
 */
record Member(
    Subject subject,
    @Nullable FleetMember member,
    @Nullable Long freeBytes,
    GuardInput.@Nullable RiskChanged risk,
    long riskySinceMillis,
    int level,
    NodeTraits traits) {

  /** Rows of the first version had no level, those of the second no traits. */
  private static final int VERSION = 3;

  @Nullable Place place() {
    return member == null ? null : member.place();
  }

  String zone() {
    return member == null ? "" : member.place().zone();
  }

  String region() {
    return member == null ? "" : member.place().region();
  }

  String rack() {
    return member == null ? "" : member.place().rack();
  }

  /** What it may have in common with others. */
  FailureCorrelation.Peer peer() {
    return new FailureCorrelation.Peer(subject, traits, rack(), zone());
  }

  Tier tier() {
    return risk == null ? Tier.UNKNOWN : risk.tier();
  }

  double probability() {
    return risk == null ? 0 : risk.probability();
  }

  /** True when it counts as at risk for the storm. */
  boolean atRisk() {
    return tier() == Tier.WARNING || tier() == Tier.CRITICAL;
  }

  /** True when it is a node of which the place is known. */
  boolean isDescribedNode() {
    return member != null && subject.kind() == Subject.Kind.NODE;
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(VERSION).thing(subject);
    GuardRows.member(out, member);
    out.nullableLong(freeBytes);
    GuardRows.risk(out, risk);
    out.longs(riskySinceMillis).ints(level);
    GuardRows.traits(out, traits);
    return out.toBytes();
  }

  static Member of(RowReader in) {
    return new Member(
        in.subject(),
        GuardRows.member(in),
        in.nullableLong(),
        GuardRows.risk(in),
        in.longs(),
        in.version() < 2 ? GuardInput.MemberChanged.MAX_LEVEL : in.ints(),
        in.version() < 3 ? NodeTraits.UNKNOWN : GuardRows.traits(in));
  }
}
